//! View: plan. What the next cycle would do, object by object, made by a dry run; and applying it, as it is shown or
//! not at all.

mod act;
mod draw;
mod layout;
mod model;
mod moving;
mod query;
#[cfg(test)]
pub(in crate::console) mod tests;
mod tree;

pub use model::{Cannot, Class, Context, Entry, Model};
pub use query::{Answer, Detail, Query, Same, Since, run};
pub use tree::{Row, Tree};

use layout::{Layout, ROOMY};

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::desk::{News, Request, Ticket, Trouble};
use crate::console::effect::{Effect, Tone};
use crate::console::list::Step;
use crate::console::page::pending::Pending;
use crate::console::page::{CopyItem, Export, Focus, Object, Page, PageId, Reason, Subject};
use crate::console::query::{Answer as Answered, Query as Asked};
use crate::console::shared::Shared;
use crate::console::standing::Mood;
use crate::console::words;
use crate::text::{Shown, show};
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

/// A plan that is older than this says so.
const OLD: SignedDuration = SignedDuration::from_mins(10);
/// The spinner comes after this long.
const PATIENCE: SignedDuration = SignedDuration::from_millis(300);
/// Time between two of its pictures.
const SPIN: SignedDuration = SignedDuration::from_millis(250);

const ACTIONS: &[Action] = &[
    Action::Open,
    Action::Next,
    Action::Previous,
    Action::Mark,
    Action::MarkRange,
    Action::Apply,
    Action::Filter,
    Action::Refresh,
    Action::Release,
    Action::Reject,
    Action::OpenRule,
    Action::Zoom,
    Action::NextPane,
    Action::PreviousPane,
    Action::Down,
    Action::Up,
    Action::HalfDown,
    Action::HalfUp,
    Action::Top,
    Action::Bottom,
];

/// What the view is doing.
#[derive(Debug, Default)]
enum Stage {
    /// Nothing; the plan that is shown is what there is.
    #[default]
    Rest,
    /// A dry run is under way, since then.
    Planning { ticket: Ticket, since: Timestamp, words: Option<Shown> },
    /// It was made; its model is not there yet.
    Building,
    /// It was not tried: a side does not answer, and it would only wait for that.
    Away,
    /// It could not be made.
    Failed { trouble: Trouble, at: Timestamp },
}

/// Which pane has the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    #[default]
    List,
    Detail,
}

/// The view.
#[derive(Default)]
pub struct Plan {
    stage: Stage,
    model: Option<Arc<Model>>,
    /// Why the plan before this one was not applied.
    moved: Option<String>,
    /// What happened since it was made.
    since: Since,
    /// Entries that fit the filter.
    filtered: Option<Arc<Vec<u32>>>,
    input: Input,
    typing: bool,
    expanded: Vec<Class>,
    selected: usize,
    top: usize,
    marks: BTreeSet<usize>,
    last_mark: Option<usize>,
    pane: Pane,
    zoom: bool,
    detail: Option<Box<Detail>>,
    detail_top: usize,
    /// The plan is being applied.
    applying: Pending,
    /// A decision about held operations is under way.
    deciding: Pending,
}

impl Plan {
    /// A new plan is shown: the selection stays on its object, marks on theirs.
    fn show(&mut self, shared: &Shared, model: &Arc<Model>) -> Vec<Effect> {
        let before = self.entry(shared).and_then(|(_, e)| {
            let first = self.model.as_ref()?.first(e)?;
            Some((first.object_type, first.source_id.clone()))
        });
        self.marks.clear();
        self.last_mark = None;
        self.filtered = None;
        self.since = Since::default();
        self.model = Some(Arc::clone(model));
        let layout = Layout::of_shared(shared);
        let tree = self.tree(layout);
        let kept = before.and_then(|(kind, id)| {
            let same = |e: &Entry| model.first(e).is_some_and(|o| o.object_type == kind && o.source_id == id);
            let index = model.entries.iter().position(same)?;
            tree.row_of(index, model.entries[index].class)
        });
        let first = (0..tree.len()).find(|row| matches!(tree.at(*row), Some(Row::Entry(_))));
        self.select(kept.or(first).unwrap_or(0), &tree, layout);
        let mut effects = self.ask_detail(shared);
        if !self.input.value().is_empty() {
            effects.push(self.ask_filter());
        }
        effects
    }

    fn plan(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let ticket = shared.ticket();
        self.stage = Stage::Planning { ticket, since: shared.now, words: None };
        vec![Effect::Desk(PageId::Plan, ticket, Request::Plan)]
    }

    fn ask_filter(&self) -> Effect {
        match &self.model {
            Some(model) => {
                Effect::Query(Asked::Plan(Query::Filter(Same(Arc::clone(model)), self.input.value().to_owned())))
            }
            None => Effect::say("there is no plan yet"),
        }
    }

    /// Asks for more about the selected object, unless it is known.
    fn ask_detail(&self, shared: &Shared) -> Vec<Effect> {
        let Some(model) = &self.model else { return Vec::new() };
        let Some(first) = self.entry(shared).and_then(|(_, e)| model.first(e)) else { return Vec::new() };
        if self.detail.as_ref().is_some_and(|d| d.id == first.source_id) {
            return Vec::new();
        }
        let query = Query::Detail(first.object_type, first.source_id.clone());
        vec![Effect::Query(Asked::Plan(query))]
    }

    fn filter_changed(&mut self, shared: &Shared) -> Vec<Effect> {
        if self.input.value().trim().is_empty() {
            self.filtered = None;
            let layout = Layout::of_shared(shared);
            let tree = self.tree(layout);
            let row = tree.selectable(self.selected, false);
            self.select(row, &tree, layout);
            return Vec::new();
        }
        vec![self.ask_filter()]
    }

    /// Whether something is under way whose spinner turns.
    fn busy_since(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Planning { since, .. } => Some(*since),
            Stage::Rest | Stage::Away | Stage::Building | Stage::Failed { .. } => self.applying.since(),
        }
    }
}

impl Page for Plan {
    fn id(&self) -> PageId {
        PageId::Plan
    }

    fn actions(&self) -> &'static [Action] {
        ACTIONS
    }

    fn enabled(&self, shared: &Shared, action: Action) -> Result<(), Reason> {
        match action {
            Action::Refresh => self.may_plan(),
            Action::Apply => self.may_apply(shared),
            Action::Release | Action::Reject => self.may_decide(shared),
            _ if self.model.is_none() => Err("no plan yet"),
            Action::Mark | Action::MarkRange if self.row(shared).is_none() => Err("nothing to mark"),
            Action::OpenRule if self.rule_of(shared).is_none() => Err("needs a change that a rule makes"),
            _ => Ok(()),
        }
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        if self.typing {
            return vec![(Action::Open, "keep"), (Action::Back, "clear")];
        }
        if self.model.is_none() {
            return match self.stage {
                Stage::Planning { .. } => vec![(Action::Back, "cancel")],
                _ => vec![(Action::Refresh, "plan again")],
            };
        }
        let mut hints = Vec::new();
        if self.model.as_ref().is_some_and(|model| !model.entries.is_empty() || !model.cannot.is_empty()) {
            hints.extend([(Action::Open, "open"), (Action::Next, "next")]);
        }
        if self.model.as_ref().is_some_and(|model| model.applicable() > 0) {
            let apply = if self.marks.is_empty() { "apply…" } else { "apply marked…" };
            let off = shared.may_write(&self.unlocks()).is_err();
            hints.push(if off { (Action::Unlock, "unlock write") } else { (Action::Apply, apply) });
        }
        hints.push((Action::Refresh, "plan again"));
        if self.model.as_ref().is_some_and(|model| !model.entries.is_empty()) {
            hints.extend([(Action::Filter, "filter"), (Action::Mark, "mark")]);
        }
        hints.push((Action::Export, "export"));
        if shared.width >= ROOMY {
            hints.extend([(Action::OpenRule, "mapping rule"), (Action::Zoom, "zoom")]);
        }
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        match (&self.stage, &self.model) {
            (Stage::Rest | Stage::Away | Stage::Failed { .. }, None) if shared.mood() == Mood::Offline => {
                self.stage = Stage::Away;
                Vec::new()
            }
            (Stage::Rest | Stage::Away | Stage::Failed { .. }, None) => self.plan(shared),
            (_, Some(model)) => vec![Effect::Query(Asked::Plan(Query::Since(model.made_at)))],
            _ => Vec::new(),
        }
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        let since = |model: &Arc<Model>| Effect::Query(Asked::Plan(Query::Since(model.made_at)));
        self.model.as_ref().map(since).into_iter().collect()
    }

    fn focus(&mut self, shared: &mut Shared, focus: Focus) -> Vec<Effect> {
        let text = match focus {
            Focus::Filter(text) => text,
            Focus::Object(object) => object.id,
            _ => return Vec::new(),
        };
        self.input = Input::new(text);
        if self.model.is_some() { self.filter_changed(shared) } else { Vec::new() }
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        match action {
            Action::Down => self.go(shared, Step::Rows(1)),
            Action::Up => self.go(shared, Step::Rows(-1)),
            Action::HalfDown => self.go(shared, Step::Half(1)),
            Action::HalfUp => self.go(shared, Step::Half(-1)),
            Action::Top => self.go(shared, Step::Top),
            Action::Bottom => self.go(shared, Step::Bottom),
            Action::Next => self.go_change(shared, true),
            Action::Previous => self.go_change(shared, false),
            Action::NextPane | Action::PreviousPane => {
                self.pane = if self.pane == Pane::List { Pane::Detail } else { Pane::List };
            }
            Action::Zoom => self.zoom = !self.zoom,
            Action::Filter => {
                self.typing = true;
                self.pane = Pane::List;
            }
            Action::Mark => self.mark(shared),
            Action::MarkRange => self.mark_range(shared),
            Action::Open => return self.open_row(shared),
            Action::Refresh => return self.plan(shared),
            Action::Apply => return self.confirm_apply(shared),
            Action::Release => return self.confirm_decision(shared, true),
            Action::Reject => return self.confirm_decision(shared, false),
            Action::OpenRule => {
                let rule = self.rule_of(shared).map(Focus::Rule);
                if let Some(object) = self.object().filter(|_| rule.is_some()) {
                    shared.chosen = Some(object);
                }
                return rule.map(|rule| Effect::Go(PageId::Mapping, Some(rule))).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Enter | KeyCode::Tab => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.input = Input::default();
                return self.filter_changed(shared);
            }
            KeyCode::Down => self.go(shared, Step::Rows(1)),
            KeyCode::Up => self.go(shared, Step::Rows(-1)),
            _ => {
                let before = self.input.value().to_owned();
                self.input.handle_event(&Terminal::Key(key));
                if self.input.value() != before {
                    return self.filter_changed(shared);
                }
            }
        }
        Vec::new()
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Vec<Effect> {
        crate::console::input_line::paste(&mut self.input, text);
        self.filter_changed(shared)
    }

    fn back(&mut self, shared: &mut Shared) -> Option<Vec<Effect>> {
        match &self.stage {
            Stage::Planning { ticket, .. } => {
                let ticket = *ticket;
                self.stage = Stage::Rest;
                return Some(vec![Effect::Cancel(ticket), Effect::say("planning was cancelled; r plans again")]);
            }
            Stage::Rest | Stage::Away | Stage::Building | Stage::Failed { .. } => {}
        }
        if self.applying.since().is_some() {
            return Some(vec![Effect::Act(Action::StopCycle)]);
        }
        if self.pane == Pane::Detail {
            self.pane = Pane::List;
        } else if self.zoom {
            self.zoom = false;
        } else if !self.input.value().is_empty() {
            self.input = Input::default();
            return Some(self.filter_changed(shared));
        } else if !self.marks.is_empty() {
            self.marks.clear();
            self.last_mark = None;
        } else {
            return None;
        }
        Some(Vec::new())
    }

    fn settled(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.ask_detail(shared)
    }

    fn answer(&mut self, shared: &mut Shared, answer: Answered) -> Vec<Effect> {
        let Answered::Plan(answer) = answer else { return Vec::new() };
        match answer {
            Answer::Built(model) => {
                // Whoever asked for another plan meanwhile gets that one.
                if !matches!(self.stage, Stage::Building) {
                    return Vec::new();
                }
                self.stage = Stage::Rest;
                let mut effects = self.show(shared, &model);
                let moved = self.moved.take();
                if shared.lock_plan_unless(Some(model.fingerprint())) {
                    // What led to it was said a moment ago, and is not to be lost.
                    let words = match &moved {
                        Some(moved) => format!("{moved}; this is the new plan, W unlocks it"),
                        None => "this is another plan: write mode is off again, W unlocks this one".to_owned(),
                    };
                    effects.push(Effect::Say(Tone::Warn, show(&words)));
                }
                effects
            }
            Answer::Filtered(of, text, entries) => {
                // Numbers of another plan's entries mean others here.
                let shown = self.model.as_ref().is_some_and(|model| Arc::ptr_eq(model, &of.0));
                if !shown || text != self.input.value() {
                    return Vec::new();
                }
                self.filtered = Some(Arc::new(entries));
                let layout = Layout::of_shared(shared);
                let tree = self.tree(layout);
                let first = (0..tree.len()).find(|row| matches!(tree.at(*row), Some(Row::Entry(_))));
                self.select(first.unwrap_or(0), &tree, layout);
                self.ask_detail(shared)
            }
            Answer::Detail(detail) => {
                self.detail = detail;
                Vec::new()
            }
            Answer::Since(since) => {
                self.since = since;
                Vec::new()
            }
        }
    }

    fn failed(&mut self, shared: &mut Shared, why: Shown) -> Vec<Effect> {
        if matches!(self.stage, Stage::Building) {
            let trouble = Trouble { what: why, advice: Vec::new() };
            self.stage = Stage::Failed { trouble, at: shared.now };
            return Vec::new();
        }
        vec![Effect::Say(Tone::Fail, why)]
    }

    fn news(&mut self, shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        self.heard(shared, ticket, news)
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.applying.is(ticket) || self.deciding.is(ticket)
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        draw::draw(self, shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        let spin = self.busy_since().map(|since| {
            let turning = shared.now >= since + PATIENCE;
            if turning { shared.now + SPIN } else { since + PATIENCE }
        });
        let age = self.model.as_ref().map(|model| {
            let after = words::age_changes_in(shared.seconds_since(model.made_at));
            shared.now + SignedDuration::try_from(after).unwrap_or(SignedDuration::from_mins(1))
        });
        spin.into_iter().chain(age).min()
    }

    fn object(&self) -> Option<Object> {
        let detail = self.detail.as_ref()?;
        Some(Object { object_type: detail.object_type, id: detail.id.clone(), name: detail.name.clone() })
    }

    fn subject(&self) -> Subject {
        self.unlocks()
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        self.copy_items(shared)
    }

    fn can_export(&self) -> bool {
        self.model.is_some()
    }

    fn export(&self, _shared: &Shared) -> Option<Export> {
        self.exported()
    }
}
