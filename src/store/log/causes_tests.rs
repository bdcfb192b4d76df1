use super::*;
use crate::model::LogEntry;
use crate::store::log::{append, normalise, prune};
use crate::store::testing::{entry, memory, plan};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const NOW: &str = "2026-11-02T10:30:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// An entry so many minutes ago.
fn ago(n: u32, minutes: i64, user: u32, status: LogStatus, error: Option<(&str, &str)>) -> LogEntry {
    let at = now() - jiff::SignedDuration::from_mins(minutes);
    let mut e = entry(n, "one", status, error);
    e.activity_date_time = at.to_string();
    e.source_identity.id = format!("user-{user}");
    e.source_identity.display_name = format!("User {user}");
    e
}

fn drawn() -> impl Strategy<Value = Vec<(i64, u32, usize)>> {
    prop::collection::vec((0i64..3000, 0u32..6, 0usize..6), 0..60)
}

const KINDS: [(LogStatus, Option<(&str, &str)>); 6] = [
    (LogStatus::Success, None),
    (LogStatus::Failure, Some(("Conflict", "the app refused (409 uniqueness): \"ada\" is taken"))),
    (LogStatus::Failure, Some(("Conflict", "the app refused (409 uniqueness): \"bob\" is taken"))),
    (LogStatus::Failure, Some(("Timeout", "no answer in time"))),
    (LogStatus::Failure, None),
    (LogStatus::Warning, Some(("Timeout", "no answer in time"))),
];

#[derive(Default)]
struct Model {
    count: u64,
    users: BTreeSet<u32>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    hours: Vec<u64>,
}

type Key = (bool, String, String);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_the_entries(drawn in drawn(), hours in 1u16..30, pruned in prop::option::of(0i64..3000)) {
        let c = memory();
        let mut times = drawn.clone();
        times.sort_by_key(|(minutes, ..)| std::cmp::Reverse(*minutes));
        for (n, (minutes, user, kind)) in times.iter().enumerate() {
            let (status, error) = KINDS[*kind];
            append(&c, &ago(n as u32, *minutes, *user, status, error)).unwrap();
        }
        // Whole hours, so that what is left of an hour needs no second look.
        let before = pruned.map(|minutes| {
            let hour = (now() - jiff::SignedDuration::from_mins(minutes)).as_second() / 3600;
            Timestamp::from_second(hour * 3600).unwrap()
        });
        if let Some(before) = before {
            prune(&c, &before.to_string()).unwrap();
        }
        let since = (now().as_second() / 3600 - i64::from(hours) + 1) * 3600;
        let mut model: BTreeMap<Key, Model> = BTreeMap::new();
        for (minutes, user, kind) in &times {
            let at = now() - jiff::SignedDuration::from_mins(*minutes);
            let (status, error) = KINDS[*kind];
            if *kind == 0 || at.as_second() < since || before.is_some_and(|before| at < before) {
                continue;
            }
            let (code, reason) = error.unwrap_or_default();
            let key = (status == LogStatus::Warning, code.to_owned(), normalise(reason));
            let cause = model.entry(key).or_insert_with(|| Model { hours: vec![0; usize::from(hours)], ..Model::default() });
            cause.count += 1;
            cause.users.insert(*user);
            cause.first = Some(cause.first.map_or(at, |first| first.min(at)));
            cause.last = Some(cause.last.map_or(at, |last| last.max(at)));
            cause.hours[((at.as_second() - since) / 3600) as usize] += 1;
        }
        let found = table(&c, now(), hours, 3).unwrap();
        prop_assert_eq!(found.rows.len() as u64 + found.more, model.len() as u64);
        let sum = |warning: bool| model.iter().filter(|((w, ..), _)| *w == warning).map(|(_, m)| m.count).sum::<u64>();
        prop_assert_eq!((found.failures, found.warnings), (sum(false), sum(true)));
        let users: BTreeSet<u32> = model.values().flat_map(|m| m.users.iter().copied()).collect();
        prop_assert_eq!(found.objects, Counted::up_to(users.len() as u64, OBJECTS));
        let order: Vec<_> = found.rows.iter().map(|r| (r.status == LogStatus::Warning, std::cmp::Reverse(r.count))).collect();
        prop_assert!(order.is_sorted());
        for row in &found.rows {
            let key = (row.status == LogStatus::Warning, row.code.clone(), row.reason.clone());
            let expected = &model[&key];
            prop_assert_eq!(row.count, expected.count);
            prop_assert_eq!(&row.hours, &expected.hours);
            prop_assert_eq!((Some(row.first), Some(row.last)), (expected.first, expected.last));
            prop_assert_eq!(row.objects, Counted::up_to(expected.users.len() as u64, OBJECTS));
            prop_assert_eq!(cause(&c, row.id, now(), hours).unwrap(), Some(row.clone()));
            prop_assert!(row.example_id.starts_with("user-") && row.example.starts_with("User "));
        }
        let mut failures = vec![0; usize::from(hours)];
        for ((warning, ..), cause) in &model {
            if !warning {
                failures.iter_mut().zip(&cause.hours).for_each(|(sum, n)| *sum += n);
            }
        }
        prop_assert_eq!(failures_per_hour(&c, now(), hours).unwrap(), failures);
        let known: u64 = c.query_row("SELECT count(*) FROM causes", [], |row| row.get(0)).unwrap();
        let used: u64 = c.query_row("SELECT count(DISTINCT cause_id) FROM log", [], |row| row.get(0)).unwrap();
        prop_assert!(before.is_none() || known == used, "causes without an entry are forgotten");
    }
}

#[test]
fn the_answer_tells_status_and_kind() {
    for (reason, expected) in [
        ("the app refused (400 invalidValue): not E.164", (Some(400), Some("invalidValue"))),
        ("the app refused (409): taken", (Some(409), None)),
        ("the app failed (503) without a reason", (Some(503), None)),
        ("a (b) the app refused (422 x y): z", (Some(422), None)),
        ("in 2026 (200) users", (None, None)),
        ("an open (400", (None, None)),
        ("", (None, None)),
    ] {
        assert_eq!(answer_of(reason), expected, "{reason}");
    }
}

#[test]
fn codes_have_classes_that_fit_a_column() {
    assert_eq!(class("Conflict"), "duplicate value");
    assert_eq!(class("AzureActiveDirectoryDuplicateTargetEntries"), "duplicate match");
    assert_eq!(class("Whatever"), "other");
    for (code, words) in CLASSES {
        assert!(words.len() <= 22, "{words}");
        assert!(crate::scim::codes::lookup(code).is_some(), "{code}");
    }
}

#[test]
fn very_long_answers_are_told_apart_by_their_beginning() {
    let c = memory();
    let long = "ü".repeat(1000);
    append(&c, &ago(1, 1, 1, LogStatus::Failure, Some(("Timeout", &format!("{long} one"))))).unwrap();
    append(&c, &ago(2, 1, 1, LogStatus::Failure, Some(("Timeout", &format!("{long} two"))))).unwrap();
    let found = cause_table(&c, now(), 24).unwrap();
    assert_eq!((found.rows.len(), found.rows[0].count), (1, 2));
    assert_eq!(found.rows[0].reason.chars().count(), ANSWER);
}

#[test]
fn nobody_reads_the_log() {
    let c = memory();
    append(&c, &ago(1, 1, 1, LogStatus::Failure, Some(("Timeout", "no answer")))).unwrap();
    for sql in [HOURS, OBJECTS_OF, OBJECTS_ALL, EXAMPLE] {
        for line in plan(&c, sql) {
            assert!(
                line.starts_with("SEARCH")
                    || line.starts_with("CO-ROUTINE")
                    || line.starts_with("SCAN (sub")
                    || line.contains("TEMP B-TREE FOR DISTINCT"),
                "{sql}: {line}"
            );
        }
    }
}
