//! Assigning: keys in, screen and requests out.

mod unlocking;

use super::*;
use crate::config::{Profile, example};
use crate::console::event::Event;
use crate::console::query::Facts;
use crate::console::testing::{Console, shared};
use crate::engine;
use crate::model::directory::DEFAULT_ACCESS;
use crate::model::{AppRole, Collection, GroupChange, Member, MemberKind, UserChange};
use crate::store::{Store, mirror};
use crate::text::show;
use serde_json::{Map, Value, json};
use std::path::Path;

fn role(id: &str, name: &str, value: Option<&str>, enabled: bool) -> AppRole {
    AppRole { id: id.into(), value: value.map(str::to_owned), display_name: name.into(), enabled, for_users: true }
}

fn principal() -> ServicePrincipal {
    ServicePrincipal {
        id: "sp".into(),
        app_id: "app".into(),
        display_name: "Flock".into(),
        roles: vec![
            role("r1", "User", Some("user"), true),
            role("r2", "Administrator", Some("admin"), true),
            role("r3", "Auditor", None, false),
        ],
    }
}

fn assignment(id: &str, principal_id: &str, kind: MemberKind, name: &str, role_id: &str) -> Assignment {
    Assignment {
        id: id.into(),
        principal_id: principal_id.into(),
        principal_kind: kind,
        principal_name: name.into(),
        role_id: role_id.into(),
    }
}

fn assignments() -> Vec<Assignment> {
    vec![
        assignment("a1", "u-ada", MemberKind::User, "Ada Lovelace", "r1"),
        assignment("a2", "g-eng", MemberKind::Group, "Engineering", "r1"),
        assignment("a3", "u-alan", MemberKind::User, "Alan Turing", "r3"),
    ]
}

const PEOPLE: [(&str, &str, &str); 6] = [
    ("u-ada", "Ada Lovelace", "Engineering"),
    ("u-alan", "Alan Turing", "Research"),
    ("u-grace", "Grace Hopper", "Navy"),
    ("u-hedy", "Hedy Lamarr\u{202e}\u{1b}]0;x", "Radio"),
    ("u-katherine", "Katherine Johnson", "Orbits"),
    ("u-radia", "Radia Perlman", "Networks"),
];

fn properties(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

/// A store with a few people and groups; the folder lives as long as the console.
fn store(folder: &Path) -> Store {
    let store = Store::open(&folder.join("flock.db")).unwrap();
    store
        .write_blocking(|c| {
            let round = mirror::begin_full_round(c, Collection::Users)?;
            for (id, name, department) in PEOPLE {
                let mail = format!("{}@contoso.example", id.trim_start_matches("u-"));
                let properties = properties(
                    json!({ "displayName": name, "userPrincipalName": mail, "department": department, "accountEnabled": true }),
                );
                mirror::apply_user(c, &UserChange { id: id.into(), properties, ..UserChange::default() }, round)?;
            }
            let round = mirror::begin_full_round(c, Collection::Groups)?;
            for (id, name, members) in [("g-eng", "Engineering", vec!["u-ada", "u-grace"]), ("g-all", "Everybody", vec![])] {
                let added = members.iter().map(|m| Member { id: (*m).into(), kind: MemberKind::User }).collect();
                let properties = properties(json!({ "displayName": name }));
                mirror::apply_group(c, &GroupChange { id: id.into(), properties, added, ..GroupChange::default() }, round)?;
            }
            mirror::replace_assignments(c, &assignments())
        })
        .unwrap();
    store
}

fn facts(store: &Store) -> Facts {
    let config = Profile::parse(example(), Path::new("/etc/config.toml")).unwrap().jobs.remove(0);
    let (rules, _) = engine::rules_of(&config).unwrap();
    Facts { rules, scope: engine::scope_rules(&config), database: store.path().to_owned(), config }
}

struct Stage {
    console: Console,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn asked(&mut self) -> Vec<(Ticket, Request)> {
        self.console
            .take()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Desk(PageId::Assign, ticket, request) => Some((ticket, request)),
                _ => None,
            })
            .collect()
    }

    fn one(&mut self) -> (Ticket, Request) {
        let mut requests = self.asked();
        assert_eq!(requests.len(), 1, "{requests:?}\n{}", self.console.screen());
        requests.remove(0)
    }

    fn done(&mut self, ticket: Ticket, reply: Reply) {
        self.console.event(Event::Desk(ticket, News::Done(Ok(reply))));
    }

    /// What is selected is given the time to rest.
    fn rest(&mut self) -> &mut Self {
        self.console.wait(0.3);
        self
    }
}

/// The page open on a store, with the directory's answer.
fn stage(width: u16, height: u16, theme: &str, write: bool) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let mut shared = shared(width, height, theme);
    if write {
        shared.unlock(Subject::Job);
    }
    let facts = facts(&store);
    let mut stage = Stage { console: Console::with(shared).on_store(store, facts), _folder: folder };
    stage.console.keys("a");
    let (ticket, request) = stage.one();
    assert!(matches!(request, Request::Assignments));
    stage.done(ticket, Reply::Assignments(principal(), assignments()));
    stage
}

#[test]
fn every_state_at_both_sizes_and_without_colour() {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            let at = |name: &str| format!("assign_{name}_{width}x{height}_{theme}");
            let stage_open = stage(width, height, theme, false);
            insta::assert_snapshot!(at("open"), stage_open.console.picture());
            let mut stage_roles = stage(width, height, theme, true);
            stage_roles.console.keys("\"grace\" enter j");
            stage_roles.rest();
            insta::assert_snapshot!(at("roles"), stage_roles.console.picture());
            stage_roles.console.keys("enter");
            insta::assert_snapshot!(at("asked"), stage_roles.console.picture());
            let mut stage_groups = stage(width, height, theme, true);
            stage_groups.console.keys("esc u tab");
            stage_groups.rest();
            insta::assert_snapshot!(at("groups"), stage_groups.console.picture());
        }
    }
}

#[test]
fn a_role_is_assigned_after_a_question() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("\"hopper\"");
    assert!(!stage.console.screen().contains("Ada Lovelace"), "{}", stage.console.screen());
    stage.console.keys("enter j enter");
    let screen = stage.console.screen();
    assert!(screen.contains("assign Grace Hopper") && screen.contains("gets Administrator of Flock"), "{screen}");
    stage.console.keys("tab enter");
    assert!(stage.asked().is_empty(), "a key that is held down says nothing");
    stage.console.wait(0.6).keys("enter");
    let (ticket, request) = stage.one();
    let Request::Assign { object_type: ObjectType::User, id, role } = request else { panic!("{request:?}") };
    assert_eq!((id.as_str(), role.as_str()), ("u-grace", "r2"));
    stage.done(ticket, Reply::Done(show("assigned Grace Hopper to Flock as Administrator")));
    assert!(stage.console.screen().contains("assigned Grace Hopper to Flock"), "{}", stage.console.screen());
    // What is shown afterwards is what the directory says then.
    let (ticket, request) = stage.one();
    assert!(matches!(request, Request::Assignments));
    let mut now = assignments();
    now.push(assignment("a9", "u-grace", MemberKind::User, "Grace Hopper", "r2"));
    stage.done(ticket, Reply::Assignments(principal(), now));
    stage.console.wait(7.0);
    let screen = stage.console.screen();
    assert!(screen.contains("✓ Administrator") && screen.contains("assigned"), "{screen}");
}

#[test]
fn what_is_assigned_is_taken_away_after_a_question() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("\"ada\" enter enter");
    assert!(stage.console.screen().contains("Ada Lovelace loses User of Flock"), "{}", stage.console.screen());
    stage.console.wait(0.6).keys("tab enter");
    let (ticket, request) = stage.one();
    assert!(matches!(request, Request::Unassign { assignment } if assignment == "a1"));
    let trouble =
        Trouble { what: show("the directory refused"), advice: vec![show("ask for AppRoleAssignment.ReadWrite.All")] };
    stage.console.event(Event::Desk(ticket, News::Done(Err(trouble))));
    let screen = stage.console.screen();
    assert!(screen.contains("the directory refused") && screen.contains("AppRoleAssignment"), "{screen}");
}

#[test]
fn a_group_is_assigned_with_words_about_its_members() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("esc u");
    let screen = stage.console.screen();
    assert!(screen.contains("Groups") && screen.contains("Everybody"), "{screen}");
    stage.console.keys("j tab enter");
    let screen = stage.console.screen();
    assert!(screen.contains("assign Everybody") && screen.contains("direct members come into scope"), "{screen}");
    stage.console.wait(0.6).keys("tab enter");
    let (_, request) = stage.one();
    assert!(matches!(request, Request::Assign { object_type: ObjectType::Group, id, .. } if id == "g-all"));
}

/// Says yes to giving Grace the second role; returns the request's ticket.
fn given(stage: &mut Stage) -> Ticket {
    stage.console.keys("\"grace\" enter j enter").wait(0.6).keys("tab enter");
    let (ticket, request) = stage.one();
    assert!(matches!(request, Request::Assign { .. }));
    ticket
}

#[test]
fn one_assignment_is_written_at_a_time_and_its_end_is_told() {
    let mut stage = stage(80, 24, "default", true);
    let ticket = given(&mut stage);
    assert!(stage.console.screen().contains("It is being written."), "{}", stage.console.screen());
    stage.console.keys("k enter");
    assert!(stage.console.screen().contains("an assignment is being written"), "{}", stage.console.screen());
    assert_eq!(stage.console.state.top().id(), PageId::Assign);
    stage.done(ticket, Reply::Done(show("assigned Grace Hopper")));
    assert!(stage.console.screen().contains("assigned Grace Hopper"), "{}", stage.console.screen());
    assert!(matches!(stage.one().1, Request::Assignments));
}

#[test]
fn a_no_leaves_nothing_behind() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("\"grace\" enter j enter esc");
    stage.console.state.shared.write = crate::console::shared::WriteMode::ReadOnly;
    let screen = stage.console.screen();
    assert!(screen.contains("Write mode is off.") && !screen.contains("being written"), "{screen}");
}

#[test]
fn the_end_of_a_write_is_told_when_the_page_was_left_or_is_another() {
    let mut stage = stage(80, 24, "default", true);
    let ticket = given(&mut stage);
    stage.console.keys("esc esc");
    assert_eq!(stage.console.state.top().id(), PageId::Overview);
    stage.console.keys("a");
    stage.asked();
    stage.done(ticket, Reply::Done(show("assigned Grace Hopper")));
    assert!(stage.console.screen().contains("assigned Grace Hopper"), "{}", stage.console.screen());
    let (ticket, request) = stage.one();
    assert!(matches!(request, Request::Assignments), "what the new page shows is old by now");
    stage.done(ticket, Reply::Assignments(principal(), assignments()));

    let ticket = given(&mut stage);
    stage.console.keys("esc esc");
    let trouble = Trouble { what: show("the directory refused"), advice: vec![show("ask for more rights")] };
    stage.console.event(Event::Desk(ticket, News::Done(Err(trouble))));
    let screen = stage.console.screen();
    assert!(screen.contains("the directory refused: ask for more rights"), "{screen}");
}

#[test]
fn roles_are_those_of_whoever_is_selected() {
    let mut stage = stage(80, 24, "default", true);
    let line = |stage: &Stage| stage.console.state.top().copies(&stage.console.state.shared).pop().unwrap().text;
    assert_eq!(line(&stage), "heeler unassign u-ada --role=r1");
    stage.console.keys("down");
    assert_eq!(line(&stage), "heeler assign u-alan --role=r1");
    stage.console.keys("\"radia\"");
    assert_eq!(line(&stage), "heeler assign u-radia --role=r1");
    stage.console.keys("esc esc u");
    assert_eq!(line(&stage), "heeler unassign g-eng --role=r1");
}

#[test]
fn roles_that_are_off_can_only_be_taken_away() {
    let held = |object: &str| {
        roles::of(&principal(), &assignments(), object)
            .into_iter()
            .map(|r| (r.name, r.held, r.usable))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        held("u-alan"),
        [
            ("User".to_owned(), None, true),
            ("Administrator".to_owned(), None, true),
            ("Auditor".to_owned(), Some("a3".to_owned()), false)
        ]
    );
    assert_eq!(held("u-grace").len(), 2);
    let without = ServicePrincipal { roles: Vec::new(), ..principal() };
    let roles = roles::of(&without, &[], "u-ada");
    assert_eq!(roles.len(), 1);
    assert_eq!((roles[0].id.as_str(), roles[0].name.as_str()), (DEFAULT_ACCESS, "Default Access"));
}

#[test]
fn somebody_chosen_elsewhere_is_chosen_here() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let facts = facts(&store);
    let mut shared = shared(80, 24, "default");
    let object = Object { object_type: ObjectType::User, id: "u-grace".into(), name: "grace@contoso.example".into() };
    let mut page = Assign::new(Some(object));
    let effects = page.opened(&mut shared);
    assert_eq!((page.typing(), page.pane), (false, Pane::Roles));
    for effect in effects {
        let Effect::Query(query) = effect else { continue };
        let reader = store.reader().unwrap();
        let sources = crate::console::query::Sources { c: &reader, facts: &facts, organization: None, now: shared.now };
        page.answer(&mut shared, query.run(&sources).unwrap());
    }
    assert_eq!(page.object().map(|object| object.id).as_deref(), Some("u-grace"));
    assert_eq!(page.through.len(), 1);
    // The others are still there, and the list stands at the one who was chosen.
    let screen = crate::console::testing::draw_page(&page, &shared, 80, 20);
    assert!(screen.contains("Grace Hopper") && screen.contains("Ada Lovelace"), "{screen}");
    page.act(&mut shared, Action::NextPane);
    page.act(&mut shared, Action::Down);
    assert_eq!(page.object().map(|object| object.id).as_deref(), Some("u-hedy"));
}

#[test]
fn a_name_that_reads_backwards_is_shown_as_it_is() {
    let mut stage = stage(160, 45, "default", true);
    stage.console.keys("\"hedy\" enter");
    stage.rest();
    let screen = stage.console.screen();
    assert!(screen.contains("Hedy Lamarr") && !screen.contains('\u{202e}') && !screen.contains('\u{1b}'), "{screen}");
}

#[test]
fn an_empty_answer_says_so() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("\"nobody-of-that-name\"");
    assert!(stage.console.screen().contains("nothing matches"), "{}", stage.console.screen());
    stage.console.keys("esc esc");
    assert!(stage.console.screen().contains("Ada Lovelace"), "{}", stage.console.screen());
}

#[test]
fn every_size_has_a_picture() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("\"grace\" enter");
    stage.rest();
    let state = &stage.console.state;
    for (width, height) in crate::console::testing::sizes() {
        crate::console::testing::draw_page(state.top(), &state.shared, width, height);
    }
}

#[test]
fn of_many_roles_the_selected_one_is_in_sight() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("enter r");
    let (ticket, _) = stage.one();
    let roles = (0..60).map(|n| role(&format!("r{n}"), &format!("Role {n}"), None, true)).collect();
    stage.done(ticket, Reply::Assignments(ServicePrincipal { roles, ..principal() }, Vec::new()));
    for _ in 0..40 {
        stage.console.keys("j");
    }
    assert!(stage.console.screen().contains("› Role 40") || stage.console.screen().contains("›   Role 40"));
}

#[test]
fn ids_that_a_server_chose_stay_one_argument_of_the_command() {
    let shared = shared(80, 24, "default");
    let command = |object: &str, id: &str| {
        let mut page = Assign::new(Some(Object { object_type: ObjectType::User, id: object.into(), name: "x".into() }));
        let principal = ServicePrincipal { roles: vec![role(id, "User", None, true)], ..principal() };
        page.know(Known::new(principal, Vec::new(), shared.now));
        let items = page.copies(&shared);
        items.into_iter().find(|item| item.what == "command").map(|item| item.text)
    };
    assert_eq!(command("u1", "r1").as_deref(), Some("heeler assign u1 --role=r1"));
    assert_eq!(command("u1; id", "$(id)").as_deref(), Some("heeler assign 'u1; id' '--role=$(id)'"));
    assert_eq!(command("--full", "r1"), None);
    assert_eq!(command("u1", "r\n1"), None);
}

/// What a page asks the store for.
fn queries(effects: Vec<Effect>) -> Vec<find::Query> {
    let query = |effect| match effect {
        Effect::Query(Query::Assign(query)) => Some(query),
        _ => None,
    };
    effects.into_iter().filter_map(query).collect()
}

fn found(store: &Store, query: &find::Query) -> Answer {
    let (reader, facts) = (store.reader().unwrap(), facts(store));
    let now = crate::console::testing::noon();
    let sources = crate::console::query::Sources { c: &reader, facts: &facts, organization: None, now };
    Answer::Assign(find::run(query, &sources).unwrap())
}

#[test]
fn an_answer_to_a_page_that_is_closed_selects_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut shared) = (store(folder.path()), shared(80, 24, "default"));
    let mut open = |id: &str| {
        let object = Object { object_type: ObjectType::User, id: id.into(), name: id.into() };
        let mut page = Assign::new(Some(object));
        let asked = queries(page.opened(&mut shared));
        (page, asked)
    };
    let (_, before) = open("u-ada");
    let (mut page, asked) = open("u-grace");
    page.answer(&mut shared, found(&store, &before[0]));
    assert_eq!(page.object().unwrap().id, "u-grace");
    page.answer(&mut shared, found(&store, &asked[0]));
    assert_eq!(page.object().unwrap().id, "u-grace");
}

#[test]
fn rows_are_asked_for_once_until_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut shared) = (store(folder.path()), shared(80, 24, "default"));
    let crowd = |c: &rusqlite::Connection| {
        for n in 0..500 {
            let properties = properties(json!({ "displayName": format!("Person {n:03}") }));
            let change = UserChange { id: format!("u-{n:03}"), properties, ..UserChange::default() };
            mirror::apply_user(c, &change, mirror::INCREMENTAL)?;
        }
        Ok(())
    };
    store.write_blocking(crowd).unwrap();
    let mut page = Assign::new(None);
    page.typing = false;
    let first = queries(page.opened(&mut shared));
    page.answer(&mut shared, found(&store, &first[0]));
    let mut asked = Vec::new();
    for _ in 0..300 {
        asked.extend(queries(page.act(&mut shared, Action::Down)));
    }
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(queries(page.changed(&mut shared)).is_empty(), "they are awaited");
    page.answer(&mut shared, found(&store, &asked[0]));
    let end = queries(page.act(&mut shared, Action::Bottom));
    page.answer(&mut shared, found(&store, &end[0]));
    assert_eq!(page.object().unwrap().id, "u-radia");
    let top = queries(page.act(&mut shared, Action::Top));
    page.answer(&mut shared, found(&store, &top[0]));
    assert_eq!(page.rows.selected, 0, "the first of all");
    assert!(!page.rows.more_above);
}

#[test]
fn groups_that_are_gone_give_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let through = || match found(&store, &find::Query::Through { user: "u-ada".into() }) {
        Answer::Assign(find::Answer::Through { groups, .. }) => groups,
        other => panic!("{other:?}"),
    };
    assert_eq!(through(), [find::Through { group: "Engineering".into(), role: "r1".into() }]);
    store.write_blocking(|c| mirror::mark_removed(c, ObjectType::Group, "g-eng", crate::model::Removed::Soft)).unwrap();
    assert!(through().is_empty());
}
