//! Where things stand on the page: one column, or two from 120 columns on; what gives way when there is little room.

use super::stop::Stop;
use super::{Glance, Overview, attention, notice, sections, trouble, wide};
use crate::console::canvas::{Canvas, Text};
use crate::console::shared::Shared;
use crate::console::standing::Mood;
use crate::console::style::Token;
use crate::model::{CycleState, SideState};
use crate::text::show;
use jiff::Timestamp;

/// From so many columns on the page has two columns.
pub(super) const TWO_COLUMNS: u16 = 120;
/// Rows of the screen that belong to the frame: header, tabs, rule and hints.
const FRAME: u16 = 4;
/// Below this many columns the facts between value and state give way.
const FACTS: u16 = 72;
/// Below so many rows of the page what has to be said is said in short.
const SHORT: u16 = 16;
/// From so many rows of the page on there is room for what is good to know.
const ROOMY: u16 = 28;

/// What is drawn, and how much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Column of the line between the two columns.
    pub right: Option<u16>,
    /// The first column that the left side may not draw in.
    pub edge: u16,
    /// Column of marks and of the second label.
    pub mark: u16,
    /// Whether there is room for facts between value and state.
    pub facts: bool,
    /// Whether what has to be said has to be short.
    pub short: bool,
    /// Whether source, target and cache are listed.
    pub sides: bool,
    /// Whether the job is described.
    pub job: bool,
    /// Whether the guard is described.
    pub guard: bool,
    /// Whether the last cycle is shown.
    pub cycle: bool,
    /// Whether the last error of a side that is offline is shown.
    pub why: bool,
    /// Rows for failures by the hour: none, one (a line) or seven (a chart); three by cycle, in a quarantine.
    pub failures: u16,
    /// Entries of what needs attention that fit.
    pub attention: u16,
    /// Lines of the reason of a quarantine beyond those that always have room.
    pub reason: usize,
    /// Earlier cycles that fit.
    pub cycles: usize,
}

/// Decides what is drawn at a size.
pub(super) fn plan(view: &Overview, shared: &Shared, glance: &Glance) -> Plan {
    let (w, h) = (shared.width, shared.height.saturating_sub(FRAME));
    let right = (w >= TWO_COLUMNS).then(|| (w * 55 / 100).max(78));
    let edge = right.map_or(w.saturating_sub(1), |right| right.saturating_sub(2));
    // Only a latency has room in the narrower place.
    let sides = [&glance.health.directory, &glance.health.app].into_iter().flatten();
    let calm = shared.untried().is_none() && sides.into_iter().all(|side| side.state == SideState::Ready);
    let mark = edge.saturating_sub(if right.is_some() && calm { 20 } else { 25 });
    let mut plan = Plan { right, edge, mark, facts: edge >= FACTS, short: h < SHORT, ..Plan::default() };
    let earlier = glance.job.cycles.len().saturating_sub(1);
    let causes = u16::try_from(glance.causes.len()).unwrap_or(u16::MAX).saturating_add(u16::from(glance.job.held > 0));
    if view.zoomed {
        plan.attention = if right.is_some() { h.saturating_sub(2) / 3 } else { h.saturating_sub(2) };
        return plan;
    }
    if right.is_some() {
        // Title and blank line above, two lines and a blank one for each; the rest of that column below.
        plan.attention = h.saturating_sub(2 + wide::below_attention(glance, h)) / 3;
    }
    let mood = shared.mood();
    let mut left = Rows { room: h };
    if mood == Mood::Quarantined {
        left.take(trouble::rows(glance));
        plan.failures = if left.fits(2) { left.take(3) } else { 0 };
        plan.sides = left.fits(4);
        left.take(if plan.sides { 5 } else { 0 });
        // The reason may be longer where nothing else needs the room.
        let more = trouble::more_lines(glance, &plan).min(left.room);
        plan.reason = usize::from(left.take(more));
        plan.cycles = if right.is_some() { list_rows(left.room, earlier) } else { 0 };
        return plan;
    }
    plan.sides = true;
    left.take(5);
    left.take(block(notice::lines(shared, glance, view, &plan).len()));
    // A title alone says that there was none.
    let cycle = if sections::shown_cycle(shared, glance).is_some() { 3 } else { 1 };
    plan.cycle = left.fits(cycle);
    left.take(if plan.cycle { cycle + 1 } else { 0 });
    let why = notice::why(shared, glance, &plan).len();
    plan.why = why > 0 && left.fits(block(why) - 1);
    left.take(if plan.why { block(why) } else { 0 });
    // What is last known of the job stands in the title of the cycle.
    plan.job = mood != Mood::Offline && left.fits(if right.is_some() { 3 } else { 4 + 3 });
    left.take(if plan.job { 4 } else { 0 });
    plan.guard = plan.job && h >= ROOMY;
    left.take(u16::from(plan.guard));
    // Before anything came to its end there is nothing to draw.
    let charted = glance.job.cycles.iter().any(|cycle| cycle.state == CycleState::Succeeded);
    if right.is_some() {
        if charted && left.fits(8) {
            plan.failures = 7;
            left.take(8);
        }
        plan.cycles = list_rows(left.room, earlier);
        return plan;
    }
    if charted && left.fits(2 + causes.clamp(1, 3) + 2) {
        plan.failures = 1;
        left.take(2);
    }
    // The last line stays empty where that costs no cause.
    let room = left.room.saturating_sub(1);
    plan.attention = if room > causes.clamp(1, 3) { causes.max(1).min(room - 1) } else { room };
    plan.cycles = list_rows(room.saturating_sub(plan.attention + 1), earlier);
    plan
}

/// The rows that are left of a column.
struct Rows {
    room: u16,
}

impl Rows {
    fn fits(&self, rows: u16) -> bool {
        rows <= self.room
    }

    /// Takes rows, those of the blank line behind a block included.
    fn take(&mut self, rows: u16) -> u16 {
        self.room = self.room.saturating_sub(rows);
        rows
    }
}

/// Rows of a block with the blank one behind it.
fn block(lines: usize) -> u16 {
    if lines == 0 { 0 } else { u16::try_from(lines).unwrap_or(u16::MAX - 1) + 1 }
}

/// How many of a list fit below its title, if at least three do.
fn list_rows(room: u16, all: usize) -> usize {
    let fit = usize::from(room.saturating_sub(2)).min(all);
    if fit >= 3.min(all) { fit } else { 0 }
}

/// Instants whose age is on the page.
pub(super) fn ages(shared: &Shared, glance: &Glance) -> Vec<Timestamp> {
    let sides = [&glance.health.directory, &glance.health.app].into_iter().flatten();
    let tried = sides.filter_map(|side| side.at.parse().ok());
    let quarantine = glance.job.quarantine.iter().filter_map(|quarantine| quarantine.series_began.parse().ok());
    let read = shared.standing.as_ref().and_then(|standing| standing.read_at);
    read.into_iter().chain(tried).chain(quarantine).collect()
}

/// A canvas with what is drawn on it.
pub(super) struct Sheet<'a, 'c> {
    pub view: &'a Overview,
    pub shared: &'a Shared,
    pub glance: &'a Glance,
    pub plan: Plan,
    pub selected: Option<&'a Stop>,
    pub canvas: Canvas<'c>,
    /// The first column that nothing may be drawn in.
    pub edge: u16,
}

impl Sheet<'_, '_> {
    /// The title of a section, with what stands behind it; returns the row below.
    pub(super) fn title(&mut self, y: u16, title: impl Text, behind: &str) -> u16 {
        let x = self.canvas.title(0, y, title, false);
        if !behind.is_empty() {
            self.canvas.put_in(x + 3, y, self.edge.saturating_sub(x + 3), show(behind), Token::Muted);
        }
        y + 1
    }

    /// Text that ends at the edge.
    pub(super) fn right(&mut self, y: u16, from: u16, text: &str, token: Token) -> u16 {
        self.canvas.put_right(from, self.edge, y, show(text), token)
    }

    /// Shows that a title is the selected row, if it is: its mark stands where that of the focus would.
    pub(super) fn stop_title(&mut self, y: u16, stop: &Stop) {
        if self.selected == Some(stop) {
            self.canvas.select(0, y, self.edge, true);
        }
    }

    /// Shows that a row is the selected one, if it is.
    pub(super) fn stop(&mut self, y: u16, stop: &Stop) {
        if self.selected == Some(stop) {
            self.canvas.select(1, y, self.edge.saturating_sub(1), true);
        }
    }
}

/// Draws the page.
pub(super) fn page(view: &Overview, shared: &Shared, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.width(), canvas.height());
    let Some(glance) = &view.glance else {
        canvas.title(0, 0, "Connections", true);
        match &view.failed {
            Some(why) => canvas.put_in(3, 2, w.saturating_sub(4), why, Token::Fail),
            None => canvas.put(3, 2, "… reading", Token::Muted),
        };
        return;
    };
    let plan = plan(view, shared, glance);
    let selected = view.selected(shared);
    let selected = selected.as_ref();
    let edge = w.saturating_sub(1);
    if view.zoomed {
        let mut sheet = Sheet { view, shared, glance, plan, selected, canvas: canvas.part(0, 0, w, h), edge };
        attention::draw(&mut sheet, 0, plan.right.is_some());
        sheet.canvas.title(0, 0, "Needs attention", true);
        return;
    }
    if let Some(x) = plan.right {
        canvas.v_line(x, 0, h);
        let (from, columns) = (x + 2, w.saturating_sub(x + 2));
        let right = canvas.part(from, 0, columns, h);
        let edge = columns.saturating_sub(1);
        wide::right(&mut Sheet { view, shared, glance, plan, selected, canvas: right, edge });
    }
    let left = canvas.part(0, 0, plan.right.unwrap_or(w), h);
    let mut sheet = Sheet { view, shared, glance, plan, selected, canvas: left, edge: plan.edge };
    if shared.mood() == Mood::Quarantined {
        trouble::left(&mut sheet);
    } else {
        left_column(&mut sheet);
    }
}

fn left_column(sheet: &mut Sheet<'_, '_>) {
    let mut y = sections::connections(sheet, 0) + 1;
    let notice = notice::lines(sheet.shared, sheet.glance, sheet.view, &sheet.plan);
    if !notice.is_empty() {
        y = notice::draw(sheet, y, &notice) + 1;
    }
    if sheet.plan.job {
        y = sections::job(sheet, y) + 1;
    }
    if sheet.plan.cycle {
        y = sections::cycle(sheet, y) + 1;
    }
    if sheet.plan.why {
        let why = notice::why(sheet.shared, sheet.glance, &sheet.plan);
        y = notice::draw(sheet, y, &why) + 1;
    }
    match sheet.plan.failures {
        0 => {}
        1 => y = sections::failures(sheet, y) + 1,
        _ => y = wide::chart(sheet, y) + 1,
    }
    if sheet.plan.right.is_none() && sheet.plan.attention > 0 {
        y = attention::draw(sheet, y, false) + 1;
    }
    wide::cycles(sheet, y);
}
