//! What the console writes, checked where it was written: in the configuration file, in the directory, in the app.

use super::common::{Home, Sandbox, Setup, text, wait_until};
use super::pty::{Start, Term};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// A sandbox in a process of its own, and a job on it that is in production: the console opens read-only.
fn stage(lines: &[&str]) -> (Sandbox, Home, Term) {
    let sandbox = Sandbox::serve(&["--users", "30"]);
    sandbox.no_faults();
    let mut setup = Setup::of(&sandbox).line("environment = \"live\" # ours");
    for line in lines {
        setup = setup.line(line);
    }
    let home = setup.home();
    let term = Start::configured(&home).start();
    term.ready();
    (sandbox, home, term)
}

/// Keys that come together are a paste, and for a moment after one no key counts.
const APART: Duration = Duration::from_millis(120);

/// Presses keys one by one, each when what the one before did is drawn.
fn press(term: &mut Term, keys: &str) {
    for key in keys.split(' ') {
        term.quiet_for(APART);
        term.key(key);
    }
    term.quiet_for(APART);
}

/// Unlocks writing from a page about the job.
fn unlock(term: &mut Term) {
    term.wait_for("read-only");
    press(term, "W");
    term.wait_for("type the first 3 letters");
    press(term, "m a i enter");
    term.wait_for("WRITE");
}

/// Says yes to a question. Enter does nothing in its first moments, so it is pressed until the question is gone.
fn agree(term: &mut Term) {
    term.wait_for("nothing written");
    press(term, "tab");
    while term.contents().contains("nothing written") {
        press(term, "enter");
    }
}

#[test]
fn settings_are_saved_into_the_file_and_the_job_follows() {
    let (sandbox, home, mut term) = stage(&["interval = \"5s\"", "groups = false   # people only"]);
    wait_until("people are provisioned", || !sandbox.app("Users").is_empty());
    assert!(sandbox.app("Groups").is_empty());
    let before = std::fs::read_to_string(&home.config).unwrap();

    press(&mut term, "o");
    term.wait_for("deletion threshold");
    press(&mut term, "j j j j j space j enter");
    term.types("400");
    press(&mut term, "enter");
    term.wait_for("2 changes, not saved");
    // Nothing is written while writing is off.
    press(&mut term, "A");
    term.wait_for("write off");
    unlock(&mut term);
    press(&mut term, "A");
    term.wait_for("save 2 changes of main");
    term.wait_for("off → on");
    assert_eq!(std::fs::read_to_string(&home.config).unwrap(), before);
    agree(&mut term);
    term.wait_for("saved: groups from off to on");
    let after = std::fs::read_to_string(&home.config).unwrap();
    // The new key stands behind the one that comes before it in the example.
    let expected = before
        .replace("groups = false ", "groups = true ")
        .replace("interval = \"5s\"\n", "interval = \"5s\"\ndeletion_threshold = 400\n");
    assert_eq!(after, expected);
    home.run(&["config", "check"]).ok();
    wait_until("the app has groups", || !sandbox.app("Groups").is_empty());
    // The screen follows the file, whoever changes it.
    home.run(&["stop"]).ok();
    term.wait_for(" off · ");
    home.run(&["start"]).ok();
    term.wait_for("live · ");
    std::fs::write(&home.config, after.replace("live", "trial").replace("[jobs", "[job s")).unwrap();
    term.wait_for("this is not TOML");
    std::fs::write(&home.config, after.replace("live", "trial")).unwrap();
    term.wait_for("flock   trial");
    term.nothing_odd();
}

#[test]
fn a_token_goes_into_a_file_and_never_to_the_terminal() {
    let (sandbox, home, mut term) = stage(&["enabled = false"]);
    let token = sandbox.get("scim_token").to_owned();
    let start = term.start();
    press(&mut term, "o");
    term.wait_for("secret token");
    press(&mut term, "G enter");
    term.wait_for("it is not shown");
    term.raw(format!("\x1b[200~{token}\n\x1b[201~").as_bytes());
    term.wait_for("********");
    press(&mut term, "enter");
    term.wait_for("a new token, not saved yet");
    unlock(&mut term);
    press(&mut term, "A");
    term.wait_for("The new token is kept in");
    agree(&mut term);
    term.wait_for("saved: secret token");
    let file = home.data.join("secrets/main");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), token);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let config = std::fs::read_to_string(&home.config).unwrap();
    assert!(config.contains(&format!("{{ file = {:?} }}", file.to_str().unwrap())), "{config}");
    // It is the one that is used.
    std::fs::write(home.folder.path().join("scim-token"), "of no use any more").unwrap();
    press(&mut term, "t");
    term.wait_for("Both sides answer");
    let sent = String::from_utf8_lossy(&term.since(start).bytes).into_owned();
    assert!(!sent.contains(&token) && !config.contains(&token));
    for file in home.databases() {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(token.len()).any(|w| w == token.as_bytes()), "{}", file.display());
    }
}

#[test]
fn somebody_is_assigned_and_taken_away_again() {
    let (sandbox, _home, mut term) = stage(&["interval = \"5s\""]);
    let id = sandbox.create_user("Zenobia", "Quill");
    let assigned = || sandbox.assignments().iter().any(|a| a["principalId"] == id.as_str());
    assert!(!assigned());
    press(&mut term, "a esc /");
    term.types("zenobia");
    // The next cycle reads her.
    term.wait_for("› ");
    term.wait_for("Zenobia Quill");
    press(&mut term, "enter");
    term.wait_for("▌Roles");
    term.wait_for("User");
    // For her, and for nobody else.
    term.wait_for("writing for this user, for 5 minutes");
    press(&mut term, "W");
    term.wait_for("type the first 3 letters");
    press(&mut term, "z e n enter");
    term.wait_for("WRITE zenobia.quill");
    press(&mut term, "enter");
    term.wait_for("assign Zenobia Quill");
    assert!(!assigned());
    agree(&mut term);
    term.wait_for("assigned");
    wait_until("the directory has the assignment", assigned);
    wait_until("the app has the account", || {
        sandbox.app("Users").iter().any(|user| text(user, "userName").starts_with("zenobia.quill"))
    });
    term.wait_for("✓");
    press(&mut term, "enter");
    term.wait_for("take away from Zenobia Quill");
    agree(&mut term);
    wait_until("the directory has it no more", || !assigned());
    let active = || {
        let users = sandbox.app("Users");
        let user = users.iter().find(|user| text(user, "userName").starts_with("zenobia.quill"));
        user.is_some_and(|user| user["active"] == true)
    };
    wait_until("the account is off", || !active());
    term.nothing_odd();
}

#[test]
fn one_person_is_provisioned_step_by_step_and_the_app_has_them() {
    let (sandbox, _home, mut term) = stage(&["enabled = false"]);
    // Nobody has been provisioned: the job is off. The directory is read by the dry run of the plan.
    press(&mut term, "5");
    term.wait_for("+ create");
    assert!(sandbox.app("Users").is_empty());
    press(&mut term, "j");
    // The title of the detail stands beside the title of the list, wherever the guards leave room for them.
    let titles = term.contents().lines().find(|line| line.contains("Changes")).map(str::to_owned).unwrap_or_default();
    let name = titles.split_once('│').map(|(_, right)| right.trim().to_owned()).unwrap_or_default();
    press(&mut term, "p");
    term.wait_for("Provision one");
    term.wait_for("dry run");
    term.wait_for("Press W to unlock writing");
    assert!(sandbox.app("Users").is_empty(), "a dry run writes nothing");
    // Going on without having unlocked writes nothing either.
    press(&mut term, "enter");
    assert!(sandbox.app("Users").is_empty(), "nothing is written while writing is off");
    press(&mut term, "W");
    term.wait_for("type the first 3 letters");
    let letters: Vec<String> = name.chars().take(3).map(String::from).collect();
    press(&mut term, &letters.join(" "));
    press(&mut term, "enter");
    term.wait_for("WRITE");
    press(&mut term, "enter");
    agree(&mut term);
    wait_until("the app has one account", || sandbox.app("Users").len() == 1);
    let account = sandbox.app("Users").remove(0);
    let shown = text(&account, "userName").to_owned();
    let begin: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(shown.to_lowercase().starts_with(&begin.to_lowercase()), "{shown} was provisioned, not {name}");
    term.wait_for("Verify");
    term.nothing_odd();
}

/// A plan over everybody, unlocked, and the question how many changes it has: the number.
fn ask_to_apply(term: &mut Term) -> String {
    press(term, "5");
    term.wait_for("+ create");
    press(term, "A");
    term.wait_for("write off");
    unlock(term);
    press(term, "A");
    term.wait_for("type the number of changes to go on");
    let shown = term.contents();
    shown.split("apply ").find_map(|rest| rest.split_once(" changes to flock")).expect("a number").0.to_owned()
}

/// Types into the question and says yes. Enter does nothing in its first moments.
fn answer(term: &mut Term, text: &str) {
    term.let_pass(Duration::from_millis(600));
    term.types(text);
    press(term, "enter");
}

#[test]
fn a_plan_is_applied_when_its_number_was_typed() {
    let (sandbox, _home, mut term) = stage(&["enabled = false"]);
    let number = ask_to_apply(&mut term);
    answer(&mut term, &format!("{number}0"));
    term.wait_for("that is not it; nothing was written");
    assert!(sandbox.app("Users").is_empty(), "a wrong number writes nothing");
    press(&mut term, "esc A");
    term.wait_for("type the number of changes to go on");
    answer(&mut term, &number);
    let all = || sandbox.app("Users").len() + sandbox.app("Groups").len();
    let wanted: usize = number.parse().unwrap();
    wait_until("everybody in the plan has an account", || all() >= wanted);
    assert_eq!(all(), wanted, "what was counted was made, and nothing else");
    let scope = super::common::Directory::read(&sandbox).in_scope(true);
    assert!(!scope.is_empty() && scope.iter().all(|id| sandbox.account(id).is_some()));
    term.wait_gone("+ create");
    term.nothing_odd();
}

#[test]
fn a_plan_is_not_applied_when_the_directory_has_moved() {
    let (sandbox, _home, mut term) = stage(&["enabled = false"]);
    let number = ask_to_apply(&mut term);
    let scope = super::common::Directory::read(&sandbox).in_scope(true);
    let one = scope.first().expect("somebody in scope");
    sandbox.patch_user(one, &serde_json::json!({"displayName": "Somebody Else"}));
    answer(&mut term, &number);
    term.wait_for("the directory moved");
    assert!(sandbox.app("Users").is_empty() && sandbox.app("Groups").is_empty(), "nothing is written");
    assert_eq!(sandbox.requests().app_writes(), 0);
    term.nothing_odd();
}
