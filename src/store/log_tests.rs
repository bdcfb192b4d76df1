use super::*;
use crate::store::testing::{entry, memory, plan};

fn filled() -> Connection {
    let c = memory();
    append(&c, &entry(1, "one", LogStatus::Success, None)).unwrap();
    append(&c, &entry(2, "one", LogStatus::Failure, Some(("EntryConflict", "userName 'ada@x.com' is taken")))).unwrap();
    append(&c, &entry(3, "one", LogStatus::Failure, Some(("EntryConflict", "userName 'bob@x.com' is taken")))).unwrap();
    append(&c, &entry(4, "two", LogStatus::Failure, Some(("Timeout", "no answer in 30 s")))).unwrap();
    append(&c, &entry(5, "two", LogStatus::Skipped, None)).unwrap();
    c
}

fn seqs(c: &Connection, q: &LogQuery) -> Vec<i64> {
    query(c, q).unwrap().into_iter().map(|row| row.seq).collect()
}

#[test]
fn entries_come_back_whole_and_once() {
    let c = filled();
    let second = entry(2, "one", LogStatus::Failure, Some(("EntryConflict", "userName 'ada@x.com' is taken")));
    assert_eq!(get(&c, &second.id).unwrap().unwrap(), LogRow { seq: 2, entry: second.clone() });
    assert!(matches!(append(&c, &second), Err(StoreError::Sql { .. })));
    assert_eq!(last_id(&c).unwrap(), 5);
    assert_eq!(last_id(&memory()).unwrap(), 0);
    assert!(append(&c, &LogEntry { activity_date_time: "yesterday".into(), ..second }).is_err());
}

#[test]
fn every_restriction_restricts() {
    let c = filled();
    let q = LogQuery::default;
    assert_eq!(seqs(&c, &q()), [1, 2, 3, 4, 5]);
    assert_eq!(seqs(&c, &LogQuery { newest_first: true, limit: 2, ..q() }), [5, 4]);
    assert_eq!(seqs(&c, &LogQuery { newest_first: true, after_id: Some(4), limit: 2, ..q() }), [3, 2]);
    assert_eq!(seqs(&c, &LogQuery { status: Some(LogStatus::Failure), ..q() }), [2, 3, 4]);
    assert_eq!(seqs(&c, &LogQuery { status: Some(LogStatus::Failure), cycle: Some("two".into()), ..q() }), [4]);
    assert_eq!(seqs(&c, &LogQuery { since: Some("2026-11-01T01:00:04+01:00".into()), ..q() }), [4, 5]);
    assert_eq!(seqs(&c, &LogQuery { object: Some("t1".into()), ..q() }), [1]);
    assert_eq!(seqs(&c, &LogQuery { object: Some("aaaaaaaa-0000-4000-8000-000000000003".into()), ..q() }), [3]);
    assert_eq!(seqs(&c, &LogQuery { object: Some(String::new()), ..q() }), [0_i64; 0]);
    assert!(query(&c, &LogQuery { since: Some("soon".into()), ..q() }).is_err());
    let behind: Vec<i64> = after(&c, 3, 10).unwrap().iter().map(|row| row.seq).collect();
    assert_eq!(behind, [4, 5]);
}

#[test]
fn words_are_found_without_case_diacritics_or_operators() {
    let c = filled();
    for (text, expected) in [
        ("muller", &[1][..]),
        ("MÜLL jörg", &[1]),
        ("entryconf", &[2, 3]),
        ("conflict", &[2, 3]),
        ("bob@x.com", &[3]),
        ("aaaaaaaa-0000-4000-8000-000000000005", &[5]),
        ("o'neil", &[2, 3, 4, 5]),
        ("failure timeout", &[4]),
        ("uniqueness", &[2, 3, 4]),
        ("nobody", &[]),
        ("\" OR muller", &[]),
        ("NEAR(muller, 2)", &[]),
        ("muller) OR (ada", &[]),
        ("words:muller", &[]),
        ("   ", &[1, 2, 3, 4, 5]),
        ("\"\"", &[1, 2, 3, 4, 5]),
        ("*", &[1, 2, 3, 4, 5]),
        ("-muller", &[1]),
    ] {
        assert_eq!(seqs(&c, &LogQuery { search: Some(text.into()), ..LogQuery::default() }), expected, "{text}");
    }
}

#[test]
fn failures_are_grouped_by_what_they_have_in_common() {
    let c = filled();
    let causes_of_one = causes(&c, CausesOf::Cycle("one")).unwrap();
    assert_eq!(causes_of_one.len(), 1);
    let cause = &causes_of_one[0];
    assert_eq!((cause.count, cause.code.as_str(), cause.reason.as_str()), (2, "EntryConflict", "userName … is taken"));
    assert_eq!(cause.first, "2026-11-01T00:00:02.000Z");
    assert_eq!(cause.last, "2026-11-01T00:00:03.000Z");
    assert_eq!(cause.example, "Ada O'Neil");
    let all = causes(&c, CausesOf::Since("2026-11-01T00:00:00Z")).unwrap();
    assert_eq!(all.iter().map(|cause| cause.count).collect::<Vec<_>>(), [2, 1]);
    assert!(causes(&c, CausesOf::Cycle("none")).unwrap().is_empty());
}

#[test]
fn what_differs_from_object_to_object_is_masked() {
    for (reason, expected) in [
        ("userName \"ada@x.com\" is taken", "userName … is taken"),
        ("the app answered 409 for ada@x.com.", "the app answered 409 for …."),
        ("user 8f2b6c1e-1111-4222-8333-444455556666 is gone", "user … is gone"),
        ("waited 12345 ms", "waited … ms"),
        ("can't do it, isn't allowed", "can't do it, isn't allowed"),
        ("value “x”  and\n«y»", "value … and …"),
        ("an open \"quote", "an open …"),
        ("", ""),
    ] {
        assert_eq!(normalise(reason), expected, "{reason}");
    }
}

#[test]
fn old_entries_can_be_forgotten_with_their_words() {
    let c = filled();
    assert_eq!(prune(&c, "2026-11-01T00:00:03Z").unwrap(), 2);
    assert_eq!(seqs(&c, &LogQuery::default()), [3, 4, 5]);
    assert!(seqs(&c, &LogQuery { search: Some("muller".into()), ..LogQuery::default() }).is_empty());
    // Numbers are not used again: somebody may be following.
    assert_eq!(append(&c, &entry(9, "two", LogStatus::Success, None)).unwrap(), 6);
}

#[test]
fn every_query_uses_an_index() {
    let c = filled();
    let q = LogQuery::default;
    for query in [
        LogQuery { status: Some(LogStatus::Failure), ..q() },
        LogQuery { cycle: Some("one".into()), status: Some(LogStatus::Failure), newest_first: true, ..q() },
        LogQuery { object: Some("t1".into()), ..q() },
        LogQuery { search: Some("ada".into()), ..q() },
        LogQuery { after_id: Some(3), ..q() },
    ] {
        let lines = plan(&c, &statement(&query).unwrap().0);
        assert!(lines.iter().any(|l| l.starts_with("SEARCH log")), "{query:?}: {lines:#?}");
        assert!(!lines.iter().any(|l| l.contains("TEMP B-TREE FOR ORDER")), "{query:?}: {lines:#?}");
    }
    assert!(plan(&c, CAUSES_OF_CYCLE).iter().any(|l| l.contains("log_failures")));
    assert!(plan(&c, CAUSES_SINCE).iter().any(|l| l.contains("log_time")));
}
