//! What a server has taught us about one kind of request: a pause, and a pace.

use std::time::{Duration, Instant};

/// A pace is only learned from at least this many accepted requests.
const ENOUGH: u32 = 5;
/// No pace is slower than one request in this time; a longer silence is a pause.
const SLOWEST: Duration = Duration::from_secs(5);
/// Slots may be used this much late, so that a burst of lateness does not become a loss of throughput.
const SLACK: Duration = Duration::from_millis(100);

/// One bucket: a verb at an endpoint class.
#[derive(Debug, Default)]
pub(super) struct Pace {
    paused_until: Option<Instant>,
    /// Time between two requests, once a 429 has taught it.
    interval: Option<Duration>,
    next_slot: Option<Instant>,
    window_start: Option<Instant>,
    accepted: u32,
    /// Refusals in a row, for the own back-off when the server names no pause.
    pub(super) refusals: u32,
    /// Shortest time such a request ever took.
    best: Option<Duration>,
}

impl Pace {
    /// What is left of a pause.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        self.paused_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// Takes the next slot. `Err` is the time to wait before asking again.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if let Some(left) = self.pause(now) {
            return Err(left);
        }
        self.window_start.get_or_insert(now);
        if let Some(interval) = self.interval {
            let slot = self.next_slot.unwrap_or(now);
            if slot > now {
                return Err(slot - now);
            }
            let earliest = now.checked_sub(SLACK).unwrap_or(now);
            self.next_slot = Some(slot.max(earliest) + interval);
        }
        Ok(())
    }

    /// The server took a request and answered after this time; returns the shortest time ever.
    pub(super) fn accepted(&mut self, latency: Duration) -> Duration {
        self.accepted = self.accepted.saturating_add(1);
        self.refusals = 0;
        // Probe upwards slowly: the limit may have been shared with somebody who left.
        self.interval = self.interval.map(|i| i.mul_f64(0.998));
        let best = self.best.map_or(latency, |best| best.min(latency));
        self.best = Some(best);
        best
    }

    /// The server said 429: pause, and learn how many it takes in which time.
    pub(super) fn refused(&mut self, now: Instant, wait: Duration) {
        self.refusals = self.refusals.saturating_add(1);
        let already = self.pause(now).is_some();
        let until = now + wait;
        self.paused_until = Some(self.paused_until.map_or(until, |old| old.max(until)));
        if already {
            return;
        }
        if let Some(start) = self.window_start
            && self.accepted >= ENOUGH
        {
            let period = until.saturating_duration_since(start);
            self.interval = Some((period / self.accepted).min(SLOWEST));
        } else {
            self.interval = self.interval.map(|i| i.mul_f64(1.5).min(SLOWEST));
        }
        self.accepted = 0;
        self.window_start = Some(until);
        self.next_slot = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_window_limit_is_learned_from_one_refusal() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.take(start).unwrap();
            pace.accepted(Duration::from_millis(1));
        }
        pace.refused(start, Duration::from_secs(10));
        assert_eq!(pace.take(start), Err(Duration::from_secs(10)));
        let after = start + Duration::from_secs(10);
        assert!(pace.take(after).is_ok());
        let wait = pace.take(after).unwrap_err();
        assert!((Duration::from_millis(90)..=Duration::from_millis(110)).contains(&wait), "{wait:?}");
    }

    #[test]
    fn a_pause_never_shrinks_and_few_requests_teach_no_pace() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.take(now).unwrap();
        pace.refused(now, Duration::from_secs(20));
        pace.refused(now, Duration::from_secs(1));
        assert_eq!(pace.pause(now), Some(Duration::from_secs(20)));
        let after = now + Duration::from_secs(20);
        assert!(pace.take(after).is_ok() && pace.take(after).is_ok());
    }
}
