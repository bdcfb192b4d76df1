//! Bringing values from a request into the form that a schema describes (server side).

use super::error::{ScimError, ScimType};
use super::eval::boolean;
use super::path::is_core;
use super::schema::{Attribute, Kind, Mutability, Schema, Schemas};
use serde_json::{Map, Value};

/// The attributes of a POST or PUT body that a client may set, in the spelling of the schemas.
///
/// Attributes and extensions that no schema declares are ignored, as are read-only ones (RFC 7644 section 3.3);
/// `null` and empty values are "unassigned" (RFC 7643 section 2.5) and left out.
///
/// # Errors
/// `invalidSyntax` if the body is no object or `schemas` lacks the core URN; `invalidValue` for a value of the wrong
/// type, a missing required attribute or two primary values.
pub fn conform_resource(body: Value, schemas: &Schemas) -> Result<Map<String, Value>, ScimError> {
    let Value::Object(body) = body else {
        return Err(ScimError::of(ScimType::InvalidSyntax, "The request body must be a JSON object."));
    };
    let core = schemas.core_urn();
    let listed = body.iter().find(|(key, _)| key.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let lists_core = listed
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().any(|urn| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(core))));
    if !lists_core {
        return Err(ScimError::of(ScimType::InvalidSyntax, format!("`schemas` must be a list that contains {core}.")));
    }
    let mut out = Map::new();
    let top = schemas.core.as_ref();
    for (key, value) in body {
        if let Some(extension) = schemas.extension(&key) {
            let inner = conform_object(value, Some(extension), &key)?;
            if !inner.is_empty() {
                out.insert(extension.id.clone(), Value::Object(inner));
            }
        } else if is_core(&key) {
            out.extend(conform_object(value, top, &key)?);
        } else if let Some(attribute) = top.and_then(|s| s.attribute(&key)) {
            put(&mut out, attribute, value)?;
        }
    }
    let required = top.iter().flat_map(|s| &s.attributes).filter(|a| a.required);
    for attribute in required.filter(|a| a.mutability != Mutability::ReadOnly && a.name != "schemas") {
        if !out.contains_key(&attribute.name) {
            return Err(invalid(&attribute.name, "is required"));
        }
    }
    Ok(out)
}

fn conform_object(value: Value, schema: Option<&Schema>, key: &str) -> Result<Map<String, Value>, ScimError> {
    let mut out = Map::new();
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map {
                if let Some(attribute) = schema.and_then(|s| s.attribute(&key)) {
                    put(&mut out, attribute, value)?;
                }
            }
        }
        _ => return Err(invalid(key, "must be an object")),
    }
    Ok(out)
}

fn put(out: &mut Map<String, Value>, attribute: &Attribute, value: Value) -> Result<(), ScimError> {
    if attribute.mutability == Mutability::ReadOnly || attribute.name == "schemas" {
        return Ok(());
    }
    if let Some(value) = conform(attribute, value)? {
        out.insert(attribute.name.clone(), value);
    }
    Ok(())
}

/// A value for an attribute, in the form that its schema describes; `None` if it means "unassigned".
///
/// A single value for a list becomes a list, a list of one for a single value its element (E9.28), plain text for a
/// complex attribute its `value`, the texts `True` and `False` booleans (E9.24).
///
/// # Errors
/// `invalidValue` for a value of the wrong type, or two primary values.
pub fn conform(attribute: &Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    if !attribute.multi_valued {
        return match value {
            Value::Array(mut list) if list.len() <= 1 => {
                list.pop().map_or(Ok(None), |only| conform_one(attribute, only))
            }
            value => conform_one(attribute, value),
        };
    }
    let list = match value {
        Value::Null => return Ok(None),
        Value::Array(list) => list,
        single => vec![single],
    };
    let mut out = Vec::with_capacity(list.len());
    for value in list {
        out.extend(conform_one(attribute, value)?);
    }
    if out.iter().filter(|e| is_primary(e)).count() > 1 {
        return Err(invalid(&attribute.name, "must not have two primary values"));
    }
    Ok((!out.is_empty()).then_some(Value::Array(out)))
}

/// Whether an element is marked as the primary one.
pub fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// One value, or one element of a list.
///
/// # Errors
/// `invalidValue` for a value of the wrong type.
pub fn conform_one(attribute: &Attribute, value: Value) -> Result<Option<Value>, ScimError> {
    let name = &attribute.name;
    let value = match (attribute.kind, value) {
        (_, Value::Null) => return Ok(None),
        (Kind::Boolean, Value::Bool(flag)) => Value::Bool(flag),
        (Kind::Boolean, Value::String(text)) => match boolean(&text) {
            Some(flag) => Value::Bool(flag),
            None => return Err(invalid(name, "must be true or false")),
        },
        (Kind::Boolean, _) => return Err(invalid(name, "must be true or false")),
        (Kind::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => Value::Number(number),
        (Kind::Decimal, Value::Number(number)) => Value::Number(number),
        (Kind::Integer | Kind::Decimal, _) => return Err(invalid(name, "must be a number")),
        (Kind::DateTime, Value::String(text)) => {
            if text.parse::<jiff::Timestamp>().is_err() {
                return Err(invalid(name, "must be a date and time such as 2026-01-31T08:00:00Z"));
            }
            Value::String(text)
        }
        (Kind::String | Kind::Reference | Kind::Binary, Value::String(text)) => {
            if text.is_empty() {
                return Ok(None);
            }
            Value::String(text)
        }
        (Kind::Complex, Value::Object(map)) => return conform_complex(attribute, map),
        (Kind::Complex, Value::String(text)) if attribute.sub("value").is_some() => {
            let map = Map::from_iter([("value".to_owned(), Value::String(text))]);
            return conform_complex(attribute, map);
        }
        (Kind::Complex, _) => return Err(invalid(name, "must be an object")),
        _ => return Err(invalid(name, "must be a string")),
    };
    Ok(Some(value))
}

fn conform_complex(attribute: &Attribute, map: Map<String, Value>) -> Result<Option<Value>, ScimError> {
    let mut out = Map::new();
    for (key, value) in map {
        if let Some(sub) = attribute.sub(&key)
            && sub.mutability != Mutability::ReadOnly
            && let Some(value) = conform(sub, value).map_err(|mut error| {
                error.detail = error.detail.replacen('`', &format!("`{}.", attribute.name), 1);
                error
            })?
        {
            out.insert(sub.name.clone(), value);
        }
    }
    Ok((!out.is_empty()).then_some(Value::Object(out)))
}

pub(super) fn invalid(attribute: &str, what: &str) -> ScimError {
    ScimError::of(ScimType::InvalidValue, format!("`{attribute}` {what}."))
}

#[cfg(test)]
mod tests {
    use super::super::schema::{ENTERPRISE_URN, GROUP_URN, USER_URN};
    use super::*;
    use serde_json::json;

    fn user(mut body: Value) -> Result<Value, ScimError> {
        body["schemas"] = json!([USER_URN]);
        conform_resource(body, Schemas::user()).map(Value::Object)
    }

    #[test]
    fn keeps_what_the_schema_knows() {
        let kept = user(
            json!({"USERNAME": "ada", "id": "mine", "meta": {"resourceType": "User"}, "groups": [{"value": "g"}],
            "active": "False", "nickName": null, "title": "", "roles": [], "shoeSize": 43, "emails": {"value": "a", "x": 1},
            "urn:x:y:2.0:User": {"a": 1}, ENTERPRISE_URN: {"Department": "S", "manager": "m", "zz": 1}}),
        );
        assert_eq!(
            kept.unwrap(),
            json!({"userName": "ada", "active": false, "emails": [{"value": "a"}],
                ENTERPRISE_URN: {"department": "S", "manager": {"value": "m"}}})
        );
    }

    #[test]
    fn refuses_wrong_types() {
        for (body, named) in [
            (json!({"userName": 5}), "`userName`"),
            (json!({"title": "x"}), "`userName` is required"),
            (json!({"userName": ""}), "`userName` is required"),
            (json!({"userName": "a", "active": "perhaps"}), "`active`"),
            (json!({"userName": "a", "emails": [5]}), "`emails`"),
            (json!({"userName": "a", "emails": [{"primary": 1}]}), "`emails.primary`"),
            (json!({"userName": "a", "name": "x"}), "`name`"),
            (
                json!({"userName": "a", "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
                "primary",
            ),
            (json!({"userName": ["a", "b"]}), "`userName`"),
            (json!({"userName": "a", ENTERPRISE_URN: 5}), "enterprise"),
        ] {
            let error = user(body).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::InvalidValue));
            assert!(error.detail.contains(named), "{}", error.detail);
        }
        let syntax = |body: Value| conform_resource(body, Schemas::group()).unwrap_err().scim_type;
        assert_eq!(syntax(json!([])), Some(ScimType::InvalidSyntax));
        assert_eq!(syntax(json!({"displayName": "g"})), Some(ScimType::InvalidSyntax));
        assert_eq!(syntax(json!({"schemas": [USER_URN], "displayName": "g"})), Some(ScimType::InvalidSyntax));
        assert_eq!(syntax(json!({"schemas": [GROUP_URN]})), Some(ScimType::InvalidValue));
    }
}
