//! `heeler status`: the jobs, their state and last cycle. From the store alone.

use super::access::Access;
use super::report;
use super::{Chosen, CliError, Ctx, Exit, Outcome, listing};
use crate::engine;
use crate::model::{CycleState, ObjectType, Quarantine};
use crate::store::{cycles, job as job_table, links, mirror, operations, retries};
use crate::text::{out_json, out_line, pad_end, show};
use jiff::Timestamp;
use serde_json::{Value, json};

/// `heeler status`, and bare `heeler` with a configuration.
pub(super) fn run(ctx: &Ctx) -> Outcome {
    let mut first = true;
    for chosen in jobs(ctx)? {
        let access = Access::to_read(ctx, chosen)?;
        let status = of(&access)?;
        if ctx.json {
            out_json(&status)?;
            continue;
        }
        if !first {
            out_line(&show(""))?;
        }
        first = false;
        print(&status)?;
    }
    Ok(Exit::Done)
}

/// The job that was named, or all of them.
pub(super) fn jobs(ctx: &Ctx) -> Result<Vec<Chosen>, CliError> {
    match (&ctx.profile, &ctx.job) {
        (Some(profile), None) if !profile.jobs.is_empty() => {
            Ok(profile.jobs.iter().map(|job| Chosen::Configured(Box::new(job.clone()))).collect())
        }
        _ => Ok(vec![ctx.job()?]),
    }
}

/// The status of one job as JSON.
pub(super) fn of(access: &Access) -> Result<Value, CliError> {
    let config = access.config()?;
    let enabled = access.enabled()?;
    let holder = engine::holder(&access.store)?;
    let status = access.store.read(|c| {
        let cycle = cycles::latest(c)?;
        let quarantine = job_table::quarantine(c)?;
        let (users, groups) = mirror::counts(c)?;
        let (failures, references) = retries::count(c)?;
        // The names of E1.3, in the house's words.
        let state = match (&quarantine, enabled, &cycle) {
            (Some(_), _, _) => "quarantine",
            (None, false, None) => "not run",
            (None, false, Some(_)) => "paused",
            (None, true, None) => "not run",
            (None, true, Some(_)) => "active",
        };
        Ok(json!({
            "job": access.name,
            "state": state,
            "enabled": enabled,
            "environment": config.environment.as_deref().unwrap_or("prod"),
            "directory": job_table::organization(c)?.map(|o| o.display_name),
            "tenant_id": if access.is_sandbox() { Value::Null } else { Value::from(config.directory.tenant_id.as_str()) },
            "app": config.app.preset.as_str(),
            "tenant_url": if access.is_sandbox() { Value::Null } else { Value::from(config.app.tenant_url.as_str()) },
            "interval_s": config.interval.as_secs(),
            "holder": holder.map(|h| json!({ "command": h.command, "pid": h.pid, "host": h.host })),
            "users": users,
            "groups": groups,
            "linked_users": links::count(c, ObjectType::User)?,
            "linked_groups": links::count(c, ObjectType::Group)?,
            "waiting_retries": failures + references,
            "held": operations::held(c)?.len(),
            "quarantine": quarantine.map(to_milliseconds),
            "last_cycle": cycle,
        }))
    })?;
    Ok(status)
}

/// Nobody needs the nanoseconds of a clock.
fn to_milliseconds(quarantine: Quarantine) -> Quarantine {
    let cut = |at: String| at.parse::<Timestamp>().map_or(at, |at| format!("{at:.3}"));
    Quarantine {
        series_began: cut(quarantine.series_began),
        current_began: cut(quarantine.current_began),
        next_attempt: cut(quarantine.next_attempt),
        ..quarantine
    }
}

/// An instant to the second, for people.
fn second(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn print(status: &Value) -> Result<(), CliError> {
    let text = |pointer: &str| match status.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let line = |label: &str, value: &str| listing::wrapped(&format!("  {}{value}", pad_end(label, 12)), 14);
    out_line(&show(&format!("{}  {}", text("/job"), text("/environment"))))?;
    let running = match text("/holder/pid") {
        pid if pid.is_empty() => String::new(),
        pid => format!(", in the hands of {} (pid {pid})", text("/holder/command")),
    };
    let on = if text("/enabled") == "true" { "on" } else { "off" };
    line("state", &format!("{} (provisioning is {on}){running}", text("/state")))?;
    // What the tenant is called is known once it was asked; until then its id tells it from others.
    let directory = match (text("/directory"), text("/tenant_id")) {
        (name, id) if name.is_empty() && id.is_empty() => "the sandbox's directory".to_owned(),
        (name, id) if name.is_empty() => id,
        (name, _) => name,
    };
    let app = match text("/tenant_url") {
        url if url.is_empty() => text("/app"),
        url => format!("{} at {url}", text("/app")),
    };
    line("from, to", &format!("{directory} → {app}"))?;
    line(
        "mirror",
        &format!(
            "{} users, {} groups; {} users and {} groups linked",
            text("/users"),
            text("/groups"),
            text("/linked_users"),
            text("/linked_groups")
        ),
    )?;
    if let Some(cycle) = status.get("last_cycle").filter(|c| !c.is_null()) {
        let count = |key: &str| cycle.pointer(&format!("/counts/{key}")).and_then(Value::as_u64).unwrap_or(0);
        let state = cycle.get("state").and_then(Value::as_str).unwrap_or_default();
        let took = if state == CycleState::Running.as_str() {
            String::new()
        } else {
            format!(", took {}", report::seconds(cycle.get("duration_ms").and_then(Value::as_u64).unwrap_or(0)))
        };
        line(
            "last cycle",
            &format!("{} {state} at {}{took}", text("/last_cycle/kind"), second(&text("/last_cycle/started_at"))),
        )?;
        let parts: Vec<String> = ["created", "updated", "enabled", "disabled", "deleted", "skipped", "failed", "held"]
            .iter()
            .filter(|key| count(key) > 0)
            .map(|key| format!("{} {key}", count(key)))
            .collect();
        line("", if parts.is_empty() { "no changes".into() } else { parts.join(", ") }.as_str())?;
        if let Some(error) = cycle.get("error").and_then(Value::as_str) {
            line("", error)?;
        }
    } else {
        line("last cycle", "none yet")?;
    }
    if text("/held") != "0" {
        line("held", &format!("{} operations wait for a decision: heeler plan", text("/held")))?;
    }
    if text("/waiting_retries") != "0" {
        line("retries", &format!("{} objects wait: heeler log --status failure", text("/waiting_retries")))?;
    }
    if status.get("quarantine").is_some_and(|q| !q.is_null()) {
        line(
            "quarantine",
            &format!("{} since {}", text("/quarantine/reason"), second(&text("/quarantine/series_began"))),
        )?;
        line("", &text("/quarantine/error"))?;
        line(
            "",
            &format!("next attempt {}; `heeler restart` tries at once", second(&text("/quarantine/next_attempt"))),
        )?;
    }
    Ok(())
}
