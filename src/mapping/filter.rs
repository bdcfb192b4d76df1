//! Scoping filters: who belongs (E3.20–E3.33).

mod check;
mod contradiction;

use super::error::{Issue, MappingError};
use super::operator::Operator;
use super::reader::Place;
use super::source::SourceObject;
use crate::expression::Pattern;
use serde::Serialize;
use serde_json::Value;

/// A scoping filter of an object mapping. It is in scope if any group holds; a group holds if all its clauses do.
#[derive(Clone, Debug)]
pub struct ScopingFilter {
    groups: Vec<Group>,
    input: Vec<Group>,
    category: Vec<Group>,
    issues: Vec<Issue>,
}

#[derive(Clone, Debug)]
struct Group {
    name: String,
    clauses: Vec<Clause>,
}

#[derive(Clone, Debug)]
struct Clause {
    attribute: String,
    /// As written.
    operator_name: String,
    /// `None`: no such operator; the clause is false.
    operator: Option<Operator>,
    values: Vec<String>,
    /// One per value; `None`: a broken pattern, which matches nobody, negated or not.
    patterns: Vec<Option<Pattern>>,
}

/// What one clause says about one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClauseVerdict {
    /// Index of the group, from 0.
    pub group: usize,
    /// Source attribute.
    pub attribute: String,
    /// Operator as it is written in the filter.
    pub operator: String,
    /// The clause's value: a text, a list of texts, or null for operators without one.
    pub value: Value,
    /// The object's value, or null.
    pub actual: Value,
    /// Whether the clause holds.
    pub holds: bool,
}

/// What a filter says about one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether the object is in scope. Falling out deprovisions.
    pub in_scope: bool,
    /// False if the experimental input or category filters leave the object out: it is then ignored, and falling
    /// out does not deprovision (E3.30).
    #[serde(skip)]
    pub considered: bool,
    /// Every clause of every group, all of them evaluated.
    pub clauses: Vec<ClauseVerdict>,
}

/// A group in words, for comparison.
pub(super) struct GroupOutline {
    pub(super) name: String,
    /// As people write them.
    pub(super) clauses: Vec<String>,
}

impl ScopingFilter {
    /// Reads a filter in Graph's form (`sourceOperandName`, `operatorName`, `targetOperand.values`) or in the short
    /// form (`attribute`, `operator`, `value`).
    ///
    /// # Errors
    ///
    /// A member is missing or of the wrong type. Mistakes that do not keep the filter from being read, such as a
    /// pattern that does not compile, are in [`ScopingFilter::issues`].
    pub fn from_json(filter: &Value) -> Result<Self, MappingError> {
        let place = Place { value: filter, path: "scope".to_owned() };
        let mut filter = Self::read(&place)?;
        filter.issues.extend(filter.doubts(&place.path, None));
        Ok(filter)
    }

    /// As [`ScopingFilter::from_json`], without the doubts that need to know the attributes.
    pub(super) fn read(place: &Place<'_>) -> Result<Self, MappingError> {
        let place = place.clone().object()?;
        let mut issues = Vec::new();
        let groups = read_groups(&place, "groups", &mut issues)?;
        let input = read_groups(&place, "inputFilterGroups", &mut issues)?;
        let category = read_groups(&place, "categoryFilterGroups", &mut issues)?;
        Ok(Self { groups, input, category, issues })
    }

    /// What is wrong or looks wrong with the filter: errors are refused when a mapping is loaded.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The groups in words: the normal ones, the input and the category filters.
    pub(super) fn outline(&self) -> [Vec<GroupOutline>; 3] {
        let outline = |group: &Group| GroupOutline {
            name: group.name.clone(),
            clauses: group.clauses.iter().map(Clause::words).collect(),
        };
        [&self.groups, &self.input, &self.category].map(|groups| groups.iter().map(outline).collect())
    }

    /// Whether the filter restricts nothing.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.input.is_empty() && self.category.is_empty()
    }

    /// Names of the attributes the clauses look at.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let all = self.groups.iter().chain(&self.input).chain(&self.category);
        all.flat_map(|group| group.clauses.iter().map(|clause| clause.attribute.as_str()))
    }

    /// Evaluates every clause for one object.
    pub fn evaluate(&self, object: &SourceObject<'_>) -> Verdict {
        self.evaluate_with(&|name| object.json(name))
    }

    /// As [`ScopingFilter::evaluate`], over any attributes. An unknown attribute is null.
    pub fn evaluate_with(&self, attribute: &dyn Fn(&str) -> Value) -> Verdict {
        let mut clauses = Vec::new();
        let mut in_scope = self.groups.is_empty();
        for (index, group) in self.groups.iter().enumerate() {
            let mut all = true;
            for clause in &group.clauses {
                let actual = attribute(&clause.attribute);
                let holds = clause.holds(&actual);
                all &= holds;
                clauses.push(clause.verdict(index, actual, holds));
            }
            in_scope |= all;
        }
        let considered = [&self.input, &self.category].into_iter().all(|groups| {
            groups.is_empty() || groups.iter().any(|g| g.clauses.iter().all(|c| c.holds(&attribute(&c.attribute))))
        });
        Verdict { in_scope, considered, clauses }
    }
}

fn read_groups(place: &Place<'_>, name: &str, issues: &mut Vec<Issue>) -> Result<Vec<Group>, MappingError> {
    let mut groups = Vec::new();
    for group in place.objects(name)? {
        let mut clauses = Vec::new();
        for clause in group.objects("clauses")? {
            clauses.push(read_clause(&clause, issues)?);
        }
        groups.push(Group { name: group.text("name")?.unwrap_or_default(), clauses });
    }
    Ok(groups)
}

fn read_clause(place: &Place<'_>, issues: &mut Vec<Issue>) -> Result<Clause, MappingError> {
    let short = place.member("attribute").is_some();
    let (attribute, operator, value) =
        if short { ("attribute", "operator", "value") } else { ("sourceOperandName", "operatorName", "targetOperand") };
    let operator_name = place.required_text(operator)?;
    let attribute = place.required_text(attribute)?;
    let operand = match place.member(value) {
        Some(operand) if !short => operand.object()?.member("values"),
        other => other,
    };
    let values = match operand {
        None => Vec::new(),
        Some(operand) => texts(&operand)?,
    };
    let operator = Operator::parse(&operator_name);
    let mut clause = Clause { attribute, operator_name, operator, values, patterns: Vec::new() };
    clause.patterns = clause.compile(place, issues);
    clause.check(place, issues);
    Ok(clause)
}

fn texts(place: &Place<'_>) -> Result<Vec<String>, MappingError> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => as_text(value),
        _ => None,
    };
    let texts = match place.value {
        Value::Array(values) => values.iter().map(text).collect::<Option<Vec<_>>>(),
        one => text(one).map(|text| vec![text]),
    };
    texts.ok_or_else(|| MappingError::at(&place.path, "a text or a list of texts is needed here"))
}

impl Clause {
    fn compile(&self, place: &Place<'_>, issues: &mut Vec<Issue>) -> Vec<Option<Pattern>> {
        if !self.operator.is_some_and(Operator::is_regex) {
            return Vec::new();
        }
        let compile = |pattern: &String| match Pattern::compile(pattern) {
            Ok(compiled) => {
                if !(pattern.starts_with('^') || pattern.ends_with('$')) {
                    let message = format!(
                        "the pattern {pattern} may match anywhere in the value; write ^…$ if the whole value is meant"
                    );
                    issues.push(Issue::warning(&place.path, message));
                }
                Some(compiled)
            }
            Err(error) => {
                let message = format!("the pattern {pattern} does not compile, it would match nobody: {error}");
                issues.push(Issue::error(&place.path, message));
                None
            }
        };
        self.values.iter().map(compile).collect()
    }

    /// The null rule first: without a value every clause is false, the negative ones too; only `IS NULL` is true
    /// (E3.24). Several values of an attribute must all satisfy the clause.
    fn holds(&self, actual: &Value) -> bool {
        let Some(operator) = self.operator.filter(|_| self.attribute != check::MEMBERS) else { return false };
        let values = present(actual);
        match operator {
            Operator::IsNull => values.is_empty(),
            Operator::IsNotNull => !values.is_empty(),
            Operator::IsTrue => !values.is_empty() && values.iter().all(|v| boolean(v) == Some(true)),
            Operator::IsFalse => !values.is_empty() && values.iter().all(|v| boolean(v) == Some(false)),
            binary => {
                let texts: Vec<String> = values.into_iter().filter_map(as_text).collect();
                !texts.is_empty() && texts.iter().all(|text| self.binary(binary, text))
            }
        }
    }

    /// Positive operators need one of the target values, negative ones all.
    fn binary(&self, operator: Operator, text: &str) -> bool {
        let one = |(index, value): (usize, &String)| match operator {
            Operator::Equals => text == value,
            Operator::NotEquals => text != value,
            Operator::Includes => text.contains(value.as_str()),
            Operator::EndsWith => text.ends_with(value.as_str()),
            Operator::OccursIn => value.contains(text),
            Operator::NotOccursIn => !value.contains(text),
            Operator::GreaterThan => numbers(text, value).is_some_and(|(a, b)| a > b),
            Operator::GreaterThanOrEquals => numbers(text, value).is_some_and(|(a, b)| a >= b),
            Operator::RegexMatch => self.matches(index, text) == Some(true),
            Operator::NotRegexMatch => self.matches(index, text) == Some(false),
            Operator::IsTrue | Operator::IsFalse | Operator::IsNull | Operator::IsNotNull => false,
        };
        let mut values = self.values.iter().enumerate();
        if operator.is_negative() { !self.values.is_empty() && values.all(one) } else { values.any(one) }
    }

    /// `None` for a broken pattern, and for one that is given up: it puts nobody in scope, negated or not.
    fn matches(&self, index: usize, text: &str) -> Option<bool> {
        self.patterns.get(index)?.as_ref()?.is_match(text).ok()
    }

    /// The clause as people write it: `department EQUALS "Sales"`.
    fn words(&self) -> String {
        let quoted = |value: &String| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let values: Vec<String> = self.values.iter().map(quoted).collect();
        let operator = match self.operator {
            Some(known) => known.as_str(),
            None => &self.operator_name,
        };
        format!("{} {operator} {}", self.attribute, values.join(" or ")).trim_end().to_owned()
    }

    fn verdict(&self, group: usize, actual: Value, holds: bool) -> ClauseVerdict {
        let value = match self.values.as_slice() {
            [] => Value::Null,
            [one] => Value::String(one.clone()),
            several => several.iter().cloned().map(Value::String).collect(),
        };
        let (attribute, operator) = (self.attribute.clone(), self.operator_name.clone());
        ClauseVerdict { group, attribute, operator, value, actual, holds }
    }
}

/// The values an attribute has; null and empty are none. Among several values blank ones are ignored.
fn present(actual: &Value) -> Vec<&Value> {
    let has_value = |value: &&Value| !value.is_null() && value.as_str() != Some("");
    match actual {
        Value::Array(values) => {
            let several = values.len() > 1;
            let kept = values.iter().filter(has_value);
            kept.filter(|v| !several || v.as_str().is_none_or(|text| !text.trim().is_empty())).collect()
        }
        one => Some(one).filter(has_value).into_iter().collect(),
    }
}

fn as_text(value: &Value) -> Option<String> {
    crate::expression::Value::from_json(value).to_text()
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn whole_number(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn numbers(left: &str, right: &str) -> Option<(i128, i128)> {
    Some((whole_number(left)?, whole_number(right)?))
}

#[cfg(test)]
mod tests;
