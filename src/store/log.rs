//! The provisioning log (E13): narrow rows that lists are made of, every entry whole beside them, and counts of what
//! failures have in common that are kept as entries come and go.

use super::StoreError;
use super::fold::fold;
use super::rows::{from_json, millis, to_json};
use crate::model::{LogEntry, LogStatus};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params, params_from_iter};
use std::fmt::Write;

mod attribute;
mod causes;
mod window;

pub use causes::{CauseRow, Causes, Waiting, answer_of, cause, cause_table, class, failures_per_hour, waiting};
pub use window::{LOG_FIELDS, LogAnchor, LogCursor, LogFilter, LogLine, LogWindow, count, newer_than, window};

/// Which entries to list. Everything that is `None` or 0 does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only this outcome.
    pub status: Option<LogStatus>,
    /// Not before this instant, RFC 3339 UTC.
    pub since: Option<String>,
    /// Words that must all begin a word of name, user principal name, id, code, action or reason.
    pub search: Option<String>,
    /// Only this cycle.
    pub cycle: Option<String>,
    /// Only the object with this directory id or app resource id.
    pub object: Option<String>,
    /// Behind this entry (its [`LogRow::seq`]) in the order asked for.
    pub after_id: Option<i64>,
    /// At most so many; 0 means 100.
    pub limit: usize,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
}

/// An entry with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// Counts up in the order in which entries were stored; for paging and following.
    pub seq: i64,
    /// The entry.
    pub entry: LogEntry,
}

/// Failures that have one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// How many entries.
    pub count: u64,
    /// Error code (E13c).
    pub code: String,
    /// The reason with what differs from object to object replaced by `…`; untrusted text.
    pub reason: String,
    /// Name of one of the objects; untrusted text.
    pub example: String,
    /// Its directory id.
    pub example_id: String,
    /// First of them, RFC 3339 UTC.
    pub first: String,
    /// Last of them, RFC 3339 UTC.
    pub last: String,
}

/// Which entries [`causes`] groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CausesOf<'a> {
    /// Those of a cycle, by its id.
    Cycle(&'a str),
    /// Those not before an instant, RFC 3339 UTC.
    Since(&'a str),
}

/// Appends an entry and returns its place.
///
/// # Errors
/// [`StoreError::Value`] if its time is not RFC 3339, [`StoreError::Sql`] if its id is there already.
pub fn append(c: &Connection, entry: &LogEntry) -> Result<i64, StoreError> {
    let status = &entry.provisioning_status_info;
    let error = status.error_information.as_ref();
    let reason = error.map(|e| normalise(&e.reason));
    let concerned = attribute::concerned(entry);
    let attribute = concerned.map(|property| property.display_name.as_str());
    let cause_id = causes::note(c, status, attribute, reason.as_deref())?;
    c.prepare_cached(
        "INSERT INTO log (id, at_ms, cycle_id, change_id, status, action, code, cause, source_id, target_id, name,
         object_type, changes, attribute, value, cause_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        entry.id,
        millis("log.activityDateTime", &entry.activity_date_time)?,
        entry.cycle_id,
        entry.change_id,
        status.status.as_str(),
        entry.provisioning_action,
        error.map(|e| e.error_code.as_str()),
        reason,
        entry.source_identity.id,
        entry.target_identity.id,
        entry.source_identity.display_name,
        entry.source_identity.identity_type.as_deref().unwrap_or_default(),
        entry.modified_properties.len(),
        attribute,
        concerned.and_then(|property| property.new_value.as_deref()).map(attribute::short),
        cause_id,
    ])?;
    let seq = c.last_insert_rowid();
    c.prepare_cached("INSERT INTO log_entries (seq, entry) VALUES (?1, ?2)")?
        .execute(params![seq, to_json("log_entries.entry", entry)?])?;
    c.prepare_cached("INSERT INTO log_fts (rowid, words) VALUES (?1, ?2)")?.execute(params![seq, words(entry)])?;
    Ok(seq)
}

/// What an entry is found by.
pub(super) fn words(entry: &LogEntry) -> String {
    let mut text = String::new();
    let mut add = |part: &str| {
        if !part.is_empty() {
            text.push_str(&fold(part));
            text.push('\n');
        }
    };
    for identity in [&entry.source_identity, &entry.target_identity] {
        add(&identity.display_name);
        add(&identity.id);
        for value in identity.details.values().filter_map(|v| v.as_str()) {
            add(value);
        }
    }
    add(&entry.provisioning_action);
    add(entry.provisioning_status_info.status.as_str());
    if let Some(error) = &entry.provisioning_status_info.error_information {
        add(&error.error_code);
        add(&split_camel(&error.error_code));
        add(&error.reason);
        if let Some(details) = &error.additional_details {
            add(details);
        }
    }
    text
}

/// `EntryConflict` as `Entry Conflict`, so that either word finds it.
fn split_camel(code: &str) -> String {
    let mut words = String::with_capacity(code.len() + 4);
    let mut lower = false;
    for c in code.chars() {
        if lower && c.is_uppercase() {
            words.push(' ');
        }
        lower = c.is_lowercase();
        words.push(c);
    }
    words
}

/// Lists entries.
///
/// # Errors
/// [`StoreError::Value`] if `since` is not RFC 3339; [`StoreError::Sql`].
pub fn query(c: &Connection, query: &LogQuery) -> Result<Vec<LogRow>, StoreError> {
    let (sql, values) = statement(query)?;
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn statement(query: &LogQuery) -> Result<(String, Vec<Sql>), StoreError> {
    let mut values: Vec<Sql> = Vec::new();
    let mut conditions = String::from("1");
    // Writing to a String cannot fail.
    let mut and = |condition: &str, value: Sql| {
        values.push(value);
        let _ = write!(conditions, " AND {}", condition.replace('#', &format!("?{}", values.len())));
    };
    // A unary plus keeps SQLite from walking a wide index where a narrow one is at hand.
    let narrow = query.object.is_some() || query.cycle.is_some() || query.search.is_some();
    if let Some(status) = query.status {
        and(if narrow { "+status = #" } else { "status = #" }, status.as_str().to_owned().into());
    }
    if let Some(since) = &query.since {
        and("at_ms >= #", millis("since", since)?.into());
    }
    if let Some(cycle) = &query.cycle {
        and("cycle_id = #", cycle.clone().into());
    }
    if let Some(object) = &query.object {
        and(
            "seq IN (SELECT seq FROM log WHERE source_id = # UNION SELECT seq FROM log WHERE target_id = # AND target_id <> '')",
            object.clone().into(),
        );
    }
    if let Some(words) = query.search.as_deref().map(phrases).filter(|words| !words.is_empty()) {
        and("seq IN (SELECT rowid FROM log_fts WHERE log_fts MATCH #)", words.into());
    }
    if let Some(after) = query.after_id {
        and(if query.newest_first { "seq < #" } else { "seq > #" }, after.into());
    }
    let limit = if query.limit == 0 { 100 } else { query.limit };
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let order = if query.newest_first { "DESC" } else { "ASC" };
    let entry = "(SELECT entry FROM log_entries WHERE log_entries.seq = log.seq)";
    let sql = format!("SELECT seq, {entry} FROM log WHERE {conditions} ORDER BY seq {order} LIMIT ?{}", values.len());
    Ok((sql, values))
}

/// Every word as a prefix, in the full-text language, with nothing in it an operator.
fn phrases(text: &str) -> String {
    let usable = |word: &&str| word.chars().any(char::is_alphanumeric);
    let quoted = |word: &str| format!("\"{}\" *", word.replace('"', "\"\""));
    fold(text).split(' ').filter(usable).map(quoted).collect::<Vec<_>>().join(" ")
}

fn read(row: &Row<'_>) -> Result<LogRow, StoreError> {
    let entry = from_json("log_entries.entry", row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(LogRow { seq: row.get(0)?, entry })
}

/// The place of the newest entry; 0 while there is none.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn last_id(c: &Connection) -> Result<i64, StoreError> {
    Ok(c.prepare_cached("SELECT coalesce(max(seq), 0) FROM log")?.query_row([], |row| row.get(0))?)
}

/// Entries stored behind a place, oldest first, for following the log.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn after(c: &Connection, id: i64, limit: usize) -> Result<Vec<LogRow>, StoreError> {
    query(c, &LogQuery { after_id: Some(id), limit, ..LogQuery::default() })
}

/// One entry by its id.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn get(c: &Connection, id: &str) -> Result<Option<LogRow>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT log.seq, entry FROM log JOIN log_entries ON log_entries.seq = log.seq WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    rows.next()?.map(read).transpose()
}

const CAUSES_OF_CYCLE: &str =
    "SELECT count(*), coalesce(code, ''), coalesce(cause, ''), name, source_id, min(at_ms), max(at_ms)
     FROM log WHERE cycle_id = ?1 AND status = 'failure' GROUP BY code, cause ORDER BY 1 DESC, 2, 3";
const CAUSES_SINCE: &str =
    "SELECT count(*), coalesce(code, ''), coalesce(cause, ''), name, source_id, min(at_ms), max(at_ms)
     FROM log WHERE at_ms >= ?1 AND +status = 'failure' GROUP BY code, cause ORDER BY 1 DESC, 2, 3";

/// Failures grouped by code and reason, the most frequent first.
///
/// # Errors
/// [`StoreError::Value`] if an instant is not RFC 3339; [`StoreError::Sql`].
pub fn causes(c: &Connection, of: CausesOf<'_>) -> Result<Vec<Cause>, StoreError> {
    let (sql, value): (_, Sql) = match of {
        CausesOf::Cycle(id) => (CAUSES_OF_CYCLE, id.to_owned().into()),
        CausesOf::Since(instant) => (CAUSES_SINCE, millis("since", instant)?.into()),
    };
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query([value])?;
    let mut causes = Vec::new();
    while let Some(row) = rows.next()? {
        causes.push(Cause {
            count: row.get(0)?,
            code: row.get(1)?,
            reason: row.get(2)?,
            example: row.get(3)?,
            example_id: row.get(4)?,
            first: instant(row.get(5)?)?,
            last: instant(row.get(6)?)?,
        });
    }
    Ok(causes)
}

fn instant(ms: i64) -> Result<String, StoreError> {
    Ok(format!("{:.3}", instant_of(ms)?))
}

fn instant_of(ms: i64) -> Result<jiff::Timestamp, StoreError> {
    jiff::Timestamp::from_millisecond(ms).map_err(|e| StoreError::value("log.at_ms", e))
}

/// Forgets entries before an instant (retention, E13.16). Returns how many went.
///
/// # Errors
/// [`StoreError::Value`] if the instant is not RFC 3339; [`StoreError::Sql`].
pub fn prune(c: &Connection, before: &str) -> Result<usize, StoreError> {
    let gone = c.prepare_cached("DELETE FROM log WHERE at_ms < ?1")?.execute([millis("before", before)?])?;
    causes::forget_unused(c)?;
    Ok(gone)
}

/// A reason without what differs from object to object: quoted text, addresses, ids and numbers become `…`. HTTP
/// status codes stay.
pub fn normalise(reason: &str) -> String {
    let mut plain = String::with_capacity(reason.len());
    let mut quote = None;
    let mut previous = ' ';
    for c in reason.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`' | '“' | '«') => {
                quote = Some(match c {
                    '“' => '”',
                    '«' => '»',
                    same => same,
                });
                plain.push('…');
            }
            // An apostrophe inside of a word is none of the quotes.
            (None, '\'') if !previous.is_alphanumeric() => {
                quote = Some('\'');
                plain.push('…');
            }
            (None, c) => plain.push(c),
        }
        previous = c;
    }
    plain.split_whitespace().map(mask).collect::<Vec<_>>().join(" ")
}

/// One word: masked if it is an address or an id, or a number that is no HTTP status.
fn mask(word: &str) -> String {
    let punctuation = |c: char| !c.is_alphanumeric() && c != '…';
    let core = word.trim_matches(punctuation);
    let digits = core.chars().filter(char::is_ascii_digit).count();
    let letters = core.chars().filter(|c| c.is_alphabetic()).count();
    let status = letters == 0 && core.len() == 3 && matches!(core.as_bytes().first(), Some(b'1'..=b'5'));
    let differs = core.contains('@') || (digits > 0 && letters == 0 && !status) || (digits >= 3 && letters > 0);
    if differs && !core.is_empty() { word.replace(core, "…") } else { word.to_owned() }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
