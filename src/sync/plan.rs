//! What to do: one object, what we want for it and what the app holds become at most one operation.
//!
//! Pure. The request bodies are made here as well, so that a dry run shows exactly what would be sent.

use super::project::{ObjectRules, Subject};
use super::scope::Course;
use crate::mapping::FlowType;
use crate::model::{Change, Link, ObjectType, Operation, OperationState, Origin, Verb};
use crate::scim::patch::{Op, PatchOp, PatchRequest};
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::scim::schema::Schemas;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What the app was seen to hold for one object.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Nobody asked: the ledger is enough.
    Unasked,
    /// No resource fits.
    Absent,
    /// Exactly one resource fits, or the linked one was read.
    One(Box<Value>),
    /// Several resources fit (E6.10); their ids.
    Many(Vec<String>),
    /// The fitting resource already belongs to another directory object; its name or id.
    Taken(String),
    /// Several directory objects carry the matching value (E6.11).
    SharedValue(String),
    /// The linked resource is gone (E6.16).
    Gone,
    /// The question was refused: code and reason.
    Failed {
        /// Code of E13c.
        code: String,
        /// In words.
        reason: String,
    },
}

/// What goes over the wire for an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// `POST`, with the whole body.
    Create(Value),
    /// `PATCH`; `before` is the resource as it was read, if it was.
    Patch {
        /// One operation per attribute.
        patch: PatchRequest,
        /// For the fallback to `PUT`.
        before: Option<Box<Value>>,
    },
    /// `DELETE`.
    Delete,
    /// Nothing: the resource already is as wanted, only the link is recorded.
    Adopt,
    /// The manager, resolved when it is sent.
    Manager,
    /// Members, resolved when they are sent.
    Members,
}

/// An operation with everything that is needed to carry it out and to write it down.
#[derive(Clone, Debug)]
pub struct Work {
    /// What people see.
    pub operation: Operation,
    /// What is sent.
    pub request: Request,
    /// The object.
    pub subject: Subject,
    /// The link as it will be once the app says yes; the target id of a create is filled in then.
    pub link_after: Option<Link>,
}

/// The outcome of planning one object.
#[derive(Clone, Debug)]
pub enum Planned {
    /// Something to do.
    Work(Box<Work>),
    /// Nothing is sent, but it is said in the log.
    Note(Box<Note>),
    /// Nothing at all.
    Nothing,
}

/// An object that needs no request, with what the log says about it.
#[derive(Clone, Debug)]
pub struct Note {
    /// The object.
    pub subject: Subject,
    /// Code of E13c.
    pub code: String,
    /// In words.
    pub reason: String,
    /// Failure or skip.
    pub failed: bool,
    /// A link to record or to change along with it.
    pub link_after: Option<Link>,
}

fn note(subject: Subject, code: &str, reason: String, failed: bool) -> Planned {
    Planned::Note(Box::new(Note { subject, code: code.to_owned(), reason, failed, link_after: None }))
}

/// Plans one object.
pub fn plan(subject: Subject, seen: Seen, rules: &ObjectRules, cycle_id: &str, now: &str) -> Planned {
    if let Some(problem) = &subject.problem {
        let (code, reason) = (problem.code.clone(), problem.message.clone());
        // E6.12: an object without a matching value is skipped at import, everything else is a failure.
        let failed = code != "ImportSkipped";
        return note(subject, &code, reason, failed);
    }
    match subject.course.clone() {
        Course::Nothing => Planned::Nothing,
        Course::Skip { code, reason } => {
            if subject.touched {
                note(subject, code, reason, false)
            } else {
                Planned::Nothing
            }
        }
        Course::LetGo { reason } => match subject.link.clone() {
            Some(link) => Planned::Note(Box::new(Note {
                subject,
                code: "EntrySynchronizationSkipped".into(),
                reason,
                failed: false,
                link_after: Some(Link { managed: false, ..link }),
            })),
            None => Planned::Nothing,
        },
        Course::Unmanage => match subject.link.clone() {
            Some(link) => {
                let reason = format!("{}; the account is off already", subject.standing.words());
                Planned::Note(Box::new(Note {
                    subject,
                    code: "EntrySynchronizationSkipped".into(),
                    reason,
                    failed: false,
                    link_after: Some(Link { managed: false, ..link }),
                }))
            }
            None => Planned::Nothing,
        },
        Course::Disable { unmanage } => plan_disable(subject, unmanage, rules, cycle_id),
        Course::Delete => match subject.link.clone() {
            Some(link) => {
                let reason = subject.standing.words();
                let operation = operation(&subject, Verb::Delete, reason, Vec::new(), cycle_id, Some(&link));
                Planned::Work(Box::new(Work { operation, request: Request::Delete, subject, link_after: None }))
            }
            None => Planned::Nothing,
        },
        Course::Provision => plan_provision(subject, seen, rules, cycle_id, now),
    }
}

fn plan_disable(subject: Subject, unmanage: bool, rules: &ObjectRules, cycle_id: &str) -> Planned {
    let Some(link) = subject.link.clone() else { return Planned::Nothing };
    let changes: Vec<Change> = subject
        .off_values
        .iter()
        .map(|(i, value)| Change {
            attribute: rules.target(*i).to_owned(),
            old: link.applied.get(rules.target(*i)).cloned().unwrap_or(Value::Null),
            new: value.clone(),
        })
        .collect();
    if changes.is_empty() {
        // E7.21: IsSoftDeleted is not mapped, so nothing can be sent.
        return if subject.touched {
            let reason =
                format!("{}; no mapping carries IsSoftDeleted, so the app is not told", subject.standing.words());
            note(subject, "EntrySynchronizationSkipped", reason, false)
        } else {
            Planned::Nothing
        };
    }
    let patch = patch_of(&subject.off_values, rules, None);
    let mut applied = link.applied.clone();
    for (i, value) in &subject.off_values {
        applied.insert(rules.target(*i).to_owned(), value.clone());
    }
    let after = Link { applied, active: false, managed: link.managed && !unmanage, ..link.clone() };
    let reason = subject.standing.words();
    let operation = operation(&subject, Verb::Disable, reason, changes, cycle_id, Some(&link));
    Planned::Work(Box::new(Work {
        operation,
        request: Request::Patch { patch, before: None },
        subject,
        link_after: Some(after),
    }))
}

fn plan_provision(subject: Subject, seen: Seen, rules: &ObjectRules, cycle_id: &str, now: &str) -> Planned {
    match seen {
        Seen::Failed { code, reason } => note(subject, &code, reason, true),
        Seen::Many(ids) => {
            let reason =
                format!("{} accounts in the app fit {}: {}", ids.len(), subject.matching_words(rules), ids.join(", "));
            note(subject, "DuplicateTargetEntries", reason, true)
        }
        Seen::Taken(by) => {
            let reason = format!("the account that fits {} already belongs to {by}", subject.matching_words(rules));
            note(subject, "DuplicateSourceEntries", reason, true)
        }
        Seen::SharedValue(value) => {
            let reason = format!("several people in the directory share the matching value {value}");
            note(subject, "DuplicateSourceEntries", reason, true)
        }
        // Some apps answer 404 about accounts that are off: turning it on by its id tells whether it is there.
        Seen::Gone if subject.link.as_ref().is_some_and(|l| !l.active && !l.broken) => {
            plan_revive(subject, rules, cycle_id)
        }
        Seen::Gone => {
            let id = subject.link.as_ref().map_or("", |l| l.target_id.as_str());
            let reason = format!("the app no longer has the resource {id}");
            let link_after = subject.link.clone().map(|l| Link { broken: true, ..l });
            Planned::Note(Box::new(Note { subject, code: "InvalidAnchor".into(), reason, failed: true, link_after }))
        }
        Seen::Absent => match &subject.link {
            // A broken link that matches nobody: never a silent second account.
            Some(link) => {
                let reason = format!(
                    "the app no longer has the resource {} and nothing fits {}",
                    link.target_id,
                    subject.matching_words(rules)
                );
                note(subject, "InvalidAnchor", reason, true)
            }
            None => plan_create(subject, rules, cycle_id, now),
        },
        Seen::One(found) => plan_write(subject, *found, rules, cycle_id, now),
        Seen::Unasked => Planned::Nothing,
    }
}

fn plan_create(subject: Subject, rules: &ObjectRules, cycle_id: &str, now: &str) -> Planned {
    if !rules.flow.add {
        return if subject.touched {
            note(
                subject,
                "EntrySynchronizationSkipped",
                "no account fits, and Create is off in the mapping".into(),
                false,
            )
        } else {
            Planned::Nothing
        };
    }
    if let Some(problem) = subject.create_problem.clone() {
        return note(subject, &problem.code, problem.message, true);
    }
    let mut values = subject.values.clone();
    values.extend(subject.defaults.iter().cloned());
    let (body, applied) = create_body(&values, rules, subject.object_type);
    let changes = values
        .iter()
        .map(|(i, v)| Change { attribute: rules.target(*i).to_owned(), old: Value::Null, new: v.clone() })
        .collect();
    let link_after = Link {
        object_type: subject.object_type,
        source_id: subject.source_id.clone(),
        target_id: String::new(),
        origin: Origin::Created,
        managed: true,
        active: true,
        broken: false,
        applied,
        manager: None,
        created_at: now.to_owned(),
    };
    let reason = format!("in scope; no account fits {}", subject.matching_words(rules));
    let operation = operation(&subject, Verb::Create, reason, changes, cycle_id, None);
    Planned::Work(Box::new(Work { operation, request: Request::Create(body), subject, link_after: Some(link_after) }))
}

/// The body of a POST with these values, and what the ledger will hold of it.
pub(super) fn create_body(
    values: &[(usize, Value)],
    rules: &ObjectRules,
    object_type: ObjectType,
) -> (Value, Map<String, Value>) {
    let schemas = match object_type {
        ObjectType::User => Schemas::user(),
        ObjectType::Group => Schemas::group(),
    };
    let paths: Vec<&AttrPath> = values.iter().map(|(i, _)| &rules.paths[*i]).collect();
    let mut body = json!({ "schemas": resource::schemas_of(paths, schemas) });
    let mut applied = Map::new();
    for (i, value) in values {
        resource::set(&mut body, &rules.paths[*i], value.clone());
        applied.insert(rules.target(*i).to_owned(), value.clone());
    }
    (body, applied)
}

/// A resource was found: compare mapped attributes and write only what differs (E7.10).
fn plan_write(subject: Subject, found: Value, rules: &ObjectRules, cycle_id: &str, now: &str) -> Planned {
    let Some(target_id) = found.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return note(
            subject,
            "SystemForCrossDomainIdentityManagementServiceIncompatible",
            "the app answered with a resource that has no id".into(),
            true,
        );
    };
    let differing = differences(&subject.values, &found, rules);
    let link = subject.link.clone();
    let base = link.clone().unwrap_or_else(|| Link {
        object_type: subject.object_type,
        source_id: subject.source_id.clone(),
        target_id: target_id.clone(),
        origin: Origin::Adopted,
        managed: true,
        active: true,
        broken: false,
        applied: Map::new(),
        manager: None,
        created_at: now.to_owned(),
    });
    let mut applied = base.applied.clone();
    for (i, value) in &subject.values {
        if rules.rule(*i).flow_type != FlowType::ObjectAddOnly {
            applied.insert(rules.target(*i).to_owned(), value.clone());
        }
    }
    let after = Link { target_id: target_id.clone(), managed: true, active: true, broken: false, applied, ..base };
    if differing.is_empty() {
        let unchanged = link.as_ref() == Some(&after);
        let reason = if link.is_some() {
            "the app already holds the same values".to_owned()
        } else {
            format!("adopted by {}; the app already holds the same values", subject.matching_words(rules))
        };
        return Planned::Note(Box::new(Note {
            subject,
            code: "RedundantExport".into(),
            reason,
            failed: false,
            link_after: (!unchanged).then_some(after),
        }));
    }
    if !rules.flow.update {
        return Planned::Note(Box::new(Note {
            subject,
            code: "EntrySynchronizationSkipped".into(),
            reason: "values differ, and Update is off in the mapping".into(),
            failed: false,
            link_after: link.is_none().then_some(after),
        }));
    }
    let turns_on = differing.iter().any(|(i, _)| rules.rule(*i).depends_on_soft_deleted);
    let (verb, reason) = match &link {
        None => (Verb::Update, format!("adopted by {}", subject.matching_words(rules))),
        Some(link) if turns_on && !link.active => (Verb::Enable, "in scope and enabled again".to_owned()),
        Some(_) => (Verb::Update, "values differ".to_owned()),
    };
    let changes = differing
        .iter()
        .map(|(i, value)| Change {
            attribute: rules.target(*i).to_owned(),
            old: rules.held(*i, &found).unwrap_or(Value::Null),
            new: value.clone(),
        })
        .collect();
    let patch = patch_of(&differing, rules, Some(&found));
    let mut operation = operation(&subject, verb, reason, changes, cycle_id, link.as_ref());
    operation.target_id = Some(target_id);
    Planned::Work(Box::new(Work {
        operation,
        request: Request::Patch { patch, before: Some(Box::new(found)) },
        subject,
        link_after: Some(after),
    }))
}

/// An account that is off and hidden: everything is written, blindly, to the id in the ledger.
fn plan_revive(subject: Subject, rules: &ObjectRules, cycle_id: &str) -> Planned {
    let Some(link) = subject.link.clone() else { return Planned::Nothing };
    let values: Vec<(usize, Value)> =
        subject.values.iter().filter(|(i, _)| rules.rule(*i).flow_type == FlowType::Always).cloned().collect();
    let mut applied = link.applied.clone();
    let mut changes = Vec::with_capacity(values.len());
    for (i, value) in &values {
        let target = rules.target(*i);
        let old = applied.insert(target.to_owned(), value.clone()).unwrap_or(Value::Null);
        changes.push(Change { attribute: target.to_owned(), old, new: value.clone() });
    }
    let after = Link { applied, managed: true, active: true, ..link.clone() };
    let reason = "in scope and enabled again; the app does not show accounts that are off".to_owned();
    let operation = operation(&subject, Verb::Enable, reason, changes, cycle_id, Some(&link));
    let patch = patch_of(&values, rules, None);
    let request = Request::Patch { patch, before: None };
    Planned::Work(Box::new(Work { operation, request, subject, link_after: Some(after) }))
}

/// The mapped values that the resource does not hold, by the attribute's own rules of comparison (E7.12).
fn differences(values: &[(usize, Value)], found: &Value, rules: &ObjectRules) -> Vec<(usize, Value)> {
    let mut out = Vec::new();
    for (i, wanted) in values {
        let rule = rules.rule(*i);
        let held = rules.held(*i, found);
        let differs = match (&rule.flow_type, &held) {
            (FlowType::ObjectAddOnly, _) | (FlowType::AttributeAddOnly, Some(_)) => false,
            (_, Some(held)) => !resource::same(held, wanted, rule.case_exact),
            (_, None) => true,
        };
        if differs {
            out.push((*i, wanted.clone()));
        }
    }
    out
}

/// One PATCH operation per attribute, lower case, with a path and real booleans: the most portable form. An element
/// of a multi-valued attribute that is not there yet cannot be addressed by a filter, so it is added whole.
pub fn patch_of(values: &[(usize, Value)], rules: &ObjectRules, before: Option<&Value>) -> PatchRequest {
    let mut operations: Vec<PatchOp> = Vec::new();
    let mut fresh: Vec<(AttrPath, Value)> = Vec::new();
    for (i, value) in values {
        let path = &rules.paths[*i];
        let holder = AttrPath { sub: None, ..path.clone() };
        let absent = before.is_some_and(|b| resource::get(b, &holder).is_none());
        if rules.fills_elements(*i) {
            // All elements of the type are replaced: a filter addresses them together, not one by one.
            if !absent {
                operations.push(PatchOp::remove(holder.to_string()));
            }
            let list = AttrPath { filter: None, sub: None, ..path.clone() };
            let mut made = json!({});
            resource::set(&mut made, path, value.clone());
            if let Some(elements) = resource::get(&made, &list) {
                operations.push(PatchOp::add(list.to_string(), elements));
            }
        } else if path.filter.is_some() && absent {
            let list = AttrPath { filter: None, sub: None, ..path.clone() };
            let index = fresh.iter().position(|(p, _)| p.same(&list)).unwrap_or_else(|| {
                fresh.push((list.clone(), json!({})));
                fresh.len() - 1
            });
            resource::set(&mut fresh[index].1, path, value.clone());
        } else {
            operations.push(PatchOp { op: Op::Replace, path: Some(path.to_string()), value: Some(value.clone()) });
        }
    }
    for (list, holder) in fresh {
        let value = resource::get(&holder, &list);
        operations.push(PatchOp { op: Op::Add, path: Some(list.to_string()), value });
    }
    PatchRequest { operations }
}

pub(super) fn operation(
    subject: &Subject,
    verb: Verb,
    reason: String,
    changes: Vec<Change>,
    cycle_id: &str,
    link: Option<&Link>,
) -> Operation {
    Operation {
        id: Uuid::now_v7().to_string(),
        cycle_id: cycle_id.to_owned(),
        verb,
        object_type: subject.object_type,
        source_id: subject.source_id.clone(),
        target_id: link.map(|l| l.target_id.clone()),
        name: subject.name.clone(),
        reason,
        changes,
        references: Vec::new(),
        state: OperationState::Planned,
        held_reason: None,
    }
}
