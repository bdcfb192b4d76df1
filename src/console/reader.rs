//! The reader threads: questions to the store, one at a time, of each slot only the newest. Those that look at
//! everybody have a thread of their own, so that no page waits for them.

use super::event::Event;
use super::query::{Answer, Facts, Query, Slot, Sources};
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

/// How a question is answered; tests put something else in its place.
type Answering = dyn Fn(&Query, &Sources<'_>) -> Result<Answer, StoreError> + Send + Sync;

/// What is being read.
struct Running {
    query: Query,
    /// How to cut it short, once it has begun.
    interrupt: Option<Interrupt>,
    /// Nobody waits for its answer any more.
    dropped: bool,
}

/// What one thread reads.
#[derive(Default)]
struct Lane {
    queries: VecDeque<Query>,
    running: Option<Running>,
}

#[derive(Default)]
struct Waiting {
    /// The quick questions, and the long ones.
    lanes: [Lane; 2],
    facts: Option<Arc<Facts>>,
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
        Self::answering(store, facts, events, &(Arc::new(Query::run) as Arc<Answering>))
    }

    fn answering(
        store: &Store,
        facts: Arc<Facts>,
        events: UnboundedSender<Event>,
        answering: &Arc<Answering>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Waiting { facts: Some(facts), ..Waiting::default() }), Condvar::new()));
        for (lane, name) in ["console reader", "console long reader"].into_iter().enumerate() {
            let (waiting, asked, told) = (Arc::clone(&shared), store.clone(), events.clone());
            let answering = Arc::clone(answering);
            std::thread::Builder::new()
                .name(name.into())
                .spawn(move || read(lane, &waiting, &asked, &*answering, &told))?;
        }
        let (waiting, watched) = (Arc::clone(&shared), store.clone());
        std::thread::Builder::new().name("console watcher".into()).spawn(move || watch(&waiting, &watched, &events))?;
        Ok(Self { shared })
    }

    /// Asks; a waiting query of the same slot is forgotten, and one that is being read is cut short unless it asks the
    /// same: a question that takes longer than the store stays as it is would never be answered.
    pub fn ask(&self, query: Query) {
        let mut waiting = lock(&self.shared.0);
        let lane = &mut waiting.lanes[usize::from(query.is_long())];
        let slot = query.slot();
        if let Some(running) = lane.running.as_mut().filter(|r| r.query.slot() == slot && !r.query.serves(&query)) {
            running.dropped = true;
            if let Some(interrupt) = &running.interrupt {
                interrupt.interrupt();
            }
        }
        match lane.queries.iter_mut().find(|q| q.slot() == slot) {
            Some(older) => *older = query,
            None => lane.queries.push_back(query),
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

fn read(
    lane: usize,
    shared: &(Mutex<Waiting>, Condvar),
    store: &Store,
    answering: &Answering,
    events: &UnboundedSender<Event>,
) {
    loop {
        let (query, facts) = {
            let mut waiting = lock(&shared.0);
            loop {
                if waiting.ended {
                    return;
                }
                if let Some(query) = waiting.lanes[lane].queries.pop_front() {
                    let Some(facts) = waiting.facts.clone() else { return };
                    // From here on a newer question cuts it short, though there is nothing to cut yet.
                    let running = Running { query: query.clone(), interrupt: None, dropped: false };
                    waiting.lanes[lane].running = Some(running);
                    break (query, facts);
                }
                waiting = shared.1.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let slot: Slot = query.slot();
        let answered = catch_unwind(AssertUnwindSafe(|| answer(lane, &query, &facts, store, shared, answering)));
        // Under the lock: a question is either answered or dropped, whenever the newer one comes.
        let mut waiting = lock(&shared.0);
        let dropped = waiting.lanes[lane].running.take().is_some_and(|running| running.dropped);
        let (answer, panic) = match answered {
            Ok(Ok(answer)) => (Ok(answer), None),
            Ok(Err(error)) => (Err(show(&error.to_string())), None),
            Err(panic) => {
                let words = super::worker_words(panic.as_ref());
                (Err(show(&format!("it could not be read: {words}"))), Some(Event::Worker(show(&words))))
            }
        };
        // The page hears of a panic as well: it would wait for ever.
        let answer = (!dropped).then_some(Event::Answer(slot, answer));
        for event in answer.into_iter().chain(panic) {
            if events.send(event).is_err() {
                return;
            }
        }
    }
}

fn answer(
    lane: usize,
    query: &Query,
    facts: &Facts,
    store: &Store,
    shared: &(Mutex<Waiting>, Condvar),
    answering: &Answering,
) -> Result<Answer, StoreError> {
    let reader = store.reader()?;
    let interrupt = reader.interrupt();
    if let Some(running) = &mut lock(&shared.0).lanes[lane].running {
        if running.dropped {
            interrupt.interrupt();
        }
        running.interrupt = Some(interrupt);
    }
    let organization = job::organization(&reader)?;
    if matches!(query, Query::Mapping(_)) {
        super::fault("reader");
    }
    answering(query, &Sources { c: &reader, facts, organization, now: Timestamp::now() })
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

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
