//! How a service answered lately: a small ring of the last exchanges.

use super::error::{HttpError, Loss, Unreached};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::time::Duration;

/// Exchanges that are remembered.
const KEPT: usize = 64;
/// Exchanges that time-outs and refusals are counted over.
const RECENT: usize = 20;

/// What one exchange came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// An answer, whatever it said.
    Answered,
    /// The service wants less: 429, or 503 with `Retry-After`.
    Throttled,
    /// No answer in time.
    TimedOut,
    /// No answer for another reason.
    Broken,
}

/// How a service answered lately. Times are those of whole exchanges, repetitions apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Half of the remembered answers came within this many milliseconds.
    pub median_ms: Option<u64>,
    /// 19 of 20 of the remembered answers came within this many milliseconds.
    pub p95_ms: Option<u64>,
    /// Exchanges that the next three numbers are counted over: the last twenty at most.
    pub recent: u32,
    /// Exchanges without an answer in time.
    pub timeouts: u32,
    /// Exchanges that were refused because too much was sent.
    pub throttled: u32,
    /// Exchanges without an answer for another reason.
    pub broken: u32,
    /// Exchanges without an answer since the last one that had one.
    pub silent: u32,
    /// When something was last tried.
    pub tried_at: Option<Timestamp>,
    /// When something was last answered.
    pub answered_at: Option<Timestamp>,
    /// When the last pause that was asked for ends.
    pub wait_until: Option<Timestamp>,
}

/// The last exchanges.
#[derive(Debug, Default)]
pub(super) struct Ring {
    exchanges: VecDeque<(Fate, u64)>,
    silent: u32,
    tried_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    wait_until: Option<Timestamp>,
}

impl Ring {
    /// Notes an exchange that ended now. What never was one (settings, foreign origins) is not counted.
    pub(super) fn note(&mut self, took: Duration, error: Option<&HttpError>, now: Timestamp) {
        let fate = match error {
            None => Fate::Answered,
            Some(HttpError::Status(e)) if e.status == 429 || e.status == 503 && e.retry_after.is_some() => {
                let wait = e.retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
                self.wait_until = wait.and_then(|wait| now.checked_add(wait).ok()).or(self.wait_until);
                Fate::Throttled
            }
            Some(HttpError::Lost { why: Loss::Timeout, .. } | HttpError::Unsent { why: Unreached::Timeout, .. }) => {
                Fate::TimedOut
            }
            Some(HttpError::Lost { why: Loss::Stopped, .. }) => return,
            Some(HttpError::Lost { .. } | HttpError::Unsent { .. }) => Fate::Broken,
            Some(
                HttpError::Status(_)
                | HttpError::Html { .. }
                | HttpError::NotJson { .. }
                | HttpError::TooLarge { .. }
                | HttpError::TooDeep { .. }
                | HttpError::Moved { .. },
            ) => Fate::Answered,
            Some(
                HttpError::Paused { .. }
                | HttpError::OtherOrigin { .. }
                | HttpError::Insecure { .. }
                | HttpError::Cancelled { .. }
                | HttpError::Settings(_),
            ) => return,
        };
        self.tried_at = Some(now);
        if matches!(fate, Fate::Answered | Fate::Throttled) {
            self.answered_at = Some(now);
            self.silent = 0;
        } else {
            self.silent = self.silent.saturating_add(1);
        }
        if self.exchanges.len() == KEPT {
            self.exchanges.pop_front();
        }
        self.exchanges.push_back((fate, u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
    }

    pub(super) fn vitals(&self) -> Vitals {
        let mut times: Vec<u64> =
            self.exchanges.iter().filter(|(f, _)| *f == Fate::Answered).map(|(_, ms)| *ms).collect();
        times.sort_unstable();
        // The smallest time that at least this share of the answers kept.
        let within = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        let recent = || self.exchanges.iter().rev().take(RECENT);
        let count = |fate| u32::try_from(recent().filter(|(f, _)| *f == fate).count()).unwrap_or(0);
        Vitals {
            median_ms: within(50),
            p95_ms: within(95),
            recent: u32::try_from(recent().count()).unwrap_or(0),
            timeouts: count(Fate::TimedOut),
            throttled: count(Fate::Throttled),
            broken: count(Fate::Broken),
            silent: self.silent,
            tried_at: self.tried_at,
            answered_at: self.answered_at,
            wait_until: self.wait_until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::{Place, StatusError};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn place() -> Place {
        Place::new("GET", &url::Url::parse("https://app.example/Users").unwrap())
    }

    fn status(status: u16, retry_after: Option<u64>) -> HttpError {
        let retry_after = retry_after.map(Duration::from_secs);
        HttpError::Status(Box::new(StatusError {
            place: place(),
            status,
            retry_after,
            body: Vec::new(),
            content_type: String::new(),
        }))
    }

    #[test]
    fn nothing_is_known_at_first() {
        assert_eq!(Ring::default().vitals(), Vitals::default());
    }

    #[test]
    fn latencies_are_those_of_answers() {
        let mut ring = Ring::default();
        for ms in 1..=40 {
            ring.note(Duration::from_millis(ms), None, at(0));
        }
        ring.note(Duration::from_secs(30), Some(&HttpError::Lost { place: place(), why: Loss::Timeout }), at(1));
        let vitals = ring.vitals();
        assert_eq!((vitals.median_ms, vitals.p95_ms), (Some(20), Some(38)));
        assert_eq!((vitals.recent, vitals.timeouts, vitals.silent), (20, 1, 1));
        assert_eq!((vitals.tried_at, vitals.answered_at), (Some(at(1)), Some(at(0))));
        ring.note(Duration::from_millis(3), Some(&status(404, None)), at(2));
        assert_eq!(ring.vitals().silent, 0, "a refusal is an answer");
    }

    #[test]
    fn refusals_of_too_much_say_until_when() {
        let mut ring = Ring::default();
        ring.note(Duration::ZERO, Some(&status(429, Some(30))), at(0));
        ring.note(Duration::ZERO, Some(&status(503, None)), at(1));
        let vitals = ring.vitals();
        assert_eq!((vitals.throttled, vitals.recent), (1, 2));
        assert_eq!(vitals.wait_until, Some(at(30)));
        ring.note(Duration::ZERO, Some(&status(429, None)), at(2));
        assert_eq!((ring.vitals().throttled, ring.vitals().wait_until), (2, Some(at(30))));
    }

    #[test]
    fn only_the_last_twenty_count_and_what_was_never_sent_does_not() {
        let mut ring = Ring::default();
        ring.note(Duration::ZERO, Some(&HttpError::Unsent { place: place(), why: Unreached::Refused }), at(0));
        assert_eq!(ring.vitals().broken, 1);
        for _ in 0..200 {
            ring.note(Duration::ZERO, None, at(1));
        }
        ring.note(Duration::ZERO, Some(&HttpError::Cancelled { place: place() }), at(2));
        ring.note(Duration::ZERO, Some(&HttpError::Settings("no".into())), at(2));
        let vitals = ring.vitals();
        assert_eq!((vitals.broken, vitals.recent, vitals.tried_at), (0, 20, Some(at(1))));
        assert_eq!(ring.exchanges.len(), KEPT);
    }
}
