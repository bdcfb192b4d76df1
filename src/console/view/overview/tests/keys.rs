//! Keys in, screen and effects out.

use super::fixture::{World, cause, live, side, states};
use crate::console::desk::{News, Reply, Request};
use crate::console::effect::Effect;
use crate::console::event::Event;
use crate::console::page::PageId;
use crate::console::query::Query as AnyQuery;
use crate::console::shared::Runner;
use crate::console::testing::Console;
use crate::console::view::overview::Query;
use crate::engine::{ConnectionStep, ConnectionTest};
use crate::model::{CycleState, Side, SideHealth, SideState};
use crate::store::cycles::Progress;
use crate::text::show;

/// The row that has the mark of the selection.
fn selected(console: &Console) -> String {
    let screen = console.screen();
    // In the header and in sentences there is no such mark.
    let line = screen.lines().find_map(|line| {
        let (_, row) = line.split_once('›')?;
        row.split("  ").find(|words| !words.trim().is_empty()).map(|words| words.trim().to_owned())
    });
    line.unwrap_or_else(|| "nothing".into())
}

/// Where the console went: the view and what the log, if it is that, was asked for.
fn view(console: &Console) -> PageId {
    console.state.view()
}

#[test]
fn the_selection_begins_at_what_needs_attention_and_goes_over_everything() {
    let mut console = live().console(80, 24, "default");
    assert_eq!(selected(&console), "47");
    let mut seen = Vec::new();
    console.keys("g g");
    for _ in 0..9 {
        seen.push(selected(&console));
        console.keys("j");
    }
    let rows = ["source", "target", "cache", "state", "scope", "12", "Failures, 24 h", "47", "11"];
    // The cycle is selected at its numbers, the failures at their line.
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), rows);
    console.keys("G");
    assert_eq!(selected(&console), "2");
    console.keys("j");
    assert_eq!(selected(&console), "2", "there is nothing below the last");
    console.keys("k k");
    assert_eq!(selected(&console), "47");
    console.keys("esc");
    assert_eq!(selected(&console), "47", "back to where the page began");
}

#[test]
fn the_selection_is_visible_wherever_it_is() {
    for (name, world) in states() {
        for (width, height) in [(60, 16), (80, 24), (100, 40), (120, 20), (160, 45)] {
            let mut console = world.console(width, height, "default");
            console.keys("G");
            for way in ["k", "backtab"] {
                for step in 0..12 {
                    let screen = console.screen();
                    assert!(screen.contains('›'), "{name} at {width}x{height}, {step} times {way}:\n{screen}");
                    console.keys(way);
                }
            }
        }
    }
}

#[test]
fn tab_goes_from_section_to_section_and_round() {
    let mut console = live().console(80, 24, "default");
    let mut seen = Vec::new();
    for _ in 0..5 {
        console.keys("tab");
        seen.push(selected(&console));
    }
    assert_eq!(seen, ["source", "state", "12", "Failures, 24 h", "47"]);
    console.keys("backtab");
    assert_eq!(selected(&console), "Failures, 24 h");
    console.keys("backtab backtab backtab");
    assert_eq!(selected(&console), "source");
    console.keys("backtab");
    assert_eq!(selected(&console), "47", "before the first section comes the last, at its first row");
}

#[test]
fn in_two_columns_up_and_down_stay_in_theirs() {
    let mut console = live().console(160, 45, "default");
    assert_eq!(selected(&console), "47");
    console.keys("k k");
    assert_eq!(selected(&console), "47");
    console.keys("tab G");
    assert_eq!(selected(&console), "10:02");
    console.keys("j");
    assert_eq!(selected(&console), "10:02");
    console.keys("g g");
    assert_eq!(selected(&console), "source");
}

#[test]
fn nothing_is_selected_while_all_is_well_until_somebody_moves() {
    let mut console = World::idle().console(80, 24, "default");
    assert_eq!(selected(&console), "nothing");
    console.keys("enter");
    assert!(console.screen().contains("open, follow: nothing is selected"), "{}", console.screen());
    console.keys("j");
    assert_eq!(selected(&console), "source");
    console.keys("esc k");
    assert_eq!(selected(&console), "Failures, 24 h");
}

#[test]
fn every_row_can_be_followed() {
    for (keys, wanted) in [
        ("enter", PageId::Log),
        ("g g j j enter", PageId::Directory),
        ("g g j j j j enter", PageId::Directory),
        ("g g j j j j j enter", PageId::Log),
        ("g g j j j j j j enter", PageId::Log),
    ] {
        let mut console = live().console(80, 24, "default");
        console.keys(keys);
        assert_eq!(view(&console), wanted, "{keys}");
    }
    for (keys, wanted) in
        [("g g enter", PageId::Test), ("g g j enter", PageId::Test), ("g g j j j enter", PageId::Settings)]
    {
        let mut console = live().console(80, 24, "default");
        console.keys(keys);
        assert_eq!(console.state.top().id(), wanted, "{keys}");
    }
    let mut console = World::held().console(80, 24, "default");
    console.keys("enter");
    assert_eq!(view(&console), PageId::Plan, "held operations are decided in the plan");
}

#[test]
fn what_to_do_about_a_quarantine_leads_there() {
    for (keys, wanted) in [("enter", PageId::Mapping), ("j j enter", PageId::Plan)] {
        let mut console = World::quarantined().console(80, 24, "default");
        console.keys(keys);
        assert_eq!(view(&console), wanted, "{keys}");
    }
    let mut console = World::quarantined().console(80, 24, "default");
    console.keys("j enter");
    assert_eq!(console.state.top().id(), PageId::Provision);
    let mut console = World::quarantined().console(80, 24, "default");
    console.keys("j j j enter");
    // A restart writes: without write mode it says why not, and nothing was asked for.
    assert!(console.screen().contains("write off"), "{}", console.screen());
    assert!(!console.take().iter().any(|effect| matches!(effect, Effect::Desk(..))));
}

#[test]
fn p_provisions_an_example_of_the_selected_cause() {
    let mut console = live().console(80, 24, "default");
    assert_eq!(console.state.top().object().unwrap().id, "user-1");
    console.keys("j");
    assert_eq!(console.state.top().object().unwrap().id, "user-2");
    console.keys("p");
    assert_eq!(console.state.top().id(), PageId::Provision);

    assert_eq!(World::held().console(80, 24, "default").state.top().object(), None, "held operations are selected");
    let mut console = live().console(80, 24, "default");
    console.keys("g g");
    assert_eq!(console.state.top().object(), None);
    console.keys("p");
    assert!(console.screen().contains("needs a user or group"), "{}", console.screen());
}

#[test]
fn r_asks_both_sides_for_a_sign_of_life_and_tells_what_they_said() {
    let mut console = World::offline().console(80, 24, "default");
    console.keys("r");
    let effects = console.take();
    let ticket = effects.iter().find_map(|effect| match effect {
        Effect::Desk(PageId::Overview, ticket, Request::Test) => Some(*ticket),
        _ => None,
    });
    let ticket = ticket.unwrap_or_else(|| panic!("no test was asked for: {effects:?}"));
    assert!(console.screen().contains("… testing"), "{}", console.screen());
    console.keys("r");
    assert!(console.screen().contains("being tested already"));
    let asked = console.take();
    assert!(!asked.iter().any(|effect| matches!(effect, Effect::Desk(..))), "{asked:?}");

    let step = |ok: bool, message: &str| ConnectionStep {
        side: Side::Directory,
        name: "sign in to the directory".into(),
        ok,
        ms: 120,
        message: message.into(),
    };
    let failed =
        ConnectionTest { ok: false, steps: vec![step(false, "no \u{1b}[31mroute")], ..ConnectionTest::default() };
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Test(failed)))));
    let screen = console.screen();
    assert!(screen.contains("sign in to the directory: no ␛[31mroute"), "{screen}");
    assert!(!screen.contains("… testing"), "{screen}");
    assert!(console.take().iter().any(|effect| matches!(effect, Effect::Query(AnyQuery::Overview(_)))));

    console.keys("r");
    let ticket = console.take().iter().find_map(|e| if let Effect::Desk(_, t, _) = e { Some(*t) } else { None });
    let steps = vec![step(true, "signed in"), step(true, "read")];
    let test = ConnectionTest { ok: true, steps, ..ConnectionTest::default() };
    console.event(Event::Desk(ticket.unwrap(), News::Done(Ok(Reply::Test(test)))));
    assert!(console.screen().contains("both sides answer: 2 steps in 0.24 s"), "{}", console.screen());
}

#[test]
fn z_gives_the_causes_the_whole_page() {
    let mut world = live();
    for id in 4..40 {
        world.glance.causes.push(cause(
            id,
            1,
            "Timeout",
            "no answer in time",
            &format!("attribute{id}"),
            "408",
            "10:00",
        ));
    }
    let mut console = world.console(80, 24, "default");
    assert!(console.screen().contains("↓ 36 more"), "{}", console.screen());
    console.keys("z");
    assert!(console.screen().contains("▌Needs attention"), "{}", console.screen());
    assert!(console.screen().contains("↓ 21 more"), "{}", console.screen());
    insta::assert_snapshot!("zoomed_80x24", console.screen());
    console.keys("G");
    let screen = console.screen();
    assert!(screen.contains("attribute39") && !screen.contains("more"), "{screen}");
    let place = |console: &Console| console.screen().lines().position(|line| line.contains(" › "));
    let last = place(&console);
    console.keys("k k");
    assert_eq!(place(&console), last.map(|row| row - 2), "the list stands still while the selection moves in it");
    console.keys("esc");
    assert!(console.screen().contains("▌Connections"), "{}", console.screen());
    assert!(!console.screen().contains("▌Needs attention"));

    let mut console = World::idle().console(80, 24, "default");
    console.keys("z");
    assert!(console.screen().contains("nothing needs attention"));
}

#[test]
fn a_long_list_of_causes_scrolls_on_the_page() {
    let mut world = live();
    for id in 4..40 {
        world.glance.causes.push(cause(
            id,
            1,
            "Timeout",
            "no answer in time",
            &format!("attribute{id}"),
            "408",
            "10:00",
        ));
    }
    for (width, height) in [(80, 24), (160, 45)] {
        let mut console = world.console(width, height, "default");
        console.keys("G");
        // In two columns the selection is on the right, where the causes are.
        assert!(console.screen().contains("attribute39"), "{}", console.screen());
        console.keys("g g");
        let first = if width == 160 { "phone.work" } else { "source" };
        assert!(console.screen().contains(first), "{}", console.screen());
    }
}

#[test]
fn what_was_selected_stays_selected_when_the_numbers_change() {
    let mut world = live();
    let mut console = world.console(80, 24, "default");
    console.keys("j");
    assert_eq!(selected(&console), "11");
    // The second cause becomes the first one.
    world.glance.causes.swap(0, 1);
    world.glance.causes[0].objects = (99, false);
    console.answer(PageId::Overview, world.answer());
    assert_eq!(selected(&console), "99");
    // It is gone: the selection is where it would begin.
    world.glance.causes.remove(0);
    console.answer(PageId::Overview, world.answer());
    assert_eq!(selected(&console), "47");
}

#[test]
fn the_next_try_is_counted_down_and_ages_grow_by_themselves() {
    let mut console = World::offline().console(80, 24, "default");
    assert!(console.screen().contains("Next try in 41 s (attempt 9)."), "{}", console.screen());
    console.wait(1.0);
    assert!(console.screen().contains("Next try in 40 s (attempt 9)."), "{}", console.screen());

    let mut console = live().console(80, 24, "default");
    assert!(console.screen().contains("✓ fresh              10 s"), "{}", console.screen());
    console.wait(3.0);
    assert!(console.screen().contains("✓ fresh              15 s"), "{}", console.screen());
}

#[test]
fn a_running_cycle_says_how_long_it_still_takes() {
    let mut world = World::running();
    let mut console = world.console(80, 24, "default");
    assert!(!console.screen().contains("left"), "nothing can be said yet");
    console.wait(10.0);
    world.glance.job.progress.as_mut().unwrap().done = 2_204;
    console.answer(PageId::Overview, world.answer());
    // A hundred a second, 2 014 left.
    assert!(console.screen().contains("applying · 2 204 of 4 218 · about 25 s left"), "{}", console.screen());
}

#[test]
fn a_store_that_cannot_be_read_is_named_and_what_is_known_stays() {
    let mut console = live().console(80, 24, "default");
    let why = crate::text::show("cannot read the database: disk I/O error");
    console.event(Event::Answer(crate::console::query::Slot(PageId::Overview, 0), Err(why)));
    let screen = console.screen();
    assert!(screen.contains("The store cannot be read. What is shown was read before."), "{screen}");
    assert!(screen.contains("disk I/O error") && screen.contains("phone.work"), "{screen}");
    console.answer(PageId::Overview, live().answer());
    assert!(!console.screen().contains("cannot be read"), "{}", console.screen());
}

#[test]
fn y_offers_what_the_selection_is_about() {
    let offered = |world: &World, keys: &str| -> Vec<(&'static str, String)> {
        let mut console = world.console(80, 24, "default");
        console.keys(keys);
        console.state.top().copies(&console.state.shared).into_iter().map(|item| (item.what, item.text)).collect()
    };
    let cause = offered(&live(), "");
    let what: Vec<&str> = cause.iter().map(|(what, _)| *what).collect();
    assert_eq!(what, ["reason", "code", "example", "command"]);
    assert_eq!(cause[1].1, "UnprocessableEntity");
    assert_eq!(cause[3].1, "heeler status");
    assert_eq!(offered(&live(), "g g j j j j j")[0], ("cycle id", "c9".to_owned()));
    let offline = offered(&World::offline(), "");
    assert_eq!(offline[0], ("error", "could not resolve login.example (no route)".to_owned()));
}

#[test]
fn what_another_process_found_long_ago_is_old_until_it_is_tried_again() {
    let mut world = World::reopened();
    let mut console = world.console(80, 24, "default");
    let screen = console.screen();
    for words in ["old · 16 m", "· was ready", "16 m ago", "Neither side was tried since 13:50.", "is under way"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert!(!screen.contains("live") && !screen.contains("✓ ready") && !screen.contains("✓ fresh"), "{screen}");
    // Who watches sees what the process that runs the job found: it is not older than its cycles are apart.
    world.runner = Runner::Elsewhere { command: show("heeler run"), pid: 4711, host: show("ops-1") };
    assert!(world.console(80, 24, "default").screen().contains("live · 16 m"));
    world.runner = Runner::Here;
    // Found out since: now it is known.
    console.standing(live().standing);
    console.answer(PageId::Overview, live().answer());
    assert!(console.screen().contains("live · 10 s"), "{}", console.screen());
}

#[test]
fn a_side_that_was_not_tried_since_the_other_went_away_says_nothing() {
    let mut world = World::offline();
    world.standing.health.app = Some(SideHealth { at: "2026-11-24T10:54:10Z".into(), ..side(SideState::Ready, 210) });
    world.glance.health = world.standing.health.clone();
    let screen = world.console(80, 24, "default").screen();
    assert!(screen.contains("- not tried") && !screen.contains("ready"), "{screen}");
}

#[test]
fn the_header_has_no_number_that_goes_back_while_a_cycle_runs() {
    let mut world = World::running();
    let before = world.console(80, 24, "default").screen().lines().next().unwrap().to_owned();
    assert!(before.contains("running · 10 s") && !before.contains('%'), "{before}");
    for phase in ["listing people in the app", "applying"] {
        world.glance.job.progress =
            Some(Progress { phase: phase.into(), done: 45, total: Some(45), updated_at: String::new() });
        world.standing.progress = world.glance.job.progress.clone();
        assert_eq!(world.console(80, 24, "default").screen().lines().next().unwrap(), before);
    }
}

#[test]
fn cycles_that_fail_as_a_whole_are_told_here_and_in_the_log() {
    let mut world = World::failing();
    world.glance.causes.clear();
    let mut console = world.console(160, 45, "default");
    let screen = console.screen();
    assert!(screen.contains("✗ the last 3 cycles failed as a whole") && !screen.contains("nothing failed"), "{screen}");
    console.keys("4");
    let causes = crate::console::view::log::Answer::Causes(1, crate::store::log::Causes::default());
    console.answer(PageId::Log, crate::console::query::Answer::Log(causes));
    let screen = console.screen();
    assert!(screen.contains("the last 3 cycles failed, since 12:42"), "{screen}");
    assert!(screen.contains("401 Unauthorized; check the secret token"), "{screen}");
}

#[test]
fn one_of_several_jobs_says_so() {
    let mut console = live().console(80, 24, "default");
    assert!(!console.screen().contains("job 1 of"), "{}", console.screen());
    console.state.shared.job.jobs = ["nightly-users", "b", "c", "d"].map(str::to_owned).to_vec();
    let screen = console.screen();
    assert!(screen.lines().next().unwrap().contains("PROD   job 1 of 4"), "{screen}");
    assert!(screen.contains("job 1 of 4 · `:` chooses another"), "{screen}");
}

#[test]
fn keys_that_the_text_names_are_in_the_hints() {
    for (world, keys) in [
        (World::off(), &["t test", "o settings"][..]),
        (World::failing(), &["t test", "o settings"]),
        (World::quarantined(), &["R restart…", "t test", "o settings"]),
    ] {
        let screen = world.console(80, 24, "default").screen();
        let hints = screen.lines().last().unwrap();
        assert!(keys.iter().all(|key| hints.contains(key)), "{keys:?}: {hints}");
    }
}

#[test]
fn the_reason_of_a_quarantine_has_room_for_what_the_service_said() {
    let mut world = World::quarantined();
    if let Some(quarantine) = &mut world.glance.job.quarantine {
        quarantine.error = "GET http://127.0.0.1:34827/scim/v2/Users: the server answered 401: The token is not known \
                            here; check the secret token, and that the account that it belongs to may read and change \
                            users and groups"
            .into();
    }
    let screen = world.console(80, 30, "default").screen();
    assert!(screen.contains("users and groups") && !screen.contains("34827"), "{screen}");
}

#[test]
fn who_is_in_scope_is_counted_when_no_cycle_runs() {
    let mut world = World::running();
    let mut console = world.console(80, 24, "default");
    let counts = |console: &mut Console| {
        let scope = |e: &Effect| matches!(e, Effect::Query(AnyQuery::Overview(Query::Scope)));
        console.take().iter().filter(|e| scope(e)).count()
    };
    for _ in 0..3 {
        // People come all the time while the directory is read for the first time.
        world.glance.job.users += 1000;
        console.answer(PageId::Overview, world.answer());
    }
    assert_eq!(counts(&mut console), 0);
    for cycle in &mut world.glance.job.cycles {
        cycle.state = CycleState::Succeeded;
    }
    for _ in 0..3 {
        console.answer(PageId::Overview, world.answer());
    }
    assert_eq!(counts(&mut console), 1, "once for what there is now");
}
