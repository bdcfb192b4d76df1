//! Every state as a picture.

use super::*;

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
        answer(&mut console, Answer::Since(Since { changed: 3, last_cycle: None }));
        console
    });
}

#[test]
fn marked_and_filtered() {
    pictures("marked", |w, h, theme| {
        let mut console = shown(w, h, theme);
        console.keys("space space /");
        let (plan, found) = filter_for(&mut console, "person");
        answer(&mut console, Answer::Filtered(plan, "person".into(), found));
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
