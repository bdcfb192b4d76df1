//! The ledger: which directory object owns which app resource, and which members we put into groups (E1.6).

use super::StoreError;
use super::rows::{from_json, object_type, origin, to_json};
use crate::model::{Link, ObjectType};
use rusqlite::{Connection, Row, params};

pub(super) const COLUMNS: &str =
    "object_type, source_id, target_id, origin, managed, active, broken, applied, manager, created_at";

/// A link from [`COLUMNS`], the first of which is at index `at`.
pub(super) fn read(row: &Row<'_>, at: usize) -> Result<Link, StoreError> {
    let text = |i: usize| row.get_ref(at + i)?.as_str().map_err(rusqlite::Error::from);
    Ok(Link {
        object_type: object_type(text(0)?)?,
        source_id: row.get(at + 1)?,
        target_id: row.get(at + 2)?,
        origin: origin(text(3)?)?,
        managed: row.get(at + 4)?,
        active: row.get(at + 5)?,
        broken: row.get(at + 6)?,
        applied: from_json("links.applied", text(7)?)?,
        manager: row.get(at + 8)?,
        created_at: row.get(at + 9)?,
    })
}

/// The link of a directory object.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn get(c: &Connection, object_type: ObjectType, source_id: &str) -> Result<Option<Link>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM links WHERE object_type = ?1 AND source_id = ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query(params![object_type.as_str(), source_id])?;
    rows.next()?.map(|row| read(row, 0)).transpose()
}

/// The link to an app resource. Two directory objects may point to one resource, when somebody was deleted, came
/// back as a new object and was matched: then a managed, unbroken link wins.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn by_target(c: &Connection, object_type: ObjectType, target_id: &str) -> Result<Option<Link>, StoreError> {
    let mut statement = c.prepare_cached(&by_target_sql())?;
    let mut rows = statement.query(params![object_type.as_str(), target_id])?;
    rows.next()?.map(|row| read(row, 0)).transpose()
}

/// Names the index: without statistics SQLite prefers the primary key, and that means every link of the type.
fn by_target_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM links INDEXED BY links_target WHERE object_type = ?1 AND target_id = ?2
         ORDER BY broken, managed DESC, created_at DESC LIMIT 1"
    )
}

/// Stores a link, replacing the one of the same directory object.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn put(c: &Connection, link: &Link) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO links
         (object_type, source_id, target_id, origin, managed, active, broken, applied, manager, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        link.object_type.as_str(),
        link.source_id,
        link.target_id,
        link.origin.as_str(),
        link.managed,
        link.active,
        link.broken,
        to_json("links.applied", &link.applied)?,
        link.manager,
        link.created_at,
    ])?;
    Ok(())
}

/// Forgets a link; of a group also the members we put into it. Whether there was one.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn remove(c: &Connection, object_type: ObjectType, source_id: &str) -> Result<bool, StoreError> {
    if object_type == ObjectType::Group {
        c.prepare_cached("DELETE FROM applied_members WHERE group_id = ?1")?.execute([source_id])?;
    }
    let mut statement = c.prepare_cached("DELETE FROM links WHERE object_type = ?1 AND source_id = ?2")?;
    Ok(statement.execute(params![object_type.as_str(), source_id])? > 0)
}

/// Notes that the app no longer knows the id (E6.16). Whether there was such a link.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn mark_broken(c: &Connection, object_type: ObjectType, source_id: &str) -> Result<bool, StoreError> {
    let mut statement = c.prepare_cached("UPDATE links SET broken = 1 WHERE object_type = ?1 AND source_id = ?2")?;
    Ok(statement.execute(params![object_type.as_str(), source_id])? > 0)
}

/// Every link of a type, by directory id. For large jobs see [`for_each`].
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn all(c: &Connection, object_type: ObjectType) -> Result<Vec<Link>, StoreError> {
    let mut links = Vec::new();
    for_each(c, object_type, |link| {
        links.push(link);
        Ok(())
    })?;
    Ok(links)
}

/// Calls `f` with every link of a type, by directory id, one at a time.
///
/// # Errors
/// The first error of `f`, [`StoreError::Sql`] or [`StoreError::Value`].
pub fn for_each(
    c: &Connection,
    object_type: ObjectType,
    mut f: impl FnMut(Link) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM links WHERE object_type = ?1 ORDER BY source_id");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query([object_type.as_str()])?;
    while let Some(row) = rows.next()? {
        f(read(row, 0)?)?;
    }
    Ok(())
}

/// How many links of a type there are. They are counted as they come and go, so asking costs nothing.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count(c: &Connection, object_type: ObjectType) -> Result<u64, StoreError> {
    let mut statement = c.prepare_cached("SELECT coalesce(sum(n), 0) FROM link_counts WHERE object_type = ?1")?;
    Ok(statement.query_row([object_type.as_str()], |row| row.get(0))?)
}

/// Forgets every link and every member put in: the next cycle matches everybody again.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn clear_all(c: &Connection) -> Result<(), StoreError> {
    c.execute_batch("DELETE FROM links; DELETE FROM applied_members")?;
    Ok(())
}

/// Directory ids of the members that we put into the app's group, sorted. Only these may be removed again.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn members_applied(c: &Connection, group_source_id: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT member_id FROM applied_members WHERE group_id = ?1 ORDER BY member_id")?;
    let ids = statement.query_map([group_source_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Directory ids of the groups into which we put a member, sorted.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn groups_with_applied(c: &Connection, member_id: &str) -> Result<Vec<String>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT group_id FROM applied_members WHERE member_id = ?1 ORDER BY group_id")?;
    let ids = statement.query_map([member_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Notes members that were put into the app's group; ones already noted stay.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn add_applied_members(
    c: &Connection,
    group_source_id: &str,
    member_ids: &[impl AsRef<str>],
) -> Result<(), StoreError> {
    let mut statement =
        c.prepare_cached("INSERT OR IGNORE INTO applied_members (group_id, member_id) VALUES (?1, ?2)")?;
    for id in member_ids {
        statement.execute([group_source_id, id.as_ref()])?;
    }
    Ok(())
}

/// Notes members that were taken out of the app's group.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn remove_applied_members(
    c: &Connection,
    group_source_id: &str,
    member_ids: &[impl AsRef<str>],
) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached("DELETE FROM applied_members WHERE group_id = ?1 AND member_id = ?2")?;
    for id in member_ids {
        statement.execute([group_source_id, id.as_ref()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Origin;
    use crate::store::testing::{memory, plan, uses_index};
    use serde_json::{Map, Value};

    fn link(object_type: ObjectType, source: &str, target: &str) -> Link {
        let mut applied = Map::new();
        applied.insert("emails[type eq \"work\"].value".into(), Value::from("ada@contoso.com"));
        applied.insert("title".into(), Value::Null);
        Link {
            object_type,
            source_id: source.into(),
            target_id: target.into(),
            origin: Origin::Created,
            managed: true,
            active: true,
            broken: false,
            applied,
            manager: Some("boss".into()),
            created_at: "2026-11-01T00:00:00Z".into(),
        }
    }

    #[test]
    fn links_come_back_whole_in_both_directions() {
        let c = memory();
        let ada = link(ObjectType::User, "ada", "7");
        put(&c, &ada).unwrap();
        put(&c, &link(ObjectType::Group, "ada", "7")).unwrap();
        assert_eq!(get(&c, ObjectType::User, "ada").unwrap(), Some(ada.clone()));
        assert_eq!(by_target(&c, ObjectType::User, "7").unwrap(), Some(ada.clone()));
        assert_eq!(by_target(&c, ObjectType::User, "8").unwrap(), None);
        put(&c, &Link { active: false, ..ada.clone() }).unwrap();
        assert!(!get(&c, ObjectType::User, "ada").unwrap().unwrap().active);
        assert_eq!(count(&c, ObjectType::User).unwrap(), 1);
        assert!(mark_broken(&c, ObjectType::User, "ada").unwrap());
        assert!(!mark_broken(&c, ObjectType::User, "bob").unwrap());
        assert!(all(&c, ObjectType::User).unwrap()[0].broken);
        assert!(remove(&c, ObjectType::User, "ada").unwrap());
        assert!(!remove(&c, ObjectType::User, "ada").unwrap());
        assert_eq!(count(&c, ObjectType::Group).unwrap(), 1);
    }

    #[test]
    fn of_two_links_to_one_resource_the_managed_one_wins() {
        let c = memory();
        put(&c, &Link { managed: false, ..link(ObjectType::User, "a-old", "7") }).unwrap();
        put(&c, &link(ObjectType::User, "b-new", "7")).unwrap();
        put(&c, &Link { broken: true, ..link(ObjectType::User, "c-lost", "7") }).unwrap();
        assert_eq!(by_target(&c, ObjectType::User, "7").unwrap().unwrap().source_id, "b-new");
    }

    #[test]
    fn the_ledger_of_members_follows_its_group() {
        let c = memory();
        put(&c, &link(ObjectType::Group, "g", "1")).unwrap();
        add_applied_members(&c, "g", &["b", "a", "a"]).unwrap();
        add_applied_members(&c, "h", &["a".to_owned()]).unwrap();
        assert_eq!(members_applied(&c, "g").unwrap(), ["a", "b"]);
        assert_eq!(groups_with_applied(&c, "a").unwrap(), ["g", "h"]);
        remove_applied_members(&c, "g", &["a", "nobody"]).unwrap();
        assert_eq!(members_applied(&c, "g").unwrap(), ["b"]);
        remove(&c, ObjectType::Group, "g").unwrap();
        assert!(members_applied(&c, "g").unwrap().is_empty());
        assert_eq!(members_applied(&c, "h").unwrap(), ["a"]);
        clear_all(&c).unwrap();
        assert!(members_applied(&c, "h").unwrap().is_empty());
    }

    #[test]
    fn lookups_use_indexes() {
        let c = memory();
        uses_index(&c, "SELECT 1 FROM links WHERE object_type = 'User' AND source_id = 'x'");
        let plan = plan(&c, &by_target_sql());
        assert!(plan[0].ends_with("USING INDEX links_target (object_type=? AND target_id=?)"), "{plan:?}");
        uses_index(&c, "SELECT 1 FROM applied_members WHERE member_id = 'x'");
    }
}
