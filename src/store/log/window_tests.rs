use super::*;
use crate::model::LogEntry;
use crate::model::log::ModifiedProperty;
use crate::store::log::{append, prune};
use crate::store::testing::{entry, memory, plan};
use proptest::prelude::*;

fn entries() -> impl Strategy<Value = Vec<LogEntry>> {
    let status = prop::sample::select(vec![
        (LogStatus::Success, None),
        (LogStatus::Skipped, Some(("NotEffectivelyEntitled", "out of scope"))),
        (LogStatus::Failure, Some(("Conflict", "the app refused (409 uniqueness): \"a\" is taken"))),
        (LogStatus::Failure, Some(("Timeout", "no answer in time"))),
        (LogStatus::Warning, Some(("UnprocessableEntity", "title is ignored"))),
    ]);
    let one =
        (status, 0u32..4, prop::sample::select(vec!["one", "two"]), prop::sample::select(vec!["create", "update"]));
    prop::collection::vec(one, 0..40).prop_map(|drawn| {
        let made = drawn.into_iter().enumerate().map(|(n, ((status, error), user, cycle, action))| {
            let mut e = entry(n as u32, cycle, status, error);
            e.provisioning_action = action.into();
            e.source_identity.id = format!("user-{user}");
            e.source_identity.display_name =
                ["Ada Lovelace", "Jörg Müller", "Grace Hopper", "Ada King"][user as usize].into();
            e.target_identity.id = if user == 0 { String::new() } else { format!("t-{user}") };
            e.modified_properties = vec![ModifiedProperty {
                display_name: "title".into(),
                old_value: None,
                new_value: Some(format!("value {n}")),
            }];
            e
        });
        made.collect()
    })
}

fn filter() -> impl Strategy<Value = LogFilter> {
    let status = prop::option::weighted(0.3, prop::sample::select(vec![LogStatus::Success, LogStatus::Failure]));
    let action = prop::option::weighted(0.3, prop::sample::select(vec!["create".to_owned(), "update".into()]));
    let cause = prop::option::weighted(0.2, 1i64..4);
    let cycle = prop::option::weighted(0.3, prop::sample::select(vec!["one".to_owned(), "two".into()]));
    let object =
        prop::option::weighted(0.2, prop::sample::select(vec!["user-0".to_owned(), "t-1".into(), "none".into()]));
    let since = prop::option::weighted(0.3, 0u32..45);
    let word = prop::sample::select(vec![
        "ada",
        "mull",
        "hopper",
        "fail",
        "-ada",
        "-hopper",
        "status:warn",
        "-action:update",
        "code:conf",
        "value:1",
        "attribute:tit",
        "reason:taken",
        "name:grace",
        "-name:ada",
        "reason:%",
    ]);
    let text = prop::collection::vec(word, 0..3);
    (status, action, cause, cycle, object, since, text).prop_map(
        |(status, action, cause, cycle, object, since, text)| LogFilter {
            text: text.join(" "),
            status,
            action,
            cause,
            cycle,
            object,
            since: since.map(|n| format!("2026-11-01T00:00:{n:02}Z")),
        },
    )
}

/// What the documentation says, entry by entry.
fn fits(line: &LogLine, filter: &LogFilter) -> bool {
    let begins = |text: &str, word: &str| {
        let folded = crate::store::fold(text);
        folded.split(|c: char| !c.is_alphanumeric()).any(|w| w.starts_with(word))
    };
    let words =
        [&line.name, line.status.as_str(), &line.action, line.code.as_deref().unwrap_or_default(), &line.source_id];
    let reason = line.reason.clone().unwrap_or_default();
    Filter::parse(&filter.text, LOG_FIELDS).terms.iter().all(|term| {
        let text = term.text.as_str();
        let holds = match term.field {
            Some("status") => line.status.as_str().starts_with(text),
            Some("action") => line.action.starts_with(text),
            Some("code") => line.code.as_deref().unwrap_or_default().to_lowercase().contains(text),
            Some("attribute") => line.attribute.as_deref().unwrap_or_default().contains(text),
            Some("value") => line.value.as_deref().unwrap_or_default().contains(text),
            Some("reason") => reason.to_lowercase().contains(text),
            Some(_) => line.name.to_lowercase().contains(text),
            None => words.iter().any(|w| begins(w, text)),
        };
        holds != term.not
    }) && filter.status.is_none_or(|status| line.status == status)
        && filter.action.as_ref().is_none_or(|action| line.action == *action)
        && filter.cause.is_none_or(|cause| line.cause == Some(cause))
        && filter.cycle.as_ref().is_none_or(|cycle| line.cycle_id == *cycle)
        && filter.object.as_ref().is_none_or(|id| line.source_id == *id || line.target_id == *id)
        && filter.since.as_ref().is_none_or(|since| line.at >= since.parse::<Timestamp>().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn windows_in_both_directions_are_the_whole_log(entries in entries(), filter in filter(), limit in 1usize..7) {
        let c = memory();
        for entry in &entries {
            append(&c, entry).unwrap();
        }
        let everything = window(&c, &LogFilter::default(), &Anchor::Start, 1000).unwrap().rows;
        prop_assert_eq!(everything.len(), entries.len());
        for (line, entry) in everything.iter().rev().zip(&entries) {
            let info = &entry.provisioning_status_info;
            prop_assert_eq!(&line.id, &entry.id);
            prop_assert_eq!(line.at, entry.activity_date_time.parse::<Timestamp>().unwrap());
            prop_assert_eq!(line.status, info.status);
            prop_assert_eq!(&line.code, &info.error_information.as_ref().map(|e| e.error_code.clone()));
            prop_assert_eq!(line.cause.is_some(), matches!(info.status, LogStatus::Failure | LogStatus::Warning));
            prop_assert_eq!(&line.value, &entry.modified_properties[0].new_value);
            prop_assert_eq!((line.attribute.as_deref(), line.changes), (Some("title"), 1));
        }
        let all: Vec<i64> = everything.iter().filter(|line| fits(line, &filter)).map(|line| line.seq).collect();
        let seqs = |window: &LogWindow| window.rows.iter().map(|row| row.seq).collect::<Vec<_>>();

        let (mut forwards, mut anchor) = (Vec::new(), Anchor::Start);
        loop {
            let page = window(&c, &filter, &anchor, limit).unwrap();
            prop_assert_eq!(page.above, !forwards.is_empty());
            forwards.extend(seqs(&page));
            prop_assert_eq!(page.below, forwards.len() < all.len());
            match forwards.last().filter(|_| page.below) {
                Some(last) => anchor = Anchor::After(*last),
                None => break,
            }
        }
        prop_assert_eq!(&forwards, &all, "{:?}", filter);

        let (mut backwards, mut anchor) = (Vec::new(), Anchor::End);
        loop {
            let page = window(&c, &filter, &anchor, limit).unwrap();
            backwards = seqs(&page).into_iter().chain(backwards).collect();
            match backwards.first().filter(|_| page.above) {
                Some(first) => anchor = Anchor::Before(*first),
                None => break,
            }
        }
        prop_assert_eq!(&backwards, &all);

        for seq in &all {
            let page = window(&c, &filter, &Anchor::At(*seq), limit).unwrap();
            prop_assert_eq!(page.rows[page.at.unwrap()].seq, *seq);
            prop_assert_eq!(page.rows.len(), limit.min(all.len()));
        }
        prop_assert_eq!(count(&c, &filter, 1000).unwrap(), Counted::exactly(all.len() as u64));
        let middle = entries.len() as i64 / 2;
        let newer = all.iter().filter(|seq| **seq > middle).count() as u64;
        prop_assert_eq!(newer_than(&c, middle, &filter).unwrap(), Counted::exactly(newer));
    }
}

#[test]
fn counts_without_conditions_follow_what_comes_and_goes() {
    let c = memory();
    for n in 0..6 {
        let status = if n < 2 { LogStatus::Failure } else { LogStatus::Success };
        append(&c, &entry(n, "one", status, None)).unwrap();
    }
    let of = |status| count(&c, &LogFilter { status, ..LogFilter::default() }, 0).unwrap();
    assert_eq!((of(None), of(Some(LogStatus::Failure))), (Counted::exactly(6), Counted::exactly(2)));
    prune(&c, "2026-11-01T00:00:01Z").unwrap();
    assert_eq!((of(None), of(Some(LogStatus::Failure))), (Counted::exactly(5), Counted::exactly(1)));
    let kept: i64 = c.query_row("SELECT count(*) FROM log_entries", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 5, "whole entries go with their rows");
    let left = LogFilter { cycle: Some("one".into()), ..LogFilter::default() };
    assert_eq!(count(&c, &left, 3).unwrap(), Counted { n: 3, at_least: true });
    assert!(window(&c, &LogFilter { since: Some("soon".into()), ..left }, &Anchor::Start, 9).is_err());
}

#[test]
fn windows_walk_an_index_in_the_order_of_the_list() {
    let c = memory();
    for n in 0..30 {
        append(&c, &entry(n, "one", LogStatus::Failure, Some(("Timeout", "no answer")))).unwrap();
    }
    let f = LogFilter::default;
    for filter in [
        f(),
        LogFilter { status: Some(LogStatus::Failure), ..f() },
        LogFilter { action: Some("delete".into()), status: Some(LogStatus::Failure), ..f() },
        LogFilter { cause: Some(1), ..f() },
        LogFilter { cycle: Some("two".into()), status: Some(LogStatus::Failure), ..f() },
        LogFilter { object: Some("t1".into()), status: Some(LogStatus::Failure), ..f() },
        LogFilter { text: "ada".into(), ..f() },
        LogFilter { text: "nobody -ada".into(), status: Some(LogStatus::Failure), ..f() },
        LogFilter { since: Some("2026-11-01T00:00:20Z".into()), ..f() },
        LogFilter { text: "name:ada".into(), ..f() },
    ] {
        let list = Plan::of(&c, &filter).unwrap();
        for (from, backwards) in [(None, false), (Some((7, false)), false), (Some((7, true)), true)] {
            let lines = plan(&c, &list.walk(from, backwards, 10).0);
            assert!(!lines.iter().any(|l| l.contains("TEMP B-TREE FOR ORDER")), "{filter:?}: {lines:#?}");
            let anywhere = filter == f() || filter.text == "name:ada";
            let scans = lines.iter().any(|l| l.starts_with("SCAN log") && !l.contains("VIRTUAL TABLE"));
            assert!(!scans || (anywhere && from.is_none()), "{filter:?}: {lines:#?}");
        }
    }
}
