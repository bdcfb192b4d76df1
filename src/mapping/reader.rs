//! Reading JSON with the place in hand, so that every error can name it.

use super::error::MappingError;
use serde_json::Value;

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    pub(super) path: String,
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Refuses anything but an object.
    pub(super) fn object(self) -> Result<Self, MappingError> {
        if self.value.is_object() {
            Ok(self)
        } else {
            let path = if self.path.is_empty() { "the schema".to_owned() } else { self.path };
            Err(MappingError::at(path, format!("an object is needed here, not {}", kind(self.value))))
        }
    }

    /// A member that is neither absent nor null.
    pub(super) fn member(&self, name: &str) -> Option<Place<'a>> {
        let value = self.value.get(name).filter(|v| !v.is_null())?;
        Some(Place { value, path: self.path_of(name) })
    }

    fn wrong(&self, name: &str, needed: &str, value: &Value) -> MappingError {
        MappingError::at(self.path_of(name), format!("{needed} is needed here, not {}", kind(value)))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, MappingError> {
        match self.member(name) {
            None => Ok(None),
            Some(place) => match place.value {
                Value::String(text) => Ok(Some(text.clone())),
                other => Err(self.wrong(name, "a text", other)),
            },
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<String, MappingError> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| MappingError::at(self.path_of(name), "this member is missing or empty"))
    }

    pub(super) fn boolean(&self, name: &str, default: bool) -> Result<bool, MappingError> {
        match self.member(name) {
            None => Ok(default),
            Some(place) => place.value.as_bool().ok_or_else(|| self.wrong(name, "true or false", place.value)),
        }
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> Result<i64, MappingError> {
        match self.member(name) {
            None => Ok(default),
            Some(place) => place.value.as_i64().ok_or_else(|| self.wrong(name, "a whole number", place.value)),
        }
    }

    /// The objects of a list; absent is empty.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Place<'a>>, MappingError> {
        let Some(list) = self.member(name) else { return Ok(Vec::new()) };
        let Value::Array(values) = list.value else { return Err(self.wrong(name, "a list", list.value)) };
        let place = |(index, value)| Place { value, path: format!("{}[{index}]", list.path) }.object();
        values.iter().enumerate().map(place).collect()
    }

    /// A name of a fixed set, in any letter case.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)], default: T) -> Result<T, MappingError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        named(choices, text.trim()).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            MappingError::at(self.path_of(name), format!("`{text}` is not one of {}", names.join(", ")))
        })
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The value of a name in any letter case.
pub(super) fn named<T: Copy>(names: &[(&str, T)], text: &str) -> Option<T> {
    names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
}

/// The name of a value; every value has one.
pub(super) fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find(|(_, other)| other == value).map_or("", |(name, _)| name)
}

/// `a.b[0].c` as a JSON pointer.
pub(super) fn pointer_of(path: &str) -> String {
    path.split(['.', '[']).fold(String::new(), |mut pointer, part| {
        pointer.push('/');
        pointer.push_str(part.trim_end_matches(']'));
        pointer
    })
}
