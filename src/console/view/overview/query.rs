//! What the overview asks the store: one question, one consistent look.

use crate::config::Scope;
use crate::console::page::Object;
use crate::console::query::Sources;
use crate::engine::LEASE_MS;
use crate::mapping::{ScopingFilter, SourceObject};
use crate::model::{Health, LogStatus, ObjectType};
use crate::store::log::{CauseRow, class};
use crate::store::overview::{self, Overview};
use crate::store::window::Counted;
use crate::store::{StoreError, audit, job, membership, mirror};
use crate::sync::scope::ScopeSetting;
use crate::text::{Shown, show};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// Cycles that are listed or drawn.
const CYCLES: usize = 60;
/// Hours of failures and causes.
pub(super) const HOURS: u16 = 24;
/// Causes whose example is looked up: more never fit on a screen at once.
const EXAMPLES: usize = 60;
/// Who does what no person did, in the audit.
const OURSELVES: &str = "Heeler";
/// The filter is asked about so many people at most.
const FILTERED: u64 = 10_000;
/// Changes by people that are listed.
const CHANGES: usize = 6;

/// What the view asks the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// Everything on the page.
    Glance,
    /// How many people are in scope: looks at everybody, so it is asked when a cycle has ended.
    Scope,
}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Glance => 0,
            Self::Scope => 1,
        }
    }
}

/// What the store answers.
#[derive(Debug)]
pub enum Answer {
    /// Everything on the page.
    Glance(Box<Glance>),
    /// To [`Query::Scope`].
    Scope(InScope),
}

/// Who is in scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InScope {
    /// How many.
    pub users: u64,
    /// Whether the scoping filter leaves some of them out: there are too many to ask it about each.
    pub at_most: bool,
}

/// The job at a glance. Texts are clean.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// Counts, cycles, causes, ages.
    pub job: Overview,
    /// How both sides do.
    pub health: Health,
    /// What needs attention, the most frequent first.
    pub causes: Vec<Cause>,
    /// What people changed in the last 24 hours, newest first.
    pub changes: Vec<Changed>,
    /// Who belongs, in words.
    pub scope: Shown,
    /// What the scoping filter asks for, in words; empty without one.
    pub filter: Shown,
    /// Whether groups are provisioned too.
    pub groups: bool,
    /// Time between the starts of two cycles.
    pub interval: Duration,
    /// Removals per cycle above which they are held.
    pub threshold: Option<u64>,
    /// Whether accounts that leave scope are left alone.
    pub keep_leavers: bool,
}

/// One cause as the page shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cause {
    /// Number of the cause in the store.
    pub id: i64,
    /// Whether these objects failed, or only have to be looked at.
    pub failure: bool,
    /// In a few words: `target rejects value`.
    pub words: Shown,
    /// The attribute it is about, if that is known.
    pub attribute: Option<Shown>,
    /// What the app answered: `400 invalidValue`.
    pub answer: Option<Shown>,
    /// What the reason says beyond the answer, with what differs from object to object left out.
    pub reason: Shown,
    /// Objects that are concerned, and whether there are more.
    pub objects: (u64, bool),
    /// The first entry of the last 24 hours.
    pub first: Timestamp,
    /// Error code and reason as the log knows them; untrusted.
    pub key: (String, String),
    /// The attribute as the mapping knows it; untrusted.
    pub path: Option<String>,
    /// The object that was concerned last.
    pub example: Option<Object>,
}

/// Something a person did.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Shown,
    /// Who.
    pub who: Shown,
}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    if *query == Query::Scope {
        return Ok(Answer::Scope(in_scope(sources)?));
    }
    let (c, config) = (sources.c, &sources.facts.config);
    let scope = overview::Scope { now: sources.now, lease_ttl_ms: LEASE_MS, cycles: CYCLES, hours: HOURS };
    let mut job = overview::read(c, scope)?;
    attend(&mut job);
    let mut causes = Vec::with_capacity(job.causes.rows.len());
    for (at, row) in job.causes.rows.iter().enumerate() {
        let example = if at < EXAMPLES { example(sources, row)? } else { None };
        causes.push(cause(row, example));
    }
    let since = sources.now - SignedDuration::from_hours(i64::from(HOURS));
    let changes = audit::list(c, CHANGES * 4, None)?.into_iter().filter_map(|entry| {
        let at = entry.at.parse::<Timestamp>().ok().filter(|at| *at >= since)?;
        // What Heeler does by itself is no change by people.
        if entry.who == OURSELVES {
            return None;
        }
        Some(Changed { at, what: show(&lower(&entry.what)), who: show(&entry.who) })
    });
    Ok(Answer::Glance(Box::new(Glance {
        health: job::health(c)?,
        causes,
        changes: changes.take(CHANGES).collect(),
        scope: show(scope_words(config.scope)),
        filter: show(&sources.facts.rules.users.mapping.filter.as_ref().map(filter_words).unwrap_or_default()),
        groups: config.groups,
        interval: config.interval,
        threshold: config.deletion_threshold,
        keep_leavers: config.skip_out_of_scope_deletions,
        job,
    })))
}

/// Keeps of the causes what needs attention now: who failed today and succeeded since is in the log.
fn attend(job: &mut Overview) {
    let Overview { causes, waiting, .. } = job;
    causes.rows.retain_mut(|row| {
        if row.status == LogStatus::Failure {
            row.objects.n = waiting.by_cause.get(&row.id).copied().unwrap_or(0);
            row.objects.at_least = waiting.more;
        }
        row.objects.n > 0
    });
    causes.rows.sort_by_key(|row| (row.status != LogStatus::Failure, std::cmp::Reverse(row.objects.n), row.id));
    causes.objects = Counted {
        n: causes.rows.iter().map(|row| row.objects.n).sum(),
        at_least: causes.rows.iter().any(|row| row.objects.at_least),
    };
}

/// How many people are in scope, as the engine decides it: entitled, not removed, switched on, and what the filter says.
fn in_scope(sources: &Sources<'_>) -> Result<InScope, StoreError> {
    let (c, facts) = (sources.c, sources.facts);
    let scope = membership::People {
        everybody: facts.scope.setting == ScopeSetting::All,
        exclude_default_access: facts.scope.exclude_default_access,
    };
    let users = membership::count_entitled(c, scope)?;
    let Some(filter) = &facts.rules.users.mapping.filter else { return Ok(InScope { users, at_most: false }) };
    if users > FILTERED {
        return Ok(InScope { users, at_most: true });
    }
    let mut fit = 0;
    for id in membership::entitled(c, scope)? {
        let Some(user) = mirror::user(c, &id)? else { continue };
        let verdict = filter.evaluate(&SourceObject::user(&user));
        fit += u64::from(verdict.in_scope && verdict.considered);
    }
    Ok(InScope { users: fit, at_most: false })
}

fn cause(row: &CauseRow, example: Option<Object>) -> Cause {
    let words = match class(&row.code) {
        "other" if !row.code.is_empty() => row.code.as_str(),
        words => words,
    };
    let answer = row.http_status.map(|status| match &row.scim_type {
        Some(kind) => format!("{status} {kind}"),
        None => status.to_string(),
    });
    Cause {
        id: row.id,
        failure: row.status == LogStatus::Failure,
        words: show(words),
        attribute: row.attribute.as_deref().map(show),
        answer: answer.as_deref().map(show),
        reason: show(beyond_answer(&row.reason, answer.as_deref())),
        objects: (row.objects.n, row.objects.at_least),
        first: row.first,
        key: (row.code.clone(), row.reason.clone()),
        path: row.attribute.clone(),
        example,
    }
}

/// The object that a cause concerned last, under the name people know it by.
fn example(sources: &Sources<'_>, row: &CauseRow) -> Result<Option<Object>, StoreError> {
    if row.example_id.is_empty() {
        return Ok(None);
    }
    let id = row.example_id.clone();
    if let Some(user) = mirror::user(sources.c, &id)? {
        let name = user.text("userPrincipalName").unwrap_or(&row.example).to_owned();
        return Ok(Some(Object { object_type: ObjectType::User, id, name }));
    }
    let group = mirror::group(sources.c, &id)?;
    Ok(group.map(|_| Object { object_type: ObjectType::Group, id, name: row.example.clone() }))
}

/// The first letter small: the words of the audit are titles.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Who belongs, in one word.
pub(super) fn scope_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Assigned => "assigned",
        Scope::All => "everybody",
    }
}

/// What a scoping filter asks for, in words: `department ≠ Contractor`. Empty if it asks for nothing.
pub(super) fn filter_words(filter: &ScopingFilter) -> String {
    // Whatever the verdict on nobody is: it names every clause.
    let verdict = filter.evaluate_with(&|_| Value::Null);
    let mut words = String::new();
    let mut group = None;
    for clause in &verdict.clauses {
        if !words.is_empty() {
            words.push_str(if group == Some(clause.group) { " and " } else { " or " });
        }
        group = Some(clause.group);
        words.push_str(&clause.attribute);
        words.push(' ');
        words.push_str(match clause.operator.as_str() {
            "EQUALS" => "=",
            "NOT EQUALS" => "≠",
            other => other,
        });
        match &clause.value {
            Value::Null => {}
            Value::String(text) => words.push_str(&format!(" {text}")),
            other => words.push_str(&format!(" {other}")),
        }
    }
    words
}

/// What the reason says beyond the answer that is shown beside it: `the app refused (400 invalidValue): not E.164`.
fn beyond_answer<'a>(reason: &'a str, answer: Option<&str>) -> &'a str {
    let Some((_, rest)) = answer.and_then(|answer| reason.split_once(&format!("({answer})"))) else { return reason };
    rest.trim_start_matches([':', ',', ';', '.', ' '])
}
