//! A job to look at: the one of the design, and what can become of it.

use crate::console::page::{Object, PageId};
use crate::console::query::Answer as AnyAnswer;
use crate::console::shared::Runner;
use crate::console::standing::{Failing, Standing};
use crate::console::style::{Glyphs, Look};
use crate::console::testing::{Console, noon, shared};
use crate::console::view::overview::query::filter_words;
use crate::console::view::overview::{Answer, Cause, Changed, Glance, InScope};
use crate::mapping::ScopingFilter;
use crate::model::{Counts, Cycle, CycleKind, CycleState, Health, ObjectType, Quarantine, Side, SideHealth, SideState};
use crate::store::cycles::Progress;
use crate::store::log::Causes;
use crate::store::overview::Overview as Numbers;
use crate::store::window::Counted;
use crate::text::show;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;

/// What the page is made from, all of it by hand.
#[derive(Clone)]
pub(super) struct World {
    pub glance: Glance,
    pub standing: Standing,
    pub runner: Runner,
    pub sandbox: bool,
}

/// An instant of the test's day, `HH:MM` or `HH:MM:SS`.
pub(super) fn at(clock: &str) -> Timestamp {
    let seconds = if clock.len() == 5 { ":00" } else { "" };
    format!("2026-11-24T{clock}{seconds}Z").parse().unwrap()
}

fn text(clock: &str) -> String {
    at(clock).to_string()
}

pub(super) fn side(state: SideState, median: u64) -> SideHealth {
    SideHealth {
        state,
        at: text("14:04:31"),
        last_contact: Some(text("14:04:31")),
        median_ms: Some(median),
        p95_ms: Some(median * 3),
        recent: 20,
        timeouts: 0,
        throttled: 0,
        wait_until: None,
        since: None,
        error: None,
        failed_attempts: 0,
        next_attempt: None,
    }
}

pub(super) fn cycle(id: &str, began: &str, ms: u64, changes: u64, failed: u64) -> Cycle {
    Cycle {
        id: id.into(),
        kind: CycleKind::Incremental,
        state: CycleState::Succeeded,
        started_at: text(began),
        ended_at: Some((at(began) + SignedDuration::from_millis(i64::try_from(ms).unwrap())).to_string()),
        duration_ms: ms,
        counts: Counts { updated: changes, skipped: 4_061, failed, ..Counts::default() },
        app_requests: 10,
        error: None,
    }
}

pub(super) fn cause(id: i64, n: u64, code: &str, words: &str, attribute: &str, answer: &str, first: &str) -> Cause {
    let reason = format!("the app refused the request ({answer}): the value does not have the form that it wants");
    Cause {
        id,
        failure: true,
        words: show(words),
        attribute: Some(show(attribute)),
        answer: Some(show(answer)),
        reason: show("the value does not have the form that it wants"),
        objects: (n, false),
        first: at(first),
        key: (code.into(), reason),
        path: Some(attribute.into()),
        example: Some(Object {
            object_type: ObjectType::User,
            id: format!("user-{id}"),
            name: "grace.hopper@contoso.example".into(),
        }),
    }
}

/// The job of the design, between two cycles, with three causes.
pub(super) fn live() -> World {
    let mut last = cycle("c9", "14:02", 131_000, 83, 60);
    last.counts.created = 12;
    last.counts.disabled = 2;
    let cycles = vec![
        last.clone(),
        cycle("c8", "13:22", 124_000, 12, 58),
        cycle("c7", "12:42", 118_000, 4, 47),
        cycle("c6", "12:02", 140_000, 31, 47),
        cycle("c5", "11:22", 122_000, 1, 31),
        Cycle {
            state: CycleState::Failed,
            error: Some("Microsoft Graph asked to wait longer than a cycle may".into()),
            ..cycle("c4", "10:42", 581_000, 0, 31)
        },
        cycle("c3", "10:02", 130_000, 8, 0),
    ];
    let mut failures = vec![0; 24];
    for (at, n) in [(2, 2), (5, 4), (10, 31), (11, 20), (12, 2), (20, 3), (21, 9), (22, 3), (23, 1)] {
        failures[at] = n;
    }
    let numbers = Numbers {
        enabled: Some(true),
        cycles,
        users: 4_218,
        groups: 96,
        listed_users: 4_218,
        listed_groups: 96,
        bytes: 18_400_000,
        log_entries: 1_204,
        read_at: [Some(text("14:06:08")), Some(text("14:06:10")), Some(text("14:06:11"))],
        causes: Causes { objects: Counted::exactly(60), failures: 60, ..Causes::default() },
        failures,
        ..Numbers::default()
    };
    let filter = ScopingFilter::from_json(&json!({ "groups": [{ "clauses": [
        { "attribute": "department", "operator": "NOT EQUALS", "value": "Contractor" }] }] }));
    let glance = Glance {
        job: numbers,
        health: Health { directory: Some(side(SideState::Ready, 83)), app: Some(side(SideState::Ready, 210)) },
        causes: vec![
            cause(1, 47, "UnprocessableEntity", "target rejects value", "phone.work", "400 invalidValue", "09:14"),
            cause(2, 11, "DuplicateTargetEntries", "duplicate match", "userName", "409 uniqueness", "13:22"),
            cause(3, 2, "MandatoryFieldsMissing", "required value missing", "email.primary", "400", "14:02"),
        ],
        changes: vec![
            Changed {
                at: at("09:31"),
                what: show("enable/restart provisioning configuration"),
                who: show("m.hamilton@ops"),
            },
            Changed { at: at("08:12"), what: show("release held operation"), who: show("automation@ci") },
        ],
        scope: show("assigned"),
        filter: show(&filter_words(&filter.unwrap())),
        groups: false,
        interval: Duration::from_secs(40 * 60),
        threshold: Some(500),
        keep_leavers: false,
    };
    let standing = Standing {
        enabled: true,
        held_by: Some(("heeler".into(), 4711, "ops".into())),
        cycle: Some(last),
        users: 4_218,
        groups: 96,
        read_at: Some(at("14:06:08")),
        next: Some(at("14:42")),
        interval: glance.interval,
        health: glance.health.clone(),
        ..Standing::default()
    };
    World { glance, standing, runner: Runner::Here, sandbox: false }
}

impl World {
    /// Changes it.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self.standing.health = self.glance.health.clone();
        self.standing.cycle = self.glance.job.cycles.first().cloned();
        self.standing.progress = self.glance.job.progress.clone();
        self.standing.quarantine = self.glance.job.quarantine.clone();
        self
    }

    /// Nothing was ever read.
    pub(super) fn first_run() -> Self {
        live().with(|w| {
            w.glance.job = Numbers { enabled: Some(true), bytes: 98_304, failures: vec![0; 24], ..Numbers::default() };
            w.glance.causes.clear();
            w.glance.changes.clear();
            w.glance.health = Health::default();
            w.standing.read_at = None;
            w.standing.next = Some(noon());
        })
    }

    /// A cycle is under way.
    pub(super) fn running() -> Self {
        live().with(|w| {
            let began = cycle("c10", "14:05:30", 0, 0, 0);
            let counts = Counts { created: 4, updated: 31, skipped: 1_160, failed: 9, ..Counts::default() };
            let running = Cycle { state: CycleState::Running, ended_at: None, counts, ..began };
            w.glance.job.cycles.insert(0, running);
            w.glance.job.progress =
                Some(Progress { phase: "applying".into(), done: 1_204, total: Some(4_218), updated_at: text("14:06") });
        })
    }

    /// Everything is fine.
    pub(super) fn idle() -> Self {
        live().with(|w| {
            w.glance.causes.clear();
            w.glance.changes.clear();
            w.glance.job.causes = Causes::default();
            w.glance.job.failures = vec![0; 24];
            for cycle in &mut w.glance.job.cycles {
                cycle.counts.failed = 0;
            }
        })
    }

    /// Nobody is in scope.
    pub(super) fn empty() -> Self {
        Self::idle().with(|w| {
            (w.glance.job.users, w.glance.job.groups) = (0, 0);
            (w.glance.job.listed_users, w.glance.job.listed_groups) = (0, 0);
            w.glance.job.cycles.truncate(1);
            w.glance.job.cycles[0].counts = Counts::default();
        })
    }

    /// Cycles do not come to their end because the app refuses the token.
    pub(super) fn failing() -> Self {
        live().with(|w| {
            let error = "the app refused the request: 401 Unauthorized; check the secret token, and that its account may manage users";
            for cycle in &mut w.glance.job.cycles[..3] {
                (cycle.state, cycle.error) = (CycleState::Failed, Some(error.into()));
            }
            w.glance.health.app = Some(SideHealth {
                since: Some(text("12:42:10")),
                error: Some(error.into()),
                failed_attempts: 3,
                ..side(SideState::Refused, 210)
            });
            w.standing.failing = Some(Failing { attempts: 3, since: at("12:42"), error: error.into() });
        })
    }

    /// The directory cannot be reached.
    pub(super) fn offline() -> Self {
        live().with(|w| {
            for read in &mut w.glance.job.read_at {
                *read = Some(text("10:54:10"));
            }
            w.standing.read_at = Some(at("10:54:10"));
            w.glance.health.directory = Some(SideHealth {
                since: Some(text("10:54:20")),
                error: Some("could not resolve login.example (no route)".into()),
                failed_attempts: 8,
                next_attempt: Some(text("14:07:01")),
                ..side(SideState::Offline, 83)
            });
            w.glance.health.app = None;
            w.standing.next = Some(at("14:42"));
        })
    }

    /// The directory could never be reached.
    pub(super) fn never_reached() -> Self {
        Self::offline().with(|w| {
            w.glance.job = Numbers {
                cycles: vec![Cycle {
                    state: CycleState::Failed,
                    error: Some("sign-in failed".into()),
                    ..cycle("c1", "14:05:30", 20, 0, 0)
                }],
                failures: vec![0; 24],
                bytes: 344_000,
                ..Numbers::default()
            };
            w.glance.causes.clear();
            w.glance.changes.clear();
            w.standing.read_at = None;
            if let Some(directory) = &mut w.glance.health.directory {
                let error = "sign-in failed: POST http://login.example/contoso.example/oauth2/v2.0/token: the \
                             connection was refused; check host and port, and that the service runs";
                (directory.error, directory.failed_attempts) = (Some(error.into()), 1);
            }
        })
    }

    /// The target answers slowly and wants to be left alone for a while.
    pub(super) fn degraded() -> Self {
        live().with(|w| {
            w.glance.health.app = Some(SideHealth {
                p95_ms: Some(4_100),
                timeouts: 3,
                throttled: 2,
                wait_until: Some(text("14:20")),
                since: Some(text("13:50")),
                ..side(SideState::Slow, 900)
            });
        })
    }

    /// Too much fails.
    pub(super) fn quarantined() -> Self {
        live().with(|w| {
            let began = "2026-11-22T09:40:00Z";
            w.glance.job.quarantine = Some(Quarantine {
                reason: "EncounteredEscrowProportionThreshold".into(),
                error: "5 612 objects and 4 references wait for a retry, 612 of them from this cycle".into(),
                series_began: began.into(),
                current_began: text("09:40"),
                series_count: 3,
                next_attempt: "2026-11-25T09:40:00Z".into(),
            });
            let days = [("22", &[1, 2, 1, 1, 1, 580, 612][..]), ("23", &[610]), ("24", &[612])];
            w.glance.job.cycles = days
                .iter()
                .flat_map(|(day, failed)| failed.iter().enumerate().map(move |(n, failed)| (day, n, failed)))
                .map(|(day, n, failed)| {
                    let mut cycle = cycle(&format!("{day}-{n}"), "09:40", 131_000, 3, *failed);
                    cycle.started_at = format!("2026-11-{day}T{:02}:40:00Z", 3 + n);
                    cycle
                })
                .rev()
                .collect();
            w.standing.next = Some("2026-11-25T09:40:00Z".parse().unwrap());
        })
    }

    /// Another process runs the job.
    pub(super) fn watching() -> Self {
        live().with(|w| {
            w.runner = Runner::Elsewhere { command: show("heeler run"), pid: 4711, host: show("ops-1") };
        })
    }

    /// Provisioning is off.
    pub(super) fn off() -> Self {
        live().with(|w| {
            (w.standing.enabled, w.standing.next) = (false, None);
        })
    }

    /// On, and nobody runs it.
    pub(super) fn unattended() -> Self {
        live().with(|w| {
            (w.standing.held_by, w.standing.next) = (None, None);
            w.runner = Runner::Starting;
        })
    }

    /// Opened long after the last process that ran the job ended; nothing was tried yet.
    pub(super) fn reopened() -> Self {
        live().with(|w| {
            for side in [&mut w.glance.health.directory, &mut w.glance.health.app].into_iter().flatten() {
                side.at = text("13:50:20");
            }
            w.standing.read_at = Some(at("13:50:20"));
            w.standing.next = Some(noon());
        })
    }

    /// A guard keeps removals back.
    pub(super) fn held() -> Self {
        live().with(|w| {
            w.glance.job.held = 612;
            w.glance.job.cycles[0].counts.held = 612;
            w.glance.job.cycles[0].counts.deleted = 3;
        })
    }

    /// The sandbox, in its first cycle.
    pub(super) fn sandbox() -> Self {
        Self::first_run().with(|w| {
            let began = cycle("c1", "14:06:17", 0, 0, 0);
            let counts = Counts { skipped: 3, ..Counts::default() };
            w.glance.job.cycles =
                vec![Cycle { state: CycleState::Running, kind: CycleKind::Initial, ended_at: None, counts, ..began }];
            w.glance.job.progress =
                Some(Progress { phase: "reading users".into(), done: 120, total: None, updated_at: text("14:06:19") });
            (w.glance.job.users, w.glance.job.listed_users, w.glance.filter) = (120, 120, show(""));
            w.sandbox = true;
        })
    }

    /// A console that shows it.
    pub(super) fn console(&self, width: u16, height: u16, theme: &str) -> Console {
        self.console_in(width, height, Look::built_in(theme, Glyphs::unicode()).unwrap())
    }

    /// A console that shows it in a look.
    pub(super) fn console_in(&self, width: u16, height: u16, look: Look) -> Console {
        let mut shared = shared(width, height, "default");
        shared.look = look;
        shared.runner = self.runner.clone();
        if self.sandbox {
            (shared.job.sandbox, shared.job.production, shared.job.environment) = (true, false, show("sandbox"));
            (shared.job.source, shared.job.source_long) = (show("sandbox"), show("contoso.example"));
            shared.write = crate::console::shared::WriteMode::Open;
        }
        let mut console = Console::with(shared);
        console.standing(self.standing.clone());
        console.answer(PageId::Overview, self.answer());
        let found = InScope { users: self.glance.job.users, at_most: false };
        console.answer(PageId::Overview, AnyAnswer::Overview(Answer::Scope(found)));
        console.take();
        console
    }

    pub(super) fn answer(&self) -> AnyAnswer {
        AnyAnswer::Overview(Answer::Glance(Box::new(self.glance.clone())))
    }
}

/// Every state with its name.
pub(super) fn states() -> Vec<(&'static str, World)> {
    vec![
        ("first_run", World::first_run()),
        ("sandbox", World::sandbox()),
        ("running", World::running()),
        ("live", live()),
        ("idle", World::idle()),
        ("empty", World::empty()),
        ("failing", World::failing()),
        ("offline", World::offline()),
        ("never_reached", World::never_reached()),
        ("degraded", World::degraded()),
        ("quarantined", World::quarantined()),
        ("watching", World::watching()),
        ("off", World::off()),
        ("unattended", World::unattended()),
        ("held", World::held()),
        ("reopened", World::reopened()),
    ]
}

#[test]
fn the_side_in_trouble_is_found() {
    let standing = World::degraded().standing;
    assert_eq!(standing.troubled().map(|(side, health)| (side, health.state)), Some((Side::App, SideState::Slow)));
    assert_eq!(live().standing.troubled(), None);
}
