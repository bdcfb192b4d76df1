//! What a rule does to a request and its answer.

use super::{BodyStyle, RetryStyle, Rule, Service};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

const LOGIN: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1>\
    <form method=\"post\"><input name=\"user\"></form></body></html>\n";

/// The piece in which a huge body is sent.
const PIECE: usize = 64 * 1024;

fn response(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The answer of a rule that does not let the request through; `None`: it goes on.
pub(in crate::sandbox) fn before(rule: &Rule, service: Service, request: &HeaderMap) -> Option<Response<Body>> {
    if let Some(status) = rule.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        let mut answer = failure(rule, status, service, request);
        decorate(rule, answer.headers_mut());
        return Some(answer);
    }
    if rule.html {
        return Some(response(StatusCode::OK, "text/html; charset=utf-8", Body::from(LOGIN)));
    }
    if let Some(target) = &rule.redirect {
        let mut answer = response(StatusCode::TEMPORARY_REDIRECT, "text/plain", Body::empty());
        if let Ok(value) = HeaderValue::from_str(target) {
            answer.headers_mut().insert(header::LOCATION, value);
        }
        return Some(answer);
    }
    if let Some(bytes) = rule.huge {
        return Some(response(StatusCode::OK, "application/json", huge(bytes)));
    }
    if let Some(depth) = rule.nested {
        let text = format!("{{\"value\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        return Some(response(StatusCode::OK, "application/json", Body::from(text)));
    }
    None
}

fn failure(rule: &Rule, status: StatusCode, service: Service, request: &HeaderMap) -> Response<Body> {
    match (rule.body, service) {
        (BodyStyle::Html, _) => {
            let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
            response(status, "text/html; charset=utf-8", Body::from(page))
        }
        (BodyStyle::Text, _) => response(status, "text/plain; charset=utf-8", Body::from(format!("{status}\n"))),
        (BodyStyle::Empty, _) => {
            let mut answer = Response::new(Body::empty());
            *answer.status_mut() = status;
            answer
        }
        (BodyStyle::Auto, Service::Graph) => {
            let code = match status.as_u16() {
                429 => "TooManyRequests",
                401 => "InvalidAuthenticationToken",
                403 => "Authorization_RequestDenied",
                404 => "Request_ResourceNotFound",
                503 => "serviceNotAvailable",
                504 => "gatewayTimeout",
                400..=499 => "Request_BadRequest",
                _ => "UnknownError",
            };
            let error = crate::sandbox::graph::answer::GraphError::new(status, code, "A fault of the sandbox.");
            crate::sandbox::graph::answer::Answer::from(error).into_response(request)
        }
        (BodyStyle::Auto, Service::Token) => {
            let body = json!({
                "error": "temporarily_unavailable", "error_codes": [90006],
                "error_description": "AADSTS90006: External server is retryable. A fault of the sandbox.",
            });
            response(status, "application/json; charset=utf-8", Body::from(body.to_string()))
        }
        (BodyStyle::Auto, Service::Scim) => {
            let body = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
                "status": status.as_u16().to_string(), "detail": "A fault of the sandbox.",
            });
            response(status, "application/scim+json", Body::from(body.to_string()))
        }
    }
}

fn decorate(rule: &Rule, headers: &mut HeaderMap) {
    if let Some(seconds) = rule.retry_after {
        let (name, value) = match rule.retry_after_style {
            RetryStyle::Seconds => (header::RETRY_AFTER, seconds.to_string()),
            RetryStyle::XHeader => (HeaderName::from_static("x-retry-after"), seconds.to_string()),
            RetryStyle::Date => {
                let then = Timestamp::now().checked_add(SignedDuration::from_secs(seconds));
                let text = then.map(|t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
                (header::RETRY_AFTER, text.unwrap_or_else(|_| seconds.to_string()))
            }
        };
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    for (name, value) in &rule.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
}

/// A JSON text of so many bytes, made while it is sent.
fn huge(bytes: u64) -> Body {
    let (head, tail) = ("{\"value\":[\"", "\"]}");
    let filling = bytes.saturating_sub((head.len() + tail.len()) as u64);
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let start = stream::iter([Ok::<_, io::Error>(Bytes::from_static(head.as_bytes()))]);
    let middle = stream::unfold(filling, move |left| {
        let piece = piece.clone();
        async move {
            let size = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
            (size > 0).then(|| (Ok(piece.slice(..size)), left - size as u64))
        }
    });
    let end = stream::iter([Ok(Bytes::from_static(tail.as_bytes()))]);
    use futures_util::StreamExt as _;
    Body::from_stream(start.chain(middle).chain(end))
}

/// What a rule makes of an answer after the work was done. `own_url` is the URL of the request.
pub(in crate::sandbox) async fn after(rule: &Rule, answer: Response<Body>, own_url: &str) -> Response<Body> {
    if rule.truncate.is_none() && !rule.empty && !rule.looped {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(whole) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    if rule.empty {
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    if rule.looped {
        parts.headers.remove(header::CONTENT_LENGTH);
        let Ok(Value::Object(mut map)) = serde_json::from_slice::<Value>(&whole) else {
            return Response::from_parts(parts, Body::from(whole));
        };
        if map.shift_remove("@odata.deltaLink").is_some() || map.contains_key("value") {
            map.insert("@odata.nextLink".into(), json!(own_url));
        }
        return Response::from_parts(parts, Body::from(Value::Object(map).to_string()));
    }
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // a share of a length: between nothing and the length
    let keep = (whole.len() as f64 * rule.truncate.unwrap_or(1.0)) as usize;
    let kept = whole.slice(..keep.min(whole.len()));
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let cut = stream::unfold(Some(kept), |state| async move {
        match state {
            Some(kept) if !kept.is_empty() => Some((Ok(kept), Some(Bytes::new()))),
            Some(_) => {
                // Let the first part leave before the connection breaks.
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
            }
            None => None,
        }
    });
    Response::from_parts(parts, Body::from_stream(cut))
}
