//! The list as rows: headings, the first entries of each class, and `9 more`. Rows are found by arithmetic: a plan of
//! two hundred thousand objects costs what one of a hundred costs.

use super::model::{Class, Model};
use std::sync::Arc;

/// Entries of a class that are shown at least, while it is not expanded.
const FEW: usize = 3;

/// What stands in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The heading of a class.
    Heading(Class),
    /// An entry, by its index in the model.
    Entry(usize),
    /// A cause of the class `cannot`, by its index in the model.
    Cause(usize),
    /// What is not shown of a class, and how many that are.
    More(Class, usize),
    /// Nothing: room between two classes.
    Blank,
}

/// Rows of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    class: Class,
    /// Entries that are there.
    total: usize,
    /// Entries that have a row.
    shown: usize,
    /// The first entry, where they are in a row without a filter.
    from: usize,
}

impl Section {
    fn rows(&self) -> usize {
        1 + self.shown + usize::from(self.shown < self.total)
    }
}

/// The list as it is laid out now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    sections: Vec<Section>,
    /// Entries of the filter, by class; `None` without one.
    filtered: Option<Arc<Vec<u32>>>,
    roomy: bool,
}

impl Tree {
    /// Lays the list out for a height. `filtered` are the entries that fit the filter, in order.
    pub fn new(model: &Model, filtered: Option<Arc<Vec<u32>>>, expanded: &[Class], height: usize, roomy: bool) -> Self {
        let mut sections = Vec::new();
        for class in Class::ALL {
            let range = model.range(class);
            let (from, total) = match (&filtered, class) {
                // Causes are no objects: a filter on objects hides them.
                (Some(_), Class::Cannot) => (0, 0),
                (None, Class::Cannot) => (0, model.cannot.len()),
                (None, _) => (range.start, range.len()),
                (Some(kept), _) => {
                    let at = |index: usize| kept.partition_point(|i| (*i as usize) < index);
                    (at(range.start), at(range.end) - at(range.start))
                }
            };
            if total > 0 {
                sections.push(Section { class, total, shown: total, from });
            }
        }
        let mut tree = Self { sections, filtered, roomy };
        if tree.len() > height {
            let n = tree.sections.len();
            let fixed = n * 2 + if roomy { n.saturating_sub(1) } else { 0 };
            let few = (height.saturating_sub(fixed) / n.max(1)).max(FEW);
            for section in &mut tree.sections {
                // One more row costs as much as the words that say there is one.
                if section.total > few + 1 && !expanded.contains(&section.class) {
                    section.shown = few;
                }
            }
        }
        tree
    }

    /// Rows, blank ones included.
    pub fn len(&self) -> usize {
        let rows: usize = self.sections.iter().map(Section::rows).sum();
        rows + if self.roomy { self.sections.len().saturating_sub(1) } else { 0 }
    }

    /// Whether there is nothing to list.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Objects in the list, whether they have a row or not.
    pub fn objects(&self) -> usize {
        self.sections.iter().filter(|s| s.class != Class::Cannot).map(|s| s.total).sum()
    }

    /// Objects of a class in the list, whether they have a row or not.
    pub fn total(&self, class: Class) -> usize {
        self.sections.iter().find(|s| s.class == class).map_or(0, |s| s.total)
    }

    /// What stands in a row.
    pub fn at(&self, index: usize) -> Option<Row> {
        let mut left = index;
        for (n, section) in self.sections.iter().enumerate() {
            if self.roomy && n > 0 {
                if left == 0 {
                    return Some(Row::Blank);
                }
                left -= 1;
            }
            if left < section.rows() {
                return Some(match left {
                    0 => Row::Heading(section.class),
                    i if i <= section.shown => self.member(section, i - 1),
                    _ => Row::More(section.class, section.total - section.shown),
                });
            }
            left -= section.rows();
        }
        None
    }

    fn member(&self, section: &Section, i: usize) -> Row {
        match (&self.filtered, section.class) {
            (_, Class::Cannot) => Row::Cause(i),
            (None, _) => Row::Entry(section.from + i),
            (Some(kept), _) => kept.get(section.from + i).map_or(Row::Blank, |entry| Row::Entry(*entry as usize)),
        }
    }

    /// The row in which an entry stands, if it has one.
    pub fn row_of(&self, entry: usize, class: Class) -> Option<usize> {
        let mut row = 0;
        for (n, section) in self.sections.iter().enumerate() {
            row += usize::from(self.roomy && n > 0);
            if section.class == class {
                let i = match &self.filtered {
                    None => entry.checked_sub(section.from)?,
                    Some(kept) => {
                        let at = kept.binary_search(&u32::try_from(entry).ok()?).ok()?;
                        at.checked_sub(section.from)?
                    }
                };
                return (i < section.shown).then_some(row + 1 + i);
            }
            row += section.rows();
        }
        None
    }

    /// The entries of a class that are in the list, whether they have a row or not.
    pub fn members(&self, class: Class) -> Vec<usize> {
        let Some(section) = self.sections.iter().find(|s| s.class == class) else { return Vec::new() };
        (0..section.total)
            .filter_map(|i| match self.member(section, i) {
                Row::Entry(entry) => Some(entry),
                _ => None,
            })
            .collect()
    }

    /// The nearest row at or behind `index` (or before it, when `back`) that can be selected.
    pub fn selectable(&self, index: usize, back: bool) -> usize {
        let last = self.len().saturating_sub(1);
        let index = index.min(last);
        if self.at(index) != Some(Row::Blank) {
            return index;
        }
        if back { index.saturating_sub(1) } else { (index + 1).min(last) }
    }
}
