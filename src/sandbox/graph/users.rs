//! `/users`.

use super::answer::{Answer, GraphError};
use super::delta::delta;
use super::list::{Listing, expand_manager, put_manager};
use super::{Call, Desk, shape};
use crate::sandbox::directory::Kind;
use axum::http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub(super) fn route(desk: &mut Desk<'_>, call: &Call, rest: &[&str]) -> Result<Answer, GraphError> {
    match (call.method.clone(), rest) {
        (Method::GET, []) => list(desk, call),
        (Method::POST, []) => create(desk, call),
        (Method::GET, ["$count"]) => {
            let listing = Listing::read(call, Kind::User)?;
            listing.count(call, desk.directory.users.iter().map(|(id, entry)| (*id, entry)))
        }
        (Method::GET, ["delta"]) => delta(desk, call, Kind::User),
        (_, [] | ["$count" | "delta"]) => Err(GraphError::method()),
        (method, [key, rest @ ..]) => {
            let id = desk.directory.user_key(key).ok_or_else(|| GraphError::not_found(key))?;
            one(desk, call, &method, id, rest)
        }
    }
}

fn list(desk: &Desk<'_>, call: &Call) -> Result<Answer, GraphError> {
    let listing = Listing::read(call, Kind::User)?;
    let manager = expand_manager(call)?;
    let users = desk.directory.users.iter().map(|(id, entry)| (*id, entry));
    listing.page(desk, call, "users", users, |id, entry| {
        let mut map = shape::object(Kind::User, id, entry, listing.select.as_deref());
        if let Some(select) = &manager {
            put_manager(desk.directory, entry, select.as_deref(), &mut map);
        }
        Value::Object(map)
    })
}

fn create(desk: &mut Desk<'_>, call: &Call) -> Result<Answer, GraphError> {
    let mut body = call.object()?;
    let manager = body.shift_remove("manager@odata.bind");
    let id = desk.directory.create(Kind::User, known(body, Kind::User)?)?;
    if let Some(text) = manager.as_ref().and_then(Value::as_str) {
        let last = super::segments(text).pop().unwrap_or_default();
        let manager = Uuid::try_parse(&last).map_err(|_| GraphError::bad("Invalid URL in manager@odata.bind."))?;
        desk.directory.set_manager(id, Some(manager))?;
    }
    created(desk, Kind::User, id)
}

/// Refuses properties that Graph does not know, and takes annotations off.
pub(super) fn known(body: Map<String, Value>, kind: Kind) -> Result<Map<String, Value>, GraphError> {
    let mut out = Map::new();
    for (name, value) in body {
        if name.starts_with('@') || name.contains("@odata.") {
            continue;
        }
        let spelled = match shape::declared(kind, &name) {
            Some(known) => known.to_owned(),
            None if name == "passwordProfile" || name.starts_with("extension_") => name,
            None => {
                return Err(GraphError::bad(format!(
                    "Property '{name}' does not exist as a declared property or extension property."
                )));
            }
        };
        out.insert(spelled, value);
    }
    Ok(out)
}

/// 201 with the new object.
pub(super) fn created(desk: &Desk<'_>, kind: Kind, id: Uuid) -> Result<Answer, GraphError> {
    let set = if kind == Kind::User { "users" } else { "groups" };
    let entry = desk.directory.all(kind).get(&id).ok_or_else(|| GraphError::not_found(&id.to_string()))?;
    let mut map = Map::new();
    map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{set}/$entity", desk.origin)));
    map.extend(shape::object(kind, id, entry, None));
    let location = format!("{}/v1.0/directoryObjects/{id}/Microsoft.DirectoryServices.{set}", desk.origin);
    Ok(Answer::created(Value::Object(map), location))
}

fn one(desk: &mut Desk<'_>, call: &Call, method: &Method, id: Uuid, rest: &[&str]) -> Result<Answer, GraphError> {
    match (method.clone(), rest) {
        (Method::GET, []) => read(desk, call, id),
        (Method::PATCH, []) => {
            let body = known(call.object()?, Kind::User)?;
            desk.directory.update(Kind::User, id, body)?;
            Ok(Answer::nothing())
        }
        (Method::DELETE, []) => {
            desk.directory.delete(Kind::User, id)?;
            Ok(Answer::nothing())
        }
        (Method::GET, ["manager"]) => manager(desk, call, id),
        (Method::PUT, ["manager", "$ref"]) => {
            let manager = call.reference()?;
            desk.directory.set_manager(id, Some(manager))?;
            Ok(Answer::nothing())
        }
        (Method::DELETE, ["manager", "$ref"]) => {
            desk.directory.set_manager(id, None)?;
            Ok(Answer::nothing())
        }
        (Method::GET, ["directReports"]) => {
            let reports = desk.directory.users.iter().filter(|(_, entry)| entry.manager == Some(id));
            members(desk, call, reports.map(|(id, _)| *id).collect(), None)
        }
        (Method::GET, [word @ ("memberOf" | "transitiveMemberOf"), cast @ ..]) => {
            let mut groups = if *word == "memberOf" {
                desk.directory.member_of(id)
            } else {
                desk.directory.transitive_member_of(id)
            };
            groups.sort();
            members(desk, call, groups, cast.first().copied())
        }
        (_, [] | ["manager" | "directReports" | "memberOf" | "transitiveMemberOf", ..]) => Err(GraphError::method()),
        (_, [first, ..]) => Err(GraphError::no_segment(first)),
    }
}

fn read(desk: &Desk<'_>, call: &Call, id: Uuid) -> Result<Answer, GraphError> {
    let entry = desk.directory.users.get(&id).ok_or_else(|| GraphError::not_found(&id.to_string()))?;
    let select = shape::selection(Kind::User, call.query.select())?;
    let mut map = Map::new();
    let context = shape::context("users", select.as_deref());
    map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}/$entity", desk.origin)));
    map.extend(shape::object(Kind::User, id, entry, select.as_deref()));
    if let Some(select) = expand_manager(call)? {
        put_manager(desk.directory, entry, select.as_deref(), &mut map);
    }
    Ok(Answer::json(Value::Object(map)))
}

fn manager(desk: &Desk<'_>, call: &Call, id: Uuid) -> Result<Answer, GraphError> {
    let manager = desk.directory.users.get(&id).and_then(|entry| entry.manager);
    let found = manager.and_then(|id| desk.directory.users.get(&id).map(|entry| (id, entry)));
    let (id, entry) = found.ok_or_else(|| GraphError::not_found("manager"))?;
    let select = shape::selection(Kind::User, call.query.select())?;
    let mut map = Map::new();
    let context = shape::context("directoryObjects", select.as_deref());
    map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}/$entity", desk.origin)));
    map.insert("@odata.type".into(), json!(Kind::User.odata_type()));
    map.extend(shape::object(Kind::User, id, entry, select.as_deref()));
    Ok(Answer::json(Value::Object(map)))
}

/// A list of directory objects of several kinds, or of one when there is a cast. The ids must be in order.
pub(super) fn members(desk: &Desk<'_>, call: &Call, ids: Vec<Uuid>, cast: Option<&str>) -> Result<Answer, GraphError> {
    if cast == Some("$count") {
        if !call.query.eventual {
            return Err(GraphError::bad("$count is not currently supported."));
        }
        return Ok(Answer::text(ids.len().to_string()));
    }
    let kind = match cast {
        None => None,
        Some("user") => Some(Kind::User),
        Some("group") => Some(Kind::Group),
        Some("device") => Some(Kind::Device),
        Some(other) => return Err(GraphError::no_segment(other)),
    };
    // Without a cast a property may belong to any of the kinds; each object shows those it has.
    let listing = Listing::read(call, kind.unwrap_or(Kind::User)).or_else(|error| match kind {
        None => Listing::read(call, Kind::Group),
        Some(_) => Err(error),
    })?;
    let set = match kind {
        Some(Kind::User) => "users",
        Some(Kind::Group) => "groups",
        Some(Kind::Device) => "devices",
        None => "directoryObjects",
    };
    let objects = ids.into_iter().filter_map(|id| desk.directory.find(id).map(|(k, entry)| (id, k, entry)));
    let chosen = objects.filter(|(_, k, _)| kind.is_none_or(|kind| kind == *k)).map(|(id, _, entry)| (id, entry));
    let select = listing.select.as_deref();
    listing.page(desk, call, set, chosen, |id, entry| {
        let found = desk.directory.kind_of(id).unwrap_or(Kind::User);
        match kind {
            Some(kind) => Value::Object(shape::object(kind, id, entry, select)),
            None => shape::directory_object(found, id, entry, select),
        }
    })
}
