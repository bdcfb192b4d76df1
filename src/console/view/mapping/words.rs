//! How paths, expressions and values are written on this page. What is copied or exported is never taken from here.

use crate::console::style::Glyphs;
use crate::console::words::{end, middle};
use crate::text::{Policy, Shown, show, show_with, width};
use serde_json::Value;

/// A target path without what a reader can do without: the schema in front, the filter's syntax, `value`.
/// `emails[type eq "work"].value` is `email.work`. Lists call an attribute by this name on every page.
pub(crate) fn short_path(path: &str) -> String {
    let (head, filter, sub) = match path.split_once('[').and_then(|(head, rest)| Some((head, rest.split_once(']')?))) {
        Some((head, (filter, sub))) => (head, Some(filter), sub.trim_start_matches('.')),
        None => (path, None, ""),
    };
    let kind = filter.and_then(|filter| match filter.trim() {
        "primary eq true" | "primary eq \"True\"" | "primary eq \"true\"" => Some("primary"),
        other => other.strip_prefix("type eq \"")?.strip_suffix('"').filter(|kind| !kind.is_empty()),
    });
    // Behind the last colon of an extension's URN is its attribute.
    let bare =
        |text: &str| if text.starts_with("urn:") { text.rsplit(':').next().unwrap_or(text).len() } else { text.len() };
    let head_only = &head[head.len() - bare(head)..];
    if filter.is_some() && kind.is_none() {
        // A filter that is not understood stays as it is.
        return format!("{head_only}{}", &path[head.len()..]);
    }
    // One value of a list is called as people call it: `email.work`, `phone.mobile`.
    let mut short = match head_only {
        "emails" if kind.is_some() => "email",
        "phoneNumbers" if kind.is_some() => "phone",
        "addresses" if kind.is_some() => "address",
        "photos" if kind.is_some() => "photo",
        "ims" if kind.is_some() => "im",
        other => other,
    }
    .to_owned();
    for part in kind.into_iter().chain(Some(sub).filter(|sub| !sub.is_empty() && *sub != "value")) {
        short.push('.');
        short.push_str(part);
    }
    short
}

/// A path in so many cells: short, else its end, which says most (`…streetAddress`); of a list of which one value is
/// meant, its beginning and which one (`pho….work`).
pub(crate) fn path_in(path: &str, cells: usize, glyphs: &Glyphs) -> Shown {
    let short = show(&short_path(path));
    if short.width() <= cells {
        return short;
    }
    let short = short.as_str();
    let one_of_list = path.ends_with(']') || path.ends_with("].value");
    let fits = match short.rsplit_once('.').filter(|_| one_of_list) {
        Some((list, kind)) => {
            let room = cells.saturating_sub(width(kind) + 1);
            (room > 3).then(|| format!("{}.{kind}", end(list, room, glyphs)))
        }
        None => {
            let mut ends = short.match_indices('.').map(|(at, _)| format!("{}{}", glyphs.ellipsis, &short[at + 1..]));
            ends.find(|end| width(end) <= cells)
        }
    };
    show(&fits.unwrap_or_else(|| middle(short, cells, glyphs)))
}

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

/// A value as a cell of a list has it: text without quotes.
pub(crate) fn plain(value: &Value) -> Shown {
    show(&plain_text(value))
}

/// A value as text, untouched: what is copied.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_get_short_without_losing_what_tells_them_apart() {
        for (path, short) in [
            ("userName", "userName"),
            ("name.givenName", "name.givenName"),
            ("emails[type eq \"work\"].value", "email.work"),
            ("addresses[type eq \"work\"].streetAddress", "address.work.streetAddress"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "department"),
            ("roles[primary eq \"True\"].value", "roles.primary"),
            ("emails[primary eq true].value", "email.primary"),
            ("roles[value eq \"a:b\"].display", "roles[value eq \"a:b\"].display"),
            ("urn:x:User:tags[type eq \"a\"].value", "tags.a"),
            ("broken[type eq", "broken[type eq"),
        ] {
            assert_eq!(short_path(path), short);
        }
        let phone = "phoneNumbers[type eq \"work\"].value";
        for (cells, shown) in [(40, "phone.work"), (10, "phone.work"), (9, "pho….work")] {
            assert_eq!(path_in(phone, cells, &Glyphs::unicode()).as_str(), shown);
        }
        let street = "addresses[type eq \"work\"].streetAddress";
        for (cells, shown) in [(26, "address.work.streetAddress"), (20, "…work.streetAddress"), (17, "…streetAddress")]
        {
            assert_eq!(path_in(street, cells, &Glyphs::unicode()).as_str(), shown);
        }
        assert_eq!(path_in(street, 6, &Glyphs::unicode()).width(), 6);
    }

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
    fn values_are_exact_in_detail_and_plain_in_lists() {
        assert_eq!(exact(&json!("a\u{202e}b")).as_str(), "\"a<U+202E>b\"");
        assert_eq!(exact(&Value::Null).as_str(), "nothing");
        assert_eq!(plain(&json!(["a", 1, true])).as_str(), "a, 1, true");
        assert_eq!(plain_text(&json!("a\u{1b}")), "a\u{1b}");
    }
}
