//! One cycle, told in order: read, decide, look, plan, guard, apply, write down.

mod evaluate;

mod finish;

pub use evaluate::{entitlements, roles_of};

use super::apply::{self, Applied};
use super::guard::{self, Verdict};
use super::plan::{Note, Planned, Request, Seen, Work};
use super::project::Subject;
use super::read::Read;
use super::references::{plan_managers, plan_members};
use super::{CycleEvent, CycleScope, Job, SyncError, observe, plan, read};
use crate::model::{Collection, Counts, Cycle, CycleKind, CycleState, ObjectType, Operation, OperationState, Verb};
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::store::{StoreError, cycles, links, operations};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::Instant;
use uuid::Uuid;

/// Operations stored per transaction.
const CHUNK: usize = 500;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct CycleRequest {
    /// Evaluate everything anew, whatever the watermark says.
    pub initial: bool,
    /// The whole directory or single objects.
    pub scope: CycleScope,
    /// Stop before anything is written to the app.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct CycleReport {
    /// The cycle with its counts.
    pub cycle: Cycle,
    /// Every operation as it was planned, for a dry run and for objects that were asked for by name; else none.
    pub operations: Vec<Operation>,
    /// Objects that needed no request but have something to say.
    pub notes: Vec<Note>,
    /// Disables and deletes, and the threshold they exceeded.
    pub too_many: Option<(u64, u64)>,
    /// Collections of the directory that were not read to the end, and why.
    pub unread: Vec<(Collection, String)>,
    /// The fault that stopped the cycle.
    pub fatal: Option<SyncError>,
}

/// What is planned for one cycle.
struct Plan {
    work: Vec<Work>,
    notes: Vec<Note>,
}

/// Runs one cycle. A fault that stops it is in the report; the cycle is then marked failed or stopped.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn run(job: &Job, request: &CycleRequest) -> Result<CycleReport, StoreError> {
    let began = Instant::now();
    let sent_before = job.scim.requests();
    let mut cycle = Cycle {
        id: Uuid::now_v7().to_string(),
        kind: if request.initial { CycleKind::Initial } else { CycleKind::Incremental },
        state: CycleState::Running,
        started_at: job.now(),
        ended_at: None,
        duration_ms: 0,
        counts: Counts::default(),
        app_requests: 0,
        error: None,
    };
    if !request.dry_run {
        let row = cycle.clone();
        job.store.write(move |c| cycles::start(c, &row)).await?;
    }
    job.event(CycleEvent::Started { kind: cycle.kind });
    let mut report = CycleReport {
        cycle: cycle.clone(),
        operations: Vec::new(),
        notes: Vec::new(),
        too_many: None,
        unread: Vec::new(),
        fatal: None,
    };
    let outcome = pass(job, request, &mut cycle, &mut report).await;
    let fatal = match outcome {
        Ok(fatal) => fatal,
        Err(SyncError::Store(error)) => return Err(error),
        Err(error) => Some(error),
    };
    cycle.state = match &fatal {
        None if job.cancel.is_cancelled() => CycleState::Stopped,
        None if !report.unread.is_empty() => CycleState::Failed,
        None => CycleState::Succeeded,
        Some(SyncError::Stopped) => CycleState::Stopped,
        Some(_) if job.cancel.is_cancelled() => CycleState::Stopped,
        Some(_) => CycleState::Failed,
    };
    cycle.error = fatal.as_ref().map(ToString::to_string).or_else(|| {
        let unread = report.unread.iter().map(|(c, why)| format!("the {} were not read to the end: {why}", c.as_str()));
        Some(unread.collect::<Vec<_>>().join("; ")).filter(|words| !words.is_empty())
    });
    cycle.app_requests = job.scim.requests() - sent_before;
    cycle.ended_at = Some(job.now());
    cycle.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    report.fatal = fatal;
    report.cycle = cycle.clone();
    if !request.dry_run {
        finish::close(job, &cycle).await?;
    }
    job.event(CycleEvent::Finished(Box::new(cycle)));
    Ok(report)
}

/// The line of stages. Returns the fault that stopped all writes, if one did.
async fn pass(
    job: &Job,
    request: &CycleRequest,
    cycle: &mut Cycle,
    report: &mut CycleReport,
) -> Result<Option<SyncError>, SyncError> {
    let unknown = finish::unsettled(job).await?;
    let read = read::read(job, &cycle.id, request.initial, &request.scope).await?;
    cycle.kind = read.kind;
    report.unread.clone_from(&read.failures);
    let subjects = evaluate::evaluate(job, &read, &request.scope)?;
    job.stopped()?;
    let mut plan = look_and_plan(job, cycle, subjects).await?;
    job.stopped()?;
    let verdict = judge(job, &mut plan, &read)?;
    report.too_many = verdict.too_many;
    cycle.counts.held = verdict.held;
    cycle.counts.skipped = plan.notes.iter().filter(|n| !n.failed).count() as u64;
    cycle.counts.failed = plan.notes.iter().filter(|n| n.failed).count() as u64;
    // Of a cycle over everybody the log tells; only what was asked for by name is shown at once.
    if request.dry_run || request.scope != CycleScope::Everyone {
        report.operations = plan.work.iter().map(|w| w.operation.clone()).collect();
    }
    if request.dry_run {
        report.notes = plan.notes;
        return Ok(None);
    }
    carry_out(job, request, cycle, plan, read, &unknown, report).await
}

async fn look_and_plan(job: &Job, cycle: &Cycle, found: evaluate::Evaluated) -> Result<Plan, SyncError> {
    let mut plan = Plan { work: Vec::new(), notes: Vec::new() };
    let mut exists = evaluate::linked(job)?;
    let mut shown_managers: HashMap<String, String> = HashMap::new();
    let mut target_ids: HashMap<String, String> = HashMap::new();
    let now = job.now();
    for (object_type, subjects) in [(ObjectType::User, found.users), (ObjectType::Group, found.groups)] {
        let rules = job.rules.of(object_type);
        let mut seen = observe::observe(job, object_type, &subjects, rules).await?;
        for subject in subjects {
            let shown = seen.remove(&subject.source_id).unwrap_or_else(|| unasked(&subject));
            if let Seen::One(resource) = &shown {
                remember(&subject, resource, rules.reference.map(|i| &rules.paths[i]), &mut shown_managers);
                if let Some(id) = resource.get("id").and_then(Value::as_str) {
                    target_ids.insert(subject.source_id.clone(), id.to_owned());
                }
            }
            match plan::plan(subject, shown, rules, &cycle.id, &now) {
                Planned::Work(work) => {
                    if work.link_after.is_some() {
                        exists.insert(work.operation.source_id.clone());
                    }
                    plan.work.push(*work);
                }
                Planned::Note(note) => {
                    if note.link_after.is_some() {
                        exists.insert(note.subject.source_id.clone());
                    }
                    plan.notes.push(*note);
                }
                Planned::Nothing => {}
            }
        }
    }
    if let Some(reference) = job.rules.users.reference {
        let reader = job.store.reader()?;
        let mut wanted = Vec::new();
        let mut settled = HashMap::new();
        for want in found.managers {
            // An account that was found may have its manager already.
            let target = match target_ids.get(&want.manager) {
                Some(id) => Some(id.clone()),
                None => links::get(&reader, ObjectType::User, &want.manager)?.map(|l| l.target_id),
            };
            let shown = shown_managers.get(&want.subject.source_id);
            if target.is_some() && target.as_ref() == shown {
                settled.insert(want.subject.source_id, want.manager);
            } else {
                wanted.push(want);
            }
        }
        settle_managers(&mut plan, settled);
        plan.work.extend(plan_managers(wanted, &exists, job.rules.users.target(reference), &cycle.id));
    }
    plan.work.extend(plan_members(found.members, &exists, &cycle.id));
    plan.work.sort_by_key(|w| (w.operation.verb, w.operation.object_type));
    Ok(plan)
}

/// What is known about an object that nobody asked the app about.
fn unasked(subject: &Subject) -> Seen {
    if subject.link.is_some() { Seen::Unasked } else { Seen::Absent }
}

/// Notes the manager that a found account shows.
fn remember(subject: &Subject, resource: &Value, path: Option<&AttrPath>, shown: &mut HashMap<String, String>) {
    let Some(path) = path.filter(|_| subject.object_type == ObjectType::User) else { return };
    let inner = AttrPath { sub: Some("value".into()), ..path.clone() };
    if let Some(id) = resource::get(resource, &inner).and_then(|v| v.as_str().map(str::to_owned)) {
        shown.insert(subject.source_id.clone(), id);
    }
}

/// The app already holds the right managers (user, manager): the ledger is told, nothing is sent.
fn settle_managers(plan: &mut Plan, mut settled: HashMap<String, String>) {
    for work in &mut plan.work {
        let Some(link) = &mut work.link_after else { continue };
        if let Some(manager) = settled.remove(&work.operation.source_id) {
            link.manager = Some(manager);
        }
    }
    for note in &mut plan.notes {
        let Some(manager) = settled.remove(&note.subject.source_id) else { continue };
        if note.link_after.is_none() {
            note.link_after.clone_from(&note.subject.link);
        }
        if let Some(link) = &mut note.link_after {
            link.manager = Some(manager);
        }
    }
}

fn judge(job: &Job, plan: &mut Plan, read: &Read) -> Result<Verdict, SyncError> {
    let evidence = guard::Evidence {
        certificates: read.certificates.clone(),
        failures: read.failures.clone(),
        by_assignment: !job.settings.sync_all(),
        deletion_threshold: job.settings.deletion_threshold,
        rulings: finish::rulings(job, &plan.work)?,
    };
    Ok(guard::guard(&mut plan.work, &evidence))
}

async fn carry_out(
    job: &Job,
    request: &CycleRequest,
    cycle: &mut Cycle,
    plan: Plan,
    read: Read,
    unknown: &HashSet<String>,
    report: &mut CycleReport,
) -> Result<Option<SyncError>, SyncError> {
    finish::write_notes(job, cycle, &plan.notes).await?;
    let mut ready = plan.work;
    let kept: Vec<Work> = ready.extract_if(.., |w| w.operation.state != OperationState::Planned).collect();
    finish::write_held(job, cycle, request, &kept).await?;
    for chunk in ready.chunks(CHUNK) {
        let rows: Vec<Operation> = chunk.iter().map(|w| w.operation.clone()).collect();
        job.store.write(move |c| operations::insert_many(c, &rows)).await?;
    }
    let Applied { counts, fatal } = apply::apply(job, &cycle.id, ready, &job.rules, unknown).await?;
    // The operations as they ended, with those that were kept back.
    let mut ended = job.store.read(|c| operations::of_cycle(c, &cycle.id))?;
    ended.extend(kept.into_iter().map(|w| w.operation).filter(|o| o.state == OperationState::Rejected));
    report.operations = ended;
    cycle.counts.created += counts.created;
    cycle.counts.updated += counts.updated;
    cycle.counts.enabled += counts.enabled;
    cycle.counts.disabled += counts.disabled;
    cycle.counts.deleted += counts.deleted;
    cycle.counts.failed += counts.failed;
    report.notes = plan.notes;
    if fatal.is_none() && !job.cancel.is_cancelled() && request.scope == CycleScope::Everyone {
        finish::advance(job, &read).await?;
    }
    Ok(fatal)
}

/// Whether an operation is one that a person must decide about.
pub fn staged(operation: &Operation) -> bool {
    operation.state == OperationState::Held && matches!(operation.verb, Verb::Disable | Verb::Delete)
}

/// What a request of the plan sends, in words, for dry runs.
pub fn request_words(request: &Request) -> &'static str {
    match request {
        Request::Create(_) => "POST",
        Request::Patch { .. } | Request::Manager | Request::Members => "PATCH",
        Request::Delete => "DELETE",
        Request::Adopt => "nothing",
    }
}
