//! Graph JSON into nouns. Members with `@` are annotations; unknown ones are ignored (graph 10.4).

use crate::model::{
    AppRole, Assignment, GroupChange, Member, MemberKind, Organization, Removed, ServicePrincipal, UserChange,
};
use serde_json::{Map, Value};

/// What is wrong with an entry.
pub(super) type Odd = &'static str;

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Value>,
    pub(super) next: Option<String>,
    pub(super) delta: Option<String>,
}

pub(super) fn page(body: Value) -> Result<Page, Odd> {
    let Value::Object(mut body) = body else { return Err("not an object") };
    let Some(Value::Array(items)) = body.remove("value") else { return Err("no list named value") };
    let mut link = |name: &str| match body.remove(name) {
        Some(Value::String(link)) if !link.is_empty() => Some(link),
        _ => None,
    };
    Ok(Page { items, next: link("@odata.nextLink"), delta: link("@odata.deltaLink") })
}

fn object(value: Value) -> Result<Map<String, Value>, Odd> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err("an entry is not an object"),
    }
}

fn id(object: &Map<String, Value>) -> Result<String, Odd> {
    text(object, "id").ok_or("an entry has no id")
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_owned)
}

fn removed(object: &Map<String, Value>) -> Option<Removed> {
    let reason = object.get("@removed")?.get("reason").and_then(Value::as_str);
    // An unknown reason is taken for the milder one.
    Some(if reason == Some("deleted") { Removed::Hard } else { Removed::Soft })
}

fn properties(object: Map<String, Value>, skip: &[&str]) -> Map<String, Value> {
    object
        .into_iter()
        .filter(|(name, _)| name != "id" && !name.contains('@') && !skip.contains(&name.as_str()))
        .collect()
}

/// The type of a directory object by its `@odata.type`.
fn kind(object: &Map<String, Value>) -> MemberKind {
    match object.get("@odata.type").and_then(Value::as_str).unwrap_or_default().trim_start_matches('#') {
        "microsoft.graph.user" => MemberKind::User,
        "microsoft.graph.group" => MemberKind::Group,
        _ => MemberKind::Other,
    }
}

/// An entry of `users/delta`, or a user that was read with `$expand=manager` (then `complete`: no manager means none).
pub(super) fn user(value: Value, complete: bool) -> Result<UserChange, Odd> {
    let object = object(value)?;
    let manager = match (object.get("manager@delta"), object.get("manager")) {
        (Some(Value::Array(list)), _) => {
            let mut now = None;
            for entry in list {
                let entry = entry.as_object().ok_or("a manager is not an object")?;
                let id = id(entry)?;
                // The end of the old relation and the start of the new one come in any order.
                if entry.contains_key("@removed") {
                    now = now.or(Some(None));
                } else {
                    now = Some(Some(id));
                }
            }
            now
        }
        (_, Some(Value::Object(manager))) => Some(Some(id(manager)?)),
        (_, Some(Value::Null)) => Some(None),
        _ => complete.then_some(None),
    };
    Ok(UserChange {
        id: id(&object)?,
        removed: removed(&object),
        manager,
        properties: properties(object, &["manager"]),
    })
}

/// An entry of `groups/delta`, or a group that was read alone.
pub(super) fn group(value: Value) -> Result<GroupChange, Odd> {
    let object = object(value)?;
    let (mut added, mut dropped) = (Vec::new(), Vec::new());
    for entry in object.get("members@delta").and_then(Value::as_array).into_iter().flatten() {
        let entry = entry.as_object().ok_or("a member is not an object")?;
        let id = id(entry)?;
        if entry.contains_key("@removed") {
            dropped.push(id);
        } else {
            added.push(Member { id, kind: kind(entry) });
        }
    }
    Ok(GroupChange {
        id: id(&object)?,
        removed: removed(&object),
        added,
        dropped,
        properties: properties(object, &["members"]),
    })
}

pub(super) fn member(value: Value) -> Result<Member, Odd> {
    let object = object(value)?;
    Ok(Member { id: id(&object)?, kind: kind(&object) })
}

pub(super) fn only_id(value: Value) -> Result<String, Odd> {
    id(&object(value)?)
}

pub(super) fn assignment(value: Value) -> Result<Assignment, Odd> {
    let object = object(value)?;
    let principal_kind = text(&object, "principalType").map_or(MemberKind::Other, |t| MemberKind::parse(&t));
    Ok(Assignment {
        id: id(&object)?,
        principal_id: text(&object, "principalId").ok_or("an assignment has no principalId")?,
        principal_kind,
        principal_name: text(&object, "principalDisplayName").unwrap_or_default(),
        role_id: text(&object, "appRoleId").ok_or("an assignment has no appRoleId")?,
    })
}

pub(super) fn service_principal(value: Value) -> Result<ServicePrincipal, Odd> {
    let object = object(value)?;
    let mut roles = Vec::new();
    for role in object.get("appRoles").and_then(Value::as_array).into_iter().flatten() {
        let role = role.as_object().ok_or("an app role is not an object")?;
        let for_users = role
            .get("allowedMemberTypes")
            .and_then(Value::as_array)
            .is_some_and(|types| types.iter().any(|t| t.as_str() == Some("User")));
        roles.push(AppRole {
            id: id(role)?,
            value: text(role, "value"),
            display_name: text(role, "displayName").unwrap_or_default(),
            enabled: role.get("isEnabled").and_then(Value::as_bool).unwrap_or(true),
            for_users,
        });
    }
    Ok(ServicePrincipal {
        id: id(&object)?,
        app_id: text(&object, "appId").unwrap_or_default(),
        display_name: text(&object, "displayName").unwrap_or_default(),
        roles,
    })
}

pub(super) fn organization(value: Value) -> Result<Organization, Odd> {
    let object = object(value)?;
    let domains = object.get("verifiedDomains").and_then(Value::as_array);
    let default_domain = domains.into_iter().flatten().find_map(|domain| {
        let default = domain.get("isDefault").and_then(Value::as_bool) == Some(true);
        domain.get("name").and_then(Value::as_str).filter(|_| default).map(str::to_owned)
    });
    Ok(Organization {
        id: id(&object)?,
        display_name: text(&object, "displayName").unwrap_or_default(),
        default_domain,
    })
}
