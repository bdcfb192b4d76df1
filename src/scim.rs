//! SCIM 2.0: resources, attribute paths, filters, PATCH, errors; and the client.
//!
//! Everything but the client is pure: values in, values out. The client side, the mappings and the sandbox's app
//! share it, so that both ends mean the same by a path or a filter.

pub mod client;
pub mod codes;
pub mod conform;
pub mod error;
pub mod eval;
pub mod filter;
pub mod patch;
pub mod path;
pub mod resource;
pub mod schema;
