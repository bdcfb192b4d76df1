//! How attributes and their values are named in lists, on every page alike. What is copied or exported is never taken
//! from here, except [`plain_text`].

use super::style::Glyphs;
use super::words::{end, middle};
use crate::text::{Shown, show, width};
use serde_json::Value;

/// A target path without what a reader can do without: the schema in front, the filter's syntax, `value`.
/// `emails[type eq "work"].value` is `email.work`. Lists call an attribute by this name on every page.
pub fn short_path(path: &str) -> String {
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
pub fn path_in(path: &str, cells: usize, glyphs: &Glyphs) -> Shown {
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

/// A value as a cell of a list has it: text without quotes.
pub fn plain(value: &Value) -> Shown {
    show(&plain_text(value))
}

/// A value as text, untouched: what is copied.
pub fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
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
    fn values_are_plain_in_lists() {
        assert_eq!(plain(&json!(["a", 1, true])).as_str(), "a, 1, true");
        assert_eq!(plain_text(&json!("a\u{1b}")), "a\u{1b}");
    }
}
