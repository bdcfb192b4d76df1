//! Which account: the matching attributes in their order, on what the app showed (E6).
//!
//! Pure. What the app returned is never believed without a look: a server that ignores a filter answers with
//! everybody, and the first of everybody is a stranger.

use super::plan::Seen;
use super::project::{ObjectRules, Subject};
use crate::scim::resource;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

/// Whether a resource really carries a matching value, by the attribute's own rules of comparison (E6.18).
pub fn carries(found: &Value, rule: usize, wanted: &str, rules: &ObjectRules) -> bool {
    resource::get(found, &rules.paths[rule])
        .is_some_and(|held| resource::same(&held, &Value::from(wanted), rules.rule(rule).case_exact))
}

/// The key under which a matching value is indexed.
pub fn key(value: &str, case_exact: bool) -> String {
    if case_exact { value.to_owned() } else { value.to_lowercase() }
}

/// Whether a rule carries the directory id itself: such a value belongs to one object and to no other.
pub fn is_anchor(rule: usize, value: &Value, subject: &Subject, rules: &ObjectRules) -> bool {
    rules.target(rule).eq_ignore_ascii_case("externalId") && value.as_str() == Some(&subject.source_id)
}

/// Whether a resource is the one that a conflict or a lost answer was about: it carries a matching value, whatever the
/// letter case or the composition of its characters, or the directory id itself. Values such as a nickname prove
/// nothing: two people may share them.
pub fn is_subject(found: &Value, subject: &Subject, rules: &ObjectRules) -> bool {
    let loose = |text: &str| text.trim().nfkc().collect::<String>().to_lowercase();
    let matches = subject.matching.iter().any(|(rule, wanted)| {
        carries(found, *rule, wanted, rules)
            || resource::get(found, &rules.paths[*rule])
                .and_then(|held| held.as_str().map(loose))
                .is_some_and(|held| held == loose(wanted))
    });
    let anchored = subject.values.iter().any(|(rule, value)| {
        is_anchor(*rule, value, subject, rules) && carries(found, *rule, &subject.source_id, rules)
    });
    matches || anchored
}

/// Whether a resource says anything about a matching attribute.
pub fn shows_key(found: &Value, subject: &Subject, rules: &ObjectRules) -> bool {
    subject.matching.iter().any(|(rule, _)| resource::get(found, &rules.paths[*rule]).is_some())
}

/// Whether the resource that a create was answered with is another one than was sent: it has another name, and does
/// not carry most of the rest either. An app that rewrites names keeps the rest.
pub fn is_stranger(found: &Value, subject: &Subject, rules: &ObjectRules) -> bool {
    if !shows_key(found, subject, rules) || is_subject(found, subject, rules) {
        return false;
    }
    let texts = || {
        let optional = |rule: &usize| !rules.matching().contains(rule);
        subject.values.iter().filter(move |(rule, value)| optional(rule) && value.is_string())
    };
    let held = texts().filter(|(rule, value)| {
        rules.held(*rule, found).is_some_and(|held| resource::same(&held, value, rules.rule(*rule).case_exact))
    });
    held.count() * 2 < texts().count().max(1)
}

/// Reduces the candidates for one matching attribute: `None` means that the next attribute is tried.
pub fn choose(candidates: Vec<Value>) -> Option<Seen> {
    let mut distinct: Vec<Value> = Vec::new();
    for candidate in candidates {
        let id = candidate.get("id").and_then(Value::as_str);
        if !distinct.iter().any(|d| d.get("id").and_then(Value::as_str) == id) {
            distinct.push(candidate);
        }
    }
    match distinct.len() {
        0 => None,
        1 => distinct.pop().map(|found| Seen::One(Box::new(found))),
        _ => Some(Seen::Many(
            distinct.iter().map(|d| d.get("id").and_then(Value::as_str).unwrap_or("(no id)").to_owned()).collect(),
        )),
    }
}

/// Tries the matching attributes in ascending precedence and stops at the first that yields something (E6.2).
pub fn match_subject(
    subject: &Subject,
    rules: &ObjectRules,
    mut candidates: impl FnMut(usize, &str) -> Vec<Value>,
) -> Seen {
    for (rule, value) in &subject.matching {
        let fitting = candidates(*rule, value).into_iter().filter(|c| carries(c, *rule, value, rules)).collect();
        if let Some(seen) = choose(fitting) {
            return seen;
        }
    }
    Seen::Absent
}
