//! `heeler mapping test FILE`: what a mapping has to give for some people, for use in a pipeline.

use super::{Desk, read_file, refused};
use crate::cli::resolve::resolve;
use crate::cli::{CliError, Ctx, Exit, Outcome, listing};
use crate::engine;
use crate::expression::{self, Context, Role};
use crate::mapping::{CompiledMapping, Projection, SourceObject, graph_object};
use crate::model::{DirectoryUser, ObjectType};
use crate::store::{job as job_table, mirror};
use crate::sync::cycle::{entitlements_of, roles_of};
use crate::sync::project::{ObjectRules, user_subject};
use crate::sync::scope::Standing;
use crate::text::{out_json, out_line, show};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A file of tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What `Now()` is in all of them.
    now: Option<String>,
    /// The tests.
    #[serde(rename = "test")]
    tests: Vec<Golden>,
}

/// What a mapping has to give for one person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    /// What it is about, for people.
    name: Option<String>,
    /// A person of the local store.
    user: Option<String>,
    /// Or one that is made up: attributes under the names that the mapping uses.
    attributes: Option<Map<String, Value>>,
    /// Whether the person is in scope: for one of the store assignment counts as well, else only the filter.
    in_scope: Option<bool>,
    /// Attributes of the app and their values.
    #[serde(default)]
    expect: Map<String, Value>,
    /// Attributes of the app that get no value.
    #[serde(default)]
    absent: Vec<String>,
    /// Attributes of the app whose rule fails, with the code.
    #[serde(default)]
    errors: BTreeMap<String, String>,
}

/// What came out for one person.
struct Given {
    in_scope: bool,
    why: String,
    projection: Projection,
}

/// Runs the tests of a TOML or JSON file against the mapping in force, or against a mapping file. Without people of
/// the store neither a job nor a store is needed for a mapping file.
///
/// With `--json` one object per test: `name`, `ok`, `problems`.
pub(super) fn run(ctx: &Ctx, file: &Path, mapping: Option<&Path>) -> Outcome {
    let tests = read(file)?;
    let now = match &tests.now {
        None => jiff::Timestamp::now(),
        Some(now) => expression::instant(now).ok_or_else(|| {
            CliError::new(Exit::Usage, format!("{}: now is no date: {now}", file.display()))
                .advise("write it as 2026-11-30T08:00:00Z")
        })?,
    };
    let needs_store = mapping.is_none() || tests.tests.iter().any(|test| test.user.is_some());
    let desk = if needs_store { Some(Desk::open_to_read(ctx)?) } else { None };
    let rules = match (mapping, &desk) {
        (Some(path), _) => {
            let place = path.display().to_string();
            let compiled = read_file(path)?.compile(ObjectType::User).map_err(|error| refused(&place, &error))?;
            let compiled =
                compiled.ok_or_else(|| CliError::new(Exit::Usage, format!("{place}: the schema maps no users")))?;
            ObjectRules::new(compiled)
                .map_err(|error| CliError::new(Exit::Usage, format!("{place}: a target is no SCIM path: {error}")))?
        }
        (None, Some(desk)) => desk.rules(&desk.schema, &desk.place)?.users,
        (None, None) => return Err(CliError::new(Exit::Usage, "there is no mapping to test")),
    };
    let context = Context::preview(now);
    let (mut failed, total) = (0, tests.tests.len());
    for (index, test) in tests.tests.iter().enumerate() {
        let given = match (&test.user, &test.attributes) {
            (Some(user), None) => match &desk {
                Some(desk) => of_store(desk, user, &rules, &context)?,
                None => return Err(CliError::new(Exit::Usage, "there is no store")),
            },
            (None, Some(attributes)) => made_up(attributes, &rules.mapping, &context),
            _ => {
                return Err(CliError::new(
                    Exit::Usage,
                    format!("{}: test {}: it needs either `user` or `attributes`", file.display(), index + 1),
                ));
            }
        };
        let problems = problems(test, &given, &rules);
        let name = test.name.clone().or_else(|| test.user.clone()).unwrap_or_else(|| format!("test {}", index + 1));
        failed += usize::from(!problems.is_empty());
        if ctx.json {
            out_json(&json!({ "name": name, "ok": problems.is_empty(), "problems": problems }))?;
            continue;
        }
        listing::wrapped(&format!("{} {name}", if problems.is_empty() { "✓" } else { "✗" }), 2)?;
        for problem in &problems {
            listing::wrapped(&format!("    {problem}"), 6)?;
        }
    }
    if !ctx.json {
        let words = match failed {
            0 => format!("{total} passed"),
            failed => format!("{failed} of {total} failed"),
        };
        out_line(&show(&words))?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::SomeFailed })
}

fn read(file: &Path) -> Result<File, CliError> {
    let wrong = |what: String| {
        CliError::new(Exit::Usage, format!("{}: {what}", file.display()))
            .advise("`heeler mapping test --help` shows the form")
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let tests: File = if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?
    } else {
        toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?
    };
    if tests.tests.is_empty() {
        return Err(wrong("there is no test in it".to_owned()));
    }
    Ok(tests)
}

fn of_store(desk: &Desk, user: &str, rules: &ObjectRules, context: &Context) -> Result<Given, CliError> {
    let named = resolve(&desk.access.store, &[ObjectType::User], user)?;
    let reader = desk.access.store.reader()?;
    let Some(user) = mirror::user(&reader, &named.id)? else {
        return Err(CliError::new(Exit::Usage, format!("{} is not in the store any more", named.name)));
    };
    let organization = job_table::organization(&reader)?;
    let context = context.clone().with_default_domain(organization.and_then(|o| o.default_domain));
    let entitlements = entitlements_of(&reader, &[&user.id], &[])?;
    let roles = roles_of(&entitlements, &user.id);
    let scope = engine::scope_rules(&desk.config);
    let subject = user_subject(&user, &entitlements, &roles, rules, scope, None, &context);
    let in_scope = subject.standing == Standing::In;
    let source = SourceObject::user(&user).with_roles(&roles);
    let projection = rules.mapping.project(&source, !in_scope, &context);
    Ok(Given { in_scope, why: subject.standing.words(), projection })
}

/// A person who is nowhere: the attributes are all there is.
fn made_up(attributes: &Map<String, Value>, mapping: &CompiledMapping, context: &Context) -> Given {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str).map(str::to_owned);
    let user = DirectoryUser {
        id: text("objectId").or_else(|| text("id")).unwrap_or_default(),
        properties: graph_object(attributes),
        manager: text("manager"),
        removed: None,
    };
    let roles: Vec<Role> = match attributes.get("appRoleAssignments") {
        Some(Value::Array(roles)) => roles.iter().filter_map(role).collect(),
        Some(one) => role(one).into_iter().collect(),
        None => Vec::new(),
    };
    let source = SourceObject::user(&user).with_roles(&roles);
    let verdict = mapping.filter.as_ref().map(|filter| filter.evaluate(&source));
    let in_scope = verdict.as_ref().is_none_or(|verdict| verdict.in_scope && verdict.considered);
    let why = verdict.map(|verdict| crate::sync::explain::verdict_words(&verdict)).unwrap_or_default();
    let soft_deleted = match attributes.get("IsSoftDeleted") {
        Some(Value::Bool(said)) => *said,
        _ => !in_scope,
    };
    Given { in_scope, why, projection: mapping.project(&source, soft_deleted, context) }
}

/// A role by its members, or by its name.
fn role(value: &Value) -> Option<Role> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match value {
        Value::String(name) => Some(Role { id: name.clone(), value: None, display_name: name.clone() }),
        Value::Object(_) => Some(Role {
            id: text("id").unwrap_or_default(),
            value: text("value"),
            display_name: text("displayName").unwrap_or_default(),
        }),
        _ => None,
    }
}

/// What is not as it has to be.
fn problems(test: &Golden, given: &Given, rules: &ObjectRules) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(wanted) = test.in_scope.filter(|wanted| *wanted != given.in_scope) {
        let words = |inside| if inside { "in scope" } else { "out of scope" };
        let why = if given.why.is_empty() { String::new() } else { format!(" ({})", given.why) };
        problems.push(format!("is {}, not {}{why}", words(given.in_scope), words(wanted)));
    }
    let rule = |target: &str| rules.index_of(target);
    let failure = |target: &str| given.projection.problems.iter().find(|p| p.target == target);
    for (target, wanted) in &test.expect {
        let Some(index) = rule(target) else {
            problems.push(format!("{target}: nothing is mapped to it"));
            continue;
        };
        match (failure(target), given.projection.value(index)) {
            (Some(problem), _) => problems.push(format!("{target}: {}: {}", problem.code, problem.message)),
            (None, found) => {
                let found = found.unwrap_or(&Value::Null);
                if found != wanted {
                    problems.push(format!("{target}: {found}, not {wanted}"));
                }
            }
        }
    }
    for target in &test.absent {
        let Some(index) = rule(target) else { continue };
        if let Some(problem) = failure(target) {
            problems.push(format!("{target}: {}: {}", problem.code, problem.message));
        } else if let Some(found) = given.projection.value(index) {
            problems.push(format!("{target}: {found}, not absent"));
        }
    }
    for (target, code) in &test.errors {
        match failure(target) {
            Some(problem) if problem.code == *code => {}
            Some(problem) => problems.push(format!("{target}: fails with {}, not {code}", problem.code)),
            None => problems.push(format!("{target}: does not fail with {code}")),
        }
    }
    problems
}
