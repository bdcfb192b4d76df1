//! When to try again: the next cycle first, then ever less often, measured from the first failure (E10, A8).

use super::journal::Trouble;
use super::project::Subject;
use super::scope::Course;
use crate::model::Retry;
use jiff::{SignedDuration, Timestamp};

/// When a failed object is tried again. The first retry is the next cycle; then the distances are 6, 12 and 24 hours
/// after the first failure, then every 24 hours (E10.3, A8). Two things do not wait: a change of the source (E10.4, that
/// is what the fingerprint is for), and somebody who leaves: a disable or delete is tried in every cycle.
pub fn next(before: Option<&Retry>, subject: &Subject, trouble: &Trouble, reference: bool, now: &str) -> Retry {
    let fingerprint = subject.fingerprint();
    // A failure of something else is a new failure.
    let before = before.filter(|b| b.fingerprint == fingerprint);
    let attempts = before.map_or(1, |b| b.attempts + 1);
    let first_failed = before.map_or_else(|| now.to_owned(), |b| b.first_failed.clone());
    Retry {
        object_type: subject.object_type,
        source_id: subject.source_id.clone(),
        code: trouble.code.clone(),
        reason: trouble.reason.clone(),
        attempts,
        next_attempt: match &subject.course {
            Course::Disable { .. } | Course::Delete => now.to_owned(),
            _ => next_attempt(&first_failed, now, attempts),
        },
        first_failed,
        fingerprint,
        reference,
    }
}

fn next_attempt(first_failed: &str, now: &str, attempts: u32) -> String {
    let (Ok(first), Ok(now_at)) = (first_failed.parse::<Timestamp>(), now.parse::<Timestamp>()) else {
        return now.to_owned();
    };
    if attempts <= 1 {
        return now.to_owned();
    }
    // 6 h, 12 h, 24 h after the first failure, then every 24 h: the first of these that lies ahead.
    let mut hours = 6;
    loop {
        let at = first + SignedDuration::from_hours(hours);
        if at > now_at {
            return at.to_string();
        }
        hours = if hours < 24 { hours * 2 } else { hours + 24 };
    }
}

/// Whether a failed object may be tried in a cycle that starts now.
pub fn due(retry: &Retry, fingerprint: &str, now: &str) -> bool {
    if retry.fingerprint != fingerprint {
        return true;
    }
    match (retry.next_attempt.parse::<Timestamp>(), now.parse::<Timestamp>()) {
        (Ok(at), Ok(now)) => at <= now,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_measured_from_the_first_failure() {
        let first = "2026-03-01T00:00:00Z";
        assert_eq!(next_attempt(first, first, 1), first, "the next cycle");
        assert_eq!(next_attempt(first, "2026-03-01T00:40:00Z", 2), "2026-03-01T06:00:00Z");
        assert_eq!(next_attempt(first, "2026-03-01T06:00:01Z", 3), "2026-03-01T12:00:00Z");
        assert_eq!(next_attempt(first, "2026-03-01T12:00:01Z", 4), "2026-03-02T00:00:00Z");
        assert_eq!(next_attempt(first, "2026-03-02T00:00:01Z", 5), "2026-03-03T00:00:00Z");
        assert_eq!(next_attempt(first, "2026-03-05T07:00:00Z", 9), "2026-03-06T00:00:00Z");
    }

    #[test]
    fn a_changed_source_does_not_wait() {
        let retry = Retry {
            object_type: crate::model::ObjectType::User,
            source_id: "u".into(),
            code: "Conflict".into(),
            reason: String::new(),
            attempts: 2,
            first_failed: "2026-03-01T00:00:00Z".into(),
            next_attempt: "2026-03-01T06:00:00Z".into(),
            fingerprint: "a".into(),
            reference: false,
        };
        assert!(!due(&retry, "a", "2026-03-01T01:00:00Z"));
        assert!(due(&retry, "b", "2026-03-01T01:00:00Z"));
        assert!(due(&retry, "a", "2026-03-01T06:00:00Z"));
    }
}
