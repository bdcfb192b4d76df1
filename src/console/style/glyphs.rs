//! The characters that screens are drawn with, besides words.

use std::borrow::Cow;

/// The corners of a box that floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corners {
    /// Top left.
    pub top_left: &'static str,
    /// Top right.
    pub top_right: &'static str,
    /// Bottom left.
    pub bottom_left: &'static str,
    /// Bottom right.
    pub bottom_right: &'static str,
}

/// One set of glyphs. Every glyph is exactly one cell wide in both sets, except the five that stand in running text:
/// [`ellipsis`](Self::ellipsis), [`arrow`](Self::arrow), [`not_equal`](Self::not_equal),
/// [`plus_minus`](Self::plus_minus), [`at_most`](Self::at_most): in ASCII these take two or three cells, so measure
/// them with `text::width` and never put them in a column of marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// `▌` The bar before the title of the pane that has focus.
    pub bar: &'static str,
    /// `›` The mark of the selected row.
    pub selected: &'static str,
    /// `│` A line between columns, the side of a box.
    pub v_line: &'static str,
    /// `─` A hairline, the top of a box.
    pub h_line: &'static str,
    /// `━` The part of the rule below the current tab.
    pub h_heavy: &'static str,
    /// `┤` A tick on the upright axis of a chart.
    pub tick: &'static str,
    /// `▏` The cursor of an input that the terminal does not draw.
    pub caret: &'static str,
    /// `✓` In sync, done, ready.
    pub ok: &'static str,
    /// `✗` Failed.
    pub fail: &'static str,
    /// `!` Will fail, slow, quarantined.
    pub warn: &'static str,
    /// `≠` Source and target differ. In ASCII `~`: a mark is one cell.
    pub drift: &'static str,
    /// `~` Update.
    pub change: &'static str,
    /// `+` Create, missing in the target.
    pub add: &'static str,
    /// `-` Disable, only in the target, offline.
    pub remove: &'static str,
    /// `=` Equal to its neighbour on the left.
    pub same: &'static str,
    /// `·` Out of scope; also separates short facts on one line.
    pub dot: &'static str,
    /// `…` Not read yet, as a mark. In ASCII `?`.
    pub unread: &'static str,
    /// `—` No value.
    pub none: &'static str,
    /// `●` The step a person is at.
    pub filled: &'static str,
    /// `○` A step that is still to come.
    pub hollow: &'static str,
    /// `↑` Upwards, ascending, newer.
    pub up: &'static str,
    /// `↓` Downwards, descending, older.
    pub down: &'static str,
    /// `×` Times, as in 80×24.
    pub times: &'static str,
    /// `…` There is more than is shown. In ASCII three cells.
    pub ellipsis: &'static str,
    /// `→` Becomes, leads to. In ASCII two cells.
    pub arrow: &'static str,
    /// `≠` Is not, in an expression. In ASCII two cells.
    pub not_equal: &'static str,
    /// `±` Give or take. In ASCII two cells.
    pub plus_minus: &'static str,
    /// `≤` At most, in an expression. In ASCII two cells.
    pub at_most: &'static str,
    /// `▁▂▃▄▅▆▇█` The steps of a spark line or a column, lowest first.
    pub spark: [&'static str; 8],
    /// The corners of a box.
    pub corners: Corners,
    /// The frames of the one spinner, in order.
    pub spinner: &'static [&'static str],
}

impl Glyphs {
    /// The Unicode set.
    pub const fn unicode() -> Self {
        Self {
            bar: "▌",
            selected: "›",
            v_line: "│",
            h_line: "─",
            h_heavy: "━",
            tick: "┤",
            caret: "▏",
            ok: "✓",
            fail: "✗",
            warn: "!",
            drift: "≠",
            change: "~",
            add: "+",
            remove: "-",
            same: "=",
            dot: "·",
            unread: "…",
            none: "—",
            filled: "●",
            hollow: "○",
            up: "↑",
            down: "↓",
            times: "×",
            ellipsis: "…",
            arrow: "→",
            not_equal: "≠",
            plus_minus: "±",
            at_most: "≤",
            spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            corners: Corners { top_left: "╭", top_right: "╮", bottom_left: "╰", bottom_right: "╯" },
            spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
        }
    }

    /// The ASCII set, for terminals whose locale is not UTF-8.
    pub const fn ascii() -> Self {
        Self {
            bar: "|",
            selected: ">",
            v_line: "|",
            h_line: "-",
            h_heavy: "=",
            tick: "+",
            caret: "|",
            ok: "v",
            fail: "x",
            warn: "!",
            drift: "~",
            change: "~",
            add: "+",
            remove: "-",
            same: "=",
            dot: ".",
            unread: "?",
            none: "-",
            filled: "*",
            hollow: "o",
            up: "^",
            down: "v",
            times: "x",
            ellipsis: "...",
            arrow: "->",
            not_equal: "!=",
            plus_minus: "+-",
            at_most: "<=",
            spark: [".", ":", "-", "=", "+", "*", "#", "@"],
            corners: Corners { top_left: "+", top_right: "+", bottom_left: "+", bottom_right: "+" },
            spinner: &["|", "/", "-", "\\"],
        }
    }

    /// The frame of the spinner at a step that counts up.
    pub fn spinner_frame(&self, step: u64) -> &'static str {
        let frames = u64::try_from(self.spinner.len()).unwrap_or(1).max(1);
        let at = usize::try_from(step % frames).unwrap_or(0);
        self.spinner.get(at).copied().unwrap_or(" ")
    }

    /// What stands in one cell for a character that our words are written with, where this is the ASCII set.
    pub fn in_ascii(symbol: &str) -> Option<&'static str> {
        Some(match symbol {
            "▌" | "│" | "▏" => "|",
            "›" | "→" => ">",
            "─" | "—" | "–" => "-",
            "━" => "=",
            "✓" | "↓" => "v",
            "✗" | "×" => "x",
            "≠" => "~",
            "≤" => "<",
            "≥" => ">",
            "±" | "┤" | "├" | "╭" | "╮" | "╰" | "╯" => "+",
            "·" | "…" => ".",
            "↑" => "^",
            "●" => "*",
            "○" => "o",
            "\u{fffd}" => "?",
            _ => return None,
        })
    }

    /// Text as it is spelled with this set, where one cell is not enough for it in ASCII: three dots say that something
    /// is left out, where one would end a sentence; an arrow has a shaft; and control characters, which
    /// [`show`](crate::text::show) made into pictures, become `^[`.
    pub fn spelled<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let long = |c: char| matches!(c, '…' | '→' | '\u{2400}'..='\u{2421}');
        if !self.is_ascii() || !text.contains(long) {
            return text.into();
        }
        let mut spelled = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '…' => spelled.push_str(self.ellipsis),
                '→' => spelled.push_str(self.arrow),
                '\u{2421}' => spelled.push_str("^?"),
                '\u{2400}'..='\u{241f}' => {
                    spelled.push('^');
                    spelled.extend(char::from_u32(c as u32 - 0x2400 + 0x40));
                }
                c => spelled.push(c),
            }
        }
        spelled.into()
    }

    /// Whether this is the ASCII set.
    pub fn is_ascii(&self) -> bool {
        self.ellipsis.is_ascii()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{needs_cleaning, width};

    fn one_cell(set: &Glyphs) -> Vec<&'static str> {
        let corners = set.corners;
        let mut all = vec![
            set.bar,
            set.selected,
            set.v_line,
            set.h_line,
            set.h_heavy,
            set.tick,
            set.caret,
            set.ok,
            set.fail,
            set.warn,
            set.drift,
            set.change,
            set.add,
            set.remove,
            set.same,
            set.dot,
            set.unread,
            set.none,
            set.filled,
            set.hollow,
            set.up,
            set.down,
            set.times,
            corners.top_left,
            corners.top_right,
            corners.bottom_left,
            corners.bottom_right,
        ];
        all.extend(set.spark);
        all.extend(set.spinner);
        all
    }

    fn in_text(set: &Glyphs) -> [&'static str; 5] {
        [set.ellipsis, set.arrow, set.not_equal, set.plus_minus, set.at_most]
    }

    #[test]
    fn what_one_cell_is_not_enough_for_is_spelled_out_in_ascii() {
        let (unicode, ascii) = (Glyphs::unicode(), Glyphs::ascii());
        let text = crate::text::show("a → b … \u{1b}[2J \u{0} \u{7f} Zoë");
        assert_eq!(unicode.spelled(text.as_str()), "a → b … ␛[2J ␀ ␡ Zoë");
        assert_eq!(ascii.spelled(text.as_str()), "a -> b ... ^[[2J ^@ ^? Zoë");
    }

    #[test]
    fn every_glyph_has_an_ascii_form_of_one_cell() {
        let unicode = Glyphs::unicode();
        for glyph in one_cell(&unicode).into_iter().chain(in_text(&unicode)) {
            let spark = unicode.spark.contains(&glyph) || unicode.spinner.contains(&glyph);
            let plain = Glyphs::in_ascii(glyph);
            assert!(glyph.is_ascii() || spark || plain.is_some_and(|p| p.is_ascii() && width(p) == 1), "{glyph}");
        }
    }

    #[test]
    fn marks_are_one_cell_and_nothing_needs_cleaning() {
        for set in [Glyphs::unicode(), Glyphs::ascii()] {
            for glyph in one_cell(&set) {
                assert_eq!(width(glyph), 1, "{glyph}");
            }
            for glyph in one_cell(&set).into_iter().chain(in_text(&set)) {
                assert!(!needs_cleaning(glyph), "{glyph}");
                assert!(!set.is_ascii() || glyph.is_ascii(), "{glyph}");
            }
        }
        assert!(in_text(&Glyphs::unicode()).iter().all(|glyph| width(glyph) == 1));
        assert!(Glyphs::ascii().is_ascii() && !Glyphs::unicode().is_ascii());
    }

    /// Marks that may stand in the same column must not look alike.
    #[test]
    fn marks_of_one_column_differ() {
        for set in [Glyphs::unicode(), Glyphs::ascii()] {
            let users = [set.ok, set.drift, set.add, set.remove, set.fail, set.warn, set.dot, set.unread];
            let plan = [set.add, set.change, set.warn, set.same, set.remove, set.fail];
            for column in [&users[..], &plan[..], &[set.ok, set.filled, set.hollow, set.fail][..]] {
                for (at, mark) in column.iter().enumerate() {
                    assert!(!column[at + 1..].contains(mark), "{mark} twice in {column:?}");
                }
            }
        }
    }

    #[test]
    fn the_spinner_goes_round() {
        let set = Glyphs::ascii();
        let turn: Vec<&str> = (0..5).map(|step| set.spinner_frame(step)).collect();
        assert_eq!(turn, ["|", "/", "-", "\\", "|"]);
        assert_eq!(set.spinner_frame(u64::MAX), set.spinner[3]);
    }
}
