//! The filter while it is typed.

use super::query::Which;
use super::state::{Log, Pane};
use crate::console::effect::Effect;
use crate::console::list::Step;
use crate::console::shared::Shared;
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

impl Log {
    pub(super) fn typed(&mut self, shared: &Shared, key: KeyEvent) -> Vec<Effect> {
        self.fit(shared);
        match key.code {
            KeyCode::Esc => {
                self.typing = false;
                let had = !self.filter.value().is_empty();
                self.filter = Input::default();
                if had { self.restart() } else { Vec::new() }
            }
            KeyCode::Enter | KeyCode::Tab => {
                self.typing = false;
                self.pane = Pane::Events;
                Vec::new()
            }
            KeyCode::Down => self.step_event(Step::Rows(1)),
            KeyCode::Up => self.step_event(Step::Rows(-1)),
            KeyCode::PageDown => self.step_event(Step::Half(1)),
            KeyCode::PageUp => self.step_event(Step::Half(-1)),
            _ => {
                let before = self.which();
                self.filter.handle_event(&Terminal::Key(key));
                self.refiltered(&before)
            }
        }
    }

    pub(super) fn pasted(&mut self, text: &str) -> Vec<Effect> {
        let before = self.which();
        crate::console::input_line::paste(&mut self.filter, text);
        self.refiltered(&before)
    }

    fn refiltered(&mut self, before: &Which) -> Vec<Effect> {
        if *before == self.which() { Vec::new() } else { self.restart() }
    }
}
