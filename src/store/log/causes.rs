//! What failures and warnings have in common: counted by the hour as entries come and go, so that nobody has to read
//! the log to say what is wrong.
//!
//! A cause is (status, code, attribute, normalised answer); values are masked out of the answer, so that 47 different
//! telephone numbers are one cause.

use super::super::StoreError;
use super::super::window::Counted;
use super::instant_of;
use crate::model::LogStatus;
use crate::model::log::StatusInfo;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;

/// Characters of an answer that tell causes apart.
const ANSWER: usize = 300;
/// Causes that are listed; a job with more has one problem that the words hide.
const LISTED: usize = 200;
/// Different objects are counted exactly up to here.
const OBJECTS: u64 = if cfg!(test) { 3 } else { 1000 };
const HOUR_MS: i64 = 3_600_000;

/// One cause in a stretch of hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseRow {
    /// Number of the cause; stays the same as long as the log has an entry of it.
    pub id: i64,
    /// `failure` or `warning`.
    pub status: LogStatus,
    /// Error code (E13c); empty if the entries have none.
    pub code: String,
    /// Target attribute path, if the entries tell; untrusted text.
    pub attribute: Option<String>,
    /// The answer with what differs from object to object replaced by `…`; untrusted text.
    pub reason: String,
    /// HTTP status in the answer, if the app gave one.
    pub http_status: Option<u16>,
    /// `scimType` in the answer; untrusted text.
    pub scim_type: Option<String>,
    /// Entries in these hours.
    pub count: u64,
    /// Different objects with such an entry, the last of it in these hours.
    pub objects: Counted,
    /// First entry in these hours.
    pub first: Timestamp,
    /// Last entry in these hours.
    pub last: Timestamp,
    /// Entries of each hour, oldest first; the last one is the hour that is running.
    pub hours: Vec<u64>,
    /// Name of the object that was concerned last; untrusted text.
    pub example: String,
    /// Its directory id.
    pub example_id: String,
}

/// The causes of a stretch of hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Causes {
    /// The most frequent first, failures before warnings.
    pub rows: Vec<CauseRow>,
    /// Causes that are not in `rows` because there are too many of them.
    pub more: u64,
    /// Failures in these hours, of all causes.
    pub failures: u64,
    /// Warnings in these hours, of all causes.
    pub warnings: u64,
    /// Different objects that failed or got a warning in these hours.
    pub objects: Counted,
}

/// The number of the cause of an entry that is going to be stored; `None` if its status has none.
pub(super) fn note(
    c: &Connection,
    status: &StatusInfo,
    attribute: Option<&str>,
    reason: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    if !matches!(status.status, LogStatus::Failure | LogStatus::Warning) {
        return Ok(None);
    }
    let code = status.error_information.as_ref().map_or("", |e| e.error_code.as_str());
    let reason = reason.unwrap_or_default();
    let reason = reason.char_indices().nth(ANSWER).map_or(reason, |(end, _)| &reason[..end]);
    let key = params![status.status.as_str(), code, attribute.unwrap_or_default(), reason];
    let known = c
        .prepare_cached("SELECT id FROM causes WHERE status = ?1 AND code = ?2 AND attribute = ?3 AND reason = ?4")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    c.prepare_cached("INSERT INTO causes (status, code, attribute, reason) VALUES (?1, ?2, ?3, ?4)")?.execute(key)?;
    Ok(Some(c.last_insert_rowid()))
}

/// Forgets causes of which the log has no entry any more.
pub(super) fn forget_unused(c: &Connection) -> Result<(), StoreError> {
    c.execute("DELETE FROM causes WHERE id NOT IN (SELECT cause_id FROM cause_hours)", [])?;
    Ok(())
}

const HOURS: &str = "SELECT cause_id, hour, n, first_ms, last_ms FROM cause_hours WHERE hour > ?1 AND hour <= ?2";
const OBJECTS_OF: &str = "SELECT count(*) FROM (SELECT 1 FROM cause_objects INDEXED BY cause_objects_recent
     WHERE cause_id = ?1 AND last_ms >= ?2 LIMIT ?3)";
const OBJECTS_ALL: &str = "SELECT count(*) FROM (SELECT DISTINCT source_id FROM cause_objects INDEXED BY
     cause_objects_last WHERE last_ms >= ?1 LIMIT ?2)";
const EXAMPLE: &str =
    "SELECT name, source_id FROM log INDEXED BY log_cause WHERE cause_id = ?1 ORDER BY seq DESC LIMIT 1";

/// Causes of failures and warnings in the `hours` hours that end with the one `now` is in: whole hours of UTC, so
/// the first one is counted from its beginning. Reads counts, never the log: the cost depends on the number of
/// causes alone.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn cause_table(c: &Connection, now: Timestamp, hours: u16) -> Result<Causes, StoreError> {
    table(c, now, hours, LISTED)
}

/// The same with at most so many of them listed.
fn table(c: &Connection, now: Timestamp, hours: u16, listed: usize) -> Result<Causes, StoreError> {
    let last_hour = hour_of(now);
    let before = last_hour - i64::from(hours);
    let since_ms = (before + 1) * HOUR_MS;
    let mut tallies: HashMap<i64, Tally> = HashMap::new();
    let mut statement = c.prepare_cached(HOURS)?;
    let mut rows = statement.query([before, last_hour])?;
    while let Some(row) = rows.next()? {
        let tally = tallies.entry(row.get(0)?).or_insert_with(|| Tally::new(hours));
        tally.add(row.get::<_, i64>(1)? - before - 1, row.get(2)?, row.get(3)?, row.get(4)?);
    }
    let mut found = Causes::default();
    let mut order = Vec::with_capacity(tallies.len());
    let mut status_of = c.prepare_cached("SELECT status FROM causes WHERE id = ?1")?;
    for (id, tally) in tallies {
        let status = status_of.query_row([id], |row| row.get::<_, String>(0))?;
        let warning = status == LogStatus::Warning.as_str();
        *(if warning { &mut found.warnings } else { &mut found.failures }) += tally.count;
        order.push((warning, std::cmp::Reverse(tally.count), id, tally));
    }
    order.sort_by_key(|(warning, count, id, _)| (*warning, *count, *id));
    found.more = order.len().saturating_sub(listed) as u64;
    for (_, _, id, tally) in order.into_iter().take(listed) {
        found.rows.push(cause_row(c, id, tally, since_ms)?);
    }
    let objects: u64 = c.prepare_cached(OBJECTS_ALL)?.query_row(params![since_ms, OBJECTS + 1], |row| row.get(0))?;
    found.objects = Counted::up_to(objects, OBJECTS);
    Ok(found)
}

/// One cause in a stretch of hours, as [`cause_table`] has it, whatever its place there; `None` if there is no entry
/// of it in them.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn cause(c: &Connection, id: i64, now: Timestamp, hours: u16) -> Result<Option<CauseRow>, StoreError> {
    let last_hour = hour_of(now);
    let before = last_hour - i64::from(hours);
    let mut tally = Tally::new(hours);
    let mut statement = c.prepare_cached(
        "SELECT hour, n, first_ms, last_ms FROM cause_hours WHERE hour > ?1 AND hour <= ?2 AND cause_id = ?3",
    )?;
    let mut rows = statement.query([before, last_hour, id])?;
    while let Some(row) = rows.next()? {
        tally.add(row.get::<_, i64>(0)? - before - 1, row.get(1)?, row.get(2)?, row.get(3)?);
    }
    if tally.count == 0 {
        return Ok(None);
    }
    cause_row(c, id, tally, (before + 1) * HOUR_MS).map(Some)
}

/// Objects that wait for a retry, by the cause of their last failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many, for each cause that somebody waits of.
    pub by_cause: HashMap<i64, u64>,
    /// Whether there are more than were looked at.
    pub more: bool,
}

/// So many retries are looked at.
const WAITING: u64 = 20_000;
const WAITING_OF: &str = "SELECT (SELECT cause_id FROM cause_objects AS o INDEXED BY cause_objects_object
       WHERE o.source_id = r.source_id AND o.last_ms >= ?1 ORDER BY o.last_ms DESC, o.cause_id DESC LIMIT 1), count(*)
     FROM (SELECT source_id FROM retries LIMIT ?2) AS r GROUP BY 1";

/// Who fails now, by what: one that has failed in the last `hours` hours and succeeded since waits no more.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn waiting(c: &Connection, now: Timestamp, hours: u16) -> Result<Waiting, StoreError> {
    let since_ms = (hour_of(now) - i64::from(hours) + 1) * HOUR_MS;
    let mut found = Waiting::default();
    let mut all = 0;
    let mut statement = c.prepare_cached(WAITING_OF)?;
    let mut rows = statement.query(params![since_ms, WAITING + 1])?;
    while let Some(row) = rows.next()? {
        let n: u64 = row.get(1)?;
        all += n;
        if let Some(cause) = row.get::<_, Option<i64>>(0)? {
            found.by_cause.insert(cause, n);
        }
    }
    found.more = all > WAITING;
    Ok(found)
}

struct Tally {
    count: u64,
    first_ms: i64,
    last_ms: i64,
    hours: Vec<u64>,
}

impl Tally {
    fn new(hours: u16) -> Self {
        Self { count: 0, first_ms: i64::MAX, last_ms: i64::MIN, hours: vec![0; usize::from(hours)] }
    }

    fn add(&mut self, index: i64, count: u64, first_ms: i64, last_ms: i64) {
        self.count += count;
        self.first_ms = self.first_ms.min(first_ms);
        self.last_ms = self.last_ms.max(last_ms);
        if let Some(hour) = usize::try_from(index).ok().and_then(|index| self.hours.get_mut(index)) {
            *hour += count;
        }
    }
}

fn cause_row(c: &Connection, id: i64, tally: Tally, since_ms: i64) -> Result<CauseRow, StoreError> {
    let objects: u64 = c.prepare_cached(OBJECTS_OF)?.query_row(params![id, since_ms, OBJECTS + 1], |row| row.get(0))?;
    let (example, example_id) = c
        .prepare_cached(EXAMPLE)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default();
    let mut statement = c.prepare_cached("SELECT status, code, attribute, reason FROM causes WHERE id = ?1")?;
    let read = |row: &Row<'_>| -> rusqlite::Result<(String, String, String, String)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    };
    let (status, code, attribute, reason) = statement.query_row([id], read)?;
    let (http_status, scim_type) = answer_of(&reason);
    Ok(CauseRow {
        id,
        status: super::window::status("causes.status", &status)?,
        code,
        attribute: Some(attribute).filter(|a| !a.is_empty()),
        http_status,
        scim_type: scim_type.map(str::to_owned),
        reason,
        count: tally.count,
        objects: Counted::up_to(objects, OBJECTS),
        first: instant_of(tally.first_ms)?,
        last: instant_of(tally.last_ms)?,
        hours: tally.hours,
        example,
        example_id,
    })
}

/// Status and `scimType` of the app's answer in a reason, as the sync core writes them:
/// `the app refused (400 invalidValue): …`.
pub fn answer_of(reason: &str) -> (Option<u16>, Option<&str>) {
    for (at, _) in reason.match_indices('(') {
        let inner = &reason[at + 1..];
        let Some((inner, _)) = inner.split_once(')') else { break };
        let (number, kind) = inner.split_once(' ').map_or((inner, None), |(number, kind)| (number, Some(kind)));
        let status = number.parse::<u16>().ok().filter(|n| number.len() == 3 && (400..600).contains(n));
        if status.is_some() {
            let kind = kind.filter(|k| !k.is_empty() && k.chars().all(|c| c.is_ascii_alphanumeric()));
            return (status, kind);
        }
    }
    (None, None)
}

/// Failures of each of the `hours` hours that end with the one `now` is in, oldest first.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn failures_per_hour(c: &Connection, now: Timestamp, hours: u16) -> Result<Vec<u64>, StoreError> {
    let last_hour = hour_of(now);
    let before = last_hour - i64::from(hours);
    let mut counts = vec![0; usize::from(hours)];
    let mut statement =
        c.prepare_cached("SELECT hour, n FROM log_hours WHERE hour > ?1 AND hour <= ?2 AND status = 'failure'")?;
    let mut rows = statement.query([before, last_hour])?;
    while let Some(row) = rows.next()? {
        let index = usize::try_from(row.get::<_, i64>(0)? - before - 1).unwrap_or(usize::MAX);
        if let Some(count) = counts.get_mut(index) {
            *count = row.get(1)?;
        }
    }
    Ok(counts)
}

fn hour_of(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(HOUR_MS)
}

/// The class of a code in a few words for lists; `other` for codes without one.
pub fn class(code: &str) -> &'static str {
    // Entries of Entra's own service carry the name of a connector in front (E13.31).
    let known = CLASSES.iter().filter(|(known, _)| code.ends_with(known)).max_by_key(|(known, _)| known.len());
    known.map_or("other", |(_, words)| words)
}

const CLASSES: &[(&str, &str)] = &[
    ("Conflict", "duplicate value"),
    ("EntryConflict", "duplicate value"),
    ("DuplicateTargetEntries", "duplicate match"),
    ("DuplicateSourceEntries", "duplicate match"),
    ("SystemForCrossDomainIdentityManagementMultipleEntriesInResponse", "duplicate match"),
    ("MandatoryFieldsMissing", "required value missing"),
    ("MissingValues", "required value missing"),
    ("UnprocessableEntity", "target rejects value"),
    ("SchemaPropertyCanOnlyAcceptValue", "target rejects value"),
    ("InvalidDomain", "target rejects domain"),
    ("SchemaAttributeNotFound", "attribute unknown"),
    ("NotImplemented", "not supported"),
    ("InsufficientRights", "not allowed"),
    ("MethodNotAllowed", "not allowed"),
    ("NotPermitted", "not allowed"),
    ("Unauthorized", "token refused"),
    ("TooManyRequests", "throttled"),
    ("Timeout", "no answer in time"),
    ("WebExceptionProtocolError", "connection broke"),
    ("InternalServerError", "target failed"),
    ("InternalError", "not tried"),
    ("SystemForCrossDomainIdentityManagementServiceIncompatible", "answer is not SCIM"),
    ("InvalidAnchor", "resource is gone"),
    ("LicenseLimitExceeded", "no licence left"),
    ("UnableToResolveReferenceAttributeValue", "reference missing"),
    ("NotEffectivelyEntitled", "out of scope"),
];

#[cfg(test)]
#[path = "causes_tests.rs"]
mod tests;
