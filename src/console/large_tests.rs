//! What the store is asked costs the same with a hundred people and with 200,000: measured, not asserted.
//!
//! `cargo test --lib large -- --ignored --nocapture` prints the time of each question. `HEELER_BENCH_PEOPLE` (200000)
//! and `HEELER_BENCH_ENTRIES` (1000000) give the size of the store.

use super::page::assign::find;
use super::page::{Object, PageId, choose};
use super::query::{Facts, Query, Sources};
use super::view::{directory, mapping, overview};
use crate::config::{Profile, example};
use crate::engine;
use crate::model::{
    Assignment, GroupChange, Link, LogStatus, Member, MemberKind, ObjectType, Origin, Removed, UserChange,
};
use crate::store::search::DirectoryQuery;
use crate::store::window::Anchor;
use crate::store::{Store, links, log, mirror};
use crate::text::{out_line, show};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};
use std::path::Path;
use std::time::{Duration, Instant};

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// People, half of them linked, one in a hundred removed; one group of all of them; a log of the last day.
fn fill(store: &Store, people: usize, entries: usize) {
    for from in (0..people).step_by(5000) {
        let some = move |c: &rusqlite::Connection| {
            for n in from..(from + 5000).min(people) {
                let (id, name) = (format!("user {n}"), format!("person.{n:06}"));
                let properties = json!({
                    "displayName": name, "userPrincipalName": format!("{name}@contoso.example"),
                    "accountEnabled": true, "department": format!("Department {}", n % 40),
                });
                let properties = properties.as_object().unwrap().clone();
                let removed = (n % 100 == 99).then_some(Removed::Hard);
                let change = UserChange { id: id.clone(), properties, removed, ..UserChange::default() };
                mirror::apply_user(c, &change, mirror::INCREMENTAL)?;
                if n % 2 == 0 {
                    let link = Link {
                        object_type: ObjectType::User,
                        target_id: format!("t {n}"),
                        source_id: id,
                        origin: Origin::Created,
                        managed: true,
                        active: true,
                        broken: false,
                        applied: Map::new(),
                        manager: None,
                        created_at: "2026-11-01T00:00:00Z".into(),
                    };
                    links::put(c, &link)?;
                }
            }
            Ok(())
        };
        store.write_blocking(some).unwrap();
    }
    let member = |n| Member { id: format!("user {n}"), kind: MemberKind::User };
    let added = (0..people).map(member).collect();
    let properties = json!({ "displayName": "everybody" }).as_object().unwrap().clone();
    let group = GroupChange { id: "everybody".into(), properties, added, ..GroupChange::default() };
    let assigned = move |id: String, principal_kind| Assignment {
        id: format!("assignment of {id}"),
        principal_id: id,
        principal_kind,
        principal_name: String::new(),
        role_id: "11111111-0000-0000-0000-000000000001".into(),
    };
    let mut assignments = vec![assigned("everybody".into(), MemberKind::Group)];
    assignments.extend((0..people / 4).map(|n| assigned(format!("user {n}"), MemberKind::User)));
    store
        .write_blocking(move |c| {
            mirror::apply_group(c, &group, mirror::INCREMENTAL)?;
            mirror::replace_assignments(c, &assignments)
        })
        .unwrap();
    let day = SignedDuration::from_hours(23);
    let begin = Timestamp::now() - day;
    for from in (0..entries).step_by(10_000) {
        let some = move |c: &rusqlite::Connection| {
            for n in from..(from + 10_000).min(entries) {
                let words = format!("the app refused (400 invalidValue): title of team{} is too long", n % 7);
                let error = n.is_multiple_of(10).then_some(("UnprocessableEntity", words.as_str()));
                let status = if error.is_some() { LogStatus::Failure } else { LogStatus::Success };
                let mut entry = crate::store::testing::entry(0, "cycle", status, error);
                let at = begin + SignedDuration::from_millis(day.as_millis() as i64 / entries as i64 * n as i64);
                (entry.id, entry.activity_date_time) = (format!("entry {n}"), at.to_string());
                entry.source_identity.id = format!("user {}", n % people);
                entry.source_identity.identity_type = Some("User".into());
                log::append(c, &entry)?;
            }
            Ok(())
        };
        store.write_blocking(some).unwrap();
    }
}

#[test]
#[ignore = "takes minutes: it fills a large store"]
fn questions_to_a_large_store() {
    let (people, entries) = (number("HEELER_BENCH_PEOPLE", 200_000), number("HEELER_BENCH_ENTRIES", 1_000_000));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db")).unwrap();
    let began = Instant::now();
    fill(&store, people, entries);
    let seconds = began.elapsed().as_secs_f64();
    out_line(&show(&format!("{people} people, {entries} entries: filled in {seconds:.1} s"))).unwrap();
    let config = Profile::parse(example(), Path::new("config.toml")).unwrap().jobs.remove(0);
    let (rules, _) = engine::rules_of(&config).unwrap();
    let facts = Facts { scope: engine::scope_rules(&config), rules, database: store.path().to_owned(), config };
    let user = ObjectType::User;
    let list = |text: &str| DirectoryQuery { text: text.into(), ..DirectoryQuery::default() };
    let rows = |text: &str, anchor| directory::Query::Rows { object_type: user, query: list(text), anchor };
    let object = |object_type, id: &str| Object { object_type, id: id.into(), name: String::new() };
    let marked = (0..3).map(|n| object(user, &format!("user {}", n * 1000))).collect();
    let of_directory = |query| Query::Directory(PageId::Directory, query);
    let sheet = |person: Object| {
        Query::Mapping(mapping::Query::Sheet { object_type: person.object_type, person: Some(person) })
    };
    let window = find::Query::Window { text: "pers".into(), object_type: user, anchor: Anchor::Start, limit: 200 };
    let questions = [
        ("header", Query::Standing),
        ("overview", Query::Overview(overview::Query::Glance)),
        ("overview: who is in scope", Query::Overview(overview::Query::Scope)),
        ("directory: rows", of_directory(rows("", Anchor::Start))),
        ("directory: the last rows", of_directory(rows("", Anchor::End))),
        ("directory: rows of a filter", of_directory(rows("pers", Anchor::Start))),
        ("directory: count", of_directory(directory::Query::Count(user, list("")))),
        ("directory: count of a filter", of_directory(directory::Query::Count(user, list("person.1234")))),
        ("directory: count of a wide filter", of_directory(directory::Query::Count(user, list("pers")))),
        ("directory: one person", of_directory(directory::Query::Detail(user, "user 4711".into()))),
        ("directory: export of three", of_directory(directory::Query::Export(user, list(""), Some(marked)))),
        ("mapping: a person", sheet(object(user, "user 4711"))),
        ("mapping: a group of all", sheet(object(ObjectType::Group, "everybody"))),
        ("mapping: failures", Query::Mapping(mapping::Query::Blames(user))),
        ("assigning: rows", Query::Assign(window)),
        ("assigning: through groups", Query::Assign(find::Query::Through { user: "user 4711".into() })),
        ("choosing", Query::Choose(choose::Query { object_type: user, text: "pers".into(), after: None })),
    ];
    let once = |query: &Query| -> Duration {
        let (reader, began) = (store.reader().unwrap(), Instant::now());
        let sources = Sources { c: &reader, facts: &facts, organization: None, now: Timestamp::now() };
        query.run(&sources).unwrap();
        began.elapsed()
    };
    for (name, query) in questions {
        // The first reads from disk.
        once(&query);
        let mut times = [once(&query), once(&query), once(&query)];
        times.sort();
        let ms = times[1].as_secs_f64() * 1000.0;
        out_line(&show(&format!("  {name:<36}{ms:>10.2} ms"))).unwrap();
    }
}
