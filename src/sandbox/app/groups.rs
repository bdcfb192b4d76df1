//! Writing groups. Members never pass through a JSON copy of the group: a PATCH costs what it changes.

use super::State;
use super::members::{Edit, Members};
use super::read::{Show, not_found};
use super::store::{Kind, Store};
use crate::scim::conform::{conform, conform_resource};
use crate::scim::error::{ScimError, ScimType};
use crate::scim::eval::element_matches;
use crate::scim::filter::Filter;
use crate::scim::patch::{self, Op, PatchOp, PatchRequest};
use crate::scim::path::AttrPath;
use crate::scim::schema::{Attribute, Schemas};
use serde_json::{Map, Value};

impl State {
    /// Makes a group and gives its id.
    pub(super) fn create_group(&mut self, body: Value) -> Result<String, ScimError> {
        let (attributes, members) = self.whole_group(body)?;
        let members: Members = members.iter().map(String::as_str).collect();
        Ok(self.store.create(Kind::Group, attributes, members))
    }

    /// Replaces a group (PUT); members that the body does not name are removed.
    pub(super) fn replace_group(&mut self, id: &str, body: Value) -> Result<(), ScimError> {
        let (attributes, members) = self.whole_group(body)?;
        let Some(record) = self.store.groups.by_id(id) else { return Err(not_found(Kind::Group, id)) };
        let mut edit = Edit::new(&record.members);
        edit.clear();
        members.iter().for_each(|member| edit.add(member));
        let delta = edit.delta();
        let attributes = (record.attributes != attributes).then_some(attributes);
        if attributes.is_some() || !delta.is_empty() {
            self.store.update(Kind::Group, id, attributes, &delta);
        }
        Ok(())
    }

    /// Patches a group.
    pub(super) fn patch_group(&mut self, id: &str, body: Value) -> Result<(), ScimError> {
        let Some(record) = self.store.groups.by_id(id) else { return Err(not_found(Kind::Group, id)) };
        let mut attributes = record.attributes.clone();
        let mut edit = Edit::new(&record.members);
        for mut operation in PatchRequest::parse(body)?.operations {
            match operation.path.as_deref().map(str::trim).map(AttrPath::parse) {
                Some(Ok(path)) if is_members(&path) => {
                    edit_members(&mut edit, &self.store, operation.op, &path, operation.value)?;
                }
                None => {
                    for (path, value) in take_members(&mut operation) {
                        edit_members(&mut edit, &self.store, operation.op, &path, Some(value))?;
                    }
                    patch::apply_operation(&mut attributes, &operation, Schemas::group())?;
                }
                _ => patch::apply_operation(&mut attributes, &operation, Schemas::group())?,
            }
        }
        let delta = edit.delta();
        let attributes = (record.attributes != attributes).then_some(attributes);
        if attributes.is_some() || !delta.is_empty() {
            self.store.update(Kind::Group, id, attributes, &delta);
        }
        Ok(())
    }

    /// Deletes a group; groups that had it as a member lose it.
    pub(super) fn delete_group(&mut self, id: &str) -> Result<(), ScimError> {
        if self.store.delete(Kind::Group, id) { Ok(()) } else { Err(not_found(Kind::Group, id)) }
    }

    /// Attributes and member ids of a body.
    fn whole_group(&self, body: Value) -> Result<(Value, Vec<String>), ScimError> {
        let mut attributes: Map<String, Value> = conform_resource(body, Schemas::group())?;
        let members = attributes.shift_remove("members").unwrap_or_default();
        Ok((Value::Object(attributes), existing(&self.store, ids(members)?)?))
    }
}

fn members_attribute() -> Option<&'static Attribute> {
    Schemas::group().attribute(&AttrPath::of("members"))
}

fn is_members(path: &AttrPath) -> bool {
    path.extension().is_none() && path.attr.eq_ignore_ascii_case("members")
}

/// Takes what concerns members out of the value of an operation without path.
fn take_members(operation: &mut PatchOp) -> Vec<(AttrPath, Value)> {
    let Some(Value::Object(map)) = &mut operation.value else { return Vec::new() };
    let (members, rest): (Vec<_>, Vec<_>) = std::mem::take(map)
        .into_iter()
        .partition(|(key, _)| AttrPath::parse(key.trim()).is_ok_and(|path| is_members(&path)));
    map.extend(rest);
    members.into_iter().filter_map(|(key, value)| AttrPath::parse(key.trim()).ok().map(|path| (path, value))).collect()
}

/// Ids out of a list of members.
fn ids(members: Value) -> Result<Vec<String>, ScimError> {
    let Some(attribute) = members_attribute() else { return Ok(Vec::new()) };
    let Some(Value::Array(list)) = conform(attribute, members)? else { return Ok(Vec::new()) };
    list.iter()
        .map(|member| match member.get("value").and_then(Value::as_str) {
            Some(id) => Ok(id.to_owned()),
            None => Err(ScimError::of(ScimType::InvalidValue, "`members.value` is required.")),
        })
        .collect()
}

/// The ids, if each names a user or a group.
fn existing(store: &Store, ids: Vec<String>) -> Result<Vec<String>, ScimError> {
    match ids.iter().find(|id| store.member(id).is_none()) {
        None => Ok(ids),
        Some(id) => {
            let detail = format!("`members.value` names `{id}`, which is no user or group here.");
            Err(ScimError::of(ScimType::InvalidValue, detail))
        }
    }
}

fn edit_members(
    edit: &mut Edit<'_>,
    store: &Store,
    op: Op,
    path: &AttrPath,
    value: Option<Value>,
) -> Result<(), ScimError> {
    if let Some(sub) = &path.sub {
        let error = match members_attribute().and_then(|a| a.sub(sub)) {
            Some(_) => ScimError::of(ScimType::Mutability, format!("`{path}` cannot be changed: replace the member.")),
            None => ScimError::of(ScimType::InvalidPath, format!("No schema declares `{path}`.")),
        };
        return Err(error);
    }
    let value = value.unwrap_or_default();
    match (&path.filter, op) {
        (None, Op::Add) => existing(store, ids(value)?)?.iter().for_each(|id| edit.add(id)),
        (None, Op::Replace) => {
            let ids = existing(store, ids(value)?)?;
            edit.clear();
            ids.iter().for_each(|id| edit.add(id));
        }
        (None, Op::Remove) if value.is_null() => edit.clear(),
        // The older form: these members only (E9.24).
        (None, Op::Remove) => ids(value)?.iter().for_each(|id| edit.remove(id)),
        (Some(filter), Op::Remove) => chosen(edit, store, filter).iter().for_each(|id| edit.remove(id)),
        (Some(filter), Op::Add | Op::Replace) => {
            let old = chosen(edit, store, filter);
            if old.is_empty() && op == Op::Replace {
                return Err(ScimError::of(ScimType::NoTarget, format!("`{path}` selects no member.")));
            }
            let new = existing(store, ids(value)?)?;
            if op == Op::Replace {
                old.iter().for_each(|id| edit.remove(id));
            }
            new.iter().for_each(|id| edit.add(id));
        }
    }
    Ok(())
}

/// The members that a filter selects; one named by its id is found without looking at the others.
fn chosen(edit: &Edit<'_>, store: &Store, filter: &Filter) -> Vec<String> {
    let show = Show { store, base: "" };
    let fits = |id: &String| element_matches(filter, &show.member(id), members_attribute());
    match filter.pinned(&AttrPath::of("value")) {
        Some(id) => Some(id.to_owned()).filter(|id| edit.contains(id) && fits(id)).into_iter().collect(),
        None => edit.all().into_iter().filter(fits).collect(),
    }
}
