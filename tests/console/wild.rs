//! What nobody plans: random keys, damaged rows, a process that is killed.

use super::common::{Sandbox, Setup, faults, wait_until};
use super::pty::{AGES, Start};
use rustix::process::Signal;
use std::time::Duration;

#[test]
fn after_any_keys_the_screen_is_what_a_full_paint_shows() {
    // Everything but the ways out and what waits for the network.
    let keys = [
        "1", "2", "3", "4", "5", "j", "k", "G", "g g", "tab", "backtab", "enter", "esc", "space", "s", "S", "v", "n",
        "N", "z", "c", "f", "down", "up", "pagedown", "pageup", "home", "end", "ctrl-d", "ctrl-u", "/ a esc", ": esc",
        "? esc", "y esc", "V", "u esc", "m", "left", "right",
    ];
    for (columns, rows, mut random) in [(80, 24, 0x9e37_79b9_u64), (160, 45, 0x7f4a_7c15)] {
        let mut term = Start::resting().size(columns, rows).start();
        term.ready();
        let mut pressed = Vec::new();
        for round in 0..4 {
            for _ in 0..25 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let key = keys[usize::try_from(random >> 33).unwrap() % keys.len()];
                pressed.push(key);
                term.keys(key);
            }
            assert!(term.alive(), "{pressed:?}");
            // What a page asked for has come.
            term.quiet_for(Duration::from_millis(400));
            let damage = term.damage();
            assert!(damage <= AGES, "round {round}: {damage} cells differ after {pressed:?}\n{}", term.dump());
        }
        term.nothing_odd();
        term.keys("ctrl-c ctrl-c");
        assert_eq!(term.exit(), 0);
    }
}

#[test]
fn damaged_rows_are_trouble_in_a_pane_not_the_end() {
    let start = Start::resting();
    let database = start.home().join("share/heeler/jobs/sandbox.db");
    let store = rusqlite::Connection::open(&database).unwrap();
    let columns = |table: &str| -> Vec<String> {
        let mut statement = store.prepare(&format!("PRAGMA table_info({table})")).unwrap();
        let names = statement.query_map([], |row| row.get(1)).unwrap();
        names.map(Result::unwrap).collect()
    };
    // Texts that are no JSON, no times, no names of states, wherever a row has texts that are not checked.
    let mut damaged = 0;
    for table in ["users", "groups", "log", "links", "cycles", "operations", "retries"] {
        for column in columns(table) {
            let sql = format!(
                "UPDATE OR IGNORE {table} SET {column} = 'x''\u{1b}[31m{{' WHERE typeof({column}) = 'text' AND rowid % 2 = 0"
            );
            damaged += store.execute(&sql, []).unwrap_or(0);
        }
    }
    assert!(damaged > 50, "{damaged} texts damaged");
    drop(store);
    let mut term = start.start();
    term.wait_for("1 Overview");
    for view in ["2", "3", "4", "5", "1"] {
        term.view(view);
        term.keys("j j enter");
        term.quiet_for(Duration::from_millis(150));
        term.keys("esc");
        assert!(term.alive(), "view {view}\n{}", term.dump());
    }
    assert!(!term.contents().contains("panicked"), "{}", term.dump());
    term.nothing_odd();
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
    term.given_back();
}

#[test]
fn a_killed_console_opens_again() {
    let home = Start::resting().keep();
    for kill in [true, false] {
        let mut term = Start::at(&home).start();
        term.ready();
        term.wait_for("250 users");
        if kill {
            term.signal(Signal::KILL);
            term.exit();
        } else {
            term.keys("ctrl-c ctrl-c");
            assert_eq!(term.exit(), 0);
            term.given_back();
        }
    }
}

#[test]
fn a_console_that_is_killed_in_a_cycle_goes_on_where_it_was() {
    let sandbox = Sandbox::serve(&["--users", "40", "--groups", "3"]);
    sandbox.faults(&faults::rules(&[faults::latency("scim", "POST", "/Users", 300)]));
    let home = Setup::of(&sandbox).line("interval = \"5s\"").home();
    let mut term = Start::configured(&home).start();
    term.wait_for("running");
    wait_until("some have accounts", || sandbox.app("Users").len() >= 3);
    term.signal(Signal::KILL);
    term.exit();
    let made = sandbox.app("Users").len();
    let wanted = super::common::Directory::read(&sandbox).in_scope(true);
    assert!(made < wanted.len(), "it was not killed in the middle: {made} of {}", wanted.len());
    let sound = || {
        let databases = home.databases();
        assert_eq!(databases.len(), 1, "{databases:?}");
        let store = rusqlite::Connection::open(&databases[0]).unwrap();
        let said: String = store.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "ok");
    };
    sound();
    sandbox.no_faults();
    let mut term = Start::configured(&home).start();
    term.ready();
    wait_until("everybody has an account", || sandbox.app("Users").len() >= wanted.len());
    term.wait_for("live · ");
    // Nobody twice: `account` would panic.
    assert!(wanted.iter().all(|id| sandbox.account(id).is_some()));
    term.key("q");
    assert_eq!(term.exit(), 0);
    term.given_back();
    sound();
}
