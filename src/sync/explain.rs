//! Why: one object's scope, match and difference, from the store alone.

use super::cycle::{entitlements_of, roles_of};
use super::project::{Rules, ScopeRules, Subject, filter_words, group_subject, user_subject};
use super::retry;
use super::scope::{Course, Standing};
use crate::expression::Context;
use crate::mapping::{SourceObject, Verdict};
use crate::model::{Change, ObjectType, Retry, Verb};
use crate::scim::resource;
use crate::store::operations::Verdict as Said;
use crate::store::{StoreError, links, mirror, operations, retries};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;

/// What can be said about one object without asking anybody.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The object as it was evaluated.
    pub subject: Subject,
    /// What would happen next, in words.
    pub next: String,
    /// How it was or would be matched, in words.
    pub matching: String,
    /// Groups through which it is assigned.
    pub through: Vec<String>,
    /// Roles it holds.
    pub roles: Vec<String>,
    /// The scoping filter with each clause, if the mapping has one.
    pub filter: Option<Verdict>,
    /// Mapped values against last applied values.
    pub changes: Vec<Change>,
    /// The failure it waits on.
    pub retry: Option<Retry>,
}

/// Explains one user or group; `None` if the mirror does not have it.
///
/// # Errors
/// When the store cannot be read.
pub fn explain(
    c: &Connection,
    object_type: ObjectType,
    id: &str,
    rules: &Rules,
    scope: ScopeRules,
    context: &Context,
) -> Result<Option<Explanation>, StoreError> {
    let entitlements = match object_type {
        ObjectType::User => entitlements_of(c, &[id], &[])?,
        ObjectType::Group => entitlements_of(c, &[], &[id])?,
    };
    let link = links::get(c, object_type, id)?;
    let object_rules = rules.of(object_type);
    let (subject, filter) = match object_type {
        ObjectType::User => {
            let Some(user) = mirror::user(c, id)? else { return Ok(None) };
            let roles = roles_of(&entitlements, id);
            let subject = user_subject(&user, &entitlements, &roles, object_rules, scope, link, context);
            let source = SourceObject::user(&user).with_roles(&roles);
            (subject, object_rules.mapping.filter.as_ref().map(|f| f.evaluate(&source)))
        }
        ObjectType::Group => {
            let Some(group) = mirror::group(c, id)? else { return Ok(None) };
            let subject = group_subject(&group, &entitlements, object_rules, scope, link, context);
            let source = SourceObject::group(&group);
            (subject, object_rules.mapping.filter.as_ref().map(|f| f.evaluate(&source)))
        }
    };
    let changes = difference(&subject, rules);
    let matching = match &subject.link {
        Some(link) if link.broken => format!("the app no longer has the resource {}", link.target_id),
        Some(link) => format!("linked to {} ({})", link.target_id, link.origin.as_str()),
        None if subject.matching.is_empty() => "not linked".into(),
        None => format!("not linked; would be matched by {}", subject.matching_words(object_rules)),
    };
    let waiting = retries::get(c, object_type, id)?;
    let next = match waiting_words(&subject, waiting.as_ref(), Timestamp::now()) {
        Some(waits) => waits,
        None => match rejected_words(c, &subject)? {
            Some(rejected) => rejected,
            None => next_words(&subject, changes.is_empty()),
        },
    };
    let entitlement = entitlements.of_user(id);
    Ok(Some(Explanation {
        next,
        matching,
        through: entitlement.map(|e| e.through.iter().cloned().collect()).unwrap_or_default(),
        roles: entitlements.roles_of(id).into_iter().map(|r| r.display_name.clone()).collect(),
        filter,
        changes,
        retry: waiting,
        subject,
    }))
}

/// What the mapping gives against what was last applied.
fn difference(subject: &Subject, rules: &Rules) -> Vec<Change> {
    let rules = rules.of(subject.object_type);
    let values = match &subject.course {
        Course::Disable { .. } => &subject.off_values,
        _ => &subject.values,
    };
    values
        .iter()
        .filter_map(|(i, new)| {
            let rule = rules.rule(*i);
            let old = subject.link.as_ref().and_then(|l| l.applied.get(&rule.target)).cloned().unwrap_or(Value::Null);
            (!resource::same(&old, new, rule.case_exact)).then(|| Change {
                attribute: rule.target.clone(),
                old,
                new: new.clone(),
            })
        })
        .collect()
}

/// That a failed object is left alone until its time comes, as every incremental cycle does (E10.3, E10.4).
fn waiting_words(subject: &Subject, retry: Option<&Retry>, now: Timestamp) -> Option<String> {
    // A failed reference (manager, member) does not keep the object itself waiting.
    let retry = retry.filter(|retry| !retry.reference)?;
    if subject.course == Course::Nothing || retry::due(retry, &subject.fingerprint(), &now.to_string()) {
        return None;
    }
    Some(format!("waits until {} because of {}, unless the source changes", second(&retry.next_attempt), retry.code))
}

/// That a person forbade the removal which would be next.
fn rejected_words(c: &Connection, subject: &Subject) -> Result<Option<String>, StoreError> {
    let verb = match &subject.course {
        Course::Disable { .. } => Verb::Disable,
        Course::Delete => Verb::Delete,
        _ => return Ok(None),
    };
    let decision = operations::decision(c, subject.object_type, &subject.source_id, verb)?;
    Ok(decision.filter(|decision| decision.verdict == Said::Rejected).map(|decision| {
        format!("nothing: the {verb} was rejected by {} at {} and will not happen", decision.by, second(&decision.at))
    }))
}

/// An instant to the second, for people.
fn second(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn next_words(subject: &Subject, same: bool) -> String {
    if let Some(problem) = &subject.problem {
        return format!("cannot be provisioned: {}", problem.message);
    }
    match &subject.course {
        Course::Provision => match &subject.link {
            None => "the next cycle looks for the account, and creates it if there is none".into(),
            Some(link) if !link.active => "the next cycle turns the account on again".into(),
            Some(_) if same => "nothing: the app was last given these values".into(),
            Some(_) => "the next cycle writes what differs".into(),
        },
        Course::Disable { .. } => "the next cycle turns the account off".into(),
        Course::Delete => "the next cycle deletes the resource".into(),
        Course::Unmanage => "the account is off already; the job stops managing it".into(),
        Course::LetGo { reason } => format!("nothing: {reason}; the job stops managing it"),
        Course::Skip { reason, .. } => format!("nothing: {reason}"),
        Course::Nothing => match subject.standing {
            Standing::In => "nothing".into(),
            _ => format!("nothing: {}", subject.standing.words()),
        },
    }
}

/// The failing clauses of a filter, in words.
pub fn verdict_words(verdict: &Verdict) -> String {
    if verdict.in_scope { "the scoping filter says yes".into() } else { filter_words(verdict) }
}
