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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::job;

    #[test]
    fn every_commit_is_noticed_once_whoever_made_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = Store::open(&path).unwrap();
        let mut watch = Watch::new(&store);
        assert!(watch.changed().unwrap(), "nothing was seen yet");
        assert!(!watch.changed().unwrap());
        store.write_blocking(|c| job::set(c, "k", "v")).unwrap();
        store.write_blocking(|c| job::set(c, "k", "w")).unwrap();
        assert!(watch.changed().unwrap());
        assert!(!watch.changed().unwrap());
        // Reading is no change, and neither is a write that is taken back.
        store.read(|c| job::get(c, "k")).unwrap();
        store.write_blocking(|_| Err::<(), _>(StoreError::Aborted("no".into()))).unwrap_err();
        assert!(!watch.changed().unwrap());
        let other = Store::open(&path).unwrap();
        other.write_blocking(|c| job::set(c, "k", "x")).unwrap();
        assert!(watch.changed().unwrap());
        assert!(!watch.changed().unwrap());
        // From then on the newer program has it.
        other.write_blocking(|c| Ok(c.pragma_update(None, "user_version", 99)?)).unwrap();
        assert!(matches!(watch.changed(), Err(StoreError::Newer { .. })));
    }
}
