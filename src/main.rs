//! Parse the command line, run the command, print its error, set the exit code.

fn main() {}
