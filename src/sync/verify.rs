//! Is it true? What the app claims is compared with what it shows.

use super::project::ObjectRules;
use super::{Job, SyncError};
use crate::model::{Change, ObjectType};
use crate::scim::client::ScimError;
use crate::scim::path::AttrPath;
use crate::scim::resource;
use serde_json::Value;
use std::collections::HashSet;

/// What a look at the app proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A read showed every value.
    Verified,
    /// The answer to the write showed every value; nobody read again.
    Claimed,
    /// The app said yes, and does not hold these attributes.
    NotApplied(Vec<String>),
    /// The resource is not there.
    Missing,
}

/// The attributes of a diff that a resource does not hold.
pub fn not_held(changes: &[Change], resource: &Value, rules: &ObjectRules) -> Vec<String> {
    changes
        .iter()
        .filter(|change| {
            let Some(rule) = rules.index_of(&change.attribute) else { return false };
            match rules.held(rule, resource) {
                Some(held) => !resource::same(&held, &change.new, rules.rule(rule).case_exact),
                None => !matches!(change.new, Value::Null),
            }
        })
        .map(|change| change.attribute.clone())
        .collect()
}

/// Compares the answer to a write; if it does not show everything, reads once.
///
/// # Errors
/// As the client.
pub async fn written(
    job: &Job,
    object_type: ObjectType,
    id: &str,
    changes: &[Change],
    answer: Option<&Value>,
    rules: &ObjectRules,
) -> Result<Proof, ScimError> {
    if answer.is_some_and(|a| not_held(changes, a, rules).is_empty()) {
        return Ok(Proof::Claimed);
    }
    read_back(job, object_type, id, changes, rules).await
}

/// Reads the resource and compares. Every disable is proved this way (G8).
///
/// # Errors
/// As the client.
pub async fn read_back(
    job: &Job,
    object_type: ObjectType,
    id: &str,
    changes: &[Change],
    rules: &ObjectRules,
) -> Result<Proof, ScimError> {
    Ok(match job.scim.get(object_type, id, false).await? {
        None => Proof::Missing,
        Some(resource) => {
            let missing = not_held(changes, &resource, rules);
            if missing.is_empty() { Proof::Verified } else { Proof::NotApplied(missing) }
        }
    })
}

/// Ids of the members that a group shows; `None` when the app never returns members.
///
/// # Errors
/// As the client.
pub async fn members_shown(job: &Job, id: &str) -> Result<Option<HashSet<String>>, SyncError> {
    let Some(group) = job.scim.get(ObjectType::Group, id, true).await? else { return Ok(None) };
    let Some(members) = resource::get(&group, &AttrPath::of("members")) else { return Ok(None) };
    Ok(Some(
        members
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|m| m.get("value").and_then(Value::as_str).map(str::to_owned))
            .collect(),
    ))
}
