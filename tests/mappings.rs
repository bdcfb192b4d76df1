//! Changing a mapping: what it costs, its versions, and what the next cycle does about it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Home, Sandbox, Setup, text, wait_until};
use serde_json::{Value, json};

fn sandbox() -> (Sandbox, Home) {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "6", "--seed", "3"]);
    let home = Setup::of(&sandbox).home();
    (sandbox, home)
}

/// Accounts of the app whose title is this.
fn titled(sandbox: &Sandbox, title: &str) -> usize {
    sandbox.app("Users").iter().filter(|account| account["title"] == title).count()
}

/// A change of the mapping is written to those whom it concerns, and to nobody else, without reading the directory
/// or the app anew (section 16, row 14 of the behaviour).
#[test]
fn a_change_costs_what_it_changes() {
    let (sandbox, home) = sandbox();
    let first = home.sync();
    let people = first["counts"]["created"].as_u64().unwrap();
    assert!(people > 3, "{first}");

    // Before anything is saved: what changes, for whom.
    let set = r#"Switch([department], [jobTitle], "Sales", "Seller")"#;
    let cost = home.run(&["mapping", "set", "title", set, "--dry-run", "--json"]).ok().json();
    let concerned = cost["impact"][0]["affected"].as_u64().unwrap();
    assert!(concerned > 0 && concerned < people, "{cost}");
    assert_eq!((&cost["version"], &cost["nextCycle"]), (&Value::Null, &json!("incremental")), "{cost}");
    assert_eq!(cost["impact"][0]["attributes"][0]["attribute"], "title", "{cost}");
    assert_eq!(home.sync()["counts"]["updated"], 0, "a dry run changed something");

    let saved = home.run(&["mapping", "set", "title", set, "--yes", "--json", "--note", "sellers"]).ok().json();
    assert_eq!(saved["version"], 2, "{saved}");
    let before = sandbox.requests();
    let cycle = home.sync();
    let sent = sandbox.requests().since(&before);
    assert_eq!((&cycle["kind"], &cycle["counts"]["updated"]), (&json!("incremental"), &json!(concerned)), "{cycle}");
    assert_eq!(sent.count("scim", "PATCH", ""), concerned, "{sent:?}");
    assert_eq!(sent.count("scim", "GET", "/Users"), 0, "the app was listed: {sent:?}");
    assert_eq!(titled(&sandbox, "Seller"), usize::try_from(concerned).unwrap());

    // Back again.
    home.run(&["mapping", "rollback", "1", "--yes"]).ok();
    assert_eq!(home.sync()["counts"]["updated"], concerned);
    assert_eq!(titled(&sandbox, "Seller"), 0);
    assert_eq!(home.sync()["counts"]["updated"], 0);
}

/// What the mirror does not have must be read: then the cycle is an initial one, and says so beforehand.
#[test]
fn an_attribute_that_was_never_read_is_read_first() {
    let (sandbox, home) = sandbox();
    home.sync();
    let person = text(&sandbox.app("Users")[0], "externalId").to_owned();
    sandbox.patch_user(&person, &json!({ "employeeType": "Contractor" }));
    home.sync();
    let set = ["mapping", "set", "title", "[employeeType]", "--yes", "--json"];
    let saved = home.run(&set).ok().json();
    assert_eq!((&saved["nextCycle"], &saved["unread"]), (&json!("initial"), &json!(["employeeType"])), "{saved}");
    let cycle = home.sync();
    assert_eq!(cycle["kind"], "initial", "{cycle}");
    assert_eq!(sandbox.account(&person).unwrap()["title"], "Contractor");
    // Now it is known.
    let cost =
        home.run(&["mapping", "set", "title", r#"Append([employeeType], "!")"#, "--dry-run", "--json"]).ok().json();
    assert_eq!(cost["nextCycle"], "incremental", "{cost}");
}

#[test]
fn who_leaves_scope_is_said_before_it_happens() {
    let (sandbox, home) = sandbox();
    let people = home.sync()["counts"]["created"].as_u64().unwrap();
    let only = ["mapping", "filter", "add", "department EQUALS Sales", "--json"];
    let cost = home.run(&[&only[..], &["--dry-run"]].concat()).ok().json();
    let leaving = cost["impact"][0]["leaving"]["count"].as_u64().unwrap();
    assert!(leaving > 0 && leaving < people, "{cost}");
    home.run(&[&only[..], &["--yes"]].concat()).ok();
    let cycle = home.sync();
    assert_eq!((&cycle["kind"], &cycle["counts"]["disabled"]), (&json!("incremental"), &json!(leaving)), "{cycle}");
    let active = sandbox.app("Users").iter().filter(|a| a["active"] == true).count() as u64;
    assert_eq!(active, people - leaving);
    home.run(&["mapping", "filter", "clear", "--yes"]).ok();
    assert_eq!(home.sync()["counts"]["enabled"], leaving);
}

#[test]
fn a_condition_that_nobody_can_meet_is_said_when_it_is_saved() {
    let (_sandbox, home) = sandbox();
    home.sync();
    let both = ["mapping", "filter", "add", "department EQUALS Sales", "department EQUALS Support", "--dry-run"];
    home.run(&both).ok().says(&["never|cannot", "department"]);
    home.run(&["mapping", "filter", "add", "departmnt EQUALS Sales", "--dry-run"])
        .ok()
        .says(&["departmnt", "department"]);
    home.run(&["mapping", "filter", "add", "department IsMemberOf x", "--dry-run"]).code(2).says(&["IsMemberOf"]);
    home.run(&["mapping", "filter", "add", "department REGEX MATCH (", "--dry-run"]).code(2).says(&["pattern"]);
}

#[test]
fn every_saved_change_is_a_version() {
    let (_sandbox, home) = sandbox();
    assert!(home.run(&["mapping", "history"]).ok().stdout.contains("nothing was saved"));
    home.run(&["mapping", "diff"]).code(2).says(&["no two versions"]);
    home.run(&["mapping", "rollback", "1", "--yes"]).code(2).says(&["no version 1"]);
    let base = home.run(&["mapping", "export", "--json"]).ok().json();

    home.run(&["mapping", "set", "title", "[department]", "--yes", "--note", "as HR wants"]).ok();
    home.run(&["mapping", "set", "title", "[department]", "--yes"]).ok().says(&["nothing changes"]);
    home.run(&["mapping", "add", "nickName", "[givenName]", "--apply", "create", "--yes"]).ok();
    home.run(&["mapping", "remove", "nickName", "--yes"]).ok();
    home.run(&["mapping", "remove", "userName", "--yes"]).code(2).says(&["userName", "nothing is changed"]);
    home.run(&["mapping", "reset", "--yes"]).ok();

    let history = home.run(&["mapping", "history", "--json"]).ok().lines();
    let seen: Vec<(i64, &str, &str, bool)> = history
        .iter()
        .map(|v| (v["version"].as_i64().unwrap(), text(v, "action"), text(v, "note"), v["inForce"] == true))
        .collect();
    assert_eq!(
        seen,
        [
            (5, "reset", "back to the preset flock", true),
            (4, "edit", "", false),
            (3, "edit", "", false),
            (2, "edit", "as HR wants", false),
            (1, "base", "as it was before the first change: preset flock", false),
        ]
    );
    let diff = home.run(&["mapping", "diff", "1", "2", "--json"]).ok().json();
    let lines = diff["changes"].as_array().unwrap();
    assert!(lines.iter().any(|l| l.as_str().unwrap().contains("[department]")), "{diff}");
    assert_eq!(home.run(&["mapping", "diff", "1", "5"]).ok().stdout.trim(), "no difference");
    assert_eq!(home.run(&["mapping", "export", "--json"]).ok().json(), base);
    let second = home.run(&["mapping", "export", "--json", "2"]).ok().json();
    assert_ne!(second, base);
    home.run(&["mapping", "rollback", "2", "--yes"]).ok();
    assert_eq!(home.run(&["mapping", "export", "--json"]).ok().json(), second);
}

/// A schema of Entra is exported, read, and exported again: not a member is lost.
#[test]
fn what_is_imported_is_exported_as_it_was() {
    let (_sandbox, home) = sandbox();
    let file = home.folder.path().join("entra.json");
    let text = include_str!("data/graph-schema.json");
    std::fs::write(&file, text).unwrap();
    let file = file.display().to_string();
    home.run(&["mapping", "import", &file, "--yes"]).ok();
    let exported = home.run(&["mapping", "export"]).ok().stdout;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(&exported), parsed(text));
    assert_eq!(exported.matches('"').count(), text.matches('"').count(), "a member is there twice, or gone");
    home.run(&["mapping", "import", &file, "--yes"]).ok().says(&["nothing changes"]);
    std::fs::write(home.folder.path().join("broken.json"), "{").unwrap();
    let broken = home.folder.path().join("broken.json").display().to_string();
    home.run(&["mapping", "import", &broken, "--yes"]).code(2).says(&["not JSON", "broken.json"]);
}

/// A job that names a mapping file keeps it there: commands write the file, and what is changed in it by hand is a
/// version as well.
#[test]
fn a_mapping_file_stays_the_place_of_the_mapping() {
    let (sandbox, home) = sandbox();
    let file = home.folder.path().join("mapping.json");
    let preset = home.run(&["mapping", "export"]).ok().stdout;
    std::fs::write(&file, &preset).unwrap();
    home.write(&Setup::of(&sandbox).line("mapping = \"mapping.json\""));
    home.sync();
    home.run(&["mapping", "set", "title", "[department]", "--yes"]).ok();
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("[department]"), "{written}");
    std::fs::write(&file, written.replace("\"expression\": \"[department]\"", "\"expression\": \"[city]\"")).unwrap();
    home.sync();
    let history = home.run(&["mapping", "history", "--json"]).ok().lines();
    let seen: Vec<(&str, bool)> = history.iter().map(|v| (text(v, "action"), v["inForce"] == true)).collect();
    assert_eq!(seen, [("file", true), ("edit", false), ("base", false)]);
}

/// The process that runs the job takes up what another one saved.
#[test]
fn a_running_job_takes_up_a_saved_mapping() {
    let sandbox = Sandbox::serve(&["--users", "30", "--groups", "6", "--seed", "3"]);
    let home = Setup::of(&sandbox).line("interval = \"5s\"").home();
    let running = home.start(&["run"]);
    wait_until("the first cycle", || !sandbox.app("Users").is_empty());
    home.run(&["mapping", "set", "title", "\"Everybody\"", "--yes"]).ok();
    wait_until("the new title", || {
        let accounts = sandbox.app("Users");
        accounts.iter().filter(|a| a["title"] == "Everybody").count() * 2 > accounts.len()
    });
    running.signal(rustix::process::Signal::TERM);
    running.finish();
}

#[test]
fn golden_tests_say_what_is_not_as_it_has_to_be() {
    let (sandbox, home) = sandbox();
    home.sync();
    let account = &sandbox.app("Users")[0];
    let user = text(account, "userName");
    let good = format!(
        "[[test]]\nuser = {user:?}\nin_scope = true\nexpect = {{ userName = {user:?}, active = true }}\n\
         [[test]]\nname = \"nobody\"\nattributes = {{ givenName = \"Ada\", surname = \"Lovelace\" }}\n\
         expect = {{ \"name.formatted\" = \"Ada Lovelace\" }}\nabsent = [\"title\"]\n"
    );
    let file = home.folder.path().join("people.toml");
    std::fs::write(&file, &good).unwrap();
    let path = file.display().to_string();
    let run = home.run(&["mapping", "test", &path]).ok();
    assert!(run.stdout.contains("✓ nobody") && run.stdout.contains("2 passed"), "{}", run.stdout);
    std::fs::write(&file, good.replace("active = true", "active = false")).unwrap();
    let failed = home.run(&["mapping", "test", &path, "--json"]).code(1).lines();
    assert_eq!((&failed[0]["ok"], &failed[1]["ok"]), (&json!(false), &json!(true)));
    assert_eq!(failed[0]["problems"][0], "active: true, not false");
    std::fs::write(&file, "[[test]]\nuzer = 1\n").unwrap();
    home.run(&["mapping", "test", &path]).code(2).says(&["uzer", "people.toml"]);

    // A mapping file and made-up people need nothing else.
    let alone = Home::empty();
    let mapping = alone.folder.path().join("mapping.json");
    std::fs::write(&mapping, home.run(&["mapping", "export"]).ok().stdout).unwrap();
    let tests = alone.folder.path().join("t.json");
    let case = json!({ "test": [{ "attributes": { "mobile": "+45 1", "userPrincipalName": "a@b.c" }, "expect": { "userName": "a@b.c" } }] });
    std::fs::write(&tests, case.to_string()).unwrap();
    let (mapping, tests) = (mapping.display().to_string(), tests.display().to_string());
    alone.run(&["mapping", "test", &tests, "--mapping", &mapping]).ok().says(&["1 passed"]);
}

#[test]
fn a_person_is_previewed_under_two_mappings() {
    let (sandbox, home) = sandbox();
    home.sync();
    let account = &sandbox.app("Users")[0];
    let user = text(account, "userName");
    let now = home.run(&["mapping", "preview", "--user", user, "--json"]).ok().json();
    assert_eq!((&now["inScope"], &now["values"]["userName"]["value"]), (&json!(true), &json!(user)), "{now}");
    home.run(&["mapping", "set", "title", "\"Boss\"", "--yes"]).ok();
    let file = home.folder.path().join("boss.json");
    std::fs::write(&file, home.run(&["mapping", "export"]).ok().stdout).unwrap();
    home.run(&["mapping", "rollback", "1", "--yes"]).ok();
    let file = file.display().to_string();
    let both = home.run(&["mapping", "preview", &file, "--user", user, "--json"]).ok().json();
    assert_eq!(both["values"]["title"], json!({ "value": "Boss", "before": { "value": account["title"] } }), "{both}");
    let cost = home.run(&["mapping", "preview", &file, "--json"]).ok().json();
    assert_eq!(cost["impact"][0]["attributes"][0]["attribute"], "title", "{cost}");
}
