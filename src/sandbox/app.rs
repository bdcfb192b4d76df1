//! Flock as the sandbox plays it: a SCIM 2.0 app (RFC 7643, RFC 7644) that keeps its resources in memory.
//!
//! It is strict where the RFCs are, so that what works here works elsewhere, and tolerant of the older forms that
//! Entra is known to send (E9.24, E9.28). Sorting and Bulk are announced as unsupported; a page holds at most
//! [`PAGE_CAP`] resources.

mod answer;
mod faults;
mod groups;
mod members;
mod read;
mod select;
mod serve;
mod snapshot;
mod store;
mod users;

pub use faults::AppFaults;
pub use read::PAGE_CAP;
pub use snapshot::SnapshotError;

use crate::model::Secret;
use axum::Router;
use axum::routing::any;
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::Store;
use tokio::sync::watch;

/// The app: its resources, its token, its faults.
pub struct App {
    token: Secret,
    state: RwLock<State>,
    generation: watch::Sender<u64>,
}

/// What a lock guards.
#[derive(Default)]
struct State {
    store: Store,
    faults: AppFaults,
    base: Option<String>,
}

impl App {
    /// An empty app that takes this bearer token.
    pub fn new(token: String) -> Arc<Self> {
        Arc::new(Self { token: Secret::new(token), state: RwLock::default(), generation: watch::Sender::new(0) })
    }

    /// The endpoints, relative to the tenant URL: nest them where that URL ends.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = Router::new();
        // Every path goes to the same place; the patterns are named so that layers can count by them.
        for path in [
            "/",
            "/Users",
            "/Users/{id}",
            "/Users/.search",
            "/Groups",
            "/Groups/{id}",
            "/Groups/.search",
            "/.search",
            "/Me",
            "/Bulk",
            "/ServiceProviderConfig",
            "/ResourceTypes",
            "/ResourceTypes/{id}",
            "/Schemas",
            "/Schemas/{id}",
        ] {
            router = router.route(path, any(serve::serve));
        }
        router.fallback(serve::serve).with_state(Arc::clone(self))
    }

    /// The tenant URL that locations start with. Without it they follow the `Host` header of each request.
    pub fn set_base(&self, base: impl Into<String>) {
        self.write().base = Some(base.into().trim_end_matches('/').to_owned());
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: AppFaults) {
        self.write().faults = faults;
    }

    /// The faults in force.
    pub fn faults(&self) -> AppFaults {
        self.read().faults.clone()
    }

    /// A number that grows with every change of a resource.
    pub fn generation(&self) -> u64 {
        *self.generation.borrow()
    }

    /// Tells of every change of a resource; the value is [`App::generation`].
    pub fn on_change(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// All resources, for [`App::restore`].
    pub fn snapshot(&self) -> Value {
        snapshot::take(&self.read().store)
    }

    /// Replaces all resources by those of a snapshot.
    ///
    /// # Errors
    /// If the snapshot is not one of ours; the resources then stay as they are.
    pub fn restore(&self, snapshot: Value) -> Result<(), SnapshotError> {
        let store = snapshot::read(snapshot)?;
        self.write().store = store;
        self.touch();
        Ok(())
    }

    /// Removes all resources.
    pub fn reset(&self) {
        self.write().store = Store::default();
        self.touch();
    }

    fn touch(&self) {
        self.generation.send_modify(|number| *number += 1);
    }

    // A poisoned lock means that a request panicked; its neighbours go on with what is there.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value)]
mod tests;
