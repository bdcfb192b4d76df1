//! Delta queries of users and groups.
//!
//! A token holds everything: the kind, the selection, where the round started and how far it went. So the server
//! keeps no sessions, and a token is as good after a restart with the same state.

use super::answer::{Answer, GraphError};
use super::filter::{self, Filter, Operator};
use super::query::{open, seal};
use super::{Call, Desk, shape};
use crate::sandbox::directory::{Entry, Kind};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::ops::Bound;
use uuid::Uuid;

/// Users on a page; groups and members together on a page.
const PAGE: usize = 200;
/// Ids that `$filter` takes at most.
const MOST_IDS: usize = 50;

/// How far a round has come, or where the next one starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Mark {
    kind: Kind,
    epoch: u64,
    select: Option<Vec<String>>,
    ids: Option<Vec<Uuid>>,
    /// Changes after this version; `None` in an initial round.
    since: Option<u64>,
    /// The version at which the round began: where the next one starts.
    until: u64,
    /// This token continues a round.
    paging: bool,
    /// Initial round: the last object shown. Later ones: unused.
    after: Option<Uuid>,
    /// Later rounds: how many changed objects were shown.
    done: usize,
    /// The last member shown of the object that comes next, when it did not fit.
    member: Option<Uuid>,
}

/// How an expired token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// 410 `resyncRequired` with the URL to start again from.
    Resync,
    /// 400 `syncStateNotFound`.
    SyncState,
}

/// The error for an expired token.
pub fn gone(how: Gone, origin: &str, collection: &str) -> GraphError {
    match how {
        Gone::Resync => GraphError::new(
            StatusCode::GONE,
            "resyncRequired",
            "The delta token is no longer valid, and the app must reset the sync state.",
        )
        .with("location", format!("{origin}/v1.0/{collection}/delta?$deltatoken=")),
        Gone::SyncState => GraphError::new(
            StatusCode::BAD_REQUEST,
            "syncStateNotFound",
            "The sync state generation is not found. The delta token is expired and data must be synchronized again.",
        ),
    }
}

fn ids_of(filter: &Filter, out: &mut Vec<Uuid>) -> Result<(), GraphError> {
    match filter {
        Filter::Or(a, b) => {
            ids_of(a, out)?;
            ids_of(b, out)
        }
        Filter::Compare(path, Operator::Eq, Value::String(text)) if path == "id" => {
            out.push(
                Uuid::try_parse(text).map_err(|_| GraphError::bad(format!("Invalid object identifier '{text}'.")))?,
            );
            Ok(())
        }
        _ => Err(GraphError::unsupported("Only 'id eq' clauses, joined with 'or', are supported in a delta query.")),
    }
}

fn start(desk: &Desk<'_>, call: &Call, kind: Kind) -> Result<Mark, GraphError> {
    let query = &call.query;
    for option in ["top", "orderby", "search", "skip", "count"] {
        if query.get(option).is_some() {
            return Err(GraphError::unsupported(format!("'${option}' is not supported in a delta query.")));
        }
    }
    let mut select = shape::selection(kind, query.select())?;
    match query.get("expand") {
        None => {}
        // An older page of the documentation asks for members this way.
        Some(text) if kind == Kind::Group && text.starts_with("members") => {
            if let Some(names) = &mut select {
                names.push("members".into());
            }
        }
        Some(_) => return Err(GraphError::unsupported("'$expand' is not supported in a delta query.")),
    }
    let ids = match query.get("filter") {
        None => None,
        Some(text) => {
            let mut ids = Vec::new();
            ids_of(&filter::parse(text)?, &mut ids)?;
            if ids.len() > MOST_IDS {
                return Err(GraphError::bad(format!("A delta query takes at most {MOST_IDS} ids.")));
            }
            Some(ids)
        }
    };
    let until = desk.directory.version;
    Ok(Mark {
        kind,
        epoch: desk.directory.epoch,
        select,
        ids,
        since: None,
        until,
        paging: false,
        after: None,
        done: 0,
        member: None,
    })
}

/// `users/delta` and `groups/delta`.
pub fn delta(desk: &Desk<'_>, call: &Call, kind: Kind) -> Result<Answer, GraphError> {
    let collection = if kind == Kind::User { "users" } else { "groups" };
    let sent = call.query.get("deltatoken").or(call.query.get("skiptoken")).filter(|token| !token.is_empty());
    let first = sent.is_none();
    let mark = match sent {
        None => start(desk, call, kind)?,
        Some("latest") => {
            let mark = start(desk, call, kind)?;
            return finish(desk, collection, "", &[], mark);
        }
        Some(token) => {
            let bad = || GraphError::bad("Badly formed token.");
            let mut mark: Mark = open(desk.key, token).ok_or_else(bad)?;
            if mark.kind != kind {
                return Err(bad());
            }
            if mark.epoch != desk.directory.epoch || mark.until > desk.directory.version {
                return Err(gone(Gone::SyncState, desk.origin, collection));
            }
            if mark.until < desk.expired_below.0 {
                return Err(gone(desk.expired_below.1, desk.origin, collection));
            }
            if !mark.paging {
                mark = Mark { since: Some(mark.until), until: desk.directory.version, ..mark };
            }
            mark
        }
    };
    let context = if first { shape::context("", mark.select.as_deref()) } else { String::new() };
    let mut round = Round { desk, minimal: call.query.minimal, room: PAGE, value: Vec::new(), mark };
    let finished = if round.mark.since.is_none() { round.initial() } else { round.changed(collection)? };
    let Round { value, mut mark, .. } = round;
    if finished {
        return finish(desk, collection, &context, &value, mark);
    }
    mark.paging = true;
    let link = format!("{}/v1.0/{collection}/delta?$skiptoken={}", desk.origin, seal(desk.key, &mark)?);
    Ok(Answer::json(json!({
        "@odata.context": format!("{}/v1.0/$metadata#{collection}{context}", desk.origin),
        "@odata.nextLink": link, "value": value,
    })))
}

fn finish(desk: &Desk<'_>, collection: &str, context: &str, value: &[Value], mark: Mark) -> Result<Answer, GraphError> {
    let mark = Mark { paging: false, since: None, after: None, done: 0, member: None, ..mark };
    let link = format!("{}/v1.0/{collection}/delta?$deltatoken={}", desk.origin, seal(desk.key, &mark)?);
    Ok(Answer::json(json!({
        "@odata.context": format!("{}/v1.0/$metadata#{collection}{context}", desk.origin),
        "@odata.deltaLink": link, "value": value,
    })))
}

/// One page in the making.
struct Round<'a> {
    desk: &'a Desk<'a>,
    minimal: bool,
    room: usize,
    value: Vec<Value>,
    mark: Mark,
}

impl Round<'_> {
    fn wants(&self, id: Uuid) -> bool {
        self.mark.ids.as_ref().is_none_or(|ids| ids.contains(&id))
    }

    fn selects(&self, name: &str) -> bool {
        self.mark.select.as_ref().is_some_and(|names| names.iter().any(|n| n == name))
    }

    /// Members are part of a group unless a selection leaves them out.
    fn with_members(&self) -> bool {
        self.mark.kind == Kind::Group && (self.mark.select.is_none() || self.selects("members"))
    }

    /// Properties of an object: absent when never set, `null` when cleared.
    fn properties(&self, id: Uuid, entry: &Entry, only_since: Option<u64>) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert("id".into(), json!(id));
        let chosen: Vec<&str> = match &self.mark.select {
            Some(names) => names.iter().map(String::as_str).collect(),
            None => shape::defaults(self.mark.kind).to_vec(),
        };
        for name in chosen {
            let fresh = only_since.is_none_or(|since| entry.changed.get(name).is_some_and(|v| *v > since));
            if let (true, Some(value)) = (fresh, entry.properties.get(name)) {
                map.insert(name.to_owned(), value.clone());
            }
        }
        map
    }

    fn removed(&mut self, id: Uuid, reason: &str) {
        self.value.push(json!({ "id": id, "@removed": { "reason": reason } }));
        self.room = self.room.saturating_sub(1);
    }

    fn initial(&mut self) -> bool {
        let from = self.mark.after.map_or(Bound::Unbounded, Bound::Excluded);
        let desk = self.desk;
        let objects = desk.directory.all(self.mark.kind).range((from, Bound::Unbounded));
        for (id, entry) in objects {
            if !self.wants(*id) {
                continue;
            }
            if self.room == 0 {
                return false;
            }
            if !self.object(*id, entry, None) {
                return false;
            }
            self.mark.after = Some(*id);
        }
        true
    }

    fn changed(&mut self, collection: &str) -> Result<bool, GraphError> {
        let since = self.mark.since.unwrap_or_default();
        let desk = self.desk;
        let directory = &*desk.directory;
        let expired = || gone(Gone::Resync, desk.origin, collection);
        let ids = directory.changes(self.mark.kind, since, self.mark.until).ok_or_else(expired)?;
        for id in ids.into_iter().skip(self.mark.done) {
            if self.wants(id) {
                if self.room == 0 {
                    return Ok(false);
                }
                if let Some(entry) = directory.all(self.mark.kind).get(&id) {
                    if !self.object(id, entry, Some(since)) {
                        return Ok(false);
                    }
                } else if directory.deleted.contains_key(&id) {
                    self.removed(id, "changed");
                } else {
                    self.removed(id, "deleted");
                }
            }
            self.mark.done += 1;
            self.mark.member = None;
        }
        Ok(true)
    }

    /// Shows one object, or as many of its members as fit. `false`: it goes on, on the next page.
    fn object(&mut self, id: Uuid, entry: &Entry, since: Option<u64>) -> bool {
        // Something that came after the last round is news as a whole.
        let news = since.filter(|since| entry.appeared <= *since);
        let selected = |name: &str| self.mark.select.as_ref().is_none_or(|names| names.iter().any(|n| n == name));
        let touched = news.is_none_or(|since| entry.changed.iter().any(|(name, v)| *v > since && selected(name)));
        let only = if self.minimal { news } else { None };
        let mut map = self.properties(id, entry, only);
        let mut links = Vec::new();
        if self.mark.kind == Kind::User && self.selects("manager") {
            links = managers(self.desk, entry, since, news);
            if !links.is_empty() {
                map.insert("manager@delta".into(), json!(links));
            }
        }
        if !self.with_members() {
            if touched || !links.is_empty() {
                self.value.push(Value::Object(map));
                self.room = self.room.saturating_sub(1);
            }
            return true;
        }
        let from = self.mark.member.map_or(Bound::Unbounded, Bound::Excluded);
        let range = (from, Bound::<Uuid>::Unbounded);
        let mut changes: Vec<(Uuid, Kind, bool)> = Vec::new();
        let joined = entry.members.range(range).filter(|(_, m)| news.is_none_or(|since| m.since > since));
        changes.extend(joined.map(|(id, m)| (*id, m.kind, true)));
        if let Some(since) = since {
            let left = entry.left.range(range).filter(|(_, m)| m.since > since);
            changes.extend(left.map(|(id, m)| (*id, m.kind, false)));
            changes.sort_by_key(|change| change.0);
        }
        if !touched && changes.is_empty() && self.mark.member.is_none() {
            return true;
        }
        let whole = changes.len() < self.room;
        changes.truncate(self.room.saturating_sub(1).max(1));
        self.room = self.room.saturating_sub(1 + changes.len());
        if !changes.is_empty() {
            let list: Vec<Value> = changes.iter().map(|(id, kind, here)| link(*id, *kind, *here)).collect();
            map.insert("members@delta".into(), json!(list));
        }
        self.value.push(Value::Object(map));
        self.mark.member = if whole { None } else { changes.last().map(|change| change.0) };
        whole
    }
}

fn link(id: Uuid, kind: Kind, here: bool) -> Value {
    if here {
        json!({ "@odata.type": kind.odata_type(), "id": id })
    } else {
        json!({ "@odata.type": kind.odata_type(), "id": id, "@removed": { "reason": "deleted" } })
    }
}

fn managers(desk: &Desk<'_>, entry: &Entry, since: Option<u64>, news: Option<u64>) -> Vec<Value> {
    let fresh = news.is_none_or(|since| entry.changed.get("manager").is_some_and(|v| *v > since));
    let mut out = Vec::new();
    if let Some(since) = since {
        let left = entry.managers_left.iter().filter(|(_, v)| **v > since);
        out.extend(left.map(|(id, _)| link(*id, Kind::User, false)));
    }
    if let Some(id) = entry.manager.filter(|id| fresh && desk.directory.users.contains_key(id)) {
        out.push(link(id, Kind::User, true));
    }
    out
}
