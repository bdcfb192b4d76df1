//! The command palette and the help: one list of every action, with its key or the reason why it is off. Typing
//! filters it; `:` opens it by what can be done here, `?` by group.

use super::{Kind, Page, PageId, Reason};
use crate::console::action::{Action, Group};
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::input_line;
use crate::console::keymap;
use crate::console::list::{List, Step};
use crate::console::shared::Shared;
use crate::console::style::{Token, names};
use crate::text::{Shown, show};
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent, KeyModifiers};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// What choosing an item does.
#[derive(Clone, Debug, PartialEq)]
enum What {
    Action(Action),
    Theme(String),
    Job(String),
}

/// One line of the list.
#[derive(Clone, Debug)]
struct Item {
    what: What,
    title: String,
    keys: String,
    note: &'static str,
    on: bool,
    group: Group,
}

/// A row on the screen: a title of a group, or an item by its number.
#[derive(Clone, Debug, PartialEq)]
enum Row {
    Title(&'static str),
    Item(usize),
}

/// Palette or help.
pub struct Palette {
    items: Vec<Item>,
    rows: List<Row>,
    input: Input,
    grouped: bool,
}

impl Palette {
    /// The palette: what works here first.
    pub fn commands(choices: Vec<(Action, Result<(), Reason>)>) -> Self {
        Self::new(choices, false)
    }

    /// Help: the same list by group, with every key.
    pub fn keys(choices: Vec<(Action, Result<(), Reason>)>) -> Self {
        Self::new(choices, true)
    }

    fn new(choices: Vec<(Action, Result<(), Reason>)>, grouped: bool) -> Self {
        let items = choices
            .into_iter()
            .map(|(action, enabled)| {
                let entry = action.entry();
                let keys: Vec<&str> = entry.keys.iter().map(|k| keymap::shown(k)).collect();
                Item {
                    what: What::Action(action),
                    title: entry.title.to_owned(),
                    keys: keys.join("  "),
                    note: enabled.err().unwrap_or_default(),
                    on: enabled.is_ok(),
                    group: entry.group,
                }
            })
            .collect();
        let mut palette = Self { items, rows: List::default(), input: Input::default(), grouped };
        palette.filter();
        palette
    }

    fn filter(&mut self) {
        let text = self.input.value().trim();
        let rows: Vec<Row> = if text.is_empty() && self.grouped {
            let mut order: Vec<usize> = (0..self.items.len()).collect();
            order.sort_by_key(|i| self.items[*i].group);
            let mut rows = Vec::new();
            let mut last = None;
            for i in order {
                let group = self.items[i].group;
                if last != Some(group) {
                    rows.push(Row::Title(group.title()));
                    last = Some(group);
                }
                rows.push(Row::Item(i));
            }
            rows
        } else if text.is_empty() {
            (0..self.items.len()).map(Row::Item).collect()
        } else {
            let mut matcher = Matcher::new(Config::DEFAULT);
            let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
            let mut scored: Vec<(u32, bool, usize)> = self
                .items
                .iter()
                .enumerate()
                .filter_map(|(i, item)| {
                    // A key finds its action too.
                    let exact = item.keys.split("  ").any(|k| k == text);
                    let name = match &item.what {
                        What::Action(action) => format!("{action:?}"),
                        What::Theme(_) | What::Job(_) => String::new(),
                    };
                    let words = format!("{} {} {name}", item.title, item.keys);
                    let mut chars = Vec::new();
                    let score = pattern.score(nucleo_matcher::Utf32Str::new(&words, &mut chars), &mut matcher);
                    // A name that begins like this is meant before one that has the letters somewhere.
                    let begins = item.title.to_lowercase().starts_with(&text.to_lowercase());
                    let begins = begins && item.on;
                    let score = if exact { Some(u32::MAX) } else { score.map(|s| if begins { s + 1000 } else { s }) };
                    score.map(|score| (score, item.on, i))
                })
                .collect();
            // What fits best comes first; what is off has to fit better than what is on.
            scored.sort_by_key(|(score, on, i)| (std::cmp::Reverse(if *on { *score } else { score / 3 * 2 }), *i));
            scored.into_iter().map(|(_, _, i)| Row::Item(i)).collect()
        };
        self.rows = List { rows, height: self.rows.height, ..List::default() };
        self.skip_title(1);
    }

    /// Titles cannot be selected.
    fn skip_title(&mut self, direction: isize) {
        while matches!(self.rows.current(), Some(Row::Title(_))) {
            let before = self.rows.selected;
            self.rows.go(Step::Rows(direction));
            if self.rows.selected == before {
                if direction < 0 {
                    self.skip_title(1);
                }
                return;
            }
        }
    }

    fn go(&mut self, step: Step) {
        self.rows.go(step);
        let up = matches!(step, Step::Rows(n) | Step::Half(n) if n < 0);
        self.skip_title(if up { -1 } else { 1 });
    }

    fn choose(&self) -> Vec<Effect> {
        let Some(Row::Item(i)) = self.rows.current() else { return vec![Effect::Close] };
        let then = match &self.items[*i].what {
            What::Action(action) => Effect::Act(*action),
            What::Theme(name) => Effect::Theme(name.clone()),
            What::Job(name) => Effect::Job(name.clone()),
        };
        vec![Effect::Close, then]
    }
}

impl Page for Palette {
    fn id(&self) -> PageId {
        PageId::Palette
    }

    fn kind(&self) -> Kind {
        if self.grouped { Kind::Float { width: 74, height: 40 } } else { Kind::Float { width: 72, height: 16 } }
    }

    fn actions(&self) -> &'static [Action] {
        &[]
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        vec![(Action::Open, "do it"), (Action::Back, "leave")]
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let plain = |what: What, title: String| Item {
            what,
            title,
            keys: String::new(),
            note: "",
            on: true,
            group: Group::Console,
        };
        for name in names(shared.look.folder.as_deref()) {
            self.items.push(plain(What::Theme(name.clone()), format!("theme {name}")));
        }
        for name in shared.job.jobs.iter().filter(|name| **name != shared.job.name) {
            self.items.push(plain(What::Job(name.clone()), format!("job {name}")));
        }
        self.filter();
        Vec::new()
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, _shared: &mut Shared, _action: Action) -> Vec<Effect> {
        Vec::new()
    }

    fn typing(&self) -> bool {
        true
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Vec<Effect> {
        input_line::paste(&mut self.input, text);
        self.filter();
        Vec::new()
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        // The frame around it, the line that is typed, and the one that counts what is below.
        if let Kind::Float { height, .. } = self.kind() {
            self.rows.height = usize::from(height.min(shared.height.saturating_sub(5)).saturating_sub(4)).max(1);
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return vec![Effect::Close],
            KeyCode::Enter => return self.choose(),
            KeyCode::Down | KeyCode::Tab => self.go(Step::Rows(1)),
            KeyCode::Up | KeyCode::BackTab => self.go(Step::Rows(-1)),
            KeyCode::Char('n') if control => self.go(Step::Rows(1)),
            KeyCode::Char('p') if control => self.go(Step::Rows(-1)),
            KeyCode::PageDown => self.go(Step::Half(1)),
            KeyCode::PageUp => self.go(Step::Half(-1)),
            KeyCode::Char('d') if control => self.go(Step::Half(1)),
            KeyCode::Char('u') if control => self.go(Step::Half(-1)),
            _ => {
                let before = self.input.value().to_owned();
                self.input.handle_event(&Terminal::Key(key));
                if self.input.value() != before {
                    self.filter();
                }
            }
        }
        Vec::new()
    }

    fn draw(&self, _shared: &Shared, canvas: &mut Canvas<'_>) {
        let mut inside = canvas.boxed(if self.grouped { "keys" } else { "command" });
        let (w, h) = (inside.width(), inside.height());
        inside.put(1, 0, if self.grouped { "/" } else { ":" }, Token::Accent);
        inside.input(3, 0, w.saturating_sub(5), &self.input, true);
        if self.rows.rows.is_empty() {
            inside.put(3, 1, show(&format!("nothing is called \"{}\"", self.input.value())), Token::Muted);
        }
        let keys = w * 3 / 5 + 1;
        let all = self.rows.rows.len();
        let fit = usize::from(h.saturating_sub(1));
        // The last row says that there are more.
        let rows = if all > fit { fit.saturating_sub(1) } else { fit };
        let shown = self.rows.visible(rows);
        let below = all.saturating_sub(self.rows.top_for(rows) + rows);
        if all > fit {
            let words = if below > 0 { format!("{below} more") } else { String::new() };
            inside.put(3, h.saturating_sub(1), show(&words), Token::Muted);
        }
        for (y, (i, row)) in (1..h).zip(shown) {
            match row {
                Row::Title(title) => {
                    inside.put(1, y, *title, Token::Strong);
                }
                Row::Item(n) => {
                    let item = &self.items[*n];
                    let token = if item.on { Token::Text } else { Token::Muted };
                    inside.put_in(3, y, keys - 4, show(&item.title), token);
                    let keyed: Shown = show(&item.keys);
                    let x = inside.put_in(keys, y, w.saturating_sub(keys + 1), keyed, Token::Accent);
                    let from = if item.keys.is_empty() { keys } else { (x + 2).max(keys + 4) };
                    inside.put_right(from, w - 1, y, item.note, Token::Muted);
                }
            }
            if i == self.rows.selected {
                let mut cursor_free = inside.part(0, 0, w, h);
                cursor_free.select(1, y, w - 2, true);
            }
        }
    }
}
