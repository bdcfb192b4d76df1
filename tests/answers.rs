//! What `explain` and `status` say about somebody who waits, a removal that was rejected, and a job in quarantine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::home::binary;
use heeler::expression::Context;
use heeler::mapping::{Preset, Schema};
use heeler::model::{
    Assignment, Link, MemberKind, ObjectType, Operation, OperationState, Origin, Quarantine, Retry, UserChange, Verb,
};
use heeler::store::{Store, job, links, mirror, operations, retries};
use heeler::sync::explain::explain;
use heeler::sync::project::{ObjectRules, Rules, ScopeRules};
use heeler::sync::scope::ScopeSetting;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Stdio;

const ADA: &str = "10000000-0000-0000-0000-000000000001";

fn heeler(folder: &Path, args: &[&str]) -> String {
    let output = binary(folder).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json_of(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&heeler(folder, args)).unwrap()
}

/// Ada is in the directory with a role; `assigned` or not.
fn home(assigned: bool) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Store::file_of(&folder.path().join("share/heeler"), "sandbox").unwrap()).unwrap();
    store
        .write_blocking(move |c| {
            let properties =
                json!({ "displayName": "Ada", "userPrincipalName": "ada@contoso.example", "accountEnabled": true });
            let properties = properties.as_object().unwrap().clone();
            mirror::apply_user(
                c,
                &UserChange { id: ADA.into(), properties, ..UserChange::default() },
                mirror::INCREMENTAL,
            )?;
            let assignment = Assignment {
                id: "a".into(),
                principal_id: ADA.into(),
                principal_kind: MemberKind::User,
                principal_name: "Ada".into(),
                role_id: "30000000-0000-0000-0000-000000000001".into(),
            };
            mirror::replace_assignments(c, if assigned { std::slice::from_ref(&assignment) } else { &[] })
        })
        .unwrap();
    (folder, store)
}

/// The fingerprint of what the job wants for Ada, as the engine computes it.
fn fingerprint(store: &Store) -> String {
    let schema = Schema::preset(Preset::Flock).unwrap();
    let rules = |of| ObjectRules::new(schema.compile(of).unwrap().unwrap()).unwrap();
    let rules = Rules { users: rules(ObjectType::User), groups: rules(ObjectType::Group) };
    let scope = ScopeRules { setting: ScopeSetting::Assigned, exclude_default_access: true, skip_out_of_scope: false };
    let context = Context::preview("2026-01-01T00:00:00Z".parse().unwrap());
    let reader = store.reader().unwrap();
    explain(&reader, ObjectType::User, ADA, &rules, scope, &context).unwrap().unwrap().subject.fingerprint()
}

#[test]
fn who_waits_for_a_retry_is_told_until_when_and_why() {
    let (folder, store) = home(true);
    let role = json!({
        "id": "sp", "app_id": "", "display_name": "Flock",
        "roles": [{ "id": "30000000-0000-0000-0000-000000000001", "value": "m", "display_name": "M", "enabled": true, "for_users": true }]
    });
    store.write_blocking(move |c| job::set_service_principal(c, &serde_json::from_value(role).unwrap())).unwrap();
    let retry = Retry {
        object_type: ObjectType::User,
        source_id: ADA.into(),
        code: "EntryConflict".into(),
        reason: "taken".into(),
        attempts: 2,
        first_failed: "2026-01-01T00:00:00Z".into(),
        next_attempt: "2999-01-01T06:00:00.123456789Z".into(),
        fingerprint: fingerprint(&store),
        reference: false,
    };
    let put = |retry: Retry| store.write_blocking(move |c| retries::put(c, &retry)).unwrap();
    let next = || json_of(folder.path(), &["explain", "ada", "--json"])["next"].as_str().unwrap().to_owned();
    put(retry.clone());
    assert_eq!(next(), "waits until 2999-01-01 06:00:00 UTC because of EntryConflict, unless the source changes");
    // The source did change, or the time has come: the next cycle tries.
    put(Retry { fingerprint: "another".into(), ..retry.clone() });
    assert!(next().starts_with("the next cycle "), "{}", next());
    put(Retry { next_attempt: "2026-01-01T06:00:00Z".into(), ..retry.clone() });
    assert!(next().starts_with("the next cycle "), "{}", next());
    // A manager that could not be set keeps nobody's attributes waiting.
    put(Retry { reference: true, ..retry });
    assert!(next().starts_with("the next cycle "), "{}", next());
}

#[test]
fn a_rejected_removal_is_not_announced() {
    let (folder, store) = home(false);
    store
        .write_blocking(|c| {
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
                    applied: Map::new(),
                    manager: None,
                    created_at: "2026-01-01T00:00:00Z".into(),
                },
            )
        })
        .unwrap();
    let next = || json_of(folder.path(), &["explain", "ada", "--json"])["next"].as_str().unwrap().to_owned();
    assert_eq!(next(), "the next cycle turns the account off");
    let held = Operation {
        id: "op".into(),
        cycle_id: "cycle".into(),
        verb: Verb::Disable,
        object_type: ObjectType::User,
        source_id: ADA.into(),
        target_id: Some("flock-1".into()),
        name: "Ada".into(),
        reason: "not assigned to the app".into(),
        changes: Vec::new(),
        references: Vec::new(),
        state: OperationState::Held,
        held_reason: Some("many".into()),
    };
    store
        .write_blocking(move |c| operations::insert(c, &held).and_then(|()| operations::reject(c, "op", "grace")))
        .unwrap();
    let said = next();
    assert!(
        said.starts_with("nothing: the disable was rejected by grace at 2")
            && said.ends_with(" UTC and will not happen"),
        "{said}"
    );
}

#[test]
fn the_times_of_a_quarantine_are_for_people() {
    let (folder, store) = home(false);
    let quarantine = Quarantine {
        reason: "EncounteredQuarantineException".into(),
        error: "the app is away".into(),
        series_began: "2026-03-01T00:00:00.123456789Z".into(),
        current_began: "2026-03-01T00:00:00Z".into(),
        series_count: 1,
        next_attempt: "2026-03-01T06:00:01.987654321Z".into(),
    };
    store.write_blocking(move |c| job::set_quarantine(c, Some(&quarantine))).unwrap();
    let status = json_of(folder.path(), &["status", "--json"]);
    assert_eq!(status["quarantine"]["series_began"], "2026-03-01T00:00:00.123Z");
    assert_eq!(status["quarantine"]["current_began"], "2026-03-01T00:00:00.000Z");
    assert_eq!(status["quarantine"]["next_attempt"], "2026-03-01T06:00:01.987Z");
    let text = heeler(folder.path(), &["status"]);
    assert!(
        text.contains(" since 2026-03-01 00:00:00 UTC") && text.contains("next attempt 2026-03-01 06:00:01 UTC;"),
        "{text}"
    );
    assert!(text.contains("the sandbox's directory → flock"), "{text}");
}
