//! Poor terminals: without colour, without Unicode, tiny, or none at all.

use super::pty::{Start, Term};
use std::process::Stdio;
use std::time::Duration;

fn colours(term: &Term) -> usize {
    term.screen(|s| {
        let (rows, columns) = s.size();
        let cells = (0..rows.get()).flat_map(|y| (0..columns.get()).map(move |x| (y, x)));
        let coloured = |c: &vt100::Cell| c.fgcolor() != vt100::Color::Default || c.bgcolor() != vt100::Color::Default;
        cells.filter(|(y, x)| s.cell(*y, *x).is_some_and(coloured)).count()
    })
}

/// The rows of the page whose selection one can see without any colour: reversed, or with a pointer before them.
fn selected(term: &Term) -> Vec<u16> {
    term.screen(|s| {
        let columns = s.size().1.get();
        let reversed = |y: u16| (0..columns).any(|x| s.cell(y, x).is_some_and(vt100::Cell::inverse));
        // `->` and words that end in `>` are no pointers: one stands alone, at the left edge of its pane.
        let pointer = |line: &str| line.split(['│', '|']).any(|pane| pane.trim_start().starts_with(['›', '>']));
        let lines = s.rows(0, columns).enumerate();
        let marked = lines.filter_map(|(y, line)| Some((u16::try_from(y).ok()?, line)));
        marked.filter(|(y, line)| *y > 2 && (reversed(*y) || pointer(line))).map(|(y, _)| y).collect()
    })
}

/// The selection can be seen without any colour, and one sees it move.
fn one_can_see_where_one_is(term: &mut Term) {
    for view in ["1", "2", "3", "4", "5"] {
        term.view(view);
        if view == "5" {
            term.wait_for("nothing written");
            term.quiet_for(Duration::from_millis(200));
        }
        let before = selected(term);
        assert!(!before.is_empty(), "nothing is selected in view {view}\n{}", term.dump());
        if ["2", "3"].contains(&view) {
            term.key("j");
            term.quiet_for(Duration::from_millis(200));
            assert_ne!(selected(term), before, "the selection does not move in view {view}\n{}", term.dump());
        }
    }
}

#[test]
fn without_colour_nothing_is_lost() {
    let mut term = Start::resting().env("NO_COLOR", "1").start();
    term.ready();
    one_can_see_where_one_is(&mut term);
    assert_eq!(colours(&term), 0, "{}", term.dump());
    let bold = term.screen(|s| (0..80).any(|x| s.cell(0, x).is_some_and(vt100::Cell::bold)));
    assert!(bold, "attributes survive\n{}", term.dump());
    let sent = term.since(term.start());
    for code in ["[3", "[4"] {
        // 30-37, 40-47 and the long forms; 38 and 48 begin the same way.
        for digit in '0'..='8' {
            let sequence = format!("\x1b{code}{digit}m");
            assert!(!String::from_utf8_lossy(&sent.bytes).contains(&sequence), "{sequence:?}");
        }
    }
    term.nothing_odd();
}

#[test]
fn a_plain_console_and_no_locale_get_ascii() {
    for (name, value) in [("LANG", "C"), ("HEELER_GLYPHS", "ascii")] {
        let mut term = Start::resting().env(name, value).env("TERM", "linux").start();
        term.ready();
        one_can_see_where_one_is(&mut term);
        let ours: Vec<char> =
            term.contents().chars().filter(|c| "▌›│─━▏✓✗≠±·…→↑↓●○▁▂▃▄▅▆▇█╭╮╰╯".contains(*c)).collect();
        assert!(ours.is_empty(), "{name}={value}: {ours:?}\n{}", term.dump());
        term.key("q");
        assert_eq!(term.exit(), 0);
    }
}

#[test]
fn a_tiny_terminal_is_told_what_is_needed_and_grows() {
    let mut term = Start::resting().size(20, 6).start();
    term.wait_for("60×16");
    term.keys("2 j j enter : esc");
    term.wait_for("20×6");
    term.resize(80, 24);
    term.wait_for("2 Directory");
    term.resize(3, 1);
    term.quiet();
    assert!(term.alive());
    term.resize(80, 24);
    term.ready();
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
}

#[test]
fn without_a_terminal_it_prints_lines() {
    let home = tempfile::tempdir().unwrap();
    let mut command = super::common::home::binary(home.path());
    let done = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!said.contains('\x1b') && said.contains("sandbox"), "{said}");
}

#[test]
fn a_dumb_terminal_and_plain_get_lines() {
    for (start, what) in [
        (Start::resting().env("TERM", "dumb"), "TERM=dumb"),
        (Start::resting().arg("--plain"), "--plain"),
        (Start::resting().without("TERM"), "no TERM"),
    ] {
        let term = start.start();
        term.wait_for("sandbox");
        term.quiet();
        term.screen(|s| assert!(!s.alternate_screen(), "{what}"));
        let sent = term.since(term.start());
        assert!(!sent.bytes.contains(&0x1b), "{what}: {}", sent.spelled());
    }
}
