//! `Replace`: five functions in one, told apart by which arguments are written.

use super::Call;
use crate::expression::error::{Code, ExpressionError};
use crate::expression::eval::{MAX_RESULT, Stop};
use crate::expression::regex::{Fault, Pattern, PatternError};
use crate::expression::tree::{Kind, Node};
use crate::expression::value::Value;

const OLD_VALUE: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const REPLACEMENT: usize = 4;
const ATTRIBUTE: usize = 5;
const TEMPLATE: usize = 6;

#[derive(Clone, Copy)]
enum Mode {
    Text,
    Template,
    Regex,
    Group,
    Fallback,
}

fn mode(written: impl Fn(usize) -> bool) -> Option<Mode> {
    match [OLD_VALUE, PATTERN, GROUP, REPLACEMENT, ATTRIBUTE, TEMPLATE].map(written) {
        [true, false, false, true, false, false] => Some(Mode::Text),
        [true, false, false, false, false, true] => Some(Mode::Template),
        [false, true, false, true, false, false] => Some(Mode::Regex),
        [false, true, true, true, false, false] => Some(Mode::Group),
        [false, true, true, false, true, false] => Some(Mode::Fallback),
        _ => None,
    }
}

/// The optional arguments that are written make one of the five modes.
pub(super) fn check(written: &[bool]) -> Result<(), String> {
    match mode(|index| written.get(index).copied().unwrap_or(false)) {
        Some(_) => Ok(()),
        None => {
            Err("Replace takes its source and one of these: oldValue and replacementValue; oldValue and template; \
                     regexPattern and replacementValue; these two and regexGroupName; regexPattern, regexGroupName and \
                     replacementAttributeName. The place of an omitted argument stays: \
                     Replace([a], , \"pattern\", , \"new\", , )"
                .to_owned())
        }
    }
}

fn literal(arguments: &[Option<Node>], index: usize) -> Option<(&Node, &str)> {
    let node = arguments.get(index)?.as_ref()?;
    Some((node, node.as_text()?))
}

pub(super) fn literal_pattern(arguments: &[Option<Node>]) -> Option<Result<Pattern, PatternError>> {
    literal(arguments, PATTERN).map(|(_, text)| Pattern::compile(text))
}

pub(super) fn problem(node: &Node) -> Option<ExpressionError> {
    let Kind::Call(function, arguments) = &node.kind else { return None };
    let (place, text) = literal(arguments, PATTERN)?;
    let error = |message: &str, node: &Node| {
        let message = format!("{}: {message}", function.name);
        Some(ExpressionError::new(Code::BadRegex, message, node.span))
    };
    match node.pattern.as_ref()? {
        Err(fault) => error(&describe(text, fault), place),
        Ok(pattern) => {
            let (place, group) = literal(arguments, GROUP)?;
            if pattern.has_group(group) { None } else { error(&no_group(group), place) }
        }
    }
}

/// What is wrong with a pattern, and the part of it that begins there.
fn describe(text: &str, fault: &PatternError) -> String {
    let Some(rest) = fault.offset.and_then(|at| text.get(at..)) else { return fault.message.clone() };
    let part: String = rest.chars().take(20).collect();
    match (part.is_empty(), part.len() < rest.len()) {
        (true, _) => format!("the pattern is broken at its end: {}", fault.message),
        (false, true) => format!("the pattern is broken at `{part}…`: {}", fault.message),
        (false, false) => format!("the pattern is broken at `{part}`: {}", fault.message),
    }
}

fn no_group(group: &str) -> String {
    format!("the pattern has no group `{group}`")
}

pub(super) fn run(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let source = call.text(values, 0)?;
    let Some(mode) = mode(|index| call.written(index)) else {
        return Err(call.fail(0, Code::ArgCount, "no such combination of arguments"));
    };
    if let Mode::Fallback = mode {
        return match source {
            Some(source) if !source.is_empty() => Ok(Value::Text(source)),
            _ => fallback(call, values),
        };
    }
    let Some(source) = source else { return Ok(Value::Null) };
    let replacement = call.text(values, REPLACEMENT)?.unwrap_or_default();
    let result = match mode {
        Mode::Text => every(call, values, &source, &replacement)?,
        Mode::Template => match call.text(values, TEMPLATE)? {
            Some(template) => every(call, values, &template, &source)?,
            None => return Ok(Value::Null),
        },
        Mode::Regex => {
            let pattern = pattern(call, values)?;
            pattern.replace(&source, &replacement).map_err(|fault| failed(call, &fault))?
        }
        Mode::Group | Mode::Fallback => {
            let pattern = pattern(call, values)?;
            let group = group(call, values, &pattern)?;
            pattern.replace_group(&source, &group, &replacement).map_err(|fault| failed(call, &fault))?
        }
    };
    Ok(Value::Text(result))
}

/// Every literal `oldValue` in a text becomes another text.
fn every(call: &Call<'_>, values: &[Value], text: &str, new: &str) -> Result<String, Stop> {
    let old = call.text(values, OLD_VALUE)?.unwrap_or_default();
    if old.is_empty() {
        return Err(call.fail(OLD_VALUE, Code::ArgValue, "oldValue is empty; nothing can be looked for"));
    }
    // Counted first: a short template can ask for a very long result.
    let found = text.matches(old.as_str()).count();
    let length = found.saturating_mul(new.len()).saturating_add(text.len() - found * old.len());
    if length > MAX_RESULT {
        let message = format!("the result is longer than {MAX_RESULT} bytes");
        return Err(call.fail(OLD_VALUE, Code::OutOfRange, message));
    }
    Ok(text.replace(old.as_str(), new))
}

/// The source has no value: what the group captures in the value of another attribute.
fn fallback(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let Some(other) = call.text(values, ATTRIBUTE)?.filter(|other| !other.is_empty()) else { return Ok(Value::Null) };
    let pattern = pattern(call, values)?;
    let group = group(call, values, &pattern)?;
    let found = pattern.first_group(&other, &group).map_err(|fault| failed(call, &fault))?;
    Ok(Value::Text(found.unwrap_or_default()))
}

/// The literal pattern as it was read once, any other one as it is now.
fn pattern(call: &Call<'_>, values: &[Value]) -> Result<Pattern, Stop> {
    let text = call.text(values, PATTERN)?;
    let Some(text) = text else { return Err(call.fail(PATTERN, Code::BadRegex, "the pattern has no value")) };
    let compiled = call.pattern.cloned().unwrap_or_else(|| Pattern::compile(&text));
    compiled.map_err(|fault| call.fail(PATTERN, Code::BadRegex, describe(&text, &fault)))
}

fn group(call: &Call<'_>, values: &[Value], pattern: &Pattern) -> Result<String, Stop> {
    let group = call.text(values, GROUP)?.unwrap_or_default();
    if pattern.has_group(&group) { Ok(group) } else { Err(call.fail(GROUP, Code::BadRegex, no_group(&group))) }
}

/// A fault of a pattern that could be read, at the argument that is to blame.
fn failed(call: &Call<'_>, fault: &PatternError) -> Stop {
    let (index, code) = match fault.fault {
        Fault::Broken => (REPLACEMENT, Code::BadRegex),
        Fault::GaveUp => (PATTERN, Code::BadRegex),
        Fault::TooLong => (PATTERN, Code::OutOfRange),
    };
    call.fail(index, code, &fault.message)
}

#[cfg(test)]
mod tests;
