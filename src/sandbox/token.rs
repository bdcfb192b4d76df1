//! The token endpoint of the tenant, and the check of the tokens it gave.

mod assertion;

use super::directory::Identity;
use super::graph::answer::GraphError;
use super::graph::query::{open, seal};
pub use assertion::{Credentials, Federated};
use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use url::form_urlencoded;
use uuid::Uuid;

/// The one scope an app can ask for: everything it was granted at Graph.
const SCOPE: &str = "https://graph.microsoft.com/.default";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const ROLES: &[&str] = &[
    "AppRoleAssignment.ReadWrite.All",
    "Application.ReadWrite.OwnedBy",
    "Directory.Read.All",
    "Group.ReadWrite.All",
    "Organization.Read.All",
    "User.ReadWrite.All",
];

/// What the token endpoint works on.
pub struct Issuer<'a> {
    /// Who the tenant and its apps are.
    pub identity: &'a Identity,
    /// The secret of the app.
    pub secret: &'a str,
    /// Its other credentials.
    pub credentials: &'a Credentials,
    /// The key that signs tokens.
    pub key: &'a hmac::Key,
    /// The origin of the sandbox.
    pub origin: &'a str,
    /// How long a token lives, in seconds.
    pub lifetime: u64,
    /// Tokens of an earlier generation were revoked.
    pub generation: u64,
}

/// The claims of a token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    appid: Uuid,
    tid: Uuid,
    roles: Vec<String>,
    uti: Uuid,
    generation: u64,
}

struct Denied {
    status: StatusCode,
    error: &'static str,
    number: u32,
    text: String,
}

fn deny(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Denied {
    Denied { status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), error, number, text: text.into() }
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    response
}

impl Denied {
    fn response(self, request: &HeaderMap) -> Response<Body> {
        let time = Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let trace = Uuid::new_v4();
        let sent = request.get("client-request-id").and_then(|value| value.to_str().ok());
        let correlation = sent.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let body = json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}", self.number, self.text
            ),
            "error_codes": [self.number],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.number),
        });
        json_response(self.status, &body)
    }
}

impl Issuer<'_> {
    /// Answers a request outside of Graph, the app and the control endpoints: `/{tenant}/…`.
    pub fn answer(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Response<Body> {
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(super::graph::decode).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (method, parts.as_slice()) {
            (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => match self.token(tenant, headers, body) {
                Ok(value) => json_response(StatusCode::OK, &value),
                Err(denied) => denied.response(headers),
            },
            (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => match self.tenant(tenant) {
                Ok(()) => json_response(StatusCode::OK, &self.discovery()),
                Err(denied) => denied.response(headers),
            },
            // Tokens are only read by the sandbox itself: there is no public key to check them with.
            (&Method::GET, [_, "discovery", "v2.0", "keys"]) => json_response(StatusCode::OK, &json!({ "keys": [] })),
            (&Method::GET, ["common", "discovery", "instance"]) => json_response(StatusCode::OK, &self.instance()),
            _ => json_response(StatusCode::NOT_FOUND, &json!({ "error": "not_found" })),
        }
    }

    fn tenant(&self, tenant: &str) -> Result<(), Denied> {
        use super::directory::{DOMAIN, INITIAL_DOMAIN};
        let id = self.identity.tenant_id.to_string();
        if [id.as_str(), DOMAIN, INITIAL_DOMAIN].iter().any(|known| known.eq_ignore_ascii_case(tenant)) {
            return Ok(());
        }
        if ["common", "organizations", "consumers"].contains(&tenant) {
            return Err(deny(
                400,
                "invalid_request",
                50194,
                "Use a tenant-specific endpoint or configure the application to be multi-tenant.",
            ));
        }
        Err(deny(
            400,
            "invalid_request",
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            ),
        ))
    }

    fn discovery(&self) -> Value {
        let base = format!("{}/{}", self.origin, self.identity.tenant_id);
        json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "issuer": format!("{base}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        })
    }

    fn instance(&self) -> Value {
        let host = self.origin.split("//").nth(1).unwrap_or_default();
        json!({
            "tenant_discovery_endpoint":
                format!("{}/{}/v2.0/.well-known/openid-configuration", self.origin, self.identity.tenant_id),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
        })
    }

    fn token(&self, tenant: &str, headers: &HeaderMap, body: &[u8]) -> Result<Value, Denied> {
        self.tenant(tenant)?;
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let basic = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
            .and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok())
            .and_then(|text| text.split_once(':').map(|(id, secret)| (plain(id), plain(secret))));
        let field = |name: &str| form.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let missing = |name: &str| {
            deny(
                400,
                "invalid_request",
                900_144,
                format!("The request body must contain the following parameter: '{name}'."),
            )
        };
        let grant = field("grant_type").ok_or_else(|| missing("grant_type"))?;
        if grant != "client_credentials" {
            return Err(deny(
                400,
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{grant}'."),
            ));
        }
        let client = field("client_id").or(basic.as_ref().map(|b| b.0.as_str())).ok_or_else(|| missing("client_id"))?;
        let scope = field("scope").ok_or_else(|| missing("scope"))?;
        if !client.eq_ignore_ascii_case(&self.identity.client_id.to_string()) {
            return Err(deny(
                400,
                "unauthorized_client",
                700_016,
                format!(
                    "Application with identifier '{client}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant.",
                    self.identity.tenant_name
                ),
            ));
        }
        // A Graph root of one's own is asked for by its own name, as with national clouds.
        if scope != SCOPE && scope != format!("{}/.default", self.origin) {
            return Err(deny(
                400,
                "invalid_scope",
                70011,
                "The provided value for the input parameter 'scope' is not valid.",
            ));
        }
        self.credential(&form, basic.as_ref().map(|b| b.1.as_str()), client, tenant)?;
        let token =
            self.issue().map_err(|_| deny(400, "temporarily_unavailable", 90006, "External server is retryable."))?;
        Ok(json!({
            "token_type": "Bearer", "expires_in": self.lifetime, "ext_expires_in": self.lifetime, "access_token": token,
        }))
    }

    fn credential(
        &self,
        form: &HashMap<String, String>,
        basic: Option<&str>,
        client: &str,
        tenant: &str,
    ) -> Result<(), Denied> {
        if let Some(secret) = form.get("client_secret").map(String::as_str).or(basic) {
            if aws_lc_rs::constant_time::verify_slices_are_equal(secret.as_bytes(), self.secret.as_bytes()).is_ok() {
                return Ok(());
            }
            return Err(deny(
                401,
                "invalid_client",
                7_000_215,
                format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
                ),
            ));
        }
        let Some(jwt) = form.get("client_assertion") else {
            return Err(deny(
                401,
                "invalid_client",
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            ));
        };
        if form.get("client_assertion_type").map(String::as_str) != Some(ASSERTION) {
            return Err(deny(
                400,
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'client_assertion_type'.",
            ));
        }
        let mut audiences = Vec::new();
        for name in [tenant, &self.identity.tenant_id.to_string()] {
            audiences.push(format!("{}/{name}/oauth2/v2.0/token", self.origin));
            audiences.push(format!("{}/{name}/v2.0", self.origin));
        }
        let now = Timestamp::now().as_duration().as_secs_f64();
        assertion::check(self.credentials, jwt, client, &audiences, now).map_err(|(number, text)| {
            // A foreign token that fits no record is a bad request; one of our own that fails is a bad client.
            match number {
                700_211..=700_213 => deny(400, "invalid_request", number, text),
                _ => deny(401, "invalid_client", number, text),
            }
        })
    }

    /// A token that looks like a JWT. Only the sandbox can check its signature, as it should be.
    fn issue(&self) -> Result<String, GraphError> {
        let now = Timestamp::now().as_second();
        let claims = Claims {
            aud: "https://graph.microsoft.com".into(),
            iss: format!("https://sts.windows.net/{}/", self.identity.tenant_id),
            iat: now,
            nbf: now,
            exp: now.saturating_add(i64::try_from(self.lifetime).unwrap_or(i64::MAX)),
            appid: self.identity.client_id,
            tid: self.identity.tenant_id,
            roles: ROLES.iter().map(|role| (*role).to_owned()).collect(),
            uti: Uuid::new_v4(),
            generation: self.generation,
        };
        let header = URL_SAFE_NO_PAD.encode(json!({ "typ": "JWT", "alg": "HS256", "kid": "sandbox" }).to_string());
        let payload = URL_SAFE_NO_PAD.encode(json!(claims).to_string());
        Ok(format!("{header}.{payload}.{}", seal(self.key, &claims)?))
    }

    /// Checks the `Authorization` header of a Graph request.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), GraphError> {
        let denied = |message: &str| {
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"{}/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"",
                self.origin
            );
            Err(GraphError::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
                .with("www-authenticate", challenge))
        };
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some((scheme, token)) = sent.split_once(' ').filter(|(_, token)| !token.trim().is_empty()) else {
            return denied("Access token is empty.");
        };
        let mut parts = token.trim().split('.');
        let (header, payload) = (parts.next(), parts.next());
        let signature = parts.next().unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") || header.is_none() {
            return denied("Access token validation failure.");
        }
        let Some(claims) = open::<Claims>(self.key, signature) else {
            return denied("Access token validation failure. Invalid audience or signature.");
        };
        if payload != Some(URL_SAFE_NO_PAD.encode(json!(claims).to_string()).as_str()) {
            return denied("Access token validation failure. Invalid signature.");
        }
        if claims.exp <= Timestamp::now().as_second() {
            return denied("Lifetime validation failed, the token is expired.");
        }
        if claims.generation != self.generation || claims.tid != self.identity.tenant_id {
            return denied("Access token has been revoked.");
        }
        Ok(())
    }
}

/// The text in front of or behind the colon of Basic, which is form-encoded (RFC 6749 section 2.3.1).
fn plain(text: &str) -> String {
    super::graph::decode(&text.replace('+', "%20"))
}
