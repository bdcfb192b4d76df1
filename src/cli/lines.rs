//! Commands that read one question per line and answer each with one line.

use super::{CliError, Exit, Outcome};
use crate::text::{err_line, out_json, show};
use serde_json::{Map, Value, json};
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _};

/// Longest line, in bytes.
const LONGEST: u64 = 16 << 20;

/// What a line asks, or why it asks nothing.
pub(super) type Question = Result<Map<String, Value>, String>;

/// Answers every line of standard input, in order, as soon as it is there. A line that is no JSON object is answered
/// with the error `BAD_INPUT`, and the next one is read.
///
/// # Errors
/// When standard input or output fails.
pub(super) fn answer(command: &str, answer: impl Fn(&Map<String, Value>) -> Result<Value, String>) -> Outcome {
    let input = io::stdin();
    if input.is_terminal() {
        err_line(&show(&format!(
            "{command}: one JSON object per line; end with Ctrl-D. `heeler {command} --help` says what goes into it"
        )));
    }
    let mut input = BufReader::new(input.lock());
    while let Some(question) = next(&mut input)? {
        let reply = question.and_then(|question| answer(&question));
        out_json(&reply.unwrap_or_else(|what| json!({ "error": { "code": "BAD_INPUT", "message": what } })))?;
    }
    Ok(Exit::Done)
}

fn next(input: &mut impl BufRead) -> Result<Option<Question>, CliError> {
    let mut line = Vec::new();
    if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST {
        skip_line(input)?;
        return Ok(Some(Err(format!("the line is longer than {LONGEST} bytes"))));
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Ok(Some(read(&line)))
}

/// Passes over the rest of a line without keeping it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(available.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

fn read(line: &[u8]) -> Question {
    let text = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8 text".to_owned())?;
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("a JSON object is needed".to_owned()),
        Err(error) => Err(format!("the line is not JSON: {error}")),
    }
}

/// A member that is a text; absent and null are none.
pub(super) fn text<'a>(question: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match question.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{name}` must be a text")),
    }
}

/// The attributes of a person; absent and null are none.
pub(super) fn attributes(question: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    match question.get("attributes") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err("`attributes` must be an object: name and value of each".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_question_or_says_why_not() {
        let long = "x".repeat(usize::try_from(LONGEST).unwrap() + 9);
        let text = format!("{{\"a\":1}}\r\n\n[1]\n{long}\n{{\"b\":2}}");
        let mut input = text.as_bytes();
        let mut found = Vec::new();
        while let Some(question) = next(&mut input).unwrap() {
            found.push(question.map(|q| q.len()).map_err(|e| e.split(':').next().unwrap().to_owned()));
        }
        let wrong = |text: &str| Err(text.to_owned());
        assert_eq!(
            found,
            [
                Ok(1),
                wrong("the line is not JSON"),
                wrong("a JSON object is needed"),
                wrong("the line is longer than 16777216 bytes"),
                Ok(1)
            ]
        );
        assert!(read(b"\xff").unwrap_err().contains("UTF-8"));
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
