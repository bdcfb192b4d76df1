//! Doing something to a job: with the lease in hand, or through the process that has it.

use super::access::{Access, Online};
use super::report::{self, Detail};
use super::signals::Signals;
use super::{CliError, Exit};
use crate::config::{JobConfig, process_env};
use crate::engine::{self, Answer, Ask, Asked, Engine, Lease, LeaseError};
use crate::store::lease::Holder;
use tokio_util::sync::CancellationToken;

/// The engine with whatever had to be started for it.
pub(crate) struct InHand {
    /// The engine.
    pub(crate) engine: Engine,
    online: Online,
}

impl InHand {
    /// Interval of the job.
    pub(crate) fn interval(&self) -> std::time::Duration {
        self.online.config.interval
    }

    /// Makes the job anew if its configuration can be used; otherwise it goes on as it was.
    pub(crate) async fn reload(&mut self, config: JobConfig) -> Result<(), CliError> {
        self.engine.reload(&config, &process_env).await?;
        self.online.config = config;
        Ok(())
    }

    /// The configuration that the job runs with.
    pub(crate) fn config(&self) -> &JobConfig {
        &self.online.config
    }

    /// Gives everything back.
    pub(crate) async fn close(self) -> Result<(), CliError> {
        self.engine.close().await?;
        self.online.close().await
    }
}

/// Takes the job in hand, or says who has it.
pub(crate) async fn take(
    access: &Access,
    command: &str,
    stop: &CancellationToken,
    detail: Detail,
    live: bool,
) -> Result<Result<InHand, Holder>, CliError> {
    let cancel = stop.child_token();
    let lease = match Lease::take(&access.store, command, cancel.clone()).await {
        Ok(lease) => lease,
        Err(LeaseError::HeldBy(holder)) => return Ok(Err(holder)),
        Err(LeaseError::Store(error)) => return Err(error.into()),
    };
    let online = match access.online(live).await {
        Ok(online) => online,
        Err(error) => {
            lease.give_back().await?;
            return Err(error);
        }
    };
    let engine = Engine::open(&online.config, &process_env, &access.store, lease, cancel, report::sink(detail)).await?;
    Ok(Ok(InHand { engine, online }))
}

/// Does what is asked: here, or by the process that holds the job, whose answer is waited for.
pub(crate) async fn carry_out(
    access: &Access,
    what: &Ask,
    command: &str,
    signals: &Signals,
    detail: Detail,
) -> Result<Answer, CliError> {
    loop {
        match take(access, command, &signals.cancel, detail, false).await? {
            Ok(hand) => {
                let answer = engine::do_it(&hand.engine, what).await;
                hand.close().await?;
                return Ok(answer?);
            }
            Err(holder) => {
                if detail != Detail::Quiet {
                    let words = format!("handed to {} (pid {} on {})", holder.command, holder.pid, holder.host);
                    crate::text::err_line(&crate::text::show(&words));
                }
                let by = std::env::var("USER").unwrap_or_default();
                match engine::ask(&access.store, what, &by, &signals.cancel).await? {
                    Asked::Answered(answer) => return Ok(answer),
                    Asked::Free => {}
                    Asked::Stopped => {
                        return Err(CliError::new(signals.exit().unwrap_or(Exit::Interrupted), "stopped waiting")
                            .advise("the process that holds the job goes on"));
                    }
                }
            }
        }
    }
}
