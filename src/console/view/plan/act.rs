//! What the view does: marks, opens, applies, decides; and what it hears back.

use super::model::{Class, Entry, Model};
use super::tree::Row;
use super::{Layout, Pane, Plan, Query, Same, Stage};
use crate::console::command;
use crate::console::desk::{News, Reply, Request, Ticket};
use crate::console::effect::{Effect, Tone};
use crate::console::page::confirm::Confirm;
use crate::console::page::{CopyItem, Export, Focus, PageId, Reason, Subject};
use crate::console::query;
use crate::console::shared::{Runner, Shared};
use crate::console::words;
use crate::model::{Counts, OperationState};
use crate::text::{Shown, show};
use serde::Deserialize as _;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Names that a decision is asked about.
const NAMED: usize = 5;

impl Plan {
    pub(super) fn may_plan(&self) -> Result<(), Reason> {
        match self.stage {
            Stage::Planning { .. } | Stage::Building => Err("a plan is being made"),
            Stage::Rest | Stage::Away | Stage::Failed { .. } if self.applying.since().is_some() => {
                Err("the plan is being applied")
            }
            Stage::Rest | Stage::Away | Stage::Failed { .. } => Ok(()),
        }
    }

    pub(super) fn may_apply(&self, shared: &Shared) -> Result<(), Reason> {
        self.may_plan()?;
        let Some(model) = &self.model else { return Err("no plan yet") };
        if model.applicable() == 0 {
            return Err("nothing to apply");
        }
        if !self.marks.is_empty() && self.marked(model, true).is_empty() {
            return Err("nothing that is marked can be applied");
        }
        if matches!(shared.runner, Runner::Trouble(_)) {
            return Err("the job cannot run");
        }
        shared.may_write(&self.unlocks())
    }

    /// What `W` unlocks: this plan and no other. Without a fingerprint there is nothing to hold on to.
    pub(super) fn unlocks(&self) -> Subject {
        let fingerprint = self.model.as_ref().map(|model| model.fingerprint()).filter(|print| !print.is_empty());
        fingerprint.map_or(Subject::Job, |print| Subject::Plan(print.to_owned()))
    }

    pub(super) fn may_decide(&self, shared: &Shared) -> Result<(), Reason> {
        if self.deciding.since().is_some() {
            return Err("a decision is under way");
        }
        if self.held(shared).is_none() {
            return Err("needs a held operation");
        }
        shared.may_write(&self.unlocks())
    }

    /// Marked entries that are, or are not, applied.
    fn marked<'a>(&self, model: &'a Model, applied: bool) -> Vec<&'a Entry> {
        self.marks.iter().filter_map(|i| model.entries.get(*i)).filter(|e| e.class.applies() == applied).collect()
    }

    /// The held entries that a decision is about: marked ones, else the selected one, else all below the heading.
    pub(super) fn held(&self, shared: &Shared) -> Option<Vec<usize>> {
        let model = self.model.as_ref()?;
        let is_held = |i: &usize| model.entries.get(*i).is_some_and(|e| e.class == Class::Held);
        let marked: Vec<usize> = self.marks.iter().copied().filter(is_held).collect();
        if !marked.is_empty() {
            return Some(marked);
        }
        match self.row(shared)? {
            Row::Entry(i) if is_held(&i) => Some(vec![i]),
            Row::Heading(Class::Held) => Some(self.tree(Layout::of_shared(shared)).members(Class::Held)),
            _ => None,
        }
    }

    pub(super) fn mark(&mut self, shared: &Shared) {
        let layout = Layout::of_shared(shared);
        let tree = self.tree(layout);
        match tree.at(self.selected) {
            Some(Row::Entry(i)) => {
                if !self.marks.remove(&i) {
                    self.marks.insert(i);
                }
                self.last_mark = Some(self.selected);
                if matches!(tree.at(self.selected + 1), Some(Row::Entry(_))) {
                    self.select(self.selected + 1, &tree, layout);
                }
            }
            // A heading stands for all of its class that the filter leaves.
            Some(Row::Heading(class) | Row::More(class, _)) => {
                let members: BTreeSet<usize> = tree.members(class).into_iter().collect();
                if members.is_subset(&self.marks) {
                    self.marks.retain(|i| !members.contains(i));
                } else {
                    self.marks.extend(members);
                }
            }
            _ => {}
        }
    }

    pub(super) fn mark_range(&mut self, shared: &Shared) {
        let tree = self.tree(Layout::of_shared(shared));
        let from = self.last_mark.unwrap_or(self.selected);
        for row in from.min(self.selected)..=from.max(self.selected) {
            if let Some(Row::Entry(i)) = tree.at(row) {
                self.marks.insert(i);
            }
        }
        self.last_mark = Some(self.selected);
    }

    pub(super) fn open_row(&mut self, shared: &Shared) -> Vec<Effect> {
        match self.row(shared) {
            Some(Row::Entry(_)) => self.pane = Pane::Detail,
            Some(Row::Heading(Class::Cannot)) => return vec![Effect::Go(PageId::Log, None)],
            Some(Row::Heading(class)) => match self.expanded.iter().position(|c| *c == class) {
                Some(at) => {
                    self.expanded.remove(at);
                }
                None => self.expanded.push(class),
            },
            Some(Row::More(class, _)) => self.expanded.push(class),
            Some(Row::Cause(i)) => {
                let code = self.model.as_ref().and_then(|m| m.cannot.get(i)).map(|c| c.code.clone());
                return vec![Effect::Go(PageId::Log, code.map(Focus::Filter))];
            }
            Some(Row::Blank) | None => {}
        }
        Vec::new()
    }

    /// The attribute whose rule `m` opens: the first that changes.
    pub(super) fn rule_of(&self, shared: &Shared) -> Option<String> {
        let model = self.model.as_ref()?;
        let (_, entry) = self.entry(shared)?;
        let mut changes = model.operations(entry).flat_map(|o| o.changes.iter().map(move |c| (o.object_type, c)));
        changes.find(|(kind, c)| model.rule(*kind, &c.attribute).is_some()).map(|(_, c)| c.attribute.clone())
    }

    pub(super) fn confirm_apply(&mut self, shared: &Shared) -> Vec<Effect> {
        let Some(model) = &self.model else { return Vec::new() };
        let all: Vec<&Entry> = model.entries.iter().filter(|e| e.class.applies()).collect();
        let marked = self.marked(model, true);
        let only: Option<Vec<String>> = (!marked.is_empty()).then(|| {
            let ids = marked.iter().filter_map(|e| model.first(e)).map(|o| o.source_id.clone());
            ids.collect::<BTreeSet<_>>().into_iter().collect()
        });
        let chosen = if only.is_some() { &marked } else { &all };
        let n = chosen.len() as u64;
        let count = |class| chosen.iter().filter(|e| e.class == class).count() as u64;
        let classes = Class::ALL.into_iter().filter(|c| c.applies() && count(*c) > 0);
        let what: Vec<String> = classes.map(|c| format!("{} {}", c.word(), words::count(count(c)))).collect();
        let mut lines = vec![show(&what.join("   "))];
        lines.extend(undo(&count));
        if model.count(Class::Held) > 0 {
            lines.push(show("what is held stays held"));
        }
        if only.is_none() && !self.input.value().trim().is_empty() {
            lines.push(show("the filter hides some of them: all are applied; space marks single ones"));
        }
        let changes = if n == 1 { "change" } else { "changes" };
        let which = if only.is_some() { "marked " } else { "" };
        let title =
            format!("apply {} {which}{changes} to {}, {}", words::count(n), shared.job.target, shared.job.environment);
        let fingerprint = model.fingerprint().to_owned();
        let applying = self.applying.clone();
        let then = Box::new(move |shared: &mut Shared| {
            let ticket = shared.ticket();
            applying.begin(ticket, shared.now);
            vec![Effect::Desk(PageId::Plan, ticket, Request::Apply { fingerprint, only })]
        });
        let confirm = Confirm::new(Some(self.unlocks()), title.trim_end_matches(", "), lines, "apply", then)
            .typed("type the number of changes to go on", n.to_string());
        vec![Effect::Open(Box::new(confirm))]
    }

    pub(super) fn confirm_decision(&mut self, shared: &Shared, release: bool) -> Vec<Effect> {
        let (Some(model), Some(held)) = (&self.model, self.held(shared)) else { return Vec::new() };
        let operations: Vec<_> =
            held.iter().filter_map(|i| model.entries.get(*i)).flat_map(|e| model.operations(e)).collect();
        let ids: Vec<String> = operations.iter().map(|o| o.id.clone()).collect();
        let mut lines: Vec<Shown> =
            operations.iter().take(NAMED).map(|o| show(&format!("{} {}", o.verb, model.context.name(o)))).collect();
        if operations.len() > NAMED {
            lines.push(show(&format!("and {} more", operations.len() - NAMED)));
        }
        lines.push(show(""));
        let (verb, yes, what) = if release {
            ("release", "release", "They happen in the next cycle, unless the directory changes again.")
        } else {
            ("reject", "reject", "They are dropped, and stay so until the objects change again.")
        };
        lines.push(show(what));
        let plural = if ids.len() == 1 { "operation" } else { "operations" };
        let title = format!("{verb} {} held {plural}", words::count(ids.len() as u64));
        let deciding = self.deciding.clone();
        let then = Box::new(move |shared: &mut Shared| {
            let ticket = shared.ticket();
            deciding.begin(ticket, shared.now);
            vec![Effect::Desk(PageId::Plan, ticket, Request::Decide { ids, release })]
        });
        vec![Effect::Open(Box::new(Confirm::new(Some(self.unlocks()), &title, lines, yes, then)))]
    }

    /// News of a dry run, of applying, or of a decision.
    pub(super) fn heard(&mut self, shared: &mut Shared, ticket: Ticket, news: News) -> Vec<Effect> {
        let planning = matches!(&self.stage, Stage::Planning { ticket: own, .. } if *own == ticket);
        match news {
            News::Progress(said) => {
                if planning && let Stage::Planning { words, .. } = &mut self.stage {
                    *words = Some(said);
                }
                Vec::new()
            }
            News::Done(Ok(Reply::Plan(report))) if planning => {
                self.stage = Stage::Building;
                vec![Effect::Query(query::Query::Plan(Query::Build(Same(Arc::from(report)))))]
            }
            News::Done(Err(trouble)) if planning => {
                self.stage = Stage::Failed { trouble, at: shared.now };
                Vec::new()
            }
            News::Done(outcome) if self.applying.ends(ticket) || self.deciding.ends(ticket) => {
                let told = match outcome {
                    Ok(Reply::Answer(answer)) => {
                        let (tone, words) = applied(&answer);
                        self.moved = answer.moved().map(|moved| match moved.differ {
                            Some(1) => "1 object changed, nothing was written".to_owned(),
                            Some(n) => format!("{} objects changed, nothing was written", words::count(n)),
                            None => "nothing was written, that was not the last plan".to_owned(),
                        });
                        // What was unlocked is done; what is left is another plan.
                        let locked = tone != Tone::Fail && shared.lock_plan_unless(None);
                        let words = if locked { format!("{words}; write mode is off again") } else { words };
                        Effect::Say(tone, show(&words))
                    }
                    Ok(Reply::Done(words)) => Effect::Say(Tone::Plain, words),
                    Ok(_) => return Vec::new(),
                    Err(trouble) => {
                        let advice = trouble.advice.iter().map(Shown::as_str).collect::<Vec<_>>().join("; ");
                        let advice = if advice.is_empty() { advice } else { format!(": {advice}") };
                        return vec![Effect::fail(&format!("{}{advice}", trouble.what))];
                    }
                };
                // What was applied is no longer to do, and what moved is to be seen.
                let mut effects = vec![told];
                effects.extend(self.plan(shared));
                effects
            }
            News::Step(_) | News::Done(_) => Vec::new(),
        }
    }

    pub(super) fn copy_items(&self, shared: &Shared) -> Vec<CopyItem> {
        let mut items = Vec::new();
        if let (Some(model), Some((_, entry))) = (&self.model, self.entry(shared)) {
            if let Some(first) = model.first(entry) {
                items.push(CopyItem { what: "id", text: first.source_id.clone() });
                items.push(CopyItem { what: "name", text: first.name.clone() });
            }
            let changes: Vec<String> = model
                .operations(entry)
                .flat_map(|o| &o.changes)
                .map(|c| format!("{}: {} → {}", c.attribute, super::model::value(&c.old), super::model::value(&c.new)))
                .collect();
            items.push(CopyItem { what: "row", text: changes.join("\n") });
        }
        items.extend(command::of_job(shared, &["plan"]).map(|text| CopyItem { what: "command", text }));
        items
    }

    /// The plan as JSON: what it is named by, and every operation.
    pub(super) fn exported(&self) -> Option<Export> {
        let model = self.model.as_ref()?;
        let state = |o: &crate::model::Operation| match o.state {
            OperationState::Held => o.held_reason.clone(),
            _ => None,
        };
        let operations: Vec<_> = model
            .report
            .operations
            .iter()
            .map(|o| {
                json!({
                    "operation": o.verb, "object_type": o.object_type, "source_id": o.source_id,
                    "target_id": o.target_id, "name": o.name, "state": o.state, "reason": o.reason,
                    "held": state(o), "changes": o.changes,
                })
            })
            .collect();
        let plan = json!({
            "plan": model.fingerprint(),
            "made_at": model.made_at.to_string(),
            "operations": operations,
        });
        let text = crate::text::json_pretty(&plan).ok()?;
        Some(Export { name: "plan", extension: "json", text: text.as_str().to_owned() })
    }
}

/// How the changes could be undone.
fn undo(count: &dyn Fn(Class) -> u64) -> Vec<Shown> {
    let mut ways = Vec::new();
    for (class, way) in [
        (Class::Update, "updates yes (kept)"),
        (Class::Create, "creates by disable"),
        (Class::Enable, "enables by disable"),
        (Class::Disable, "disables by re-enable"),
        (Class::Delete, "deletes not at all"),
    ] {
        if count(class) > 0 {
            ways.push(way);
        }
    }
    let mut lines = Vec::new();
    for (n, pair) in ways.chunks(2).enumerate() {
        let head = if n == 0 { "can be undone: " } else { "               " };
        let tail = if (n + 1) * 2 < ways.len() { "," } else { "" };
        lines.push(show(&format!("{head}{}{tail}", pair.join(", "))));
    }
    lines
}

/// What applying came to, in a line.
fn applied(answer: &crate::engine::Answer) -> (Tone, String) {
    if let Some(error) = answer.result.get("error").and_then(|e| e.as_str()) {
        // It is planned again by itself: what is on the page next is not what was approved.
        let words = error.replace("; plan again (nothing was written)", "; nothing was written, this is planned anew");
        return (Tone::Fail, words);
    }
    let counts = answer.result.get("counts").and_then(|c| Counts::deserialize(c).ok()).unwrap_or_default();
    let words = words::counts(&counts);
    let head = if answer.exit_code == 130 { "stopped" } else { "applied" };
    let tone = if counts.failed > 0 || answer.exit_code == 130 { Tone::Warn } else { Tone::Plain };
    (tone, format!("{head}: {words}"))
}
