//! Reading and building resources by attribute path.

use super::eval::{boolean, element_matches, field, fold};
use super::filter::{Filter, Op};
use super::path::AttrPath;
use super::schema::Schemas;
use serde_json::{Map, Value};

/// The value at a path; `None` if there is none, or if it is `null` or an empty list.
///
/// Names match in any letter case, extensions are looked up by URN. With a value filter it is the first element that
/// fits; a path to a multi-valued attribute without filter gives the whole list, and with a sub-attribute the list of
/// those sub-attributes.
pub fn get(resource: &Value, path: &AttrPath) -> Option<Value> {
    let top = resource.as_object()?;
    let container = match path.extension() {
        Some(urn) => field(top, urn)?.as_object()?,
        None => top,
    };
    if path.attr.is_empty() {
        return Some(Value::Object(container.clone()));
    }
    let value = field(container, &path.attr)?;
    let value = match (&path.filter, value) {
        (None, value) => value,
        (Some(filter), Value::Array(list)) => list.iter().find(|e| element_matches(filter, e, None))?,
        (Some(filter), single) => Some(single).filter(|e| element_matches(filter, e, None))?,
    };
    let found = match (&path.sub, value) {
        (None, value) => value.clone(),
        (Some(sub), Value::Array(list)) => {
            Value::Array(list.iter().filter_map(|e| field(e.as_object()?, sub)).cloned().collect())
        }
        (Some(sub), value) => field(value.as_object()?, sub)?.clone(),
    };
    let empty = found.is_null() || found.as_array().is_some_and(Vec::is_empty);
    (!empty).then_some(found)
}

/// Every value at a path with a value filter, as a list: all elements that fit, not only the first. `None` if none
/// fits. For attributes that hold several values of one type, such as `emails[type eq "other"].value`.
pub fn get_each(resource: &Value, path: &AttrPath) -> Option<Value> {
    let (Some(filter), Some(sub)) = (&path.filter, &path.sub) else { return get(resource, path) };
    let list = AttrPath { filter: None, sub: None, ..path.clone() };
    let elements = match get(resource, &list)? {
        Value::Array(elements) => elements,
        single => vec![single],
    };
    let values: Vec<Value> = elements
        .iter()
        .filter(|e| element_matches(filter, e, None))
        .filter_map(|e| field(e.as_object()?, sub).cloned())
        .collect();
    (!values.is_empty()).then_some(Value::Array(values))
}

/// Puts a value at a path while a POST body is built; `null` puts nothing (E9.22).
///
/// What is missing on the way is made: the extension object, the complex attribute, or an element with what the value
/// filter asks for. A new mail of type `work` becomes the primary one, unless there is one already (E9.20). A list of
/// values behind a filter and a sub-attribute becomes one element each, in place of those that fit the filter.
pub fn set(resource: &mut Value, path: &AttrPath, value: Value) {
    if value.is_null() {
        return;
    }
    if let (Value::Array(values), Some(filter), Some(_)) = (&value, &path.filter, &path.sub) {
        set_each(resource, path, filter, values);
        return;
    }
    in_object(resource, |top| match path.extension() {
        Some(urn) => in_object(entry(top, urn), |extension| set_in(extension, path, value)),
        None => set_in(top, path, value),
    });
}

fn set_each(resource: &mut Value, path: &AttrPath, filter: &Filter, values: &[Value]) {
    let list = AttrPath { filter: None, sub: None, ..path.clone() };
    let mut elements = match get(resource, &list) {
        Some(Value::Array(elements)) => elements,
        Some(single) => vec![single],
        None => Vec::new(),
    };
    elements.retain(|e| !element_matches(filter, e, None));
    for value in values {
        let mut holder = Value::Object(Map::new());
        set(&mut holder, path, value.clone());
        if let Some(Value::Array(made)) = get(&holder, &list) {
            elements.extend(made);
        }
    }
    set(resource, &list, Value::Array(elements));
}

fn set_in(container: &mut Map<String, Value>, path: &AttrPath, value: Value) {
    if path.attr.is_empty() {
        if let Value::Object(map) = value {
            container.extend(map);
        }
        return;
    }
    let multi_valued = Schemas::user().resolve(path).is_some_and(|t| t.extension.is_none() && t.attribute.multi_valued);
    let slot = entry(container, &path.attr);
    let fill = |place: &mut Value| match &path.sub {
        Some(sub) => in_object(place, |map| *entry(map, sub) = value),
        None => match (place, value) {
            // Without sub-attribute, a filter has already put its own terms there: keep them beside the new ones.
            (Value::Object(have), Value::Object(new)) if path.filter.is_some() => have.extend(new),
            (place, value) => *place = value,
        },
    };
    match &path.filter {
        Some(filter) => in_list(slot, |list| element(list, &path.attr, filter), fill),
        None if path.sub.is_some() && multi_valued => {
            let first = |list: &mut Vec<Value>| {
                if list.is_empty() {
                    list.push(Value::Object(Map::new()));
                }
                0
            };
            in_list(slot, first, fill);
        }
        None => fill(slot),
    }
}

/// The value as an object, which it becomes if it is none; `fill` works on it.
fn in_object(value: &mut Value, fill: impl FnOnce(&mut Map<String, Value>)) {
    let mut map = match value.take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    fill(&mut map);
    *value = Value::Object(map);
}

fn entry<'a>(map: &'a mut Map<String, Value>, name: &str) -> &'a mut Value {
    let key = map.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned());
    map.entry(key).or_insert(Value::Null)
}

/// The value as a list, which it becomes if it is none; `fill` works on the element that `choose` finds or makes.
fn in_list(value: &mut Value, choose: impl FnOnce(&mut Vec<Value>) -> usize, fill: impl FnOnce(&mut Value)) {
    let mut list = match value.take() {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        single => vec![single],
    };
    let at = choose(&mut list);
    if let Some(element) = list.get_mut(at) {
        fill(element);
    }
    *value = Value::Array(list);
}

/// Place of the element that fits the filter, made if there is none.
fn element(list: &mut Vec<Value>, attr: &str, filter: &Filter) -> usize {
    if let Some(at) = list.iter().position(|e| element_matches(filter, e, None)) {
        return at;
    }
    let mut new = implied(filter).unwrap_or_default();
    let is_work = new.get("type").and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case("work"));
    let has_primary = list.iter().any(|e| e.get("primary") == Some(&Value::Bool(true)));
    if attr.eq_ignore_ascii_case("emails") && is_work && !has_primary && !new.contains_key("primary") {
        new.insert("primary".into(), true.into());
    }
    list.push(Value::Object(new));
    list.len() - 1
}

/// The element that a filter of `eq` terms describes; `None` if the filter says anything else.
pub(super) fn implied(filter: &Filter) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    match filter {
        Filter::Compare(path, Op::Eq, value) if path.filter.is_none() && path.sub.is_none() && !value.is_null() => {
            map.insert(path.attr.clone(), value.clone());
        }
        Filter::And(parts) => {
            for part in parts {
                map.extend(implied(part)?);
            }
        }
        _ => return None,
    }
    Some(map)
}

/// The `schemas` list of a resource with these attributes: the core schema, and every extension in use that `schemas`
/// declares. Undeclared URNs stay out (E9.21): servers refuse them.
pub fn schemas_of<'a>(paths: impl IntoIterator<Item = &'a AttrPath>, schemas: &Schemas) -> Vec<String> {
    let mut list = vec![schemas.core_urn().to_owned()];
    for path in paths {
        let declared = match path.extension() {
            Some(urn) => schemas.extension(urn),
            None => schemas.resolve(path).and_then(|target| target.extension),
        };
        if let Some(extension) = declared
            && !list.contains(&extension.id)
        {
            list.push(extension.id.clone());
        }
    }
    list
}

/// Whether two values mean the same, so that nothing needs to be written.
///
/// Text compares without regard to case unless `case_exact`; numbers and booleans equal their text; lists compare
/// without regard to order; absent, `null`, empty text, empty list and empty object are all "no value".
pub fn same(a: &Value, b: &Value, case_exact: bool) -> bool {
    match (a, b) {
        _ if is_empty(a) || is_empty(b) => is_empty(a) && is_empty(b),
        (Value::String(a), Value::String(b)) => fold(a, case_exact) == fold(b, case_exact),
        (Value::Bool(flag), Value::String(text)) | (Value::String(text), Value::Bool(flag)) => {
            boolean(text) == Some(*flag)
        }
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == text.trim()
                || matches!((number.as_f64(), text.trim().parse::<f64>()), (Some(a), Ok(b)) if a == b)
        }
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            let covers = |x: &Map<String, Value>, y: &Map<String, Value>| {
                x.iter().all(|(key, value)| same(value, field(y, key).unwrap_or(&Value::Null), case_exact))
            };
            covers(a, b) && covers(b, a)
        }
        (Value::Array(a), Value::Array(b)) => same_list(a, b, case_exact),
        (a, b) => a == b,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

fn same_list(a: &[Value], b: &[Value], case_exact: bool) -> bool {
    let a: Vec<&Value> = a.iter().filter(|v| !is_empty(v)).collect();
    let mut b: Vec<&Value> = b.iter().filter(|v| !is_empty(v)).collect();
    if a.len() != b.len() {
        return false;
    }
    // Lists of members grow to tens of thousands: those are compared sorted, not pair by pair.
    if a.len() > 64 {
        let sorted = |list: &[&Value]| {
            let mut keys: Vec<String> = list.iter().map(|v| key(v, case_exact)).collect();
            keys.sort_unstable();
            keys
        };
        return sorted(&a) == sorted(&b);
    }
    a.iter().all(|x| match b.iter().position(|y| same(x, y, case_exact)) {
        Some(at) => {
            b.swap_remove(at);
            true
        }
        None => false,
    })
}

/// A text that is equal for equal values.
fn key(value: &Value, case_exact: bool) -> String {
    match value {
        Value::String(text) => Value::from(fold(text, case_exact).as_ref()).to_string(),
        Value::Array(list) => {
            let mut parts: Vec<String> = list.iter().filter(|v| !is_empty(v)).map(|v| key(v, case_exact)).collect();
            parts.sort_unstable();
            format!("[{}]", parts.join(","))
        }
        Value::Object(map) => {
            let present = map.iter().filter(|(_, v)| !is_empty(v));
            let mut parts: Vec<String> =
                present.map(|(k, v)| format!("{}:{}", k.to_ascii_lowercase(), key(v, case_exact))).collect();
            parts.sort_unstable();
            format!("{{{}}}", parts.join(","))
        }
        scalar => Value::from(scalar.to_string()).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::{ENTERPRISE_URN, USER_URN};
    use super::*;
    use serde_json::json;

    fn path(text: &str) -> AttrPath {
        AttrPath::parse(text).unwrap()
    }

    #[test]
    fn gets_by_every_form() {
        let user = json!({"UserName": "ada", "name": {"givenName": "Ada"}, "title": null, "roles": [],
            "emails": [{"type": "home", "value": "h"}, {"type": "work", "value": "w1"}, {"type": "work", "value": "w2"}],
            ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m"}}});
        let get = |text: &str| get(&user, &path(text));
        assert_eq!(get("userName"), Some(json!("ada")));
        assert_eq!(get("name.GIVENNAME"), Some(json!("Ada")));
        assert_eq!(get("emails[type eq \"WORK\"].value"), Some(json!("w1")));
        assert_eq!(get("emails[type eq \"work\"]"), Some(json!({"type": "work", "value": "w1"})));
        assert_eq!(get("emails[type eq \"other\"].value"), None);
        assert_eq!(get("emails").unwrap().as_array().unwrap().len(), 3);
        assert_eq!(get("emails.value"), Some(json!(["h", "w1", "w2"])));
        assert_eq!(get(&format!("{ENTERPRISE_URN}:manager.value")), Some(json!("m")));
        assert_eq!(get(&format!("{}:department", ENTERPRISE_URN.to_uppercase())), Some(json!("Sales")));
        assert_eq!(get(&format!("{USER_URN}:userName")), Some(json!("ada")));
        assert_eq!(get("urn:x:y:2.0:User:department"), None);
        assert_eq!((get("title"), get("roles"), get("nickName"), get("userName.x")), (None, None, None, None));
    }

    #[test]
    fn sets_build_a_body() {
        let mut body = json!({});
        for (at, value) in [
            ("userName", json!("ada")),
            ("name.givenName", json!("Ada")),
            ("name.familyName", json!("L")),
            ("emails[type eq \"work\"].value", json!("w")),
            ("emails[type eq \"home\"].value", json!("h")),
            ("phoneNumbers[type eq \"mobile\"].value", json!("1")),
            ("addresses[type eq \"work\"].locality", json!("Bonn")),
            ("addresses[type eq \"work\"].country", json!("DE")),
            ("roles[primary eq \"True\"].value", json!("Admin")),
            ("nickName", Value::Null),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", json!("Sales")),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", json!("m")),
        ] {
            set(&mut body, &path(at), value);
        }
        assert_eq!(
            body,
            json!({"userName": "ada", "name": {"givenName": "Ada", "familyName": "L"},
                "emails": [{"type": "work", "primary": true, "value": "w"}, {"type": "home", "value": "h"}],
                "phoneNumbers": [{"type": "mobile", "value": "1"}],
                "addresses": [{"type": "work", "locality": "Bonn", "country": "DE"}],
                "roles": [{"primary": "True", "value": "Admin"}],
                ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m"}}})
        );
    }

    #[test]
    fn what_is_set_can_be_got() {
        for at in ["userName", "name.a", "emails[type eq \"x\"].value", "urn:x:1.0:User:a.b", "emails.value"] {
            let mut body = Value::Null;
            set(&mut body, &path(at), json!("v"));
            let got = get(&body, &path(at)).unwrap();
            assert!(got == json!("v") || got == json!(["v"]), "{at}: {body}");
        }
    }

    #[test]
    fn schemas_list_the_declared_extensions_in_use() {
        let paths =
            ["userName", "urn:ietf:params:scim:schemas:extension:Custom:2.0:User:x", "name.givenName"].map(path);
        assert_eq!(schemas_of(&paths, Schemas::user()), [USER_URN]);
        let paths = [path(&format!("{ENTERPRISE_URN}:department")), path("manager")];
        assert_eq!(schemas_of(&paths, Schemas::user()), [USER_URN, ENTERPRISE_URN]);
    }

    #[test]
    fn sameness() {
        assert!(same(&json!("A"), &json!("a"), false) && !same(&json!("A"), &json!("a"), true));
        assert!(same(&json!(true), &json!("True"), true) && !same(&json!(true), &json!("False"), false));
        assert!(same(&json!(5), &json!("5"), true) && same(&json!(5), &json!(5.0), true));
        assert!(same(&json!(["a", "b"]), &json!(["B", "a"]), false));
        assert!(!same(&json!(["a", "a"]), &json!(["a", "b"]), false));
        assert!(same(&json!(null), &json!(""), false) && same(&json!([]), &json!(null), true));
        assert!(!same(&json!(false), &json!(null), true));
        assert!(same(&json!({"a": 1, "b": null}), &json!({"A": "1"}), true));
        let long = |n: u32| Value::Array((0..n).map(|i| json!({"value": i.to_string()})).collect());
        let mut reversed = long(1000);
        reversed.as_array_mut().unwrap().reverse();
        assert!(same(&long(1000), &reversed, true) && !same(&long(1000), &long(999), true));
    }
}
