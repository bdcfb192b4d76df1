//! The tree of an expression, and its canonical text.

use super::error::Span;
use super::functions::{Function, Profile};
use super::regex::{Pattern, PatternError};
use std::fmt;

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    pub(super) fn parse(text: &str) -> Self {
        match text {
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => Self::Equal,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether an ordering satisfies the operator.
    pub(super) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    pub(super) fn orders(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// A bare name that is a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Constant {
    TextCompare,
    BinaryCompare,
    IgnoreAttributeFlow,
    IgnoreObjectFlow,
    /// The encodings, in cloud sync only.
    Unicode,
    Ascii,
    Utf8,
}

impl Constant {
    const ALL: [Self; 7] = [
        Self::TextCompare,
        Self::BinaryCompare,
        Self::IgnoreAttributeFlow,
        Self::IgnoreObjectFlow,
        Self::Unicode,
        Self::Ascii,
        Self::Utf8,
    ];

    pub(super) fn parse(name: &str, profile: Profile) -> Option<Self> {
        let encoding = |c: &Self| matches!(c, Self::Unicode | Self::Ascii | Self::Utf8);
        Self::ALL.into_iter().filter(|c| profile == Profile::CloudSync || !encoding(c)).find(|c| c.as_str() == name)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TextCompare => "vbTextCompare",
            Self::BinaryCompare => "vbBinaryCompare",
            Self::IgnoreAttributeFlow => "IgnoreAttributeFlow",
            Self::IgnoreObjectFlow => "IgnoreObjectFlow",
            Self::Unicode => "Unicode",
            Self::Ascii => "ASCII",
            Self::Utf8 => "UTF8",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// The literal pattern of a call, read once. A broken one is an error where it is evaluated, not before.
    pub(super) pattern: Option<Result<Pattern, PatternError>>,
}

/// Two trees are equal when they mean the same; where they stood in their texts does not matter.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Attribute(String),
    Text(String),
    /// As spelled.
    Number(String),
    Constant(Constant),
    /// `None` is an omitted argument.
    Call(&'static Function, Vec<Option<Node>>),
    Compare(Operator, Box<Node>, Box<Node>),
    Concat(Box<Node>, Box<Node>),
}

impl Node {
    pub(super) fn new(kind: Kind, span: Span) -> Self {
        Self { kind, span, pattern: None }
    }

    /// Every node, from the outside in and from the left.
    pub(super) fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        visit(self);
        match &self.kind {
            Kind::Call(_, arguments) => arguments.iter().flatten().for_each(|argument| argument.visit(visit)),
            Kind::Compare(_, left, right) | Kind::Concat(left, right) => {
                left.visit(visit);
                right.visit(visit);
            }
            Kind::Attribute(_) | Kind::Text(_) | Kind::Number(_) | Kind::Constant(_) => {}
        }
    }

    pub(super) fn visit_attributes<'a>(&'a self, visit: &mut dyn FnMut(&'a str)) {
        match &self.kind {
            Kind::Attribute(name) => visit(name),
            Kind::Call(_, arguments) => {
                for argument in arguments.iter().flatten() {
                    argument.visit_attributes(visit);
                }
            }
            Kind::Compare(_, left, right) | Kind::Concat(left, right) => {
                left.visit_attributes(visit);
                right.visit_attributes(visit);
            }
            Kind::Text(_) | Kind::Number(_) | Kind::Constant(_) => {}
        }
    }

    pub(super) fn calls(&self, name: &str) -> bool {
        match &self.kind {
            Kind::Call(function, arguments) => {
                function.name == name || arguments.iter().flatten().any(|argument| argument.calls(name))
            }
            Kind::Compare(_, left, right) | Kind::Concat(left, right) => left.calls(name) || right.calls(name),
            Kind::Attribute(_) | Kind::Text(_) | Kind::Number(_) | Kind::Constant(_) => false,
        }
    }

    pub(super) fn as_attribute(&self) -> Option<&str> {
        if let Kind::Attribute(name) = &self.kind { Some(name) } else { None }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }

    pub(super) fn function(&self) -> Option<&'static str> {
        if let Kind::Call(function, _) = &self.kind { Some(function.name) } else { None }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Attribute(name) => write!(f, "[{name}]"),
            Kind::Text(text) => write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Kind::Number(spelling) => f.write_str(spelling),
            Kind::Constant(constant) => f.write_str(constant.as_str()),
            Kind::Call(function, arguments) => {
                write!(f, "{}(", function.name)?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(argument) = argument {
                        write!(f, "{argument}")?;
                    }
                }
                f.write_str(")")
            }
            Kind::Compare(operator, left, right) => write!(f, "{left} {} {right}", operator.as_str()),
            Kind::Concat(left, right) => write!(f, "{left} & {right}"),
        }
    }
}
