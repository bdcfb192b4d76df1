//! The jobs of the configuration, to choose another one.

use super::menu::{self, MOVES, Row};
use super::{Kind, Page, PageId};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::list::List;
use crate::console::shared::Shared;
use crate::text::show;

/// The list.
pub struct Jobs {
    names: Vec<String>,
    rows: List<Row>,
}

impl Jobs {
    /// All jobs, the open one selected.
    pub fn new(shared: &Shared) -> Self {
        let names = shared.job.jobs.clone();
        let selected = names.iter().position(|name| *name == shared.job.name).unwrap_or(0);
        let rows = names
            .iter()
            .enumerate()
            .map(|(i, name)| (show(name), show(if i == selected { "open" } else { "" })))
            .collect();
        Self { names, rows: List { rows, selected, ..List::default() } }
    }
}

impl Page for Jobs {
    fn id(&self) -> PageId {
        PageId::Jobs
    }

    fn kind(&self) -> Kind {
        Kind::Float { width: 50, height: u16::try_from(self.names.len() + 2).unwrap_or(12).min(18) }
    }

    fn actions(&self) -> &'static [Action] {
        MOVES
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        vec![(Action::Open, "open"), (Action::Down, "down"), (Action::Up, "up"), (Action::Back, "leave")]
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        if let Some(step) = menu::step(action) {
            self.rows.go(step);
            return Vec::new();
        }
        match self.names.get(self.rows.selected) {
            Some(name) if *name != shared.job.name => vec![Effect::Close, Effect::Job(name.clone())],
            _ => vec![Effect::Close],
        }
    }

    fn draw(&self, _shared: &Shared, canvas: &mut Canvas<'_>) {
        menu::draw(canvas, "jobs", &self.rows);
    }
}
