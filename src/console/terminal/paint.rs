//! From what was sent and what is wanted to the bytes in between.

use super::screen::Cursor;
use crate::text;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

/// Begins a synchronized update: terminals that know it show the frame at once, all others ignore it.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// Ends a synchronized update.
const END: &[u8] = b"\x1b[?2026l";

/// Attributes that are sent. Nothing of ours blinks or hides.
const ATTRIBUTES: [(Modifier, &str); 6] = [
    (Modifier::BOLD, "1"),
    (Modifier::DIM, "2"),
    (Modifier::ITALIC, "3"),
    (Modifier::UNDERLINED, "4"),
    (Modifier::REVERSED, "7"),
    (Modifier::CROSSED_OUT, "9"),
];

/// Attributes that one sees on a blank.
const SEEN_ON_BLANK: Modifier = Modifier::REVERSED.union(Modifier::UNDERLINED).union(Modifier::CROSSED_OUT);

/// Attributes that one sees at all.
const SEEN: Modifier = SEEN_ON_BLANK.union(Modifier::BOLD).union(Modifier::DIM).union(Modifier::ITALIC);

/// More blanks than this cost more than to go behind them and erase.
const DEAR: usize = 16;

/// How a cell looks: everything but its text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Pen {
    fg: Color,
    bg: Color,
    attributes: Modifier,
}

impl Pen {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, attributes: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        let mut attributes = cell.modifier & SEEN;
        if attributes.contains(Modifier::BOLD) {
            // Terminals do not agree on what both at once are.
            attributes.remove(Modifier::DIM);
        }
        if cell.symbol() != " " || attributes.intersects(SEEN_ON_BLANK) {
            return Self { fg: cell.fg, bg: cell.bg, attributes };
        }
        // Blanks that look the same are the same, whatever their letters would have looked like.
        Self { fg: Color::Reset, bg: cell.bg, attributes: Modifier::empty() }
    }
}

/// One cell as the terminal has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Slot<'a> {
    /// Empty for the second cell of a wide character.
    text: &'a str,
    width: u16,
    pen: Pen,
}

impl Slot<'_> {
    const BLANK: Self = Self { text: " ", width: 1, pen: Pen::PLAIN };
}

/// What a terminal may get for a cell: the last boundary. Whoever put something unclean into a buffer sees that.
fn printable(symbol: &str) -> (&str, u16) {
    match symbol.as_bytes() {
        [0x20..=0x7e] => (symbol, 1),
        [] => (" ", 1),
        _ if text::needs_cleaning(symbol) => ("\u{fffd}", 1),
        _ => match text::width(symbol) {
            1 => (symbol, 1),
            2 => (symbol, 2),
            _ => ("\u{fffd}", 1),
        },
    }
}

/// The cells of one row, as the terminal will have them.
fn row(buffer: &Buffer, y: u16) -> Vec<Slot<'_>> {
    let width = buffer.area.width;
    let mut slots = Vec::with_capacity(usize::from(width));
    let mut x = 0;
    while x < width {
        let Some(cell) = buffer.cell((x, y)) else { break };
        let (text, cells) = printable(cell.symbol());
        let pen = Pen::of(cell);
        if cells == 2 && x + 1 < width {
            slots.push(Slot { text, width: 2, pen });
            slots.push(Slot { text: "", width: 0, pen });
        } else {
            let text = if cells == 2 { "\u{fffd}" } else { text };
            slots.push(Slot { text, width: 1, pen });
        }
        x += cells;
    }
    slots
}

/// What the terminal has, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Painter {
    sent: Option<Buffer>,
    cursor: Option<Position>,
    shown: Option<bool>,
}

/// A frame that was made but not sent.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) bytes: Vec<u8>,
    cursor: Cursor,
}

impl Painter {
    /// Forgets what the terminal has: the next frame begins with an empty screen.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The bytes that lead from what was sent to `next`; `None` when there is nothing to tell.
    pub(super) fn frame(&self, next: &Buffer, cursor: Cursor) -> Option<Frame> {
        let at = Position {
            x: cursor.at.x.min(next.area.width.saturating_sub(1)),
            y: cursor.at.y.min(next.area.height.saturating_sub(1)),
        };
        let cursor = Cursor { at, ..cursor };
        let mut out = Encoder { bytes: BEGIN.to_vec(), pen: Pen::PLAIN, at: self.cursor };
        let sent = self.sent.as_ref().filter(|sent| sent.area == next.area);
        if sent.is_none() {
            out.bytes.extend_from_slice(b"\x1b[m\x1b[2J");
        }
        for y in 0..next.area.height {
            let wanted = row(next, y);
            let there = sent.map_or_else(|| vec![Slot::BLANK; wanted.len()], |sent| row(sent, y));
            out.row(y, &there, &wanted);
        }
        out.pen(Pen::PLAIN);
        if out.at != Some(at) {
            out.go(at);
        }
        if self.shown != Some(cursor.shown) {
            out.bytes.extend_from_slice(if cursor.shown { b"\x1b[?25h" } else { b"\x1b[?25l" });
        }
        if out.bytes.len() == BEGIN.len() {
            return None;
        }
        out.bytes.extend_from_slice(END);
        Some(Frame { bytes: out.bytes, cursor })
    }

    /// The frame was handed over: `next` is what the terminal has now. Gives the old buffer back for reuse.
    pub(super) fn sent(&mut self, frame: &Frame, next: Buffer) -> Buffer {
        self.cursor = Some(frame.cursor.at);
        self.shown = Some(frame.cursor.shown);
        self.sent.replace(next).unwrap_or_default()
    }
}

/// Whether a pen writes this cell as it should look: a blank shows nothing of the colour of letters.
fn suits(pen: Pen, slot: &Slot<'_>) -> bool {
    let blank = slot.text == " " && slot.pen == Pen::PLAIN;
    pen == slot.pen || blank && pen.bg == Color::Reset && !pen.attributes.intersects(SEEN_ON_BLANK)
}

/// Writes cells, moves and attributes, each only when it is needed.
struct Encoder {
    bytes: Vec<u8>,
    pen: Pen,
    /// Where the terminal's cursor is, if that is certain.
    at: Option<Position>,
}

impl Encoder {
    /// Brings one row from what is there to what is wanted.
    fn row(&mut self, y: u16, there: &[Slot<'_>], wanted: &[Slot<'_>]) {
        let width = wanted.len();
        let blank = width - wanted.iter().rev().take_while(|slot| **slot == Slot::BLANK).count();
        let mut x = if blank == 0 { 0 } else { self.erase_begin(y, there, wanted) };
        while x < width {
            if there.get(x) == wanted.get(x) {
                x += 1;
                continue;
            }
            let left = there.iter().zip(wanted).skip(x).filter(|(a, b)| a != b).count();
            if x >= blank && left > 3 {
                self.reach(x, y, wanted);
                self.pen(Pen::PLAIN);
                // What is erased takes the background of the pen.
                self.bytes.extend_from_slice(b"\x1b[K");
                return;
            }
            let Some(slot) = wanted.get(x) else { return };
            self.reach(x, y, wanted);
            self.slot(slot, width);
            x += usize::from(slot.width.max(1));
        }
    }

    /// Erases the beginning of a row where blanks would have to be written over many cells: the left one of two panes.
    /// Where the row goes on.
    fn erase_begin(&mut self, y: u16, there: &[Slot<'_>], wanted: &[Slot<'_>]) -> usize {
        let blanks = wanted.iter().take_while(|slot| **slot == Slot::BLANK).count();
        let stale = || there.iter().take(blanks).enumerate().filter(|(_, slot)| **slot != Slot::BLANK).map(|(x, _)| x);
        let Some(last) = stale().next_back().filter(|_| stale().count() > DEAR) else { return 0 };
        self.pen(Pen::PLAIN);
        self.go(Position { x: u16::try_from(last).unwrap_or(u16::MAX), y });
        // From the beginning of the row to the cursor, which stays where it is.
        self.bytes.extend_from_slice(b"\x1b[1K");
        last + 1
    }

    /// Moves to a cell in the cheapest way: over a few cells that stay as they are by writing them again.
    fn reach(&mut self, x: usize, y: u16, wanted: &[Slot<'_>]) {
        let to = Position { x: u16::try_from(x).unwrap_or(u16::MAX), y };
        if self.at == Some(to) {
            return;
        }
        if let Some(at) = self.at.filter(|at| at.y == y && at.x < to.x) {
            let between = wanted.get(usize::from(at.x)..x).unwrap_or_default();
            let cheap = between.len() <= 4 && between.iter().all(|s| s.text.len() == 1);
            // What stays in between is written again, with the pen at hand or with the one that is needed next anyway.
            let next = wanted.get(x).map_or(self.pen, |slot| slot.pen);
            if cheap && !between.iter().all(|s| suits(self.pen, s)) && between.iter().all(|s| suits(next, s)) {
                self.pen(next);
            }
            if cheap && between.iter().all(|s| suits(self.pen, s)) {
                for slot in between {
                    self.bytes.extend_from_slice(slot.text.as_bytes());
                }
                self.at = Some(to);
                return;
            }
            match to.x - at.x {
                1 => self.bytes.extend_from_slice(b"\x1b[C"),
                n => self.bytes.extend_from_slice(format!("\x1b[{n}C").as_bytes()),
            }
            self.at = Some(to);
            return;
        }
        self.go(to);
    }

    fn go(&mut self, to: Position) {
        let (row, column) = (u32::from(to.y) + 1, u32::from(to.x) + 1);
        let text = match (row, column) {
            (1, 1) => "\x1b[H".to_owned(),
            (row, 1) => format!("\x1b[{row}H"),
            (row, column) => format!("\x1b[{row};{column}H"),
        };
        self.bytes.extend_from_slice(text.as_bytes());
        self.at = Some(to);
    }

    fn slot(&mut self, slot: &Slot<'_>, width: usize) {
        if !suits(self.pen, slot) {
            self.pen(slot.pen);
        }
        self.bytes.extend_from_slice(slot.text.as_bytes());
        self.at = self.at.and_then(|at| {
            let x = at.x + slot.width;
            // After the last column the cursor is nowhere; terminals do not agree on the width of joined characters.
            let certain = usize::from(x) < width && slot.text.chars().nth(1).is_none();
            certain.then_some(Position { x, y: at.y })
        });
    }

    fn pen(&mut self, to: Pen) {
        if self.pen == to {
            return;
        }
        let codes = if to == Pen::PLAIN {
            String::new()
        } else {
            // Nothing before the first semicolon is 0: plain first.
            let anew = format!(";{}", join(&codes(Pen::PLAIN, to)));
            let more = join(&codes(self.pen, to));
            if self.pen.attributes.difference(to.attributes).is_empty() && more.len() <= anew.len() {
                more
            } else {
                anew
            }
        };
        self.bytes.extend_from_slice(format!("\x1b[{codes}m").as_bytes());
        self.pen = to;
    }
}

fn join(codes: &[String]) -> String {
    codes.join(";")
}

/// What must be said to come from one pen to another that has at least its attributes.
fn codes(from: Pen, to: Pen) -> Vec<String> {
    let mut codes = Vec::new();
    let new = to.attributes.difference(from.attributes);
    for (attribute, code) in ATTRIBUTES {
        if new.contains(attribute) {
            codes.push(code.to_owned());
        }
    }
    if from.fg != to.fg {
        codes.push(colour(to.fg, 30));
    }
    if from.bg != to.bg {
        codes.push(colour(to.bg, 40));
    }
    codes
}

/// The code of a colour as text (`base` 30) or background (40).
fn colour(colour: Color, base: u8) -> String {
    let plain = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match colour {
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
}
