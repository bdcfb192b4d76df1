//! The profile file, secrets and folders.
//!
//! One TOML file describes the jobs ([`Profile`]). It is read strictly: an unknown key, a wrong type or a missing
//! key is an error with file, line, column and the nearest valid key ([`ConfigError`]). It never holds a secret, only
//! a reference to one ([`SecretRef`]). What a command changes is written back with comments and order kept ([`edit`]).

mod check;
pub mod edit;
mod example;
mod folders;
mod interval;
mod keep;
mod problem;
mod profile;
mod read;
mod rules;
mod secret;
pub mod settings;
mod toml_table;

pub use check::{Finding, check};
pub use example::example;
pub use folders::{Env, Folders, process_env};
pub use interval::{format_interval, parse_interval};
pub use keep::{KeepError, check_name, keep};
pub use problem::{ConfigError, Report};
pub use profile::{AppConfig, DirectoryConfig, JobConfig, Preset, Profile, SavedMapping, Scope, SignIn};
pub use secret::{SecretError, SecretRef, read_federated_token};
