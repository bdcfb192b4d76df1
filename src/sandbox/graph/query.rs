//! The query options of a request, and the signed tokens inside paging and delta links.

use super::answer::GraphError;
use aws_lc_rs::hmac;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

/// Bytes of the signature kept in a token.
const SIGNATURE: usize = 12;

/// Query options, names in lower case and without the dollar sign.
#[derive(Clone, Debug, Default)]
pub struct Query {
    options: Vec<(String, String)>,
    /// The header `ConsistencyLevel: eventual` was sent.
    pub eventual: bool,
    /// The header `Prefer: return=minimal` was sent.
    pub minimal: bool,
}

impl Query {
    /// Reads the options of a request.
    pub fn new(query: &str, headers: &HeaderMap) -> Self {
        let options = form_urlencoded::parse(query.as_bytes())
            .map(|(name, value)| (name.trim_start_matches('$').to_lowercase(), value.into_owned()))
            .collect();
        let says = |name: &str, word: &str| {
            headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).any(|v| v.to_lowercase().contains(word))
        };
        Self { options, eventual: says("consistencylevel", "eventual"), minimal: says("prefer", "return=minimal") }
    }

    /// The value of an option.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first option given that is not in the list.
    pub fn other_than(&self, known: &[&str]) -> Option<&str> {
        self.options.iter().map(|(name, _)| name.as_str()).find(|name| !known.contains(name))
    }

    /// `$select`, or nothing.
    pub fn select(&self) -> Option<Vec<String>> {
        let text = self.get("select").filter(|text| !text.trim().is_empty())?;
        Some(text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
    }

    /// `$count=true` together with the header: the advanced query mode.
    pub fn advanced(&self) -> bool {
        self.eventual && self.counts()
    }

    /// `$count=true`.
    pub fn counts(&self) -> bool {
        self.get("count").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// `$top`, 1 to 999; 100 without it.
    pub fn top(&self) -> Result<usize, GraphError> {
        let Some(text) = self.get("top") else { return Ok(100) };
        match text.parse::<usize>() {
            Ok(n @ 1..=999) => Ok(n),
            _ => Err(GraphError::bad(format!(
                "Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive."
            ))),
        }
    }

    /// The options again as they go into a nextLink, without a former token and with a new one.
    pub fn link(&self, token: &str) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.options.iter().filter(|(name, _)| name != "skiptoken") {
            out.append_pair(&format!("${name}"), value);
        }
        out.append_pair("$skiptoken", token);
        // Graph leaves the dollar sign as it is.
        out.finish().replace("%24", "$")
    }
}

/// Makes an opaque token of a value: JSON with a signature in front, in base64url.
pub fn seal<T: Serialize>(key: &hmac::Key, value: &T) -> Result<String, GraphError> {
    let text = serde_json::to_vec(value)
        .map_err(|e| GraphError::new(StatusCode::INTERNAL_SERVER_ERROR, "UnknownError", e.to_string()))?;
    let mut bytes = hmac::sign(key, &text).as_ref().get(..SIGNATURE).unwrap_or_default().to_vec();
    bytes.extend(text);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Opens a token; `None` if it is not one of ours.
pub fn open<T: DeserializeOwned>(key: &hmac::Key, token: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok()?;
    let (signature, text) = bytes.split_at_checked(SIGNATURE)?;
    let right = hmac::sign(key, text);
    if right.as_ref().get(..SIGNATURE)? != signature {
        return None;
    }
    serde_json::from_slice(text).ok()
}
