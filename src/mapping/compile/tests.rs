use super::*;
use crate::mapping::Preset;
use serde_json::{Value, json};

const GRAPH: &str = include_str!("../../../tests/data/graph-schema.json");

#[test]
fn import_and_export_is_identity() {
    for text in [Preset::Flock.json(), Preset::Scim.json(), GRAPH] {
        let before: Value = serde_json::from_str(text).unwrap();
        let exported = Schema::from_json(text).unwrap().to_json();
        let after: Value = serde_json::from_str(&exported).unwrap();
        assert_eq!(before, after);
        assert_eq!(before.to_string(), after.to_string(), "the order of members is kept too");
        assert_eq!(Schema::from_json(&exported).unwrap().to_json(), exported);
    }
}

#[test]
fn members_that_nobody_knows_survive() {
    let mut raw: Value = serde_json::from_str(Preset::Flock.json()).unwrap();
    raw["fromTheFuture"] = json!({"a": [1, 2.5, null, "x"]});
    raw["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][0]["source"]["alsoNew"] = json!(true);
    let exported = Schema::from_value(raw.clone()).unwrap().to_json();
    assert_eq!(serde_json::from_str::<Value>(&exported).unwrap(), raw);
}

#[test]
fn presets_compile_without_a_warning() {
    for preset in Preset::ALL {
        let schema = Schema::preset(preset).unwrap();
        let users = schema.compile(ObjectType::User).unwrap().unwrap();
        assert_eq!(users.warnings, []);
        assert!(users.enabled);
        assert_eq!(users.flow, Flow { add: true, update: true, delete: true });
        assert_eq!(users.matching.iter().map(|i| users.rules[*i].target.as_str()).collect::<Vec<_>>(), ["userName"]);
        let active = users.rule("active").unwrap();
        assert!(active.depends_on_soft_deleted);
        assert_eq!(active.target_type, AttributeType::Boolean);
        assert!(users.filter.is_none());
        let groups = schema.compile(ObjectType::Group).unwrap().unwrap();
        assert_eq!(groups.warnings, []);
        assert!(!groups.enabled, "the group mapping is off by default (E8.17)");
        assert_eq!(
            groups.rules.iter().map(|r| r.target.as_str()).collect::<Vec<_>>(),
            ["displayName", "externalId", "members"]
        );
        assert!(groups.rule("members").unwrap().reference);
        assert_eq!(groups.matching, [0]);
    }
}

#[test]
fn the_tables_of_the_presets() {
    let pairs = |preset| -> Vec<String> {
        let users = Schema::preset(preset).unwrap().compile(ObjectType::User).unwrap().unwrap();
        let source = |rule: &Rule| match &rule.source {
            RuleSource::Direct(name) => name.clone(),
            RuleSource::Expression(expression) => expression.text().to_owned(),
            other => format!("{other:?}"),
        };
        users.rules.iter().map(|rule| format!("{} <- {}", rule.target, source(rule))).collect()
    };
    assert_eq!(
        pairs(Preset::Flock),
        [
            "userName <- userPrincipalName",
            "active <- Not([IsSoftDeleted])",
            "displayName <- displayName",
            "title <- jobTitle",
            "emails[type eq \"work\"].value <- mail",
            "name.givenName <- givenName",
            "name.familyName <- surname",
            "name.formatted <- Join(\" \", [givenName], [surname])",
            "externalId <- objectId",
        ]
    );
    let mut scim = pairs(Preset::Scim);
    scim.sort();
    assert_eq!(
        scim,
        [
            "active <- Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
            "addresses[type eq \"other\"].formatted <- physicalDeliveryOfficeName",
            "addresses[type eq \"work\"].country <- country",
            "addresses[type eq \"work\"].locality <- city",
            "addresses[type eq \"work\"].postalCode <- postalCode",
            "addresses[type eq \"work\"].region <- state",
            "addresses[type eq \"work\"].streetAddress <- streetAddress",
            "displayName <- displayName",
            "emails[type eq \"other\"].value <- proxyAddresses",
            "emails[type eq \"work\"].value <- mail",
            "externalId <- mailNickname",
            "name.familyName <- surname",
            "name.formatted <- Join(\" \", [givenName], [surname])",
            "name.givenName <- givenName",
            "phoneNumbers[type eq \"fax\"].value <- facsimileTelephoneNumber",
            "phoneNumbers[type eq \"mobile\"].value <- mobile",
            "phoneNumbers[type eq \"work\"].value <- telephoneNumber",
            "preferredLanguage <- preferredLanguage",
            "title <- jobTitle",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department <- department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber <- employeeId",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager <- manager",
            "userName <- userPrincipalName",
        ]
    );
}

/// What Graph writes, the presets have: every member, and the tree of every text.
#[test]
fn presets_have_the_shape_of_graph() {
    let members = |value: &Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    let graph: Value = serde_json::from_str(GRAPH).unwrap();
    for preset in Preset::ALL {
        let raw: Value = serde_json::from_str(preset.json()).unwrap();
        for place in [
            "/synchronizationRules/0",
            "/synchronizationRules/1",
            "/synchronizationRules/0/objectMappings/0",
            "/synchronizationRules/0/objectMappings/0/attributeMappings/0",
            "/directories/0",
            "/directories/1/objects/0",
            "/directories/1/objects/0/attributes/0",
        ] {
            let (ours, theirs) = (raw.pointer(place).unwrap(), graph.pointer(place).unwrap());
            assert_eq!(members(ours), members(theirs), "{place}");
        }
        let mut sources = 0;
        for rule in raw["synchronizationRules"].as_array().unwrap() {
            for mapping in rule["objectMappings"][0]["attributeMappings"].as_array().unwrap() {
                let source = &mapping["source"];
                let expression = Expression::parse(source["expression"].as_str().unwrap()).unwrap();
                assert_eq!(expression.to_graph().to_string(), source.to_string());
                sources += 1;
            }
        }
        assert!(sources > 10);
    }
}

/// Attributes that admins commonly want are known on both sides, so that mapping them needs no definition.
#[test]
fn presets_know_the_usual_attributes() {
    for preset in Preset::ALL {
        let schema = Schema::preset(preset).unwrap();
        let (rule, mapping) = schema.mapping(ObjectType::User).unwrap();
        let source = schema.object(&rule.source_directory, &mapping.source_object).unwrap();
        let target = schema.object(&rule.target_directory, &mapping.target_object).unwrap();
        for name in ["extensionAttribute1", "extensionAttribute15", "employeeHireDate", "companyName", "usageLocation"]
        {
            assert!(source.attribute(name).is_some(), "{name}");
        }
        for name in [
            "nickName",
            "locale",
            "roles",
            "roles[primary eq \"True\"].value",
            "emails[type eq \"home\"].value",
            "phoneNumbers[type eq \"pager\"].value",
            "addresses[type eq \"home\"].country",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter",
        ] {
            assert!(target.attribute(name).is_some(), "{name}");
        }
        for attribute in &target.attributes {
            assert!(crate::scim::path::AttrPath::parse(&attribute.name).is_ok(), "{}", attribute.name);
        }
    }
}

#[test]
fn a_schema_of_graph_compiles_with_its_filter() {
    let schema = Schema::from_json(GRAPH).unwrap();
    let users = schema.compile(ObjectType::User).unwrap().unwrap();
    assert_eq!(users.rules.len(), 22);
    let references: Vec<&str> = users.references().map(|r| r.target.as_str()).collect();
    assert_eq!(references, ["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"]);
    assert_eq!(users.filter.as_ref().unwrap().attributes().collect::<Vec<_>>(), ["department", "employeeId"]);
    assert!(schema.compile(ObjectType::Group).unwrap().unwrap().enabled);
}

/// The flock preset with one change.
fn changed(change: impl Fn(&mut Value)) -> Result<CompiledMapping, MappingError> {
    let mut raw: Value = serde_json::from_str(Preset::Flock.json()).unwrap();
    change(&mut raw);
    Ok(Schema::from_value(raw)?.compile(ObjectType::User)?.unwrap())
}

fn mapping(raw: &mut Value) -> &mut Value {
    &mut raw["synchronizationRules"][0]["objectMappings"][0]
}

#[test]
fn mistakes_name_the_place() {
    let place = "synchronizationRules[0].objectMappings[0]";
    type Change = fn(&mut Value);
    let cases: [(Change, String, &str); 12] = [
        (
            |m| m["attributeMappings"][1]["source"]["expression"] = json!("Nott([IsSoftDeleted])"),
            format!("{place}.attributeMappings[1].source.expression"),
            "did you mean Not?",
        ),
        (
            |m| m["attributeMappings"][1]["source"]["expression"] = json!("Replace([mail], \"a\")"),
            format!("{place}.attributeMappings[1].source.expression"),
            "one of these",
        ),
        (|m| m["attributeMappings"][0]["matchingPriority"] = json!(0), place.to_owned(), "matchingPriority"),
        (
            |m| m["attributeMappings"][0]["matchingPriority"] = json!(-1),
            format!("{place}.attributeMappings[0].matchingPriority"),
            "-1",
        ),
        (|m| m["attributeMappings"][8]["matchingPriority"] = json!(1), place.to_owned(), "two attributes"),
        (
            |m| m["attributeMappings"][3]["targetAttributeName"] = json!("displayName"),
            format!("{place}.attributeMappings[3]"),
            "second time",
        ),
        (
            |m| m["attributeMappings"][3]["targetAttributeName"] = json!("id"),
            format!("{place}.attributeMappings[3]"),
            "own key",
        ),
        (
            |m| m["attributeMappings"][3]["flowType"] = json!("Sometimes"),
            format!("{place}.attributeMappings[3].flowType"),
            "ObjectAddOnly",
        ),
        (
            |m| m["attributeMappings"][3]["targetAttributeName"] = Value::Null,
            format!("{place}.attributeMappings[3].targetAttributeName"),
            "missing",
        ),
        (|m| m["flowTypes"] = json!("Add, Destroy"), format!("{place}.flowTypes"), "Destroy"),
        (|m| m["enabled"] = json!("yes"), format!("{place}.enabled"), "true or false"),
        (
            |m| {
                m["scope"] = json!({"groups": [{"clauses": [{"sourceOperandName": "a", "operatorName": "REGEX MATCH",
             "targetOperand": {"values": ["("]}}]}]});
            },
            format!("{place}.scope.groups[0].clauses[0]"),
            "does not compile",
        ),
    ];
    for (change, path, needle) in cases {
        let error = changed(|raw| change(mapping(raw))).unwrap_err();
        let issue = &error.issues()[0];
        assert_eq!(issue.path, path, "{error}");
        assert!(issue.message.contains(needle), "{}", issue.message);
    }
}

#[test]
fn a_function_without_its_text_is_built_from_its_tree() {
    let with = |change: fn(&mut Value)| {
        changed(move |raw| {
            let source = &mut mapping(raw)["attributeMappings"][7]["source"];
            source.as_object_mut().unwrap().remove("expression");
            change(source);
        })
    };
    let users = with(|_| ()).unwrap();
    assert_eq!(users.rule("name.formatted").unwrap().source.words(), "Join(\" \", [givenName], [surname])");
    let other = with(|source| source["parameters"][0]["value"]["expression"] = json!("\"-\"")).unwrap();
    assert_ne!(other.fingerprint(), users.fingerprint(), "the tree decides here");
    let error = with(|source| source["parameters"] = json!([])).unwrap_err();
    let issue = &error.issues()[0];
    assert!(issue.path.ends_with("attributeMappings[7].source"), "{}", issue.path);
    assert!(issue.message.contains("separator"), "{}", issue.message);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let error = changed(|raw| {
        mapping(raw)["attributeMappings"][1]["source"]["expression"] = json!("Not(");
        mapping(raw)["attributeMappings"][7]["source"]["expression"] = json!("Join()");
    })
    .unwrap_err();
    assert_eq!(error.issues().len(), 2);
}

#[test]
fn text_that_is_not_json_says_where() {
    match Schema::from_json("{\n  \"a\": }").unwrap_err() {
        MappingError::NotJson { line, column, .. } => assert_eq!((line, column), (2, 8)),
        other => panic!("{other}"),
    }
    assert!(Schema::from_json("[]").unwrap_err().to_string().contains("an object is needed"));
    assert!(Schema::from_json("{}").unwrap_err().to_string().contains("synchronizationRules"));
}

#[test]
fn enums_and_flags_are_read_in_any_letter_case() {
    let users = changed(|raw| {
        mapping(raw)["flowTypes"] = json!("add,UPDATE");
        mapping(raw)["attributeMappings"][1]["source"]["type"] = json!("function");
        mapping(raw)["attributeMappings"][3]["flowType"] = json!("objectAddOnly");
        let attributes = &mut raw["directories"][1]["objects"][0]["attributes"];
        for attribute in attributes.as_array_mut().unwrap() {
            attribute["type"] = json!(attribute["type"].as_str().unwrap().to_lowercase());
        }
    })
    .unwrap();
    assert_eq!(users.flow, Flow { add: true, update: true, delete: false });
    assert_eq!(users.rule("title").unwrap().flow_type, FlowType::ObjectAddOnly);
    assert_eq!(users.rule("active").unwrap().target_type, AttributeType::Boolean);
}

#[test]
fn an_attribute_the_directory_does_not_have_is_a_warning() {
    let users = changed(|raw| {
        mapping(raw)["attributeMappings"][3]["source"]["expression"] = json!("[jobTitel]");
    })
    .unwrap();
    assert!(users.warnings.iter().any(|issue| issue.message.contains("jobTitel")));
}

#[test]
fn the_fingerprint_follows_what_matters_only() {
    let schema = |change: &dyn Fn(&mut Value)| {
        let mut raw: Value = serde_json::from_str(Preset::Flock.json()).unwrap();
        change(&mut raw);
        Schema::from_value(raw).unwrap()
    };
    let base = schema(&|_| ());
    let same: [&dyn Fn(&mut Value); 3] =
        [&|raw| raw["version"] = json!("other"), &|raw| mapping(raw)["name"] = json!("other"), &|raw| {
            raw["directories"][1]["discoveryDateTime"] = json!("2026-01-01T00:00:00Z");
        }];
    for change in same {
        assert_eq!(schema(change).fingerprint(), base.fingerprint());
    }
    let differ: [&dyn Fn(&mut Value); 5] = [
        &|raw| mapping(raw)["attributeMappings"][3]["source"]["expression"] = json!("[department]"),
        &|raw| mapping(raw)["attributeMappings"][3]["defaultValue"] = json!("x"),
        &|raw| mapping(raw)["flowTypes"] = json!("Add"),
        &|raw| mapping(raw)["scope"] = json!({"groups": [{"clauses": []}]}),
        &|raw| raw["directories"][1]["objects"][0]["attributes"][3]["type"] = json!("String"),
    ];
    let mut seen = vec![base.fingerprint()];
    for change in differ {
        let changed = schema(change).fingerprint();
        assert!(!seen.contains(&changed));
        seen.push(changed);
    }
    let users = base.compile(ObjectType::User).unwrap().unwrap();
    assert_ne!(users.fingerprint(), base.compile(ObjectType::Group).unwrap().unwrap().fingerprint());
    assert_eq!(users.fingerprint().len(), 64);
}

#[test]
fn attributes_that_nearly_exist_are_named() {
    for (expression, needle) in [
        ("[jobTitel]", "did you mean jobTitle?"),
        ("[JobTitle]", "names are case-sensitive: write jobTitle"),
        ("Join(\" \", [givenName], [shoeSize])", "no attribute shoeSize; unless"),
        ("[extension_shoeSize]", "extension_<app id without hyphens>_<name>"),
    ] {
        let users =
            changed(|raw| mapping(raw)["attributeMappings"][3]["source"]["expression"] = json!(expression)).unwrap();
        assert_eq!(users.warnings.len(), 1);
        assert!(users.warnings[0].message.contains(needle), "{}", users.warnings[0]);
    }
    let target = |name: &str| changed(|raw| mapping(raw)["attributeMappings"][3]["targetAttributeName"] = json!(name));
    assert!(target("titel").unwrap().warnings[0].message.contains("did you mean title?"));
    assert!(!target("urn:x:y:1.0:User:tag").unwrap().warnings[0].message.contains("did you mean"));
    let error = target("emails[type eq work].value").unwrap_err();
    assert!(error.issues()[0].path.ends_with("attributeMappings[3].targetAttributeName"), "{error}");
    assert!(error.issues()[0].message.contains("not the name of an attribute"), "{error}");
}

#[test]
fn a_scoping_filter_is_checked_against_the_directory() {
    let with = |groups: Value| changed(move |raw| mapping(raw)["scope"] = json!({"groups": groups.clone()}));
    let clause = |attribute: &str, operator: &str, value: Value| json!({"attribute": attribute, "operator": operator, "value": value});
    let users = with(json!([{"clauses": [clause("departmnt", "EQUALS", json!("Sales"))]}])).unwrap();
    assert_eq!(users.warnings.len(), 1);
    assert_eq!(users.warnings[0].path, "synchronizationRules[0].objectMappings[0].scope.groups[0].clauses[0]");
    assert!(users.warnings[0].message.contains("did you mean department?"));
    let nobody = with(json!([{"name": "None", "clauses": [
        clause("department", "IS NULL", Value::Null), clause("department", "EQUALS", json!("Sales"))]}]))
    .unwrap();
    assert_eq!(nobody.warnings.len(), 2);
    assert!(nobody.warnings[1].message.contains("NOBODY WOULD BE IN SCOPE"));
}

#[test]
fn an_object_has_one_key() {
    let anchors = |second: bool, first: bool| {
        changed(move |raw| {
            raw["directories"][1]["objects"][0]["attributes"][0]["anchor"] = json!(first);
            raw["directories"][1]["objects"][0]["attributes"][4]["anchor"] = json!(second);
        })
    };
    assert!(anchors(true, true).unwrap_err().to_string().contains("the anchors id and displayName"));
    assert!(anchors(false, false).unwrap().warnings[0].message.contains("no anchor"));
}

#[test]
fn unique_values_are_for_new_accounts() {
    let unique = |index: usize, flow: &str| {
        changed(|raw| {
            let rule = &mut mapping(raw)["attributeMappings"][index];
            rule["flowType"] = json!(flow);
            rule["source"] = json!({"type": "Function", "name": "SelectUniqueValue",
                "expression": "SelectUniqueValue([mailNickname], Join(\"\", [givenName], \"1\"))"});
        })
    };
    assert!(unique(3, "ObjectAddOnly").is_ok());
    let error = unique(3, "Always").unwrap_err();
    assert!(error.issues()[0].path.ends_with("attributeMappings[3].flowType"), "{error}");
    let error = unique(0, "ObjectAddOnly").unwrap_err();
    assert!(error.issues()[0].message.contains("set its matchingPriority to 0"), "{error}");
}
