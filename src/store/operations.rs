//! Operations: the intent before the effect (a process that dies finds what it had *started*), what guards hold
//! back, and what people decided about it.

use super::StoreError;
use super::rows::{from_json, now, object_type, to_json};
use crate::model::{ObjectType, Operation, OperationState, Verb};
use rusqlite::{Connection, OptionalExtension, Row, params};

const COLUMNS: &str =
    "id, cycle_id, verb, object_type, source_id, target_id, name, reason, changes, refs, state, held_reason";

/// What a person said about a held operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may happen.
    Released,
    /// It must not happen.
    Rejected,
}

impl Verdict {
    /// `released` or `rejected`, as in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Rejected => "rejected",
        }
    }
}

/// A standing decision about one verb on one object. It stands until [`clear_decision`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was said.
    pub verdict: Verdict,
    /// Who said it.
    pub by: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// The held operation that was shown to the person.
    pub operation_id: String,
    /// Directory ids (members, manager) that operation had, sorted. A consent does not cover others.
    pub references: Vec<String>,
}

/// An operation as listed, with what the model's noun does not carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The operation.
    pub operation: Operation,
    /// How it ended, in words; already redacted.
    pub detail: Option<String>,
    /// First stored, RFC 3339 UTC; of a held one, since when it is held.
    pub created_at: String,
    /// State last changed, RFC 3339 UTC.
    pub updated_at: String,
}

fn read(row: &Row<'_>) -> Result<Operation, StoreError> {
    let text = |i: usize| row.get_ref(i)?.as_str().map_err(rusqlite::Error::from);
    Ok(Operation {
        id: row.get(0)?,
        cycle_id: row.get(1)?,
        verb: Verb::parse(text(2)?).ok_or_else(|| StoreError::value("operations.verb", "unknown verb"))?,
        object_type: object_type(text(3)?)?,
        source_id: row.get(4)?,
        target_id: row.get(5)?,
        name: row.get(6)?,
        reason: row.get(7)?,
        changes: from_json("operations.changes", text(8)?)?,
        references: from_json("operations.refs", text(9)?)?,
        state: OperationState::parse(text(10)?)
            .ok_or_else(|| StoreError::value("operations.state", "unknown state"))?,
        held_reason: row.get(11)?,
    })
}

fn collect(c: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Operation>, StoreError> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut operations = Vec::new();
    while let Some(row) = rows.next()? {
        operations.push(read(row)?);
    }
    Ok(operations)
}

/// The references in an order that does not depend on how they were collected.
fn refs_key(references: &[String]) -> Result<String, StoreError> {
    let mut sorted: Vec<&str> = references.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    to_json("operations.refs_key", &sorted)
}

/// Stores an operation. One that is held goes through [`hold`], and so may keep an earlier id.
///
/// # Errors
/// [`StoreError::Sql`], also when the id is there already.
pub fn insert(c: &Connection, operation: &Operation) -> Result<(), StoreError> {
    if operation.state == OperationState::Held {
        return hold(c, operation).map(drop);
    }
    insert_new(c, operation)
}

fn insert_new(c: &Connection, o: &Operation) -> Result<(), StoreError> {
    let at = now();
    c.prepare_cached(
        "INSERT INTO operations (id, cycle_id, verb, object_type, source_id, target_id, name, reason, changes, refs,
         refs_key, state, held_reason, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14)",
    )?
    .execute(params![
        o.id,
        o.cycle_id,
        o.verb.as_str(),
        o.object_type.as_str(),
        o.source_id,
        o.target_id,
        o.name,
        o.reason,
        to_json("operations.changes", &o.changes)?,
        to_json("operations.refs", &o.references)?,
        refs_key(&o.references)?,
        o.state.as_str(),
        o.held_reason,
        at,
    ])?;
    Ok(())
}

/// Stores many operations, in order.
///
/// # Errors
/// Those of [`insert`].
pub fn insert_many(c: &Connection, operations: &[Operation]) -> Result<(), StoreError> {
    operations.iter().try_for_each(|operation| insert(c, operation))
}

/// Sets the state of an operation. `detail` says how it ended, or for [`OperationState::Held`] why it is held;
/// `None` leaves what is there.
///
/// # Errors
/// [`StoreError::NotFound`] or [`StoreError::Sql`].
pub fn set_state(c: &Connection, id: &str, state: OperationState, detail: Option<&str>) -> Result<(), StoreError> {
    let sql = if state == OperationState::Held {
        "UPDATE operations SET state = ?2, held_reason = coalesce(?3, held_reason), updated_at = ?4 WHERE id = ?1"
    } else {
        "UPDATE operations SET state = ?2, detail = coalesce(?3, detail), updated_at = ?4 WHERE id = ?1"
    };
    let changed = c.prepare_cached(sql)?.execute(params![id, state.as_str(), detail, now()])?;
    known(changed, id)
}

/// [`set_state`], and notes the app's id of the resource where it is known.
///
/// # Errors
/// [`StoreError::NotFound`] or [`StoreError::Sql`].
pub fn finish(
    c: &Connection,
    id: &str,
    state: OperationState,
    detail: Option<&str>,
    target_id: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "UPDATE operations SET state = ?2, detail = coalesce(?3, detail), target_id = coalesce(?4, target_id),
               updated_at = ?5 WHERE id = ?1";
    known(c.prepare_cached(sql)?.execute(params![id, state.as_str(), detail, target_id, now()])?, id)
}

fn known(changed: usize, id: &str) -> Result<(), StoreError> {
    if changed == 0 { Err(not_found(id)) } else { Ok(()) }
}

fn not_found(id: &str) -> StoreError {
    StoreError::NotFound { what: "operation", id: id.escape_debug().to_string() }
}

/// One operation.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn get(c: &Connection, id: &str) -> Result<Option<Operation>, StoreError> {
    Ok(collect(c, &format!("SELECT {COLUMNS} FROM operations WHERE id = ?1"), [id])?.pop())
}

/// One operation with its times and how it ended.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn record(c: &Connection, id: &str) -> Result<Option<Record>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, detail, created_at, updated_at FROM operations WHERE id = ?1");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(Record { operation: read(row)?, detail: row.get(12)?, created_at: row.get(13)?, updated_at: row.get(14)? }))
}

/// How many operations are in a state.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count(c: &Connection, state: OperationState) -> Result<u64, StoreError> {
    let mut statement = c.prepare_cached("SELECT count(*) FROM operations WHERE state = ?1")?;
    Ok(statement.query_row([state.as_str()], |row| row.get(0))?)
}

/// Every operation in one of the states, in the order in which they were stored.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn by_state(c: &Connection, states: &[OperationState]) -> Result<Vec<Operation>, StoreError> {
    let places = vec!["?"; states.len()].join(", ");
    let sql = format!("SELECT {COLUMNS} FROM operations WHERE state IN ({places}) ORDER BY seq");
    collect(c, &sql, rusqlite::params_from_iter(states.iter().map(|s| s.as_str())))
}

/// The operations of a cycle, in the order in which they were stored.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn of_cycle(c: &Connection, cycle_id: &str) -> Result<Vec<Operation>, StoreError> {
    collect(c, &format!("SELECT {COLUMNS} FROM operations WHERE cycle_id = ?1 ORDER BY seq"), [cycle_id])
}

/// Operations whose request may have left and whose outcome is not known: each is to be treated as *unknown*, and
/// the app looked at, before anything is sent again.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn unfinished(c: &Connection) -> Result<Vec<Operation>, StoreError> {
    by_state(c, &[OperationState::Started, OperationState::Unknown])
}

/// Keeps an operation back. If one with the same object, verb and references is held already, that one keeps its id
/// and age and takes over the rest. Returns the id under which it is held.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn hold(c: &Connection, operation: &Operation) -> Result<String, StoreError> {
    let key = refs_key(&operation.references)?;
    let o = operation;
    let mut statement = c.prepare_cached(
        "UPDATE operations SET cycle_id = ?5, target_id = ?6, name = ?7, reason = ?8, changes = ?9, held_reason = ?10,
         updated_at = ?11
         WHERE state = 'held' AND object_type = ?1 AND source_id = ?2 AND verb = ?3 AND refs_key = ?4 RETURNING id",
    )?;
    let kept: Option<String> = statement
        .query_row(
            params![
                o.object_type.as_str(),
                o.source_id,
                o.verb.as_str(),
                key,
                o.cycle_id,
                o.target_id,
                o.name,
                o.reason,
                to_json("operations.changes", &o.changes)?,
                o.held_reason,
                now(),
            ],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(id) = kept {
        return Ok(id);
    }
    insert_new(c, &Operation { state: OperationState::Held, ..o.clone() })?;
    Ok(o.id.clone())
}

/// Makes the held operations exactly these, after a cycle that looked at everybody: those held before keep id and
/// age, the rest is no longer held and forgotten. Returns them with the ids under which they are held.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn replace_held(c: &Connection, operations: &[Operation]) -> Result<Vec<Operation>, StoreError> {
    let mut kept = std::collections::HashSet::new();
    for operation in operations {
        kept.insert(hold(c, operation)?);
    }
    let mut held = Vec::new();
    for operation in self::held(c)? {
        if kept.contains(&operation.id) {
            held.push(operation);
        } else {
            delete(c, &operation.id)?;
        }
    }
    Ok(held)
}

/// [`replace_held`] for one object, after a cycle that looked at it.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn replace_held_of(
    c: &Connection,
    object_type: ObjectType,
    source_id: &str,
    operations: &[Operation],
) -> Result<Vec<Operation>, StoreError> {
    let mut kept = std::collections::HashSet::new();
    for operation in operations {
        kept.insert(hold(c, operation)?);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM operations WHERE state = 'held' AND object_type = ?1 AND source_id = ?2 ORDER BY seq"
    );
    let mut held = Vec::new();
    for operation in collect(c, &sql, params![object_type.as_str(), source_id])? {
        if kept.contains(&operation.id) {
            held.push(operation);
        } else {
            delete(c, &operation.id)?;
        }
    }
    Ok(held)
}

fn delete(c: &Connection, id: &str) -> Result<(), StoreError> {
    c.prepare_cached("DELETE FROM operations WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Everything that is held, the longest held first.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn held(c: &Connection) -> Result<Vec<Operation>, StoreError> {
    by_state(c, &[OperationState::Held])
}

/// A person lets a held operation happen: it is `planned` from now on, and the decision stands.
///
/// # Errors
/// [`StoreError::NotFound`] unless an operation with this id is held.
pub fn release(c: &Connection, id: &str, by: &str) -> Result<Operation, StoreError> {
    decide(c, id, by, Verdict::Released)
}

/// A person forbids a held operation: it is `rejected` from now on, and the decision stands.
///
/// # Errors
/// [`StoreError::NotFound`] unless an operation with this id is held.
pub fn reject(c: &Connection, id: &str, by: &str) -> Result<Operation, StoreError> {
    decide(c, id, by, Verdict::Rejected)
}

fn decide(c: &Connection, id: &str, by: &str, verdict: Verdict) -> Result<Operation, StoreError> {
    let held = get(c, id)?.filter(|o| o.state == OperationState::Held);
    let operation =
        held.ok_or_else(|| StoreError::NotFound { what: "held operation", id: id.escape_debug().to_string() })?;
    c.prepare_cached(
        "INSERT OR REPLACE INTO decisions (object_type, source_id, verb, verdict, operation_id, refs_key, by_whom, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        operation.object_type.as_str(),
        operation.source_id,
        operation.verb.as_str(),
        verdict.as_str(),
        operation.id,
        refs_key(&operation.references)?,
        by,
        now(),
    ])?;
    let state = match verdict {
        Verdict::Released => OperationState::Planned,
        Verdict::Rejected => OperationState::Rejected,
    };
    set_state(c, id, state, Some(&format!("{} by {by}", verdict.as_str())))?;
    Ok(Operation { state, ..operation })
}

/// The standing decision about a verb on an object.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn decision(
    c: &Connection,
    object_type: ObjectType,
    source_id: &str,
    verb: Verb,
) -> Result<Option<Decision>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT verdict, by_whom, at, operation_id, refs_key FROM decisions
         WHERE object_type = ?1 AND source_id = ?2 AND verb = ?3",
    )?;
    let mut rows = statement.query(params![object_type.as_str(), source_id, verb.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let verdict = match row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? {
        "released" => Verdict::Released,
        _ => Verdict::Rejected,
    };
    let references = from_json("decisions.refs_key", row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(Some(Decision { verdict, by: row.get(1)?, at: row.get(2)?, operation_id: row.get(3)?, references }))
}

/// What decisions stand about: object type, directory id and verb of each.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn decided(c: &Connection) -> Result<Vec<(ObjectType, String, Verb)>, StoreError> {
    let mut statement = c.prepare_cached("SELECT object_type, source_id, verb FROM decisions")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |i: usize| row.get_ref(i)?.as_str().map_err(rusqlite::Error::from);
        let verb = Verb::parse(text(2)?).ok_or_else(|| StoreError::value("decisions.verb", "unknown verb"))?;
        found.push((object_type(text(0)?)?, row.get(1)?, verb));
    }
    Ok(found)
}

/// Ends a decision: it was used, or what it was about has changed. Whether there was one.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn clear_decision(
    c: &Connection,
    object_type: ObjectType,
    source_id: &str,
    verb: Verb,
) -> Result<bool, StoreError> {
    let mut statement =
        c.prepare_cached("DELETE FROM decisions WHERE object_type = ?1 AND source_id = ?2 AND verb = ?3")?;
    Ok(statement.execute(params![object_type.as_str(), source_id, verb.as_str()])? > 0)
}

/// Forgets what was planned and never begun, before a new cycle plans: nothing of it has happened, and a release that
/// stands is found by [`decision`]. Returns how many went.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn forget_planned(c: &Connection) -> Result<usize, StoreError> {
    Ok(c.prepare_cached("DELETE FROM operations WHERE state = 'planned'")?.execute([])?)
}

/// Forgets finished operations that last changed before an instant (RFC 3339 UTC). What is held, rejected, planned,
/// started or unknown stays. Returns how many went.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn prune(c: &Connection, before: &str) -> Result<usize, StoreError> {
    let mut statement = c.prepare_cached(
        "DELETE FROM operations WHERE state IN ('claimed', 'verified', 'failed') AND updated_at < ?1",
    )?;
    Ok(statement.execute([before])?)
}

#[cfg(test)]
#[path = "operations_tests.rs"]
mod tests;
