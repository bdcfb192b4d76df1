//! Who belongs: assignment, account state and scoping filter decide where an object stands (E3).
//!
//! Pure: values in, values out.

use crate::mapping::Flow;
use crate::model::{AppRole, Assignment, DirectoryGroup, DirectoryUser, Link, MemberKind, Removed, directory};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The job setting *Scope* (E3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeSetting {
    /// Sync only assigned users and groups.
    Assigned,
    /// Sync all users and groups.
    All,
}

/// What entitles one user: the roles of the assignments that reach them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitlement {
    /// Ids of the roles held, directly or through assigned groups.
    pub roles: BTreeSet<String>,
    /// Names of the assigned groups that the user is a direct member of.
    pub through: BTreeSet<String>,
    /// Whether one assignment names the user.
    pub direct: bool,
}

/// Who is assigned to the app, and with which roles.
#[derive(Clone, Debug, Default)]
pub struct Entitlements {
    users: HashMap<String, Entitlement>,
    groups: HashSet<String>,
    roles: HashMap<String, AppRole>,
}

impl Entitlements {
    /// Puts assignments and the direct members of assigned groups together (E3.2, E3.3: nested groups are not
    /// expanded). `groups` holds the assigned groups of the mirror with their direct members; one that is not
    /// security enabled entitles nobody (E3.4).
    pub fn new(
        assignments: &[Assignment],
        groups: &HashMap<String, (DirectoryGroup, Vec<directory::Member>)>,
        roles: &[AppRole],
    ) -> Self {
        let mut out = Self { roles: roles.iter().map(|r| (r.id.clone(), r.clone())).collect(), ..Self::default() };
        for assignment in assignments {
            match assignment.principal_kind {
                MemberKind::User => {
                    let entitlement = out.users.entry(assignment.principal_id.clone()).or_default();
                    entitlement.direct = true;
                    entitlement.roles.insert(assignment.role_id.clone());
                }
                MemberKind::Group => {
                    let Some((group, members)) = groups.get(&assignment.principal_id) else { continue };
                    if group.removed.is_some() || !security_enabled(group) {
                        continue;
                    }
                    out.groups.insert(group.id.clone());
                    for member in members.iter().filter(|m| m.kind == MemberKind::User) {
                        let entitlement = out.users.entry(member.id.clone()).or_default();
                        entitlement.through.insert(group.name().to_owned());
                        entitlement.roles.insert(assignment.role_id.clone());
                    }
                }
                MemberKind::Other => {}
            }
        }
        out
    }

    /// What entitles a user, if anything does.
    pub fn of_user(&self, id: &str) -> Option<&Entitlement> {
        self.users.get(id)
    }

    /// Whether a group is assigned.
    pub fn has_group(&self, id: &str) -> bool {
        self.groups.contains(id)
    }

    /// The app roles that a user holds, Default Access left out.
    pub fn roles_of(&self, id: &str) -> Vec<&AppRole> {
        let Some(entitlement) = self.users.get(id) else { return Vec::new() };
        entitlement.roles.iter().filter_map(|role| self.roles.get(role)).collect()
    }
}

/// `securityEnabled`; absent counts as true, since only Microsoft 365 groups say false.
fn security_enabled(group: &DirectoryGroup) -> bool {
    group.properties.get("securityEnabled").and_then(serde_json::Value::as_bool).unwrap_or(true)
}

/// Where an object stands towards the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Present and active in the app.
    In,
    /// Assigned, but `accountEnabled` is false.
    Disabled,
    /// In the recycle bin.
    SoftDeleted,
    /// Purged.
    HardDeleted,
    /// Not in scope, with the reason.
    Out(OutReason),
}

/// Why an object is not in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutReason {
    /// Neither assigned nor a direct member of an assigned group.
    NotAssigned,
    /// The only role is Default Access and the job leaves such users out (E3.9).
    NotEffectivelyEntitled,
    /// The scoping filter says no.
    Filtered(String),
}

impl Standing {
    /// In words, for reasons, logs and `explain`.
    pub fn words(&self) -> String {
        match self {
            Self::In => "in scope".into(),
            Self::Disabled => "the account is disabled in the directory".into(),
            Self::SoftDeleted => "deleted in the directory (recycle bin)".into(),
            Self::HardDeleted => "purged from the directory".into(),
            Self::Out(OutReason::NotAssigned) => "not assigned to the app".into(),
            Self::Out(OutReason::NotEffectivelyEntitled) => {
                "assigned with Default Access only, which this job leaves out".into()
            }
            Self::Out(OutReason::Filtered(why)) => format!("the scoping filter says no: {why}"),
        }
    }
}

/// Where a user stands. Deletion comes before assignment: Graph stops listing assignments of deleted users.
/// `filter` is evaluated only when the answer depends on it; it gives the reason when the filter says no.
pub fn user_standing(
    user: &DirectoryUser,
    entitlements: &Entitlements,
    setting: ScopeSetting,
    exclude_default_access: bool,
    filter: impl FnOnce() -> Option<String>,
) -> Standing {
    match user.removed {
        Some(Removed::Hard) => return Standing::HardDeleted,
        Some(Removed::Soft) => return Standing::SoftDeleted,
        None => {}
    }
    if setting == ScopeSetting::Assigned {
        let Some(entitlement) = entitlements.of_user(&user.id) else {
            return Standing::Out(OutReason::NotAssigned);
        };
        if exclude_default_access && entitlement.roles.iter().all(|r| r == directory::DEFAULT_ACCESS) {
            return Standing::Out(OutReason::NotEffectivelyEntitled);
        }
    }
    if let Some(why) = filter() {
        return Standing::Out(OutReason::Filtered(why));
    }
    if user.enabled() { Standing::In } else { Standing::Disabled }
}

/// Where a group stands (E3.6, E3.7). A deleted security group never passes through the recycle bin.
pub fn group_standing(
    group: &DirectoryGroup,
    entitlements: &Entitlements,
    setting: ScopeSetting,
    filter: impl FnOnce() -> Option<String>,
) -> Standing {
    if group.removed.is_some() {
        return Standing::HardDeleted;
    }
    if setting == ScopeSetting::Assigned && !entitlements.has_group(&group.id) {
        return Standing::Out(OutReason::NotAssigned);
    }
    filter().map_or(Standing::In, |why| Standing::Out(OutReason::Filtered(why)))
}

/// What the lifecycle table asks for (E7g).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Create, adopt, update or enable.
    Provision,
    /// Turn the account off; afterwards the job no longer manages it if `unmanage`.
    Disable {
        /// Whether the user also leaves the job's care (E3.43).
        unmanage: bool,
    },
    /// Remove the resource.
    Delete,
    /// Only stop managing it: it is off already.
    Unmanage,
    /// Leave it as it is and stop managing it (`skip_out_of_scope_deletions`, E3.42): whatever happens to the object
    /// later is none of the job's business, until it comes back into scope.
    LetGo {
        /// In words.
        reason: String,
    },
    /// Leave it alone, with code and reason for the log.
    Skip {
        /// Code of E13c.
        code: &'static str,
        /// In words.
        reason: String,
    },
    /// Nothing to do and nothing to say.
    Nothing,
}

/// The row of the lifecycle table (E7g) for a user.
pub fn user_course(standing: &Standing, link: Option<&Link>, flow: Flow, skip_out_of_scope: bool) -> Course {
    const SKIPPED: &str = "EntrySynchronizationSkipped";
    let managed = link.filter(|l| l.managed);
    match (standing, managed) {
        (Standing::In, _) => Course::Provision,
        (Standing::HardDeleted, Some(link)) => {
            if flow.delete {
                Course::Delete
            } else if link.active && flow.update {
                Course::Disable { unmanage: true }
            } else {
                Course::Skip { code: SKIPPED, reason: "purged from the directory; Delete is off in the mapping".into() }
            }
        }
        (Standing::SoftDeleted | Standing::Disabled, Some(link)) if link.active => {
            if flow.update {
                Course::Disable { unmanage: false }
            } else {
                Course::Skip { code: SKIPPED, reason: format!("{}; Update is off in the mapping", standing.words()) }
            }
        }
        (Standing::SoftDeleted | Standing::Disabled, Some(_)) => Course::Nothing,
        (Standing::Out(_), Some(_)) if skip_out_of_scope => Course::LetGo { reason: let_go(standing) },
        (Standing::Out(_), Some(link)) if !link.active => Course::Unmanage,
        (Standing::Out(_), Some(_)) => {
            if flow.update {
                Course::Disable { unmanage: true }
            } else {
                Course::Skip { code: SKIPPED, reason: format!("{}; Update is off in the mapping", standing.words()) }
            }
        }
        (Standing::Out(OutReason::NotEffectivelyEntitled), None) => {
            Course::Skip { code: "NotEffectivelyEntitled", reason: standing.words() }
        }
        (Standing::Disabled | Standing::Out(_), None) => Course::Skip { code: SKIPPED, reason: standing.words() },
        (Standing::SoftDeleted | Standing::HardDeleted, None) => Course::Nothing,
    }
}

fn let_go(standing: &Standing) -> String {
    format!("{}; left as it is because skip_out_of_scope_deletions is on", standing.words())
}

/// The same for a group: it has no `active`, so leaving means delete (E8.15).
pub fn group_course(standing: &Standing, link: Option<&Link>, flow: Flow, skip_out_of_scope: bool) -> Course {
    const SKIPPED: &str = "EntrySynchronizationSkipped";
    let managed = link.filter(|l| l.managed);
    match (standing, managed) {
        (Standing::In, _) => Course::Provision,
        (Standing::Out(_), Some(_)) if skip_out_of_scope => Course::LetGo { reason: let_go(standing) },
        (_, Some(_)) if flow.delete => Course::Delete,
        (_, Some(_)) => {
            Course::Skip { code: SKIPPED, reason: format!("{}; Delete is off in the mapping", standing.words()) }
        }
        (Standing::Out(_), None) => Course::Skip { code: SKIPPED, reason: standing.words() },
        (_, None) => Course::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Member, ObjectType, Origin};
    use serde_json::{Map, json};

    const FLOW: Flow = Flow { add: true, update: true, delete: true };
    const ROLE: &str = "11111111-0000-0000-0000-000000000001";

    fn link(managed: bool, active: bool) -> Link {
        Link {
            object_type: ObjectType::User,
            source_id: "u".into(),
            target_id: "t".into(),
            origin: Origin::Created,
            managed,
            active,
            broken: false,
            applied: Map::new(),
            manager: None,
            created_at: String::new(),
        }
    }

    fn user(id: &str, enabled: bool, removed: Option<Removed>) -> DirectoryUser {
        let mut properties = Map::new();
        properties.insert("accountEnabled".into(), json!(enabled));
        DirectoryUser { id: id.into(), properties, manager: None, removed }
    }

    fn assigned(principal: &str, kind: MemberKind, role: &str) -> Assignment {
        Assignment {
            id: format!("a-{principal}"),
            principal_id: principal.into(),
            principal_kind: kind,
            principal_name: principal.into(),
            role_id: role.into(),
        }
    }

    fn group(id: &str, security: bool, members: &[(&str, MemberKind)]) -> (DirectoryGroup, Vec<Member>) {
        let mut properties = Map::new();
        properties.insert("securityEnabled".into(), json!(security));
        let members = members.iter().map(|(id, kind)| Member { id: (*id).into(), kind: *kind }).collect();
        (DirectoryGroup { id: id.into(), properties, removed: None }, members)
    }

    #[test]
    fn scope_follows_direct_assignments_and_direct_members_only() {
        let groups = HashMap::from([
            ("g1".to_owned(), group("g1", true, &[("u2", MemberKind::User), ("g2", MemberKind::Group)])),
            ("g2".to_owned(), group("g2", true, &[("u3", MemberKind::User)])),
            ("m365".to_owned(), group("m365", false, &[("u4", MemberKind::User)])),
        ]);
        let assignments = [
            assigned("u1", MemberKind::User, ROLE),
            assigned("g1", MemberKind::Group, ROLE),
            assigned("m365", MemberKind::Group, ROLE),
            assigned("u5", MemberKind::User, directory::DEFAULT_ACCESS),
        ];
        let entitlements = Entitlements::new(&assignments, &groups, &[]);
        let stands = |id: &str, exclude| {
            user_standing(&user(id, true, None), &entitlements, ScopeSetting::Assigned, exclude, || None)
        };
        assert_eq!(stands("u1", true), Standing::In);
        assert_eq!(stands("u2", true), Standing::In);
        assert_eq!(stands("u3", true), Standing::Out(OutReason::NotAssigned), "nested groups are not expanded (E3.3)");
        assert_eq!(stands("u4", true), Standing::Out(OutReason::NotAssigned), "not a security group (E3.4)");
        assert_eq!(stands("u5", true), Standing::Out(OutReason::NotEffectivelyEntitled));
        assert_eq!(stands("u5", false), Standing::In);
        assert!(entitlements.has_group("g1") && !entitlements.has_group("g2"));
    }

    #[test]
    fn deletion_comes_before_assignment_and_filter_before_account_state() {
        let none = Entitlements::default();
        let stands = |u: DirectoryUser, why: Option<&str>| {
            user_standing(&u, &none, ScopeSetting::All, true, || why.map(str::to_owned))
        };
        assert_eq!(stands(user("u", true, Some(Removed::Hard)), Some("x")), Standing::HardDeleted);
        assert_eq!(stands(user("u", true, Some(Removed::Soft)), Some("x")), Standing::SoftDeleted);
        assert_eq!(stands(user("u", false, None), Some("x")), Standing::Out(OutReason::Filtered("x".into())));
        assert_eq!(stands(user("u", false, None), None), Standing::Disabled);
        assert_eq!(stands(user("u", true, None), None), Standing::In);
    }

    /// Every row of the lifecycle table E7g.
    #[test]
    fn the_lifecycle_table() {
        let out = || Standing::Out(OutReason::NotAssigned);
        let course = |s: &Standing, l: Option<&Link>| user_course(s, l, FLOW, false);
        let (on, off, gone) = (link(true, true), link(true, false), link(false, false));
        assert_eq!(course(&Standing::In, None), Course::Provision);
        assert!(matches!(course(&Standing::Disabled, None), Course::Skip { .. }));
        assert_eq!(course(&Standing::In, Some(&on)), Course::Provision);
        assert_eq!(course(&Standing::Disabled, Some(&on)), Course::Disable { unmanage: false });
        assert_eq!(course(&Standing::Disabled, Some(&off)), Course::Nothing);
        assert_eq!(course(&Standing::In, Some(&off)), Course::Provision);
        assert_eq!(course(&out(), Some(&on)), Course::Disable { unmanage: true });
        assert!(matches!(user_course(&out(), Some(&on), FLOW, true), Course::LetGo { .. }));
        assert_eq!(course(&Standing::SoftDeleted, Some(&on)), Course::Disable { unmanage: false });
        assert_eq!(course(&Standing::SoftDeleted, Some(&off)), Course::Nothing);
        assert_eq!(course(&Standing::HardDeleted, Some(&off)), Course::Delete);
        assert_eq!(course(&Standing::HardDeleted, Some(&on)), Course::Delete);
        assert_eq!(course(&Standing::SoftDeleted, Some(&gone)), Course::Nothing);
        assert_eq!(course(&Standing::HardDeleted, Some(&gone)), Course::Nothing);
        assert_eq!(course(&Standing::HardDeleted, None), Course::Nothing);
        assert_eq!(course(&out(), Some(&off)), Course::Unmanage);
    }

    #[test]
    fn check_boxes_are_obeyed() {
        let no_update = Flow { update: false, ..FLOW };
        let no_delete = Flow { delete: false, ..FLOW };
        let on = link(true, true);
        assert!(matches!(user_course(&Standing::Disabled, Some(&on), no_update, false), Course::Skip { .. }), "E7.15");
        assert_eq!(
            user_course(&Standing::HardDeleted, Some(&on), no_delete, false),
            Course::Disable { unmanage: true },
            "E7.33: no DELETE, but a leaver does not stay active"
        );
        assert!(matches!(group_course(&Standing::HardDeleted, Some(&on), no_delete, false), Course::Skip { .. }));
        assert_eq!(group_course(&Standing::HardDeleted, Some(&on), FLOW, false), Course::Delete);
    }
}
