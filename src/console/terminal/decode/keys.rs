//! Which key a sequence is. The names are crossterm's.

use crossterm::event::{KeyCode, KeyModifiers};

type Key = (KeyCode, KeyModifiers);

/// A control character.
pub(super) fn c0(byte: u8) -> Key {
    let control = |c: u8| (KeyCode::Char(char::from(c)), KeyModifiers::CONTROL);
    match byte {
        b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
        b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
        0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
        0x00 => control(b' '),
        0x01..=0x1a => control(byte - 1 + b'a'),
        0x1b => (KeyCode::Esc, KeyModifiers::NONE),
        0x1c..=0x1f => control(byte - 0x1c + b'4'),
        _ => (KeyCode::Null, KeyModifiers::NONE),
    }
}

/// The byte after `ESC O`.
pub(super) fn single(byte: u8) -> Option<Key> {
    let code = match byte {
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(byte - b'P' + 1),
        _ => letter(byte)?,
    };
    Some((code, KeyModifiers::NONE))
}

fn letter(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        _ => return None,
    })
}

/// `ESC [`, parameters and a last byte. `None` for what is no key.
pub(super) fn control(parameters: &[u8], last: u8) -> Option<Key> {
    if let [b'['] = parameters {
        return (b'A'..=b'E').contains(&last).then(|| (KeyCode::F(last - b'A' + 1), KeyModifiers::NONE));
    }
    let text = std::str::from_utf8(parameters).ok()?;
    // The key, what was held with it, its text.
    if text.split(';').count() > 3 {
        return None;
    }
    let mut fields = text.split(';');
    let first = number(fields.next().unwrap_or_default())?;
    let mut second = fields.next().unwrap_or_default().split(':');
    let modifiers = number(second.next().unwrap_or_default())?;
    // The kitty protocol tells what happened: 3 is a release.
    if number(second.next().unwrap_or_default())? == Some(3) {
        return None;
    }
    let modifiers = self::modifiers(modifiers.unwrap_or(1))?;
    let code = match last {
        b'Z' => return Some((KeyCode::BackTab, modifiers | KeyModifiers::SHIFT)),
        b'~' => tilde(first?)?,
        b'u' => return unicode(first?, modifiers),
        // A cursor report ends with R as well; it has a row before it.
        b'P' | b'Q' | b'R' | b'S' if first.is_none_or(|n| n == 1) => KeyCode::F(last - b'P' + 1),
        _ if first.is_none_or(|n| n == 1) => letter(last)?,
        _ => return None,
    };
    Some((code, modifiers))
}

/// A parameter: absent, a number, or nothing that a key has (the outer `None`).
#[allow(clippy::option_option)]
fn number(text: &str) -> Option<Option<u32>> {
    // The kitty protocol adds other layouts of the key behind a colon.
    let text = text.split(':').next().unwrap_or_default();
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn modifiers(parameter: u32) -> Option<KeyModifiers> {
    let bits = parameter.checked_sub(1)?;
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ] {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    Some(modifiers)
}

fn tilde(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => function(number - 10)?,
        17..=21 => function(number - 11)?,
        23..=26 => function(number - 12)?,
        28 | 29 => function(number - 13)?,
        31..=34 => function(number - 14)?,
        _ => return None,
    })
}

fn function(n: u32) -> Option<KeyCode> {
    u8::try_from(n).ok().map(KeyCode::F)
}

fn unicode(code: u32, modifiers: KeyModifiers) -> Option<Key> {
    let c = char::from_u32(code)?;
    Some(match code {
        9 if modifiers.contains(KeyModifiers::SHIFT) => (KeyCode::BackTab, modifiers),
        9 => (KeyCode::Tab, modifiers),
        13 => (KeyCode::Enter, modifiers),
        27 => (KeyCode::Esc, modifiers),
        127 => (KeyCode::Backspace, modifiers),
        _ if c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c) => return None,
        _ => {
            let upper = modifiers.contains(KeyModifiers::SHIFT).then(|| c.to_uppercase().next()).flatten();
            (KeyCode::Char(upper.unwrap_or(c)), modifiers)
        }
    })
}
