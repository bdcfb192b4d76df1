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
            // The first step pauses, which is said once; the cost of holding `j` is that of the others.
            console.keys("tab");
            let bytes = wire.bytes(&console);
            assert!(bytes <= focus, "focus: {bytes} bytes at {width}×{height}: {}", wire.last());
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

#[test]
fn following_costs_a_line_and_seldom_more() {
    for (width, height, most) in [(80, 24, 250), (160, 45, 300)] {
        let world = World::filled();
        let mut console = world.at(width, height);
        world.running();
        console.keys("esc").event(Event::Changed).wait(2.0);
        assert!(console.screen().contains("following"));
        let mut wire = Wire::new(&console);
        let (mut sum, lines) = (0, 22);
        for n in 0..lines {
            let (number, who) = (width as u32 * 100 + n, n as usize);
            // One in five fails, which also counts up its cause.
            let next = if n % 5 == 0 {
                refused(number, 3, who)
            } else {
                entry(number, 3, who, &End::Success, &[("title", Some("Lead"), "Head of research")])
            };
            world.add(vec![next]);
            console.event(Event::Changed).wait(1.0);
            sum += wire.bytes(&console);
        }
        let mean = sum / lines as usize;
        assert!(console.screen().contains("running"), "{}", console.screen());
        assert!(mean <= most, "{mean} bytes for a line at {width}×{height}\n{}", console.screen());
    }
}
