//! Which rule recent failures are about: from what the log says of each cause.

use super::other;
use crate::console::query::Sources;
use crate::model::{LogEntry, LogStatus, ObjectType};
use crate::store::StoreError;
use crate::store::log::{self, CauseRow, LogFilter};
use crate::store::window::Anchor;

/// Hours that failures are counted over, the running one included: those of the log's causes, where they lead.
const HOURS: u16 = 24;
/// Causes that are looked into: the most frequent ones.
const CAUSES: usize = 20;
/// Entries of a cause among which one about users, or about groups, is looked for.
const ENTRIES: usize = 10;

/// Failures with one cause that are about one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Blame {
    /// Target path of the rule.
    pub target: String,
    /// The cause.
    pub cause: CauseRow,
    /// What the last one said, in the app's own words; untrusted.
    pub said: String,
}

/// The failures of the last 24 hours that are about a rule, the most frequent first. Reads what is counted and a few
/// entries of each cause, however long the log is.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn read(sources: &Sources<'_>, object_type: ObjectType) -> Result<Vec<Blame>, StoreError> {
    let rules = &sources.facts.rules.of(object_type).mapping.rules;
    let targets: Vec<&str> = rules.iter().map(|rule| rule.target.as_str()).collect();
    let causes = log::cause_table(sources.c, sources.now, HOURS)?.rows;
    let mut found = Vec::new();
    for cause in causes.into_iter().filter(|cause| cause.status == LogStatus::Failure).take(CAUSES) {
        let Some(entry) = newest(sources, object_type, &cause)? else { continue };
        let Some(target) = blamed(&entry, &targets) else { continue };
        found.push(Blame { target: target.to_owned(), said: said(&entry), cause });
    }
    Ok(found)
}

/// The newest entry of a cause that may be about such objects.
fn newest(sources: &Sources<'_>, object_type: ObjectType, cause: &CauseRow) -> Result<Option<LogEntry>, StoreError> {
    let filter = LogFilter { cause: Some(cause.id), ..LogFilter::default() };
    let lines = log::window(sources.c, &filter, &Anchor::Start, ENTRIES)?.rows;
    match lines.into_iter().find(|line| line.object_type != other(object_type).as_str()) {
        Some(line) => Ok(log::get(sources.c, &line.id)?.map(|row| row.entry)),
        None => Ok(None),
    }
}

fn said(entry: &LogEntry) -> String {
    let error = entry.provisioning_status_info.error_information.as_ref();
    error.map(|e| e.reason.clone()).unwrap_or_default()
}

/// The rule that a failure is about: one that its words name, the most exact name first; else the only attribute that
/// was to be written.
fn blamed<'a>(entry: &LogEntry, targets: &[&'a str]) -> Option<&'a str> {
    let error = entry.provisioning_status_info.error_information.as_ref()?;
    let words = format!("{}\n{}", error.reason, error.additional_details.as_deref().unwrap_or_default()).to_lowercase();
    let named = |target: &&&str| contains(&words, &target.to_lowercase());
    if let Some(target) = targets.iter().filter(named).max_by_key(|target| target.len()) {
        return Some(target);
    }
    // `phoneNumbers` for `phoneNumbers[type eq "work"].value`, unless two rules begin like that.
    let touched = |target: &str| entry.modified_properties.iter().any(|p| p.display_name == target);
    let by_head: Vec<&&str> = targets.iter().filter(|target| contains(&words, &head(target).to_lowercase())).collect();
    match by_head.as_slice() {
        [one] => return Some(one),
        [] => {}
        several => {
            let changed: Vec<&&&str> = several.iter().filter(|target| touched(target)).collect();
            if let [one] = changed.as_slice() {
                return Some(one);
            }
        }
    }
    match entry.modified_properties.as_slice() {
        [one] => targets.iter().find(|target| **target == one.display_name).copied(),
        _ => None,
    }
}

/// The attribute without schema, filter and sub-attribute.
fn head(target: &str) -> &str {
    let plain = if target.starts_with("urn:") { target.rsplit(':').next().unwrap_or(target) } else { target };
    plain.split(['[', '.']).next().unwrap_or(plain)
}

/// Whether a text has a name in it as a word of its own.
fn contains(words: &str, name: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty()
        && words.match_indices(name).any(|(at, _)| {
            let before = words[..at].chars().next_back().is_none_or(|c| !inside(c));
            let behind = words[at + name.len()..].chars().next().is_none_or(|c| !inside(c));
            before && behind
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::view::mapping::tests::failure;

    #[test]
    fn failures_are_blamed_on_the_rule_that_their_words_name() {
        let targets =
            ["title", "emails[type eq \"work\"].value", "phoneNumbers[type eq \"work\"].value", "name.givenName"];
        let of = |words: &str, changed: &[&str]| blamed(&failure("a", words, changed), &targets);
        assert_eq!(of("400: phoneNumbers[type eq \"work\"].value is not E.164", &[]), Some(targets[2]));
        assert_eq!(of("400 invalidValue: `phoneNumbers` must be E.164", &["title"]), Some(targets[2]));
        assert_eq!(of("the titles are wrong", &["title", "userName"]), None);
        assert_eq!(of("something is wrong", &["title"]), Some("title"));
        assert_eq!(of("something is wrong", &["title", "name.givenName"]), None);
        assert_eq!(of("name.givenname is too long", &["title"]), Some("name.givenName"));
    }
}
