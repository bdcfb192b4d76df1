//! The reader thread: questions to the store, one at a time, of each slot only the newest.

use super::event::Event;
use super::query::{Facts, Query, Slot, Sources};
use crate::store::changes::Watch;
use crate::store::{Interrupt, Store, StoreError, job};
use crate::text::show;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How often the watcher asks whether the store changed. One pragma on an open connection: microseconds.
const PULSE: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Waiting {
    queries: VecDeque<Query>,
    facts: Option<Arc<Facts>>,
    /// What is being read, and how to cut it short.
    running: Option<(Slot, Interrupt)>,
    ended: bool,
}

/// The handle on the reader; dropping it ends the threads.
pub struct Reader {
    shared: Arc<(Mutex<Waiting>, Condvar)>,
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    // A panic of the thread is caught before it could leave the lock behind in disorder.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reader {
    /// Starts the reader and the watcher of a store. Answers and changes go to `events`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(store: &Store, facts: Arc<Facts>, events: UnboundedSender<Event>) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Waiting { facts: Some(facts), ..Waiting::default() }), Condvar::new()));
        let (waiting, asked, told) = (Arc::clone(&shared), store.clone(), events.clone());
        std::thread::Builder::new().name("console reader".into()).spawn(move || read(&waiting, &asked, &told))?;
        let (waiting, watched) = (Arc::clone(&shared), store.clone());
        std::thread::Builder::new().name("console watcher".into()).spawn(move || watch(&waiting, &watched, &events))?;
        Ok(Self { shared })
    }

    /// Asks; a waiting query of the same slot is forgotten.
    pub fn ask(&self, query: Query) {
        let mut waiting = lock(&self.shared.0);
        let slot = query.slot();
        match waiting.queries.iter_mut().find(|q| q.slot() == slot) {
            Some(older) => *older = query,
            None => waiting.queries.push_back(query),
        }
        // Nobody waits for the answer to the older question any more.
        if let Some((_, interrupt)) = waiting.running.as_ref().filter(|(running, _)| *running == slot) {
            interrupt.interrupt();
        }
        drop(waiting);
        self.shared.1.notify_all();
    }

    /// The job's configuration or mapping changed.
    pub fn set_facts(&self, facts: Arc<Facts>) {
        lock(&self.shared.0).facts = Some(facts);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        lock(&self.shared.0).ended = true;
        self.shared.1.notify_all();
    }
}

fn read(shared: &(Mutex<Waiting>, Condvar), store: &Store, events: &UnboundedSender<Event>) {
    loop {
        let (query, facts) = {
            let mut waiting = lock(&shared.0);
            loop {
                if waiting.ended {
                    return;
                }
                if let Some(query) = waiting.queries.pop_front() {
                    let Some(facts) = waiting.facts.clone() else { return };
                    break (query, facts);
                }
                waiting = shared.1.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let slot: Slot = query.slot();
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&query, &facts, store, shared)));
        lock(&shared.0).running = None;
        let event = match answered {
            Ok(Err(error)) if error.is_interrupted() => continue,
            Ok(Ok(answer)) => Event::Answer(slot, Ok(answer)),
            Ok(Err(error)) => Event::Answer(slot, Err(show(&error.to_string()))),
            Err(panic) => Event::Worker(show(&super::worker_words(panic.as_ref()))),
        };
        if events.send(event).is_err() {
            return;
        }
    }
}

fn answer(
    query: &Query,
    facts: &Facts,
    store: &Store,
    shared: &(Mutex<Waiting>, Condvar),
) -> Result<super::query::Answer, StoreError> {
    let reader = store.reader()?;
    lock(&shared.0).running = Some((query.slot(), reader.interrupt()));
    let organization = job::organization(&reader)?;
    query.run(&Sources { c: &reader, facts, organization, now: Timestamp::now() })
}

/// Tells when the database changed, whichever process changed it.
fn watch(shared: &(Mutex<Waiting>, Condvar), store: &Store, events: &UnboundedSender<Event>) {
    let mut watch = Watch::new(store);
    // The first answer is always yes: the first page is being read anyway.
    let _ = watch.changed();
    loop {
        {
            let waiting = lock(&shared.0);
            let (waiting, _) =
                shared.1.wait_timeout_while(waiting, PULSE, |w| !w.ended).unwrap_or_else(PoisonError::into_inner);
            if waiting.ended {
                return;
            }
        }
        // An error is shown by whoever reads; here it means nothing new.
        if watch.changed().unwrap_or(false) && events.send(Event::Changed).is_err() {
            return;
        }
    }
}
