//! `heeler log [--follow] [--status S] [--since T] [--search TEXT]`

use super::args::StatusFilter;
use super::signals::Signals;
use super::{CliError, Ctx, Exit, Outcome, access::Access, listing};
use crate::model::{LogEntry, LogStatus};
use crate::store::Store;
use crate::store::log::{LogQuery, LogRow, last_id, query};
use crate::text::{Shown, err_line, out_json, out_line, pad_end, show, terminal_width, truncate, width};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How many entries people get unless they say since when.
const LAST: usize = 100;
/// How often `--follow` looks.
const PULSE: Duration = Duration::from_millis(250);
/// Cells of a name.
const NAME: usize = 28;
/// Cells of a name in a terminal narrower than [`NARROW`].
const SHORT_NAME: usize = 20;
/// Below this many cells the mark alone tells the status: the reason needs the room.
const NARROW: usize = 100;

/// Prints log entries, the newest last: all since `--since`, else the last 100 for people and everything with
/// `--json`, where each line is one `provisioningObjectSummary` as stored.
pub(super) async fn run(
    ctx: &Ctx,
    follow: bool,
    status: Option<StatusFilter>,
    since: Option<&str>,
    search: Option<&str>,
) -> Outcome {
    let since = since.map(|text| since_when(text, Timestamp::now())).transpose()?;
    let access = Access::open_to_read(ctx)?;
    let filter = LogQuery {
        status: status.map(log_status),
        since: since.map(|at| format!("{at:.3}")),
        search: search.filter(|text| !text.trim().is_empty()).map(str::to_owned),
        ..LogQuery::default()
    };
    let signals = follow.then(Signals::watch);
    let mut printer = Printer { json: ctx.json, today: today(), time_width: 0 };
    // What is stored from here on is found by following, even if the filter leaves out what is there now.
    let mut seen = access.store.read(last_id)?;
    let mut count = 0;
    if ctx.json || filter.since.is_some() {
        let (mut after, mut more) = (0, true);
        while more {
            let rows = page(&access.store, &filter, after)?;
            more = rows.len() == listing::PAGE;
            after = rows.last().map_or(after, |row| row.seq);
            count += rows.len();
            printer.print(&rows)?;
        }
        seen = seen.max(after);
    } else {
        let newest = LogQuery { newest_first: true, limit: LAST + 1, ..filter.clone() };
        let mut rows = access.store.read(|c| query(c, &newest))?;
        if rows.len() > LAST {
            rows.truncate(LAST);
            err_line(&show(&format!("the last {LAST} entries; --since 1h, or a date, shows all from then on")));
        }
        rows.reverse();
        seen = rows.last().map_or(seen, |row| seen.max(row.seq));
        count += rows.len();
        printer.print(&rows)?;
    }
    if count == 0 {
        nothing(&access)?;
    }
    match signals {
        Some(signals) => watch(&access.store, &filter, seen, &mut printer, &signals).await,
        None => Ok(Exit::Done),
    }
}

fn nothing(access: &Access) -> Result<(), CliError> {
    if listing::never_ran(access)? {
        listing::hint_to_run(access);
    } else if access.store.read(last_id)? == 0 {
        err_line(&show("the log is empty: no cycle had anything to say yet"));
    } else {
        err_line(&show("no entry of the log fits"));
    }
    Ok(())
}

/// Entries behind a place, oldest first.
fn page(store: &Store, filter: &LogQuery, after: i64) -> Result<Vec<LogRow>, CliError> {
    let next = LogQuery { after_id: Some(after), limit: listing::PAGE, ..filter.clone() };
    Ok(store.read(|c| query(c, &next))?)
}

/// Prints what is added, until a signal comes.
async fn watch(store: &Store, filter: &LogQuery, seen: i64, printer: &mut Printer, signals: &Signals) -> Outcome {
    let mut seen = seen;
    while !signals.cancel.is_cancelled() {
        // Read before the entries: what comes in between has a higher number, and is printed now or next time.
        let newest = store.read(last_id)?;
        if newest > seen {
            let rows = page(store, filter, seen)?;
            printer.today = today();
            printer.print(&rows)?;
            let last = rows.last().map_or(seen, |row| row.seq);
            if rows.len() == listing::PAGE {
                seen = last;
                continue;
            }
            seen = newest.max(last);
        }
        tokio::select! {
            () = signals.cancel.cancelled() => {}
            () = tokio::time::sleep(PULSE) => {}
        }
    }
    Ok(signals.exit().unwrap_or(Exit::Interrupted))
}

fn log_status(status: StatusFilter) -> LogStatus {
    match status {
        StatusFilter::Success => LogStatus::Success,
        StatusFilter::Failure => LogStatus::Failure,
        StatusFilter::Skipped => LogStatus::Skipped,
        StatusFilter::Warning => LogStatus::Warning,
    }
}

fn today() -> Date {
    TimeZone::UTC.to_datetime(Timestamp::now()).date()
}

/// Prints entries in columns of fixed width, so that what follows lines up with what was there.
struct Printer {
    json: bool,
    today: Date,
    time_width: usize,
}

impl Printer {
    fn print(&mut self, rows: &[LogRow]) -> Result<(), CliError> {
        if self.json {
            for row in rows {
                out_json(&row.entry)?;
            }
            return Ok(());
        }
        let times: Vec<String> = rows.iter().map(|row| time(&row.entry.activity_date_time, self.today)).collect();
        self.time_width = times.iter().map(|time| width(time)).max().unwrap_or(0).max(self.time_width);
        let cells = terminal_width();
        for (row, time) in rows.iter().zip(&times) {
            out_line(&line(&row.entry, &pad_end(time, self.time_width), cells))?;
        }
        Ok(())
    }
}

/// UTC: the time of today, the day and the minute of any other day.
fn time(at: &str, today: Date) -> String {
    let Ok(at) = at.parse::<Timestamp>() else { return at.to_owned() };
    let at = TimeZone::UTC.to_datetime(at);
    if at.date() == today { at.strftime("%H:%M:%S").to_string() } else { at.strftime("%Y-%m-%d %H:%M").to_string() }
}

/// `14:02:11  ✗ failure  update        Grace Hopper  EntryConflict: …`
///
/// Cut to a terminal of so many cells; whole where there is none.
fn line(entry: &LogEntry, time: &str, cells: Option<usize>) -> Shown {
    let status = entry.provisioning_status_info.status;
    let mark = match status {
        LogStatus::Success => "✓",
        LogStatus::Failure => "✗",
        LogStatus::Skipped => "·",
        LogStatus::Warning => "!",
    };
    let name = [&entry.source_identity.display_name, &entry.target_identity.display_name, &entry.source_identity.id]
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("", String::as_str);
    let narrow = cells.is_some_and(|cells| cells < NARROW);
    let room = if narrow { SHORT_NAME } else { NAME };
    let name = show(name);
    let name = pad_end(&cells.map_or_else(|| name.to_string(), |_| truncate(name.as_str(), room)), room);
    let why = match &entry.provisioning_status_info.error_information {
        Some(error) => show(&format!("{}: {}", error.error_code, error.reason)).to_string(),
        None => changed(entry),
    };
    let action = pad_end(show(&entry.provisioning_action).as_str(), 12);
    let word = if narrow { String::new() } else { format!(" {:<7}", status.as_str()) };
    let line = format!("{time}  {mark}{word}  {action}  {name}  {why}");
    show(&cells.map_or_else(|| line.trim_end().to_owned(), |cells| truncate(line.trim_end(), cells)))
}

/// The attributes of the diff, by name; of a create, which sets all of them, who it is.
fn changed(entry: &LogEntry) -> String {
    if entry.provisioning_action == "create" {
        let principal = entry.source_identity.details.get("UserPrincipalName").and_then(|name| name.as_str());
        return show(principal.unwrap_or_default()).to_string();
    }
    let names: Vec<&str> = entry.modified_properties.iter().map(|p| p.display_name.as_str()).collect();
    show(&names.join(", ")).to_string()
}

/// The instant that `--since` means: a length of time before now, a day (UTC), or a point in time (UTC unless it
/// says otherwise).
fn since_when(text: &str, now: Timestamp) -> Result<Timestamp, CliError> {
    let text = text.trim();
    let refused = || {
        CliError::new(Exit::Usage, format!("--since: `{text}` is not a point in time"))
            .advise("use 2026-11-23, 2026-11-23T08:00Z, or a length of time before now: 90s, 15m, 2h, 7d")
    };
    if let Some(seconds) = length(text) {
        return now.checked_sub(SignedDuration::from_secs(seconds)).map_err(|_| refused());
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil = text
        .parse::<Date>()
        .ok()
        .filter(|_| !text.contains(['T', 't', ' ', ':']))
        .map(|day| day.to_datetime(jiff::civil::Time::midnight()))
        .or_else(|| text.parse::<DateTime>().ok())
        .ok_or_else(refused)?;
    TimeZone::UTC.to_timestamp(civil).map_err(|_| refused())
}

/// Seconds of `90s`, `15m`, `2h`, `7d`, `2w`.
fn length(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number = text.get(..text.len() - 1)?;
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_takes_days_instants_and_lengths() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-23", "2026-11-23T00:00:00Z"),
            ("2026-11-23T08:00Z", "2026-11-23T08:00:00Z"),
            ("2026-11-23T08:00:05Z", "2026-11-23T08:00:05Z"),
            ("2026-11-23T08:00:05.25+02:00", "2026-11-23T06:00:05.25Z"),
            ("2026-11-23T08:00", "2026-11-23T08:00:00Z"),
            ("90s", "2026-11-23T11:58:30Z"),
            ("15m", "2026-11-23T11:45:00Z"),
            ("2h", "2026-11-23T10:00:00Z"),
            ("7d", "2026-11-16T12:00:00Z"),
        ] {
            assert_eq!(since_when(text, now).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "-2h", "h", "99999999999999999d", "9223372036854775807s", "2026-13-01", "ä"] {
            let error = since_when(text, now).unwrap_err();
            assert_eq!(error.exit, Exit::Usage, "{text}");
        }
    }

    #[test]
    fn another_day_is_named() {
        let today = jiff::civil::date(2026, 11, 23);
        assert_eq!(time("2026-11-23T14:02:11.5Z", today), "14:02:11");
        assert_eq!(time("2026-11-22T23:59:59Z", today), "2026-11-22 23:59");
    }
}
