//! A plan that is applied only as it was shown: its fingerprint, and how another plan differs from it.
//!
//! Pure.

use crate::model::{Change, ObjectType, Operation, OperationState};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt::Write as _;

/// What a person said yes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// Fingerprint of the plan that was shown.
    pub fingerprint: String,
    /// Directory ids of the objects to apply it for; `None` for all of it.
    pub only: Option<HashSet<String>>,
}

/// Why nothing of an approved plan was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Objects that are not treated alike; `None` when the approved one is no longer known.
    pub differ: Option<u64>,
    /// When the approved plan was made, RFC 3339 UTC.
    pub since: Option<String>,
}

impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.differ {
            Some(1) => f.write_str("the directory moved: 1 object differs; plan again")?,
            Some(n) => write!(f, "the directory moved: {n} objects differ; plan again")?,
            None => f.write_str("this plan is not the last one that was made; plan again")?,
        }
        f.write_str(" (nothing was written)")
    }
}

/// A plan in short: enough to recognize it, and to count what differs from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPrint {
    /// Names the plan: the same operations give the same text, whenever and in whatever order they were planned.
    pub fingerprint: String,
    /// When the plan was made, RFC 3339 UTC.
    pub made_at: String,
    /// Operations in it.
    pub operations: u64,
    /// [`PRINT`] bytes per operation, sorted, in Base64.
    digests: String,
}

impl PlanPrint {
    /// The print of planned operations: what is done to whom, with every value, and whether a guard keeps it back;
    /// not their ids and times. Values that are made up anew each time (`made_up` says of which attributes) do not
    /// make another plan.
    pub fn of<'a>(
        operations: impl IntoIterator<Item = &'a Operation>,
        made_up: impl Fn(ObjectType, &str) -> bool,
        made_at: String,
    ) -> Self {
        let print = |operation| print_of(operation, |attribute: &str| made_up(operation.object_type, attribute));
        let mut digests: Vec<[u8; PRINT]> = operations.into_iter().map(print).collect();
        digests.sort_unstable();
        let bytes = digests.concat();
        let mut fingerprint = String::with_capacity(32);
        for byte in &digest(&SHA256, &bytes).as_ref()[..16] {
            // Writing to a text does not fail.
            let _ = write!(fingerprint, "{byte:02x}");
        }
        Self { fingerprint, made_at, operations: digests.len() as u64, digests: STANDARD.encode(bytes) }
    }

    /// Objects that the two plans do not treat alike. One that is in both, with another value, is one difference.
    pub fn differences(&self, other: &Self) -> u64 {
        let read = |print: &Self| STANDARD.decode(&print.digests).unwrap_or_default();
        let (mine, theirs) = (read(self), read(other));
        let (mut mine, mut theirs) = (mine.chunks_exact(PRINT).peekable(), theirs.chunks_exact(PRINT).peekable());
        let mut differ = 0;
        let mut last: Option<&[u8]> = None;
        loop {
            let only = match (mine.peek(), theirs.peek()) {
                (None, None) => return differ,
                (Some(a), Some(b)) if a == b => {
                    mine.next();
                    theirs.next();
                    continue;
                }
                (Some(a), Some(b)) if a < b => mine.next(),
                (Some(_), None) => mine.next(),
                (_, Some(_)) => theirs.next(),
            };
            // Sorted by object first: what differs about one follows each other.
            let object = only.map(|print| &print[..WHO]);
            if object != last {
                differ += 1;
                last = object;
            }
        }
    }

    /// Nothing if this plan is the approved one, else what to tell; `known` is the plan that was made last.
    pub fn check(&self, approved: &str, known: Option<&Self>) -> Option<Moved> {
        if self.fingerprint == approved {
            return None;
        }
        let known = known.filter(|known| known.fingerprint == approved);
        Some(Moved { differ: known.map(|k| k.differences(self)), since: known.map(|k| k.made_at.clone()) })
    }
}

/// Bytes that stand for an object.
const WHO: usize = 4;
/// Bytes that stand for an operation: those of its object first.
const PRINT: usize = WHO + 8;

fn print_of(operation: &Operation, made_up: impl Fn(&str) -> bool) -> [u8; PRINT] {
    // The text is unambiguous: every part is JSON.
    let value = |c: &'_ Change| if made_up(&c.attribute) { serde_json::Value::Null } else { c.new.clone() };
    let mut changes: Vec<_> = operation.changes.iter().map(|c| (&c.attribute, &c.old, value(c))).collect();
    changes.sort_by(|a, b| a.0.cmp(b.0));
    let mut references: Vec<&String> = operation.references.iter().collect();
    references.sort_unstable();
    let state = match operation.state {
        OperationState::Held => "held",
        OperationState::Rejected => "rejected",
        _ => "planned",
    };
    let text =
        serde_json::json!([operation.verb, operation.object_type, operation.source_id, changes, references, state]);
    let who = serde_json::json!([operation.object_type, operation.source_id]);
    let sha = |text: &serde_json::Value| digest(&SHA256, text.to_string().as_bytes());
    let mut out = [0; PRINT];
    out[..WHO].copy_from_slice(&sha(&who).as_ref()[..WHO]);
    out[WHO..].copy_from_slice(&sha(&text).as_ref()[..PRINT - WHO]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verb;
    use serde_json::json;

    fn operation(id: &str, title: &str) -> Operation {
        let change =
            |attribute: &str, new: &str| Change { attribute: attribute.into(), old: json!(null), new: json!(new) };
        Operation {
            id: uuid::Uuid::now_v7().to_string(),
            cycle_id: uuid::Uuid::now_v7().to_string(),
            verb: Verb::Update,
            object_type: ObjectType::User,
            source_id: id.into(),
            target_id: None,
            name: id.into(),
            reason: "values differ".into(),
            changes: vec![change("title", title), change("active", "x")],
            references: vec!["a".into(), "b".into()],
            state: OperationState::Planned,
            held_reason: None,
        }
    }

    fn print(operations: &[Operation]) -> PlanPrint {
        PlanPrint::of(operations, |_, _| false, "2026-11-01T00:00:00Z".into())
    }

    #[test]
    fn order_ids_and_times_do_not_matter() {
        let (a, b) = (operation("ada", "Lead"), operation("bob", "Clerk"));
        let first = print(&[a.clone(), b.clone()]);
        let mut again = operation("ada", "Lead");
        again.changes.reverse();
        again.references.reverse();
        again.target_id = Some("9c41".into());
        let second = PlanPrint::of(&[b, again], |_, _| false, "2026-11-02T00:00:00Z".into());
        assert_eq!(first.fingerprint, second.fingerprint);
        assert_eq!(first.differences(&second), 0);
        assert_eq!(second.check(&first.fingerprint, Some(&first)), None);
    }

    #[test]
    fn what_is_made_up_is_no_difference() {
        let of = |title: &str| {
            let made_up = |object_type, attribute: &str| object_type == ObjectType::User && attribute == "title";
            PlanPrint::of(&[operation("ada", title)], made_up, "2026-11-01T00:00:00Z".into())
        };
        assert_eq!(of("f81d4fae").fingerprint, of("7dec11d0").fingerprint);
    }

    #[test]
    fn every_difference_counts() {
        let base = vec![operation("ada", "Lead"), operation("bob", "Clerk")];
        let known = print(&base);
        let mut held = base.clone();
        held[0].state = OperationState::Held;
        let mut verb = base.clone();
        verb[0].verb = Verb::Enable;
        let mut references = base.clone();
        references[1].references.push("c".into());
        let mut value = base.clone();
        value[0].changes[0].new = json!("Boss");
        for changed in [held, verb, references, value] {
            let now = print(&changed);
            let moved = now.check(&known.fingerprint, Some(&known)).unwrap();
            assert_eq!(moved.differ, Some(1));
        }
        let now = print(&base[..1]);
        let moved = now.check(&known.fingerprint, Some(&known)).unwrap();
        assert_eq!((moved.differ, moved.since.as_deref()), (Some(1), Some("2026-11-01T00:00:00Z")));
        assert_eq!(moved.to_string(), "the directory moved: 1 object differs; plan again (nothing was written)");
    }

    #[test]
    fn a_plan_that_nobody_remembers_is_not_applied() {
        let now = print(&[operation("ada", "Lead")]);
        for known in [None, Some(&now)] {
            let moved = now.check("4be1", known).unwrap();
            assert_eq!(moved.differ, None);
            assert!(moved.to_string().contains("plan again"));
        }
    }
}
