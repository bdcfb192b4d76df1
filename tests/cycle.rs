//! Cycles against a sandbox in another process: who is provisioned, with which attributes, and what becomes of
//! people whose life in the directory goes on. The expectation is computed from plain Graph GETs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::directory::{Directory, differences, seen};
use common::{Home, Sandbox, Setup, faults, text, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Counters of a cycle in a fixed order: created, updated, enabled, disabled, deleted, failed, held.
fn counts(cycle: &Value) -> [u64; 7] {
    ["created", "updated", "enabled", "disabled", "deleted", "failed", "held"]
        .map(|name| cycle["counts"][name].as_u64().unwrap_or_else(|| panic!("no count {name} in {cycle}")))
}

/// Compares every account of the app with the flock mapping of these people.
fn assert_flock(sandbox: &Sandbox, directory: &Directory, people: &BTreeSet<String>) {
    let accounts = sandbox.app("Users");
    let ids: BTreeSet<String> = accounts.iter().map(|a| text(a, "externalId").to_owned()).collect();
    assert_eq!(&ids, people, "the accounts of the app are not the people in scope");
    assert_eq!(accounts.len(), people.len(), "somebody has two accounts");
    let wrong: Vec<String> = accounts
        .iter()
        .flat_map(|a| {
            let id = text(a, "externalId");
            differences(id, &directory.flock(id), &seen(a), true)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_first_cycle_provisions_exactly_the_people_in_scope_and_a_second_sends_nothing() {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "8", "--seed", "11"]);
    let home = Setup::of(&sandbox).home();
    let directory = Directory::read(&sandbox);
    let people = directory.in_scope(true);
    assert!(people.len() > 5, "the sandbox assigns too few people: {people:?}");
    assert!(people.len() < directory.users.len(), "the sandbox assigns everybody");

    let test = home.run(&["test", "--json"]).ok().json();
    assert_eq!(test["ok"], true, "{test}");
    let steps = test["steps"].as_array().unwrap();
    assert!(steps.len() > 1, "{test}");
    for step in steps {
        assert!(step["name"].is_string() && step["ms"].is_number() && step["message"].is_string(), "{step}");
        assert_eq!(step["ok"], true, "{step}");
    }

    let plan = home.run(&["plan", "--json"]).ok().lines();
    let creates: BTreeSet<String> =
        plan.iter().filter(|o| o["operation"] == "create").map(|o| text(o, "source_id").to_owned()).collect();
    assert_eq!(creates, people, "the plan does not create exactly the people in scope");
    for row in &plan {
        assert_eq!(row["object_type"], "User", "{row}");
        assert_eq!(row["state"], "planned", "{row}");
        assert!(row["target_id"].is_null() && row["name"].is_string() && row["reason"].is_string(), "{row}");
        let attributes: Vec<&str> = row["changes"].as_array().unwrap().iter().map(|c| text(c, "attribute")).collect();
        assert!(attributes.contains(&"userName"), "{row}");
    }
    assert_eq!(sandbox.requests().app_writes(), 0, "a plan wrote to the app");

    let before = sandbox.requests();
    let cycle = home.sync();
    assert_eq!(cycle["job"], "main", "{cycle}");
    assert_eq!(cycle["kind"], "initial", "{cycle}");
    assert_eq!(cycle["state"], "succeeded", "{cycle}");
    assert_eq!(counts(&cycle), [people.len() as u64, 0, 0, 0, 0, 0, 0], "{cycle}");
    assert!(cycle["counts"]["skipped"].is_u64() && cycle["duration_ms"].is_u64(), "{cycle}");
    let sent = sandbox.requests().since(&before);
    assert_eq!(cycle["app_requests"], sent.app(), "the cycle miscounts its requests: {sent:?}");
    assert_eq!(sent.count("scim", "POST", "/Users"), people.len() as u64, "{sent:?}");
    assert_flock(&sandbox, &directory, &people);

    let log = home.log(&cycle);
    for id in &people {
        let entry =
            log.iter().find(|e| e["sourceIdentity"]["id"] == **id).unwrap_or_else(|| panic!("no entry for {id}"));
        assert_eq!(entry["provisioningAction"], "create", "{entry}");
        assert_eq!(entry["provisioningStatusInfo"]["status"], "success", "{entry}");
        assert_eq!(entry["sourceIdentity"]["identityType"], "User", "{entry}");
        let account = sandbox.account(id).unwrap();
        assert_eq!(entry["targetIdentity"]["id"], account["id"], "{entry}");
        let steps: Vec<&str> =
            entry["provisioningSteps"].as_array().unwrap().iter().map(|s| text(s, "provisioningStepType")).collect();
        for step in ["import", "scoping", "matching", "export"] {
            assert!(steps.contains(&step), "no step {step} in {entry}");
        }
        let written = entry["modifiedProperties"].as_array().unwrap();
        assert!(
            written.iter().any(|p| p["displayName"] == "userName" && p["newValue"] == account["userName"]),
            "{entry}"
        );
    }

    let before = sandbox.requests();
    let cycle = home.sync();
    assert_eq!(cycle["kind"], "incremental", "{cycle}");
    assert_eq!(cycle["app_requests"], 0, "{cycle}");
    assert_eq!(counts(&cycle), [0; 7], "{cycle}");
    assert_eq!(sandbox.requests().since(&before).app(), 0, "a cycle without changes sent requests to the app");
}

#[test]
fn looking_at_everybody_again_changes_nothing() {
    let sandbox = Sandbox::serve(&["--users", "12", "--seed", "5"]);
    let home = Setup::of(&sandbox).home();
    home.sync();
    let dump = sandbox.app("Users");
    let before = sandbox.requests();
    let first = home.run(&["sync", "--initial", "--json"]).ok().json();
    home.run(&["restart"]).ok();
    for cycle in [first, home.sync()] {
        assert_eq!(cycle["kind"], "initial", "{cycle}");
        assert_eq!(counts(&cycle), [0; 7], "{cycle}");
    }
    assert_eq!(home.sync()["kind"], "incremental");
    let sent = sandbox.requests().since(&before);
    assert_eq!(sent.app_writes(), 0, "{sent:?}");
    assert_eq!(sandbox.app("Users"), dump);
}

/// People of the test's own making, assigned directly unless said otherwise.
struct Cast {
    sandbox: Sandbox,
    home: Home,
}

impl Cast {
    fn new(extra: &[&str]) -> Self {
        let sandbox = Sandbox::serve(&["--users", "10", "--groups", "3", "--seed", "3"]);
        let home = extra.iter().fold(Setup::of(&sandbox), |s, line| s.line(line)).home();
        Self { sandbox, home }
    }

    fn person(&self, given: &str) -> String {
        let id = self.sandbox.create_user(given, "Stage");
        self.sandbox.assign(&id);
        id
    }

    fn active(&self, id: &str) -> Option<bool> {
        self.sandbox.account(id).map(|a| a["active"].as_bool().unwrap_or_else(|| panic!("no active in {a}")))
    }

    /// Runs a cycle that must go well, and gives it with the app's requests that it caused.
    fn cycle(&self) -> (Value, common::Requests) {
        let before = self.sandbox.requests();
        let cycle = self.home.sync();
        assert_eq!(cycle["state"], "succeeded", "{cycle}");
        (cycle, self.sandbox.requests().since(&before))
    }
}

/// The lifecycle table E7g, several people at a time: each cycle sees one event per person.
#[test]
fn people_are_followed_through_their_life_in_the_directory() {
    let cast = Cast::new(&[]);
    let sandbox = &cast.sandbox;
    let team = sandbox.create_group("Stage crew");
    sandbox.assign(&team);
    let [renamed, disabled, unassigned, binned, purged, unchanged] =
        ["Rena", "Dieter", "Una", "Bina", "Pura", "Unno"].map(|name| cast.person(name));
    let member = sandbox.create_user("Memo", "Stage");
    sandbox.add_member(&team, &member);
    let stranger = sandbox.create_user("Strange", "Stage");
    let (first, _) = cast.cycle();
    assert_eq!(first["kind"], "initial");
    let ids = |id: &str| text(&sandbox.account(id).unwrap_or_else(|| panic!("no account for {id}")), "id").to_owned();
    let [renamed_at, disabled_at, unassigned_at, binned_at, member_at] =
        [&renamed, &disabled, &unassigned, &binned, &member].map(|id| ids(id));
    assert!(sandbox.account(&stranger).is_none(), "somebody without an assignment was provisioned");

    // What happens within one interval.
    sandbox.patch_user(&renamed, &json!({"displayName": "Rena Rénamed", "surname": "Rénamed", "jobTitle": "Lead"}));
    sandbox.patch_user(&disabled, &json!({"accountEnabled": false}));
    sandbox.unassign(&unassigned);
    sandbox.delete_user(&binned);
    sandbox.delete_user(&purged);
    sandbox.purge_user(&purged);
    sandbox.remove_member(&team, &member);
    sandbox.patch_user(&stranger, &json!({"jobTitle": "Passer-by"}));
    sandbox.patch_user(&unchanged, &json!({"city": "Nowhere"}));
    let joiner = cast.person("Joy");
    let late = sandbox.create_user("Lars", "Stage");
    sandbox.patch_user(&late, &json!({"accountEnabled": false}));
    sandbox.assign(&late);
    let known = cast.person("Knut");
    let domain = sandbox.domain();
    let account = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("KNUT.stage@{domain}"), "displayName": "Somebody", "active": false});
    let known_at = text(&sandbox.scim("POST", "/Users", Some(&account)).ok().json(), "id").to_owned();

    let (second, sent) = cast.cycle();
    assert_eq!(second["kind"], "incremental", "{second}");
    assert_eq!(sent.count("scim", "POST", "/Users"), 1, "only the joiner is new: {sent:?}");
    assert_eq!(sent.count("scim", "DELETE", ""), 1, "only the purged one is deleted: {sent:?}");
    assert_eq!(sent.count("scim", "PATCH", "") + sent.count("scim", "PUT", ""), 6, "{sent:?}");

    let account = sandbox.account(&renamed).expect("an account");
    assert_eq!(text(&account, "id"), renamed_at);
    assert_eq!(account["displayName"], "Rena Rénamed");
    assert_eq!(account["name"]["familyName"], "Rénamed");
    assert_eq!(account["name"]["formatted"], "Rena Rénamed");
    assert_eq!(account["title"], "Lead");
    assert_eq!(cast.active(&disabled), Some(false));
    assert_eq!(cast.active(&unassigned), Some(false));
    assert_eq!(cast.active(&binned), Some(false));
    assert_eq!(cast.active(&purged), None, "a purged user still has an account");
    assert_eq!(cast.active(&member), Some(false));
    assert_eq!(cast.active(&unchanged), Some(true));
    assert_eq!(cast.active(&stranger), None);
    assert_eq!(cast.active(&joiner), Some(true));
    assert_eq!(cast.active(&late), None, "a disabled user was created");
    let account = sandbox.account(&known).expect("the known account was not adopted");
    assert_eq!(text(&account, "id"), known_at, "the known account was not adopted");
    assert_eq!(account["active"], true);
    assert_eq!(account["displayName"], "Knut Stage");

    let entries = |cycle: &Value, id: &str| cast.home.entries(cycle, id);
    assert_eq!(entries(&second, &renamed), ["update/success"]);
    for id in [&disabled, &unassigned, &binned, &member] {
        assert_eq!(entries(&second, id), ["disable/success"], "{id}");
    }
    assert_eq!(entries(&second, &purged), ["delete/success"]);
    assert_eq!(entries(&second, &joiner), ["create/success"]);
    assert_eq!(entries(&second, &known), ["update/success"]);
    for id in [&late, &unchanged] {
        assert!(entries(&second, id).iter().all(|e| e.ends_with("/skipped")), "{:?}", entries(&second, id));
    }
    let [created, _, _, disabled_count, deleted, failed, held] = counts(&second);
    assert_eq!([created, disabled_count, deleted, failed, held], [1, 4, 1, 0, 0], "{second}");

    // Everybody comes back: the same accounts, turned on again.
    sandbox.patch_user(&disabled, &json!({"accountEnabled": true}));
    sandbox.assign(&unassigned);
    sandbox.restore_user(&binned);
    sandbox.add_member(&team, &member);
    sandbox.patch_user(&late, &json!({"accountEnabled": true}));
    let (third, sent) = cast.cycle();
    for (id, at) in
        [(&disabled, &disabled_at), (&unassigned, &unassigned_at), (&binned, &binned_at), (&member, &member_at)]
    {
        assert_eq!(cast.active(id), Some(true), "{id} was not turned on again");
        assert_eq!(&ids(id), at, "{id} has another account than before");
    }
    assert_eq!(cast.active(&late), Some(true));
    assert_eq!(sent.count("scim", "POST", "/Users"), 1, "{sent:?}");
    let [created, _, enabled, disabled_count, deleted, failed, held] = counts(&third);
    assert_eq!([created, enabled, disabled_count, deleted, failed, held], [1, 4, 0, 0, 0, 0], "{third}");

    // The ordinary way out takes two passes; whoever was let go before is no longer ours (E3.43).
    sandbox.delete_user(&binned);
    sandbox.unassign(&unassigned);
    let (fourth, _) = cast.cycle();
    assert_eq!([cast.active(&binned), cast.active(&unassigned)], [Some(false); 2], "{fourth}");
    sandbox.purge_user(&binned);
    sandbox.delete_user(&unassigned);
    let (fifth, sent) = cast.cycle();
    assert_eq!(cast.active(&binned), None, "{fifth}");
    assert_eq!(sent.app_writes(), 1, "an account that is no longer managed was touched: {sent:?}");
    sandbox.purge_user(&unassigned);
    let (_, sent) = cast.cycle();
    assert_eq!(sent.app_writes(), 0, "an account that is no longer managed was touched: {sent:?}");
    assert_eq!(cast.active(&unassigned), Some(false), "an account that is no longer managed is left as it is");

    let (last, sent) = cast.cycle();
    assert_eq!((counts(&last), sent.app()), ([0; 7], 0), "{last} {sent:?}");
}

/// Accounts that Heeler neither made nor adopted are never touched (E3.41).
#[test]
fn accounts_of_strangers_are_left_alone() {
    let cast = Cast::new(&[]);
    let account = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "local.admin@example.com",
        "displayName": "Local Admin", "active": true});
    let made = cast.sandbox.scim("POST", "/Users", Some(&account)).ok().json();
    cast.cycle();
    cast.home.run(&["sync", "--initial"]).ok();
    let now = cast.sandbox.scim("GET", &format!("/Users/{}", text(&made, "id")), None).ok().json();
    assert_eq!(now, made, "an account of somebody else was changed");
}

#[test]
fn more_removals_than_the_threshold_are_held_until_a_person_decides() {
    let cast = Cast::new(&["deletion_threshold = 3"]);
    let people: Vec<String> = ["Abel", "Bert", "Cora", "Dora"].map(|n| cast.person(n)).into();
    cast.cycle();

    // As many as the threshold: nothing is held (E11.4).
    for id in &people[..3] {
        cast.sandbox.unassign(id);
    }
    let (cycle, _) = cast.cycle();
    assert_eq!(counts(&cycle)[3], 3, "{cycle}");
    for id in &people[..3] {
        cast.sandbox.assign(id);
    }
    cast.cycle();

    // One more, and a joiner: the removals wait, the joiner does not (E11.5, E11.11).
    for id in &people {
        cast.sandbox.unassign(id);
    }
    let joiner = cast.person("Jana");
    let cycle = cast.home.run(&["sync", "--json"]).code(4).json();
    assert_eq!(counts(&cycle)[6], 4, "{cycle}");
    assert_eq!(counts(&cycle)[3], 0, "{cycle}");
    for id in people.iter().chain([&joiner]) {
        assert_eq!(cast.active(id), Some(true), "{id}");
    }
    for id in &people {
        let entries = cast.home.entries(&cycle, id);
        assert!(entries.iter().any(|e| e.to_lowercase().starts_with("stageddelete/")), "{entries:?}");
    }

    let plan = cast.home.run(&["plan", "--json"]).lines();
    let held: Vec<&Value> = plan.iter().filter(|o| o["state"] == "held").collect();
    assert_eq!(held.len(), 4, "{plan:?}");
    let id_of = |person: &String| {
        let row = held.iter().find(|o| o["source_id"] == **person).unwrap_or_else(|| panic!("no {person} in {held:?}"));
        assert_eq!(row["operation"], "disable", "{row}");
        assert!(text(row, "reason").contains("threshold"), "the reason does not name the threshold: {row}");
        text(row, "id").to_owned()
    };
    let ids: Vec<String> = people.iter().map(id_of).collect();

    // Held stays held, across cycles.
    cast.home.run(&["sync"]).code(4);
    assert_eq!(cast.active(&people[0]), Some(true));

    cast.home.run(&["plan", "release", &ids[0], &ids[1]]).ok();
    cast.home.run(&["plan", "reject", &ids[2], &ids[3]]).ok();
    cast.home.run(&["sync"]).ok();
    let active: Vec<Option<bool>> = people.iter().map(|id| cast.active(id)).collect();
    assert_eq!(active, [Some(false), Some(false), Some(true), Some(true)]);
    let (cycle, _) = cast.cycle();
    assert_eq!(counts(&cycle)[3], 0, "what a person rejected was done in the next cycle: {cycle}");
    assert_eq!(cast.active(&people[2]), Some(true));
}

#[test]
fn a_held_removal_whose_cause_is_gone_is_never_done() {
    let cast = Cast::new(&["deletion_threshold = 1"]);
    let people = ["Ulf", "Ute"].map(|n| cast.person(n));
    cast.cycle();
    for id in &people {
        cast.sandbox.unassign(id);
    }
    cast.home.run(&["sync"]).code(4);
    for id in &people {
        cast.sandbox.assign(id);
    }
    let (cycle, _) = cast.cycle();
    assert_eq!(counts(&cycle)[6], 0, "{cycle}");
    assert!(cast.home.run(&["plan", "--json"]).ok().lines().iter().all(|o| o["state"] != "held"));
    assert_eq!(people.each_ref().map(|id| cast.active(id)), [Some(true), Some(true)]);
}

/// G1: as long as one collection was not read to its end, nobody is removed because of it.
#[test]
fn nobody_is_removed_while_a_page_of_the_directory_cannot_be_read() {
    let cast = Cast::new(&[]);
    let leaver = cast.person("Leo");
    let stayer = cast.person("Stan");
    cast.cycle();
    cast.sandbox.unassign(&leaver);
    cast.sandbox.patch_user(&stayer, &json!({"jobTitle": "Stayer"}));
    for path in ["/groups/delta", "/users/delta"] {
        cast.sandbox.faults(&faults::rules(&[faults::status("graph", "GET", path, 500)]));
        let run = cast.home.run(&["sync", "--json"]);
        assert!(run.code == 3 || run.code == 4, "{path}: {run:?}");
        assert_eq!(cast.active(&leaver), Some(true), "{path} failed, and somebody was removed all the same");
        if run.code == 4 {
            let plan = cast.home.run(&["plan", "--json"]).lines();
            let held = plan.iter().find(|o| o["source_id"] == *leaver).unwrap_or_else(|| panic!("{plan:?}"));
            assert_eq!(held["state"], "held", "{held}");
            assert!(!text(held, "reason").is_empty(), "{held}");
        }
    }
    cast.sandbox.no_faults();
    let (cycle, _) = cast.cycle();
    assert_eq!(cast.active(&leaver), Some(false), "{cycle}");
    assert_eq!(cast.active(&stayer), Some(true), "{cycle}");
    assert_eq!(cast.sandbox.account(&stayer).unwrap()["title"], "Stayer");
}

/// The same during the first cycle of all: an interrupted reading leaves no watermark behind (E4.8).
#[test]
fn a_first_cycle_that_could_not_read_everything_is_followed_by_another_first_cycle() {
    let cast = Cast::new(&[]);
    cast.sandbox.faults(&faults::rules(&[faults::status("graph", "GET", "/groups/delta", 500)]));
    let run = cast.home.run(&["sync", "--json"]);
    assert_ne!(run.code, 0, "{run:?}");
    cast.sandbox.no_faults();
    let (cycle, _) = cast.cycle();
    assert_eq!(cycle["kind"], "initial", "{cycle}");
    let directory = Directory::read(&cast.sandbox);
    assert_flock(&cast.sandbox, &directory, &directory.in_scope(true));
}

/// Graph forgot where we were (410 Gone, or `syncStateNotFound`): everything is read again, nobody is removed for it.
#[test]
fn an_expired_delta_link_leads_to_a_full_reading_and_removes_nobody() {
    for expiry in [faults::expired("/users/delta", "resync"), faults::expired("/groups/delta", "sync_state")] {
        let cast = Cast::new(&[]);
        let [kept, leaver, purged] = ["Kira", "Lena", "Paul"].map(|n| cast.person(n));
        cast.cycle();
        let before = cast.sandbox.app("Users").len();
        cast.sandbox.patch_user(&kept, &json!({"jobTitle": "Kept"}));
        cast.sandbox.unassign(&leaver);
        cast.sandbox.delete_user(&purged);
        cast.sandbox.purge_user(&purged);
        cast.sandbox.faults(&faults::rules(&[expiry]));
        let run = cast.home.run(&["sync", "--json"]);
        assert!([0, 4].contains(&run.code), "{run:?}");
        cast.sandbox.no_faults();
        let (cycle, _) = cast.cycle();
        assert_eq!(cast.active(&kept), Some(true), "{cycle}");
        assert_eq!(cast.sandbox.account(&kept).unwrap()["title"], "Kept", "{cycle}");
        assert_eq!(cast.active(&leaver), Some(false), "{cycle}");
        assert_ne!(cast.active(&purged), Some(true), "a purged user is still active: {cycle}");
        let accounts = cast.sandbox.app("Users");
        let active = accounts.iter().filter(|a| a["active"] == true).count();
        assert_eq!(active, before - 2, "a full reading removed people who are still there");
        let (_, sent) = cast.cycle();
        assert_eq!(sent.app(), 0, "{sent:?}");
    }
}

#[test]
fn accounts_of_leavers_stay_on_when_the_job_says_so() {
    let cast = Cast::new(&["skip_out_of_scope_deletions = true"]);
    let [leaver, disabled] = ["Olga", "Otto"].map(|n| cast.person(n));
    cast.cycle();
    cast.sandbox.unassign(&leaver);
    cast.sandbox.patch_user(&disabled, &json!({"jobTitle": "Still here"}));
    let (cycle, _) = cast.cycle();
    assert_eq!(cast.active(&leaver), Some(true), "{cycle}");
    let entries = cast.home.entries(&cycle, &leaver);
    assert!(entries.iter().any(|e| e.ends_with("/skipped")), "the log does not say why nothing was done: {entries:?}");
    assert_eq!(cast.sandbox.account(&disabled).unwrap()["title"], "Still here");
}

/// One person whom the app refuses does not hold up the others, is reported, and is tried again when the source changes.
#[test]
fn a_person_whom_the_app_refuses_fails_alone() {
    let cast = Cast::new(&[]);
    let [poisoned, fine] = ["Poison", "Fine"].map(|n| cast.person(n));
    cast.sandbox.faults(&faults::poisoned(&[&poisoned]));
    let run = cast.home.run(&["sync", "--json"]).code(1);
    let cycle = run.json();
    assert_eq!(cycle["state"], "succeeded", "{cycle}");
    assert_eq!(counts(&cycle)[5], 1, "{cycle}");
    assert_eq!(cast.active(&fine), Some(true));
    assert_eq!(cast.active(&poisoned), None);
    assert_eq!(cast.home.entries(&cycle, &poisoned), ["create/failure"]);
    let entry = cast.home.log(&cycle).into_iter().find(|e| e["sourceIdentity"]["id"] == *poisoned).unwrap();
    let error = &entry["provisioningStatusInfo"]["errorInformation"];
    assert!(!text(error, "errorCode").is_empty() && !text(error, "reason").is_empty(), "{entry}");
    assert!(error["recommendedAction"].as_str().is_some_and(|a| !a.is_empty()), "{entry}");
    let failed = cast.home.run(&["log", "--status", "failure", "--json"]).ok().lines();
    assert!(failed.iter().all(|e| e["provisioningStatusInfo"]["status"] == "failure"), "{failed:?}");
    assert!(failed.iter().any(|e| e["sourceIdentity"]["id"] == *poisoned), "{failed:?}");
    cast.sandbox.no_faults();
    cast.sandbox.patch_user(&poisoned, &json!({"displayName": "Cured Stage"}));
    cast.cycle();
    assert_eq!(cast.active(&poisoned), Some(true), "a change in the source does not end the waiting (E10.4)");
}

/// The app runs out of seats: the rest fails with the reason, and people who leave make room first (fault 64, I9).
#[test]
fn an_app_without_free_seats_still_lets_people_go() {
    let cast = Cast::new(&[]);
    let leaver = cast.person("Lou");
    cast.cycle();
    let seats = cast.sandbox.app("Users").iter().filter(|a| a["active"] == true).count();
    cast.sandbox.faults(&faults::licence_limit(seats));
    cast.sandbox.unassign(&leaver);
    let [first, second] = ["Fay", "Sid"].map(|n| cast.person(n));
    let cycle = cast.home.run(&["sync", "--json"]).code(1).json();
    assert_eq!(cast.active(&leaver), Some(false), "{cycle}");
    let in_app = [&first, &second].iter().filter(|id| cast.active(id) == Some(true)).count();
    assert_eq!(in_app, 1, "the seat of the leaver was not given to a joiner: {cycle}");
    assert_eq!(counts(&cycle)[5], 1, "{cycle}");
    let failure =
        cast.home.log(&cycle).into_iter().find(|e| e["provisioningStatusInfo"]["status"] == "failure").unwrap();
    let code = text(&failure["provisioningStatusInfo"]["errorInformation"], "errorCode");
    assert_eq!(code, "LicenseLimitExceeded", "{failure}");
}

/// An app that shows writes late: nobody is created twice because of it (faults 47 and 48).
#[test]
fn an_app_whose_reads_lag_behind_gets_nobody_twice() {
    let cast = Cast::new(&[]);
    cast.sandbox.faults(&faults::stale_reads(1500));
    let ids = ["Ann", "Ben", "Cam"].map(|n| cast.person(n));
    let before = cast.sandbox.requests();
    cast.home.run(&["sync", "--json"]);
    cast.home.run(&["sync", "--json"]);
    cast.sandbox.no_faults();
    cast.cycle();
    let accounts = cast.sandbox.app("Users");
    let sent = cast.sandbox.requests().since(&before);
    assert_eq!(sent.count("scim", "POST", "/Users"), accounts.len() as u64, "{sent:?}");
    for id in &ids {
        assert_eq!(cast.active(id), Some(true));
    }
}

/// The tutorial's order of things: one person first, everybody else after a look at the plan.
#[test]
fn one_person_is_provisioned_on_demand_before_everybody_else() {
    let cast = Cast::new(&["enabled = false"]);
    let id = cast.sandbox.create_user("Solo", "Stage");
    let name = format!("solo.stage@{}", cast.sandbox.domain());
    let dry = cast.home.run(&["provision", &name, "--dry-run"]);
    assert!([0, 1].contains(&dry.code), "{dry:?}");
    cast.home.run(&["assign", &name, "--role", &cast.sandbox.role()]).ok();
    assert!(cast.sandbox.assignments().iter().any(|a| a["principalId"] == *id), "assign did not assign");
    cast.home.run(&["provision", &name, "--dry-run"]).ok();
    assert!(cast.sandbox.app("Users").is_empty(), "a dry run wrote to the app");
    cast.home.run(&["provision", &name]).ok();
    assert_eq!(cast.active(&id), Some(true));
    assert_eq!(cast.sandbox.app("Users").len(), 1);
    let explained = cast.home.run(&["explain", &name, "--json"]).ok().json();
    assert_eq!(explained["in_scope"], true, "{explained}");
    for member in ["reason", "match", "changes"] {
        assert!(explained.get(member).is_some(), "{explained}");
    }
    let plan = cast.home.run(&["plan", "--json"]).ok().lines();
    assert!(plan.iter().all(|o| o["source_id"] != *id), "the plan does the same thing again: {plan:?}");
    cast.cycle();
    let directory = Directory::read(&cast.sandbox);
    assert_flock(&cast.sandbox, &directory, &directory.in_scope(true));
    cast.home.run(&["unassign", &name]).ok();
    assert!(cast.sandbox.assignments().iter().all(|a| a["principalId"] != *id), "unassign did not unassign");
    cast.cycle();
    assert_eq!(cast.active(&id), Some(false));
}

/// A job that runs follows its configuration: off and on again, and whatever else is changed.
#[test]
fn a_running_job_follows_its_configuration() {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "4", "--seed", "31"]);
    let setup = Setup::of(&sandbox).line("interval = \"5s\"");
    let home = setup.home();
    let mut running = home.start(&["run"]);
    wait_until("the first cycle", || {
        assert!(running.alive(), "heeler run ended by itself");
        !sandbox.app("Users").is_empty()
    });
    home.run(&["stop"]).ok();
    let id = sandbox.create_user("Late", "Comer");
    sandbox.assign(&id);
    // What is asked for is done although provisioning is off, by the process that holds the job.
    home.run(&["provision", &format!("late.comer@{}", sandbox.domain())]).ok();
    assert!(sandbox.account(&id).is_some());
    assert!(running.alive(), "a job that is off ended the process");
    home.run(&["start"]).ok();
    let second = sandbox.create_user("Later", "Still");
    sandbox.assign(&second);
    wait_until("a cycle after the job was turned on again", || sandbox.account(&second).is_some());
    let before = sandbox.app("Users").len();
    home.write(&setup.line("scope = \"all\""));
    wait_until("a cycle with the changed scope", || sandbox.app("Users").len() > before);
    running.signal(rustix::process::Signal::TERM);
    running.finish().code(143);
}

/// Names that are traded in a ring and handed on in a chain between two cycles: every account keeps its person.
#[test]
fn people_who_trade_their_names_keep_their_accounts() {
    let cast = Cast::new(&[]);
    let domain = cast.sandbox.domain();
    let people: Vec<String> = ["One", "Two", "Three", "Four", "Five"]
        .iter()
        .map(|name| {
            let id = cast.sandbox.create_user(name, "Trader");
            cast.sandbox.assign(&id);
            id
        })
        .collect();
    cast.cycle();
    let before: Vec<Value> = people.iter().map(|id| cast.sandbox.account(id).unwrap()["id"].clone()).collect();
    let name = |local: &str| json!({ "userPrincipalName": format!("{local}@{domain}") });
    let rename = |who: usize, local: &str| cast.sandbox.patch_user(&people[who], &name(local));
    // A ring of two, and a chain: four takes the name that five gives up.
    rename(0, "aside");
    rename(1, "one.trader");
    rename(0, "two.trader");
    rename(4, "elsewhere");
    rename(3, "five.trader");
    let (cycle, _) = cast.cycle();
    assert_eq!(counts(&cycle), [0, 4, 0, 0, 0, 0, 0], "{cycle}");
    let after = |who: usize| cast.sandbox.account(&people[who]).unwrap();
    for (who, local) in
        [(0, "two.trader"), (1, "one.trader"), (2, "three.trader"), (3, "five.trader"), (4, "elsewhere")]
    {
        assert_eq!(after(who)["userName"], format!("{local}@{domain}"));
        assert_eq!(after(who)["id"], before[who], "an account changed hands");
    }
    assert_eq!(counts(&cast.cycle().0), [0; 7]);
}
