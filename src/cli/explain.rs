//! `heeler explain USER`

use super::resolve::{ANY, Named, resolve};
use super::{CliError, Ctx, Exit, Outcome, access::Access, listing};
use crate::config::Scope;
use crate::engine;
use crate::expression::Context;
use crate::model::{ObjectType, Retry};
use crate::store::{job as job_table, mirror};
use crate::sync::cycle::entitlements;
use crate::sync::explain::{Explanation, explain};
use crate::sync::scope::{OutReason, Standing};
use crate::text::{Align, Policy, Table, out_json, out_line, pad_end, show, show_with};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Cells of the words on the left.
const LABEL: usize = 10;

/// Says of one user or group, from the store alone: in scope or not and why, whom it matches, what would change,
/// the failure it waits on, and what happens next.
///
/// With `--json` one object: `object_type`, `id`, `name`, `user_principal_name`, `in_scope`, `reason`, `match` (in
/// words), `target_id` (or null), `account_enabled` (users), `assigned`: `direct`, `through` (group names) and
/// `roles`, `clauses` of the scoping filter (or null), `changes` (`attribute`, `old`, `new`), `retry` (or null) and
/// `next` (in words).
pub(super) fn run(ctx: &Ctx, text: &str) -> Outcome {
    let access = Access::open_to_read(ctx)?;
    let named = resolve(&access.store, ANY, text).map_err(|error| empty_hint(&access, error))?;
    let answer = Answer::of(&access, named)?;
    if ctx.json {
        out_json(&answer.json())?;
    } else {
        answer.print()?;
    }
    Ok(Exit::Done)
}

/// Nobody is known while nothing was read: then that is the advice.
fn empty_hint(access: &Access, error: CliError) -> CliError {
    match listing::never_ran(access) {
        Ok(true) => CliError { context: vec![listing::first_run(access)], ..error },
        _ => error,
    }
}

struct Answer {
    named: Named,
    explanation: Explanation,
    /// Of a user.
    enabled: Option<bool>,
    /// Whether an assignment names the object itself.
    direct: bool,
    /// Direct members, of a group.
    members: Option<usize>,
    in_scope: bool,
    reason: String,
    /// Set when the job leaves this kind of object alone altogether.
    left_alone: bool,
}

impl Answer {
    fn of(access: &Access, named: Named) -> Result<Self, CliError> {
        let config = access.config()?;
        let (rules, _) = engine::rules_of(&config)?;
        let scope = engine::scope_rules(&config);
        let reader = access.store.reader()?;
        let organization = job_table::organization(&reader)?;
        let context =
            Context::preview(Timestamp::now()).with_default_domain(organization.and_then(|o| o.default_domain));
        let explanation = explain(&reader, named.object_type, &named.id, &rules, scope, &context)?
            .ok_or_else(|| CliError::new(Exit::Usage, format!("`{}` is gone from the store", named.name)))?;
        let entitlements = entitlements(&reader)?;
        let (enabled, direct, members) = match named.object_type {
            ObjectType::User => (
                mirror::user(&reader, &named.id)?.map(|user| user.enabled()),
                entitlements.of_user(&named.id).is_some_and(|e| e.direct),
                None,
            ),
            ObjectType::Group => {
                (None, entitlements.has_group(&named.id), Some(mirror::members(&reader, &named.id)?.len()))
            }
        };
        let left_alone = named.object_type == ObjectType::Group && !config.groups;
        let standing = &explanation.subject.standing;
        let reason = match standing {
            _ if left_alone && direct => {
                "this job provisions no groups (groups = false); it is assigned, so its direct members are in scope"
                    .to_owned()
            }
            _ if left_alone => "this job provisions no groups (groups = false)".to_owned(),
            Standing::In => why_in(&explanation, direct, config.scope == Scope::All),
            Standing::Out(OutReason::NotAssigned) if named.object_type == ObjectType::User => {
                "neither assigned to the app nor a direct member of an assigned group".to_owned()
            }
            other => other.words(),
        };
        let in_scope = !left_alone && *standing == Standing::In;
        Ok(Self { named, enabled, direct, members, in_scope, reason, left_alone, explanation })
    }

    fn json(&self) -> Value {
        let explanation = &self.explanation;
        let changes = if self.left_alone { json!([]) } else { json!(explanation.changes) };
        json!({
            "object_type": self.named.object_type,
            "id": self.named.id,
            "name": self.named.name,
            "user_principal_name": self.named.user_principal_name,
            "in_scope": self.in_scope,
            "reason": self.reason,
            "match": self.matching(),
            "target_id": explanation.subject.link.as_ref().map(|link| &link.target_id),
            "account_enabled": self.enabled,
            "assigned": { "direct": self.direct, "through": explanation.through, "roles": explanation.roles },
            "clauses": explanation.filter.as_ref().map(|verdict| &verdict.clauses),
            "changes": changes,
            "retry": explanation.retry.as_ref().map(retry),
            "next": self.next(),
        })
    }

    fn matching(&self) -> &str {
        if self.left_alone && self.explanation.subject.link.is_none() {
            "not linked"
        } else {
            &self.explanation.matching
        }
    }

    fn next(&self) -> &str {
        if self.left_alone { "nothing" } else { &self.explanation.next }
    }

    fn print(&self) -> Result<(), CliError> {
        let named = &self.named;
        let kind = match named.object_type {
            ObjectType::User => "user",
            ObjectType::Group => "group",
        };
        let upn = named.user_principal_name.as_deref().map(|upn| format!("  {}", detail(upn))).unwrap_or_default();
        listing::wrapped(&format!("{}{upn}  {kind} {}", detail(&named.name), named.id), 2)?;
        out_line(&show(""))?;
        let explanation = &self.explanation;
        block("in scope", &format!("{}: {}", if self.in_scope { "✓ yes" } else { "· no" }, self.reason))?;
        if !explanation.roles.is_empty() {
            block("roles", &explanation.roles.join(", "))?;
        }
        if let Some(enabled) = self.enabled {
            block("account", if enabled { "enabled in the directory" } else { "disabled in the directory" })?;
        }
        if let Some(members) = self.members {
            block("members", &format!("{members} direct"))?;
        }
        self.print_clauses()?;
        block("match", self.matching())?;
        self.print_changes()?;
        if let Some(retry) = &explanation.retry {
            block("failed", &format!("✗ {}: {}", retry.code, retry.reason))?;
            let times = if retry.attempts == 1 { "once".to_owned() } else { format!("{} times", retry.attempts) };
            block(
                "",
                &format!("{times} since {}; next attempt {}", short(&retry.first_failed), short(&retry.next_attempt)),
            )?;
        }
        block("next", self.next())
    }

    /// Each clause of the scoping filter, with what it wants, what there is, and the verdict.
    fn print_clauses(&self) -> Result<(), CliError> {
        let Some(verdict) = &self.explanation.filter else { return Ok(()) };
        let several = verdict.clauses.last().is_some_and(|last| last.group > 0);
        let mut table = Table::new()
            .column("", Align::Left, 0)
            .column("", Align::Left, 0)
            .column("", Align::Left, 60)
            .column("", Align::Left, 60);
        for clause in &verdict.clauses {
            let group = if several { format!("group {}", clause.group + 1) } else { String::new() };
            let wanted = match &clause.value {
                Value::Null => format!("{} {}", clause.attribute, clause.operator),
                value => format!("{} {} {}", clause.attribute, clause.operator, words(value)),
            };
            let actual = format!("is {}", words(&clause.actual));
            table.row([if clause.holds { "✓" } else { "✗" }, &group, &wanted, &actual]);
        }
        rows("filter", &table)
    }

    fn print_changes(&self) -> Result<(), CliError> {
        let changes = &self.explanation.changes;
        if self.left_alone || changes.is_empty() {
            return block("changes", "none");
        }
        let mut table = Table::new()
            .column("", Align::Left, 56)
            .kept()
            .column("", Align::Left, 48)
            .column("", Align::Left, 0)
            .column("", Align::Left, 48);
        for change in changes {
            table.row([change.attribute.clone(), words(&change.old), "→".to_owned(), words(&change.new)]);
        }
        rows("changes", &table)
    }
}

/// Why somebody is in scope.
fn why_in(explanation: &Explanation, direct: bool, everybody: bool) -> String {
    let through = &explanation.through;
    let mut why = match (direct, through.as_slice()) {
        _ if everybody => "everybody in the directory is (scope = \"all\")".to_owned(),
        (true, []) => "assigned directly".to_owned(),
        (true, groups) => format!("assigned directly, and through {}", groups.join(", ")),
        (false, groups) => format!("assigned through {}", groups.join(", ")),
    };
    if explanation.filter.is_some() {
        why.push_str("; the scoping filter says yes");
    }
    why
}

fn retry(retry: &Retry) -> Value {
    json!({
        "code": retry.code,
        "reason": retry.reason,
        "attempts": retry.attempts,
        "first_failed": retry.first_failed,
        "next_attempt": retry.next_attempt,
    })
}

/// One line with its label.
fn block(label: &str, text: &str) -> Result<(), CliError> {
    listing::wrapped(&format!("  {}{}", pad_end(label, LABEL), detail(text)), LABEL + 2)
}

/// The lines of a table, the first one with a label.
fn rows(label: &str, table: &Table) -> Result<(), CliError> {
    for (number, line) in table.lines_within(listing::cells_behind(LABEL + 2)).iter().enumerate() {
        let label = if number == 0 { label } else { "" };
        out_line(&show(&format!("  {}{line}", pad_end(label, LABEL))))?;
    }
    Ok(())
}

/// Invisible characters spelled out: somebody looks closely here.
fn detail(text: &str) -> String {
    show_with(text, Policy::Detail).to_string()
}

/// A value as people write it.
fn words(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::String(text) => format!("\"{}\"", detail(text)),
        other => detail(&other.to_string()),
    }
}

/// An instant to the second.
fn short(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
