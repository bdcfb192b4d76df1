//! Values, and what one kind of value becomes where another is needed.

use super::date::DateTime;
use std::cmp::Ordering;

/// An app role of a person, as `appRoleAssignments` carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Role id (GUID text).
    pub id: String,
    /// The value the app declares, if any.
    pub value: Option<String>,
    /// Name shown to people.
    pub display_name: String,
}

impl Role {
    /// `{"id":…,"value":…,"displayName":…}` without blanks.
    fn json(&self) -> String {
        serde_json::json!({"id": self.id, "value": self.value, "displayName": self.display_name}).to_string()
    }
}

/// A value of the language.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Absent or null.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A number that is written otherwise than its canonical form (`007`, `1.50`): used as text it keeps its spelling.
    Decimal(String),
    /// A Boolean, in text form `True` or `False`.
    Boolean(bool),
    /// An instant, in text form `3/16/2020 7:00:00 AM`; in UTC.
    DateTime(DateTime),
    /// Several values. A list of one behaves as its element, an empty one as null.
    List(Vec<Value>),
    /// An app role.
    Role(Role),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// From JSON: nulls in lists are dropped, an empty list is null, an object with `id` and `displayName` is a
    /// role and any other object its JSON text.
    pub fn from_json(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(b) => Self::Boolean(*b),
            serde_json::Value::Number(n) => n.as_i64().map_or_else(|| Self::Decimal(n.to_string()), Self::Number),
            serde_json::Value::String(s) => Self::Text(s.clone()),
            serde_json::Value::Array(values) => {
                Self::list(values.iter().map(Self::from_json).filter(|v| !v.is_null()).collect())
            }
            serde_json::Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
                match (text("id"), text("displayName")) {
                    (Some(id), Some(display_name)) => Self::Role(Role { id, value: text("value"), display_name }),
                    _ => Self::Text(value.to_string()),
                }
            }
        }
    }

    /// A list, or null for no values.
    pub fn list(values: Vec<Self>) -> Self {
        if values.is_empty() { Self::Null } else { Self::List(values) }
    }

    /// The element of a list of one, else the value itself.
    pub fn single(&self) -> &Self {
        match self {
            Self::List(values) => match values.as_slice() {
                [one] => one.single(),
                [] => &Self::Null,
                _ => self,
            },
            _ => self,
        }
    }

    /// Whether there is no value. An empty text is a value.
    pub fn is_null(&self) -> bool {
        matches!(self.single(), Self::Null)
    }

    /// Whether there is no value, or an empty text.
    pub fn is_empty(&self) -> bool {
        match self.single() {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// The text form; `None` for null and for two values or more.
    pub fn to_text(&self) -> Option<String> {
        match self.single() {
            Self::Null | Self::List(_) => None,
            Self::Text(text) | Self::Decimal(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            Self::Boolean(true) => Some("True".to_owned()),
            Self::Boolean(false) => Some("False".to_owned()),
            Self::DateTime(date) => Some(date.to_string()),
            Self::Role(role) => Some(role.json()),
        }
    }

    /// The text forms of all values; none for null.
    pub fn to_texts(&self) -> Vec<String> {
        match self {
            Self::List(values) => values.iter().flat_map(Self::to_texts).collect(),
            one => one.to_text().into_iter().collect(),
        }
    }

    /// Bytes of text in the value.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Decimal(text) => text.len(),
            Self::List(values) => values.iter().map(Self::size).sum(),
            Self::Null | Self::Number(_) | Self::Boolean(_) | Self::DateTime(_) | Self::Role(_) => 0,
        }
    }

    /// As a whole number: numbers, and text that is a whole decimal or `&H` number.
    pub fn to_integer(&self) -> Option<i64> {
        match self.single() {
            Self::Number(number) => Some(*number),
            Self::Text(text) | Self::Decimal(text) => parse_integer(text.trim()),
            _ => None,
        }
    }

    /// As a Boolean; null and empty are false.
    pub fn to_boolean(&self) -> Option<bool> {
        match self.single() {
            Self::Null => Some(false),
            Self::Boolean(b) => Some(*b),
            Self::Number(number) => Some(*number != 0),
            Self::Text(text) | Self::Decimal(text) => match text.trim() {
                "" => text.is_empty().then_some(false),
                t if t.eq_ignore_ascii_case("true") => Some(true),
                t if t.eq_ignore_ascii_case("false") => Some(false),
                t => Decimal::parse(t).map(|d| !d.is_zero()),
            },
            Self::DateTime(_) | Self::List(_) | Self::Role(_) => None,
        }
    }
}

/// A whole decimal number, or `&H` and hexadecimal digits.
pub(super) fn parse_integer(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("&H") {
        return u64::from_str_radix(digits, 16).ok().map(u64::cast_signed);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// A decimal number of any length, for exact comparison: no rounding of ids with twenty digits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with("&H") {
            return Self::parse(&parse_integer(text)?.to_string());
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !plain(whole) || !plain(fraction) || digits.ends_with('.') {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { negative, whole, fraction })
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = self
            .whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction));
        match (self.negative, other.negative) {
            (false, false) => magnitude,
            (true, true) => magnitude.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}
