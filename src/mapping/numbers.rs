//! Numbers are kept as 64-bit values: one that does not fit would come out as another one.

use super::error::MappingError;

/// Refuses a number that would not be written again with the same value. `text` is known to be JSON.
///
/// # Errors
///
/// Names the line and the number.
pub(super) fn check(text: &str) -> Result<(), MappingError> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (_, from) = rest.split_at(at);
        let length = if from.starts_with('"') { quoted(from) } else { number(from) };
        let (token, after) = from.split_at(length);
        if !token.starts_with('"') && !is_kept(token) {
            let line = text[..text.len() - from.len()].matches('\n').count() + 1;
            let message = format!("the number {token} is too long to be kept exactly: write it as a text, \"{token}\"");
            return Err(MappingError::at(format!("line {line}"), message));
        }
        rest = after;
    }
    Ok(())
}

/// Bytes of the quoted text at the start.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Bytes of the number at the start.
fn number(text: &str) -> usize {
    text.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(text.len())
}

fn is_kept(token: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(token).is_ok_and(|number| value(&number.to_string()) == value(token))
}

/// Sign, digits without zeros at the ends, and the power of ten they are multiplied with.
fn value(token: &str) -> (bool, String, i64) {
    let (negative, token) = token.strip_prefix('-').map_or((false, token), |rest| (true, rest));
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    let power = exponent.trim_start_matches('+').parse::<i64>().unwrap_or(i64::MAX / 2);
    let dropped = i64::try_from(digits.len() - trimmed.len()).unwrap_or(0);
    let power = power.saturating_add(dropped).saturating_sub(i64::try_from(fraction.len()).unwrap_or(0));
    let trimmed = trimmed.trim_start_matches('0');
    if trimmed.is_empty() { (false, String::new(), 0) } else { (negative, trimmed.to_owned(), power) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_kept_and_numbers_that_are_not() {
        for kept in [
            "0",
            "-0",
            "1.0",
            "1.10",
            "1e3",
            "12.5E-2",
            "18446744073709551615",
            "-9223372036854775808",
            "0.1",
            "100000000000000000000",
        ] {
            assert!(check(&format!("{{\"a\": [{kept}]}}")).is_ok(), "{kept}");
        }
        for lost in ["18446744073709551617", "0.1234567890123456789012", "-123456789012345678901234567890"] {
            let error = check(&format!("{{\n\"12345678901234567890123\": {lost}}}")).unwrap_err();
            assert_eq!(error.issues()[0].path, "line 2");
            assert!(error.issues()[0].message.contains(lost), "{error}");
        }
    }

    #[test]
    fn digits_in_texts_are_no_numbers() {
        assert!(check(r#"{"a": "18446744073709551617", "b\"": "\\", "c": "x\"99999999999999999999999"}"#).is_ok());
    }
}
