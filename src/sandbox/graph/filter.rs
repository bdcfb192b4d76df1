//! `$filter`: a lexer, a parser and an evaluator for the part of OData that Graph's directory objects take.

use super::answer::GraphError;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// How deep a filter may nest.
const DEPTH: usize = 32;

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `ge`
    Ge,
    /// `le`
    Le,
    /// `gt`
    Gt,
    /// `lt`
    Lt,
}

/// A text function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `startsWith`
    StartsWith,
    /// `endsWith`
    EndsWith,
    /// `contains`, which Graph's directory does not support
    Contains,
}

/// A filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// Either.
    Or(Box<Filter>, Box<Filter>),
    /// Not.
    Not(Box<Filter>),
    /// `path op literal`
    Compare(String, Operator, Value),
    /// `path in (…)`
    In(String, Vec<Value>),
    /// `startsWith(path, 'x')`
    Call(Function, String, String),
    /// `path/any(v: …)`; inside, the path is empty for the item itself.
    Any(String, Option<Box<Filter>>),
    /// `path/$count op n`
    Count(String, Operator, Value),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

fn bad(reason: &str) -> GraphError {
    GraphError::bad(format!("Invalid filter clause: {reason}"))
}

fn lex(text: &str) -> Result<Vec<Token>, GraphError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            c if c.is_whitespace() => {
                chars.next();
            }
            '\'' => {
                chars.next();
                let mut value = String::new();
                loop {
                    match chars.next() {
                        Some('\'') if chars.peek() == Some(&'\'') => {
                            chars.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => value.push(c),
                        None => return Err(bad("there is an unterminated string literal.")),
                    }
                }
                tokens.push(Token::Text(value));
            }
            '(' | ')' | ',' => {
                chars.next();
                tokens.push(Token::Mark(c));
            }
            _ => {
                let mut word = String::new();
                // A colon ends a word only right after a lambda variable: times have colons too.
                while let Some(&c) = chars.peek() {
                    if c.is_whitespace() || "(),'".contains(c) {
                        break;
                    }
                    word.push(c);
                    chars.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
    /// The lambda variable in scope.
    variable: Option<String>,
}

/// Reads a filter.
pub fn parse(text: &str) -> Result<Filter, GraphError> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), depth: 0, variable: None };
    let filter = parser.either()?;
    match parser.tokens.next() {
        None => Ok(filter),
        Some(_) => Err(bad("there is text after the end of the expression.")),
    }
}

impl Parser {
    fn keyword(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.peek(), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        if found {
            self.tokens.next();
        }
        found
    }

    fn mark(&mut self, mark: char) -> Result<(), GraphError> {
        match self.tokens.next() {
            Some(Token::Mark(c)) if c == mark => Ok(()),
            _ => Err(bad(&format!("'{mark}' expected."))),
        }
    }

    fn either(&mut self) -> Result<Filter, GraphError> {
        let mut left = self.both()?;
        while self.keyword("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, GraphError> {
        let mut left = self.unary()?;
        while self.keyword("and") {
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Filter, GraphError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(bad("the expression is nested too deep."));
        }
        let filter = if self.keyword("not") {
            Filter::Not(Box::new(self.unary()?))
        } else if self.tokens.peek() == Some(&Token::Mark('(')) {
            self.mark('(')?;
            let inner = self.either()?;
            self.mark(')')?;
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn word(&mut self) -> Result<String, GraphError> {
        match self.tokens.next() {
            Some(Token::Word(word)) => Ok(word),
            _ => Err(bad("a property or function expected.")),
        }
    }

    /// A path, with the lambda variable taken off.
    fn path(&self, word: &str) -> String {
        match &self.variable {
            Some(variable) if word == variable => String::new(),
            Some(variable) => word.strip_prefix(&format!("{variable}/")).unwrap_or(word).to_owned(),
            None => word.to_owned(),
        }
    }

    fn literal(&mut self) -> Result<Value, GraphError> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Word(word)) => Ok(match word.to_lowercase().as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                other => other.parse::<i64>().map_or_else(|_| Value::String(word.clone()), Value::from),
            }),
            _ => Err(bad("a value expected.")),
        }
    }

    fn operator(&mut self) -> Result<Operator, GraphError> {
        Ok(match self.word()?.to_lowercase().as_str() {
            "eq" => Operator::Eq,
            "ne" => Operator::Ne,
            "ge" => Operator::Ge,
            "le" => Operator::Le,
            "gt" => Operator::Gt,
            "lt" => Operator::Lt,
            other => return Err(bad(&format!("unknown operator '{other}'."))),
        })
    }

    fn term(&mut self) -> Result<Filter, GraphError> {
        let word = self.word()?;
        if self.tokens.peek() == Some(&Token::Mark('(')) {
            self.mark('(')?;
            if let Some(path) = word.strip_suffix("/any") {
                return self.lambda(path);
            }
            let function = match word.to_lowercase().as_str() {
                "startswith" => Function::StartsWith,
                "endswith" => Function::EndsWith,
                "contains" => Function::Contains,
                other => return Err(bad(&format!("unknown function '{other}'."))),
            };
            let name = self.word()?;
            let path = self.path(&name);
            self.mark(',')?;
            let Value::String(text) = self.literal()? else { return Err(bad("a text expected.")) };
            self.mark(')')?;
            return Ok(Filter::Call(function, path, text));
        }
        let path = self.path(&word);
        if let Some(list) = path.strip_suffix("/$count") {
            let list = list.to_owned();
            return Ok(Filter::Count(list, self.operator()?, self.literal()?));
        }
        if self.keyword("in") {
            self.mark('(')?;
            let mut values = vec![self.literal()?];
            while self.tokens.peek() == Some(&Token::Mark(',')) {
                self.mark(',')?;
                values.push(self.literal()?);
            }
            self.mark(')')?;
            return Ok(Filter::In(path, values));
        }
        Ok(Filter::Compare(path, self.operator()?, self.literal()?))
    }

    fn lambda(&mut self, path: &str) -> Result<Filter, GraphError> {
        if self.tokens.peek() == Some(&Token::Mark(')')) {
            self.mark(')')?;
            return Ok(Filter::Any(path.to_owned(), None));
        }
        // `p:p eq 'x'`, `p: p eq 'x'`, `p:startsWith(p,'x')` and `p :p eq 'x'` are all written.
        let first = self.word()?;
        let (variable, rest) = match first.split_once(':') {
            Some((variable, rest)) => (variable.to_owned(), rest.to_owned()),
            None => {
                let next = self.word()?;
                let rest = next.strip_prefix(':').ok_or_else(|| bad("':' expected."))?.to_owned();
                (first, rest)
            }
        };
        if !rest.is_empty() {
            let mut tokens = vec![Token::Word(rest)];
            tokens.extend(self.tokens.by_ref());
            self.tokens = tokens.into_iter().peekable();
        }
        let outer = self.variable.replace(variable);
        let inner = self.either()?;
        self.variable = outer;
        self.mark(')')?;
        Ok(Filter::Any(path.to_owned(), Some(Box::new(inner))))
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        // Graph compares text without regard to case.
        (Value::String(a), Value::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

fn holds(left: &Value, operator: Operator, right: &Value) -> bool {
    let found = order(left, right);
    match operator {
        Operator::Eq => found == Some(Ordering::Equal),
        Operator::Ne => found != Some(Ordering::Equal),
        Operator::Ge => matches!(found, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Le => matches!(found, Some(Ordering::Less | Ordering::Equal)),
        Operator::Gt => found == Some(Ordering::Greater),
        Operator::Lt => found == Some(Ordering::Less),
    }
}

fn value_at<'a>(item: &'a Value, path: &str) -> &'a Value {
    path.split('/').filter(|part| !part.is_empty()).fold(item, |value, part| value.get(part).unwrap_or(&Value::Null))
}

impl Filter {
    /// Whether an object fits.
    pub fn fits(&self, object: &Map<String, Value>) -> bool {
        self.test(&|path| {
            let (first, rest) = path.split_once('/').unwrap_or((path, ""));
            value_at(object.get(first).unwrap_or(&Value::Null), rest).clone()
        })
    }

    fn test(&self, at: &dyn Fn(&str) -> Value) -> bool {
        match self {
            Self::And(a, b) => a.test(at) && b.test(at),
            Self::Or(a, b) => a.test(at) || b.test(at),
            Self::Not(inner) => !inner.test(at),
            Self::Compare(path, operator, value) => holds(&at(path), *operator, value),
            Self::In(path, values) => {
                let found = at(path);
                values.iter().any(|value| holds(&found, Operator::Eq, value))
            }
            Self::Call(function, path, text) => {
                let found = at(path);
                let (Some(have), want) = (found.as_str().map(str::to_lowercase), text.to_lowercase()) else {
                    return false;
                };
                match function {
                    Function::StartsWith => have.starts_with(&want),
                    Function::EndsWith => have.ends_with(&want),
                    Function::Contains => have.contains(&want),
                }
            }
            Self::Any(path, inner) => at(path).as_array().is_some_and(|items| match inner {
                None => !items.is_empty(),
                Some(inner) => items.iter().any(|item| inner.test(&|path| value_at(item, path).clone())),
            }),
            Self::Count(path, operator, value) => {
                let count = at(path).as_array().map_or(0, Vec::len);
                holds(&Value::from(count), *operator, value)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(filter: &str) -> bool {
        let object = json!({
            "id": "1", "displayName": "Ada O'Brien", "accountEnabled": true, "department": null,
            "proxyAddresses": ["SMTP:ada@x.example", "smtp:a@y.example"], "createdDateTime": "2025-03-01T00:00:00Z",
            "onPremisesExtensionAttributes": {"extensionAttribute1": "CC1"},
        });
        parse(filter).unwrap().fits(object.as_object().unwrap())
    }

    #[test]
    fn filters_hold_as_odata_says() {
        for (filter, expected) in [
            ("displayName eq 'ada o''brien'", true),
            ("displayName ne 'x'", true),
            ("department eq null", true),
            ("accountEnabled eq true and startswith(displayName,'ada')", true),
            ("not (accountEnabled eq true)", false),
            ("not startsWith(displayName, 'b') and id in ('1', '2')", true),
            ("endsWith(displayName,'brien') or id eq '2'", true),
            ("proxyAddresses/any(p:p eq 'smtp:A@y.example')", true),
            ("proxyAddresses/any(p:startsWith(p,'smtp:zzz'))", false),
            ("proxyAddresses/any(p: endsWith(p, 'y.example')) and id eq '1'", true),
            ("proxyAddresses/$count eq 2", true),
            ("createdDateTime ge 2025-03-01T00:00:00Z", true),
            ("createdDateTime lt 2025-03-01T00:00:00Z", false),
            ("onPremisesExtensionAttributes/extensionAttribute1 eq 'CC1'", true),
            ("id eq '1' or id eq '2' and displayName eq 'x'", true),
            ("(id eq '1' or id eq '2') and displayName eq 'x'", false),
        ] {
            assert_eq!(fits(filter), expected, "{filter}");
        }
    }

    #[test]
    fn broken_filters_are_refused() {
        let deep = format!("{}id eq '1'{}", "(".repeat(5000), ")".repeat(5000));
        for filter in
            ["", "id", "id eq", "id eq 'x", "id xx 'x'", "id eq '1' id", "foo(id,'x')", "(id eq '1'", "id in ()", &deep]
        {
            assert!(parse(filter).is_err(), "{filter:.40}");
        }
    }
}
