//! The connection test: keys in, screen out.

use super::*;
use crate::console::event::Event;
use crate::console::testing::{Console, shared};
use crate::engine::ConnectionTest;
use crate::model::Side;
use crate::text::show;

fn step(name: &str, ok: bool, ms: u64, message: &str) -> ConnectionStep {
    let side = if KNOWN[..OF_DIRECTORY].iter().any(|known| known.name == name) { Side::Directory } else { Side::App };
    ConnectionStep { side, name: name.into(), ok, ms, message: message.into() }
}

fn good() -> Vec<ConnectionStep> {
    vec![
        step("sign in to the directory", true, 182, "signed in; the token is good until 2026-11-24T15:06:20Z"),
        step("read the tenant", true, 83, "Contoso (contoso.example)"),
        step("find the app in the tenant", true, 51, "Flock, 3 roles"),
        step("read who is assigned", true, 120, "96 users and groups"),
        step("use the tenant URL", true, 0, "https://flock.example/v2/scim"),
        step("ask the app for a user", true, 210, "the app answers, and knows no such one, as it should"),
    ]
}

fn bad() -> Vec<ConnectionStep> {
    let mut steps = good();
    steps.truncate(5);
    let words = "the app refused the token (401 Unauthorized)\u{1b}[2J; check the secret token: in Flock it is the API \
                 Token on the page Auth and Provisioning, and its account needs admin rights";
    steps.push(step("ask the app for a user", false, 4120, words));
    steps
}

/// The ticket of the test that was asked for last.
fn asked(console: &mut Console) -> Ticket {
    let effects = console.take();
    let mut tickets = effects.iter().filter_map(|effect| match effect {
        Effect::Desk(PageId::Test, ticket, Request::Test) => Some(*ticket),
        _ => None,
    });
    tickets.next_back().unwrap_or_else(|| panic!("no test was asked for: {effects:?}"))
}

fn ended(console: &mut Console, ticket: Ticket, steps: Vec<ConnectionStep>) {
    let ok = steps.iter().all(|step| step.ok);
    let test = ConnectionTest { ok, steps, ..ConnectionTest::default() };
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Test(test)))));
}

fn console(width: u16, height: u16, theme: &str) -> (Console, Ticket) {
    let mut console = Console::with(shared(width, height, theme));
    console.keys("t");
    let ticket = asked(&mut console);
    (console, ticket)
}

#[test]
fn steps_appear_as_they_end() {
    let (mut console, ticket) = console(80, 24, "default");
    for (step, next) in good().into_iter().take(2).zip([KNOWN[1].name, KNOWN[2].name]) {
        console.event(Event::Desk(ticket, News::Step(ConnectionNews::Ended(step))));
        let began = ConnectionNews::Began { side: Side::Directory, name: next };
        console.event(Event::Desk(ticket, News::Step(began)));
        assert!(console.screen().contains("under way"), "{}", console.screen());
    }
    console.wait(0.5);
    insta::assert_snapshot!("test_running_80x24", console.screen());
    // News of another request are not ours.
    console.event(Event::Desk(
        Ticket(999),
        News::Step(ConnectionNews::Ended(step("read who is assigned", true, 1, "no"))),
    ));
    assert_eq!(console.screen().matches('✓').count(), 2);
}

#[test]
fn every_state_at_both_sizes_and_without_colour() {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            for (name, steps) in [("good", good()), ("bad", bad())] {
                let (mut console, ticket) = console(width, height, theme);
                ended(&mut console, ticket, steps);
                insta::assert_snapshot!(format!("test_{name}_{width}x{height}_{theme}"), console.picture());
            }
        }
    }
}

#[test]
fn what_went_wrong_is_told_whole_and_harmless() {
    let (mut console, ticket) = console(80, 24, "default");
    ended(&mut console, ticket, bad());
    let screen = console.screen();
    assert!(screen.contains("401 Unauthorized") && screen.contains("admin rights"), "{screen}");
    assert!(!screen.contains('\u{1b}'));
    console.keys("r");
    let again = asked(&mut console);
    assert_ne!(again, ticket);
    let trouble = Trouble { what: show("the job cannot run"), advice: vec![show("heeler config check says why")] };
    console.event(Event::Desk(again, News::Done(Err(trouble))));
    let screen = console.screen();
    assert!(screen.contains("the job cannot run") && screen.contains("heeler config check says why"), "{screen}");
    assert_eq!(screen.matches("not tried").count(), 6);
}

#[test]
fn a_second_test_waits_for_the_first_and_leaving_cancels() {
    let (mut console, ticket) = console(80, 24, "default");
    console.keys("r");
    assert!(console.take().iter().all(|effect| !matches!(effect, Effect::Desk(..))));
    assert!(console.screen().contains("a test is under way"));
    console.keys("esc");
    assert!(console.take().iter().any(|effect| matches!(effect, Effect::Cancel(t) if *t == ticket)));
}

#[test]
fn a_group_step_is_shown_where_there_is_one() {
    let (mut console, ticket) = console(80, 24, "default");
    let mut steps = good();
    steps.push(step("ask the app for a group", true, 12, "the app answers"));
    ended(&mut console, ticket, steps);
    assert!(console.screen().contains("Ask for a group"));
    console.keys("y");
    assert!(console.screen().contains("heeler test"), "{}", console.screen());
}

#[test]
fn every_size_has_a_picture() {
    let (mut console, ticket) = console(60, 16, "default");
    ended(&mut console, ticket, bad());
    assert!(console.screen().contains("401 Unauthorized"), "{}", console.screen());
    for (width, height) in crate::console::testing::sizes() {
        crate::console::testing::draw_page(console.state.top(), &console.state.shared, width, height);
    }
}
