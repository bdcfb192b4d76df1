//! What we want: the mapping over one directory object, with where it stands and what the ledger says.
//!
//! Pure.

use super::scope::{
    Course, Entitlements, ScopeSetting, Standing, group_course, group_standing, user_course, user_standing,
};
use crate::expression::{Context, Role};
use crate::mapping::{self, CompiledMapping, Flow, FlowType, Projection, Rule, ScopingFilter, SourceObject, Verdict};
use crate::model::{DirectoryGroup, DirectoryUser, Link, ObjectType, Removed, Retry};
use crate::scim::filter::FilterError;
use crate::scim::path::AttrPath;
use crate::scim::resource;
use serde_json::Value;
use std::hash::{Hash, Hasher};

/// A mapping with its target paths parsed.
#[derive(Clone, Debug)]
pub struct ObjectRules {
    /// The mapping.
    pub mapping: CompiledMapping,
    /// Target path of each rule, in the order of the rules.
    pub paths: Vec<AttrPath>,
    /// The rule that carries the manager or the members, if one does.
    pub reference: Option<usize>,
    /// Which changes may be made (E1.13).
    pub flow: Flow,
}

impl ObjectRules {
    /// Parses the target paths of a mapping.
    ///
    /// # Errors
    /// When a target is no SCIM attribute path.
    pub fn new(mapping: CompiledMapping) -> Result<Self, FilterError> {
        let paths = mapping.rules.iter().map(|r| AttrPath::parse(&r.target)).collect::<Result<Vec<_>, _>>()?;
        let reference = mapping.rules.iter().position(|r| r.reference);
        let flow = mapping.flow;
        Ok(Self { mapping, paths, reference, flow })
    }

    /// A rule.
    pub fn rule(&self, index: usize) -> &Rule {
        &self.mapping.rules[index]
    }

    /// The target of a rule as text.
    pub fn target(&self, index: usize) -> &str {
        &self.mapping.rules[index].target
    }

    /// The rule that writes a target.
    pub fn index_of(&self, target: &str) -> Option<usize> {
        self.mapping.rules.iter().position(|r| r.target == target)
    }

    /// Whether a rule fills several elements of one type, such as `emails[type eq "other"].value`.
    pub fn fills_elements(&self, index: usize) -> bool {
        self.rule(index).multivalued && self.paths[index].filter.is_some() && self.paths[index].sub.is_some()
    }

    /// What a resource holds for a rule.
    pub fn held(&self, index: usize, resource: &Value) -> Option<Value> {
        if self.fills_elements(index) {
            resource::get_each(resource, &self.paths[index])
        } else {
            resource::get(resource, &self.paths[index])
        }
    }

    /// The matching rules, lowest precedence number first.
    pub fn matching(&self) -> &[usize] {
        &self.mapping.matching
    }
}

/// The rules of both object types.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Users.
    pub users: ObjectRules,
    /// Groups. Present even when they are not provisioned, so that leftovers can be read.
    pub groups: ObjectRules,
}

impl Rules {
    /// The rules of one object type.
    pub fn of(&self, object_type: ObjectType) -> &ObjectRules {
        match object_type {
            ObjectType::User => &self.users,
            ObjectType::Group => &self.groups,
        }
    }
}

impl Rules {
    /// Graph properties to read of users, `manager` among them.
    pub fn user_properties(&self) -> Vec<String> {
        let mut properties = mapping::graph_properties(&[&self.users.mapping]);
        properties.push("manager".into());
        properties
    }

    /// Graph properties to read of groups, `members` among them.
    pub fn group_properties(&self) -> Vec<String> {
        let mut properties = mapping::group_properties(&[&self.groups.mapping]);
        properties.push("members".into());
        properties
    }
}

/// Why an object cannot be provisioned as mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectProblem {
    /// Code of E13c.
    pub code: String,
    /// In words.
    pub message: String,
}

/// One directory object with everything that is decided about it before the app is asked.
#[derive(Clone, Debug)]
pub struct Subject {
    /// User or group.
    pub object_type: ObjectType,
    /// Directory object id.
    pub source_id: String,
    /// Name people know it by; untrusted.
    pub name: String,
    /// `userPrincipalName`, for the log.
    pub principal_name: Option<String>,
    /// How it left the directory, if it did.
    pub removed: Option<Removed>,
    /// Whether an assignment reaches it.
    pub assigned: bool,
    /// Where it stands.
    pub standing: Standing,
    /// What the lifecycle table asks for.
    pub course: Course,
    /// The ledger entry.
    pub link: Option<Link>,
    /// What the app should hold: rule and value.
    pub values: Vec<(usize, Value)>,
    /// Defaults that a create sends along (E7.4).
    pub defaults: Vec<(usize, Value)>,
    /// What turns it off (E7.20).
    pub off_values: Vec<(usize, Value)>,
    /// Matching values in their order: rule and text (E6.4).
    pub matching: Vec<(usize, String)>,
    /// What keeps it from being provisioned.
    pub problem: Option<SubjectProblem>,
    /// What keeps it from being created, beyond `problem`: required attributes without a value (E7.5).
    pub create_problem: Option<SubjectProblem>,
    /// Whether this cycle was told about it.
    pub touched: bool,
    /// The failure it waits on, if any.
    pub retry: Option<Retry>,
}

impl Subject {
    /// An object about which nothing else is known yet.
    pub fn new(
        object_type: ObjectType,
        source_id: &str,
        name: &str,
        standing: Standing,
        course: Course,
        link: Option<Link>,
    ) -> Self {
        Self {
            object_type,
            source_id: source_id.to_owned(),
            name: name.to_owned(),
            principal_name: None,
            removed: None,
            assigned: false,
            standing,
            course,
            link,
            values: Vec::new(),
            defaults: Vec::new(),
            off_values: Vec::new(),
            matching: Vec::new(),
            problem: None,
            create_problem: None,
            touched: false,
            retry: None,
        }
    }

    /// The matching attributes and values, in words.
    pub fn matching_words(&self, rules: &ObjectRules) -> String {
        let words: Vec<String> = self.matching.iter().map(|(i, v)| format!("{} \"{v}\"", rules.target(*i))).collect();
        words.join(" or ")
    }

    /// A short text that changes whenever what we want for the object changes (E10.4).
    pub fn fingerprint(&self) -> String {
        let mut hasher = std::hash::DefaultHasher::new();
        format!("{:?}", self.course).hash(&mut hasher);
        for (i, value) in self.values.iter().chain(&self.off_values) {
            i.hash(&mut hasher);
            value.to_string().hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }

    /// Whether the ledger says that the app already holds what we want.
    pub fn in_step(&self, rules: &ObjectRules) -> bool {
        let Some(link) = &self.link else { return false };
        link.managed
            && link.active
            && !link.broken
            && self.values.iter().all(|(i, value)| {
                let rule = rules.rule(*i);
                rule.flow_type == FlowType::ObjectAddOnly
                    || link.applied.get(&rule.target).is_some_and(|held| resource::same(held, value, rule.case_exact))
            })
    }
}

/// What the scoping filter says, in words, when it says no.
fn filtered(filter: Option<&ScopingFilter>, source: &SourceObject<'_>) -> Option<String> {
    let verdict = filter?.evaluate(source);
    (!verdict.in_scope || !verdict.considered).then(|| filter_words(&verdict))
}

/// The clauses that do not hold.
pub fn filter_words(verdict: &Verdict) -> String {
    let failing: Vec<String> = verdict
        .clauses
        .iter()
        .filter(|c| !c.holds)
        .map(|c| format!("{} {} {}", c.attribute, c.operator, words(&c.value)).trim_end().to_owned())
        .collect();
    if failing.is_empty() { "left out by an input filter".into() } else { failing.join("; ") }
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the job says about scope.
#[derive(Clone, Copy, Debug)]
pub struct ScopeRules {
    /// Assigned or all.
    pub setting: ScopeSetting,
    /// Whether users with Default Access alone are left out (E3.9).
    pub exclude_default_access: bool,
    /// Whether accounts that leave scope are left alone (E3.42).
    pub skip_out_of_scope: bool,
}

/// Decides everything about a user that can be decided without the app.
pub fn user_subject(
    user: &DirectoryUser,
    entitlements: &Entitlements,
    roles: &[Role],
    rules: &ObjectRules,
    scope: ScopeRules,
    link: Option<Link>,
    context: &Context,
) -> Subject {
    let source = SourceObject::user(user).with_roles(roles);
    let filter = rules.mapping.filter.as_ref();
    let standing =
        user_standing(user, entitlements, scope.setting, scope.exclude_default_access, || filtered(filter, &source));
    let course = user_course(&standing, link.as_ref(), rules.flow, scope.skip_out_of_scope);
    let mut subject = Subject::new(ObjectType::User, &user.id, user.name(), standing, course, link);
    subject.principal_name = user.text("userPrincipalName").map(str::to_owned);
    subject.removed = user.removed;
    subject.assigned = entitlements.of_user(&user.id).is_some();
    match subject.course {
        Course::Provision => provision(&mut subject, &source, rules, context),
        Course::Disable { .. } => subject.off_values = rules.mapping.soft_delete_values(&source, context).values,
        _ => {}
    }
    subject
}

/// The same for a group.
pub fn group_subject(
    group: &DirectoryGroup,
    entitlements: &Entitlements,
    rules: &ObjectRules,
    scope: ScopeRules,
    link: Option<Link>,
    context: &Context,
) -> Subject {
    let source = SourceObject::group(group);
    let filter = rules.mapping.filter.as_ref();
    let standing = group_standing(group, entitlements, scope.setting, || filtered(filter, &source));
    let course = group_course(&standing, link.as_ref(), rules.flow, scope.skip_out_of_scope);
    let mut subject = Subject::new(ObjectType::Group, &group.id, group.name(), standing, course, link);
    subject.removed = group.removed;
    subject.assigned = entitlements.has_group(&group.id);
    if subject.course == Course::Provision {
        provision(&mut subject, &source, rules, context);
    }
    subject
}

fn provision(subject: &mut Subject, source: &SourceObject<'_>, rules: &ObjectRules, context: &Context) {
    let projection = rules.mapping.project(source, false, context);
    subject.matching = matching_texts(&projection, rules);
    subject.problem = problem(subject, source, &projection, rules);
    subject.defaults = rules.mapping.default_for_create(&projection);
    subject.create_problem = rules
        .mapping
        .for_create(&projection)
        .problems
        .first()
        .map(|p| SubjectProblem { code: p.code.clone(), message: p.message.clone() });
    subject.values = projection.values;
}

fn matching_texts(projection: &Projection, rules: &ObjectRules) -> Vec<(usize, String)> {
    rules
        .matching()
        .iter()
        .filter_map(|i| {
            let text = words(projection.value(*i)?);
            (!text.is_empty()).then_some((*i, text))
        })
        .collect()
}

fn problem(
    subject: &Subject,
    source: &SourceObject<'_>,
    projection: &Projection,
    rules: &ObjectRules,
) -> Option<SubjectProblem> {
    if projection.ignore_object {
        return Some(SubjectProblem {
            code: "EntrySynchronizationSkipped".into(),
            message: "the mapping says that this object is left alone".into(),
        });
    }
    if let Some(first) = projection.problems.first() {
        return Some(SubjectProblem { code: first.code.clone(), message: first.message.clone() });
    }
    // A linked object is addressed by its id; matching values are needed only to find one (E6.15).
    if subject.link.is_none() && subject.matching.is_empty() {
        let names: Vec<&str> = rules.matching().iter().map(|i| rules.target(*i)).collect();
        return Some(SubjectProblem {
            code: "ImportSkipped".into(),
            message: format!("no value for the matching attribute {} of {}", names.join(", "), source.id()),
        });
    }
    None
}
