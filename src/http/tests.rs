//! Bad days on the wire, played by a server that says exactly the wrong bytes.

use super::testing::{Say, Server, answer, json};
use super::*;
use crate::model::Secret;
use serde_json::json as value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn settings(base: &str) -> HttpSettings {
    let mut settings = HttpSettings::new(vec![url(base)]);
    settings.read_timeout = Duration::from_millis(300);
    settings.connect_timeout = Duration::from_secs(2);
    settings
}

fn client(base: &str) -> HttpClient {
    HttpClient::new(settings(base)).unwrap()
}

fn get(base: &str, path: &str) -> Request {
    Request::new(Method::GET, url(&format!("{base}{path}")), "things").bearer(Secret::new("canary-token".into()))
}

fn post(base: &str) -> Request {
    let mut request = get(base, "/things").body("application/json", b"{}".to_vec());
    request.method = Method::POST;
    request
}

fn limiter() -> Limiter {
    Limiter::new(LimiterSettings { backoff: Duration::from_millis(2), ..LimiterSettings::default() })
}

fn never() -> CancellationToken {
    CancellationToken::new()
}

#[tokio::test]
async fn an_ordinary_answer_is_read_and_counted() {
    let server = Server::start(|_, _| json(200, &value!({"a": 1}))).await;
    let http = client(&server.base);
    let response = http.send(&get(&server.base, "/x")).await.unwrap();
    assert_eq!((response.json().unwrap(), http.requests()), (value!({"a": 1}), 1));
    let seen = &server.seen()[0];
    assert_eq!(seen.header("authorization"), Some("Bearer canary-token"));
    assert!(seen.header("user-agent").unwrap().starts_with("heeler/"));
}

#[tokio::test]
async fn no_message_holds_the_token_or_the_query() {
    let server = Server::start(|n, _| match n {
        0 => answer(200, "text/html", "", "<html>"),
        1 => Say::Close,
        2 => Say::Silence,
        3 => answer(500, "text/plain", "", "x"),
        _ => answer(302, "text/plain", "location: https://evil.example/?q=secret-name\r\n", ""),
    })
    .await;
    let http = client(&server.base);
    for _ in 0..5 {
        let error = match http.send(&get(&server.base, "/x?filter=secret-name")).await {
            Ok(response) => response.json().unwrap_err(),
            Err(error) => error,
        };
        let text = format!("{error} {error:?}");
        assert!(!text.contains("canary") && !text.contains("secret-name"), "{text}");
        assert!(error.to_string().contains("/x"), "{error}");
    }
}

#[tokio::test]
async fn what_never_left_and_what_was_lost_are_told_apart() {
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let error = client(&free).send(&post(&free)).await.unwrap_err();
    assert!(matches!(error, HttpError::Unsent { why: Unreached::Refused, .. }), "{error:?}");
    assert!(error.unsent());
    for (say, loss) in [
        ((|| Say::Close) as fn() -> Say, Loss::Reset),
        (|| Say::Silence, Loss::Timeout),
        (|| Say::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_vec()), Loss::Truncated),
        (
            || Say::Bytes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n".to_vec()),
            Loss::Truncated,
        ),
    ] {
        let server = Server::start(move |_, _| say()).await;
        let error = client(&server.base).send(&post(&server.base)).await.unwrap_err();
        assert_eq!(error, HttpError::Lost { place: post(&server.base).place(), why: loss });
        assert!(!error.unsent());
    }
}

#[tokio::test]
async fn a_name_without_address_is_a_dns_error() {
    let base = "https://nobody.invalid";
    let mut settings = settings(base);
    settings.connect_timeout = Duration::from_secs(10);
    let error = HttpClient::new(settings).unwrap().send(&get(base, "/")).await.unwrap_err();
    let proxied =
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().any(|n| std::env::var_os(n).is_some());
    assert!(proxied || matches!(error, HttpError::Unsent { why: Unreached::Dns, .. }), "{error:?}");
}

#[tokio::test]
async fn a_gigabyte_is_refused_early() {
    let server = Server::start(|_, _| {
        Say::Endless(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n".to_vec(), vec![b' '; 64 * 1024])
    })
    .await;
    let mut settings = settings(&server.base);
    settings.max_body_bytes = 1024 * 1024;
    let error = HttpClient::new(settings).unwrap().send(&get(&server.base, "/x")).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 1_048_576, .. }), "{error:?}");
    assert!(server.poured.load(Ordering::SeqCst) < 512, "more than 32 MiB were taken in");
}

#[tokio::test]
async fn the_limit_counts_after_decompression() {
    // 16 MiB of spaces, compressed.
    let bomb = {
        use std::io::Write as _;
        let mut child = std::process::Command::new("gzip")
            .arg("-c")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || input.write_all(&vec![b' '; 16 * 1024 * 1024]));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        output.stdout
    };
    assert!(bomb.len() < 256 * 1024);
    let server = Server::start(move |_, _| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
        Say::Bytes([head.as_bytes(), &bomb].concat())
    })
    .await;
    let mut settings = settings(&server.base);
    settings.max_body_bytes = 1024 * 1024;
    let error = HttpClient::new(settings).unwrap().send(&get(&server.base, "/x")).await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { .. }), "{error:?}");
    assert!(server.seen()[0].header("accept-encoding").unwrap().contains("gzip"));
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let other = Server::start(|_, _| json(200, &value!({}))).await;
    let target = other.base.clone();
    let server = Server::start(move |_, seen| match seen.target.as_str() {
        "/away" => answer(307, "text/plain", &format!("location: {target}/x\r\n"), ""),
        "/here" => answer(302, "text/plain", "location: /there?a=b\r\n", ""),
        "/round" => answer(302, "text/plain", "location: /round\r\n", ""),
        _ => json(200, &value!({"ok": true})),
    })
    .await;
    let http = client(&server.base);
    let error = http.send(&get(&server.base, "/away")).await.unwrap_err();
    assert!(matches!(&error, HttpError::Moved { to, .. } if *to == format!("{}/x", other.base)), "{error:?}");
    let error = http.send(&get(&other.base, "/next?link")).await.unwrap_err();
    assert!(matches!(error, HttpError::OtherOrigin { .. }), "{error:?}");
    assert!(other.seen().is_empty(), "nothing may arrive at another origin");
    assert!(http.send(&get(&server.base, "/here")).await.is_ok());
    assert_eq!(server.seen().last().unwrap().target, "/there?a=b");
    let before = http.requests();
    assert!(matches!(http.send(&get(&server.base, "/round")).await, Err(HttpError::Moved { .. })));
    assert_eq!(http.requests() - before, 4);
    let mut write = post(&server.base);
    write.url = url(&format!("{}/here", server.base));
    assert!(matches!(http.send(&write).await, Err(HttpError::Moved { .. })), "a write is never redirected");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    assert!(matches!(
        HttpClient::new(HttpSettings::new(vec![url("http://a.example")])),
        Err(HttpError::Insecure { .. })
    ));
    for base in ["http://127.8.9.1:1", "http://[::1]:1", "http://localhost:1", "https://a.example"] {
        assert!(HttpClient::new(HttpSettings::new(vec![url(base)])).is_ok(), "{base}");
    }
}

#[test]
fn a_ca_file_that_is_none_is_said_so() {
    let mut settings = HttpSettings::new(vec![url("https://a.example")]);
    settings.ca_file = Some("/nonexistent/ca.pem".into());
    assert!(HttpClient::new(settings.clone()).unwrap_err().to_string().contains("cannot be read"));
    let file = tempfile::NamedTempFile::new().unwrap();
    settings.ca_file = Some(file.path().into());
    assert!(HttpClient::new(settings).unwrap_err().to_string().contains("no certificate"));
}

#[tokio::test]
async fn certificates_are_checked_and_a_ca_file_is_believed() {
    let issuer_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_cert = authority.self_signed(&issuer_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, issuer_key);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority_cert.pem()).unwrap();

    for (names, expired, trusted, expected) in [
        ("localhost", false, true, None),
        ("localhost", false, false, Some(Unreached::Untrusted)),
        ("localhost", true, true, Some(Unreached::Expired)),
        ("elsewhere.example", false, true, Some(Unreached::WrongHost)),
    ] {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![names.into()]).unwrap();
        if expired {
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        }
        let cert = params.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(mut tls) = acceptor.accept(stream).await {
                    let mut buffer = [0; 4096];
                    let _ = tls.read(&mut buffer).await;
                    let _ = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
                    let _ = tls.shutdown().await;
                }
            }
        });
        let mut settings = settings(&base);
        settings.ca_file = trusted.then(|| file.path().into());
        let result = HttpClient::new(settings).unwrap().send(&get(&base, "/x")).await;
        match (expected, result) {
            (None, result) => assert_eq!(result.unwrap().status, 200),
            (Some(expected), Err(HttpError::Unsent { why, .. })) => assert_eq!(why, expected),
            (Some(expected), other) => panic!("{expected:?} was expected, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn reads_are_repeated_and_writes_are_not() {
    let flaky = |n: usize| if n < 2 { Say::Close } else { json(200, &value!({})) };
    let server = Server::start(move |n, _| flaky(n)).await;
    assert!(limiter().send(&client(&server.base), &get(&server.base, "/x"), &never()).await.is_ok());
    assert_eq!(server.seen().len(), 3);

    for say in [(|| Say::Close) as fn() -> Say, || Say::Silence, || answer(502, "", "", ""), || answer(503, "", "", "")]
    {
        let server = Server::start(move |_, _| say()).await;
        assert!(limiter().send(&client(&server.base), &post(&server.base), &never()).await.is_err());
        assert_eq!(server.seen().len(), 1, "a write whose fate is unknown was sent again");
    }

    let server = Server::start(|_, _| answer(500, "", "", "")).await;
    assert!(limiter().send(&client(&server.base), &get(&server.base, "/x"), &never()).await.is_err());
    assert_eq!(server.seen().len(), 1, "a 500 is the server's answer");
}

#[tokio::test]
async fn writes_that_were_refused_for_lack_of_room_are_sent_again() {
    for refusal in [(|| answer(429, "", "", "")) as fn() -> Say, || answer(503, "", "retry-after: 0\r\n", "")] {
        let server = Server::start(move |n, _| if n < 4 { refusal() } else { json(201, &value!({})) }).await;
        let response = limiter().send(&client(&server.base), &post(&server.base), &never()).await.unwrap();
        assert_eq!((response.status, server.seen().len()), (201, 5));
    }
}

#[tokio::test]
async fn a_429_pauses_its_bucket_and_no_other() {
    let server = Server::start(|_, seen| match seen.method.as_str() {
        "POST" => answer(429, "", "retry-after: 600\r\n", ""),
        _ => json(200, &value!({})),
    })
    .await;
    let (http, limiter) = (client(&server.base), limiter());
    let error = limiter.send(&http, &post(&server.base), &never()).await.unwrap_err();
    assert_eq!(error.status(), Some(429), "longer than we wait");
    let error = limiter.send(&http, &post(&server.base), &never()).await.unwrap_err();
    assert!(matches!(&error, HttpError::Paused { wait, .. } if wait.as_secs() > 500), "{error:?}");
    assert_eq!(server.seen().len(), 1, "nothing may be sent into a pause");
    assert!(limiter.send(&http, &get(&server.base, "/x"), &never()).await.is_ok());
    let mut other = post(&server.base);
    other.class = "others";
    assert_eq!(limiter.send(&http, &other, &never()).await.unwrap_err().status(), Some(429));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_named_pause_is_kept() {
    let server =
        Server::start(
            |n, _| if n == 0 { answer(429, "", "x-retry-after: 0.4\r\n", "") } else { json(200, &value!({})) },
        )
        .await;
    let start = Instant::now();
    limiter().send(&client(&server.base), &get(&server.base, "/x"), &never()).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn concurrency_is_bounded() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let app = {
        let (now, most) = (now.clone(), most.clone());
        axum::Router::new().fallback(move || async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(3)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            "{}"
        })
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let http = client(&base);
    let limiter = Limiter::new(LimiterSettings { concurrency: 2, max_concurrency: 3, ..LimiterSettings::default() });
    let all: Vec<_> = (0..40)
        .map(|_| {
            let (http, limiter, request) = (http.clone(), limiter.clone(), get(&base, "/x"));
            tokio::spawn(async move { limiter.send(&http, &request, &never()).await.unwrap() })
        })
        .collect();
    for task in all {
        task.await.unwrap();
    }
    assert_eq!((most.load(Ordering::SeqCst), http.requests()), (3, 40));
}

#[tokio::test]
async fn a_stop_ends_waiting_at_once_and_writes_after_a_grace() {
    let server = Server::start(|_, _| Say::Silence).await;
    let mut slow = settings(&server.base);
    slow.read_timeout = Duration::from_secs(60);
    let http = HttpClient::new(slow).unwrap();
    for (request, lost) in [(get(&server.base, "/x"), false), (post(&server.base), true)] {
        let before = server.seen().len();
        let cancel = never();
        let settings = LimiterSettings { grace: Duration::from_millis(50), ..LimiterSettings::default() };
        let task = {
            let (http, cancel) = (http.clone(), cancel.clone());
            tokio::spawn(async move { Limiter::new(settings).send(&http, &request, &cancel).await })
        };
        while server.seen().len() == before {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
        let error = tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap().unwrap_err();
        assert_eq!(matches!(error, HttpError::Lost { why: Loss::Stopped, .. }), lost, "{error:?}");
        assert_eq!(matches!(error, HttpError::Cancelled { .. }), !lost, "{error:?}");
    }
    let cancel = never();
    cancel.cancel();
    let before = http.requests();
    assert!(matches!(limiter().send(&http, &post(&server.base), &cancel).await, Err(HttpError::Cancelled { .. })));
    assert_eq!(http.requests(), before, "nothing leaves after a stop");
}
