//! Drawing: the list, and beside it the object that is selected.

use super::lines::{self, Columns, Line, Piece};
use super::{Directory, Pane};
use crate::console::canvas::Canvas;
use crate::console::shared::Shared;
use crate::console::standing::Mood;
use crate::console::style::Token;
use crate::console::words::without_request;
use crate::console::words::{count, end, middle};
use crate::model::ObjectType;
use crate::store::filter::Filter;
use crate::store::fold;
use crate::store::search::fields;
use crate::store::window::Counted;
use crate::text::{Shown, show, width};

/// Rows of header, tabs, rule and hints around a page.
const CHROME: u16 = 4;
/// Rows above the first row of the list.
const ABOVE: u16 = 3;
/// From so many rows on there is room for more than the attributes.
const TALL: u16 = 32;
/// Below this many columns list and detail take turns.
const BOTH: u16 = 76;

/// How the page is divided: columns of the list, or `None` where list and detail take turns.
pub(super) fn list_width(w: u16) -> Option<u16> {
    match w {
        0..BOTH => None,
        BOTH..100 => Some(30),
        100..120 => Some(38),
        120..150 => Some(46),
        150..190 => Some(59),
        _ => Some(73),
    }
}

/// Whether rows have headings and the state in words.
fn roomy(list: u16) -> bool {
    list >= 55
}

fn above(list: u16) -> u16 {
    if roomy(list) { ABOVE + 1 } else { ABOVE }
}

/// Rows of the list on the screen.
pub(super) fn list_height(shared: &Shared) -> usize {
    let list = list_width(shared.width).unwrap_or(shared.width);
    usize::from(shared.height.saturating_sub(CHROME + above(list)).max(1))
}

/// Draws the page.
pub(super) fn draw(view: &Directory, shared: &Shared, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.width(), canvas.height());
    match list_width(w) {
        Some(cells) if !view.zoom => {
            list(view, shared, &mut canvas.part(0, 0, cells, h), cells);
            canvas.v_line(cells, 0, h);
            beside(view, shared, canvas, cells + 3);
        }
        _ if view.zoom => beside(view, shared, canvas, 1),
        _ => list(view, shared, canvas, w),
    }
}

/// The detail from a column on, with the bar of the focus before it.
fn beside(view: &Directory, shared: &Shared, canvas: &mut Canvas<'_>, x: u16) {
    let (w, h) = (canvas.width(), canvas.height());
    if view.in_detail() {
        let bar = canvas.look.glyphs.bar;
        canvas.put_in(x.saturating_sub(1), 0, 1, bar, Token::Accent);
    }
    detail(view, shared, &mut canvas.part(x, 0, w.saturating_sub(x), h));
}

fn counted(counted: Counted) -> String {
    if counted.at_least { format!("{}+", count(counted.n)) } else { count(counted.n) }
}

fn list(view: &Directory, shared: &Shared, canvas: &mut Canvas<'_>, cells: u16) {
    let focused = view.pane == Pane::List;
    let title = match view.kind {
        ObjectType::User => "Users",
        ObjectType::Group => "Groups",
    };
    canvas.title(0, 0, title, focused);
    let total = view.total.map(count);
    let words = match (view.filter.value().trim(), view.counted, total) {
        ("", _, Some(total)) => total,
        (_, Some(fitting), Some(total)) => format!("{} of {total}", counted(fitting)),
        _ => String::new(),
    };
    let edge = if roomy(cells) { cells - 11 } else { cells.saturating_sub(2) };
    canvas.put_right(8, edge, 0, show(&words), Token::Muted);
    filter_row(view, shared, canvas, cells);
    if let Some(why) = &view.trouble {
        canvas.put_in(3, ABOVE, cells - 4, "The list cannot be shown.", Token::Text);
        for (y, line) in (ABOVE + 1..).zip(wrapped(why, cells - 4).iter().take(4)) {
            canvas.put_in(3, y, cells - 4, line, Token::Fail);
        }
        canvas.put_in(3, ABOVE + 6, cells - 4, "r tries again", Token::Muted);
        return;
    }
    if view.list.rows.is_empty() {
        let mut y = ABOVE;
        for (line, token) in nothing(view, shared, cells) {
            for part in wrapped(&line, cells - 4) {
                canvas.put_in(3, y, cells - 4, part, token);
                y += 1;
            }
        }
        return;
    }
    let columns = row_columns(cells);
    if roomy(cells) {
        let (name, note) = match view.kind {
            ObjectType::User => ("user", "department"),
            ObjectType::Group => ("group", "members"),
        };
        canvas.put(columns.0, ABOVE, name, Token::Muted);
        note_at(view, canvas, columns, ABOVE, &show(note), Token::Muted);
        canvas.put(columns.2.unwrap_or(cells), ABOVE, "state", Token::Muted);
    }
    rows(view, shared, canvas, cells, columns);
}

/// Columns of name, note and state, and where the note ends.
type RowColumns = (u16, u16, Option<u16>, u16);

fn row_columns(cells: u16) -> RowColumns {
    if roomy(cells) {
        // The longest state and the edge behind the note; gutters of three cells.
        let state = cells.saturating_sub(13);
        let note = state.saturating_sub(if cells > 60 { 24 } else { 18 });
        (5, note, Some(state), state.saturating_sub(3))
    } else {
        let note = match cells {
            46.. => 14,
            38.. => 11,
            _ => 3,
        };
        let end = cells.saturating_sub(2);
        (5, end.saturating_sub(note), None, end)
    }
}

fn note_at(view: &Directory, canvas: &mut Canvas<'_>, columns: RowColumns, y: u16, note: &Shown, token: Token) {
    let (_, from, _, to) = columns;
    match view.kind {
        ObjectType::Group => {
            canvas.put_right(from.saturating_sub(4), to, y, note, token);
        }
        // In three cells the beginning of a department says more than two letters and a mark that there are more.
        ObjectType::User if to - from < 6 => {
            let begin: String = note.as_str().chars().take(usize::from(to - from)).collect();
            canvas.put_in(from, y, to - from, show(&begin), token);
        }
        ObjectType::User => {
            let cut = end(note.as_str(), usize::from(to - from), &canvas.look.glyphs);
            canvas.put_in(from, y, to - from, show(&cut), token);
        }
    }
}

fn rows(view: &Directory, shared: &Shared, canvas: &mut Canvas<'_>, cells: u16, columns: RowColumns) {
    let h = canvas.height();
    let first = above(cells);
    let height = usize::from(h.saturating_sub(first));
    let words = view.words();
    let glyphs = &shared.look.glyphs;
    for (y, (index, row)) in (first..h).zip(view.list.visible(height)) {
        let (name_at, note_from, state_at, _) = columns;
        let mark = row.state.mark(glyphs);
        canvas.put_in(3, y, 1, mark, row.state.token());
        let gutter = match cells {
            55.. => 3,
            38.. => 2,
            _ => 1,
        };
        let room = note_from.saturating_sub(name_at + gutter);
        let cut = middle(row.name.as_str(), usize::from(room), glyphs);
        canvas.put_in(name_at, y, room, show(&cut), Token::Text);
        for (from, length) in hits(&cut, &words) {
            canvas.restyle(name_at + from, y, length, Token::Match);
        }
        note_at(view, canvas, columns, y, &row.note, Token::Muted);
        if let Some(at) = state_at {
            canvas.put_in(at, y, cells.saturating_sub(at + 1), row.state.as_str(), row.state.token());
        }
        if view.marked.contains_key(&row.object.id) {
            canvas.put_in(0, y, 1, glyphs.filled, Token::Mark);
            canvas.restyle(name_at, y, room, Token::Mark);
        }
        if index == view.list.selected {
            canvas.select(1, y, cells.saturating_sub(2), view.pane == Pane::List);
        }
    }
}

/// Where the words of the filter are in a name: columns. Only where a letter is one cell before and after folding.
fn hits(name: &str, words: &[String]) -> Vec<(u16, u16)> {
    if !name.is_ascii() {
        return Vec::new();
    }
    let folded = fold(name);
    let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    words.iter().filter_map(|word| Some((cells(folded.find(word.as_str())?), cells(word.len())))).collect()
}

fn filter_row(view: &Directory, shared: &Shared, canvas: &mut Canvas<'_>, cells: u16) {
    let glyphs = &shared.look.glyphs;
    let direction = if view.reverse { glyphs.down } else { glyphs.up };
    let mut right = Vec::new();
    if !view.marked.is_empty() {
        right.push(format!("{} marked", count(view.marked.len() as u64)));
    }
    let plain = view.sort == Default::default() && !view.reverse;
    if roomy(cells) || !plain {
        right.push(format!("s {} {direction}", view.sort.as_str()));
    }
    // What is typed comes first: the order is known, and gives way.
    let typed = width(view.filter.value()) + 1;
    let fits = |right: &[String]| width(&right.join("   ")) + typed + 5 < usize::from(cells);
    let filtered = view.typing || !view.filter.value().is_empty();
    while filtered && !right.is_empty() && !fits(&right) {
        right.pop();
    }
    let words = show(&right.join("   "));
    let edge = if roomy(cells) { cells - 5 } else { cells.saturating_sub(2) };
    let left = canvas.put_right(3, edge, 1, &words, Token::Muted);
    if filtered {
        canvas.put(1, 1, "/", Token::Accent);
        let room = if words.as_str().is_empty() { edge } else { left.saturating_sub(1) };
        canvas.input(3, 1, room.saturating_sub(3), &view.filter, view.typing);
    }
}

/// A word that looks like a condition on a field that there is not, and the fields that there are.
fn unknown_field(view: &Directory) -> Option<String> {
    let known = fields(view.kind);
    let terms = Filter::parse(view.filter.value(), known).terms;
    let name = terms.iter().filter(|term| term.field.is_none()).find_map(|term| {
        let (name, rest) = term.text.split_once(':')?;
        (!name.is_empty() && !rest.is_empty() && name.chars().all(char::is_alphabetic)).then(|| name.to_owned())
    })?;
    Some(format!("no field \"{name}\": there are {}", known.join(", ")))
}

/// Why the list is empty, and what can be done.
fn nothing(view: &Directory, shared: &Shared, cells: u16) -> Vec<(Shown, Token)> {
    let text = view.filter.value().trim();
    if !view.read {
        return vec![(show("reading…"), Token::Muted)];
    }
    if !text.is_empty() {
        let glyphs = &shared.look.glyphs;
        let mut words = vec![format!("nothing matches \"{text}\"")];
        words.extend(view.hit.as_ref().map(|(before, n)| format!("{} match \"{before}\"", counted(*n))));
        words.extend(unknown_field(view));
        words.push("esc clears".to_owned());
        let whole = words.join(&format!(" {} ", glyphs.dot));
        if width(&whole) <= usize::from(cells - 4) {
            return vec![(show(&whole), Token::Text)];
        }
        let tokens = std::iter::once(Token::Text).chain(std::iter::repeat(Token::Muted));
        return words.iter().map(|line| show(line)).zip(tokens).collect();
    }
    let progress =
        shared.standing.as_ref().and_then(|s| s.progress.as_ref()).filter(|_| shared.mood() == Mood::Running);
    match progress {
        Some(progress) => {
            let of = progress.total.map_or_else(String::new, |total| format!(" of about {}", count(total)));
            let words = format!("{}, {}{of}", progress.phase, count(progress.done));
            vec![(show(&words), Token::Text)]
        }
        None => vec![(show("Nothing was read from the directory yet: the first cycle reads it."), Token::Text)],
    }
}

fn wrapped(text: &Shown, cells: u16) -> Vec<Shown> {
    crate::text::wrap(text.as_str(), Some(usize::from(cells.max(8))), 0).iter().map(|line| show(line)).collect()
}

fn put_line(canvas: &mut Canvas<'_>, y: u16, line: &Line) {
    for Piece(x, cells, text, token) in &line.pieces {
        canvas.put_in(*x, y, *cells, text, *token);
    }
}

/// Rows of the detail that scroll, and the first of them.
pub(super) fn detail_rows(h: u16) -> (u16, u16) {
    // Below them an empty row, the ages, an empty row.
    let first = ABOVE + 1;
    (first, h.saturating_sub(first + 3))
}

/// The columns of the detail on a screen of so many columns.
pub(super) fn detail_columns(shared: &Shared, zoom: bool) -> Columns {
    // Groups and history follow where there is room below the attributes.
    let full = zoom || shared.height >= TALL;
    match list_width(shared.width) {
        Some(cells) if !zoom => Columns::of(shared.width.saturating_sub(cells + 3), full),
        _ => Columns::of(shared.width.saturating_sub(1), full),
    }
}

/// Rows of the detail that scroll on a screen of so many rows.
pub(super) fn detail_height(shared: &Shared) -> usize {
    usize::from(detail_rows(shared.height.saturating_sub(CHROME)).1)
}

fn detail(view: &Directory, shared: &Shared, canvas: &mut Canvas<'_>) {
    let (w, h) = (canvas.width(), canvas.height());
    let Some(detail) = view.detail.as_deref() else {
        if let Some(row) = view.list.current() {
            canvas.put(0, 0, show(&row.object.name), Token::Strong);
            if !view.known {
                canvas.put(0, 1, "reading…", Token::Muted);
            }
        }
        return;
    };
    let columns = detail_columns(shared, view.zoom);
    let glyphs = &shared.look.glyphs;
    let live = view.live();
    let focused = view.in_detail();
    let (words, token) = lines::standing(detail, live, shared);
    let wide = columns.wide();
    let name_room = if wide { w / 2 } else { w };
    let name = middle(show(&detail.object.name).as_str(), usize::from(name_room.saturating_sub(1)), glyphs);
    let strong = if focused { Token::Strong } else { Token::Text };
    let at = canvas.put_in(0, 0, name_room, show(&name), strong);
    if wide {
        let room = usize::from(w.saturating_sub(at + 6));
        let cut = end(words.as_str(), room, glyphs);
        canvas.put_right(at + 3, w.saturating_sub(3), 0, show(&cut), token);
    } else {
        let cut = end(words.as_str(), usize::from(w.saturating_sub(1)), glyphs);
        canvas.put_in(0, 1, w, show(&cut), token);
    }
    put_line(canvas, if wide { 2 } else { ABOVE }, &columns.heading());
    let all = view.lines(shared, columns);
    let (first, rows) = detail_rows(h);
    let top = view.detail_top(all.len(), usize::from(rows));
    let hidden = all.len().saturating_sub(top + usize::from(rows));
    let visible = if hidden > 0 { usize::from(rows).saturating_sub(1) } else { usize::from(rows) };
    for (y, (index, line)) in (first..).zip(all.iter().enumerate().skip(top).take(visible)) {
        put_line(canvas, y, line);
        if focused && index == view.line {
            canvas.restyle(0, y, w.saturating_sub(1), Token::Select);
            canvas.park(0, y);
        }
    }
    let used = first + u16::try_from(all.len().saturating_sub(top).min(visible)).unwrap_or(rows);
    if hidden > 0 {
        canvas.put(2, used, show(&format!("{} more", count(hidden as u64 + 1))), Token::Muted);
    }
    let y = if wide { (used + 2).min(h.saturating_sub(2)) } else { h.saturating_sub(2) };
    let mut ages =
        lines::ages(detail, view.read_at(shared), view.read_live(), shared, usize::from(w)).as_str().to_owned();
    if view.asking.is_some() {
        ages = format!("reading the target… {} {ages}", glyphs.dot);
    } else if wide {
        let tail = format!(" {} Y copies this page as text", glyphs.dot);
        if width(&ages) + width(&tail) < usize::from(w) {
            ages.push_str(&tail);
        }
    }
    let why = view.live_trouble.as_ref().map(|why| format!("target not read: {}", without_request(why.as_str())));
    let why = why.map(|why| wrapped(&show(&why), w.saturating_sub(1))).unwrap_or_default();
    // The row above the ages is empty: they make room for a reason of two lines.
    let y = if why.len() > 1 { y.saturating_sub(1) } else { y };
    canvas.put_in(0, y, w, show(&end(&ages, usize::from(w), glyphs)), Token::Muted);
    for (y, line) in (y + 1..).zip(why.iter().take(2)) {
        canvas.put_in(0, y, w, line, Token::Warn);
    }
}
