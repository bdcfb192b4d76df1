//! From a directory object to what the app should have.

use super::attribute::AttributeType;
use super::compile::{CompiledMapping, Rule, RuleSource};
use super::schema::FlowType;
use super::source::SourceObject;
use crate::expression::{Context, Outcome, Value};
use serde_json::Value as Json;

/// A rule that gives no usable value for an object. The message may quote the object: it is untrusted text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Attribute of the app.
    pub target: String,
    /// A code of E13c (`MandatoryFieldsMissing`, `SchemaPropertyCanOnlyAcceptValue`) or of the mapping language.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

/// What the app should have for one object. References (manager, members) are not in it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Projection {
    /// Index of the rule, and the value in the target attribute's declared type; never null (E7.13). An empty text
    /// is a value and is sent.
    pub values: Vec<(usize, Json)>,
    /// Rules whose attribute is left out of this update by the mapping itself.
    pub ignored: Vec<usize>,
    /// Rules without a value: nothing flows, on create the default may.
    pub empty: Vec<usize>,
    /// Whether the mapping says that the whole object is to be left alone.
    pub ignore_object: bool,
    /// Rules that failed. The object is then not written, and tried again later.
    pub problems: Vec<Problem>,
}

impl Projection {
    /// The value of a rule.
    pub fn value(&self, rule: usize) -> Option<&Json> {
        self.values.iter().find(|(index, _)| *index == rule).map(|(_, value)| value)
    }
}

impl CompiledMapping {
    /// Evaluates every rule for one object. `soft_deleted` is the object's `IsSoftDeleted` (E1.14).
    pub fn project(&self, object: &SourceObject<'_>, soft_deleted: bool, context: &Context) -> Projection {
        self.run(object, soft_deleted, context, |rule| !matches!(rule.source, RuleSource::None))
    }

    /// What a disable writes: only the rules that look at `IsSoftDeleted` and apply to updates, evaluated with it
    /// true (E7.20–E7.22). No values: nothing is sent when the object leaves (E7.21).
    pub fn soft_delete_values(&self, object: &SourceObject<'_>, context: &Context) -> Projection {
        let applies = |rule: &Rule| rule.depends_on_soft_deleted && rule.flow_type != FlowType::ObjectAddOnly;
        self.run(object, true, context, applies)
    }

    fn run(
        &self,
        object: &SourceObject<'_>,
        soft_deleted: bool,
        context: &Context,
        applies: impl Fn(&Rule) -> bool,
    ) -> Projection {
        let object = object.clone().with_soft_deleted(soft_deleted);
        let mut projection = Projection::default();
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.reference {
                continue;
            }
            if !applies(rule) {
                // A rule without a source still has a default for create.
                if matches!(rule.source, RuleSource::None) {
                    projection.empty.push(index);
                }
                continue;
            }
            match evaluate(rule, &object, context) {
                Ok(Outcome::Value(value)) => match convert(rule, &value) {
                    Ok(Json::Null) => projection.empty.push(index),
                    Ok(value) => projection.values.push((index, value)),
                    Err(problem) => projection.problems.push(problem),
                },
                Ok(Outcome::IgnoreFlow) => projection.ignored.push(index),
                Ok(Outcome::IgnoreObject) => projection.ignore_object = true,
                Err(problem) => projection.problems.push(problem),
            }
        }
        projection
    }

    /// The defaults of the rules without a value, which flow on create only (E7.4, A5).
    pub fn default_for_create(&self, projection: &Projection) -> Vec<(usize, Json)> {
        let default = |index: &usize| {
            let rule = self.rules.get(*index)?;
            let value = convert(rule, &Value::text(rule.default.as_deref()?)).ok()?;
            (!value.is_null()).then_some((*index, value))
        };
        projection.empty.iter().filter_map(default).collect()
    }

    /// The projection as a create sends it: with defaults, in the order of the rules. A required attribute without a
    /// value is the problem `MandatoryFieldsMissing` (E7.5); an empty text is no value for it.
    pub fn for_create(&self, projection: &Projection) -> Projection {
        let mut complete = projection.clone();
        let defaults = self.default_for_create(projection);
        complete.empty.retain(|index| !defaults.iter().any(|(filled, _)| filled == index));
        complete.values.extend(defaults);
        complete.values.sort_by_key(|(index, _)| *index);
        for (index, rule) in self.rules.iter().enumerate().filter(|(_, rule)| rule.required && !rule.reference) {
            let failed = complete.problems.iter().any(|problem| problem.target == rule.target);
            let filled = complete.value(index).is_some_and(|value| value.as_str() != Some(""));
            if !filled && !failed {
                complete.problems.push(Problem {
                    target: rule.target.clone(),
                    code: "MandatoryFieldsMissing".to_owned(),
                    message: missing(rule),
                });
            }
        }
        complete
    }

    /// The values to look an existing account up by, in order (E6.2); rules without a value are passed over (E6.12).
    pub fn matching_values<'a>(&'a self, projection: &'a Projection) -> impl Iterator<Item = (&'a Rule, &'a Json)> {
        self.matching.iter().filter_map(|index| {
            let value = projection.value(*index).filter(|value| value.as_str() != Some(""))?;
            Some((self.rules.get(*index)?, value))
        })
    }
}

fn missing(rule: &Rule) -> String {
    let from = match rule.source.attributes().as_slice() {
        [] => String::new(),
        names => format!(" (it comes from {})", names.join(", ")),
    };
    format!(
        "the app requires {}, and there is no value for it{from}: fill it in or give the mapping a default",
        rule.target
    )
}

fn evaluate(rule: &Rule, object: &SourceObject<'_>, context: &Context) -> Result<Outcome, Problem> {
    use crate::expression::Source as _;
    match &rule.source {
        RuleSource::Direct(name) => Ok(Outcome::Value(object.attribute(name))),
        RuleSource::Constant(text) => Ok(Outcome::Value(Value::text(text))),
        RuleSource::None => Ok(Outcome::Value(Value::Null)),
        RuleSource::Expression(expression) => {
            let outcome = if rule.source.is_unique() {
                expression.evaluate(object, &context.aimed_at(&rule.target))
            } else {
                expression.evaluate(object, context)
            };
            outcome.map_err(|error| Problem {
                target: rule.target.clone(),
                code: error.code.as_str().to_owned(),
                message: format!("the expression {} failed: {}", expression.text(), error.message),
            })
        }
    }
}

/// The value in the target attribute's declared type (E15.24): `"True"` becomes true for a Boolean. Null is no
/// value, and so is an empty text where the type is not text.
fn convert(rule: &Rule, value: &Value) -> Result<Json, Problem> {
    let problem = |code: &str, message: String| Problem { target: rule.target.clone(), code: code.to_owned(), message };
    match value.single() {
        Value::Null => Ok(Json::Null),
        Value::List(several) if rule.multivalued => {
            let converted = several.iter().map(|one| convert_one(rule, one)).collect::<Result<Vec<_>, _>>();
            let kept: Vec<Json> =
                converted.map_err(|m| problem("ARG_TYPE", m))?.into_iter().filter(|v| !v.is_null()).collect();
            Ok(if kept.is_empty() { Json::Null } else { Json::Array(kept) })
        }
        Value::List(several) => {
            let message = format!(
                "{} holds one value and the mapping gives {}: map a single one, for example with Item([…], 1)",
                rule.target,
                several.len()
            );
            Err(problem("SchemaPropertyCanOnlyAcceptValue", message))
        }
        one => {
            let converted = convert_one(rule, one).map_err(|m| problem("ARG_TYPE", m))?;
            Ok(if rule.multivalued && !converted.is_null() { Json::Array(vec![converted]) } else { converted })
        }
    }
}

fn convert_one(rule: &Rule, value: &Value) -> Result<Json, String> {
    let text = value.to_text().unwrap_or_default();
    let unreadable = |needed: &str| format!("{} needs {needed}, and the mapping gives `{text}`", rule.target);
    match rule.target_type {
        AttributeType::String | AttributeType::Reference | AttributeType::Binary => Ok(Json::String(text)),
        _ if text.trim().is_empty() => Ok(Json::Null),
        AttributeType::DateTime => Ok(Json::String(match value {
            Value::DateTime(date) => date.iso(),
            _ => text,
        })),
        AttributeType::Boolean => value.to_boolean().map(Json::Bool).ok_or_else(|| unreadable("True or False")),
        AttributeType::Integer => value.to_integer().map(Json::from).ok_or_else(|| unreadable("a whole number")),
    }
}

#[cfg(test)]
mod tests;
