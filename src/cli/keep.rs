//! Keeping a job running: its cycles at their time, its configuration followed as it changes (E4.14).

use super::CliError;
use super::access::Access;
use super::hand::InHand;
use crate::config::{JobConfig, Profile};
use crate::engine::{self, Stop, Wish};
use crate::sync::cycle::CycleReport;
use std::path::Path;

/// What keeping a job running tells.
pub(crate) trait Watcher: Send {
    /// A cycle came to its end.
    fn cycle(&mut self, access: &Access, hand: &InHand, report: &CycleReport);
    /// The job goes on with a changed configuration.
    fn changed(&mut self, access: &Access, config: &JobConfig);
    /// The changed configuration cannot be used; the job goes on as it was.
    fn refused(&mut self, error: CliError);
}

/// What the configuration says now about a job, or the store about the sandbox's; `None` when that cannot be read:
/// then the job goes on as it was.
fn configured(path: Option<&Path>, access: &Access, running: &JobConfig) -> Option<JobConfig> {
    match path {
        Some(path) => Profile::load(path).ok()?.job(&access.name).cloned(),
        None => access.settled(running),
    }
}

/// Runs one job until it is stopped; `now` begins the first cycle at once.
///
/// # Errors
/// When the store cannot be used.
pub(crate) async fn keep(
    access: &Access,
    hand: &mut InHand,
    profile: Option<&Path>,
    mut now: bool,
    watcher: &mut dyn Watcher,
) -> Result<Stop, CliError> {
    // A configuration that was looked at and found wanting is not tried again until it changes once more.
    let mut refused = String::new();
    loop {
        let mut ran = false;
        let stop = {
            let hand = &*hand;
            let running = hand.config().fingerprint();
            let wish = || match configured(profile, access, hand.config()) {
                Some(config) if !config.enabled => Wish::Off,
                Some(config) => {
                    let said = config.fingerprint();
                    if said == running || said == refused { Wish::On } else { Wish::Changed }
                }
                None => Wish::On,
            };
            let after = |report: &CycleReport| {
                ran = true;
                watcher.cycle(access, hand, report);
            };
            engine::serve(&hand.engine, hand.interval(), now, wish, after).await?
        };
        if stop != Stop::Changed {
            return Ok(stop);
        }
        // The next cycle is due when the configuration says so, unless there is one to begin with.
        now = now && !ran;
        if let Some(config) = configured(profile, access, hand.config()) {
            refused = config.fingerprint();
            match hand.reload(config.clone()).await {
                Ok(()) => watcher.changed(access, &config),
                Err(error) => watcher.refused(error.advise("the job goes on with the configuration it had")),
            }
        }
    }
}
