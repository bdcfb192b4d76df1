//! Is it true? What the app claims is compared with what it shows.

use super::project::ObjectRules;
use super::{Job, SyncError};
use crate::model::{Change, ObjectType};
use crate::scim::client::ScimError;
use crate::scim::path::AttrPath;
use crate::scim::resource;
use serde_json::Value;
use std::collections::HashMap;

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

/// The members that a group shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Their values as the app writes them: ids, or whatever it takes for ids.
    pub values: Vec<String>,
    places: HashMap<String, usize>,
    names: HashMap<String, usize>,
}

impl Shown {
    /// Reads the members of a group resource; `None` when it shows none.
    pub fn of(group: &Value) -> Option<Self> {
        let members = resource::get(group, &AttrPath::of("members"))?;
        let mut shown = Self::default();
        for member in members.as_array()? {
            let Some(value) = member.get("value").and_then(Value::as_str) else { continue };
            let at = shown.values.len();
            shown.values.push(value.to_owned());
            shown.places.insert(value.to_owned(), at);
            shown.names.insert(value.to_lowercase(), at);
            // A value may be the user name while the link carries the id.
            if let Some(id) = member.get("$ref").and_then(Value::as_str).and_then(last_segment) {
                shown.places.entry(id.to_owned()).or_insert(at);
            }
        }
        Some(shown)
    }

    /// The value under which the member with this id is shown.
    pub fn find(&self, id: &str) -> Option<&str> {
        self.places.get(id).map(|at| self.values[*at].as_str())
    }

    /// The value under which a member is shown by its user name, whatever the letter case.
    pub fn find_name(&self, name: &str) -> Option<&str> {
        self.names.get(&name.to_lowercase()).map(|at| self.values[*at].as_str())
    }
}

/// The last part of a path or URL, as it is.
fn last_segment(url: &str) -> Option<&str> {
    url.trim_end_matches('/').rsplit('/').next().filter(|s| !s.is_empty())
}

/// The members that a group shows; `None` when it shows none, or is not there.
///
/// # Errors
/// As the client.
pub async fn members_shown(job: &Job, id: &str) -> Result<Option<Shown>, SyncError> {
    Ok(job.scim.get(ObjectType::Group, id, true).await?.as_ref().and_then(Shown::of))
}
