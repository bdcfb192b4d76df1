//! SQLite: migrations, and one file per family of tables.
