//! A directory and a sign-in service, played by servers that say what the test wants.

use super::*;
use crate::http::HttpError;
use crate::http::testing::{Say, Seen, Server, answer, json};
use crate::model::{MemberKind, Removed, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json as value};
use std::time::Duration;
use url::Url;

fn token(name: &str, seconds: i64) -> Say {
    json(200, &value!({"token_type": "Bearer", "expires_in": seconds, "access_token": name}))
}

fn settings(base: &str, credential: Credential) -> GraphSettings {
    let mut settings = GraphSettings::new(
        Url::parse(base).unwrap(),
        Url::parse(&format!("{base}/v1.0")).unwrap(),
        "contoso.example".into(),
        "client-1".into(),
        credential,
    );
    settings.backoff = Duration::from_millis(2);
    settings
}

fn secret() -> Credential {
    Credential::Secret(Secret::new("canary-secret".into()))
}

/// A directory whose sign-in always works.
async fn directory(script: impl Fn(usize, &Seen) -> Say + Send + Sync + 'static) -> (Server, GraphClient) {
    let server =
        Server::start(move |n, seen| if seen.has("/oauth2/") { token("t", 3600) } else { script(n, seen) }).await;
    let graph = GraphClient::new(settings(&server.base, secret())).unwrap();
    (server, graph)
}

fn form(body: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(body.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

fn sign_ins(server: &Server) -> Vec<Seen> {
    server.seen().into_iter().filter(|s| s.has("/oauth2/")).collect()
}

#[tokio::test]
async fn one_sign_in_serves_everybody() {
    let (server, graph) = directory(|_, _| {
        json(
            200,
            &value!({"value": [{"id": "t1", "displayName": "Contoso",
        "verifiedDomains": [{"name": "a"}, {"name": "contoso.example", "isDefault": true}]}]}),
        )
    })
    .await;
    let calls = futures_util::future::join_all((0..6).map(|_| graph.organization())).await;
    for organization in calls {
        assert_eq!(organization.unwrap().default_domain.as_deref(), Some("contoso.example"));
    }
    let sign_ins = sign_ins(&server);
    assert_eq!((sign_ins.len(), graph.requests()), (1, 6));
    let asked = &sign_ins[0];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/contoso.example/oauth2/v2.0/token"));
    assert_eq!(form(&asked.body, "client_secret").as_deref(), Some("canary-secret"));
    assert_eq!(form(&asked.body, "grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(form(&asked.body, "scope").as_deref(), Some("https://graph.microsoft.com/.default"));
    let call = server.seen().into_iter().find(|s| s.has("organization")).unwrap();
    assert_eq!(call.header("authorization"), Some("Bearer t"));
    assert_eq!(call.header("client-request-id").map(str::len), Some(36));
    let left = graph.sign_in().await.unwrap().duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3500..=3600).contains(&left));
}

#[test]
fn scopes_follow_the_cloud() {
    for (graph, scope) in [
        ("https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/.default"),
        ("https://graph.microsoft.us/v1.0", "https://graph.microsoft.us/.default"),
        ("http://127.0.0.1:9/v1.0", "https://graph.microsoft.com/.default"),
    ] {
        let mut settings = settings("https://login.example", secret());
        settings.graph = Url::parse(graph).unwrap();
        assert_eq!(settings.scope(), scope);
    }
}

#[tokio::test]
async fn a_token_is_replaced_early_and_after_a_refusal() {
    // Four minutes are less than the margin: every call signs in again.
    let server = Server::start(|n, seen| {
        if seen.has("/oauth2/") { token(&format!("t{n}"), 240) } else { json(200, &value!({"id": "x"})) }
    })
    .await;
    let graph = GraphClient::new(settings(&server.base, secret())).unwrap();
    graph.user("x", &[]).await.unwrap();
    graph.user("x", &[]).await.unwrap();
    assert_eq!(sign_ins(&server).len(), 2);

    // Graph refuses the first token: one refresh, then the answer.
    let server = Server::start(|n, seen| match seen.header("authorization") {
        None => token(&format!("t{n}"), 3600),
        Some("Bearer t0") => answer(401, "application/json", "", "{}"),
        Some(_) => json(200, &value!({"id": "x"})),
    })
    .await;
    let graph = GraphClient::new(settings(&server.base, secret())).unwrap();
    assert!(graph.user("x", &[]).await.unwrap().is_some());
    assert_eq!(sign_ins(&server).len(), 2);

    // It refuses them all: give up after one refresh.
    let server = Server::start(|n, seen| match seen.header("authorization") {
        None => token(&format!("t{n}"), 3600),
        Some(_) => answer(401, "application/json", "", "{}"),
    })
    .await;
    let graph = GraphClient::new(settings(&server.base, secret())).unwrap();
    assert!(matches!(graph.user("x", &[]).await, Err(GraphError::Unauthorized { .. })));
    assert_eq!((sign_ins(&server).len(), graph.requests()), (2, 2));
}

#[tokio::test]
async fn the_old_token_serves_while_the_sign_in_service_is_down() {
    let server = Server::start(|n, seen| match (n, seen.has("/oauth2/")) {
        (0, true) => token("t", 200),
        (_, true) => answer(503, "text/plain", "", "busy"),
        _ => json(200, &value!({"id": "x"})),
    })
    .await;
    let graph = GraphClient::new(settings(&server.base, secret())).unwrap();
    graph.user("x", &[]).await.unwrap();
    graph.user("x", &[]).await.unwrap();
    // A sign-in service that is busy is asked more than once, and then the old token is good enough.
    assert!(sign_ins(&server).len() > 2);
    assert_eq!(graph.requests(), 2);
}

fn certificate(key: &rcgen::KeyPair) -> rcgen::Certificate {
    rcgen::CertificateParams::new(vec!["client.example".into()]).unwrap().self_signed(key).unwrap()
}

#[tokio::test]
async fn the_assertion_proves_the_certificate() {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = certificate(&key);
    let pem = Secret::new(format!("{}{}", key.serialize_pem(), certificate.pem()));
    let server = Server::start(|_, _| token("t", 3600)).await;
    let graph = GraphClient::new(settings(&server.base, Credential::Certificate { pem })).unwrap();
    graph.sign_in().await.unwrap();
    let body = sign_ins(&server).remove(0).body;
    assert_eq!(form(&body, "client_secret"), None);
    assert_eq!(
        form(&body, "client_assertion_type").as_deref(),
        Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    );
    let assertion = form(&body, "client_assertion").unwrap();
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    webpki::EndEntityCert::try_from(certificate.der())
        .unwrap()
        .verify_signature(webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY, signed.as_bytes(), &signature)
        .unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let part = |text| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    let (header, claims): (Value, Value) = (part(header), part(claims));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
    assert_eq!(header, value!({"alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(digest)}));
    assert_eq!(claims["aud"], format!("{}/contoso.example/oauth2/v2.0/token", server.base));
    assert_eq!((&claims["iss"], &claims["sub"]), (&value!("client-1"), &value!("client-1")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert!(uuid::Uuid::parse_str(claims["jti"].as_str().unwrap()).is_ok() && claims["nbf"].is_i64());
}

#[test]
fn certificates_that_cannot_work_are_refused_at_once() {
    let rsa = || rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let (key, other, ec) = (rsa(), rsa(), rcgen::KeyPair::generate().unwrap());
    for (pem, word) in [
        (certificate(&key).pem(), "no private key"),
        (key.serialize_pem(), "no certificate"),
        (certificate(&key).pem() + &other.serialize_pem(), "does not belong"),
        (certificate(&ec).pem() + &ec.serialize_pem(), "RSA"),
        ("nonsense".into(), "no private key"),
    ] {
        let credential = Credential::Certificate { pem: Secret::new(pem) };
        let error = GraphClient::new(settings("https://login.example", credential)).unwrap_err();
        assert!(matches!(error, GraphError::SignIn(SignInError::Credential(_))), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_federated_token_is_read_each_time() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let server = Server::start(|_, _| token("t", 60)).await;
    let graph = GraphClient::new(settings(&server.base, Credential::FederatedTokenFile(file.path().into()))).unwrap();
    assert!(graph.sign_in().await.unwrap_err().to_string().contains("is empty"));
    for text in ["first.jwt.x\n", "second.jwt.x"] {
        std::fs::write(file.path(), text).unwrap();
        graph.sign_in().await.unwrap();
        assert_eq!(form(&sign_ins(&server).pop().unwrap().body, "client_assertion").as_deref(), Some(text.trim()));
    }
    std::fs::remove_file(file.path()).unwrap();
    // While the last token is good for a while, a file that is missing is still an error of its own.
    assert!(graph.sign_in().await.unwrap_err().to_string().contains("cannot be read"));
}

#[tokio::test]
async fn refused_sign_ins_say_what_to_check() {
    for (code, word) in [
        (7_000_215, "not its id"),
        (7_000_222, "expired"),
        (700_016, "client_id"),
        (90_002, "tenant_id"),
        (700_027, "thumbprint"),
        (65_001, "consent"),
        (999_999_999, "credential"),
    ] {
        let server = Server::start(move |_, _| {
            json(
                401,
                &value!({"error": "invalid_client", "error_codes": [code],
                "error_description": format!("AADSTS{code}: It is wrong. Trace ID: abc Correlation ID: d")}),
            )
        })
        .await;
        let graph = GraphClient::new(settings(&server.base, secret())).unwrap();
        let error = graph.sign_in().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(word) && text.contains(&format!("AADSTS{code}")), "{text}");
        assert!(!text.contains("Trace ID") && !text.contains("canary"), "{text}");
        assert!(!error.transient());
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::start(|_, _| answer(200, "text/html", "", "<html>")).await;
    let error = GraphClient::new(settings(&server.base, secret())).unwrap().sign_in().await.unwrap_err();
    assert!(matches!(error, GraphError::SignIn(SignInError::Http(HttpError::Html { .. }))), "{error:?}");
}

fn select(names: &[&str]) -> DeltaStart {
    DeltaStart::Full { select: names.iter().map(|n| (*n).to_owned()).collect() }
}

#[tokio::test]
async fn a_users_round_is_read_page_by_page() {
    let (server, graph) = directory(|_, seen| {
        let base = format!("http://{}/v1.0/users/delta", seen.header("host").unwrap());
        if seen.has("skiptoken=p2") {
            return json(200, &value!({"value": [], "@odata.nextLink": format!("{base}?$skiptoken=p3")}));
        }
        if seen.has("skiptoken=p3") {
            return json(200, &value!({"@odata.deltaLink": format!("{base}?$deltatoken=d1"), "value": [
                {"id": "c", "manager@delta": [{"id": "m1", "@removed": {"reason": "deleted"}}]},
                {"id": "d", "@removed": {"reason": "deleted"}}, {"id": "e", "@removed": {"reason": "changed"}}]}));
        }
        json(200, &value!({"@odata.context": "x", "@odata.nextLink": format!("{base}?$skiptoken=p2"), "value": [
            {"@odata.type": "#microsoft.graph.user", "id": "a", "displayName": "A", "department": null, "x@odata.type": 1},
            {"id": "b", "manager@delta": [{"id": "m2"}, {"id": "m1", "@removed": {"reason": "deleted"}}]}]}))
    })
    .await;
    let mut reader = graph.users_delta(select(&["displayName", "manager"])).unwrap();
    let mut all = Vec::new();
    while let Some(page) = reader.next_page().await.unwrap() {
        assert!(reader.delta_link().is_none() || reader.pages() == 3);
        all.extend(page);
    }
    assert_eq!((reader.pages(), reader.delta_link().map(|l| l.ends_with("d1"))), (3, Some(true)));
    assert_eq!(Value::from(all[0].properties.clone()), value!({"displayName": "A", "department": null}));
    assert_eq!(all[0].manager, None);
    assert_eq!(all[1].manager, Some(Some("m2".into())));
    assert_eq!(all[2].manager, Some(None));
    assert_eq!((all[3].removed, all[4].removed), (Some(Removed::Hard), Some(Removed::Soft)));
    let first = server.seen().into_iter().find(|s| s.has("/users/delta")).unwrap();
    assert!(first.target.ends_with("?%24select=displayName%2Cmanager"), "{}", first.target);
}

#[tokio::test]
async fn a_groups_round_carries_members() {
    let (_, graph) = directory(|_, seen| {
        let link = format!("http://{}/v1.0/groups/delta?$deltatoken=d", seen.header("host").unwrap());
        json(
            200,
            &value!({"@odata.deltaLink": link, "value": [{"id": "g", "displayName": "G", "members@delta": [
            {"@odata.type": "#microsoft.graph.user", "id": "u"}, {"@odata.type": "#microsoft.graph.group", "id": "h"},
            {"@odata.type": "#microsoft.graph.device", "id": "x"},
            {"@odata.type": "#microsoft.graph.user", "id": "v", "@removed": {"reason": "deleted"}}]}]}),
        )
    })
    .await;
    let mut reader = graph.groups_delta(select(&["displayName", "members"])).unwrap();
    let group = reader.next_page().await.unwrap().unwrap().remove(0);
    let kinds: Vec<_> = group.added.iter().map(|m| (m.id.as_str(), m.kind)).collect();
    assert_eq!(kinds, [("u", MemberKind::User), ("h", MemberKind::Group), ("x", MemberKind::Other)]);
    assert_eq!(group.dropped, ["v"]);
    assert_eq!(Value::from(group.properties), value!({"displayName": "G"}));
    assert!(reader.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_stale_link_asks_for_a_full_round() {
    for (status, body) in [
        (410, ""),
        (410, r#"{"error":{"code":"resyncRequired"}}"#),
        (400, r#"{"error":{"code":"syncStateNotFound","message":"x"}}"#),
        (400, r#"{"error":{"code":"","innererror":{"code":"SyncStateNotFound"}}}"#),
        (400, r#"{"error":{"code":"Directory_ExpiredPageToken"}}"#),
        (404, ""),
    ] {
        let (server, graph) = directory(move |_, _| answer(status, "application/json", "", body)).await;
        let link = format!("{}/v1.0/users/delta?$deltatoken=old", server.base);
        let error = graph.users_delta(DeltaStart::Link(link)).unwrap().next_page().await.unwrap_err();
        assert!(matches!(error, GraphError::Resync { .. }), "{status} {body}: {error:?}");
        assert!(!error.to_string().contains("deltatoken"));
    }
}

#[tokio::test]
async fn paging_that_goes_round_in_circles_is_given_up() {
    // The same link again.
    let (server, graph) = directory(|n, seen| {
        let host = seen.header("host").unwrap();
        json(
            200,
            &value!({"value": [{"id": n.to_string(), "principalId": "p", "appRoleId": "r"}],
            "@odata.nextLink": format!("http://{host}/v1.0/x?$skiptoken=same")}),
        )
    })
    .await;
    let error = graph.assignments("sp").await.unwrap_err();
    assert!(matches!(error, GraphError::Endless { page: 2, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 3);
    // Ever new links, never anything new behind them.
    let (server, graph) = directory(|n, seen| {
        let host = seen.header("host").unwrap();
        json(
            200,
            &value!({"value": [{"id": "same"}], "@odata.nextLink": format!("http://{host}/v1.0/users/delta?t={n}")}),
        )
    })
    .await;
    let mut reader = graph.users_delta(select(&["id"])).unwrap();
    let error = loop {
        match reader.next_page().await {
            Ok(page) => assert!(page.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, GraphError::Endless { .. }) && server.seen().len() < 150, "{error:?}");
    assert!(reader.delta_link().is_none());
}

#[tokio::test]
async fn a_link_to_another_server_is_not_followed() {
    let other = Server::start(|_, _| json(200, &value!({"value": []}))).await;
    let link = format!("{}/v1.0/users/delta?$skiptoken=x", other.base);
    let (_, graph) = directory(move |_, _| json(200, &value!({"value": [], "@odata.nextLink": link}))).await;
    let mut reader = graph.users_delta(select(&["id"])).unwrap();
    reader.next_page().await.unwrap();
    let error = reader.next_page().await.unwrap_err();
    assert!(matches!(error, GraphError::Http(HttpError::OtherOrigin { .. })), "{error:?}");
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_list_is_complete_or_an_error() {
    let page = |seen: &Seen, id: &str, next: Option<&str>| {
        let mut body = value!({"value": [{"id": id, "principalId": "p", "principalType": "Group", "appRoleId": "r"}]});
        if let Some(next) = next {
            body["@odata.nextLink"] =
                format!("http://{}/v1.0/x?$skiptoken={next}", seen.header("host").unwrap()).into();
        }
        json(200, &body)
    };
    let (_, graph) =
        directory(move |_, seen| if seen.has("token=2") { page(seen, "b", None) } else { page(seen, "a", Some("2")) })
            .await;
    let (list, pages) = graph.assignments("sp").await.unwrap();
    assert_eq!((list.len(), pages, list[1].principal_kind), (2, 2, MemberKind::Group));
    for bad in [
        (|| answer(500, "", "", "")) as fn() -> Say,
        || json(200, &value!({"odd": 1})),
        || json(200, &value!({"value": [{"principalId": "p", "appRoleId": "r"}]})),
        || Say::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec()),
    ] {
        let (_, graph) =
            directory(move |_, seen| if seen.has("token=2") { bad() } else { page(seen, "a", Some("2")) }).await;
        assert!(graph.assignments("sp").await.is_err());
    }
    // A delta round that ends without a delta link is not one.
    let (_, graph) = directory(|_, _| json(200, &value!({"value": []}))).await;
    assert!(matches!(graph.users_delta(select(&["id"])).unwrap().next_page().await, Err(GraphError::NotGraph { .. })));
}

#[tokio::test]
async fn a_throttled_page_is_asked_for_again() {
    let (server, graph) = directory(|n, seen| match n {
        1 => answer(429, "application/json", "retry-after: 0\r\n", "{}"),
        2 => answer(503, "text/html", "", "<html>"),
        _ => {
            json(200, &value!({"value": [], "@odata.deltaLink": format!("http://{}/d", seen.header("host").unwrap())}))
        }
    })
    .await;
    let mut reader = graph.users_delta(select(&["id"])).unwrap();
    assert!(reader.next_page().await.unwrap().is_some());
    let targets: Vec<String> = server.seen().into_iter().skip(1).map(|s| s.target).collect();
    assert_eq!(targets.len(), 3);
    assert!(targets.iter().all(|t| *t == targets[0]));
    assert_eq!(reader.pages(), 1);
}

#[tokio::test]
async fn errors_say_what_is_missing() {
    let (_, graph) = directory(|_, seen| {
        let status = if seen.has("/users/") { 404 } else { 403 };
        json(status, &value!({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}))
    })
    .await;
    assert_eq!(graph.user("nobody@contoso.example", &[]).await.unwrap(), None);
    for (error, permission) in [
        (graph.service_principal("sp").await.unwrap_err(), "Application.Read.All"),
        (graph.assign("sp", "u", "r").await.unwrap_err(), "AppRoleAssignment.ReadWrite.All"),
        (graph.group_members("g").await.unwrap_err(), "GroupMember.Read.All"),
        (graph.deleted_users().await.unwrap_err(), "User.Read.All"),
        (graph.organization().await.unwrap_err(), "Organization.Read.All"),
    ] {
        assert!(matches!(error, GraphError::Forbidden { .. }), "{error:?}");
        assert!(error.to_string().contains(permission), "{error}");
    }
}

#[tokio::test]
async fn single_calls_have_the_right_shape() {
    let (server, graph) = directory(|_, seen| match (seen.method.as_str(), seen.target.as_str()) {
        ("DELETE", t) if t.ends_with("/gone") => answer(404, "application/json", "", "{}"),
        ("DELETE", _) => answer(204, "", "", ""),
        ("POST", _) => json(201, &value!({"id": "as1", "principalId": "u", "principalType": "User", "appRoleId": "r"})),
        (_, t) if t.contains("/servicePrincipals/") => json(200, &value!({"id": "sp", "appId": "a", "displayName": "App",
            "appRoles": [{"id": "r1", "value": null, "displayName": "User", "isEnabled": true, "allowedMemberTypes": ["User"]},
                         {"id": "r2", "value": "x", "displayName": "Bot", "isEnabled": false, "allowedMemberTypes": ["Application"]}]})),
        (_, t) if t.contains("memberOf") => json(200, &value!({"value": [{"@odata.type": "#microsoft.graph.group", "id": "g"},
            {"@odata.type": "#microsoft.graph.directoryRole", "id": "role"}]})),
        (_, t) if t.contains("filter") && !t.contains("count") => {
            json(400, &value!({"error": {"code": "Request_UnsupportedQuery", "message": "m"}}))
        }
        (_, t) if t.contains("filter") => json(200, &value!({"value": [{"id": "u"}]})),
        _ => json(200, &value!({"id": "u", "displayName": "U", "manager": {"id": "boss"}})),
    })
    .await;
    let names = ["displayName".to_owned(), "manager".to_owned()];
    let user = graph.user("a#b@contoso.example", &names).await.unwrap().unwrap();
    assert_eq!(user.manager, Some(Some("boss".into())));
    graph.user("$odd'name@contoso.example", &names).await.unwrap();
    let principal = graph.service_principal("sp").await.unwrap();
    assert_eq!(
        (principal.roles[0].value.clone(), principal.roles[0].for_users, principal.roles[1].enabled),
        (None, true, false)
    );
    assert_eq!(graph.assign("sp", "u", "r").await.unwrap().principal_kind, MemberKind::User);
    graph.unassign("sp", "as1").await.unwrap();
    graph.unassign("sp", "gone").await.unwrap();
    assert_eq!(graph.member_of("u").await.unwrap(), ["g"]);
    assert_eq!(graph.find_users("o'brien", &names).await.unwrap().len(), 1);
    let seen: Vec<Seen> = server.seen().into_iter().filter(|s| !s.has("/oauth2/")).collect();
    assert!(seen[0].target.starts_with("/v1.0/users/a%23b@contoso.example?%24expand=manager"), "{}", seen[0].target);
    assert!(seen[0].target.ends_with("&%24select=id%2CdisplayName"), "{}", seen[0].target);
    assert!(seen[1].target.starts_with("/v1.0/users('$odd''name@contoso.example')?"), "{}", seen[1].target);
    let body: Value = serde_json::from_str(&seen[3].body).unwrap();
    assert_eq!(body, value!({"principalId": "u", "resourceId": "sp", "appRoleId": "r"}));
    let advanced = seen.last().unwrap();
    assert_eq!(advanced.header("consistencylevel"), Some("eventual"));
    assert!(advanced.has("o%27%27brien") && advanced.has("%24count=true"), "{}", advanced.target);
}
