//! `heeler assign|unassign USER|GROUP [--role R]`

use super::access::{Access, Online};
use super::resolve::{ANY, Named, resolve_online};
use super::{CliError, Ctx, Exit, Outcome, setup};
use crate::engine::{Lease, LeaseError};
use crate::graph::GraphError;
use crate::model::directory::DEFAULT_ACCESS;
use crate::model::{AppRole, Assignment, ObjectType, ServicePrincipal};
use crate::store::{audit, job as job_table};
use crate::text::{out_json, out_line, show};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// The role that gallery apps declare beside their own; nobody means it unless they say so.
const GALLERY_ROLE: &str = "msiam_access";

/// Assigns a user or group to the app. With `--json`: the appRoleAssignment, with `appRole` (the role's name) and
/// `changed` (false if the assignment was there already).
pub(super) async fn assign(ctx: &Ctx, object: &str, role: Option<&str>) -> Outcome {
    reached(ctx, "assign", async |access, online| {
        let at = Target::find(access, online, object).await?;
        let role = match role {
            Some(text) => at.role(text, true)?,
            None => at.only_role()?,
        };
        let held = at.assignments().await?;
        let already = held.into_iter().find(|a| a.role_id == role.id);
        let (assignment, changed) = match already {
            Some(assignment) => (assignment, false),
            None => match at.graph.assign(&at.principal.id, &at.named.id, &role.id).await {
                Ok(assignment) => (assignment, true),
                // Somebody was faster, or the list was a moment behind.
                Err(GraphError::Refused { message, .. }) if message.contains("already exists") => {
                    (at.as_assigned(&role), false)
                }
                Err(error) => return Err(error.into()),
            },
        };
        if changed {
            at.note(access, setup::ASSIGNED, &role).await?;
        }
        if ctx.json {
            out_json(&at.json(&assignment, &role, changed))?;
        } else if changed {
            out_line(&show(&format!("assigned {} to {} as {}", at.who(), at.app(), role.display_name)))?;
            out_line(&show(&format!(
                "  `heeler provision {}` provisions it now; otherwise the next cycle does",
                at.named.id
            )))?;
        } else {
            out_line(&show(&format!("{} is assigned to {} as {} already", at.who(), at.app(), role.display_name)))?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// Takes every assignment of a user or group away, or the one with a role. With `--json`: one appRoleAssignment per
/// line, as it was.
pub(super) async fn unassign(ctx: &Ctx, object: &str, role: Option<&str>) -> Outcome {
    reached(ctx, "unassign", async |access, online| {
        let at = Target::find(access, online, object).await?;
        let role = role.map(|text| at.role(text, false)).transpose()?;
        let mut held = at.assignments().await?;
        held.retain(|a| role.as_ref().is_none_or(|role| role.id == a.role_id));
        for assignment in &held {
            at.graph.unassign(&at.principal.id, &assignment.id).await?;
            let role = at.role_of(&assignment.role_id);
            at.note(access, "Remove app role assignment", &role).await?;
            if ctx.json {
                out_json(&at.json(assignment, &role, true))?;
            } else {
                let words = format!("took {} of {} away from {}", role.display_name, at.app(), at.who());
                out_line(&show(&words))?;
            }
        }
        if held.is_empty() && !ctx.json {
            let with = role.map(|role| format!(" as {}", role.display_name)).unwrap_or_default();
            let through = if at.named.object_type == ObjectType::User {
                "; `heeler explain` shows a group that assigns a user"
            } else {
                ""
            };
            out_line(&show(&format!("{} itself is not assigned to {}{with}{through}", at.who(), at.app())))?;
        }
        Ok(Exit::Done)
    })
    .await
}

/// Runs something with the directory in reach, and gives back what was started for it.
async fn reached(ctx: &Ctx, command: &str, work: impl AsyncFnOnce(&Access, &Online) -> Outcome) -> Outcome {
    let access = Access::open(ctx)?;
    let mut lease = None;
    let online = if access.is_sandbox() {
        // Only one process may start the sandbox: the one with the lease.
        match Lease::take(&access.store, command, CancellationToken::new()).await {
            Ok(taken) => {
                lease = Some(taken);
                access.online(false).await
            }
            Err(LeaseError::HeldBy(_)) => access.beside(),
            Err(LeaseError::Store(error)) => Err(error.into()),
        }
    } else {
        access.reach().await
    };
    let outcome = match online {
        Ok(online) => {
            let outcome = work(&access, &online).await;
            let closed = online.close().await;
            outcome.and_then(|exit| closed.map(|()| exit))
        }
        Err(error) => Err(error),
    };
    if let Some(lease) = lease {
        lease.give_back().await?;
    }
    outcome
}

/// Who is assigned to what.
struct Target {
    graph: crate::graph::GraphClient,
    principal: ServicePrincipal,
    named: Named,
}

impl Target {
    async fn find(access: &Access, online: &Online, object: &str) -> Result<Self, CliError> {
        let (graph, _) = online.clients()?;
        let principal = graph.service_principal(&online.config.directory.service_principal_id).await?;
        let keep = principal.clone();
        access.store.write(move |c| job_table::set_service_principal(c, &keep)).await?;
        let named = resolve_online(&access.store, &graph, ANY, object).await?;
        Ok(Self { graph, principal, named })
    }

    /// The assignments that name this object.
    async fn assignments(&self) -> Result<Vec<Assignment>, CliError> {
        let (mut all, _) = self.graph.assignments(&self.principal.id).await?;
        all.retain(|assignment| assignment.principal_id == self.named.id);
        Ok(all)
    }

    fn app(&self) -> &str {
        &self.principal.display_name
    }

    fn who(&self) -> String {
        match &self.named.user_principal_name {
            Some(upn) => format!("{} ({upn})", self.named.name),
            None => self.named.name.clone(),
        }
    }

    /// The role to take when none was named.
    fn only_role(&self) -> Result<AppRole, CliError> {
        only_role(&self.principal.roles).map_err(|roles| {
            CliError::new(Exit::Usage, format!("which role? {} has several", self.app())).with_roles(&roles)
        })
    }

    fn role(&self, text: &str, to_assign: bool) -> Result<AppRole, CliError> {
        named_role(&self.principal.roles, text, to_assign).map_err(|(why, roles)| {
            CliError::new(Exit::Usage, format!("the role `{text}` {why} {}", self.app())).with_roles(&roles)
        })
    }

    fn role_of(&self, id: &str) -> AppRole {
        self.principal.roles.iter().find(|role| role.id == id).cloned().unwrap_or_else(|| {
            let name = if id == DEFAULT_ACCESS { "Default Access" } else { id };
            AppRole { display_name: name.to_owned(), id: id.to_owned(), ..default_access() }
        })
    }

    fn as_assigned(&self, role: &AppRole) -> Assignment {
        use crate::model::MemberKind;
        Assignment {
            id: String::new(),
            principal_id: self.named.id.clone(),
            principal_kind: match self.named.object_type {
                ObjectType::User => MemberKind::User,
                ObjectType::Group => MemberKind::Group,
            },
            principal_name: self.named.name.clone(),
            role_id: role.id.clone(),
        }
    }

    fn json(&self, assignment: &Assignment, role: &AppRole, changed: bool) -> Value {
        json!({
            "id": Some(&assignment.id).filter(|id| !id.is_empty()),
            "appRoleId": role.id,
            "appRole": role.display_name,
            "principalId": self.named.id,
            "principalType": self.named.object_type,
            "principalDisplayName": self.named.name,
            "resourceId": self.principal.id,
            "resourceDisplayName": self.principal.display_name,
            "changed": changed,
        })
    }

    /// Notes who did it.
    async fn note(&self, access: &Access, what: &'static str, role: &AppRole) -> Result<(), CliError> {
        let who = std::env::var("USER").ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "unknown".into());
        let details = json!({
            "principalId": self.named.id,
            "principalType": self.named.object_type,
            "principalDisplayName": self.named.name,
            "resourceId": self.principal.id,
            "appRoleId": role.id,
            "appRole": role.display_name,
        });
        access.store.write(move |c| audit::append(c, &who, what, &details)).await?;
        Ok(())
    }
}

impl CliError {
    /// Lists roles as advice.
    fn with_roles(mut self, roles: &[AppRole]) -> Self {
        use crate::text::{Align, Table};
        let mut table = Table::new().column("", Align::Left, 48).column("", Align::Left, 48).column("", Align::Left, 0);
        for role in roles {
            table.row([role.display_name.as_str(), role.value.as_deref().unwrap_or(""), &role.id]);
        }
        if !table.is_empty() {
            self.context.push("name one with --role, by name, value or id".into());
        }
        self.context.extend(table.lines().iter().map(ToString::to_string));
        self
    }
}

fn default_access() -> AppRole {
    AppRole {
        id: DEFAULT_ACCESS.to_owned(),
        value: None,
        display_name: "Default Access".to_owned(),
        enabled: true,
        for_users: true,
    }
}

/// The one enabled role for people; Default Access only if the app has none (a directory refuses it otherwise). The
/// gallery's own role counts only when it is the only one. Several: all of them.
fn only_role(roles: &[AppRole]) -> Result<AppRole, Vec<AppRole>> {
    let all: Vec<&AppRole> = roles.iter().filter(|role| role.enabled && role.for_users).collect();
    let own: Vec<&AppRole> = all.iter().copied().filter(|role| role.display_name != GALLERY_ROLE).collect();
    match (own.as_slice(), all.as_slice()) {
        ([only], _) | ([], [only]) => Ok((*only).clone()),
        ([], []) => Ok(default_access()),
        ([], several) | (several, _) => Err(several.iter().map(|role| (*role).clone()).collect()),
    }
}

/// The role of that value, display name or id (upper and lower case are one). `to_assign`: it has to be one that can
/// be assigned. Otherwise: why not, and the roles to choose from.
fn named_role(roles: &[AppRole], text: &str, to_assign: bool) -> Result<AppRole, (&'static str, Vec<AppRole>)> {
    let wanted = text.trim().to_lowercase();
    let default = default_access();
    let usable = |role: &&AppRole| !to_assign || (role.enabled && role.for_users);
    let choice = || roles.iter().filter(usable).cloned().collect::<Vec<_>>();
    let is_default = wanted == default.id || wanted == default.display_name.to_lowercase();
    if is_default && (!to_assign || choice().is_empty()) {
        return Ok(default);
    }
    let is = |value: &str| !value.is_empty() && value.trim().to_lowercase() == wanted;
    let levels: [fn(&AppRole) -> &str; 3] =
        [|role| &role.id, |role| role.value.as_deref().unwrap_or(""), |role| &role.display_name];
    for level in levels {
        let fits: Vec<&AppRole> = roles.iter().filter(|role| is(level(role))).collect();
        match fits.iter().copied().filter(usable).collect::<Vec<_>>().as_slice() {
            [only] => return Ok((*only).clone()),
            [] if fits.is_empty() => {}
            [] => return Err(("is disabled, or not for users and groups, in", choice())),
            several => return Err(("fits several roles of", several.iter().map(|r| (*r).clone()).collect())),
        }
    }
    Err(("is no role of", choice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: &str, value: Option<&str>, name: &str, enabled: bool) -> AppRole {
        AppRole { id: id.into(), value: value.map(str::to_owned), display_name: name.into(), enabled, for_users: true }
    }

    #[test]
    fn the_only_role_is_taken_and_default_access_only_without_roles() {
        let gallery = role("m", None, GALLERY_ROLE, true);
        let user = role("u", None, "User", true);
        let admin = role("a", Some("admin"), "Admin", true);
        let off = role("o", Some("off"), "Off", false);
        let chosen = |roles: &[AppRole]| only_role(roles).map(|role| role.id).map_err(|roles| roles.len());
        assert_eq!(chosen(&[]), Ok(DEFAULT_ACCESS.into()));
        assert_eq!(chosen(std::slice::from_ref(&off)), Ok(DEFAULT_ACCESS.into()));
        assert_eq!(chosen(&[gallery.clone(), user.clone(), off.clone()]), Ok("u".into()));
        assert_eq!(chosen(std::slice::from_ref(&gallery)), Ok("m".into()));
        assert_eq!(chosen(&[gallery, user, admin, off]), Err(2));
    }

    #[test]
    fn a_role_is_named_by_id_value_or_name() {
        let roles = [
            role("1", Some("admin"), "Owner", true),
            role("2", Some("owner"), "Admin", true),
            role("3", None, "Twin", true),
            role("4", None, "twin", true),
            role("5", Some("off"), "Off", false),
        ];
        let id = |text: &str, assign| named_role(&roles, text, assign).map(|role| role.id).map_err(|(why, _)| why);
        assert_eq!(id("2", true), Ok("2".into()));
        assert_eq!(id("ADMIN", true), Ok("1".into()), "the value counts before the name");
        assert!(id("Twin", true).is_err_and(|why| why.contains("several")));
        assert!(id("off", true).is_err_and(|why| why.contains("disabled")));
        assert_eq!(id("off", false), Ok("5".into()), "an assignment with it can still be taken away");
        assert!(id("nothing", true).is_err_and(|why| why.contains("no role")));
        assert!(id("Default Access", true).is_err(), "refused while the app has roles");
        assert_eq!(id("default access", false), Ok(DEFAULT_ACCESS.into()));
        assert_eq!(named_role(&[], "Default Access", true).unwrap().id, DEFAULT_ACCESS);
    }
}
