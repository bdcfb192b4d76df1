//! The functions of the language: one table. The parser checks calls against it, the evaluator runs from it, and
//! documentation is written from it.

mod binary;
mod dates;
mod generated;
mod letters;
mod lists;
mod logic;
mod numbers;
mod replace;
mod roles;
mod text;

use super::error::{Code, ExpressionError, Span};
use super::eval::{Evaluator, Stop, stop};
use super::regex::{Pattern, PatternError};
use super::tree::Node;
use super::value::Value;
use std::fmt;

/// A dialect of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Profile {
    /// Application provisioning.
    #[default]
    App,
    /// Cloud sync: application provisioning and a few more.
    CloudSync,
    /// Entra Connect's `Len`.
    Connect,
}

/// One parameter of a function.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Name, as in the tree form of a schema.
    pub name: &'static str,
    /// Whether it must be written.
    pub required: bool,
    /// Whether it may be written more than once; only the last parameter may.
    pub repeats: bool,
}

const fn one(name: &'static str) -> Parameter {
    Parameter { name, required: true, repeats: false }
}

const fn optional(name: &'static str) -> Parameter {
    Parameter { name, required: false, repeats: false }
}

const fn many(name: &'static str) -> Parameter {
    Parameter { name, required: true, repeats: true }
}

pub(super) type Eager = fn(&Call<'_>, &[Value]) -> Result<Value, Stop>;
pub(super) type Lazy = fn(&Call<'_>) -> Result<Value, Stop>;

/// How a function runs.
pub(super) enum Body {
    /// All arguments first, left to right.
    Eager(Eager),
    /// As eager; over a list of two values or more as first argument, once for each.
    Mapped(Eager),
    /// The function itself decides which arguments to evaluate.
    Lazy(Lazy),
}

/// A function of the language.
pub struct Function {
    /// Name; case-sensitive.
    pub name: &'static str,
    /// The smallest dialect that has it.
    pub profile: Profile,
    /// Parameters in order.
    pub parameters: &'static [Parameter],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Whether it may only be the outermost function.
    pub top_level: bool,
    pub(super) body: Body,
}

impl Function {
    /// Checks which arguments are written; the error says what is wrong.
    pub(super) fn check(&self, written: &[bool]) -> Result<(), String> {
        let used = written.iter().rposition(|w| *w).map_or(0, |last| last + 1);
        let name = self.name;
        if name == "Switch" {
            return logic::check_switch(written);
        }
        if name == "FormatDateTime" {
            return dates::check_format(written);
        }
        let repeats = self.parameters.last().is_some_and(|p| p.repeats);
        if used > self.parameters.len() && !repeats {
            return Err(format!("{name} takes {} arguments, not {used}: {}", self.parameters.len(), self.signature()));
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            let given = if parameter.repeats {
                written.iter().skip(index).any(|w| *w)
            } else {
                written.get(index).copied().unwrap_or(false)
            };
            if parameter.required && !given {
                return Err(format!("{name} needs its argument `{}`: {}", parameter.name, self.signature()));
            }
        }
        if name == "Replace" { replace::check(written) } else { Ok(()) }
    }

    /// `Name(required, optional?, repeating…)`.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|p| format!("{}{}{}", p.name, if p.required { "" } else { "?" }, if p.repeats { "…" } else { "" }))
            .collect();
        format!("{}({})", self.name, parameters.join(", "))
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature())
    }
}

/// Names are unique in the table.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A call while it runs.
pub(super) struct Call<'a> {
    pub(super) function: &'static Function,
    pub(super) arguments: &'a [Option<Node>],
    /// The literal pattern, if the function has one.
    pub(super) pattern: Option<&'a Result<Pattern, PatternError>>,
    pub(super) span: Span,
    pub(super) evaluator: &'a Evaluator<'a>,
}

impl Call<'_> {
    /// Evaluates one argument; an omitted one is null.
    pub(super) fn value(&self, index: usize) -> Result<Value, Stop> {
        match self.arguments.get(index) {
            Some(Some(node)) => self.evaluator.value(node),
            _ => Ok(Value::Null),
        }
    }

    /// Evaluates all arguments, left to right.
    pub(super) fn values(&self) -> Result<Vec<Value>, Stop> {
        (0..self.arguments.len()).map(|index| self.value(index)).collect()
    }

    pub(super) fn written(&self, index: usize) -> bool {
        matches!(self.arguments.get(index), Some(Some(_)))
    }

    /// An error about one argument, at its place in the text.
    pub(super) fn fail(&self, index: usize, code: Code, message: impl fmt::Display) -> Stop {
        let span = self.arguments.get(index).and_then(Option::as_ref).map_or(self.span, |node| node.span);
        stop(code, format!("{}: {message}", self.function.name), span)
    }

    fn parameter(&self, index: usize) -> &'static str {
        let parameters = self.function.parameters;
        parameters.get(index).or_else(|| parameters.last()).map_or("argument", |p| p.name)
    }

    /// The text of an argument; null stays null.
    pub(super) fn text(&self, values: &[Value], index: usize) -> Result<Option<String>, Stop> {
        let Some(value) = values.get(index) else { return Ok(None) };
        match value.to_text() {
            Some(text) => Ok(Some(text)),
            None if value.is_null() => Ok(None),
            None => {
                let message = format!("{} must be one value, not a list", self.parameter(index));
                Err(self.fail(index, Code::ArgType, message))
            }
        }
    }

    /// The whole number of an argument; null is none.
    pub(super) fn integer(&self, values: &[Value], index: usize) -> Result<i64, Stop> {
        values
            .get(index)
            .and_then(Value::to_integer)
            .ok_or_else(|| self.fail(index, Code::ArgType, format!("{} must be a whole number", self.parameter(index))))
    }
}

/// Reads the pattern of a call if it is a literal.
pub(super) fn literal_pattern(
    function: &Function,
    arguments: &[Option<Node>],
) -> Option<Result<Pattern, PatternError>> {
    if function.name == "Replace" { replace::literal_pattern(arguments) } else { None }
}

/// What is wrong with a node whatever the data: a literal pattern, or a literal group that it does not have.
pub(super) fn problem(node: &Node) -> Option<ExpressionError> {
    replace::problem(node)
}

/// Finds a function of a dialect. The error names the nearest one.
pub(super) fn find(name: &str, profile: Profile) -> Result<&'static Function, String> {
    let known = |f: &&Function| f.profile == Profile::App || f.profile == profile;
    if let Some(function) = TABLE.iter().filter(known).find(|f| f.name == name) {
        return Ok(function);
    }
    let nearest = TABLE
        .iter()
        .filter(known)
        .map(|f| (strsim::damerau_levenshtein(&f.name.to_lowercase(), &name.to_lowercase()), f.name))
        .min()
        .filter(|(distance, _)| *distance <= 2.max(name.len() / 3));
    match nearest {
        Some((0, right)) => Err(format!("there is no function {name}: names are case-sensitive, write {right}")),
        Some((_, right)) => Err(format!("there is no function {name}; did you mean {right}?")),
        None => Err(format!("there is no function {name}")),
    }
}

const fn app(name: &'static str, parameters: &'static [Parameter], summary: &'static str, body: Body) -> Function {
    Function { name, profile: Profile::App, parameters, summary, top_level: false, body }
}

const fn cloud(name: &'static str, parameters: &'static [Parameter], summary: &'static str, body: Body) -> Function {
    Function { name, profile: Profile::CloudSync, parameters, summary, top_level: false, body }
}

use Body::{Eager as All, Lazy as Lazily, Mapped as Each};

/// Every function of every dialect, by name.
pub static TABLE: &[Function] = &[
    app("Append", &[one("source"), one("suffix")], "The source with the suffix after it.", Each(text::append)),
    app("AppRoleAssignments", &[one("source")], "The names of the roles as a list.", All(roles::names)),
    app(
        "AppRoleAssignmentsComplex",
        &[one("source")],
        "One JSON text per role; the app adds them.",
        All(roles::complex),
    ),
    app(
        "AssertiveAppRoleAssignmentsComplex",
        &[one("source")],
        "One JSON text per role; the app replaces its roles by them.",
        All(roles::complex),
    ),
    app("BitAnd", &[one("value1"), one("value2")], "The bits set in both numbers.", All(numbers::bit_and)),
    app("CBool", &[one("Expression")], "True or False for a comparison, a number or a text.", All(logic::to_boolean)),
    app("CDate", &[one("Expression")], "The UTC date of a text.", All(dates::to_date)),
    app("Coalesce", &[many("source")], "The first argument that is not null.", Lazily(logic::coalesce)),
    app("ConvertToBase64", &[one("source")], "Base64 of the text in UTF-16.", Each(text::to_base64)),
    app("ConvertToUTF8Hex", &[one("source")], "The UTF-8 bytes in hexadecimal.", Each(text::to_hex)),
    app("Count", &[one("attribute")], "How many values there are.", All(lists::count)),
    app("CStr", &[one("value")], "The text form of a value.", Each(numbers::to_text)),
    app("DateAdd", &[one("interval"), one("value"), one("dateTime")], "A date some intervals later.", All(dates::add)),
    app(
        "DateDiff",
        &[one("interval"), one("date1"), one("date2")],
        "How many intervals lie between two dates.",
        All(dates::difference),
    ),
    app("DateFromNum", &[one("value")], "The date of a FILETIME number.", All(dates::from_number)),
    app("DefaultDomain", &[], "The tenant's default domain.", All(roles::default_domain)),
    app(
        "FormatDateTime",
        &[one("source"), optional("dateTimeStyles"), one("inputFormat"), one("outputFormat")],
        "A date text in another format.",
        All(dates::format),
    ),
    app("Guid", &[], "A new random GUID.", All(generated::guid)),
    app(
        "IgnoreFlowIfNullOrEmpty",
        &[one("Expression")],
        "The value; without one the attribute is left out of the update.",
        All(logic::ignore_flow),
    ),
    app(
        "IIF",
        &[one("condition"), one("valueIfTrue"), one("valueIfFalse")],
        "One of two values, by a condition.",
        Lazily(logic::iif),
    ),
    app(
        "InStr",
        &[one("value1"), one("value2"), optional("start"), optional("compareType")],
        "The position of a text in another one, 0 if it is absent.",
        All(text::in_str),
    ),
    app("IsNull", &[one("Expression")], "Whether there is no value; an empty text is one.", All(logic::is_null)),
    app("IsNullOrEmpty", &[one("Expression")], "Whether there is no value or an empty text.", All(logic::is_empty)),
    app("IsPresent", &[one("Expression")], "The opposite of IsNullOrEmpty.", All(logic::is_present)),
    app("IsString", &[one("Expression")], "Whether the value has a text form.", All(logic::is_string)),
    app("Item", &[one("attribute"), one("index")], "One value of a list, counted from 1.", All(lists::item)),
    app(
        "Join",
        &[one("separator"), many("source")],
        "All values that are not empty, with a separator.",
        All(text::join),
    ),
    app("Left", &[one("String"), one("NumChars")], "The first characters of a text.", Each(text::left)),
    app("Mid", &[one("source"), one("start"), one("length")], "A part of a text.", Each(text::mid)),
    app("NormalizeDiacritics", &[one("source")], "The text without accents.", Each(letters::normalize_diacritics)),
    app("Not", &[one("source")], "False for True, True for anything else.", All(logic::not)),
    app("Now", &[], "The current UTC date.", All(dates::now)),
    app("NumFromDate", &[one("value")], "The FILETIME number of a date.", All(dates::to_number)),
    app(
        "PCase",
        &[one("source"), optional("wordSeparators")],
        "Every word with a capital letter.",
        Each(letters::pcase),
    ),
    app(
        "RandomString",
        &[
            one("Length"),
            one("MinimumNumbers"),
            one("MinimumSpecialCharacters"),
            one("MinimumCapital"),
            one("MinimumLowerCase"),
            optional("CharactersToAvoid"),
        ],
        "A random text.",
        All(generated::random_string),
    ),
    app("Redact", &[one("value")], "The value, shown as [Redact] in the log.", Each(text::redact)),
    app("RemoveDuplicates", &[one("attribute")], "Every value once.", All(lists::remove_duplicates)),
    app(
        "Replace",
        &[
            one("source"),
            optional("oldValue"),
            optional("regexPattern"),
            optional("regexGroupName"),
            optional("replacementValue"),
            optional("replacementAttributeName"),
            optional("template"),
        ],
        "A text with parts replaced.",
        Each(replace::run),
    ),
    Function {
        name: "SelectUniqueValue",
        profile: Profile::App,
        parameters: &[one("uniqueValueRule1"), many("uniqueValueRule")],
        summary: "The first candidate that is not taken in the app.",
        top_level: true,
        body: Lazily(generated::select_unique_value),
    },
    app("SingleAppRoleAssignment", &[one("source")], "The name of the one role.", All(roles::single)),
    app("Split", &[one("source"), one("delimiter")], "The parts of a text as a list.", All(lists::split)),
    app("StripSpaces", &[one("source")], "The text without blanks.", Each(text::strip_spaces)),
    app(
        "Switch",
        &[one("source"), optional("defaultValue"), one("key"), many("value")],
        "The value whose key equals the source, else the default.",
        Lazily(logic::switch),
    ),
    app("ToLower", &[one("source"), optional("culture")], "The text in lower case.", Each(text::to_lower)),
    app("ToUpper", &[one("source"), optional("culture")], "The text in upper case.", Each(text::to_upper)),
    app("Word", &[one("String"), one("WordNumber"), one("Delimiters")], "One word of a text.", Each(text::word)),
    cloud(
        "Contains",
        &[one("attribute"), one("search")],
        "The index of the first value with a text.",
        All(lists::contains),
    ),
    cloud(
        "ConvertFromBase64",
        &[one("source"), optional("Encoding")],
        "The text of a base64 text.",
        All(binary::from_base64),
    ),
    cloud("CRef", &[one("value")], "The text as a reference.", Each(numbers::to_text)),
    cloud(
        "DNComponent",
        &[one("dn"), one("ComponentNumber")],
        "A component of a distinguished name.",
        All(binary::dn_component),
    ),
    cloud("Error", &[one("ErrorMessage")], "Fails with a message.", All(logic::error)),
    cloud("StringFromSid", &[one("ObjectSID")], "The text of a binary SID.", All(binary::string_from_sid)),
    cloud("Trim", &[one("value")], "The text without white space at both ends.", Each(text::trim)),
    Function {
        name: "Len",
        profile: Profile::Connect,
        parameters: &[one("value")],
        summary: "The length of a text in UTF-16 units.",
        top_level: false,
        body: All(text::len),
    },
];
