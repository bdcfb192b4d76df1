//! Evaluating filters over resources.

use super::filter::{Filter, FilterError, Op};
use super::path::AttrPath;
use super::schema::{Attribute, Kind, Schemas};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Whether the resource fits the filter (RFC 7644 section 3.4.2.2).
///
/// A multi-valued attribute fits if any of its values does; a complex value without sub-attribute is compared by its
/// `value`. Text compares as `caseExact` says, without regard to case where no schema says anything. An attribute
/// without value equals `null` and fits `ne` of anything else.
pub fn matches(filter: &Filter, resource: &Value, schemas: &Schemas) -> bool {
    holds(filter, resource, &Scope::Resource(schemas))
}

/// Whether one element of a multi-valued attribute fits the filter in brackets; `attribute` describes the elements.
pub fn element_matches(filter: &Filter, element: &Value, attribute: Option<&Attribute>) -> bool {
    holds(filter, element, &Scope::Element(attribute))
}

/// Refuses what RFC 7644 section 3.4.2.2 says cannot be compared: the order of booleans, binaries and `null`, and parts
/// of anything but text.
///
/// # Errors
/// Says which comparison; the span is empty.
pub fn check(filter: &Filter, schemas: &Schemas) -> Result<(), FilterError> {
    let refuse = |message: String| Err(FilterError { message, span: 0..0 });
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|part| check(part, schemas)),
        Filter::Not(part) => check(part, schemas),
        Filter::Present(_) | Filter::Has(_) => Ok(()),
        Filter::Compare(path, op, value) => {
            let ordered = matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
            let kind = schemas.attribute(path).map(|a| a.kind);
            if ordered && (matches!(kind, Some(Kind::Boolean | Kind::Binary)) || value.is_boolean() || value.is_null())
            {
                return refuse(format!("`{}` cannot order `{path}`", op.as_str()));
            }
            if matches!(op, Op::Co | Op::Sw | Op::Ew) && !value.is_string() {
                return refuse(format!("`{}` needs a string", op.as_str()));
            }
            Ok(())
        }
    }
}

/// What names in a filter refer to.
enum Scope<'a> {
    Resource(&'a Schemas),
    Element(Option<&'a Attribute>),
}

fn holds(filter: &Filter, object: &Value, scope: &Scope<'_>) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| holds(part, object, scope)),
        Filter::Or(parts) => parts.iter().any(|part| holds(part, object, scope)),
        Filter::Not(part) => !holds(part, object, scope),
        Filter::Has(path) | Filter::Present(path) => leaves(path, object, scope).0.iter().any(|v| present(v)),
        Filter::Compare(path, op, literal) => {
            let (values, attribute) = leaves(path, object, scope);
            let mut values = values.into_iter().filter(|v| present(v)).peekable();
            if values.peek().is_none() {
                return literal.is_null() == (*op == Op::Eq) && matches!(op, Op::Eq | Op::Ne);
            }
            values.any(|value| compare(value, *op, literal, attribute))
        }
    }
}

fn present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => map.values().any(present),
        _ => true,
    }
}

/// The values that a path leads to, and their attribute.
fn leaves<'v, 's>(path: &AttrPath, object: &'v Value, scope: &Scope<'s>) -> (Vec<&'v Value>, Option<&'s Attribute>) {
    let mut attribute;
    let found = match scope {
        Scope::Resource(schemas) => {
            let target = schemas.resolve(path);
            attribute = target.map(|t| t.attribute);
            let urn = path.extension().or_else(|| target.and_then(|t| t.extension).map(|e| e.id.as_str()));
            let container = match urn {
                Some(urn) => object.as_object().and_then(|map| field(map, urn)),
                None => Some(object),
            };
            if path.attr.is_empty() { container } else { container.and_then(|c| get(c, &path.attr)) }
        }
        Scope::Element(parent) => {
            attribute = parent.and_then(|p| p.sub(&path.attr));
            match object {
                // An element of a simple list is its own `value`.
                Value::Object(_) => get(object, &path.attr),
                simple if path.attr.eq_ignore_ascii_case("value") => {
                    attribute = *parent;
                    Some(simple)
                }
                _ => None,
            }
        }
    };
    let elements: Vec<&Value> = match found {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(single) => vec![single],
    };
    let kept = elements.into_iter().filter(|element| match &path.filter {
        Some(filter) => element_matches(filter, element, attribute),
        None => true,
    });
    match &path.sub {
        Some(sub) => (kept.filter_map(|e| get(e, sub)).collect(), attribute.and_then(|a| a.sub(sub))),
        None => (kept.collect(), attribute),
    }
}

fn get<'v>(object: &'v Value, name: &str) -> Option<&'v Value> {
    object.as_object().and_then(|map| field(map, name))
}

/// A field by name, letter case ignored; the exact spelling wins.
pub(super) fn field<'v>(map: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn compare(value: &Value, op: Op, literal: &Value, attribute: Option<&Attribute>) -> bool {
    if let Value::Object(map) = value {
        let inner = field(map, "value");
        let attribute = attribute.and_then(|a| a.sub("value"));
        return inner.is_some_and(|inner| !inner.is_object() && compare(inner, op, literal, attribute));
    }
    if literal.is_null() {
        return op == Op::Ne;
    }
    match op {
        Op::Ne => !compare(value, Op::Eq, literal, attribute),
        Op::Co | Op::Sw | Op::Ew => {
            let (Some(have), Some(want)) = (value.as_str(), literal.as_str()) else { return false };
            let exact = attribute.is_some_and(|a| a.case_exact);
            let (have, want) = (fold(have, exact), fold(want, exact));
            match op {
                Op::Co => have.contains(want.as_ref()),
                Op::Sw => have.starts_with(want.as_ref()),
                _ => have.ends_with(want.as_ref()),
            }
        }
        Op::Eq | Op::Gt | Op::Ge | Op::Lt | Op::Le => match order(value, literal, attribute) {
            None => false,
            Some(order) => match op {
                Op::Eq => order == Ordering::Equal,
                Op::Gt => order == Ordering::Greater,
                Op::Ge => order != Ordering::Less,
                Op::Lt => order == Ordering::Less,
                _ => order != Ordering::Greater,
            },
        },
    }
}

fn order(value: &Value, literal: &Value, attribute: Option<&Attribute>) -> Option<Ordering> {
    match (value, literal) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        // Entra's older dialect writes booleans as text (E9.24).
        (Value::Bool(a), Value::String(b)) => Some(a.cmp(&boolean(b)?)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::Number(_), Value::String(b)) => {
            let parsed: f64 = b.trim().parse().ok()?;
            value.as_f64()?.partial_cmp(&parsed)
        }
        (Value::String(a), Value::String(b)) => {
            if attribute.is_some_and(|a| a.kind == Kind::DateTime)
                && let (Ok(a), Ok(b)) = (a.parse::<jiff::Timestamp>(), b.parse::<jiff::Timestamp>())
            {
                return Some(a.cmp(&b));
            }
            let exact = attribute.is_some_and(|a| a.case_exact);
            Some(fold(a, exact).cmp(&fold(b, exact)))
        }
        (Value::String(a), Value::Number(_) | Value::Bool(_)) => Some(a.as_str().cmp(&literal.to_string())),
        _ => None,
    }
}

/// `true` or `false` in any letter case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The form in which text is compared.
pub(super) fn fold(text: &str, exact: bool) -> Cow<'_, str> {
    if exact || text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn user() -> Value {
        json!({
            "id": "Ab1", "userName": "Ada@X.org", "externalId": "E1", "active": true,
            "name": {"familyName": "O'Malley", "givenName": "Ünal"},
            "emails": [{"type": "work", "value": "a@x.org", "primary": true}, {"type": "home", "value": "b@y.net"}],
            "meta": {"lastModified": "2026-05-13T04:42:34Z"},
            "nickName": "", "roles": [],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales", "manager": {"value": "M1", "displayName": "Grace"}},
        })
    }

    fn fits(filter: &str) -> bool {
        matches(&Filter::parse(filter).unwrap(), &user(), Schemas::user())
    }

    #[test]
    fn true_ones() {
        for filter in [
            r#"userName eq "ada@x.ORG""#,
            r#"USERNAME sw "ADA""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName ew "x.org""#,
            r#"id eq "Ab1" and externalId eq "E1""#,
            r#"name.familyName co "o'mal""#,
            r#"name.givenName eq "ünal""#,
            "active eq true",
            r#"active eq "True""#,
            r#"meta.lastModified gt "2026-05-13T04:42:33.5Z""#,
            r#"meta.lastModified le "2026-05-13T06:42:34+02:00""#,
            r#"emails.type eq "home""#,
            r#"emails eq "b@y.net""#,
            r#"emails co "y.net""#,
            r#"emails[type eq "work" and value ew "x.org"]"#,
            r#"emails[type eq "work"].value eq "a@x.org""#,
            r#"emails[primary eq true].value sw "a""#,
            r#"emails[not (type eq "work")]"#,
            "name pr and emails pr and userName pr",
            "not (nickName pr) and not (roles pr) and not (title pr)",
            "title eq null",
            r#"title ne "x""#,
            "userName ne null",
            r#"emails.type ne "work""#,
            r#"manager eq "M1""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#,
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName eq "grace""#,
            r#"userName lt "b" and userName gt "A""#,
            r#"active eq false or not (active eq false)"#,
        ] {
            assert!(fits(filter), "{filter}");
        }
    }

    #[test]
    fn false_ones() {
        for filter in [
            r#"id eq "ab1""#,
            r#"externalId eq "e1""#,
            r#"emails[type eq "work" and value ew "y.net"]"#,
            "active eq false",
            "active ne true",
            "title pr",
            "title ne null",
            r#"title co "a""#,
            r#"title gt "a""#,
            r#"name eq "O'Malley""#,
            r#"meta.lastModified gt "2026-05-13T04:42:34Z""#,
            r#"urn:x:y:department eq "Sales""#,
        ] {
            assert!(!fits(filter), "{filter}");
        }
    }

    #[test]
    fn numbers_and_simple_lists() {
        let resource = json!({"n": 5, "f": 2.5, "list": ["a", "B"]});
        let fits = |f: &str| matches(&Filter::parse(f).unwrap(), &resource, Schemas::none());
        assert!(fits("n gt 4") && fits("n ge 5.0") && fits("f lt 3") && fits("n eq \"5\""));
        assert!(fits("list eq \"b\"") && fits("list[value eq \"a\"]") && !fits("list[value eq \"c\"]"));
    }

    #[test]
    fn unorderable_is_refused() {
        let check = |f: &str| check(&Filter::parse(f).unwrap(), Schemas::user());
        assert!(check("active gt true").is_err());
        assert!(check(r#"active lt "true""#).is_err());
        assert!(check("userName co 5").is_err());
        assert!(check(r#"not (userName ge "a")"#).is_ok());
    }
}
