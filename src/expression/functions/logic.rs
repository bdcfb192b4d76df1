//! Choice and tests.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;

/// An even number of arguments, at least four; source and keys are written.
pub(super) fn check_switch(written: &[bool]) -> Result<(), String> {
    if written.len() < 4 || !written.len().is_multiple_of(2) {
        return Err(format!(
            "Switch takes a source, a default and pairs of key and value, an even number of arguments, not {}; the \
             place of an omitted default stays: Switch([a], , \"key\", \"value\")",
            written.len()
        ));
    }
    if written.first() != Some(&true) {
        return Err("Switch needs its source".to_owned());
    }
    match written.iter().skip(2).step_by(2).position(|w| !*w) {
        Some(pair) => Err(format!("Switch: the key of pair {} is missing; write \"\" for an empty one", pair + 1)),
        None => Ok(()),
    }
}

pub(super) fn switch(call: &Call<'_>) -> Result<Value, Stop> {
    let as_key = |index: usize| -> Result<String, Stop> {
        let value = call.value(index)?;
        // Null and empty are one key: the reference uses the key "" to catch both.
        match value.to_text() {
            Some(text) => Ok(text),
            None if value.is_null() => Ok(String::new()),
            None => Err(call.fail(index, Code::ArgType, "the source and the keys must be single values, not lists")),
        }
    };
    let source = as_key(0)?;
    for key in (2..call.arguments.len()).step_by(2) {
        if as_key(key)? == source {
            return call.value(key + 1);
        }
    }
    call.value(1)
}

pub(super) fn iif(call: &Call<'_>) -> Result<Value, Stop> {
    let condition = call.value(0)?;
    let holds = condition
        .to_boolean()
        .ok_or_else(|| call.fail(0, Code::ArgType, "the condition must be a comparison, or True or False"))?;
    call.value(if holds { 1 } else { 2 })
}

pub(super) fn coalesce(call: &Call<'_>) -> Result<Value, Stop> {
    for index in 0..call.arguments.len() {
        let value = call.value(index)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

pub(super) fn to_boolean(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    values
        .first()
        .and_then(Value::to_boolean)
        .map(Value::Boolean)
        .ok_or_else(|| call.fail(0, Code::ArgType, "the value is neither True nor False nor a number"))
}

/// `True` in any letter case becomes False, everything else True.
pub(super) fn not(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let is_true = values.first().and_then(Value::to_text).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(Value::Boolean(!is_true))
}

pub(super) fn is_null(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::Boolean(values.first().is_none_or(Value::is_null)))
}

pub(super) fn is_empty(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::Boolean(values.first().is_none_or(Value::is_empty)))
}

pub(super) fn is_present(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::Boolean(values.first().is_some_and(|v| !v.is_empty())))
}

pub(super) fn is_string(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::Boolean(values.first().and_then(Value::to_text).is_some()))
}

pub(super) fn ignore_flow(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    match values.first() {
        Some(value) if !value.is_empty() => Ok(value.clone()),
        _ => Err(Stop::IgnoreFlow),
    }
}

pub(super) fn error(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let message = call.text(values, 0)?.unwrap_or_default();
    Err(call.fail(0, Code::Custom, message))
}
