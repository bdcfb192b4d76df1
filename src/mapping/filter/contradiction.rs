//! Clauses and groups that can never hold, and filters that always do.
//!
//! Only what is certain is said. A clause that holds wants every value of its attribute to satisfy it, and at least
//! one value (`IS NULL` none), so that what is said here of one value is true of several.

use super::{Clause, Group, ScopingFilter};
use crate::mapping::attribute::{AttributeType, ObjectDefinition};
use crate::mapping::error::Issue;
use crate::mapping::operator::Operator;
use serde_json::Value;

/// Most comparisons of a value with a clause, for one attribute of one group. Filters that people write need some
/// dozens; a longer one is used without this check.
const MOST_COMPARED: usize = 1_000;

impl ScopingFilter {
    /// What looks wrong with a filter that can be read: attributes that the directory does not have or has with another
    /// type, groups that nobody can be in, filters that restrict nothing.
    pub(in crate::mapping) fn doubts(&self, path: &str, object: Option<&ObjectDefinition>) -> Vec<Issue> {
        let mut issues = Vec::new();
        let sets =
            [("groups", &self.groups), ("inputFilterGroups", &self.input), ("categoryFilterGroups", &self.category)];
        for (set, groups) in sets {
            let possible = groups
                .iter()
                .enumerate()
                .filter(|(index, group)| group.is_possible(&format!("{path}.{set}[{index}]"), object, &mut issues))
                .count();
            if possible == 0 && !groups.is_empty() {
                issues.push(Issue::warning(path, nobody(set)));
            }
            if let Some(reason) = restricts_nothing(groups) {
                issues.push(Issue::warning(format!("{path}.{set}"), reason));
            }
        }
        issues
    }
}

fn nobody(set: &str) -> &'static str {
    if set == "groups" {
        "NOBODY WOULD BE IN SCOPE: no group of this filter can hold, and everybody who has an account in the app would \
         be disabled there or removed"
    } else {
        "every object would be left out: no group of these can hold"
    }
}

/// Why a set of alternatives holds for everybody.
fn restricts_nothing(groups: &[Group]) -> Option<String> {
    if let Some((index, group)) = groups.iter().enumerate().find(|(_, group)| group.clauses.is_empty()) {
        return Some(format!(
            "{} has no clauses and so holds for everybody: the filter restricts nothing",
            group.called(index)
        ));
    }
    let lone = |operator| {
        groups.iter().filter_map(move |group| match group.clauses.as_slice() {
            [clause] if clause.operator == Some(operator) => Some(clause.attribute.as_str()),
            _ => None,
        })
    };
    let attribute = lone(Operator::IsNull).find(|name| lone(Operator::IsNotNull).any(|other| other == *name))?;
    Some(format!("{attribute} IS NULL or {attribute} IS NOT NULL holds for everybody: the filter restricts nothing"))
}

impl Group {
    fn called(&self, index: usize) -> String {
        if self.name.is_empty() {
            format!("group {}", index + 1)
        } else {
            format!("group {} ({})", index + 1, self.name)
        }
    }

    /// Whether anybody can be in the group, as far as can be told.
    fn is_possible(&self, path: &str, object: Option<&ObjectDefinition>, issues: &mut Vec<Issue>) -> bool {
        let kind = |name: &str| object.and_then(|object| object.attribute(name)).map(|attribute| attribute.kind);
        let mut never = false;
        for (index, clause) in self.clauses.iter().enumerate() {
            let doubt = match clause.never(kind(&clause.attribute)) {
                Some(reason) => {
                    never = true;
                    Some(format!("{} is never true: {reason}", clause.words()))
                }
                None => object.and_then(|object| clause.doubt(object)),
            };
            issues.extend(doubt.map(|message| Issue::warning(format!("{path}.clauses[{index}]"), message)));
        }
        if never {
            return false;
        }
        let mut seen: Vec<&str> = Vec::new();
        let mut possible = true;
        for clause in &self.clauses {
            if seen.contains(&clause.attribute.as_str()) {
                continue;
            }
            seen.push(&clause.attribute);
            let about: Vec<&Clause> = self.clauses.iter().filter(|c| c.attribute == clause.attribute).collect();
            if let Some(reason) = contradiction(&about, kind(&clause.attribute)) {
                possible = false;
                issues.push(Issue::warning(path, format!("nobody can be in this group: {reason}")));
            }
        }
        possible
    }
}

impl Clause {
    /// Why the clause alone can never hold. Mistakes that are errors anyway are not said again.
    fn never(&self, kind: Option<AttributeType>) -> Option<String> {
        let operator = self.operator?;
        let empty = !self.values.is_empty() && self.values.iter().all(String::is_empty);
        match operator {
            Operator::Equals if empty => {
                return Some("an empty attribute counts as one without a value; use IS NULL".to_owned());
            }
            Operator::OccursIn if empty => return Some("no value occurs in an empty text".to_owned()),
            _ => {}
        }
        let declared =
            |kind: AttributeType, what: &str| Some(format!("{} is {} and never {what}", self.attribute, kind.as_str()));
        match (kind?, operator) {
            (kind @ (AttributeType::Integer | AttributeType::DateTime), Operator::IsTrue | Operator::IsFalse) => {
                declared(kind, "True or False")
            }
            (kind @ AttributeType::DateTime, Operator::GreaterThan | Operator::GreaterThanOrEquals) => {
                declared(kind, "a whole number")
            }
            (kind @ AttributeType::Integer, Operator::Equals)
                if !self.values.iter().any(|v| v.parse::<i64>().is_ok_and(|n| n.to_string() == *v)) =>
            {
                let what = self.values.first()?;
                declared(kind, &format!("`{what}`"))
            }
            (AttributeType::Boolean, operator) if !operator.is_unary() && !self.values.is_empty() => {
                let satisfied = [true, false].into_iter().any(|value| self.holds(&Value::Bool(value)));
                (!satisfied).then(|| format!("{} is only ever True or False, spelled so", self.attribute))
            }
            _ => None,
        }
    }
}

fn both(left: &Clause, right: &Clause) -> String {
    format!("{} and {} cannot both hold", left.words(), right.words())
}

/// Why clauses on one attribute cannot hold together.
fn contradiction(clauses: &[&Clause], kind: Option<AttributeType>) -> Option<String> {
    let values: usize = clauses.iter().map(|clause| clause.values.len().max(1)).sum();
    if values.saturating_mul(clauses.len()) > MOST_COMPARED {
        return None;
    }
    let of = |operator| clauses.iter().copied().filter(move |c| c.operator == Some(operator));
    let first = |operator| of(operator).next();
    if let Some(null) = first(Operator::IsNull)
        && let Some(other) = clauses.iter().find(|c| c.operator.is_some_and(|o| o != Operator::IsNull))
    {
        return Some(both(null, other));
    }
    for (index, left) in clauses.iter().enumerate() {
        if let Some(right) = clauses.iter().skip(index + 1).find(|right| excludes(left, right) || excludes(right, left))
        {
            return Some(both(left, right));
        }
    }
    let name = clauses.first()?.attribute.as_str();
    if let Some(equals) = first(Operator::Equals) {
        let satisfies = |value: &String| clauses.iter().all(|c| c.holds(&Value::String(value.clone())));
        if !equals.values.iter().any(satisfies) {
            return Some(format!("none of the values of {} satisfies the other clauses on {name}", equals.words()));
        }
    }
    if kind == Some(AttributeType::Boolean) && first(Operator::IsNull).is_none() {
        let satisfies = |value: bool| clauses.iter().all(|c| c.holds(&Value::Bool(value)));
        if !satisfies(true) && !satisfies(false) {
            return Some(format!("neither True nor False satisfies all clauses on {name}"));
        }
    }
    None
}

/// Whether a value that satisfies the left clause can never satisfy the right one.
fn excludes(left: &Clause, right: &Clause) -> bool {
    let (Some(one), Some(other)) = (left.operator, right.operator) else { return false };
    // A missing value is an error anyway.
    if [(one, left), (other, right)].iter().any(|(operator, clause)| !operator.is_unary() && clause.values.is_empty()) {
        return false;
    }
    let none = |fits: &dyn Fn(&str, &str) -> bool| {
        !left.values.iter().any(|l| right.values.iter().any(|r| fits(l.as_str(), r.as_str())))
    };
    match (one, other) {
        (Operator::IsTrue, Operator::IsFalse) => true,
        (Operator::IsTrue | Operator::IsFalse, other) => other.is_numeric(),
        (Operator::Equals, _) => !left.values.iter().any(|value| right.holds(&Value::String(value.clone()))),
        (Operator::EndsWith, Operator::EndsWith) => none(&|l, r| l.ends_with(r) || r.ends_with(l)),
        (Operator::OccursIn, Operator::Includes | Operator::EndsWith) => none(&|l, r| l.contains(r)),
        (Operator::OccursIn, Operator::NotOccursIn) => {
            left.values.iter().all(|l| right.values.iter().any(|r| r.contains(l.as_str())))
        }
        (Operator::RegexMatch, Operator::NotRegexMatch) => {
            left.values.iter().all(|pattern| right.values.contains(pattern))
        }
        _ => false,
    }
}
