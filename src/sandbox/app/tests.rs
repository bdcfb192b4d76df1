use super::*;
use axum::http::{HeaderMap, Request};
use axum::response::IntoResponse;
use serde_json::json;
use std::time::{Duration, Instant};

mod faults;
mod protocol;
mod scale;
mod wire;

const TOKEN: &str = "test-token";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BASE: &str = "https://flock.test/scim/v2";

/// An app with a fixed base URL, asked without a network in between.
struct Flock(Arc<App>);

struct Reply {
    status: u16,
    body: Value,
    headers: HeaderMap,
}

impl Reply {
    fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {} {}", self.status, self.body)).to_owned()
    }

    fn scim_type(&self) -> &str {
        self.body["scimType"].as_str().unwrap_or_default()
    }
}

impl Flock {
    fn new() -> Self {
        let app = App::new(TOKEN.into());
        app.set_base(format!("{BASE}/"));
        Self(app)
    }

    fn ask_with(&self, headers: &[(&str, &str)], method: &str, path: &str, body: Value) -> Reply {
        // Spaces and quotes are escaped here, so that the tests can be read.
        let uri = path.replace(' ', "%20").replace('"', "%22").replace('[', "%5B").replace(']', "%5D");
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self
            .0
            .answer(&parts, BASE, body.as_bytes())
            .unwrap_or_else(|error| serve::refusal(error, parts.uri.path()));
        let (status, body) = (answer.status, answer.body.clone().unwrap_or_default());
        Reply { status, body, headers: answer.into_response().headers().clone() }
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> Reply {
        self.ask_with(&[], method, path, body)
    }

    fn get(&self, path: &str) -> Value {
        let reply = self.ask("GET", path, Value::Null);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.body
    }

    fn user(&self, body: Value) -> Reply {
        self.ask("POST", "/Users", with_schemas(body, USER))
    }

    fn group(&self, body: Value) -> Reply {
        self.ask("POST", "/Groups", with_schemas(body, GROUP))
    }

    fn patch(&self, path: &str, operations: Value) -> Reply {
        self.ask("PATCH", path, json!({"schemas": [PATCH], "Operations": operations}))
    }

    /// User names that a filter finds.
    fn found(&self, filter: &str) -> Vec<String> {
        let list = self.get(&format!("/Users?filter={}", filter.replace('+', "%2B")));
        assert_eq!(list["totalResults"], list["Resources"].as_array().unwrap().len());
        list["Resources"].as_array().unwrap().iter().map(|r| r["userName"].as_str().unwrap().to_owned()).collect()
    }
}

fn with_schemas(mut body: Value, urn: &str) -> Value {
    if body.get("schemas").is_none() {
        body["schemas"] = json!([urn]);
    }
    body
}

/// Serves the app for testers from outside, such as a conformance suite:
/// `HEELER_APP_PORT=18300 cargo test --lib serve_for_outside -- --ignored`; the token is `test-token`.
#[tokio::test]
#[ignore = "serves until stopped, at most ten minutes"]
async fn serve_for_outside() {
    let port: u16 = std::env::var("HEELER_APP_PORT").ok().and_then(|p| p.parse().ok()).unwrap_or(18300);
    let app = App::new(TOKEN.into());
    let router = Router::new().nest("/scim/v2", app.router());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let serving = async { axum::serve(listener, router).await };
    let _ = tokio::time::timeout(Duration::from_secs(600), serving).await;
}
