//! Changing the mapping: single attributes, switches, or all of it.

use super::save::{Changed, review};
use super::{Desk, object_type, read_file, refused};
use crate::cli::args::{Action, Applies, AttributeArgs, AttributeKind, RuleArgs, SaveArgs};
use crate::cli::{CliError, Ctx, Exit, Outcome};
use crate::mapping::{AttributeType, Edit, Flow, FlowType, NewAttribute, NewSource, Preset, Schema, Settings, Side};
use crate::model::ObjectType;
use crate::store::mappings::MappingAction;
use std::path::Path;

/// One or several edits of the mapping of users or groups.
pub(super) async fn edit(ctx: &Ctx, object_type: ObjectType, edits: &[Edit], save: &SaveArgs) -> Outcome {
    let desk = Desk::open(ctx)?;
    let schema = desk.schema.edited(object_type, edits).map_err(|error| refused(&desk.place, &error))?;
    review(ctx, &desk, Changed { schema, action: MappingAction::Edit, note: String::new() }, save).await
}

pub(super) async fn set(ctx: &Ctx, target: &str, source: Option<&str>, rule: &RuleArgs, save: &SaveArgs) -> Outcome {
    let settings = settings(source, rule)?;
    if settings == Settings::default() {
        return Err(CliError::new(Exit::Usage, format!("nothing is said about {target}"))
            .advise("give a source such as '[department]', or --default, --apply, --match"));
    }
    let edit_ = Edit::Set { target: target.to_owned(), settings };
    edit(ctx, object_type(&save.of), &[edit_], save).await
}

pub(super) async fn add(
    ctx: &Ctx,
    target: &str,
    source: Option<&str>,
    attribute: &AttributeArgs,
    rule: &RuleArgs,
    save: &SaveArgs,
) -> Outcome {
    let mut edits = Vec::new();
    if let Some(kind) = attribute.kind {
        let definition = NewAttribute {
            kind: Some(type_of(kind)),
            multivalued: attribute.multivalued,
            case_exact: attribute.case_exact,
            required: attribute.required,
            ..NewAttribute::new(target)
        };
        edits.push(Edit::Define { side: Side::Target, attribute: definition });
    }
    edits.extend(
        attribute.directory.iter().map(|name| Edit::Define { side: Side::Source, attribute: NewAttribute::new(name) }),
    );
    edits.push(Edit::Add { target: target.to_owned(), settings: settings(source, rule)? });
    edit(ctx, object_type(&save.of), &edits, save).await
}

pub(super) async fn remove(ctx: &Ctx, target: &str, save: &SaveArgs) -> Outcome {
    edit(ctx, object_type(&save.of), &[Edit::Remove { target: target.to_owned() }], save).await
}

pub(super) async fn actions(ctx: &Ctx, actions: &[Action], save: &SaveArgs) -> Outcome {
    let flow = Flow {
        add: actions.contains(&Action::Create),
        update: actions.contains(&Action::Update),
        delete: actions.contains(&Action::Delete),
    };
    edit(ctx, object_type(&save.of), &[Edit::Flow(flow)], save).await
}

pub(super) async fn enable(ctx: &Ctx, on: bool, save: &SaveArgs) -> Outcome {
    edit(ctx, object_type(&save.of), &[Edit::Enable(on)], save).await
}

/// Replaces the whole mapping by a schema file of Graph or of Heeler (E15.33).
pub(super) async fn import(ctx: &Ctx, file: &Path, save: &SaveArgs) -> Outcome {
    let schema = read_file(file)?;
    let desk = Desk::open(ctx)?;
    let note = format!("from {}", file.display());
    review(ctx, &desk, Changed { schema, action: MappingAction::Import, note }, save).await
}

/// Back to the preset: mappings and scoping filters (E15.10).
pub(super) async fn reset(ctx: &Ctx, save: &SaveArgs) -> Outcome {
    let desk = Desk::open(ctx)?;
    let preset = match desk.config.app.preset {
        crate::config::Preset::Flock => Preset::Flock,
        crate::config::Preset::Scim => Preset::Scim,
    };
    let place = format!("preset {}", preset.as_str());
    let schema = Schema::preset(preset).map_err(|error| refused(&place, &error))?;
    let note = format!("back to the {place}");
    review(ctx, &desk, Changed { schema, action: MappingAction::Reset, note }, save).await
}

pub(super) async fn rollback(ctx: &Ctx, version: i64, save: &SaveArgs) -> Outcome {
    let desk = Desk::open(ctx)?;
    let schema = desk.version(version)?;
    let note = format!("back to version {version}");
    review(ctx, &desk, Changed { schema, action: MappingAction::Rollback, note }, save).await
}

fn settings(source: Option<&str>, rule: &RuleArgs) -> Result<Settings, CliError> {
    let source = match source {
        _ if rule.no_source => Some(NewSource::None),
        None => None,
        Some(text) => Some(NewSource::parse(text).map_err(|error| refused("the source", &error))?),
    };
    let default = match (&rule.default, rule.no_default) {
        (Some(text), _) => Some(Some(text.clone())),
        (None, true) => Some(None),
        (None, false) => None,
    };
    let flow_type = rule.apply.map(|applies| match applies {
        Applies::Always => FlowType::Always,
        Applies::Create => FlowType::ObjectAddOnly,
        Applies::Empty => FlowType::AttributeAddOnly,
        Applies::AddValues => FlowType::ValueAddOnly,
    });
    Ok(Settings { source, default, flow_type, flow_behavior: None, matching_priority: rule.matching })
}

fn type_of(kind: AttributeKind) -> AttributeType {
    match kind {
        AttributeKind::String => AttributeType::String,
        AttributeKind::Integer => AttributeType::Integer,
        AttributeKind::Boolean => AttributeType::Boolean,
        AttributeKind::Reference => AttributeType::Reference,
        AttributeKind::Binary => AttributeType::Binary,
        AttributeKind::DateTime => AttributeType::DateTime,
    }
}
