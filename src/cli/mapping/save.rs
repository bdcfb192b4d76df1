//! Before a mapping is saved: what changes, what it costs, and whether that is meant.

use super::{Desk, MOST_SHOWN, cost};
use crate::cli::args::SaveArgs;
use crate::cli::{CliError, Ctx, Exit, Outcome, listing};
use crate::engine::{self, Change, SaveError};
use crate::mapping::{Issue, Schema};
use crate::model::ObjectType;
use crate::store::mappings::MappingAction;
use crate::sync::project::Rules;
use crate::text::{err_line, out_json, out_line, show};
use serde_json::json;
use std::io::{self, BufRead as _, IsTerminal as _};

/// A mapping that somebody wants to save.
pub(super) struct Changed {
    pub(super) schema: Schema,
    pub(super) action: MappingAction,
    /// The note if nobody gives one.
    pub(super) note: String,
}

/// Shows the difference and the cost, asks, and saves.
///
/// With `--json` one object: `changes`, `warnings`, `impact`, `nextCycle` (`incremental` or `initial`), `unread`
/// (properties that make it an initial one), and `version` (null if it was not saved).
pub(super) async fn review(ctx: &Ctx, desk: &Desk, changed: Changed, save: &SaveArgs) -> Outcome {
    let changes = super::history::lines(&desk.schema, &changed.schema);
    if changes.is_empty() {
        if ctx.json {
            out_json(&json!({ "changes": [], "version": null }))?;
        } else {
            out_line(&show("nothing changes: the mapping says that already"))?;
        }
        return Ok(Exit::Done);
    }
    let before = desk.rules(&desk.schema, &desk.place);
    let after = desk.rules(&changed.schema, "the changed mapping")?;
    let warnings = new_warnings(before.as_ref().ok(), &after);
    // A mapping in force that cannot be used has no values to compare with.
    let weighed = match &before {
        Ok(before) => Some(cost::weigh(desk, before, &after)?),
        Err(_) => None,
    };
    let save_it = if ctx.json {
        save.yes && !save.dry_run
    } else {
        print(&changes, &warnings)?;
        match &weighed {
            Some(weighed) => weighed.print()?,
            None => out_line(&show("  the mapping in force cannot be used, so there is nothing to compare with"))?,
        }
        meant(save)?
    };
    let version = if save_it { Some(keep(desk, &changed, &changes, save).await?) } else { None };
    if ctx.json {
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        let mut said = json!({ "changes": changes, "warnings": warnings, "version": version });
        if let (Some(weighed), Some(said)) = (&weighed, said.as_object_mut()) {
            said.extend(weighed.json());
        }
        out_json(&said)?;
    } else if let Some(version) = version {
        out_line(&show(&format!("saved as version {version}")))?;
    } else {
        out_line(&show("nothing is saved"))?;
    }
    Ok(Exit::Done)
}

/// Warnings that the mapping in force does not have.
fn new_warnings(before: Option<&Rules>, after: &Rules) -> Vec<Issue> {
    let of = |rules: &Rules, object_type| rules.of(object_type).mapping.warnings.clone();
    let mut new = Vec::new();
    for object_type in [ObjectType::User, ObjectType::Group] {
        let known: Vec<String> =
            before.map(|rules| of(rules, object_type)).unwrap_or_default().into_iter().map(|w| w.message).collect();
        new.extend(of(after, object_type).into_iter().filter(|warning| !known.contains(&warning.message)));
    }
    new
}

fn print(changes: &[String], warnings: &[Issue]) -> Result<(), CliError> {
    for change in changes {
        listing::wrapped(&format!("  {change}"), 4)?;
    }
    out_line(&show(""))?;
    for warning in warnings.iter().take(MOST_SHOWN * 2) {
        listing::wrapped(&format!("  ! {}", warning.message), 4)?;
    }
    if let more @ 1.. = warnings.len().saturating_sub(MOST_SHOWN * 2) {
        listing::wrapped(&format!("  ! and {more} more"), 4)?;
    }
    if !warnings.is_empty() {
        out_line(&show(""))?;
    }
    Ok(())
}

/// Whether to save: said with `--yes`, or asked on the terminal. Nobody else can be asked.
fn meant(save: &SaveArgs) -> Result<bool, CliError> {
    if save.dry_run {
        return Ok(false);
    }
    if save.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(CliError::new(Exit::Usage, "nobody can be asked here, so nothing is saved")
            .advise("say --yes to save it, or --dry-run to see what it costs"));
    }
    err_line(&show("save it? [y/N]"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

async fn keep(desk: &Desk, changed: &Changed, changes: &[String], save: &SaveArgs) -> Result<i64, CliError> {
    let change = Change {
        by: std::env::var("USER").ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "unknown".into()),
        action: changed.action,
        note: save.note.clone().unwrap_or_else(|| changed.note.clone()),
        changes: changes.join("\n"),
        seen: desk.newest.as_ref().map(|v| v.version),
    };
    match engine::save(&desk.config, &desk.access.store, &changed.schema, change).await {
        Ok(version) => Ok(version),
        Err(SaveError::Assemble(error)) => {
            err_line(&show("the mapping in force cannot be used; put a usable one in its place first"));
            Err(error.into())
        }
        Err(SaveError::Store(error)) => Err(error.into()),
        Err(error @ SaveError::Moved { .. }) => Err(CliError::from_lines(Exit::Held, &error.to_string())),
        Err(error @ SaveError::File { .. }) => Err(CliError::from_lines(Exit::Storage, &error.to_string())),
    }
}
