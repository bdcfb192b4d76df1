//! The roles that an object has, or can be given.

use crate::model::directory::DEFAULT_ACCESS;
use crate::model::{Assignment, ServicePrincipal};

/// A role as it concerns one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Role id.
    pub(super) id: String,
    /// Display name; untrusted.
    pub(super) name: String,
    /// The value that reaches the app, if it has one; untrusted.
    pub(super) value: Option<String>,
    /// Id of the assignment, if the object has the role itself.
    pub(super) held: Option<String>,
    /// Whether it can be given: what is off in the app can only be taken away.
    pub(super) usable: bool,
}

/// All roles that people and groups can be given, then those the object has although nobody can be given them. Default
/// Access is given only where the app declares no role: a directory refuses it otherwise.
pub(super) fn of(principal: &ServicePrincipal, assignments: &[Assignment], object: &str) -> Vec<Role> {
    let held = |id: &str| {
        let mut own = assignments.iter().filter(|a| a.principal_id == object);
        own.find(|a| a.role_id == id).map(|a| a.id.clone())
    };
    let usable = |role: &&crate::model::AppRole| role.enabled && role.for_users;
    let mut roles: Vec<Role> = principal
        .roles
        .iter()
        .filter(usable)
        .map(|role| Role {
            id: role.id.clone(),
            name: role.display_name.clone(),
            value: role.value.clone(),
            held: held(&role.id),
            usable: true,
        })
        .collect();
    if roles.is_empty() {
        roles.push(Role {
            id: DEFAULT_ACCESS.to_owned(),
            name: "Default Access".to_owned(),
            value: None,
            held: held(DEFAULT_ACCESS),
            usable: true,
        });
    }
    for assignment in assignments.iter().filter(|a| a.principal_id == object) {
        if roles.iter().all(|role| role.id != assignment.role_id) {
            roles.push(Role {
                id: assignment.role_id.clone(),
                name: name_of(principal, &assignment.role_id),
                value: None,
                held: Some(assignment.id.clone()),
                usable: false,
            });
        }
    }
    roles
}

/// How a role is called.
pub(super) fn name_of(principal: &ServicePrincipal, id: &str) -> String {
    match principal.roles.iter().find(|role| role.id == id) {
        Some(role) => role.display_name.clone(),
        None if id == DEFAULT_ACCESS => "Default Access".to_owned(),
        None => id.to_owned(),
    }
}
