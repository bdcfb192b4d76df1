//! What the view shows, read from the job's rules and the store: every rule with its value for one person.

use super::words::{exact, plain, plain_text};
use crate::console::page::Object;
use crate::console::query::Sources;
use crate::console::words::account;
use crate::expression::Context;
use crate::mapping::{CompiledMapping, FlowType, Projection, Rule, RuleSource, Severity, SourceObject, Verdict};
use crate::model::{DirectoryGroup, DirectoryUser, Link, ObjectType};
use crate::scim::resource;
use crate::store::{StoreError, links, membership, mirror, search};
use crate::sync::cycle::{entitlements_of, roles_of};
use crate::sync::explain::{Explanation, explain};
use crate::sync::scope::{Course, Standing};
use crate::text::{Policy, Shown, show, show_with};
use serde_json::Value;

/// Rows that are looked through for somebody who is linked.
const FIRST: usize = 50;

/// The rules of users or of groups.
#[derive(Debug)]
pub struct Sheet {
    /// Users or groups.
    pub object_type: ObjectType,
    /// The preset, saved version or file.
    pub from: Shown,
    /// Name of the object mapping.
    pub name: Shown,
    /// Whether the job provisions no groups, and this is about them.
    pub off: bool,
    /// What may be done: `create`, `update`, `delete`.
    pub may: Vec<&'static str>,
    /// Whose values are shown.
    pub person: Option<Person>,
    /// The rules, in the order of the schema.
    pub rules: Vec<RuleRow>,
    /// Matching attributes in the order in which they are tried, with the person's value.
    pub matching: Vec<(String, Option<Shown>)>,
    /// The scoping filter.
    pub scope: Option<Scope>,
    /// What looks wrong with the mapping and belongs to no rule.
    pub warnings: Vec<Shown>,
    /// Whether the mapping says that this person is to be left alone altogether.
    pub ignored: bool,
}

impl Sheet {
    /// Whether the filter lets the person in, or there is none.
    pub fn filter_says_yes(&self) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.verdict.in_scope)
    }
}

/// Whose values are shown.
#[derive(Clone, Debug)]
pub struct Person {
    /// The user or group.
    pub object: Object,
    /// The first part of the user principal name, or the group's name.
    pub short: Shown,
    /// Resource id in the app, while there is one.
    pub target: Option<Shown>,
    /// Why it is not among those that the job provisions, if it is not.
    pub out: Option<Shown>,
    /// What happens instead of writing what the rules give, if they are not what is written.
    pub instead: Option<Shown>,
}

/// The scoping filter, and what it says about the person.
#[derive(Debug)]
pub struct Scope {
    /// Each clause.
    pub verdict: Verdict,
    /// Whether it was asked about somebody.
    pub asked: bool,
}

/// One rule.
#[derive(Debug)]
pub struct RuleRow {
    /// From 1.
    pub number: usize,
    /// Target path, untouched.
    pub target: String,
    /// Source as the schema has it, untouched.
    pub source: String,
    /// Whether the source is an expression.
    pub function: bool,
    /// What it gives for the person.
    pub gives: Gives,
    /// What it reads, with the person's values.
    pub reads: Vec<(Shown, Shown)>,
    /// When it applies.
    pub applies: &'static str,
    /// What happens without a value.
    pub if_empty: Shown,
    /// The place among the matching attributes, or 0.
    pub matching: u32,
    /// The declared type, in words.
    pub holds: Shown,
    /// What the app was last given, while the person is linked.
    pub given: Option<Given>,
    /// A word or two at the end of the row.
    pub note: Shown,
    /// What looks wrong with it.
    pub warnings: Vec<Shown>,
}

/// What the app was last given.
#[derive(Debug)]
pub struct Given {
    /// The value.
    pub value: Shown,
    /// Whether it is what the rule gives now.
    pub same: bool,
}

/// What a rule gives for the person.
#[derive(Debug, PartialEq)]
pub enum Gives {
    /// There is nobody.
    Nobody,
    /// A value.
    Value(Value),
    /// The default: on create only.
    Default(Value),
    /// No value.
    Nothing,
    /// The mapping leaves the attribute out for this person.
    Ignored,
    /// Another object, by name, or several.
    Reference(String),
    /// It fails.
    Problem {
        /// Code of the error.
        code: String,
        /// What happened.
        message: String,
    },
}

impl Gives {
    /// For the list.
    pub fn cell(&self, none: &'static str) -> Shown {
        match self {
            Self::Nobody => show(""),
            Self::Value(value) | Self::Default(value) if plain_text(value).is_empty() => show("\"\""),
            Self::Value(value) | Self::Default(value) => plain(value),
            Self::Nothing => show(none),
            Self::Ignored => show("left alone"),
            Self::Reference(name) => show(name),
            Self::Problem { code, .. } => show(code),
        }
    }

    /// For the detail.
    pub fn exact(&self) -> Shown {
        match self {
            Self::Nobody => show("nobody to try it on"),
            Self::Value(value) | Self::Default(value) => exact(value),
            Self::Nothing => show("no value"),
            Self::Ignored => show("left alone"),
            Self::Reference(name) => show_with(name, Policy::Detail),
            Self::Problem { code, .. } => show_with(code, Policy::Detail),
        }
    }

    /// The value untouched, for copying.
    pub fn raw(&self) -> Option<String> {
        match self {
            Self::Value(value) | Self::Default(value) => Some(plain_text(value)),
            Self::Reference(name) => Some(name.clone()),
            _ => None,
        }
    }
}

/// A user or group out of the mirror.
enum Chosen {
    User(DirectoryUser),
    Group(DirectoryGroup),
}

impl Chosen {
    fn object(&self) -> Object {
        match self {
            Self::User(user) => Object {
                object_type: ObjectType::User,
                id: user.id.clone(),
                name: user.text("userPrincipalName").unwrap_or(user.name()).to_owned(),
            },
            Self::Group(group) => {
                Object { object_type: ObjectType::Group, id: group.id.clone(), name: group.name().to_owned() }
            }
        }
    }
}

/// Reads the sheet: the rules for the chosen person, else for the first who is linked.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn read(
    sources: &Sources<'_>,
    object_type: ObjectType,
    chosen: Option<&Object>,
) -> Result<Sheet, StoreError> {
    let facts = sources.facts;
    let mapping = &facts.rules.of(object_type).mapping;
    let chosen = match chosen.filter(|c| c.object_type == object_type) {
        Some(chosen) => by_id(sources, object_type, &chosen.id)?,
        None => None,
    };
    let chosen = match chosen {
        Some(chosen) => Some(chosen),
        None => first(sources, object_type)?,
    };
    let link = match &chosen {
        Some(chosen) => links::get(sources.c, object_type, &chosen.object().id)?,
        None => None,
    };
    let roles = match &chosen {
        Some(Chosen::User(user)) if mapping.source_attributes().iter().any(|name| name == "appRoleAssignments") => {
            roles_of(&entitlements_of(sources.c, &[&user.id], &[])?, &user.id)
        }
        _ => Vec::new(),
    };
    let source = match &chosen {
        Some(Chosen::User(user)) => Some(SourceObject::user(user).with_roles(&roles)),
        Some(Chosen::Group(group)) => Some(SourceObject::group(group)),
        None => None,
    };
    let domain = sources.organization.as_ref().and_then(|o| o.default_domain.clone());
    let context = Context::preview(sources.now).with_default_domain(domain);
    let projection = source.as_ref().map(|source| mapping.project(source, false, &context));
    let reference = match &chosen {
        Some(chosen) => reference(sources, chosen)?,
        None => None,
    };
    let trial = Trial { mapping, source: source.as_ref(), projection: projection.as_ref(), link: link.as_ref() };
    let mut rules: Vec<RuleRow> =
        mapping.rules.iter().enumerate().map(|(i, rule)| trial.row(i, rule, reference.as_deref())).collect();
    let warnings = sort_warnings(mapping, &mut rules);
    let matching = mapping.matching.iter().filter_map(|i| {
        let rule = rules.get(*i)?;
        let value = matches!(rule.gives, Gives::Value(_)).then(|| rule.gives.exact());
        Some((rule.target.clone(), value))
    });
    let scope = mapping.filter.as_ref().map(|filter| match &source {
        Some(source) => Scope { verdict: filter.evaluate(source), asked: true },
        None => Scope { verdict: filter.evaluate_with(&|_| Value::Null), asked: false },
    });
    let person = match &chosen {
        Some(chosen) => Some(person(sources, chosen.object(), link.as_ref(), &context)?),
        None => None,
    };
    let flow = mapping.flow;
    Ok(Sheet {
        object_type,
        from: show(&super::words::origin(&facts.config)),
        name: show(&mapping.name),
        off: object_type == ObjectType::Group && !facts.config.groups,
        may: [("create", flow.add), ("update", flow.update), ("delete", flow.delete)]
            .into_iter()
            .filter_map(|(word, on)| on.then_some(word))
            .collect(),
        person,
        matching: matching.collect(),
        scope,
        warnings,
        ignored: projection.as_ref().is_some_and(|p| p.ignore_object),
        rules,
    })
}

/// Whose values are shown, and whether they are what is written.
fn person(sources: &Sources<'_>, object: Object, link: Option<&Link>, context: &Context) -> Result<Person, StoreError> {
    let (facts, kind) = (sources.facts, object.object_type);
    let explained = match kind {
        // Nothing is written of any group then.
        ObjectType::Group if !facts.config.groups => None,
        _ => explain(sources.c, kind, &object.id, &facts.rules, facts.scope, context)?,
    };
    let standing = explained.as_ref().map(|explained| &explained.subject.standing);
    let out = standing.filter(|standing| **standing != Standing::In).map(|standing| show(&standing.words()));
    let written = |explained: &Explanation| matches!(explained.subject.course, Course::Provision);
    Ok(Person {
        short: show(if kind == ObjectType::User { account(&object.name) } else { &object.name }),
        target: link.map(|link| show(&link.target_id)),
        instead: explained.filter(|explained| !written(explained)).map(|explained| show(&explained.next)),
        out,
        object,
    })
}

fn by_id(sources: &Sources<'_>, object_type: ObjectType, id: &str) -> Result<Option<Chosen>, StoreError> {
    Ok(match object_type {
        ObjectType::User => mirror::user(sources.c, id)?.map(Chosen::User),
        ObjectType::Group => mirror::group(sources.c, id)?.map(Chosen::Group),
    })
}

/// The first by name who is linked; while nobody is, the first by name.
fn first(sources: &Sources<'_>, object_type: ObjectType) -> Result<Option<Chosen>, StoreError> {
    fn pick<T>(rows: Vec<(T, bool)>) -> Option<T> {
        let at = rows.iter().position(|(_, linked)| *linked).unwrap_or(0);
        rows.into_iter().nth(at).map(|(row, _)| row)
    }
    Ok(match object_type {
        ObjectType::User => {
            let rows = search::search_users(sources.c, "", FIRST, None)?;
            pick(rows.into_iter().map(|row| (row.user, row.link.is_some())).collect()).map(Chosen::User)
        }
        ObjectType::Group => {
            let rows = search::search_groups(sources.c, "", FIRST, None)?;
            pick(rows.into_iter().map(|row| (row.group, row.link.is_some())).collect()).map(Chosen::Group)
        }
    })
}

/// The manager's name, or how many members: what a reference means to people.
fn reference(sources: &Sources<'_>, chosen: &Chosen) -> Result<Option<String>, StoreError> {
    Ok(match chosen {
        Chosen::User(user) => match &user.manager {
            Some(id) => Some(match mirror::user(sources.c, id)? {
                Some(manager) => {
                    manager.text("userPrincipalName").map_or_else(|| manager.name().to_owned(), str::to_owned)
                }
                None => id.clone(),
            }),
            None => None,
        },
        Chosen::Group(group) => {
            let members = membership::count(sources.c, &group.id)?;
            Some(if members == 1 { "1 member".to_owned() } else { format!("{members} members") })
        }
    })
}

/// What the rules are tried on.
struct Trial<'a> {
    mapping: &'a CompiledMapping,
    source: Option<&'a SourceObject<'a>>,
    projection: Option<&'a Projection>,
    link: Option<&'a Link>,
}

impl Trial<'_> {
    fn row(&self, index: usize, rule: &Rule, reference: Option<&str>) -> RuleRow {
        let gives = self.gives(index, rule, reference);
        let reads = rule.source.attributes().into_iter().map(|name| {
            let value = match (rule.reference, reference) {
                (true, Some(name)) => show_with(name, Policy::Detail),
                _ => self.source.map_or_else(|| show(""), |source| exact(&source.json(name))),
            };
            (show(name), value)
        });
        RuleRow {
            number: index + 1,
            target: rule.target.clone(),
            source: rule.source.words(),
            function: matches!(rule.source, RuleSource::Expression(_)),
            reads: reads.collect(),
            applies: self.applies(rule),
            if_empty: if_empty(rule),
            matching: rule.matching_priority,
            holds: holds(rule),
            given: self.given(rule, &gives),
            note: note(rule),
            warnings: Vec::new(),
            gives,
        }
    }

    fn gives(&self, index: usize, rule: &Rule, reference: Option<&str>) -> Gives {
        let Some(projection) = self.projection else { return Gives::Nobody };
        if rule.reference {
            return reference.map_or(Gives::Nothing, |name| Gives::Reference(name.to_owned()));
        }
        if let Some(problem) = projection.problems.iter().find(|p| p.target == rule.target) {
            return Gives::Problem { code: problem.code.clone(), message: problem.message.clone() };
        }
        if let Some(value) = projection.value(index) {
            return Gives::Value(value.clone());
        }
        if projection.ignored.contains(&index) {
            return Gives::Ignored;
        }
        let default = self.mapping.default_for_create(projection).into_iter().find(|(i, _)| *i == index);
        default.map_or(Gives::Nothing, |(_, value)| Gives::Default(value))
    }

    fn given(&self, rule: &Rule, gives: &Gives) -> Option<Given> {
        let link = self.link?;
        if rule.reference {
            return None;
        }
        let held = link.applied.get(&rule.target).cloned().unwrap_or(Value::Null);
        let same = match gives {
            Gives::Value(value) => resource::same(&held, value, rule.case_exact),
            Gives::Nothing | Gives::Ignored | Gives::Default(_) => true,
            _ => false,
        };
        Some(Given { value: exact(&held), same })
    }

    fn applies(&self, rule: &Rule) -> &'static str {
        let flow = self.mapping.flow;
        match rule.flow_type {
            FlowType::ObjectAddOnly => "create only",
            _ if !flow.update => "create only",
            FlowType::Always if !flow.add => "update only",
            FlowType::Always => "create, update",
            FlowType::MultiValueAddOnly | FlowType::ValueAddOnly => "create, update; only adds values",
            FlowType::AttributeAddOnly => "while the app has no value",
        }
    }
}

fn if_empty(rule: &Rule) -> Shown {
    match &rule.default {
        Some(default) => show_with(&format!("\"{default}\" on create, else left alone"), Policy::Detail),
        None if rule.required => show("not created without a value"),
        None => show("leave the target alone"),
    }
}

/// What the app declares about the attribute.
fn holds(rule: &Rule) -> Shown {
    use crate::mapping::AttributeType;
    let kind = match rule.target_type {
        AttributeType::String => "text",
        AttributeType::Integer => "a whole number",
        AttributeType::Reference => "another object",
        AttributeType::Binary => "bytes, in base64",
        AttributeType::Boolean => "true or false",
        AttributeType::DateTime => "a date and time",
    };
    let mut words = vec![kind];
    if rule.multivalued {
        words.push("several values");
    }
    if rule.required {
        words.push("required");
    }
    if rule.case_exact {
        words.push("letter case counts");
    }
    show(&words.join(", "))
}

fn note(rule: &Rule) -> Shown {
    let mut words: Vec<String> = Vec::new();
    if rule.matching_priority > 0 {
        words.push(format!("match {}", rule.matching_priority));
    }
    if rule.reference {
        words.push("ref".into());
    }
    match rule.source {
        RuleSource::Constant(_) => words.push("constant".into()),
        RuleSource::None => words.push("default only".into()),
        _ if rule.default.is_some() => words.push("default".into()),
        _ => {}
    }
    match rule.flow_type {
        FlowType::Always => {}
        FlowType::ObjectAddOnly => words.push("create only".into()),
        FlowType::MultiValueAddOnly | FlowType::ValueAddOnly => words.push("adds only".into()),
        FlowType::AttributeAddOnly => words.push("while empty".into()),
    }
    show(&words.join(", "))
}

/// Gives each rule its warnings; returns those that belong to none.
fn sort_warnings(mapping: &CompiledMapping, rules: &mut [RuleRow]) -> Vec<Shown> {
    let mut rest = Vec::new();
    for issue in mapping.warnings.iter().filter(|issue| issue.severity == Severity::Warning) {
        let words = show_with(&issue.message, Policy::Detail);
        let index = issue.path.split_once(".attributeMappings[").and_then(|(_, rest)| {
            let (number, _) = rest.split_once(']')?;
            number.parse::<usize>().ok()
        });
        match index.and_then(|index| rules.get_mut(index)) {
            Some(rule) => rule.warnings.push(words),
            None => rest.push(words),
        }
    }
    rest
}
