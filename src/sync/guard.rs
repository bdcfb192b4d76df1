//! May it happen? The guard keeps back what rests on an incomplete read, and too many removals at once.
//!
//! Pure. It never changes what an operation would do: it only holds it, with the reason.

use super::plan::Work;
use super::scope::Standing;
use crate::model::{Certificate, Collection, ObjectType, Operation, OperationState, Verb};
use std::collections::{HashMap, HashSet};

/// A standing decision of a person about one held operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Let it through.
    Released,
    /// Never do it, until the object changes again.
    Rejected,
}

/// Names what a decision is about: the object and the verb.
pub type Subject = (ObjectType, String, Verb);

/// What the guard knows about this cycle.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Collections read to the end in this cycle.
    pub certificates: Vec<Certificate>,
    /// Why a collection was not read to the end.
    pub failures: Vec<(Collection, String)>,
    /// Whether scope is by assignment, so that leaving it rests on assignments and groups.
    pub by_assignment: bool,
    /// Most disables and deletes that may pass in one cycle (E11.1); `None` is off.
    pub deletion_threshold: Option<u64>,
    /// What people decided earlier.
    pub rulings: HashMap<Subject, Ruling>,
}

/// What the guard did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Operations kept back.
    pub held: u64,
    /// Disables and deletes that counted towards the threshold, when it was exceeded.
    pub too_many: Option<(u64, u64)>,
}

impl Evidence {
    /// The collections on which a removal rests. A person who is disabled or deleted in the directory is so by the
    /// users alone; whoever is no longer assigned is so by all three; members by users and groups.
    fn rests_on(&self, work: &Work) -> &'static [Collection] {
        use Collection::{Assignments, Groups, Users};
        match (work.operation.object_type, work.operation.verb, &work.subject.standing) {
            (ObjectType::User, _, Standing::Disabled | Standing::SoftDeleted | Standing::HardDeleted) => &[Users],
            (ObjectType::User, _, _) if self.by_assignment => &[Users, Groups, Assignments],
            (ObjectType::User, _, _) => &[Users],
            (ObjectType::Group, Verb::RemoveMembers, _) => &[Users, Groups],
            (ObjectType::Group, _, Standing::HardDeleted) => &[Groups],
            (ObjectType::Group, _, _) if self.by_assignment => &[Groups, Assignments],
            (ObjectType::Group, _, _) => &[Groups],
        }
    }

    /// Why a removal cannot be believed, or `None` when everything it rests on was read.
    fn doubt(&self, work: &Work) -> Option<String> {
        for collection in self.rests_on(work) {
            let name = collection.as_str();
            if let Some((_, why)) = self.failures.iter().find(|(c, _)| c == collection) {
                return Some(format!("the {name} of the directory could not be read completely: {why}"));
            }
            if !self.certificates.iter().any(|c| c.collection == *collection) {
                return Some(format!("the {name} of the directory were not read in this cycle"));
            }
        }
        None
    }

    /// Why a removal should not be believed although everything was read.
    fn suspicion(&self, work: &Work) -> Option<String> {
        let rests_on = self.rests_on(work);
        self.certificates.iter().filter(|c| rests_on.contains(&c.collection)).find_map(|c| c.vanished.clone())
    }
}

/// Holds what must not happen yet. Rejected operations get their state; released ones pass every check except the
/// proof that the directory was read (nothing is removed on faith, whoever asks).
pub fn guard(work: &mut [Work], evidence: &Evidence) -> Verdict {
    let mut verdict = Verdict::default();
    let ruling = |op: &Operation| evidence.rulings.get(&(op.object_type, op.source_id.clone(), op.verb)).copied();
    for work in work.iter_mut().filter(|w| w.operation.verb.removes()) {
        let (doubt, suspicion) = (evidence.doubt(work), evidence.suspicion(work));
        let op = &mut work.operation;
        match (ruling(op), doubt, suspicion) {
            (Some(Ruling::Rejected), _, _) => op.state = OperationState::Rejected,
            (_, Some(why), _) => hold(op, why),
            (Some(Ruling::Released), None, _) | (None, None, None) => {}
            (None, None, Some(why)) => hold(op, why),
        }
    }
    let mut operations: Vec<&mut Operation> = work.iter_mut().map(|w| &mut w.operation).collect();
    if let Some(threshold) = evidence.deletion_threshold {
        // E11.2: disables and deletes of users, and deletes of groups; E11.4: more than the threshold trips.
        let counts = |op: &Operation| {
            matches!(op.verb, Verb::Disable | Verb::Delete)
                && op.state == OperationState::Planned
                && ruling(op) != Some(Ruling::Released)
        };
        let leaving: HashSet<(ObjectType, String)> =
            operations.iter().filter(|o| counts(o)).map(|o| (o.object_type, o.source_id.clone())).collect();
        let n = leaving.len() as u64;
        if n > threshold {
            verdict.too_many = Some((n, threshold));
            let why = format!("{n} disables and deletes in one cycle are more than the threshold of {threshold}");
            for op in operations.iter_mut().filter(|o| counts(o)) {
                hold(op, why.clone());
            }
        }
    }
    // A membership that goes because its user is deleted waits with that delete.
    let waiting: HashSet<String> = operations
        .iter()
        .filter(|o| o.verb == Verb::Delete && o.object_type == ObjectType::User && o.state != OperationState::Planned)
        .map(|o| o.source_id.clone())
        .collect();
    for op in operations.iter_mut().filter(|o| o.verb == Verb::RemoveMembers && o.state == OperationState::Planned) {
        if !op.references.is_empty() && op.references.iter().all(|m| waiting.contains(m)) {
            hold(op, "waits with the delete of its member".into());
        }
    }
    verdict.held = operations.iter().filter(|o| o.state == OperationState::Held).count() as u64;
    verdict
}

fn hold(op: &mut Operation, why: String) {
    op.state = OperationState::Held;
    op.held_reason = Some(why);
}

#[cfg(test)]
mod tests;
