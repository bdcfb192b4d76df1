//! Keys in, screen out, over a store that the test fills: the people of the mock-up.

mod answers;
pub(in crate::console) mod world;

use super::*;
use crate::console::desk::{Request, Trouble};
use crate::console::event::Event;
use crate::console::testing::{Console, draw_page, shared};
use crate::text::show;
use proptest::prelude::*;
use serde_json::json;
use world::World;

fn picture(world: &World, (width, height): (u16, u16), theme: &str, keys: &str) -> String {
    let mut console = world.console(shared(width, height, theme));
    console.keys(keys).wait(0.3);
    console.picture()
}

/// What the app answers when it is asked for the selected person.
fn answer_app(console: &mut Console, found: Option<InApp>) {
    let asked = console.take().into_iter().find_map(|effect| match effect {
        Effect::Desk(PageId::Directory, ticket, Request::ReadApp { .. }) => Some(ticket),
        _ => None,
    });
    console.event(Event::Desk(asked.unwrap(), News::Done(Ok(Reply::App(found.map(Box::new))))));
}

fn ada_in_app(world: &World) -> InApp {
    let mut attributes = world.applied("u-ada");
    attributes.retain(|(path, _)| !path.starts_with("phone"));
    for (path, value) in &mut attributes {
        if path == "title" {
            *value = json!("Countess");
        }
    }
    attributes.push((
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager".into(),
        json!({ "value": "t-u-charles" }),
    ));
    InApp {
        target_id: "t-u-ada".into(),
        attributes,
        resource: json!({}),
        read_at: "2026-11-24T13:57:00Z".into(),
        ms: 83,
    }
}

#[test]
fn it_looks_as_drawn() {
    let world = World::filled();
    for (width, height) in [(60, 16), (100, 30), (120, 36)] {
        insta::assert_snapshot!(format!("all-{width}"), picture(&world, (width, height), "default", ""));
    }
    for size in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            for (state, keys) in [
                ("all", ""),
                ("filter", "/ \"eng\""),
                ("missing", "j j j"),
                ("failed", "j j j j j j"),
                ("orphan", "/ \"ivan\" enter"),
                ("out-of-scope", "/ \"karen\" enter"),
                ("open", "enter j j"),
                ("marked", "space space j space s S"),
                ("groups", "u"),
                ("nothing-fits", "/ \"eng\" \"zzz\""),
            ] {
                insta::assert_snapshot!(format!("{state}-{}-{theme}", size.0), picture(&world, size, theme, keys));
            }
            let mut console = world.console(shared(size.0, size.1, theme));
            console.keys("r");
            answer_app(&mut console, Some(ada_in_app(&world)));
            console.wait(0.3);
            insta::assert_snapshot!(format!("read-{}-{theme}", size.0), console.picture());
        }
        insta::assert_snapshot!(format!("empty-{}", size.0), picture(&World::empty(), size, "default", ""));
        let mut console = world.console(shared(size.0, size.1, "default"));
        console.event(Event::Answer(
            crate::console::query::Slot(PageId::Directory, 0),
            Err(show("the database a.db is damaged (a page cannot be read): nothing was changed")),
        ));
        insta::assert_snapshot!(format!("trouble-{}", size.0), console.screen());
    }
}

#[test]
fn the_list_is_filtered_as_one_types() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    assert!(console.screen().contains("Users                    15"), "{}", console.screen());
    console.keys("/ \"grace\"");
    let screen = console.screen();
    assert!(
        screen.contains("1 of 15") && screen.contains("grace.hopper") && !screen.contains("alan.turing"),
        "{screen}"
    );
    // Letters that are actions elsewhere are text here.
    console.keys("backspace backspace backspace backspace backspace \"q\"");
    assert!(console.screen().contains("nothing matches \"q\""), "{}", console.screen());
    console.keys("esc");
    let screen = console.screen();
    assert!(screen.contains("alan.turing") && !screen.contains(" / q"), "{screen}");
    console.keys("/ \"-state:linked\" enter").wait(0.3);
    let screen = console.screen();
    assert!(
        screen.contains("barbara.liskov") && screen.contains("karen.sparck") && !screen.contains("alan"),
        "{screen}"
    );
    // What was typed is kept with the job.
    let kept = console
        .take()
        .into_iter()
        .any(|e| matches!(e, Effect::Remember("directory.filter", t) if t == "-state:linked"));
    assert!(kept);
    console.keys("esc");
    assert!(console.screen().contains("alan.turing"), "esc clears a filter that was kept");
}

#[test]
fn pasted_text_is_a_filter_and_nothing_else() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.event(Event::Paste("grace\nq\n".into()));
    let screen = console.screen();
    assert!(screen.contains("nothing matches \"grace q\""), "{screen}");
}

#[test]
fn states_are_those_of_the_rules() {
    let world = World::filled();
    let screen = world.at(160, 45).screen();
    for (name, mark, word) in [
        ("ada.lovelace", "≠", "drift"),
        ("alan.turing", "✓", "in sync"),
        ("barbara.liskov", "+", "missing"),
        ("dorothy.vaughan", "✗", "failed"),
        ("ivan.sutherland", "-", "orphan"),
        ("karen.sparck", "·", "out of scope"),
        ("nobody.home", "!", "will fail"),
    ] {
        let line = screen
            .lines()
            .skip(4)
            .find(|line| line.contains(name) && line.contains(word))
            .unwrap_or_else(|| panic!("{name}: {screen}"));
        assert!(line.trim_start().trim_start_matches(['▌', '›', ' ']).starts_with(mark), "{line}");
    }
}

#[test]
fn the_detail_follows_when_the_selection_rests() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    assert!(console.screen().contains("drift · 2 of 11 mapped attributes differ"), "{}", console.screen());
    console.keys("j");
    assert!(console.screen().contains("ada.lovelace@contoso.example"));
    console.wait(0.3);
    let screen = console.screen();
    assert!(screen.contains("alan.turing@contoso.example") && screen.contains("in sync · "), "{screen}");
    assert_eq!(console.state.top().object().unwrap().name, "alan.turing@contoso.example");
}

#[test]
fn the_app_is_read_when_asked_and_what_it_says_counts() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    assert!(console.screen().contains("target written 27 h"), "{}", console.screen());
    console.keys("r");
    assert!(console.screen().contains("reading the target…"), "{}", console.screen());
    let why = Trouble { what: show("the app cannot be reached"), advice: Vec::new() };
    let asked = console.take().into_iter().find_map(|e| match e {
        Effect::Desk(_, ticket, Request::ReadApp { id, .. }) if id == "u-ada" => Some(ticket),
        _ => None,
    });
    console.event(Event::Desk(asked.unwrap(), News::Done(Err(why))));
    let screen = console.screen();
    assert!(screen.contains("the app cannot be reached") && screen.contains("target written"), "{screen}");
    console.keys("r");
    answer_app(&mut console, Some(ada_in_app(&world)));
    let screen = console.screen();
    assert!(screen.contains("target read 9 m ago") && !screen.contains("cannot be reached"), "{screen}");
    // Somebody changed the title over there, and the manager is the right one.
    assert!(screen.contains("drift · 3 of 11 mapped attributes differ"), "{screen}");
    assert!(screen.contains("Countess") && screen.contains("last written"), "{screen}");
    console.keys("r");
    answer_app(&mut console, None);
    assert!(console.screen().contains("missing · the app has no such resource now"), "{}", console.screen());
    // It is about her alone.
    console.keys("j").wait(0.3);
    assert!(console.screen().contains("in sync · "), "{}", console.screen());
}

#[test]
fn every_line_leads_somewhere() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    console.keys("tab j j m");
    let goes = |console: &Console| (console.state.view(), console.screen());
    assert_eq!(goes(&console).0, PageId::Mapping);
    // The detail kept the focus.
    console.keys("2 G enter");
    assert_eq!(goes(&console).0, PageId::Log, "history leads to the log");
    console.keys("2").wait(0.3);
    // The last difference is the group that is missing; enter goes there.
    console.keys("g g n n n n enter").wait(0.3);
    let (view, screen) = goes(&console);
    assert_eq!(view, PageId::Directory);
    assert!(screen.contains("▌Groups") && screen.contains("writers"), "{screen}");
    assert_eq!(console.state.top().object().unwrap().name, "writers");
    // And back to a member.
    assert!(screen.contains("Members") && screen.contains("missing in target"), "{screen}");
}

#[test]
fn another_view_can_ask_for_somebody() {
    let world = World::filled();
    let mut page = Directory::default();
    let mut pages = shared(80, 24, "default");
    page.filter = Input::new("alan".into());
    let grace = Object { object_type: ObjectType::User, id: "u-grace".into(), name: "grace".into() };
    let effects = page.focus(&mut pages, Focus::Object(grace));
    world.run(&mut page, &mut pages, effects);
    assert_eq!(page.object().unwrap().id, "u-grace");
    assert_eq!(page.filter.value(), "", "she does not fit what was typed");
    let effects = page.focus(&mut pages, Focus::Filter("state:failed".into()));
    world.run(&mut page, &mut pages, effects);
    assert_eq!(page.list.rows.len(), 1);
    assert!(draw_page(&page, &pages, 80, 20).contains("dorothy.vaughan"));
}

#[test]
fn it_opens_as_it_was_left() {
    let world = World::filled();
    let mut pages = shared(80, 24, "default");
    for (key, value) in [
        ("directory.sort", "department"),
        ("directory.reverse", "yes"),
        ("directory.filter", "eng"),
        ("directory.object", "u-grace"),
    ] {
        pages.remembered.insert(key.into(), value.into());
    }
    let mut console = world.console(pages);
    console.wait(0.3);
    let screen = console.screen();
    assert!(screen.contains("/ eng") && screen.contains("s department ↓"), "{screen}");
    assert_eq!(console.state.top().object().unwrap().id, "u-grace");
}

#[test]
fn marks_are_kept_counted_and_exported() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    console.keys("space j j V");
    assert!(console.screen().contains("4 marked"), "{}", console.screen());
    console.keys("x");
    let text = console.take().into_iter().find_map(|e| match e {
        Effect::Export(export) => Some(export.text),
        _ => None,
    });
    let text = text.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "user principal name,department,state,id");
    assert_eq!(lines[1], "ada.lovelace@contoso.example,Engineering,drift,u-ada");
    assert_eq!(lines.len(), 5, "{text}");
    console.keys("esc");
    assert!(!console.screen().contains("marked"));
    console.keys("x");
    let all = console.take().into_iter().find_map(|e| match e {
        Effect::Export(export) => Some(export.text.lines().count()),
        _ => None,
    });
    assert_eq!(all, Some(16), "without marks all of them, under one heading");
}

#[test]
fn what_is_copied_is_what_the_directory_has() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    console.keys("tab j j");
    let copies = console.state.top().copies(&console.state.shared);
    let of = |what: &str| copies.iter().find(|c| c.what == what).map(|c| c.text.clone()).unwrap();
    assert_eq!(of("value"), "Ada Lovelace");
    assert_eq!(of("attribute"), "displayName");
    assert_eq!(of("id"), "u-ada");
    assert_eq!(of("command"), "heeler explain u-ada");
    assert_eq!(of("row"), "ada.lovelace@contoso.example\tEngineering\tdrift\tu-ada");
}

#[test]
fn long_lists_are_read_in_windows_and_nothing_is_skipped() {
    let world = World::crowd(1000);
    let mut console = world.at(80, 24);
    let mut seen = vec![console.state.top().object().unwrap().id];
    for _ in 0..999 {
        console.keys("j");
        seen.push(console.state.top().object().unwrap().id);
    }
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "in order, none twice");
    assert_eq!(seen.len(), 1000);
    console.keys("j");
    assert_eq!(console.state.top().object().unwrap().id, seen[999]);
    console.keys("g g");
    assert_eq!(console.state.top().object().unwrap().id, seen[0]);
    console.keys("G");
    assert_eq!(console.state.top().object().unwrap().id, seen[999]);
    for n in (900..999).rev() {
        console.keys("k");
        assert_eq!(console.state.top().object().unwrap().id, seen[n]);
    }
}

#[test]
fn while_an_answer_is_awaited_the_same_is_not_asked_again() {
    let world = World::crowd(1000);
    let mut page = Directory::default();
    let mut pages = shared(80, 24, "default");
    let effects = page.opened(&mut pages);
    world.run(&mut page, &mut pages, effects);
    let mut asked = 0;
    for _ in 0..600 {
        asked += page.act(&mut pages, Action::Down).iter().filter(|e| matches!(e, Effect::Query(_))).count();
    }
    assert_eq!(asked, 1, "holding a key down must not cut short what it waits for");
    assert_eq!(page.list.selected, page.list.rows.len() - 1);
}

#[test]
fn a_change_keeps_the_selection_where_it_is() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("j j j j");
    let before = console.screen();
    world.rename("u-alan", "aaron.turing@contoso.example");
    console.event(Event::Changed).wait(2.0);
    let after = console.screen();
    assert!(after.contains("aaron.turing") && !after.contains("alan.turing"), "{after}");
    let line = |screen: &str| screen.lines().position(|l| l.contains('›')).unwrap();
    assert_eq!(line(&before), line(&after), "{after}");
    assert_eq!(console.state.top().object().unwrap().id, "u-charles");
}

/// What is looked up for a few is what the whole directory would have told about them.
#[test]
fn entitlements_of_a_few_are_those_of_all() {
    let world = World::filled();
    world.with(|c| {
        let all = crate::sync::cycle::entitlements(c).unwrap();
        let users = ["u-ada", "u-karen", "u-charles", "u-unknown"];
        let groups = ["g-london", "g-writers", "g-unknown"];
        let few = crate::sync::cycle::entitlements_of(c, &users, &groups).unwrap();
        assert!(all.of_user("u-ada").unwrap().through.contains("writers"));
        for id in users {
            assert_eq!(few.of_user(id), all.of_user(id), "{id}");
        }
        for id in groups {
            assert_eq!(few.has_group(id), all.has_group(id), "{id}");
        }
        assert!(few.has_group("g-writers") && !few.has_group("g-london"));
        assert!(few.of_user("u-alan").is_none(), "nobody asked");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    /// Keys in any order at any size: it draws, and the selection is somebody of the list.
    #[test]
    fn nothing_breaks(keys in prop::collection::vec(0usize..22, 0..25), width in 1u16..200, height in 1u16..60) {
        const KEYS: [&str; 22] = ["j", "k", "G", "g g", "/", "\"en\"", "esc", "enter", "tab", "z", "u", "s", "S", "space", "V", "n", "N", "r", "ctrl-d", "ctrl-u", "x", "y"];
        let world = WORLD.with(Clone::clone);
        let mut console = world.at(width, height);
        for key in keys {
            console.keys(KEYS[key]);
        }
        console.wait(0.3);
        console.screen();
    }
}

thread_local! {
    static WORLD: std::rc::Rc<World> = std::rc::Rc::new(World::filled());
}
