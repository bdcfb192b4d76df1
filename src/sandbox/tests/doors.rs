//! Faults, TLS, kept state and signed assertions.

use super::*;

#[tokio::test]
async fn faults_strike_and_requests_are_counted() {
    let desk = small().await;
    desk.control("PUT", "faults", json!({ "rules": [
        { "service": "graph", "path": "/users", "at": [1], "status": 429, "retry_after": 3 },
        { "service": "graph", "path": "/users", "at": [2], "drop": "before" },
        { "service": "graph", "path": "/users", "at": [3], "truncate": 0.5 },
        { "service": "graph", "path": "/users", "at": [4], "html": true },
        { "service": "graph", "path": "/users", "at": [5], "loop": true },
        { "service": "graph", "path": "/users", "at": [6], "nested": 10000 },
        { "service": "graph", "path": "/users", "at": [7], "huge": 300000 },
        { "service": "graph", "method": "PATCH", "drop": "after" },
        { "service": "graph", "path": "/groups", "status": 503, "retry_after": 9, "retry_after_style": "date", "body": "html" },
    ]})).await;
    let first = desk.get("/users").await;
    assert_eq!((first.status().as_u16(), first.headers()["retry-after"].to_str().unwrap()), (429, "3"));
    let request = || desk.client.get(desk.url("/users")).bearer_auth(&desk.token);
    assert!(request().send().await.is_err(), "the connection was not dropped");
    let cut = request().send().await.unwrap();
    assert!(cut.content_length().unwrap() > 100 && cut.bytes().await.is_err());
    assert!(desk.get("/users").await.text().await.unwrap().contains("<html>"));
    assert_eq!(desk.read("/users?$top=5").await["@odata.nextLink"], desk.url("/users?$top=5"));
    assert_eq!(desk.get("/users").await.text().await.unwrap().matches('[').count(), 10000);
    assert_eq!(desk.get("/users").await.bytes().await.unwrap().len(), 300_000);
    let patch = desk
        .client
        .patch(desk.url(&format!("/users/{ADA}")))
        .bearer_auth(&desk.token)
        .json(&json!({"city": "Marylebone"}));
    assert!(patch.send().await.is_err());
    let date = desk.get("/groups").await;
    assert!(date.headers()["retry-after"].to_str().unwrap().ends_with(" GMT"));
    desk.control("PUT", "faults", json!({ "throttle": { "units": 3, "seconds": 60 } })).await;
    assert_eq!(desk.read(&format!("/users/{ADA}?$select=city")).await["city"], "Marylebone");
    assert_eq!(desk.get("/users").await.status(), 200);
    let throttled = desk.get("/users").await;
    assert_eq!(throttled.status(), 429);
    assert_eq!(throttled.headers()["x-ms-throttle-information"], "ResourceUnitLimitExceeded");
    let counts = desk.control("GET", "requests", Value::Null).await;
    assert_eq!((&counts["graph"]["GET /users"], &counts["graph"]["PATCH /users/{id}"]), (&json!(9), &json!(1)));
    assert_eq!(counts["token"]["POST /{tenant}/oauth2/v2.0/token"], 1);
    desk.control("POST", "reset", Value::Null).await;
    assert_eq!(desk.control("GET", "requests", Value::Null).await["graph"]["total"], 0);
}

#[tokio::test]
async fn speaks_tls_with_its_own_authority() {
    let desk = open(SandboxOptions { users: 10, tls: true, ..SandboxOptions::default() }).await;
    let answer = desk.get("/users").await;
    assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_2));
    let stranger = Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(desk.url("/users")).send().await.is_err(), "an unknown authority was trusted");
}

#[tokio::test]
async fn keeps_its_state() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        || SandboxOptions { users: 30, data_dir: Some(folder.path().to_owned()), ..SandboxOptions::default() };
    let desk = open(options()).await;
    let link = desk.follow("/users/delta?$select=city").await.2.unwrap();
    desk.send("PATCH", &format!("/users/{ADA}"), json!({ "city": "Marylebone" })).await;
    let before = desk.ready().clone();
    desk.sandbox.shutdown().await.unwrap();
    let desk = open(options()).await;
    let query = link.split_once("/v1.0").unwrap().1;
    let (changes, ..) = desk.follow(query).await;
    assert_eq!((changes.len(), &changes[0]["city"]), (1, &json!("Marylebone")));
    assert_eq!((&before.client_secret, &before.scim_token), (&desk.ready().client_secret, &desk.ready().scim_token));
    drop(desk);
    std::fs::write(folder.path().join("sandbox.json"), "{").unwrap();
    let refused = start(options()).await.unwrap_err();
    assert!(refused.to_string().contains("sandbox.json"), "{refused}");
}

#[tokio::test]
async fn takes_signed_assertions() {
    use aws_lc_rs::{digest, rand, signature};
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let desk = small().await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    let pair = signature::RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap();
    let federated = json!({ "issuer": "https://ci.example", "subject": "repo:x", "audience": "api://AzureADTokenExchange", "key": key.public_key_pem() });
    desk.control("PUT", "credentials", json!({ "certificates": [certificate.pem()], "federated": [federated] })).await;
    let sign = |header: Value, claims: Value| {
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let padding: &dyn signature::RsaEncoding =
            if header["alg"] == "PS256" { &signature::RSA_PSS_SHA256 } else { &signature::RSA_PKCS1_SHA256 };
        let mut bytes = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &rand::SystemRandom::new(), text.as_bytes(), &mut bytes).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    let (id, der) = (desk.ready().client_id.clone(), certificate.der());
    let now = jiff::Timestamp::now().as_second();
    let audience = format!("{}/{}/oauth2/v2.0/token", desk.ready().authority, desk.ready().tenant_id);
    let own = json!({ "iss": id, "sub": id, "aud": audience, "exp": now as f64 + 600.5, "jti": "1" });
    let sha256 = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, der));
    let sha1 = STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der));
    let outside = |sub: &str| json!({ "iss": "https://ci.example", "sub": sub, "aud": "api://AzureADTokenExchange", "exp": now + 60 });
    let good = sign(json!({ "alg": "PS256", "x5t#S256": sha256 }), own.clone());
    for (assertion, expected) in [
        (good.clone(), 0),
        (sign(json!({ "alg": "RS256", "x5t": sha1 }), own.clone()), 0),
        (sign(json!({ "alg": "RS256" }), outside("repo:x")), 0),
        (sign(json!({ "alg": "RS256" }), outside("repo:y")), 700213),
        (sign(json!({ "alg": "PS256", "x5t#S256": "AAAA" }), own.clone()), 700027),
        (format!("{}AAAA", &good[..good.len() - 4]), 50012),
    ] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", id.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
        ];
        let answer = desk.ask_token(&form).await;
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error_codes"][0].as_u64().unwrap_or(0), expected, "{body}");
    }
}

#[test]
fn a_seed_makes_the_tenant_it_describes() {
    let directory = Directory::seeded(1, 250, 18);
    assert_eq!(directory, Directory::seeded(1, 250, 18));
    assert_ne!(directory, Directory::seeded(2, 250, 18));
    assert_eq!((directory.users.len(), directory.groups.len()), (250, 18));
    let users = || directory.users.values();
    let names: std::collections::BTreeSet<_> =
        users().map(|u| u.text("userPrincipalName").unwrap().to_lowercase()).collect();
    assert_eq!(names.len(), 250);
    assert!(users().any(|u| u.text("userPrincipalName").unwrap().contains("#EXT#")));
    assert!(
        users().any(|u| !u.enabled())
            && users().any(|u| u.text("mail").is_none())
            && users().any(|u| u.manager.is_none())
    );
    assert!(users().any(|u| u.text("displayName").unwrap().contains('\u{1b}')));
    assert_eq!(users().filter(|u| u.text("mailNickname") == Some("dispatch")).count(), 2);
    assert!(directory.groups.values().any(|g| g.members.is_empty()));
    assert!(directory.groups.values().any(|g| g.members.values().any(|m| m.kind == directory::Kind::Device)));
    assert!(directory.grants.values().any(|g| g.role.is_nil()) && directory.grants.values().any(|g| !g.role.is_nil()));
    for size in [0, 1, 2, 7] {
        assert_eq!(Directory::seeded(5, size, size).users.len(), size);
    }
}
