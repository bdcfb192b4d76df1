//! Versions of the mapping: who saved what, when and why.

use super::StoreError;
use super::rows::now;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// How a version came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingAction {
    /// What was in force before the first change.
    Base,
    /// Single attributes, clauses or switches were changed.
    Edit,
    /// A whole schema was read from a file.
    Import,
    /// Back to the preset (E15.10).
    Reset,
    /// Back to an earlier version.
    Rollback,
    /// The mapping file was changed by something else than Heeler.
    File,
}

impl MappingAction {
    const ALL: [Self; 6] = [Self::Base, Self::Edit, Self::Import, Self::Reset, Self::Rollback, Self::File];

    /// The word in the table and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Edit => "edit",
            Self::Import => "import",
            Self::Reset => "reset",
            Self::Rollback => "rollback",
            Self::File => "file",
        }
    }

    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|action| action.as_str() == text).unwrap_or(Self::Edit)
    }
}

/// A version without its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingVersion {
    /// Its number, from 1 without gaps.
    pub version: i64,
    /// RFC 3339 UTC.
    pub saved_at: String,
    /// Who.
    pub saved_by: String,
    /// How.
    pub action: MappingAction,
    /// Why, in the words of whoever saved it; may be empty. Untrusted text.
    pub note: String,
    /// What the mapping of the job started from.
    pub base: String,
    /// What changed since the version before, one change per line. Untrusted text.
    pub changes: String,
}

/// What is to be kept as a version.
#[derive(Clone, Debug)]
pub struct NewMapping {
    /// Who saves it.
    pub by: String,
    /// How it came to be.
    pub action: MappingAction,
    /// Why.
    pub note: String,
    /// What the mapping of the job started from.
    pub base: String,
    /// What changed, one change per line.
    pub changes: String,
    /// The schema as JSON text.
    pub schema: String,
}

const COLUMNS: &str = "version, saved_at, saved_by, action, note, base, changes";

fn read(row: &Row<'_>) -> rusqlite::Result<MappingVersion> {
    Ok(MappingVersion {
        version: row.get(0)?,
        saved_at: row.get(1)?,
        saved_by: row.get(2)?,
        action: MappingAction::parse(&row.get::<_, String>(3)?),
        note: row.get(4)?,
        base: row.get(5)?,
        changes: row.get(6)?,
    })
}

/// All versions, newest first.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn list(c: &Connection) -> Result<Vec<MappingVersion>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT {COLUMNS} FROM mapping_versions ORDER BY version DESC"))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// The newest version.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn newest(c: &Connection) -> Result<Option<MappingVersion>, StoreError> {
    let mut statement =
        c.prepare_cached(&format!("SELECT {COLUMNS} FROM mapping_versions ORDER BY version DESC LIMIT 1"))?;
    Ok(statement.query_row([], read).optional()?)
}

/// The schema of a version as JSON text.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn schema(c: &Connection, version: i64) -> Result<Option<String>, StoreError> {
    let mut statement = c.prepare_cached("SELECT schema FROM mapping_versions WHERE version = ?1")?;
    Ok(statement.query_row([version], |row| row.get(0)).optional()?)
}

/// Keeps a mapping as the next version; gives its number.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn append(c: &Connection, new: &NewMapping) -> Result<i64, StoreError> {
    let version = newest(c)?.map_or(1, |v| v.version + 1);
    c.prepare_cached(
        "INSERT INTO mapping_versions (version, saved_at, saved_by, action, note, base, changes, schema)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![version, now(), new.by, new.action.as_str(), new.note, new.base, new.changes, new.schema])?;
    Ok(version)
}

/// Takes the newest version back: what it says could not be put in force.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn take_back(c: &Connection, version: i64) -> Result<(), StoreError> {
    c.execute("DELETE FROM mapping_versions WHERE version = ?1", [version])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::memory;

    #[test]
    fn versions_are_numbered_and_kept_whole() {
        let c = memory();
        assert_eq!(newest(&c).unwrap(), None);
        let new = |action, schema: &str| NewMapping {
            by: "ada".into(),
            action,
            note: "why".into(),
            base: "preset flock".into(),
            changes: "+ title".into(),
            schema: schema.into(),
        };
        assert_eq!(append(&c, &new(MappingAction::Base, "{}")).unwrap(), 1);
        assert_eq!(append(&c, &new(MappingAction::Rollback, "{\"a\":1}")).unwrap(), 2);
        let all = list(&c).unwrap();
        assert_eq!(
            all.iter().map(|v| (v.version, v.action)).collect::<Vec<_>>(),
            [(2, MappingAction::Rollback), (1, MappingAction::Base)]
        );
        assert_eq!(newest(&c).unwrap().as_ref(), all.first());
        assert_eq!(schema(&c, 1).unwrap().as_deref(), Some("{}"));
        assert_eq!(schema(&c, 3).unwrap(), None);
        take_back(&c, 2).unwrap();
        assert_eq!(newest(&c).unwrap().unwrap().version, 1);
    }
}
