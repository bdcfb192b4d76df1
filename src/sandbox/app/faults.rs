//! Faults that only the app itself can play: they depend on what a request means.

use crate::scim::error::{ScimError, ScimType};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Faults of the app. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppFaults {
    /// Reads see each resource as it was this long ago, in milliseconds; 0 means the truth.
    pub stale_reads_ms: u64,
    /// Seats of the app. Creating or activating one more user is answered 403 without `scimType` and with a text
    /// about seats, as apps with paid seats do.
    pub licence_limit: Option<usize>,
    /// User names or external ids (letter case ignored): every write of such a user is answered 500.
    pub poisoned: Vec<String>,
    /// Domains: users whose name or mail is in one of them are answered 400 `invalidValue`.
    pub rejected_domains: Vec<String>,
}

impl AppFaults {
    /// Whether a write of the user fails, whatever it writes.
    pub(super) fn poison(&self, user: &Value) -> Result<(), ScimError> {
        let names = ["userName", "externalId"].map(|key| user.get(key).and_then(Value::as_str).map(str::to_lowercase));
        let hit = self.poisoned.iter().any(|poison| names.contains(&Some(poison.to_lowercase())));
        if hit { Err(ScimError::new(500, "An internal error occurred while the user was saved.")) } else { Ok(()) }
    }

    /// Refuses names and mails in rejected domains.
    pub(super) fn domains(&self, user: &Value) -> Result<(), ScimError> {
        if self.rejected_domains.is_empty() {
            return Ok(());
        }
        let mails = user.get("emails").and_then(Value::as_array).into_iter().flatten().filter_map(|e| e.get("value"));
        for text in user.get("userName").into_iter().chain(mails).filter_map(Value::as_str) {
            let domain = text.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
            if self.rejected_domains.iter().any(|d| d.trim_start_matches('@').to_lowercase() == domain) {
                let detail =
                    format!("The domain `{domain}` is not verified for this team, so `{text}` cannot be used.");
                return Err(ScimError::of(ScimType::InvalidValue, detail));
            }
        }
        Ok(())
    }

    /// Refuses one more active user than there are seats; `active` counts those who have one.
    pub(super) fn licence(&self, active: usize) -> Result<(), ScimError> {
        match self.licence_limit {
            Some(limit) if active >= limit => {
                let detail = format!("All {limit} seats of this plan are in use. Buy more seats or deactivate a user.");
                Err(ScimError::new(403, detail))
            }
            _ => Ok(()),
        }
    }
}
