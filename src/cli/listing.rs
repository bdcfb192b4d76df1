//! What `users`, `groups`, `log` and `explain` share: the state of an object in the app, and what to say when there
//! is nothing.

use super::{CliError, access::Access};
use crate::model::{Link, ObjectType, Removed};
use crate::store::cycles;
use crate::text::{Table, err_line, out_line, show, terminal_width, wrap};
use serde_json::{Map, Value, json};

/// Rows read at once.
pub(super) const PAGE: usize = 500;

/// Where an object stands in the app, as the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// `active`: linked, and the account is on.
    Active,
    /// `disabled`: linked, and the account was turned off.
    Disabled,
    /// `linked`: a group has no account to turn on or off.
    Linked,
    /// `unmanaged`: the account exists, and the job no longer manages it (E3.43).
    Unmanaged,
    /// `broken`: the app no longer knows the id (E6.16).
    Broken,
    /// `failed`: the last attempt failed; the next one waits.
    Failed,
    /// `notProvisioned`: there is no link.
    NotProvisioned,
}

impl State {
    pub(super) fn of(object_type: ObjectType, link: Option<&Link>, failed: bool) -> Self {
        match link {
            _ if failed => Self::Failed,
            None => Self::NotProvisioned,
            Some(link) if link.broken => Self::Broken,
            Some(link) if !link.managed => Self::Unmanaged,
            Some(_) if object_type == ObjectType::Group => Self::Linked,
            Some(link) if link.active => Self::Active,
            Some(_) => Self::Disabled,
        }
    }

    /// For JSON.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Linked => "linked",
            Self::Unmanaged => "unmanaged",
            Self::Broken => "broken",
            Self::Failed => "failed",
            Self::NotProvisioned => "notProvisioned",
        }
    }

    /// One cell that tells the states apart without the words.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Active | Self::Linked => "✓",
            Self::Disabled | Self::Unmanaged => "-",
            Self::Broken => "!",
            Self::Failed => "✗",
            Self::NotProvisioned => "·",
        }
    }

    /// For people, with the code of a failure and what became of the object in the directory.
    pub(super) fn words(self, code: Option<&str>, removed: Option<Removed>) -> String {
        let words = match self {
            Self::NotProvisioned => "not provisioned".to_owned(),
            Self::Unmanaged => "disabled, no longer managed".to_owned(),
            Self::Broken => "gone from the app".to_owned(),
            Self::Failed => format!("failed: {}", code.unwrap_or("unknown")),
            other => other.as_str().to_owned(),
        };
        match removed {
            None => words,
            Some(Removed::Soft) => format!("{words} (deleted in the directory)"),
            Some(Removed::Hard) => format!("{words} (purged from the directory)"),
        }
    }
}

/// An object of a list as JSON: what the directory says, then what we say.
pub(super) fn object(
    id: &str,
    properties: impl Iterator<Item = (String, Value)>,
    removed: Option<Removed>,
    state: State,
    link: Option<&Link>,
    code: Option<&str>,
) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(id));
    object.extend(properties.filter(|(name, _)| name != "id"));
    if let Some(removed) = removed {
        object.insert("@removed".into(), json!({ "reason": removed }));
    }
    object.insert("provisioningState".into(), json!(state.as_str()));
    object.insert("targetId".into(), json!(link.map(|link| &link.target_id)));
    object.insert("provisioningErrorCode".into(), json!(code));
    Value::Object(object)
}

/// Prints a table to standard output.
pub(super) fn print(table: &Table) -> Result<(), CliError> {
    for line in table.lines_within(terminal_width()) {
        out_line(&line)?;
    }
    Ok(())
}

/// Prints one line of text, broken between words where the terminal is too narrow; the rest stands under `indent`.
pub(super) fn wrapped(text: &str, indent: usize) -> Result<(), CliError> {
    for line in wrap(text, terminal_width(), indent) {
        out_line(&show(&line))?;
    }
    Ok(())
}

/// Cells that stay for a table which stands at an indentation.
pub(super) fn cells_behind(indent: usize) -> Option<usize> {
    terminal_width().map(|cells| cells.saturating_sub(indent))
}

/// Says on standard error why a list is empty, and what to do.
pub(super) fn nothing(access: &Access, object_type: ObjectType, search: Option<&str>) -> Result<(), CliError> {
    if never_ran(access)? {
        hint_to_run(access);
        return Ok(());
    }
    let what = match object_type {
        ObjectType::User => "user",
        ObjectType::Group => "group",
    };
    match search {
        Some(text) => err_line(&show(&format!("no {what} fits `{text}`"))),
        None => err_line(&show(&format!("the directory had no {what} when it was last read"))),
    }
    Ok(())
}

/// Whether no cycle of the job ever began.
pub(super) fn never_ran(access: &Access) -> Result<bool, CliError> {
    Ok(access.store.read(cycles::latest)?.is_none())
}

/// What to run when nothing ever ran.
pub(super) fn hint_to_run(access: &Access) {
    err_line(&show(&first_run(access)));
}

/// The same as text.
pub(super) fn first_run(access: &Access) -> String {
    if access.is_sandbox() {
        "nothing was read yet: `heeler` starts the sandbox and its first cycle".to_owned()
    } else {
        format!("job {}: nothing was read yet; `heeler sync --job {}` runs the first cycle", access.name, access.name)
    }
}
