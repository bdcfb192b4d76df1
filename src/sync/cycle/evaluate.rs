//! Scope and project over the whole mirror (or the objects asked for), streamed: only what differs is kept.

use crate::expression::{Context, Role};
use crate::model::{Assignment, CycleKind, DirectoryGroup, DirectoryUser, Member, MemberKind, ObjectType, Retry};
use crate::store::{self, StoreError, links, membership, mirror, retries};
use crate::sync::project::{ObjectRules, Rules, Subject, group_subject, user_subject};
use crate::sync::read::Read;
use crate::sync::references::{WantedManager, WantedMembers};
use crate::sync::scope::{Course, Entitlements, Standing};
use crate::sync::{CycleScope, Job, SyncError, retry};
use rusqlite::Connection;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The objects that need something, or that the log has to mention.
#[derive(Default)]
pub struct Evaluated {
    /// Users.
    pub users: Vec<Subject>,
    /// Groups.
    pub groups: Vec<Subject>,
    /// Managers that the ledger does not show as written.
    pub managers: Vec<WantedManager>,
    /// Groups whose members differ from the ledger.
    pub members: Vec<WantedMembers>,
}

impl Evaluated {
    /// Leaves target attributes out, references too: they are neither compared nor written this time, and the ledger
    /// does not hear of them.
    pub fn leave_out(&mut self, attributes: &[String], rules: &Rules) {
        if attributes.is_empty() {
            return;
        }
        let out = |rules: &ObjectRules, rule: usize| attributes.iter().any(|a| a == rules.target(rule));
        for subject in self.users.iter_mut().chain(&mut self.groups) {
            let rules = rules.of(subject.object_type);
            for values in [&mut subject.values, &mut subject.defaults] {
                values.retain(|(rule, _)| !out(rules, *rule));
            }
        }
        if rules.users.reference.is_some_and(|rule| out(&rules.users, rule)) {
            self.managers.clear();
        }
        if rules.groups.reference.is_some_and(|rule| out(&rules.groups, rule)) {
            self.members.clear();
        }
    }
}

/// Directory ids of everybody who is linked.
pub fn linked(job: &Job) -> Result<HashSet<String>, StoreError> {
    let reader = job.store.reader()?;
    let mut ids = HashSet::new();
    for object_type in [ObjectType::User, ObjectType::Group] {
        links::for_each(&reader, object_type, |link| {
            ids.insert(link.source_id);
            Ok(())
        })?;
    }
    Ok(ids)
}

/// Who is assigned, from the mirror.
pub fn entitlements(c: &Connection) -> Result<Entitlements, StoreError> {
    let assignments: Vec<Assignment> = mirror::assignments(c)?;
    let ids: Vec<String> =
        assignments.iter().filter(|a| a.principal_kind == MemberKind::Group).map(|a| a.principal_id.clone()).collect();
    let mut groups: HashMap<String, (DirectoryGroup, Vec<Member>)> = HashMap::new();
    for id in &ids {
        if let Some(group) = mirror::group(c, id)? {
            groups.insert(id.clone(), (group, Vec::new()));
        }
    }
    for (group, member) in mirror::all_memberships_of_groups(c, &ids)? {
        if let Some((_, members)) = groups.get_mut(&group) {
            members.push(member);
        }
    }
    let roles = store::job::service_principal(c)?.map(|p| p.roles).unwrap_or_default();
    Ok(Entitlements::new(&assignments, &groups, &roles))
}

/// [`entitlements`] as far as a few users and groups are concerned: costs what these few cost, however many are
/// assigned.
///
/// # Errors
/// When the store cannot be read.
pub fn entitlements_of(c: &Connection, users: &[&str], groups: &[&str]) -> Result<Entitlements, StoreError> {
    let mut assignments: HashMap<String, Assignment> = HashMap::new();
    let mut assigned: HashMap<String, (DirectoryGroup, Vec<Member>)> = HashMap::new();
    let mut keep = |a: Assignment| assignments.insert(a.id.clone(), a);
    for user in users {
        membership::assignments_of(c, user)?.into_iter().for_each(|a| drop(keep(a)));
        for assignment in membership::assignments_through_groups(c, user)? {
            let id = &assignment.principal_id;
            if !assigned.contains_key(id)
                && let Some(group) = mirror::group(c, id)?
            {
                assigned.insert(id.clone(), (group, Vec::new()));
            }
            if let Some((_, members)) = assigned.get_mut(id) {
                members.push(Member { id: (*user).to_owned(), kind: MemberKind::User });
            }
            keep(assignment);
        }
    }
    for id in groups {
        if let Some(group) = mirror::group(c, id)? {
            assigned.entry((*id).to_owned()).or_insert((group, Vec::new()));
        }
        membership::assignments_of(c, id)?.into_iter().for_each(|a| drop(keep(a)));
    }
    let roles = store::job::service_principal(c)?.map(|p| p.roles).unwrap_or_default();
    Ok(Entitlements::new(&assignments.into_values().collect::<Vec<_>>(), &assigned, &roles))
}

/// The roles of a user as expressions see them.
pub fn roles_of(entitlements: &Entitlements, id: &str) -> Vec<Role> {
    entitlements
        .roles_of(id)
        .into_iter()
        .map(|r| Role { id: r.id.clone(), value: r.value.clone(), display_name: r.display_name.clone() })
        .collect()
}

struct Evaluating<'a> {
    job: &'a Job,
    c: &'a Connection,
    read: &'a Read,
    /// Everything is looked at in the app anew: an initial cycle, or objects that were asked for by name.
    thorough: bool,
    /// Whether the cycle mentions everybody.
    everybody: bool,
    entitlements: Entitlements,
    retries: HashMap<(ObjectType, String), Retry>,
    now: String,
    /// What expressions may know, of users and of groups.
    contexts: [Context; 2],
    out: Evaluated,
}

/// Decides about every object, as far as that is possible without the app.
///
/// # Errors
/// When the store cannot be read.
pub fn evaluate(job: &Job, read: &Read, scope: &CycleScope) -> Result<Evaluated, SyncError> {
    let reader = job.store.reader()?;
    let asked = matches!(scope, CycleScope::Objects(_));
    let mut evaluating = Evaluating {
        job,
        c: &reader,
        read,
        thorough: asked || read.kind == CycleKind::Initial,
        everybody: !asked && read.kind == CycleKind::Initial,
        entitlements: entitlements(&reader)?,
        retries: retries::all(&reader)?.into_iter().map(|r| ((r.object_type, r.source_id.clone()), r)).collect(),
        now: job.now(),
        contexts: [context(&reader, job, ObjectType::User)?, context(&reader, job, ObjectType::Group)?],
        out: Evaluated::default(),
    };
    match scope {
        CycleScope::Everyone => {
            mirror::for_each_user(&reader, |user| evaluating.user(&user))?;
            if job.settings.groups {
                mirror::for_each_group(&reader, |group| evaluating.group(&group))?;
            }
        }
        CycleScope::Objects(objects) => {
            // Whoever was asked for is tried, whatever the back-off says.
            evaluating.retries.clear();
            for (object_type, id) in objects {
                match object_type {
                    ObjectType::User => {
                        if let Some(user) = mirror::user(&reader, id)? {
                            evaluating.user(&user)?;
                        }
                    }
                    ObjectType::Group => {
                        if let Some(group) = mirror::group(&reader, id)?.filter(|_| job.settings.groups) {
                            evaluating.group(&group)?;
                        }
                    }
                }
            }
        }
    }
    Ok(evaluating.out)
}

/// What expressions may know, with the values that are taken in the app: those that the ledger has of attributes whose
/// value has to be unique. What two people want in one cycle, the app decides; whoever loses tries another one later.
fn context(c: &Connection, job: &Job, object_type: ObjectType) -> Result<Context, StoreError> {
    let rules = &job.rules.of(object_type).mapping.rules;
    let mut taken: HashMap<String, Vec<String>> =
        rules.iter().filter(|rule| rule.source.is_unique()).map(|rule| (rule.target.clone(), Vec::new())).collect();
    if !taken.is_empty() {
        links::for_each(c, object_type, |link| {
            for (target, values) in &mut taken {
                values.extend(link.applied.get(target).and_then(|v| v.as_str()).map(str::to_owned));
            }
            Ok(())
        })?;
    }
    Ok(job.context().with_existing_of(taken))
}

impl Evaluating<'_> {
    fn user(&mut self, user: &DirectoryUser) -> Result<(), StoreError> {
        let job = self.job;
        // A mapping that is off is skipped: nobody is provisioned, and nobody is turned off for it (E1.12).
        if !job.rules.users.mapping.enabled {
            return Ok(());
        }
        let link = links::get(self.c, ObjectType::User, &user.id)?;
        let roles = roles_of(&self.entitlements, &user.id);
        let mut subject = user_subject(
            user,
            &self.entitlements,
            &roles,
            &job.rules.users,
            job.settings.scope,
            link,
            &self.contexts[0],
        );
        self.complete(&mut subject);
        if subject.standing == Standing::In
            && job.rules.users.reference.is_some()
            && let Some(manager) = user.manager.clone()
            && subject.link.as_ref().and_then(|l| l.manager.as_ref()) != Some(&manager)
            && self.may_try_reference(&subject)
        {
            let manager_name = mirror::user(self.c, &manager)?.map_or_else(|| manager.clone(), |m| m.name().to_owned());
            self.out.managers.push(WantedManager {
                subject: subject.clone(),
                link: subject.link.clone(),
                manager,
                manager_name,
            });
        }
        if self.worth_keeping(&subject, &job.rules.users) {
            self.out.users.push(subject);
        }
        Ok(())
    }

    fn group(&mut self, group: &DirectoryGroup) -> Result<(), StoreError> {
        let job = self.job;
        let link = links::get(self.c, ObjectType::Group, &group.id)?;
        let mut subject =
            group_subject(group, &self.entitlements, &job.rules.groups, job.settings.scope, link, &self.contexts[1]);
        self.complete(&mut subject);
        let members_mapped = job.rules.groups.reference.is_some();
        if subject.standing == Standing::In && members_mapped && self.may_try_reference(&subject) {
            let applied: BTreeSet<String> = links::members_applied(self.c, &group.id)?.into_iter().collect();
            let mut members = Vec::new();
            for member in mirror::members(self.c, &group.id)?.into_iter().filter(|m| m.kind == MemberKind::User) {
                // A user that was deleted is no member any more, even where the delta of the group does not say so.
                if let Some(user) = mirror::user(self.c, &member.id)?.filter(|u| u.removed.is_none()) {
                    members.push((member.id, user.name().to_owned()));
                }
            }
            let same = members.len() == applied.len() && members.iter().all(|(id, _)| applied.contains(id));
            if !same {
                self.out.members.push(WantedMembers {
                    subject: subject.clone(),
                    link: subject.link.clone(),
                    members,
                    applied,
                });
            }
        }
        if self.worth_keeping(&subject, &job.rules.groups) {
            self.out.groups.push(subject);
        }
        Ok(())
    }

    fn complete(&self, subject: &mut Subject) {
        subject.touched = self.everybody || self.read.touched.contains(&subject.source_id);
        subject.retry = self.retries.get(&(subject.object_type, subject.source_id.clone())).cloned();
    }

    /// A failed reference waits like any other failure.
    fn may_try_reference(&self, subject: &Subject) -> bool {
        subject
            .retry
            .as_ref()
            .filter(|r| r.reference)
            .is_none_or(|r| self.thorough || retry::due(r, &subject.fingerprint(), &self.now))
    }

    fn worth_keeping(&self, subject: &Subject, rules: &ObjectRules) -> bool {
        if let Some(retry) = subject.retry.as_ref().filter(|r| !r.reference)
            && !self.thorough
            && !retry::due(retry, &subject.fingerprint(), &self.now)
        {
            return false;
        }
        match &subject.course {
            Course::Nothing => false,
            Course::Skip { .. } => subject.touched,
            Course::LetGo { .. } | Course::Unmanage | Course::Disable { .. } | Course::Delete => true,
            Course::Provision => self.thorough || subject.touched || !subject.in_step(rules),
        }
    }
}
