//! Command rows: what a process without the lease asks the one that has it to do, and its answer.

use super::lease;
use super::runner::{Engine, cycle_json, exit_of};
use super::stop;
use crate::model::ObjectType;
use crate::store::commands::{self, Command, CommandState};
use crate::store::log::{self, LogQuery};
use crate::store::{Store, StoreError};
use crate::sync::CycleScope;
use crate::sync::approval::{Approved, Moved};
use crate::sync::cycle::{CycleReport, CycleRequest};
use crate::sync::trace::Trace;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the answer is looked for.
const PULSE: Duration = Duration::from_millis(60);

/// What can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Ask {
    /// One cycle.
    Sync {
        /// Evaluate everybody.
        initial: bool,
    },
    /// One object now.
    Provision {
        /// User or group.
        object_type: ObjectType,
        /// Directory object id.
        id: String,
        /// Send nothing.
        dry_run: bool,
        /// Target attributes that are left out this time.
        #[serde(default)]
        skip: Vec<String>,
    },
    /// The plan that was made last, as it was shown, or nothing at all.
    Apply {
        /// Fingerprint of the plan.
        fingerprint: String,
        /// Directory ids of the objects to apply it for; `None` for all of it.
        #[serde(default)]
        only: Option<Vec<String>>,
    },
    /// Stop what runs now. What waits behind it is then begun.
    Stop,
    /// Restart provisioning.
    Restart {
        /// Forget links as well.
        full: bool,
    },
}

impl Ask {
    fn kind(&self) -> &'static str {
        match self {
            Self::Sync { .. } => "sync",
            Self::Provision { .. } => "provision",
            Self::Restart { .. } => "restart",
            Self::Apply { .. } => "apply",
            Self::Stop => stop::KIND,
        }
    }
}

/// The answer: exit code and what the command prints.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Exit code for the process that asked.
    pub exit_code: i32,
    /// The cycle as JSON, with `operations` and `notes` for a provision.
    pub result: Value,
}

impl Answer {
    /// The steps, requests and attributes in the answer to [`Ask::Provision`].
    pub fn trace(&self) -> Option<Trace> {
        Trace::deserialize(&self.result).ok()
    }

    /// Why an approved plan was not applied, in the answer to [`Ask::Apply`].
    pub fn moved(&self) -> Option<Moved> {
        Moved::deserialize(self.result.get("moved")?).ok()
    }
}

/// What became of asking.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// The holder did it.
    Answered(Answer),
    /// The holder went away before it began: the lease is free.
    Free,
    /// Stopped while waiting.
    Stopped,
}

/// Asks the holder of the job and waits for its answer.
///
/// # Errors
/// When the store cannot be used.
pub async fn ask(store: &Store, what: &Ask, by: &str, cancel: &CancellationToken) -> Result<Asked, StoreError> {
    let kind = what.kind();
    let args = serde_json::to_value(what).unwrap_or_default();
    let by = by.to_owned();
    let id = store.write(move |c| commands::enqueue(c, kind, &args, &by)).await?;
    loop {
        let row = store.read(move |c| commands::get(c, id))?;
        match row.as_ref().map(|r| r.state) {
            Some(CommandState::Done) => {
                let (exit_code, result) =
                    row.map_or((5, Value::Null), |r| (r.exit_code.unwrap_or(5), r.result.unwrap_or(Value::Null)));
                return Ok(Asked::Answered(Answer { exit_code, result }));
            }
            Some(CommandState::Cancelled) | None => return Ok(Asked::Free),
            Some(CommandState::Queued | CommandState::Running) => {}
        }
        let abandoned = lease::holder(store)?.is_none();
        if abandoned || cancel.is_cancelled() {
            let state = store.write(move |c| commands::cancel(c, id)).await?;
            if cancel.is_cancelled() {
                return Ok(Asked::Stopped);
            }
            if state == CommandState::Cancelled {
                return Ok(Asked::Free);
            }
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(PULSE) => {}
        }
    }
}

/// Does what others asked for, one after the other. Returns how many were done.
///
/// # Errors
/// When the store cannot be used.
pub async fn serve_waiting(engine: &Engine) -> Result<usize, StoreError> {
    let mut done = 0;
    loop {
        let fence = engine.fence();
        let waiting = engine.job.store.read(commands::open)?;
        if waiting.is_empty() {
            return Ok(done);
        }
        let Some(command) = engine.job.store.write(move |c| commands::take_next(c, fence)).await? else {
            return Ok(done);
        };
        let answer = carry_out(engine, &command).await?;
        let id = command.id;
        engine.job.store.write(move |c| commands::finish(c, id, answer.exit_code, &answer.result)).await?;
        done += 1;
    }
}

async fn carry_out(engine: &Engine, command: &Command) -> Result<Answer, StoreError> {
    let Ok(ask) = serde_json::from_value::<Ask>(command.args.clone()) else {
        let result = json!({ "error": format!("this Heeler does not know the command {}", command.kind) });
        return Ok(Answer { exit_code: 2, result });
    };
    do_it(engine, &ask).await
}

/// Does what was asked for, with the lease in hand.
///
/// # Errors
/// When the store cannot be used.
pub async fn do_it(engine: &Engine, ask: &Ask) -> Result<Answer, StoreError> {
    match ask {
        Ask::Sync { initial } => {
            let report = engine.cycle(*initial, CycleScope::Everyone, false).await?;
            Ok(answer(engine, &report, false))
        }
        Ask::Apply { fingerprint, only } => {
            let only = only.as_ref().map(|ids| ids.iter().cloned().collect());
            let approved = Some(Approved { fingerprint: fingerprint.clone(), only });
            let report = engine.run(CycleRequest { approved, ..CycleRequest::default() }).await?;
            Ok(answer(engine, &report, false))
        }
        // Whoever gets here found nothing under way.
        Ask::Stop => Ok(Answer { exit_code: 0, result: json!({ "stopped": false, "cycle_id": null }) }),
        Ask::Provision { object_type, id, dry_run, skip } => {
            let scope = CycleScope::Objects(vec![(*object_type, id.clone())]);
            let request =
                CycleRequest { scope, dry_run: *dry_run, skip: skip.clone(), trace: true, ..CycleRequest::default() };
            let report = engine.run(request).await?;
            let mut answer = answer(engine, &report, true);
            // What the log says about it: outcome, reason and advice.
            let query = LogQuery { cycle: Some(report.cycle.id.clone()), ..LogQuery::default() };
            let rows = engine.job.store.read(|c| log::query(c, &query))?;
            if let Some(map) = answer.result.as_object_mut() {
                map.insert("log".into(), rows.into_iter().map(|r| json!(r.entry)).collect());
            }
            Ok(answer)
        }
        Ask::Restart { full } => {
            engine.restart(*full).await?;
            Ok(Answer { exit_code: 0, result: json!({ "job": engine.job.name, "restarted": true, "full": full }) })
        }
    }
}

/// The answer that a report makes.
pub fn answer(engine: &Engine, report: &CycleReport, detailed: bool) -> Answer {
    let mut result = cycle_json(&engine.job.name, report);
    if let Some(map) = result.as_object_mut() {
        let unread: Vec<Value> =
            report.unread.iter().map(|(c, why)| json!({ "collection": c.as_str(), "reason": why })).collect();
        if !unread.is_empty() {
            map.insert("unread".into(), Value::from(unread));
        }
        if let Some(moved) = &report.moved {
            map.insert("moved".into(), json!(moved));
        }
        if let Some(trace) = report.trace.as_deref().map(|trace| json!(trace)) {
            map.extend(trace.as_object().cloned().unwrap_or_default());
        }
        if detailed {
            map.insert("operations".into(), json!(report.operations));
            let notes: Vec<Value> = report
                .notes
                .iter()
                .map(|n| {
                    json!({
                        "object_type": n.subject.object_type,
                        "source_id": n.subject.source_id,
                        "name": n.subject.name,
                        "code": n.code,
                        "reason": n.reason,
                        "failed": n.failed,
                    })
                })
                .collect();
            map.insert("notes".into(), Value::from(notes));
        }
    }
    Answer { exit_code: exit_of(report), result }
}
