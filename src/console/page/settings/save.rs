//! Saving: the list of changes, a question, the request. A job is turned on last, by a request of its own: whoever
//! saves that tests the connection first (E2.11), with everything else saved.

use super::Settings;
use crate::config::settings::{self, Change, Field, Kind, Saved, words as costs};
use crate::console::desk::{Form, News, Reply, Request, Ticket};
use crate::console::effect::{Effect, Tone};
use crate::console::page::confirm::Confirm;
use crate::console::page::{PageId, Subject, prose};
use crate::console::shared::Shared;
use crate::text::{Shown, show};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Columns for the words of a question.
const WIDTH: u16 = 66;
/// Lines that a question may have on the smallest usual screen.
const MOST: usize = 12;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The form is read again.
    Read,
    /// The connection is tested, and the job turned on.
    TurnOn,
}

/// How far saving is.
#[derive(Clone, Debug)]
pub(super) enum Saving {
    /// Nothing is being saved.
    No,
    /// A person is asked. If they agree, the request goes out under this ticket, and this is when (milliseconds; 0
    /// before): the question is a page of its own, and all that it shares with this one.
    Asked(Ticket, Arc<AtomicI64>),
    /// A request is under way since then.
    Busy(Step, Ticket, Timestamp),
}

impl Saving {
    /// Whether news of this request are about saving.
    pub(super) fn is(&self, ticket: Ticket) -> bool {
        matches!(self, Self::Asked(own, _) | Self::Busy(_, own, _) if *own == ticket)
    }

    /// Whether somebody is at work.
    pub(super) fn busy(&self) -> bool {
        self.since().is_some()
    }

    /// Since when somebody is at work.
    pub(super) fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Busy(_, _, since) => Some(*since),
            Self::Asked(_, sent) => match sent.load(Ordering::Relaxed) {
                0 => None,
                sent => Timestamp::from_millisecond(sent).ok(),
            },
            Self::No => None,
        }
    }

    /// What is being done, in words.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Busy(Step::Read, ..) => "reading again",
            Self::Busy(Step::TurnOn, ..) => "testing the connection, then turning it on",
            Self::Asked(..) | Self::No => "saving",
        }
    }
}

impl Settings {
    /// Shows what would be saved, and asks.
    pub(super) fn ask_to_save(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let changes = self.changes();
        let (Some(form), Some(wanted)) = (&self.form, &self.wanted) else { return Vec::new() };
        let mut lines = list_of(&changes, shared);
        let mut more: Vec<String> = changes.iter().filter_map(|c| costs::cost(c, wanted)).map(str::to_owned).collect();
        if self.token.is_some() {
            more.extend(form.token_note.clone());
        }
        if self.turns_on() {
            more.push("The connection is tested first; it is turned on if that works.".to_owned());
        }
        for words in more {
            let wrapped = prose::lines(&words, WIDTH);
            if lines.len() + wrapped.len() + 1 > MOST {
                lines.push(show("…more is said at each setting"));
                break;
            }
            lines.push(Shown::default());
            lines.extend(wrapped.iter().map(|line| show(line)));
        }
        let n = changes.len();
        let title = format!("save {n} {} of {}", if n == 1 { "change" } else { "changes" }, shared.job.name);
        let (ticket, request) = self.first_request(shared, true);
        vec![self.question(&title, lines, ticket, request)]
    }

    /// A question whose yes sends a request.
    fn question(&mut self, title: &str, lines: Vec<Shown>, ticket: Ticket, request: Request) -> Effect {
        let sent = Arc::new(AtomicI64::new(0));
        self.saving = Saving::Asked(ticket, Arc::clone(&sent));
        let then = Box::new(move |shared: &mut Shared| {
            sent.store(shared.now.as_millisecond(), Ordering::Relaxed);
            vec![Effect::Desk(PageId::Settings, ticket, request)]
        });
        Effect::Open(Box::new(Confirm::new(Some(Subject::Job), title, lines, "save", then)))
    }

    /// The request that saves everything, or everything but turning on if that is not all.
    fn first_request(&self, shared: &mut Shared, agreed: bool) -> (Ticket, Request) {
        let form = self.form.clone().map(Box::new);
        let mut wanted = self.wanted.clone();
        let turns_on_next = self.turns_on() && self.changes().len() > 1;
        if let (Some(form), Some(wanted)) = (&form, &mut wanted)
            && turns_on_next
        {
            wanted.set(Field::Enabled, form.settings.get(Field::Enabled));
        }
        let ticket = shared.ticket();
        match (form, wanted) {
            (Some(form), Some(wanted)) => {
                let token = self.token.clone();
                (ticket, Request::Save { form, wanted: Box::new(wanted), token, agreed, turns_on_next })
            }
            // Nothing is asked before the form is there.
            _ => (ticket, Request::Settings),
        }
    }

    /// Whether turning the job on waits for something else to be saved or read: it is asked for by this page alone.
    pub(super) fn waits_to_turn_on(&self) -> bool {
        match self.saving {
            Saving::Busy(Step::Read, ..) => self.turns_on(),
            Saving::Asked(..) => self.turns_on() && self.changes().len() > 1,
            Saving::Busy(Step::TurnOn, ..) | Saving::No => false,
        }
    }

    /// The request that turns the job on, on a form that was just read.
    fn turn_on(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(form) = &self.form else { return Vec::new() };
        let mut wanted = form.settings.clone();
        wanted.set(Field::Enabled, "on");
        let ticket = shared.ticket();
        self.saving = Saving::Busy(Step::TurnOn, ticket, shared.now);
        let (form, wanted) = (Box::new(form.clone()), Box::new(wanted));
        let request = Request::Save { form, wanted, token: None, agreed: true, turns_on_next: false };
        vec![Effect::Desk(PageId::Settings, ticket, request)]
    }

    /// News of what saves.
    pub(super) fn saved(&mut self, shared: &mut Shared, news: News) -> Vec<Effect> {
        let News::Done(done) = news else { return Vec::new() };
        self.saving = Saving::No;
        let reply = match done {
            Ok(reply) => reply,
            Err(trouble) => {
                self.trouble = Some(trouble);
                return Vec::new();
            }
        };
        self.trouble = None;
        match reply {
            Reply::Saved(Saved::Ask { note }) => {
                let lines = prose::lines(&note, WIDTH).iter().map(|line| show(line)).collect();
                let (ticket, request) = self.first_request(shared, true);
                vec![self.question("store the new token", lines, ticket, request)]
            }
            Reply::Saved(Saved::Written { changes }) => {
                self.token = None;
                self.took(&changes);
                let said = written(&changes, !self.turns_on());
                let ticket = shared.ticket();
                self.saving = Saving::Busy(Step::Read, ticket, shared.now);
                self.reading = None;
                vec![Effect::Say(Tone::Plain, show(&said)), Effect::Desk(PageId::Settings, ticket, Request::Settings)]
            }
            Reply::Settings(form) => {
                // The person asked for it to be on: reading the form again does not forget that.
                self.opened_form(*form);
                if self.turns_on() { self.turn_on(shared) } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    /// What was saved is what the form says from now on, also before it is read again.
    fn took(&mut self, changes: &[Change]) {
        if let Some(Form { settings, .. }) = &mut self.form {
            for Change { field, to, .. } in changes {
                settings.set(*field, to.as_str());
            }
        }
    }
}

/// One line for each change.
pub(super) fn list_of(changes: &[Change], shared: &Shared) -> Vec<Shown> {
    let arrow = shared.look.glyphs.arrow;
    changes
        .iter()
        .map(|change| {
            let (from, to) = (said(change.field, &change.from), said(change.field, &change.to));
            if change.field == Field::TenantUrl {
                show(&format!("{:<27} {arrow} {to}", change.field.label()))
            } else {
                show(&format!("{:<27} {from} {arrow} {to}", change.field.label()))
            }
        })
        .collect()
}

/// A value as the screen says it: an empty one by what it means.
pub(super) fn said(field: Field, text: &str) -> String {
    match field.kind() {
        Kind::Text(Some(empty)) if text.is_empty() => empty.to_owned(),
        _ => text.to_owned(),
    }
}

fn written(changes: &[Change], last: bool) -> String {
    let what = settings::words::list(changes);
    match (changes.is_empty(), last) {
        (true, _) => "nothing had to be saved".to_owned(),
        (false, true) => format!("saved: {what}; the next cycle follows it"),
        (false, false) => format!("saved: {what}"),
    }
}
