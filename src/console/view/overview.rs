//! View 1: how the two sides, the job and its cycles are doing, and what needs attention.
//!
//! The page is one pane. `›` moves over everything that can be followed: `tab` goes to the next section, `enter`
//! opens what is behind the row. Until somebody moves it, it stands on what needs attention most.

mod attention;
mod draw;
mod notice;
mod pace;
mod query;
mod sections;
mod stop;
mod trouble;
mod wide;

#[cfg(test)]
mod tests;

pub use query::{Answer, Cause, Changed, Glance, InScope, Query, run};

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::desk::{News, Reply, Request, Ticket};
use crate::console::effect::{Effect, Tone};
use crate::console::page::{CopyItem, Focus, Object, Page, PageId, Reason};
use crate::console::query::{Answer as AnyAnswer, Query as AnyQuery};
use crate::console::shared::Shared;
use crate::console::standing::Mood;
use crate::console::words;
use crate::text::{Shown, show};
use jiff::{SignedDuration, Timestamp};
use pace::Pace;
use stop::{Stop, Task};

/// The view.
#[derive(Default)]
pub struct Overview {
    /// What the store said last.
    glance: Option<Glance>,
    /// Why it could not be asked.
    failed: Option<Shown>,
    /// Where the person moved to; `None` until then.
    at: Option<Stop>,
    /// The first entry of what needs attention that is visible.
    top: usize,
    /// Whether what needs attention has the page for itself.
    zoomed: bool,
    /// The connection test that is under way.
    testing: Option<Ticket>,
    /// How fast the running cycle is.
    pace: Pace,
    /// How many people are in scope, once that was counted.
    in_scope: Option<InScope>,
    /// What the job was like when that was asked: the cycle that ended last, and how many users there were.
    counted: Option<(Option<String>, u64)>,
}

impl Overview {
    /// The row that is selected: where the person moved to, else what needs attention most, else none.
    fn selected(&self, shared: &Shared) -> Option<Stop> {
        let columns = self.stops(shared);
        let mut all = columns.iter().flatten();
        match &self.at {
            Some(at) if all.clone().any(|stop| stop == at) => Some(at.clone()),
            _ => all.find(|stop| stop.wants_attention()).cloned(),
        }
    }

    /// The cause that is selected, or else the first one.
    fn cause(&self, shared: &Shared) -> Option<&Cause> {
        let causes = &self.glance.as_ref()?.causes;
        match self.selected(shared) {
            Some(Stop::Cause(id)) => causes.iter().find(|cause| cause.id == id),
            Some(Stop::Task(_)) => causes.first(),
            _ => None,
        }
    }

    fn go(&mut self, shared: &Shared, action: Action) {
        let columns = self.stops(shared);
        let all: Vec<&Stop> = columns.iter().flatten().collect();
        let Some(selected) = self.selected(shared) else {
            // The first step only shows where the selection is.
            let last = matches!(action, Action::Up | Action::HalfUp | Action::Bottom | Action::PreviousPane);
            self.at = if last { all.last() } else { all.first() }.map(|stop| (*stop).clone());
            return;
        };
        let section = selected.section();
        let next = match action {
            Action::NextPane => {
                let here = all.iter().rposition(|stop| stop.section() == section).unwrap_or(0);
                all.get(here + 1).or(all.first()).copied()
            }
            Action::PreviousPane => {
                let here = all.iter().position(|stop| stop.section() == section).unwrap_or(0);
                let before = here.checked_sub(1).unwrap_or(all.len() - 1);
                all.get(before).and_then(|last| all.iter().find(|stop| stop.section() == last.section())).copied()
            }
            _ => {
                let Some(column) = columns.iter().find(|column| column.contains(&selected)) else { return };
                let at = column.iter().position(|stop| *stop == selected).unwrap_or(0);
                let half = usize::from(shared.height / 4).max(1);
                let last = column.len() - 1;
                let to = match action {
                    Action::Up => at.saturating_sub(1),
                    Action::HalfDown => (at + half).min(last),
                    Action::HalfUp => at.saturating_sub(half),
                    Action::Top => 0,
                    Action::Bottom => last,
                    _ => (at + 1).min(last),
                };
                column.get(to)
            }
        };
        self.at = next.cloned().or(Some(selected));
        if let Some(glance) = &self.glance {
            let fit = usize::from(draw::plan(self, shared, glance).attention);
            self.top = self.top(self.at.as_ref(), glance, fit);
        }
    }

    /// The first visible entry of what needs attention, so that the selected one is visible.
    fn top(&self, selected: Option<&Stop>, glance: &Glance, fit: usize) -> usize {
        let held = usize::from(glance.job.held > 0);
        let all = glance.causes.len() + held;
        let top = self.top.min(all.saturating_sub(fit));
        let at = match selected {
            Some(Stop::Held) => Some(0),
            Some(Stop::Cause(id)) => glance.causes.iter().position(|cause| cause.id == *id).map(|at| at + held),
            _ => None,
        };
        match at {
            Some(at) if at < top => at,
            Some(at) if at >= top + fit => (at + 1).saturating_sub(fit),
            _ => top,
        }
    }

    /// Opens what is behind the selected row.
    fn open(&self, shared: &Shared) -> Vec<Effect> {
        let Some(stop) = self.selected(shared) else { return Vec::new() };
        let log = |focus| vec![Effect::Go(PageId::Log, focus)];
        match stop {
            Stop::Source | Stop::Target => vec![Effect::Act(Action::Test)],
            Stop::Cache | Stop::Scope => vec![Effect::Go(PageId::Directory, None)],
            Stop::Job | Stop::Guard => vec![Effect::Act(Action::Settings)],
            Stop::Held => vec![Effect::Go(PageId::Plan, None)],
            Stop::Failures => log(None),
            Stop::Cycle(id) => log(Some(Focus::Cycle(id))),
            Stop::Cause(_) => log(self.cause(shared).map(cause_focus)),
            Stop::Task(Task::Cause) => match self.cause(shared) {
                Some(Cause { path: Some(path), .. }) => {
                    vec![Effect::Go(PageId::Mapping, Some(Focus::Rule(path.clone())))]
                }
                cause => log(cause.map(cause_focus)),
            },
            Stop::Task(Task::Connection) => vec![Effect::Act(Action::Test)],
            Stop::Task(Task::Decide | Task::DryRun) => vec![Effect::Go(PageId::Plan, None)],
            Stop::Task(Task::ProveOne) => vec![Effect::Act(Action::Provision)],
            Stop::Task(Task::Restart) => vec![Effect::Act(Action::Restart)],
        }
    }

    /// Asks both sides for a sign of life. Nothing is written.
    fn test(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.testing.is_some() {
            return vec![Effect::say("both sides are being tested already")];
        }
        let ticket = shared.ticket();
        self.testing = Some(ticket);
        vec![ask(), Effect::Desk(PageId::Overview, ticket, Request::Test)]
    }

    /// What a page in trouble is about, for `y`.
    fn error(&self) -> Option<String> {
        let glance = self.glance.as_ref()?;
        let sides = [&glance.health.directory, &glance.health.app];
        let side = sides.into_iter().flatten().find_map(|side| side.error.clone());
        let ended = glance.job.ended().and_then(|cycle| cycle.error.clone());
        side.or_else(|| glance.job.quarantine.as_ref().map(|q| q.error.clone())).or(ended)
    }
}

fn ask() -> Effect {
    Effect::Query(AnyQuery::Overview(Query::Glance))
}

fn cause_focus(cause: &Cause) -> Focus {
    Focus::Cause { code: cause.key.0.clone(), reason: cause.key.1.clone() }
}

impl Page for Overview {
    fn id(&self) -> PageId {
        PageId::Overview
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action::Open,
            Action::Refresh,
            Action::Zoom,
            Action::Down,
            Action::Up,
            Action::HalfDown,
            Action::HalfUp,
            Action::Top,
            Action::Bottom,
            Action::NextPane,
            Action::PreviousPane,
        ]
    }

    fn enabled(&self, shared: &Shared, action: Action) -> Result<(), Reason> {
        match action {
            Action::Refresh => Ok(()),
            Action::Zoom if self.glance.as_ref().is_none_or(|glance| glance.causes.is_empty()) => {
                Err("nothing needs attention")
            }
            Action::Open if self.selected(shared).is_none() => Err("nothing is selected"),
            _ if self.glance.is_none() => Err("nothing is there yet"),
            _ => Ok(()),
        }
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        let open = match self.selected(shared) {
            None => None,
            Some(Stop::Cause(_)) => Some("triage"),
            Some(Stop::Task(_)) => Some("go"),
            Some(Stop::Source | Stop::Target) => Some("test"),
            Some(Stop::Job | Stop::Guard) => Some("settings"),
            Some(Stop::Held) => Some("decide"),
            Some(_) => Some("open"),
        };
        let mut hints: Vec<_> = open.map(|words| (Action::Open, words)).into_iter().collect();
        let provision = self.cause(shared).is_some_and(|cause| cause.example.is_some());
        match shared.mood() {
            Mood::Offline => {
                if shared.standing.as_ref().is_some_and(|standing| standing.read_at.is_none()) {
                    hints.extend([(Action::Test, "test"), (Action::Settings, "settings")]);
                }
                let offline = [(Action::Directory, "directory"), (Action::Log, "log"), (Action::Refresh, "try now")];
                hints.extend(offline);
                hints.push((Action::Copy, "copy error"));
            }
            Mood::Quarantined => {
                if provision {
                    hints.push((Action::Provision, "provision"));
                }
                hints.extend([
                    (Action::Restart, "restart…"),
                    (Action::Test, "test"),
                    (Action::Settings, "settings"),
                    (Action::Plan, "plan"),
                    (Action::Copy, "copy"),
                ]);
            }
            Mood::Off | Mood::Idle | Mood::NotRun => {
                hints.extend([
                    (Action::Settings, "settings"),
                    (Action::Test, "test"),
                    (Action::Refresh, "refresh"),
                    (Action::Directory, "directory"),
                ]);
            }
            mood => {
                if mood == Mood::Failing {
                    hints.extend([(Action::Test, "test"), (Action::Settings, "settings")]);
                }
                if provision {
                    hints.push((Action::Provision, "provision one"));
                }
                if shared.width >= draw::TWO_COLUMNS {
                    hints.push((Action::Plan, "plan"));
                }
                hints.push((Action::Refresh, "refresh"));
                if open.is_none() && mood != Mood::Failing {
                    hints.extend([(Action::Directory, "directory"), (Action::Settings, "settings")]);
                }
                if self.zoomed || (shared.width >= draw::TWO_COLUMNS && self.enabled(shared, Action::Zoom).is_ok()) {
                    hints.push((Action::Zoom, if self.zoomed { "whole page" } else { "zoom" }));
                }
            }
        }
        hints
    }

    fn opened(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        vec![ask()]
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        match action {
            Action::Open => return self.open(shared),
            Action::Refresh => return self.test(shared),
            Action::Zoom => self.zoomed = !self.zoomed,
            _ => self.go(shared, action),
        }
        Vec::new()
    }

    fn back(&mut self, _shared: &mut Shared) -> Option<Vec<Effect>> {
        // First out of the zoom, then back to where the page began.
        if std::mem::take(&mut self.zoomed) || self.at.take().is_some() { Some(Vec::new()) } else { None }
    }

    fn answer(&mut self, shared: &mut Shared, answer: AnyAnswer) -> Vec<Effect> {
        let AnyAnswer::Overview(answer) = answer else { return Vec::new() };
        let glance = match answer {
            Answer::Glance(glance) => glance,
            Answer::Scope(found) => {
                self.in_scope = Some(found);
                return Vec::new();
            }
        };
        self.pace.note(shared.now, glance.job.progress.as_ref());
        self.zoomed &= !glance.causes.is_empty();
        self.failed = None;
        let now = (glance.job.ended().map(|cycle| cycle.id.clone()), glance.job.users);
        // While a cycle runs they come and go all the time, and everybody is looked at to count them.
        let running = glance.job.running().is_some();
        self.glance = Some(*glance);
        if running || self.counted.as_ref() == Some(&now) {
            return Vec::new();
        }
        self.counted = Some(now);
        vec![Effect::Query(AnyQuery::Overview(Query::Scope))]
    }

    fn failed(&mut self, _shared: &mut Shared, why: Shown) -> Vec<Effect> {
        self.failed = Some(why);
        Vec::new()
    }

    fn news(&mut self, _shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        let News::Done(done) = news else { return Vec::new() };
        if self.testing != Some(ticket) {
            return Vec::new();
        }
        self.testing = None;
        let words = match done {
            Ok(Reply::Test(test)) => match test.steps.iter().find(|step| !step.ok) {
                Some(step) => Effect::Say(Tone::Fail, show(&format!("{}: {}", step.name, step.message))),
                None => {
                    let ms = test.steps.iter().map(|step| step.ms).sum();
                    let steps = test.steps.len();
                    Effect::say(&format!("both sides answer: {steps} steps in {}", words::duration(ms)))
                }
            },
            Ok(_) => return vec![ask()],
            Err(trouble) => Effect::Say(Tone::Fail, trouble.what),
        };
        vec![words, ask(), Effect::Query(AnyQuery::Standing)]
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        draw::page(self, shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        let glance = self.glance.as_ref()?;
        let ages = draw::ages(shared, glance).into_iter().map(|at| {
            let left = words::age_changes_in(shared.seconds_since(at));
            shared.now + SignedDuration::try_from(left).unwrap_or(SignedDuration::from_secs(60))
        });
        // A countdown is on the page only while a side is out of reach.
        let countdown = (shared.mood() == Mood::Offline && notice::next_try(shared, glance).is_some())
            .then(|| shared.now + SignedDuration::from_secs(1));
        ages.chain(countdown).min()
    }

    fn object(&self) -> Option<Object> {
        // Without the shared state the selection is where it was moved to, else where it begins.
        let glance = self.glance.as_ref()?;
        let chosen = match &self.at {
            Some(Stop::Cause(id)) => glance.causes.iter().find(|cause| cause.id == *id),
            Some(Stop::Task(_)) => glance.causes.first(),
            None if glance.job.held == 0 || glance.job.quarantine.is_some() => glance.causes.first(),
            _ => None,
        };
        chosen?.example.clone()
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        let mut items = Vec::new();
        if let Some(cause) = self.cause(shared) {
            items.push(CopyItem { what: "reason", text: cause.key.1.clone() });
            items.push(CopyItem { what: "code", text: cause.key.0.clone() });
            if let Some(example) = &cause.example {
                items.push(CopyItem { what: "example", text: example.name.clone() });
            }
        }
        if let Some(Stop::Cycle(id)) = self.selected(shared) {
            items.push(CopyItem { what: "cycle id", text: id });
        }
        if let Some(error) = self.error() {
            let at = if shared.mood() == Mood::Offline { 0 } else { items.len() };
            items.insert(at, CopyItem { what: "error", text: error });
        }
        let command = crate::console::command::of_job(shared, &["status"]);
        items.extend(command.map(|text| CopyItem { what: "command", text }));
        items
    }
}
