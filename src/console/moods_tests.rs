//! Every view in every state that a job can be in, as pictures: what the header says, what a view still shows, what it
//! offers. What single views have beyond that is pictured beside them.

use super::desk::{News, Request, Trouble};
use super::effect::Effect;
use super::event::Event;
use super::page::PageId;
use super::shared::{Runner, Shared};
use super::testing::{Console, noon, shared};
use super::view::directory::tests::world::World;
use crate::model::{Counts, Cycle, CycleKind, CycleState, Health, ObjectType, Quarantine, SideHealth, SideState};
use crate::store::{StoreError, cycles, job, lease, retries};
use crate::text::show;
use jiff::SignedDuration;
use rusqlite::Connection;

const VIEWS: [(&str, &str); 5] = [("1", "overview"), ("2", "directory"), ("3", "mapping"), ("4", "log"), ("5", "plan")];
const NO_ROUTE: &str = "POST https://login.example/token: could not resolve login.example (no route)";

fn ago(minutes: i64) -> String {
    (noon() - SignedDuration::from_mins(minutes)).to_string()
}

fn cycle(id: &str, minutes: i64, state: CycleState, error: Option<&str>) -> Cycle {
    Cycle {
        id: id.into(),
        kind: CycleKind::Incremental,
        state,
        started_at: ago(minutes),
        ended_at: (state != CycleState::Running).then(|| ago(minutes - 1)),
        duration_ms: 60_000,
        counts: Counts { created: 2, updated: 5, skipped: 7, ..Counts::default() },
        app_requests: 9,
        error: error.map(str::to_owned),
    }
}

fn side(state: SideState) -> SideHealth {
    SideHealth {
        state,
        at: ago(1),
        last_contact: Some(ago(1)),
        median_ms: Some(83),
        p95_ms: Some(210),
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

fn healthy(c: &Connection) -> Result<(), StoreError> {
    job::set_health(c, &Health { directory: Some(side(SideState::Ready)), app: Some(side(SideState::Ready)) })
}

fn held(c: &Connection, command: &str) -> Result<(), StoreError> {
    lease::acquire(c, &lease::Holder::current(command), noon().as_millisecond(), 15_000).map(drop)
}

type Fill = fn(&Connection) -> Result<(), StoreError>;

/// A state of the job: what is in the store, and who runs it.
struct Mood {
    name: &'static str,
    people: bool,
    runner: fn() -> Runner,
    fill: Fill,
}

const MOODS: &[Mood] = &[
    Mood { name: "first_run", people: false, runner: || Runner::Here, fill: |c| held(c, "heeler") },
    Mood {
        name: "running",
        people: true,
        runner: || Runner::Here,
        fill: |c| {
            healthy(c)?;
            cycles::start(c, &cycle("c2", 1, CycleState::Running, None))?;
            cycles::update(c, "c2", &Counts { updated: 31, ..Counts::default() }, 40, "applying", 31, Some(120))?;
            held(c, "heeler")
        },
    },
    Mood {
        name: "idle",
        people: true,
        runner: || Runner::Here,
        fill: |c| {
            healthy(c)?;
            retries::remove(c, ObjectType::User, "u-dorothy")?;
            held(c, "heeler")
        },
    },
    Mood {
        name: "empty",
        people: false,
        runner: || Runner::Here,
        fill: |c| {
            healthy(c)?;
            cycles::start(c, &Cycle { counts: Counts::default(), ..cycle("c1", 9, CycleState::Succeeded, None) })?;
            job::set(c, job::READ_AT, &ago(8))?;
            held(c, "heeler")
        },
    },
    Mood {
        name: "failing",
        people: true,
        runner: || Runner::Here,
        fill: |c| {
            let refused = "GET https://flock.example/v2/scim/Users: the app refused the request: 401 Unauthorized; check the secret token";
            for (id, minutes) in [("c2", 3), ("c3", 2)] {
                cycles::start(c, &cycle(id, minutes, CycleState::Failed, Some(refused)))?;
            }
            let app = SideHealth { since: Some(ago(3)), error: Some(refused.into()), ..side(SideState::Refused) };
            job::set_health(c, &Health { directory: Some(side(SideState::Ready)), app: Some(app) })?;
            held(c, "heeler")
        },
    },
    Mood {
        name: "offline",
        people: true,
        runner: || Runner::Here,
        fill: |c| {
            cycles::start(c, &cycle("c2", 2, CycleState::Failed, Some(NO_ROUTE)))?;
            let away = SideHealth {
                since: Some(ago(190)),
                error: Some(NO_ROUTE.into()),
                failed_attempts: 8,
                next_attempt: Some((noon() + SignedDuration::from_secs(41)).to_string()),
                ..side(SideState::Offline)
            };
            job::set_health(c, &Health { directory: Some(away), app: None })?;
            job::set(c, job::READ_AT, &ago(192))?;
            held(c, "heeler")
        },
    },
    Mood {
        name: "quarantined",
        people: true,
        runner: || Runner::Here,
        fill: |c| {
            healthy(c)?;
            let quarantine = Quarantine {
                reason: "EncounteredEscrowProportionThreshold".into(),
                error: "612 of 4 218 objects wait for a retry".into(),
                series_began: ago(2 * 24 * 60),
                current_began: ago(60),
                series_count: 3,
                next_attempt: ago(-300),
            };
            job::set_quarantine(c, Some(&quarantine))?;
            held(c, "heeler")
        },
    },
    Mood {
        name: "watching",
        people: true,
        runner: || Runner::Elsewhere { command: show("heeler run"), pid: 4711, host: show("ops-1") },
        fill: |c| {
            healthy(c)?;
            held(c, "heeler run")
        },
    },
];

impl Mood {
    fn world(&self) -> World {
        let world = if self.people { World::filled() } else { World::empty() };
        world.write(self.fill);
        world
    }

    fn console(&self, world: &World, mut shared: Shared, key: &str) -> Console {
        shared.runner = (self.runner)();
        let mut console = world.console(shared);
        console.keys(key).wait(0.3);
        let planning = console.take().into_iter().find_map(|effect| match effect {
            Effect::Desk(PageId::Plan, ticket, Request::Plan) => Some(ticket),
            _ => None,
        });
        // The app cannot be asked, so a plan cannot be made; elsewhere it is under way.
        if let Some(ticket) = planning.filter(|_| ["failing", "offline"].contains(&self.name)) {
            let trouble = Trouble { what: show(NO_ROUTE), advice: vec![show("`heeler test` says which side is away")] };
            console.event(Event::Desk(ticket, News::Done(Err(trouble))));
        }
        console
    }
}

#[test]
fn every_view_in_every_state_of_the_job() {
    for mood in MOODS {
        let world = mood.world();
        for (key, view) in VIEWS {
            for (width, height) in [(80, 24), (160, 45)] {
                for theme in ["default", "mono"] {
                    let console = mood.console(&world, shared(width, height, theme), key);
                    insta::assert_snapshot!(
                        format!("{}_{view}_{width}x{height}_{theme}", mood.name),
                        console.picture()
                    );
                }
            }
        }
    }
}

/// The header alone tells the state: one word, one number.
#[test]
fn the_header_tells_the_state_on_every_view() {
    for (mood, word) in
        MOODS.iter().zip(["not run yet", "running", "live", "live", "failing", "offline", "quarantined", "live"])
    {
        let world = mood.world();
        for (key, _) in VIEWS {
            let screen = mood.console(&world, shared(80, 24, "mono"), key).screen();
            let header = screen.lines().next().unwrap();
            assert!(header.contains(word), "{}, view {key}: {header}", mood.name);
            assert!(header.contains("PROD") && header.ends_with("read-only"), "{}: {header}", mood.name);
        }
    }
}

/// What needs both sides is off and says why, instead of waiting for one that does not answer.
#[test]
fn offline_nothing_begins_that_would_only_wait() {
    let mood = MOODS.iter().find(|mood| mood.name == "offline").unwrap();
    let world = mood.world();
    let mut console = mood.console(&world, shared(80, 24, "default"), "2");
    for key in ["p", "a"] {
        console.keys(key);
        let screen = console.screen();
        assert!(screen.lines().last().unwrap().contains("offline"), "{key}: {screen}");
    }
    let plans = |console: &mut Console| {
        console.take().iter().filter(|effect| matches!(effect, Effect::Desk(_, _, Request::Plan))).count()
    };
    console.keys("5").wait(0.3);
    assert_eq!(plans(&mut console), 0);
    let screen = console.screen();
    assert!(screen.contains("No plan while offline"), "{screen}");
    // Whoever knows better tries it.
    console.keys("r");
    assert_eq!(plans(&mut console), 1);
}

#[test]
fn a_terminal_that_is_too_small_is_told_so_on_every_view() {
    let world = World::filled();
    for (key, view) in VIEWS {
        for (width, height) in [(59, 16), (60, 15), (48, 14)] {
            for theme in ["default", "mono"] {
                let mut console = world.console(shared(80, 24, theme));
                console.keys(key).wait(0.3);
                console.event(Event::Resize(width, height));
                let name = format!("too_small_{view}_{width}x{height}_{theme}");
                insta::assert_snapshot!(name, console.picture());
                // Nothing is lost by it.
                let screen = console.event(Event::Resize(80, 24)).wait(0.3).screen();
                let tabs = |screen: &str| screen.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
                let before = world.console(shared(80, 24, theme)).keys(key).wait(0.6).screen();
                assert_eq!(tabs(&screen), tabs(&before));
            }
        }
    }
}
