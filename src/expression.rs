//! The mapping language: text in, value out.
