//! How the console comes and goes: whatever ends it, the terminal is given back.

use super::common::{Sandbox, Setup, faults};
use super::pty::{AGES, LIMIT, Start};
use rustix::process::Signal;
use std::time::{Duration, Instant};

#[test]
fn it_opens_on_the_sandbox_and_leaves_on_q() {
    let mut term = Start::fresh().start();
    term.wait_for("1 Overview");
    term.wait_for("sandbox → flock");
    term.screen(|s| assert!(s.alternate_screen() && s.hide_cursor() && s.bracketed_paste()));
    assert!(!term.cooked());
    // While a cycle runs it would ask.
    term.wait_for("live · ");
    term.key("q");
    assert_eq!(term.exit(), 0);
    term.given_back();
    term.nothing_odd();
}

#[test]
fn q_asks_while_a_cycle_runs() {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "2"]);
    sandbox.faults(&faults::rules(&[faults::latency("scim", "POST", "/Users", 1000)]));
    let home = Setup::of(&sandbox).home();
    let mut term = Start::configured(&home).start();
    term.wait_for("running");
    term.key("q");
    term.wait_for("A cycle is running in this process.");
    // Its default is to stay.
    term.let_pass(Duration::from_millis(600));
    term.key("enter");
    term.wait_gone("A cycle is running in this process.");
    assert!(term.alive());
    term.key("q");
    term.confirm("stay");
    assert_eq!(term.exit(), 0);
    term.given_back();
}

#[test]
fn a_worker_that_fails_is_one_line() {
    let mut term = Start::resting().env("HEELER_FAULT", "reader").start();
    term.ready();
    // Its questions are what the reader fails at.
    term.key("3");
    term.wait_for("reader was asked to fail");
    let said = term.contents();
    assert_eq!(said.lines().filter(|line| line.contains("a worker failed")).count(), 1, "{}", term.dump());
    assert!(!said.contains("panicked at"), "{}", term.dump());
    // The same reader answers the next question.
    term.view("2");
    term.wait_for("Users");
    term.keys("j j");
    term.quiet_for(Duration::from_millis(200));
    let damage = term.damage();
    assert!(damage <= AGES, "{damage} cells differ\n{}", term.dump());
    term.nothing_odd();
    term.key("q");
    assert_eq!(term.exit(), 0);
    term.given_back();
    assert_eq!(term.contents().trim(), "", "nothing is printed afterwards either");
}

#[test]
fn a_fault_while_drawing_gives_the_terminal_back_and_says_so() {
    let mut term = Start::resting().env("HEELER_FAULT", "drawing").start();
    term.ready();
    term.key(":");
    term.types("debug");
    term.key("enter");
    assert_ne!(term.exit(), 0);
    term.given_back();
    let said = term.contents();
    assert!(said.contains("heeler ended by a fault of its own: drawing was asked to fail"), "{}", term.dump());
    assert!(said.contains("The job's database is intact"), "{}", term.dump());
    term.nothing_odd();
}

#[test]
fn ctrl_c_twice_leaves() {
    let mut term = Start::resting().start();
    term.ready();
    term.key("ctrl-c");
    term.wait_for("ctrl-c again leaves");
    term.key("ctrl-c");
    assert_eq!(term.exit(), 0);
    term.given_back();
    // Nothing personal stays behind.
    assert_eq!(term.contents().trim(), "");
}

#[test]
fn signals_give_the_terminal_back() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::INT, 130)] {
        let mut term = Start::resting().start();
        term.ready();
        term.signal(signal);
        assert_eq!(term.exit(), code, "{signal:?}\n{}", term.dump());
        term.given_back();
        assert_eq!(term.contents().trim(), "");
    }
}

#[test]
fn a_signal_works_while_the_terminal_is_stalled() {
    let mut term = Start::resting().start();
    term.ready();
    term.stall(true);
    // More than the system keeps for a terminal: full repaints.
    for _ in 0..60 {
        term.key("ctrl-l");
        term.let_pass(Duration::from_millis(5));
    }
    let asked = Instant::now();
    term.signal(Signal::TERM);
    while term.alive() {
        assert!(asked.elapsed() < LIMIT, "a stalled terminal keeps the process");
        std::thread::sleep(Duration::from_millis(5));
    }
    term.stall(false);
    assert_eq!(term.exit(), 143);
    assert!(term.cooked());
}

#[test]
fn a_window_that_is_closed_ends_it() {
    let mut term = Start::resting().start();
    term.ready();
    let pid = term.pid();
    term.close();
    // Whether it notices the signal or the silence first is the system's choice.
    assert_eq!(term.exit(), 143);
    assert!(rustix::process::test_kill_process(pid).is_err());
}

#[test]
fn a_storm_of_sizes_ends_in_the_right_picture() {
    let mut term = Start::resting().start();
    term.ready();
    let before = term.mark();
    for n in 0..120_u16 {
        let (columns, rows) = if n % 2 == 0 { (60 + n % 50, 16 + n % 20) } else { (20 + n, 5 + n % 30) };
        term.resize(columns, rows);
        if n % 10 == 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    for (columns, rows) in [(1, 1), (300, 100), (80, 24)] {
        term.resize(columns, rows);
        std::thread::sleep(Duration::from_millis(5));
    }
    term.wait_for("1 Overview");
    term.quiet_for(Duration::from_millis(150));
    let storm = term.since(before);
    assert!(storm.frames() < 60, "{} frames for 123 sizes", storm.frames());
    let damage = term.damage();
    assert!(damage <= AGES, "{damage} cells differ\n{}", term.dump());
    term.nothing_odd();
}

#[test]
fn ctrl_z_gives_the_shell_its_terminal_and_fg_brings_the_screen_back() {
    let mut term = Start::shell().start();
    term.wait_for("$");
    term.types("\"$heeler\"");
    term.key("enter");
    term.ready();
    let before = term.picture();
    term.key("ctrl-z");
    term.wait_until("the shell has the terminal", |s| {
        !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste()
    });
    term.wait_for("Stopped");
    // The shell gets every key.
    term.types("echo wo''rks");
    term.key("enter");
    term.wait_for("works");
    // In the background it stays away.
    term.types("bg");
    term.key("enter");
    term.quiet_for(Duration::from_millis(700));
    term.screen(|s| assert!(!s.alternate_screen(), "drawn over the shell"));
    term.types("echo st''ill");
    term.key("enter");
    term.wait_for("still");
    term.types("fg");
    term.key("enter");
    term.wait_until("the console is back", |s| s.alternate_screen() && s.contents().contains("1 Overview"));
    term.quiet_for(Duration::from_millis(250));
    assert!(!term.cooked());
    // Some ages are older by now.
    assert!(term.differs(&before) <= 3 * AGES, "{}", term.dump());
    term.key("q");
    term.wait_until("the shell is back", |s| !s.alternate_screen() && s.contents().trim_end().ends_with('$'));
    term.types("echo $?.");
    term.key("enter");
    term.wait_for("0.");
    assert_eq!(term.watch().heard, Vec::<String>::new());
}

#[test]
fn ctrl_z_without_a_shell_changes_nothing() {
    let mut term = Start::resting().start();
    term.ready();
    term.key("ctrl-z");
    term.wait_for("not suspended");
    term.screen(|s| assert!(s.alternate_screen()));
    term.key("q");
    assert_eq!(term.exit(), 0);
}

#[test]
fn stop_and_continue_from_elsewhere_paints_anew() {
    let term = Start::resting().start();
    term.ready();
    let before = term.picture();
    term.signal(Signal::STOP);
    term.let_pass(Duration::from_millis(50));
    let mark = term.mark();
    term.signal(Signal::CONT);
    term.wait_more(mark);
    term.quiet_for(Duration::from_millis(150));
    assert!(term.differs(&before) <= AGES, "{}", term.dump());
}
