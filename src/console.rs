//! The console: what a person sees and drives in a terminal.
//!
//! `Event` (came in) → `Action` (what the person means) → `update` (pure) → `Effect` (the only thing that does I/O; its
//! answer comes back as an `Event`). Drawing is pure too: the time is a field of the state.

pub mod style;
pub mod terminal;
pub mod words;
