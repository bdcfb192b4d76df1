//! Text functions. Positions and lengths count UTF-16 units, as the service does.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::{MAX_RESULT, Stop};
use crate::expression::value::Value;
use base64::Engine as _;
use std::fmt::Write as _;

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A part that cuts a surrogate pair in two shows a replacement character there.
fn from_units(units: &[u16]) -> Value {
    Value::Text(String::from_utf16_lossy(units))
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(if number < 0 { 0 } else { usize::MAX })
}

pub(super) fn append(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let suffix = call.text(values, 1)?;
    Ok(call.text(values, 0)?.map_or(Value::Null, |source| Value::Text(source + &suffix.unwrap_or_default())))
}

pub(super) fn to_base64(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let Some(source) = call.text(values, 0)? else { return Ok(Value::Null) };
    let bytes: Vec<u8> = source.encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(Value::Text(base64::engine::general_purpose::STANDARD.encode(bytes)))
}

pub(super) fn to_hex(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let Some(source) = call.text(values, 0)? else { return Ok(Value::Null) };
    let mut hex = String::with_capacity(source.len() * 2);
    for byte in source.bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02X}");
    }
    Ok(Value::Text(hex))
}

pub(super) fn in_str(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let start = if call.written(2) { call.integer(values, 2)? } else { 1 };
    if start < 1 {
        return Err(call.fail(2, Code::ArgValue, format!("start is {start}; the first character is 1")));
    }
    let ignore_case = match call.text(values, 3)?.as_deref() {
        None | Some("vbBinaryCompare" | "0") => false,
        Some("vbTextCompare" | "1") => true,
        Some(_) => return Err(call.fail(3, Code::ArgValue, "compareType is vbBinaryCompare or vbTextCompare")),
    };
    let fold = |text: String| units(&if ignore_case { map_case(&text, |c| lower(upper(c))) } else { text });
    let value = fold(call.text(values, 0)?.unwrap_or_default());
    let search = fold(call.text(values, 1)?.unwrap_or_default());
    let from = count(start) - 1;
    if value.is_empty() || from >= value.len() {
        return Ok(Value::Number(0));
    }
    if search.is_empty() {
        return Ok(Value::Number(start));
    }
    let tail = value.get(from..).unwrap_or_default();
    let found = tail.windows(search.len()).position(|window| window == search);
    Ok(Value::Number(found.and_then(|at| i64::try_from(from + at + 1).ok()).unwrap_or(0)))
}

/// Null and empty values are dropped together with their separator.
pub(super) fn join(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let separator = call.text(values, 0)?.unwrap_or_default();
    let mut parts: Vec<String> = values.iter().skip(1).flat_map(Value::to_texts).collect();
    parts.retain(|part| !part.is_empty());
    let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len() + separator.len()));
    if length > MAX_RESULT + separator.len() {
        return Err(call.fail(0, Code::OutOfRange, format!("the result is longer than {MAX_RESULT} bytes")));
    }
    Ok(Value::Text(parts.join(&separator)))
}

pub(super) fn left(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let length = call.integer(values, 1)?;
    let source = call.text(values, 0)?.unwrap_or_default();
    if length < 0 {
        return Ok(Value::Text(source));
    }
    let source = units(&source);
    Ok(from_units(source.get(..count(length)).unwrap_or(&source)))
}

pub(super) fn mid(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let (start, length) = (call.integer(values, 1)?, call.integer(values, 2)?);
    if start < 1 {
        return Err(call.fail(1, Code::ArgValue, format!("start is {start}; the first character is 1")));
    }
    if length < 0 {
        return Err(call.fail(2, Code::ArgValue, format!("length is {length}; it cannot be negative")));
    }
    let source = units(&call.text(values, 0)?.unwrap_or_default());
    let tail = source.get(count(start) - 1..).unwrap_or_default();
    Ok(from_units(tail.get(..count(length)).unwrap_or(tail)))
}

pub(super) fn redact(_: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(values.first().cloned().unwrap_or(Value::Null))
}

/// Blanks (U+0020) only.
pub(super) fn strip_spaces(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(call.text(values, 0)?.map_or(Value::Null, |source| Value::Text(source.replace(' ', ""))))
}

pub(super) fn to_lower(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let culture = culture(call, values)?;
    let map = |c| match (culture, c) {
        (Culture::Turkic, 'I') => 'ı',
        (Culture::Turkic | Culture::Other, 'İ') => 'i',
        (_, c) => lower(c),
    };
    Ok(call.text(values, 0)?.map_or(Value::Null, |source| Value::Text(map_case(&source, map))))
}

pub(super) fn to_upper(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let culture = culture(call, values)?;
    let map = |c| match (culture, c) {
        (Culture::Turkic, 'i') => 'İ',
        (Culture::Turkic | Culture::Other, 'ı') => 'I',
        (_, c) => upper(c),
    };
    Ok(call.text(values, 0)?.map_or(Value::Null, |source| Value::Text(map_case(&source, map))))
}

#[derive(Clone, Copy)]
enum Culture {
    Invariant,
    Turkic,
    Other,
}

/// `ll-CC` or `ll`; Turkish and Azerbaijani have the dotted and the dotless i.
fn culture(call: &Call<'_>, values: &[Value]) -> Result<Culture, Stop> {
    let Some(name) = call.text(values, 1)?.filter(|name| !name.is_empty()) else { return Ok(Culture::Invariant) };
    let mut parts = name.split('-');
    let language = parts.next().unwrap_or_default();
    let well_formed = matches!(language.len(), 2 | 3)
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| matches!(part.len(), 2..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !well_formed {
        return Err(call.fail(1, Code::ArgValue, "the culture is not of the form ll-CC, such as tr-TR"));
    }
    let turkic = matches!(language.to_ascii_lowercase().as_str(), "tr" | "az");
    Ok(if turkic { Culture::Turkic } else { Culture::Other })
}

pub(super) fn map_case(text: &str, map: impl Fn(char) -> char) -> String {
    text.chars().map(map).collect()
}

/// Simple, one-to-one lower case under the invariant culture; İ stays.
pub(super) fn lower(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Simple, one-to-one upper case under the invariant culture; ß and ı stay.
pub(super) fn upper(c: char) -> char {
    if c == 'ı' {
        return c;
    }
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        // Greek letters with iota subscript have a one-letter capital that the full mapping does not use.
        _ => match c {
            'ᾀ'..='ᾇ' | 'ᾐ'..='ᾗ' | 'ᾠ'..='ᾧ' => char::from_u32(u32::from(c) + 8).unwrap_or(c),
            'ᾳ' => 'ᾼ',
            'ῃ' => 'ῌ',
            'ῳ' => 'ῼ',
            _ => c,
        },
    }
}

/// Words are the non-empty runs between delimiters.
pub(super) fn word(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let number = call.integer(values, 1)?;
    let source = call.text(values, 0)?.unwrap_or_default();
    let delimiters = call.text(values, 2)?.unwrap_or_default();
    if number < 1 {
        return Ok(Value::text(""));
    }
    let found = source.split(|c| delimiters.contains(c)).filter(|word| !word.is_empty()).nth(count(number) - 1);
    Ok(Value::text(found.unwrap_or_default()))
}

pub(super) fn trim(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    Ok(call.text(values, 0)?.map_or(Value::Null, |source| Value::text(source.trim())))
}

pub(super) fn len(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let source = call.text(values, 0)?.unwrap_or_default();
    Ok(Value::Number(i64::try_from(units(&source).len()).unwrap_or(i64::MAX)))
}
