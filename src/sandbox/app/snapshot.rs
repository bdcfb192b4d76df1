//! The resources as one JSON value, so that a sandbox can keep them over a restart.

use super::members::Members;
use super::store::{Kind, Record, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FORMAT: u64 = 1;

/// A snapshot that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is not a snapshot of the app, or it is damaged.
    #[error("the app's saved state cannot be read ({0}): reset the sandbox to start with an empty app")]
    Unreadable(#[from] serde_json::Error),
    /// It has another format.
    #[error(
        "the app's saved state has format {0}, this version reads {FORMAT}: reset the sandbox to start with an empty app"
    )]
    Format(u64),
}

#[derive(Serialize, Deserialize)]
struct Saved {
    format: u64,
    users: Vec<SavedRecord>,
    groups: Vec<SavedRecord>,
}

#[derive(Serialize, Deserialize)]
struct SavedRecord {
    seq: u64,
    id: String,
    created: Timestamp,
    modified: Timestamp,
    version: u64,
    attributes: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
}

pub(super) fn take(store: &Store) -> Value {
    let save = |kind| -> Vec<SavedRecord> {
        let rows = store.table(kind).rows.values();
        rows.map(|record| SavedRecord {
            seq: record.seq,
            id: record.id.clone(),
            created: record.created,
            modified: record.modified,
            version: record.version,
            attributes: record.attributes.clone(),
            members: record.members.iter().map(str::to_owned).collect(),
        })
        .collect()
    };
    let saved = Saved { format: FORMAT, users: save(Kind::User), groups: save(Kind::Group) };
    serde_json::to_value(saved).unwrap_or_default()
}

pub(super) fn read(snapshot: Value) -> Result<Store, SnapshotError> {
    let format = snapshot.get("format").and_then(Value::as_u64).unwrap_or(FORMAT);
    if format != FORMAT {
        return Err(SnapshotError::Format(format));
    }
    let saved: Saved = serde_json::from_value(snapshot)?;
    let mut store = Store::default();
    for (kind, records) in [(Kind::User, saved.users), (Kind::Group, saved.groups)] {
        for record in records {
            let attributes = if record.attributes.is_object() { record.attributes } else { json!({}) };
            let members: Members = record.members.iter().map(String::as_str).collect();
            store.insert(
                kind,
                Record {
                    seq: record.seq,
                    id: record.id,
                    created: record.created,
                    modified: record.modified,
                    version: record.version,
                    attributes,
                    members,
                },
            );
        }
    }
    Ok(store)
}
