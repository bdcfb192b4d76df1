//! Words that are shorter than what the full-text index holds: found by the entries that begin with them.

use super::super::StoreError;
use super::{TRIGRAM, phrase};
use rusqlite::Connection;

/// Entries that are looked up together. With more of them nearly everybody fits, and a list is full at once.
const MOST: usize = 96;

/// The entries of the index that begin with a short word, as an expression of the full-text language; empty if there
/// is none. `None` if they are too many, or cannot be told: then each text has to be looked at.
///
/// The last letters of a text begin no entry: whoever asks looks at these too.
///
/// # Errors
/// [`StoreError::Sql`].
pub(super) fn phrases(c: &Connection, table: &str, word: &str) -> Result<Option<String>, StoreError> {
    // The index folds other scripts in its own way; this is certain for ASCII only.
    if !word.is_ascii() || word.len() >= TRIGRAM {
        return Ok(None);
    }
    let sql = format!("SELECT term FROM {table}_terms WHERE term >= ?1 AND term < ?2 LIMIT {}", MOST + 1);
    let mut statement = c.prepare_cached(&sql)?;
    let mut rows = statement.query([word, &format!("{word}\u{10FFFF}")])?;
    let mut phrases = Vec::new();
    while let Some(row) = rows.next()? {
        phrases.push(phrase(&row.get::<_, String>(0)?));
    }
    Ok((phrases.len() <= MOST).then(|| phrases.join(" OR ")))
}
