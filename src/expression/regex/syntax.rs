//! What a pattern means, as a tree.

/// A quantifier without an upper end.
pub(super) const ENDLESS: u32 = u32::MAX;

/// A place rather than a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `\A`, and `^` by default.
    Start,
    /// `\z`.
    End,
    /// `\Z`, and `$` by default: the end, or before a line feed that ends the text.
    EndOrLineFeed,
    /// `^` under `m`.
    LineStart,
    /// `$` under `m`.
    LineEnd,
    /// `\G`: where the match before this one ended.
    Origin,
    /// `\b`.
    Boundary,
    /// `\B`.
    NoBoundary,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Empty,
    Unit(u16),
    /// Index into the sets of the pattern.
    Set(usize),
    Anchor(Anchor),
    Sequence(Vec<Node>),
    Either(Vec<Node>),
    Repeat {
        node: Box<Node>,
        least: u32,
        most: u32,
        lazy: bool,
    },
    /// A capture into a slot.
    Group(usize, Box<Node>),
    Backreference {
        slot: usize,
        ignore_case: bool,
    },
    Look {
        behind: bool,
        negative: bool,
        node: Box<Node>,
    },
    Atomic(Box<Node>),
    /// `(?(group)yes|no)`.
    IfGroup {
        slot: usize,
        yes: Box<Node>,
        no: Box<Node>,
    },
    /// `(?(test)yes|no)`.
    IfMatch {
        test: Box<Node>,
        yes: Box<Node>,
        no: Box<Node>,
    },
}

/// The groups of a pattern. Numbers may have gaps; a slot is the index of a number in order. Slot 0 is the match.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    numbers: Vec<u32>,
    names: Vec<(Vec<u16>, u32)>,
}

impl Groups {
    pub(super) fn new(mut numbers: Vec<u32>, names: Vec<(Vec<u16>, u32)>) -> Self {
        numbers.sort_unstable();
        numbers.dedup();
        Self { numbers, names }
    }

    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    pub(super) fn by_number(&self, number: u32) -> Option<usize> {
        self.numbers.binary_search(&number).ok()
    }

    pub(super) fn by_name(&self, name: &[u16]) -> Option<usize> {
        let (_, number) = self.names.iter().find(|(known, _)| known == name)?;
        self.by_number(*number)
    }

    /// By a name, or a number in text.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        let name: Vec<u16> = text.encode_utf16().collect();
        let number = || text.parse::<u32>().ok().filter(|number| number.to_string() == text);
        self.by_name(&name).or_else(|| self.by_number(number()?))
    }
}
