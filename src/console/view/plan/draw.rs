//! Drawing the view. Only rows that are visible are looked up and cleaned.

mod detail;

use super::model::{Class, Model};
use super::tree::{Row, Tree};
use super::{Layout, OLD, PATIENCE, Pane, Plan, Stage};
use crate::console::canvas::Canvas;
use crate::console::shared::Shared;
use crate::console::standing::Mood;
use crate::console::style::Token;
use crate::console::words;
use crate::text::{show, width, wrap};

pub(super) fn draw(plan: &Plan, shared: &Shared, canvas: &mut Canvas<'_>) {
    let layout = Layout::of(canvas.width(), canvas.height());
    let Some(model) = &plan.model else {
        empty(plan, shared, canvas);
        return;
    };
    head(plan, model, shared, canvas, layout);
    let alone = layout.list == canvas.width();
    let list_first = !(plan.zoom || alone) || plan.pane == Pane::List;
    let detail_first = !(plan.zoom || alone) || plan.pane == Pane::Detail;
    let bottom = canvas.height();
    let tree = plan.tree(layout);
    if list_first {
        let columns = if plan.zoom { canvas.width() } else { layout.list };
        list(plan, model, &tree, canvas, layout, columns);
    }
    if detail_first {
        let x = if list_first { layout.detail } else { 0 };
        let columns = if list_first { layout.detail_width } else { canvas.width() };
        if list_first {
            canvas.v_line(layout.list, layout.title, bottom);
        }
        if list_first && plan.pane == Pane::Detail && plan.entry(shared).is_some() {
            let bar = canvas.look.glyphs.bar;
            canvas.put_in(x.saturating_sub(1), layout.title, 1, bar, Token::Accent);
        }
        let mut part = canvas.part(x, layout.title, columns, bottom.saturating_sub(layout.title));
        detail::detail(plan, model, shared, &mut part, layout, list_first);
    }
    if let Some(x) = layout.third.filter(|_| !plan.zoom) {
        canvas.v_line(x - 3, layout.title, bottom);
        let mut part = canvas.part(x, layout.title, canvas.width().saturating_sub(x), bottom - layout.title);
        third(model, &mut part);
    }
}

fn put(canvas: &mut Canvas<'_>, x: u16, y: u16, text: &str, token: Token) -> u16 {
    canvas.put(x, y, show(text), token)
}

/// What is being done, with the spinner once it takes a while.
fn busy(plan: &Plan, shared: &Shared) -> Option<String> {
    let since = plan.busy_since()?;
    let waited = shared.now.duration_since(since);
    let spinner = if waited >= PATIENCE {
        let step = u64::try_from(waited.as_millis() / 250).unwrap_or(0);
        shared.look.glyphs.spinner_frame(step)
    } else {
        " "
    };
    let words = match &plan.stage {
        Stage::Planning { words: Some(words), .. } => words.to_string(),
        Stage::Planning { .. } => "reading the directory".to_owned(),
        _ => match shared.standing.as_ref().and_then(|s| s.progress.as_ref()).filter(|p| !p.phase.is_empty()) {
            Some(p) => match p.total {
                Some(total) => format!("{}: {} of {}", p.phase, words::count(p.done), words::count(total)),
                None => p.phase.clone(),
            },
            None => "applying the plan".to_owned(),
        },
    };
    Some(format!("{spinner} {words}, esc {}", if plan.applying.since().is_some() { "stops" } else { "cancels" }))
}

/// Rows above list and details.
fn head(plan: &Plan, model: &Model, shared: &Shared, canvas: &mut Canvas<'_>, layout: Layout) {
    let gap = 3;
    let mut x = canvas.put(1, 0, "Dry run", Token::Strong) + gap;
    let clock = if layout.roomy {
        words::clock(model.made_at, &shared.zone)
    } else {
        words::clock_minute(model.made_at, &shared.zone)
    };
    x = put(canvas, x, 0, &clock, Token::Text) + gap;
    let age = shared.seconds_since(model.made_at);
    if let Some(words) = busy(plan, shared) {
        put(canvas, x, 0, &words, Token::Muted);
    } else if let Stage::Failed { trouble, .. } = &plan.stage {
        x = canvas.put(x, 0, "planning again failed: ", Token::Fail);
        canvas.put(x, 0, &trouble.what, Token::Text);
    } else if plan.since.changed > 0 {
        let since = format!("{} changed since: plan again", words::count(plan.since.changed));
        let words = match words::age(age).as_str() {
            "now" => since,
            age => format!("plan is {age} old, {since}"),
        };
        put(canvas, x, 0, &words, Token::Warn);
    } else if shared.now >= model.made_at + OLD {
        put(canvas, x, 0, &format!("plan is {} old: plan again", words::age(age)), Token::Stale);
    } else {
        let cache = match words::age(age).as_str() {
            "now" => "cache fresh".to_owned(),
            age => format!("{}cache {age} old", if layout.roomy { "against " } else { "" }),
        };
        x = put(canvas, x, 0, &cache, Token::Muted) + gap;
        canvas.put(x, 0, "nothing written", Token::Muted);
    }
    if layout.third.is_some() {
        let mut words = String::new();
        // Cycles go on while a plan is looked at.
        if let Some((at, changes)) = plan.since.last_cycle.or(model.context.last_cycle) {
            let changes = match changes {
                1 => "1 change".to_owned(),
                n => format!("{} changes", words::count(n)),
            };
            words = format!("last cycle {}, {changes}   ", words::day_or_clock(at, shared.now, &shared.zone));
        }
        let print: String = model.fingerprint().chars().take(4).collect();
        words.push_str(&format!("plan {print}"));
        let end = canvas.width() - 1;
        canvas.put_right(x, end, 0, show(&words), Token::Muted);
    }
    counters(model, canvas, layout);
    if layout.third.is_none() {
        guard_line(model, canvas);
    }
    if layout.roomy {
        canvas.h_line(3);
    }
}

fn counters(model: &Model, canvas: &mut Canvas<'_>, layout: Layout) {
    let mut all: Vec<(&'static str, u64, Token)> = Vec::new();
    for class in [Class::Create, Class::Enable, Class::Update, Class::Disable, Class::Delete] {
        let n = model.count(class);
        if n > 0 || !matches!(class, Class::Enable | Class::Delete) {
            all.push((class.word(), n, Token::Text));
        }
    }
    if model.count(Class::Held) > 0 {
        all.push(("held", model.count(Class::Held), Token::Warn));
    }
    if model.adopted > 0 {
        all.push(("link", model.adopted, Token::Text));
    }
    all.push(("unchanged", model.unchanged, Token::Text));
    let cannot = model.count(Class::Cannot);
    all.push(("cannot", cannot, if cannot > 0 { Token::Fail } else { Token::Text }));
    let gap = if layout.roomy { 6 } else { 4 };
    let (from, gap) = fitted(&mut all, gap, usize::from(canvas.width()));
    let mut x = from;
    for (word, n, token) in all {
        x = canvas.put(x, 1, word, Token::Muted) + 1;
        x = put(canvas, x, 1, &words::count(n), token) + gap;
    }
}

/// Where counters begin and how far they stand apart, so that no number is cut: closer where room is scarce; then what
/// is zero goes, and what stays as it is.
fn fitted(all: &mut Vec<(&'static str, u64, Token)>, gap: u16, columns: usize) -> (u16, u16) {
    let cells = |all: &[(&'static str, u64, Token)]| -> usize {
        all.iter().map(|(word, n, _)| width(word) + 1 + width(&words::count(*n))).sum()
    };
    let fits = |all: &[(&'static str, u64, Token)], gap: u16| {
        3 + cells(all) + usize::from(gap) * all.len().saturating_sub(1) < columns
    };
    for gap in (2..=gap).rev() {
        if fits(all, gap) {
            return (3, gap);
        }
    }
    all.retain(|(word, n, _)| *n > 0 || *word == "cannot");
    if !fits(all, 2) {
        all.retain(|(word, ..)| *word != "unchanged");
    }
    (if fits(all, 2) { 3 } else { 1 }, if fits(all, 2) { 2 } else { 1 })
}

/// How many go, of how many, and how many may.
fn removal_words(model: &Model) -> (String, String) {
    let (n, of) = (model.removals, model.context.linked);
    let counts = format!("{} of {}", words::count(n), words::count(of));
    let limit = match model.context.threshold {
        Some(limit) => format!("{}, limit {}", words::percent(n, of), words::count(limit)),
        None => format!("{}, no limit", words::percent(n, of)),
    };
    (counts, limit)
}

/// What the guards say: the mark, the words, and how they are meant.
fn verdict(model: &Model, canvas: &Canvas<'_>) -> (&'static str, String, Token) {
    let glyphs = &canvas.look.glyphs;
    if model.report.too_many.is_some() {
        return (glyphs.warn, "over the limit: held".to_owned(), Token::Warn);
    }
    if let Some((collection, _)) = model.report.unread.first() {
        let words = format!("{} not read: held", collection.as_str());
        return (glyphs.warn, words, Token::Warn);
    }
    match model.count(Class::Held) {
        0 => (glyphs.ok, "inside".to_owned(), Token::Ok),
        n => (glyphs.warn, format!("{} held", words::count(n)), Token::Warn),
    }
}

fn guard_line(model: &Model, canvas: &mut Canvas<'_>) {
    let (counts, limit) = removal_words(model);
    let mut x = canvas.put(3, 2, "guard", Token::Muted) + 4;
    x = put(canvas, x, 2, &format!("removals {counts} = {limit}"), Token::Text) + 4;
    let (mark, words, token) = verdict(model, canvas);
    x = canvas.put(x, 2, mark, token) + 1;
    // The mark alone says it where the words do not fit.
    if usize::from(x) + width(&words) < usize::from(canvas.width()) {
        put(canvas, x, 2, &words, token);
    }
}

fn list(plan: &Plan, model: &Model, tree: &Tree, canvas: &mut Canvas<'_>, layout: Layout, columns: u16) {
    let focused = plan.pane == Pane::List;
    canvas.title(0, layout.title, "Changes", focused && !plan.typing);
    let total = words::count(model.applicable());
    if plan.typing || !plan.input.value().is_empty() {
        let count = match &plan.filtered {
            Some(_) => format!("{} of {total}", words::count(tree.objects() as u64)),
            None => total,
        };
        let x = put(canvas, 10, layout.title, &count, Token::Muted) + 2;
        canvas.put(x, layout.title, "/", Token::Accent);
        canvas.input(x + 2, layout.title, columns.saturating_sub(x + 3), &plan.input, plan.typing);
    } else {
        let all = 23.min(columns);
        canvas.put_right(9, all.saturating_sub(3), layout.title, show(&total), Token::Muted);
        if plan.marks.is_empty() {
            canvas.put_in(all, layout.title, columns.saturating_sub(all + 1), "all", Token::Muted);
        } else {
            let words = show(&format!("{} marked", words::count(plan.marks.len() as u64)));
            canvas.put_right(all - 2, columns.saturating_sub(1), layout.title, words, Token::Mark);
        }
    }
    if tree.is_empty() {
        nothing(plan, model, canvas, layout, columns);
        return;
    }
    let rows = usize::from(layout.rows);
    let top = plan.top_for(tree, rows);
    for (y, index) in (layout.first..canvas.height()).zip(top..tree.len()) {
        let Some(row) = tree.at(index) else { return };
        list_row(plan, model, tree, row, canvas, y, columns);
        if index == plan.selected {
            // The mark of a class stands where the mark of the selection of all others does.
            let x = u16::from(!matches!(row, Row::Heading(_)));
            canvas.select(x, y, columns.saturating_sub(1 + x), focused && !plan.typing);
        }
    }
}

fn list_row(plan: &Plan, model: &Model, tree: &Tree, row: Row, canvas: &mut Canvas<'_>, y: u16, columns: u16) {
    let end = columns.saturating_sub(2);
    match row {
        Row::Heading(class) => {
            canvas.put(1, y, class.glyph(&canvas.look.glyphs), class.token());
            let x = canvas.put(3, y, class.word(), Token::Text) + 1;
            let n = if class == Class::Cannot { model.count(class) } else { tree.total(class) as u64 };
            put(canvas, x, y, &words::count(n), Token::Text);
        }
        Row::Entry(index) => {
            let Some(entry) = model.entries.get(index) else { return };
            let Some(first) = model.first(entry) else { return };
            canvas.put(3, y, entry.class.glyph(&canvas.look.glyphs), entry.class.token());
            let mut name_end = end;
            if matches!(entry.class, Class::Update | Class::Enable) {
                let n = words::count(model.changes(entry) as u64);
                name_end = canvas.put_right(5, end, y, show(&n), Token::Muted).saturating_sub(1);
            }
            let marked = plan.marks.contains(&index);
            let name = model.context.short_name(first);
            let x = canvas.put_in(5, y, name_end.saturating_sub(5), &name, Token::Text);
            if marked {
                canvas.put(2, y, canvas.look.glyphs.filled, Token::Mark);
                canvas.restyle(5, y, x.saturating_sub(5), Token::Mark);
            }
        }
        Row::Cause(index) => {
            let Some(cause) = model.cannot.get(index) else { return };
            canvas.put_right(3, 7, y, show(&words::count(cause.count)), Token::Text);
            canvas.put_in(9, y, (end + 1).saturating_sub(9), &cause.words, Token::Text);
        }
        Row::More(_, n) => {
            put(canvas, 5, y, &format!("{} more", words::count(n as u64)), Token::Muted);
        }
        Row::Blank => {}
    }
}

/// The list has no row: nothing to do, or nothing that fits.
fn nothing(plan: &Plan, model: &Model, canvas: &mut Canvas<'_>, layout: Layout, columns: u16) {
    let room = columns.saturating_sub(4);
    if plan.filtered.is_some() {
        let words = show(&format!("nothing matches \"{}\"", plan.input.value().trim()));
        canvas.put_in(3, layout.first, room, words, Token::Text);
        canvas.put_in(3, layout.first + 1, room, "esc clears", Token::Muted);
        return;
    }
    let ok = canvas.look.glyphs.ok;
    canvas.put(3, layout.first, ok, Token::Ok);
    canvas.put_in(5, layout.first, room.saturating_sub(2), "nothing to write", Token::Text);
    let unchanged = format!("{} unchanged", words::count(model.unchanged));
    let linked = format!("{} accounts are there already, the next cycle links them", words::count(model.adopted));
    let lines = [(model.adopted > 0).then_some(linked), Some(unchanged)];
    let lines = lines.iter().flatten().flat_map(|line| wrap(line, Some(usize::from(room.saturating_sub(2)).max(8)), 0));
    for (y, line) in (layout.first + 1..).zip(lines) {
        canvas.put_in(5, y, room.saturating_sub(2), show(&line), Token::Muted);
    }
}

/// By attribute, guards, surprises.
fn third(model: &Model, canvas: &mut Canvas<'_>) {
    let end = 22;
    canvas.put(0, 0, "By attribute", Token::Text);
    let mut y = 2;
    let (named, other) = &model.attributes;
    for (name, n) in named {
        canvas.put_in(2, y, end - 9, name, Token::Text);
        canvas.put_right(2, end, y, show(&words::count(*n)), Token::Text);
        y += 1;
    }
    if *other > 0 {
        canvas.put(2, y, "other", Token::Muted);
        canvas.put_right(2, end, y, show(&words::count(*other)), Token::Muted);
        y += 1;
    }
    if named.is_empty() {
        canvas.put(2, y, "no value changes", Token::Muted);
        y += 1;
    }
    y += 2;
    canvas.put(0, y, "Guards", Token::Text);
    y += 2;
    let (counts, limit) = removal_words(model);
    let (mark, words, token) = verdict(model, canvas);
    canvas.put(2, y, "removals", Token::Muted);
    put(canvas, 12, y, &counts, Token::Text);
    put(canvas, 12, y + 1, &limit, Token::Text);
    let x = canvas.put(12, y + 2, mark, token) + 1;
    put(canvas, x, y + 2, &words, token);
    y += 3;
    canvas.put(2, y, "directory", Token::Muted);
    let (mark, token) = if model.report.unread.is_empty() {
        (canvas.look.glyphs.ok, Token::Ok)
    } else {
        (canvas.look.glyphs.warn, Token::Warn)
    };
    let x = canvas.put(12, y, mark, token) + 1;
    canvas.put(x, y, if token == Token::Ok { "read to its end" } else { "not read to its end" }, token);
    y += 3;
    if model.surprises.is_empty() {
        return;
    }
    canvas.put(0, y, "Surprises", Token::Text);
    y += 2;
    for lines in &model.surprises {
        for line in lines {
            canvas.put(2, y, line, Token::Text);
            y += 1;
        }
        y += 1;
    }
}

/// No plan yet: it is being made, or could not be.
fn empty(plan: &Plan, shared: &Shared, canvas: &mut Canvas<'_>) {
    canvas.put(1, 0, "Dry run", Token::Strong);
    let room = canvas.width().saturating_sub(4);
    match &plan.stage {
        Stage::Failed { trouble, at } => {
            canvas.put_in(3, 2, room, "No plan could be made.", Token::Text);
            let mut y = 4;
            for (label, text) in [("what", &trouble.what)].into_iter().chain(trouble.advice.iter().map(|a| ("do", a))) {
                canvas.put(3, y, label, Token::Muted);
                for line in crate::text::wrap(text.as_str(), Some(usize::from(room.saturating_sub(8))), 0) {
                    put(canvas, 11, y, &line, if label == "what" { Token::Fail } else { Token::Text });
                    y += 1;
                }
            }
            canvas.put(3, y, "tried", Token::Muted);
            put(canvas, 11, y, &words::clock(*at, &shared.zone), Token::Text);
            canvas.put(3, y + 2, "r  plans again", Token::Muted);
        }
        Stage::Away => {
            let (what, then) = match shared.mood() {
                Mood::Offline => {
                    ("No plan while offline: it reads both sides as they are now.", "r  plans all the same")
                }
                _ => ("No plan was made while offline.", "r  plans"),
            };
            canvas.put_in(3, 2, room, what, Token::Text);
            canvas.put(3, 4, then, Token::Muted);
        }
        Stage::Building => {
            canvas.put(11, 0, "sorting what was found", Token::Muted);
        }
        Stage::Planning { .. } => {
            let words = busy(plan, shared).unwrap_or_default();
            put(canvas, 11, 0, &words, Token::Muted);
            let words =
                "What the next cycle would do, made by the same stages as a cycle, cut before anything is written.";
            for (y, line) in (2..).zip(wrap(words, Some(usize::from(room).min(70)), 0)) {
                canvas.put_in(3, y, room, show(&line), Token::Text);
            }
        }
        Stage::Rest => {
            canvas.put_in(3, 2, room, "There is no plan. r makes one; nothing is written.", Token::Text);
        }
    }
}
