//! What follows a backslash.

use super::super::case;
use super::super::category::{self, Property};
use super::super::set::Set;
use super::super::syntax::{Anchor, Node};
use super::{Parse, Parser, ascii, shown};

impl Parser<'_> {
    /// An escape outside a class; the position is at the backslash.
    pub(super) fn escape(&mut self) -> Parse<Node> {
        let start = self.at;
        self.at += 1;
        let Some(unit) = self.peek() else { return self.refuse(start, "the pattern ends with a backslash") };
        let anchor = match ascii(unit) {
            b'A' => Anchor::Start,
            b'b' => Anchor::Boundary,
            b'B' => Anchor::NoBoundary,
            b'G' => Anchor::Origin,
            b'z' => Anchor::End,
            b'Z' => Anchor::EndOrLineFeed,
            _ => {
                return match self.shorthand()? {
                    Some((set, true)) if self.options.ignore_case => Ok(self.set(case::closed(&set))),
                    Some((set, _)) => Ok(self.set(set)),
                    None => self.reference(start),
                };
            }
        };
        self.at += 1;
        Ok(Node::Anchor(anchor))
    }

    /// `\w`, `\d`, `\s`, `\p{…}` and their negations, and whether the set has letter case to ignore; `None` for
    /// anything else. The position is behind the backslash.
    pub(super) fn shorthand(&mut self) -> Parse<Option<(Set, bool)>> {
        let at = self.at;
        let Some(letter) = self.peek().map(ascii) else { return Ok(None) };
        let (set, has_case) = match letter.to_ascii_lowercase() {
            b'w' => (category::word().clone(), false),
            b'd' => (category::digit().clone(), false),
            b's' => (category::space(), false),
            b'p' => {
                self.at += 1;
                let open = self.eat(b'{');
                let rest = self.units.get(self.at..).unwrap_or_default();
                let is_name = |unit: &&u16| category::is_word(**unit) || **unit == u16::from(b'-');
                let length = rest.iter().take_while(is_name).count();
                let name = shown(rest.get(..length).unwrap_or_default());
                self.at += length;
                if !open || self.peek() != Some(u16::from(b'}')) {
                    return self.refuse(at, "`\\p` takes a name in braces, such as \\p{L}");
                }
                match category::property(&name) {
                    // .NET before version 7 lowers the text first, later ones do not.
                    Some(Property::Category(_)) if self.options.ignore_case && matches!(&*name, "Ll" | "Lt" | "Lu") => {
                        return self.refuse(at, format!("\\p{{{name}}} tells letter case, which (?i) ignores"));
                    }
                    Some(Property::Category(set)) => (set, false),
                    Some(Property::Block(set)) => (set, true),
                    None => return self.refuse(at, format!("there is no category or block `{name}` here")),
                }
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some((if letter.is_ascii_uppercase() { set.negated() } else { set }, has_case)))
    }

    /// A back-reference, else a character. The position is behind the backslash.
    fn reference(&mut self, start: usize) -> Parse<Node> {
        let inside = self.at;
        let quote = |unit: Option<u16>| match unit.map(ascii) {
            Some(b'<') => Some(b'>'),
            Some(b'\'') => Some(b'\''),
            _ => None,
        };
        let is_named = self.eat(b'k');
        // `\<name>` is the old form of `\k<name>`.
        let close = quote(self.peek());
        self.at += usize::from(close.is_some());
        if is_named && (close.is_none() || self.peek().is_none()) {
            return self.refuse(start, "a reference by name is written \\k<name>");
        }
        match (close, self.peek()) {
            (Some(close), Some(unit)) if ascii(unit).is_ascii_digit() => {
                let number = self.decimal()?;
                if self.eat(close) {
                    return self.number(start, number);
                }
            }
            (None, Some(unit)) if matches!(ascii(unit), b'1'..=b'9') => {
                let number = self.decimal()?;
                if number <= 9 || self.groups.by_number(number).is_some() {
                    return self.number(start, number);
                }
            }
            (Some(close), Some(unit)) if category::is_word(unit) => {
                let name = self.name();
                if self.eat(close) {
                    let Some(slot) = self.groups.by_name(&name) else {
                        return self.refuse(start, format!("there is no group `{}`", shown(&name)));
                    };
                    return Ok(Node::Backreference { slot, ignore_case: self.options.ignore_case });
                }
            }
            _ => {}
        }
        self.at = inside;
        let unit = self.character()?;
        Ok(self.unit(unit))
    }

    fn number(&self, start: usize, number: u32) -> Parse<Node> {
        match self.groups.by_number(number) {
            Some(slot) => Ok(Node::Backreference { slot, ignore_case: self.options.ignore_case }),
            None => self.refuse(start, format!("there is no group {number}")),
        }
    }

    /// A character that is written as an escape; the position is behind the backslash.
    pub(super) fn character(&mut self) -> Parse<u16> {
        let at = self.at;
        let Some(unit) = self.bump() else { return self.refuse(at, "the pattern ends with a backslash") };
        Ok(match ascii(unit) {
            b'0'..=b'7' => {
                self.at = at;
                let mut value = 0_u16;
                for _ in 0..3 {
                    let Some(digit @ b'0'..=b'7') = self.peek().map(ascii) else { break };
                    value = value * 8 + u16::from(digit - b'0');
                    self.at += 1;
                }
                value & 0xFF
            }
            b'x' => self.hexadecimal(2)?,
            b'u' => self.hexadecimal(4)?,
            b'a' => 0x07,
            b'b' => 0x08,
            b'e' => 0x1B,
            b'f' => 0x0C,
            b'n' => 0x0A,
            b'r' => 0x0D,
            b't' => 0x09,
            b'v' => 0x0B,
            b'c' => {
                let control = self.bump().map(|unit| ascii(unit).to_ascii_uppercase());
                match control {
                    Some(letter @ 0x40..=0x5F) => u16::from(letter - 0x40),
                    _ => return self.refuse(at, "a control character is written \\cA to \\cZ"),
                }
            }
            _ if category::is_word(unit) => {
                return self.refuse(at, format!("there is no escape `\\{}`", shown(&[unit])));
            }
            _ => unit,
        })
    }

    fn hexadecimal(&mut self, digits: usize) -> Parse<u16> {
        let mut value = 0_u16;
        for _ in 0..digits {
            let digit = self.peek().and_then(|unit| char::from(ascii(unit)).to_digit(16));
            let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok()) else {
                return self.refuse(self.at, format!("{digits} hexadecimal digits are needed here"));
            };
            value = value << 4 | digit;
            self.at += 1;
        }
        Ok(value)
    }
}
