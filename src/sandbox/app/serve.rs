//! From an HTTP request to an answer.

use super::App;
use super::answer::Answer;
use super::read::{Query, Show, list_response};
use super::store::{Kind, Record};
use crate::scim::error::{ScimError, ScimType};
use crate::scim::schema;
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, NestedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Largest request body, in bytes: a group with 20,000 members has room.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The one handler. Once the body is here nothing waits any more, so that a client that goes away cannot stop a write
/// halfway.
pub(super) async fn serve(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if !app.knows(&parts.headers) {
        let error = ScimError::new(401, "The bearer token is missing or wrong.");
        return Answer::from(error).with(header::WWW_AUTHENTICATE, "Bearer realm=\"scim\"").into_response();
    }
    let nested = NestedPath::from_request_parts(&mut parts, &()).await.ok();
    let base = app.base(&parts.headers, nested.as_ref().map_or("", |path| path.as_str()));
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return Answer::from(ScimError::new(413, format!("The body exceeds {MAX_BODY} bytes."))).into_response();
    };
    let answer = app.answer(&parts, &base, &body).unwrap_or_else(|error| refusal(error, parts.uri.path()));
    answer.into_response()
}

type Answered = Result<Answer, ScimError>;

impl App {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        let (scheme, token) = given.split_at(given.len().min(7));
        scheme.eq_ignore_ascii_case(b"bearer ")
            && aws_lc_rs::constant_time::verify_slices_are_equal(token.trim_ascii(), self.token.expose().as_bytes())
                .is_ok()
    }

    fn base(&self, headers: &HeaderMap, nested: &str) -> String {
        if let Some(base) = &self.read().base {
            return base.clone();
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let scheme = text("x-forwarded-proto").filter(|s| *s == "https").unwrap_or("http");
        format!("{scheme}://{}{}", text("host").unwrap_or("localhost"), nested.trim_end_matches('/'))
    }

    /// Answers a request; runs to its end without waiting for anything.
    pub(super) fn answer(&self, parts: &Parts, base: &str, body: &[u8]) -> Answered {
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        let method = &parts.method;
        let search = |kinds: &[Kind]| {
            allow(method, &[Method::POST])?;
            let query = Query::from_search(&json_body(&parts.headers, body)?)?;
            self.read().list(kinds, &query, base)
        };
        match segments.as_slice() {
            [] => {
                allow(method, &[Method::GET])?;
                self.read().list(&[Kind::User, Kind::Group], &Query::from_url(query)?, base)
            }
            [".search"] => search(&[Kind::User, Kind::Group]),
            ["Users", ".search"] => search(&[Kind::User]),
            ["Groups", ".search"] => search(&[Kind::Group]),
            ["Users"] => self.collection(Kind::User, parts, query, base, body),
            ["Groups"] => self.collection(Kind::Group, parts, query, base, body),
            ["Users", id] => self.resource(Kind::User, id, parts, query, base, body),
            ["Groups", id] => self.resource(Kind::Group, id, parts, query, base, body),
            ["Me"] => Err(ScimError::new(501, "There is no user behind an API token: /Me is not supported.")),
            ["Bulk"] => Err(ScimError::new(501, "Bulk requests are not supported.")),
            ["ServiceProviderConfig"] => {
                discovery(method, query)?;
                let config = located(schema::service_provider_config(), "ServiceProviderConfig", base, path);
                Ok(Answer::json(200, config))
            }
            ["Schemas", rest @ ..] if rest.len() < 2 => {
                discovery(method, query)?;
                described(schema::schema_resources(), "Schema", "/Schemas", rest.first().copied(), base)
            }
            ["ResourceTypes", rest @ ..] if rest.len() < 2 => {
                discovery(method, query)?;
                described(schema::resource_types(), "ResourceType", "/ResourceTypes", rest.first().copied(), base)
            }
            _ => Err(ScimError::new(404, format!("There is nothing at `{path}`."))),
        }
    }

    fn collection(&self, kind: Kind, parts: &Parts, query: &str, base: &str, body: &[u8]) -> Answered {
        allow(&parts.method, &[Method::GET, Method::POST])?;
        let query = Query::from_url(query)?;
        if parts.method == Method::GET {
            return self.read().list(&[kind], &query, base);
        }
        let body = json_body(&parts.headers, body)?;
        let mut state = self.write();
        state.store.keep = Duration::from_millis(state.faults.stale_reads_ms);
        let id = match kind {
            Kind::User => state.create_user(body)?,
            Kind::Group => state.create_group(body)?,
        };
        self.touch();
        let show = Show { store: &state.store, base };
        let Some(record) = state.store.table(kind).by_id(&id) else {
            return Err(ScimError::new(500, "The resource is gone."));
        };
        let location = show.location(kind, &id);
        let answer = Answer::json(201, show.resource(kind, record, &query.selection));
        Ok(answer.with(header::LOCATION, location).with(header::ETAG, record.etag()))
    }

    fn resource(&self, kind: Kind, id: &str, parts: &Parts, query: &str, base: &str, body: &[u8]) -> Answered {
        let method = &parts.method;
        allow(method, &[Method::GET, Method::PUT, Method::PATCH, Method::DELETE])?;
        // A group answers a PATCH with 204 (E9.41) unless attributes are asked for (RFC 7644 section 3.5.2).
        let quiet =
            kind == Kind::Group && method == Method::PATCH && !query.to_ascii_lowercase().contains("attributes=");
        let query = Query::from_url(query)?;
        if method == Method::GET {
            let state = self.read();
            let record = state.find(kind, id)?;
            let known = parts.headers.get(header::IF_NONE_MATCH).is_some_and(|tags| names(tags.as_bytes(), &record));
            let answer = if known {
                Answer::empty(304)
            } else {
                Answer::json(200, Show { store: &state.store, base }.resource(kind, &record, &query.selection))
            };
            return Ok(answer.with(header::ETAG, record.etag()));
        }
        let body = if method == Method::DELETE { Value::Null } else { json_body(&parts.headers, body)? };
        let mut state = self.write();
        state.store.keep = Duration::from_millis(state.faults.stale_reads_ms);
        let before = state.store.table(kind).by_id(id);
        if let (Some(tags), Some(record)) = (parts.headers.get(header::IF_MATCH), before)
            && !names(tags.as_bytes(), record)
        {
            let detail = format!("{} `{id}` has changed: its version is {}.", kind.name(), record.etag());
            return Err(ScimError::new(412, detail));
        }
        let version = before.map(|record| record.version);
        match (kind, method) {
            (Kind::User, &Method::PUT) => state.replace_user(id, body)?,
            (Kind::User, &Method::PATCH) => state.patch_user(id, body)?,
            (Kind::User, _) => state.delete_user(id)?,
            (Kind::Group, &Method::PUT) => state.replace_group(id, body)?,
            (Kind::Group, &Method::PATCH) => state.patch_group(id, body)?,
            (Kind::Group, _) => state.delete_group(id)?,
        }
        let after = state.store.table(kind).by_id(id);
        if after.map(|record| record.version) != version {
            self.touch();
        }
        let Some(record) = after else { return Ok(Answer::empty(204)) };
        let answer = if quiet {
            Answer::empty(204)
        } else {
            Answer::json(200, Show { store: &state.store, base }.resource(kind, record, &query.selection))
        };
        Ok(answer.with(header::ETAG, record.etag()))
    }
}

/// An error answer; 405 says what is allowed (RFC 9110 section 15.5.6).
pub(super) fn refusal(error: ScimError, path: &str) -> Answer {
    let allowed = match path.split('/').filter(|s| !s.is_empty()).collect::<Vec<_>>().as_slice() {
        [.., ".search"] => "POST",
        ["Users" | "Groups"] => "GET, POST",
        ["Users" | "Groups", _] => "GET, PUT, PATCH, DELETE",
        _ => "GET",
    };
    let status = error.status;
    let answer = Answer::from(error);
    if status == 405 { answer.with(header::ALLOW, allowed) } else { answer }
}

/// Whether a list of entity tags names the version; weak comparison.
fn names(tags: &[u8], record: &Record) -> bool {
    let tags = String::from_utf8_lossy(tags);
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = bare(&record.etag());
    tags.split(',').any(|tag| tag.trim() == "*" || bare(tag) == own)
}

fn allow(method: &Method, allowed: &[Method]) -> Result<(), ScimError> {
    if allowed.contains(method) {
        return Ok(());
    }
    let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    Err(ScimError::new(405, format!("{method} is not allowed here; allowed: {}.", names.join(", "))))
}

/// Discovery is read-only, and must refuse filters (RFC 7644 section 4).
fn discovery(method: &Method, query: &str) -> Result<(), ScimError> {
    allow(method, &[Method::GET])?;
    if url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key.eq_ignore_ascii_case("filter")) {
        return Err(ScimError::new(403, "Filters are not allowed here."));
    }
    Ok(())
}

/// A description with its `meta`.
fn located(mut resource: Value, kind: &str, base: &str, path: &str) -> Value {
    if let Some(map) = resource.as_object_mut() {
        map.insert("meta".into(), serde_json::json!({"resourceType": kind, "location": format!("{base}{path}")}));
    }
    resource
}

fn described(resources: Vec<Value>, kind: &str, path: &str, id: Option<&str>, base: &str) -> Answered {
    let mut all = resources.into_iter().map(|resource| {
        let id = resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = format!("{path}/{id}");
        (id, located(resource, kind, base, &place))
    });
    match id {
        None => {
            let list: Vec<Value> = all.map(|(_, resource)| resource).collect();
            let total = list.len();
            Ok(Answer::json(200, list_response(&list, total, 1)))
        }
        Some(id) => match all.find(|(known, _)| known.eq_ignore_ascii_case(id)) {
            Some((_, resource)) => Ok(Answer::json(200, resource)),
            None => Err(ScimError::new(404, format!("{kind} `{id}` does not exist."))),
        },
    }
}

fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, ScimError> {
    if let Some(kind) = headers.get(header::CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !["application/scim+json", "application/json"].contains(&kind.as_str()) {
            return Err(ScimError::new(415, format!("The body must be application/scim+json, not `{kind}`.")));
        }
    }
    serde_json::from_slice(body)
        .map_err(|error| ScimError::of(ScimType::InvalidSyntax, format!("The body is not JSON: {error}.")))
}
