//! The breaker: an app that fails for everybody is left alone, and nobody is blamed for it (fault 8).

use super::{Outcome, lock};
use crate::model::{ObjectType, OperationState};
use crate::sync::SyncError;
use crate::sync::project::Subject;
use std::sync::Mutex;

/// So many fresh failures in a row, without one answer of another kind, and nothing more is sent.
const STREAK: usize = 20;

/// Fewer than this at the end of a cycle are single people, not everybody.
const SEVERAL: usize = 2;

/// Watches what becomes of writes.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Answers that show that the app works: done, or refused for a reason.
    sound: usize,
    streak: usize,
    /// Objects that failed on the app's side and had not failed before.
    fresh: Vec<(ObjectType, String)>,
    /// Objects that had failed before: they are known to be difficult and prove nothing.
    known: usize,
    reason: String,
}

/// Faults of the app or of the way to it, which pass without anybody changing the object.
fn passing(code: &str) -> bool {
    matches!(
        code,
        "InternalServerError" | "InternalError" | "Timeout" | "TooManyRequests" | "WebExceptionProtocolError"
    )
}

impl Breaker {
    /// Takes note of an outcome; an error when the streak is long enough.
    pub(super) fn watch(&self, subject: &Subject, outcome: &Outcome) -> Option<SyncError> {
        let mut state = lock(&self.state);
        let failed = outcome.state == OperationState::Failed && !outcome.waits;
        let Some(trouble) = outcome.trouble.as_ref().filter(|t| failed && passing(&t.code)) else {
            state.sound += 1;
            state.streak = 0;
            return None;
        };
        if subject.retry.is_some() {
            state.known += 1;
            return None;
        }
        state.streak += 1;
        state.reason.clone_from(&trouble.reason);
        state.fresh.push((subject.object_type, subject.source_id.clone()));
        (state.streak == STREAK).then(|| SyncError::AppFails(state.reason.clone()))
    }

    /// The verdict at the end: several tried, all failed, nobody of them known to be difficult.
    pub(super) fn verdict(&self) -> Option<SyncError> {
        let state = lock(&self.state);
        (state.sound == 0 && state.known == 0 && state.fresh.len() >= SEVERAL)
            .then(|| SyncError::AppFails(state.reason.clone()))
    }

    /// Whoever failed because the app did.
    pub(super) fn blamed(&self) -> Vec<(ObjectType, String)> {
        lock(&self.state).fresh.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Retry;
    use crate::sync::scope::{Course, Standing};

    fn subject(n: usize, failed_before: bool) -> Subject {
        let mut subject = Subject::new(ObjectType::User, &n.to_string(), "x", Standing::In, Course::Provision, None);
        subject.retry = failed_before.then(|| Retry {
            object_type: ObjectType::User,
            source_id: n.to_string(),
            code: "InternalServerError".into(),
            reason: String::new(),
            attempts: 1,
            first_failed: String::new(),
            next_attempt: String::new(),
            fingerprint: String::new(),
            reference: false,
        });
        subject
    }

    fn down() -> Outcome {
        Outcome::failed("InternalServerError", "503".into(), None)
    }

    #[test]
    fn a_streak_trips_and_a_single_success_in_between_does_not() {
        let breaker = Breaker::default();
        assert!((1..STREAK).all(|n| breaker.watch(&subject(n, false), &down()).is_none()));
        assert!(breaker.watch(&subject(0, false), &down()).is_some());
        let breaker = Breaker::default();
        for n in 0..100 {
            let outcome = if n % 10 == 9 { Outcome::done(OperationState::Claimed) } else { down() };
            assert!(breaker.watch(&subject(n, false), &outcome).is_none());
        }
        assert!(breaker.verdict().is_none());
    }

    #[test]
    fn people_known_to_be_difficult_prove_nothing() {
        let breaker = Breaker::default();
        assert!((0..100).all(|n| breaker.watch(&subject(n, true), &down()).is_none()));
        assert!(breaker.verdict().is_none());
        let breaker = Breaker::default();
        breaker.watch(&subject(1, false), &down());
        assert!(breaker.verdict().is_none(), "one person is not everybody");
        breaker.watch(&subject(2, false), &down());
        assert!(breaker.verdict().is_some());
        assert_eq!(breaker.blamed().len(), 2);
    }
}
