//! Commands that processes without the lease hand to the one that has it.

use super::rows::{from_json, now, to_json};
use super::{StoreError, lease};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

/// A command that was begun so often by processes that died is given up.
const ATTEMPTS: u32 = 3;

const COLUMNS: &str = "id, kind, args, by_whom, state, cancel, queued_at, taken_at, finished_at, exit_code, result";

/// Where a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandState {
    /// Waits for the process that has the lease.
    Queued,
    /// Under way.
    Running,
    /// Ended; it has an exit code.
    Done,
    /// Taken back before it began.
    Cancelled,
}

impl CommandState {
    /// `queued`, `running`, `done` or `cancelled`, as in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        [Self::Queued, Self::Running, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| StoreError::value("commands.state", text.escape_debug()))
    }
}

/// A command row.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Its number.
    pub id: i64,
    /// What to do: `sync`, `provision`, `restart`, …
    pub kind: String,
    /// Its arguments.
    pub args: Value,
    /// Who asked.
    pub by: String,
    /// Where it stands.
    pub state: CommandState,
    /// Whether somebody asked to stop it.
    pub cancel: bool,
    /// RFC 3339 UTC.
    pub queued_at: String,
    /// RFC 3339 UTC.
    pub taken_at: Option<String>,
    /// RFC 3339 UTC.
    pub finished_at: Option<String>,
    /// Exit code for the process that asked.
    pub exit_code: Option<i32>,
    /// What it gave.
    pub result: Option<Value>,
}

fn read(row: &Row<'_>) -> Result<Command, StoreError> {
    let text = |i: usize| row.get_ref(i)?.as_str().map_err(rusqlite::Error::from);
    let result: Option<String> = row.get(10)?;
    Ok(Command {
        id: row.get(0)?,
        kind: row.get(1)?,
        args: from_json("commands.args", text(2)?)?,
        by: row.get(3)?,
        state: CommandState::parse(text(4)?)?,
        cancel: row.get(5)?,
        queued_at: row.get(6)?,
        taken_at: row.get(7)?,
        finished_at: row.get(8)?,
        exit_code: row.get(9)?,
        result: result.map(|text| from_json("commands.result", &text)).transpose()?,
    })
}

/// Queues a command and returns its number.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn enqueue(c: &Connection, kind: &str, args: &Value, by: &str) -> Result<i64, StoreError> {
    c.prepare_cached("INSERT INTO commands (kind, args, by_whom, state, queued_at) VALUES (?1, ?2, ?3, 'queued', ?4)")?
        .execute(params![kind, to_json("commands.args", args)?, by, now()])?;
    Ok(c.last_insert_rowid())
}

/// Takes the oldest open command for the process that holds the lease with this fencing number. One that a process
/// before it had begun is taken again (work is safe to repeat); after three such deaths it ends with exit code 1.
///
/// # Errors
/// [`StoreError::LeaseLost`] if the number is no longer valid.
pub fn take_next(c: &Connection, fence: i64) -> Result<Option<Command>, StoreError> {
    lease::check(c, fence)?;
    loop {
        let mut statement = c.prepare_cached(
            "SELECT id, attempts, cancel, state FROM commands WHERE state IN ('queued', 'running')
             AND (state = 'queued' OR fence <> ?1) ORDER BY id LIMIT 1",
        )?;
        let open = statement
            .query_row([fence], |row| {
                let found: (i64, u32, bool, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(found)
            })
            .optional()?;
        let Some((id, attempts, cancel, state)) = open else { return Ok(None) };
        if cancel || attempts >= ATTEMPTS {
            let words = if cancel { "stopped, as asked" } else { "given up: the process that ran it died three times" };
            finish(c, id, if cancel { 130 } else { 1 }, &serde_json::json!({ "error": words }))?;
            continue;
        }
        debug_assert!(state == "queued" || state == "running");
        c.prepare_cached(
            "UPDATE commands SET state = 'running', fence = ?2, attempts = attempts + 1, taken_at = ?3 WHERE id = ?1",
        )?
        .execute(params![id, fence, now()])?;
        return get(c, id);
    }
}

/// Takes what waits of one kind, out of turn, for the process that holds the lease with this fencing number: what
/// cannot wait until the command under way has ended. Returns the numbers.
///
/// # Errors
/// [`StoreError::LeaseLost`] if the number is no longer valid.
pub fn take_kind(c: &Connection, kind: &str, fence: i64) -> Result<Vec<i64>, StoreError> {
    lease::check(c, fence)?;
    let mut statement = c.prepare_cached(
        "UPDATE commands SET state = 'running', fence = ?2, attempts = attempts + 1, taken_at = ?3
         WHERE state IN ('queued', 'running') AND state = 'queued' AND kind = ?1 RETURNING id",
    )?;
    let ids = statement.query_map(params![kind, fence, now()], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(ids)
}

/// Whether something of one kind waits.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn waits(c: &Connection, kind: &str) -> Result<bool, StoreError> {
    // The first condition is that of the index of open commands.
    let mut statement = c.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM commands WHERE state IN ('queued', 'running') AND state = 'queued' AND kind = ?1)",
    )?;
    Ok(statement.query_row([kind], |row| row.get(0))?)
}

/// Ends a command with the exit code and the result for the process that asked.
///
/// # Errors
/// [`StoreError::NotFound`] or [`StoreError::Sql`].
pub fn finish(c: &Connection, id: i64, exit_code: i32, result: &Value) -> Result<(), StoreError> {
    let changed = c
        .prepare_cached(
            "UPDATE commands SET state = 'done', finished_at = ?2, exit_code = ?3, result = ?4 WHERE id = ?1",
        )?
        .execute(params![id, now(), exit_code, to_json("commands.result", result)?])?;
    if changed == 0 {
        return Err(StoreError::NotFound { what: "command", id: id.to_string() });
    }
    Ok(())
}

/// One command.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn get(c: &Connection, id: i64) -> Result<Option<Command>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM commands WHERE id = ?1"))?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

/// Commands that wait or are under way, oldest first.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn open(c: &Connection) -> Result<Vec<Command>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM commands WHERE state IN ('queued', 'running') ORDER BY id");
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut commands = Vec::new();
    while let Some(row) = rows.next()? {
        commands.push(read(row)?);
    }
    Ok(commands)
}

/// Asks to stop a command: one that waits is cancelled at once, one under way gets its `cancel` flag set. Returns
/// where it then stands.
///
/// # Errors
/// [`StoreError::NotFound`] or [`StoreError::Sql`].
pub fn cancel(c: &Connection, id: i64) -> Result<CommandState, StoreError> {
    c.prepare_cached(
        "UPDATE commands SET cancel = 1,
         finished_at = CASE state WHEN 'queued' THEN ?2 ELSE finished_at END,
         state = CASE state WHEN 'queued' THEN 'cancelled' ELSE state END
         WHERE id = ?1 AND state IN ('queued', 'running')",
    )?
    .execute(params![id, now()])?;
    let command = get(c, id)?.ok_or_else(|| StoreError::NotFound { what: "command", id: id.to_string() })?;
    Ok(command.state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::lease::{Holder, Lease, acquire};
    use crate::store::testing::{memory, uses_index};
    use serde_json::json;

    fn next_fence(c: &Connection) -> i64 {
        match acquire(c, &Holder::current("heeler run"), 0, 1000).unwrap() {
            Lease::Acquired { fence } => fence,
            Lease::HeldBy(_) => panic!("held"),
        }
    }

    #[test]
    fn a_command_goes_from_hand_to_hand() {
        let c = memory();
        let fence = next_fence(&c);
        assert_eq!(take_next(&c, fence).unwrap(), None);
        let id = enqueue(&c, "provision", &json!({ "user": "ada" }), "bob").unwrap();
        enqueue(&c, "sync", &json!({}), "bob").unwrap();
        let taken = take_next(&c, fence).unwrap().unwrap();
        assert_eq!((taken.id, taken.kind.as_str(), taken.by.as_str()), (id, "provision", "bob"));
        assert_eq!((taken.args, taken.state), (json!({ "user": "ada" }), CommandState::Running));
        assert_eq!(take_next(&c, fence).unwrap().unwrap().kind, "sync");
        assert_eq!(take_next(&c, fence).unwrap(), None);
        finish(&c, id, 1, &json!({ "failed": 1 })).unwrap();
        let done = get(&c, id).unwrap().unwrap();
        assert_eq!(
            (done.state, done.exit_code, done.result),
            (CommandState::Done, Some(1), Some(json!({ "failed": 1 })))
        );
        assert_eq!(open(&c).unwrap().len(), 1);
        assert!(finish(&c, 99, 0, &json!({})).is_err());
    }

    #[test]
    fn a_dead_process_leaves_its_command_to_the_next_but_not_for_ever() {
        let c = memory();
        let id = enqueue(&c, "sync", &json!({}), "bob").unwrap();
        for _ in 0..ATTEMPTS {
            let fence = next_fence(&c);
            assert_eq!(take_next(&c, fence).unwrap().unwrap().id, id);
            assert_eq!(take_next(&c, fence).unwrap(), None, "its own is not taken twice");
        }
        assert_eq!(take_next(&c, next_fence(&c)).unwrap(), None);
        let given_up = get(&c, id).unwrap().unwrap();
        assert_eq!((given_up.state, given_up.exit_code), (CommandState::Done, Some(1)));
    }

    #[test]
    fn one_kind_can_be_taken_out_of_turn() {
        let c = memory();
        let fence = next_fence(&c);
        enqueue(&c, "sync", &json!({}), "bob").unwrap();
        assert!(!waits(&c, "stop").unwrap());
        let id = enqueue(&c, "stop", &json!({}), "bob").unwrap();
        assert!(waits(&c, "stop").unwrap());
        assert_eq!(take_kind(&c, "stop", fence).unwrap(), [id]);
        assert!(!waits(&c, "stop").unwrap());
        assert!(take_kind(&c, "stop", fence).unwrap().is_empty());
        assert_eq!(get(&c, id).unwrap().unwrap().state, CommandState::Running);
        assert_eq!(take_next(&c, fence).unwrap().unwrap().kind, "sync");
        next_fence(&c);
        assert!(matches!(take_kind(&c, "stop", fence), Err(StoreError::LeaseLost { .. })));
        uses_index(
            &c,
            "SELECT 1 FROM commands WHERE state IN ('queued', 'running') AND state = 'queued' AND kind = 'stop'",
        );
    }

    #[test]
    fn who_lost_the_lease_takes_nothing() {
        let c = memory();
        let old = next_fence(&c);
        next_fence(&c);
        enqueue(&c, "sync", &json!({}), "bob").unwrap();
        assert!(matches!(take_next(&c, old), Err(StoreError::LeaseLost { .. })));
    }

    #[test]
    fn cancelling_depends_on_where_it_stands() {
        let c = memory();
        let waiting = enqueue(&c, "sync", &json!({}), "bob").unwrap();
        assert_eq!(cancel(&c, waiting).unwrap(), CommandState::Cancelled);
        let running = enqueue(&c, "sync", &json!({}), "bob").unwrap();
        assert_eq!(take_next(&c, next_fence(&c)).unwrap().unwrap().id, running);
        assert_eq!(cancel(&c, running).unwrap(), CommandState::Running);
        assert!(get(&c, running).unwrap().unwrap().cancel);
        // The process dies before it sees the flag: nobody begins it again.
        assert_eq!(take_next(&c, next_fence(&c)).unwrap(), None);
        assert_eq!(get(&c, running).unwrap().unwrap().exit_code, Some(130));
        assert_eq!(cancel(&c, running).unwrap(), CommandState::Done);
        assert!(cancel(&c, 99).is_err());
    }
}
