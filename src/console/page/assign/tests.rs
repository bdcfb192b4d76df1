//! Assigning.
