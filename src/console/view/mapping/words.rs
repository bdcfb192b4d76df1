//! How expressions and values are written on this page. What is copied or exported is never taken from here.

use crate::config::JobConfig;
pub(super) use crate::console::attribute_words::{path_in, plain, plain_text, short_path};
use crate::console::style::Glyphs;
use crate::console::words::end;
use crate::text::{Policy, Shown, show, show_with, width};
use serde_json::Value;

/// An expression in so many cells: whole where it fits, else without the brackets around attributes, else cut at its
/// end.
pub(super) fn expression_in(text: &str, cells: usize, glyphs: &Glyphs) -> Shown {
    let whole = show(text);
    if whole.width() <= cells {
        return whole;
    }
    let bare = show(&without_brackets(text));
    show(&end(bare.as_str(), cells, glyphs))
}

/// The text without the brackets around attribute names; quoted text stays as it is.
fn without_brackets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' | ']' if !quoted => continue,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// An expression over several lines of at most so many cells: a call that does not fit has each argument on a line of
/// its own, two cells further in.
pub(super) fn pretty(text: &str, cells: usize) -> Vec<Shown> {
    let mut lines = Vec::new();
    lay(text.trim(), 0, "", cells.max(8), &mut lines);
    lines
}

fn lay(text: &str, indent: usize, tail: &str, cells: usize, lines: &mut Vec<Shown>) {
    let line = format!("{}{text}{tail}", " ".repeat(indent));
    let shown = show_with(&line, Policy::Detail);
    let call = arguments(text).filter(|_| shown.width() > cells);
    let Some((name, arguments)) = call else {
        let wrapped = crate::text::wrap(shown.as_str(), Some(cells), indent + 2);
        lines.extend(wrapped.iter().map(|line| show_with(line, Policy::Detail)));
        return;
    };
    lines.push(show_with(&format!("{}{name}(", " ".repeat(indent)), Policy::Detail));
    for (i, argument) in arguments.iter().enumerate() {
        let tail = if i + 1 < arguments.len() { "," } else { "" };
        lay(argument, indent + 2, tail, cells, lines);
    }
    lines.push(show_with(&format!("{}){tail}", " ".repeat(indent)), Policy::Detail));
}

/// Name and arguments, if the whole text is one call with at least one argument.
fn arguments(text: &str) -> Option<(&str, Vec<&str>)> {
    let (name, rest) = text.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || inside.trim().is_empty() {
        return None;
    }
    let (mut depth, mut from) = (0_usize, 0);
    let (mut quoted, mut escaped, mut named) = (false, false, false);
    let mut parts = Vec::new();
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !named => quoted = !quoted,
            _ if quoted => {}
            '[' => named = true,
            ']' => named = false,
            _ if named => {}
            '(' => depth += 1,
            // The first parenthesis is closed before the end: `A(b) & C(d)`.
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(inside[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inside[from..].trim());
    Some((name, parts))
}

/// A value as a detail pane has it: text in quotes, nothing as `nothing`.
pub(super) fn exact(value: &Value) -> Shown {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => format!("\"{text}\""),
        Value::Array(values) => {
            let all: Vec<String> = values.iter().map(|v| exact(v).as_str().to_owned()).collect();
            all.join(", ")
        }
        other => other.to_string(),
    };
    show_with(&text, Policy::Detail)
}

/// Prose on lines of at most so many cells.
pub(super) fn prose(text: &str, cells: usize) -> Vec<Shown> {
    let clean = show_with(text, Policy::Detail);
    if clean.width() <= cells {
        return vec![clean];
    }
    crate::text::wrap(clean.as_str(), Some(cells), 0).iter().map(|line| show_with(line, Policy::Detail)).collect()
}

/// Cells of our own words.
pub(super) fn cells(text: &str) -> u16 {
    u16::try_from(width(text)).unwrap_or(u16::MAX)
}

/// Where the mapping comes from: its file, the version that was saved, or the preset.
pub(super) fn origin(config: &JobConfig) -> String {
    match (&config.mapping, &config.saved_mapping) {
        (Some(path), _) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        (None, Some(saved)) => format!("version {}", saved.version),
        (None, None) => format!("preset {}", config.app.preset.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expressions_are_cut_last() {
        let glyphs = Glyphs::unicode();
        let text = "Join(\" [x] \", [givenName], [surname])";
        assert_eq!(expression_in(text, 40, &glyphs).as_str(), text);
        assert_eq!(expression_in(text, 35, &glyphs).as_str(), "Join(\" [x] \", givenName, surname)");
        assert_eq!(expression_in(text, 12, &glyphs).as_str(), "Join(\" [x]…");
    }

    #[test]
    fn long_calls_have_an_argument_on_each_line() {
        let text = "Switch([office], \"a, (b\", \"x\", Replace([y], , , \"\\\"(\", \"\", , ))";
        let lines: Vec<String> = pretty(text, 24).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "Switch(",
                "  [office],",
                "  \"a, (b\",",
                "  \"x\",",
                "  Replace(",
                "    [y],",
                "    ,",
                "    ,",
                "    \"\\\"(\",",
                "    \"\",",
                "    ,",
                "    ",
                "  )",
                ")",
            ]
            .map(|line| line.trim_end().to_owned())
        );
        // Two calls side by side are no call.
        assert_eq!(arguments("A([b]) & C([d])"), None);
        assert_eq!(pretty("[mail]", 24).len(), 1);
    }

    #[test]
    fn values_are_exact_in_detail() {
        assert_eq!(exact(&json!("a\u{202e}b")).as_str(), "\"a<U+202E>b\"");
        assert_eq!(exact(&Value::Null).as_str(), "nothing");
    }
}
