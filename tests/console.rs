//! The console as a person meets it: the built binary in a terminal of its own, keys in, screen out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_macros)]

#[path = "console/beside.rs"]
mod beside;
#[path = "console/budgets.rs"]
mod budgets;
mod common;
#[path = "console/hostile.rs"]
mod hostile;
#[path = "console/life.rs"]
mod life;
#[path = "console/modes.rs"]
mod modes;
#[path = "console/outage.rs"]
mod outage;
#[path = "console/paste.rs"]
mod paste;
#[path = "console/pty.rs"]
mod pty;
#[path = "console/watch.rs"]
mod watch;
#[path = "console/wild.rs"]
mod wild;
#[path = "console/wire.rs"]
mod wire;
#[path = "console/writes.rs"]
mod writes;
