//! What can be taken along: the command, a value, the request, the answer.

use super::{PlanRow, Provision};
use crate::console::command;
use crate::console::page::CopyItem;
use crate::console::shared::Shared;
use crate::sync::trace::Stage;
use crate::text::json_pretty;

impl Provision {
    /// The command that does the same dry run; by id where the name cannot be written on a command line.
    pub(super) fn command(&self, shared: &Shared) -> Option<String> {
        let of = |name| command::of_job(shared, &["provision", command::operand(name)?, "--dry-run"]);
        of(&self.object.name).or_else(|| of(&self.object.id))
    }

    /// What `y` offers.
    pub(super) fn offered(&self, shared: &Shared) -> Vec<CopyItem> {
        let item = |what, text: String| CopyItem { what, text };
        let mut items: Vec<CopyItem> = self.command(shared).map(|line| item("command", line)).into_iter().collect();
        if let Some(run) = self.run() {
            if let Some(PlanRow::Change(index)) = self.rows.current()
                && let Some(change) = run.trace.changes.get(*index).filter(|_| self.stage == Stage::Plan)
            {
                items.push(item("new value", text_of(&change.new)));
                items.push(item("attribute", change.attribute.clone()));
            }
            let sent: Vec<String> = run
                .trace
                .requests
                .iter()
                .filter(|e| !e.is_read())
                .map(|e| {
                    let body = e.body.as_ref().and_then(|body| json_pretty(body).ok());
                    format!("{}\n{}", e.words(), body.map(|b| b.to_string()).unwrap_or_default())
                })
                .collect();
            if !sent.is_empty() {
                items.push(item("request", sent.join("\n\n")));
            }
            items.extend(json_pretty(&run.raw).ok().map(|text| item("answer as JSON", text.to_string())));
        }
        items.push(item("id", self.object.id.clone()));
        items
    }
}

fn text_of(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
