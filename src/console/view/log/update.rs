//! What happens to the log: keys, answers, time.

use super::full;
use super::query::{Answer, Counts, Event, Query, Scope};
use super::state::{Log, Pane, Totals, ask};
use crate::console::action::Action;
use crate::console::effect::{Effect, Tone};
use crate::console::list::{Step, Wanted};
use crate::console::page::{Export, Focus, Object, PageId, Reason};
use crate::console::shared::Shared;
use crate::console::words;
use crate::model::ObjectType;
use crate::store::log::{Causes, LogAnchor};
use crate::store::window::{Anchor, Counted, Window};
use crate::text::show;
use jiff::Timestamp;
use tui_input::Input;

impl Log {
    /// Asks again for what is shown. Rows that are there stay: the log only grows.
    pub(super) fn refresh(&mut self, shared: &Shared) -> Vec<Effect> {
        self.fit(shared);
        let mut effects = vec![ask(Query::Causes(self.opened))];
        if self.stamp == 0 {
            // What the list shows is decided by the causes.
            return effects;
        }
        if self.follow || !self.loaded {
            // Latest wins: a window that is still under way is asked for again, with what is new.
            self.pending = None;
            effects.extend(self.load(Anchor::Start));
        }
        effects.push(self.count());
        effects
    }

    pub(super) fn focus_on(&mut self, shared: &Shared, focus: Focus) -> Vec<Effect> {
        self.fit(shared);
        self.full = None;
        self.zoom = false;
        self.typing = false;
        self.wanted = None;
        let text = if let Focus::Filter(text) = &focus { text.clone() } else { String::new() };
        let refiltered = self.filter.value() != text;
        self.filter = Input::new(text);
        let scope = match focus {
            Focus::Cause { code, reason } => {
                self.pane = Pane::Causes;
                self.wanted = Some((code, reason));
                self.chosen = true;
                let mut effects = if self.totals.is_some() { self.select_wanted() } else { Vec::new() };
                if effects.is_empty() && refiltered && self.stamp > 0 {
                    effects = self.restart();
                }
                return effects;
            }
            Focus::EntriesOf(object) | Focus::Object(object) => Scope::Object(object),
            Focus::Cycle(id) => Scope::Cycle(id),
            Focus::Filter(_) => Scope::All,
            Focus::Rule(_) => return Vec::new(),
        };
        self.pane = Pane::Events;
        let effects = self.show(scope);
        if effects.is_empty() && refiltered { self.restart() } else { effects }
    }

    /// Selects the cause that somebody asked for, if it is there.
    fn select_wanted(&mut self) -> Vec<Effect> {
        let Some((code, reason)) = self.wanted.clone() else { return Vec::new() };
        // The table keeps the beginning of very long reasons only.
        let same = |kept: &str| kept == reason || (kept.len() >= 256 && reason.starts_with(kept));
        let found = self.causes.rows.iter().position(|cause| cause.code == code && same(&cause.reason));
        let Some(index) = found else { return Vec::new() };
        self.wanted = None;
        self.causes.selected = index;
        self.causes.top = self.causes.top_for(self.causes.height);
        let id = self.causes.rows[index].id;
        self.show(Scope::Cause(id))
    }

    pub(super) fn answered(&mut self, shared: &Shared, answer: Answer) -> Vec<Effect> {
        self.fit(shared);
        self.failed = None;
        match answer {
            Answer::Causes(asked, causes) => self.take_causes(asked, causes),
            Answer::Window { stamp, .. } | Answer::Counts { stamp, .. } if stamp != self.stamp => Vec::new(),
            Answer::Window { anchor, window, began, .. } => self.take_window(shared, &anchor, window, began),
            Answer::Counts { seen, counts, .. } => self.take_counts(seen, counts),
            Answer::Detail(detail) => {
                let same = detail.as_ref().map(|d| &d.event.line.id) == self.detail.as_ref().map(|d| &d.event.line.id);
                if !same {
                    self.detail_top = 0;
                }
                // An entry that is gone is told by the list, soon.
                if let Some(detail) = detail {
                    self.detail = Some(detail);
                }
                Vec::new()
            }
            Answer::Export { text, rows, more } => {
                let mut effects = vec![Effect::Export(Export { name: "log", extension: "csv", text })];
                if more {
                    let words =
                        format!("the newest {} events were written; filter to get others", words::count(rows as u64));
                    effects.push(Effect::Say(Tone::Warn, show(&words)));
                }
                effects
            }
        }
    }

    fn take_causes(&mut self, asked: u64, causes: Causes) -> Vec<Effect> {
        self.totals = Some(Totals { failures: causes.failures, warnings: causes.warnings, more: causes.more });
        self.causes.replace(causes.rows, false, false, |a, b| a.id == b.id);
        let mut effects = self.select_wanted();
        // What was asked for before somebody came here with a wish says nothing about it.
        if let Some((code, _)) = self.wanted.take_if(|_| asked == self.opened) {
            // It is older than what is counted, or one of very many: what the log itself says of it.
            self.filter = Input::new(if code.is_empty() { String::new() } else { format!("code:{code}") });
            effects = vec![Effect::say("no failure of that cause in the last 24 h: these are older")];
            self.scope = Scope::All;
            effects.extend(self.restart());
        }
        if !self.chosen {
            let first = self.causes.current().map_or(Scope::All, |cause| Scope::Cause(cause.id));
            effects.extend(self.show(first));
        }
        effects
    }

    fn take_window(
        &mut self,
        shared: &Shared,
        anchor: &LogAnchor,
        window: Window<Event>,
        began: Option<Timestamp>,
    ) -> Vec<Effect> {
        if self.pending.as_ref() == Some(anchor) {
            self.pending = None;
        }
        let first = !self.loaded;
        if *anchor == Anchor::Start && !first && !self.follow {
            // Paused since it was asked for: the list stands still.
            return Vec::new();
        }
        self.loaded = true;
        self.began = began;
        let pours = self.pours(shared);
        let newest = |rows: &[Event]| rows.first().map(|event| event.line.seq);
        let before = if first { None } else { newest(&self.events.rows) };
        match anchor {
            Anchor::Start => {
                let came = before.map_or(0, |seq| window.rows.iter().take_while(|row| row.line.seq > seq).count());
                self.make_room(came, pours);
                if came > 0 {
                    self.came = Some(shared.now);
                }
                self.events.replace_at(window.rows, window.above, window.below, 0);
            }
            Anchor::End => {
                let last = window.rows.len().saturating_sub(1);
                self.events.replace_at(window.rows, window.above, window.below, last);
            }
            _ => self.events.replace(window.rows, window.above, window.below, |a, b| a.line.seq == b.line.seq),
        }
        let mut effects = Vec::new();
        if !self.events.more_above {
            let top = newest(&self.events.rows).unwrap_or(0);
            if top > self.seen && !self.follow {
                self.seen = top;
                effects.push(self.count());
            }
            self.seen = self.seen.max(top);
        }
        if self.follow && before.is_some() && pours && self.full.is_none() && !self.lags(shared) {
            // While events pour in, the detail stays readable; it catches up when they pause.
            return effects;
        }
        self.followed = Some(shared.now);
        effects.extend(self.ask_detail());
        effects
    }

    /// Events that pour in fill blank rows above; when those are used up everything moves down by half a page at once,
    /// which costs less than moving a little each time.
    fn make_room(&mut self, came: usize, pours: bool) {
        // Few rows move cheaply, and blank rows above a short list look lost.
        let short = self.events.rows.len() < self.events.height / 2;
        if !pours || short {
            self.gap = 0;
        } else if came > self.gap {
            self.gap = (self.events.height / 2).saturating_sub(came - self.gap);
        } else {
            self.gap -= came;
        }
    }

    fn take_counts(&mut self, seen: i64, mut counts: Counts) -> Vec<Effect> {
        // What is newer was counted from another place than the list is at by now.
        let stale = seen != self.seen && !self.follow;
        if stale {
            counts.newer = self.counts.map(|before| before.newer).unwrap_or_default();
        }
        self.counts = Some(counts);
        if self.newer() > 0 {
            self.events.more_above = true;
        }
        if stale { vec![self.count()] } else { Vec::new() }
    }

    /// Whether an action can be done now, or why not.
    pub(super) fn can(&self, action: Action) -> Result<(), Reason> {
        let event = self.event().is_some();
        match action {
            Action::OpenRule if self.attribute().is_none() => Err("no attribute is named here"),
            Action::Columns if !event => Err("needs an entry"),
            Action::Next | Action::Previous if self.full.is_none() => Err("needs an open entry"),
            Action::Export if !event => Err("nothing to export here"),
            _ => Ok(()),
        }
    }

    pub(super) fn do_action(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        self.fit(shared);
        match action {
            Action::Down => self.step(shared, Step::Rows(1)),
            Action::Up => self.step(shared, Step::Rows(-1)),
            Action::HalfDown => self.step(shared, Step::Half(1)),
            Action::HalfUp => self.step(shared, Step::Half(-1)),
            Action::Top => self.step(shared, Step::Top),
            Action::Bottom => self.step(shared, Step::Bottom),
            Action::Next => self.step_event(Step::Rows(1)),
            Action::Previous => self.step_event(Step::Rows(-1)),
            Action::NextPane => self.next_pane(shared, 1),
            Action::PreviousPane => self.next_pane(shared, -1),
            Action::Open => self.open(shared),
            Action::Columns => self.toggle_full(),
            Action::Follow => self.toggle_follow(),
            Action::Filter => {
                self.full = None;
                self.typing = true;
                // It is typed in the title of the events.
                self.zoom &= self.pane == Pane::Events;
                self.fit(shared);
                Vec::new()
            }
            Action::Zoom => {
                if self.pane == Pane::Detail {
                    return self.toggle_full();
                }
                self.zoom = !self.zoom;
                self.fit(shared);
                Vec::new()
            }
            Action::Refresh => {
                self.asked = None;
                self.refresh(shared)
            }
            Action::OpenRule => {
                let Some(path) = self.attribute().map(str::to_owned) else { return Vec::new() };
                if let Some(object) = self.object_here().filter(|object| object.object_type == ObjectType::User) {
                    shared.chosen = Some(object);
                }
                vec![Effect::Go(PageId::Mapping, Some(Focus::Rule(path)))]
            }
            Action::Export => vec![Effect::say("writing the events…"), ask(Query::Export(self.which()))],
            _ => Vec::new(),
        }
    }

    fn next_pane(&mut self, shared: &Shared, by: isize) -> Vec<Effect> {
        let panes = self.panes(shared);
        let at = panes.iter().position(|pane| *pane == self.pane).unwrap_or(0);
        let count = panes.len();
        let next = if by > 0 { (at + 1) % count } else { (at + count - 1) % count };
        self.pane = panes[next];
        self.fit(shared);
        Vec::new()
    }

    fn open(&mut self, shared: &Shared) -> Vec<Effect> {
        if self.full.is_some() {
            return Vec::new();
        }
        match self.pane {
            Pane::Causes => {
                let Some(cause) = self.causes.current() else { return Vec::new() };
                let scope = Scope::Cause(cause.id);
                self.pane = Pane::Events;
                self.zoom = false;
                self.fit(shared);
                self.show(scope)
            }
            Pane::Events if self.event().is_none() => Vec::new(),
            Pane::Events if self.panes(shared).contains(&Pane::Detail) => {
                self.pane = Pane::Detail;
                self.hold_still();
                self.ask_detail()
            }
            Pane::Events | Pane::Detail => self.toggle_full(),
        }
    }

    /// Opens the entry, or closes it.
    fn toggle_full(&mut self) -> Vec<Effect> {
        self.full = if self.full.is_some() { None } else { Some(0) };
        self.hold_still();
        self.ask_detail()
    }

    /// Nobody likes another entry in front of the eyes while reading one.
    fn hold_still(&mut self) {
        if self.follow {
            self.pause();
        }
    }

    fn toggle_follow(&mut self) -> Vec<Effect> {
        if self.follow {
            self.pause();
            return Vec::new();
        }
        self.follow = true;
        self.gap = 0;
        let mut effects = self.load(Anchor::Start);
        effects.push(self.count());
        effects
    }

    /// What is on the screen stands still from here on; what comes is counted.
    fn pause(&mut self) {
        self.follow = false;
        self.gap = 0;
        if let Some(counts) = &mut self.counts {
            counts.newer = Counted::default();
        }
        if !self.events.more_above {
            self.seen = self.events.rows.first().map_or(self.seen, |event| event.line.seq);
        }
    }

    /// A movement of the pane in focus.
    fn step(&mut self, shared: &Shared, step: Step) -> Vec<Effect> {
        if let Some(top) = self.full {
            let (width, height) = Self::size(shared);
            let lines = self.current_detail().map_or(0, |detail| full::lines(detail, shared, width).len());
            self.full = Some(scrolled(top, step, lines, usize::from(full::rows(height))));
            return Vec::new();
        }
        match self.pane {
            Pane::Causes => {
                let before = self.causes.selected;
                self.causes.go(step);
                self.moved |= self.causes.selected != before;
                Vec::new()
            }
            Pane::Events => self.step_event(step),
            Pane::Detail => {
                let lines = self.detail_lines(shared);
                let (width, height) = Self::size(shared);
                let rows = usize::from(self.layout(width, height).detail.rows.saturating_sub(1));
                self.detail_top = scrolled(self.detail_top, step, lines, rows);
                Vec::new()
            }
        }
    }

    pub(super) fn step_event(&mut self, step: Step) -> Vec<Effect> {
        if matches!(step, Step::Top) && !self.follow {
            // The newest there is: following goes on.
            return self.toggle_follow();
        }
        let before = self.events.selected;
        let gap = self.gap;
        let wanted = self.events.go(step);
        let moved = self.events.selected != before || !matches!(wanted, Wanted::Nothing);
        if moved && self.follow {
            self.pause();
            // The blank rows stay until the list scrolls, so that nothing jumps under the cursor.
            self.gap = if self.events.selected + gap < self.events.height { gap } else { 0 };
        } else if self.events.selected + self.gap >= self.events.height {
            self.gap = 0;
        }
        if self.full.is_some() && moved {
            self.full = Some(0);
        }
        let place = self.event().map(|event| event.line.seq);
        match (wanted, place) {
            (Wanted::Nothing, _) => Vec::new(),
            (Wanted::Start, _) => self.load(Anchor::Start),
            (Wanted::End, _) => self.load(Anchor::End),
            // One question at a time: its answer brings rows on both sides.
            (Wanted::Above | Wanted::Below, Some(seq)) if self.pending.is_none() => self.load(Anchor::At(seq)),
            (Wanted::Above | Wanted::Below, _) => Vec::new(),
        }
    }

    /// The selection has rested, or no event came for a while.
    pub(super) fn rested(&mut self, shared: &Shared) -> Vec<Effect> {
        self.fit(shared);
        if self.follow && !self.pours(shared) {
            self.came = None;
            self.gap = 0;
        }
        if self.moved {
            self.moved = false;
            if let Some(cause) = self.causes.current() {
                let scope = Scope::Cause(cause.id);
                return self.show(scope);
            }
        }
        if self.loaded { self.ask_detail() } else { Vec::new() }
    }

    /// `esc`: what was opened last is closed first.
    pub(super) fn go_back(&mut self, shared: &Shared) -> Option<Vec<Effect>> {
        if self.full.is_some() {
            self.full = None;
        } else if self.zoom {
            self.zoom = false;
        } else if self.pane == Pane::Detail {
            self.pane = Pane::Events;
        } else if !self.filter.value().is_empty() {
            self.filter = Input::default();
            return Some(self.restart());
        } else if self.scope != Scope::All && shared.back_to.is_none() {
            return Some(self.show(Scope::All));
        } else {
            return None;
        }
        self.fit(shared);
        Some(Vec::new())
    }

    /// What `esc` widens, in a word or two; `None` where it does something else.
    pub(super) fn wider(&self, shared: &Shared) -> Option<&'static str> {
        if self.full.is_some() || self.zoom || self.pane == Pane::Detail {
            None
        } else if !self.filter.value().is_empty() {
            Some("clear filter")
        } else if shared.back_to.is_some() {
            Some("back")
        } else if self.scope != Scope::All {
            Some("all events")
        } else {
            None
        }
    }

    /// The object of the selected event, or the example of the selected cause.
    pub(super) fn object_here(&self) -> Option<Object> {
        if self.full.is_none()
            && self.pane == Pane::Causes
            && let Some(cause) = self.causes.current()
        {
            let shown = self.event().filter(|event| event.line.cause == Some(cause.id));
            if let Some(object) = shown.and_then(Event::object) {
                return Some(object);
            }
        }
        self.event()?.object()
    }
}

/// A scroll position after a step.
fn scrolled(top: usize, step: Step, lines: usize, rows: usize) -> usize {
    let last = lines.saturating_sub(rows);
    let by = match step {
        Step::Rows(n) => n,
        Step::Half(n) => n * isize::try_from((rows / 2).max(1)).unwrap_or(1),
        Step::Top => isize::MIN,
        Step::Bottom => isize::MAX,
    };
    top.saturating_add_signed(by).min(last)
}
