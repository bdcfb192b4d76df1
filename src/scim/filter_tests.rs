use super::*;
use proptest::prelude::*;

fn canonical(text: &str) -> String {
    Filter::parse(text).unwrap().to_string()
}

#[test]
fn precedence_and_grouping() {
    assert_eq!(canonical("a eq 1 or b eq 2 and c pr"), "a eq 1 or b eq 2 and c pr");
    assert!(matches!(Filter::parse("a pr or b pr and c pr").unwrap(), Filter::Or(parts) if parts.len() == 2));
    assert_eq!(canonical("(a pr or b pr) AND NOT (c pr)"), "(a pr or b pr) and not (c pr)");
    assert_eq!(canonical("((a pr))"), "a pr");
}

#[test]
fn literals() {
    assert_eq!(canonical(r#"a EQ "q\"\\é""#), "a eq \"q\\\"\\\\é\"");
    assert_eq!(canonical("a gt -1.5e3"), "a gt -1500.0");
    assert_eq!(canonical("active eq false"), "active eq false");
    assert_eq!(canonical("a ne null"), "a ne null");
}

#[test]
fn value_paths() {
    let text = r#"emails[type eq "work" and value co "@x.org"] or ims[type eq "xmpp"].value sw "a""#;
    assert_eq!(canonical(text), text);
}

#[test]
fn bare_words_only_when_lenient() {
    let text = "id eq 2819c223-7f76 and manager eq 26118915";
    assert!(Filter::parse(text).is_err());
    let filter = Filter::parse_lenient(text).unwrap();
    assert_eq!(filter.pinned(&AttrPath::of("ID")), Some("2819c223-7f76"));
}

#[test]
fn errors_point_at_the_place() {
    for (text, start) in [
        ("userName eq", 11),
        ("userName xx \"a\"", 9),
        ("userName eq \"a", 12),
        ("a eq 1 b", 7),
        ("a eq \"\\x\"", 5),
        ("(a pr", 5),
        ("a eq bob", 5),
        ("not a pr", 4),
        ("é eq 1", 0),
        ("emails.type", 11),
        ("and and and", 4),
    ] {
        assert_eq!(Filter::parse(text).unwrap_err().span.start, start, "{text}");
    }
}

#[test]
fn limits_hold() {
    let deep = format!("{}a pr{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Filter::parse(&deep).unwrap_err().message.contains("deeper"));
    let many = vec!["a pr"; MAX_TERMS + 1].join(" or ");
    assert!(Filter::parse(&many).unwrap_err().message.contains("comparisons"));
    assert!(Filter::parse(&" ".repeat(MAX_LENGTH + 1)).is_err());
}

#[test]
fn built_filters_cannot_be_escaped_from() {
    for value in ["plain", "a\" or id pr or a eq \"", "back\\slash\\", "line\nfeed\u{1}", "日本 ñ"] {
        let text = Filter::eq("emails[type eq \"work\"].value", value);
        match Filter::parse(&text).unwrap() {
            Filter::Compare(_, Op::Eq, Value::String(read)) => assert_eq!(read, value),
            other => panic!("{other:?}"),
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,6}".prop_filter("keyword", |n| !n.eq_ignore_ascii_case("not"))
}

fn simple_path() -> impl Strategy<Value = AttrPath> {
    let schema = prop::option::of(prop_oneof![
        Just("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".to_owned()),
        "urn:[a-z]{1,5}:[0-9]\\.[0-9]:[A-Z][a-z]{5,8}",
    ]);
    (schema, name(), prop::option::of(name())).prop_map(|(schema, attr, sub)| AttrPath {
        schema,
        attr,
        filter: None,
        sub,
    })
}

fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let op = prop::sample::select(Op::ALL.to_vec());
    let leaf = prop_oneof![
        simple_path().prop_map(Filter::Present),
        (simple_path(), op, literal()).prop_map(|(path, op, value)| Filter::Compare(path, op, value)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.clone().prop_map(|part| Filter::Not(Box::new(part))),
            (name(), inner.clone())
                .prop_map(|(attr, part)| Filter::Has(AttrPath { filter: Some(Box::new(part)), ..AttrPath::of(attr) })),
            (name(), name(), inner).prop_map(|(attr, sub, part)| Filter::Present(AttrPath {
                filter: Some(Box::new(part)),
                sub: Some(sub),
                ..AttrPath::of(attr)
            })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_then_reading_gives_the_same(filter in filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
    }

    #[test]
    fn no_input_panics(text in any::<String>()) {
        let _ = Filter::parse(&text);
        let _ = Filter::parse_lenient(&text);
        let _ = AttrPath::parse(&text);
    }

    #[test]
    fn no_near_filter_panics(text in "[ab.:$\\[\\]()\"\\\\ 0-9eéqnor]{0,40}") {
        let _ = Filter::parse(&text);
        let _ = Filter::parse_lenient(&text);
        let _ = AttrPath::parse(&text);
    }
}
