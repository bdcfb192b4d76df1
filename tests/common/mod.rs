//! What the black-box tests share: a sandbox in its own process, a home with a configuration, the built binary, and
//! an independent view of what ought to be in the app, computed from plain Graph answers.

#![allow(dead_code, unused_imports)]

pub mod directory;
pub mod fake;
pub mod faults;
pub mod home;
pub mod http;
pub mod proxy;
pub mod quirky;
pub mod requests;
pub mod sandbox;

pub use directory::{Directory, Expected};
pub use home::{Home, Run, Setup, wait_until};
pub use requests::Requests;
pub use sandbox::Sandbox;

/// Text of a JSON member, or a panic that shows what there was.
pub fn text<'a>(value: &'a serde_json::Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no text member {member:?} in {value}"))
}
