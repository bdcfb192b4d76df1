//! What an update asks for. Effects are the only things that do I/O; their answers come back as events.

use super::action::Action;
use super::desk::{Request, Ticket};
use super::page::{Focus, Page, PageId};
use super::query::Query;
use crate::text::Shown;

/// How a line at the bottom is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It worked, or just so you know.
    Plain,
    /// Look at it.
    Warn,
    /// It did not work.
    Fail,
}

/// What an update asks for.
pub enum Effect {
    /// Put a page on top.
    Open(Box<dyn Page>),
    /// Take the page on top away.
    Close,
    /// Go to a view, taking every layer away.
    Go(PageId, Option<Focus>),
    /// Go to a view because its key was pressed: as [`Effect::Go`], but nothing leads back.
    Turn(PageId),
    /// One line at the bottom, for a few seconds; kept in the messages.
    Say(Tone, Shown),
    /// As if its key had been pressed.
    Act(Action),
    /// What was asked for, although something that is not saved goes with it: the person said so.
    Anyway(Box<Effect>),
    /// Ask the store. A newer query of the same slot replaces it.
    Query(Query),
    /// Ask the desk (engine, network, files); the ticket comes back with its news.
    Desk(PageId, Ticket, Request),
    /// Take a request back.
    Cancel(Ticket),
    /// Put text on the clipboard of the terminal (OSC 52).
    Copy {
        /// What it is, for the message.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// Write a file into the working folder.
    Export(super::page::Export),
    /// Keep something about the screen with the job: best effort.
    Remember(&'static str, String),
    /// Open another job.
    Job(String),
    /// Use another theme.
    Theme(String),
    /// Paint everything anew.
    Redraw,
    /// Back to the shell for a while.
    Suspend,
    /// Leave the console.
    Leave,
}

impl Effect {
    /// A plain message.
    pub fn say(text: &str) -> Self {
        Self::Say(Tone::Plain, crate::text::show(text))
    }

    /// A message of something that did not work.
    pub fn fail(text: &str) -> Self {
        Self::Say(Tone::Fail, crate::text::show(text))
    }
}

impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(page) => write!(f, "Open({:?})", page.id()),
            Self::Close => f.write_str("Close"),
            Self::Go(view, focus) => write!(f, "Go({view:?}, {focus:?})"),
            Self::Turn(view) => write!(f, "Turn({view:?})"),
            Self::Say(tone, text) => write!(f, "Say({tone:?}, {text})"),
            Self::Act(action) => write!(f, "Act({action:?})"),
            Self::Anyway(effect) => write!(f, "Anyway({effect:?})"),
            Self::Query(query) => write!(f, "Query({query:?})"),
            Self::Desk(page, ticket, request) => write!(f, "Desk({page:?}, {ticket:?}, {request:?})"),
            Self::Cancel(ticket) => write!(f, "Cancel({ticket:?})"),
            Self::Copy { what, text } => write!(f, "Copy({what}, {text:?})"),
            Self::Export(export) => write!(f, "Export({}.{})", export.name, export.extension),
            Self::Remember(key, value) => write!(f, "Remember({key}, {value:?})"),
            Self::Job(name) => write!(f, "Job({name:?})"),
            Self::Theme(name) => write!(f, "Theme({name:?})"),
            Self::Redraw => f.write_str("Redraw"),
            Self::Suspend => f.write_str("Suspend"),
            Self::Leave => f.write_str("Leave"),
        }
    }
}
