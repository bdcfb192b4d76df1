//! The job behind the console: run by this process when nobody else does, watched when somebody does, taken over when
//! they stop.

use super::super::access::Access;
use super::super::hand::{self, InHand};
use super::super::keep::{Watcher, keep};
use super::super::report::Detail;
use super::super::{CliError, Ctx, run};
use super::{card, facts};
use crate::config::{JobConfig, Profile};
use crate::console::event::Event;
use crate::console::shared::Runner;
use crate::engine::{self, Stop};
use crate::sync::cycle::CycleReport;
use crate::text::show;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether whoever has the job still has it.
const LOOK: Duration = Duration::from_millis(500);
/// How often a job that could not be run is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// What the keeper works with.
pub(super) struct Keeper {
    pub(super) ctx: Ctx,
    pub(super) access: Arc<Access>,
    pub(super) profile: Option<PathBuf>,
    pub(super) stop: CancellationToken,
    pub(super) sender: UnboundedSender<Event>,
}

impl Keeper {
    fn tell(&self, event: Event) {
        // A console that was left does not listen any more.
        drop(self.sender.send(event));
    }
}

struct Teller<'a>(&'a Keeper);

impl Watcher for Teller<'_> {
    fn cycle(&mut self, _access: &Access, _hand: &InHand, _report: &CycleReport) {}

    fn changed(&mut self, access: &Access, config: &JobConfig) {
        self.0.tell(Event::Card(Box::new(card::of(&self.0.ctx, access, config))));
        match facts(access, config.clone()) {
            Ok(facts) => self.0.tell(Event::Facts(Arc::new(facts))),
            Err(error) => self.refused(error),
        }
    }

    fn refused(&mut self, error: CliError) {
        self.0.tell(Event::Trouble(show(&one_line(&error))));
    }
}

/// An error in one line, for the bottom of the screen: what happened, where, what to do; not the picture of the place.
pub(super) fn one_line(error: &CliError) -> String {
    let words = error.to_string();
    let mut said = Vec::new();
    for line in words.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let picture = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').starts_with('|');
        match line.strip_prefix("--> ") {
            Some(place) => said.push(place.to_owned()),
            None if !picture => said.push(line.to_owned()),
            None => {}
        }
    }
    said.join("; ").trim_start_matches("error: ").to_owned()
}

/// Runs the job until the console is left.
pub(super) async fn keep_running(keeper: Keeper) -> Result<(), CliError> {
    let access = Arc::clone(&keeper.access);
    let mut first = access.is_sandbox();
    while !keeper.stop.is_cancelled() {
        // What the configuration said when the console opened may be mended by now.
        let config = keeper.profile.as_ref().and_then(|path| Profile::load(path).ok()?.job(&access.name).cloned());
        let access = access.with(config);
        match hand::take(&access, "heeler", &keeper.stop, Detail::Quiet, access.is_sandbox()).await {
            Ok(Ok(mut hand)) => {
                keeper.tell(Event::Runner(Runner::Here));
                // The sandbox begins at once: somebody came to see something.
                let served = keep(&access, &mut hand, keeper.profile.as_deref(), first, &mut Teller(&keeper)).await;
                first = false;
                hand.close().await?;
                match served {
                    Ok(Stop::GivenUp) => {
                        run::disable(&access.store, keeper.profile.as_deref(), &access.name).await?;
                        keeper.tell(Event::Trouble(show(&one_line(&run::given_up(&access.name)))));
                    }
                    Ok(Stop::Asked | Stop::Changed) => {}
                    Err(error) => {
                        keeper.tell(Event::Runner(Runner::Trouble(show(&one_line(&error)))));
                        pause(&keeper, AGAIN).await;
                    }
                }
            }
            Ok(Err(holder)) => {
                keeper.tell(Event::Runner(Runner::Elsewhere {
                    command: show(&holder.command),
                    pid: holder.pid,
                    host: show(&holder.host),
                }));
                while !keeper.stop.is_cancelled() && engine::holder(&access.store)?.is_some() {
                    pause(&keeper, LOOK).await;
                }
            }
            Err(error) => {
                keeper.tell(Event::Runner(Runner::Trouble(show(&one_line(&error)))));
                pause(&keeper, AGAIN).await;
            }
        }
    }
    Ok(())
}

async fn pause(keeper: &Keeper, time: Duration) {
    tokio::select! {
        () = keeper.stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
