//! Keys in, screen out: what works on every page.

use super::*;
use crate::console::desk::Request;
use crate::console::page::Subject;
use crate::console::shared::Runner;
use crate::console::standing::Standing;
use crate::console::testing::{Console, noon, shared};
use crate::model::{Counts, Cycle, CycleKind};

fn cycle(state: crate::model::CycleState) -> Cycle {
    Cycle {
        id: "c".into(),
        kind: CycleKind::Incremental,
        state,
        started_at: "2026-11-24T14:02:00Z".into(),
        ended_at: None,
        duration_ms: 0,
        counts: Counts::default(),
        app_requests: 0,
        error: None,
    }
}

fn standing(state: crate::model::CycleState) -> Standing {
    Standing {
        enabled: true,
        held_by: Some(("heeler".into(), 7, "here".into())),
        cycle: Some(cycle(state)),
        read_at: Some(noon() - SignedDuration::from_secs(12)),
        ..Standing::default()
    }
}

fn console() -> Console {
    let mut console = Console::new(80, 24);
    console.standing(standing(crate::model::CycleState::Succeeded));
    console.take();
    console
}

fn line(console: &Console, y: usize) -> String {
    console.screen().lines().nth(y).unwrap_or_default().to_owned()
}

fn left(console: &mut Console) -> bool {
    console.take().iter().any(|e| matches!(e, Effect::Leave))
}

#[test]
fn the_header_is_that_of_the_design() {
    let console = console();
    assert_eq!(line(&console, 0), " heeler   contoso → flock   PROD                        live · 10 s   read-only");
    assert_eq!(line(&console, 1), "  1 Overview   2 Directory   3 Mapping   4 Log   5 Plan");
    assert_eq!(line(&console, 2), "─━━━━━━━━━━━━───────────────────────────────────────────────────────────────────");
}

#[test]
fn digits_open_views_and_the_heavy_rule_moves() {
    let mut console = console();
    for (key, view, rule) in [
        ("2", PageId::Directory, "──────────────━━━━━━━━━━━━━─"),
        ("3", PageId::Mapping, "────────────────────────────━━━━━━━━━━━─"),
        ("4", PageId::Log, "────────────────────────────────────────━━━━━━━─"),
        ("5", PageId::Plan, "────────────────────────────────────────────────━━━━━━━━─"),
        ("1", PageId::Overview, "─━━━━━━━━━━━━─"),
    ] {
        console.keys(key);
        assert_eq!(console.state.view(), view);
        assert!(line(&console, 2).starts_with(rule), "{key}: {}", line(&console, 2));
    }
}

#[test]
fn q_leaves_at_once_unless_a_cycle_runs_here() {
    let mut console = console();
    console.keys("q");
    assert!(left(&mut console));

    console.standing(standing(crate::model::CycleState::Running));
    console.keys("q");
    assert!(!left(&mut console));
    assert!(console.screen().contains("A cycle is running in this process."), "{}", console.screen());
    // The default is no, and a held key cannot say yes.
    console.keys("enter tab enter");
    assert!(!left(&mut console));
    console.wait(0.6).keys("enter");
    assert!(left(&mut console));

    // Of another process it is none of our business.
    let mut console = Console::new(80, 24);
    console.standing(standing(crate::model::CycleState::Running));
    console.event(Event::Runner(Runner::Elsewhere { command: show("heeler run"), pid: 7, host: show("h") }));
    console.take();
    console.keys("q");
    assert!(left(&mut console));
}

#[test]
fn no_is_the_default_of_a_confirmation() {
    let mut console = console();
    console.standing(standing(crate::model::CycleState::Running));
    console.keys("q").wait(0.6).keys("enter");
    assert!(!left(&mut console));
    assert!(!console.screen().contains("A cycle is running"));
}

#[test]
fn ctrl_c_twice_leaves_wherever_one_is() {
    let mut console = console();
    console.keys(": \"abc\" ctrl-c");
    assert!(!left(&mut console));
    assert!(line(&console, 23).contains("ctrl-c again leaves the console"));
    assert_eq!(console.state.top().id(), PageId::Overview);
    console.keys("ctrl-c");
    assert!(left(&mut console));
    // Not when the second one comes late.
    let mut console = self::console();
    console.keys("ctrl-c").wait(3.0).keys("ctrl-c");
    assert!(!left(&mut console));
}

#[test]
fn ctrl_z_suspends_and_ctrl_l_paints_anew_even_while_typing() {
    let mut console = console();
    console.keys("ctrl-z ctrl-l : ctrl-z ctrl-l");
    let effects = console.take();
    assert_eq!(effects.iter().filter(|e| matches!(e, Effect::Suspend)).count(), 2);
    assert_eq!(effects.iter().filter(|e| matches!(e, Effect::Redraw)).count(), 2);
}

#[test]
fn the_palette_finds_does_and_says_why_not() {
    let mut console = console();
    console.keys(": \"cycle\"");
    let screen = console.screen();
    assert!(screen.contains("run a cycle now"), "{screen}");
    assert!(screen.contains("write off"), "{screen}");
    assert!(screen.contains("no cycle is running"), "{screen}");
    console.keys("esc : \"directory\" enter");
    assert_eq!(console.state.view(), PageId::Directory);
    // By its key as well.
    console.keys(": \"3\" enter");
    assert_eq!(console.state.view(), PageId::Mapping);
    // What is off says why when it is chosen all the same.
    console.keys(": \"run a cycle\" enter");
    assert!(line(&console, 23).contains("run a cycle now: write off"), "{}", console.screen());
}

#[test]
fn help_lists_every_action_with_its_key() {
    let mut console = Console::new(160, 45);
    console.keys("?");
    let mut seen = String::new();
    for _ in 0..60 {
        seen.push_str(&console.screen());
        console.keys("down");
    }
    for entry in REGISTRY {
        assert!(seen.contains(entry.title), "{}", entry.title);
        for key in entry.keys {
            assert!(seen.contains(keymap::shown(key)), "{key}");
        }
    }
}

#[test]
fn a_theme_is_chosen_from_the_palette() {
    let mut console = console();
    console.keys(": \"dusk\" enter");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Theme(name) if name == "dusk")));
}

#[test]
fn write_is_unlocked_by_letters_for_five_minutes_and_counted_down() {
    let mut console = console();
    console.keys("W \"xyz\" enter");
    assert!(console.screen().contains("that is not it"));
    assert_eq!(console.state.shared.write, WriteMode::ReadOnly);
    // Letters that go on otherwise than the name are not its letters.
    console.keys("backspace backspace backspace \"nigel\" enter");
    assert!(console.screen().contains("that is not it"));
    console.keys("backspace backspace enter");
    assert!(line(&console, 0).ends_with("WRITE job 5:00"), "{}", line(&console, 0));
    console.wait(29.0);
    assert!(line(&console, 0).ends_with("WRITE job 4:31"), "{}", line(&console, 0));
    console.wait(272.0);
    assert!(line(&console, 0).ends_with("read-only"), "{}", line(&console, 0));
    assert_eq!(console.state.shared.write, WriteMode::ReadOnly);
}

#[test]
fn the_letters_that_unlock_are_seen_however_long_the_name_is() {
    for (width, height) in [(60, 16), (80, 24)] {
        let name = format!("gra{}@contoso.example", "x".repeat(120));
        let object = crate::console::page::Object {
            object_type: crate::model::ObjectType::User,
            id: "1".into(),
            name: name.clone(),
        };
        let mut console = Console::new(width, height);
        console.open(Box::new(crate::console::page::unlock::Unlock::new(Subject::Object(object))));
        let screen = console.screen();
        for words in ["type the first 3 letters of the name:", "graxx", "…", "Nobody else.", "esc  leave"] {
            assert!(screen.contains(words), "{words}: {screen}");
        }
        console.keys("\"gra\" enter");
        assert!(line(&console, 0).contains("WRITE gra"), "{}", line(&console, 0));
    }
}

#[test]
fn the_sandbox_is_open_for_writing() {
    let mut shared = shared(80, 24, "default");
    shared.job.sandbox = true;
    shared.write = WriteMode::Open;
    let mut console = Console::with(shared);
    assert!(line(&console, 0).ends_with("reading…   write"), "{}", line(&console, 0));
    console.keys("W");
    assert!(line(&console, 23).contains("the sandbox is open for writing"));
}

#[test]
fn a_restart_needs_write_mode_and_a_yes() {
    let mut console = console();
    console.keys("R");
    assert!(line(&console, 23).contains("restart the job: write off"), "{}", console.screen());
    console.keys("W \"nig\" enter R").wait(0.6).keys("tab enter");
    let asked: Vec<_> = console.take();
    assert!(asked.iter().any(|e| matches!(e, Effect::Desk(_, _, Request::Restart { full: false }))), "{asked:?}");
}

#[test]
fn a_cycle_can_be_run_and_stopped() {
    let mut console = console();
    console.keys("W \"nig\" enter : \"run a cycle\" enter").wait(0.6).keys("tab enter");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Desk(_, _, Request::Sync))));
    console.standing(standing(crate::model::CycleState::Running));
    console.keys(": \"stop\" enter");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Desk(_, _, Request::StopCycle))));
}

#[test]
fn a_yes_after_write_mode_ran_out_sends_nothing_and_says_so() {
    for keys in ["R", ": \"run a cycle\" enter"] {
        let mut console = console();
        console.keys("W \"nig\" enter").keys(keys).wait(301.0);
        console.take();
        console.keys("tab enter");
        let asked = console.take();
        assert!(!asked.iter().any(|e| matches!(e, Effect::Desk(..))), "{keys}: {asked:?}");
        let said = line(&console, 23);
        assert!(said.contains("nothing was written. W unlocks it; then ask again"), "{keys}: {said}");
    }
}

#[test]
fn a_paste_is_never_a_command() {
    let mut console = console();
    console.event(Event::Paste("q\r:quit\rA".into()));
    assert!(!left(&mut console));
    assert_eq!(console.state.view(), PageId::Overview);
    console.keys(":");
    console.event(Event::Paste("di\nrec".into()));
    assert!(console.screen().contains("di rec"), "{}", console.screen());
}

#[test]
fn a_paste_goes_to_the_cursor_and_asks_whether_it_may() {
    let mut console = console();
    console.keys(": \"tory\" home");
    console.event(Event::Paste("direc".into()));
    assert!(console.screen().contains(": directory"), "{}", console.screen());
    console.keys("\"x\"");
    assert!(console.screen().contains(": direcxtory"), "{}", console.screen());
    // Without a plan there is nothing to filter: the text goes nowhere, and says so.
    console.keys("esc 5");
    console.event(Event::Paste("grace".into()));
    assert!(!console.state.top().typing());
    assert!(line(&console, 23).contains("filter: no plan yet"), "{}", console.screen());
}

#[test]
fn messages_go_away_and_are_kept() {
    let mut console = console();
    console.event(Event::Worker(show("boom")));
    assert!(line(&console, 23).contains("a worker failed: boom; the console goes on"));
    console.wait(7.0);
    assert!(line(&console, 23).contains("? help"), "{}", line(&console, 23));
    console.keys(": \"messages\" enter");
    assert!(console.screen().contains("a worker failed: boom"));
}

#[test]
fn the_page_is_copied_as_text() {
    let mut console = console();
    console.keys("Y");
    let effects = console.take();
    let Some(Effect::Copy { what: "page", text }) = effects.first() else { panic!("{effects:?}") };
    assert!(text.starts_with(" heeler   contoso → flock   PROD"), "{text}");
}

#[test]
fn small_terminals_are_refused_politely() {
    let console = Console::new(48, 14);
    assert!(console.screen().contains("60×16 needed, 48×14 here"));
    let tiny = Console::new(1, 1);
    assert_eq!(tiny.screen().trim().chars().count(), 1);
}

#[test]
fn another_job_is_chosen_from_the_list() {
    let mut shared = shared(80, 24, "default");
    shared.job.jobs = vec!["nightly-users".into(), "other".into()];
    let mut console = Console::with(shared);
    console.keys(": \"another\" enter j enter");
    let effects = console.take();
    assert!(effects.iter().any(|e| matches!(e, Effect::Job(name) if name == "other")), "{effects:?}");
}

#[test]
fn nothing_ticks_while_nothing_changes() {
    let console = Console::new(80, 24);
    // The selection has to settle once; after that nothing is due.
    let mut console = console;
    console.wait(1.0);
    assert_eq!(console.state.next_tick(), None, "a job that never ran has no age");
    console.standing(Standing { enabled: false, ..standing(crate::model::CycleState::Succeeded) });
    let next = console.state.next_tick().map(|at| at.duration_since(console.now).as_secs());
    assert!(next.is_some_and(|s| s >= 2), "{next:?}");
}

#[test]
fn changes_are_read_at_once_and_then_at_their_pace() {
    let mut console = console();
    console.wait(1.0);
    console.take();
    console.event(Event::Changed);
    assert!(console.take().iter().any(|e| matches!(e, Effect::Query(Query::Standing))));
    console.event(Event::Changed).event(Event::Changed);
    assert!(console.take().is_empty());
    console.wait(0.5);
    let asked = console.take();
    assert_eq!(asked.iter().filter(|e| matches!(e, Effect::Query(Query::Standing))).count(), 1, "{asked:?}");
}

#[test]
fn a_store_that_changes_all_the_time_hides_nothing_that_the_time_brings() {
    let mut console = console();
    console.keys("W \"nig\" enter").wait(298.0);
    console.state.take_touched();
    let mut changed = |milliseconds: i64| {
        console.now += SignedDuration::from_millis(milliseconds);
        console.event(Event::Changed);
        (console.state.take_touched(), line(&console, 0))
    };
    let (touched, header) = changed(300);
    assert!(!touched && header.ends_with("WRITE job 0:02"), "{header}");
    assert!(!changed(300).0);
    let seen: Vec<(bool, String)> = (0..4).map(|_| changed(300)).filter(|(touched, _)| *touched).collect();
    assert!(seen.iter().any(|(_, header)| header.ends_with("WRITE job 0:00")), "{seen:?}");
    let (touched, header) = changed(300);
    assert!(touched && header.ends_with("read-only"), "{header}");
    assert!(line(&console, 23).contains("write mode is off again"));
}

#[test]
fn chords_show_how_they_go_on() {
    let mut console = console();
    console.keys("g");
    assert!(line(&console, 23).contains("g   g go to the first row"), "{}", line(&console, 23));
}

#[test]
fn without_colour_nothing_has_one() {
    for view in ["1", "2", "3", "4", "5", ":", "?"] {
        let mut console = Console::with(shared(80, 24, "mono"));
        console.standing(standing(crate::model::CycleState::Succeeded)).keys(view);
        let (buffer, _) = console.buffer();
        for cell in buffer.content() {
            assert_eq!(cell.fg, ratatui::style::Color::Reset);
            assert_eq!(cell.bg, ratatui::style::Color::Reset);
        }
    }
}

/// What a directory or an app may call things to make a shell do more than was meant.
const HOSTILE: &str = "x'; touch /tmp/x; $(id) `id` #";

#[test]
fn every_command_that_is_copied_is_quoted_for_a_shell() {
    let mut known = shared(160, 45, "default");
    known.job.flags = vec!["--config".into(), HOSTILE.into()];
    let mut console = Console::with(known);
    let quoted = "--config 'x'\\''; touch /tmp/x; $(id) `id` #'";
    for keys in ["1", "5", "t"] {
        console.keys(keys);
        let items = console.state.top().copies(&console.state.shared);
        let line = items.iter().find(|item| item.what == "command").map(|item| item.text.clone());
        assert!(line.as_deref().is_some_and(|line| line.ends_with(quoted)), "{keys}: {line:?}");
    }
    console.state.shared.job.flags = vec!["--config".into(), "a\nid".into()];
    for keys in ["1", "5", "t"] {
        console.keys(keys);
        let items = console.state.top().copies(&console.state.shared);
        assert!(items.iter().all(|item| item.what != "command"), "{keys}: {items:?}");
    }
}

#[test]
fn every_action_is_answered_somewhere() {
    let shared = shared(160, 45, "default");
    let object = crate::console::page::Object {
        object_type: crate::model::ObjectType::User,
        id: "1".into(),
        name: "ada@contoso.example".into(),
    };
    let mut pages: Vec<Box<dyn Page>> = vec![
        Box::new(crate::console::page::provision::Provision::new(object)),
        Box::new(crate::console::page::copy_menu::CopyMenu::new(Vec::new())),
    ];
    pages.extend(State::new(shared).views);
    for entry in REGISTRY.iter().filter(|e| !e.everywhere) {
        let answered = pages.iter().any(|page| page.actions().contains(&entry.action));
        assert!(answered, "no page answers {:?}: it would be a promise that nobody keeps", entry.action);
    }
}
