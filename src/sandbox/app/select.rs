//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use crate::scim::path::AttrPath;
use crate::scim::schema::Schemas;
use serde_json::{Map, Value};

/// What the client asked to see; names that no schema declares ask for nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    /// `Some` if only these are wanted.
    include: Option<Vec<AttrPath>>,
    exclude: Vec<AttrPath>,
}

impl Selection {
    pub(super) fn new<'a>(
        include: Option<impl Iterator<Item = &'a str>>,
        exclude: impl Iterator<Item = &'a str>,
    ) -> Self {
        fn paths<'a>(names: impl Iterator<Item = &'a str>) -> Vec<AttrPath> {
            names
                .map(str::trim)
                .filter(|n| !n.is_empty())
                .filter_map(|n| AttrPath::parse(n).ok())
                .map(located)
                .collect()
        }
        Self { include: include.map(paths), exclude: paths(exclude) }
    }

    /// Whether a top-level attribute can be part of the answer, so that it is worth computing.
    pub(super) fn wants(&self, name: &str) -> bool {
        let names = |path: &AttrPath| path.extension().is_none() && path.attr.eq_ignore_ascii_case(name);
        let included = self.include.as_ref().is_none_or(|list| list.iter().any(names));
        included && !self.exclude.iter().any(|path| names(path) && path.sub.is_none())
    }

    /// Leaves in the resource what is wanted, and what is always returned.
    pub(super) fn apply(&self, resource: Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (key, value) in resource {
            if key == "id" || key == "schemas" {
                out.insert(key, value);
                continue;
            }
            let at_key = |path: &&AttrPath| match path.extension() {
                Some(urn) => urn.eq_ignore_ascii_case(&key),
                None => path.attr.eq_ignore_ascii_case(&key),
            };
            let value = match &self.include {
                None => Some(value),
                Some(list) => pick(value, &list.iter().filter(at_key).map(inner).collect::<Vec<_>>()),
            };
            let drop: Vec<Vec<&str>> = self.exclude.iter().filter(at_key).map(inner).collect();
            if let Some(value) = value.and_then(|value| cut(value, &drop)) {
                out.insert(key, value);
            }
        }
        out
    }
}

/// A name without URN gets that of the extension that declares it (`manager`).
fn located(path: AttrPath) -> AttrPath {
    let extension = Schemas::user().resolve(&path).and_then(|target| target.extension);
    match extension {
        Some(extension) if path.schema.is_none() => AttrPath { schema: Some(extension.id.clone()), ..path },
        _ => path,
    }
}

/// The names below the top-level key: none for the whole of it.
fn inner(path: &AttrPath) -> Vec<&str> {
    let mut names = Vec::new();
    if path.extension().is_some() && !path.attr.is_empty() {
        names.push(path.attr.as_str());
    }
    names.extend(path.sub.as_deref());
    names
}

fn below<'a>(paths: &[Vec<&'a str>], key: &str) -> Vec<Vec<&'a str>> {
    let here = paths.iter().filter(|path| path.first().is_some_and(|name| name.eq_ignore_ascii_case(key)));
    here.map(|path| path[1..].to_vec()).collect()
}

fn pick(value: Value, paths: &[Vec<&str>]) -> Option<Value> {
    if paths.is_empty() {
        return None;
    }
    if paths.iter().any(Vec::is_empty) {
        return Some(value);
    }
    match value {
        Value::Array(list) => Some(Value::Array(list.into_iter().filter_map(|e| pick(e, paths)).collect())),
        Value::Object(map) => {
            let kept: Map<String, Value> =
                map.into_iter().filter_map(|(k, v)| pick(v, &below(paths, &k)).map(|v| (k, v))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        _ => None,
    }
}

fn cut(value: Value, paths: &[Vec<&str>]) -> Option<Value> {
    if paths.iter().any(Vec::is_empty) {
        return None;
    }
    if paths.is_empty() {
        return Some(value);
    }
    Some(match value {
        Value::Array(list) => Value::Array(list.into_iter().filter_map(|e| cut(e, paths)).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().filter_map(|(k, v)| cut(v, &below(paths, &k)).map(|v| (k, v))).collect())
        }
        other => other,
    })
}
