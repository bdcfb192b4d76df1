//! The sandbox over real HTTP.

use super::*;
use crate::sandbox::directory::ADA;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod doors;

struct Desk {
    sandbox: Sandbox,
    client: Client,
    token: String,
}

async fn open(options: SandboxOptions) -> Desk {
    let sandbox = start(options).await.unwrap();
    let mut builder = Client::builder().no_proxy();
    if let Some(ca) = &sandbox.ready.ca {
        let pem = std::fs::read(ca).unwrap();
        builder = builder.tls_certs_merge([reqwest::Certificate::from_pem(&pem).unwrap()]);
    }
    let client = builder.build().unwrap();
    let mut desk = Desk { sandbox, client, token: String::new() };
    desk.token = desk.sign_in().await;
    desk
}

async fn small() -> Desk {
    open(SandboxOptions { users: 60, ..SandboxOptions::default() }).await
}

impl Desk {
    fn ready(&self) -> &Ready {
        self.sandbox.ready()
    }

    async fn ask_token(&self, form: &[(&str, &str)]) -> Response {
        let url = format!("{}/{}/oauth2/v2.0/token", self.ready().authority, self.ready().tenant_id);
        self.client.post(url).form(form).send().await.unwrap()
    }

    async fn sign_in(&self) -> String {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.ready().client_id.as_str()),
            ("client_secret", self.ready().client_secret.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = self.ask_token(&form).await;
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["token_type"], "Bearer");
        body["access_token"].as_str().unwrap().to_owned()
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.ready().graph) }
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).bearer_auth(&self.token).send().await.unwrap()
    }

    async fn eventual(&self, path: &str) -> Response {
        let request = self.client.get(self.url(path)).bearer_auth(&self.token);
        request.header("ConsistencyLevel", "eventual").send().await.unwrap()
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Response {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, self.url(path)).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    /// Follows a list or delta round; answers the objects and the deltaLink.
    async fn follow(&self, path: &str) -> (Vec<Value>, usize, Option<String>) {
        let (mut all, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
        loop {
            let page = self.read(&next).await;
            pages += 1;
            all.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(link) => {
                    assert!(page.get("@odata.deltaLink").is_none());
                    next = link.to_owned();
                }
                None => return (all, pages, page["@odata.deltaLink"].as_str().map(str::to_owned)),
            }
        }
    }

    async fn control(&self, method: &str, name: &str, body: Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}/{name}", self.ready().control);
        let mut request = self.client.request(method, url);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
        answer.json().await.unwrap()
    }
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn signs_in_and_refuses_what_it_should() {
    let desk = small().await;
    let (id, secret) = (desk.ready().client_id.clone(), desk.ready().client_secret.clone());
    let scope = "https://graph.microsoft.com/.default";
    for (form, status, error, number) in [
        (
            vec![("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", "no"), ("scope", scope)],
            401,
            "invalid_client",
            7000215,
        ),
        (
            vec![
                ("grant_type", "client_credentials"),
                ("client_id", "x"),
                ("client_secret", &secret),
                ("scope", scope),
            ],
            400,
            "unauthorized_client",
            700016,
        ),
        (
            vec![("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret), ("scope", "x")],
            400,
            "invalid_scope",
            70011,
        ),
        (
            vec![("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", &secret)],
            400,
            "invalid_request",
            900144,
        ),
    ] {
        let answer = desk.ask_token(&form).await;
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!((body["error"].as_str().unwrap(), body["error_codes"][0].as_u64().unwrap()), (error, number));
        assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")));
    }
    let unknown = desk.client.post(format!("{}/nowhere.example/oauth2/v2.0/token", desk.ready().authority));
    let body: Value = unknown.form(&[("a", "b")]).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["error_codes"][0], 90002);

    for token in ["", "x.y.z", &format!("{}x", desk.token)] {
        let answer = desk.client.get(desk.url("/users")).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate"));
        assert_eq!(code(&answer.json().await.unwrap()), "InvalidAuthenticationToken");
    }
    desk.control("POST", "revoke", Value::Null).await;
    assert_eq!(desk.get("/users").await.status(), 401);
}

#[tokio::test]
async fn lists_page_and_filter_as_graph_does() {
    let desk = small().await;
    let (all, pages, _) = desk.follow("/users?$top=7&$select=id,displayName,mail").await;
    assert_eq!((all.len(), pages), (60, 9));
    let page = desk.read("/users?$top=7").await;
    assert!(page["@odata.context"].as_str().unwrap().ends_with("/v1.0/$metadata#users"));
    let mut names: Vec<&str> = page["value"][0].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "businessPhones",
            "displayName",
            "givenName",
            "id",
            "jobTitle",
            "mail",
            "mobilePhone",
            "officeLocation",
            "preferredLanguage",
            "surname",
            "userPrincipalName"
        ]
    );

    let ada = desk.read(&format!("/users/{ADA}?$select=id,accountEnabled&$expand=manager($select=id)")).await;
    assert_eq!(ada["accountEnabled"], true);
    let found = desk.read(&format!("/users?$filter=userPrincipalName eq '{}'", ADA.to_uppercase())).await;
    assert_eq!(found["value"][0]["id"], ada["id"]);

    for (path, status, expected) in [
        ("/users?$filter=endsWith(mail,'x')", 400, "Request_UnsupportedQuery"),
        ("/users?$search=\"displayName:ada\"", 400, "Request_UnsupportedQuery"),
        ("/users/$count", 400, "Request_BadRequest"),
        ("/users?$select=aboutMe", 501, "NotImplemented"),
        ("/users?$top=1000", 400, "Request_BadRequest"),
        ("/users?$skip=3", 400, "Request_BadRequest"),
        ("/users/50b29466-cf85-41aa-8f53-6e70b1d2e356", 404, "Request_ResourceNotFound"),
        ("/me", 400, "BadRequest"),
        ("/users?$skiptoken=abc", 400, "Directory_ExpiredPageToken"),
    ] {
        let answer = desk.get(path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert!(answer.headers().contains_key("request-id"));
        let body: Value = answer.json().await.unwrap();
        assert_eq!(code(&body), expected, "{path}");
        assert!(body["error"]["innerError"]["request-id"].is_string());
    }
    let counted: Value = desk
        .eventual("/users?$count=true&$top=5&$filter=endsWith(userPrincipalName,'example')")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(counted["@odata.count"], 60);
    let second: Value = desk.eventual(counted["@odata.nextLink"].as_str().unwrap()).await.json().await.unwrap();
    assert!(second.get("@odata.count").is_none());
    assert_eq!(
        code(&desk.get(counted["@odata.nextLink"].as_str().unwrap()).await.json().await.unwrap()),
        "Directory_ExpiredPageToken"
    );
    assert_eq!(desk.eventual("/users/$count").await.text().await.unwrap(), "60");
    let searched: Value = desk.eventual("/users?$search=\"displayName:lovel\"").await.json().await.unwrap();
    assert_eq!(searched["value"][0]["userPrincipalName"], ADA);
    let sorted = desk.follow("/users?$orderby=displayName desc&$top=9&$select=displayName").await.0;
    let names: Vec<String> = sorted.iter().map(|u| u["displayName"].as_str().unwrap().to_lowercase()).collect();
    assert!(names.is_sorted_by(|a, b| a >= b) && names.len() == 60);
}

#[tokio::test]
async fn users_delta_tells_every_change_once() {
    let desk = open(SandboxOptions { users: 450, ..SandboxOptions::default() }).await;
    let (all, pages, link) = desk.follow("/users/delta()?$select=displayName,department,accountEnabled,manager").await;
    assert_eq!((all.len(), pages), (450, 3));
    assert!(all.iter().any(|user| user["manager@delta"][0]["@odata.type"] == "#microsoft.graph.user"));
    let link = link.unwrap();
    let (none, _, link) = desk.follow(&link).await;
    assert!(none.is_empty());

    let ada = desk.read(&format!("/users/{ADA}?$select=id")).await["id"].as_str().unwrap().to_owned();
    let other = all.iter().find(|u| u["id"] != ada.as_str()).unwrap()["id"].as_str().unwrap().to_owned();
    let patch = |body| desk.send("PATCH", "/users/ada@meadowlark.example", body);
    assert_eq!(patch(json!({ "department": null, "jobTitle": "Countess" })).await.status(), 204);
    assert_eq!(desk.send("DELETE", &format!("/users/{other}"), Value::Null).await.status(), 204);
    let new = json!({ "accountEnabled": true, "displayName": "New", "mailNickname": "new", "userPrincipalName": "new@meadowlark.example", "passwordProfile": {"password": "x"} });
    assert_eq!(desk.send("POST", "/users", new.clone()).await.status(), 201);
    assert_eq!(code(&desk.send("POST", "/users", new).await.json().await.unwrap()), "Request_BadRequest");

    let since = link.unwrap();
    let (changes, _, after) = desk.follow(&since).await;
    let by_id: BTreeMap<&str, &Value> = changes.iter().map(|c| (c["id"].as_str().unwrap(), c)).collect();
    assert_eq!(by_id[other.as_str()]["@removed"]["reason"], "changed");
    let seen = by_id[ada.as_str()].as_object().unwrap();
    assert!(seen.contains_key("department") && seen["department"].is_null());
    assert_eq!(seen["displayName"], "Ada Lovelace");
    assert!(changes.iter().any(|c| c["displayName"] == "New"));
    let minimal: Value = desk
        .client
        .get(&since)
        .bearer_auth(&desk.token)
        .header("Prefer", "return=minimal")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let seen = minimal["value"].as_array().unwrap().iter().find(|c| c["id"] == ada.as_str()).unwrap();
    assert!(seen.get("displayName").is_none() && seen.as_object().unwrap().contains_key("department"));

    assert_eq!(desk.send("DELETE", &format!("/directory/deletedItems/{other}"), Value::Null).await.status(), 204);
    let (purged, _, last) = desk.follow(&after.unwrap()).await;
    assert_eq!(purged, [json!({ "id": other, "@removed": { "reason": "deleted" } })]);

    let latest = desk.read("/users/delta?$deltatoken=latest").await;
    assert!(latest["value"].as_array().unwrap().is_empty() && latest["@odata.deltaLink"].is_string());
    assert_eq!(desk.get("/users/delta?$deltatoken=garbage").await.status(), 400);
    desk.control("POST", "expire", json!({ "as": "resync" })).await;
    let last = last.unwrap();
    let gone = desk.get(&last).await;
    assert_eq!(gone.status(), StatusCode::GONE);
    assert!(gone.headers()["location"].to_str().unwrap().ends_with("/users/delta?$deltatoken="));
    assert_eq!(code(&gone.json().await.unwrap()), "resyncRequired");
    desk.control("POST", "expire", json!({ "as": "sync_state" })).await;
    assert_eq!(code(&desk.get(&last).await.json().await.unwrap()), "syncStateNotFound");
}

#[tokio::test]
async fn groups_delta_spreads_members_over_pages() {
    let desk = open(SandboxOptions { users: 700, ..SandboxOptions::default() }).await;
    let (all, pages, link) = desk.follow("/groups/microsoft.graph.delta?$select=displayName,members").await;
    assert!(pages > 5);
    let mut members: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for part in &all {
        let list = members.entry(part["id"].as_str().unwrap()).or_default();
        list.extend(part["members@delta"].as_array().into_iter().flatten().map(|m| m["id"].as_str().unwrap()));
    }
    assert_eq!(members.len(), 18);
    assert!(all.len() > 18, "no group came in parts");
    for (id, mut found) in members.clone() {
        let (listed, ..) = desk.follow(&format!("/groups/{id}/members?$select=id&$top=999")).await;
        let mut listed: Vec<&str> = listed.iter().map(|m| m["id"].as_str().unwrap()).collect();
        found.sort_unstable();
        listed.sort_unstable();
        assert_eq!(found, listed);
    }
    let group = all.iter().find(|g| g["displayName"] == "Flock Users").unwrap()["id"].as_str().unwrap();
    let gone = members[group][0];
    assert_eq!(desk.send("DELETE", &format!("/groups/{group}/members/{gone}/$ref"), Value::Null).await.status(), 204);
    let ada = desk.read(&format!("/users/{ADA}?$select=id")).await["id"].as_str().unwrap().to_owned();
    let reference = json!({ "@odata.id": format!("{}/directoryObjects/{ada}", desk.ready().graph) });
    let path = format!("/groups/{group}/members/$ref");
    assert_eq!(desk.send("POST", &path, reference.clone()).await.status(), 204);
    assert_eq!(desk.send("POST", &path, reference).await.status(), 400);
    let (changes, ..) = desk.follow(&link.unwrap()).await;
    assert_eq!(changes.len(), 1);
    let mut list = changes[0]["members@delta"].as_array().unwrap().clone();
    list.sort_by_key(|m| m.get("@removed").is_some());
    assert_eq!(list[0], json!({ "@odata.type": "#microsoft.graph.user", "id": ada }));
    assert_eq!(
        list[1],
        json!({ "@odata.type": "#microsoft.graph.user", "id": gone, "@removed": { "reason": "deleted" } })
    );

    let nesting = all.iter().find(|g| g["displayName"] == "Leadership").unwrap()["id"].as_str().unwrap();
    let direct = desk.follow(&format!("/groups/{nesting}/members")).await.0;
    assert!(direct.iter().any(|m| m["@odata.type"] == "#microsoft.graph.group"));
    let users = desk.follow(&format!("/groups/{nesting}/transitiveMembers/microsoft.graph.user?$select=id")).await.0;
    assert!(users.len() > direct.len() && users.iter().all(|m| m.get("@odata.type").is_none()));
}

#[tokio::test]
async fn assignments_are_listed_made_and_ended() {
    let desk = small().await;
    let sp = desk.ready().service_principal_id.clone();
    let found =
        desk.read("/servicePrincipals?$filter=startswith(displayName,'Flo')&$select=id,appId,displayName").await;
    assert_eq!(found["value"][0]["id"], sp.as_str());
    let app = desk.read(&format!("/servicePrincipals(appId='{}')", found["value"][0]["appId"].as_str().unwrap())).await;
    let roles = app["appRoles"].as_array().unwrap();
    assert!(roles.iter().any(|r| r["displayName"] == "msiam_access" && r["value"].is_null()));
    let path = format!("/servicePrincipals/{sp}/appRoleAssignedTo");
    let (all, pages, _) = desk.follow(&format!("{path}?$top=10")).await;
    assert!(pages > 1 && all.iter().any(|a| a["principalType"] == "Group"));
    assert!(all.iter().all(|a| a["id"].as_str().unwrap().len() == 43));
    let assigned = |id: &Value| all.iter().any(|a| a["principalId"] == *id);
    let users = desk.follow("/users?$select=id").await.0;
    let free = users.iter().find(|u| !assigned(&u["id"])).unwrap()["id"].clone();
    let body = json!({ "principalId": free, "resourceId": sp, "appRoleId": roles[2]["id"] });
    let made = desk.send("POST", &path, body.clone()).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    assert_eq!(made["principalId"], free);
    assert_eq!(desk.send("POST", &path, body).await.status(), 400);
    let zero = json!({ "principalId": free, "resourceId": sp, "appRoleId": "00000000-0000-0000-0000-000000000000" });
    assert_eq!(desk.send("POST", &path, zero).await.status(), 400);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(desk.send("DELETE", &one, Value::Null).await.status(), 204);
    assert_eq!(desk.send("DELETE", &one, Value::Null).await.status(), 404);
    let tenant = desk.read("/organization").await;
    assert_eq!(tenant["value"][0]["id"], desk.ready().tenant_id.as_str());
}
