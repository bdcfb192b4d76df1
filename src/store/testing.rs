//! What the tests of the families share.

use rusqlite::Connection;
use std::path::Path;

/// An empty database in memory with the current schema.
pub(super) fn memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    super::migrate::migrate(&mut connection, Path::new(":memory:")).unwrap();
    connection
}

/// Fails unless SQLite answers a statement without reading a whole table.
pub(super) fn uses_index(c: &Connection, sql: &str) {
    for line in plan(c, sql) {
        assert!(!line.starts_with("SCAN") || line.contains("INDEX") || line.contains("VIRTUAL TABLE"), "{sql}: {line}");
    }
}

/// The lines of EXPLAIN QUERY PLAN.
pub(super) fn plan(c: &Connection, sql: &str) -> Vec<String> {
    let mut statement = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    for n in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(n, 1).unwrap();
    }
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines
}
