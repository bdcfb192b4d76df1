//! What was said at the bottom of the screen, newest first.

use super::menu::{self, MOVES, Row};
use super::{CopyItem, Kind, Page, PageId};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::list::List;
use crate::console::shared::Shared;
use crate::console::state::Message;
use crate::console::words;
use crate::text::{Shown, show};

/// The list.
pub struct Messages {
    messages: Vec<Message>,
    rows: List<Row>,
}

impl Messages {
    /// Newest first.
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, rows: List::default() }
    }
}

impl Page for Messages {
    fn id(&self) -> PageId {
        PageId::Messages
    }

    fn kind(&self) -> Kind {
        Kind::Float { width: 110, height: u16::try_from(self.messages.len() + 2).unwrap_or(20).clamp(3, 30) }
    }

    fn actions(&self) -> &'static [Action] {
        MOVES
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        vec![(Action::Down, "down"), (Action::Up, "up"), (Action::Back, "leave")]
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        let row = |m: &Message| (m.text.clone(), show(&words::clock(m.at, &shared.zone)));
        self.rows.rows = self.messages.iter().map(row).collect();
        if self.rows.rows.is_empty() {
            self.rows.rows.push((show("nothing was said yet"), Shown::default()));
        }
        Vec::new()
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, _shared: &mut Shared, action: Action) -> Vec<Effect> {
        match menu::step(action) {
            Some(step) => {
                self.rows.go(step);
                Vec::new()
            }
            None => vec![Effect::Close],
        }
    }

    fn draw(&self, _shared: &Shared, canvas: &mut Canvas<'_>) {
        menu::draw(canvas, "messages", &self.rows);
    }

    fn copies(&self, _shared: &Shared) -> Vec<CopyItem> {
        let message = self.messages.get(self.rows.selected);
        message.map(|m| CopyItem { what: "message", text: m.text.to_string() }).into_iter().collect()
    }
}
