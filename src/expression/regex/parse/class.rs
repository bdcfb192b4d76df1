//! What stands in brackets.

use super::super::case;
use super::super::set::Set;
use super::{Parse, Parser, ascii, shown};

impl Parser<'_> {
    /// A class; the position is at its bracket. A bracket inside is plain text unless it follows a `-` that ends
    /// the class: `[a-z-[aeiou]]`.
    pub(super) fn class(&mut self) -> Parse<Set> {
        let open = self.at;
        self.deeper()?;
        self.at += 1;
        let negated = self.eat(b'^');
        // Categories have no letter case to ignore, characters have.
        let mut characters = Vec::new();
        let mut categories = Vec::new();
        let mut removed = None;
        let mut range_from: Option<u16> = None;
        let mut is_first = true;
        let mut closed = false;
        while let Some(mut unit) = self.peek() {
            let at = self.at;
            let first = std::mem::replace(&mut is_first, false);
            self.at += 1;
            let mut plain = true;
            match ascii(unit) {
                b']' if !first => {
                    closed = true;
                    break;
                }
                b'\\' if self.peek().is_some() => {
                    plain = false;
                    if let Some((set, has_case)) = self.shorthand()? {
                        if range_from.is_some() {
                            return self.refuse(at, "a range ends with a character, not with a class");
                        }
                        let list = if has_case { &mut characters } else { &mut categories };
                        list.extend_from_slice(set.ranges());
                        continue;
                    }
                    if range_from.is_none() && self.eat(b'-') {
                        characters.push((0x2D, 0x2D));
                        continue;
                    }
                    unit = self.character()?;
                }
                b'[' if range_from.is_none() && self.sees(":") => self.posix(at)?,
                _ => {}
            }
            if let Some(from) = range_from.take() {
                if plain && ascii(unit) == b'[' && !first {
                    characters.push((from, from));
                    self.at -= 1;
                    removed = Some(self.removed()?);
                } else if from > unit {
                    return self.refuse(at, format!("the range {} runs backwards", shown(&[from, 0x2D, unit])));
                } else {
                    characters.push((from, unit));
                }
            } else if self.peek() == Some(u16::from(b'-')) && self.look(1).is_some_and(|next| ascii(next) != b']') {
                range_from = Some(unit);
                self.at += 1;
            } else if plain && ascii(unit) == b'-' && self.peek() == Some(u16::from(b'[')) && !first {
                removed = Some(self.removed()?);
            } else {
                characters.push((unit, unit));
            }
        }
        if !closed {
            return self.refuse(open, "a `[` is never closed");
        }
        self.depth -= 1;
        let mut characters = Set::new(characters);
        if self.options.ignore_case {
            characters = case::closed(&characters);
        }
        let mut set = characters.union(&Set::new(categories));
        if negated {
            set = set.negated();
        }
        Ok(match removed {
            Some(removed) => set.minus(&removed),
            None => set,
        })
    }

    /// `[:name:]` is no class in .NET. Some versions step over it and others take it as text.
    fn posix(&mut self, at: usize) -> Parse<()> {
        let colon = self.at;
        self.at += 1;
        let name = self.name();
        if !self.sees(":]") {
            self.at = colon;
        } else if name.is_empty() {
            self.at += 2;
        } else {
            return self.refuse(at, format!("[:{}:] is no class here; write \\p{{L}}, \\d or the like", shown(&name)));
        }
        Ok(())
    }

    /// The class that is taken away; it comes last.
    fn removed(&mut self) -> Parse<Set> {
        let set = self.class()?;
        if self.peek().is_some_and(|unit| ascii(unit) != b']') {
            return self.refuse(self.at, "a class that is taken away stands last in the class around it");
        }
        Ok(set)
    }
}
