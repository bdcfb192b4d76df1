//! The mirror of the directory: users, groups, members and assignments as last read (E1.4, E1.15).
//!
//! A *full round* reads a collection from its beginning: [`begin_full_round`] gives its number, every entry is applied
//! with that number, and at the end [`missing_users`], [`missing_groups`] and [`drop_members_not_seen`] tell what the
//! directory no longer has. Entries of an incremental round are applied with [`INCREMENTAL`].

use super::StoreError;
use super::rows::{from_json, removed, removed_text, to_json};
use crate::model::{
    Assignment, Collection, DirectoryGroup, DirectoryUser, GroupChange, Member, MemberKind, ObjectType, Removed,
    UserChange,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

mod keys;

use keys::{GroupKeys, UserKeys};

pub use super::search::{Cursor, Found, GroupRow, UserRow, find, search_groups, search_users};

/// The round of changes since a watermark: entries only add to what is known.
pub const INCREMENTAL: i64 = 0;

/// Objects read at a time while streaming.
const CHUNK: i64 = 512;

/// Starts a full round of a collection and returns its number; it replaces an unfinished one.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn begin_full_round(c: &Connection, collection: Collection) -> Result<i64, StoreError> {
    let mut statement = c.prepare_cached(
        "INSERT INTO rounds (collection, round) VALUES (?1, 1)
         ON CONFLICT (collection) DO UPDATE SET round = round + 1 RETURNING round",
    )?;
    Ok(statement.query_row([collection.as_str()], |row| row.get(0))?)
}

/// Whether `round` is the full round of a collection that is under way or was the last.
fn is_full(c: &Connection, collection: Collection, round: i64) -> Result<bool, StoreError> {
    if round == INCREMENTAL {
        return Ok(false);
    }
    let mut statement = c.prepare_cached("SELECT round FROM rounds WHERE collection = ?1")?;
    let last: Option<i64> = statement.query_row([collection.as_str()], |row| row.get(0)).optional()?;
    Ok(last == Some(round))
}

/// Merges properties of an entry: absent stays, `null` is stored as `null`. The first entry of an object in a full
/// round carries everything it has, so that what it does not name was cleared and forgotten meanwhile.
fn merge(before: Map<String, Value>, carried: &Map<String, Value>, replaces: bool) -> Map<String, Value> {
    if replaces {
        return carried.clone();
    }
    let mut merged = before;
    for (name, value) in carried {
        merged.insert(name.clone(), value.clone());
    }
    merged
}

/// Applies one entry of `users/delta` (or a single read) to the mirror. Properties that it does not carry stay as
/// they are, `null` is stored as `null`; `@removed` sets the mark and its absence lifts it. A removed user keeps its
/// properties, so that people can still see who that was.
///
/// In a full round the first entry of a user replaces what was known: Graph leaves out what a user does not have.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn apply_user(c: &Connection, change: &UserChange, round: i64) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached("SELECT pk, properties, manager, removed, seen FROM users WHERE id = ?1")?;
    let before = statement
        .query_row([&change.id], |row| {
            let stored: (i64, String, Option<String>, Option<String>, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(stored)
        })
        .optional()?;
    let mark = change.removed.map(removed_text);
    let Some((pk, text, manager, was_removed, seen)) = before else {
        let manager = change.manager.clone().flatten();
        let keys = UserKeys::of(&change.id, &change.properties);
        c.prepare_cached(
            "INSERT INTO users (id, properties, manager, removed, seen, name_key, upn_key, mail_key, search,
             department_key, title_key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            change.id,
            to_json("users.properties", &change.properties)?,
            manager,
            mark,
            round,
            keys.name,
            keys.upn,
            keys.mail,
            keys.search,
            keys.department,
            keys.title,
        ])?;
        return Ok(());
    };
    let replaces = change.removed.is_none() && seen != round && is_full(c, Collection::Users, round)?;
    let properties = merge(from_json("users.properties", &text)?, &change.properties, replaces);
    let merged = to_json("users.properties", &properties)?;
    let new_manager = match &change.manager {
        Some(named) => named.clone(),
        None if replaces => None,
        None => manager.clone(),
    };
    let seen = seen.max(round);
    if merged == text && new_manager == manager && was_removed.as_deref() == mark {
        c.prepare_cached("UPDATE users SET seen = ?2 WHERE pk = ?1 AND seen <> ?2")?.execute(params![pk, seen])?;
        return Ok(());
    }
    let keys = UserKeys::of(&change.id, &properties);
    c.prepare_cached(
        "UPDATE users SET properties = ?2, manager = ?3, removed = ?4, seen = ?5, name_key = ?6, upn_key = ?7,
         mail_key = ?8, search = ?9, department_key = ?10, title_key = ?11 WHERE pk = ?1",
    )?
    .execute(params![
        pk,
        merged,
        new_manager,
        mark,
        seen,
        keys.name,
        keys.upn,
        keys.mail,
        keys.search,
        keys.department,
        keys.title,
    ])?;
    Ok(())
}

/// Applies one entry of `groups/delta` to the mirror, like [`apply_user`]; its members are merged: the added ones
/// inserted, the dropped ones removed. A group that is purged loses its members.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn apply_group(c: &Connection, change: &GroupChange, round: i64) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached("SELECT pk, properties, removed, seen FROM groups WHERE id = ?1")?;
    let before = statement
        .query_row([&change.id], |row| {
            let stored: (i64, String, Option<String>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            Ok(stored)
        })
        .optional()?;
    let mark = change.removed.map(removed_text);
    if let Some((pk, text, was_removed, seen)) = before {
        let replaces = change.removed.is_none() && seen != round && is_full(c, Collection::Groups, round)?;
        let properties = merge(from_json("groups.properties", &text)?, &change.properties, replaces);
        let merged = to_json("groups.properties", &properties)?;
        let seen = seen.max(round);
        if merged == text && was_removed.as_deref() == mark {
            c.prepare_cached("UPDATE groups SET seen = ?2 WHERE pk = ?1 AND seen <> ?2")?.execute(params![pk, seen])?;
        } else {
            let keys = GroupKeys::of(&change.id, &properties);
            c.prepare_cached(
                "UPDATE groups SET properties = ?2, removed = ?3, seen = ?4, name_key = ?5, mail_key = ?6, search = ?7
                 WHERE pk = ?1",
            )?
            .execute(params![pk, merged, mark, seen, keys.name, keys.mail, keys.search])?;
        }
    } else {
        let keys = GroupKeys::of(&change.id, &change.properties);
        let properties = to_json("groups.properties", &change.properties)?;
        c.prepare_cached(
            "INSERT INTO groups (id, properties, removed, seen, name_key, mail_key, search)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![change.id, properties, mark, round, keys.name, keys.mail, keys.search])?;
    }
    if change.removed == Some(Removed::Hard) {
        return drop_members_of(c, &change.id);
    }
    let mut add = c.prepare_cached(
        "INSERT INTO members (group_id, member_id, kind, seen) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (group_id, member_id) DO UPDATE SET kind = ?3, seen = max(seen, ?4)",
    )?;
    for member in &change.added {
        add.execute(params![change.id, member.id, member.kind.as_str(), round])?;
    }
    let mut drop = c.prepare_cached("DELETE FROM members WHERE group_id = ?1 AND member_id = ?2")?;
    for id in &change.dropped {
        drop.execute([&change.id, id])?;
    }
    Ok(())
}

fn drop_members_of(c: &Connection, group_id: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM members WHERE group_id = ?1")?.execute([group_id])?;
    Ok(())
}

/// Live users that a full round did not name, sorted.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn missing_users(c: &Connection, round: i64) -> Result<Vec<String>, StoreError> {
    texts(c, "SELECT id FROM users WHERE removed IS NULL AND seen < ?1 ORDER BY id", params![round])
}

/// Live groups that a full round did not name, sorted.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn missing_groups(c: &Connection, round: i64) -> Result<Vec<String>, StoreError> {
    texts(c, "SELECT id FROM groups WHERE removed IS NULL AND seen < ?1 ORDER BY id", params![round])
}

/// Ends the memberships that a full round of groups did not name, in groups that it did name. Returns how many.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn drop_members_not_seen(c: &Connection, round: i64) -> Result<u64, StoreError> {
    let mut statement = c.prepare_cached(
        "DELETE FROM members WHERE seen < ?1
         AND group_id IN (SELECT id FROM groups WHERE removed IS NULL AND seen = ?1)",
    )?;
    Ok(statement.execute([round])? as u64)
}

/// Marks an object as removed; a purged group loses its members. Whether the mirror has it.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn mark_removed(c: &Connection, object_type: ObjectType, id: &str, how: Removed) -> Result<bool, StoreError> {
    let sql = match object_type {
        ObjectType::User => "UPDATE users SET removed = ?2 WHERE id = ?1",
        ObjectType::Group => "UPDATE groups SET removed = ?2 WHERE id = ?1",
    };
    let known = c.prepare_cached(sql)?.execute([id, removed_text(how)])? > 0;
    if object_type == ObjectType::Group && how == Removed::Hard {
        drop_members_of(c, id)?;
    }
    Ok(known)
}

/// Forgets the whole mirror and its rounds, for a job that was pointed at another tenant.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn clear(c: &Connection) -> Result<(), StoreError> {
    c.execute_batch(
        "DELETE FROM members; DELETE FROM assignments; DELETE FROM users; DELETE FROM groups; DELETE FROM rounds",
    )?;
    Ok(())
}

pub(super) const USER_COLUMNS: &str = "users.id, users.properties, users.manager, users.removed";
pub(super) const GROUP_COLUMNS: &str = "groups.id, groups.properties, groups.removed";

/// A user from [`USER_COLUMNS`] at the beginning of the row.
pub(super) fn read_user(row: &Row<'_>) -> Result<DirectoryUser, StoreError> {
    let mark: Option<String> = row.get(3)?;
    Ok(DirectoryUser {
        id: row.get(0)?,
        properties: from_json("users.properties", row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
        manager: row.get(2)?,
        removed: removed(mark.as_deref())?,
    })
}

/// A group from [`GROUP_COLUMNS`] at the beginning of the row.
pub(super) fn read_group(row: &Row<'_>) -> Result<DirectoryGroup, StoreError> {
    let mark: Option<String> = row.get(2)?;
    Ok(DirectoryGroup {
        id: row.get(0)?,
        properties: from_json("groups.properties", row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
        removed: removed(mark.as_deref())?,
    })
}

/// One user, live or removed.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn user(c: &Connection, id: &str) -> Result<Option<DirectoryUser>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT {USER_COLUMNS} FROM users WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read_user).transpose()
}

/// One group, live or removed.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn group(c: &Connection, id: &str) -> Result<Option<DirectoryGroup>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT {GROUP_COLUMNS} FROM groups WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read_group).transpose()
}

/// Calls `f` with every user, removed ones too, by id; a few hundred are in memory at a time. `f` may use the same
/// connection, also for writing.
///
/// # Errors
/// The first error of `f`, [`StoreError::Sql`] or [`StoreError::Value`].
pub fn for_each_user(c: &Connection, f: impl FnMut(DirectoryUser) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let sql = format!("SELECT {USER_COLUMNS} FROM users WHERE id > ?1 ORDER BY id LIMIT ?2");
    for_each(c, &sql, read_user, |user| &user.id, f)
}

/// [`for_each_user`] for groups.
///
/// # Errors
/// The first error of `f`, [`StoreError::Sql`] or [`StoreError::Value`].
pub fn for_each_group(
    c: &Connection,
    f: impl FnMut(DirectoryGroup) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {GROUP_COLUMNS} FROM groups WHERE id > ?1 ORDER BY id LIMIT ?2");
    for_each(c, &sql, read_group, |group| &group.id, f)
}

fn for_each<T>(
    c: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    id: impl Fn(&T) -> &String,
    mut f: impl FnMut(T) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let mut chunk = Vec::new();
        {
            let mut statement = c.prepare_cached(sql)?;
            let mut rows = statement.query(params![after, CHUNK])?;
            while let Some(row) = rows.next()? {
                chunk.push(read(row)?);
            }
        }
        let Some(last) = chunk.last() else { return Ok(()) };
        after.clone_from(id(last));
        for object in chunk {
            f(object)?;
        }
    }
}

fn read_member(row: &Row<'_>, at: usize) -> rusqlite::Result<Member> {
    Ok(Member { id: row.get(at)?, kind: MemberKind::parse(row.get_ref(at + 1)?.as_str()?) })
}

/// Direct members of a group, by id.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn members(c: &Connection, group_id: &str) -> Result<Vec<Member>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT member_id, kind FROM members WHERE group_id = ?1 ORDER BY member_id")?;
    let found = statement.query_map([group_id], |row| read_member(row, 0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Ids of the live groups of which an object is a direct member, sorted.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn groups_of(c: &Connection, member_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT group_id FROM members JOIN groups ON groups.id = group_id
               WHERE member_id = ?1 AND groups.removed IS NULL ORDER BY group_id";
    texts(c, sql, params![member_id])
}

/// Every direct membership of the named groups that are live, as (group id, member).
///
/// # Errors
/// [`StoreError::Sql`].
pub fn all_memberships_of_groups(
    c: &Connection,
    group_ids: &[impl AsRef<str>],
) -> Result<Vec<(String, Member)>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT member_id, kind FROM members JOIN groups ON groups.id = group_id
         WHERE group_id = ?1 AND groups.removed IS NULL ORDER BY member_id",
    )?;
    let mut memberships = Vec::new();
    for id in group_ids {
        for member in statement.query_map([id.as_ref()], |row| read_member(row, 0))? {
            memberships.push((id.as_ref().to_owned(), member?));
        }
    }
    Ok(memberships)
}

/// Ids of the users that are direct members of at least one of the named live groups, sorted, each once.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn user_ids_by_member(c: &Connection, group_ids: &[impl AsRef<str>]) -> Result<Vec<String>, StoreError> {
    let users: std::collections::BTreeSet<String> = all_memberships_of_groups(c, group_ids)?
        .into_iter()
        .filter(|(_, member)| member.kind == MemberKind::User)
        .map(|(_, member)| member.id)
        .collect();
    Ok(users.into_iter().collect())
}

/// Ids of the users whose manager is the named one, sorted.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn reports_of(c: &Connection, manager_id: &str) -> Result<Vec<String>, StoreError> {
    texts(c, "SELECT id FROM users WHERE manager = ?1 ORDER BY id", params![manager_id])
}

/// Replaces all assignments by the ones that were read completely.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn replace_assignments(c: &Connection, assignments: &[Assignment]) -> Result<(), StoreError> {
    c.execute("DELETE FROM assignments", [])?;
    let mut statement = c.prepare_cached(
        "INSERT OR REPLACE INTO assignments (id, principal_id, principal_kind, principal_name, role_id)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for a in assignments {
        statement.execute(params![a.id, a.principal_id, a.principal_kind.as_str(), a.principal_name, a.role_id])?;
    }
    Ok(())
}

/// All assignments, by id.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn assignments(c: &Connection) -> Result<Vec<Assignment>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT id, principal_id, principal_kind, principal_name, role_id FROM assignments ORDER BY id",
    )?;
    let found = statement.query_map([], |row| {
        Ok(Assignment {
            id: row.get(0)?,
            principal_id: row.get(1)?,
            principal_kind: MemberKind::parse(row.get_ref(2)?.as_str()?),
            principal_name: row.get(3)?,
            role_id: row.get(4)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// How many live users and groups the mirror has. Counted as they come and go: it costs the same for any number.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn counts(c: &Connection) -> Result<(u64, u64), StoreError> {
    let mut statement = c.prepare_cached("SELECT live FROM mirror_counts WHERE object_type = ?1")?;
    let mut live = |object_type: ObjectType| statement.query_row([object_type.as_str()], |row| row.get(0));
    Ok((live(ObjectType::User)?, live(ObjectType::Group)?))
}

fn texts(c: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<String>, StoreError> {
    let mut statement = c.prepare_cached(sql)?;
    let found = statement.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

#[cfg(test)]
#[path = "mirror_tests.rs"]
mod tests;
