//! `heeler eval` and `heeler scope`, driven as a program drives them: one question per line, one answer per line. The
//! vectors are two thirds of a larger set of the same kind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::home::binary;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

/// Sends lines, gives the answers. Nothing is there: no home, no configuration, no store.
fn ask(command: &str, lines: &[String]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut child = binary(folder.path())
        .env_remove("HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// Whether an answer is what a vector expects.
fn as_expected(answer: &Value, expected: &Value) -> bool {
    let class = |name: &str, text: &str| match name {
        "digit" => text.chars().filter(char::is_ascii_digit).count(),
        "lower" => text.chars().filter(char::is_ascii_lowercase).count(),
        "upper" => text.chars().filter(char::is_ascii_uppercase).count(),
        _ => text.chars().filter(char::is_ascii_punctuation).count(),
    };
    if let Some(code) = expected.get("error") {
        return answer["error"]["code"] == *code && answer["error"]["message"].is_string();
    }
    if expected.get("flow").is_some() {
        return answer == expected;
    }
    match expected["pattern"].as_str() {
        None => *answer == json!({ "value": expected }),
        Some(pattern) => {
            let Some(text) = answer["value"].as_str() else { return false };
            let least = expected["min"].as_object().cloned().unwrap_or_default();
            heeler::expression::Pattern::compile(pattern).unwrap().is_match(text).unwrap()
                && least.iter().all(|(name, n)| class(name, text) as u64 >= n.as_u64().unwrap())
        }
    }
}

#[test]
fn every_vector_of_the_language_gives_its_value() {
    let vectors = vectors(include_str!("data/expressions.json"));
    let members = ["expression", "attributes", "now", "existing", "type", "profile", "defaultDomain"];
    let question = |vector: &Value| {
        let asked = members.iter().filter_map(|m| Some(((*m).to_owned(), vector.get(*m)?.clone())));
        Value::Object(asked.collect()).to_string()
    };
    let answers = ask("eval", &vectors.iter().map(question).collect::<Vec<_>>());
    assert_eq!(answers.len(), vectors.len());
    let wrong: Vec<String> = vectors
        .iter()
        .zip(&answers)
        .filter(|(vector, answer)| !as_expected(answer, &vector["expected"]))
        .map(|(vector, answer)| format!("{}: {answer}, not {}", vector["id"], vector["expected"]))
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn every_vector_of_the_filters_gives_its_verdict() {
    let vectors = vectors(include_str!("data/scoping.json"));
    let question = |v: &Value| json!({ "filter": v["filter"], "attributes": v["attributes"] }).to_string();
    let answers = ask("scope", &vectors.iter().map(question).collect::<Vec<_>>());
    for (vector, answer) in vectors.iter().zip(&answers) {
        assert_eq!(answer["in_scope"], vector["in_scope"], "{}: {answer}", vector["id"]);
        let clauses = answer["clauses"].as_array().unwrap();
        let wanted: Vec<(usize, &Value)> = vector["filter"]["groups"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .flat_map(|(group, of)| of["clauses"].as_array().unwrap().iter().map(move |clause| (group, clause)))
            .collect();
        assert_eq!(clauses.len(), wanted.len(), "every clause is evaluated: {answer}");
        for (said, (group, clause)) in clauses.iter().zip(wanted) {
            assert_eq!(said["group"], group, "{answer}");
            for member in ["attribute", "operator", "value"] {
                assert_eq!(said[member], clause[member], "{}: {answer}", vector["id"]);
            }
            let actual = vector["attributes"].get(clause["attribute"].as_str().unwrap()).cloned().unwrap_or_default();
            assert_eq!(said["actual"], actual, "{answer}");
            assert!(said["holds"].is_boolean());
        }
    }
}

#[test]
fn a_line_that_asks_nothing_is_told_so_and_the_next_one_is_answered() {
    let good = json!({ "expression": "\"x\"" }).to_string();
    let lines = [
        "nonsense",
        "",
        "[1]",
        r#"{"attributes": {}}"#,
        r#"{"expression": 5}"#,
        r#"{"expression": "[a]", "attributes": []}"#,
        r#"{"expression": "[a]", "profile": "vba"}"#,
        r#"{"expression": "Now()", "now": "yesterday"}"#,
        r#"{"expression": "[a]", "existing": [1]}"#,
        r#"{"expression": "[a]", "type": "colour"}"#,
    ];
    let questions: Vec<String> = lines.iter().flat_map(|line| [(*line).to_owned(), good.clone()]).collect();
    let answers = ask("eval", &questions);
    assert_eq!(answers.len(), questions.len());
    for pair in answers.chunks(2) {
        assert_eq!(pair[0]["error"]["code"], "BAD_INPUT", "{pair:?}");
        assert_eq!(pair[1], json!({ "value": "x" }));
    }
    let answers =
        ask("scope", &[r#"{"filter": 5}"#.into(), r#"{"attributes": {}}"#.into(), r#"{"filter": {}}"#.into()]);
    assert_eq!(answers[0]["error"]["code"], "BAD_INPUT");
    assert_eq!(answers[1]["error"]["code"], "BAD_INPUT");
    assert_eq!(answers[2], json!({ "in_scope": true, "clauses": [] }));
}

/// A program may wait for each answer before it asks again.
#[test]
fn an_answer_comes_before_the_next_question() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = binary(folder.path()).arg("eval").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for n in 0..3 {
        writeln!(input, "{}", json!({ "expression": "[n]", "attributes": { "n": n } })).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{{\"value\":\"{n}\"}}\n"));
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_place_of_a_mistake_is_counted_in_characters() {
    let answers = ask("eval", &[json!({ "expression": "Join(\"é😀\", Foo([a]))" }).to_string()]);
    let error = &answers[0]["error"];
    assert_eq!((&error["start"], &error["end"]), (&json!(11), &json!(14)), "{error}");
    assert_eq!(error["code"], "UNKNOWN_FUNCTION");
}

#[test]
fn on_a_terminal_a_mistake_is_shown_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = binary(folder.path()).arg("eval").args(args).stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, out, err) = run(&["Replac([mail], \"a\", , , \"b\")"]);
    assert_eq!((code, out.as_str()), (2, ""));
    insta::assert_snapshot!(err);
    // Without a person an expression that reads one is no question.
    let (code, _, err) = run(&["Join(\" \", [givenName], [surname])"]);
    assert_eq!(code, 2);
    assert!(err.contains("--user") && err.contains("--all") && err.contains("--set givenName="), "{err}");
    let (code, out, _) = run(&["Join(\" \", [a], [b])", "--set", "a=Ada", "--set", "b:=[\"x\", \"y\"]"]);
    assert_eq!((code, out.as_str()), (0, "Ada x y\n"));
    let (code, out, _) = run(&["Item([a], 3)", "--set", "a=x", "--json"]);
    assert_eq!(
        (code, serde_json::from_str::<Value>(&out).unwrap()["error"]["code"].clone()),
        (2, json!("OUT_OF_RANGE"))
    );
}
