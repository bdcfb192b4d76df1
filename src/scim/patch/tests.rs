use super::super::schema::{ENTERPRISE_URN, Schemas};
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn ada() -> Value {
    json!({
        "userName": "ada", "active": true,
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"type": "work", "value": "a@w", "primary": true}, {"type": "home", "value": "a@h"}],
        ENTERPRISE_URN: {"department": "Sales", "manager": {"value": "m1"}},
    })
}

fn request(operations: Value) -> Result<PatchRequest, ScimError> {
    PatchRequest::parse(json!({"schemas": [PATCH_URN], "Operations": operations}))
}

/// The user after the operations, and whether it is different.
fn run(operations: Value) -> Result<(Value, bool), ScimError> {
    let mut user = ada();
    let changed = apply(&mut user, &request(operations)?, Schemas::user())?;
    Ok((user, changed))
}

fn done(operations: Value) -> Value {
    run(operations).unwrap().0
}

fn refused(operations: Value) -> ScimType {
    run(operations).unwrap_err().scim_type.unwrap()
}

#[test]
fn the_client_writes_lower_case() {
    let request = PatchRequest {
        operations: vec![
            PatchOp::replace("active", json!(false)),
            PatchOp::remove("members[value eq \"x\"]"),
            PatchOp { op: Op::Add, path: None, value: Some(json!({"title": "t"})) },
        ],
    };
    let wire = serde_json::to_value(&request).unwrap();
    assert_eq!(
        wire,
        json!({"schemas": [PATCH_URN], "Operations": [
            {"op": "replace", "path": "active", "value": false},
            {"op": "remove", "path": "members[value eq \"x\"]"},
            {"op": "add", "value": {"title": "t"}}]})
    );
    assert_eq!(PatchRequest::parse(wire).unwrap(), request);
}

#[test]
fn requests_are_read_in_any_case() {
    let read = PatchRequest::parse(json!({"Schemas": [PATCH_URN.to_uppercase()], "operations": [
        {"OP": "RePlace", "Path": "active", "Value": "False"}]}));
    assert_eq!(read.unwrap().operations, [PatchOp::replace("active", json!("False"))]);
    for (operations, expected) in [
        (json!([{"op": "remove"}]), ScimType::NoTarget),
        (json!([{"op": "add", "path": "title"}]), ScimType::InvalidValue),
        (json!([{"op": "copy", "path": "title"}]), ScimType::InvalidSyntax),
        (json!([{"path": "title"}]), ScimType::InvalidSyntax),
        (json!([]), ScimType::InvalidSyntax),
        (json!({}), ScimType::InvalidSyntax),
        (json!(["x"]), ScimType::InvalidSyntax),
        (json!([{"op": "remove", "path": 5}]), ScimType::InvalidSyntax),
    ] {
        assert_eq!(request(operations.clone()).unwrap_err().scim_type, Some(expected), "{operations}");
    }
    assert!(PatchRequest::parse(json!({"Operations": [{"op": "remove", "path": "title"}]})).is_err());
}

#[test]
fn single_values() {
    let user = done(json!([
        {"op": "add", "path": "title", "value": "Boss"},
        {"op": "replace", "path": "name.familyName", "value": "Lovelace"},
        {"op": "replace", "path": "active", "value": "False"},
        {"op": "remove", "path": format!("{ENTERPRISE_URN}:manager")},
    ]));
    assert_eq!((&user["title"], &user["active"]), (&json!("Boss"), &json!(false)));
    assert_eq!(user["name"], json!({"givenName": "Ada", "familyName": "Lovelace"}));
    assert_eq!(user[ENTERPRISE_URN], json!({"department": "Sales"}));
    // Sub-attributes that are not named stay; null unassigns.
    let user = done(json!([{"op": "replace", "path": "name", "value": {"familyName": null, "middleName": "X"}}]));
    assert_eq!(user["name"], json!({"givenName": "Ada", "middleName": "X"}));
    let user =
        done(json!([{"op": "replace", "path": "name", "value": null}, {"op": "remove", "path": ENTERPRISE_URN}]));
    assert!(user.get("name").is_none() && user.get(ENTERPRISE_URN).is_none());
    let user = done(json!([{"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": "name.familyName"}]));
    assert!(user.get("name").is_none(), "nothing left of it");
}

#[test]
fn managers_in_every_form() {
    for (path, value) in [
        ("manager".to_owned(), json!([{"value": "m2", "$ref": null}])),
        (format!("{ENTERPRISE_URN}:manager"), json!({"value": "m2"})),
        (format!("{ENTERPRISE_URN}:manager"), json!("m2")),
        (format!("{ENTERPRISE_URN}:manager.value"), json!("m2")),
    ] {
        let user = done(json!([{"op": "Add", "path": path, "value": value}]));
        assert_eq!(user[ENTERPRISE_URN]["manager"], json!({"value": "m2"}), "{path}");
    }
}

#[test]
fn without_a_path() {
    let user = done(json!([{"op": "replace", "value": {
        "schemas": ["x"], "id": "mine", "displayName": "D", "name.givenName": "G",
        format!("{ENTERPRISE_URN}:costCenter"): "C", "emails[type eq \"work\"].value": "n@w",
        ENTERPRISE_URN: {"division": "V"}}}]));
    assert_eq!((&user["displayName"], &user["name"]["givenName"]), (&json!("D"), &json!("G")));
    assert_eq!(user[ENTERPRISE_URN]["department"], "Sales");
    assert_eq!((&user[ENTERPRISE_URN]["costCenter"], &user[ENTERPRISE_URN]["division"]), (&json!("C"), &json!("V")));
    assert_eq!(user["emails"][0]["value"], "n@w");
    assert!(user.get("id").is_none() && user.get("schemas").is_none());
    assert_eq!(refused(json!([{"op": "add", "value": "x"}])), ScimType::InvalidValue);
    assert_eq!(refused(json!([{"op": "add", "value": {"nonsense": 1}}])), ScimType::InvalidPath);
    assert_eq!(refused(json!([{"op": "add", "value": {"groups": []}}])), ScimType::Mutability);
}

#[test]
fn lists() {
    let add = |value: Value| done(json!([{"op": "add", "path": "emails", "value": value}]))["emails"].clone();
    assert_eq!(add(json!({"type": "other", "value": "x"})).as_array().unwrap().len(), 3);
    assert_eq!(add(json!([{"type": "home", "value": "a@h"}])).as_array().unwrap().len(), 2, "it is there already");
    let mails = add(json!([{"value": "p", "primary": true}]));
    assert_eq!((&mails[0]["primary"], &mails[2]["primary"]), (&json!(false), &json!(true)), "one primary value");
    let user = done(json!([{"op": "replace", "path": "emails", "value": [{"value": "only"}]}]));
    assert_eq!(user["emails"], json!([{"value": "only"}]));
    for value in [json!([]), json!(null)] {
        let user = done(json!([{"op": "replace", "path": "emails", "value": value}]));
        assert!(user.get("emails").is_none(), "an empty list is no value");
    }
    let user = done(json!([{"op": "remove", "path": "emails", "value": [{"value": "a@w"}]}]));
    assert_eq!(user["emails"], json!([{"type": "home", "value": "a@h"}]));
    assert!(done(json!([{"op": "remove", "path": "emails"}])).get("emails").is_none());
    assert_eq!(refused(json!([{"op": "replace", "path": "emails", "value": [5]}])), ScimType::InvalidValue);
}

#[test]
fn elements_by_filter() {
    let user = done(json!([
        {"op": "replace", "path": "emails[type eq \"WORK\"].value", "value": "new"},
        {"op": "replace", "path": "emails[type eq \"home\"].primary", "value": "true"},
        {"op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1"},
        {"op": "add", "path": "emails[type eq \"home\"]", "value": {"display": "H"}},
    ]));
    assert_eq!(
        user["emails"],
        json!([{"type": "work", "value": "new", "primary": false},
            {"type": "home", "value": "a@h", "primary": true, "display": "H"}])
    );
    assert_eq!(user["phoneNumbers"], json!([{"type": "mobile", "value": "1"}]));
    let user = done(json!([{"op": "replace", "path": "emails[value eq \"a@w\"]", "value": {"value": "z"}}]));
    assert_eq!(user["emails"][0], json!({"value": "z"}));
    let user = done(json!([{"op": "remove", "path": "emails[type eq \"work\" and value co \"@w\"]"}]));
    assert_eq!(user["emails"].as_array().unwrap().len(), 1);
    assert!(!run(json!([{"op": "remove", "path": "emails[type eq \"other\"]"}])).unwrap().1, "gone already");
    for path in ["emails[type eq \"other\"].value", "phoneNumbers[type eq \"work\"]", "phoneNumbers.value"] {
        assert_eq!(refused(json!([{"op": "replace", "path": path, "value": "x"}])), ScimType::NoTarget, "{path}");
    }
    let both = json!([{"op": "replace", "path": "emails.primary", "value": true}]);
    assert_eq!(refused(both), ScimType::InvalidValue);
    assert_eq!(refused(json!([{"op": "add", "path": "name[a eq 1]", "value": "x"}])), ScimType::InvalidPath);
    assert_eq!(
        refused(json!([{"op": "add", "path": "emails[type co \"z\"].value", "value": "x"}])),
        ScimType::NoTarget
    );
}

#[test]
fn what_must_not_change() {
    for path in ["id", "meta", "meta.version", "groups", "groups[value eq \"g\"]", "schemas"] {
        assert_eq!(refused(json!([{"op": "remove", "path": path}])), ScimType::Mutability, "{path}");
    }
    assert_eq!(refused(json!([{"op": "remove", "path": "userName"}])), ScimType::Mutability);
    assert_eq!(refused(json!([{"op": "replace", "path": "userName", "value": ""}])), ScimType::InvalidValue);
    let mut group = json!({"displayName": "g", "members": [{"value": "a", "type": "User"}]});
    let change = request(json!([{"op": "replace", "path": "members[value eq \"a\"].value", "value": "b"}])).unwrap();
    assert_eq!(apply(&mut group, &change, Schemas::group()).unwrap_err().scim_type, Some(ScimType::Mutability));
}

#[test]
fn members_do_not_double_and_large_lists_are_quick() {
    let members = |range: std::ops::Range<u32>| -> Value { range.map(|i| json!({"value": i.to_string()})).collect() };
    let mut group = json!({"displayName": "g", "members": members(0..20_000)});
    let add = request(json!([{"op": "add", "path": "members", "value": members(10_000..30_000)}])).unwrap();
    let started = std::time::Instant::now();
    assert!(apply(&mut group, &add, Schemas::group()).unwrap());
    assert_eq!(group["members"].as_array().unwrap().len(), 30_000);
    let remove = request(json!([{"op": "Remove", "path": "members", "value": members(0..15_000)}])).unwrap();
    assert!(apply(&mut group, &remove, Schemas::group()).unwrap());
    assert_eq!(group["members"].as_array().unwrap().len(), 15_000);
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

#[test]
fn all_or_nothing() {
    let mut user = ada();
    let request = request(json!([{"op": "remove", "path": "emails"}, {"op": "remove", "path": "userName"}])).unwrap();
    assert!(apply(&mut user, &request, Schemas::user()).is_err());
    assert_eq!(user, ada());
    assert!(!run(json!([{"op": "replace", "path": "userName", "value": "ada"}])).unwrap().1);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key =
            prop::sample::select(vec!["value", "type", "primary", "name", "emails", "userName", "x", ENTERPRISE_URN]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..3)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_panics_or_leaves_a_broken_user(
        op in prop::sample::select(vec!["add", "replace", "remove"]),
        path in prop::option::of(prop::sample::select(vec![
            "emails", "emails[type eq \"work\"]", "emails[type eq \"x\"].value", "emails.primary", "name", "name.givenName",
            "userName", "manager", "manager.value", "roles[value eq \"a\"]", ENTERPRISE_URN, "active", "nonsense",
        ])),
        value in any_json(),
    ) {
        let mut operation = json!({"op": op, "value": value});
        if let Some(path) = path {
            operation["path"] = path.into();
        }
        if let Ok((user, _)) = run(json!([operation])) {
            // Whatever was accepted is in the form of the schema: conforming it changes nothing.
            let mut body = user.clone();
            body["schemas"] = json!([Schemas::user().core_urn()]);
            let again = super::super::conform::conform_resource(body, Schemas::user()).map(Value::Object);
            prop_assert_eq!(again.unwrap(), user);
        }
    }
}
