//! A store that the tests fill: the day of the mock-up.

use crate::config::Profile;
use crate::console::effect::Effect;
use crate::console::page::Page;
use crate::console::query::{Facts, Sources};
use crate::console::shared::Shared;
use crate::console::testing::{Console, noon, shared};
use crate::console::view::log::Log;
use crate::engine;
use crate::model::log::{ErrorInformation, Identity, Initiator, ModifiedProperty, StatusInfo, Step, System};
use crate::model::{
    Collection, Counts, Cycle, CycleKind, CycleState, LogEntry, LogStatus, ObjectType, Retry, UserChange,
};
use crate::store::{Store, cycles, lease, log, mirror, retries, watermarks};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) const PHONE: &str = "phoneNumbers[type eq \"work\"].value";
pub(super) const CYCLE: &str = "01900000-0000-7000-8000-00000000c1c1";
const BASE: &str = "https://flock.example/v2/scim";

const CONFIG: &str = r#"
[jobs.nightly-users]
enabled = true
scope = "assigned"
[jobs.nightly-users.app]
preset = "scim"
tenant_url = "https://flock.example/v2/scim"
secret_token = { env = "T" }
[jobs.nightly-users.directory]
tenant_id = "contoso.example"
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = { env = "S" }
service_principal_id = "00000000-0000-0000-0000-000000000002"
"#;

const PEOPLE: [(&str, &str, &str); 8] = [
    ("grace.hopper", "Grace Hopper", "+1 212 555 0142"),
    ("ada.lovelace", "Ada Lovelace", "+44 20 7946 0018"),
    ("ken.thompson", "Ken Thompson", "+1 908 555 0177"),
    ("barbara.liskov", "Barbara Liskov", "+1 617 555 0101"),
    ("katherine.johnson", "Katherine Johnson", "+1 757 555 0169"),
    ("leslie.lamport", "Leslie Lamport", "+1 415 555 0123"),
    ("lynn.conway", "Lynn Conway", "+1 914 555 0138"),
    ("ole-johan.dahl", "Ole-Johan Dahl", "+47 22 55 51 23"),
];

/// A store, and the folder that it is in.
pub(in crate::console) struct World {
    pub(super) store: Store,
    _folder: tempfile::TempDir,
}

/// How an entry ended.
pub(super) enum End<'a> {
    Success,
    Skipped(&'a str),
    Warning(&'a str, &'a str),
    Failure(&'a str, &'a str),
}

/// An entry about one of the people, so many seconds before the time of the tests.
pub(super) fn entry(
    number: u32,
    ago: i64,
    who: usize,
    end: &End<'_>,
    changed: &[(&str, Option<&str>, &str)],
) -> LogEntry {
    let (user, name, _) = PEOPLE[who % PEOPLE.len()];
    let at = noon() - SignedDuration::from_secs(ago);
    let (status, trouble) = match end {
        End::Success => (LogStatus::Success, None),
        End::Skipped(reason) => (LogStatus::Skipped, Some(("EntrySynchronizationSkipped", *reason))),
        End::Warning(code, reason) => (LogStatus::Warning, Some((*code, *reason))),
        End::Failure(code, reason) => (LogStatus::Failure, Some((*code, *reason))),
    };
    let action = match end {
        End::Skipped(_) => "other",
        _ if number.is_multiple_of(5) => "create",
        _ => "update",
    };
    let target = if action == "update" { format!("9c41a0b{}", who % 10) } else { String::new() };
    let sent = if action == "create" { "POST" } else { "PATCH" };
    let path = format!("/Users/{target}");
    let details = |reason: &str| {
        let answered = reason.contains("refused (") || reason.contains("failed (");
        let path = path.trim_end_matches('/');
        answered.then(|| format!("{sent} {BASE}{path}: the server answered: {reason}"))
    };
    let step = |name: &str, kind: &str, status, description: &str| Step {
        name: name.into(),
        provisioning_step_type: kind.into(),
        status,
        description: description.into(),
        details: Map::from_iter([("objectId".to_owned(), Value::from(format!("u-{user}")))]),
    };
    let mut steps = vec![
        step("EntryImport", "import", LogStatus::Success, &format!("User '{name}' was read from the directory")),
        step("EntrySynchronizationScoping", "scoping", LogStatus::Success, &format!("User '{name}': in scope")),
    ];
    match (&end, trouble) {
        (End::Skipped(reason), _) => {
            steps.push(step("EntrySynchronizationSkip", "processing", status, reason));
        }
        (_, Some((_, reason))) => steps.push(step("EntryExportUpdate", "export", status, reason)),
        (_, None) => steps.push(step("EntryExportUpdate", "export", status, "PATCH; the app says yes")),
    }
    let property = |(path, old, new): &(&str, Option<&str>, &str)| ModifiedProperty {
        display_name: (*path).into(),
        old_value: old.map(str::to_owned),
        new_value: Some((*new).into()),
    };
    LogEntry {
        id: format!("01900000-0000-7000-8000-{number:012}"),
        activity_date_time: at.to_string(),
        tenant_id: "contoso".into(),
        job_id: "nightly-users".into(),
        cycle_id: CYCLE.into(),
        change_id: format!("7f3c0000-11e9-4d51-8000-{number:012}"),
        provisioning_action: action.into(),
        duration_in_milliseconds: 204,
        provisioning_status_info: StatusInfo {
            status,
            error_information: trouble.map(|(code, reason)| ErrorInformation {
                error_code: code.into(),
                reason: reason.into(),
                additional_details: details(reason),
                error_category: "nonServiceFailure".into(),
                recommended_action: Some(crate::scim::codes::advice(code).to_owned()),
            }),
        },
        provisioning_steps: steps,
        modified_properties: changed.iter().map(property).collect(),
        service_principal: Identity::default(),
        source_system: System::default(),
        target_system: System { id: BASE.into(), display_name: "Flock".into(), details: Map::new() },
        source_identity: Identity {
            id: format!("u-{user}"),
            display_name: name.into(),
            identity_type: Some("User".into()),
            details: Map::from_iter([("UserPrincipalName".to_owned(), Value::from(format!("{user}@contoso.example")))]),
        },
        target_identity: Identity { id: target, identity_type: Some("User".into()), ..Identity::default() },
        initiated_by: Initiator {
            display_name: "Heeler".into(),
            initiator_type: "system".into(),
            ..Initiator::default()
        },
    }
}

/// One refused telephone number.
pub(super) fn refused(number: u32, ago: i64, who: usize) -> LogEntry {
    let phone = PEOPLE[who % PEOPLE.len()].2;
    let reason = format!("the app refused (400 invalidValue): phone number \"{phone}\" of type work is not E.164");
    let changed = [(PHONE, None, phone), ("title", Some("Engineer"), "Principal Engineer")];
    entry(number, ago, who, &End::Failure("UnprocessableEntity", &reason), &changed)
}

impl World {
    /// Nothing happened yet.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Store::open(&folder.path().join("a.db")).unwrap(), _folder: folder }
    }

    /// With these entries, oldest first.
    pub(super) fn with(entries: Vec<LogEntry>) -> Self {
        let world = Self::empty();
        world.people();
        world.add(entries);
        world
    }

    /// The day of the mock-up: 47 refused numbers, 11 duplicates, 2 missing values, 12 warnings, and what went well.
    pub(in crate::console) fn filled() -> Self {
        // Seconds ago, and which kind.
        let mut all: Vec<(i64, usize)> = Vec::new();
        for n in 0..47_i64 {
            let hours = [0, 0, 1, 1, 2, 3, 4][usize::try_from(n % 7).unwrap()];
            all.push((249 + hours * 2412 + n * 2, 0));
        }
        all.extend((0..11).map(|n| (320 + n * 236, 1)));
        all.extend((0..2).map(|n| (251 + n, 2)));
        all.extend((0..12).map(|n| (500 + n * 4510, 3)));
        all.extend((0..132).map(|n| (255 + n * 410, 4)));
        all.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
        let of_kind = |number: usize, ago: i64, kind: usize| {
            let n = u32::try_from(number).unwrap();
            let failure = |code, reason, changed: &[_]| entry(n, ago, number, &End::Failure(code, reason), changed);
            match kind {
                0 => refused(n, ago, number),
                1 => {
                    let taken = [("userName", None, "x@contoso.example")];
                    failure("EntryConflict", "the app refused (409 uniqueness): userName is taken", &taken)
                }
                2 => failure("MissingValues", "emails[type eq \"work\"].value is required and empty", &[]),
                3 => {
                    let reason = "the app kept title as it was";
                    let end = End::Warning("UnprocessableEntity", reason);
                    entry(n, ago, number, &end, &[("title", None, "Lead")])
                }
                _ if number.is_multiple_of(3) => entry(n, ago, number, &End::Skipped("not assigned to the app"), &[]),
                _ => {
                    let changed = [("title", Some("Senior"), "Principal Engineer"), ("department", None, "Research")];
                    entry(n, ago, number, &End::Success, &changed[..1 + number % 2])
                }
            }
        };
        let entries = all.into_iter().enumerate().map(|(number, (ago, kind))| of_kind(number, ago, kind)).collect();
        let world = Self::with(entries);
        for (user, attempts) in [("grace.hopper", 3), ("ada.lovelace", 1)] {
            let retry = Retry {
                object_type: ObjectType::User,
                source_id: format!("u-{user}"),
                code: "UnprocessableEntity".into(),
                reason: "no".into(),
                attempts,
                first_failed: "2026-11-24T09:14:00Z".into(),
                next_attempt: "2026-11-24T14:42:00Z".into(),
                fingerprint: "f".into(),
                reference: false,
            };
            world.store.write_blocking(move |c| retries::put(c, &retry)).unwrap();
        }
        world
    }

    fn people(&self) {
        self.store
            .write_blocking(|c| {
                for (user, name, _) in PEOPLE {
                    let all = json!({ "displayName": name, "userPrincipalName": format!("{user}@contoso.example") });
                    let change = UserChange {
                        id: format!("u-{user}"),
                        properties: all.as_object().unwrap().clone(),
                        ..UserChange::default()
                    };
                    mirror::apply_user(c, &change, 1)?;
                }
                let cycle = Cycle {
                    state: CycleState::Succeeded,
                    ended_at: Some("2026-11-24T14:04:11Z".into()),
                    duration_ms: 131_000,
                    ..cycle(CYCLE, "2026-11-24T14:02:00Z")
                };
                cycles::start(c, &cycle)?;
                cycles::finish(c, &cycle)?;
                // What the cycle read is as old as its end, not as the test.
                watermarks::put(c, Collection::Users, "https://graph.example/delta")?;
                c.execute("UPDATE watermarks SET stored_at = ?1", [&cycle.ended_at])?;
                Ok(())
            })
            .unwrap();
    }

    /// More entries, oldest first.
    pub(super) fn add(&self, entries: Vec<LogEntry>) {
        let append = move |c: &rusqlite::Connection| {
            for entry in &entries {
                log::append(c, entry)?;
            }
            Ok(())
        };
        self.store.write_blocking(append).unwrap();
    }

    /// A cycle is under way, and somebody runs the job.
    pub(super) fn running(&self) {
        self.store
            .write_blocking(move |c| {
                cycles::start(c, &cycle("01900000-0000-7000-8000-00000000c1c2", "2026-11-24T14:06:00Z"))?;
                // Its last heartbeat is in the middle of what the test takes.
                let now = noon() + SignedDuration::from_secs(14);
                lease::acquire(c, &lease::Holder::current("heeler run"), now.as_millisecond(), 15_000)
            })
            .unwrap();
    }

    pub(super) fn console(&self, shared: Shared) -> Console {
        let mut console = Console::with(shared).on_store(self.store.clone(), Self::facts());
        console.keys("4").wait(0.3);
        console
    }

    /// The view at a size, in the default theme.
    pub(in crate::console) fn at(&self, width: u16, height: u16) -> Console {
        self.console(shared(width, height, "default"))
    }
}

fn cycle(id: &str, started_at: &str) -> Cycle {
    Cycle {
        id: id.into(),
        kind: CycleKind::Incremental,
        state: CycleState::Running,
        started_at: started_at.into(),
        ended_at: None,
        duration_ms: 0,
        counts: Counts::default(),
        app_requests: 97,
        error: None,
    }
}

impl World {
    /// Everything the view asks for on its way to the first event.
    pub(super) fn fill(&self, log: &mut Log) {
        let facts = Self::facts();
        let mut shared = shared(160, 45, "default");
        let mut effects = log.opened(&mut shared);
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                let Effect::Query(query) = effect else { continue };
                let reader = self.store.reader().unwrap();
                let sources = Sources { c: &reader, facts: &facts, organization: None, now: noon() };
                next.extend(log.answer(&mut shared, query.run(&sources).unwrap()));
            }
            effects = next;
        }
    }

    fn facts() -> Facts {
        let config = Profile::parse(CONFIG, Path::new("/home/ada/config.toml")).unwrap().jobs.remove(0);
        let (rules, _) = engine::rules_of(&config).unwrap();
        let scope = engine::scope_rules(&config);
        Facts { scope, rules, database: Path::new("a.db").into(), config }
    }
}
