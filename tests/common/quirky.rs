//! A SCIM app with the habits of real ones, each of them to be switched on. It keeps everything in memory, remembers
//! every request, and is otherwise correct.

use super::http::runtime;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use heeler::scim::eval::matches;
use heeler::scim::filter::Filter;
use heeler::scim::patch::{PatchRequest, apply};
use heeler::scim::path::AttrPath;
use heeler::scim::resource::{self, same};
use heeler::scim::schema::Schemas;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// What the app does with filters.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Filters {
    /// What the RFC says.
    #[default]
    Work,
    /// Everybody, with 200.
    Ignored,
    /// 501.
    Refused,
    /// Text compares by letter case.
    CaseExact,
}

/// How an app rewrites a text.
pub type Rewrite = fn(&str) -> String;

/// The habits.
#[derive(Clone, Default)]
pub struct Quirks {
    pub filters: Filters,
    /// Attribute paths that make a POST or PATCH fail with 400; the words name them unless `wordless`.
    pub refuses: Vec<&'static str>,
    pub wordless: bool,
    /// Attribute paths that are dropped without a word.
    pub drops: Vec<&'static str>,
    /// A path and how the app rewrites its text.
    pub rewrites: Option<(&'static str, Rewrite)>,
    /// A path that a POST must carry.
    pub requires: Option<&'static str>,
    /// A PATCH path through a value filter that fits nothing is refused (RFC-strict).
    pub no_target: bool,
    /// PATCH answers this status to everything.
    pub no_patch: Option<u16>,
    /// Members are never part of an answer.
    pub hides_members: bool,
    /// Members are shown by user name instead of id.
    pub members_by_name: bool,
    /// `members[value eq "..."]` is refused; only the value list removes.
    pub removes_by_list: bool,
    /// A group needs a member from the start.
    pub needs_member: bool,
    /// The id is the user name.
    pub id_is_name: bool,
    /// `excludedAttributes` answers 400.
    pub no_exclusion: bool,
    /// Accounts that are off answer 404.
    pub hides_disabled: bool,
    /// A user name that always fails with 500.
    pub poison: Option<String>,
    /// Most users; one more is refused with 500.
    pub seats: Option<usize>,
    /// The answer to every create is the first user.
    pub same_for_all: bool,
}

/// One request that came in.
#[derive(Clone, Debug)]
pub struct Got {
    pub method: String,
    pub path: String,
    pub body: Value,
}

#[derive(Default)]
struct World {
    users: Vec<Value>,
    groups: Vec<Value>,
    got: Vec<Got>,
    next: usize,
}

/// A running app; it stops with the test process.
pub struct Quirky {
    pub base: String,
    world: Arc<Mutex<World>>,
}

impl Quirky {
    /// Starts an app with these habits.
    pub fn start(quirks: Quirks) -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let shared = Arc::clone(&world);
        let base = runtime().block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let base = format!("http://{}/scim", listener.local_addr().expect("an address"));
            let service = axum::Router::new().fallback(move |request: Request| {
                let (world, quirks) = (Arc::clone(&shared), quirks.clone());
                async move { serve(&world, &quirks, request).await }
            });
            tokio::spawn(async move { axum::serve(listener, service).await });
            base
        });
        Self { base, world }
    }

    /// Puts an account there before anybody else does.
    pub fn seed(&self, mut user: Value) {
        let mut world = self.world.lock().expect("the world");
        world.next += 1;
        user["id"] = json!(format!("seed-{}", world.next));
        world.users.push(user);
    }

    pub fn users(&self) -> Vec<Value> {
        self.world.lock().expect("the world").users.clone()
    }

    pub fn user(&self, name: &str) -> Value {
        let fits = |u: &&Value| u["userName"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
        self.users().iter().find(fits).cloned().unwrap_or(Value::Null)
    }

    pub fn groups(&self) -> Vec<Value> {
        self.world.lock().expect("the world").groups.clone()
    }

    /// Requests so far with this method, and a path that contains this.
    pub fn count(&self, method: &str, path: &str) -> usize {
        let world = self.world.lock().expect("the world");
        world.got.iter().filter(|g| (method.is_empty() || g.method == method) && g.path.contains(path)).count()
    }
}

type Answer = (u16, Value);

async fn serve(world: &Mutex<World>, quirks: &Quirks, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let url = url::Url::parse(&format!("http://app{}", parts.uri)).expect("a URL");
    let path: Vec<String> = url.path_segments().into_iter().flatten().skip(1).map(percent_decode).collect();
    let filter = url.query_pairs().find(|(k, _)| k == "filter").map(|(_, v)| v.into_owned());
    let start = url.query_pairs().find(|(k, _)| k == "startIndex").and_then(|(_, v)| v.parse().ok()).unwrap_or(1);
    let mut world = world.lock().expect("the world");
    let excluding = quirks.no_exclusion && url.query_pairs().any(|(k, _)| k == "excludedAttributes");
    world.got.push(Got { method: parts.method.to_string(), path: parts.uri.to_string(), body: body.clone() });
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (status, body) = if excluding {
        error(400, "excludedAttributes is not known")
    } else {
        world.answer(quirks, parts.method.as_str(), &path, filter.as_deref(), start, body)
    };
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let response = Response::builder().status(status).header("content-type", "application/scim+json");
    response.body(Body::from(text)).expect("a response")
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, code) {
            (b'%', Some(code)) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn error(status: u16, detail: &str) -> Answer {
    (status, json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status, "detail": detail}))
}

fn at(resource: &Value, path: &str) -> Option<Value> {
    resource::get(resource, &AttrPath::parse(path).expect("a path"))
}

impl World {
    fn answer(
        &mut self,
        quirks: &Quirks,
        method: &str,
        path: &[&str],
        filter: Option<&str>,
        start: usize,
        body: Value,
    ) -> Answer {
        match (method, path) {
            ("GET", [kind @ ("Users" | "Groups")]) => self.list(quirks, kind, filter, start),
            ("GET", [kind @ ("Users" | "Groups"), id]) => match self.find(kind, id) {
                Some(at) if !(quirks.hides_disabled && self.of(kind)[at]["active"] == false) => {
                    (200, self.show(quirks, at, kind))
                }
                _ => error(404, "no such resource"),
            },
            ("POST", [kind @ ("Users" | "Groups")]) => self.create(quirks, kind, body),
            ("PATCH", [kind @ ("Users" | "Groups"), id]) => self.patch(quirks, kind, id, body),
            ("PUT", [kind @ "Users", id]) => match self.find(kind, id) {
                Some(at) => {
                    let id = self.users[at]["id"].clone();
                    self.users[at] = body;
                    self.users[at]["id"] = id;
                    (200, self.show(quirks, at, kind))
                }
                None => error(404, "no such resource"),
            },
            ("DELETE", [kind @ ("Users" | "Groups"), id]) => match self.find(kind, id) {
                Some(at) => {
                    self.of_mut(kind).remove(at);
                    (204, Value::Null)
                }
                None => error(404, "no such resource"),
            },
            _ => error(404, "no such endpoint"),
        }
    }

    fn of(&self, kind: &str) -> &Vec<Value> {
        if kind == "Users" { &self.users } else { &self.groups }
    }

    fn of_mut(&mut self, kind: &str) -> &mut Vec<Value> {
        if kind == "Users" { &mut self.users } else { &mut self.groups }
    }

    fn find(&self, kind: &str, id: &str) -> Option<usize> {
        self.of(kind).iter().position(|r| r["id"] == id)
    }

    fn show(&self, quirks: &Quirks, at: usize, kind: &str) -> Value {
        let mut shown = self.of(kind)[at].clone();
        if quirks.hides_members {
            shown.as_object_mut().expect("an object").remove("members");
        }
        if quirks.members_by_name {
            for member in shown["members"].as_array_mut().into_iter().flatten() {
                if let Some(user) = self.users.iter().find(|u| u["id"] == member["value"]) {
                    member["value"] = user["userName"].clone();
                }
            }
        }
        shown
    }

    fn list(&self, quirks: &Quirks, kind: &str, filter: Option<&str>, start: usize) -> Answer {
        let schemas = if kind == "Users" { Schemas::user() } else { Schemas::group() };
        let parsed = filter.map(|f| Filter::parse(f).expect("a filter"));
        let fits = |r: &Value| match (&parsed, quirks.filters) {
            (None, _) | (_, Filters::Ignored) => true,
            (Some(_), Filters::CaseExact) => {
                filter.is_some_and(|f| r["userName"].as_str().is_some_and(|n| f.ends_with(&format!("\"{n}\""))))
            }
            (Some(filter), _) => matches(filter, r, schemas),
        };
        if parsed.is_some() && quirks.filters == Filters::Refused {
            return error(501, "filtering is not supported");
        }
        let all: Vec<Value> = (0..self.of(kind).len())
            .filter(|at| fits(&self.of(kind)[*at]))
            .map(|at| self.show(quirks, at, kind))
            .collect();
        let page: Vec<Value> = all.iter().skip(start.max(1) - 1).take(50).cloned().collect();
        (
            200,
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": all.len(),
            "startIndex": start, "itemsPerPage": page.len(), "Resources": page}),
        )
    }

    /// What the app does to every resource that was written.
    fn refuse_or_bend(quirks: &Quirks, resource: &mut Value) -> Option<Answer> {
        for path in &quirks.refuses {
            if at(resource, path).is_some() {
                let words =
                    if quirks.wordless { "invalid request".to_owned() } else { format!("{path} is not allowed") };
                return Some(error(400, &words));
            }
        }
        for path in &quirks.drops {
            let path = AttrPath::parse(path).expect("a path");
            let holder = match path.extension() {
                Some(urn) => resource.get_mut(urn),
                None => Some(&mut *resource),
            };
            if let Some(holder) = holder.and_then(Value::as_object_mut) {
                holder.remove(&path.attr);
            }
        }
        if let Some((path, rewrite)) = quirks.rewrites
            && let Some(Value::String(text)) = at(resource, path)
        {
            resource::set(resource, &AttrPath::parse(path).expect("a path"), json!(rewrite(&text)));
        }
        None
    }

    fn create(&mut self, quirks: &Quirks, kind: &str, mut body: Value) -> Answer {
        let poisoned = quirks.poison.as_deref().is_some_and(|p| body["userName"] == p);
        if poisoned || (kind == "Users" && quirks.seats.is_some_and(|n| self.users.len() >= n)) {
            return error(500, if poisoned { "Internal error" } else { "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED" });
        }
        if kind == "Users" && quirks.same_for_all && !self.users.is_empty() {
            return (201, self.show(quirks, 0, kind));
        }
        if let Some(path) = quirks.requires.filter(|p| kind == "Users" && at(&body, p).is_none()) {
            return error(422, &format!("{path}: Field required"));
        }
        if kind == "Groups" && quirks.needs_member && body["members"].as_array().is_none_or(Vec::is_empty) {
            return error(400, "members is required");
        }
        let name = if kind == "Users" { "userName" } else { "displayName" };
        if self.of(kind).iter().any(|r| same(&r[name], &body[name], false)) {
            return error(409, "already there");
        }
        if let Some(answer) = Self::refuse_or_bend(quirks, &mut body) {
            return answer;
        }
        self.next += 1;
        body["id"] = if quirks.id_is_name && kind == "Users" {
            body["userName"].clone()
        } else {
            json!(format!("r{}", self.next))
        };
        self.of_mut(kind).push(body);
        (201, self.show(quirks, self.of(kind).len() - 1, kind))
    }

    fn patch(&mut self, quirks: &Quirks, kind: &str, id: &str, body: Value) -> Answer {
        if let Some(status) = quirks.no_patch {
            return error(status, "");
        }
        let Some(place) = self.find(kind, id) else { return error(404, "no such resource") };
        let schemas = if kind == "Users" { Schemas::user() } else { Schemas::group() };
        let request = PatchRequest::parse(body).expect("a PATCH");
        let mut changed = self.of(kind)[place].clone();
        for op in &request.operations {
            let path = op.path.as_deref().map(|p| AttrPath::parse(p).expect("a path"));
            if let Some(path) = path.filter(|p| p.filter.is_some()) {
                if path.attr == "members" && quirks.removes_by_list {
                    return error(501, "");
                }
                let element = AttrPath { sub: None, ..path };
                if quirks.no_target && resource::get(&changed, &element).is_none() {
                    return error(400, "noTarget");
                }
            }
        }
        if quirks.members_by_name {
            // Removing by what is shown works, by the id it has no effect.
            for op in &request.operations {
                let value = op.path.as_deref().and_then(|p| p.split('"').nth(1));
                if let Some(user) = value.and_then(|v| self.users.iter().find(|u| u["userName"] == v)) {
                    let id = user["id"].clone();
                    changed["members"].as_array_mut().expect("members").retain(|m| m["value"] != id);
                }
                if op.path.as_deref().is_some_and(|p| p.starts_with("members[")) {
                    self.groups[place] = changed;
                    return (204, Value::Null);
                }
            }
        }
        if let Err(refusal) = apply(&mut changed, &request, schemas) {
            return error(400, &refusal.detail);
        }
        if let Some(answer) = Self::refuse_or_bend(quirks, &mut changed) {
            return answer;
        }
        if quirks.id_is_name && kind == "Users" {
            changed["id"] = changed["userName"].clone();
        }
        self.of_mut(kind)[place] = changed;
        (204, Value::Null)
    }
}
