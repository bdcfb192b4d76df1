//! `heeler mapping show|export`

use super::Desk;
use crate::cli::{CliError, Ctx, Exit, Outcome, listing, setup};
use crate::config::JobConfig;
use crate::engine;
use crate::mapping::{AttributeMapping, CompiledMapping, FlowType, ObjectMapping, Rule, RuleSource, Schema};
use crate::model::ObjectType;
use crate::text::{Align, Table, json_line, json_pretty, out_json, out_line, pad_end, show};
use serde_json::{Value, json};
use std::io;

/// Cells of the words on the left.
const LABEL: usize = 10;

/// The mapping in force, or a version.
pub(super) fn run(ctx: &Ctx, version: Option<i64>) -> Outcome {
    let (desk, schema, place) = Desk::open_to_read(ctx)?.version_or_current(version)?;
    let exit = show_all(ctx, &desk, &schema, &place)?;
    if version.is_none() {
        setup::mappings_seen(&desk.access.store, engine::rules_of(&desk.config)?.1);
    }
    Ok(exit)
}

/// The schema with every member it came with: over several lines, or on one with `--json`. Either is a mapping file.
pub(super) fn export(ctx: &Ctx, version: Option<i64>) -> Outcome {
    let (_, schema, _) = Desk::open_to_read(ctx)?.version_or_current(version)?;
    let line = if ctx.json { json_line(schema.as_value()) } else { json_pretty(schema.as_value()) };
    out_line(&line.map_err(io::Error::other)?)?;
    Ok(Exit::Done)
}

/// The mapping of users, then of groups: whether it runs, what it may do, matching, scoping filter, attributes.
///
/// With `--json` one object per mapping: `objectType`, `name`, `from` (preset or file), `enabled`, `actions`,
/// `matching` (targets in the order in which they are tried), `scope` and `attributeMappings` as in the schema.
fn show_all(ctx: &Ctx, desk: &Desk, schema: &Schema, place: &str) -> Outcome {
    // Compiled first: a mapping that cannot run is an error here as everywhere.
    desk.rules(schema, place)?;
    let config = &desk.config;
    let mut first = true;
    for object_type in [ObjectType::User, ObjectType::Group] {
        let compiled = schema
            .compile(object_type)
            .map_err(|error| CliError::from_lines(Exit::Usage, &format!("{place}: {error}")))?;
        let (Some((_, mapping)), Some(compiled)) = (schema.mapping(object_type), compiled) else { continue };
        let of = One { schema, place, mapping, compiled: &compiled, enabled: enabled(config, object_type) };
        if ctx.json {
            out_json(&of.json())?;
            continue;
        }
        if !first {
            out_line(&show(""))?;
        }
        first = false;
        of.print()?;
    }
    Ok(Exit::Done)
}

/// The job decides about groups (E8.17); users are what a job is for.
fn enabled(config: &JobConfig, object_type: ObjectType) -> bool {
    object_type == ObjectType::User || config.groups
}

struct One<'a> {
    schema: &'a Schema,
    place: &'a str,
    mapping: &'a ObjectMapping,
    compiled: &'a CompiledMapping,
    enabled: bool,
}

impl One<'_> {
    fn actions(&self) -> Vec<&'static str> {
        let flow = self.compiled.flow;
        [("create", flow.add), ("update", flow.update), ("delete", flow.delete)]
            .into_iter()
            .filter_map(|(name, on)| on.then_some(name))
            .collect()
    }

    fn matching(&self) -> Vec<&str> {
        self.compiled.matching.iter().filter_map(|i| self.compiled.rules.get(*i)).map(|r| r.target.as_str()).collect()
    }

    /// The attribute mappings as the schema has them, found by the path of the typed view.
    fn raw_attributes(&self) -> Value {
        let raw = |pointer: &str| self.schema.as_value().pointer(&pointer_of(pointer)).cloned();
        raw(&format!("{}.attributeMappings", self.mapping.path)).unwrap_or_default()
    }

    fn json(&self) -> Value {
        json!({
            "objectType": self.compiled.object_type,
            "name": self.mapping.name,
            "from": self.place,
            "enabled": self.enabled,
            "actions": self.actions(),
            "matching": self.matching(),
            "scope": self.mapping.scope,
            "attributeMappings": self.raw_attributes(),
        })
    }

    fn print(&self) -> Result<(), CliError> {
        let what = match self.compiled.object_type {
            ObjectType::User => "Users",
            ObjectType::Group => "Groups",
        };
        listing::wrapped(&format!("{what}  {}  ({})", self.mapping.name, self.place), 2)?;
        let on = if self.enabled { "✓ on" } else { "· off: the job has groups = false" };
        block("state", on)?;
        let actions = self.actions();
        block("actions", &if actions.is_empty() { "none".to_owned() } else { actions.join(", ") })?;
        block("matching", &self.matching().join(", then "))?;
        self.print_filter()?;
        out_line(&show(""))?;
        let mut table = Table::new()
            .column("", Align::Left, 0)
            .column("target", Align::Left, 0)
            .kept()
            .column("", Align::Left, 0)
            .column("source", Align::Left, 80)
            .column("applies", Align::Left, 0)
            .column("default", Align::Left, 32);
        for rule in &self.compiled.rules {
            let written = self.mapping.attributes.iter().find(|a| a.target == rule.target);
            let default = rule.default.as_deref().map(|d| format!("\"{d}\"")).unwrap_or_default();
            let key = if rule.matching_priority > 0 { format!("#{}", rule.matching_priority) } else { String::new() };
            table.row([&key, &rule.target, "←", &source(rule, written), applies(rule.flow_type), &default]);
        }
        for line in table.lines_within(listing::cells_behind(2)) {
            out_line(&show(&format!("  {line}")))?;
        }
        for warning in &self.compiled.warnings {
            block("!", &warning.to_string())?;
        }
        Ok(())
    }

    /// The clauses as they are written; the groups are alternatives.
    fn print_filter(&self) -> Result<(), CliError> {
        let Some(filter) = &self.compiled.filter else { return block("filter", "none: everybody in scope belongs") };
        // What a filter says about nobody in particular: its clauses.
        let clauses = filter.evaluate_with(&|_| Value::Null).clauses;
        let mut before = None;
        for clause in &clauses {
            let label = match before {
                None => "filter",
                Some(group) if group == clause.group => "  and",
                Some(_) => "or",
            };
            before = Some(clause.group);
            let wanted = match &clause.value {
                Value::Null => String::new(),
                value => format!(" {value}"),
            };
            block(label, &format!("{} {}{wanted}", clause.attribute, clause.operator))?;
        }
        Ok(())
    }
}

/// What fills a target: the text of the schema where there is one.
fn source(rule: &Rule, written: Option<&AttributeMapping>) -> String {
    match &rule.source {
        RuleSource::Direct(name) => name.clone(),
        RuleSource::Constant(text) => format!("\"{text}\""),
        RuleSource::Expression(_) => written
            .and_then(|mapping| mapping.source.as_ref())
            .and_then(|source| source.expression.clone())
            .unwrap_or_else(|| "expression".to_owned()),
        RuleSource::None => "—".to_owned(),
    }
}

fn applies(flow: FlowType) -> &'static str {
    match flow {
        FlowType::Always => "always",
        FlowType::ObjectAddOnly => "on create",
        FlowType::MultiValueAddOnly | FlowType::ValueAddOnly => "adds values",
        FlowType::AttributeAddOnly => "while empty",
    }
}

/// `a.b[0].c` as a JSON pointer.
fn pointer_of(path: &str) -> String {
    path.split(['.', '[']).fold(String::new(), |mut pointer, part| {
        pointer.push('/');
        pointer.push_str(part.trim_end_matches(']'));
        pointer
    })
}

fn block(label: &str, text: &str) -> Result<(), CliError> {
    listing::wrapped(&format!("  {}{text}", pad_end(label, LABEL)), LABEL + 2)
}
