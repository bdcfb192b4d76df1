//! Writing users.

use super::State;
use super::members::{Delta, Members};
use super::read::not_found;
use super::store::{Kind, Record, active};
use crate::scim::conform::conform_resource;
use crate::scim::error::{ScimError, ScimType};
use crate::scim::patch::{self, PatchRequest};
use crate::scim::schema::Schemas;
use serde_json::{Map, Value};

impl State {
    /// Makes a user and gives its id. A user without `active` is active.
    pub(super) fn create_user(&mut self, body: Value) -> Result<String, ScimError> {
        let attributes = whole_user(body)?;
        self.allow_user(None, &attributes)?;
        Ok(self.store.create(Kind::User, attributes, Members::default()))
    }

    /// Replaces a user (PUT).
    pub(super) fn replace_user(&mut self, id: &str, body: Value) -> Result<(), ScimError> {
        let attributes = whole_user(body)?;
        self.change_user(id, attributes)
    }

    /// Patches a user.
    pub(super) fn patch_user(&mut self, id: &str, body: Value) -> Result<(), ScimError> {
        let Some(record) = self.store.users.by_id(id) else { return Err(not_found(Kind::User, id)) };
        self.faults.poison(&record.attributes)?;
        let mut attributes = record.attributes.clone();
        patch::apply(&mut attributes, &PatchRequest::parse(body)?, Schemas::user())?;
        self.change_user(id, attributes)
    }

    /// Deletes a user; groups lose the member.
    pub(super) fn delete_user(&mut self, id: &str) -> Result<(), ScimError> {
        let Some(record) = self.store.users.by_id(id) else { return Err(not_found(Kind::User, id)) };
        self.faults.poison(&record.attributes)?;
        self.store.delete(Kind::User, id);
        Ok(())
    }

    fn change_user(&mut self, id: &str, mut attributes: Value) -> Result<(), ScimError> {
        let Some(record) = self.store.users.by_id(id) else { return Err(not_found(Kind::User, id)) };
        self.allow_user(Some(record), &attributes)?;
        let password = forget_password(&mut attributes);
        if password || record.attributes != attributes {
            self.store.update(Kind::User, id, Some(attributes), &Delta::default());
        }
        Ok(())
    }

    /// Whether a user may look like this: faults, uniqueness of `userName`, seats.
    fn allow_user(&self, old: Option<&Record>, new: &Value) -> Result<(), ScimError> {
        if let Some(old) = old {
            self.faults.poison(&old.attributes)?;
        }
        self.faults.poison(new)?;
        self.faults.domains(new)?;
        let name = new.get("userName").and_then(Value::as_str).unwrap_or_default();
        let own = old.map(|record| record.seq);
        if self.store.users.by_name(name).iter().any(|seq| Some(*seq) != own) {
            let detail = format!("A user with userName `{name}` exists already.");
            return Err(ScimError::of(ScimType::Uniqueness, detail));
        }
        if active(new) && !old.is_some_and(Record::is_active) {
            self.faults.licence(self.store.active)?;
        }
        Ok(())
    }
}

fn whole_user(body: Value) -> Result<Value, ScimError> {
    let mut map: Map<String, Value> = conform_resource(body, Schemas::user())?;
    map.entry("active").or_insert(Value::Bool(true));
    let mut attributes = Value::Object(map);
    forget_password(&mut attributes);
    Ok(attributes)
}

/// Nobody signs in here: a password is taken and not kept. Says whether there was one.
fn forget_password(attributes: &mut Value) -> bool {
    attributes.as_object_mut().is_some_and(|map| map.shift_remove("password").is_some())
}
