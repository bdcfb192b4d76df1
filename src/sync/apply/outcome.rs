//! What became of one operation.

use crate::model::{Link, OperationState};
use crate::scim::client::ScimError;
use crate::sync::journal::Trouble;

/// The outcome of one operation, with what has to be recorded along with it.
#[derive(Debug)]
pub struct Outcome {
    /// Claimed, verified, failed or unknown.
    pub state: OperationState,
    /// The resource, once it is known.
    pub target_id: Option<String>,
    /// The ledger entry to store.
    pub link: Option<Link>,
    /// Whether the ledger entry goes.
    pub forget: bool,
    /// Members of groups that are now in (`true`) or out: group, member.
    pub members: Vec<(String, String, bool)>,
    /// What went wrong, or what to look at.
    pub trouble: Option<Trouble>,
    /// How it was done, in words.
    pub export: Option<String>,
    /// Whether an existing resource was taken over instead of making one.
    pub adopted: bool,
    /// Whether it has to wait for another object and was not tried: no failure, and the next cycle sees by itself.
    pub waits: bool,
    /// Whether nothing was sent because of a stop: the operation is as it was.
    pub unsent: bool,
    /// The fault, when it concerns everybody: all writes stop.
    pub app_error: Option<ScimError>,
}

impl Outcome {
    /// The app said yes, or a read proved it.
    pub fn done(state: OperationState) -> Self {
        Self {
            state,
            target_id: None,
            link: None,
            forget: false,
            members: Vec::new(),
            trouble: None,
            export: None,
            adopted: false,
            waits: false,
            unsent: false,
            app_error: None,
        }
    }

    /// The answer was lost: the next cycle looks at the app before it does anything.
    pub fn unknown(reason: &str) -> Self {
        let trouble = Trouble {
            code: "Timeout".into(),
            reason: format!("nobody knows whether the app did it: {reason}. The next cycle looks first."),
            details: None,
        };
        Self { trouble: Some(trouble), ..Self::done(OperationState::Unknown) }
    }

    /// The app said no.
    pub fn failed(code: &str, reason: String, details: Option<String>) -> Self {
        let trouble = Trouble { code: code.to_owned(), reason, details };
        Self { trouble: Some(trouble), ..Self::done(OperationState::Failed) }
    }

    /// A reference to something that is not in the app yet (E7.54).
    pub fn waits(reason: &str) -> Self {
        Self { waits: true, ..Self::failed("UnableToResolveReferenceAttributeValue", reason.to_owned(), None) }
    }

    /// What a client error means for the operation.
    pub fn of(error: ScimError) -> Self {
        let mut outcome = if error.outcome_unknown() {
            Self::unknown(&error.to_string())
        } else {
            Self::failed(error.code(), words(&error), Some(error.to_string()))
        };
        if matches!(error, ScimError::Cancelled) {
            outcome.unsent = true;
        } else if error.systemic() {
            outcome.app_error = Some(error);
        }
        outcome
    }
}

/// Why the app said no, its own words first: where it was asked stands in the details.
pub(super) fn words(error: &ScimError) -> String {
    match error {
        ScimError::Refused { status, scim_type, detail, .. } if !detail.is_empty() => {
            let kind = scim_type.as_ref().map_or_else(String::new, |t| format!(" {t}"));
            format!("the app refused ({status}{kind}): {detail}")
        }
        ScimError::Unavailable { status: Some(status), detail, .. } if !detail.is_empty() => {
            format!("the app failed ({status}): {detail}")
        }
        ScimError::Refused { status, .. } => format!("the app refused ({status}) without a reason"),
        ScimError::Unavailable { status: Some(status), .. } => format!("the app failed ({status}) without a reason"),
        other => other.to_string(),
    }
}
