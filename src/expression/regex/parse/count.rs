//! First pass: which groups there are, since references may come before them.

use super::super::category;
use super::super::syntax::Groups;
use super::{Parse, Parser, ascii};

impl Parser<'_> {
    /// Unnamed groups are numbered first, from the left, then the named ones; a number that is written keeps its
    /// group.
    pub(super) fn count_groups(&mut self) -> Parse<Groups> {
        let mut numbers = vec![0];
        let mut names: Vec<Vec<u16>> = Vec::new();
        let mut next = 1_u32;
        let mut open = Vec::new();
        let mut is_condition = false;
        while let Some(unit) = self.peek() {
            match ascii(unit) {
                b'\\' => self.at += if self.look(1) == Some(u16::from(b'c')) { 3 } else { 2 },
                b'#' if self.options.spaced => self.skip_blank()?,
                b'[' => {
                    self.class()?;
                }
                b')' => {
                    self.at += 1;
                    if let Some(options) = open.pop() {
                        self.options = options;
                    }
                }
                b'(' if self.sees("(?#") => self.skip_blank()?,
                b'(' => {
                    self.at += 1;
                    open.push(self.options);
                    let mut before_condition = false;
                    if !self.eat(b'?') {
                        if !self.options.explicit && !is_condition {
                            numbers.push(next);
                            next += 1;
                        }
                    } else if matches!(self.peek().map(ascii), Some(b'<' | b'\'')) {
                        self.at += 1;
                        match self.peek() {
                            Some(unit) if matches!(ascii(unit), b'1'..=b'9') => numbers.push(self.decimal()?),
                            Some(unit) if unit != u16::from(b'0') && category::is_word(unit) => {
                                let name = self.name();
                                if !names.contains(&name) {
                                    names.push(name);
                                }
                            }
                            _ => {}
                        }
                    } else {
                        self.read_options();
                        before_condition = self.peek() == Some(u16::from(b'('));
                        if self.eat(b')') {
                            // The options hold to the end of the group around them.
                            open.pop();
                        }
                    }
                    is_condition = before_condition;
                }
                _ => self.at += 1,
            }
        }
        let mut named = Vec::with_capacity(names.len());
        numbers.sort_unstable();
        for name in names {
            while numbers.binary_search(&next).is_ok() {
                next += 1;
            }
            named.push((name, next));
            next += 1;
        }
        numbers.extend(named.iter().map(|(_, number)| *number));
        Ok(Groups::new(numbers, named))
    }

    /// A name: word characters.
    pub(super) fn name(&mut self) -> Vec<u16> {
        let rest = self.units.get(self.at..).unwrap_or_default();
        let name: Vec<u16> = rest.iter().copied().take_while(|unit| category::is_word(*unit)).collect();
        self.at += name.len();
        name
    }

    /// Options such as `i-x`, as far as they are options.
    pub(super) fn read_options(&mut self) {
        let mut on = true;
        while let Some(unit) = self.peek() {
            let options = &mut self.options;
            match ascii(unit).to_ascii_lowercase() {
                b'-' => on = false,
                b'+' => on = true,
                b'i' => options.ignore_case = on,
                b'm' => options.multiline = on,
                b'n' => options.explicit = on,
                b's' => options.single_line = on,
                b'x' => options.spaced = on,
                _ => return,
            }
            self.at += 1;
        }
    }
}
