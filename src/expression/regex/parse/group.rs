//! What stands in parentheses.

use super::super::category;
use super::super::syntax::Node;
use super::{Parse, Parser, ascii, either, shown};

/// What a parenthesis opens.
enum Kind {
    Plain,
    Capture(usize),
    Atomic,
    Look { behind: bool, negative: bool },
}

impl Parser<'_> {
    /// A group; `None` for options that hold to the end of the group around them.
    pub(super) fn group(&mut self) -> Parse<Option<Node>> {
        let open = self.at;
        let before = self.options;
        let in_condition = std::mem::take(&mut self.in_condition);
        self.deeper()?;
        self.at += 1;
        let node = if self.sees("?(") {
            self.at += 2;
            self.conditional(open)?
        } else {
            let Some(kind) = self.kind(open, in_condition)? else {
                self.depth -= 1;
                return Ok(None);
            };
            let inner = Box::new(either(self.alternatives()?));
            match kind {
                Kind::Plain => *inner,
                Kind::Capture(slot) => Node::Group(slot, inner),
                Kind::Atomic => Node::Atomic(inner),
                Kind::Look { behind, negative } => Node::Look { behind, negative, node: inner },
            }
        };
        self.close(open)?;
        (self.options, self.depth, self.in_condition) = (before, self.depth - 1, in_condition);
        Ok(Some(node))
    }

    /// What the parenthesis opens; `None` for options, which are closed already.
    fn kind(&mut self, open: usize, in_condition: bool) -> Parse<Option<Kind>> {
        if !self.eat(b'?') {
            return self.plain(open).map(Some);
        }
        match self.peek().map(ascii) {
            Some(quote @ (b'<' | b'\'')) => return self.named(open, quote).map(Some),
            Some(b':' | b'=' | b'!' | b'>') => return Ok(Some(self.symbol())),
            Some(b')') => return self.refuse(open, "there is no group `(?)`"),
            _ if in_condition => {
                return self.refuse(open, "options cannot stand right inside a condition; put them around it");
            }
            _ => self.read_options(),
        }
        match self.bump().map(ascii) {
            Some(b')') => Ok(None),
            Some(b':') => Ok(Some(Kind::Plain)),
            _ => self.unknown(open),
        }
    }

    fn close(&mut self, open: usize) -> Parse<()> {
        if self.eat(b')') { Ok(()) } else { self.refuse(open, "a `(` is never closed") }
    }

    fn unknown<T>(&self, open: usize) -> Parse<T> {
        let written = shown(self.units.get(open..self.at.min(open + 8)).unwrap_or_default());
        self.refuse(open, format!("there is no group that begins with `{written}`"))
    }

    fn plain(&mut self, open: usize) -> Parse<Kind> {
        if self.options.explicit || self.is_condition {
            self.is_condition = false;
            return Ok(Kind::Plain);
        }
        let slot = self.groups.by_number(self.next_number);
        self.next_number += 1;
        slot.map_or_else(|| self.refuse(open, "this group has no number"), |slot| Ok(Kind::Capture(slot)))
    }

    fn symbol(&mut self) -> Kind {
        match self.bump().map(ascii) {
            Some(b'=') => Kind::Look { behind: false, negative: false },
            Some(b'!') => Kind::Look { behind: false, negative: true },
            Some(b'>') => Kind::Atomic,
            _ => Kind::Plain,
        }
    }

    /// `(?<name>`, `(?'name'`, `(?<=`, `(?<!`; the position is at the quote.
    fn named(&mut self, open: usize, quote: u8) -> Parse<Kind> {
        self.at += 1;
        let close = if quote == b'<' { b'>' } else { b'\'' };
        let Some(first) = self.peek() else { return self.unknown(open) };
        let slot = match ascii(first) {
            sign @ (b'=' | b'!') if quote == b'<' => {
                self.at += 1;
                return Ok(Kind::Look { behind: true, negative: sign == b'!' });
            }
            b'0'..=b'9' => {
                let number = self.decimal()?;
                if number == 0 {
                    return self.refuse(open, "group 0 is the whole match; it cannot be written");
                }
                self.groups.by_number(number)
            }
            b'-' => None,
            _ if category::is_word(first) => {
                let name = self.name();
                self.groups.by_name(&name)
            }
            _ => return self.refuse(self.at, "a group name has letters, digits and `_` only"),
        };
        if self.peek() == Some(u16::from(b'-')) {
            return self.refuse(open, "balancing groups are not supported");
        }
        match slot {
            Some(slot) if self.eat(close) => Ok(Kind::Capture(slot)),
            _ => self.refuse(self.at, format!("a group name ends with `{}`", char::from(close))),
        }
    }

    /// `(?(…)yes|no)`; the position is behind the second parenthesis.
    fn conditional(&mut self, open: usize) -> Parse<Node> {
        let inside = self.at;
        match self.peek() {
            Some(unit) if ascii(unit).is_ascii_digit() => {
                let number = self.decimal()?;
                if !self.eat(b')') {
                    return self.refuse(inside, "a condition that is a number is the number of a group");
                }
                let Some(slot) = self.groups.by_number(number) else {
                    return self.refuse(inside, format!("there is no group {number}"));
                };
                let (yes, no) = self.branches(open)?;
                return Ok(Node::IfGroup { slot, yes, no });
            }
            Some(unit) if category::is_word(unit) => {
                let name = self.name();
                if let Some(slot) = self.groups.by_name(&name)
                    && self.eat(b')')
                {
                    let (yes, no) = self.branches(open)?;
                    return Ok(Node::IfGroup { slot, yes, no });
                }
            }
            _ => {}
        }
        // Not a group: a pattern of its own, which is tested at this place.
        self.at = inside - 1;
        (self.is_condition, self.in_condition) = (true, true);
        if self.sees("(?") {
            let is_look = self.sees("(?<=") || self.sees("(?<!");
            if self.sees("(?'") || self.sees("(?#") || (self.sees("(?<") && !is_look) {
                return self.refuse(self.at, "a condition is neither a comment nor a named group");
            }
        }
        let test = self.group()?.unwrap_or(Node::Empty);
        let (yes, no) = self.branches(open)?;
        Ok(Node::IfMatch { test: Box::new(test), yes, no })
    }

    fn branches(&mut self, open: usize) -> Parse<(Box<Node>, Box<Node>)> {
        let mut all = self.alternatives()?.into_iter();
        let (yes, no) = (all.next().unwrap_or(Node::Empty), all.next().unwrap_or(Node::Empty));
        if all.next().is_some() {
            return self.refuse(open, "a condition has two branches at most");
        }
        Ok((Box::new(yes), Box::new(no)))
    }
}
