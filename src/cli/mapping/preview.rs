//! `heeler mapping preview [FILE] [--user USER]`

use super::{Desk, cost, history, read_file};
use crate::cli::resolve::resolve;
use crate::cli::{CliError, Ctx, Exit, Outcome, listing};
use crate::engine;
use crate::expression::Context;
use crate::mapping::SourceObject;
use crate::model::{DirectoryUser, ObjectType};
use crate::store::{job as job_table, mirror};
use crate::sync::cycle::{entitlements_of, roles_of};
use crate::sync::journal::value_text;
use crate::sync::project::{ObjectRules, user_subject};
use crate::sync::scope::Standing;
use crate::text::{Align, Table, out_json, out_line, show};
use serde_json::{Map, Value, json};
use std::path::Path;

/// What a mapping gives for one person; without one, what a mapping file would change for everybody.
///
/// With `--json` and a person one object: `user`, `inScope`, `reason`, and `values` by attribute of the app, each
/// with `value` or `error`; with a file also `before`.
pub(super) fn run(ctx: &Ctx, file: Option<&Path>, user: Option<&str>) -> Outcome {
    let desk = Desk::open_to_read(ctx)?;
    let candidate = file.map(read_file).transpose()?;
    match (user, candidate) {
        (None, None) => Err(CliError::new(Exit::Usage, "preview of what?").advise(
            "name a person with --user, or a mapping file whose cost is to be shown; `heeler mapping show` prints the rules",
        )),
        (None, Some(schema)) => {
            let place = file.map(|f| f.display().to_string()).unwrap_or_default();
            let (before, after) = (desk.rules(&desk.schema, &desk.place)?, desk.rules(&schema, &place)?);
            let changes = history::lines(&desk.schema, &schema);
            let cost = cost::weigh(&desk, &before, &after)?;
            if ctx.json {
                let mut said = cost.json();
                said.insert("changes".to_owned(), json!(changes));
                out_json(&said)?;
                return Ok(Exit::Done);
            }
            for change in &changes {
                listing::wrapped(&format!("  {change}"), 4)?;
            }
            out_line(&show(""))?;
            cost.print()?;
            Ok(Exit::Done)
        }
        (Some(user), candidate) => {
            let place = file.map_or_else(|| desk.place.clone(), |f| f.display().to_string());
            let schema = candidate.as_ref().unwrap_or(&desk.schema);
            let after = desk.rules(schema, &place)?.users;
            let before =
                candidate.is_some().then(|| desk.rules(&desk.schema, &desk.place)).transpose()?.map(|rules| rules.users);
            person(ctx, &desk, user, &after, before.as_ref())
        }
    }
}

/// A value as it is shown, or why there is none.
#[derive(PartialEq)]
enum Cell {
    Value(Option<String>, Value),
    LeftOut,
    Problem(String, String),
}

impl Cell {
    fn words(&self) -> String {
        match self {
            Self::Value(None, _) => "—".to_owned(),
            Self::Value(Some(text), Value::String(_)) => format!("\"{text}\""),
            Self::Value(Some(text), _) => text.clone(),
            Self::LeftOut => "(left out)".to_owned(),
            Self::Problem(code, message) => format!("✗ {code}: {message}"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Value(_, value) => json!({ "value": value }),
            Self::LeftOut => json!({ "flow": "IgnoreAttributeFlow" }),
            Self::Problem(code, message) => json!({ "error": { "code": code, "message": message } }),
        }
    }
}

fn person(ctx: &Ctx, desk: &Desk, user: &str, after: &ObjectRules, before: Option<&ObjectRules>) -> Outcome {
    let named = resolve(&desk.access.store, &[ObjectType::User], user)?;
    let reader = desk.access.store.reader()?;
    let Some(user) = mirror::user(&reader, &named.id)? else {
        return Err(CliError::new(Exit::Usage, format!("{} is not in the store any more", named.name)));
    };
    let entitlements = entitlements_of(&reader, &[&user.id], &[])?;
    let roles = roles_of(&entitlements, &user.id);
    let organization = job_table::organization(&reader)?;
    let context =
        Context::preview(jiff::Timestamp::now()).with_default_domain(organization.and_then(|o| o.default_domain));
    let scope = engine::scope_rules(&desk.config);
    let subject = user_subject(&user, &entitlements, &roles, after, scope, None, &context);
    let out = subject.standing != Standing::In;
    let now = cells(&user, &roles, after, out, &context);
    let was = before.map(|rules| cells(&user, &roles, rules, out, &context));
    let old = |target: &str| was.as_ref().and_then(|was| was.iter().find(|(t, _)| t == target)).map(|(_, cell)| cell);
    let failed = now.iter().any(|(_, cell)| matches!(cell, Cell::Problem(..)));
    let exit = if failed { Exit::SomeFailed } else { Exit::Done };
    if ctx.json {
        let values: Map<String, Value> = now
            .iter()
            .map(|(target, cell)| {
                let mut value = cell.json();
                if let (Some(before), Some(members)) = (old(target), value.as_object_mut()) {
                    members.insert("before".to_owned(), before.json());
                }
                (target.clone(), value)
            })
            .collect();
        out_json(&json!({
            "user": user.text("userPrincipalName"), "inScope": !out, "reason": subject.standing.words(), "values": values,
        }))?;
        return Ok(exit);
    }
    listing::wrapped(&format!("{}  {}", named.name, user.text("userPrincipalName").unwrap_or(&user.id)), 2)?;
    listing::wrapped(&format!("  scope  {}", if out { subject.standing.words() } else { "in scope".into() }), 9)?;
    out_line(&show(""))?;
    let mut table = Table::new().column("target", Align::Left, 0).kept();
    if was.is_some() {
        table = table.column("", Align::Left, 0).column("now", Align::Left, 60).column("after", Align::Left, 60);
    } else {
        table = table.column("value", Align::Left, 90);
    }
    for (target, cell) in &now {
        match &was {
            None => table.row([target, &cell.words()]),
            Some(_) => {
                let before = old(target);
                let mark = if before == Some(cell) { "" } else { "≠" };
                table.row([
                    target,
                    mark,
                    &before.map_or_else(|| "(not mapped)".to_owned(), Cell::words),
                    &cell.words(),
                ]);
            }
        }
    }
    for line in table.lines_within(listing::cells_behind(2)) {
        out_line(&show(&format!("  {line}")))?;
    }
    Ok(exit)
}

/// What each rule gives, in their order; references are not values.
fn cells(
    user: &DirectoryUser,
    roles: &[crate::expression::Role],
    rules: &ObjectRules,
    soft_deleted: bool,
    context: &Context,
) -> Vec<(String, Cell)> {
    let source = SourceObject::user(user).with_roles(roles);
    let projection = rules.mapping.project(&source, soft_deleted, context);
    let cell = |(index, rule): (usize, &crate::mapping::Rule)| {
        let problem = projection.problems.iter().find(|p| p.target == rule.target);
        let cell = match (problem, projection.value(index)) {
            (Some(problem), _) => Cell::Problem(problem.code.clone(), problem.message.clone()),
            (None, Some(value)) => Cell::Value(value_text(value), value.clone()),
            (None, None) if projection.ignored.contains(&index) => Cell::LeftOut,
            (None, None) => Cell::Value(None, Value::Null),
        };
        (rule.target.clone(), cell)
    };
    rules.mapping.rules.iter().enumerate().filter(|(_, rule)| !rule.reference).map(cell).collect()
}
