//! The source: users, groups, members and assignments as Microsoft Graph gives them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// What kind of object a link, an operation or a log entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ObjectType {
    /// A person's account.
    User,
    /// A group.
    Group,
}

impl ObjectType {
    /// `User` or `Group`, as in the provisioning log and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The inverse of [`ObjectType::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "User" => Some(Self::User),
            "Group" => Some(Self::Group),
            _ => None,
        }
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an object left the directory (E1.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removed {
    /// In the recycle bin; Graph says `@removed.reason = changed`.
    #[serde(rename = "changed")]
    Soft,
    /// Purged; Graph says `@removed.reason = deleted`.
    #[serde(rename = "deleted")]
    Hard,
}

/// A user of the directory as the mirror holds it.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct DirectoryUser {
    /// Object id (GUID text).
    pub id: String,
    /// Properties under their Graph names (`userPrincipalName`, `mobilePhone`, …); a cleared one is `null`.
    pub properties: Map<String, Value>,
    /// Object id of the manager.
    pub manager: Option<String>,
    /// Set when the user is in the recycle bin or purged.
    pub removed: Option<Removed>,
}

impl DirectoryUser {
    /// A text property; absent, null, empty and non-text values are `None`.
    pub fn text(&self, property: &str) -> Option<&str> {
        text(&self.properties, property)
    }

    /// `accountEnabled`; absent or null counts as enabled, since Graph leaves it out only when it was never set.
    pub fn enabled(&self) -> bool {
        self.properties.get("accountEnabled").and_then(Value::as_bool).unwrap_or(true)
    }

    /// The name people know: display name, else user principal name, else the id.
    pub fn name(&self) -> &str {
        self.text("displayName").or_else(|| self.text("userPrincipalName")).unwrap_or(&self.id)
    }
}

/// A group of the directory as the mirror holds it; members are kept apart.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct DirectoryGroup {
    /// Object id (GUID text).
    pub id: String,
    /// Properties under their Graph names.
    pub properties: Map<String, Value>,
    /// Set when the group is deleted. Security groups are purged at once.
    pub removed: Option<Removed>,
}

impl DirectoryGroup {
    /// A text property; absent, null, empty and non-text values are `None`.
    pub fn text(&self, property: &str) -> Option<&str> {
        text(&self.properties, property)
    }

    /// The display name, else the id.
    pub fn name(&self) -> &str {
        self.text("displayName").unwrap_or(&self.id)
    }
}

fn text<'a>(properties: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    properties.get(name).and_then(Value::as_str).filter(|s| !s.is_empty())
}

/// What a member of a group, or the holder of an assignment, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MemberKind {
    /// `#microsoft.graph.user`
    User,
    /// `#microsoft.graph.group`
    Group,
    /// Devices, contacts, service principals.
    Other,
}

impl MemberKind {
    /// `User`, `Group` or `Other`, as in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Other => "Other",
        }
    }

    /// The inverse of [`MemberKind::as_str`]; anything unknown is `Other`.
    pub fn parse(text: &str) -> Self {
        match text {
            "User" => Self::User,
            "Group" => Self::Group,
            _ => Self::Other,
        }
    }
}

/// One direct member of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Member {
    /// Object id.
    pub id: String,
    /// Type of the member.
    pub kind: MemberKind,
}

/// One entry of a `users/delta` page, or of a single read (then everything is present).
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UserChange {
    /// Object id.
    pub id: String,
    /// Set when the entry carries `@removed`.
    pub removed: Option<Removed>,
    /// The properties the entry carries: absent means unchanged or never set, `null` means cleared.
    pub properties: Map<String, Value>,
    /// `None`: not mentioned; `Some(None)`: the relation ended; `Some(Some(id))`: the new manager.
    pub manager: Option<Option<String>>,
}

/// One entry of a `groups/delta` page. A large group comes in several entries.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct GroupChange {
    /// Object id.
    pub id: String,
    /// Set when the entry carries `@removed`.
    pub removed: Option<Removed>,
    /// The properties the entry carries.
    pub properties: Map<String, Value>,
    /// Members that were added, or exist already (initial round).
    pub added: Vec<Member>,
    /// Object ids of members whose membership ended.
    pub dropped: Vec<String>,
}

/// An `appRoleAssignment` of the app: a user or group with a role (E1.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Opaque id of the assignment.
    pub id: String,
    /// Object id of the user or group.
    pub principal_id: String,
    /// User, group or something else.
    pub principal_kind: MemberKind,
    /// Display name of the holder, as Graph copied it.
    pub principal_name: String,
    /// Id of the role; all zeros is Default Access.
    pub role_id: String,
}

/// Id of the Default Access role in assignments of apps that declare no role.
pub const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

/// A role that the app declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRole {
    /// Role id (GUID text).
    pub id: String,
    /// The value that reaches the app; gallery templates have roles without one.
    pub value: Option<String>,
    /// Name shown to people.
    pub display_name: String,
    /// Whether the role can be assigned.
    pub enabled: bool,
    /// Whether users and groups may hold it (`allowedMemberTypes` has `User`).
    pub for_users: bool,
}

/// The app's service principal in the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServicePrincipal {
    /// Object id; every assignment URL takes this one.
    pub id: String,
    /// Application id.
    pub app_id: String,
    /// Name shown to people.
    pub display_name: String,
    /// The roles of the app.
    pub roles: Vec<AppRole>,
}

/// The tenant.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Organization {
    /// Tenant id (GUID text).
    pub id: String,
    /// Name of the organization.
    pub display_name: String,
    /// The default verified domain.
    pub default_domain: Option<String>,
}

/// A collection that is read completely or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Collection {
    /// `users/delta`
    Users,
    /// `groups/delta` with members
    Groups,
    /// `appRoleAssignedTo`
    Assignments,
}

impl Collection {
    /// `users`, `groups` or `assignments`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Assignments => "assignments",
        }
    }
}

/// Proof that every page of a collection was read successfully in this cycle (G1). Without it nothing is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// What was read.
    pub collection: Collection,
    /// The cycle that read it.
    pub cycle_id: String,
    /// Pages read.
    pub pages: u64,
    /// Entries read.
    pub objects: u64,
    /// Whether the round started without a watermark, so that what it does not name is gone.
    pub full: bool,
    /// Set when a collection that had objects answers with none: true perhaps, but not believed before a person
    /// says so.
    pub vanished: Option<String>,
}
