//! How far a cycle is, told to whoever watches: as news at once, and in the store about once a second, where another
//! process sees it. The stages only leave numbers behind; a task of its own writes them down.

use super::{CycleEvent, Job, health};
use crate::model::Counts;
use crate::store::cycles;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Time between two notes in the store within one phase.
const BEAT: Duration = Duration::from_secs(1);
/// Notes of the health of both sides: every so many beats.
const HEALTH: u32 = 5;

/// What a cycle is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// A line that may go by, such as `create: 12 to do`.
    pub words: String,
    /// What is being done, such as `reading users` or `applying`.
    pub phase: &'static str,
    /// Units of this phase that are done.
    pub done: u64,
    /// Units of this phase, once known. While the directory is read this is its last size: about.
    pub total: Option<u64>,
}

/// Numbers on their way to the store.
#[derive(Debug, Default)]
pub struct Pulse {
    state: Mutex<State>,
    turn: Notify,
}

#[derive(Clone, Debug, Default)]
struct State {
    phase: &'static str,
    done: u64,
    total: Option<u64>,
    counts: Counts,
    changed: bool,
}

impl Pulse {
    /// A poisoned lock still holds good numbers.
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the cycle before.
    pub(super) fn clear(&self) {
        *self.lock() = State::default();
    }

    fn set(&self, phase: &'static str, done: u64, total: Option<u64>) {
        let mut state = self.lock();
        let turn = state.phase != phase;
        // What was estimated cannot be less than what is there.
        let total = total.map(|total| total.max(done));
        *state = State { phase, done, total, counts: state.counts, changed: true };
        drop(state);
        if turn {
            self.turn.notify_one();
        }
    }

    /// One more unit of the phase is done.
    pub(super) fn step(&self) {
        let mut state = self.lock();
        state.done += 1;
        state.total = state.total.map(|total| total.max(state.done));
        state.changed = true;
    }

    /// What the cycle did so far.
    pub(super) fn count(&self, counts: Counts) {
        let mut state = self.lock();
        state.counts = counts;
        state.changed = true;
    }

    /// What is to be written, if anything changed since.
    fn take(&self) -> Option<State> {
        let mut state = self.lock();
        std::mem::take(&mut state.changed).then(|| state.clone())
    }
}

impl Job {
    /// Says what begins now, to whoever watches the store: there is nothing to tell yet.
    pub(super) fn turn(&self, phase: &'static str, total: Option<u64>) {
        self.pulse.set(phase, 0, total);
    }

    /// Says what is being done.
    pub(super) fn progress(&self, progress: Progress) {
        self.pulse.set(progress.phase, progress.done, progress.total);
        self.event(CycleEvent::Progress(progress));
    }
}

/// The task that writes down how far the cycle is; it ends with this value.
#[derive(Debug)]
pub(super) struct Beating(JoinHandle<()>);

impl Beating {
    /// Starts to write for a cycle. `requests` were sent to the app before it.
    pub(super) fn start(job: &Job, cycle_id: &str, requests: u64) -> Self {
        let (store, scim, pulse) = (job.store.clone(), job.scim.clone(), Arc::clone(&job.pulse));
        let watched = health::Watched::of(job);
        let id = cycle_id.to_owned();
        Self(tokio::spawn(async move {
            let mut beats = 0_u32;
            loop {
                let beat = tokio::select! {
                    () = pulse.turn.notified() => false,
                    () = tokio::time::sleep(BEAT) => true,
                };
                if let Some(now) = pulse.take() {
                    let (id, sent) = (id.clone(), scim.requests().saturating_sub(requests));
                    // Progress is a convenience: a store in trouble is noticed by the cycle itself.
                    let _ = store
                        .write_together(move |c| {
                            cycles::update(c, &id, &now.counts, sent, now.phase, now.done, now.total)
                        })
                        .await;
                }
                beats += u32::from(beat);
                if beat && beats.is_multiple_of(HEALTH) {
                    let _ = watched.note(&store).await;
                }
            }
        }))
    }

    /// Ends it: nothing is written after this.
    pub(super) async fn stop(mut self) {
        self.0.abort();
        // It was told to end; how it did says nothing.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_written() {
        let pulse = Pulse::default();
        assert!(pulse.take().is_none());
        pulse.set("reading users", 10, Some(4));
        let state = pulse.take().unwrap();
        assert_eq!((state.phase, state.done, state.total), ("reading users", 10, Some(10)));
        assert!(pulse.take().is_none());
        pulse.count(Counts { created: 2, ..Counts::default() });
        pulse.step();
        let state = pulse.take().unwrap();
        assert_eq!((state.done, state.total, state.counts.created), (11, Some(11), 2));
        pulse.set("applying", 0, None);
        assert_eq!(pulse.take().unwrap().counts.created, 2, "counts outlive a phase");
        pulse.clear();
        assert!(pulse.take().is_none());
    }

    #[tokio::test]
    async fn a_new_phase_wakes_the_writer_at_once() {
        let pulse = Pulse::default();
        pulse.set("reading users", 1, None);
        tokio::time::timeout(Duration::from_secs(5), pulse.turn.notified()).await.unwrap();
        pulse.set("reading users", 2, None);
        let again = tokio::time::timeout(Duration::from_millis(20), pulse.turn.notified()).await;
        assert!(again.is_err(), "the same phase waits for the next beat");
    }
}
