//! `heeler start|stop`: turns provisioning on, after a test of the connection, and off.

use super::access::Access;
use super::{Chosen, CliError, Ctx, Exit, Outcome, test};
use crate::config::edit;
use crate::store::{audit, job as job_table};
use crate::text::{out_json, out_line, show};
use serde_json::json;

/// `heeler start`: on, if the connection test says yes (E2.11).
pub(super) async fn start(ctx: &Ctx) -> Outcome {
    let access = Access::open(ctx)?;
    let online = access.reach().await?;
    let tested = online.test().await;
    online.close().await?;
    let tested = tested?;
    if !tested.ok {
        if ctx.json {
            out_json(&tested)?;
        } else {
            test::print(&tested)?;
        }
        return Err(CliError::new(Exit::Connection, format!("{} stays off: the connection test failed", access.name))
            .advise("`heeler test` tries it again"));
    }
    set(ctx, &access, true)
}

/// `heeler stop`: off. A cycle that runs goes on to its end (E4.13).
pub(super) fn stop(ctx: &Ctx) -> Outcome {
    let access = Access::open(ctx)?;
    set(ctx, &access, false)
}

fn set(ctx: &Ctx, access: &Access, on: bool) -> Outcome {
    match (&ctx.profile, ctx.job()?) {
        (Some(profile), Chosen::Configured(job)) => edit::set_enabled(&profile.path, &job.name, on)?,
        _ => access
            .store
            .write_blocking(move |c| job_table::set(c, job_table::ENABLED, if on { "true" } else { "false" }))?,
    }
    let who = std::env::var("USER").unwrap_or_else(|_| "unknown".into());
    let what = if on { "Enable/start provisioning configuration" } else { "Disable/pause provisioning configuration" };
    let name = access.name.clone();
    access.store.write_blocking(move |c| audit::append(c, &who, what, &json!({ "job": name })).map(drop))?;
    if ctx.json {
        out_json(&json!({ "job": access.name, "enabled": on }))?;
    } else if on {
        out_line(&show(&format!("{}: provisioning is on; `heeler run` runs it", access.name)))?;
    } else {
        out_line(&show(&format!("{}: provisioning is off; a cycle that runs goes on to its end", access.name)))?;
    }
    Ok(Exit::Done)
}
