//! A date as text, by a format string.

use super::format::{Field, MAX_FRACTION, Token, Use, tokens};
use super::{DateError, DateTime, HOUR, Kind, MINUTE, MONTHS, SECOND, WEEKDAYS, name, twelve_hours};

/// Writes a date in a custom or standard format.
pub(in crate::expression) fn print(date: DateTime, kind: Kind, format: &str) -> Result<String, DateError> {
    let mut text = String::new();
    for token in tokens(format, Use::Writing)? {
        match token {
            Token::Field(field, width) => print_field(&mut text, date, kind, field, width),
            Token::Literal(letter) => text.push(letter),
            Token::Quoted(quoted) => text.push_str(&quoted),
            // Only for reading.
            Token::Gmt => text.push_str("GMT"),
        }
    }
    Ok(text)
}

fn print_field(text: &mut String, instant: DateTime, kind: Kind, field: Field, width: usize) {
    let date = instant.date();
    let time = instant.time_of_day();
    let short = width == 3;
    match field {
        Field::Era => text.push_str("A.D."),
        Field::Year if width <= 2 => number(text, date.year % 100, width),
        Field::Year => number(text, date.year, width),
        Field::Month if width <= 2 => number(text, date.month, width),
        Field::Month => text.push_str(name(&MONTHS, date.month - 1, short)),
        Field::Day if width <= 2 => number(text, date.day, width),
        Field::Day => text.push_str(name(&WEEKDAYS, instant.weekday(), short)),
        Field::Hour12 => number(text, twelve_hours(time / HOUR).0, width.min(2)),
        Field::Hour24 => number(text, time / HOUR, width.min(2)),
        Field::Minute => number(text, time % HOUR / MINUTE, width.min(2)),
        Field::Second => number(text, time % MINUTE / SECOND, width.min(2)),
        Field::Fraction => text.push_str(&fraction(time, width)),
        Field::ShortFraction => match fraction(time, width).trim_end_matches('0') {
            "" if text.ends_with('.') => {
                text.pop();
            }
            digits => text.push_str(digits),
        },
        Field::Half => {
            let half = twelve_hours(time / HOUR).1;
            text.push_str(half.get(..width.min(2)).unwrap_or(half));
        }
        // The host is in UTC.
        Field::Offset => text.push_str(match width {
            1 => "+0",
            2 => "+00",
            _ => "+00:00",
        }),
        Field::Kind => text.push_str(match kind {
            Kind::Utc => "Z",
            Kind::Local => "+00:00",
            Kind::Unspecified => "",
        }),
    }
}

fn number(text: &mut String, value: i64, width: usize) {
    let digits = value.to_string();
    // By hand: the width comes from the format string, and a run of it may be longer than `{:0width$}` takes.
    text.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
    text.push_str(&digits);
}

/// The first digits of the second's fraction.
fn fraction(time: i64, width: usize) -> String {
    let mut digits = format!("{:07}", time % SECOND);
    digits.truncate(width.min(MAX_FRACTION));
    digits
}
