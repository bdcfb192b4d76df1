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
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, (heading, _, most))| {
                let widest = self.rows.iter().filter_map(|r| r.get(i)).map(Shown::width).max().unwrap_or(0);
                let natural = widest.max(width(heading));
                if *most == 0 { natural } else { natural.min((*most).max(width(heading))) }
            })
            .collect();
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
    fn columns_line_up() {
        let mut table = Table::new().column("name", Align::Left, 0).column("n", Align::Right, 0);
        table.row(["Ada", "7"]);
        table.row(["山田\u{1b}", "1204"]);
        let lines: Vec<String> = table.lines().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["name      n", "Ada       7", "山田␛  1204"]);
    }
}
