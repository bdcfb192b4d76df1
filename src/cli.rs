//! The command line: one file per command.

mod access;
pub mod args;
mod assign;
mod caret;
mod completions;
mod config;
mod console;
mod context;
mod error;
mod eval;
mod explain;
mod groups;
mod hand;
mod keep;
mod keys;
mod lines;
mod listing;
mod log;
mod mapping;
mod mapping_args;
mod plan;
mod report;
mod resolve;
mod run;
mod sandbox;
mod scope;
mod secret;
mod setup;
mod signals;
mod status;
mod switch;
mod sync;
mod test;
mod users;

pub use context::{Chosen, Ctx, SANDBOX_JOB};
pub use error::{CliError, Exit};

use crate::config::{Env, Folders, process_env};
use crate::text::{Policy, err_line, out_line, show_with};
use args::{Cli, Command, ConfigCommand, SandboxCommand, SecretCommand};
use clap::Parser;
use clap::error::ErrorKind;
use std::process::ExitCode;

/// What a command returns.
pub type Outcome = Result<Exit, CliError>;

/// Parses the command line of this process, runs the command, prints its error.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // Only one provider can be installed; when a caller already did, theirs is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let exit = match run(cli, &process_env) {
        Ok(exit) => exit,
        Err(error) => {
            error.print();
            error.exit
        }
    };
    exit.into()
}

/// Help and version go to standard output and are no error; everything else is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let text = show_with(text.trim_end(), Policy::Lines);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = out_line(&text);
            Exit::Done.into()
        }
        _ => {
            err_line(&text);
            Exit::Usage.into()
        }
    }
}

/// Runs a parsed command line. The runtime lives as long as the command.
///
/// # Errors
/// What the command could not do, with the exit code that says so.
pub fn run(cli: Cli, env: Env<'_>) -> Outcome {
    // These answer before any folder is looked for: they help exactly when the configuration is broken.
    match &cli.command {
        Some(Command::Completions { shell }) => return completions::run(*shell),
        Some(Command::Config { command: ConfigCommand::Example }) => return config::example(),
        Some(Command::Scope) => return scope::run(),
        Some(Command::Eval(args)) => match &args.expression {
            None => return eval::answer_lines(),
            Some(text) if args.user.is_none() && !args.all => return eval::run(None, cli.global.json, text, args),
            Some(_) => {}
        },
        _ => {}
    }
    let global = cli.global;
    let folders = match &cli.command {
        // These work without a configuration: a missing or broken one is none of their business.
        Some(Command::Sandbox { .. } | Command::Secret { .. }) => {
            let elsewhere = |name: &str| if name == "HEELER_CONFIG" { None } else { env(name) };
            let folders = Folders::locate(None, global.data_dir.clone(), &elsewhere)?;
            Folders { config_file: None, ..folders }
        }
        _ => Folders::locate(global.config.clone(), global.data_dir.clone(), env)?,
    };
    if let Some(Command::Secret { command: SecretCommand::Set { name } }) = &cli.command {
        return secret::set(&folders, name);
    }
    if let Some(Command::Config { command: ConfigCommand::Check }) = &cli.command {
        let json = global.json;
        return match Ctx::load(folders, global) {
            Ok(ctx) => config::check(&ctx, env),
            Err(error) if json => config::unreadable(&error).and(Err(error)),
            Err(error) => Err(error),
        };
    }
    let ctx = Ctx::load(folders, global)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Storage, format!("cannot start the runtime: {error}")))?;
    runtime.block_on(dispatch(ctx, cli.command))
}

/// The dispatch point: one arm per command that needs the engine or the store.
async fn dispatch(ctx: Ctx, command: Option<Command>) -> Outcome {
    match command {
        None if console::fits(&ctx) => console::open(&ctx).await,
        None if ctx.profile.is_some() => status::run(&ctx),
        None => {
            ctx.job()?;
            run::sandbox(&ctx).await
        }
        Some(Command::Sandbox { command: SandboxCommand::Serve(args) }) => sandbox::serve(&ctx, &args).await,
        Some(Command::Sandbox { command: SandboxCommand::Reset }) => sandbox::reset(&ctx),
        Some(Command::Test) => test::run(&ctx).await,
        Some(Command::Status) => status::run(&ctx),
        Some(Command::Start) => switch::start(&ctx).await,
        Some(Command::Stop) => switch::stop(&ctx),
        Some(Command::Plan { command }) => plan::run(&ctx, command.as_ref()).await,
        Some(Command::Sync { initial }) => sync::sync(&ctx, initial).await,
        Some(Command::Run) => run::run(&ctx).await,
        Some(Command::Restart { full }) => sync::restart(&ctx, full).await,
        Some(Command::Provision { object, dry_run }) => sync::provision(&ctx, &object, dry_run).await,
        // Answered by `run`, before there is a runtime.
        Some(Command::Secret { .. } | Command::Config { .. } | Command::Completions { .. }) => Ok(Exit::Done),
        Some(Command::Scope) => Ok(Exit::Done),
        Some(Command::Eval(args)) => match &args.expression {
            Some(text) => eval::run(Some(&ctx), ctx.json, text, &args),
            None => Ok(Exit::Done),
        },
        Some(Command::Users { search }) => users::run(&ctx, search.as_deref()),
        Some(Command::Groups { search }) => groups::run(&ctx, search.as_deref()),
        Some(Command::Explain { user }) => explain::run(&ctx, &user),
        Some(Command::Log { follow, status, since, search }) => {
            log::run(&ctx, follow, status, since.as_deref(), search.as_deref()).await
        }
        Some(Command::Keys) => keys::run(&ctx),
        Some(Command::Setup) => setup::run(&ctx),
        Some(Command::Mapping { command }) => mapping::run(&ctx, command).await,
        Some(Command::Assign { object, role }) => assign::assign(&ctx, &object, role.as_deref()).await,
        Some(Command::Unassign { object, role }) => assign::unassign(&ctx, &object, role.as_deref()).await,
    }
}
