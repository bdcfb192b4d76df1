//! An independent reading of the directory and of what the app should hold because of it. It shares no code with the
//! product: it follows the tables of the mapping by hand.

use super::{Sandbox, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Attribute path to value; only what has a value.
pub type Expected = BTreeMap<String, Value>;

const SELECT: &str = "id,accountEnabled,userPrincipalName,displayName,givenName,surname,mail,mailNickname,jobTitle,\
department,employeeId,faxNumber,mobilePhone,businessPhones,streetAddress,postalCode,officeLocation,\
city,state,country,preferredLanguage";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const DEFAULT_ACCESS: &str = "00000000-0000-0000-0000-000000000000";

/// The directory at one moment, by plain Graph GETs.
pub struct Directory {
    /// Live users by id.
    pub users: BTreeMap<String, Value>,
    /// Live groups by id.
    pub groups: BTreeMap<String, Value>,
    /// Direct members of every group, of any kind.
    pub members: BTreeMap<String, BTreeSet<String>>,
    /// Managers by user id; filled by [`Directory::with_managers`].
    pub managers: BTreeMap<String, String>,
    /// `(principal, role)` of every assignment.
    pub assignments: Vec<(String, String)>,
}

impl Directory {
    /// Reads users, groups, members and assignments.
    pub fn read(sandbox: &Sandbox) -> Self {
        let by_id = |list: Vec<Value>| list.into_iter().map(|v| (text(&v, "id").to_owned(), v)).collect();
        let users: BTreeMap<String, Value> = by_id(sandbox.graph_list(&format!("/users?$select={SELECT}&$top=999")));
        let groups: BTreeMap<String, Value> = by_id(sandbox.graph_list("/groups?$top=999"));
        let members = groups
            .keys()
            .map(|id| {
                let list = sandbox.graph_list(&format!("/groups/{id}/members?$top=999"));
                (id.clone(), list.iter().map(|m| text(m, "id").to_owned()).collect())
            })
            .collect();
        let assignments = sandbox
            .assignments()
            .iter()
            .map(|a| (text(a, "principalId").to_owned(), text(a, "appRoleId").to_owned()))
            .collect();
        Self { users, groups, members, managers: BTreeMap::new(), assignments }
    }

    /// Reads the manager of every user as well, one request each.
    pub fn with_managers(mut self, sandbox: &Sandbox) -> Self {
        for id in self.users.keys() {
            let answer = sandbox.graph("GET", &format!("/users/{id}/manager?$select=id"), None);
            if answer.status != 404 {
                self.managers.insert(id.clone(), text(&answer.ok().json(), "id").to_owned());
            }
        }
        self
    }

    /// Ids of the users that are assigned directly or as direct members of an assigned group.
    pub fn assigned(&self, exclude_default_access: bool) -> BTreeSet<String> {
        let mut assigned = BTreeSet::new();
        for (principal, role) in &self.assignments {
            if exclude_default_access && role == DEFAULT_ACCESS {
                continue;
            }
            match self.members.get(principal) {
                Some(members) => assigned.extend(members.iter().filter(|m| self.users.contains_key(*m)).cloned()),
                None => drop(assigned.insert(principal.clone())),
            }
        }
        assigned.retain(|id| self.users.contains_key(id));
        assigned
    }

    /// Ids of the users that should be in the app after a first cycle: assigned and enabled.
    pub fn in_scope(&self, exclude_default_access: bool) -> BTreeSet<String> {
        let mut scope = self.assigned(exclude_default_access);
        scope.retain(|id| self.enabled(id));
        scope
    }

    /// Ids of the groups that are assigned themselves.
    pub fn groups_in_scope(&self, exclude_default_access: bool) -> BTreeSet<String> {
        self.assignments
            .iter()
            .filter(|(id, role)| self.groups.contains_key(id) && !(exclude_default_access && role == DEFAULT_ACCESS))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Whether the account of a user is enabled.
    pub fn enabled(&self, id: &str) -> bool {
        self.users.get(id).is_some_and(|u| u["accountEnabled"] != false)
    }

    /// The preset `flock` (E15.21), by hand.
    pub fn flock(&self, id: &str) -> Expected {
        let user = &self.users[id];
        let mut wanted = self.common(user);
        put(&mut wanted, "externalId", &user["id"]);
        wanted
    }

    /// The preset `scim` (E15.22, E15.23) without the manager, by hand.
    pub fn scim(&self, id: &str) -> Expected {
        let user = &self.users[id];
        let mut wanted = self.common(user);
        for (target, source) in [
            ("externalId", "mailNickname"),
            ("enterprise.department", "department"),
            ("enterprise.employeeNumber", "employeeId"),
            ("phoneNumbers[fax].value", "faxNumber"),
            ("phoneNumbers[mobile].value", "mobilePhone"),
            ("preferredLanguage", "preferredLanguage"),
            ("addresses[work].locality", "city"),
            ("addresses[work].region", "state"),
            ("addresses[work].country", "country"),
            ("addresses[work].postalCode", "postalCode"),
            ("addresses[work].streetAddress", "streetAddress"),
            ("addresses[other].formatted", "officeLocation"),
        ] {
            put(&mut wanted, target, &user[source]);
        }
        put(&mut wanted, "phoneNumbers[work].value", &user["businessPhones"][0]);
        wanted
    }

    fn common(&self, user: &Value) -> Expected {
        let mut wanted = Expected::new();
        wanted.insert("userName".into(), Value::String(user_name(text(user, "userPrincipalName"))));
        wanted.insert("active".into(), Value::Bool(user["accountEnabled"] != false));
        for (target, source) in [
            ("displayName", "displayName"),
            ("title", "jobTitle"),
            ("emails[work].value", "mail"),
            ("name.givenName", "givenName"),
            ("name.familyName", "surname"),
        ] {
            put(&mut wanted, target, &user[source]);
        }
        let formatted: Vec<&str> =
            ["givenName", "surname"].iter().filter_map(|n| user[*n].as_str()).filter(|s| !s.is_empty()).collect();
        put(&mut wanted, "name.formatted", &Value::String(formatted.join(" ")));
        wanted
    }
}

/// A guest's name in the app is the address at home, not the one with `#EXT#` (E3.13).
pub fn user_name(principal_name: &str) -> String {
    match principal_name.split_once("#EXT#") {
        Some((alias, _)) => match alias.rsplit_once('_') {
            Some((local, domain)) => format!("{local}@{domain}"),
            None => alias.to_owned(),
        },
        None => principal_name.to_owned(),
    }
}

fn put(wanted: &mut Expected, target: &str, value: &Value) {
    if value.as_str().is_some_and(|s| !s.is_empty()) {
        wanted.insert(target.into(), value.clone());
    }
}

/// A resource of the app in the same terms as [`Expected`]: every path that a preset writes and that has a value.
pub fn seen(resource: &Value) -> Expected {
    let mut seen = Expected::new();
    let mut keep = |path: String, value: &Value| {
        if !value.is_null() && value.as_str() != Some("") {
            seen.insert(path, value.clone());
        }
    };
    for name in ["userName", "displayName", "title", "externalId", "preferredLanguage"] {
        keep(name.into(), &resource[name]);
    }
    // Some servers keep booleans as text.
    let active = &resource["active"];
    let active = active.as_str().map_or_else(|| active.clone(), |s| Value::Bool(s.eq_ignore_ascii_case("true")));
    keep("active".into(), &active);
    for name in ["givenName", "familyName", "formatted"] {
        keep(format!("name.{name}"), &resource["name"][name]);
    }
    for (list, kinds, parts) in [
        ("emails", &["work"][..], &["value"][..]),
        ("phoneNumbers", &["work", "mobile", "fax"][..], &["value"][..]),
        ("addresses", &["work"][..], &["postalCode", "streetAddress", "locality", "region", "country"][..]),
        ("addresses", &["other"][..], &["formatted"][..]),
    ] {
        for item in resource[list].as_array().into_iter().flatten() {
            let kind = item["type"].as_str().unwrap_or_default();
            for part in parts.iter().filter(|_| kinds.contains(&kind)) {
                keep(format!("{list}[{kind}].{part}"), &item[*part]);
            }
        }
    }
    for name in ["department", "employeeNumber"] {
        keep(format!("enterprise.{name}"), &resource[ENTERPRISE][name]);
    }
    seen
}

/// The manager's id in the app, if there is one.
pub fn manager(resource: &Value) -> Option<&str> {
    let manager = &resource[ENTERPRISE]["manager"];
    manager["value"].as_str().or_else(|| manager.as_str()).filter(|m| !m.is_empty())
}

/// Ids of the members of a group resource.
pub fn members(resource: &Value) -> BTreeSet<String> {
    resource["members"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|m| m["value"].as_str())
        .map(str::to_owned)
        .collect()
}

/// The differences between what should be there and what is, as readable lines. Paths that the expectation does not
/// name are differences only when `exact`.
pub fn differences(who: &str, wanted: &Expected, seen: &Expected, exact: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, value) in wanted {
        if seen.get(path) != Some(value) {
            lines.push(format!("{who}: {path}: wanted {value}, app has {}", seen.get(path).unwrap_or(&Value::Null)));
        }
    }
    if exact {
        for (path, value) in seen.iter().filter(|(p, _)| !wanted.contains_key(*p)) {
            lines.push(format!("{who}: {path}: wanted nothing, app has {value}"));
        }
    }
    lines
}
