//! Page: provision.

use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::page::{Object, Page, PageId};
use crate::console::shared::Shared;

/// The page.
#[derive(Default)]
pub struct Provision {
    object: Option<Object>,
}

impl Page for Provision {
    fn id(&self) -> PageId {
        PageId::Provision
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

    fn object(&self) -> Option<Object> {
        self.object.clone()
    }
}

impl Provision {
    /// For one user or group.
    pub fn new(object: Object) -> Self {
        Self { object: Some(object) }
    }
}
