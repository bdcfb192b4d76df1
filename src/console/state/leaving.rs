//! Layers that go, and what would go with them: nobody loses what was typed without having been asked.

use super::State;
use crate::console::effect::Effect;
use crate::console::page::confirm::Confirm;
use crate::console::page::{Kind, Page};
use crate::console::shared::Shared;
use crate::text::show;

impl State {
    /// The question before something goes that is not saved, where there is such a thing; the effect itself where not.
    ///
    /// # Errors
    /// The effect, when nothing is lost by it.
    pub(super) fn ask_first(&mut self, effect: Effect) -> Result<Effect, Effect> {
        let from = match &effect {
            Effect::Close => self.layers.len().saturating_sub(1),
            Effect::Go(..) | Effect::Turn(_) | Effect::Job(_) => 0,
            Effect::Open(page) => self.closed_by(page.as_ref()),
            _ => return Err(effect),
        };
        let lost = self.layers.iter().skip(from).rev().find_map(|layer| layer.unsaved());
        let Some(lost) = lost else { return Err(effect) };
        let then = Box::new(move |_: &mut Shared| vec![Effect::Anyway(Box::new(effect))]);
        let lines = vec![show(&format!("{lost}.")), show("What is not saved is gone when this page closes.")];
        let confirm = Confirm::new(None, "leave this page", lines, "leave it", then);
        Ok(Effect::Open(Box::new(confirm.staying("stay", "esc  stay here"))))
    }

    /// The first of the layers that go when this page is opened; as many as there are when none goes.
    pub(super) fn closed_by(&self, page: &dyn Page) -> usize {
        match self.open_at(page) {
            Some((at, same)) => at + usize::from(same),
            None => self.layers.len(),
        }
    }

    /// Where a page is open below: it comes back as it was left, unless it is about something else now.
    pub(super) fn open_at(&self, page: &dyn Page) -> Option<(usize, bool)> {
        let at = self.layers.iter().position(|layer| layer.id() == page.id() && layer.kind() == Kind::Full)?;
        Some((at, page.object().is_none_or(|object| self.layers[at].object() == Some(object))))
    }
}
