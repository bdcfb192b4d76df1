//! What needs attention: held operations, then causes, the most frequent first.

use super::draw::Sheet;
use super::query::HOURS;
use super::stop::Stop;
use super::{Cause, Glance};
use crate::console::standing::Mood;
use crate::console::style::Token;
use crate::console::words;
use crate::model::CycleState;
use crate::text::{Shown, show, width};

/// Column of what stands below a title.
const LABEL: u16 = 3;

/// Draws it from a row on; returns the row below. With `detail` each has a second line and a blank one.
pub(super) fn draw(sheet: &mut Sheet<'_, '_>, y: u16, detail: bool) -> u16 {
    let (shared, glance) = (sheet.shared, sheet.glance);
    sheet.title(y, "Needs attention", "");
    let held = glance.job.held;
    let all = glance.causes.len() + usize::from(held > 0);
    let first = y + if detail { 2 } else { 1 };
    if all == 0 {
        let succeeded = glance.job.cycles.iter().find(|cycle| cycle.state == CycleState::Succeeded);
        let failing = shared.standing.as_ref().and_then(|standing| standing.failing.as_ref());
        let (mark, words) = match succeeded {
            // Nobody was reached, so nobody is among the causes.
            _ if failing.is_some() => {
                let words = match failing.map_or(0, |failing| failing.attempts) {
                    1 => "the last cycle failed as a whole".to_owned(),
                    n => format!("the last {} cycles failed as a whole", words::count(n)),
                };
                (shared.look.glyphs.fail, words)
            }
            Some(_) if glance.job.causes.failures > 0 => {
                (shared.look.glyphs.ok, "nobody waits: what failed has been done since".to_owned())
            }
            Some(_) => (shared.look.glyphs.ok, format!("nothing failed in the last {HOURS} h")),
            None if glance.job.ended().is_some() => (shared.look.glyphs.unread, "nothing failed so far".to_owned()),
            None if shared.mood() == Mood::Running => (shared.look.glyphs.unread, "nothing failed so far".to_owned()),
            None => (shared.look.glyphs.unread, "nothing was tried yet".to_owned()),
        };
        let x = sheet.canvas.put_in(LABEL, first, 1, mark, Token::Muted);
        let words = show(&words);
        sheet.canvas.put(x + 1, first, words, Token::Muted);
        return first + 1;
    }
    sheet.right(y, 18, &summary(glance), Token::Muted);
    let fit = usize::from(sheet.plan.attention);
    let top = sheet.view.top(sheet.selected, glance, fit);
    let digits = glance.causes.iter().map(|cause| width(&number(cause))).max().unwrap_or(0);
    let digits = u16::try_from(digits.max(width(&words::count(held))).max(3)).unwrap_or(3);
    let mut y = first;
    for index in (top..all).take(fit) {
        let cause = if held > 0 { index.checked_sub(1) } else { Some(index) };
        match cause.and_then(|at| glance.causes.get(at)) {
            Some(cause) => one_cause(sheet, y, digits, cause, detail),
            None => held_row(sheet, y, digits, held, detail),
        }
        y += if detail { 3 } else { 1 };
    }
    let below = all.saturating_sub(top + fit);
    if below > 0 && y < sheet.canvas.height() && !detail {
        let words = format!("{} {} more", shared.look.glyphs.down, words::count(below as u64));
        let words = show(&words);
        sheet.canvas.put(digits + 6, y, words, Token::Muted);
    }
    y
}

fn summary(glance: &Glance) -> String {
    let causes = glance.causes.len() as u64 + glance.job.causes.more;
    if causes == 0 {
        return String::new();
    }
    let objects = glance.job.causes.objects;
    let what = match (glance.groups, objects.n) {
        (true, 1) => "object",
        (true, _) => "objects",
        (false, 1) => "user",
        (false, _) => "users",
    };
    let plural = if causes == 1 { "" } else { "s" };
    let least = if objects.at_least { "over " } else { "" };
    format!("{} cause{plural} · {least}{} {what}", words::count(causes), words::count(objects.n))
}

fn number(cause: &Cause) -> String {
    let (n, more) = cause.objects;
    format!("{}{}", words::count(n), if more { "+" } else { "" })
}

fn one_cause(sheet: &mut Sheet<'_, '_>, y: u16, digits: u16, cause: &Cause, detail: bool) {
    let (shared, edge) = (sheet.shared, sheet.edge);
    let x = digits + 6;
    let token = if cause.failure { Token::Fail } else { Token::Warn };
    sheet.canvas.put_right(2, digits + LABEL, y, show(&number(cause)), token);
    let since = words::day_or_clock(cause.first, shared.now, &shared.zone);
    let mut until = sheet.right(y, x, &since, Token::Text);
    if edge >= 60 {
        // A place of its own, so that the words stand below each other.
        sheet.canvas.put_in(edge - 14, y, 5, "since", Token::Muted);
        until = edge - 14;
    }
    let room = until.saturating_sub(x + 3);
    if detail {
        sheet.canvas.put_in(x, y, room, &cause.words, Token::Text);
        let parts = [cause.attribute.as_ref(), cause.answer.as_ref(), Some(&cause.reason)];
        let parts: Vec<&str> = parts.into_iter().flatten().map(Shown::as_str).filter(|part| !part.is_empty()).collect();
        let line = show(&parts.join(" · "));
        sheet.canvas.put_in(x, y + 1, edge.saturating_sub(x), line, Token::Muted);
    } else {
        let words = 22.min(room);
        sheet.canvas.put_in(x, y, words, &cause.words, Token::Text);
        let (about, token) = match &cause.attribute {
            Some(attribute) => (attribute, Token::Text),
            None => (&cause.reason, Token::Muted),
        };
        sheet.canvas.put_in(x + 25, y, room.saturating_sub(25), about, token);
    }
    sheet.stop(y, &Stop::Cause(cause.id));
}

fn held_row(sheet: &mut Sheet<'_, '_>, y: u16, digits: u16, held: u64, detail: bool) {
    let (x, edge) = (digits + 6, sheet.edge);
    sheet.canvas.put_right(2, digits + LABEL, y, show(&words::count(held)), Token::Warn);
    sheet.canvas.put_in(x, y, edge.saturating_sub(x), "held by a guard", Token::Text);
    let words = "a person decides in 5 Plan";
    if detail {
        sheet.canvas.put_in(x, y + 1, edge.saturating_sub(x), words, Token::Muted);
    } else {
        sheet.canvas.put_in(x + 25, y, edge.saturating_sub(x + 25), words, Token::Muted);
    }
    sheet.stop(y, &Stop::Held);
}
