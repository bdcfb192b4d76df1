//! What the page says to what one types and asks.

use super::*;
use crate::console::query::Query as Asked;

/// Questions for rows among these effects.
fn rows(effects: &[Effect]) -> usize {
    let rows = |e: &&Effect| matches!(e, Effect::Query(Asked::Directory(_, Query::Rows { .. })));
    effects.iter().filter(rows).count()
}

#[test]
fn an_answer_that_was_on_its_way_does_not_swallow_who_is_asked_for() {
    let world = World::filled();
    let (mut page, mut pages) = (Directory::default(), shared(80, 24, "default"));
    let effects = page.opened(&mut pages);
    world.run(&mut page, &mut pages, effects);
    let older = page.opened(&mut pages);
    let grace = Object { object_type: ObjectType::User, id: "u-grace".into(), name: "grace".into() };
    let newer = page.focus(&mut pages, Focus::Object(grace));
    world.run(&mut page, &mut pages, older);
    assert_eq!(page.object().unwrap().id, "u-ada");
    world.run(&mut page, &mut pages, newer);
    assert_eq!(page.object().unwrap().id, "u-grace");
    // Whoever types or jumps afterwards has left her.
    let newer = page.focus(&mut pages, Focus::Filter("eng".into()));
    world.run(&mut page, &mut pages, newer);
    let changed = page.changed(&mut pages);
    world.run(&mut page, &mut pages, changed);
    assert_eq!(page.object().unwrap().id, "u-ada");
}

#[test]
fn a_change_does_not_take_the_place_of_what_is_awaited() {
    let world = World::crowd(1000);
    let (mut page, mut pages) = (Directory::default(), shared(80, 24, "default"));
    let effects = page.opened(&mut pages);
    world.run(&mut page, &mut pages, effects);
    let end = page.act(&mut pages, Action::Bottom);
    assert_eq!(rows(&end), 1);
    // The key is held down, and a cycle changes the store all the time.
    assert_eq!(rows(&page.act(&mut pages, Action::Bottom)), 0);
    for _ in 0..3 {
        assert_eq!(rows(&page.changed(&mut pages)), 0, "the end is awaited");
    }
    let mut again = Vec::new();
    for effect in end {
        if let Effect::Query(Asked::Directory(_, query)) = effect {
            again.extend(world.answer(&mut page, &mut pages, &query));
        }
    }
    assert_eq!(page.object().unwrap().id, "id-00999");
    assert_eq!(rows(&again), 1, "what changed meanwhile is read now");
    world.run(&mut page, &mut pages, again);
    assert_eq!(page.object().unwrap().id, "id-00999");
    assert_eq!(rows(&page.changed(&mut pages)), 1);
}

#[test]
fn marks_that_do_not_fit_the_filter_are_exported_in_the_order_of_the_list() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    console.keys("space space S / \"charles\" enter x");
    let text = console.take().into_iter().find_map(|e| match e {
        Effect::Export(export) => Some(export.text),
        _ => None,
    });
    let ids: Vec<String> = text.unwrap().lines().skip(1).map(|l| l.rsplit(',').next().unwrap().to_owned()).collect();
    assert_eq!(ids, ["u-alan", "u-ada"]);
}

#[test]
fn what_is_typed_has_room_before_the_order() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.keys("s");
    assert!(console.screen().contains("s department"), "{}", console.screen());
    console.keys("/ \"en\"");
    assert!(console.screen().contains("s department"), "{}", console.screen());
    console.keys("esc / \"department:War\"");
    let screen = console.screen();
    assert!(screen.contains("/ department:War") && !screen.contains("s department"), "{screen}");
}

#[test]
fn a_field_that_there_is_not_is_named_and_so_are_those_that_there_are() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    console.keys("/ \"status:failed\"");
    // It may be wrapped.
    let words = |console: &Console| {
        let screen = console.screen();
        let left: Vec<String> = screen.lines().map(|l| l.split('│').next().unwrap_or("").trim().to_owned()).collect();
        left.join(" ")
    };
    let said = words(&console);
    assert!(said.contains("no field \"status\": there are state, department"), "{said}");
    console.keys("esc / \"zzz\"");
    assert!(!console.screen().contains("no field"), "{}", console.screen());
}

#[test]
fn what_fitted_before_the_last_word_is_counted_however_it_came() {
    let world = World::filled();
    let mut console = world.at(160, 45);
    console.event(Event::Paste("eng zzz".into()));
    let screen = console.screen();
    assert!(screen.contains("nothing matches \"eng zzz\"") && screen.contains(" match \"eng\""), "{screen}");
}

#[test]
fn somebody_without_an_account_gets_an_answer_too() {
    for (width, height) in [(80, 24), (160, 45)] {
        let world = World::filled();
        let mut console = world.at(width, height);
        console.keys("/ \"karen\" enter").wait(0.3);
        assert!(console.screen().contains("target not written yet"), "{}", console.screen());
        console.take();
        console.keys("r");
        answer_app(&mut console, None);
        assert!(console.screen().contains("not there"), "{}", console.screen());
    }
}

/// What an incremental cycle would do is not what the screen has just read: it does not say that all is well.
#[test]
fn what_comes_next_fits_what_was_read() {
    let world = World::filled();
    for (keys, in_app, said) in [
        ("r", None, "nothing until it is written again, which fails: restore it in the app"),
        ("r", Some(ada_in_app(&world)), "nothing until an initial cycle looks (R); p writes what differs now"),
    ] {
        let mut console = world.at(160, 45);
        console.keys("/ \"annie\" enter").wait(0.3);
        console.take();
        assert!(console.screen().contains("nothing: the app was last given these values"), "{}", console.screen());
        console.keys(keys);
        answer_app(&mut console, in_app);
        assert!(console.screen().contains(said), "{}", console.screen());
    }
}

#[test]
fn a_read_that_failed_says_why() {
    let world = World::filled();
    let mut console = world.at(80, 24);
    console.take();
    console.keys("r");
    let what = "GET http://127.0.0.1:45049/scim/v2/Users/8f727aa0-aaaa-bbbb-cccc-ddddeeeeffff: the server answered 500: \
                An internal error occurred";
    let asked = console.take().into_iter().find_map(|e| match e {
        Effect::Desk(_, ticket, Request::ReadApp { .. }) => Some(ticket),
        _ => None,
    });
    let why = Trouble { what: show(what), advice: Vec::new() };
    console.event(Event::Desk(asked.unwrap(), News::Done(Err(why))));
    let screen = console.screen();
    assert!(screen.contains("target not read: the server answered 500") && screen.contains("occurred"), "{screen}");
    assert!(screen.contains("written 27 h"), "{screen}");
}

#[test]
fn groups_that_are_left_alone_are_no_difference() {
    let world = World::filled();
    for (width, height) in [(80, 24), (160, 45)] {
        let mut console = world.without_groups(width, height);
        console.keys("/ \"karen\" enter").wait(0.3);
        let screen = console.screen();
        assert!(screen.contains("not managed"), "{screen}");
        assert!(!screen.contains("0 in target") && !screen.contains("not in the app"), "{screen}");
    }
}

#[test]
fn departments_have_the_room_that_there_is() {
    let world = World::filled();
    let screen = world.at(160, 45).screen();
    let heading = screen.lines().find(|l| l.contains("department")).unwrap();
    let (from, to) = (heading.find("department").unwrap(), heading.find("state").unwrap());
    assert!(to - from >= "Human Resources   ".len(), "{screen}");
}
