//! Groups, their members and everybody's manager, with the preset `scim`, compared with plain Graph GETs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::directory::{Directory, differences, manager, members, seen};
use common::proxy::Proxy;
use common::{Home, Sandbox, Setup, text};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A sandbox, a counting proxy before its app, and a job with groups.
struct Stage {
    sandbox: Sandbox,
    proxy: Proxy,
    home: Home,
}

impl Stage {
    fn new(args: &[&str]) -> Self {
        let sandbox = Sandbox::serve(args);
        let proxy = Proxy::start(sandbox.get("scim"));
        let home = Setup::of(&sandbox)
            .app(&proxy.base, sandbox.get("scim_token"))
            .preset("scim")
            .line("groups = true")
            .line("exclude_default_access = false")
            .home();
        Self { sandbox, proxy, home }
    }

    /// PATCH requests for groups so far, as their bodies.
    fn group_patches(&self) -> Vec<Value> {
        let patches = self.proxy.seen().into_iter().filter(|r| r.method == "PATCH" && r.path == "/Groups/{id}");
        patches.map(|r| serde_json::from_str(&r.body).unwrap()).collect()
    }

    fn writes(&self) -> u64 {
        self.proxy.requests().app_writes()
    }

    /// The app's group for a directory group.
    fn group(&self, id: &str) -> Option<Value> {
        let mut found: Vec<Value> = self.sandbox.app("Groups").into_iter().filter(|g| g["externalId"] == id).collect();
        assert!(found.len() <= 1, "several groups carry {id}: {found:?}");
        let id = text(&found.pop()?, "id").to_owned();
        Some(self.sandbox.scim("GET", &format!("/Groups/{id}"), None).ok().json())
    }

    /// Account id in the app by directory id. The preset writes `mailNickname` to `externalId`, which two people
    /// share, so accounts are found by user name.
    fn accounts(&self, directory: &Directory) -> BTreeMap<String, Value> {
        let by_name: BTreeMap<String, Value> =
            self.sandbox.app("Users").into_iter().map(|a| (text(&a, "userName").to_lowercase(), a)).collect();
        directory
            .users
            .keys()
            .filter_map(|id| {
                let wanted = directory.scim(id);
                Some((id.clone(), by_name.get(&wanted["userName"].as_str()?.to_lowercase())?.clone()))
            })
            .collect()
    }

    /// Everything in the app against everything in the directory.
    fn assert_converged(&self) -> Directory {
        let directory = Directory::read(&self.sandbox).with_managers(&self.sandbox);
        let people = directory.in_scope(false);
        let accounts = self.accounts(&directory);
        let mut wrong = Vec::new();
        for id in &people {
            let Some(account) = accounts.get(id) else {
                wrong.push(format!("{id} has no account"));
                continue;
            };
            wrong.extend(differences(id, &directory.scim(id), &seen(account), false));
            // A manager is a person of the app, or nobody.
            let wanted = directory.managers.get(id).filter(|m| people.contains(*m)).map(|m| text(&accounts[m], "id"));
            if manager(account) != wanted {
                wrong.push(format!("{id}: manager: wanted {wanted:?}, app has {:?}", manager(account)));
            }
        }
        let groups = directory.groups_in_scope(false);
        for id in &groups {
            let Some(group) = self.group(id) else {
                wrong.push(format!("group {id} is missing"));
                continue;
            };
            if group["displayName"] != directory.groups[id]["displayName"] {
                wrong.push(format!("group {id} is called {}", group["displayName"]));
            }
            let wanted: BTreeSet<String> = directory.members[id]
                .iter()
                .filter(|m| people.contains(*m))
                .map(|m| text(&accounts[m], "id").to_owned())
                .collect();
            if members(&group) != wanted {
                wrong.push(format!("group {id}: members: wanted {wanted:?}, app has {:?}", members(&group)));
            }
        }
        assert_eq!(self.sandbox.app("Groups").len(), groups.len(), "the app holds other groups than are in scope");
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        directory
    }
}

#[test]
fn groups_members_and_managers_follow_the_directory() {
    let stage = Stage::new(&["--users", "40", "--groups", "9", "--seed", "21"]);
    let sandbox = &stage.sandbox;
    let [boss, clerk, temp, outsider] = ["Boss", "Clerk", "Temp", "Outsider"].map(|n| sandbox.create_user(n, "Flock"));
    for id in [&boss, &clerk, &temp] {
        sandbox.assign(id);
    }
    let set_manager = |who: &str, boss: &str| {
        let body = json!({"@odata.id": format!("{}/users/{boss}", sandbox.get("graph"))});
        sandbox.graph("PUT", &format!("/users/{who}/manager/$ref"), Some(&body)).ok();
    };
    set_manager(&clerk, &boss);
    let [crew, inner, empty] = ["Stage Crew", "Inner Circle", "Nobody Yet"].map(|n| sandbox.create_group(n));
    sandbox.add_member(&crew, &clerk);
    sandbox.add_member(&crew, &temp);
    sandbox.add_member(&inner, &outsider);
    sandbox.add_member(&crew, &inner);
    for id in [&crew, &empty] {
        sandbox.assign(id);
    }

    let cycle = stage.home.sync();
    assert_eq!(cycle["kind"], "initial");
    let directory = stage.assert_converged();
    assert!(directory.managers.contains_key(&clerk), "the sandbox did not keep the manager");
    assert!(stage.group(&inner).is_none(), "a nested group was provisioned (E8.13)");
    assert!(!directory.in_scope(false).contains(&outsider));
    assert!(!stage.accounts(&directory).contains_key(&outsider), "a nested member was provisioned (E3.3)");
    assert_eq!(members(&stage.group(&empty).expect("an empty group is provisioned too")).len(), 0);
    let crew_at = text(&stage.group(&crew).unwrap(), "id").to_owned();

    let before = stage.writes();
    let cycle = stage.home.sync();
    assert_eq!((&cycle["kind"], &cycle["app_requests"]), (&json!("incremental"), &json!(0)), "{cycle}");
    assert_eq!(stage.writes(), before);

    // One interval in which everything moves.
    sandbox.graph("PATCH", &format!("/groups/{crew}"), Some(&json!({"displayName": "Stage Crew Ω"}))).ok();
    sandbox.remove_member(&crew, &temp);
    sandbox.add_member(&crew, &boss);
    sandbox.add_member(&empty, &temp);
    set_manager(&clerk, &temp);
    let cycle = stage.home.sync();
    assert_eq!(cycle["counts"]["failed"], 0, "{cycle}");
    stage.assert_converged();
    assert_eq!(text(&stage.group(&crew).unwrap(), "id"), crew_at, "a renamed group is another group");
    assert!(stage.writes() - before <= 5, "more requests than changes: {:?}", stage.group_patches());
    for id in [&crew, &empty] {
        assert!(
            stage
                .home
                .log(&cycle)
                .iter()
                .any(|e| e["sourceIdentity"]["id"] == **id && e["sourceIdentity"]["identityType"] == "Group"),
            "no log entry for group {id}"
        );
    }

    // The group goes; its people stay.
    sandbox.graph("DELETE", &format!("/groups/{crew}"), None).ok();
    let cycle = stage.home.sync();
    assert_eq!(cycle["counts"]["deleted"], 1, "{cycle}");
    assert!(stage.group(&crew).is_none(), "a deleted group is still there");
    stage.assert_converged();

    let before = stage.writes();
    assert_eq!(stage.home.sync()["app_requests"], 0);
    assert_eq!(stage.writes(), before);
}

/// A manager or member who comes into scope later is filled in by itself (behaviour 16, rows 3 and 4).
#[test]
fn references_are_filled_in_when_their_target_arrives() {
    let stage = Stage::new(&["--users", "6", "--groups", "2", "--seed", "4"]);
    let sandbox = &stage.sandbox;
    let [clerk, boss] = ["Early", "Late"].map(|n| sandbox.create_user(n, "Bird"));
    let body = json!({"@odata.id": format!("{}/users/{boss}", sandbox.get("graph"))});
    sandbox.graph("PUT", &format!("/users/{clerk}/manager/$ref"), Some(&body)).ok();
    sandbox.assign(&clerk);
    stage.home.sync();
    stage.assert_converged();
    sandbox.assign(&boss);
    stage.home.sync();
    let directory = stage.assert_converged();
    assert_eq!(directory.managers.get(&clerk), Some(&boss));
}

#[test]
fn large_groups_travel_in_chunks_of_at_most_a_hundred_members() {
    let stage = Stage::new(&["--users", "180", "--groups", "2", "--seed", "9"]);
    let sandbox = &stage.sandbox;
    let directory = Directory::read(sandbox);
    let everybody: Vec<&String> = directory.users.keys().filter(|id| directory.enabled(id)).take(130).collect();
    assert!(everybody.len() > 101, "the sandbox has too few enabled users");
    let group = sandbox.create_group("Everybody");
    for id in &everybody {
        sandbox.add_member(&group, id);
    }
    sandbox.assign(&group);
    let cycle = stage.home.sync();
    assert_eq!(cycle["counts"]["failed"], 0, "{cycle}");
    stage.assert_converged();
    let at = stage.group(&group).unwrap();
    assert_eq!(members(&at).len(), everybody.len());
    let named = |patch: &Value| -> usize {
        let operations = patch["Operations"].as_array().unwrap();
        operations.iter().map(|o| o["value"].as_array().map_or(1, Vec::len)).sum()
    };
    let patches = stage.group_patches();
    assert!(patches.iter().all(|p| named(p) <= 100), "a request with more than a hundred members");
    let needed: usize = Directory::read(sandbox)
        .groups_in_scope(false)
        .iter()
        .map(|id| members(&stage.group(id).unwrap()).len().div_ceil(100))
        .sum();
    assert!(patches.len() <= needed, "{} requests for members, {needed} would do", patches.len());
}

#[test]
fn the_log_names_the_members_that_were_put_in_and_nobody_else() {
    let stage = Stage::new(&["--users", "8", "--groups", "1"]);
    let sandbox = &stage.sandbox;
    let group = sandbox.create_group("Readers");
    let (fine, poisoned) = (sandbox.create_user("Fine", "Person"), sandbox.create_user("Poison", "Person"));
    for member in [&fine, &poisoned] {
        sandbox.add_member(&group, member);
    }
    sandbox.assign(&group);
    sandbox.faults(&common::faults::poisoned(&[&poisoned, "poison.person"]));
    let cycle = stage.home.run(&["sync", "--json"]).code(1).json();
    let entries = stage.home.log(&cycle);
    let of_group: Vec<&Value> = entries.iter().filter(|e| e["sourceIdentity"]["id"] == *group).collect();
    let told: Vec<String> = of_group
        .iter()
        .flat_map(|e| e["modifiedProperties"].as_array().unwrap())
        .filter(|p| p["displayName"] == "members")
        .map(|p| p["newValue"].to_string())
        .collect();
    let inside = members(&stage.group(&group).unwrap());
    let accounts = sandbox.app("Users");
    assert!(inside.len() < 2 && accounts.iter().all(|a| !text(a, "displayName").contains("Poison")), "{inside:?}");
    assert!(told.iter().any(|names| names.contains("Fine")), "{told:?} {of_group:?}");
    assert!(told.iter().all(|names| !names.contains("Poison")), "{told:?}");
}
