//! A real SCIM server that nobody here wrote. Set `HEELER_INTEROP_BASE` and `HEELER_INTEROP_TOKEN` and run
//! `cargo test --test interop -- --ignored --nocapture`.
//!
//! A sandbox directory of 200 users and 10 groups is provisioned into the server, through a counting proxy. Afterwards
//! plain GETs of the server are compared with what this test computes from plain Graph GETs. A difference is
//! acceptable only where Heeler said so itself: a log entry for that object with the status `warning` that names the
//! attribute, or a failure of the whole object, and that for a tenth of them at most. A silent difference is a failure,
//! and so is anything about the wrong person.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// The limits that a server turned out to have are the other result of this test; --nocapture shows them.
#![allow(clippy::disallowed_macros)]

mod common;

use common::directory::{Directory, differences, manager, members, seen};
use common::proxy::Proxy;
use common::sandbox::scim_list;
use common::{Home, Sandbox, Setup, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A server under test and everything around it.
struct Stage {
    base: String,
    token: String,
    sandbox: Sandbox,
    proxy: Proxy,
    home: Home,
}

/// What differed, and what Heeler had to say about it.
#[derive(Default)]
struct Verdict {
    /// Nothing was said.
    silent: Vec<String>,
    /// A limit of the app that the log names.
    reported: Vec<String>,
    /// The object as a whole failed.
    failed: Vec<String>,
    /// People and groups that were looked at.
    objects: usize,
}

impl Stage {
    fn new() -> Self {
        let variable = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set: name a SCIM 2.0 server with HEELER_INTEROP_BASE and HEELER_INTEROP_TOKEN")
            })
        };
        let (base, token) = (variable("HEELER_INTEROP_BASE"), variable("HEELER_INTEROP_TOKEN"));
        // A server with a rate limit may be given fewer people.
        let users = std::env::var("HEELER_INTEROP_USERS").unwrap_or_else(|_| "200".into());
        let sandbox = Sandbox::serve(&["--users", &users, "--groups", "10", "--seed", "2026"]);
        let proxy = Proxy::start(&base);
        let home = Setup::of(&sandbox)
            .app(&proxy.base, &token)
            .preset("scim")
            .line("groups = true")
            .line("exclude_default_access = false")
            .home();
        Self { base, token, sandbox, proxy, home }
    }

    /// One cycle; single objects may fail, the cycle may not.
    fn cycle(&self) -> Value {
        let run = self.home.run(&["sync", "--json"]);
        assert!([0, 1].contains(&run.code), "{run:?}");
        let cycle = run.json();
        assert_eq!(cycle["state"], "succeeded", "{cycle}");
        cycle
    }

    /// What the log says about objects with this status, as one text per directory id.
    fn complaints(&self, status: &str) -> BTreeMap<String, String> {
        let mut complaints = BTreeMap::<String, String>::new();
        for entry in self.home.run(&["log", "--status", status, "--json"]).ok().lines() {
            let said = complaints.entry(text(&entry["sourceIdentity"], "id").to_owned()).or_default();
            said.push_str(&entry["provisioningStatusInfo"].to_string().to_lowercase());
            said.push_str(&entry["provisioningSteps"].to_string().to_lowercase());
        }
        complaints
    }

    /// Everything in the server against everything in the directory.
    fn compare(&self) -> Verdict {
        let directory = Directory::read(&self.sandbox).with_managers(&self.sandbox);
        let (warnings, failures) = (self.complaints("warning"), self.complaints("failure"));
        let mut verdict = Verdict::default();
        let mut judge = |id: &str, attribute: &str, line: String| {
            if warnings.get(id).is_some_and(|said| said.contains(&attribute.to_lowercase())) {
                verdict.reported.push(line);
            } else if failures.contains_key(id) {
                verdict.failed.push(line);
            } else {
                verdict.silent.push(line);
            }
        };

        let accounts = scim_list(&self.base, &self.token, "Users");
        let mut by_name: BTreeMap<String, &Value> = BTreeMap::new();
        for account in &accounts {
            let name = text(account, "userName").to_lowercase();
            assert!(by_name.insert(name.clone(), account).is_none(), "two accounts are called {name}");
        }
        // Everybody of the directory who has an account, in scope or not.
        let ids: BTreeMap<&str, &str> = directory
            .users
            .keys()
            .filter_map(|id| {
                let name = directory.scim(id)["userName"].as_str()?.to_lowercase();
                Some((id.as_str(), text(by_name.get(&name)?, "id")))
            })
            .collect();
        let people = directory.in_scope(false);
        for id in &people {
            let wanted = directory.scim(id);
            let name = wanted["userName"].as_str().unwrap();
            let Some(account) = by_name.get(&name.to_lowercase()) else {
                judge(id, "no account", format!("{name} has no account"));
                continue;
            };
            let mut seen = seen(account);
            // Every server may compare user names without case; the spelling is not ours to insist on.
            seen.insert("userName".into(), wanted["userName"].clone());
            for line in differences(name, &wanted, &seen, false) {
                let attribute = line.split(": ").nth(1).unwrap_or_default().to_owned();
                judge(id, leaf(&attribute), line);
            }
            // A manager who left scope after having been provisioned may stay as the manager, or go.
            let boss = directory.managers.get(id);
            let wanted = boss.and_then(|m| ids.get(m.as_str()).copied());
            let may_be_none = boss.is_none_or(|m| !people.contains(m));
            let has = manager(account);
            if has != wanted && !(has.is_none() && may_be_none) {
                judge(id, "manager", format!("{name}: manager: wanted {wanted:?}, app has {has:?}"));
            }
        }
        // Whoever is not in scope is not an active account (the test starts with an empty server).
        for (name, account) in &by_name {
            let at = text(account, "id");
            let owner = ids.iter().find(|(_, target)| **target == at).map(|(id, _)| *id);
            let in_scope = owner.is_some_and(|id| people.contains(id));
            if !in_scope && seen(account).get("active") == Some(&Value::Bool(true)) {
                judge(owner.unwrap_or_default(), "active", format!("{name} is active, but not in scope"));
            }
        }

        let listed = scim_list(&self.base, &self.token, "Groups");
        let groups = directory.groups_in_scope(false);
        for id in &groups {
            let name = text(&directory.groups[id], "displayName");
            let found: Vec<&Value> = listed.iter().filter(|g| g["displayName"] == name).collect();
            let Some(group) = found.first() else {
                judge(id, "no group", format!("group {name} is missing"));
                continue;
            };
            assert_eq!(found.len(), 1, "group {name} is there several times");
            let path = format!("{}/Groups/{}", self.base.trim_end_matches('/'), text(group, "id"));
            let group = common::http::get_patiently(&path, &self.token).ok().json();
            let account = |m: &String| ids.get(m.as_str()).map(|i| (*i).to_owned());
            // Members in scope must be there; members who left scope keep their place or lose it.
            let may: BTreeSet<String> = directory.members[id].iter().filter_map(account).collect();
            let must: BTreeSet<String> =
                directory.members[id].iter().filter(|m| people.contains(*m)).filter_map(account).collect();
            // Some servers name members by something else than their id.
            let alias = |m: String| by_name.get(&m.to_lowercase()).map_or(m, |a| text(a, "id").to_owned());
            let has: BTreeSet<String> = members(&group).into_iter().map(alias).collect();
            let missing: Vec<&String> = must.difference(&has).collect();
            let extra: Vec<&String> = has.difference(&may).collect();
            if !missing.is_empty() || !extra.is_empty() {
                judge(id, "member", format!("group {name}: missing {missing:?}, too many {extra:?}"));
            }
            let count = group["members"].as_array().map_or(0, Vec::len);
            if count != has.len() {
                judge(id, "member", format!("group {name}: {count} members, but only {} different ones", has.len()));
            }
        }
        if listed.len() != groups.len() {
            let wanted: Vec<&str> = groups.iter().map(|id| text(&directory.groups[id], "displayName")).collect();
            let extra: Vec<&Value> =
                listed.iter().map(|g| &g["displayName"]).filter(|n| !wanted.iter().any(|w| *n == w)).collect();
            if !extra.is_empty() {
                verdict.silent.push(format!("groups that should not be there: {extra:?}"));
            }
        }
        verdict.objects = people.len() + groups.len();
        verdict
    }

    fn assert_no_silent_difference(&self, when: &str) {
        let verdict = self.compare();
        for (how, lines) in [("reported limit of this app", &verdict.reported), ("failed", &verdict.failed)] {
            for line in lines {
                eprintln!("{when}: {how}: {line}");
            }
        }
        assert!(
            verdict.silent.is_empty(),
            "{when}: differences that Heeler did not report:\n{}",
            verdict.silent.join("\n")
        );
        let (failed, all) = (verdict.failed.len(), verdict.objects);
        assert!(failed * 10 <= all, "{when}: {failed} of {all} failed:\n{}", verdict.failed.join("\n"));
    }
}

/// `emails[work].value` is spoken of as `emails`, `name.familyName` as `familyName`.
fn leaf(path: &str) -> &str {
    match path.split_once('[') {
        Some((list, _)) => list,
        None => path.rsplit('.').next().unwrap_or(path),
    }
}

#[test]
#[ignore = "needs a SCIM server: HEELER_INTEROP_BASE and HEELER_INTEROP_TOKEN"]
fn a_directory_converges_in_a_real_server() {
    let stage = Stage::new();
    let sandbox = &stage.sandbox;
    for endpoint in ["Users", "Groups"] {
        let there = scim_list(&stage.base, &stage.token, endpoint);
        assert!(there.is_empty(), "the server must start empty; it holds {} {endpoint}", there.len());
    }

    let first = stage.cycle();
    assert_eq!(first["kind"], "initial", "{first}");
    let sent = stage.proxy.requests();
    eprintln!("initial: {} requests, {} ms: {}", sent.app(), first["duration_ms"], first["counts"]);
    stage.assert_no_silent_difference("after the initial cycle");

    // Twenty people and three groups.
    let directory = Directory::read(sandbox);
    let people: Vec<String> = directory.in_scope(false).into_iter().collect();
    assert!(people.len() >= 20, "the sandbox assigns too few people: {}", people.len());
    for (n, id) in people.iter().step_by(people.len() / 20).take(20).enumerate() {
        match n % 5 {
            0 => sandbox.patch_user(
                id,
                &json!({"surname": format!("Nováková-{n}"), "displayName": format!("Žofie Nováková {n}")}),
            ),
            1 => sandbox.patch_user(id, &json!({"jobTitle": format!("Principal shepherd {n}"), "department": "Flock"})),
            2 => sandbox.patch_user(id, &json!({"accountEnabled": false})),
            3 => {
                sandbox
                    .patch_user(id, &json!({"mobilePhone": format!("+420 555 01{n:02}"), "officeLocation": "Hut 7"}));
            }
            _ => {
                // Nobody is their own manager.
                let at = (n * 7 + 1) % people.len();
                let boss = if people[at] == *id { &people[(at + 1) % people.len()] } else { &people[at] };
                let body = json!({"@odata.id": format!("{}/users/{boss}", sandbox.get("graph"))});
                sandbox.graph("PUT", &format!("/users/{id}/manager/$ref"), Some(&body)).ok();
            }
        }
    }
    let disabled: Vec<&String> = people.iter().step_by(people.len() / 20).take(20).skip(2).step_by(5).collect();
    let groups: Vec<String> = directory.groups_in_scope(false).into_iter().collect();
    let [renamed, grown, shrunk] = [0, 1, 2].map(|n| &groups[n % groups.len()]);
    sandbox.graph("PATCH", &format!("/groups/{renamed}"), Some(&json!({"displayName": "Renamed Ωmega & Co"}))).ok();
    let outside = people.iter().find(|p| !directory.members[grown].contains(*p)).expect("somebody outside");
    sandbox.add_member(grown, outside);
    if let Some(member) = directory.members[shrunk].iter().find(|m| directory.users.contains_key(*m)) {
        sandbox.remove_member(shrunk, member);
    }

    let before = stage.proxy.requests();
    let second = stage.cycle();
    assert_eq!(second["kind"], "incremental", "{second}");
    let sent = stage.proxy.requests().since(&before);
    eprintln!("incremental: {} requests, {} ms: {}", sent.app(), second["duration_ms"], second["counts"]);
    for entry in stage.home.log(&second).iter().filter(|e| e["provisioningStatusInfo"]["status"] == "failure") {
        eprintln!("incremental: failed: {}", entry["provisioningStatusInfo"]["errorInformation"]["reason"]);
    }
    stage.assert_no_silent_difference("after the incremental cycle");
    // Leavers are off, under the name they had, and they are still there.
    let accounts = scim_list(&stage.base, &stage.token, "Users");
    for id in disabled {
        let name = directory.scim(id)["userName"].as_str().unwrap().to_lowercase();
        let account = accounts.iter().find(|a| text(a, "userName").to_lowercase() == name);
        let active = account.and_then(|a| seen(a).get("active").cloned());
        assert_ne!(active, Some(Value::Bool(true)), "{name} was disabled in the directory and is active in the app");
    }

    let before = stage.proxy.requests();
    let third = stage.cycle();
    let sent = stage.proxy.requests().since(&before);
    assert_eq!((sent.app(), &third["app_requests"]), (0, &json!(0)), "a cycle without changes sent {sent:?}");
}
