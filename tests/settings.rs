//! Settings that a form saved: what is in the file loads, and whoever runs the job follows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Home, Sandbox, Setup, wait_until};
use heeler::config::settings::{Field, Kept, Opened, Saved};
use heeler::model::{ObjectType, Secret};
use heeler::store::{Store, job, links};
use rustix::process::Signal;
use std::path::Path;

fn groups_linked(store: &Store) -> u64 {
    store.read(|c| links::count(c, ObjectType::Group)).unwrap_or(0)
}

fn opened(home: &Home) -> Opened {
    Opened::read(&home.config, "main", &|_| None).unwrap()
}

fn save(home: &Home, opened: &Opened, typed: &[(Field, &str)], token: Option<&str>) -> Saved {
    let mut wanted = opened.settings().clone();
    for (field, text) in typed {
        wanted.set(*field, *text);
    }
    let token = token.map(|token| Secret::new(token.to_owned()));
    opened.save(&wanted, token.as_ref(), &home.data.join("secrets"), true).unwrap()
}

#[test]
fn whoever_runs_the_job_follows_the_file_and_a_new_token() {
    let sandbox = Sandbox::serve(&["--users", "30"]);
    sandbox.no_faults();
    let token = sandbox.get("scim_token").to_owned();
    let home = Setup::of(&sandbox).line("interval = \"5s\"").home();
    let before = std::fs::read_to_string(&home.config).unwrap();
    let mut running = home.start(&["run"]);
    // It has read the file once its first cycle is there.
    let database = Store::file_of(&home.data, "main").unwrap();
    let begun = || Store::open_read_only(&database).and_then(|store| store.read(heeler::store::cycles::latest));
    wait_until("the job runs", || begun().is_ok_and(|cycle| cycle.is_some()));

    let typed = [(Field::Groups, "on"), (Field::Environment, "live"), (Field::ExcludeDefaultAccess, "off")];
    let saved = save(&home, &opened(&home), &typed, Some(&token));
    // The old file is of no use any more: what follows works with the new one, or not at all.
    std::fs::write(home.folder.path().join("scim-token"), "a-wrong-token").unwrap();
    assert!(matches!(&saved, Saved::Written { changes } if changes.len() == 4), "{saved:?}");
    let after = std::fs::read_to_string(&home.config).unwrap();
    assert!(!after.contains(&token) && after.contains("environment = \"live\"") && after.contains("groups = true"));
    assert_eq!(after.lines().count(), before.lines().count() + 2, "{after}");
    home.run(&["config", "check"]).ok().says(&["main: OK"]);
    home.run(&["test"]).ok();

    let store = Store::open_read_only(&Store::file_of(&home.data, "main").unwrap());
    let store = store.unwrap();
    wait_until("groups are provisioned with the new token", || groups_linked(&store) > 0);
    assert!(running.alive());

    // Only the token changes now: the file stays as it is, and the job is made anew before its next cycle.
    let cycle = || store.read(heeler::store::cycles::latest).ok().flatten().map(|cycle| cycle.id);
    let before = cycle();
    save(&home, &opened(&home), &[], Some(&token));
    assert_eq!(std::fs::read_to_string(&home.config).unwrap(), after);
    wait_until("another cycle begins", || cycle() != before);
    let before = cycle();
    wait_until("and one more", || cycle() != before);
    running.signal(Signal::TERM);
    let run = running.finish();
    assert_eq!(run.stderr.matches("goes on with the changed configuration").count(), 2, "{run:?}");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(&token), "{run:?}");
}

/// A job that is off stays off while its configuration cannot be read, and one that is gone from it writes no more.
#[test]
fn nothing_is_written_that_the_configuration_does_not_ask_for() {
    let sandbox = Sandbox::serve(&["--users", "20", "--groups", "2", "--seed", "32"]);
    let home = Setup::of(&sandbox).line("interval = \"5s\"").home();
    let mut running = home.start(&["run"]);
    wait_until("the first cycle", || {
        assert!(running.alive(), "heeler run ended by itself");
        !sandbox.app("Users").is_empty()
    });
    let store = Store::open_read_only(&Store::file_of(&home.data, "main").unwrap()).unwrap();
    let cycle = || store.read(heeler::store::cycles::latest).unwrap().map(|cycle| cycle.id);
    let beat =
        || -> i64 { store.read(|c| Ok(c.query_row("SELECT heartbeat_ms FROM lease", [], |row| row.get(0))?)).unwrap() };
    let lived = |ms: i64| {
        let from = beat();
        wait_until("the process lives on", || beat() > from + ms);
    };
    // Through more than two intervals.
    let quiet = |why: &str| {
        let before = cycle();
        lived(11_000);
        assert_eq!(cycle(), before, "{why}: a cycle began");
    };
    let on = std::fs::read_to_string(&home.config).unwrap();

    home.run(&["stop"]).ok();
    let id = sandbox.create_user("Late", "Comer");
    sandbox.assign(&id);
    let off = std::fs::read_to_string(&home.config).unwrap();
    lived(3_000);
    std::fs::write(&home.config, format!("[[[broken\n{off}")).unwrap();
    quiet("off and unreadable");
    assert_eq!(sandbox.account(&id), None);

    std::fs::write(&home.config, &on).unwrap();
    wait_until("a cycle after it can be read again", || sandbox.account(&id).is_some());
    // One that is on goes on while nothing else can be read.
    std::fs::write(&home.config, format!("[[[broken\n{on}")).unwrap();
    let second = sandbox.create_user("Later", "Still");
    sandbox.assign(&second);
    wait_until("a cycle while it cannot be read", || sandbox.account(&second).is_some());

    std::fs::write(&home.config, on.replace("[jobs.main", "[jobs.renamed")).unwrap();
    let third = sandbox.create_user("Too", "Late");
    lived(3_000);
    sandbox.assign(&third);
    quiet("gone, with something to do");
    assert_eq!(sandbox.account(&third), None);
    std::fs::write(&home.config, &on).unwrap();
    wait_until("a cycle after it is back", || sandbox.account(&third).is_some());
    running.signal(rustix::process::Signal::TERM);
    running.finish().code(143).says(&["the configuration has no job `main` any more"]);
}

#[test]
fn the_sandbox_follows_what_its_store_says() {
    let home = Home::empty();
    let running = home.start(&["run"]);
    let path = Store::file_of(&home.data, "sandbox").unwrap();
    wait_until("the sandbox has a database", || Path::new(&path).exists() && Store::open(&path).is_ok());
    let store = Store::open(&path).unwrap();
    wait_until("the first cycle ends", || {
        store.read(heeler::store::cycles::latest).ok().flatten().is_some_and(|cycle| cycle.ended_at.is_some())
    });
    assert_eq!(groups_linked(&store), 0);
    let kept: Kept = serde_json::from_str(r#"{"groups":"on","exclude_default_access":"off","interval":"5s"}"#).unwrap();
    store.write_blocking(move |c| job::set_json(c, job::SETTINGS, &kept)).unwrap();
    wait_until("the sandbox provisions groups", || groups_linked(&store) > 0);
    running.signal(Signal::TERM);
    running.finish().code(143).says(&["goes on with the changed configuration"]);
    // Others see the same settings.
    home.run(&["explain", "ada"]).ok();
}
