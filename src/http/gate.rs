//! How many requests may be on their way at once: a semaphore whose size follows what the server can bear.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Answers faster than this never count as a sign of overload.
const QUICK: Duration = Duration::from_millis(250);
/// Slowness alone never takes more places than leave these.
const FLOOR: usize = 4;
/// Time between two reductions: the answers of requests that were under way anyway say nothing new.
const REST: Duration = Duration::from_millis(500);

/// A first-come-first-served gate. Grows by one per round of good answers, halves on overload (AIMD).
#[derive(Debug)]
pub(super) struct Gate {
    permits: Semaphore,
    state: Mutex<State>,
    max: usize,
}

#[derive(Debug)]
struct State {
    size: usize,
    /// Permits that are still out although the size has shrunk.
    debt: usize,
    /// Good answers since the size last changed.
    good: usize,
    last_cut: Option<Instant>,
}

impl Gate {
    pub(super) fn new(initial: usize, max: usize) -> Self {
        let max = max.max(1);
        let size = initial.clamp(1, max);
        let state = State { size, debt: 0, good: 0, last_cut: None };
        Self { permits: Semaphore::new(size), state: Mutex::new(state), max }
    }

    /// Waits for a place. The semaphore is never closed; if it were, nobody would be let in, so it waits for ever.
    pub(super) async fn enter(&self) -> SemaphorePermit<'_> {
        match self.permits.acquire().await {
            Ok(permit) => permit,
            Err(_) => std::future::pending().await,
        }
    }

    pub(super) fn leave(&self, permit: SemaphorePermit<'_>) {
        let mut state = self.lock();
        if state.debt > 0 {
            state.debt -= 1;
            permit.forget();
        }
    }

    /// A good answer after this time; `best` is the shortest time such a request ever took.
    pub(super) fn answered(&self, latency: Duration, best: Duration) {
        let mut state = self.lock();
        if latency > QUICK && latency > best.saturating_mul(4) {
            // Slower without being refused: the server queues. Step back gently.
            self.shrink(&mut state, |size| size.saturating_sub(1).max(size.min(FLOOR)));
            return;
        }
        state.good += 1;
        if state.good >= state.size && state.size < self.max {
            state.good = 0;
            state.size += 1;
            if state.debt > 0 {
                state.debt -= 1;
            } else {
                self.permits.add_permits(1);
            }
        }
    }

    /// The server refused for lack of capacity, or could not be reached.
    pub(super) fn overloaded(&self) {
        let mut state = self.lock();
        self.shrink(&mut state, |size| size / 2);
    }

    fn shrink(&self, state: &mut State, to: impl Fn(usize) -> usize) {
        state.good = 0;
        let now = Instant::now();
        if state.last_cut.is_some_and(|cut| now.duration_since(cut) < REST) {
            return;
        }
        state.last_cut = Some(now);
        let size = to(state.size).max(1);
        let surplus = state.size - size;
        state.size = size;
        state.debt += surplus - self.permits.forget_permits(surplus);
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.lock().size
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_grows_with_good_answers_and_halves_on_overload() {
        let gate = Gate::new(4, 6);
        for _ in 0..40 {
            gate.answered(Duration::from_millis(2), Duration::from_millis(1));
        }
        assert_eq!(gate.size(), 6);
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(gate.enter().await);
        }
        gate.overloaded();
        gate.overloaded();
        assert_eq!(gate.size(), 3, "answers of one round count once");
        for permit in held {
            gate.leave(permit);
        }
        assert_eq!(gate.permits.available_permits(), 3);
    }

    #[test]
    fn growing_latency_shrinks_it_step_by_step() {
        let gate = Gate::new(8, 8);
        gate.answered(Duration::from_millis(900), Duration::from_millis(400));
        assert_eq!(gate.size(), 8, "slow by nature is not slow by load");
        gate.answered(Duration::from_secs(3), Duration::from_millis(400));
        assert_eq!(gate.size(), 7);
    }
}
