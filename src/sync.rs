//! The sync core: one file per stage, and [`cycle`] that tells the story.
//!
//! ```text
//! read ─▶ scope ─▶ project ─▶ observe ─▶ matching ─▶ plan ─▶ guard ─▶ apply ─▶ verify
//! ```
//!
//! What is wanted follows from the mirror, the assignments and the mapping; what the app holds is in the ledger
//! (links with their last applied values). A cycle works on the difference, whatever caused it. That is why a process
//! that is killed at any instant loses nothing: the next cycle finds the same difference again. Deltas only say what
//! to read anew and whom to mention in the log.

pub mod apply;
pub mod approval;
pub mod cycle;
pub mod explain;
pub mod guard;
pub mod health;
pub mod impact;
pub mod journal;
pub mod matching;
pub mod observe;
pub mod plan;
pub mod progress;
pub mod project;
pub mod read;
pub mod references;
pub mod retry;
pub mod scope;
pub mod trace;
pub mod verify;

use crate::expression::{Context, Random};
use crate::graph::{GraphClient, GraphError};
use crate::model::{Change, Cycle, CycleKind, LogStatus, ObjectType, Verb};
use crate::scim::client::{ScimClient, ScimError};
use crate::store::{Store, StoreError};
use approval::Moved;
use jiff::Timestamp;
use progress::{Progress, Pulse};
use project::{Rules, ScopeRules};
use scope::ScopeSetting;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a job is told about itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Tenant id.
    pub tenant_id: String,
    /// Tenant URL of the app, as configured.
    pub tenant_url: String,
    /// Name of the app for people.
    pub app_name: String,
    /// Object id of the app's service principal.
    pub service_principal_id: String,
    /// Scope.
    pub scope: ScopeRules,
    /// Whether group objects and members are provisioned.
    pub groups: bool,
    /// Most disables and deletes in one cycle (E11.1).
    pub deletion_threshold: Option<u64>,
    /// Operations at once.
    pub concurrency: usize,
    /// The tenant's default domain, for expressions.
    pub default_domain: Option<String>,
}

impl Settings {
    /// Whether the whole tenant is in question.
    pub fn sync_all(&self) -> bool {
        self.scope.setting == ScopeSetting::All
    }
}

/// What a cycle is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CycleScope {
    /// The whole directory.
    #[default]
    Everyone,
    /// Single objects (provision on demand, E12).
    Objects(Vec<(ObjectType, String)>),
}

/// News from a running cycle.
#[derive(Clone, Debug)]
pub enum CycleEvent {
    /// It began.
    Started {
        /// Initial or incremental, as far as is known.
        kind: CycleKind,
    },
    /// What it is doing now.
    Progress(Progress),
    /// One object was handled.
    Object {
        /// What was done.
        verb: Verb,
        /// User or group.
        object_type: ObjectType,
        /// Untrusted.
        name: String,
        /// App resource id.
        target_id: Option<String>,
        /// Whether a guard keeps it back.
        held: bool,
        /// Outcome.
        status: LogStatus,
        /// Code of E13c, if any.
        code: Option<String>,
        /// In words; untrusted.
        reason: String,
        /// The diff.
        changes: Vec<Change>,
    },
    /// It ended.
    Finished(Box<Cycle>),
}

/// Receives events; must not block.
pub type EventSink = Arc<dyn Fn(CycleEvent) + Send + Sync>;

/// Everything that a cycle of one job needs. Clones share clients, store and progress.
#[derive(Clone)]
pub struct Job {
    /// Name in the configuration.
    pub name: String,
    /// Settings.
    pub settings: Settings,
    /// Mappings, compiled.
    pub rules: Rules,
    /// The job's database.
    pub store: Store,
    /// The directory.
    pub graph: GraphClient,
    /// The app.
    pub scim: ScimClient,
    /// Set when the cycle is to stop.
    pub cancel: CancellationToken,
    /// Who asked, if a person did.
    pub initiator: Option<String>,
    /// Where news goes.
    pub events: Option<EventSink>,
    /// How far the running cycle is.
    pub pulse: Arc<Pulse>,
}

impl Job {
    /// The same job, stopped by another token as well as its own clients.
    #[must_use]
    pub fn with_cancel(&self, cancel: &CancellationToken) -> Self {
        let mut job = self.clone();
        job.graph = job.graph.with_cancel(cancel.clone());
        job.scim = job.scim.with_cancel(cancel.clone());
        job.cancel = cancel.clone();
        job
    }

    /// Now, RFC 3339 UTC.
    pub fn now(&self) -> String {
        now()
    }

    /// What expressions may know beside the object.
    pub fn context(&self) -> Context {
        Context::new(Timestamp::now(), entropy()).with_default_domain(self.settings.default_domain.clone())
    }

    /// An error once a stop was asked for.
    ///
    /// # Errors
    /// [`SyncError::Stopped`].
    pub fn stopped(&self) -> Result<(), SyncError> {
        if self.cancel.is_cancelled() { Err(SyncError::Stopped) } else { Ok(()) }
    }

    /// Passes news on.
    pub fn event(&self, event: CycleEvent) {
        if let Some(sink) = &self.events {
            sink(event);
        }
    }

    /// Graph properties to read of users, `manager` among them.
    pub fn user_properties(&self) -> Vec<String> {
        self.rules.user_properties()
    }

    /// Graph properties to read of groups, `members` among them.
    pub fn group_properties(&self) -> Vec<String> {
        self.rules.group_properties()
    }
}

/// Now, RFC 3339 UTC with milliseconds.
pub fn now() -> String {
    let now = Timestamp::now();
    now.round(jiff::Unit::Millisecond).unwrap_or(now).to_string()
}

/// Why a cycle could not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The directory cannot be read.
    #[error(transparent)]
    Directory(#[from] GraphError),
    /// The app cannot be used.
    #[error(transparent)]
    App(#[from] ScimError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The app fails for everybody.
    #[error("the app fails for everybody, so nothing more was sent: {0}. The next cycle goes on from here")]
    AppFails(String),
    /// What would be done is not what was approved: nothing was written.
    #[error("{0}")]
    Moved(Moved),
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
}

impl SyncError {
    /// Whether it can pass without anybody changing anything.
    pub fn transient(&self) -> bool {
        match self {
            Self::Directory(error) => error.transient(),
            Self::App(error) => error.transient(),
            Self::AppFails(_) | Self::Stopped => true,
            Self::Store(_) | Self::Moved(_) => false,
        }
    }
}

/// Random bytes of the system, for what mappings make up.
pub fn entropy() -> Random {
    Random::new(|bytes| aws_lc_rs::rand::fill(bytes).is_ok())
}
