//! How names, paths and values are written on this page. What is copied or exported is never taken from here.

use crate::console::style::Glyphs;
use crate::console::words::end;
use crate::text::{Shown, show};
use serde_json::Value;

/// The name somebody signs in with, without the domain: what lists show.
pub(super) fn local_part(name: &str) -> &str {
    name.split('@').next().filter(|local| !local.is_empty()).unwrap_or(name)
}

/// What was wrong, without the request in front: `GET https://…: the server answered 500` is what the server answered.
pub(super) fn without_request(text: &str) -> &str {
    let behind = text.split_once(": ").filter(|(request, rest)| {
        let address = request.split_once(' ').map(|(_, address)| address);
        address.is_some_and(|a| a.contains("://") && !a.contains(' ')) && !rest.is_empty()
    });
    behind.map_or(text, |(_, rest)| rest)
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
    fn what_was_wrong_comes_first() {
        for (text, said) in [
            ("GET http://127.0.0.1:45049/scim/v2/Users/8f72: the server answered 500: x", "the server answered 500: x"),
            ("the app cannot be reached", "the app cannot be reached"),
            ("no token: set one", "no token: set one"),
            ("see https://a.example for more: nothing", "see https://a.example for more: nothing"),
            ("GET http://a.example: ", "GET http://a.example: "),
        ] {
            assert_eq!(without_request(text), said);
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
