//! Who did what: append-only entries, each carrying the hash of the one before.

use super::StoreError;
use super::rows::{from_json, now, to_json};
use aws_lc_rs::digest;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use std::fmt::Write;

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// RFC 3339 UTC.
    pub at: String,
    /// Who.
    pub who: String,
    /// What, in the words of E13.19 where they fit.
    pub what: String,
    /// Particulars; never a secret.
    pub details: Value,
    /// SHA-256 over the hash before and everything above, in hexadecimal.
    pub hash: String,
}

/// Where the chain does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Number of the first entry that is wrong or missing.
    pub seq: i64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Appends an entry.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn append(c: &Connection, who: &str, what: &str, details: &Value) -> Result<AuditEntry, StoreError> {
    let (before, previous) = head(c)?;
    let (seq, at, text) = (before + 1, now(), to_json("audit.details", details)?);
    let hash = hash(&previous, seq, &[&at, who, what, &text]);
    c.prepare_cached(
        "INSERT INTO audit (seq, at, who, what, details, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![seq, at, who, what, text, previous, hash])?;
    c.prepare_cached("INSERT OR REPLACE INTO audit_head (one, seq, hash) VALUES (1, ?1, ?2)")?
        .execute(params![seq, hash])?;
    Ok(AuditEntry { seq, at, who: who.to_owned(), what: what.to_owned(), details: details.clone(), hash })
}

fn head(c: &Connection) -> Result<(i64, String), StoreError> {
    let mut statement = c.prepare_cached("SELECT seq, hash FROM audit_head WHERE one = 1")?;
    let found = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.unwrap_or_default())
}

/// Every field with its length before it: no two different entries give the same bytes.
fn hash(previous: &str, seq: i64, fields: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut add = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    add(previous.as_bytes());
    add(&seq.to_be_bytes());
    fields.iter().for_each(|field| add(field.as_bytes()));
    let mut text = String::with_capacity(64);
    for byte in context.finish().as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn read(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let details = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(AuditEntry {
        seq: row.get(0)?,
        at: row.get(1)?,
        who: row.get(2)?,
        what: row.get(3)?,
        details: from_json("audit.details", details)?,
        hash: row.get(5)?,
    })
}

/// Entries, newest first; `before` is the number of the last one of the page before.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn list(c: &Connection, limit: usize, before: Option<i64>) -> Result<Vec<AuditEntry>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT seq, at, who, what, details, hash FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
    )?;
    let mut rows = statement.query(params![before.unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(read(row)?);
    }
    Ok(entries)
}

/// Recomputes the chain. `None` means that nothing was changed, taken out, put in or cut off since it was written
/// (by anybody who did not also recompute everything behind it).
///
/// # Errors
/// [`StoreError::Sql`].
pub fn verify(c: &Connection) -> Result<Option<Broken>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT seq, at, who, what, details, previous, hash FROM audit ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let (mut last, mut previous) = (0_i64, String::new());
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get(0)?;
        let text = |i: usize| row.get_ref(i)?.as_str().map_err(rusqlite::Error::from);
        if seq != last + 1 {
            return Ok(Some(Broken { seq: last + 1, what: "entry is missing" }));
        }
        if text(5)? != previous {
            return Ok(Some(Broken { seq, what: "entry does not follow the one before" }));
        }
        let expected = hash(&previous, seq, &[text(1)?, text(2)?, text(3)?, text(4)?]);
        if text(6)? != expected {
            return Ok(Some(Broken { seq, what: "entry was changed" }));
        }
        (last, previous) = (seq, expected);
    }
    let (seq, hash) = head(c)?;
    if (seq, hash.as_str()) != (last, previous.as_str()) {
        return Ok(Some(Broken { seq: last + 1, what: "entries behind this number are missing" }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::memory;
    use serde_json::json;

    fn chain() -> Connection {
        let c = memory();
        for n in 1..=4 {
            append(&c, "ada", "Enable/start provisioning configuration", &json!({ "n": n })).unwrap();
        }
        c
    }

    #[test]
    fn an_untouched_chain_verifies() {
        assert_eq!(verify(&memory()).unwrap(), None);
        let c = chain();
        assert_eq!(verify(&c).unwrap(), None);
        let seqs = |entries: Vec<AuditEntry>| entries.iter().map(|e| e.seq).collect::<Vec<_>>();
        assert_eq!(seqs(list(&c, 2, None).unwrap()), [4, 3]);
        assert_eq!(seqs(list(&c, 9, Some(3)).unwrap()), [2, 1]);
        assert_eq!(list(&c, 1, None).unwrap()[0].details, json!({ "n": 4 }));
    }

    #[test]
    fn entries_cannot_be_changed_or_deleted_by_statement() {
        let c = chain();
        for sql in ["UPDATE audit SET who = 'eve'", "DELETE FROM audit WHERE seq = 4"] {
            let refused = c.execute(sql, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{refused}");
        }
    }

    #[test]
    fn tampering_around_the_triggers_is_noticed() {
        for (sql, seq) in [
            ("UPDATE audit SET who = 'eve' WHERE seq = 2", 2),
            ("UPDATE audit SET details = '{\"n\":9}' WHERE seq = 4", 4),
            ("DELETE FROM audit WHERE seq = 2", 2),
            ("DELETE FROM audit WHERE seq = 4", 4),
            ("DELETE FROM audit", 1),
            ("UPDATE audit SET hash = previous WHERE seq = 3", 3),
            (
                "INSERT INTO audit VALUES (5, 'now', 'eve', 'what', '{}', (SELECT hash FROM audit WHERE seq = 4), 'x')",
                5,
            ),
        ] {
            let c = chain();
            c.execute_batch("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete").unwrap();
            assert!(c.execute(sql, []).unwrap() > 0);
            assert_eq!(verify(&c).unwrap().unwrap().seq, seq, "{sql}");
        }
    }
}
