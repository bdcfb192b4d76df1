//! Users and groups: PATCH with its fallbacks, DELETE, and the proof of each.

use super::{Applying, Outcome};
use crate::model::{Change, Link, ObjectType, OperationState, Verb};
use crate::scim::client::ScimError;
use crate::scim::patch::{Op, PatchOp, PatchRequest};
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::sync::journal::Trouble;

use crate::sync::plan::{self, Request, Work};
use crate::sync::project::ObjectRules;
use crate::sync::verify::{self, Proof};
use crate::sync::{matching, observe};
use serde_json::{Value, json};

/// What a PATCH came to.
#[derive(Default)]
struct Sent {
    answer: Option<Value>,
    /// Attributes the app did not take, each with its reason.
    refused: Vec<(String, String)>,
}

impl Applying<'_> {
    /// Writes differences, and proves them. A disable is always read back.
    pub(super) async fn patch(&self, work: &mut Work) -> Outcome {
        let object_type = work.operation.object_type;
        let Request::Patch { before, .. } = &work.request else {
            return Outcome::failed("InternalError", "an update without changes".into(), None);
        };
        let Some(id) = work.operation.target_id.clone() else {
            return Outcome::failed("InternalError", "an update without a resource id".into(), None);
        };
        let rules = self.rules_of(object_type);
        let values: Vec<(usize, Value)> = work
            .operation
            .changes
            .iter()
            .filter_map(|change| Some((rules.index_of(&change.attribute)?, change.new.clone())))
            .collect();
        let mut sent = self.send_patch(object_type, &id, &values, before.as_deref()).await;
        if sent.as_ref().is_err_and(ScimError::outcome_unknown) {
            // The answer was lost: look, and write again only what is not there (fault 4).
            match verify::read_back(self.job, object_type, &id, &work.operation.changes, rules).await {
                Ok(Proof::Verified) => sent = Ok(Sent::default()),
                Ok(Proof::NotApplied(_)) => {
                    sent = self.send_patch(object_type, &id, &values, before.as_deref()).await;
                }
                Ok(Proof::Claimed | Proof::Missing) | Err(_) => {}
            }
        }
        let sent = match sent {
            Ok(sent) => sent,
            Err(error) if error.not_found() => return self.gone(work, &id),
            Err(error) if error.refused() && said_before(work) => {
                let again = |c: &Change| (c.attribute.clone(), error.to_string());
                Sent { answer: None, refused: work.operation.changes.iter().map(again).collect() }
            }
            Err(error) => return Outcome::of(error),
        };
        let went = |change: &&Change| !sent.refused.iter().any(|(target, _)| *target == change.attribute);
        let changes: Vec<Change> = work.operation.changes.iter().filter(went).cloned().collect();
        // Where the id is made of the user name, a rename gives a new one.
        let own = sent.answer.as_ref().filter(|a| matching::is_subject(a, &work.subject, rules));
        let mut now = own.and_then(|a| a.get("id")?.as_str()).unwrap_or(&id).to_owned();
        let proof = if work.operation.verb == Verb::Disable {
            verify::read_back(self.job, object_type, &now, &changes, rules).await
        } else {
            self.prove(object_type, &now, &changes, sent.answer.as_ref()).await
        };
        let mut proof = match proof {
            Ok(proof) => proof,
            Err(error) if error.systemic() => return Outcome::of(error),
            Err(_) => Proof::Claimed,
        };
        if proof == Proof::Missing && work.operation.verb == Verb::Disable {
            // The app hides accounts that are off. It said yes to this one.
            proof = Proof::Claimed;
        }
        if proof == Proof::Missing {
            match observe::locate(self.job, object_type, &work.subject, rules).await {
                Ok(Some(found)) => {
                    now = found.get("id").and_then(Value::as_str).unwrap_or(&id).to_owned();
                    let missing = verify::not_held(&changes, &found, rules);
                    proof = if missing.is_empty() { Proof::Verified } else { Proof::NotApplied(missing) };
                }
                Ok(None) | Err(_) => return self.gone(work, &id),
            }
        }
        if now != id
            && let Some(outcome) = self.collides(object_type, &now, &work.subject.source_id)
        {
            return outcome;
        }
        if work.operation.verb == Verb::Disable
            && let Proof::NotApplied(attributes) = &proof
        {
            return Outcome::failed(
                "UnprocessableEntity",
                format!("the app said yes, and the account is still on: {} did not change", attributes.join(", ")),
                None,
            );
        }
        let mut outcome = proven(proof, "PATCH");
        report_refused(&mut outcome, &sent.refused);
        outcome.link = work.link_after.clone().map(|l| Link { target_id: now.clone(), ..l });
        outcome.target_id = Some(now);
        outcome
    }

    /// Whether the app holds what was sent. What it ignored is sent again in other forms, unless the app is known to
    /// ignore it; what it keeps in a form of its own is left at that.
    pub(super) async fn prove(
        &self,
        object_type: ObjectType,
        id: &str,
        changes: &[Change],
        answer: Option<&Value>,
    ) -> Result<Proof, ScimError> {
        let rules = self.rules_of(object_type);
        if let Some(answer) = answer {
            let missing = verify::not_held(changes, answer, rules);
            if missing.is_empty() {
                self.remember_shown(object_type, changes, &[]);
                return Ok(Proof::Claimed);
            }
            if missing.iter().all(|target| self.learned.never_shown(object_type, target)) {
                return Ok(Proof::NotApplied(missing));
            }
        }
        let Some(read) = self.job.scim.get(object_type, id, false).await? else { return Ok(Proof::Missing) };
        let mut missing = verify::not_held(changes, &read, rules);
        if !missing.is_empty() {
            missing = self.insist(object_type, id, changes, missing, read).await?;
        }
        self.remember_shown(object_type, changes, &missing);
        Ok(if missing.is_empty() { Proof::Verified } else { Proof::NotApplied(missing) })
    }

    fn remember_shown(&self, object_type: ObjectType, changes: &[Change], missing: &[String]) {
        for change in changes {
            if missing.contains(&change.attribute) {
                self.learned.ignored(object_type, &change.attribute);
            } else {
                self.learned.shown(object_type, &change.attribute);
            }
        }
    }

    /// Sends what was ignored in the other forms that apps are known to take. Returns what is still missing.
    async fn insist(
        &self,
        object_type: ObjectType,
        id: &str,
        changes: &[Change],
        mut missing: Vec<String>,
        mut read: Value,
    ) -> Result<Vec<String>, ScimError> {
        let rules = self.rules_of(object_type);
        for level in 0..3 {
            let mut sent = false;
            for change in changes.iter().filter(|c| missing.contains(&c.attribute)) {
                let Some(rule) = rules.index_of(&change.attribute) else { continue };
                let held = rules.held(rule, &read);
                let ignored = held.is_none() || held.as_ref() == Some(&change.old);
                if !ignored || rules.fills_elements(rule) || self.learned.never_shown(object_type, &change.attribute) {
                    continue;
                }
                // An element that is there is not added a second time.
                let forms = forms(rules, rule, &change.new, held.is_some());
                let Some(form) = forms.into_iter().nth(level) else { continue };
                let request = PatchRequest { operations: vec![form] };
                match self.job.scim.patch(object_type, id, &request.to_value()).await {
                    Ok(_) => sent = true,
                    Err(error) if error.refused() => {}
                    Err(error) => return Err(error),
                }
            }
            if !sent {
                continue;
            }
            match self.job.scim.get(object_type, id, false).await? {
                Some(now) => read = now,
                None => return Ok(missing),
            }
            missing = verify::not_held(changes, &read, rules);
            if missing.is_empty() {
                break;
            }
        }
        Ok(missing)
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
    /// others back; if the app takes no PATCH, PUT of the whole resource as it was read.
    async fn send_patch(
        &self,
        object_type: ObjectType,
        id: &str,
        values: &[(usize, Value)],
        before: Option<&Value>,
    ) -> Result<Sent, ScimError> {
        let rules = self.rules_of(object_type);
        let mut sent = Sent::default();
        let mut wanted = Vec::new();
        for (rule, value) in values {
            match self.learned.hopeless(object_type, rules.target(*rule)) {
                Some(why) => sent.refused.push((rules.target(*rule).to_owned(), why)),
                None => wanted.push((*rule, value.clone())),
            }
        }
        if wanted.is_empty() {
            return Ok(sent);
        }
        let whole = plan::patch_of(&wanted, rules, before);
        let first = match self.job.scim.patch(object_type, id, &whole.to_value()).await {
            Ok(answer) => {
                for (rule, _) in &wanted {
                    self.learned.taken(object_type, rules.target(*rule));
                }
                sent.answer = answer;
                return Ok(sent);
            }
            Err(error) => error,
        };
        if first.unsupported()
            && let Ok(answer) = self.put(object_type, id, &wanted, before).await
        {
            sent.answer = answer;
            return Ok(sent);
        }
        // Somebody else has a value: no form of it will do, and the rest does not go without it (E9e).
        if first.conflict()
            || !first.refused()
            || first.not_found() && self.job.scim.get(object_type, id, false).await?.is_none()
        {
            return Err(first);
        }
        let mut taken = 0;
        for (rule, value) in &wanted {
            let target = rules.target(*rule);
            match self.send_one(object_type, id, *rule, value, before).await {
                Ok(answer) => {
                    taken += 1;
                    self.learned.taken(object_type, target);
                    sent.answer = answer.or(sent.answer);
                }
                Err(error) if error.refused() => {
                    self.learned.refused(object_type, target, &error.to_string());
                    sent.refused.push((target.to_owned(), error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        if taken > 0 {
            return Ok(sent);
        }
        // Several apps answer 500 to every PATCH that they do not know.
        if first.status().is_some_and(|s| s >= 500)
            && let Ok(answer) = self.put(object_type, id, &wanted, before).await
        {
            return Ok(Sent { answer, refused: Vec::new() });
        }
        Err(first)
    }

    /// PUT of the resource as it was read, with the wanted values. Groups are never replaced: what an app does not
    /// show of their members would be lost.
    pub(super) async fn put(
        &self,
        object_type: ObjectType,
        id: &str,
        values: &[(usize, Value)],
        before: Option<&Value>,
    ) -> Result<Option<Value>, ScimError> {
        let refuse = |message: &str| ScimError::NotScim { message: message.to_owned() };
        if object_type == ObjectType::Group {
            return Err(refuse("a group is never replaced"));
        }
        let rules = self.rules_of(object_type);
        let read = match before {
            Some(before) => Some(before.clone()),
            None => self.job.scim.get(object_type, id, false).await?,
        };
        let mut whole = read.ok_or_else(|| refuse("the resource is not there"))?;
        for (rule, value) in values {
            resource::set(&mut whole, &rules.paths[*rule], value.clone());
        }
        if let Some(object) = whole.as_object_mut() {
            object.remove("meta");
            object.remove("groups");
        }
        self.job.scim.replace(object_type, id, &whole).await
    }

    /// One attribute in the forms that apps are known to take, one after the other.
    pub(super) async fn send_one(
        &self,
        object_type: ObjectType,
        id: &str,
        rule: usize,
        value: &Value,
        before: Option<&Value>,
    ) -> Result<Option<Value>, ScimError> {
        let rules = self.rules_of(object_type);
        let first = match before {
            // Another attribute of the same element may have been written a moment ago: look anew.
            Some(_) if rules.paths[rule].filter.is_some() => self.job.scim.get(object_type, id, false).await?,
            other => other.cloned(),
        };
        let own = plan::patch_of(&[(rule, value.clone())], rules, first.as_ref());
        let mut requests = vec![own];
        if !rules.fills_elements(rule) {
            requests.extend(
                forms(rules, rule, value, false).into_iter().map(|form| PatchRequest { operations: vec![form] }),
            );
        }
        let mut tried: Vec<PatchRequest> = Vec::new();
        let mut refusal = None;
        for request in requests {
            if tried.contains(&request) {
                continue;
            }
            match self.job.scim.patch(object_type, id, &request.to_value()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.refused() => {
                    // The first refusal speaks about the value, later ones about the form.
                    refusal.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
            tried.push(request);
        }
        match refusal {
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
            // The answer was lost: gone is done (fault 4).
            Err(error) if error.outcome_unknown() => match self.job.scim.get(object_type, &id, false).await {
                Ok(None) => true,
                _ => return Outcome::of(error),
            },
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
}

/// Whether all of an update was sent in an earlier cycle already: then the app refused or bent it, and that is a limit
/// of the app and no new failure.
fn said_before(work: &Work) -> bool {
    let applied = work.subject.link.as_ref().map(|link| &link.applied);
    work.operation.verb == Verb::Update
        && work.operation.changes.iter().all(|c| applied.is_some_and(|a| a.get(&c.attribute) == Some(&c.new)))
}

/// The forms of one attribute write, the most portable first. `present`: an element that fits the filter is there, so
/// that none may be added.
fn forms(rules: &ObjectRules, rule: usize, value: &Value, present: bool) -> Vec<PatchOp> {
    let path = &rules.paths[rule];
    let text = path.to_string();
    let mut forms = vec![PatchOp { op: Op::Replace, path: Some(text.clone()), value: Some(value.clone()) }];
    if path.filter.is_none() {
        forms.push(PatchOp { op: Op::Add, path: Some(text), value: Some(value.clone()) });
        let mut body = json!({});
        resource::set(&mut body, path, value.clone());
        // A partial complex attribute wipes its other parts in some apps.
        if path.sub.is_none() {
            forms.push(PatchOp { op: Op::Replace, path: None, value: Some(body) });
        }
    } else if !present {
        let list = AttrPath { filter: None, sub: None, ..path.clone() };
        let mut holder = json!({});
        resource::set(&mut holder, path, value.clone());
        forms.push(PatchOp { op: Op::Add, path: Some(list.to_string()), value: resource::get(&holder, &list) });
    }
    forms
}

/// Adds the warning about attributes that the app did not take.
pub(super) fn report_refused(outcome: &mut Outcome, refused: &[(String, String)]) {
    let Some(trouble) = super::create::refusal(refused) else { return };
    outcome.trouble = Some(match outcome.trouble.take() {
        Some(first) => Trouble { reason: format!("{}; {}", first.reason, trouble.reason), ..first },
        None => trouble,
    });
}

pub(super) fn proven(proof: Proof, how: &str) -> Outcome {
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
