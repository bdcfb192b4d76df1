//! Everything the sandbox holds, and the lock order: each lock is taken alone or in the order of the fields.

use super::app::App;
use super::directory::{Directory, Identity};
use super::faults::{Board, Faults, Service};
use super::graph::Gone;
use super::token::{Credentials, Issuer};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many requests came in, by service and by method and path pattern.
pub(super) type Counts = BTreeMap<Service, BTreeMap<String, u64>>;

/// The part of the state that is neither the directory nor the app.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Doors {
    /// Credentials beside the secret.
    pub credentials: Credentials,
    /// Tokens of an earlier generation were revoked.
    pub token_generation: u64,
    /// Delta tokens from before this version have expired, in this way.
    pub expired_below: (u64, Gone),
}

impl Default for Doors {
    fn default() -> Self {
        Self { credentials: Credentials::default(), token_generation: 1, expired_below: (0, Gone::Resync) }
    }
}

/// Everything the sandbox holds.
pub(super) struct World {
    pub origin: String,
    /// What the directory is made from.
    pub recipe: (u64, usize, usize),
    pub identity: Identity,
    pub client_secret: String,
    pub key: hmac::Key,
    pub app: Arc<App>,
    directory: Mutex<Directory>,
    doors: Mutex<Doors>,
    board: Mutex<Board>,
    counts: Mutex<Counts>,
    writes: AtomicU64,
}

/// A lock whose holder died is taken all the same: every write to what it guards is complete or not begun.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is needed to make a world.
pub(super) struct Parts {
    pub origin: String,
    pub recipe: (u64, usize, usize),
    pub client_secret: String,
    pub app: Arc<App>,
    pub directory: Directory,
    pub doors: Doors,
    pub faults: Faults,
}

impl World {
    pub(super) fn new(parts: Parts) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, format!("heeler sandbox {}", parts.client_secret).as_bytes());
        parts.app.set_faults(parts.faults.app.clone());
        Self {
            origin: parts.origin,
            recipe: parts.recipe,
            identity: parts.directory.identity.clone(),
            client_secret: parts.client_secret,
            key,
            app: parts.app,
            directory: Mutex::new(parts.directory),
            doors: Mutex::new(parts.doors),
            board: Mutex::new(Board::new(parts.faults)),
            counts: Mutex::new(Counts::new()),
            writes: AtomicU64::new(0),
        }
    }

    pub(super) fn directory(&self) -> MutexGuard<'_, Directory> {
        lock(&self.directory)
    }

    pub(super) fn doors(&self) -> MutexGuard<'_, Doors> {
        lock(&self.doors)
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        lock(&self.board)
    }

    /// Counts a request on its arrival.
    pub(super) fn count(&self, service: Service, pattern: String) {
        *lock(&self.counts).entry(service).or_default().entry(pattern).or_insert(0) += 1;
    }

    /// The counts as `{control}/requests` shows them: each service with its `total`.
    pub(super) fn counted(&self) -> Value {
        let counts = lock(&self.counts);
        let mut out = Map::new();
        for (service, name) in [(Service::Graph, "graph"), (Service::Token, "token"), (Service::Scim, "scim")] {
            let mut one = Map::new();
            let rows = counts.get(&service);
            one.insert("total".into(), json!(rows.map_or(0, |rows| rows.values().sum::<u64>())));
            one.extend(rows.into_iter().flatten().map(|(pattern, count)| (pattern.clone(), json!(count))));
            out.insert(name.into(), Value::Object(one));
        }
        Value::Object(out)
    }

    /// Notes that something of the doors was written, for persistence.
    pub(super) fn touch(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    /// Changes with every write to anything that is kept.
    pub(super) fn generation(&self) -> (u64, u64, u64, u64) {
        let (version, epoch) = {
            let directory = self.directory();
            (directory.version, directory.epoch)
        };
        (version, epoch, self.app.generation(), self.writes.load(Ordering::Relaxed))
    }

    /// Replaces the faults.
    pub(super) fn set_faults(&self, faults: Faults) {
        self.app.set_faults(faults.app.clone());
        *self.board() = Board::new(faults);
    }

    /// Back to the seed: directory, app, credentials and counts. Faults stay, their counters start again.
    pub(super) fn reset(&self) {
        let (seed, users, groups) = self.recipe;
        let fresh = Directory::seeded(seed, users, groups);
        {
            let mut directory = self.directory();
            let epoch = directory.epoch + 1;
            *directory = fresh;
            directory.epoch = epoch;
        }
        *self.doors() = Doors::default();
        self.board().restart();
        lock(&self.counts).clear();
        self.app.reset();
        self.touch();
    }

    /// Does something with the token endpoint as it is configured now.
    pub(super) fn with_issuer<T>(&self, act: impl FnOnce(&Issuer<'_>) -> T) -> T {
        let doors = self.doors().clone();
        let lifetime = self.board().faults().token_lifetime_s.unwrap_or(3600);
        act(&Issuer {
            identity: &self.identity,
            secret: &self.client_secret,
            credentials: &doors.credentials,
            key: &self.key,
            origin: &self.origin,
            lifetime,
            generation: doors.token_generation,
        })
    }
}
