//! Keys in, screen out, over a store that the test fills.

mod budget;
mod pictures;
mod world;

use super::super::log::query::Scope;
use super::*;
use crate::console::event::Event;
use crate::console::page::Focus;
use crate::console::testing::Console;
use world::{CYCLE, End, PHONE, World, entry, refused};

/// The row that has the focus, or is marked in a pane without it: those with `›`.
fn marked(console: &Console) -> Vec<String> {
    let screen = console.screen();
    screen.lines().filter(|line| line.starts_with(" ›")).map(|line| line.trim_start().to_owned()).collect()
}

fn title(console: &Console, name: &str) -> String {
    let screen = console.screen();
    let line = screen.lines().find(|line| line.get(1..).is_some_and(|l| l.trim_start_matches('▌').starts_with(name)));
    let line = line.unwrap_or_default().trim_start_matches('▌').trim();
    line.split(" │").next().unwrap_or_default().trim().to_owned()
}

#[test]
fn it_opens_on_the_first_cause_and_its_events() {
    let console = World::filled().at(80, 24);
    let screen = console.screen();
    assert!(screen.contains("▌Causes   60 failures · 12 warnings in 24 h"), "{screen}");
    assert!(screen.contains(" ›  47  target rejects value     phoneNumbers.w…  400 invalidValue"), "{screen}");
    assert!(screen.contains(" Events   47 of 204   cause 1"), "{screen}");
    assert!(screen.contains("following"), "{screen}");
    assert_eq!(marked(&console).len(), 2, "{screen}");
    assert!(screen.contains("phone number \"+1 212 555 0142\" of type work is not E.164"), "{screen}");
}
