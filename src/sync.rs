//! The sync core: one file per stage.
