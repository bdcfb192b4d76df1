//! What the tests of the families share.

use crate::model::log::{ErrorInformation, Identity, Initiator, StatusInfo, System};
use crate::model::{LogEntry, LogStatus};
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

/// A log entry of second `n` about user `n`, with a code and a reason if something is wrong.
pub(crate) fn entry(n: u32, cycle: &str, status: LogStatus, error: Option<(&str, &str)>) -> LogEntry {
    let identity = |id: String, name: &str| Identity { id, display_name: name.into(), ..Identity::default() };
    LogEntry {
        id: format!("01900000-0000-7000-8000-{n:012}"),
        activity_date_time: format!("2026-11-01T00:00:{n:02}Z"),
        tenant_id: "tenant".into(),
        job_id: "flock".into(),
        cycle_id: cycle.into(),
        change_id: format!("change-{n}"),
        provisioning_action: "create".into(),
        duration_in_milliseconds: 5,
        provisioning_status_info: StatusInfo {
            status,
            error_information: error.map(|(code, reason)| ErrorInformation {
                error_code: code.into(),
                reason: reason.into(),
                additional_details: Some("HTTP 409 uniqueness".into()),
                error_category: "failure".into(),
                recommended_action: None,
            }),
        },
        provisioning_steps: Vec::new(),
        modified_properties: Vec::new(),
        service_principal: Identity::default(),
        source_system: System::default(),
        target_system: System::default(),
        source_identity: identity(
            format!("aaaaaaaa-0000-4000-8000-{n:012}"),
            if n == 1 { "Jörg Müller" } else { "Ada O'Neil" },
        ),
        target_identity: identity(if error.is_some() { String::new() } else { format!("t{n}") }, ""),
        initiated_by: Initiator::default(),
    }
}
