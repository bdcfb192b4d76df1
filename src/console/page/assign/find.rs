//! What assigning asks the store: who there is, and through which groups somebody is assigned already.

use crate::console::query::Sources;
use crate::model::{Assignment, ObjectType};
use crate::store::search::{Cursor, DirectoryQuery, total, window_groups, window_users};
use crate::store::window::{Anchor, Window};
use crate::store::{StoreError, membership, mirror};

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Users or groups that fit a text.
    Window {
        /// The filter.
        text: String,
        /// Users or groups.
        object_type: ObjectType,
        /// Where.
        anchor: Anchor<Cursor>,
        /// How many rows.
        limit: usize,
    },
    /// The assigned groups that a user is a direct member of: only these count (E3.4).
    Through {
        /// Directory id.
        user: String,
    },
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Directory id.
    pub id: String,
    /// Display name; untrusted.
    pub name: String,
    /// User principal name; a group has none. Untrusted.
    pub principal_name: Option<String>,
    /// Department, or how many members. Untrusted.
    pub detail: String,
}

/// A window of rows, and what it answers.
#[derive(Debug)]
pub struct Found {
    /// The filter.
    pub text: String,
    /// Users or groups.
    pub object_type: ObjectType,
    /// Where.
    pub anchor: Anchor<Cursor>,
    /// The rows.
    pub window: Window<Row>,
    /// All users or groups.
    pub total: u64,
}

/// A group that gives a role to its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// Name of the group; untrusted.
    pub group: String,
    /// Role id.
    pub role: String,
}

/// The answer.
#[derive(Debug)]
pub enum Answer {
    /// Rows.
    Window(Box<Found>),
    /// Groups.
    Through {
        /// Whose.
        user: String,
        /// The groups.
        groups: Vec<Through>,
    },
}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Window { .. } => 0,
            Self::Through { .. } => 1,
        }
    }
}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    let c = sources.c;
    Ok(match query {
        Query::Window { text, object_type, anchor, limit } => {
            let wanted = DirectoryQuery { text: text.clone(), ..DirectoryQuery::default() };
            let window = match object_type {
                ObjectType::User => rows(window_users(c, &wanted, anchor, *limit)?, |row| Row {
                    name: row.user.name().to_owned(),
                    principal_name: row.user.text("userPrincipalName").map(str::to_owned),
                    detail: row.user.text("department").unwrap_or_default().to_owned(),
                    id: row.user.id,
                }),
                ObjectType::Group => rows(window_groups(c, &wanted, anchor, *limit)?, |row| Row {
                    name: row.group.name().to_owned(),
                    principal_name: None,
                    detail: match row.members {
                        1 => "1 member".to_owned(),
                        n => format!("{} members", crate::console::words::count(n)),
                    },
                    id: row.group.id,
                }),
            };
            let total = total(c, *object_type)?;
            let (text, object_type, anchor) = (text.clone(), *object_type, anchor.clone());
            Answer::Window(Box::new(Found { text, object_type, anchor, window, total }))
        }
        Query::Through { user } => {
            let groups = mirror::groups_of(c, user)?;
            let mut assignments = membership::assignments_through_groups(c, user)?;
            // Those of groups that are gone count no more.
            assignments.retain(|assignment| groups.contains(&assignment.principal_id));
            assignments.sort_by(|one, other| one.id.cmp(&other.id));
            let through = |a: Assignment| Through { group: a.principal_name, role: a.role_id };
            Answer::Through { user: user.clone(), groups: assignments.into_iter().map(through).collect() }
        }
    })
}

fn rows<T>(window: Window<T>, row: impl Fn(T) -> Row) -> Window<Row> {
    Window { rows: window.rows.into_iter().map(row).collect(), above: window.above, below: window.below, at: window.at }
}
