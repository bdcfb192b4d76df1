//! Users and groups: POST, PATCH with its fallbacks, DELETE, and the proof of each.

use super::{Applying, Outcome};
use crate::model::{Link, ObjectType, OperationState, Origin, Verb};
use crate::scim::client::ScimError;
use crate::scim::patch::{Op, PatchOp, PatchRequest};
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::store::links;
use crate::sync::journal::Trouble;
use crate::sync::plan::{self, Planned, Request, Seen, Work};
use crate::sync::verify::{self, Proof};
use crate::sync::{observe, retry};
use serde_json::{Value, json};
use std::time::Duration;

/// How often an object is looked for after an answer was lost, and how long between: replicas lag.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_millis(700),
    Duration::from_millis(1500),
    Duration::from_millis(2500),
];

impl Applying<'_> {
    /// Makes a resource. Never twice: after an unknown outcome the app is searched first, after a conflict as well.
    pub(super) async fn create(&self, work: &mut Work) -> Outcome {
        let Request::Create(body) = work.request.clone() else {
            return Outcome::failed("InternalError", "a create without a body".into(), None);
        };
        let object_type = work.operation.object_type;
        if self.unknown.contains(&work.subject.source_id) {
            match self.look(work).await {
                Ok(Some(found)) => return self.take_over(work, found, Origin::Created).await,
                Ok(None) => {}
                Err(error) => return Outcome::of(error),
            }
        }
        match self.job.scim.create(object_type, &body).await {
            Ok(answer) => self.created(work, &answer).await,
            Err(error) if error.outcome_unknown() => match self.look(work).await {
                Ok(Some(found)) => self.take_over(work, found, Origin::Created).await,
                Ok(None) | Err(_) => Outcome::of(error),
            },
            Err(error) if error.conflict() => {
                match observe::locate(self.job, object_type, &work.subject, self.rules_of(object_type)).await {
                    Ok(Some(found)) => self.take_over(work, found, Origin::Adopted).await,
                    Ok(None) => Outcome::of(error),
                    Err(other) if other.systemic() => Outcome::of(other),
                    Err(_) => Outcome::of(error),
                }
            }
            Err(error) => Outcome::of(error),
        }
    }

    /// Searches for an object whose create may have happened, patiently.
    async fn look(&self, work: &Work) -> Result<Option<Value>, ScimError> {
        let object_type = work.operation.object_type;
        for pause in LOOKS {
            tokio::time::sleep(pause).await;
            let found = observe::locate(self.job, object_type, &work.subject, self.rules_of(object_type)).await?;
            if found.is_some() || self.job.cancel.is_cancelled() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn created(&self, work: &mut Work, answer: &Value) -> Outcome {
        let object_type = work.operation.object_type;
        let Some(id) = answer.get("id").and_then(Value::as_str).map(str::to_owned) else {
            return Outcome::unknown("the app said yes without an id");
        };
        // A create that answers with an account that belongs to somebody else (seen on case variants).
        if self.owner(object_type, &id).is_some_and(|owner| owner != work.subject.source_id) {
            return Outcome::failed(
                "Conflict",
                format!("the app answered with the resource {id}, which belongs to another directory object"),
                None,
            );
        }
        let rules = self.rules_of(object_type);
        let proof = verify::written(self.job, object_type, &id, &work.operation.changes, Some(answer), rules).await;
        let mut outcome = proven(proof.unwrap_or(Proof::Claimed), "POST");
        if let Some(link) = &mut work.link_after {
            link.target_id.clone_from(&id);
            outcome.link = Some(link.clone());
        }
        outcome.target_id = Some(id);
        outcome
    }

    /// The resource exists already: record the link, and write what differs.
    async fn take_over(&self, work: &mut Work, found: Value, origin: Origin) -> Outcome {
        let object_type = work.operation.object_type;
        let id = found.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.owner(object_type, &id).is_some_and(|owner| owner != work.subject.source_id) {
            return Outcome::failed(
                "DuplicateSourceEntries",
                format!("the account {id} that fits already belongs to another directory object"),
                None,
            );
        }
        let now = self.job.now();
        let planned = plan::plan(
            work.subject.clone(),
            Seen::One(Box::new(found)),
            self.rules_of(object_type),
            self.cycle_id,
            &now,
        );
        let adopted = origin == Origin::Adopted;
        let mut outcome = match planned {
            Planned::Work(mut next) => {
                let outcome = self.patch(&mut next).await;
                work.operation.changes.clone_from(&next.operation.changes);
                outcome
            }
            Planned::Note(note) => {
                let mut outcome = Outcome::done(OperationState::Verified);
                outcome.link = note.link_after;
                outcome
            }
            Planned::Nothing => Outcome::done(OperationState::Verified),
        };
        if let Some(link) = &mut outcome.link {
            link.origin = origin;
        }
        outcome.target_id = Some(id);
        outcome.adopted = adopted;
        outcome
    }

    /// Writes differences, and proves them. A disable is always read back.
    pub(super) async fn patch(&self, work: &mut Work) -> Outcome {
        let object_type = work.operation.object_type;
        let Request::Patch { patch, before } = &work.request else {
            return Outcome::failed("InternalError", "an update without changes".into(), None);
        };
        let Some(id) = work.operation.target_id.clone() else {
            return Outcome::failed("InternalError", "an update without a resource id".into(), None);
        };
        let sent = match self.send_patch(object_type, &id, patch, before.as_deref()).await {
            Ok(sent) => sent,
            Err(error) if error.not_found() => return self.gone(work, &id),
            Err(error) => return Outcome::of(error),
        };
        let rules = self.rules_of(object_type);
        let changes = &work.operation.changes;
        let proof = if work.operation.verb == Verb::Disable {
            verify::read_back(self.job, object_type, &id, changes, rules).await
        } else {
            verify::written(self.job, object_type, &id, changes, sent.answer.as_ref(), rules).await
        };
        let proof = match proof {
            Ok(proof) => proof,
            Err(error) if error.systemic() => return Outcome::of(error),
            Err(_) => Proof::Claimed,
        };
        if work.operation.verb == Verb::Disable
            && let Proof::NotApplied(attributes) = &proof
        {
            return Outcome::failed(
                "UnprocessableEntity",
                format!("the app said yes, and the account is still on: {} did not change", attributes.join(", ")),
                None,
            );
        }
        if proof == Proof::Missing {
            return self.gone(work, &id);
        }
        let mut outcome = proven(proof, "PATCH");
        if !sent.refused.is_empty() {
            outcome.trouble = Some(Trouble {
                code: "SchemaAttributeNotFound".into(),
                reason: format!("this app does not take {}: {}", sent.refused.join(", "), sent.why),
                details: None,
            });
        }
        outcome.link = work.link_after.clone();
        outcome.target_id = Some(id);
        outcome
    }

    /// The linked resource is gone (E6.16). For somebody who leaves, gone is as good as off.
    fn gone(&self, work: &Work, id: &str) -> Outcome {
        let link = work.subject.link.clone().map(|l| Link { broken: true, ..l });
        if work.operation.verb == Verb::Disable {
            let mut outcome = Outcome::done(OperationState::Verified);
            outcome.trouble = Some(Trouble {
                code: "InvalidAnchor".into(),
                reason: format!("the app no longer has the resource {id}: nothing is left to turn off"),
                details: None,
            });
            outcome.link = link.map(|l| Link { active: false, managed: false, ..l });
            return outcome;
        }
        let mut outcome = Outcome::failed("InvalidAnchor", format!("the app no longer has the resource {id}"), None);
        outcome.link = link;
        outcome
    }

    /// PATCH as one request; if the app refuses it, attribute by attribute, so that one bad value does not keep the
    /// others back; if the app has no PATCH at all, PUT of the whole resource as it was read.
    async fn send_patch(
        &self,
        object_type: ObjectType,
        id: &str,
        patch: &PatchRequest,
        before: Option<&Value>,
    ) -> Result<Sent, ScimError> {
        let scim = &self.job.scim;
        let first = match scim.patch(object_type, id, &patch.to_value()).await {
            Ok(answer) => return Ok(Sent { answer, ..Sent::default() }),
            Err(error) => error,
        };
        if first.unsupported()
            && let Some(before) = before
        {
            let mut whole = before.clone();
            for op in &patch.operations {
                if let (Some(path), Some(value)) = (&op.path, &op.value)
                    && let Ok(path) = AttrPath::parse(path)
                {
                    resource::set(&mut whole, &path, value.clone());
                }
            }
            if let Some(object) = whole.as_object_mut() {
                object.remove("meta");
                object.remove("groups");
            }
            let answer = scim.replace(object_type, id, &whole).await?;
            return Ok(Sent { answer, ..Sent::default() });
        }
        if !first.refused() {
            return Err(first);
        }
        let mut sent = Sent { why: first.to_string(), ..Sent::default() };
        let mut taken = 0;
        for op in &patch.operations {
            match self.send_one(object_type, id, op).await {
                Ok(answer) => {
                    taken += 1;
                    sent.answer = answer.or(sent.answer);
                }
                Err(error) if error.refused() => {
                    sent.why = error.to_string();
                    sent.refused.push(op.path.clone().unwrap_or_default());
                }
                Err(error) => return Err(error),
            }
        }
        if taken == 0 { Err(first) } else { Ok(sent) }
    }

    /// One attribute in the forms that apps are known to take, one after the other.
    async fn send_one(&self, object_type: ObjectType, id: &str, op: &PatchOp) -> Result<Option<Value>, ScimError> {
        let mut last = None;
        for form in forms(op) {
            let request = PatchRequest { operations: vec![form] };
            match self.job.scim.patch(object_type, id, &request.to_value()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.refused() => {
                    // The first refusal speaks about the value, later ones about the form.
                    last.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        match last {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// Removes a resource; 404 is done (E7.35). A read proves it.
    pub(super) async fn delete(&self, work: &mut Work) -> Outcome {
        let object_type = work.operation.object_type;
        let Some(id) = work.operation.target_id.clone() else {
            return Outcome::failed("InternalError", "a delete without a resource id".into(), None);
        };
        let existed = match self.job.scim.delete(object_type, &id).await {
            Ok(existed) => existed,
            Err(error) => return Outcome::of(error),
        };
        let mut outcome = if existed {
            match self.job.scim.get(object_type, &id, false).await {
                Ok(None) => Outcome::done(OperationState::Verified),
                Ok(Some(_)) => {
                    return Outcome::failed(
                        "UnprocessableEntity",
                        format!("the app said yes, and the resource {id} is still there"),
                        None,
                    );
                }
                Err(_) => Outcome::done(OperationState::Claimed),
            }
        } else {
            Outcome::done(OperationState::Verified)
        };
        outcome.export = Some(if existed {
            "DELETE, and a read proves that it is gone".into()
        } else {
            "the resource was gone already".into()
        });
        outcome.forget = true;
        outcome.target_id = Some(id);
        outcome
    }

    /// Sets the manager, whose resource id is known by now.
    pub(super) async fn manager(&self, work: &mut Work) -> Outcome {
        let rules = self.rules_of(ObjectType::User);
        let Some(path) = rules.reference.map(|i| rules.paths[i].clone()) else {
            return Outcome::failed("InternalError", "the mapping has no manager".into(), None);
        };
        let Some(manager) = work.operation.references.first().cloned() else {
            return Outcome::failed("InternalError", "no manager is named".into(), None);
        };
        let links = (|| {
            let reader = self.job.store.reader()?;
            Ok::<_, crate::store::StoreError>((
                links::get(&reader, ObjectType::User, &work.subject.source_id)?,
                links::get(&reader, ObjectType::User, &manager)?,
            ))
        })();
        let (link, manager_link) = match links {
            Ok((Some(link), Some(manager_link))) => (link, manager_link),
            Ok(_) => return retry::unresolved("the manager or the person is not provisioned"),
            Err(error) => return Outcome::failed("InternalError", error.to_string(), None),
        };
        let value = json!({ "value": manager_link.target_id });
        let inner = AttrPath { sub: Some("value".into()), ..path.clone() };
        let forms = [
            PatchOp { op: Op::Replace, path: Some(path.to_string()), value: Some(value.clone()) },
            PatchOp { op: Op::Add, path: Some(path.to_string()), value: Some(value) },
            PatchOp { op: Op::Replace, path: Some(inner.to_string()), value: Some(json!(manager_link.target_id)) },
        ];
        let mut refusal = None;
        for form in forms {
            let request = PatchRequest { operations: vec![form] };
            match self.job.scim.patch(ObjectType::User, &link.target_id, &request.to_value()).await {
                Ok(answer) => {
                    let shown = |r: &Value| {
                        resource::get(r, &inner).and_then(|v| v.as_str().map(|v| v == manager_link.target_id))
                    };
                    let held = match answer.as_ref().and_then(shown) {
                        Some(true) => Some(true),
                        _ => match self.job.scim.get(ObjectType::User, &link.target_id, false).await {
                            Ok(Some(read)) => shown(&read),
                            Ok(None) | Err(_) => None,
                        },
                    };
                    let mut outcome = Outcome::done(OperationState::Verified);
                    if held != Some(true) {
                        outcome = Outcome::done(OperationState::Claimed);
                        outcome.trouble = Some(Trouble {
                            code: "UnprocessableEntity".into(),
                            reason: "the app said yes, and does not show the manager: a limit of this app".into(),
                            details: None,
                        });
                    }
                    outcome.target_id = Some(link.target_id.clone());
                    outcome.link = Some(Link { manager: Some(manager), ..link });
                    return outcome;
                }
                Err(error) if error.refused() => {
                    refusal.get_or_insert(error);
                }
                Err(error) => return Outcome::of(error),
            }
        }
        refusal.map_or_else(|| retry::unresolved("the app took no form of the manager"), Outcome::of)
    }
}

/// What a PATCH came to.
#[derive(Default)]
struct Sent {
    answer: Option<Value>,
    refused: Vec<String>,
    why: String,
}

/// The forms of one attribute write, the most portable first.
fn forms(op: &PatchOp) -> Vec<PatchOp> {
    let mut forms = vec![op.clone()];
    let Some(path) = op.path.as_deref().and_then(|p| AttrPath::parse(p).ok()) else { return forms };
    let Some(value) = op.value.clone() else { return forms };
    if path.filter.is_some() {
        // No element fits the filter yet: add it whole.
        let list = AttrPath { filter: None, sub: None, ..path.clone() };
        let mut holder = json!({});
        resource::set(&mut holder, &path, value.clone());
        forms.push(PatchOp { op: Op::Add, path: Some(list.to_string()), value: resource::get(&holder, &list) });
    } else {
        forms.push(PatchOp { op: Op::Add, path: op.path.clone(), value: Some(value.clone()) });
    }
    let mut body = json!({});
    resource::set(&mut body, &path, value);
    forms.push(PatchOp { op: Op::Replace, path: None, value: Some(body) });
    forms
}

fn proven(proof: Proof, how: &str) -> Outcome {
    match proof {
        Proof::Verified => {
            let mut outcome = Outcome::done(OperationState::Verified);
            outcome.export = Some(format!("{how}, and a read proves it"));
            outcome
        }
        Proof::Claimed => {
            let mut outcome = Outcome::done(OperationState::Claimed);
            outcome.export = Some(format!("{how}; the app says yes"));
            outcome
        }
        Proof::NotApplied(attributes) => {
            let mut outcome = Outcome::done(OperationState::Claimed);
            outcome.trouble = Some(Trouble {
                code: "UnprocessableEntity".into(),
                reason: format!(
                    "the app said yes, and does not hold what was sent for {}: a limit of this app",
                    attributes.join(", ")
                ),
                details: None,
            });
            outcome
        }
        Proof::Missing => {
            Outcome::failed("InvalidAnchor", "the app said yes, and the resource is not there".into(), None)
        }
    }
}
