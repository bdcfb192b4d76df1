//! The desk: whoever can do for the console what needs the engine, the network or a file. The command line implements
//! it; tests put a fake in its place.

use super::words;
use crate::config::settings::{Opened, Saved, Settings};
use crate::engine::{Answer, ConnectionNews, ConnectionTest, InApp};
use crate::model::{Assignment, Counts, ObjectType, Secret, ServicePrincipal};
use crate::sync::cycle::CycleReport;
use crate::text::Shown;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Names one request; made by [`super::shared::Shared::ticket`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What is asked for.
#[derive(Debug)]
pub enum Request {
    /// Test the connection; each step is told as it ends.
    Test,
    /// A dry run over everybody.
    Plan,
    /// Apply the plan with this fingerprint, or only its operations on these objects.
    Apply {
        /// [`CycleReport`]'s fingerprint of the plan as it was shown.
        fingerprint: String,
        /// Directory ids; `None` means all.
        only: Option<Vec<String>>,
    },
    /// Provision one object.
    Provision {
        /// User or group.
        object_type: ObjectType,
        /// Directory id.
        id: String,
        /// Send nothing.
        dry_run: bool,
        /// Attributes to leave out of this write.
        skip: Vec<String>,
    },
    /// Run a cycle now.
    Sync,
    /// Stop the running cycle.
    StopCycle,
    /// Restart the job.
    Restart {
        /// Forget links as well.
        full: bool,
    },
    /// The app's roles and who is assigned, from the directory.
    Assignments,
    /// Assign an object with a role.
    Assign {
        /// User or group.
        object_type: ObjectType,
        /// Directory id.
        id: String,
        /// App role id.
        role: String,
    },
    /// Take one assignment away, by its id.
    Unassign {
        /// Assignment id.
        assignment: String,
    },
    /// Read one object's resource from the app.
    ReadApp {
        /// User or group.
        object_type: ObjectType,
        /// Directory id.
        id: String,
    },
    /// Let held operations happen, or drop them.
    Decide {
        /// Operation ids.
        ids: Vec<String>,
        /// Release or reject.
        release: bool,
    },
    /// Open the form of the job's settings.
    Settings,
    /// Save settings, and a token if one was typed.
    Save {
        /// The form as it was opened.
        form: Box<Form>,
        /// The settings as they should be.
        wanted: Box<Settings>,
        /// The new secret token.
        token: Option<Secret>,
        /// Whether the person agreed to what [`Saved::Ask`] said.
        agreed: bool,
        /// Whether the job is to be turned on behind it, by a request of its own.
        turns_on_next: bool,
    },
}

impl Request {
    /// Whether it changes something: then it goes on when the page that asked is closed.
    pub fn writes(&self) -> bool {
        match self {
            Self::Test | Self::Plan | Self::Assignments | Self::ReadApp { .. } | Self::Settings => false,
            Self::Provision { dry_run, .. } => !dry_run,
            Self::Apply { .. }
            | Self::Sync
            | Self::StopCycle
            | Self::Restart { .. }
            | Self::Assign { .. }
            | Self::Unassign { .. }
            | Self::Decide { .. }
            | Self::Save { .. } => true,
        }
    }

    /// What has to be said beside its end where nobody goes on from there: when it worked, and when it did not. Empty
    /// where the end says all.
    pub fn beside(&self) -> (&'static str, &'static str) {
        match self {
            Self::Save { turns_on_next: true, .. } => ("the job was not turned on: o opens its settings", ""),
            Self::Provision { dry_run: false, .. } => ("", "it may have been written, 4 Log says more"),
            _ => ("", ""),
        }
    }
}

/// What comes back.
#[derive(Debug)]
pub enum Reply {
    /// The connection test.
    Test(ConnectionTest),
    /// The dry run.
    Plan(Box<CycleReport>),
    /// What the engine answered to a provision, apply, sync or restart: exit code and JSON.
    Answer(Answer),
    /// Roles and assignments.
    Assignments(ServicePrincipal, Vec<Assignment>),
    /// The resource, or `None` when the app has none.
    App(Option<Box<InApp>>),
    /// The form of the settings.
    Settings(Box<Form>),
    /// What came of saving.
    Saved(Saved),
    /// Done; in words.
    Done(Shown),
}

/// How something that nobody looks at any more came to its end, in one line.
///
/// # Errors
/// The same, when it did not work.
pub fn outcome(answer: &Answer) -> Result<String, String> {
    let text = |pointer: &str| answer.result.pointer(pointer).and_then(serde_json::Value::as_str).map(str::to_owned);
    let what = text("/operations/0/name").map(|name| format!("{name}: ")).unwrap_or_default();
    let error = text("/error");
    // An answer that was lost is no refusal.
    let lost = |operation: &serde_json::Value| matches!(operation["state"].as_str(), Some("unknown" | "started"));
    let mut operations = answer.result.get("operations").and_then(serde_json::Value::as_array).into_iter().flatten();
    if operations.any(lost) {
        let why = error.as_deref().unwrap_or("the app's answer is not known; 4 Log says more");
        return Err(format!("{what}it may have been written: {why}"));
    }
    if let Some(error) = error {
        return Err(error);
    }
    if answer.result["restarted"] == true {
        return Ok(
            "restarted: the next cycle is an initial one, at its time; `run a cycle now` does not wait".to_owned()
        );
    }
    // What a whole cycle came to; of one object its steps tell.
    let counts = answer.result.get("counts").filter(|_| answer.result.get("operations").is_none());
    let counts = counts.and_then(|counts| Counts::deserialize(counts).ok()).map(|counts| words::counts(&counts));
    match (answer.exit_code, counts) {
        (0, Some(counts)) => Ok(format!("the cycle is done: {counts}")),
        (130, Some(counts)) => Err(format!("stopped: {counts}")),
        (4, Some(counts)) => Err(format!("a guard keeps something back, 5 Plan decides: {counts}")),
        (1, Some(counts)) => Err(format!("the cycle is done: {counts}; 4 Log says why")),
        (0, None) => Ok(format!("{what}done")),
        (4, None) => Err(format!("{what}held back by a guard")),
        (130, None) => Err(format!("{what}stopped")),
        _ => {
            let failed = answer.result.get("log").and_then(serde_json::Value::as_array).into_iter().flatten().find_map(
                |entry| {
                    entry.pointer("/provisioningStatusInfo/errorInformation/reason").and_then(serde_json::Value::as_str)
                },
            );
            Err(format!("{what}{}", failed.unwrap_or("it did not work; 4 Log says why")))
        }
    }
}

/// The job's settings as they were when the form was opened.
#[derive(Clone, Debug)]
pub struct Form {
    /// The settings.
    pub settings: Settings,
    /// The file they come from; the sandbox's job has none.
    pub opened: Option<Opened>,
    /// What storing a new token changes beside the token.
    pub token_note: Option<String>,
}

/// Why something could not be done, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, to what.
    pub what: Shown,
    /// What to do next, a line each.
    pub advice: Vec<Shown>,
}

/// News of a request.
#[derive(Debug)]
pub enum News {
    /// A step of a connection test began or ended.
    Step(ConnectionNews),
    /// What is being done now.
    Progress(Shown),
    /// It ended.
    Done(Result<Reply, Trouble>),
}

/// Tells news while a request is under way.
pub type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// Whoever does it.
pub trait Desk: Send + Sync {
    /// Does what is asked for. `tell` gets what happens on the way; `cancel` asks to stop.
    fn ask(
        self: Arc<Self>,
        request: Request,
        tell: Tell,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Reply, Trouble>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_outcome_says_what_was_done() {
        let said = |exit_code, result| outcome(&Answer { exit_code, result });
        let of = |created, failed| json!({ "counts": Counts { created, failed, ..Counts::default() } });
        let counts = of(38, 2);
        assert_eq!(said(0, of(0, 0)).unwrap(), "the cycle is done: nothing to do");
        assert_eq!(said(1, counts.clone()).unwrap_err(), "the cycle is done: 38 created, 2 failed; 4 Log says why");
        assert_eq!(said(130, counts).unwrap_err(), "stopped: 38 created, 2 failed");
        assert!(
            said(0, json!({ "restarted": true })).unwrap().starts_with("restarted: the next cycle is an initial one")
        );
        let one = json!({ "counts": Counts::default(), "operations": [{ "name": "Ada", "state": "verified" }] });
        assert_eq!(said(0, one).unwrap(), "Ada: done");
    }
}
