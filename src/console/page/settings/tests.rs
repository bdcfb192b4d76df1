//! The form: keys in, screen and requests out.

use super::*;
use crate::config::settings::{Opened, Saved};
use crate::config::{Profile, example};
use crate::console::event::Event;
use crate::console::testing::{Console, shared};
use crate::model::{Cycle, CycleKind, CycleState, ObjectType, Operation};
use crate::text::show;
use std::path::Path;

const TOKEN: &str = "hunter22-hunter22";

/// A form on the example, which lies in a folder of its own.
fn form(folder: &Path) -> Form {
    let path = folder.join("config.toml");
    if !path.exists() {
        std::fs::write(&path, example()).unwrap();
    }
    let opened = Opened::read(&path, "flock", &|_| None).unwrap();
    Form {
        settings: opened.settings().clone(),
        token_note: opened.token_note(&folder.join("secrets")),
        opened: Some(opened),
    }
}

/// A form whose place has a name that does not change from test to test.
fn plain_form() -> Form {
    let profile = Profile::parse(example(), Path::new("/home/ada/.config/heeler/config.toml")).unwrap();
    Form {
        settings: settings::Settings::of(&profile.jobs[0]),
        opened: None,
        token_note: Some(
            "The new token is kept in ~/.local/share/heeler/secrets/flock, and the configuration refers to that."
                .to_owned(),
        ),
    }
}

fn sandbox_form() -> Form {
    let form = plain_form();
    Form { settings: form.settings.of_sandbox(), token_note: None, ..form }
}

fn asked(console: &mut Console) -> Vec<(Ticket, Request)> {
    console
        .take()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Desk(PageId::Settings, ticket, request) => Some((ticket, request)),
            _ => None,
        })
        .collect()
}

/// The only request.
fn one(console: &mut Console) -> (Ticket, Request) {
    let mut requests = asked(console);
    assert_eq!(requests.len(), 1, "{requests:?}\n{}", console.screen());
    requests.remove(0)
}

fn done(console: &mut Console, ticket: Ticket, reply: Reply) {
    console.event(Event::Desk(ticket, News::Done(Ok(reply))));
}

/// A console with the form open, on a job that is unlocked or the sandbox.
fn opened(width: u16, height: u16, theme: &str, form: Form, write: bool) -> Console {
    let mut shared = shared(width, height, theme);
    if write {
        shared.unlock(Subject::Job);
    }
    let mut console = Console::with(shared);
    console.keys("o");
    let (ticket, request) = one(&mut console);
    assert!(matches!(request, Request::Settings));
    done(&mut console, ticket, Reply::Settings(Box::new(form)));
    console
}

/// Says yes to a question.
fn agree(console: &mut Console) {
    console.wait(0.6).keys("tab enter");
}

fn plan(verbs: &[(Verb, usize)]) -> Reply {
    let cycle = Cycle {
        id: "c".into(),
        kind: CycleKind::Incremental,
        state: CycleState::Succeeded,
        started_at: "2026-11-24T14:06:20Z".into(),
        ended_at: None,
        counts: Counts::default(),
        app_requests: 0,
        duration_ms: 0,
        error: None,
    };
    let mut operations = Vec::new();
    for (verb, n) in verbs {
        for _ in 0..*n {
            operations.push(Operation {
                id: "o".into(),
                cycle_id: "c".into(),
                verb: *verb,
                object_type: ObjectType::User,
                source_id: "u".into(),
                target_id: None,
                name: "Ada".into(),
                reason: String::new(),
                changes: Vec::new(),
                references: Vec::new(),
                state: OperationState::Planned,
                held_reason: None,
            });
        }
    }
    Reply::Plan(Box::new(CycleReport {
        cycle,
        operations,
        notes: Vec::new(),
        too_many: None,
        unread: Vec::new(),
        fatal: None,
        plan: None,
        moved: None,
        partial: false,
        trace: None,
    }))
}

#[test]
fn every_state_at_both_sizes_and_without_colour() {
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            let at = |name: &str| format!("settings_{name}_{width}x{height}_{theme}");
            let console = opened(width, height, theme, plain_form(), false);
            insta::assert_snapshot!(at("as_saved"), console.picture());
            let mut console = opened(width, height, theme, plain_form(), false);
            console.keys("j j j space j j space");
            insta::assert_snapshot!(at("changed"), console.picture());
            let mut console = opened(width, height, theme, plain_form(), true);
            console.keys("j enter ctrl-u \"soon\" enter");
            insta::assert_snapshot!(at("wrong"), console.picture());
            let mut console = opened(width, height, theme, plain_form(), true);
            console.keys("j j j space j j space A");
            insta::assert_snapshot!(at("asked"), console.picture());
        }
    }
}

#[test]
fn the_page_says_that_it_reads_and_why_it_cannot() {
    let mut console = Console::new(80, 24);
    console.keys("o");
    assert!(console.screen().contains("reading…"));
    let (ticket, _) = one(&mut console);
    let trouble = Trouble {
        what: show("config.toml line 12: unknown key `colour`"),
        advice: vec![show("did you mean `color`?")],
    };
    console.event(Event::Desk(ticket, News::Done(Err(trouble))));
    let screen = console.screen();
    assert!(screen.contains("unknown key `colour`") && screen.contains("did you mean"), "{screen}");
    console.keys("space A");
    assert!(console.screen().contains("not read yet"));
    console.keys("r");
    one(&mut console);
}

#[test]
fn wrong_input_stays_in_the_field_until_it_is_right() {
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("j enter ctrl-u \"4s\" enter");
    assert!(console.screen().contains("the shortest interval is 5s"), "{}", console.screen());
    // It follows what is typed, and lets go when it is right.
    console.keys("ctrl-u \"20\"");
    assert!(console.screen().contains("write it like \"40m\""), "{}", console.screen());
    console.keys("\"m\"");
    assert!(!console.screen().contains("write it like"), "{}", console.screen());
    console.keys("enter");
    assert!(console.screen().contains("was 40m") && console.screen().contains("1 change, not saved"));
    // Escape leaves the field as it was.
    console.keys("enter ctrl-u \"x\" esc");
    assert!(console.screen().contains("20m"), "{}", console.screen());
    // Tab keeps it and goes on; the same in other words is no change.
    console.keys("enter ctrl-u \"2400s\" tab");
    assert!(!console.screen().contains("not saved"), "{}", console.screen());
}

#[test]
fn saving_shows_the_list_asks_and_reads_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut console = opened(80, 24, "default", form(folder.path()), true);
    console.keys("j enter ctrl-u \"20m\" enter j j j j space A");
    let screen = console.screen();
    assert!(screen.contains("save 2 changes of nightly-users"), "{screen}");
    assert!(screen.contains("groups                      off → on"), "{screen}");
    assert!(screen.contains("interval                    40m → 20m"), "{screen}");
    assert!(screen.contains("The next cycle is an initial one"), "{screen}");
    // No is the default, and a held key says nothing.
    console.keys("enter tab enter");
    assert!(asked(&mut console).is_empty());
    console.wait(0.6).keys("tab enter");
    assert!(asked(&mut console).is_empty() && !console.screen().contains("save 2 changes"), "{}", console.screen());
    console.keys("A");
    agree(&mut console);
    let (ticket, request) = one(&mut console);
    let Request::Save { form: opened, wanted, token, agreed: true, .. } = request else { panic!("{request:?}") };
    assert!(token.is_none());
    let opened = opened.opened.unwrap();
    let saved = opened.save(&wanted, None, &folder.path().join("secrets"), true).unwrap();
    // Until it is answered nothing else is saved.
    console.keys("A");
    assert!(console.screen().contains("being saved"), "{}", console.screen());
    done(&mut console, ticket, Reply::Saved(saved));
    assert!(console.screen().contains("saved: interval from 40m to 20m"), "{}", console.screen());
    let (ticket, request) = one(&mut console);
    assert!(matches!(request, Request::Settings));
    done(&mut console, ticket, Reply::Settings(Box::new(form(folder.path()))));
    console.wait(7.0);
    assert!(!console.screen().contains("not saved") && !console.screen().contains("was 40m"), "{}", console.screen());
    let text = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    assert_eq!(text, example().replace("\ngroups = false", "\ngroups = true").replace("\"40m\"\n", "\"20m\"\n"));
}

#[test]
fn nothing_is_saved_while_writing_is_off() {
    let mut console = opened(80, 24, "default", plain_form(), false);
    console.keys("j j j space A");
    assert!(asked(&mut console).is_empty());
    assert!(console.screen().contains("write off"), "{}", console.screen());
    console.wait(7.0);
    assert!(console.screen().contains("Press W to unlock writing"), "{}", console.screen());
}

#[test]
fn a_yes_that_comes_too_late_saves_nothing() {
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("j j j space A").wait(301.0).keys("tab enter");
    assert!(asked(&mut console).is_empty());
    assert!(console.screen().contains("nothing was written. W unlocks it"), "{}", console.screen());
    console.wait(7.0);
    assert!(console.screen().contains("1 change, not saved"), "{}", console.screen());
}

#[test]
fn a_token_is_never_on_the_screen_nor_in_a_request_that_is_printed() {
    let mut console = opened(160, 45, "default", plain_form(), true);
    console.keys("G enter");
    console.event(Event::Paste(format!("{TOKEN}\n")));
    console.keys("\"xyz\" backspace backspace backspace");
    assert!(!console.screen().contains("hunter"), "{}", console.screen());
    assert!(console.screen().contains("********"), "{}", console.screen());
    // Copying the page copies what is drawn.
    assert!(!console.state.page_text().contains("hunter"));
    console.keys("\"ü\" enter");
    assert!(console.screen().contains("printable characters without spaces"), "{}", console.screen());
    console.keys("backspace enter");
    assert!(console.screen().contains("a new token, not saved yet"), "{}", console.screen());
    console.keys("A");
    let screen = console.screen();
    assert!(screen.contains("file flock → a new token") && screen.contains("The new token is kept in"), "{screen}");
    agree(&mut console);
    let (_, request) = one(&mut console);
    assert!(!format!("{request:?}").contains("hunter"), "{request:?}");
    let Request::Save { token: Some(token), .. } = request else { panic!("{request:?}") };
    assert_eq!(token.expose(), TOKEN);
}

#[test]
fn a_token_that_grows_too_long_is_refused_whole() {
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("G enter");
    console.event(Event::Paste("x".repeat(64 * 1024)));
    console.event(Event::Paste("y".repeat(100)));
    assert!(console.screen().contains("at most 64 KiB"), "{}", console.screen());
    console.keys("ctrl-u enter");
    assert!(!console.screen().contains("not saved"), "{}", console.screen());
}

#[test]
fn turning_on_tells_what_it_will_do() {
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("space");
    let (ticket, request) = one(&mut console);
    assert!(matches!(request, Request::Plan));
    assert!(console.screen().contains("A dry run finds out"), "{}", console.screen());
    done(&mut console, ticket, plan(&[(Verb::Create, 12), (Verb::Update, 83), (Verb::Disable, 2)]));
    assert!(console.screen().contains("It would create 12, update 83, disable 2."), "{}", console.screen());
    console.keys("A");
    assert!(console.screen().contains("The connection is tested first"), "{}", console.screen());
    agree(&mut console);
    let (ticket, request) = one(&mut console);
    let Request::Save { wanted, .. } = request else { panic!("{request:?}") };
    assert_eq!(wanted.get(Field::Enabled), "on");
    let trouble = Trouble { what: show("flock stays off: the connection test failed"), advice: vec![show("401")] };
    console.event(Event::Desk(ticket, News::Done(Err(trouble))));
    assert!(asked(&mut console).is_empty());
    let screen = console.screen();
    assert!(screen.contains("stays off: the connection test failed") && screen.contains("1 change, not"), "{screen}");
}

#[test]
fn what_else_changed_is_saved_before_it_is_turned_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut console = opened(80, 24, "default", form(folder.path()), true);
    console.keys("space j j j space");
    assert!(matches!(one(&mut console).1, Request::Plan));
    console.keys("A");
    agree(&mut console);
    for expected in ["save scope", "read", "save enabled", "read"] {
        let (ticket, request) = one(&mut console);
        let reply = match (expected, request) {
            ("save scope", Request::Save { form, wanted, .. }) => {
                assert_eq!((wanted.get(Field::Enabled), wanted.get(Field::Scope)), ("off", "all"));
                Reply::Saved(form.opened.unwrap().save(&wanted, None, folder.path(), true).unwrap())
            }
            ("save enabled", Request::Save { form, wanted, .. }) => {
                assert_eq!((wanted.get(Field::Enabled), wanted.get(Field::Scope)), ("on", "all"));
                Reply::Saved(form.opened.unwrap().save(&wanted, None, folder.path(), true).unwrap())
            }
            ("read", Request::Settings) => Reply::Settings(Box::new(form(folder.path()))),
            (expected, request) => panic!("{expected}: {request:?}"),
        };
        done(&mut console, ticket, reply);
    }
    assert!(asked(&mut console).is_empty());
    let text = std::fs::read_to_string(folder.path().join("config.toml")).unwrap();
    assert!(text.contains("\nenabled = true\n") && text.contains("scope = \"all\""), "{text}");
    assert!(!console.screen().contains("not saved"), "{}", console.screen());
}

#[test]
fn what_somebody_else_saved_is_told_and_what_was_typed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut console = opened(80, 24, "default", form(folder.path()), true);
    console.keys("j j j j j space A");
    agree(&mut console);
    let (ticket, request) = one(&mut console);
    let Request::Save { form: typed, wanted, .. } = request else { panic!("{request:?}") };
    let path = folder.path().join("config.toml");
    std::fs::write(&path, example().replace("\"40m\"\n", "\"20m\"\n")).unwrap();
    let error = typed.opened.unwrap().save(&wanted, None, folder.path(), true).unwrap_err().to_string();
    let mut lines = error.lines().map(show);
    let trouble = Trouble { what: lines.next().unwrap(), advice: lines.collect() };
    console.event(Event::Desk(ticket, News::Done(Err(trouble))));
    let screen = console.screen();
    assert!(screen.contains("interval from 40m to 20m") && screen.contains("nothing is saved"), "{screen}");
    console.keys("r");
    let (ticket, _) = one(&mut console);
    done(&mut console, ticket, Reply::Settings(Box::new(form(folder.path()))));
    let screen = console.screen();
    assert!(screen.contains("20m") && screen.contains("1 change, not saved"), "{screen}");
}

#[test]
fn what_the_sandbox_decides_itself_cannot_be_edited() {
    let mut console = opened(80, 24, "default", sandbox_form(), true);
    console.keys("G k");
    assert!(console.screen().contains("listens where there is room"), "{}", console.screen());
    console.keys("enter");
    assert!(!console.state.top().typing());
    console.keys("j enter g g j j enter");
    assert!(!console.state.top().typing());
}

#[test]
fn leaving_with_changes_asks_whatever_the_key() {
    for (keys, then) in [
        ("esc", PageId::Overview),
        ("q", PageId::Overview),
        ("2", PageId::Directory),
        (": \"plan: what\" enter", PageId::Plan),
        ("ctrl-c", PageId::Overview),
    ] {
        let mut console = opened(80, 24, "default", plain_form(), true);
        console.keys("G k k space").keys(keys);
        assert!(console.screen().contains("1 change is not saved."), "{keys}: {}", console.screen());
        // No is the default, and a held key says nothing.
        console.keys("enter tab enter").wait(3.0).keys("tab enter");
        assert_eq!(console.state.top().id(), PageId::Settings, "{keys}");
        assert!(console.screen().contains("1 change, not saved"), "{keys}: {}", console.screen());
        console.keys(keys).wait(3.0).keys("tab enter");
        assert_eq!(console.state.top().id(), then, "{keys}");
    }
    // What is being typed counts as well, and what is not different does not.
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("j enter ctrl-c");
    assert_eq!(console.state.top().id(), PageId::Overview);
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("j enter \"x\" ctrl-c");
    assert!(console.screen().contains("1 change is not saved."), "{}", console.screen());
    // Twice leaves, whatever is open.
    console.take();
    console.keys("ctrl-c");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Leave)));
}

#[test]
fn another_job_and_a_page_from_below_ask_as_well() {
    let mut known = shared(80, 24, "default");
    known.job.jobs = vec!["nightly-users".into(), "other".into()];
    let mut console = Console::with(known);
    console.keys("a esc o");
    let ticket = asked(&mut console).pop().unwrap().0;
    done(&mut console, ticket, Reply::Settings(Box::new(plain_form())));
    console.keys("G k k space a");
    assert!(console.screen().contains("1 change is not saved."), "{}", console.screen());
    console.keys("esc").keys(": \"choose another\" enter j enter");
    assert!(console.screen().contains("1 change is not saved."), "{}", console.screen());
    assert!(!console.take().iter().any(|e| matches!(e, Effect::Job(_))));
    console.wait(0.6).keys("tab enter");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Job(name) if name == "other")));
}

#[test]
fn a_question_about_the_token_is_asked_again_when_the_file_says_so() {
    let mut form = plain_form();
    form.token_note = None;
    let mut console = opened(80, 24, "default", form, true);
    console.keys("G enter \"abc\" enter A");
    agree(&mut console);
    let (ticket, _) = one(&mut console);
    let note = "The new token is kept elsewhere. The variable X is not asked any more.".to_owned();
    done(&mut console, ticket, Reply::Saved(Saved::Ask { note }));
    assert!(console.screen().contains("The variable X is not asked any"), "{}", console.screen());
    agree(&mut console);
    assert!(matches!(one(&mut console).1, Request::Save { agreed: true, token: Some(_), .. }));
}

/// Saves the scope, to turn the job on behind it, and leaves the form meanwhile; returns the ticket.
fn left_while_saving() -> (Console, Ticket) {
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("space j j j space A");
    agree(&mut console);
    let (ticket, _) = asked(&mut console).pop().unwrap();
    console.keys("ctrl-c").wait(3.0).keys("tab enter");
    assert_eq!(console.state.top().id(), PageId::Overview);
    (console, ticket)
}

#[test]
fn what_became_of_saving_is_told_when_the_form_was_left() {
    let (mut console, ticket) = left_while_saving();
    let change = Change { field: Field::Scope, from: "assigned".into(), to: "all".into() };
    done(&mut console, ticket, Reply::Saved(Saved::Written { changes: vec![change] }));
    let screen = console.screen();
    assert!(screen.contains("saved: scope") && screen.contains("the job was not turned on"), "{screen}");

    let (mut console, ticket) = left_while_saving();
    done(&mut console, ticket, Reply::Saved(Saved::Ask { note: "The variable X is not asked any more.".into() }));
    assert!(console.screen().contains("nothing was saved, there is a question first"), "{}", console.screen());
}

#[test]
fn a_form_that_is_open_below_comes_back_as_it_was_left() {
    let mut console = opened(80, 24, "default", plain_form(), true);
    console.keys("G k k space t");
    assert_eq!(console.state.top().id(), PageId::Test);
    console.keys("o");
    assert_eq!(console.state.top().id(), PageId::Settings);
    assert!(console.screen().contains("1 change, not saved"), "{}", console.screen());
    console.keys("o o esc").wait(0.6).keys("tab enter");
    assert_eq!(console.state.top().id(), PageId::Overview);
}

#[test]
fn every_size_has_a_picture() {
    let states: [&str; 5] = ["", "G enter", "j enter ctrl-u \"soon\" enter", "j j j space", "G k enter \"x\" enter"];
    for keys in states {
        let mut console = opened(80, 24, "default", plain_form(), true);
        console.keys(keys);
        for (width, height) in crate::console::testing::sizes() {
            crate::console::testing::draw_page(console.state.top(), &console.state.shared, width, height);
        }
    }
    // The smallest screen that is drawn at all says what is wrong.
    let mut console = opened(60, 16, "default", plain_form(), true);
    console.keys("j enter ctrl-u \"soon\" enter");
    assert!(console.screen().contains("write it like \"40m\""), "{}", console.screen());
}
