//! Servers that break the rules of HTTP or of good manners, on a raw socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A server whose every answer is written by the test.
pub struct Fake {
    /// `http://127.0.0.1:PORT`
    pub base: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Calls `answer` with the connection and the head of each request; the connection closes afterwards.
    pub fn start(answer: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&heads), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(head) = read_head(&stream) else { return };
                    seen.lock().expect("the heads").push(head.clone());
                    answer(&mut stream, &head);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    // Let the other side read to its end before the socket is gone.
                    let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
                    let _ = stream.read(&mut [0; 1]);
                });
            }
        });
        Self { base, heads }
    }

    /// A complete and honest answer.
    pub fn answering(status: u16, kind: &'static str, body: &'static str) -> Self {
        Self::start(move |stream, _| {
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        })
    }

    /// Heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("the heads").clone()
    }
}

/// The request line and headers; a body is read and dropped.
fn read_head(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let from = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[from..].trim().is_empty() {
            break;
        }
    }
    let length =
        head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length:")?.trim().parse::<u64>().ok());
    std::io::copy(&mut reader.take(length.unwrap_or(0)), &mut std::io::sink()).ok()?;
    Some(head)
}
