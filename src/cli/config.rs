//! `heeler config check|example`

use super::{CliError, Ctx, Exit, Outcome};
use crate::config::{self, Env, JobConfig};
use crate::engine;
use crate::store::Store;
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
    for (mut finding, job) in config::check(&chosen, env).into_iter().zip(&chosen.jobs) {
        let mut notes = Vec::new();
        match mapping(&with_saved_mapping(ctx, job)) {
            Ok(warnings) => notes = warnings,
            Err(message) => finding.problems.push(("mapping".to_owned(), message)),
        }
        wrong += finding.problems.len();
        if ctx.json {
            let problems: Vec<_> =
                finding.problems.iter().map(|(key, message)| json!({ "key": key, "message": message })).collect();
            out_json(&json!({ "job": finding.job, "ok": problems.is_empty(), "problems": problems, "notes": notes }))?;
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
        for note in &notes {
            out_line(&show(&format!("{}: note: mapping: {note}", finding.job)))?;
        }
    }
    match wrong {
        0 => Ok(Exit::Done),
        1 => Err(CliError::new(Exit::Usage, format!("1 problem in {}", profile.path.display()))),
        n => Err(CliError::new(Exit::Usage, format!("{n} problems in {}", profile.path.display()))),
    }
}

/// The job with the mapping that was saved last, where there is a database; a check makes none.
fn with_saved_mapping(ctx: &Ctx, job: &JobConfig) -> JobConfig {
    let mut job = job.clone();
    let store = Store::file_of(&ctx.folders.data_dir, &job.name).and_then(|path| Store::open_read_only(&path));
    if let Ok(Ok(saved)) = store.map(|store| store.read(|c| engine::saved_mapping(c, &job))) {
        job.saved_mapping = saved;
    }
    job
}

/// Compiles the mapping as every cycle does: its warnings, or why a cycle would refuse it.
fn mapping(job: &JobConfig) -> Result<Vec<String>, String> {
    let (rules, _) = engine::rules_of(job).map_err(|error| error.to_string())?;
    let groups = if job.groups { rules.groups.mapping.warnings.as_slice() } else { &[] };
    Ok(rules.users.mapping.warnings.iter().chain(groups).map(ToString::to_string).collect())
}

/// What `config check --json` prints when the configuration itself cannot be read; the picture goes to standard error.
pub(super) fn unreadable(error: &CliError) -> Result<(), CliError> {
    let message = error.message.lines().next().unwrap_or_default();
    out_json(&json!({ "ok": false, "problems": [{ "key": null, "message": message }] }))?;
    Ok(())
}
