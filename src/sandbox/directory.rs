//! The tenant: users, groups, devices, the Flock app and its assignments, with a version for every write.
//!
//! Versions are what delta queries stand on: each write takes the next number, notes it on what it changed and
//! appends to a log, so that "what changed since N" is answered from the tail of that log.

mod names;
mod seed;
mod write;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

pub(crate) use seed::job;
pub use seed::{ADA, DOMAIN, INITIAL_DOMAIN, POISONED, REFUSED_DOMAIN};
pub use write::{DirectoryError, now, required_for};

/// Making people up, for the seed and for life.
pub(crate) mod person {
    pub(crate) use super::seed::{Person, free, guid};
}

/// The role of an assignment without a role: "Default Access".
pub const DEFAULT_ACCESS: Uuid = Uuid::nil();

/// Log entries kept for delta queries; a token older than the oldest one kept has expired.
const LOG_LIMIT: usize = 2_000_000;

/// What an object of the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A person's account.
    User,
    /// A group.
    Group,
    /// A registered device: it only occurs as a member.
    Device,
}

impl Kind {
    /// The word Graph uses in `@odata.type` after `#microsoft.graph.`.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Device => "device",
        }
    }

    /// `#microsoft.graph.user` and so on.
    pub fn odata_type(self) -> String {
        format!("#microsoft.graph.{}", self.word())
    }
}

/// One end of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// What the member is.
    pub kind: Kind,
    /// The version in which it joined, or left.
    pub since: u64,
}

/// A user, group or device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Properties under their Graph names. Absent: never set. `null`: cleared.
    pub properties: Map<String, Value>,
    /// The version in which it was created or restored.
    pub appeared: u64,
    /// The version of the last change of each property changed since then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, u64>,
    /// The manager, for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Uuid>,
    /// Former managers, with the version in which each ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub managers_left: BTreeMap<Uuid, u64>,
    /// Direct members, for groups.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<Uuid, Membership>,
    /// Former members that did not come back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left: BTreeMap<Uuid, Membership>,
}

impl Entry {
    /// A text property, or nothing when it is absent, cleared or no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name).and_then(Value::as_str)
    }

    /// Whether the account is enabled.
    pub fn enabled(&self) -> bool {
        self.properties.get("accountEnabled").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether a group is a Microsoft 365 group, which goes to the recycle bin when it is deleted.
    pub fn unified(&self) -> bool {
        self.properties
            .get("groupTypes")
            .and_then(Value::as_array)
            .is_some_and(|types| types.iter().any(|t| t == "Unified"))
    }
}

/// An app role assignment of the Flock app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// User or group.
    pub principal: Uuid,
    /// User or group.
    pub kind: Kind,
    /// The role; [`DEFAULT_ACCESS`] for none.
    pub role: Uuid,
    /// RFC 3339 with seven decimals.
    pub created: String,
}

/// What lies in the recycle bin: the object and the ties that come back with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deleted {
    /// User or group.
    pub kind: Kind,
    /// The object as it was.
    pub entry: Entry,
    /// Groups it was a direct member of.
    pub member_of: Vec<Uuid>,
    /// People it was the manager of.
    pub reports: Vec<Uuid>,
    /// Its assignments.
    pub grants: Vec<(Uuid, Grant)>,
}

/// Who the tenant and its apps are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The tenant.
    pub tenant_id: Uuid,
    /// What `organization` calls it.
    pub tenant_name: String,
    /// The app id under which Heeler signs in.
    pub client_id: Uuid,
    /// Its service principal.
    pub client_principal: Uuid,
    /// The service principal of the Flock app.
    pub flock: Uuid,
    /// The app id of the Flock app.
    pub flock_app: Uuid,
}

/// The directory. All of it is behind one lock: see [`crate::sandbox`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directory {
    /// Who the tenant and its apps are.
    pub identity: Identity,
    /// Users by object id.
    pub users: BTreeMap<Uuid, Entry>,
    /// Groups by object id.
    pub groups: BTreeMap<Uuid, Entry>,
    /// Devices by object id.
    pub devices: BTreeMap<Uuid, Entry>,
    /// The recycle bin.
    pub deleted: BTreeMap<Uuid, Deleted>,
    /// Assignments of the Flock app, by the second half of their id.
    pub grants: BTreeMap<Uuid, Grant>,
    /// The roles the Flock app declares, as Graph shows them.
    pub roles: Vec<Value>,
    /// The number of the last write.
    pub version: u64,
    /// Counts resets: tokens of another epoch have expired.
    pub epoch: u64,
    /// How many life events were run; seeds the next one.
    pub life_events: u64,
    /// Which object each write concerned, in order of versions.
    log: Vec<(u64, Kind, Uuid)>,
    /// Versions up to this one are no longer in the log.
    log_floor: u64,
    /// Users by lower-case user principal name.
    #[serde(skip)]
    by_upn: HashMap<String, Uuid>,
}

impl Directory {
    /// The directory a seed describes: the same for the same three numbers, whatever the day.
    pub fn seeded(seed: u64, users: usize, groups: usize) -> Self {
        seed::directory(seed, users, groups)
    }

    /// Rebuilds what is not stored. Call it after reading a directory from disk.
    pub fn index(&mut self) {
        self.by_upn = self
            .users
            .iter()
            .filter_map(|(id, entry)| Some((entry.text("userPrincipalName")?.to_lowercase(), *id)))
            .collect();
    }

    /// The objects of one kind.
    pub fn all(&self, kind: Kind) -> &BTreeMap<Uuid, Entry> {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
            Kind::Device => &self.devices,
        }
    }

    fn all_mut(&mut self, kind: Kind) -> &mut BTreeMap<Uuid, Entry> {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
            Kind::Device => &mut self.devices,
        }
    }

    /// A user by object id or user principal name.
    pub fn user_key(&self, key: &str) -> Option<Uuid> {
        match Uuid::try_parse(key) {
            Ok(id) => self.users.contains_key(&id).then_some(id),
            Err(_) => self.by_upn.get(&key.to_lowercase()).copied(),
        }
    }

    /// What an object id stands for.
    pub fn kind_of(&self, id: Uuid) -> Option<Kind> {
        [Kind::User, Kind::Group, Kind::Device].into_iter().find(|kind| self.all(*kind).contains_key(&id))
    }

    /// An object of any kind.
    pub fn find(&self, id: Uuid) -> Option<(Kind, &Entry)> {
        [Kind::User, Kind::Group, Kind::Device].into_iter().find_map(|k| self.all(k).get(&id).map(|e| (k, e)))
    }

    /// Objects of a kind written after `since` and not after `until`, each once, in the order of their first write.
    /// `None` when the log does not reach back that far.
    pub fn changes(&self, kind: Kind, since: u64, until: u64) -> Option<Vec<Uuid>> {
        if since < self.log_floor || since > self.version {
            return None;
        }
        let start = self.log.partition_point(|(version, ..)| *version <= since);
        let mut seen = std::collections::HashSet::new();
        let tail = self.log.get(start..).unwrap_or_default();
        let ids = tail.iter().take_while(|(version, ..)| *version <= until).filter(|(_, k, _)| *k == kind);
        Some(ids.filter(|(_, _, id)| seen.insert(*id)).map(|(_, _, id)| *id).collect())
    }

    /// Groups that hold an object directly.
    pub fn member_of(&self, id: Uuid) -> Vec<Uuid> {
        self.groups.iter().filter(|(_, group)| group.members.contains_key(&id)).map(|(group, _)| *group).collect()
    }

    /// Members of a group and of the groups within it, each once; cycles and diamonds are harmless.
    pub fn transitive_members(&self, group: Uuid) -> BTreeMap<Uuid, Kind> {
        let mut found = BTreeMap::new();
        let mut open = vec![group];
        while let Some(next) = open.pop() {
            for (id, member) in self.groups.get(&next).into_iter().flat_map(|g| &g.members) {
                if found.insert(*id, member.kind).is_none() && member.kind == Kind::Group {
                    open.push(*id);
                }
            }
        }
        found
    }

    /// Groups that hold an object directly or through others.
    pub fn transitive_member_of(&self, id: Uuid) -> Vec<Uuid> {
        let mut found = Vec::new();
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            for group in self.member_of(next) {
                if !found.contains(&group) {
                    found.push(group);
                    open.push(group);
                }
            }
        }
        found
    }

    /// The enabled roles of the Flock app that people and groups can be given.
    pub fn enabled_roles(&self) -> Vec<Uuid> {
        let enabled = self.roles.iter().filter(|role| role["isEnabled"] == json!(true));
        enabled.filter_map(|role| Uuid::try_parse(role["id"].as_str()?).ok()).collect()
    }
}
