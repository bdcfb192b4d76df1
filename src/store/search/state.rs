//! States that the store alone can tell, each with its index.

/// What the store alone knows about an object's state; `state:` in a filter takes these words or their beginnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoredState {
    /// It failed and waits for its next attempt.
    Failed,
    /// The job has a link to a resource of the app.
    Linked,
    /// The job has no link: missing in the app, or out of scope.
    Unlinked,
    /// The account was turned off in the app.
    Off,
    /// The app no longer knows the linked resource.
    Broken,
    /// Removed from the directory, while the job still has a link.
    Orphan,
    /// Removed from the directory.
    Removed,
}

impl StoredState {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Failed, Self::Linked, Self::Unlinked, Self::Off, Self::Broken, Self::Orphan, Self::Removed];

    /// The word in a filter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Off => "off",
            Self::Broken => "broken",
            Self::Orphan => "orphan",
            Self::Removed => "removed",
        }
    }

    /// The ids of its objects, through an index; `?1` is the type.
    pub(super) fn ids(self) -> &'static str {
        match self {
            Self::Failed => {
                "SELECT source_id AS key FROM retries INDEXED BY retries_reference WHERE reference = 0 AND object_type = ?1"
            }
            Self::Linked => "SELECT source_id AS key FROM links INDEXED BY links_target WHERE object_type = ?1",
            Self::Unlinked => "SELECT id AS key FROM unlinked WHERE object_type = ?1",
            Self::Off => {
                "SELECT source_id AS key FROM links INDEXED BY links_off WHERE object_type = ?1 AND active = 0"
            }
            Self::Broken => {
                "SELECT source_id AS key FROM links INDEXED BY links_broken WHERE object_type = ?1 AND broken = 1"
            }
            Self::Orphan | Self::Removed => "SELECT id AS key FROM {} INDEXED BY {}_gone WHERE removed IS NOT NULL",
        }
    }

    /// Its condition on a row; `{}` is the table.
    pub(super) fn test(self) -> &'static str {
        match self {
            Self::Failed => {
                "EXISTS (SELECT 1 FROM retries WHERE object_type = ?1 AND source_id = {}.id AND reference = 0)"
            }
            Self::Linked => "EXISTS (SELECT 1 FROM links WHERE object_type = ?1 AND source_id = {}.id)",
            Self::Unlinked => "NOT EXISTS (SELECT 1 FROM links WHERE object_type = ?1 AND source_id = {}.id)",
            Self::Off => "EXISTS (SELECT 1 FROM links WHERE object_type = ?1 AND source_id = {}.id AND active = 0)",
            Self::Broken => "EXISTS (SELECT 1 FROM links WHERE object_type = ?1 AND source_id = {}.id AND broken = 1)",
            Self::Orphan => {
                "({}.removed IS NOT NULL AND EXISTS (SELECT 1 FROM links WHERE object_type = ?1 AND source_id = {}.id))"
            }
            Self::Removed => "{}.removed IS NOT NULL",
        }
    }
}
