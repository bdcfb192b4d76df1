//! A text as a date, in any form that `CDate` takes.
//!
//! The text is cut into pieces (numbers, words, marks). A date has three parts, each a number or a month name, in an
//! order that the year or the month name decides; a number before a colon begins a time. Where a text could be read
//! in two ways, .NET's reading under the invariant culture is taken.

use super::{
    DAY, Date, DateError, DateTime, HOUR, MAX_OFFSET, MINUTE, MONTHS, SECOND, WEEKDAYS, four_digit_year, fraction_ticks,
};

/// Longest number outside of a fraction, in digits.
const MAX_DIGITS: usize = 8;

/// Numbers, words and marks of a text, far more than a date has.
const MAX_PIECES: usize = 100;

/// Reads a text in any of the usual forms; without an offset it is in UTC. `now` gives what .NET takes from the clock:
/// the date of a lone time, and the year of a month with a day.
pub(in crate::expression) fn read(text: &str, now: DateTime) -> Result<DateTime, DateError> {
    let pieces = cut(text).ok_or(DateError::NotADate)?;
    let mut reader = Reader { pieces: &pieces, now, ..Reader::default() };
    reader.run().ok_or(DateError::NotADate)?;
    reader.finish()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    /// Digits.
    Number(&'a str),
    /// From 1.
    Month(i64),
    /// From 0, which is Sunday.
    Weekday(i64),
    /// Whether it is PM.
    Half(bool),
    /// `Z` or `GMT`.
    Zulu(&'a str),
    /// The `T` before a time.
    TimeMark,
    Mark(char),
}

#[derive(Clone, Copy, Debug)]
struct Piece<'a> {
    token: Token<'a>,
    /// Whether a blank stands before it.
    apart: bool,
}

/// The pieces of a text; `None` if one of its words means nothing, or if there are too many.
fn cut(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.trim_start().chars().next() {
        let apart = rest.starts_with(char::is_whitespace);
        rest = rest.trim_start();
        let end = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let length = match first {
            '0'..='9' => end(|c| c.is_ascii_digit()),
            c if c.is_alphabetic() => end(char::is_alphabetic),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at_checked(length)?;
        let token = match first {
            '0'..='9' => Token::Number(piece),
            c if c.is_alphabetic() => word(piece)?,
            c => Token::Mark(c),
        };
        if pieces.len() == MAX_PIECES {
            return None;
        }
        pieces.push(Piece { token, apart });
        rest = after;
    }
    Some(pieces)
}

fn word(word: &str) -> Option<Token<'_>> {
    let among = |names: &[&'static str]| {
        let index = names.iter().position(|name| {
            let short = name.get(..3).unwrap_or(name);
            word.eq_ignore_ascii_case(name) || word.eq_ignore_ascii_case(short)
        });
        index.and_then(|index| i64::try_from(index).ok())
    };
    if let Some(month) = among(&MONTHS) {
        return Some(Token::Month(month + 1));
    }
    if let Some(weekday) = among(&WEEKDAYS) {
        return Some(Token::Weekday(weekday));
    }
    Some(match word.to_ascii_uppercase().as_str() {
        "AM" => Token::Half(false),
        "PM" => Token::Half(true),
        "Z" | "GMT" => Token::Zulu(word),
        "T" => Token::TimeMark,
        _ => return None,
    })
}

/// One of the three parts of a date.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// One or two digits: a month, a day or the last digits of a year.
    Number(i64),
    /// Three digits or more.
    Year(i64),
    Month(i64),
}

#[derive(Default)]
struct Reader<'a> {
    pieces: &'a [Piece<'a>],
    at: usize,
    now: DateTime,
    /// Parts of a date that is not complete yet.
    parts: Vec<Part>,
    /// Whether a part must follow, after a separator.
    open: bool,
    date: Option<Date>,
    hour: Option<i64>,
    /// Ticks of the time below the hour.
    below: i64,
    half: Option<bool>,
    weekday: Option<i64>,
    /// Ticks that local time is ahead of UTC.
    offset: Option<i64>,
}

/// Puts a value where there is none yet.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.is_none().then(|| *slot = Some(value))
}

fn value(digits: &str) -> Option<i64> {
    if digits.len() > MAX_DIGITS { None } else { digits.parse().ok() }
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<Piece<'a>> {
        self.pieces.get(self.at + ahead).copied()
    }

    fn mark(&self, ahead: usize, mark: char) -> bool {
        self.peek(ahead).is_some_and(|piece| piece.token == Token::Mark(mark))
    }

    fn run(&mut self) -> Option<()> {
        while let Some(piece) = self.peek(0) {
            let between = self.parts.is_empty();
            match piece.token {
                Token::Number(_) if self.mark(1, ':') => between.then(|| self.time())??,
                Token::Number(digits) if between && matches!(self.peek(1).map(|p| p.token), Some(Token::Half(_))) => {
                    self.at += 1;
                    once(&mut self.hour, two_digits(digits)?)?;
                }
                Token::Number(_) | Token::Month(_) => self.part(piece.token)?,
                Token::Weekday(day) => {
                    self.at += 1;
                    once(&mut self.weekday, day)?;
                }
                Token::Half(half) if between => {
                    self.at += 1;
                    once(&mut self.half, half)?;
                }
                Token::Zulu(_) if between => {
                    self.at += 1;
                    once(&mut self.offset, 0)?;
                }
                Token::Mark('+' | '-') if between => self.offset()?,
                Token::Mark(',' | '.') => self.at += 1,
                _ => return None,
            }
        }
        if self.open {
            return None;
        }
        match self.parts.as_slice() {
            [] => Some(()),
            [first, second] => {
                let date = self.date_of_two(*first, *second)?;
                once(&mut self.date, date)
            }
            _ => None,
        }
    }

    fn part(&mut self, token: Token<'_>) -> Option<()> {
        self.at += 1;
        let part = match token {
            Token::Number(digits) if digits.len() > 2 => Part::Year(value(digits)?),
            Token::Number(digits) => Part::Number(value(digits)?),
            Token::Month(month) => Part::Month(month),
            _ => return None,
        };
        self.parts.push(part);
        self.open = false;
        if self.parts.len() < 3 {
            if self.mark(0, '/') || self.mark(0, '-') {
                self.at += 1;
                self.open = true;
            }
            return Some(());
        }
        // A sign after the third part begins an offset.
        let parts = std::mem::take(&mut self.parts);
        let date = date_of_three(&parts)?;
        once(&mut self.date, date)?;
        if self.peek(0).is_some_and(|piece| piece.token == Token::TimeMark) && follows_iso(&parts) {
            self.at += 1;
            self.iso_time()?;
        }
        Some(())
    }

    fn date_of_two(&self, first: Part, second: Part) -> Option<Date> {
        let this_year = self.now.date().year;
        match (first, second) {
            (Part::Year(year), Part::Month(month) | Part::Number(month))
            | (Part::Month(month) | Part::Number(month), Part::Year(year)) => Date::new(year, month, 1),
            // `March 16` is a day of this year, and `16 March` a month of 2016.
            (Part::Number(month) | Part::Month(month), Part::Number(day)) => Date::new(this_year, month, day),
            (Part::Number(year), Part::Month(month)) => Date::new(four_digit_year(year), month, 1),
            _ => None,
        }
    }

    /// `H:mm[:ss[.fraction]]`, with or without blanks around the colons.
    fn time(&mut self) -> Option<()> {
        let hour = two_digits(self.number()?)?;
        once(&mut self.hour, hour)?;
        self.at += 1;
        let minute = below_sixty(self.number()?)?;
        let mut second = 0;
        if self.mark(0, ':') {
            self.at += 1;
            second = below_sixty(self.number()?)? * SECOND;
            second += self.fraction().unwrap_or(0);
        }
        self.below = minute * MINUTE + second;
        Some(())
    }

    /// What follows a `T`: two digits each, and then nothing but an offset or `Z`.
    fn iso_time(&mut self) -> Option<()> {
        let exact = |digits: &'a str| (digits.len() == 2).then_some(digits);
        let hour = value(exact(self.number()?)?)?;
        once(&mut self.hour, hour)?;
        if !self.mark(0, ':') {
            return None;
        }
        self.at += 1;
        let minute = below_sixty(exact(self.number()?)?)?;
        let mut second = 0;
        if self.mark(0, ':') {
            self.at += 1;
            second = below_sixty(exact(self.number()?)?)? * SECOND;
            second += if self.mark(0, '.') { self.fraction()? } else { 0 };
        }
        self.below = minute * MINUTE + second;
        match self.peek(0).map(|piece| piece.token) {
            Some(Token::Mark('+' | '-')) => self.offset()?,
            Some(Token::Zulu("Z" | "z")) => {
                self.at += 1;
                once(&mut self.offset, 0)?;
            }
            _ => {}
        }
        (self.at == self.pieces.len()).then_some(())
    }

    fn number(&mut self) -> Option<&'a str> {
        let Token::Number(digits) = self.peek(0)?.token else { return None };
        self.at += 1;
        Some(digits)
    }

    /// A point and digits right behind a second.
    fn fraction(&mut self) -> Option<i64> {
        let point = self.peek(0).filter(|piece| piece.token == Token::Mark('.') && !piece.apart);
        let digits = self.peek(1).filter(|piece| !piece.apart);
        let (Some(_), Some(Piece { token: Token::Number(digits), .. })) = (point, digits) else { return None };
        self.at += 2;
        Some(fraction_ticks(digits))
    }

    /// `±h`, `±hh`, `±hhmm` or `±hh:mm`, without blanks inside.
    fn offset(&mut self) -> Option<()> {
        let ahead = self.mark(0, '+');
        self.at += 1;
        let attached = |piece: Option<Piece<'a>>| piece.filter(|piece| !piece.apart);
        let Token::Number(digits) = attached(self.peek(0))?.token else { return None };
        self.at += 1;
        let (hours, minutes) = match digits.len() {
            1 | 2 if attached(self.peek(0)).is_some_and(|piece| piece.token == Token::Mark(':')) => {
                let Token::Number(minutes) = attached(self.peek(1))?.token else { return None };
                self.at += 2;
                (value(digits)?, two_digits(minutes)?)
            }
            1 | 2 => (value(digits)?, 0),
            3 | 4 => (value(digits)? / 100, value(digits)? % 100),
            _ => return None,
        };
        let offset = hours * HOUR + minutes * MINUTE;
        if minutes > 59 || offset > MAX_OFFSET {
            return None;
        }
        once(&mut self.offset, if ahead { offset } else { -offset })
    }

    fn finish(&self) -> Result<DateTime, DateError> {
        // AM or PM without an hour is a mistake; .NET would make it midnight or noon.
        if self.hour.is_none() && (self.date.is_none() || self.half.is_some()) {
            return Err(DateError::NotADate);
        }
        let date = self.date.unwrap_or_else(|| self.now.date());
        let hour = match (self.half, self.hour.unwrap_or(0)) {
            (Some(false), 13..) => return Err(DateError::NotADate),
            (Some(false), 12) => 0,
            (Some(true), hour @ 0..12) => hour + 12,
            (_, hour) => hour,
        };
        if hour > 23 {
            return Err(DateError::NotADate);
        }
        let local = date.days() * DAY + hour * HOUR + self.below;
        // A fraction may round up to the next day.
        let local = DateTime::from_ticks(local).ok_or(DateError::OutOfRange)?;
        if self.weekday.is_some_and(|day| day != local.weekday()) {
            return Err(DateError::NotADate);
        }
        local.plus(-self.offset.unwrap_or(0)).ok_or(DateError::OutOfRange)
    }
}

fn two_digits(digits: &str) -> Option<i64> {
    if digits.len() > 2 { None } else { value(digits) }
}

fn below_sixty(digits: &str) -> Option<i64> {
    two_digits(digits).filter(|number| *number < 60)
}

/// Whether a `T` may follow: a year, a month number and a day.
fn follows_iso(parts: &[Part]) -> bool {
    let numbers = parts.iter().filter(|part| matches!(part, Part::Number(_))).count();
    numbers == 2 && matches!(parts, [.., Part::Number(_)]) && parts.iter().any(|part| matches!(part, Part::Year(_)))
}

/// A written year and a month name may stand anywhere; the numbers that are left are month, day and year in order.
fn date_of_three(parts: &[Part]) -> Option<Date> {
    let (mut numbers, mut month, mut year) = (Vec::new(), None, None);
    for part in parts {
        match *part {
            Part::Number(number) => numbers.push(number),
            Part::Month(name) => once(&mut month, name)?,
            Part::Year(written) => once(&mut year, written)?,
        }
    }
    match (year, month, numbers.as_slice()) {
        (Some(year), Some(month), &[day]) => Date::new(year, month, day),
        (Some(year), None, &[month, day]) => Date::new(year, month, day),
        (None, Some(month), &[first, second]) => Date::new(four_digit_year(second), month, first)
            .or_else(|| Date::new(four_digit_year(first), month, second)),
        (None, None, &[month, day, year]) => Date::new(four_digit_year(year), month, day),
        _ => None,
    }
}
