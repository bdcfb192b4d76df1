//! Lines of a detail: pieces of text at columns, wrapped to a width.

use crate::console::canvas::Canvas;
use crate::console::style::Token;
use crate::text::{Policy, Shown, show, show_with, width, wrap};

/// One line: pieces at columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line(Vec<(u16, Shown, Token)>);

impl Line {
    /// Draws it.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, y: u16) {
        for (x, text, token) in &self.0 {
            canvas.put(*x, y, text, *token);
        }
    }
}

/// Lines that are being written.
pub(super) struct Lines {
    width: u16,
    lines: Vec<Line>,
}

impl Lines {
    /// For so many columns.
    pub(super) fn new(width: u16) -> Self {
        Self { width, lines: Vec::new() }
    }

    /// What was written.
    pub(super) fn done(mut self) -> Vec<Line> {
        while self.lines.last().is_some_and(|line| line.0.is_empty()) {
            self.lines.pop();
        }
        self.lines
    }

    /// How many lines there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Cells from a column on, with a margin at the right end.
    pub(super) fn room(&self, x: u16) -> usize {
        usize::from(self.width.saturating_sub(x).saturating_sub(1)).max(4)
    }

    /// A blank line, unless the last one is blank or there is none.
    pub(super) fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.0.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    /// A line of pieces one behind the other, with a blank of so many cells between them.
    pub(super) fn row(&mut self, x: u16, apart: u16, pieces: &[(&str, Token)]) {
        self.lines.push(Line::default());
        self.beside(x, apart, pieces);
    }

    /// More pieces on the last line.
    pub(super) fn beside(&mut self, x: u16, apart: u16, pieces: &[(&str, Token)]) {
        let Some(line) = self.lines.last_mut() else { return };
        let mut at = x;
        for (text, token) in pieces.iter().filter(|(text, _)| !text.is_empty()) {
            let text = show_with(text, Policy::Detail);
            let cells = u16::try_from(text.width()).unwrap_or(u16::MAX);
            line.0.push((at, text, *token));
            at = at.saturating_add(cells).saturating_add(apart);
        }
    }

    /// A piece at the right end of the last line, if there is room for it.
    pub(super) fn at_end(&mut self, text: &'static str, token: Token) {
        let cells = u16::try_from(width(text)).unwrap_or(u16::MAX);
        let Some(line) = self.lines.last_mut() else { return };
        let used = line.0.last().map_or(0, |(x, text, _)| usize::from(*x) + text.width() + 2);
        let x = self.width.saturating_sub(cells.saturating_add(2));
        if used <= usize::from(x) {
            line.0.push((x, show(text), token));
        }
    }

    /// Text from a column on, over as many lines as it takes, at most `most`; the last one then ends with `…`.
    pub(super) fn text(&mut self, x: u16, text: &str, token: Token, most: usize) {
        self.labelled(x, "", x, text, token, most);
    }

    /// A label, and text beside it from another column on.
    pub(super) fn labelled(&mut self, x: u16, label: &'static str, at: u16, text: &str, token: Token, most: usize) {
        let clean = show_with(text, Policy::Detail);
        let cells = self.room(at);
        let mut wrapped = wrap(clean.as_str(), Some(cells), 0);
        if wrapped.len() > most {
            let rest = wrapped.split_off(most.saturating_sub(1)).join(" ");
            wrapped.push(crate::text::truncate(&rest, cells));
        }
        for (i, piece) in wrapped.iter().enumerate() {
            let mut line = Line::default();
            if i == 0 && !label.is_empty() {
                line.0.push((x, show(label), Token::Muted));
            }
            line.0.push((at, show_with(piece, Policy::Detail), token));
            self.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<String> {
        let piece = |(x, text, _): &(u16, Shown, Token)| format!("{x}:{text}");
        lines.iter().map(|line| line.0.iter().map(piece).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn text_is_wrapped_beside_its_label_and_cut_where_asked() {
        let mut lines = Lines::new(20);
        lines.labelled(1, "got", 7, "one two three four five", Token::Text, 9);
        lines.blank();
        lines.blank();
        lines.text(7, "one two three four five", Token::Text, 1);
        lines.blank();
        assert_eq!(texts(&lines.done()), ["1:got|7:one two", "7:three four", "7:five", "", "7:one two thr…"]);
    }

    #[test]
    fn hostile_text_is_spelled_out() {
        let mut lines = Lines::new(60);
        lines.text(0, "a\u{1b}[31m\u{202e}b", Token::Text, 3);
        let text = texts(&lines.done()).concat();
        assert!(text.contains("<U+202E>") && !text.contains('\u{1b}'), "{text}");
    }
}
