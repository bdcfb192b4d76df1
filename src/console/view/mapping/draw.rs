//! Drawing the rules and the details below them.

use super::detail::{self, Line};
use super::sheet::{Gives, Person, RuleRow, Sheet};
use super::words::{cells, expression_in, path_in, short_path};
use super::{Blame, Mapping, Row};
use crate::console::canvas::Canvas;
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::model::ObjectType;
use crate::text::{Policy, Shown, show, show_with};

/// Rows of header, tabs, rule and hints around a page.
const CHROME: u16 = 4;
/// From here on the rows have numbers and notes, and details stand side by side.
const WIDE: u16 = 120;
/// From here on the details have three columns.
const WIDEST: u16 = 150;
/// Rows of the details below the list of a narrow screen.
const BELOW: u16 = 6;

/// Columns and rows of the page.
pub(super) fn body(shared: &Shared) -> (u16, u16) {
    (shared.width, shared.height.saturating_sub(CHROME))
}

/// Rows of the list.
pub(super) fn list_height((w, h): (u16, u16)) -> usize {
    let rows = if w >= WIDE && h >= 20 { (h - 6) / 2 } else { h.saturating_sub(2 + 1 + BELOW.min(h / 3)) };
    usize::from(rows.max(1))
}

/// Where the columns of the list begin.
struct Columns {
    number: Option<u16>,
    target: u16,
    source: u16,
    result: u16,
    note: Option<u16>,
    end: u16,
}

/// Three cells stay free between the columns, as far as the longest target allows.
fn columns(w: u16, sheet: &Sheet) -> Columns {
    let longest = sheet.rules.iter().map(|rule| cells(show(&short_path(&rule.target)).as_str())).max().unwrap_or(0);
    let share = |from: u16, part: u32, of: u32| {
        let cells = u32::from(w.saturating_sub(from)) * part / of;
        from + u16::try_from(cells).unwrap_or(0)
    };
    if w >= WIDE {
        let (source, result, note) = (share(7, 18, 153).max(25), share(7, 66, 153), share(7, 100, 153));
        let source = source.max(7 + 3 + longest.min(28));
        Columns { number: Some(6), target: 7, source, result, note: Some(note), end: w.saturating_sub(1) }
    } else {
        let (source, result) = (share(5, 18, 75), share(5, 52, 75));
        let source = source.max((5 + 3 + longest.min(18)).min(source + 3));
        Columns { number: None, target: 5, source, result, note: None, end: w.saturating_sub(1) }
    }
}

/// Draws the page.
pub(super) fn draw(view: &Mapping, shared: &Shared, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.width(), canvas.height());
    let Some(sheet) = &view.sheet else {
        title(view, None, canvas);
        match &view.trouble {
            Some(why) => {
                canvas.put(3, 2, "The rules cannot be shown: the store cannot be read.", Token::Text);
                canvas.put(3, 3, why, Token::Fail);
                canvas.put(3, 5, "r tries again", Token::Muted);
            }
            None => {
                canvas.put(3, 2, "reading…", Token::Muted);
            }
        }
        return;
    };
    title(view, Some(sheet), canvas);
    if view.zoom {
        let mut part = canvas.part(0, 2, w, h.saturating_sub(2));
        zoomed(view, shared, sheet, &mut part);
        return;
    }
    let wide = w >= WIDE && h >= 20;
    let rows = u16::try_from(list_height((w, h))).unwrap_or(h);
    let at = columns(w, sheet);
    heading(sheet, &at, if wide { 2 } else { 1 }, canvas);
    let from = if wide { 4 } else { 2 };
    for (y, (i, row)) in (from..).zip(view.rows.visible(usize::from(rows))) {
        list_row(view, sheet, *row, &at, y, canvas);
        if i == view.rows.selected {
            canvas.select(1, y, at.note.map_or(at.end, |note| note.saturating_sub(1)).saturating_sub(1), true);
        }
    }
    if wide {
        let line = from + rows + 1;
        canvas.h_line(line);
        let mut part = canvas.part(0, line + 2, w, h.saturating_sub(line + 2));
        columns_of_details(view, shared, sheet, &mut part);
    } else {
        let below = from + rows + 1;
        let mut part = canvas.part(0, below, w, h.saturating_sub(below));
        brief(view, shared, sheet, &at, &mut part);
    }
}

/// `▌Rules   users   14 · 1 warning                    preview  ada.lovelace`
fn title(view: &Mapping, sheet: Option<&Sheet>, canvas: &mut Canvas<'_>) {
    let w = canvas.width();
    let kind = match view.object_type {
        ObjectType::User => "users",
        ObjectType::Group => "groups",
    };
    let x = canvas.title(0, 0, "Rules", true);
    let x = canvas.put(x + 3, 0, kind, Token::Text);
    let Some(sheet) = sheet else { return };
    let trouble = sheet
        .rules
        .iter()
        .filter(|rule| mark(view, canvas.look.glyphs.fail, canvas.look.glyphs.warn, rule).is_some())
        .count()
        + sheet.warnings.len();
    let mut words = sheet.rules.len().to_string();
    match trouble {
        0 => {}
        1 => words.push_str(" · 1 warning"),
        n => words.push_str(&format!(" · {n} warnings")),
    }
    if sheet.off {
        words.push_str(" · not provisioned");
    }
    let x = canvas.put(x + 3, 0, show(&words), Token::Muted);
    if w < WIDE || view.zoom {
        let at = (u32::from(w) * 52 / 80).min(u32::from(w)) as u16;
        let at = at.max(x + 3);
        let at = canvas.put(at, 0, "preview", Token::Muted);
        match &sheet.person {
            Some(person) => canvas.put(at + 2, 0, &person.short, Token::Text),
            None => canvas.put(at + 2, 0, "nobody yet", Token::Muted),
        };
    }
}

fn heading(sheet: &Sheet, at: &Columns, y: u16, canvas: &mut Canvas<'_>) {
    if let Some(number) = at.number {
        canvas.put(number - 1, y, "#", Token::Muted);
    }
    canvas.put(at.target, y, "target", Token::Muted);
    canvas.put(at.source, y, "source expression", Token::Muted);
    match (&sheet.person, at.note) {
        (Some(person), Some(note)) => {
            let x = canvas.put(at.result, y, "result for ", Token::Muted);
            canvas.put_in(x, y, note.saturating_sub(x + 2), &person.short, Token::Muted);
        }
        _ => {
            canvas.put(at.result, y, "result", Token::Muted);
        }
    }
    if let Some(note) = at.note {
        canvas.put(note, y, "note", Token::Muted);
    }
}

/// The mark of a rule in trouble.
fn mark(view: &Mapping, fail: &'static str, warn: &'static str, rule: &RuleRow) -> Option<(&'static str, Token)> {
    if matches!(rule.gives, Gives::Problem { .. }) {
        Some((fail, Token::Fail))
    } else if !rule.warnings.is_empty() || view.blames_of(&rule.target).next().is_some() {
        Some((warn, Token::Warn))
    } else {
        None
    }
}

fn list_row(view: &Mapping, sheet: &Sheet, row: Row, at: &Columns, y: u16, canvas: &mut Canvas<'_>) {
    let glyphs = &canvas.look.glyphs;
    let (none, fail, warn) = (glyphs.none, glyphs.fail, glyphs.warn);
    let target_cells = usize::from(at.source.saturating_sub(at.target + 2));
    let source_cells = usize::from(at.result.saturating_sub(at.source + 3));
    let result_end = at.note.map_or(at.end, |note| note.saturating_sub(2));
    let result_cells = result_end.saturating_sub(at.result);
    match row {
        Row::Rule(index) => {
            let Some(rule) = sheet.rules.get(index) else { return };
            let target = path_in(&rule.target, target_cells, glyphs);
            let source =
                if rule.source.is_empty() { show(none) } else { expression_in(&rule.source, source_cells, glyphs) };
            let mark = mark(view, fail, warn, rule);
            if let Some((mark, token)) = mark {
                canvas.put_in(3, y, 1, mark, token);
            }
            if let Some(end) = at.number {
                canvas.put_right(4, end, y, show(&rule.number.to_string()), Token::Muted);
            }
            canvas.put(at.target, y, target, Token::Text);
            canvas.put(at.source, y, source, Token::Text);
            canvas.put_in(at.result, y, result_cells, rule.gives.cell(none), detail::gives_token(&rule.gives));
            if let Some(note) = at.note {
                let failures: u64 = view.blames_of(&rule.target).map(|blame| blame.cause.count).sum();
                let x = canvas.put(note, y, &rule.note, Token::Muted);
                let x = if x > note { x + 3 } else { x };
                if failures > 0 {
                    let words = if failures == 1 {
                        "1 failure in 24 h".to_owned()
                    } else {
                        format!("{failures} failures in 24 h")
                    };
                    canvas.put(x, y, show(&format!("{warn} {words}")), Token::Warn);
                } else if let Some(warning) = rule.warnings.first() {
                    let x = canvas.put(x, y, warn, Token::Warn);
                    canvas.put(x + 1, y, warning, Token::Warn);
                }
            }
        }
        Row::Actions => {
            let may = if sheet.may.is_empty() { "nothing".to_owned() } else { sheet.may.join(", ") };
            let linked = sheet.person.as_ref().map(|p| if p.target.is_some() { "linked" } else { "not linked" });
            whole_row(canvas, at, y, "actions", &may, show(linked.unwrap_or_default()), Token::Text);
        }
        Row::Matching => {
            let names: Vec<String> = sheet.matching.iter().map(|(target, _)| short_path(target)).collect();
            let value = sheet.matching.iter().find_map(|(_, value)| value.clone()).unwrap_or_default();
            whole_row(canvas, at, y, "matching", &names.join(", then "), value, Token::Text);
        }
        Row::Scope => {
            let (words, filter) = match &sheet.scope {
                Some(scope) => (detail::filter_text(&scope.verdict), detail::verdict(scope)),
                None => ("no filter: everybody belongs".to_owned(), ("in scope", Token::Muted)),
            };
            let (result, token) = match &sheet.person {
                None => (show(""), Token::Muted),
                // The filter is not all that it takes to belong.
                Some(Person { out: Some(out), .. }) if sheet.filter_says_yes() => (out.clone(), Token::Warn),
                Some(_) => (show(filter.0), filter.1),
            };
            whole_row(canvas, at, y, "scope", &words, result, token);
        }
    }
}

/// A row about the mapping as a whole.
fn whole_row(
    canvas: &mut Canvas<'_>,
    at: &Columns,
    y: u16,
    name: &'static str,
    words: &str,
    result: Shown,
    token: Token,
) {
    let source_cells = at.result.saturating_sub(at.source + 3);
    let result_cells = at.note.map_or(at.end, |note| note.saturating_sub(2)).saturating_sub(at.result);
    canvas.put(at.target, y, name, Token::Muted);
    canvas.put_in(at.source, y, source_cells, show(words), Token::Text);
    canvas.put_in(at.result, y, result_cells, result, token);
}

fn put_lines(canvas: &mut Canvas<'_>, lines: &[Line], skip: usize) {
    let h = canvas.height();
    for (y, line) in (0..h).zip(lines.iter().skip(skip)) {
        for (x, text, token) in &line.0 {
            canvas.put(*x, y, text, *token);
        }
    }
}

/// The lines of each part: the rule, its preview, why it is in trouble, the mapping.
fn parts(view: &Mapping, shared: &Shared, sheet: &Sheet, widths: [u16; 3]) -> [Vec<Line>; 3] {
    let glyphs = &shared.look.glyphs;
    let whole = |about, width| detail::whole(sheet, glyphs, width, about);
    match view.rule(view.detail) {
        Some(rule) => {
            let blames: Vec<&Blame> = view.blames_of(&rule.target).collect();
            let mut preview = detail::preview(sheet, rule, !blames.is_empty(), glyphs, widths[1]);
            preview.push(Line::default());
            preview.extend(detail::belongs(sheet, glyphs, widths[1]));
            let mut third = detail::why(shared, rule, &blames, widths[2]);
            if !third.is_empty() {
                third.push(Line::default());
            }
            third.extend(whole(None, widths[2]));
            [detail::rule(rule, widths[0]), preview, third]
        }
        None => {
            let [first, second, third] = [Row::Actions, Row::Matching, Row::Scope];
            [whole(Some(first), widths[0]), whole(Some(second), widths[1]), whole(Some(third), widths[2])]
        }
    }
}

/// Details side by side.
fn columns_of_details(view: &Mapping, shared: &Shared, sheet: &Sheet, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.width(), canvas.height());
    let (first, second) = if w >= WIDEST {
        let share = |part: u32| u16::try_from(u32::from(w) * part / 160).unwrap_or(w);
        (share(51), share(106))
    } else {
        (w / 2, w)
    };
    let widths =
        if w >= WIDEST { [first, second - first - 1, w - second - 1] } else { [first, w - first - 1, w - first - 1] };
    let [rule, mut preview, third] = parts(view, shared, sheet, widths);
    put_lines(&mut canvas.part(0, 0, widths[0], h), &rule, 0);
    canvas.v_line(first, 0, h);
    if w >= WIDEST {
        put_lines(&mut canvas.part(second + 2, 0, widths[2], h), &third, 0);
        canvas.v_line(second, 0, h);
    } else {
        preview.push(Line::default());
        preview.extend(third);
    }
    put_lines(&mut canvas.part(first + 2, 0, widths[1], h), &preview, 0);
}

/// One detail over the whole page.
fn zoomed(view: &Mapping, shared: &Shared, sheet: &Sheet, canvas: &mut Canvas<'_>) {
    if canvas.width() >= WIDE {
        columns_of_details(view, shared, sheet, canvas);
        return;
    }
    let w = canvas.width();
    let lines = one_column(view, shared, sheet, w);
    let h = canvas.height();
    let skip = view.scroll.min(lines.len().saturating_sub(usize::from(h)));
    // What is left takes a row of its own: nothing is clipped by it.
    let left = lines.len() - skip;
    let rows = if left > usize::from(h) { h.saturating_sub(1) } else { h };
    put_lines(&mut canvas.part(0, 0, w, rows), &lines, skip);
    if rows < h {
        let words = show(&format!("{} more {}", left - usize::from(rows), shared.look.glyphs.down));
        canvas.put_right(0, w.saturating_sub(1), rows, words, Token::Muted);
    }
    canvas.park(1, 0);
}

fn one_column(view: &Mapping, shared: &Shared, sheet: &Sheet, width: u16) -> Vec<Line> {
    let [mut lines, preview, third] = parts(view, shared, sheet, [width; 3]);
    lines.push(Line::default());
    lines.extend(preview);
    lines.push(Line::default());
    lines.extend(third);
    lines
}

/// How long the zoomed detail is.
pub(super) fn zoomed_lines(view: &Mapping, shared: &Shared) -> usize {
    match &view.sheet {
        Some(sheet) if shared.width < WIDE => one_column(view, shared, sheet, shared.width).len(),
        _ => 0,
    }
}

/// The most important of the detail, on the few rows below the list.
fn brief(view: &Mapping, shared: &Shared, sheet: &Sheet, at: &Columns, canvas: &mut Canvas<'_>) {
    let room = usize::from(canvas.height());
    let Some(rule) = view.rule(view.detail) else {
        let lines = detail::whole(sheet, &shared.look.glyphs, canvas.width(), Some(view.detail));
        put_lines(canvas, &lines, 0);
        return;
    };
    let row = |label: &str, text: Shown, value: Shown, token: Token| {
        Line::of(3, label, Token::Muted).and(at.source, text, Token::Text).and(at.result, value, token)
    };
    let source_cells = usize::from(at.result.saturating_sub(at.source + 3));
    let short = show_with(
        &crate::text::truncate(&short_path(&rule.target), usize::from(at.source.saturating_sub(3))),
        Policy::Detail,
    );
    // Lines with the order in which they go when there is no room.
    let mut lines: Vec<(u8, Line)> = Vec::new();
    let title = Line::default().and(1, short, Token::Strong).and(
        at.source,
        show_with(&rule.target, Policy::Detail),
        Token::Text,
    );
    lines.push((0, title));
    if rule.function && cells(&rule.source) > at.result.saturating_sub(at.source + 3) {
        let text = show_with(&rule.source, Policy::Detail);
        lines.push((4, Line::of(3, "expression", Token::Muted).and(at.source, text, Token::Text)));
    }
    for (i, (name, value)) in rule.reads.iter().enumerate() {
        let name = show_with(&crate::text::truncate(name.as_str(), source_cells), Policy::Detail);
        let label = if i == 0 { "read" } else { "" };
        lines.push((if i == 0 { 2 } else { 5 }, row(label, name, value.clone(), Token::Text)));
    }
    let writes = match rule.applies {
        "create, update" => "on create and on update",
        other => other,
    };
    let write = row("write", show(writes), rule.gives.exact(), detail::gives_token(&rule.gives));
    lines.push((1, write));
    if let Some(given) = &rule.given {
        let (order, token) = if given.same { (5, Token::Muted) } else { (3, Token::Change) };
        lines.push((order, row("given", show("what the app was last given"), given.value.clone(), token)));
    }
    if let Some(instead) = sheet.person.as_ref().and_then(|person| person.instead.clone()) {
        lines.push((1, Line::of(3, "but", Token::Muted).and(at.source, instead, Token::Warn)));
    }
    let blames: Vec<&Blame> = view.blames_of(&rule.target).collect();
    if let Gives::Problem { message, .. } = &rule.gives {
        let line = Line::of(3, shared.look.glyphs.fail, Token::Fail);
        lines.push((1, line.and(at.source, show_with(message, Policy::Detail), Token::Fail)));
    }
    if let Some(blame) = blames.first() {
        let line = Line::of(3, shared.look.glyphs.warn, Token::Warn);
        lines.push((1, line.and(at.source, show(&detail::blame_words(shared, blame)), Token::Warn)));
        let said = show_with(&blame.said, Policy::Detail);
        lines.push((2, Line::default().and(at.source, said, Token::Text)));
    } else if let Some(warning) = rule.warnings.first() {
        let line = Line::of(3, shared.look.glyphs.warn, Token::Warn);
        lines.push((1, line.and(at.source, warning.clone(), Token::Warn)));
    }
    lines.push((6, Line::of(3, "if empty", Token::Muted).and(at.source, rule.if_empty.clone(), Token::Text)));
    if rule.matching > 0 {
        let words = format!("matching attribute, number {}", rule.matching);
        lines.push((6, Line::of(3, "matching", Token::Muted).and(at.source, show(&words), Token::Text)));
    }
    while lines.len() > room {
        let Some(least) = lines.iter().map(|(order, _)| *order).max() else { break };
        let Some(last) = lines.iter().rposition(|(order, _)| *order == least) else { break };
        lines.remove(last);
    }
    let lines: Vec<Line> = lines.into_iter().map(|(_, line)| line).collect();
    for (y, line) in (0..canvas.height()).zip(&lines) {
        for (x, text, token) in &line.0 {
            // The middle column ends before the value, where there is one.
            let ends = line.0.iter().map(|(x, ..)| *x).find(|next| next > x);
            let room = ends.map_or(canvas.width(), |next| next.saturating_sub(1)).saturating_sub(*x);
            canvas.put_in(*x, y, room, text, *token);
        }
    }
}
