use super::*;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn context() -> Context {
    Context::preview("2025-07-30T00:00:00Z".parse().unwrap())
}

fn profile(name: Option<&str>) -> Profile {
    match name {
        Some("cloudsync") => Profile::CloudSync,
        Some("connect") => Profile::Connect,
        _ => Profile::App,
    }
}

/// The outcome in the form of the vector file.
fn run(vector: &Json) -> Json {
    let attributes = vector["attributes"].clone();
    let source = move |name: &str| attributes.get(name).map_or(Value::Null, Value::from_json);
    let existing = vector["existing"].as_array().cloned().unwrap_or_default();
    let mut context = context()
        .with_default_domain(vector["defaultDomain"].as_str().map(str::to_owned))
        .with_existing(existing.iter().filter_map(Json::as_str));
    if let Some(clock) = vector["now"].as_str() {
        let clock = date::read(clock, DateTime::MIN).unwrap();
        context.now = clock.iso().parse().unwrap();
    }
    let text = vector["expression"].as_str().unwrap();
    let outcome = Expression::parse_as(text, profile(vector["profile"].as_str()))
        .and_then(|expression| expression.evaluate(&source, &context));
    match outcome {
        Ok(Outcome::Value(Value::Null)) => Json::Null,
        Ok(Outcome::Value(list @ Value::List(_))) => json!(list.to_texts()),
        Ok(Outcome::Value(value)) => json!(value.to_text()),
        Ok(Outcome::IgnoreFlow) => json!({"flow": "IgnoreAttributeFlow"}),
        Ok(Outcome::IgnoreObject) => json!({"flow": "IgnoreObjectFlow"}),
        Err(error) => json!({"error": error.code.as_str()}),
    }
}

/// Whether a random value is as it has to be.
fn fits(found: &Json, expected: &Json) -> bool {
    let (Some(text), Some(pattern)) = (found.as_str(), expected["pattern"].as_str()) else { return false };
    let least = |class: &str, of: fn(char) -> bool| {
        text.chars().filter(|c| of(*c)).count() as u64 >= expected["min"][class].as_u64().unwrap_or(0)
    };
    Pattern::compile(pattern).unwrap().is_match(text).unwrap()
        && least("digit", |c| c.is_ascii_digit())
        && least("lower", |c| c.is_ascii_lowercase())
        && least("upper", |c| c.is_ascii_uppercase())
        && least("special", |c| c.is_ascii_punctuation())
}

#[test]
fn every_vector() {
    let vectors: Vec<Json> = serde_json::from_str(include_str!("../../tests/data/expressions.json")).unwrap();
    let mut failed = Vec::new();
    for vector in &vectors {
        let found = run(vector);
        if found != vector["expected"] && !fits(&found, &vector["expected"]) {
            failed.push(format!("{}: {found} instead of {}", vector["id"], vector["expected"]));
        }
    }
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), vectors.len(), failed.join("\n"));
}

#[test]
fn errors_say_where_and_what_is_near() {
    for (text, code, at, needle) in [
        ("Replac([mail], \"a\")", Code::UnknownFunction, "Replac", "did you mean Replace?"),
        ("switch([a], , \"x\", \"y\")", Code::UnknownFunction, "switch", "write Switch"),
        ("Join(\" \", [a], Foo([b]))", Code::UnknownFunction, "Foo", "no function Foo"),
        ("Append([a], \"x\"", Code::ParseError, "(", "never closed"),
        ("Append([a] \"x\")", Code::ParseError, "\"x\"", "comma"),
        ("Append([a], 'x')", Code::ParseError, "'", "double quotes"),
        ("Append([a], True)", Code::ParseError, "True", "\"True\""),
        ("Append([a])", Code::ArgCount, "Append", "suffix"),
        ("Not([a]))", Code::ParseError, ")", "too many"),
        ("IIF([a]=1 AND [b]=2, \"x\", \"y\")", Code::ParseError, "AND", "nest IIF"),
        ("Append([a], Guid([b], \"c\"))", Code::ArgCount, "Guid", "takes 0"),
    ] {
        let error = Expression::parse(text).unwrap_err();
        assert_eq!(error.code, code, "{text}");
        let found = &text[error.span.start..error.span.end];
        assert_eq!(found, at, "{text}");
        assert!(error.message.contains(needle), "{text}: {}", error.message);
    }
    let expression = Expression::parse("Join(\"-\", \"a\", Item([xs], 4))").unwrap();
    let source = |_: &str| Value::from_json(&json!(["x", "y"]));
    let error = expression.evaluate(&source, &context()).unwrap_err();
    assert_eq!((error.code, &expression.text()[error.span.start..error.span.end]), (Code::OutOfRange, "4"));
}

#[test]
fn limits_hold() {
    let deep = format!("{}[a]{}", "Not(".repeat(99), ")".repeat(99));
    assert!(Expression::parse(&deep).is_ok());
    let deeper = format!("{}[a]{}", "Not(".repeat(2_400), ")".repeat(2_400));
    assert_eq!(Expression::parse(&deeper).unwrap_err().code, Code::ParseError);
    let longest = format!("\"{}\"", "é".repeat(MAX_CHARACTERS - 2));
    assert!(Expression::parse(&longest).is_ok());
    assert_eq!(Expression::parse(&format!("{longest} ")).unwrap_err().code, Code::ParseError);
}

#[test]
fn a_result_that_grows_without_end_is_an_error() {
    let text = format!("{}\"x\"{}", "ConvertToUTF8Hex(".repeat(90), ")".repeat(90));
    let error = Expression::parse(&text).unwrap().evaluate(&|_: &str| Value::Null, &context()).unwrap_err();
    assert_eq!(error.code, Code::OutOfRange);
    let many = Value::List(vec![Value::text("x"); 2_000]);
    let expression = Expression::parse("Join([a], [b])").unwrap();
    let source = |name: &str| if name == "a" { Value::text("-".repeat(10_000)) } else { many.clone() };
    assert_eq!(expression.evaluate(&source, &context()).unwrap_err().code, Code::OutOfRange);
}

#[test]
fn an_expression_knows_what_it_reads() {
    let expression =
        Expression::parse("IIF([a] = [b], Join(\"\", [c], [a]), [emails[type eq \"work\"].value])").unwrap();
    assert_eq!(expression.attributes(), ["a", "b", "c", "emails[type eq \"work\"].value"]);
    assert_eq!(expression.function(), Some("IIF"));
    assert_eq!(Expression::parse(" [ mail ] ").unwrap().as_attribute(), Some("mail"));
    assert_eq!(Expression::parse("\"x\"").unwrap().as_text(), Some("x"));
}

#[test]
fn canonical_text() {
    let canonical = |text: &str| Expression::parse(text).unwrap().canonical();
    assert_eq!(
        canonical("Switch( [IsSoftDeleted],,\"False\" ,\"True\",\"True\",\"False\")"),
        "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")"
    );
    assert_eq!(canonical("ToLower([a],)"), "ToLower([a], )");
    assert_eq!(canonical("Append(\"a\\d\\\"\\\\\",&HF)"), "Append(\"a\\\\d\\\"\\\\\", &HF)");
}

#[test]
fn the_table_is_in_order() {
    let mut names: Vec<&str> = functions::TABLE.iter().map(|f| f.name).collect();
    assert_eq!(names.len(), 54);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 54);
    for function in functions::TABLE {
        assert!(function.summary.ends_with('.'), "{}", function.name);
        let repeated = function.parameters.iter().rev().skip(1).any(|p| p.repeats);
        assert!(!repeated, "{}: only the last parameter repeats", function.name);
    }
}

fn arb_expression() -> impl Strategy<Value = String> {
    let name = "[a-zA-Z][a-zA-Z0-9 _.:-]{0,8}[a-z]";
    let text = "\\PC{0,6}".prop_map(|t| format!("\"{}\"", t.replace('\\', "\\\\").replace('"', "\\\"")));
    let leaf = prop_oneof![
        name.prop_map(|name| format!("[{name}]")),
        text,
        any::<i16>().prop_map(|n| n.to_string()),
        "[0-9]{1,3}\\.[0-9]{1,3}",
        "&H[0-9A-F]{1,4}",
        Just("vbTextCompare".to_owned()),
        Just("IgnoreAttributeFlow".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let operator = prop_oneof!["=", "<>", "<", "<=", ">", ">="];
        prop_oneof![
            inner.clone().prop_map(|a| format!("Not( {a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("Append({a},{b})")),
            prop::collection::vec(inner.clone(), 2..5).prop_map(|all| format!("Join({})", all.join(","))),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("Switch({a}, , {b}, {c})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("Mid({a}, {b}, {c})")),
            (inner.clone(), operator, inner.clone(), inner.clone(), inner)
                .prop_map(|(a, op, b, c, d)| format!("IIF({a} {op} {b}, {c}, {d})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = Expression::parse(&text);
    }

    #[test]
    fn no_near_expression_makes_anything_panic(text in "[-A-Za-z\\[\\]()\",.=<>&0-9 \\\\é😀]{0,80}") {
        for profile in [Profile::App, Profile::CloudSync] {
            if let Ok(expression) = Expression::parse_as(&text, profile) {
                let _ = expression.evaluate(&|_: &str| Value::text("x"), &context());
            }
        }
    }

    #[test]
    fn no_value_makes_a_function_panic(
        index in 0..functions::TABLE.len(),
        values in prop::collection::vec(prop_oneof![
            Just(json!(null)), Just(json!("")), any::<i64>().prop_map(|n| json!(n)), any::<bool>().prop_map(|b| json!(b)),
            "\\PC{0,8}".prop_map(|t| json!(t)), Just(json!("-9223372036854775808")), Just(json!("1e400")),
            Just(json!(["a", "😀", ""])), Just(json!({"id": "1", "displayName": "r"})),
        ], 6),
    ) {
        let function = &functions::TABLE[index];
        let arguments: Vec<String> = (0..values.len()).map(|i| format!("[{i}]")).collect();
        let source = move |name: &str| Value::from_json(&values[name.parse::<usize>().unwrap()]);
        for count in 0..=arguments.len() {
            let text = format!("{}({})", function.name, arguments[..count].join(", "));
            if let Ok(expression) = Expression::parse_as(&text, function.profile) {
                let _ = expression.evaluate(&source, &context());
            }
        }
    }

    #[test]
    fn printing_and_parsing_gives_the_same_tree(text in arb_expression()) {
        let first = Expression::parse(&text).unwrap();
        let second = Expression::parse(&first.canonical()).unwrap();
        prop_assert_eq!(&first.root, &second.root);
        prop_assert_eq!(first.canonical(), second.canonical());
    }
}
