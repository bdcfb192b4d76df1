//! A store with the people and the rules of the mock-up.

// `json!(…)` is written where it is used.
#![allow(clippy::needless_pass_by_value)]

use crate::config::Profile;
use crate::console::query::Facts;
use crate::console::shared::Shared;
use crate::console::testing::{Console, shared};
use crate::engine;
use crate::mapping::Schema;
use crate::model::log::{ErrorInformation, Identity, Initiator, ModifiedProperty, StatusInfo, System};
use crate::model::{
    Assignment, GroupChange, Link, LogEntry, LogStatus, Member, MemberKind, ObjectType, Origin, UserChange,
};
use crate::store::{Store, links, log, mirror};
use crate::sync::project::{ObjectRules, Rules};
use serde_json::{Map, Value, json};
use std::path::Path;

const CONFIG: &str = r#"
[jobs.nightly-users]
enabled = true
scope = "assigned"
groups = true
mapping = "MAPPING"
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

/// A store, and the folder that it is in.
pub(super) struct World {
    pub(super) store: Store,
    folder: tempfile::TempDir,
    pub(super) schema: Value,
}

pub(super) fn attribute(target: &str, source: &str, more: Value) -> Value {
    let kind = if source.starts_with('[') { "Attribute" } else { "Function" };
    let mut mapping = json!({
        "targetAttributeName": target, "flowType": "Always", "flowBehavior": "FlowWhenChanged",
        "matchingPriority": 0, "defaultValue": null,
        "source": { "expression": source, "name": source.trim_matches(['[', ']']), "type": kind, "parameters": [] },
    });
    for (key, value) in more.as_object().unwrap() {
        mapping[key] = value.clone();
    }
    mapping
}

pub(super) fn user(id: &str, upn: &str, properties: Value) -> UserChange {
    let mut all: Map<String, Value> = properties.as_object().unwrap().clone();
    all.insert("userPrincipalName".into(), json!(upn));
    UserChange { id: id.into(), properties: all, ..UserChange::default() }
}

fn assignment(id: &str) -> Assignment {
    Assignment {
        id: format!("a-{id}"),
        principal_id: id.into(),
        principal_kind: if id.starts_with("g-") { MemberKind::Group } else { MemberKind::User },
        principal_name: String::new(),
        role_id: "11111111-0000-0000-0000-000000000001".into(),
    }
}

/// An entry of the log about one failure.
pub(in crate::console::view::mapping) fn failure(id: &str, reason: &str, changed: &[&str]) -> LogEntry {
    LogEntry {
        id: format!("01900000-0000-7000-8000-{id:0>12}"),
        activity_date_time: "2026-11-24T14:02:11Z".into(),
        tenant_id: "t".into(),
        job_id: "nightly-users".into(),
        cycle_id: "c".into(),
        change_id: id.into(),
        provisioning_action: "update".into(),
        duration_in_milliseconds: 5,
        provisioning_status_info: StatusInfo {
            status: LogStatus::Failure,
            error_information: Some(ErrorInformation {
                error_code: "InvalidValue".into(),
                reason: reason.into(),
                additional_details: None,
                error_category: "nonServiceFailure".into(),
                recommended_action: None,
            }),
        },
        provisioning_steps: Vec::new(),
        modified_properties: changed
            .iter()
            .map(|path| ModifiedProperty { display_name: (*path).into(), old_value: None, new_value: Some("x".into()) })
            .collect(),
        service_principal: Identity::default(),
        source_system: System::default(),
        target_system: System::default(),
        source_identity: Identity {
            id: "u-ada".into(),
            display_name: "Ada Lovelace".into(),
            identity_type: Some("User".into()),
            ..Identity::default()
        },
        target_identity: Identity::default(),
        initiated_by: Initiator::default(),
    }
}

impl World {
    /// Nobody was read yet; the presets' own mapping.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let schema = serde_json::from_str(crate::mapping::Preset::Scim.json()).unwrap();
        Self { store, folder, schema }
    }

    /// The rules of the mock-up, and three people of it.
    pub(super) fn filled() -> Self {
        let mut world = Self::empty();
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let switch = "Switch([physicalDeliveryOfficeName], , \"London\", \"Europe/London\", \"Arlington\", \"America/New_York\")";
        let rules = json!([
            attribute("userName", "[userPrincipalName]", json!({ "matchingPriority": 1 })),
            attribute("active", "Not([IsSoftDeleted])", json!({})),
            attribute("displayName", "Join(\" \", [givenName], [surname])", json!({})),
            attribute("name.givenName", "[givenName]", json!({})),
            attribute("name.familyName", "[surname]", json!({})),
            attribute("title", "[jobTitle]", json!({ "flowType": "AttributeAddOnly" })),
            attribute(&format!("{urn}:department"), "[department]", json!({})),
            attribute(&format!("{urn}:manager"), "[manager]", json!({})),
            attribute("emails[type eq \"work\"].value", "Coalesce([mail], [userPrincipalName])", json!({})),
            attribute("phoneNumbers[type eq \"work\"].value", "[telephoneNumber]", json!({})),
            attribute("preferredLanguage", "[preferredLanguage]", json!({ "defaultValue": "en-US" })),
            attribute("timezone", switch, json!({})),
            attribute("externalId", "[objectId]", json!({ "matchingPriority": 2 })),
            attribute("userType", "\"Employee\"", json!({ "flowType": "ObjectAddOnly" })),
        ]);
        world.schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"] = rules;
        // Two targets that the app's schema does not have, so that there is something to warn about.
        let known = world.schema["directories"][1]["objects"][0]["attributes"].as_array_mut().unwrap();
        known.retain(|attribute| !["timezone", "userType"].iter().any(|name| attribute["name"] == *name));
        world.schema["synchronizationRules"][0]["objectMappings"][0]["scope"] = json!({ "groups": [{ "clauses": [
            { "attribute": "department", "operator": "NOT EQUALS", "value": "Contractor" },
            { "attribute": "country", "operator": "EQUALS", "value": "GB" },
        ] }] });
        let ada = user(
            "u-ada",
            "ada.lovelace@contoso.example",
            json!({
                "displayName": "Ada Lovelace", "givenName": "Ada", "surname": "Lovelace",
                "jobTitle": "Principal Engineer", "department": "Engineering", "mail": "ada@contoso.example",
                "businessPhones": ["+44 20 7946 0018"], "officeLocation": "London", "country": "GB",
            }),
        );
        let grace = user(
            "u-grace",
            "grace.hopper@contoso.example",
            json!({ "displayName": "Grace Hopper", "givenName": "Grace", "surname": "Hopper", "department": "Contractor" }),
        );
        let charles = user("u-charles", "c.babbage@contoso.example", json!({ "displayName": "Charles Babbage" }));
        let ada = UserChange { manager: Some(Some("u-charles".into())), ..ada };
        let group = GroupChange {
            id: "g-eng".into(),
            properties: json!({ "displayName": "engineering-all" }).as_object().unwrap().clone(),
            added: vec![Member { id: "u-ada".into(), kind: MemberKind::User }],
            ..GroupChange::default()
        };
        let applied = json!({ "userName": "ada.lovelace@contoso.example", "displayName": "Ada King", "active": true });
        let link = Link {
            object_type: ObjectType::User,
            source_id: "u-ada".into(),
            target_id: "9c41a0be".into(),
            origin: Origin::Created,
            managed: true,
            active: true,
            broken: false,
            applied: applied.as_object().unwrap().clone(),
            manager: None,
            created_at: "2026-11-01T00:00:00Z".into(),
        };
        world
            .store
            .write_blocking(move |c| {
                for change in [ada, grace, charles] {
                    mirror::apply_user(c, &change, 1)?;
                }
                mirror::apply_group(c, &group, 1)?;
                links::put(c, &link)?;
                mirror::replace_assignments(c, &["u-ada", "u-grace", "g-eng"].map(assignment))?;
                let words = "the app refused (400 invalidValue): phoneNumbers[type eq \"work\"].value is not E.164";
                for id in ["1", "2", "3"] {
                    log::append(c, &failure(id, words, &["title", "phoneNumbers[type eq \"work\"].value"]))?;
                }
                Ok(())
            })
            .unwrap();
        world
    }

    pub(super) fn facts(&self) -> Facts {
        let file = self.folder.path().join("schema.json");
        std::fs::write(&file, self.schema.to_string()).unwrap();
        let text = CONFIG.replace("MAPPING", "schema.json");
        let config = Profile::parse(&text, &self.folder.path().join("config.toml")).unwrap().jobs.remove(0);
        let schema = Schema::from_value(self.schema.clone()).unwrap();
        let compiled = |object_type| ObjectRules::new(schema.compile(object_type).unwrap().unwrap()).unwrap();
        Facts {
            scope: engine::scope_rules(&config),
            rules: Rules { users: compiled(ObjectType::User), groups: compiled(ObjectType::Group) },
            database: Path::new("a.db").into(),
            config,
        }
    }

    pub(super) fn console(&self, shared: Shared) -> Console {
        let mut console = Console::with(shared).on_store(self.store.clone(), self.facts());
        console.keys("3").wait(0.2);
        console
    }

    pub(super) fn at(&self, width: u16, height: u16) -> Console {
        self.console(shared(width, height, "default"))
    }
}
