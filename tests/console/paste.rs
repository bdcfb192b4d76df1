//! A paste is text. Whatever is in it, however it comes, it presses no key.

use super::common::{Home, Requests, Sandbox, Setup};
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

/// A job in production that has run once and is off now: whatever is written is written by a key.
fn quiet_job() -> (Sandbox, Home) {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "3"]);
    let setup = Setup::of(&sandbox).line("environment = \"live\"");
    let home = setup.home();
    home.sync();
    home.write(&setup.line("enabled = false"));
    (sandbox, home)
}

/// Requests that change something, in the directory or in the app.
fn writes(requests: &Requests) -> u64 {
    let graph: u64 = ["POST", "PUT", "PATCH", "DELETE"].iter().map(|m| requests.count("graph", m, "")).sum();
    graph + requests.app_writes()
}

#[test]
fn a_paste_into_a_layer_is_text_in_its_input() {
    let (sandbox, home) = quiet_job();
    let (before, config) = (sandbox.requests(), std::fs::read_to_string(&home.config).unwrap());
    let mut term = Start::configured(&home).start();
    term.ready();
    let paste = |term: &mut Term, text: &str| {
        term.raw(format!("\x1b[200~{text}\r\x1b[201~").as_bytes());
        term.quiet_for(Duration::from_millis(300));
        assert!(term.alive(), "{text:?} ended the console");
    };
    // The palette: found, not done.
    term.key(":");
    paste(&mut term, "quit");
    term.wait_for("close, quit");
    term.key("esc");
    // The box that unlocks: typed, not unlocked.
    term.key("W");
    term.wait_for("type the first 3 letters");
    paste(&mut term, "main");
    assert!(term.contents().contains("type the first 3 letters"), "{}", term.dump());
    assert!(term.row(0).contains("read-only"), "{}", term.dump());
    term.key("esc");
    // A field of the settings: typed, neither kept nor saved.
    term.key("o");
    term.wait_for("deletion threshold");
    term.keys("j j j j j j enter");
    paste(&mut term, "400\rA");
    assert!(!term.contents().contains("not saved"), "{}", term.dump());
    term.keys("esc esc");
    term.quiet_for(Duration::from_millis(200));
    assert_eq!(std::fs::read_to_string(&home.config).unwrap(), config);
    assert_eq!(writes(&sandbox.requests().since(&before)), 0);
    term.nothing_odd();
    term.keys("ctrl-c ctrl-c");
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
    let (sandbox, home) = quiet_job();
    let (before, config) = (sandbox.requests(), std::fs::read_to_string(&home.config).unwrap());
    let mut term = Start::configured(&home).start();
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
    assert!(!term.row(0).contains("WRITE"), "{}", term.dump());
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
    // In the directory, in the app and in the configuration: nothing.
    let sent = sandbox.requests().since(&before);
    assert_eq!(writes(&sent), 0, "{sent:?}");
    assert_eq!(std::fs::read_to_string(&home.config).unwrap(), config);
    term.nothing_odd();
    term.given_back();
}
