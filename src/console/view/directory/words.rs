//! How names, paths and values are written on this page. What is copied or exported is never taken from here.

use crate::console::style::Glyphs;
use crate::console::words::{end, middle};
use crate::text::{Shown, show};
use serde_json::Value;

/// The name somebody signs in with, without the domain: what lists show.
pub(super) fn local_part(name: &str) -> &str {
    name.split('@').next().filter(|local| !local.is_empty()).unwrap_or(name)
}

/// A target path in so many cells: whole where it fits, then step by step without what a reader can do without, cut
/// in its middle only when nothing else helps.
pub(super) fn path_in(path: &str, cells: usize, glyphs: &Glyphs) -> Shown {
    let shorter = short_path(path);
    let shortest = shorter.rsplit_once('.').map_or(shorter.as_str(), |(head, last)| match head {
        "name" | "address" => last,
        _ => shorter.as_str(),
    });
    let fits = [path, &shorter, shortest].into_iter().map(show).find(|shown| shown.width() <= cells);
    fits.unwrap_or_else(|| show(&middle(show(shortest).as_str(), cells, glyphs)))
}

/// A path without schema, filter syntax and `value`, its list in the singular: `emails[type eq "work"].value` is
/// `email.work`, `addresses[type eq "work"].locality` is `address.locality`.
fn short_path(path: &str) -> String {
    let plain = if path.starts_with("urn:") { path.rsplit(':').next().unwrap_or(path) } else { path };
    let Some((head, rest)) = plain.split_once('[') else { return plain.to_owned() };
    let Some((filter, behind)) = rest.split_once(']') else { return plain.to_owned() };
    let kind = filter.split('"').nth(1).filter(|kind| !kind.is_empty() && filter.starts_with("type eq "));
    let Some(kind) = kind else { return plain.to_owned() };
    let one = match head {
        "emails" => "email",
        "phoneNumbers" => "phone",
        "addresses" => "address",
        "photos" => "photo",
        "ims" => "im",
        other => other,
    };
    match (one, behind.trim_start_matches('.')) {
        (_, "" | "value") => format!("{one}.{kind}"),
        // Hardly any app has more than one address.
        ("address", sub) => format!("{one}.{sub}"),
        (_, sub) => format!("{one}.{kind}.{sub}"),
    }
}

/// A value as text, untouched: what is copied. Nothing is empty.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A value in so many cells; prose and addresses lose their end. `None` is [`Glyphs::none`].
pub(super) fn value_in(value: Option<&Value>, cells: usize, glyphs: &Glyphs) -> Shown {
    match value.filter(|v| !v.is_null()) {
        None => show(glyphs.none),
        Some(value) => {
            let whole = show(&plain_text(value));
            if whole.width() <= cells { whole } else { show(&end(whole.as_str(), cells, glyphs)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_give_up_what_tells_least_first() {
        let glyphs = Glyphs::unicode();
        for (path, cells, expected) in [
            ("userName", 14, "userName"),
            ("name.givenName", 14, "name.givenName"),
            ("name.familyName", 14, "familyName"),
            ("emails[type eq \"work\"].value", 40, "emails[type eq \"work\"].value"),
            ("emails[type eq \"work\"].value", 14, "email.work"),
            ("phoneNumbers[type eq \"mobile\"].value", 14, "phone.mobile"),
            ("addresses[type eq \"work\"].streetAddress", 22, "address.streetAddress"),
            ("addresses[type eq \"work\"].streetAddress", 14, "streetAddress"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber", 14, "employeeNumber"),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", 14, "department"),
            ("urn:example:User:preferredCommunicationLanguage", 14, "preferr…nguage"),
            ("roles[primary eq \"True\"].value", 14, "roles[p….value"),
        ] {
            assert_eq!(path_in(path, cells, &glyphs).as_str(), expected);
        }
    }

    #[test]
    fn values_are_cut_at_their_end_and_nothing_is_said_to_be_nothing() {
        let glyphs = Glyphs::unicode();
        assert_eq!(value_in(Some(&json!("ada@contoso.example")), 10, &glyphs).as_str(), "ada@conto…");
        assert_eq!(value_in(Some(&json!(["a", true, 7])), 20, &glyphs).as_str(), "a, true, 7");
        assert_eq!(value_in(Some(&Value::Null), 20, &glyphs).as_str(), "—");
        assert_eq!(value_in(None, 20, &glyphs).as_str(), "—");
        assert_eq!((local_part("ada@x.y"), local_part("ada"), local_part("@x")), ("ada", "ada", "@x"));
    }
}
