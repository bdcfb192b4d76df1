//! Drawing: text at a place, in a token's style. Only [`Shown`] and literals of ours are drawn.

use super::style::{Glyphs, Look, Token};
use super::words;
use crate::text::{Shown, truncate, width};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

/// Text that may be drawn: cleaned, or a literal of ours.
///
/// Raw text has no way here:
///
/// ```compile_fail
/// fn draw(canvas: &mut heeler::console::canvas::Canvas<'_>, name: &heeler::text::Raw) {
///     canvas.put(0, 0, name, heeler::console::style::Token::Text);
/// }
/// ```
///
/// ```
/// fn draw(canvas: &mut heeler::console::canvas::Canvas<'_>, name: &heeler::text::Raw) {
///     canvas.put(0, 0, name.shown(), heeler::console::style::Token::Text);
/// }
/// ```
pub trait Text {
    /// The text.
    fn text(&self) -> &str;
}

impl Text for &'static str {
    fn text(&self) -> &str {
        self
    }
}

impl Text for Shown {
    fn text(&self) -> &str {
        self.as_str()
    }
}

impl Text for &Shown {
    fn text(&self) -> &str {
        self.as_str()
    }
}

/// Where the terminal's cursor belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CursorAt {
    /// The place; hidden cursors are parked on the selected row, for screen readers.
    pub at: Option<Position>,
    /// Shown in inputs only.
    pub shown: bool,
}

/// A rectangle to draw in. Coordinates are relative to its corner; whatever does not fit is cut.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    /// Colours and glyphs.
    pub look: &'a Look,
    cursor: &'a mut CursorAt,
}

impl<'a> Canvas<'a> {
    /// A canvas on a part of a buffer.
    pub fn new(buffer: &'a mut Buffer, area: Rect, look: &'a Look, cursor: &'a mut CursorAt) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area, look, cursor }
    }

    /// Columns.
    pub fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    pub fn height(&self) -> u16 {
        self.area.height
    }

    /// A canvas on a part of this one: `x`, `y`, columns, rows; cut to what there is.
    pub fn part(&mut self, x: u16, y: u16, columns: u16, rows: u16) -> Canvas<'_> {
        let wanted = Rect::new(self.area.x.saturating_add(x), self.area.y.saturating_add(y), columns, rows);
        let area = wanted.intersection(self.area);
        Canvas { buffer: self.buffer, area, look: self.look, cursor: self.cursor }
    }

    /// Puts text at a column and row; returns the column behind it. What does not fit is cut with an ellipsis.
    pub fn put(&mut self, x: u16, y: u16, text: impl Text, token: Token) -> u16 {
        let room = self.area.width.saturating_sub(x);
        self.put_in(x, y, room, text, token)
    }

    /// Puts text into at most so many cells; returns the column behind the text.
    #[expect(clippy::needless_pass_by_value, reason = "callers give literals, texts and references alike")]
    pub fn put_in(&mut self, x: u16, y: u16, cells: u16, text: impl Text, token: Token) -> u16 {
        let cells = cells.min(self.area.width.saturating_sub(x));
        if y >= self.area.height || cells == 0 {
            return x;
        }
        let text = self.look.glyphs.spelled(text.text());
        let style = self.look.styles.of(token);
        if width(&text) <= usize::from(cells) {
            self.set(x, y, cells, &text, style)
        } else if self.look.glyphs.is_ascii() {
            let cut = words::end(&text, usize::from(cells), &self.look.glyphs);
            self.set(x, y, cells, &cut, style)
        } else {
            let cut = truncate(&text, usize::from(cells));
            self.set(x, y, cells, &cut, style)
        }
    }

    /// Puts text so that it ends before column `end`, using at most the columns from `from` on; returns where it
    /// begins.
    pub fn put_right(&mut self, from: u16, end: u16, y: u16, text: impl Text, token: Token) -> u16 {
        let end = end.min(self.area.width);
        let room = end.saturating_sub(from);
        let cells = width(&self.look.glyphs.spelled(text.text()));
        let cells = u16::try_from(cells).unwrap_or(u16::MAX).min(room);
        let x = end - cells;
        self.put_in(x, y, cells, text, token);
        x
    }

    /// Puts pieces one behind the other; returns the column behind the last.
    pub fn put_all(&mut self, x: u16, y: u16, pieces: &[(&dyn Text, Token)]) -> u16 {
        let mut at = x;
        for (text, token) in pieces {
            at = self.put(at, y, Piece(*text), *token);
        }
        at
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where text becomes cells: it is Text already")]
    fn set(&mut self, x: u16, y: u16, cells: u16, text: &str, style: Style) -> u16 {
        let (from, y) = (self.area.x + x, self.area.y + y);
        let (end, _) = self.buffer.set_stringn(from, y, text, usize::from(cells), style);
        if self.look.glyphs.is_ascii() && !text.is_ascii() {
            // Words of ours are written once, for terminals that can do more.
            for x in from..end {
                let Some(cell) = self.buffer.cell_mut((x, y)) else { break };
                if let Some(plain) = Glyphs::in_ascii(cell.symbol()) {
                    cell.set_symbol(plain);
                }
            }
        }
        end - self.area.x
    }

    /// Gives cells of a row another style on top of what they have: the selected row, a marked row.
    pub fn restyle(&mut self, x: u16, y: u16, cells: u16, token: Token) {
        if y >= self.area.height {
            return;
        }
        let cells = cells.min(self.area.width.saturating_sub(x));
        let style = self.look.styles.of(token);
        self.buffer.set_style(Rect::new(self.area.x + x, self.area.y + y, cells, 1), style);
    }

    /// Shows that a row is selected: `›` in column `x`, and with focus the select style over `cells` columns from
    /// there. Parks the cursor there.
    pub fn select(&mut self, x: u16, y: u16, cells: u16, focused: bool) {
        if y >= self.area.height || x >= self.area.width {
            return;
        }
        let glyph = self.look.glyphs.selected;
        self.put_in(x, y, 1, glyph, Token::Text);
        if focused {
            // A reversed row is one bar: a colour in it would become a patch of background.
            if self.look.styles.of(Token::Select).add_modifier.contains(Modifier::REVERSED) {
                let width = cells.min(self.area.width - x);
                let row = Rect::new(self.area.x + x, self.area.y + y, width, 1);
                self.buffer.set_style(row, Style::new().fg(Color::Reset).bg(Color::Reset));
            }
            self.restyle(x, y, cells, Token::Select);
            self.park(x, y);
        } else {
            self.restyle(x, y, cells, Token::SelectAway);
        }
    }

    /// A hairline over a row.
    pub fn h_line(&mut self, y: u16) {
        let glyph = self.look.glyphs.h_line;
        for x in 0..self.area.width {
            self.put_in(x, y, 1, glyph, Token::Rule);
        }
    }

    /// A hairline down a column.
    pub fn v_line(&mut self, x: u16, from: u16, to: u16) {
        let glyph = self.look.glyphs.v_line;
        for y in from..to.min(self.area.height) {
            self.put_in(x, y, 1, glyph, Token::Rule);
        }
    }

    /// The title of a pane or section: bar and bold when it has the focus.
    pub fn title(&mut self, x: u16, y: u16, text: impl Text, focused: bool) -> u16 {
        if focused {
            let bar = self.look.glyphs.bar;
            self.put_in(x, y, 1, bar, Token::Accent);
        }
        self.put(x + 1, y, text, if focused { Token::Strong } else { Token::Text })
    }

    /// Parks the hidden cursor here.
    pub fn park(&mut self, x: u16, y: u16) {
        if !self.cursor.shown {
            self.cursor.at = Some(Position::new(self.area.x + x, self.area.y + y));
        }
    }

    /// Shows the cursor here: in an input.
    pub fn cursor(&mut self, x: u16, y: u16) {
        if x < self.area.width && y < self.area.height {
            *self.cursor = CursorAt { at: Some(Position::new(self.area.x + x, self.area.y + y)), shown: true };
        }
    }

    /// One line of typed text with the cursor at its place, scrolled so that the cursor is visible. Typed text is
    /// cleaned like any other.
    pub fn input(&mut self, x: u16, y: u16, cells: u16, input: &tui_input::Input, focused: bool) {
        let cells = cells.min(self.area.width.saturating_sub(x));
        if cells == 0 {
            return;
        }
        let scroll = input.visual_scroll(usize::from(cells.saturating_sub(1)));
        let mut skipped = 0;
        let visible: String = input
            .value()
            .chars()
            .skip_while(|c| {
                let skip = skipped < scroll;
                if skip {
                    skipped += width(&c.to_string());
                }
                skip
            })
            .collect();
        let shown = crate::text::show(&visible);
        let style = self.look.styles.of(Token::Input);
        if y < self.area.height {
            self.set(x, y, cells, shown.as_str(), style);
        }
        if focused {
            let at = u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(0);
            self.cursor(x + at.min(cells - 1), y);
        }
    }

    /// Empties the whole canvas and draws a box with a title around it; returns the inside.
    pub fn boxed(&mut self, title: impl Text) -> Canvas<'_> {
        let (w, h) = (self.area.width, self.area.height);
        let float = self.look.styles.of(Token::Float);
        for y in 0..h {
            for x in 0..w {
                if let Some(cell) = self.buffer.cell_mut(Position::new(self.area.x + x, self.area.y + y)) {
                    cell.reset();
                    cell.set_style(float);
                }
            }
        }
        if w < 2 || h < 2 {
            return self.part(0, 0, w, h);
        }
        let super::style::Corners { top_left, top_right, bottom_left, bottom_right } = self.look.glyphs.corners;
        let (line, side) = (self.look.glyphs.h_line, self.look.glyphs.v_line);
        for x in 1..w - 1 {
            self.put_in(x, 0, 1, line, Token::Rule);
            self.put_in(x, h - 1, 1, line, Token::Rule);
        }
        for y in 1..h - 1 {
            self.put_in(0, y, 1, side, Token::Rule);
            self.put_in(w - 1, y, 1, side, Token::Rule);
        }
        self.put_in(0, 0, 1, top_left, Token::Rule);
        self.put_in(w - 1, 0, 1, top_right, Token::Rule);
        self.put_in(0, h - 1, 1, bottom_left, Token::Rule);
        self.put_in(w - 1, h - 1, 1, bottom_right, Token::Rule);
        if !title.text().is_empty() && w > 6 {
            let end = self.put_in(2, 0, w - 4, title, Token::Strong);
            self.put_in(1, 0, 1, " ", Token::Text);
            self.put_in(end, 0, 1, " ", Token::Text);
        }
        self.part(1, 1, w - 2, h - 2)
    }
}

/// A borrowed piece of [`Canvas::put_all`].
struct Piece<'a>(&'a dyn Text);

impl Text for Piece<'_> {
    fn text(&self) -> &str {
        self.0.text()
    }
}
