//! Scoping filters: groups are alternatives and clauses are all needed, so that the order of neither counts.

use super::{MappingDiff, Part, json};
use crate::mapping::filter::{GroupOutline, ScopingFilter};
use crate::mapping::schema::ObjectMapping;
use serde_json::{Map, Value};

/// What a group without clauses says.
const EVERYBODY: &str = "no clauses: everybody";

impl MappingDiff<'_> {
    pub(super) fn scope(&mut self, before: &ObjectMapping, after: &ObjectMapping) {
        let read = |mapping: &ObjectMapping| match &mapping.scope {
            None => Some([Vec::new(), Vec::new(), Vec::new()]),
            Some(scope) => ScopingFilter::from_json(scope).ok().map(|filter| filter.outline()),
        };
        let scopes = (before.scope.as_ref(), after.scope.as_ref());
        let path = format!("{}.scope", after.path);
        let changes = self.changes.len();
        if let (Some(one), Some(other)) = (read(before), read(after)) {
            for (set, (one, other)) in ["", "input filter, ", "category filter, "].iter().zip(one.iter().zip(&other)) {
                self.groups(set, one, other);
            }
            if self.changes.len() == changes {
                let (one, other) = (scopes.0.map(unknown), scopes.1.map(unknown));
                self.raw_scope(&path, one.as_ref(), other.as_ref());
            }
        } else {
            self.raw_scope(&path, scopes.0, scopes.1);
        }
    }

    fn raw_scope(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        let empty = Value::Object(Map::new());
        let there = |scope: Option<&Value>| scope.filter(|scope| !scope.is_null()).unwrap_or(&empty).clone();
        let (before, after) = (there(before), there(after));
        json::diff(path, Some(&before), Some(&after), &mut |change| {
            self.push(change.part, change.before, change.after);
        });
    }

    fn groups(&mut self, set: &str, before: &[GroupOutline], after: &[GroupOutline]) {
        let mut left: Vec<(usize, &GroupOutline)> = before.iter().enumerate().collect();
        let mut right: Vec<(usize, &GroupOutline)> = after.iter().enumerate().collect();
        type Fits = fn(&GroupOutline, &GroupOutline) -> bool;
        // The surest first: what is the same drops out before what only may be the same group.
        let ways: [Fits; 4] = [
            |a, b| a.name == b.name && sorted(a) == sorted(b),
            |a, b| sorted(a) == sorted(b),
            |a, b| !a.name.is_empty() && a.name == b.name,
            |_, _| true,
        ];
        for fits in ways {
            let mut rest = Vec::new();
            for (index, one) in left {
                match right.iter().position(|(_, other)| fits(one, other)) {
                    Some(at) => {
                        let (at, other) = right.remove(at);
                        self.group(set, (one, index), (other, at));
                    }
                    None => rest.push((index, one)),
                }
            }
            left = rest;
        }
        for (index, gone) in left {
            for clause in clauses(gone) {
                self.push(Part::Clause { group: called(set, gone, index) }, Some(clause), None);
            }
        }
        for (index, new) in right {
            for clause in clauses(new) {
                self.push(Part::Clause { group: called(set, new, index) }, None, Some(clause));
            }
        }
    }

    fn group(&mut self, set: &str, (before, _): (&GroupOutline, usize), (after, index): (&GroupOutline, usize)) {
        if before.name != after.name {
            let title = |group: &GroupOutline| (!group.name.is_empty()).then(|| group.name.clone());
            self.push(Part::GroupTitle, title(before), title(after));
        }
        let (mut gone, mut new) = (Vec::new(), clauses(after));
        for clause in clauses(before) {
            match new.iter().position(|other| *other == clause) {
                Some(at) => drop(new.remove(at)),
                None => gone.push(clause),
            }
        }
        let part = || Part::Clause { group: called(set, after, index) };
        for clause in gone {
            self.push(part(), Some(clause), None);
        }
        for clause in new {
            self.push(part(), None, Some(clause));
        }
    }
}

fn called(set: &str, group: &GroupOutline, index: usize) -> String {
    if group.name.is_empty() { format!("{set}group {}", index + 1) } else { format!("{set}{}", group.name) }
}

fn clauses(group: &GroupOutline) -> Vec<String> {
    if group.clauses.is_empty() { vec![EVERYBODY.to_owned()] } else { group.clauses.clone() }
}

fn sorted(group: &GroupOutline) -> Vec<String> {
    let mut clauses = clauses(group);
    clauses.sort();
    clauses
}

/// The members of a filter that Heeler does not know; places without any are left out.
fn unknown(scope: &Value) -> Value {
    const SETS: [&str; 3] = ["groups", "inputFilterGroups", "categoryFilterGroups"];
    let clause = |clause: &Value| {
        let known = ["operatorName", "sourceOperandName", "attribute", "operator", "value"];
        rest(clause, |name, value| match name {
            "targetOperand" => Some(rest(value, |name, value| (name != "values").then(|| value.clone()))),
            _ => (!known.contains(&name)).then(|| value.clone()),
        })
    };
    let group = |group: &Value| {
        rest(group, |name, value| match name {
            "name" => None,
            "clauses" => Some(each(value, clause)),
            _ => Some(value.clone()),
        })
    };
    rest(scope, |name, value| Some(if SETS.contains(&name) { each(value, group) } else { value.clone() }))
}

fn rest(value: &Value, keep: impl Fn(&str, &Value) -> Option<Value>) -> Value {
    let members = value.as_object().into_iter().flatten();
    let kept: Map<String, Value> = members
        .filter_map(|(name, value)| Some((name.clone(), keep(name, value)?)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if kept.is_empty() { Value::Null } else { Value::Object(kept) }
}

fn each(list: &Value, of: impl Fn(&Value) -> Value) -> Value {
    let items: Vec<Value> = list.as_array().into_iter().flatten().map(of).collect();
    if items.iter().all(Value::is_null) { Value::Null } else { Value::Array(items) }
}
