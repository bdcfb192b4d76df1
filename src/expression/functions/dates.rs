//! Dates. Everything is in UTC; what reads the clock reads the one of the evaluation.

use super::Call;
use crate::expression::date::{self, DateError, DateTime, Interval, Kind, Styles, StylesError};
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;

/// Characters of a value that a message quotes.
const MAX_QUOTED: usize = 60;

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn out_of_range(call: &Call<'_>, index: usize) -> Stop {
    call.fail(index, Code::OutOfRange, "the date lies outside the years 1 to 9999")
}

/// An argument as a date: a date as it is, text in any form that is known. Null and blank are none.
fn date(call: &Call<'_>, values: &[Value], index: usize) -> Result<DateTime, Stop> {
    if let Some(Value::DateTime(date)) = values.get(index).map(Value::single) {
        return Ok(*date);
    }
    let text = call.text(values, index)?.unwrap_or_default();
    date::read(&text, call.evaluator.now()).map_err(|error| match error {
        DateError::OutOfRange => out_of_range(call, index),
        _ if text.trim().is_empty() => call.fail(index, Code::Format, "there is no date: the value is empty"),
        _ => {
            let message = format!("`{}` is not a date; write it like 2020-03-16 or 3/16/2020", quoted(&text));
            call.fail(index, Code::Format, message)
        }
    })
}

fn interval(call: &Call<'_>, values: &[Value]) -> Result<Interval, Stop> {
    let text = call.text(values, 0)?.unwrap_or_default();
    Interval::parse(&text).ok_or_else(|| {
        let message = format!("there is no interval `{}`; there are {}", quoted(&text), Interval::SPELLINGS);
        call.fail(0, Code::ArgValue, message)
    })
}

pub(super) fn to_date(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    date(call, values, 0).map(Value::DateTime)
}

pub(super) fn now(call: &Call<'_>, _: &[Value]) -> Result<Value, Stop> {
    Ok(Value::DateTime(call.evaluator.now()))
}

pub(super) fn add(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let interval = interval(call, values)?;
    let count = call.integer(values, 1)?;
    let date = date(call, values, 2)?;
    interval.add(count, date).map(Value::DateTime).ok_or_else(|| out_of_range(call, 1))
}

pub(super) fn difference(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let interval = interval(call, values)?;
    let (first, second) = (date(call, values, 1)?, date(call, values, 2)?);
    Ok(Value::Number(interval.between(first, second)))
}

pub(super) fn from_number(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    if values.first().is_none_or(Value::is_null) {
        return Ok(Value::Null);
    }
    let number = call.integer(values, 0)?;
    DateTime::from_filetime(number).map(Value::DateTime).ok_or_else(|| {
        let message = format!("{number} is no date: a FILETIME number counts 100 ns from 1601 and ends with 9999");
        call.fail(0, Code::OutOfRange, message)
    })
}

pub(super) fn to_number(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    if values.first().is_none_or(Value::is_empty) {
        return Ok(Value::Null);
    }
    date(call, values, 0)?
        .filetime()
        .map(Value::Number)
        .ok_or_else(|| call.fail(0, Code::OutOfRange, "a FILETIME number begins with the year 1601"))
}

/// Three arguments without styles, or four with the place of the styles, written or not.
pub(super) fn check_format(written: &[bool]) -> Result<(), String> {
    let used = written.iter().rposition(|w| *w).map_or(0, |last| last + 1);
    match written.get(..used) {
        Some([true, true, true] | [true, _, true, true]) => Ok(()),
        _ => Err("FormatDateTime takes a source, an inputFormat and an outputFormat, with or without dateTimeStyles \
                  after the source: FormatDateTime([a], , \"yyyy-MM-dd\", \"M/d/yyyy\")"
            .to_owned()),
    }
}

pub(super) fn format(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    if values.first().is_none_or(Value::is_empty) {
        return Ok(Value::Null);
    }
    let (input, output) = if call.written(3) { (2, 3) } else { (1, 2) };
    let styles = if call.written(3) { styles(call, values)? } else { Styles::DEFAULT };
    let (date, kind) = match values.first().map(Value::single) {
        // Made by another function, so that no text tells its format.
        Some(Value::DateTime(date)) => (*date, Kind::Utc),
        _ => read(call, values, styles, input)?,
    };
    let output_format = call.text(values, output)?.unwrap_or_default();
    date::print(date, kind, &output_format).map(Value::Text).map_err(|error| bad_format(call, output, error))
}

fn read(call: &Call<'_>, values: &[Value], styles: Styles, input: usize) -> Result<(DateTime, Kind), Stop> {
    let text = call.text(values, 0)?.unwrap_or_default();
    let format = call.text(values, input)?.unwrap_or_default();
    date::read_exact(&text, &format, styles, call.evaluator.now()).map_err(|error| match error {
        DateError::NotADate => {
            let message = format!("`{}` is not a date written as {}", quoted(&text), quoted(&format));
            call.fail(0, Code::Format, message)
        }
        DateError::OutOfRange => out_of_range(call, 0),
        DateError::BadFormat(_) => bad_format(call, input, error),
    })
}

fn bad_format(call: &Call<'_>, index: usize, error: DateError) -> Stop {
    let why = if let DateError::BadFormat(why) = error { why } else { "it does not fit the date" };
    call.fail(index, Code::Format, format!("the date format cannot be used: {why}"))
}

fn styles(call: &Call<'_>, values: &[Value]) -> Result<Styles, Stop> {
    let Some(text) = call.text(values, 1)? else { return Ok(Styles::DEFAULT) };
    Styles::parse(&text).map_err(|error| match error {
        StylesError::Unknown(name) => {
            call.fail(1, Code::ArgValue, format!("there is no date-time style `{}`", quoted(&name)))
        }
        StylesError::Conflict(why) => call.fail(1, Code::ArgValue, why),
    })
}

#[cfg(test)]
mod tests;
