//! Operations: one thing to do in the app, with its reason and its attribute diff.

use super::ObjectType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verb {
    /// Turn an account off (`active` false, or whatever is mapped from `IsSoftDeleted`).
    #[serde(rename = "disable")]
    Disable,
    /// Remove the resource.
    #[serde(rename = "delete")]
    Delete,
    /// Make a new resource.
    #[serde(rename = "create")]
    Create,
    /// Turn an account on again, with whatever else differs.
    #[serde(rename = "enable")]
    Enable,
    /// Write attributes that differ. Without any change it only records the link (adoption).
    #[serde(rename = "update")]
    Update,
    /// Set or replace the manager.
    #[serde(rename = "set manager")]
    SetManager,
    /// Add members to a group.
    #[serde(rename = "add members")]
    AddMembers,
    /// Remove members from a group.
    #[serde(rename = "remove members")]
    RemoveMembers,
}

impl Verb {
    /// Every verb, in the order in which a cycle applies them: leavers before joiners.
    pub const ALL: [Self; 8] = [
        Self::Disable,
        Self::Delete,
        Self::Create,
        Self::Enable,
        Self::Update,
        Self::SetManager,
        Self::AddMembers,
        Self::RemoveMembers,
    ];

    /// The verb in words, as in the store, in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::Create => "create",
            Self::Enable => "enable",
            Self::Update => "update",
            Self::SetManager => "set manager",
            Self::AddMembers => "add members",
            Self::RemoveMembers => "remove members",
        }
    }

    /// The inverse of [`Verb::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.as_str() == text)
    }

    /// Whether the verb takes something away: such an operation needs a certificate (G1).
    pub fn removes(self) -> bool {
        matches!(self, Self::Disable | Self::Delete | Self::RemoveMembers)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationState {
    /// Decided, not begun.
    Planned,
    /// Kept back by a guard until a person releases or rejects it.
    Held,
    /// Its request may have left.
    Started,
    /// The app said yes.
    Claimed,
    /// A later read proved it.
    Verified,
    /// The app said no, or the answer could not be used.
    Failed,
    /// Started by a process that died, or the answer was lost.
    Unknown,
    /// A person said no.
    Rejected,
}

impl OperationState {
    /// The state in words, as in the store and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Held => "held",
            Self::Started => "started",
            Self::Claimed => "claimed",
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
        }
    }

    /// The inverse of [`OperationState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Planned,
            Self::Held,
            Self::Started,
            Self::Claimed,
            Self::Verified,
            Self::Failed,
            Self::Unknown,
            Self::Rejected,
        ]
        .into_iter()
        .find(|s| s.as_str() == text)
    }
}

/// One attribute of a diff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Target attribute path, such as `emails[type eq "work"].value`.
    pub attribute: String,
    /// The value before; `null` if there was none.
    pub old: Value,
    /// The value after; `null` if it is removed.
    pub new: Value,
}

/// One thing to do in the app. It may name an object that does not exist there yet by its directory id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Unique id (UUID v7).
    pub id: String,
    /// The cycle that planned it.
    pub cycle_id: String,
    /// What it does.
    pub verb: Verb,
    /// User or group.
    pub object_type: ObjectType,
    /// Directory object id.
    pub source_id: String,
    /// App resource id, once it is known.
    pub target_id: Option<String>,
    /// Name people know the object by; untrusted text.
    pub name: String,
    /// Why, in words.
    pub reason: String,
    /// Attributes that change. For members: attribute `members`, a list of names.
    pub changes: Vec<Change>,
    /// Directory ids of the members to add or remove, or of the manager to set.
    pub references: Vec<String>,
    /// Where it stands.
    pub state: OperationState,
    /// Why a guard keeps it back.
    pub held_reason: Option<String>,
}
