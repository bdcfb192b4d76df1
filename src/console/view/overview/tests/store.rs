//! What the overview reads from a real store.

use crate::config::Profile;
use crate::console::page::PageId;
use crate::console::query::Facts;
use crate::console::testing::{Console, noon, shared};
use crate::engine;
use crate::mapping::ScopingFilter;
use crate::model::log::{ErrorInformation, Identity, Initiator, StatusInfo, System};
use crate::model::{
    Counts, Cycle, CycleKind, CycleState, Health, LogEntry, LogStatus, ObjectType, Quarantine, Retry, SideHealth,
    SideState, UserChange,
};
use crate::store::{Store, StoreError, audit, cycles, job, lease, log, mirror, retries};
use jiff::SignedDuration;
use rusqlite::Connection;
use serde_json::{Map, json};
use std::path::Path;

const CONFIG: &str = r#"
[jobs.nightly-users]
enabled = true
interval = "6h"
deletion_threshold = 500
[jobs.nightly-users.app]
preset = "scim"
tenant_url = "https://flock.example/v2/scim"
secret_token = { env = "T" }
[jobs.nightly-users.directory]
tenant_id = "contoso.example"
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = { env = "S" }
service_principal_id = "00000000-0000-0000-0000-000000000002"
"#;

fn facts() -> Facts {
    let config = Profile::parse(CONFIG, Path::new("/nowhere/config.toml")).unwrap().jobs.remove(0);
    let (rules, _) = engine::rules_of(&config).unwrap();
    let scope = engine::scope_rules(&config);
    Facts { rules, scope, database: "a.db".into(), config }
}

/// A store in a folder that lives as long as the test.
fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db")).unwrap();
    (folder, store)
}

fn fill(store: &Store, write: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static) {
    store.write_blocking(move |c| write(c)).unwrap();
}

fn console(store: &Store, width: u16, height: u16) -> Console {
    Console::with(shared(width, height, "default")).on_store(store.clone(), facts())
}

fn minutes_ago(minutes: i64) -> String {
    (noon() - SignedDuration::from_mins(minutes)).to_string()
}

fn user(c: &Connection, id: &str, upn: &str) -> Result<(), StoreError> {
    let properties = Map::from_iter([("userPrincipalName".to_owned(), json!(upn))]);
    mirror::apply_user(c, &UserChange { id: id.into(), properties, ..UserChange::default() }, 1)
}

fn failure(id: &str, reason: &str, minutes: i64) -> LogEntry {
    let error = ErrorInformation {
        error_code: "UnprocessableEntity".into(),
        reason: reason.into(),
        additional_details: None,
        error_category: "nonServiceFailure".into(),
        recommended_action: None,
    };
    LogEntry {
        id: uuid::Uuid::now_v7().to_string(),
        activity_date_time: minutes_ago(minutes),
        tenant_id: "t".into(),
        job_id: "nightly-users".into(),
        cycle_id: "c1".into(),
        change_id: "x".into(),
        provisioning_action: "update".into(),
        duration_in_milliseconds: 5,
        provisioning_status_info: StatusInfo { status: LogStatus::Failure, error_information: Some(error) },
        provisioning_steps: Vec::new(),
        modified_properties: Vec::new(),
        service_principal: Identity::default(),
        source_system: System::default(),
        target_system: System::default(),
        source_identity: Identity {
            id: id.into(),
            display_name: format!("name of {id}"),
            identity_type: Some("User".into()),
            ..Identity::default()
        },
        target_identity: Identity::default(),
        initiated_by: Initiator { id: String::new(), display_name: "Heeler".into(), initiator_type: "system".into() },
    }
}

fn waits(c: &Connection, id: &str) -> Result<(), StoreError> {
    let retry = Retry {
        object_type: if id.starts_with('g') { ObjectType::Group } else { ObjectType::User },
        source_id: id.into(),
        code: "UnprocessableEntity".into(),
        reason: "refused".into(),
        attempts: 1,
        first_failed: minutes_ago(9),
        next_attempt: minutes_ago(-30),
        fingerprint: String::new(),
        reference: false,
    };
    retries::put(c, &retry)
}

fn ended(id: &str, minutes: i64) -> Cycle {
    Cycle {
        id: id.into(),
        kind: CycleKind::Incremental,
        state: CycleState::Succeeded,
        started_at: minutes_ago(minutes),
        ended_at: Some(minutes_ago(minutes - 1)),
        duration_ms: 60_000,
        counts: Counts { created: 7, failed: 3, ..Counts::default() },
        app_requests: 9,
        error: None,
    }
}

#[test]
fn an_empty_store_is_a_first_run() {
    let (_folder, store) = store();
    let console = console(&store, 80, 24);
    let screen = console.screen();
    for words in ["Nothing was read yet.", "- not tried", "every 6 h", "none yet", "0 users"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
}

#[test]
fn everything_on_the_page_comes_from_the_store() {
    let (_folder, store) = store();
    fill(&store, |c| {
        for (id, upn) in [("u1", "ada@contoso.example"), ("u2", "grace@contoso.example"), ("u3", "ken@contoso.example")]
        {
            user(c, id, upn)?;
        }
        for (id, minutes) in [("u1", 130), ("u2", 9), ("u2", 5)] {
            log::append(c, &failure(id, "the app refused (400 invalidValue): \"+1 2\" is not E.164", minutes))?;
        }
        log::append(c, &failure("u3", "the app is tired", 3))?;
        // This one failed too, and succeeded since.
        log::append(c, &failure("u4", "the app is tired", 3))?;
        for id in ["u1", "u2", "u3"] {
            waits(c, id)?;
        }
        // Yesterday is not today.
        log::append(c, &failure("u3", "the app refused (400): long ago", 26 * 60))?;
        cycles::start(c, &ended("c1", 10))?;
        let at = minutes_ago(0);
        let side = SideHealth {
            state: SideState::Ready,
            at: at.clone(),
            last_contact: Some(at),
            median_ms: Some(83),
            p95_ms: Some(100),
            recent: 20,
            timeouts: 0,
            throttled: 0,
            wait_until: None,
            since: None,
            error: None,
            failed_attempts: 0,
            next_attempt: None,
        };
        job::set_health(c, &Health { directory: Some(side), app: None })?;
        job::set(c, job::READ_AT, &minutes_ago(9))?;
        audit::append(c, "grace\u{1b}[31m@ops", "Enable/restart provisioning configuration", &json!({}))?;
        lease::acquire(c, &lease::Holder::current("test"), noon().as_millisecond(), 15_000)?;
        Ok(())
    });
    let console = console(&store, 160, 45);
    let screen = console.screen();
    for words in [
        "✓ ready        83 ms",
        "- not tried",
        "3 users · 0 groups",
        "✓ fresh          9 m",
        "≤ 500",
        "13:56",
        "2   target rejects value",
        "400 invalidValue · … is not …",
        "1   target rejects value",
        "the app is tired",
        "2 causes · 3 users",
        "since    11:56",
        "peak 3 · 14:00",
        "6 log entries",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert!(!screen.contains("long ago"), "{screen}");
    // The audit carries the time of the test itself, which is not that of the page: shown only if it is of today.
    assert!(!screen.contains('\u{1b}'), "{screen}");
    assert_eq!(console.state.top().object().unwrap().name, "grace@contoso.example", "the one that failed last");
}

#[test]
fn the_store_is_read_again_when_it_changed() {
    let (_folder, store) = store();
    let mut console = console(&store, 80, 24);
    fill(&store, |c| cycles::start(c, &ended("c1", 10)));
    console.event(crate::console::event::Event::Changed);
    console.wait(1.0);
    assert!(console.screen().contains("Last cycle   13:56"), "{}", console.screen());
    console.keys("g g j j j j j enter");
    assert_eq!(console.state.view(), PageId::Log);
}

#[test]
fn a_quarantine_is_read_with_what_led_to_it() {
    let (_folder, store) = store();
    fill(&store, |c| {
        cycles::start(c, &ended("c1", 10))?;
        let quarantine = Quarantine {
            reason: "TooManyDeletes".into(),
            error: "612 disables and deletes in one cycle; the threshold is 500. They are held.".into(),
            series_began: minutes_ago(600),
            current_began: minutes_ago(10),
            series_count: 1,
            next_attempt: minutes_ago(-300),
        };
        job::set_quarantine(c, Some(&quarantine))
    });
    let mut console = console(&store, 80, 24);
    let screen = console.screen();
    for words in [
        "▌Job   nightly-users",
        "! quarantined since 04:06, 10 h 00 m",
        "too many removals: 612 disables and deletes in one cycle",
        "next cycle 19:06:20; after 28 days the job is switched off",
        " › 1   Decide what may be removed",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    console.keys("enter");
    assert_eq!(console.state.view(), PageId::Plan);
}

#[test]
fn a_filter_is_told_in_words() {
    use crate::console::view::overview::query::filter_words;
    let words =
        |groups: serde_json::Value| filter_words(&ScopingFilter::from_json(&json!({ "groups": groups })).unwrap());
    let clause = |attribute: &str, operator: &str, value: serde_json::Value| json!({ "attribute": attribute, "operator": operator, "value": value });
    assert_eq!(words(json!([])), "");
    let not = clause("department", "NOT EQUALS", json!("Contractor"));
    let gb = clause("country", "EQUALS", json!("GB"));
    let there = clause("mail", "IS NOT NULL", json!(null));
    assert_eq!(words(json!([{ "clauses": [not.clone()] }])), "department ≠ Contractor");
    assert_eq!(
        words(json!([{ "clauses": [not, gb] }, { "clauses": [there] }])),
        "department ≠ Contractor and country = GB or mail IS NOT NULL"
    );
}

#[test]
fn the_examples_of_groups_are_groups() {
    let (_folder, store) = store();
    fill(&store, |c| {
        let group = crate::model::GroupChange {
            id: "g1".into(),
            properties: Map::from_iter([("displayName".to_owned(), json!("engineering"))]),
            ..crate::model::GroupChange::default()
        };
        mirror::apply_group(c, &group, 1)?;
        log::append(c, &failure("g1", "the app refused (400)", 3))?;
        waits(c, "g1")?;
        cycles::start(c, &ended("c1", 10))
    });
    let object = console(&store, 80, 24).state.top().object().unwrap();
    assert_eq!((object.object_type, object.id.as_str()), (ObjectType::Group, "g1"));
}

#[test]
fn scope_counts_who_is_in_scope_and_what_was_read_has_an_age() {
    let (_folder, store) = store();
    fill(&store, |c| {
        for (id, upn) in [("u1", "ada@contoso.example"), ("u2", "grace@contoso.example"), ("u3", "ken@contoso.example")]
        {
            user(c, id, upn)?;
        }
        let off = Map::from_iter([("accountEnabled".to_owned(), json!(false))]);
        mirror::apply_user(c, &UserChange { id: "u4".into(), properties: off, ..UserChange::default() }, 1)?;
        let team = crate::model::GroupChange {
            id: "g1".into(),
            added: vec![crate::model::Member { id: "u2".into(), kind: crate::model::MemberKind::User }],
            ..crate::model::GroupChange::default()
        };
        mirror::apply_group(c, &team, 1)?;
        c.execute(
            "INSERT INTO assignments VALUES ('1', 'u1', 'User', 'Ada', 'r'), ('2', 'g1', 'Group', 'team', 'r'),
             ('3', 'u4', 'User', 'Off', 'r')",
            [],
        )?;
        job::set(c, job::READ_AT, &minutes_ago(2))
    });
    let screen = console(&store, 80, 24).screen();
    // Four are known; one is assigned, one is in an assigned group, one is switched off, one is not assigned.
    for words in ["4 users · 1 groups", "No cycle ran yet.", "not run yet · 2 m", "✓ fresh"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    let scope = screen.lines().find(|line| line.contains("scope")).unwrap_or_default();
    assert!(scope.contains("2 users"), "{screen}");
}

#[test]
fn what_failed_and_was_done_since_needs_no_attention() {
    let (_folder, store) = store();
    fill(&store, |c| {
        user(c, "u1", "ada@contoso.example")?;
        log::append(c, &failure("u1", "the app is tired", 30))?;
        log::append(c, &failure("u1", "the app refused (400 invalidValue): \"+1 2\" is not E.164", 3))?;
        cycles::start(c, &ended("c1", 10))?;
        waits(c, "u1")
    });
    let screen = console(&store, 160, 45).screen();
    assert!(screen.contains("1 cause · 1 user") && screen.contains("400 invalidValue"), "{screen}");
    assert!(!screen.contains("the app is tired"), "only what failed last counts: {screen}");
    fill(&store, |c| retries::remove(c, ObjectType::User, "u1").map(drop));
    let screen = console(&store, 160, 45).screen();
    assert!(screen.contains("nobody waits: what failed has been done since"), "{screen}");
}
