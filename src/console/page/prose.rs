//! Running text on a page: broken at its blanks, cleaned, one line after the other.

use crate::console::canvas::Canvas;
use crate::console::style::Token;
use crate::text::{Policy, show, show_with, wrap};

/// The lines of a text at a width.
pub(super) fn lines(text: &str, cells: u16) -> Vec<String> {
    text.lines().flat_map(|line| wrap(show_with(line, Policy::Detail).as_str(), Some(usize::from(cells)), 0)).collect()
}

/// Puts a text at a column and row, at most up to one column before the right edge; returns the row below it.
pub(super) fn put(canvas: &mut Canvas<'_>, x: u16, y: u16, text: &str, token: Token) -> u16 {
    let cells = canvas.width().saturating_sub(x + 1);
    if cells < 4 {
        return y;
    }
    let mut y = y;
    for line in lines(text, cells) {
        canvas.put(x, y, show(&line), token);
        y += 1;
    }
    y
}
