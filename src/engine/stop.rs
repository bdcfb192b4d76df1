//! Stopping what runs: a command row that is looked for while a cycle is under way.

use crate::model::{Cycle, CycleState};
use crate::store::{Store, StoreError, commands, job as job_table};
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Kind of the command row.
pub(super) const KIND: &str = "stop";

/// How often the row is looked for. SQLite answers this in microseconds.
const PULSE: Duration = Duration::from_millis(100);

/// Looks for the command to stop while a cycle runs.
pub(super) struct Stopping {
    store: Store,
    fence: i64,
    taken: Arc<Mutex<Vec<i64>>>,
    watch: JoinHandle<()>,
}

impl Stopping {
    /// Watches for the process with this fencing number; the token stops the cycle.
    pub(super) fn watch(store: &Store, fence: i64, cancel: CancellationToken) -> Self {
        let taken: Arc<Mutex<Vec<i64>>> = Arc::default();
        let (found, rows) = (Arc::clone(&taken), store.clone());
        let watch = tokio::spawn(async move {
            loop {
                tokio::time::sleep(PULSE).await;
                // A store in trouble is noticed by the cycle itself.
                if !rows.read(|c| commands::waits(c, KIND)).unwrap_or(false) {
                    continue;
                }
                if let Ok(ids) = rows.write(move |c| commands::take_kind(c, KIND, fence)).await
                    && !ids.is_empty()
                {
                    found.lock().unwrap_or_else(PoisonError::into_inner).extend(ids);
                    cancel.cancel();
                }
            }
        });
        Self { store: store.clone(), fence, taken, watch }
    }

    /// The cycle ended: whoever asked to stop it is told.
    pub(super) async fn end(mut self, cycle: Option<&Cycle>) -> Result<(), StoreError> {
        self.watch.abort();
        // It was told to end; how it did says nothing.
        let _ = (&mut self.watch).await;
        let mut ids = std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner));
        let fence = self.fence;
        let by_person = !ids.is_empty();
        let stopped = cycle.filter(|c| by_person && c.state == CycleState::Stopped).map(|c| c.id.clone());
        if !by_person {
            return Ok(());
        }
        self.store
            .write(move |c| {
                ids.extend(commands::take_kind(c, KIND, fence)?);
                if let Some(id) = &stopped {
                    job_table::set(c, job_table::STOPPED, id)?;
                }
                let answer = json!({ "stopped": stopped.is_some(), "cycle_id": stopped });
                ids.iter().try_for_each(|id| commands::finish(c, *id, 0, &answer))
            })
            .await
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
