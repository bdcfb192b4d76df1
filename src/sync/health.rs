//! How directory and app are doing: judged from what their clients saw and from what stopped a cycle.

use super::cycle::CycleReport;
use super::{Job, SyncError};
use crate::graph::{GraphClient, GraphError, SignInError};
use crate::http::{HttpError, Vitals};
use crate::model::{Side, SideHealth, SideState};
use crate::scim::client::{ScimClient, ScimError};
use crate::store::{Store, StoreError, job as job_table};
use jiff::Timestamp;

/// Answers that take longer than this are slow, in milliseconds.
const SLOW_MS: u64 = 2_000;
/// So many time-outs of the last twenty requests are no accident.
const TIMEOUTS: u32 = 2;
/// So many requests in a row without an answer: nobody is there.
const SILENT: u32 = 3;

/// Why a side could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Offline, refused or throttled.
    pub state: SideState,
    /// In words; may quote the service.
    pub words: String,
}

/// What one attempt (a cycle, a connection test) says about one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It is still going on.
    Running,
    /// It came to its end.
    Worked,
    /// It could not.
    Failed(Fault),
}

impl Fault {
    /// What an error of the directory says about it; `None` when it says nothing.
    pub fn of_directory(error: &GraphError) -> Option<Self> {
        let state = match error {
            GraphError::Cancelled => return None,
            GraphError::Http(error) | GraphError::SignIn(SignInError::Http(error)) => of_wire(error)?,
            GraphError::Refused { status: 429, .. } => SideState::Throttled,
            error if error.transient() => SideState::Offline,
            _ => SideState::Refused,
        };
        Some(Self { state, words: error.to_string() })
    }

    /// What an error of the app says about it; `None` when it says nothing.
    pub fn of_app(error: &ScimError) -> Option<Self> {
        let state = match error {
            ScimError::Cancelled => return None,
            ScimError::Unavailable { status: Some(429), .. } => SideState::Throttled,
            ScimError::Unavailable { .. } | ScimError::Unknown { .. } => SideState::Offline,
            ScimError::Unauthorized { .. }
            | ScimError::Refused { .. }
            | ScimError::NotScim { .. }
            | ScimError::NoId { .. }
            | ScimError::Settings(_) => SideState::Refused,
        };
        Some(Self { state, words: error.to_string() })
    }

    /// The side that a fault of a cycle concerns.
    pub fn of_cycle(error: &SyncError) -> Option<(Side, Self)> {
        match error {
            SyncError::Directory(error) => Self::of_directory(error).map(|fault| (Side::Directory, fault)),
            SyncError::App(error) => Self::of_app(error).map(|fault| (Side::App, fault)),
            SyncError::AppFails(_) => Some((Side::App, Self { state: SideState::Refused, words: error.to_string() })),
            SyncError::Store(_) | SyncError::Stopped | SyncError::Moved(_) => None,
        }
    }
}

fn of_wire(error: &HttpError) -> Option<SideState> {
    Some(match error {
        HttpError::Cancelled { .. } => return None,
        HttpError::Paused { .. } => SideState::Throttled,
        HttpError::Status(e) if e.status == 429 => SideState::Throttled,
        HttpError::Status(e) if e.status < 500 => SideState::Refused,
        HttpError::Status(_) | HttpError::Unsent { .. } | HttpError::Lost { .. } => SideState::Offline,
        HttpError::Html { .. }
        | HttpError::NotJson { .. }
        | HttpError::TooLarge { .. }
        | HttpError::TooDeep { .. }
        | HttpError::Moved { .. }
        | HttpError::OtherOrigin { .. }
        | HttpError::Insecure { .. }
        | HttpError::Settings(_) => SideState::Refused,
    })
}

/// What is known of a side after an attempt. `None` when nothing new is: it was not tried since `began`.
pub fn judge(
    before: Option<&SideHealth>,
    vitals: &Vitals,
    attempt: Attempt,
    began: Timestamp,
    now: Timestamp,
) -> Option<SideHealth> {
    let tried = vitals.tried_at.is_some_and(|at| at >= began);
    if !tried && !matches!(attempt, Attempt::Failed(_)) {
        return None;
    }
    let failed_before = before.map_or(0, |b| b.failed_attempts);
    let (state, error, failed_attempts) = match attempt {
        Attempt::Failed(fault) => (fault.state, Some(fault.words), failed_before.saturating_add(1)),
        Attempt::Worked => {
            let (state, words) = by_vitals(vitals, now);
            (state, words, 0)
        }
        Attempt::Running => {
            let (state, words) = by_vitals(vitals, now);
            // What stopped the last attempt stands until something is answered again.
            let still = vitals.silent > 0 && before.is_some_and(|b| !b.state.usable());
            match before.filter(|_| still) {
                Some(before) => (before.state, before.error.clone(), failed_before),
                None => (state, words, failed_before),
            }
        }
    };
    let since = match (state, before) {
        (SideState::Ready, _) => None,
        (_, Some(before)) if before.state != SideState::Ready => before.since.clone(),
        _ => None,
    };
    let contact = vitals.answered_at.map(|at| at.to_string());
    Some(SideHealth {
        state,
        at: now.to_string(),
        last_contact: contact.or_else(|| before.and_then(|b| b.last_contact.clone())),
        median_ms: vitals.median_ms.or_else(|| before.and_then(|b| b.median_ms)),
        p95_ms: vitals.p95_ms.or_else(|| before.and_then(|b| b.p95_ms)),
        recent: vitals.recent,
        timeouts: vitals.timeouts,
        throttled: vitals.throttled,
        wait_until: vitals.wait_until.filter(|until| *until > now).map(|until| until.to_string()),
        since: if state == SideState::Ready { None } else { since.or_else(|| Some(now.to_string())) },
        error,
        failed_attempts,
        next_attempt: before.and_then(|b| b.next_attempt.clone()).filter(|_| failed_attempts > 0),
    })
}

/// What the last requests say by themselves.
fn by_vitals(vitals: &Vitals, now: Timestamp) -> (SideState, Option<String>) {
    let of_recent = |n: u32, what: &str| format!("{n} of the last {} requests {what}", vitals.recent);
    if vitals.silent >= SILENT {
        let words = format!("no answer to the last {} requests", vitals.silent);
        return (SideState::Offline, Some(words));
    }
    if vitals.throttled > 0 && vitals.wait_until.is_some_and(|until| until > now)
        || vitals.throttled * 4 > vitals.recent
    {
        return (SideState::Throttled, Some(of_recent(vitals.throttled, "were refused: it wants fewer of them")));
    }
    if vitals.timeouts >= TIMEOUTS {
        return (SideState::Slow, Some(of_recent(vitals.timeouts, "were not answered in time")));
    }
    match vitals.p95_ms {
        Some(ms) if ms >= SLOW_MS => (
            SideState::Slow,
            Some(format!("one answer of twenty takes longer than {}.{} s", ms / 1000, ms % 1000 / 100)),
        ),
        _ => (SideState::Ready, None),
    }
}

/// The clients of a job that are watched.
#[derive(Clone, Debug)]
pub struct Watched {
    graph: GraphClient,
    scim: ScimClient,
    began: Timestamp,
}

impl Watched {
    /// Watches the clients of a job from now on.
    pub fn of(job: &Job) -> Self {
        Self::new(&job.graph, &job.scim)
    }

    /// Watches these clients from now on.
    pub fn new(graph: &GraphClient, scim: &ScimClient) -> Self {
        Self { graph: graph.clone(), scim: scim.clone(), began: Timestamp::now() }
    }

    /// Notes how both sides are doing while an attempt goes on.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn note(&self, store: &Store) -> Result<(), StoreError> {
        self.conclude(store, Attempt::Running, Attempt::Running, None).await
    }

    /// Notes what a cycle, or the dry run of one, said about both sides, and when the next one comes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn after(
        &self,
        store: &Store,
        report: &CycleReport,
        next_attempt: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (mut directory, mut app) = (Attempt::Worked, Attempt::Worked);
        match report.fatal.as_ref().map(Fault::of_cycle) {
            Some(Some((Side::Directory, fault))) => directory = Attempt::Failed(fault),
            Some(Some((Side::App, fault))) => app = Attempt::Failed(fault),
            // It was stopped: what was seen until then stands.
            Some(None) => (directory, app) = (Attempt::Running, Attempt::Running),
            None => {
                if let Some((collection, why)) = report.unread.first() {
                    let words = format!("the {} were not read to the end: {why}", collection.as_str());
                    directory = Attempt::Failed(Fault { state: SideState::Slow, words });
                }
            }
        }
        self.conclude(store, directory, app, next_attempt).await
    }

    /// Notes what an attempt said about both sides, and when the next one comes.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn conclude(
        &self,
        store: &Store,
        directory: Attempt,
        app: Attempt,
        next_attempt: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let (graph, scim, began, now) = (self.graph.vitals(), self.scim.vitals(), self.began, Timestamp::now());
        store
            .write(move |c| {
                let mut health = job_table::health(c)?;
                let mut changed = false;
                for (side, vitals, attempt) in [(&mut health.directory, graph, directory), (&mut health.app, scim, app)]
                {
                    let Some(mut found) = judge(side.as_ref(), &vitals, attempt, began, now) else { continue };
                    if let Some(next) = next_attempt.filter(|_| found.failed_attempts > 0) {
                        found.next_attempt = Some(next.to_string());
                    }
                    *side = Some(found);
                    changed = true;
                }
                if changed { job_table::set_health(c, &health) } else { Ok(()) }
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn healthy(second: i64) -> Vitals {
        Vitals {
            median_ms: Some(80),
            p95_ms: Some(200),
            recent: 20,
            tried_at: Some(at(second)),
            answered_at: Some(at(second)),
            ..Vitals::default()
        }
    }

    fn fault() -> Fault {
        Fault { state: SideState::Offline, words: "no route".into() }
    }

    #[test]
    fn whoever_was_not_tried_is_left_as_it_was() {
        assert_eq!(judge(None, &Vitals::default(), Attempt::Worked, at(0), at(1)), None);
        assert_eq!(judge(None, &healthy(-5), Attempt::Worked, at(0), at(1)), None);
        assert!(judge(None, &Vitals::default(), Attempt::Failed(fault()), at(0), at(1)).is_some());
    }

    #[test]
    fn trouble_keeps_its_beginning_and_counts_attempts() {
        let first = judge(None, &Vitals::default(), Attempt::Failed(fault()), at(0), at(1)).unwrap();
        assert_eq!((first.state, first.failed_attempts), (SideState::Offline, 1));
        assert_eq!(first.since, Some(at(1).to_string()));
        let silent = Vitals { tried_at: Some(at(10)), silent: 1, ..Vitals::default() };
        let running = judge(Some(&first), &silent, Attempt::Running, at(9), at(10)).unwrap();
        assert_eq!((running.state, running.error.as_deref()), (SideState::Offline, Some("no route")));
        let second = judge(Some(&running), &silent, Attempt::Failed(fault()), at(9), at(11)).unwrap();
        assert_eq!((second.failed_attempts, second.since.as_deref()), (2, Some(at(1).to_string().as_str())));
        let well = judge(Some(&second), &healthy(20), Attempt::Worked, at(19), at(21)).unwrap();
        assert_eq!((well.state, well.failed_attempts, well.since), (SideState::Ready, 0, None));
        assert_eq!((well.error, well.median_ms), (None, Some(80)));
        assert_eq!(well.last_contact, Some(at(20).to_string()));
    }

    #[test]
    fn last_contact_outlives_the_process_that_had_it() {
        let well = judge(None, &healthy(1), Attempt::Worked, at(0), at(2)).unwrap();
        let failed = judge(Some(&well), &Vitals::default(), Attempt::Failed(fault()), at(50), at(51)).unwrap();
        assert_eq!(failed.last_contact, Some(at(1).to_string()));
        assert_eq!(failed.p95_ms, Some(200));
    }

    #[test]
    fn slow_throttled_and_silent_are_told_apart() {
        let state = |vitals: &Vitals| by_vitals(vitals, at(0)).0;
        assert_eq!(state(&healthy(0)), SideState::Ready);
        assert_eq!(state(&Vitals { p95_ms: Some(4_100), ..healthy(0) }), SideState::Slow);
        assert_eq!(state(&Vitals { timeouts: 3, ..healthy(0) }), SideState::Slow);
        assert_eq!(state(&Vitals { throttled: 2, ..healthy(0) }), SideState::Ready, "two, and it went on");
        assert_eq!(state(&Vitals { throttled: 2, wait_until: Some(at(60)), ..healthy(0) }), SideState::Throttled);
        assert_eq!(state(&Vitals { throttled: 8, ..healthy(0) }), SideState::Throttled);
        assert_eq!(state(&Vitals { silent: 3, ..healthy(0) }), SideState::Offline);
    }

    #[test]
    fn faults_are_sorted_by_what_can_be_done() {
        let unavailable = |status| ScimError::Unavailable {
            status,
            unsent: false,
            timeout: false,
            detail: String::new(),
            message: "m".into(),
        };
        let state = |error: &ScimError| Fault::of_app(error).map(|f| f.state);
        assert_eq!(state(&unavailable(Some(429))), Some(SideState::Throttled));
        assert_eq!(state(&unavailable(Some(503))), Some(SideState::Offline));
        assert_eq!(state(&unavailable(None)), Some(SideState::Offline));
        assert_eq!(state(&ScimError::Unauthorized { message: "m".into() }), Some(SideState::Refused));
        assert_eq!(state(&ScimError::Cancelled), None);
        let forbidden =
            GraphError::Forbidden { what: "GET users".into(), permission: "User.Read.All", message: String::new() };
        assert_eq!(Fault::of_directory(&forbidden).map(|f| f.state), Some(SideState::Refused));
        let (side, fault) = Fault::of_cycle(&SyncError::AppFails("500".into())).unwrap();
        assert_eq!((side, fault.state), (Side::App, SideState::Refused));
        assert_eq!(Fault::of_cycle(&SyncError::Stopped), None);
    }
}
