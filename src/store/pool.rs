//! Read-only connections that wait for the next question: opening one costs more than most questions.

use super::{StoreError, migrate, open};
use rusqlite::Connection;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that are kept. More may be in use at once.
const KEPT: usize = 4;
/// Steps of SQLite's machine between two looks at an [`Interrupt`]: some microseconds.
const STEPS: i32 = 1000;

/// The idle readers of one store.
#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    /// `None` once the store is gone: what comes back then is closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Pool {
    pub(super) fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self { path: path.to_owned(), idle: Mutex::new(Some(Vec::new())) })
    }

    pub(super) fn reader(self: &Arc<Self>) -> Result<Reader, StoreError> {
        let idle = self.idle().as_mut().and_then(Vec::pop);
        let mut connection = match idle {
            // Meanwhile a newer program may have changed the schema: a new connection says so.
            Some(connection) if migrate::unchanged(&connection).unwrap_or(false) => connection,
            _ => open::reader(&self.path)?,
        };
        let interrupt = Interrupt::default();
        let asked = Arc::clone(&interrupt.asked);
        connection.progress_handler(STEPS, Some(move || asked.load(Ordering::Relaxed)))?;
        Ok(Reader { connection: Some(connection), pool: Arc::clone(self), interrupt })
    }

    /// Closes what is idle, and from now on whatever comes back.
    pub(super) fn close(&self) {
        drop(self.idle().take());
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read-only connection. Use it as a `&Connection` with the functions of the families.
pub struct Reader {
    /// Taken only when the reader is dropped.
    connection: Option<Connection>,
    pool: Arc<Pool>,
    interrupt: Interrupt,
}

impl Reader {
    /// A handle that cuts short what this reader is asked, from any thread.
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }
}

/// Cuts short what one [`Reader`] is asked: the statement that runs, and every later one, ends with an error of which
/// [`StoreError::is_interrupted`] says yes. Once the reader is gone it means nothing: whoever gets its connection next
/// is not disturbed.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Interrupts.
    pub fn interrupt(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // One inside a transaction would keep the WAL from being reused.
        let Some(connection) = self.connection.take().filter(Connection::is_autocommit) else { return };
        if let Some(idle) = self.pool.idle().as_mut().filter(|idle| idle.len() < KEPT) {
            idle.push(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, job};

    fn idle(pool: &Pool) -> usize {
        pool.idle().as_ref().map_or(0, Vec::len)
    }

    #[test]
    fn a_connection_is_used_again_and_sees_what_was_written_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = Store::open(&path).unwrap();
        let pool = Pool::new(&path);
        {
            let (one, two) = (pool.reader().unwrap(), pool.reader().unwrap());
            assert_eq!(job::get(&one, "k").unwrap(), None);
            assert_eq!(job::get(&two, "k").unwrap(), None);
        }
        assert_eq!(idle(&pool), 2);
        store.write_blocking(|c| job::set(c, "k", "v")).unwrap();
        let again = pool.reader().unwrap();
        assert_eq!(idle(&pool), 1);
        assert_eq!(job::get(&again, "k").unwrap().as_deref(), Some("v"));
        again.execute_batch("BEGIN; SELECT 1").unwrap();
        drop(again);
        assert_eq!(idle(&pool), 1, "one that is inside a transaction is closed");
    }

    #[test]
    fn a_newer_schema_is_noticed_and_nothing_is_kept_after_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(Store::open(&path).unwrap());
        let pool = Pool::new(&path);
        drop(pool.reader().unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 4000).unwrap();
        assert!(matches!(pool.reader(), Err(StoreError::Newer { .. })));
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 6).unwrap();
        let last = pool.reader().unwrap();
        pool.close();
        drop(last);
        assert_eq!(idle(&pool), 0);
    }

    #[test]
    fn a_question_is_cut_short_and_the_next_owner_is_not_disturbed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(Store::open(&path).unwrap());
        let pool = Pool::new(&path);
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        let ask = |c: &Connection| -> Result<i64, StoreError> { Ok(c.query_row(endless, [], |row| row.get(0))?) };
        let reader = pool.reader().unwrap();
        let interrupt = reader.interrupt();
        let other = interrupt.clone();
        let (began, begin) = std::sync::mpsc::channel();
        let stopper = std::thread::spawn(move || {
            begin.recv().unwrap();
            other.interrupt();
        });
        began.send(()).unwrap();
        let cut = ask(&reader).unwrap_err();
        assert!(cut.is_interrupted(), "{cut}");
        stopper.join().unwrap();
        // Also a statement that begins later.
        assert!(ask(&reader).unwrap_err().is_interrupted());
        drop(reader);
        assert_eq!(idle(&pool), 1);
        let next = pool.reader().unwrap();
        interrupt.interrupt();
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9999) SELECT count(*) FROM n";
        assert_eq!(next.query_row(many, [], |row| row.get::<_, i64>(0)).unwrap(), 9999);
    }
}
