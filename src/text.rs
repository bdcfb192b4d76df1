//! The boundary for untrusted text.
//!
//! Everything that comes from outside (the network, a database that a network filled, a file) is [`Raw`]. Only
//! [`show`] turns it into [`Shown`], and only `Shown` is printed. Cleaning makes things visible, it never deletes:
//! two different names must not look equal.

mod clean;
mod csv;
mod json;
mod layout;
mod out;

pub use clean::{Policy, needs_cleaning, show, show_with};
pub use csv::csv_line;
pub use json::{json_line, json_pretty};
pub use layout::{Align, Table, pad_end, pad_start, terminal_width, truncate, width, wrap};
pub use out::{err_line, out_json, out_line};

use std::fmt;

/// Text from outside, exactly as it came. It has no `Display`: it cannot be printed by accident.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Raw(pub String);

impl Raw {
    /// Wraps text that came from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The untouched text, for comparison, search and storage; never for a terminal.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The cleaned text, one line, with the default policy.
    pub fn shown(&self) -> Shown {
        show(&self.0)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", show(&self.0).as_str())
    }
}

impl<T: Into<String>> From<T> for Raw {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Text that may reach a terminal: no control character, no bidirectional or zero-width trick survives in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Shown(String);

impl Shown {
    /// The clean text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Width in terminal cells.
    pub fn width(&self) -> usize {
        width(&self.0)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
