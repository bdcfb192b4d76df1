//! The profile file, secrets and folders.
