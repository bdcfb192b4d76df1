//! The view as a person meets it: keys in, screen out. Here is what the tests share.

mod keys;
mod pictures;
mod rows;

use super::{Answer, Class, Context, Detail, Model, Query, Row, Same, Since, Tree};
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
use crate::store::search::Known;
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
        plan: Some(PlanPrint::of(&operations, |_, _| false, made_at)),
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
        who_waits: Default::default(),
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
        known: operations()
            .iter()
            .map(|o| {
                let upn = format!("{}@contoso.example", o.name.to_lowercase().replace(' ', "."));
                let text = format!("{}\n{upn}", o.name.to_lowercase());
                (o.source_id.clone(), Known { user_principal_name: Some(upn), text })
            })
            .collect(),
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

/// A console whose plan has one held operation.
pub(in crate::console) fn held(width: u16, height: u16) -> Console {
    let (mut console, ticket) = planning(width, height, "default");
    let held = Operation {
        state: OperationState::Held,
        held_reason: Some("more than the threshold".into()),
        ..operation(Verb::Disable, "d1", "Ivan Sutherland", Vec::new())
    };
    finish(&mut console, ticket, report(vec![held]), context());
    console.take();
    console
}

/// A console that shows the plan of the mock-ups, Grace Hopper selected.
pub(in crate::console) fn shown(width: u16, height: u16, theme: &str) -> Console {
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

/// Types a filter letter by letter; returns what the last query finds, and in which plan.
fn filter_for(console: &mut Console, text: &str) -> (Same<Model>, Vec<u32>) {
    console.take();
    console.keys(&format!("\"{text}\""));
    let last = console.take().into_iter().rev().find_map(|effect| match effect {
        Effect::Query(Asked::Plan(Query::Filter(model, asked))) => Some((model, asked)),
        _ => None,
    });
    let (model, asked) = last.expect("typing filters");
    assert_eq!(asked, text);
    let found = model.0.filter(&asked);
    (model, found)
}
