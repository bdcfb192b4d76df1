use super::*;

#[test]
fn users_live_and_die() {
    let flock = Flock::new();
    let made = flock.user(json!({"userName": "Ada", "externalId": "e1", "password": "hunter22", "nickName": null}));
    assert_eq!(made.status, 201);
    let (id, path) = (made.id(), format!("/Users/{}", made.id()));
    assert_eq!(made.headers["location"], format!("{BASE}{path}"));
    assert_eq!(made.headers["content-type"], "application/scim+json");
    assert_eq!(made.headers["etag"], "W/\"1\"");
    assert_eq!(made.body["meta"]["location"], format!("{BASE}{path}"));
    assert_eq!(made.body["active"], true);
    assert!(!made.body.to_string().contains("hunter22") && !flock.0.snapshot().to_string().contains("hunter22"));
    assert_eq!(flock.get(&path), made.body);

    let taken = flock.user(json!({"userName": "aDA"}));
    assert_eq!((taken.status, taken.scim_type(), &taken.body["status"]), (409, "uniqueness", &json!("409")));

    let replaced = flock.ask("PUT", &path, with_schemas(json!({"userName": "ada", "id": "x", "title": "T"}), USER));
    assert_eq!((replaced.status, &replaced.body["id"]), (200, &json!(id)));
    assert!(replaced.body.get("externalId").is_none());
    assert_eq!(flock.ask("DELETE", &path, Value::Null).status, 204);
    assert_eq!(flock.ask("DELETE", &path, Value::Null).status, 404);
    assert_eq!(flock.ask("GET", &path, Value::Null).status, 404);
    assert_eq!(flock.patch(&path, json!([{"op": "add", "path": "title", "value": "x"}])).status, 404);
    assert_eq!(flock.user(json!({"userName": "ada"})).status, 201, "the name is free again");
}

#[test]
fn names_are_found_after_a_change_and_not_before() {
    let flock = Flock::new();
    let id = flock.user(json!({"userName": "a", "externalId": "E"})).id();
    flock.user(json!({"userName": "b"}));
    let rename =
        |to: &str| flock.patch(&format!("/Users/{id}"), json!([{"op": "Replace", "path": "userName", "value": to}]));
    assert_eq!(rename("B").scim_type(), "uniqueness");
    assert_eq!(flock.found("userName eq \"A\""), ["a"]);
    assert_eq!(rename("c").status, 200);
    assert!(flock.found("userName eq \"a\"").is_empty());
    assert_eq!(flock.found("userName eq \"C\" and active eq true"), ["c"]);
    assert_eq!(flock.found("externalId eq \"E\""), ["c"]);
    assert!(flock.found("externalId eq \"e\"").is_empty(), "external ids are exact");
    assert_eq!(rename("C").status, 200, "its own name in another case");
}

#[test]
fn filters_pages_and_attributes() {
    let flock = Flock::new();
    for i in 0..7 {
        flock.user(json!({"userName": format!("u{i}"), "name": {"givenName": "G", "familyName": "F"}, "title": "T",
            ENTERPRISE: {"department": "D", "costCenter": "C"}, "emails": [{"type": "work", "value": format!("u{i}@x")}]}));
    }
    let page = flock.get("/Users?startIndex=3&count=2&filter=userName sw \"u\"");
    assert_eq!((&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]), (&json!(7), &json!(3), &json!(2)));
    assert_eq!(page["Resources"][0]["userName"], "u2");
    assert_eq!(flock.get("/Users?count=0")["Resources"], json!([]));
    assert_eq!(flock.get("/Users?startIndex=-4&count=-1")["startIndex"], 1);
    assert_eq!(flock.get("/Users?startIndex=8")["Resources"], json!([]));
    assert_eq!(flock.ask("GET", "/Users?count=x", Value::Null).scim_type(), "invalidValue");
    assert_eq!(
        flock.found("not (emails[type eq \"work\" and value ew \"3@x\"]) and userName gt \"u2\""),
        ["u4", "u5", "u6"]
    );
    for bad in ["userName eq", "userName", "(", "active gt true", "userName zz \"a\""] {
        let reply = flock.ask("GET", &format!("/Users?filter={bad}"), Value::Null);
        assert_eq!((reply.status, reply.scim_type()), (400, "invalidFilter"), "{bad}");
    }
    let one = |query: &str| flock.get(&format!("/Users?count=1&{query}"))["Resources"][0].clone();
    let id = one("attributes=id")["id"].clone();
    let schemas = json!([USER, ENTERPRISE]);
    assert_eq!(
        one(&format!("attributes=USERNAME,name.givenName,emails.value,{ENTERPRISE}:department,nothing")),
        json!({"schemas": schemas, "id": id, "userName": "u0", "name": {"givenName": "G"}, "emails": [{"value": "u0@x"}],
            ENTERPRISE: {"department": "D"}})
    );
    assert_eq!(
        one(&format!("excludedAttributes=id,meta,emails,name.givenName,active,title,{ENTERPRISE}:costCenter")),
        json!({"schemas": schemas, "id": id, "userName": "u0", "name": {"familyName": "F"}, ENTERPRISE: {"department": "D"}})
    );
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "userName eq \"u5\"",
        "attributes": ["userName"], "startIndex": 1, "count": 10});
    assert_eq!(flock.ask("POST", "/Users/.search", search.clone()).body["Resources"][0]["userName"], "u5");
    flock.group(json!({"displayName": "g"}));
    assert_eq!(flock.ask("POST", "/.search", search).body["totalResults"], 1);
    let both = flock.get("/?startIndex=7&count=5");
    assert_eq!(both["totalResults"], 8);
    assert_eq!((&both["Resources"][0]["userName"], &both["Resources"][1]["displayName"]), (&json!("u6"), &json!("g")));
}

#[test]
fn groups_and_their_members() {
    let flock = Flock::new();
    let ids: Vec<String> =
        (0..4).map(|i| flock.user(json!({"userName": format!("u{i}"), "displayName": format!("U{i}")})).id()).collect();
    let missing = flock.group(json!({"displayName": "g", "members": [{"value": "nobody"}]}));
    assert_eq!((missing.status, missing.scim_type()), (400, "invalidValue"));
    let group = flock.group(json!({"displayName": "g", "members": [{"value": ids[0]}, {"value": ids[0]}]}));
    assert_eq!(
        group.body["members"],
        json!([{"value": ids[0], "$ref": format!("{BASE}/Users/{}", ids[0]), "display": "U0", "type": "User"}])
    );
    let path = format!("/Groups/{}", group.id());
    let members = || -> Vec<String> {
        let group = flock.get(&path);
        let list = group.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().map(|m| m["display"].as_str().unwrap().to_owned()).collect()
    };
    let patch = |operations: Value| flock.patch(&path, operations);
    let add = json!({"op": "Add", "path": "members", "value": [{"value": ids[1], "$ref": null}, {"value": ids[0]}]});
    assert_eq!(patch(json!([add])).status, 204);
    assert_eq!(members(), ["U0", "U1"]);
    assert_eq!(flock.get(&format!("/Users/{}", ids[1]))["groups"][0]["display"], "g");
    // Atomic: the second operation fails, the first one is undone.
    let failed = patch(
        json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": "x"}]}]),
    );
    assert_eq!((failed.status, failed.scim_type()), (400, "invalidValue"));
    assert_eq!(members(), ["U0", "U1"]);
    assert_eq!(
        patch(json!([{"op": "add", "value": {"displayName": "G", "members": [{"value": ids[2]}]}}])).status,
        204
    );
    assert_eq!(members(), ["U0", "U1", "U2"]);
    assert_eq!(patch(json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[0])}])).status, 204);
    assert_eq!(patch(json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", ids[0])}])).status, 204);
    assert_eq!(patch(json!([{"op": "Remove", "path": "members", "value": [{"value": ids[1]}]}])).status, 204);
    assert_eq!(members(), ["U2"]);
    assert_eq!(
        patch(json!([{"op": "replace", "path": "members", "value": [{"value": ids[3]}, {"value": ids[2]}]}])).status,
        204
    );
    assert_eq!(patch(json!([{"op": "remove", "path": "members[display eq \"u3\"]"}])).status, 204);
    assert_eq!(members(), ["U2"]);
    assert_eq!(
        patch(json!([{"op": "replace", "path": "members[value eq \"x\"]", "value": {"value": ids[0]}}])).scim_type(),
        "noTarget"
    );
    assert_eq!(
        patch(json!([{"op": "replace", "path": "members[value eq \"x\"].value", "value": "y"}])).scim_type(),
        "mutability"
    );
    // Deleting the user takes the membership along.
    let version = flock.get(&path)["meta"]["version"].clone();
    assert_eq!(flock.ask("DELETE", &format!("/Users/{}", ids[2]), Value::Null).status, 204);
    assert!(members().is_empty());
    assert_ne!(flock.get(&path)["meta"]["version"], version);
    // Groups within groups.
    let outer = flock.group(json!({"displayName": "outer", "members": [{"value": group.id()}]}));
    assert_eq!(outer.body["members"][0]["type"], "Group");
    assert_eq!(flock.ask("DELETE", &path, Value::Null).status, 204);
    assert!(flock.get(&format!("/Groups/{}", outer.id())).get("members").is_none());
}

#[test]
fn versions_guard_writes() {
    let flock = Flock::new();
    let path = format!("/Users/{}", flock.user(json!({"userName": "a"})).id());
    let title = |tag: &str, value: &str| {
        let body = json!({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": value}]});
        flock.ask_with(&[("if-match", tag)], "PATCH", &path, body)
    };
    assert_eq!(title("W/\"1\"", "x").headers["etag"], "W/\"2\"");
    assert_eq!(title("W/\"1\"", "y").status, 412);
    assert_eq!(title("W/\"7\", \"2\"", "x").headers["etag"], "W/\"2\"", "no change, no new version");
    assert_eq!(title("*", "z").headers["etag"], "W/\"3\"");
    assert_eq!(flock.ask_with(&[("if-match", "W/\"1\"")], "DELETE", &path, Value::Null).status, 412);
    let cached = flock.ask_with(&[("if-none-match", "W/\"3\"")], "GET", &path, Value::Null);
    assert_eq!((cached.status, cached.body), (304, Value::Null));
    assert_eq!(flock.ask_with(&[("if-none-match", "W/\"2\"")], "GET", &path, Value::Null).status, 200);
}

#[test]
fn refusals() {
    let flock = Flock::new();
    let path = format!("/Users/{}", flock.user(json!({"userName": "a"})).id());
    for (operation, scim_type) in [
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "1"}), "noTarget"),
        (json!({"op": "replace", "path": "shoeSize", "value": 43}), "invalidPath"),
        (json!({"op": "replace", "path": "a b", "value": 43}), "invalidPath"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "add", "path": "groups", "value": [{"value": "g"}]}), "mutability"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "replace", "path": "active", "value": "perhaps"}), "invalidValue"),
        (json!({"op": "add", "path": "title"}), "invalidValue"),
        (json!({"op": "move", "path": "title", "value": "x"}), "invalidSyntax"),
    ] {
        let reply = flock.patch(&path, json!([operation]));
        assert_eq!((reply.status, reply.scim_type()), (400, scim_type), "{operation}");
    }
    assert_eq!(flock.ask("POST", "/Users", json!({"userName": "x"})).scim_type(), "invalidSyntax");
    assert_eq!(flock.ask_with(&[("content-type", "text/plain")], "POST", "/Users", json!({})).status, 415);
    assert_eq!(flock.ask("PUT", "/Users", json!({})).status, 405);
    assert_eq!(flock.ask("DELETE", "/Schemas", Value::Null).headers["allow"], "GET");
    assert_eq!(flock.ask("GET", "/Schemas?filter=id pr", Value::Null).status, 403);
    for (path, status) in [("/Me", 501), ("/Bulk", 501), ("/nowhere", 404), ("/Schemas/x", 404), ("/Users/a/b", 404)] {
        assert_eq!(flock.ask("GET", path, Value::Null).status, status, "{path}");
    }
}

#[test]
fn discovery_describes_the_app() {
    let flock = Flock::new();
    let config = flock.get("/ServiceProviderConfig");
    assert_eq!(config["filter"]["maxResults"], PAGE_CAP);
    assert_eq!((&config["sort"]["supported"], &config["bulk"]["supported"]), (&json!(false), &json!(false)));
    assert_eq!(flock.get("/Schemas")["totalResults"], 3);
    assert_eq!(
        flock.get(&format!("/Schemas/{ENTERPRISE}"))["meta"]["location"],
        format!("{BASE}/Schemas/{ENTERPRISE}")
    );
    assert_eq!(flock.get("/ResourceTypes/User")["schemaExtensions"][0]["schema"], ENTERPRISE);
}

#[test]
fn a_snapshot_brings_everything_back() {
    let flock = Flock::new();
    let user = flock.user(json!({"userName": "a", "active": false})).id();
    flock.group(json!({"displayName": "g", "members": [{"value": user}]}));
    flock.patch(&format!("/Users/{user}"), json!([{"op": "add", "path": "title", "value": "x"}]));
    let generation = flock.0.generation();
    assert!(generation >= 3);
    let other = Flock::new();
    other.0.restore(flock.0.snapshot()).unwrap();
    assert_eq!(other.get("/Users"), flock.get("/Users"));
    assert_eq!(other.get("/Groups"), flock.get("/Groups"));
    assert_eq!(other.0.snapshot(), flock.0.snapshot());
    assert_eq!(other.user(json!({"userName": "A"})).status, 409);
    assert!(other.0.restore(json!({"format": 99})).is_err());
    assert!(other.0.restore(json!(["nonsense"])).is_err());
    assert_eq!(other.get("/Users")["totalResults"], 1, "a bad snapshot changes nothing");
    flock.0.reset();
    assert_eq!(flock.get("/Users")["totalResults"], 0);
    assert!(flock.0.generation() > generation);
}

#[tokio::test]
async fn over_http_the_token_counts_and_locations_follow_the_host() {
    let app = App::new(TOKEN.into());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let host = listener.local_addr().unwrap();
    let router = Router::new().nest("/scim/v2", app.router());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = format!("http://{host}/scim/v2");
    for token in [None, Some("Bearer wrong"), Some("Basic test-token"), Some("Bearer test-token2"), Some("Bearer")] {
        let mut request = client.get(format!("{base}/Users"));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    }
    let body = json!({"schemas": [USER], "userName": "ada"}).to_string();
    let request =
        client.post(format!("{base}/Users")).bearer_auth(TOKEN).header("content-type", "application/scim+json");
    let answer = request.body(body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with(&format!("{base}/Users/")), "{location}");
    assert_eq!(client.get(location).bearer_auth(TOKEN).send().await.unwrap().status(), 200);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = client.post(format!("{base}/Users")).bearer_auth(TOKEN).body(deep).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    server.abort();
}
