//! Windows of the log, newest first, from its narrow rows alone.

use super::super::StoreError;
use super::super::filter::{Filter, Term};
use super::super::rows::millis;
use super::super::window::{Anchor, Counted, Window, cut};
use super::instant_of;
use crate::model::LogStatus;
use jiff::Timestamp;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

/// Fields that a filter of the log knows.
pub const LOG_FIELDS: &[&str] = &["status", "action", "code", "attribute", "name", "value", "reason"];

/// Rows of an index that are looked at to learn which condition is the rarest.
const PROBE: usize = if cfg!(test) { 5 } else { 2000 };
/// How far [`newer_than`] counts.
const NEWER: u64 = 1000;

/// Which entries a list of the log shows. Everything that is `None` or empty does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// What was typed: words that must begin a word of the entry, `-word`, and `field:value` with [`LOG_FIELDS`].
    pub text: String,
    /// Only this outcome.
    pub status: Option<LogStatus>,
    /// Only this action (`create`, `update`, …).
    pub action: Option<String>,
    /// Only this cause, by its number ([`super::CauseRow::id`]).
    pub cause: Option<i64>,
    /// Only this cycle.
    pub cycle: Option<String>,
    /// Only the object with this directory id or app resource id.
    pub object: Option<String>,
    /// Not before this instant, RFC 3339 UTC.
    pub since: Option<String>,
}

/// A place in the log: the `seq` of a row.
pub type LogCursor = i64;
/// Where a window of the log lies: `Start` is the newest entry, `After` leads to older ones.
pub type LogAnchor = Anchor<LogCursor, LogCursor>;
/// Rows of the log that follow each other, newest first.
pub type LogWindow = Window<LogLine>;

/// An entry as a list shows it. [`super::get`] has all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts up in the order in which entries were stored; the place of the row.
    pub seq: i64,
    /// Unique id of the entry.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// The cycle.
    pub cycle_id: String,
    /// Outcome.
    pub status: LogStatus,
    /// `create`, `update`, `delete`, `stagedDelete`, `disable` or `other`.
    pub action: String,
    /// Error code (E13c).
    pub code: Option<String>,
    /// The reason with what differs from object to object replaced by `…`; untrusted text.
    pub reason: Option<String>,
    /// Directory id of the object.
    pub source_id: String,
    /// App resource id; empty while there is none.
    pub target_id: String,
    /// Name of the object; untrusted text.
    pub name: String,
    /// `User` or `Group`; empty in entries that do not say.
    pub object_type: String,
    /// How many attributes the entry is about.
    pub changes: u64,
    /// The attribute it is about, if it is one; untrusted text.
    pub attribute: Option<String>,
    /// The beginning of that attribute's new value; untrusted text.
    pub value: Option<String>,
    /// Its cause, for failures and warnings.
    pub cause: Option<i64>,
}

const COLUMNS: &str = "log.seq, log.id, log.at_ms, log.cycle_id, log.status, log.action, log.code, log.cause,
    log.source_id, log.target_id, log.name, log.object_type, log.changes, log.attribute, log.value, log.cause_id";

fn read(row: &Row<'_>) -> Result<LogLine, StoreError> {
    Ok(LogLine {
        seq: row.get(0)?,
        id: row.get(1)?,
        at: instant_of(row.get(2)?)?,
        cycle_id: row.get(3)?,
        status: status("log.status", row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?)?,
        action: row.get(5)?,
        code: row.get(6)?,
        reason: row.get(7)?,
        source_id: row.get(8)?,
        target_id: row.get(9)?,
        name: row.get(10)?,
        object_type: row.get(11)?,
        changes: row.get(12)?,
        attribute: row.get(13)?,
        value: row.get(14)?,
        cause: row.get(15)?,
    })
}

pub(super) fn status(place: &'static str, text: &str) -> Result<LogStatus, StoreError> {
    [LogStatus::Success, LogStatus::Failure, LogStatus::Skipped, LogStatus::Warning]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| StoreError::value(place, text.escape_debug()))
}

/// A window of the log.
///
/// # Errors
/// [`StoreError::Value`] if `since` is not RFC 3339; [`StoreError::Sql`].
pub fn window(c: &Connection, filter: &LogFilter, anchor: &LogAnchor, limit: usize) -> Result<LogWindow, StoreError> {
    let plan = Plan::of(c, filter)?;
    let at = match anchor {
        Anchor::At(seq) => Some(*seq),
        _ => None,
    };
    let walk = |from: Option<(&LogCursor, bool)>, backwards, limit| plan.rows(c, from, backwards, limit);
    cut(walk, |row| row.seq, |row| Some(row.seq) == at, anchor, limit)
}

/// How many entries that fit were stored behind a place, counted up to 1,000.
///
/// # Errors
/// Those of [`window`].
pub fn newer_than(c: &Connection, seq: LogCursor, filter: &LogFilter) -> Result<Counted, StoreError> {
    Plan::of(c, filter)?.count(c, Some(seq), NEWER)
}

/// How many entries fit, counted up to `most`; without conditions, or with one on the outcome alone, all of them
/// at no cost.
///
/// # Errors
/// Those of [`window`].
pub fn count(c: &Connection, filter: &LogFilter, most: u64) -> Result<Counted, StoreError> {
    let plain = LogFilter { status: filter.status, ..LogFilter::default() };
    if *filter == plain {
        let sql = "SELECT coalesce(sum(n), 0) FROM log_hours WHERE ?1 IS NULL OR status = ?1";
        let status = filter.status.map(LogStatus::as_str);
        return Ok(Counted::exactly(c.prepare_cached(sql)?.query_row([status], |row| row.get(0))?));
    }
    Plan::of(c, filter)?.count(c, None, most)
}

/// A condition that an index can answer in the order of the list.
struct Driver {
    /// What stands behind FROM.
    from: &'static str,
    /// Its condition, with `#` for the value.
    condition: &'static str,
    /// What it costs to test it row by row instead.
    test: &'static str,
    value: Sql,
}

const STATUS: (&str, &str, &str) = ("log INDEXED BY log_status", "log.status = #", "+log.status = #");
const ACTION: (&str, &str, &str) = ("log INDEXED BY log_action", "log.action = #", "+log.action = #");
const CAUSE: (&str, &str, &str) = ("log INDEXED BY log_cause", "log.cause_id = #", "+log.cause_id = #");
const CYCLE: (&str, &str, &str) = ("log INDEXED BY log_cycle", "log.cycle_id = #", "+log.cycle_id = #");
const OBJECT: &str = "log.seq IN (SELECT seq FROM log INDEXED BY log_source WHERE source_id = #
    UNION SELECT seq FROM log INDEXED BY log_target WHERE target_id = # AND target_id <> '')";
const WORDS: (&str, &str, &str) = (
    "log_fts CROSS JOIN log ON log.seq = log_fts.rowid",
    "log_fts MATCH #",
    "log.seq IN (SELECT rowid FROM log_fts WHERE log_fts MATCH #)",
);

/// The statement of a filter: the rarest condition leads, the others are tested on each row.
struct Plan {
    from: &'static str,
    /// The column that carries order and place.
    key: &'static str,
    conditions: String,
    values: Vec<Sql>,
}

impl Plan {
    fn of(c: &Connection, filter: &LogFilter) -> Result<Self, StoreError> {
        let typed = Filter::parse(&filter.text, LOG_FIELDS);
        let mut plan = Self { from: "log", key: "log.seq", conditions: "1".into(), values: Vec::new() };
        if let Some(since) = &filter.since {
            let at_ms = millis("since", since)?;
            let first: Option<i64> = c
                .prepare_cached(
                    "SELECT seq FROM log INDEXED BY log_time WHERE at_ms >= ?1 ORDER BY at_ms, seq LIMIT 1",
                )?
                .query_row([at_ms], |row| row.get(0))
                .optional()?;
            plan.and("log.seq >= #", first.unwrap_or(i64::MAX).into());
            plan.and("+log.at_ms >= #", at_ms.into());
        }
        let mut drivers = Vec::new();
        let mut driver = |(from, condition, test): (&'static str, &'static str, &'static str), value: Sql| {
            drivers.push(Driver { from, condition, test, value });
        };
        if let Some(status) = filter.status {
            driver(STATUS, status.as_str().to_owned().into());
        }
        if let Some(action) = &filter.action {
            driver(ACTION, action.clone().into());
        }
        if let Some(cause) = filter.cause {
            driver(CAUSE, cause.into());
        }
        if let Some(cycle) = &filter.cycle {
            driver(CYCLE, cycle.clone().into());
        }
        let words = phrases(typed.terms.iter().filter(|t| !t.not && t.field.is_none()));
        if !words.is_empty() {
            driver(WORDS, words.join(" ").into());
        }
        let unwanted = phrases(typed.terms.iter().filter(|t| t.not && t.field.is_none()));
        if !unwanted.is_empty() {
            plan.and("log.seq NOT IN (SELECT rowid FROM log_fts WHERE log_fts MATCH #)", unwanted.join(" OR ").into());
        }
        for term in typed.terms.iter().filter(|t| t.field.is_some()) {
            plan.field(term);
        }
        if let Some(object) = &filter.object {
            // Nothing is rarer than one object.
            plan.and(OBJECT, object.clone().into());
        } else {
            let mut rarest = None;
            for (index, driver) in drivers.iter().enumerate() {
                let rows = probe(c, driver)?;
                if rarest.is_none_or(|(least, _)| rows < least) {
                    rarest = Some((rows, index));
                }
            }
            if let Some((_, index)) = rarest {
                let first = drivers.remove(index);
                plan.from = first.from;
                if first.from == WORDS.0 {
                    plan.key = "log_fts.rowid";
                }
                plan.and(first.condition, first.value);
            }
        }
        for driver in drivers {
            plan.and(driver.test, driver.value);
        }
        Ok(plan)
    }

    fn and(&mut self, condition: &str, value: Sql) {
        self.values.push(value);
        self.conditions.push_str(" AND ");
        self.conditions.push_str(&condition.replace('#', &format!("?{}", self.values.len())));
    }

    /// A condition on a column: the beginning of a word of ours, or any part of a foreign text.
    fn field(&mut self, term: &Term) {
        let (column, exact) = match term.field {
            Some("status") => ("+log.status", true),
            Some("action") => ("+log.action", true),
            Some("code") => ("coalesce(log.code, '')", false),
            Some("attribute") => ("coalesce(log.attribute, '')", false),
            Some("value") => ("coalesce(log.value, '')", false),
            Some("reason") => ("coalesce(log.cause, '')", false),
            _ => ("log.name", false),
        };
        let not = if term.not { "NOT " } else { "" };
        let condition = if exact {
            format!("{not}lower({column}) LIKE # || '%' ESCAPE '\\'")
        } else {
            format!("{not}lower({column}) LIKE '%' || # || '%' ESCAPE '\\'")
        };
        let text = term.text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        self.and(&condition, text.into());
    }

    fn walk(&self, from: Option<(i64, bool)>, backwards: bool, limit: usize) -> (String, Vec<Sql>) {
        let mut values = self.values.clone();
        let mut place = String::new();
        if let Some((seq, inclusive)) = from {
            values.push(seq.into());
            let than = match (backwards, inclusive) {
                (false, false) => "<",
                (false, true) => "<=",
                (true, false) => ">",
                (true, true) => ">=",
            };
            place = format!(" AND {} {than} ?{}", self.key, values.len());
        }
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        // Newest first is forwards.
        let order = if backwards { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT {COLUMNS} FROM {} WHERE {}{place} ORDER BY {} {order} LIMIT ?{}",
            self.from,
            self.conditions,
            self.key,
            values.len()
        );
        (sql, values)
    }

    fn rows(
        &self,
        c: &Connection,
        from: Option<(&LogCursor, bool)>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<LogLine>, StoreError> {
        let (sql, values) = self.walk(from.map(|(seq, inclusive)| (*seq, inclusive)), backwards, limit);
        let mut statement = c.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }

    fn count(&self, c: &Connection, newer_than: Option<i64>, most: u64) -> Result<Counted, StoreError> {
        let (mut values, mut place) = (self.values.clone(), String::new());
        if let Some(seq) = newer_than {
            values.push(seq.into());
            place = format!(" AND {} > ?{}", self.key, values.len());
        }
        values.push(i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX).into());
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {}{place} LIMIT ?{})",
            self.from,
            self.conditions,
            values.len()
        );
        let n = c.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(Counted::up_to(n, most))
    }
}

/// How many rows a condition has, up to [`PROBE`].
fn probe(c: &Connection, driver: &Driver) -> Result<usize, StoreError> {
    let table = if driver.from == WORDS.0 { "log_fts" } else { driver.from };
    let condition = driver.condition.replace('#', "?1");
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {condition} LIMIT {PROBE})");
    Ok(c.prepare_cached(&sql)?.query_row([&driver.value], |row| row.get(0))?)
}

/// Every term as the beginnings of words, in the full-text language, with nothing in it an operator.
fn phrases<'a>(terms: impl Iterator<Item = &'a Term>) -> Vec<String> {
    terms
        .flat_map(|term| term.text.split(' '))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\" *", word.replace('"', "\"\"")))
        .collect()
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
