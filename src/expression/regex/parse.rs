//! Pattern to tree. Reads what the engine of .NET reads, and refuses what it refuses.

mod class;
mod count;
mod escape;
mod group;

use super::case;
use super::set::Set;
use super::syntax::{Anchor, ENDLESS, Groups, Node};

/// How deep parentheses and classes may nest: the parser recurses.
const MAX_DEPTH: usize = 200;

/// Why a pattern is refused, and the unit it stands at.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) at: usize,
}

type Parse<T> = Result<T, Refusal>;

/// A pattern that was read.
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) sets: Vec<Set>,
    pub(super) groups: Groups,
}

pub(super) fn parse(units: &[u16]) -> Parse<Parsed> {
    let mut parser = Parser {
        units,
        at: 0,
        options: Options::default(),
        groups: Groups::default(),
        sets: Vec::new(),
        next_number: 1,
        depth: 0,
        is_condition: false,
        in_condition: false,
    };
    parser.groups = parser.count_groups()?;
    (parser.at, parser.options) = (0, Options::default());
    let node = either(parser.alternatives()?);
    if parser.peek().is_some() {
        return parser.refuse(parser.at, "one `)` too many");
    }
    Ok(Parsed { node, sets: parser.sets, groups: parser.groups })
}

/// The inline options.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    ignore_case: bool,
    multiline: bool,
    explicit: bool,
    single_line: bool,
    spaced: bool,
}

struct Parser<'a> {
    units: &'a [u16],
    at: usize,
    options: Options,
    groups: Groups,
    sets: Vec<Set>,
    /// The number of the next unnamed group.
    next_number: u32,
    depth: usize,
    /// The next plain parenthesis is that of a condition, which does not capture.
    is_condition: bool,
    /// The innermost parenthesis is `(?(test)…)`. .NET takes no options right inside it.
    in_condition: bool,
}

/// A unit as a byte to match on; 0xFF for what is not ASCII.
fn ascii(unit: u16) -> u8 {
    u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(0xFF)
}

/// Units as people read them.
fn shown(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

fn sequence(mut nodes: Vec<Node>) -> Node {
    match nodes.len() {
        0 => Node::Empty,
        1 => nodes.pop().unwrap_or(Node::Empty),
        _ => Node::Sequence(nodes),
    }
}

fn either(mut nodes: Vec<Node>) -> Node {
    if nodes.len() > 1 { Node::Either(nodes) } else { nodes.pop().unwrap_or(Node::Empty) }
}

impl Parser<'_> {
    fn refuse<T>(&self, at: usize, message: impl Into<String>) -> Parse<T> {
        Err(Refusal { message: message.into(), at })
    }

    /// The unit some places ahead.
    fn look(&self, ahead: usize) -> Option<u16> {
        self.units.get(self.at.saturating_add(ahead)).copied()
    }

    fn peek(&self) -> Option<u16> {
        self.look(0)
    }

    /// Whether these ASCII units come next.
    fn sees(&self, text: &str) -> bool {
        text.bytes().enumerate().all(|(index, byte)| self.look(index) == Some(u16::from(byte)))
    }

    /// Steps over one ASCII unit if it comes next.
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(u16::from(byte));
        self.at += usize::from(found);
        found
    }

    fn bump(&mut self) -> Option<u16> {
        let unit = self.peek()?;
        self.at += 1;
        Some(unit)
    }

    /// Everything up to the closing parenthesis or the end, which is left.
    fn alternatives(&mut self) -> Parse<Vec<Node>> {
        let mut all = Vec::new();
        let mut nodes = Vec::new();
        let mut quantified = false;
        loop {
            self.skip_blank()?;
            let Some(unit) = self.peek() else { break };
            match ascii(unit) {
                b')' => break,
                b'|' => {
                    self.at += 1;
                    all.push(sequence(std::mem::take(&mut nodes)));
                    quantified = false;
                    continue;
                }
                b'*' | b'+' | b'?' | b'{' if self.is_quantifier() => {
                    let message = if quantified {
                        "a quantifier follows a quantifier; there are no possessive ones, write (?>…)"
                    } else {
                        "a quantifier has nothing before it"
                    };
                    return self.refuse(self.at, message);
                }
                _ => {}
            }
            let Some(node) = self.item(unit)? else {
                quantified = false;
                continue;
            };
            self.skip_blank()?;
            quantified = self.is_quantifier();
            nodes.push(if quantified { self.quantified(node)? } else { node });
        }
        all.push(sequence(nodes));
        Ok(all)
    }

    /// One thing a quantifier can follow; `None` for options, such as `(?i)`.
    fn item(&mut self, unit: u16) -> Parse<Option<Node>> {
        let Options { multiline, single_line, .. } = self.options;
        match ascii(unit) {
            b'(' => return self.group(),
            b'[' => return self.class().map(|set| Some(self.set(set))),
            b'\\' => return self.escape().map(Some),
            _ => self.at += 1,
        }
        Ok(Some(match ascii(unit) {
            b'^' => Node::Anchor(if multiline { Anchor::LineStart } else { Anchor::Start }),
            b'$' => Node::Anchor(if multiline { Anchor::LineEnd } else { Anchor::EndOrLineFeed }),
            b'.' if single_line => self.set(Set::new(vec![(0, u16::MAX)])),
            b'.' => self.set(Set::new(vec![(0x0A, 0x0A)]).negated()),
            _ => self.unit(unit),
        }))
    }

    fn set(&mut self, set: Set) -> Node {
        // A pattern repeats the same few classes.
        let known = self.sets.iter().rev().take(16).position(|other| *other == set);
        let index = known.map_or(self.sets.len(), |back| self.sets.len() - 1 - back);
        if known.is_none() {
            self.sets.push(set);
        }
        Node::Set(index)
    }

    fn unit(&mut self, unit: u16) -> Node {
        let same = if self.options.ignore_case { case::equivalents(unit) } else { &[] };
        if same.is_empty() {
            return Node::Unit(unit);
        }
        let ranges = same.iter().map(|unit| (*unit, *unit)).collect();
        self.set(Set::new(ranges))
    }

    /// Whether `*`, `+`, `?`, or braces with numbers come next. Other braces are plain text.
    fn is_quantifier(&self) -> bool {
        match self.peek().map(ascii) {
            Some(b'*' | b'+' | b'?') => true,
            Some(b'{') => {
                let digits = |from: usize| {
                    let rest = self.units.get(self.at + from..).unwrap_or_default();
                    rest.iter().take_while(|unit| ascii(**unit).is_ascii_digit()).count()
                };
                let mut end = 1 + digits(1);
                if end == 1 {
                    return false;
                }
                if self.look(end) == Some(u16::from(b',')) {
                    end += 1 + digits(end + 1);
                }
                self.look(end) == Some(u16::from(b'}'))
            }
            _ => false,
        }
    }

    fn quantified(&mut self, node: Node) -> Parse<Node> {
        let at = self.at;
        let (least, most) = match self.bump().map(ascii) {
            Some(b'*') => (0, ENDLESS),
            Some(b'+') => (1, ENDLESS),
            Some(b'?') => (0, 1),
            _ => {
                let least = self.decimal()?;
                let most = match (self.eat(b','), self.peek().map(ascii)) {
                    (false, _) => least,
                    (true, Some(b'}')) => ENDLESS,
                    (true, _) => self.decimal()?,
                };
                self.at += 1;
                (least, most)
            }
        };
        self.skip_blank()?;
        let lazy = self.eat(b'?');
        if least > most {
            return self.refuse(at, format!("{{{least},{most}}}: the smaller number comes first"));
        }
        Ok(match (least, most) {
            (0, 0) => Node::Empty,
            (1, 1) => node,
            _ => Node::Repeat { node: Box::new(node), least, most, lazy },
        })
    }

    /// Decimal digits as a number.
    fn decimal(&mut self) -> Parse<u32> {
        let at = self.at;
        let mut number = 0_u32;
        while let Some(digit) = self.peek().map(ascii).filter(u8::is_ascii_digit) {
            self.at += 1;
            let next = number.checked_mul(10).and_then(|n| n.checked_add(u32::from(digit - b'0')));
            let Some(next) = next.filter(|n| i32::try_from(*n).is_ok()) else {
                return self.refuse(at, "a number is too large");
            };
            number = next;
        }
        Ok(number)
    }

    /// Steps over comments `(?#…)`, and over blanks and `#` comments where they mean nothing.
    fn skip_blank(&mut self) -> Parse<()> {
        loop {
            if self.options.spaced {
                while matches!(self.peek().map(ascii), Some(b' ' | b'\t' | b'\n' | 0x0C | b'\r')) {
                    self.at += 1;
                }
                if self.eat(b'#') {
                    while self.peek().is_some_and(|unit| unit != u16::from(b'\n')) {
                        self.at += 1;
                    }
                    continue;
                }
            }
            if !self.sees("(?#") {
                return Ok(());
            }
            let open = self.at;
            while self.peek().is_some_and(|unit| unit != u16::from(b')')) {
                self.at += 1;
            }
            if !self.eat(b')') {
                return self.refuse(open, "a comment is never closed");
            }
        }
    }

    /// One level deeper.
    fn deeper(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.refuse(self.at, format!("the pattern nests deeper than {MAX_DEPTH}"));
        }
        Ok(())
    }
}
