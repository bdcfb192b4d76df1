//! What each step found, in words.

use super::{Stage, StepState, Tale, TraceStep, TraceWarning, TracedChange, failed_stage, noun};
use crate::mapping::SourceObject;
use crate::model::{LogEntry, LogStatus, ObjectType, Operation, OperationState, Removed, Verb};
use crate::scim::client::Exchange;
use crate::store::log::{self, LogQuery};
use crate::store::{StoreError, mirror};
use crate::sync::Job;
use crate::sync::cycle::{CycleReport, CycleRequest};
use crate::sync::explain::Explanation;
use crate::sync::journal::value_text;
use crate::sync::scope::Standing;
use rusqlite::Connection;

/// Earlier entries of an object that are searched for refusals.
const EARLIER: usize = 50;

/// Everything that the steps are told from.
pub(super) struct Telling<'a> {
    pub(super) job: &'a Job,
    pub(super) request: &'a CycleRequest,
    pub(super) tale: &'a Tale,
    pub(super) report: &'a CycleReport,
    pub(super) explained: Option<&'a Explanation>,
    pub(super) recorded: &'a [Exchange],
}

type Found = (StepState, String);

impl Telling<'_> {
    /// All six steps.
    pub(super) fn steps(
        &self,
        c: &Connection,
        object_type: ObjectType,
        id: &str,
        changes: usize,
        warnings: usize,
    ) -> Result<Vec<TraceStep>, StoreError> {
        let failed = self.report.fatal.as_ref().map(|error| (failed_stage(error, self.tale), error));
        let logged = self.logged(c)?;
        let mut ended = false;
        let mut steps = Vec::with_capacity(6);
        for stage in Stage::ALL {
            let (state, evidence) = match &failed {
                Some((at, error)) if *at == stage => (StepState::Failed, error.to_string()),
                _ if ended => (StepState::Waiting, String::new()),
                _ => match stage {
                    Stage::Read => self.read(c, object_type, id)?,
                    Stage::Scope => self.scope(),
                    Stage::Match => self.matching(object_type),
                    Stage::Plan => self.plan(changes, warnings),
                    Stage::Write => self.write(&logged),
                    Stage::Verify => self.verify(&logged),
                },
            };
            // Nothing comes after a step that failed, nor after the plan when there is nothing to write.
            ended |= state == StepState::Failed || stage == Stage::Plan && state == StepState::Skipped;
            ended |= stage == Stage::Scope && state == StepState::Skipped;
            let ms = match stage {
                Stage::Write => self.spent(|e| !e.is_read()),
                Stage::Verify => self.spent_after_write(),
                stage => self.tale.ms(stage).unwrap_or(0),
            };
            let ms = if state == StepState::Waiting { 0 } else { ms };
            steps.push(TraceStep { stage, name: stage.as_str().to_owned(), state, ms, evidence });
        }
        Ok(steps)
    }

    /// What the log says about this cycle.
    fn logged(&self, c: &Connection) -> Result<Vec<LogEntry>, StoreError> {
        if self.request.dry_run {
            return Ok(Vec::new());
        }
        let query = LogQuery { cycle: Some(self.report.cycle.id.clone()), ..LogQuery::default() };
        Ok(log::query(c, &query)?.into_iter().map(|row| row.entry).collect())
    }

    fn read(&self, c: &Connection, object_type: ObjectType, id: &str) -> Result<Found, StoreError> {
        let rules = self.job.rules.of(object_type);
        let names = rules.mapping.source_attributes();
        let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        let there = |source: &SourceObject<'_>| names.iter().filter(|name| !source.json(name).is_null()).count();
        let words = match object_type {
            ObjectType::User => {
                let Some(user) = mirror::user(c, id)? else { return Ok(unknown(object_type)) };
                if let Some(how) = user.removed {
                    return Ok((StepState::Warning, removed_words(how).to_owned()));
                }
                let groups = mirror::groups_of(c, id)?.len();
                let attributes = there(&SourceObject::user(&user));
                format!("{}, {}", plural(attributes, "attribute"), plural(groups, "group"))
            }
            ObjectType::Group => {
                let Some(group) = mirror::group(c, id)? else { return Ok(unknown(object_type)) };
                if let Some(how) = group.removed {
                    return Ok((StepState::Warning, removed_words(how).to_owned()));
                }
                let members = mirror::members(c, id)?.len();
                let attributes = there(&SourceObject::group(&group));
                format!("{}, {}", plural(attributes, "attribute"), plural(members, "member"))
            }
        };
        if let Some((collection, why)) = self.report.unread.first() {
            return Ok((StepState::Warning, format!("{words}; the {} were not read: {why}", collection.as_str())));
        }
        Ok((StepState::Done, words))
    }

    fn scope(&self) -> Found {
        let Some(explained) = self.explained else {
            return (StepState::Skipped, "nothing is known about it".into());
        };
        let standing = &explained.subject.standing;
        let words = standing.words();
        match standing {
            Standing::In if self.job.settings.sync_all() => (StepState::Done, format!("{words}: everybody is")),
            Standing::In => {
                let through = match explained.through.as_slice() {
                    [] => "assigned directly".to_owned(),
                    groups => format!("assigned through {}", groups.join(", ")),
                };
                (StepState::Done, format!("{words}: {through}"))
            }
            // Whoever leaves is still dealt with.
            _ if !self.tale.work.is_empty() => (StepState::Done, words),
            _ => (StepState::Skipped, words),
        }
    }

    fn matching(&self, object_type: ObjectType) -> Found {
        let rules = self.job.rules.of(object_type);
        let note = self.tale.notes.first();
        let work = self.tale.work.first();
        if let Some(note) = note.filter(|n| {
            n.failed && matches!(n.code.as_str(), "DuplicateTargetEntries" | "DuplicateSourceEntries" | "InvalidAnchor")
        }) {
            return (StepState::Failed, note.reason.clone());
        }
        let subject = work.map(|w| &w.subject).or_else(|| note.map(|n| &n.subject));
        let Some(subject) = subject.or_else(|| self.explained.map(|e| &e.subject)) else {
            return (StepState::Skipped, String::new());
        };
        if let Some(link) = subject.link.as_ref().filter(|link| !link.broken) {
            return (StepState::Done, format!("linked to {}", link.target_id));
        }
        let asked: Vec<String> =
            subject.matching.iter().map(|(i, v)| format!("{} eq \"{v}\"", rules.target(*i))).collect();
        let asked = asked.join(" or ");
        if asked.is_empty() {
            return (StepState::Skipped, "it has no matching value".into());
        }
        let found = work
            .and_then(|w| w.operation.target_id.clone())
            .or_else(|| note.and_then(|n| n.link_after.as_ref()).map(|link| link.target_id.clone()));
        match found {
            Some(id) => (StepState::Done, format!("{asked} → {id}, one match")),
            None if work.is_some_and(|w| w.operation.verb == Verb::Create) => {
                (StepState::Done, format!("{asked} → nobody"))
            }
            None => (StepState::Done, asked),
        }
    }

    fn plan(&self, changes: usize, warnings: usize) -> Found {
        if let Some(note) = self.tale.notes.iter().find(|n| n.failed) {
            return (StepState::Failed, note.reason.clone());
        }
        let Some(first) = self.tale.work.first() else {
            let why = self.tale.notes.first().map(|n| n.reason.clone());
            let why = why.or_else(|| self.explained.map(|e| e.next.clone()));
            return (StepState::Skipped, why.unwrap_or_else(|| "nothing to do".into()));
        };
        let held = self.tale.work.iter().find(|w| w.operation.state == OperationState::Held);
        if let Some(held) = held {
            let why = held.operation.held_reason.clone().unwrap_or_default();
            return (StepState::Warning, format!("{} is held: {why}", held.operation.verb));
        }
        if self.tale.work.iter().all(|w| w.operation.state == OperationState::Rejected) {
            return (StepState::Skipped, format!("a person rejected the {}", first.operation.verb));
        }
        let verbs: Vec<&str> = self.tale.work.iter().map(|w| w.operation.verb.as_str()).collect();
        let mut words = format!("{}: {changes} {}", verbs.join(", "), if changes == 1 { "change" } else { "changes" });
        match warnings {
            0 => {}
            1 => words.push_str(", 1 warning"),
            n => words.push_str(&format!(", {n} warnings")),
        }
        (if warnings > 0 { StepState::Warning } else { StepState::Done }, words)
    }

    /// The operations as they ended.
    fn ended(&self) -> impl Iterator<Item = &Operation> {
        self.report.operations.iter()
    }

    fn write(&self, logged: &[LogEntry]) -> Found {
        if self.request.dry_run {
            return (StepState::Waiting, "a dry run: nothing is sent".into());
        }
        let sent = |e: &&Exchange| !e.is_read();
        let words: Vec<String> = self
            .recorded
            .iter()
            .filter(sent)
            .map(|e| match e.status {
                Some(status) => format!("{} → {status}", e.words()),
                None => format!("{} → {}", e.words(), e.error.as_deref().unwrap_or("no answer")),
            })
            .collect();
        let words = words.join("; ");
        if self.ended().any(|o| o.state == OperationState::Failed) {
            let why = trouble(logged, &[LogStatus::Failure, LogStatus::Skipped]);
            return (StepState::Failed, why.unwrap_or(words));
        }
        if let Some(held) = self.ended().find(|o| o.state == OperationState::Held) {
            return (StepState::Skipped, format!("{} is held back", held.verb));
        }
        if self.ended().any(|o| o.state == OperationState::Unknown) {
            return (StepState::Warning, trouble(logged, &[LogStatus::Warning]).unwrap_or(words));
        }
        if words.is_empty() { (StepState::Skipped, "nothing was sent".into()) } else { (StepState::Done, words) }
    }

    fn verify(&self, logged: &[LogEntry]) -> Found {
        if self.request.dry_run {
            return (StepState::Waiting, String::new());
        }
        if let Some(why) = trouble(logged, &[LogStatus::Warning]) {
            return (StepState::Warning, why);
        }
        let mut done = self.ended().filter(|o| matches!(o.state, OperationState::Claimed | OperationState::Verified));
        match done.next() {
            None => (StepState::Skipped, "nothing was written".into()),
            Some(first) => {
                let all = first.state == OperationState::Verified && done.all(|o| o.state == OperationState::Verified);
                let words =
                    if all { "read back: the app holds every value" } else { "the app's answer shows every value" };
                (StepState::Done, words.to_owned())
            }
        }
    }

    fn spent(&self, which: impl Fn(&Exchange) -> bool) -> u64 {
        self.recorded.iter().filter(|e| which(e)).map(|e| e.ms).sum()
    }

    fn spent_after_write(&self) -> u64 {
        self.recorded.iter().skip_while(|e| e.is_read()).filter(|e| e.is_read()).map(|e| e.ms).sum()
    }
}

fn unknown(object_type: ObjectType) -> Found {
    (StepState::Failed, format!("the directory has no such {}", noun(object_type)))
}

fn removed_words(how: Removed) -> &'static str {
    match how {
        Removed::Soft => "deleted in the directory (recycle bin)",
        Removed::Hard => "purged from the directory",
    }
}

/// The first reason in the log with one of these outcomes.
fn trouble(logged: &[LogEntry], outcomes: &[LogStatus]) -> Option<String> {
    let mut infos = logged.iter().map(|e| &e.provisioning_status_info).filter(|info| outcomes.contains(&info.status));
    infos.find_map(|info| info.error_information.as_ref()).map(|error| error.reason.clone())
}

/// Values that the app refused from this object before: the same attribute, the same value, named in the reason or
/// the only one that was sent.
pub(super) fn warnings(
    c: &Connection,
    id: &str,
    cycle_id: &str,
    changes: &[TracedChange],
) -> Result<Vec<TraceWarning>, StoreError> {
    let query = LogQuery { object: Some(id.to_owned()), newest_first: true, limit: EARLIER, ..LogQuery::default() };
    let earlier: Vec<LogEntry> = log::query(c, &query)?
        .into_iter()
        .map(|row| row.entry)
        .filter(|e| e.cycle_id != cycle_id)
        .filter(|e| {
            matches!(e.provisioning_status_info.status, LogStatus::Failure | LogStatus::Warning)
                && e.provisioning_status_info.error_information.is_some()
        })
        .collect();
    let mut found = Vec::new();
    for change in changes {
        let Some(value) = value_text(&change.new) else { continue };
        let refused = |entry: &&LogEntry| {
            let same = entry
                .modified_properties
                .iter()
                .any(|p| p.display_name == change.attribute && p.new_value.as_deref() == Some(value.as_str()));
            let error = entry.provisioning_status_info.error_information.as_ref();
            let named = error.is_some_and(|e| {
                let said = format!("{} {}", e.reason, e.additional_details.as_deref().unwrap_or_default());
                names(&said, &change.attribute) || value.len() > 2 && said.contains(value.as_str())
            });
            same && (named || entry.modified_properties.len() == 1)
        };
        let times = earlier.iter().filter(refused).count();
        if let Some(last) = earlier.iter().find(refused)
            && let Some(error) = &last.provisioning_status_info.error_information
        {
            let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
            let words = format!("refused {times} before, last {}: {}", last.activity_date_time, error.reason);
            found.push(TraceWarning { attribute: change.attribute.clone(), words });
        }
    }
    Ok(found)
}

/// Whether a refusal names an attribute: by its path, or by the name in front of filter and sub-attribute.
fn names(said: &str, attribute: &str) -> bool {
    let plain = attribute.rsplit(':').next().unwrap_or(attribute);
    let head = plain.split(['[', '.']).next().unwrap_or(plain);
    let (said, head) = (said.to_lowercase(), head.to_lowercase());
    let path = attribute.contains(|c: char| !c.is_alphanumeric());
    path && said.contains(&attribute.to_lowercase())
        || said.split(|c: char| !c.is_alphanumeric()).any(|word| !head.is_empty() && word == head)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn refusals_name_attributes_in_many_ways() {
        let phone = "phoneNumbers[type eq \"work\"].value";
        assert!(names("the app refused (400 invalidValue): phoneNumbers is not E.164", phone));
        assert!(names("this app does not take phoneNumbers[type eq \"work\"].value: 400", phone));
        let department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
        assert!(names("Department is too long", department));
        assert!(!names("the department store refused titles", "title"));
        assert!(!names("something else", phone));
    }
}
