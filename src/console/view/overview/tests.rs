//! The overview in every state, at the sizes and in the themes that matter; and what its keys do.

mod fixture;
mod keys;
mod pictures;
mod store;
