//! SQLite: migrations, and one file per family of tables. One job is one database file.
//!
//! A [`Store`] is a cheap handle. Writes are closures that one writer thread runs in order and commits in batches;
//! reads go through a [`Reader`], a connection of its own that never waits for the writer (WAL) and cannot write.
//! The families ([`mirror`], [`links`], [`operations`], …) are plain functions on a connection, so that a caller
//! composes several of them into one transaction: all of one closure is stored, or nothing of it.
//!
//! | family | holds |
//! |---|---|
//! | [`job`] | what was last observed about the job: settings, fingerprints, quarantine |
//! | [`mirror`], [`search`] | the directory as last read, and how to find people in it |
//! | [`links`] | which directory object owns which app resource, last applied values, members we put in |
//! | [`watermarks`] | how far each collection was read |
//! | [`retries`] | failed objects that wait |
//! | [`operations`] | what was planned, held, started, done; decisions about what was held |
//! | [`log`], [`cycles`] | what happened |
//! | [`commands`], [`lease`] | how processes talk, and which one runs the job |
//! | [`mappings`] | versions of the mapping |
//! | [`audit`] | who did what, as a hash chain |
//! | [`remembered`] | how the console was left |
//!
//! For screens: [`window`]s of long lists ([`search`], [`log`]) with one [`filter`] grammar, [`overview`] for what fits on
//! one page, and [`changes`], which says whether there is anything new to read.

pub mod audit;
pub mod changes;
pub mod commands;
pub mod cycles;
mod error;
pub mod filter;
pub(crate) mod fold;
pub mod job;
pub mod lease;
pub mod links;
pub mod log;
pub mod mappings;
pub mod membership;
mod migrate;
pub mod mirror;
mod open;
pub mod operations;
pub mod overview;
mod pool;
pub mod remembered;
pub mod retries;
mod rows;
pub mod search;
#[cfg(test)]
pub(crate) mod testing;
pub mod watermarks;
pub mod window;
mod writer;

pub use error::StoreError;
pub use fold::fold;
pub use pool::{Interrupt, Reader};

use pool::Pool;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use writer::{Fate, Writer};

/// A handle on the database of one job. Clones share one writer thread; the last one to go ends it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    readers: Arc<Pool>,
    writer: Option<Writer>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The writer closes last: only it can put the WAL away.
        self.readers.close();
    }
}

impl Store {
    /// The database file of a job: `<data_dir>/jobs/<job>.db`.
    ///
    /// # Errors
    /// [`StoreError::JobName`] unless the name consists of letters, digits, `-` and `_` (ASCII, 1 to 64 of them).
    pub fn file_of(data_dir: &Path, job: &str) -> Result<PathBuf, StoreError> {
        let fits =
            (1..=64).contains(&job.len()) && job.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(data_dir.join("jobs").join(format!("{job}.db")))
        } else {
            Err(StoreError::JobName { name: job.escape_debug().to_string() })
        }
    }

    /// Opens the database, making folder (0700) and file (0600) if needed, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Damaged`], [`StoreError::Full`], [`StoreError::ReadOnly`],
    /// [`StoreError::Busy`] or [`StoreError::Io`], each naming the file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open::writable(path)?;
        let writer = Writer::spawn(connection, path)?;
        Ok(Self::of(path, Some(writer)))
    }

    /// Opens an existing database without ever writing to it: no migration, and [`Store::write`] is an error.
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no file, [`StoreError::Older`] if it waits for a migration, and those of
    /// [`Store::open`].
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        open::reader(path)?;
        Ok(Self::of(path, None))
    }

    fn of(path: &Path, writer: Option<Writer>) -> Self {
        Self { inner: Arc::new(Inner { path: path.to_owned(), readers: Pool::new(path), writer }) }
    }

    /// Runs a closure in a transaction of the writer thread and returns after COMMIT. Closures run in the order in
    /// which they were sent; an error of this one rolls back this one alone.
    ///
    /// Dropping the future does not take the closure back once it is queued.
    ///
    /// # Errors
    /// The closure's own, or why the commit failed; [`StoreError::NotWritable`] after [`Store::open_read_only`].
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer()?.write(Fate::Own, f).await.map_err(|e| e.at(&self.inner.path))
    }

    /// [`Store::write`] for many small writes that are made at once: those that share a transaction share its end, so
    /// if one of them fails, so do the others, and nothing of them is stored. Several times faster.
    ///
    /// # Errors
    /// Those of [`Store::write`], also when they are another closure's.
    pub async fn write_together<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer()?.write(Fate::Shared, f).await.map_err(|e| e.at(&self.inner.path))
    }

    /// [`Store::write`] for code outside of async tasks; blocks the calling thread.
    ///
    /// # Errors
    /// Those of [`Store::write`].
    pub fn write_blocking<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer()?.write_blocking(f).map_err(|e| e.at(&self.inner.path))
    }

    /// A read-only connection, new or used before. It sees every commit made before each of its statements (or before its
    /// transaction). Keep it for a series of questions, not for minutes: an open transaction keeps the WAL long.
    ///
    /// # Errors
    /// Those of [`Store::open_read_only`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        self.inner.readers.reader()
    }

    /// Asks one question on a reader of its own; errors name the file.
    ///
    /// # Errors
    /// Those of [`Store::reader`] and of the closure.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let reader = self.reader()?;
        f(&reader).map_err(|e| e.at(&self.inner.path))
    }

    /// Reads the whole file and lists what is wrong with it; empty means sound. Takes time in proportion to its size.
    ///
    /// # Errors
    /// Those of [`Store::reader`].
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        self.read(|c| {
            let mut statement = c.prepare("PRAGMA quick_check(20)")?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        self.inner.writer.as_ref().ok_or_else(|| StoreError::NotWritable { path: self.inner.path.clone() })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).field("writable", &self.inner.writer.is_some()).finish()
    }
}

#[cfg(test)]
#[path = "store/store_tests.rs"]
mod tests;
