//! `/servicePrincipals` with its assignments, and `/organization`.

use super::answer::{Answer, GraphError};
use super::filter;
use super::query::{open, seal};
use super::{Call, Desk, list, shape};
use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The place in a list of assignments.
#[derive(Serialize, Deserialize)]
struct Place {
    grants_after: Uuid,
    epoch: u64,
}

fn narrowed(map: &Map<String, Value>, select: Option<&[String]>) -> Map<String, Value> {
    match select {
        None => map.clone(),
        Some(names) => names.iter().filter_map(|n| map.get(n).map(|value| (n.clone(), value.clone()))).collect(),
    }
}

pub(super) fn route(desk: &mut Desk<'_>, call: &Call, rest: &[&str]) -> Result<Answer, GraphError> {
    let all = shape::service_principals(desk.directory);
    let select = call.query.select();
    let [key, rest @ ..] = rest else {
        if call.method != Method::GET {
            return Err(GraphError::method());
        }
        let filter = call.query.get("filter").map(filter::parse).transpose()?;
        if call.query.get("orderby").is_some() && !call.query.advanced() {
            return Err(GraphError::unsupported("Sorting not supported for current query."));
        }
        let top = call.query.top()?;
        let fits = |map: &&Map<String, Value>| filter.as_ref().is_none_or(|filter| filter.fits(map));
        let found: Vec<Value> =
            all.iter().filter(fits).take(top).map(|map| Value::Object(narrowed(map, select.as_deref()))).collect();
        let context = shape::context("servicePrincipals", select.as_deref());
        return Ok(Answer::json(json!({
            "@odata.context": format!("{}/v1.0/$metadata#{context}", desk.origin), "value": found,
        })));
    };
    // Either the object id, or `(appId='…')`.
    let by_app = key.strip_prefix("appId=").map(|key| key.trim_matches('\''));
    let (member, wanted) = by_app.map_or(("id", *key), |app| ("appId", app));
    let same = |map: &&Map<String, Value>| {
        map.get(member).and_then(Value::as_str).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    let found = all.iter().find(same).ok_or_else(|| GraphError::not_found(wanted))?;
    let flock = found.get("id").and_then(Value::as_str) == Some(&desk.directory.identity.flock.to_string());
    match (call.method.clone(), rest) {
        (Method::GET, []) => {
            let mut map = Map::new();
            let context = shape::context("servicePrincipals", select.as_deref());
            map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}/$entity", desk.origin)));
            map.extend(narrowed(found, select.as_deref()));
            Ok(Answer::json(Value::Object(map)))
        }
        (Method::GET, ["appRoleAssignedTo"]) => assigned(desk, call, flock),
        (Method::POST, ["appRoleAssignedTo"]) if flock => assign(desk, call),
        (Method::POST, ["appRoleAssignedTo"]) => Err(GraphError::bad("Not a valid reference update.")),
        (Method::GET, ["appRoleAssignedTo", id]) if flock => {
            let key = shape::grant_key(id).ok_or_else(|| GraphError::not_found(id))?;
            let grant = desk.directory.grants.get(&key).ok_or_else(|| GraphError::not_found(id))?;
            Ok(Answer::json(shape::grant(desk.directory, key, grant)))
        }
        (Method::DELETE, ["appRoleAssignedTo", id]) if flock => {
            let key = shape::grant_key(id).ok_or_else(|| GraphError::not_found(id))?;
            desk.directory.unassign(key)?;
            Ok(Answer::nothing())
        }
        (Method::GET, ["appRoleAssignments" | "memberOf" | "transitiveMemberOf" | "owners"]) => {
            Ok(Answer::json(json!({
                "@odata.context": format!("{}/v1.0/$metadata#directoryObjects", desk.origin), "value": [],
            })))
        }
        (_, [] | ["appRoleAssignedTo", ..]) => Err(GraphError::method()),
        (_, [first, ..]) => Err(GraphError::no_segment(first)),
    }
}

fn assigned(desk: &Desk<'_>, call: &Call, flock: bool) -> Result<Answer, GraphError> {
    let top = call.query.top()?;
    let filter = call.query.get("filter").map(filter::parse).transpose()?;
    let after = match call.query.get("skiptoken") {
        None => None,
        Some(token) => {
            let place: Place = open(desk.key, token).ok_or_else(list::expired_page)?;
            if place.epoch != desk.directory.epoch {
                return Err(list::expired_page());
            }
            Some(place.grants_after)
        }
    };
    let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
    let grants = desk.directory.grants.range((from, std::ops::Bound::<Uuid>::Unbounded));
    let mut shown =
        grants.take_while(|_| flock).map(|(key, grant)| (*key, shape::grant(desk.directory, *key, grant))).filter(
            |(_, value)| filter.as_ref().is_none_or(|filter| value.as_object().is_some_and(|map| filter.fits(map))),
        );
    let page: Vec<(Uuid, Value)> = shown.by_ref().take(top).collect();
    let more = shown.next().is_some();
    let id = desk.directory.identity.flock;
    let set = format!("servicePrincipals('{id}')/appRoleAssignedTo");
    let select = call.query.select();
    let mut body = Map::new();
    let context = shape::context(&set, select.as_deref());
    body.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}", desk.origin)));
    if let (true, Some((key, _))) = (more, page.last()) {
        let token = seal(desk.key, &Place { grants_after: *key, epoch: desk.directory.epoch })?;
        let link = format!("{}/v1.0{}?{}", desk.origin, call.path, call.query.link(&token));
        body.insert("@odata.nextLink".into(), json!(link));
    }
    let narrow = |value: Value| match value {
        Value::Object(map) => Value::Object(narrowed(&map, select.as_deref())),
        other => other,
    };
    body.insert("value".into(), json!(page.into_iter().map(|(_, value)| narrow(value)).collect::<Vec<_>>()));
    Ok(Answer::json(Value::Object(body)))
}

fn assign(desk: &mut Desk<'_>, call: &Call) -> Result<Answer, GraphError> {
    let body = call.object()?;
    let guid = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).unwrap_or_default();
        Uuid::try_parse(text).map_err(|_| {
            GraphError::bad(format!("Invalid value specified for property '{name}' of resource 'AppRoleAssignment'."))
        })
    };
    let (principal, resource, role) = (guid("principalId")?, guid("resourceId")?, guid("appRoleId")?);
    if resource != desk.directory.identity.flock {
        return Err(GraphError::bad("Not a valid reference update."));
    }
    let key = desk.directory.assign(principal, role)?;
    let grant = desk.directory.grants.get(&key).ok_or_else(|| GraphError::not_found(&key.to_string()))?;
    let mut map = Map::new();
    let context = format!("{}/v1.0/$metadata#servicePrincipals('{resource}')/appRoleAssignedTo/$entity", desk.origin);
    map.insert("@odata.context".into(), json!(context));
    if let Value::Object(object) = shape::grant(desk.directory, key, grant) {
        map.extend(object);
    }
    let location = format!("{}/v1.0{}/{}", desk.origin, call.path, shape::grant_id(key, grant));
    Ok(Answer::created(Value::Object(map), location))
}

/// `/organization`: the tenant.
pub(super) fn organization(desk: &Desk<'_>, call: &Call, rest: &[&str]) -> Result<Answer, GraphError> {
    use crate::sandbox::directory::{DOMAIN, INITIAL_DOMAIN};
    if call.method != Method::GET {
        return Err(GraphError::method());
    }
    let identity = &desk.directory.identity;
    let domain = |name: &str, default: bool| {
        json!({
            "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": default, "isInitial": !default,
            "name": name, "type": "Managed",
        })
    };
    let whole = json!({
        "id": identity.tenant_id, "deletedDateTime": null, "businessPhones": ["+44 113 496 0000"], "city": "Leeds",
        "country": "United Kingdom", "countryLetterCode": "GB", "createdDateTime": "2019-04-02T10:00:00Z",
        "displayName": identity.tenant_name, "onPremisesLastSyncDateTime": null, "onPremisesSyncEnabled": null,
        "preferredLanguage": "en", "technicalNotificationMails": [format!("it@{DOMAIN}")], "tenantType": "AAD",
        "assignedPlans": [], "provisionedPlans": [], "securityComplianceNotificationMails": [],
        "verifiedDomains": [domain(INITIAL_DOMAIN, false), domain(DOMAIN, true)],
    });
    let select = call.query.select();
    let shown = whole.as_object().map(|map| narrowed(map, select.as_deref())).unwrap_or_default();
    let context = shape::context("organization", select.as_deref());
    match rest {
        [] => Ok(Answer::json(json!({
            "@odata.context": format!("{}/v1.0/$metadata#{context}", desk.origin), "value": [shown],
        }))),
        [key] if key.eq_ignore_ascii_case(&identity.tenant_id.to_string()) => {
            let mut map = Map::new();
            map.insert("@odata.context".into(), json!(format!("{}/v1.0/$metadata#{context}/$entity", desk.origin)));
            map.extend(shown);
            Ok(Answer::json(Value::Object(map)))
        }
        [key, ..] => Err(GraphError::not_found(key)),
    }
}
