//! What a person should know before settings are saved.

use super::{Change, Field, Settings};
use crate::model::Counts;

/// Changes as a list in one line: `interval from 40m to 20m, groups from off to on`.
pub fn list(changes: &[Change]) -> String {
    let said = |field: Field, text: &str| match field.kind() {
        super::Kind::Text(Some(empty)) if text.is_empty() => empty.to_owned(),
        _ => text.to_owned(),
    };
    let words: Vec<String> = changes
        .iter()
        .map(|c| format!("{} from {} to {}", c.field, said(c.field, &c.from), said(c.field, &c.to)))
        .collect();
    words.join(", ")
}

/// What a change brings with it that its name does not say; `wanted` are the settings as they will be.
pub fn cost(change: &Change, wanted: &Settings) -> Option<&'static str> {
    let kept = wanted.get(Field::SkipOutOfScopeDeletions) == "on";
    match (change.field, change.to.as_str()) {
        (Field::Enabled, "off") => Some("A cycle that runs goes on to its end; no other begins."),
        (Field::Scope, "all") => {
            Some("Everybody in the directory is in scope: the next cycle creates an account for all who have none.")
        }
        (Field::Scope, _) if kept => {
            Some("Whoever is not assigned falls out of scope; their accounts stay as they are, nobody manages them.")
        }
        (Field::Scope, _) => {
            Some("Whoever is not assigned falls out of scope: the next cycle disables their accounts.")
        }
        (Field::ExcludeDefaultAccess, "on") if kept => Some(
            "People with Default Access only fall out of scope; their accounts stay as they are, nobody manages them.",
        ),
        (Field::ExcludeDefaultAccess, "on") => {
            Some("People with Default Access only fall out of scope: the next cycle disables their accounts.")
        }
        (Field::ExcludeDefaultAccess, _) => {
            Some("People with Default Access only come into scope: the next cycle creates accounts for them.")
        }
        (Field::Groups, "on") => {
            Some("The next cycle is an initial one: it looks at everybody, and creates the groups in scope.")
        }
        (Field::Groups, _) => Some(
            "The next cycle is an initial one. Groups that are in the app stay there; nobody keeps their members up to date.",
        ),
        (Field::SkipOutOfScopeDeletions, "on") => {
            Some("Whoever falls out of scope keeps an account that works; nobody manages it any more.")
        }
        (Field::SkipOutOfScopeDeletions, _) => {
            Some("Accounts of people who fall out of scope from now on are disabled, groups deleted.")
        }
        (Field::DeletionThreshold, "") => Some("A cycle may disable and delete any number of accounts unasked."),
        (Field::TenantUrl, _) => Some(
            "Links to accounts belong to one app: with another host the job runs only after `heeler restart --full`.",
        ),
        _ => None,
    }
}

/// What turning the job on would do, in a sentence; `counts` are those of a dry run, `None` if there was none.
pub fn on_does(counts: Option<&Counts>, number: impl Fn(u64) -> String) -> String {
    let Some(counts) = counts else {
        return "A cycle begins at once and then at every interval. 5 Plan shows what it would do.".to_owned();
    };
    let parts: Vec<String> = [
        ("create", counts.created),
        ("update", counts.updated),
        ("enable", counts.enabled),
        ("disable", counts.disabled),
        ("delete", counts.deleted),
    ]
    .into_iter()
    .filter(|(_, n)| *n > 0)
    .map(|(verb, n)| format!("{verb} {}", number(n)))
    .collect();
    let does = if parts.is_empty() { "change nothing".to_owned() } else { parts.join(", ") };
    let held = match counts.held {
        0 => String::new(),
        n => format!("; {} wait for you to release or reject them", number(n)),
    };
    format!("A cycle begins at once. It would {does}{held}.")
}
