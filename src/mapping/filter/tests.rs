use super::*;
use crate::mapping::Severity;
use crate::model::DirectoryUser;
use serde_json::json;

#[test]
fn every_vector() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../tests/data/scoping.json")).unwrap();
    let mut failed = Vec::new();
    for vector in &vectors {
        let filter = ScopingFilter::from_json(&vector["filter"]).unwrap();
        let verdict = filter.evaluate_with(&|name| vector["attributes"].get(name).cloned().unwrap_or(Value::Null));
        if Value::Bool(verdict.in_scope) != vector["in_scope"] {
            failed.push(vector["id"].to_string());
        }
    }
    assert!(failed.is_empty(), "{} of {}: {failed:?}", failed.len(), vectors.len());
    assert!(vectors.len() >= 80);
}

fn graph(clauses: &Value) -> Value {
    json!({"groups": [{"name": "x", "clauses": clauses}]})
}

#[test]
fn graph_form_and_short_form_agree() {
    let long = graph(
        &json!([{"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": {"values": ["Sales"]}}]),
    );
    let short = graph(&json!([{"attribute": "department", "operator": "EQUALS", "value": "Sales"}]));
    for filter in [long, short] {
        let filter = ScopingFilter::from_json(&filter).unwrap();
        assert!(filter.evaluate_with(&|_| json!("Sales")).in_scope);
        assert!(!filter.evaluate_with(&|_| json!("sales")).in_scope);
    }
}

#[test]
fn every_clause_is_evaluated_and_shown_with_the_value_it_saw() {
    let filter = ScopingFilter::from_json(&json!({"groups": [
        {"clauses": [{"attribute": "department", "operator": "EQUALS", "value": "Sales"},
                     {"attribute": "mobile", "operator": "IS NOT NULL"}]},
        {"clauses": [{"attribute": "accountEnabled", "operator": "IS TRUE"}]},
    ]}))
    .unwrap();
    let user = DirectoryUser {
        id: "1".into(),
        properties: serde_json::from_value(json!({"department": "HR", "mobilePhone": "+1", "accountEnabled": true}))
            .unwrap(),
        ..DirectoryUser::default()
    };
    let verdict = filter.evaluate(&SourceObject::user(&user));
    assert_eq!(
        serde_json::to_value(&verdict).unwrap(),
        json!({"in_scope": true, "clauses": [
            {"group": 0, "attribute": "department", "operator": "EQUALS", "value": "Sales", "actual": "HR", "holds": false},
            {"group": 0, "attribute": "mobile", "operator": "IS NOT NULL", "value": null, "actual": "+1", "holds": true},
            {"group": 1, "attribute": "accountEnabled", "operator": "IS TRUE", "value": null, "actual": true, "holds": true},
        ]})
    );
}

#[test]
fn every_documented_operator_name_is_known_in_any_spelling() {
    for operator in Operator::ALL {
        assert_eq!(Operator::parse(operator.as_str()), Some(operator));
        assert_eq!(Operator::parse(&operator.as_str().to_lowercase().replace(['_', ' '], "")), Some(operator));
    }
    assert_eq!(Operator::parse("IsMemberOf"), None);
}

#[test]
fn mistakes_are_named() {
    let issues = |clause: Value| ScopingFilter::from_json(&graph(&json!([clause]))).unwrap().issues().to_vec();
    for (clause, needle) in [
        (json!({"attribute": "a", "operator": "REGEX MATCH", "value": "("}), "does not compile"),
        (json!({"attribute": "a", "operator": "IsMemberOf", "value": "x"}), "not supported"),
        (json!({"attribute": "a", "operator": "Greater_Than", "value": "ten"}), "whole numbers"),
        (json!({"attribute": "a", "operator": "EQUALS"}), "needs a value"),
    ] {
        let found = issues(clause);
        assert_eq!(found[0].severity, Severity::Error);
        assert_eq!(found[0].path, "scope.groups[0].clauses[0]");
        assert!(found[0].message.contains(needle), "{}", found[0].message);
    }
    let warned = issues(json!({"attribute": "a", "operator": "REGEX MATCH", "value": "[1-9]"}));
    assert_eq!(warned[0].severity, Severity::Warning);
    assert!(issues(json!({"attribute": "a", "operator": "REGEX MATCH", "value": "^[1-9]$"})).is_empty());
}

#[test]
fn a_pattern_that_explodes_is_given_up_and_puts_nobody_in_scope() {
    for operator in ["REGEX MATCH", "NOT REGEX MATCH"] {
        // A backreference forces backtracking.
        let clause = json!({"attribute": "a", "operator": operator, "value": "^(a|aa)+(b)?\\2$"});
        let filter = ScopingFilter::from_json(&graph(&json!([clause]))).unwrap();
        assert!(!filter.evaluate_with(&|_| json!("a".repeat(60) + "!")).in_scope);
    }
}

#[test]
fn input_filters_leave_out_without_deprovisioning() {
    let groups = json!([{"clauses": [{"attribute": "department", "operator": "EQUALS", "value": "Sales"}]}]);
    let filter = ScopingFilter::from_json(&json!({"groups": [], "inputFilterGroups": groups})).unwrap();
    let verdict = filter.evaluate_with(&|_| json!("HR"));
    assert!(verdict.in_scope && !verdict.considered);
    assert!(filter.evaluate_with(&|_| json!("Sales")).considered);
}

fn clause(text: &str) -> Value {
    let clause = crate::mapping::NewClause::parse(text).unwrap();
    json!({"attribute": clause.attribute, "operator": clause.operator.as_str(), "value": clause.values})
}

/// Groups of clauses as people write them; what is doubted about them.
fn doubts(groups: &[&[&str]]) -> Vec<(String, String)> {
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| json!({"clauses": group.iter().map(|text| clause(text)).collect::<Vec<_>>()}))
        .collect();
    let filter = json!({"groups": groups});
    let filter = ScopingFilter::read(&Place { value: &filter, path: "scope".into() }).unwrap();
    assert!(filter.issues().iter().all(|issue| issue.severity == Severity::Warning), "{:?}", filter.issues());
    let schema = crate::mapping::Schema::preset(crate::mapping::Preset::Scim).unwrap();
    let mut object = schema.object("Microsoft Entra ID", "User").unwrap().clone();
    let mut level = object.attribute("department").unwrap().clone();
    level.name = "level".into();
    level.kind = crate::mapping::AttributeType::Integer;
    object.attributes.push(level);
    filter.doubts("scope", Some(&object)).into_iter().map(|issue| (issue.path, issue.message)).collect()
}

#[test]
fn groups_that_nobody_can_be_in_are_named() {
    for (clauses, reason) in [
        (&["department IS NULL", "department EQUALS Sales"][..], "cannot both hold"),
        (&["department NOT EQUALS Sales", "department IS NULL"], "cannot both hold"),
        (&["department EQUALS Sales", "department EQUALS Finance"], "cannot both hold"),
        (&["department EQUALS Sales", "mail IS NOT NULL", "department NOT EQUALS Sales"], "cannot both hold"),
        (&["department EQUALS [\"a\", \"b\"]", "department EQUALS [\"c\"]"], "cannot both hold"),
        (
            &["department EQUALS [\"a\", \"b\"]", "department NOT EQUALS a", "department NOT EQUALS b"],
            "none of the values",
        ),
        (&["department EQUALS Sales", "department REGEX MATCH ^Fin.*$"], "cannot both hold"),
        (&["department NOT REGEX MATCH ^Sa.*$", "department EQUALS Sales"], "cannot both hold"),
        (&["department EQUALS Sales", "department Includes fin"], "cannot both hold"),
        (&["department EQUALS Sales", "department ENDS_WITH x"], "cannot both hold"),
        (&["department EQUALS Sales", "department & Finance"], "cannot both hold"),
        (&["department ENDS_WITH les", "department ENDS_WITH nce"], "cannot both hold"),
        (&["department & Sales", "department Includes fin"], "cannot both hold"),
        (&["department & Sales", "department !& Sales and more"], "cannot both hold"),
        (&["department REGEX MATCH ^a$", "department NOT REGEX MATCH ^a$"], "cannot both hold"),
        (&["level Greater_Than 5", "level EQUALS 5"], "cannot both hold"),
        (&["accountEnabled IS TRUE", "accountEnabled IS FALSE"], "cannot both hold"),
        (&["accountEnabled IS TRUE", "accountEnabled NOT EQUALS True"], "neither True nor False"),
        (&["department EQUALS \"\""], "use IS NULL"),
        (&["department & \"\""], "empty text"),
        (&["level IS TRUE"], "never True or False"),
        (&["level EQUALS five"], "never `five`"),
        (&["employeeHireDate Greater_Than 5"], "never a whole number"),
        (&["accountEnabled EQUALS true"], "spelled so"),
        (&["accountEnabled Greater_Than 1"], "only ever True or False"),
    ] {
        let found = doubts(&[clauses]);
        assert!(found.iter().any(|(_, message)| message.contains(reason)), "{clauses:?}: {found:?}");
        assert!(found[0].0.starts_with("scope.groups[0]"), "{found:?}");
        assert_eq!(found.last().unwrap().0, "scope");
        assert!(found.last().unwrap().1.contains("NOBODY WOULD BE IN SCOPE"), "{clauses:?}: {found:?}");
    }
}

#[test]
fn a_huge_filter_is_not_searched_for_contradictions() {
    let texts: Vec<String> = (0..2_000).map(|n| format!("department NOT EQUALS {n}")).collect();
    let clauses: Vec<&str> = texts.iter().map(String::as_str).chain(["department IS NULL"]).collect();
    assert_eq!(doubts(&[&clauses]), []);
}

#[test]
fn one_possible_group_keeps_the_filter_alive() {
    let found = doubts(&[&["department EQUALS \"\""], &["department EQUALS Sales"]]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "scope.groups[0].clauses[0]");
    assert!(found[0].1.starts_with("department EQUALS \"\" is never true"), "{found:?}");
}

#[test]
fn what_may_hold_is_not_doubted() {
    for clauses in [
        &["department IS NULL", "mail EQUALS x"][..],
        &["department EQUALS [\"a\", \"b\"]", "department NOT EQUALS a"],
        &["department NOT EQUALS a", "department NOT EQUALS b"],
        &["department ENDS_WITH les", "department ENDS_WITH Sales"],
        &["department Includes a", "department Includes b"],
        &["department & Sales", "department !& Finance"],
        &["department REGEX MATCH ^a", "department NOT REGEX MATCH ^ab"],
        &["level Greater_Than 5", "level Greater_Than_OR_EQUALS 7", "level EQUALS 8"],
        &["IsSoftDeleted IS FALSE"],
        &["accountEnabled IS TRUE", "accountEnabled IS NOT NULL"],
        &["userPrincipalName REGEX MATCH .*\\@domain\\.com$"],
        &["department !& \"\""],
    ] {
        assert_eq!(doubts(&[clauses]), [], "{clauses:?}");
    }
}

#[test]
fn a_filter_that_restricts_nothing_is_named() {
    for groups in [
        &[&["department EQUALS Sales"][..], &[]][..],
        &[&[]],
        &[&["mail IS NULL"], &["department EQUALS Sales"], &["mail IS NOT NULL"]],
    ] {
        let found = doubts(groups);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "scope.groups");
        assert!(found[0].1.contains("restricts nothing"), "{found:?}");
    }
    assert_eq!(doubts(&[&["mail IS NULL"], &["mail IS NOT NULL", "department EQUALS Sales"]]), []);
}

#[test]
fn attributes_of_clauses_are_looked_up() {
    for (text, needle) in [
        ("Department EQUALS Sales", "case-sensitive: write department"),
        ("departement EQUALS Sales", "did you mean department?"),
        ("shoeSize EQUALS 39", "unless it has one of that name after all"),
        ("extension_shoeSize EQUALS 39", "extension_<app id without hyphens>_<name>"),
        ("extensionAttribute16 EQUALS x", "only extensionAttribute1 to extensionAttribute15"),
        ("department IS TRUE", "only holds for the texts True and False"),
        ("employeeId Greater_Than 5", "only holds where the text is a whole number"),
        ("accountEnabled EQUALS True", "use IS TRUE or IS FALSE"),
        ("employeeHireDate IS NOT NULL", "does not filter on dates"),
        ("proxyAddresses Includes smtp", "every one of them must satisfy"),
    ] {
        let found = doubts(&[&[text]]);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].0, "scope.groups[0].clauses[0]");
        assert!(found[0].1.contains(needle), "{text}: {found:?}");
    }
    let app = "0123456789abcdef0123456789abcdef";
    assert!(doubts(&[&[&format!("extension_{app}_size EQUALS 39")]])[0].1.contains("unless it has"));
}

#[test]
fn members_and_membership_are_refused_and_never_hold() {
    for (clause, needle) in [
        (json!({"attribute": "members", "operator": "IS NULL"}), "members of a group"),
        (json!({"attribute": "id", "operator": "IsMemberOf", "value": "g"}), "assign the group"),
        (json!({"attribute": "id", "operator": "Valid Cert Match", "value": "g"}), "not supported"),
    ] {
        let filter = ScopingFilter::from_json(&graph(&json!([clause]))).unwrap();
        let errors: Vec<&Issue> = filter.issues().iter().filter(|i| i.severity == Severity::Error).collect();
        assert!(errors[0].message.contains(needle), "{errors:?}");
        assert!(!filter.evaluate_with(&|_| Value::Null).in_scope);
    }
}

#[test]
fn an_input_filter_that_cannot_hold_leaves_everybody_out() {
    let groups = json!([{"clauses": [clause("a IS NULL"), clause("a EQUALS b")]}]);
    let filter = ScopingFilter::from_json(&json!({"inputFilterGroups": groups})).unwrap();
    let messages: Vec<&str> = filter.issues().iter().map(|i| i.message.as_str()).collect();
    assert!(messages[1].contains("every object would be left out"), "{messages:?}");
}
