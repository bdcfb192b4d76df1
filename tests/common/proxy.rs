//! A proxy in front of an app that counts requests by method and path pattern, and can count what a caller likes.

use super::http::{client, runtime};
use super::requests::{Requests, Row};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::{Arc, Mutex};

/// A counting proxy; it stops with the test process.
pub struct Proxy {
    /// The base URL to give to Heeler.
    pub base: String,
    log: Arc<Mutex<Vec<Seen>>>,
}

/// One request that went through.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path with ids replaced by `{id}`.
    pub path: String,
    pub body: String,
}

/// Answers some requests itself: status, content type, body. It gets the method, the path with its query and the
/// proxy's own base.
pub type Intercept = Box<dyn Fn(&str, &str, &str) -> Option<(u16, &'static str, String)> + Send + Sync>;

impl Proxy {
    /// Starts a proxy on a free loopback port in front of `target`.
    pub fn start(target: &str) -> Self {
        Self::intercepting(target, Box::new(|_, _, _| None))
    }

    /// As [`Proxy::start`], but some requests are answered by the test. Links in answers that lead to the target lead
    /// to the proxy afterwards.
    pub fn intercepting(target: &str, intercept: Intercept) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let target = target.trim_end_matches('/').to_owned();
        let seen = Arc::clone(&log);
        let intercept = Arc::new(intercept);
        let base = runtime().block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let base = format!("http://{}", listener.local_addr().expect("an address"));
            let own = base.clone();
            let service = axum::Router::new().fallback(move |request: Request| {
                let (target, own) = (target.clone(), own.clone());
                let (seen, intercept) = (Arc::clone(&seen), Arc::clone(&intercept));
                async move { forward(&target, &own, &intercept, &seen, request).await }
            });
            tokio::spawn(async move { axum::serve(listener, service).await });
            base
        });
        Self { base, log }
    }

    /// Requests so far, under the service name `scim`.
    pub fn requests(&self) -> Requests {
        let mut rows: Vec<Row> = Vec::new();
        for Seen { method, path, .. } in self.seen() {
            match rows.iter_mut().find(|r| r.method == method && r.path == path) {
                Some(row) => row.count += 1,
                None => rows.push(Row { service: "scim".into(), method, path, count: 1 }),
            }
        }
        Requests(rows)
    }

    /// Everything that went through so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.log.lock().expect("the log").clone()
    }
}

async fn forward(target: &str, own: &str, intercept: &Intercept, log: &Mutex<Vec<Seen>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let answer = async {
        let body = to_bytes(body, usize::MAX).await.map_err(|e| e.to_string())?;
        log.lock().expect("the log").push(Seen {
            method: parts.method.to_string(),
            path: pattern(parts.uri.path()),
            body: String::from_utf8_lossy(&body).into_owned(),
        });
        if let Some((status, kind, body)) = intercept(parts.method.as_str(), path, own) {
            let mut headers = HeaderMap::new();
            headers.insert("content-type", kind.parse().map_err(|_| kind.to_owned())?);
            return Ok((StatusCode::from_u16(status).map_err(|e| e.to_string())?, headers, body.into()));
        }
        let url = format!("{target}{path}");
        let sent = client().request(parts.method.clone(), url).headers(end_to_end(&parts.headers)).body(body);
        let answer = sent.send().await.map_err(|e| format!("{e:?}"))?;
        let (status, headers) = (answer.status(), end_to_end(answer.headers()));
        let body = answer.bytes().await.map_err(|e| e.to_string())?;
        let body = match std::str::from_utf8(&body) {
            Ok(text) if text.contains(target) => text.replace(target, own).into(),
            _ => body,
        };
        Ok::<_, String>((status, headers, body))
    };
    match answer.await {
        Ok((status, headers, body)) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => {
            let mut response = Response::new(Body::from(error));
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}

/// Headers that belong to the message and not to one connection. Lengths are computed anew, and since the client
/// that forwards unpacks answers, their encoding is gone.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in [
        "host",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "content-length",
        "content-encoding",
        "accept-encoding",
        "te",
        "upgrade",
    ] {
        kept.remove(name);
    }
    kept
}

/// `/Users/4711` becomes `/Users/{id}`.
fn pattern(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    if let Some(at) = parts.iter().position(|p| *p == "Users" || *p == "Groups")
        && let Some(id) = parts.get_mut(at + 1).filter(|p| !p.is_empty() && **p != ".search")
    {
        *id = "{id}";
    }
    parts.join("/")
}
