//! Microsoft Graph: sign-in, paging, delta queries, assignments.

mod assertion;
mod client;
mod delta;
mod error;
mod judge;
mod parse;
mod settings;
#[cfg(test)]
mod tests;
mod token;

pub use client::GraphClient;
pub use delta::{DeltaReader, DeltaStart};
pub use error::{GraphError, SignInError};
pub use settings::{Credential, GraphSettings};
