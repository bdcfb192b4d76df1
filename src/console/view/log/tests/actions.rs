//! What every key does.

use super::world::{CYCLE, End, PHONE, World, entry, refused};
use super::{marked, title};
use crate::console::effect::Effect;
use crate::console::event::Event;
use crate::console::page::{CopyItem, Export, Focus, Object, Page, PageId};
use crate::console::query;
use crate::console::testing::{Console, shared};
use crate::console::view::log::{Log, Query};
use crate::model::ObjectType;
use std::collections::BTreeSet;

fn ada() -> Object {
    Object { object_type: ObjectType::User, id: "u-ada.lovelace".into(), name: "ada.lovelace@contoso.example".into() }
}

/// The console after the view was asked for something in particular from elsewhere.
fn focused(world: &World, focus: Focus) -> Console {
    let mut console = world.at(160, 45);
    console.keys("1");
    console.go(PageId::Log, focus).wait(0.3);
    console
}

#[test]
fn it_opens_on_the_first_cause_and_its_events() {
    let console = World::filled().at(80, 24);
    let screen = console.screen();
    assert!(screen.contains("▌Causes   60 failures · 12 warnings in 24 h"), "{screen}");
    assert!(screen.contains(" ›  47  target rejects value"), "{screen}");
    assert!(screen.contains(" Events   47 of 204   cause 1"), "{screen}");
    assert!(screen.contains("following"), "{screen}");
    assert_eq!(marked(&console).len(), 2, "{screen}");
    assert!(screen.contains("of type work is not E.164"), "{screen}");
}

#[test]
fn moving_among_causes_shows_their_events_when_it_rests() {
    let mut console = World::filled().at(80, 24);
    console.keys("j");
    assert!(title(&console, "Events").contains("cause 1"), "not while the key is held");
    console.wait(0.3);
    assert!(title(&console, "Events").contains("11 of 204   cause 2"), "{}", console.screen());
    console.keys("esc").wait(0.3);
    let events = title(&console, "Events");
    assert!(events.contains("Events   204") && !events.contains("cause"), "{events}");
    console.keys("enter").wait(0.3);
    assert!(title(&console, "Events").contains("cause 2"));
    assert!(console.screen().contains("▌Events"), "enter goes down to the events");
}

#[test]
fn panes_take_the_focus_in_turn() {
    let mut console = World::filled().at(80, 24);
    for (keys, focus) in [("", "▌Causes"), ("tab", "▌Events"), ("tab", "▌Causes"), ("backtab", "▌Events")] {
        console.keys(keys);
        assert!(console.screen().contains(focus), "{keys}: {focus}\n{}", console.screen());
        assert_eq!(marked(&console).len(), 2, "what is selected stays marked");
    }
    // With room beside the list the detail is a pane as well.
    let mut console = World::filled().at(160, 45);
    for focus in ["▌Events", "│ ▌", "▌Causes"] {
        console.keys("tab");
        assert!(console.screen().contains(focus), "{focus}\n{}", console.screen());
    }
}

#[test]
fn every_event_is_reached_whatever_the_window_holds() {
    let world = World::with((0..650).map(|n| entry(n, 2000 - i64::from(n), n as usize, &End::Success, &[])).collect());
    let mut console = world.at(80, 24);
    console.keys("tab");
    let mut ids = BTreeSet::new();
    let mut copied = |console: &mut Console| {
        console.keys("y j enter");
        let copied = |effect| match effect {
            Effect::Copy { text, .. } => Some(text),
            _ => None,
        };
        let texts: Vec<String> = console.take().into_iter().filter_map(copied).collect();
        ids.extend(texts);
    };
    for _ in 0..649 {
        copied(&mut console);
        console.keys("j");
    }
    copied(&mut console);
    assert_eq!(ids.len(), 650, "every one has another row");
    let bottom = marked(&console);
    console.keys("j G").wait(0.3);
    assert_eq!(marked(&console), bottom);
    console.keys("ctrl-u ctrl-u").wait(0.3);
    assert_ne!(marked(&console), bottom);
    console.keys("ctrl-d ctrl-d").wait(0.3);
    assert_eq!(marked(&console), bottom);
    console.keys("g g").wait(0.3);
    assert!(title(&console, "Events").contains("following"));
    console.keys("G").wait(0.3);
    assert_eq!(marked(&console), bottom);
}

#[test]
fn pausing_loses_nothing() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("tab j").wait(0.3);
    let before = marked(&console);
    assert!(title(&console, "Events").contains("paused"), "{}", console.screen());
    for n in 0..6 {
        world.add(vec![refused(900 + n, 5, 2)]);
        console.event(Event::Changed).wait(1.0);
    }
    assert!(title(&console, "Events").contains("paused · 6 newer ↑"), "{}", console.screen());
    assert_eq!(marked(&console)[1], before[1], "nothing moves");
    // Going up brings them, one after the other.
    for _ in 0..7 {
        console.keys("k");
    }
    console.wait(0.5);
    let screen = console.screen();
    assert!(marked(&console)[1].starts_with("14:06:15"), "{screen}");
    console.event(Event::Changed).wait(1.0);
    let events = title(&console, "Events");
    assert!(events.contains("53 of 210") && events.ends_with("paused"), "{events}");
    world.add(vec![refused(990, 1, 3)]);
    console.event(Event::Changed).wait(1.0);
    assert!(title(&console, "Events").contains("1 newer"));
    console.keys("f").wait(0.3);
    assert!(title(&console, "Events").contains("54 of 211   cause 1"), "{}", console.screen());
    assert!(title(&console, "Events").contains("following"));
    assert!(marked(&console)[1].starts_with("14:06:19"), "{}", console.screen());
    console.keys("f");
    assert!(title(&console, "Events").contains("paused"));
}

#[test]
fn what_comes_while_following_is_shown() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    world.add(vec![refused(901, 2, 4)]);
    console.event(Event::Changed).wait(1.0);
    assert!(marked(&console)[1].starts_with("14:06:18"), "{}", console.screen());
    assert!(marked(&console)[0].starts_with("48"), "the cause counts it too");
    assert!(console.screen().contains(" katherine.johnson · update · 14:06:18"), "{}", console.screen());
}

#[test]
fn a_filter_narrows_while_it_is_typed() {
    let mut console = World::filled().at(80, 24);
    console.keys("esc / \"grace\"").wait(0.3);
    let typed = title(&console, "Events");
    assert!(typed.contains("of 204   / grace"), "{typed}");
    assert!(!console.screen().contains("   ada.lovelace"), "{}", console.screen());
    let (_, cursor) = console.buffer();
    assert!(cursor.shown, "one sees where one types");
    console.keys("space \"status:failure\" enter").wait(0.3);
    assert!(console.screen().contains("▌Events"), "enter keeps it and goes to the list");
    assert!(!console.screen().contains("✓"), "{}", console.screen());
    console.keys("esc").wait(0.3);
    assert!(title(&console, "Events").starts_with("Events   204"), "{}", console.screen());
    for (filter, found) in [
        ("-status:success -status:skipped -status:warning", "60 of 204"),
        ("action:create status:failure code:EntryConflict", " of 204"),
        ("cycle:01900000-0000-7000-8000-00000000c1c1 reason:uniqueness", "11 of 204"),
        ("cycle:nosuch", "0 of 204"),
        ("user:ada.lovelace@contoso.example code:unproc", " of 204"),
        ("user:nobody", "0 of 204"),
    ] {
        console.keys(&format!("/ \"{filter}\" enter")).wait(0.3);
        assert!(title(&console, "Events").contains(found), "{filter}: {}", console.screen());
        console.keys("esc").wait(0.3);
    }
    console.keys("/ \"engz\" esc").wait(0.3);
    assert!(title(&console, "Events").starts_with("Events   204"), "esc clears while typing");
}

#[test]
fn pasted_text_filters_and_is_no_command() {
    let mut console = World::filled().at(80, 24);
    console.event(Event::Paste("grace\nhopper q\n".into()));
    assert!(title(&console, "Events").contains("/ grace hopper q"), "{}", console.screen());
    assert!(!console.take().iter().any(|effect| matches!(effect, Effect::Leave)));
}

#[test]
fn an_entry_opens_and_shows_all_of_it() {
    let mut console = World::filled().at(80, 24);
    console.keys("tab enter").wait(0.3);
    let screen = console.screen();
    for words in ["▌", "@contoso.example   update   ✗ failure", "What happened", "UnprocessableEntity", "advice"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    let mut seen = screen;
    for _ in 0..20 {
        console.keys("ctrl-d");
        seen.push_str(&console.screen());
    }
    for words in ["Steps", "Changes", PHONE, "Who and where", CYCLE, "9c41a0b", "As stored", "\"provisioningSteps\""] {
        assert!(seen.contains(words), "{words}");
    }
    let end = console.screen();
    console.keys("j G");
    assert_eq!(console.screen(), end, "it ends at its end");
    console.keys("k");
    assert_ne!(console.screen(), end);
    console.keys("g g");
    assert!(console.screen().contains("What happened"));
    let first = console.screen().lines().nth(3).map(str::to_owned);
    console.keys("n").wait(0.3);
    assert!(console.screen().contains("What happened"));
    assert_ne!(console.screen().lines().nth(3).map(str::to_owned), first, "the next entry");
    console.keys("N").wait(0.3);
    assert_eq!(console.screen().lines().nth(3).map(str::to_owned), first);
    console.keys("esc");
    assert!(console.screen().contains("▌Events"));
    console.keys("v").wait(0.3);
    assert!(console.screen().contains("What happened"));
    console.keys("v");
    assert!(console.screen().contains("▌Events"));
}

#[test]
fn an_open_entry_stays_while_others_come() {
    for (width, height, keys) in [(80, 24, "tab enter"), (160, 45, "tab enter"), (160, 45, "v")] {
        let world = World::filled();
        let mut console = world.at(width, height);
        console.keys(keys).wait(0.3);
        let before = console.state.top().object().map(|object| object.name);
        assert!(before.is_some());
        world.add(vec![refused(950, 1, 7)]);
        console.event(Event::Changed).wait(1.0);
        assert_eq!(console.state.top().object().map(|object| object.name), before);
        console.keys("esc");
        assert!(title(&console, "Events").contains("1 newer"), "{}", console.screen());
    }
}

#[test]
fn a_long_detail_scrolls_beside_the_list() {
    let mut console = World::filled().at(160, 30);
    console.keys("tab enter").wait(0.3);
    let before = console.screen();
    assert!(before.contains("│ ▌") && before.contains("more lines"), "{before}");
    console.keys("G");
    assert!(!console.screen().contains("more lines") && console.screen().contains("Steps"), "{}", console.screen());
    console.keys("g g");
    assert_eq!(console.screen(), before);
    console.keys("enter").wait(0.3);
    assert!(console.screen().contains("What happened"));
    console.keys("esc esc");
    assert!(console.screen().contains("▌Events"));
}

#[test]
fn zoom_gives_a_pane_the_page() {
    let mut console = World::filled().at(80, 24);
    console.keys("tab z");
    let screen = console.screen();
    assert!(screen.contains("▌Events") && !screen.contains("Causes"), "{screen}");
    assert!(screen.matches("  update   ").count() + screen.matches("  create   ").count() > 15, "{screen}");
    console.keys("tab");
    assert!(console.screen().contains("▌Causes") && !console.screen().contains("Events"));
    console.keys("esc");
    assert!(console.screen().contains("Events") && console.screen().contains("Causes"));
}

#[test]
fn the_rule_of_the_refused_attribute_opens() {
    let mut console = World::filled().at(80, 24);
    console.keys("tab m");
    assert_eq!(console.state.view(), PageId::Mapping);
    assert!(console.state.shared.chosen.is_some(), "with this user as preview");
    // Where no attribute is known it says so.
    let mut console = World::filled().at(80, 24);
    console.keys("j j").wait(0.3);
    console.keys("m");
    assert_eq!(console.state.view(), PageId::Log);
    assert!(console.screen().contains("no attribute is named here"), "{}", console.screen());
}

#[test]
fn p_is_about_the_object_of_the_entry() {
    let mut console = World::filled().at(80, 24);
    console.keys("tab j").wait(0.3);
    let object = console.state.top().object().unwrap();
    assert_eq!(object.object_type, ObjectType::User);
    assert!(object.name.ends_with("@contoso.example") && object.id.starts_with("u-"), "{object:?}");
    console.keys("p");
    assert_eq!(console.state.top().id(), PageId::Provision);
}

#[test]
fn y_takes_along_what_the_model_has() {
    let mut console = World::filled().at(80, 24);
    console.keys("tab").wait(0.3);
    let mut shared = shared(80, 24, "default");
    shared.job.flags = vec!["--config".into(), "my job.toml".into()];
    let items = console.state.top().copies(&shared);
    let text = |what: &str| {
        let item = items.iter().find(|item| item.what == what);
        item.map(|CopyItem { text, .. }| text.clone()).unwrap_or_default()
    };
    assert!(text("id").starts_with("u-"));
    assert!(text("value").starts_with('+'), "{items:?}");
    assert_eq!(text("row").matches('\t').count(), 6);
    assert_eq!(text("command"), format!("heeler log --search {} --config 'my job.toml'", text("id")));
    assert!(text("dry run").starts_with("heeler provision ") && text("dry run").contains("--dry-run"));
    console.keys("y enter");
    let copied = console.take().into_iter().any(|e| matches!(e, Effect::Copy { what: "id", .. }));
    assert!(copied);
    console.keys("tab");
    let items = console.state.top().copies(&shared);
    let command = items.iter().find(|item| item.what == "command").map(|item| item.text.as_str());
    assert!(command.is_some_and(|c| c.starts_with("heeler log --status failure --since 2026-")), "{command:?}");
}

#[test]
fn x_writes_what_is_filtered_as_a_table() {
    let mut console = World::filled().at(80, 24);
    console.keys("x");
    let written = console.take().into_iter().find_map(|effect| match effect {
        Effect::Export(export) => Some(export),
        _ => None,
    });
    let Some(Export { name, extension, text }) = written else { panic!("nothing was written") };
    assert_eq!((name, extension), ("log", "csv"));
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 48, "the events of the cause, and the heading");
    assert!(lines[0].starts_with("time,status,action,type,name,source id,target id,code,attribute,value,reason"));
    let first = lines[1];
    assert!(first.contains("failure,") && first.contains(",'+"), "no formula: {first}");
    assert!(first.contains("\"\"work\"\"].value\""), "quotes are doubled: {first}");
    assert!(first.contains("is not E.164"), "whole reasons: {first}");
    let mut console = World::empty().at(80, 24);
    console.keys("x");
    assert!(console.screen().contains("nothing to export here"), "{}", console.screen());
}

#[test]
fn it_opens_on_what_somebody_asks_for() {
    let world = World::filled();
    let console = focused(&world, Focus::EntriesOf(ada()));
    assert!(title(&console, "Events").contains("of 204   ada.lovelace"), "{}", console.screen());
    assert!(console.screen().contains("▌Events"));
    let console = focused(&world, Focus::Cycle(CYCLE.into()));
    assert!(title(&console, "Events").contains("204 of 204   cycle 14:02:00"), "{}", console.screen());
    let reason = "the app refused (409 uniqueness): userName is taken";
    let console = focused(&world, Focus::Cause { code: "EntryConflict".into(), reason: reason.into() });
    assert!(title(&console, "Events").contains("11 of 204   cause 2"), "{}", console.screen());
    assert!(marked(&console)[0].starts_with("11"));
    let gone = Focus::Cause { code: "Timeout".into(), reason: "no answer".into() };
    let console = focused(&world, gone);
    assert!(console.screen().contains("no failure of that cause in the last 24 h"), "{}", console.screen());
    assert!(title(&console, "Events").contains("/ code:Timeout"));
    let console = focused(&world, Focus::Filter("grace".into()));
    assert!(title(&console, "Events").contains("/ grace"), "{}", console.screen());
}

#[test]
fn what_is_asked_for_before_the_causes_are_there_is_not_forgotten() {
    let mut shared = shared(80, 24, "default");
    let mut log = Log::default();
    let asked = |effects: Vec<Effect>| -> Vec<Query> {
        let log = |effect| match effect {
            Effect::Query(query::Query::Log(query)) => Some(query),
            _ => None,
        };
        effects.into_iter().filter_map(log).collect()
    };
    assert_eq!(asked(log.opened(&mut shared)), [Query::Causes(1)]);
    let wanted = Focus::Cause {
        code: "EntryConflict".into(),
        reason: "the app refused (409 uniqueness): userName is taken".into(),
    };
    assert!(asked(log.focus(&mut shared, wanted)).is_empty(), "it waits for the causes");
    let world = World::filled();
    let causes = world.store.read(|c| crate::store::log::cause_table(c, crate::console::testing::noon(), 24)).unwrap();
    let id = causes.rows.iter().find(|cause| cause.code == "EntryConflict").unwrap().id;
    let answer = |n, causes| query::Answer::Log(super::super::Answer::Causes(n, causes));
    // An answer that was on its way already does not know that cause yet, which says nothing.
    let older = log.answer(&mut shared, answer(0, crate::store::log::Causes::default()));
    assert!(!older.iter().any(|effect| matches!(effect, Effect::Say(..))), "{older:?}");
    let next = asked(log.answer(&mut shared, answer(1, causes)));
    let scope = super::super::query::Scope::Cause(id);
    assert!(matches!(&next[0], Query::Window { which, .. } if which.scope == scope), "{next:?}");
    assert!(matches!(&next[1], Query::Counts { .. }), "{next:?}");
}

#[test]
fn rows_of_a_list_that_is_gone_are_not_shown() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    let stale = query::Answer::Log(super::super::Answer::Counts { stamp: 0, seen: 0, counts: Default::default() });
    let before = console.screen();
    console.answer(PageId::Log, stale);
    assert_eq!(console.screen(), before);
}

#[test]
fn a_store_that_cannot_be_read_is_told_and_asked_again() {
    let mut console = Console::with(shared(80, 24, "default"));
    console.keys("4").wait(0.3);
    console.take();
    let slot = query::Query::Log(Query::Causes(0)).slot();
    console.event(Event::Answer(slot, Err(crate::text::show("disk I/O error"))));
    assert!(console.screen().contains("the log cannot be read: disk I/O error"), "{}", console.screen());
    console.keys("r");
    let again = console.take().into_iter().any(|e| matches!(e, Effect::Query(query::Query::Log(Query::Causes(_)))));
    assert!(again);
}

#[test]
fn the_way_back_to_all_events_is_among_the_hints() {
    let mut console = World::filled().at(80, 24);
    assert!(console.screen().contains("esc all events"), "{}", console.screen());
    console.keys("esc");
    assert!(!console.screen().contains("esc all events"), "{}", console.screen());
    let screen = World::empty().at(80, 24).screen();
    for absent in ["m mapping", "p provision", "y copy", "f follow"] {
        assert!(!screen.contains(absent), "{absent}: {screen}");
    }
}
