//! What keys do.

use super::*;

#[test]
fn a_filter_is_answered_by_the_newest_question_and_cleared_by_esc() {
    let mut console = shown(80, 24, "default");
    console.keys("/");
    let (plan, found) = filter_for(&mut console, "liskov");
    assert_eq!(found.len(), 1);
    answer(&mut console, Answer::Filtered(plan.clone(), "lis".into(), Vec::new()));
    assert!(console.screen().contains("margaret"), "an older answer is dropped");
    let other = Same(Arc::new(Model::new(Arc::new(report(operations())), context())));
    answer(&mut console, Answer::Filtered(other, "liskov".into(), vec![40]));
    assert!(console.screen().contains("margaret"), "and one about another plan");
    answer(&mut console, Answer::Filtered(plan, "liskov".into(), found));
    let screen = console.screen();
    assert!(
        screen.contains("1 of 97") && screen.contains("barbara.liskov") && !screen.contains("margaret"),
        "{screen}"
    );
    // `q` and `5` are letters now.
    console.keys("q");
    assert!(console.screen().contains("iskovq"), "{}", console.screen());
    console.keys("esc");
    assert!(console.screen().contains("margaret"));
    console.keys("/");
    let (plan, none) = filter_for(&mut console, "-e");
    assert!(none.is_empty());
    answer(&mut console, Answer::Filtered(plan, "-e".into(), none));
    assert!(console.screen().contains("nothing matches \"-e\""), "{}", console.screen());
}

/// Whoever knows an account by its user name or its department finds it in the plan by that.
#[test]
fn a_filter_finds_people_by_what_the_directory_knows_them_by() {
    let mut context = context();
    let upn = "g.hopper@contoso.example";
    let text = format!("grace hopper\n{upn}\nresearch");
    context.known.insert("grace".into(), Known { user_principal_name: Some(upn.into()), text });
    let model = Model::new(Arc::new(report(operations())), context);
    let of = |text: &str| -> Vec<String> {
        let found = model.filter(text);
        found.iter().map(|i| model.first(&model.entries[*i as usize]).unwrap().source_id.clone()).collect()
    };
    assert_eq!(of("g.hopper@"), ["grace"]);
    assert_eq!(of("RÉSEARCH hopper"), ["grace"], "case and diacritics do not count");
    assert!(of("research -grace").is_empty());
    assert!(!of("-research").is_empty() && !of("-research").contains(&"grace".to_owned()));
}

#[test]
fn n_goes_from_object_to_object_and_unfolds_what_is_in_the_way() {
    let mut console = shown(80, 24, "default");
    console.keys("g g");
    let names = |console: &Console| console.state.top().object();
    assert!(console.screen().contains("9 more"));
    let mut seen = Vec::new();
    for _ in 0..97 {
        console.keys("n").wait(0.2);
        let asked = console.take().into_iter().find_map(|effect| match effect {
            Effect::Query(Asked::Plan(Query::Detail(_, id))) => Some(id),
            _ => None,
        });
        seen.push(asked.unwrap_or_else(|| "grace".into()));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 97, "every object once");
    assert!(names(&console).is_some());
    let end = console.screen();
    console.keys("n");
    assert_eq!(console.screen(), end, "the end is the end");
    console.keys("N N N");
    assert!(!console.screen().contains("0 more"));
}

#[test]
fn enter_unfolds_a_class_and_opens_an_object() {
    let mut console = shown(80, 24, "default");
    console.keys("g g enter");
    assert!(!console.screen().contains("9 more") && console.screen().contains("zoe.03"), "{}", console.screen());
    console.keys("enter");
    assert!(console.screen().contains("9 more"), "{}", console.screen());
    console.keys("j enter");
    assert!(console.screen().lines().any(|l| l.contains("│▌") || l.contains("▌barbara")), "{}", console.screen());
    console.keys("esc");
    assert!(console.screen().contains("▌Changes"));
}

#[test]
fn what_cannot_be_done_leads_to_the_log() {
    let mut console = shown(160, 45, "default");
    console.keys("G");
    console.keys("k k");
    assert!(console.screen().contains("enter opens 4 Log on it"), "{}", console.screen());
    console.keys("enter");
    assert_eq!(console.state.view(), PageId::Log);
}

#[test]
fn applying_needs_write_mode_the_number_and_a_moment() {
    let mut console = shown(80, 24, "default");
    console.keys("A");
    assert!(console.screen().contains("write off"), "{}", console.screen());
    console.state.shared.write = WriteMode::Open;
    console.keys("A");
    console.take();
    assert!(console.screen().contains("apply 97 changes to flock, PROD"), "{}", console.screen());
    console.keys("\"97\" enter");
    assert!(asked(&mut console, |_| true).is_none(), "a held key confirms nothing");
    console.wait(0.6).keys("backspace \"6\" enter");
    assert!(asked(&mut console, |_| true).is_none());
    assert!(console.screen().contains("that is not it"));
    console.keys("backspace \"7\" enter");
    let wanted = |r: &Request| matches!(r, Request::Apply { only: None, fingerprint } if fingerprint.len() == 32);
    let ticket = asked(&mut console, wanted).expect("applied");
    assert!(!console.screen().contains("apply 97 changes"));
    console.keys("A");
    assert!(console.screen().contains("the plan is being applied"), "{}", console.screen());
    // Done: it is told, and planned again.
    let result = json!({ "counts": Counts { created: 12, updated: 83, disabled: 2, ..Counts::default() } });
    console.take();
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Answer(Told { exit_code: 0, result })))));
    assert!(console.screen().contains("applied: 12 created, 83 updated, 2 disabled"), "{}", console.screen());
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some());
}

#[test]
fn a_yes_that_comes_too_late_applies_nothing() {
    let mut console = shown(80, 24, "default");
    console.keys("W \"nig\" enter A").wait(301.0);
    console.take();
    console.keys("\"97\" enter");
    assert!(asked(&mut console, |_| true).is_none());
    assert!(console.screen().contains("nothing was written. W unlocks it"), "{}", console.screen());
}

#[test]
fn what_is_unlocked_is_this_plan_and_no_other() {
    let mut console = shown(80, 24, "default");
    console.keys("W");
    let screen = console.screen();
    assert!(screen.contains("Applying the plan that is shown") && screen.contains("No other plan"), "{screen}");
    console.keys("tab");
    assert!(console.screen().contains("applying any plan, provisioning anybody"), "{}", console.screen());
    console.keys("tab \"nig\" enter");
    assert!(console.screen().contains("WRITE plan"), "{}", console.screen());
    let again = |console: &mut Console, operations: Vec<Operation>| {
        console.take();
        console.keys("r");
        let ticket = asked(console, |r| matches!(r, Request::Plan)).unwrap();
        finish(console, ticket, report(operations), context());
    };
    // The same plan, made again, is the same plan.
    again(&mut console, operations());
    assert!(console.screen().contains("WRITE plan"), "{}", console.screen());
    let mut other = operations();
    other.pop();
    again(&mut console, other);
    let screen = console.screen();
    assert!(screen.contains("read-only") && screen.contains("this is another plan: write mode is off"), "{screen}");
    console.keys("A");
    assert!(console.screen().contains("write off"), "{}", console.screen());
}

#[test]
fn a_plan_that_was_applied_is_locked_again() {
    let mut console = shown(80, 24, "default");
    console.keys("W \"nig\" enter A").wait(0.6).keys("\"97\" enter");
    let ticket = asked(&mut console, |r| matches!(r, Request::Apply { .. })).unwrap();
    let result = json!({ "counts": Counts { updated: 83, ..Counts::default() } });
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Answer(Told { exit_code: 0, result })))));
    let screen = console.screen();
    assert!(
        screen.contains("applied: 83 updated; write mode is off again") && screen.contains("read-only"),
        "{screen}"
    );
}

#[test]
fn a_plan_that_moved_says_so_and_is_made_again() {
    let mut console = shown(80, 24, "default");
    console.state.shared.write = WriteMode::Open;
    console.keys("A").wait(0.6).keys("\"97\" enter");
    let ticket = asked(&mut console, |r| matches!(r, Request::Apply { .. })).unwrap();
    let error = "the directory moved: 3 objects differ; plan again (nothing was written)";
    let result = json!({ "error": error, "moved": { "differ": 3, "since": null } });
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Answer(Told { exit_code: 4, result })))));
    assert!(console.screen().contains("the directory moved: 3 objects differ"), "{}", console.screen());
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some());
}

#[test]
fn marked_objects_alone_are_applied() {
    let mut console = shown(80, 24, "default");
    console.state.shared.write = WriteMode::Open;
    console.keys("space space A");
    assert!(console.screen().contains("apply 2 marked changes to flock, PROD"), "{}", console.screen());
    console.wait(0.6).keys("\"2\" enter");
    let ids = console.take().into_iter().find_map(|effect| match effect {
        Effect::Desk(_, _, Request::Apply { only, .. }) => only,
        _ => None,
    });
    assert_eq!(ids, Some(vec!["grace".to_owned(), "u1".to_owned()]));
    // A heading marks all of its class, and again none.
    console.state.shared.write = WriteMode::Open;
    let mut console = shown(80, 24, "default");
    console.state.shared.write = WriteMode::Open;
    console.keys("g g space A");
    assert!(console.screen().contains("apply 12 marked changes"), "{}", console.screen());
    console.keys("esc").keys("space A");
    assert!(console.screen().contains("apply 97 changes"), "{}", console.screen());
}

#[test]
fn held_operations_are_decided_after_a_confirmation() {
    let mut console = held(80, 24);
    assert!(console.screen().contains("more than the threshold"), "{}", console.screen());
    console.keys(": \"release\"").wait(0.1).keys("enter");
    assert!(console.screen().contains("write off"), "{}", console.screen());
    console.keys("esc");
    console.state.shared.write = WriteMode::Open;
    console.keys(": \"release\"").wait(0.1).keys("enter");
    assert!(console.screen().contains("release 1 held operation"), "{}", console.screen());
    console.wait(0.6).keys("enter");
    assert!(asked(&mut console, |_| true).is_none(), "the default is no");
    console.keys(": \"release\"").wait(0.1).keys("enter").wait(0.6).keys("tab enter");
    let wanted =
        |r: &Request| matches!(r, Request::Decide { ids, release: true } if *ids == ["operation of d1".to_owned()]);
    let ticket = asked(&mut console, wanted).expect("released");
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Done(show("released"))))));
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some(), "what changed is planned again");
}

#[test]
fn planning_can_be_cancelled_and_asked_for_again() {
    let (mut console, ticket) = planning(80, 24, "default");
    console.keys("esc");
    assert!(console.take().iter().any(|e| matches!(e, Effect::Cancel(t) if *t == ticket)));
    console.wait(7.0);
    assert!(console.screen().contains("There is no plan"), "{}", console.screen());
    console.keys("r");
    assert!(asked(&mut console, |r| matches!(r, Request::Plan)).is_some());
    // A late answer to what was cancelled changes nothing.
    console.event(Event::Desk(ticket, News::Done(Ok(Reply::Plan(Box::new(report(operations())))))));
    assert!(!console.screen().contains("create 12"));
}

#[test]
fn coming_back_keeps_the_plan_and_asks_what_happened_since() {
    let mut console = shown(80, 24, "default");
    console.take();
    console.keys("1 5");
    let effects = console.take();
    assert!(!effects.iter().any(|e| matches!(e, Effect::Desk(..))), "{effects:?}");
    assert!(effects.iter().any(|e| matches!(e, Effect::Query(Asked::Plan(Query::Since(_))))), "{effects:?}");
    assert!(console.screen().contains("update 83"));
}

#[test]
fn m_opens_the_rule_and_y_and_x_take_along() {
    let mut console = shown(80, 24, "default");
    let page = console.state.top();
    let items = page.copies(&console.state.shared);
    let text = |what: &str| items.iter().find(|i| i.what == what).map(|i| i.text.clone()).unwrap();
    assert_eq!(text("id"), "grace");
    assert!(text("row").contains("displayName: Grace Murray → Grace Hopper"), "{items:?}");
    assert_eq!(text("command"), "heeler plan");
    let export = page.export(&console.state.shared).unwrap();
    let plan: Value = serde_json::from_str(&export.text).unwrap();
    assert_eq!((plan["operations"].as_array().unwrap().len(), plan["plan"].as_str().unwrap().len()), (98, 32));
    console.keys("m");
    assert_eq!(console.state.view(), PageId::Mapping);
}

#[test]
fn a_plan_is_written_out_when_it_is_asked_for() {
    let (mut console, ticket) = planning(80, 24, "default");
    console.keys("x");
    assert!(console.screen().contains("nothing to export here"), "{}", console.screen());
    assert!(!console.state.top().can_export());
    finish(&mut console, ticket, report(operations()), context());
    assert!(console.state.top().can_export());
    console.take();
    console.keys("x");
    let effects = console.take();
    assert!(matches!(effects.as_slice(), [Effect::Export(export)] if export.name == "plan"), "{effects:?}");
}

#[test]
fn hostile_names_are_shown_clean() {
    let (mut console, ticket) = planning(160, 45, "default");
    let name = "Eve\u{1b}[31m\u{202e}x\nsecond line";
    let changes =
        vec![change("title", json!("a\u{7}b"), json!(name)), change("evil\u{1b}]0;x\u{7}", json!(null), json!(1))];
    finish(&mut console, ticket, report(vec![operation(Verb::Update, "eve", name, changes)]), context());
    let screen = console.screen();
    assert!(!screen.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{screen:?}");
    assert!(screen.contains("Eve"));
}

#[test]
fn the_last_cycle_is_the_last_one_also_while_the_plan_stays() {
    let mut console = shown(160, 45, "default");
    assert!(console.screen().contains(", 31 changes"), "{}", console.screen());
    let last_cycle = Some((noon() - SignedDuration::from_secs(5), 7));
    answer(&mut console, Answer::Since(Since { changed: 7, last_cycle }));
    let screen = console.screen();
    assert!(screen.contains(", 7 changes") && !screen.contains("31 changes"), "{screen}");
}

#[test]
fn no_counter_is_cut() {
    for width in [60, 64, 72, 80, 120, 160] {
        let console = shown(width, 16, "default");
        let screen = console.screen();
        let counters = screen.lines().find(|line| line.contains("create 12")).unwrap_or_default().to_owned();
        assert!(counters.contains("disable 2") && counters.trim_end().ends_with("cannot 60"), "{width}: {screen}");
    }
}

#[test]
fn reasons_that_differ_in_values_only_are_one() {
    let (mut console, ticket) = planning(80, 24, "default");
    let mut all: Vec<Operation> =
        (0..48).map(|n| operation(Verb::Create, &format!("c{n}"), &format!("Zoe {n}"), Vec::new())).collect();
    for (n, created) in all.iter_mut().enumerate() {
        created.reason = format!("in scope; no account fits userName \"zoe.{n}@contoso.example\"");
    }
    finish(&mut console, ticket, report(all), context());
    console.keys("g g");
    let screen = console.screen();
    assert!(screen.contains("48  in scope; no account fits userName …"), "{screen}");
    assert!(!screen.contains("zoe.1@"), "{screen}");
}

#[test]
fn hints_are_about_what_can_be_done() {
    let mut console = shown(80, 24, "default");
    assert!(
        console.screen().contains("W unlock write") && !console.screen().contains("A apply"),
        "{}",
        console.screen()
    );
    console.keys("W \"nig\" enter").wait(6.0);
    assert!(console.screen().contains("A apply") && !console.screen().contains("W unlock"), "{}", console.screen());
    let (mut console, ticket) = planning(80, 24, "default");
    finish(&mut console, ticket, report(Vec::new()), Context::default());
    let screen = console.screen();
    assert!(screen.contains("r plan again"), "{screen}");
    for absent in ["enter open", "n next", "A apply", "W unlock", "space mark"] {
        assert!(!screen.contains(absent), "{absent}: {screen}");
    }
}
