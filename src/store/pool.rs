//! Read-only connections that wait for the next question: opening one costs more than most questions.

use super::{StoreError, migrate, open};
use rusqlite::Connection;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that are kept. More may be in use at once.
const KEPT: usize = 4;

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
        let connection = match idle {
            // Meanwhile a newer program may have changed the schema: a new connection says so.
            Some(connection) if migrate::unchanged(&connection).unwrap_or(false) => connection,
            _ => open::reader(&self.path)?,
        };
        Ok(Reader { connection: Some(connection), pool: Arc::clone(self) })
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
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 1).unwrap();
        let last = pool.reader().unwrap();
        pool.close();
        drop(last);
        assert_eq!(idle(&pool), 0);
    }
}
