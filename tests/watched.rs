//! What somebody beside the engine sees and asks for: progress, health, a plan that is applied as it was shown, one
//! object step by step, and a stop.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Home, Sandbox, Setup, faults, text, wait_until};
use heeler::config::{JobConfig, Profile, process_env};
use heeler::engine::{self, Answer, Ask, Asked, ConnectionNews, Engine, InApp, Lease, do_it};
use heeler::model::{CycleState, ObjectType, Side, SideState};
use heeler::scim::client::Exchange;
use heeler::store::{Store, cycles, job as job_table};
use heeler::sync::CycleScope;
use heeler::sync::cycle::CycleReport;
use heeler::sync::project::{ObjectRules, Subject};
use heeler::sync::trace::{Stage, StepState, Trace};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn config(home: &Home) -> JobConfig {
    Profile::load(&home.config).unwrap().job("main").unwrap().clone()
}

fn store(home: &Home) -> Store {
    Store::open(&Store::file_of(&home.data, "main").unwrap()).unwrap()
}

/// The job in the hand of this process.
struct Hand {
    runtime: tokio::runtime::Runtime,
    engine: Option<Engine>,
}

impl Hand {
    fn take(home: &Home) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (store, cancel) = (store(home), CancellationToken::new());
        // In a task: assembling blocks its thread.
        let (config, job) = (config(home), store.clone());
        let opening = runtime.spawn(async move {
            let lease = Lease::take(&job, "test", cancel.clone()).await.unwrap();
            Engine::open(&config, &process_env, &job, lease, cancel, None).await.unwrap()
        });
        let engine = Some(runtime.block_on(opening).unwrap());
        Self { runtime, engine }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn ask(&self, what: &Ask) -> Answer {
        self.runtime.block_on(do_it(self.engine(), what)).unwrap()
    }

    fn cycle(&self, initial: bool, dry_run: bool) -> CycleReport {
        self.runtime.block_on(self.engine().cycle(initial, CycleScope::Everyone, dry_run)).unwrap()
    }

    fn plan(&self) -> CycleReport {
        let report = self.cycle(false, true);
        assert!(report.fatal.is_none(), "{:?}", report.fatal);
        report
    }

    fn apply(&self, report: &CycleReport, only: Option<Vec<String>>) -> Answer {
        let fingerprint = report.plan.as_ref().unwrap().fingerprint.clone();
        self.ask(&Ask::Apply { fingerprint, only })
    }

    fn provision(&self, id: &str, dry_run: bool, skip: &[&str]) -> (Answer, Trace) {
        let skip = skip.iter().map(|s| (*s).to_owned()).collect();
        let answer = self.ask(&Ask::Provision { object_type: ObjectType::User, id: id.into(), dry_run, skip });
        let trace = answer.trace().unwrap_or_else(|| panic!("no steps in {}", answer.result));
        (answer, trace)
    }

    fn read_app(&self, rules: &ObjectRules, subject: &Subject) -> InApp {
        self.runtime.block_on(engine::read_app(&self.engine().job.scim, rules, subject)).unwrap().unwrap()
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            let _ = self.runtime.block_on(engine.close());
        }
    }
}

fn state(trace: &Trace, stage: Stage) -> (StepState, &str) {
    let step = trace.steps.iter().find(|s| s.stage == stage).unwrap();
    (step.state, step.evidence.as_str())
}

fn writes(trace: &Trace) -> Vec<&Exchange> {
    trace.requests.iter().filter(|e| !e.is_read()).collect()
}

#[test]
fn another_process_sees_how_far_a_cycle_is() {
    let sandbox = Sandbox::serve(&["--users", "60", "--groups", "4", "--seed", "3"]);
    let home = Setup::of(&sandbox).home();
    home.sync();
    sandbox.faults(&faults::rules(&[
        faults::latency("graph", "GET", "/users/delta", 400),
        faults::latency("scim", "GET", "/Users", 100),
    ]));
    let running = home.start(&["sync", "--initial", "--json"]);
    let beside = store(&home);
    let mut phases: Vec<String> = Vec::new();
    wait_until("the end of the cycle", || {
        let found = beside.read(|c| {
            let Some(cycle) = cycles::latest(c)?.filter(|c| c.state == CycleState::Running) else { return Ok(None) };
            cycles::progress(c, &cycle.id)
        });
        if let Some(progress) = found.unwrap() {
            assert!(progress.total.is_none_or(|total| progress.done <= total), "{progress:?}");
            if progress.phase == "reading users" {
                assert!(progress.total.is_some_and(|total| total >= 60), "it knows about how many: {progress:?}");
            }
            if !progress.phase.is_empty() && phases.last() != Some(&progress.phase) {
                phases.push(progress.phase);
            }
        }
        !phases.is_empty() && beside.read(cycles::latest).unwrap().is_some_and(|c| c.ended_at.is_some())
    });
    assert!(phases.iter().any(|p| p.contains("the app")), "{phases:?}");
    running.finish().ok();
    assert!(phases.iter().any(|p| p == "reading users"), "{phases:?}");
    let last = beside.read(cycles::latest).unwrap().unwrap();
    let after = beside.read(|c| cycles::progress(c, &last.id)).unwrap().unwrap();
    assert_eq!((after.phase.as_str(), after.total), ("", None), "an ended cycle has no progress");
}

#[test]
fn both_sides_have_a_health_that_outlives_the_process() {
    let sandbox = Sandbox::serve(&["--users", "12", "--groups", "2", "--seed", "4"]);
    let home = Setup::of(&sandbox).line("interval = \"40m\"").home();
    home.sync();
    let health = || store(&home).read(job_table::health).unwrap();
    let well = health();
    for side in [Side::Directory, Side::App] {
        let found = well.of(side).unwrap_or_else(|| panic!("{side:?} unknown in {well:?}"));
        assert_eq!((found.state, found.failed_attempts), (SideState::Ready, 0), "{found:?}");
        assert!(found.last_contact.is_some() && found.median_ms <= found.p95_ms && found.since.is_none(), "{found:?}");
    }
    // The app says no to everything: refused; the directory is fine.
    sandbox.faults(&faults::rules(&[faults::status("scim", "GET", "/Users", 401)]));
    home.run(&["test", "--json"]).code(3);
    let app = health().app.unwrap();
    assert_eq!((app.state, app.failed_attempts), (SideState::Refused, 1), "{app:?}");
    assert_eq!(health().directory.unwrap().state, SideState::Ready);
    // And nobody is there at all.
    sandbox.no_faults();
    let contact = health().directory.unwrap().last_contact;
    sandbox.kill();
    for attempt in [1, 2] {
        home.run(&["sync", "--json"]).code(3);
        let found = health().directory.unwrap();
        assert_eq!((found.state, found.failed_attempts), (SideState::Offline, attempt), "{found:?}");
        assert_eq!(found.last_contact, contact, "that was before");
        assert!(found.error.as_deref().is_some_and(|e| e.contains("refused")), "{found:?}");
        assert!(found.next_attempt.is_some() && found.since.is_some(), "{found:?}");
        assert_eq!(health().app.unwrap().state, SideState::Refused, "the app was not tried");
    }
    let found = serde_json::to_string(&health()).unwrap();
    let secrets = std::fs::read_to_string(home.folder.path().join("scim-token")).unwrap();
    assert!(!found.contains(secrets.trim()), "{found}");
}

#[test]
fn a_plan_is_applied_as_it_was_shown_or_not_at_all() {
    let sandbox = Sandbox::serve(&["--users", "20", "--groups", "3", "--seed", "5"]);
    let home = Setup::of(&sandbox).home();
    let hand = Hand::take(&home);
    let first = hand.plan();
    let again = hand.plan();
    assert_eq!(first.plan.as_ref().unwrap().fingerprint, again.plan.as_ref().unwrap().fingerprint);
    assert!(!first.operations.is_empty());

    // Somebody is hired meanwhile: nothing is written, and it is said how much differs.
    let newcomer = sandbox.create_user("Late", "Comer");
    sandbox.assign(&newcomer);
    let before = store(&home).read(|c| cycles::list(c, 10, None)).unwrap().len();
    let answer = hand.apply(&again, None);
    assert_eq!(answer.exit_code, 4, "{}", answer.result);
    let moved = answer.moved().unwrap();
    assert!(moved.differ.is_some_and(|n| n >= 1) && moved.since.is_some(), "{moved:?}");
    assert!(text(&answer.result, "error").contains("plan again"), "{}", answer.result);
    assert!(sandbox.app("Users").is_empty(), "something was written");
    assert_eq!(store(&home).read(|c| cycles::list(c, 10, None)).unwrap().len(), before, "there was no cycle");

    // Marked objects only, then the rest.
    let shown = hand.plan();
    let chosen = shown.operations.iter().find(|o| o.source_id == newcomer).unwrap().source_id.clone();
    let answer = hand.apply(&shown, Some(vec![chosen]));
    assert_eq!((answer.exit_code, &answer.result["counts"]["created"]), (0, &json!(1)), "{}", answer.result);
    assert_eq!(sandbox.app("Users").len(), 1);
    assert!(sandbox.account(&newcomer).is_some());
    let rest = hand.plan();
    assert_eq!(rest.operations.iter().filter(|o| o.source_id == newcomer && o.verb.as_str() == "create").count(), 0);
    let answer = hand.apply(&rest, None);
    assert_eq!(answer.exit_code, 0, "{}", answer.result);
    let left = hand.plan();
    assert!(left.operations.is_empty(), "{:?}", left.operations);
    // A plan from before is not applied a second time.
    let stale = hand.apply(&rest, None);
    assert_eq!((stale.exit_code, stale.moved().unwrap().differ), (4, None), "{}", stale.result);
}

#[test]
fn guards_hold_back_from_an_approved_plan_too() {
    let sandbox = Sandbox::serve(&["--users", "20", "--groups", "2", "--seed", "6"]);
    let home = Setup::of(&sandbox).line("deletion_threshold = 1").home();
    home.sync();
    for assignment in sandbox.assignments().iter().skip(1) {
        sandbox.unassign(text(assignment, "principalId"));
    }
    let hand = Hand::take(&home);
    let shown = hand.plan();
    assert!(shown.cycle.counts.held > 1, "{:?}", shown.cycle.counts);
    let active = sandbox.app("Users").iter().filter(|u| u["active"] == true).count();
    let marked = shown.operations.iter().map(|o| o.source_id.clone()).collect();
    let answer = hand.apply(&shown, Some(marked));
    assert_eq!(answer.exit_code, 4, "{}", answer.result);
    assert!(answer.moved().is_none() && answer.result["counts"]["held"].as_u64() > Some(1), "{}", answer.result);
    assert_eq!(sandbox.app("Users").iter().filter(|u| u["active"] == true).count(), active);
}

#[test]
fn one_person_step_by_step() {
    let sandbox = Sandbox::serve(&["--users", "5", "--groups", "1", "--seed", "7"]);
    let home = Setup::of(&sandbox).home();
    let ada = sandbox.create_user("Ada", "Lovelace");
    let hand = Hand::take(&home);

    // Not assigned: it ends at the scope.
    let (_, trace) = hand.provision(&ada, true, &[]);
    assert_eq!(state(&trace, Stage::Read).0, StepState::Done, "{trace:#?}");
    assert_eq!(state(&trace, Stage::Scope), (StepState::Skipped, "not assigned to the app"));
    assert_eq!(state(&trace, Stage::Plan).0, StepState::Waiting);

    sandbox.assign(&ada);
    let (answer, trace) = hand.provision(&ada, true, &[]);
    assert_eq!(answer.exit_code, 0);
    assert!(state(&trace, Stage::Read).1.contains("attributes"), "{trace:#?}");
    assert!(state(&trace, Stage::Match).1.contains("eq \"ada.lovelace@"), "{trace:#?}");
    assert!(state(&trace, Stage::Plan).1.starts_with("create: "), "{trace:#?}");
    assert_eq!(state(&trace, Stage::Write).0, StepState::Waiting);
    let planned = writes(&trace);
    assert_eq!(planned.len(), 1, "{trace:#?}");
    assert!(planned[0].method == "POST" && planned[0].path.ends_with("/Users") && planned[0].status.is_none());
    let name = trace.changes.iter().find(|c| c.attribute == "userName").unwrap();
    assert!(name.rule.number.is_some() && !name.rule.source.is_empty(), "{name:?}");
    assert!(sandbox.app("Users").is_empty(), "a dry run wrote something");

    // For real, without the title.
    let (answer, trace) = hand.provision(&ada, false, &["title"]);
    assert_eq!(answer.exit_code, 0, "{}", answer.result);
    let sent = writes(&trace);
    assert!(sent.iter().all(|e| e.status.is_some()) && sent[0].status == Some(201), "{trace:#?}");
    assert!(sent[0].response.as_ref().is_some_and(|r| r["id"].is_string()), "{trace:#?}");
    assert_eq!(state(&trace, Stage::Write).0, StepState::Done);
    assert_eq!(state(&trace, Stage::Verify).0, StepState::Done, "{trace:#?}");
    assert_eq!(trace.skipped, ["title"]);
    assert!(trace.changes.iter().all(|c| c.attribute != "title"));
    assert!(sandbox.account(&ada).unwrap().get("title").is_none(), "the title was to be left out");
    let said = answer.result.to_string();
    assert!(!said.contains(sandbox.get("scim_token")) && !said.contains("Bearer"), "{said}");

    // What was left out is written by the next one; the rest is unchanged.
    let (_, trace) = hand.provision(&ada, true, &[]);
    let changed: Vec<&str> = trace.changes.iter().map(|c| c.attribute.as_str()).collect();
    assert_eq!(changed, ["title"], "{trace:#?}");
    assert!(trace.unchanged.iter().any(|u| u.attribute == "userName"), "{trace:#?}");
    let body = writes(&trace)[0].body.clone().unwrap();
    assert!(writes(&trace)[0].method == "PATCH" && body["Operations"][0]["path"] == "title", "{body}");
    assert!(state(&trace, Stage::Match).1.starts_with("linked to "), "{trace:#?}");

    // The app says what it holds.
    let (rules, _) = engine::rules_of(&config(&home)).unwrap();
    let scope = engine::scope_rules(&config(&home));
    let explained = store(&home)
        .read(|c| {
            heeler::sync::explain::explain(c, ObjectType::User, &ada, &rules, scope, &hand.engine().job.context())
        })
        .unwrap()
        .unwrap();
    let held = hand.read_app(&rules.users, &explained.subject);
    assert_eq!(Some(held.target_id.as_str()), explained.subject.link.as_ref().map(|l| l.target_id.as_str()));
    assert!(held.value("userName").and_then(Value::as_str).is_some_and(|v| v.starts_with("ada.lovelace@")));
    assert_eq!(held.value("title"), None);
    let mut unlinked = explained.subject.clone();
    unlinked.link = None;
    let matched = hand.read_app(&rules.users, &unlinked);
    assert_eq!(matched.target_id, held.target_id);
}

#[test]
fn a_value_that_was_refused_before_is_a_warning() {
    let sandbox = Sandbox::serve(&["--users", "5", "--groups", "1", "--seed", "11"]);
    let home = Setup::of(&sandbox).home();
    let ada = sandbox.create_user("Ada", "Lovelace");
    sandbox.assign(&ada);
    let hand = Hand::take(&home);
    let (_, trace) = hand.provision(&ada, false, &[]);
    assert!(trace.warnings.is_empty(), "{trace:#?}");
    sandbox.patch_user(&ada, &json!({ "jobTitle": "Countess" }));
    sandbox.faults(&faults::rules(&[faults::status("scim", "PATCH", "/Users", 400)]));
    let (answer, _) = hand.provision(&ada, false, &[]);
    assert_eq!(answer.exit_code, 1, "{}", answer.result);
    sandbox.no_faults();
    let (_, trace) = hand.provision(&ada, true, &[]);
    let [warning] = trace.warnings.as_slice() else { panic!("{trace:#?}") };
    assert!(warning.attribute == "title" && warning.words.contains("refused once before"), "{warning:?}");
    assert!(state(&trace, Stage::Plan).1.ends_with("1 warning"), "{trace:#?}");
    // Another value is another matter.
    sandbox.patch_user(&ada, &json!({ "jobTitle": "Analyst" }));
    let (_, trace) = hand.provision(&ada, true, &[]);
    assert!(trace.warnings.is_empty(), "{trace:#?}");
}

#[test]
fn a_step_that_fails_is_named_and_ends_the_rest() {
    let sandbox = Sandbox::serve(&["--users", "5", "--groups", "1", "--seed", "8"]);
    let home = Setup::of(&sandbox).home();
    let ada = sandbox.create_user("Ada", "Lovelace");
    sandbox.assign(&ada);
    let hand = Hand::take(&home);
    sandbox.faults(&faults::rules(&[faults::status("scim", "POST", "/Users", 400)]));
    let (answer, trace) = hand.provision(&ada, false, &[]);
    assert_eq!(answer.exit_code, 1, "{}", answer.result);
    assert_eq!(state(&trace, Stage::Write).0, StepState::Failed, "{trace:#?}");
    assert_eq!(state(&trace, Stage::Verify).0, StepState::Waiting);
    assert_eq!(writes(&trace)[0].status, Some(400), "{trace:#?}");
    sandbox.no_faults();
    // A directory that is not there ends it at the first step.
    sandbox.faults(&faults::rules(&[faults::status("graph", "GET", "/servicePrincipals", 403)]));
    let (answer, trace) = hand.provision(&ada, true, &[]);
    assert_eq!(answer.exit_code, 3, "{}", answer.result);
    assert_eq!(state(&trace, Stage::Read).0, StepState::Failed, "{trace:#?}");
    assert!(trace.steps.iter().skip(1).all(|s| s.state == StepState::Waiting), "{trace:#?}");
}

#[test]
fn what_runs_can_be_stopped_and_is_not_begun_again_at_once() {
    let sandbox = Sandbox::serve(&["--users", "60", "--groups", "2", "--seed", "9"]);
    let home = Setup::of(&sandbox).home();
    let hand = Hand::take(&home);
    let beside = store(&home);

    // Nothing runs: the row is answered when its turn comes.
    let idle = hand.ask(&Ask::Stop);
    assert_eq!(idle.result["stopped"], false);

    sandbox.faults(&faults::rules(&[faults::latency("scim", "POST", "/Users", 400)]));
    let (report, asked) = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| {
            wait_until("the first account", || !sandbox.app("Users").is_empty());
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(engine::ask(&beside, &Ask::Stop, "ada", &CancellationToken::new())).unwrap()
        });
        (hand.cycle(true, false), stopping.join().unwrap())
    });
    assert_eq!(report.cycle.state, CycleState::Stopped);
    let Asked::Answered(answer) = asked else { panic!("{asked:?}") };
    assert_eq!((answer.exit_code, &answer.result["stopped"]), (0, &json!(true)));
    assert_eq!(answer.result["cycle_id"], json!(report.cycle.id));
    let made = sandbox.app("Users").len();
    assert!(made < 50, "{made} were made");

    let interval = Duration::from_secs(2400);
    let next = engine::next_cycle(&beside, interval).unwrap();
    assert!(next > jiff::Timestamp::now(), "whoever stops a cycle does not want the next one at once");
    sandbox.no_faults();
    let report = hand.cycle(true, false);
    assert_eq!(report.cycle.state, CycleState::Succeeded, "the engine itself goes on");
}

#[test]
fn a_connection_test_tells_every_step_when_it_begins_and_ends() {
    let sandbox = Sandbox::serve(&["--users", "5", "--groups", "1", "--seed", "10"]);
    let home = Setup::of(&sandbox).home();
    let config = config(&home);
    let (graph, scim) = engine::clients_of(&config, &process_env).unwrap();
    let (rules, _) = engine::rules_of(&config).unwrap();
    let settings = engine::settings_of(&config);
    let mut news = Vec::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let test = runtime.block_on(engine::test_connection_with(&graph, &scim, &settings, &rules, |n| news.push(n)));
    assert!(test.ok, "{test:?}");
    let mut open = None;
    let mut ended = Vec::new();
    for item in news {
        match item {
            ConnectionNews::Began { side, name } => assert_eq!(open.replace((side, name.to_owned())), None),
            ConnectionNews::Ended(step) => {
                assert_eq!(open.take(), Some((step.side, step.name.clone())), "a step ends that did not begin");
                ended.push(step);
            }
        }
    }
    assert_eq!(ended, test.steps);
    let sides: Vec<Side> = ended.iter().map(|s| s.side).collect();
    let turn = sides.iter().position(|s| *s == Side::App).unwrap();
    assert!(turn > 2 && sides[turn..].iter().all(|s| *s == Side::App), "the directory first, then the app");
}
