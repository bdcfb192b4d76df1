//! `heeler config check|example`

use super::{CliError, Ctx, Exit, Outcome};
use crate::config::{self, Env};
use crate::text::{out_json, out_line, show};
use serde_json::json;

/// `config example`: prints a complete, commented configuration.
pub(super) fn example() -> Outcome {
    for line in config::example().lines() {
        out_line(&show(line))?;
    }
    Ok(Exit::Done)
}

/// `config check`: one line per job, or what is wrong with it. The configuration itself was read before.
pub(super) fn check(ctx: &Ctx, env: Env<'_>) -> Outcome {
    let Some(profile) = &ctx.profile else {
        let place = ctx.folders.default_config_file.display();
        return Err(CliError::new(Exit::Usage, format!("there is no configuration: {place} is not there"))
            .advise("`heeler config example` prints one to start from; without one, Heeler works on its sandbox"));
    };
    if profile.jobs.is_empty() || ctx.job.is_some() {
        // Says that there is no job, or no such job.
        ctx.job()?;
    }
    let mut chosen = profile.clone();
    chosen.jobs.retain(|job| ctx.job.as_ref().is_none_or(|name| *name == job.name));
    let mut wrong = 0;
    for finding in config::check(&chosen, env) {
        wrong += finding.problems.len();
        if ctx.json {
            let problems: Vec<_> =
                finding.problems.iter().map(|(key, message)| json!({ "key": key, "message": message })).collect();
            out_json(&json!({ "job": finding.job, "ok": problems.is_empty(), "problems": problems }))?;
            continue;
        }
        if finding.problems.is_empty() {
            out_line(&show(&format!("{}: OK", finding.job)))?;
        }
        for (key, message) in &finding.problems {
            let mut lines = message.lines();
            out_line(&show(&format!("{}: {key}: {}", finding.job, lines.next().unwrap_or_default())))?;
            for line in lines {
                out_line(&show(&format!("  {line}")))?;
            }
        }
    }
    match wrong {
        0 => Ok(Exit::Done),
        1 => Err(CliError::new(Exit::Usage, format!("1 problem in {}", profile.path.display()))),
        n => Err(CliError::new(Exit::Usage, format!("{n} problems in {}", profile.path.display()))),
    }
}
