//! Bringing the schema up to date: one embedded SQL file per step, each in one transaction.

use super::StoreError;
use super::fold::fold;
use super::log;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// Step `n` (from 1) turns schema `n - 1` into schema `n`. Steps that were released are never edited.
const STEPS: &[&str] = &[
    include_str!("migrations/0001_base.sql"),
    include_str!("migrations/0002_console.sql"),
    include_str!("migrations/0003_short_words.sql"),
    include_str!("migrations/0004_mirror_counts.sql"),
    include_str!("migrations/0005_waiting_causes.sql"),
    include_str!("migrations/0006_mapping_versions.sql"),
];

/// `HEEL` in ASCII: marks the file as ours (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x4845_454C;

/// Applies the steps that are missing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if version(connection, path, count(STEPS))? < count(STEPS) {
        // Keys that a step adds are folded like those that are written later.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        connection
            .create_scalar_function("fold", 1, flags, |call| Ok(fold(call.get_raw(0).as_str()?)))
            .and_then(|()| {
                connection.create_scalar_function("log_words", 1, flags, |call| {
                    // An entry that cannot be read is not found by words, as it cannot be shown either.
                    let entry = serde_json::from_str(call.get_raw(0).as_str()?);
                    Ok(entry.map(|entry| log::words(&entry)).unwrap_or_default())
                })
            })
            .map_err(|e| StoreError::from(e).at(path))?;
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
                // A new database gets all steps at once: nobody ever sees it between two of them.
                let next = if found == 0 { known } else { found + 1 };
                for sql in steps.iter().take(next as usize).skip(found as usize) {
                    tx.execute_batch(sql)?;
                }
                tx.pragma_update(None, "application_id", APPLICATION_ID)?;
                tx.pragma_update(None, "user_version", next)?;
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
    let name = |suffix: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let copy = name(format!(".schema-{found}.bak"));
    // Under a name of its own first: another process may be doing the same.
    let draft = name(format!(".{}.tmp", uuid::Uuid::now_v7().simple()));
    let made = (|| -> Result<(), StoreError> {
        // SQLite writes into an empty file that exists, which is how the copy is born with the right mode.
        super::open::make_private(&draft)?;
        let into = connection.execute("VACUUM INTO ?1", [draft.to_string_lossy()]);
        into.map_err(|e| StoreError::from(e).at(&draft))?;
        // Schemas only grow: one that is the same now was the same in the copy. Otherwise somebody was faster, and made
        // the copy before.
        if version(connection, path, u32::MAX)? == found {
            std::fs::rename(&draft, &copy).map_err(|e| StoreError::io("keep", &copy, &e))?;
        }
        Ok(())
    })();
    match std::fs::remove_file(&draft) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io("remove", &draft, &e)),
        _ => made,
    }
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
    use crate::model::log::ModifiedProperty;
    use crate::model::{LogStatus, ObjectType};
    use crate::store::window::Anchor;
    use crate::store::{links, search};
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

    /// A database as the first schema had it, with what the later ones derive from.
    fn of_the_first_schema(path: &Path) -> Connection {
        let mut c = Connection::open(path).unwrap();
        migrate_with(&mut c, path, &STEPS[..1]).unwrap();
        let user = |id: &str, department: &str, removed: Option<&str>| {
            let properties = serde_json::json!({ "displayName": id, "department": department, "jobTitle": 7 });
            c.execute(
                "INSERT INTO users (id, properties, removed, seen, name_key, search) VALUES (?1, ?2, ?3, 0, ?1, ?1)",
                rusqlite::params![id, properties.to_string(), removed],
            )
            .unwrap();
        };
        user("ada", "Büro  West", None);
        user("bob", "Sales", Some("deleted"));
        user("eve", "Sales", None);
        for id in ["eve", "gone"] {
            c.execute("INSERT INTO links VALUES ('User', ?1, 't', 'created', 1, 0, 0, '{}', NULL, '')", [id]).unwrap();
        }
        for (n, status, error, changes) in [
            (1, "failure", Some(("Conflict", "value \"x\" is taken")), 1),
            (2, "failure", Some(("Conflict", "value \"y\" is taken")), 1),
            (3, "success", None, 2),
            (5, "warning", None, 0),
        ] {
            let status = match status {
                "failure" => LogStatus::Failure,
                "warning" => LogStatus::Warning,
                _ => LogStatus::Success,
            };
            let mut e = crate::store::testing::entry(n, "one", status, error);
            e.source_identity.identity_type = Some("User".into());
            e.modified_properties = (0..changes)
                .map(|n| ModifiedProperty {
                    display_name: format!("a{n}"),
                    old_value: None,
                    new_value: Some("ü".repeat(300)),
                })
                .collect();
            let at_ms = e.activity_date_time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            c.execute(
                "INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                rusqlite::params![
                    n,
                    e.id,
                    at_ms,
                    e.cycle_id,
                    e.change_id,
                    status.as_str(),
                    e.provisioning_action,
                    error.map(|(code, _)| code),
                    error.map(|_| "value … is taken"),
                    e.source_identity.id,
                    e.target_identity.id,
                    e.source_identity.display_name,
                    serde_json::to_string(&e).unwrap(),
                ],
            )
            .unwrap();
        }
        c
    }

    #[test]
    fn a_database_of_the_first_schema_keeps_everything_and_is_listed_like_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut c = of_the_first_schema(&path);
        let before: Vec<String> = rows(&c, "SELECT entry FROM log ORDER BY seq");
        migrate(&mut c, &path).unwrap();
        assert_eq!(rows(&c, "SELECT entry FROM log_entries ORDER BY seq"), before);
        assert_eq!(
            rows(&c, "SELECT department_key || '|' || title_key FROM users ORDER BY id"),
            ["buro west|", "sales|", "sales|"]
        );
        assert_eq!(rows(&c, "SELECT object_type || id FROM unlinked ORDER BY id"), ["Userada", "Userbob"]);
        assert_eq!(links::count(&c, ObjectType::User).unwrap(), 2);
        assert_eq!(search::total(&c, ObjectType::User).unwrap(), 2);

        // The same entries, stored by the present program, look the same in lists.
        let fresh = crate::store::testing::memory();
        for row in log::query(&c, &log::LogQuery::default()).unwrap() {
            log::append(&fresh, &row.entry).unwrap();
        }
        let lines = |c: &Connection| {
            let window = log::window(c, &log::LogFilter::default(), &Anchor::Start, 99).unwrap();
            window.rows.into_iter().map(|line| log::LogLine { seq: 0, ..line }).collect::<Vec<_>>()
        };
        assert_eq!(lines(&c), lines(&fresh));
        let found = log::LogQuery { search: Some("conf lov".into()), ..log::LogQuery::default() };
        assert_eq!(log::query(&c, &found).unwrap().len(), log::query(&fresh, &found).unwrap().len());
        let found = log::LogQuery { search: Some("conf".into()), ..found };
        assert_eq!(log::query(&c, &found).unwrap().len(), 2);
        let now = "2026-11-01T02:00:00Z".parse().unwrap();
        let table = log::cause_table(&c, now, 24).unwrap();
        assert_eq!(table, log::cause_table(&fresh, now, 24).unwrap());
        assert_eq!((table.failures, table.warnings, table.rows.len()), (2, 1, 2));
        assert_eq!(log::count(&c, &log::LogFilter::default(), 0).unwrap().n, 4);
        // Numbers go on where they were, also when the last entries are gone.
        c.execute("DELETE FROM log", []).unwrap();
        let next = log::append(&c, &crate::store::testing::entry(9, "two", LogStatus::Success, None)).unwrap();
        assert_eq!(next, 6);
        assert!(folder.path().join("a.db.schema-1.bak").exists());
    }

    fn rows(c: &Connection, sql: &str) -> Vec<String> {
        let mut statement = c.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn many_may_upgrade_at_once_and_the_copy_is_what_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(of_the_first_schema(&path));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| drop(crate::store::Store::open(&path).unwrap()));
            }
        });
        let copy = Connection::open(folder.path().join("a.db.schema-1.bak")).unwrap();
        assert_eq!(user_version(&copy), 1);
        assert_eq!(rows(&copy, "SELECT count(*) || '' FROM log"), ["4"]);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains(".tmp")), "{left:?}");
    }
}
