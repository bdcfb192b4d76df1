//! Attribute paths: `userName`, `name.givenName`, `emails[type eq "work"].value`, `urn:…:2.0:User:department`.

use super::filter::{Filter, FilterError, Parser};
use std::fmt;
use std::str::FromStr;

/// Start of the URNs of core schemas, whose attributes lie at the top of a resource.
const CORE: &str = "urn:ietf:params:scim:schemas:core:";

/// A path to an attribute (RFC 7644 section 3.5.2, `PATH`, and RFC 7643 section 3.10).
///
/// Names keep the spelling they came in; compare them with [`AttrPath::same`], which ignores letter case.
#[derive(Clone, Debug, PartialEq)]
pub struct AttrPath {
    /// Schema URN in front of the attribute; `None` for attributes at the top of the resource.
    pub schema: Option<String>,
    /// Attribute name. Empty if the path names a whole extension (`urn:…:2.0:User`).
    pub attr: String,
    /// Value filter in brackets.
    pub filter: Option<Box<Filter>>,
    /// Sub-attribute after the dot.
    pub sub: Option<String>,
}

impl AttrPath {
    /// A path to a top-level attribute, unchecked.
    pub fn of(attr: impl Into<String>) -> Self {
        Self { schema: None, attr: attr.into(), filter: None, sub: None }
    }

    /// Reads a path. The error points at the byte where reading stopped.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Parser::new(text, false)?.whole_path()
    }

    /// URN of the extension that holds the attribute; `None` for attributes of a core schema, with or without its URN
    /// in front.
    pub fn extension(&self) -> Option<&str> {
        self.schema.as_deref().filter(|urn| !is_core(urn))
    }

    /// Whether both name the same place, letter case of names and URNs ignored.
    pub fn same(&self, other: &Self) -> bool {
        let names = self.attr.eq_ignore_ascii_case(&other.attr);
        let subs = match (&self.sub, &other.sub) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (None, None) => true,
            _ => false,
        };
        let schemas = match (self.extension(), other.extension()) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (None, None) => true,
            _ => false,
        };
        names && subs && schemas && self.filter == other.filter
    }

    /// Splits `urn:…:attr` into URN and attribute at the last colon. The URN of a whole extension
    /// (`…:2.0:User`: a version, then a resource type) stays whole, with an empty attribute.
    pub(super) fn split_urn(head: &str) -> (Option<&str>, &str) {
        if !head.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) && !head.contains("://") {
            return (None, head);
        }
        let Some(colon) = head.rfind(':') else { return (None, head) };
        let (urn, last) = (&head[..colon], &head[colon + 1..]);
        let before = urn.rsplit(':').next().unwrap_or_default();
        let is_version = !before.is_empty()
            && before.contains('.')
            && before.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && before.starts_with(|c: char| c.is_ascii_digit());
        if is_version && ["User", "Group"].iter().any(|t| t.eq_ignore_ascii_case(last)) {
            (Some(head), "")
        } else {
            (Some(urn), last)
        }
    }
}

/// Whether the URN is that of a core schema.
pub fn is_core(urn: &str) -> bool {
    urn.get(..CORE.len()).is_some_and(|start| start.eq_ignore_ascii_case(CORE))
}

impl FromStr for AttrPath {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            f.write_str(schema)?;
            if self.attr.is_empty() {
                return Ok(());
            }
            f.write_str(":")?;
        }
        f.write_str(&self.attr)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    #[test]
    fn reads_and_prints_every_form() {
        for text in [
            "userName",
            "name.givenName",
            "emails[type eq \"work\"].value",
            "members[value eq \"x\"]",
            "addresses[type eq \"work\" and primary eq true].streetAddress",
            "$ref",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            "urn:ietf:params:scim:schemas:extension:Custom:2.0:User:attr.sub",
            "urn:ietf:params:scim:schemas:extension:Custom:2.0:User:list[value eq \"a:b.c\"].x",
            "urn:x:y:attr",
        ] {
            assert_eq!(AttrPath::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn knows_the_parts() {
        let path = AttrPath::parse(&format!("{ENTERPRISE}:manager.value")).unwrap();
        assert_eq!(path.extension(), Some(ENTERPRISE));
        assert_eq!((path.attr.as_str(), path.sub.as_deref()), ("manager", Some("value")));
        let whole = AttrPath::parse(ENTERPRISE).unwrap();
        assert_eq!((whole.schema.as_deref(), whole.attr.as_str()), (Some(ENTERPRISE), ""));
        let core = AttrPath::parse("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName").unwrap();
        assert_eq!(core.extension(), None);
        assert!(core.same(&AttrPath::parse("NAME.familyname").unwrap()));
    }

    #[test]
    fn refuses_nonsense() {
        for text in [
            "",
            " ",
            "a b",
            ".a",
            "a.",
            "a..b",
            "a.b.c",
            "a[",
            "a[]",
            "a[b]",
            "a[b eq 1",
            "a[b eq 1].",
            "a]b",
            "urn:",
            "urn:a:",
            "é",
        ] {
            assert!(AttrPath::parse(text).is_err(), "{text}");
        }
    }
}
