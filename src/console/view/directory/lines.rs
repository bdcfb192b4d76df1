//! The detail of one object as lines: what stands where, and where each line leads. Pure.

use super::Live;
use super::detail::{Attribute, Compared, Detail, Membership, Past, Relations};
use super::rows::ObjectState;
use super::words::value_in;
use crate::console::attribute_words::path_in;
use crate::console::page::Object;
use crate::console::shared::Shared;
use crate::console::style::{Glyphs, Token};
use crate::console::words::{account, age, count, day_or_clock, end};
use crate::engine::InApp;
use crate::model::{LogStatus, ObjectType};
use crate::store::log;
use crate::text::{Shown, show, width};
use jiff::Timestamp;

/// Where a line leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    /// To the rule that writes an attribute.
    Rule(String),
    /// To another user or group.
    Object(Object),
    /// To the entries of the log.
    Log,
}

/// A piece of a line: column, cells, text, look.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece(pub u16, pub u16, pub Shown, pub Token);

/// A line of the detail.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// What stands in it.
    pub pieces: Vec<Piece>,
    /// Where it leads.
    pub follow: Option<Follow>,
    /// Whether it is a difference: `n` and `N` stop here.
    pub differs: bool,
}

/// The columns of the comparison, from the left edge of the pane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    name: u16,
    source: u16,
    target: u16,
    rule: Option<u16>,
    end: u16,
    /// Whether everything about the object follows below the attributes.
    full: bool,
}

/// From so many columns on the pane is as wide as the mock-up has it.
const WIDE: u16 = 90;

impl Columns {
    /// For a pane of so many columns, which is there for this object alone if `full`.
    pub(super) fn of(cells: u16, full: bool) -> Self {
        if cells >= WIDE {
            // The source has most: where both sides are equal the target is one sign.
            let rest = cells - 39;
            let target = 22 + rest * 12 / 20;
            return Self {
                name: 2,
                source: 22,
                target,
                rule: Some(22 + rest),
                end: cells.saturating_sub(1),
                full: true,
            };
        }
        // `name.familyName` at one end, `5 in target` at the other.
        let rest = cells.saturating_sub(18);
        let target = (rest * 11 / 30).max(11);
        Self { name: 2, source: 18, target: 18 + rest.saturating_sub(target), rule: None, end: cells, full }
    }

    /// Cells of the name of an attribute.
    fn name_cells(self) -> u16 {
        (self.source - self.name).saturating_sub(if self.wide() { 3 } else { 1 })
    }

    /// Cells of a value of the source: a gutter of three cells follows.
    fn source_cells(self) -> u16 {
        (self.target - self.source).saturating_sub(3)
    }

    /// Cells of a value of the target.
    fn target_cells(self) -> u16 {
        self.rule.map_or_else(|| self.end.saturating_sub(self.target), |rule| (rule - self.target).saturating_sub(3))
    }

    /// Whether it is as wide as the mock-up has it.
    pub(super) fn wide(self) -> bool {
        self.rule.is_some()
    }

    /// The headings.
    pub(super) fn heading(self) -> Line {
        let mut pieces = vec![
            Piece(self.name, 15, show("attribute"), Token::Muted),
            Piece(self.source, self.target - self.source, show("source"), Token::Muted),
            Piece(self.target, self.end.saturating_sub(self.target), show("target"), Token::Muted),
        ];
        if let Some(rule) = self.rule {
            pieces.push(Piece(rule, 5, show("rule"), Token::Muted));
        }
        Line { pieces, ..Line::default() }
    }
}

fn cells(text: &Shown) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

fn between(from: u16, to: u16) -> u16 {
    to.saturating_sub(from).saturating_sub(1)
}

/// Why an object stands as it does, in one line: `drift · 2 of 11 mapped attributes differ`.
pub(super) fn standing(detail: &Detail, live: Option<&Option<Box<InApp>>>, shared: &Shared) -> (Shown, Token) {
    let glyphs = &shared.look.glyphs;
    let in_app = live.and_then(|l| l.as_deref());
    let shown: Vec<&Attribute> = detail.attributes.iter().filter(|a| !a.empty(in_app)).collect();
    let differing =
        |a: &&&Attribute| matches!(a.compare(in_app), Compared::Differs | Compared::Missing | Compared::Surplus);
    let differ = shown.iter().filter(differing).count();
    let of = shown.len();
    let differ_words = || match (differ, of) {
        (1, of) => format!("1 of {of} mapped attributes differs"),
        (n, of) => format!("{n} of {of} mapped attributes differ"),
    };
    // What was read from the app just now counts more than the ledger.
    let state = match (live, detail.state) {
        (Some(None), ObjectState::InSync | ObjectState::Drift) => ObjectState::Missing,
        (Some(Some(_)), ObjectState::InSync) if differ > 0 => ObjectState::Drift,
        (_, state) => state,
    };
    let why = match state {
        ObjectState::InSync => match of {
            1 => "1 mapped attribute".to_owned(),
            of => format!("{of} mapped attributes"),
        },
        ObjectState::Drift if differ > 0 => differ_words(),
        ObjectState::Failed => match &detail.retry {
            Some(retry) => {
                let at = retry.next_attempt.parse::<Timestamp>().ok();
                let next = match at {
                    Some(at) if at > shared.now => format!("next try {}", day_or_clock(at, shared.now, &shared.zone)),
                    _ => "next try in the next cycle".to_owned(),
                };
                format!("{}, {next}", log::class(&retry.code))
            }
            None => detail.next.clone(),
        },
        ObjectState::Missing if matches!(live, Some(None)) => "the app has no such resource now".to_owned(),
        ObjectState::Missing if detail.linked => "the app no longer has it".to_owned(),
        ObjectState::Missing => "the next cycle finds or creates it".to_owned(),
        _ => {
            let next = detail.next.as_str();
            let plain = next.strip_prefix("nothing: ").or_else(|| next.strip_prefix("cannot be provisioned: "));
            plain.unwrap_or(next).to_owned()
        }
    };
    (show(&format!("{} {} {why}", state.as_str(), glyphs.dot)), state.token())
}

/// How old both sides are, in so many cells.
pub(super) fn ages(
    detail: &Detail,
    read_at: Option<Timestamp>,
    live: Option<&Live>,
    shared: &Shared,
    cells: usize,
) -> Shown {
    let glyphs = &shared.look.glyphs;
    let old = |at: Timestamp| age(shared.seconds_since(at));
    let ago = |at: Timestamp| match shared.seconds_since(at) {
        0..5 => "now".to_owned(),
        seconds => format!("{} ago", age(seconds)),
    };
    let live_at = live.map(|live| live.at);
    let gone = live.is_some_and(|live| live.found.is_none());
    let long = match (read_at, live_at, detail.written_at) {
        (source, Some(target), _) if gone => (source.map(ago), format!("target read {}: not there", ago(target))),
        (source, Some(target), _) => (source.map(ago), format!("target read {}", ago(target))),
        (source, None, Some(target)) if detail.linked => (source.map(ago), format!("target written {}", ago(target))),
        (source, ..) => (source.map(ago), "target not written yet".to_owned()),
    };
    let text = match &long {
        (Some(source), target) => format!("source read {source} {} {target}", glyphs.dot),
        (None, target) => target.clone(),
    };
    if width(&text) <= cells {
        return show(&text);
    }
    let target = match (live_at, detail.written_at) {
        (Some(at), _) if gone => format!("target {}: not there", old(at)),
        (Some(at), _) => format!("target {}", old(at)),
        (None, Some(at)) if detail.linked => format!("written {}", old(at)),
        _ => "not written yet".to_owned(),
    };
    match read_at {
        Some(at) => show(&format!("source {} {} {target}", old(at), glyphs.dot)),
        None => show(&target),
    }
}

/// All lines below the headings.
pub(super) fn lines(detail: &Detail, live: Option<&InApp>, gone: bool, shared: &Shared, columns: Columns) -> Vec<Line> {
    let glyphs = &shared.look.glyphs;
    // Of what is not in the app at all, the state says that everything is missing.
    let there = if gone { There::Gone } else { There::of(detail.linked || live.is_some()) };
    let mut out: Vec<Line> = detail
        .attributes
        .iter()
        .filter(|a| !a.empty(live))
        .flat_map(|a| attribute(a, live, glyphs, columns, there))
        .collect();
    if columns.full {
        more(&mut out, detail, live, gone, glyphs, columns);
        relations(&mut out, detail.object.object_type, &detail.relations, glyphs, columns);
        history(&mut out, &detail.history, shared, columns);
    } else {
        let sides = detail.relations.sides;
        if sides.directory + sides.applied > 0 {
            out.push(Line::default());
            let name = if detail.object.object_type == ObjectType::User { "groups" } else { "members" };
            let left_alone = detail.relations.left_alone && sides.applied == 0;
            let token = if left_alone || sides.directory == sides.applied { Token::Muted } else { Token::Text };
            let there = if left_alone { show("not managed") } else { in_side(sides.applied, "target") };
            let pieces = vec![
                Piece(columns.name, 15, show(name), Token::Muted),
                Piece(
                    columns.source,
                    between(columns.source, columns.target),
                    in_side(sides.directory, "source"),
                    token,
                ),
                Piece(columns.target, between(columns.target, columns.end + 1), there, token),
            ];
            out.push(Line { pieces, ..Line::default() });
        }
    }
    out
}

fn in_side(n: u64, side: &str) -> Shown {
    show(&format!("{} in {side}", count(n)))
}

/// Whether the app has the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    /// As far as is known.
    Yes,
    /// It never had.
    Never,
    /// It had; a read just now did not find it.
    Gone,
}

impl There {
    fn of(there: bool) -> Self {
        if there { Self::Yes } else { Self::Never }
    }
}

fn attribute(
    attribute: &Attribute,
    live: Option<&InApp>,
    glyphs: &Glyphs,
    columns: Columns,
    there: There,
) -> Vec<Line> {
    // What was written last says nothing about a resource that is gone.
    let compared = if there == There::Gone { Compared::Missing } else { attribute.compare(live) };
    let (mark, token) = match compared {
        Compared::Same | Compared::Once => (None, Token::Muted),
        Compared::Missing if there != There::Yes => (None, Token::Muted),
        Compared::Differs => (Some(glyphs.drift), Token::Change),
        Compared::Missing => (Some(glyphs.add), Token::Add),
        Compared::Surplus => (Some(glyphs.remove), Token::Remove),
        Compared::Refused => (Some(glyphs.warn), Token::Warn),
    };
    let mut pieces = Vec::with_capacity(5);
    if let Some(mark) = mark {
        pieces.push(Piece(0, 1, show(mark), token));
    }
    let name = path_in(&attribute.path, usize::from(columns.name_cells()), glyphs);
    let quiet = mark.is_none();
    pieces.push(Piece(
        columns.name,
        between(columns.name, columns.source),
        name,
        if quiet { Token::Muted } else { Token::Text },
    ));
    let (source_cells, target_cells) = (columns.source_cells(), columns.target_cells());
    let source = value_in(attribute.source.as_ref(), usize::from(source_cells), glyphs);
    pieces.push(Piece(columns.source, source_cells, source, Token::Text));
    let target = match compared {
        Compared::Same => show(glyphs.same),
        _ if there == There::Gone => show(glyphs.none),
        _ => value_in(attribute.target(live).as_ref(), usize::from(target_cells), glyphs),
    };
    pieces.push(Piece(columns.target, target_cells, target, if quiet { Token::Muted } else { token }));
    if let Some(rule) = columns.rule {
        pieces.push(Piece(rule, 4, show(&attribute.rule.to_string()), Token::Muted));
        if compared == Compared::Once {
            pieces.push(Piece(rule + 4, between(rule + 4, columns.end), show("create only"), Token::Muted));
        }
    }
    let follow = Some(Follow::Rule(attribute.path.clone()));
    let mut out = vec![Line { pieces, follow: follow.clone(), differs: mark.is_some() }];
    // The app has something else than it was given: somebody changed it there.
    let written = attribute.written.as_ref();
    if live.is_some() && attribute.reference.is_none() {
        let held = attribute.target(live);
        let null = serde_json::Value::Null;
        let same =
            crate::scim::resource::same(held.as_ref().unwrap_or(&null), written.unwrap_or(&null), attribute.case_exact);
        if !same && written.is_some() {
            let words = show("last written");
            let value = value_in(written, usize::from(target_cells), glyphs);
            let pieces = vec![
                Piece(columns.source, source_cells, words, Token::Muted),
                Piece(columns.target, target_cells, value, Token::Muted),
            ];
            out.push(Line { pieces, follow, differs: false });
        }
    }
    out
}

/// What stands below the attributes where there is room: the whole reason, how it was matched, what is not mapped.
fn more(out: &mut Vec<Line>, detail: &Detail, live: Option<&InApp>, gone: bool, glyphs: &Glyphs, columns: Columns) {
    let room = usize::from(between(columns.source, columns.end));
    let mut fact = |name: &str, text: &str| {
        if !text.is_empty() {
            let cut = show(&end(show(text).as_str(), room, glyphs));
            let pieces = vec![
                Piece(columns.name, between(columns.name, columns.source), show(name), Token::Muted),
                Piece(columns.source, between(columns.source, columns.end), cut, Token::Muted),
            ];
            out.push(Line { pieces, ..Line::default() });
        }
    };
    let empty: Vec<&str> = detail.attributes.iter().filter(|a| a.empty(live)).map(|a| a.path.as_str()).collect();
    let names = |names: &[String]| match names {
        [] => String::new(),
        few if few.len() <= 3 => few.join(", "),
        many => format!("{}, {} more", many[..2].join(", "), many.len() - 2),
    };
    let empty: Vec<String> = empty.iter().map(|p| path_in(p, 22, glyphs).as_str().to_owned()).collect();
    let unmapped: Vec<String> = detail.unmapped.iter().map(|(name, value)| format!("{name} {value}")).collect();
    fact("", " ");
    fact("no value", &names(&empty));
    fact("not mapped", &names(&unmapped));
    fact("match", &detail.matching);
    // What was read just now is no news to an incremental cycle, which goes by what was written last.
    let differs = |a: &Attribute| matches!(a.compare(live), Compared::Differs | Compared::Missing | Compared::Surplus);
    let next = match detail.state {
        // Never a silent second account (E6.16).
        ObjectState::InSync if gone => "nothing until it is written again, which fails: restore it in the app",
        ObjectState::InSync if live.is_some() && detail.attributes.iter().any(differs) => {
            "nothing until an initial cycle looks (R); p writes what differs now"
        }
        _ => &detail.next,
    };
    fact("next", next);
    if let Some(retry) = &detail.retry {
        let times = if retry.attempts == 1 { "once".to_owned() } else { format!("{} times", retry.attempts) };
        fact("failed", &format!("{times}: {}", retry.reason));
    }
}

fn section(out: &mut Vec<Line>, title: &str, note: Shown, columns: Columns) {
    out.push(Line::default());
    out.push(Line::default());
    // Below the target where it fits, else as far right as it needs.
    let at = columns.target.min(columns.end.saturating_sub(cells(&note) + 1)).max(13);
    let pieces =
        vec![Piece(0, 12, show(title), Token::Strong), Piece(at, between(at, columns.end), note, Token::Muted)];
    out.push(Line { pieces, ..Line::default() });
    out.push(Line::default());
}

fn relations(out: &mut Vec<Line>, kind: ObjectType, relations: &Relations, glyphs: &Glyphs, columns: Columns) {
    let sides = relations.sides;
    if sides.directory + sides.applied == 0 {
        return;
    }
    let title = if kind == ObjectType::User { "Groups" } else { "Members" };
    let left_alone = relations.left_alone && sides.applied == 0;
    let there =
        if left_alone { "not managed by this job".to_owned() } else { format!("{} in target", count(sides.applied)) };
    let note = format!("{} in source {} {there}", count(sides.directory), glyphs.dot);
    section(out, title, show(&note), columns);
    for relation in &relations.rows {
        let (mark, words, token) = match relation.state {
            Membership::Same => (None, glyphs.same, Token::Muted),
            _ if left_alone => (None, "", Token::Muted),
            Membership::Missing => (Some(glyphs.add), "missing in target", Token::Add),
            Membership::Surplus => (Some(glyphs.remove), "only in target", Token::Remove),
            Membership::NotInApp => (Some(glyphs.dot), "not in the app", Token::Muted),
        };
        let mut pieces = Vec::with_capacity(3);
        if let Some(mark) = mark {
            pieces.push(Piece(0, 1, show(mark), token));
        }
        let room = between(columns.name, columns.target);
        let name = end(show(account(&relation.object.name)).as_str(), usize::from(room), glyphs);
        pieces.push(Piece(columns.name, room, show(&name), Token::Text));
        pieces.push(Piece(columns.target, between(columns.target, columns.end), show(words), token));
        let differs = matches!(relation.state, Membership::Missing | Membership::Surplus);
        out.push(Line { pieces, follow: Some(Follow::Object(relation.object.clone())), differs });
    }
    let all = sides.directory.max(relations.rows.len() as u64);
    let rest = all - relations.rows.len() as u64;
    if rest > 0 {
        let pieces = vec![Piece(columns.name, 20, show(&format!("{} more", count(rest))), Token::Muted)];
        out.push(Line { pieces, ..Line::default() });
    }
}

fn history(out: &mut Vec<Line>, history: &[Past], shared: &Shared, columns: Columns) {
    if history.is_empty() {
        return;
    }
    let glyphs = &shared.look.glyphs;
    section(out, "History", show(""), columns);
    for past in history {
        let (mark, token) = match past.status {
            LogStatus::Success => (glyphs.ok, Token::Muted),
            LogStatus::Failure => (glyphs.fail, Token::Fail),
            LogStatus::Warning => (glyphs.warn, Token::Warn),
            LogStatus::Skipped => (glyphs.dot, Token::Muted),
        };
        let (action, at_mark, what, more) = (11, 20, 22, 44);
        let path = |text: &Shown, room: u16| path_in(text.as_str(), usize::from(room.min(21)), glyphs);
        let (first, second) = match past.status {
            LogStatus::Success | LogStatus::Skipped => {
                let room = between(more, columns.end);
                (path(&past.what, more - what - 1), show(&end(past.more.as_str(), usize::from(room), glyphs)))
            }
            LogStatus::Failure | LogStatus::Warning => {
                let words = show(&end(past.what.as_str(), usize::from(more - what - 1), glyphs));
                (words, path(&past.more, between(more, columns.end)))
            }
        };
        let pieces = vec![
            Piece(2, 8, show(&day_or_clock(past.at, shared.now, &shared.zone)), Token::Muted),
            Piece(action, 8, past.action.clone(), Token::Text),
            Piece(at_mark, 1, show(mark), token),
            Piece(what, more - what - 1, first, if token == Token::Muted { Token::Text } else { token }),
            Piece(more, between(more, columns.end), second, Token::Text),
        ];
        out.push(Line { pieces, follow: Some(Follow::Log), differs: false });
    }
}
