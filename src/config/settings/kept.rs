//! What the sandbox's job keeps in its store: it has no file.

use super::value::Value;
use super::{Change, Field, Settings};
use crate::config::JobConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The settings of the sandbox's job that somebody changed, by key, as texts. Provisioning status is kept under a key
/// of its own, as `heeler start` and `stop` know it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(BTreeMap<String, String>);

impl Kept {
    /// The settings that are kept here.
    const FIELDS: [Field; 6] = [
        Field::Scope,
        Field::ExcludeDefaultAccess,
        Field::Groups,
        Field::Interval,
        Field::DeletionThreshold,
        Field::SkipOutOfScopeDeletions,
    ];

    /// Puts what is kept into a configuration. A text that means nothing (an older or newer Heeler wrote it) leaves
    /// the configuration as it is.
    pub fn apply(&self, config: &mut JobConfig) {
        for field in Self::FIELDS {
            if let Some(Ok(value)) = self.0.get(field.key()).map(|text| Value::read(field, text)) {
                value.apply(field, config);
            }
        }
    }

    /// What is to be kept after a form on `opened` is saved as `wanted`, when this is what is kept now; and what that
    /// changes. `now` are the settings that this gives now, to notice that somebody else changed them meanwhile.
    /// [`Field::Enabled`] is checked with the others, but has to be stored by the caller.
    ///
    /// # Errors
    /// See [`KeptError`].
    pub fn save(&self, opened: &Settings, now: &Settings, wanted: &Settings) -> Result<(Self, Vec<Change>), KeptError> {
        let meanwhile = opened.changes(now);
        if !meanwhile.is_empty() {
            return Err(KeptError::Moved { what: super::words::list(&meanwhile) });
        }
        let changes = opened.changes(wanted);
        let mut kept = self.clone();
        for Change { field, to, .. } in &changes {
            let refused = |message| KeptError::Field { field: *field, message };
            if let Some(reason) = opened.fixed(*field) {
                return Err(refused(format!("it cannot be changed here: {reason}")));
            }
            Value::read(*field, to).map_err(refused)?;
            if Self::FIELDS.contains(field) {
                kept.0.insert(field.key().to_owned(), to.clone());
            }
        }
        Ok((kept, changes))
    }
}

/// Why the settings of the sandbox's job were not kept. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// Somebody else changed them since the form was opened.
    #[error(
        "the settings were changed meanwhile: {what}\nnothing is saved; look at what is there now, then save again"
    )]
    Moved {
        /// What, in words.
        what: String,
    },
    /// A value that may not be.
    #[error("{field}: {message}\nnothing is saved")]
    Field {
        /// The setting.
        field: Field,
        /// What is wrong, and what is accepted.
        message: String,
    },
}
