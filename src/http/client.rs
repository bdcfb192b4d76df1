//! One request, one answer, under limits.

use super::error::{HttpError, Loss, Place, StatusError, Unreached, origin};
use super::json::parse_json;
use super::retry_after::retry_after;
use super::vitals::{Ring, Vitals};
use crate::model::Secret;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, redirect};
use serde_json::Value;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::{Host, Url};

/// Bytes of an error body that are kept.
const ERROR_BODY: usize = 64 * 1024;
/// Redirects that are followed for one GET.
const HOPS: usize = 3;

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Servers this client may talk to; only scheme, host and port count.
    pub origins: Vec<Url>,
    /// PEM file with further certificate authorities, beside those the system trusts.
    pub ca_file: Option<PathBuf>,
    /// For TCP and TLS together.
    pub connect_timeout: Duration,
    /// Longest silence while an answer is read.
    pub read_timeout: Duration,
    /// For the whole exchange.
    pub total_timeout: Duration,
    /// Largest answer, after decompression.
    pub max_body_bytes: usize,
    /// Deepest JSON.
    pub max_json_depth: usize,
}

impl HttpSettings {
    /// The defaults, for the given servers.
    pub fn new(origins: Vec<Url>) -> Self {
        Self {
            origins,
            ca_file: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(120),
            max_body_bytes: 64 * 1024 * 1024,
            max_json_depth: 100,
        }
    }
}

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Endpoint class, such as `Users` or `Users/{id}`: with the verb it names the bucket that the limiter uses.
    pub class: &'static str,
    /// Bearer token.
    pub bearer: Option<Secret>,
    /// Further headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Option<Vec<u8>>,
    /// Whether it may be repeated after any failure of the server, 500 included: it changes nothing that matters.
    pub patient: bool,
}

impl Request {
    /// A request without body.
    pub fn new(method: Method, url: Url, class: &'static str) -> Self {
        Self { method, url, class, bearer: None, headers: HeaderMap::new(), body: None, patient: false }
    }

    /// Adds the credential.
    #[must_use]
    pub fn bearer(mut self, token: Secret) -> Self {
        self.bearer = Some(token);
        self
    }

    /// Adds a header; a value that cannot be a header value is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds `Accept`.
    #[must_use]
    pub fn accept(self, value: &str) -> Self {
        self.header(ACCEPT, value)
    }

    /// Adds a body.
    #[must_use]
    pub fn body(self, content_type: &str, body: Vec<u8>) -> Self {
        let mut request = self.header(CONTENT_TYPE, content_type);
        request.body = Some(body);
        request
    }

    /// Lets it be repeated after any failure of the server: for services whose 500 passes by itself.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Whether it changes nothing.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// What messages call it.
    pub fn place(&self) -> Place {
        Place::new(self.method.as_str(), &self.url)
    }
}

/// A 2xx answer, read completely.
#[derive(Clone, Debug)]
pub struct Response {
    /// What was asked.
    pub place: Place,
    /// 200 to 299.
    pub status: u16,
    /// `Content-Type`, lower case.
    pub content_type: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, after decompression.
    pub body: Vec<u8>,
    max_json_depth: usize,
}

impl Response {
    /// The body as JSON.
    ///
    /// # Errors
    /// [`HttpError::Html`], [`HttpError::TooDeep`] or [`HttpError::NotJson`].
    pub fn json(&self) -> Result<Value, HttpError> {
        parse_json(&self.place, &self.content_type, &self.body, self.max_json_depth)
    }
}

/// One client for everything remote. Cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: reqwest::Client,
    settings: HttpSettings,
    requests: AtomicU64,
    ring: Mutex<Ring>,
}

impl HttpClient {
    /// Builds the client: system trust store and `ca_file`, proxies from the environment (never for loopback), TLS
    /// 1.2 or newer.
    ///
    /// # Errors
    /// [`HttpError::Settings`] when `ca_file` cannot be used, [`HttpError::Insecure`] for plain http elsewhere than
    /// on loopback.
    pub fn new(settings: HttpSettings) -> Result<Self, HttpError> {
        for url in &settings.origins {
            check_scheme(&Place::new("connect", url), url)?;
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("heeler/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.total_timeout)
            .tcp_nodelay(true)
            .http2_max_header_list_size(64 * 1024);
        if settings.origins.iter().all(is_loopback) {
            builder = builder.no_proxy();
        }
        if let Some(file) = &settings.ca_file {
            let shown = crate::text::show(&file.display().to_string());
            let pem = std::fs::read(file).map_err(|e| {
                HttpError::Settings(format!("ca_file {shown} cannot be read: {e}; check the path and its rights"))
            })?;
            let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if authorities.is_empty() {
                return Err(HttpError::Settings(format!(
                    "ca_file {shown} holds no certificate in PEM form; export the authority's certificate as PEM"
                )));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        let client = builder
            .build()
            .map_err(|e| HttpError::Settings(format!("the HTTP client cannot be set up: {}", reason(&e))))?;
        let (requests, ring) = (AtomicU64::new(0), Mutex::default());
        Ok(Self { inner: Arc::new(Inner { client, settings, requests, ring }) })
    }

    /// Requests that were sent, repetitions and redirects included.
    pub fn requests(&self) -> u64 {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// Sends once and reads the answer completely. Redirects are followed only for GET, only at the same origin and
    /// at most three times.
    ///
    /// # Errors
    /// Every kind of [`HttpError`]; [`HttpError::Status`] for anything but 2xx.
    pub async fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let began = Instant::now();
        let result = self.follow(request).await;
        self.ring().note(began.elapsed(), result.as_ref().err(), jiff::Timestamp::now());
        result
    }

    /// How the service answered lately.
    pub fn vitals(&self) -> Vitals {
        self.ring().vitals()
    }

    /// A poisoned lock still holds good numbers.
    fn ring(&self) -> std::sync::MutexGuard<'_, Ring> {
        self.inner.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn follow(&self, request: &Request) -> Result<Response, HttpError> {
        let mut url = request.url.clone();
        for hop in 0..=HOPS {
            let answer = self.exchange(request, &url).await?;
            let Some(target) = redirection(&answer, &url) else {
                return self.finish(request, answer).await;
            };
            let moved =
                HttpError::Moved { place: request.place(), to: format!("{}{}", origin(&target), target.path()) };
            if hop == HOPS || request.method != Method::GET || target.origin() != url.origin() {
                return Err(moved);
            }
            url = target;
        }
        Err(HttpError::Settings("too many redirects".into()))
    }

    async fn exchange(&self, request: &Request, url: &Url) -> Result<reqwest::Response, HttpError> {
        let place = Place::new(request.method.as_str(), url);
        check_scheme(&place, url)?;
        if !self.inner.settings.origins.iter().any(|o| o.origin() == url.origin()) {
            return Err(HttpError::OtherOrigin { place });
        }
        let mut headers = request.headers.clone();
        if let Some(token) = &request.bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
                HttpError::Settings("the token holds characters that no token has; set the secret again".into())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut builder = self.inner.client.request(request.method.clone(), url.clone()).headers(headers);
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
        builder.send().await.map_err(|e| sort(place, &e))
    }

    async fn finish(&self, request: &Request, mut answer: reqwest::Response) -> Result<Response, HttpError> {
        let place = request.place();
        let status = answer.status();
        let headers = answer.headers().clone();
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        if !status.is_success() {
            let mut body = Vec::new();
            // What came is better than nothing: the status is known whatever happens to the rest.
            while let Ok(Some(chunk)) = answer.chunk().await {
                let room = ERROR_BODY - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if body.len() == ERROR_BODY {
                    break;
                }
            }
            return Err(HttpError::Status(Box::new(StatusError {
                place,
                status: status.as_u16(),
                retry_after: retry_after(&headers, jiff::Timestamp::now()),
                body,
                content_type,
            })));
        }
        let limit = self.inner.settings.max_body_bytes;
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                    return Err(HttpError::TooLarge { place, limit });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(e) if e.is_timeout() => return Err(HttpError::Lost { place, why: Loss::Timeout }),
                Err(_) => return Err(HttpError::Lost { place, why: Loss::Truncated }),
            }
        }
        let max_json_depth = self.inner.settings.max_json_depth;
        Ok(Response { place, status: status.as_u16(), content_type, headers, body, max_json_depth })
    }
}

/// Parses the base URL of a service: https (or http on loopback), no user name, no password; query and fragment are
/// dropped and the path loses its trailing slashes.
///
/// # Errors
/// A message that says what to correct.
pub fn parse_base(text: &str) -> Result<Url, String> {
    let text = text.trim();
    let shown = crate::text::show(text);
    let mut url = Url::parse(text).map_err(|_| {
        format!("\"{shown}\" is not a complete URL; write it with scheme and host, such as https://app.example/scim")
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("\"{shown}\" is not an https URL; write it as https://host/path"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL holds a user name or a password; take them out, the token is the credential".into());
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(format!("\"{shown}\" is not encrypted; use https (plain http only works on this machine)"));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Adds query parameters. Spaces become `%20`: not every server reads a `+` as a space.
pub fn add_query<K: AsRef<str>, V: AsRef<str>>(url: &mut Url, pairs: impl IntoIterator<Item = (K, V)>) {
    let mut query = url::form_urlencoded::Serializer::new(url.query().unwrap_or_default().to_owned());
    query.extend_pairs(pairs);
    let query = query.finish().replace('+', "%20");
    url.set_query((!query.is_empty()).then_some(&query));
}

/// Whether a URL names this machine: `127.0.0.0/8`, `::1` or `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn check_scheme(place: &Place, url: &Url) -> Result<(), HttpError> {
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) {
        Ok(())
    } else {
        Err(HttpError::Insecure { place: place.clone() })
    }
}

/// Where a redirect leads; `None` for every other answer.
fn redirection(answer: &reqwest::Response, from: &Url) -> Option<Url> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    from.join(location).ok()
}

/// Was it certainly not processed, or may it have been?
fn sort(place: Place, error: &reqwest::Error) -> HttpError {
    if error.is_connect() || error.is_builder() {
        return HttpError::Unsent { place, why: unreached(error) };
    }
    let why = if error.is_timeout() { Loss::Timeout } else { Loss::Reset };
    HttpError::Lost { place, why }
}

fn unreached(error: &reqwest::Error) -> Unreached {
    if error.is_dns() {
        return Unreached::Dns;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(e) = cause {
        if let Some(tls) = e.downcast_ref::<rustls::Error>() {
            return tls_reason(tls);
        }
        let mut io = e.downcast_ref::<std::io::Error>();
        while let Some(error) = io {
            match error.kind() {
                std::io::ErrorKind::ConnectionRefused => return Unreached::Refused,
                std::io::ErrorKind::TimedOut => return Unreached::Timeout,
                _ => {}
            }
            // `source` of an I/O error skips the error it wraps, so it has to be unwrapped by hand.
            let Some(inner) = error.get_ref() else { break };
            if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
                return tls_reason(tls);
            }
            io = inner.downcast_ref::<std::io::Error>();
        }
        let text = e.to_string();
        if text.contains("dns error") {
            return Unreached::Dns;
        }
        if text.contains("tunnel") || text.contains("proxy") {
            return Unreached::Proxy(reason(error));
        }
        cause = e.source();
    }
    if error.is_timeout() { Unreached::Timeout } else { Unreached::Other(reason(error)) }
}

fn tls_reason(error: &rustls::Error) -> Unreached {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(c) => match c {
            C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. } => Unreached::Expired,
            C::NotValidForName | C::NotValidForNameContext { .. } => Unreached::WrongHost,
            C::UnknownIssuer => Unreached::Untrusted,
            other => Unreached::Tls(other.to_string()),
        },
        other => Unreached::Tls(other.to_string()),
    }
}

/// The innermost cause in words: the outer ones repeat the URL with its query.
fn reason(error: &reqwest::Error) -> String {
    let mut text = "unknown reason".to_owned();
    let mut cause = error.source();
    while let Some(e) = cause {
        text = e.to_string();
        cause = e.source();
    }
    text
}
