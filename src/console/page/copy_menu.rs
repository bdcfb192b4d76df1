//! The copy menu: what can be taken along from here. What is copied is what the model has, never what is drawn.

use super::menu::{self, MOVES, Row};
use super::{CopyItem, Kind, Page, PageId};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::list::List;
use crate::console::shared::Shared;
use crate::text::show;

/// The menu.
pub struct CopyMenu {
    items: Vec<CopyItem>,
    rows: List<Row>,
}

impl CopyMenu {
    /// With what the page below offers.
    pub fn new(items: Vec<CopyItem>) -> Self {
        let rows = items.iter().map(|item| (show(item.what), show(&item.text))).collect();
        Self { items, rows: List { rows, ..List::default() } }
    }
}

impl Page for CopyMenu {
    fn id(&self) -> PageId {
        PageId::CopyMenu
    }

    fn kind(&self) -> Kind {
        Kind::Float { width: 64, height: u16::try_from(self.items.len() + 2).unwrap_or(12).min(14) }
    }

    fn actions(&self) -> &'static [Action] {
        MOVES
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        vec![(Action::Open, "copy"), (Action::Down, "down"), (Action::Up, "up"), (Action::Back, "leave")]
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, _shared: &mut Shared, action: Action) -> Vec<Effect> {
        if let Some(step) = menu::step(action) {
            self.rows.go(step);
            return Vec::new();
        }
        match self.items.get(self.rows.selected) {
            Some(item) => vec![Effect::Close, Effect::Copy { what: item.what, text: item.text.clone() }],
            None => vec![Effect::Close],
        }
    }

    fn draw(&self, _shared: &Shared, canvas: &mut Canvas<'_>) {
        menu::draw(canvas, "copy", &self.rows);
    }
}
