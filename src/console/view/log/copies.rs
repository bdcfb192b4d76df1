//! What `y` takes along: what the model has, never what is drawn.

use super::phrase;
use super::state::{Log, Pane};
use crate::console::page::CopyItem;
use crate::console::shared::Shared;
use crate::store::log::CauseRow;

impl Log {
    /// Items for the selected row, most useful first.
    pub(super) fn copy_items(&self, shared: &Shared) -> Vec<CopyItem> {
        if self.full.is_none() && self.pane == Pane::Causes {
            return self.causes.current().map_or_else(Vec::new, |cause| of_cause(cause, shared));
        }
        self.of_event(shared)
    }

    fn of_event(&self, shared: &Shared) -> Vec<CopyItem> {
        let Some(event) = self.event() else { return Vec::new() };
        let line = &event.line;
        let entry = self.current_detail().map(|detail| &detail.entry);
        let error = entry.and_then(|entry| entry.provisioning_status_info.error_information.as_ref());
        let whole = entry.and_then(|entry| {
            let mut properties = entry.modified_properties.iter();
            properties.find(|property| Some(&property.display_name) == line.attribute.as_ref())?.new_value.clone()
        });
        let reason = error.map(|error| error.reason.clone()).or_else(|| line.reason.clone());
        let row = [
            line.at.to_string(),
            line.status.as_str().to_owned(),
            line.action.clone(),
            event.name().to_owned(),
            line.code.clone().unwrap_or_default(),
            line.attribute.clone().unwrap_or_default(),
            reason.clone().unwrap_or_default(),
        ];
        let mut items = vec![
            item("id", Some(line.source_id.clone())),
            item("value", whole.or_else(|| line.value.clone())),
            item("row", Some(row.join("\t"))),
            item("reason", reason),
            item("name", Some(event.name().to_owned())),
            item("app id", Some(line.target_id.clone())),
            item("entry id", Some(line.id.clone())),
            item("command", command(&["log", "--search", &line.source_id], shared)),
        ];
        if event.object().is_some() {
            let name = crate::console::command::operand(event.name());
            items.push(item("dry run", name.and_then(|name| command(&["provision", name, "--dry-run"], shared))));
        }
        items.into_iter().flatten().collect()
    }
}

fn of_cause(cause: &CauseRow, shared: &Shared) -> Vec<CopyItem> {
    let row = [
        cause.count.to_string(),
        cause.code.clone(),
        cause.attribute.clone().unwrap_or_default(),
        phrase::cause_answer(cause),
        cause.first.to_string(),
        cause.last.to_string(),
        cause.reason.clone(),
    ];
    let since = cause.first.to_string();
    let status = cause.status.as_str();
    let wanted = ["log", "--status", status, "--since", &since, "--search", &cause.code];
    let found = command(if cause.code.is_empty() { &wanted[..5] } else { &wanted }, shared);
    let items = [
        item("row", Some(row.join("\t"))),
        item("value", cause.attribute.clone()),
        item("reason", Some(cause.reason.clone())),
        item("command", found),
    ];
    items.into_iter().flatten().collect()
}

fn item(what: &'static str, text: Option<String>) -> Option<CopyItem> {
    text.filter(|text| !text.is_empty()).map(|text| CopyItem { what, text })
}

/// A command on this job; `None` if an argument cannot be pasted safely.
fn command(arguments: &[&str], shared: &Shared) -> Option<String> {
    crate::console::command::of_job(shared, arguments)
}
