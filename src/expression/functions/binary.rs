//! Text that stands for bytes, and names of directories on the ground.

use super::Call;
use crate::expression::error::Code;
use crate::expression::eval::Stop;
use crate::expression::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Base64 as .NET reads it: white space anywhere, padding needed.
fn bytes_of(call: &Call<'_>, text: &str) -> Result<Vec<u8>, Stop> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    STANDARD.decode(digits).map_err(|_| call.fail(0, Code::Format, "the text is not base64"))
}

pub(super) fn from_base64(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let encoding = call.text(values, 1)?;
    let Some(source) = call.text(values, 0)? else { return Ok(Value::Null) };
    let bytes = bytes_of(call, &source)?;
    Ok(Value::Text(match encoding.as_deref() {
        None | Some("" | "Unicode") => {
            let (pairs, odd) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            String::from_utf16_lossy(&units) + if odd.is_empty() { "" } else { "\u{fffd}" }
        }
        Some("UTF8") => String::from_utf8_lossy(&bytes).into_owned(),
        Some("ASCII") => bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect(),
        Some(_) => return Err(call.fail(1, Code::ArgValue, "the encoding is Unicode, ASCII or UTF8")),
    }))
}

/// The value of a component of a distinguished name, counted from the left; an escaped comma does not end one.
pub(super) fn dn_component(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let number = call.integer(values, 1)?;
    let Some(name) = call.text(values, 0)? else { return Ok(Value::Null) };
    let components = components(&name);
    let component = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1))
        .and_then(|index| components.get(index))
        .ok_or_else(|| {
            let message = format!("there is no component {number} in a name of {}", components.len());
            call.fail(1, Code::OutOfRange, message)
        })?;
    let value = component.split_once('=').map_or(component.as_str(), |(_, value)| value);
    Ok(Value::Text(unescape(value.trim())))
}

fn components(name: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut escaped = false;
    for c in name.chars() {
        if c == ',' && !escaped {
            all.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all
}

fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => plain.push(characters.next().unwrap_or('\\')),
            c => plain.push(c),
        }
    }
    plain
}

/// `S-1-…` of a binary security identifier: revision, how many parts, the authority in six bytes (big-endian), and
/// the parts in four bytes each (little-endian).
pub(super) fn string_from_sid(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let Some(source) = call.text(values, 0)? else { return Ok(Value::Null) };
    let bytes = bytes_of(call, &source)?;
    let wrong = || call.fail(0, Code::Format, "the bytes are not a security identifier");
    let (head, parts) = bytes.split_at_checked(8).ok_or_else(wrong)?;
    let [revision, count, authority @ ..] = head else { return Err(wrong()) };
    let (parts, rest) = parts.as_chunks::<4>();
    if parts.len() != usize::from(*count) || !rest.is_empty() {
        return Err(wrong());
    }
    let authority = authority.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{authority}");
    for part in parts {
        text.push_str(&format!("-{}", u32::from_le_bytes(*part)));
    }
    Ok(Value::Text(text))
}
