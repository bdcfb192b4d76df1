//! A paste is text. Whatever is in it, however it comes, it presses no key.

use super::pty::{AGES, Start, Term};
use std::time::Duration;

const VIEWS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// Which view it is, and whether it may write: the tabs and the ends of the header, without the age between them.
fn head(term: &Term) -> Vec<String> {
    let header = term.row(0);
    let mode = header.split_whitespace().last().unwrap_or_default().to_owned();
    vec![header.chars().take(40).collect(), mode, term.row(1), term.row(2)]
}

/// After a paste: the same view, in the same mode, nothing opened.
fn nothing_was_pressed(term: &mut Term, before: &[String], what: &str) {
    term.quiet_for(Duration::from_millis(200));
    assert!(term.alive(), "{what} ended the console");
    assert_eq!(head(term), before, "{what}\n{}", term.dump());
    // Dialogs have corners, steppers a title.
    for words in ["╭", "Provision one", "Connection test", "is running"] {
        assert!(!term.contents().contains(words), "{what} opened {words:?}\n{}", term.dump());
    }
}

#[test]
fn no_paste_is_a_command() {
    let mut term = Start::resting().start();
    term.ready();
    let commands = "W\rada\rA 12\rR\rq\r:quit\rp\r";
    let inner = format!("\x1b[200~zz\x1b[201~{commands}\x1b[201~");
    let pastes: [(&str, Vec<u8>); 5] = [
        ("with brackets", format!("\x1b[200~{commands}\x1b[201~").into_bytes()),
        ("without brackets", commands.as_bytes().to_vec()),
        ("with an end inside", inner.into_bytes()),
        ("with escapes", b"\x1b[200~\x1b[A\x1b]0;title\x07\x03\x03\x1a:q\r\x1b[201~".to_vec()),
        ("without an end", format!("\x1b[200~{commands}").into_bytes()),
    ];
    for view in VIEWS {
        term.view(view);
        let before = head(&term);
        for (what, bytes) in &pastes {
            // What is decided before any view is asked need not be tried in each.
            if what.starts_with("without an end") && view != "2" || what.ends_with("escapes") && view != "4" {
                continue;
            }
            term.raw(bytes);
            if *what == "without an end" {
                // It is given up after two seconds; ctrl-c does not have to wait for that.
                term.let_pass(Duration::from_millis(300));
                term.key("ctrl-c");
                term.wait_for("ctrl-c again leaves");
                term.let_pass(Duration::from_millis(2100));
            }
            nothing_was_pressed(&mut term, &before, &format!("a paste {what} in view {view}"));
            term.keys("esc esc");
        }
    }
    term.nothing_odd();
    term.key("q");
    assert_eq!(term.exit(), 0);
}

#[test]
fn a_large_paste_neither_hangs_nor_presses_keys() {
    let mut term = Start::resting().start();
    term.ready();
    term.view("2");
    let before = head(&term);
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.extend(b"W\rq\r".repeat(64 * 1024));
    bytes.extend(b"\x1b[201~");
    term.raw(&bytes);
    nothing_was_pressed(&mut term, &before, "a large paste");
    term.keys("esc esc q");
    assert_eq!(term.exit(), 0);
}

#[test]
fn answers_that_nobody_asked_for_are_no_keys() {
    let mut term = Start::resting().start();
    term.ready();
    let before = term.picture();
    for answer in [
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\".as_slice(),
        b"\x1b[?2026;2$y",
        b"\x1b[?62;22c",
        b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b[<0;0;0M\x1b[M   ",
        b"\x1b[24;80R",
        b"\x1b[I\x1b[O",
    ] {
        term.raw(answer);
        term.let_pass(Duration::from_millis(20));
    }
    term.quiet_for(Duration::from_millis(200));
    assert!(term.differs(&before) <= AGES, "{}", term.dump());
    // Half a sequence does not swallow keys for ever, and ctrl-c never.
    term.raw(b"\x1b]0;half");
    term.let_pass(Duration::from_millis(60));
    term.key("ctrl-c");
    term.wait_for("ctrl-c again leaves");
    term.key("ctrl-c");
    assert_eq!(term.exit(), 0);
}

#[test]
fn any_bytes_leave_it_alive_and_writing_nothing() {
    let mut term = Start::resting().start();
    term.ready();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..120 {
        let mut bytes = Vec::new();
        for _ in 0..24 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Half of them as sequences begin, none of them a way out.
            let byte = match random % 8 {
                0 => 0x1b,
                1 => b'[',
                2 => b';',
                3 => b'0' + u8::try_from(random / 8 % 10).unwrap(),
                _ => u8::try_from(random / 8 % 256).unwrap(),
            };
            if !matches!(byte, 0x03 | 0x1a | b'q' | b'Q') {
                bytes.push(byte);
            }
        }
        term.raw(&bytes);
        term.let_pass(Duration::from_millis(3));
    }
    term.let_pass(Duration::from_millis(2200));
    assert!(term.alive(), "{}", term.dump());
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
    term.nothing_odd();
    term.given_back();
}
