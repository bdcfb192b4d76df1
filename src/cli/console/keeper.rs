//! The job behind the console: run by this process when nobody else does, watched when somebody does, taken over when
//! they stop.

use super::super::access::Access;
use super::super::hand::{self, InHand};
use super::super::keep::{Watcher, keep};
use super::super::report::Detail;
use super::super::{CliError, Exit, run};
use super::follow::Known;
use crate::config::JobConfig;
use crate::console::event::Event;
use crate::console::shared::Runner;
use crate::engine::{self, Stop};
use crate::model::Organization;
use crate::store::job as job_table;
use crate::sync::cycle::CycleReport;
use crate::text::show;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether whoever has the job still has it.
const LOOK: Duration = Duration::from_millis(500);
/// How often a job that could not be run is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// How often a tenant without a name is asked for it.
const UNNAMED: Duration = Duration::from_secs(60);

/// What the keeper works with.
pub(super) struct Keeper {
    pub(super) access: Arc<Access>,
    pub(super) profile: Option<PathBuf>,
    pub(super) known: Known,
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

    /// The screen follows the configuration by itself, whoever runs the job.
    fn changed(&mut self, _access: &Access, _config: &JobConfig) {}

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

/// Runs the job until the console is left. Whatever goes wrong before is told, and tried again after a while.
///
/// # Errors
/// What went wrong at the end.
pub(super) async fn keep_running(keeper: Keeper) -> Result<(), CliError> {
    let keeper = Arc::new(keeper);
    let first = Arc::new(AtomicBool::new(keeper.access.is_sandbox()));
    let tell = |event| keeper.tell(event);
    keep_trying(&keeper.stop, AGAIN, &tell, || {
        let (keeper, first) = (Arc::clone(&keeper), Arc::clone(&first));
        // A task of its own: a panic ends this turn and no other.
        tokio::spawn(async move { turn(&keeper, &first).await })
    })
    .await
}

/// Takes one turn after the other until it is stopped, with a pause after each that failed.
async fn keep_trying(
    stop: &CancellationToken,
    pause: Duration,
    tell: &(dyn Fn(Event) + Sync),
    turn: impl Fn() -> JoinHandle<Result<(), CliError>>,
) -> Result<(), CliError> {
    while !stop.is_cancelled() {
        let panicked = |error| CliError::new(Exit::Storage, format!("the job ended unexpectedly: {error}"));
        if let Err(error) = turn().await.unwrap_or_else(|error| Err(panicked(error))) {
            if stop.is_cancelled() {
                return Err(error);
            }
            tell(Event::Runner(Runner::Trouble(show(&one_line(&error)))));
            wait(stop, pause).await;
        }
    }
    Ok(())
}

/// Has the job until it is given back, or watches whoever has it until they stop.
async fn turn(keeper: &Keeper, first: &AtomicBool) -> Result<(), CliError> {
    // What the configuration said when the console opened may be mended by now.
    let name = &keeper.access.name;
    let config = keeper.known.now(keeper.profile.as_deref(), name);
    let access = keeper.access.with(config);
    let mut hand = match hand::take(&access, "heeler", &keeper.stop, Detail::Quiet, access.is_sandbox()).await? {
        Ok(hand) => hand,
        Err(holder) => {
            keeper.tell(Event::Runner(Runner::Elsewhere {
                command: show(&holder.command),
                pid: holder.pid,
                host: show(&holder.host),
            }));
            while !keeper.stop.is_cancelled() && engine::holder(&access.store)?.is_some() {
                wait(&keeper.stop, LOOK).await;
            }
            return Ok(());
        }
    };
    keeper.tell(Event::Runner(Runner::Here));
    // The sandbox begins at once: somebody came to see something.
    let now = first.swap(false, Ordering::Relaxed);
    let naming = tokio::spawn(name_tenant(access.with(None)));
    let served = keep(&access, &mut hand, keeper.profile.as_deref(), now, &mut Teller(keeper)).await;
    naming.abort();
    let closed = hand.close().await;
    if served? == Stop::GivenUp {
        run::disable(&access.store, keeper.profile.as_deref(), name).await?;
        keeper.tell(Event::Trouble(show(&one_line(&run::given_up(name)))));
    }
    closed
}

/// Asks the tenant for its name where nobody did yet: screens call it by that, not by a number.
async fn name_tenant(access: Access) {
    while !access.is_sandbox() && matches!(access.store.read(job_table::organization), Ok(None)) {
        if let Ok(found) = organization(&access).await
            && access.store.write(move |c| job_table::set_organization(c, &found)).await.is_ok()
        {
            return;
        }
        tokio::time::sleep(UNNAMED).await;
    }
}

async fn organization(access: &Access) -> Result<Organization, CliError> {
    let (graph, _) = access.beside()?.clients()?;
    Ok(graph.organization().await?)
}

async fn wait(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU32;

    #[tokio::test]
    async fn what_went_wrong_is_told_and_tried_again() {
        const PAUSE: Duration = Duration::from_millis(20);
        let (stop, turns, told) = (CancellationToken::new(), AtomicU32::new(0), Mutex::new(Vec::new()));
        let began = std::time::Instant::now();
        let tell = |event| match event {
            Event::Runner(Runner::Trouble(words)) => told.lock().unwrap().push(words.to_string()),
            _ => panic!("only troubles are told"),
        };
        let turn = || {
            let (n, stop) = (turns.fetch_add(1, Ordering::Relaxed), stop.clone());
            tokio::spawn(async move {
                match n {
                    0 => Err(CliError::new(Exit::Storage, "the database is busy").advise("it is tried again")),
                    1 => panic!("a bug"),
                    2 => Ok(()),
                    _ => {
                        stop.cancel();
                        Err(CliError::new(Exit::Storage, "the end"))
                    }
                }
            })
        };
        let ended = keep_trying(&stop, PAUSE, &tell, turn).await.unwrap_err();
        assert_eq!(one_line(&ended), "the end", "nobody looks at the screen any more");
        assert_eq!(turns.into_inner(), 4);
        let told = told.into_inner().unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("the database is busy"), "{told:?}");
        assert!(told[1].contains("the job ended unexpectedly"), "{told:?}");
        assert!(began.elapsed() >= PAUSE * 2);
    }
}
