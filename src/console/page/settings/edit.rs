//! Typing into a field. A token is masked, and what was typed of it is wiped.

use super::Settings;
use crate::config::settings::{self, Field, check_field, token_of};
use crate::console::effect::Effect;
use crate::console::input_line;
use crate::console::list::{List, Step};
use crate::console::shared::Shared;
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;
use zeroize::Zeroizing;

/// All the room that a token may need, at once: a text that grows leaves copies behind.
const ROOM: usize = input_line::MOST + 4;

/// What is being typed.
pub(super) enum Edit {
    /// A text, with what is wrong with it once `enter` was pressed.
    Text { field: Field, input: Input, wrong: Option<String> },
    /// A token.
    Token { typed: Zeroizing<String>, wrong: Option<String> },
}

impl Edit {
    /// What is wrong, after `enter`.
    pub(super) fn wrong(&self) -> Option<&str> {
        match self {
            Self::Text { wrong, .. } | Self::Token { wrong, .. } => wrong.as_deref(),
        }
    }

    /// Whether something was typed that is not in the settings.
    pub(super) fn differs(&self, wanted: Option<&settings::Settings>) -> bool {
        match self {
            Self::Text { field, input, .. } => wanted.is_some_and(|wanted| wanted.get(*field) != input.value().trim()),
            Self::Token { typed, .. } => !typed.is_empty(),
        }
    }

    /// Pasted text. What is too long for a token is refused as a whole later: half a token is no token.
    pub(super) fn paste(&mut self, text: &str) {
        match self {
            Self::Text { input, wrong, .. } => {
                input_line::paste(input, text.trim());
                *wrong = None;
            }
            Self::Token { typed, wrong } => {
                let text = text.trim();
                if typed.len() + text.len() < ROOM {
                    typed.push_str(text);
                    *wrong = None;
                } else {
                    *wrong = Some("a token has at most 64 KiB".to_owned());
                }
            }
        }
    }
}

impl Settings {
    pub(super) fn go(&mut self, step: Step) {
        let mut list = List { rows: Field::ALL.to_vec(), selected: self.selected, ..List::default() };
        list.go(step);
        self.selected = list.selected;
    }

    /// Begins to type into the selected field.
    pub(super) fn begin_edit(&mut self) {
        let field = self.field();
        let Some(wanted) = &self.wanted else { return };
        self.edit = Some(if field == Field::SecretToken {
            Edit::Token { typed: Zeroizing::new(String::with_capacity(ROOM)), wrong: None }
        } else {
            Edit::Text { field, input: Input::new(wanted.get(field).to_owned()), wrong: None }
        });
    }

    pub(super) fn edit_key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => self.edit = None,
            KeyCode::Enter => {
                self.end_edit();
            }
            // On to the field below or above, if what was typed can stay.
            KeyCode::Tab | KeyCode::Down if self.end_edit() => self.go(Step::Rows(1)),
            KeyCode::BackTab | KeyCode::Up if self.end_edit() => self.go(Step::Rows(-1)),
            KeyCode::Tab | KeyCode::Down | KeyCode::BackTab | KeyCode::Up => {}
            _ => match &mut self.edit {
                Some(Edit::Text { field, input, wrong }) => {
                    input.handle_event(&Terminal::Key(key));
                    // Once told, it is told until it is right.
                    if wrong.is_some() {
                        *wrong = check_field(*field, input.value()).err();
                    }
                }
                Some(Edit::Token { typed, wrong }) => {
                    *wrong = None;
                    type_token(typed, key);
                }
                None => {}
            },
        }
        Vec::new()
    }

    /// Keeps what was typed if it can stay; otherwise says why not, and typing goes on.
    fn end_edit(&mut self) -> bool {
        let kept = match &mut self.edit {
            Some(Edit::Text { field, input, wrong }) => match check_field(*field, input.value()) {
                Ok(()) => {
                    if let Some(wanted) = &mut self.wanted {
                        wanted.set(*field, input.value().trim());
                    }
                    true
                }
                Err(why) => {
                    *wrong = Some(why);
                    false
                }
            },
            Some(Edit::Token { typed, wrong }) => match token_of(typed) {
                Ok(token) => {
                    self.token = token;
                    true
                }
                Err(why) => {
                    *wrong = Some(why);
                    false
                }
            },
            None => true,
        };
        if kept {
            self.edit = None;
        }
        kept
    }
}

/// One key into a token: letters, backspace, and `ctrl-u` for all of it.
fn type_token(typed: &mut String, key: KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('u') if control => typed.clear(),
        KeyCode::Backspace => {
            typed.pop();
        }
        KeyCode::Char(c) if !control && typed.len() + c.len_utf8() < ROOM => typed.push(c),
        _ => {}
    }
}
