//! The tree form of an expression, as Microsoft Graph keeps it beside the text (`attributeMappingSource`).
//!
//! A node is `{expression, name, type, parameters}`; a parameter is `{key, value}`, its value a node again. What the
//! published samples show is written as they show it. Where they are silent:
//!
//! - A parameter that may be written more than once has one key, repeated: `source` of `Join`, `switchValue` for keys
//!   and values of `Switch` alike, and for other functions the parameter's own name.
//! - An omitted argument has no entry, except among repeated ones, where its place counts: there it is an entry whose
//!   value is null.
//! - A comparison is a function named by its operator, with the keys `left` and `right`; so is `&` of cloud sync. A
//!   named constant is a function of that name without parameters, and so cannot be taken for a quoted text.

use super::error::{Code, ExpressionError, Span};
use super::functions::{self, Function, Profile};
use super::parser::{self, MAX_DEPTH};
use super::tree::{Constant, Kind, Node, Operator};
use super::value::parse_integer;
use super::{Expression, MAX_CHARACTERS};
use serde_json::Value as Json;

/// Names of `Replace`'s parameters in the samples of Graph, and in the reference of the language.
const REPLACE_NAMES: [(&str, &str); 6] = [
    ("Find", "oldValue"),
    ("RegularExpression", "regexPattern"),
    ("RegularExpressionGroupName", "regexGroupName"),
    ("Replacement", "replacementValue"),
    ("ReplacementPropertyName", "replacementAttributeName"),
    ("Template", "template"),
];

/// Key of every key and value of `Switch`.
const SWITCH_KEY: &str = "switchValue";

impl Expression {
    /// The tree form: `{expression, name, type, parameters}`, with canonical texts. Numbers become quoted constants.
    pub fn to_graph(&self) -> Json {
        let mut tree = node(&self.root);
        // Doubled backslashes can carry the canonical text over the limit of what is read back.
        if self.canonical().chars().count() > MAX_CHARACTERS {
            tree["expression"] = Json::from(self.text.as_str());
        }
        tree
    }

    /// Reads a tree form. Its `expression` text counts where it is not empty, at every level; elsewhere the text is
    /// built from type, name and parameters, under either family of `Replace`'s parameter names, in any order.
    ///
    /// # Errors
    ///
    /// As [`Expression::parse`], or the tree has a part that cannot be read. Only where the tree has an `expression`
    /// text of its own does the error have a place: one in that text.
    pub fn from_graph(source: &Json, profile: Profile) -> Result<Self, ExpressionError> {
        if let (Some(text), false) = (text_of(source), is_type(source, "Constant")) {
            return Self::parse_as(text, profile);
        }
        let without_place = |error: ExpressionError| ExpressionError { span: Span::default(), ..error };
        let built = read(source, profile, 0).map_err(without_place)?;
        let text = built.to_string();
        let root = parser::parse(&text, profile).map_err(without_place)?;
        if root != built {
            return Err(wrong(format!(
                "the tree cannot be written as an expression: {text} would mean something else"
            )));
        }
        Ok(Self { text, root })
    }
}

/// Members in the order of the samples.
fn source(node: &Node, kind: &str, name: &str, parameters: Vec<Json>) -> Json {
    object([
        ("expression", Json::from(node.to_string())),
        ("name", Json::from(name)),
        ("type", Json::from(kind)),
        ("parameters", Json::Array(parameters)),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn parameter(key: &str, value: Json) -> Json {
    object([("key", Json::from(key)), ("value", value)])
}

fn node(node: &Node) -> Json {
    let of_two = |name: &str, left: &Node, right: &Node| {
        let parameters = [("left", left), ("right", right)].map(|(key, side)| parameter(key, self::node(side)));
        source(node, "Function", name, parameters.into())
    };
    match &node.kind {
        Kind::Attribute(name) => source(node, "Attribute", name, Vec::new()),
        Kind::Text(text) => source(node, "Constant", text, Vec::new()),
        Kind::Number(spelling) => {
            let text = Node::new(Kind::Text(as_text(spelling)), node.span);
            self::node(&text)
        }
        Kind::Constant(constant) => source(node, "Function", constant.as_str(), Vec::new()),
        Kind::Compare(operator, left, right) => of_two(operator.as_str(), left, right),
        Kind::Concat(left, right) => of_two("&", left, right),
        Kind::Call(function, arguments) => source(node, "Function", function.name, parameters(function, arguments)),
    }
}

/// A hexadecimal number is decimal when it is used as text; any other keeps its spelling.
fn as_text(spelling: &str) -> String {
    match parse_integer(spelling) {
        Some(number) if spelling.starts_with("&H") => number.to_string(),
        _ => spelling.to_owned(),
    }
}

fn parameters(function: &Function, arguments: &[Option<Node>]) -> Vec<Json> {
    let fixed = fixed(function);
    let last = arguments.iter().rposition(Option::is_some);
    let mut entries = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let place_counts = index >= fixed && (Some(index) < last || function.name == "Switch");
        if let Some(key) = key(function, arguments, index)
            && (argument.is_some() || place_counts)
        {
            entries.push(parameter(key, argument.as_ref().map_or(Json::Null, node)));
        }
    }
    entries
}

/// How many parameters stand at the front before the repeated ones, or in all.
fn fixed(function: &Function) -> usize {
    match function.parameters.last() {
        _ if function.name == "Switch" => 2,
        Some(last) if last.repeats => function.parameters.len() - 1,
        _ => function.parameters.len(),
    }
}

fn repeats(function: &Function) -> bool {
    function.parameters.last().is_some_and(|last| last.repeats)
}

fn key(function: &Function, arguments: &[Option<Node>], index: usize) -> Option<&'static str> {
    if function.name == "Switch" && index >= 2 {
        return Some(SWITCH_KEY);
    }
    // The short form of three arguments leaves out the styles, not the output format.
    let last = arguments.iter().rposition(Option::is_some);
    let short = function.name == "FormatDateTime" && last == Some(2) && matches!(arguments.get(1), Some(Some(_)));
    let index = if short && index > 0 { index + 1 } else { index };
    let parameters = function.parameters;
    parameters.get(index).or_else(|| parameters.last().filter(|p| p.repeats)).map(|p| p.name)
}

fn wrong(message: impl Into<String>) -> ExpressionError {
    ExpressionError::new(Code::ParseError, message, Span::default())
}

fn member<'a>(source: &'a Json, name: &str) -> Option<&'a str> {
    source.get(name).and_then(Json::as_str)
}

/// The text of a node, if it has one that is not blank.
fn text_of(source: &Json) -> Option<&str> {
    member(source, "expression").filter(|text| !text.trim().is_empty())
}

/// Types are read in any letter case; without one a node is an attribute, as Graph has it.
fn is_type(source: &Json, name: &str) -> bool {
    member(source, "type").unwrap_or("Attribute").eq_ignore_ascii_case(name)
}

fn read(source: &Json, profile: Profile, depth: usize) -> Result<Node, ExpressionError> {
    if depth > MAX_DEPTH {
        return Err(wrong(format!("functions nest deeper than {MAX_DEPTH}")));
    }
    if !source.is_object() {
        return Err(wrong("a source is an object with type, name and parameters"));
    }
    let (text, name) = (text_of(source), member(source, "name"));
    let kind = if is_type(source, "Constant") {
        return constant(text, name, profile);
    } else if let Some(text) = text {
        return parser::parse(text, profile);
    } else if is_type(source, "Attribute") {
        let name = name.filter(|name| !name.trim().is_empty());
        Kind::Attribute(name.ok_or_else(|| wrong("an attribute without a name"))?.trim().to_owned())
    } else if is_type(source, "Function") {
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| wrong("a function without a name"))?;
        call(name, &entries(source, name, profile, depth)?, profile)?
    } else {
        let kind = member(source, "type").unwrap_or_default();
        return Err(wrong(format!("`{kind}` is not one of Attribute, Constant, Function")));
    };
    Ok(Node::new(kind, Span::default()))
}

/// A constant may be written with quotes, as its name, or as its bare text.
fn constant(text: Option<&str>, name: Option<&str>, profile: Profile) -> Result<Node, ExpressionError> {
    if let Some(text) = text
        && let Ok(node) = parser::parse(text, profile)
        && matches!(node.kind, Kind::Text(_) | Kind::Number(_) | Kind::Constant(_))
    {
        return Ok(node);
    }
    let text = name.or(text).ok_or_else(|| wrong("a constant without a name"))?;
    Ok(Node::new(Kind::Text(text.to_owned()), Span::default()))
}

type Entry = (String, Option<Node>);

fn entries(source: &Json, function: &str, profile: Profile, depth: usize) -> Result<Vec<Entry>, ExpressionError> {
    let list = match source.get("parameters") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::Array(list)) => list,
        Some(_) => return Err(wrong(format!("{function}: the parameters must be a list"))),
    };
    let entry = |entry: &Json| {
        let key = member(entry, "key").ok_or_else(|| wrong(format!("{function}: a parameter without a key")))?;
        let value = match entry.get("value") {
            None | Some(Json::Null) => None,
            Some(value) => Some(read(value, profile, depth + 1)?),
        };
        Ok((key.to_owned(), value))
    };
    list.iter().map(entry).collect()
}

fn call(name: &str, entries: &[Entry], profile: Profile) -> Result<Kind, ExpressionError> {
    if entries.is_empty()
        && let Some(constant) = Constant::parse(name, profile)
    {
        return Ok(Kind::Constant(constant));
    }
    let operator = ["=", "<>", "<", "<=", ">", ">="].contains(&name).then(|| Operator::parse(name));
    if operator.is_some() || name == "&" {
        let side = |key: &str| {
            let found = entries.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).and_then(|(_, value)| value.clone());
            found.map(Box::new).ok_or_else(|| wrong(format!("`{name}` needs the parameters left and right")))
        };
        let (left, right) = (side("left")?, side("right")?);
        return Ok(match operator {
            Some(operator) => Kind::Compare(operator, left, right),
            None => Kind::Concat(left, right),
        });
    }
    let function = functions::find(name, profile)
        .map_err(|message| ExpressionError::new(Code::UnknownFunction, message, Span::default()))?;
    Ok(Kind::Call(function, arranged(function, entries)?))
}

/// The arguments in the order of the parameters. Keys are read in any letter case.
fn arranged(function: &Function, entries: &[Entry]) -> Result<Vec<Option<Node>>, ExpressionError> {
    let fixed = fixed(function);
    let mut places: Vec<Option<Option<Node>>> = vec![None; fixed];
    let mut rest = Vec::new();
    for (key, value) in entries {
        let at = position(function, key).filter(|at| *at < fixed);
        match at.and_then(|at| places.get_mut(at)) {
            Some(place @ None) => *place = Some(value.clone()),
            _ if repeats(function) => rest.push(value.clone()),
            Some(Some(_)) => return Err(wrong(format!("{}: the parameter `{key}` is there twice", function.name))),
            None => {
                return Err(wrong(format!("there is no parameter `{key}`: {}", function.signature())));
            }
        }
    }
    // Repeated parameters may have any keys: then what has no key of its own fills the places from the front. The
    // default of Switch is one of them only if keys and values would not come in pairs otherwise.
    let mut rest = rest.into_iter();
    let mut arguments = Vec::with_capacity(entries.len());
    for (index, place) in places.into_iter().enumerate() {
        let left_out = function.name == "Switch" && index == 1 && rest.len().is_multiple_of(2);
        arguments.push(match place {
            Some(value) => value,
            None if repeats(function) && !left_out => rest.next().flatten(),
            None => None,
        });
    }
    arguments.extend(rest);
    // Graph keeps every place of Replace; of other functions the ones at the end are left off.
    if function.name != "Replace" && !repeats(function) {
        let used = arguments.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        arguments.truncate(used);
    }
    Ok(arguments)
}

fn position(function: &Function, key: &str) -> Option<usize> {
    let name = match REPLACE_NAMES.iter().find(|(graph, _)| graph.eq_ignore_ascii_case(key)) {
        Some((_, name)) if function.name == "Replace" => name,
        _ => key,
    };
    function.parameters.iter().position(|p| p.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
