//! How far each collection was read (E1.4). A watermark is stored in the transaction of the last effect it covers.

use super::StoreError;
use super::rows::{from_json, now, to_json};
use crate::model::Collection;
use rusqlite::{Connection, OptionalExtension, params};

/// The delta link of a collection.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn get(c: &Connection, collection: Collection) -> Result<Option<String>, StoreError> {
    let mut statement = c.prepare_cached("SELECT link FROM watermarks WHERE collection = ?1")?;
    Ok(statement.query_row([collection.as_str()], |row| row.get(0)).optional()?)
}

/// When the delta link of a collection was stored, RFC 3339 UTC.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn stored_at(c: &Connection, collection: Collection) -> Result<Option<String>, StoreError> {
    let mut statement = c.prepare_cached("SELECT stored_at FROM watermarks WHERE collection = ?1")?;
    Ok(statement.query_row([collection.as_str()], |row| row.get(0)).optional()?)
}

/// The properties that the delta link of a collection reads; `None` if there is no link, or nobody wrote them down.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn selected(c: &Connection, collection: Collection) -> Result<Option<Vec<String>>, StoreError> {
    let mut statement = c.prepare_cached("SELECT selected FROM watermarks WHERE collection = ?1")?;
    let text: Option<Option<String>> = statement.query_row([collection.as_str()], |row| row.get(0)).optional()?;
    text.flatten().map(|text| from_json("watermarks.selected", &text)).transpose()
}

/// Stores the delta link of a collection, and the present time. The link goes on reading what it read before.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn put(c: &Connection, collection: Collection, link: &str) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO watermarks (collection, link, stored_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (collection) DO UPDATE SET link = ?2, stored_at = ?3",
    )?
    .execute(params![collection.as_str(), link, now()])?;
    Ok(())
}

/// Writes down which properties the stored link reads: they were chosen when its round began, and never change.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn put_selected(c: &Connection, collection: Collection, selected: &[String]) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE watermarks SET selected = ?2 WHERE collection = ?1")?
        .execute(params![collection.as_str(), to_json("watermarks.selected", &selected)?])?;
    Ok(())
}

/// Forgets how far a collection was read: the next round is a full one.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn clear(c: &Connection, collection: Collection) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM watermarks WHERE collection = ?1")?.execute([collection.as_str()])?;
    Ok(())
}

/// Forgets all of them: the next cycle is an initial one.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn clear_all(c: &Connection) -> Result<(), StoreError> {
    c.execute("DELETE FROM watermarks", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::memory;

    #[test]
    fn one_link_per_collection() {
        let c = memory();
        assert_eq!(get(&c, Collection::Users).unwrap(), None);
        put(&c, Collection::Users, "https://graph/1").unwrap();
        put(&c, Collection::Users, "https://graph/2").unwrap();
        put(&c, Collection::Groups, "https://graph/3").unwrap();
        assert_eq!(get(&c, Collection::Users).unwrap().as_deref(), Some("https://graph/2"));
        let at: jiff::Timestamp = stored_at(&c, Collection::Users).unwrap().unwrap().parse().unwrap();
        assert!((jiff::Timestamp::now().as_second() - at.as_second()).abs() < 60);
        clear(&c, Collection::Users).unwrap();
        assert_eq!(get(&c, Collection::Users).unwrap(), None);
        assert_eq!(stored_at(&c, Collection::Users).unwrap(), None);
        assert!(get(&c, Collection::Groups).unwrap().is_some());
        clear_all(&c).unwrap();
        assert_eq!(get(&c, Collection::Groups).unwrap(), None);
    }
}
