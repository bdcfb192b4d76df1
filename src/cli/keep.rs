//! Keeping a job running: its cycles at their time, its configuration followed as it changes (E4.14).

use super::access::Access;
use super::hand::InHand;
use super::{CliError, Exit};
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

/// What is said about a job now.
enum Said {
    /// This.
    Config(Box<JobConfig>),
    /// Nothing that can be read: the job goes on as it was, on or off.
    Unreadable,
    /// The configuration has no such job any more.
    Gone,
}

/// What the configuration says now about a job, or the store about the sandbox's.
fn configured(path: Option<&Path>, access: &Access, running: &JobConfig) -> Said {
    let Some(path) = path else {
        return access.settled(running).map_or(Said::Unreadable, |config| Said::Config(Box::new(config)));
    };
    match Profile::load(path) {
        Ok(profile) => match profile.job(&access.name).map(|config| access.with_saved_mapping(config.clone())) {
            None => Said::Gone,
            Some(Ok(config)) => Said::Config(Box::new(config)),
            Some(Err(_)) => Said::Unreadable,
        },
        Err(_) => Said::Unreadable,
    }
}

/// A job that was taken out of the configuration, or renamed, writes no more; it may come back.
pub(crate) fn gone(job: &str) -> CliError {
    CliError::new(Exit::Usage, format!("the configuration has no job `{job}` any more: no cycle of it runs"))
        .advise("put it back, or end this process")
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
    // What was said last is what holds while nothing can be read.
    let mut on = hand.config().enabled;
    let mut told_gone = false;
    loop {
        let mut ran = false;
        let stop = {
            let hand = &*hand;
            let running = hand.config().fingerprint();
            let wish = || {
                let said = configured(profile, access, hand.config());
                if let Said::Config(config) = &said {
                    on = config.enabled;
                }
                match said {
                    // Told once, from below.
                    Said::Gone if told_gone => Wish::Off,
                    Said::Gone => Wish::Changed,
                    Said::Config(config) if told_gone && config.enabled => Wish::Changed,
                    Said::Config(config) if config.enabled => {
                        let said = config.fingerprint();
                        if said == running || said == refused { Wish::On } else { Wish::Changed }
                    }
                    Said::Unreadable if on && !told_gone => Wish::On,
                    Said::Config(_) | Said::Unreadable => Wish::Off,
                }
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
        match configured(profile, access, hand.config()) {
            Said::Config(config) => {
                told_gone = false;
                refused = config.fingerprint();
                match hand.reload((*config).clone()).await {
                    Ok(()) => watcher.changed(access, &config),
                    Err(error) => watcher.refused(error.advise("the job goes on with the configuration it had")),
                }
            }
            Said::Gone => {
                if !told_gone {
                    watcher.refused(gone(&access.name));
                }
                told_gone = true;
            }
            Said::Unreadable => {}
        }
    }
}
