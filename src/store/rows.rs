//! Small conversions between model values and columns, shared by the families.

use super::StoreError;
use crate::model::{CycleKind, CycleState, ObjectType, Origin, Removed};
use jiff::{Timestamp, Unit};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The present instant, RFC 3339 UTC with milliseconds: texts of this form sort by time.
pub(super) fn now() -> String {
    let now = Timestamp::now();
    let now = now.round(Unit::Millisecond).unwrap_or(now);
    format!("{now:.3}")
}

/// Milliseconds since 1970 of an RFC 3339 text.
pub(super) fn millis(place: &'static str, text: &str) -> Result<i64, StoreError> {
    let at: Timestamp = text.parse().map_err(|e| StoreError::value(place, e))?;
    Ok(at.as_millisecond())
}

pub(super) fn to_json(place: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::value(place, e))
}

pub(super) fn from_json<T: DeserializeOwned>(place: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::value(place, e))
}

pub(super) fn object_type(text: &str) -> Result<ObjectType, StoreError> {
    ObjectType::parse(text).ok_or_else(|| StoreError::value("object_type", text.escape_debug()))
}

pub(super) fn removed(text: Option<&str>) -> Result<Option<Removed>, StoreError> {
    match text {
        None => Ok(None),
        Some("changed") => Ok(Some(Removed::Soft)),
        Some("deleted") => Ok(Some(Removed::Hard)),
        Some(other) => Err(StoreError::value("removed", other.escape_debug())),
    }
}

pub(super) fn removed_text(removed: Removed) -> &'static str {
    match removed {
        Removed::Soft => "changed",
        Removed::Hard => "deleted",
    }
}

pub(super) fn origin(text: &str) -> Result<Origin, StoreError> {
    [Origin::Created, Origin::Adopted]
        .into_iter()
        .find(|o| o.as_str() == text)
        .ok_or_else(|| StoreError::value("links.origin", text.escape_debug()))
}

pub(super) fn cycle_kind(text: &str) -> Result<CycleKind, StoreError> {
    [CycleKind::Initial, CycleKind::Incremental]
        .into_iter()
        .find(|k| k.as_str() == text)
        .ok_or_else(|| StoreError::value("cycles.kind", text.escape_debug()))
}

pub(super) fn cycle_state(text: &str) -> Result<CycleState, StoreError> {
    [CycleState::Running, CycleState::Succeeded, CycleState::Failed, CycleState::Stopped]
        .into_iter()
        .find(|s| s.as_str() == text)
        .ok_or_else(|| StoreError::value("cycles.state", text.escape_debug()))
}
