//! Writes to the directory. Every one takes the next version and appends to the log.

use super::{DEFAULT_ACCESS, Deleted, Directory, Entry, Grant, Kind, LOG_LIMIT, Membership};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Why a write was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DirectoryError {
    /// There is no such object.
    #[error("Resource '{0}' does not exist or one of its queried reference-property objects are not present.")]
    NotFound(String),
    /// A property that must be given is not.
    #[error("A value is required for property '{0}' of resource '{1}'.")]
    Missing(&'static str, &'static str),
    /// A property has a value it cannot have.
    #[error("Invalid value specified for property '{0}' of resource '{1}'.")]
    Invalid(String, &'static str),
    /// Another object has this value.
    #[error("Another object with the same value for property {0} already exists.")]
    Taken(&'static str),
    /// The reference is there already.
    #[error("One or more added object references already exist for the following modified properties: '{0}'.")]
    ReferenceExists(&'static str),
    /// The assignment is there already.
    #[error("Permission being assigned already exists on the object")]
    AlreadyAssigned,
    /// No such role, or Default Access although the app has roles.
    #[error("Permission being assigned was not found on application '{0}'")]
    NoSuchRole(String),
    /// A reference to something that cannot be referred to.
    #[error("Not a valid reference update.")]
    BadReference,
}

/// The properties that must be given to create an object.
pub fn required_for(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::User => &["accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"],
        Kind::Group => &["displayName", "mailEnabled", "mailNickname", "securityEnabled"],
        Kind::Device => &["displayName"],
    }
}

fn resource(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "User",
        Kind::Group => "Group",
        Kind::Device => "Device",
    }
}

/// Now, as Graph writes times: whole seconds, `Z`.
pub fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn check(kind: Kind, name: &str, value: &Value) -> Result<(), DirectoryError> {
    let good = match name {
        "accountEnabled" | "mailEnabled" | "securityEnabled" => value.is_boolean(),
        "businessPhones" | "otherMails" | "proxyAddresses" | "groupTypes" | "imAddresses" => {
            value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
        }
        "displayName" => value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= 256),
        "userPrincipalName" => value.as_str().is_some_and(|text| {
            let mut parts = text.split('@');
            parts.next().is_some_and(|l| !l.is_empty())
                && parts.next().is_some_and(|d| d.contains('.'))
                && parts.next().is_none()
        }),
        "mailNickname" => value.as_str().is_some_and(|text| !text.is_empty() && !text.contains(['@', ' '])),
        "id" | "deletedDateTime" | "createdDateTime" => false,
        _ => true,
    };
    if good { Ok(()) } else { Err(DirectoryError::Invalid(name.to_owned(), resource(kind))) }
}

impl Directory {
    fn next(&mut self, kind: Kind, id: Uuid) -> u64 {
        self.version += 1;
        self.log.push((self.version, kind, id));
        if self.log.len() > LOG_LIMIT {
            let drop = LOG_LIMIT / 2;
            self.log_floor = self.log.get(drop - 1).map_or(self.log_floor, |entry| entry.0);
            self.log.drain(..drop);
        }
        self.version
    }

    fn entry_mut(&mut self, kind: Kind, id: Uuid) -> Result<&mut Entry, DirectoryError> {
        self.all_mut(kind).get_mut(&id).ok_or_else(|| DirectoryError::NotFound(id.to_string()))
    }

    /// Creates an object; answers its id.
    pub fn create(&mut self, kind: Kind, given: Map<String, Value>) -> Result<Uuid, DirectoryError> {
        self.create_as(kind, Uuid::new_v4(), given)
    }

    /// Creates an object with an id that nothing has yet: life must go the same way each time.
    pub(crate) fn create_as(
        &mut self,
        kind: Kind,
        id: Uuid,
        mut given: Map<String, Value>,
    ) -> Result<Uuid, DirectoryError> {
        for name in required_for(kind) {
            if given.get(*name).is_none_or(Value::is_null) {
                return Err(DirectoryError::Missing(name, resource(kind)));
            }
        }
        given.shift_remove("passwordProfile");
        for (name, value) in &given {
            if !value.is_null() {
                check(kind, name, value)?;
            }
        }
        given.retain(|_, value| !value.is_null());
        if kind == Kind::User {
            let upn = given.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default().to_lowercase();
            if self.by_upn.contains_key(&upn) {
                return Err(DirectoryError::Taken("userPrincipalName"));
            }
            self.by_upn.insert(upn, id);
            given.entry("userType").or_insert_with(|| json!("Member"));
        }
        given.insert("createdDateTime".into(), json!(now()));
        let appeared = self.next(kind, id);
        self.all_mut(kind).insert(id, Entry { properties: given, appeared, ..Entry::default() });
        Ok(id)
    }

    /// Changes properties; `null` clears. What has the value already does not count as a change.
    pub fn update(&mut self, kind: Kind, id: Uuid, patch: Map<String, Value>) -> Result<(), DirectoryError> {
        let entry = self.all(kind).get(&id).ok_or_else(|| DirectoryError::NotFound(id.to_string()))?;
        let mut news: Vec<(String, Value)> = Vec::new();
        for (name, value) in patch {
            if name == "passwordProfile" || name.starts_with('@') {
                continue;
            }
            let required = required_for(kind).contains(&name.as_str());
            if required || !value.is_null() {
                check(kind, &name, &value)?;
            }
            let old = entry.properties.get(&name).unwrap_or(&Value::Null);
            if *old != value {
                news.push((name, value));
            }
        }
        if let Some((_, value)) = news.iter().find(|(name, _)| kind == Kind::User && name == "userPrincipalName") {
            let upn = value.as_str().unwrap_or_default().to_lowercase();
            if self.by_upn.get(&upn).is_some_and(|other| *other != id) {
                return Err(DirectoryError::Taken("userPrincipalName"));
            }
            let old = entry.text("userPrincipalName").unwrap_or_default().to_lowercase();
            self.by_upn.remove(&old);
            self.by_upn.insert(upn, id);
        }
        if news.is_empty() {
            return Ok(());
        }
        let version = self.next(kind, id);
        let entry = self.entry_mut(kind, id)?;
        for (name, value) in news {
            entry.changed.insert(name.clone(), version);
            entry.properties.insert(name, value);
        }
        Ok(())
    }

    /// Deletes a user or group: users and Microsoft 365 groups go to the recycle bin, security groups at once.
    pub fn delete(&mut self, kind: Kind, id: Uuid) -> Result<(), DirectoryError> {
        let mut entry = self.all_mut(kind).remove(&id).ok_or_else(|| DirectoryError::NotFound(id.to_string()))?;
        self.next(kind, id);
        let member_of = self.member_of(id);
        for group in &member_of {
            self.drop_member(*group, id);
        }
        let reports: Vec<Uuid> = self.users.iter().filter(|(_, u)| u.manager == Some(id)).map(|(id, _)| *id).collect();
        for report in &reports {
            self.put_manager(*report, None);
        }
        let keys: Vec<Uuid> = self.grants.iter().filter(|(_, g)| g.principal == id).map(|(key, _)| *key).collect();
        let grants = keys.into_iter().filter_map(|key| self.grants.remove(&key).map(|grant| (key, grant))).collect();
        if kind == Kind::User {
            // Entra frees the name: it puts the id in front while the object lies in the bin.
            let upn = entry.text("userPrincipalName").unwrap_or_default().to_owned();
            self.by_upn.remove(&upn.to_lowercase());
            entry.properties.insert("userPrincipalName".into(), json!(format!("{}{upn}", id.simple())));
        }
        if kind == Kind::User || entry.unified() {
            entry.properties.insert("deletedDateTime".into(), json!(now()));
            self.deleted.insert(id, Deleted { kind, entry, member_of, reports, grants });
        }
        Ok(())
    }

    /// Brings an object back from the recycle bin, with its memberships, reports and assignments.
    pub fn restore(&mut self, id: Uuid) -> Result<Kind, DirectoryError> {
        let missing = || DirectoryError::NotFound(id.to_string());
        let found = self.deleted.get(&id).ok_or_else(missing)?;
        let kind = found.kind;
        if kind == Kind::User {
            let parked = found.entry.text("userPrincipalName").unwrap_or_default();
            let upn = parked.strip_prefix(&id.simple().to_string()).unwrap_or(parked).to_owned();
            if self.by_upn.contains_key(&upn.to_lowercase()) {
                return Err(DirectoryError::Taken("userPrincipalName"));
            }
            self.by_upn.insert(upn.to_lowercase(), id);
            if let Some(found) = self.deleted.get_mut(&id) {
                found.entry.properties.insert("userPrincipalName".into(), json!(upn));
            }
        }
        let mut found = self.deleted.remove(&id).ok_or_else(missing)?;
        found.entry.properties.shift_remove("deletedDateTime");
        found.entry.manager = found.entry.manager.filter(|manager| self.users.contains_key(manager));
        found.entry.appeared = self.next(kind, id);
        self.all_mut(kind).insert(id, found.entry);
        for group in found.member_of {
            if self.groups.contains_key(&group) {
                self.put_member(group, id, kind);
            }
        }
        for report in found.reports {
            if self.users.get(&report).is_some_and(|user| user.manager.is_none()) {
                self.put_manager(report, Some(id));
            }
        }
        self.grants.extend(found.grants);
        Ok(kind)
    }

    /// Empties one object out of the recycle bin, for good.
    pub fn purge(&mut self, id: Uuid) -> Result<(), DirectoryError> {
        let found = self.deleted.remove(&id).ok_or_else(|| DirectoryError::NotFound(id.to_string()))?;
        self.next(found.kind, id);
        Ok(())
    }

    fn put_member(&mut self, group: Uuid, member: Uuid, kind: Kind) {
        let since = self.next(Kind::Group, group);
        if let Some(entry) = self.groups.get_mut(&group) {
            entry.left.remove(&member);
            entry.members.insert(member, Membership { kind, since });
        }
    }

    fn drop_member(&mut self, group: Uuid, member: Uuid) {
        let since = self.next(Kind::Group, group);
        if let Some(entry) = self.groups.get_mut(&group)
            && let Some(gone) = entry.members.remove(&member)
        {
            entry.left.insert(member, Membership { kind: gone.kind, since });
        }
    }

    /// Adds a direct member.
    pub fn add_member(&mut self, group: Uuid, member: Uuid) -> Result<(), DirectoryError> {
        let entry = self.groups.get(&group).ok_or_else(|| DirectoryError::NotFound(group.to_string()))?;
        if entry.members.contains_key(&member) {
            return Err(DirectoryError::ReferenceExists("members"));
        }
        let kind = self.kind_of(member).ok_or_else(|| DirectoryError::NotFound(member.to_string()))?;
        if member == group {
            return Err(DirectoryError::BadReference);
        }
        self.put_member(group, member, kind);
        Ok(())
    }

    /// Ends a direct membership.
    pub fn remove_member(&mut self, group: Uuid, member: Uuid) -> Result<(), DirectoryError> {
        let entry = self.groups.get(&group).ok_or_else(|| DirectoryError::NotFound(group.to_string()))?;
        if !entry.members.contains_key(&member) {
            return Err(DirectoryError::NotFound(member.to_string()));
        }
        self.drop_member(group, member);
        Ok(())
    }

    fn put_manager(&mut self, user: Uuid, manager: Option<Uuid>) {
        let version = self.next(Kind::User, user);
        if let Some(entry) = self.users.get_mut(&user) {
            if let Some(old) = std::mem::replace(&mut entry.manager, manager) {
                entry.managers_left.insert(old, version);
            }
            if let Some(new) = manager {
                entry.managers_left.remove(&new);
            }
            entry.changed.insert("manager".into(), version);
        }
    }

    /// Sets or ends who a user's manager is.
    pub fn set_manager(&mut self, user: Uuid, manager: Option<Uuid>) -> Result<(), DirectoryError> {
        let entry = self.users.get(&user).ok_or_else(|| DirectoryError::NotFound(user.to_string()))?;
        if let Some(id) = manager {
            if !self.users.contains_key(&id) {
                return Err(DirectoryError::NotFound(id.to_string()));
            }
            if id == user {
                return Err(DirectoryError::BadReference);
            }
        }
        if entry.manager != manager {
            self.put_manager(user, manager);
        }
        Ok(())
    }

    /// Assigns a user or group to the Flock app; answers the key of the assignment.
    pub fn assign(&mut self, principal: Uuid, role: Uuid) -> Result<Uuid, DirectoryError> {
        let Some(kind @ (Kind::User | Kind::Group)) = self.kind_of(principal) else {
            return Err(DirectoryError::BadReference);
        };
        let roles = self.enabled_roles();
        let known = if role == DEFAULT_ACCESS { roles.is_empty() } else { roles.contains(&role) };
        if !known {
            return Err(DirectoryError::NoSuchRole(self.identity.flock_app.to_string()));
        }
        if self.grants.values().any(|grant| grant.principal == principal && grant.role == role) {
            return Err(DirectoryError::AlreadyAssigned);
        }
        let key = Uuid::new_v4();
        let created = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%7fZ").to_string();
        self.grants.insert(key, Grant { principal, kind, role, created });
        self.version += 1;
        Ok(key)
    }

    /// Ends an assignment.
    pub fn unassign(&mut self, key: Uuid) -> Result<(), DirectoryError> {
        self.grants.remove(&key).ok_or_else(|| DirectoryError::NotFound(key.to_string()))?;
        self.version += 1;
        Ok(())
    }
}
