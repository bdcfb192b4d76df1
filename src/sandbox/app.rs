//! Placeholder for the SCIM app, replaced by the real room when the branches meet: it only checks the bearer token,
//! announces itself and answers 501 to the rest.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// Faults inside the app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppFaults {
    /// Reads answer with the state of so many milliseconds ago.
    pub stale_reads_ms: u64,
    /// How many active users the app takes.
    pub licence_limit: Option<usize>,
    /// User names that always fail.
    pub poisoned: Vec<String>,
    /// Mail domains that are refused.
    pub rejected_domains: Vec<String>,
}

/// The app.
pub struct App {
    token: String,
    faults: Mutex<AppFaults>,
}

/// Why a snapshot was refused.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot is not an object")]
pub struct RestoreError;

impl App {
    /// An empty app that takes this bearer token.
    pub fn new(token: String) -> Arc<Self> {
        Arc::new(Self { token, faults: Mutex::new(AppFaults::default()) })
    }

    /// Its routes.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(Arc::clone(self))
    }

    /// The URL under which it is reached.
    pub fn set_base(&self, _base: String) {}

    /// Its state.
    pub fn snapshot(&self) -> Value {
        json!({})
    }

    /// Puts a state back.
    #[allow(clippy::needless_pass_by_value)] // the real app keeps it
    pub fn restore(&self, value: Value) -> Result<(), RestoreError> {
        value.as_object().map(|_| ()).ok_or(RestoreError)
    }

    /// Empties it.
    pub fn reset(&self) {}

    /// Changes with every write.
    pub fn generation(&self) -> u64 {
        0
    }

    /// Sets the faults.
    pub fn set_faults(&self, faults: AppFaults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let sent = request.headers().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if sent.strip_prefix("Bearer ") != Some(app.token.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    StatusCode::NOT_IMPLEMENTED.into_response()
}
