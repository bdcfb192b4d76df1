//! What would be sent: the requests of planned work, before anything leaves.

use crate::model::{ObjectType, Verb};
use crate::scim::client::Exchange;
use crate::scim::filter::Filter;
use crate::scim::patch::{PatchOp, PatchRequest};
use crate::store::{StoreError, links};
use crate::sync::Job;
use crate::sync::plan::{Request, Work};
use rusqlite::Connection;
use serde_json::{Value, json};

/// Most members that are spelled out: a request carries as many (E8.9).
const CHUNK: usize = 100;

/// The requests of one operation, in the first form that is tried. Ids that only the app can give stand as words.
pub(super) fn planned(job: &Job, c: &Connection, work: &Work) -> Result<Vec<Exchange>, StoreError> {
    let operation = &work.operation;
    let kind = operation.object_type;
    let own = match (&operation.target_id, links::get(c, kind, &operation.source_id)?) {
        (Some(id), _) => id.clone(),
        (None, Some(link)) => link.target_id,
        (None, None) => unborn(&operation.name),
    };
    let path = || job.scim.path(kind, Some(&own));
    let patch = |operations| PatchRequest { operations }.to_value();
    Ok(match &work.request {
        Request::Create(body) => vec![Exchange::planned("POST", job.scim.path(kind, None), Some(body.clone()))],
        Request::Patch { patch, .. } => vec![Exchange::planned("PATCH", path(), Some(patch.to_value()))],
        Request::Delete => vec![Exchange::planned("DELETE", path(), None)],
        Request::Adopt => Vec::new(),
        Request::Manager => {
            let Some(rule) = job.rules.users.reference else { return Ok(Vec::new()) };
            let id = match operation.references.first() {
                Some(manager) => target(c, manager)?,
                None => return Ok(Vec::new()),
            };
            let op = PatchOp::replace(job.rules.users.paths[rule].to_string(), json!({ "value": id }));
            vec![Exchange::planned("PATCH", path(), Some(patch(vec![op])))]
        }
        Request::Members => {
            let mut requests = Vec::new();
            for chunk in operation.references.chunks(CHUNK) {
                let ids = chunk.iter().map(|id| target(c, id)).collect::<Result<Vec<_>, _>>()?;
                let operations = if operation.verb == Verb::AddMembers {
                    let values: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
                    vec![PatchOp::add("members", Value::Array(values))]
                } else {
                    ids.iter().map(|id| PatchOp::remove(format!("members[{}]", Filter::eq("value", id)))).collect()
                };
                requests.push(Exchange::planned("PATCH", path(), Some(patch(operations))));
            }
            requests
        }
    })
}

/// The resource id of a user, or words where the app has not given one yet.
fn target(c: &Connection, source_id: &str) -> Result<String, StoreError> {
    Ok(links::get(c, ObjectType::User, source_id)?.map_or_else(|| unborn(source_id), |link| link.target_id))
}

fn unborn(name: &str) -> String {
    format!("(id of {name})")
}
