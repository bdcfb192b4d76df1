//! `heeler eval [EXPRESSION]`

mod everybody;

use super::access::Access;
use super::args::EvalArgs;
use super::resolve::resolve;
use super::{CliError, Ctx, Exit, Outcome, caret, lines, listing};
use crate::engine;
use crate::expression::{self, Context, Expression, ExpressionError, Outcome as Evaluated, Profile, Value};
use crate::mapping::SourceObject;
use crate::model::ObjectType;
use crate::store::{job as job_table, mirror};
use crate::sync::{cycle, entropy, project};
use crate::text::{out_json, out_line, show};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

/// Without an expression: answers one JSON object per line, `{"expression", "attributes", "now"?, "existing"?,
/// "type"?, "profile"?, "defaultDomain"?}`, with one line each: `{"value": …}` in text form, `{"flow": …}`, or
/// `{"error": {"code", "message", "start", "end"}}`, where start and end count characters of the expression from 0.
pub(super) fn answer_lines() -> Outcome {
    lines::answer("eval", answer)
}

fn answer(question: &Map<String, Json>) -> Result<Json, String> {
    let text = lines::text(question, "expression")?.ok_or("`expression` is missing")?;
    let attributes = lines::attributes(question)?;
    let profile = profile(lines::text(question, "profile")?)?;
    let now = match lines::text(question, "now")? {
        Some(now) => expression::instant(now).ok_or_else(|| format!("`now` is no date: {now}"))?,
        None => Timestamp::now(),
    };
    let existing = match question.get("existing") {
        None | Some(Json::Null) => &[],
        Some(Json::Array(values)) => values.as_slice(),
        Some(_) => return Err("`existing` must be a list of texts".to_owned()),
    };
    let existing: Option<Vec<&str>> = existing.iter().map(Json::as_str).collect();
    let existing = existing.ok_or("`existing` must be a list of texts")?;
    let kind = Kind::parse(lines::text(question, "type")?)?;
    let context = Context::new(now, entropy())
        .with_default_domain(lines::text(question, "defaultDomain")?.map(str::to_owned))
        .with_existing(existing);
    let source = |name: &str| attributes.get(name).map_or(Value::Null, Value::from_json);
    let outcome = Expression::parse_as(text, profile)
        .and_then(|expression| expression.evaluate(&source, &context))
        .and_then(|outcome| kind.check(text, outcome));
    Ok(reply(text, outcome))
}

/// `app`, `cloudsync` or `connect`.
fn profile(name: Option<&str>) -> Result<Profile, String> {
    match name {
        None | Some("app") => Ok(Profile::App),
        Some("cloudsync") => Ok(Profile::CloudSync),
        Some("connect") => Ok(Profile::Connect),
        Some(other) => Err(format!("there is no profile `{other}`: it is app, cloudsync or connect")),
    }
}

/// The declared type of the attribute that the value is for: one that cannot be read as that type is an error, as it
/// is when a cycle converts it. The text form stays what it is.
enum Kind {
    Any,
    Number,
    Boolean,
}

impl Kind {
    fn parse(name: Option<&str>) -> Result<Self, String> {
        match name.map(str::to_ascii_lowercase).as_deref() {
            None | Some("string" | "datetime" | "reference" | "binary") => Ok(Self::Any),
            Some("number" | "integer") => Ok(Self::Number),
            Some("bool" | "boolean") => Ok(Self::Boolean),
            Some(other) => Err(format!("there is no type `{other}`: it is string, number, bool or datetime")),
        }
    }

    fn check(&self, text: &str, outcome: Evaluated) -> Result<Evaluated, ExpressionError> {
        let Evaluated::Value(value) = &outcome else { return Ok(outcome) };
        let fits = |value: &Value| match self {
            Self::Any => true,
            Self::Number => value.is_empty() || value.to_integer().is_some(),
            Self::Boolean => value.to_boolean().is_some(),
        };
        let all = match value {
            Value::List(values) => values.iter().all(fits),
            one => fits(one),
        };
        if all {
            return Ok(outcome);
        }
        let needed = if matches!(self, Self::Number) { "a whole number" } else { "True or False" };
        let found = value.to_texts().join(", ");
        Err(ExpressionError::of_result(text, format!("the value must be {needed}, and is `{found}`")))
    }
}

/// An outcome as a line of JSON.
fn reply(text: &str, outcome: Result<Evaluated, ExpressionError>) -> Json {
    match outcome {
        Ok(Evaluated::Value(value)) => json!({ "value": text_form(&value) }),
        Ok(Evaluated::IgnoreFlow) => json!({ "flow": "IgnoreAttributeFlow" }),
        Ok(Evaluated::IgnoreObject) => json!({ "flow": "IgnoreObjectFlow" }),
        Err(error) => {
            let characters = |byte: usize| text.char_indices().take_while(|(at, _)| *at < byte).count();
            json!({ "error": {
                "code": error.code.as_str(),
                "message": error.message,
                "start": characters(error.span.start),
                "end": characters(error.span.end),
            }})
        }
    }
}

/// A text, a list of texts, or null.
fn text_form(value: &Value) -> Json {
    match value {
        Value::List(_) => json!(value.to_texts()),
        one => json!(one.to_text()),
    }
}

/// With an expression: its value for one person of the store, for everybody, or for attributes given by hand.
pub(super) fn run(ctx: Option<&Ctx>, json: bool, text: &str, args: &EvalArgs) -> Outcome {
    let profile = profile(args.profile.as_deref()).map_err(|what| CliError::new(Exit::Usage, what))?;
    let expression = Expression::parse_as(text, profile)
        .map_err(|error| if json { json_error(text, &error) } else { caret::error(text, &error, None) })?;
    let now = match &args.now {
        None => Timestamp::now(),
        Some(now) => expression::instant(now).ok_or_else(|| {
            CliError::new(Exit::Usage, format!("--now is no date: {now}")).advise("write it as 2026-11-30T08:00:00Z")
        })?,
    };
    match (ctx, &args.user) {
        (Some(ctx), Some(user)) => {
            let of = Store::open(ctx, now)?;
            let named = resolve(&of.access.store, &[ObjectType::User], user)?;
            let outcome = of.evaluate(&expression, &named.id)?;
            print(json, text, outcome)
        }
        (Some(ctx), None) => everybody::run(ctx, &Store::open(ctx, now)?, &expression),
        (None, _) => {
            let attributes = given(&args.set)?;
            let missing: Vec<&str> =
                expression.attributes().into_iter().filter(|name| !attributes.contains_key(*name)).collect();
            if !missing.is_empty() && attributes.is_empty() {
                let message = format!("the expression reads {}, and nobody was named", missing.join(", "));
                return Err(CliError::new(Exit::Usage, message).advise(format!(
                    "name a person with --user, take everybody with --all, or give a value with --set {}=…",
                    missing[0]
                )));
            }
            let source = |name: &str| attributes.get(name).map_or(Value::Null, Value::from_json);
            print(json, text, expression.evaluate(&source, &Context::new(now, entropy())))
        }
    }
}

/// `NAME=TEXT`, or `NAME:=JSON` for lists, numbers, Booleans and null.
fn given(set: &[String]) -> Result<Map<String, Json>, CliError> {
    let mut attributes = Map::new();
    for one in set {
        let wrong = |what: String| CliError::new(Exit::Usage, what).advise("write NAME=TEXT, or NAME:=JSON");
        let (name, value) = one.split_once('=').ok_or_else(|| wrong(format!("--set {one} has no `=`")))?;
        let (name, value) = match name.strip_suffix(':') {
            Some(name) => {
                let value = serde_json::from_str(value).map_err(|e| wrong(format!("--set {one} is not JSON: {e}")))?;
                (name, value)
            }
            None => (name, json!(value)),
        };
        attributes.insert(name.to_owned(), value);
    }
    Ok(attributes)
}

fn json_error(text: &str, error: &ExpressionError) -> CliError {
    match out_json(&reply(text, Err(error.clone()))) {
        Ok(()) => CliError::new(Exit::Usage, ""),
        Err(error) => error.into(),
    }
}

fn print(json: bool, text: &str, outcome: Result<Evaluated, ExpressionError>) -> Outcome {
    if json {
        let exit = if outcome.is_ok() { Exit::Done } else { Exit::Usage };
        out_json(&reply(text, outcome))?;
        return Ok(exit);
    }
    match outcome {
        Err(error) => return Err(caret::error(text, &error, None)),
        Ok(Evaluated::Value(value)) if value.is_null() => out_line(&show("(no value)"))?,
        Ok(Evaluated::Value(value)) => {
            for text in value.to_texts() {
                out_line(&show(if text.is_empty() { "(empty text)" } else { &text }))?;
            }
        }
        Ok(Evaluated::IgnoreFlow) => out_line(&show("(left out of the update: IgnoreAttributeFlow)"))?,
        Ok(Evaluated::IgnoreObject) => out_line(&show("(the object is left alone: IgnoreObjectFlow)"))?,
    }
    Ok(Exit::Done)
}

/// The people of a job, as expressions see them.
struct Store {
    access: Access,
    rules: project::Rules,
    scope: project::ScopeRules,
    context: Context,
}

impl Store {
    fn open(ctx: &Ctx, now: Timestamp) -> Result<Self, CliError> {
        let access = Access::open_to_read(ctx)?;
        let config = access.config()?;
        let (rules, _) = engine::rules_of(&config)?;
        let organization = access.store.read(job_table::organization)?;
        let context = Context::preview(now).with_default_domain(organization.and_then(|o| o.default_domain));
        Ok(Self { access, rules, scope: engine::scope_rules(&config), context })
    }

    /// Over one person, with roles and `IsSoftDeleted` as a cycle sees them.
    fn evaluate(&self, expression: &Expression, id: &str) -> Result<Result<Evaluated, ExpressionError>, CliError> {
        let reader = self.access.store.reader()?;
        let entitlements = cycle::entitlements_of(&reader, &[id], &[])?;
        let Some(user) = mirror::user(&reader, id)? else {
            return Err(
                CliError::new(Exit::Usage, "that person is not in the store").advise(listing::first_run(&self.access))
            );
        };
        let roles = cycle::roles_of(&entitlements, id);
        let rules = &self.rules.users;
        let subject = project::user_subject(&user, &entitlements, &roles, rules, self.scope, None, &self.context);
        let out = subject.standing != crate::sync::scope::Standing::In;
        let source = SourceObject::user(&user).with_roles(&roles).with_soft_deleted(out);
        Ok(expression.evaluate(&source, &self.context))
    }
}
