//! The lease: at most one process runs a job. A heartbeat keeps it; losing it stops the engine.

use crate::store::lease::{self as row, Holder};
use crate::store::{Store, StoreError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Time between two heartbeats.
const BEAT: Duration = Duration::from_secs(2);

/// A lease without heartbeat for this long is stale, in milliseconds.
pub const LEASE_MS: i64 = 15_000;

/// Why the lease was not given.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process runs the job.
    #[error("another process runs the job: {} (pid {} on {})", .0.command, .0.pid, .0.host)]
    HeldBy(Holder),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The right to run a job. Dropping it stops the heartbeat; [`Lease::give_back`] frees it at once.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    fence: i64,
    beat: JoinHandle<()>,
}

pub(super) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl Lease {
    /// Takes the lease, or says who has it. `cancel` is set when the lease is lost later.
    ///
    /// # Errors
    /// See [`LeaseError`].
    pub async fn take(store: &Store, command: &str, cancel: CancellationToken) -> Result<Self, LeaseError> {
        let holder = Holder::current(command);
        let fence = match store.write(move |c| row::acquire(c, &holder, now_ms(), LEASE_MS)).await? {
            row::Lease::Acquired { fence } => fence,
            row::Lease::HeldBy(holder) => return Err(LeaseError::HeldBy(holder)),
        };
        let beating = store.clone();
        let beat = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let beaten = beating.write(move |c| row::heartbeat(c, fence, now_ms())).await;
                if matches!(beaten, Err(StoreError::LeaseLost { .. })) {
                    cancel.cancel();
                    return;
                }
            }
        });
        Ok(Self { store: store.clone(), fence, beat })
    }

    /// The fencing number.
    pub fn fence(&self) -> i64 {
        self.fence
    }

    /// Frees the job for others.
    ///
    /// # Errors
    /// When the store cannot be written; the lease then goes stale by itself.
    pub async fn give_back(self) -> Result<(), StoreError> {
        self.beat.abort();
        let fence = self.fence;
        self.store.write(move |c| row::release(c, fence)).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

/// Who runs the job now.
///
/// # Errors
/// When the store cannot be read.
pub fn holder(store: &Store) -> Result<Option<Holder>, StoreError> {
    store.read(|c| row::holder(c, now_ms(), LEASE_MS))
}
