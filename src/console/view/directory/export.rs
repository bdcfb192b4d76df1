//! The list as CSV: what is marked, or everything that fits the filter.

use super::rows::{self, Row};
use crate::console::effect::Effect;
use crate::console::page::{Export, Object};
use crate::console::query::Sources;
use crate::model::ObjectType;
use crate::store::StoreError;
use crate::store::search::DirectoryQuery;
use crate::store::window::Anchor;
use crate::text::csv_line;

/// Rows of one file. More are a case for `heeler users --json`.
const MOST: usize = 50_000;
/// Rows that are read at a time.
const CHUNK: usize = 1000;

/// A list as CSV text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// First part of the file name.
    pub name: &'static str,
    /// The text.
    pub text: String,
    /// Whether there are more rows than were taken.
    pub cut: bool,
}

impl Exported {
    pub(super) fn effects(self) -> Vec<Effect> {
        let mut effects = vec![Effect::Export(Export { name: self.name, extension: "csv", text: self.text })];
        if self.cut {
            effects
                .push(Effect::fail(&format!("only the first {MOST} rows are in the file: filter, and export again")));
        }
        effects
    }
}

/// Reads and writes the rows in the order of the list: all of them, or what is marked, whether it fits what is typed now
/// or not.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn read(
    sources: &Sources<'_>,
    kind: ObjectType,
    query: &DirectoryQuery,
    marked: Option<&[Object]>,
) -> Result<Exported, StoreError> {
    let (name, heading) = match kind {
        ObjectType::User => ("users", ["user principal name", "department", "state", "id"]),
        ObjectType::Group => ("groups", ["name", "members", "state", "id"]),
    };
    let mut text = csv_line(heading);
    let mut write = |row: &Row| {
        text.push_str(&csv_line([row.object.name.as_str(), row.note.as_str(), row.state.as_str(), &row.object.id]));
    };
    if let Some(marked) = marked {
        let ids: Vec<&str> = marked.iter().take(MOST).map(|object| object.id.as_str()).collect();
        rows::some(sources, kind, query, &ids)?.iter().for_each(write);
        return Ok(Exported { name, text, cut: marked.len() > MOST });
    }
    let (mut anchor, mut left) = (Anchor::Start, MOST);
    loop {
        let window = rows::read(sources, kind, query, &anchor, CHUNK.min(left))?;
        window.rows.iter().for_each(&mut write);
        left = left.saturating_sub(window.rows.len());
        match window.rows.last().filter(|_| window.below && left > 0) {
            Some(last) => anchor = Anchor::After(last.cursor.clone()),
            None => return Ok(Exported { name, text, cut: window.below }),
        }
    }
}
