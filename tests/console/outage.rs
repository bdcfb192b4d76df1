//! The network goes away and comes back: everything that was read stays there to be looked at, and nothing has to be done
//! for the job to go on.

use super::common::{Sandbox, Setup, text, wait_until};
use super::pty::{Start, Term};

/// The seconds of `Next try in 4 s`.
fn countdown(contents: &str) -> Option<u64> {
    contents.split("Next try in ").nth(1)?.split(' ').next()?.parse().ok()
}

/// Offline, and every view can be browsed; `person` is somebody who was read before.
fn works_from_the_cache(term: &mut Term, person: &str) {
    term.wait_for("offline · cache");
    term.view("1");
    term.wait_for("Working from the cache.");
    term.wait_until("the next try is counted down", |s| countdown(&s.contents()).is_some_and(|left| left > 1));
    let left = countdown(&term.contents());
    term.wait_until("the countdown goes on", |s| countdown(&s.contents()) < left);
    term.view("2");
    term.key("/");
    term.types(person);
    term.wait_for(&format!("{person}@"));
    term.key("enter");
    term.key("p");
    term.wait_for("step by step: offline");
    assert!(!term.contents().contains("Provision one"), "{}", term.dump());
    term.keys("esc esc");
    term.view("3");
    term.wait_for("source expression");
    term.view("4");
    term.keys("tab");
    term.wait_for("create");
    // A plan reads the directory: it says that it cannot.
    term.view("5");
    term.wait_for("offline · cache");
    term.view("1");
}

#[test]
fn the_network_goes_away_and_comes_back() {
    let mut sandbox = Sandbox::kept(&["--users", "20", "--groups", "3"]);
    let home = Setup::of(&sandbox).line("interval = \"10s\"").home();
    let mut term = Start::configured(&home).start();
    term.ready();
    wait_until("people are provisioned", || !sandbox.app("Users").is_empty());
    term.wait_for("live · ");
    let person = text(&sandbox.app("Users")[0], "userName").split('@').next().unwrap().to_owned();

    sandbox.away();
    works_from_the_cache(&mut term, &person);
    term.key("q");
    assert_eq!(term.exit(), 0);
    term.given_back();

    // Who starts it while the network is away sees the same at once.
    let mut term = Start::configured(&home).start();
    term.ready();
    works_from_the_cache(&mut term, &person);

    // Nothing has to be pressed.
    sandbox.back();
    term.wait_for("live · ");
    term.wait_gone("Working from the cache.");
    term.nothing_odd();
    term.key("q");
    assert_eq!(term.exit(), 0);
    term.given_back();
}
