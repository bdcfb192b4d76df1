//! Replacement text: what `$1`, `${name}` and the other references stand for.

use super::category;
use super::syntax::Groups;

/// A part of a replacement text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Vec<u16>),
    /// What a group captured; slot 0 is the match.
    Group(usize),
    /// The text before the match.
    Before,
    /// The text behind the match.
    Behind,
    /// The whole text.
    Whole,
}

/// Reads a replacement text. A reference to no group stays as it is written.
///
/// # Errors
///
/// A group number that .NET cannot read.
pub(super) fn read(text: &str, groups: &Groups) -> Result<Vec<Piece>, String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut pieces = Vec::new();
    let mut plain = Vec::new();
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        at += 1;
        let rest = units.get(at..).unwrap_or_default();
        let found = if *unit == u16::from(b'$') { reference(rest, groups)? } else { None };
        let Some((piece, length)) = found else {
            plain.push(*unit);
            continue;
        };
        at += length;
        if let Piece::Text(units) = piece {
            plain.extend(units);
        } else {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// What follows a dollar, and how long it is; `None` if it is no reference.
fn reference(rest: &[u16], groups: &Groups) -> Result<Option<(Piece, usize)>, String> {
    let byte = |at: usize| rest.get(at).and_then(|unit| u8::try_from(*unit).ok()).unwrap_or(0);
    let open = usize::from(byte(0) == b'{' && rest.len() > 1);
    let inside = rest.get(open..).unwrap_or_default();
    let (slot, length) = if byte(open).is_ascii_digit() {
        let digits = inside.iter().take_while(|unit| (0x30..=0x39).contains(*unit)).count();
        let text = String::from_utf16_lossy(inside.get(..digits).unwrap_or_default());
        let Some(number) = text.parse::<u32>().ok().filter(|number| i32::try_from(*number).is_ok()) else {
            return Err(format!("the group number {text} in the replacement is too large"));
        };
        (groups.by_number(number), digits)
    } else if open == 1 {
        let length = inside.iter().take_while(|unit| category::is_word(**unit)).count();
        (groups.by_name(inside.get(..length).unwrap_or_default()), length)
    } else {
        let piece = match byte(0) {
            b'$' => Piece::Text(vec![u16::from(b'$')]),
            b'&' => Piece::Group(0),
            b'`' => Piece::Before,
            b'\'' => Piece::Behind,
            b'_' => Piece::Whole,
            b'+' => Piece::Group(groups.count().saturating_sub(1)),
            _ => return Ok(None),
        };
        return Ok(Some((piece, 1)));
    };
    let is_closed = open == 0 || byte(open + length) == b'}';
    Ok(slot.filter(|_| is_closed).map(|slot| (Piece::Group(slot), length + 2 * open)))
}
