//! From the plan to the write: never by one key.

use super::Provision;
use crate::console::action::Action;
use crate::console::attribute_words::short_path;
use crate::console::effect::Effect;
use crate::console::page::confirm::Confirm;
use crate::console::shared::Shared;
use crate::model::ObjectType;
use crate::sync::trace::Stage;
use crate::text::show;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Provision {
    /// Asks whether to write.
    pub(super) fn question(&self, shared: &Shared) -> Vec<Effect> {
        let Some(run) = self.run().filter(|run| run.would_write()) else {
            return vec![Effect::say("there is nothing to write")];
        };
        if shared.may_write(&self.subject_of()).is_err() {
            return vec![Effect::say("write mode is off: W unlocks writing for this one, for 5 minutes")];
        }
        let what = match self.object.object_type {
            ObjectType::User => "user",
            ObjectType::Group => "group",
        };
        let mut lines = vec![show(&format!("{} in {}: {}", self.object.name, shared.job.target, run.verbs()))];
        let names: Vec<String> = run.trace.changes.iter().map(|c| short_path(&c.attribute)).collect();
        let left: Vec<String> = self.skip.iter().map(|attribute| short_path(attribute)).collect();
        let mut words = |label: &str, names: &[String]| {
            if !names.is_empty() {
                let text = format!("{label} {}", names.join(", "));
                let clean = show(&text);
                let wrapped = crate::text::wrap(clean.as_str(), Some(66), 2);
                let more = wrapped.len() > 4;
                lines.extend(wrapped.iter().take(4).map(|line| show(line)));
                if more {
                    lines.push(show("  …"));
                }
            }
        };
        words("writes", &names);
        words("leaves out", &left);
        if run.held().next().is_some() {
            lines.push(show("What a guard holds stays held."));
        }
        let agreed = Arc::clone(&self.agreed);
        // Every question begins without an answer.
        agreed.store(false, Ordering::Relaxed);
        let then = Box::new(move |_: &mut Shared| {
            agreed.store(true, Ordering::Relaxed);
            vec![Effect::Act(Action::Apply)]
        });
        let title = format!("write this {what} for real");
        let confirm = Confirm::new(Some(self.subject_of()), &title, lines, "write it", then);
        let confirm = if run.deletes() { confirm.typed("type delete to go on", "delete") } else { confirm };
        vec![Effect::Open(Box::new(confirm))]
    }

    /// What `enter` does: on to the next step, and from the plan to the question.
    pub(super) fn next(&mut self, shared: &Shared) -> Vec<Effect> {
        let Some(run) = self.run() else { return Vec::new() };
        let at = Stage::ALL.iter().position(|stage| *stage == self.stage).unwrap_or(0);
        // Nothing is to be seen behind the step at which it ended.
        let end = run.telling();
        if self.stage >= end {
            return if run.would_write() { self.question(shared) } else { Vec::new() };
        }
        if let Some(stage) = Stage::ALL.get(at + 1) {
            self.stage = *stage;
            self.scroll = 0;
        }
        Vec::new()
    }
}
