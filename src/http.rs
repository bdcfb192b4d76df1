//! One client for everything remote: trust, limits, Retry-After, pacing.
//!
//! [`HttpClient`] sends one request and reads its answer under limits; [`Limiter`] decides when it may leave and
//! whether it may be repeated. A credential only ever travels to an origin that the settings name.

mod client;
mod error;
mod gate;
mod json;
mod limiter;
mod pace;
mod retry_after;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod vitals;

pub use client::{HttpClient, HttpSettings, Request, Response, add_query, is_loopback, parse_base};
pub use error::{HttpError, Loss, Place, StatusError, Unreached};
pub use json::parse_json;
pub use limiter::{Limiter, LimiterSettings};
pub use reqwest::Method;
pub use retry_after::retry_after;
pub use vitals::Vitals;
