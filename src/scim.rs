//! SCIM 2.0: resources, attribute paths, filters, PATCH, errors; and the client.

pub mod client;
pub mod codes;
