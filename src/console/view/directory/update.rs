//! What the view asks, and what it does with the answers.

use super::{Answer, Directory, Query, Row, draw};
use crate::console::effect::Effect;
use crate::console::page::PageId;
use crate::console::query;
use crate::console::shared::Shared;
use crate::store::search::{Cursor, DirectoryQuery};
use crate::store::window::{Anchor, Window};
use tui_input::Input;

impl Directory {
    pub(super) fn ask_rows(&mut self, anchor: Anchor<Cursor>) -> Effect {
        if matches!(anchor, Anchor::Start | Anchor::End) {
            // Whoever goes there, or types, has left the object that was asked for before.
            self.wanted = None;
        }
        self.asked.ask(anchor.clone());
        Effect::Query(query::Query::Directory(
            PageId::Directory,
            Query::Rows { object_type: self.kind, query: self.query(), anchor },
        ))
    }

    pub(super) fn ask_count(&self) -> Effect {
        Effect::Query(query::Query::Directory(PageId::Directory, Query::Count(self.kind, self.query())))
    }

    /// How many fit without the last word, if that is not known.
    fn ask_shorter(&self, text: &str) -> Vec<Effect> {
        let known = self.hit.as_ref().is_some_and(|(hit, _)| text.starts_with(hit.as_str()));
        match text.rsplit_once(char::is_whitespace).map(|(shorter, _)| shorter.trim_end()) {
            Some(shorter) if !known && !shorter.is_empty() => {
                let query = DirectoryQuery { text: shorter.to_owned(), ..self.query() };
                vec![Effect::Query(query::Query::Directory(PageId::Directory, Query::Count(self.kind, query)))]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn ask_detail(&mut self) -> Vec<Effect> {
        let Some(row) = self.list.current() else {
            self.detail = None;
            return Vec::new();
        };
        let id = row.object.id.clone();
        self.known = false;
        vec![Effect::Query(query::Query::Directory(PageId::Directory, Query::Detail(self.kind, id)))]
    }

    /// From the beginning, with what is typed and chosen now.
    pub(super) fn anew(&mut self) -> Vec<Effect> {
        vec![self.ask_rows(Anchor::Start), self.ask_count()]
    }

    /// The same rows again, around the selected one.
    pub(super) fn again(&mut self) -> Vec<Effect> {
        let anchor = match (self.wanted.clone(), self.list.current()) {
            (Some((id, _)), _) => Anchor::At(id),
            (None, Some(row)) => Anchor::At(row.object.id.clone()),
            (None, None) => Anchor::Start,
        };
        vec![self.ask_rows(anchor), self.ask_count()]
    }

    fn take_rows(&mut self, shared: &Shared, anchor: &Anchor<Cursor>, window: Window<Row>) -> Vec<Effect> {
        // Whatever else was asked for comes yet, and has its own place.
        let Some(stale) = self.asked.answered(anchor) else { return Vec::new() };
        self.read = true;
        self.trouble = None;
        self.list.height = draw::list_height(shared);
        let before = self.list.current().map(|row| row.object.id.clone());
        let last = window.rows.len().saturating_sub(1);
        match (anchor, &self.wanted) {
            (Anchor::At(id), Some((wanted, clears))) if id == wanted => match window.at {
                None if *clears && !self.filter.value().is_empty() => {
                    self.filter = Input::default();
                    return self.again();
                }
                at => {
                    self.wanted = None;
                    self.list.replace_at(window.rows, window.above, window.below, at.unwrap_or(0));
                }
            },
            (Anchor::Start, _) => self.list.replace_at(window.rows, window.above, window.below, 0),
            (Anchor::End, _) => self.list.replace_at(window.rows, window.above, window.below, last),
            _ => self.list.replace(window.rows, window.above, window.below, |a, b| a.object.id == b.object.id),
        }
        let mut effects = Vec::new();
        let same = self.list.current().map(|row| &row.object.id) == before.as_ref();
        if !same || self.detail.is_none() {
            self.line = 0;
            effects.extend(self.ask_detail());
        }
        // The store changed meanwhile, or keys went on and the edge is near again.
        effects.extend(if stale { self.again() } else { self.edge() });
        effects
    }

    /// Asks for the rows around the selected one when the edge of what was read comes near. One question at a time: a
    /// key that is held down would cut each of them short.
    pub(super) fn edge(&mut self) -> Vec<Effect> {
        match self.list.current().filter(|_| self.list.near_edge() && !self.asked.waits()) {
            Some(row) => {
                let anchor = Anchor::At(row.object.id.clone());
                vec![self.ask_rows(anchor)]
            }
            None => Vec::new(),
        }
    }

    pub(super) fn take(&mut self, shared: &Shared, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Rows(asked, window) if self.same_question(&asked) => match *asked {
                Query::Rows { anchor, .. } => self.take_rows(shared, &anchor, window),
                _ => Vec::new(),
            },
            Answer::Count(asked, fitting, total) if self.same_question(&asked) => {
                self.counted = Some(fitting);
                self.total = Some(total);
                let text = self.query().text;
                if fitting.n > 0 {
                    self.hit = Some((text, fitting)).filter(|(text, _)| !text.is_empty());
                    return Vec::new();
                }
                self.ask_shorter(&text)
            }
            // What fitted before the last word was typed.
            Answer::Count(asked, fitting, _) if fitting.n > 0 => {
                if let Query::Count(kind, query) = *asked
                    && kind == self.kind
                    && self.query().text.starts_with(&query.text)
                {
                    self.hit = Some((query.text, fitting));
                }
                Vec::new()
            }
            Answer::Detail(id, detail) => {
                if self.list.current().is_some_and(|row| row.object.id == id) {
                    self.known = true;
                    if self.detail.as_ref().is_none_or(|d| d.object.id != id) {
                        self.line = 0;
                        self.live_trouble = None;
                    }
                    self.detail = detail;
                }
                Vec::new()
            }
            Answer::Export(exported) => exported.effects(),
            Answer::Rows(..) | Answer::Count(..) => Vec::new(),
        }
    }

    fn same_question(&self, query: &Query) -> bool {
        match query {
            Query::Rows { object_type, query, .. } | Query::Count(object_type, query) => {
                *object_type == self.kind && *query == self.query()
            }
            Query::Detail(..) | Query::Export(..) => true,
        }
    }
}
