//! `heeler mapping history` and `heeler mapping diff`

use super::{Desk, read_file};
use crate::cli::{CliError, Ctx, Exit, Outcome, listing};
use crate::mapping::{Change, Part, Schema};
use crate::store::mappings::{self, MappingVersion};
use crate::text::{Align, Table, out_json, out_line, show};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// Lists the versions, newest first: number, when, who, how, note, and how much changed.
///
/// With `--json` one object per version: `version`, `savedAt`, `savedBy`, `action`, `note`, `base`, `changes`,
/// `inForce`.
pub(super) fn run(ctx: &Ctx) -> Outcome {
    let desk = Desk::open_to_read(ctx)?;
    let versions = desk.access.store.read(mappings::list)?;
    if versions.is_empty() && !ctx.json {
        out_line(&show(&format!("nothing was saved yet: the mapping is that of {}", desk.place)))?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new()
        .column("", Align::Left, 0)
        .column("version", Align::Right, 0)
        .kept()
        .column("saved", Align::Left, 0)
        .column("by", Align::Left, 16)
        .column("how", Align::Left, 0)
        .column("changes", Align::Right, 0)
        .column("note", Align::Left, 60);
    for version in &versions {
        let current = desk.is_in_force(version)?;
        if ctx.json {
            out_json(&json!({
                "version": version.version,
                "savedAt": version.saved_at,
                "savedBy": version.saved_by,
                "action": version.action.as_str(),
                "note": version.note,
                "base": version.base,
                "changes": version.changes.lines().collect::<Vec<_>>(),
                "inForce": current,
            }))?;
            continue;
        }
        let saved = version.saved_at.parse::<jiff::Timestamp>();
        let saved = saved.map_or_else(|_| version.saved_at.clone(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let changes = match version.changes.lines().count() {
            0 => String::new(),
            n => n.to_string(),
        };
        table.row([
            if current { "›" } else { "" },
            &version.version.to_string(),
            &saved,
            &version.saved_by,
            version.action.as_str(),
            &changes,
            &version.note,
        ]);
    }
    if !ctx.json {
        listing::print(&table)?;
    }
    Ok(Exit::Done)
}

impl Desk {
    /// Whether a version is what the job runs with.
    fn is_in_force(&self, version: &MappingVersion) -> Result<bool, CliError> {
        if self.newest.as_ref().map(|v| v.version) != Some(version.version) {
            return Ok(false);
        }
        match &self.config.saved_mapping {
            Some(saved) => Ok(saved.version == version.version),
            None => Ok(self.version(version.version)?.as_value() == self.schema.as_value()),
        }
    }

    /// A mapping by its number, `current`, `base`, or a file.
    fn named(&self, name: &str) -> Result<Schema, CliError> {
        match name.strip_prefix('v').unwrap_or(name).parse::<i64>() {
            Ok(version) if !Path::new(name).exists() => self.version(version),
            _ if name == "current" => Ok(self.schema.clone()),
            _ => read_file(Path::new(name)),
        }
    }
}

/// What differs between two mappings; by default between the last two versions, or a version and what is in force.
pub(super) fn diff(ctx: &Ctx, from: Option<&str>, to: Option<&str>) -> Outcome {
    let desk = Desk::open_to_read(ctx)?;
    let (before, after) = match (from, to) {
        (Some(from), Some(to)) => (desk.named(from)?, desk.named(to)?),
        (Some(from), None) => (desk.named(from)?, desk.schema.clone()),
        (None, _) => match desk.newest.as_ref().map(|v| v.version) {
            None | Some(1) => {
                return Err(CliError::new(Exit::Usage, "there are no two versions to compare")
                    .advise("name a version or a file: `heeler mapping diff FILE`"));
            }
            Some(newest) => (desk.version(newest - 1)?, desk.version(newest)?),
        },
    };
    let changes = lines(&before, &after);
    if ctx.json {
        out_json(&json!({ "changes": changes }))?;
        return Ok(Exit::Done);
    }
    if changes.is_empty() {
        out_line(&show("no difference"))?;
    }
    for change in &changes {
        listing::wrapped(change, 2)?;
    }
    Ok(Exit::Done)
}

/// Changes of one kind that are listed one by one, of the kinds that do not say who gets what; of more, only how many
/// there are is said.
const LISTED: usize = 4;

/// The changes, one line each: `+` new, `-` gone, `~` another one.
pub(super) fn lines(before: &Schema, after: &Schema) -> Vec<String> {
    let changes = before.diff(after);
    let is_definition = |change: &Change| matches!(change.part, Part::Definition { .. });
    let is_other = |change: &Change| matches!(change.part, Part::Other { .. });
    let definitions = changes.iter().filter(|c| is_definition(c)).count();
    let others = changes.iter().filter(|c| is_other(c)).count();
    let listed =
        |change: &Change| !(definitions > LISTED && is_definition(change) || others > LISTED && is_other(change));
    let mappings: BTreeSet<&Option<String>> =
        changes.iter().map(|c| &c.mapping).filter(|mapping| mapping.is_some()).collect();
    let mut lines: Vec<String> =
        changes.iter().filter(|change| listed(change)).map(|change| line(change, mappings.len() > 1)).collect();
    if definitions > LISTED {
        lines.push(format!("~ {definitions} attributes of directory and app are defined otherwise"));
    }
    if others > LISTED {
        lines.push(format!("~ {others} other members differ: ids, names, metadata"));
    }
    // Nothing that it does differs, and yet it is another text: kept, so that an export gives back what was imported.
    if lines.is_empty() && before.to_json() != after.to_json() {
        lines.push("~ written otherwise, and means the same".to_owned());
    }
    lines
}

fn line(change: &Change, several: bool) -> String {
    let mapping = change.mapping.as_deref().filter(|_| several).map(|name| format!("{name}: ")).unwrap_or_default();
    let what = format!("{mapping}{}", change.what());
    let line = match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ {what}  {after}"),
        (Some(before), None) => format!("- {what}  {before}"),
        (Some(before), Some(after)) => format!("~ {what}  {before} → {after}"),
        (None, None) => format!("~ {what}"),
    };
    line.trim_end().to_owned()
}
