//! Cycles: one pass of a job, and what came of it.

use serde::{Deserialize, Serialize};

/// Initial: everything is evaluated. Incremental: changes since the watermark (E1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CycleKind {
    /// Reads the whole directory.
    Initial,
    /// Reads from the watermark on.
    Incremental,
}

impl CycleKind {
    /// `initial` or `incremental`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Incremental => "incremental",
        }
    }
}

/// How a cycle ended, if it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CycleState {
    /// Under way, or its process died.
    Running,
    /// Came to its end; single objects may have failed.
    Succeeded,
    /// Could not come to its end.
    Failed,
    /// Stopped by a person or a signal.
    Stopped,
}

impl CycleState {
    /// `running`, `succeeded`, `failed` or `stopped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// What a cycle did, in objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Resources made.
    pub created: u64,
    /// Resources changed (attributes, manager or members).
    pub updated: u64,
    /// Accounts turned on again.
    pub enabled: u64,
    /// Accounts turned off.
    pub disabled: u64,
    /// Resources removed.
    pub deleted: u64,
    /// Objects that were looked at and needed nothing.
    pub skipped: u64,
    /// Objects that failed.
    pub failed: u64,
    /// Operations that a guard keeps back.
    pub held: u64,
}

impl Counts {
    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            enabled: self.enabled + other.enabled,
            disabled: self.disabled + other.disabled,
            deleted: self.deleted + other.deleted,
            skipped: self.skipped + other.skipped,
            failed: self.failed + other.failed,
            held: self.held + other.held,
        }
    }

    /// Objects for which something was written.
    pub fn changes(&self) -> u64 {
        self.created + self.updated + self.enabled + self.disabled + self.deleted
    }
}

/// One pass of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// Unique id (GUID text).
    pub id: String,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// Running or ended.
    pub state: CycleState,
    /// RFC 3339 UTC.
    pub started_at: String,
    /// RFC 3339 UTC.
    pub ended_at: Option<String>,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// What it did.
    pub counts: Counts,
    /// HTTP requests sent to the app.
    pub app_requests: u64,
    /// Why it failed, in words.
    pub error: Option<String>,
}

/// Why and since when a job runs at reduced frequency (E10.20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Reason code of E10.19.
    pub reason: String,
    /// What happened, in words.
    pub error: String,
    /// First imposed in this series, RFC 3339 UTC.
    pub series_began: String,
    /// Last evaluated and imposed, RFC 3339 UTC.
    pub current_began: String,
    /// Times it was kept.
    pub series_count: u32,
    /// Next attempt, RFC 3339 UTC.
    pub next_attempt: String,
}
