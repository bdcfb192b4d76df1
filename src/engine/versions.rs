//! Versions of a job's mapping: what is in force, and saving another one.
//!
//! The mapping starts from a preset or from a mapping file ([`base_of`]). With a preset, the newest version that was
//! saved is in force; with a file, the file is: Heeler writes it, and keeps what it finds changed there as a version.

use super::assemble::{AssembleError, schema_of};
use crate::config::{JobConfig, SavedMapping};
use crate::mapping::Schema;
use crate::store::mappings::{self, MappingAction, MappingVersion, NewMapping};
use crate::store::{Store, StoreError, audit};
use rusqlite::Connection;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Why a mapping could not be saved. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The mapping in force cannot be read.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else saved another version meanwhile.
    #[error(
        "{by} saved version {version} of the mapping meanwhile\nnothing is saved; look at `heeler mapping diff {version}`, then try again"
    )]
    Moved {
        /// Their version.
        version: i64,
        /// Who.
        by: String,
    },
    /// The mapping file cannot be written; it is as it was.
    #[error("cannot write the mapping {}: {error}\nnothing is saved; make its folder writable", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// What is to be saved.
#[derive(Clone, Debug)]
pub struct Change {
    /// Who saves it.
    pub by: String,
    /// How it came to be.
    pub action: MappingAction,
    /// Why, in their words.
    pub note: String,
    /// What changed, one change per line.
    pub changes: String,
    /// The version that was the newest when the change was made; another one now means that somebody else saved.
    pub seen: Option<i64>,
}

/// What the mapping of a job starts from: `preset flock`, or the path of its file.
pub fn base_of(config: &JobConfig) -> String {
    match &config.mapping {
        Some(path) => path.display().to_string(),
        None => format!("preset {}", config.app.preset.as_str()),
    }
}

/// The saved version that is in force; `None` with a mapping file, with nothing saved, and when what was saved
/// belongs to another preset.
///
/// # Errors
/// When the store cannot be read.
pub fn saved(c: &Connection, config: &JobConfig) -> Result<Option<SavedMapping>, StoreError> {
    if config.mapping.is_some() {
        return Ok(None);
    }
    let Some(newest) = mappings::newest(c)?.filter(|newest| newest.base == base_of(config)) else { return Ok(None) };
    let schema = mappings::schema(c, newest.version)?;
    Ok(schema.map(|schema| SavedMapping { version: newest.version, schema: schema.into() }))
}

/// Saves a mapping as the next version and puts it in force. The first time, what was in force is kept as version 1.
/// Gives the number of the version.
///
/// # Errors
/// See [`SaveError`].
pub async fn save(config: &JobConfig, store: &Store, schema: &Schema, change: Change) -> Result<i64, SaveError> {
    let before = kept_before(config)?;
    let seen = change.seen;
    let base = base_of(config);
    let details = json!({ "action": change.action.as_str(), "note": change.note, "changes": change.changes.lines().collect::<Vec<_>>() });
    let new = NewMapping {
        by: change.by,
        action: change.action,
        note: change.note,
        base: base.clone(),
        changes: change.changes,
        schema: schema.to_json(),
    };
    let saved = store
        .write(move |c| {
            let newest = mappings::newest(c)?;
            if let Some(newest) = newest.as_ref().filter(|newest| Some(newest.version) != seen) {
                return Ok(Err(newest.clone()));
            }
            keep_found(c, newest.as_ref(), &base, &before)?;
            let version = mappings::append(c, &new)?;
            let mut details = details;
            details["version"] = json!(version);
            audit::append(c, &new.by, "Update attribute mappings or scope", &details)?;
            Ok(Ok(version))
        })
        .await?;
    let version = saved.map_err(|newest| SaveError::Moved { version: newest.version, by: newest.saved_by })?;
    if let Some(path) = &config.mapping
        && let Err(error) = write_file(path, &schema.to_json())
    {
        store.write(move |c| mappings::take_back(c, version)).await?;
        return Err(SaveError::File { path: path.clone(), error });
    }
    Ok(version)
}

/// A mapping file that is not what was saved last is kept as a version, so that the history has everything that was
/// in force. Without any version there is nothing to tell apart yet.
///
/// # Errors
/// When the file or the store cannot be read.
pub async fn notice(config: &JobConfig, store: &Store) -> Result<(), SaveError> {
    if config.mapping.is_none() || store.read(mappings::newest)?.is_none() {
        return Ok(());
    }
    let (before, base) = (kept_before(config)?, base_of(config));
    store
        .write(move |c| {
            let newest = mappings::newest(c)?;
            keep_found(c, newest.as_ref(), &base, &before)
        })
        .await?;
    Ok(())
}

/// The schema in force as it would be kept.
fn kept_before(config: &JobConfig) -> Result<String, SaveError> {
    Ok(schema_of(config)?.0.to_json())
}

/// Keeps what is in force, if it is not the newest version already.
fn keep_found(c: &Connection, newest: Option<&MappingVersion>, base: &str, before: &str) -> Result<(), StoreError> {
    let (action, note) = match newest {
        None => (MappingAction::Base, format!("as it was before the first change: {base}")),
        Some(newest) if newest.base != base => {
            (MappingAction::Base, format!("the job starts from another base: {base}"))
        }
        Some(newest) => {
            let kept = mappings::schema(c, newest.version)?.unwrap_or_default();
            let same = |a: &str, b: &str| {
                let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
                a == b || parsed(a).is_some_and(|a| parsed(b) == Some(a))
            };
            if same(&kept, before) {
                return Ok(());
            }
            (MappingAction::File, format!("found changed: {base}"))
        }
    };
    let found = NewMapping {
        by: "Heeler".into(),
        action,
        note,
        base: base.to_owned(),
        changes: String::new(),
        schema: before.to_owned(),
    };
    mappings::append(c, &found).map(drop)
}

/// All of it or nothing: written beside the file, then put in its place.
fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    // A link is followed: what it points to is replaced, not the link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    if let Ok(before) = std::fs::metadata(&path) {
        draft.as_file().set_permissions(before.permissions())?;
    }
    draft.as_file().sync_all()?;
    draft.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
