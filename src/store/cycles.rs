//! Cycles: when, what came of it, and how far the running one is.

use super::StoreError;
use super::rows::{cycle_kind, cycle_state, from_json, now, to_json};
use crate::model::{Counts, Cycle, CycleState};
use rusqlite::{Connection, OptionalExtension, Row, params};

const COLUMNS: &str = "id, kind, state, started_at, ended_at, duration_ms, counts, app_requests, error";

/// How far a running cycle is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, in words, such as `reading users`.
    pub phase: String,
    /// Units of this phase that are done.
    pub done: u64,
    /// Units of this phase, once known.
    pub total: Option<u64>,
    /// When this was last written, RFC 3339 UTC.
    pub updated_at: String,
}

fn read(row: &Row<'_>) -> Result<Cycle, StoreError> {
    let text = |i: usize| row.get_ref(i)?.as_str().map_err(rusqlite::Error::from);
    Ok(Cycle {
        id: row.get(0)?,
        kind: cycle_kind(text(1)?)?,
        state: cycle_state(text(2)?)?,
        started_at: row.get(3)?,
        ended_at: row.get(4)?,
        duration_ms: row.get(5)?,
        counts: from_json("cycles.counts", text(6)?)?,
        app_requests: row.get(7)?,
        error: row.get(8)?,
    })
}

/// Stores a cycle that begins.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn start(c: &Connection, cycle: &Cycle) -> Result<(), StoreError> {
    insert(c, cycle, false)
}

/// Stores the provisioning of single objects on demand (E12). It can be asked for by its id, and is none of the cycles
/// of the job: neither [`latest`] nor [`list`] has it, so it moves no schedule.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn start_on_demand(c: &Connection, cycle: &Cycle) -> Result<(), StoreError> {
    insert(c, cycle, true)
}

fn insert(c: &Connection, cycle: &Cycle, on_demand: bool) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO cycles
         (id, kind, state, started_at, ended_at, duration_ms, counts, app_requests, error, updated_at, on_demand)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        cycle.id,
        cycle.kind.as_str(),
        cycle.state.as_str(),
        cycle.started_at,
        cycle.ended_at,
        cycle.duration_ms,
        to_json("cycles.counts", &cycle.counts)?,
        cycle.app_requests,
        cycle.error,
        now(),
        on_demand,
    ])?;
    Ok(())
}

/// Stores how a cycle ended: everything but its id and begin.
///
/// # Errors
/// [`StoreError::NotFound`] or [`StoreError::Sql`].
pub fn finish(c: &Connection, cycle: &Cycle) -> Result<(), StoreError> {
    let changed = c
        .prepare_cached(
            "UPDATE cycles SET kind = ?2, state = ?3, ended_at = ?4, duration_ms = ?5, counts = ?6, app_requests = ?7,
             error = ?8, phase = '', done = 0, total = NULL, updated_at = ?9 WHERE id = ?1",
        )?
        .execute(params![
            cycle.id,
            cycle.kind.as_str(),
            cycle.state.as_str(),
            cycle.ended_at,
            cycle.duration_ms,
            to_json("cycles.counts", &cycle.counts)?,
            cycle.app_requests,
            cycle.error,
            now(),
        ])?;
    known(changed, &cycle.id)
}

/// Notes how far a running cycle is, for whoever watches.
///
/// # Errors
/// [`StoreError::NotFound`] or [`StoreError::Sql`].
pub fn update(
    c: &Connection,
    id: &str,
    counts: &Counts,
    app_requests: u64,
    phase: &str,
    done: u64,
    total: Option<u64>,
) -> Result<(), StoreError> {
    let changed = c
        .prepare_cached(
            "UPDATE cycles SET counts = ?2, app_requests = ?3, phase = ?4, done = ?5, total = ?6, updated_at = ?7
             WHERE id = ?1",
        )?
        .execute(params![id, to_json("cycles.counts", counts)?, app_requests, phase, done, total, now()])?;
    known(changed, id)
}

/// Forgets a cycle that did nothing: what it was asked to apply was no longer what it would do.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn forget(c: &Connection, id: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM cycles WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn known(changed: usize, id: &str) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound { what: "cycle", id: id.escape_debug().to_string() });
    }
    Ok(())
}

/// How far a cycle is.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn progress(c: &Connection, id: &str) -> Result<Option<Progress>, StoreError> {
    let mut statement = c.prepare_cached("SELECT phase, done, total, updated_at FROM cycles WHERE id = ?1")?;
    let found = statement.query_row([id], |row| {
        Ok(Progress { phase: row.get(0)?, done: row.get(1)?, total: row.get(2)?, updated_at: row.get(3)? })
    });
    Ok(found.optional()?)
}

/// One cycle.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn get(c: &Connection, id: &str) -> Result<Option<Cycle>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM cycles WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

/// The cycle of the job that was started last; provisioning on demand is none.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn latest(c: &Connection) -> Result<Option<Cycle>, StoreError> {
    Ok(list(c, 1, None)?.pop())
}

/// Cycles of the job, newest first; `before` is the id of the last one of the page before.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn list(c: &Connection, limit: usize, before: Option<&str>) -> Result<Vec<Cycle>, StoreError> {
    let below = match before {
        None => i64::MAX,
        Some(id) => c
            .prepare_cached("SELECT seq FROM cycles WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| StoreError::NotFound { what: "cycle", id: id.escape_debug().to_string() })?,
    };
    let sql = format!("SELECT {COLUMNS} FROM cycles WHERE seq < ?1 AND on_demand = 0 ORDER BY seq DESC LIMIT ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query(params![below, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut cycles = Vec::new();
    while let Some(row) = rows.next()? {
        cycles.push(read(row)?);
    }
    Ok(cycles)
}

/// Ends the cycles that are called running: for the process that has just acquired the lease, nobody else's can be.
/// Returns how many there were.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn mark_dead(c: &Connection) -> Result<usize, StoreError> {
    let mut statement = c.prepare_cached(
        "UPDATE cycles SET state = ?1, ended_at = updated_at, error = 'its process ended before the cycle did',
         phase = '', done = 0, total = NULL WHERE state = 'running'",
    )?;
    Ok(statement.execute([CycleState::Stopped.as_str()])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CycleKind;
    use crate::store::testing::{memory, uses_index};

    fn cycle(id: &str) -> Cycle {
        Cycle {
            id: id.into(),
            kind: CycleKind::Initial,
            state: CycleState::Running,
            started_at: "2026-11-01T00:00:00Z".into(),
            ended_at: None,
            duration_ms: 0,
            counts: Counts::default(),
            app_requests: 0,
            error: None,
        }
    }

    #[test]
    fn a_cycle_from_begin_to_end() {
        let c = memory();
        assert_eq!(latest(&c).unwrap(), None);
        start(&c, &cycle("one")).unwrap();
        let counts = Counts { created: 3, ..Counts::default() };
        update(&c, "one", &counts, 7, "applying", 3, Some(10)).unwrap();
        let running = get(&c, "one").unwrap().unwrap();
        assert_eq!((running.counts, running.app_requests), (counts, 7));
        let at = progress(&c, "one").unwrap().unwrap();
        assert_eq!((at.phase.as_str(), at.done, at.total), ("applying", 3, Some(10)));
        let ended = Cycle {
            state: CycleState::Succeeded,
            ended_at: Some("2026-11-01T00:01:00Z".into()),
            duration_ms: 60_000,
            ..running
        };
        finish(&c, &ended).unwrap();
        assert_eq!(latest(&c).unwrap(), Some(ended));
        assert_eq!(progress(&c, "one").unwrap().unwrap().phase, "");
        assert!(matches!(finish(&c, &cycle("two")), Err(StoreError::NotFound { .. })));
        assert_eq!(progress(&c, "two").unwrap(), None);
    }

    #[test]
    fn pages_go_back_in_time() {
        let c = memory();
        for id in ["a", "b", "c"] {
            start(&c, &cycle(id)).unwrap();
        }
        let ids = |cycles: Vec<Cycle>| cycles.into_iter().map(|c| c.id).collect::<Vec<_>>();
        assert_eq!(ids(list(&c, 2, None).unwrap()), ["c", "b"]);
        assert_eq!(ids(list(&c, 2, Some("b")).unwrap()), ["a"]);
        assert!(list(&c, 2, Some("x")).is_err());
    }

    #[test]
    fn a_forgotten_cycle_leaves_the_one_before() {
        let c = memory();
        start(&c, &cycle("a")).unwrap();
        start(&c, &cycle("b")).unwrap();
        forget(&c, "b").unwrap();
        assert_eq!(latest(&c).unwrap().unwrap().id, "a");
    }

    #[test]
    fn provisioning_on_demand_is_no_cycle_of_the_job() {
        let c = memory();
        start(&c, &cycle("a")).unwrap();
        start_on_demand(&c, &cycle("b")).unwrap();
        assert_eq!(latest(&c).unwrap().map(|c| c.id), Some("a".into()));
        assert!(get(&c, "b").unwrap().is_some());
        assert_eq!(list(&c, 10, Some("b")).unwrap().len(), 1);
        // It dies with its process like any other.
        assert_eq!(mark_dead(&c).unwrap(), 2);
    }

    #[test]
    fn only_running_cycles_are_dead() {
        let c = memory();
        start(&c, &cycle("a")).unwrap();
        finish(&c, &Cycle { state: CycleState::Failed, ..cycle("a") }).unwrap();
        start(&c, &cycle("b")).unwrap();
        assert_eq!(mark_dead(&c).unwrap(), 1);
        assert_eq!(get(&c, "a").unwrap().unwrap().state, CycleState::Failed);
        let dead = get(&c, "b").unwrap().unwrap();
        assert_eq!(dead.state, CycleState::Stopped);
        assert!(dead.ended_at.is_some() && dead.error.is_some());
        uses_index(&c, "UPDATE cycles SET phase = '' WHERE state = 'running'");
    }
}
