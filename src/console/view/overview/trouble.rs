//! The page of a job in quarantine: why, what that means, and what to do about it, in order.

use super::draw::{Plan, Sheet};
use super::sections::since;
use super::stop::{Stop, Task, tasks};
use super::{Glance, sections};
use crate::console::standing::NO_CONNECTION;
use crate::console::style::Token;
use crate::console::words;
use crate::engine::GIVE_UP_DAYS;
use crate::model::{Cycle, CycleState};
use crate::text::{show, width, wrap};
use jiff::Timestamp;

/// Days of failures by cycle that are drawn at most.
const DAYS: usize = 7;
/// Lines of the reason that are shown.
const REASON_LINES: usize = 2;
/// Lines of it beyond these, where there is room.
const MORE_LINES: usize = 4;

/// Rows of what is always there: why, and what to do about it, blank lines included.
pub(super) fn rows(glance: &Glance) -> u16 {
    let tasks = u16::try_from(tasks(glance).len()).unwrap_or(4);
    (3 + u16::try_from(REASON_LINES).unwrap_or(2) + 1) + (1 + tasks + 1)
}

/// Draws the left or only column.
pub(super) fn left(sheet: &mut Sheet<'_, '_>) {
    let mut y = job(sheet, 0) + 1;
    y = todo(sheet, y) + 1;
    if sheet.plan.failures > 0 {
        y = by_cycle(sheet, y) + 1;
    }
    if sheet.plan.sides {
        y = sections::connections(sheet, y) + 1;
    }
    super::wide::cycles(sheet, y);
}

fn job(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let (shared, glance) = (sheet.shared, sheet.glance);
    let x = sheet.canvas.title(0, y, "Job", true);
    let name = show(&shared.job.name);
    sheet.canvas.put_in(x + 3, y, sheet.edge.saturating_sub(x + 3), name, Token::Muted);
    let Some(quarantine) = &glance.job.quarantine else { return y + 1 };
    let began = quarantine.series_began.parse::<Timestamp>().ok();
    let state = match began {
        Some(at) => {
            let since = since(shared, at);
            match words::age(shared.seconds_since(at)) {
                age if age == "now" => format!("quarantined since {since}"),
                age => format!("quarantined since {since}, {age}"),
            }
        }
        None => "quarantined".to_owned(),
    };
    sheet.canvas.put(3, y + 1, "state", Token::Muted);
    let x = sheet.canvas.put(12, y + 1, shared.look.glyphs.warn, Token::Warn);
    let state = show(&state);
    sheet.canvas.put_in(x + 1, y + 1, sheet.edge.saturating_sub(x + 1), state, Token::Warn);
    sheet.stop(y + 1, &Stop::Job);
    sheet.canvas.put(3, y + 2, "reason", Token::Muted);
    let mut y = y + 2;
    let room = usize::from(sheet.edge.saturating_sub(12));
    let mut lines = reason_lines(&quarantine.reason, &quarantine.error, room);
    let most = REASON_LINES + sheet.plan.reason;
    if lines.len() > most {
        let rest = lines.split_off(most - 1).join(" ");
        lines.push(words::end(&rest, room, &shared.look.glyphs));
    }
    for line in lines {
        let line = show(&line);
        sheet.canvas.put(12, y, line, Token::Text);
        y += 1;
    }
    sheet.canvas.put(3, y, "effect", Token::Muted);
    let next = quarantine.next_attempt.parse::<Timestamp>().ok().filter(|at| *at > shared.now);
    let next =
        next.map_or_else(|| "cycles run seldom".to_owned(), |at| format!("next cycle {}", sections::later(at, shared)));
    let effect = show(&format!("{next}; after {GIVE_UP_DAYS} days the job is switched off"));
    sheet.canvas.put_in(12, y, sheet.edge.saturating_sub(12), effect, Token::Text);
    y + 1
}

/// How many lines the reason needs beyond those that always have room.
pub(super) fn more_lines(glance: &Glance, plan: &Plan) -> u16 {
    let Some(quarantine) = &glance.job.quarantine else { return 0 };
    let room = usize::from(plan.edge.saturating_sub(12));
    let lines = reason_lines(&quarantine.reason, &quarantine.error, room).len();
    u16::try_from(lines.saturating_sub(REASON_LINES).min(MORE_LINES)).unwrap_or(0)
}

fn reason_lines(code: &str, error: &str, room: usize) -> Vec<String> {
    let text = format!("{}: {}", reason(code), words::without_request(error));
    wrap(show(&text).as_str(), Some(room), 0)
}

/// The code of a quarantine in words.
fn reason(code: &str) -> &str {
    match code {
        "TooManyDeletes" => "too many removals",
        NO_CONNECTION => "cycles cannot come to their end",
        code if code.contains("Escrow") => "too many failures",
        code => code,
    }
}

fn todo(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let glance = sheet.glance;
    sheet.title(y, "What to do", "");
    let lead = glance.causes.first();
    let mut y = y + 1;
    for (at, task) in tasks(glance).into_iter().enumerate() {
        let (what, middle, right) = match task {
            Task::Cause => {
                let all = glance.job.causes.objects.n;
                let count = lead.map_or(0, |cause| cause.objects.0);
                let attribute = lead.and_then(|cause| cause.attribute.as_ref()).map_or("", |a| a.as_str());
                let place = if attribute.is_empty() { "→ 4 Log" } else { "→ 3 Mapping" };
                let middle = format!("{} of {}", words::count(count), words::count(all));
                ("Fix the leading cause", middle, format!("{attribute}   {place}").trim_start().to_owned())
            }
            Task::Connection => ("Test the connection", "t".to_owned(), "each step with its answer".to_owned()),
            Task::Decide => {
                let held = format!("{} held", words::count(glance.job.held));
                ("Decide what may be removed", held, "→ 5 Plan".to_owned())
            }
            Task::ProveOne => {
                let name = lead.and_then(|cause| cause.example.as_ref()).map_or("", |object| object.name.as_str());
                let name = name.split('@').next().unwrap_or_default();
                ("Prove it on one user", "p".to_owned(), format!("provision {name}"))
            }
            Task::DryRun => ("Dry-run everything", "5 Plan".to_owned(), "nothing is written".to_owned()),
            Task::Restart => ("Restart the job", "R".to_owned(), "clears quarantine".to_owned()),
        };
        sheet.canvas.put(3, y, show(&(at + 1).to_string()), Token::Muted);
        sheet.canvas.put_in(7, y, sheet.edge.saturating_sub(7), what, Token::Text);
        let key = matches!(task, Task::Connection | Task::ProveOne | Task::Restart);
        let middle = show(&middle);
        sheet.canvas.put_in(38, y, 12, middle, if key { Token::Accent } else { Token::Text });
        let right = show(&right);
        sheet.canvas.put_in(53, y, sheet.edge.saturating_sub(53), right, Token::Muted);
        sheet.stop(y, &Stop::Task(task));
        y += 1;
    }
    y
}

/// Failures of each cycle, day by day, all to one scale.
fn by_cycle(sheet: &mut Sheet<'_, '_>, y: u16) -> u16 {
    let (shared, glance) = (sheet.shared, sheet.glance);
    let mut days: Vec<(String, Vec<u64>)> = Vec::new();
    for cycle in glance.job.cycles.iter().rev().filter(|cycle| cycle.state != CycleState::Running) {
        let Ok(at) = cycle.started_at.parse::<Timestamp>() else { continue };
        let at = at.to_zoned_datetime(shared.zone.clone());
        let day = at.strftime("%a").to_string();
        match days.last_mut() {
            Some((last, failures)) if *last == day => failures.push(weight(cycle)),
            _ => days.push((day, vec![weight(cycle)])),
        }
    }
    sheet.title(y, "Failures per cycle", "");
    let most = days.iter().flat_map(|(_, failures)| failures).copied().max().unwrap_or(0);
    let from = days.len().saturating_sub(DAYS);
    // The last days are kept whole where not all fit; of a long day its last cycles.
    let room = usize::from(sheet.edge.saturating_sub(3));
    let mut shown: Vec<(String, String)> = Vec::new();
    let mut used = 0;
    for (day, failures) in days.split_off(from).into_iter().rev() {
        let free = room.saturating_sub(used + 5);
        if free < 3 {
            break;
        }
        let failures = &failures[failures.len().saturating_sub(free)..];
        let spark = words::spark_of(failures, most, &shared.look.glyphs);
        used += width(&day) + 2 + width(&spark) + 4;
        shown.push((day, spark));
    }
    let mut x = 3;
    for (day, spark) in shown.iter().rev() {
        x = sheet.canvas.put(x, y + 1, show(day), Token::Muted);
        x = sheet.canvas.put(x + 2, y + 1, show(spark), Token::Text) + 4;
    }
    y + 2
}

/// A cycle that did not come to its end failed for everybody; it counts as one that is worse than none.
fn weight(cycle: &Cycle) -> u64 {
    if cycle.state == CycleState::Failed { cycle.counts.failed.max(1) } else { cycle.counts.failed }
}
