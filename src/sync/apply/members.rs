//! Group members: in chunks, proved by reading the group once, with the forms that real apps take.

use super::{Applying, Outcome};
use crate::model::{Change, Link, ObjectType, OperationState, Origin, Verb};
use crate::scim::client::ScimError;
use crate::scim::filter::Filter;
use crate::scim::patch::{Op, PatchOp, PatchRequest};
use crate::store::links;
use crate::sync::journal::Trouble;
use crate::sync::plan::Work;
use crate::sync::verify::{self, Shown};
use serde_json::{Value, json};

/// Most members in one PATCH (E8.9: at most 100). Halved when an app says that it is too much.
const CHUNK: usize = 100;
/// Some apps cut the members of a group off at this many: a longer list is never trusted to be whole.
const WHOLE: usize = 100;

/// A member with its resource in the app.
#[derive(Clone)]
pub(super) struct Pair {
    source_id: String,
    target_id: String,
    /// The user name, which some apps show in place of the id.
    alias: Option<String>,
}

impl Pair {
    /// The value by which a group shows this member, if it does.
    fn in_group<'a>(&self, shown: &'a Shown) -> Option<&'a str> {
        shown.find(&self.target_id).or_else(|| self.alias.as_deref().and_then(|alias| shown.find_name(alias)))
    }
}

/// The forms of a change of members, from the most portable to the last resort.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// `add members [...]`, `remove members[value eq "..."]`.
    Plain,
    /// `add {"members": [...]}` without path, `remove members [...]` (E8.10).
    Other,
    /// One by one, by the value that the group shows.
    Dirty,
    /// `replace members` with who stays.
    Replace,
}

/// The log names whom the app was given, not whom the plan hoped for: a member whose account was not made is not in
/// the group. Both lists are in the order of the references; when nobody was taken, the attempt is told as it was.
fn name_only(changes: &mut [Change], references: &[String], done: &[Pair]) {
    let went: Vec<bool> = references.iter().map(|id| done.iter().any(|pair| pair.source_id == *id)).collect();
    if !went.contains(&true) {
        return;
    }
    for change in changes.iter_mut().filter(|change| change.attribute == "members") {
        for list in [&mut change.old, &mut change.new] {
            let Some(names) = list.as_array_mut().filter(|names| names.len() == went.len()) else { continue };
            let mut each = went.iter();
            names.retain(|_| each.next().copied().unwrap_or(true));
        }
    }
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
        let present = if look { self.shown(&group.target_id).await } else { None };
        let (already, todo): (Vec<Pair>, Vec<Pair>) =
            pairs.into_iter().partition(|p| present.as_ref().is_some_and(|shown| p.in_group(shown).is_some()));
        let mut done: Vec<Pair> = already;
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
                    done.extend(now.iter().cloned());
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
        let sent: Vec<Pair> =
            todo.iter().filter(|p| done.iter().any(|d| d.source_id == p.source_id)).cloned().collect();
        name_only(&mut work.operation.changes, &work.operation.references, &done);
        let mut outcome = self.prove_members(&group, &sent, add).await;
        outcome.members.extend(done.into_iter().map(|p| (group.source_id.clone(), p.source_id, add)));
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
                let alias = link.applied.get("userName").and_then(Value::as_str).map(str::to_owned);
                pairs.push(Pair { source_id: id.clone(), target_id: link.target_id, alias });
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

    /// What a group shows of its members; `None` when it shows none at all, or cannot be read.
    async fn shown(&self, group: &str) -> Option<Shown> {
        verify::members_shown(self.job, group).await.ok().flatten()
    }

    async fn send_chunk(&self, group: &str, members: &[Pair], add: bool) -> Result<(), ScimError> {
        let first = match self.send_form(group, members, add, Form::Plain).await {
            Err(error) if error.refused() && !error.not_found() && !error.too_much() => error,
            other => return other,
        };
        if add {
            // Part of it may have been done all the same (several apps answer 500 afterwards): nobody is added twice.
            if let Some(shown) = self.shown(group).await
                && members.iter().any(|p| p.in_group(&shown).is_some())
            {
                let rest: Vec<Pair> = members.iter().filter(|p| p.in_group(&shown).is_none()).cloned().collect();
                return if rest.is_empty() { Ok(()) } else { self.send_form(group, &rest, add, Form::Plain).await };
            }
            return if members.len() > 1 {
                Err(first)
            } else {
                self.send_form(group, members, add, Form::Other).await.map_err(|_| first)
            };
        }
        for form in [Form::Other, Form::Dirty, Form::Replace] {
            match self.send_form(group, members, add, form).await {
                Ok(()) => return Ok(()),
                Err(error) if error.refused() || matches!(error, ScimError::NotScim { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(first)
    }

    /// Sends a change of members in one form. A form that cannot be used here answers as if it were refused.
    async fn send_form(&self, group: &str, members: &[Pair], add: bool, form: Form) -> Result<(), ScimError> {
        let values: Vec<Value> = members.iter().map(|p| json!({ "value": p.target_id })).collect();
        let unusable = |why: &str| ScimError::NotScim { message: why.to_owned() };
        let remove = |value: &str| PatchOp {
            op: Op::Remove,
            path: Some(format!("members[{}]", Filter::eq("value", value))),
            value: None,
        };
        match (add, form) {
            (true, Form::Plain) => {
                let op = PatchOp { op: Op::Add, path: Some("members".into()), value: Some(Value::Array(values)) };
                self.patch_group(group, vec![op]).await
            }
            (true, Form::Other) => {
                let op = PatchOp { op: Op::Add, path: None, value: Some(json!({ "members": values })) };
                self.patch_group(group, vec![op]).await
            }
            (true, _) => Err(unusable("members are never added by replacing everybody")),
            // The compliant form; some apps only know the value list (E8.10).
            (false, Form::Plain) => {
                self.patch_group(group, members.iter().map(|p| remove(&p.target_id)).collect()).await
            }
            (false, Form::Other) => {
                // A strict app could read the list form as "remove everybody" (E8.11): it gets the others back.
                let before = self.shown(group).await;
                let op = PatchOp { op: Op::Remove, path: Some("members".into()), value: Some(Value::Array(values)) };
                self.patch_group(group, vec![op]).await?;
                self.mend(group, before, members).await
            }
            (false, Form::Dirty) => {
                let shown = self.shown(group).await.ok_or_else(|| unusable("the app does not show members"))?;
                let dirty: Vec<PatchOp> = members
                    .iter()
                    .filter_map(|p| p.in_group(&shown).filter(|v| *v != p.target_id))
                    .map(remove)
                    .collect();
                if dirty.is_empty() {
                    return Err(unusable("the app shows members by their ids"));
                }
                self.patch_group(group, dirty).await
            }
            (false, Form::Replace) => {
                let shown = self.shown(group).await.ok_or_else(|| unusable("the app does not show members"))?;
                let there: Vec<&str> = members.iter().filter_map(|p| p.in_group(&shown)).collect();
                // Who is not shown would be lost.
                if shown.values.len() >= WHOLE || there.len() < members.len() {
                    return Err(unusable("the app may not show every member"));
                }
                let stay: Vec<Value> = shown
                    .values
                    .iter()
                    .filter(|v| !there.contains(&v.as_str()))
                    .map(|v| json!({ "value": v }))
                    .collect();
                let op = PatchOp { op: Op::Replace, path: Some("members".into()), value: Some(Value::Array(stay)) };
                self.patch_group(group, vec![op]).await
            }
        }
    }

    /// An app that read the value list as "everybody" gets the others back at once.
    async fn mend(&self, group: &str, before: Option<Shown>, removed: &[Pair]) -> Result<(), ScimError> {
        let Some(before) = before else { return Ok(()) };
        let after = match verify::members_shown(self.job, group).await {
            Ok(after) => after.unwrap_or_default(),
            Err(_) => return Ok(()),
        };
        let gone: Vec<&str> = removed.iter().filter_map(|p| p.in_group(&before)).collect();
        let lost: Vec<Value> = before
            .values
            .iter()
            .filter(|id| !gone.contains(&id.as_str()) && after.find(id).is_none())
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

    /// One read of the group proves all chunks. What was ignored is sent again in the other forms.
    async fn prove_members(&self, group: &Link, sent: &[Pair], add: bool) -> Outcome {
        let Ok(mut shown) = verify::members_shown(self.job, &group.target_id).await else {
            return Outcome::done(OperationState::Claimed);
        };
        let wrong = |shown: &Option<Shown>| -> Vec<Pair> {
            let is_in = |p: &Pair| shown.as_ref().is_some_and(|s| p.in_group(s).is_some());
            sent.iter().filter(|p| is_in(p) != add).cloned().collect()
        };
        let others = || {
            let reader = self.job.store.reader()?;
            Ok::<_, crate::store::StoreError>(links::members_applied(&reader, &group.source_id)?.len())
        };
        // After a removal nothing is shown of an empty group; after anything else it means that nothing is ever shown.
        let hidden = shown.is_none() && !sent.is_empty() && (add || others().is_ok_and(|n| n > 0));
        let forms: &[Form] = if add { &[Form::Other] } else { &[Form::Other, Form::Dirty, Form::Replace] };
        let mut left = wrong(&shown);
        for form in forms {
            // Where nothing is shown, a second attempt could add everybody twice.
            if left.is_empty() || hidden || self.learned.never_shown(ObjectType::Group, MEMBERS) {
                break;
            }
            for chunk in left.chunks(CHUNK) {
                if self.send_form(&group.target_id, chunk, add, *form).await.is_err() {
                    break;
                }
            }
            shown = self.shown(&group.target_id).await;
            left = wrong(&shown);
        }
        if left.is_empty() && !hidden {
            self.learned.shown(ObjectType::Group, MEMBERS);
            let mut outcome = Outcome::done(OperationState::Verified);
            outcome.export = Some(format!("PATCH members ({}), and a read proves it", sent.len()));
            return outcome;
        }
        self.learned.ignored(ObjectType::Group, MEMBERS);
        let mut outcome = Outcome::done(OperationState::Claimed);
        let what = match (add, hidden) {
            (_, true) => "shows no members of this group, so nobody can prove the members it took".to_owned(),
            (true, _) => {
                format!("said yes, and does not show {} of {} members: a limit of this app", left.len(), sent.len())
            }
            (false, _) => {
                format!("said yes, and still shows {} of {} members: a limit of this app", left.len(), sent.len())
            }
        };
        outcome.trouble =
            Some(Trouble { code: "UnprocessableEntity".into(), reason: format!("the app {what}"), details: None });
        outcome
    }
}

/// Under this name the run remembers how the app treats members.
const MEMBERS: &str = "members";
