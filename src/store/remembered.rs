//! What the console remembers about how it was left: view, filter, order, chosen object. Never needed for anything,
//! so a store that cannot be written to only forgets.

use super::{Store, StoreError};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// The value kept under a key.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn get(c: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = c.prepare_cached("SELECT value FROM remembered WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Everything that is kept.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn all(c: &Connection) -> Result<BTreeMap<String, String>, StoreError> {
    let mut statement = c.prepare_cached("SELECT key, value FROM remembered")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Keeps values under keys, replacing the ones before; an empty value forgets its key. Values that are there already
/// are not written again. Whether they are kept: not if the store was opened for reading only, or its file may not
/// be written any more.
///
/// # Errors
/// Those of [`Store::write`], other than that the store cannot be written to.
pub async fn keep(store: &Store, values: BTreeMap<String, String>) -> Result<bool, StoreError> {
    let written = store.write(move |c| values.iter().try_for_each(|(key, value)| set(c, key, value))).await;
    match written {
        Ok(()) => Ok(true),
        Err(StoreError::NotWritable { .. } | StoreError::ReadOnly { .. } | StoreError::Full { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Keeps one value; see [`keep`].
///
/// # Errors
/// [`StoreError::Sql`].
pub fn set(c: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    if value.is_empty() {
        c.prepare_cached("DELETE FROM remembered WHERE key = ?1")?.execute([key])?;
        return Ok(());
    }
    c.prepare_cached(
        "INSERT INTO remembered (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value",
    )?
    .execute(params![key, value])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[tokio::test]
    async fn what_is_kept_is_found_again_and_a_read_only_store_forgets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = Store::open(&path).unwrap();
        assert!(keep(&store, some(&[("view", "log"), ("filter", "eng")])).await.unwrap());
        assert!(keep(&store, some(&[("view", "plan"), ("filter", "")])).await.unwrap());
        assert_eq!(store.read(all).unwrap(), some(&[("view", "plan")]));
        drop(store);
        let read_only = Store::open_read_only(&path).unwrap();
        assert!(!keep(&read_only, some(&[("view", "log")])).await.unwrap());
        assert_eq!(read_only.read(|c| get(c, "view")).unwrap().as_deref(), Some("plan"));
    }
}
