//! The sections of the page: connections, job, last cycle, failures, what needs attention.

use super::Glance;
use super::draw::Sheet;
use super::stop::Stop;
use crate::console::shared::{Runner, Shared};
use crate::console::standing::{Mood, Standing};
use crate::console::style::Token;
use crate::console::words;
use crate::model::{Cycle, CycleKind, CycleState, SideHealth, SideState};
use crate::text::{Shown, show, width};
use jiff::{SignedDuration, Timestamp};

/// Column of labels.
const LABEL: u16 = 3;
/// Column of values.
const VALUE: u16 = 12;
/// Column of facts.
const FACT: u16 = 27;
/// Columns between what stands side by side.
const GUTTER: u16 = 3;

/// The mark and word of a state, with what stands at the edge.
struct State {
    mark: &'static str,
    word: String,
    token: Token,
    value: String,
    stale: bool,
}

/// Source, target and cache.
pub(super) fn connections(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let x = sheet.canvas.title(0, y, "Connections", y == 0);
    if sheet.shared.job.sandbox {
        // The one line that says what this is and how to get the real thing.
        let long = "a sandbox on this machine · your own: heeler config example";
        let words = if sheet.edge >= x + 3 + 59 { long } else { "sandbox · heeler config example" };
        sheet.right(y, x + 3, words, Token::Muted);
    }
    let (shared, glance) = (sheet.shared, sheet.glance);
    let (source, target) = (shared.job.source_long.clone(), shared.job.target_long.clone());
    let testing = sheet.view.testing.is_some();
    let (directory, app) = (glance.health.directory.as_ref(), glance.health.app.as_ref());
    let state = side(shared, directory, app, testing);
    row(sheet, y + 1, "source", "Entra ID", &source, &state, &Stop::Source);
    let state = side(shared, app, directory, testing);
    row(sheet, y + 2, "target", "SCIM 2.0", &target, &state, &Stop::Target);
    let file = format!("SQLite {}", words::size(glance.job.bytes));
    // As many as the directory lists: those that were removed and still have an account are among them.
    let (users, groups) = (glance.job.listed_users, glance.job.listed_groups);
    let facts = format!("{} users · {} groups", words::count(users), words::count(groups));
    let facts = show(&facts);
    let state = cache(shared);
    row(sheet, y + 3, "cache", &file, &facts, &state, &Stop::Cache);
    y + 4
}

fn row(sheet: &mut Sheet<'_, '_>, y: u16, label: &'static str, value: &str, fact: &Shown, state: &State, stop: &Stop) {
    let mark = sheet.plan.mark;
    sheet.canvas.put(LABEL, y, label, Token::Muted);
    let value = show(value);
    sheet.canvas.put_in(VALUE, y, mark.saturating_sub(VALUE + GUTTER), value, Token::Text);
    if sheet.plan.facts {
        let cut =
            words::middle(fact.as_str(), usize::from(mark.saturating_sub(FACT + GUTTER)), &sheet.shared.look.glyphs);
        sheet.canvas.put(FACT, y, show(&cut), Token::Text);
    }
    let word = show(&state.word);
    let x = sheet.canvas.put_in(mark, y, 1, state.mark, state.token);
    let x = sheet.canvas.put_in(x + 1, y, sheet.edge.saturating_sub(x + 1), word, state.token);
    if !state.value.is_empty() {
        sheet.right(y, x + 1, &state.value, if state.stale { Token::Stale } else { Token::Muted });
    }
    sheet.stop(y, stop);
}

/// How a side did when it was last tried. What it answered before the other one could not be used any more says nothing
/// about now.
fn side(shared: &Shared, health: Option<&SideHealth>, other: Option<&SideHealth>, testing: bool) -> State {
    let glyphs = &shared.look.glyphs;
    let state = |mark, word: &str, token, value: String| State { mark, word: word.into(), token, value, stale: false };
    if testing {
        return state(glyphs.unread, "testing", Token::Muted, String::new());
    }
    let Some(health) = health else {
        return match shared.mood() {
            Mood::Running => state(glyphs.unread, "trying", Token::Muted, String::new()),
            _ => state(glyphs.remove, "not tried", Token::Muted, String::new()),
        };
    };
    let trouble = other.filter(|other| !other.state.usable()).and_then(|other| other.since.as_ref()?.parse().ok());
    let tried_at = health.at.parse::<Timestamp>().ok();
    if health.state.usable() && trouble.is_some_and(|since: Timestamp| tried_at.is_some_and(|at| at < since)) {
        return state(glyphs.remove, "not tried", Token::Muted, String::new());
    }
    let at = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    let since = at(&health.since).map(|since| words::day_or_clock(since, shared.now, &shared.zone));
    let since = since.map_or_else(String::new, |since| format!("since {since}"));
    let tried = tried_at.map_or(0, |at| shared.seconds_since(at));
    match health.state {
        SideState::Ready if shared.untried().is_some() || tried > fresh(shared) => {
            let ago = format!("{} ago", words::age(tried));
            State { stale: true, ..state(glyphs.dot, "was ready", Token::Stale, ago) }
        }
        SideState::Ready => {
            state(glyphs.ok, "ready", Token::Text, health.median_ms.map(words::latency).unwrap_or_default())
        }
        SideState::Slow => {
            let p95 = health.p95_ms.map(|ms| format!("{} p95", words::latency(ms)));
            state(glyphs.warn, "slow", Token::Warn, p95.unwrap_or(since))
        }
        SideState::Throttled => {
            let until = at(&health.wait_until).filter(|until| *until > shared.now);
            let until = until.map(|until| format!("until {}", words::clock_minute(until, &shared.zone)));
            state(glyphs.warn, "throttled", Token::Warn, until.unwrap_or(since))
        }
        SideState::Refused => state(glyphs.fail, "refused", Token::Fail, since),
        SideState::Offline => state(glyphs.remove, "offline", Token::Warn, since),
    }
}

/// How many seconds what was read counts as fresh: until the next cycle had time to read it again.
fn fresh(shared: &Shared) -> u64 {
    shared.standing.as_ref().map_or(0, Standing::fresh_for)
}

fn cache(shared: &Shared) -> State {
    let glyphs = &shared.look.glyphs;
    let state = |mark, word: &str, token, value, stale| State { mark, word: word.into(), token, value, stale };
    // The age in the header is the same.
    let Some(at) = shared.standing.as_ref().and_then(|standing| standing.read_at) else {
        let word = if shared.mood() == Mood::Running { "reading" } else { "not read yet" };
        return state(glyphs.unread, word, Token::Muted, String::new(), false);
    };
    let secs = shared.seconds_since(at);
    let age = words::age(secs);
    if secs <= fresh(shared) && shared.mood() != Mood::Old {
        state(glyphs.ok, "fresh", Token::Text, age, false)
    } else {
        state(glyphs.dot, "old", Token::Stale, age, true)
    }
}

/// The job: its state, who is in scope, what is held back.
pub(super) fn job(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let (shared, glance) = (sheet.shared, sheet.glance);
    sheet.title(y, "Job", &shared.job.name);
    if let Runner::Elsewhere { command, pid, host } = &shared.runner {
        let from = 10 + u16::try_from(width(&shared.job.name)).unwrap_or(0);
        sheet.right(y, from, &format!("run by {command}, {pid} on {host}"), Token::Muted);
    } else if let Some(place) = shared.job.place() {
        let from = 10 + u16::try_from(width(&shared.job.name)).unwrap_or(0);
        sheet.right(y, from, &format!("{place} · `:` chooses another"), Token::Muted);
    }
    let (word, token) = job_state(shared);
    let every = format!("every {}", words::interval(glance.interval.as_secs()));
    let standing = shared.standing.as_ref();
    let running = glance.job.running().and_then(|cycle| cycle.started_at.parse::<Timestamp>().ok());
    let (label, value) = match (running, standing.and_then(|standing| standing.next)) {
        (Some(began), _) => ("began", words::clock(began, &shared.zone)),
        (None, Some(next)) if next <= shared.now => ("next", "now".to_owned()),
        (None, Some(next)) => ("next", later(next, shared)),
        (None, None) => ("next", "—".to_owned()),
    };
    pair(sheet, y + 1, "state", (word, token), &every, label, &value, &Stop::Job);
    let took = glance.job.ended().map_or_else(|| "—".to_owned(), |cycle| words::duration(cycle.duration_ms));
    let read = standing.is_some_and(|standing| standing.read_at.is_some());
    let users = match sheet.view.in_scope.as_ref().filter(|_| read) {
        Some(found) if found.at_most => format!("≤ {} users", words::count(found.users)),
        Some(found) if found.users == 1 => "1 user".to_owned(),
        Some(found) => format!("{} users", words::count(found.users)),
        None => "…".to_owned(),
    };
    let scope = scope(sheet);
    pair(sheet, y + 2, "scope", (&users, Token::Text), &scope, "took", &took, &Stop::Scope);
    if !sheet.plan.guard {
        return y + 3;
    }
    let threshold = glance.threshold.map_or_else(|| "off".to_owned(), |most| format!("≤ {}", words::count(most)));
    let leavers = if glance.keep_leavers { "leavers kept" } else { "leavers disabled" };
    let long = format!("removals a cycle · {leavers}");
    let fact = match glance.threshold {
        None => "any number of removals",
        Some(_) if fits(sheet, &long) => &long,
        Some(_) => "removals a cycle",
    };
    pair(sheet, y + 3, "guard", (&threshold, Token::Text), fact, "", "", &Stop::Guard);
    let (glyphs, x) = (&shared.look.glyphs, sheet.plan.mark);
    if glance.job.held > 0 {
        let held = show(&format!("{} held", words::count(glance.job.held)));
        let x = sheet.canvas.put_in(x, y + 3, 1, glyphs.warn, Token::Warn);
        sheet.canvas.put(x + 1, y + 3, held, Token::Warn);
    } else {
        let x = sheet.canvas.put_in(x, y + 3, 1, glyphs.ok, Token::Text);
        sheet.canvas.put(x + 1, y + 3, "nothing held", Token::Text);
    }
    sheet.stop(y + 3, &Stop::Guard);
    y + 4
}

/// Whether a fact has room beside the marks.
fn fits(sheet: &Sheet<'_, '_>, fact: &str) -> bool {
    width(fact) <= usize::from(sheet.plan.mark.saturating_sub(FACT + GUTTER))
}

/// Who is in scope: where there is not room for both, the filter says more than that people are assigned.
fn scope(sheet: &Sheet<'_, '_>) -> String {
    let (scope, filter) = (&sheet.glance.scope, &sheet.glance.filter);
    if filter.as_str().is_empty() {
        return scope.to_string();
    }
    let both = format!("{scope} · {filter}");
    if fits(sheet, &both) { both } else { filter.to_string() }
}

/// An instant that is still to come: with the day where it is not today.
pub(super) fn later(at: Timestamp, shared: &Shared) -> String {
    let day = words::day_or_clock(at, shared.now, &shared.zone);
    if day.contains(':') {
        words::clock(at, &shared.zone)
    } else {
        format!("{day} {}", words::clock_minute(at, &shared.zone))
    }
}

fn job_state(shared: &Shared) -> (&'static str, Token) {
    match shared.mood() {
        Mood::Reading => ("reading", Token::Muted),
        Mood::NotRun if shared.standing.as_ref().is_some_and(|standing| !standing.enabled) => ("off", Token::Warn),
        Mood::NotRun => ("not run yet", Token::Text),
        Mood::Running => ("running", Token::Text),
        Mood::Idle => ("not running", Token::Warn),
        Mood::Off => ("off", Token::Warn),
        Mood::Failing => ("failing", Token::Fail),
        Mood::Quarantined => ("quarantined", Token::Fail),
        Mood::Live | Mood::Old | Mood::Offline | Mood::Degraded => ("active", Token::Text),
    }
}

#[expect(clippy::too_many_arguments, reason = "one row of the page, read from left to right")]
fn pair(
    sheet: &mut Sheet<'_, '_>,
    y: u16,
    label: &'static str,
    (value, token): (&str, Token),
    fact: &str,
    second: &'static str,
    at_edge: &str,
    stop: &Stop,
) {
    let mark = sheet.plan.mark;
    sheet.canvas.put(LABEL, y, label, Token::Muted);
    let value = show(value);
    sheet.canvas.put_in(VALUE, y, mark.saturating_sub(VALUE + GUTTER), value, token);
    if sheet.plan.facts {
        let fact = show(fact);
        sheet.canvas.put_in(FACT, y, mark.saturating_sub(FACT + GUTTER), fact, Token::Text);
    }
    let x = sheet.canvas.put(mark, y, second, Token::Muted);
    sheet.right(y, x + 1, at_edge, Token::Text);
    sheet.stop(y, stop);
}

/// The cycle whose counts are shown: the newest one; while a side is out of reach the newest that came to its end.
pub(super) fn shown_cycle<'a>(shared: &Shared, glance: &'a Glance) -> Option<&'a Cycle> {
    if shared.mood() == Mood::Offline {
        glance.job.cycles.iter().find(|cycle| cycle.state == CycleState::Succeeded)
    } else {
        glance.job.cycles.first()
    }
}

/// The last cycle, or the one that is running, with what it did.
pub(super) fn cycle(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let (shared, glance) = (sheet.shared, sheet.glance);
    let Some(cycle) = glance.job.cycles.first() else {
        sheet.title(y, "Last cycle", "none yet");
        return y + 1;
    };
    let began = cycle.started_at.parse::<Timestamp>().ok();
    let time = began.map_or_else(String::new, |at| since(shared, at));
    let offline = shared.mood() == Mood::Offline;
    let running = cycle.state == CycleState::Running && !offline;
    let Some(shown) = shown_cycle(shared, glance) else {
        sheet.title(y, "Last known job", "none yet");
        return y + 1;
    };
    if offline {
        sheet.title(y, "Last known job", &shared.job.name);
        let ended = shown.ended_at.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
        let as_of = ended.map_or_else(String::new, |at| since(shared, at));
        sheet.right(y, 17, &format!("as of {as_of}"), Token::Muted);
    } else if running {
        sheet.title(y, "This cycle", &time);
        let progress = progress(sheet);
        sheet.right(y, 19, &progress, Token::Text);
    } else {
        sheet.title(y, "Last cycle", &time);
        let (word, token) = ending(cycle);
        sheet.right(y, 19, word, token);
    }
    counts(sheet, y + 1, shown);
    sheet.stop(y + 2, &Stop::Cycle(shown.id.clone()));
    y + 3
}

/// How a cycle ended, where that is news.
fn ending(cycle: &Cycle) -> (&'static str, Token) {
    match (cycle.state, cycle.kind) {
        (CycleState::Failed, _) => ("failed", Token::Fail),
        (CycleState::Stopped, _) => ("stopped", Token::Warn),
        (CycleState::Running, _) => ("its process ended", Token::Warn),
        (CycleState::Succeeded, CycleKind::Initial) => ("initial", Token::Muted),
        (CycleState::Succeeded, CycleKind::Incremental) => ("", Token::Muted),
    }
}

/// What the running cycle does, how far it is, and how long it still takes.
fn progress(sheet: &Sheet<'_, '_>) -> String {
    let Some(progress) = &sheet.glance.job.progress else { return "running".into() };
    let mut words = if progress.phase.is_empty() { "running".to_owned() } else { progress.phase.clone() };
    match progress.total.filter(|total| *total > 0) {
        // The directory's size is known from the last time: about.
        Some(total) if progress.phase.starts_with("reading") => {
            words.push_str(&format!(" · {} of about {}", words::count(progress.done), words::count(total)));
        }
        Some(total) => words.push_str(&format!(" · {} of {}", words::count(progress.done), words::count(total))),
        None if progress.done > 0 => words.push_str(&format!(" · {}", words::count(progress.done))),
        None => {}
    }
    match sheet.view.pace.left(progress.total) {
        Some(left) if left < 60 => words.push_str(&format!(" · about {left} s left")),
        Some(left) => words.push_str(&format!(" · about {} m left", left / 60)),
        None => {}
    }
    words
}

/// What a cycle did: labels above numbers, both flush right.
fn counts(sheet: &mut Sheet<'_, '_>, y: u16, cycle: &Cycle) {
    let counts = &cycle.counts;
    let mut columns = vec![
        ("created", counts.created, Token::Text),
        ("updated", counts.updated, Token::Text),
        ("disabled", counts.disabled, Token::Text),
        ("skipped", counts.skipped, Token::Text),
        ("held", counts.held, Token::Warn),
        ("failed", counts.failed, Token::Fail),
    ];
    // Rare, so they have no place of their own: behind the others nothing moves when they come.
    columns.extend(
        [("enabled", counts.enabled, Token::Text), ("deleted", counts.deleted, Token::Text)]
            .into_iter()
            .filter(|(_, n, _)| *n > 0),
    );
    let mut x = LABEL;
    let gap = if sheet.edge < COUNTS { 2 } else { 3 };
    for (label, number, token) in columns {
        let cells = u16::try_from(width(label)).unwrap_or(8).max(7);
        if x + cells > sheet.edge {
            break;
        }
        sheet.canvas.put_right(x, x + cells, y, label, Token::Muted);
        let token = if number == 0 { Token::Muted } else { token };
        sheet.canvas.put_right(x.saturating_sub(2), x + cells, y + 1, show(&words::count(number)), token);
        x += cells + gap;
    }
}

/// Below this many columns the counts of a cycle move together.
const COUNTS: u16 = 61;

/// Failures by the hour in one line.
pub(super) fn failures(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let title = if sheet.edge >= FACTS_TITLE { "Failures, 24 h" } else { "Failures" };
    sheet.canvas.title(0, y, title, false);
    let spark = show(&words::spark(&sheet.glance.job.failures, &sheet.shared.look.glyphs));
    let peak = peak(sheet.shared, &sheet.glance.job.failures);
    let token = if peak.is_some() { Token::Text } else { Token::Muted };
    let x = sheet.canvas.put(23, y, spark, token);
    let words = peak.map_or_else(|| "none".to_owned(), |(most, hour)| format!("peak {} · {hour}", words::count(most)));
    sheet.right(y, x + 1, &words, Token::Muted);
    sheet.stop_title(y, &Stop::Failures);
    y + 1
}

/// Below this many columns the title of the failures is one word.
const FACTS_TITLE: u16 = 60;

/// The hour with the most failures, if there were any: how many, and when it began.
pub(super) fn peak(shared: &Shared, failures: &[u64]) -> Option<(u64, String)> {
    let most = failures.iter().copied().max().filter(|most| *most > 0)?;
    let index = failures.iter().rposition(|n| *n == most)?;
    Some((most, words::clock_minute(hour(shared, failures.len(), index)?, &shared.zone)))
}

/// When the hour of an index begins: the last index is the hour that is running.
pub(super) fn hour(shared: &Shared, hours: usize, index: usize) -> Option<Timestamp> {
    let running = shared.now.as_second().div_euclid(3600);
    let back = i64::try_from(hours.checked_sub(index + 1)?).ok()?;
    Timestamp::from_second((running - back) * 3600).ok()
}

/// An instant before now, exact enough for a sentence: `09:40`, `Mon 09:40`, `12 Mar`.
pub(super) fn since(shared: &Shared, at: Timestamp) -> String {
    let day = words::day_or_clock(at, shared.now, &shared.zone);
    if day.contains(':') || shared.now.duration_since(at) > SignedDuration::from_hours(24 * 7) {
        day
    } else {
        format!("{day} {}", words::clock_minute(at, &shared.zone))
    }
}
