//! A request whose ticket is drawn by somebody else.

use crate::console::desk::Ticket;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};

/// What a confirmation asked the desk for in the name of this page, since then. The box fills it in, the page hears
/// the answer.
#[derive(Clone, Debug, Default)]
pub struct Pending(Arc<Mutex<Option<(Ticket, Timestamp)>>>);

impl Pending {
    /// A poisoned lock still holds a good ticket.
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Ticket, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The yes was said, and the request goes out.
    pub fn begin(&self, ticket: Ticket, now: Timestamp) {
        *self.lock() = Some((ticket, now));
    }

    /// Since when it is under way, if it is.
    pub fn since(&self) -> Option<Timestamp> {
        self.lock().map(|(_, since)| since)
    }

    /// Whether this is what was asked for.
    pub fn is(&self, ticket: Ticket) -> bool {
        self.lock().is_some_and(|(own, _)| own == ticket)
    }

    /// Whether this was what was asked for; it is over then.
    pub fn ends(&self, ticket: Ticket) -> bool {
        let mut asked = self.lock();
        let ends = asked.is_some_and(|(own, _)| own == ticket);
        if ends {
            *asked = None;
        }
        ends
    }
}
