//! What keys and actions do here.

use super::lines::Follow;
use super::{Directory, Pane, Query, draw};
use crate::console::action::Action;
use crate::console::command;
use crate::console::desk::Request;
use crate::console::effect::Effect;
use crate::console::list::{Step, Wanted};
use crate::console::page::{CopyItem, Focus, Object, PageId, Reason, menu};
use crate::console::query;
use crate::console::shared::Shared;
use crate::model::ObjectType;
use crate::store::search::{Cursor, Sort};
use crate::store::window::Anchor;
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// What this page answers, in the order of the hints.
pub(super) const ACTIONS: &[Action] = &[
    Action::Open,
    Action::Mark,
    Action::Sort,
    Action::Refresh,
    Action::Kind,
    Action::Zoom,
    Action::Filter,
    Action::NextPane,
    Action::PreviousPane,
    Action::SortReverse,
    Action::MarkRange,
    Action::OpenRule,
    Action::Next,
    Action::Previous,
    Action::Export,
    Action::Down,
    Action::Up,
    Action::HalfDown,
    Action::HalfUp,
    Action::Top,
    Action::Bottom,
];

pub(super) fn enabled(view: &Directory, action: Action) -> Result<(), Reason> {
    let nobody = if view.kind == ObjectType::User { "needs a user" } else { "needs a group" };
    match action {
        Action::Open | Action::Mark | Action::MarkRange | Action::Zoom | Action::Refresh
            if view.list.current().is_none() =>
        {
            Err(nobody)
        }
        Action::Refresh if view.asking.is_some() => Err("the target is being read"),
        Action::OpenRule if view.rule().is_none() => Err("needs an attribute: tab goes there"),
        Action::Sort if Sort::of(view.kind).len() < 2 => Err("groups have one order"),
        Action::Export if view.list.rows.is_empty() => Err("nothing to export here"),
        _ => Ok(()),
    }
}

pub(super) fn hints(view: &Directory, _shared: &Shared) -> Vec<(Action, &'static str)> {
    if view.typing {
        return vec![(Action::Open, "keep the filter"), (Action::Back, "clear it")];
    }
    if view.in_detail() {
        let open = match view.follow() {
            Some(Follow::Object(_)) => "go there",
            Some(Follow::Log) => "open in the log",
            _ => "mapping rule",
        };
        return vec![
            (Action::Open, open),
            (Action::Next, "next difference"),
            (Action::Refresh, "read target"),
            (Action::Provision, "provision"),
            (Action::Copy, "copy"),
            (Action::Back, "list"),
        ];
    }
    if view.list.rows.is_empty() {
        let other = if view.kind == ObjectType::User { "groups" } else { "users" };
        return vec![(Action::Filter, "filter"), (Action::Kind, other)];
    }
    vec![
        (Action::Open, "open"),
        (Action::Provision, "provision"),
        (Action::Mark, "mark"),
        (Action::Sort, "sort"),
        (Action::Filter, "filter"),
        (Action::Refresh, "read target"),
        (Action::Kind, if view.kind == ObjectType::User { "groups" } else { "users" }),
        (Action::Copy, "copy"),
        (Action::Zoom, "zoom"),
        (Action::Export, "export"),
    ]
}

pub(super) fn act(view: &mut Directory, shared: &mut Shared, action: Action) -> Vec<Effect> {
    let effects = act_on(view, shared, action);
    view.point(shared);
    effects
}

fn act_on(view: &mut Directory, shared: &mut Shared, action: Action) -> Vec<Effect> {
    let in_detail = view.in_detail();
    if let Some(step) = menu::step(action) {
        return if in_detail { view.go_line(shared, step) } else { view.go(shared, step) };
    }
    match action {
        Action::Open if in_detail => view.open_line(shared),
        Action::Open => view.open(shared),
        Action::NextPane | Action::PreviousPane => {
            if draw::list_width(shared.width).is_none() {
                view.zoom = !view.zoom;
            } else if !view.zoom {
                view.pane = if view.pane == Pane::List { Pane::Detail } else { Pane::List };
            }
            view.rest(shared);
            Vec::new()
        }
        Action::Zoom => {
            view.zoom = !view.zoom;
            view.pane = if view.zoom { Pane::Detail } else { Pane::List };
            view.rest(shared);
            Vec::new()
        }
        Action::Filter => {
            view.typing = true;
            view.pane = Pane::List;
            view.zoom = false;
            Vec::new()
        }
        Action::Kind => {
            let other = if view.kind == ObjectType::User { ObjectType::Group } else { ObjectType::User };
            view.show(other);
            let mut effects = view.anew();
            effects.extend(view.remember());
            effects
        }
        Action::Sort => {
            let orders = Sort::of(view.kind);
            let at = orders.iter().position(|sort| *sort == view.sort).unwrap_or(0);
            view.sort = orders.get((at + 1) % orders.len()).copied().unwrap_or_default();
            view.reorder()
        }
        Action::SortReverse => {
            view.reverse = !view.reverse;
            view.reorder()
        }
        Action::Mark => {
            view.mark();
            view.go(shared, Step::Rows(1))
        }
        Action::MarkRange => {
            view.mark_range();
            Vec::new()
        }
        Action::Next | Action::Previous => view.next(shared, action == Action::Next, in_detail),
        Action::OpenRule => view.rule().map(|path| view.go_to_rule(shared, path)).unwrap_or_default(),
        Action::Refresh => view.read_target(shared),
        Action::Export => {
            let marked = (!view.marked.is_empty()).then(|| view.marked.values().cloned().collect());
            let query = Query::Export(view.kind, view.query(), marked);
            vec![Effect::Query(query::Query::Directory(PageId::Directory, query))]
        }
        _ => Vec::new(),
    }
}

pub(super) fn key(view: &mut Directory, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => {
            view.typing = false;
            if view.filter.value().is_empty() {
                return Vec::new();
            }
            view.filter = Input::default();
            let mut effects = view.again();
            effects.extend(view.remember());
            effects
        }
        KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab => {
            view.typing = false;
            view.remember()
        }
        KeyCode::Down => view.go(shared, Step::Rows(1)),
        KeyCode::Up => view.go(shared, Step::Rows(-1)),
        KeyCode::PageDown => view.go(shared, Step::Half(1)),
        KeyCode::PageUp => view.go(shared, Step::Half(-1)),
        KeyCode::Char('d') if control => view.go(shared, Step::Half(1)),
        KeyCode::Char('n') if control => view.go(shared, Step::Rows(1)),
        KeyCode::Char('p') if control => view.go(shared, Step::Rows(-1)),
        _ => {
            let before = view.filter.value().trim().to_owned();
            view.filter.handle_event(&Terminal::Key(key));
            if view.filter.value().trim() == before { Vec::new() } else { view.anew() }
        }
    }
}

pub(super) fn copies(view: &Directory, shared: &Shared) -> Vec<CopyItem> {
    let Some(row) = view.list.current() else { return Vec::new() };
    let object = &row.object;
    let mut items = Vec::new();
    if let Some(detail) = view.detail.as_deref().filter(|d| d.object.id == object.id)
        && let Some(Follow::Rule(path)) = view.follow()
        && let Some(attribute) = detail.attributes.iter().find(|a| a.path == path)
    {
        let text = attribute.source.as_ref().map(super::words::plain_text).unwrap_or_default();
        items.push(CopyItem { what: "value", text });
        items.push(CopyItem { what: "attribute", text: path });
    }
    let name = if object.object_type == ObjectType::User { "user name" } else { "name" };
    items.push(CopyItem { what: name, text: object.name.clone() });
    items.push(CopyItem { what: "id", text: object.id.clone() });
    let note = row.note.as_str();
    items.push(CopyItem {
        what: "row",
        text: format!("{}\t{note}\t{}\t{}", object.name, row.state.as_str(), object.id),
    });
    // By id: a name may need quotes, or be that of two.
    let command = command::operand(&object.id).and_then(|id| command::of_job(shared, &["explain", id]));
    items.extend(command.map(|text| CopyItem { what: "command", text }));
    items
}

impl Directory {
    fn go(&mut self, shared: &Shared, step: Step) -> Vec<Effect> {
        self.list.height = draw::list_height(shared);
        match self.list.go(step) {
            Wanted::Start => self.jump(Anchor::Start),
            Wanted::End => self.jump(Anchor::End),
            Wanted::Nothing | Wanted::Above | Wanted::Below => self.edge(),
        }
    }

    /// To one of the ends, which is asked for once, however often the key is pressed.
    fn jump(&mut self, end: Anchor<Cursor>) -> Vec<Effect> {
        if self.asked.is_for(&end) { Vec::new() } else { vec![self.ask_rows(end)] }
    }

    /// `enter` in the list: the detail gets the focus, or the screen where there is room for one of them.
    fn open(&mut self, shared: &Shared) -> Vec<Effect> {
        if shared.width < 120 {
            self.zoom = true;
        }
        self.pane = Pane::Detail;
        self.rest(shared);
        Vec::new()
    }

    /// The selection of the detail is on a line that leads somewhere.
    fn rest(&mut self, shared: &Shared) {
        let columns = draw::detail_columns(shared, self.zoom);
        let lines = self.lines(shared, columns);
        if lines.get(self.line).is_none_or(|line| line.follow.is_none()) {
            self.line = lines.iter().position(|line| line.follow.is_some()).unwrap_or(0);
        }
    }

    fn go_line(&mut self, shared: &Shared, step: Step) -> Vec<Effect> {
        let lines = self.lines(shared, draw::detail_columns(shared, self.zoom));
        let half = isize::try_from(draw::detail_height(shared) / 2).unwrap_or(1).max(1);
        let leads: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].follow.is_some()).collect();
        let at = leads.iter().position(|i| *i >= self.line).unwrap_or(0);
        let last = leads.len().saturating_sub(1);
        let to = match step {
            Step::Rows(n) => at.saturating_add_signed(n).min(last),
            Step::Half(n) => at.saturating_add_signed(n * half).min(last),
            Step::Top => 0,
            Step::Bottom => last,
        };
        self.line = leads.get(to).copied().unwrap_or(0);
        Vec::new()
    }

    /// Keeps in mind where the selected line leads.
    pub(super) fn point(&mut self, shared: &Shared) {
        let lines = self.lines(shared, draw::detail_columns(shared, self.zoom));
        self.followed = lines.get(self.line).and_then(|line| line.follow.clone());
    }

    /// Where the selected line of the detail leads, while the detail has the focus.
    pub(super) fn follow(&self) -> Option<Follow> {
        self.followed.clone().filter(|_| self.in_detail())
    }

    fn rule(&self) -> Option<String> {
        match self.follow() {
            Some(Follow::Rule(path)) => Some(path),
            _ => None,
        }
    }

    /// Opens a rule, with the one who was looked at as its preview.
    fn go_to_rule(&self, shared: &mut Shared, path: String) -> Vec<Effect> {
        if let Some(row) = self.list.current() {
            shared.chosen = Some(row.object.clone());
        }
        vec![Effect::Go(PageId::Mapping, Some(Focus::Rule(path)))]
    }

    fn open_line(&mut self, shared: &mut Shared) -> Vec<Effect> {
        match self.follow() {
            Some(Follow::Rule(path)) => self.go_to_rule(shared, path),
            Some(Follow::Object(object)) => self.go_to(&object),
            Some(Follow::Log) => match self.list.current() {
                Some(row) => vec![Effect::Go(PageId::Log, Some(Focus::EntriesOf(row.object.clone())))],
                None => Vec::new(),
            },
            None => Vec::new(),
        }
    }

    /// Selects an object, whatever is shown now.
    pub(super) fn go_to(&mut self, object: &Object) -> Vec<Effect> {
        if self.kind != object.object_type {
            self.show(object.object_type);
        }
        self.pane = Pane::List;
        self.zoom = false;
        self.typing = false;
        self.restored = true;
        self.wanted = Some((object.id.clone(), true));
        self.again()
    }

    /// Users or groups: what was typed about the others means nothing here.
    fn show(&mut self, kind: ObjectType) {
        let fresh = Self { kind, restored: true, ..Self::default() };
        *self = Self { list: crate::console::list::List { height: self.list.height, ..Default::default() }, ..fresh };
    }

    fn reorder(&mut self) -> Vec<Effect> {
        let mut effects = self.again();
        effects.extend(self.remember());
        effects
    }

    fn mark(&mut self) {
        let Some(object) = self.list.current().map(|row| row.object.clone()) else { return };
        if self.marked.remove(&object.id).is_none() {
            self.last_mark = Some(object.id.clone());
            self.marked.insert(object.id.clone(), object);
        }
    }

    fn mark_range(&mut self) {
        let here = self.list.selected;
        let from = self.last_mark.as_ref().and_then(|id| self.list.rows.iter().position(|row| row.object.id == *id));
        let (low, high) = from.map_or((here, here), |from| (from.min(here), from.max(here)));
        for row in self.list.rows.iter().skip(low).take(high - low + 1) {
            self.marked.insert(row.object.id.clone(), row.object.clone());
        }
        self.last_mark = self.list.current().map(|row| row.object.id.clone());
    }

    /// The next difference: of the detail, or the next row that needs a look.
    fn next(&mut self, shared: &Shared, forwards: bool, in_detail: bool) -> Vec<Effect> {
        if in_detail {
            let lines = self.lines(shared, draw::detail_columns(shared, self.zoom));
            let differs = |i: &usize| lines[*i].differs;
            let found = if forwards {
                (self.line + 1..lines.len()).find(differs)
            } else {
                (0..self.line.min(lines.len())).rev().find(differs)
            };
            return match found {
                Some(at) => {
                    self.line = at;
                    Vec::new()
                }
                None => vec![Effect::say("no further difference")],
            };
        }
        let rows = &self.list.rows;
        let here = self.list.selected;
        let look = |i: &usize| rows[*i].state.needs_a_look();
        let found =
            if forwards { (here + 1..rows.len()).find(look) } else { (0..here.min(rows.len())).rev().find(look) };
        match found {
            Some(at) => {
                let by = isize::try_from(at).unwrap_or(0) - isize::try_from(here).unwrap_or(0);
                self.go(shared, Step::Rows(by))
            }
            None => vec![Effect::say("nothing else needs a look among the rows that were read")],
        }
    }

    fn read_target(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(row) = self.list.current() else { return Vec::new() };
        let (id, ticket) = (row.object.id.clone(), shared.ticket());
        let request = Request::ReadApp { object_type: self.kind, id: id.clone() };
        self.asking = Some((ticket, id));
        let mut effects = vec![Effect::Desk(PageId::Directory, ticket, request)];
        effects.extend(self.again());
        effects.extend(self.ask_detail());
        effects
    }
}
