//! What `\w`, `\d`, `\s` and `\p{…}` stand for.

use super::set::Set;
use regex_syntax::hir::{Class, HirKind};
use std::sync::LazyLock;

/// General categories and their groups. A longer name, such as `Letter`, is none in .NET.
const CATEGORIES: [&str; 37] = [
    "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No",
    "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// Named blocks, without their `Is`.
const BLOCKS: [(&str, u16, u16); 66] = [
    ("BasicLatin", 0x0000, 0x007F),
    ("Latin-1Supplement", 0x0080, 0x00FF),
    ("LatinExtended-A", 0x0100, 0x017F),
    ("LatinExtended-B", 0x0180, 0x024F),
    ("IPAExtensions", 0x0250, 0x02AF),
    ("SpacingModifierLetters", 0x02B0, 0x02FF),
    ("CombiningDiacriticalMarks", 0x0300, 0x036F),
    ("Greek", 0x0370, 0x03FF),
    ("GreekandCoptic", 0x0370, 0x03FF),
    ("Cyrillic", 0x0400, 0x04FF),
    ("CyrillicSupplement", 0x0500, 0x052F),
    ("Armenian", 0x0530, 0x058F),
    ("Hebrew", 0x0590, 0x05FF),
    ("Arabic", 0x0600, 0x06FF),
    ("Syriac", 0x0700, 0x074F),
    ("Thaana", 0x0780, 0x07BF),
    ("Devanagari", 0x0900, 0x097F),
    ("Bengali", 0x0980, 0x09FF),
    ("Gurmukhi", 0x0A00, 0x0A7F),
    ("Gujarati", 0x0A80, 0x0AFF),
    ("Oriya", 0x0B00, 0x0B7F),
    ("Tamil", 0x0B80, 0x0BFF),
    ("Telugu", 0x0C00, 0x0C7F),
    ("Kannada", 0x0C80, 0x0CFF),
    ("Malayalam", 0x0D00, 0x0D7F),
    ("Sinhala", 0x0D80, 0x0DFF),
    ("Thai", 0x0E00, 0x0E7F),
    ("Lao", 0x0E80, 0x0EFF),
    ("Tibetan", 0x0F00, 0x0FFF),
    ("Myanmar", 0x1000, 0x109F),
    ("Georgian", 0x10A0, 0x10FF),
    ("HangulJamo", 0x1100, 0x11FF),
    ("Ethiopic", 0x1200, 0x137F),
    ("Cherokee", 0x13A0, 0x13FF),
    ("Khmer", 0x1780, 0x17FF),
    ("Mongolian", 0x1800, 0x18AF),
    ("PhoneticExtensions", 0x1D00, 0x1D7F),
    ("LatinExtendedAdditional", 0x1E00, 0x1EFF),
    ("GreekExtended", 0x1F00, 0x1FFF),
    ("GeneralPunctuation", 0x2000, 0x206F),
    ("SuperscriptsandSubscripts", 0x2070, 0x209F),
    ("CurrencySymbols", 0x20A0, 0x20CF),
    ("LetterlikeSymbols", 0x2100, 0x214F),
    ("NumberForms", 0x2150, 0x218F),
    ("Arrows", 0x2190, 0x21FF),
    ("MathematicalOperators", 0x2200, 0x22FF),
    ("MiscellaneousTechnical", 0x2300, 0x23FF),
    ("EnclosedAlphanumerics", 0x2460, 0x24FF),
    ("BoxDrawing", 0x2500, 0x257F),
    ("GeometricShapes", 0x25A0, 0x25FF),
    ("MiscellaneousSymbols", 0x2600, 0x26FF),
    ("Dingbats", 0x2700, 0x27BF),
    ("CJKSymbolsandPunctuation", 0x3000, 0x303F),
    ("Hiragana", 0x3040, 0x309F),
    ("Katakana", 0x30A0, 0x30FF),
    ("Bopomofo", 0x3100, 0x312F),
    ("HangulCompatibilityJamo", 0x3130, 0x318F),
    ("CJKUnifiedIdeographs", 0x4E00, 0x9FFF),
    ("HangulSyllables", 0xAC00, 0xD7AF),
    ("HighSurrogates", 0xD800, 0xDB7F),
    ("LowSurrogates", 0xDC00, 0xDFFF),
    ("PrivateUse", 0xE000, 0xF8FF),
    ("CJKCompatibilityIdeographs", 0xF900, 0xFAFF),
    ("AlphabeticPresentationForms", 0xFB00, 0xFB4F),
    ("HalfwidthandFullwidthForms", 0xFF00, 0xFFEF),
    ("Specials", 0xFFF0, 0xFFFF),
];

static WORD: LazyLock<Set> = LazyLock::new(|| unicode(r"[\p{L}\p{Mn}\p{Nd}\p{Pc}]"));
static DIGIT: LazyLock<Set> = LazyLock::new(|| unicode(r"\p{Nd}"));

/// `\w`: letters, marks without width, decimal digits, connectors.
pub(super) fn word() -> &'static Set {
    &WORD
}

/// `\d`: decimal digits of every script.
pub(super) fn digit() -> &'static Set {
    &DIGIT
}

/// `\s`: what .NET calls white space.
pub(super) fn space() -> Set {
    Set::new(vec![
        (0x09, 0x0D),
        (0x20, 0x20),
        (0x85, 0x85),
        (0xA0, 0xA0),
        (0x1680, 0x1680),
        (0x2000, 0x200A),
        (0x2028, 0x2029),
        (0x202F, 0x202F),
        (0x205F, 0x205F),
        (0x3000, 0x3000),
    ])
}

/// A word character for `\b`, and for names in a pattern: the joiners count too.
pub(super) fn is_word(unit: u16) -> bool {
    matches!(unit, 0x200C | 0x200D) || WORD.contains(unit)
}

/// What `\p{name}` stands for.
pub(super) enum Property {
    /// A general category.
    Category(Set),
    /// A range of units.
    Block(Set),
}

pub(super) fn property(name: &str) -> Option<Property> {
    if let Some(block) = name.strip_prefix("Is") {
        let found = BLOCKS.iter().find(|(known, _, _)| *known == block);
        return found.map(|(_, first, last)| Property::Block(Set::new(vec![(*first, *last)])));
    }
    if !CATEGORIES.contains(&name) {
        return None;
    }
    let halves = Set::new(vec![(0xD800, 0xDFFF)]);
    Some(Property::Category(match name {
        "Cs" => halves,
        // Text here is UTF-16: halves of a pair are category Cs, which no character of the tables is.
        "C" => unicode(r"[\p{Cc}\p{Cf}\p{Cn}\p{Co}]").union(&halves),
        "Cn" => unicode(r"\p{Cn}").minus(&halves),
        _ => unicode(&format!(r"\p{{{name}}}")),
    }))
}

/// The part of a class that one UTF-16 unit can hold.
fn unicode(class: &str) -> Set {
    let mut ranges = Vec::new();
    let mut add = |first: char, last: char| {
        if let Ok(first) = u16::try_from(u32::from(first)) {
            ranges.push((first, u16::try_from(u32::from(last)).unwrap_or(u16::MAX)));
        }
    };
    match regex_syntax::parse(class).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class.ranges().iter().for_each(|r| add(r.start(), r.end())),
        Ok(HirKind::Literal(literal)) => String::from_utf8_lossy(&literal.0).chars().for_each(|c| add(c, c)),
        _ => {}
    }
    Set::new(ranges)
}
