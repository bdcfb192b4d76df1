//! What comes in.

use super::desk::{News, Ticket};
use super::effect::Tone;
use super::query::{Answer, Facts, Slot};
use super::shared::{JobCard, Runner};
use crate::text::Shown;
use crossterm::event::KeyEvent;
use std::sync::Arc;

/// What comes in. Every event carries no time: the loop tells the time with it.
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// Pasted text, as it came.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// An instant came that [`super::state::State::next_tick`] had asked for.
    Clock,
    /// The store changed.
    Changed,
    /// The store answered.
    Answer(Slot, Result<Answer, Shown>),
    /// News of a request.
    Desk(Ticket, News),
    /// Who runs the job.
    Runner(Runner),
    /// The job is named otherwise, or the configuration changed.
    Card(Box<JobCard>),
    /// The configuration or the mapping changed: what queries may know about the job. The loop takes it.
    Facts(Arc<Facts>),
    /// The configuration file cannot be used, for this reason; `None`: it can again.
    Config(Option<Shown>),
    /// One line, from what the loop did.
    Said(Tone, Shown),
    /// A worker died; the console goes on.
    Worker(Shown),
    /// A message from elsewhere: a bad theme, a configuration that does not load.
    Trouble(Shown),
}
