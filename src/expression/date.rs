//! Dates: UTC instants in ticks of 100 ns, as the service counts them.
//!
//! ```text
//! text ─▶ parse (any usual form) ─▶ DateTime ─▶ print (a format string)
//!     └─▶ exact (a format string) ─▶ DateTime and its kind
//! ```
//!
//! [`format`] reads format strings for both directions. Names are English and the host's time zone is UTC.

mod exact;
mod format;
mod parse;
mod print;
mod styles;

pub(super) use exact::read_exact;
pub(super) use parse::read;
pub(super) use print::print;
pub(super) use styles::{Styles, StylesError};

use jiff::Timestamp;
use std::fmt;

const SECOND: i64 = 10_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// No place is further from UTC than fourteen hours.
const MAX_OFFSET: i64 = 14 * HOUR;

/// Ticks from 0001-01-01 to 1601-01-01, where FILETIME numbers begin.
const FILETIME_EPOCH: i64 = 504_911_232_000_000_000;

/// Ticks from 0001-01-01 to 1970-01-01.
const UNIX_EPOCH: i64 = 621_355_968_000_000_000;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Sunday is day 0.
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The name of a month or weekday by its index, and its first three letters if `short`.
fn name(names: &[&'static str], index: i64, short: bool) -> &'static str {
    let name = usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default();
    if short { name.get(..3).unwrap_or(name) } else { name }
}

/// Two digits of a year: up to 29 they mean this century, from 30 on the last one.
fn four_digit_year(year: i64) -> i64 {
    match year {
        0..=29 => 2000 + year,
        30..=99 => 1900 + year,
        _ => year,
    }
}

/// Ticks of the digits behind a second's point. Beyond seven they are rounded.
fn fraction_ticks(digits: &str) -> i64 {
    let digits = digits.bytes().map(|digit| i64::from(digit) - i64::from(b'0'));
    let mut padded = digits.chain(std::iter::repeat(0));
    let ticks = padded.by_ref().take(7).fold(0, |sum, digit| sum * 10 + digit);
    ticks + i64::from(padded.next() >= Some(5))
}

/// Why there is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateError {
    /// The text is not a date in the needed form.
    NotADate,
    /// The format string itself is wrong, and how.
    BadFormat(&'static str),
    /// The instant is outside the years 1 to 9999.
    OutOfRange,
}

/// What a date knows about its time zone. With a host in UTC all three are the same instant; only `K` tells them
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Utc,
    Local,
    Unspecified,
}

/// A day of the Gregorian calendar, in the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let valid = (1..=9999).contains(&year) && (1..=12).contains(&month);
        (valid && (1..=days_in_month(year, month)).contains(&day)).then_some(Self { year, month, day })
    }

    /// Days since 0001-01-01.
    fn days(self) -> i64 {
        let months: i64 = (1..self.month).map(|month| days_in_month(self.year, month)).sum();
        days_before_year(self.year) + months + self.day - 1
    }

    fn from_days(days: i64) -> Self {
        // A year by its mean length is at most one too late.
        let mut year = days * 400 / 146_097 + 1;
        if days_before_year(year) > days {
            year -= 1;
        } else if days_before_year(year + 1) <= days {
            year += 1;
        }
        let mut day = days - days_before_year(year);
        let mut month = 1;
        while month < 12 && day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        Self { year, month, day: day + 1 }
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

/// A UTC instant in the years 1 to 9999, in steps of 100 ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Since 0001-01-01.
    ticks: i64,
}

impl DateTime {
    /// 0001-01-01 00:00:00.
    pub const MIN: Self = Self { ticks: 0 };

    /// The last tick of 9999-12-31.
    pub const MAX: Self = Self { ticks: 3_155_378_975_999_999_999 };

    /// From ticks of 100 ns since 0001-01-01; `None` outside the years 1 to 9999.
    pub fn from_ticks(ticks: i64) -> Option<Self> {
        (Self::MIN.ticks..=Self::MAX.ticks).contains(&ticks).then_some(Self { ticks })
    }

    /// Ticks of 100 ns since 0001-01-01.
    pub fn ticks(self) -> i64 {
        self.ticks
    }

    /// From a clock. What is below 100 ns is cut off; an instant before the year 1 is read as its beginning.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        let ticks = timestamp.as_nanosecond().div_euclid(100) + i128::from(UNIX_EPOCH);
        i64::try_from(ticks).ok().and_then(Self::from_ticks).unwrap_or(if ticks < 0 { Self::MIN } else { Self::MAX })
    }

    /// From a FILETIME number: ticks of 100 ns since 1601-01-01. `None` if it is negative or past the year 9999.
    pub fn from_filetime(number: i64) -> Option<Self> {
        if number < 0 { None } else { Self::from_ticks(number.checked_add(FILETIME_EPOCH)?) }
    }

    /// The FILETIME number; `None` before 1601.
    pub fn filetime(self) -> Option<i64> {
        Some(self.ticks - FILETIME_EPOCH).filter(|number| *number >= 0)
    }

    fn at(date: Date, time_of_day: i64) -> Option<Self> {
        Self::from_ticks(date.days() * DAY + time_of_day)
    }

    /// Some ticks later, or earlier if they are negative.
    fn plus(self, ticks: i64) -> Option<Self> {
        Self::from_ticks(self.ticks.checked_add(ticks)?)
    }

    /// Some months later. A day that the month does not have becomes its last one.
    fn plus_months(self, months: i64) -> Option<Self> {
        let date = self.date();
        let month = (date.year * 12 + date.month - 1).checked_add(months)?;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        let day = date.day.min(days_in_month(year, month));
        Self::at(Date::new(year, month, day)?, self.time_of_day())
    }

    fn date(self) -> Date {
        Date::from_days(self.ticks / DAY)
    }

    /// Ticks since midnight.
    fn time_of_day(self) -> i64 {
        self.ticks % DAY
    }

    /// Sunday is 0; 0001-01-01 was a Monday.
    fn weekday(self) -> i64 {
        (self.ticks / DAY + 1) % 7
    }

    /// ISO 8601 in whole seconds, such as `2020-03-16T07:00:00Z`.
    pub fn iso(self) -> String {
        let Date { year, month, day } = self.date();
        let time = self.time_of_day();
        let (hour, minute, second) = (time / HOUR, time % HOUR / MINUTE, time % MINUTE / SECOND);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// The text form of the language: `3/16/2020 7:00:00 AM`.
impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { year, month, day } = self.date();
        let time = self.time_of_day();
        let (hour, half) = twelve_hours(time / HOUR);
        let (minute, second) = (time % HOUR / MINUTE, time % MINUTE / SECOND);
        write!(f, "{month}/{day}/{year:04} {hour}:{minute:02}:{second:02} {half}")
    }
}

/// An hour of the day on a clock of twelve.
fn twelve_hours(hour: i64) -> (i64, &'static str) {
    let on_clock = if hour % 12 == 0 { 12 } else { hour % 12 };
    (on_clock, if hour < 12 { "AM" } else { "PM" })
}

/// A unit of `DateAdd` and `DateDiff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Year,
    Month,
    Day,
    Week,
    Hour,
    Minute,
    Second,
}

impl Interval {
    /// The spellings, for messages.
    pub(super) const SPELLINGS: &'static str = "yyyy, m, d, ww, h, n, s";

    /// `n` is minute, `m` is month. Case-sensitive.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "yyyy" => Self::Year,
            "m" => Self::Month,
            "d" => Self::Day,
            "ww" => Self::Week,
            "h" => Self::Hour,
            "n" => Self::Minute,
            "s" => Self::Second,
            _ => return None,
        })
    }

    /// A date some intervals later; `None` outside the years 1 to 9999.
    pub(super) fn add(self, count: i64, date: DateTime) -> Option<DateTime> {
        match self {
            Self::Year => date.plus_months(count.checked_mul(12)?),
            Self::Month => date.plus_months(count),
            Self::Day => date.plus(count.checked_mul(DAY)?),
            Self::Week => date.plus(count.checked_mul(7 * DAY)?),
            Self::Hour => date.plus(count.checked_mul(HOUR)?),
            Self::Minute => date.plus(count.checked_mul(MINUTE)?),
            Self::Second => date.plus(count.checked_mul(SECOND)?),
        }
    }

    /// How many intervals the second date is later, as Visual Basic counts: years and months by the calendar, weeks
    /// by their Sundays, the rest by elapsed time truncated toward zero.
    pub(super) fn between(self, first: DateTime, second: DateTime) -> i64 {
        let (from, to) = (first.date(), second.date());
        let elapsed = second.ticks - first.ticks;
        match self {
            Self::Year => to.year - from.year,
            Self::Month => (to.year - from.year) * 12 + to.month - from.month,
            Self::Day => elapsed / DAY,
            Self::Week => (elapsed - (second.weekday() - first.weekday()) * DAY) / DAY / 7,
            Self::Hour => elapsed / HOUR,
            Self::Minute => elapsed / MINUTE,
            Self::Second => elapsed / SECOND,
        }
    }
}

#[cfg(test)]
mod tests;
