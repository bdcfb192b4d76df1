//! A kill at any instant loses nothing and duplicates nobody (house rule 2, promise G2). The app and the directory
//! live in a process of their own; only Heeler dies, again and again, at seeded instants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::directory::{Expected, seen};
use common::proxy::Proxy;
use common::{Sandbox, Setup, faults, text, wait_until};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::time::Duration;

const PEOPLE: u64 = 2000;
const KILLS: u64 = 12;

/// Everything in the app by directory id, without what differs from run to run (ids, versions, times).
fn dump(sandbox: &Sandbox) -> BTreeMap<String, Expected> {
    let accounts = sandbox.app("Users");
    let count = accounts.len();
    let dump: BTreeMap<String, Expected> =
        accounts.iter().map(|a| (text(a, "externalId").to_owned(), seen(a))).collect();
    assert_eq!(dump.len(), count, "somebody has two accounts");
    dump
}

fn serve() -> Sandbox {
    Sandbox::serve(&["--users", &PEOPLE.to_string(), "--groups", "4", "--seed", "77"])
}

#[test]
fn a_cycle_killed_at_any_instant_ends_like_one_that_was_not() {
    let calm = serve();
    let cycle = Setup::of(&calm).line("scope = \"all\"").home().sync();
    let wanted = dump(&calm);
    assert!(wanted.len() as u64 > PEOPLE / 2, "{cycle}");
    drop(calm);

    let sandbox = serve();
    let proxy = Proxy::start(sandbox.get("scim"));
    let home = Setup::of(&sandbox).app(&proxy.base, sandbox.get("scim_token")).line("scope = \"all\"").home();
    let posts = || sandbox.requests().count("scim", "POST", "/Users");
    let mut random = fastrand::Rng::with_seed(20_261_123);
    let total = wanted.len() as u64;
    let mut killed = 0;
    for round in 0..KILLS {
        let done = posts();
        let mut running = home.start(&["sync", "--json"]);
        match round {
            // While the directory is being read, before anything was written.
            0 => wait_until("the first page", || sandbox.requests().count("graph", "GET", "") > 0),
            // Between a request and its answer: the app has acted, its answer is on the way.
            3 | 7 | 10 => {
                wait_until("some people", || posts() > done + 3 || !running.alive());
                proxy.hold_answers(Duration::from_secs(2));
                let before = posts();
                wait_until("one more request", || posts() > before || !running.alive());
            }
            // The connection closes instead of an answer; the kill follows while Heeler looks for the account.
            5 => {
                wait_until("some people", || posts() > done + 3 || !running.alive());
                sandbox.faults(&faults::rules(&[faults::lost_answers("scim", "POST", "/Users", 0.2)]));
                let before = posts();
                wait_until("more requests", || posts() > before + 5 || !running.alive());
            }
            // Anywhere in the middle.
            _ => {
                let more = random.u64(1..=(total / (KILLS + 4)));
                wait_until("more people", || posts() >= done + more || !running.alive());
                std::thread::sleep(Duration::from_micros(random.u64(0..3000)));
            }
        }
        if running.alive() {
            running.signal(Signal::KILL);
            killed += 1;
        }
        let run = running.finish();
        assert!(run.code == 128 + 9 || run.code == 0, "{run:?}");
        sandbox.no_faults();
        proxy.hold_answers(Duration::ZERO);
    }
    assert!(killed >= 10, "only {killed} of {KILLS} runs were killed in time");
    assert!((dump(&sandbox).len() as u64) < total, "the kills came too late to mean anything");

    let last = home.run(&["sync", "--json"]).ok().json();
    assert_eq!(last["state"], "succeeded", "{last}");
    let found = dump(&sandbox);
    let missing: Vec<&String> = wanted.keys().filter(|id| !found.contains_key(*id)).collect();
    assert!(missing.is_empty(), "lost: {missing:?}");
    for (id, account) in &found {
        assert_eq!(wanted.get(id), Some(account), "{id}");
    }
    let mut asked = BTreeMap::<String, u64>::new();
    for request in proxy.seen().iter().filter(|r| r.method == "POST" && r.path == "/Users") {
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        *asked.entry(text(&body, "externalId").to_owned()).or_default() += 1;
    }
    let twice: Vec<(&String, &u64)> = asked.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "posted more than once: {twice:?}");
    assert_eq!(posts(), total, "the app counts other requests than one for each person");

    let again = home.sync();
    assert_eq!((&again["app_requests"], &again["kind"]), (&0.into(), &"incremental".into()), "{again}");
    let plan = home.run(&["plan", "--json"]).ok().lines();
    assert!(plan.is_empty(), "after all that something is still to do: {plan:?}");
}
