//! The question before a role is assigned or taken away.

use super::Assign;
use crate::console::desk::Request;
use crate::console::effect::Effect;
use crate::console::page::confirm::Confirm;
use crate::console::page::{Page, PageId, Subject};
use crate::console::shared::Shared;
use crate::model::ObjectType;
use crate::text::show;

impl Assign {
    /// Asks whether to assign the selected role, or to take it away.
    pub(super) fn question(&self) -> Vec<Effect> {
        let (Some(object), Some(role), Some(known)) = (self.object(), self.selected_role().cloned(), &self.known)
        else {
            return Vec::new();
        };
        let (app, who) = (&known.principal.display_name, self.name_of(&object));
        let group = object.object_type == ObjectType::Group;
        let writes = Subject::Object(object.clone());
        let (title, first, second, yes, request) = match role.held {
            None => (
                format!("assign {who}"),
                format!("{who} gets {} of {app}.", role.name),
                match group {
                    true => "Its direct members come into scope with the next cycle.",
                    false => "The next cycle provisions; p provisions at once.",
                },
                "assign",
                Request::Assign { object_type: object.object_type, id: object.id, role: role.id },
            ),
            Some(assignment) => (
                format!("take away from {who}"),
                format!("{who} loses {} of {app}.", role.name),
                match group {
                    true => "Members without another assignment fall out of scope with the next cycle.",
                    false => "Without another assignment the next cycle takes the account out of scope.",
                },
                "take away",
                Request::Unassign { assignment },
            ),
        };
        let lines = vec![show(&first), show(second)];
        let writing = self.writing.clone();
        let then = Box::new(move |shared: &mut Shared| {
            let ticket = shared.ticket();
            writing.begin(ticket, shared.now);
            vec![Effect::Desk(PageId::Assign, ticket, request)]
        });
        vec![Effect::Open(Box::new(Confirm::new(Some(writes), &title, lines, yes, then)))]
    }
}
