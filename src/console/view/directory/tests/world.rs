//! The people of the mock-up, in a store.

use super::super::{Directory, Query, run};
use crate::config::Profile;
use crate::console::effect::Effect;
use crate::console::page::Page;
use crate::console::query::{self, Facts, Sources};
use crate::console::shared::Shared;
use crate::console::testing::{Console, noon, shared};
use crate::engine;
use crate::expression::Context;
use crate::mapping::{Preset, Schema, SourceObject};
use crate::model::log::ModifiedProperty;
use crate::model::{
    Assignment, Counts, Cycle, CycleKind, CycleState, GroupChange, Link, LogEntry, LogStatus, Member, MemberKind,
    ObjectType, Origin, Removed, Retry, UserChange,
};
use crate::store::{Store, StoreError, cycles, job, links, log, mirror, retries};
use crate::sync::project::{ObjectRules, Rules};
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use std::path::Path;

const CONFIG: &str = r#"
[jobs.nightly-users]
enabled = true
scope = "assigned"
groups = true
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

const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

pub(in crate::console) struct World {
    store: Store,
    _folder: tempfile::TempDir,
}

fn schema() -> Schema {
    let mut schema: Value = serde_json::from_str(Preset::Scim.json()).unwrap();
    let rule = |target: &str, source: &str, priority: u8| {
        let kind = if source.starts_with('[') { "Attribute" } else { "Function" };
        json!({
            "targetAttributeName": target, "flowType": "Always", "flowBehavior": "FlowWhenChanged",
            "matchingPriority": priority, "defaultValue": null,
            "source": { "expression": source, "name": source.trim_matches(['[', ']']), "type": kind, "parameters": [] },
        })
    };
    schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"] = json!([
        rule("userName", "[userPrincipalName]", 1),
        rule("active", "Not([IsSoftDeleted])", 0),
        rule("displayName", "[displayName]", 0),
        rule("name.givenName", "[givenName]", 0),
        rule("name.familyName", "[surname]", 0),
        rule("title", "[jobTitle]", 0),
        rule(&format!("{URN}:department"), "[department]", 0),
        rule(&format!("{URN}:manager"), "[manager]", 0),
        rule("emails[type eq \"work\"].value", "[mail]", 0),
        rule("phoneNumbers[type eq \"work\"].value", "[telephoneNumber]", 0),
        rule("locale", "[preferredLanguage]", 0),
    ]);
    Schema::from_value(schema).unwrap()
}

fn facts() -> Facts {
    let config = Profile::parse(CONFIG, Path::new("config.toml")).unwrap().jobs.remove(0);
    let schema = schema();
    let compiled = |object_type| ObjectRules::new(schema.compile(object_type).unwrap().unwrap()).unwrap();
    Facts {
        scope: engine::scope_rules(&config),
        rules: Rules { users: compiled(ObjectType::User), groups: compiled(ObjectType::Group) },
        database: Path::new("a.db").into(),
        config,
    }
}

fn user(name: &str, properties: &Value) -> UserChange {
    let (first, last) = name.split_once('.').unwrap();
    let capital = |s: &str| s[..1].to_uppercase() + &s[1..];
    let mut all = json!({
        "userPrincipalName": format!("{name}@contoso.example"), "displayName": format!("{} {}", capital(first), capital(last)),
        "givenName": capital(first), "surname": capital(last), "department": "Engineering",
        "mail": format!("{first}@contoso.example"), "jobTitle": "Engineer", "preferredLanguage": "en-GB",
    });
    for (key, value) in properties.as_object().unwrap() {
        all[key] = value.clone();
    }
    UserChange { id: format!("u-{first}"), properties: all.as_object().unwrap().clone(), ..UserChange::default() }
}

/// A link as it is after a write of what the directory has now.
fn put_link(
    c: &Connection,
    facts: &Facts,
    id: &str,
    change: impl Fn(&mut Map<String, Value>),
) -> Result<(), StoreError> {
    let user = mirror::user(c, id)?.unwrap();
    let mapping = &facts.rules.users.mapping;
    let projection = mapping.project(&SourceObject::user(&user), false, &Context::preview(noon()));
    let mut applied: Map<String, Value> =
        projection.values.iter().map(|(rule, value)| (mapping.rules[*rule].target.clone(), value.clone())).collect();
    change(&mut applied);
    links::put(
        c,
        &Link {
            object_type: ObjectType::User,
            source_id: id.to_owned(),
            target_id: format!("t-{id}"),
            origin: Origin::Created,
            managed: true,
            active: true,
            broken: false,
            applied,
            manager: user.manager,
            created_at: "2026-03-12T09:00:00Z".into(),
        },
    )
}

fn entry(
    n: u32,
    at: &str,
    action: &str,
    status: LogStatus,
    error: Option<(&str, &str)>,
    changed: &[(&str, &str, &str)],
) -> LogEntry {
    let mut entry = crate::store::testing::entry(n, "c", status, error);
    entry.activity_date_time = at.into();
    entry.provisioning_action = action.into();
    entry.source_identity.id = "u-ada".into();
    let text = |s: &str| Some(s.to_owned()).filter(|s| !s.is_empty());
    let property = |(path, old, new): &(&str, &str, &str)| ModifiedProperty {
        display_name: (*path).into(),
        old_value: text(old),
        new_value: text(new),
    };
    entry.modified_properties = changed.iter().map(property).collect();
    entry
}

impl World {
    pub(in crate::console) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        Self { store, _folder: folder }
    }

    pub(in crate::console) fn filled() -> Self {
        let world = Self::empty();
        world.store.write_blocking(|c| fill(c, &facts())).unwrap();
        world
    }

    /// So many people of whom nothing is known but their names.
    pub(in crate::console) fn crowd(n: usize) -> Self {
        let world = Self::empty();
        let fill = move |c: &Connection| {
            for i in 0..n {
                let properties = json!({ "userPrincipalName": format!("person{i:05}@contoso.example") });
                let properties = properties.as_object().unwrap().clone();
                let change = UserChange { id: format!("id-{i:05}"), properties, ..UserChange::default() };
                mirror::apply_user(c, &change, mirror::INCREMENTAL)?;
            }
            Ok(())
        };
        world.store.write_blocking(fill).unwrap();
        world
    }

    pub(in crate::console) fn rename(&self, id: &str, upn: &str) {
        let properties = json!({ "userPrincipalName": upn }).as_object().unwrap().clone();
        let change = UserChange { id: id.to_owned(), properties, ..UserChange::default() };
        self.store.write_blocking(move |c| mirror::apply_user(c, &change, mirror::INCREMENTAL)).unwrap();
    }

    /// Changes what is in the store.
    pub(in crate::console) fn write(&self, f: impl FnOnce(&Connection) -> Result<(), StoreError> + Send + 'static) {
        self.store.write_blocking(f).unwrap();
    }

    pub(in crate::console) fn with(&self, f: impl FnOnce(&Connection)) {
        f(&self.store.reader().unwrap());
    }

    /// What was last written to somebody.
    pub(in crate::console) fn applied(&self, id: &str) -> Vec<(String, Value)> {
        let link = self.store.read(|c| links::get(c, ObjectType::User, id)).unwrap().unwrap();
        link.applied.into_iter().collect()
    }

    pub(in crate::console) fn console(&self, shared: Shared) -> Console {
        let mut console = Console::with(shared).on_store(self.store.clone(), facts());
        console.keys("2").wait(0.2);
        console
    }

    /// The same in a job that provisions no groups.
    pub(in crate::console) fn without_groups(&self, width: u16, height: u16) -> Console {
        let mut facts = facts();
        facts.config.groups = false;
        let mut console = Console::with(shared(width, height, "default")).on_store(self.store.clone(), facts);
        console.keys("2").wait(0.2);
        console
    }

    pub(in crate::console) fn at(&self, width: u16, height: u16) -> Console {
        self.console(shared(width, height, "default"))
    }

    /// Answers one query of a page that stands alone.
    pub(in crate::console) fn answer(&self, page: &mut Directory, shared: &mut Shared, query: &Query) -> Vec<Effect> {
        let (reader, facts) = (self.store.reader().unwrap(), facts());
        let sources = Sources { c: &reader, facts: &facts, organization: None, now: noon() };
        page.answer(shared, query::Answer::Directory(run(query, &sources).unwrap()))
    }

    /// Answers the queries of a page that stands alone, until it asks nothing more.
    pub(in crate::console) fn run(&self, page: &mut Directory, shared: &mut Shared, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                if let Effect::Query(query::Query::Directory(_, query)) = effect {
                    next.extend(self.answer(page, shared, &query));
                }
            }
            effects = next;
        }
    }
}

fn fill(c: &Connection, facts: &Facts) -> Result<(), StoreError> {
    let people = [
        user(
            "ada.lovelace",
            &json!({ "jobTitle": "Principal Engineer", "businessPhones": ["+44 20 7946 0018"], "employeeId": "1815" }),
        ),
        user("alan.turing", &json!({})),
        user("annie.easley", &json!({})),
        user("barbara.liskov", &json!({})),
        user("claude.shannon", &json!({})),
        user(
            "charles.babbage",
            &json!({ "department": "Analytics", "userPrincipalName": "c.babbage@contoso.example" }),
        ),
        user("dorothy.vaughan", &json!({})),
        user("edsger.dijkstra", &json!({})),
        user("frances.allen", &json!({})),
        user("grace.hopper", &json!({})),
        user("hedy.lamarr", &json!({})),
        user("ivan.sutherland", &json!({})),
        user("jean.bartik", &json!({})),
        user("karen.sparck", &json!({})),
        user("nobody.home", &json!({ "userPrincipalName": null, "displayName": "nobody.home" })),
    ];
    let mut assignments = Vec::new();
    for mut change in people {
        if change.id == "u-ada" {
            change.manager = Some(Some("u-charles".into()));
        }
        mirror::apply_user(c, &change, mirror::INCREMENTAL)?;
        if change.id != "u-karen" {
            assignments.push(Assignment {
                id: format!("a-{}", change.id),
                principal_id: change.id.clone(),
                principal_kind: MemberKind::User,
                principal_name: String::new(),
                role_id: "11111111-0000-0000-0000-000000000001".into(),
            });
        }
        if !["u-barbara", "u-karen", "u-nobody"].contains(&change.id.as_str()) {
            put_link(c, facts, &change.id, |applied| {
                if change.id == "u-ada" {
                    applied.insert("displayName".into(), json!("Ada King"));
                    applied.insert(format!("{URN}:department"), json!("Research"));
                    applied.remove("phoneNumbers[type eq \"work\"].value");
                }
                if change.id == "u-dorothy" {
                    applied.insert("title".into(), json!("Mathematician"));
                }
                if change.id == "u-grace" {
                    applied.insert("displayName".into(), json!("Grace Murray"));
                }
            })?;
        }
    }
    mirror::mark_removed(c, ObjectType::User, "u-ivan", Removed::Soft)?;
    retries::put(
        c,
        &Retry {
            object_type: ObjectType::User,
            source_id: "u-dorothy".into(),
            code: "UnprocessableEntity".into(),
            reason: "the app refused (400 invalidValue): title is too long".into(),
            attempts: 3,
            first_failed: "2026-11-24T09:14:00Z".into(),
            next_attempt: "2026-11-24T14:42:00Z".into(),
            fingerprint: String::new(),
            reference: false,
        },
    )?;
    groups(c, &mut assignments)?;
    mirror::replace_assignments(c, &assignments)?;
    let phone = "phoneNumbers[type eq \"work\"].value";
    let refused = Some(("UnprocessableEntity", "the app refused (400 invalidValue): phone number must be E.164"));
    let value = &[(phone, "", "+44 20 7946 0018")][..];
    for entry in [
        entry(
            1,
            "2026-03-12T09:00:00Z",
            "create",
            LogStatus::Success,
            None,
            &[("userName", "", "ada"), ("title", "", "Senior")],
        ),
        entry(
            2,
            "2026-11-23T10:10:00Z",
            "update",
            LogStatus::Success,
            None,
            &[("title", "Senior", "Principal Engineer")],
        ),
        entry(3, "2026-11-24T13:22:00Z", "update", LogStatus::Failure, refused, value),
        entry(4, "2026-11-24T14:02:00Z", "update", LogStatus::Failure, refused, value),
        entry(5, "2026-11-24T14:02:30Z", "other", LogStatus::Skipped, None, &[]),
    ] {
        log::append(c, &entry)?;
    }
    job::set(c, job::READ_AT, "2026-11-24T14:06:08Z")?;
    cycles::start(
        c,
        &Cycle {
            id: "c".into(),
            kind: CycleKind::Incremental,
            state: CycleState::Succeeded,
            started_at: "2026-11-24T14:02:00Z".into(),
            ended_at: Some("2026-11-24T14:06:08Z".into()),
            duration_ms: 131_000,
            counts: Counts::default(),
            app_requests: 7,
            error: None,
        },
    )
}

fn groups(c: &Connection, assignments: &mut Vec<Assignment>) -> Result<(), StoreError> {
    for name in
        ["analytical-engine", "engineering-all", "london", "principal-engineers", "security-reviewers", "writers"]
    {
        let id = format!("g-{name}");
        let member = |id: &str| Member { id: id.into(), kind: MemberKind::User };
        let change = GroupChange {
            id: id.clone(),
            properties: json!({ "displayName": name }).as_object().unwrap().clone(),
            added: if name == "london" { vec![member("u-ada"), member("u-karen")] } else { vec![member("u-ada")] },
            ..GroupChange::default()
        };
        mirror::apply_group(c, &change, mirror::INCREMENTAL)?;
        let applied = json!({ "displayName": name, "externalId": id }).as_object().unwrap().clone();
        links::put(
            c,
            &Link {
                object_type: ObjectType::Group,
                source_id: id.clone(),
                target_id: format!("t-{id}"),
                origin: Origin::Created,
                managed: true,
                active: true,
                broken: false,
                applied,
                manager: None,
                created_at: "2026-03-12T09:00:00Z".into(),
            },
        )?;
        if name != "writers" {
            links::add_applied_members(c, &id, &["u-ada"])?;
        }
        if name == "london" {
            // Assigned, but no security group: it entitles nobody, and its members stay out.
            let mut change = change;
            change.properties.insert("securityEnabled".into(), json!(false));
            mirror::apply_group(c, &change, mirror::INCREMENTAL)?;
        }
        assignments.push(Assignment {
            id: format!("a-{id}"),
            principal_id: id,
            principal_kind: MemberKind::Group,
            principal_name: name.into(),
            role_id: "11111111-0000-0000-0000-000000000002".into(),
        });
    }
    Ok(())
}
