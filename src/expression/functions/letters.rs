//! Capitals at the start of words, and letters without their marks.

use super::Call;
use super::text::{lower, map_case, upper};
use crate::expression::eval::Stop;
use crate::expression::value::Value;
use regex_syntax::hir::{Class, HirKind};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization as _;

/// Characters outside ASCII that end a word: the categories that .NET's `TextInfo` takes for separators.
static SEPARATOR: LazyLock<Ranges> = LazyLock::new(|| ranges(r"[\p{Z}\p{Cc}\p{Cf}\p{P}\p{S}]"));
static LETTER: LazyLock<Ranges> = LazyLock::new(|| ranges(r"\p{L}"));
static LATIN: LazyLock<Ranges> = LazyLock::new(|| ranges(r"[\p{L}&&\p{Latin}]"));

/// Characters from the first to the last of each, in order.
type Ranges = Vec<(char, char)>;

/// The characters of a class; a test knows that these three can be read.
fn ranges(class: &str) -> Ranges {
    match regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class.iter().map(|range| (range.start(), range.end())).collect(),
        _ => Ranges::new(),
    }
}

fn is(class: &Ranges, c: char) -> bool {
    let after = class.partition_point(|(first, _)| *first <= c);
    after.checked_sub(1).and_then(|index| class.get(index)).is_some_and(|(_, last)| c <= *last)
}

/// An apostrophe (U+0027) does not end a word, the typographic one does.
fn is_separator(c: char) -> bool {
    if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '\'' } else { is(&SEPARATOR, c) }
}

fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { is(&LETTER, c) }
}

/// The one-to-one title case: the capital, except for letters that are two in one, and for Georgian, whose capitals
/// only stand in words of capitals.
fn title(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        'ა'..='ჿ' => c,
        c => upper(c),
    }
}

/// With separators only the characters after them (and the first one) become capitals; without, the words of .NET's
/// `ToTitleCase`, over the text in lower case: all-capitals words would stay as they are otherwise.
pub(super) fn pcase(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let separators = call.text(values, 1)?.filter(|s| !s.is_empty());
    let Some(source) = call.text(values, 0)? else { return Ok(Value::Null) };
    let source = map_case(&source, lower);
    Ok(Value::Text(match separators {
        Some(separators) => after_separators(&source, &separators),
        None => title_case(&source),
    }))
}

fn after_separators(source: &str, separators: &str) -> String {
    let mut starts = true;
    let capital = |c| {
        let mapped = if starts { upper(c) } else { c };
        starts = separators.contains(c);
        mapped
    };
    source.chars().map(capital).collect()
}

fn title_case(source: &str) -> String {
    let mut in_word = false;
    let capital = |c| {
        if in_word {
            in_word = !is_separator(c);
            return c;
        }
        in_word = is_letter(c);
        if in_word { title(c) } else { c }
    };
    source.chars().map(capital).collect()
}

/// The table of the reference in three steps: decompose, drop the marks (U+0300–U+036F) of Latin letters, spell out
/// the letters that do not decompose; then compose again, so that other scripts stay as they were.
pub(super) fn normalize_diacritics(call: &Call<'_>, values: &[Value]) -> Result<Value, Stop> {
    let Some(source) = call.text(values, 0)? else { return Ok(Value::Null) };
    if source.is_ascii() {
        return Ok(Value::Text(source));
    }
    let mut plain = String::with_capacity(source.len());
    let mut after_latin = false;
    for c in source.nfd() {
        if ('\u{300}'..='\u{36f}').contains(&c) {
            if !after_latin {
                plain.push(c);
            }
            continue;
        }
        if !unicode_normalization::char::is_combining_mark(c) {
            after_latin = if c.is_ascii() { c.is_ascii_alphabetic() } else { is(&LATIN, c) };
        }
        match spelled_out(c) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    Ok(Value::Text(plain.nfc().collect()))
}

/// Letters that have no mark to drop. Đ, ð, þ, ħ, ŋ and ŧ are not in the reference's table and stay.
fn spelled_out(c: char) -> Option<&'static str> {
    Some(match c {
        'æ' => "ae",
        'Æ' => "AE",
        'ø' | 'œ' => "oe",
        'Ø' | 'Œ' => "OE",
        'ß' => "ss",
        'ı' => "i",
        'ł' => "l",
        'Ł' => "L",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_of_their_classes() {
        assert!(is(&LATIN, 'é') && is(&LATIN, 'ß') && !is(&LATIN, 'Ω') && !is(&LATIN, '×'));
        assert!(is(&LETTER, 'Ω') && is(&LETTER, '漢') && !is(&LETTER, '²'));
        assert!(is(&SEPARATOR, '’') && is(&SEPARATOR, '\u{a0}') && !is(&SEPARATOR, '٣') && !is(&SEPARATOR, '\u{301}'));
    }
}
