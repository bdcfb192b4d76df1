//! Letter case: one unit to one unit, invariant culture.

use super::set::Set;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Every unit that has others of the same lower case, with all of them.
static EQUIVALENTS: LazyLock<BTreeMap<u16, Vec<u16>>> = LazyLock::new(|| {
    let mut by_lower: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
    for unit in 0..=u16::MAX {
        if lower(unit) != unit {
            by_lower.entry(lower(unit)).or_default().push(unit);
        }
    }
    let mut all = BTreeMap::new();
    for (small, mut units) in by_lower {
        units.push(small);
        for unit in &units {
            all.insert(*unit, units.clone());
        }
    }
    all
});

/// The lower case of a unit if it is one unit, else the unit; `İ` stays.
pub(super) fn lower(unit: u16) -> u16 {
    let Some(letter) = char::from_u32(u32::from(unit)) else { return unit };
    let mut mapped = letter.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

/// The units that are equal to this one when case is ignored; empty for a unit without case.
pub(super) fn equivalents(unit: u16) -> &'static [u16] {
    EQUIVALENTS.get(&unit).map_or(&[], Vec::as_slice)
}

/// The set with every unit that equals one of its units when case is ignored.
pub(super) fn closed(set: &Set) -> Set {
    let mut ranges = set.ranges().to_vec();
    for (first, last) in set.ranges() {
        for (_, units) in EQUIVALENTS.range(*first..=*last) {
            ranges.extend(units.iter().map(|unit| (*unit, *unit)));
        }
    }
    Set::new(ranges)
}
