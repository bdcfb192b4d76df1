//! What another mapping would cost, over the mirror: whose values change, who enters and who leaves scope.
//!
//! Reads the store and asks nobody. It evaluates both mappings for everybody, as a cycle does; what a cycle would then
//! write is what differs.

use super::cycle::{entitlements, roles_of};
use super::project::{ObjectRules, Rules, ScopeRules, Subject, group_subject, user_subject};
use super::scope::Standing;
use crate::expression::Context;
use crate::model::ObjectType;
use crate::scim::resource;
use crate::store::{StoreError, links, mirror};
use rusqlite::Connection;
use serde_json::Value;

/// Objects that are named as examples.
const EXAMPLES: usize = 5;

/// Somebody whose value of one attribute changes. Names and values are untrusted text.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Whom it is about.
    pub name: String,
    /// The value under the mapping in force; null for none.
    pub before: Value,
    /// The value under the other one; null for none.
    pub after: Value,
}

/// What changes about one attribute of the app.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeImpact {
    /// The attribute.
    pub target: String,
    /// Objects whose value becomes another one.
    pub changed: u64,
    /// Objects that had no value and get one.
    pub gained: u64,
    /// Objects that had a value and get none: the app keeps what it has, since no value never flows (E7.13).
    pub lost: u64,
    /// Whether the value is to be hidden in lists (`Redact`).
    pub redacted: bool,
    /// Whether the values are made up anew at every look, so that a difference says nothing.
    pub random: bool,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// Some objects: how many, and the names of a few. Untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// How many.
    pub count: u64,
    /// Names, with what is said about each.
    pub names: Vec<(String, String)>,
}

impl Named {
    fn add(&mut self, name: &str, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < EXAMPLES {
            self.names.push((name.to_owned(), words()));
        }
    }
}

/// What a mapping would change for the users or the groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    /// Users or groups.
    pub object_type: ObjectType,
    /// Objects of the mirror that were evaluated.
    pub evaluated: u64,
    /// Objects with any difference: those that the next cycle looks at because of it.
    pub affected: u64,
    /// By attribute, in the order of the new mapping, then those that are gone.
    pub attributes: Vec<AttributeImpact>,
    /// Who enters scope.
    pub entering: Named,
    /// Who leaves scope: their accounts are turned off.
    pub leaving: Named,
    /// Whose mapping fails with the new one and did not before.
    pub failing: Named,
    /// Whose mapping failed before and does not any more.
    pub mended: u64,
    /// Two objects or more that have the same value of a matching attribute, and did not before.
    pub colliding: Named,
}

impl Impact {
    /// Whether nothing changes for anybody.
    pub fn is_nothing(&self) -> bool {
        self.affected == 0 && self.colliding.count == 0
    }
}

/// Compares two mappings over everybody in the mirror.
///
/// # Errors
/// When the store cannot be read.
pub fn impact(
    c: &Connection,
    object_type: ObjectType,
    before: &Rules,
    after: &Rules,
    scope: ScopeRules,
    context: &Context,
) -> Result<Impact, StoreError> {
    let entitlements = entitlements(c)?;
    let (before, after) = (before.of(object_type), after.of(object_type));
    let mut weighing = Weighing::new(object_type, before, after);
    match object_type {
        ObjectType::User => mirror::for_each_user(c, |user| {
            let link = links::get(c, object_type, &user.id)?;
            let roles = roles_of(&entitlements, &user.id);
            let of =
                |rules: &ObjectRules| user_subject(&user, &entitlements, &roles, rules, scope, link.clone(), context);
            weighing.weigh(&of(before), &of(after));
            Ok(())
        })?,
        ObjectType::Group => mirror::for_each_group(c, |group| {
            let link = links::get(c, object_type, &group.id)?;
            let of = |rules: &ObjectRules| group_subject(&group, &entitlements, rules, scope, link.clone(), context);
            weighing.weigh(&of(before), &of(after));
            Ok(())
        })?,
    }
    Ok(weighing.end())
}

struct Weighing<'a> {
    before: &'a ObjectRules,
    after: &'a ObjectRules,
    /// By attribute, with the index of its rule in both mappings.
    attributes: Vec<(AttributeImpact, Option<usize>, Option<usize>)>,
    impact: Impact,
    /// Per mapping: how often each matching value was seen, and who had it first.
    seen: [Matching; 2],
}

type Matching = std::collections::HashMap<(String, String), (u64, String)>;

impl<'a> Weighing<'a> {
    fn new(object_type: ObjectType, before: &'a ObjectRules, after: &'a ObjectRules) -> Self {
        let row = |target: &str, old, new| {
            let rules =
                [(before, old), (after, new)].map(|(rules, i): (&ObjectRules, Option<usize>)| i.map(|i| rules.rule(i)));
            let redacted = rules.iter().flatten().any(|rule| rule.source.calls("Redact"));
            let random = rules.iter().flatten().any(|rule| rule.source.is_random());
            (AttributeImpact { target: target.to_owned(), redacted, random, ..AttributeImpact::default() }, old, new)
        };
        let mut attributes: Vec<_> = (0..after.mapping.rules.len())
            .map(|new| row(after.target(new), before.index_of(after.target(new)), Some(new)))
            .collect();
        for old in 0..before.mapping.rules.len() {
            if after.index_of(before.target(old)).is_none() {
                attributes.push(row(before.target(old), Some(old), None));
            }
        }
        let impact = Impact {
            object_type,
            evaluated: 0,
            affected: 0,
            attributes: Vec::new(),
            entering: Named::default(),
            leaving: Named::default(),
            failing: Named::default(),
            mended: 0,
            colliding: Named::default(),
        };
        Self { before, after, attributes, impact, seen: Default::default() }
    }

    fn weigh(&mut self, old: &Subject, new: &Subject) {
        if old.removed.is_some() {
            return;
        }
        self.impact.evaluated += 1;
        let name = name(old);
        self.count_matching(old, new);
        let mut affected = true;
        match (old.standing == Standing::In, new.standing == Standing::In) {
            (false, true) => self.impact.entering.add(name, || old.standing.words()),
            // Whoever has no account loses none, and is out of scope all the same.
            (true, false) => self.impact.leaving.add(name, || new.standing.words()),
            (false, false) => affected = false,
            (true, true) => affected = self.values(old, new),
        }
        if affected {
            self.impact.affected += 1;
        }
    }

    fn values(&mut self, old: &Subject, new: &Subject) -> bool {
        let trouble = |subject: &Subject| subject.problem.clone().or_else(|| subject.create_problem.clone());
        match (trouble(old), trouble(new)) {
            (None, Some(problem)) => self.impact.failing.add(name(new), || problem.message),
            (Some(_), None) => self.impact.mended += 1,
            _ => {}
        }
        let mut any = old.problem != new.problem || old.create_problem != new.create_problem;
        for (impact, in_old, in_new) in &mut self.attributes {
            let of = |subject: &Subject, rule: Option<usize>| {
                let mut all = subject.values.iter();
                rule.and_then(|rule| all.find(|(i, _)| *i == rule)).map_or(Value::Null, |(_, value)| value.clone())
            };
            let (before, after) = (of(old, *in_old), of(new, *in_new));
            let case_exact = in_new.is_none_or(|i| self.after.rule(i).case_exact);
            if resource::same(&before, &after, case_exact) || impact.random && !before.is_null() && !after.is_null() {
                continue;
            }
            any = true;
            match (before.is_null(), after.is_null()) {
                (true, _) => impact.gained += 1,
                (_, true) => impact.lost += 1,
                _ => impact.changed += 1,
            }
            if impact.examples.len() < EXAMPLES {
                impact.examples.push(Example { name: name(new).to_owned(), before, after });
            }
        }
        any
    }

    fn count_matching(&mut self, old: &Subject, new: &Subject) {
        for (seen, (subject, rules)) in self.seen.iter_mut().zip([(old, self.before), (new, self.after)]) {
            if subject.standing != Standing::In {
                continue;
            }
            for (rule, value) in &subject.matching {
                let key = (rules.target(*rule).to_owned(), value.to_lowercase());
                let entry = seen.entry(key).or_insert_with(|| (0, name(subject).to_owned()));
                entry.0 += 1;
            }
        }
    }

    fn end(mut self) -> Impact {
        let [before, after] = &self.seen;
        let mut colliding: Vec<_> = after
            .iter()
            .filter(|(key, (count, _))| *count > 1 && before.get(*key).is_none_or(|(before, _)| before < count))
            .collect();
        colliding.sort();
        for ((target, value), (count, first)) in colliding {
            self.impact.colliding.add(first, || format!("{target} \"{value}\" is the value of {count}"));
        }
        let whole = |a: &AttributeImpact| a.changed + a.gained + a.lost > 0;
        self.impact.attributes = self.attributes.into_iter().map(|(a, ..)| a).filter(whole).collect();
        self.impact
    }
}

/// The name that tells two people apart.
fn name(subject: &Subject) -> &str {
    subject.principal_name.as_deref().unwrap_or(&subject.name)
}
