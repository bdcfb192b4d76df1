//! What can go wrong with the database, and what to do about it.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the store could not do what was asked. Command-line code maps every variant to exit code 5, except
/// [`StoreError::LeaseLost`] (4) and [`StoreError::JobName`] (2).
///
/// It is `Clone` because one failed commit is reported to everybody whose closure was in that batch.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The schema is younger than this program.
    #[error(
        "the database {} was written by a newer Heeler (schema {found}, this one knows {known}): use that version, or give this one another data folder",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema number.
        found: u32,
        /// The highest schema number this program knows.
        known: u32,
    },
    /// The schema is older than this program, and the file may not be written.
    #[error(
        "the database {} is of an older Heeler (schema {found}, this one needs {known}): run any command that may write, and it is brought up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema number.
        found: u32,
        /// The schema number this program needs.
        known: u32,
    },
    /// The file is not an intact database.
    #[error(
        "the database {} is damaged ({detail}): nothing was changed. Stop Heeler, keep a copy, and put back a backup; or move it away: Heeler then reads the directory again and matches what exists in the app",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// An intact SQLite file of some other program.
    #[error("{} is a database, but not one of Heeler's: choose another data folder, or move the file away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// No room left on the device.
    #[error("no room to write the database {}: the disk or quota is full. Free some space and run again; what was stored before is intact", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The folder, file or file system does not allow writing.
    #[error(
        "cannot write the database {}: {detail}. Give this user the right to write there, or choose another folder with --data-dir",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// Somebody else kept the database locked for longer than we wait.
    #[error(
        "the database {} is locked by another process for too long: look what else uses it, then run again. A network folder cannot hold it",
        path.display()
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// There is no database yet.
    #[error("there is no database {} yet: the job has not run", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The handle was opened for reading only.
    #[error("the database {} was opened for reading only", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
    },
    /// The system refused something else about the file.
    #[error("cannot {action} {}: {detail}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// A stored value does not have the form it was written in.
    #[error(
        "the database holds something unreadable in {place}: {detail}. Run `heeler restart` to rebuild it from the directory and the app"
    )]
    Value {
        /// Table and column.
        place: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Any other answer of SQLite.
    #[error("the database answered: {message} (SQLite code {code})")]
    Sql {
        /// Extended result code; 0 where SQLite gave none.
        code: i32,
        /// Its words.
        message: String,
    },
    /// A name that cannot be a file name.
    #[error("`{name}` cannot be the name of a job: use 1 to 64 letters, digits, `-` and `_`")]
    JobName {
        /// The name, escaped.
        name: String,
    },
    /// Another process took the lease over (fencing).
    #[error(
        "this process lost the job to another one (it held number {fence}): it must not write any more. Nothing is lost; the other process goes on"
    )]
    LeaseLost {
        /// The fencing number that is no longer valid.
        fence: i64,
    },
    /// A row that a command named is not there.
    #[error("there is no {what} {id}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its id, as asked.
        id: String,
    },
    /// The writer thread is gone, or the closure panicked; nothing of it is stored.
    #[error("the database writer stopped before it answered; nothing of this step is stored")]
    Closed,
    /// The caller's closure gave up; its changes are rolled back.
    #[error("{0}")]
    Aborted(String),
}

impl StoreError {
    /// Turns a bare SQLite answer into the variant that names the file and says what to do; others stay as they are.
    #[must_use]
    pub fn at(self, path: &Path) -> Self {
        let Self::Sql { code, message } = self else { return self };
        let path = path.to_owned();
        match primary(code) {
            rusqlite::ffi::SQLITE_FULL => Self::Full { path },
            rusqlite::ffi::SQLITE_CORRUPT | rusqlite::ffi::SQLITE_NOTADB => Self::Damaged { path, detail: message },
            rusqlite::ffi::SQLITE_READONLY | rusqlite::ffi::SQLITE_PERM | rusqlite::ffi::SQLITE_AUTH => {
                Self::ReadOnly { path, detail: message }
            }
            rusqlite::ffi::SQLITE_BUSY | rusqlite::ffi::SQLITE_LOCKED => Self::Busy { path },
            rusqlite::ffi::SQLITE_CANTOPEN => Self::Io { action: "open the database", path, detail: message },
            rusqlite::ffi::SQLITE_IOERR => Self::Io { action: "read or write the database", path, detail: message },
            _ => Self::Sql { code, message },
        }
    }

    /// Whether the question was cut short on purpose ([`super::Interrupt`]): nothing is wrong.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Sql { code, .. } if primary(*code) == rusqlite::ffi::SQLITE_INTERRUPT)
    }

    /// What the system refused about a file or folder, by errno.
    pub(super) fn io(action: &'static str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, detail: error.to_string() }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { action, path, detail: error.to_string() },
        }
    }

    pub(super) fn value(place: &'static str, detail: impl std::fmt::Display) -> Self {
        Self::Value { place, detail: detail.to_string() }
    }
}

/// The low byte of an extended result code.
fn primary(code: i32) -> i32 {
    code & 0xff
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(failure, message) => {
                let message = message.clone().unwrap_or_else(|| failure.to_string());
                // SQLite keeps an API misuse apart from an I/O failure; both come with a usable extended code.
                let code = if failure.code == ErrorCode::Unknown { 0 } else { failure.extended_code };
                Self::Sql { code, message }
            }
            other => Self::Sql { code: 0, message: other.to_string() },
        }
    }
}
