//! The reference of the functions as Markdown: from the table that the parser checks calls against, with an example
//! of each that a test evaluates.

use super::functions::{Function, Profile, TABLE};
use super::{Context, Expression, ExpressionError, Outcome, Value};
use serde_json::{Value as Json, json};
use std::fmt::Write as _;

/// Functions in the order of the reference: chapter, and examples. What is random is shown as it may be.
const CHAPTERS: &[(&str, &[(&str, &str)])] = &[
    (
        "Text",
        &[
            ("Append", r#"Append([mailNickname], "@contoso.com")"#),
            ("ConvertToBase64", r#"ConvertToBase64("Hi")"#),
            ("ConvertToUTF8Hex", r#"ConvertToUTF8Hex("Hé")"#),
            ("InStr", r#"InStr([mail], "@")"#),
            ("Join", r#"Join(" ", [givenName], [middleName], [surname])"#),
            ("Left", r#"Left([givenName], 1)"#),
            ("Mid", r#"Mid([employeeId], 3, 3)"#),
            ("NormalizeDiacritics", r#"NormalizeDiacritics([city])"#),
            ("PCase", r#"PCase([jobTitle])"#),
            ("Replace", r#"Replace([userPrincipalName], "@contoso.com", , , "@fabrikam.com", , )"#),
            ("StripSpaces", r#"StripSpaces([telephoneNumber])"#),
            ("ToLower", r#"ToLower([department])"#),
            ("ToUpper", r#"ToUpper([country])"#),
            ("Word", r#"Word([jobTitle], 2, " ")"#),
        ],
    ),
    (
        "Lists",
        &[
            ("Count", r#"Count([proxyAddresses])"#),
            ("Item", r#"Item([proxyAddresses], 1)"#),
            ("RemoveDuplicates", r#"RemoveDuplicates(Split("a, b, a", ","))"#),
            ("Split", r#"Split([extensionAttribute1], ";")"#),
        ],
    ),
    (
        "Choice",
        &[
            ("CBool", r#"CBool([department] = "Research")"#),
            ("Coalesce", r#"Coalesce([middleName], [givenName], "?")"#),
            ("IIF", r#"IIF([country] = "uk", "London", [city])"#),
            ("IsNull", r#"IsNull([middleName])"#),
            ("IsNullOrEmpty", r#"IsNullOrEmpty([middleName])"#),
            ("IsPresent", r#"IsPresent([mail])"#),
            ("IsString", r#"IsString([proxyAddresses])"#),
            ("Not", r#"Not([IsSoftDeleted])"#),
            ("Switch", r#"Switch([department], "staff", "Sales", "seller", "Research", "scientist")"#),
            ("IgnoreFlowIfNullOrEmpty", r#"IgnoreFlowIfNullOrEmpty([middleName])"#),
        ],
    ),
    ("Numbers", &[("BitAnd", r#"BitAnd(6, 3)"#), ("CStr", r#"CStr(CBool(1))"#)]),
    (
        "Dates",
        &[
            ("CDate", r#"CDate("2024-02-29T09:30+01:00")"#),
            ("DateAdd", r#"DateAdd("yyyy", 1, CDate([employeeHireDate]))"#),
            ("DateDiff", r#"DateDiff("d", CDate([employeeHireDate]), Now())"#),
            ("DateFromNum", r#"DateFromNum([accountExpires])"#),
            ("FormatDateTime", r#"FormatDateTime([employeeHireDate], , "yyyy-MM-ddTHH:mm:ssZ", "d MMM yyyy")"#),
            ("Now", r#"Now()"#),
            ("NumFromDate", r#"NumFromDate([employeeHireDate])"#),
        ],
    ),
    (
        "Made-up values",
        &[
            ("Guid", r#"Guid()"#),
            ("RandomString", r#"RandomString(12, 2, 0, 2, 2)"#),
            ("Redact", r#"Redact([employeeId])"#),
            ("SelectUniqueValue", r#"SelectUniqueValue([givenName], Join(".", [givenName], [surname]))"#),
        ],
    ),
    (
        "App roles and the tenant",
        &[
            ("SingleAppRoleAssignment", r#"SingleAppRoleAssignment([appRoleAssignments])"#),
            ("AppRoleAssignmentsComplex", r#"AppRoleAssignmentsComplex([appRoleAssignments])"#),
            ("AssertiveAppRoleAssignmentsComplex", r#"AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"#),
            ("AppRoleAssignments", r#"AppRoleAssignments([appRoleAssignments])"#),
            ("DefaultDomain", r#"DefaultDomain()"#),
        ],
    ),
    (
        "Cloud sync and Entra Connect only",
        &[
            ("Contains", r#"Contains([proxyAddresses], "lovelace")"#),
            ("ConvertFromBase64", r#"ConvertFromBase64("SABpAA==")"#),
            ("CRef", r#"CRef([manager])"#),
            ("DNComponent", r#"DNComponent(CRef([manager]), 1)"#),
            ("Error", r#"Error("no department")"#),
            ("StringFromSid", r#"StringFromSid("AQEAAAAAAAUSAAAA")"#),
            ("Trim", r#"Trim("  Ada ")"#),
            ("Len", r#"Len([mail])"#),
        ],
    ),
];

const HEAD: &str = "\
# Functions of the mapping language

This page is written from the table that the parser uses: `cargo run --example functions` writes it, and a test evaluates
every example.

`[name]` is an attribute of the directory, `\"text\"` a text (`\\\\` and `\\\"` are its only escapes), `1`, `-2.5` and `&HFF` are
numbers. An argument is left out by writing nothing: `Switch([a], , \"key\", \"value\")`. Names of functions and attributes
are case-sensitive, and so are comparisons: `=`, `<>`, `<`, `<=`, `>`, `>=`. A side without a value makes every comparison
false, `<>` as well. There is no AND and no OR: an `IIF` inside an `IIF` does both. An optional argument is marked `?`, one
that may be repeated `…`.

The examples are about this person:
";

/// The person of the examples.
fn person() -> Json {
    json!({
        "givenName": "Ada", "surname": "Lovelace", "middleName": null, "mail": "ada@contoso.com",
        "mailNickname": "ada", "userPrincipalName": "ada@contoso.com", "department": "Research",
        "jobTitle": "senior analyst", "employeeId": "000421", "city": "Łódź", "country": "uk",
        "telephoneNumber": "+44 20 7946 0018", "extensionAttribute1": "badge; laptop", "IsSoftDeleted": false,
        "proxyAddresses": ["SMTP:ada@contoso.com", "smtp:lovelace@contoso.com"],
        "employeeHireDate": "2024-02-29T08:00:00Z", "accountExpires": "133829280000000000",
        "manager": "CN=Charles Babbage,OU=Research,DC=contoso,DC=com",
        "appRoleAssignments": [{"id": "18d14569", "value": "admin", "displayName": "Administrator"}],
    })
}

/// The reference page.
///
/// # Errors
///
/// None as long as a test evaluates every example.
pub fn reference() -> Result<String, ExpressionError> {
    let mut page = HEAD.to_owned();
    // Writing to a text does not fail.
    let _ = writeln!(page, "\n```json");
    for (name, value) in person().as_object().into_iter().flatten() {
        let _ = writeln!(page, "\"{name}\": {value}");
    }
    let _ = writeln!(
        page,
        "```\n\nNow is 2026-11-30 08:00 UTC, the default domain is contoso.com, and `Ada` is taken in the app."
    );
    for (chapter, functions) in CHAPTERS {
        let _ = writeln!(page, "\n## {chapter}\n\n| function | | example | gives |\n|---|---|---|---|");
        for (name, example) in *functions {
            let Some(function) = TABLE.iter().find(|f| f.name == *name) else { continue };
            let gives = gives(function, example)?;
            let cell = |text: &str| format!("`{}`", text.replace('|', "\\|"));
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} |",
                cell(&function.signature()),
                function.summary,
                cell(example),
                if gives.starts_with('(') { gives.clone() } else { cell(&gives) }
            );
        }
    }
    Ok(page)
}

/// What an example gives, in text form.
fn gives(function: &Function, example: &str) -> Result<String, ExpressionError> {
    let profile = if function.profile == Profile::App { Profile::App } else { function.profile };
    let person = person();
    let source = |name: &str| person.get(name).map_or(Value::Null, Value::from_json);
    let now = jiff::Timestamp::from_second(1_796_025_600).unwrap_or_default();
    let context = Context::preview(now).with_default_domain(Some("contoso.com".to_owned())).with_existing(["Ada"]);
    let outcome = Expression::parse_as(example, profile)?.evaluate(&source, &context);
    match outcome {
        Ok(Outcome::Value(value)) if value.is_null() => Ok("(no value)".to_owned()),
        Ok(Outcome::Value(value)) => Ok(value.to_texts().join("; ")),
        Ok(Outcome::IgnoreFlow) => Ok("(left out of the update)".to_owned()),
        Ok(Outcome::IgnoreObject) => Ok("(the object is left alone)".to_owned()),
        Err(error) if function.name == "Error" => Ok(format!("(the error {}: {})", error.code, error.message)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_in_the_reference_once() {
        let mut listed: Vec<&str> = CHAPTERS.iter().flat_map(|(_, of)| of.iter().map(|(name, _)| *name)).collect();
        let mut known: Vec<&str> = TABLE.iter().map(|f| f.name).collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
        for (name, example) in CHAPTERS.iter().flat_map(|(_, of)| of.iter()) {
            assert!(example.contains(&format!("{name}(")), "{name}: {example}");
        }
    }

    #[test]
    fn the_page_is_what_the_table_says() {
        assert_eq!(
            reference().unwrap(),
            include_str!("../../docs/functions.md"),
            "write it anew: cargo run --example functions"
        );
    }
}
