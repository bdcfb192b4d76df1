//! Members of a group: ordered, without duplicates, changed without a copy.

use std::collections::{BTreeMap, HashMap, HashSet};

/// Member ids in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    order: BTreeMap<u64, String>,
    place: HashMap<String, u64>,
    next: u64,
}

impl Members {
    pub(super) fn contains(&self, id: &str) -> bool {
        self.place.contains_key(id)
    }

    pub(super) fn len(&self) -> usize {
        self.place.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.order.values().map(String::as_str)
    }

    pub(super) fn add(&mut self, id: &str) -> bool {
        if self.contains(id) {
            return false;
        }
        self.order.insert(self.next, id.to_owned());
        self.place.insert(id.to_owned(), self.next);
        self.next += 1;
        true
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        match self.place.remove(id) {
            Some(place) => self.order.remove(&place).is_some(),
            None => false,
        }
    }

    pub(super) fn change(&mut self, delta: &Delta) {
        for id in &delta.removed {
            self.remove(id);
        }
        for id in &delta.added {
            self.add(id);
        }
    }
}

impl<'a> FromIterator<&'a str> for Members {
    fn from_iter<T: IntoIterator<Item = &'a str>>(ids: T) -> Self {
        let mut members = Self::default();
        for id in ids {
            members.add(id);
        }
        members
    }
}

/// What changes in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delta {
    pub(super) added: Vec<String>,
    pub(super) removed: Vec<String>,
}

impl Delta {
    pub(super) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// The members as a PATCH under way sees them: the group's own, and what its operations did so far. A refused request
/// is dropped with its edit, and the group has not been touched.
pub(super) struct Edit<'a> {
    base: &'a Members,
    cleared: bool,
    removed: HashSet<String>,
    added: Members,
}

impl<'a> Edit<'a> {
    pub(super) fn new(base: &'a Members) -> Self {
        Self { base, cleared: false, removed: HashSet::new(), added: Members::default() }
    }

    fn keeps(&self, id: &str) -> bool {
        !self.cleared && self.base.contains(id) && !self.removed.contains(id)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.added.contains(id) || self.keeps(id)
    }

    /// All members as they stand; as long as the group.
    pub(super) fn all(&self) -> Vec<String> {
        let kept = self.base.iter().filter(|id| self.keeps(id));
        kept.chain(self.added.iter()).map(str::to_owned).collect()
    }

    pub(super) fn add(&mut self, id: &str) {
        // One that this request removed before comes back to its old place.
        self.removed.remove(id);
        if !self.contains(id) {
            self.added.add(id);
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.added.remove(id);
        if self.keeps(id) {
            self.removed.insert(id.to_owned());
        }
    }

    pub(super) fn clear(&mut self) {
        self.cleared = true;
        self.removed.clear();
        self.added = Members::default();
    }

    /// The difference to the group as it was.
    pub(super) fn delta(self) -> Delta {
        let added = self.added.iter().filter(|id| !self.base.contains(id)).map(str::to_owned).collect();
        let removed = if self.cleared {
            self.base.iter().filter(|id| !self.added.contains(id)).map(str::to_owned).collect()
        } else {
            self.removed.into_iter().collect()
        };
        Delta { added, removed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(work: impl Fn(&mut Edit<'_>)) -> (Vec<String>, Delta) {
        let base: Members = ["a", "b", "c"].into_iter().collect();
        let mut edit = Edit::new(&base);
        work(&mut edit);
        let all = edit.all();
        let delta = edit.delta();
        let mut after = base.clone();
        after.change(&delta);
        let (mut x, mut y) = (all.clone(), after.iter().map(str::to_owned).collect::<Vec<_>>());
        x.sort();
        y.sort();
        assert_eq!(x, y, "the delta leads to what the edit showed");
        (all, delta)
    }

    #[test]
    fn edits_become_the_smallest_delta() {
        let (all, delta) = edited(|e| {
            e.add("a");
            e.add("d");
            e.remove("b");
            e.remove("x");
        });
        assert_eq!(all, ["a", "c", "d"]);
        assert_eq!(delta, Delta { added: vec!["d".into()], removed: vec!["b".into()] });
        let (_, delta) = edited(|e| {
            e.remove("a");
            e.add("a");
            e.add("d");
            e.remove("d");
        });
        assert!(delta.is_empty());
        let (all, delta) = edited(|e| {
            e.clear();
            e.add("b");
            e.add("z");
        });
        assert_eq!(all, ["b", "z"]);
        assert_eq!(delta.added, ["z"]);
        assert_eq!(delta.removed, ["a", "c"]);
    }
}
