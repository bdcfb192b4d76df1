//! What is stored beside users and groups for order and search.

use super::super::fold::fold;
use serde_json::{Map, Value};

/// What is stored beside a user for order and search.
pub(super) struct UserKeys {
    pub(super) name: String,
    pub(super) upn: Option<String>,
    pub(super) mail: Option<String>,
    pub(super) search: String,
    pub(super) department: String,
    pub(super) title: String,
}

impl UserKeys {
    pub(super) fn of(id: &str, properties: &Map<String, Value>) -> Self {
        let folded = |name: &str| properties.get(name).and_then(Value::as_str).map(fold).filter(|s| !s.is_empty());
        let (display, upn, mail) = (folded("displayName"), folded("userPrincipalName"), folded("mail"));
        let name = display.clone().or_else(|| upn.clone()).unwrap_or_else(|| fold(id));
        let (title, department) = (folded("jobTitle"), folded("department"));
        let others = [folded("givenName"), folded("surname"), title.clone(), department.clone()];
        let search = search_text([display, upn.clone(), mail.clone()].into_iter().chain(others));
        let (department, title) = (department.unwrap_or_default(), title.unwrap_or_default());
        Self { name, upn, mail, search, department, title }
    }
}

/// The same of a group.
pub(super) struct GroupKeys {
    pub(super) name: String,
    pub(super) mail: Option<String>,
    pub(super) search: String,
}

impl GroupKeys {
    pub(super) fn of(id: &str, properties: &Map<String, Value>) -> Self {
        let folded = |name: &str| properties.get(name).and_then(Value::as_str).map(fold).filter(|s| !s.is_empty());
        let (display, mail) = (folded("displayName"), folded("mail"));
        let name = display.clone().unwrap_or_else(|| fold(id));
        let search = search_text([display, mail.clone(), folded("mailNickname"), folded("description")].into_iter());
        Self { name, mail, search }
    }
}

/// The searchable text: one field per line, without fields that an earlier one contains (mail is mostly the user
/// principal name, the surname mostly part of the display name): the index gets half as large.
fn search_text(fields: impl Iterator<Item = Option<String>>) -> String {
    let mut text = String::new();
    for field in fields.flatten() {
        if !text.contains(&field) {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&field);
        }
    }
    text
}
