//! `heeler plan`: what the next cycle would do, and what a guard holds back.

use super::access::Access;
use super::args::PlanCommand;
use super::report::{self, Detail};
use super::signals::Signals;
use super::{CliError, Ctx, Exit, Outcome, hand};
use crate::config::process_env;
use crate::engine::{Assembly, assemble, starts_anew};
use crate::model::{CycleState, ObjectType, Operation, OperationState, Verb};
use crate::store::{Store, audit, job as job_table, mirror, operations, retries};
use crate::sync::CycleScope;
use crate::sync::cycle::{self, CycleReport, CycleRequest};
use crate::text::{Align, Table, err_line, out_json, out_line, show};
use serde_json::{Value, json};

/// `heeler plan [release|reject]`
pub(super) async fn run(ctx: &Ctx, command: Option<&PlanCommand>) -> Outcome {
    match command {
        None => plan(ctx).await,
        Some(PlanCommand::Release { ids }) => decide(ctx, ids, true),
        Some(PlanCommand::Reject { ids }) => decide(ctx, ids, false),
    }
}

/// A dry run of a cycle over everybody: the same line of stages, cut before anything is written.
async fn plan(ctx: &Ctx) -> Outcome {
    let signals = Signals::watch();
    let access = Access::open(ctx)?;
    let report = match hand::take(&access, "heeler plan", &signals.cancel, Detail::Quiet, false).await? {
        Ok(hand) => {
            let report = hand.engine.cycle(false, CycleScope::Everyone, true).await;
            hand.close().await?;
            report?
        }
        // Somebody else runs the job: planning beside it reads the same, and writes nothing but the mirror.
        Err(holder) => {
            err_line(&show(&format!(
                "{} (pid {}) runs the job; this is what is to do at this moment",
                holder.command, holder.pid
            )));
            let online = access.beside()?;
            let assembly = Assembly {
                store: access.store.clone(),
                cancel: signals.cancel.child_token(),
                initiator: None,
                events: None,
            };
            let (job, mapping) = tokio::task::block_in_place(|| assemble(&online.config, &process_env, assembly))?;
            let initial = starts_anew(&job, &mapping)?;
            let request = CycleRequest { initial, dry_run: true, ..CycleRequest::default() };
            let report = cycle::run(&job, &request).await?;
            online.close().await?;
            report
        }
    };
    if let Some(fatal) = report.fatal {
        return match signals.exit() {
            Some(exit) => Ok(exit),
            None => Err(fatal.into()),
        };
    }
    if report.cycle.state == CycleState::Stopped {
        return Ok(signals.exit().unwrap_or(Exit::Interrupted));
    }
    let rows = with_held_ids(&access.store, report.operations.clone())?;
    if ctx.json {
        for operation in &rows {
            out_json(&operation_json(operation))?;
        }
    } else {
        let waiting = access.store.read(retries::count)?;
        print(&with_names(&access.store, rows)?, &report, waiting.0 + waiting.1)?;
    }
    Ok(Exit::Done)
}

/// Operations that are held already are shown under the id by which they can be released.
pub(super) fn with_held_ids(store: &Store, mut rows: Vec<Operation>) -> Result<Vec<Operation>, CliError> {
    let held = store.read(operations::held)?;
    for row in rows.iter_mut().filter(|r| r.state == OperationState::Held) {
        let known = held.iter().find(|h| {
            h.object_type == row.object_type
                && h.source_id == row.source_id
                && h.verb == row.verb
                && h.references == row.references
        });
        if let Some(known) = known {
            row.id.clone_from(&known.id);
        }
    }
    // What is held from an earlier cycle and is not in this plan was held for a read that now succeeded, or waits for
    // the next cycle to drop it; what this plan holds anew is stored, so that it can be decided about at once.
    let fresh: Vec<Operation> = rows
        .iter()
        .filter(|r| r.state == OperationState::Held && !held.iter().any(|h| h.id == r.id))
        .cloned()
        .collect();
    if !fresh.is_empty() {
        store.write_blocking(move |c| {
            for operation in &fresh {
                operations::hold(c, operation)?;
            }
            Ok(())
        })?;
    }
    Ok(rows)
}

/// One operation as `plan --json` prints it.
fn operation_json(operation: &Operation) -> Value {
    json!({
        "operation": operation.verb,
        "object_type": operation.object_type,
        "source_id": operation.source_id,
        "target_id": operation.target_id,
        "name": operation.name,
        "state": operation.state,
        "reason": operation.held_reason.as_ref().unwrap_or(&operation.reason),
        "changes": operation.changes,
        "id": operation.id,
    })
}

/// For people: members that go are named, as those that come are. Whoever the store does not know keeps the id.
fn with_names(store: &Store, mut rows: Vec<Operation>) -> Result<Vec<Operation>, CliError> {
    let reader = store.reader()?;
    for row in rows.iter_mut().filter(|row| row.verb == Verb::RemoveMembers) {
        for change in row.changes.iter_mut().filter(|change| change.attribute == "members") {
            let Some(ids) = change.old.as_array_mut() else { continue };
            for id in ids {
                let Some(text) = id.as_str() else { continue };
                let name = match mirror::user(&reader, text)? {
                    Some(user) => Some(user.name().to_owned()),
                    None => mirror::group(&reader, text)?.map(|group| group.name().to_owned()),
                };
                if let Some(name) = name {
                    *id = Value::from(name);
                }
            }
        }
    }
    Ok(rows)
}

fn print(rows: &[Operation], report: &CycleReport, waiting: u64) -> Result<(), CliError> {
    let line = |text: &str| out_line(&show(text));
    if rows.is_empty() && waiting == 0 {
        line("nothing to do: the app holds what the directory says")?;
    } else if rows.is_empty() {
        line("nothing to do now")?;
    }
    let mut verbs: Vec<(String, usize)> = Vec::new();
    let mut last = String::new();
    for operation in rows {
        let title = title_of(operation);
        if title != last {
            let n = rows.iter().filter(|o| o.verb == operation.verb && o.object_type == operation.object_type).count();
            if !last.is_empty() {
                line("")?;
            }
            line(&format!("{title}  ({n})"))?;
            verbs.push((title.clone(), n));
            last = title;
        }
        let mark = match operation.state {
            OperationState::Held => "‖ held  ",
            OperationState::Rejected => "✗ rejected  ",
            _ => "",
        };
        let reason = operation.held_reason.as_ref().unwrap_or(&operation.reason);
        line(&format!("  {mark}{}  {reason}", operation.name))?;
        if operation.state == OperationState::Held {
            line(&format!("      id {}", operation.id))?;
        }
        for change in &operation.changes {
            line(&format!("      {}", report::change_words(change)))?;
        }
    }
    if !verbs.is_empty() {
        line("")?;
        let mut table = Table::new().column("", Align::Right, 0).column("", Align::Left, 0);
        for (title, n) in &verbs {
            table.row([n.to_string(), title.clone()]);
        }
        for row in table.lines() {
            line(&format!("  {row}"))?;
        }
    }
    let failing: Vec<_> = report.notes.iter().filter(|n| n.failed).collect();
    if !failing.is_empty() {
        line("")?;
        line(&format!("cannot be provisioned  ({})", failing.len()))?;
        for note in failing {
            line(&format!("  {}  {}: {}", note.subject.name, note.code, note.reason))?;
        }
    }
    if waiting > 0 {
        line("")?;
        line(&format!("{waiting} objects failed before and wait for their next attempt: heeler log --status failure"))?;
    }
    for (collection, why) in &report.unread {
        line(&format!("not read to the end: the {} of the directory ({why})", collection.as_str()))?;
    }
    if rows.iter().any(|o| o.state == OperationState::Held) {
        line("")?;
        line(
            "`heeler plan release ID…` lets held operations happen in the next cycle, `heeler plan reject ID…` drops them",
        )?;
    }
    Ok(())
}

/// `disable users`, `add members to groups`, `set manager of users`
fn title_of(operation: &Operation) -> String {
    let plural = match operation.object_type {
        ObjectType::User => "users",
        ObjectType::Group => "groups",
    };
    let between = match operation.verb {
        Verb::SetManager => " of",
        Verb::AddMembers => " to",
        Verb::RemoveMembers => " from",
        _ => "",
    };
    format!("{}{between} {plural}", operation.verb)
}

/// `heeler plan release|reject ID…`; without ids everything that is held.
fn decide(ctx: &Ctx, ids: &[String], release: bool) -> Outcome {
    let access = Access::open(ctx)?;
    let held = access.store.read(operations::held)?;
    let chosen: Vec<String> = if ids.is_empty() {
        held.iter().map(|o| o.id.clone()).collect()
    } else {
        // An id may be shortened as long as it fits one.
        let mut chosen = Vec::new();
        for id in ids {
            let fitting: Vec<&Operation> =
                held.iter().filter(|o| o.id.starts_with(id.as_str()) || o.source_id == *id).collect();
            match fitting.as_slice() {
                [one] => chosen.push(one.id.clone()),
                [] => {
                    return Err(CliError::new(Exit::Usage, format!("no held operation has the id {id}"))
                        .advise("`heeler plan` lists what is held"));
                }
                several => {
                    return Err(CliError::new(
                        Exit::Usage,
                        format!("{} held operations begin with {id}; give more of the id", several.len()),
                    ));
                }
            }
        }
        chosen
    };
    let decided = decide_ids(&access.store, chosen, release)?;
    for operation in &decided {
        if ctx.json {
            out_json(&operation_json(operation))?;
        } else {
            let what = if release { "will happen in the next cycle" } else { "is dropped" };
            out_line(&show(&format!("{} {}: {what}", operation.verb, operation.name)))?;
        }
    }
    if decided.is_empty() && !ctx.json {
        out_line(&show("nothing is held"))?;
    }
    Ok(Exit::Done)
}

/// Releases or rejects held operations by their ids, and writes down who did.
pub(super) fn decide_ids(store: &Store, ids: Vec<String>, release: bool) -> Result<Vec<Operation>, CliError> {
    let who = std::env::var("USER").unwrap_or_else(|_| "unknown".into());
    let decided = store.write_blocking(move |c| {
        let mut decided = Vec::new();
        for id in &ids {
            let operation = if release { operations::release(c, id, &who)? } else { operations::reject(c, id, &who)? };
            let what = if release { "Release held operation" } else { "Reject held operation" };
            audit::append(c, &who, what, &operation_json(&operation))?;
            decided.push(operation);
        }
        // Everything is decided: the next cycle comes at its usual time and shows that the job is healthy (E11.7).
        let tripped = job_table::quarantine(c)?.is_some_and(|q| q.reason == "TooManyDeletes");
        if tripped && operations::held(c)?.is_empty() {
            job_table::set_quarantine(c, None)?;
        }
        Ok(decided)
    })?;
    Ok(decided)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, UserChange};

    fn operation(verb: Verb, object_type: ObjectType, changes: Vec<Change>) -> Operation {
        Operation {
            id: String::new(),
            cycle_id: String::new(),
            verb,
            object_type,
            source_id: String::new(),
            target_id: None,
            name: String::new(),
            reason: String::new(),
            changes,
            references: Vec::new(),
            state: OperationState::Planned,
            held_reason: None,
        }
    }

    #[test]
    fn titles_are_english() {
        let title = |verb, object_type| title_of(&operation(verb, object_type, Vec::new()));
        assert_eq!(title(Verb::Disable, ObjectType::User), "disable users");
        assert_eq!(title(Verb::SetManager, ObjectType::User), "set manager of users");
        assert_eq!(title(Verb::AddMembers, ObjectType::Group), "add members to groups");
        assert_eq!(title(Verb::RemoveMembers, ObjectType::Group), "remove members from groups");
    }

    #[test]
    fn members_that_go_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("job.sqlite")).unwrap();
        let properties = json!({ "displayName": "Ada" }).as_object().unwrap().clone();
        let ada = UserChange { id: "u1".into(), properties, ..UserChange::default() };
        store.write_blocking(move |c| mirror::apply_user(c, &ada, mirror::INCREMENTAL)).unwrap();
        let change = Change { attribute: "members".into(), old: json!(["u1", "u2"]), new: json!([]) };
        let rows = vec![operation(Verb::RemoveMembers, ObjectType::Group, vec![change])];
        assert_eq!(with_names(&store, rows).unwrap()[0].changes[0].old, json!(["Ada", "u2"]));
    }
}
