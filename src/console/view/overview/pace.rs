//! How fast a running cycle is, and so how long it still takes.

use crate::store::cycles::Progress;
use jiff::Timestamp;

/// Before so many seconds of a phase a guess would be a joke.
const SETTLED: f64 = 3.0;

/// Where the running phase was when it was first seen, and where it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pace {
    phase: String,
    first: Option<(Timestamp, u64)>,
    last: Option<(Timestamp, u64)>,
}

impl Pace {
    /// Takes in how far the cycle is now.
    pub(super) fn note(&mut self, now: Timestamp, progress: Option<&Progress>) {
        let Some(progress) = progress else {
            *self = Self::default();
            return;
        };
        // A phase that has fewer than before is another one of the same name.
        let back = self.last.is_some_and(|(_, done)| progress.done < done);
        if self.phase != progress.phase || back || self.first.is_none() {
            *self = Self { phase: progress.phase.clone(), first: Some((now, progress.done)), last: None };
        }
        self.last = Some((now, progress.done));
    }

    /// About how many seconds of this phase are left, coarse: in steps of five below a minute, else of a minute.
    /// `None` before that can be said.
    pub(super) fn left(&self, total: Option<u64>) -> Option<u64> {
        let ((from, done_then), (to, done)) = (self.first?, self.last?);
        let seconds = to.duration_since(from).as_secs_f64();
        let (gained, rest) = (done.checked_sub(done_then)?, total?.checked_sub(done)?);
        if seconds < SETTLED || gained == 0 || rest == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let left = rest as f64 * seconds / gained as f64;
        let step = if left < 60.0 { 5.0 } else { 60.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast saturates")]
        let rounded = ((left / step).ceil() * step) as u64;
        Some(rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn progress(phase: &str, done: u64) -> Progress {
        Progress { phase: phase.into(), done, total: None, updated_at: String::new() }
    }

    #[test]
    fn the_rest_takes_as_long_as_it_took_so_far() {
        let mut pace = Pace::default();
        pace.note(at(0), Some(&progress("applying", 100)));
        assert_eq!(pace.left(Some(1000)), None, "nothing was seen yet");
        pace.note(at(2), Some(&progress("applying", 120)));
        assert_eq!(pace.left(Some(1000)), None, "too early");
        pace.note(at(10), Some(&progress("applying", 200)));
        // 10 a second, 800 left.
        assert_eq!(pace.left(Some(1000)), Some(120));
        assert_eq!(pace.left(Some(320)), Some(15));
        assert_eq!(pace.left(Some(200)), None, "done");
        assert_eq!(pace.left(None), None, "nobody knows how much there is");
        assert_eq!(pace.left(Some(10)), None, "an estimate that was too low");
    }

    #[test]
    fn another_phase_begins_anew() {
        let mut pace = Pace::default();
        pace.note(at(0), Some(&progress("reading users", 0)));
        pace.note(at(10), Some(&progress("reading users", 100)));
        assert!(pace.left(Some(200)).is_some());
        pace.note(at(11), Some(&progress("applying", 0)));
        assert_eq!(pace.left(Some(200)), None);
        pace.note(at(21), Some(&progress("applying", 10)));
        assert_eq!(pace.left(Some(20)), Some(10));
        // The same phase again, in the next cycle.
        pace.note(at(22), Some(&progress("applying", 1)));
        assert_eq!(pace.left(Some(20)), None);
        pace.note(at(30), None);
        assert_eq!(pace, Pace::default());
    }

    #[test]
    fn a_phase_that_stands_still_has_no_end() {
        let mut pace = Pace::default();
        pace.note(at(0), Some(&progress("applying", 5)));
        pace.note(at(60), Some(&progress("applying", 5)));
        assert_eq!(pace.left(Some(10)), None);
    }
}
