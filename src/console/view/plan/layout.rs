//! Where things are.

use crate::console::shared::Shared;

/// From this width on there is a third column.
const THIRD: u16 = 150;
/// From this width on there is more room between things.
pub(super) const ROOMY: u16 = 120;
/// From this width on the details stand beside the list.
const BESIDE: u16 = 80;
/// Where things are at a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Columns of the list; all of them when nothing stands beside it.
    pub(super) list: u16,
    /// The first column of the details.
    pub(super) detail: u16,
    /// Columns of the details.
    pub(super) detail_width: u16,
    /// The first column of the third column.
    pub(super) third: Option<u16>,
    /// The row of the titles.
    pub(super) title: u16,
    /// The first row of the list.
    pub(super) first: u16,
    /// Rows of the list.
    pub(super) rows: u16,
    pub(super) roomy: bool,
}

impl Layout {
    pub(super) fn of(width: u16, height: u16) -> Self {
        let roomy = width >= ROOMY;
        let third = (width >= THIRD).then(|| width - 39);
        let list = if roomy {
            35
        } else if width >= BESIDE {
            30
        } else {
            width
        };
        let detail = (list + 3).min(width);
        // Room between what stands at the right end and the line beside it.
        let detail_end = third.map_or(width, |third| third - 5);
        let (title, first) = if roomy { (5, 7) } else { (3, 5) };
        Self {
            list,
            detail,
            detail_width: detail_end.saturating_sub(detail),
            third,
            title,
            first,
            rows: height.saturating_sub(first),
            roomy,
        }
    }

    /// For the page as the frame places it.
    pub(super) fn of_shared(shared: &Shared) -> Self {
        // Header, tabs and rule above, hints below.
        Self::of(shared.width, shared.height.saturating_sub(4))
    }
}
