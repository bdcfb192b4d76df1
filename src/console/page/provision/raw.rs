//! Requests and answers as lines: JSON that stays on one line where it fits.

use crate::console::style::Token;
use crate::console::words::latency;
use crate::scim::client::Exchange;
use crate::text::{Policy, Shown, json_line, show_with, width, wrap};
use serde_json::Value;

/// Lines of one answer that are shown at most; the rest is said to be there.
const MOST: usize = 400;

/// A line and what it means.
pub(super) type RawLine = (Shown, Token);

/// A request, and its answer if wanted, on lines of at most so many cells.
pub(super) fn exchange(exchange: &Exchange, answer: bool, arrow: &str, cells: usize) -> Vec<RawLine> {
    let cells = cells.max(10);
    let mut lines = Vec::new();
    prose(&mut lines, &exchange.words(), cells, Token::Strong);
    if let Some(body) = &exchange.body {
        lines.extend(json(body, cells).into_iter().map(|line| (line, Token::Text)));
    }
    let failed = exchange.error.is_some() || exchange.status.is_some_and(|status| status >= 400);
    let token = if failed { Token::Fail } else { Token::Muted };
    match (exchange.status, &exchange.error) {
        (Some(status), _) => prose(&mut lines, &format!("{arrow} {status} in {}", latency(exchange.ms)), cells, token),
        (None, Some(error)) => prose(&mut lines, &format!("{arrow} {error}"), cells, token),
        (None, None) => {}
    }
    // A refusal is always of interest.
    if let Some(response) = exchange.response.as_ref().filter(|_| answer || failed) {
        lines.extend(json(response, cells).into_iter().map(|line| (line, Token::Text)));
    }
    lines
}

fn prose(lines: &mut Vec<RawLine>, text: &str, cells: usize, token: Token) {
    let clean = show_with(text, Policy::Detail);
    lines.extend(wrap(clean.as_str(), Some(cells), 2).iter().map(|line| (show_with(line, Policy::Detail), token)));
}

/// JSON on lines of at most so many cells: what fits on one line stays on one line.
pub(super) fn json(value: &Value, cells: usize) -> Vec<Shown> {
    let mut lines = Vec::new();
    lay(value, "", "", 0, cells, true, &mut lines);
    if lines.len() > MOST {
        lines.truncate(MOST);
        lines.push(show_with("…", Policy::Detail));
    }
    lines
}

fn lay(value: &Value, key: &str, tail: &str, indent: usize, cells: usize, outermost: bool, lines: &mut Vec<Shown>) {
    if lines.len() > MOST {
        return;
    }
    let room = cells.saturating_sub(indent).max(8);
    let line = format!("{key}{}{tail}", inline(value));
    let (open, close) = match value {
        Value::Object(members) if !members.is_empty() => ('{', '}'),
        Value::Array(items) if !items.is_empty() => ('[', ']'),
        _ => {
            push(lines, &line, indent, cells);
            return;
        }
    };
    if width(&line) <= room && !outermost {
        push(lines, &line, indent, cells);
        return;
    }
    push(lines, &format!("{key}{open}"), indent, cells);
    match value {
        Value::Object(members) => {
            for (i, (name, member)) in members.iter().enumerate() {
                let tail = if i + 1 < members.len() { "," } else { "" };
                let key = format!("{}: ", scalar(&Value::String(name.clone())));
                lay(member, &key, tail, indent + 2, cells, false, lines);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let tail = if i + 1 < items.len() { "," } else { "" };
                lay(item, "", tail, indent + 2, cells, false, lines);
            }
        }
        _ => {}
    }
    push(lines, &format!("{close}{tail}"), indent, cells);
}

fn push(lines: &mut Vec<Shown>, text: &str, indent: usize, cells: usize) {
    let line = format!("{}{text}", " ".repeat(indent));
    let indent = (indent + 2).min(cells / 2);
    lines.extend(wrap(&line, Some(cells), indent).iter().map(|line| show_with(line, Policy::Detail)));
}

/// The whole value on one line, with blanks where a reader wants them.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let all: Vec<String> = members
                .iter()
                .map(|(name, member)| format!("{}: {}", scalar(&Value::String(name.clone())), inline(member)))
                .collect();
            format!("{{ {} }}", all.join(", "))
        }
        Value::Array(items) if !items.is_empty() => {
            let all: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", all.join(", "))
        }
        one => scalar(one),
    }
}

/// Escaped so that nothing in it is invisible.
fn scalar(value: &Value) -> String {
    json_line(value).map(|line| line.as_str().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_stay_on_one_line_where_they_fit() {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                { "op": "replace", "path": "displayName", "value": "Grace Hopper" },
                { "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "+1 212 555 0142" },
            ],
        });
        let lines: Vec<String> = json(&body, 76).iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {
          "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
          "Operations": [
            { "op": "replace", "path": "displayName", "value": "Grace Hopper" },
            {
              "op": "replace",
              "path": "phoneNumbers[type eq \"work\"].value",
              "value": "+1 212 555 0142"
            }
          ]
        }
        "#);
        assert!(json(&body, 30).iter().all(|line| line.width() <= 30));
    }

    #[test]
    fn nothing_in_json_is_invisible_or_endless() {
        let shown = json(&json!({ "a\u{202e}": "\u{1b}[31m\u{200b}" }), 60);
        let text: String = shown.iter().map(ToString::to_string).collect();
        assert!(text.contains("\\u001b") && text.contains("\\u202e") && text.contains("\\u200b"), "{text}");
        let long: Vec<usize> = (0..10_000).collect();
        assert_eq!(json(&json!(long), 3).len(), MOST + 1);
    }
}
