//! Functions about several values.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;

/// The values of a list; one value is a list of one, null is none.
fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::List(values)) => values,
        Some(one) => std::slice::from_ref(one),
    }
}

pub(super) fn count(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(Value::Number(i64::try_from(elements(values.first()).len()).unwrap_or(i64::MAX)))
}

pub(super) fn item(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let list = elements(values.first());
    if list.is_empty() {
        return Ok(Value::Null);
    }
    let index = call.integer(values, 1)?;
    usize::try_from(index)
        .ok()
        .and_then(|index| index.checked_sub(1))
        .and_then(|index| list.get(index))
        .cloned()
        .ok_or_else(|| {
            let message = format!("there is no value {index} in a list of {}; the first one is 1", list.len());
            call.fail(1, Code::OutOfRange, message)
        })
}

/// First occurrences in order, compared ordinally: `SMTP:` and `smtp:` differ.
pub(super) fn remove_duplicates(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let mut seen = std::collections::HashSet::new();
    let kept = elements(values.first()).iter().filter(|value| seen.insert(value.to_text())).cloned().collect();
    Ok(Value::list(kept))
}

/// Pieces are trimmed and empty ones dropped, as the published sample needs.
pub(super) fn split(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let source = call.text(values, 0)?.unwrap_or_default();
    if source.is_empty() {
        return Ok(Value::Null);
    }
    let delimiter = call.text(values, 1)?.unwrap_or_default();
    if delimiter.is_empty() {
        return Err(call.fail(1, Code::ArgValue, "the delimiter is empty"));
    }
    let pieces = source.split(&delimiter).map(str::trim).filter(|p| !p.is_empty()).map(Value::text).collect();
    Ok(Value::list(pieces))
}

/// The 1-based index of the first value that contains the text, 0 if none does.
pub(super) fn contains(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let search = call.text(values, 1)?.unwrap_or_default();
    let found =
        elements(values.first()).iter().position(|value| value.to_text().is_some_and(|text| text.contains(&search)));
    Ok(Value::Number(found.and_then(|index| i64::try_from(index + 1).ok()).unwrap_or(0)))
}
