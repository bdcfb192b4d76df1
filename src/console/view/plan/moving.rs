//! Where the selection is, and how it moves.

use super::layout::Layout;
use super::model::Entry;
use super::tree::{Row, Tree};
use super::{Pane, Plan};
use crate::console::list::Step;
use crate::console::shared::Shared;

impl Plan {
    pub(super) fn tree(&self, layout: Layout) -> Tree {
        match &self.model {
            Some(model) => {
                Tree::new(model, self.filtered.clone(), &self.expanded, usize::from(layout.rows), layout.roomy)
            }
            None => Tree::default(),
        }
    }

    /// The first visible row: the selected one is always visible.
    pub(super) fn top_for(&self, tree: &Tree, rows: usize) -> usize {
        let rows = rows.max(1);
        let top = self.top.min(tree.len().saturating_sub(rows));
        if self.selected < top {
            self.selected
        } else if self.selected >= top + rows {
            self.selected + 1 - rows
        } else {
            top
        }
    }

    pub(super) fn row(&self, shared: &Shared) -> Option<Row> {
        self.tree(Layout::of_shared(shared)).at(self.selected)
    }

    /// The entry in the selected row.
    pub(super) fn entry(&self, shared: &Shared) -> Option<(usize, &Entry)> {
        match self.row(shared)? {
            Row::Entry(index) => Some((index, self.model.as_ref()?.entries.get(index)?)),
            _ => None,
        }
    }

    pub(super) fn select(&mut self, row: usize, tree: &Tree, layout: Layout) {
        if row != self.selected {
            self.detail_top = 0;
        }
        self.selected = row;
        self.top = self.top_for(tree, usize::from(layout.rows));
    }

    pub(super) fn go(&mut self, shared: &Shared, step: Step) {
        let layout = Layout::of_shared(shared);
        let half = isize::try_from((layout.rows / 2).max(1)).unwrap_or(1);
        let delta = match step {
            Step::Rows(n) => n,
            Step::Half(n) => n * half,
            Step::Top => isize::MIN,
            Step::Bottom => isize::MAX,
        };
        if self.pane == Pane::Detail {
            let last = self.detail_lines(shared).saturating_sub(usize::from(layout.rows));
            self.detail_top = self.detail_top.saturating_add_signed(delta).min(last);
            return;
        }
        let tree = self.tree(layout);
        let row = tree.selectable(self.selected.saturating_add_signed(delta), delta < 0);
        self.select(row, &tree, layout);
    }

    /// The next or previous object, whatever stands between.
    pub(super) fn go_change(&mut self, shared: &Shared, forward: bool) {
        let layout = Layout::of_shared(shared);
        let mut tree = self.tree(layout);
        let mut row = self.selected;
        loop {
            let next = if forward { row + 1 } else { row.wrapping_sub(1) };
            match tree.at(next) {
                Some(Row::Entry(_)) => return self.select(next, &tree, layout),
                // What is folded up is part of the way.
                Some(Row::More(class, _)) => {
                    let members = tree.members(class);
                    self.expanded.push(class);
                    tree = self.tree(layout);
                    if !forward && let Some(row) = members.last().and_then(|last| tree.row_of(*last, class)) {
                        return self.select(row, &tree, layout);
                    }
                }
                Some(_) => row = next,
                None => return,
            }
        }
    }
}
