//! The mapping language: text in, value out.
//!
//! ```text
//! text ─▶ lexer ─▶ parser ─▶ tree ─▶ evaluator (attributes of one object, clock) ─▶ value or flow signal
//! ```
//!
//! An [`Expression`] is parsed once per mapping and evaluated once per object. Everything that can be wrong without
//! seeing data (unknown function, argument count, parentheses) is an error of [`Expression::parse`], with the place
//! in the text. The room is pure: attributes come from a [`Source`], the clock and the tenant from a [`Context`].
//!
//! The functions of the language are one table, [`functions::TABLE`]: the parser checks calls against it, the
//! evaluator runs them from it, and documentation is written from it.

mod context;
mod date;
mod error;
mod eval;
pub mod functions;
mod lexer;
mod parser;
mod reference;
mod regex;
mod tree;
mod tree_form;
mod value;

pub use context::{Context, Random};
pub use date::DateTime;
pub use error::{Code, ExpressionError, Span};
pub use eval::{Outcome, Source};
pub use functions::{Function, Profile};
pub use reference::reference;
pub use regex::{Fault, Pattern, PatternError};
pub use value::{Role, Value};

use tree::Node;

/// Longest text of an expression, in characters (E15.5).
pub const MAX_CHARACTERS: usize = 10_000;

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

impl Expression {
    /// Parses the language of application provisioning.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the text itself, with its place: see [`Code`].
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        Self::parse_as(text, Profile::App)
    }

    /// Parses a dialect of the language.
    ///
    /// # Errors
    ///
    /// As [`Expression::parse`].
    pub fn parse_as(text: &str, profile: Profile) -> Result<Self, ExpressionError> {
        let root = parser::parse(text, profile)?;
        Ok(Self { text: text.to_owned(), root })
    }

    /// Evaluates over the attributes of one object. Every attribute is looked up anew, whether it changed or not
    /// (E7.16).
    ///
    /// # Errors
    ///
    /// A value that a function cannot take; the mapping then fails for this object.
    pub fn evaluate(&self, source: &dyn Source, context: &Context) -> Result<Outcome, ExpressionError> {
        eval::evaluate(&self.root, source, context)
    }

    /// What is wrong whatever the data is, although it is an error only where it is evaluated: literal patterns that
    /// cannot be read, and groups they do not have. For telling when a mapping is saved.
    pub fn problems(&self) -> Vec<ExpressionError> {
        let mut problems = Vec::new();
        self.root.visit(&mut |node| problems.extend(functions::problem(node)));
        problems
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The canonical text: arguments separated by a comma and a blank, an omitted one empty. Parsing it gives the
    /// same tree.
    pub fn canonical(&self) -> String {
        self.root.to_string()
    }

    /// Names of the attributes the expression reads, each once, in order of appearance.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.root.visit_attributes(&mut |name| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        names
    }

    /// The attribute's name if the whole expression is one attribute.
    pub fn as_attribute(&self) -> Option<&str> {
        self.root.as_attribute()
    }

    /// The text if the whole expression is one quoted text.
    pub fn as_text(&self) -> Option<&str> {
        self.root.as_text()
    }

    /// Whether a function is called anywhere in it.
    pub fn calls(&self, name: &str) -> bool {
        self.root.calls(name)
    }

    /// The outermost function, if the expression is a call.
    pub fn function(&self) -> Option<&'static str> {
        self.root.function()
    }
}

/// An instant as `CDate` reads it: without an offset it is in UTC. `None` if the text is no date, or one that only says
/// a time of day.
pub fn instant(text: &str) -> Option<jiff::Timestamp> {
    date::read(text, DateTime::MIN).ok()?.iso().parse().ok()
}

#[cfg(test)]
mod tests;
