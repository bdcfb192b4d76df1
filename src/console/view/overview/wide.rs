//! What only a large screen has room for: the right column, the chart, earlier cycles.

use super::draw::Sheet;
use super::sections::{hour, peak, since};
use super::stop::Stop;
use super::{Glance, attention};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::model::{Cycle, CycleState};
use crate::text::{show, width};
use jiff::Timestamp;

/// Rows of the chart's bars.
const ROWS: u16 = 5;
/// Steps of one row.
const STEPS: u64 = 8;
/// Hours between two labels below the chart.
const LABELLED: usize = 6;

/// Rows of the right column below what needs attention, blank ones included.
pub(super) fn below_attention(glance: &Glance, h: u16) -> u16 {
    if h < 24 {
        return 0;
    }
    let changes = u16::try_from(glance.changes.len()).unwrap_or(0);
    4 + if changes > 0 { changes + 2 } else { 0 }
}

/// The right column.
pub(super) fn right(sheet: &mut Sheet<'_, '_>) {
    let (h, glance) = (sheet.canvas.height(), sheet.glance);
    let mut y = attention::draw(sheet, 0, true) + 1;
    let below = below_attention(glance, h);
    if below == 0 {
        return;
    }
    let all = glance.causes.len() + usize::from(glance.job.held > 0);
    if all > usize::from(sheet.plan.attention) {
        y = h.saturating_sub(below);
    }
    if !glance.changes.is_empty() {
        y = changes(sheet, y) + 1;
    }
    console(sheet, y);
}

/// What people changed.
fn changes(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let (shared, glance, edge) = (sheet.shared, sheet.glance, sheet.edge);
    sheet.title(y, "Changed by people", "");
    sheet.right(y, 20, "24 h", Token::Muted);
    let mut y = y + 1;
    for change in &glance.changes {
        sheet.canvas.put(3, y, show(&words::clock_minute(change.at, &shared.zone)), Token::Muted);
        // Where there is not room for both, what was done says more.
        let by = show(&format!("by {}", change.who));
        let room = if edge >= 60 { edge.saturating_sub(14 + u16::try_from(by.width()).unwrap_or(edge)) } else { 0 };
        if room >= 20 {
            sheet.canvas.put_right(11, edge, y, by, Token::Muted);
            sheet.canvas.put_in(11, y, room, &change.what, Token::Text);
        } else {
            sheet.canvas.put_in(11, y, edge.saturating_sub(11), &change.what, Token::Text);
        }
        y += 1;
    }
    y
}

/// What this console is and where its data is.
fn console(sheet: &mut Sheet<'_, '_>, y: u16) {
    let (shared, glance) = (sheet.shared, sheet.glance);
    if y + 3 > sheet.canvas.height() {
        return;
    }
    sheet.title(y, "This console", "");
    let glyphs = &shared.look.glyphs;
    let log = format!("{} log entries", words::count(glance.job.log_entries));
    let size = format!("{}{}{}", shared.width, glyphs.times, shared.height);
    let colours = format!("{} colours", shared.colours);
    let theme = format!("theme {}", shared.look.theme);
    let size_of = words::size(glance.job.bytes);
    let rows: [(&'static str, [&str; 3]); 2] =
        [("cache", [&size_of, &log, ""]), ("terminal", [&size, &theme, &colours])];
    for (y, (label, facts)) in (y + 1..).zip(rows) {
        sheet.canvas.put(3, y, label, Token::Muted);
        for (x, fact) in [14, 24, 43].into_iter().zip(facts) {
            let room = sheet.edge.saturating_sub(x);
            if !fact.is_empty() && usize::from(room) >= width(fact) {
                sheet.canvas.put(x, y, show(fact), Token::Text);
            }
        }
    }
}

/// Failures by the hour as columns.
pub(super) fn chart(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let (shared, failures) = (sheet.shared, &sheet.glance.job.failures);
    let glyphs = &shared.look.glyphs;
    sheet.canvas.title(0, y, "Failures per hour, 24 h", false);
    let peak = peak(shared, failures);
    let words = peak.as_ref().map_or_else(|| "none".to_owned(), |(n, at)| format!("peak {} · {at}", words::count(*n)));
    sheet.right(y, 26, &words, Token::Muted);
    let most = peak.map_or(0, |(most, _)| most);
    let top = words::count(most);
    let axis = 2 + u16::try_from(width(&top)).unwrap_or(2).max(4);
    // Two cells for an hour where they fit.
    let bar = if sheet.edge > axis + 1 + 2 * u16::try_from(failures.len()).unwrap_or(24) { 2 } else { 1 };
    for row in 0..ROWS {
        let y = y + 1 + row;
        let (tick, label) = match row {
            0 if most > 0 => (glyphs.tick, top.clone()),
            2 if most > 3 => (glyphs.tick, words::count(most / 2)),
            4 => (glyphs.tick, "0".to_owned()),
            _ => (glyphs.v_line, String::new()),
        };
        sheet.canvas.put_right(1, axis - 1, y, show(&label), Token::Muted);
        sheet.canvas.put_in(axis, y, 1, tick, Token::Rule);
        let below = u64::from(ROWS - 1 - row) * STEPS;
        let mut x = axis + 1;
        for failures in failures {
            let level = (u128::from(*failures) * u128::from(STEPS * u64::from(ROWS))).div_ceil(u128::from(most.max(1)));
            let level = u64::try_from(level).unwrap_or(u64::MAX).max(1);
            let step = level.saturating_sub(below).min(STEPS);
            let glyph = usize::try_from(step).ok().and_then(|step| glyphs.spark.get(step.checked_sub(1)?));
            if let Some(glyph) = glyph {
                let token = if *failures > 0 { Token::Text } else { Token::Rule };
                for cell in 0..bar {
                    sheet.canvas.put_in(x + cell, y, 1, *glyph, token);
                }
            }
            x += bar;
        }
    }
    let y = y + 1 + ROWS;
    let hours = failures.len();
    let end = axis + 1 + bar * u16::try_from(hours).unwrap_or(24);
    let every = if bar == 2 { LABELLED } else { LABELLED * 2 };
    for index in (0..hours).step_by(every) {
        let x = axis + 1 + bar * u16::try_from(index).unwrap_or(0);
        let Some(at) = hour(shared, hours, index).filter(|_| x + 9 <= end) else { continue };
        sheet.canvas.put(x, y, show(&words::clock_minute(at, &shared.zone)), Token::Muted);
    }
    sheet.canvas.put_right(axis + 1, end, y, "now", Token::Muted);
    sheet.stop_title(y - ROWS - 1, &Stop::Failures);
    y + 1
}

/// The cycles before the last one, newest first.
pub(super) fn cycles(sheet: &mut Sheet<'_, '_>, y: u16) {
    let glance = sheet.glance;
    if sheet.plan.cycles == 0 {
        return;
    }
    sheet.title(y, "Earlier cycles", "");
    let cycles: Vec<Line<'_>> =
        glance.job.cycles.iter().skip(1).take(sheet.plan.cycles).map(|cycle| Line::of(sheet.shared, cycle)).collect();
    let widest = |text: fn(&Line<'_>) -> usize| {
        u16::try_from(cycles.iter().map(text).max().unwrap_or(0)).unwrap_or(u16::MAX / 8)
    };
    let mark = 3 + widest(|line| width(&line.time)) + GUTTER;
    let took = mark + 1 + GUTTER + widest(|line| width(&line.took));
    let changes = took + GUTTER + widest(|line| width(&line.changes));
    let failed = changes + GUTTER + widest(|line| width(&line.failed));
    for (y, line) in (y + 1..).zip(&cycles) {
        line.draw(sheet, y, [mark, took, changes, failed]);
    }
}

/// Columns between two of the list.
const GUTTER: u16 = 3;

/// A cycle in words.
struct Line<'a> {
    cycle: &'a Cycle,
    time: String,
    took: String,
    changes: String,
    failed: String,
}

impl<'a> Line<'a> {
    fn of(shared: &Shared, cycle: &'a Cycle) -> Self {
        let began = cycle.started_at.parse::<Timestamp>().ok();
        let counts = &cycle.counts;
        let plural = if counts.changes() == 1 { "change " } else { "changes" };
        let ended = cycle.state != CycleState::Running;
        let told = cycle.state != CycleState::Failed;
        let if_told = |text: String| if told { text } else { String::new() };
        Self {
            cycle,
            time: began.map_or_else(String::new, |at| since(shared, at)),
            took: if ended { words::duration(cycle.duration_ms) } else { String::new() },
            changes: if_told(format!("{} {plural}", words::count(counts.changes()))),
            failed: if_told(format!("{} failed", words::count(counts.failed))),
        }
    }

    /// In columns: that of the mark, and the ends of the others.
    fn draw(&self, sheet: &mut Sheet<'_, '_>, y: u16, [mark, took, changes, failed]: [u16; 4]) {
        let (glyphs, edge, cycle) = (&sheet.shared.look.glyphs, sheet.edge, self.cycle);
        sheet.canvas.put(3, y, show(&self.time), Token::Text);
        let (glyph, token) = match cycle.state {
            CycleState::Succeeded => (glyphs.ok, Token::Text),
            CycleState::Failed => (glyphs.fail, Token::Fail),
            CycleState::Stopped => (glyphs.warn, Token::Warn),
            CycleState::Running => (glyphs.unread, Token::Muted),
        };
        sheet.canvas.put_in(mark, y, 1, glyph, token);
        sheet.canvas.put_right(mark + 2, took, y, show(&self.took), Token::Muted);
        if cycle.state == CycleState::Failed {
            let error = words::without_request(cycle.error.as_deref().unwrap_or("no reason was given"));
            let x = took + GUTTER;
            sheet.canvas.put_in(x, y, edge.saturating_sub(x), show(error), Token::Muted);
        } else {
            let token = |n: u64| if n > 0 { Token::Text } else { Token::Muted };
            sheet.canvas.put_right(took, changes.min(edge), y, show(&self.changes), token(cycle.counts.changes()));
            if failed <= edge {
                sheet.canvas.put_right(changes, failed, y, show(&self.failed), token(cycle.counts.failed));
            }
        }
        sheet.stop(y, &Stop::Cycle(cycle.id.clone()));
    }
}
