//! What on the page can be followed, in the order in which the selection goes over it.

use super::{Glance, Overview, draw, sections};
use crate::console::shared::Shared;
use crate::console::standing::{Mood, NO_CONNECTION};
use crate::model::Cycle;

/// A row that can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The source.
    Source,
    /// The target.
    Target,
    /// The cache.
    Cache,
    /// The job's state.
    Job,
    /// Who is in scope.
    Scope,
    /// What is held back.
    Guard,
    /// A cycle, by its id.
    Cycle(String),
    /// Failures by the hour.
    Failures,
    /// Operations that wait for a person.
    Held,
    /// A cause, by its number.
    Cause(i64),
    /// Something to do about a quarantine.
    Task(Task),
}

/// Something to do about a quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Fix the leading cause.
    Cause,
    /// Find out why a side cannot be reached.
    Connection,
    /// Decide about held removals.
    Decide,
    /// Prove it on one user.
    ProveOne,
    /// Look at what would be done.
    DryRun,
    /// Restart the job.
    Restart,
}

impl Stop {
    /// Rows of one section follow each other; `tab` goes from section to section.
    pub(super) fn section(&self) -> u8 {
        match self {
            Self::Source | Self::Target | Self::Cache => 0,
            Self::Job | Self::Scope | Self::Guard => 1,
            Self::Cycle(_) => 2,
            Self::Failures => 3,
            Self::Held | Self::Cause(_) => 4,
            Self::Task(_) => 5,
        }
    }

    /// Whether the selection begins here.
    pub(super) fn wants_attention(&self) -> bool {
        matches!(self, Self::Held | Self::Cause(_) | Self::Task(_))
    }
}

/// What to do about the quarantine that the job is in.
pub(super) fn tasks(glance: &Glance) -> Vec<Task> {
    let reason = glance.job.quarantine.as_ref().map_or("", |quarantine| quarantine.reason.as_str());
    match reason {
        "TooManyDeletes" => vec![Task::Decide, Task::DryRun, Task::Restart],
        NO_CONNECTION => vec![Task::Connection, Task::DryRun, Task::Restart],
        _ if glance.causes.is_empty() => vec![Task::DryRun, Task::Restart],
        _ => vec![Task::Cause, Task::ProveOne, Task::DryRun, Task::Restart],
    }
}

impl Overview {
    /// Everything that can be followed, column by column.
    pub(super) fn stops(&self, shared: &Shared) -> Vec<Vec<Stop>> {
        let Some(glance) = &self.glance else { return Vec::new() };
        let held = (glance.job.held > 0).then_some(Stop::Held);
        let attention: Vec<Stop> =
            held.into_iter().chain(glance.causes.iter().map(|cause| Stop::Cause(cause.id))).collect();
        if self.zoomed {
            return vec![attention];
        }
        let plan = draw::plan(self, shared, glance);
        let mut left = Vec::new();
        let sides = plan.sides.then_some([Stop::Source, Stop::Target, Stop::Cache]).into_iter().flatten();
        let shown = sections::shown_cycle(shared, glance).filter(|_| plan.cycle);
        if shared.mood() == Mood::Quarantined {
            left.push(Stop::Job);
            left.extend(tasks(glance).into_iter().map(Stop::Task));
            left.extend(sides);
        } else {
            left.extend(sides);
            if plan.job {
                left.extend([Stop::Job, Stop::Scope]);
            }
            if plan.guard {
                left.push(Stop::Guard);
            }
            left.extend(shown.map(|cycle| Stop::Cycle(cycle.id.clone())));
            if plan.failures > 0 {
                left.push(Stop::Failures);
            }
        }
        // In one column the causes come before the cycles, as they do on the page.
        let earlier = glance.job.cycles.iter().skip(1).take(plan.cycles);
        let again = |cycle: &&Cycle| shown.is_some_and(|shown| shown.id == cycle.id);
        let cycles = earlier.filter(|cycle| !again(cycle)).map(|cycle| Stop::Cycle(cycle.id.clone()));
        if plan.right.is_some() {
            left.extend(cycles);
            return vec![left, attention].into_iter().filter(|column| !column.is_empty()).collect();
        }
        if plan.attention > 0 {
            left.extend(attention);
        }
        left.extend(cycles);
        vec![left]
    }
}
