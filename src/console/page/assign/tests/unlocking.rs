//! Who may be assigned while writing is off, unlocked for one, or no longer unlocked.

use super::*;

#[test]
fn nothing_is_asked_while_writing_is_off() {
    let mut stage = stage(80, 24, "default", false);
    stage.console.keys("\"grace\" enter");
    assert!(stage.console.screen().contains("Press W to unlock"), "{}", stage.console.screen());
    stage.console.keys("enter");
    assert!(stage.console.screen().contains("write off"), "{}", stage.console.screen());
    assert_eq!(stage.console.state.top().id(), PageId::Assign);
}

/// Unlocked is who was selected when it was unlocked, whatever is selected later.
#[test]
fn writing_is_unlocked_for_one_and_for_nobody_else() {
    let mut stage = stage(80, 24, "default", false);
    stage.console.keys("\"grace\" enter W \"gra\" enter");
    let screen = stage.console.screen();
    assert!(screen.contains("WRITE grace ") && !screen.contains("Press W to unlock"), "{screen}");
    stage.console.keys("j enter");
    assert!(stage.console.screen().contains("assign Grace Hopper"), "{}", stage.console.screen());
    stage.console.keys("esc esc / ctrl-u \"ada\" enter");
    let screen = stage.console.screen();
    assert!(screen.contains("writing for this user, for 5 minutes."), "{screen}");
    stage.console.keys("enter");
    assert!(stage.console.screen().contains("unlocked for another"), "{}", stage.console.screen());
    assert!(stage.asked().is_empty());
}

#[test]
fn a_yes_that_comes_too_late_assigns_nobody() {
    let mut stage = stage(80, 24, "default", true);
    stage.console.keys("\"grace\" enter j enter").wait(301.0).keys("tab enter");
    assert!(stage.asked().is_empty());
    assert!(stage.console.screen().contains("nothing was written. W unlocks it"), "{}", stage.console.screen());
}
