//! References: managers and group members, planned once it is known who will exist (E4.7, E7f, E8).
//!
//! Pure. Whoever is linked or will be created counts; everybody else is left out until they come into scope, and
//! then the next cycle fills the reference in by itself.

use super::plan::{Request, Work, operation};
use super::project::Subject;
use crate::model::{Change, Link, Verb};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};

/// A manager that somebody should have.
#[derive(Clone, Debug)]
pub struct WantedManager {
    /// The person.
    pub subject: Subject,
    /// The link of the person, if there is one already.
    pub link: Option<Link>,
    /// Directory id of the manager.
    pub manager: String,
    /// Name of the manager.
    pub manager_name: String,
}

/// The members that a group should have and those it was given.
#[derive(Clone, Debug)]
pub struct WantedMembers {
    /// The group.
    pub subject: Subject,
    /// The link of the group, if there is one already.
    pub link: Option<Link>,
    /// Direct user members in the directory: id and name.
    pub members: Vec<(String, String)>,
    /// Directory ids that we put into the group.
    pub applied: BTreeSet<String>,
}

/// Managers to set. A cleared manager is left as it is (E7.13).
pub fn plan_managers(wanted: Vec<WantedManager>, exists: &HashSet<String>, target: &str, cycle_id: &str) -> Vec<Work> {
    let mut out = Vec::new();
    for want in wanted {
        if !exists.contains(&want.manager) || !exists.contains(&want.subject.source_id) {
            continue;
        }
        let old = want.link.as_ref().and_then(|l| l.manager.clone()).map_or(Value::Null, Value::from);
        let change = Change { attribute: target.to_owned(), old, new: Value::from(want.manager_name) };
        let mut operation = operation(
            &want.subject,
            Verb::SetManager,
            "manager in the directory".into(),
            vec![change],
            cycle_id,
            want.link.as_ref(),
        );
        operation.references = vec![want.manager];
        out.push(Work { operation, request: Request::Manager, subject: want.subject, link_after: None });
    }
    out
}

/// Members to add and to remove, at most one operation each per group. Only what we put in is ever taken out.
pub fn plan_members(wanted: Vec<WantedMembers>, exists: &HashSet<String>, cycle_id: &str) -> Vec<Work> {
    let mut out = Vec::new();
    for want in wanted {
        if !exists.contains(&want.subject.source_id) {
            continue;
        }
        let present: HashSet<&str> = want.members.iter().map(|(id, _)| id.as_str()).collect();
        let added: Vec<&(String, String)> =
            want.members.iter().filter(|(id, _)| exists.contains(id) && !want.applied.contains(id)).collect();
        let dropped: Vec<String> = want.applied.iter().filter(|id| !present.contains(id.as_str())).cloned().collect();
        if !dropped.is_empty() {
            let change = Change {
                attribute: "members".into(),
                old: Value::from(dropped.clone()),
                new: Value::Array(Vec::new()),
            };
            let reason = format!("{} no longer in the group", people(dropped.len()));
            let mut op =
                operation(&want.subject, Verb::RemoveMembers, reason, vec![change], cycle_id, want.link.as_ref());
            op.references = dropped;
            out.push(Work {
                operation: op,
                request: Request::Members,
                subject: want.subject.clone(),
                link_after: None,
            });
        }
        if !added.is_empty() {
            let names: Vec<String> = added.iter().map(|(_, name)| name.clone()).collect();
            let change = Change { attribute: "members".into(), old: Value::Array(Vec::new()), new: Value::from(names) };
            let reason = format!("{} in the group", people(added.len()));
            let mut op = operation(&want.subject, Verb::AddMembers, reason, vec![change], cycle_id, want.link.as_ref());
            op.references = added.iter().map(|(id, _)| id.clone()).collect();
            out.push(Work { operation: op, request: Request::Members, subject: want.subject, link_after: None });
        }
    }
    out
}

fn people(n: usize) -> String {
    if n == 1 { "1 member".into() } else { format!("{n} members") }
}
