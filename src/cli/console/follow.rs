//! What the screen says about the job follows its configuration, whoever changed it and whoever runs the job: this
//! console, `heeler stop` beside it, an editor.

use super::super::access::Access;
use super::super::keep::gone;
use super::super::{CliError, Ctx};
use super::keeper::one_line;
use super::{card, facts};
use crate::config::{JobConfig, Profile};
use crate::console::event::Event;
use crate::console::query::Facts;
use crate::store::changes::Watch;
use crate::text::show;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// What tells that a file is the one that was read: another one is in its place, or something was written into it.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

/// The configuration of a job as it was when it could last be read: while the file is broken, everything goes on with
/// that, and not with what the console was opened on.
#[derive(Clone, Default)]
pub(super) struct Known(Arc<Mutex<Option<JobConfig>>>);

impl Known {
    fn keep(&self, config: &JobConfig) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(config.clone());
    }

    /// What the file says now, else what it said last; `None` if it could never be read since the console opened.
    pub(super) fn now(&self, profile: Option<&Path>, job: &str) -> Option<JobConfig> {
        if let Some(config) = profile.and_then(|path| Profile::load(path).ok()?.job(job).cloned()) {
            self.keep(&config);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The configuration of a job, read again only where it may say something else.
struct Followed {
    profile: Option<PathBuf>,
    access: Arc<Access>,
    config: JobConfig,
    known: Known,
    /// Of the file when it was read last; `None` before that.
    seen: Option<Stamp>,
    /// Of the configuration that queries know.
    fingerprint: String,
    /// The file cannot be read.
    unread: bool,
    /// It says what cannot be used.
    unfit: bool,
}

impl Followed {
    fn of(access: Arc<Access>, profile: Option<PathBuf>, config: JobConfig, known: Known) -> Self {
        let fingerprint = config.fingerprint();
        Self { profile, access, config, known, seen: None, fingerprint, unread: false, unfit: false }
    }

    /// A look at it; `changed` says whether the store may say something else. What queries have to know from now on,
    /// if there is anything new.
    ///
    /// # Errors
    /// When the configuration cannot be used; told once for each time that the file was written.
    fn look(&mut self, changed: bool) -> Result<Option<Facts>, CliError> {
        let mut read_again = false;
        match &self.profile {
            Some(path) => {
                // Before it is read: what is written meanwhile is read the next time.
                let stamp = stamp(path);
                if self.seen != Some(stamp) {
                    self.seen = Some(stamp);
                    self.unread = true;
                    let name = &self.access.name;
                    // Gone from the file it can still be browsed, as it was; whoever runs it does not.
                    self.config = Profile::load(path)?.job(name).cloned().ok_or_else(|| gone(name))?;
                    self.known.keep(&self.config);
                    read_again = true;
                    self.unread = false;
                }
            }
            None if changed => self.config = self.access.settled(&self.config).unwrap_or_else(|| self.config.clone()),
            None => {}
        }
        if self.unread {
            return Ok(None);
        }
        if changed || read_again {
            self.config = self.access.with_saved_mapping(self.config.clone())?;
        }
        // A secret that was replaced makes a difference as well, and a mapping that was mended.
        let fingerprint = self.config.fingerprint();
        if fingerprint == self.fingerprint && !self.unfit {
            return Ok(None);
        }
        self.fingerprint = fingerprint;
        self.unfit = true;
        let facts = facts(&self.access, self.config.clone())?;
        self.unfit = false;
        Ok(Some(facts))
    }

    fn usable(&self) -> bool {
        !self.unread && !self.unfit
    }
}

/// Follows until the console is left.
pub(super) async fn follow(
    ctx: Ctx,
    access: Arc<Access>,
    profile: Option<PathBuf>,
    known: Known,
    stop: CancellationToken,
    sender: UnboundedSender<Event>,
) {
    let Ok(config) = access.config() else { return };
    let mut watch = Watch::new(&access.store);
    let mut shown = card::of(&ctx, &access, &config);
    let mut followed = Followed::of(access, profile, config, known);
    let mut said = String::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        // Whoever reads the store for the screen says when it cannot be read.
        let changed = watch.changed().unwrap_or(false);
        let seen = followed.seen;
        let looked = followed.look(changed);
        // It stays on the screen until the file can be read again.
        let words = match &looked {
            Err(error) => one_line(error),
            Ok(_) if followed.usable() => String::new(),
            Ok(_) => said.clone(),
        };
        // A console that was left does not listen any more.
        if words != said {
            said = words;
            drop(sender.send(Event::Config((!said.is_empty()).then(|| show(&said)))));
        }
        if let Ok(Some(facts)) = looked {
            drop(sender.send(Event::Facts(Arc::new(facts))));
        }
        if changed || seen != followed.seen {
            let card = card::of(&ctx, &followed.access, &followed.config);
            if card != shown {
                shown = card.clone();
                drop(sender.send(Event::Card(Box::new(card))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Chosen;
    use super::*;
    use crate::config::Folders;

    const FILE: &str = r#"
[jobs.main]
interval = "40m"
[jobs.main.app]
preset = "scim"
tenant_url = "https://flock.example/v2/scim"
secret_token = { env = "T" }
[jobs.main.directory]
tenant_id = "contoso.example"
client_id = "00000000-0000-0000-0000-000000000001"
client_secret = { env = "S" }
service_principal_id = "00000000-0000-0000-0000-000000000002"
"#;

    fn followed(folder: &Path) -> (PathBuf, Followed) {
        let path = folder.join("config.toml");
        std::fs::write(&path, FILE).unwrap();
        let profile = Profile::load(&path).unwrap();
        let config = profile.job("main").cloned().unwrap();
        let ctx = Ctx {
            folders: Folders {
                config_file: Some(path.clone()),
                default_config_file: path.clone(),
                data_dir: folder.join("data"),
                secrets_dir: folder.join("secrets"),
            },
            data_dir_given: false,
            json: false,
            plain: false,
            theme: None,
            job: None,
            profile: Some(profile),
        };
        let access = Access::of(&ctx, Chosen::Configured(Box::new(config.clone()))).unwrap();
        (path.clone(), Followed::of(Arc::new(access), Some(path), config, Known::default()))
    }

    #[test]
    fn the_file_is_read_again_only_when_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut followed) = followed(folder.path());
        assert!(followed.look(false).unwrap().is_none());
        // As long as the file looks the same nobody opens it, not even while the store changes all the time.
        followed.config.interval = Duration::from_secs(7);
        followed.fingerprint = followed.config.fingerprint();
        assert!(followed.look(true).unwrap().is_none());
        assert_eq!(followed.config.interval, Duration::from_secs(7));
        std::fs::write(&path, FILE.replace("40m", "120m")).unwrap();
        let facts = followed.look(false).unwrap().unwrap();
        assert_eq!(facts.config.interval, Duration::from_secs(7200));
        assert!(followed.look(false).unwrap().is_none());
    }

    #[test]
    fn a_broken_file_is_told_once_and_is_fine_when_it_says_the_same_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut followed) = followed(folder.path());
        std::fs::write(&path, "[jobs.main").unwrap();
        assert!(followed.look(false).is_err());
        assert!(followed.look(false).unwrap().is_none() && !followed.usable());
        std::fs::write(&path, FILE).unwrap();
        assert!(followed.look(false).unwrap().is_none() && followed.usable());
    }

    #[test]
    fn a_job_that_is_gone_is_told_and_what_was_last_read_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut followed) = followed(folder.path());
        let known = followed.known.clone();
        assert!(known.now(None, "main").is_none());
        std::fs::write(&path, FILE.replace("40m", "90m")).unwrap();
        assert!(followed.look(false).unwrap().is_some());
        for (text, said) in
            [(FILE.replace("jobs.main", "jobs.other"), "no job `main`"), ("[jobs".into(), "config.toml")]
        {
            std::fs::write(&path, text).unwrap();
            let error = followed.look(false).err().unwrap();
            assert!(error.to_string().contains(said), "{error}");
            assert!(!followed.usable());
            let last = known.now(Some(&path), "main").unwrap();
            assert_eq!(last.interval, Duration::from_secs(90 * 60));
        }
    }

    #[test]
    fn what_cannot_be_used_stays_told_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut followed) = followed(folder.path());
        std::fs::write(&path, FILE.replace("interval", "mapping = \"no.json\"\ninterval")).unwrap();
        assert!(followed.look(false).is_err() && !followed.usable());
        // The file with the mapping may come later.
        assert!(followed.look(false).is_err() && !followed.usable());
        std::fs::write(&path, FILE).unwrap();
        assert!(followed.look(false).unwrap().is_some() && followed.usable());
    }
}
