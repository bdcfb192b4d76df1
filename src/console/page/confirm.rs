//! The confirmation of anything that writes: it names the effect, its default is *no*, and a held key cannot confirm.

use super::{Kind, Page, PageId, Subject};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::{Effect, Tone};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::text::{Shown, show, wrap};
use crossterm::event::{Event as Terminal, KeyCode, KeyEvent};
use jiff::{SignedDuration, Timestamp};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

/// `enter` does nothing for so long after the box opened: a key that is held down cannot confirm.
const DEAD: SignedDuration = SignedDuration::from_millis(500);

/// Most cells of a line of the box.
const CELLS: usize = 68;
/// Cells of the box beside its lines: borders, margins, and those of the terminal around it.
const AROUND: u16 = 12;

/// What happens when the person says yes.
pub type Then = Box<dyn FnOnce(&mut Shared) -> Vec<Effect> + Send>;

/// A box that asks.
pub struct Confirm {
    /// What its yes writes, if it writes: that has to be unlocked still when the yes comes.
    writes: Option<Subject>,
    title: Shown,
    lines: Vec<Shown>,
    yes: &'static str,
    no: &'static str,
    leave: &'static str,
    /// Cells of a line, from the width of the terminal.
    cells: usize,
    /// What has to be typed: words that say so, and the text.
    must_type: Option<(Shown, String)>,
    input: Input,
    wrong: bool,
    /// Whether *yes* is chosen.
    chosen: bool,
    opened: Option<Timestamp>,
    then: Option<Then>,
}

impl Confirm {
    /// A box with a title, lines that name the effect, the word of its yes, and what happens then. Whoever writes says
    /// what it writes.
    pub fn new(writes: Option<Subject>, title: &str, lines: Vec<Shown>, yes: &'static str, then: Then) -> Self {
        Self {
            writes,
            title: show(title),
            lines,
            yes,
            no: "no, leave it",
            leave: "esc  leave, nothing written",
            cells: CELLS,
            must_type: None,
            input: Input::default(),
            wrong: false,
            chosen: false,
            opened: None,
            then: Some(then),
        }
    }

    /// The same with other words for its no and for leaving it.
    #[must_use]
    pub fn staying(mut self, no: &'static str, leave: &'static str) -> Self {
        (self.no, self.leave) = (no, leave);
        self
    }

    /// The lines as they fit.
    fn wrapped(&self) -> Vec<Shown> {
        self.lines.iter().flat_map(|line| wrap(line.as_str(), Some(self.cells), 0)).map(|line| show(&line)).collect()
    }

    /// The same where a text has to be typed first, as `type the number of changes to go on`.
    #[must_use]
    pub fn typed(mut self, words: &str, text: impl Into<String>) -> Self {
        self.must_type = Some((show(words), text.into()));
        self
    }

    fn dead(&self, shared: &Shared) -> bool {
        self.opened.is_none_or(|at| shared.now < at + DEAD)
    }

    fn enter(&mut self, shared: &mut Shared) -> Vec<Effect> {
        if self.dead(shared) {
            return Vec::new();
        }
        if let Some((_, wanted)) = &self.must_type {
            if self.input.value().trim() != wanted {
                self.wrong = true;
                return Vec::new();
            }
        } else if !self.chosen {
            return vec![Effect::Close];
        }
        // The time may have run out, or another plan may have come, while the question stood there.
        if let Some(subject) = &self.writes
            && shared.may_write(subject).is_err()
        {
            let words = "write mode is off by now: nothing was written. W unlocks it; then ask again";
            return vec![Effect::Close, Effect::Say(Tone::Warn, show(words))];
        }
        let mut effects = vec![Effect::Close];
        if let Some(then) = self.then.take() {
            effects.extend(then(shared));
        }
        effects
    }
}

impl Page for Confirm {
    fn id(&self) -> PageId {
        PageId::Confirm
    }

    fn kind(&self) -> Kind {
        let lines = self.wrapped();
        let widest = lines.iter().chain([&self.title]).map(Shown::width).max().unwrap_or(0);
        let typed = self.must_type.as_ref().map_or(0, |(words, text)| words.width() + 3 + text.len());
        let width = (widest.max(typed) + 8).clamp(50, 76);
        let height = lines.len() + if self.must_type.is_some() { 7 } else { 6 };
        Kind::Float { width: u16::try_from(width).unwrap_or(76), height: u16::try_from(height).unwrap_or(20) }
    }

    fn actions(&self) -> &'static [Action] {
        &[Action::Open, Action::NextPane, Action::PreviousPane]
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        if self.must_type.is_some() {
            vec![(Action::Open, "go on"), (Action::Back, "leave")]
        } else {
            vec![(Action::NextPane, "choose"), (Action::Open, "do it"), (Action::Back, "leave")]
        }
    }

    fn opened(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.opened = Some(shared.now);
        self.cells = CELLS.min(usize::from(shared.width.saturating_sub(AROUND))).max(20);
        Vec::new()
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        match action {
            Action::NextPane | Action::PreviousPane => {
                self.chosen = !self.chosen;
                Vec::new()
            }
            Action::Open => self.enter(shared),
            _ => Vec::new(),
        }
    }

    fn typing(&self) -> bool {
        self.must_type.is_some()
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Vec<Effect> {
        match key.code {
            KeyCode::Esc => return vec![Effect::Close],
            KeyCode::Enter => return self.enter(shared),
            _ => {}
        }
        self.wrong = false;
        self.input.handle_event(&Terminal::Key(key));
        Vec::new()
    }

    fn draw(&self, _shared: &Shared, canvas: &mut Canvas<'_>) {
        let mut inside = canvas.boxed(&self.title);
        let (w, h) = (inside.width(), inside.height());
        let lines = self.wrapped();
        for (y, line) in (1..).zip(&lines) {
            inside.put(3, y, line, Token::Text);
        }
        let below = u16::try_from(lines.len()).unwrap_or(0) + 2;
        if let Some((words, _)) = &self.must_type {
            let x = inside.put(3, below, words, Token::Text);
            inside.put(x, below, ":", Token::Text);
            let room = w.saturating_sub(x + 4).min(20);
            inside.input(x + 2, below, room, &self.input, true);
            if self.wrong {
                inside.put(3, below + 1, "that is not it; nothing was written", Token::Warn);
            }
            inside.put_right(0, w - 3, h - 1, self.leave, Token::Muted);
            return;
        }
        let no = inside.put(6, below, self.no, if self.chosen { Token::Text } else { Token::Strong });
        let yes = inside.put(no + 6, below, self.yes, if self.chosen { Token::Strong } else { Token::Text });
        if self.chosen {
            inside.select(no + 4, below, yes - no - 2, true);
        } else {
            inside.select(4, below, no - 2, true);
        }
        inside.put_right(0, w - 3, h - 1, self.leave, Token::Muted);
    }

    fn changes_at(&self, _shared: &Shared) -> Option<Timestamp> {
        None
    }
}
