//! How numbers, durations, ages and times are written on screens.
//!
//! Sentence case, a space before the unit, local times. Everything here is pure: the time is an argument.

use super::style::Glyphs;
use crate::model::Counts;
use crate::text::width;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Ages and durations are written in days from here on.
const IN_DAYS: u64 = 2 * DAY;
/// Younger than this many seconds is `now`.
const STILL_NOW: u64 = 5;
/// Below a minute an age changes its text once in so many seconds, so that a screen at rest stays at rest.
const COARSE: u64 = 5;

/// What a cycle did, in words: `38 created, 2 failed`; `nothing to do` where it did nothing.
pub fn counts(counts: &Counts) -> String {
    let parts: Vec<String> = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.enabled, "enabled"),
        (counts.disabled, "disabled"),
        (counts.deleted, "deleted"),
        (counts.held, "held"),
        (counts.failed, "failed"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", count(n)))
    .collect();
    if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") }
}

/// A number with its thousands apart: `4 218`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// How long something took, in milliseconds: `0.18 s`, `12 s`, `2 m 04 s`, `3 h 12 m`, `2 d`. Never rounded up.
pub fn duration(ms: u64) -> String {
    let secs = ms / 1000;
    if secs < 10 { format!("{secs}.{:02} s", ms % 1000 / 10) } else { span(secs) }
}

/// How long an answer took, in milliseconds: `83 ms`, `4 100 ms`.
pub fn latency(ms: u64) -> String {
    format!("{} ms", count(ms))
}

/// An interval that is set, in seconds: `40 min`, `6 h`, `90 s`.
pub fn interval(secs: u64) -> String {
    match secs {
        _ if secs > 0 && secs.is_multiple_of(HOUR) => format!("{} h", count(secs / HOUR)),
        _ if secs > 0 && secs.is_multiple_of(MINUTE) => format!("{} min", count(secs / MINUTE)),
        _ => format!("{} s", count(secs)),
    }
}

/// The size of a file: `812 KB`, `2.1 MB`, `18 MB`, `1.2 GB`. A kilobyte is 1000 bytes. Never rounded up.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..10_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        10_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", count(bytes / 1_000_000_000), bytes % 1_000_000_000 / 100_000_000),
    }
}

/// Whole seconds, with two units where the smaller still matters.
fn span(secs: u64) -> String {
    match secs {
        0..MINUTE => format!("{secs} s"),
        MINUTE..HOUR => format!("{} m {:02} s", secs / MINUTE, secs % MINUTE),
        _ => hours(secs),
    }
}

fn hours(secs: u64) -> String {
    if secs < IN_DAYS {
        format!("{} h {:02} m", secs / HOUR, secs % HOUR / MINUTE)
    } else {
        format!("{} d", count(secs / DAY))
    }
}

/// How old something is, in seconds, coarse enough that a screen at rest seldom changes: `now`, `5 s`, `10 s`, `9 m`,
/// `3 h 12 m`, `2 d`.
pub fn age(secs: u64) -> String {
    match secs {
        0..STILL_NOW => "now".to_owned(),
        STILL_NOW..MINUTE => format!("{} s", secs - secs % COARSE),
        MINUTE..HOUR => format!("{} m", secs / MINUTE),
        _ => hours(secs),
    }
}

/// When the text of [`age`] changes next: how long something this many seconds old still has the same text.
pub fn age_changes_in(secs: u64) -> Duration {
    let step = match secs {
        0..MINUTE => COARSE,
        MINUTE..IN_DAYS => MINUTE,
        _ => DAY,
    };
    Duration::from_secs(step - secs % step)
}

/// How long to wait, in seconds, in running text: `41 s`, `2 m 11 s`, `3 h 12 m`.
pub fn wait(secs: u64) -> String {
    span(secs)
}

/// A countdown, in seconds, in a fixed place: `4:31`, `0:09`, `1:02:03`.
pub fn countdown(secs: u64) -> String {
    let (minutes, seconds) = (secs / MINUTE, secs % MINUTE);
    if secs < HOUR {
        format!("{minutes}:{seconds:02}")
    } else {
        format!("{}:{:02}:{seconds:02}", minutes / 60, minutes % 60)
    }
}

/// The time of day with seconds: `14:02:11`.
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// The time of day: `14:02`.
pub fn clock_minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M").to_string()
}

/// A moment seen from now: `14:02` today, `Mon` within six days of today, else `12 Mar`.
pub fn day_or_clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone.clone()));
    let format = match now.date().duration_since(at.date()).abs() {
        SignedDuration::ZERO => "%H:%M",
        // On the seventh day the name of the day would be today's.
        apart if apart < SignedDuration::from_hours(7 * 24) => "%a",
        _ => "%-d %b",
    };
    at.strftime(format).to_string()
}

/// A share with one decimal: `14.5 %`. What is not nothing is not written as nothing, nor what is not all as all.
pub fn percent(part: u64, of: u64) -> String {
    let tenths = if of == 0 { 0 } else { (u128::from(part) * 2000 / u128::from(of)).div_ceil(2) };
    match tenths {
        0 if part > 0 && of > 0 => "<0.1 %".to_owned(),
        1000 if part < of => ">99.9 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// A spark line, one cell per number. The highest number is the full height; only zero is the lowest step.
pub fn spark(numbers: &[u64], glyphs: &Glyphs) -> String {
    spark_of(numbers, numbers.iter().copied().max().unwrap_or(0), glyphs)
}

/// A spark line to a scale: `most` is the full height. For several lines that are to be compared.
pub fn spark_of(numbers: &[u64], most: u64, glyphs: &Glyphs) -> String {
    numbers.iter().map(|number| glyphs.spark[spark_step(*number, most)]).collect()
}

/// The step of a spark line, 0 to 7, for a number out of `most`.
fn spark_step(number: u64, most: u64) -> usize {
    let last = 7_u128;
    let step = (u128::from(number) * last).div_ceil(u128::from(most.max(1)));
    usize::try_from(step.min(last)).unwrap_or(0)
}

/// What was wrong, without the request in front: `GET https://…: the server answered 500` is what the server answered.
pub fn without_request(text: &str) -> &str {
    let behind = text.split_once(": ").filter(|(request, rest)| {
        let address = request.split_once(' ').map(|(_, address)| address);
        address.is_some_and(|a| a.contains("://") && !a.contains(' ')) && !rest.is_empty()
    });
    behind.map_or(text, |(_, rest)| rest)
}

/// The short name of an account, without its domain: what lists show. A guest's `alias_theirdomain#EXT#` is the alias
/// (E3.13).
pub fn account(name: &str) -> &str {
    let local = name.split('@').next().filter(|local| !local.is_empty()).unwrap_or(name);
    let guest = local.find("#EXT#").map(|end| local[..end].rfind('_').unwrap_or(end));
    guest.filter(|end| *end > 0).map_or(local, |end| &local[..end])
}

/// Cuts an identifier to at most `cells` cells, in its middle: both ends tell identifiers apart. What follows an `@`
/// is kept whole where that leaves room for a name: `ada.lo…@contoso.example`.
pub fn middle(text: &str, cells: usize, glyphs: &Glyphs) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let dots = width(glyphs.ellipsis);
    let Some(room) = cells.checked_sub(dots).filter(|room| *room >= 2) else { return end(text, cells, glyphs) };
    let domain = text.rfind('@').map(|at| width(&text[at..])).filter(|domain| domain + 3 <= room);
    let behind = domain.unwrap_or(room / 2);
    format!("{}{}{}", head(text, room - behind), glyphs.ellipsis, tail(text, behind))
}

/// Cuts prose to at most `cells` cells, at its end.
pub fn end(text: &str, cells: usize, glyphs: &Glyphs) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    match cells.checked_sub(width(glyphs.ellipsis)) {
        Some(room) => format!("{}{}", clipped(head(text, room)), glyphs.ellipsis),
        None => head(glyphs.ellipsis, cells).to_owned(),
    }
}

/// The beginning of a text without what an ellipsis behind it makes superfluous.
fn clipped(text: &str) -> &str {
    let short = text.trim_end_matches([' ', '…']);
    if short.is_empty() { text } else { short }
}

/// As much of the beginning as fits.
fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    let fits = text.grapheme_indices(true).find(|(_, cluster)| {
        used += width(cluster);
        used > cells
    });
    fits.map_or(text, |(at, _)| &text[..at])
}

/// As much of the end as fits.
fn tail(text: &str, cells: usize) -> &str {
    let mut used = 0;
    let mut from = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        used += width(cluster);
        if used > cells {
            break;
        }
        from = at;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: Glyphs = Glyphs::unicode();

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1 000"),
            (4218, "4 218"),
            (123_456, "123 456"),
            (u64::MAX, "18 446 744 073 709 551 615"),
        ] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn durations_have_the_units_that_matter() {
        for (ms, text) in [
            (0, "0.00 s"),
            (180, "0.18 s"),
            (9_999, "9.99 s"),
            (10_000, "10 s"),
            (12_900, "12 s"),
            (59_999, "59 s"),
            (60_000, "1 m 00 s"),
            (131_000, "2 m 11 s"),
            (124_000, "2 m 04 s"),
            (3_600_000, "1 h 00 m"),
            (11_520_000, "3 h 12 m"),
            (86_400_000, "24 h 00 m"),
            (172_800_000, "2 d"),
            (260_000_000, "3 d"),
        ] {
            assert_eq!(duration(ms), text, "{ms}");
        }
        assert_eq!((latency(83), latency(4100)), ("83 ms".to_owned(), "4 100 ms".to_owned()));
        assert_eq!((wait(41), wait(131), wait(0)), ("41 s".to_owned(), "2 m 11 s".to_owned(), "0 s".to_owned()));
    }

    #[test]
    fn intervals_and_sizes_have_one_unit() {
        for (secs, text) in [(2_400, "40 min"), (21_600, "6 h"), (90, "90 s"), (0, "0 s"), (5_400, "90 min")] {
            assert_eq!(interval(secs), text);
        }
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (812_400, "812 KB"),
            (2_190_000, "2.1 MB"),
            (18_400_000, "18 MB"),
            (1_290_000_000, "1.2 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn ages_are_coarse() {
        for (secs, text) in [
            (0, "now"),
            (4, "now"),
            (5, "5 s"),
            (12, "10 s"),
            (59, "55 s"),
            (60, "1 m"),
            (599, "9 m"),
            (3_599, "59 m"),
            (3_600, "1 h 00 m"),
            (11_520, "3 h 12 m"),
            (172_799, "47 h 59 m"),
            (172_800, "2 d"),
            (u64::MAX, "213 503 982 334 601 d"),
        ] {
            assert_eq!(age(secs), text, "{secs}");
        }
    }

    #[test]
    fn an_age_changes_exactly_when_it_says() {
        let near = (0..8_000).chain(170_000..175_000).chain(259_100..259_300);
        for secs in near {
            let next = secs + age_changes_in(secs).as_secs();
            assert!(next > secs, "{secs}");
            assert_ne!(age(next), age(secs), "{secs}: the text is the same at {next}");
            assert_eq!(age(next - 1), age(secs), "{secs}: the text changed before {next}");
        }
        assert_eq!(age_changes_in(u64::MAX).as_secs(), DAY - u64::MAX % DAY);
    }

    #[test]
    fn countdowns_keep_their_place() {
        for (secs, text) in [(0, "0:00"), (9, "0:09"), (271, "4:31"), (3_599, "59:59"), (3_723, "1:02:03")] {
            assert_eq!(countdown(secs), text);
        }
    }

    #[test]
    fn times_are_local() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let noon = at("2026-03-12T13:02:11.9Z");
        assert_eq!(clock(noon, &zone), "14:02:11");
        assert_eq!(clock_minute(noon, &zone), "14:02");
        assert_eq!(clock(noon, &TimeZone::UTC), "13:02:11");
        for (moment, text) in [
            ("2026-03-12T13:02:00Z", "14:02"),
            // Midnight in Berlin is an hour before midnight in UTC.
            ("2026-03-11T23:00:00Z", "00:00"),
            ("2026-03-11T22:59:59Z", "Wed"),
            ("2026-03-05T23:00:00Z", "Fri"),
            ("2026-03-05T22:59:59Z", "5 Mar"),
            ("2025-12-24T12:00:00Z", "24 Dec"),
            ("2026-03-13T12:00:00Z", "Fri"),
            ("2026-03-19T12:00:00Z", "19 Mar"),
        ] {
            assert_eq!(day_or_clock(at(moment), noon, &zone), text, "{moment}");
        }
        // The week in which the clocks change has a day of 23 hours.
        let now = at("2026-04-01T10:00:00Z");
        assert_eq!(day_or_clock(at("2026-03-26T10:00:00Z"), now, &zone), "Thu");
        assert_eq!(day_or_clock(at("2026-03-25T22:30:00Z"), now, &zone), "25 Mar");
    }

    #[test]
    fn shares_do_not_claim_what_is_not() {
        for (part, of, text) in [
            (612, 4218, "14.5 %"),
            (0, 4218, "0.0 %"),
            (2, 4218, "<0.1 %"),
            (1, 1000, "0.1 %"),
            (4217, 4218, ">99.9 %"),
            (4218, 4218, "100.0 %"),
            (5, 0, "0.0 %"),
            (u64::MAX, u64::MAX, "100.0 %"),
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
        ] {
            assert_eq!(percent(part, of), text, "{part} of {of}");
        }
    }

    #[test]
    fn sparks_show_zero_and_not_zero() {
        assert_eq!(spark(&[0, 1, 50, 100], &UNICODE), "▁▂▅█");
        assert_eq!(spark(&[0, 0], &UNICODE), "▁▁");
        assert_eq!(spark(&[], &UNICODE), "");
        assert_eq!(spark(&[0, 1, 2, 3, 4, 5, 6, 7], &Glyphs::ascii()), ".:-=+*#@");
        assert_eq!(spark(&[u64::MAX, 1], &UNICODE), "█▂");
        assert_eq!(spark_of(&[0, 5, 20], 10, &UNICODE), "▁▅█");
    }

    #[test]
    fn identifiers_are_cut_in_the_middle_and_keep_their_domain() {
        let mail = "ada.lovelace@contoso.example";
        assert_eq!(middle(mail, 28, &UNICODE), mail);
        assert_eq!(middle(mail, 23, &UNICODE), "ada.lo…@contoso.example");
        assert_eq!(middle(mail, 20, &UNICODE), "ada…@contoso.example");
        // Less than three letters of the name say nothing: then both ends are cut alike.
        assert_eq!(middle(mail, 19, &UNICODE), "ada.lovel…o.example");
        assert_eq!(middle("8f14e45f-ceea-467f-a7c1", 10, &UNICODE), "8f14e…a7c1");
        assert_eq!(middle(mail, 23, &Glyphs::ascii()), "ada....@contoso.example");
        assert_eq!(middle("山田太郎は遠い", 8, &UNICODE), "山田…い");
    }

    #[test]
    fn nothing_cut_is_wider_than_its_room() {
        let texts =
            ["ada.lovelace@contoso.example", "山田太郎@例え.example", "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}", ""];
        for set in [Glyphs::unicode(), Glyphs::ascii()] {
            for text in texts {
                for cells in 0..40 {
                    for cut in [middle(text, cells, &set), end(text, cells, &set)] {
                        assert!(width(&cut) <= cells, "{cut} in {cells}");
                        assert!(width(text) > cells || cut == text, "{cut} in {cells}");
                        assert!(cut == text || cells == 0 || cut.contains('…') || cut.contains('.'), "{cut}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_wrong_comes_first() {
        for (text, said) in [
            ("GET http://127.0.0.1:45049/scim/v2/Users/8f72: the server answered 500: x", "the server answered 500: x"),
            ("the app cannot be reached", "the app cannot be reached"),
            ("no token: set one", "no token: set one"),
            ("see https://a.example for more: nothing", "see https://a.example for more: nothing"),
            ("GET http://a.example: ", "GET http://a.example: "),
        ] {
            assert_eq!(without_request(text), said);
        }
    }

    #[test]
    fn accounts_are_named_without_their_domain() {
        for (name, short) in [
            ("ada@contoso.example", "ada"),
            ("ada", "ada"),
            ("@contoso.example", "@contoso.example"),
            ("xiu.zhuge_partner.example#EXT#@contoso.example", "xiu.zhuge"),
            ("first_last_partner.example#EXT#@contoso.example", "first_last"),
            ("guest#EXT#@contoso.example", "guest"),
            ("#EXT#@contoso.example", "#EXT#"),
        ] {
            assert_eq!(account(name), short);
        }
    }

    #[test]
    fn prose_is_cut_at_its_end() {
        assert_eq!(end("required value missing", 12, &UNICODE), "required va…");
        assert_eq!(end("required value missing", 12, &Glyphs::ascii()), "required...");
        assert_eq!(end("required", 2, &Glyphs::ascii()), "..");
        assert_eq!(end("required", 1, &UNICODE), "…");
    }
}
