//! The resources in memory, with the indexes that keep 100,000 users fast.

use super::members::{Delta, Members};
use jiff::{Timestamp, Unit};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// User or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The attribute that people look a resource up by.
    pub(super) fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

/// One resource. What follows from others (locations, `groups`, names of members) is added when it is shown.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// Place in the stable order of listings.
    pub(super) seq: u64,
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// Counts changes; the entity tag.
    pub(super) version: u64,
    /// What the client wrote, in the spelling of the schema; an object.
    pub(super) attributes: Value,
    /// Members of a group.
    pub(super) members: Members,
}

impl Record {
    pub(super) fn text(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).and_then(Value::as_str)
    }

    /// Whether a user takes a seat.
    pub(super) fn is_active(&self) -> bool {
        active(&self.attributes)
    }

    pub(super) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }
}

/// Whether attributes describe an active user: anything but `active: false`.
pub(super) fn active(attributes: &Value) -> bool {
    attributes.get("active") != Some(&Value::Bool(false))
}

/// Now, in whole milliseconds.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

/// Resources of one kind.
pub(super) struct Table {
    kind: Kind,
    pub(super) rows: BTreeMap<u64, Arc<Record>>,
    by_id: HashMap<String, u64>,
    by_name: HashMap<String, Vec<u64>>,
    by_external: HashMap<String, Vec<u64>>,
}

impl Table {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            rows: BTreeMap::new(),
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            by_external: HashMap::new(),
        }
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Arc<Record>> {
        self.by_id.get(id).and_then(|seq| self.rows.get(seq))
    }

    /// Places of the resources with that name, letter case ignored.
    pub(super) fn by_name(&self, name: &str) -> &[u64] {
        self.by_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Places of the resources with that external id.
    pub(super) fn by_external(&self, id: &str) -> &[u64] {
        self.by_external.get(id).map_or(&[], Vec::as_slice)
    }

    fn keys(&self, record: &Record) -> (Option<String>, Option<String>) {
        (record.text(self.kind.name_attribute()).map(str::to_lowercase), record.text("externalId").map(str::to_owned))
    }

    fn index(&mut self, record: &Record) {
        let (name, external) = self.keys(record);
        if let Some(name) = name {
            self.by_name.entry(name).or_default().push(record.seq);
        }
        if let Some(external) = external {
            self.by_external.entry(external).or_default().push(record.seq);
        }
    }

    fn unindex(&mut self, record: &Record) {
        let (name, external) = self.keys(record);
        for (map, key) in [(&mut self.by_name, name), (&mut self.by_external, external)] {
            if let Some(key) = key
                && let Some(list) = map.get_mut(&key)
            {
                list.retain(|seq| *seq != record.seq);
                if list.is_empty() {
                    map.remove(&key);
                }
            }
        }
    }
}

/// A resource as it was before a write; for stale reads.
struct Past {
    at: Instant,
    kind: Kind,
    seq: u64,
    before: Option<Arc<Record>>,
}

/// All resources.
pub(super) struct Store {
    pub(super) users: Table,
    pub(super) groups: Table,
    /// Member id to the places of its groups.
    memberships: HashMap<String, BTreeSet<u64>>,
    next: u64,
    /// Users that take a seat.
    pub(super) active: usize,
    past: VecDeque<Past>,
    /// How far back [`Store::past`] reaches; zero keeps nothing.
    pub(super) keep: Duration,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            users: Table::new(Kind::User),
            groups: Table::new(Kind::Group),
            memberships: HashMap::new(),
            next: 1,
            active: 0,
            past: VecDeque::new(),
            keep: Duration::ZERO,
        }
    }
}

impl Store {
    pub(super) fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }

    /// What a member id names.
    pub(super) fn member(&self, id: &str) -> Option<(Kind, &Arc<Record>)> {
        match self.users.by_id(id) {
            Some(user) => Some((Kind::User, user)),
            None => self.groups.by_id(id).map(|group| (Kind::Group, group)),
        }
    }

    /// The groups that have this member, in their stable order.
    pub(super) fn groups_of(&self, id: &str) -> impl Iterator<Item = &Arc<Record>> {
        self.memberships.get(id).into_iter().flatten().filter_map(|seq| self.groups.rows.get(seq))
    }

    /// Adds a new resource and gives its id.
    pub(super) fn create(&mut self, kind: Kind, attributes: Value, members: Members) -> String {
        let now = now();
        let id = uuid::Uuid::new_v4().to_string();
        let record =
            Record { seq: self.next, id: id.clone(), created: now, modified: now, version: 1, attributes, members };
        self.insert(kind, record);
        id
    }

    /// Puts a complete record in, from a creation or a snapshot.
    pub(super) fn insert(&mut self, kind: Kind, record: Record) {
        self.next = self.next.max(record.seq + 1);
        self.remember(kind, record.seq, None);
        for member in record.members.iter() {
            self.memberships.entry(member.to_owned()).or_default().insert(record.seq);
        }
        self.active += usize::from(kind == Kind::User && record.is_active());
        let table = self.table_mut(kind);
        table.index(&record);
        table.by_id.insert(record.id.clone(), record.seq);
        table.rows.insert(record.seq, Arc::new(record));
    }

    /// Replaces the attributes of a resource and changes its members.
    pub(super) fn update(&mut self, kind: Kind, id: &str, attributes: Option<Value>, delta: &Delta) {
        let Some(old) = self.table(kind).by_id(id) else { return };
        let seq = old.seq;
        if !self.keep.is_zero() {
            let before = Some(Arc::clone(old));
            self.remember(kind, seq, before);
        }
        for member in &delta.removed {
            self.forget_membership(member, seq);
        }
        for member in &delta.added {
            self.memberships.entry(member.clone()).or_default().insert(seq);
        }
        // Out of the map while it changes, so that large groups change in place, without a copy.
        let Some(mut shared) = self.table_mut(kind).rows.remove(&seq) else { return };
        self.table_mut(kind).unindex(&shared);
        let was_active = shared.is_active();
        let record = Arc::make_mut(&mut shared);
        if let Some(attributes) = attributes {
            record.attributes = attributes;
        }
        record.members.change(delta);
        record.modified = now();
        record.version += 1;
        if kind == Kind::User {
            self.active = self.active - usize::from(was_active) + usize::from(shared.is_active());
        }
        let table = self.table_mut(kind);
        table.index(&shared);
        table.rows.insert(seq, shared);
    }

    /// Removes a resource, also from the groups that it is a member of.
    pub(super) fn delete(&mut self, kind: Kind, id: &str) -> bool {
        let Some(seq) = self.table_mut(kind).by_id.remove(id) else { return false };
        let Some(record) = self.table_mut(kind).rows.remove(&seq) else { return false };
        self.table_mut(kind).unindex(&record);
        self.active -= usize::from(kind == Kind::User && record.is_active());
        for member in record.members.iter() {
            self.forget_membership(member, seq);
        }
        let groups: Vec<String> = self.groups_of(id).map(|group| group.id.clone()).collect();
        for group in groups {
            let delta = Delta { removed: vec![id.to_owned()], ..Delta::default() };
            self.update(Kind::Group, &group, None, &delta);
        }
        self.remember(kind, seq, Some(record));
        true
    }

    fn forget_membership(&mut self, member: &str, group: u64) {
        if let Some(groups) = self.memberships.get_mut(member) {
            groups.remove(&group);
            if groups.is_empty() {
                self.memberships.remove(member);
            }
        }
    }

    fn remember(&mut self, kind: Kind, seq: u64, before: Option<Arc<Record>>) {
        if self.keep.is_zero() {
            self.past.clear();
            return;
        }
        let at = Instant::now();
        while self.past.front().is_some_and(|past| at.duration_since(past.at) > self.keep) {
            self.past.pop_front();
        }
        self.past.push_back(Past { at, kind, seq, before });
    }

    /// The resources of a kind as they were `ago`.
    pub(super) fn view(&self, kind: Kind, ago: Duration) -> View<'_> {
        let mut then = HashMap::new();
        if !ago.is_zero() {
            let now = Instant::now();
            for past in self.past.iter().filter(|p| p.kind == kind && now.duration_since(p.at) < ago) {
                // The first write within the window tells how it was before the window.
                then.entry(past.seq).or_insert_with(|| past.before.clone());
            }
        }
        View { table: self.table(kind), then }
    }
}

/// Resources of one kind at one moment.
pub(super) struct View<'a> {
    table: &'a Table,
    then: HashMap<u64, Option<Arc<Record>>>,
}

impl View<'_> {
    fn at(&self, seq: u64) -> Option<&Arc<Record>> {
        match self.then.get(&seq) {
            Some(then) => then.as_ref(),
            None => self.table.rows.get(&seq),
        }
    }

    pub(super) fn by_id(&self, id: &str) -> Option<&Arc<Record>> {
        match self.table.by_id.get(id) {
            Some(seq) => self.at(*seq),
            None => self.then.values().flatten().find(|record| record.id == id),
        }
    }

    /// Those of the places that an index names, and whatever was different then: candidates for a filter.
    pub(super) fn candidates(&self, places: &[u64]) -> Vec<&Arc<Record>> {
        let places: BTreeSet<u64> = places.iter().copied().chain(self.then.keys().copied()).collect();
        places.into_iter().filter_map(|seq| self.at(seq)).collect()
    }

    /// How many there were, if that can be told without looking at each.
    pub(super) fn len(&self) -> usize {
        if self.then.is_empty() { self.table.rows.len() } else { self.iter().count() }
    }

    /// All, in the stable order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Record>> {
        let gone = self.then.keys().filter(|seq| !self.table.rows.contains_key(seq)).copied();
        let mut gone: Vec<u64> = gone.collect();
        gone.sort_unstable();
        let mut gone = gone.into_iter().peekable();
        let mut rows = self.table.rows.keys().copied().peekable();
        std::iter::from_fn(move || match (rows.peek(), gone.peek()) {
            (Some(row), Some(lost)) if lost < row => gone.next(),
            (Some(_), _) => rows.next(),
            (None, _) => gone.next(),
        })
        .filter_map(|seq| self.at(seq))
    }
}
