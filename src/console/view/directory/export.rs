//! The list as CSV: what is marked, or everything that fits the filter.

use super::rows;
use crate::console::effect::Effect;
use crate::console::page::{Export, Object};
use crate::console::query::Sources;
use crate::model::ObjectType;
use crate::store::StoreError;
use crate::store::search::DirectoryQuery;
use crate::store::window::Anchor;
use std::collections::BTreeSet;

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

/// Reads and writes all rows, in the order of the list.
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
    let mut text = line(&heading);
    let wanted: Option<BTreeSet<&str>> = marked.map(|objects| objects.iter().map(|o| o.id.as_str()).collect());
    // What is marked may not fit what is typed now.
    let query = if wanted.is_some() { DirectoryQuery { text: String::new(), ..query.clone() } } else { query.clone() };
    let (mut anchor, mut taken, mut cut) = (Anchor::Start, 0, false);
    loop {
        let window = rows::read(sources, kind, &query, &anchor, CHUNK)?;
        for row in &window.rows {
            if wanted.as_ref().is_some_and(|ids| !ids.contains(row.object.id.as_str())) {
                continue;
            }
            if taken == MOST {
                cut = true;
                break;
            }
            taken += 1;
            text.push_str(&line(&[&row.object.name, row.note.as_str(), row.state.as_str(), &row.object.id]));
        }
        let all = wanted.as_ref().is_some_and(|ids| taken == ids.len());
        match window.rows.last().filter(|_| window.below && !cut && !all) {
            Some(last) => anchor = Anchor::After(last.cursor.clone()),
            None => return Ok(Exported { name, text, cut }),
        }
    }
}

/// One line of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe in front.
fn line(fields: &[&str]) -> String {
    let field = |text: &&str| {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let text = if formula { format!("'{text}") } else { (*text).to_owned() };
        if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    format!("{}\r\n", fields.iter().map(field).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_are_disarmed() {
        assert_eq!(line(&["a", "b, c", "d \"e\"", "=1+1"]), "a,\"b, c\",\"d \"\"e\"\"\",'=1+1\r\n");
        assert_eq!(line(&["@x", "-1", "a\nb"]), "'@x,'-1,\"a\nb\"\r\n");
    }
}
