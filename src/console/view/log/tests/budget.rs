//! What it costs on a wire, in bytes of one frame.

use super::world::{End, World, entry, refused};
use crate::console::event::Event;
use crate::console::terminal::{Cursor, Drawn, Output, Screen};
use crate::console::testing::Console;
use ratatui::layout::Size;
use std::io;

/// Keeps the last frame, to be looked at when it is too large.
#[derive(Default)]
struct Sink(Vec<u8>);

impl Output for Sink {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = bytes.to_vec();
        Ok(bytes.len())
    }
}

/// Counts the bytes of what changes on the screen.
struct Wire(Screen<Sink>);

impl Wire {
    fn new(console: &Console) -> Self {
        let size = Size { width: console.state.shared.width, height: console.state.shared.height };
        let mut wire = Self(Screen::on(Sink::default(), size).unwrap());
        wire.bytes(console);
        wire
    }

    fn last(&mut self) -> String {
        self.0.output().0.escape_ascii().to_string()
    }

    fn bytes(&mut self, console: &Console) -> usize {
        let drawn = self.0.draw(|buffer| {
            let cursor = console.state.draw(buffer);
            Cursor { at: cursor.at.unwrap_or_default(), shown: cursor.shown }
        });
        if drawn.unwrap() == Drawn::Sent { self.0.figures().last } else { 0 }
    }
}

#[test]
fn moving_about_costs_little() {
    let world = World::filled();
    for (width, height, cursor, focus, scroll) in [(80, 24, 250, 250, 900), (160, 45, 300, 350, 2500)] {
        for scope in ["", "esc"] {
            let mut console = world.at(width, height);
            console.keys(scope).wait(0.3);
            let mut wire = Wire::new(&console);
            console.keys("tab");
            let bytes = wire.bytes(&console);
            assert!(bytes <= focus, "focus: {bytes} bytes at {width}×{height}: {}", wire.last());
            // The first step ends following, in the title too.
            for _ in 0..3 {
                console.keys("j");
                let bytes = wire.bytes(&console);
                assert!(bytes <= cursor, "cursor: {bytes} bytes at {width}×{height} in {scope:?}: {}", wire.last());
            }
            for _ in 0..30 {
                console.keys("j");
            }
            wire.bytes(&console);
            console.keys("j");
            let bytes = wire.bytes(&console);
            assert!(bytes <= scroll, "scroll: {bytes} bytes at {width}×{height} in {scope:?}");
        }
        let mut console = world.at(width, height);
        let mut wire = Wire::new(&console);
        console.keys("j");
        let bytes = wire.bytes(&console);
        assert!(bytes <= cursor, "causes: {bytes} bytes at {width}×{height}");
    }
}

#[test]
fn typing_costs_the_letter_where_nothing_else_changes() {
    let world = World::filled();
    for (width, height) in [(80, 24), (160, 45)] {
        let mut console = world.at(width, height);
        console.keys("/ \"e\"").wait(0.3);
        let mut wire = Wire::new(&console);
        console.keys("-");
        let bytes = wire.bytes(&console);
        assert!((1..=150).contains(&bytes), "{bytes} bytes at {width}×{height}");
    }
}

#[test]
fn a_screen_at_rest_costs_nothing() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    let mut wire = Wire::new(&console);
    console.event(Event::Changed).wait(1.0);
    assert_eq!(wire.bytes(&console), 0);
}

/// A line: one in five fails, which also counts up its cause.
fn line(width: u16, n: u32) -> crate::model::LogEntry {
    let (number, who) = (u32::from(width) * 100 + n, n as usize);
    if n.is_multiple_of(5) {
        refused(number, 3, who)
    } else {
        entry(number, 3, who, &End::Success, &[("title", Some("Lead"), "Head of research")])
    }
}

/// Bytes of a second in which the console draws whenever it would.
fn second(console: &mut Console, wire: &mut Wire) -> usize {
    console.event(Event::Changed);
    let mut sum = wire.bytes(console);
    for _ in 0..10 {
        console.wait(0.1);
        sum += wire.bytes(console);
    }
    sum
}

#[test]
fn following_a_line_a_second_costs_little() {
    for (width, height) in [(80, 24), (160, 45)] {
        for cycle in [true, false] {
            let world = World::filled();
            let mut console = world.at(width, height);
            if cycle {
                world.running();
            }
            console.keys("esc").event(Event::Changed).wait(2.0);
            assert!(console.screen().contains("following"));
            let mut wire = Wire::new(&console);
            // The first ones make room, once.
            for n in 0..4 {
                world.add(vec![line(width, n)]);
                second(&mut console, &mut wire);
            }
            let seconds: Vec<usize> = (4..26)
                .map(|n| {
                    world.add(vec![line(width, n)]);
                    second(&mut console, &mut wire)
                })
                .collect();
            let mean = seconds.iter().sum::<usize>() / seconds.len();
            assert_eq!(console.screen().contains("running"), cycle, "{}", console.screen());
            assert!(
                mean <= 250,
                "{mean} bytes for a line at {width}×{height}, cycle: {cycle}\n{seconds:?}\n{}",
                console.screen()
            );
        }
    }
}

#[test]
fn blank_rows_are_closed_when_no_more_events_come() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("esc").event(Event::Changed).wait(2.0);
    let blank = |console: &Console| {
        let screen = console.screen();
        let mut below = screen.lines().skip_while(|line| !line.contains(" Events"));
        below.nth(1).is_some_and(|line| line.trim().is_empty())
    };
    assert!(!blank(&console), "{}", console.screen());
    for n in 0..3 {
        world.add(vec![line(80, n)]);
        console.event(Event::Changed).wait(1.0);
    }
    assert!(blank(&console), "{}", console.screen());
    console.wait(12.0);
    assert!(!blank(&console), "{}", console.screen());
}
