//! Windows: a few hundred rows of a long list, found by key in both directions, never by counting rows off.

/// Where a window of a list lies. `C` is a place in the list, `I` names an object of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor<C, I = String> {
    /// The beginning of the list.
    Start,
    /// The end of the list.
    End,
    /// The rows behind a place.
    After(C),
    /// The rows in front of a place.
    Before(C),
    /// The rows around an object, with it near the middle; [`Anchor::Start`] if there is no such object.
    At(I),
}

/// Rows that follow each other in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window<T> {
    /// The rows, in the order of the list.
    pub rows: Vec<T>,
    /// Whether there are rows in front of them.
    pub above: bool,
    /// Whether there are rows behind them.
    pub below: bool,
    /// For [`Anchor::At`]: where in `rows` the object is, if it is in the list.
    pub at: Option<usize>,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), above: false, below: false, at: None }
    }
}

/// A number of rows, counted only as far as anybody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub n: u64,
    /// Whether there are more than that.
    pub at_least: bool,
}

impl Counted {
    /// All of them.
    pub fn exactly(n: u64) -> Self {
        Self { n, at_least: false }
    }

    /// From a count that was ended behind `most`.
    pub fn up_to(n: u64, most: u64) -> Self {
        Self { n: n.min(most), at_least: n > most }
    }
}

/// Cuts a window out of a list.
///
/// `walk` gives at most so many rows from a place on (from the end at which the direction begins, if there is none),
/// in the order of the walk: `true` is towards the beginning of the list. The row at the place itself comes only if
/// the place says so. `place` tells where a row is; [`Anchor::At`] has been turned into a place, and `is` knows the
/// object.
pub(super) fn cut<T, C, E>(
    mut walk: impl FnMut(Option<(&C, bool)>, bool, usize) -> Result<Vec<T>, E>,
    place: impl Fn(&T) -> C,
    is: impl Fn(&T) -> bool,
    anchor: &Anchor<C, C>,
    limit: usize,
) -> Result<Window<T>, E> {
    let limit = limit.max(1);
    let (from, backwards) = match anchor {
        Anchor::Start => (None, false),
        Anchor::End => (None, true),
        Anchor::After(place) => (Some((place, false)), false),
        Anchor::Before(place) => (Some((place, false)), true),
        Anchor::At(place) => {
            let mut before = walk(Some((place, false)), true, limit)?;
            let mut rows = walk(Some((place, true)), false, limit + 1)?;
            // Half of the window in front of the object, more where the list ends behind it.
            let behind = rows.len().min(limit - (limit / 2).min(before.len()));
            let kept = (limit - behind).min(before.len());
            let (above, below) = (before.len() > kept, rows.len() > behind);
            rows.truncate(behind);
            before.truncate(kept);
            before.reverse();
            let at = rows.iter().position(is).map(|index| index + before.len());
            before.append(&mut rows);
            return Ok(Window { rows: before, above, below, at });
        }
    };
    let mut rows = walk(from, backwards, limit + 1)?;
    let ahead = rows.len() > limit;
    rows.truncate(limit);
    // In the other direction is where one came from, unless it is gone meanwhile.
    let behind = match (from, rows.first()) {
        (None, _) => false,
        (Some(_), Some(first)) => !walk(Some((&place(first), false)), !backwards, 1)?.is_empty(),
        (Some((place, _)), None) => !walk(Some((place, true)), !backwards, 1)?.is_empty(),
    };
    let (above, below) = if backwards { (ahead, behind) } else { (behind, ahead) };
    if backwards {
        rows.reverse();
    }
    Ok(Window { rows, above, below, at: None })
}
