use super::*;
use crate::model::{Link, Origin, Removed, Retry, UserChange};
use crate::store::filter::{Filter, Term};
use crate::store::fold::fold;
use crate::store::mirror::{INCREMENTAL, apply_group, apply_user};
use crate::store::search::USER_FIELDS;
use crate::store::search::search_users;
use crate::store::testing::{memory, plan};
use crate::store::{links, retries};
use proptest::prelude::*;
use serde_json::Value;

/// A user as the tests think of one.
#[derive(Clone, Debug)]
struct Person {
    id: String,
    name: String,
    upn: String,
    department: &'static str,
    title: &'static str,
    removed: Option<Removed>,
    /// Active and broken, if there is a link.
    link: Option<(bool, bool)>,
    /// Whether a retry waits, and whether it is of a reference.
    retry: Option<bool>,
}

fn person() -> impl Strategy<Value = Person> {
    let name = prop::sample::select(vec!["Ada", "Adam Ant", "Bob", "Ådne", "ada", "Zoë Ng", "Engel", "x", ""]);
    let department = prop::sample::select(vec!["", "Engineering", "Énginéering", "Human Resources", "Sales"]);
    let title = prop::sample::select(vec!["", "Engineer", "Chief of Sales"]);
    let removed = prop::sample::select(vec![None, None, None, Some(Removed::Soft), Some(Removed::Hard)]);
    let link = prop::option::of((any::<bool>(), prop::bool::weighted(0.2)));
    (name, department, title, removed, link, prop::option::weighted(0.3, any::<bool>())).prop_map(
        |(name, department, title, removed, link, retry)| Person {
            id: String::new(),
            name: name.to_owned(),
            upn: String::new(),
            department,
            title,
            removed,
            link,
            retry,
        },
    )
}

fn people() -> impl Strategy<Value = Vec<Person>> {
    prop::collection::vec(person(), 0..40).prop_map(|people| {
        let numbered = people.into_iter().enumerate().map(|(n, person)| {
            // Hardly anybody has none.
            let upn = match n % 7 {
                6 => String::new(),
                _ => format!("{}{n}@contoso.example", fold(&person.name).replace(' ', ".")),
            };
            Person { id: format!("{n:03}"), upn, ..person }
        });
        numbered.collect()
    })
}

fn store(people: &[Person]) -> Connection {
    let c = memory();
    for p in people {
        let mut properties = serde_json::Map::new();
        let texts = [
            ("displayName", &*p.name),
            ("userPrincipalName", &*p.upn),
            ("department", p.department),
            ("jobTitle", p.title),
        ];
        for (key, text) in texts {
            properties.insert(key.into(), if text.is_empty() { Value::Null } else { text.into() });
        }
        let change = UserChange { id: p.id.clone(), removed: p.removed, properties, manager: None };
        if p.link.is_some_and(|(active, _)| active) {
            // Links come before or after the object.
            put_link(&c, p);
        }
        apply_user(&c, &change, INCREMENTAL).unwrap();
        put_link(&c, p);
        if let Some(reference) = p.retry {
            let retry = Retry {
                object_type: ObjectType::User,
                source_id: p.id.clone(),
                code: "Conflict".into(),
                reason: String::new(),
                attempts: 1,
                first_failed: String::new(),
                next_attempt: String::new(),
                fingerprint: String::new(),
                reference,
            };
            retries::put(&c, &retry).unwrap();
        }
    }
    c
}

fn put_link(c: &Connection, p: &Person) {
    let Some((active, broken)) = p.link else { return };
    let link = Link {
        object_type: ObjectType::User,
        source_id: p.id.clone(),
        target_id: format!("t{}", p.id),
        origin: Origin::Created,
        managed: true,
        active,
        broken,
        applied: serde_json::Map::new(),
        manager: None,
        created_at: String::new(),
    };
    links::put(c, &link).unwrap();
}

/// Words that somebody might type here.
const WORDS: &[&str] = &[
    "eng",
    "ad",
    "a",
    "ada",
    "sales",
    "-ada",
    "-eng",
    "state:failed",
    "state:link",
    "state:unlinked",
    "state:o",
    "state:broken",
    "state:removed",
    "-state:orphan",
    "-state:linked",
    "-state:unl",
    "-state:failed",
    "state:nonsense",
    "department:eng",
    "department:\"human res\"",
    "-department:sales",
    "title:of",
    "upn:ada1",
    "name:ad",
    "mail:x",
    "\"of sales\"",
    "contoso",
    "colour:red",
    "zo",
    "g",
    "es",
    "-ng",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..3).prop_map(|words| words.join(" "))
}

/// What the documentation says, person by person.
fn fits(p: &Person, filter: &Filter) -> bool {
    if p.removed == Some(Removed::Hard) && p.link.is_none() {
        return false;
    }
    let fields: Vec<String> = [&*p.name, &*p.upn, p.title, p.department].iter().map(|t| fold(t)).collect();
    let name = fields[..2].iter().find(|f| !f.is_empty()).unwrap_or(&p.id).clone();
    let anywhere = |text: &str| fields.iter().any(|field| field.contains(text));
    let states: &[(&str, bool)] = &[
        ("failed", p.retry == Some(false)),
        ("linked", p.link.is_some()),
        ("unlinked", p.link.is_none()),
        ("off", p.link.is_some_and(|(active, _)| !active)),
        ("broken", p.link.is_some_and(|(_, broken)| broken)),
        ("orphan", p.removed.is_some() && p.link.is_some()),
        ("removed", p.removed.is_some()),
    ];
    let holds = |term: &Term| match term.field {
        Some("state") => states.iter().any(|(word, is)| *is && word.starts_with(&term.text)),
        Some("department") => fields[3].contains(&term.text),
        Some("title") => fields[2].contains(&term.text),
        Some("upn") => fields[1].contains(&term.text),
        Some("mail") => false,
        Some(_) => name.contains(&term.text),
        None => anywhere(&term.text),
    };
    filter.terms.iter().all(|term| holds(term) != term.not)
}

fn expected(people: &[Person], query: &DirectoryQuery) -> Vec<String> {
    let filter = Filter::parse(&query.text, USER_FIELDS);
    let mut rows: Vec<(String, String, &str)> = people
        .iter()
        .filter(|p| fits(p, &filter))
        .map(|p| {
            let name = [fold(&p.upn).replace('@', " "), fold(&p.name), p.id.clone()]
                .into_iter()
                .find(|n| !n.is_empty())
                .unwrap();
            let lead = if query.sort == Sort::Department { fold(p.department) } else { String::new() };
            (lead, name, p.id.as_str())
        })
        .collect();
    rows.sort();
    if query.reverse {
        rows.reverse();
    }
    rows.into_iter().map(|(_, _, id)| id.to_owned()).collect()
}

fn ids(window: &Window<UserRow>) -> Vec<String> {
    window.rows.iter().map(|row| row.user.id.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn windows_in_both_directions_are_the_whole_list(
        people in people(), text in text(), department in any::<bool>(), reverse in any::<bool>(), limit in 1usize..7,
    ) {
        let c = store(&people);
        let sort = if department { Sort::Department } else { Sort::Name };
        let query = DirectoryQuery { text, sort, reverse };
        let all = expected(&people, &query);

        let mut forwards = Vec::new();
        let mut anchor = Anchor::Start;
        loop {
            let window = window_users(&c, &query, &anchor, limit).unwrap();
            prop_assert_eq!(window.above, !forwards.is_empty());
            forwards.extend(ids(&window));
            prop_assert_eq!(window.below, forwards.len() < all.len());
            match window.rows.last().filter(|_| window.below) {
                Some(last) => anchor = Anchor::After(last.cursor.clone()),
                None => break,
            }
        }
        prop_assert_eq!(&forwards, &all, "{}", query.text);

        let mut backwards: Vec<String> = Vec::new();
        anchor = Anchor::End;
        loop {
            let window = window_users(&c, &query, &anchor, limit).unwrap();
            prop_assert_eq!(window.below, !backwards.is_empty());
            backwards = ids(&window).into_iter().chain(backwards).collect();
            prop_assert_eq!(window.above, backwards.len() < all.len());
            match window.rows.first().filter(|_| window.above) {
                Some(first) => anchor = Anchor::Before(first.cursor.clone()),
                None => break,
            }
        }
        prop_assert_eq!(&backwards, &all);

        for (index, id) in all.iter().enumerate() {
            let window = window_users(&c, &query, &Anchor::At(id.clone()), limit).unwrap();
            let at = window.at.unwrap();
            let rows = ids(&window);
            prop_assert_eq!(&rows[at], id);
            prop_assert_eq!(rows.len(), limit.min(all.len()));
            prop_assert_eq!(&rows[..], &all[index - at..index - at + rows.len()]);
            prop_assert_eq!(window.above, index > at);
            prop_assert_eq!(window.below, index - at + rows.len() < all.len());
        }

        let n = all.len() as u64;
        prop_assert_eq!(count_users(&c, &query, 1000).unwrap(), Counted::exactly(n));
        if !query.text.is_empty() && n > 2 {
            prop_assert_eq!(count_users(&c, &query, 2).unwrap(), Counted { n: 2, at_least: true });
        }
        let everybody = expected(&people, &DirectoryQuery::default());
        prop_assert_eq!(total(&c, ObjectType::User).unwrap(), everybody.len() as u64);
    }

    #[test]
    fn fewer_letters_never_find_fewer(people in people(), word in "[a-z]{1,3}( [a-z]{1,3})?|ada|sales|bob|eng|ng @c") {
        let c = store(&people);
        let found = |text: &str| -> std::collections::BTreeSet<String> {
            let query = DirectoryQuery { text: text.to_owned(), ..DirectoryQuery::default() };
            ids(&window_users(&c, &query, &Anchor::Start, 100).unwrap()).into_iter().collect()
        };
        for (end, _) in word.char_indices() {
            let (all, less) = (found(&word), found(&word[..end]));
            prop_assert!(all.is_subset(&less), "{word}: {all:?}, {}: {less:?}", &word[..end]);
        }
    }

    #[test]
    fn plain_words_mean_what_they_mean_to_commands(people in people(), text in "[a-z ]{0,6}") {
        let c = store(&people);
        let query = DirectoryQuery { text: text.clone(), ..DirectoryQuery::default() };
        let by_id = |mut rows: Vec<UserRow>| {
            rows.sort_by(|a, b| a.user.id.cmp(&b.user.id));
            rows.into_iter().map(|row| (row.user, row.link, row.retry_code)).collect::<Vec<_>>()
        };
        let window = window_users(&c, &query, &Anchor::Start, 100).unwrap();
        prop_assert_eq!(by_id(window.rows), by_id(search_users(&c, &text, 100, None).unwrap()));
    }
}

#[test]
fn counts_of_links_and_absences_follow_what_comes_and_goes() {
    let c = memory();
    let unlinked = |c: &Connection| -> i64 { c.query_row("SELECT count(*) FROM unlinked", [], |r| r.get(0)).unwrap() };
    let counts = |c: &Connection| links::count(c, ObjectType::User).unwrap();
    let ada = Person {
        id: "a".into(),
        name: "Ada".into(),
        upn: "a@x".into(),
        department: "",
        title: "",
        removed: None,
        link: Some((true, false)),
        retry: None,
    };
    let change = |id: &str| UserChange { id: id.into(), ..UserChange::default() };
    apply_user(&c, &change("a"), INCREMENTAL).unwrap();
    apply_group(&c, &crate::model::GroupChange { id: "a".into(), ..Default::default() }, INCREMENTAL).unwrap();
    assert_eq!((unlinked(&c), counts(&c)), (2, 0));
    put_link(&c, &ada);
    put_link(&c, &ada);
    assert_eq!((unlinked(&c), counts(&c)), (1, 1));
    apply_user(&c, &change("b"), INCREMENTAL).unwrap();
    apply_user(&c, &change("b"), INCREMENTAL).unwrap();
    assert_eq!(unlinked(&c), 2);
    links::remove(&c, ObjectType::User, "a").unwrap();
    assert_eq!((unlinked(&c), counts(&c)), (3, 0));
    put_link(&c, &ada);
    links::clear_all(&c).unwrap();
    assert_eq!((unlinked(&c), counts(&c)), (3, 0));
    crate::store::mirror::clear(&c).unwrap();
    assert_eq!(unlinked(&c), 0);
}

#[test]
fn groups_are_seen_through_windows_too() {
    let c = memory();
    for (id, name) in [("1", "Writers"), ("2", "Readers"), ("3", "Riders")] {
        let properties = [("displayName".to_owned(), Value::from(name))].into_iter().collect();
        let change = crate::model::GroupChange { id: id.into(), properties, ..Default::default() };
        apply_group(&c, &change, INCREMENTAL).unwrap();
    }
    // An order that groups do not have falls back to the name.
    let query = DirectoryQuery { text: "-riders".into(), sort: Sort::Department, reverse: true };
    let window = window_groups(&c, &query, &Anchor::At("2".into()), 1).unwrap();
    assert_eq!(window.rows.iter().map(|r| r.group.name()).collect::<Vec<_>>(), ["Readers"]);
    assert_eq!((window.at, window.above, window.below), (Some(0), true, false));
    assert_eq!(count_groups(&c, &query, 9).unwrap(), Counted::exactly(2));
    assert_eq!(total(&c, ObjectType::Group).unwrap(), 3);
    let gone = window_groups(&c, &query, &Anchor::At("nobody".into()), 5).unwrap();
    assert_eq!((gone.rows.len(), gone.at), (2, None));
}

/// SQLite must have an answer to every combination, whichever of them leads.
#[test]
fn every_pair_of_conditions_can_be_asked() {
    for n in [4, 30] {
        let people: Vec<Person> = (0..n)
            .map(|n| Person {
                id: format!("{n:03}"),
                name: format!("Ada {n}"),
                upn: format!("ada{n}@contoso.example"),
                department: "Engineering",
                title: "Chief of Sales",
                removed: (n % 5 == 1).then_some(Removed::Soft),
                link: (n % 3 > 0).then_some((n % 4 > 0, n % 7 == 0)),
                retry: (n % 2 > 0).then_some(false),
            })
            .collect();
        let c = store(&people);
        for first in WORDS {
            for second in WORDS {
                for sort in Sort::ALL {
                    let query = DirectoryQuery { text: format!("{first} {second}"), sort, reverse: false };
                    let found =
                        window_users(&c, &query, &Anchor::Start, 99).unwrap_or_else(|e| panic!("{query:?}: {e}"));
                    let counted = count_users(&c, &query, 99).unwrap_or_else(|e| panic!("{query:?}: {e}"));
                    assert_eq!(ids(&found), expected(&people, &query), "{query:?}");
                    assert_eq!(counted.n, found.rows.len() as u64, "{query:?}");
                }
            }
        }
    }
}

/// Neither a scan of a table nor, while walking, a sort.
#[test]
fn windows_and_counts_use_indexes() {
    let people: Vec<Person> = (0..20)
        .map(|n| Person {
            id: format!("{n:03}"),
            name: format!("Ada {n}"),
            upn: format!("ada{n}@contoso.example"),
            department: "Engineering",
            title: "",
            removed: None,
            link: (n % 2 == 0).then_some((n % 4 == 0, false)),
            retry: (n == 3).then_some(false),
        })
        .collect();
    let c = store(&people);
    let texts =
        ["", "ada", "a", "zz", "-ada", "department:eng", "state:failed", "state:unlinked", "state:linked", "state:off"];
    for text in texts {
        for sort in Sort::ALL {
            for reverse in [false, true] {
                let query = DirectoryQuery { text: text.into(), sort, reverse };
                let list = Plan::of(&c, ObjectType::User, &query).unwrap();
                let place = Cursor { lead: "e".into(), name_key: "a".into(), pk: 3 };
                for (from, backwards) in [(None, false), (Some((&place, false)), false), (Some((&place, true)), true)] {
                    let (sql, _) = list.walk(from, backwards, 10);
                    let lines = plan(&c, &sql);
                    let index = format!("INDEX {}", list.keys().1);
                    if !list.conditions.few {
                        let walked = lines.iter().any(|l| l.contains(&index));
                        assert!(walked, "{query:?}: {lines:#?}");
                        if from.is_some() {
                            let found = lines.iter().any(|l| l.starts_with("SEARCH users") && l.contains(&index));
                            assert!(found, "{query:?}: {lines:#?}");
                        }
                        let sorts = lines.iter().filter(|l| l.contains("TEMP B-TREE FOR ORDER")).count();
                        // The one of the few hundred rows that are shown.
                        assert!(sorts <= 1, "{query:?}: {lines:#?}");
                    }
                    let scans = lines.iter().filter(|l| {
                        l.starts_with("SCAN")
                            && !l.contains("INDEX")
                            && !l.contains("VIRTUAL TABLE")
                            && !l.contains("found")
                    });
                    assert_eq!(scans.count(), 0, "{query:?}: {lines:#?}");
                }
            }
        }
    }
    for object_type in [ObjectType::User, ObjectType::Group] {
        let (sql, _) = Plan::unfiltered(&c, object_type, &DirectoryQuery::default()).unwrap().some(&["a"]);
        let lines = plan(&c, &sql);
        let (table, _) = table(object_type);
        assert!(lines.iter().any(|l| l.starts_with(&format!("SEARCH {table} USING"))), "each by its id: {lines:#?}");
    }
}

#[test]
fn some_of_them_are_looked_up_in_the_order_of_the_list() {
    let c = memory();
    for (id, upn, removed) in [("1", "zoe@x", None), ("2", "ada@x", None), ("3", "bob@x", Some(Removed::Hard))] {
        let properties = serde_json::json!({ "userPrincipalName": upn }).as_object().unwrap().clone();
        let change = UserChange { id: id.into(), properties, removed, ..UserChange::default() };
        apply_user(&c, &change, INCREMENTAL).unwrap();
    }
    let ids = |reverse: bool, ids: &[&str]| {
        let order = DirectoryQuery { text: "does not matter".into(), reverse, ..DirectoryQuery::default() };
        some_users(&c, &order, ids).unwrap().into_iter().map(|row| row.user.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(false, &["1", "2", "3", "4"]), ["2", "1"]);
    assert_eq!(ids(true, &["1", "2"]), ["1", "2"]);
    assert!(ids(false, &[]).is_empty());
    assert!(some_groups(&c, &DirectoryQuery::default(), &["1"]).unwrap().is_empty());
}
