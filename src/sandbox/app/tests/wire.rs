//! Every request shape that the provisioning service is documented to send, as data in `wire.json`.

use super::*;

/// Puts what the requests act on into an app, and says what their placeholders stand for.
fn furnish(flock: &Flock) -> Vec<(&'static str, String)> {
    let mails = json!([{"type": "work", "primary": true, "value": "old@example.com"}]);
    let id = flock.user(json!({"userName": "old@example.com", "externalId": "old", "emails": mails})).id();
    let manager = flock.user(json!({"userName": "grace@example.com", "displayName": "Grace"})).id();
    let member = flock.user(json!({"userName": "member@example.com"})).id();
    let group = flock.group(json!({"displayName": "Old", "members": [{"value": member}]})).id();
    vec![
        ("{managerId}", manager),
        ("{userId}", member),
        ("{groupId}", group),
        ("{id}", id),
        ("{unknownId}", "nobody".into()),
        ("{roleId}", "18d14569".into()),
        ("{groupObjectId}", "c8d9".into()),
        ("{randomGuid}", "6a9f".into()),
        ("{unknown}", "nobody".into()),
        ("{value}", "old@example.com".into()),
        ("{base}", BASE.into()),
        ("{n}", "1".into()),
        ("{m}", "2".into()),
    ]
}

fn after(name: &str) -> (Flock, Reply, Vec<(&'static str, String)>) {
    let cases: Vec<Value> = serde_json::from_str(include_str!("wire.json")).unwrap();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    let flock = Flock::new();
    let names = furnish(&flock);
    let fill = |text: &str| {
        let text = if text.starts_with("/Groups/") { text.replace("{id}", "{groupId}") } else { text.to_owned() };
        names.iter().fold(text, |text, (name, value)| text.replace(name, value))
    };
    let path = fill(case["path"].as_str().unwrap());
    let body = serde_json::from_str(&fill(&case["request_body"].to_string())).unwrap();
    let reply = flock.ask(case["method"].as_str().unwrap(), &path, body);
    assert_eq!(u64::from(reply.status), case["expected_status"].as_u64().unwrap(), "{name}: {}", reply.body);
    (flock, reply, names)
}

fn named<'a>(names: &'a [(&str, String)], name: &str) -> &'a str {
    names.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str()).unwrap()
}

#[test]
fn every_documented_request_gets_its_status() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("wire.json")).unwrap();
    assert!(cases.len() > 30);
    for case in &cases {
        after(case["name"].as_str().unwrap());
    }
}

#[test]
fn requests_have_their_effect() {
    for name in ["disable_user_legacy", "disable_user_compliant", "disable_user_doc_sample"] {
        assert_eq!(after(name).1.body["active"], false, "{name}");
    }
    for name in ["replace_multiple_legacy", "replace_multiple_compliant"] {
        let user = after(name).1.body;
        assert_eq!(user["displayName"], "Asha I");
        assert_eq!(user["name"], json!({"givenName": "Asha", "familyName": "Iyer"}));
        assert_eq!(user["emails"], json!([{"value": "new@example.com", "type": "work", "primary": true}]));
        assert_eq!(user[ENTERPRISE]["employeeNumber"], "4711");
        assert_eq!(user["schemas"], json!([USER, ENTERPRISE]));
    }
    for name in ["remove_group_member_legacy", "remove_group_member_compliant"] {
        let (flock, _, names) = after(name);
        assert!(flock.get(&format!("/Groups/{}", named(&names, "{groupId}"))).get("members").is_none(), "{name}");
    }
    let (flock, _, names) = after("add_group_members");
    let group = flock.get(&format!("/Groups/{}", named(&names, "{groupId}")));
    assert_eq!(group["members"].as_array().unwrap().len(), 1, "adding a member twice does not double it");
    let (_, reply, names) = after("set_manager");
    let manager = named(&names, "{managerId}");
    let expected = json!({"value": manager, "$ref": format!("{BASE}/Users/{manager}"), "displayName": "Grace"});
    assert_eq!(reply.body[ENTERPRISE]["manager"], expected);
    assert_eq!(after("create_user_phone_numbers").1.body["phoneNumbers"].as_array().unwrap().len(), 3);
    assert_eq!(after("query_user_by_work_email").1.body["totalResults"], 1);
    assert_eq!(after("query_user_zero_results").1.body["Resources"], json!([]));
    assert_eq!(after("check_manager_reference").1.body["totalResults"], 0);
    assert_eq!(after("check_member_reference").1.body["totalResults"], 1);
    assert!(after("get_group").1.body.get("members").is_none());
    assert_eq!(after("patch_roles_assertive").1.body["roles"][1]["value"], "Test");
}

#[test]
fn reference_checks_find_what_is_set() {
    let (flock, _, names) = after("set_manager");
    let list = |path: String| flock.get(&path);
    let (id, manager) = (named(&names, "{id}"), named(&names, "{managerId}"));
    let found = list(format!("/Users?filter=id eq {id} and manager eq {manager}&attributes=id"));
    assert_eq!(found["Resources"], json!([{"schemas": [USER, ENTERPRISE], "id": id}]));
    let (group, member) = (named(&names, "{groupId}"), named(&names, "{userId}"));
    assert_eq!(list(format!("/Groups?filter=id eq \"{group}\" and members eq \"{member}\""))["totalResults"], 1);
}
