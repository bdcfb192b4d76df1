//! Failed objects that wait for their next attempt (E10a).

use super::StoreError;
use super::rows::object_type;
use crate::model::{ObjectType, Retry};
use rusqlite::{Connection, Row, params};

const COLUMNS: &str =
    "object_type, source_id, code, reason, attempts, first_failed, next_attempt, fingerprint, reference";

fn read(row: &Row<'_>) -> Result<Retry, StoreError> {
    Ok(Retry {
        object_type: object_type(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?,
        source_id: row.get(1)?,
        code: row.get(2)?,
        reason: row.get(3)?,
        attempts: row.get(4)?,
        first_failed: row.get(5)?,
        next_attempt: row.get(6)?,
        fingerprint: row.get(7)?,
        reference: row.get(8)?,
    })
}

/// The retry of an object.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn get(c: &Connection, object_type: ObjectType, source_id: &str) -> Result<Option<Retry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM retries WHERE object_type = ?1 AND source_id = ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query(params![object_type.as_str(), source_id])?;
    rows.next()?.map(read).transpose()
}

/// Stores the retry of an object, replacing the one before.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn put(c: &Connection, retry: &Retry) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT OR REPLACE INTO retries
         (object_type, source_id, code, reason, attempts, first_failed, next_attempt, fingerprint, reference)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        retry.object_type.as_str(),
        retry.source_id,
        retry.code,
        retry.reason,
        retry.attempts,
        retry.first_failed,
        retry.next_attempt,
        retry.fingerprint,
        retry.reference,
    ])?;
    Ok(())
}

/// Forgets the retry of an object: it succeeded (E10.5) or is gone. Whether there was one.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn remove(c: &Connection, object_type: ObjectType, source_id: &str) -> Result<bool, StoreError> {
    let mut statement = c.prepare_cached("DELETE FROM retries WHERE object_type = ?1 AND source_id = ?2")?;
    Ok(statement.execute(params![object_type.as_str(), source_id])? > 0)
}

/// Every retry, by type and id.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn all(c: &Connection) -> Result<Vec<Retry>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM retries ORDER BY object_type, source_id"))?;
    let mut rows = statement.query([])?;
    let mut retries = Vec::new();
    while let Some(row) = rows.next()? {
        retries.push(read(row)?);
    }
    Ok(retries)
}

/// Ends the waiting of every object of a type that failed with a code. Returns how many.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn remove_code(c: &Connection, object_type: ObjectType, code: &str) -> Result<usize, StoreError> {
    let mut statement = c.prepare_cached("DELETE FROM retries WHERE object_type = ?1 AND code = ?2")?;
    Ok(statement.execute([object_type.as_str(), code])?)
}

/// How many wait, as (objects, references): they count apart (E10.14).
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count(c: &Connection) -> Result<(u64, u64), StoreError> {
    // Two ranges of a narrow index, instead of every row with its reason.
    let mut statement =
        c.prepare_cached("SELECT count(*) FROM retries INDEXED BY retries_reference WHERE reference = ?1")?;
    let mut count = |reference: bool| statement.query_row([reference], |row| row.get(0));
    Ok((count(false)?, count(true)?))
}

/// Forgets all of them (restart, E10.41).
///
/// # Errors
/// [`StoreError::Sql`].
pub fn clear(c: &Connection) -> Result<(), StoreError> {
    c.execute("DELETE FROM retries", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::memory;

    fn retry(id: &str, reference: bool) -> Retry {
        Retry {
            object_type: ObjectType::User,
            source_id: id.into(),
            code: "Conflict".into(),
            reason: "userName is taken".into(),
            attempts: 1,
            first_failed: "2026-11-01T00:00:00Z".into(),
            next_attempt: "2026-11-01T06:00:00Z".into(),
            fingerprint: "f".into(),
            reference,
        }
    }

    #[test]
    fn put_replaces_and_remove_says_whether_there_was_one() {
        let c = memory();
        put(&c, &retry("a", false)).unwrap();
        put(&c, &Retry { attempts: 2, ..retry("a", false) }).unwrap();
        put(&c, &retry("b", true)).unwrap();
        assert_eq!(get(&c, ObjectType::User, "a").unwrap().unwrap().attempts, 2);
        assert_eq!(get(&c, ObjectType::Group, "a").unwrap(), None);
        assert_eq!(all(&c).unwrap().len(), 2);
        assert_eq!(count(&c).unwrap(), (1, 1));
        assert!(remove(&c, ObjectType::User, "a").unwrap());
        assert!(!remove(&c, ObjectType::User, "a").unwrap());
        assert_eq!(all(&c).unwrap(), vec![retry("b", true)]);
        clear(&c).unwrap();
        assert_eq!(count(&c).unwrap(), (0, 0));
    }
}
