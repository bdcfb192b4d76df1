//! References to secrets, and reading them.

use super::Env;
use crate::model::Secret;
use rustix::fs::{FileType, Mode, OFlags};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A private key with its chain fits easily; more than this is some other file.
pub(super) const LARGEST: u64 = 64 * 1024;
/// A program that unlocks a key may ask a person; one that waits longer hangs.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// Where a secret is. Its `Display` names the place, never the secret.
#[derive(Clone, Debug)]
pub enum SecretRef {
    /// `{ env = "NAME" }`: a variable of the environment.
    Env(String),
    /// `{ file = "PATH" }`: a file that belongs to the user and is closed to everybody else.
    File(PathBuf),
    /// `{ command = ["PROGRAM", "ARGUMENT"] }`: what a program prints; no shell.
    Command(Vec<String>),
    /// Held in memory: what the sandbox made up for itself. No configuration file can say this.
    Given(Secret),
}

/// Why a secret cannot be had. Messages name the reference, never the value. The first line says what happened, the
/// following ones what to do.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the fields are what the message says they are
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable {name} is not set\nset it to the secret, or refer to a file or command")]
    NoVariable { name: String },
    /// The file is not there.
    #[error("there is no secret file {}\nmake it with `heeler secret set NAME`, or correct the path", path.display())]
    NoFile { path: PathBuf },
    /// The file cannot be opened or read.
    #[error("cannot read the secret file {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// Neither a folder, nor a link, nor a device will do.
    #[error("the secret file {} is {what}\nname a regular file", path.display())]
    NotRegular { path: PathBuf, what: &'static str },
    /// Somebody else could have written it.
    #[error("the secret file {} belongs to user {owner}, not to you (user {user})\nrun: chown {user} {}", path.display(), path.display())]
    NotOwned { path: PathBuf, owner: u32, user: u32 },
    /// Somebody else can read it.
    #[error("others can read or write the secret file {} (mode {mode:04o})\nrun: chmod 600 {}", path.display(), path.display())]
    Open { path: PathBuf, mode: u32 },
    /// Nothing in it.
    #[error("the secret from {reference} is empty")]
    Empty { reference: String },
    /// Too long to be one.
    #[error("the secret from {reference} is longer than 64 KiB\nthat is some other file")]
    TooLong { reference: String },
    /// Not text.
    #[error("the secret from {reference} is not UTF-8 text\nstore it as plain text")]
    NotUtf8 { reference: String },
    /// A token that no header can carry.
    #[error(
        "the secret from {reference} has a line break, a space or another character that no token has\nstore the token alone, on one line"
    )]
    NotAToken { reference: String },
    /// The program cannot be started.
    #[error("cannot start `{program}` for a secret: {source}\ncheck the `command` in the configuration")]
    NoProgram { program: String, source: io::Error },
    /// The program failed. Its output may hold secrets and is not shown.
    #[error("`{program}` was to print a secret and failed ({status})\nrun it yourself to see why")]
    Failed { program: String, status: ExitStatus },
    /// The program did not end.
    #[error(
        "`{program}` was to print a secret and did not end within {seconds} s\nit was stopped; run it yourself to see why"
    )]
    TimedOut { program: String, seconds: u64 },
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(argv) => write!(f, "the command `{}`", argv.first().map_or("", String::as_str)),
            Self::Given(_) => f.write_str("memory"),
        }
    }
}

impl SecretRef {
    /// Reads the secret. Blocks: a command may take up to 30 s. Line breaks at the end are not part of it.
    /// `base_dir` is where relative paths start and where a command runs: the folder of the configuration file.
    ///
    /// # Errors
    /// When the secret is missing, empty, not text, or lies where others could read it.
    pub fn read(&self, base_dir: &Path, env: Env<'_>) -> Result<Secret, SecretError> {
        let bytes = match self {
            Self::Given(secret) => return Ok(secret.clone()),
            Self::Env(name) => {
                let value = env(name).ok_or_else(|| SecretError::NoVariable { name: name.clone() })?;
                Zeroizing::new(value.into_encoded_bytes())
            }
            Self::File(path) => read_private_file(&base_dir.join(path))?,
            Self::Command(argv) => run(argv, base_dir, COMMAND_LIMIT)?,
        };
        finish(bytes, || self.to_string())
    }

    /// Which file it is now, if it is one: another answer means that somebody replaced or changed it.
    pub(super) fn stamp(&self, base_dir: &Path) -> Option<Stamp> {
        let Self::File(path) = self else { return None };
        stamp(&base_dir.join(path))
    }

    /// Reads a secret that goes into a header: printable ASCII without spaces.
    ///
    /// # Errors
    /// As [`SecretRef::read`], and when a character cannot be in a header.
    pub fn read_word(&self, base_dir: &Path, env: Env<'_>) -> Result<Secret, SecretError> {
        word(self.read(base_dir, env)?, || self.to_string())
    }
}

/// What tells a file from the one that was there before.
pub(super) type Stamp = (u64, i64, i64, u64);

/// Which file it is now; `None` if there is none.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let file = std::fs::symlink_metadata(path).ok()?;
    Some((file.ino(), file.mtime(), file.mtime_nsec(), file.len()))
}

/// Reads the token of a federated identity. Whoever issues it also writes the file and decides who may read it, and
/// often swaps it by a link, so neither owner nor mode are judged.
///
/// # Errors
/// When the file cannot be read, or holds no token.
pub fn read_federated_token(path: &Path) -> Result<Secret, SecretError> {
    let reference = || format!("the file {}", path.display());
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SecretError::NoFile { path: path.to_owned() },
        _ => SecretError::Unreadable { path: path.to_owned(), source },
    })?;
    let bytes = read_all(file).map_err(|source| SecretError::Unreadable { path: path.to_owned(), source })?;
    word(finish(bytes, reference)?, reference)
}

/// Trims the line end and refuses what cannot be a secret.
fn finish(mut bytes: Zeroizing<Vec<u8>>, reference: impl Fn() -> String) -> Result<Secret, SecretError> {
    if bytes.len() as u64 > LARGEST {
        return Err(SecretError::TooLong { reference: reference() });
    }
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotUtf8 { reference: reference() })?;
    if text.trim().is_empty() {
        return Err(SecretError::Empty { reference: reference() });
    }
    Ok(Secret::new(text.to_owned()))
}

/// Whether a header can carry the text: printable ASCII without spaces.
pub(super) fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn word(secret: Secret, reference: impl Fn() -> String) -> Result<Secret, SecretError> {
    if is_word(secret.expose()) { Ok(secret) } else { Err(SecretError::NotAToken { reference: reference() }) }
}

/// Reads a file that must be private. Everything is asked of the open file, not of the name, so nobody can swap it
/// in between; `O_NONBLOCK` because opening a pipe would wait for ever.
fn read_private_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let owned = || path.to_owned();
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let descriptor = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| match errno {
        rustix::io::Errno::NOENT => SecretError::NoFile { path: owned() },
        rustix::io::Errno::LOOP => SecretError::NotRegular { path: owned(), what: "a symbolic link" },
        other => SecretError::Unreadable { path: owned(), source: other.into() },
    })?;
    let stat = rustix::fs::fstat(&descriptor)
        .map_err(|errno| SecretError::Unreadable { path: owned(), source: errno.into() })?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(SecretError::NotRegular { path: owned(), what: "a folder" }),
        _ => return Err(SecretError::NotRegular { path: owned(), what: "not a regular file" }),
    }
    let user = rustix::process::geteuid().as_raw();
    if stat.st_uid != user {
        return Err(SecretError::NotOwned { path: owned(), owner: stat.st_uid, user });
    }
    let mode = Mode::from_raw_mode(stat.st_mode).bits();
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: owned(), mode: mode & 0o7777 });
    }
    read_all(File::from(descriptor)).map_err(|source| SecretError::Unreadable { path: owned(), source })
}

/// Reads up to one byte more than a secret may have, so that a longer one is noticed.
fn read_all(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // All the room at once: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST as usize + 64));
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Runs a program and takes what it prints. What it writes to standard error is dropped: it may quote the secret.
fn run(argv: &[String], folder: &Path, limit: Duration) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let (program, arguments) = argv.split_first().map_or(("", argv), |(first, rest)| (first.as_str(), rest));
    let failed_to_start = |source| SecretError::NoProgram { program: program.to_owned(), source };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed_to_start)?;
    let (send, receive) = mpsc::channel();
    if let Some(mut output) = child.stdout.take() {
        // A thread of its own: a grandchild may keep the pipe open after the program has ended.
        thread::spawn(move || {
            let bytes = read_all(&mut output);
            // Whatever is too much is drained, or the program would fail on a closed pipe and hide the reason.
            let _ = io::copy(&mut output, &mut io::sink());
            send.send(bytes)
        });
    }
    let deadline = Instant::now() + limit;
    let timed_out = || SecretError::TimedOut { program: program.to_owned(), seconds: limit.as_secs() };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => thread::sleep(POLL),
            other => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(other.map_or_else(failed_to_start, |_| timed_out()));
            }
        }
    };
    if !status.success() {
        return Err(SecretError::Failed { program: program.to_owned(), status });
    }
    let left = deadline.saturating_duration_since(Instant::now());
    receive.recv_timeout(left).map_err(|_| timed_out())?.map_err(failed_to_start)
}

#[cfg(test)]
mod tests;
