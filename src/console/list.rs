//! A list of any length on a window of rows: selection, scrolling, and when to ask for more.

/// Which rows to ask for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: the window has what is needed.
    Nothing,
    /// Rows above the window.
    Above,
    /// Rows below it.
    Below,
    /// The first rows of all.
    Start,
    /// The last rows of all.
    End,
}

/// How far something moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many rows down, or up when negative.
    Rows(isize),
    /// Half a page down (1) or up (-1).
    Half(isize),
    /// To the first row of all.
    Top,
    /// To the last row of all.
    Bottom,
}

/// A window of rows of a longer list.
#[derive(Clone, Debug)]
pub struct List<T> {
    /// The rows of the window.
    pub rows: Vec<T>,
    /// Index of the selected row in the window.
    pub selected: usize,
    /// Index of the first visible row.
    pub top: usize,
    /// Whether there are rows above the window.
    pub more_above: bool,
    /// Whether there are rows below it.
    pub more_below: bool,
    /// Rows that fit on the screen, as last drawn or resized.
    pub height: usize,
}

/// The question for a window of a list, while its answer is awaited. There is one at a time: none may cut another short,
/// or be answered in its place.
#[derive(Clone, Debug)]
pub struct Question<A> {
    anchor: Option<A>,
    stale: bool,
}

impl<A> Default for Question<A> {
    fn default() -> Self {
        Self { anchor: None, stale: false }
    }
}

impl<A: PartialEq> Question<A> {
    /// A place is asked for; from here on no other answer counts.
    pub fn ask(&mut self, anchor: A) {
        *self = Self { anchor: Some(anchor), stale: false };
    }

    /// Whether an answer is awaited.
    pub fn waits(&self) -> bool {
        self.anchor.is_some()
    }

    /// Whether the answer for this place is awaited.
    pub fn is_for(&self, anchor: &A) -> bool {
        self.anchor.as_ref() == Some(anchor)
    }

    /// The store changed. Whether to ask now; while an answer is awaited it is kept in mind instead, so that the place
    /// that was asked for is not lost and a slow answer comes at all.
    pub fn again(&mut self) -> bool {
        self.stale = self.waits();
        !self.stale
    }

    /// An answer came: `None` if it is one to an older question, else whether the store changed while it was awaited.
    pub fn answered(&mut self, anchor: &A) -> Option<bool> {
        if self.anchor.as_ref().is_some_and(|awaited| awaited != anchor) {
            return None;
        }
        Some(std::mem::take(self).stale)
    }

    /// No answer comes.
    pub fn failed(&mut self) {
        *self = Self::default();
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), selected: 0, top: 0, more_above: false, more_below: false, height: 10 }
    }
}

impl<T> List<T> {
    /// The selected row.
    pub fn current(&self) -> Option<&T> {
        self.rows.get(self.selected)
    }

    /// The visible rows with their index in the window.
    pub fn visible(&self, height: usize) -> impl Iterator<Item = (usize, &T)> {
        let top = self.top_for(height);
        self.rows.iter().enumerate().skip(top).take(height)
    }

    /// Where the window is cut for a height: the selected row is always visible.
    pub fn top_for(&self, height: usize) -> usize {
        let height = height.max(1);
        let last = self.rows.len().saturating_sub(height);
        let top = self.top.min(last);
        if self.selected < top {
            self.selected
        } else if self.selected >= top + height {
            self.selected + 1 - height
        } else {
            top
        }
    }

    /// Moves the selection, and says which rows to ask for when the edge of the window comes near.
    pub fn go(&mut self, step: Step) -> Wanted {
        let last = self.rows.len().saturating_sub(1);
        let delta = match step {
            Step::Rows(n) => n,
            Step::Half(n) => n * isize::try_from((self.height / 2).max(1)).unwrap_or(1),
            Step::Top if self.more_above => return Wanted::Start,
            Step::Bottom if self.more_below => return Wanted::End,
            Step::Top => isize::MIN,
            Step::Bottom => isize::MAX,
        };
        self.selected = self.selected.saturating_add_signed(delta).min(last);
        self.top = self.top_for(self.height);
        let margin = self.height.max(10);
        if delta < 0 && self.more_above && self.selected < margin {
            Wanted::Above
        } else if delta > 0 && self.more_below && self.selected + margin > last {
            Wanted::Below
        } else {
            Wanted::Nothing
        }
    }

    /// Whether the edge of the window is near, so that it is time for the rows around the selected one.
    pub fn near_edge(&self) -> bool {
        let margin = self.height.max(10);
        self.more_above && self.selected < margin || self.more_below && self.selected + margin >= self.rows.len()
    }

    /// Replaces the window and keeps the selection on the row that `same` recognises, and that row where it was on
    /// the screen; without one the selection stays at its place in the window.
    pub fn replace(&mut self, rows: Vec<T>, more_above: bool, more_below: bool, same: impl Fn(&T, &T) -> bool) {
        let offset = self.selected.saturating_sub(self.top_for(self.height));
        let found = self.current().and_then(|old| rows.iter().position(|new| same(old, new)));
        self.selected = found.unwrap_or(self.selected).min(rows.len().saturating_sub(1));
        self.top = self.selected.saturating_sub(offset);
        self.rows = rows;
        self.more_above = more_above;
        self.more_below = more_below;
        self.top = self.top_for(self.height);
    }

    /// Replaces the window and selects one of its rows, for [`Wanted::Start`] and [`Wanted::End`].
    pub fn replace_at(&mut self, rows: Vec<T>, more_above: bool, more_below: bool, selected: usize) {
        self.selected = selected.min(rows.len().saturating_sub(1));
        self.rows = rows;
        self.more_above = more_above;
        self.more_below = more_below;
        self.top = self.selected.saturating_sub(self.height / 2);
        self.top = self.top_for(self.height);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(n: usize) -> List<usize> {
        List { rows: (0..n).collect(), height: 5, ..List::default() }
    }

    #[test]
    fn the_selected_row_is_always_visible() {
        let mut l = list(20);
        for _ in 0..7 {
            l.go(Step::Rows(1));
        }
        assert_eq!((l.selected, l.top), (7, 3));
        l.go(Step::Half(-1));
        assert_eq!((l.selected, l.top), (5, 3));
        l.go(Step::Bottom);
        assert_eq!((l.selected, l.top), (19, 15));
        // A smaller screen keeps it visible without being told.
        assert_eq!(l.visible(2).map(|(i, _)| i).collect::<Vec<_>>(), [18, 19]);
        l.go(Step::Top);
        assert_eq!((l.selected, l.top), (0, 0));
    }

    #[test]
    fn more_is_asked_for_before_the_edge() {
        let mut l = List { more_below: true, more_above: true, ..list(30) };
        l.selected = 15;
        assert_eq!(l.go(Step::Rows(1)), Wanted::Nothing);
        assert_eq!(l.go(Step::Rows(8)), Wanted::Below);
        assert_eq!(l.go(Step::Rows(-20)), Wanted::Above);
        assert_eq!(l.go(Step::Bottom), Wanted::End);
        assert_eq!(l.go(Step::Top), Wanted::Start);
    }

    #[test]
    fn a_question_is_answered_once_and_by_its_own_answer() {
        let mut question = Question::default();
        assert!(question.again(), "nothing is awaited: ask");
        question.ask("here");
        question.ask("end");
        assert!(!question.again(), "the end is awaited");
        assert_eq!(question.answered(&"here"), None);
        assert!(question.is_for(&"end"));
        assert_eq!(question.answered(&"end"), Some(true));
        assert!(!question.waits());
        question.ask("start");
        assert_eq!(question.answered(&"start"), Some(false), "what changed was before that");
        question.ask("start");
        question.failed();
        assert!(question.again());
        // After a failure somewhere on the page rows may come all the same.
        assert_eq!(question.answered(&"start"), Some(false));
    }

    #[test]
    fn a_new_window_keeps_row_and_place() {
        let mut l = list(20);
        l.go(Step::Rows(8));
        let place = l.selected - l.top;
        l.replace((3..25).collect(), true, false, |a, b| a == b);
        assert_eq!(l.current(), Some(&8));
        assert_eq!(l.selected - l.top, place);
        l.replace(vec![1, 2], false, false, |a, b| a == b);
        assert_eq!(l.selected, 1);
        l.replace(Vec::new(), false, false, |a, b| a == b);
        assert_eq!(l.current(), None);
        assert_eq!(l.go(Step::Rows(1)), Wanted::Nothing);
    }
}
