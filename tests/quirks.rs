//! Apps with the habits of real SCIM servers, one habit at a time: every object ends as it should or is reported,
//! nobody is mistaken for somebody else, and a run without changes sends nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::quirky::{Filters, Quirks, Quirky};
use common::{Directory, Home, Sandbox, Setup, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A directory of its own, an app with these habits, and a job between them.
struct Stage {
    sandbox: Sandbox,
    app: Quirky,
    home: Home,
}

impl Stage {
    fn new(quirks: Quirks) -> Self {
        let sandbox = Sandbox::serve(&["--users", "60", "--groups", "6", "--seed", "7"]);
        let app = Quirky::start(quirks);
        let home = Setup::of(&sandbox)
            .app(&app.base, "token")
            .preset("scim")
            .line("groups = true")
            .line("exclude_default_access = false")
            .home();
        Self { sandbox, app, home }
    }

    fn cycle(&self) -> Value {
        let run = self.home.run(&["sync", "--json"]);
        assert!([0, 1].contains(&run.code), "{run:?}");
        let cycle = run.json();
        assert_eq!(cycle["state"], "succeeded", "{cycle}");
        cycle
    }

    /// A cycle without changes must be silent.
    fn nothing_more(&self) {
        let cycle = self.cycle();
        assert_eq!(cycle["app_requests"], 0, "{cycle}");
    }

    fn people(&self) -> BTreeMap<String, String> {
        let directory = Directory::read(&self.sandbox);
        let name = |id: &String| directory.scim(id)["userName"].as_str().expect("a name").to_owned();
        directory.in_scope(false).iter().map(|id| (id.clone(), name(id))).collect()
    }

    /// Warnings and failures: all that was said about each object.
    fn complaints(&self) -> BTreeMap<String, String> {
        let mut said = BTreeMap::<String, String>::new();
        for entry in self.home.run(&["log", "--json"]).ok().lines() {
            let status = text(&entry["provisioningStatusInfo"], "status");
            if status == "warning" || status == "failure" {
                let all = said.entry(text(&entry["sourceIdentity"], "id").to_owned()).or_default();
                all.push_str(&entry["provisioningStatusInfo"]["errorInformation"]["reason"].to_string());
            }
        }
        said
    }

    /// Everybody in scope has an account.
    fn everybody_is_there(&self) {
        for name in self.people().values() {
            assert!(self.app.user(name)["id"].is_string(), "{name} has no account; {:?}", self.complaints());
        }
    }

    /// Whoever has the attribute in the directory hears that the app has not.
    fn everybody_is_told(&self, path: &str, word: &str) -> usize {
        let directory = Directory::read(&self.sandbox);
        let complaints = self.complaints();
        let mut told = 0;
        for id in self.people().keys().filter(|id| directory.scim(id).contains_key(path)) {
            assert!(
                complaints.get(id).is_some_and(|c| c.contains(word)),
                "nothing about {path} of {id}: {:?}",
                complaints.get(id)
            );
            told += 1;
        }
        assert!(told > 3, "too few people have {path}");
        told
    }

    fn members_are_right(&self) {
        let directory = Directory::read(&self.sandbox);
        let people = self.people();
        let groups = self.app.groups();
        for id in directory.groups_in_scope(false) {
            let name = text(&directory.groups[&id], "displayName");
            let group = groups.iter().find(|g| g["displayName"] == name).unwrap_or_else(|| panic!("no group {name}"));
            let mut wanted: Vec<String> = directory.members[&id]
                .iter()
                .filter_map(|m| people.get(m))
                .map(|name| text(&self.app.user(name), "id").to_owned())
                .collect();
            let mut has: Vec<String> =
                group["members"].as_array().into_iter().flatten().map(|m| text(m, "value").to_owned()).collect();
            wanted.sort_unstable();
            has.sort_unstable();
            assert_eq!(has, wanted, "members of {name}");
        }
    }
}

#[test]
fn accounts_that_are_there_are_adopted_whatever_filters_do() {
    for filters in [Filters::Work, Filters::Ignored, Filters::Refused, Filters::CaseExact] {
        let stage = Stage::new(Quirks { filters, ..Quirks::default() });
        let people: Vec<String> = stage.people().into_values().collect();
        for name in people.iter().take(5) {
            stage.app.seed(json!({"userName": name.to_uppercase(), "displayName": "Before"}));
        }
        stage.app.seed(json!({"userName": "stranger@else.example", "displayName": "Stranger"}));
        stage.cycle();
        stage.everybody_is_there();
        let names: Vec<String> = stage.app.users().iter().map(|u| text(u, "userName").to_lowercase()).collect();
        let mut distinct = names.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len(), "somebody is there twice");
        assert_eq!(stage.app.user("stranger@else.example")["displayName"], "Stranger");
        for name in people.iter().take(5) {
            assert_ne!(stage.app.user(name)["displayName"], "Before", "{name} was not updated");
            assert!(text(&stage.app.user(name), "id").starts_with("seed-"));
        }
        stage.members_are_right();
        stage.nothing_more();
        // One person at a time asks with a filter.
        let one = stage.sandbox.create_user("Filterina", "Late");
        stage.sandbox.assign(&one);
        stage.app.seed(json!({"userName": format!("FILTERINA.late@{}", stage.sandbox.domain())}));
        let users = stage.app.users().len();
        stage.cycle();
        assert_eq!(stage.app.users().len(), users, "Filterina is there twice");
        assert_eq!(
            stage.app.user(&format!("filterina.late@{}", stage.sandbox.domain()))["displayName"],
            "Filterina Late"
        );
    }
}

#[test]
fn one_attribute_does_not_keep_the_person_out() {
    for wordless in [false, true] {
        let stage = Stage::new(Quirks { refuses: vec!["title"], wordless, ..Quirks::default() });
        stage.cycle();
        stage.everybody_is_there();
        let told = stage.everybody_is_told("title", "title");
        assert!(stage.app.users().iter().all(|u| u.get("title").is_none()));
        let people = stage.people().len();
        if !wordless {
            let posts = stage.app.count("POST", "Users");
            assert!(posts <= people + 20, "{posts} POSTs for {people} people, {told} of them with a title");
        }
        stage.members_are_right();
        stage.nothing_more();
    }
}

#[test]
fn what_the_app_drops_is_said_once() {
    let stage = Stage::new(Quirks { drops: vec!["title", ENTERPRISE_DEPARTMENT], ..Quirks::default() });
    stage.cycle();
    stage.everybody_is_there();
    stage.everybody_is_told("title", "title");
    stage.everybody_is_told("enterprise.department", "department");
    stage.nothing_more();
}

const ENTERPRISE_DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

#[test]
fn a_value_in_the_apps_own_form_is_not_sent_for_ever() {
    let stage = Stage::new(Quirks {
        rewrites: Some(("phoneNumbers[type eq \"work\"].value", |text| text.replace([' ', '-'], ""))),
        ..Quirks::default()
    });
    stage.cycle();
    stage.everybody_is_there();
    for user in stage.app.users() {
        let kinds: Vec<&Value> = user["phoneNumbers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| &p["type"])
            .filter(|t| *t == "work")
            .collect();
        assert!(kinds.len() < 2, "a number was added a second time: {user}");
    }
    stage.nothing_more();
}

#[test]
fn a_name_that_the_app_insists_on_is_made() {
    let stage = Stage::new(Quirks { requires: Some("name.formatted"), ..Quirks::default() });
    stage.home.run(&["mapping", "remove", "name.formatted", "--yes"]).ok();
    stage.cycle();
    stage.everybody_is_there();
    assert!(stage.app.users().iter().all(|u| u["name"]["formatted"] == u["displayName"]));
    stage.nothing_more();
}

#[test]
fn members_in_every_dialect() {
    for (name, quirks) in [
        ("by name", Quirks { members_by_name: true, ..Quirks::default() }),
        ("by list", Quirks { removes_by_list: true, ..Quirks::default() }),
        ("from the start", Quirks { needs_member: true, ..Quirks::default() }),
        ("without exclusion", Quirks { no_exclusion: true, ..Quirks::default() }),
        ("strict", Quirks { no_target: true, ..Quirks::default() }),
    ] {
        let empty_is_refused = quirks.needs_member;
        let stage = Stage::new(quirks);
        stage.cycle();
        stage.everybody_is_there();
        if empty_is_refused {
            let directory = Directory::read(&stage.sandbox);
            let complaints = stage.complaints();
            for id in directory.groups_in_scope(false) {
                let there = stage.app.groups().iter().any(|g| g["displayName"] == directory.groups[&id]["displayName"]);
                assert!(there || complaints.contains_key(&id), "{name}: nothing about group {id}");
            }
            assert!(!stage.app.groups().is_empty(), "{name}");
            continue;
        }
        stage.members_are_right();
        let directory = Directory::read(&stage.sandbox);
        let people = stage.people();
        let (group, member) = directory
            .groups_in_scope(false)
            .into_iter()
            .find_map(|g| Some((g.clone(), directory.members[&g].iter().find(|m| people.contains_key(*m))?.clone())))
            .expect("a group with a member");
        stage.sandbox.remove_member(&group, &member);
        stage.cycle();
        stage.members_are_right();
        stage.nothing_more();
    }
}

#[test]
fn members_that_are_never_shown_are_reported() {
    let stage = Stage::new(Quirks { hides_members: true, ..Quirks::default() });
    stage.cycle();
    stage.members_are_right();
    let said = stage.complaints().values().filter(|c| c.contains("members")).count();
    assert!(said > 0, "{:?}", stage.complaints());
    stage.nothing_more();
}

#[test]
fn a_rename_where_the_id_is_the_name() {
    let stage = Stage::new(Quirks { id_is_name: true, ..Quirks::default() });
    stage.cycle();
    stage.everybody_is_there();
    let (id, _) = stage.people().pop_first().expect("somebody");
    let name = format!("new o'\u{e9} name@{}", stage.sandbox.domain());
    stage.sandbox.patch_user(&id, &json!({"userPrincipalName": name}));
    stage.cycle();
    assert_eq!(stage.app.user(&name)["id"], name.as_str(), "{:?}", stage.complaints());
    stage.sandbox.patch_user(&id, &json!({"jobTitle": "After the rename"}));
    stage.cycle();
    assert_eq!(stage.app.user(&name)["title"], "After the rename", "{:?}", stage.complaints());
    stage.nothing_more();
}

#[test]
fn whoever_is_off_may_be_hidden_and_comes_back() {
    let stage = Stage::new(Quirks { hides_disabled: true, ..Quirks::default() });
    stage.cycle();
    let (id, name) = stage.people().pop_first().expect("somebody");
    stage.sandbox.patch_user(&id, &json!({"accountEnabled": false}));
    stage.cycle();
    assert_eq!(stage.app.user(&name)["active"], false, "{:?}", stage.complaints());
    stage.sandbox.patch_user(&id, &json!({"accountEnabled": true}));
    stage.cycle();
    assert_eq!(stage.app.user(&name)["active"], true, "{:?}", stage.complaints());
    stage.nothing_more();
}

#[test]
fn where_patch_does_not_work_put_does() {
    for status in [501, 500] {
        let stage = Stage::new(Quirks { no_patch: Some(status), ..Quirks::default() });
        stage.cycle();
        let (id, name) = stage.people().pop_first().expect("somebody");
        stage.sandbox.patch_user(&id, &json!({"jobTitle": "By PUT", "accountEnabled": true}));
        stage.cycle();
        assert_eq!(stage.app.user(&name)["title"], "By PUT", "{:?}", stage.complaints());
        let managed = stage.app.users().iter().filter(|u| u[ENTERPRISE]["manager"]["value"].is_string()).count();
        assert!(managed > 10, "only {managed} managers; {:?}", stage.complaints());
    }
}

#[test]
fn one_poisoned_person_and_a_full_house_do_not_stop_the_others() {
    let plain = Stage::new(Quirks::default());
    let (poisoned, name) = plain.people().pop_first().expect("somebody");
    let stage = Stage::new(Quirks { poison: Some(name), ..Quirks::default() });
    let first = stage.cycle();
    assert_eq!(first["counts"]["failed"], 1, "{first}");
    assert!(stage.complaints().contains_key(&poisoned));
    stage.cycle();
    stage.nothing_more();

    let stage = Stage::new(Quirks { seats: Some(10), ..Quirks::default() });
    stage.cycle();
    assert_eq!(stage.app.users().len(), 10);
    assert!(stage.app.count("POST", "Users") < 30, "{} POSTs into a full house", stage.app.count("POST", "Users"));
    let complaints = stage.complaints();
    let out: Vec<String> =
        stage.people().into_iter().filter(|(_, n)| stage.app.user(n).is_null()).map(|(id, _)| id).collect();
    assert!(out.len() > 20 && out.iter().all(|id| complaints.contains_key(id)));
}

#[test]
fn an_answer_with_somebody_elses_account_is_a_collision() {
    for seeded in [false, true] {
        let stage = Stage::new(Quirks { same_for_all: true, ..Quirks::default() });
        let stranger = json!({"userName": "stranger@else.example", "displayName": "Stranger", "title": "Stranger"});
        if seeded {
            stage.app.seed(stranger.clone());
        }
        stage.cycle();
        let users = stage.app.users();
        assert_eq!(users.len(), 1);
        if seeded {
            assert_eq!((&users[0]["userName"], &users[0]["title"]), (&stranger["userName"], &stranger["title"]));
        }
        let first = text(&users[0], "userName").to_lowercase();
        let complaints = stage.complaints();
        for (id, name) in stage.people() {
            assert!(name.to_lowercase() == first || complaints.contains_key(&id), "nothing about {name}");
        }
        assert_eq!(stage.app.count("DELETE", ""), 0, "nothing is rolled back by deleting");
        assert_eq!(stage.app.count("PATCH", "Users"), 0, "a stranger was written to");
        assert_eq!(stage.app.count("PUT", "Users"), 0, "a stranger was written to");
    }
}
