//! Another `heeler` beside the console: it watches live, and what it asks for reaches the one that runs the job.

use super::common::{Sandbox, Setup, wait_until};
use super::pty::Start;
use heeler::store::Store;

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

/// A console that took the job over from a service does not lock it out when it comes back.
#[test]
fn a_service_waits_for_the_console_and_has_the_job_when_it_is_closed() {
    let sandbox = Sandbox::serve(&["--users", "20", "--groups", "2"]);
    let home = Setup::of(&sandbox).line("interval = \"5s\"").home();
    let mut term = Start::configured(&home).start();
    wait_until("the console's first cycle", || !sandbox.app("Users").is_empty());
    let mut service = home.start(&["run"]);
    let holder = || -> String {
        let store = Store::open_read_only(&Store::file_of(&home.data, "main").unwrap()).unwrap();
        store
            .read(|c| Ok(c.query_row("SELECT command FROM lease WHERE held = 1", [], |row| row.get(0))?))
            .unwrap_or_default()
    };
    assert_eq!(holder(), "heeler");
    term.wait_for("live");
    assert!(service.alive(), "it gave up");
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
    wait_until("the service has the job", || holder() == "heeler run");
    let id = sandbox.create_user("Late", "Comer");
    sandbox.assign(&id);
    wait_until("a cycle of the service", || sandbox.account(&id).is_some());
    service.signal(rustix::process::Signal::TERM);
    service.finish().code(143).says(&["a console runs it"]);
}
