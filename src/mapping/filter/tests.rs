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
