//! Access tokens: in memory only, one request for all who wait, refreshed before they end.

use super::assertion::Signer;
use super::error::SignInError;
use super::settings::{Credential, GraphSettings};
use crate::http::{HttpClient, HttpError, Limiter, Method, Request};
use crate::model::Secret;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Tokens are refreshed this long before they end.
const EARLY: Duration = Duration::from_secs(300);
/// A token this close to its end is not used any more.
const TOO_LATE: Duration = Duration::from_secs(30);
/// A federated token is a few KiB; a larger file is something else.
const FEDERATED_LIMIT: u64 = 64 * 1024;

/// A token and its end.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) secret: Secret,
    /// On the clock that people see.
    pub(super) expires: Timestamp,
    /// On the clock that never jumps.
    ends: Instant,
}

impl Token {
    /// What is left of it, by the more pessimistic of both clocks: either may have been wrong or stood still.
    fn left(&self) -> Duration {
        let steady = self.ends.saturating_duration_since(Instant::now());
        let wall = self.expires.duration_since(Timestamp::now());
        steady.min(Duration::try_from(wall).unwrap_or_default())
    }
}

/// Signs in when needed.
#[derive(Debug)]
pub(super) struct Tokens {
    http: HttpClient,
    endpoint: Url,
    scope: String,
    client_id: String,
    credential: Proof,
    current: Mutex<Option<Token>>,
}

/// A credential, checked and prepared.
#[derive(Debug)]
enum Proof {
    Secret(Secret),
    Certificate(Box<Signer>),
    File(std::path::PathBuf),
}

impl Tokens {
    pub(super) fn new(settings: &GraphSettings, http: HttpClient) -> Result<Self, SignInError> {
        let endpoint = settings
            .token_endpoint()
            .ok_or_else(|| SignInError::Credential("the authority URL cannot have a path; check authority".into()))?;
        let credential = match &settings.credential {
            Credential::Secret(secret) if secret.expose().trim().is_empty() => {
                return Err(SignInError::Credential("the client secret is empty; set it again".into()));
            }
            Credential::Secret(secret) => Proof::Secret(Secret::new(secret.expose().trim().to_owned())),
            Credential::Certificate { pem } => {
                Proof::Certificate(Box::new(Signer::from_pem(pem).map_err(SignInError::Credential)?))
            }
            Credential::FederatedTokenFile(path) => Proof::File(path.clone()),
        };
        Ok(Self {
            http,
            endpoint,
            scope: settings.scope(),
            client_id: settings.client_id.clone(),
            credential,
            current: Mutex::new(None),
        })
    }

    /// A good token. `refused` is one that Graph did not accept: it is replaced unless somebody else did already.
    /// While the sign-in service is down, the old token serves until its end.
    pub(super) async fn get(
        &self,
        limiter: &Limiter,
        cancel: &CancellationToken,
        refused: Option<&Secret>,
    ) -> Result<Token, SignInError> {
        let mut current = self.current.lock().await;
        let mut usable = None;
        if let Some(token) = current.as_ref() {
            let bad = refused.is_some_and(|r| r.expose() == token.secret.expose());
            let left = token.left();
            if !bad && left > EARLY {
                return Ok(token.clone());
            }
            usable = (!bad && left > TOO_LATE).then(|| token.clone());
        }
        match self.sign_in(limiter, cancel).await {
            Ok(token) => {
                *current = Some(token.clone());
                Ok(token)
            }
            Err(error) => usable.filter(|_| error.transient()).ok_or(error),
        }
    }

    /// The body of the token request. The form is built in one go: a serializer must not wait across an await.
    async fn form(&self) -> Result<Vec<u8>, SignInError> {
        let endpoint = self.endpoint.as_str();
        let assertion = match &self.credential {
            Proof::Secret(_) => None,
            Proof::Certificate(signer) => {
                let now = Timestamp::now().as_second();
                Some(signer.assertion(endpoint, &self.client_id, now).map_err(SignInError::Credential)?)
            }
            Proof::File(path) => Some(read_federated(path).await?),
        };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &self.client_id)
            .append_pair("scope", &self.scope);
        if let Proof::Secret(secret) = &self.credential {
            form.append_pair("client_secret", secret.expose());
        }
        if let Some(assertion) = assertion {
            form.append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                .append_pair("client_assertion", assertion.expose());
        }
        Ok(form.finish().into_bytes())
    }

    async fn sign_in(&self, limiter: &Limiter, cancel: &CancellationToken) -> Result<Token, SignInError> {
        let request = Request::new(Method::POST, self.endpoint.clone(), "token")
            .patient()
            .header(reqwest::header::HeaderName::from_static("client-request-id"), &uuid::Uuid::new_v4().to_string())
            .accept("application/json")
            .body("application/x-www-form-urlencoded", self.form().await?);
        let asked = (Instant::now(), Timestamp::now());
        let response = match self.ask(limiter, cancel, &request).await {
            Ok(response) => response,
            Err(HttpError::Status(status)) => return Err(SignInError::from_status(&status)),
            Err(error) => return Err(SignInError::Http(error)),
        };
        let body = response.json()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        if !text("token_type").is_some_and(|t| t.eq_ignore_ascii_case("Bearer")) {
            return Err(SignInError::NoToken("token_type is not Bearer"));
        }
        let secret = text("access_token").filter(|t| !t.is_empty()).ok_or(SignInError::NoToken("no access_token"))?;
        let life = body
            .get("expires_in")
            .and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok()))
            .filter(|seconds| *seconds > 0)
            .ok_or(SignInError::NoToken("no expires_in"))?
            .min(7 * 86_400);
        Ok(Token {
            secret: Secret::new(secret.to_owned()),
            expires: asked.1.saturating_add(SignedDuration::from_secs(life)).unwrap_or(asked.1),
            ends: asked.0 + Duration::from_secs(life.unsigned_abs()),
        })
    }

    /// Asking for a token twice does no harm, so a lost answer is simply asked for again.
    async fn ask(
        &self,
        limiter: &Limiter,
        cancel: &CancellationToken,
        request: &Request,
    ) -> Result<crate::http::Response, HttpError> {
        match limiter.send(&self.http, request, cancel).await {
            Err(HttpError::Lost { .. }) if !cancel.is_cancelled() => limiter.send(&self.http, request, cancel).await,
            other => other,
        }
    }
}

async fn read_federated(path: &std::path::Path) -> Result<Secret, SignInError> {
    let shown = crate::text::show(&path.display().to_string());
    let unusable = |why: String| {
        SignInError::Credential(format!("federated_token_file {shown} {why}; check that the platform writes it"))
    };
    let size = tokio::fs::metadata(path).await.map_err(|e| unusable(format!("cannot be read: {e}")))?.len();
    if size > FEDERATED_LIMIT {
        return Err(unusable("is too large for a token".into()));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(|e| unusable(format!("cannot be read: {e}")))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(unusable("is empty".into()));
    }
    Ok(Secret::new(token.to_owned()))
}
