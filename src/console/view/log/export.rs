//! The list as a table for other programs.

use crate::store::StoreError;
use crate::store::log::{self, LogAnchor, LogFilter, LogLine};
use crate::store::window::Anchor;
use crate::text::csv_line;
use rusqlite::Connection;

/// Rows of a table at most.
pub(super) const MOST: usize = 10_000;
/// Rows that are read at a time.
const STEP: usize = 500;

const HEADING: [&str; 14] = [
    "time",
    "status",
    "action",
    "type",
    "name",
    "source id",
    "target id",
    "code",
    "attribute",
    "value",
    "reason",
    "details",
    "cycle",
    "entry",
];

/// The entries that fit, newest first and at most so many: the table, its rows without the heading, and whether there are more.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn table(c: &Connection, filter: &LogFilter, most: usize) -> Result<(String, usize, bool), StoreError> {
    let mut text = csv_line(HEADING);
    let (mut rows, mut anchor): (usize, LogAnchor) = (0, Anchor::Start);
    loop {
        let window = log::window(c, filter, &anchor, STEP.min(most - rows))?;
        for row in &window.rows {
            text.push_str(&csv_line(fields(c, row)?));
        }
        rows += window.rows.len();
        match window.rows.last() {
            Some(last) if window.below && rows < most => anchor = Anchor::After(last.seq),
            _ => return Ok((text, rows, window.below)),
        }
    }
}

fn fields(c: &Connection, row: &LogLine) -> Result<Vec<String>, StoreError> {
    // The list has reasons with values masked, and the beginning of values; the entry has them whole.
    let entry = if row.code.is_some() || row.attribute.is_some() { log::get(c, &row.id)? } else { None };
    let error = entry.as_ref().and_then(|row| row.entry.provisioning_status_info.error_information.as_ref());
    let value = entry.as_ref().and_then(|found| {
        let changed = &found.entry.modified_properties;
        changed.iter().find(|property| Some(&property.display_name) == row.attribute.as_ref())?.new_value.clone()
    });
    Ok(vec![
        row.at.to_string(),
        row.status.as_str().to_owned(),
        row.action.clone(),
        row.object_type.clone(),
        row.name.clone(),
        row.source_id.clone(),
        row.target_id.clone(),
        row.code.clone().unwrap_or_default(),
        row.attribute.clone().unwrap_or_default(),
        value.or_else(|| row.value.clone()).unwrap_or_default(),
        error.map(|error| error.reason.clone()).unwrap_or_default(),
        error.and_then(|error| error.additional_details.clone()).unwrap_or_default(),
        row.cycle_id.clone(),
        row.id.clone(),
    ])
}
