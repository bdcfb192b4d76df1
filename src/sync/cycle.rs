//! One cycle, told in order: read, decide, look, plan, guard, apply, write down.

mod evaluate;

mod finish;

pub use evaluate::{entitlements, entitlements_of, roles_of};

use super::apply::{self, Applied};
use super::approval::{Approved, Moved, PlanPrint};
use super::guard::{self, Verdict};
use super::plan::{Note, Planned, Request, Seen, Work};
use super::progress::Beating;
use super::project::Subject;
use super::read::Read;
use super::references::{plan_managers, plan_members};
use super::trace::{self, Stage, Tale, Trace};
use super::{CycleEvent, CycleScope, Job, SyncError, observe, plan, read};
use crate::model::{Collection, Counts, Cycle, CycleKind, CycleState, ObjectType, Operation, OperationState, Verb};
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::store::{StoreError, cycles, job as job_table, links, operations};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::Instant;
use uuid::Uuid;

/// Operations stored per transaction.
const CHUNK: usize = 500;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct CycleRequest {
    /// Evaluate everything anew, whatever the watermark says.
    pub initial: bool,
    /// The whole directory or single objects.
    pub scope: CycleScope,
    /// Stop before anything is written to the app.
    pub dry_run: bool,
    /// Target attributes that are left out this time; the next cycle writes them.
    pub skip: Vec<String>,
    /// Do only what a person saw and approved, or nothing at all.
    pub approved: Option<Approved>,
    /// Tell step by step, for one object that was asked for by name.
    pub trace: bool,
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
    /// Of a dry run over everybody: the plan in short, by which it can be approved.
    pub plan: Option<PlanPrint>,
    /// Why an approved plan was not applied.
    pub moved: Option<Moved>,
    /// Whether only a part of what was planned was to be applied: the rest is left for the next cycle.
    pub partial: bool,
    /// The cycle step by step, if that was asked for.
    pub trace: Option<Box<Trace>>,
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
    let mut unknown = HashSet::new();
    // A dry run may go on beside the process that runs the job: what is under way there is not its business.
    if !request.dry_run {
        unknown = finish::unsettled(job).await?;
        let (row, on_demand) = (cycle.clone(), request.scope != CycleScope::Everyone);
        let start = if on_demand { cycles::start_on_demand } else { cycles::start };
        job.store.write(move |c| start(c, &row)).await?;
    }
    job.pulse.clear();
    let beating = (!request.dry_run).then(|| Beating::start(job, &cycle.id, sent_before));
    job.event(CycleEvent::Started { kind: cycle.kind });
    let mut report = CycleReport {
        cycle: cycle.clone(),
        operations: Vec::new(),
        notes: Vec::new(),
        too_many: None,
        unread: Vec::new(),
        fatal: None,
        plan: None,
        moved: None,
        partial: request.approved.as_ref().is_some_and(|a| a.only.is_some()),
        trace: None,
    };
    let mut tale = Tale::begin();
    if request.trace {
        job.scim.record();
    }
    let outcome = pass(job, request, &unknown, &mut cycle, &mut report, &mut tale).await;
    let recorded = if request.trace { job.scim.recorded() } else { Vec::new() };
    if let Some(beating) = beating {
        beating.stop().await;
    }
    let fatal = match outcome {
        Ok(fatal) => fatal,
        Err(SyncError::Store(error)) => return Err(error),
        Err(error) => Some(error),
    };
    cycle.state = match &fatal {
        None if job.cancel.is_cancelled() => CycleState::Stopped,
        None if !report.unread.is_empty() => CycleState::Failed,
        None => CycleState::Succeeded,
        Some(SyncError::Stopped | SyncError::Moved(_)) => CycleState::Stopped,
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
    if let Some(SyncError::Moved(moved)) = &fatal {
        report.moved = Some(moved.clone());
    }
    report.fatal = fatal;
    report.cycle = cycle.clone();
    if report.moved.is_some() {
        // It did nothing, and was not to do anything else: there was no cycle.
        let id = cycle.id.clone();
        job.store.write(move |c| cycles::forget(c, &id)).await?;
    } else if !request.dry_run {
        finish::close(job, &cycle).await?;
    }
    if request.trace {
        report.trace = Some(Box::new(trace::tell(job, request, &tale, recorded, &report)?));
    }
    job.event(CycleEvent::Finished(Box::new(cycle)));
    Ok(report)
}

/// The line of stages. Returns the fault that stopped all writes, if one did.
async fn pass(
    job: &Job,
    request: &CycleRequest,
    unknown: &HashSet<String>,
    cycle: &mut Cycle,
    report: &mut CycleReport,
    tale: &mut Tale,
) -> Result<Option<SyncError>, SyncError> {
    let read = read::read(job, &cycle.id, request.initial, &request.scope).await?;
    tale.mark(Stage::Read);
    cycle.kind = read.kind;
    report.unread.clone_from(&read.failures);
    job.turn("deciding", None);
    let mut subjects = evaluate::evaluate(job, &read, &request.scope)?;
    subjects.leave_out(&request.skip, &job.rules);
    tale.mark(Stage::Scope);
    job.stopped()?;
    let mut plan = look_and_plan(job, cycle, subjects, tale).await?;
    job.stopped()?;
    let verdict = judge(job, &mut plan, &read)?;
    tale.mark(Stage::Plan);
    if request.trace {
        tale.planned(&plan.work, &plan.notes);
    }
    if request.scope == CycleScope::Everyone && (request.dry_run || request.approved.is_some()) {
        let made_up = |object_type, attribute: &str| {
            let rules = job.rules.of(object_type);
            rules.index_of(attribute).is_some_and(|i| rules.rule(i).source.is_random())
        };
        let print = PlanPrint::of(plan.work.iter().map(|w| &w.operation), made_up, job.now());
        match &request.approved {
            None => {
                let row = print.clone();
                job.store.write(move |c| job_table::set_json(c, job_table::PLAN, &row)).await?;
                report.plan = Some(print);
            }
            Some(approved) => keep_approved(job, approved, &print, &mut plan)?,
        }
    }
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
    carry_out(job, request, cycle, plan, read, unknown, report).await
}

/// Nothing that was not shown is done: another plan than the approved one is an error, and what was not marked goes.
fn keep_approved(job: &Job, approved: &Approved, print: &PlanPrint, plan: &mut Plan) -> Result<(), SyncError> {
    let known = job.store.read(|c| job_table::get_json::<PlanPrint>(c, job_table::PLAN))?;
    if let Some(moved) = print.check(&approved.fingerprint, known.as_ref()) {
        return Err(SyncError::Moved(moved));
    }
    if let Some(only) = &approved.only {
        // What is held stays held, marked or not.
        plan.work.retain(|w| w.operation.state != OperationState::Planned || only.contains(&w.operation.source_id));
        plan.notes.retain(|n| only.contains(&n.subject.source_id));
    }
    Ok(())
}

async fn look_and_plan(
    job: &Job,
    cycle: &Cycle,
    found: evaluate::Evaluated,
    tale: &mut Tale,
) -> Result<Plan, SyncError> {
    let mut plan = Plan { work: Vec::new(), notes: Vec::new() };
    let mut exists = evaluate::linked(job)?;
    let mut shown_managers: HashMap<String, String> = HashMap::new();
    let mut target_ids: HashMap<String, String> = HashMap::new();
    let now = job.now();
    for (object_type, subjects) in [(ObjectType::User, found.users), (ObjectType::Group, found.groups)] {
        let rules = job.rules.of(object_type);
        let mut seen = observe::observe(job, object_type, &subjects, rules).await?;
        tale.mark(Stage::Match);
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
        tale.mark(Stage::Plan);
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
    let Applied { counts, fatal } = apply::apply(job, &cycle.id, ready, &job.rules, unknown, cycle.counts).await?;
    // The operations as they ended, with those that were kept back.
    let mut ended = job.store.read(|c| operations::of_cycle(c, &cycle.id))?;
    ended.extend(kept.into_iter().map(|w| w.operation).filter(|o| o.state == OperationState::Rejected));
    report.operations = ended;
    cycle.counts = cycle.counts.plus(&counts);
    report.notes = plan.notes;
    let whole = request.scope == CycleScope::Everyone && !report.partial;
    if fatal.is_none() && !job.cancel.is_cancelled() && whole {
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
