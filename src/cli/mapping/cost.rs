//! What a change of the mapping costs, in words.

use super::Desk;
use crate::cli::{CliError, listing};
use crate::engine;
use crate::expression::Context;
use crate::model::{Collection, ObjectType};
use crate::store::{job as job_table, watermarks};
use crate::sync::impact::{AttributeImpact, Impact, Named, impact};
use crate::sync::journal::value_text;
use crate::sync::project::Rules;
use crate::text::{out_line, pad_end, show, truncate};
use serde_json::{Map, Value, json};

/// Cells of the words on the left.
const LABEL: usize = 10;
/// People who are named.
const NAMED: usize = 3;

/// What a change costs.
pub(super) struct Cost {
    impacts: Vec<Impact>,
    /// Properties of the directory that were never read.
    unread: Vec<String>,
    /// Whether the directory was read at all.
    never_read: bool,
    threshold: Option<u64>,
}

/// Computes both mappings for everybody in the store.
pub(super) fn weigh(desk: &Desk, before: &Rules, after: &Rules) -> Result<Cost, CliError> {
    let reader = desk.access.store.reader()?;
    let organization = job_table::organization(&reader)?;
    let context =
        Context::preview(jiff::Timestamp::now()).with_default_domain(organization.and_then(|o| o.default_domain));
    let scope = engine::scope_rules(&desk.config);
    let types: &[ObjectType] =
        if desk.config.groups { &[ObjectType::User, ObjectType::Group] } else { &[ObjectType::User] };
    let impacts =
        types.iter().map(|t| impact(&reader, *t, before, after, scope, &context)).collect::<Result<_, _>>()?;
    let never_read = watermarks::get(&reader, Collection::Users)?.is_none();
    let unread = if never_read {
        Vec::new()
    } else {
        engine::unread(&reader, &after.user_properties(), &after.group_properties())?
    };
    Ok(Cost { impacts, unread, never_read, threshold: desk.config.deletion_threshold })
}

impl Cost {
    /// Whether the next cycle reads the whole directory.
    fn initial(&self) -> bool {
        self.never_read || !self.unread.is_empty()
    }

    /// Members of the answer with `--json`.
    pub(super) fn json(&self) -> Map<String, Value> {
        let impacts: Vec<Value> = self.impacts.iter().map(impact_json).collect();
        Map::from_iter([
            ("impact".to_owned(), Value::from(impacts)),
            ("nextCycle".to_owned(), json!(if self.initial() { "initial" } else { "incremental" })),
            ("unread".to_owned(), json!(self.unread)),
        ])
    }

    pub(super) fn print(&self) -> Result<(), CliError> {
        for impact in &self.impacts {
            self.print_one(impact)?;
        }
        let next = if self.never_read {
            "the first one: it reads the directory, and everybody is evaluated".to_owned()
        } else if self.unread.is_empty() {
            "incremental: the directory is not read again, and only those who differ are looked at in the app"
                .to_owned()
        } else {
            format!(
                "initial: {} was never read from the directory, so the values above do not know it yet",
                self.unread.join(", ")
            )
        };
        line("next cycle", &next)?;
        out_line(&show("")).map_err(Into::into)
    }

    fn print_one(&self, impact: &Impact) -> Result<(), CliError> {
        let what = match impact.object_type {
            ObjectType::User => "users",
            ObjectType::Group => "groups",
        };
        if impact.is_nothing() {
            let nobody = if impact.evaluated == 0 { "none are known yet" } else { "nothing changes for any of them" };
            return line(what, &format!("{}  {nobody}", impact.evaluated));
        }
        line(what, &format!("{} of {} are affected", impact.affected, impact.evaluated))?;
        people("enter", &impact.entering, "scope: an account is found or created for each")?;
        people("leave", &impact.leaving, "scope: their accounts are turned off")?;
        if let Some(threshold) = self.threshold.filter(|threshold| impact.leaving.count > *threshold) {
            line("", &format!("! more than the deletion threshold of {threshold}: the guard will hold them"))?;
        }
        people("fail", &impact.failing, "with the new mapping")?;
        if impact.mended > 0 {
            line("mended", &format!("{} did not work before", impact.mended))?;
        }
        people("collide", &impact.colliding, "on a matching attribute: no account can be told apart")?;
        for attribute in &impact.attributes {
            print_attribute(attribute)?;
        }
        Ok(())
    }
}

fn line(label: &str, text: &str) -> Result<(), CliError> {
    listing::wrapped(&format!("  {}  {text}", pad_end(label, LABEL)), LABEL + 4)
}

/// `12 leave scope: …`, and who.
fn people(label: &str, some: &Named, what: &str) -> Result<(), CliError> {
    if some.count == 0 {
        return Ok(());
    }
    line(label, &format!("{} {what}", some.count))?;
    for (name, why) in some.names.iter().take(NAMED) {
        line("", &format!("{name}  {why}"))?;
    }
    if some.count as usize > NAMED {
        line("", "…")?;
    }
    Ok(())
}

fn print_attribute(attribute: &AttributeImpact) -> Result<(), CliError> {
    let counts = [
        (attribute.changed, "change"),
        (attribute.gained, "get a value"),
        (attribute.lost, "get none any more, and the app keeps theirs"),
    ];
    let words: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    line(&attribute.target, &words.join(", "))?;
    for example in attribute.examples.iter().take(NAMED) {
        let shown = |value: &Value| match value_text(value) {
            None => "—".to_owned(),
            Some(_) if attribute.redacted => "[Redact]".to_owned(),
            Some(text) => format!("\"{}\"", truncate(&text, 40)),
        };
        line("", &format!("{}  {} → {}", example.name, shown(&example.before), shown(&example.after)))?;
    }
    Ok(())
}

fn impact_json(impact: &Impact) -> Value {
    let named = |some: &Named| {
        let names: Vec<Value> = some.names.iter().map(|(name, why)| json!({ "name": name, "reason": why })).collect();
        json!({ "count": some.count, "examples": names })
    };
    let attribute = |a: &AttributeImpact| {
        let hidden = |value: &Value| if a.redacted && !value.is_null() { json!("[Redact]") } else { value.clone() };
        let examples: Vec<Value> = a
            .examples
            .iter()
            .map(|e| json!({ "name": e.name, "before": hidden(&e.before), "after": hidden(&e.after) }))
            .collect();
        json!({
            "attribute": a.target, "changed": a.changed, "gained": a.gained, "lost": a.lost, "examples": examples,
        })
    };
    json!({
        "objectType": impact.object_type,
        "evaluated": impact.evaluated,
        "affected": impact.affected,
        "entering": named(&impact.entering),
        "leaving": named(&impact.leaving),
        "failing": named(&impact.failing),
        "mended": impact.mended,
        "colliding": named(&impact.colliding),
        "attributes": impact.attributes.iter().map(attribute).collect::<Vec<_>>(),
    })
}
