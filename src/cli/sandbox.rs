//! `heeler sandbox serve|reset`: the tenant and the app on this machine, alone.

use super::access::Access;
use super::args::SandboxServe;
use super::signals::Signals;
use super::{Chosen, CliError, Ctx, Exit, Outcome, SANDBOX_JOB};
use crate::engine;
use crate::sandbox::faults::Faults;
use crate::sandbox::{SandboxOptions, start};
use crate::store::Store;
use crate::text::{out_json, out_line, show};

/// `heeler sandbox serve`: prints one line of JSON when ready, and serves until it is stopped.
pub(super) async fn serve(ctx: &Ctx, args: &SandboxServe) -> Outcome {
    let faults = match &args.faults {
        None => Faults::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                CliError::new(Exit::Usage, format!("cannot read the faults in {}: {error}", path.display()))
            })?;
            serde_json::from_str(&text).map_err(|error| {
                CliError::new(Exit::Usage, format!("{} holds no faults: {error}", path.display()))
                    .advise("the README shows the form")
            })?
        }
    };
    let signals = Signals::watch();
    let sandbox = start(SandboxOptions {
        listen: args.listen,
        tls: args.tls,
        users: args.users as usize,
        groups: args.groups as usize,
        seed: args.seed,
        life_per_minute: args.life,
        faults,
        data_dir: ctx.data_dir_given.then(|| ctx.folders.data_dir.clone()),
    })
    .await?;
    out_json(sandbox.ready())?;
    signals.cancel.cancelled().await;
    sandbox.shutdown().await?;
    Ok(signals.exit().unwrap_or(Exit::Interrupted))
}

/// `heeler sandbox reset`: forgets tenant, app and the store of the sandbox's job.
pub(super) fn reset(ctx: &Ctx) -> Outcome {
    let path = Store::file_of(&ctx.folders.data_dir, SANDBOX_JOB)?;
    if path.exists() {
        // A damaged database is exactly what somebody may want to get rid of.
        if let Ok(access) = Access::of(ctx, Chosen::Sandbox)
            && let Some(holder) = engine::holder(&access.store)?
        {
            return Err(CliError::new(
                Exit::Held,
                format!("another process runs the sandbox: {} (pid {} on {})", holder.command, holder.pid, holder.host),
            )
            .advise("stop it first"));
        }
    }
    let failed = |what: &std::path::Path, error: std::io::Error| {
        CliError::new(Exit::Storage, format!("cannot remove {}: {error}", what.display()))
    };
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        let file = std::path::PathBuf::from(file);
        match std::fs::remove_file(&file) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&file, error)),
        }
    }
    let folder = ctx.folders.data_dir.join("sandbox");
    match std::fs::remove_dir_all(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&folder, error)),
    }
    out_line(&show("the sandbox starts from its seed next time"))?;
    Ok(Exit::Done)
}
