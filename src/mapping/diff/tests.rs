use super::*;
use crate::mapping::{AttributeType, Edit, NewAttribute, NewClause, NewSource, Preset, Settings, Side};
use crate::model::ObjectType;
use serde_json::json;

const GRAPH: &str = include_str!("../../../tests/data/graph-schema.json");
const USERS: &str = "Provision Microsoft Entra ID Users";

fn flock() -> Schema {
    Schema::preset(Preset::Flock).unwrap()
}

/// Changes as lines: `what: before → after`.
fn lines(before: &Schema, after: &Schema) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    before.diff(after).iter().map(|c| format!("{}: {} → {}", c.what(), text(&c.before), text(&c.after))).collect()
}

fn edited(schema: &Schema, edits: &[Edit]) -> Schema {
    schema.edited(ObjectType::User, edits).unwrap()
}

fn after(edits: &[Edit]) -> Vec<String> {
    let (before, after) = (flock(), edited(&flock(), edits));
    let back: Vec<String> = after.diff(&before).iter().map(Change::what).collect();
    let mut forth: Vec<String> = before.diff(&after).iter().map(Change::what).collect();
    forth.sort();
    assert_eq!(
        forth,
        {
            let mut back = back;
            back.sort();
            back
        },
        "the way back has the same changes"
    );
    lines(&before, &after)
}

fn set(target: &str, settings: Settings) -> Edit {
    Edit::Set { target: target.into(), settings }
}

fn source(text: &str) -> Settings {
    Settings { source: Some(NewSource::parse(text).unwrap()), ..Settings::default() }
}

fn group(name: &str, clauses: &[&str]) -> Edit {
    Edit::AddGroup { name: name.into(), clauses: clauses.iter().map(|c| NewClause::parse(c).unwrap()).collect() }
}

#[test]
fn a_schema_does_not_differ_from_itself() {
    for text in [Preset::Flock.json(), Preset::Scim.json(), GRAPH] {
        let schema = Schema::from_json(text).unwrap();
        assert_eq!(schema.diff(&Schema::from_json(&schema.to_json()).unwrap()), []);
    }
}

#[test]
fn every_setting_of_an_attribute_mapping() {
    assert_eq!(
        after(&[set("title", source("ToUpper([jobTitle])"))]),
        ["title: source: [jobTitle] → ToUpper([jobTitle])"]
    );
    assert_eq!(after(&[set("title", source(""))]), ["title: source: [jobTitle] → –"]);
    let settings = Settings {
        default: Some(Some("Staff".into())),
        flow_type: Some(FlowType::ObjectAddOnly),
        flow_behavior: Some(FlowBehavior::FlowAlways),
        matching_priority: Some(2),
        ..Settings::default()
    };
    assert_eq!(
        after(&[set("title", settings)]),
        [
            "title: default: – → \"Staff\"",
            "title: applies: Always → ObjectAddOnly",
            "title: flow behavior: FlowWhenChanged → FlowAlways",
            "title: matching priority: – → 2",
        ]
    );
}

#[test]
fn mappings_come_and_go() {
    let settings = Settings {
        default: Some(Some("x".into())),
        flow_type: Some(FlowType::ObjectAddOnly),
        ..source("[department]")
    };
    assert_eq!(
        after(&[Edit::Remove { target: "title".into() }, Edit::Add { target: "urn:x:2.0:User:tag".into(), settings },]),
        [
            "title: [jobTitle] → –",
            "urn:x:2.0:User:tag: – → [department], default \"x\", ObjectAddOnly",
            "Flock urn:ietf:params:scim:schemas:core:2.0:User, attribute urn:x:2.0:User:tag: – → String",
        ]
    );
    let change = &flock().diff(&edited(&flock(), &[Edit::Remove { target: "title".into() }]))[0];
    assert_eq!(change.mapping.as_deref(), Some(USERS));
    assert_eq!(change.part, Part::Attribute { target: "title".into(), aspect: Aspect::Whole });
}

#[test]
fn state_and_actions() {
    let flow = Flow { add: true, update: true, delete: false };
    assert_eq!(
        after(&[Edit::Enable(false), Edit::Flow(flow)]),
        ["state: on → off", "actions: Add, Update, Delete → Add, Update"]
    );
}

#[test]
fn clauses_and_groups() {
    assert_eq!(
        after(&[group("Sales", &["department EQUALS Sales", "mail IS NOT NULL"])]),
        ["scope, Sales: – → department EQUALS \"Sales\"", "scope, Sales: – → mail IS NOT NULL"]
    );
    let base = edited(
        &flock(),
        &[group("A", &["department EQUALS a"]), group("B", &["department EQUALS b", "mail IS NOT NULL"])],
    );
    let and = |edits: &[Edit]| lines(&base, &edited(&base, edits));
    let clause = NewClause::parse("mail ENDS_WITH x").unwrap();
    assert_eq!(and(&[Edit::AddClause { group: 0, clause }]), ["scope, A: – → mail ENDS_WITH \"x\""]);
    assert_eq!(and(&[Edit::RemoveClause { group: 1, clause: 0 }]), ["scope, B: department EQUALS \"b\" → –"]);
    assert_eq!(and(&[Edit::RemoveGroup { group: 0 }]), ["scope, A: department EQUALS \"a\" → –"]);
    assert_eq!(and(&[Edit::NameGroup { group: 0, name: "C".into() }]), ["scope, title: A → C"]);
    let scope = |groups: Value| edited(&flock(), &[Edit::Scope(Some(json!({"groups": groups})))]);
    let everybody = Schema::from_value({
        let mut raw = base.as_value().clone();
        raw["synchronizationRules"][0]["objectMappings"][0]["scope"]["groups"][0]["clauses"] = json!([]);
        raw
    })
    .unwrap();
    assert_eq!(
        lines(&base, &everybody),
        ["scope, A: department EQUALS \"a\" → –", "scope, A: – → no clauses: everybody"]
    );
    // The order of groups and clauses, and the spelling, count for nothing.
    let one = scope(json!([{"name": "B", "clauses": [{"attribute": "mail", "operator": "Present"},
        {"attribute": "department", "operator": "equals", "value": "b"}]},
        {"name": "A", "clauses": [{"attribute": "department", "operator": "EQUALS", "value": ["a"]}]}]));
    assert_eq!(lines(&base, &one), Vec::<String>::new());
    assert_eq!(base.fingerprint(), one.fingerprint());
}

#[test]
fn input_filters_and_unknown_members_of_a_filter() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut raw = edited(&flock(), &[group("A", &["department EQUALS a"])]).as_value().clone();
        change(&mut raw["synchronizationRules"][0]["objectMappings"][0]["scope"]);
        Schema::from_value(raw).unwrap()
    };
    let base = with(&|_| ());
    let input = with(&|scope| {
        scope["inputFilterGroups"] = json!([{"clauses": [{"attribute": "mail", "operator": "IS NULL"}]}]);
    });
    assert_eq!(lines(&base, &input), ["scope, input filter, group 1: – → mail IS NULL"]);
    let place = "synchronizationRules[0].objectMappings[0].scope";
    let unknown = with(&|scope| scope["groups"][0]["clauses"][0]["new"] = json!(1));
    assert_eq!(lines(&base, &unknown), [format!("{place}.groups: – → [{{\"clauses\":[{{\"new\":1}}]}}]")]);
    let broken = with(&|scope| scope["groups"] = json!("x"));
    assert_eq!(lines(&base, &broken).len(), 1, "a filter that cannot be read is compared as JSON");
}

#[test]
fn definitions() {
    let numbers =
        NewAttribute { kind: Some(AttributeType::Integer), multivalued: true, ..NewAttribute::new("numbers") };
    let app = "Flock urn:ietf:params:scim:schemas:core:2.0:User";
    assert_eq!(
        after(&[Edit::Define { side: Side::Target, attribute: numbers }]),
        [format!("{app}, attribute numbers: – → Integer, several values")]
    );
    let mut raw = flock().as_value().clone();
    let list = raw["directories"][1]["objects"][0]["attributes"].as_array_mut().unwrap();
    list.reverse();
    let title = list.iter_mut().find(|a| a["name"] == "title").unwrap();
    title["type"] = json!("Integer");
    title["fromTheFuture"] = json!([1]);
    assert_eq!(
        lines(&flock(), &Schema::from_value(raw).unwrap()),
        [
            format!("{app}, attribute title: type: String → Integer"),
            format!("{app}, attribute title: fromTheFuture: – → [1]")
        ]
    );
}

#[test]
fn anything_else_is_named_by_its_path() {
    let mut raw = flock().as_value().clone();
    raw["version"] = json!("2");
    raw["fromTheFuture"] = json!({"a": 1});
    let rule = &mut raw["synchronizationRules"][0];
    rule["priority"] = json!(7);
    let mapping = &mut rule["objectMappings"][0];
    mapping["name"] = json!("Users");
    let metadata = mapping["metadata"].as_array_mut().unwrap();
    metadata.reverse();
    metadata.last_mut().unwrap()["value"] = json!("true");
    mapping["attributeMappings"][3]["exportMissingReferences"] = json!(true);
    mapping["attributeMappings"][3]["source"]["x"] = json!(1);
    raw["directories"][1]["readOnly"] = json!(true);
    let place = "synchronizationRules[0].objectMappings[0]";
    let found = lines(&flock(), &Schema::from_value(raw).unwrap());
    for expected in [
        format!("{place}.attributeMappings[3].exportMissingReferences: false → true"),
        format!("{place}.attributeMappings[3].source.x: – → 1"),
        format!("{place}.name: {USERS} → Users"),
        format!("{place}.metadata[IsCustomerDefined]: false → true"),
        "directories[Flock].readOnly: false → true".to_owned(),
        "version: heeler-2 → 2".to_owned(),
        "fromTheFuture: – → {\"a\":1}".to_owned(),
        "synchronizationRules[USER_OUTBOUND_USER].priority: 1 → 7".to_owned(),
    ] {
        assert!(found.contains(&expected), "{expected} is not among {found:#?}");
    }
    assert_eq!(found.len(), 8, "{found:#?}");
}

#[test]
fn order_and_trees_behind_texts_make_no_difference() {
    let mut raw = flock().as_value().clone();
    let mapping = &mut raw["synchronizationRules"][0]["objectMappings"][0];
    mapping["attributeMappings"].as_array_mut().unwrap().reverse();
    mapping["flowTypes"] = json!("Add,Update,Delete");
    mapping["scope"] = json!({"groups": [], "inputFilterGroups": [], "categoryFilterGroups": []});
    mapping["attributeMappings"][1]["source"]["parameters"] = json!([]);
    let other = Schema::from_value(raw).unwrap();
    assert_eq!(lines(&flock(), &other), Vec::<String>::new());
    assert_eq!(flock().fingerprint(), other.fingerprint());
}

#[test]
fn another_preset_is_compared_side_by_side() {
    let found = lines(&flock(), &Schema::preset(Preset::Scim).unwrap());
    assert!(found.iter().any(|line| line.starts_with("externalId: source: [objectId] → [mailNickname]")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("attribute userName")), "{found:#?}");
}

#[test]
fn a_mapping_that_is_gone() {
    let mut raw = flock().as_value().clone();
    raw["synchronizationRules"][1]["objectMappings"].as_array_mut().unwrap().clear();
    let found = flock().diff(&Schema::from_value(raw).unwrap());
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].part, &found[0].after), (&Part::Mapping, &None));
    assert!(found[0].before.as_ref().unwrap().starts_with("Group → "));
}
