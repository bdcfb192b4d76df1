//! What the overview reads from a real store.
