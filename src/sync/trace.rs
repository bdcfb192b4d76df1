//! One object, step by step: what provisioning it did or would do, with the evidence and the time of each step.

mod evidence;
mod requests;

use super::cycle::{CycleReport, CycleRequest};
use super::plan::{Note, Work};
use super::{CycleScope, Job, SyncError, explain};
use crate::model::{ObjectType, OperationState, Verb};
use crate::scim::client::Exchange;
use crate::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The object is read from the directory.
    Read,
    /// Whether it belongs into the app.
    Scope,
    /// Which account it has.
    Match,
    /// What is to be written.
    Plan,
    /// It is written.
    Write,
    /// It is read back.
    Verify,
}

impl Stage {
    /// Every step, in order.
    pub const ALL: [Self; 6] = [Self::Read, Self::Scope, Self::Match, Self::Plan, Self::Write, Self::Verify];

    /// The step in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "Read source",
            Self::Scope => "Check scope",
            Self::Match => "Match target",
            Self::Plan => "Plan",
            Self::Write => "Write",
            Self::Verify => "Verify",
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Done.
    Done,
    /// Done, but look at it.
    Warning,
    /// It could not be done.
    Failed,
    /// There was nothing to do.
    Skipped,
    /// Not begun: a dry run, or an earlier step ended it.
    Waiting,
}

/// One step with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceStep {
    /// Which one.
    pub stage: Stage,
    /// Its name for people.
    pub name: String,
    /// How it ended.
    pub state: StepState,
    /// Milliseconds; 0 for a step that did not begin.
    pub ms: u64,
    /// What was found, in words; untrusted.
    pub evidence: String,
}

/// The mapping rule behind an attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleWords {
    /// Its number among the rules of the object type, from 1; `None` when no rule writes the attribute.
    pub number: Option<usize>,
    /// Where its value comes from, as the mapping says it.
    pub source: String,
}

/// An attribute that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedChange {
    /// Target attribute path.
    pub attribute: String,
    /// What the app holds; `null` for nothing.
    pub old: Value,
    /// What it gets.
    pub new: Value,
    /// The rule.
    pub rule: RuleWords,
}

/// An attribute that stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedValue {
    /// Target attribute path.
    pub attribute: String,
    /// What both sides hold.
    pub value: Value,
    /// The rule.
    pub rule: RuleWords,
}

/// Something to look at before writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceWarning {
    /// Target attribute path.
    pub attribute: String,
    /// Why, in words; untrusted.
    pub words: String,
}

/// What provisioning one object did or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// Always all six.
    pub steps: Vec<TraceStep>,
    /// What was sent and answered, in order; in a dry run what was asked, and then what would be sent (without a
    /// status).
    pub requests: Vec<Exchange>,
    /// Attributes that change.
    pub changes: Vec<TracedChange>,
    /// Attributes that stay as they are.
    pub unchanged: Vec<TracedValue>,
    /// Attributes that were left out because somebody asked for that.
    pub skipped: Vec<String>,
    /// Attributes that a new account cannot do without: it is found by them (E6.1), or RFC 7643 requires them. Empty
    /// unless an account would be, or was, created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    /// What is likely to fail.
    pub warnings: Vec<TraceWarning>,
}

/// What a traced cycle leaves behind as it goes.
#[derive(Debug)]
pub(super) struct Tale {
    last: Instant,
    took: Vec<(Stage, Duration)>,
    work: Vec<Work>,
    notes: Vec<Note>,
}

impl Tale {
    pub(super) fn begin() -> Self {
        Self { last: Instant::now(), took: Vec::new(), work: Vec::new(), notes: Vec::new() }
    }

    /// The time since the last mark belongs to this step.
    pub(super) fn mark(&mut self, stage: Stage) {
        let now = Instant::now();
        let took = now - self.last;
        self.last = now;
        match self.took.iter_mut().find(|(s, _)| *s == stage) {
            Some((_, sum)) => *sum += took,
            None => self.took.push((stage, took)),
        }
    }

    /// Keeps what was planned, after the guard.
    pub(super) fn planned(&mut self, work: &[Work], notes: &[Note]) {
        self.work = work.to_vec();
        self.notes = notes.to_vec();
    }

    fn ms(&self, stage: Stage) -> Option<u64> {
        let took = self.took.iter().find(|(s, _)| *s == stage)?.1;
        Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Tells what happened to the object that a cycle was about.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn tell(
    job: &Job,
    request: &CycleRequest,
    tale: &Tale,
    recorded: Vec<Exchange>,
    report: &CycleReport,
) -> Result<Trace, StoreError> {
    let CycleScope::Objects(objects) = &request.scope else { return Ok(Trace::default()) };
    let Some((object_type, id)) = objects.first() else { return Ok(Trace::default()) };
    let reader = job.store.reader()?;
    let scope = job.settings.scope;
    let explained = explain::explain(&reader, *object_type, id, &job.rules, scope, &job.context())?;
    let mut trace = Trace { skipped: request.skip.clone(), ..Trace::default() };
    let rules = job.rules.of(*object_type);
    for change in tale.work.iter().flat_map(|w| &w.operation.changes) {
        trace.changes.push(TracedChange {
            attribute: change.attribute.clone(),
            old: change.old.clone(),
            new: change.new.clone(),
            rule: rule_words(rules, &change.attribute),
        });
    }
    let subject = tale.work.first().map(|w| &w.subject).or_else(|| tale.notes.first().map(|n| &n.subject));
    if let Some(subject) = subject.filter(|s| s.problem.is_none()) {
        let changes = |target: &str| trace.changes.iter().any(|c| c.attribute == target);
        trace.unchanged = subject
            .values
            .iter()
            .filter(|(i, _)| !changes(rules.target(*i)))
            .map(|(i, value)| TracedValue {
                attribute: rules.target(*i).to_owned(),
                value: value.clone(),
                rule: rule_words(rules, rules.target(*i)),
            })
            .collect();
    }
    trace.warnings = evidence::warnings(&reader, id, &report.cycle.id, &trace.changes)?;
    if tale.work.iter().any(|w| w.operation.verb == Verb::Create) {
        trace.needed = needed(rules, *object_type);
        let words = "left out, but a new account needs it: the app is likely to refuse the write";
        let missing = trace.skipped.iter().filter(|path| trace.needed.contains(path));
        let missing = missing.map(|path| TraceWarning { attribute: path.clone(), words: words.to_owned() });
        trace.warnings.extend(missing.collect::<Vec<_>>());
    }
    trace.steps = evidence::Telling { job, request, tale, report, explained: explained.as_ref(), recorded: &recorded }
        .steps(&reader, *object_type, id, trace.changes.len(), trace.warnings.len())?;
    trace.requests = recorded;
    let sends = |w: &&Work| w.operation.state == OperationState::Planned;
    if request.dry_run {
        for work in tale.work.iter().filter(sends) {
            trace.requests.extend(requests::planned(job, &reader, work)?);
        }
    }
    Ok(trace)
}

/// What a new account cannot do without: the matching attributes, and what RFC 7643 requires (sections 4.1.1, 4.2).
fn needed(rules: &super::project::ObjectRules, object_type: ObjectType) -> Vec<String> {
    let required = match object_type {
        ObjectType::User => "userName",
        ObjectType::Group => "displayName",
    };
    let mut needed: Vec<String> = rules.mapping.matching.iter().map(|i| rules.target(*i).to_owned()).collect();
    if !needed.iter().any(|path| path == required) {
        needed.push(required.to_owned());
    }
    needed
}

/// The rule that writes an attribute.
pub fn rule_words(rules: &super::project::ObjectRules, attribute: &str) -> RuleWords {
    match rules.index_of(attribute) {
        Some(index) => RuleWords { number: Some(index + 1), source: rules.rule(index).source.words() },
        None => RuleWords::default(),
    }
}

/// What a fault says about the steps: those before it are done.
fn failed_stage(error: &SyncError, tale: &Tale) -> Stage {
    let reached = Stage::ALL.into_iter().find(|stage| tale.ms(*stage).is_none());
    match error {
        SyncError::Directory(_) => Stage::Read,
        SyncError::App(_) | SyncError::AppFails(_) => reached.unwrap_or(Stage::Write).max(Stage::Match),
        SyncError::Store(_) | SyncError::Moved(_) | SyncError::Stopped => reached.unwrap_or(Stage::Write),
    }
}

/// `user` or `group` as the first word of a sentence's subject.
fn noun(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "user",
        ObjectType::Group => "group",
    }
}
