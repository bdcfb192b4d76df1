//! Assigning: somebody of the directory on the left, the app's roles on the right. `enter` on a role asks, and then
//! assigns it or takes it away, in the directory; the next cycle does the rest.

mod ask;
mod draw;
pub mod find;
mod roles;

use super::pending::Pending;
use super::{CopyItem, Object, Page, PageId, Reason, Subject};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::command;
use crate::console::desk::{News, Reply, Request, Ticket, Trouble};
use crate::console::effect::{Effect, Tone};
use crate::console::input_line;
use crate::console::list::{List, Question, Step, Wanted};
use crate::console::query::{Answer, Query};
use crate::console::shared::Shared;
use crate::model::{Assignment, ObjectType, ServicePrincipal};
use crate::store::search::Cursor;
use crate::store::window::Anchor;
use crate::text::Shown;
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent};
use find::{Found, Row};
use jiff::Timestamp;
use roles::Role;
use std::collections::HashSet;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// Rows of one window.
const ROWS: usize = 200;

/// Which side has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pane {
    Who,
    Roles,
}

/// What the directory says about the app.
struct Known {
    principal: ServicePrincipal,
    assignments: Vec<Assignment>,
    /// Whoever has one of them.
    assigned: HashSet<String>,
    read: Timestamp,
}

impl Known {
    fn new(principal: ServicePrincipal, assignments: Vec<Assignment>, read: Timestamp) -> Self {
        let assigned = assignments.iter().map(|a| a.principal_id.clone()).collect();
        Self { principal, assignments, assigned, read }
    }
}

/// The page.
pub struct Assign {
    object_type: ObjectType,
    /// Somebody the page was opened for, until somebody else is selected.
    given: Option<Object>,
    filter: Input,
    typing: bool,
    rows: List<Row>,
    total: Option<u64>,
    /// Whether the store has answered for the filter as it is.
    asked: bool,
    /// The rows that are on their way.
    question: Question<Anchor<Cursor>>,
    pane: Pane,
    role: usize,
    known: Option<Known>,
    /// What the selected object has or can have: found out when it is selected, not for every frame.
    roles: Vec<Role>,
    /// Groups through which the selected user is assigned, with the ids of the roles.
    through: Vec<find::Through>,
    reading: Option<Ticket>,
    /// The answer to a question, on its way.
    writing: Pending,
    trouble: Option<Trouble>,
}

impl Default for Assign {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Assign {
    /// With somebody chosen already, or nobody.
    pub fn new(object: Option<Object>) -> Self {
        let object_type = object.as_ref().map_or(ObjectType::User, |object| object.object_type);
        Self {
            object_type,
            typing: object.is_none(),
            pane: if object.is_some() { Pane::Roles } else { Pane::Who },
            given: object,
            filter: Input::default(),
            rows: List::default(),
            total: None,
            asked: false,
            question: Question::default(),
            role: 0,
            known: None,
            roles: Vec::new(),
            through: Vec::new(),
            reading: None,
            writing: Pending::default(),
            trouble: None,
        }
    }

    fn ask(&mut self, anchor: Anchor<Cursor>) -> Effect {
        self.question.ask(anchor.clone());
        let text = self.filter.value().trim().to_owned();
        Effect::Query(Query::Assign(find::Query::Window { text, object_type: self.object_type, anchor, limit: ROWS }))
    }

    /// Asks for the rows around the selected one.
    fn ask_here(&mut self) -> Effect {
        let anchor = self.selected_id().map_or(Anchor::Start, Anchor::At);
        self.ask(anchor)
    }

    /// The same when the edge of what was read comes near. One question at a time: a key that is held down would cut
    /// each of them short.
    fn edge(&mut self) -> Option<Effect> {
        (self.rows.near_edge() && !self.question.waits()).then(|| self.ask_here())
    }

    fn selected_id(&self) -> Option<String> {
        self.given.as_ref().map(|given| given.id.clone()).or_else(|| self.rows.current().map(|row| row.id.clone()))
    }

    fn ask_through(&self) -> Vec<Effect> {
        match self.object() {
            Some(object) if object.object_type == ObjectType::User => {
                vec![Effect::Query(Query::Assign(find::Query::Through { user: object.id }))]
            }
            _ => Vec::new(),
        }
    }

    fn read(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.reading.take().map(Effect::Cancel).into_iter().collect();
        let ticket = shared.ticket();
        self.reading = Some(ticket);
        effects.push(Effect::Desk(PageId::Assign, ticket, Request::Assignments));
        effects
    }

    /// The directory has answered.
    fn know(&mut self, known: Known) {
        self.known = Some(known);
        self.find_roles();
    }

    /// Finds out what the selected object has or can have.
    fn find_roles(&mut self) {
        self.roles = match (&self.known, self.object()) {
            (Some(known), Some(object)) => roles::of(&known.principal, &known.assignments, &object.id),
            _ => Vec::new(),
        };
    }

    fn selected_role(&self) -> Option<&Role> {
        self.roles.get(self.role.min(self.roles.len().checked_sub(1)?))
    }

    /// Another row is selected: what belongs to the one before goes.
    fn moved(&mut self) {
        self.given = None;
        self.through.clear();
        self.role = 0;
        self.find_roles();
    }

    fn go(&mut self, step: Step) -> Vec<Effect> {
        if self.pane == Pane::Roles {
            let mut list = List { rows: vec![(); self.roles.len()], selected: self.role, ..List::default() };
            list.go(step);
            self.role = list.selected;
            return Vec::new();
        }
        let wanted = self.rows.go(step);
        self.moved();
        let anchor = match wanted {
            Wanted::Nothing | Wanted::Above | Wanted::Below => return self.edge().into_iter().collect(),
            Wanted::Start => Anchor::Start,
            Wanted::End => Anchor::End,
        };
        if self.question.is_for(&anchor) { Vec::new() } else { vec![self.ask(anchor)] }
    }

    /// The filter is another one.
    fn filtered(&mut self) -> Vec<Effect> {
        self.moved();
        self.asked = false;
        vec![self.ask(Anchor::Start)]
    }

    /// How people call it: the name of its row where there is one.
    fn name_of(&self, object: &Object) -> String {
        let row = self.rows.rows.iter().find(|row| row.id == object.id);
        row.map_or_else(|| object.name.clone(), |row| row.name.clone())
    }

    fn found(&mut self, found: Found) -> Vec<Effect> {
        if found.text != self.filter.value().trim() || found.object_type != self.object_type {
            return Vec::new();
        }
        // Whatever else was asked for, perhaps by a page that is closed, has its own place.
        let Some(stale) = self.question.answered(&found.anchor) else { return Vec::new() };
        let window = found.window;
        let first = !self.asked;
        self.asked = true;
        self.total = Some(found.total);
        match found.anchor {
            Anchor::Start => self.rows.replace_at(window.rows, window.above, window.below, 0),
            Anchor::End => {
                let last = window.rows.len().saturating_sub(1);
                self.rows.replace_at(window.rows, window.above, window.below, last);
            }
            Anchor::At(_) if first => {
                // From here on the row says who is selected.
                if window.at.is_some() {
                    self.given = None;
                }
                self.rows.replace_at(window.rows, window.above, window.below, window.at.unwrap_or(0));
            }
            _ => self.rows.replace(window.rows, window.above, window.below, |a, b| a.id == b.id),
        }
        self.find_roles();
        let mut effects = self.ask_through();
        // The store changed meanwhile, or keys went on and the edge is near again.
        effects.extend(if stale { Some(self.ask_here()) } else { self.edge() });
        effects
    }
}

impl Page for Assign {
    fn id(&self) -> PageId {
        PageId::Assign
    }

    fn actions(&self) -> &'static [Action] {
        &[
            Action::Open,
            Action::Filter,
            Action::Kind,
            Action::NextPane,
            Action::PreviousPane,
            Action::Refresh,
            Action::Down,
            Action::Up,
            Action::HalfDown,
            Action::HalfUp,
            Action::Top,
            Action::Bottom,
        ]
    }

    fn enabled(&self, shared: &Shared, action: Action) -> Result<(), Reason> {
        if action != Action::Open {
            return Ok(());
        }
        let Some(object) = self.object() else { return Err("needs a user or group") };
        if self.pane == Pane::Who {
            return Ok(());
        }
        if self.selected_role().is_none() {
            return Err("the roles are not read yet");
        }
        if self.writing.since().is_some() {
            return Err("an assignment is being written");
        }
        shared.may_write(&Subject::Object(object))
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        if self.typing {
            return vec![(Action::Open, "to the roles"), (Action::Back, "done")];
        }
        let mut hints = Vec::new();
        match self.pane {
            Pane::Who => hints.push((Action::Open, "to the roles")),
            Pane::Roles if self.enabled(shared, Action::Open).is_ok() => {
                let held = self.selected_role().is_some_and(|role| role.held.is_some());
                hints.push((Action::Open, if held { "take away…" } else { "assign…" }));
            }
            Pane::Roles => hints.push((Action::Unlock, "unlock write")),
        }
        hints.extend([(Action::NextPane, "other pane"), (Action::Filter, "filter")]);
        hints.push((Action::Kind, if self.object_type == ObjectType::User { "groups" } else { "users" }));
        if self.object().is_some() {
            hints.push((Action::Provision, "provision"));
        }
        hints.push((Action::Back, "leave"));
        hints
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let mut effects = vec![self.ask_here()];
        effects.extend(self.ask_through());
        effects.extend(self.read(shared));
        effects
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        if self.question.again() { vec![self.ask_here()] } else { Vec::new() }
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        if let Some(step) = super::menu::step(action) {
            return self.go(step);
        }
        match action {
            Action::Open if self.pane == Pane::Who => {
                self.pane = Pane::Roles;
                Vec::new()
            }
            Action::Open => self.question(),
            Action::NextPane | Action::PreviousPane => {
                self.pane = if self.pane == Pane::Who { Pane::Roles } else { Pane::Who };
                Vec::new()
            }
            Action::Filter => {
                (self.pane, self.typing) = (Pane::Who, true);
                Vec::new()
            }
            Action::Kind => {
                let users = self.object_type == ObjectType::User;
                self.object_type = if users { ObjectType::Group } else { ObjectType::User };
                self.rows = List::default();
                self.pane = Pane::Who;
                self.filtered()
            }
            Action::Refresh => {
                self.trouble = None;
                self.read(shared)
            }
            _ => Vec::new(),
        }
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => self.typing = false,
            KeyCode::Enter | KeyCode::Tab => {
                self.typing = false;
                if self.object().is_some() {
                    self.pane = Pane::Roles;
                }
            }
            KeyCode::Down => return self.go(Step::Rows(1)),
            KeyCode::Up => return self.go(Step::Rows(-1)),
            KeyCode::PageDown => return self.go(Step::Half(1)),
            KeyCode::PageUp => return self.go(Step::Half(-1)),
            _ => {
                let before = self.filter.value().to_owned();
                self.filter.handle_event(&Terminal::Key(key));
                if self.filter.value() != before {
                    return self.filtered();
                }
            }
        }
        Vec::new()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Vec<Effect> {
        input_line::paste(&mut self.filter, text);
        self.filtered()
    }

    fn back(&mut self, _shared: &mut Shared) -> Option<Vec<Effect>> {
        if self.filter.value().is_empty() || self.given.is_some() {
            return None;
        }
        self.filter = Input::default();
        self.pane = Pane::Who;
        Some(self.filtered())
    }

    fn settled(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        self.ask_through()
    }

    fn answer(&mut self, _shared: &mut Shared, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Assign(find::Answer::Window(found)) => self.found(*found),
            Answer::Assign(find::Answer::Through { user, groups }) => {
                if self.object().is_some_and(|object| object.id == user) {
                    self.through = groups;
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn failed(&mut self, _shared: &mut Shared, why: Shown) -> Vec<Effect> {
        self.question.failed();
        self.trouble = Some(Trouble { what: why, advice: Vec::new() });
        Vec::new()
    }

    fn news(&mut self, shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        let News::Done(done) = news else { return Vec::new() };
        if self.reading == Some(ticket) {
            self.reading = None;
        } else if !self.writing.ends(ticket) {
            return Vec::new();
        }
        match done {
            Ok(Reply::Assignments(principal, assignments)) => {
                self.know(Known::new(principal, assignments, shared.now));
                self.trouble = None;
                Vec::new()
            }
            Ok(reply) => {
                let mut effects = Vec::new();
                if let Reply::Done(words) = reply {
                    effects.push(Effect::Say(Tone::Plain, words));
                }
                effects.extend(self.read(shared));
                effects
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                Vec::new()
            }
        }
    }

    fn waits_for(&self, ticket: Ticket) -> bool {
        self.writing.is(ticket)
    }

    fn overtaken(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.read(shared)
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        self.paint(shared, canvas);
    }

    fn changes_at(&self, shared: &Shared) -> Option<Timestamp> {
        let known = self.known.as_ref()?;
        let after = crate::console::words::age_changes_in(shared.seconds_since(known.read));
        Some(shared.now + jiff::SignedDuration::try_from(after).ok()?)
    }

    fn object(&self) -> Option<Object> {
        if let Some(given) = &self.given {
            return Some(given.clone());
        }
        self.rows.current().map(|row| Object {
            object_type: self.object_type,
            id: row.id.clone(),
            name: row.principal_name.clone().unwrap_or_else(|| row.name.clone()),
        })
    }

    /// Whoever is selected; the box that unlocks offers the whole job as well, for those who assign many.
    fn subject(&self) -> Subject {
        self.object().map_or(Subject::Job, Subject::Object)
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        let Some(object) = self.object() else { return Vec::new() };
        let mut items =
            vec![CopyItem { what: "id", text: object.id.clone() }, CopyItem { what: "name", text: object.name }];
        if let Some(role) = self.selected_role() {
            let verb = if role.held.is_some() { "unassign" } else { "assign" };
            let role = format!("--role={}", role.id);
            let line = command::operand(&object.id).and_then(|id| command::of_job(shared, &[verb, id, &role]));
            items.extend(line.map(|text| CopyItem { what: "command", text }));
        }
        items
    }
}

#[cfg(test)]
mod tests;
