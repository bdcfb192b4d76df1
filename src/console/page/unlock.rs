//! Unlocking writing: for one object, the plan or the job, for five minutes. It asks for a few letters, so that no
//! single key does it.

use super::{Kind, Page, PageId, Subject, prose};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words::middle;
use crate::text::{Shown, show};
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// So many letters have to be typed.
const LETTERS: usize = 3;
/// Lines that say what is unlocked.
const LINES: usize = 3;
/// Cells of a name in them.
const NAME: usize = 44;

/// The box.
pub struct Unlock {
    /// The narrowest first; `tab` goes to the next.
    subjects: Vec<Subject>,
    at: usize,
    input: Input,
    wrong: bool,
}

impl Unlock {
    /// For a subject, or for the whole job.
    pub fn new(subject: Subject) -> Self {
        let mut subjects = vec![subject];
        if subjects[0] != Subject::Job {
            subjects.push(Subject::Job);
        }
        Self { subjects, at: 0, input: Input::default(), wrong: false }
    }

    fn subject(&self) -> &Subject {
        self.subjects.get(self.at).unwrap_or(&Subject::Job)
    }

    /// What is unlocked, whose first letters are asked for, and the name they begin.
    fn words(&self, shared: &Shared) -> (Shown, &'static str, String) {
        let job = || ("the job's name", shared.job.name.clone());
        let (what, (of, name)) = match self.subject() {
            Subject::Object(object) => {
                let called = middle(show(&object.name).as_str(), NAME, &shared.look.glyphs);
                let what = format!("Provisioning {called} and changing what is assigned there. Nobody else.");
                (what, ("the name", object.name.clone()))
            }
            Subject::Plan(_) => {
                ("Applying the plan that is shown, releasing and rejecting what it holds. No other plan.".into(), job())
            }
            Subject::Job => (
                "All of this job: its settings, assignments and cycles, applying any plan, provisioning anybody."
                    .into(),
                job(),
            ),
        };
        (show(&what), of, name)
    }
}

impl Page for Unlock {
    fn id(&self) -> PageId {
        PageId::Unlock
    }

    fn kind(&self) -> Kind {
        Kind::Float { width: 66, height: 11 }
    }

    fn actions(&self) -> &'static [Action] {
        &[]
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        if self.subjects.len() > 1 {
            let other = if self.at == 0 { "for the job" } else { "for one only" };
            return vec![(Action::Open, "unlock"), (Action::NextPane, other), (Action::Back, "leave")];
        }
        vec![(Action::Open, "unlock"), (Action::Back, "leave")]
    }

    fn act(&mut self, _shared: &mut Shared, _action: Action) -> Vec<Effect> {
        Vec::new()
    }

    fn typing(&self) -> bool {
        true
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => return vec![Effect::Close],
            KeyCode::Tab | KeyCode::BackTab => {
                self.at = (self.at + 1) % self.subjects.len();
                self.input = Input::default();
                self.wrong = false;
                return Vec::new();
            }
            KeyCode::Enter => {
                let (_, _, name) = self.words(shared);
                let typed = self.input.value().trim().to_lowercase();
                let least = name.chars().count().min(LETTERS);
                if typed.chars().count() < least || !name.to_lowercase().starts_with(&typed) {
                    self.wrong = true;
                    return Vec::new();
                }
                shared.unlock(self.subject().clone());
                return vec![Effect::Close, Effect::say("writing is unlocked for 5 minutes")];
            }
            _ => {}
        }
        self.wrong = false;
        self.input.handle_event(&Terminal::Key(key));
        Vec::new()
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let (what, of, name) = self.words(shared);
        let mut inside = canvas.boxed("unlock writing");
        let (w, h) = (inside.width(), inside.height());
        inside.put(3, 0, "for 5 minutes:", Token::Muted);
        for (y, line) in (1..).zip(prose::lines(what.as_str(), w.saturating_sub(6)).iter().take(LINES)) {
            inside.put(3, y, show(line), Token::Text);
        }
        let n = name.chars().count().min(LETTERS);
        inside.put(3, 4, show(&format!("type the first {n} letters of {of}:")), Token::Text);
        // The letters that count stand out, and are there however long the name is.
        let letters: String = name.chars().take(n).collect();
        let rest: String = name.chars().skip(n).collect();
        let x = inside.put(3, 5, show(&letters), Token::Strong);
        let rest = middle(show(&rest).as_str(), usize::from(w.saturating_sub(x + 3)), &shared.look.glyphs);
        inside.put(x, 5, show(&rest), Token::Muted);
        inside.input(3, 6, 24, &self.input, true);
        if self.wrong {
            inside.put(30, 6, "that is not it", Token::Warn);
        }
        inside.put_right(0, w - 3, h - 1, "esc  leave, nothing unlocked", Token::Muted);
    }
}
