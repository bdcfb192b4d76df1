//! The commands that answer from the store, against a store that the test fills itself; and `assign` on the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::home::{binary, drain, wait_until};
use heeler::mapping::Schema;
use heeler::model::log::{ErrorInformation, Identity, Initiator, LogEntry, StatusInfo, System};
use heeler::model::{
    AppRole, Assignment, Counts, Cycle, CycleKind, CycleState, GroupChange, Link, LogStatus, Member, MemberKind,
    ObjectType, Origin, Retry, ServicePrincipal, UserChange,
};
use heeler::store::{Store, audit, cycles, job, links, log, mirror, retries};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Stdio;

const ROLE: &str = "30000000-0000-0000-0000-000000000001";
const ADA: &str = "10000000-0000-0000-0000-000000000001";
const JORG: &str = "10000000-0000-0000-0000-000000000002";
const EVE: &str = "10000000-0000-0000-0000-000000000003";
const SALES: &str = "20000000-0000-0000-0000-000000000001";

/// A name that tries to colour the terminal, and to turn the reading direction round.
const HOSTILE: &str = "Eve\u{1b}[31m\u{202e}x";

/// What a command left behind.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
    }
}

fn heeler(folder: &Path, args: &[&str]) -> Said {
    let output = binary(folder).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

fn store(folder: &Path) -> Store {
    Store::open(&Store::file_of(&folder.join("share/heeler"), "sandbox").unwrap()).unwrap()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn user(id: &str, name: &str, principal: &str) -> UserChange {
    let properties = object(&json!({
        "displayName": name, "userPrincipalName": principal, "mail": principal, "accountEnabled": true,
        "givenName": null, "surname": null, "jobTitle": "Engineer",
    }));
    UserChange { id: id.into(), properties, ..UserChange::default() }
}

fn entry(n: u32, at: &str, source: (&str, &str), status: LogStatus, error: Option<(&str, &str)>) -> LogEntry {
    LogEntry {
        id: format!("01900000-0000-7000-8000-{n:012}"),
        activity_date_time: at.into(),
        tenant_id: "tenant".into(),
        job_id: "sandbox".into(),
        cycle_id: "cycle".into(),
        change_id: format!("change-{n}"),
        provisioning_action: "update".into(),
        duration_in_milliseconds: 5,
        provisioning_status_info: StatusInfo {
            status,
            error_information: error.map(|(code, reason)| ErrorInformation {
                error_code: code.into(),
                reason: reason.into(),
                additional_details: None,
                error_category: "failure".into(),
                recommended_action: None,
            }),
        },
        provisioning_steps: Vec::new(),
        modified_properties: Vec::new(),
        service_principal: Identity::default(),
        source_system: System::default(),
        target_system: System::default(),
        source_identity: Identity {
            id: source.0.into(),
            display_name: source.1.into(),
            identity_type: Some("User".into()),
            details: Map::new(),
        },
        target_identity: Identity::default(),
        initiated_by: Initiator::default(),
    }
}

/// Ada is assigned, linked and differs in her title; Jörg is in an assigned group and failed; Eve is not assigned.
fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path())
        .write_blocking(|c| {
            let round = mirror::INCREMENTAL;
            mirror::apply_user(c, &user(ADA, "Ada Lovelace", "ada@contoso.example"), round)?;
            mirror::apply_user(c, &user(JORG, "Jörg Müller", "joerg@contoso.example"), round)?;
            mirror::apply_user(c, &user(EVE, HOSTILE, "eve@contoso.example"), round)?;
            for (n, name) in [(4, "Twin Peak"), (5, "Twin Peak")] {
                let id = format!("10000000-0000-0000-0000-{n:012}");
                mirror::apply_user(c, &user(&id, name, &format!("twin{n}@contoso.example")), round)?;
            }
            let properties = object(&json!({ "displayName": "Sales", "securityEnabled": true }));
            let added = vec![Member { id: JORG.into(), kind: MemberKind::User }];
            mirror::apply_group(c, &GroupChange { id: SALES.into(), properties, added, ..Default::default() }, round)?;
            let assigned = |principal: &str, kind, name: &str| Assignment {
                id: format!("assignment of {name}"),
                principal_id: principal.into(),
                principal_kind: kind,
                principal_name: name.into(),
                role_id: ROLE.into(),
            };
            mirror::replace_assignments(
                c,
                &[assigned(ADA, MemberKind::User, "Ada Lovelace"), assigned(SALES, MemberKind::Group, "Sales")],
            )?;
            let role = AppRole {
                id: ROLE.into(),
                value: Some("member".into()),
                display_name: "Member".into(),
                enabled: true,
                for_users: true,
            };
            let principal = ServicePrincipal {
                id: "sp".into(),
                display_name: "Flock".into(),
                roles: vec![role],
                ..Default::default()
            };
            job::set_service_principal(c, &principal)?;
            links::put(
                c,
                &Link {
                    object_type: ObjectType::User,
                    source_id: ADA.into(),
                    target_id: "flock-1".into(),
                    origin: Origin::Created,
                    managed: true,
                    active: true,
                    broken: false,
                    applied: object(&json!({
                        "userName": "ada@contoso.example", "active": true, "displayName": "Ada Lovelace",
                        "title": "Countess", "emails[type eq \"work\"].value": "ada@contoso.example",
                        "externalId": ADA,
                    })),
                    manager: None,
                    created_at: "2025-11-01T00:00:00Z".into(),
                },
            )?;
            retries::put(
                c,
                &Retry {
                    object_type: ObjectType::User,
                    source_id: JORG.into(),
                    code: "EntryConflict".into(),
                    reason: "userName is taken".into(),
                    attempts: 2,
                    first_failed: "2025-11-01T00:00:00Z".into(),
                    next_attempt: "2025-11-01T08:00:00Z".into(),
                    fingerprint: "f".into(),
                    reference: false,
                },
            )?;
            let cycle = Cycle {
                id: "cycle".into(),
                kind: CycleKind::Initial,
                state: CycleState::Succeeded,
                started_at: "2025-11-01T00:00:00Z".into(),
                ended_at: Some("2025-11-01T00:01:00Z".into()),
                duration_ms: 60_000,
                counts: Counts::default(),
                app_requests: 3,
                error: None,
            };
            cycles::start(c, &cycle)?;
            let conflict = Some(("EntryConflict", "userName is taken"));
            log::append(c, &entry(1, "2025-11-01T00:00:01Z", (ADA, "Ada Lovelace"), LogStatus::Success, None))?;
            log::append(c, &entry(2, "2025-11-02T00:00:02Z", (JORG, "Jörg Müller"), LogStatus::Failure, conflict))?;
            log::append(c, &entry(3, "2025-11-03T00:00:03Z", (EVE, HOSTILE), LogStatus::Skipped, None))?;
            Ok(())
        })
        .unwrap();
    folder
}

#[test]
fn users_are_listed_with_their_state_and_found_without_diacritics() {
    let folder = filled();
    let all = heeler(folder.path(), &["users"]);
    assert_eq!((all.code, all.err.as_str()), (0, ""));
    insta::assert_snapshot!(all.out, @r"
       name          userPrincipalName      in the app
    ✓  Ada Lovelace  ada@contoso.example    active
    ·  Eve␛[31m�x    eve@contoso.example    not provisioned
    ✗  Jörg Müller   joerg@contoso.example  failed: EntryConflict
    ·  Twin Peak     twin4@contoso.example  not provisioned
    ·  Twin Peak     twin5@contoso.example  not provisioned
    ");
    let found = heeler(folder.path(), &["users", "muller", "--json"]).lines();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["id"], JORG);
    assert_eq!(found[0]["displayName"], "Jörg Müller");
    assert_eq!(found[0]["provisioningState"], "failed");
    assert_eq!(found[0]["provisioningErrorCode"], "EntryConflict");
    assert_eq!(found[0]["targetId"], Value::Null);
    let ada = heeler(folder.path(), &["users", "lovelace", "--json"]).lines();
    assert_eq!((&ada[0]["provisioningState"], &ada[0]["targetId"]), (&json!("active"), &json!("flock-1")));

    let nobody = heeler(folder.path(), &["users", "nobody"]);
    assert_eq!((nobody.code, nobody.out.as_str(), nobody.err.as_str()), (0, "", "no user fits `nobody`\n"));
}

#[test]
fn nothing_that_a_terminal_obeys_comes_out() {
    let folder = filled();
    for args in [
        vec!["users"],
        vec!["users", "--json"],
        vec!["log"],
        vec!["log", "--json"],
        vec!["explain", "eve@contoso.example"],
        vec!["explain", "eve@contoso.example", "--json"],
        vec!["explain", "\u{1b}[31m"],
    ] {
        let said = heeler(folder.path(), &args);
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.out.contains(bad) && !said.err.contains(bad), "{args:?}: {said:?}");
    }
    let eve = heeler(folder.path(), &["users", "eve@contoso.example", "--json"]).lines();
    assert_eq!(eve[0]["displayName"], HOSTILE, "JSON reads back as it was");
}

#[test]
fn groups_come_with_their_members() {
    let folder = filled();
    insta::assert_snapshot!(heeler(folder.path(), &["groups"]).out, @r"
       name   members  in the app
    ·  Sales        1  not provisioned
    ");
    let found = heeler(folder.path(), &["groups", "sal", "--json"]).lines();
    assert_eq!((&found[0]["id"], &found[0]["memberCount"]), (&json!(SALES), &json!(1)));
}

#[test]
fn a_name_that_fits_several_lists_them() {
    let folder = filled();
    let said = heeler(folder.path(), &["explain", "twin peak"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    insta::assert_snapshot!(said.err, @r"
    error: `twin peak` fits 2; name one by its id
      user  Twin Peak  twin4@contoso.example  10000000-0000-0000-0000-000000000004
      user  Twin Peak  twin5@contoso.example  10000000-0000-0000-0000-000000000005
    ");
    let said = heeler(folder.path(), &["explain", "nobody", "--json"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("`nobody`"), "{}", said.err);
}

#[test]
fn explain_says_why_whom_and_what() {
    let folder = filled();
    let ada = heeler(folder.path(), &["explain", "ada", "--json"]).lines().remove(0);
    assert_eq!(ada["in_scope"], true);
    assert_eq!(ada["reason"], "assigned directly");
    assert_eq!(ada["match"], "linked to flock-1 (created)");
    assert_eq!(ada["changes"], json!([{ "attribute": "title", "old": "Countess", "new": "Engineer" }]));
    assert_eq!(ada["assigned"], json!({ "direct": true, "through": [], "roles": ["Member"] }));

    let jorg = heeler(folder.path(), &["explain", "joerg@contoso.example", "--json"]).lines().remove(0);
    assert_eq!((&jorg["in_scope"], &jorg["reason"]), (&json!(true), &json!("assigned through Sales")));
    assert_eq!((&jorg["retry"]["code"], &jorg["retry"]["attempts"]), (&json!("EntryConflict"), &json!(2)));

    let eve = heeler(folder.path(), &["explain", EVE, "--json"]).lines().remove(0);
    assert_eq!(eve["in_scope"], false);
    assert!(eve["reason"].as_str().unwrap().contains("neither assigned"), "{eve}");

    let sales = heeler(folder.path(), &["explain", "sales", "--json"]).lines().remove(0);
    assert_eq!((&sales["object_type"], &sales["in_scope"]), (&json!("Group"), &json!(false)));
    assert_eq!(sales["changes"], json!([]));

    insta::assert_snapshot!(heeler(folder.path(), &["explain", "ada"]).out, @r#"
    Ada Lovelace  ada@contoso.example  user 10000000-0000-0000-0000-000000000001

      in scope  ✓ yes: assigned directly
      roles     Member
      account   enabled in the directory
      match     linked to flock-1 (created)
      changes   title  "Countess"  →  "Engineer"
      next      the next cycle writes what differs
    "#);
    insta::assert_snapshot!(heeler(folder.path(), &["explain", "Sales"]).out, @r"
    Sales  group 20000000-0000-0000-0000-000000000001

      in scope  · no: this job provisions no groups (groups = false); it is assigned, so its direct members are in scope
      members   1 direct
      match     not linked
      changes   none
      next      nothing
    ");
}

#[test]
fn the_log_is_filtered_and_ends_with_the_newest() {
    let folder = filled();
    insta::assert_snapshot!(heeler(folder.path(), &["log"]).out, @r"
    2025-11-01 00:00  ✓ success  update        Ada Lovelace
    2025-11-02 00:00  ✗ failure  update        Jörg Müller                   EntryConflict: userName is taken
    2025-11-03 00:00  · skipped  update        Eve␛[31m�x
    ");
    let ids = |args: &[&str]| -> Vec<u64> {
        let args = [&["log", "--json"], args].concat();
        heeler(folder.path(), &args)
            .lines()
            .iter()
            .map(|entry| entry["id"].as_str().unwrap().rsplit('-').next().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(ids(&[]), [1, 2, 3]);
    assert_eq!(ids(&["--status", "failure"]), [2]);
    assert_eq!(ids(&["--search", "muller"]), [2]);
    assert_eq!(ids(&["--search", "conflict"]), [2]);
    assert_eq!(ids(&["--since", "2025-11-02"]), [2, 3]);
    assert_eq!(ids(&["--since", "2025-11-02T00:01Z"]), [3]);
    assert_eq!(ids(&["--since", "2025-11-02", "--status", "success"]), [0_u64; 0]);

    let whole: LogEntry = serde_json::from_value(heeler(folder.path(), &["log", "--json"]).lines().remove(1)).unwrap();
    let conflict = Some(("EntryConflict", "userName is taken"));
    assert_eq!(whole, entry(2, "2025-11-02T00:00:02Z", (JORG, "Jörg Müller"), LogStatus::Failure, conflict));

    let refused = heeler(folder.path(), &["log", "--since", "yesterday"]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert!(refused.err.contains("`yesterday`") && refused.err.contains("7d"), "{}", refused.err);
}

#[test]
fn people_get_the_last_hundred_entries_and_scripts_all_of_them() {
    let folder = filled();
    store(folder.path())
        .write_blocking(|c| {
            for n in 10..160 {
                log::append(c, &entry(n, "2025-11-04T00:00:00Z", (ADA, "Ada"), LogStatus::Success, None))?;
            }
            Ok(())
        })
        .unwrap();
    let people = heeler(folder.path(), &["log"]);
    assert_eq!(people.out.lines().count(), 100);
    assert!(people.err.contains("last 100"), "{}", people.err);
    assert_eq!(heeler(folder.path(), &["log", "--json"]).out.lines().count(), 153);
    assert_eq!(heeler(folder.path(), &["log", "--since", "2025-11-04"]).out.lines().count(), 150);
}

#[test]
fn following_prints_what_is_added_until_interrupted() {
    let folder = filled();
    let mut child = binary(folder.path())
        .args(["log", "--follow", "--json", "--status", "failure", "--since", "2025-11-20"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, lines) = std::sync::mpsc::channel();
    let out = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || {
        for line in std::io::BufRead::lines(std::io::BufReader::new(out)) {
            let _ = sender.send(line.unwrap());
        }
    });
    let err = drain(child.stderr.take().unwrap());
    let store = store(folder.path());
    let conflict = Some(("EntryConflict", "userName is taken"));
    for n in [20, 30] {
        store
            .write_blocking(move |c| {
                log::append(c, &entry(n, "2025-11-24T00:00:00Z", (ADA, "Ada"), LogStatus::Success, None))?;
                log::append(c, &entry(n + 1, "2025-11-24T00:00:00Z", (ADA, "Ada"), LogStatus::Failure, conflict))
            })
            .unwrap();
        let line = lines.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
        assert!(line.contains(&format!("{:012}", n + 1)), "{line}");
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(),
        rustix::process::Signal::INT,
    )
    .unwrap();
    let mut status = None;
    wait_until("the end of log --follow", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    reading.join().unwrap();
    assert_eq!(status.unwrap().code(), Some(130), "{}", err.wait());
    assert!(lines.try_recv().is_err(), "nothing more was printed");
}

#[test]
fn what_never_ran_says_what_to_run() {
    let folder = tempfile::tempdir().unwrap();
    for args in [["users"], ["groups"], ["log"]] {
        let said = heeler(folder.path(), &args);
        assert_eq!((said.code, said.out.as_str()), (0, ""), "{args:?}");
        assert_eq!(said.err, "nothing was read yet: `heeler` starts the sandbox and its first cycle\n");
    }
    let said = heeler(folder.path(), &["explain", "ada"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("`ada`") && said.err.contains("nothing was read yet"), "{}", said.err);
}

#[test]
fn an_exported_mapping_is_a_mapping_file() {
    let folder = tempfile::tempdir().unwrap();
    let preset = Schema::preset(heeler::mapping::Preset::Flock).unwrap();
    let pretty = heeler(folder.path(), &["mapping", "export"]);
    assert_eq!(Schema::from_json(&pretty.out).unwrap(), preset);
    assert!(pretty.out.lines().count() > 10);
    let line = heeler(folder.path(), &["mapping", "export", "--json"]);
    assert_eq!(line.out.lines().count(), 1);
    assert_eq!(Schema::from_json(&line.out).unwrap(), preset);

    let shown = heeler(folder.path(), &["mapping", "show"]).out;
    assert!(shown.contains("(preset flock)") && shown.contains("off: the job has groups = false"), "{shown}");
    let json = heeler(folder.path(), &["mapping", "show", "--json"]).lines();
    assert_eq!(json.len(), 2);
    assert_eq!((&json[0]["objectType"], &json[0]["matching"]), (&json!("User"), &json!(["userName"])));
    assert_eq!(json[0]["attributeMappings"][0]["targetAttributeName"], "userName");
    assert_eq!(json[1]["enabled"], false);
}

#[test]
fn setup_names_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let steps = heeler(folder.path(), &["setup", "--json"]).lines();
    assert_eq!(steps.len(), 9);
    assert!(steps.iter().all(|step| step["state"] == "open"), "{steps:?}");
    assert!(steps[0]["command"].as_str().unwrap().starts_with("heeler config example > "), "{steps:?}");
    let text = heeler(folder.path(), &["setup"]).out;
    assert!(text.contains("Auth and Provisioning") && text.contains("api.flock-staging.com"), "{text}");

    let example = heeler(folder.path(), &["config", "example"]).out;
    std::fs::create_dir_all(folder.path().join("config/heeler")).unwrap();
    std::fs::write(folder.path().join("config/heeler/config.toml"), example).unwrap();
    let state = |steps: &[Value], name: &str| {
        steps.iter().find(|step| step["step"] == name).unwrap()["state"].as_str().unwrap().to_owned()
    };
    let steps = heeler(folder.path(), &["setup", "--json"]).lines();
    assert_eq!((state(&steps, "configuration").as_str(), state(&steps, "secrets").as_str()), ("done", "open"));
    assert_eq!((state(&steps, "mappings").as_str(), state(&steps, "plan").as_str()), ("open", "unknown"));
    assert_eq!(heeler(folder.path(), &["mapping", "show"]).code, 0);
    let steps = heeler(folder.path(), &["setup", "--json"]).lines();
    assert_eq!(state(&steps, "mappings"), "done");
    assert!(heeler(folder.path(), &["setup"]).out.contains("› next"));
}

#[test]
fn people_are_assigned_by_exact_name_and_with_a_role() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| heeler(folder.path(), args);
    let which = run(&["assign", "ada@meadowlark.example"]);
    assert_eq!((which.code, which.out.as_str()), (2, ""), "{which:?}");
    assert!(which.err.contains("which role?") && which.err.contains("Flock Member"), "{}", which.err);
    assert!(!which.err.contains("msiam_access"), "{}", which.err);
    let unknown = run(&["assign", "ada@meadowlark.example", "--role", "Nothing"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    let part = run(&["assign", "ada@", "--role", "Flock Member"]);
    assert_eq!(part.code, 2, "a part of a name assigns nobody: {part:?}");

    assert_eq!(run(&["unassign", "ada@meadowlark.example"]).code, 0);
    let assigned = run(&["assign", "ada@meadowlark.example", "--role", "flock member", "--json"]);
    assert_eq!(assigned.code, 0, "{assigned:?}");
    let assignment = assigned.lines().remove(0);
    assert_eq!((&assignment["changed"], &assignment["appRole"]), (&json!(true), &json!("Flock Member")));
    let again = run(&["assign", "ada@meadowlark.example", "--role", "Flock.Member"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.out.contains("already"), "{again:?}");
    let gone = run(&["unassign", "ada@meadowlark.example", "--json"]).lines();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0]["id"], assignment["id"]);
    let nothing = run(&["unassign", "ada@meadowlark.example"]);
    assert_eq!(nothing.code, 0, "{nothing:?}");
    assert!(nothing.out.contains("is not assigned"), "{nothing:?}");

    let store = store(folder.path());
    let trail = store.read(|c| audit::list(c, 100, None)).unwrap();
    assert!(trail.iter().any(|e| e.what == "Add app role assignment" && e.details["appRole"] == "Flock Member"));
    assert!(trail.iter().any(|e| e.what == "Remove app role assignment"));
    assert_eq!(store.read(audit::verify).unwrap(), None);
}
