//! The first-run page: keys in, screen out.

use super::*;
use crate::console::shared::WriteMode;
use crate::console::testing::{Console, shared};

fn opened(width: u16, height: u16, theme: &str, sandbox: bool) -> Console {
    let mut shared = shared(width, height, theme);
    if sandbox {
        shared.job.sandbox = true;
        shared.job.config_file = None;
        shared.job.jobs = vec!["sandbox".into()];
        shared.job.environment = show("sandbox");
        shared.job.production = false;
        shared.write = WriteMode::Open;
    }
    shared.job.data_dir = "/home/ada/.local/share/heeler/a/folder/with/a/rather/long/name".into();
    let mut console = Console::with(shared);
    console.keys(": \"connect\" enter");
    console
}

#[test]
fn both_states_at_both_sizes_and_without_colour() {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            for (name, sandbox) in [("sandbox", true), ("job", false)] {
                let console = opened(width, height, theme, sandbox);
                insta::assert_snapshot!(format!("connect_{name}_{width}x{height}_{theme}"), console.picture());
            }
        }
    }
}

#[test]
fn commands_are_copied_and_pages_opened() {
    let mut console = opened(80, 24, "default", true);
    console.take();
    console.keys("j enter");
    let copied = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Copy { text, .. } => Some(text),
            _ => None,
        })
    };
    assert_eq!(copied(console.take()).as_deref(), Some("heeler secret set flock"));
    console.keys("G enter");
    assert_eq!(console.state.view(), PageId::Plan);
    let mut console = opened(80, 24, "default", false);
    console.keys("enter");
    assert_eq!(console.state.top().id(), PageId::Test);
    console.keys("esc j enter");
    assert_eq!(console.state.top().id(), PageId::Settings);
}

#[test]
fn every_size_has_a_picture() {
    for sandbox in [true, false] {
        let console = opened(80, 24, "default", sandbox);
        for (width, height) in crate::console::testing::sizes() {
            crate::console::testing::draw_page(console.state.top(), &console.state.shared, width, height);
        }
    }
}
