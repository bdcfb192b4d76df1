//! `heeler run`: all jobs that are on, until stopped. And bare `heeler` on the sandbox.

use super::access::Access;
use super::hand::{self, InHand};
use super::keep::{Watcher, keep};
use super::report::{self, Detail};
use super::signals::Signals;
use super::{Chosen, CliError, Ctx, Exit, Outcome, status};
use crate::config::{JobConfig, edit};
use crate::engine::{self, Stop};
use crate::store::lease::Holder;
use crate::store::{Store, job as job_table};
use crate::sync::cycle::CycleReport;
use crate::text::{err_line, out_json, out_line, show};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a console calls itself where it holds a job.
pub(super) const CONSOLE: &str = "heeler";

/// How often it is looked whether a console was closed.
const LOOK: Duration = Duration::from_millis(500);

async fn take(access: &Access, signals: &Signals, detail: Detail) -> Result<Result<InHand, Holder>, CliError> {
    hand::take(access, "heeler run", &signals.cancel, detail, access.is_sandbox()).await
}

/// `heeler run`: every job that is on, each under its own lease. One that a console runs is waited for; one that
/// another `heeler run` has is an error (exit 4).
pub(super) async fn run(ctx: &Ctx) -> Outcome {
    let signals = Signals::watch();
    let detail = Detail::choose(ctx.json, ctx.plain);
    let (mut taken, mut waiting) = (Vec::new(), Vec::new());
    for chosen in status::jobs(ctx)? {
        let access = Access::of(ctx, chosen)?;
        if !access.enabled()? {
            if ctx.job.is_some() || !ctx.json {
                err_line(&show(&format!("{}: provisioning is off; `heeler start` turns it on", access.name)));
            }
            continue;
        }
        match take(&access, &signals, detail).await? {
            Ok(hand) => taken.push((access, hand)),
            // Whoever only looked took the job over when the service stopped; the service comes back.
            Err(holder) if holder.command == CONSOLE => {
                err_line(&show(&format!(
                    "{}: a console runs it (pid {} on {}); this process goes on when it is closed",
                    access.name, holder.pid, holder.host
                )));
                waiting.push(access);
            }
            Err(holder) => {
                for (_, hand) in taken {
                    hand.close().await?;
                }
                return Err(CliError::new(
                    Exit::Held,
                    format!(
                        "another process runs {}: {} (pid {} on {})",
                        access.name, holder.command, holder.pid, holder.host
                    ),
                )
                .advise("stop it, or use `heeler sync`, which hands the work to it"));
            }
        }
    }
    if taken.is_empty() && waiting.is_empty() {
        return Err(CliError::new(Exit::Usage, "no job is on").advise("`heeler start` turns one on"));
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (access, hand) in taken {
        let (json, signals) = (ctx.json, signals.clone());
        let profile = ctx.profile.as_ref().map(|p| p.path.clone());
        tasks.spawn(async move { serve(access, hand, profile, json, false, signals).await });
    }
    for access in waiting {
        let (json, signals) = (ctx.json, signals.clone());
        let profile = ctx.profile.as_ref().map(|p| p.path.clone());
        tasks.spawn(async move {
            while !signals.cancel.is_cancelled() {
                // What the configuration says by then counts, not what it said at the start.
                if let Ok(hand) = take(&access, &signals, detail).await? {
                    return serve(access, hand, profile, json, false, signals).await;
                }
                tokio::select! {
                    () = signals.cancel.cancelled() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
            Ok(())
        });
    }
    let mut failed = None;
    while let Some(ended) = tasks.join_next().await {
        let outcome = ended.map_err(|e| CliError::new(Exit::Storage, format!("a job ended unexpectedly: {e}")))?;
        if let Err(error) = outcome {
            // One job in trouble does not end the others.
            error.print();
            failed.get_or_insert(error.exit);
        }
    }
    Ok(signals.exit().or(failed).unwrap_or(Exit::Done))
}

/// Prints what happens while a job runs.
struct Printer {
    json: bool,
}

impl Watcher for Printer {
    fn cycle(&mut self, access: &Access, hand: &InHand, report: &CycleReport) {
        let answer = engine::answer(&hand.engine, report, false);
        let printed = if self.json {
            out_json(&answer.result).map_err(CliError::from)
        } else {
            report::print_briefly(&access.store, &answer.result)
        };
        // Whoever closed the pipe does not want to know; the job goes on.
        drop(printed);
    }

    fn changed(&mut self, access: &Access, _config: &JobConfig) {
        err_line(&show(&format!("{}: goes on with the changed configuration", access.name)));
    }

    fn refused(&mut self, error: CliError) {
        error.print();
    }
}

/// Runs one job until it is stopped, and gives it back.
async fn serve(
    access: Access,
    mut hand: InHand,
    profile: Option<PathBuf>,
    json: bool,
    now: bool,
    signals: Signals,
) -> Result<(), CliError> {
    let served = keep(&access, &mut hand, profile.as_deref(), now, &mut Printer { json }).await;
    hand.close().await?;
    match served? {
        Stop::GivenUp => {
            disable(&access.store, profile.as_deref(), &access.name).await?;
            Err(given_up(&access.name))
        }
        Stop::Asked if signals.exit().is_none() => Err(taken_over(&access.name)),
        Stop::Asked | Stop::Changed => Ok(()),
    }
}

/// Four weeks of quarantine end a job.
pub(super) fn given_up(job: &str) -> CliError {
    CliError::new(Exit::Connection, format!("{job} was in quarantine for four weeks and is switched off (E10.50)"))
        .advise("`heeler test` shows what is wrong, `heeler restart` and `heeler start` turn it on again")
}

fn taken_over(job: &str) -> CliError {
    CliError::new(Exit::Held, format!("another process took {job} over"))
        .advise("this one was silent for too long, as after a suspend; `heeler status` shows who has it")
}

/// Switches a job off, where its status is kept: in the configuration, or in the store of the sandbox's job.
pub(super) async fn disable(store: &Store, profile: Option<&Path>, job: &str) -> Result<(), CliError> {
    match profile {
        Some(path) => edit::set_enabled(path, job, false)?,
        None => store.write(|c| job_table::set(c, job_table::ENABLED, "false")).await?,
    }
    Ok(())
}

/// Bare `heeler` without a configuration: the sandbox, its job on, the first cycle running. On a terminal it goes on
/// until stopped; elsewhere it ends after one cycle, with 0 if the cycle came to its end.
pub(super) async fn sandbox(ctx: &Ctx) -> Outcome {
    let signals = Signals::watch();
    let access = Access::of(ctx, Chosen::Sandbox)?;
    let terminal = std::io::stdout().is_terminal();
    let detail = if ctx.json {
        Detail::Quiet
    } else if terminal || ctx.plain {
        Detail::Objects
    } else {
        Detail::Progress
    };
    let hand = match hand::take(&access, "heeler", &signals.cancel, detail, terminal).await? {
        Ok(hand) => hand,
        Err(holder) => {
            return Err(CliError::new(
                Exit::Held,
                format!("another process runs the sandbox: {} (pid {} on {})", holder.command, holder.pid, holder.host),
            )
            .advise("`heeler log --follow` watches it; `heeler users` and `heeler explain` answer beside it"));
        }
    };
    if !ctx.json {
        out_line(&show(
            "This is the sandbox: a made-up Entra tenant and a Flock app on this machine. `heeler config example` prints a configuration for a real one.",
        ))?;
        out_line(&show(""))?;
    }
    if terminal {
        let json = ctx.json;
        serve(access, hand, None, json, true, signals.clone()).await?;
        return Ok(signals.exit().unwrap_or(Exit::Done));
    }
    let answer = engine::do_it(&hand.engine, &engine::Ask::Sync { initial: false }).await;
    hand.close().await?;
    let answer = answer?;
    if ctx.json {
        out_json(&answer.result)?;
    } else {
        report::print(&access.store, &answer.result)?;
        out_line(&show(""))?;
        out_line(&show("`heeler users ada`, `heeler log` and `heeler explain ada` answer from here on."))?;
    }
    // The sandbox makes some people fail on purpose: only a cycle that did not come to its end is a failure.
    Ok(match (signals.exit(), answer.exit_code) {
        (Some(exit), _) => exit,
        (None, 0 | 1 | 4) => Exit::Done,
        (None, code) => report::exit(code, None),
    })
}
