//! `heeler sync`, `heeler restart` and `heeler provision`: one thing now, whatever the status of the job.

use super::access::Access;
use super::report::{self, Detail};
use super::signals::Signals;
use super::{CliError, Ctx, Exit, Outcome, hand, resolve};
use crate::engine::Ask;
use crate::model::{LogEntry, LogStatus, ObjectType, Operation};
use crate::text::{Policy, err_line, out_json, out_line, show, show_with};
use serde_json::Value;

/// `heeler sync [--initial]`
pub(super) async fn sync(ctx: &Ctx, initial: bool) -> Outcome {
    let signals = Signals::watch();
    let access = Access::open(ctx)?;
    let detail = Detail::choose(ctx.json, ctx.plain);
    let answer = hand::carry_out(&access, &Ask::Sync { initial }, "heeler sync", &signals, detail).await?;
    if ctx.json {
        out_json(&without(&answer.result, &["unread"]))?;
        if let Some(error) = answer.result.get("error").and_then(Value::as_str) {
            err_line(&show_with(&format!("error: {error}"), Policy::Lines));
        }
    } else {
        report::print(&access.store, &answer.result)?;
    }
    Ok(report::exit(answer.exit_code, signals.exit()))
}

/// The result as the contract has it: what only the report needs is left out.
fn without(result: &Value, keys: &[&str]) -> Value {
    let mut result = result.clone();
    if let Some(map) = result.as_object_mut() {
        for key in keys {
            map.remove(*key);
        }
    }
    result
}

/// `heeler restart [--full]`
pub(super) async fn restart(ctx: &Ctx, full: bool) -> Outcome {
    let signals = Signals::watch();
    let access = Access::open(ctx)?;
    let name = access.name.clone();
    // Nothing has to be running for it: with nobody holding the job the store is told directly.
    if crate::engine::holder(&access.store)?.is_none() {
        crate::engine::restart(&access.store, full, std::env::var("USER").ok()).await?;
    } else {
        hand::carry_out(&access, &Ask::Restart { full }, "heeler restart", &signals, Detail::Quiet).await?;
    }
    if ctx.json {
        out_json(&serde_json::json!({ "job": name, "restarted": true, "full": full }))?;
    } else {
        let what = if full { "; links were forgotten, accounts will be matched again" } else { "" };
        out_line(&show(&format!("{name}: the next cycle is an initial one{what}")))?;
    }
    Ok(Exit::Done)
}

/// `heeler provision USER|GROUP [--dry-run]`
pub(super) async fn provision(ctx: &Ctx, text: &str, dry_run: bool) -> Outcome {
    let signals = Signals::watch();
    let access = Access::open(ctx)?;
    let object = match resolve::resolve_known(&access.store, resolve::ANY, text)? {
        Some(object) => object,
        // A name that was never read may be new in the directory.
        None => {
            let online = access.reach().await?;
            let found = match online.clients() {
                Ok((graph, _)) => resolve::resolve_online(&access.store, &graph, resolve::ANY, text).await,
                Err(error) => Err(error),
            };
            online.close().await?;
            found?
        }
    };
    if object.object_type == ObjectType::Group && !access.config()?.groups {
        return Err(CliError::new(
            Exit::Usage,
            format!("{} is a group, and {} has groups = false", object.name, access.name),
        )
        .advise("set groups = true in the configuration to provision group objects and their members"));
    }
    let ask = Ask::Provision { object_type: object.object_type, id: object.id.clone(), dry_run, skip: Vec::new() };
    let answer = hand::carry_out(&access, &ask, "heeler provision", &signals, Detail::Quiet).await?;
    if ctx.json {
        out_json(&answer.result)?;
    } else {
        print(&object.name, &answer.result, dry_run)?;
    }
    Ok(report::exit(answer.exit_code, signals.exit()))
}

fn print(name: &str, result: &Value, dry_run: bool) -> Result<(), super::CliError> {
    let line = |text: &str| out_line(&show(text));
    let operations: Vec<Operation> =
        result.get("operations").and_then(|o| serde_json::from_value(o.clone()).ok()).unwrap_or_default();
    let notes = result.get("notes").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(error) = result.get("error").and_then(Value::as_str) {
        line(&format!("{name}: {error}"))?;
    }
    for operation in &operations {
        let how = if dry_run { "would ".to_owned() } else { String::new() };
        let state = if dry_run { String::new() } else { format!(" · {}", operation.state.as_str()) };
        line(&format!("{}: {how}{} ({}){state}", operation.name, operation.verb, operation.reason))?;
        if let Some(why) = &operation.held_reason {
            line(&format!("  held: {why}"))?;
        }
        for change in &operation.changes {
            line(&format!("  {}", report::change_words(change)))?;
        }
    }
    let entries: Vec<LogEntry> =
        result.get("log").and_then(|l| serde_json::from_value(l.clone()).ok()).unwrap_or_default();
    for entry in &entries {
        let info = &entry.provisioning_status_info;
        let Some(error) = info.error_information.as_ref().filter(|_| info.status != LogStatus::Skipped) else {
            continue;
        };
        line(&format!("{}: {} ({})", info.status.as_str(), error.reason, error.error_code))?;
        if let Some(advice) = &error.recommended_action {
            line(&format!("  {advice}"))?;
        }
    }
    for note in notes.iter().filter(|n| n.get("failed") != Some(&Value::Bool(true))) {
        let text = |key: &str| note.get(key).and_then(Value::as_str).unwrap_or_default();
        line(&format!("{}: {} ({})", text("name"), text("reason"), text("code")))?;
    }
    if operations.is_empty() && notes.is_empty() && result.get("error").is_none() {
        line(&format!("{name}: nothing to do"))?;
    }
    Ok(())
}
