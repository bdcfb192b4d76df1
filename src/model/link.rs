//! The ledger: which directory object owns which app resource.

use super::ObjectType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a link came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// We created the resource.
    Created,
    /// The resource existed and was matched.
    Adopted,
}

impl Origin {
    /// `created` or `adopted`, as in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Adopted => "adopted",
        }
    }
}

/// The pair (directory object id, app resource id), E1.6. Everything later addresses the resource by this id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// User or group.
    pub object_type: ObjectType,
    /// Directory object id.
    pub source_id: String,
    /// App resource id: opaque, possibly dirty.
    pub target_id: String,
    /// How the pair was found.
    pub origin: Origin,
    /// Whether the job still manages the resource: false after the disable that follows an unassignment (E3.43).
    pub managed: bool,
    /// Whether the resource was last left active.
    pub active: bool,
    /// Whether the app no longer knows the id (E6.16); the next cycle matches again.
    pub broken: bool,
    /// Last applied values: target attribute path to value, as sent (references excluded).
    pub applied: Map<String, Value>,
    /// Directory id of the manager last written, if any.
    pub manager: Option<String>,
    /// When the link was made, RFC 3339 UTC.
    pub created_at: String,
}

/// A failed object that waits for its next attempt (E1.7; Entra says escrow).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// User or group.
    pub object_type: ObjectType,
    /// Directory object id.
    pub source_id: String,
    /// Error code of the last failure (E13c).
    pub code: String,
    /// What happened, in words; already redacted.
    pub reason: String,
    /// Failures in a row.
    pub attempts: u32,
    /// First failure, RFC 3339 UTC.
    pub first_failed: String,
    /// Not before this instant, unless the source changes (E10.4). RFC 3339 UTC.
    pub next_attempt: String,
    /// Fingerprint of what was going to be written: another one means that the source changed.
    pub fingerprint: String,
    /// Whether it is a reference failure (manager, member), which counts apart (E10.14).
    pub reference: bool,
}
