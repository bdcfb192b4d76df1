//! A short list in a box: what the copy menu, the jobs and the messages are made of.

use crate::console::action::Action;
use crate::console::canvas::{Canvas, Text};
use crate::console::list::{List, Step};
use crate::console::style::Token;
use crate::text::Shown;

/// Actions that move in a list.
pub const MOVES: &[Action] =
    &[Action::Open, Action::Down, Action::Up, Action::HalfDown, Action::HalfUp, Action::Top, Action::Bottom];

/// The step that an action means, if it moves.
pub fn step(action: Action) -> Option<Step> {
    Some(match action {
        Action::Down => Step::Rows(1),
        Action::Up => Step::Rows(-1),
        Action::HalfDown => Step::Half(1),
        Action::HalfUp => Step::Half(-1),
        Action::Top => Step::Top,
        Action::Bottom => Step::Bottom,
        _ => return None,
    })
}

/// A row: what stands left, what stands right.
pub type Row = (Shown, Shown);

/// Draws rows into a box with a title.
pub fn draw(canvas: &mut Canvas<'_>, title: impl Text, rows: &List<Row>) {
    let mut inside = canvas.boxed(title);
    let (w, h) = (inside.width(), inside.height());
    for (y, (i, (left, right))) in (0..h).zip(rows.visible(usize::from(h))) {
        let from = inside.put_right(w / 3, w.saturating_sub(2), y, right, Token::Muted);
        inside.put_in(3, y, from.saturating_sub(5), left, Token::Text);
        if i == rows.selected {
            inside.select(1, y, w.saturating_sub(2), true);
        }
    }
}
