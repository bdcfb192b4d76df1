//! Format strings: from text to tokens, for reading and for writing.

use super::DateError;

/// Digits of a second that a tick can tell apart.
pub(super) const MAX_FRACTION: usize = 7;

/// What a format string is for. `%` and `GMT` differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Reading,
    Writing,
}

/// A part of a date that a letter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    Year,
    Month,
    /// Day of the month, from three letters on the name of the weekday.
    Day,
    Hour12,
    Hour24,
    Minute,
    Second,
    Fraction,
    /// Fraction without trailing zeros.
    ShortFraction,
    Half,
    Offset,
    /// The kind of the date: `Z`, an offset or nothing.
    Kind,
}

impl Field {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'g' => Self::Era,
            'y' => Self::Year,
            'M' => Self::Month,
            'd' => Self::Day,
            'h' => Self::Hour12,
            'H' => Self::Hour24,
            'm' => Self::Minute,
            's' => Self::Second,
            'f' => Self::Fraction,
            'F' => Self::ShortFraction,
            't' => Self::Half,
            'z' => Self::Offset,
            'K' => Self::Kind,
            _ => return None,
        })
    }
}

/// A piece of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A part of the date, and how often its letter is written.
    Field(Field, usize),
    /// An unquoted character that stands for itself. For reading, `Z` is a zone.
    Literal(char),
    /// Quoted or escaped text.
    Quoted(String),
    /// An unquoted `GMT` for reading: the word, and an offset of zero.
    Gmt,
}

/// Reads a format string; a single letter is a standard format. An empty one means the general format for writing
/// and nothing for reading.
pub(super) fn tokens(format: &str, direction: Use) -> Result<Vec<Token>, DateError> {
    let mut letters = format.chars();
    match (letters.next(), letters.next()) {
        (None, _) if direction == Use::Reading => Err(DateError::BadFormat("the format is empty")),
        (None, _) => custom("MM/dd/yyyy HH:mm:ss", direction),
        (Some(letter), None) => custom(standard(letter)?, direction),
        _ => custom(format, direction),
    }
}

/// The custom format that a lone letter stands for.
fn standard(letter: char) -> Result<&'static str, DateError> {
    Ok(match letter {
        'd' => "MM/dd/yyyy",
        'D' => "dddd, dd MMMM yyyy",
        'f' => "dddd, dd MMMM yyyy HH:mm",
        'F' | 'U' => "dddd, dd MMMM yyyy HH:mm:ss",
        'g' => "MM/dd/yyyy HH:mm",
        'G' => "MM/dd/yyyy HH:mm:ss",
        'm' | 'M' => "MMMM dd",
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        's' => "yyyy-MM-ddTHH:mm:ss",
        't' => "HH:mm",
        'T' => "HH:mm:ss",
        // The zone is only a letter here: such a date keeps no kind.
        'u' => "yyyy-MM-dd HH:mm:ss'Z'",
        'y' | 'Y' => "yyyy MMMM",
        _ => {
            return Err(DateError::BadFormat(
                "there is no standard format of this letter; write % before a custom one",
            ));
        }
    })
}

fn custom(format: &str, direction: Use) -> Result<Vec<Token>, DateError> {
    let mut tokens = Vec::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        rest = match letter {
            '\'' | '"' => {
                let (text, after) = quoted(after, letter)?;
                tokens.push(Token::Quoted(text));
                after
            }
            '\\' => {
                let escaped = after.chars().next().ok_or(DateError::BadFormat("it ends in a backslash"))?;
                tokens.push(Token::Quoted(escaped.to_string()));
                after.get(escaped.len_utf8()..).unwrap_or_default()
            }
            '%' => {
                let single = after.chars().next().filter(|next| *next != '%');
                let single = single.ok_or(DateError::BadFormat("a letter must follow %"))?;
                match direction {
                    // `%dd` is `dd` for reading, but `%d` and `d` for writing.
                    Use::Reading => after,
                    Use::Writing => {
                        let (only, after) = after.split_at_checked(single.len_utf8()).unwrap_or_default();
                        tokens.extend(custom(only, direction)?);
                        after
                    }
                }
            }
            'G' if direction == Use::Reading && starts_with_gmt(rest) => {
                tokens.push(Token::Gmt);
                rest.get(3..).unwrap_or_default()
            }
            _ => match Field::of(letter) {
                Some(Field::Kind) => {
                    tokens.push(Token::Field(Field::Kind, 1));
                    after
                }
                Some(field) => {
                    let width = rest.chars().take_while(|next| *next == letter).count();
                    if matches!(field, Field::Fraction | Field::ShortFraction) && width > MAX_FRACTION {
                        return Err(DateError::BadFormat("a fraction has at most seven digits"));
                    }
                    tokens.push(Token::Field(field, width));
                    rest.get(width..).unwrap_or_default()
                }
                None => {
                    tokens.push(Token::Literal(letter));
                    after
                }
            },
        };
    }
    Ok(tokens)
}

fn starts_with_gmt(text: &str) -> bool {
    text.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("GMT"))
}

/// The text up to the closing quote, and what follows it. A backslash takes the next character as it is.
fn quoted(text: &str, quote: char) -> Result<(String, &str), DateError> {
    let mut inside = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Ok((inside, text.get(at + 1..).unwrap_or_default())),
            '\\' => inside.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => inside.push(letter),
        }
    }
    Err(DateError::BadFormat("a quote is not closed"))
}
