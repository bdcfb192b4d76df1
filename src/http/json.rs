//! JSON from strangers: depth is checked before anything is built, a key that comes twice is refused.

use super::error::{HttpError, Place};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// Parses a body. A byte order mark is stripped; an empty body is an error.
///
/// # Errors
/// [`HttpError::Html`], [`HttpError::TooDeep`] or [`HttpError::NotJson`].
pub fn parse_json(place: &Place, content_type: &str, body: &[u8], max_depth: usize) -> Result<Value, HttpError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if is_html(content_type, body) {
        return Err(HttpError::Html { place: place.clone() });
    }
    if deeper_than(body, max_depth) {
        return Err(HttpError::TooDeep { place: place.clone(), limit: max_depth });
    }
    let not_json = |reason: String| HttpError::NotJson { place: place.clone(), reason };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(not_json("the body is empty".into()));
    }
    let text = String::from_utf8_lossy(body);
    let text = repaired(&text);
    let mut reader = serde_json::Deserializer::from_str(&text);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|e| {
        // The library's message may quote the body; its category and position do not.
        let what = match e.classify() {
            serde_json::error::Category::Eof => "it ends early",
            serde_json::error::Category::Data => "a member comes twice, or a value is out of range",
            _ => "its syntax is wrong",
        };
        not_json(format!("{what}, line {} column {}", e.line(), e.column()))
    })
}

/// Whether an answer is a web page, by its label or by its first characters.
pub(crate) fn is_html(content_type: &str, body: &[u8]) -> bool {
    if content_type.contains("html") {
        return true;
    }
    let start = body.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(body.len());
    let head: Vec<u8> = body[start..].iter().take(9).map(u8::to_ascii_lowercase).collect();
    head.starts_with(b"<!doctype") || head.starts_with(b"<html")
}

/// Replaces escapes of half a surrogate pair by U+FFFD, as bytes that are no UTF-8 were: one spoilt name must not make
/// a page with a thousand others unreadable, and the mark stays visible.
fn repaired(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return Cow::Borrowed(text);
    }
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied) = (0, 0);
    while let Some(step) = text[at..].find('\\') {
        at += step;
        match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                out.push_str(&text[copied..at]);
                out.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            Some(_) => at += 6,
            // The escaped character may be any, also one of several bytes when the JSON is broken.
            None => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// Whether brackets nest deeper than the limit, strings skipped. Linear, and needs no memory.
fn deeper_than(body: &[u8], limit: usize) -> bool {
    let (mut depth, mut text, mut escaped) = (0_usize, false, false);
    for &byte in body {
        if text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => text = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Builds a [`Value`] and refuses objects that name a member twice: two readers could see two different people.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member comes twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    fn parse(content_type: &str, body: &[u8]) -> Result<Value, HttpError> {
        let place = Place::new("GET", &Url::parse("https://a.example/x?secret=1").unwrap());
        parse_json(&place, content_type, body, 100)
    }

    #[test]
    fn ordinary_json_with_a_byte_order_mark() {
        let body = b"\xef\xbb\xbf{\"a\":[1,-2,1.5,true,null,\"\\u00e9\"]}";
        assert_eq!(parse("application/json", body).unwrap(), json!({"a": [1, -2, 1.5, true, null, "é"]}));
    }

    #[test]
    fn a_web_page_is_recognised_by_label_and_by_look() {
        assert!(matches!(parse("text/html; charset=utf-8", b"{}"), Err(HttpError::Html { .. })));
        assert!(matches!(parse("application/json", b"\n <!DOCTYPE html><p>"), Err(HttpError::Html { .. })));
    }

    #[test]
    fn deep_nesting_is_refused_before_parsing() {
        for open in ["[", "{\"a\":"] {
            let deep = open.repeat(10_000);
            assert!(matches!(parse("", deep.as_bytes()), Err(HttpError::TooDeep { limit: 100, .. })));
        }
        let brackets_in_text = format!("[\"{}\\\"{}\"]", "[".repeat(500), "{".repeat(500));
        assert!(parse("", brackets_in_text.as_bytes()).is_ok());
    }

    #[test]
    fn messages_never_quote_the_body_or_the_query() {
        for body in ["", "{\"a\":", "{\"canary\":1,\"canary\":2}", "canary", "{} canary", "[1e999]", "\"\\x\""] {
            let error = parse("application/json", body.as_bytes()).unwrap_err();
            assert!(matches!(error, HttpError::NotJson { .. }), "{body}: {error}");
            assert!(!error.to_string().contains("canary"), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_spoilt_name_does_not_spoil_the_page() {
        for (body, text) in [
            (&b"\"a\xffb\""[..], "a\u{fffd}b"),
            (br#""x\ud800y""#, "x\u{fffd}y"),
            (br#""\uDC00\ud83d\ude00\ud83d""#, "\u{fffd}😀\u{fffd}"),
            (br#""\\ud800 \u00e9\ud800\ud800""#, "\\ud800 é\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(parse("", body).unwrap(), json!(text));
        }
        for broken in ["\"\\ud", "\"\\ud8é", "\\ud800", "\"\\é\\ud800\"", "\\ud\\"] {
            assert!(parse("", broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
