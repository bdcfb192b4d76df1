//! A blocking HTTP client for tests: no retries, no cleverness, everything visible.

use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// One answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub request: String,
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// The answer itself if its status is 2xx, otherwise a panic that shows it.
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} answered {}: {}", self.request, self.status, self.body);
        self
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|e| panic!("{} answered {} without JSON ({e}): {}", self.request, self.status, self.body))
    }
}

/// The runtime that all tests of one binary share.
pub fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
    })
}

/// The client that all tests of one binary share.
pub fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("an HTTP client")
    })
}

/// Sends one request with an optional bearer token and JSON body.
pub fn send(method: &str, url: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let mut request = client().request(method.parse().expect("a method"), url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        let kind = if url.contains("/v1.0") { "application/json" } else { "application/scim+json" };
        request = request.header("content-type", kind).body(body.to_string());
    }
    finish(format!("{method} {url}"), request)
}

/// As [`send`] with GET, but waits when the server has had enough for now: real servers limit testers as well.
pub fn get_patiently(url: &str, token: &str) -> Answer {
    for _ in 0..60 {
        let answer = send("GET", url, Some(token), None);
        if answer.status != 429 {
            return answer;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("{url} answered 429 for a minute")
}

/// Posts a form.
pub fn form(url: &str, fields: &[(&str, &str)]) -> Answer {
    finish(format!("POST {url}"), client().post(url).form(fields))
}

fn finish(name: String, request: reqwest::RequestBuilder) -> Answer {
    runtime().block_on(async move {
        let answer = request.send().await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        Answer { request: name, status, body }
    })
}
