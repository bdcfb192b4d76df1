//! What an app taught us in this run, so that ten thousand objects do not each pay for the same lesson.

use crate::model::ObjectType;
use crate::scim::schema::Schemas;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// So many objects must teach the same before it is believed of all: one may have had a bad value.
const LESSONS: u32 = 3;

/// Reads that must have proved an attribute before a yes without a body is believed.
const WORD: u32 = 10;

/// One in so many is read back after that.
const SAMPLE: u32 = 20;

/// An attribute of one kind of object.
type Key = (ObjectType, String);

/// The lessons of one run against one app.
#[derive(Default)]
pub(super) struct Learned {
    state: Mutex<State>,
    /// The app's schemas, read when a refusal does not say what it is about.
    schemas: OnceCell<Option<Vec<serde_json::Value>>>,
}

#[derive(Default)]
struct State {
    refused: HashMap<Key, (u32, String)>,
    taken: HashSet<Key>,
    ignored: HashMap<Key, u32>,
    kept_word: HashMap<Key, u32>,
    taken_on_trust: u32,
    shown: HashSet<Key>,
    full: u32,
    full_words: String,
    fruitless: u32,
    listings: u32,
    plain: bool,
    resources: HashMap<(ObjectType, String), String>,
}

impl Learned {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The app refused an attribute.
    pub fn refused(&self, object_type: ObjectType, target: &str, why: &str) {
        let mut state = self.state();
        let entry = state.refused.entry((object_type, target.to_owned())).or_default();
        entry.0 += 1;
        why.clone_into(&mut entry.1);
    }

    /// The app took an attribute: it is never left out from then on.
    pub fn taken(&self, object_type: ObjectType, target: &str) {
        self.state().taken.insert((object_type, target.to_owned()));
    }

    /// Why an attribute is not worth sending any more.
    pub fn hopeless(&self, object_type: ObjectType, target: &str) -> Option<String> {
        let key = (object_type, target.to_owned());
        let state = self.state();
        if state.taken.contains(&key) {
            return None;
        }
        state.refused.get(&key).filter(|(n, _)| *n >= LESSONS).map(|(_, why)| why.clone())
    }

    /// The app said yes to an attribute and does not show it.
    pub fn ignored(&self, object_type: ObjectType, target: &str) {
        let key = (object_type, target.to_owned());
        let mut state = self.state();
        state.kept_word.remove(&key);
        *state.ignored.entry(key).or_default() += 1;
    }

    /// The app showed an attribute as it was sent.
    pub fn shown(&self, object_type: ObjectType, target: &str) {
        let key = (object_type, target.to_owned());
        let mut state = self.state();
        *state.kept_word.entry(key.clone()).or_default() += 1;
        state.shown.insert(key);
    }

    /// Whether a yes without a body needs no read: the app kept its word [`WORD`] times in this run. One in
    /// [`SAMPLE`] is read back all the same (G8).
    pub fn trusted(&self, object_type: ObjectType, target: &str) -> bool {
        let mut state = self.state();
        if state.kept_word.get(&(object_type, target.to_owned())).is_none_or(|n| *n < WORD) {
            return false;
        }
        state.taken_on_trust += 1;
        !state.taken_on_trust.is_multiple_of(SAMPLE)
    }

    /// Whether the app never shows an attribute, whatever is sent.
    pub fn never_shown(&self, object_type: ObjectType, target: &str) -> bool {
        let key = (object_type, target.to_owned());
        let state = self.state();
        !state.shown.contains(&key) && state.ignored.get(&key).is_some_and(|n| *n >= LESSONS)
    }

    /// The app has no seats left.
    pub fn full(&self, words: &str) {
        let mut state = self.state();
        state.full += 1;
        words.clone_into(&mut state.full_words);
    }

    /// The words with which the app said often enough that it has no seats left.
    pub fn is_full(&self) -> Option<String> {
        let state = self.state();
        (state.full >= LESSONS).then(|| state.full_words.clone())
    }

    /// Looking for the fault of a refused object led to nothing, or to something.
    pub fn searched(&self, found: bool) {
        let mut state = self.state();
        state.fruitless = if found { 0 } else { state.fruitless + 1 };
    }

    /// Whether it is worth to look for the fault of a refusal that names nothing.
    pub fn worth_searching(&self) -> bool {
        self.state().fruitless < LESSONS
    }

    /// Somebody was searched for among everybody, in vain or not.
    pub fn listed(&self, found: bool) {
        let mut state = self.state();
        state.listings = if found { 0 } else { state.listings + 1 };
    }

    /// Whether it is worth to read everybody for the sake of one conflict.
    pub fn worth_listing(&self) -> bool {
        self.state().listings < LESSONS
    }

    /// The app takes elements of lists without `type` and `primary` only.
    pub fn set_plain(&self) {
        self.state().plain = true;
    }

    /// Whether elements of lists are sent without `type` and `primary`.
    pub fn plain(&self) -> bool {
        self.state().plain
    }

    /// Claims a resource for a directory object within this run; `false` when another one has it.
    pub fn claim(&self, object_type: ObjectType, target_id: &str, source_id: &str) -> bool {
        let mut state = self.state();
        let owner = state.resources.entry((object_type, target_id.to_owned())).or_insert_with(|| source_id.to_owned());
        owner == source_id
    }

    /// What the app declares about a kind of object, asked for once.
    pub async fn schemas(&self, scim: &crate::scim::client::ScimClient, object_type: ObjectType) -> Option<Schemas> {
        use crate::scim::schema::{ENTERPRISE_URN, GROUP_URN, USER_URN};
        let declared = self.schemas.get_or_init(|| async { scim.schemas().await.ok().flatten() }).await.as_ref()?;
        Some(match object_type {
            ObjectType::User => Schemas::declared(declared, USER_URN, &[ENTERPRISE_URN]),
            ObjectType::Group => Schemas::declared(declared, GROUP_URN, &[]),
        })
    }
}
