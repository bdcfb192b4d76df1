//! Bringing the schema up to date: one embedded SQL file per step, each in one transaction.

use super::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// Step `n` (from 1) turns schema `n - 1` into schema `n`. Steps that were released are never edited.
const STEPS: &[&str] = &[include_str!("migrations/0001_base.sql")];

/// `HEEL` in ASCII: marks the file as ours (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x4845_454C;

/// Applies the steps that are missing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
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
