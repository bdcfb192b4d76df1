//! Parse the command line, run the command, print its error, set the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    heeler::cli::main()
}
