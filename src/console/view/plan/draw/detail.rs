//! What happens to the selected object, attribute by attribute; or what a heading stands for.

use super::super::layout::Layout;
use super::super::model::{Class, Entry, Model, value};
use super::super::tree::Row;
use super::super::{Pane, Plan};
use super::put;
use crate::console::attribute_words::{path_in, short_path};
use crate::console::canvas::Canvas;
use crate::console::shared::Shared;
use crate::console::style::{Glyphs, Token};
use crate::console::words::{self, account};
use crate::model::{Change, ObjectType, Verb};
use crate::store::log::normalise;
use crate::sync::project::Subject;
use crate::text::{Shown, show, width, wrap};
use serde_json::Value;

/// Values of one change that are spelled out.
const VALUES: usize = 500;

/// One line of the details.
struct Line {
    x: u16,
    text: Shown,
    token: Token,
    /// What stands at the right end.
    right: Option<Shown>,
}

impl Line {
    fn new(x: u16, text: &str, token: Token) -> Self {
        Self { x, text: show(text), token, right: None }
    }

    fn blank() -> Self {
        Self::new(0, "", Token::Text)
    }
}

impl Plan {
    /// How many lines the details of the selected row have.
    pub(in super::super) fn detail_lines(&self, shared: &Shared) -> usize {
        let layout = Layout::of_shared(shared);
        let Some(model) = &self.model else { return 0 };
        match self.entry(shared) {
            Some((_, entry)) => lines_of(self, model, entry, layout.detail_width, shared.look.glyphs.same).len(),
            None => 0,
        }
    }
}

pub(super) fn detail(
    plan: &Plan,
    model: &Model,
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    layout: Layout,
    beside: bool,
) {
    let focused = plan.pane == Pane::Detail;
    let row = plan.row(shared);
    let Some((_, entry)) = plan.entry(shared) else {
        summary(model, row, canvas);
        return;
    };
    let Some(first) = model.first(entry) else { return };
    let known = plan.detail.as_ref().filter(|d| d.id == first.source_id);
    let title = known.map_or_else(|| model.context.name(first), |d| d.title.clone());
    // Beside the list the bar has a column of its own.
    let alone = !beside;
    if focused && alone {
        let bar = canvas.look.glyphs.bar;
        canvas.put(0, 0, bar, Token::Accent);
    }
    let x = u16::from(focused && alone);
    let verbs: Vec<&str> = {
        let mut verbs: Vec<&str> = model.operations(entry).map(|o| o.verb.as_str()).collect();
        verbs.dedup();
        verbs
    };
    let n = model.changes(entry);
    let mut what = verbs.join(", ");
    if n > 0 {
        what.push_str(&if n == 1 { " · 1 attribute".to_owned() } else { format!(" · {n} attributes") });
    }
    let mut token = Token::Muted;
    if first.held_reason.is_some() {
        what.push_str(" · held");
        token = Token::Warn;
    }
    let columns = canvas.width().saturating_sub(1);
    let mut y = 2;
    if layout.roomy {
        let left = canvas.put_right(20, columns, 0, show(&what), token);
        canvas.put_in(x, 0, left.saturating_sub(x + 2), &title, if focused { Token::Strong } else { Token::Text });
    } else {
        canvas.put(x, 0, &title, if focused { Token::Strong } else { Token::Text });
        // The reason comes along where it is not cut.
        let whole = format!("{what} · {}", first.reason);
        let whole = show(if width(&whole) <= usize::from(columns) { &whole } else { &what });
        canvas.put(0, 1, whole, token);
        y += 1;
    }
    let same = canvas.look.glyphs.same;
    let lines = lines_of(plan, model, entry, canvas.width(), same);
    let rows = usize::from(canvas.height().saturating_sub(y));
    let from = plan.detail_top.min(lines.len().saturating_sub(rows.min(lines.len())));
    let more = lines.len() > from + rows;
    let last = canvas.height().saturating_sub(1);
    for (y, line) in (y..canvas.height()).zip(&lines[from..]) {
        if more && y == last {
            let left = lines.len() - (from + rows) + 1;
            put(canvas, 2, y, &format!("{} more lines", words::count(left as u64)), Token::Muted);
            break;
        }
        let end = canvas.width().saturating_sub(1);
        canvas.put_in(line.x, y, end.saturating_sub(line.x), &line.text, line.token);
        if let Some(right) = &line.right {
            canvas.put_right(line.x, end, y, right, Token::Muted);
        }
    }
}

/// The diff of an entry, attribute by attribute.
fn lines_of(plan: &Plan, model: &Model, entry: &Entry, columns: u16, same: &'static str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut changed = Vec::new();
    let held = model.first(entry).and_then(|o| o.held_reason.as_ref());
    if let Some(why) = held {
        let cells = usize::from(columns.saturating_sub(4));
        lines
            .extend(crate::text::wrap(show(why).as_str(), Some(cells), 0).iter().map(|l| Line::new(2, l, Token::Warn)));
        lines.push(Line::new(2, "decide with : release or : reject", Token::Muted));
        lines.push(Line::blank());
    }
    for operation in model.operations(entry) {
        for change in &operation.changes {
            changed.push(change.attribute.as_str());
            if operation.verb == Verb::Create {
                lines.push(created(model, operation.object_type, change, columns));
            } else {
                changes(model, operation.object_type, change, &mut lines);
            }
        }
        if operation.verb == Verb::Create && !operation.changes.is_empty() {
            lines.push(Line::blank());
        }
    }
    let known = model.first(entry).and_then(|o| plan.detail.as_ref().filter(|d| d.id == o.source_id));
    let written = matches!(entry.class, Class::Update | Class::Enable);
    if let Some(detail) = known.filter(|_| written) {
        let unchanged = detail.mapped.iter().filter(|m| !changed.contains(&m.as_str())).count();
        if unchanged > 0 {
            let mut line = Line::new(2, &format!("{unchanged} unchanged"), Token::Muted);
            line.right = Some(show(same));
            lines.push(line);
        }
    }
    while lines.last().is_some_and(|l| l.text.as_str().is_empty()) {
        lines.pop();
    }
    lines
}

/// An attribute of a new account takes one line.
fn created(model: &Model, object_type: ObjectType, change: &Change, columns: u16) -> Line {
    let name = path_in(&change.attribute, 18, &Glyphs::unicode());
    let pad = " ".repeat(18_usize.saturating_sub(name.width()));
    let mut line = Line::new(2, &format!("{name}{pad} + {}", value(&change.new)), Token::Text);
    if columns >= 60
        && let Some((number, _)) = model.rule(object_type, &change.attribute)
    {
        line.right = Some(show(&format!("rule {number}")));
    }
    line
}

/// An attribute that changes: its name, what goes, what comes, and the rule.
fn changes(model: &Model, object_type: ObjectType, change: &Change, lines: &mut Vec<Line>) {
    lines.push(Line::new(2, &short_path(&change.attribute), Token::Text));
    let name = |item: &Value| {
        let known = item.as_str().and_then(|id| model.context.names.get(id));
        known.map_or_else(|| value(item), ToString::to_string)
    };
    let mut side = |held: &Value, mark: &str, token: Token| match held {
        Value::Null => {}
        Value::Array(items) => {
            for item in items.iter().take(VALUES) {
                lines.push(Line::new(4, &format!("{mark} {}", name(item)), token));
            }
            if items.len() > VALUES {
                let left = words::count((items.len() - VALUES) as u64);
                lines.push(Line::new(6, &format!("{left} more"), Token::Muted));
            }
        }
        other => lines.push(Line::new(4, &format!("{mark} {}", name(other)), token)),
    };
    side(&change.old, "-", Token::Remove);
    side(&change.new, "+", Token::Add);
    if change.new.is_null() {
        lines.push(Line::new(4, "+ nothing", Token::Muted));
    }
    if let Some((number, source)) = model.rule(object_type, &change.attribute) {
        lines.push(Line::new(6, &format!("rule {number}   {source}"), Token::Muted));
    }
    lines.push(Line::blank());
}

/// What stands beside a heading or a cause.
fn summary(model: &Model, row: Option<Row>, canvas: &mut Canvas<'_>) {
    let (class, n) = match row {
        Some(Row::Heading(class) | Row::More(class, _)) => (class, model.count(class)),
        Some(Row::Cause(i)) => {
            let Some(cause) = model.cannot.get(i) else { return };
            canvas.put(0, 0, &cause.words, Token::Text);
            put(canvas, 0, 1, &format!("{} · {}", words::count(cause.count), cause.code), Token::Muted);
            canvas.put(2, 3, "enter opens 4 Log on it", Token::Muted);
            who(model, &cause.code, canvas);
            return;
        }
        _ => return,
    };
    let words = if n == 1 { "1 object".to_owned() } else { format!("{} objects", words::count(n)) };
    let x = canvas.put(0, 0, class.word(), Token::Text) + 1;
    put(canvas, x, 0, &format!("· {words}"), Token::Muted);
    if class == Class::Cannot {
        canvas.put(0, 1, "failed before and wait, or cannot be planned", Token::Muted);
        canvas.put(2, 3, "enter opens 4 Log", Token::Muted);
        return;
    }
    let held = class == Class::Held;
    canvas.put(
        0,
        1,
        if held { "a person decides: release or reject" } else { "space marks all of them" },
        Token::Muted,
    );
    let reasons = model.range(class).take(2_000).filter_map(|i| model.first(&model.entries[i]));
    let reasons = reasons.map(|o| o.held_reason.as_deref().unwrap_or(&o.reason));
    for (y, (reason, n)) in (3..canvas.height()).zip(by_reason(reasons)) {
        canvas.put_right(0, 7, y, show(&words::count(n)), Token::Text);
        put(canvas, 9, y, &reason, Token::Text);
    }
}

/// Who cannot be provisioned for a reason: those that this plan found, then those that wait.
fn who(model: &Model, code: &str, canvas: &mut Canvas<'_>) {
    let found = model.report.notes.iter().filter(|note| note.failed && note.code == code);
    let name = |subject: &Subject| show(subject.principal_name.as_deref().map_or(&subject.name, account));
    let found = found.map(|note| (name(&note.subject), show(&note.reason)));
    let waiting = model.context.who_waits.get(code).into_iter().flatten().cloned();
    let room = usize::from(canvas.width().saturating_sub(5));
    let mut y = 5;
    for (name, reason) in found.chain(waiting) {
        if y >= canvas.height() {
            break;
        }
        canvas.put(2, y, name, Token::Text);
        for line in wrap(reason.as_str(), Some(room), 0) {
            y += 1;
            put(canvas, 4, y, &line, Token::Muted);
        }
        y += 1;
    }
}

/// Reasons with how often they are given, the most frequent first. Values are masked, as in causes of the log: what
/// differs from person to person is no reason of its own. A reason that is given once is shown as it is.
fn by_reason<'a>(reasons: impl Iterator<Item = &'a str>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, &str, u64)> = Vec::new();
    for reason in reasons {
        let masked = normalise(reason);
        match counts.iter().position(|(known, ..)| *known == masked) {
            Some(at) => counts[at].2 += 1,
            None if counts.len() < 50 => counts.push((masked, reason, 1)),
            None => {}
        }
    }
    counts.sort_by_key(|(.., n)| std::cmp::Reverse(*n));
    counts.into_iter().map(|(masked, first, n)| (if n == 1 { first.to_owned() } else { masked }, n)).collect()
}
