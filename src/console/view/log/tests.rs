//! Keys in, screen out, over a store that the test fills.

mod actions;
mod budget;
mod pictures;
mod sizes;
pub(in crate::console) mod world;

use crate::console::testing::Console;

/// Rows that are selected, in either pane: those with `›`.
fn marked(console: &Console) -> Vec<String> {
    let screen = console.screen();
    screen.lines().filter_map(|line| line.strip_prefix(" ›")).map(|line| line.trim().to_owned()).collect()
}

/// The title line of a pane, without its bar.
fn title(console: &Console, name: &str) -> String {
    let screen = console.screen();
    let lines = screen.lines().filter_map(|line| line.strip_prefix([' ', '▌']));
    lines.filter(|line| line.starts_with(name)).map(str::to_owned).next().unwrap_or_default()
}
