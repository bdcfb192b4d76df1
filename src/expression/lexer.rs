//! Text to tokens. A token carries its range of bytes.

use super::error::{Code, ExpressionError, Span};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `[name]`, trimmed.
    Attribute(String),
    /// A quoted text, unescaped.
    Text(String),
    /// A number as it is spelled.
    Number(String),
    Name(String),
    Open,
    Close,
    Comma,
    /// `=`, `<>`, `<`, `<=`, `>`, `>=`
    Operator(&'static str),
    Ampersand,
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Attribute(name) => format!("the attribute [{name}]"),
            Self::Text(_) => "a quoted text".to_owned(),
            Self::Number(spelling) => format!("the number {spelling}"),
            Self::Name(name) => format!("`{name}`"),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "a comma".to_owned(),
            Self::Operator(operator) => format!("`{operator}`"),
            Self::Ampersand => "`&`".to_owned(),
        }
    }
}

pub(super) fn lex(text: &str) -> Result<Vec<(Token, Span)>, ExpressionError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..).and_then(|rest| rest.chars().next())
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take_while(&mut self, mut keep: impl FnMut(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(c) = self.peek().filter(|&c| keep(c)) {
            taken.push(c);
            self.at += c.len_utf8();
        }
        taken
    }

    fn next(&mut self) -> Result<Option<(Token, Span)>, ExpressionError> {
        while self.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')) {
            self.bump();
        }
        let start = self.at;
        let Some(c) = self.peek() else { return Ok(None) };
        let token = match c {
            '[' => self.attribute(start)?,
            '"' => self.quoted(start)?,
            '(' => self.single(Token::Open),
            ')' => self.single(Token::Close),
            ',' => self.single(Token::Comma),
            '=' | '<' | '>' => self.operator(),
            '&' => self.ampersand(),
            '-' | '0'..='9' => self.number(start)?,
            c if c == '_' || c.is_alphabetic() => Token::Name(self.take_while(|c| c == '_' || c.is_alphanumeric())),
            other => {
                let span = Span::new(start, start + other.len_utf8());
                let message = match other {
                    ']' => "a `]` without its `[`".to_owned(),
                    '\'' => "texts stand in double quotes (\"…\"), not in single ones".to_owned(),
                    '“' | '”' | '„' => "use the plain double quote (\") around texts".to_owned(),
                    _ => format!("{other:?} means nothing here"),
                };
                return Err(ExpressionError::new(Code::ParseError, message, span));
            }
        };
        Ok(Some((token, Span::new(start, self.at))))
    }

    fn single(&mut self, token: Token) -> Token {
        self.bump();
        token
    }

    fn operator(&mut self) -> Token {
        for operator in ["<>", "<=", ">=", "=", "<", ">"] {
            if self.rest().starts_with(operator) {
                self.at += operator.len();
                return Token::Operator(operator);
            }
        }
        self.single(Token::Operator("="))
    }

    /// `&H` with digits is a hexadecimal number, any other `&` stands for itself.
    fn ampersand(&mut self) -> Token {
        let rest = self.rest().as_bytes();
        if rest.get(1) == Some(&b'H') && rest.get(2).is_some_and(u8::is_ascii_hexdigit) {
            let digits: String = self.rest().chars().skip(2).take_while(char::is_ascii_hexdigit).collect();
            self.at += 2 + digits.len();
            return Token::Number(format!("&H{digits}"));
        }
        self.single(Token::Ampersand)
    }

    fn number(&mut self, start: usize) -> Result<Token, ExpressionError> {
        let mut spelling = String::new();
        if self.peek() == Some('-') {
            self.bump();
            spelling.push('-');
        }
        let digits = self.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            return Err(ExpressionError::new(Code::ParseError, "a `-` without a number", Span::new(start, self.at)));
        }
        spelling.push_str(&digits);
        let fraction = self.rest().as_bytes();
        if fraction.first() == Some(&b'.') && fraction.get(1).is_some_and(u8::is_ascii_digit) {
            self.bump();
            spelling.push('.');
            spelling.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        Ok(Token::Number(spelling))
    }

    /// Everything up to the matching `]`: brackets nest, and a quoted run inside a nested bracket is skipped, so
    /// that `[emails[type eq "work"].value]` is one attribute.
    fn attribute(&mut self, start: usize) -> Result<Token, ExpressionError> {
        self.bump();
        let inside = self.at;
        let mut depth = 1_usize;
        let mut quoted = false;
        while let Some(c) = self.bump() {
            match c {
                '"' if depth > 1 => quoted = !quoted,
                '[' if !quoted => depth += 1,
                ']' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let name = self.text.get(inside..self.at - 1).unwrap_or("").trim();
                if name.is_empty() {
                    let span = Span::new(start, self.at);
                    return Err(ExpressionError::new(Code::ParseError, "an attribute without a name", span));
                }
                return Ok(Token::Attribute(name.to_owned()));
            }
        }
        Err(ExpressionError::new(Code::ParseError, "this `[` is never closed", Span::new(start, start + 1)))
    }

    /// Two escapes only, `\\` and `\"`; a backslash before anything else is kept.
    fn quoted(&mut self, start: usize) -> Result<Token, ExpressionError> {
        self.bump();
        let mut text = String::new();
        while let Some(c) = self.bump() {
            match c {
                '"' => return Ok(Token::Text(text)),
                '\\' => match self.peek() {
                    Some(escaped @ ('\\' | '"')) => {
                        self.bump();
                        text.push(escaped);
                    }
                    _ => text.push('\\'),
                },
                other => text.push(other),
            }
        }
        Err(ExpressionError::new(
            Code::ParseError,
            "this text is never closed: a `\"` is missing",
            Span::new(start, start + 1),
        ))
    }
}
