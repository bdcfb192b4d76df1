//! A proxy in front of an app that counts requests by method and path pattern, and can count what a caller likes.

use super::http::{client, runtime};
use super::requests::{Requests, Row};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A counting proxy; it stops with the test process.
pub struct Proxy {
    /// The base URL to give to Heeler.
    pub base: String,
    door: Arc<Door>,
}

/// What the requests of one proxy share.
struct Door {
    target: String,
    own: String,
    intercept: Intercept,
    log: Mutex<Vec<Seen>>,
    hold: AtomicU64,
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
        let target = target.trim_end_matches('/').to_owned();
        let door = runtime().block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let own = format!("http://{}", listener.local_addr().expect("an address"));
            let door = Arc::new(Door { target, own, intercept, log: Mutex::new(Vec::new()), hold: AtomicU64::new(0) });
            let served = Arc::clone(&door);
            let service = axum::Router::new().fallback(move |request: Request| {
                let door = Arc::clone(&served);
                async move { door.pass(request).await }
            });
            tokio::spawn(async move { axum::serve(listener, service).await });
            door
        });
        Self { base: door.own.clone(), door }
    }

    /// From now on answers wait this long, after the app has acted.
    pub fn hold_answers(&self, time: Duration) {
        self.door.hold.store(u64::try_from(time.as_millis()).expect("a short time"), Ordering::Relaxed);
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
        self.door.log.lock().expect("the log").clone()
    }
}

impl Door {
    async fn pass(self: Arc<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, usize::MAX).await else { return failed("the request broke off") };
        // A task of its own: what was asked for completely reaches the app, whatever becomes of the asker.
        let answer = tokio::spawn(async move { self.forward(parts, body).await }).await;
        match answer {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => failed(&error),
            Err(error) => failed(&error.to_string()),
        }
    }

    async fn forward(&self, parts: axum::http::request::Parts, body: axum::body::Bytes) -> Result<Response, String> {
        let path = parts.uri.path_and_query().map_or("", |p| p.as_str());
        self.log.lock().expect("the log").push(Seen {
            method: parts.method.to_string(),
            path: pattern(parts.uri.path()),
            body: String::from_utf8_lossy(&body).into_owned(),
        });
        if let Some((status, kind, body)) = (self.intercept)(parts.method.as_str(), path, &self.own) {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).map_err(|e| e.to_string())?;
            response.headers_mut().insert("content-type", kind.parse().map_err(|_| kind.to_owned())?);
            return Ok(response);
        }
        let url = format!("{}{path}", self.target);
        let sent = client().request(parts.method, url).headers(end_to_end(&parts.headers)).body(body);
        let answer = sent.send().await.map_err(|e| format!("{e:?}"))?;
        let (status, headers) = (answer.status(), end_to_end(answer.headers()));
        let body = answer.bytes().await.map_err(|e| e.to_string())?;
        let body = match std::str::from_utf8(&body) {
            Ok(text) if text.contains(&self.target) => text.replace(&self.target, &self.own).into(),
            _ => body,
        };
        tokio::time::sleep(Duration::from_millis(self.hold.load(Ordering::Relaxed))).await;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

fn failed(error: &str) -> Response {
    let mut response = Response::new(Body::from(error.to_owned()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
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
