//! Log entries in the shape of Microsoft Graph's `provisioningObjectSummary` (E13).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Outcome of an entry or of one of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStatus {
    /// Done.
    Success,
    /// Not done.
    Failure,
    /// Nothing to do, or nothing allowed.
    Skipped,
    /// Done, but look at it.
    Warning,
}

impl LogStatus {
    /// `success`, `failure`, `skipped` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
        }
    }
}

/// What happened to one object in one cycle (`provisioningObjectSummary`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Unique id (UUID v7, so that ids sort by time).
    pub id: String,
    /// RFC 3339 UTC.
    pub activity_date_time: String,
    /// Tenant id.
    pub tenant_id: String,
    /// Job name.
    pub job_id: String,
    /// One per cycle.
    pub cycle_id: String,
    /// One per event.
    pub change_id: String,
    /// `create`, `update`, `delete`, `stagedDelete`, `disable` or `other`.
    pub provisioning_action: String,
    /// Milliseconds.
    pub duration_in_milliseconds: u64,
    /// Outcome and error.
    pub provisioning_status_info: StatusInfo,
    /// What was done, in order.
    pub provisioning_steps: Vec<Step>,
    /// Attribute diff.
    pub modified_properties: Vec<ModifiedProperty>,
    /// The app in the tenant.
    pub service_principal: Identity,
    /// The directory.
    pub source_system: System,
    /// The app.
    pub target_system: System,
    /// The directory object.
    pub source_identity: Identity,
    /// The app resource; its id is empty while there is none.
    pub target_identity: Identity,
    /// Who asked.
    pub initiated_by: Initiator,
}

/// Outcome and error of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusInfo {
    /// Outcome.
    pub status: LogStatus,
    /// Set for failures, skips and warnings that have a code.
    pub error_information: Option<ErrorInformation>,
}

/// Why an entry is not a plain success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorInformation {
    /// Code of E13c.
    pub error_code: String,
    /// What happened, in words.
    pub reason: String,
    /// The app's own words (status, scimType, detail), redacted.
    pub additional_details: Option<String>,
    /// `failure` (the object), `nonServiceFailure` (the data or configuration) or `success`.
    pub error_category: String,
    /// What to do.
    pub recommended_action: Option<String>,
}

/// One step of an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// `EntryImport`, `EntrySynchronizationScoping`, `EntryExportAdd`, …
    pub name: String,
    /// `import`, `scoping`, `matching`, `processing`, `referenceResolution` or `export`.
    pub provisioning_step_type: String,
    /// Outcome of the step.
    pub status: LogStatus,
    /// In words.
    pub description: String,
    /// Open bag of texts.
    pub details: Map<String, Value>,
}

/// One attribute of the diff; values are texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModifiedProperty {
    /// Target attribute path.
    pub display_name: String,
    /// Before.
    pub old_value: Option<String>,
    /// After.
    pub new_value: Option<String>,
}

/// An object in one of the two systems.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Object or resource id.
    pub id: String,
    /// Name.
    pub display_name: String,
    /// `User` or `Group`; absent for a service principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_type: Option<String>,
    /// Open bag.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// One of the two systems.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct System {
    /// Tenant id or app name.
    pub id: String,
    /// Name.
    pub display_name: String,
    /// Open bag.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// Who asked for the change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Initiator {
    /// Empty for the engine itself.
    pub id: String,
    /// Name.
    pub display_name: String,
    /// `user`, `application` or `system`.
    pub initiator_type: String,
}
