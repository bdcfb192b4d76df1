//! Awkward files, changed.
