//! The embedded tenant: a Graph endpoint, a token endpoint and a SCIM app on loopback.

pub mod app;
