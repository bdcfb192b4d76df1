//! Drawing the whole screen: header, tabs, the page, what floats above it, hints. Pure: state in, cells out.

use super::{LEAST, State};
use crate::console::action::Action;
use crate::console::canvas::{Canvas, CursorAt};
use crate::console::effect::Tone;
use crate::console::keymap::{self, Meaning};
use crate::console::page::{Kind, PageId};
use crate::console::standing::Mood;
use crate::console::style::Token;
use crate::text::{Shown, show, width};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Rows of header, tabs and rule.
const CHROME: u16 = 3;

/// The tabs.
const TABS: [(PageId, &str); 5] = [
    (PageId::Overview, "1 Overview"),
    (PageId::Directory, "2 Directory"),
    (PageId::Mapping, "3 Mapping"),
    (PageId::Log, "4 Log"),
    (PageId::Plan, "5 Plan"),
];

impl State {
    /// Draws everything; returns where the cursor belongs.
    pub fn draw(&self, buffer: &mut Buffer) -> CursorAt {
        let mut cursor = CursorAt::default();
        let area = buffer.area;
        let look = &self.shared.look;
        let mut canvas = Canvas::new(buffer, area, look, &mut cursor);
        if area.width < LEAST.0 || area.height < LEAST.1 {
            let words = show(&format!("{}×{} needed, {}×{} here", LEAST.0, LEAST.1, area.width, area.height));
            let y = area.height / 2;
            let x = area.width.saturating_sub(u16::try_from(words.width()).unwrap_or(0)) / 2;
            canvas.put(x, y, words, Token::Text);
            return cursor;
        }
        self.header(&mut canvas);
        self.tabs(&mut canvas);
        let (w, h) = (area.width, area.height);
        // The last layer that fills the page hides what is below it; what floats above it is drawn on top.
        let base = self.layers.iter().rposition(|l| l.kind() == Kind::Full);
        {
            let mut body = canvas.part(0, CHROME, w, h - CHROME - 1);
            match base {
                Some(i) => self.layers[i].draw(&self.shared, &mut body),
                None => self.views[self.current].draw(&self.shared, &mut body),
            }
        }
        for layer in &self.layers[base.map_or(0, |i| i + 1)..] {
            if let Kind::Float { width, height } = layer.kind() {
                let (fw, fh) = (width.min(w.saturating_sub(4)), height.min(h.saturating_sub(CHROME + 2)));
                let (x, y) = ((w - fw) / 2, CHROME + (h - CHROME - 1 - fh) / 3);
                // A box takes the cursor from what is below it.
                let mut inner_cursor = CursorAt::default();
                {
                    let mut float = Canvas::new(buffer, Rect::new(x, y, fw, fh), look, &mut inner_cursor);
                    layer.draw(&self.shared, &mut float);
                }
                cursor = inner_cursor;
            }
        }
        let mut canvas = Canvas::new(buffer, area, look, &mut cursor);
        self.bottom(&mut canvas, h - 1);
        if let Some(words) = &self.debug {
            canvas.put_right(0, w - 1, h - 2, words, Token::Muted);
        }
        cursor
    }

    /// ` heeler   contoso → flock   PROD                        live · 12 s   read-only`
    fn header(&self, canvas: &mut Canvas<'_>) {
        let shared = &self.shared;
        let end = canvas.width() - 1;
        let (words, warn) = shared.write_words();
        let write = if warn { Token::Write } else { Token::Muted };
        let left = canvas.put_right(0, end, 0, words, write);
        let (words, token) = shared.mood_words();
        let cells = |text: &Shown| u16::try_from(text.width()).unwrap_or(u16::MAX / 8);
        // Where it is written to is the last thing to give way; how old something is, the first.
        let names = cells(&shared.job.source) + cells(&shared.job.target) + cells(&shared.job.environment);
        let tight = 18 + names + cells(&words) + 3 > left;
        let words = match words.as_str().split_once(" · ").filter(|_| tight) {
            Some((word, _)) => show(word),
            None => words,
        };
        let left = canvas.put_right(0, left.saturating_sub(3), 0, words, token);
        let room = left.saturating_sub(2);
        let mut x = canvas.put_in(1, 0, room, "heeler", Token::Strong);
        x = canvas.put_in(x + 3, 0, room.saturating_sub(x + 3), &shared.job.source, Token::Text);
        x = canvas.put_in(x + 1, 0, room.saturating_sub(x + 1), canvas.look.glyphs.arrow, Token::Muted);
        x = canvas.put_in(x + 1, 0, room.saturating_sub(x + 1), &shared.job.target, Token::Text);
        if !shared.job.environment.as_str().is_empty() {
            let token = if shared.job.production { Token::Prod } else { Token::Muted };
            x = canvas.put_in(x + 3, 0, room.saturating_sub(x + 3), &shared.job.environment, token);
        }
        if shared.broken.is_some() {
            x = canvas.put_in(x + 3, 0, room.saturating_sub(x + 3), "config broken", Token::Warn);
        }
        // That there are others which may stand still is worth a word where there is room for it.
        if let Some(words) = shared.job.place()
            && x + 3 + u16::try_from(words.width()).unwrap_or(u16::MAX / 2) <= room
        {
            x = canvas.put_in(x + 3, 0, room - x - 3, words, Token::Muted);
        }
        if let crate::console::shared::Runner::Elsewhere { command, pid, .. } = &shared.runner {
            let words = show(&format!("watching {command} ({pid})"));
            if x + 3 + u16::try_from(words.width()).unwrap_or(u16::MAX / 2) <= room {
                canvas.put_in(x + 3, 0, room - x - 3, words, Token::Muted);
            }
        }
    }

    fn tabs(&self, canvas: &mut Canvas<'_>) {
        canvas.h_line(2);
        let mut x = 2;
        for (id, title) in TABS {
            let current = id == self.view();
            let cells = u16::try_from(width(title)).unwrap_or(0);
            canvas.put(x, 1, title, if current { Token::Strong } else { Token::Muted });
            if current {
                let heavy = canvas.look.glyphs.h_heavy;
                for i in x - 1..=x + cells {
                    canvas.put_in(i, 2, 1, heavy, Token::Accent);
                }
            }
            x += cells + 3;
        }
    }

    /// The message of the moment, or what the keys do here.
    fn bottom(&self, canvas: &mut Canvas<'_>, y: u16) {
        if let Some(message) = &self.message {
            let token = match message.tone {
                Tone::Plain => Token::Text,
                Tone::Warn => Token::Warn,
                Tone::Fail => Token::Fail,
            };
            canvas.put(1, y, &message.text, token);
            return;
        }
        if let Meaning::Begun(rest) = keymap::lookup(&self.typed)
            && !self.typed.is_empty()
        {
            let mut x = canvas.put(1, y, show(&self.typed.join(" ")), Token::Accent);
            for (key, action) in rest {
                x = canvas.put(x + 3, y, keymap::shown(key), Token::Accent);
                x = canvas.put(x + 1, y, action.entry().title, Token::Muted);
            }
            return;
        }
        self.hints(canvas, y);
    }

    fn hints(&self, canvas: &mut Canvas<'_>, y: u16) {
        let top = self.top();
        let mut hints = top.hints(&self.shared);
        let float = matches!(top.kind(), Kind::Float { .. });
        let back = hints.iter().any(|(action, _)| *action == Action::Back);
        if self.layers.is_empty() && !top.typing() && !back && self.shared.back_to.is_some() {
            hints.push((Action::Back, "back"));
        }
        if self.shared.mood() == Mood::Offline {
            hints.retain(|(action, _)| *action != Action::Provision);
        }
        if !float && !top.typing() {
            hints.push((Action::Palette, "command"));
            hints.push((Action::Help, "help"));
        }
        hints.dedup_by_key(|(action, _)| *action);
        // Help stays when something has to go; the least useful goes first: the last before the two.
        let glyphs = &self.shared.look.glyphs;
        let cells =
            |(action, words): &(Action, &'static str)| width(action.key()) + 1 + width(&glyphs.spelled(words)) + 3;
        let room = usize::from(canvas.width()) + 1;
        while hints.iter().map(cells).sum::<usize>() > room && hints.len() > 2 {
            let fixed = if float || top.typing() { 0 } else { 2 };
            if hints.len() <= fixed {
                break;
            }
            hints.remove(hints.len() - fixed - 1);
        }
        let mut x = 1;
        for (action, words) in hints {
            x = canvas.put(x, y, keymap::shown(action.key()), Token::Accent);
            if !words.is_empty() {
                x = canvas.put(x + 1, y, words, Token::Muted);
            }
            x += 3;
        }
    }

    /// The screen as text, without blanks at line ends: for `Y`.
    pub fn page_text(&self) -> String {
        let area = Rect::new(0, 0, self.shared.width.max(LEAST.0), self.shared.height.max(LEAST.1));
        let mut buffer = Buffer::empty(area);
        self.draw(&mut buffer);
        text_of(&buffer)
    }
}

/// The text of a buffer, a line per row, without blanks at line ends.
pub fn text_of(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let mut line = String::new();
        let mut skip = 0;
        for x in area.left()..area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
