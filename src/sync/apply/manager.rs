//! The manager of a person, set once both exist.

use super::{Applying, Outcome};
use crate::model::{Link, ObjectType, OperationState};
use crate::scim::client::ScimError;
use crate::scim::patch::{Op, PatchOp, PatchRequest};
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::store::links;
use crate::sync::journal::Trouble;
use crate::sync::plan::Work;
use serde_json::{Value, json};

/// Under this name the run remembers how the app treats managers.
const MANAGER: &str = "manager";

impl Applying<'_> {
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
            Ok(_) => return Outcome::waits("the manager or the person is not provisioned"),
            Err(error) => return Outcome::failed("InternalError", error.to_string(), None),
        };
        if let Some(why) = self.learned.hopeless(ObjectType::User, MANAGER) {
            return Outcome::failed(
                "SchemaAttributeNotFound",
                format!("this app does not take a manager: {why}"),
                None,
            );
        }
        let value = json!({ "value": manager_link.target_id });
        let inner = AttrPath { sub: Some("value".into()), ..path.clone() };
        let forms = [
            PatchOp { op: Op::Replace, path: Some(path.to_string()), value: Some(value.clone()) },
            PatchOp { op: Op::Add, path: Some(path.to_string()), value: Some(value) },
            PatchOp { op: Op::Replace, path: Some(inner.to_string()), value: Some(json!(manager_link.target_id)) },
            // Some apps know a manager as plain text only.
            PatchOp { op: Op::Replace, path: Some(path.to_string()), value: Some(json!(manager_link.target_id)) },
        ];
        let mut refusal = None;
        for form in forms {
            let request = PatchRequest { operations: vec![form] };
            match self.job.scim.patch(ObjectType::User, &link.target_id, &request.to_value()).await {
                Ok(answer) => {
                    self.learned.taken(ObjectType::User, MANAGER);
                    let shown = |r: &Value| {
                        let held = resource::get(r, &inner).or_else(|| resource::get(r, &path))?;
                        held.as_str().map(|v| v == manager_link.target_id)
                    };
                    if answer.is_none() && self.learned.trusted(ObjectType::User, MANAGER) {
                        let mut outcome = Outcome::done(OperationState::Claimed);
                        outcome.export = Some("PATCH; the app says yes, and one in 20 of these is read back".into());
                        outcome.target_id = Some(link.target_id.clone());
                        outcome.link = Some(Link { manager: Some(manager), ..link });
                        return outcome;
                    }
                    let held = match answer.as_ref().and_then(shown) {
                        Some(true) => Some(true),
                        _ if answer.is_some() && self.learned.never_shown(ObjectType::User, MANAGER) => None,
                        _ => match self.job.scim.get(ObjectType::User, &link.target_id, false).await {
                            Ok(Some(read)) => shown(&read),
                            Ok(None) | Err(_) => None,
                        },
                    };
                    let mut outcome = Outcome::done(OperationState::Verified);
                    if held == Some(true) {
                        self.learned.shown(ObjectType::User, MANAGER);
                    } else {
                        self.learned.ignored(ObjectType::User, MANAGER);
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
        // Where no PATCH works at all, the whole account is written.
        if refusal.as_ref().and_then(ScimError::status).is_some_and(|status| status == 405 || status >= 500)
            && let Some(rule) = rules.reference
            && let wanted = [(rule, json!({ "value": manager_link.target_id }))]
            && self.put(ObjectType::User, &link.target_id, &wanted, None).await.is_ok()
            && let Ok(Some(read)) = self.job.scim.get(ObjectType::User, &link.target_id, false).await
            && resource::get(&read, &inner).is_some_and(|v| v.as_str() == Some(&manager_link.target_id))
        {
            let mut outcome = Outcome::done(OperationState::Verified);
            outcome.target_id = Some(link.target_id.clone());
            outcome.link = Some(Link { manager: Some(manager), ..link });
            return outcome;
        }
        if let Some(error) = &refusal {
            self.learned.refused(ObjectType::User, MANAGER, &error.to_string());
        }
        refusal.map_or_else(|| Outcome::waits("nothing was sent for the manager"), refused)
    }
}

fn refused(error: ScimError) -> Outcome {
    let mut outcome = Outcome::of(error);
    if let Some(trouble) = &mut outcome.trouble {
        trouble.reason = format!("the app did not take the manager: {}", trouble.reason);
    }
    outcome
}
