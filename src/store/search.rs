//! Finding people and groups in the mirror: exact names for commands, free text for lists.

use super::fold::fold;
use super::mirror::{GROUP_COLUMNS, USER_COLUMNS, read_group, read_user};
use super::{StoreError, links, membership};
use crate::model::{DirectoryGroup, DirectoryUser, Link, ObjectType};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

mod conditions;
mod short;
mod state;
mod window;

pub use conditions::{GROUP_FIELDS, USER_FIELDS, fields};
pub use state::StoredState;
pub use window::{
    DirectoryQuery, Sort, count_groups, count_users, some_groups, some_users, total, window_groups, window_users,
};

/// Shortest text that the trigram index can look up.
const TRIGRAM: usize = 3;

/// An object that fits a name exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Directory object id.
    pub id: String,
    /// Display name, else user principal name, else id; untrusted text.
    pub name: String,
    /// User principal name; a group has none.
    pub user_principal_name: Option<String>,
}

/// A place in a list. Opaque; good for the next page or window of the same search in the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// What the order looks at before the name; empty if nothing.
    lead: String,
    name_key: String,
    pk: i64,
}

/// A user in a list, with the state of its link.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRow {
    /// The user as in the mirror.
    pub user: DirectoryUser,
    /// The link, if the job has one.
    pub link: Option<Link>,
    /// Error code of the retry it waits for, if it failed.
    pub retry_code: Option<String>,
    /// Give it as `after` for the rows that follow.
    pub cursor: Cursor,
}

/// A group in a list, with the state of its link.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRow {
    /// The group as in the mirror.
    pub group: DirectoryGroup,
    /// Direct members of any kind.
    pub members: u64,
    /// The link, if the job has one.
    pub link: Option<Link>,
    /// Error code of the retry it waits for, if it failed.
    pub retry_code: Option<String>,
    /// Give it as `after` for the rows that follow.
    pub cursor: Cursor,
}

/// Everything that fits a text at the first level at which anything fits: object id, user principal name, mail,
/// exact display name; upper and lower case are one. Live objects are looked at first, removed ones only if no live
/// one fits.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn find(c: &Connection, object_type: ObjectType, text: &str) -> Result<Vec<Found>, StoreError> {
    let text = text.trim();
    let key = fold(text);
    let wanted = text.to_lowercase();
    let (table, columns) = table(object_type);
    // Keys are folded for search; which property must then be equal, letter by letter.
    let levels: &[(&str, &str)] = match object_type {
        ObjectType::User => &[("upn_key", "userPrincipalName"), ("mail_key", "mail"), ("name_key", "displayName")],
        ObjectType::Group => &[("mail_key", "mail"), ("name_key", "displayName")],
    };
    for condition in ["removed IS NULL", "removed IS NOT NULL"] {
        let sql = format!("SELECT {columns} FROM {table} WHERE id IN (?1, ?2) AND {condition}");
        let exact =
            collect(c, &sql, vec![text.to_owned().into(), wanted.clone().into()], |row| found(object_type, row))?;
        if !exact.is_empty() {
            return Ok(exact.into_iter().map(|(found, _)| found).collect());
        }
        for (column, property) in levels {
            let sql = format!("SELECT {columns} FROM {table} WHERE {column} = ?1 AND {condition} ORDER BY id");
            let fits: Vec<Found> = collect(c, &sql, vec![key.clone().into()], |row| found(object_type, row))?
                .into_iter()
                .filter(|(_, properties)| {
                    properties
                        .get(*property)
                        .and_then(|v| v.as_str())
                        .is_some_and(|v| v.trim().to_lowercase() == wanted)
                })
                .map(|(found, _)| found)
                .collect();
            if !fits.is_empty() {
                return Ok(fits);
            }
        }
    }
    Ok(Vec::new())
}

type Properties = serde_json::Map<String, serde_json::Value>;

fn found(object_type: ObjectType, row: &Row<'_>) -> Result<(Found, Properties), StoreError> {
    Ok(match object_type {
        ObjectType::User => {
            let user = read_user(row)?;
            let name = user.name().to_owned();
            let user_principal_name = user.text("userPrincipalName").map(str::to_owned);
            (Found { id: user.id, name, user_principal_name }, user.properties)
        }
        ObjectType::Group => {
            let group = read_group(row)?;
            let name = group.name().to_owned();
            (Found { id: group.id, name, user_principal_name: None }, group.properties)
        }
    })
}

/// Users that fit a free text, by name: every word must occur somewhere in display name, user principal name, mail,
/// given name, surname, job title or department; case and diacritics do not count. An empty text fits everybody.
/// Purged users are left out unless the job still has a link to them.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn search_users(
    c: &Connection,
    text: &str,
    limit: usize,
    after: Option<&Cursor>,
) -> Result<Vec<UserRow>, StoreError> {
    let (sql, values) = query(ObjectType::User, text, limit, after);
    collect(c, &sql, values, |row| {
        let tail = Tail::read(row, 4)?;
        Ok(UserRow { user: read_user(row)?, link: tail.link, retry_code: tail.retry_code, cursor: tail.cursor })
    })
}

/// [`search_users`] for groups, over display name, mail, mail nickname and description.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn search_groups(
    c: &Connection,
    text: &str,
    limit: usize,
    after: Option<&Cursor>,
) -> Result<Vec<GroupRow>, StoreError> {
    let (sql, values) = query(ObjectType::Group, text, limit, after);
    collect(c, &sql, values, |row| {
        let tail = Tail::read(row, 3)?;
        let group = read_group(row)?;
        let members = membership::count(c, &group.id)?;
        Ok(GroupRow { group, members, link: tail.link, retry_code: tail.retry_code, cursor: tail.cursor })
    })
}

/// What people know an object by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// User principal name; a group has none. Untrusted text.
    pub user_principal_name: Option<String>,
    /// What free text is compared with: each field folded (see [`fold`](super::fold)), on a line of its own.
    pub text: String,
}

/// What people know these objects by, of those that the mirror has; by directory id.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn known(
    c: &Connection,
    object_type: ObjectType,
    ids: &BTreeSet<&str>,
) -> Result<HashMap<String, Known>, StoreError> {
    let (table, _) = table(object_type);
    let sql = format!(
        "SELECT id, json_extract(properties, '$.userPrincipalName'), search FROM {table}
         WHERE id IN (SELECT value FROM json_each(?1))"
    );
    let mut statement = c.prepare_cached(&sql)?;
    let found = statement.query_map([serde_json::json!(ids).to_string()], |row| {
        Ok((row.get(0)?, Known { user_principal_name: row.get(1)?, text: row.get(2)? }))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// What both lists have behind the columns of the object.
struct Tail {
    cursor: Cursor,
    retry_code: Option<String>,
    link: Option<Link>,
}

impl Tail {
    fn read(row: &Row<'_>, at: usize) -> Result<Self, StoreError> {
        let cursor = Cursor { name_key: row.get(at)?, pk: row.get(at + 1)?, lead: row.get(at + 2)? };
        let retry_code = row.get(at + 3)?;
        let linked: Option<String> = row.get(at + 4)?;
        let link = linked.map(|_| links::read(row, at + 4)).transpose()?;
        Ok(Self { cursor, retry_code, link })
    }
}

fn table(object_type: ObjectType) -> (&'static str, &'static str) {
    match object_type {
        ObjectType::User => ("users", USER_COLUMNS),
        ObjectType::Group => ("groups", GROUP_COLUMNS),
    }
}

/// The statement of a list and its values.
pub(super) fn query(object_type: ObjectType, text: &str, limit: usize, after: Option<&Cursor>) -> (String, Vec<Sql>) {
    let (table, columns) = table(object_type);
    let mut values: Vec<Sql> = vec![object_type.as_str().to_owned().into()];
    let mut bind = |value: Sql| {
        values.push(value);
        values.len()
    };
    let link_columns = links::COLUMNS.split(", ").map(|name| format!("links.{name}")).collect::<Vec<_>>().join(", ");
    let mut sql = format!(
        "SELECT {columns}, {table}.name_key, {table}.pk, '', retries.code, {link_columns} FROM {table}
         LEFT JOIN links ON links.object_type = ?1 AND links.source_id = {table}.id
         LEFT JOIN retries ON retries.object_type = ?1 AND retries.source_id = {table}.id
         WHERE ({table}.removed IS NOT 'deleted' OR links.source_id IS NOT NULL)"
    );
    let whole = fold(text);
    let (long, short): (Vec<&str>, Vec<&str>) =
        whole.split(' ').filter(|word| !word.is_empty()).partition(|word| word.chars().count() >= TRIGRAM);
    // Writing to a String cannot fail.
    if !long.is_empty() {
        let at = bind(long.into_iter().map(phrase).collect::<Vec<_>>().join(" ").into());
        let _ = write!(sql, " AND {table}.pk IN (SELECT rowid FROM {table}_fts WHERE {table}_fts MATCH ?{at})");
    }
    for word in short {
        let at = bind(word.to_owned().into());
        let _ = write!(sql, " AND instr({table}.search, ?{at}) > 0");
    }
    if let Some(cursor) = after {
        let name = bind(cursor.name_key.clone().into());
        let pk = bind(cursor.pk.into());
        let _ = write!(sql, " AND ({table}.name_key, {table}.pk) > (?{name}, ?{pk})");
    }
    let at = bind(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let _ = write!(sql, " ORDER BY {table}.name_key, {table}.pk LIMIT ?{at}");
    (sql, values)
}

/// A phrase of the full-text language in which nothing is an operator.
fn phrase(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn collect<T>(
    c: &Connection,
    sql: &str,
    values: Vec<Sql>,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}
