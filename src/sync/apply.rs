//! Carry out: one request or a few per operation, the intent written down before, the outcome after.
//!
//! Leavers come before joiners; users before groups; references last. Within a step the limiter of the app bounds
//! what runs at once. A fault that concerns everybody (token refused, app unreachable) stops all writes.

mod blame;
mod breaker;
mod create;
mod learned;
mod manager;
mod members;
mod outcome;
mod swap;
mod write;

pub use outcome::Outcome;

use breaker::Breaker;

use self::learned::Learned;
use super::journal::{self, Record, Trouble};
use super::plan::{Request, Work};
use super::progress::Progress;
use super::project::{ObjectRules, Rules};
use super::{Job, SyncError, retry};
use crate::model::{Counts, LogStatus, ObjectType, Operation, OperationState, Verb};
use crate::store::{self, StoreError, links, operations, retries};
use futures_util::future::join_all;
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::Instant;

/// The order of the steps: leavers before joiners, users before groups, references last.
const ORDER: [(Verb, ObjectType); 12] = [
    (Verb::Disable, ObjectType::User),
    (Verb::RemoveMembers, ObjectType::Group),
    (Verb::Delete, ObjectType::User),
    (Verb::Delete, ObjectType::Group),
    (Verb::Enable, ObjectType::User),
    (Verb::Update, ObjectType::User),
    (Verb::Create, ObjectType::User),
    (Verb::Disable, ObjectType::Group),
    (Verb::Update, ObjectType::Group),
    (Verb::Create, ObjectType::Group),
    (Verb::SetManager, ObjectType::User),
    (Verb::AddMembers, ObjectType::Group),
];

/// Everything that the steps share.
pub(super) struct Applying<'a> {
    pub(super) job: &'a Job,
    pub(super) cycle_id: &'a str,
    pub(super) rules: &'a Rules,
    /// Objects with an earlier operation whose outcome nobody knows: looked up again before anything is made.
    pub(super) unknown: &'a HashSet<String>,
    /// What the app taught us so far.
    learned: Learned,
    /// Operations that were refused because somebody else has the name, and who may give it up.
    tangle: Mutex<Vec<swap::Refused>>,
    /// What the cycle counted before anything was applied.
    before: Counts,
    tally: Mutex<Counts>,
    /// Objects that were counted: a manager or members written in the same cycle do not count again.
    counted: Mutex<HashSet<String>>,
    fatal: Mutex<Option<SyncError>>,
    breaker: Breaker,
    /// Directory ids by resource: a question per answer of the app, so it is kept at hand.
    owners: Mutex<HashMap<(ObjectType, String), String>>,
}

/// What applying came to.
#[derive(Debug)]
pub struct Applied {
    /// Objects by what was done.
    pub counts: Counts,
    /// The fault that stopped everything, if one did.
    pub fatal: Option<SyncError>,
}

/// Carries out planned work. Held and rejected operations are not passed in. `before` is what the cycle counted so
/// far, for whoever watches.
///
/// # Errors
/// When the store cannot be written: then nothing more is sent.
pub async fn apply(
    job: &Job,
    cycle_id: &str,
    work: Vec<Work>,
    rules: &Rules,
    unknown: &HashSet<String>,
    before: Counts,
) -> Result<Applied, SyncError> {
    let applying = Applying {
        job,
        cycle_id,
        rules,
        unknown,
        learned: Learned::default(),
        tangle: Mutex::new(Vec::new()),
        before,
        tally: Mutex::new(Counts::default()),
        counted: Mutex::new(HashSet::new()),
        fatal: Mutex::new(None),
        breaker: Breaker::default(),
        owners: Mutex::new(job.store.read(owners)?),
    };
    let mut left = work;
    let all = left.len();
    for (verb, object_type) in ORDER {
        // In place: with a hundred thousand operations every copy of the list counts.
        let now: Vec<Work> =
            left.extract_if(.., |w| w.operation.verb == verb && w.operation.object_type == object_type).collect();
        if now.is_empty() {
            continue;
        }
        let total = now.len();
        let words = format!("{verb}: {total} to do");
        let done = (all - total - left.len()) as u64;
        job.progress(Progress { words, phase: "applying", done, total: Some(all as u64) });
        let queue = Mutex::new(now.into_iter());
        let workers = (0..job.settings.concurrency.clamp(1, total)).map(|_| applying.work_off(&queue));
        for result in join_all(workers).await {
            if let Err(error) = result {
                applying.stop(error);
            }
        }
        if let Err(error) = applying.untangle().await {
            applying.stop(error);
        }
    }
    let counts = *lock(&applying.tally);
    if let Some(error) = applying.breaker.verdict() {
        applying.stop(error);
    }
    let fatal = lock(&applying.fatal).take();
    if matches!(fatal, Some(SyncError::AppFails(_))) {
        // Nobody is blamed for a fault of the whole app: whoever was tried is tried again in the next cycle.
        let blamed = applying.breaker.blamed();
        job.store
            .write(move |c| blamed.iter().try_for_each(|(kind, id)| retries::remove(c, *kind, id).map(drop)))
            .await?;
    }
    match fatal {
        Some(SyncError::Store(error)) => Err(SyncError::Store(error)),
        fatal => Ok(Applied { counts, fatal }),
    }
}

/// Who owns which resource. Of several links to one resource a managed, unbroken one wins.
fn owners(c: &Connection) -> Result<HashMap<(ObjectType, String), String>, StoreError> {
    let mut found: HashMap<(ObjectType, String), (bool, String)> = HashMap::new();
    for object_type in [ObjectType::User, ObjectType::Group] {
        links::for_each(c, object_type, |link| {
            let good = link.managed && !link.broken;
            let known = found.get(&(object_type, link.target_id.clone())).is_some_and(|(better, _)| *better);
            if good || !known {
                found.insert((object_type, link.target_id), (good, link.source_id));
            }
            Ok(())
        })?;
    }
    Ok(found.into_iter().map(|(resource, (_, owner))| (resource, owner)).collect())
}

/// The operation whose intent has to be kept before anything is sent for it; adopting sends nothing.
fn intent(work: &Work) -> Option<String> {
    (work.request != Request::Adopt).then(|| work.operation.id.clone())
}

/// A poisoned lock still holds good numbers.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Applying<'_> {
    fn stop(&self, error: SyncError) {
        let mut fatal = lock(&self.fatal);
        if fatal.is_none() {
            *fatal = Some(error);
        }
    }

    fn stopped(&self) -> bool {
        self.job.cancel.is_cancelled() || lock(&self.fatal).is_some()
    }

    pub(super) fn rules_of(&self, object_type: ObjectType) -> &ObjectRules {
        self.rules.of(object_type)
    }

    /// Operations one after the other: intent, request, proof, outcome. The outcome of one and the intent of the next
    /// are one transaction: half the waiting for the store, and still no request leaves before its intent is kept.
    async fn work_off(&self, queue: &Mutex<std::vec::IntoIter<Work>>) -> Result<(), SyncError> {
        let mut next = self.take(queue);
        if let Some(id) = next.as_ref().and_then(intent) {
            self.set_state(id, OperationState::Started).await?;
        }
        while let Some(mut work) = next {
            if self.stopped() {
                // Nothing has left, and nothing will.
                return match intent(&work) {
                    Some(id) => self.set_state(id, OperationState::Planned).await,
                    None => Ok(()),
                };
            }
            let began = Instant::now();
            let outcome = tokio::select! {
                biased;
                outcome = self.send(&mut work) => outcome,
                () = self.overtime() => Outcome::unknown("stopped before the answer came"),
            };
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            next = self.take(queue);
            self.job.pulse.step();
            if self.tangled(&work, &outcome) {
                lock(&self.tangle).push((work, outcome));
                if let Some(id) = next.as_ref().and_then(intent) {
                    self.set_state(id, OperationState::Started).await?;
                }
                continue;
            }
            let written = self.write_down(work, outcome, duration_ms, next.as_ref().and_then(intent)).await;
            if let Err(error) = written {
                // The others must not send what can no longer be written down.
                self.stop(error);
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next operation, unless everything stops.
    fn take(&self, queue: &Mutex<std::vec::IntoIter<Work>>) -> Option<Work> {
        if self.stopped() { None } else { lock(queue).next() }
    }

    async fn set_state(&self, id: String, state: OperationState) -> Result<(), SyncError> {
        Ok(self.job.store.write_together(move |c| operations::set_state(c, &id, state, None)).await?)
    }

    /// Resolves when a stop was asked for and its second of grace is over.
    async fn overtime(&self) {
        self.job.cancel.cancelled().await;
        tokio::time::sleep(std::time::Duration::from_millis(800)).await;
    }

    async fn send(&self, work: &mut Work) -> Outcome {
        match &work.request {
            Request::Adopt => Outcome::done(OperationState::Claimed),
            Request::Create(_) => self.create(work).await,
            Request::Patch { .. } => self.patch(work).await,
            Request::Delete => self.delete(work).await,
            Request::Manager => self.manager(work).await,
            Request::Members => self.members(work).await,
        }
    }

    /// The outcome, the link, the retry, the log entry and the intent of the `next` operation: one transaction.
    async fn write_down(
        &self,
        work: Work,
        outcome: Outcome,
        duration_ms: u64,
        next: Option<String>,
    ) -> Result<(), SyncError> {
        let job = self.job;
        if outcome.unsent {
            // Nothing has left: it is planned as before, and not done.
            return self.set_state(work.operation.id, OperationState::Planned).await;
        }
        let now = job.now();
        let mut operation = work.operation;
        operation.state = outcome.state;
        if let Some(target) = &outcome.target_id {
            operation.target_id = Some(target.clone());
        }
        let status = match outcome.state {
            OperationState::Failed if outcome.waits => LogStatus::Skipped,
            OperationState::Failed => LogStatus::Failure,
            OperationState::Unknown => LogStatus::Warning,
            _ if outcome.trouble.is_some() => LogStatus::Warning,
            _ => LogStatus::Success,
        };
        let failed = outcome.state == OperationState::Failed;
        let unknown = outcome.state == OperationState::Unknown;
        if let Some(error) = self.breaker.watch(&work.subject, &outcome) {
            self.stop(error);
        }
        let systemic = outcome.app_error.is_some();
        if let Some(error) = outcome.app_error {
            self.stop(SyncError::App(error));
        }
        let record = Record {
            subject: &work.subject,
            verb: Some(operation.verb),
            status,
            trouble: outcome.trouble.clone(),
            changes: &operation.changes,
            target_id: operation.target_id.as_deref(),
            matched: matches!(operation.verb, Verb::Create | Verb::Update | Verb::Enable)
                .then(|| operation.reason.clone()),
            export: outcome.export.clone(),
            held: false,
            duration_ms,
        };
        let entry = journal::entry(job, self.cycle_id, &record, self.rules_of(operation.object_type), &now);
        let retry = if failed && !systemic && !outcome.waits {
            let trouble = outcome.trouble.clone().unwrap_or_else(|| Trouble {
                code: "InternalError".into(),
                reason: "failed".into(),
                details: None,
            });
            let reference = matches!(operation.verb, Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers);
            Some(retry::next(work.subject.retry.as_ref(), &work.subject, &trouble, reference, &now))
        } else {
            None
        };
        if !outcome.waits {
            self.count(&operation, failed || unknown, outcome.adopted);
        }
        let link = outcome.link;
        if outcome.forget
            && let Some(target) = &operation.target_id
        {
            lock(&self.owners).remove(&(operation.object_type, target.clone()));
        }
        if let Some(link) = &link {
            lock(&self.owners).insert((link.object_type, link.target_id.clone()), link.source_id.clone());
        }
        let (object_type, source_id) = (operation.object_type, operation.source_id.clone());
        let row = (operation.id.clone(), operation.state, operation.target_id.clone());
        let detail = outcome.trouble.as_ref().map(|t| t.reason.clone());
        let members = outcome.members;
        let forget = outcome.forget;
        if let Some(target) = operation.target_id.clone().filter(|_| forget) {
            lock(&self.owners).remove(&(object_type, target));
        }
        let done = !failed && !unknown;
        let clears =
            matches!(operation.verb, Verb::Create | Verb::Update | Verb::Enable | Verb::Disable | Verb::Delete);
        let references = matches!(operation.verb, Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers);
        job.store
            .write_together(move |c| {
                operations::finish(c, &row.0, row.1, detail.as_deref(), row.2.as_deref())?;
                if let Some(link) = &link {
                    links::put(c, link)?;
                }
                if forget {
                    links::remove(c, object_type, &source_id)?;
                    // The values of the resource are free: whoever was refused them need not wait any longer.
                    retries::remove_code(c, object_type, "DuplicateSourceEntries")?;
                }
                for (group, member, present) in &members {
                    if *present {
                        links::add_applied_members(c, group, std::slice::from_ref(member))?;
                    } else {
                        links::remove_applied_members(c, group, std::slice::from_ref(member))?;
                    }
                }
                match &retry {
                    Some(retry) => retries::put(c, retry)?,
                    None if done && (clears || references) => {
                        let standing = retries::get(c, object_type, &source_id)?;
                        if standing.is_some_and(|r| r.reference == references) {
                            retries::remove(c, object_type, &source_id)?;
                        }
                    }
                    None => {}
                }
                store::log::append(c, &entry)?;
                next.map_or(Ok(()), |next| operations::set_state(c, &next, OperationState::Started, None))
            })
            .await?;
        job.event(journal::event(&operation, status, outcome.trouble.as_ref()));
        Ok(())
    }

    /// The directory object that owns a resource.
    fn owner(&self, object_type: ObjectType, target_id: &str) -> Option<String> {
        lock(&self.owners).get(&(object_type, target_id.to_owned())).cloned()
    }

    fn count(&self, operation: &Operation, failed: bool, adopted: bool) {
        let first = lock(&self.counted).insert(operation.source_id.clone());
        let mut counts = lock(&self.tally);
        match operation.verb {
            _ if failed => counts.failed += 1,
            Verb::Create if adopted => counts.updated += 1,
            Verb::Create => counts.created += 1,
            Verb::Enable => counts.enabled += 1,
            Verb::Disable => counts.disabled += 1,
            Verb::Delete => counts.deleted += 1,
            Verb::Update => counts.updated += 1,
            Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers if first => counts.updated += 1,
            Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers => {}
        }
        self.job.pulse.count(self.before.plus(&counts));
    }
}
