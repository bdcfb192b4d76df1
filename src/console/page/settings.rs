//! The job's settings: a form on the configuration file, or on what the sandbox keeps in its store.
//!
//! Nothing is written while somebody types. `A` shows the list of changes and asks; what is saved then is checked once
//! more by whoever saves it.

mod draw;
mod edit;
mod save;

use super::{CopyItem, Page, PageId, Reason, Subject};
use crate::config::settings::{self, Change, Field, Kind};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::command;
use crate::console::desk::{Form, News, Reply, Request, Ticket, Trouble};
use crate::console::effect::Effect;
use crate::console::shared::Shared;
use crate::model::{Counts, OperationState, Secret, Verb};
use crate::sync::cycle::CycleReport;
use crossterm::event::KeyEvent;
use edit::Edit;
use jiff::Timestamp;
use save::Saving;

/// What turning the job on would do, as far as a dry run has told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outlook {
    /// Nobody asked.
    Unasked,
    /// A dry run is under way since then.
    Asked(Timestamp),
    /// What it said.
    Told(Counts),
    /// It could not be done.
    Unknown,
}

/// The page.
pub struct Settings {
    form: Option<Form>,
    /// The settings as they should be.
    wanted: Option<settings::Settings>,
    /// A new token, not saved yet.
    token: Option<Secret>,
    selected: usize,
    edit: Option<Edit>,
    outlook: Outlook,
    /// The request for the form.
    reading: Option<Ticket>,
    /// The request for the dry run.
    planning: Option<Ticket>,
    saving: Saving,
    /// What did not work last.
    trouble: Option<Trouble>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            form: None,
            wanted: None,
            token: None,
            selected: 0,
            edit: None,
            outlook: Outlook::Unasked,
            reading: None,
            planning: None,
            saving: Saving::No,
            trouble: None,
        }
    }
}

/// Why nothing can be done while a form is not there.
const NOT_YET: Reason = "not read yet";

impl Settings {
    /// The setting that is selected.
    fn field(&self) -> Field {
        Field::ALL[self.selected.min(Field::ALL.len() - 1)]
    }

    /// What is different from what is saved; a new token comes last.
    fn changes(&self) -> Vec<Change> {
        let (Some(form), Some(wanted)) = (&self.form, &self.wanted) else { return Vec::new() };
        let mut changes = form.settings.changes(wanted);
        if self.token.is_some() {
            let from = form.settings.get(Field::SecretToken).to_owned();
            changes.push(Change { field: Field::SecretToken, from, to: "a new token".to_owned() });
        }
        changes
    }

    fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.reading.take().map(Effect::Cancel).into_iter().collect();
        let ticket = shared.ticket();
        self.reading = Some(ticket);
        effects.push(Effect::Desk(PageId::Settings, ticket, Request::Settings));
        effects
    }

    /// A form was opened anew: what somebody typed stays typed, unless it is what the form says now.
    fn opened_form(&mut self, form: Form) {
        let mut wanted = form.settings.clone();
        if let (Some(before), Some(typed)) = (&self.form, &self.wanted) {
            for Change { field, to, .. } in before.settings.changes(typed) {
                wanted.set(field, to);
            }
        }
        (self.form, self.wanted) = (Some(form), Some(wanted));
    }

    /// Turns the selected setting to its next word.
    fn next_word(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let field = self.field();
        let (Kind::Choice(words), Some(wanted)) = (field.kind(), &mut self.wanted) else { return Vec::new() };
        let at = words.iter().position(|word| *word == wanted.get(field)).map_or(0, |at| (at + 1) % words.len());
        wanted.set(field, words[at]);
        if field == Field::Enabled && words[at] == "on" && self.outlook == Outlook::Unasked && self.turns_on() {
            return self.look_ahead(shared);
        }
        Vec::new()
    }

    /// Whether saving would turn the job on.
    fn turns_on(&self) -> bool {
        self.changes().iter().any(|change| change.field == Field::Enabled && change.to == "on")
    }

    /// Asks for a dry run: what turning the job on would do.
    fn look_ahead(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let ticket = shared.ticket();
        (self.planning, self.outlook) = (Some(ticket), Outlook::Asked(shared.now));
        vec![Effect::Desk(PageId::Settings, ticket, Request::Plan)]
    }

    /// Why the selected setting cannot be changed, if it cannot.
    fn fixed(&self) -> Option<&'static str> {
        self.form.as_ref().and_then(|form| form.settings.fixed(self.field()))
    }
}

/// What a dry run would do, counted.
fn counts_of(report: &CycleReport) -> Counts {
    let mut counts = Counts::default();
    for operation in &report.operations {
        if operation.state == OperationState::Held {
            counts.held += 1;
            continue;
        }
        match operation.verb {
            Verb::Create => counts.created += 1,
            Verb::Disable => counts.disabled += 1,
            Verb::Enable => counts.enabled += 1,
            Verb::Delete => counts.deleted += 1,
            Verb::Update | Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers => counts.updated += 1,
        }
    }
    counts
}

impl Page for Settings {
    fn id(&self) -> PageId {
        PageId::Settings
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action::Mark,
            Action::Open,
            Action::Apply,
            Action::Refresh,
            Action::Down,
            Action::Up,
            Action::HalfDown,
            Action::HalfUp,
            Action::Top,
            Action::Bottom,
        ]
    }

    fn enabled(&self, shared: &Shared, action: Action) -> Result<(), Reason> {
        match action {
            Action::Mark | Action::Open if self.wanted.is_none() => Err(NOT_YET),
            Action::Mark | Action::Open if self.saving.busy() => Err("being saved"),
            Action::Mark if !matches!(self.field().kind(), Kind::Choice(_)) => Err("enter edits this one"),
            Action::Apply if self.wanted.is_none() => Err(NOT_YET),
            Action::Apply if self.saving.busy() => Err("being saved"),
            Action::Apply if self.changes().is_empty() => Err("nothing is changed"),
            Action::Apply => shared.may_write(&Subject::Job),
            _ => Ok(()),
        }
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        if self.edit.is_some() {
            return vec![(Action::Open, "keep"), (Action::Back, "as it was")];
        }
        let mut hints = match self.field().kind() {
            _ if self.fixed().is_some() => Vec::new(),
            Kind::Choice(_) => vec![(Action::Mark, "change")],
            Kind::Text(_) | Kind::Secret => vec![(Action::Open, "edit")],
        };
        if !self.changes().is_empty() {
            match shared.may_write(&Subject::Job) {
                Ok(()) => hints.push((Action::Apply, "save…")),
                Err(_) => hints.push((Action::Unlock, "unlock write")),
            }
        }
        hints.extend([(Action::Test, "test"), (Action::Refresh, "read again"), (Action::Back, "leave")]);
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.read(shared)
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        if let Some(step) = super::menu::step(action) {
            self.go(step);
            return Vec::new();
        }
        self.trouble = None;
        match action {
            Action::Mark | Action::Open => match self.fixed() {
                Some(why) => vec![Effect::say(&format!("{} cannot be changed here: {why}", self.field()))],
                None if matches!(self.field().kind(), Kind::Choice(_)) => self.next_word(shared),
                None => {
                    self.begin_edit();
                    Vec::new()
                }
            },
            Action::Apply => self.ask_to_save(shared),
            Action::Refresh => self.read(shared),
            _ => Vec::new(),
        }
    }

    fn typing(&self) -> bool {
        self.edit.is_some()
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        self.edit_key(shared, key)
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Vec<Effect> {
        if let Some(edit) = &mut self.edit {
            edit.paste(text);
        }
        Vec::new()
    }

    fn unsaved(&self) -> Option<String> {
        if self.saving.busy() {
            // What is on its way goes on without this page; turning the job on does not.
            return self.waits_to_turn_on().then(|| "The job is not turned on yet, and would stay off".to_owned());
        }
        match self.changes().len()
            + usize::from(self.edit.as_ref().is_some_and(|edit| edit.differs(self.wanted.as_ref())))
        {
            0 => None,
            1 => Some("1 change is not saved".to_owned()),
            n => Some(format!("{n} changes are not saved")),
        }
    }

    fn news(&mut self, shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        if self.saving.is(ticket) {
            return self.saved(shared, news);
        }
        let News::Done(done) = news else { return Vec::new() };
        if self.reading == Some(ticket) {
            self.reading = None;
            match done {
                Ok(Reply::Settings(form)) => self.opened_form(*form),
                Ok(_) => {}
                Err(trouble) => self.trouble = Some(trouble),
            }
        } else if self.planning == Some(ticket) {
            self.planning = None;
            self.outlook = match done {
                Ok(Reply::Plan(report)) if report.fatal.is_none() => Outlook::Told(counts_of(&report)),
                _ => Outlook::Unknown,
            };
        }
        Vec::new()
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.saving.is(ticket)
    }

    fn overtaken(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.saving.busy() { Vec::new() } else { self.read(shared) }
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        self.paint(shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        let ((_, Some(began)) | (Outlook::Asked(began), None)) = (self.outlook, self.saving.since()) else {
            return None;
        };
        Some((shared.now + super::test::FRAME).max(began + super::test::PATIENCE))
    }

    fn subject(&self) -> Subject {
        Subject::Job
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        let Some(form) = &self.form else { return Vec::new() };
        let field = self.field();
        let mut items = Vec::new();
        if field != Field::SecretToken {
            items.push(CopyItem { what: "value", text: form.settings.get(field).to_owned() });
        }
        items.push(CopyItem { what: "key", text: field.key().to_owned() });
        if let Some(opened) = &form.opened {
            items.push(CopyItem { what: "file", text: opened.path().display().to_string() });
        }
        items.extend(command::of_job(shared, &["config", "check"]).map(|text| CopyItem { what: "command", text }));
        items
    }
}

#[cfg(test)]
mod tests;
