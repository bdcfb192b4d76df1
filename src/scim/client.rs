//! The SCIM client: one app, one limiter, every request counted.
//!
//! Real servers deviate from RFC 7644 in many ways; what is tolerated here is how they page, how they label and how
//! they report errors. What they answer is handed on as it came: the caller checks that it is what was asked for.

mod error;
mod judge;
mod list;
mod record;
mod settings;
#[cfg(test)]
mod tests;

pub use error::ScimError;
pub use list::Lister;
pub use record::Exchange;
pub use settings::{ScimSettings, TenantUrl};

use crate::http::{
    HttpClient, HttpError, HttpSettings, Limiter, LimiterSettings, Method, Request, Response, Vitals, add_query,
};
use crate::model::{ObjectType, Secret};
use error::sort;
use record::Recorder;
use serde_json::Value;
use std::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

const MEDIA_TYPE: &str = "application/scim+json";
const ACCEPTED: &str = "application/scim+json, application/json";
/// A filter that matches more than this many resources matches everything: enough to see that.
const QUERY_CAP: usize = 1000;

/// A SCIM app. Cheap to clone; clones share limiter and counters.
#[derive(Clone, Debug)]
pub struct ScimClient {
    http: HttpClient,
    limiter: Limiter,
    base: Url,
    token: Secret,
    cancel: CancellationToken,
    recorder: Recorder,
}

impl ScimClient {
    /// Sets the client up; nothing is sent.
    ///
    /// # Errors
    /// [`ScimError::Settings`] for an unusable URL or `ca_file`.
    pub fn new(settings: ScimSettings) -> Result<Self, ScimError> {
        let tenant = TenantUrl::parse(&settings.tenant_url).map_err(ScimError::Settings)?;
        let mut http = HttpSettings::new(vec![tenant.base.clone()]);
        http.ca_file = settings.ca_file;
        http.read_timeout = settings.timeout;
        http.connect_timeout = http.connect_timeout.min(settings.timeout);
        let limiter = LimiterSettings {
            concurrency: settings.concurrency.clamp(1, 8),
            max_concurrency: settings.concurrency.max(1),
            backoff: settings.backoff,
            ..LimiterSettings::default()
        };
        let http = HttpClient::new(http).map_err(|e| ScimError::Settings(e.to_string()))?;
        let token = settings.token.expose().trim();
        if token.is_empty() {
            return Err(ScimError::Settings("the secret token is empty; make one in the app and set it".into()));
        }
        let (limiter, base, token) = (Limiter::new(limiter), tenant.base, Secret::new(token.to_owned()));
        Ok(Self { http, limiter, base, token, cancel: CancellationToken::new(), recorder: Recorder::default() })
    }

    /// The same client, stopped by this token.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// The base URL, without flags and trailing slash.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The URL of a user, for `$ref`; empty when the id cannot be addressed.
    pub fn user_url(&self, id: &str) -> String {
        self.resource(ObjectType::User, id).map(|url| url.to_string()).unwrap_or_default()
    }

    /// Requests sent so far, repetitions included.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }

    /// How the app answered lately.
    pub fn vitals(&self) -> Vitals {
        self.http.vitals()
    }

    /// Keeps what is said from now on, until [`ScimClient::recorded`]; for clones as well.
    pub fn record(&self) {
        self.recorder.begin();
    }

    /// What was said since [`ScimClient::record`], in the order in which it ended; at most two hundred exchanges.
    pub fn recorded(&self) -> Vec<Exchange> {
        self.recorder.end()
    }

    /// Resources that fit a filter, as the app sees it (E9.11); for groups without members. More than a thousand are
    /// not read: a filter that finds so many was ignored.
    ///
    /// # Errors
    /// [`ScimError::NotScim`] when the answer is no list; else what the app said.
    pub async fn query(&self, kind: ObjectType, filter: &str) -> Result<Vec<Value>, ScimError> {
        let mut pairs = vec![("filter", filter.to_owned())];
        if kind == ObjectType::Group {
            pairs.push(("excludedAttributes", "members".into()));
        }
        let mut lister = Lister::start(self.clone(), kind, pairs, None);
        let mut found = Vec::new();
        while found.len() < QUERY_CAP
            && let Some(page) = lister.next_page().await?
        {
            found.extend(page);
        }
        found.truncate(QUERY_CAP);
        Ok(found)
    }

    /// Lists the resources of a kind, page by page. `attributes` restricts what comes back (empty: everything);
    /// without `with_members` groups come without their members.
    pub fn list(&self, kind: ObjectType, with_members: bool, attributes: &[String]) -> Lister {
        let mut pairs = Vec::new();
        if !attributes.is_empty() {
            pairs.push(("attributes", attributes.join(",")));
        } else if kind == ObjectType::Group && !with_members {
            pairs.push(("excludedAttributes", "members".into()));
        }
        Lister::start(self.clone(), kind, pairs, Some(list::PAGE))
    }

    /// Reads one resource; `None` when the app does not know the id. Groups come without members unless `members`.
    ///
    /// # Errors
    /// What the app said, or why nothing usable came.
    pub async fn get(&self, kind: ObjectType, id: &str, members: bool) -> Result<Option<Value>, ScimError> {
        let mut url = self.resource(kind, id)?;
        if kind == ObjectType::Group && !members {
            add_query(&mut url, [("excludedAttributes", "members")]);
        }
        let bare = url.query().is_some();
        let mut answer = self.send(Request::new(Method::GET, url, one(kind))).await;
        if bare && matches!(&answer, Err(error) if matches!(error.status(), Some(400 | 500 | 501))) {
            // Some servers do not know the parameter.
            answer = self.send(Request::new(Method::GET, self.resource(kind, id)?, one(kind))).await;
        }
        match answer {
            Ok(response) => self.object(&response).map(Some),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a resource (E9.20, E9.40) and returns what the app says it made.
    ///
    /// # Errors
    /// [`ScimError::NoId`] when the app accepted it without naming a usable id; [`ScimError::Unknown`] when the
    /// answer was lost: look before you repeat.
    pub async fn create(&self, kind: ObjectType, body: &Value) -> Result<Value, ScimError> {
        let response = self.write(Method::POST, self.collection(kind)?, all(kind), Some(body)).await?;
        let Some(resource) = self.after_write(&response)? else {
            return Err(ScimError::NoId { status: response.status, body: None });
        };
        match resource.get("id") {
            Some(Value::String(id)) if !id.trim().is_empty() => Ok(resource),
            _ => Err(ScimError::NoId { status: response.status, body: Some(Box::new(resource)) }),
        }
    }

    /// Sends a complete `PatchOp` message (E9.23). `None` when the app answered without a body.
    ///
    /// # Errors
    /// As [`ScimClient::create`].
    pub async fn patch(&self, kind: ObjectType, id: &str, body: &Value) -> Result<Option<Value>, ScimError> {
        let response = self.write(Method::PATCH, self.resource(kind, id)?, one(kind), Some(body)).await?;
        self.after_write(&response)
    }

    /// Replaces a resource (PUT). `None` when the app answered without a body.
    ///
    /// # Errors
    /// As [`ScimClient::create`].
    pub async fn replace(&self, kind: ObjectType, id: &str, body: &Value) -> Result<Option<Value>, ScimError> {
        let response = self.write(Method::PUT, self.resource(kind, id)?, one(kind), Some(body)).await?;
        self.after_write(&response)
    }

    /// Deletes a resource (E9.30); `false` when it was gone already.
    ///
    /// # Errors
    /// What the app said, or [`ScimError::Unknown`].
    pub async fn delete(&self, kind: ObjectType, id: &str) -> Result<bool, ScimError> {
        match self.write(Method::DELETE, self.resource(kind, id)?, one(kind), None).await {
            Ok(response) => self.after_write(&response).map(|_| true),
            Err(error) if matches!(error.status(), Some(404 | 410)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What the app says it can; `None` when it does not say. Claims, not facts.
    ///
    /// # Errors
    /// Only for systemic trouble: no connection, 401.
    pub async fn service_provider_config(&self) -> Result<Option<Value>, ScimError> {
        self.discover("ServiceProviderConfig").await
    }

    /// The schemas of the app, from a list or a bare array; `None` when it has no usable ones.
    ///
    /// # Errors
    /// Only for systemic trouble: no connection, 401.
    pub async fn schemas(&self) -> Result<Option<Vec<Value>>, ScimError> {
        Ok(match self.discover("Schemas").await? {
            Some(Value::Array(list)) => Some(list),
            Some(Value::Object(mut object)) => {
                match object.remove("Resources").or_else(|| object.remove("resources")) {
                    Some(Value::Array(list)) => Some(list),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    async fn discover(&self, what: &'static str) -> Result<Option<Value>, ScimError> {
        let url = self.child(&[what])?;
        match self.send(Request::new(Method::GET, url, what)).await {
            Ok(response) => Ok(response.json().ok()),
            Err(error @ (ScimError::Unauthorized { .. } | ScimError::Unavailable { .. } | ScimError::Cancelled)) => {
                Err(error)
            }
            Err(_) => Ok(None),
        }
    }

    async fn write(
        &self,
        method: Method,
        url: Url,
        class: &'static str,
        body: Option<&Value>,
    ) -> Result<Response, ScimError> {
        let mut request = Request::new(method, url, class);
        if let Some(body) = body {
            let body = serde_json::to_vec(body).map_err(|e| ScimError::Settings(e.to_string()))?;
            request = request.body(MEDIA_TYPE, body);
        }
        self.send(request).await
    }

    async fn send(&self, request: Request) -> Result<Response, ScimError> {
        let write = !request.is_read();
        let request = request.bearer(self.token.clone()).accept(ACCEPTED);
        let began = Instant::now();
        let result = self.limiter.send(&self.http, &request, &self.cancel).await;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.recorder.note(&request, &result, ms, &self.token);
        result.map_err(|e| self.sort(e, write))
    }

    fn sort(&self, error: HttpError, write: bool) -> ScimError {
        sort(error, write, &self.token)
    }

    /// The body as one JSON object.
    fn object(&self, response: &Response) -> Result<Value, ScimError> {
        let value = response.json().map_err(|e| self.sort(e, false))?;
        if value.is_object() {
            return Ok(value);
        }
        Err(ScimError::NotScim { message: format!("{}: the answer is JSON, but not an object", response.place) })
    }

    /// The body of an answer to a write, if it is a usable one; 2xx says that the write was done. Only a web page says
    /// that somebody else answered.
    fn after_write(&self, response: &Response) -> Result<Option<Value>, ScimError> {
        match response.json() {
            Ok(value) => Ok(value.is_object().then_some(value)),
            Err(error @ HttpError::Html { .. }) => Err(self.sort(error, true)),
            Err(_) => Ok(None),
        }
    }

    fn collection(&self, kind: ObjectType) -> Result<Url, ScimError> {
        self.child(&[all(kind)])
    }

    /// Path of a resource, or of the collection where `id` is `None`, for showing a request before it is sent.
    pub fn path(&self, kind: ObjectType, id: Option<&str>) -> String {
        let collection = format!("{}/{}", self.base.path().trim_end_matches('/'), all(kind));
        id.map_or_else(|| collection.clone(), |id| format!("{collection}/{id}"))
    }

    fn resource(&self, kind: ObjectType, id: &str) -> Result<Url, ScimError> {
        if id.is_empty() || id == "." || id == ".." {
            return Err(ScimError::Settings(format!(
                "the app gave the id \"{id}\", which cannot be addressed; have the app's id repaired"
            )));
        }
        self.child(&[all(kind), id])
    }

    /// Appends path segments, percent-encoded: ids are opaque and dirty.
    fn child(&self, segments: &[&str]) -> Result<Url, ScimError> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(segments);
            }
            Err(()) => return Err(ScimError::Settings("the tenant URL cannot have a path".into())),
        }
        Ok(url)
    }
}

/// Endpoint of a kind, and the bucket of requests to it.
fn all(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::User => "Users",
        ObjectType::Group => "Groups",
    }
}

/// Bucket of requests to a single resource.
fn one(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::User => "Users/{id}",
        ObjectType::Group => "Groups/{id}",
    }
}
