//! Reading a TOML table strictly: every value with its place, every key known.

use super::problem::{Problem, Problems, nearest};
use super::rules::count;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Bytes of the text.
pub(super) type Span = Range<usize>;

/// A table that is being read: its known keys, its place, and where what is wrong with it is written down.
pub(super) struct Table<'a, 'i> {
    /// How a person would call it: `jobs.flock.app`.
    pub(super) name: String,
    /// Its key in the text.
    pub(super) at: Span,
    table: &'a DeTable<'i>,
}

/// A kind of table and its keys.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// What stands before its keys in advice: `app.`, or nothing.
    pub(super) prefix: &'static str,
    /// Its keys.
    pub(super) keys: &'static [&'static str],
}

impl Problems {
    /// Writes down one thing that is wrong.
    pub(super) fn add(&mut self, span: &Span, what: impl Into<String>, advice: impl Into<String>) {
        self.list.push(Problem { span: span.clone(), what: what.into(), advice: advice.into() });
    }
}

impl<'a, 'i> Table<'a, 'i> {
    /// Opens a table and reports the keys that it may not have. `others` are the tables where a misplaced key may
    /// belong.
    pub(super) fn open(
        name: impl Into<String>,
        at: Span,
        table: &'a DeTable<'i>,
        kind: Kind,
        others: &[Kind],
        problems: &mut Problems,
    ) -> Self {
        let this = Self { name: name.into(), at, table };
        for key in table.keys() {
            let word = key.get_ref().as_ref();
            if kind.keys.contains(&word) {
                continue;
            }
            let elsewhere = others.iter().find(|other| other.keys.contains(&word));
            let advice = if let Some(other) = elsewhere {
                format!("it belongs to `{}{word}`", other.prefix)
            } else if let Some(meant) = nearest(word, kind.keys.iter().copied()) {
                format!("did you mean `{meant}`?")
            } else {
                format!("valid keys: {}", kind.keys.join(", "))
            };
            problems.add(&key.span(), format!("unknown key `{word}` in {}", this.name), advice);
        }
        this
    }

    /// A value and its place.
    pub(super) fn value(&self, key: &str) -> Option<(&'a DeValue<'i>, Span)> {
        let (_, value) = self.table.iter().find(|(k, _)| k.get_ref().as_ref() == key)?;
        Some((value.get_ref(), value.span()))
    }

    /// The place of a key.
    pub(super) fn key_span(&self, key: &str) -> Option<Span> {
        self.table.keys().find(|k| k.get_ref().as_ref() == key).map(toml::Spanned::span)
    }

    /// Reports a key that has to be there.
    pub(super) fn missing(&self, key: &str, example: &str, problems: &mut Problems) {
        problems.add(&self.at, format!("{} has no `{key}`", self.name), format!("add {key} = {example}"));
    }

    /// A string, if the key is there and holds one.
    pub(super) fn string(&self, key: &str, problems: &mut Problems) -> Option<(&'a str, Span)> {
        let (value, span) = self.value(key)?;
        if let DeValue::String(text) = value {
            return Some((text.as_ref(), span));
        }
        self.wrong_type(key, "text in quotes", value, &span, problems);
        None
    }

    /// A boolean, or the default.
    pub(super) fn boolean(&self, key: &str, default: bool, problems: &mut Problems) -> bool {
        match self.value(key) {
            None => default,
            Some((DeValue::Boolean(value), _)) => *value,
            Some((value, span)) => {
                self.wrong_type(key, "true or false", value, &span, problems);
                default
            }
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, key: &str, problems: &mut Problems) -> Option<u64> {
        let (value, span) = self.value(key)?;
        let DeValue::Integer(number) = value else {
            self.wrong_type(key, "a whole number", value, &span, problems);
            return None;
        };
        let read = count(number.as_str(), number.radix());
        if read.is_none() {
            problems.add(&span, format!("`{key}` in {} is out of range", self.name), "expected 0 or more");
        }
        read
    }

    /// One of a few words, or the default.
    pub(super) fn choice<T: Copy>(&self, key: &str, default: T, words: &[(&str, T)], problems: &mut Problems) -> T {
        let Some((text, span)) = self.string(key, problems) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let advice = match nearest(text, words.iter().map(|(word, _)| *word)) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => {
                let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                format!("expected {}", list.join(" or "))
            }
        };
        problems.add(&span, format!("`{key}` in {} has no value \"{text}\"", self.name), advice);
        default
    }

    /// A table inside.
    pub(super) fn table(&self, key: &str, problems: &mut Problems) -> Option<(&'a DeTable<'i>, Span)> {
        let (value, span) = self.value(key)?;
        if let DeValue::Table(table) = value {
            return Some((table, self.key_span(key).unwrap_or(span)));
        }
        self.wrong_type(key, "a table", value, &span, problems);
        None
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(&self, key: &str, wanted: &str, got: &DeValue<'_>, span: &Span, problems: &mut Problems) {
        problems.add(span, format!("`{key}` in {} is {}", self.name, type_of(got)), format!("expected {wanted}"));
    }
}

/// The type of a value, with its article.
pub(super) fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
