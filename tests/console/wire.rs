//! Slow and stalled links: keys are handled at once, frames are dropped, and the last picture is right.

use super::pty::{AGES, Start};
use std::time::{Duration, Instant};

#[test]
fn a_slow_link_shows_the_latest_and_swallows_no_key() {
    // 256 kbit/s.
    let mut term = Start::resting().size(160, 45).slow(32 * 1024).start();
    term.ready();
    let views = ["2", "3", "4", "5", "1"];
    for n in 0..60 {
        // Taken at once, whatever the link does: `key` waits for that.
        let begin = Instant::now();
        term.key(views[n % views.len()]);
        assert!(begin.elapsed() < Duration::from_secs(2), "a key waited for the link");
    }
    term.key("4");
    term.wait_for("Causes");
    term.quiet_for(Duration::from_millis(500));
    let damage = term.damage();
    assert!(damage <= AGES, "{damage} cells differ\n{}", term.dump());
    term.nothing_odd();
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
}

#[test]
fn a_stalled_link_does_not_stop_the_console() {
    let mut term = Start::resting().size(160, 45).start();
    term.ready();
    let mark = term.mark();
    term.stall(true);
    // Far more than the system keeps for a terminal.
    for n in 0..200 {
        term.key(if n % 2 == 0 { "4" } else { "ctrl-l" });
        if n % 4 == 0 {
            term.let_pass(Duration::from_millis(10));
        }
    }
    term.key("3");
    term.stall(false);
    term.wait_until("the last view is shown", |s| s.contents().contains("source expression"));
    term.quiet_for(Duration::from_millis(300));
    let damage = term.damage();
    assert!(damage <= AGES, "{damage} cells differ\n{}", term.dump());
    let sent = term.since(mark);
    assert!(sent.len() < 200 * 1024, "{} B were queued behind a stalled link", sent.len());
    term.nothing_odd();
}
