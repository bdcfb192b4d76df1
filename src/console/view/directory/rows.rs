//! The rows of the list: a window of users or groups, each with the state that the job's rules give it.

use crate::console::page::Object;
use crate::console::query::Sources;
use crate::console::style::{Glyphs, Token};
use crate::console::words::account;
use crate::expression::Context;
use crate::model::{DirectoryGroup, DirectoryUser, Link, ObjectType, Retry};
use crate::store::search::{self, Cursor, DirectoryQuery, GroupRow, UserRow};
use crate::store::window::{Anchor, Window};
use crate::store::{StoreError, retries};
use crate::sync::cycle::{entitlements_of, roles_of};
use crate::sync::project::{Subject, group_subject, user_subject};
use crate::sync::scope::{Course, Standing};
use crate::text::{Shown, show};

/// How an object stands, as far as can be told without asking the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectState {
    /// The app was last given what the directory has.
    InSync,
    /// The directory has something else than the app was last given.
    Drift,
    /// It belongs into the app and is not there.
    Missing,
    /// It is in the app and no longer belongs there.
    Orphan,
    /// It failed and waits for its next attempt.
    Failed,
    /// It cannot be provisioned as mapped.
    WillFail,
    /// It does not belong into the app.
    OutOfScope,
}

impl ObjectState {
    /// The state in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "in sync",
            Self::Drift => "drift",
            Self::Missing => "missing",
            Self::Orphan => "orphan",
            Self::Failed => "failed",
            Self::WillFail => "will fail",
            Self::OutOfScope => "out of scope",
        }
    }

    /// Its mark, one cell.
    pub fn mark(self, glyphs: &Glyphs) -> &'static str {
        match self {
            Self::InSync => glyphs.ok,
            Self::Drift => glyphs.drift,
            Self::Missing => glyphs.add,
            Self::Orphan => glyphs.remove,
            Self::Failed => glyphs.fail,
            Self::WillFail => glyphs.warn,
            Self::OutOfScope => glyphs.dot,
        }
    }

    /// How mark and word look: colour only where there is trouble or change.
    pub fn token(self) -> Token {
        match self {
            Self::InSync | Self::OutOfScope => Token::Muted,
            Self::Drift => Token::Change,
            Self::Missing => Token::Add,
            Self::Orphan => Token::Remove,
            Self::Failed => Token::Fail,
            Self::WillFail => Token::Warn,
        }
    }

    /// Whether somebody might want to look at it.
    pub fn needs_a_look(self) -> bool {
        !matches!(self, Self::InSync | Self::OutOfScope)
    }

    /// The state of an object that was evaluated, and the failure it waits on.
    pub(super) fn of(subject: &Subject, retry: Option<&Retry>, sources: &Sources<'_>) -> Self {
        if subject.object_type == ObjectType::Group && !sources.facts.config.groups && subject.link.is_none() {
            return Self::OutOfScope;
        }
        // A failed reference (manager, member) leaves the object itself as it is.
        if retry.is_some_and(|retry| !retry.reference) {
            return Self::Failed;
        }
        let gone = matches!(subject.standing, Standing::SoftDeleted | Standing::HardDeleted);
        match &subject.course {
            Course::Provision if subject.problem.is_some() => Self::WillFail,
            Course::Provision => match &subject.link {
                None if subject.create_problem.is_some() => Self::WillFail,
                None => Self::Missing,
                Some(link) if link.broken => Self::Missing,
                Some(_) if subject.in_step(sources.facts.rules.of(subject.object_type)) => Self::InSync,
                Some(_) => Self::Drift,
            },
            _ if gone => match &subject.link {
                Some(link) if !link.broken => Self::Orphan,
                _ => Self::OutOfScope,
            },
            // The account is off on one side only.
            Course::Disable { unmanage: false } => Self::Drift,
            Course::Disable { unmanage: true } | Course::Delete => Self::Orphan,
            Course::Nothing if subject.standing == Standing::Disabled && subject.link.is_some() => Self::InSync,
            Course::Nothing | Course::Skip { .. } | Course::Unmanage | Course::LetGo { .. } => Self::OutOfScope,
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// User or group, with the name it is known by.
    pub object: Object,
    /// That name, short.
    pub name: Shown,
    /// Department of a user, members of a group.
    pub note: Shown,
    /// How it stands.
    pub state: ObjectState,
    /// Its place in the list.
    pub cursor: Cursor,
}

/// What expressions know beside the object.
pub(super) fn context(sources: &Sources<'_>) -> Context {
    let domain = sources.organization.as_ref().and_then(|o| o.default_domain.clone());
    Context::preview(sources.now).with_default_domain(domain)
}

/// The name that a user is known by on this page: the one they sign in with.
pub(super) fn known_by(user: &DirectoryUser) -> &str {
    user.text("userPrincipalName").unwrap_or_else(|| user.name())
}

/// Reads a window and evaluates its rows, and no others.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn read(
    sources: &Sources<'_>,
    object_type: ObjectType,
    query: &DirectoryQuery,
    anchor: &Anchor<Cursor>,
    limit: usize,
) -> Result<Window<Row>, StoreError> {
    match object_type {
        ObjectType::User => {
            let Window { rows, above, below, at } = search::window_users(sources.c, query, anchor, limit)?;
            Ok(Window { rows: users(sources, rows)?, above, below, at })
        }
        ObjectType::Group => {
            let Window { rows, above, below, at } = search::window_groups(sources.c, query, anchor, limit)?;
            Ok(Window { rows: groups(sources, rows)?, above, below, at })
        }
    }
}

/// Reads and evaluates these objects alone, in the order of a query whose text does not matter.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn some(
    sources: &Sources<'_>,
    object_type: ObjectType,
    order: &DirectoryQuery,
    ids: &[&str],
) -> Result<Vec<Row>, StoreError> {
    match object_type {
        ObjectType::User => users(sources, search::some_users(sources.c, order, ids)?),
        ObjectType::Group => groups(sources, search::some_groups(sources.c, order, ids)?),
    }
}

fn users(sources: &Sources<'_>, found: Vec<UserRow>) -> Result<Vec<Row>, StoreError> {
    let (object_type, context) = (ObjectType::User, context(sources));
    let ids: Vec<&str> = found.iter().map(|row| row.user.id.as_str()).collect();
    let entitlements = entitlements_of(sources.c, &ids, &[])?;
    let rules = sources.facts.rules.of(object_type);
    let evaluate = |user: &DirectoryUser, link: Option<Link>| {
        let roles = roles_of(&entitlements, &user.id);
        user_subject(user, &entitlements, &roles, rules, sources.facts.scope, link, &context)
    };
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let subject = evaluate(&row.user, row.link);
        let retry = waiting(sources, object_type, &row.user.id, row.retry_code.is_some())?;
        let known = known_by(&row.user).to_owned();
        rows.push(Row {
            name: show(account(&known)),
            note: show(row.user.text("department").unwrap_or_default()),
            state: ObjectState::of(&subject, retry.as_ref(), sources),
            object: Object { object_type, id: row.user.id, name: known },
            cursor: row.cursor,
        });
    }
    Ok(rows)
}

fn groups(sources: &Sources<'_>, found: Vec<GroupRow>) -> Result<Vec<Row>, StoreError> {
    let (object_type, context) = (ObjectType::Group, context(sources));
    let ids: Vec<&str> = found.iter().map(|row| row.group.id.as_str()).collect();
    let entitlements = entitlements_of(sources.c, &[], &ids)?;
    let rules = sources.facts.rules.of(object_type);
    let evaluate = |group: &DirectoryGroup, link: Option<Link>| {
        group_subject(group, &entitlements, rules, sources.facts.scope, link, &context)
    };
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let subject = evaluate(&row.group, row.link);
        let retry = waiting(sources, object_type, &row.group.id, row.retry_code.is_some())?;
        let name = row.group.name().to_owned();
        rows.push(Row {
            name: show(&name),
            note: show(&crate::console::words::count(row.members)),
            state: ObjectState::of(&subject, retry.as_ref(), sources),
            object: Object { object_type, id: row.group.id, name },
            cursor: row.cursor,
        });
    }
    Ok(rows)
}

fn waiting(sources: &Sources<'_>, kind: ObjectType, id: &str, waits: bool) -> Result<Option<Retry>, StoreError> {
    if waits { retries::get(sources.c, kind, id) } else { Ok(None) }
}
