//! Every action of the registry: its keys in, all of them, and what is seen or asked for after.
//!
//! The `match` has no catch-all: an action that is new does not compile before it is proved here.

use super::action::{Action, REGISTRY};
use super::desk::Request;
use super::effect::Effect;
use super::page::provision;
use super::shared::WriteMode;
use super::testing::{Console, noon};
use super::view::{directory, log, plan};
use crate::model::{Cycle, CycleKind, CycleState};
use crate::store::{cycles, lease};

/// Where the key is pressed.
enum On {
    /// The people of the design, in view 2, at 160x45.
    People,
    /// The log of a day, in view 4.
    Entries,
    /// A plan, in view 5, Grace Hopper selected.
    Plan,
    /// A plan with a held operation.
    Held,
    /// A dry run of one person.
    Step,
    /// As [`On::People`], while a cycle runs.
    Running,
}

/// What is to be true after the key, and was not before.
enum Then {
    /// These words are on the screen.
    Says(&'static str),
    /// The selected row begins with this.
    At(&'static str),
    /// These words are not on the screen.
    Hides(&'static str),
    /// A reversed row has these words: where it is marked by nothing else.
    Lit(&'static str),
    /// This is asked for.
    Asks(fn(&Effect) -> bool),
    /// This can be said of the console.
    Is(fn(&Console) -> bool),
}

use On::{Entries, Held, People, Plan, Running, Step};
use Then::{Asks, At, Hides, Is, Lit, Says};

fn desk(effect: &Effect, fits: fn(&Request) -> bool) -> bool {
    matches!(effect, Effect::Desk(_, _, request) if fits(request))
}

/// Where, the keys before, and what the action's own key brings.
fn proof(action: Action) -> (On, &'static str, Then) {
    match action {
        Action::Overview => (People, "", Says("Connections")),
        Action::Directory => (People, "1", Says("Users")),
        Action::Mapping => (People, "", Says("Rules")),
        Action::Log => (People, "", Says("Causes")),
        Action::Plan => (People, "", Says("Dry run")),
        Action::Down => (People, "", At("alan.turing")),
        Action::Up => (People, "j j", At("alan.turing")),
        Action::HalfDown => (People, "", At("nobody.home")),
        Action::HalfUp => (People, "G", At("ada.lovelace")),
        Action::Top => (People, "j j j", At("ada.lovelace")),
        Action::Bottom => (People, "", At("nobody.home")),
        Action::NextPane => (People, "", Says("▌ada.lovelace@contoso.example")),
        Action::PreviousPane => (People, "", Says("▌ada.lovelace@contoso.example")),
        Action::Open => (People, "", Says("▌ada.lovelace@contoso.example")),
        Action::Back => (People, "/ \"engz\" enter", At("ada.lovelace")),
        Action::Filter => (People, "", Says("keep the filter")),
        Action::Kind => (People, "", Says("▌Groups")),
        Action::ChoosePerson => (People, "3", Says("preview with")),
        Action::Sort => (People, "", Says("s department ↑")),
        Action::SortReverse => (People, "", Says("s name ↓")),
        Action::Columns => (Entries, "tab j", Says("What happened")),
        Action::Next => (People, "tab", Lit("displayName")),
        Action::Previous => (People, "tab G", Lit("writers")),
        Action::Follow => (Entries, "tab", Says("paused")),
        Action::OpenRule => (Entries, "", Says("Rules")),
        Action::Mark => (People, "", Says("1 marked")),
        Action::MarkRange => (People, "space j j", Says("4 marked")),
        Action::Zoom => (Entries, "tab", Hides("Causes")),
        Action::Refresh => (People, "", Asks(|e| desk(e, |r| matches!(r, Request::ReadApp { .. })))),
        Action::Copy => (People, "", Says("╭ copy")),
        Action::CopyPage => {
            (People, "", Asks(|e| matches!(e, Effect::Copy { what: "page", text } if text.contains("alan.turing"))))
        }
        Action::Export => {
            (Plan, "", Asks(|e| matches!(e, Effect::Export(export) if export.text.contains("Grace Hopper"))))
        }
        Action::Provision => (People, "", Says("Provision one   ada.lovelace@contoso.example")),
        Action::Assign => (People, "", Says("Assign")),
        Action::Test => (People, "", Says("Test")),
        Action::Settings => (People, "", Says("Settings")),
        Action::StepBack => (Step, "", Says("▌3")),
        Action::SkipAttribute => (
            Step,
            "j j",
            Asks(|e| desk(e, |r| matches!(r, Request::Provision { dry_run: true, skip, .. } if skip.len() == 1))),
        ),
        Action::Unlock => (Plan, "", Says("unlock writing")),
        Action::Apply => (Plan, "", Says("type the number of changes to go on")),
        Action::Release => (Held, "", Says("release 1 held operation")),
        Action::Reject => (Held, "", Says("reject 1 held operation")),
        Action::Sync => (People, "", Says("run a cycle: nightly-users")),
        Action::StopCycle => (Running, "", Asks(|e| desk(e, |r| matches!(r, Request::StopCycle)))),
        Action::Restart => (People, "", Says("restart nightly-users")),
        Action::Palette => (People, "", Says("╭ command")),
        Action::Help => (People, "", Says("╭ keys")),
        Action::Jobs => (People, "", Says("╭ jobs")),
        Action::Connect => (People, "", Says("heeler config example")),
        Action::Messages => (People, "", Says("╭ messages")),
        Action::Redraw => (People, "", Asks(|e| matches!(e, Effect::Redraw))),
        Action::Debug => (People, "", Is(|console| console.state.debug.is_some())),
        Action::Suspend => (People, "", Asks(|e| matches!(e, Effect::Suspend))),
        Action::Quit => (People, "", Asks(|e| matches!(e, Effect::Leave))),
        Action::Interrupt => (People, "", Says("ctrl-c again leaves the console")),
    }
}

/// The name in the selected row of a list.
fn selected(console: &Console) -> String {
    let screen = console.screen();
    let row = screen.lines().find_map(|line| line.strip_prefix(" ›")).unwrap_or_default();
    row.trim().trim_start_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

/// The reversed cells of each row.
fn lit(console: &Console) -> Vec<String> {
    let (buffer, _) = console.buffer();
    let area = buffer.area;
    let cells = |y| (0..area.width).map(move |x| (x, y));
    let reversed = |at: (u16, u16)| buffer[at].modifier.contains(ratatui::style::Modifier::REVERSED);
    (0..area.height).map(|y| cells(y).filter(|at| reversed(*at)).map(|at| buffer[at].symbol()).collect()).collect()
}

fn console(on: &On) -> Console {
    let (width, height) = (160, 45);
    let people = || directory::tests::world::World::filled();
    let mut console = match on {
        People => people().at(width, height),
        Running => {
            let world = people();
            world.write(|c| {
                let cycle = Cycle {
                    id: "c2".into(),
                    kind: CycleKind::Incremental,
                    state: CycleState::Running,
                    started_at: "2026-11-24T14:06:10Z".into(),
                    ended_at: None,
                    duration_ms: 0,
                    counts: crate::model::Counts::default(),
                    app_requests: 0,
                    error: None,
                };
                cycles::start(c, &cycle)?;
                lease::acquire(c, &lease::Holder::current("heeler"), noon().as_millisecond(), 15_000).map(drop)
            });
            world.at(width, height)
        }
        Entries => log::tests::world::World::filled().at(width, height),
        Plan => plan::tests::shown(width, height, "default"),
        Held => plan::tests::held(width, height),
        Step => provision::tests::dry_run(width, height),
    };
    console.state.shared.job.jobs.push("weekly".into());
    console
}

fn holds(then: &Then, console: &mut Console) -> bool {
    match then {
        Says(words) => console.screen().contains(words),
        At(name) => selected(console).starts_with(name),
        Hides(words) => !console.screen().contains(words),
        Lit(words) => lit(console).iter().any(|row| row.contains(words)),
        Asks(fits) => console.take().iter().any(fits),
        Is(fits) => fits(console),
    }
}

#[test]
fn every_action_does_what_it_says_by_every_key_it_has() {
    for entry in REGISTRY {
        let ways: Vec<String> = match entry.keys {
            // Only the palette knows it.
            [] => vec![format!(": \"{}\" enter", entry.title.trim_end_matches('…'))],
            keys => keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        for way in ways {
            let (on, before, then) = proof(entry.action);
            let mut console = console(&on);
            if !matches!(entry.action, Action::Unlock) {
                console.state.shared.write = WriteMode::Open;
            }
            console.keys(before).wait(0.5);
            let fresh = !holds(&then, &mut console);
            let screen = console.screen();
            assert!(fresh, "{:?} was done before its key {way:?}\n{screen}", entry.action);
            console.keys(&way).wait(0.5);
            let done = holds(&then, &mut console);
            assert!(done, "{:?} by {way:?}\n{}", entry.action, console.screen());
        }
    }
}
