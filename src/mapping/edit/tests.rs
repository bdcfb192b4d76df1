use super::*;
use crate::mapping::{Operator, Preset};
use serde_json::json;

const GRAPH: &str = include_str!("../../../tests/data/graph-schema.json");
const USERS: &str = "synchronizationRules[0].objectMappings[0]";

fn flock() -> Schema {
    Schema::preset(Preset::Flock).unwrap()
}

fn users(schema: &Schema, edits: &[Edit]) -> Result<Schema, MappingError> {
    schema.edited(ObjectType::User, edits)
}

fn source(text: &str) -> Settings {
    Settings { source: Some(NewSource::parse(text).unwrap()), ..Settings::default() }
}

fn set(target: &str, settings: Settings) -> Edit {
    Edit::Set { target: target.into(), settings }
}

fn add(target: &str, text: &str) -> Edit {
    Edit::Add { target: target.into(), settings: source(text) }
}

fn mapping_to<'a>(schema: &'a Schema, target: &str) -> &'a Value {
    let list = schema.at(&format!("{USERS}.attributeMappings")).unwrap().as_array().unwrap();
    list.iter().find(|m| m["targetAttributeName"] == target).unwrap()
}

fn refused(schema: &Schema, edit: Edit) -> (String, String) {
    let error = users(schema, &[edit]).unwrap_err();
    let issue = &error.issues()[0];
    assert!(error.to_string().starts_with(&issue.path), "{error}");
    (issue.path.clone(), issue.message.clone())
}

/// Both texts as lines, and how many of each the other one has not.
fn lines_that_differ(before: &Schema, after: &Schema) -> (usize, usize) {
    let (before, after) = (before.to_json(), after.to_json());
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let beyond = |a: &[&str], b: &[&str]| a.iter().filter(|line| !b.contains(line)).count();
    (beyond(&before, &after), beyond(&after, &before))
}

#[test]
fn a_source_is_written_as_a_tree_and_nothing_else_changes() {
    let schema = Schema::from_json(GRAPH).unwrap();
    let edited = users(&schema, &[set("TITLE", source("Join(\" \",[jobTitle],[department])"))]).unwrap();
    let title = mapping_to(&edited, "title");
    let tree = Expression::parse("Join(\" \", [jobTitle], [department])").unwrap().to_graph();
    assert_eq!(title["source"].to_string(), tree.to_string());
    let mut back = edited.as_value().clone();
    let at = pointer_of(&format!("{USERS}.attributeMappings[3].source"));
    *back.pointer_mut(&at).unwrap() = schema.as_value().pointer(&at).unwrap().clone();
    assert_eq!(back.to_string(), schema.as_value().to_string(), "other members and their order are as they were");
}

#[test]
fn every_kind_of_source() {
    let written =
        |text: &str| mapping_to(&users(&flock(), &[set("title", source(text))]).unwrap(), "title")["source"].clone();
    assert_eq!(written("[department]")["type"], "Attribute");
    assert_eq!(
        written("\"Sa\\\"les\""),
        json!({"expression": "\"Sa\\\"les\"", "name": "Sa\"les", "type": "Constant", "parameters": []})
    );
    assert_eq!(written("ToUpper([department])")["parameters"][0]["key"], "source");
    assert_eq!(written("  "), Value::Null);
    let error = NewSource::parse("ToUper([department])").unwrap_err();
    assert!(error.to_string().contains("did you mean ToUpper?"), "{error}");
    assert_eq!(error.issues()[0].expression.as_ref().unwrap().1.span.start, 0);
}

#[test]
fn members_that_nobody_knows_survive_in_the_source_too() {
    let mut raw = flock().as_value().clone();
    let source_at = pointer_of(&format!("{USERS}.attributeMappings[3].source"));
    raw.pointer_mut(&source_at).unwrap()["fromTheFuture"] = json!(1.0);
    let edited = users(&Schema::from_value(raw).unwrap(), &[set("title", source("[department]"))]).unwrap();
    assert_eq!(mapping_to(&edited, "title")["source"]["fromTheFuture"].to_string(), "1.0");
    assert_eq!(mapping_to(&edited, "title")["source"]["expression"], "[department]");
}

#[test]
fn the_other_settings() {
    let settings = Settings {
        default: Some(Some("Staff".into())),
        flow_type: Some(FlowType::ObjectAddOnly),
        flow_behavior: Some(FlowBehavior::FlowAlways),
        matching_priority: Some(2),
        ..Settings::default()
    };
    let edited = users(&flock(), &[set("title", settings)]).unwrap();
    let title = mapping_to(&edited, "title");
    assert_eq!(
        (&title["defaultValue"], &title["flowType"], &title["flowBehavior"], &title["matchingPriority"]),
        (&json!("Staff"), &json!("ObjectAddOnly"), &json!("FlowAlways"), &json!(2))
    );
    assert_eq!(title["source"]["name"], "jobTitle");
    let cleared = users(&edited, &[set("title", Settings { default: Some(None), ..Settings::default() })]).unwrap();
    assert_eq!(mapping_to(&cleared, "title")["defaultValue"], Value::Null);
}

#[test]
fn what_is_said_again_stays_as_it_was_written() {
    let mut raw = flock().as_value().clone();
    let title = raw.pointer_mut(&pointer_of(&format!("{USERS}.attributeMappings[3]"))).unwrap();
    title["flowType"] = json!("always");
    title.as_object_mut().unwrap().shift_remove("defaultValue");
    let schema = Schema::from_value(raw).unwrap();
    let same = Settings {
        default: Some(None),
        flow_type: Some(FlowType::Always),
        matching_priority: Some(0),
        ..source("[jobTitle]")
    };
    let edits = [
        set("title", same),
        Edit::Enable(true),
        Edit::Flow(Flow { add: true, update: true, delete: true }),
        Edit::Scope(None),
    ];
    assert_eq!(users(&schema, &edits).unwrap().to_json(), schema.to_json());
}

#[test]
fn an_unknown_target_names_the_nearest() {
    let (path, message) = refused(&flock(), set("titel", source("[department]")));
    assert_eq!(path, format!("{USERS}.attributeMappings"));
    assert_eq!(message, "nothing is mapped to titel; did you mean title?");
    let (_, message) = refused(&flock(), Edit::Remove { target: "nickName".into() });
    assert!(message.contains("there are mappings to userName, active"), "{message}");
}

#[test]
fn a_new_mapping_has_all_members_and_defines_its_attribute() {
    let schema = Schema::from_json(GRAPH).unwrap();
    let target = "urn:ietf:params:scim:schemas:extension:Custom:2.0:User:tag";
    let edited =
        users(&schema, &[add(target, "[employeeId]"), add("phoneNumbers[type eq \"home\"].value", "\"1\"")]).unwrap();
    let theirs: Vec<&String> = mapping_to(&schema, "title").as_object().unwrap().keys().collect();
    let ours: Vec<&String> = mapping_to(&edited, target).as_object().unwrap().keys().collect();
    assert_eq!(ours, theirs);
    let compiled = edited.compile(ObjectType::User).unwrap().unwrap();
    assert_eq!(compiled.rule(target).unwrap().target_type, AttributeType::String);
    let app = edited.object("customappsso", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User").unwrap();
    assert!(app.attribute(target).is_some() && app.attribute("phoneNumbers[type eq \"home\"].value").is_some());
    let definitions = edited.at("directories[1].objects[0].attributes").unwrap().as_array().unwrap();
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(definitions.last().unwrap()), members(&definitions[0]));
}

#[test]
fn a_mapping_to_a_known_attribute_takes_its_spelling() {
    let edited = users(&flock(), &[add("PreferredLanguage", "[preferredLanguage]")]).unwrap();
    assert_eq!(mapping_to(&edited, "preferredLanguage")["source"]["type"], "Attribute");
    assert_eq!(edited.at("directories"), flock().at("directories"));
}

#[test]
fn a_new_mapping_that_cannot_be() {
    for (target, needle) in [
        ("title", "already"),
        ("titles", "did you mean title?"),
        ("emails[type eq work].value", "not the name of an attribute"),
        ("", "not the name of an attribute"),
    ] {
        let (_, message) = refused(&flock(), add(target, "[department]"));
        assert!(message.contains(needle), "{target}: {message}");
    }
    // Said on purpose, a name like another one is no slip.
    let define = Edit::Define { side: Side::Target, attribute: NewAttribute::new("titles") };
    assert!(users(&flock(), &[define, add("titles", "[department]")]).is_ok());
}

#[test]
fn attributes_are_defined_on_both_sides() {
    let app = "0123456789abcdef0123456789abcdef";
    let name = format!("extension_{app}_shoeSize");
    let source_side = Edit::Define { side: Side::Source, attribute: NewAttribute::new(&name) };
    let numbers =
        NewAttribute { kind: Some(AttributeType::Integer), multivalued: true, ..NewAttribute::new("numbers") };
    let target_side = Edit::Define { side: Side::Target, attribute: numbers };
    let edited = users(&flock(), &[source_side.clone(), target_side, add("numbers", &format!("[{name}]"))]).unwrap();
    let users_now = edited.compile(ObjectType::User).unwrap().unwrap();
    assert_eq!(users_now.warnings, []);
    let rule = users_now.rule("numbers").unwrap();
    assert_eq!((rule.target_type, rule.multivalued), (AttributeType::Integer, true));
    assert!(refused(&edited, source_side).1.contains("already"));
    for (name, needle) in [
        ("Department", "department already"),
        ("extension_shoeSize", "app id"),
        ("extensionAttribute16", "only extensionAttribute1"),
        ("shoe size", "letters, digits"),
    ] {
        let (path, message) =
            refused(&flock(), Edit::Define { side: Side::Source, attribute: NewAttribute::new(name) });
        assert_eq!(path, "directories[0].objects[0].attributes");
        assert!(message.contains(needle), "{message}");
    }
    let reference = NewAttribute { kind: Some(AttributeType::Reference), ..NewAttribute::new("owner") };
    let edited = users(&flock(), &[Edit::Define { side: Side::Target, attribute: reference }]).unwrap();
    let list = edited.at("directories[1].objects[0].attributes").unwrap().as_array().unwrap();
    assert_eq!(
        list.last().unwrap()["referencedObjects"][0]["referencedObjectName"],
        "urn:ietf:params:scim:schemas:core:2.0:User"
    );
}

#[test]
fn mappings_are_removed_but_for_those_that_are_needed() {
    let edited = users(&flock(), &[Edit::Remove { target: "title".into() }]).unwrap();
    assert!(edited.compile(ObjectType::User).unwrap().unwrap().rule("title").is_none());
    let (path, message) = refused(&flock(), Edit::Remove { target: "userName".into() });
    assert_eq!(path, format!("{USERS}.attributeMappings[0]"));
    assert!(message.contains("requires userName"), "{message}");
    let by_external = [
        set("userName", Settings { matching_priority: Some(0), ..Settings::default() }),
        set("externalId", Settings { matching_priority: Some(1), ..Settings::default() }),
    ];
    let schema = users(&flock(), &by_external).unwrap();
    assert!(refused(&schema, Edit::Remove { target: "externalId".into() }).1.contains("only matching attribute"));
}

#[test]
fn flags_keep_the_spelling_of_the_file() {
    let flow = Flow { add: true, update: false, delete: true };
    for (before, after) in
        [("Add, Update, Delete", "Add, Delete"), ("add,UPDATE", "add,Delete"), ("Update", "Add, Delete")]
    {
        let mut raw = flock().as_value().clone();
        raw.pointer_mut(&pointer_of(USERS)).unwrap()["flowTypes"] = json!(before);
        let edited = users(&Schema::from_value(raw).unwrap(), &[Edit::Flow(flow)]).unwrap();
        assert_eq!(edited.at(USERS).unwrap()["flowTypes"], after);
    }
    let nothing = Flow { add: false, update: false, delete: false };
    let edited = users(&flock(), &[Edit::Flow(nothing), Edit::Enable(false)]).unwrap();
    assert_eq!(edited.compile(ObjectType::User).unwrap().unwrap().flow, nothing);
    assert_eq!(edited.at(USERS).unwrap()["enabled"], false);
    assert_eq!(lines_that_differ(&flock(), &edited), (1, 1), "enabled is false in the group mapping already");
}

#[test]
fn the_group_mapping_is_edited_as_well() {
    let edited = flock().edited(ObjectType::Group, &[Edit::Enable(true), set("externalId", source("[mail]"))]).unwrap();
    let groups = edited.compile(ObjectType::Group).unwrap().unwrap();
    assert!(groups.enabled);
    assert_eq!(groups.rule("externalId").unwrap().source.words(), "mail");
}

fn clause(text: &str) -> NewClause {
    NewClause::parse(text).unwrap()
}

#[test]
fn clauses_as_people_write_them() {
    let parts = |text: &str| {
        let clause = clause(text);
        (clause.attribute, clause.operator, clause.values)
    };
    let texts = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    for (text, attribute, operator, values) in [
        ("department EQUALS Sales", "department", Operator::Equals, texts(&["Sales"])),
        ("[department]  equals  Field  Sales ", "department", Operator::Equals, texts(&["Field  Sales"])),
        ("department NOT EQUALS \"a \\\"b\\\"\"", "department", Operator::NotEquals, texts(&["a \"b\""])),
        ("mail IS NOT NULL", "mail", Operator::IsNotNull, texts(&[])),
        ("mail Present", "mail", Operator::IsNotNull, texts(&[])),
        ("upn NOT REGEX MATCH ^[a]\\d$", "upn", Operator::NotRegexMatch, texts(&["^[a]\\d$"])),
        ("upn REGEX MATCH [1-9]", "upn", Operator::RegexMatch, texts(&["[1-9]"])),
        ("level Greater_Than_OR_EQUALS 5", "level", Operator::GreaterThanOrEquals, texts(&["5"])),
        ("level GreaterThan 5", "level", Operator::GreaterThan, texts(&["5"])),
        ("department EQUALS [\"a\", \"b\"]", "department", Operator::Equals, texts(&["a", "b"])),
        ("country !& DE FR", "country", Operator::NotOccursIn, texts(&["DE FR"])),
        ("department EQUALS \"\"", "department", Operator::Equals, texts(&[""])),
    ] {
        assert_eq!(parts(text), (attribute.to_owned(), operator, values), "{text}");
    }
    for (text, needle) in
        [("", "department EQUALS Sales"), ("department", "no operator"), ("department is Sales", "no operator")]
    {
        let error = NewClause::parse(text).unwrap_err();
        assert!(error.to_string().contains(needle), "{error}");
    }
}

#[test]
fn a_filter_grows_and_shrinks() {
    let group = Edit::AddGroup { name: "Sales".into(), clauses: vec![clause("department EQUALS Sales")] };
    let more = Edit::AddClause { group: 0, clause: clause("mail IS NOT NULL") };
    let name = Edit::NameGroup { group: 0, name: "Sales with mail".into() };
    let edited = users(&flock(), &[group.clone(), more, name]).unwrap();
    assert_eq!(
        edited.at(&format!("{USERS}.scope")).unwrap(),
        &json!({"categoryFilterGroups": [], "inputFilterGroups": [], "groups": [{"name": "Sales with mail", "clauses": [
            {"operatorName": "EQUALS", "sourceOperandName": "department", "targetOperand": {"values": ["Sales"]}},
            {"operatorName": "IS NOT NULL", "sourceOperandName": "mail", "targetOperand": {"values": []}},
        ]}]})
    );
    let fewer = users(&edited, &[Edit::RemoveClause { group: 0, clause: 0 }]).unwrap();
    assert_eq!(
        fewer.compile(ObjectType::User).unwrap().unwrap().filter.unwrap().attributes().collect::<Vec<_>>(),
        ["mail"]
    );
    for gone in [Edit::RemoveClause { group: 0, clause: 0 }, Edit::RemoveGroup { group: 0 }, Edit::Scope(None)] {
        let gone = users(&fewer, &[gone]).unwrap();
        assert!(gone.compile(ObjectType::User).unwrap().unwrap().filter.is_none());
    }
    for (edit, needle) in [
        (Edit::RemoveClause { group: 0, clause: 2 }, "no clause 3 in this group; it has 2"),
        (Edit::RemoveGroup { group: 1 }, "no group 2; the filter has 1"),
        (Edit::AddGroup { name: "x".into(), clauses: vec![] }, "would hold for everybody"),
        (Edit::AddClause { group: 0, clause: clause("a EQUALS") }, "needs a value"),
        (Edit::AddClause { group: 0, clause: clause("a REGEX MATCH (") }, "does not compile"),
        (Edit::AddClause { group: 0, clause: clause("a Greater_Than ten") }, "whole numbers"),
    ] {
        let (path, message) = refused(&edited, edit);
        assert!(path.starts_with(&format!("{USERS}.scope")), "{path}");
        assert!(message.contains(needle), "{message}");
    }
    assert!(refused(&flock(), Edit::AddClause { group: 0, clause: clause("a IS NULL") }).1.contains("no groups"));
}

#[test]
fn a_filter_in_short_form_is_written_in_the_form_of_graph() {
    let short = json!({"note": "kept", "groups": [
        {"clauses": [{"attribute": "department", "operator": "equals", "value": ["Sales", 7]}, {"attribute": "mail", "operator": "Present"}]},
        {"name": "Pilot", "extra": 1, "clauses": [{"sourceOperandName": "level", "operatorName": "Greater_Than", "targetOperand": {"values": "5", "x": 1}, "y": 2}]},
    ]});
    let edited = users(&flock(), &[Edit::Scope(Some(short))]).unwrap();
    let scope = edited.at(&format!("{USERS}.scope")).unwrap();
    assert_eq!(
        scope,
        &json!({"categoryFilterGroups": [], "inputFilterGroups": [], "note": "kept", "groups": [
            {"name": "Filter 1", "clauses": [
                {"operatorName": "EQUALS", "sourceOperandName": "department", "targetOperand": {"values": ["Sales", "7"]}},
                {"operatorName": "IS NOT NULL", "sourceOperandName": "mail", "targetOperand": {"values": []}}]},
            {"name": "Pilot", "extra": 1, "clauses": [
                {"operatorName": "Greater_Than", "sourceOperandName": "level", "targetOperand": {"values": ["5"], "x": 1}, "y": 2}]},
        ]})
    );
    let again = users(&edited, &[Edit::Scope(Some(scope.clone()))]).unwrap();
    assert_eq!(again.to_json(), edited.to_json());
    let wrong = json!({"groups": [{"clauses": [{"attribute": "a", "operator": "IsMemberOf", "value": "x"}]}]});
    assert!(refused(&flock(), Edit::Scope(Some(wrong))).1.contains("not supported"));
}

#[test]
fn nothing_is_changed_when_one_of_several_edits_fails() {
    let edits = [set("title", source("[department]")), set("nothing", source("[mail]"))];
    assert!(users(&flock(), &edits).is_err());
    let mut raw = flock().as_value().clone();
    raw["synchronizationRules"].as_array_mut().unwrap().remove(1);
    let error = Schema::from_value(raw).unwrap().edited(ObjectType::Group, &[Edit::Enable(true)]).unwrap_err();
    assert!(error.to_string().contains("no mapping of Group objects"), "{error}");
}
