//! What can be wrong with a schema, and where.

use crate::expression::ExpressionError;
use std::fmt;

/// Whether an issue stops the schema from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The mapping cannot be used.
    Error,
    /// It can be used, and probably does not do what was meant.
    Warning,
}

/// Something wrong at one place of a schema. The message may quote the schema: it is untrusted text.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// Error or warning.
    pub severity: Severity,
    /// JSON path, such as `synchronizationRules[0].objectMappings[0].attributeMappings[3].source.expression`.
    pub path: String,
    /// What is wrong and what to do.
    pub message: String,
    /// For an expression: its text and the error with its place in that text.
    pub expression: Option<(String, ExpressionError)>,
}

impl Issue {
    pub(super) fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, path: path.into(), message: message.into(), expression: None }
    }

    pub(super) fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, path: path.into(), message: message.into(), expression: None }
    }

    pub(super) fn in_expression(path: impl Into<String>, text: &str, error: ExpressionError) -> Self {
        let message = format!("{} (at character {})", error.message, characters(text, error.span.start) + 1);
        Self { severity: Severity::Error, path: path.into(), message, expression: Some((text.to_owned(), error)) }
    }
}

fn characters(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < byte).count()
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Why a schema cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MappingError {
    /// The text is not JSON at all.
    #[error("the schema is not JSON: line {line}, column {column}: {message}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// It is JSON, and wrong at one or more places.
    #[error("the schema cannot be used: {}", list(.0))]
    Refused(Vec<Issue>),
    /// A change that cannot be made; nothing is changed.
    #[error("{}", list(.0))]
    NotChanged(Vec<Issue>),
}

impl MappingError {
    pub(super) fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Refused(vec![Issue::error(path, message)])
    }

    pub(super) fn not_changed(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::NotChanged(vec![Issue::error(path, message)])
    }

    /// The places and what is wrong there; empty if the text is not JSON.
    pub fn issues(&self) -> &[Issue] {
        match self {
            Self::NotJson { .. } => &[],
            Self::Refused(issues) | Self::NotChanged(issues) => issues,
        }
    }
}

fn list(issues: &[Issue]) -> String {
    let lines: Vec<String> = issues.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
