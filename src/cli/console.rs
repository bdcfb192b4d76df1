//! `heeler` in a terminal: the console, on the sandbox without a configuration, on the configured jobs with one.

mod card;
mod desk;
mod follow;
mod keeper;

use super::access::Access;
use super::signals::Signals;
use super::{Chosen, CliError, Ctx, Exit, Outcome};
use crate::config::{JobConfig, process_env};
use crate::console::app::{self, Left, Opening};
use crate::console::query::Facts;
use crate::console::style::{Look, Wishes, choose};
use crate::console::terminal::{Inputs, Screen};
use crate::engine;
use crate::text::{Shown, show};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc::unbounded_channel;

/// Whether the console can be opened here: both ends are a terminal that can do more than print lines.
pub(super) fn fits(ctx: &Ctx) -> bool {
    let plain = std::env::var_os("HEELER_PLAIN").is_some_and(|v| !v.is_empty() && v != "0");
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    !ctx.json && !ctx.plain && !plain && !dumb && std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// The job to open with: the one that was named, else the only one, else the first.
fn chosen(ctx: &Ctx, name: Option<&str>) -> Result<Chosen, CliError> {
    let named = Ctx { job: name.map(str::to_owned).or_else(|| ctx.job.clone()), ..ctx.clone() };
    match (&named.profile, &named.job) {
        (Some(profile), None) => match profile.jobs.first() {
            Some(job) => Ok(Chosen::Configured(Box::new(job.clone()))),
            None => named.job(),
        },
        _ => named.job(),
    }
}

/// What queries may know about a job.
fn facts(access: &Access, config: JobConfig) -> Result<Facts, CliError> {
    let (rules, _) = engine::rules_of(&config)?;
    let scope = engine::scope_rules(&config);
    Ok(Facts { rules, scope, database: access.store.path().to_owned(), config })
}

/// Opens the console and runs it until it is left. The job runs beside it, unless another process has it.
pub(super) async fn open(ctx: &Ctx) -> Outcome {
    let signals = Signals::watch();
    let themes = themes(ctx);
    let wishes = Wishes { flag: ctx.theme.as_deref(), config: None, folder: themes.as_deref() };
    let (look, trouble) = choose(&wishes, &process_env);
    let mut troubles: Vec<Shown> = trouble.iter().map(|words| show(words)).collect();
    // What can be wrong with the job is said before the terminal is taken.
    let mut access = Arc::new(Access::of(ctx, chosen(ctx, None)?)?);
    facts(&access, access.config()?)?;
    let gone = |error: std::io::Error| {
        CliError::new(Exit::Storage, format!("the terminal cannot be used: {error}"))
            .advise("`heeler --plain` prints lines instead")
    };
    let mut screen = Screen::enter().map_err(gone)?;
    let mut inputs = Inputs::of(&screen.switch(), signals.cancel.clone()).map_err(gone)?;
    let requests = desk::Requests::default();
    loop {
        let left = one_job(
            ctx,
            &access,
            &look,
            themes.clone(),
            std::mem::take(&mut troubles),
            &signals,
            &requests,
            &mut screen,
            &mut inputs,
        )
        .await;
        if !matches!(left, Ok(Left::Job(_))) {
            screen.leave();
            requests.end().await;
        }
        match left {
            Ok(Left::Job(name)) => {
                let next = chosen(ctx, Some(&name)).and_then(|chosen| Access::of(ctx, chosen));
                match next {
                    Ok(next) => access = Arc::new(next),
                    Err(error) => troubles.push(show(&error.to_string())),
                }
            }
            Ok(Left::Quit) => return Ok(Exit::Done),
            Ok(Left::Ended) => return Ok(signals.exit().unwrap_or(Exit::Terminated)),
            Err(error) => return Err(error),
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "what one screen shares between jobs, given once")]
async fn one_job(
    ctx: &Ctx,
    access: &Arc<Access>,
    look: &Look,
    themes: Option<PathBuf>,
    troubles: Vec<Shown>,
    signals: &Signals,
    requests: &desk::Requests,
    screen: &mut Screen,
    inputs: &mut Inputs,
) -> Result<Left, CliError> {
    let config = access.config()?;
    let card = card::of(ctx, access, &config);
    let facts = Arc::new(facts(access, config)?);
    let (sender, events) = unbounded_channel();
    let stop = signals.cancel.child_token();
    let profile = ctx.profile.as_ref().map(|p| p.path.clone());
    let known = follow::Known::default();
    let keeper = tokio::spawn(keeper::keep_running(keeper::Keeper {
        access: Arc::clone(access),
        profile: profile.clone(),
        known: known.clone(),
        stop: stop.clone(),
        sender: sender.clone(),
    }));
    let following =
        follow::follow(ctx.clone(), Arc::clone(access), profile.clone(), known.clone(), stop.clone(), sender.clone());
    let follower = tokio::spawn(following);
    let desk = Arc::new(desk::JobDesk::new(ctx, access, profile, signals, requests, &known));
    let opening = Opening {
        store: access.store.clone(),
        facts,
        card,
        look: look.clone(),
        themes,
        troubles,
        desk,
        sender,
        events,
    };
    let left = app::run(opening, screen, inputs).await;
    if !matches!(left, Ok(Left::Job(_))) {
        // The person sees the shell at once; the job ends its requests behind it.
        screen.leave();
    }
    stop.cancel();
    let ended = keeper.await;
    // It ends with `stop`, and has nothing to give back.
    drop(follower.await);
    let left = match left {
        // The window was closed: the signal that says so may come later than what it breaks.
        Err(error) if hung_up(&error) => Ok(Left::Ended),
        left => left.map_err(|error| CliError::new(Exit::Storage, format!("the terminal is gone: {error}"))),
    };
    match ended {
        Ok(outcome) => left.and_then(|left| outcome.map(|()| left)),
        Err(error) => {
            left.and_then(|_| Err(CliError::new(Exit::Storage, format!("the job ended unexpectedly: {error}"))))
        }
    }
}

/// Whether the error is that of a terminal whose other end is gone.
fn hung_up(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    let gone = [Errno::IO, Errno::NXIO, Errno::NOTTY, Errno::PIPE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| gone.contains(&code))
}

/// Folder of the person's own themes: beside the configuration file, whether there is one or not.
fn themes(ctx: &Ctx) -> Option<PathBuf> {
    let file = ctx.profile.as_ref().map_or(&ctx.folders.default_config_file, |profile| &profile.path);
    Some(file.parent()?.join("themes"))
}
