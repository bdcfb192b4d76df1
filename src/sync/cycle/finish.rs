//! The edges of a cycle: what an earlier one left unsettled, notes and held operations, watermarks, the end.

use super::CycleRequest;
use crate::model::{Collection, Cycle, LogStatus, ObjectType, Operation, OperationState, Verb};
use crate::store::{self, StoreError, cycles, links, operations, retries, watermarks};
use crate::sync::guard::{Ruling, Subject as RulingSubject};
use crate::sync::journal::{self, Record, Trouble};
use crate::sync::plan::{Note, Work};
use crate::sync::read::Read;
use crate::sync::{CycleScope, Job, retry};
use std::collections::{HashMap, HashSet};

/// Log entries per transaction.
const BATCH: usize = 500;

/// How long an operation with an unknown outcome is remembered: afterwards every replica has caught up.
const UNKNOWN_FOR_SECONDS: u64 = 3600;

/// Directory ids of objects whose last write nobody knows about: a process died between request and answer, or the
/// answer was lost. Operations that were started and never ended become `unknown` here.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn unsettled(job: &Job) -> Result<HashSet<String>, StoreError> {
    job.store
        .write(|c| {
            cycles::mark_dead(c)?;
            // What an earlier cycle planned and did not begin is planned anew, or no longer wanted.
            operations::forget_planned(c)?;
            for operation in operations::unfinished(c)? {
                let detail = "its process ended before the answer came; the app is looked at again";
                operations::set_state(c, &operation.id, OperationState::Unknown, Some(detail))?;
            }
            let recent = |o: &Operation| {
                let made = uuid::Uuid::parse_str(&o.id).ok().and_then(|id| id.get_timestamp()).map(|t| t.to_unix().0);
                let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
                made.is_none_or(|made| now.saturating_sub(made) < UNKNOWN_FOR_SECONDS)
            };
            Ok(operations::by_state(c, &[OperationState::Unknown])?
                .into_iter()
                .filter(recent)
                .map(|o| o.source_id)
                .collect())
        })
        .await
}

/// What people decided about the removals of this plan.
///
/// # Errors
/// When the store cannot be read.
pub fn rulings(job: &Job, work: &[Work]) -> Result<HashMap<RulingSubject, Ruling>, StoreError> {
    let reader = job.store.reader()?;
    let mut rulings = HashMap::new();
    for operation in work.iter().map(|w| &w.operation).filter(|o| o.verb.removes()) {
        let found = operations::decision(&reader, operation.object_type, &operation.source_id, operation.verb)?;
        if let Some(decision) = found {
            let ruling = match decision.verdict {
                operations::Verdict::Released => Ruling::Released,
                operations::Verdict::Rejected => Ruling::Rejected,
            };
            rulings.insert((operation.object_type, operation.source_id.clone(), operation.verb), ruling);
        }
    }
    Ok(rulings)
}

/// Writes down what needs no request: skips, failures before any request, and links of accounts that already are as
/// wanted.
///
/// # Errors
/// When the store cannot be written.
pub async fn write_notes(job: &Job, cycle: &Cycle, notes: &[Note]) -> Result<(), StoreError> {
    let now = job.now();
    for chunk in notes.chunks(BATCH) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|note| {
                let subject = &note.subject;
                let trouble = Trouble { code: note.code.clone(), reason: note.reason.clone(), details: None };
                let target = note.link_after.as_ref().or(subject.link.as_ref()).map(|l| l.target_id.as_str());
                let asked = !subject.matching.is_empty();
                let record = Record {
                    subject,
                    verb: None,
                    status: if note.failed { LogStatus::Failure } else { LogStatus::Skipped },
                    trouble: Some(trouble.clone()),
                    changes: &[],
                    target_id: target,
                    matched: asked.then(|| note.reason.clone()),
                    export: None,
                    held: false,
                    duration_ms: 0,
                };
                let entry = journal::entry(job, &cycle.id, &record, job.rules.of(subject.object_type), &now);
                let retry = note.failed.then(|| retry::next(subject.retry.as_ref(), subject, &trouble, false, &now));
                (entry, note.link_after.clone(), retry, subject.object_type, subject.source_id.clone())
            })
            .collect();
        job.store
            .write(move |c| {
                for (entry, link, retry, object_type, source_id) in &rows {
                    store::log::append(c, entry)?;
                    if let Some(link) = link {
                        links::put(c, link)?;
                    }
                    match retry {
                        Some(retry) => retries::put(c, retry)?,
                        None => {
                            let standing = retries::get(c, *object_type, source_id)?;
                            if standing.is_some_and(|r| !r.reference) {
                                retries::remove(c, *object_type, source_id)?;
                            }
                        }
                    }
                }
                Ok(())
            })
            .await?;
        for note in chunk.iter().filter(|n| n.failed) {
            job.event(crate::sync::CycleEvent::Object {
                verb: if note.subject.link.is_some() { Verb::Update } else { Verb::Create },
                object_type: note.subject.object_type,
                name: note.subject.name.clone(),
                target_id: note.subject.link.as_ref().map(|l| l.target_id.clone()),
                held: false,
                status: LogStatus::Failure,
                code: Some(note.code.clone()),
                reason: note.reason.clone(),
                changes: Vec::new(),
            });
        }
    }
    Ok(())
}

/// Stores what is kept back, exactly that after a cycle over everybody (E11.9: what is in scope again is no longer
/// held), and says in the log what is newly held.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn write_held(job: &Job, cycle: &Cycle, request: &CycleRequest, kept: &[Work]) -> Result<(), StoreError> {
    let now = job.now();
    let known: HashSet<(ObjectType, String, Verb)> =
        operations::held(&*job.store.reader()?)?.into_iter().map(|o| (o.object_type, o.source_id, o.verb)).collect();
    let held: Vec<&Work> = kept.iter().filter(|w| w.operation.state == OperationState::Held).collect();
    let fresh = |w: &&Work| {
        let key = (w.operation.object_type, w.operation.source_id.clone(), w.operation.verb);
        match w.operation.state {
            OperationState::Held => !known.contains(&key),
            // A removal that a person refused is mentioned whenever its object is.
            _ => w.subject.touched,
        }
    };
    let entries: Vec<_> = kept
        .iter()
        .filter(fresh)
        .map(|work| {
            let operation = &work.operation;
            let held = operation.state == OperationState::Held;
            let (code, reason) = if held {
                ("Held", operation.held_reason.clone().unwrap_or_default())
            } else {
                ("Rejected", format!("a person rejected it; {}", operation.reason))
            };
            let record = Record {
                subject: &work.subject,
                verb: Some(operation.verb),
                status: LogStatus::Skipped,
                trouble: Some(Trouble { code: code.into(), reason, details: None }),
                changes: &operation.changes,
                target_id: operation.target_id.as_deref(),
                matched: None,
                export: None,
                held,
                duration_ms: 0,
            };
            journal::entry(job, &cycle.id, &record, job.rules.of(operation.object_type), &now)
        })
        .collect();
    for work in &held {
        let trouble = Trouble {
            code: "Held".into(),
            reason: work.operation.held_reason.clone().unwrap_or_default(),
            details: None,
        };
        job.event(journal::event(&work.operation, LogStatus::Skipped, Some(&trouble)));
    }
    let rows: Vec<Operation> = held.iter().map(|w| w.operation.clone()).collect();
    let decided: Vec<(ObjectType, String, Verb)> =
        kept.iter().map(|w| (w.operation.object_type, w.operation.source_id.clone(), w.operation.verb)).collect();
    let everyone = request.scope == CycleScope::Everyone;
    let objects = match &request.scope {
        CycleScope::Everyone => Vec::new(),
        CycleScope::Objects(objects) => objects.clone(),
    };
    job.store
        .write(move |c| {
            if everyone {
                operations::replace_held(c, &rows)?;
                // A refusal stands as long as the cycle wants the same; once it does not, it is over.
                for (object_type, source_id, verb) in operations::decided(c)? {
                    if !decided.contains(&(object_type, source_id.clone(), verb)) {
                        operations::clear_decision(c, object_type, &source_id, verb)?;
                    }
                }
            } else {
                for (object_type, source_id) in &objects {
                    let own: Vec<Operation> = rows
                        .iter()
                        .filter(|o| o.object_type == *object_type && o.source_id == *source_id)
                        .cloned()
                        .collect();
                    operations::replace_held_of(c, *object_type, source_id, &own)?;
                }
            }
            for entry in &entries {
                store::log::append(c, entry)?;
            }
            Ok(())
        })
        .await
}

/// Moves the watermarks. This is the last write of a cycle that came to its end: what they cover is done, held, or
/// waits as a retry.
///
/// # Errors
/// When the store cannot be written.
pub async fn advance(job: &Job, read: &Read) -> Result<(), StoreError> {
    let links: Vec<_> = read.watermarks.iter().map(|(c, l)| (*c, l.clone())).collect();
    let full = |collection| read.certificates.iter().any(|c| c.full && c.collection == collection);
    let selected: Vec<_> = [(Collection::Users, job.user_properties()), (Collection::Groups, job.group_properties())]
        .into_iter()
        .filter(|(collection, _)| full(*collection))
        .collect();
    job.store
        .write(move |c| {
            for (collection, link) in &links {
                watermarks::put(c, *collection, link)?;
            }
            for (collection, properties) in &selected {
                watermarks::put_selected(c, *collection, properties)?;
            }
            Ok(())
        })
        .await
}

/// Closes the cycle's row.
///
/// # Errors
/// When the store cannot be written.
pub async fn close(job: &Job, cycle: &Cycle) -> Result<(), StoreError> {
    let row = cycle.clone();
    job.store.write(move |c| cycles::finish(c, &row)).await
}
