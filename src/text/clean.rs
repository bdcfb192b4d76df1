//! Cleaning: what a control character, a bidirectional mark or a pile of accents becomes on the screen.

use super::{Shown, layout::cluster_width};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// One cell of a table: invisible characters become one `�`, at most 4 KiB.
    Cell,
    /// A detail pane or an error: invisible characters are spelled out (`<U+202E>`), at most 64 KiB.
    Detail,
    /// Our own text with line breaks kept; each line is cleaned as in [`Policy::Detail`].
    Lines,
}

const CELL_LIMIT: usize = 4 * 1024;
const DETAIL_LIMIT: usize = 64 * 1024;
const MARKS_PER_BASE: usize = 4;

/// Cleans text for one table cell (see [`Policy::Cell`]).
pub fn show(text: &str) -> Shown {
    show_with(text, Policy::Cell)
}

/// Whether cleaning would change the text: a name that needs it is itself a finding.
pub fn needs_cleaning(text: &str) -> bool {
    show_with(text, Policy::Cell).as_str() != text
}

/// Cleans text with a policy. Cleaning clean text changes nothing.
pub fn show_with(text: &str, policy: Policy) -> Shown {
    let limit = match policy {
        Policy::Cell => CELL_LIMIT,
        Policy::Detail | Policy::Lines => DETAIL_LIMIT,
    };
    let (text, cut) = head(text, limit);
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        if policy == Policy::Lines && (cluster == "\n" || cluster == "\r\n") {
            out.push('\n');
            continue;
        }
        push_cluster(&mut out, cluster, policy);
    }
    if cut {
        out.push('…');
    }
    Shown(out)
}

/// The longest head of at most `limit` bytes that ends on a character boundary, and whether anything was cut.
fn head(text: &str, limit: usize) -> (&str, bool) {
    if text.len() <= limit {
        return (text, false);
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], true)
}

fn push_cluster(out: &mut String, cluster: &str, policy: Policy) {
    // ASCII, the common case: one byte, printable.
    if let [byte @ 0x20..=0x7e] = cluster.as_bytes() {
        out.push(char::from(*byte));
        return;
    }
    let mut clean = String::new();
    let mut marks = 0;
    let mut replaced = false;
    for c in cluster.chars() {
        if let Some(picture) = control_picture(c) {
            clean.push(picture);
        } else if is_invisible(c) {
            match policy {
                Policy::Cell => {
                    if !replaced {
                        clean.push('\u{fffd}');
                        replaced = true;
                    }
                }
                Policy::Detail | Policy::Lines => clean.push_str(&format!("<U+{:04X}>", u32::from(c))),
            }
        } else if c.width() == Some(0) {
            marks += 1;
            if marks <= MARKS_PER_BASE {
                clean.push(c);
            }
        } else {
            clean.push(c);
        }
    }
    // A mark with nothing to sit on would attach itself to the cell before it.
    let orphan = clean.chars().next().is_some_and(|c| c.width() == Some(0));
    if orphan || cluster_width(&clean).is_none() {
        out.push('\u{fffd}');
    } else {
        out.push_str(&clean);
    }
}

/// C0, DEL and C1 as control pictures: `␛`, `␊`, `␉`.
fn control_picture(c: char) -> Option<char> {
    match u32::from(c) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code),
        0x7f => Some('\u{2421}'),
        0x80..=0x9f => Some('\u{fffd}'),
        _ => None,
    }
}

/// Formats, bidirectional controls, zero-width characters, tags, fillers, separators and noncharacters.
fn is_invisible(c: char) -> bool {
    let code = u32::from(c);
    matches!(code,
        0x00ad | 0x034f | 0x061c | 0x070f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffb | 0x110bd | 0x110cd | 0x13430..=0x1345f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff | 0x0600..=0x0605 | 0x06dd | 0x08e2 | 0x0890 | 0x0891 | 0xfdd0..=0xfdef)
        || (code & 0xfffe) == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn controls_become_pictures_and_never_vanish() {
        assert_eq!(show("a\u{1b}[31mb").as_str(), "a␛[31mb");
        assert_eq!(show("a\r\nb\tc").as_str(), "a␍␊b␉c");
        assert_eq!(show("x\u{9b}31m").as_str(), "x\u{fffd}31m");
        assert_eq!(show("a\u{202e}b").as_str(), "a\u{fffd}b");
        assert_eq!(show_with("a\u{202e}b", Policy::Detail).as_str(), "a<U+202E>b");
        assert_eq!(show_with("a\nb\u{7}", Policy::Lines).as_str(), "a\nb␇");
        assert_eq!(show("Zoë Łukasz 山田 Ōé").as_str(), "Zoë Łukasz 山田 Ōé");
    }

    #[test]
    fn a_pile_of_marks_is_cut_to_four() {
        let zalgo = format!("a{}", "\u{301}".repeat(40));
        assert_eq!(show(&zalgo).as_str().chars().count(), 5);
    }

    #[test]
    fn a_megabyte_is_cut() {
        assert!(show(&"x".repeat(1 << 20)).as_str().len() <= CELL_LIMIT + 3);
    }

    proptest! {
        #[test]
        fn cleaning_is_idempotent_and_leaves_no_control(text in any::<String>()) {
            for policy in [Policy::Cell, Policy::Detail] {
                let once = show_with(&text, policy);
                prop_assert_eq!(&show_with(once.as_str(), policy), &once);
                prop_assert!(!once.as_str().chars().any(|c| c.is_control() || is_invisible(c)));
            }
        }
    }
}
