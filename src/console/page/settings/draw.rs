//! Drawing the form: the settings on the left or above, what there is to know about the selected one beside or below.

use super::edit::Edit;
use super::save::{list_of, said};
use super::{Outlook, Settings};
use crate::config::settings::{Field, Kind, words as costs};
use crate::console::canvas::Canvas;
use crate::console::page::{Subject, prose};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::text::{Shown, show, width};

/// Columns of the change mark, the label and the value.
const MARK: u16 = 3;
const LABEL: u16 = 5;
const VALUE: u16 = 35;
/// From this width on, what there is to know stands beside the form.
const WIDE: u16 = 120;
/// Width of the form beside it.
const FORM: u16 = 80;

/// Settings as sections of the wide form.
const SECTIONS: [(&str, &[Field]); 4] = [
    ("Job", &[Field::Enabled, Field::Interval, Field::Environment]),
    ("Scope", &[Field::Scope, Field::ExcludeDefaultAccess, Field::Groups]),
    ("Guards", &[Field::DeletionThreshold, Field::SkipOutOfScopeDeletions]),
    ("App", &[Field::TenantUrl, Field::SecretToken]),
];

impl Settings {
    pub(super) fn paint(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let (w, h) = (canvas.width(), canvas.height());
        let x = canvas.put(1, 0, "Settings", Token::Strong);
        let x = canvas.put(x + 3, 0, show(&shared.job.name), Token::Text);
        let room = usize::from(w.saturating_sub(x + 4));
        let place = words::middle(self.place().as_str(), room, &shared.look.glyphs);
        canvas.put_right(x + 3, w.saturating_sub(1), 0, show(&place), Token::Muted);
        if self.form.is_none() {
            self.absent(canvas);
            return;
        }
        if w >= WIDE {
            let mut y = 2;
            for (title, fields) in SECTIONS {
                canvas.title(0, y, title, false);
                y += 1;
                for field in fields {
                    self.row(shared, &mut canvas.part(0, 0, FORM, h), y, *field);
                    y += 1;
                }
                y += 1;
            }
            canvas.v_line(FORM, 1, h);
            let mut right = canvas.part(FORM + 2, 2, w - FORM - 2, h.saturating_sub(2));
            let below = self.about(shared, &mut right);
            let below = self.waiting(shared, &mut right, below + 1);
            self.standing(shared, &mut right, below);
        } else {
            // A low screen shows the settings around the selected one: what is wrong with it has to fit below.
            let all = Field::ALL.len();
            let n = usize::from(h.saturating_sub(8).max(3)).min(all);
            let from = self.selected.saturating_sub(n / 2).min(all - n);
            for (y, field) in (2..).zip(&Field::ALL[from..from + n]) {
                self.row(shared, canvas, y, *field);
            }
            let top = 3 + u16::try_from(n).unwrap_or(0);
            let mut below = canvas.part(0, top, w, h.saturating_sub(top));
            self.about(shared, &mut below);
            let last = below.height().saturating_sub(1);
            self.standing(shared, &mut below, last);
        }
    }

    /// Where the settings are.
    fn place(&self) -> Shown {
        match self.form.as_ref().map(|form| form.opened.as_ref()) {
            Some(Some(opened)) => show(&opened.path().display().to_string()),
            Some(None) => show("the sandbox keeps these itself"),
            None => Shown::default(),
        }
    }

    /// There is no form.
    fn absent(&self, canvas: &mut Canvas<'_>) {
        match &self.trouble {
            None => {
                canvas.put(3, 2, "reading…", Token::Muted);
            }
            Some(trouble) => {
                let mut y = prose::put(canvas, 3, 2, trouble.what.as_str(), Token::Fail);
                for line in &trouble.advice {
                    y = prose::put(canvas, 3, y, line.as_str(), Token::Text);
                }
            }
        }
    }

    /// One setting: ` › ~ interval     20m     was 40m`.
    fn row(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16, field: Field) {
        let (Some(form), Some(wanted)) = (&self.form, &self.wanted) else { return };
        let glyphs = &shared.look.glyphs;
        let w = canvas.width();
        let selected = self.field() == field;
        let changed = match field {
            Field::SecretToken => self.token.is_some(),
            _ => form.settings.get(field) != wanted.get(field),
        };
        let edited = if selected { self.edit.as_ref() } else { None };
        if edited.is_some_and(|edit| edit.wrong().is_some()) {
            canvas.put_in(MARK, y, 1, glyphs.fail, Token::Fail);
        } else if changed {
            canvas.put_in(MARK, y, 1, glyphs.change, Token::Change);
        }
        canvas.put_in(LABEL, y, VALUE - LABEL - 1, field.label(), Token::Muted);
        if let Some(edit) = edited {
            canvas.put_in(1, y, 1, glyphs.selected, Token::Text);
            let room = w.saturating_sub(VALUE + 2);
            match edit {
                Edit::Text { input, .. } => canvas.input(VALUE, y, room, input, true),
                Edit::Token { typed, .. } => {
                    // How long a token is, is nobody's business.
                    let (words, token) = if typed.is_empty() {
                        ("type or paste it; it is not shown", Token::Muted)
                    } else {
                        ("********", Token::Input)
                    };
                    let end = canvas.put_in(VALUE, y, room, words, token);
                    canvas.cursor(if typed.is_empty() { VALUE } else { end }, y);
                }
            }
            return;
        }
        let fixed = form.settings.fixed(field).is_some();
        let token = if fixed { Token::Muted } else { Token::Text };
        let value = wanted.get(field);
        let end = match field.kind() {
            // Where that is, is known when it runs: what the form has is a place holder.
            Kind::Text(_) if fixed && field == Field::TenantUrl => canvas.put(VALUE, y, "on this machine", token),
            Kind::Choice(choices) => choice(canvas, VALUE, y, choices, value),
            Kind::Text(Some(empty)) if value.is_empty() => canvas.put(VALUE, y, empty, Token::Muted),
            Kind::Secret if self.token.is_some() => canvas.put(VALUE, y, "a new token, not saved yet", Token::Text),
            Kind::Secret if value.starts_with("not set") => canvas.put(VALUE, y, show(value), Token::Warn),
            Kind::Text(_) | Kind::Secret => canvas.put_in(VALUE, y, w.saturating_sub(VALUE + 2), show(value), token),
        };
        if changed && field != Field::SecretToken {
            let was = show(&format!("was {}", said(field, form.settings.get(field))));
            if end + 3 + cells(&was) < w {
                canvas.put_right(end + 3, w - 2, y, was, Token::Muted);
            }
        }
        if selected {
            canvas.select(1, y, w.saturating_sub(2), true);
        }
    }

    /// What there is to know about the selected setting; returns the row below it.
    fn about(&self, shared: &Shared, canvas: &mut Canvas<'_>) -> u16 {
        let (Some(form), Some(wanted)) = (&self.form, &self.wanted) else { return 0 };
        if let Some(trouble) = &self.trouble {
            let at = canvas.look.glyphs.fail;
            canvas.put_in(1, 0, 1, at, Token::Fail);
            let mut y = prose::put(canvas, 3, 0, trouble.what.as_str(), Token::Fail);
            for line in &trouble.advice {
                y = prose::put(canvas, 3, y, line.as_str(), Token::Text);
            }
            return y;
        }
        let field = self.field();
        let x = canvas.put(1, 0, field.label(), Token::Strong);
        if form.opened.is_some() && field.key() != field.label() {
            canvas.put(x + 3, 0, show(field.key()), Token::Muted);
        }
        let mut y = 1;
        if let Some(wrong) = self.edit.as_ref().and_then(Edit::wrong) {
            let at = canvas.look.glyphs.fail;
            canvas.put_in(1, y, 1, at, Token::Fail);
            return prose::put(canvas, 3, y, wrong, Token::Fail);
        }
        y = prose::put(canvas, 3, y, meaning(field), Token::Text);
        if let Some(why) = form.settings.fixed(field) {
            return prose::put(canvas, 3, y, &format!("It cannot be changed here: {why}."), Token::Muted);
        }
        if field == Field::SecretToken && (self.token.is_some() || matches!(self.edit, Some(Edit::Token { .. }))) {
            if let Some(note) = &form.token_note {
                y = prose::put(canvas, 3, y, note, Token::Warn);
            }
            return y;
        }
        let change = self.changes().into_iter().find(|change| change.field == field);
        let Some(change) = change else { return y };
        if field == Field::Enabled && change.to == "on" {
            return self.on_does(shared, canvas, y);
        }
        match costs::cost(&change, wanted) {
            Some(cost) => prose::put(canvas, 3, y, cost, Token::Warn),
            None => y,
        }
    }

    /// What turning the job on would do.
    fn on_does(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16) -> u16 {
        let others = self.changes().len() > 1;
        match self.outlook {
            Outlook::Told(counts) => {
                let y = prose::put(canvas, 3, y, &costs::on_does(Some(&counts), words::count), Token::Warn);
                if others {
                    prose::put(canvas, 3, y, "That is with the settings as they are saved now.", Token::Muted)
                } else {
                    y
                }
            }
            Outlook::Asked(since) => {
                let spinner = super::super::test::spinner(shared, since);
                if let Some(frame) = spinner {
                    canvas.put_in(1, y, 1, frame, Token::Accent);
                }
                prose::put(canvas, 3, y, "A dry run finds out what the first cycle would do.", Token::Muted)
            }
            Outlook::Unasked | Outlook::Unknown => {
                prose::put(canvas, 3, y, &costs::on_does(None, words::count), Token::Warn)
            }
        }
    }

    /// The list of changes, where there is room for it; returns the row below it.
    fn waiting(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16) -> u16 {
        let changes = self.changes();
        if changes.is_empty() {
            return y;
        }
        canvas.put(1, y, "Not saved", Token::Text);
        let mut y = y + 1;
        for line in list_of(&changes, shared) {
            canvas.put_in(3, y, canvas.width().saturating_sub(4), line, Token::Text);
            y += 1;
        }
        y + 1
    }

    /// How many changes wait, and what can be done with them.
    fn standing(&self, shared: &Shared, canvas: &mut Canvas<'_>, y: u16) {
        if self.saving.busy() {
            if let Some(frame) = self.saving.since().and_then(|since| super::super::test::spinner(shared, since)) {
                canvas.put_in(1, y, 1, frame, Token::Accent);
            }
            canvas.put(3, y, self.saving.words(), Token::Muted);
            return;
        }
        let n = self.changes().len();
        if n == 0 {
            return;
        }
        let what = if n == 1 { "1 change, not saved.".to_owned() } else { format!("{n} changes, not saved.") };
        let then = match shared.may_write(&Subject::Job) {
            Ok(()) => "A shows what would be saved, and asks.",
            Err(_) => "Press W to unlock writing, for 5 minutes.",
        };
        prose::put(canvas, 3, y, &format!("{what} {then}"), Token::Text);
    }
}

/// All words of a choice, the chosen one filled.
fn choice(canvas: &mut Canvas<'_>, x: u16, y: u16, choices: &[&'static str], value: &str) -> u16 {
    let (filled, hollow) = (canvas.look.glyphs.filled, canvas.look.glyphs.hollow);
    let mut x = x;
    let mut end = x;
    for word in choices {
        let chosen = *word == value;
        let token = if chosen { Token::Text } else { Token::Muted };
        canvas.put_in(x, y, 1, if chosen { filled } else { hollow }, token);
        end = canvas.put(x + 2, y, *word, token);
        x = end + 3;
    }
    end
}

fn cells(text: &Shown) -> u16 {
    u16::try_from(width(text.as_str())).unwrap_or(u16::MAX)
}

/// What a setting is, in a sentence.
fn meaning(field: Field) -> &'static str {
    match field {
        Field::Enabled => "Whether cycles run at every interval, here or under `heeler run`.",
        Field::Scope => "Who is provisioned: people and groups assigned to the app, or the whole directory.",
        Field::ExcludeDefaultAccess => "Leaves out people whose only role is Default Access.",
        Field::Groups => "Provisions groups and their members as well as people.",
        Field::Interval => "Time between the starts of two cycles, from 5s to 7d: 40m, 20s, 1h30m.",
        Field::DeletionThreshold => {
            "More disables and deletes than this in one cycle wait until you release or reject them. Empty: no limit."
        }
        Field::SkipOutOfScopeDeletions => "Leaves accounts as they are when people fall out of scope.",
        Field::TenantUrl => "The address of the app's SCIM service.",
        Field::SecretToken => {
            "What Heeler signs in to the app with. It is kept in a file that only you can read, and never shown."
        }
        Field::Environment => "The word in the header. Empty: production.",
    }
}
