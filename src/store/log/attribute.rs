//! Which attribute an entry is about, for lists and causes. A guess from the app's words: it decides nothing.

use crate::model::LogEntry;
use crate::model::log::ModifiedProperty;

/// Characters of a value that a list can show; the entry has all of it.
const VALUE: usize = 200;
/// Attribute names shorter than this are found as whole words only.
const LONG: usize = 6;

/// The changed attribute that an entry is about: the only one, or the one that its error names. `None` when there is
/// none, or several fit as well.
pub(super) fn concerned(entry: &LogEntry) -> Option<&ModifiedProperty> {
    let changed = &entry.modified_properties;
    if let [only] = changed.as_slice() {
        return Some(only);
    }
    let error = entry.provisioning_status_info.error_information.as_ref()?;
    named(&error.reason, changed).or_else(|| named(error.additional_details.as_deref()?, changed))
}

fn named<'a>(words: &str, changed: &'a [ModifiedProperty]) -> Option<&'a ModifiedProperty> {
    let text = words.to_lowercase();
    let singles: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let joined = singles.concat();
    let score = |path: &str| -> u32 {
        let path = path.to_lowercase();
        if path.contains(['.', '[', ':']) && text.contains(&path) {
            return 9;
        }
        // Behind the last colon is the attribute of an extension; a filter and a sub-attribute may follow.
        let core = path.rsplit_once("]").map_or(path.as_str(), |(head, _)| head);
        let (head, filter) = core.split_once('[').unwrap_or((core, ""));
        let head = head.rsplit(':').next().unwrap_or(head);
        let mut parts = head.split('.');
        let attribute = parts.next().unwrap_or_default();
        let sub = parts.next().or_else(|| path.rsplit_once("].").map(|(_, sub)| sub)).filter(|sub| *sub != "value");
        let has = |word: &str| singles.contains(&word);
        let spelled = |word: &str| {
            let stem = word.trim_end_matches('s');
            has(word) || (stem.len() >= LONG && joined.contains(stem))
        };
        // "name" is a word of every other refusal.
        let hit = if attribute == "name" { sub.is_some_and(spelled) } else { spelled(attribute) };
        if !hit {
            return 0;
        }
        let kind = filter.split('"').nth(1).is_some_and(has);
        2 + u32::from(kind) + u32::from(sub.is_some_and(has))
    };
    let mut best = (0, None);
    for property in changed {
        let score = score(&property.display_name);
        if score > best.0 {
            best = (score, Some(property));
        } else if score == best.0 {
            best.1 = None;
        }
    }
    best.1
}

/// The beginning of a value, as long as a list can show it.
pub(super) fn short(value: &str) -> &str {
    value.char_indices().nth(VALUE).map_or(value, |(end, _)| &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(words: &str) -> Option<&'static str> {
        const PATHS: [&str; 7] = [
            "userName",
            "name.givenName",
            "title",
            "phoneNumbers[type eq \"work\"].value",
            "phoneNumbers[type eq \"mobile\"].value",
            "emails[type eq \"work\"].value",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        ];
        let changed = PATHS.map(|path| ModifiedProperty {
            display_name: path.to_owned(),
            old_value: None,
            new_value: Some("x".into()),
        });
        let found = named(words, &changed)?.display_name.clone();
        PATHS.into_iter().find(|path| *path == found)
    }

    #[test]
    fn the_words_of_a_refusal_name_the_attribute() {
        for (words, expected) in [
            ("the app refused (409 uniqueness): userName is taken", Some("userName")),
            ("a user with this user name exists", Some("userName")),
            ("phone number of type work must be E.164", Some("phoneNumbers[type eq \"work\"].value")),
            ("phoneNumbers[type eq \"mobile\"].value is not E.164", Some("phoneNumbers[type eq \"mobile\"].value")),
            ("given name is too long", Some("name.givenName")),
            (
                "department does not exist",
                Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"),
            ),
            ("the app does not take title, department", None),
            ("phone number must be E.164", None),
            ("your subtitle is wrong", None),
            ("name is required", None),
            ("no answer in time", None),
            ("", None),
        ] {
            assert_eq!(attribute(words), expected, "{words}");
        }
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(short("ab"), "ab");
        assert_eq!(short(&"ü".repeat(300)), "ü".repeat(200));
    }
}
