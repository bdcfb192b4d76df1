//! `/groups`, `/directory/deletedItems` and `/directoryObjects`.

use super::answer::{Answer, GraphError};
use super::delta::delta;
use super::list::Listing;
use super::users::{created, known, members};
use super::{Call, Desk, shape};
use crate::sandbox::directory::Kind;
use axum::http::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

fn id_of(key: &str) -> Result<Uuid, GraphError> {
    Uuid::try_parse(key).map_err(|_| GraphError::bad(format!("Invalid object identifier '{key}'.")))
}

pub(super) fn route(desk: &mut Desk<'_>, call: &Call, rest: &[&str]) -> Result<Answer, GraphError> {
    match (call.method.clone(), rest) {
        (Method::GET, []) => {
            let listing = Listing::read(call, Kind::Group)?;
            let groups = desk.directory.groups.iter().map(|(id, entry)| (*id, entry));
            listing.page(desk, call, "groups", groups, |id, entry| {
                Value::Object(shape::object(Kind::Group, id, entry, listing.select.as_deref()))
            })
        }
        (Method::POST, []) => create(desk, call),
        (Method::GET, ["$count"]) => {
            let listing = Listing::read(call, Kind::Group)?;
            listing.count(call, desk.directory.groups.iter().map(|(id, entry)| (*id, entry)))
        }
        (Method::GET, ["delta"]) => delta(desk, call, Kind::Group),
        (_, [] | ["$count" | "delta"]) => Err(GraphError::method()),
        (method, [key, rest @ ..]) => {
            let id = id_of(key)?;
            if !desk.directory.groups.contains_key(&id) {
                return Err(GraphError::not_found(key));
            }
            one(desk, call, &method, id, rest)
        }
    }
}

fn create(desk: &mut Desk<'_>, call: &Call) -> Result<Answer, GraphError> {
    let mut body = call.object()?;
    let bound = body.shift_remove("members@odata.bind");
    body.shift_remove("owners@odata.bind");
    let ids: Vec<Uuid> = bind(bound.as_ref())?;
    if let Some(missing) = ids.iter().find(|id| desk.directory.kind_of(**id).is_none()) {
        return Err(GraphError::not_found(&missing.to_string()));
    }
    let id = desk.directory.create(Kind::Group, known(body, Kind::Group)?)?;
    for member in ids {
        desk.directory.add_member(id, member)?;
    }
    created(desk, Kind::Group, id)
}

/// The ids in a list of `…@odata.bind` URLs.
fn bind(value: Option<&Value>) -> Result<Vec<Uuid>, GraphError> {
    let urls = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    urls.iter().map(|url| id_of(&super::segments(url.as_str().unwrap_or_default()).pop().unwrap_or_default())).collect()
}

/// The members of a rule-based group follow the rule.
fn writable(desk: &Desk<'_>, id: Uuid) -> Result<(), GraphError> {
    let types = desk.directory.groups.get(&id).and_then(|entry| entry.properties.get("groupTypes"));
    let dynamic = types.and_then(Value::as_array).is_some_and(|types| types.iter().any(|t| t == "DynamicMembership"));
    if dynamic {
        return Err(GraphError::bad("Insufficient privileges to update members of a dynamic membership group."));
    }
    Ok(())
}

fn one(desk: &mut Desk<'_>, call: &Call, method: &Method, id: Uuid, rest: &[&str]) -> Result<Answer, GraphError> {
    match (method.clone(), rest) {
        (Method::GET, []) => {
            let entry = desk.directory.groups.get(&id).ok_or_else(|| GraphError::not_found(&id.to_string()))?;
            let select = shape::selection(Kind::Group, call.query.select())?;
            let mut map = Map::new();
            let context = shape::context("groups", select.as_deref());
            map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}/$entity", desk.origin)));
            map.extend(shape::object(Kind::Group, id, entry, select.as_deref()));
            Ok(Answer::json(Value::Object(map)))
        }
        (Method::PATCH, []) => {
            let mut body = call.object()?;
            // Up to twenty members at once may ride on a PATCH.
            let added = bind(body.shift_remove("members@odata.bind").as_ref())?;
            if !added.is_empty() {
                writable(desk, id)?;
            }
            desk.directory.update(Kind::Group, id, known(body, Kind::Group)?)?;
            for member in added {
                desk.directory.add_member(id, member)?;
            }
            Ok(Answer::nothing())
        }
        (Method::DELETE, []) => {
            desk.directory.delete(Kind::Group, id)?;
            Ok(Answer::nothing())
        }
        (Method::GET, ["members", cast @ ..]) => {
            let ids = desk.directory.groups.get(&id).map(|g| g.members.keys().copied().collect());
            members(desk, call, ids.unwrap_or_default(), cast.first().copied())
        }
        (Method::GET, ["transitiveMembers", cast @ ..]) => {
            let ids = desk.directory.transitive_members(id).into_keys().collect();
            members(desk, call, ids, cast.first().copied())
        }
        (Method::GET, [word @ ("memberOf" | "transitiveMemberOf"), cast @ ..]) => {
            let mut ids = match *word {
                "memberOf" => desk.directory.member_of(id),
                _ => desk.directory.transitive_member_of(id),
            };
            ids.sort();
            members(desk, call, ids, cast.first().copied())
        }
        (Method::POST, ["members", "$ref"]) => {
            writable(desk, id)?;
            let member = call.reference()?;
            desk.directory.add_member(id, member)?;
            Ok(Answer::nothing())
        }
        (Method::DELETE, ["members", member, "$ref"]) => {
            writable(desk, id)?;
            desk.directory.remove_member(id, id_of(member)?)?;
            Ok(Answer::nothing())
        }
        (_, [] | ["members" | "transitiveMembers" | "memberOf" | "transitiveMemberOf", ..]) => {
            Err(GraphError::method())
        }
        (_, [first, ..]) => Err(GraphError::no_segment(first)),
    }
}

/// `/directory/deletedItems`.
pub(super) fn deleted(desk: &mut Desk<'_>, call: &Call, rest: &[&str]) -> Result<Answer, GraphError> {
    match (call.method.clone(), rest) {
        (
            Method::GET,
            [cast @ ("user" | "group" | "application" | "servicePrincipal" | "administrativeUnit"), more @ ..],
        ) => {
            let kind = match *cast {
                "user" => Some(Kind::User),
                "group" => Some(Kind::Group),
                _ => None,
            };
            let listing = Listing::read(call, kind.unwrap_or(Kind::User))?;
            let items = desk.directory.deleted.iter().filter(|(_, item)| Some(item.kind) == kind);
            let items = items.map(|(id, item)| (*id, &item.entry));
            if more == ["$count"] {
                return listing.count(call, items);
            }
            let set = match *cast {
                "user" => "users",
                "group" => "groups",
                _ => "directoryObjects",
            };
            listing.page(desk, call, set, items, |id, entry| {
                let mut map = shape::object(kind.unwrap_or(Kind::User), id, entry, listing.select.as_deref());
                if listing.select.is_none() {
                    map.insert("deletedDateTime".into(), json!(entry.text("deletedDateTime")));
                }
                Value::Object(map)
            })
        }
        (Method::GET, [key]) => {
            let id = id_of(key)?;
            let item = desk.directory.deleted.get(&id).ok_or_else(|| GraphError::not_found(key))?;
            let mut body = shape::directory_object(item.kind, id, &item.entry, None);
            body["deletedDateTime"] = json!(item.entry.text("deletedDateTime"));
            Ok(Answer::json(body))
        }
        (Method::POST, [key, "restore"]) => {
            let id = id_of(key)?;
            let kind = desk.directory.restore(id)?;
            let entry = desk.directory.all(kind).get(&id).ok_or_else(|| GraphError::not_found(key))?;
            let mut map = Map::new();
            let context = format!("{}/v1.0/$metadata#directoryObjects/$entity", desk.origin);
            map.insert("@odata.context".into(), json!(context));
            if let Value::Object(object) = shape::directory_object(kind, id, entry, None) {
                map.extend(object);
            }
            Ok(Answer::json(Value::Object(map)))
        }
        (Method::DELETE, [key]) => {
            desk.directory.purge(id_of(key)?)?;
            Ok(Answer::nothing())
        }
        (Method::GET, []) => Err(GraphError::bad("A cast to a type is required for deletedItems.")),
        _ => Err(GraphError::method()),
    }
}

/// `/directoryObjects/{id}`.
pub(super) fn directory_object(desk: &Desk<'_>, call: &Call, key: &str) -> Result<Answer, GraphError> {
    if call.method != Method::GET {
        return Err(GraphError::method());
    }
    let id = id_of(key)?;
    let (kind, entry) = desk.directory.find(id).ok_or_else(|| GraphError::not_found(key))?;
    let select = shape::selection(kind, call.query.select())?;
    let mut map = Map::new();
    map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#directoryObjects/$entity", desk.origin)));
    if let Value::Object(object) = shape::directory_object(kind, id, entry, select.as_deref()) {
        map.extend(object);
    }
    Ok(Answer::json(Value::Object(map)))
}
