//! What the view asks on the reader thread: making the model of a plan, filtering it, details of one object, and what
//! happened since.

use super::model::{Context, Model};
use crate::console::query::Sources;
use crate::console::words::account;
use crate::model::{ObjectType, Verb};
use crate::store::search::Known;
use crate::store::{StoreError, cycles, links, mirror, retries, search};
use crate::sync::cycle::CycleReport;
use crate::sync::explain;
use crate::text::{Shown, show};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Names of members that go are looked up for so many people of a plan.
const NAMES: usize = 2_000;
/// So many of those who wait for the same reason are named: more never fit.
const WAITING: usize = 60;
/// Cycles since the plan was made that are looked at.
const CYCLES: usize = 20;

/// Something that is the same only if it is the very same.
pub struct Same<T>(pub Arc<T>);

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> std::fmt::Debug for Same<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:p}", Arc::as_ptr(&self.0))
    }
}

/// What the view asks the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Make the model of a dry run.
    Build(Same<CycleReport>),
    /// The entries that fit a filter.
    Filter(Same<Model>, String),
    /// More about one object.
    Detail(ObjectType, String),
    /// What happened since the plan was made.
    Since(Timestamp),
}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Build(_) => 0,
            Self::Filter(..) => 1,
            Self::Detail(..) => 2,
            Self::Since(_) => 3,
        }
    }
}

/// More about one object than the plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// User or group.
    pub object_type: ObjectType,
    /// Directory id.
    pub id: String,
    /// User principal name, or the group's name; untrusted.
    pub name: String,
    /// The same, clean.
    pub title: Shown,
    /// Mapped attributes, those that change included.
    pub mapped: HashSet<String>,
}

/// What happened since the plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Objects that cycles changed since.
    pub changed: u64,
    /// When the last cycle that ended began, and its changes; `None` before it was asked for, or without one.
    pub last_cycle: Option<(Timestamp, u64)>,
}

/// What the store answers.
#[derive(Debug)]
pub enum Answer {
    /// The model.
    Built(Arc<Model>),
    /// The plan, the filter's text, and the entries that fit it.
    Filtered(Same<Model>, String, Vec<u32>),
    /// More about one object; `None` when the mirror does not have it.
    Detail(Option<Box<Detail>>),
    /// What happened since.
    Since(Since),
}

/// Asks; runs on the reader thread.
///
/// # Errors
/// When the store cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    Ok(match query {
        Query::Build(report) => {
            Answer::Built(Arc::new(Model::new(Arc::clone(&report.0), context(&report.0, sources)?)))
        }
        Query::Filter(model, text) => Answer::Filtered(model.clone(), text.clone(), model.0.filter(text)),
        Query::Detail(object_type, id) => Answer::Detail(detail(*object_type, id, sources)?.map(Box::new)),
        Query::Since(made_at) => Answer::Since(since(*made_at, sources)?),
    })
}

fn context(report: &CycleReport, sources: &Sources<'_>) -> Result<Context, StoreError> {
    let c = sources.c;
    let mut linked = links::count(c, ObjectType::User)?;
    if sources.facts.config.groups {
        linked += links::count(c, ObjectType::Group)?;
    }
    // Whoever waits and is planned all the same (the source changed) is counted with the plan.
    let planned: HashSet<&str> = report
        .operations
        .iter()
        .map(|o| o.source_id.as_str())
        .chain(report.notes.iter().filter(|n| n.failed).map(|n| n.subject.source_id.as_str()))
        .collect();
    let mut context = Context { linked, threshold: sources.facts.config.deletion_threshold, ..Context::default() };
    for retry in retries::all(c)?.into_iter().filter(|r| !planned.contains(r.source_id.as_str())) {
        let known = context.who_waits.entry(retry.code.clone()).or_default();
        if known.len() < WAITING {
            let user = if retry.object_type == ObjectType::User { mirror::user(c, &retry.source_id)? } else { None };
            let name = user.map(|user| account(user.text("userPrincipalName").unwrap_or(user.name())).to_owned());
            let name = name.unwrap_or_else(|| retry.source_id.clone());
            known.push((show(&name), show(&retry.reason)));
        }
        *context.waiting.entry(retry.code).or_default() += 1;
    }
    context.last_cycle = last_cycle(&cycles::list(c, CYCLES, None)?);
    for object_type in [ObjectType::User, ObjectType::Group] {
        let rules = sources.facts.rules.of(object_type);
        for (i, rule) in rules.mapping.rules.iter().enumerate() {
            context.rules.insert((object_type, rule.target.clone()), (i + 1, show(&rule.source.words())));
        }
    }
    context.names = names(report, sources)?;
    context.known = known(report, sources)?;
    Ok(context)
}

/// What people know the objects of a plan by.
fn known(report: &CycleReport, sources: &Sources<'_>) -> Result<HashMap<String, Known>, StoreError> {
    let mut known = HashMap::new();
    for object_type in [ObjectType::User, ObjectType::Group] {
        let of = report.operations.iter().filter(|o| o.object_type == object_type);
        let ids = of.map(|o| o.source_id.as_str()).collect();
        known.extend(search::known(sources.c, object_type, &ids)?);
    }
    Ok(known)
}

/// Members that go, and managers of before, stand in a plan by their ids.
fn names(report: &CycleReport, sources: &Sources<'_>) -> Result<HashMap<String, Shown>, StoreError> {
    let of = |verb| report.operations.iter().filter(move |o| o.verb == verb);
    let going = of(Verb::RemoveMembers).flat_map(|o| o.references.iter().map(String::as_str));
    let managers = of(Verb::SetManager).flat_map(|o| o.changes.iter().filter_map(|c| c.old.as_str()));
    let mut names = HashMap::new();
    for id in going.take(NAMES).chain(managers.take(NAMES)) {
        if !names.contains_key(id)
            && let Some(user) = mirror::user(sources.c, id)?
        {
            names.insert(id.to_owned(), show(user.name()));
        }
    }
    Ok(names)
}

fn detail(object_type: ObjectType, id: &str, sources: &Sources<'_>) -> Result<Option<Detail>, StoreError> {
    let context = crate::expression::Context::preview(sources.now)
        .with_default_domain(sources.organization.as_ref().and_then(|o| o.default_domain.clone()));
    let rules = &sources.facts.rules;
    let found = explain::explain(sources.c, object_type, id, rules, sources.facts.scope, &context)?;
    Ok(found.map(|explained| {
        let subject = explained.subject;
        let name = subject.principal_name.clone().unwrap_or_else(|| subject.name.clone());
        let rules = rules.of(object_type);
        Detail {
            object_type,
            id: id.to_owned(),
            title: show(&name),
            name,
            mapped: subject.values.iter().map(|(i, _)| rules.target(*i).to_owned()).collect(),
        }
    }))
}

fn since(made_at: Timestamp, sources: &Sources<'_>) -> Result<Since, StoreError> {
    let later = |cycle: &crate::model::Cycle| cycle.started_at.parse::<Timestamp>().is_ok_and(|at| at > made_at);
    let cycles = cycles::list(sources.c, CYCLES, None)?;
    let changed = cycles.iter().take_while(|c| later(c)).map(|c| c.counts.changes()).sum();
    Ok(Since { changed, last_cycle: last_cycle(&cycles) })
}

/// When the newest cycle that ended began, and what it changed.
fn last_cycle(cycles: &[crate::model::Cycle]) -> Option<(Timestamp, u64)> {
    let cycle = cycles.iter().find(|cycle| cycle.ended_at.is_some())?;
    Some((cycle.started_at.parse().ok()?, cycle.counts.changes()))
}
