//! Drawing the connection test.

use super::{KNOWN, Known, OF_DIRECTORY, State, Test, spinner};
use crate::console::canvas::Canvas;
use crate::console::page::prose;
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::engine::ConnectionStep;
use crate::text::{show, wrap};

/// Column of the mark, of the title, where the time ends, and of what was found.
const MARK: u16 = 3;
const TITLE: u16 = 6;
const TIME: u16 = 35;
const FOUND: u16 = 38;
/// Rows of a page on which what was found may take two.
const ROOMY: u16 = 19;

impl Test {
    pub(super) fn paint(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let (w, h) = (canvas.width(), canvas.height());
        let x = canvas.put(1, 0, "Test connection", Token::Strong);
        let what = show(&format!("{} {} {}", shared.job.source_long, canvas.look.glyphs.arrow, shared.job.target_long));
        let end = canvas.put_in(x + 3, 0, w.saturating_sub(x + 4), what, Token::Text);
        let quiet = "nothing is written";
        if usize::from(end) + 4 + quiet.len() <= usize::from(w) {
            canvas.put_right(end + 3, w - 1, 0, quiet, Token::Muted);
        }
        // On a low screen the blank lines go: how it ended has to fit below.
        let gap = u16::from(h >= 16);
        let mut y = 1 + gap;
        canvas.title(0, y, "Directory", false);
        y += 1;
        for (i, known) in KNOWN.iter().enumerate() {
            if i == OF_DIRECTORY {
                y += gap;
                canvas.title(0, y, "App", false);
                y += 1;
            }
            // Groups are asked for where they are provisioned: nobody knows before.
            let step = self.steps.iter().find(|step| step.name == known.name);
            if i + 1 == KNOWN.len() && step.is_none() {
                continue;
            }
            y += self.step(shared, canvas, y, known, step);
        }
        y += gap;
        let mut below = canvas.part(0, y, w, h.saturating_sub(y));
        self.below(shared, &mut below);
    }

    /// Draws a step; returns its rows. What was found takes a second one where it needs it and the screen has it, once
    /// the test is over and nothing has to stay in its place.
    fn step(
        &self,
        shared: &Shared,
        canvas: &mut Canvas<'_>,
        y: u16,
        known: &Known,
        step: Option<&ConnectionStep>,
    ) -> u16 {
        let glyphs = &shared.look.glyphs;
        let w = canvas.width();
        let room = w.saturating_sub(FOUND + 1);
        let Some(step) = step else {
            let running = matches!(self.state, State::Running(_));
            if running && self.current == Some(known.name) {
                let moving = match self.state {
                    State::Running(since) => spinner(shared, since),
                    _ => None,
                };
                canvas.put_in(MARK, y, 1, moving.unwrap_or(glyphs.filled), Token::Accent);
                canvas.put(TITLE, y, known.title, Token::Text);
                canvas.put_in(FOUND, y, room, "under way", Token::Muted);
            } else {
                canvas.put_in(MARK, y, 1, glyphs.hollow, Token::Muted);
                canvas.put(TITLE, y, known.title, Token::Muted);
                if !running {
                    canvas.put_in(FOUND, y, room, "not tried", Token::Muted);
                }
            }
            return 1;
        };
        let (mark, token) = if step.ok { (glyphs.ok, Token::Ok) } else { (glyphs.fail, Token::Fail) };
        canvas.put_in(MARK, y, 1, mark, token);
        canvas.put(TITLE, y, known.title, Token::Text);
        canvas.put_right(TITLE, TIME, y, show(&words::duration(step.ms)), Token::Muted);
        if !step.ok {
            canvas.put_in(FOUND, y, room, "failed", Token::Fail);
            return 1;
        }
        let found = show(&step.message);
        let over = !matches!(self.state, State::Running(_)) && canvas.height() >= ROOMY;
        let lines = wrap(found.as_str(), Some(usize::from(room)), 0);
        if let ([first, second], true) = (&lines[..], over) {
            canvas.put_in(FOUND, y, room, show(first), Token::Text);
            canvas.put_in(FOUND, y + 1, room, show(second), Token::Text);
            return 2;
        }
        canvas.put_in(FOUND, y, room, found, Token::Text);
        1
    }

    /// How it ended, why, and what to do.
    fn below(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let mut y = 0;
        let mut text = |canvas: &mut Canvas<'_>, text: &str, token: Token| y = prose::put(canvas, 3, y, text, token);
        match &self.state {
            State::Running(_) => {}
            State::Ended { ok: true } => {
                let sum: u64 = self.steps.iter().map(|step| step.ms).sum();
                text(canvas, &format!("Both sides answer, all steps in {}.", words::duration(sum)), Token::Text);
                let off = shared.standing.as_ref().is_some_and(|standing| !standing.enabled);
                if off {
                    text(canvas, "Provisioning is off. The settings (o) turn it on.", Token::Muted);
                }
            }
            State::Ended { ok: false } => {
                for step in self.steps.iter().filter(|step| !step.ok) {
                    let mut parts = step.message.split("; ");
                    text(canvas, parts.next().unwrap_or_default(), Token::Fail);
                    for part in parts {
                        text(canvas, part, Token::Text);
                    }
                }
            }
            State::Refused(trouble) => {
                text(canvas, trouble.what.as_str(), Token::Fail);
                for line in &trouble.advice {
                    text(canvas, line.as_str(), Token::Text);
                }
            }
        }
    }
}
