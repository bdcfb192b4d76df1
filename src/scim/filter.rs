//! The filter language of RFC 7644 section 3.4.2.2: lexer, recursive descent, canonical printing.

use super::path::AttrPath;
use serde_json::{Number, Value};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Longest filter read, in bytes.
pub const MAX_LENGTH: usize = 64 * 1024;
/// Deepest nesting of parentheses and brackets.
pub const MAX_DEPTH: usize = 40;
/// Most comparisons in one filter.
pub const MAX_TERMS: usize = 1000;

/// A filter that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {}", span.start)]
pub struct FilterError {
    /// What was expected or refused.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Op {
    /// Every operator.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The operator as it goes over the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str().eq_ignore_ascii_case(word))
    }
}

/// A filter. `And` and `Or` hold at least two parts.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All parts hold.
    And(Vec<Filter>),
    /// At least one part holds.
    Or(Vec<Filter>),
    /// The part does not hold.
    Not(Box<Filter>),
    /// The attribute has a value (`pr`).
    Present(AttrPath),
    /// The attribute compares with a literal: a string, a number, a boolean or null.
    Compare(AttrPath, Op, Value),
    /// Some element of a multi-valued attribute fits the filter in brackets: `emails[type eq "work"]`.
    Has(AttrPath),
}

impl Filter {
    /// Reads a filter as RFC 7644 writes it.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Parser::new(text, false)?.whole_filter()
    }

    /// Reads a filter whose string values may come without quotes, as in `id eq 2819c223 and manager eq 26118915`
    /// (E9.13, E9.14).
    pub fn parse_lenient(text: &str) -> Result<Self, FilterError> {
        Parser::new(text, true)?.whole_filter()
    }

    /// Text of `path eq "value"`, the value escaped as a JSON string, so that no value can change the filter.
    pub fn eq(path: &str, value: &str) -> String {
        format!("{path} eq {}", Value::from(value))
    }

    /// The value that every match must have at `path`, if the filter says so: `path eq "v"` itself, or one part of an
    /// `and`.
    pub fn pinned(&self, path: &AttrPath) -> Option<&str> {
        match self {
            Self::Compare(at, Op::Eq, Value::String(value)) if at.same(path) => Some(value),
            Self::And(parts) => parts.iter().find_map(|part| part.pinned(path)),
            _ => None,
        }
    }

    /// Whether the filter looks at the top-level attribute (letter case ignored).
    pub fn mentions(&self, attr: &str) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.mentions(attr)),
            Self::Not(part) => part.mentions(attr),
            Self::Present(path) | Self::Compare(path, ..) | Self::Has(path) => path.attr.eq_ignore_ascii_case(attr),
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => list(f, parts, " and ", |p| matches!(p, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => list(f, parts, " or ", |p| matches!(p, Self::Or(_))),
            Self::Not(part) => write!(f, "not ({part})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, op, value) => write!(f, "{path} {} {value}", op.as_str()),
            Self::Has(path) => write!(f, "{path}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, parts: &[Filter], by: &str, wrap: fn(&Filter) -> bool) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(by)?;
        }
        if wrap(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    OpenBracket,
    CloseBracket,
}

/// Reads filters and paths; they contain each other.
pub(super) struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    end: usize,
    depth: usize,
    terms: usize,
    lenient: bool,
}

type Parsed<T> = Result<T, FilterError>;

impl Parser {
    pub(super) fn new(text: &str, lenient: bool) -> Parsed<Self> {
        if text.len() > MAX_LENGTH {
            let message = format!("longer than {MAX_LENGTH} bytes");
            return Err(FilterError { message, span: MAX_LENGTH..text.len() });
        }
        Ok(Self { tokens: lex(text)?, at: 0, end: text.len(), depth: 0, terms: 0, lenient })
    }

    pub(super) fn whole_filter(mut self) -> Parsed<Filter> {
        let filter = self.any()?;
        self.finish()?;
        Ok(filter)
    }

    pub(super) fn whole_path(mut self) -> Parsed<AttrPath> {
        let path = self.path(true)?;
        self.finish()?;
        Ok(path)
    }

    fn finish(&self) -> Parsed<()> {
        match self.tokens.get(self.at) {
            None => Ok(()),
            Some((_, span)) => Err(FilterError { message: "unexpected text".into(), span: span.clone() }),
        }
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        let span = self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone());
        Err(FilterError { message: message.into(), span })
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token, name: &str) -> Parsed<()> {
        if self.take(token) { Ok(()) } else { self.error(format!("expected {name}")) }
    }

    fn nested(&mut self) -> Parsed<Filter> {
        if self.depth == MAX_DEPTH {
            return self.error(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.depth += 1;
        let filter = self.any()?;
        self.depth -= 1;
        Ok(filter)
    }

    fn any(&mut self) -> Parsed<Filter> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn all(&mut self) -> Parsed<Filter> {
        let first = self.term()?;
        let mut parts = vec![first];
        while self.take_word("and") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn term(&mut self) -> Parsed<Filter> {
        if self.take(&Token::Open) {
            let filter = self.nested()?;
            self.expect(&Token::Close, "`)`")?;
            return Ok(filter);
        }
        let negated = matches!(self.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case("not"))
            && matches!(self.tokens.get(self.at + 1), Some((Token::Open, _)));
        if negated {
            self.at += 2;
            let filter = self.nested()?;
            self.expect(&Token::Close, "`)`")?;
            return Ok(Filter::Not(Box::new(filter)));
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return self.error(format!("more than {MAX_TERMS} comparisons"));
        }
        let path = self.path(false)?;
        let op = match self.peek() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("pr") => {
                self.at += 1;
                return Ok(Filter::Present(path));
            }
            Some(Token::Word(word)) => Op::parse(word),
            _ => None,
        };
        match op {
            Some(op) => {
                self.at += 1;
                Ok(Filter::Compare(path, op, self.literal()?))
            }
            None if path.filter.is_some() && path.sub.is_none() => Ok(Filter::Has(path)),
            None => self.error("expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"),
        }
    }

    fn literal(&mut self) -> Parsed<Value> {
        let value = match self.peek() {
            Some(Token::Text(text)) => Value::from(text.as_str()),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                word => match number(word) {
                    Some(number) => Value::Number(number),
                    None if self.lenient => Value::from(word),
                    None => {
                        return self
                            .error("expected a value: a string in double quotes, a number, true, false or null");
                    }
                },
            },
            _ => return self.error("expected a value"),
        };
        self.at += 1;
        Ok(value)
    }

    /// `alone`: the path stands by itself, where it may name a whole extension.
    fn path(&mut self, alone: bool) -> Parsed<AttrPath> {
        let Some(Token::Word(word)) = self.peek() else { return self.error("expected an attribute name") };
        let (schema, rest) = AttrPath::split_urn(word);
        let (attr, mut sub) = match rest.split_once('.') {
            Some((attr, sub)) => (attr.to_owned(), Some(sub.to_owned())),
            None => (rest.to_owned(), None),
        };
        let schema = schema.map(str::to_owned);
        let whole = alone && attr.is_empty() && sub.is_none() && schema.is_some() && !word.ends_with(':');
        let proper_urn = schema.as_deref().is_none_or(|urn| !urn.ends_with(':') && urn.len() > 4);
        if !proper_urn || !(whole || is_name(&attr) && sub.as_deref().is_none_or(is_name)) {
            return self.error("expected an attribute name");
        }
        self.at += 1;
        let mut filter = None;
        if !whole && sub.is_none() && self.take(&Token::OpenBracket) {
            filter = Some(Box::new(self.nested()?));
            self.expect(&Token::CloseBracket, "`]`")?;
            if let Some(Token::Word(word)) = self.peek()
                && let Some(name) = word.strip_prefix('.')
            {
                if !is_name(name) {
                    return self.error("expected the name of a sub-attribute");
                }
                sub = Some(name.to_owned());
                self.at += 1;
            }
        }
        Ok(AttrPath { schema, attr, filter, sub })
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$' || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'))
}

/// A JSON number. Floats go through the standard library, which is exact where serde_json rounds.
fn number(word: &str) -> Option<Number> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let json = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !json {
        return None;
    }
    if let Ok(whole) = word.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = word.parse::<u64>() {
        return Some(whole.into());
    }
    word.parse::<f64>().ok().and_then(Number::from_f64)
}

fn lex(text: &str) -> Parsed<Vec<(Token, Range<usize>)>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let token = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'(' => Token::Open,
            b')' => Token::Close,
            b'[' => Token::OpenBracket,
            b']' => Token::CloseBracket,
            b'"' => {
                let mut end = at + 1;
                loop {
                    match bytes.get(end) {
                        Some(b'"') => break,
                        Some(b'\\') => end += 2,
                        Some(_) => end += 1,
                        None => {
                            let message = "a string without closing quote".to_owned();
                            return Err(FilterError { message, span: start..text.len() });
                        }
                    }
                }
                at = end + 1;
                match text.get(start..at).and_then(|quoted| serde_json::from_str(quoted).ok()) {
                    Some(value) => {
                        tokens.push((Token::Text(value), start..at));
                        continue;
                    }
                    None => {
                        let message = "a string with a bad escape or a control character".to_owned();
                        return Err(FilterError { message, span: start..at });
                    }
                }
            }
            _ => {
                let mut end = at;
                while bytes.get(end).is_some_and(|b| is_word(*b)) {
                    end += 1;
                }
                if end == at {
                    let message = "unexpected character".to_owned();
                    return Err(FilterError { message, span: at..at + 1 });
                }
                at = end;
                tokens.push((Token::Word(text[start..end].to_owned()), start..end));
                continue;
            }
        };
        at += 1;
        tokens.push((token, start..at));
    }
    Ok(tokens)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$' | b':' | b'.' | b'+' | b'@' | b'/' | b'%')
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
