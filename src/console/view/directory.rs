//! View 2: the people and groups of the directory, filtered as one types, and the one that is selected compared with
//! the app, attribute by attribute.

mod act;
mod ask;
mod detail;
mod draw;
mod export;
mod lines;
mod rows;
#[cfg(test)]
pub(in crate::console) mod tests;
mod update;
mod words;

pub use ask::{Answer, Query, run};
pub use detail::{Attribute, Compared, Detail, Membership, Past, Relation, Relations};
pub use export::Exported;
pub use rows::{ObjectState, Row};

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::desk::{News, Reply, Ticket};
use crate::console::effect::Effect;
use crate::console::list::{List, Question};
use crate::console::page::{CopyItem, Focus, Object, Page, PageId, Reason};
use crate::console::query;
use crate::console::shared::Shared;
use crate::console::words::age_changes_in;
use crate::engine::InApp;
use crate::model::ObjectType;
use crate::store::filter::Filter;
use crate::store::search::{Cursor, DirectoryQuery, Sort, fields};
use crate::store::window::{Anchor, Counted};
use crate::text::Shown;
use crossterm::event::KeyEvent;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tui_input::Input;

/// Which pane has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    /// The list.
    #[default]
    List,
    /// The object.
    Detail,
}

/// What the app said about the object when it was asked.
#[derive(Debug)]
struct Live {
    id: String,
    found: Option<Box<InApp>>,
    /// When.
    at: Timestamp,
}

/// The view.
pub struct Directory {
    kind: ObjectType,
    filter: Input,
    typing: bool,
    sort: Sort,
    reverse: bool,
    list: List<Row>,
    /// Whether the first answer came.
    read: bool,
    /// The window that is on its way.
    asked: Question<Anchor<Cursor>>,
    counted: Option<Counted>,
    total: Option<u64>,
    /// The last text that anything fitted, and how many.
    hit: Option<(String, Counted)>,
    pane: Pane,
    zoom: bool,
    detail: Option<Box<Detail>>,
    /// Whether the answer about the selected object came.
    known: bool,
    /// The selected line of the detail, and where it leads.
    line: usize,
    followed: Option<lines::Follow>,
    live: Option<Live>,
    live_trouble: Option<Shown>,
    /// The request that reads the object from the app.
    asking: Option<(Ticket, String)>,
    marked: BTreeMap<String, Object>,
    last_mark: Option<String>,
    /// The object to select as soon as the rows are there, and whether what is typed goes when it does not fit.
    wanted: Option<(String, bool)>,
    trouble: Option<Shown>,
    restored: bool,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            kind: ObjectType::User,
            filter: Input::default(),
            typing: false,
            sort: Sort::Name,
            reverse: false,
            list: List::default(),
            read: false,
            asked: Question::default(),
            counted: None,
            total: None,
            hit: None,
            pane: Pane::List,
            zoom: false,
            detail: None,
            known: false,
            line: 0,
            followed: None,
            live: None,
            live_trouble: None,
            asking: None,
            marked: BTreeMap::new(),
            last_mark: None,
            wanted: None,
            trouble: None,
            restored: false,
        }
    }
}

impl Directory {
    /// Whether keys are about the detail.
    fn in_detail(&self) -> bool {
        self.zoom || self.pane == Pane::Detail
    }

    fn query(&self) -> DirectoryQuery {
        DirectoryQuery { text: self.filter.value().trim().to_owned(), sort: self.sort, reverse: self.reverse }
    }

    /// Words of the filter that names are searched for.
    fn words(&self) -> Vec<String> {
        let terms = Filter::parse(self.filter.value(), fields(self.kind)).terms;
        let named = |field: Option<&str>| matches!(field, None | Some("name" | "upn"));
        terms.into_iter().filter(|t| !t.not && named(t.field)).map(|t| t.text).collect()
    }

    fn read_live(&self) -> Option<&Live> {
        let id = &self.detail.as_ref()?.object.id;
        self.live.as_ref().filter(|live| live.id == *id)
    }

    fn live(&self) -> Option<&Option<Box<InApp>>> {
        self.read_live().map(|live| &live.found)
    }

    fn lines(&self, shared: &Shared, columns: lines::Columns) -> Vec<lines::Line> {
        let live = self.live();
        // It was read just now, and the app has no such resource any more.
        let gone = matches!(live, Some(None));
        let live = live.and_then(|l| l.as_deref());
        self.detail.as_deref().map(|detail| lines::lines(detail, live, gone, shared, columns)).unwrap_or_default()
    }

    /// The first line of the detail that is visible: the selected one always is.
    fn detail_top(&self, lines: usize, height: usize) -> usize {
        if !self.in_detail() || lines <= height {
            return 0;
        }
        // Two rows stay for what comes next, one of which says how much there is.
        (self.line + 3).saturating_sub(height).min(lines.saturating_sub(height.saturating_sub(1)))
    }

    fn read_at(&self, shared: &Shared) -> Option<Timestamp> {
        shared.standing.as_ref().and_then(|s| s.read_at)
    }

    /// How the list was left the last time.
    fn restore(&mut self, shared: &Shared) {
        if std::mem::replace(&mut self.restored, true) {
            return;
        }
        let kept = |key: &str| shared.remembered.get(key).cloned();
        if kept("directory.kind").as_deref() == Some("Group") {
            self.kind = ObjectType::Group;
        }
        if let Some(sort) = kept("directory.sort").and_then(|text| Sort::parse(&text)) {
            self.sort = sort;
        }
        self.reverse = kept("directory.reverse").is_some();
        if let Some(text) = kept("directory.filter") {
            self.filter = Input::new(text);
        }
        self.wanted = kept("directory.object").map(|id| (id, false));
    }

    fn remember(&self) -> Vec<Effect> {
        let reverse = if self.reverse { "yes" } else { "" };
        vec![
            Effect::Remember("directory.kind", self.kind.as_str().to_owned()),
            Effect::Remember("directory.sort", self.sort.as_str().to_owned()),
            Effect::Remember("directory.reverse", reverse.to_owned()),
            Effect::Remember("directory.filter", self.filter.value().trim().to_owned()),
        ]
    }
}

impl Page for Directory {
    fn id(&self) -> PageId {
        PageId::Directory
    }

    fn actions(&self) -> &'static [Action] {
        act::ACTIONS
    }

    fn enabled(&self, _shared: &Shared, action: Action) -> Result<(), Reason> {
        act::enabled(self, action)
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        act::hints(self, shared)
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.list.height = draw::list_height(shared);
        self.restore(shared);
        if self.read { self.changed(shared) } else { self.again() }
    }

    fn changed(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.list.height = draw::list_height(shared);
        let mut effects = if self.asked.again() { self.again() } else { vec![self.ask_count()] };
        effects.extend(self.ask_detail());
        effects
    }

    fn focus(&mut self, _shared: &mut Shared, focus: Focus) -> Vec<Effect> {
        match focus {
            Focus::Object(object) => self.go_to(&object),
            Focus::Filter(text) => {
                self.filter = Input::new(text);
                self.anew()
            }
            _ => Vec::new(),
        }
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        act::act(self, shared, action)
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        act::key(self, shared, key)
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Vec<Effect> {
        crate::console::input_line::paste(&mut self.filter, text);
        self.anew()
    }

    fn back(&mut self, _shared: &mut Shared) -> Option<Vec<Effect>> {
        if self.zoom {
            self.zoom = false;
            self.pane = Pane::List;
            return Some(Vec::new());
        }
        if self.pane == Pane::Detail {
            self.pane = Pane::List;
            return Some(Vec::new());
        }
        if !self.filter.value().is_empty() {
            self.filter = Input::default();
            let mut effects = self.again();
            effects.extend(self.remember());
            return Some(effects);
        }
        if !self.marked.is_empty() {
            self.marked.clear();
            return Some(Vec::new());
        }
        None
    }

    fn settled(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        let Some(id) = self.list.current().map(|row| row.object.id.clone()) else { return Vec::new() };
        if self.detail.as_ref().is_some_and(|detail| detail.object.id == id) {
            return Vec::new();
        }
        let mut effects = self.ask_detail();
        effects.push(Effect::Remember("directory.object", id));
        effects
    }

    fn answer(&mut self, shared: &mut Shared, answer: query::Answer) -> Vec<Effect> {
        let query::Answer::Directory(answer) = answer else { return Vec::new() };
        let effects = self.take(shared, answer);
        self.point(shared);
        effects
    }

    fn failed(&mut self, _shared: &mut Shared, why: Shown) -> Vec<Effect> {
        self.asked.failed();
        self.trouble = Some(why);
        Vec::new()
    }

    fn news(&mut self, shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        let Some((_, id)) = self.asking.clone().filter(|(asked, _)| *asked == ticket) else { return Vec::new() };
        match news {
            News::Done(Ok(Reply::App(found))) => {
                self.asking = None;
                self.live_trouble = None;
                let told = found.as_ref().and_then(|found| found.read_at.parse().ok());
                self.live = Some(Live { id, found, at: told.unwrap_or(shared.now) });
            }
            News::Done(Err(trouble)) => {
                self.asking = None;
                self.live_trouble = Some(trouble.what);
            }
            News::Done(Ok(_)) => self.asking = None,
            News::Step(_) | News::Progress(_) => {}
        }
        Vec::new()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        draw::draw(self, shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        let detail = self.detail.as_ref()?;
        let live = self.read_live().map(|live| live.at);
        let ages = [self.read_at(shared), live.or(detail.written_at)];
        let next = ages.into_iter().flatten().map(|at| age_changes_in(shared.seconds_since(at))).min()?;
        Some(shared.now + SignedDuration::try_from(next).ok()?)
    }

    fn object(&self) -> Option<Object> {
        self.list.current().map(|row| row.object.clone())
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        act::copies(self, shared)
    }
}
