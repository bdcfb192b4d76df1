//! Keys in, screen out, over a store that the test fills.

mod world;

use super::*;
use crate::console::event::Event;
use crate::console::terminal::{Cursor, Screen};
use crate::console::testing::{Console, noon, shared};
use crate::model::{Link, ObjectType};
use crate::store::{links, log, mirror};
use proptest::prelude::*;
use serde_json::{Value, json};
pub(in crate::console::view::mapping) use world::failure;
use world::{World, user};

/// A picture in a theme.
fn picture(world: &World, width: u16, height: u16, theme: &str, keys: &str) -> String {
    let mut console = world.console(shared(width, height, theme));
    console.keys(keys).wait(0.3);
    console.picture()
}

#[test]
fn it_looks_as_drawn() {
    let world = World::filled();
    for (width, height) in [(80, 24), (160, 45)] {
        for theme in ["default", "mono"] {
            for (state, keys) in [
                ("rules", ""),
                ("failing", "9j"),
                ("expression", "11j"),
                ("scope", "G"),
                ("groups", "tab"),
                ("whole", "enter"),
            ] {
                let keys = match keys {
                    "9j" => "j ".repeat(9),
                    "11j" => "j ".repeat(11),
                    keys => keys.to_owned(),
                };
                let name = format!("mapping-{state}-{width}-{theme}");
                insta::assert_snapshot!(name, picture(&world, width, height, theme, &keys));
            }
        }
        let empty = World::empty();
        insta::assert_snapshot!(format!("mapping-empty-{width}"), picture(&empty, width, height, "default", ""));
        insta::assert_snapshot!(format!("choose-{width}"), picture(&world, width, height, "default", "u"));
    }
}

#[test]
fn the_selection_moves_and_the_detail_follows_when_it_rests() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    assert!(console.screen().contains(" userName                userName"), "{}", console.screen());
    console.keys("j j");
    // Not yet: holding `j` draws two rows, not the detail of each.
    assert!(console.screen().contains(" userName                userName"), "{}", console.screen());
    console.wait(0.3);
    assert!(console.screen().contains(" displayName             displayName"), "{}", console.screen());
    console.keys("G").wait(0.3);
    assert!(console.screen().contains("department NOT EQUALS \"Contractor\""), "{}", console.screen());
    console.keys("g g").wait(0.3);
    assert!(console.screen().contains(" userName                userName"));
    console.keys("ctrl-d").wait(0.3);
    assert!(!console.screen().contains(" userName                userName"));
    console.keys("ctrl-u k k").wait(0.3);
    assert!(console.screen().contains(" userName                userName"));
}

#[test]
fn values_are_those_of_the_chosen_person() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    // The first who is linked.
    assert!(console.screen().contains("result for ada.lovelace"), "{}", console.screen());
    assert!(console.screen().contains("Ada Lovelace"));
    assert_eq!(console.state.top().object().unwrap().id, "u-ada");
    console.keys("u \"gra\" enter").wait(0.3);
    let screen = console.screen();
    assert!(screen.contains("result for grace.hopper"), "{screen}");
    assert!(screen.contains("Grace Hopper") && screen.contains("filtered out"), "{screen}");
    assert_eq!(console.state.shared.chosen.as_ref().unwrap().id, "u-grace");
    // No title: nothing flows; no language: the default.
    assert!(screen.contains("en-US"), "{screen}");
    // A group is chosen in the same box, and shows the rules of groups.
    console.keys("u tab \"eng\" enter").wait(0.3);
    let screen = console.screen();
    assert!(screen.contains("result for engineering-all") && screen.contains("1 member"), "{screen}");
}

/// What the rules give somebody who is not provisioned is not what is written: the view says what happens instead.
#[test]
fn whoever_is_out_of_scope_is_told_apart() {
    let world = World::filled();
    let dora = user("u-dora", "dora@contoso.example", json!({ "department": "Engineering", "country": "GB" }));
    world.store.write_blocking(move |c| mirror::apply_user(c, &dora, 1)).unwrap();
    let leave = |world: &World| {
        let write = |c: &rusqlite::Connection| {
            let ada = links::get(c, ObjectType::User, "u-ada")?.unwrap();
            links::put(c, &Link { source_id: "u-dora".into(), target_id: "77".into(), ..ada })
        };
        world.store.write_blocking(write).unwrap();
    };
    for (width, height) in [(80, 24), (120, 36), (160, 45)] {
        let mut console = world.at(width, height);
        assert!(!console.screen().contains("   but "), "{}", console.screen());
        console.keys("u \"dora\" enter j").wait(0.3);
        let screen = console.screen();
        assert!(screen.contains("but") && screen.contains("nothing: not assigned to the app"), "{screen}");
        if height == 45 {
            let row = screen.lines().find(|line| line.contains(" scope ")).unwrap();
            assert!(row.contains("not assigned to"), "{row}");
        }
    }
    leave(&world);
    let mut console = world.at(80, 24);
    console.keys("u \"dora\" enter j").wait(0.3);
    assert!(console.screen().contains("the next cycle turns the account off"), "{}", console.screen());
    console.keys("G").wait(0.3);
    assert!(console.screen().contains("out of scope: not assigned to the app"), "{}", console.screen());
}

#[test]
fn the_box_to_choose_in_can_be_left_filtered_and_pasted_into() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("u");
    assert!(console.screen().contains("grace.hopper@contoso.example"));
    console.keys("\"zzz\"");
    assert!(console.screen().contains("nothing matches \"zzz\""), "{}", console.screen());
    console.keys("enter");
    assert!(console.screen().contains("preview with"), "nobody was chosen");
    console.keys("backspace backspace backspace").event(Event::Paste("hopper\n".into()));
    let screen = console.screen();
    assert!(screen.contains("grace.hopper") && !screen.contains("c.babbage@"), "{screen}");
    console.keys("esc");
    assert!(!console.screen().contains("preview with"));
    assert!(console.state.shared.chosen.is_none());
}

#[test]
fn tab_shows_groups_and_back() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("tab").wait(0.3);
    assert!(console.screen().contains("Rules   groups   3"), "{}", console.screen());
    assert!(console.screen().contains("engineering-all"), "{}", console.screen());
    console.keys("backtab").wait(0.3);
    assert!(console.screen().contains("Rules   users   14"), "{}", console.screen());
}

#[test]
fn failures_are_shown_at_their_rule_and_lead_to_the_log() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    let screen = console.screen();
    assert!(screen.contains("! 3 failures in 24 h"), "{screen}");
    console.keys(&"j ".repeat(9)).wait(0.3);
    assert!(console.screen().contains("3 failures in 24 h, 14:02"), "{}", console.screen());
    console.keys("enter");
    console.take();
    console.keys("enter");
    assert_eq!(console.state.view(), PageId::Log);
}

#[test]
fn a_rule_can_be_asked_for_from_elsewhere() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("1");
    let shared_chosen =
        Object { object_type: ObjectType::User, id: "u-grace".into(), name: "grace.hopper@contoso.example".into() };
    let mut page = Mapping::default();
    let mut known = shared(80, 24, "default");
    known.chosen = Some(shared_chosen);
    let mut ask = |page: &mut Mapping, effects: Vec<Effect>| {
        let mut queue = effects;
        while let Some(effect) = queue.pop() {
            if let Effect::Query(query) = effect {
                let reader = world.store.reader().unwrap();
                let facts = world.facts();
                let sources = Sources { c: &reader, facts: &facts, organization: None, now: noon() };
                queue.extend(page.answer(&mut known, query.run(&sources).unwrap()));
            }
        }
    };
    let mut other = shared(80, 24, "default");
    let effects = page.focus(&mut other, Focus::Rule("phoneNumbers[type eq \"work\"].value".into()));
    ask(&mut page, effects);
    assert_eq!(page.selected(), Some(Row::Rule(9)));
    // A rule that only groups have.
    let effects = page.focus(&mut other, Focus::Rule("members".into()));
    ask(&mut page, effects);
    assert_eq!((page.object_type, page.selected()), (ObjectType::Group, Some(Row::Rule(2))));
    // One that nobody has selects nothing else and asks no more.
    let effects = page.focus(&mut other, Focus::Rule("nothing.like.it".into()));
    ask(&mut page, effects);
    assert_eq!(page.wanted, None);
    let effects = page.focus(
        &mut other,
        Focus::Object(Object { object_type: ObjectType::User, id: "u-grace".into(), name: "grace".into() }),
    );
    ask(&mut page, effects);
    assert_eq!(page.object().unwrap().id, "u-grace");
}

#[test]
fn what_is_copied_and_exported_is_what_the_mapping_has() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys(&"j ".repeat(8)).wait(0.3);
    console.take();
    console.keys("y enter");
    let copied = console.take().into_iter().find_map(|e| match e {
        Effect::Copy { text, .. } => Some(text),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("Coalesce([mail], [userPrincipalName])"));
    console.keys("y j enter");
    let copied = console.take().into_iter().find_map(|e| match e {
        Effect::Copy { text, .. } => Some(text),
        _ => None,
    });
    assert_eq!(copied.as_deref(), Some("ada@contoso.example"));
    console.keys("x");
    let exported = console.take().into_iter().find_map(|e| match e {
        Effect::Export(export) => Some(export),
        _ => None,
    });
    let exported = exported.unwrap();
    assert_eq!((exported.name, exported.extension), ("rules", "json"));
    // Loading what was exported gives the same schema.
    assert_eq!(serde_json::from_str::<Value>(&exported.text).unwrap(), world.schema);
}

#[test]
fn the_whole_rule_is_shown_scrolled_and_left() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys(&"j ".repeat(11)).wait(0.3);
    console.keys("enter");
    let screen = console.screen();
    assert!(screen.contains("    \"London\",") || screen.contains("\"Europe/London\""), "{screen}");
    assert!(screen.contains("more ↓"), "{screen}");
    console.keys("ctrl-d ctrl-d ctrl-d");
    let screen = console.screen();
    assert!(screen.contains("linked to 9c41a0be") && !screen.contains("more ↓"), "{screen}");
    console.keys("j");
    assert!(console.screen().contains("externalId"), "zoomed the detail follows at once");
    console.keys("esc");
    assert!(console.screen().contains("source expression"));
    console.keys("z");
    assert!(!console.screen().contains("source expression"));
    console.keys("z");
    assert!(console.screen().contains("source expression"));
}

#[test]
fn a_store_that_cannot_be_read_says_so_and_r_asks_again() {
    let mut console = Console::new(80, 24);
    console.keys("3");
    console.take();
    console.event(Event::Answer(
        crate::console::query::Slot(PageId::Mapping, 0),
        Err(crate::text::show("the database is damaged")),
    ));
    assert!(console.screen().contains("the database is damaged"), "{}", console.screen());
    console.keys("r");
    let asked = console.take().iter().filter(|e| matches!(e, Effect::Query(query::Query::Mapping(_)))).count();
    assert_eq!(asked, 3);
}

#[test]
fn hostile_text_stays_text() {
    let mut world = World::filled();
    let evil = "a\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}b\u{200b}\nc\u{e0041}";
    world.schema["synchronizationRules"][0]["objectMappings"][0]["name"] = json!(evil);
    let path = format!("emails[type eq \"{}\"].value", evil.replace('\n', " "));
    world.schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][1]["source"]["expression"] =
        json!(format!("Join(\"{evil}\", [givenName], [surname])"));
    let change = user(
        "u-evil",
        &format!("{evil}@contoso.example"),
        json!({ "givenName": evil, "displayName": evil, "surname": evil, "department": evil }),
    );
    world
        .store
        .write_blocking(move |c| {
            mirror::apply_user(c, &change, 2)?;
            log::append(c, &failure("9", &format!("{path} {evil}"), &["title"]))?;
            Ok(())
        })
        .unwrap();
    for (width, height) in [(80, 24), (160, 45)] {
        let mut console = world.at(width, height);
        for keys in ["u", "\"a\"", "enter", "j", "j", "j j j j j j", "enter", "ctrl-d", "G"] {
            console.keys(keys).wait(0.2);
            let bad = console.screen().chars().filter(|c| *c != '\n').find(|c| {
                c.is_control()
                    || matches!(u32::from(*c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0xe0000..=0xe007f)
            });
            assert_eq!(bad, None, "{}", console.screen());
        }
    }
}

#[test]
fn moving_the_cursor_writes_little() {
    let world = World::filled();
    for (width, height, move_most, scroll_most) in [(80, 24, 250, 900), (160, 45, 300, 2500)] {
        let mut console = world.at(width, height);
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
        let seen = draw::list_height((width, height - 4));
        for n in 1..17 {
            console.keys("j");
            let moved = bytes(&console);
            let most = if n < seen { move_most } else { scroll_most };
            assert!(moved <= most, "{width}×{height}, row {n}: {moved} bytes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_size_panics(width in 1_u16..=220, height in 1_u16..=60, zoom in any::<bool>(), down in 0_usize..20) {
        thread_local! {
            static WORLD: World = World::filled();
        }
        WORLD.with(|world| {
            let mut console = world.at(100, 30);
            console.keys(&"j ".repeat(down)).wait(0.2);
            if zoom {
                console.keys("enter");
            }
            console.event(Event::Resize(width, height));
            console.screen();
            console.keys("ctrl-d j u");
            console.screen();
        });
    }
}
