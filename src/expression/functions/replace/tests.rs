use super::*;
use crate::expression::{Context, Expression, Outcome};
use serde_json::{Value as Json, json};

fn run(text: &str, attributes: &Json) -> Result<Json, ExpressionError> {
    let source = |name: &str| attributes.get(name).map_or(Value::Null, Value::from_json);
    let context = Context::preview("2025-07-30T00:00:00Z".parse().unwrap());
    match Expression::parse(text)?.evaluate(&source, &context)? {
        Outcome::Value(Value::Null) => Ok(Json::Null),
        Outcome::Value(list @ Value::List(_)) => Ok(json!(list.to_texts())),
        Outcome::Value(value) => Ok(json!(value.to_text())),
        signal => panic!("{signal:?}"),
    }
}

#[test]
fn the_arguments_that_are_written_make_the_mode() {
    let all = json!({"s": "a1b2", "r": null, "m": "+44 20", "e": "", "p": r"\d", "n": 12});
    for (text, result) in [
        (r#"Replace([s], "a", , , "x", , )"#, json!("x1b2")),
        (r#"Replace([s], "$", , , "x", , )"#, json!("a1b2")),
        (r#"Replace([s], "1", , , "$&", , )"#, json!("a$&b2")),
        (r#"Replace([n], 1, , , 3)"#, json!("32")),
        (r#"Replace([s], "1", , , [r], , )"#, json!("ab2")),
        (r#"Replace([none], "1", , , "x", , )"#, json!(null)),
        (r#"Replace([e], "1", , , "x", , )"#, json!("")),
        (r#"Replace([s], "<u>", , , , , "<u>.<u>@x")"#, json!("a1b2.a1b2@x")),
        (r#"Replace([none], "<u>", , , , , "<u>@x")"#, json!(null)),
        (r#"Replace([s], "<u>", , , , , [r])"#, json!(null)),
        (r#"Replace([s], , "\d", , "[$&]", , )"#, json!("a[1]b[2]")),
        (r#"Replace([s], , [p], , "", , )"#, json!("ab")),
        (r#"Replace([s], , "\d", , [r], , )"#, json!("ab")),
        (r#"Replace([s], , "x", , "y", , )"#, json!("a1b2")),
        (r#"Replace([s], , "a(?<d>\d)", "d", "$0", , )"#, json!("a$0b2")),
        (r#"Replace([s], , "a(\d)", 1, "-", , )"#, json!("a-b2")),
        (r#"Replace([s], , "(?<c>\d+)", "c", , [m], )"#, json!("a1b2")),
        (r#"Replace([none], , "\+(?<c>\d+)", "c", , [m], )"#, json!("44")),
        (r#"Replace([e], , "\+(?<c>\d+)", "c", , [m], )"#, json!("44")),
        (r#"Replace([e], , "(?<c>x)", "c", , [m], )"#, json!("")),
        (r#"Replace([e], , "(?<c>x)?\d", "c", , [m], )"#, json!("")),
        (r#"Replace([e], , "(?<c>\d+)", "c", , [e], )"#, json!(null)),
        (r#"Replace([e], , "(?<c>\d+)", "c", , [none], )"#, json!(null)),
    ] {
        assert_eq!(run(text, &all).unwrap(), result, "{text}");
    }
}

#[test]
fn every_other_combination_is_refused_while_parsing() {
    let mut accepted = 0;
    for bits in 0..64_u32 {
        let arguments: Vec<&str> = (0..6).map(|bit| if bits >> bit & 1 == 1 { "[x]" } else { "" }).collect();
        let text = format!("Replace([s], {})", arguments.join(","));
        match Expression::parse(&text) {
            Ok(_) => accepted += 1,
            Err(error) => assert_eq!((error.code, error.span.start), (Code::ArgCount, 0), "{text}"),
        }
    }
    assert_eq!(accepted, 5);
    assert_eq!(Expression::parse(r#"Replace(, "a", , , "b")"#).unwrap_err().code, Code::ArgCount);
}

#[test]
fn every_value_of_a_list_is_replaced() {
    let all = json!({"s": ["smtp:a", "smtp:b"], "one": ["a"]});
    assert_eq!(run(r#"Replace([s], "smtp:", , , "")"#, &all).unwrap(), json!(["a", "b"]));
    assert_eq!(run(r#"Replace([s], , "^(\w+):", , "$1;")"#, &all).unwrap(), json!(["smtp;a", "smtp;b"]));
    assert_eq!(run(r#"Replace([one], "a", , , "b")"#, &all).unwrap(), json!("b"));
}

#[test]
fn mistakes_are_told_at_the_argument() {
    let all = json!({"s": "abc", "broken": "(", "list": ["a", "b"], "long": "a".repeat(6_000)});
    for (text, code, at, needle) in [
        (r#"Replace([s], "", , , "x")"#, Code::ArgValue, r#""""#, "oldValue is empty"),
        (r#"Replace([s], [none], , , "x")"#, Code::ArgValue, "[none]", "oldValue is empty"),
        (r#"Replace([s], [none], , , , , "x")"#, Code::ArgValue, "[none]", "oldValue is empty"),
        (r#"Replace([s], , "a(b", , "x")"#, Code::BadRegex, r#""a(b""#, "broken at `(b`: a `(` is never closed"),
        (r#"Replace([s], , [broken], , "x")"#, Code::BadRegex, "[broken]", "never closed"),
        (r#"Replace([s], , [none], , "x")"#, Code::BadRegex, "[none]", "no value"),
        (r#"Replace([s], , "a\x4", , "x")"#, Code::BadRegex, r#""a\x4""#, "broken at its end"),
        (r#"Replace([s], , "a", "b", "x")"#, Code::BadRegex, r#""b""#, "no group `b`"),
        (r#"Replace([none], , "a", "b", , [s])"#, Code::BadRegex, r#""b""#, "no group `b`"),
        (r#"Replace([s], , "a", , "$99999999999")"#, Code::BadRegex, r#""$99999999999""#, "too large"),
        (r#"Replace([s], , "(a", , [list])"#, Code::ArgType, "[list]", "one value"),
        (r#"Replace([long], , "a", , [long])"#, Code::OutOfRange, r#""a""#, "longer"),
        (r#"Replace(Append([long], "b"), , "(a+)+$", , "")"#, Code::BadRegex, r#""(a+)+$""#, "given up"),
        (r#"Replace([long], "a", , , [long])"#, Code::OutOfRange, r#""a""#, "longer"),
        (r#"Replace([long], "a", , , , , [long])"#, Code::OutOfRange, r#""a""#, "longer"),
    ] {
        let error = run(text, &all).unwrap_err();
        assert_eq!(error.code, code, "{text}: {}", error.message);
        assert_eq!(&text[error.span.start..error.span.end], at, "{text}");
        assert!(error.message.starts_with("Replace: ") && error.message.contains(needle), "{}", error.message);
    }
}

#[test]
fn a_broken_pattern_is_an_error_where_it_is_evaluated_and_is_known_before() {
    let text = r#"IIF([a] = "1", Replace([s], , "(", , "x"), Replace([s], , "(?<n>a)", "m", "x"))"#;
    let expression = Expression::parse(text).unwrap();
    let problems = expression.problems();
    let places: Vec<&str> = problems.iter().map(|problem| &text[problem.span.start..problem.span.end]).collect();
    assert_eq!(places, [r#""(""#, r#""m""#]);
    assert!(problems.iter().all(|problem| problem.code == Code::BadRegex));
    assert_eq!(run(text, &json!({"a": "1", "s": "abc"})).unwrap_err(), problems[0]);
    assert_eq!(run(text, &json!({"a": "2", "s": "abc"})).unwrap_err(), problems[1]);

    let lazy = r#"IIF([a] = "1", Replace([s], , "(", , "x"), "fine")"#;
    assert_eq!(run(lazy, &json!({"a": "2", "s": "abc"})).unwrap(), json!("fine"));
    let fine = r#"Replace(Replace([s], , [p], "n", "x"), , "\d", , "x")"#;
    assert!(Expression::parse(fine).unwrap().problems().is_empty());
}

#[test]
fn a_pattern_read_once_does_not_tell_two_equal_trees_apart() {
    let one = Expression::parse(r#"Replace([s], , "a+", , "x")"#).unwrap();
    assert_eq!(one.canonical(), r#"Replace([s], , "a+", , "x")"#);
    assert_eq!(one, Expression::parse(&one.canonical()).unwrap());
    assert_ne!(one, Expression::parse(r#"Replace([s], , "a*", , "x")"#).unwrap());
}
