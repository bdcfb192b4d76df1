//! A server for tests: says exactly the bytes it is told, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One request as it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        self.target.contains(what)
    }
}

/// What the server does with a request.
pub(crate) enum Say {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// This head, then these bytes again and again until the client goes away; how often is counted.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing at all; the connection stays open.
    Silence,
    /// Close the connection without a word.
    Close,
}

/// A complete answer.
pub(crate) fn answer(status: u16, content_type: &str, extra: &str, body: &str) -> Say {
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n",
        body.len()
    );
    Say::Bytes([head.as_bytes(), body.as_bytes()].concat())
}

/// A complete JSON answer.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Say {
    answer(status, "application/scim+json", "", &body.to_string())
}

/// A listening server.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Repetitions of [`Say::Endless`] that were written.
    pub(crate) poured: Arc<std::sync::atomic::AtomicU64>,
}

impl Server {
    /// Starts a server that asks `script` what to say; it gets the number of the request, from 0.
    pub(crate) async fn start(script: impl Fn(usize, &Seen) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            poured: Arc::default(),
        };
        let (shared, script) = (server.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().talk(stream, script.clone()));
            }
        });
        server
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn talk(self, mut stream: TcpStream, script: Arc<impl Fn(usize, &Seen) -> Say>) {
        let Some(request) = read(&mut stream).await else { return };
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        match script(number, &request) {
            Say::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Say::Endless(head, chunk) => {
                let _ = stream.write_all(&head).await;
                while stream.write_all(&chunk).await.is_ok() {
                    self.poured.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            }
            Say::Silence => {
                let mut rest = [0; 64];
                while stream.read(&mut rest).await.is_ok_and(|n| n > 0) {}
            }
            Say::Close => {}
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        let count = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let mut seen = Seen { method: first.next()?.into(), target: first.next()?.into(), ..Seen::default() };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        seen.headers.push((name.to_ascii_lowercase(), value.trim().into()));
    }
    let length: usize = seen.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        let count = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        body.extend_from_slice(&buffer[..count]);
    }
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}
