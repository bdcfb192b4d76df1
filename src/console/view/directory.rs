//! View: directory.

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::page::{Page, PageId};
use crate::console::query::Sources;
use crate::console::shared::Shared;
use crate::store::StoreError;

/// What the view asks the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        0
    }
}

/// What the store answers.
#[derive(Debug)]
pub enum Answer {}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, _sources: &Sources<'_>) -> Result<Answer, StoreError> {
    match *query {}
}

/// The view.
#[derive(Default)]
pub struct Directory {}

impl Page for Directory {
    fn id(&self) -> PageId {
        PageId::Directory
    }

    fn actions(&self) -> &'static [Action] {
        &[]
    }

    fn hints(&self, _shared: &Shared) -> Vec<(Action, &'static str)> {
        Vec::new()
    }

    fn act(&mut self, _shared: &mut Shared, _action: Action) -> Vec<Effect> {
        Vec::new()
    }

    fn draw(&self, _shared: &Shared, _canvas: &mut Canvas<'_>) {}
}
