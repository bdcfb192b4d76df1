//! What the log asks the store. Runs on the reader thread; a page turns none of it into I/O.

use super::export;
use crate::console::page::Object;
use crate::console::query::Sources;
use crate::model::{Cycle, LogEntry, LogStatus, ObjectType, Retry};
use crate::store::log::{self, Causes, LogAnchor, LogFilter, LogLine};
use crate::store::window::{Anchor, Counted, Window};
use crate::store::{StoreError, cycles, fold, mirror, retries};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

/// Hours that causes are counted over, the running one included.
pub const HOURS: u16 = 24;
/// Rows of one window.
const ROWS: usize = 200;
/// How far matching entries are counted.
const COUNTED: u64 = 10_000;
/// Cycles that `cycle:` finds by the beginning of their id.
const RECENT: usize = 200;

/// Which entries the list of events shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those of one cause, of the last [`HOURS`].
    Cause(i64),
    /// Those about one object.
    Object(Object),
    /// Those of one cycle, by its id.
    Cycle(String),
}

/// A scope, and what was typed on top of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// The scope.
    pub scope: Scope,
    /// The filter as typed.
    pub text: String,
}

/// An event as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The entry without its body.
    pub line: LogLine,
    /// User principal name, while the directory's mirror still knows the object; untrusted text.
    pub principal: Option<String>,
}

impl Event {
    /// What people call the object: the user principal name, or the display name.
    pub fn name(&self) -> &str {
        let principal = self.principal.as_deref().filter(|name| !name.is_empty());
        let name = principal.unwrap_or(&self.line.name);
        if name.is_empty() { &self.line.source_id } else { name }
    }

    /// The same, short enough for a list: a user principal name without its domain.
    pub fn short_name(&self) -> &str {
        let name = self.name();
        if self.principal.is_none() {
            return name;
        }
        crate::console::words::account(name)
    }

    /// The object the entry is about.
    pub fn object(&self) -> Option<Object> {
        let object_type = ObjectType::parse(&self.line.object_type)?;
        let object = Object { object_type, id: self.line.source_id.clone(), name: self.name().to_owned() };
        (!object.id.is_empty()).then_some(object)
    }
}

/// Everything about one entry.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The row it belongs to.
    pub event: Event,
    /// The entry as it is stored.
    pub entry: LogEntry,
    /// The cycle it happened in, unless that is forgotten.
    pub cycle: Option<Cycle>,
    /// When the object is tried again, if it waits.
    pub retry: Option<Retry>,
    /// A later entry about the same object, if there is one.
    pub later: Option<LogLine>,
}

/// What the view asks the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The causes of the last [`HOURS`]; the number is told again with the answer.
    Causes(u64),
    /// Rows around a place.
    Window {
        /// Told again with the answer: rows of a list that is no longer shown are of no use.
        stamp: u64,
        /// Which list.
        which: Which,
        /// Where.
        anchor: LogAnchor,
    },
    /// How long the list is.
    Counts {
        /// As in [`Query::Window`].
        stamp: u64,
        /// Which list.
        which: Which,
        /// The newest row that was seen: rows above it are counted apart.
        seen: i64,
    },
    /// Everything about one entry.
    Detail(Box<Event>),
    /// The list as a table for other programs.
    Export(Which),
}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Causes(_) => 0,
            Self::Window { .. } => 1,
            Self::Counts { .. } => 2,
            Self::Detail(_) => 3,
            Self::Export(_) => 4,
        }
    }

    /// Whether its answer is of use although `newer` was asked in its slot.
    pub fn serves(&self, newer: &Self) -> bool {
        match (self, newer) {
            // Another place in the same list: what does not depend on it is good.
            (Self::Counts { stamp, which, .. }, Self::Counts { stamp: of, which: other, .. }) => {
                stamp == of && which == other
            }
            _ => self == newer,
        }
    }
}

/// How long a list is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries in the list.
    pub fit: Counted,
    /// Entries in the log.
    pub total: Counted,
    /// Entries of the list that are newer than what was seen.
    pub newer: Counted,
}

/// What the store answers.
#[derive(Debug)]
pub enum Answer {
    /// To [`Query::Causes`], with its number.
    Causes(u64, Causes),
    /// To [`Query::Window`].
    Window {
        /// As asked.
        stamp: u64,
        /// As asked.
        anchor: LogAnchor,
        /// The rows.
        window: Window<Event>,
        /// What the scope is called where only the store knows it: when its cycle began.
        began: Option<Timestamp>,
    },
    /// To [`Query::Counts`].
    Counts {
        /// As asked.
        stamp: u64,
        /// As asked.
        seen: i64,
        /// The numbers.
        counts: Counts,
    },
    /// To [`Query::Detail`]; `None` when the entry is gone.
    Detail(Option<Box<Detail>>),
    /// To [`Query::Export`].
    Export {
        /// The table.
        text: String,
        /// Its rows, without the heading.
        rows: usize,
        /// Whether there are more entries than rows.
        more: bool,
    },
}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    let c = sources.c;
    Ok(match query {
        Query::Causes(asked) => Answer::Causes(*asked, log::cause_table(c, sources.now, HOURS)?),
        Query::Window { stamp, which, anchor } => {
            let found = log::window(c, &filter(which, sources)?, anchor, ROWS)?;
            let rows = found.rows.into_iter().map(|line| event(c, line)).collect::<Result<_, _>>()?;
            let window = Window { rows, above: found.above, below: found.below, at: found.at };
            let began = match &which.scope {
                Scope::Cycle(id) => cycles::get(c, id)?.and_then(|cycle| cycle.started_at.parse().ok()),
                _ => None,
            };
            Answer::Window { stamp: *stamp, anchor: anchor.clone(), window, began }
        }
        Query::Counts { stamp, which, seen } => {
            let filter = filter(which, sources)?;
            let counts = Counts {
                fit: log::count(c, &filter, COUNTED)?,
                total: log::count(c, &LogFilter::default(), COUNTED)?,
                newer: log::newer_than(c, *seen, &filter)?,
            };
            Answer::Counts { stamp: *stamp, seen: *seen, counts }
        }
        Query::Detail(event) => Answer::Detail(detail(c, event)?.map(Box::new)),
        Query::Export(which) => {
            let (text, rows, more) = export::table(c, &filter(which, sources)?, export::MOST)?;
            Answer::Export { text, rows, more }
        }
    })
}

/// Adds what the log itself does not have.
pub(super) fn event(c: &Connection, line: LogLine) -> Result<Event, StoreError> {
    let principal = match ObjectType::parse(&line.object_type) {
        Some(ObjectType::User) => mirror::user(c, &line.source_id)?,
        _ => None,
    };
    let principal = principal.and_then(|user| user.text("userPrincipalName").map(str::to_owned));
    Ok(Event { line, principal })
}

fn detail(c: &Connection, event: &Event) -> Result<Option<Detail>, StoreError> {
    let Some(row) = log::get(c, &event.line.id)? else { return Ok(None) };
    let line = &event.line;
    let retry = match ObjectType::parse(&line.object_type) {
        Some(object_type) if line.status == LogStatus::Failure => retries::get(c, object_type, &line.source_id)?,
        _ => None,
    };
    let later = if line.source_id.is_empty() {
        None
    } else {
        let of_object = LogFilter { object: Some(line.source_id.clone()), ..LogFilter::default() };
        let newest = log::window(c, &of_object, &Anchor::Start, 1)?;
        newest.rows.into_iter().next().filter(|newest| newest.seq > line.seq)
    };
    let cycle = cycles::get(c, &line.cycle_id)?;
    Ok(Some(Detail { event: event.clone(), entry: row.entry, cycle, retry, later }))
}

/// The conditions of a list. `cycle:` and `user:` are ours, the rest is the store's grammar.
pub(super) fn filter(which: &Which, sources: &Sources<'_>) -> Result<LogFilter, StoreError> {
    let c = sources.c;
    let typed = Typed::read(&which.text);
    let mut filter = LogFilter { text: typed.rest, ..LogFilter::default() };
    match &which.scope {
        Scope::All => {}
        Scope::Cause(id) => {
            filter.cause = Some(*id);
            filter.since = Some(first_hour(sources.now).to_string());
        }
        Scope::Object(object) => filter.object = Some(object.id.clone()),
        Scope::Cycle(id) => filter.cycle = Some(id.clone()),
    }
    if let Some(begins) = typed.cycle {
        let recent = cycles::list(c, RECENT, None)?;
        let found = recent.into_iter().find(|cycle| cycle.id.starts_with(&begins));
        filter.cycle = Some(found.map_or(begins, |cycle| cycle.id));
    }
    if let Some(name) = typed.user {
        let mut found = mirror::find(c, ObjectType::User, &name)?;
        match found.len() {
            1 => filter.object = found.pop().map(|user| user.id),
            // Nobody or several by that name: whatever the entries say.
            _ => filter.text = format!("{} \"{}\"", filter.text, name.replace('"', "")),
        }
    }
    Ok(filter)
}

/// The beginning of the first hour that causes are counted over.
fn first_hour(now: Timestamp) -> Timestamp {
    let hour = now.as_second().div_euclid(3600) * 3600;
    let first = Timestamp::from_second(hour).unwrap_or(now);
    first.checked_sub(SignedDuration::from_hours(i64::from(HOURS) - 1)).unwrap_or(first)
}

/// What was typed, with the fields that only this view knows taken out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Typed {
    rest: String,
    cycle: Option<String>,
    user: Option<String>,
}

impl Typed {
    fn read(text: &str) -> Self {
        let mut typed = Self::default();
        let mut rest = Vec::new();
        for piece in pieces(text) {
            let value = |field: &str| {
                let head = piece.get(..field.len())?;
                let value = piece[field.len()..].replace('"', "");
                (head.eq_ignore_ascii_case(field) && !value.is_empty()).then_some(value)
            };
            if let Some(id) = value("cycle:") {
                typed.cycle = Some(fold(&id));
            } else if let Some(name) = value("user:") {
                typed.user = Some(name);
            } else if !piece.eq_ignore_ascii_case("cycle:") && !piece.eq_ignore_ascii_case("user:") {
                rest.push(piece);
            }
        }
        typed.rest = rest.join(" ");
        typed
    }
}

/// The pieces of a filter: cut at blanks outside of quotes.
fn pieces(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let cut = |c: char| {
        quoted ^= c == '"';
        c.is_whitespace() && !quoted
    };
    text.split(cut).filter(|piece| !piece.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_this_view_are_taken_out_of_what_was_typed() {
        let typed = |text: &str| {
            let typed = Typed::read(text);
            (typed.rest, typed.cycle.unwrap_or_default(), typed.user.unwrap_or_default())
        };
        for (text, rest, cycle, user) in [
            ("", "", "", ""),
            ("phone -retry status:failure", "phone -retry status:failure", "", ""),
            ("cycle:019A phone", "phone", "019a", ""),
            ("USER:ada.lovelace create", "create", "", "ada.lovelace"),
            ("user:\"Ada Lovelace\"  x", "x", "", "Ada Lovelace"),
            ("\"user:ada x\" y", "\"user:ada x\" y", "", ""),
            ("cycle: user: z", "z", "", ""),
            ("ünser:x", "ünser:x", "", ""),
        ] {
            assert_eq!(typed(text), (rest.to_owned(), cycle.to_owned(), user.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_hours_of_causes_end_with_the_one_that_is_running() {
        let now: Timestamp = "2026-11-24T14:06:20Z".parse().unwrap();
        assert_eq!(first_hour(now).to_string(), "2026-11-23T15:00:00Z");
    }
}
