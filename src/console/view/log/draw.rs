//! What the log looks like. Pure: state in, cells out.

use super::detail::About;
use super::full;
use super::layout::{Layout, Rows, SIDE};
use super::lines::Line;
use super::phrase;
use super::query::{Event, Scope};
use super::state::{Log, Pane};
use crate::console::canvas::Canvas;
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::model::LogStatus;
use crate::store::window::Counted;
use crate::text::{Shown, show};

impl Log {
    pub(super) fn paint(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let (width, height) = (canvas.width(), canvas.height());
        if let Some(top) = self.full {
            self.paint_full(shared, canvas, top);
            return;
        }
        let layout = self.layout(width, height);
        let causes = !(self.zoom && self.pane == Pane::Events);
        let events = !(self.zoom && self.pane == Pane::Causes);
        if causes {
            self.paint_causes(shared, canvas, layout);
        }
        if !events {
            return;
        }
        if let Some(y) = layout.rule {
            canvas.h_line(y);
        }
        let mut list = canvas.part(0, 0, layout.list, height);
        self.paint_events(shared, &mut list, layout);
        if !self.zoom {
            self.paint_detail(shared, canvas, layout);
        }
    }

    // Events ---------------------------------------------------------------------------------------------------------

    fn paint_events(&self, shared: &Shared, canvas: &mut Canvas<'_>, layout: Layout) {
        let focused = self.pane == Pane::Events && !self.typing;
        let y = layout.events_title;
        let end = canvas.width().saturating_sub(if layout.roomy { 3 } else { 5 });
        let state = self.state_words(layout.roomy, shared);
        let state_cells = u16::try_from(state.width()).unwrap_or(0);
        let left = canvas.put_right(end.saturating_sub(state_cells), end, y, &state, self.state_token());
        let room = left.saturating_sub(2);
        {
            let mut title = canvas.part(0, 0, room, y.saturating_add(1));
            let x = title.title(0, y, "Events", focused);
            let mut x = title.put(x + 3, y, show(&self.count_words()), Token::Text);
            let scope = self.scope_words(shared);
            if scope.width() > 0 {
                x = title.put(x + 3, y, &scope, Token::Text);
            }
            if self.typing || !self.filter.value().is_empty() {
                x = title.put(x + 3, y, "/", Token::Accent) + 1;
                title.input(x, y, room.saturating_sub(x), &self.filter, self.typing);
            }
        }
        let Rows { y, rows } = layout.events;
        let user = 17 + canvas.width().saturating_sub(80) / 3;
        if layout.roomy {
            let y = y.saturating_sub(2);
            for (x, name) in [(3, "time"), (14, "action"), (23, "object"), (26 + user, self.last_column().heading())] {
                canvas.put(x, y, name, Token::Muted);
            }
        }
        if self.events.rows.is_empty() {
            self.paint_nothing(shared, canvas, y);
            return;
        }
        let gap = self.effective_gap(usize::from(rows));
        let from = y.saturating_add(u16::try_from(gap).unwrap_or(0));
        let mut last = 0;
        let visible = self.events.visible(usize::from(rows) - gap);
        for (row, (index, event)) in (from..y.saturating_add(rows)).zip(visible) {
            let selected = index == self.events.selected;
            self.paint_event(shared, canvas, row, event, user);
            if selected {
                // The bar ends before what became of it, without the focus the name alone is bold: less to send for
                // each new event that the list follows.
                if focused {
                    canvas.select(1, row, 22 + user, true);
                } else {
                    canvas.select(1, row, 1, false);
                    canvas.restyle(23, row, user, Token::SelectAway);
                }
            }
            last = index + 1;
        }
        if layout.roomy {
            let more = self.more_below(last);
            canvas.put(3, y.saturating_add(rows), &more, Token::Muted);
        }
    }

    /// Blank rows above the newest event, as far as the selected one stays visible.
    fn effective_gap(&self, rows: usize) -> usize {
        if self.gap < rows && self.events.selected + self.gap < rows { self.gap } else { 0 }
    }

    /// What tells the events of this list apart: all of one cause have the same outcome.
    fn last_column(&self) -> Last {
        match (&self.scope, self.cause_of_scope()) {
            (_, Some((_, cause))) if cause.attribute.is_some() => Last::Value,
            (Scope::Cause(_), _) => Last::Name,
            _ => Last::Outcome,
        }
    }

    fn paint_event(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16, event: &Event, user: u16) {
        let line = &event.line;
        let glyphs = &shared.look.glyphs;
        canvas.put_in(3, y, 10, show(&phrase::when(line.at, shared.now, &shared.zone)), Token::Text);
        canvas.put_in(14, y, 8, show(phrase::action(line)), Token::Text);
        let name = words::middle(show(event.short_name()).as_str(), usize::from(user), glyphs);
        canvas.put_in(23, y, user, show(&name), Token::Text);
        let x = 26 + user;
        let room = canvas.width().saturating_sub(x + 1);
        let quoted = shared.width >= SIDE;
        match (self.last_column(), &line.value) {
            (Last::Value, Some(value)) => {
                canvas.put_in(x, y, room, show(&phrase::quote_if(value, quoted)), Token::Text);
            }
            (Last::Value | Last::Name, _) => {
                let name = if line.name.is_empty() { &line.source_id } else { &line.name };
                canvas.put_in(x, y, room, show(name), Token::Text);
            }
            (Last::Outcome, _) => {
                let (mark, token) = phrase::mark(line.status, glyphs);
                canvas.put_in(x, y, room, mark, token);
                let token = if line.status == LogStatus::Skipped { Token::Muted } else { Token::Text };
                let room = room.saturating_sub(2);
                canvas.put_in(x + 2, y, room, show(&phrase::outcome(event, usize::from(room), glyphs)), token);
            }
        }
    }

    fn paint_nothing(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16) {
        let failing = shared.standing.as_ref().is_some_and(|standing| standing.failing.is_some());
        let filter = self.filter.value().trim();
        let words = if let Some(why) = &self.failed {
            canvas.put(3, y, show(&format!("the log cannot be read: {why}")), Token::Fail);
            canvas.put(3, y + 1, "r   try again", Token::Muted);
            return;
        } else if !self.loaded {
            "reading…".to_owned()
        } else if !filter.is_empty() {
            let whole = self.counts.map_or(String::new(), |c| format!(" · {} without the filter", counted(c.total)));
            let whole = if self.scope == Scope::All { whole } else { String::new() };
            format!("nothing matches \"{filter}\"{whole} · esc clears")
        } else {
            match &self.scope {
                Scope::All if failing => {
                    "Nothing has been logged: the cycles failed before they reached anybody.".to_owned()
                }
                Scope::All => "Nothing has been logged yet. The first cycle writes here what it does.".to_owned(),
                Scope::Cause(_) => "No event of this cause is left. esc shows all events.".to_owned(),
                Scope::Object(object) => format!("Nothing is logged about {}. esc shows all events.", object.name),
                Scope::Cycle(_) => "This cycle had nothing to say. esc shows all events.".to_owned(),
            }
        };
        canvas.put(3, y, show(&words), Token::Muted);
    }

    /// `47 of 1 204`
    fn count_words(&self) -> String {
        match self.counts {
            None if self.loaded && !self.events.more_above && !self.events.more_below => {
                words::count(self.events.rows.len() as u64)
            }
            None => String::new(),
            Some(counts) if self.scope == Scope::All && self.filter.value().trim().is_empty() => counted(counts.total),
            Some(counts) => format!("{} of {}", counted(counts.fit), counted(counts.total)),
        }
    }

    /// Which events these are.
    fn scope_words(&self, shared: &Shared) -> Shown {
        let began = || self.began.map(|at| phrase::when(at, shared.now, &shared.zone));
        show(&match &self.scope {
            Scope::All => String::new(),
            Scope::Cause(_) => match self.cause_of_scope() {
                Some((index, _)) => format!("cause {}", words::count(index as u64 + 1)),
                None => "one cause".to_owned(),
            },
            Scope::Object(object) => {
                let name = object.name.split('@').next().unwrap_or_default();
                let name = if name.is_empty() { &object.id } else { name };
                words::middle(show(name).as_str(), 24, &shared.look.glyphs)
            }
            Scope::Cycle(_) => began().map_or_else(|| "one cycle".to_owned(), |at| format!("cycle {at}")),
        })
    }

    /// `following`, or `paused · 6 newer ↑`.
    fn state_words(&self, roomy: bool, shared: &Shared) -> Shown {
        let glyphs = &shared.look.glyphs;
        let newer = self.newer();
        show(&if self.stamp == 0 {
            String::new()
        } else if self.follow {
            "following".to_owned()
        } else if newer == 0 {
            "paused".to_owned()
        } else {
            let more = if self.counts.is_some_and(|counts| counts.newer.at_least) { "+" } else { "" };
            let above = if roomy { " above" } else { "" };
            format!("paused {} {}{more} newer{above} {}", glyphs.dot, words::count(newer), glyphs.up)
        })
    }

    fn state_token(&self) -> Token {
        if self.newer() > 0 { Token::Text } else { Token::Muted }
    }

    /// `24 more`
    fn more_below(&self, last: usize) -> Shown {
        let loaded = self.events.rows.len().saturating_sub(last) as u64;
        let fit = self.counts.map(|counts| counts.fit).filter(|fit| !fit.at_least);
        show(&match fit {
            _ if !self.events.more_below && loaded == 0 => String::new(),
            _ if !self.events.more_below => format!("{} more", words::count(loaded)),
            Some(fit) if !self.events.more_above => format!("{} more", words::count(fit.n.saturating_sub(last as u64))),
            _ => "more".to_owned(),
        })
    }

    // Detail ---------------------------------------------------------------------------------------------------------

    fn about<'a>(&'a self, shared: &'a Shared) -> Option<About<'a>> {
        let detail = self.detail.as_deref().filter(|_| !self.events.rows.is_empty())?;
        let cause = detail.event.line.cause;
        let cause = self.causes.rows.iter().find(|row| Some(row.id) == cause);
        Some(About { detail, cause, shared })
    }

    /// Lines of the detail beside the list.
    pub(super) fn detail_lines(&self, shared: &Shared) -> usize {
        let (width, height) = Self::size(shared);
        let layout = self.layout(width, height);
        let columns = width.saturating_sub(layout.list + 1);
        self.about(shared).map_or(0, |about| about.beside(columns).len())
    }

    fn paint_detail(&self, shared: &Shared, canvas: &mut Canvas<'_>, layout: Layout) {
        let Rows { y, rows } = layout.detail;
        if !layout.side {
            let mut below = canvas.part(0, y, canvas.width(), rows);
            if let Some(about) = self.about(shared) {
                let lines = about.below(below.width(), rows);
                paint_lines(&mut below, &lines, 0, 0);
            }
            return;
        }
        canvas.v_line(layout.list, y, y.saturating_add(rows));
        let x = layout.list + 1;
        let mut beside = canvas.part(x, y, canvas.width().saturating_sub(x), rows);
        let focused = self.pane == Pane::Detail && !self.typing;
        let Some(about) = self.about(shared) else { return };
        let event = &about.detail.event;
        let at = phrase::when(event.line.at, shared.now, &shared.zone);
        let mut x = beside.title(1, 0, show(event.short_name()), focused);
        for piece in [phrase::action(&event.line), at.as_str()] {
            x = beside.put(x + 3, 0, show(piece), Token::Text);
        }
        let lines = about.beside(beside.width());
        let blank = u16::from(layout.roomy) + 1;
        paint_lines(&mut beside, &lines, self.detail_top, blank);
    }

    fn paint_full(&self, shared: &Shared, canvas: &mut Canvas<'_>, top: usize) {
        let Some(event) = self.event() else {
            canvas.put(3, 0, "This entry is gone. esc goes back.", Token::Muted);
            return;
        };
        let glyphs = &shared.look.glyphs;
        let (mark, token) = phrase::mark(event.line.status, glyphs);
        let action = show(phrase::action(&event.line));
        let at = show(&phrase::when(event.line.at, shared.now, &shared.zone));
        let status = event.line.status.as_str();
        // A long name gives way to what follows it.
        let behind = action.width() + status.len() + at.width() + 13;
        let room = usize::from(canvas.width()).saturating_sub(behind).max(8);
        let name = words::middle(show(event.name()).as_str(), room, glyphs);
        let mut x = canvas.title(0, 0, show(&name), true);
        x = canvas.put(x + 3, 0, action, Token::Text);
        x = canvas.put(x + 3, 0, mark, token);
        x = canvas.put(x + 1, 0, status, token);
        canvas.put(x + 3, 0, at, Token::Text);
        let Some(detail) = self.current_detail() else {
            canvas.put(3, 2, "reading…", Token::Muted);
            return;
        };
        let lines = full::lines(detail, shared, canvas.width());
        let rows = full::rows(canvas.height());
        let top = top.min(lines.len().saturating_sub(usize::from(rows)));
        let mut page = canvas.part(0, 0, canvas.width(), rows.saturating_add(2));
        paint_lines(&mut page, &lines, top, 2);
    }
}

/// Lines from one on, below a head of so many rows. Where there are more, the last row says how many.
fn paint_lines(canvas: &mut Canvas<'_>, lines: &[Line], top: usize, head: u16) {
    let rows = usize::from(canvas.height().saturating_sub(head));
    let top = top.min(lines.len().saturating_sub(rows));
    let rest = lines.len().saturating_sub(top + rows);
    let shown = if rest > 0 && rows > 1 { rows - 1 } else { rows };
    for (y, line) in (head..).zip(lines.iter().skip(top).take(shown)) {
        line.draw(canvas, y);
    }
    if rest > 0 && rows > 1 {
        let words = format!("{} more lines", words::count(rest as u64 + 1));
        canvas.put(4, head + u16::try_from(shown).unwrap_or(u16::MAX), show(&words), Token::Muted);
    }
}

/// A number that was counted only so far.
fn counted(counted: Counted) -> String {
    format!("{}{}", words::count(counted.n), if counted.at_least { "+" } else { "" })
}

/// What the last column of the events says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// The value of the attribute that the cause is about.
    Value,
    /// The display name.
    Name,
    /// What became of it.
    Outcome,
}

impl Last {
    fn heading(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Name => "name",
            Self::Outcome => "outcome",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_say_where_counting_ended() {
        assert_eq!(counted(Counted::exactly(1204)), "1 204");
        assert_eq!(counted(Counted::up_to(10_001, 10_000)), "10 000+");
    }
}
