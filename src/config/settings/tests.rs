//! Settings: read, checked, saved.
