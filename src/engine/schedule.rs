//! When: cycles at their interval, command rows in between, quarantine obeyed.

use super::quarantine;
use super::requests::serve_waiting;
use super::runner::{Engine, quarantine_of};
use crate::model::CycleState;
use crate::store::{Store, StoreError, cycles, job as job_table};
use crate::sync::CycleScope;
use crate::sync::cycle::CycleReport;
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// How often command rows are looked for. SQLite answers this in microseconds.
const PULSE: Duration = Duration::from_millis(100);

/// How long a job that is off waits before it is looked at again.
const IDLE: Duration = Duration::from_secs(1);

/// What the configuration says when a cycle is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Go on.
    On,
    /// Provisioning is off: no cycles, but what others ask for is done.
    Off,
    /// Something else was changed: the job has to be made anew (E4.14).
    Changed,
}

/// Why serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody asked to stop, or the lease was lost.
    Asked,
    /// The configuration changed.
    Changed,
    /// Four weeks of quarantine (E10.50).
    GivenUp,
}

/// Runs a job until it is stopped. The first cycle starts at once unless the last one ended less than an interval
/// ago; `now` lets it start whatever the last one was. `wish` is asked before every cycle, and once a second between
/// cycles: a shorter interval counts from when it was set. `after` hears of every report.
///
/// # Errors
/// When the store cannot be used.
pub async fn serve(
    engine: &Engine,
    interval: Duration,
    mut now: bool,
    mut wish: impl FnMut() -> Wish,
    mut after: impl FnMut(&CycleReport),
) -> Result<Stop, StoreError> {
    let cancel = engine.job.cancel.clone();
    let mut asked = Instant::now();
    loop {
        if cancel.is_cancelled() {
            return Ok(Stop::Asked);
        }
        serve_waiting(engine).await?;
        let mut pause = PULSE;
        let due = now || due(engine, interval)?;
        let wish = if due || asked.elapsed() >= IDLE { Some(wish()) } else { None };
        if wish.is_some() {
            asked = Instant::now();
        }
        if wish == Some(Wish::Changed) {
            return Ok(Stop::Changed);
        }
        if wish == Some(Wish::Off) {
            pause = IDLE;
        }
        if wish == Some(Wish::On) && due {
            now = false;
            let report = engine.cycle(false, CycleScope::Everyone, false).await?;
            after(&report);
            if let Some(quarantine) = quarantine_of(&engine.job.store)?
                && quarantine::given_up(&quarantine, Timestamp::now())
            {
                return Ok(Stop::GivenUp);
            }
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether a cycle is due: an interval after the start of the last one, and not before a quarantine's next attempt.
fn due(engine: &Engine, interval: Duration) -> Result<bool, StoreError> {
    Ok(next_cycle(&engine.job.store, interval)? <= Timestamp::now())
}

/// When the next cycle comes by itself, if the job is on and somebody runs it: an interval after the start of the
/// last one, and not before a quarantine's next attempt. An instant that is over means at once.
///
/// # Errors
/// When the store cannot be read.
pub fn next_cycle(store: &Store, interval: Duration) -> Result<Timestamp, StoreError> {
    let (last, quarantine, stopped) = {
        let reader = store.reader()?;
        let stopped = job_table::get(&reader, job_table::STOPPED)?;
        (cycles::latest(&reader)?, job_table::quarantine(&reader)?, stopped)
    };
    let now = Timestamp::now();
    let next = match last {
        // A cycle whose process died is made up for at once; one that a person stopped is not.
        Some(cycle)
            if stopped.as_ref() != Some(&cycle.id)
                && matches!(cycle.state, CycleState::Running | CycleState::Stopped) =>
        {
            now
        }
        Some(cycle) => cycle.started_at.parse::<Timestamp>().map_or(now, |at| at + interval),
        None => now,
    };
    Ok(match quarantine.and_then(|q| q.next_attempt.parse::<Timestamp>().ok()) {
        Some(attempt) => next.max(attempt),
        None => next,
    })
}
