//! Heeler: user provisioning from Microsoft Entra ID (through Microsoft Graph) into SCIM 2.0 apps.
//!
//! # The map of the house
//!
//! ```text
//! graph ─▶ store ─▶ scope ─▶ project ─▶ observe ─▶ match ─▶ plan ─▶ guard ─▶ apply ─▶ verify ─▶ store
//! ```
//!
//! That line is the table of contents of [`sync`]. Data goes one way; what a stage needs from the past it reads
//! from the store. Floors, from the ground up (a room imports only from floors below its own):
//!
//! | floor | rooms |
//! |---|---|
//! | 1 | [`text`] (the boundary for untrusted text), [`model`] (the nouns) |
//! | 2 | [`http`] (one client for everything remote) |
//! | 3 | [`expression`] (the mapping language), [`scim`] (SCIM 2.0), [`graph`] (Microsoft Graph) |
//! | 4 | [`mapping`] (schema, attribute mappings, scoping filters) |
//! | 5 | [`store`] (SQLite), [`config`] (profile file, secrets, folders) |
//! | 6 | [`sync`] (the sync core, one file per stage) |
//! | 7 | [`engine`] (lease, schedule, command rows) |
//! | 8 | [`sandbox`] (an Entra tenant and a SCIM app on loopback), [`console`] (the terminal UI) |
//! | 9 | [`cli`] (one file per command) |

pub mod cli;
pub mod config;
pub mod console;
pub mod engine;
pub mod expression;
pub mod graph;
pub mod http;
pub mod mapping;
pub mod model;
pub mod sandbox;
pub mod scim;
pub mod store;
pub mod sync;
pub mod text;
