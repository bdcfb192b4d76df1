//! `heeler mapping …`

mod change;
mod cost;
mod filter;
mod golden;
mod history;
mod preview;
mod save;
mod show;

use super::access::Access;
use super::args::{MappingCommand, ObjectArgs};
use super::{CliError, Ctx, Exit, Outcome, caret};
use crate::config::JobConfig;
use crate::engine::{self, AssembleError};
use crate::mapping::{MappingError, Schema};
use crate::model::ObjectType;
use crate::store::mappings::{self, MappingVersion};
use crate::sync::project::Rules;
use std::path::Path;

pub(super) async fn run(ctx: &Ctx, command: MappingCommand) -> Outcome {
    match command {
        MappingCommand::Show { number } => show::run(ctx, number),
        MappingCommand::Export { number } => show::export(ctx, number),
        MappingCommand::Set { target, source, rule, save } => {
            change::set(ctx, &target, source.as_deref(), &rule, &save).await
        }
        MappingCommand::Add { target, source, attribute, rule, save } => {
            change::add(ctx, &target, source.as_deref(), &attribute, &rule, &save).await
        }
        MappingCommand::Remove { target, save } => change::remove(ctx, &target, &save).await,
        MappingCommand::Filter { command } => filter::run(ctx, command).await,
        MappingCommand::Actions { actions, save } => change::actions(ctx, &actions, &save).await,
        MappingCommand::Enable { save } => change::enable(ctx, true, &save).await,
        MappingCommand::Disable { save } => change::enable(ctx, false, &save).await,
        MappingCommand::Import { file, save } => change::import(ctx, &file, &save).await,
        MappingCommand::Reset { save } => change::reset(ctx, &save).await,
        MappingCommand::Rollback { number, save } => change::rollback(ctx, number, &save).await,
        MappingCommand::History => history::run(ctx),
        MappingCommand::Diff { from, to } => history::diff(ctx, from.as_deref(), to.as_deref()),
        MappingCommand::Preview { file, user } => preview::run(ctx, file.as_deref(), user.as_deref()),
        MappingCommand::Test { file, mapping } => golden::run(ctx, &file, mapping.as_deref()),
    }
}

/// The mapping of a job at hand.
struct Desk {
    access: Access,
    config: JobConfig,
    /// What is in force.
    schema: Schema,
    /// Where it comes from: `preset flock`, a file, `version 4`.
    place: String,
    /// The version that was saved last.
    newest: Option<MappingVersion>,
}

impl Desk {
    fn open_to_read(ctx: &Ctx) -> Result<Self, CliError> {
        Self::of(Access::open_to_read(ctx)?)
    }

    fn open(ctx: &Ctx) -> Result<Self, CliError> {
        Self::of(Access::open(ctx)?)
    }

    fn of(access: Access) -> Result<Self, CliError> {
        let config = access.config()?;
        let newest = access.store.read(mappings::newest)?;
        let (schema, place) = engine::schema_of(&config).map_err(unusable)?;
        Ok(Self { access, config, schema, place, newest })
    }

    /// The rules of a schema; `place` names it.
    fn rules(&self, schema: &Schema, place: &str) -> Result<Rules, CliError> {
        Ok(engine::rules_from(schema, place, &self.config).map_err(unusable)?.0)
    }

    /// The schema of a version.
    fn version(&self, version: i64) -> Result<Schema, CliError> {
        let text = self.access.store.read(|c| mappings::schema(c, version))?;
        let Some(text) = text else {
            let last = self.newest.as_ref().map_or(0, |v| v.version);
            let known = match last {
                0 => "nothing was saved yet: there are no versions".to_owned(),
                last => format!("there are versions 1 to {last}: `heeler mapping history`"),
            };
            return Err(
                CliError::new(Exit::Usage, format!("there is no version {version} of the mapping")).advise(known)
            );
        };
        Schema::from_json(&text).map_err(|error| refused(&format!("version {version}"), &error))
    }

    /// The mapping that is meant by `--version`, else the one in force; with its name.
    fn version_or_current(self, version: Option<i64>) -> Result<(Self, Schema, String), CliError> {
        match version {
            None => {
                let (schema, place) = (self.schema.clone(), self.place.clone());
                Ok((self, schema, place))
            }
            Some(version) => {
                let schema = self.version(version)?;
                Ok((self, schema, format!("version {version}")))
            }
        }
    }
}

/// A schema file.
fn read_file(path: &Path) -> Result<Schema, CliError> {
    let text =
        if path == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    let text = text.map_err(|error| {
        CliError::new(Exit::Usage, format!("cannot read the mapping {}: {error}", path.display()))
            .advise("`heeler mapping export` prints one")
    })?;
    Schema::from_json(&text).map_err(|error| refused(&path.display().to_string(), &error))
}

/// Which of the two mappings a command is about.
fn object_type(of: &ObjectArgs) -> ObjectType {
    if of.groups { ObjectType::Group } else { ObjectType::User }
}

/// Places that fit one screen.
const MOST_SHOWN: usize = 3;

/// Why a mapping cannot be used, with a picture for each expression.
fn refused(place: &str, error: &MappingError) -> CliError {
    let issues = error.issues();
    let Some(first) = issues.first() else { return CliError::from_lines(Exit::Usage, &format!("{place}: {error}")) };
    let mut blocks = Vec::new();
    for issue in issues.iter().take(MOST_SHOWN) {
        blocks.push(match &issue.expression {
            Some((text, error)) => caret::picture(text, error, Some(&issue.path)),
            None => format!("{}\n  at {}", issue.message, issue.path),
        });
    }
    let mut message = blocks.join("\nerror: ");
    match issues.len().saturating_sub(MOST_SHOWN) {
        0 => {}
        1 => message.push_str("\nand 1 more place"),
        more => message.push_str(&format!("\nand {more} more places")),
    }
    // An edit that was not made is about what was typed, not about the schema.
    let advice = if matches!(error, MappingError::NotChanged(_)) {
        "nothing is changed".to_owned()
    } else if first.path.is_empty() {
        format!("in {place}")
    } else {
        format!("{place} cannot be used like this; nothing is changed")
    };
    CliError::new(Exit::Usage, message).advise(advice)
}

fn unusable(error: AssembleError) -> CliError {
    match error {
        AssembleError::Mapping { place, error } => refused(&place, &error),
        other => other.into(),
    }
}
