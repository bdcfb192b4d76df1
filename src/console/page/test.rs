//! The connection test, step by step, each with its time and what was found (E2). Nothing is written anywhere.

mod draw;

use super::{CopyItem, Page, PageId};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::command;
use crate::console::desk::{News, Reply, Request, Ticket, Trouble};
use crate::console::effect::Effect;
use crate::console::shared::Shared;
use crate::engine::{ConnectionNews, ConnectionStep};
use jiff::{SignedDuration, Timestamp};

/// What waits for so long shows that it is alive.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_millis(300);
/// Time between two frames of the spinner.
pub(super) const FRAME: SignedDuration = SignedDuration::from_millis(120);

/// A step that a test goes through: the name under which it is told, and how the screen calls it.
struct Known {
    name: &'static str,
    title: &'static str,
}

/// Steps in their order; the last one only where groups are provisioned.
const KNOWN: [Known; 7] = [
    Known { name: "sign in to the directory", title: "Sign in" },
    Known { name: "read the tenant", title: "Read the tenant" },
    Known { name: "find the app in the tenant", title: "Find the app" },
    Known { name: "read who is assigned", title: "Read assignments" },
    Known { name: "use the tenant URL", title: "Use the tenant URL" },
    Known { name: "ask the app for a user", title: "Ask for a user" },
    Known { name: "ask the app for a group", title: "Ask for a group" },
];

/// How many of the steps concern the directory.
const OF_DIRECTORY: usize = 4;

/// Where the test is.
enum State {
    /// Under way since then.
    Running(Timestamp),
    /// It came to its end.
    Ended {
        /// Whether every step worked.
        ok: bool,
    },
    /// It could not be done at all.
    Refused(Trouble),
}

/// The page.
pub struct Test {
    ticket: Option<Ticket>,
    state: State,
    steps: Vec<ConnectionStep>,
    /// The step that is under way.
    current: Option<&'static str>,
}

impl Default for Test {
    fn default() -> Self {
        Self { ticket: None, state: State::Ended { ok: false }, steps: Vec::new(), current: None }
    }
}

impl Test {
    fn begin(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.ticket.take().map(Effect::Cancel).into_iter().collect();
        let ticket = shared.ticket();
        self.ticket = Some(ticket);
        self.state = State::Running(shared.now);
        self.steps.clear();
        self.current = None;
        effects.push(Effect::Desk(PageId::Test, ticket, Request::Test));
        effects
    }

    /// The test as text.
    fn transcript(&self) -> String {
        let line = |step: &ConnectionStep| {
            format!("{}\t{}\t{} ms\t{}\n", if step.ok { "ok" } else { "failed" }, step.name, step.ms, step.message)
        };
        self.steps.iter().map(line).collect()
    }
}

impl Page for Test {
    fn id(&self) -> PageId {
        PageId::Test
    }

    fn actions(&self) -> &'static [Action] {
        &[Action::Refresh]
    }

    fn enabled(&self, _shared: &Shared, _action: Action) -> Result<(), super::Reason> {
        if matches!(self.state, State::Running(_)) { Err("a test is under way") } else { Ok(()) }
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        let mut hints = Vec::new();
        if !matches!(self.state, State::Running(_)) {
            hints.push((Action::Refresh, "test again"));
        }
        hints.extend([(Action::Settings, "settings"), (Action::Copy, "copy"), (Action::Back, "leave")]);
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.begin(shared)
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        if action == Action::Refresh { self.begin(shared) } else { Vec::new() }
    }

    fn news(&mut self, _shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        if self.ticket != Some(ticket) {
            return Vec::new();
        }
        match news {
            News::Step(ConnectionNews::Began { name, .. }) => self.current = Some(name),
            News::Step(ConnectionNews::Ended(step)) => self.steps.push(step),
            News::Progress(_) => {}
            News::Done(done) => {
                self.ticket = None;
                match done {
                    Ok(Reply::Test(test)) => {
                        self.steps = test.steps;
                        self.state = State::Ended { ok: test.ok };
                    }
                    // The desk answers a test with a test.
                    Ok(_) => self.state = State::Ended { ok: false },
                    Err(trouble) => self.state = State::Refused(trouble),
                }
            }
        }
        Vec::new()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        self.paint(shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        match self.state {
            State::Running(began) => Some((shared.now + FRAME).max(began + PATIENCE)),
            _ => None,
        }
    }

    fn subject(&self) -> super::Subject {
        super::Subject::Job
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        let mut items = Vec::new();
        if let Some(failed) = self.steps.iter().find(|step| !step.ok) {
            items.push(CopyItem { what: "error", text: failed.message.clone() });
        }
        if !self.steps.is_empty() {
            items.push(CopyItem { what: "steps", text: self.transcript() });
        }
        items.extend(command::of_job(shared, &["test"]).map(|text| CopyItem { what: "command", text }));
        items
    }
}

/// The one moving cell of a page that waits since an instant; nothing in the first moments.
pub(super) fn spinner(shared: &Shared, since: Timestamp) -> Option<&'static str> {
    let waited = shared.now.duration_since(since);
    if waited < PATIENCE {
        return None;
    }
    let frames = shared.look.glyphs.spinner;
    let frame = usize::try_from(waited.as_millis() / FRAME.as_millis()).unwrap_or(0);
    frames.get(frame % frames.len().max(1)).copied()
}

#[cfg(test)]
mod tests;
