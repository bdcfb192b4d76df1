//! Pictures of every state.

use super::fixture::{World, live, states};
use crate::console::style::{Glyphs, Look};
use crate::text::width;
use insta::assert_snapshot;

#[test]
fn every_state_at_80x24() {
    for (name, world) in states() {
        assert_snapshot!(format!("{name}_80x24"), world.console(80, 24, "default").picture());
    }
}

#[test]
fn every_state_at_160x45() {
    for (name, world) in states() {
        assert_snapshot!(format!("{name}_160x45"), world.console(160, 45, "default").picture());
    }
}

#[test]
fn every_state_without_colour() {
    for (name, world) in states() {
        assert_snapshot!(format!("{name}_80x24_mono"), world.console(80, 24, "mono").picture());
        assert_snapshot!(format!("{name}_160x45_mono"), world.console(160, 45, "mono").picture());
    }
}

#[test]
fn in_between_and_at_the_edges() {
    for (columns, rows) in [(60, 16), (70, 20), (100, 40), (119, 30), (120, 30), (220, 60)] {
        assert_snapshot!(format!("live_{columns}x{rows}"), live().console(columns, rows, "default").screen());
    }
}

#[test]
fn in_ascii() {
    for (name, world) in [("live", live()), ("quarantined", World::quarantined()), ("offline", World::offline())] {
        for (columns, rows) in [(80, 24), (160, 45)] {
            let look = Look::built_in("mono", Glyphs::ascii()).unwrap();
            let console = world.console_in(columns, rows, look);
            let screen = console.screen();
            assert_snapshot!(format!("{name}_{columns}x{rows}_ascii"), screen);
        }
    }
}

/// Whatever the size: no line is wider than the screen, nothing is cut in the middle of a word without a mark, and
/// the page draws nothing outside of its place.
#[test]
fn every_state_at_every_size() {
    for (name, world) in states() {
        for columns in [60, 72, 80, 100, 119, 120, 160, 220] {
            for rows in [16, 17, 20, 24, 31, 60] {
                let console = world.console(columns, rows, "default");
                let screen = console.screen();
                assert_eq!(screen.lines().count(), usize::from(rows), "{name} at {columns}x{rows}");
                assert!(screen.lines().all(|line| width(line) <= usize::from(columns)), "{name} at {columns}x{rows}");
                let trouble = ["Connections", "Job", "too small"].iter().any(|word| screen.contains(word));
                assert!(trouble, "{name} at {columns}x{rows}:\n{screen}");
            }
        }
    }
}
