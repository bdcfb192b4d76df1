//! The one writer: a thread that takes closures from a bounded channel and commits them in batches.

use super::StoreError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{self, Receiver, Sender, error::TrySendError};

/// Closures that may wait before senders do.
const QUEUE: usize = 1024;
/// Most closures in one transaction.
const BATCH: usize = 512;
/// A batch is committed at the latest after this time, however much is queued, so that the first in it is not kept.
const LINGER: Duration = Duration::from_millis(100);

/// A closure on its way.
struct Job {
    fate: Fate,
    /// Runs it, or refuses to with the error given; the answer waits in what it returns until the commit is known.
    run: Run,
}

type Run = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Done + Send>;

/// What the failure of one closure means for the others of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing: it runs in a savepoint.
    Own,
    /// They fail with it. Savepoints are dear: full-text indexes write out what they have gathered at each.
    Shared,
}

struct Done {
    /// The closure's error, if it failed.
    failed: Option<StoreError>,
    /// Answers the sender, given how the transaction ended.
    reply: Box<dyn FnOnce(Result<(), StoreError>)>,
}

pub(super) struct Writer {
    sender: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn spawn(connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let file = path.to_owned();
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(&connection, &file, receiver))
            .map_err(|e| StoreError::io("start the writer of", path, &e))?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        fate: Fate,
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        // Nobody may be waiting any more: that is no reason to fail.
        let job = job(fate, f, move |result| drop(reply.send(result)));
        let sender = self.sender.as_ref().ok_or(StoreError::Closed)?;
        sender.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn write_blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let mut job = job(Fate::Own, f, move |result| drop(reply.send(result)));
        let sender = self.sender.as_ref().ok_or(StoreError::Closed)?;
        // The channel's own blocking send refuses to work on a thread of a runtime, where tests and signal handlers
        // may be; a full queue is rare and drains within milliseconds.
        loop {
            match sender.try_send(job) {
                Ok(()) => break,
                Err(TrySendError::Closed(_)) => return Err(StoreError::Closed),
                Err(TrySendError::Full(back)) => job = back,
            }
            thread::sleep(Duration::from_millis(1));
        }
        answer.recv().map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // The last handle may have been inside a closure: the thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                // A panic of the thread has been reported to everybody who waited.
                let _ = thread.join();
            }
        }
    }
}

fn job<T: Send + 'static>(
    fate: Fate,
    f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
) -> Job {
    let run = move |connection: Result<&Connection, StoreError>| {
        let result = match connection {
            // A bug in one closure must not end the writer of everybody.
            Ok(connection) => catch_unwind(AssertUnwindSafe(|| f(connection))).unwrap_or(Err(StoreError::Closed)),
            Err(refused) => Err(refused),
        };
        let failed = result.as_ref().err().cloned();
        let reply =
            Box::new(move |commit: Result<(), StoreError>| answer(result.and_then(|value| commit.map(|()| value))));
        Done { failed, reply }
    };
    Job { fate, run: Box::new(run) }
}

fn work(connection: &Connection, path: &Path, mut receiver: Receiver<Job>) {
    let mut left = None;
    while let Some(first) = left.take().or_else(|| receiver.blocking_recv()) {
        left = batch(connection, path, first, &mut receiver);
    }
    // The next process starts faster, and a backup of the one file is complete. Best effort: the WAL is as good.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
}

/// One transaction: `first` and what is queued behind it, as long as it is of the same kind. Returns the first that
/// is not.
fn batch(connection: &Connection, path: &Path, first: Job, receiver: &mut Receiver<Job>) -> Option<Job> {
    let begun = Instant::now();
    let fate = first.fate;
    let mut done = Vec::new();
    let mut outcome = execute(connection, "BEGIN IMMEDIATE").map_err(|e| e.at(path));
    let (mut next, mut left) = (Some(first), None);
    while let Some(job) = next {
        match &outcome {
            Ok(()) => {
                let (finished, broken) = match fate {
                    Fate::Own => one(connection, path, job),
                    Fate::Shared => {
                        let finished = (job.run)(Ok(connection));
                        let broken = match &finished.failed {
                            Some(e) => Err(e.clone().at(path)),
                            // SQLite rolled everything back, whatever the closure made of it.
                            None if connection.is_autocommit() => Err(StoreError::Closed.at(path)),
                            None => Ok(()),
                        };
                        (finished, broken)
                    }
                };
                done.push(finished);
                outcome = broken;
            }
            // Nothing may run outside of a transaction.
            Err(e) => done.push((job.run)(Err(e.clone()))),
        }
        let more = outcome.is_ok() && done.len() < BATCH && begun.elapsed() < LINGER;
        next = if more { receiver.try_recv().ok() } else { None };
        if next.as_ref().is_some_and(|job| job.fate != fate) {
            left = next.take();
        }
    }
    if outcome.is_ok() {
        outcome = execute(connection, "COMMIT").map_err(|e| e.at(path));
    }
    if outcome.is_err() && !connection.is_autocommit() {
        // What cannot be rolled back by hand is rolled back by the next opening of the file.
        let _ = execute(connection, "ROLLBACK");
    }
    for Done { reply, .. } in done {
        reply(outcome.clone());
    }
    left
}

/// One closure in its savepoint. The second part is an error only when the whole transaction is lost with it: SQLite
/// rolls everything back by itself when the disk is full or fails.
fn one(connection: &Connection, path: &Path, job: Job) -> (Done, Result<(), StoreError>) {
    if let Err(e) = execute(connection, "SAVEPOINT closure") {
        let e = e.at(path);
        return ((job.run)(Err(e.clone())), Err(e));
    }
    let done = (job.run)(Ok(connection));
    if connection.is_autocommit() {
        let lost = done.failed.clone().unwrap_or(StoreError::Closed).at(path);
        return (done, Err(lost));
    }
    let ended = match done.failed {
        None => execute(connection, "RELEASE closure"),
        Some(_) => execute(connection, "ROLLBACK TO closure").and_then(|()| execute(connection, "RELEASE closure")),
    };
    (done, ended.map_err(|e| e.at(path)))
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
