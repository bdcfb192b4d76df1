//! Drawing the steps, and beside or below them what is known of the selected one.

use super::detail::{self, Line};
use super::run::Run;
use super::times::local;
use super::{FRAME, PATIENCE, Pane, Provision, State};
use crate::console::canvas::Canvas;
use crate::console::shared::{Shared, WriteMode};
use crate::console::style::Token;
use crate::console::words::{duration, middle};
use crate::model::ObjectType;
use crate::sync::trace::{Stage, StepState, TraceStep};
use crate::text::{Policy, Shown, show, show_with, wrap};

/// Rows of header, tabs, rule and hints around a page.
const CHROME: u16 = 4;
/// From here on steps and detail stand side by side.
const WIDE: u16 = 120;
/// The first row of the steps, side by side.
const STEPS: u16 = 3;
/// Said when nobody knows how a write ended.
const UNKNOWN: &str = "It may have been written. r looks again and sends nothing; 4 Log says more.";
/// The row of the detail's title below the steps.
const BELOW: u16 = 9;

/// Whether there is room for steps and detail side by side.
pub(super) fn wide(shared: &Shared) -> bool {
    shared.width >= WIDE && shared.height >= 30
}

/// Columns of the steps, side by side.
fn left(shared: &Shared) -> u16 {
    u16::try_from(u32::from(shared.width) * 49 / 160).unwrap_or(49)
}

/// Columns and rows of the detail below its title.
fn room(shared: &Shared) -> (u16, u16) {
    let h = shared.height.saturating_sub(CHROME);
    if wide(shared) {
        (shared.width.saturating_sub(left(shared) + 1), h.saturating_sub(STEPS + 2 + 3))
    } else {
        (shared.width, h.saturating_sub(BELOW + 1 + 2))
    }
}

/// How far the detail can be scrolled.
pub(super) fn scrolls(page: &Provision, shared: &Shared) -> usize {
    let (w, h) = room(shared);
    detail::lines(page, shared, w).len().saturating_sub(usize::from(h))
}

/// Where the detail must be scrolled to for the selected row to be seen.
pub(super) fn scroll_to_selected(page: &Provision, shared: &Shared) -> usize {
    let (w, h) = room(shared);
    // The last row may say how much is left.
    let h = usize::from(h.saturating_sub(1)).max(1);
    let lines = detail::lines(page, shared, w);
    let Some(at) = lines.iter().position(|line| line.row == Some(page.rows.selected)) else { return page.scroll };
    if page.rows.selected == 0 {
        0
    } else if at < page.scroll {
        at
    } else if at >= page.scroll + h {
        at + 1 - h
    } else {
        page.scroll
    }
}

/// Draws the page.
pub(super) fn draw(page: &Provision, shared: &Shared, canvas: &mut Canvas<'_>) {
    title(page, shared, canvas);
    let (w, h) = (canvas.width(), canvas.height());
    if let State::Refused { trouble, dry_run } = &page.state {
        let mut y = 2;
        let cells = usize::from(w.saturating_sub(6)).max(10);
        let mut put = |text: &Shown, token: Token| {
            for line in wrap(text.as_str(), Some(cells), 2) {
                canvas.put(3, y, show_with(&line, Policy::Detail), token);
                y += 1;
            }
        };
        put(&trouble.what, Token::Fail);
        put(&show(""), Token::Text);
        for line in &trouble.advice {
            put(line, Token::Text);
        }
        let (words, token) = match dry_run {
            true => ("Nothing was written. r tries again.", Token::Muted),
            false => (UNKNOWN, Token::Warn),
        };
        canvas.put(1, h.saturating_sub(2), words, token);
        return;
    }
    let (dw, dh) = room(shared);
    let lines = detail::lines(page, shared, dw);
    if wide(shared) {
        let line = left(shared);
        side_steps(page, shared, line, canvas);
        canvas.v_line(line, STEPS, h.saturating_sub(1));
        let mut part = canvas.part(line + 1, STEPS, w.saturating_sub(line + 1), h.saturating_sub(STEPS));
        detail_title(page, 6, 2, &mut part);
        let mut body = part.part(0, 2, dw, dh);
        detail_lines(page, &lines, &mut body);
        let (words, token) = notice(page, shared);
        part.put(2, dh + 3, words, token);
    } else {
        for (y, stage) in (2..).zip(Stage::ALL) {
            short_step(page, shared, stage, y, canvas);
        }
        detail_title(page, 4, 1, &mut canvas.part(0, BELOW, w, 1));
        let mut body = canvas.part(0, BELOW + 1, dw, dh);
        detail_lines(page, &lines, &mut body);
        let (words, token) = notice(page, shared);
        canvas.put(1, h.saturating_sub(2), words, token);
    }
}

/// ` Provision one   grace.hopper@contoso.example                dry run`
fn title(page: &Provision, shared: &Shared, canvas: &mut Canvas<'_>) {
    let w = canvas.width();
    let at = if wide(shared) { u32::from(w) * 82 / 160 } else { u32::from(w) * 61 / 80 };
    let at = u16::try_from(at).unwrap_or(w);
    let x = canvas.put(1, 0, "Provision one", Token::Strong);
    let room = at.saturating_sub(x + 5);
    let name = show_with(&page.object.name, Policy::Detail);
    let name = show_with(&middle(name.as_str(), usize::from(room), &canvas.look.glyphs), Policy::Detail);
    canvas.put_in(x + 3, 0, room, name, Token::Text);
    let (words, more, token) = match &page.state {
        State::Asking { dry_run: true, .. } => ("dry run", "nothing has been written", Token::Muted),
        State::Asking { dry_run: false, .. } => ("writing", "", Token::Strong),
        State::Ended(run) if run.dry_run => ("dry run", "nothing has been written", Token::Muted),
        State::Ended(run) if run.unknown() => ("not known", "it may have been written", Token::Warn),
        State::Ended(run) if run.failed() && run.wrote() => ("failed", "not everything was written", Token::Fail),
        State::Ended(run) if run.failed() => ("failed", "nothing was written", Token::Fail),
        State::Ended(run) if !run.wrote() => ("done", "nothing was written", Token::Strong),
        State::Ended(run) => match run.trace.changes.len() {
            0 => ("written", "", Token::Strong),
            1 => ("written", "1 attribute", Token::Strong),
            n => {
                let x = canvas.put(at, 0, "written", Token::Strong);
                if wide(shared) {
                    canvas.put(x, 0, show(&format!(" {} {n} attributes", canvas.look.glyphs.dot)), Token::Muted);
                }
                return;
            }
        },
        State::Refused { dry_run: true, .. } => ("not done", "", Token::Fail),
        State::Refused { dry_run: false, .. } => ("not known", "it may have been written", Token::Warn),
    };
    let x = canvas.put(at, 0, words, token);
    match &page.state {
        State::Asking { since, .. } if shared.now >= *since + PATIENCE => {
            let frames = canvas.look.glyphs.spinner;
            let waited = shared.now.duration_since(*since).as_millis() / FRAME.as_millis().max(1);
            let at = usize::try_from(waited).unwrap_or(0) % frames.len().max(1);
            let frame = frames.get(at).copied().unwrap_or_default();
            canvas.put(x + 1, 0, frame, Token::Accent);
        }
        _ if wide(shared) && !more.is_empty() => {
            let dot = canvas.look.glyphs.dot;
            let x = canvas.put(x + 1, 0, dot, Token::Muted);
            canvas.put(x + 1, 0, more, Token::Muted);
        }
        _ => {}
    }
}

/// A step as it stands, or as it stands before anything came back.
fn step(page: &Provision, stage: Stage) -> Option<&TraceStep> {
    page.shown().and_then(|run| run.step(stage))
}

fn mark(page: &Provision, shared: &Shared, stage: Stage) -> (&'static str, Token) {
    let glyphs = &shared.look.glyphs;
    let Some(step) = step(page, stage) else { return (glyphs.hollow, Token::Muted) };
    let here = match page.writing() {
        true => stage == Stage::Write,
        false => stage == Stage::Plan && page.shown().is_some_and(Run::would_write),
    };
    match step.state {
        StepState::Failed => (glyphs.fail, Token::Fail),
        _ if here => (glyphs.filled, Token::Accent),
        StepState::Done => (glyphs.ok, Token::Text),
        StepState::Warning => (glyphs.warn, Token::Warn),
        StepState::Skipped => (glyphs.dot, Token::Muted),
        StepState::Waiting => (glyphs.hollow, Token::Muted),
    }
}

/// What stands behind a step.
fn evidence(page: &Provision, shared: &Shared, stage: Stage, long: bool) -> (Shown, Token) {
    let waiting = match stage {
        Stage::Verify if long => "reads back, compares",
        _ => "",
    };
    let Some(step) = step(page, stage) else { return (show(waiting), Token::Muted) };
    let words = show_with(&local(&step.evidence, shared), Policy::Detail);
    match step.state {
        StepState::Waiting => {
            let would = page.shown().is_some_and(Run::would_write);
            let words = match stage {
                Stage::Write if page.writing() => "under way",
                Stage::Write if would => "waits for you",
                _ if would => waiting,
                _ => "",
            };
            (show(words), Token::Muted)
        }
        StepState::Failed => (words, Token::Fail),
        StepState::Warning if stage != Stage::Plan => (words, Token::Warn),
        _ => (words, Token::Text),
    }
}

fn number(stage: Stage) -> Shown {
    let at = Stage::ALL.iter().position(|s| *s == stage).unwrap_or(0);
    show(&(at + 1).to_string())
}

fn time(page: &Provision, stage: Stage) -> Option<Shown> {
    let step = step(page, stage).filter(|step| step.state != StepState::Waiting)?;
    Some(show(&duration(step.ms)))
}

/// `   ✓  1  Read source        0.18 s    11 attributes, 6 groups`
fn short_step(page: &Provision, shared: &Shared, stage: Stage, y: u16, canvas: &mut Canvas<'_>) {
    let (mark, token) = mark(page, shared, stage);
    canvas.put_in(3, y, 1, mark, token);
    canvas.put_in(6, y, 1, number(stage), Token::Muted);
    canvas.put(9, y, stage.as_str(), Token::Text);
    if let Some(time) = time(page, stage) {
        canvas.put_right(22, 34, y, time, Token::Muted);
    }
    let (words, token) = evidence(page, shared, stage, false);
    canvas.put(38, y, words, token);
    if stage == page.stage {
        let cells = canvas.width().saturating_sub(2);
        canvas.select(1, y, cells, page.pane == Pane::Steps);
    }
}

/// The steps with their evidence below them.
fn side_steps(page: &Provision, shared: &Shared, line: u16, canvas: &mut Canvas<'_>) {
    let cells = usize::from(line.saturating_sub(12)).max(8);
    let h = canvas.height();
    let mut y = STEPS;
    for stage in Stage::ALL {
        let (mark, token) = mark(page, shared, stage);
        canvas.put_in(3, y, 1, mark, token);
        canvas.put_in(7, y, 1, number(stage), Token::Muted);
        canvas.put_in(11, y, line.saturating_sub(12), stage.as_str(), Token::Text);
        if let Some(time) = time(page, stage) {
            canvas.put_right(26, line.saturating_sub(11), y, time, Token::Muted);
        }
        if stage == page.stage {
            canvas.select(1, y, line.saturating_sub(2), page.pane == Pane::Steps);
        }
        y += 1;
        let (words, token) = evidence(page, shared, stage, true);
        let wrapped = wrap(words.as_str(), Some(cells), 0);
        for text in wrapped.iter().filter(|text| !text.is_empty()).take(4) {
            canvas.put_in(11, y, line.saturating_sub(12), show_with(text, Policy::Detail), token);
            y += 1;
        }
        y += 1;
    }
    if let Some(command) = page.command(shared).filter(|_| y + 4 < h) {
        let y = y.max(26).min(h.saturating_sub(5));
        canvas.put(1, y, "As a command", Token::Strong);
        let wrapped = wrap(&command, Some(usize::from(line.saturating_sub(4)).max(8)), 2);
        let rows = u16::try_from(wrapped.len()).unwrap_or(1).min(3);
        for (y, text) in (y + 1..).zip(wrapped.iter().take(3)) {
            canvas.put_in(3, y, line.saturating_sub(4), show(text), Token::Text);
        }
        let x = canvas.put(3, y + 1 + rows, "y", Token::Accent);
        canvas.put(x + 3, y + 1 + rows, "copy", Token::Muted);
    }
}

/// ` 4  Plan`, or `▌4  Plan` when the keys go there.
fn detail_title(page: &Provision, name: u16, from: u16, canvas: &mut Canvas<'_>) {
    let focused = page.pane == Pane::Detail;
    if focused {
        let bar = canvas.look.glyphs.bar;
        canvas.put_in(from.saturating_sub(1), 0, 1, bar, Token::Accent);
    }
    let token = if focused { Token::Strong } else { Token::Text };
    canvas.put_in(from, 0, 1, number(page.stage), token);
    canvas.put(name, 0, page.stage.as_str(), token);
}

fn detail_lines(page: &Provision, lines: &[Line], canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.width(), canvas.height());
    let skip = page.scroll.min(lines.len().saturating_sub(usize::from(h)));
    // What is left takes a row of its own: nothing is clipped by it.
    let left = lines.len().saturating_sub(skip);
    let rows = if left > usize::from(h) { h.saturating_sub(1) } else { h };
    for (y, line) in (0..rows).zip(lines.iter().skip(skip)) {
        for (i, (x, text, token)) in line.pieces.iter().enumerate() {
            // A piece ends before the next one begins.
            let end = line.pieces.get(i + 1).map_or(w, |(next, ..)| next.saturating_sub(1));
            canvas.put_in(*x, y, end.saturating_sub(*x), text, *token);
        }
        if line.row == Some(page.rows.selected) && page.stage == Stage::Plan {
            let at = line.pieces.first().map_or(3, |(x, ..)| *x).saturating_sub(2);
            canvas.select(at, y, w.saturating_sub(at + 1), page.pane == Pane::Detail);
        }
    }
    if rows < h {
        let down = canvas.look.glyphs.down;
        let hidden = lines.get(skip + usize::from(rows)..).unwrap_or_default();
        // Lines are no attributes: a warning or what is unchanged takes some too.
        let words = match (page.stage, hidden.iter().filter(|line| line.row.is_some()).count()) {
            (Stage::Plan, 0) => format!("more {down}"),
            (Stage::Plan, 1) => format!("1 more attribute {down}"),
            (Stage::Plan, n) => format!("{n} more attributes {down}"),
            _ => format!("{} more lines {down}", hidden.len()),
        };
        let words = show(&words);
        canvas.put_right(0, w.saturating_sub(1), rows, words, Token::Muted);
    }
}

/// What can be done now, or what was done.
fn notice(page: &Provision, shared: &Shared) -> (Shown, Token) {
    let what = match page.object.object_type {
        ObjectType::User => "user",
        ObjectType::Group => "group",
    };
    let words = match &page.state {
        State::Asking { .. } if page.progress.is_some() => {
            return (page.progress.clone().unwrap_or_default(), Token::Muted);
        }
        State::Asking { dry_run: true, .. } => "A dry run: it looks, and sends nothing.".to_owned(),
        State::Asking { dry_run: false, .. } => "It is being written. Leaving this page does not stop it.".to_owned(),
        State::Refused { .. } => String::new(),
        State::Ended(run) if run.unknown() => return (show(UNKNOWN), Token::Warn),
        State::Ended(run) if !run.dry_run && run.failed() => {
            let what = if run.wrote() { "Not everything was written." } else { "Nothing was written." };
            return (show(&format!("{what} r makes a new dry run.")), Token::Warn);
        }
        State::Ended(run) if !run.dry_run => "Done. r makes a new dry run.".to_owned(),
        State::Ended(run) if run.would_write() => match (&shared.write, shared.may_write(&page.subject_of())) {
            (WriteMode::Open, _) => "Write mode is on. enter asks once more, then writes.".to_owned(),
            (_, Ok(())) => {
                return (
                    show(&format!("Writing is unlocked for this {what}. enter asks once more, then writes.")),
                    Token::Warn,
                );
            }
            (WriteMode::Unlocked { .. }, Err(_)) => {
                format!("Writing is unlocked for something else. Press W to unlock it for this {what}.")
            }
            _ => format!("Write mode is off. Press W to unlock writing for this {what}, for 5 minutes."),
        },
        State::Ended(run) if run.held().next().is_some() => {
            "A guard holds this back: release or reject it in 5 Plan.".to_owned()
        }
        State::Ended(_) => "There is nothing to write.".to_owned(),
    };
    (show(&words), Token::Text)
}
