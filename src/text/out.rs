//! The only place that writes to standard output and standard error. Both take [`Shown`] alone.

use super::{Shown, json_line};
use serde::Serialize;
use std::io::{self, Write};

/// Writes one line to standard output.
///
/// # Errors
/// When standard output cannot be written; a closed pipe is an error of kind `BrokenPipe`.
pub fn out_line(line: &Shown) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_str().as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// Writes one value as a line of JSON to standard output.
///
/// # Errors
/// As [`out_line`].
pub fn out_json<T: Serialize + ?Sized>(value: &T) -> io::Result<()> {
    out_line(&json_line(value).map_err(io::Error::other)?)
}

/// Writes one line to standard error. A closed stream is nobody's problem.
pub fn err_line(line: &Shown) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(line.as_str().as_bytes()).and_then(|()| stderr.write_all(b"\n"));
}
