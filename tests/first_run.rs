//! The first minute: `heeler` without any configuration, piped. It works on its embedded sandbox, keeps what it did,
//! and answers from its store afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Home, text};
use std::time::Duration;

#[test]
fn heeler_alone_runs_one_cycle_on_its_sandbox_and_remembers() {
    let home = Home::empty();
    let first = home.run(&[]).ok();
    assert!(first.stdout.lines().count() > 3, "no report: {first:?}");
    assert!(first.stdout.to_lowercase().contains("created"), "{first:?}");
    assert!(!first.stdout.contains('\u{1b}'), "colours in a pipe: {:?}", first.stdout);
    assert!(first.elapsed < Duration::from_secs(60), "the first minute took {:?}", first.elapsed);

    // From the store, without the sandbox running.
    let users = home.run(&["users", "--json"]).ok().lines();
    assert!(users.len() > 100, "only {} users", users.len());
    let adas = home.run(&["users", "ada"]).ok();
    assert!(adas.stdout.to_lowercase().contains("ada"), "{adas:?}");
    let found = home.run(&["users", "ada", "--json"]).ok().lines();
    assert!(!found.is_empty() && found.len() < users.len(), "{} found", found.len());

    let log = home.run(&["log", "--json"]).ok().lines();
    assert!(log.len() > 50, "only {} log entries", log.len());
    let mut statuses: Vec<&str> = log.iter().map(|e| text(&e["provisioningStatusInfo"], "status")).collect();
    statuses.sort_unstable();
    statuses.dedup();
    assert!(statuses.contains(&"success"), "{statuses:?}");
    assert!(statuses.contains(&"failure"), "the sandbox makes some people fail on purpose: {statuses:?}");
    home.run(&["explain", "ada"]).ok().says(&["ada"]);
    let explained = home.run(&["explain", "ada", "--json"]).ok().json();
    assert!(explained["in_scope"].is_boolean() && explained["reason"].is_string(), "{explained}");
    let status = home.run(&["status"]).ok();
    assert!(status.stdout.contains("sandbox"), "{status:?}");

    // Again: nobody is created a second time, everything is still there.
    let second = home.run(&[]).ok();
    assert!(!second.stdout.is_empty());
    let again = home.run(&["users", "--json"]).ok().lines();
    assert!(again.len() >= users.len(), "{} users before, {} now", users.len(), again.len());
    let longer = home.run(&["log", "--json"]).ok().lines();
    assert!(longer.len() >= log.len(), "the log lost entries: {} before, {} now", log.len(), longer.len());
    let creations = |log: &[serde_json::Value]| {
        let mut created: Vec<String> = log
            .iter()
            .filter(|e| e["provisioningAction"] == "create" && e["provisioningStatusInfo"]["status"] == "success")
            .map(|e| text(&e["sourceIdentity"], "id").to_owned())
            .collect();
        let all = created.len();
        created.sort_unstable();
        created.dedup();
        assert_eq!(created.len(), all, "somebody was created twice");
        all
    };
    assert!(creations(&longer) >= creations(&log));
}

#[test]
fn hostile_names_of_the_sandbox_do_not_reach_the_terminal() {
    let home = Home::empty();
    home.run(&[]).ok();
    for args in [&["users"][..], &["log"], &["users", "--json"], &["log", "--json"], &["plan"], &["groups"]] {
        let run = home.run(args).ok();
        let control = |c: char| c != '\n' && c != '\t' && c.is_control();
        assert!(!run.stdout.contains(control), "heeler {} printed a control character", run.args);
    }
    let all = home.run(&["users", "--json"]).ok().stdout;
    assert!(all.contains("\\u"), "the sandbox holds nobody with a control character in the name");
}

#[test]
fn setup_shows_the_steps_of_the_tutorial() {
    let home = Home::empty();
    let setup = home.run(&["setup"]).ok();
    for word in ["test", "assign", "provision", "plan", "start", "token"] {
        assert!(setup.stdout.to_lowercase().contains(word), "setup does not mention {word}: {}", setup.stdout);
    }
    home.run(&["config", "example"]).ok();
    home.run(&["completions", "bash"]).ok();
}
