//! What a cycle looks like on paper: lines as it goes, and the report at its end.

use super::{CliError, Exit};
use crate::model::{Change, Counts, CycleState, LogStatus, OperationState, Verb};
use crate::store::log::{CausesOf, causes};
use crate::store::{Store, operations};
use crate::sync::{CycleEvent, EventSink, journal::value_text};
use crate::text::{Align, Table, err_line, out_line, pad_end, show, terminal_width, truncate};
use serde_json::Value;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How much goes by while a cycle runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// A line per object.
    Objects,
    /// What is being done, now and then, on standard error.
    Progress,
    /// Nothing.
    Quiet,
}

impl Detail {
    /// Lines per object on a terminal or where asked for; elsewhere progress only.
    pub(crate) fn choose(json: bool, plain: bool) -> Self {
        if json {
            Self::Quiet
        } else if plain || std::io::stdout().is_terminal() {
            Self::Objects
        } else {
            Self::Progress
        }
    }
}

/// A sink that prints news.
pub(crate) fn sink(detail: Detail) -> Option<EventSink> {
    let last = Mutex::new((Instant::now(), String::new()));
    match detail {
        Detail::Quiet => None,
        Detail::Objects => Some(Arc::new(|event| {
            if let Some(line) = object_line(&event) {
                // A closed pipe is noticed by the report; the cycle goes on.
                let _ = out_line(&show(&fitted(&line)));
            }
        })),
        Detail::Progress => Some(Arc::new(move |event| {
            let CycleEvent::Progress(progress) = event else { return };
            let words = progress.words;
            let Ok(mut last) = last.lock() else { return };
            // One line per kind of work, and one every two seconds within it.
            let kind = words.split(':').next().unwrap_or_default().to_owned();
            if last.1 != kind || last.0.elapsed() > Duration::from_secs(2) {
                *last = (Instant::now(), kind);
                err_line(&show(&words));
            }
        })),
    }
}

/// A line cut to the terminal; whole where there is none.
fn fitted(line: &str) -> String {
    terminal_width().map_or_else(|| line.to_owned(), |cells| truncate(line, cells))
}

/// `created     Ada Lovelace                  userName ada@…`
fn object_line(event: &CycleEvent) -> Option<String> {
    let CycleEvent::Object { verb, name, held, status, code, reason, changes, .. } = event else {
        return None;
    };
    let (mark, word) = match (held, status) {
        (true, _) => ("‖", "held".to_owned()),
        (_, LogStatus::Failure) => ("✗", "failed".to_owned()),
        (_, LogStatus::Warning) => ("!", past(*verb).to_owned()),
        (_, LogStatus::Success | LogStatus::Skipped) => ("✓", past(*verb).to_owned()),
    };
    let what = match (held, status) {
        (false, LogStatus::Success) => diff_words(*verb, changes),
        _ => format!(
            "{verb}: {}{reason}",
            code.as_ref().filter(|c| *c != "Held").map_or_else(String::new, |c| format!("{c}, "))
        ),
    };
    let name = pad_end(&truncate(show(name).as_str(), 30), 30);
    Some(
        format!(" {mark} {}  {name}  {}", pad_end(&word, 15), truncate(show(&what).as_str(), 160))
            .trim_end()
            .to_owned(),
    )
}

fn past(verb: Verb) -> &'static str {
    match verb {
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Enable => "enabled",
        Verb::Disable => "disabled",
        Verb::Delete => "deleted",
        Verb::SetManager => "manager set",
        Verb::AddMembers => "members added",
        Verb::RemoveMembers => "members removed",
    }
}

fn diff_words(verb: Verb, changes: &[Change]) -> String {
    match verb {
        Verb::Create => changes
            .iter()
            .find(|c| c.attribute.eq_ignore_ascii_case("userName"))
            .and_then(|c| value_text(&c.new))
            .unwrap_or_default(),
        Verb::Delete => String::new(),
        _ => changes.iter().map(change_words).collect::<Vec<_>>().join("; "),
    }
}

/// `title: Engineer → Lead`
pub(crate) fn change_words(change: &Change) -> String {
    let text = |value: &Value| value_text(value).filter(|t| !t.is_empty()).unwrap_or_else(|| "—".into());
    format!("{}: {} → {}", change.attribute, text(&change.old), text(&change.new))
}

/// The report of one cycle, from the store: what was done, failures by cause, what is held, what is unsettled.
pub(crate) fn print(store: &Store, result: &Value) -> Result<(), CliError> {
    let line = |text: &str| out_line(&show(text));
    let counts: Counts = result.get("counts").and_then(|c| serde_json::from_value(c.clone()).ok()).unwrap_or_default();
    let word = |key: &str| result.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| result.get(key).and_then(Value::as_u64).unwrap_or_default();
    line("")?;
    line(&format!(
        "{} cycle {}  {}  {} requests to the app",
        word("kind"),
        word("state"),
        seconds(number("duration_ms")),
        number("app_requests")
    ))?;
    let mut table = Table::new();
    for heading in ["created", "updated", "enabled", "disabled", "deleted", "skipped", "failed", "held"] {
        table = table.column(heading, Align::Right, 0);
    }
    table.row(
        [
            counts.created,
            counts.updated,
            counts.enabled,
            counts.disabled,
            counts.deleted,
            counts.skipped,
            counts.failed,
            counts.held,
        ]
        .map(|n| n.to_string()),
    );
    for row in table.lines() {
        line(&format!("  {row}"))?;
    }
    if let Some(error) = result.get("error").and_then(Value::as_str) {
        line("")?;
        line(&format!("it could not come to its end: {error}"))?;
    }
    for unread in result.get("unread").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| unread.get(key).and_then(Value::as_str).unwrap_or_default();
        line(&format!("not read to the end: the {} of the directory ({})", text("collection"), text("reason")))?;
    }
    print_causes(store, word("cycle_id"))?;
    print_held(store, counts.held)?;
    if word("state") == CycleState::Stopped.as_str() {
        print_unsettled(store, word("cycle_id"))?;
    }
    Ok(())
}

/// The same for one of many cycles: a cycle in which nothing happened is one line.
pub(crate) fn print_briefly(store: &Store, result: &Value) -> Result<(), CliError> {
    let counts: Counts = result.get("counts").and_then(|c| serde_json::from_value(c.clone()).ok()).unwrap_or_default();
    let quiet = Counts { skipped: counts.skipped, ..Counts::default() } == counts
        && result.get("state").and_then(Value::as_str) == Some(CycleState::Succeeded.as_str())
        && result.get("unread").is_none();
    if !quiet {
        return print(store, result);
    }
    let now = jiff::ZonedDateTime::now().strftime("%H:%M:%S").to_string();
    let kind = result.get("kind").and_then(Value::as_str).unwrap_or_default();
    let requests = result.get("app_requests").and_then(Value::as_u64).unwrap_or_default();
    out_line(&show(&format!("{now}  {kind} cycle: nothing to do, {requests} requests to the app")))?;
    Ok(())
}

/// `1.2 s`, `3 m 05 s`
pub(crate) fn seconds(ms: u64) -> String {
    if ms < 60_000 {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    } else {
        format!("{} m {:02} s", ms / 60_000, ms / 1000 % 60)
    }
}

fn print_causes(store: &Store, cycle_id: &str) -> Result<(), CliError> {
    let found = store.read(|c| causes(c, CausesOf::Cycle(cycle_id)))?;
    if found.is_empty() {
        return Ok(());
    }
    let total: u64 = found.iter().map(|c| c.count).sum();
    out_line(&show(""))?;
    out_line(&show(&format!("failures by cause  ({total})")))?;
    let mut table = Table::new()
        .column("", Align::Right, 0)
        .column("", Align::Left, 30)
        .column("", Align::Left, 24)
        .column("", Align::Left, 0);
    for cause in &found {
        let example = if cause.count > 1 { format!("{}, …", cause.example) } else { cause.example.clone() };
        table.row([cause.count.to_string(), cause.code.clone(), example, cause.reason.clone()]);
    }
    for row in table.lines() {
        out_line(&show(&fitted(&format!("  {row}"))))?;
    }
    Ok(())
}

fn print_held(store: &Store, held: u64) -> Result<(), CliError> {
    if held == 0 {
        return Ok(());
    }
    let operations = store.read(operations::held)?;
    out_line(&show(""))?;
    out_line(&show(&format!("held back  ({})", operations.len())))?;
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for operation in &operations {
        let reason = operation.held_reason.clone().unwrap_or_default();
        match reasons.iter_mut().find(|(r, _)| *r == reason) {
            Some((_, n)) => *n += 1,
            None => reasons.push((reason, 1)),
        }
    }
    for (reason, n) in reasons {
        out_line(&show(&format!("  {n:>5}  {reason}")))?;
    }
    out_line(&show("  `heeler plan` shows them; `heeler plan release ID…` or `heeler plan reject ID…` decides"))?;
    Ok(())
}

/// After a stop: what is done, what is not, and what nobody knows.
fn print_unsettled(store: &Store, cycle_id: &str) -> Result<(), CliError> {
    let operations = store.read(|c| operations::of_cycle(c, cycle_id))?;
    let count = |states: &[OperationState]| operations.iter().filter(|o| states.contains(&o.state)).count();
    let unknown: Vec<&str> =
        operations.iter().filter(|o| o.state == OperationState::Unknown).map(|o| o.name.as_str()).collect();
    out_line(&show(""))?;
    out_line(&show(&format!(
        "stopped: {} done, {} not done, {} unknown",
        count(&[OperationState::Claimed, OperationState::Verified]),
        count(&[OperationState::Planned]),
        unknown.len() + count(&[OperationState::Started])
    )))?;
    if !unknown.is_empty() {
        out_line(&show(&format!("  unknown: {} (the next cycle looks at the app first)", unknown.join(", "))))?;
    }
    Ok(())
}

/// The exit code that an answer carries, as ours; a signal goes first.
pub(crate) fn exit(code: i32, signal: Option<Exit>) -> Exit {
    if let Some(signal) = signal {
        return signal;
    }
    match code {
        0 => Exit::Done,
        1 => Exit::SomeFailed,
        2 => Exit::Usage,
        3 => Exit::Connection,
        4 => Exit::Held,
        143 => Exit::Terminated,
        130 => Exit::Interrupted,
        _ => Exit::Storage,
    }
}
