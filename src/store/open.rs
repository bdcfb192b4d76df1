//! Opening the file: rights, pragmas, and refusing what is not an intact database of ours.

use super::{StoreError, migrate};
use rusqlite::{Connection, OpenFlags};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a statement waits for another process's write before it gives up.
const BUSY: Duration = Duration::from_secs(10);
/// The first sixteen bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Repeats while the file is busy. SQLite does not wait by itself where it switches a new file to WAL, recovers a WAL, or
/// closes the last connection while another one opens: it answers at once that it is busy.
fn patiently<T>(open: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let began = Instant::now();
    loop {
        match open() {
            Err(StoreError::Busy { .. }) if began.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(5 + fastrand::u64(0..20)));
            }
            done => return done,
        }
    }
}

/// The writer's connection: file made if needed, WAL, schema brought up to date.
pub(super) fn writable(path: &Path) -> Result<Connection, StoreError> {
    patiently(|| writable_now(path))
}

fn writable_now(path: &Path) -> Result<Connection, StoreError> {
    make_file(path)?;
    check_header(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(|e| StoreError::from(e).at(path))?;
    prepare(&connection).map_err(|e| e.at(path))?;
    check_length(&connection, path)?;
    migrate::migrate(&mut connection, path)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(256);
    // Reading the schema first: a damaged file is told from a read-only one before anything is written.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Each checkpoint waits for the disk: every 32 MiB instead of every 4.
    connection.pragma_update(None, "wal_autocheckpoint", 8192)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// A read-only connection to an existing database with the schema of this program.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    patiently(|| reader_now(path))
}

fn reader_now(path: &Path) -> Result<Connection, StoreError> {
    match std::fs::metadata(path) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        Err(e) => return Err(StoreError::io("open the database", path, &e)),
    }
    check_header(path)?;
    let connection = match read_only(path, false) {
        // Without the right to make the index of the WAL beside it, the file can still be read as it is, provided
        // that nothing waits in the WAL.
        Err(StoreError::Io { .. } | StoreError::ReadOnly { .. }) if wal_is_empty(path) => read_only(path, true)?,
        other => other?,
    };
    migrate::check(&connection, path)?;
    Ok(connection)
}

fn read_only(path: &Path, immutable: bool) -> Result<Connection, StoreError> {
    let open = || -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(uri(path, immutable), flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(connection)
    };
    open().map_err(|e| e.at(path))
}

/// A `file:` URI; every byte that could mean something in it is escaped.
fn uri(path: &Path, immutable: bool) -> String {
    use std::fmt::Write;
    use std::os::unix::ffi::OsStrExt;
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    if immutable {
        uri.push_str("?immutable=1");
    }
    uri
}

fn make_file(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|e| StoreError::io("make the folder", folder, &e))?;
    }
    make_private(path)
}

/// Makes an empty file that only its owner can read, unless it exists. The WAL beside it inherits the mode.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map(drop).map_err(|e| StoreError::io("open the database", path, &e))
}

/// Refuses a file that is not SQLite at all. SQLite itself would take a file shorter than its header for empty.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let damaged = |detail: &str| StoreError::Damaged { path: path.to_owned(), detail: detail.to_owned() };
    let mut head = Vec::with_capacity(MAGIC.len());
    let file = File::open(path).map_err(|e| StoreError::io("open the database", path, &e))?;
    let length = file.metadata().map_err(|e| StoreError::io("open the database", path, &e))?.size();
    file.take(MAGIC.len() as u64).read_to_end(&mut head).map_err(|e| StoreError::io("read the database", path, &e))?;
    match length {
        0 => Ok(()),
        1..512 => Err(damaged("the file is cut off")),
        _ if head != MAGIC => Err(damaged("the file is not a database")),
        _ => Ok(()),
    }
}

/// Refuses a file that is shorter than its own header says. Only meaningful while nothing waits in the WAL.
fn check_length(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if !wal_is_empty(path) {
        return Ok(());
    }
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let read = || -> Result<i64, StoreError> { Ok(number("page_count")? * number("page_size")?) };
    let expected = read().map_err(|e| e.at(path))?;
    let length = std::fs::metadata(path).map_err(|e| StoreError::io("open the database", path, &e))?.size();
    if i64::try_from(length).is_ok_and(|length| length < expected) && wal_is_empty(path) {
        let detail = format!("the file is cut off: {length} bytes of {expected}");
        return Err(StoreError::Damaged { path: path.to_owned(), detail });
    }
    Ok(())
}

fn wal_is_empty(path: &Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    std::fs::metadata(PathBuf::from(wal)).map_or(true, |m| m.size() == 0)
}
