//! Quarantine: when a job runs at reduced frequency, and when it leaves (E10).
//!
//! Pure.

use crate::model::{Counts, Cycle, Quarantine};
use crate::sync::SyncError;
use jiff::{SignedDuration, Timestamp};

/// Failures below this never count as too many (E10.11).
const EVALUATED_FROM: u64 = 5_000;
/// Non-reference failures that are always too many (E10.12).
const MOST: u64 = 40_000;
/// Failures of either kind that are always too many (E10.13).
const MOST_OF_ALL: u64 = 60_000;
/// After this many days a job in quarantine is switched off (E10.50).
pub const GIVE_UP_DAYS: i64 = 28;

/// Cycles in a row that may fail for a passing reason before the job is slowed down.
pub const PATIENCE: usize = 3;

/// What the job waits on, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Objects that wait for a retry.
    pub failures: u64,
    /// References that wait for a retry.
    pub reference_failures: u64,
    /// Objects that are linked: what was processed successfully so far.
    pub processed: u64,
}

/// Whether the outstanding failures are too many, by E10.16, and the reason code.
pub fn too_many_failures(standing: Standing) -> Option<&'static str> {
    let (n, r) = (standing.failures, standing.reference_failures);
    let events = standing.processed + n;
    if n + r > MOST_OF_ALL {
        return Some("EncounteredTotalEscrowThreshold");
    }
    if n > MOST {
        return Some("EncounteredBaseEscrowThreshold");
    }
    // n / events > 0.40, in whole numbers.
    (n >= EVALUATED_FROM && n * 5 > events * 2).then_some("EncounteredEscrowProportionThreshold")
}

/// The quarantine after a cycle: imposed, kept, or lifted (`None`).
///
/// A connection that cannot be made, credentials that are refused and answers that are not SCIM put the job there at
/// once (E10.10), too many removals as well (E10.18). A fault that can pass by itself is tried again in the next cycle
/// (E9e) and only counts after [`PATIENCE`] cycles in a row. A cycle without such a cause lifts it (E10.40).
pub fn after_cycle(
    before: Option<&Quarantine>,
    cycle: &Cycle,
    fatal: Option<&SyncError>,
    too_many: Option<(u64, u64)>,
    standing: Standing,
    failed_in_a_row: usize,
    now: Timestamp,
) -> Option<Quarantine> {
    let (reason, error) = match (fatal, too_many, too_many_failures(standing)) {
        (Some(SyncError::Stopped), _, _) => return before.cloned(),
        (Some(error), _, _) if before.is_none() && error.transient() && failed_in_a_row < PATIENCE => return None,
        (Some(error), _, _) => ("EncounteredQuarantineException", error.to_string()),
        (None, Some((n, threshold)), _) => (
            "TooManyDeletes",
            format!("{n} disables and deletes in one cycle; the threshold is {threshold}. They are held."),
        ),
        (None, None, Some(code)) => (code, failures_words(&cycle.counts, standing)),
        (None, None, None) => return None,
    };
    let series = before.filter(|b| b.reason == reason);
    let series_began = series.map_or_else(|| now.to_string(), |b| b.series_began.clone());
    let series_count = series.map_or(0, |b| b.series_count + 1);
    Some(Quarantine {
        reason: reason.to_owned(),
        error,
        next_attempt: next_attempt(&series_began, now, series_count).to_string(),
        series_began,
        current_began: now.to_string(),
        series_count,
    })
}

fn failures_words(counts: &Counts, standing: Standing) -> String {
    format!(
        "{} objects and {} references wait for a retry, {} of them from this cycle",
        standing.failures, standing.reference_failures, counts.failed
    )
}

/// A first strike is tried again after five minutes, as the hosted service does; then 6, 12 and 24 hours after the
/// series began, then daily (E10.30).
fn next_attempt(series_began: &str, now: Timestamp, count: u32) -> Timestamp {
    if count == 0 {
        return now + SignedDuration::from_mins(5);
    }
    let began = series_began.parse::<Timestamp>().unwrap_or(now);
    let mut hours = 6;
    loop {
        let at = began + SignedDuration::from_hours(hours);
        if at > now {
            return at;
        }
        hours = if hours < 24 { hours * 2 } else { hours + 24 };
    }
}

/// Whether a quarantine has lasted so long that the job is switched off (E10.50).
pub fn given_up(quarantine: &Quarantine, now: Timestamp) -> bool {
    quarantine
        .series_began
        .parse::<Timestamp>()
        .is_ok_and(|began| now.duration_since(began) > SignedDuration::from_hours(GIVE_UP_DAYS * 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(failures: u64, ok: u64, references: u64) -> Standing {
        Standing { failures, reference_failures: references, processed: ok }
    }

    /// The worked cases of E10.15.
    #[test]
    fn worked_cases() {
        assert!(too_many_failures(standing(45_000, 1_000_000, 0)).is_some());
        assert!(too_many_failures(standing(30_000, 5_000, 0)).is_some());
        assert!(too_many_failures(standing(20_000, 100_000, 0)).is_none());
        assert!(too_many_failures(standing(4_000, 0, 0)).is_none());
        assert!(too_many_failures(standing(40_000, 100_000, 21_000)).is_some());
        assert!(too_many_failures(standing(5_000, 0, 0)).is_some());
    }

    #[test]
    fn the_distances_grow_and_the_series_ends_after_four_weeks() {
        let began = "2026-03-01T00:00:00Z";
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(next_attempt(began, at(began), 0), at("2026-03-01T00:05:00Z"));
        assert_eq!(next_attempt(began, at("2026-03-01T00:05:00Z"), 1), at("2026-03-01T06:00:00Z"));
        assert_eq!(next_attempt(began, at("2026-03-01T12:00:01Z"), 3), at("2026-03-02T00:00:00Z"));
        let q = Quarantine {
            reason: "x".into(),
            error: String::new(),
            series_began: began.into(),
            current_began: began.into(),
            series_count: 3,
            next_attempt: began.into(),
        };
        assert!(!given_up(&q, at("2026-03-28T23:00:00Z")));
        assert!(given_up(&q, at("2026-03-29T01:00:00Z")));
    }
}
