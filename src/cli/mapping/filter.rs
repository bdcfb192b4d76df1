//! `heeler mapping filter …`: who is in scope.

use super::change::edit;
use super::{object_type, refused};
use crate::cli::args::{FilterCommand, SaveArgs};
use crate::cli::{CliError, Ctx, Exit, Outcome};
use crate::mapping::{Edit, NewClause};
use serde_json::Value;
use std::path::Path;

pub(super) async fn run(ctx: &Ctx, command: FilterCommand) -> Outcome {
    let (edits, save): (Vec<Edit>, SaveArgs) = match command {
        FilterCommand::Set { filter, save } => (vec![Edit::Scope(Some(read(&filter)?))], save),
        FilterCommand::Clear { save } => (vec![Edit::Scope(None)], save),
        FilterCommand::Add { clauses, group: None, name, save } => {
            (vec![Edit::AddGroup { name: name.unwrap_or_default(), clauses: parse(&clauses)? }], save)
        }
        FilterCommand::Add { clauses, group: Some(group), name, save } => {
            let group = index(group)?;
            let mut edits: Vec<Edit> =
                parse(&clauses)?.into_iter().map(|clause| Edit::AddClause { group, clause }).collect();
            edits.extend(name.map(|name| Edit::NameGroup { group, name }));
            (edits, save)
        }
        FilterCommand::Remove { group, clause: None, save } => (vec![Edit::RemoveGroup { group: index(group)? }], save),
        FilterCommand::Remove { group, clause: Some(clause), save } => {
            (vec![Edit::RemoveClause { group: index(group)?, clause: index(clause)? }], save)
        }
    };
    edit(ctx, object_type(&save.of), &edits, &save).await
}

fn parse(clauses: &[String]) -> Result<Vec<NewClause>, CliError> {
    clauses.iter().map(|text| NewClause::parse(text).map_err(|error| refused("the condition", &error))).collect()
}

/// People count groups and clauses from 1.
fn index(number: usize) -> Result<usize, CliError> {
    number.checked_sub(1).ok_or_else(|| CliError::new(Exit::Usage, "groups and conditions are counted from 1"))
}

/// A filter as JSON, or a file with one.
fn read(text: &str) -> Result<Value, CliError> {
    let json = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        std::fs::read_to_string(Path::new(text))
            .map_err(|error| CliError::new(Exit::Usage, format!("cannot read the filter {text}: {error}")))?
    };
    serde_json::from_str(&json).map_err(|error| {
        CliError::new(Exit::Usage, format!("the filter is not JSON: {error}"))
            .advise(r#"write it as {"groups": [{"clauses": [{"attribute": …, "operator": …, "value": …}]}]}"#)
    })
}
