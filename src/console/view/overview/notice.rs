//! What has to be said before anything else: offline, degraded, failing, off, nobody runs it, somebody else does.

use super::draw::{Plan, Sheet};
use super::sections::{later, since};
use super::{Glance, Overview};
use crate::console::shared::{Runner, Shared};
use crate::console::standing::{Mood, Standing};
use crate::console::style::Token;
use crate::console::words;
use crate::model::{CycleState, Side, SideHealth, SideState};
use crate::text::{Shown, show, wrap};
use jiff::Timestamp;

/// Lines of an error that are shown; the log has the rest.
const ERROR_LINES: usize = 3;

/// Column of the words behind `Why`.
const WHY: u16 = 7;

/// One line: title lines stand at column 1, others at 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    column: u16,
    text: Shown,
    token: Token,
    /// A key and what it does, at the edge.
    key: Option<(&'static str, &'static str)>,
}

struct Lines<'a> {
    shared: &'a Shared,
    plan: &'a Plan,
    lines: Vec<Line>,
}

impl Lines<'_> {
    fn title(&mut self, text: &str, token: Token) {
        self.add(1, text, token);
    }

    fn line(&mut self, text: &str) {
        self.add(3, text, Token::Text);
    }

    fn add(&mut self, column: u16, text: &str, token: Token) {
        let text = show(text);
        self.lines.push(Line { column, text, token, key: None });
    }

    /// Words of the app or the directory: wrapped, and not more than a few lines of them.
    fn error(&mut self, text: &str) {
        self.error_at(3, text);
    }

    fn error_at(&mut self, column: u16, text: &str) {
        let room = usize::from(self.plan.edge.saturating_sub(column));
        let mut lines = wrap(show(text).as_str(), Some(room), 0);
        let most = if self.plan.short { 1 } else { ERROR_LINES };
        if lines.len() > most {
            let rest = lines.split_off(most - 1).join(" ");
            lines.push(words::end(&rest, room, &self.shared.look.glyphs));
        }
        for line in lines {
            self.add(column, &line, Token::Text);
        }
    }
}

/// What has to be said between the connections and the job.
pub(super) fn lines(shared: &Shared, glance: &Glance, view: &Overview, plan: &Plan) -> Vec<Line> {
    let mut lines = Lines { shared, plan, lines: Vec::new() };
    if let Some(why) = &view.failed {
        lines.title("The store cannot be read. What is shown was read before.", Token::Fail);
        lines.error(why.as_str());
    }
    if let Runner::Trouble(why) = &shared.runner {
        lines.title("This job cannot run here.", Token::Fail);
        lines.error(why.as_str());
        return lines.lines;
    }
    if let Some(why) = &shared.broken {
        lines.title("The configuration cannot be used; what it said last is what is shown.", Token::Warn);
        lines.error(why.as_str());
    }
    let read = shared.standing.as_ref().is_some_and(|standing| standing.read_at.is_some());
    match shared.mood() {
        Mood::Old => old(&mut lines),
        Mood::Offline => offline(&mut lines, glance),
        Mood::Degraded => degraded(&mut lines),
        Mood::Failing => failing(&mut lines, glance),
        Mood::Off => {
            lines.title("Provisioning is off: no cycle runs by itself.", Token::Warn);
            lines.line("5 Plan shows what a cycle would do; o settings turns provisioning on.");
        }
        Mood::Idle => {
            lines.title("Nobody runs this job.", Token::Warn);
            lines.line("`heeler run` runs it, and so does a console that is opened on it.");
        }
        Mood::NotRun if shared.standing.as_ref().is_some_and(|standing| !standing.enabled) => {
            let read = if read { "no cycle ran yet" } else { "nothing was read yet" };
            lines.title(&format!("Provisioning is off, and {read}."), Token::Warn);
            lines.line("t tests the connection; o settings turns provisioning on.");
        }
        Mood::NotRun => {
            lines.title(if read { "No cycle ran yet." } else { "Nothing was read yet." }, Token::Strong);
            lines.line("The first cycle reads everybody and compares before it writes.");
        }
        Mood::Live if glance.job.users == 0 => {
            lines.title("Nobody is in scope.", Token::Strong);
            lines.line("a assigns people and groups to the app; o settings widens the scope.");
        }
        _ => {}
    }
    lines.lines
}

fn old(lines: &mut Lines<'_>) {
    let shared = lines.shared;
    let Some(tried) = shared.untried() else { return };
    lines.title(&format!("Neither side was tried since {}.", since(shared, tried)), Token::Warn);
    match shared.standing.as_ref().and_then(|standing| standing.next) {
        Some(next) if next > shared.now => {
            lines.line(&format!("What is shown is as it was then. The next try is at {}.", later(next, shared)));
        }
        Some(_) => lines.line("What is shown is as it was then. The next try is under way."),
        None => lines.line("What is shown is as it was then."),
    }
    if let Some(last) = lines.lines.last_mut() {
        last.key = Some(("r", "try now"));
    }
}

fn offline(lines: &mut Lines<'_>, glance: &Glance) {
    if lines.shared.standing.as_ref().is_some_and(|standing| standing.read_at.is_some()) {
        lines.title("Working from the cache.", Token::Strong);
        if !lines.plan.short {
            lines.line("You can browse, filter, compare, preview mappings and export.");
            lines.line("You cannot refresh, plan against the live target, or provision.");
        }
    } else {
        let who = trouble(lines.shared).map_or("A side", |(side, _)| name(side));
        lines.title(&format!("{who} does not answer, and nothing was read before."), Token::Strong);
        lines.line("t tests the connection, step by step; o settings changes addresses.");
    }
    let attempt = trouble(lines.shared).map_or(0, |(_, health)| u64::from(health.failed_attempts));
    let attempt = format!("attempt {}", words::count(attempt + 1));
    let words = match next_try(lines.shared, glance) {
        Some(at) if at <= lines.shared.now => format!("Trying now ({attempt})."),
        Some(at) => {
            let secs = at.duration_since(lines.shared.now).as_millis().max(0).unsigned_abs().div_ceil(1000);
            format!("Next try in {} ({attempt}).", words::wait(u64::try_from(secs).unwrap_or(u64::MAX)))
        }
        None => "Nothing is tried by itself: nobody runs the job.".to_owned(),
    };
    lines.line(&words);
    if let Some(last) = lines.lines.last_mut() {
        last.key = Some(("r", "try now"));
    }
}

/// When the side that cannot be reached is tried again; an instant that is over means now.
pub(super) fn next_try(shared: &Shared, glance: &Glance) -> Option<Timestamp> {
    let trying = glance.job.cycles.first().is_some_and(|cycle| cycle.state == CycleState::Running);
    if trying && shared.standing.as_ref().is_some_and(|standing| standing.held_by.is_some()) {
        return Some(shared.now);
    }
    // Only whoever runs the job tries again.
    let next = shared.standing.as_ref()?.next?;
    let planned = trouble(shared).and_then(|(_, health)| health.next_attempt.as_ref()?.parse::<Timestamp>().ok());
    Some(planned.filter(|at| *at > shared.now).unwrap_or(next))
}

fn trouble(shared: &Shared) -> Option<(Side, &SideHealth)> {
    shared.standing.as_ref().and_then(Standing::troubled)
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Directory => "Source",
        Side::App => "Target",
    }
}

fn degraded(lines: &mut Lines<'_>) {
    let Some((side, health)) = trouble(lines.shared) else { return };
    let manner = if health.state == SideState::Throttled { "and asks for fewer requests" } else { "slowly" };
    let mut facts = Vec::new();
    if health.timeouts > 0 {
        facts.push(format!("{} of the last {} calls timed out", health.timeouts, health.recent));
    }
    if health.throttled > 0 {
        let of = if facts.is_empty() { format!(" of the last {} calls", health.recent) } else { String::new() };
        facts.push(format!("{}{of} were throttled", health.throttled));
    }
    let comma = if health.state == SideState::Throttled { "" } else { "," };
    let words = match facts.is_empty() {
        true => format!("{} answers{comma} {manner}.", name(side)),
        false => format!("{} answers{comma} {manner}: {}.", name(side), facts.join(", ")),
    };
    lines.title(&words, Token::Warn);
    let until = health.wait_until.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
    if let Some(until) = until.filter(|until| *until > lines.shared.now) {
        let until = words::clock_minute(until, &lines.shared.zone);
        lines.line(&format!("Nothing is sent to it until {until}: it asked us to wait."));
    }
    if facts.is_empty()
        && let Some(error) = &health.error
    {
        lines.error(error);
    }
}

fn failing(lines: &mut Lines<'_>, glance: &Glance) {
    let shared = lines.shared;
    let failing = shared.standing.as_ref().and_then(|standing| standing.failing.as_ref());
    let refused = trouble(shared).filter(|(_, health)| health.state == SideState::Refused);
    let words = match (failing, refused) {
        (Some(failing), _) if failing.attempts > 1 => {
            let since = since(shared, failing.since);
            format!("{} cycles in a row did not come to their end, since {since}.", words::count(failing.attempts))
        }
        (_, Some((side, _))) => format!("{} refuses us.", name(side)),
        _ => "The last cycle did not come to its end.".to_owned(),
    };
    lines.title(&words, Token::Fail);
    let error = failing.map(|failing| failing.error.as_str()).filter(|error| !error.is_empty());
    let error = error.or_else(|| refused.and_then(|(_, health)| health.error.as_deref()));
    let error = error.or_else(|| glance.job.ended()?.error.as_deref()).unwrap_or("no reason was given");
    lines.error(words::without_request(error));
}

/// Why the page is as it is, below what is known: what a side that is offline said last.
pub(super) fn why(shared: &Shared, glance: &Glance, plan: &Plan) -> Vec<Line> {
    if shared.mood() != Mood::Offline || matches!(shared.runner, Runner::Trouble(_)) {
        return Vec::new();
    }
    let health = trouble(shared).map(|(_, health)| health);
    let error = health.and_then(|health| health.error.clone());
    let error = error.or_else(|| glance.job.ended()?.error.clone());
    let Some(error) = error else { return Vec::new() };
    // The address stands in the connections.
    let error = words::without_request(&error);
    let began = health.and_then(|health| health.since.as_ref()?.parse::<Timestamp>().ok());
    let same = began.map_or_else(String::new, |at| format!(" Same since {}.", since(shared, at)));
    let mut lines = Lines { shared, plan, lines: Vec::new() };
    let stop = if error.ends_with(['.', '!', '?']) { "" } else { "." };
    let whole = format!("{error}{stop}{same}");
    // The error says more than its age where there is not room for both.
    let room = usize::from(plan.edge.saturating_sub(WHY));
    let fits = wrap(show(&whole).as_str(), Some(room), 0).len() <= ERROR_LINES;
    lines.error_at(WHY, if fits { &whole } else { error });
    lines.lines
}

/// Draws lines; returns the row below.
pub(super) fn draw(sheet: &mut Sheet<'_, '_>, y: u16, lines: &[Line]) -> u16 {
    let mut y = y;
    for (at, line) in lines.iter().enumerate() {
        if at == 0 && line.column == WHY {
            sheet.canvas.put(1, y, "Why", Token::Text);
        }
        let mut edge = sheet.edge;
        if let Some((key, words)) = line.key {
            edge = sheet.canvas.put_right(line.column, edge, y, words, Token::Muted);
            edge = sheet.canvas.put_right(line.column, edge.saturating_sub(1), y, key, Token::Accent);
        }
        sheet.canvas.put_in(line.column, y, edge.saturating_sub(line.column), &line.text, line.token);
        y += 1;
    }
    y
}
