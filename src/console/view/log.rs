//! View 4: the log. Causes first (what failed, how often, since when), the events of the chosen cause below, and all
//! about one of them.
//!
//! | file | holds |
//! |---|---|
//! | [`query`], `export` | what is asked of the store, on the reader thread |
//! | `state`, `update`, `typing` | causes, a window of events, the detail; what keys, answers and time do to them |
//! | `layout`, `draw`, `causes` | where things are, and what they look like |
//! | `detail`, `full`, `lines` | an entry beside the list, and on a page of its own |
//! | `phrase` | short names of attributes, answers, times |
//!
//! The list only ever holds a window of the log. New entries come in at its top while it follows; paused, it stands
//! still and they are counted.

mod causes;
mod copies;
mod detail;
mod draw;
mod export;
mod full;
mod layout;
mod lines;
mod phrase;
pub mod query;
mod state;
#[cfg(test)]
pub(in crate::console) mod tests;
mod typing;
mod update;

pub use query::{Answer, Query, run};
pub use state::Log;

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::page::{CopyItem, Focus, Object, Page, PageId, Reason};
use crate::console::query::Answer as AnyAnswer;
use crate::console::shared::Shared;
use crate::text::Shown;
use crossterm::event::KeyEvent;
use jiff::Timestamp;

impl Page for Log {
    fn id(&self) -> PageId {
        PageId::Log
    }

    fn actions(&self) -> &'static [Action] {
        state::ACTIONS
    }

    fn enabled(&self, _shared: &Shared, action: Action) -> Result<(), Reason> {
        self.can(action)
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        if self.typing {
            return vec![(Action::Open, "keep the filter"), (Action::Back, "clear it")];
        }
        if self.full.is_some() {
            let ways = [(Action::Back, "back"), (Action::Next, "next"), (Action::Previous, "previous")];
            let about = [(Action::Provision, "provision"), (Action::Copy, "copy")];
            return ways
                .into_iter()
                .chain(self.attribute().map(|_| (Action::OpenRule, "mapping")))
                .chain(about)
                .collect();
        }
        // What `esc` does here; nothing else leads back to all events.
        let esc = self.wider(shared).map(|words| (Action::Back, words));
        // Most entries name no attribute: it is offered where all of a list do, so that the line stands still.
        let cause = self.cause_of_scope().filter(|(_, cause)| cause.attribute.is_some());
        let rule = cause.map(|_| (Action::OpenRule, "mapping"));
        if self.events.rows.is_empty() && self.causes.rows.is_empty() {
            // Nothing is there that anything could be done with.
            return esc.into_iter().chain([(Action::Filter, "filter"), (Action::Refresh, "read again")]).collect();
        }
        let mut hints: Vec<_> = rule.into_iter().collect();
        hints.extend([(Action::Provision, "provision"), (Action::Copy, "copy")]);
        hints.extend(esc);
        hints.extend([
            (Action::Follow, "follow/pause"),
            (Action::Filter, "filter"),
            (Action::Columns, "full"),
            (Action::Export, "export"),
            (Action::Zoom, "zoom"),
            (Action::NextPane, "next pane"),
            (Action::Open, "open"),
        ]);
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.opened += 1;
        self.refresh(shared)
    }

    fn changed(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.refresh(shared)
    }

    fn focus(&mut self, shared: &mut Shared, focus: Focus) -> Vec<Effect> {
        self.focus_on(shared, focus)
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        self.do_action(shared, action)
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        self.typed(shared, key)
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Vec<Effect> {
        self.pasted(text)
    }

    fn back(&mut self, shared: &mut Shared) -> Option<Vec<Effect>> {
        self.go_back(shared)
    }

    fn settled(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.rested(shared)
    }

    fn answer(&mut self, shared: &mut Shared, answer: AnyAnswer) -> Vec<Effect> {
        match answer {
            AnyAnswer::Log(answer) => self.answered(shared, answer),
            _ => Vec::new(),
        }
    }

    fn failed(&mut self, _shared: &mut Shared, why: Shown) -> Vec<Effect> {
        self.pending = None;
        self.asked = None;
        let first = self.failed.is_none();
        self.failed = Some(why.clone());
        // Rows that are there stay; that they are no longer fresh is said once.
        if first { vec![Effect::fail(&format!("the log cannot be read: {why}"))] } else { Vec::new() }
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        self.paint(shared, canvas);
    }

    fn settles_at(&self) -> Option<Timestamp> {
        self.rests_at()
    }

    fn object(&self) -> Option<Object> {
        self.object_here()
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        self.copy_items(shared)
    }
}
