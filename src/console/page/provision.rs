//! Provision one user or group, step by step: a dry run at once; writing only after `W` and a question.

mod detail;
mod draw;
mod question;
mod raw;
mod run;
mod taking;
#[cfg(test)]
pub(in crate::console) mod tests;
mod times;

use super::{CopyItem, Object, Page, PageId, Subject, menu};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::desk::{News, Reply, Request, Ticket, Trouble};
use crate::console::effect::Effect;
use crate::console::list::{List, Step};
use crate::console::shared::Shared;
use crate::sync::trace::Stage;
use crate::text::{Shown, show};
use jiff::{SignedDuration, Timestamp};
use run::Run;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What waits for so long shows that it is alive.
const PATIENCE: SignedDuration = SignedDuration::from_millis(300);
/// Time between two frames of the spinner: few, for slow lines.
const FRAME: SignedDuration = SignedDuration::from_millis(250);

/// Where it is.
enum State {
    /// A run is under way since then.
    Asking {
        /// Whether nothing is sent.
        dry_run: bool,
        /// Since when.
        since: Timestamp,
        /// The run before, which stays on the screen meanwhile.
        before: Option<Box<Run>>,
    },
    /// The last run ended.
    Ended(Box<Run>),
    /// No run came back.
    Refused {
        /// Why.
        trouble: Trouble,
        /// Whether nothing was to be sent. Of a write nobody knows then whether it was done.
        dry_run: bool,
    },
}

impl State {
    fn refused(why: &str, dry_run: bool) -> Self {
        Self::Refused { trouble: Trouble { what: show(why), advice: Vec::new() }, dry_run }
    }
}

/// Where the keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    /// The six steps.
    Steps,
    /// What is known of the selected one.
    Detail,
}

/// A row that can be selected in the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PlanRow {
    /// A change, by its index.
    Change(usize),
    /// An attribute that is left out.
    Skipped(String),
}

/// The page.
pub struct Provision {
    object: Object,
    state: State,
    ticket: Option<Ticket>,
    progress: Option<Shown>,
    skip: Vec<String>,
    stage: Stage,
    pane: Pane,
    rows: List<PlanRow>,
    /// Attributes in the order in which they were first seen.
    order: Vec<String>,
    /// Requests on a narrow screen, answers on a wide one.
    raw: bool,
    scroll: usize,
    /// Set by the answer to the question, so that a key alone never writes.
    agreed: Arc<AtomicBool>,
}

impl Provision {
    /// For one user or group.
    pub fn new(object: Object) -> Self {
        Self {
            object,
            state: State::refused("nothing was asked yet", true),
            ticket: None,
            progress: None,
            skip: Vec::new(),
            stage: Stage::Read,
            pane: Pane::Detail,
            rows: List::default(),
            order: Vec::new(),
            raw: false,
            scroll: 0,
            agreed: Arc::new(AtomicBool::new(false)),
        }
    }

    fn ask(&mut self, shared: &mut Shared, dry_run: bool) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.ticket.take().map(Effect::Cancel).into_iter().collect();
        let ticket = shared.ticket();
        self.ticket = Some(ticket);
        let before = match std::mem::replace(&mut self.state, State::refused("", dry_run)) {
            State::Ended(run) => Some(run),
            State::Asking { before, .. } => before,
            State::Refused { .. } => None,
        };
        self.state = State::Asking { dry_run, since: shared.now, before };
        self.progress = None;
        self.raw = false;
        self.scroll = 0;
        let Object { object_type, id, .. } = self.object.clone();
        let request = Request::Provision { object_type, id, dry_run, skip: self.skip.clone() };
        effects.push(Effect::Desk(PageId::Provision, ticket, request));
        effects
    }

    fn subject_of(&self) -> Subject {
        Subject::Object(self.object.clone())
    }

    /// What is on the screen: the last run, also while the next one is under way.
    fn shown(&self) -> Option<&Run> {
        match &self.state {
            State::Ended(run) => Some(run),
            State::Asking { before, .. } => before.as_deref(),
            State::Refused { .. } => None,
        }
    }

    /// The last run, while none is under way.
    fn run(&self) -> Option<&Run> {
        match &self.state {
            State::Ended(run) => Some(run),
            _ => None,
        }
    }

    fn writing(&self) -> bool {
        matches!(self.state, State::Asking { dry_run: false, .. })
    }

    fn take(&mut self, run: Run) {
        self.stage = run.telling();
        self.pane = Pane::Detail;
        let changes = run.trace.changes.iter().enumerate().map(|(i, c)| (c.attribute.as_str(), PlanRow::Change(i)));
        let skipped = run.trace.skipped.iter().map(|path| (path.as_str(), PlanRow::Skipped(path.clone())));
        let mut rows: Vec<(&str, PlanRow)> = changes.chain(skipped).collect();
        for (attribute, _) in &rows {
            if !self.order.iter().any(|known| known == attribute) {
                self.order.push((*attribute).to_owned());
            }
        }
        // What is left out stays where it was, so that the same key takes it in again.
        rows.sort_by_key(|(attribute, _)| self.order.iter().position(|known| known == attribute));
        let rows = rows.into_iter().map(|(_, row)| row).collect();
        let selected = self.rows.selected;
        self.rows = List { rows, height: self.rows.height, ..List::default() };
        self.rows.selected = selected.min(self.rows.rows.len().saturating_sub(1));
        self.state = State::Ended(Box::new(run));
    }

    /// Moves in the pane that has the focus.
    fn go(&mut self, shared: &Shared, step: Step) {
        let scrolls = draw::scrolls(self, shared);
        if self.pane == Pane::Steps {
            let at = Stage::ALL.iter().position(|stage| *stage == self.stage).unwrap_or(0);
            let mut stages =
                List { rows: Stage::ALL.to_vec(), selected: at, height: Stage::ALL.len(), ..List::default() };
            stages.go(step);
            self.stage = stages.current().copied().unwrap_or(self.stage);
            self.scroll = 0;
        } else if scrolls > 0 && (self.raw_only(shared) || self.stage != Stage::Plan || self.rows.rows.is_empty()) {
            self.scroll_by(step, scrolls);
        } else {
            match step {
                // Half pages scroll what does not fit; the selection moves by rows.
                Step::Half(_) if scrolls > 0 => self.scroll_by(step, scrolls),
                _ => {
                    self.rows.go(step);
                    self.scroll = draw::scroll_to_selected(self, shared);
                }
            }
        }
    }

    fn scroll_by(&mut self, step: Step, most: usize) {
        self.scroll = match step {
            Step::Rows(n) => self.scroll.saturating_add_signed(n),
            Step::Half(n) => self.scroll.saturating_add_signed(n * 5),
            Step::Top => 0,
            Step::Bottom => most,
        }
        .min(most);
    }

    /// Whether the requests stand in place of the plan: where there is no room for both.
    fn raw_only(&self, shared: &Shared) -> bool {
        self.raw && !draw::wide(shared)
    }

    /// Leaves the selected attribute out, or takes it in again, and plans anew.
    fn skip(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let attribute = match (self.rows.current(), self.run()) {
            (Some(PlanRow::Change(index)), Some(run)) => run.trace.changes.get(*index).map(|c| c.attribute.clone()),
            (Some(PlanRow::Skipped(attribute)), _) => Some(attribute.clone()),
            _ => None,
        };
        let Some(attribute) = attribute else { return Vec::new() };
        match self.skip.iter().position(|skipped| *skipped == attribute) {
            Some(at) => {
                self.skip.remove(at);
            }
            None => self.skip.push(attribute),
        }
        self.ask(shared, true)
    }

    fn may_skip(&self) -> Result<(), super::Reason> {
        let run = self.run().ok_or("a run is under way")?;
        if !run.dry_run {
            return Err("it is written already");
        }
        if self.stage != Stage::Plan || self.rows.rows.is_empty() {
            return Err("needs a change in the plan");
        }
        match self.rows.current() {
            Some(PlanRow::Change(index)) if run.needs(*index) => Err("a new account needs this attribute"),
            _ => Ok(()),
        }
    }
}

impl Page for Provision {
    fn id(&self) -> PageId {
        PageId::Provision
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action::Open,
            Action::StepBack,
            Action::SkipAttribute,
            Action::Columns,
            Action::Apply,
            Action::Refresh,
            Action::NextPane,
            Action::PreviousPane,
            Action::Down,
            Action::Up,
            Action::HalfDown,
            Action::HalfUp,
            Action::Top,
            Action::Bottom,
        ]
    }

    fn enabled(&self, shared: &Shared, action: Action) -> Result<(), super::Reason> {
        let here = || self.run().map(|_| ()).ok_or("a run is under way");
        match action {
            Action::SkipAttribute => self.may_skip(),
            Action::StepBack if self.stage == Stage::Read => Err("this is the first step"),
            Action::Columns | Action::Open | Action::StepBack => here(),
            Action::Apply => {
                let run = self.run().ok_or("a run is under way")?;
                if !run.would_write() {
                    return Err("there is nothing to write");
                }
                shared.may_write(&self.subject_of())
            }
            Action::Refresh if self.writing() => Err("it is being written"),
            _ => Ok(()),
        }
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        let mut hints = Vec::new();
        match self.run() {
            None => match self.state {
                State::Refused { dry_run: true, .. } => hints.push((Action::Refresh, "try again")),
                State::Refused { dry_run: false, .. } => {
                    hints.extend([(Action::Refresh, "dry run again"), (Action::Log, "log")]);
                }
                State::Asking { .. } | State::Ended(_) => {}
            },
            Some(run) => {
                let open = shared.may_write(&self.subject_of()).is_ok();
                if run.dry_run && self.stage >= Stage::Plan && run.would_write() && open {
                    hints.push((Action::Open, "write…"));
                } else if self.stage < run.telling() {
                    hints.push((Action::Open, "next"));
                }
                if self.stage > Stage::Read {
                    hints.push((Action::StepBack, "back"));
                }
                if self.may_skip().is_ok() {
                    let left = matches!(self.rows.current(), Some(PlanRow::Skipped(_)));
                    hints.push((Action::SkipAttribute, if left { "take in again" } else { "skip attribute" }));
                }
                hints.push((Action::Columns, "raw request"));
                if run.would_write() && !open {
                    hints.push((Action::Unlock, "unlock write"));
                }
                hints.push((Action::NextPane, if self.pane == Pane::Steps { "detail" } else { "steps" }));
                if !run.dry_run {
                    hints.push((Action::Refresh, "dry run again"));
                }
                hints.push((Action::Copy, "copy as command"));
            }
        }
        hints.push((Action::Back, "leave"));
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.ask(shared, true)
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        // What is shown is what was found then; `r` looks again.
        Vec::new()
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        match action {
            Action::Open => self.next(shared),
            Action::StepBack => {
                let before = Stage::ALL.into_iter().rev().find(|stage| *stage < self.stage);
                self.stage = before.unwrap_or(self.stage);
                self.scroll = 0;
                Vec::new()
            }
            Action::SkipAttribute => self.skip(shared),
            Action::Columns => {
                self.raw = !self.raw;
                self.scroll = 0;
                Vec::new()
            }
            Action::Apply if self.agreed.swap(false, Ordering::Relaxed) => self.ask(shared, false),
            Action::Apply => self.question(shared),
            Action::Refresh => self.ask(shared, true),
            Action::NextPane | Action::PreviousPane => {
                self.pane = match self.pane {
                    Pane::Steps => Pane::Detail,
                    Pane::Detail => Pane::Steps,
                };
                Vec::new()
            }
            _ => {
                if let Some(step) = menu::step(action) {
                    self.go(shared, step);
                }
                Vec::new()
            }
        }
    }

    fn back(&mut self, shared: &mut Shared) -> Option<Vec<Effect>> {
        if !self.raw_only(shared) {
            return None;
        }
        self.raw = false;
        self.scroll = 0;
        Some(Vec::new())
    }

    fn news(&mut self, _shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        if self.ticket != Some(ticket) {
            return Vec::new();
        }
        let dry_run = !self.writing();
        match news {
            News::Progress(words) => self.progress = Some(words),
            News::Step(_) => {}
            News::Done(done) => {
                self.ticket = None;
                match done {
                    Ok(Reply::Answer(answer)) => match Run::of(answer, dry_run) {
                        Ok(run) => self.take(run),
                        Err(why) => self.state = State::refused(&why, dry_run),
                    },
                    Ok(_) => self.state = State::refused("the answer was to another question", dry_run),
                    Err(trouble) => self.state = State::Refused { trouble, dry_run },
                }
            }
        }
        Vec::new()
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        draw::draw(self, shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        match self.state {
            State::Asking { since, .. } => Some((shared.now + FRAME).max(since + PATIENCE)),
            _ => None,
        }
    }

    fn object(&self) -> Option<Object> {
        Some(self.object.clone())
    }

    fn subject(&self) -> Subject {
        self.subject_of()
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        self.offered(shared)
    }
}
