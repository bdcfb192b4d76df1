//! The causes: how often, what, where, what the app said, since when.

use super::layout::{Layout, Rows, WIDE};
use super::phrase;
use super::query::HOURS;
use super::state::{Log, Pane};
use crate::console::canvas::Canvas;
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::model::LogStatus;
use crate::store::log::CauseRow;
use crate::text::{Shown, show, wrap};

impl Log {
    pub(super) fn paint_causes(&self, shared: &Shared, canvas: &mut Canvas<'_>, layout: Layout) {
        let focused = self.pane == Pane::Causes && !self.typing;
        let x = canvas.title(0, 0, "Causes", focused);
        if let Some(totals) = self.totals {
            let x = canvas.put(x + 3, 0, show(&self.totals_words(totals.failures, totals.warnings)), Token::Text);
            if let Some(words) = failing_words(shared) {
                canvas.put(x + 3, 0, words, Token::Fail);
            }
        }
        let Rows { y, rows } = layout.causes;
        if self.totals.is_none() {
            let words = if self.failed.is_some() { "not known" } else { "reading…" };
            canvas.put(3, y, words, Token::Muted);
            return;
        }
        if self.causes.rows.is_empty() {
            // The title says that nothing failed, or that the cycles did: then here is why.
            let error = shared.standing.as_ref().and_then(|standing| standing.failing.as_ref());
            if let Some(error) = error.map(|failing| failing.error.as_str()).filter(|error| !error.is_empty()) {
                let room = usize::from(canvas.width().saturating_sub(4));
                let mut lines = wrap(show(error).as_str(), Some(room), 0);
                let most = usize::from(rows).max(1);
                if lines.len() > most {
                    let rest = lines.split_off(most - 1).join(" ");
                    lines.push(words::end(&rest, room, &shared.look.glyphs));
                }
                for (y, line) in (y..).zip(&lines) {
                    canvas.put(3, y, show(line), Token::Text);
                }
            }
            return;
        }
        let columns = Columns::of(&self.causes.rows, canvas.width(), layout.roomy);
        if layout.roomy {
            columns.heading(canvas, y.saturating_sub(2));
        }
        let place = Place { focused, columns };
        let visible = self.causes.visible(usize::from(rows));
        for (row, (index, cause)) in (y..y.saturating_add(rows)).zip(visible) {
            place.cause(shared, canvas, row, cause, index == self.causes.selected);
        }
    }

    fn totals_words(&self, failures: u64, warnings: u64) -> String {
        let some = |n: u64, one: &str, many: &str| format!("{} {}", words::count(n), if n == 1 { one } else { many });
        let mut text = if failures == 0 { "no failures".to_owned() } else { some(failures, "failure", "failures") };
        if warnings > 0 {
            text.push_str(&format!(" · {}", some(warnings, "warning", "warnings")));
        }
        text.push_str(&format!(" in {HOURS} h"));
        let more = self.totals.map_or(0, |totals| totals.more);
        let causes = self.causes.rows.len() as u64 + more;
        // Only where the list does not show them all at once.
        if self.causes.rows.len() > self.causes.height {
            text.push_str(&format!(" · {}", some(causes, "cause", "causes")));
        }
        text
    }
}

/// That cycles fail as a whole, which no entry about anybody tells: `the last 3 cycles failed, since 12:42`.
fn failing_words(shared: &Shared) -> Option<Shown> {
    let failing = shared.standing.as_ref()?.failing.as_ref()?;
    let since = words::day_or_clock(failing.since, shared.now, &shared.zone);
    Some(show(&match failing.attempts {
        1 => format!("the last cycle failed, at {since}"),
        n => format!("the last {} cycles failed, since {since}", words::count(n)),
    }))
}

/// Columns of the causes.
#[derive(Clone, Copy)]
struct Columns {
    /// Where the number ends.
    number: u16,
    name: u16,
    attribute: u16,
    answer: u16,
    /// Cells of the answer.
    answer_cells: u16,
    /// First and last, where there is room for them.
    first: Option<u16>,
    last: Option<u16>,
    spark: Option<u16>,
    reason: Option<u16>,
}

impl Columns {
    fn of(causes: &[CauseRow], width: u16, roomy: bool) -> Self {
        let widest = causes.iter().map(|cause| words::count(cause.count).chars().count()).max().unwrap_or(0);
        // Two digits stand as in the design, more push what follows to the right.
        let shift = u16::try_from(widest.saturating_sub(3)).unwrap_or(0);
        if roomy {
            return Self {
                number: 7 + shift,
                name: 10 + shift,
                attribute: 37 + shift,
                answer: 54 + shift,
                answer_cells: 19,
                first: Some(75 + shift),
                last: Some(84 + shift),
                spark: Some(93 + shift),
                reason: (width >= WIDE).then_some(120 + shift),
            };
        }
        // Below 78 columns there is no room for the times.
        let times = width >= 78;
        let slack = if times { width.saturating_sub(80) / 3 } else { 0 };
        let (attribute, answer) = if times { (33 + slack, 50 + slack * 2) } else { (30, 44) };
        let first = times.then_some(69 + slack * 2 + shift);
        Self {
            number: 6 + shift,
            name: 8 + shift,
            attribute: attribute + shift,
            answer: answer + shift,
            answer_cells: first.map_or(width.saturating_sub(answer + shift + 1), |at| at - answer - shift - 2),
            first,
            last: None,
            spark: None,
            reason: first.map(|at| at + 14).filter(|_| width >= WIDE),
        }
    }

    fn heading(&self, canvas: &mut Canvas<'_>, y: u16) {
        canvas.put_right(0, self.number, y, "n", Token::Muted);
        for (x, name) in [(self.name, "cause"), (self.attribute, "attribute"), (self.answer, "answer")] {
            canvas.put(x, y, name, Token::Muted);
        }
        for (x, name) in [(self.first, "first"), (self.last, "last"), (self.spark, "24 h"), (self.reason, "reason")] {
            if let Some(x) = x {
                canvas.put(x, y, name, Token::Muted);
            }
        }
    }
}

/// How the rows of causes are drawn.
struct Place {
    focused: bool,
    columns: Columns,
}

impl Place {
    fn cause(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16, cause: &CauseRow, selected: bool) {
        let columns = &self.columns;
        let glyphs = &shared.look.glyphs;
        canvas.put_right(2, columns.number, y, show(&words::count(cause.count)), Token::Text);
        let mut x = columns.name;
        if cause.status == LogStatus::Warning {
            x = canvas.put_in(x, y, 1, glyphs.warn, Token::Warn) + 1;
        }
        let room = columns.attribute.saturating_sub(x + 2);
        canvas.put_in(x, y, room, show(&phrase::cause_name(&cause.code)), Token::Text);
        let room = columns.answer.saturating_sub(columns.attribute + 2);
        match &cause.attribute {
            Some(path) => {
                let short = phrase::path_in(path, usize::from(room), glyphs);
                canvas.put_in(columns.attribute, y, room, short, Token::Text);
            }
            None => {
                canvas.put_in(columns.attribute, y, room, "any", Token::Muted);
            }
        }
        canvas.put_in(columns.answer, y, columns.answer_cells, show(&phrase::cause_answer(cause)), Token::Text);
        match (columns.first, columns.last) {
            (Some(first), Some(last)) => {
                let clock = |at| show(&words::clock_minute(at, &shared.zone));
                canvas.put_in(first, y, 7, clock(cause.first), Token::Text);
                canvas.put_in(last, y, 7, clock(cause.last), Token::Text);
            }
            (Some(first), None) => {
                let span = phrase::span(cause.first, cause.last, &shared.zone, glyphs);
                canvas.put_in(first, y, 11, show(&span), Token::Text);
            }
            _ => {}
        }
        if let Some(x) = columns.spark {
            canvas.put_in(x, y, HOURS, show(&words::spark(&cause.hours, glyphs)), Token::Text);
        }
        if let Some(x) = columns.reason {
            let room = canvas.width().saturating_sub(x + 1);
            let reason = words::end(show(phrase::said_in(&cause.reason)).as_str(), usize::from(room), glyphs);
            canvas.put_in(x, y, room, show(&reason), Token::Muted);
        }
        if selected {
            // The bar ends before the times; without the focus the name alone is bold. Less to send, and no noise.
            let end = if self.focused { columns.answer + columns.answer_cells } else { columns.attribute - 2 };
            canvas.select(1, y, end.min(canvas.width()).saturating_sub(1), self.focused);
        }
    }
}
