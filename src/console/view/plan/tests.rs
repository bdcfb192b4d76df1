//! The view as a person meets it: keys in, screen out.

use super::{Answer, Class, Context, Detail, Model, Query, Row, Since, Tree};
use crate::console::desk::{News, Reply, Request, Ticket, Trouble};
use crate::console::effect::Effect;
use crate::console::event::Event;
use crate::console::page::PageId;
use crate::console::query::{Answer as Answered, Query as Asked, Slot};
use crate::console::shared::{Runner, WriteMode};
use crate::console::standing::Standing;
use crate::console::testing::{Console, noon, shared};
use crate::engine::Answer as Told;
use crate::model::{Change, Counts, Cycle, CycleKind, CycleState, ObjectType, Operation, OperationState, Verb};
use crate::store::cycles::Progress;
use crate::sync::approval::PlanPrint;
use crate::sync::cycle::CycleReport;
use crate::text::show;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn operation(verb: Verb, id: &str, name: &str, changes: Vec<Change>) -> Operation {
    Operation {
        id: format!("operation of {id}"),
        cycle_id: "cycle".into(),
        verb,
        object_type: ObjectType::User,
        source_id: id.into(),
        target_id: None,
        name: name.into(),
        reason: match verb {
            Verb::Create => "in scope; no account fits".into(),
            Verb::Disable => "not assigned to the app".into(),
            _ => "values differ".into(),
        },
        changes,
        references: Vec::new(),
        state: OperationState::Planned,
        held_reason: None,
    }
}

fn change(attribute: &str, old: Value, new: Value) -> Change {
    Change { attribute: attribute.into(), old, new }
}

fn report(operations: Vec<Operation>) -> CycleReport {
    let made_at = (noon() - SignedDuration::from_secs(12)).to_string();
    CycleReport {
        cycle: Cycle {
            id: "cycle".into(),
            kind: CycleKind::Incremental,
            state: CycleState::Succeeded,
            started_at: made_at.clone(),
            ended_at: Some(made_at.clone()),
            duration_ms: 900,
            counts: Counts::default(),
            app_requests: 3,
            error: None,
        },
        plan: Some(PlanPrint::of(&operations, made_at)),
        operations,
        notes: Vec::new(),
        too_many: None,
        unread: Vec::new(),
        fatal: None,
        moved: None,
        partial: false,
        trace: None,
    }
}

const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

/// The plan of the mock-ups: 12 creates, 83 updates, 2 disables.
fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    let created = |name: &str| {
        let upn = format!("{}@contoso.example", name.to_lowercase().replace(' ', "."));
        vec![
            change("userName", Value::Null, json!(upn)),
            change("displayName", Value::Null, json!(name)),
            change("emails[type eq \"work\"].value", Value::Null, json!(upn)),
            change(DEPARTMENT, Value::Null, json!("Engineering")),
        ]
    };
    for (n, name) in ["Barbara Liskov", "Margaret Hamilton", "Radia Perlman"].into_iter().enumerate() {
        all.push(operation(Verb::Create, &format!("c{n}"), name, created(name)));
    }
    for n in 3..12 {
        let name = format!("Zoe {n:02}");
        all.push(operation(Verb::Create, &format!("c{n}"), &name, created(&name)));
    }
    let moved = || change(DEPARTMENT, json!("Research"), json!("Engineering"));
    all.push(operation(
        Verb::Update,
        "grace",
        "Grace Hopper",
        vec![change("displayName", json!("Grace Murray"), json!("Grace Hopper")), moved()],
    ));
    let mut manager = operation(Verb::SetManager, "grace", "Grace Hopper", Vec::new());
    manager.changes = vec![change("manager", json!("m1"), json!("Ada Lovelace"))];
    all.push(manager);
    for n in 1..83 {
        let name = format!("Person {n:02}");
        let changes =
            if n % 3 == 0 { vec![change("title", json!("Clerk"), json!(format!("Lead {n}")))] } else { vec![moved()] };
        all.push(operation(Verb::Update, &format!("u{n}"), &name, changes));
    }
    for (n, name) in ["Ivan Sutherland", "Karen Spärck"].into_iter().enumerate() {
        all.push(operation(Verb::Disable, &format!("d{n}"), name, vec![change("active", json!(true), json!(false))]));
    }
    all
}

fn context() -> Context {
    let rule = |attribute: &str, n: usize, source: &str| ((ObjectType::User, attribute.to_owned()), (n, show(source)));
    Context {
        linked: 4146,
        threshold: Some(40),
        waiting: [("UnprocessableEntity", 47), ("DuplicateSourceEntries", 11), ("MandatoryFieldsMissing", 2)]
            .map(|(code, n)| (code.to_owned(), n))
            .into(),
        last_cycle: Some((noon() - SignedDuration::from_mins(124), 31)),
        rules: [
            rule("userName", 1, "userPrincipalName"),
            rule("displayName", 3, "Join(\" \", [givenName], [surname])"),
            rule(DEPARTMENT, 7, "department"),
            rule("title", 6, "jobTitle"),
            rule("active", 2, "Not([IsSoftDeleted])"),
        ]
        .into(),
        names: [("m1".to_owned(), show("Charles Babbage"))].into(),
    }
}

/// A console on view 5 whose dry run is asked for and not answered.
fn planning(width: u16, height: u16, theme: &str) -> (Console, Ticket) {
    let mut console = Console::with(shared(width, height, theme));
    console.standing(Standing {
        enabled: true,
        held_by: Some(("heeler".into(), 1, "host".into())),
        cycle: Some(report(Vec::new()).cycle),
        read_at: Some(noon() - SignedDuration::from_secs(12)),
        ..Standing::default()
    });
    console.take();
    console.keys("5");
    let ticket = asked(&mut console, |r| matches!(r, Request::Plan)).expect("entering makes a plan");
    (console, ticket)
}

/// The request to the desk that fits, taken from the effects.
fn asked(console: &mut Console, fits: impl Fn(&Request) -> bool) -> Option<Ticket> {
    console.take().into_iter().find_map(|effect| match effect {
        Effect::Desk(PageId::Plan, ticket, request) if fits(&request) => Some(ticket),
        _ => None,
    })
}

/// Answers what the view asked the reader thread.
fn answer(console: &mut Console, answer: Answer) {
    let slot = match &answer {
        Answer::Built(_) => 0,
        Answer::Filtered(..) => 1,
        Answer::Detail(_) => 2,
        Answer::Since(_) => 3,
    };
    console.event(Event::Answer(Slot(PageId::Plan, slot), Ok(Answered::Plan(answer))));
}

fn finish(console: &mut Console, ticket: Ticket, report: CycleReport, context: Context) -> Arc<Model> {
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Plan(Box::new(report))))));
    let built = console.take().into_iter().find_map(|effect| match effect {
        Effect::Query(Asked::Plan(Query::Build(report))) => Some(report.0),
        _ => None,
    });
    let model = Arc::new(Model::new(built.expect("the model is made on the reader thread"), context));
    answer(console, Answer::Built(Arc::clone(&model)));
    model
}

/// A console that shows the plan of the mock-ups, Grace Hopper selected.
fn shown(width: u16, height: u16, theme: &str) -> Console {
    let (mut console, ticket) = planning(width, height, theme);
    let mut report = report(operations());
    report.operations.sort_by_key(|o| o.verb);
    finish(&mut console, ticket, report, context());
    grace(&mut console);
    console
}

/// Selects Grace Hopper, and tells more about her.
fn grace(console: &mut Console) {
    for _ in 0..40 {
        if console.screen().contains("Grace Murray") {
            break;
        }
        console.keys("j");
    }
    let mapped = ["userName", "displayName", DEPARTMENT, "title", "a", "b", "c", "d", "e", "f"];
    answer(
        console,
        Answer::Detail(Some(Box::new(Detail {
            object_type: ObjectType::User,
            id: "grace".into(),
            name: "grace.hopper@contoso.example".into(),
            title: show("grace.hopper@contoso.example"),
            mapped: mapped.map(str::to_owned).into(),
        }))),
    );
}

fn snapshot(name: &str, console: &Console) {
    insta::assert_snapshot!(name, console.picture());
}

/// Every state at both sizes, in colour and without.
fn pictures(name: &str, make: impl Fn(u16, u16, &str) -> Console) {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            snapshot(&format!("{name}_{width}_{theme}"), &make(width, height, theme));
        }
    }
}

#[test]
fn the_plan() {
    pictures("plan", shown);
}

#[test]
fn a_plan_is_being_made() {
    pictures("planning", |w, h, theme| {
        let (mut console, ticket) = planning(w, h, theme);
        console.event(Event::Desk(ticket, News::Progress(show("reading users: 1204"))));
        console.wait(2.0);
        console
    });
}

#[test]
fn no_plan_could_be_made() {
    pictures("failed", |w, h, theme| {
        let (mut console, ticket) = planning(w, h, theme);
        let what = "GET https://graph.example/v1.0/users/delta: the host name could not be resolved; check the spelling of the host and DNS";
        let trouble = Trouble { what: show(what), advice: vec![show("`heeler test` says which side is away")] };
        console.event(Event::Desk(ticket, News::Done(Err(trouble))));
        console
    });
}

#[test]
fn nothing_is_to_do() {
    pictures("empty", |w, h, theme| {
        let (mut console, ticket) = planning(w, h, theme);
        finish(&mut console, ticket, report(Vec::new()), Context { linked: 4146, ..Context::default() });
        console
    });
}

#[test]
fn guards_hold_back() {
    pictures("held", |w, h, theme| {
        let (mut console, ticket) = planning(w, h, theme);
        let why = "45 disables and deletes in one cycle are more than the threshold of 40";
        let held = (0..45).map(|n| Operation {
            state: OperationState::Held,
            held_reason: Some(why.into()),
            ..operation(
                Verb::Disable,
                &format!("d{n}"),
                &format!("Leaver {n:02}"),
                vec![change("active", json!(true), json!(false))],
            )
        });
        let mut report = report(held.collect());
        report.too_many = Some((45, 40));
        finish(&mut console, ticket, report, Context { waiting: Default::default(), ..context() });
        console
    });
}

#[test]
fn a_plan_that_the_directory_left_behind() {
    pictures("stale", |w, h, theme| {
        let mut console = shown(w, h, theme);
        console.wait(14.0 * 60.0);
        answer(&mut console, Answer::Since(Since { changed: 3 }));
        console
    });
}

#[test]
fn marked_and_filtered() {
    pictures("marked", |w, h, theme| {
        let mut console = shown(w, h, theme);
        console.keys("space space /");
        let model = filter_for(&mut console, "person");
        answer(&mut console, Answer::Filtered("person".into(), model));
        console
    });
}

#[test]
fn the_plan_is_being_applied() {
    pictures("applying", |w, h, theme| {
        let mut console = shown(w, h, theme);
        console.state.shared.write = WriteMode::Open;
        console.keys("A").wait(0.6).keys("\"97\" enter");
        assert!(asked(&mut console, |r| matches!(r, Request::Apply { .. })).is_some());
        let mut cycle = report(Vec::new()).cycle;
        cycle.state = CycleState::Running;
        let progress = Progress { phase: "applying".into(), done: 31, total: Some(98), updated_at: String::new() };
        console.standing(Standing {
            enabled: true,
            held_by: Some(("heeler".into(), 1, "host".into())),
            cycle: Some(cycle),
            progress: Some(progress),
            read_at: Some(noon() - SignedDuration::from_secs(12)),
            ..Standing::default()
        });
        console.wait(1.0);
        console
    });
}

#[test]
fn planning_again_failed_beside_another_process() {
    pictures("watching", |w, h, theme| {
        let mut console = shown(w, h, theme);
        console.event(Event::Runner(Runner::Elsewhere { command: show("heeler run"), pid: 4711, host: show("host") }));
        console.take();
        console.keys("r");
        let ticket = asked(&mut console, |r| matches!(r, Request::Plan)).unwrap();
        let trouble = Trouble { what: show("the directory did not answer in time"), advice: Vec::new() };
        console.event(Event::Desk(ticket, News::Done(Err(trouble))));
        console
    });
}

#[test]
fn other_sizes() {
    for (w, h) in [(60, 16), (100, 30), (120, 40)] {
        snapshot(&format!("size_{w}"), &shown(w, h, "mono"));
    }
}

#[test]
fn the_confirmation() {
    pictures("confirm", |w, h, theme| {
        let mut console = shown(w, h, theme);
        console.state.shared.write = WriteMode::Open;
        console.keys("A");
        console
    });
}

/// Types a filter letter by letter; returns what the last query finds.
fn filter_for(console: &mut Console, text: &str) -> Vec<u32> {
    console.take();
    console.keys(&format!("\"{text}\""));
    let last = console.take().into_iter().rev().find_map(|effect| match effect {
        Effect::Query(Asked::Plan(Query::Filter(model, asked))) => Some((model, asked)),
        _ => None,
    });
    let (model, asked) = last.expect("typing filters");
    assert_eq!(asked, text);
    model.0.filter(&asked)
}

#[test]
fn a_filter_is_answered_by_the_newest_question_and_cleared_by_esc() {
    let mut console = shown(80, 24, "default");
    console.keys("/");
    let found = filter_for(&mut console, "liskov");
    assert_eq!(found.len(), 1);
    answer(&mut console, Answer::Filtered("lis".into(), Vec::new()));
    assert!(console.screen().contains("Margaret"), "an older answer is dropped");
    answer(&mut console, Answer::Filtered("liskov".into(), found));
    let screen = console.screen();
    assert!(
        screen.contains("1 of 97") && screen.contains("Barbara Liskov") && !screen.contains("Margaret"),
        "{screen}"
    );
    // `q` and `5` are letters now.
    console.keys("q");
    assert!(console.screen().contains("iskovq"), "{}", console.screen());
    console.keys("esc");
    assert!(console.screen().contains("Margaret"));
    console.keys("/");
    let none = filter_for(&mut console, "-e");
    assert!(none.is_empty());
    answer(&mut console, Answer::Filtered("-e".into(), none));
    assert!(console.screen().contains("nothing matches \"-e\""), "{}", console.screen());
}

#[test]
fn n_goes_from_object_to_object_and_unfolds_what_is_in_the_way() {
    let mut console = shown(80, 24, "default");
    console.keys("g g");
    let names = |console: &Console| console.state.top().object();
    assert!(console.screen().contains("9 more"));
    let mut seen = Vec::new();
    for _ in 0..97 {
        console.keys("n").wait(0.2);
        let asked = console.take().into_iter().find_map(|effect| match effect {
            Effect::Query(Asked::Plan(Query::Detail(_, id))) => Some(id),
            _ => None,
        });
        seen.push(asked.unwrap_or_else(|| "grace".into()));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 97, "every object once");
    assert!(names(&console).is_some());
    let end = console.screen();
    console.keys("n");
    assert_eq!(console.screen(), end, "the end is the end");
    console.keys("N N N");
    assert!(!console.screen().contains("0 more"));
}

#[test]
fn enter_unfolds_a_class_and_opens_an_object() {
    let mut console = shown(80, 24, "default");
    console.keys("g g enter");
    assert!(!console.screen().contains("9 more") && console.screen().contains("Zoe 03"), "{}", console.screen());
    console.keys("enter");
    assert!(console.screen().contains("9 more"), "{}", console.screen());
    console.keys("j enter");
    assert!(console.screen().lines().any(|l| l.contains("│▌") || l.contains("▌Barbara")), "{}", console.screen());
    console.keys("esc");
    assert!(console.screen().contains("▌Changes"));
}

#[test]
fn what_cannot_be_done_leads_to_the_log() {
    let mut console = shown(160, 45, "default");
    console.keys("G");
    console.keys("k k");
    assert!(console.screen().contains("enter opens 4 Log on it"), "{}", console.screen());
    console.keys("enter");
    assert_eq!(console.state.view(), PageId::Log);
}

#[test]
fn applying_needs_write_mode_the_number_and_a_moment() {
    let mut console = shown(80, 24, "default");
    console.keys("A");
    assert!(console.screen().contains("write off"), "{}", console.screen());
    console.state.shared.write = WriteMode::Open;
    console.keys("A");
    console.take();
    assert!(console.screen().contains("apply 97 changes to flock, PROD"), "{}", console.screen());
    console.keys("\"97\" enter");
    assert!(asked(&mut console, |_| true).is_none(), "a held key confirms nothing");
    console.wait(0.6).keys("backspace \"6\" enter");
    assert!(asked(&mut console, |_| true).is_none());
    assert!(console.screen().contains("that is not it"));
    console.keys("backspace \"7\" enter");
    let wanted = |r: &Request| matches!(r, Request::Apply { only: None, fingerprint } if fingerprint.len() == 32);
    let ticket = asked(&mut console, wanted).expect("applied");
    assert!(!console.screen().contains("apply 97 changes"));
    console.keys("A");
    assert!(console.screen().contains("the plan is being applied"), "{}", console.screen());
    // Done: it is told, and planned again.
    let result = json!({ "counts": Counts { created: 12, updated: 83, disabled: 2, ..Counts::default() } });
    console.take();
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Answer(Told { exit_code: 0, result })))));
    assert!(console.screen().contains("applied: 12 created, 83 updated, 2 disabled"), "{}", console.screen());
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some());
}

#[test]
fn a_plan_that_moved_says_so_and_is_made_again() {
    let mut console = shown(80, 24, "default");
    console.state.shared.write = WriteMode::Open;
    console.keys("A").wait(0.6).keys("\"97\" enter");
    let ticket = asked(&mut console, |r| matches!(r, Request::Apply { .. })).unwrap();
    let error = "the directory moved: 3 operations differ; plan again (nothing was written)";
    let result = json!({ "error": error, "moved": { "differ": 3, "since": null } });
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Answer(Told { exit_code: 4, result })))));
    assert!(console.screen().contains("the directory moved: 3 operations differ"), "{}", console.screen());
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some());
}

#[test]
fn marked_objects_alone_are_applied() {
    let mut console = shown(80, 24, "default");
    console.state.shared.write = WriteMode::Open;
    console.keys("space space A");
    assert!(console.screen().contains("apply 2 marked changes to flock, PROD"), "{}", console.screen());
    console.wait(0.6).keys("\"2\" enter");
    let ids = console.take().into_iter().find_map(|effect| match effect {
        Effect::Desk(_, _, Request::Apply { only, .. }) => only,
        _ => None,
    });
    assert_eq!(ids, Some(vec!["grace".to_owned(), "u1".to_owned()]));
    // A heading marks all of its class, and again none.
    console.state.shared.write = WriteMode::Open;
    let mut console = shown(80, 24, "default");
    console.state.shared.write = WriteMode::Open;
    console.keys("g g space A");
    assert!(console.screen().contains("apply 12 marked changes"), "{}", console.screen());
    console.keys("esc").keys("space A");
    assert!(console.screen().contains("apply 97 changes"), "{}", console.screen());
}

#[test]
fn held_operations_are_decided_after_a_confirmation() {
    let (mut console, ticket) = planning(80, 24, "default");
    let held = Operation {
        state: OperationState::Held,
        held_reason: Some("more than the threshold".into()),
        ..operation(Verb::Disable, "d1", "Ivan Sutherland", Vec::new())
    };
    finish(&mut console, ticket, report(vec![held]), context());
    console.take();
    assert!(console.screen().contains("more than the threshold"), "{}", console.screen());
    console.keys(": \"release\"").wait(0.1).keys("enter");
    assert!(console.screen().contains("write off"), "{}", console.screen());
    console.keys("esc");
    console.state.shared.write = WriteMode::Open;
    console.keys(": \"release\"").wait(0.1).keys("enter");
    assert!(console.screen().contains("release 1 held operation"), "{}", console.screen());
    console.wait(0.6).keys("enter");
    assert!(asked(&mut console, |_| true).is_none(), "the default is no");
    console.keys(": \"release\"").wait(0.1).keys("enter").wait(0.6).keys("tab enter");
    let wanted =
        |r: &Request| matches!(r, Request::Decide { ids, release: true } if *ids == ["operation of d1".to_owned()]);
    let ticket = asked(&mut console, wanted).expect("released");
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Done(show("released"))))));
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some(), "what changed is planned again");
}

#[test]
fn planning_can_be_cancelled_and_asked_for_again() {
    let (mut console, ticket) = planning(80, 24, "default");
    console.keys("esc");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Cancel(t) if *t == ticket)));
    console.wait(7.0);
    assert!(console.screen().contains("There is no plan"), "{}", console.screen());
    console.keys("r");
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some());
    // A late answer to what was cancelled changes nothing.
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Plan(Box::new(report(operations())))))));
    assert!(!console.screen().contains("create 12"));
}

#[test]
fn coming_back_keeps_the_plan_and_asks_what_happened_since() {
    let mut console = shown(80, 24, "default");
    console.take();
    console.keys("1 5");
    let effects = console.take();
    assert!(!effects.iter().any(|e| matches!(e, Effect::Desk(..))), "{effects:?}");
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Asked::Plan(Query::Since(_))))), "{effects:?}");
    assert!(console.screen().contains("update 83"));
}

#[test]
fn m_opens_the_rule_and_y_and_x_take_along() {
    let mut console = shown(80, 24, "default");
    let page = console.state.top();
    let items = page.copies(&console.state.shared);
    let text = |what: &str| items.iter().find(|i| i.what == what).map(|i| i.text.clone()).unwrap();
    assert_eq!(text("id"), "grace");
    assert!(text("row").contains("displayName: Grace Murray → Grace Hopper"), "{items:?}");
    assert_eq!(text("command"), "heeler plan");
    let export = page.export(&console.state.shared).unwrap();
    let plan: Value = serde_json::from_str(&export.text).unwrap();
    assert_eq!((plan["operations"].as_array().unwrap().len(), plan["plan"].as_str().unwrap().len()), (98, 32));
    console.keys("m");
    assert_eq!(console.state.view(), PageId::Mapping);
}

#[test]
fn hostile_names_are_shown_clean() {
    let (mut console, ticket) = planning(160, 45, "default");
    let name = "Eve\u{1b}[31m\u{202e}x\nsecond line";
    let changes =
        vec![change("title", json!("a\u{7}b"), json!(name)), change("evil\u{1b}]0;x\u{7}", json!(null), json!(1))];
    finish(&mut console, ticket, report(vec![operation(Verb::Update, "eve", name, changes)]), context());
    let screen = console.screen();
    assert!(!screen.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{screen:?}");
    assert!(screen.contains("Eve"));
}

fn many(n: u32) -> Arc<Model> {
    let one = |i: u32| {
        let verb = [Verb::Create, Verb::Update, Verb::Update, Verb::Disable][i as usize % 4];
        operation(verb, &format!("id{i}"), &format!("Person {i:06}"), vec![change("title", json!("a"), json!("b"))])
    };
    Arc::new(Model::new(Arc::new(report((0..n).map(one).collect())), Context::default()))
}

#[test]
fn rows_are_found_by_arithmetic() {
    let model = many(10_000);
    let tree = Tree::new(&model, None, &[Class::Update], 20, false);
    assert_eq!(tree.objects(), 10_000);
    for index in 0..tree.len() {
        match tree.at(index).unwrap() {
            Row::Entry(entry) => {
                let class = model.entries[entry].class;
                assert_eq!(tree.row_of(entry, class), Some(index));
            }
            Row::Heading(_) | Row::More(..) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tree.at(tree.len()), None);
    let folded = tree.members(Class::Create).last().copied().unwrap();
    assert_eq!(tree.row_of(folded, Class::Create), None, "it is folded up");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The tree has every object once, whatever is filtered, expanded or small.
    #[test]
    fn the_tree_loses_nobody(n in 0_u32..300, keep in 1_u32..7, height in 1_usize..60, roomy: bool, filter: bool) {
        let model = many(n);
        let filtered = filter.then(|| Arc::new((0..n).filter(|i| i % keep == 0).collect::<Vec<u32>>()));
        let wanted = filtered.as_ref().map_or(n as usize, |kept| kept.len());
        let tree = Tree::new(&model, filtered.clone(), &Class::ALL, height, roomy);
        let rows: Vec<Row> = (0..tree.len()).map(|i| tree.at(i).unwrap()).collect();
        let entries: Vec<usize> = rows.iter().filter_map(|r| match r { Row::Entry(i) => Some(*i), _ => None }).collect();
        prop_assert_eq!(entries.len(), wanted);
        prop_assert!(entries.windows(2).all(|w| w[0] < w[1]));
        let folded = Tree::new(&model, filtered, &[], height, roomy);
        let counted: usize = (0..folded.len()).map(|i| match folded.at(i) {
            Some(Row::Entry(_)) => 1,
            Some(Row::More(_, n)) => n,
            _ => 0,
        }).sum();
        prop_assert_eq!(counted, wanted);
    }

    /// No size and no key makes it panic, and the selected row stays in sight.
    #[test]
    fn any_size_and_any_keys(width in 1_u16..200, height in 1_u16..60, keys in "[jknNGzsrV/]{0,24}") {
        let mut console = shown(width.max(1), height.max(1), "mono");
        console.state.shared.write = WriteMode::Open;
        for key in keys.chars() {
            console.keys(&key.to_string());
            if key == '/' {
                console.keys("\"x\" enter");
            }
        }
        let _ = console.screen();
        let (_, cursor) = console.buffer();
        if width >= 60 && height >= 16 && console.screen().contains("Changes") {
            prop_assert!(cursor.at.is_some(), "{}", console.screen());
        }
    }
}
