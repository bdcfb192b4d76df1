//! Bad days that befall everybody at once: an app that is down, a directory that answers with nothing, a name that is
//! taken. Nobody is lost, nobody is blamed, and nothing is removed before a person has looked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Sandbox, Setup, faults, text};
use serde_json::json;

#[test]
fn an_app_that_is_down_costs_nobody_more_than_the_outage() {
    for fault in [
        json!({"service": "scim", "status": 503}),
        json!({"service": "scim", "method": "POST", "status": 500}),
        json!({"service": "scim", "html": true}),
        json!({"service": "scim", "status": 404}),
    ] {
        let sandbox = Sandbox::serve(&["--users", "40", "--groups", "4", "--seed", "5"]);
        let home = Setup::of(&sandbox).home();
        sandbox.faults(&faults::rules(std::slice::from_ref(&fault)));
        for _ in 0..3 {
            let run = home.run(&["sync", "--json"]).code(3);
            assert_eq!(run.json()["state"], "failed", "{fault}: {run:?}");
            assert!(run.stderr.contains("error:"), "{fault}: {run:?}");
        }
        sandbox.no_faults();
        let cycle = home.sync();
        assert_eq!(cycle["counts"]["failed"], 0, "{fault}: {cycle}");
        assert_eq!(cycle["counts"]["created"], sandbox.app("Users").len() as u64, "{fault}: {cycle}");
        assert!(sandbox.app("Users").len() > 10, "{fault}: {cycle}");
    }
}

#[test]
fn a_single_stumble_of_the_sign_in_or_of_graph_is_not_noticed() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "3", "--seed", "6"]);
    let home = Setup::of(&sandbox).home();
    sandbox.faults(&faults::rules(&[
        json!({"service": "token", "status": 503, "at": [1]}),
        json!({"service": "graph", "path": "/users/delta", "status": 500, "at": [1]}),
    ]));
    let cycle = home.sync();
    assert_eq!(cycle["state"], "succeeded", "{cycle}");
}

#[test]
fn assignments_that_vanish_all_at_once_are_not_believed_until_a_person_does() {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "5", "--seed", "7"]);
    let home = Setup::of(&sandbox).home();
    home.sync();
    let active = || sandbox.app("Users").iter().filter(|u| u["active"] == true).count();
    let before = active();
    assert!(before > 3);
    for assignment in sandbox.assignments() {
        sandbox.unassign(text(&assignment, "principalId"));
    }
    // Twice: that it was empty before does not make it true.
    for _ in 0..2 {
        let run = home.run(&["sync", "--json"]).code(4);
        assert_eq!(run.json()["counts"]["held"], before as u64, "{run:?}");
        assert_eq!(active(), before, "somebody was removed on faith");
    }
    let plan = home.run(&["plan", "--json"]).ok().lines();
    assert!(plan.iter().all(|o| o["state"] == "held" && text(o, "reason").contains("no assignments")), "{plan:?}");
    home.run(&["plan", "release"]).ok();
    home.run(&["sync"]).ok();
    assert_eq!(active(), 0);
    assert_eq!(home.sync()["counts"]["held"], 0);
}

#[test]
fn a_taken_name_fails_that_person_and_nothing_of_it_is_lost() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "3", "--seed", "8"]);
    let home = Setup::of(&sandbox).home();
    let id = sandbox.create_user("Sought", "Name");
    sandbox.assign(&id);
    home.sync();
    let taken = format!("taken@{}", sandbox.domain());
    let stranger = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": taken});
    let stranger = sandbox.scim("POST", "/Users", Some(&stranger)).ok().json();
    sandbox.patch_user(&id, &json!({"userPrincipalName": taken, "jobTitle": "Navigator"}));
    let cycle = home.run(&["sync", "--json"]).code(1).json();
    assert_eq!(cycle["counts"]["failed"], 1, "{cycle}");
    let entries = home.log(&cycle);
    assert!(
        entries.iter().any(|e| e["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "Conflict"),
        "{entries:?}"
    );
    sandbox.scim("DELETE", &format!("/Users/{}", text(&stranger, "id")), None).ok();
    home.run(&["sync"]).ok();
    let account = sandbox.account(&id).unwrap();
    assert_eq!((&account["userName"], &account["title"]), (&json!(taken), &json!("Navigator")));
}

#[test]
fn a_name_that_is_free_again_goes_to_whoever_has_it_now() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "3", "--seed", "9"]);
    let home = Setup::of(&sandbox).home();
    let old = sandbox.create_user("Same", "Name");
    sandbox.assign(&old);
    home.sync();
    sandbox.delete_user(&old);
    home.sync();
    let new = sandbox.create_user("Same", "Name");
    sandbox.assign(&new);
    // While the old account is only off, nobody else gets it.
    for _ in 0..2 {
        let cycle = home.run(&["sync", "--json"]).json();
        assert_eq!(cycle["counts"]["created"], 0, "{cycle}");
        assert!(sandbox.account(&new).is_none());
    }
    sandbox.purge_user(&old);
    home.run(&["sync", "--json"]);
    home.run(&["sync"]).ok();
    assert!(sandbox.account(&old).is_none());
    assert_eq!(sandbox.account(&new).unwrap()["active"], true);
}

#[test]
fn whoever_was_let_go_is_let_go_for_good() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "3", "--seed", "10"]);
    let home = Setup::of(&sandbox).line("skip_out_of_scope_deletions = true").home();
    let id = sandbox.create_user("Let", "Go");
    sandbox.assign(&id);
    home.sync();
    sandbox.unassign(&id);
    home.sync();
    sandbox.delete_user(&id);
    home.sync();
    sandbox.purge_user(&id);
    home.sync();
    assert_eq!(sandbox.account(&id).unwrap()["active"], true, "E3.43");
}

#[test]
fn groups_are_not_provisioned_by_hand_where_the_job_leaves_them_out() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "3", "--seed", "11"]);
    let home = Setup::of(&sandbox).home();
    let group = sandbox.create_group("By Hand");
    home.sync();
    home.run(&["provision", &group]).code(2).says(&["groups = false"]);
    assert!(sandbox.app("Groups").is_empty());
}
