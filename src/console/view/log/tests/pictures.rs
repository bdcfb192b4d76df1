//! What every state looks like.

use super::world::{End, World, entry, refused};
use crate::console::event::Event;
use crate::console::testing::shared;

/// Pictures at both sizes of the design, in colours and without.
fn pictures(name: &str, world: &World, keys: &str, then: impl Fn(&World) -> bool) {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            let mut console = world.console(shared(width, height, theme));
            console.keys(keys).wait(1.0);
            if then(world) {
                console.event(Event::Changed).wait(2.0);
            }
            insta::assert_snapshot!(format!("log_{name}_{width}x{height}_{theme}"), console.picture());
        }
    }
}

fn look(name: &str, world: &World, keys: &str) {
    pictures(name, world, keys, |_| false);
}

#[test]
fn a_day_with_failures() {
    let world = World::filled();
    look("following", &world, "");
    look("all", &world, "esc");
    look("events", &world, "tab j");
    look("second_cause", &world, "j");
    look("warnings", &world, "j j j enter");
    look("open", &world, "tab enter");
    look("full", &world, "tab j v ctrl-d");
    look("zoomed", &world, "esc tab z");
    look("zoomed_causes", &world, "z");
    look("filtered", &world, "esc / \"grace status:failure\" enter");
    look("typing", &world, "esc / \"ad\"");
    look("nothing_matches", &world, "/ \"engz\" enter");
}

#[test]
fn paused_while_more_comes() {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            let world = World::filled();
            let mut console = world.console(shared(width, height, theme));
            console.keys("tab j").wait(0.3);
            world.add((0..6).map(|n| refused(900 + n, 5, 2)).collect());
            console.event(Event::Changed).wait(2.0);
            insta::assert_snapshot!(format!("log_paused_{width}x{height}_{theme}"), console.picture());
        }
    }
}

#[test]
fn days_without_failures() {
    look("empty", &World::empty(), "");
    let fine = (0..4).map(|n| entry(n, 400 - i64::from(n), 1, &End::Success, &[("title", Some("Lead"), "Head")]));
    look("no_failures", &World::with(fine.collect()), "");
}

#[test]
fn a_day_with_too_many_causes() {
    let reason = |n: u32| {
        format!("the app refused (400 invalidValue): rule {} says no", ["one", "two", "three"][n as usize % 3])
    };
    let codes = ["UnprocessableEntity", "EntryConflict", "InvalidDomain", "SomethingNew", "LicenseLimitExceeded"];
    let entries = (0..60)
        .map(|n| entry(n, 4000 - i64::from(n) * 60, n as usize, &End::Failure(codes[n as usize % 5], &reason(n)), &[]))
        .collect();
    look("many_causes", &World::with(entries), "j j j j j j");
}
