//! What can be wrong with an expression, and where.

use std::fmt;

/// A range of bytes in the text of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` to before `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this one to the end of the other.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The text is not an expression.
    ParseError,
    /// No function of that name in this dialect.
    UnknownFunction,
    /// Too many, too few, or the wrong combination of arguments.
    ArgCount,
    /// A function that may only stand at the outside stands inside another one.
    NotTopLevel,
    /// A value cannot be read as what the function needs.
    ArgType,
    /// A value outside the allowed set.
    ArgValue,
    /// Text is not a date in the needed format, or not base64.
    Format,
    /// A pattern does not compile, or has no such group.
    BadRegex,
    /// A list index or a date outside its range.
    OutOfRange,
    /// `SingleAppRoleAssignment` with two roles or more.
    TooManyRoles,
    /// `SelectUniqueValue` found every candidate taken.
    NotUnique,
    /// `Error(message)`.
    Custom,
}

impl Code {
    /// The code as people and tests see it, such as `ARG_TYPE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ParseError => "PARSE_ERROR",
            Self::UnknownFunction => "UNKNOWN_FUNCTION",
            Self::ArgCount => "ARG_COUNT",
            Self::NotTopLevel => "NOT_TOP_LEVEL",
            Self::ArgType => "ARG_TYPE",
            Self::ArgValue => "ARG_VALUE",
            Self::Format => "FORMAT",
            Self::BadRegex => "BAD_REGEX",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::TooManyRoles => "TOO_MANY_ROLES",
            Self::NotUnique => "NOT_UNIQUE",
            Self::Custom => "CUSTOM",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mistake in an expression, or a value that it cannot work with. The message may quote the expression or a value
/// of the directory: it is untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// What kind of mistake.
    pub code: Code,
    /// What is wrong and what to do.
    pub message: String,
    /// Where in the text.
    pub span: Span,
}

impl ExpressionError {
    /// About the value of the whole expression.
    pub fn of_result(text: &str, message: impl Into<String>) -> Self {
        Self::new(Code::ArgType, message, Span::new(0, text.len()))
    }

    pub(super) fn new(code: Code, message: impl Into<String>, span: Span) -> Self {
        Self { code, message: message.into(), span }
    }
}
