use super::*;
use proptest::prelude::*;
use serde_json::json;

fn tree(text: &str) -> Json {
    Expression::parse(text).unwrap().to_graph()
}

/// Without any `expression` text.
fn stripped(tree: &Json) -> Json {
    match tree {
        Json::Object(members) => {
            let kept = members.iter().filter(|(name, _)| *name != "expression");
            Json::Object(kept.map(|(name, value)| (name.clone(), stripped(value))).collect())
        }
        Json::Array(list) => list.iter().map(stripped).collect(),
        plain => plain.clone(),
    }
}

/// What the tree form may change: numbers become texts, omitted arguments at the end are left off, and a short
/// `FormatDateTime` gets its place for the styles.
fn plain(node: &Node) -> Node {
    let boxed = |node: &Node| Box::new(plain(node));
    let kind = match &node.kind {
        Kind::Number(spelling) => Kind::Text(as_text(spelling)),
        Kind::Compare(operator, left, right) => Kind::Compare(*operator, boxed(left), boxed(right)),
        Kind::Concat(left, right) => Kind::Concat(boxed(left), boxed(right)),
        Kind::Call(function, arguments) => {
            let mut arguments: Vec<Option<Node>> = arguments.iter().map(|a| a.as_ref().map(plain)).collect();
            if function.name != "Switch" {
                let used = arguments.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
                arguments.truncate(used);
            }
            if function.name == "FormatDateTime" && arguments.len() == 3 && arguments[1].is_some() {
                arguments.insert(1, None);
            }
            Kind::Call(function, arguments)
        }
        other => other.clone(),
    };
    Node::new(kind, node.span)
}

fn check(expression: &Expression, profile: Profile) {
    let text = expression.canonical();
    if text.chars().count() <= MAX_CHARACTERS {
        assert_eq!(Expression::parse_as(&text, profile).unwrap().root, expression.root, "{text}");
    }
    let tree = expression.to_graph();
    // Even with its texts a lone number becomes a quoted constant.
    let same =
        if matches!(expression.root.kind, Kind::Number(_)) { plain(&expression.root) } else { expression.root.clone() };
    assert_eq!(Expression::from_graph(&tree, profile).unwrap().root, same, "{text}");
    let rebuilt = Expression::from_graph(&stripped(&tree), profile).unwrap();
    assert_eq!(plain(&rebuilt.root), plain(&expression.root), "{text}: {}", rebuilt.text());
    assert_eq!(Expression::parse_as(rebuilt.text(), profile).unwrap().root, rebuilt.root);
}

#[test]
fn attributes_constants_and_calls_as_graph_writes_them() {
    assert_eq!(
        tree("[ mail ]").to_string(),
        r#"{"expression":"[mail]","name":"mail","type":"Attribute","parameters":[]}"#
    );
    assert_eq!(
        tree(r#"Mid([department],1,"a\"b")"#),
        json!({"expression": r#"Mid([department], 1, "a\"b")"#, "name": "Mid", "type": "Function", "parameters": [
            {"key": "source", "value":
                {"expression": "[department]", "name": "department", "type": "Attribute", "parameters": []}},
            {"key": "start", "value": {"expression": "\"1\"", "name": "1", "type": "Constant", "parameters": []}},
            {"key": "length", "value":
                {"expression": r#""a\"b""#, "name": "a\"b", "type": "Constant", "parameters": []}},
        ]})
    );
}

#[test]
fn every_tree_of_a_published_schema_is_the_tree_of_its_text() {
    fn sources<'a>(value: &'a Json, found: &mut Vec<&'a Json>) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if name == "source" && value.is_object() {
                        found.push(value);
                    } else {
                        sources(value, found);
                    }
                }
            }
            Json::Array(list) => list.iter().for_each(|value| sources(value, found)),
            _ => {}
        }
    }
    let schema: Json = serde_json::from_str(include_str!("../../../tests/data/graph-schema.json")).unwrap();
    let mut found = Vec::new();
    sources(&schema, &mut found);
    assert!(found.len() > 20);
    for source in found {
        let ours = tree(source["expression"].as_str().unwrap());
        assert_eq!(ours.to_string(), source.to_string(), "the order of members is the same too");
        assert_eq!(Expression::from_graph(&stripped(source), Profile::App).unwrap().text(), source["expression"]);
    }
}

#[test]
fn every_vector_survives_the_tree_form() {
    let vectors: Vec<Json> = serde_json::from_str(include_str!("../../../tests/data/expressions.json")).unwrap();
    let mut checked = 0;
    for vector in &vectors {
        let profile = match vector["profile"].as_str() {
            Some("cloudsync") => Profile::CloudSync,
            Some("connect") => Profile::Connect,
            _ => Profile::App,
        };
        if let Ok(expression) = Expression::parse_as(vector["expression"].as_str().unwrap(), profile) {
            check(&expression, profile);
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn omitted_places_and_repeated_parameters() {
    for text in [
        "Switch([a], , \"k\", , \"l\", \"2\")",
        "Switch([a], \"d\", \"k\", )",
        "Coalesce(, [a], , [b])",
        "Join(\" \", [a], , [b], )",
        "Join([a], [b])",
        "IIF([a] = 7, IgnoreAttributeFlow, \"IgnoreAttributeFlow\")",
        "InStr([a], \"x\", , vbTextCompare)",
        "CBool([a] <> &H1F)",
        "SelectUniqueValue([a], Append([a], 1), \"c\")",
        "ToLower([emails[type eq \"work\"].value])",
        "Guid()",
    ] {
        check(&Expression::parse(text).unwrap(), Profile::App);
    }
    check(&Expression::parse_as("[a] & \"x\" & CRef([b])", Profile::CloudSync).unwrap(), Profile::CloudSync);
    let switch = tree("Switch([a], , \"k\", , \"l\", \"2\")");
    let keys: Vec<&Json> = switch["parameters"].as_array().unwrap().iter().map(|p| &p["key"]).collect();
    assert_eq!(keys, ["source", "switchValue", "switchValue", "switchValue", "switchValue"]);
    assert_eq!(switch["parameters"][2]["value"], Json::Null, "the place of the omitted value is kept");
}

fn text(name: &str) -> Json {
    json!({"type": "Constant", "name": name})
}

fn attribute(name: &str) -> Json {
    json!({"type": "attribute", "name": name})
}

fn function(name: &str, parameters: &[(&str, Json)]) -> Json {
    let parameters: Vec<Json> = parameters.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
    json!({"type": "Function", "name": name, "parameters": parameters})
}

/// The canonical text of a tree, before it is checked.
fn built(tree: &Json) -> String {
    read(tree, Profile::App, 0).unwrap().to_string()
}

#[test]
fn replace_is_read_under_both_families_of_names_in_any_order() {
    let graph = function(
        "Replace",
        &[("source", attribute("preferredLanguage")), ("Find", text("-")), ("Replacement", text("_"))],
    );
    assert_eq!(built(&graph), "Replace([preferredLanguage], \"-\", , , \"_\", , )");
    let reference = function(
        "Replace",
        &[("replacementValue", text("")), ("regexPattern", text("@.*")), ("source", attribute("mail"))],
    );
    assert_eq!(built(&reference), "Replace([mail], , \"@.*\", , \"\", , )");
    let all = [
        ("Template", "g"),
        ("ReplacementPropertyName", "f"),
        ("Replacement", "e"),
        ("RegularExpressionGroupName", "d"),
        ("RegularExpression", "c"),
        ("Find", "b"),
        ("source", "a"),
    ];
    let all: Vec<(&str, Json)> = all.iter().map(|(key, value)| (*key, text(value))).collect();
    assert_eq!(built(&function("Replace", &all)), r#"Replace("a", "b", "c", "d", "e", "f", "g")"#);
}

#[test]
fn repeated_parameters_may_have_any_keys() {
    let join = function("Join", &[("a", text("-")), ("b", attribute("x")), ("c", attribute("y"))]);
    assert_eq!(built(&join), r#"Join("-", [x], [y])"#);
    let join = function("Join", &[("source1", attribute("x")), ("Separator", text("-")), ("source2", attribute("y"))]);
    assert_eq!(built(&join), r#"Join("-", [x], [y])"#);
    let pairs = [("source", attribute("x")), ("key1", text("k")), ("value1", text("v"))];
    assert_eq!(built(&function("Switch", &pairs)), r#"Switch([x], , "k", "v")"#);
    let bare = [("a", attribute("x")), ("b", text("d")), ("c", text("k")), ("d", text("v"))];
    assert_eq!(built(&function("Switch", &bare)), r#"Switch([x], "d", "k", "v")"#);
    let unique = [("uniqueValueRule1", attribute("x")), ("uniqueValueRule2", attribute("y"))];
    assert_eq!(built(&function("SelectUniqueValue", &unique)), "SelectUniqueValue([x], [y])");
}

#[test]
fn the_text_is_the_truth_where_there_is_one() {
    let mut source = tree("Append([a], [b])");
    source["parameters"] = json!([]);
    source["name"] = json!("Join");
    assert_eq!(Expression::from_graph(&source, Profile::App).unwrap().text(), "Append([a], [b])");
    source["expression"] = json!(" ");
    source["name"] = json!("Append");
    source["parameters"] = json!([
        {"key": "suffix", "value": {"type": "Constant", "name": "old", "expression": "\"new\""}},
        {"key": "source", "value": {"type": "Function", "name": "ToLower", "expression": "ToUpper([a])"}},
    ]);
    assert_eq!(Expression::from_graph(&source, Profile::App).unwrap().text(), "Append(ToUpper([a]), \"new\")");
}

#[test]
fn constants_in_every_form() {
    for source in [
        json!({"type": "Constant", "name": "Sales", "expression": "\"Sales\""}),
        json!({"type": "Constant", "name": "Sales"}),
        json!({"type": "Constant", "name": "Sales", "expression": "Sales"}),
        json!({"type": "Constant", "expression": "Sales"}),
    ] {
        assert_eq!(Expression::from_graph(&source, Profile::App).unwrap().as_text(), Some("Sales"));
    }
    let empty = json!({"type": "Constant", "name": "", "expression": "\"\""});
    assert_eq!(Expression::from_graph(&empty, Profile::App).unwrap().as_text(), Some(""));
}

#[test]
fn what_cannot_be_read_says_why() {
    for (source, needle) in [
        (json!("x"), "an object"),
        (json!({"type": "Function"}), "without a name"),
        (json!({"type": "Attribute", "name": " "}), "without a name"),
        (json!({"type": "Magic", "name": "x"}), "not one of"),
        (function("Nott", &[]), "did you mean Not?"),
        (function("Not", &[("sauce", attribute("a"))]), "no parameter `sauce`"),
        (function("Not", &[("source", attribute("a")), ("Source", attribute("b"))]), "twice"),
        (function("Mid", &[("source", attribute("a"))]), "needs its argument `start`"),
        (function("=", &[("left", attribute("a"))]), "left and right"),
        (json!({"type": "Function", "name": "Not", "parameters": {}}), "must be a list"),
        (json!({"type": "Function", "name": "Not", "parameters": [{}]}), "without a key"),
        (json!({"type": "Attribute", "name": "a] & [b"}), "`&`"),
        (json!({"type": "Attribute", "name": "a], [b"}), "ends before"),
    ] {
        let error = Expression::from_graph(&source, Profile::App).unwrap_err();
        assert!(error.message.contains(needle), "{source}: {error}");
        assert_eq!(error.span, Span::default());
    }
    let comparison = |side: Json| function("<", &[("left", side), ("right", text("1"))]);
    let chain = function("IIF", &[("condition", comparison(comparison(attribute("a"))))]);
    assert!(Expression::from_graph(&chain, Profile::App).is_err(), "comparisons do not chain");
    let joined = function(
        "&",
        &[("left", attribute("a")), ("right", function("&", &[("left", text("b")), ("right", text("c"))]))],
    );
    let error = Expression::from_graph(&joined, Profile::CloudSync).unwrap_err();
    assert!(error.message.contains("something else"), "{error}");
}

#[test]
fn a_tree_without_end_is_refused() {
    let mut deep = attribute("a");
    for _ in 0..5_000 {
        deep = object([
            ("type", Json::from("Function")),
            ("name", Json::from("Not")),
            ("parameters", Json::Array(vec![parameter("source", deep)])),
        ]);
    }
    assert!(Expression::from_graph(&deep, Profile::App).unwrap_err().message.contains("nest deeper"));
    // Unwound by hand: dropping it by itself would recurse as deep.
    while let Some(inner) = deep.pointer_mut("/parameters/0/value").map(Json::take) {
        deep = inner;
    }
}

#[test]
fn a_canonical_text_beyond_the_limit_keeps_the_text_as_written() {
    let written = format!("Append([a], \"{}\")", "\\d".repeat(4_900));
    let tree = tree(&written);
    assert_eq!(tree["expression"], written.as_str());
    assert!(Expression::from_graph(&tree, Profile::App).is_ok());
}

fn operand() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,5}".prop_map(|name| format!("[{name}]")),
        "\\PC{0,6}".prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        "-?[0-9]{1,3}(\\.[0-9])?",
        "&H[0-9A-F]{1,4}",
        Just("[emails[type eq \"work\"].value]".to_owned()),
        Just("IgnoreObjectFlow".to_owned()),
        Just("vbTextCompare".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let maybe = prop_oneof![3 => inner.clone(), 1 => Just(String::new())];
        prop_oneof![
            inner.clone().prop_map(|a| format!("Not({a})")),
            (inner.clone(), maybe.clone()).prop_map(|(a, b)| format!("ToLower({a},{b})")),
            (inner.clone(), prop::collection::vec(maybe.clone(), 1..4))
                .prop_map(|(a, rest)| { format!("Join({a}, {}, [z])", rest.join(", ")) }),
            (inner.clone(), maybe.clone(), inner.clone(), maybe.clone())
                .prop_map(|(a, b, c, d)| format!("Switch({a},{b},{c},{d})")),
            (inner.clone(), inner.clone(), inner.clone(), inner.clone())
                .prop_filter("no chain", |(a, b, ..)| !a.contains('=') && !b.contains('='))
                .prop_map(|(a, b, c, d)| format!("IIF({a} = {b}, {c}, {d})")),
            (inner.clone(), inner, maybe.clone(), maybe).prop_map(|(a, b, c, d)| format!("InStr({a},{b},{c},{d})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_expression_survives_the_tree_form(text in operand()) {
        let expression = Expression::parse(&text).unwrap();
        check(&expression, Profile::App);
    }

    #[test]
    fn any_json_gives_an_expression_or_an_error(name in "\\PC{0,12}", key in "[a-z]{0,6}", text in "\\PC{0,12}") {
        let source = json!({"type": "Function", "name": name, "parameters": [{"key": key, "value": {"name": text}}]});
        let _ = Expression::from_graph(&source, Profile::CloudSync);
        let _ = Expression::from_graph(&json!({"type": "Function", "name": "Append", "parameters":
            [{"key": "source", "value": {"name": text}}, {"key": "suffix", "value": {"expression": text}}]}), Profile::App);
    }
}
