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

/// Runs the closure, or refuses to with the error given; the answer waits in what it returns until the commit is known.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Done + Send>;

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
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        // Nobody may be waiting any more: that is no reason to fail.
        let job = job(f, move |result| drop(reply.send(result)));
        let sender = self.sender.as_ref().ok_or(StoreError::Closed)?;
        sender.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub(super) fn write_blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let mut job = job(f, move |result| drop(reply.send(result)));
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
    f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
) -> Job {
    Box::new(move |connection| {
        let result = match connection {
            // A bug in one closure must not end the writer of everybody.
            Ok(connection) => catch_unwind(AssertUnwindSafe(|| f(connection))).unwrap_or(Err(StoreError::Closed)),
            Err(refused) => Err(refused),
        };
        let failed = result.as_ref().err().cloned();
        let reply =
            Box::new(move |commit: Result<(), StoreError>| answer(result.and_then(|value| commit.map(|()| value))));
        Done { failed, reply }
    })
}

fn work(connection: &Connection, path: &Path, mut receiver: Receiver<Job>) {
    while let Some(first) = receiver.blocking_recv() {
        batch(connection, path, first, &mut receiver);
    }
    // The next process starts faster, and a backup of the one file is complete. Best effort: the WAL is as good.
    let _ = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
}

/// One transaction: `first` and what is queued behind it.
fn batch(connection: &Connection, path: &Path, first: Job, receiver: &mut Receiver<Job>) {
    let begun = Instant::now();
    let mut done = Vec::new();
    let mut outcome = execute(connection, "BEGIN IMMEDIATE").map_err(|e| e.at(path));
    let mut next = Some(first);
    while let Some(job) = next {
        match &outcome {
            Ok(()) => {
                let (finished, broken) = one(connection, path, job);
                done.push(finished);
                outcome = broken;
            }
            // Nothing may run outside of a transaction.
            Err(e) => done.push(job(Err(e.clone()))),
        }
        let more = outcome.is_ok() && done.len() < BATCH && begun.elapsed() < LINGER;
        next = if more { receiver.try_recv().ok() } else { None };
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
}

/// One closure in its savepoint. The second part is an error only when the whole transaction is lost with it: SQLite
/// rolls everything back by itself when the disk is full or fails.
fn one(connection: &Connection, path: &Path, job: Job) -> (Done, Result<(), StoreError>) {
    if let Err(e) = execute(connection, "SAVEPOINT closure") {
        let e = e.at(path);
        return (job(Err(e.clone())), Err(e));
    }
    let done = job(Ok(connection));
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
