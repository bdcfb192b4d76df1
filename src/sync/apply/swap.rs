//! People who trade a unique value: one takes the name that another gives up, in a chain or in a ring.
//!
//! The app refuses whoever comes first. Once everybody else is through, the refused are tried again: a chain comes
//! loose link by link. A ring does not, so one of its people gives the name up for a temporary value first. Nobody is
//! merged with anybody: every write addresses its resource by id (fault 46).

use super::{Applying, Outcome, lock};
use crate::model::{OperationState, Verb};
use crate::scim::patch::{PatchOp, PatchRequest};
use crate::sync::SyncError;
use crate::sync::plan::Work;
use serde_json::Value;
use std::time::Instant;

/// An operation that was refused, and what became of it.
pub(super) type Refused = (Work, Outcome);

impl Applying<'_> {
    /// Whether an outcome is a clash over a matching value that may come loose; the work is then kept for
    /// [`Applying::untangle`].
    pub(super) fn tangled(&self, work: &Work, outcome: &Outcome) -> bool {
        matches!(work.operation.verb, Verb::Update | Verb::Enable)
            && outcome.state == OperationState::Failed
            && outcome.trouble.as_ref().is_some_and(|t| t.code == "Conflict")
            && self.wanted_name(work).is_some()
    }

    /// The matching value that an operation gives up and the one that it takes: attribute, old, new.
    fn wanted_name<'w>(&self, work: &'w Work) -> Option<(&'w str, &'w str, &'w str)> {
        let rules = self.rules_of(work.operation.object_type);
        work.operation.changes.iter().find_map(|change| {
            let matching = rules.matching().iter().any(|i| rules.target(*i) == change.attribute);
            let (old, new) = (change.old.as_str()?, change.new.as_str()?);
            matching.then_some((change.attribute.as_str(), old, new))
        })
    }

    /// Tries the refused again, one after the other, as long as that helps; then breaks one ring and goes on.
    pub(super) async fn untangle(&self) -> Result<(), SyncError> {
        let mut waiting = std::mem::take(&mut *lock(&self.tangle));
        while !waiting.is_empty() && !self.stopped() {
            let before = waiting.len();
            waiting = self.again(waiting).await?;
            if waiting.len() < before {
                continue;
            }
            let Some(first) = self.in_a_ring(&waiting) else { break };
            if !self.step_aside(&waiting[first].0).await {
                break;
            }
            // Whoever stepped aside comes last: then the name it wants is free.
            let aside = waiting.remove(first);
            waiting.push(aside);
            waiting = self.again(waiting).await?;
            if waiting.len() == before {
                break;
            }
        }
        for (work, outcome) in waiting {
            self.write_down(work, outcome, 0, None).await?;
        }
        Ok(())
    }

    /// One round; returns whoever was refused again, with what the app said.
    async fn again(&self, waiting: Vec<Refused>) -> Result<Vec<Refused>, SyncError> {
        let mut refused = Vec::new();
        for (mut work, before) in waiting {
            if self.stopped() {
                refused.push((work, before));
                continue;
            }
            let began = Instant::now();
            let outcome = self.patch(&mut work).await;
            if self.tangled(&work, &outcome) {
                refused.push((work, outcome));
            } else {
                let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.write_down(work, outcome, took, None).await?;
            }
        }
        Ok(refused)
    }

    /// Somebody whose old name another one waits for, and who waits for the old name of another one.
    fn in_a_ring(&self, waiting: &[Refused]) -> Option<usize> {
        let names: Vec<(&str, &str)> =
            waiting.iter().filter_map(|(w, _)| self.wanted_name(w).map(|(_, old, new)| (old, new))).collect();
        names.iter().position(|(old, new)| {
            names.iter().any(|(_, other)| other.eq_ignore_ascii_case(old))
                && names.iter().any(|(other, _)| other.eq_ignore_ascii_case(new))
        })
    }

    /// Gives a name up for a temporary one. The ledger still shows the old one, so that a process that dies here
    /// leaves a difference behind, and the next cycle goes on from what the app shows.
    async fn step_aside(&self, work: &Work) -> bool {
        let (Some((attribute, old, _)), Some(id)) = (self.wanted_name(work), work.operation.target_id.as_deref())
        else {
            return false;
        };
        let temporary = format!("moving-{}-{old}", work.operation.id.get(..8).unwrap_or_default());
        let patch = PatchRequest { operations: vec![PatchOp::replace(attribute, Value::from(temporary))] };
        self.job.scim.patch(work.operation.object_type, id, &patch.to_value()).await.is_ok()
    }
}
