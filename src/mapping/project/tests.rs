use super::*;
use crate::expression::Role;
use crate::mapping::{Preset, Schema};
use crate::model::{DirectoryGroup, DirectoryUser, ObjectType};
use serde_json::json;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn context() -> Context {
    Context::preview("2026-03-02T10:00:00Z".parse().unwrap())
}

fn ada() -> DirectoryUser {
    DirectoryUser {
        id: "11111111-0000-4000-8000-000000000001".into(),
        properties: serde_json::from_value(json!({
            "userPrincipalName": "ada@contoso.com", "displayName": "Ada Lovelace", "givenName": "Ada",
            "surname": "Lovelace", "jobTitle": "Analyst", "mail": "ada@contoso.com", "mailNickname": "ada",
            "accountEnabled": true, "department": "Engines", "employeeId": "007", "mobilePhone": null,
            "businessPhones": ["+44 20"], "faxNumber": "", "officeLocation": "B4", "postalCode": "W1",
            "streetAddress": "12 St James", "proxyAddresses": ["SMTP:ada@contoso.com", "smtp:a@contoso.com"],
        }))
        .unwrap(),
        manager: Some("22222222-0000-4000-8000-000000000002".into()),
        removed: None,
    }
}

fn users(preset: Preset) -> CompiledMapping {
    Schema::preset(preset).unwrap().compile(ObjectType::User).unwrap().unwrap()
}

fn named(mapping: &CompiledMapping, values: &[(usize, Json)]) -> Json {
    values.iter().map(|(index, value)| (mapping.rules[*index].target.clone(), value.clone())).collect()
}

/// The flock preset, its rule for `title` changed.
fn with_title(change: impl Fn(&mut Json)) -> CompiledMapping {
    let mut raw: Json = serde_json::from_str(Preset::Flock.json()).unwrap();
    change(&mut raw["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][3]);
    Schema::from_value(raw).unwrap().compile(ObjectType::User).unwrap().unwrap()
}

#[test]
fn flock_projects_a_person() {
    let (mapping, ada) = (users(Preset::Flock), ada());
    let projection = mapping.project(&SourceObject::user(&ada), false, &context());
    assert_eq!(
        named(&mapping, &projection.values),
        json!({
            "userName": "ada@contoso.com", "active": true, "displayName": "Ada Lovelace", "title": "Analyst",
            "emails[type eq \"work\"].value": "ada@contoso.com", "name.givenName": "Ada",
            "name.familyName": "Lovelace", "name.formatted": "Ada Lovelace",
            "externalId": "11111111-0000-4000-8000-000000000001",
        })
    );
    assert_eq!((projection.problems, projection.empty, projection.ignored), (vec![], vec![], vec![]));
}

#[test]
fn scim_projects_a_person_without_the_manager() {
    let (mapping, ada) = (users(Preset::Scim), ada());
    let projection = mapping.project(&SourceObject::user(&ada), false, &context());
    assert_eq!(
        named(&mapping, &projection.values),
        json!({
            "userName": "ada@contoso.com", "active": true, "displayName": "Ada Lovelace", "title": "Analyst",
            "emails[type eq \"work\"].value": "ada@contoso.com",
            "emails[type eq \"other\"].value": ["SMTP:ada@contoso.com", "smtp:a@contoso.com"],
            "name.givenName": "Ada", "name.familyName": "Lovelace", "name.formatted": "Ada Lovelace",
            "addresses[type eq \"work\"].streetAddress": "12 St James",
            "addresses[type eq \"work\"].postalCode": "W1",
            "addresses[type eq \"other\"].formatted": "B4",
            "phoneNumbers[type eq \"work\"].value": "+44 20",
            "phoneNumbers[type eq \"fax\"].value": "",
            "externalId": "ada",
            format!("{ENTERPRISE}:employeeNumber"): "007",
            format!("{ENTERPRISE}:department"): "Engines",
        })
    );
    // The mobile number is null in the directory: nothing flows (E7.13).
    let empty: Vec<&str> = projection.empty.iter().map(|i| mapping.rules[*i].target.as_str()).collect();
    assert_eq!(
        empty,
        [
            "preferredLanguage",
            "addresses[type eq \"work\"].locality",
            "addresses[type eq \"work\"].region",
            "addresses[type eq \"work\"].country",
            "phoneNumbers[type eq \"mobile\"].value",
        ]
    );
}

#[test]
fn a_group_projects_without_members() {
    let mapping = Schema::preset(Preset::Scim).unwrap().compile(ObjectType::Group).unwrap().unwrap();
    let group = DirectoryGroup {
        id: "g1".into(),
        properties: serde_json::from_value(json!({"displayName": "Team"})).unwrap(),
        removed: None,
    };
    let projection = mapping.project(&SourceObject::group(&group), false, &context());
    assert_eq!(named(&mapping, &projection.values), json!({"displayName": "Team", "externalId": "g1"}));
}

#[test]
fn both_forms_of_active_give_booleans_and_a_disable_writes_nothing_else() {
    for preset in Preset::ALL {
        let (mapping, ada) = (users(preset), ada());
        let object = SourceObject::user(&ada);
        let gone = mapping.project(&object, true, &context());
        assert_eq!(named(&mapping, &gone.values)["active"], json!(false));
        let disable = mapping.soft_delete_values(&object, &context());
        assert_eq!(named(&mapping, &disable.values), json!({"active": false}));
    }
}

#[test]
fn without_a_mapping_of_is_soft_deleted_a_disable_writes_nothing() {
    let mut raw: Json = serde_json::from_str(Preset::Flock.json()).unwrap();
    raw["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"].as_array_mut().unwrap().remove(1);
    let mapping = Schema::from_value(raw).unwrap().compile(ObjectType::User).unwrap().unwrap();
    let disable = mapping.soft_delete_values(&SourceObject::user(&ada()), &context());
    assert_eq!(disable, Projection::default());
}

#[test]
fn defaults_flow_on_create_only() {
    let mapping = with_title(|rule| rule["defaultValue"] = json!("Staff"));
    let mut ada = ada();
    ada.properties.remove("jobTitle");
    let update = mapping.project(&SourceObject::user(&ada), false, &context());
    assert!(named(&mapping, &update.values).get("title").is_none());
    let create = mapping.for_create(&update);
    assert_eq!(named(&mapping, &create.values)["title"], json!("Staff"));
    assert!(create.empty.is_empty());
    assert!(create.values.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[test]
fn a_mapping_without_source_has_its_default_on_create() {
    let mapping = with_title(|rule| {
        rule["source"] = Json::Null;
        rule["defaultValue"] = json!("en-US");
    });
    let ada = ada();
    let update = mapping.project(&SourceObject::user(&ada), false, &context());
    assert!(named(&mapping, &update.values).get("title").is_none());
    assert_eq!(named(&mapping, &mapping.default_for_create(&update)), json!({"title": "en-US"}));
}

#[test]
fn a_required_attribute_without_a_value_is_a_problem_of_creates() {
    for upn in [Json::Null, json!("")] {
        let mapping = users(Preset::Flock);
        let mut ada = ada();
        ada.properties.insert("userPrincipalName".into(), upn);
        let projection = mapping.project(&SourceObject::user(&ada), false, &context());
        assert_eq!(projection.problems, []);
        assert_eq!(mapping.matching_values(&projection).count(), 0);
        let create = mapping.for_create(&projection);
        assert_eq!(create.problems.len(), 1);
        assert_eq!(
            (create.problems[0].target.as_str(), create.problems[0].code.as_str()),
            ("userName", "MandatoryFieldsMissing")
        );
        assert!(create.problems[0].message.contains("userPrincipalName"));
    }
}

#[test]
fn values_take_the_declared_type() {
    let typed = |kind: &str, multivalued: bool, expression: &str| {
        let mut raw: Json = serde_json::from_str(Preset::Flock.json()).unwrap();
        let attributes = raw["directories"][1]["objects"][0]["attributes"].as_array_mut().unwrap();
        let title = attributes.iter_mut().find(|a| a["name"] == "title").unwrap();
        title["type"] = json!(kind);
        title["multivalued"] = json!(multivalued);
        let rule = &mut raw["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][3];
        rule["source"] = json!({"type": "Function", "name": "x", "expression": expression});
        let mapping = Schema::from_value(raw).unwrap().compile(ObjectType::User).unwrap().unwrap();
        let projection = mapping.project(&SourceObject::user(&ada()), false, &context());
        match projection.problems.as_slice() {
            [] => named(&mapping, &projection.values).get("title").cloned().unwrap_or(Json::Null),
            [problem, ..] => json!({"problem": problem.code}),
        }
    };
    for (kind, multivalued, expression, expected) in [
        ("Boolean", false, "Append(\"tr\", \"ue\")", json!(true)),
        ("Boolean", false, "Not(\"true\")", json!(false)),
        ("Boolean", false, "Append(\"may\", \"be\")", json!({"problem": "ARG_TYPE"})),
        ("Boolean", false, "Join(\"\", [nothing])", Json::Null),
        ("Integer", false, "Append([employeeId], \"\")", json!(7)),
        ("Integer", false, "Append([surname], \"\")", json!({"problem": "ARG_TYPE"})),
        ("String", false, "Not([IsSoftDeleted])", json!("True")),
        ("String", false, "Count([proxyAddresses])", json!("2")),
        ("String", false, "Join(\"\", [nothing])", json!("")),
        ("String", false, "IgnoreFlowIfNullOrEmpty([nothing])", Json::Null),
        ("String", false, "RemoveDuplicates([proxyAddresses])", json!({"problem": "SchemaPropertyCanOnlyAcceptValue"})),
        ("String", false, "Item([proxyAddresses], 9)", json!({"problem": "OUT_OF_RANGE"})),
        ("String", true, "RemoveDuplicates([proxyAddresses])", json!(["SMTP:ada@contoso.com", "smtp:a@contoso.com"])),
        ("String", true, "ToLower([mailNickname])", json!(["ada"])),
        ("String", false, "CDate(\"2020-03-16-07:00\")", json!("3/16/2020 7:00:00 AM")),
        ("DateTime", false, "CDate(\"2020-03-16-07:00\")", json!("2020-03-16T07:00:00Z")),
        ("DateTime", true, "CDate(\"2020-03-16-07:00\")", json!(["2020-03-16T07:00:00Z"])),
        ("DateTime", false, "Append(\"16 March\", \"\")", json!("16 March")),
        ("Boolean", false, "Now()", json!({"problem": "ARG_TYPE"})),
        ("Integer", false, "Now()", json!({"problem": "ARG_TYPE"})),
    ] {
        assert_eq!(typed(kind, multivalued, expression), expected, "{kind} {expression}");
    }
}

#[test]
fn ignored_attributes_and_objects_are_told_apart_from_empty_ones() {
    let expression = |text: &str| {
        let text = text.to_owned();
        with_title(move |rule| {
            rule["defaultValue"] = json!("Staff");
            rule["source"] = json!({"type": "Function", "name": "x", "expression": text});
        })
    };
    let ada = ada();
    let object = SourceObject::user(&ada);
    let ignored = expression("IgnoreFlowIfNullOrEmpty([nothing])");
    let projection = ignored.project(&object, false, &context());
    assert_eq!((projection.ignored.as_slice(), projection.ignore_object), (&[3][..], false));
    assert!(ignored.default_for_create(&projection).is_empty());
    assert!(
        expression("IIF([department]=\"Engines\", IgnoreObjectFlow, \"x\")")
            .project(&object, false, &context())
            .ignore_object
    );
}

#[test]
fn roles_reach_expressions() {
    let mapping = with_title(|rule| {
        rule["source"] = json!({"type": "Function", "name": "x",
            "expression": "SingleAppRoleAssignment([appRoleAssignments])"});
    });
    let ada = ada();
    let roles = [Role { id: "r".into(), value: None, display_name: "Editor".into() }];
    let projection = mapping.project(&SourceObject::user(&ada).with_roles(&roles), false, &context());
    assert_eq!(named(&mapping, &projection.values)["title"], json!("Editor"));
}

#[test]
fn custom_and_typed_targets_take_their_declared_type() {
    use crate::mapping::{AttributeType, Edit, NewAttribute, NewSource, Settings, Side};
    let written = |target: &str, kind: Option<AttributeType>, expression: &str| {
        let settings = Settings { source: Some(NewSource::parse(expression).unwrap()), ..Settings::default() };
        let attribute = NewAttribute { kind, ..NewAttribute::new(target) };
        let edits = [Edit::Define { side: Side::Target, attribute }, Edit::Add { target: target.into(), settings }];
        let schema = Schema::preset(Preset::Scim).unwrap().edited(ObjectType::User, &edits).unwrap();
        let mapping = schema.compile(ObjectType::User).unwrap().unwrap();
        assert_eq!(mapping.warnings, [], "{target}");
        let projection = mapping.project(&SourceObject::user(&ada()), false, &context());
        match projection.problems.as_slice() {
            [] => named(&mapping, &projection.values)[target].clone(),
            [problem, ..] => json!({"problem": problem.code}),
        }
    };
    let custom = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User:tag";
    for (target, kind, expression, expected) in [
        (custom, None, "[department]", json!("Engines")),
        (custom, Some(AttributeType::Boolean), "\"True\"", json!(true)),
        (custom, Some(AttributeType::Boolean), "IIF([department] = \"Engines\", \"False\", \"True\")", json!(false)),
        (custom, Some(AttributeType::Boolean), "[department]", json!({"problem": "ARG_TYPE"})),
        (custom, Some(AttributeType::Integer), "[employeeId]", json!(7)),
        (custom, Some(AttributeType::Integer), "Count([proxyAddresses])", json!(2)),
        (custom, Some(AttributeType::Integer), "[surname]", json!({"problem": "ARG_TYPE"})),
        ("urn:contoso:badge:1.0:User:flags.active", None, "Not(\"false\")", json!(true)),
        (
            "urn:contoso:badge:1.0:User:cards[type eq \"door\"].number",
            Some(AttributeType::Integer),
            "[employeeId]",
            json!(7),
        ),
        ("ims[type eq \"xmpp\"].value", None, "[mailNickname]", json!("ada")),
        ("phoneNumbers[type eq \"work\"].primary", None, "\"true\"", json!(true)),
    ] {
        assert_eq!(written(target, kind, expression), expected, "{target} {expression}");
    }
}
