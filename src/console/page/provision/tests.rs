//! Keys in, screen out; the answers are those that the engine gives.

mod answers;

use super::*;
use crate::console::event::Event;
use crate::console::shared::WriteMode;
use crate::console::terminal::{Cursor, Screen};
use crate::console::testing::{Console, shared};
use crate::engine::Answer;
use answers::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The page on a console, its first question asked.
fn open(shared: Shared) -> (Console, Ticket) {
    let mut console = Console::with(shared);
    console.open(Box::new(Provision::new(grace())));
    let ticket = asked(&mut console).expect("it asks at once").0;
    (console, ticket)
}

/// The last question to the desk: its ticket, whether it is a dry run, what is left out.
fn asked(console: &mut Console) -> Option<(Ticket, bool, Vec<String>)> {
    console.take().into_iter().rev().find_map(|effect| match effect {
        Effect::Desk(PageId::Provision, ticket, Request::Provision { dry_run, skip, id, .. }) => {
            assert_eq!(id, grace().id);
            Some((ticket, dry_run, skip))
        }
        _ => None,
    })
}

fn answer(console: &mut Console, ticket: Ticket, result: Value, exit_code: i32) {
    let reply = Reply::Answer(Answer { exit_code, result });
    console.event(Event::Desk(ticket, News::Done(Ok(reply))));
}

fn opened(width: u16, height: u16, theme: &str, result: Value) -> Console {
    let (mut console, ticket) = open(shared(width, height, theme));
    answer(&mut console, ticket, result, 0);
    console
}

/// A dry run of an update with several attributes.
pub(in crate::console) fn dry_run(width: u16, height: u16) -> Console {
    opened(width, height, "default", dry())
}

/// As it is after a real run.
fn done(width: u16, height: u16, theme: &str, result: Value, exit_code: i32) -> Console {
    let mut known = shared(width, height, theme);
    known.write = WriteMode::Open;
    let (mut console, ticket) = open(known);
    answer(&mut console, ticket, dry(), 0);
    write(&mut console);
    let (ticket, dry_run, _) = asked(&mut console).unwrap();
    assert!(!dry_run);
    answer(&mut console, ticket, result, exit_code);
    console
}

/// Through the question, to the write.
fn write(console: &mut Console) {
    console.keys("enter");
    assert!(console.screen().contains("write this user for real"), "{}", console.screen());
    console.wait(0.6).keys("tab enter");
}

#[test]
fn it_looks_as_drawn() {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            let at = |state: &str, console: &Console| {
                insta::assert_snapshot!(format!("provision-{state}-{width}-{theme}"), console.picture());
            };
            let (console, _) = open(shared(width, height, theme));
            at("asking", &console);
            at("plan", &opened(width, height, theme, dry()));
            let mut raw = opened(width, height, theme, dry());
            raw.keys("v");
            at("raw", &raw);
            let mut steps = opened(width, height, theme, dry());
            steps.keys("tab k");
            at("match", &steps);
            at("nothing", &opened(width, height, theme, nothing()));
            at("out", &opened(width, height, theme, out_of_scope()));
            at("held", &opened(width, height, theme, held()));
            at("written", &done(width, height, theme, written(), 0));
            at("refused", &done(width, height, theme, refused(), 1));
            let mut known = shared(width, height, theme);
            known.unlock(Subject::Object(grace()));
            let (mut unlocked, ticket) = open(known);
            answer(&mut unlocked, ticket, dry(), 0);
            at("unlocked", &unlocked);
            unlocked.keys("enter");
            at("question", &unlocked);
        }
    }
}

#[test]
fn a_dry_run_is_asked_for_at_once_and_nothing_else() {
    let (mut console, ticket) = open(shared(80, 24, "default"));
    assert!(console.screen().contains("dry run"));
    console.wait(1.0);
    assert!(console.screen().contains("dry run ⠼"), "{}", console.screen());
    console.event(Event::Desk(ticket, News::Progress(show("waits for the cycle"))));
    assert!(console.screen().contains("waits for the cycle"));
    console.keys("enter A W esc v -").take();
    answer(&mut console, ticket, dry(), 0);
    assert!(console.screen().contains("Write mode is off. Press W to unlock writing for this user, for 5 minutes."));
    assert!(asked(&mut console).is_none());
}

#[test]
fn nothing_is_written_without_unlocking_and_saying_so_twice() {
    let mut console = opened(80, 24, "default", dry());
    console.keys("enter A");
    assert!(asked(&mut console).is_none());
    // The first letters of the name unlock this one for 5 minutes.
    console.keys("W \"gra\" enter");
    assert!(console.screen().contains("WRITE grace.hopper"), "{}", console.screen());
    assert!(asked(&mut console).is_none());
    // Asked, and left.
    console.keys("enter").wait(0.6).keys("enter");
    assert!(asked(&mut console).is_none());
    // Asked too fast: keys that were typed ahead do nothing.
    console.keys("A tab enter");
    assert!(asked(&mut console).is_none());
    console.keys("esc");
    write(&mut console);
    let (ticket, dry_run, skip) = asked(&mut console).unwrap();
    assert!(!dry_run && skip.is_empty());
    // One yes is one write.
    console.keys("A enter").wait(0.6).keys("tab enter");
    assert!(asked(&mut console).is_none());
    answer(&mut console, ticket, written(), 0);
    assert!(console.screen().contains("read back: the app holds every value"), "{}", console.screen());
    console.keys("A enter");
    assert!(asked(&mut console).is_none());
}

#[test]
fn a_yes_after_the_time_ran_out_writes_nothing_now_or_later() {
    let mut known = shared(80, 24, "default");
    known.unlock(Subject::Object(grace()));
    let (mut console, ticket) = open(known);
    answer(&mut console, ticket, dry(), 0);
    console.keys("enter").wait(301.0).keys("tab enter");
    assert!(asked(&mut console).is_none());
    console.keys("W \"gra\" enter A");
    assert!(asked(&mut console).is_none());
    assert!(console.screen().contains("write this user for real"));
}

#[test]
fn another_object_that_is_unlocked_unlocks_nothing_here() {
    let mut known = shared(80, 24, "default");
    known.unlock(Subject::Object(Object { id: "other".into(), ..grace() }));
    let (mut console, ticket) = open(known);
    answer(&mut console, ticket, dry(), 0);
    assert!(console.screen().contains("unlocked for something else"), "{}", console.screen());
    console.keys("enter").wait(0.6).keys("tab enter A");
    assert!(asked(&mut console).is_none());
}

#[test]
fn an_attribute_is_left_out_and_taken_in_again() {
    let mut console = opened(80, 24, "default", dry());
    console.keys("j j -");
    let (ticket, dry_run, skip) = asked(&mut console).unwrap();
    assert!(dry_run);
    assert_eq!(skip, [PHONE]);
    // Nothing jumps meanwhile: the plan stays until the next one is there, and takes no more keys.
    assert!(console.screen().contains("Grace Murray"), "{}", console.screen());
    console.keys("- enter A");
    assert!(asked(&mut console).is_none());
    let left = with(
        dry(),
        &[
            ("/changes", json!([dry()["changes"][0], dry()["changes"][1]])),
            ("/skipped", json!([PHONE])),
            ("/warnings", json!([])),
        ],
    );
    answer(&mut console, ticket, left, 0);
    let screen = console.screen();
    assert!(screen.contains("left out this time"), "{screen}");
    console.keys("G -");
    assert_eq!(asked(&mut console).unwrap().2, Vec::<String>::new());
}

#[test]
fn what_a_new_account_needs_cannot_be_left_out() {
    let create = with(dry(), &[("/changes/0", change("userName", Value::Null, json!("grace"), 1))]);
    let mut create = create;
    create["needed"] = json!(["userName"]);
    let mut console = opened(80, 24, "default", create);
    console.keys("-");
    assert!(asked(&mut console).is_none());
    assert!(console.screen().contains("a new account needs this attribute"), "{}", console.screen());
    console.keys("j -");
    assert_eq!(asked(&mut console).unwrap().2, [DEPARTMENT]);
}

#[test]
fn what_is_left_out_stays_in_its_place() {
    let mut console = opened(80, 24, "default", dry());
    console.keys("-");
    let (ticket, ..) = asked(&mut console).unwrap();
    let changes = json!([dry()["changes"][1], dry()["changes"][2]]);
    answer(&mut console, ticket, with(dry(), &[("/changes", changes), ("/skipped", json!(["displayName"]))]), 0);
    let screen = console.screen();
    assert!(screen.contains("left out this time, - takes it in again"), "{screen}");
    assert!(screen.find("left out").unwrap() < screen.find("department").unwrap(), "{screen}");
    console.keys("-");
    assert_eq!(asked(&mut console).unwrap().2, Vec::<String>::new());
}

#[test]
fn what_is_hidden_is_counted_in_attributes() {
    let changes: Vec<Value> = (0..12).map(|n| change(&format!("x{n:02}"), Value::Null, json!("v"), 1)).collect();
    let console = opened(80, 24, "default", with(dry(), &[("/changes", json!(changes))]));
    let screen = console.screen();
    let seen = (0..12).filter(|n| screen.contains(&format!("x{n:02}"))).count();
    assert!(seen < 12 && screen.contains(&format!("{} more attributes ↓", 12 - seen)), "{screen}");
}

#[test]
fn a_refused_create_wrote_nothing_and_leads_nowhere() {
    let mut create = operation("create", "failed");
    create["target_id"] = Value::Null;
    let mut console = done(80, 24, "default", with(refused(), &[("/operations", json!([create]))]), 1);
    let screen = console.screen();
    assert!(screen.contains("Nothing was written. r") && !screen.contains("enter next"), "{screen}");
    console.keys("enter");
    assert!(asked(&mut console).is_none());
}

#[test]
fn enter_goes_through_the_steps() {
    let mut console = opened(80, 24, "default", dry());
    console.keys("tab g g");
    assert!(console.screen().contains(" 1  Read source\n"), "{}", console.screen());
    console.keys("enter");
    assert!(console.screen().contains(" 2  Check scope\n"), "{}", console.screen());
    console.keys("enter enter");
    assert!(console.screen().contains(" 4  Plan\n"), "{}", console.screen());
    console.keys("j j");
    assert!(console.screen().contains(" 6  Verify\n"), "{}", console.screen());
}

#[test]
fn requests_and_answers_can_be_seen() {
    let mut console = opened(80, 24, "default", dry());
    console.keys("v");
    assert!(console.screen().contains("PATCH /Users/9c41a0be"), "{}", console.screen());
    console.keys("ctrl-d j G");
    console.keys("esc");
    assert!(console.screen().contains("Grace Murray"), "{}", console.screen());
    let mut console = done(160, 45, "default", refused(), 1);
    let screen = console.screen();
    assert!(screen.contains("phone number must be E.164") && screen.contains("what to do"), "{screen}");
    assert!(screen.contains("→ 400 in 204 ms") && screen.contains("invalidValue"), "{screen}");
    console.keys("r");
    assert!(asked(&mut console).unwrap().1, "r looks again, and writes nothing");
}

#[test]
fn a_value_that_the_app_changed_is_seen_in_what_was_read_back() {
    let console = done(80, 24, "default", written(), 0);
    let screen = console.screen();
    assert!(screen.contains("✓ displayName") && screen.contains("≠ phone.work"), "{screen}");
    assert!(screen.contains("+12125550142"), "{screen}");
}

#[test]
fn what_cannot_be_asked_is_told_with_advice() {
    let (mut console, ticket) = open(shared(80, 24, "default"));
    let trouble = Trouble { what: show("the app cannot be reached"), advice: vec![show("t tests the connection")] };
    console.event(Event::Desk(ticket, News::Done(Err(trouble))));
    let screen = console.screen();
    assert!(screen.contains("the app cannot be reached") && screen.contains("t tests the connection"), "{screen}");
    console.keys("r");
    assert!(asked(&mut console).unwrap().1);
    // An answer without steps: of another version, or an error alone.
    let (mut console, ticket) = open(shared(80, 24, "default"));
    answer(&mut console, ticket, json!({ "error": "this Heeler does not know the command provision" }), 2);
    assert!(console.screen().contains("does not know the command"), "{}", console.screen());
    let (mut console, ticket) = open(shared(80, 24, "default"));
    answer(&mut console, ticket, json!({ "operations": [] }), 0);
    assert!(console.screen().contains("another version"), "{}", console.screen());
}

#[test]
fn a_write_of_which_nobody_knows_is_not_called_nothing() {
    let said = |console: &Console| {
        let screen = console.screen();
        assert!(screen.contains("not known") && screen.contains("It may have been written. r looks"), "{screen}");
        assert!(!screen.to_lowercase().contains("nothing was written"), "{screen}");
    };
    for (width, height) in [(80, 24), (160, 45)] {
        // The answer to the request was lost.
        let lost = with(refused(), &[("/operations/0/state", json!("unknown"))]);
        said(&done(width, height, "default", lost, 1));
        // An answer without steps.
        said(&done(width, height, "default", json!({ "error": "the job was taken over" }), 1));
        // No answer at all.
        let mut known = shared(width, height, "default");
        known.write = WriteMode::Open;
        let (mut console, ticket) = open(known);
        answer(&mut console, ticket, dry(), 0);
        write(&mut console);
        let (ticket, ..) = asked(&mut console).unwrap();
        let trouble = Trouble { what: show("it ended unexpectedly"), advice: Vec::new() };
        console.event(Event::Desk(ticket, News::Done(Err(trouble))));
        said(&console);
        console.keys("r");
        assert!(asked(&mut console).unwrap().1, "r looks again, and writes nothing");
    }
}

#[test]
fn how_a_write_ended_that_was_left_is_not_called_nothing_either() {
    for lost in [true, false] {
        let mut known = shared(80, 24, "default");
        known.write = WriteMode::Open;
        let (mut console, ticket) = open(known);
        answer(&mut console, ticket, dry(), 0);
        write(&mut console);
        let (ticket, ..) = asked(&mut console).unwrap();
        console.keys("esc");
        if lost {
            answer(&mut console, ticket, with(refused(), &[("/operations/0/state", json!("unknown"))]), 1);
        } else {
            let trouble = Trouble { what: show("it ended unexpectedly"), advice: Vec::new() };
            console.event(Event::Desk(ticket, News::Done(Err(trouble))));
        }
        assert!(console.screen().contains("it may have been written"), "{}", console.screen());
    }
}

#[test]
fn leaving_stops_a_dry_run_and_not_a_write() {
    let (mut console, ticket) = open(shared(80, 24, "default"));
    console.keys("esc");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Cancel(t) if *t == ticket)));
    let mut known = shared(80, 24, "default");
    known.write = WriteMode::Open;
    let (mut console, ticket) = open(known);
    answer(&mut console, ticket, dry(), 0);
    write(&mut console);
    let (ticket, ..) = asked(&mut console).unwrap();
    console.keys("esc");
    assert!(!console.take().iter().any(|e| matches!(e, Effect::Cancel(_))));
    answer(&mut console, ticket, refused(), 1);
    assert!(console.screen().contains("Grace Hopper: the app refused the update"), "{}", console.screen());
}

#[test]
fn the_command_is_quoted_or_by_id() {
    let mut known = shared(80, 24, "default");
    known.job.flags = vec!["--config".into(), "/a b/c.toml".into()];
    let command = |page: &Provision, known: &Shared| {
        page.copies(known).into_iter().find(|item| item.what == "command").map(|item| item.text)
    };
    let page = Provision::new(grace());
    assert_eq!(
        command(&page, &known).as_deref(),
        Some("heeler provision grace.hopper@contoso.example --dry-run --config '/a b/c.toml'")
    );
    for evil in ["a\nrm -rf /", "\u{202e}a", "-rf", "a\u{1b}]0;x\u{7}"] {
        let page = Provision::new(Object { name: evil.into(), ..grace() });
        let line = command(&page, &known).unwrap();
        assert!(line.starts_with("heeler provision 5b1e9c1e-"), "{line}");
    }
    known.job.flags = vec!["--config".into(), "a\u{1b}".into()];
    assert_eq!(command(&page, &known), None);
}

#[test]
fn hostile_text_stays_text() {
    for (width, height) in [(80, 24), (160, 45)] {
        let mut console = done(width, height, "default", evil(), 1);
        for keys in ["v", "ctrl-d", "v", "tab k", "k", "k", "k", "v", "r"] {
            let screen = console.keys(keys).screen();
            let bad = screen.chars().filter(|c| *c != '\n').find(|c| {
                c.is_control()
                    || matches!(u32::from(*c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xe0000..=0xe007f)
            });
            assert_eq!(bad, None, "{screen}");
        }
    }
}

#[test]
fn moving_writes_little() {
    for (width, height, most) in [(80, 24, 250), (160, 45, 300)] {
        let mut console = opened(width, height, "default", dry());
        let size = ratatui::layout::Size { width, height };
        let mut screen = Screen::on(Vec::new(), size).unwrap();
        let mut bytes = |console: &Console| {
            screen
                .draw(|buffer| {
                    let cursor = console.state.draw(buffer);
                    Cursor { at: cursor.at.unwrap_or_default(), shown: cursor.shown }
                })
                .unwrap();
            screen.figures().last
        };
        bytes(&console);
        for keys in ["j", "j", "k"] {
            console.keys(keys);
            let moved = bytes(&console);
            assert!(moved <= most, "{width}×{height}: {moved} bytes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_size_panics(width in 1_u16..=220, height in 1_u16..=60, which in 0_usize..7, keys in 0_usize..4) {
        let result = [dry(), written(), refused(), nothing(), out_of_scope(), held(), evil()][which].clone();
        let mut console = opened(100, 30, "default", result);
        console.event(Event::Resize(width, height));
        console.keys(["", "v ctrl-d", "tab k k", "G v G"][keys]);
        console.screen();
        console.event(Event::Resize(height, width));
        console.keys("ctrl-d ctrl-u j");
        console.screen();
    }
}
