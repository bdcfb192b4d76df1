//! One object from both sides: what the directory has, what the app was last given, groups or members, history.

use super::rows::{ObjectState, context, known_by};
use super::words::plain_text;
use crate::console::page::Object;
use crate::console::query::Sources;
use crate::engine::InApp;
use crate::mapping::{FlowType, SourceObject};
use crate::model::{LogStatus, MemberKind, ObjectType, Retry};
use crate::scim::resource;
use crate::store::log::{self, LogFilter};
use crate::store::membership::{self, Sides};
use crate::store::window::Anchor;
use crate::store::{StoreError, links, mirror};
use crate::sync::cycle::{entitlements_of, roles_of};
use crate::sync::explain::{Explanation, explain};
use crate::sync::scope::Course;
use crate::text::{Shown, show};
use jiff::Timestamp;
use serde_json::Value;

/// Entries of the history that are read.
const HISTORY: usize = 12;
/// Groups of a user, or members of a group, that are read.
const RELATIONS: usize = 40;

/// One object from both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// The object, with the name it is known by.
    pub object: Object,
    /// How it stands.
    pub state: ObjectState,
    /// Why, or what happens next, in words.
    pub next: String,
    /// How it was or would be matched, in words.
    pub matching: String,
    /// Mapped attributes in the order of the rules.
    pub attributes: Vec<Attribute>,
    /// Properties that no rule reads, with their values; untrusted.
    pub unmapped: Vec<(String, String)>,
    /// Groups of a user, members of a group.
    pub relations: Relations,
    /// Entries of the log about it, newest first; those without news left out.
    pub history: Vec<Past>,
    /// When the app was last written to, as far as the log tells.
    pub written_at: Option<Timestamp>,
    /// Whether the job has a link to a resource.
    pub linked: bool,
    /// The failure it waits on.
    pub retry: Option<Retry>,
}

/// A mapped attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Target path.
    pub path: String,
    /// Number of its rule, from 1.
    pub rule: usize,
    /// What the mapping makes of the directory.
    pub source: Option<Value>,
    /// What the app was last given.
    pub written: Option<Value>,
    /// Whether a change of letter case is a change.
    pub case_exact: bool,
    /// Whether it is written on create only, so that a difference stays.
    pub once: bool,
    /// For a manager: the app's id of the one that the directory names.
    pub reference: Option<Option<String>>,
    /// Whether the app refused it the last time.
    pub refused: bool,
}

/// How the two sides of an attribute compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Equal, or both nothing.
    Same,
    /// Both have a value, another one.
    Differs,
    /// Only the directory has one.
    Missing,
    /// Only the app has one.
    Surplus,
    /// The app refused it.
    Refused,
    /// Another value, which stays as it is: written on create only.
    Once,
}

impl Attribute {
    /// What the app has: as read from it, else as last written.
    pub fn target(&self, live: Option<&InApp>) -> Option<Value> {
        let Some(live) = live else { return self.written.clone() };
        let held = live.value(&self.path)?;
        match (&self.reference, held) {
            // A manager is an object with the id, and the name if the app adds one.
            (Some(_), Value::Object(parts)) => {
                parts.get("displayName").or_else(|| parts.get("value")).filter(|v| !v.is_null()).cloned()
            }
            _ => Some(held.clone()),
        }
    }

    /// How the sides compare.
    pub fn compare(&self, live: Option<&InApp>) -> Compared {
        let target = self.target(live);
        let none = |value: Option<&Value>| value.is_none_or(|v| plain_text(v).is_empty());
        let same = match (&self.reference, live) {
            (Some(expected), Some(live)) => {
                let held = live.value(&self.path).map(|held| held.get("value").unwrap_or(held));
                expected.as_deref() == held.and_then(Value::as_str)
            }
            _ => resource::same(
                target.as_ref().unwrap_or(&Value::Null),
                self.source.as_ref().unwrap_or(&Value::Null),
                self.case_exact,
            ),
        };
        match (none(self.source.as_ref()), none(target.as_ref())) {
            (true, true) => Compared::Same,
            _ if same => Compared::Same,
            _ if self.refused => Compared::Refused,
            _ if self.once => Compared::Once,
            (false, true) => Compared::Missing,
            (true, false) => Compared::Surplus,
            (false, false) => Compared::Differs,
        }
    }

    /// Whether neither side has a value.
    pub fn empty(&self, live: Option<&InApp>) -> bool {
        let none = |value: Option<&Value>| value.is_none_or(|v| plain_text(v).is_empty());
        none(self.source.as_ref()) && none(self.target(live).as_ref())
    }
}

/// Groups of a user, or members of a group, on both sides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Relations {
    /// How many there are.
    pub sides: Sides,
    /// Whether the job provisions no groups, so that the app having none means nothing.
    pub left_alone: bool,
    /// Some of them, those that differ first.
    pub rows: Vec<Relation>,
}

/// A group of a user, or a member of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// The other object, if the directory has it.
    pub object: Object,
    /// How the membership stands.
    pub state: Membership,
}

/// How a membership stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Membership {
    /// In the directory only, and both ends are in the app.
    Missing,
    /// In the app only.
    Surplus,
    /// On both sides.
    Same,
    /// In the directory only, because one end is not in the app.
    NotInApp,
}

/// An entry of the log about the object.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// When.
    pub at: Timestamp,
    /// `create`, `update`, …
    pub action: Shown,
    /// What came of it.
    pub status: LogStatus,
    /// What, or what the app answered.
    pub what: Shown,
    /// The attribute that failed, or the change of the one that was written.
    pub more: Shown,
}

/// Reads one object; `None` if the mirror does not have it.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn read(sources: &Sources<'_>, kind: ObjectType, id: &str) -> Result<Option<Detail>, StoreError> {
    let (c, facts) = (sources.c, sources.facts);
    let context = context(sources);
    let Some(explained) = explain(c, kind, id, &facts.rules, facts.scope, &context)? else { return Ok(None) };
    let history = history(sources, id)?;
    let written_at = history.iter().find(|p| matches!(p.0.status, LogStatus::Success | LogStatus::Warning));
    let (user, group) = match kind {
        ObjectType::User => (mirror::user(c, id)?, None),
        ObjectType::Group => (None, mirror::group(c, id)?),
    };
    let entitlements = match kind {
        ObjectType::User => entitlements_of(c, &[id], &[])?,
        ObjectType::Group => entitlements_of(c, &[], &[id])?,
    };
    let roles = roles_of(&entitlements, id);
    let source = match (&user, &group) {
        (Some(user), _) => SourceObject::user(user).with_roles(&roles),
        (None, Some(group)) => SourceObject::group(group),
        (None, None) => return Ok(None),
    };
    let name = match (&user, &group) {
        (Some(user), _) => known_by(user).to_owned(),
        (None, group) => group.as_ref().map(|g| g.name().to_owned()).unwrap_or_default(),
    };
    // Somebody who is to be turned off is compared with what turns them off.
    let off = matches!(explained.subject.course, Course::Disable { .. } | Course::Delete | Course::Nothing)
        && kind == ObjectType::User
        && !user.as_ref().is_some_and(|u| u.enabled() && u.removed.is_none());
    let projection = facts.rules.of(kind).mapping.project(&source, off, &context);
    let refused = refused(&history);
    let attributes = attributes(sources, &explained, |rule| projection.value(rule).cloned(), &refused)?;
    let state = ObjectState::of(&explained.subject, explained.retry.as_ref(), sources);
    let left_alone = kind == ObjectType::Group && !facts.config.groups;
    Ok(Some(Detail {
        object: Object { object_type: kind, id: id.to_owned(), name },
        state,
        next: if left_alone { "this job provisions no groups".into() } else { explained.next.clone() },
        matching: explained.matching.clone(),
        attributes,
        unmapped: unmapped(sources, kind, &source, user.as_ref().map(|u| &u.properties)),
        relations: match kind {
            ObjectType::User => groups_of(sources, id, explained.subject.link.is_some())?,
            ObjectType::Group => members_of(sources, id, explained.subject.link.is_some())?,
        },
        written_at: written_at.map(|p| p.0.at).or_else(|| {
            let made = explained.subject.link.as_ref().map(|link| link.created_at.parse::<Timestamp>());
            made.and_then(Result::ok)
        }),
        history: history.into_iter().map(|(past, _)| past).collect(),
        linked: explained.subject.link.is_some(),
        retry: explained.retry,
    }))
}

fn attributes(
    sources: &Sources<'_>,
    explained: &Explanation,
    value: impl Fn(usize) -> Option<Value>,
    refused: &[String],
) -> Result<Vec<Attribute>, StoreError> {
    let subject = &explained.subject;
    let rules = sources.facts.rules.of(subject.object_type);
    let link = subject.link.as_ref();
    let mut found = Vec::new();
    for (index, rule) in rules.mapping.rules.iter().enumerate() {
        let mut attribute = Attribute {
            path: rule.target.clone(),
            rule: index + 1,
            source: None,
            written: link.and_then(|l| l.applied.get(&rule.target)).cloned(),
            case_exact: rule.case_exact,
            once: rule.flow_type == FlowType::ObjectAddOnly,
            reference: None,
            refused: refused.contains(&rule.target),
        };
        if rule.reference {
            if subject.object_type == ObjectType::Group {
                // Members have a place of their own.
                continue;
            }
            let named = |id: Option<String>| -> Result<Option<Value>, StoreError> {
                let Some(id) = id else { return Ok(None) };
                let user = mirror::user(sources.c, &id)?;
                Ok(Some(Value::from(
                    user.as_ref().map_or(id.as_str(), |u| crate::console::words::account(known_by(u))),
                )))
            };
            let manager = mirror::user(sources.c, &subject.source_id)?.and_then(|user| user.manager);
            let there = match &manager {
                Some(id) => links::get(sources.c, ObjectType::User, id)?.map(|l| l.target_id),
                None => None,
            };
            attribute.reference = Some(there);
            attribute.source = named(manager)?;
            attribute.written = named(link.and_then(|l| l.manager.clone()))?;
        } else {
            attribute.source = value(index);
        }
        found.push(attribute);
    }
    Ok(found)
}

/// Properties with a value that no rule reads.
fn unmapped(
    sources: &Sources<'_>,
    kind: ObjectType,
    source: &SourceObject<'_>,
    properties: Option<&serde_json::Map<String, Value>>,
) -> Vec<(String, String)> {
    let mapping = &sources.facts.rules.of(kind).mapping;
    let read: Vec<Value> = mapping.source_attributes().iter().map(|name| source.json(name)).collect();
    let known = |name: &str| mapping.source_attributes().iter().any(|a| a == name);
    let Some(properties) = properties else { return Vec::new() };
    properties
        .iter()
        .filter(|(name, value)| !known(name) && !value.is_null() && name.as_str() != "accountEnabled")
        // Known under another name: a list of which one is read, a flag that is computed.
        .filter(|(_, value)| !read.iter().any(|r| r == *value || value.get(0) == Some(r)))
        .map(|(name, value)| (name.clone(), plain_text(value)))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn groups_of(sources: &Sources<'_>, id: &str, in_app: bool) -> Result<Relations, StoreError> {
    let c = sources.c;
    let here = mirror::groups_of(c, id)?;
    let there = links::groups_with_applied(c, id)?;
    let mut rows = Vec::new();
    for group in &here {
        let state = if there.contains(group) {
            Membership::Same
        } else if in_app && links::get(c, ObjectType::Group, group)?.is_some_and(|l| l.managed && !l.broken) {
            Membership::Missing
        } else {
            Membership::NotInApp
        };
        rows.push((state, group));
    }
    rows.extend(there.iter().filter(|g| !here.contains(g)).map(|g| (Membership::Surplus, g)));
    let mut named = Vec::with_capacity(rows.len());
    for (state, id) in rows {
        let name = mirror::group(c, id)?.map_or_else(|| id.clone(), |g| g.name().to_owned());
        let object = Object { object_type: ObjectType::Group, id: id.clone(), name };
        named.push(Relation { object, state });
    }
    named.sort_by(|a, b| (rank(a.state), &a.object.name).cmp(&(rank(b.state), &b.object.name)));
    let sides = Sides { directory: here.len() as u64, applied: there.len() as u64 };
    named.truncate(RELATIONS);
    Ok(Relations { sides, left_alone: !sources.facts.config.groups, rows: named })
}

fn members_of(sources: &Sources<'_>, id: &str, in_app: bool) -> Result<Relations, StoreError> {
    let c = sources.c;
    let mut rows = Vec::new();
    for id in membership::surplus(c, id, RELATIONS / 2)? {
        rows.push(Relation { object: member(sources, &id, ObjectType::User)?, state: Membership::Surplus });
    }
    for (found, applied) in membership::some_members(c, id, RELATIONS - rows.len())? {
        let kind = match found.kind {
            MemberKind::Group => ObjectType::Group,
            MemberKind::User | MemberKind::Other => ObjectType::User,
        };
        let state = if applied {
            Membership::Same
        } else if in_app && links::get(c, kind, &found.id)?.is_some_and(|l| l.managed && !l.broken) {
            Membership::Missing
        } else {
            Membership::NotInApp
        };
        rows.push(Relation { object: member(sources, &found.id, kind)?, state });
    }
    rows.sort_by(|a, b| (rank(a.state), &a.object.name).cmp(&(rank(b.state), &b.object.name)));
    Ok(Relations { sides: membership::sides(c, id)?, left_alone: !sources.facts.config.groups, rows })
}

/// What differs comes last, where the mock-up has it; what is not in the app after that.
fn rank(state: Membership) -> u8 {
    match state {
        Membership::Same => 0,
        Membership::Missing => 1,
        Membership::Surplus => 2,
        Membership::NotInApp => 3,
    }
}

fn member(sources: &Sources<'_>, id: &str, object_type: ObjectType) -> Result<Object, StoreError> {
    let name = match object_type {
        ObjectType::User => mirror::user(sources.c, id)?.map(|u| known_by(&u).to_owned()),
        ObjectType::Group => mirror::group(sources.c, id)?.map(|g| g.name().to_owned()),
    };
    Ok(Object { object_type, id: id.to_owned(), name: name.unwrap_or_else(|| id.to_owned()) })
}

type Told = (Past, Vec<String>);

/// The last entries with news, each with the attributes it is about.
fn history(sources: &Sources<'_>, id: &str) -> Result<Vec<Told>, StoreError> {
    let filter = LogFilter { object: Some(id.to_owned()), text: "-status:skipped".into(), ..LogFilter::default() };
    let mut found = Vec::new();
    for line in log::window(sources.c, &filter, &Anchor::Start, HISTORY)?.rows {
        let entry = log::get(sources.c, &line.id)?.map(|row| row.entry);
        let changed = entry.map(|e| e.modified_properties).unwrap_or_default();
        let paths = match &line.attribute {
            Some(path) if line.status != LogStatus::Success => vec![path.clone()],
            _ => changed.iter().map(|p| p.display_name.clone()).collect(),
        };
        let (what, more) = match (line.status, changed.as_slice()) {
            (LogStatus::Failure | LogStatus::Warning, _) => {
                let reason = line.reason.as_deref().unwrap_or_default();
                let answer = match log::answer_of(reason) {
                    (Some(status), Some(kind)) => format!("{status} {kind}"),
                    (Some(status), None) => {
                        format!("{status} {}", log::class(line.code.as_deref().unwrap_or_default()))
                    }
                    (None, _) => log::class(line.code.as_deref().unwrap_or_default()).to_owned(),
                };
                (answer, line.attribute.clone().unwrap_or_default())
            }
            (_, [only]) if line.action != "create" => {
                let side = |value: &Option<String>| value.clone().filter(|v| !v.is_empty());
                let change = match (side(&only.old_value), side(&only.new_value)) {
                    (Some(old), Some(new)) => format!("{old} → {new}"),
                    (None, Some(new)) => format!("→ {new}"),
                    (Some(old), None) => format!("{old} →"),
                    (None, None) => String::new(),
                };
                (only.display_name.clone(), change)
            }
            (_, []) => (String::new(), String::new()),
            (_, all) => (format!("{} attributes", all.len()), String::new()),
        };
        let past =
            Past { at: line.at, action: show(&line.action), status: line.status, what: show(&what), more: show(&more) };
        found.push((past, paths));
    }
    Ok(found)
}

/// Attributes that were refused and have not been written since.
fn refused(history: &[Told]) -> Vec<String> {
    let mut written: Vec<&String> = Vec::new();
    let mut refused = Vec::new();
    for (past, paths) in history {
        for path in paths {
            match past.status {
                LogStatus::Success => written.push(path),
                LogStatus::Failure | LogStatus::Warning if paths.len() == 1 && !written.contains(&path) => {
                    refused.push(path.clone());
                }
                _ => {}
            }
        }
    }
    refused
}
