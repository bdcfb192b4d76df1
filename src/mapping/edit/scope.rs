//! The scoping filter: groups and clauses.

use super::Draft;
use crate::expression::Expression;
use crate::mapping::error::{MappingError, Severity};
use crate::mapping::filter::ScopingFilter;
use crate::mapping::operator::Operator;
use crate::mapping::reader::Place;
use serde_json::{Map, Value, json};

/// The group sets of a filter, in the order of Graph; the last one is the normal one.
const SETS: [&str; 3] = ["categoryFilterGroups", "inputFilterGroups", "groups"];

/// A condition of a scoping filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClause {
    /// Source attribute.
    pub attribute: String,
    /// What is asked of it.
    pub operator: Operator,
    /// What it is compared with; none for operators that look at the attribute only.
    pub values: Vec<String>,
}

impl NewClause {
    /// Reads a condition as people write it: `department EQUALS Sales`, `mail IS NOT NULL`,
    /// `department EQUALS ["Sales", "Field Sales"]`. A value in double quotes follows the rules of expressions.
    ///
    /// # Errors
    ///
    /// There is no attribute, or no operator that Heeler knows.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let wrong = |message: String| MappingError::not_changed("clause", message);
        let text = text.trim();
        let (attribute, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let attribute = attribute.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(attribute);
        if attribute.is_empty() {
            return Err(wrong("a clause is an attribute, an operator and a value: department EQUALS Sales".to_owned()));
        }
        let Some((operator, value)) = operator(rest) else {
            let names: Vec<&str> = Operator::ALL.iter().map(|o| o.as_str()).collect();
            let message =
                format!("`{}` begins with no operator of filters; they are {}", rest.trim(), names.join(", "));
            return Err(wrong(message));
        };
        Ok(Self { attribute: attribute.to_owned(), operator, values: values(value) })
    }

    fn to_graph(&self) -> Value {
        json!({
            "operatorName": self.operator.as_str(),
            "sourceOperandName": self.attribute,
            "targetOperand": {"values": self.values},
        })
    }
}

/// The longest operator name at the start, and what follows it. Names have up to three words.
fn operator(text: &str) -> Option<(Operator, &str)> {
    let text = text.trim_start();
    let ends = text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).chain([text.len()]);
    let mut found = None;
    for end in ends.take_while(|end| *end <= 40) {
        let (name, rest) = text.split_at(end);
        found = Operator::parse(name).map(|operator| (operator, rest.trim())).or(found);
    }
    found
}

fn values(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    if text.starts_with('[')
        && let Ok(several) = serde_json::from_str::<Vec<String>>(text)
    {
        return several;
    }
    let quoted = text.starts_with('"').then(|| Expression::parse(text).ok()).flatten();
    vec![quoted.as_ref().and_then(Expression::as_text).unwrap_or(text).to_owned()]
}

impl Draft<'_> {
    fn scope_path(&self) -> String {
        format!("{}.scope", self.mapping.path)
    }

    pub(super) fn scope(&mut self, filter: Option<&Value>) -> Result<(), MappingError> {
        let path = self.scope_path();
        let written = match filter {
            None => Value::Null,
            Some(filter) => {
                check(filter, &path)?;
                graph_filter(filter)
            }
        };
        let place = self.mapping.path.clone();
        self.object(&place)?.insert("scope".to_owned(), written);
        Ok(())
    }

    pub(super) fn add_group(&mut self, name: &str, clauses: &[NewClause]) -> Result<(), MappingError> {
        let path = self.scope_path();
        if clauses.is_empty() {
            let message = "a group without clauses would hold for everybody: give it one";
            return Err(MappingError::not_changed(path, message));
        }
        let clauses: Vec<Value> = clauses.iter().map(NewClause::to_graph).collect();
        let group = json!({"name": name, "clauses": clauses});
        check(&json!({"groups": [group]}), &path)?;
        let place = self.mapping.path.clone();
        let scope = self.object(&place)?.entry("scope").or_insert(Value::Null);
        if scope.is_null() {
            *scope = graph_filter(&json!({}));
        }
        self.list(&path, "groups")?.push(group);
        Ok(())
    }

    pub(super) fn add_clause(&mut self, group: usize, clause: &NewClause) -> Result<(), MappingError> {
        let clause = clause.to_graph();
        check(&json!({"groups": [{"clauses": [clause]}]}), &self.scope_path())?;
        let path = self.group(group)?;
        self.list(&path, "clauses")?.push(clause);
        Ok(())
    }

    pub(super) fn remove_clause(&mut self, group: usize, clause: usize) -> Result<(), MappingError> {
        let path = self.group(group)?;
        let clauses = self.list(&path, "clauses")?;
        if clause >= clauses.len() {
            let message = format!("there is no clause {} in this group; it has {}", clause + 1, clauses.len());
            return Err(MappingError::not_changed(format!("{path}.clauses"), message));
        }
        clauses.remove(clause);
        if clauses.is_empty() {
            self.remove_group(group)?;
        }
        Ok(())
    }

    pub(super) fn remove_group(&mut self, group: usize) -> Result<(), MappingError> {
        self.group(group)?;
        let path = self.scope_path();
        self.list(&path, "groups")?.remove(group);
        Ok(())
    }

    pub(super) fn name_group(&mut self, group: usize, name: &str) -> Result<(), MappingError> {
        let path = self.group(group)?;
        self.object(&path)?.insert("name".to_owned(), json!(name));
        Ok(())
    }

    /// The path of a group that is there.
    fn group(&mut self, group: usize) -> Result<String, MappingError> {
        let path = self.scope_path();
        let groups = self.schema.at(&format!("{path}.groups")).and_then(Value::as_array).map_or(0, Vec::len);
        if group < groups {
            return Ok(format!("{path}.groups[{group}]"));
        }
        let message = match groups {
            0 => "the filter has no groups: add one".to_owned(),
            _ => format!("there is no group {}; the filter has {groups}", group + 1),
        };
        Err(MappingError::not_changed(path, message))
    }
}

/// Errors of a filter, before it is written.
fn check(filter: &Value, path: &str) -> Result<(), MappingError> {
    let read = ScopingFilter::read(&Place { value: filter, path: path.to_owned() });
    let issues = match &read {
        Ok(filter) => filter.issues(),
        Err(error) => error.issues(),
    };
    let errors: Vec<_> = issues.iter().filter(|issue| issue.severity == Severity::Error).cloned().collect();
    if errors.is_empty() { Ok(()) } else { Err(MappingError::NotChanged(errors)) }
}

/// A filter that can be read, in Graph's form; members that nobody knows stay.
fn graph_filter(filter: &Value) -> Value {
    let mut written = Map::new();
    for set in SETS {
        let groups = filter.get(set).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        written.insert(set.to_owned(), groups.iter().enumerate().map(|(index, g)| graph_group(index, g)).collect());
    }
    for (name, value) in filter.as_object().into_iter().flatten() {
        written.entry(name).or_insert_with(|| value.clone());
    }
    Value::Object(written)
}

fn graph_group(index: usize, group: &Value) -> Value {
    let mut written = Map::new();
    let name = group.get("name").and_then(Value::as_str).map_or_else(|| format!("Filter {}", index + 1), str::to_owned);
    written.insert("name".to_owned(), Value::String(name));
    let clauses = group.get("clauses").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    written.insert("clauses".to_owned(), clauses.iter().map(graph_clause).collect());
    for (name, value) in group.as_object().into_iter().flatten() {
        written.entry(name).or_insert_with(|| value.clone());
    }
    Value::Object(written)
}

fn graph_clause(clause: &Value) -> Value {
    const SHORT: [&str; 3] = ["attribute", "operator", "value"];
    let short = clause.get("attribute").is_some_and(|attribute| !attribute.is_null());
    let [attribute, operator] = if short { ["attribute", "operator"] } else { ["sourceOperandName", "operatorName"] };
    let text = |name: &str| clause.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let operator = text(operator);
    let operator = Operator::parse(&operator).map_or(operator, |known| known.as_str().to_owned());
    let operand = if short { clause.get("value") } else { clause.get("targetOperand").and_then(|o| o.get("values")) };
    let mut target = Map::new();
    let values = match operand {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(one) => vec![one],
    };
    let values = values.into_iter().filter_map(|value| crate::expression::Value::from_json(value).to_text());
    target.insert("values".to_owned(), values.map(Value::String).collect());
    if let (false, Some(Value::Object(operand))) = (short, clause.get("targetOperand")) {
        for (name, value) in operand {
            target.entry(name).or_insert_with(|| value.clone());
        }
    }
    let mut written = Map::new();
    written.insert("operatorName".to_owned(), json!(operator));
    written.insert("sourceOperandName".to_owned(), json!(text(attribute)));
    written.insert("targetOperand".to_owned(), Value::Object(target));
    for (name, value) in clause.as_object().into_iter().flatten() {
        if !SHORT.contains(&name.as_str()) || !short {
            written.entry(name).or_insert_with(|| value.clone());
        }
    }
    Value::Object(written)
}
