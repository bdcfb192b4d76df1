//! The lines about one step: evidence, the plan's diff, requests and answers, what went wrong and what to do.

use super::raw;
use super::run::{Run, Wrong};
use super::times::local;
use super::{PlanRow, Provision, draw};
use crate::console::attribute_words::{path_in, plain, short_path};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words::end;
use crate::scim::client::Exchange;
use crate::scim::path::AttrPath;
use crate::scim::resource;
use crate::sync::trace::{Stage, StepState, TracedChange};
use crate::text::{Policy, Shown, show, show_with, width, wrap};
use serde_json::Value;

/// One line: pieces with their column, and the row of the plan that it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) pieces: Vec<(u16, Shown, Token)>,
    pub(super) row: Option<usize>,
}

impl Line {
    fn of(x: u16, text: Shown, token: Token) -> Self {
        Self { pieces: vec![(x, text, token)], row: None }
    }

    fn and(mut self, x: u16, text: Shown, token: Token) -> Self {
        self.pieces.push((x, text, token));
        self
    }

    fn row(mut self, row: usize) -> Self {
        self.row = Some(row);
        self
    }
}

/// Where the columns of a plan begin.
struct Columns {
    mark: u16,
    attribute: u16,
    old: u16,
    /// The arrow, where there are no headings.
    arrow: Option<u16>,
    new: u16,
    rule: Option<u16>,
}

fn columns(shared: &Shared, w: u16) -> Columns {
    let share = |part: u32, of: u32| u16::try_from(u32::from(w) * part / of).unwrap_or(w);
    if draw::wide(shared) {
        let rule = Some(share(90, 110));
        Columns { mark: 4, attribute: 6, old: share(28, 110), arrow: None, new: share(59, 110), rule }
    } else {
        let new = share(52, 80);
        let arrow = u16::try_from(width(shared.look.glyphs.arrow)).unwrap_or(1) + 1;
        Columns { mark: 3, attribute: 5, old: share(24, 80), arrow: Some(new.saturating_sub(arrow)), new, rule: None }
    }
}

/// Lines as they are put together.
struct Page<'a> {
    shared: &'a Shared,
    at: Columns,
    width: u16,
    lines: Vec<Line>,
}

/// The lines about the selected step.
pub(super) fn lines(page: &Provision, shared: &Shared, width: u16) -> Vec<Line> {
    let Some(run) = page.shown() else { return Vec::new() };
    let mut out = Page { shared, at: columns(shared, width), width, lines: Vec::new() };
    if page.raw_only(shared) {
        out.exchanges(&of_stage(run, page.stage), true);
        if out.lines.is_empty() {
            out.muted("no request belongs to this step");
        }
        return out.lines;
    }
    match page.stage {
        Stage::Plan => out.plan(page, run),
        stage => out.step(run, stage),
    }
    if draw::wide(shared) {
        out.raw(page, run);
    }
    out.lines
}

/// The requests that a step is about: reads before the first write, writes, reads after it.
fn of_stage(run: &Run, stage: Stage) -> Vec<&Exchange> {
    let all = &run.trace.requests;
    let first = all.iter().position(|e| !e.is_read()).unwrap_or(all.len());
    match stage {
        Stage::Read | Stage::Scope => Vec::new(),
        Stage::Match => all[..first].iter().collect(),
        Stage::Plan | Stage::Write => all.iter().filter(|e| !e.is_read()).collect(),
        Stage::Verify => all[first..].iter().filter(|e| e.is_read()).collect(),
    }
}

impl Page<'_> {
    fn room(&self) -> usize {
        usize::from(self.width.saturating_sub(self.at.attribute + 2)).max(10)
    }

    /// Prose at the column of attributes.
    fn prose(&mut self, text: &str, token: Token) {
        let clean = show_with(&local(text, self.shared), Policy::Detail);
        for line in wrap(clean.as_str(), Some(self.room()), 0) {
            self.lines.push(Line::of(self.at.attribute, show_with(&line, Policy::Detail), token));
        }
    }

    /// Prose behind a mark.
    fn marked(&mut self, mark: &'static str, text: &str, token: Token) {
        let from = self.lines.len();
        self.prose(text, token);
        if let Some(line) = self.lines.get_mut(from) {
            line.pieces.insert(0, (self.at.mark, show(mark), token));
        }
    }

    fn muted(&mut self, text: &str) {
        self.prose(text, Token::Muted);
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.pieces.is_empty()) {
            self.lines.push(Line::default());
        }
    }

    fn plan(&mut self, page: &Provision, run: &Run) {
        let glyphs = self.shared.look.glyphs.clone();
        let failed = run.step(Stage::Plan).is_some_and(|s| s.state == StepState::Failed);
        if failed {
            self.step(run, Stage::Plan);
            self.blank();
        }
        if let Some(rule) = self.at.rule.filter(|_| !page.rows.rows.is_empty()) {
            let heading = Line::of(self.at.attribute, show("attribute"), Token::Muted)
                .and(self.at.old, show("target now"), Token::Muted)
                .and(self.at.new, show("would become"), Token::Muted)
                .and(rule, show("rule"), Token::Muted);
            self.lines.push(heading);
            self.lines.push(Line::default());
        }
        for (i, row) in page.rows.rows.iter().enumerate() {
            match row {
                PlanRow::Change(index) => {
                    let Some(change) = run.trace.changes.get(*index) else { continue };
                    let warning = run.trace.warnings.iter().find(|w| w.attribute == change.attribute);
                    self.change(change, i, warning.is_some());
                    if let Some(warning) = warning {
                        self.warning(&warning.words);
                    }
                }
                PlanRow::Skipped(attribute) => {
                    let cells = usize::from(self.at.old.saturating_sub(self.at.attribute + 2));
                    let line = Line::of(self.at.mark, show(glyphs.dot), Token::Muted)
                        .and(self.at.attribute, path_in(attribute, cells, &glyphs), Token::Muted)
                        .and(self.at.old, show("left out this time, - takes it in again"), Token::Muted);
                    self.lines.push(line.row(i));
                    if let Some(warning) = run.trace.warnings.iter().find(|w| w.attribute == *attribute) {
                        self.warning(&warning.words);
                    }
                }
            }
        }
        let nothing = run.step(Stage::Plan).filter(|s| s.state == StepState::Skipped);
        if let Some(step) = nothing {
            self.prose(&step.evidence, Token::Text);
            self.blank();
        }
        self.unchanged(run);
        for held in run.held() {
            self.blank();
            let why = held.held_reason.as_deref().unwrap_or("a guard keeps it back");
            self.marked(glyphs.warn, &format!("{} is held: {why}", held.verb), Token::Warn);
            self.muted(&held.reason);
        }
        if let Some(step) = run.step(Stage::Plan).filter(|s| s.state == StepState::Waiting) {
            self.step(run, step.stage);
        } else if nothing.is_none() && !failed {
            let reasons: Vec<&str> = run.writes().map(|o| o.reason.as_str()).filter(|r| !r.is_empty()).collect();
            if let Some(first) = reasons.first().filter(|_| run.trace.changes.is_empty()) {
                self.prose(&format!("{}: {first}", run.verbs()), Token::Text);
            }
        }
    }

    /// What is to be looked at, below its attribute.
    fn warning(&mut self, words: &str) {
        let glyphs = self.shared.look.glyphs.clone();
        let room = usize::from(self.width.saturating_sub(self.at.old + 2)).max(10);
        let clean = show_with(&local(words, self.shared), Policy::Detail);
        // Where room is scarce the refusal's whole text is with the write that failed.
        let most = if draw::wide(self.shared) { 6 } else { 2 };
        let all = wrap(clean.as_str(), Some(room), 0);
        for (n, line) in all.iter().take(most).enumerate() {
            let more = all.get(most).filter(|_| n + 1 == most);
            let line = more.map_or_else(|| line.clone(), |more| end(&format!("{line} {more}"), room, &glyphs));
            self.lines.push(Line::of(self.at.old, show_with(&line, Policy::Detail), Token::Warn));
        }
    }

    /// `~ displayName        Grace Murray              → Grace Hopper`
    fn change(&mut self, change: &TracedChange, row: usize, warned: bool) {
        let glyphs = &self.shared.look.glyphs;
        let (mark, token) = match (&change.old, &change.new) {
            _ if warned => (glyphs.warn, Token::Warn),
            (Value::Null, _) => (glyphs.add, Token::Add),
            (_, Value::Null) => (glyphs.remove, Token::Remove),
            _ => (glyphs.change, Token::Change),
        };
        let cells = usize::from(self.at.old.saturating_sub(self.at.attribute + 2));
        let value = |value: &Value| match value {
            Value::Null => (show(glyphs.none), Token::Muted),
            Value::String(text) if text.is_empty() => (show("\"\""), Token::Text),
            value => (plain(value), Token::Text),
        };
        let (old, old_token) = value(&change.old);
        let (new, new_token) = value(&change.new);
        let mut line = Line::of(self.at.mark, show(mark), token)
            .and(self.at.attribute, path_in(&change.attribute, cells, glyphs), Token::Text)
            .and(self.at.old, old, if old_token == Token::Text { Token::Muted } else { old_token });
        if let Some(arrow) = self.at.arrow {
            line = line.and(arrow, show(glyphs.arrow), Token::Muted);
        }
        line = line.and(self.at.new, new, new_token);
        if let (Some(rule), Some(number)) = (self.at.rule, change.rule.number) {
            line = line.and(rule, show(&format!("{number:>4}")), Token::Muted);
        }
        self.lines.push(line.row(row));
    }

    fn unchanged(&mut self, run: &Run) {
        let n = run.trace.unchanged.len();
        if n == 0 {
            return;
        }
        let same = self.shared.look.glyphs.same;
        if draw::wide(self.shared) {
            self.blank();
            let names: Vec<String> = run.trace.unchanged.iter().map(|v| short_path(&v.attribute)).collect();
            self.marked(same, &names.join(", "), Token::Muted);
        } else {
            self.marked(same, &format!("{n} unchanged"), Token::Muted);
        }
    }

    fn step(&mut self, run: &Run, stage: Stage) {
        let glyphs = self.shared.look.glyphs.clone();
        let Some(step) = run.step(stage) else { return };
        match step.state {
            StepState::Waiting if run.dry_run && stage == Stage::Write && run.would_write() => {
                self.muted("Nothing is sent before you say so.");
            }
            StepState::Waiting if run.dry_run && stage == Stage::Verify => {
                self.muted("After the write the account is read back and compared.");
            }
            StepState::Waiting => self.muted("Not begun."),
            StepState::Failed => self.marked(glyphs.fail, &step.evidence, Token::Fail),
            StepState::Warning => self.marked(glyphs.warn, &step.evidence, Token::Warn),
            // The request below says the same.
            StepState::Done if stage == Stage::Write && !draw::wide(self.shared) => {}
            StepState::Done | StepState::Skipped => self.prose(&step.evidence, Token::Text),
        }
        if stage == Stage::Scope && step.state == StepState::Skipped {
            self.blank();
            let next = if step.evidence.contains("filter") {
                "3 Mapping shows each clause of the filter."
            } else if step.evidence.contains("disabled") {
                "It follows when the account is enabled in the directory."
            } else {
                "a assigns somebody to the app."
            };
            self.muted(&format!("Out of scope, so nothing follows. {next}"));
        }
        if stage >= Stage::Match && stage == run.telling() || stage == Stage::Write {
            for wrong in &run.wrong {
                self.wrong(wrong, &step.evidence);
            }
        }
        if let Some(error) = run.error.as_ref().filter(|e| step.state == StepState::Failed && **e != step.evidence) {
            self.blank();
            self.prose(error, Token::Fail);
        }
        if stage == Stage::Verify && !run.dry_run {
            self.read_back(run);
        }
        // Without room beside them the requests stand here.
        let exchanges = if stage == Stage::Plan { Vec::new() } else { of_stage(run, stage) };
        if !draw::wide(self.shared) && !exchanges.is_empty() {
            self.blank();
            for exchange in exchanges {
                let answer = exchange.status.map_or_else(
                    || exchange.error.clone().unwrap_or_default(),
                    |status| format!("{status} in {} ms", exchange.ms),
                );
                let words = format!("{} {} {answer}", exchange.words(), glyphs.arrow);
                self.muted(words.trim_end_matches([' ']));
            }
        }
    }

    /// What went wrong: the app's words and the advice.
    fn wrong(&mut self, wrong: &Wrong, said: &str) {
        let token = if wrong.failed { Token::Fail } else { Token::Warn };
        if wrong.reason != said {
            self.blank();
            self.prose(&wrong.reason, token);
        }
        self.muted(&wrong.code);
        if let Some(advice) = &wrong.advice {
            self.blank();
            self.muted("what to do");
            self.prose(advice, Token::Text);
        }
        if let Some(details) = &wrong.details {
            self.blank();
            self.muted("the app said");
            self.prose(details, Token::Text);
        }
    }

    /// Each value that was written, as the app holds it now.
    fn read_back(&mut self, run: &Run) {
        let held = run.trace.requests.iter().rev().take_while(|e| e.is_read() || e.status.is_some()).find_map(|e| {
            let response = e.response.as_ref()?;
            let whole = response.get("id").is_some() && response.get("schemas").is_some();
            (whole && e.status.is_some_and(|s| s < 300)).then_some(response)
        });
        let Some(held) = held.filter(|_| !run.trace.changes.is_empty()) else { return };
        let glyphs = self.shared.look.glyphs.clone();
        self.blank();
        for change in &run.trace.changes {
            let Ok(path) = AttrPath::parse(&change.attribute) else { continue };
            let value = resource::get(held, &path).unwrap_or(Value::Null);
            let same = resource::same(&value, &change.new, false);
            // References are written as ids and wanted as names: only what can be compared is judged.
            let short = short_path(&change.attribute);
            let reference = matches!(short.rsplit('.').next(), Some("manager" | "members"));
            let (mark, token) = match same {
                true => (glyphs.ok, Token::Text),
                false if reference => (glyphs.dot, Token::Muted),
                false => (glyphs.drift, Token::Warn),
            };
            let cells = usize::from(self.at.old.saturating_sub(self.at.attribute + 2));
            let shown = if value.is_null() { show(glyphs.none) } else { plain(&value) };
            let line = Line::of(self.at.mark, show(mark), token)
                .and(self.at.attribute, path_in(&change.attribute, cells, &glyphs), Token::Text)
                .and(self.at.old, shown, Token::Text);
            self.lines.push(line);
        }
    }

    /// The requests below the detail, answers too when they are wanted.
    fn raw(&mut self, page: &Provision, run: &Run) {
        let exchanges = of_stage(run, page.stage);
        if exchanges.is_empty() {
            return;
        }
        self.blank();
        self.lines.push(Line::default());
        let words = if page.raw { "v hide response" } else { "v show response too" };
        let at = self.width.saturating_sub(u16::try_from(words.len()).unwrap_or(0) + 3);
        let title = if exchanges.len() == 1 { "Raw request" } else { "Raw requests" };
        self.lines.push(Line::of(2, show(title), Token::Strong).and(at, show(words), Token::Muted));
        self.lines.push(Line::default());
        self.exchanges(&exchanges, page.raw);
    }

    fn exchanges(&mut self, exchanges: &[&Exchange], answers: bool) {
        let cells = usize::from(self.width.saturating_sub(self.at.mark + 2));
        let arrow = self.shared.look.glyphs.arrow;
        for (i, exchange) in exchanges.iter().enumerate() {
            if i > 0 {
                self.lines.push(Line::default());
            }
            let lines = raw::exchange(exchange, answers, arrow, cells);
            self.lines.extend(lines.into_iter().map(|(text, token)| Line::of(self.at.mark, text, token)));
        }
    }
}
