//! Applying operations to a resource.

use super::super::conform::{conform, conform_one, invalid, is_primary};
use super::super::error::{ScimError, ScimType};
use super::super::eval::element_matches;
use super::super::filter::Filter;
use super::super::path::AttrPath;
use super::super::resource::implied;
use super::super::schema::{Attribute, Kind, Mutability, Schemas};
use super::{Op, PatchOp, PatchRequest};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

type Done = Result<(), ScimError>;
type Object = Map<String, Value>;

/// Applies a request to a resource, all operations or none. Says whether the resource is different now.
///
/// The resource must be in the spelling of the schemas, as [`super::super::conform::conform_resource`] leaves it.
/// Choices where RFC 7644 leaves one: a removal that finds nothing is done already; `add` through a value filter that
/// fits nothing makes the element that its `eq` terms describe; `remove` of a list with a `value` removes only those
/// elements (E9.24); keys of a value without path may be dotted or carry a URN.
///
/// # Errors
/// `invalidPath`, `invalidFilter`, `invalidValue`, `mutability` and `noTarget` as in table 9. The resource is then
/// unchanged.
pub fn apply(resource: &mut Value, request: &PatchRequest, schemas: &Schemas) -> Result<bool, ScimError> {
    let mut work = resource.clone();
    for operation in &request.operations {
        apply_operation(&mut work, operation, schemas)?;
    }
    let changed = work != *resource;
    *resource = work;
    Ok(changed)
}

/// Applies one operation; on an error the resource may be half changed.
///
/// # Errors
/// As [`apply`].
pub fn apply_operation(resource: &mut Value, operation: &PatchOp, schemas: &Schemas) -> Done {
    let Value::Object(top) = resource else {
        return Err(ScimError::of(ScimType::InvalidSyntax, "The resource is not an object."));
    };
    let value = operation.value.clone();
    match &operation.path {
        Some(path) => at(top, operation.op, &read_path(path)?, value, schemas),
        None => {
            let Some(Value::Object(map)) = value else {
                let detail = "Without a path, the value must be an object of attributes.";
                return Err(ScimError::of(ScimType::InvalidValue, detail));
            };
            for (key, value) in map {
                let path = read_path(&key)?;
                // A client may send the resource back as it got it: what only the service writes is not a request.
                let own = path.extension().is_none()
                    && ["schemas", "id", "meta"].iter().any(|n| path.attr.eq_ignore_ascii_case(n));
                if !own {
                    at(top, operation.op, &path, Some(value), schemas)?;
                }
            }
            Ok(())
        }
    }
}

fn read_path(text: &str) -> Result<AttrPath, ScimError> {
    AttrPath::parse(text.trim())
        .map_err(|error| ScimError::of(ScimType::InvalidPath, format!("The path `{text}` cannot be read: {error}.")))
}

fn at(top: &mut Object, op: Op, path: &AttrPath, value: Option<Value>, schemas: &Schemas) -> Done {
    if path.attr.is_empty() {
        return whole_extension(top, op, path, value, schemas);
    }
    let Some(target) = schemas.resolve(path) else {
        return Err(ScimError::of(ScimType::InvalidPath, format!("No schema declares `{path}`.")));
    };
    let attribute = target.attribute;
    if attribute.name == "schemas" && target.extension.is_none() && op != Op::Remove {
        // The list follows from the attributes.
        return Ok(());
    }
    if [Some(attribute), target.sub].into_iter().flatten().any(|a| a.mutability == Mutability::ReadOnly)
        || attribute.name == "schemas"
    {
        return Err(mutability(path, "is read-only"));
    }
    let urn = target.extension.map(|e| e.id.clone());
    let container = match &urn {
        None => &mut *top,
        Some(urn) => match top.entry(urn.clone()).or_insert_with(|| json!({})) {
            Value::Object(map) => map,
            _ => return Err(invalid(urn, "must be an object")),
        },
    };
    let place = Place { attribute, sub: target.sub, filter: path.filter.as_deref(), path };
    let done =
        if attribute.multi_valued { place.list(container, op, value) } else { place.single(container, op, value) };
    if let Some(urn) = &urn
        && top.get(urn).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        top.shift_remove(urn);
    }
    done
}

/// A path that names an extension as a whole.
fn whole_extension(top: &mut Object, op: Op, path: &AttrPath, value: Option<Value>, schemas: &Schemas) -> Done {
    let urn = path.schema.as_deref().unwrap_or_default();
    let in_core = path.extension().is_none();
    let known = schemas.extension(urn).map(|e| e.id.clone());
    match (op, known, value) {
        (Op::Remove, Some(id), _) => {
            top.shift_remove(&id);
            Ok(())
        }
        (Op::Add | Op::Replace, known, Some(Value::Object(map))) if known.is_some() || in_core => {
            for (key, value) in map {
                // Client libraries that model the extension as an object of its own send its `schemas` along.
                if key.eq_ignore_ascii_case("schemas") {
                    continue;
                }
                let inner = AttrPath { schema: Some(urn.to_owned()), ..read_path(&key)? };
                if inner.attr.is_empty() {
                    return Err(ScimError::of(ScimType::InvalidPath, format!("No schema declares `{key}` in {urn}.")));
                }
                at(top, op, &inner, Some(value), schemas)?;
            }
            Ok(())
        }
        (_, Some(_), _) => Err(invalid(urn, "must be an object")),
        _ => Err(ScimError::of(ScimType::InvalidPath, format!("No schema declares `{urn}`."))),
    }
}

fn mutability(path: &AttrPath, why: &str) -> ScimError {
    ScimError::of(ScimType::Mutability, format!("`{path}` {why}."))
}

/// Where an operation works.
struct Place<'a> {
    attribute: &'a Attribute,
    sub: Option<&'a Attribute>,
    filter: Option<&'a Filter>,
    path: &'a AttrPath,
}

impl Place<'_> {
    /// A single-valued attribute.
    fn single(&self, container: &mut Object, op: Op, value: Option<Value>) -> Done {
        let name = &self.attribute.name;
        if self.filter.is_some() {
            let detail = format!("`{name}` has one value only: no filter fits.");
            return Err(ScimError::of(ScimType::InvalidPath, detail));
        }
        let value = if op == Op::Remove { None } else { value };
        match self.sub {
            Some(sub) => {
                let Value::Object(map) = container.entry(name.clone()).or_insert_with(|| json!({})) else {
                    return Err(invalid(name, "must be an object"));
                };
                write(map, sub, value, self.path)?;
            }
            None if self.attribute.kind == Kind::Complex && op != Op::Remove => {
                self.merge_single(container, value.unwrap_or_default())?;
            }
            None => write(container, self.attribute, value, self.path)?,
        }
        if container.get(name).and_then(Value::as_object).is_some_and(Map::is_empty) {
            container.shift_remove(name);
        }
        Ok(())
    }

    /// Sub-attributes that the value does not name stay as they are (RFC 7644 section 3.5.2.3).
    fn merge_single(&self, container: &mut Object, value: Value) -> Done {
        let name = &self.attribute.name;
        let value = match value {
            Value::Array(mut list) if list.len() <= 1 => list.pop().unwrap_or_default(),
            value => value,
        };
        match value {
            Value::Null => write(container, self.attribute, None, self.path),
            Value::Object(map) => {
                let Value::Object(have) = container.entry(name.clone()).or_insert_with(|| json!({})) else {
                    return Err(invalid(name, "must be an object"));
                };
                merge(have, self.attribute, map, self.path)
            }
            other => write(container, self.attribute, Some(other), self.path),
        }
    }

    /// A multi-valued attribute.
    fn list(&self, container: &mut Object, op: Op, value: Option<Value>) -> Done {
        let name = &self.attribute.name;
        let mut list = match container.get_mut(name).map(Value::take) {
            Some(Value::Array(list)) => list,
            Some(Value::Null) | None => Vec::new(),
            Some(single) => vec![single],
        };
        let result = match (self.filter, self.sub) {
            (None, None) => self.whole_list(&mut list, op, value),
            _ => self.elements(&mut list, op, value),
        };
        list.retain(|e| !e.as_object().is_some_and(Map::is_empty) && !e.is_null());
        if list.is_empty() {
            if self.attribute.required && result.is_ok() {
                return Err(mutability(self.path, "is required"));
            }
            container.shift_remove(name);
        } else {
            container.insert(name.clone(), Value::Array(list));
        }
        result
    }

    fn whole_list(&self, list: &mut Vec<Value>, op: Op, value: Option<Value>) -> Done {
        match (op, value) {
            (Op::Remove, None | Some(Value::Null)) => list.clear(),
            (Op::Remove, Some(value)) => {
                let gone = elements_of(self.attribute, value)?;
                let keys: HashSet<String> = gone.iter().map(removal_key).collect();
                list.retain(|e| !keys.contains(&removal_key(e)) && !keys.contains(&e.to_string()));
            }
            (Op::Replace, value) => *list = elements_of(self.attribute, value.unwrap_or_default())?,
            (Op::Add, value) => {
                let new = elements_of(self.attribute, value.unwrap_or_default())?;
                if new.iter().any(is_primary) {
                    list.iter_mut().for_each(clear_primary);
                }
                let by_value = self.attribute.name == "members";
                let key = |e: &Value| if by_value { removal_key(e) } else { e.to_string() };
                let mut have: HashSet<String> = list.iter().map(key).collect();
                for element in new {
                    if have.insert(key(&element)) {
                        list.push(element);
                    }
                }
            }
        }
        Ok(())
    }

    /// Elements that the filter selects, or all of them if there is only a sub-attribute.
    fn elements(&self, list: &mut Vec<Value>, op: Op, value: Option<Value>) -> Done {
        let fits = |e: &Value| self.filter.is_none_or(|f| element_matches(f, e, Some(self.attribute)));
        let mut chosen: Vec<usize> = (0..list.len()).filter(|i| fits(&list[*i])).collect();
        if op == Op::Remove {
            return match self.sub {
                None => {
                    list.retain(|e| !fits(e));
                    Ok(())
                }
                Some(sub) => chosen.into_iter().try_for_each(|i| match &mut list[i] {
                    Value::Object(map) => write(map, sub, None, self.path),
                    _ => Ok(()),
                }),
            };
        }
        if chosen.is_empty() {
            let new = if op == Op::Add { self.filter.map_or(Some(Map::new()), implied) } else { None };
            let Some(new) = new else {
                let detail = format!("`{}` selects no value.", self.path);
                return Err(ScimError::of(ScimType::NoTarget, detail));
            };
            let new = conform_one(self.attribute, Value::Object(new))?.unwrap_or_else(|| json!({}));
            list.push(new);
            chosen.push(list.len() - 1);
        }
        let value = value.unwrap_or_default();
        for &i in &chosen {
            match (self.sub, op) {
                (Some(sub), _) => match &mut list[i] {
                    Value::Object(map) => write(map, sub, Some(value.clone()), self.path)?,
                    _ => return Err(invalid(&self.attribute.name, "has no sub-attributes")),
                },
                (None, Op::Add) if list[i].is_object() && value.is_object() => {
                    if let (Value::Object(have), Value::Object(new)) = (&mut list[i], value.clone()) {
                        merge(have, self.attribute, new, self.path)?;
                    }
                }
                (None, _) => {
                    let one = match value.clone() {
                        Value::Array(mut values) if values.len() <= 1 => values.pop().unwrap_or_default(),
                        value => value,
                    };
                    list[i] = conform_one(self.attribute, one)?.unwrap_or_default();
                }
            }
        }
        let primary = chosen.iter().filter(|&&i| is_primary(&list[i])).count();
        if primary > 1 {
            return Err(invalid(&self.attribute.name, "must not have two primary values"));
        }
        if primary == 1 {
            for (i, element) in list.iter_mut().enumerate() {
                if !chosen.contains(&i) {
                    clear_primary(element);
                }
            }
        }
        Ok(())
    }
}

/// The elements of a value for a list; an object or a text counts as one.
fn elements_of(attribute: &Attribute, value: Value) -> Result<Vec<Value>, ScimError> {
    Ok(match conform(attribute, value)? {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    })
}

/// What identifies an element: its `value`, else the whole of it.
fn removal_key(element: &Value) -> String {
    element.get("value").and_then(Value::as_str).map_or_else(|| element.to_string(), str::to_owned)
}

fn clear_primary(element: &mut Value) {
    if is_primary(element)
        && let Value::Object(map) = element
    {
        map.insert("primary".into(), false.into());
    }
}

fn merge(have: &mut Object, attribute: &Attribute, new: Object, path: &AttrPath) -> Done {
    for (key, value) in new {
        if let Some(sub) = attribute.sub(&key)
            && sub.mutability != Mutability::ReadOnly
        {
            write(have, sub, Some(value), path)?;
        }
    }
    Ok(())
}

/// Writes, or with "no value" removes, one attribute of an object.
fn write(object: &mut Object, attribute: &Attribute, value: Option<Value>, path: &AttrPath) -> Done {
    let name = &attribute.name;
    let removing = value.is_none();
    let new = conform(attribute, value.unwrap_or_default())?;
    let have = object.get(name);
    if attribute.mutability == Mutability::Immutable && have.is_some() && have != new.as_ref() {
        return Err(mutability(path, "cannot be changed once it is set"));
    }
    match new {
        Some(new) => {
            object.insert(name.clone(), new);
        }
        None if attribute.required => {
            let error = if removing { mutability(path, "is required") } else { invalid(name, "is required") };
            return Err(error);
        }
        None => {
            object.shift_remove(name);
        }
    }
    Ok(())
}
