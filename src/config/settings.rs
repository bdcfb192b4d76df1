//! A job's settings as a form shows and changes them: texts and choices, checked by the rules of the file.
//!
//! [`Opened`] is a form on a job of the configuration file, [`Kept`] what the sandbox's job keeps in its store instead
//! of a file; [`words`] says what a change costs and what turning the job on would do.

mod kept;
mod opened;
mod value;
pub mod words;

pub use kept::{Kept, KeptError};
pub use opened::{Opened, Saved};

use super::{Env, JobConfig, SecretRef, format_interval};
use crate::model::Secret;
use std::fmt;
use value::Value;

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Provisioning status.
    Enabled,
    /// Time between the starts of two cycles (E5.11).
    Interval,
    /// The word in the header.
    Environment,
    /// Who is provisioned.
    Scope,
    /// Whether people with Default Access only are left out (E3.9).
    ExcludeDefaultAccess,
    /// Whether groups are provisioned (E8.17).
    Groups,
    /// Removals per cycle above which they are held (E11.4).
    DeletionThreshold,
    /// Whether accounts of people who fall out of scope are left alone.
    SkipOutOfScopeDeletions,
    /// The Tenant URL (E2.1).
    TenantUrl,
    /// The Secret Token (E2.1): only its place is ever told.
    SecretToken,
}

/// How a setting is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// Typed; what an empty text means, if it may be empty.
    Text(Option<&'static str>),
    /// Typed and never shown.
    Secret,
}

/// `on` and `off`.
const SWITCH: Kind = Kind::Choice(&["on", "off"]);

impl Field {
    /// All settings, in the order of a form.
    pub const ALL: [Self; 10] = [
        Self::Enabled,
        Self::Interval,
        Self::Environment,
        Self::Scope,
        Self::ExcludeDefaultAccess,
        Self::Groups,
        Self::DeletionThreshold,
        Self::SkipOutOfScopeDeletions,
        Self::TenantUrl,
        Self::SecretToken,
    ];

    /// The key in the configuration file, below the job: `interval`, `app.tenant_url`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Scope => "scope",
            Self::ExcludeDefaultAccess => "exclude_default_access",
            Self::Groups => "groups",
            Self::Interval => "interval",
            Self::DeletionThreshold => "deletion_threshold",
            Self::SkipOutOfScopeDeletions => "skip_out_of_scope_deletions",
            Self::TenantUrl => "app.tenant_url",
            Self::SecretToken => "app.secret_token",
            Self::Environment => "environment",
        }
    }

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Enabled => "provisioning",
            Self::Scope => "scope",
            Self::ExcludeDefaultAccess => "leave out Default Access",
            Self::Groups => "groups",
            Self::Interval => "interval",
            Self::DeletionThreshold => "deletion threshold",
            Self::SkipOutOfScopeDeletions => "keep out-of-scope accounts",
            Self::TenantUrl => "tenant URL",
            Self::SecretToken => "secret token",
            Self::Environment => "environment",
        }
    }

    /// How it is given.
    pub fn kind(self) -> Kind {
        match self {
            Self::Enabled | Self::ExcludeDefaultAccess | Self::Groups | Self::SkipOutOfScopeDeletions => SWITCH,
            Self::Scope => Kind::Choice(&["assigned", "all"]),
            Self::Interval | Self::TenantUrl => Kind::Text(None),
            Self::DeletionThreshold => Kind::Text(Some("no limit")),
            Self::Environment => Kind::Text(Some("production")),
            Self::SecretToken => Kind::Secret,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// Checks what was typed or chosen, by the same rules as the file. An empty secret means that it stays.
///
/// # Errors
/// What is wrong and what is accepted, in one sentence; the text itself is not repeated.
pub fn check_field(field: Field, text: &str) -> Result<(), String> {
    if field == Field::SecretToken {
        return check_token(text);
    }
    Value::read(field, text).map(drop)
}

/// A token goes into a header: printable ASCII without spaces.
fn check_token(text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.len() as u64 > super::secret::LARGEST {
        return Err("a token has at most 64 KiB".to_owned());
    }
    if super::secret::is_word(text) {
        Ok(())
    } else {
        Err("a token is one line of printable characters without spaces or accents".to_owned())
    }
}

/// A token as it was typed: spaces and line ends around it are not part of it. `None` when nothing was typed.
///
/// # Errors
/// As [`check_field`].
pub fn token_of(text: &str) -> Result<Option<Secret>, String> {
    check_token(text)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| Secret::new(text.to_owned())))
}

/// One setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which one.
    pub field: Field,
    /// What it was, as [`Settings::get`] says it.
    pub from: String,
    /// What it is to be.
    pub to: String,
}

/// All settings of a job as texts. The token is told by its place; it is never in here.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    texts: [String; Field::ALL.len()],
    fixed: bool,
}

impl Settings {
    /// The settings of a job. Looks at nothing but the configuration: see [`Settings::look`].
    pub fn of(config: &JobConfig) -> Self {
        Self { texts: Field::ALL.map(|field| Value::text_of(field, config)), fixed: false }
    }

    /// Says in the place of the token whether there is one: looks for the file or the variable, but reads neither, and
    /// starts no command.
    #[must_use]
    pub fn look(mut self, config: &JobConfig, env: Env<'_>) -> Self {
        let there = match &config.app.secret_token {
            SecretRef::Env(name) => env(name).is_some_and(|value| !value.is_empty()),
            SecretRef::File(path) => config.base_dir.join(path).exists(),
            SecretRef::Command(_) | SecretRef::Given(_) => true,
        };
        if !there {
            let place = place_of(&config.app.secret_token);
            self.texts[Field::SecretToken as usize] = format!("not set: {place}");
        }
        self
    }

    /// The same with what the sandbox decides itself marked as fixed.
    #[must_use]
    pub fn of_sandbox(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// A setting as text: `on` or `off`, a word, `40m`; for the token its place: `file flock`.
    pub fn get(&self, field: Field) -> &str {
        &self.texts[field as usize]
    }

    /// Changes a text. That of the token is left alone: it is no setting but a place.
    pub fn set(&mut self, field: Field, text: impl Into<String>) {
        if field != Field::SecretToken {
            self.texts[field as usize] = text.into();
        }
    }

    /// Why a setting cannot be changed here, if it cannot.
    pub fn fixed(&self, field: Field) -> Option<&'static str> {
        if !self.fixed {
            return None;
        }
        match field {
            Field::TenantUrl => Some("the sandbox's app listens where there is room"),
            Field::SecretToken => Some("the sandbox makes up its own token"),
            Field::Environment => Some("the header says so, lest anybody take it for the real thing"),
            _ => None,
        }
    }

    /// What is different in `wanted`, in the order of the form. Texts that mean the same are no difference: `90m` is
    /// `1h30m`.
    pub fn changes(&self, wanted: &Self) -> Vec<Change> {
        Field::ALL
            .into_iter()
            .filter(|field| !same(*field, self.get(*field), wanted.get(*field)))
            .map(|field| Change { field, from: self.get(field).to_owned(), to: wanted.get(field).trim().to_owned() })
            .collect()
    }
}

/// Whether two texts mean the same.
fn same(field: Field, a: &str, b: &str) -> bool {
    if a == b || field == Field::SecretToken {
        return a == b;
    }
    match (Value::read(field, a), Value::read(field, b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(Field::ALL.map(|field| (field.key(), self.get(field)))).finish()
    }
}

/// Where a secret is, in two words.
fn place_of(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(name) => format!("environment {name}"),
        SecretRef::File(path) => {
            format!("file {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
        }
        SecretRef::Command(argv) => format!("command {}", argv.first().map_or("", String::as_str)),
        SecretRef::Given(_) => "made up by the sandbox".to_owned(),
    }
}

/// A length of time as a form shows it.
fn interval_text(config: &JobConfig) -> String {
    format_interval(config.interval)
}

#[cfg(test)]
mod tests;
