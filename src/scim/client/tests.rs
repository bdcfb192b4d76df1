//! Apps that misbehave in the ways real ones do.

use super::*;
use crate::http::testing::{Say, Seen, Server, answer, json};
use serde_json::json as value;
use std::time::Duration;

const USER: ObjectType = ObjectType::User;
const GROUP: ObjectType = ObjectType::Group;

fn client(base: &str) -> ScimClient {
    let mut settings = ScimSettings::new(format!("{base}/scim/?aadOptscim062020"), Secret::new("canary-token".into()));
    settings.backoff = Duration::from_millis(2);
    settings.timeout = Duration::from_millis(300);
    ScimClient::new(settings).unwrap()
}

async fn app(script: impl Fn(usize, &Seen) -> Say + Send + Sync + 'static) -> (Server, ScimClient) {
    let server = Server::start(script).await;
    let scim = client(&server.base);
    (server, scim)
}

fn users(ids: impl IntoIterator<Item = usize>) -> Vec<Value> {
    ids.into_iter().map(|n| value!({"id": format!("u{n}"), "userName": format!("user{n}")})).collect()
}

fn page(total: Option<usize>, ids: impl IntoIterator<Item = usize>) -> Say {
    let mut list = value!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "Resources": users(ids)});
    if let Some(total) = total {
        list["totalResults"] = total.into();
    }
    json(200, &list)
}

fn number(seen: &Seen, name: &str) -> Option<usize> {
    let url = Url::parse(&format!("http://a{}", seen.target)).unwrap();
    url.query_pairs().find(|(n, _)| n == name).and_then(|(_, v)| v.parse().ok())
}

async fn read(mut lister: Lister) -> Result<usize, ScimError> {
    let mut ids = std::collections::HashSet::new();
    while let Some(page) = lister.next_page().await? {
        for user in page {
            assert!(ids.insert(user["id"].as_str().unwrap().to_owned()), "a resource was handed out twice");
        }
    }
    Ok(ids.len())
}

#[tokio::test]
async fn requests_look_as_they_should() {
    let (server, scim) = app(|_, seen| match seen.method.as_str() {
        "GET" => page(Some(0), []),
        "DELETE" => answer(204, "", "", ""),
        _ => json(201, &value!({"id": "x"})),
    })
    .await;
    scim.query(USER, "userName eq \"a b+c\"").await.unwrap();
    scim.query(GROUP, "displayName eq \"x\"").await.unwrap();
    scim.create(USER, &value!({"userName": "a"})).await.unwrap();
    scim.patch(USER, "a/../b c@'\"é\\?#", &value!({"Operations": []})).await.unwrap();
    assert!(scim.delete(GROUP, "g%41").await.unwrap());
    let seen = server.seen();
    assert_eq!(seen[0].target, "/scim/Users?filter=userName%20eq%20%22a%20b%2Bc%22");
    assert_eq!(seen[1].target, "/scim/Groups?filter=displayName%20eq%20%22x%22&excludedAttributes=members");
    assert_eq!(seen[0].header("authorization"), Some("Bearer canary-token"));
    assert_eq!(seen[0].header("accept"), Some("application/scim+json, application/json"));
    assert_eq!((seen[2].method.as_str(), seen[2].header("content-type")), ("POST", Some("application/scim+json")));
    assert_eq!(seen[2].body, "{\"userName\":\"a\"}");
    assert!(seen[3].target.starts_with("/scim/Users/a%2F..%2Fb%20c@"), "{}", seen[3].target);
    assert!(!seen[3].target.contains(['"', '#', '?', '\\']), "{}", seen[3].target);
    assert_eq!(seen[4].target, "/scim/Groups/g%2541");
    assert_eq!(scim.requests(), 5);
    for id in ["", ".", ".."] {
        assert!(matches!(scim.delete(USER, id).await, Err(ScimError::Settings(_))));
    }
    assert_eq!(scim.requests(), 5, "such an id would address the collection");
}

#[tokio::test]
async fn paging_follows_what_comes_not_what_is_said() {
    // An honest server with 130 users that caps pages at 50.
    let (server, scim) = app(|_, seen| {
        let start = number(seen, "startIndex").unwrap_or(1);
        page(Some(130), start..131.min(start + 50))
    })
    .await;
    assert_eq!(read(scim.list(USER, false, &[])).await.unwrap(), 130);
    assert_eq!(server.seen().len(), 3, "a short last page ends it");
    assert!(server.seen()[0].has("count=500"));

    // The total is that of the page.
    let (_, scim) = app(|_, seen| {
        let start = number(seen, "startIndex").unwrap_or(1);
        page(Some(50), start..131.min(start + 50))
    })
    .await;
    assert_eq!(read(scim.list(USER, false, &[])).await.unwrap(), 130);

    // No total at all.
    let (_, scim) = app(|_, seen| {
        let start = number(seen, "startIndex").unwrap_or(1);
        page(None, start..131.min(start + 50))
    })
    .await;
    assert_eq!(read(scim.list(USER, false, &[])).await.unwrap(), 130);

    // Past the end it begins again.
    let (server, scim) = app(|_, seen| {
        let start = (number(seen, "startIndex").unwrap_or(1) - 1) % 130;
        page(None, start..130.min(start + 50))
    })
    .await;
    assert_eq!(read(scim.list(USER, false, &[])).await.unwrap(), 130);
    assert!(server.seen().len() <= 4);

    // The start is ignored: always the first page, and the total promises more.
    let (server, scim) = app(|_, _| page(Some(1000), 0..20)).await;
    let mut lister = scim.list(USER, false, &[]);
    assert_eq!(lister.next_page().await.unwrap().unwrap().len(), 20);
    assert_eq!((lister.total(), lister.page_size()), (Some(1000), 20));
    assert!(lister.next_page().await.unwrap().is_none());
    assert!(lister.fell_short(), "the caller must learn that the listing is not complete");
    assert_eq!(server.seen().len(), 2);

    // `count` makes it fail.
    let (server, scim) = app(|_, seen| match number(seen, "count") {
        Some(_) => answer(500, "text/plain", "", "oops"),
        None => page(Some(3), 0..3),
    })
    .await;
    assert_eq!(read(scim.list(USER, false, &[])).await.unwrap(), 3);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_listing_that_breaks_is_an_error_not_an_end() {
    let (_, scim) = app(|n, seen| match n {
        0 => page(Some(100), 0..50),
        _ if seen.has("startIndex=51") => answer(403, "", "", ""),
        _ => page(Some(100), 0..0),
    })
    .await;
    assert!(read(scim.list(USER, false, &[])).await.is_err());
}

#[tokio::test]
async fn what_is_no_list_is_said_so() {
    for say in [
        (|| answer(200, "text/html", "", "<!doctype html><p>sign in")) as fn() -> Say,
        || json(200, &value!({"hello": 1})),
        || json(200, &value!([1])),
        || json(200, &value!({"totalResults": 3})),
        || answer(200, "application/json", "", "{\"Resources\":["),
        || answer(200, "application/json", "", &"[".repeat(10_000)),
        || answer(204, "", "", ""),
    ] {
        let (_, scim) = app(move |_, _| say()).await;
        let error = scim.query(USER, "userName eq \"x\"").await.unwrap_err();
        assert!(matches!(error, ScimError::NotScim { .. }), "{error:?}");
        assert_eq!(error.code(), "SystemForCrossDomainIdentityManagementServiceIncompatible");
        assert!(!error.transient() && !error.systemic());
    }
    let (_, scim) = app(|_, _| json(200, &value!({"totalResults": 0}))).await;
    assert!(scim.query(USER, "x").await.unwrap().is_empty(), "an empty list may leave Resources out");
}

#[tokio::test]
async fn a_filter_that_is_ignored_does_not_read_everything() {
    let (server, scim) = app(|_, seen| {
        let start = number(seen, "startIndex").unwrap_or(1);
        page(Some(1_000_000), start..start + 100)
    })
    .await;
    assert_eq!(scim.query(USER, "x").await.unwrap().len(), 1000);
    assert_eq!(server.seen().len(), 10);
}

#[tokio::test]
async fn single_resources() {
    let (_, scim) = app(|_, seen| match (seen.method.as_str(), seen.target.as_str()) {
        ("GET", "/scim/Users/1") => json(200, &value!({"id": "1"})),
        ("GET", "/scim/Users/odd") => json(200, &value!([])),
        ("GET", "/scim/Groups/1?excludedAttributes=members") => json(200, &value!({"id": "g"})),
        ("PATCH", "/scim/Users/1") => answer(204, "", "", ""),
        ("PATCH", "/scim/Users/2") => json(200, &value!({"id": "2", "active": false})),
        ("POST", "/scim/Users") => json(201, &value!({"userName": "x", "id": null})),
        ("POST", "/scim/Groups") => answer(201, "", "", ""),
        ("PUT", "/scim/Users/1") => json(200, &value!({"id": "1"})),
        _ => json(404, &value!({"detail": "no such thing", "status": "404"})),
    })
    .await;
    assert_eq!(scim.get(USER, "1", false).await.unwrap().unwrap()["id"], "1");
    assert_eq!(scim.get(USER, "2", false).await.unwrap(), None);
    assert!(matches!(scim.get(USER, "odd", false).await, Err(ScimError::NotScim { .. })));
    assert_eq!(scim.get(GROUP, "1", false).await.unwrap().unwrap()["id"], "g");
    assert_eq!(scim.patch(USER, "1", &value!({})).await.unwrap(), None);
    assert_eq!(scim.patch(USER, "2", &value!({})).await.unwrap().unwrap()["active"], false);
    assert!(scim.replace(USER, "1", &value!({})).await.unwrap().is_some());
    assert_eq!(scim.patch(USER, "3", &value!({})).await.unwrap_err().code(), "InvalidAnchor");
    assert!(!scim.delete(USER, "3").await.unwrap());
    let error = scim.create(USER, &value!({})).await.unwrap_err();
    assert!(matches!(&error, ScimError::NoId { status: 201, body: Some(b) } if b["userName"] == "x"), "{error:?}");
    assert!(matches!(scim.create(GROUP, &value!({})).await, Err(ScimError::NoId { body: None, .. })));
}

#[tokio::test]
async fn a_web_page_after_a_write_is_no_success() {
    let (_, scim) = app(|_, _| answer(200, "text/html", "", "<html>sign in")).await;
    assert!(matches!(scim.create(USER, &value!({})).await, Err(ScimError::NotScim { .. })));
    assert!(matches!(scim.patch(USER, "1", &value!({})).await, Err(ScimError::NotScim { .. })));
    assert!(matches!(scim.delete(USER, "1").await, Err(ScimError::NotScim { .. })));
    let (_, scim) = app(|_, _| answer(200, "text/plain", "", "OK")).await;
    assert_eq!(scim.patch(USER, "1", &value!({})).await.unwrap(), None);
    assert!(scim.delete(USER, "1").await.unwrap());
}

#[tokio::test]
async fn a_match_costs_one_request_even_without_a_total() {
    for total in [None, Some(1)] {
        let (server, scim) = app(move |_, _| page(total, 0..1)).await;
        assert_eq!(scim.query(USER, "x").await.unwrap().len(), 1);
        assert_eq!(server.seen().len(), 1);
    }
}

#[test]
fn an_empty_token_is_refused() {
    let settings = ScimSettings::new("https://a.example/scim", Secret::new(" \n".into()));
    assert!(matches!(ScimClient::new(settings), Err(ScimError::Settings(m)) if m.contains("empty")));
}

#[tokio::test]
async fn a_read_that_times_out_is_not_systemic() {
    let (server, scim) = app(|_, _| Say::Silence).await;
    let error = scim.get(USER, "1", false).await.unwrap_err();
    assert_eq!((error.code(), error.transient(), error.systemic()), ("Timeout", true, false));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn discovery_is_a_courtesy() {
    let (_, scim) = app(|_, _| answer(404, "text/html", "", "<html>")).await;
    assert_eq!(scim.service_provider_config().await.unwrap(), None);
    assert_eq!(scim.schemas().await.unwrap(), None);
    let (_, scim) = app(|_, _| json(200, &value!([{"id": "a"}]))).await;
    assert_eq!(scim.schemas().await.unwrap().unwrap().len(), 1);
    let (_, scim) = app(|_, _| json(200, &value!({"Resources": [{"id": "a"}, {"id": "b"}]}))).await;
    assert_eq!(scim.schemas().await.unwrap().unwrap().len(), 2);
    let (_, scim) = app(|_, _| answer(401, "", "", "")).await;
    assert!(scim.schemas().await.unwrap_err().systemic());
}

#[tokio::test]
async fn statuses_become_codes() {
    for (status, body, code, transient, systemic) in [
        (400, r#"{"detail":"no","scimType":"invalidValue"}"#, "UnprocessableEntity", false, false),
        (400, r#"{"scimType":"invalidPath","detail":"x"}"#, "SchemaAttributeNotFound", false, false),
        (400, r#"{"detail":"Attribute 'emails' is required"}"#, "MandatoryFieldsMissing", false, false),
        (400, r#"{"detail":"domain example.com is not allowed"}"#, "InvalidDomain", false, false),
        (401, "", "Unauthorized", false, true),
        (403, r#"{"detail":"scope users:write required field"}"#, "InsufficientRights", false, false),
        (403, r#"{"detail":"No more seats: limit of your subscription"}"#, "LicenseLimitExceeded", false, false),
        (404, "", "InvalidAnchor", false, false),
        (405, "", "MethodNotAllowed", false, false),
        (409, r#"{"scimType":"uniqueness","detail":"userName required to be unique"}"#, "Conflict", false, false),
        (409, "", "Conflict", false, false),
        (422, r#"{"detail":[{"loc":"x"}]}"#, "UnprocessableEntity", false, false),
        (500, "boom", "InternalServerError", true, false),
        (500, r#"{"detail":"YOU_HAVE_REACHED_MEMBERSHIP_LIMIT_REACHED"}"#, "LicenseLimitExceeded", false, false),
        (501, "", "NotImplemented", false, false),
        (502, "<html>", "InternalServerError", true, false),
    ] {
        let (server, scim) = app(move |_, _| answer(status, "application/json", "", body)).await;
        let error = scim.patch(USER, "1", &value!({})).await.unwrap_err();
        assert_eq!(
            (error.code(), error.transient(), error.systemic(), error.status()),
            (code, transient, systemic, Some(status)),
            "{status} {body}: {error:?}"
        );
        assert!(crate::scim::codes::lookup(error.code()).is_some());
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn lost_answers_refused_connections_and_pauses() {
    let (server, scim) = app(|_, _| Say::Close).await;
    let error = scim.create(USER, &value!({})).await.unwrap_err();
    assert!(matches!(error, ScimError::Unknown { timeout: false, .. }), "{error:?}");
    assert_eq!((error.code(), error.transient(), server.seen().len()), ("WebExceptionProtocolError", true, 1));

    let (_, scim) = app(|_, _| Say::Silence).await;
    let error = scim.create(USER, &value!({})).await.unwrap_err();
    assert_eq!((error.code(), error.transient(), error.systemic()), ("Timeout", true, false));

    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let error = client(&gone).create(USER, &value!({})).await.unwrap_err();
    assert!(matches!(error, ScimError::Unavailable { unsent: true, .. }) && error.systemic(), "{error:?}");

    let (_, scim) = app(|_, _| answer(429, "text/plain", "retry-after: 999\r\n", "{}")).await;
    for _ in 0..2 {
        let error = scim.create(USER, &value!({})).await.unwrap_err();
        assert_eq!((error.code(), error.transient(), error.systemic()), ("TooManyRequests", true, false));
    }
}

#[tokio::test]
async fn an_echoed_token_is_taken_out_and_long_words_are_cut() {
    let (_, scim) =
        app(|_, _| json(400, &value!({"detail": format!("Authorization: Bearer canary-token {}", "é".repeat(5000))})))
            .await;
    let error = scim.create(USER, &value!({})).await.unwrap_err();
    let text = format!("{error} {error:?} {}", error.detail());
    assert!(!text.contains("canary"), "the token was echoed");
    assert!(error.detail().contains("[secret]") && error.detail().len() <= 2100);
}
