//! What each property supports in `$filter`, and what needs the advanced query parameters.

use super::answer::GraphError;
use super::filter::{Filter, Function, Operator};
use crate::sandbox::directory::Kind;
use serde_json::Value;

/// Property, then one letter each for eq, ne, ge, le, in, startsWith and `eq null`:
/// `D` by default, `A` advanced only, `-` not at all.
const USER: &[(&str, &str)] = &[
    ("accountEnabled", "DAAAD--"),
    ("displayName", "DA--DDA"),
    ("userPrincipalName", "DA-DDD-"),
    ("mail", "DADDDD-"),
    ("mailNickname", "DADDDDA"),
    ("givenName", "DADDDDA"),
    ("surname", "DADDDDA"),
    ("department", "DADDDDA"),
    ("state", "DADDDDA"),
    ("country", "DADDDDA"),
    ("city", "DAD-DDA"),
    ("jobTitle", "DADDD-A"),
    ("employeeId", "DA-A-DA"),
    ("companyName", "AAAAAAA"),
    ("mobilePhone", "AAAAAAA"),
    ("officeLocation", "AAAAAAA"),
    ("postalCode", "AAAAAAA"),
    ("streetAddress", "AAAAAAA"),
    ("preferredLanguage", "AAAAAAA"),
    ("employeeType", "AAAAAA-"),
    ("employeeHireDate", "AAAAA--"),
    ("userType", "DA--D-A"),
    ("id", "D---D--"),
    ("createdDateTime", "DADDA--"),
    ("deletedDateTime", "DADDA--"),
    ("usageLocation", "DADDDD-"),
    ("onPremisesSyncEnabled", "DAAAD-D"),
    ("onPremisesExtensionAttributes", "AAAAA--"),
    ("onPremisesImmutableId", "AAAAA--"),
    ("onPremisesLastSyncDateTime", "AAAAA--"),
    ("showInAddressList", "AAAAA--"),
    ("onPremisesSamAccountName", "AAAAAA-"),
    ("onPremisesUserPrincipalName", "DADDDD-"),
    ("onPremisesSecurityIdentifier", "DA--D-A"),
    ("proxyAddresses", "DADD-DA"),
    ("otherMails", "DADDDDA"),
    ("signInActivity", "DADD---"),
];

const GROUP: &[(&str, &str)] = &[
    ("id", "D---D--"),
    ("displayName", "DADDDDD"),
    ("description", "A-AAAAA"),
    ("mail", "DADDDDA"),
    ("mailNickname", "DADDDDA"),
    ("mailEnabled", "DAAAD--"),
    ("securityEnabled", "DAAADA-"),
    ("groupTypes", "DA--D--"),
    ("membershipRule", "------A"),
    ("proxyAddresses", "DADD-DA"),
    ("onPremisesSyncEnabled", "DAAAD-D"),
    ("visibility", "A------"),
];

/// The properties in which `endsWith` works.
const ENDS_WITH: &[&str] = &["mail", "otherMails", "userPrincipalName", "proxyAddresses"];

/// Refuses what Graph refuses: properties and operators it does not support, and advanced ones without the header
/// `ConsistencyLevel: eventual` and `$count=true`.
pub fn check(kind: Kind, filter: &Filter, advanced: bool) -> Result<(), GraphError> {
    check_in(kind, filter, advanced, None)
}

fn check_in(kind: Kind, filter: &Filter, advanced: bool, list: Option<&str>) -> Result<(), GraphError> {
    let name = |path: &'_ str| -> String { list.map_or(path, |list| list).to_owned() };
    match filter {
        Filter::And(a, b) | Filter::Or(a, b) => {
            check_in(kind, a, advanced, list)?;
            check_in(kind, b, advanced, list)
        }
        Filter::Not(inner) => {
            if !advanced {
                return Err(GraphError::needs_advanced("not"));
            }
            check_in(kind, inner, advanced, list)
        }
        Filter::Compare(path, operator, value) => {
            let (column, word) = match (operator, value) {
                (Operator::Eq, Value::Null) => (6, "eq null"),
                (Operator::Eq, _) => (0, "eq"),
                (Operator::Ne, _) => (1, "ne"),
                (Operator::Ge | Operator::Gt, _) => (2, "ge"),
                (Operator::Le | Operator::Lt, _) => (3, "le"),
            };
            allowed(kind, &name(path), column, word, advanced)
        }
        Filter::In(path, _) => allowed(kind, &name(path), 4, "in", advanced),
        Filter::Call(Function::StartsWith, path, _) => allowed(kind, &name(path), 5, "startsWith", advanced),
        Filter::Call(Function::EndsWith, path, _) => {
            let path = name(path);
            if !ENDS_WITH.contains(&path.as_str()) {
                return Err(unsupported(&path));
            }
            if advanced { Ok(()) } else { Err(GraphError::needs_advanced("endsWith")) }
        }
        Filter::Call(Function::Contains, path, _) => Err(unsupported(&name(path))),
        Filter::Any(path, inner) => match inner {
            Some(inner) => check_in(kind, inner, advanced, Some(path)),
            None => allowed(kind, path, 1, "any", advanced),
        },
        Filter::Count(..) => {
            if advanced {
                Ok(())
            } else {
                Err(GraphError::needs_advanced("$count"))
            }
        }
    }
}

fn unsupported(path: &str) -> GraphError {
    GraphError::unsupported(format!(
        "Unsupported or invalid query filter clause specified for property '{path}' of resource."
    ))
}

fn allowed(kind: Kind, path: &str, column: usize, word: &str, advanced: bool) -> Result<(), GraphError> {
    let first = path.split('/').next().unwrap_or(path);
    if first.starts_with("extension_") {
        return Ok(());
    }
    let table = match kind {
        Kind::User => USER,
        Kind::Group => GROUP,
        Kind::Device => &[("id", "D---D--"), ("displayName", "DADDDDA")],
    };
    let row = table.iter().find(|(name, _)| name.eq_ignore_ascii_case(first)).map(|(_, row)| *row);
    match row.and_then(|row| row.as_bytes().get(column)) {
        Some(b'D') => Ok(()),
        Some(b'A') if advanced => Ok(()),
        Some(b'A') => Err(if matches!(word, "eq" | "in" | "startsWith") {
            unsupported(path)
        } else {
            GraphError::needs_advanced(word)
        }),
        _ => Err(unsupported(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter::parse;
    use super::*;

    #[test]
    fn advanced_operators_need_the_parameters() {
        for (filter, plain, advanced) in [
            ("displayName eq 'x'", true, true),
            ("displayName ne 'x'", false, true),
            ("endsWith(mail,'x')", false, true),
            ("endsWith(displayName,'x')", false, false),
            ("companyName eq 'x'", false, true),
            ("streetAddress eq null", false, true),
            ("not startsWith(mail,'x')", false, true),
            ("proxyAddresses/any(p:p eq 'x')", true, true),
            ("aboutMe eq 'x'", false, false),
            ("contains(displayName,'x')", false, false),
            ("extension_1_depot eq 'x'", true, true),
        ] {
            let parsed = parse(filter).unwrap();
            assert_eq!(check(Kind::User, &parsed, false).is_ok(), plain, "{filter}");
            assert_eq!(check(Kind::User, &parsed, true).is_ok(), advanced, "{filter} advanced");
        }
        assert!(check(Kind::Group, &parse("createdDateTime ge 2020-01-01T00:00:00Z").unwrap(), true).is_err());
    }
}
