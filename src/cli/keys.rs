//! `heeler keys`: every action of the console with its keys.

use super::{CliError, Ctx, Exit, Outcome, listing};
use crate::console::action::{Group, REGISTRY};
use crate::console::keymap;
use crate::text::{Align, Table, out_json, out_line, show};
use serde_json::json;

/// Prints the registry by group. With `--json` one object per action: `action`, `title`, `keys`, `group`.
pub(super) fn run(ctx: &Ctx) -> Outcome {
    let mut last: Option<Group> = None;
    let mut table = columns();
    for entry in REGISTRY {
        let keys: Vec<&str> = entry.keys.iter().map(|key| keymap::shown(key)).collect();
        if ctx.json {
            out_json(&json!({
                "action": format!("{:?}", entry.action),
                "title": entry.title,
                "keys": entry.keys,
                "group": entry.group.title(),
            }))?;
            continue;
        }
        if last != Some(entry.group) {
            if last.is_some() {
                listing::print(&table)?;
                out_line(&show(""))?;
            }
            out_line(&show(entry.group.title()))?;
            table = columns();
            last = Some(entry.group);
        }
        let keys = if keys.is_empty() { ":".to_owned() } else { keys.join("  ") };
        table.row([format!("  {keys}"), entry.title.to_owned()]);
    }
    if !ctx.json {
        listing::print(&table)?;
    }
    Ok::<_, CliError>(Exit::Done)
}

fn columns() -> Table {
    Table::new().column("", Align::Left, 18).kept().column("", Align::Left, 0)
}
