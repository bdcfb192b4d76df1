//! Widths, padding, truncation and tables, in terminal cells.

use super::{Shown, show};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Width of text in terminal cells.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Width of one cluster if terminals agree on it: the sum of its scalars equals the width of the whole.
pub(super) fn cluster_width(cluster: &str) -> Option<usize> {
    let sum: usize = cluster.chars().map(|c| c.width().unwrap_or(0)).sum();
    (sum == cluster.width()).then_some(sum)
}

/// Width of the terminal behind standard output in cells; `None` when it is no terminal.
pub fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Cuts text to at most `cells` cells; a cut is marked with `…`.
pub fn truncate(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        let w = width(cluster);
        if used + w + 1 > cells {
            break;
        }
        out.push_str(cluster);
        used += w;
    }
    // Blanks and another ellipsis right before it say nothing.
    let short = out.trim_end_matches([' ', '…']).len();
    if short > 0 {
        out.truncate(short);
    }
    if cells > 0 {
        out.push('…');
    }
    out
}

/// Pads on the right with spaces to `cells` cells.
pub fn pad_end(text: &str, cells: usize) -> String {
    format!("{text}{}", " ".repeat(cells.saturating_sub(width(text))))
}

/// Pads on the left with spaces to `cells` cells.
pub fn pad_start(text: &str, cells: usize) -> String {
    format!("{}{text}", " ".repeat(cells.saturating_sub(width(text))))
}

/// Breaks text at its spaces into lines of at most `cells` cells; all but the first begin with `indent` spaces. A word
/// that fits no line is broken where it must be. Without a width the text stays one line.
pub fn wrap(text: &str, cells: Option<usize>, indent: usize) -> Vec<String> {
    let Some(cells) = cells.map(|cells| cells.max(2)) else { return vec![text.to_owned()] };
    // In a very narrow terminal the words need the room more than the picture does.
    let indent = indent.min(cells / 2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    // Where a line may be broken: behind this many bytes, if anything but indentation stands before.
    let mut space: Option<usize> = None;
    for cluster in text.graphemes(true) {
        let w = width(cluster);
        if cluster == " " {
            let blank = line.trim_start().is_empty();
            if used >= cells && !blank {
                lines.push(line.trim_end().to_owned());
                line = " ".repeat(indent);
                (used, space) = (indent, None);
                continue;
            }
            // Nothing but the indentation stands at the beginning of a continued line.
            if blank && !lines.is_empty() {
                continue;
            }
            if !blank && width(&line[..]) >= indent {
                space = Some(line.len());
            }
        } else if used + w > cells && used > indent {
            let rest = match space {
                Some(at) => line.split_off(at).trim_start().to_owned(),
                None => String::new(),
            };
            lines.push(line.trim_end().to_owned());
            line = format!("{}{rest}", " ".repeat(indent));
            (used, space) = (width(&line), None);
        }
        line.push_str(cluster);
        used += w;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Cells that still say something: no column is shrunk below this while another one has more.
const ENOUGH: usize = 24;
/// Fewest cells to which a column is shrunk.
const LEAST: usize = 8;

/// Alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows in aligned columns, without rules or boxes.
#[derive(Debug, Default)]
pub struct Table {
    kept: Option<usize>,
    columns: Vec<(String, Align, usize)>,
    rows: Vec<Vec<Shown>>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column: heading, alignment, and the most cells it may take (0: no limit).
    #[must_use]
    pub fn column(mut self, heading: &str, align: Align, most: usize) -> Self {
        self.columns.push((heading.to_owned(), align, most));
        self
    }

    /// The column added last is shrunk after all others: what a row is about must stay readable.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.kept = self.columns.len().checked_sub(1);
        self
    }

    /// Adds a row; text from outside is cleaned here.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|c| show(c.as_ref())).collect());
    }

    /// Whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines: headings first, then the rows; two spaces between columns, nothing trailing.
    pub fn lines(&self) -> Vec<Shown> {
        let widths = self.natural().into_iter().zip(&self.columns).map(|(natural, (heading, _, most))| {
            if *most == 0 { natural } else { natural.min((*most).max(width(heading))) }
        });
        self.lines_of(&widths.collect::<Vec<_>>())
    }

    /// The lines for a terminal of so many cells: columns of words are shrunk, the widest first, and before the one that
    /// is [`Table::kept`] is touched the others; what is too wide even then loses its end. Without a terminal nothing is shortened.
    pub fn lines_within(&self, cells: Option<usize>) -> Vec<Shown> {
        let mut widths = self.natural();
        let Some(cells) = cells else { return self.lines_of(&widths) };
        let gaps = 2 * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > cells {
            let wider = |i: usize, least: usize| self.columns[i].1 == Align::Left && widths[i] > least;
            let widest = |least: usize| {
                let others = (0..widths.len()).filter(|i| wider(*i, least) && Some(*i) != self.kept);
                others.max_by_key(|i| widths[*i]).or(self.kept.filter(|i| wider(*i, least)))
            };
            match widest(ENOUGH).or_else(|| widest(LEAST)) {
                Some(i) => widths[i] -= 1,
                None => break,
            }
        }
        self.lines_of(&widths).iter().map(|line| show(&truncate(line.as_str(), cells))).collect()
    }

    /// What each column needs.
    fn natural(&self) -> Vec<usize> {
        let widest = |i: usize| self.rows.iter().filter_map(|row| row.get(i)).map(Shown::width).max().unwrap_or(0);
        self.columns.iter().enumerate().map(|(i, (heading, ..))| widest(i).max(width(heading))).collect()
    }

    fn lines_of(&self, widths: &[usize]) -> Vec<Shown> {
        let line = |cells: Vec<&str>| {
            let mut out = String::new();
            for (i, (_, align, _)) in self.columns.iter().enumerate() {
                let cell = truncate(cells.get(i).copied().unwrap_or(""), widths[i]);
                let padded = match align {
                    Align::Left => pad_end(&cell, widths[i]),
                    Align::Right => pad_start(&cell, widths[i]),
                };
                if i > 0 {
                    out.push_str("  ");
                }
                out.push_str(&padded);
            }
            show(out.trim_end())
        };
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        if self.columns.iter().any(|(heading, _, _)| !heading.is_empty()) {
            lines.push(line(self.columns.iter().map(|(h, _, _)| h.as_str()).collect()));
        }
        lines.extend(self.rows.iter().map(|r| line(r.iter().map(Shown::as_str).collect())));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_count_two_cells() {
        assert_eq!(width("山田"), 4);
        assert_eq!(truncate("山田太郎", 5), "山田…");
        assert_eq!(pad_end("é", 3), "é  ");
    }

    #[test]
    fn text_is_broken_between_words_under_its_label() {
        let text = "  next      waits until noon because of EntryConflict";
        assert_eq!(wrap(text, None, 12), [text]);
        assert_eq!(
            wrap(text, Some(30), 12),
            ["  next      waits until noon", "            because of", "            EntryConflict"]
        );
        assert_eq!(wrap("  a       aaaaaaaaaaaaa", Some(14), 6), ["  a", "      aaaaaaaa", "      aaaaa"]);
        assert_eq!(wrap("ab cd", Some(2), 0), ["ab", "cd"]);
        assert_eq!(wrap("山田太郎", Some(4), 0), ["山田", "太郎"]);
        assert_eq!(wrap("", Some(4), 2), [""]);
        for cells in 12..60 {
            assert!(wrap(text, Some(cells), 12).iter().all(|line| width(line) <= cells), "{cells}");
        }
    }

    #[test]
    fn a_table_fits_and_the_kept_column_gives_way_last() {
        let mut table = Table::new().column("name", Align::Left, 0).kept().column("principal", Align::Left, 4).column(
            "n",
            Align::Right,
            0,
        );
        table.row(["Ada Lovelace", "ada.lovelace@contoso.example", "1204"]);
        let row = |cells| table.lines_within(cells)[1].to_string();
        assert_eq!(row(None), "Ada Lovelace  ada.lovelace@contoso.example  1204");
        assert_eq!(row(Some(40)), "Ada Lovelace  ada.lovelace@contos…  1204");
        assert_eq!(row(Some(26)), "Ada Lovel…  ada.lov…  1204");
        // A name longer than enough gives way before the others say nothing any more.
        table.row(["a name that is longer than it should be", "grace.hopper@contoso.example", "1"]);
        assert_eq!(
            table.lines_within(Some(56))[2].to_string(),
            "a name that is longer t…  grace.hopper@contoso.ex…     1"
        );
        for cells in 1..60 {
            assert!(table.lines_within(Some(cells)).iter().all(|line| line.width() <= cells), "{cells}");
        }
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new().column("name", Align::Left, 0).column("n", Align::Right, 0);
        table.row(["Ada", "7"]);
        table.row(["山田\u{1b}", "1204"]);
        let lines: Vec<String> = table.lines().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["name      n", "Ada       7", "山田␛  1204"]);
    }
}
