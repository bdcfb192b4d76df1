//! Group members: in chunks, proved by reading the group once, with the forms that real apps take.

use super::{Applying, Outcome};
use crate::model::{Link, ObjectType, OperationState, Origin, Verb};
use crate::scim::client::ScimError;
use crate::scim::filter::Filter;
use crate::scim::patch::{Op, PatchOp, PatchRequest};
use crate::store::links;
use crate::sync::journal::Trouble;
use crate::sync::plan::Work;
use crate::sync::verify;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Most members in one PATCH (E8.9: at most 100). Halved when an app says that it is too much.
const CHUNK: usize = 100;

/// A member with its resource in the app.
struct Pair {
    source_id: String,
    target_id: String,
}

impl Applying<'_> {
    /// Adds or removes the members of one group.
    pub(super) async fn members(&self, work: &mut Work) -> Outcome {
        let (group, pairs, fresh) = match self.resolve(work) {
            Ok(Some(resolved)) => resolved,
            Ok(None) => return Outcome::waits("the group is not provisioned"),
            Err(error) => return Outcome::failed("InternalError", error.to_string(), None),
        };
        let add = work.operation.verb == Verb::AddMembers;
        if pairs.is_empty() {
            return Outcome::waits("none of these members has an account in the app, or all are in the group already");
        }
        // A group that existed before, or whose last write nobody knows about: never add somebody twice.
        let look = add && (fresh && group.origin == Origin::Adopted || self.unknown.contains(&group.source_id));
        let present = if look {
            match verify::members_shown(self.job, &group.target_id).await {
                Ok(shown) => shown.unwrap_or_default(),
                Err(error) => return Outcome::failed("InternalError", error.to_string(), None),
            }
        } else {
            HashSet::new()
        };
        let (already, todo): (Vec<Pair>, Vec<Pair>) = pairs.into_iter().partition(|p| present.contains(&p.target_id));
        let mut done: Vec<String> = already.into_iter().map(|p| p.source_id).collect();
        let mut refusal = None;
        let mut chunk = CHUNK;
        let mut rest: &[Pair] = &todo;
        while !rest.is_empty() {
            if self.job.cancel.is_cancelled() {
                break;
            }
            let (now, later) = rest.split_at(rest.len().min(chunk));
            match self.send_chunk(&group.target_id, now, add).await {
                Ok(()) => {
                    done.extend(now.iter().map(|p| p.source_id.clone()));
                    if let Err(error) = self.record(&group.source_id, now, add).await {
                        return Outcome::failed("InternalError", error.to_string(), None);
                    }
                    rest = later;
                }
                Err(error) if error.too_much() && now.len() > 1 => chunk = now.len().div_ceil(2),
                Err(error) if error.refused() && now.len() > 1 => chunk = 1,
                Err(error) if error.refused() => {
                    refusal.get_or_insert(error);
                    rest = later;
                }
                Err(error) => {
                    let mut outcome = Outcome::of(error);
                    outcome.target_id = Some(group.target_id);
                    return outcome;
                }
            }
        }
        let mut outcome = self.prove_members(&group, &todo, &done, add).await;
        outcome.members.extend(done.into_iter().map(|member| (group.source_id.clone(), member, add)));
        outcome.target_id = Some(group.target_id.clone());
        if let Some(error) = refusal {
            outcome.state = OperationState::Failed;
            outcome.trouble = Some(Trouble {
                code: error.code().to_owned(),
                reason: format!("not every member was taken: {error}"),
                details: Some(error.detail().to_owned()).filter(|d| !d.is_empty()),
            });
        } else if !rest.is_empty() {
            let trouble = Outcome::unknown("stopped between two requests").trouble;
            outcome.state = OperationState::Unknown;
            outcome.trouble = trouble;
        }
        outcome
    }

    /// The group and the members that the app knows; whether nothing was put into the group before.
    fn resolve(&self, work: &Work) -> Result<Option<(Link, Vec<Pair>, bool)>, crate::store::StoreError> {
        let reader = self.job.store.reader()?;
        let Some(group) = links::get(&reader, ObjectType::Group, &work.subject.source_id)? else { return Ok(None) };
        let mut pairs = Vec::with_capacity(work.operation.references.len());
        for id in &work.operation.references {
            if let Some(link) = links::get(&reader, ObjectType::User, id)? {
                pairs.push(Pair { source_id: id.clone(), target_id: link.target_id });
            }
        }
        let applied = links::members_applied(&reader, &group.source_id)?;
        if work.operation.verb == Verb::AddMembers {
            // A group may have been born with some of them.
            pairs.retain(|p| !applied.contains(&p.source_id));
        }
        let fresh = applied.is_empty();
        Ok(Some((group, pairs, fresh)))
    }

    async fn record(&self, group: &str, members: &[Pair], add: bool) -> Result<(), crate::store::StoreError> {
        let group = group.to_owned();
        let ids: Vec<String> = members.iter().map(|p| p.source_id.clone()).collect();
        self.job
            .store
            .write(move |c| {
                if add {
                    links::add_applied_members(c, &group, &ids)
                } else {
                    links::remove_applied_members(c, &group, &ids)
                }
            })
            .await
    }

    async fn send_chunk(&self, group: &str, members: &[Pair], add: bool) -> Result<(), ScimError> {
        let values: Vec<Value> = members.iter().map(|p| json!({ "value": p.target_id })).collect();
        if add {
            let op = PatchOp { op: Op::Add, path: Some("members".into()), value: Some(Value::Array(values)) };
            return self.patch_group(group, vec![op]).await;
        }
        // The compliant form first; some apps only know the value list (E8.10). The list form could be read as
        // "remove everybody" by a strict app (E8.11), so it is only sent to one that refused the strict form.
        let strict = members
            .iter()
            .map(|p| PatchOp {
                op: Op::Remove,
                path: Some(format!("members[{}]", Filter::eq("value", &p.target_id))),
                value: None,
            })
            .collect();
        match self.patch_group(group, strict).await {
            Err(error) if error.refused() && !error.not_found() => {}
            other => return other,
        }
        let before = verify::members_shown(self.job, group).await.ok().flatten();
        let list = PatchOp { op: Op::Remove, path: Some("members".into()), value: Some(Value::Array(values)) };
        self.patch_group(group, vec![list]).await?;
        self.mend(group, before, members).await
    }

    /// An app that read the value list as "everybody" gets the others back at once.
    async fn mend(&self, group: &str, before: Option<HashSet<String>>, removed: &[Pair]) -> Result<(), ScimError> {
        let Some(before) = before else { return Ok(()) };
        let Ok(Some(after)) = verify::members_shown(self.job, group).await else { return Ok(()) };
        let gone: HashSet<&str> = removed.iter().map(|p| p.target_id.as_str()).collect();
        let lost: Vec<Value> = before
            .iter()
            .filter(|id| !gone.contains(id.as_str()) && !after.contains(*id))
            .map(|id| json!({ "value": id }))
            .collect();
        for chunk in lost.chunks(CHUNK) {
            let op = PatchOp { op: Op::Add, path: Some("members".into()), value: Some(Value::from(chunk.to_vec())) };
            self.patch_group(group, vec![op]).await?;
        }
        Ok(())
    }

    async fn patch_group(&self, group: &str, operations: Vec<PatchOp>) -> Result<(), ScimError> {
        let request = PatchRequest { operations };
        self.job.scim.patch(ObjectType::Group, group, &request.to_value()).await.map(|_| ())
    }

    /// One read of the group proves all chunks.
    async fn prove_members(&self, group: &Link, sent: &[Pair], done: &[String], add: bool) -> Outcome {
        let done: HashSet<&str> = done.iter().map(String::as_str).collect();
        match verify::members_shown(self.job, &group.target_id).await {
            Ok(Some(shown)) => {
                let wrong = sent
                    .iter()
                    .filter(|p| done.contains(p.source_id.as_str()) && shown.contains(&p.target_id) != add)
                    .count();
                if wrong == 0 {
                    let mut outcome = Outcome::done(OperationState::Verified);
                    outcome.export = Some(format!("PATCH members ({}), and a read proves it", sent.len()));
                    return outcome;
                }
                let mut outcome = Outcome::done(OperationState::Claimed);
                let what = if add { "does not show" } else { "still shows" };
                outcome.trouble = Some(Trouble {
                    code: "UnprocessableEntity".into(),
                    reason: format!(
                        "the app said yes, and {what} {wrong} of {} members: a limit of this app",
                        sent.len()
                    ),
                    details: None,
                });
                outcome
            }
            Ok(None) | Err(_) => {
                let mut outcome = Outcome::done(OperationState::Claimed);
                outcome.export = Some("PATCH members; this app does not show members, so nobody can prove it".into());
                outcome
            }
        }
    }
}
