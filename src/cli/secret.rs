//! `heeler secret set NAME`

use super::{CliError, Exit, Outcome};
use crate::config::{Folders, SecretRef, check_name, keep};
use crate::model::Secret;
use crate::text::{err_line, out_line, show};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::{AsFd, OwnedFd};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

/// A private key with its chain fits easily.
const LARGEST: usize = 64 * 1024;
/// A terminal drops what goes beyond this in one line, without a word.
const LONGEST_LINE: usize = 4095;

/// Asks for a secret, or reads it from a pipe, keeps it, and says how to refer to it.
pub(super) fn set(folders: &Folders, name: &str) -> Outcome {
    check_name(name)?;
    let text = if io::stdin().is_terminal() { ask(name)? } else { read_all(io::stdin().lock())? };
    let text = text.trim_end_matches(['\n', '\r']);
    if text.trim().is_empty() {
        return Err(CliError::new(Exit::Usage, format!("nothing was given for the secret `{name}`"))
            .advise("nothing is kept; what was there before still is"));
    }
    let reference = keep(&folders.secrets_dir, name, &Secret::new(text.to_owned()))?;
    if let SecretRef::File(path) = reference {
        // TOML and the quoting of Rust agree on quotes and backslashes, the only ones a path is likely to have.
        out_line(&show(&format!(
            "kept in {}, readable by you alone; refer to it in the configuration:",
            path.display()
        )))?;
        out_line(&show(&format!("{{ file = {} }}", toml_edit::Value::from(path.display().to_string()))))?;
    }
    Ok(Exit::Done)
}

/// Reads everything, up to the size of a secret.
fn read_all(source: impl Read) -> Result<Zeroizing<String>, CliError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 64));
    source.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST {
        return Err(CliError::new(Exit::Usage, "the secret is longer than 64 KiB").advise("that is some other file"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| CliError::new(Exit::Usage, "the secret is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A terminal that does not echo, until this is dropped.
struct Silent {
    terminal: OwnedFd,
    before: Termios,
}

impl Silent {
    fn new(terminal: OwnedFd) -> io::Result<Self> {
        let before = termios::tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ECHOK);
        // The line end is shown, or the next output would stand beside the question.
        quiet.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        // Being suspended would leave the shell with a terminal that does not echo.
        quiet.special_codes[SpecialCodeIndex::VSUSP] = 0;
        termios::tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // What was pasted beyond the first line is thrown away: the shell must not get the rest of a key as commands.
        let _ = termios::tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

/// Asks on the terminal. The line is read on a thread of its own so that a signal is noticed meanwhile: whatever ends
/// the question, the terminal echoes again.
fn ask(name: &str) -> Result<Zeroizing<String>, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let terminal = io::stdin().as_fd().try_clone_to_owned()?;
    let input = File::from(terminal.try_clone()?);
    let answer = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let _silent = Silent::new(terminal)?;
        err_line(&show(&format!("secret for `{name}` (it is not shown; Enter ends it):")));
        let stopped = |exit| Err(CliError::new(exit, "stopped").advise("no secret was kept or changed"));
        tokio::select! {
            line = tokio::task::spawn_blocking(move || read_line(input)) => {
                line.map_err(|error| CliError::from(io::Error::other(error)))?
            }
            _ = interrupt.recv() => stopped(Exit::Interrupted),
            _ = terminate.recv() => stopped(Exit::Terminated),
            _ = hang_up.recv() => stopped(Exit::Terminated),
        }
    });
    // The reader may still be waiting for its line: nobody waits for the reader.
    runtime.shutdown_background();
    answer
}

/// Reads one line.
fn read_line(mut input: File) -> Result<Zeroizing<String>, CliError> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE + 64));
    let mut byte = Zeroizing::new([0_u8; 1]);
    while input.read(&mut *byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
        if line.len() >= LONGEST_LINE {
            return Err(CliError::new(Exit::Usage, "the secret is too long for one line of a terminal")
                .advise("pipe it in instead: heeler secret set NAME < FILE"));
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| CliError::new(Exit::Usage, "the secret is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}
