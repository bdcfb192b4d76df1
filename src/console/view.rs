//! The five views: one file (and folder) each, with state, queries, update and drawing.

pub mod directory;
pub mod log;
pub mod mapping;
pub mod overview;
pub mod plan;
