//! What came back of one run: steps, requests, changes, and what the log says of it.

use crate::engine::Answer;
use crate::model::{LogEntry, LogStatus, Operation, OperationState, Verb};
use crate::sync::trace::{Stage, StepState, Trace, TraceStep};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Whether nothing was to be sent.
    pub(super) dry_run: bool,
    /// Steps, requests, changes.
    pub(super) trace: Trace,
    /// What was planned, and what became of it.
    pub(super) operations: Vec<Operation>,
    /// What went wrong, from the log of this run.
    pub(super) wrong: Vec<Wrong>,
    /// What ended the whole run, if something did.
    pub(super) error: Option<String>,
    /// The answer as it came.
    pub(super) raw: Value,
}

/// Something that went wrong, with advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Code of the error.
    pub(super) code: String,
    /// What happened.
    pub(super) reason: String,
    /// The app's own words.
    pub(super) details: Option<String>,
    /// What to do.
    pub(super) advice: Option<String>,
    /// Whether it failed, or only wants to be looked at.
    pub(super) failed: bool,
}

impl Run {
    /// Reads an answer.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub(super) fn of(answer: Answer, dry_run: bool) -> Result<Self, String> {
        let error = answer.result.get("error").and_then(Value::as_str).map(str::to_owned);
        let Some(trace) = answer.trace().filter(|trace| trace.steps.len() == Stage::ALL.len()) else {
            return Err(error.unwrap_or_else(|| {
                "the process that runs the job answered without the steps: it may be of another version".to_owned()
            }));
        };
        let part = |name: &str| answer.result.get(name).cloned();
        let log: Vec<LogEntry> = list(part("log"));
        Ok(Self {
            dry_run,
            trace,
            operations: list(part("operations")),
            wrong: log.iter().filter_map(wrong).collect(),
            error,
            raw: answer.result,
        })
    }

    /// One step.
    pub(super) fn step(&self, stage: Stage) -> Option<&TraceStep> {
        self.trace.steps.iter().find(|step| step.stage == stage)
    }

    /// The step to look at first: where it ended, else the plan or the last one.
    pub(super) fn telling(&self) -> Stage {
        let ended = self.trace.steps.iter().find(|s| matches!(s.state, StepState::Failed | StepState::Skipped));
        let last = if self.dry_run { Stage::Plan } else { Stage::Verify };
        ended.map_or(last, |step| step.stage)
    }

    /// Whether any step failed.
    pub(super) fn failed(&self) -> bool {
        self.error.is_some() || self.trace.steps.iter().any(|s| s.state == StepState::Failed)
    }

    /// Whether the app took anything.
    pub(super) fn wrote(&self) -> bool {
        !self.dry_run
            && self.operations.iter().any(|o| matches!(o.state, OperationState::Claimed | OperationState::Verified))
    }

    /// Whether something may have been written of which nobody knows: its answer was lost, or never came.
    pub(super) fn unknown(&self) -> bool {
        !self.dry_run
            && self.operations.iter().any(|o| matches!(o.state, OperationState::Unknown | OperationState::Started))
    }

    /// What would be written, or was.
    pub(super) fn writes(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|o| !matches!(o.state, OperationState::Held | OperationState::Rejected))
    }

    /// Whether there is anything to write after this dry run.
    pub(super) fn would_write(&self) -> bool {
        self.dry_run && !self.failed() && self.writes().next().is_some()
    }

    /// Whether a change cannot be left out: a new account is found by it, or is none without it.
    pub(super) fn needs(&self, change: usize) -> bool {
        self.trace.changes.get(change).is_some_and(|change| self.trace.needed.contains(&change.attribute))
    }

    /// What a guard keeps back.
    pub(super) fn held(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|o| o.state == OperationState::Held)
    }

    /// What would be done, in words: `update`, `create, set manager`.
    pub(super) fn verbs(&self) -> String {
        let verbs: Vec<&str> = self.writes().map(|o| o.verb.as_str()).collect();
        verbs.join(", ")
    }

    /// Whether the account would be deleted.
    pub(super) fn deletes(&self) -> bool {
        self.writes().any(|o| o.verb == Verb::Delete)
    }
}

fn list<T: DeserializeOwned>(value: Option<Value>) -> Vec<T> {
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

fn wrong(entry: &LogEntry) -> Option<Wrong> {
    let info = &entry.provisioning_status_info;
    if info.status == LogStatus::Success {
        return None;
    }
    let error = info.error_information.as_ref()?;
    Some(Wrong {
        code: error.error_code.clone(),
        reason: error.reason.clone(),
        details: error.additional_details.clone(),
        advice: error.recommended_action.clone().filter(|advice| advice.trim() != "Nothing."),
        failed: info.status == LogStatus::Failure,
    })
}
