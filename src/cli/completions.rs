//! `heeler completions SHELL`

use super::args::Cli;
use super::{Exit, Outcome};
use crate::text::{Policy, out_line, show_with};
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the completions of a shell. They are our own text, line by line, because a script for a shell must not be
/// cut to the length of a detail pane.
pub(super) fn run(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "heeler", &mut script);
    for line in String::from_utf8_lossy(&script).lines() {
        // Tabs are the only control characters in these scripts, and only indent.
        out_line(&show_with(&line.replace('\t', "    "), Policy::Detail))?;
    }
    Ok(Exit::Done)
}
