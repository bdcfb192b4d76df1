//! Whether anything changed: one question that costs microseconds, so that nobody reads again what is the same.

use super::{Reader, Store, StoreError};

/// Remembers what was seen last. Keeps one reader for itself: SQLite tells a connection about the commits of others.
pub struct Watch {
    store: Store,
    seen: Option<(Reader, i64)>,
}

impl Watch {
    /// Watches a store, which may be written by this process or another one. The first question is answered with yes.
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone(), seen: None }
    }

    /// Whether anything was committed since the question before. Changes between two questions are never missed;
    /// after an error the next answer is yes.
    ///
    /// # Errors
    /// Those of [`Store::reader`], such as [`StoreError::Newer`] when a newer program has taken the file over.
    pub fn changed(&mut self) -> Result<bool, StoreError> {
        let Some((reader, before)) = self.seen.take() else {
            let reader = self.store.reader()?;
            let version = version(&reader)?;
            self.seen = Some((reader, version));
            return Ok(true);
        };
        let version = version(&reader)?;
        if version != before {
            // Whoever looks now opens the file anew: a schema that changed is noticed here.
            drop(reader);
            let reader = self.store.reader()?;
            let version = self::version(&reader)?;
            self.seen = Some((reader, version));
            return Ok(true);
        }
        self.seen = Some((reader, before));
        Ok(false)
    }
}

fn version(reader: &Reader) -> Result<i64, StoreError> {
    Ok(reader.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}
