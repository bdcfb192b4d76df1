//! Where things are: a pure function of the size, so that moving about asks the same numbers as drawing.

/// From this width on, list and detail stand side by side, and there is room for quotation marks.
pub(super) const SIDE: u16 = 120;
/// From this width on, causes have their reason beside them.
pub(super) const WIDE: u16 = 150;
/// From this height on there is room for headings and blank lines.
const ROOMY: u16 = 32;
/// The list beside a detail is not narrower than this.
const LIST: u16 = 60;

/// Rows of a pane, in the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// The first of them.
    pub y: u16,
    /// How many.
    pub rows: u16,
}

/// Where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Headings and blank lines.
    pub roomy: bool,
    /// List and detail side by side.
    pub side: bool,
    /// Causes, without title and heading.
    pub causes: Rows,
    /// The hairline between causes and events.
    pub rule: Option<u16>,
    /// The title of the events.
    pub events_title: u16,
    /// Events, without title and heading.
    pub events: Rows,
    /// Columns of the list of events.
    pub list: u16,
    /// The detail: below the list, or right of it.
    pub detail: Rows,
}

impl Layout {
    /// Of a page of so many columns and rows: the whole of it, without header, tabs and hints.
    pub(super) fn of(width: u16, height: u16) -> Self {
        let side = width >= SIDE;
        if side && height >= ROOMY {
            let causes = (height.saturating_sub(29) / 3).clamp(2, 16);
            let title = causes + 7;
            let events = Rows { y: title + 4, rows: height.saturating_sub(title + 8) };
            return Self {
                roomy: true,
                side,
                causes: Rows { y: 4, rows: causes },
                rule: Some(causes + 5),
                events_title: title,
                events,
                list: (width * 7 / 16).max(LIST),
                detail: Rows { y: title, rows: height.saturating_sub(title + 2) },
            };
        }
        let causes = (height / 5).clamp(1, 16);
        let title = causes + 2;
        let below = if side { 0 } else { (height / 5).clamp(1, 16) };
        let gone = title + 1 + if side { 1 } else { below + 2 };
        let events = Rows { y: title + 1, rows: height.saturating_sub(gone) };
        let detail = if side {
            Rows { y: title, rows: height.saturating_sub(title + 1) }
        } else {
            Rows { y: events.y + events.rows + 1, rows: below }
        };
        Self {
            roomy: false,
            side,
            causes: Rows { y: 1, rows: causes },
            rule: None,
            events_title: title,
            events,
            list: if side { (width * 7 / 16).max(LIST) } else { width },
            detail,
        }
    }

    /// With the causes alone on the page.
    pub(super) fn causes_alone(self, height: u16) -> Self {
        let y = self.causes.y;
        Self { causes: Rows { y, rows: height.saturating_sub(y + 1) }, ..self }
    }

    /// With the events alone on the page.
    pub(super) fn events_alone(self, width: u16, height: u16) -> Self {
        let y = if self.roomy { 4 } else { 1 };
        let below = if self.roomy { 3 } else { 1 };
        let events = Rows { y, rows: height.saturating_sub(y + below) };
        Self { events_title: 0, events, list: width, rule: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_sizes_of_the_design() {
        // 80×24 and 160×45 without header, tabs, rule and hints.
        let small = Layout::of(80, 20);
        assert_eq!(small.causes, Rows { y: 1, rows: 4 });
        assert_eq!((small.events_title, small.events), (6, Rows { y: 7, rows: 7 }));
        assert_eq!((small.list, small.detail), (80, Rows { y: 15, rows: 4 }));
        let large = Layout::of(160, 41);
        assert_eq!(large.causes, Rows { y: 4, rows: 4 });
        assert_eq!((large.rule, large.events_title), (Some(9), 11));
        assert_eq!((large.list, large.events), (70, Rows { y: 15, rows: 22 }));
        assert_eq!(large.detail, Rows { y: 11, rows: 28 });
    }

    #[test]
    fn nothing_lies_outside_of_the_page() {
        for width in [60, 79, 80, 99, 100, 119, 120, 149, 150, 220] {
            for height in 12..60 {
                let layout = Layout::of(width, height);
                for rows in [layout.causes, layout.events, layout.detail] {
                    assert!(rows.rows > 0 && rows.y + rows.rows <= height, "{width}×{height}: {layout:?}");
                }
                assert!(layout.causes.y + layout.causes.rows < layout.events_title, "{width}×{height}");
                assert!(layout.events_title < layout.events.y, "{width}×{height}");
                assert!(layout.list <= width, "{width}×{height}");
                if !layout.side {
                    assert!(layout.events.y + layout.events.rows < layout.detail.y, "{width}×{height}");
                }
            }
        }
    }
}
