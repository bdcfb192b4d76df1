//! The operators of scoping filters (E3.25).

/// An operator of a scoping clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `EQUALS`
    Equals,
    /// `NOT EQUALS`
    NotEquals,
    /// `Includes`: the attribute contains the value.
    Includes,
    /// `ENDS_WITH`
    EndsWith,
    /// `&`: the attribute occurs in the value.
    OccursIn,
    /// `!&`
    NotOccursIn,
    /// `Greater_Than`
    GreaterThan,
    /// `Greater_Than_OR_EQUALS`
    GreaterThanOrEquals,
    /// `IS TRUE`
    IsTrue,
    /// `IS FALSE`
    IsFalse,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`; `Present` is another name of it.
    IsNotNull,
    /// `REGEX MATCH`
    RegexMatch,
    /// `NOT REGEX MATCH`
    NotRegexMatch,
}

impl Operator {
    /// The 14 operators.
    pub const ALL: [Self; 14] = [
        Self::Equals,
        Self::NotEquals,
        Self::Includes,
        Self::EndsWith,
        Self::OccursIn,
        Self::NotOccursIn,
        Self::GreaterThan,
        Self::GreaterThanOrEquals,
        Self::IsTrue,
        Self::IsFalse,
        Self::IsNull,
        Self::IsNotNull,
        Self::RegexMatch,
        Self::NotRegexMatch,
    ];

    /// The name as it is documented.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "EQUALS",
            Self::NotEquals => "NOT EQUALS",
            Self::Includes => "Includes",
            Self::EndsWith => "ENDS_WITH",
            Self::OccursIn => "&",
            Self::NotOccursIn => "!&",
            Self::GreaterThan => "Greater_Than",
            Self::GreaterThanOrEquals => "Greater_Than_OR_EQUALS",
            Self::IsTrue => "IS TRUE",
            Self::IsFalse => "IS FALSE",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
            Self::RegexMatch => "REGEX MATCH",
            Self::NotRegexMatch => "NOT REGEX MATCH",
        }
    }

    /// Reads a name without regard to case, blanks and underscores.
    pub fn parse(name: &str) -> Option<Self> {
        let name = key(name);
        if name == "present" {
            return Some(Self::IsNotNull);
        }
        Self::ALL.into_iter().find(|operator| key(operator.as_str()) == name)
    }

    /// Whether the operator looks at the attribute only.
    pub fn is_unary(self) -> bool {
        matches!(self, Self::IsTrue | Self::IsFalse | Self::IsNull | Self::IsNotNull)
    }

    /// Whether several target values must all hold, not one of them.
    pub(super) fn is_negative(self) -> bool {
        matches!(self, Self::NotEquals | Self::NotOccursIn | Self::NotRegexMatch)
    }

    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::GreaterThan | Self::GreaterThanOrEquals)
    }

    pub(super) fn is_regex(self) -> bool {
        matches!(self, Self::RegexMatch | Self::NotRegexMatch)
    }
}

fn key(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect()
}
