//! Whose fault is it? The app's words about a refused request, read for the attributes they name.
//!
//! Pure. Apps refuse a whole resource because of one attribute, and say so in very different ways: a sentence, one
//! sentence per fault, a JSON list with places.

use crate::scim::path::AttrPath;
use crate::scim::schema::{Mutability, Schemas};
use crate::sync::project::ObjectRules;
use serde_json::Value;
use std::collections::HashSet;

/// What the words of a refusal name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Blame {
    /// Rules whose values the app does not take.
    pub rules: Vec<usize>,
    /// Words, in lower case, of what the app asks for and did not get.
    pub missing: HashSet<String>,
    /// Whether the app names parts of an element, `type` or `primary`, and not its value.
    pub labels: bool,
}

/// Reads the words of a refusal. Only rules that were `sent` can be blamed.
pub(super) fn blame(detail: &str, sent: &[(usize, Value)], rules: &ObjectRules) -> Blame {
    let mut blame = Blame::default();
    for clause in clauses(detail) {
        let words = words(&clause);
        let asks = ["required", "missing", "mandatory"].iter().any(|w| words.contains(*w));
        if asks {
            blame.missing.extend(words);
            continue;
        }
        let (mut best, mut named) = (0, Vec::new());
        for (rule, _) in sent {
            let score = score(&rules.paths[*rule], rules.target(*rule), &clause, &words);
            if score > best {
                named.clear();
                best = score;
            }
            if score > 0 && score == best {
                named.push(*rule);
            }
        }
        let lists = named.iter().any(|r| rules.paths[*r].filter.is_some());
        blame.labels |= lists && (words.contains("type") || words.contains("primary"));
        for rule in named {
            if !blame.rules.contains(&rule) {
                blame.rules.push(rule);
            }
        }
    }
    blame
}

/// Rules whose target the app's own schemas do not know, or mark as read-only. Claims, so only a hint after a refusal.
pub(super) fn undeclared(schemas: &Schemas, sent: &[(usize, Value)], rules: &ObjectRules) -> Vec<usize> {
    if schemas.core.is_none() {
        return Vec::new();
    }
    let unknown = |path: &AttrPath| match schemas.resolve(path) {
        Some(target) => {
            target.attribute.mutability == Mutability::ReadOnly || target.leaf().mutability == Mutability::ReadOnly
        }
        None => true,
    };
    sent.iter().map(|(rule, _)| *rule).filter(|rule| unknown(&rules.paths[*rule])).collect()
}

/// The single faults of a refusal: entries of a JSON list, or sentences.
fn clauses(detail: &str) -> Vec<String> {
    let pieces: Vec<String> = match serde_json::from_str::<Value>(detail) {
        Ok(Value::Array(items)) => items.iter().map(Value::to_string).collect(),
        Ok(Value::Object(map)) => map.iter().map(|(k, v)| format!("{k} {v}")).collect(),
        _ => vec![detail.to_owned()],
    };
    pieces
        .iter()
        .flat_map(|piece| if piece.starts_with('{') { vec![piece.as_str()] } else { sentences(piece) })
        .map(str::to_owned)
        .collect()
}

/// Splits at semicolons, line ends and full stops that end a sentence.
fn sentences(text: &str) -> Vec<&str> {
    text.split([';', '\n']).flat_map(|part| part.split(". ")).filter(|part| !part.trim().is_empty()).collect()
}

/// The words of a clause in lower case.
fn words(clause: &str) -> HashSet<String> {
    clause.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_ascii_lowercase).collect()
}

/// How exactly a clause names a target: zero is not at all.
fn score(path: &AttrPath, target: &str, clause: &str, words: &HashSet<String>) -> u32 {
    let has = |word: &str| words.contains(&word.to_ascii_lowercase());
    if clause.to_ascii_lowercase().contains(&target.to_ascii_lowercase()) && target.contains(['.', '[', ':']) {
        return 9;
    }
    let sub = path.sub.as_deref().filter(|s| !s.eq_ignore_ascii_case("value"));
    // "name" is a word that every other refusal uses.
    let named = if path.attr.eq_ignore_ascii_case("name") {
        sub.is_some_and(has)
    } else {
        has(&path.attr) || sub.is_some_and(|s| s.len() > 7 && has(s))
    };
    if !named {
        let extension =
            path.extension().is_some_and(|urn| clause.to_ascii_lowercase().contains(&urn.to_ascii_lowercase()));
        return u32::from(extension);
    }
    let kind = path.filter.as_ref().map(ToString::to_string).unwrap_or_default();
    let kinds = words_of_filter(&kind);
    2 + u32::from(sub.is_some_and(has)) + u32::from(kinds.iter().any(|k| has(k)))
}

/// The quoted values of a filter, such as `work`.
fn words_of_filter(filter: &str) -> Vec<&str> {
    filter.split('"').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{Preset, Schema};
    use crate::model::ObjectType;
    use serde_json::json;

    fn named(detail: &str) -> (Vec<String>, Blame) {
        let schema = Schema::preset(Preset::Scim).unwrap();
        let rules = ObjectRules::new(schema.compile(ObjectType::User).unwrap().unwrap()).unwrap();
        let sent: Vec<(usize, Value)> = (0..rules.mapping.rules.len()).map(|i| (i, json!("x"))).collect();
        let blame = blame(detail, &sent, &rules);
        (blame.rules.iter().map(|r| rules.target(*r).to_owned()).collect(), blame)
    }

    #[test]
    fn names_what_the_words_name() {
        for (detail, targets) in [
            ("Attribute title is not supported", vec!["title"]),
            (
                "[body.emails.1.value] Invalid email address",
                vec!["emails[type eq \"work\"].value", "emails[type eq \"other\"].value"],
            ),
            ("invalid path: phoneNumbers[type eq \"fax\"].value", vec!["phoneNumbers[type eq \"fax\"].value"]),
            ("unknown attribute name", vec![]),
            ("name.familyName must be text. Also title", vec!["name.familyName", "title"]),
            (
                r#"[{"type":"extra_forbidden","loc":["body","externalId"]},{"loc":["body","title"]}]"#,
                vec!["externalId", "title"],
            ),
            ("something went wrong", vec![]),
        ] {
            assert_eq!(named(detail).0, targets, "{detail}");
        }
        let (rules, blame) = named(r#"[{"type":"missing","loc":["body","name","formatted"],"msg":"Field required"}]"#);
        assert!(rules.is_empty() && blame.missing.contains("formatted"));
        assert!(named(r#"[{"type":"extra_forbidden","loc":["body","emails",0,"primary"]}]"#).1.labels);
    }
}
