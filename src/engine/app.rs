//! What the app holds for one object right now, for comparing: beside the process that runs the job.

use crate::model::ObjectType;
use crate::scim::client::{ScimClient, ScimError};
use crate::scim::filter::Filter;
use crate::sync::matching;
use crate::sync::project::{ObjectRules, Subject};
use serde_json::Value;
use std::time::Instant;

/// A resource as the app shows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct InApp {
    /// Its id.
    pub target_id: String,
    /// Mapped target attributes that it has, in the order of the rules: path and value. Untrusted.
    pub attributes: Vec<(String, Value)>,
    /// All of it; groups with their members. Untrusted.
    pub resource: Value,
    /// When it was read, RFC 3339 UTC.
    pub read_at: String,
    /// Milliseconds that took.
    pub ms: u64,
}

impl InApp {
    /// What it holds for a mapped attribute.
    pub fn value(&self, path: &str) -> Option<&Value> {
        self.attributes.iter().find(|(p, _)| p == path).map(|(_, value)| value)
    }
}

/// Reads the resource of an object: the linked one, else the one that fits its matching values. `None` when the app
/// has none; several that fit count as none, since nobody knows which. Reads only, and needs no lease.
///
/// # Errors
/// What the app said, or why nothing usable came.
pub async fn read_app(scim: &ScimClient, rules: &ObjectRules, subject: &Subject) -> Result<Option<InApp>, ScimError> {
    let began = Instant::now();
    let kind = subject.object_type;
    let found = match &subject.link {
        Some(link) if !link.broken => scim.get(kind, &link.target_id, kind == ObjectType::Group).await?,
        _ => by_match(scim, rules, subject).await?,
    };
    let Some(resource) = found else { return Ok(None) };
    let Some(target_id) = resource.get("id").and_then(Value::as_str).map(str::to_owned) else { return Ok(None) };
    let attributes =
        (0..rules.paths.len()).filter_map(|i| Some((rules.target(i).to_owned(), rules.held(i, &resource)?))).collect();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Some(InApp { target_id, attributes, resource, read_at: crate::sync::now(), ms }))
}

async fn by_match(scim: &ScimClient, rules: &ObjectRules, subject: &Subject) -> Result<Option<Value>, ScimError> {
    for (rule, value) in &subject.matching {
        let filter = Filter::eq(rules.target(*rule), value);
        let found = match scim.query(subject.object_type, &filter).await {
            Ok(found) => found,
            Err(error) if error.refused() => continue,
            Err(error) => return Err(error),
        };
        // A server that ignores filters answers with everybody.
        let mut fitting: Vec<Value> = found.into_iter().filter(|f| matching::carries(f, *rule, value, rules)).collect();
        match fitting.len() {
            0 => {}
            1 => return Ok(fitting.pop()),
            _ => return Ok(None),
        }
    }
    Ok(None)
}
