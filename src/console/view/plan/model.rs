//! A plan as the view shows it: operations by object and class, with what can be counted about them. Made once per
//! plan, on the reader thread; drawing looks up single rows.

use crate::console::attribute_words::short_path;
use crate::console::style::{Glyphs, Token};
use crate::console::words::account;
use crate::model::{Change, ObjectType, Operation, OperationState, Verb};
use crate::store::fold::fold;
use crate::store::search::Known;
use crate::sync::cycle::CycleReport;
use crate::sync::journal::value_text;
use crate::sync::plan::Note;
use crate::text::{Shown, show};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Attributes that are counted by name; the rest is `other`.
const ATTRIBUTES: usize = 8;
/// So many changes of one attribute that share their values are worth a sentence.
const SURPRISING: u64 = 5;
/// Sentences about surprises.
const SURPRISES: usize = 3;

/// What happens to an object, in the order in which the list has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An account or group is made.
    Create,
    /// An account is turned on again.
    Enable,
    /// Attributes, manager or members are written.
    Update,
    /// An account is turned off.
    Disable,
    /// A resource is removed.
    Delete,
    /// A guard keeps it back.
    Held,
    /// A person said no.
    Rejected,
    /// It failed and waits, or cannot be planned.
    Cannot,
}

impl Class {
    /// Every class, in the order of the list.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Enable,
        Self::Update,
        Self::Disable,
        Self::Delete,
        Self::Held,
        Self::Rejected,
        Self::Cannot,
    ];

    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Enable => "enable",
            Self::Update => "update",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Cannot => "cannot",
        }
    }

    /// Its mark.
    pub fn glyph(self, glyphs: &Glyphs) -> &'static str {
        match self {
            Self::Create | Self::Enable => glyphs.add,
            Self::Update => glyphs.change,
            Self::Disable | Self::Delete => glyphs.remove,
            Self::Held => glyphs.warn,
            Self::Rejected => glyphs.dot,
            Self::Cannot => glyphs.fail,
        }
    }

    /// How its mark is meant.
    pub fn token(self) -> Token {
        match self {
            Self::Create | Self::Enable => Token::Add,
            Self::Update => Token::Change,
            Self::Disable | Self::Delete => Token::Remove,
            Self::Held => Token::Warn,
            Self::Rejected => Token::Muted,
            Self::Cannot => Token::Fail,
        }
    }

    /// Whether applying the plan does it.
    pub fn applies(self) -> bool {
        !matches!(self, Self::Held | Self::Rejected | Self::Cannot)
    }

    fn of(operation: &Operation) -> Self {
        match (operation.state, operation.verb) {
            (OperationState::Held, _) => Self::Held,
            (OperationState::Rejected, _) => Self::Rejected,
            (_, Verb::Create) => Self::Create,
            (_, Verb::Enable) => Self::Enable,
            (_, Verb::Disable) => Self::Disable,
            (_, Verb::Delete) => Self::Delete,
            (_, Verb::Update | Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers) => Self::Update,
        }
    }
}

/// One object of the list: what is done to it, as indexes into the report's operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its class.
    pub class: Class,
    /// Its operations.
    pub operations: Vec<u32>,
}

/// Objects that cannot be provisioned for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cannot {
    /// How many.
    pub count: u64,
    /// Error code (E13c).
    pub code: String,
    /// In a few words.
    pub words: Shown,
}

/// What the report does not say by itself; read from the store and the configuration.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Linked objects.
    pub linked: u64,
    /// Most disables and deletes in one cycle.
    pub threshold: Option<u64>,
    /// Objects that failed before and wait, by code.
    pub waiting: BTreeMap<String, u64>,
    /// Who they are and why, some of each code.
    pub who_waits: BTreeMap<String, Vec<(Shown, Shown)>>,
    /// The last cycle: when it began, and objects it changed.
    pub last_cycle: Option<(Timestamp, u64)>,
    /// Number and source of the rule that writes an attribute.
    pub rules: HashMap<(ObjectType, String), (usize, Shown)>,
    /// Names of members that go, by directory id.
    pub names: HashMap<String, Shown>,
    /// What people know the objects of the plan by, by directory id.
    pub known: HashMap<String, Known>,
}

impl Context {
    fn principal(&self, operation: &Operation) -> Option<&str> {
        self.known.get(&operation.source_id)?.user_principal_name.as_deref().filter(|name| !name.is_empty())
    }

    /// The account that an operation is about, whole; else the name that the plan has.
    pub fn name(&self, operation: &Operation) -> Shown {
        show(self.principal(operation).unwrap_or(&operation.name))
    }

    /// The same as lists have it: without its domain.
    pub fn short_name(&self, operation: &Operation) -> Shown {
        show(self.principal(operation).map_or(&operation.name, account))
    }
}

/// A plan that can be shown.
#[derive(Debug)]
pub struct Model {
    /// The dry run.
    pub report: Arc<CycleReport>,
    /// When it was made.
    pub made_at: Timestamp,
    /// Objects, by class and then by name.
    pub entries: Vec<Entry>,
    /// What cannot be done, the most frequent first.
    pub cannot: Vec<Cannot>,
    /// Changes by attribute, the most frequent first, and all others together.
    pub attributes: (Vec<(Shown, u64)>, u64),
    /// What stands out, a few lines each.
    pub surprises: Vec<Vec<Shown>>,
    /// Linked objects that stay as they are.
    pub unchanged: u64,
    /// Accounts that are there already with the same values: the next cycle links them, and writes nothing.
    pub adopted: u64,
    /// Disables and deletes, held ones included.
    pub removals: u64,
    /// See there.
    pub context: Context,
}

impl Model {
    /// Makes it.
    pub fn new(report: Arc<CycleReport>, context: Context) -> Self {
        let mut entries = entries_of(&report.operations);
        let name = |o: &Operation| context.short_name(o).as_str().to_lowercase();
        entries.sort_by_cached_key(|e| (e.class, first(&report, e).map(name)));
        let touched: HashSet<&str> =
            report.operations.iter().filter(|o| o.verb != Verb::Create).map(|o| o.source_id.as_str()).collect();
        let failing = || report.notes.iter().filter(|n| n.failed);
        let stuck = failing().filter(|n| n.subject.link.is_some()).count();
        let adopts = |n: &&Note| !n.failed && n.subject.link.is_none() && n.link_after.is_some();
        let adopted = report.notes.iter().filter(adopts).count() as u64;
        let unchanged = context.linked.saturating_sub((touched.len() + stuck) as u64);
        let mut causes = context.waiting.clone();
        for note in failing() {
            *causes.entry(note.code.clone()).or_default() += 1;
        }
        let mut cannot: Vec<Cannot> = causes
            .into_iter()
            .map(|(code, count)| {
                let class = crate::store::log::class(&code);
                let words = if class == "other" { show(&code) } else { show(class) };
                Cannot { count, code, words }
            })
            .collect();
        cannot.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
        let made = report.plan.as_ref().and_then(|p| p.made_at.parse().ok());
        let ended = report.cycle.ended_at.as_ref().and_then(|at| at.parse().ok());
        Self {
            made_at: made.or(ended).unwrap_or(Timestamp::UNIX_EPOCH),
            attributes: by_attribute(&report.operations),
            surprises: surprises(&report.operations),
            removals: report.operations.iter().filter(|o| matches!(o.verb, Verb::Disable | Verb::Delete)).count()
                as u64,
            entries,
            cannot,
            unchanged,
            adopted,
            context,
            report,
        }
    }

    /// The operations of an entry.
    pub fn operations<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Operation> {
        entry.operations.iter().filter_map(|i| self.report.operations.get(*i as usize))
    }

    /// The first of them: it names the object.
    pub fn first(&self, entry: &Entry) -> Option<&Operation> {
        first(&self.report, entry)
    }

    /// Attributes that an entry changes.
    pub fn changes(&self, entry: &Entry) -> usize {
        self.operations(entry).map(|o| o.changes.len()).sum()
    }

    /// Objects of a class.
    pub fn count(&self, class: Class) -> u64 {
        match class {
            Class::Cannot => self.cannot.iter().map(|c| c.count).sum(),
            class => self.range(class).len() as u64,
        }
    }

    /// Where the entries of a class stand: the list is sorted by class.
    pub fn range(&self, class: Class) -> std::ops::Range<usize> {
        let from = self.entries.partition_point(|e| e.class < class);
        let to = self.entries.partition_point(|e| e.class <= class);
        from..to
    }

    /// Objects that applying changes.
    pub fn applicable(&self) -> u64 {
        Class::ALL.into_iter().filter(|c| c.applies()).map(|c| self.count(c)).sum()
    }

    /// The fingerprint by which the plan is applied.
    pub fn fingerprint(&self) -> &str {
        self.report.plan.as_ref().map_or("", |p| p.fingerprint.as_str())
    }

    /// Name and source of the rule behind an attribute.
    pub fn rule(&self, object_type: ObjectType, attribute: &str) -> Option<&(usize, Shown)> {
        self.context.rules.get(&(object_type, attribute.to_owned()))
    }

    /// Indexes of the entries that fit a filter: every word has to be somewhere in name, id, class, verb or attribute,
    /// or in what people know the object by; and no word behind a `-` may be. Case and diacritics do not count.
    pub fn filter(&self, text: &str) -> Vec<u32> {
        let words: Vec<(bool, String)> = text
            .split_whitespace()
            .map(|word| match word.strip_prefix('-').filter(|w| !w.is_empty()) {
                Some(not) => (false, fold(not)),
                None => (true, fold(word)),
            })
            .collect();
        let fits = |entry: &Entry| {
            let mut text = entry.class.word().to_owned();
            for operation in self.operations(entry) {
                for part in [&operation.name, &operation.source_id, operation.verb.as_str()] {
                    text.push('\n');
                    text.push_str(part);
                }
                for change in &operation.changes {
                    text.push('\n');
                    text.push_str(&change.attribute);
                }
            }
            let mut text = text.lines().map(fold).collect::<Vec<_>>().join("\n");
            if let Some(known) = self.first(entry).and_then(|o| self.context.known.get(&o.source_id)) {
                text.push('\n');
                text.push_str(&known.text);
            }
            words.iter().all(|(wanted, word)| text.contains(word.as_str()) == *wanted)
        };
        (0_u32..).zip(&self.entries).filter(|(_, entry)| fits(entry)).map(|(i, _)| i).collect()
    }
}

fn first<'a>(report: &'a CycleReport, entry: &Entry) -> Option<&'a Operation> {
    report.operations.get(*entry.operations.first()? as usize)
}

/// Operations of one object are one entry, except what is kept back: that is decided by itself.
fn entries_of(operations: &[Operation]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut known: HashMap<(ObjectType, &str, Option<Class>), usize> = HashMap::new();
    for (i, operation) in (0_u32..).zip(operations) {
        let class = Class::of(operation);
        let apart = Some(class).filter(|c| !c.applies());
        let key = (operation.object_type, operation.source_id.as_str(), apart);
        match known.get(&key) {
            Some(at) => {
                let entry = &mut entries[*at];
                entry.operations.push(i);
                // What weighs more names the entry: whoever is created and gets a manager is created.
                if rank(class) < rank(entry.class) {
                    entry.class = class;
                }
            }
            None => {
                known.insert(key, entries.len());
                entries.push(Entry { class, operations: vec![i] });
            }
        }
    }
    entries
}

fn rank(class: Class) -> u8 {
    match class {
        Class::Delete => 0,
        Class::Disable => 1,
        Class::Create => 2,
        Class::Enable => 3,
        _ => 4,
    }
}

/// Changes of objects that are there already.
fn updates(operations: &[Operation]) -> impl Iterator<Item = &Change> {
    operations.iter().filter(|o| o.verb != Verb::Create).flat_map(|o| &o.changes)
}

fn by_attribute(operations: &[Operation]) -> (Vec<(Shown, u64)>, u64) {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for change in updates(operations) {
        *counts.entry(&change.attribute).or_default() += 1;
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let other = counts.iter().skip(ATTRIBUTES).map(|(_, n)| n).sum();
    (counts.into_iter().take(ATTRIBUTES).map(|(name, n)| (show(&short_path(name)), n)).collect(), other)
}

/// Many changes that are one change: the same attribute from the same value to the same value; or cleared for many.
fn surprises(operations: &[Operation]) -> Vec<Vec<Shown>> {
    let mut all: HashMap<&str, u64> = HashMap::new();
    let mut pairs: HashMap<(&str, String, String), u64> = HashMap::new();
    for change in updates(operations) {
        *all.entry(&change.attribute).or_default() += 1;
        // Turning accounts off shares its values by nature.
        if !change.new.is_boolean() && !change.new.is_array() {
            *pairs.entry((&change.attribute, value(&change.old), value(&change.new))).or_default() += 1;
        }
    }
    let mut found: Vec<(u64, Vec<Shown>)> = pairs
        .into_iter()
        .filter(|((attribute, ..), n)| *n >= SURPRISING && *n * 5 >= all[attribute] * 4)
        .map(|((attribute, old, new), n)| {
            let first = show(&format!("{n} {} changes are the same:", short_path(attribute)));
            let old = if old.is_empty() { "nothing" } else { &old };
            let new = if new.is_empty() { "nothing" } else { &new };
            (n, vec![first, show(&format!("{old} → {new}"))])
        })
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().take(SURPRISES).map(|(_, lines)| lines).collect()
}

/// A value as the view shows it; empty for none.
pub fn value(value: &Value) -> String {
    value_text(value).unwrap_or_default()
}
