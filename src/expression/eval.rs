//! Tree and data to value.

use super::context::Context;
use super::date::{self, DateTime};
use super::error::{Code, ExpressionError, Span};
use super::functions::{Body, Call, Eager};
use super::tree::{Constant, Kind, Node, Operator};
use super::value::{Decimal, Value, parse_integer};

/// Longest value of a function, in bytes. Directory attributes end far below it.
pub(super) const MAX_RESULT: usize = 1 << 20;

/// Where attribute values come from. Names are case-sensitive; an unknown one is null.
pub trait Source {
    /// The value of an attribute.
    fn attribute(&self, name: &str) -> Value;
}

impl<F: Fn(&str) -> Value> Source for F {
    fn attribute(&self, name: &str) -> Value {
        self(name)
    }
}

/// What comes out of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A value; null means that nothing flows.
    Value(Value),
    /// The attribute is left out of this update (`IgnoreFlowIfNullOrEmpty`, `IgnoreAttributeFlow`).
    IgnoreFlow,
    /// The whole object is left alone (`IgnoreObjectFlow`).
    IgnoreObject,
}

/// Why evaluation ended early: an error, or a flow signal, which makes the result of every function around it.
#[derive(Debug)]
pub(super) enum Stop {
    Error(ExpressionError),
    IgnoreFlow,
    IgnoreObject,
}

pub(super) fn stop(code: Code, message: impl Into<String>, span: Span) -> Stop {
    Stop::Error(ExpressionError::new(code, message, span))
}

pub(super) fn evaluate(root: &Node, source: &dyn Source, context: &Context) -> Result<Outcome, ExpressionError> {
    match (Evaluator { source, context }).value(root) {
        Ok(value) => Ok(Outcome::Value(value)),
        Err(Stop::IgnoreFlow) => Ok(Outcome::IgnoreFlow),
        Err(Stop::IgnoreObject) => Ok(Outcome::IgnoreObject),
        Err(Stop::Error(error)) => Err(error),
    }
}

pub(super) struct Evaluator<'a> {
    source: &'a dyn Source,
    pub(super) context: &'a Context,
}

impl Evaluator<'_> {
    /// The clock as a date of the language.
    pub(super) fn now(&self) -> DateTime {
        DateTime::from_timestamp(self.context.now)
    }

    pub(super) fn value(&self, node: &Node) -> Result<Value, Stop> {
        match &node.kind {
            Kind::Attribute(name) => Ok(self.source.attribute(name)),
            Kind::Text(text) => Ok(Value::Text(text.clone())),
            Kind::Number(spelling) => Ok(number(spelling)),
            Kind::Constant(Constant::IgnoreAttributeFlow) => Err(Stop::IgnoreFlow),
            Kind::Constant(Constant::IgnoreObjectFlow) => Err(Stop::IgnoreObject),
            Kind::Constant(name) => Ok(Value::text(name.as_str())),
            Kind::Compare(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                Ok(Value::Boolean(compare(*operator, &left, &right, self.now())))
            }
            Kind::Concat(left, right) => {
                let mut joined = String::new();
                for side in [left, right] {
                    let value = self.value(side)?;
                    match value.to_text() {
                        Some(text) => joined.push_str(&text),
                        None if value.is_null() => {}
                        None => return Err(stop(Code::ArgType, "`&` joins single values, not a list", side.span)),
                    }
                }
                Ok(Value::Text(joined))
            }
            Kind::Call(function, arguments) => {
                let pattern = node.pattern.as_ref();
                let call = Call { function, arguments, pattern, span: node.span, evaluator: self };
                let value = match &function.body {
                    Body::Lazy(run) => run(&call)?,
                    Body::Eager(run) => run(&call, &call.values()?)?,
                    Body::Mapped(run) => mapped(&call, *run)?,
                };
                bounded(function.name, value, node.span)
            }
        }
    }
}

/// Over a list of two values or more as first argument, once for each.
fn mapped(call: &Call<'_>, run: Eager) -> Result<Value, Stop> {
    let mut values = call.values()?;
    let Some(Value::List(several)) = values.first().map(Value::single).cloned() else { return run(call, &values) };
    let mut results = Vec::with_capacity(several.len());
    let mut size = 0_usize;
    for one in several {
        if let Some(first) = values.first_mut() {
            *first = one;
        }
        let result = run(call, &values)?;
        size = size.saturating_add(result.size());
        if size > MAX_RESULT {
            return Err(too_long(call.function.name, call.span));
        }
        results.push(result);
    }
    Ok(Value::list(results))
}

/// Functions that lengthen a text can be nested a hundred deep: what comes out has a limit.
fn bounded(name: &str, value: Value, span: Span) -> Result<Value, Stop> {
    if value.size() > MAX_RESULT { Err(too_long(name, span)) } else { Ok(value) }
}

fn too_long(name: &str, span: Span) -> Stop {
    stop(Code::OutOfRange, format!("{name}: the result is longer than {MAX_RESULT} bytes"), span)
}

/// A literal: hexadecimal becomes a number, a spelling that is not canonical is kept.
fn number(spelling: &str) -> Value {
    match parse_integer(spelling) {
        Some(number) if spelling.starts_with("&H") || number.to_string() == spelling => Value::Number(number),
        _ => Value::Decimal(spelling.to_owned()),
    }
}

/// `left operator right`. A side without a value makes every comparison false, `<>` included.
fn compare(operator: Operator, left: &Value, right: &Value, now: DateTime) -> bool {
    if left.is_empty() || right.is_empty() {
        return false;
    }
    let (left, right) = (left.single(), right.single());
    let is_boolean = matches!(left, Value::Boolean(_)) || matches!(right, Value::Boolean(_));
    if is_boolean && let (Some(left), Some(right)) = (left.to_boolean(), right.to_boolean()) {
        return operator.holds(left.cmp(&right));
    }
    if !is_boolean && (matches!(left, Value::DateTime(_)) || matches!(right, Value::DateTime(_))) {
        return match (instant(left, now), instant(right, now)) {
            (Some(left), Some(right)) => operator.holds(left.cmp(&right)),
            // As with a number and something that is none.
            _ => operator == Operator::NotEqual,
        };
    }
    let (Some(left_text), Some(right_text)) = (left.to_text(), right.to_text()) else {
        // Two values or more have no order and equal no single value.
        return operator == Operator::NotEqual;
    };
    let is_number = |value: &Value| matches!(value, Value::Number(_) | Value::Decimal(_));
    let numbers = (Decimal::parse(&left_text), Decimal::parse(&right_text));
    if is_number(left) || is_number(right) {
        return match numbers {
            (Some(left), Some(right)) => operator.holds(left.cmp(&right)),
            _ => operator == Operator::NotEqual,
        };
    }
    if operator.orders()
        && let (Some(left), Some(right)) = numbers
    {
        return operator.holds(left.cmp(&right));
    }
    operator.holds(left_text.encode_utf16().cmp(right_text.encode_utf16()))
}

/// A date as it is, anything else by its text as `CDate` reads it.
fn instant(value: &Value, now: DateTime) -> Option<DateTime> {
    match value {
        Value::DateTime(date) => Some(*date),
        other => date::read(&other.to_text()?, now).ok(),
    }
}
