//! Writing down what happened: log entries in the shape of E13, with steps, diff, status, code and advice.

use super::project::{ObjectRules, Subject};
use super::scope::Standing;
use super::{CycleEvent, Job};
use crate::model::log::{ErrorInformation, Identity, Initiator, ModifiedProperty, StatusInfo, Step, System};
use crate::model::{Change, LogEntry, LogStatus, ObjectType, Operation, OperationState, Verb};
use crate::scim::codes;
use serde_json::{Map, Value};
use uuid::Uuid;

/// What went wrong, or what to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Code of E13c.
    pub code: String,
    /// In words.
    pub reason: String,
    /// The app's own words.
    pub details: Option<String>,
}

/// One entry, before it gets its identity.
pub struct Record<'a> {
    /// The object.
    pub subject: &'a Subject,
    /// What was done, or `None` for a skip.
    pub verb: Option<Verb>,
    /// Outcome.
    pub status: LogStatus,
    /// Code and reason.
    pub trouble: Option<Trouble>,
    /// Attribute diff.
    pub changes: &'a [Change],
    /// App resource id, if there is one.
    pub target_id: Option<&'a str>,
    /// How the resource was found, in words, if the app was asked.
    pub matched: Option<String>,
    /// How it was done, in words: what was sent and what proved it.
    pub export: Option<String>,
    /// Whether a guard keeps it back.
    pub held: bool,
    /// Milliseconds.
    pub duration_ms: u64,
}

/// Builds the log entry.
pub fn entry(job: &Job, cycle_id: &str, record: &Record<'_>, rules: &ObjectRules, now: &str) -> LogEntry {
    let subject = record.subject;
    let action = match (record.verb, record.held) {
        (Some(Verb::Disable | Verb::Delete), true) => "stagedDelete",
        (_, true) | (None, _) => "other",
        (Some(Verb::Create), _) => "create",
        (Some(Verb::Disable), _) => "disable",
        (Some(Verb::Delete), _) => "delete",
        (Some(Verb::Update | Verb::Enable | Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers), _) => "update",
    };
    let error_information = record.trouble.as_ref().map(|trouble| ErrorInformation {
        error_code: trouble.code.clone(),
        reason: trouble.reason.clone(),
        additional_details: trouble.details.clone(),
        error_category: match record.status {
            LogStatus::Failure if nobody_at_fault(&trouble.code) => "failure".into(),
            LogStatus::Failure | LogStatus::Warning => "nonServiceFailure".into(),
            LogStatus::Success | LogStatus::Skipped => "success".into(),
        },
        recommended_action: Some(codes::advice(&trouble.code).to_owned()).filter(|a| !a.is_empty()),
    });
    let target_name = match subject.object_type {
        ObjectType::User => subject.matching.first().map(|(_, v)| v.clone()),
        ObjectType::Group => None,
    };
    LogEntry {
        id: Uuid::now_v7().to_string(),
        activity_date_time: now.to_owned(),
        tenant_id: job.settings.tenant_id.clone(),
        job_id: job.name.clone(),
        cycle_id: cycle_id.to_owned(),
        change_id: Uuid::now_v7().to_string(),
        provisioning_action: action.to_owned(),
        duration_in_milliseconds: record.duration_ms,
        provisioning_status_info: StatusInfo { status: record.status, error_information },
        provisioning_steps: steps(job, record, rules),
        modified_properties: record.changes.iter().map(|change| modified(change, rules)).collect(),
        service_principal: Identity {
            id: job.settings.service_principal_id.clone(),
            display_name: job.settings.app_name.clone(),
            ..Identity::default()
        },
        source_system: System {
            id: job.settings.tenant_id.clone(),
            display_name: "Microsoft Entra ID".into(),
            details: Map::new(),
        },
        target_system: System {
            id: job.settings.tenant_url.clone(),
            display_name: job.settings.app_name.clone(),
            details: Map::from_iter([
                ("ServicePrincipalId".to_owned(), Value::from(job.settings.service_principal_id.clone())),
                ("ServicePrincipalDisplayName".to_owned(), Value::from(job.settings.app_name.clone())),
            ]),
        },
        source_identity: Identity {
            id: subject.source_id.clone(),
            display_name: subject.name.clone(),
            identity_type: Some(subject.object_type.to_string()),
            details: subject
                .principal_name
                .iter()
                .map(|upn| ("UserPrincipalName".to_owned(), Value::from(upn.clone())))
                .collect(),
        },
        target_identity: Identity {
            id: record.target_id.unwrap_or_default().to_owned(),
            display_name: target_name.unwrap_or_default(),
            identity_type: Some(subject.object_type.to_string()),
            details: Map::new(),
        },
        initiated_by: match &job.initiator {
            Some(person) => {
                Initiator { id: person.clone(), display_name: person.clone(), initiator_type: "user".into() }
            }
            None => Initiator { id: String::new(), display_name: "Heeler".into(), initiator_type: "system".into() },
        },
    }
}

/// Faults of the app or the wire, not of the object's data.
fn nobody_at_fault(code: &str) -> bool {
    matches!(
        code,
        "InternalServerError" | "InternalError" | "Timeout" | "TooManyRequests" | "WebExceptionProtocolError"
    )
}

/// What stands in the log for a value of `Redact` (E13.4).
const REDACTED: &str = "[Redact]";

/// The value before is hidden with the one after: it came from the same expression.
fn modified(change: &Change, rules: &ObjectRules) -> ModifiedProperty {
    let redacted = rules.index_of(&change.attribute).is_some_and(|i| rules.rule(i).source.calls("Redact"));
    let shown = |value: &Value| value_text(value).map(|text| if redacted { REDACTED.to_owned() } else { text });
    ModifiedProperty {
        display_name: change.attribute.clone(),
        old_value: shown(&change.old),
        new_value: shown(&change.new),
    }
}

/// A value as the log shows it: text as it is, everything else as JSON, `null` as nothing.
pub fn value_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
        }
        other => Some(other.to_string()),
    }
}

fn steps(job: &Job, record: &Record<'_>, rules: &ObjectRules) -> Vec<Step> {
    let subject = record.subject;
    let kind = subject.object_type.as_str();
    let code = record.trouble.as_ref().map(|t| t.code.as_str());
    let mut steps = Vec::new();
    let mut push = |name: &str, step_type: &str, status, description: String, details: Map<String, Value>| {
        steps.push(Step {
            name: name.to_owned(),
            provisioning_step_type: step_type.to_owned(),
            status,
            description,
            details,
        });
    };
    let text = |key: &str, value: &str| (key.to_owned(), Value::from(value));
    let imported = if code == Some("ImportSkipped") { LogStatus::Skipped } else { LogStatus::Success };
    push(
        "EntryImport",
        "import",
        imported,
        format!("{kind} '{}' was read from the directory", subject.name),
        subject
            .principal_name
            .iter()
            .map(|upn| text("userPrincipalName", upn))
            .chain([text("objectId", &subject.source_id)])
            .collect(),
    );
    if imported == LogStatus::Skipped {
        return steps;
    }
    let yes = |b: bool| if b { "True" } else { "False" };
    let in_scope = subject.standing == Standing::In;
    push(
        "EntrySynchronizationScoping",
        "scoping",
        if in_scope || record.verb.is_some() { LogStatus::Success } else { LogStatus::Skipped },
        format!("{kind} '{}': {}", subject.name, subject.standing.words()),
        Map::from_iter([
            text(
                "Active in the source system",
                yes(!matches!(subject.standing, Standing::Disabled) && subject.removed.is_none()),
            ),
            text("Assigned to the application", yes(subject.assigned)),
            text("Scope sync all", yes(job.settings.sync_all())),
            text("ScopeEvaluationResult", &subject.standing.words()),
        ]),
    );
    if let Some(matched) = &record.matched {
        let failed = matches!(code, Some("DuplicateTargetEntries" | "DuplicateSourceEntries" | "InvalidAnchor"));
        let details = subject.matching.iter().map(|(i, v)| text(rules.target(*i), v)).collect();
        push(
            "EntryImport",
            "matching",
            if failed { LogStatus::Failure } else { LogStatus::Success },
            matched.clone(),
            details,
        );
        if failed {
            return steps;
        }
    }
    match record.verb {
        Some(verb) => {
            let (name, step_type) = match verb {
                Verb::Create => ("EntryExportAdd", "export"),
                Verb::Delete => ("EntryExportDelete", "export"),
                Verb::SetManager | Verb::AddMembers | Verb::RemoveMembers => {
                    ("EntryExportUpdate", "referenceResolution")
                }
                Verb::Disable | Verb::Enable | Verb::Update => ("EntryExportUpdate", "export"),
            };
            let description = record.export.clone().unwrap_or_else(|| match &record.trouble {
                Some(trouble) => trouble.reason.clone(),
                None => format!("{verb} {kind} '{}'", subject.name),
            });
            push(name, step_type, record.status, description, Map::new());
        }
        None => {
            let details = code.map(|c| text("SkipReason", c)).into_iter().collect();
            let reason = record.trouble.as_ref().map(|t| t.reason.clone()).unwrap_or_default();
            let name = if record.status == LogStatus::Failure {
                "EntrySynchronizationUpdate"
            } else {
                "EntrySynchronizationSkip"
            };
            push(name, "processing", record.status, reason, details);
        }
    }
    steps
}

/// The line a person sees go by.
pub fn event(operation: &Operation, status: LogStatus, trouble: Option<&Trouble>) -> CycleEvent {
    CycleEvent::Object {
        verb: operation.verb,
        object_type: operation.object_type,
        name: operation.name.clone(),
        target_id: operation.target_id.clone(),
        held: operation.state == OperationState::Held,
        status,
        code: trouble.map(|t| t.code.clone()),
        reason: trouble.map_or_else(|| operation.reason.clone(), |t| t.reason.clone()),
        changes: operation.changes.clone(),
    }
}
