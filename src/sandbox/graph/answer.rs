//! What Graph sends back: bodies, headers and errors in its shapes.

use crate::sandbox::directory::{DirectoryError, now};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

/// The content type of Graph's JSON.
const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// An answer before it is put on the wire.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Content,
}

/// A body.
#[derive(Debug)]
pub enum Content {
    /// Nothing, as with 204.
    Nothing,
    /// JSON.
    Json(Value),
    /// Plain text, as `$count` answers.
    Text(String),
}

/// An error of Graph.
#[derive(Debug)]
pub struct GraphError {
    /// The HTTP status.
    pub status: StatusCode,
    /// `error.code`.
    pub code: &'static str,
    /// `error.message`.
    pub message: String,
    /// `error.details`, where there are any.
    pub details: Option<Box<Value>>,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
}

impl GraphError {
    /// An error with a status, a code and a message.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: None, headers: Vec::new() }
    }

    /// 400 `Request_BadRequest`.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// 400 `Request_UnsupportedQuery`.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
    }

    /// 400 for an operator that needs the advanced query parameters.
    pub fn needs_advanced(operator: &str) -> Self {
        Self::unsupported(format!(
            "Operator '{operator}' is not supported because the required parameters might be missing. Try adding \
             $count=true query parameter and ConsistencyLevel:eventual header. Refer to \
             https://aka.ms/graph-docs/advanced-queries for more information"
        ))
    }

    /// 404 for an object that is not there.
    pub fn not_found(what: &str) -> Self {
        Self::from(DirectoryError::NotFound(what.to_owned()))
    }

    /// 400 for a path that names nothing.
    pub fn no_segment(segment: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", format!("Resource not found for the segment '{segment}'."))
    }

    /// 405.
    pub fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Request_BadRequest",
            "Specified HTTP method is not allowed for the request target.",
        )
    }

    /// The same error with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl From<DirectoryError> for GraphError {
    fn from(error: DirectoryError) -> Self {
        let message = error.to_string();
        match error {
            DirectoryError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message),
            DirectoryError::Taken(property) => {
                let mut answer = Self::bad(message);
                answer.details = Some(Box::new(json!([{
                    "code": "ObjectConflict", "target": property,
                    "message": "Another object with the same value for the property exists.",
                }])));
                answer
            }
            DirectoryError::Missing(..)
            | DirectoryError::Invalid(..)
            | DirectoryError::ReferenceExists(_)
            | DirectoryError::AlreadyAssigned
            | DirectoryError::NoSuchRole(_)
            | DirectoryError::BadReference => Self::bad(message),
        }
    }
}

impl Answer {
    /// 200 with JSON.
    pub fn json(body: Value) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Content::Json(body) }
    }

    /// 201 with JSON and where the new object is.
    pub fn created(body: Value, location: String) -> Self {
        Self { status: StatusCode::CREATED, headers: vec![("location", location)], body: Content::Json(body) }
    }

    /// 204.
    pub fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Content::Nothing }
    }

    /// 200 with plain text.
    pub fn text(text: String) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Content::Text(text) }
    }

    /// The answer on the wire, with the ids that every answer of Graph carries.
    pub fn into_response(self, request: &HeaderMap) -> Response<Body> {
        let request_id = Uuid::new_v4().to_string();
        let sent = request.get("client-request-id").and_then(|v| v.to_str().ok());
        let client_id = sent.unwrap_or(&request_id).to_owned();
        let (kind, body) = match self.body {
            Content::Nothing => (None, Body::empty()),
            Content::Json(mut value) => {
                if let Some(error) = value.get_mut("error").and_then(Value::as_object_mut) {
                    let date = now().trim_end_matches('Z').to_owned();
                    let inner = json!({ "date": date, "request-id": request_id, "client-request-id": client_id });
                    error.insert("innerError".into(), inner);
                }
                (Some(JSON), Body::from(value.to_string()))
            }
            Content::Text(text) => (Some("text/plain"), Body::from(text)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        let diagnostic =
            r#"{"ServerInfo":{"DataCenter":"Sandbox","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"SB0"}}"#;
        let own =
            [("request-id", request_id), ("client-request-id", client_id), ("x-ms-ags-diagnostic", diagnostic.into())];
        for (name, value) in own.into_iter().chain(self.headers) {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

impl From<GraphError> for Answer {
    fn from(error: GraphError) -> Self {
        let mut body = json!({ "code": error.code, "message": error.message });
        if let (Some(details), Some(map)) = (error.details, body.as_object_mut()) {
            map.insert("details".into(), *details);
        }
        Self { status: error.status, headers: error.headers, body: Content::Json(json!({ "error": body })) }
    }
}
