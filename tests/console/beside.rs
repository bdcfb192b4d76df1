//! Another `heeler` beside the console: it watches live, and what it asks for reaches the one that runs the job.

use super::common::{Sandbox, Setup, wait_until};
use super::pty::Start;

#[test]
fn a_second_console_watches_and_its_command_reaches_the_first() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "2"]);
    let home = Setup::of(&sandbox).home();
    let mut first = Start::configured(&home).start();
    first.ready();
    wait_until("the first cycle has made accounts", || !sandbox.app("Users").is_empty());
    first.wait_for("live");
    let mut second = Start::configured(&home).size(160, 45).start();
    second.ready();
    second.wait_for("watching");
    // Both show the same job; the second asks for a cycle, the first runs it.
    let joiner = sandbox.create_user("Maryam", "Mirzakhani");
    sandbox.assign(&joiner);
    assert!(sandbox.account(&joiner).is_none());
    second.unlock("main");
    second.key(":");
    second.types("run a cycle");
    second.key("enter");
    second.confirm("run it");
    wait_until("the joiner has an account", || sandbox.account(&joiner).is_some());
    // The watcher sees it without asking.
    second.key("2");
    second.key("/");
    second.types("mirzakhani");
    second.wait_for("mirzakhani@");
    first.keys("ctrl-c ctrl-c");
    assert_eq!(first.exit(), 0);
    second.wait_gone("watching");
    second.keys("ctrl-c ctrl-c");
    assert_eq!(second.exit(), 0);
}
