//! Hostile text, and every size there is.

use super::world::{End, World, entry};
use crate::console::page::Page;
use crate::console::testing::{draw_page, shared};
use crate::console::view::log::state::{Log, Pane};
use crate::text::needs_cleaning;

const HOSTILE: [&str; 9] = [
    "a\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{9b}31m\u{90}q\u{9c}",
    "\u{202e}gnp.exe\u{2066}x",
    "zero\u{200b}width\u{feff}\u{e0041}",
    "line\r\nbreak\ttab\u{8}\u{0}",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦 family",
    "z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}algo",
    "諸葛 秀英 諸葛 秀英 諸葛 秀英 諸葛 秀英 諸葛 秀英",
    "=cmd|' /C calc'!A0",
];

fn hostile() -> World {
    let world = World::empty();
    let mut entries = Vec::new();
    for (n, text) in HOSTILE.into_iter().enumerate() {
        let reason = format!("the app refused (400 {text}): {text}");
        let path = format!("{text}[type eq \"{text}\"].value");
        let mut hostile = entry(n as u32, 60, n, &End::Failure(text, &reason), &[(&path, Some(text), text)]);
        hostile.source_identity.display_name = text.into();
        hostile.source_identity.id = format!("id {text}");
        hostile.target_identity.id = text.into();
        hostile.provisioning_action = text.into();
        hostile.change_id = text.into();
        hostile.cycle_id = text.into();
        hostile.initiated_by.display_name = text.into();
        for step in &mut hostile.provisioning_steps {
            step.description = text.into();
            step.provisioning_step_type = text.into();
            step.details.insert(text.into(), text.into());
        }
        entries.push(hostile);
    }
    world.add(entries);
    world
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let world = hostile();
    for (width, height) in [(80, 24), (160, 45)] {
        let mut console = world.at(width, height);
        for keys in ["", "esc", "tab", "j", "j", "j", "enter", "v", "ctrl-d", "n", "n", "n", "n", "n", "esc", "z"] {
            console.keys(keys).wait(0.3);
            let (buffer, _) = console.buffer();
            for cell in buffer.content() {
                assert!(!needs_cleaning(cell.symbol()), "{:?} after {keys:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn every_size_is_drawn() {
    let world = World::filled();
    let console = |keys: &str, width, height| {
        let mut console = world.at(width, height);
        console.keys(keys).wait(0.3);
        console
    };
    // Through the frame, which refuses what is too small.
    for (width, height) in
        [(60, 16), (61, 17), (79, 23), (99, 30), (100, 60), (119, 35), (120, 36), (149, 20), (220, 60)]
    {
        for keys in ["", "tab enter", "z", "tab z", "/ \"grace\""] {
            let screen = console(keys, width, height).screen();
            assert_eq!(screen.lines().count(), usize::from(height));
        }
    }
    // And the page alone, at any size: nothing of it may depend on the frame's limit.
    let shared = shared(160, 45, "default");
    let filled = |pane, zoom, full| {
        let mut log = Log::default();
        world.fill(&mut log);
        (log.pane, log.zoom, log.full) = (pane, zoom, full);
        log
    };
    let pages = [
        filled(Pane::Causes, false, None),
        filled(Pane::Events, true, None),
        filled(Pane::Causes, true, None),
        filled(Pane::Detail, false, None),
        filled(Pane::Events, false, Some(3)),
        Log::default(),
    ];
    let widths = (1..=220).step_by(11).chain([2, 3, 4, 59, 60, 77, 78, 79, 80, 119, 120, 149, 150, 219, 220]);
    for (turn, width) in widths.enumerate() {
        for height in 1..=60 {
            let page: &dyn Page = &pages[(turn + usize::from(height)) % pages.len()];
            let text = draw_page(page, &shared, width, height);
            assert_eq!(text.lines().count(), usize::from(height));
        }
    }
}
