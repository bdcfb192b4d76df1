//! Bringing the schema up to date: one embedded SQL file per step, each in one transaction.

use super::StoreError;
use super::fold::fold;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// Step `n` (from 1) turns schema `n - 1` into schema `n`. Steps that were released are never edited.
const STEPS: &[&str] = &[include_str!("migrations/0001_base.sql"), include_str!("migrations/0002_console.sql")];

/// `HEEL` in ASCII: marks the file as ours (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x4845_454C;

/// Applies the steps that are missing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if version(connection, path, count(STEPS))? < count(STEPS) {
        // Keys that a step adds are folded like those that are written later.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        let added = connection.create_scalar_function("fold", 1, flags, |call| Ok(fold(call.get_raw(0).as_str()?)));
        added.map_err(|e| StoreError::from(e).at(path))?;
    }
    migrate_with(connection, path, STEPS)
}

fn migrate_with(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let known = count(steps);
    loop {
        let found = version(connection, path, known)?;
        if found == known {
            return Ok(());
        }
        if found > 0 {
            back_up(connection, path, found)?;
        }
        // IMMEDIATE, and the version read again inside: another process may be doing the same.
        let step = (|| -> Result<(), StoreError> {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if version(&tx, path, known)? == found {
                let sql = steps.get(found as usize).copied().unwrap_or_default();
                tx.execute_batch(sql)?;
                tx.pragma_update(None, "application_id", APPLICATION_ID)?;
                tx.pragma_update(None, "user_version", found + 1)?;
            }
            tx.commit()?;
            Ok(())
        })();
        step.map_err(|e| e.at(path))?;
    }
}

/// A copy of the file beside it before its schema changes: `<job>.db.schema-<n>.bak`. An earlier copy of the same
/// schema is replaced.
fn back_up(connection: &Connection, path: &Path, found: u32) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{found}.bak"));
    let copy = PathBuf::from(name);
    match std::fs::remove_file(&copy) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::io("replace", &copy, &e)),
        _ => {}
    }
    // SQLite writes into an empty file that exists, which is how the copy is born with the right mode.
    super::open::make_private(&copy)?;
    connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()]).map_err(|e| StoreError::from(e).at(&copy))?;
    Ok(())
}

/// For readers: the schema must be exactly the one this program knows.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let known = count(STEPS);
    match version(connection, path, known)? {
        found if found < known => Err(StoreError::Older { path: path.to_owned(), found, known }),
        _ => Ok(()),
    }
}

/// For readers that passed [`check`] before: whether that still holds.
pub(super) fn unchanged(connection: &Connection) -> Result<bool, StoreError> {
    let found: u32 = connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
    Ok(found == count(STEPS))
}

fn version(connection: &Connection, path: &Path, known: u32) -> Result<u32, StoreError> {
    let read = || -> Result<(u32, i32, i64), StoreError> {
        Ok((
            connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
            connection.query_row("PRAGMA application_id", [], |row| row.get(0))?,
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
        ))
    };
    let (found, application, tables) = read().map_err(|e| e.at(path))?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    Ok(found)
}

fn count(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const FIRST: &str = "CREATE TABLE t (v TEXT)";

    fn user_version(connection: &Connection) -> u32 {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn steps_are_applied_once_and_in_order_with_a_copy_of_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut c = Connection::open(&path).unwrap();
        migrate_with(&mut c, &path, &[FIRST]).unwrap();
        c.execute("INSERT INTO t VALUES ('kept')", []).unwrap();
        migrate_with(&mut c, &path, &[FIRST]).unwrap();
        let second = "ALTER TABLE t ADD COLUMN w INTEGER NOT NULL DEFAULT 7";
        migrate_with(&mut c, &path, &[FIRST, second]).unwrap();
        assert_eq!(user_version(&c), 2);
        let row: (String, i64) = c.query_row("SELECT v, w FROM t", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(row, ("kept".into(), 7));
        let copy = folder.path().join("a.db.schema-1.bak");
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        let copy = Connection::open(copy).unwrap();
        assert_eq!(user_version(&copy), 1);
        assert_eq!(copy.query_row("SELECT v FROM t", [], |r| r.get::<_, String>(0)).unwrap(), "kept");
        // An older program finds what a newer one wrote.
        let refused = migrate_with(&mut c, &path, &[FIRST]).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found: 2, known: 1, .. }), "{refused}");
    }

    #[test]
    fn a_step_that_fails_leaves_nothing_behind() {
        let mut c = Connection::open_in_memory().unwrap();
        let path = Path::new(":memory:");
        let broken = "CREATE TABLE half (v TEXT); CREATE TABLE t (v TEXT); SELECT nonsense FROM nowhere";
        assert!(migrate_with(&mut c, path, &[broken]).is_err());
        assert_eq!(user_version(&c), 0);
        assert_eq!(c.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get::<_, i64>(0)).unwrap(), 0);
        migrate_with(&mut c, path, &[FIRST]).unwrap();
    }
}
