//! Tokens to tree, and every check that needs no data.

use super::MAX_CHARACTERS;
use super::error::{Code, ExpressionError, Span};
use super::functions::{self, Function, Profile};
use super::lexer::{Token, lex};
use super::tree::{Constant, Kind, Node, Operator};

/// How deep calls may nest. Real mappings stay below ten; the limit keeps recursion off the end of the stack.
pub(super) const MAX_DEPTH: usize = 100;

pub(super) fn parse(text: &str, profile: Profile) -> Result<Node, ExpressionError> {
    let characters = text.chars().count();
    if characters > MAX_CHARACTERS {
        let message = format!("the expression has {characters} characters; the limit is {MAX_CHARACTERS}");
        return Err(ExpressionError::new(Code::ParseError, message, Span::new(0, text.len())));
    }
    let tokens = lex(text)?;
    let mut parser = Parser { tokens, at: 0, end: text.len(), profile };
    if parser.tokens.is_empty() {
        return Err(ExpressionError::new(Code::ParseError, "the expression is empty", Span::new(0, text.len())));
    }
    let root = parser.operand(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(root),
        Some((token, span)) => {
            let message = match token {
                Token::Close => "one `)` too many".to_owned(),
                Token::Name(name) if matches!(name.to_ascii_uppercase().as_str(), "AND" | "OR") => {
                    format!("there is no {name}: nest IIF instead, in the true branch for AND, in the false one for OR")
                }
                other => format!("the expression ends before {}", other.describe()),
            };
            Err(ExpressionError::new(Code::ParseError, message, *span))
        }
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    end: usize,
    profile: Profile,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// Where the next token stands; past the end, the end of the text.
    fn here(&self) -> Span {
        self.tokens.get(self.at).map_or(Span::new(self.end, self.end), |(_, span)| *span)
    }

    fn bump(&mut self) -> Option<(Token, Span)> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn error(&self, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(Code::ParseError, message, self.here())
    }

    fn operand(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        let left = self.concat(depth)?;
        let Some(Token::Operator(operator)) = self.peek() else { return Ok(left) };
        let operator = Operator::parse(operator);
        self.at += 1;
        let right = self.concat(depth)?;
        if matches!(self.peek(), Some(Token::Operator(_))) {
            return Err(self.error("comparisons do not chain: compare two values only, and nest IIF for more"));
        }
        let span = left.span.to(right.span);
        Ok(Node::new(Kind::Compare(operator, Box::new(left), Box::new(right)), span))
    }

    fn concat(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        let mut left = self.primary(depth)?;
        let mut links = 0_usize;
        while self.peek() == Some(&Token::Ampersand) {
            links += 1;
            if self.profile != Profile::CloudSync {
                return Err(self.error("`&` does not join texts here: use Join(\"\", …) or Append(…)"));
            }
            if depth + links > MAX_DEPTH {
                return Err(self.error(format!("more than {MAX_DEPTH} texts joined by `&`: use Join")));
            }
            self.at += 1;
            let right = self.primary(depth)?;
            let span = left.span.to(right.span);
            left = Node::new(Kind::Concat(Box::new(left), Box::new(right)), span);
        }
        Ok(left)
    }

    fn primary(&mut self, depth: usize) -> Result<Node, ExpressionError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("functions nest deeper than {MAX_DEPTH}")));
        }
        let here = self.here();
        let Some((token, span)) = self.bump() else {
            return Err(ExpressionError::new(Code::ParseError, "the expression ends where a value should stand", here));
        };
        let kind = match token {
            Token::Attribute(name) => Kind::Attribute(name),
            Token::Text(text) => Kind::Text(text),
            Token::Number(spelling) => Kind::Number(spelling),
            Token::Name(name) if self.peek() == Some(&Token::Open) => return self.call(&name, span, depth),
            Token::Name(name) => match Constant::parse(&name, self.profile) {
                Some(constant) => Kind::Constant(constant),
                None => {
                    let message = format!(
                        "`{name}` is not a value: an attribute is written [{name}], a text \"{name}\", a function {name}(…)"
                    );
                    return Err(ExpressionError::new(Code::ParseError, message, span));
                }
            },
            Token::Open => {
                let message = "parentheses only follow a function name; they do not group";
                return Err(ExpressionError::new(Code::ParseError, message, span));
            }
            other => {
                let message = format!("{} stands where a value should", other.describe());
                return Err(ExpressionError::new(Code::ParseError, message, span));
            }
        };
        Ok(Node::new(kind, span))
    }

    fn call(&mut self, name: &str, name_span: Span, depth: usize) -> Result<Node, ExpressionError> {
        let function = functions::find(name, self.profile)
            .map_err(|message| ExpressionError::new(Code::UnknownFunction, message, name_span))?;
        if function.top_level && depth > 0 {
            let message = format!("{name} must be the outermost function");
            return Err(ExpressionError::new(Code::NotTopLevel, message, name_span));
        }
        let open = self.here();
        self.at += 1;
        let mut arguments = Vec::new();
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
        } else {
            loop {
                let omitted = matches!(self.peek(), Some(Token::Comma | Token::Close));
                arguments.push(if omitted { None } else { Some(self.operand(depth + 1)?) });
                match self.peek() {
                    Some(Token::Comma) => self.at += 1,
                    Some(Token::Close) => {
                        self.at += 1;
                        break;
                    }
                    None => {
                        let message = format!("this `(` of {name} is never closed");
                        return Err(ExpressionError::new(Code::ParseError, message, open));
                    }
                    Some(Token::Name(word)) if matches!(word.to_ascii_uppercase().as_str(), "AND" | "OR") => {
                        return Err(self.error(format!(
                            "there is no {word}: nest IIF instead, in the true branch for AND, in the false one for OR"
                        )));
                    }
                    Some(other) => {
                        let message = format!("a comma or `)` is missing before {}", other.describe());
                        return Err(self.error(message));
                    }
                }
            }
        }
        let end = self.tokens.get(self.at.saturating_sub(1)).map_or(self.end, |(_, span)| span.end);
        let span = Span::new(name_span.start, end);
        check(function, &arguments, name_span)?;
        let pattern = functions::literal_pattern(function, &arguments);
        Ok(Node { kind: Kind::Call(function, arguments), span, pattern })
    }
}

/// Argument count and combination. Trailing omitted arguments beyond the signature do no harm.
fn check(function: &Function, arguments: &[Option<Node>], span: Span) -> Result<(), ExpressionError> {
    let written: Vec<bool> = arguments.iter().map(Option::is_some).collect();
    function.check(&written).map_err(|message| ExpressionError::new(Code::ArgCount, message, span))?;
    Ok(())
}
