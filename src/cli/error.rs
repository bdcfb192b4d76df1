//! Exit codes, and the one shape of error that a command returns.

use crate::config::{ConfigError, KeepError, SecretError};
use crate::text::{Policy, err_line, show_with};
use std::fmt;
use std::io;
use std::process::ExitCode;

/// How the process ends: a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Some objects failed.
    SomeFailed = 1,
    /// Usage, configuration, secret, unknown or ambiguous name.
    Usage = 2,
    /// Connection, TLS, sign-in, or not a Graph or SCIM answer.
    Connection = 3,
    /// Held by a guard, or another process holds the job.
    Held = 4,
    /// Local storage.
    Storage = 5,
    /// Stopped by SIGINT.
    Interrupted = 130,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command could not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError {
    /// The exit code.
    pub exit: Exit,
    /// What happened, to what. May hold text from outside: it is cleaned when printed. Several lines are printed as
    /// they are (the picture of a configuration error). Empty means that nothing is printed.
    pub message: String,
    /// Where, and what to do next: one line each.
    pub context: Vec<String>,
}

impl CliError {
    /// An error without further advice.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), context: Vec::new() }
    }

    /// An error from a message whose first line says what happened, and whose other lines say where and what to do.
    pub fn from_lines(exit: Exit, text: &str) -> Self {
        let mut lines = text.lines().map(str::to_owned);
        Self { exit, message: lines.next().unwrap_or_default(), context: lines.collect() }
    }

    /// Adds a line of advice.
    #[must_use]
    pub fn advise(mut self, line: impl Into<String>) -> Self {
        self.context.push(line.into());
        self
    }

    /// Prints `error: what` and the indented context to standard error.
    pub fn print(&self) {
        if !self.message.is_empty() {
            err_line(&show_with(&self.to_string(), Policy::Lines));
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.context.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for CliError {}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        match error {
            // A picture: its lines belong where they are.
            ConfigError::Invalid(report) => {
                Self::new(Exit::Usage, report.to_string()).advise("`heeler config example` shows every key")
            }
            ConfigError::Unwritable { .. } => Self::from_lines(Exit::Storage, &error.to_string()),
            ConfigError::Keep(error) => error.into(),
            other => Self::from_lines(Exit::Usage, &other.to_string()),
        }
    }
}

impl From<SecretError> for CliError {
    fn from(error: SecretError) -> Self {
        Self::from_lines(Exit::Usage, &error.to_string())
    }
}

impl From<KeepError> for CliError {
    fn from(error: KeepError) -> Self {
        let exit = if matches!(error, KeepError::Name { .. }) { Exit::Usage } else { Exit::Storage };
        Self::from_lines(exit, &error.to_string())
    }
}

/// Trouble with standard input or output. Whoever closed the pipe has read enough: that is no error.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Exit::Done, "")
        } else {
            Self::new(Exit::Storage, format!("cannot read or write: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_quiet_and_no_error() {
        let error = CliError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((error.exit, error.message.as_str()), (Exit::Done, ""));
    }

    #[test]
    fn the_first_line_is_what_and_the_rest_is_advice() {
        let error = CliError::from(SecretError::NoVariable { name: "ENTRA_SECRET".into() });
        assert_eq!(
            error.to_string(),
            "error: the environment variable ENTRA_SECRET is not set\n  set it to the secret, or refer to a file or command"
        );
        assert_eq!(error.exit, Exit::Usage);
    }
}
