use super::*;
use crate::model::{Link, Origin};
use crate::store::testing::{memory, plan, uses_index};
use crate::store::{links, retries};
use proptest::prelude::*;
use serde_json::json;

fn user_change(id: &str, properties: Value) -> UserChange {
    let Value::Object(properties) = properties else { panic!("an object") };
    UserChange { id: id.into(), properties, ..UserChange::default() }
}

fn group_change(id: &str, properties: Value, added: &[&str]) -> GroupChange {
    let Value::Object(properties) = properties else { panic!("an object") };
    let added = added.iter().map(|id| Member { id: (*id).into(), kind: MemberKind::User }).collect();
    GroupChange { id: id.into(), properties, added, ..GroupChange::default() }
}

fn ids(members: Vec<Member>) -> Vec<String> {
    members.into_iter().map(|m| m.id).collect()
}

#[test]
fn absent_stays_null_is_stored_removed_marks() {
    let c = memory();
    let mut change = user_change("a", json!({ "displayName": "Ada", "mail": "ada@x.com", "jobTitle": "Analyst" }));
    change.manager = Some(Some("boss".into()));
    apply_user(&c, &change, INCREMENTAL).unwrap();
    apply_user(&c, &user_change("a", json!({ "mail": null, "city": "London" })), INCREMENTAL).unwrap();
    let ada = user(&c, "a").unwrap().unwrap();
    assert_eq!(ada.manager.as_deref(), Some("boss"));
    assert_eq!(
        Value::Object(ada.properties),
        json!({ "displayName": "Ada", "mail": null, "jobTitle": "Analyst", "city": "London" })
    );
    // Soft-deleted: properties and manager stay. Restored: the mark goes. Manager ended: it goes.
    let gone = UserChange { id: "a".into(), removed: Some(Removed::Soft), ..UserChange::default() };
    apply_user(&c, &gone, INCREMENTAL).unwrap();
    let ada = user(&c, "a").unwrap().unwrap();
    assert_eq!((ada.removed, ada.name(), ada.manager.as_deref()), (Some(Removed::Soft), "Ada", Some("boss")));
    assert_eq!(counts(&c).unwrap(), (0, 0));
    let back = UserChange { manager: Some(None), ..user_change("a", json!({})) };
    apply_user(&c, &back, INCREMENTAL).unwrap();
    let ada = user(&c, "a").unwrap().unwrap();
    assert_eq!((ada.removed, ada.name(), ada.manager.as_deref()), (None, "Ada", None));
    assert_eq!(counts(&c).unwrap(), (1, 0));
    assert_eq!(user(&c, "b").unwrap(), None);
}

#[test]
fn a_full_round_replaces_once_and_then_merges() {
    let c = memory();
    let mut stale = user_change("a", json!({ "displayName": "Ada", "mail": "old@x.com" }));
    stale.manager = Some(Some("boss".into()));
    apply_user(&c, &stale, INCREMENTAL).unwrap();
    let round = begin_full_round(&c, Collection::Users).unwrap();
    apply_user(&c, &user_change("a", json!({ "displayName": "Ada L" })), round).unwrap();
    let mut second = user_change("a", json!({}));
    second.manager = Some(Some("chief".into()));
    apply_user(&c, &second, round).unwrap();
    let ada = user(&c, "a").unwrap().unwrap();
    assert_eq!(Value::Object(ada.properties), json!({ "displayName": "Ada L" }));
    assert_eq!(ada.manager.as_deref(), Some("chief"));
    // A number that is not the one of the full round never replaces.
    apply_user(&c, &user_change("a", json!({ "city": "London" })), round + 7).unwrap();
    assert_eq!(user(&c, "a").unwrap().unwrap().name(), "Ada L");
    // The recycle bin in a full round names no properties: they stay.
    let round = begin_full_round(&c, Collection::Users).unwrap();
    let gone = UserChange { id: "a".into(), removed: Some(Removed::Soft), ..UserChange::default() };
    apply_user(&c, &gone, round).unwrap();
    assert_eq!(user(&c, "a").unwrap().unwrap().name(), "Ada L");
}

#[test]
fn what_a_full_round_does_not_name_is_missing() {
    let c = memory();
    let first = begin_full_round(&c, Collection::Users).unwrap();
    for id in ["a", "b", "c", "d"] {
        apply_user(&c, &user_change(id, json!({})), first).unwrap();
    }
    assert!(missing_users(&c, first).unwrap().is_empty());
    mark_removed(&c, ObjectType::User, "d", Removed::Hard).unwrap();
    let second = begin_full_round(&c, Collection::Users).unwrap();
    assert!(second > first);
    apply_user(&c, &user_change("b", json!({})), second).unwrap();
    apply_user(&c, &user_change("e", json!({})), second).unwrap();
    assert_eq!(missing_users(&c, second).unwrap(), ["a", "c"]);
    // Rounds of the two collections count apart.
    let groups = begin_full_round(&c, Collection::Groups).unwrap();
    apply_group(&c, &group_change("g", json!({}), &[]), groups).unwrap();
    assert!(missing_groups(&c, groups).unwrap().is_empty());
    let groups = begin_full_round(&c, Collection::Groups).unwrap();
    assert_eq!(missing_groups(&c, groups).unwrap(), ["g"]);
}

#[test]
fn members_are_merged_and_dropped() {
    let c = memory();
    let round = begin_full_round(&c, Collection::Groups).unwrap();
    apply_group(&c, &group_change("g", json!({ "displayName": "Staff" }), &["a", "b"]), round).unwrap();
    // A large group comes in several entries.
    apply_group(&c, &group_change("g", json!({}), &["c"]), round).unwrap();
    apply_group(&c, &group_change("h", json!({}), &["a"]), round).unwrap();
    assert_eq!(group(&c, "g").unwrap().unwrap().name(), "Staff");
    assert_eq!(ids(members(&c, "g").unwrap()), ["a", "b", "c"]);
    let change = GroupChange { dropped: vec!["b".into(), "nobody".into()], ..group_change("g", json!({}), &["d"]) };
    apply_group(&c, &change, INCREMENTAL).unwrap();
    assert_eq!(ids(members(&c, "g").unwrap()), ["a", "c", "d"]);
    assert_eq!(groups_of(&c, "a").unwrap(), ["g", "h"]);
    // The next full round names `g` with one member, and not `h` at all.
    let round = begin_full_round(&c, Collection::Groups).unwrap();
    apply_group(&c, &group_change("g", json!({}), &["c"]), round).unwrap();
    assert_eq!(drop_members_not_seen(&c, round).unwrap(), 2);
    assert_eq!(ids(members(&c, "g").unwrap()), ["c"]);
    assert_eq!(ids(members(&c, "h").unwrap()), ["a"]);
    assert_eq!(missing_groups(&c, round).unwrap(), ["h"]);
}

#[test]
fn a_removed_group_gives_nothing_to_its_members() {
    let c = memory();
    apply_group(&c, &group_change("g", json!({}), &["a", "b"]), INCREMENTAL).unwrap();
    let mut devices = group_change("h", json!({}), &["a"]);
    devices.added.push(Member { id: "laptop".into(), kind: MemberKind::Other });
    apply_group(&c, &devices, INCREMENTAL).unwrap();
    assert_eq!(all_memberships_of_groups(&c, &["g", "h", "none"]).unwrap().len(), 4);
    assert_eq!(user_ids_by_member(&c, &["g", "h"]).unwrap(), ["a", "b"]);
    assert!(mark_removed(&c, ObjectType::Group, "g", Removed::Soft).unwrap());
    assert!(!mark_removed(&c, ObjectType::Group, "none", Removed::Soft).unwrap());
    assert_eq!(groups_of(&c, "a").unwrap(), ["h"]);
    assert_eq!(user_ids_by_member(&c, &["g", "h"]).unwrap(), ["a"]);
    assert_eq!(ids(members(&c, "g").unwrap()), ["a", "b"]);
    let purged = GroupChange { id: "g".into(), removed: Some(Removed::Hard), ..GroupChange::default() };
    apply_group(&c, &purged, INCREMENTAL).unwrap();
    assert!(members(&c, "g").unwrap().is_empty());
}

#[test]
fn streams_name_everybody_once_and_allow_writing_meanwhile() {
    let c = memory();
    for n in 0..1500 {
        apply_user(&c, &user_change(&format!("{n:05}"), json!({})), INCREMENTAL).unwrap();
        apply_group(&c, &group_change(&format!("{n:05}"), json!({}), &[]), INCREMENTAL).unwrap();
    }
    let mut seen = Vec::new();
    for_each_user(&c, |user| {
        mark_removed(&c, ObjectType::User, &user.id, Removed::Soft)?;
        seen.push(user.id);
        Ok(())
    })
    .unwrap();
    assert_eq!(seen.len(), 1500);
    assert!(seen.is_sorted());
    assert_eq!(counts(&c).unwrap(), (0, 1500));
    let mut groups = 0;
    for_each_group(&c, |_| {
        groups += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(groups, 1500);
    let stopped = for_each_user(&c, |_| Err(StoreError::Aborted("enough".into())));
    assert!(matches!(stopped, Err(StoreError::Aborted(_))));
}

#[test]
fn assignments_are_replaced_as_a_whole() {
    let c = memory();
    let assignment = |id: &str| Assignment {
        id: id.into(),
        principal_id: "a".into(),
        principal_kind: MemberKind::Group,
        principal_name: "Staff".into(),
        role_id: crate::model::directory::DEFAULT_ACCESS.into(),
    };
    replace_assignments(&c, &[assignment("1"), assignment("2")]).unwrap();
    replace_assignments(&c, &[assignment("2"), assignment("3")]).unwrap();
    assert_eq!(assignments(&c).unwrap(), [assignment("2"), assignment("3")]);
}

fn people() -> Connection {
    let c = memory();
    for (id, name, upn, mail, title) in [
        ("1", "Jörg Müller", "jorg@x.com", "j.mueller@x.com", "Leiter \"Einkauf\""),
        ("2", "Ada Lovelace", "ada@x.com", "ada@x.com", "Analyst"),
        ("3", "ADA LOVELACE", "ada2@x.com", "lovelace@x.com", "100% engineer"),
        ("4", "王伟", "wang@x.com", "", "工程师"),
        ("5", "ada@x.com", "impostor@x.com", "", ""),
        ("6", "Li Wu", "li@x.com", "", ""),
    ] {
        let properties = json!({ "displayName": name, "userPrincipalName": upn, "mail": mail, "jobTitle": title });
        apply_user(&c, &user_change(id, properties), INCREMENTAL).unwrap();
    }
    c
}

#[test]
fn names_resolve_at_the_first_level_that_fits() {
    let c = people();
    let found =
        |text: &str| -> Vec<String> { find(&c, ObjectType::User, text).unwrap().into_iter().map(|f| f.id).collect() };
    assert_eq!(found("4"), ["4"]);
    assert_eq!(found("ADA@x.com"), ["2"]);
    assert_eq!(found("lovelace@x.com"), ["3"]);
    assert_eq!(found("ada lovelace"), ["2", "3"]);
    assert_eq!(found("Jörg MÜLLER"), ["1"]);
    assert!(found("Jorg Muller").is_empty(), "an exact name is exact");
    assert!(found("ada").is_empty());
    assert!(found("").is_empty());
    // A removed one is found only when no live one fits.
    mark_removed(&c, ObjectType::User, "2", Removed::Soft).unwrap();
    assert_eq!(found("ada lovelace"), ["3"]);
    assert_eq!(found("2"), ["2"]);
    let ada = &find(&c, ObjectType::User, "2").unwrap()[0];
    assert_eq!((ada.name.as_str(), ada.user_principal_name.as_deref()), ("Ada Lovelace", Some("ada@x.com")));
    apply_group(&c, &group_change("g", json!({ "displayName": "Staff", "mail": "staff@x.com" }), &[]), 0).unwrap();
    for text in ["g", "STAFF@x.com", "staff"] {
        assert_eq!(find(&c, ObjectType::Group, text).unwrap()[0].id, "g");
    }
}

#[test]
fn what_people_know_some_objects_by() {
    let c = memory();
    for (id, name) in [("a", "Ada Łovelace"), ("b", "Bob"), ("c", "Cid")] {
        let upn = format!("{id}@Contoso.example");
        let change = user_change(id, json!({ "displayName": name, "userPrincipalName": upn, "department": "R & D" }));
        apply_user(&c, &change, INCREMENTAL).unwrap();
    }
    apply_group(&c, &group_change("g", json!({ "displayName": "All" }), &[]), INCREMENTAL).unwrap();
    let of = |object_type, ids: &[&str]| {
        let ids = ids.iter().copied().collect();
        let mut found: Vec<_> = crate::store::search::known(&c, object_type, &ids).unwrap().into_iter().collect();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found.into_iter().map(|(id, known)| (id, known.user_principal_name, known.text)).collect::<Vec<_>>()
    };
    let ada =
        ("a".to_owned(), Some("a@Contoso.example".to_owned()), "ada lovelace\na@contoso.example\nr & d".to_owned());
    assert_eq!(of(ObjectType::User, &["a", "g", "nobody"]), [ada]);
    assert_eq!(of(ObjectType::User, &[]), []);
    assert_eq!(of(ObjectType::Group, &["a", "g"]), [("g".to_owned(), None, "all".to_owned())]);
}

fn search(c: &Connection, text: &str) -> Vec<String> {
    search_users(c, text, 100, None).unwrap().into_iter().map(|row| row.user.id).collect()
}

#[test]
fn free_text_ignores_case_diacritics_and_operators() {
    let c = people();
    for (text, expected) in [
        ("muller", &["1"][..]),
        ("MÜLLER jorg", &["1"]),
        ("ovelac", &["2", "3"]),
        ("ada analy", &["2"]),
        ("工程师", &["4"]),
        ("王", &["4"]),
        ("ad", &["2", "3", "5"]),
        ("li wu", &["6"]),
        ("li w", &["6"]),
        ("x.com li", &["6"]),
        ("\"einkauf\"", &["1"]),
        ("\"", &["1"]),
        ("\"\"\"", &[]),
        ("100%", &["3"]),
        ("%", &["3"]),
        ("___", &[]),
        ("ada OR jorg", &[]),
        ("ada* NOT x", &[]),
        ("search:ada", &[]),
        ("') --", &[]),
    ] {
        assert_eq!(search(&c, text), expected, "{text}");
    }
    assert_eq!(search(&c, " \u{0} ").len(), 6);
}

#[test]
fn the_index_follows_changes() {
    let c = people();
    apply_user(&c, &user_change("2", json!({ "displayName": "Augusta King", "mail": null })), INCREMENTAL).unwrap();
    assert_eq!(search(&c, "lovelace"), ["3"]);
    assert_eq!(search(&c, "augusta"), ["2"]);
    c.execute("INSERT INTO users_fts (users_fts, rank) VALUES ('integrity-check', 1)", []).unwrap();
    clear(&c).unwrap();
    assert!(search(&c, "").is_empty() && search(&c, "augusta").is_empty());
    c.execute("INSERT INTO users_fts (users_fts, rank) VALUES ('integrity-check', 1)", []).unwrap();
}

#[test]
fn lists_carry_links_and_come_in_pages_by_name() {
    let c = people();
    let link = Link {
        object_type: ObjectType::User,
        source_id: "2".into(),
        target_id: "t2".into(),
        origin: Origin::Adopted,
        managed: true,
        active: false,
        broken: false,
        applied: Map::new(),
        manager: None,
        created_at: "2026-11-01T00:00:00Z".into(),
    };
    links::put(&c, &link).unwrap();
    retries::put(
        &c,
        &crate::model::Retry {
            object_type: ObjectType::User,
            source_id: "3".into(),
            code: "Conflict".into(),
            reason: String::new(),
            attempts: 1,
            first_failed: String::new(),
            next_attempt: String::new(),
            fingerprint: String::new(),
            reference: false,
        },
    )
    .unwrap();
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = search_users(&c, "", 2, after.as_ref()).unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some(last.cursor.clone());
        for row in page {
            assert_eq!(row.link.is_some(), row.user.id == "2");
            assert_eq!(row.retry_code.as_deref(), (row.user.id == "3").then_some("Conflict"));
            names.push(row.user.id);
        }
    }
    assert_eq!(names, ["2", "3", "5", "1", "6", "4"]);
    // Purged: only shown while there is a link.
    mark_removed(&c, ObjectType::User, "2", Removed::Hard).unwrap();
    mark_removed(&c, ObjectType::User, "3", Removed::Hard).unwrap();
    assert_eq!(search(&c, "lovelace"), ["2"]);
    // Groups.
    apply_group(&c, &group_change("g", json!({ "displayName": "Größe" }), &["1", "2"]), INCREMENTAL).unwrap();
    let rows = search_groups(&c, "grosse", 9, None).unwrap();
    assert_eq!((rows.len(), rows[0].members, rows[0].link.is_none()), (1, 2, true));
    assert_eq!(search_groups(&c, "gr", 9, None).unwrap().len(), 1);
    assert!(search_groups(&c, "", 9, Some(&rows[0].cursor)).unwrap().is_empty());
}

#[test]
fn questions_use_indexes() {
    let c = people();
    for sql in [
        "SELECT id FROM users WHERE removed IS NULL AND seen < 3",
        "SELECT count(*) FROM users WHERE removed IS NULL",
        "SELECT id FROM users WHERE manager = 'x'",
        "SELECT group_id FROM members WHERE member_id = 'x'",
        "SELECT id FROM users WHERE upn_key = 'x'",
        "SELECT id FROM users WHERE mail_key = 'x'",
    ] {
        uses_index(&c, sql);
    }
    for text in ["", "a", "ada", "ada lo x"] {
        let (sql, _) = crate::store::search::query(ObjectType::User, text, 5, None);
        let lines = plan(&c, &sql);
        assert!(!lines.iter().any(|l| l == "SCAN users"), "{text}: {lines:#?}");
        assert!(!sql.contains("OFFSET"));
    }
}

#[test]
fn ten_thousand_users_are_stored_quickly() {
    let c = memory();
    let begun = std::time::Instant::now();
    c.execute_batch("BEGIN").unwrap();
    for n in 0..10_000 {
        let change = user_change(
            &format!("aaaaaaaa-0000-4000-8000-{n:012}"),
            json!({
                "displayName": format!("Person{n} Family{n}"), "userPrincipalName": format!("person{n}.family{n}@contoso.com"),
                "mail": format!("person{n}.family{n}@contoso.com"), "givenName": format!("Person{n}"),
                "surname": format!("Family{n}"), "jobTitle": "Analyst", "department": "Research", "accountEnabled": true
            }),
        );
        apply_user(&c, &change, INCREMENTAL).unwrap();
    }
    c.execute_batch("COMMIT").unwrap();
    // Generous: an unoptimised build on a busy machine. A missing statement cache or index costs minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(search(&c, "person9999").len(), 1);
}

fn link(object_type: ObjectType, id: &str) -> Link {
    Link {
        object_type,
        source_id: id.into(),
        target_id: "t".into(),
        origin: Origin::Created,
        managed: true,
        active: true,
        broken: false,
        applied: Map::new(),
        manager: None,
        created_at: "2026-11-01T00:00:00Z".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Whatever happens to people, groups and links: what is counted is what there is.
    #[test]
    fn what_is_counted_as_it_comes_and_goes_is_what_there_is(steps in prop::collection::vec((0u8..9, 0u8..3), 0..40)) {
        let c = memory();
        for (step, id) in steps {
            let id = format!("{id}");
            let object_type = if step % 2 == 0 { ObjectType::User } else { ObjectType::Group };
            match step {
                0 => apply_user(&c, &user_change(&id, json!({})), INCREMENTAL).unwrap(),
                1 => apply_group(&c, &group_change(&id, json!({}), &[]), INCREMENTAL).unwrap(),
                2 | 3 => drop(mark_removed(&c, object_type, &id, Removed::Hard).unwrap()),
                4 => drop(mark_removed(&c, ObjectType::User, &id, Removed::Soft).unwrap()),
                5 | 6 => links::put(&c, &link(object_type, &id)).unwrap(),
                7 => drop(links::remove(&c, ObjectType::User, &id).unwrap()),
                _ if id == "0" => clear(&c).unwrap(),
                _ => drop(links::remove(&c, ObjectType::Group, &id).unwrap()),
            }
            let one = |sql: &str| c.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
            let live = |table: &str| one(&format!("SELECT count(*) FROM {table} WHERE removed IS NULL"));
            prop_assert_eq!(counts(&c).unwrap(), (live("users"), live("groups")));
            for (object_type, table) in [(ObjectType::User, "users"), (ObjectType::Group, "groups")] {
                let listed = one(&format!(
                    "SELECT count(*) FROM {table} WHERE removed IS NOT 'deleted' OR EXISTS
                     (SELECT 1 FROM links WHERE object_type = '{}' AND source_id = {table}.id)",
                    object_type.as_str()
                ));
                prop_assert_eq!(crate::store::search::total(&c, object_type).unwrap(), listed);
            }
        }
    }
}
