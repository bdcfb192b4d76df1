//! What the screen says about the job follows its configuration, whoever changed it and whoever runs the job: this
//! console, `heeler stop` beside it, an editor.

use super::super::access::Access;
use super::super::{CliError, Ctx};
use super::keeper::one_line;
use super::{card, facts};
use crate::config::{JobConfig, Profile};
use crate::console::event::Event;
use crate::text::show;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// Follows until the console is left.
pub(super) async fn follow(
    ctx: Ctx,
    access: Arc<Access>,
    profile: Option<PathBuf>,
    stop: CancellationToken,
    sender: UnboundedSender<Event>,
) {
    let Ok(mut config) = access.config() else { return };
    let mut seen = config.fingerprint();
    let mut shown = card::of(&ctx, &access, &config);
    let mut said = String::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        // It stays on the screen until the file can be read again.
        let mut tell = |error: Option<CliError>| {
            let words = error.as_ref().map(one_line).unwrap_or_default();
            if words != said {
                said = words;
                let broken = (!said.is_empty()).then(|| show(&said));
                // A console that was left does not listen any more.
                drop(sender.send(Event::Config(broken)));
            }
        };
        match now(profile.as_ref(), &access, &config) {
            Ok(Some(changed)) if changed.fingerprint() != seen => {
                (seen, config) = (changed.fingerprint(), changed);
                match facts(&access, config.clone()) {
                    Ok(facts) => {
                        tell(None);
                        drop(sender.send(Event::Facts(Arc::new(facts))));
                    }
                    Err(error) => tell(Some(error)),
                }
            }
            // A job that is gone from the file goes on as it was.
            Ok(_) => tell(None),
            Err(error) => tell(Some(error)),
        }
        let card = card::of(&ctx, &access, &config);
        if card != shown {
            shown = card.clone();
            drop(sender.send(Event::Card(Box::new(card))));
        }
    }
}

/// What the configuration says now, or the store about the sandbox's job.
fn now(profile: Option<&PathBuf>, access: &Access, before: &JobConfig) -> Result<Option<JobConfig>, CliError> {
    match profile {
        Some(path) => Ok(Profile::load(path)?.job(&access.name).cloned()),
        None => Ok(access.settled(before)),
    }
}
