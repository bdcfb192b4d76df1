//! The embedded tenant: a Graph endpoint, a token endpoint and a SCIM app on loopback.
pub mod app;
pub mod directory;
pub mod faults;
pub mod graph;
pub mod life;
pub mod token;
