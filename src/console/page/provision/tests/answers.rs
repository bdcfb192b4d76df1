//! Answers as the engine gives them.

// `json!(…)` is written where it is used.
#![allow(clippy::needless_pass_by_value)]

use crate::console::page::Object;
use crate::model::ObjectType;
use serde_json::{Value, json};

pub(super) fn grace() -> Object {
    Object {
        object_type: ObjectType::User,
        id: "5b1e9c1e-0000-4000-8000-000000000001".into(),
        name: "grace.hopper@contoso.example".into(),
    }
}

pub(super) const PHONE: &str = "phoneNumbers[type eq \"work\"].value";
pub(super) const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";

pub(super) fn step(stage: &str, state: &str, ms: u64, evidence: &str) -> Value {
    json!({ "stage": stage, "name": stage, "state": state, "ms": ms, "evidence": evidence })
}

pub(super) fn change(attribute: &str, old: Value, new: Value, rule: usize) -> Value {
    json!({ "attribute": attribute, "old": old, "new": new, "rule": { "number": rule, "source": "x" } })
}

pub(super) fn operation(verb: &str, state: &str) -> Value {
    json!({
        "id": "01", "cycle_id": "c", "verb": verb, "object_type": "User", "source_id": grace().id,
        "target_id": "9c41a0be", "name": "Grace Hopper", "reason": "2 attributes differ", "changes": [],
        "references": [], "state": state, "held_reason": null,
    })
}

pub(super) fn patch() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            { "op": "replace", "path": "displayName", "value": "Grace Hopper" },
            { "op": "replace", "path": DEPARTMENT, "value": "Engineering" },
            { "op": "replace", "path": PHONE, "value": "+1 212 555 0142" },
        ],
    })
}

pub(super) fn exchange(method: &str, path: &str, body: Value, status: Value, response: Value) -> Value {
    json!({ "method": method, "path": path, "body": body, "status": status, "response": response, "error": null, "ms": 204 })
}

/// The dry run of the mock-up.
pub(super) fn dry() -> Value {
    let same = |name: &str| json!({ "attribute": name, "value": "x", "rule": { "number": 1, "source": "x" } });
    let unchanged: Vec<Value> =
        ["userName", "active", "name.givenName", "name.familyName", "title", "emails[type eq \"work\"].value"]
            .into_iter()
            .map(same)
            .collect();
    json!({
        "job": "nightly-users", "state": "succeeded",
        "steps": [
            step("read", "done", 180, "11 attributes, 6 groups"),
            step("scope", "done", 0, "in scope: assigned through Engineering"),
            step("match", "done", 210, "linked to 9c41a0be"),
            step("plan", "warning", 0, "update: 3 changes, 1 warning"),
            step("write", "waiting", 0, "a dry run: nothing is sent"),
            step("verify", "waiting", 0, ""),
        ],
        "requests": [
            exchange("GET", "/Users/9c41a0be", Value::Null, json!(200), json!({ "id": "9c41a0be", "schemas": [] })),
            exchange("PATCH", "/Users/9c41a0be", patch(), Value::Null, Value::Null),
        ],
        "changes": [
            change("displayName", json!("Grace Murray"), json!("Grace Hopper"), 3),
            change(DEPARTMENT, json!("Research"), json!("Engineering"), 7),
            change(PHONE, Value::Null, json!("+1 212 555 0142"), 10),
        ],
        "unchanged": unchanged,
        "skipped": [],
        "warnings": [{ "attribute": PHONE, "words": "refused twice before, last 2026-11-24T14:02:11Z: not E.164" }],
        "operations": [operation("update", "planned")],
        "log": [],
    })
}

pub(super) fn with(mut answer: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        *answer.pointer_mut(pointer).unwrap() = value.clone();
    }
    answer
}

/// The same, written and read back.
pub(super) fn written() -> Value {
    let held = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "9c41a0be", "displayName": "Grace Hopper",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Engineering" },
        "phoneNumbers": [{ "type": "work", "value": "+12125550142" }],
    });
    let mut requests = dry()["requests"].as_array().unwrap().clone();
    requests[1] = exchange("PATCH", "/Users/9c41a0be", patch(), json!(200), held.clone());
    requests.push(exchange("GET", "/Users/9c41a0be", Value::Null, json!(200), held));
    with(
        dry(),
        &[
            ("/steps/3", step("plan", "done", 1, "update: 3 changes")),
            ("/steps/4", step("write", "done", 204, "PATCH /Users/9c41a0be → 200")),
            ("/steps/5", step("verify", "done", 83, "read back: the app holds every value")),
            ("/requests", json!(requests)),
            ("/warnings", json!([])),
            ("/operations/0/state", json!("verified")),
        ],
    )
}

pub(super) fn refused() -> Value {
    let error = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400",
        "scimType": "invalidValue", "detail": "phone number must be E.164" });
    let mut requests = dry()["requests"].as_array().unwrap().clone();
    requests[1] = exchange("PATCH", "/Users/9c41a0be", patch(), json!(400), error);
    let log = json!([{
        "id": "e1", "activityDateTime": "2026-11-24T14:06:20Z", "tenantId": "t", "jobId": "j", "cycleId": "c",
        "changeId": "h", "provisioningAction": "update", "durationInMilliseconds": 4,
        "provisioningStatusInfo": { "status": "failure", "errorInformation": {
            "errorCode": "InvalidValue", "reason": "the app refused the update (400 invalidValue)",
            "additionalDetails": "phone number must be E.164", "errorCategory": "nonServiceFailure",
            "recommendedAction": "Change the value in the directory, or the mapping of this attribute." } },
        "provisioningSteps": [], "modifiedProperties": [], "servicePrincipal": { "id": "", "displayName": "" },
        "sourceSystem": { "id": "", "displayName": "" }, "targetSystem": { "id": "", "displayName": "" },
        "sourceIdentity": { "id": "u", "displayName": "Grace" }, "targetIdentity": { "id": "", "displayName": "" },
        "initiatedBy": { "id": "", "displayName": "", "initiatorType": "system" },
    }]);
    with(
        dry(),
        &[
            ("/steps/4", step("write", "failed", 204, "the app refused the update (400 invalidValue)")),
            ("/requests", json!(requests)),
            ("/operations/0/state", json!("failed")),
            ("/log", log),
        ],
    )
}

pub(super) fn nothing() -> Value {
    with(
        dry(),
        &[
            ("/steps/3", step("plan", "skipped", 0, "nothing: the app was last given these values")),
            ("/changes", json!([])),
            ("/warnings", json!([])),
            ("/requests", json!([])),
            ("/operations", json!([])),
        ],
    )
}

pub(super) fn out_of_scope() -> Value {
    let words = "the scoping filter says no: department NOT EQUALS Contractor";
    with(
        nothing(),
        &[
            ("/steps/1", step("scope", "skipped", 0, words)),
            ("/steps/2", step("match", "waiting", 0, "")),
            ("/steps/3", step("plan", "waiting", 0, "")),
            ("/unchanged", json!([])),
        ],
    )
}

pub(super) fn held() -> Value {
    let mut held = operation("disable", "held");
    held["held_reason"] = json!("more than 500 removals in this cycle");
    held["reason"] = json!("no longer assigned");
    with(
        dry(),
        &[
            ("/steps/3", step("plan", "warning", 0, "disable is held: more than 500 removals in this cycle")),
            ("/changes", json!([change("active", json!(true), json!(false), 2)])),
            ("/warnings", json!([])),
            ("/requests", json!([])),
            ("/operations", json!([held])),
        ],
    )
}

pub(super) fn evil() -> Value {
    let text = "a\u{1b}]52;c;ZXZpbA==\u{7}\u{202e}b\u{200b}\nc\u{e0041}";
    let mut answer = refused();
    for pointer in [
        "/steps/0/evidence",
        "/steps/3/evidence",
        "/steps/4/evidence",
        "/requests/1/path",
        "/requests/1/body/schemas",
        "/requests/1/response/detail",
        "/changes/0/old",
        "/changes/0/new",
        "/changes/1/attribute",
        "/warnings/0/words",
        "/operations/0/name",
        "/operations/0/reason",
        "/log/0/provisioningStatusInfo/errorInformation/reason",
        "/log/0/provisioningStatusInfo/errorInformation/additionalDetails",
        "/log/0/provisioningStatusInfo/errorInformation/recommendedAction",
        "/log/0/provisioningStatusInfo/errorInformation/errorCode",
    ] {
        *answer.pointer_mut(pointer).unwrap() = json!(text);
    }
    answer
}
