//! How names, paths and values are written on this page. What is copied or exported is never taken from here.

use crate::console::style::Glyphs;
use crate::console::words::end;
use crate::text::{Shown, show};
use serde_json::Value;

/// A value as text, untouched: what is copied. Nothing is empty.
pub(super) fn plain_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain_text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A value in so many cells: what is too long loses its end. `None` is [`Glyphs::none`].
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
    fn values_are_cut_and_nothing_is_said_to_be_nothing() {
        let glyphs = Glyphs::unicode();
        assert_eq!(value_in(Some(&json!("ada@contoso.example")), 10, &glyphs).as_str(), "ada@conto…");
        assert_eq!(value_in(Some(&json!("Principal Engineer")), 10, &glyphs).as_str(), "Principal…");
        assert_eq!(value_in(Some(&json!(["a", true, 7])), 20, &glyphs).as_str(), "a, true, 7");
        assert_eq!(value_in(Some(&Value::Null), 20, &glyphs).as_str(), "—");
        assert_eq!(value_in(None, 20, &glyphs).as_str(), "—");
    }
}
