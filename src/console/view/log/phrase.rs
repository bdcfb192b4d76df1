//! How the log says things: short names of attributes, answers of the app, what became of an entry.

use super::query::Event;
pub(super) use crate::console::attribute_words::{path_in, short_path};
use crate::console::style::{Glyphs, Token};
use crate::console::words;
use crate::model::LogStatus;
use crate::store::log::{CauseRow, LogLine, class};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Cells that say what an entry is about, where there is a choice.
const ABOUT: usize = 12;

/// What the app answered, as it stands in parentheses in a reason: `the app refused (400 invalidValue): …`.
pub(super) fn answer_in(reason: &str) -> Option<&str> {
    reason.match_indices('(').find_map(|(at, _)| {
        let (inner, _) = reason[at + 1..].split_once(')')?;
        let (status, kind) = inner.split_once(' ').unwrap_or((inner, ""));
        let number = status.len() == 3 && status.parse::<u16>().is_ok_and(|n| (400..600).contains(&n));
        (number && kind.chars().all(|c| c.is_ascii_alphanumeric())).then_some(inner)
    })
}

/// The words of a reason behind the app's answer: what it said.
pub(super) fn said_in(reason: &str) -> &str {
    let Some(answer) = answer_in(reason) else { return reason };
    match reason.split_once(&format!("({answer}): ")) {
        Some((_, said)) if !said.is_empty() => said,
        _ => reason,
    }
}

/// What an entry without an answer of the app came to.
fn unanswered(code: &str, reason: &str) -> &'static str {
    let ends = |names: &[&str]| names.iter().any(|name| code.ends_with(name));
    if ends(&["Timeout", "WebExceptionProtocolError"]) {
        "no answer"
    } else if ends(&["ServiceIncompatible", "MultipleEntriesInResponse"]) {
        "not usable"
    } else if ends(&["Unauthorized"]) {
        "401"
    } else if reason.contains("the app said yes") || reason.contains("the app kept") {
        "not kept"
    } else {
        "not sent"
    }
}

/// The answer column of a cause.
pub(super) fn cause_answer(cause: &CauseRow) -> String {
    match (cause.http_status, &cause.scim_type) {
        (Some(status), Some(kind)) => format!("{status} {kind}"),
        (Some(status), None) => status.to_string(),
        (None, _) => unanswered(&cause.code, &cause.reason).to_owned(),
    }
}

/// What a cause is called: the class of its code, or the code itself.
pub(super) fn cause_name(code: &str) -> String {
    match class(code) {
        "other" if !code.is_empty() => code.to_owned(),
        "other" => "failed".to_owned(),
        known => known.to_owned(),
    }
}

/// The action of an entry in one word.
pub(super) fn action(line: &LogLine) -> &str {
    match line.action.as_str() {
        "stagedDelete" => "held",
        "other" if line.status == LogStatus::Skipped => "skip",
        action => action,
    }
}

/// The mark of an outcome and how it is meant.
pub(super) fn mark(status: LogStatus, glyphs: &Glyphs) -> (&'static str, Token) {
    match status {
        LogStatus::Success => (glyphs.ok, Token::Text),
        LogStatus::Failure => (glyphs.fail, Token::Fail),
        LogStatus::Warning => (glyphs.warn, Token::Warn),
        LogStatus::Skipped => (glyphs.dot, Token::Muted),
    }
}

/// What an entry came to, in words for the last column of the list: what came back, and what it is about.
pub(super) fn outcome(event: &Event, cells: usize, glyphs: &Glyphs) -> String {
    let line = &event.line;
    let reason = line.reason.as_deref().unwrap_or_default();
    let path = |cells: usize| line.attribute.as_deref().map(|path| path_in(path, cells.max(8), glyphs).to_string());
    match line.status {
        LogStatus::Failure => {
            let code = line.code.as_deref().unwrap_or_default();
            let answer = answer_in(reason).unwrap_or_else(|| unanswered(code, reason));
            // The kind of the answer gives way to what it is about.
            let tight = cells < answer.chars().count() + 3 + ABOUT;
            let answer =
                if tight { answer.split(' ').next().filter(|s| s.len() == 3).unwrap_or(answer) } else { answer };
            let said = || if reason.is_empty() { code.to_owned() } else { said_in(reason).to_owned() };
            let what = path(cells.saturating_sub(answer.chars().count() + 3)).unwrap_or_else(said);
            format!("{answer}   {what}")
        }
        LogStatus::Warning | LogStatus::Skipped if !reason.is_empty() => said_in(reason).to_owned(),
        LogStatus::Warning | LogStatus::Skipped => line.code.clone().unwrap_or_default(),
        LogStatus::Success => match (path(cells), &line.value, line.changes) {
            (Some(path), Some(value), _) => format!("{path}   {value}"),
            (Some(path), None, _) => path,
            (None, _, 0) => String::new(),
            (None, _, 1) => "1 attribute".to_owned(),
            (None, _, n) => format!("{} attributes", words::count(n)),
        },
    }
}

/// A value, in quotation marks where there is room for them.
pub(super) fn quote_if(value: &str, quoted: bool) -> String {
    if quoted { format!("\"{value}\"") } else { value.to_owned() }
}

/// When an entry was made: the time today, the day and the minute within a week, else the date.
pub(super) fn when(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let day = words::day_or_clock(at, now, zone);
    if day.contains(':') {
        words::clock(at, zone)
    } else if day.starts_with(|c: char| c.is_ascii_digit()) {
        day
    } else {
        format!("{day} {}", words::clock_minute(at, zone))
    }
}

/// A moment in full: `24 Nov 2026 15:02:11 · 14:02:11 UTC`.
pub(super) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    let day = local.strftime("%-d %b %Y %H:%M:%S");
    if local.offset().seconds() == 0 {
        format!("{day} UTC")
    } else {
        format!("{day} · {} UTC", words::clock(at, &TimeZone::UTC))
    }
}

/// From when to when: `09:14–14:02`, or `14:02` when that is one minute.
pub(super) fn span(first: Timestamp, last: Timestamp, zone: &TimeZone, glyphs: &Glyphs) -> String {
    let (first, last) = (words::clock_minute(first, zone), words::clock_minute(last, zone));
    let dash = if glyphs.is_ascii() { "-" } else { "–" };
    if first == last { last } else { format!("{first}{dash}{last}") }
}

/// What was sent where, as the app's own words begin: `POST https://…/Users: the server answered …`.
pub(super) fn request_in(details: &str, base: &str) -> Option<(String, String)> {
    let (method, rest) = details.split_once(' ')?;
    if !matches!(method, "GET" | "POST" | "PATCH" | "PUT" | "DELETE") {
        return None;
    }
    let (url, _) = rest.split_once(": ").unwrap_or((rest, ""));
    if url.contains(char::is_whitespace) {
        return None;
    }
    let path = url.strip_prefix(base.trim_end_matches('/')).filter(|path| path.starts_with('/'));
    Some((method.to_owned(), path.unwrap_or(url).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_answer_and_its_words_are_told_apart() {
        let reason = "the app refused (400 invalidValue): phone number (work) must be E.164";
        assert_eq!(answer_in(reason), Some("400 invalidValue"));
        assert_eq!(said_in(reason), "phone number (work) must be E.164");
        assert_eq!(answer_in("the app failed (503) without a reason"), Some("503"));
        assert_eq!(said_in("the app failed (503) without a reason"), "the app failed (503) without a reason");
        assert_eq!(answer_in("two people (of 400) have it"), None);
        assert_eq!(answer_in("open (400"), None);
        assert_eq!(answer_in("(409 \u{1b}[0m)"), None);
    }

    #[test]
    fn what_was_asked_is_read_from_the_details() {
        let details = "POST https://flock.example/scim/v2/Users: the server answered 400: no";
        let found = request_in(details, "https://flock.example/scim/v2/").unwrap();
        assert_eq!(found, ("POST".to_owned(), "/Users".to_owned()));
        let elsewhere = request_in(details, "https://other.example").unwrap();
        assert_eq!(elsewhere.1, "https://flock.example/scim/v2/Users");
        assert_eq!(request_in("the app said no: POST", "x"), None);
        assert_eq!(request_in("", ""), None);
    }

    #[test]
    fn times_say_the_day_unless_it_is_today() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-24T14:06:20Z");
        let when = |text: &str| when(at(text), now, &TimeZone::UTC);
        assert_eq!(when("2026-11-24T14:02:11Z"), "14:02:11");
        assert_eq!(when("2026-11-23T23:10:05Z"), "Mon 23:10");
        assert_eq!(when("2026-03-12T23:10:05Z"), "12 Mar");
        let span = |a, b| span(at(a), at(b), &TimeZone::UTC, &Glyphs::unicode());
        assert_eq!(span("2026-11-24T09:14:00Z", "2026-11-24T14:02:11Z"), "09:14–14:02");
        assert_eq!(span("2026-11-24T14:02:00Z", "2026-11-24T14:02:11Z"), "14:02");
    }
}
