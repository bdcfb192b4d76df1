use super::*;

fn with_faults(faults: Value) -> Flock {
    let flock = Flock::new();
    flock.0.set_faults(serde_json::from_value(faults).unwrap());
    flock
}

#[test]
fn seats_run_out_and_come_back() {
    let flock = with_faults(json!({"licence_limit": 2}));
    let first = flock.user(json!({"userName": "a"})).id();
    let sleeper = flock.user(json!({"userName": "b", "active": false})).id();
    assert_eq!(flock.user(json!({"userName": "c"})).status, 201);
    let refused = flock.user(json!({"userName": "d"}));
    assert_eq!(refused.status, 403);
    assert!(refused.body["detail"].as_str().unwrap().contains("2 seats"));
    let active = |id: &str, value: Value| {
        flock.patch(&format!("/Users/{id}"), json!([{"op": "replace", "path": "active", "value": value}])).status
    };
    assert_eq!(active(&sleeper, json!(true)), 403);
    assert_eq!(active(&first, json!(false)), 200);
    assert_eq!(active(&sleeper, json!(true)), 200);
    assert_eq!(active(&first, json!("True")), 403);
    flock.ask("DELETE", &format!("/Users/{sleeper}"), Value::Null);
    assert_eq!(active(&first, json!(true)), 200);
}

#[test]
fn poisoned_users_cannot_be_written() {
    let flock = Flock::new();
    let id = flock.user(json!({"userName": "Bad@x.org"})).id();
    flock.0.set_faults(AppFaults { poisoned: vec!["bad@X.org".into(), "E-13".into()], ..AppFaults::default() });
    let path = format!("/Users/{id}");
    let before = flock.get(&path);
    assert_eq!(flock.patch(&path, json!([{"op": "add", "path": "title", "value": "x"}])).status, 500);
    assert_eq!(flock.ask("PUT", &path, with_schemas(json!({"userName": "good"}), USER)).status, 500);
    assert_eq!(flock.ask("DELETE", &path, Value::Null).status, 500);
    assert_eq!(flock.user(json!({"userName": "other", "externalId": "e-13"})).status, 500);
    assert_eq!(flock.user(json!({"userName": "other", "externalId": "e-14"})).status, 201);
    assert_eq!(flock.get(&path), before);
}

#[test]
fn domains_are_refused_in_names_and_mails() {
    let flock = with_faults(json!({"rejected_domains": ["Evil.example"]}));
    for body in
        [json!({"userName": "a@evil.EXAMPLE"}), json!({"userName": "a@x.org", "emails": [{"value": "a@evil.example"}]})]
    {
        let reply = flock.user(body);
        assert_eq!((reply.status, reply.scim_type()), (400, "invalidValue"));
    }
    assert_eq!(flock.user(json!({"userName": "a@notevil.example"})).status, 201);
}

#[test]
fn stale_reads_show_the_past_and_then_the_truth() {
    let flock = Flock::new();
    let old = flock.user(json!({"userName": "old"})).id();
    let gone = flock.user(json!({"userName": "gone"})).id();
    flock.0.set_faults(AppFaults { stale_reads_ms: 600_000, ..AppFaults::default() });
    let new = flock.user(json!({"userName": "new"})).id();
    let path = format!("/Users/{old}");
    let renamed = flock.patch(&path, json!([{"op": "replace", "path": "userName", "value": "renamed"}]));
    assert_eq!(renamed.body["userName"], "renamed", "the answer to a write is not stale");
    assert_eq!(flock.ask("DELETE", &format!("/Users/{gone}"), Value::Null).status, 204);
    assert_eq!(flock.ask("GET", &format!("/Users/{new}"), Value::Null).status, 404);
    assert_eq!(flock.get(&path)["userName"], "old");
    assert_eq!(flock.found("userName eq \"old\""), ["old"]);
    assert!(flock.found("userName eq \"renamed\"").is_empty());
    assert_eq!(flock.found("userName pr"), ["old", "gone"]);
    assert_eq!(flock.get("/Users")["totalResults"], 2);
    assert_eq!(flock.user(json!({"userName": "NEW"})).status, 409, "writes see the truth");

    // A window that ends: reads become true by themselves.
    flock.0.set_faults(AppFaults { stale_reads_ms: 40, ..AppFaults::default() });
    let deadline = Instant::now() + Duration::from_secs(20);
    while flock.found("userName pr") != ["renamed", "new"] {
        assert!(Instant::now() < deadline, "still stale");
        std::thread::yield_now();
    }
}
