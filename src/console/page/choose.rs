//! Choosing a user or group: a field to type in and the people that fit. Whoever opens it says what happens then.

use super::{Kind, Object, Page, PageId};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::input_line;
use crate::console::list::{List, Question, Step};
use crate::console::query::{self, Sources};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::model::ObjectType;
use crate::store::StoreError;
use crate::store::search::{self, Cursor, DirectoryQuery, GroupRow, UserRow};
use crate::store::window::Anchor;
use crate::text::{Shown, show};
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// Rows that are asked for at once.
const WINDOW: usize = 200;
/// Columns of the box.
const WIDTH: u16 = 66;
/// Rows of the box.
const HEIGHT: u16 = 18;

/// What happens with the one that is chosen. The box is closed already.
pub type Then = Box<dyn FnOnce(&mut Shared, Object) -> Vec<Effect> + Send>;

/// A question to the store: people that fit a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Users or groups.
    pub object_type: ObjectType,
    /// What was typed.
    pub text: String,
    /// Behind this one.
    pub after: Option<Cursor>,
}

/// Its answer.
#[derive(Debug)]
pub struct Answer {
    query: Query,
    rows: Vec<Row>,
    /// Whether there may be more.
    more: bool,
}

/// One that fits.
#[derive(Debug)]
struct Row {
    object: Object,
    name: Shown,
    note: Shown,
    cursor: Cursor,
}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    let c = sources.c;
    let anchor = query.after.clone().map_or(Anchor::Start, Anchor::After);
    let wanted = DirectoryQuery { text: query.text.clone(), ..DirectoryQuery::default() };
    let (rows, more) = match query.object_type {
        ObjectType::User => {
            let window = search::window_users(c, &wanted, &anchor, WINDOW)?;
            (window.rows.into_iter().map(user).collect(), window.below)
        }
        ObjectType::Group => {
            let window = search::window_groups(c, &wanted, &anchor, WINDOW)?;
            (window.rows.into_iter().map(group).collect(), window.below)
        }
    };
    Ok(Answer { query: query.clone(), rows, more })
}

fn user(row: UserRow) -> Row {
    let name = row.user.text("userPrincipalName").unwrap_or(row.user.name()).to_owned();
    Row {
        name: show(&name),
        note: show(row.user.text("department").unwrap_or_default()),
        object: Object { object_type: ObjectType::User, id: row.user.id, name },
        cursor: row.cursor,
    }
}

fn group(row: GroupRow) -> Row {
    let name = row.group.name().to_owned();
    let members = if row.members == 1 { "1 member".into() } else { format!("{} members", row.members) };
    Row {
        name: show(&name),
        note: show(&members),
        object: Object { object_type: ObjectType::Group, id: row.group.id, name },
        cursor: row.cursor,
    }
}

/// The box.
pub struct Choose {
    title: &'static str,
    kinds: &'static [ObjectType],
    object_type: ObjectType,
    input: Input,
    rows: List<Row>,
    /// The rows that are on their way.
    asked: Question<Option<Cursor>>,
    /// Whether the first answer came.
    read: bool,
    trouble: Option<Shown>,
    then: Option<Then>,
}

impl Choose {
    /// A box with a title, for these kinds of objects (the first one is shown first), and what happens then.
    pub fn new(title: &'static str, kinds: &'static [ObjectType], then: Then) -> Self {
        Self {
            title,
            kinds,
            object_type: kinds.first().copied().unwrap_or(ObjectType::User),
            input: Input::default(),
            rows: List { height: usize::from(HEIGHT) - 4, ..List::default() },
            asked: Question::default(),
            read: false,
            trouble: None,
            then: Some(then),
        }
    }

    /// The same, beginning with a kind.
    #[must_use]
    pub fn beginning_with(mut self, object_type: ObjectType) -> Self {
        if self.kinds.contains(&object_type) {
            self.object_type = object_type;
        }
        self
    }

    fn ask(&mut self, after: Option<Cursor>) -> Vec<Effect> {
        self.asked.ask(after.clone());
        let text = self.input.value().trim().to_owned();
        vec![Effect::Query(query::Query::Choose(Query { object_type: self.object_type, text, after }))]
    }

    fn go(&mut self, step: Step) -> Vec<Effect> {
        self.rows.go(step);
        self.edge()
    }

    /// Asks for more when the end of what was read comes near. One question at a time: a key that is held down would
    /// cut each of them short.
    fn edge(&mut self) -> Vec<Effect> {
        match self.rows.rows.last().filter(|_| self.rows.near_edge() && !self.asked.waits()) {
            Some(last) => {
                let after = Some(last.cursor.clone());
                self.ask(after)
            }
            None => Vec::new(),
        }
    }

    fn choose(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let Some(row) = self.rows.current() else { return Vec::new() };
        let object = row.object.clone();
        let Some(then) = self.then.take() else { return Vec::new() };
        let mut effects = vec![Effect::Close];
        effects.extend(then(shared, object));
        effects
    }

    fn other_kind(&mut self) -> Vec<Effect> {
        let at = self.kinds.iter().position(|kind| *kind == self.object_type).unwrap_or(0);
        let next = self.kinds.get((at + 1) % self.kinds.len().max(1)).copied();
        match next.filter(|next| *next != self.object_type) {
            Some(next) => {
                self.object_type = next;
                self.ask(None)
            }
            None => Vec::new(),
        }
    }

    fn typed(&mut self, before: &str) -> Vec<Effect> {
        if self.input.value().trim() == before.trim() { Vec::new() } else { self.ask(None) }
    }
}

impl Page for Choose {
    fn id(&self) -> PageId {
        PageId::Choose
    }

    fn kind(&self) -> Kind {
        Kind::Float { width: WIDTH, height: HEIGHT }
    }

    fn actions(&self) -> &'static [Action] {
        &[]
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        let mut hints = vec![(Action::Open, "choose")];
        if self.kinds.len() > 1 {
            hints.push((Action::NextPane, "users/groups"));
        }
        hints.push((Action::Back, "leave"));
        hints
    }

    fn opened(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        self.ask(None)
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        // A list that moves under the hand is worse than one that is a moment old.
        Vec::new()
    }

    fn act(&mut self, _shared: &mut Shared, _action: Action) -> Vec<Effect> {
        Vec::new()
    }

    fn typing(&self) -> bool {
        true
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => vec![Effect::Close],
            KeyCode::Enter => self.choose(shared),
            KeyCode::Tab | KeyCode::BackTab => self.other_kind(),
            KeyCode::Down => self.go(Step::Rows(1)),
            KeyCode::Up => self.go(Step::Rows(-1)),
            KeyCode::Char('n') if control => self.go(Step::Rows(1)),
            KeyCode::Char('p') if control => self.go(Step::Rows(-1)),
            KeyCode::PageDown => self.go(Step::Half(1)),
            KeyCode::PageUp => self.go(Step::Half(-1)),
            _ => {
                let before = self.input.value().to_owned();
                self.input.handle_event(&Terminal::Key(key));
                self.typed(&before)
            }
        }
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Vec<Effect> {
        let before = self.input.value().to_owned();
        input_line::paste(&mut self.input, text);
        self.typed(&before)
    }

    fn answer(&mut self, _shared: &mut Shared, answer: query::Answer) -> Vec<Effect> {
        let query::Answer::Choose(answer) = answer else { return Vec::new() };
        // An answer to what is not asked any more.
        if answer.query.object_type != self.object_type || answer.query.text != self.input.value().trim() {
            return Vec::new();
        }
        if self.asked.answered(&answer.query.after).is_none() {
            return Vec::new();
        }
        self.read = true;
        self.trouble = None;
        match &answer.query.after {
            None => self.rows = List { rows: answer.rows, height: self.rows.height, ..List::default() },
            Some(after) if self.rows.rows.last().is_some_and(|row| row.cursor == *after) => {
                self.rows.rows.extend(answer.rows);
            }
            Some(_) => return Vec::new(),
        }
        self.rows.more_below = answer.more;
        // Keys went on meanwhile: the end may be near again.
        self.edge()
    }

    fn failed(&mut self, _shared: &mut Shared, why: Shown) -> Vec<Effect> {
        self.asked.failed();
        self.trouble = Some(why);
        Vec::new()
    }

    fn draw(&self, _shared: &Shared, canvas: &mut Canvas<'_>) {
        let mut inside = canvas.boxed(self.title);
        let (w, h) = (inside.width(), inside.height());
        inside.put(1, 0, "/", Token::Accent);
        inside.input(3, 0, w.saturating_sub(16), &self.input, true);
        let kind = match self.object_type {
            ObjectType::User => "users",
            ObjectType::Group => "groups",
        };
        inside.put_right(0, w.saturating_sub(1), 0, kind, Token::Muted);
        if let Some(why) = &self.trouble {
            inside.put_in(3, 2, w.saturating_sub(4), why, Token::Fail);
            return;
        }
        if self.rows.rows.is_empty() {
            let words = match (self.read, self.input.value().trim()) {
                (false, _) => show("reading…"),
                (true, "") => show("nothing was read from the directory yet"),
                (true, text) => show(&format!("nothing matches \"{text}\"")),
            };
            inside.put_in(3, 2, w.saturating_sub(4), words, Token::Muted);
            return;
        }
        let rows = usize::from(h.saturating_sub(2));
        for (y, (i, row)) in (2..h).zip(self.rows.visible(rows)) {
            let left = inside.put_right(w / 2, w.saturating_sub(2), y, &row.note, Token::Muted);
            inside.put_in(3, y, left.saturating_sub(5), &row.name, Token::Text);
            if i == self.rows.selected {
                // The cursor stays in the field.
                inside.select(1, y, w.saturating_sub(2), true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::testing::{named, shared};
    use crate::model::UserChange;
    use crate::store::{Store, mirror};
    use serde_json::json;

    /// The answer of a store with so many people.
    fn answer(store: &Store, query: &Query) -> query::Answer {
        let wanted = DirectoryQuery { text: query.text.clone(), ..DirectoryQuery::default() };
        let anchor = query.after.clone().map_or(Anchor::Start, Anchor::After);
        let window = store.read(|c| search::window_users(c, &wanted, &anchor, WINDOW)).unwrap();
        let rows = window.rows.into_iter().map(user).collect();
        query::Answer::Choose(Answer { query: query.clone(), rows, more: window.below })
    }

    fn asked(effects: Vec<Effect>) -> Vec<Query> {
        let query = |effect| match effect {
            Effect::Query(query::Query::Choose(query)) => Some(query),
            _ => None,
        };
        effects.into_iter().filter_map(query).collect()
    }

    #[test]
    fn more_is_asked_for_once_until_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let fill = |c: &rusqlite::Connection| {
            for n in 0..450 {
                let properties = json!({ "displayName": format!("person {n:03}") }).as_object().unwrap().clone();
                let change = UserChange { id: format!("id {n:03}"), properties, ..UserChange::default() };
                mirror::apply_user(c, &change, mirror::INCREMENTAL)?;
            }
            Ok(())
        };
        store.write_blocking(fill).unwrap();
        let mut shared = shared(80, 24, "default");
        let mut page = Choose::new("choose", &[ObjectType::User], Box::new(|_, _| Vec::new()));
        let mut queries = asked(page.opened(&mut shared));
        for window in [1, 2, 3] {
            let came = queries.pop().unwrap();
            assert!(queries.is_empty(), "window {window}: {queries:?}");
            queries = asked(page.answer(&mut shared, answer(&store, &came)));
            // The key is held down until nothing more is there.
            for _ in 0..WINDOW {
                queries.extend(asked(page.key(&mut shared, named("down"))));
            }
        }
        assert!(queries.is_empty(), "there are no more: {queries:?}");
        assert_eq!((page.rows.rows.len(), page.rows.selected), (450, 449));
    }
}
