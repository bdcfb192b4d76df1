//! A text as a date, by a format string. The text must fit the format exactly; styles say where blanks may be.

use super::format::{Field, MAX_FRACTION, Token, Use, tokens};
use super::styles::Styles;
use super::{
    DAY, Date, DateError, DateTime, HOUR, Kind, MAX_OFFSET, MINUTE, MONTHS, SECOND, WEEKDAYS, four_digit_year,
    fraction_ticks, name,
};

/// Reads a text that is written in a custom or standard format, and says what its kind becomes. `now` gives today for
/// a format without a date, and the year for one without a year.
pub(in crate::expression) fn read_exact(
    text: &str,
    format: &str,
    styles: Styles,
    now: DateTime,
) -> Result<(DateTime, Kind), DateError> {
    let mut tokens = tokens(format, Use::Reading)?;
    if text.is_empty() {
        return Err(DateError::NotADate);
    }
    let mut rest = text;
    if styles.leading_white {
        rest = rest.trim_start();
        trim(&mut tokens, true);
    }
    if styles.trailing_white {
        rest = rest.trim_end();
        trim(&mut tokens, false);
    }
    let mut reader = Reader { rest, styles, parts: Parts::default() };
    if format == "U" {
        (reader.parts.offset, reader.parts.zulu) = (Some(0), true);
    }
    reader.run(&tokens).ok_or(DateError::NotADate)?;
    reader.parts.finish(styles, now)
}

/// Takes the blanks off one end of a format, inside quotes too.
fn trim(tokens: &mut Vec<Token>, start: bool) {
    let blank = |token: &Token| matches!(token, Token::Literal(letter) if letter.is_whitespace());
    if start {
        tokens.drain(..tokens.iter().take_while(|token| blank(token)).count());
    } else {
        tokens.truncate(tokens.len() - tokens.iter().rev().take_while(|token| blank(token)).count());
    }
    let end = if start { tokens.first_mut() } else { tokens.last_mut() };
    if let Some(Token::Quoted(quoted)) = end {
        *quoted = if start { quoted.trim_start() } else { quoted.trim_end() }.to_owned();
    }
}

/// What the text says; a part that it says twice must be the same both times.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    /// Whether the year is written with its last two digits.
    short_year: bool,
    month: Option<i64>,
    day: Option<i64>,
    weekday: Option<i64>,
    hour: Option<i64>,
    /// Whether the hour is one of twelve.
    twelve: bool,
    minute: Option<i64>,
    second: Option<i64>,
    /// Ticks.
    fraction: Option<i64>,
    /// Whether it is PM.
    half: Option<bool>,
    /// Ticks that local time is ahead of UTC.
    offset: Option<i64>,
    /// Whether a `Z` says that it is UTC.
    zulu: bool,
}

struct Reader<'a> {
    rest: &'a str,
    styles: Styles,
    parts: Parts,
}

fn agree<T: PartialEq + Copy>(slot: &mut Option<T>, value: T) -> Option<()> {
    (*slot.get_or_insert(value) == value).then_some(())
}

impl<'a> Reader<'a> {
    fn run(&mut self, tokens: &[Token]) -> Option<()> {
        let mut tokens = tokens.iter().peekable();
        while let Some(token) = tokens.next() {
            if self.styles.inner_white {
                self.rest = self.rest.trim_start();
            }
            match token {
                Token::Field(field, width) => self.field(*field, *width)?,
                Token::Quoted(quoted) => quoted.chars().try_for_each(|letter| {
                    if letter == ' ' && self.styles.inner_white {
                        self.rest = self.rest.trim_start();
                        return Some(());
                    }
                    self.skip(letter)
                })?,
                Token::Gmt => {
                    self.rest = self.rest.strip_prefix("GMT")?;
                    // The word gives an offset but, unlike `Z`, not the kind.
                    self.parts.offset = Some(0);
                }
                Token::Literal('Z') => {
                    agree(&mut self.parts.offset, 0)?;
                    self.parts.zulu = true;
                    self.zulu_word()?;
                }
                Token::Literal(' ') if self.styles.inner_white => {}
                // .NET lets a text leave out a blank of the format if it may end in blanks.
                Token::Literal(' ') if self.styles.trailing_white && tokens.peek().is_some() => {
                    let _ = self.skip(' ');
                }
                Token::Literal('.') => {
                    if self.skip('.').is_none() {
                        // A fraction that may be empty takes its point with it.
                        tokens.next_if(|next| matches!(next, Token::Field(Field::ShortFraction, _)))?;
                    }
                }
                Token::Literal(letter) => self.skip(*letter)?,
            }
        }
        self.rest.is_empty().then_some(())
    }

    fn skip(&mut self, letter: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(letter)?;
        Some(())
    }

    fn field(&mut self, field: Field, width: usize) -> Option<()> {
        match field {
            Field::Year => {
                let year = self.number(width)?;
                self.parts.short_year |= width <= 2;
                agree(&mut self.parts.year, year)
            }
            Field::Month if width <= 2 => {
                let month = self.number(width)?;
                agree(&mut self.parts.month, month)
            }
            Field::Month => {
                let month = self.one_of(&MONTHS, width == 3)? + 1;
                agree(&mut self.parts.month, month)
            }
            Field::Day if width <= 2 => {
                let day = self.number(width)?;
                agree(&mut self.parts.day, day)
            }
            Field::Day => {
                let day = self.one_of(&WEEKDAYS, width == 3)?;
                agree(&mut self.parts.weekday, day)
            }
            Field::Hour12 => {
                self.parts.twelve = true;
                let hour = self.number(width.min(2)).filter(|hour| (1..=12).contains(hour))?;
                agree(&mut self.parts.hour, hour)
            }
            Field::Hour24 => {
                let hour = self.number(width.min(2))?;
                agree(&mut self.parts.hour, hour)
            }
            Field::Minute => {
                let minute = self.number(width.min(2)).filter(|minute| *minute < 60)?;
                agree(&mut self.parts.minute, minute)
            }
            Field::Second => {
                let second = self.number(width.min(2)).filter(|second| *second < 60)?;
                agree(&mut self.parts.second, second)
            }
            Field::Fraction | Field::ShortFraction => {
                let least = if field == Field::Fraction { width } else { 0 };
                let digits = self.digits(least, width.min(MAX_FRACTION))?;
                agree(&mut self.parts.fraction, fraction_ticks(digits))
            }
            Field::Half => {
                let half = self.half(width)?;
                agree(&mut self.parts.half, half)
            }
            Field::Offset => self.offset(width),
            Field::Kind if self.rest.starts_with('Z') => {
                agree(&mut self.parts.offset, 0)?;
                self.parts.zulu = true;
                self.skip('Z')
            }
            Field::Kind if self.rest.starts_with(['+', '-']) => self.offset(3),
            Field::Kind => Some(()),
            Field::Era => self.word("A.D.").or_else(|| self.word("AD")),
        }
    }

    /// As many digits as there are, up to a limit.
    fn digits(&mut self, least: usize, most: usize) -> Option<&'a str> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, after) = self.rest.split_at_checked(length)?;
        self.rest = after;
        (length >= least).then_some(digits)
    }

    /// One or two digits for a width of one, else exactly that many.
    fn number(&mut self, width: usize) -> Option<i64> {
        self.digits(width, width.max(2))?.parse().ok()
    }

    /// A word in any letter case, whatever follows it.
    fn word(&mut self, word: &str) -> Option<()> {
        let (found, after) = self.rest.split_at_checked(word.len())?;
        self.rest = if found.eq_ignore_ascii_case(word) { after } else { return None };
        Some(())
    }

    /// The index of the name that comes next, in any letter case.
    fn one_of(&mut self, names: &[&'static str], short: bool) -> Option<i64> {
        (0..).zip(names).find_map(|(index, _)| self.word(name(names, index, short)).map(|()| index))
    }

    fn half(&mut self, width: usize) -> Option<bool> {
        let (am, pm) = if width == 1 { ("A", "P") } else { ("AM", "PM") };
        self.word(am).map(|()| false).or_else(|| self.word(pm).map(|()| true))
    }

    /// `Z` or `GMT` as a whole word, in any letter case.
    fn zulu_word(&mut self) -> Option<()> {
        self.word("GMT").or_else(|| self.word("Z"))?;
        (!self.rest.starts_with(char::is_alphabetic)).then_some(())
    }

    /// A sign and hours, from a width of three on also minutes with or without a colon.
    fn offset(&mut self, width: usize) -> Option<()> {
        let ahead = self.rest.starts_with('+');
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let hours = self.number(if width == 2 { 2 } else { 1 })?;
        let mut minutes = 0;
        if width > 2 {
            self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
            minutes = self.number(2).filter(|minutes| *minutes < 60)?;
        }
        let offset = hours * HOUR + minutes * MINUTE;
        if offset > MAX_OFFSET {
            return None;
        }
        agree(&mut self.parts.offset, if ahead { offset } else { -offset })
    }
}

impl Parts {
    fn finish(&self, styles: Styles, now: DateTime) -> Result<(DateTime, Kind), DateError> {
        let date = self.date(styles, now).ok_or(DateError::NotADate)?;
        let hour = self.hour_of_day().ok_or(DateError::NotADate)?;
        let below = self.minute.unwrap_or(0) * MINUTE + self.second.unwrap_or(0) * SECOND + self.fraction.unwrap_or(0);
        let local = DateTime::at(date, hour * HOUR + below).ok_or(DateError::OutOfRange)?;
        if self.weekday.is_some_and(|day| day != local.weekday()) {
            return Err(DateError::NotADate);
        }
        let mut ticks = local.ticks - self.offset.unwrap_or(0);
        if ticks < 0 && self.lacks_date() {
            // A lone time on the first of all days goes round the clock.
            ticks += DAY;
        }
        let instant = DateTime::from_ticks(ticks).ok_or(DateError::OutOfRange)?;
        Ok((instant, self.kind(styles)))
    }

    fn lacks_date(&self) -> bool {
        self.year.is_none() && self.month.is_none() && self.day.is_none()
    }

    /// A missing day or month is the first; a missing year is this one; a date that is missing altogether is today.
    fn date(&self, styles: Styles, now: DateTime) -> Option<Date> {
        if self.lacks_date() {
            return Some(if styles.no_current_date { DateTime::MIN.date() } else { now.date() });
        }
        let year = match self.year {
            Some(year) if self.short_year && year > 99 => return None,
            Some(year) if self.short_year => four_digit_year(year),
            Some(year) => year,
            None => now.date().year,
        };
        Date::new(year, self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    fn hour_of_day(&self) -> Option<i64> {
        match (self.hour, self.half) {
            (hour, None) if !self.twelve => hour.or(Some(0)).filter(|hour| *hour < 24),
            // Without AM or PM an hour of twelve is one of the morning.
            (Some(hour), half) if self.twelve => Some(hour % 12 + if half == Some(true) { 12 } else { 0 }),
            (hour, Some(pm)) => hour.or(Some(0)).filter(|hour| if pm { (12..24).contains(hour) } else { *hour < 12 }),
            _ => None,
        }
    }

    /// On a host in UTC the styles only decide what `K` prints.
    fn kind(&self, styles: Styles) -> Kind {
        let zoned = self.offset.is_some();
        if zoned && styles.roundtrip_kind && self.zulu {
            Kind::Utc
        } else if zoned || styles.assume_local || styles.assume_universal {
            if styles.adjust_to_universal { Kind::Utc } else { Kind::Local }
        } else {
            Kind::Unspecified
        }
    }
}

#[cfg(test)]
mod tests;
