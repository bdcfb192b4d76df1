//! What the log shows: causes, a window of events, the detail of one of them.

use super::layout::Layout;
use super::query::{Counts, Detail, Event, Query, Scope, Which};
use crate::console::action::Action;
use crate::console::effect::Effect;
use crate::console::list::List;
use crate::console::query;
use crate::console::shared::Shared;
use crate::store::log::{CauseRow, LogAnchor};
use crate::store::window::Anchor;
use crate::text::Shown;
use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

/// Header, tabs, rule and hints of the frame.
const CHROME: u16 = 4;
/// Events that come no further apart than this pour in.
const POUR: SignedDuration = SignedDuration::from_secs(10);
/// While events pour in, the detail follows them in steps.
const STEP: SignedDuration = SignedDuration::from_secs(30);
/// So long after the last event the detail catches up with the newest one.
const CATCH_UP: SignedDuration = SignedDuration::from_secs(3);

/// What has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    /// The causes.
    #[default]
    Causes,
    /// The events.
    Events,
    /// The detail, where it stands beside the events.
    Detail,
}

/// The view.
#[derive(Default)]
pub struct Log {
    /// Causes, the selected one among them.
    pub(super) causes: List<CauseRow>,
    /// Numbers of all causes; `None` until the first answer.
    pub(super) totals: Option<Totals>,
    /// Which events are shown.
    pub(super) scope: Scope,
    /// When the cycle of the scope began.
    pub(super) began: Option<Timestamp>,
    /// Whether the scope is settled: by the first answer, or by a person.
    pub(super) chosen: bool,
    /// Whether a person moved in the causes since the scope was settled.
    pub(super) moved: bool,
    /// How often the view was opened: causes that were asked for earlier do not know what brought somebody here.
    pub(super) opened: u64,
    /// A cause that somebody asked for before the causes were there: code and reason.
    pub(super) wanted: Option<(String, String)>,
    /// The filter.
    pub(super) filter: Input,
    /// Whether it is being typed.
    pub(super) typing: bool,
    /// The events around the selected one.
    pub(super) events: List<Event>,
    /// Told with every question about the list, and counted up when it becomes another one.
    pub(super) stamp: u64,
    /// Whether `events` belong to the list of this stamp.
    pub(super) loaded: bool,
    /// The window that was asked for and has not come.
    pub(super) pending: Option<LogAnchor>,
    /// How long the list is.
    pub(super) counts: Option<Counts>,
    /// Whether new events come in by themselves.
    pub(super) follow: bool,
    /// The newest event that was on the screen.
    pub(super) seen: i64,
    /// Blank rows above the newest event, to be filled before everything moves.
    pub(super) gap: usize,
    /// When the detail last followed.
    pub(super) followed: Option<Timestamp>,
    /// When new events last came in while the list followed.
    pub(super) came: Option<Timestamp>,
    /// The focus.
    pub(super) pane: Pane,
    /// Whether the focused pane has the page for itself.
    pub(super) zoom: bool,
    /// Everything about one event.
    pub(super) detail: Option<Box<Detail>>,
    /// The entry whose detail was asked for.
    pub(super) asked: Option<String>,
    /// Lines of the detail above its pane.
    pub(super) detail_top: usize,
    /// Lines of the open entry above the page; `None` while none is open.
    pub(super) full: Option<usize>,
    /// Why the store could not be read.
    pub(super) failed: Option<Shown>,
}

/// Numbers of all causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub failures: u64,
    pub warnings: u64,
    pub more: u64,
}

/// A question to the store.
pub(super) fn ask(query: Query) -> Effect {
    Effect::Query(query::Query::Log(query))
}

impl Log {
    /// Which entries the list shows.
    pub(super) fn which(&self) -> Which {
        Which { scope: self.scope.clone(), text: self.filter.value().trim().to_owned() }
    }

    /// Rows and columns of the page.
    pub(super) fn size(shared: &Shared) -> (u16, u16) {
        (shared.width, shared.height.saturating_sub(CHROME))
    }

    /// Where things are in a page of this size, with or without zoom.
    pub(super) fn layout(&self, width: u16, height: u16) -> Layout {
        let layout = Layout::of(width, height);
        match self.pane {
            Pane::Causes if self.zoom => layout.causes_alone(height),
            Pane::Events if self.zoom => layout.events_alone(width, height),
            _ => layout,
        }
    }

    /// Tells the lists how many of their rows fit.
    pub(super) fn fit(&mut self, shared: &Shared) {
        let (width, height) = Self::size(shared);
        let layout = self.layout(width, height);
        self.causes.height = usize::from(layout.causes.rows.max(1));
        self.events.height = usize::from(layout.events.rows.max(1));
        if self.pane == Pane::Detail && !layout.side {
            self.pane = Pane::Events;
        }
    }

    /// The selected event.
    pub(super) fn event(&self) -> Option<&Event> {
        self.events.current()
    }

    /// The detail, if it is that of the selected event.
    pub(super) fn current_detail(&self) -> Option<&Detail> {
        let event = self.event()?;
        self.detail.as_deref().filter(|detail| detail.event.line.id == event.line.id)
    }

    /// Whether the last event came a moment ago, so that more may be about to.
    pub(super) fn pours(&self, shared: &Shared) -> bool {
        self.came.is_some_and(|at| shared.now < at + POUR)
    }

    /// Whether the detail was read so long ago that it says little about what comes in now.
    pub(super) fn lags(&self, shared: &Shared) -> bool {
        self.followed.is_none_or(|at| shared.now >= at + STEP)
    }

    /// When [`Log::rested`] has something to do although nobody pressed a key: the detail catches up, blank rows are
    /// closed.
    pub(super) fn rests_at(&self) -> Option<Timestamp> {
        let came = self.came.filter(|_| self.follow)?;
        let behind = self.event().map(|event| &event.line.id) != self.asked.as_ref();
        Some(if behind && self.full.is_none() && self.failed.is_none() { came + CATCH_UP } else { came + POUR })
    }

    /// The cause of the scope: its place in the list and its row.
    pub(super) fn cause_of_scope(&self) -> Option<(usize, &CauseRow)> {
        let Scope::Cause(id) = self.scope else { return None };
        self.causes.rows.iter().enumerate().find(|(_, cause)| cause.id == id)
    }

    /// Entries of the list that came since the list was last at its top.
    pub(super) fn newer(&self) -> u64 {
        if self.follow { 0 } else { self.counts.map_or(0, |counts| counts.newer.n) }
    }

    /// Asks for the window at a place, unless just that is under way.
    pub(super) fn load(&mut self, anchor: LogAnchor) -> Vec<Effect> {
        if self.pending.as_ref() == Some(&anchor) {
            return Vec::new();
        }
        self.pending = Some(anchor.clone());
        vec![ask(Query::Window { stamp: self.stamp, which: self.which(), anchor })]
    }

    /// Asks how long the list is.
    pub(super) fn count(&self) -> Effect {
        ask(Query::Counts { stamp: self.stamp, which: self.which(), seen: self.seen })
    }

    /// The list becomes another one: newest first, following.
    pub(super) fn restart(&mut self) -> Vec<Effect> {
        self.stamp += 1;
        self.loaded = false;
        self.pending = None;
        self.counts = None;
        self.seen = 0;
        self.gap = 0;
        self.came = None;
        self.follow = true;
        let mut effects = self.load(Anchor::Start);
        effects.push(self.count());
        effects
    }

    /// Shows the events of a scope.
    pub(super) fn show(&mut self, scope: Scope) -> Vec<Effect> {
        self.chosen = true;
        self.moved = false;
        if self.scope == scope && self.stamp > 0 {
            return Vec::new();
        }
        self.scope = scope;
        self.began = None;
        self.restart()
    }

    /// Asks for everything about the selected event, unless it is here or under way.
    pub(super) fn ask_detail(&mut self) -> Vec<Effect> {
        let Some(event) = self.event().cloned() else { return Vec::new() };
        if self.asked.as_ref() == Some(&event.line.id) {
            return Vec::new();
        }
        self.asked = Some(event.line.id.clone());
        vec![ask(Query::Detail(Box::new(event)))]
    }

    /// What can be asked for the selected row of the pane in focus: the attribute that was refused.
    pub(super) fn attribute(&self) -> Option<&str> {
        let of_event = self.event().and_then(|event| event.line.attribute.as_deref());
        if self.full.is_some() || self.pane != Pane::Causes {
            return of_event;
        }
        self.causes.current().and_then(|cause| cause.attribute.as_deref())
    }

    /// The panes that `tab` goes through.
    pub(super) fn panes(&self, shared: &Shared) -> &'static [Pane] {
        let (width, height) = Self::size(shared);
        if Layout::of(width, height).side && !self.zoom {
            &[Pane::Causes, Pane::Events, Pane::Detail]
        } else {
            &[Pane::Causes, Pane::Events]
        }
    }
}

/// The actions of the page, most useful first.
pub(super) const ACTIONS: &[Action] = &[
    Action::OpenRule,
    Action::Follow,
    Action::Filter,
    Action::Open,
    Action::Columns,
    Action::Zoom,
    Action::NextPane,
    Action::PreviousPane,
    Action::Export,
    Action::Refresh,
    Action::Next,
    Action::Previous,
    Action::Down,
    Action::Up,
    Action::HalfDown,
    Action::HalfUp,
    Action::Top,
    Action::Bottom,
];
