//! What every page may know: time, look, the job, how it stands, whether writing is unlocked.

use super::desk::Ticket;
use super::page::{Object, Reason, Subject};
use super::standing::Standing;
use super::style::Look;
use super::words::end;
use crate::text::{Shown, show};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How long writing stays unlocked.
pub const UNLOCKED: SignedDuration = SignedDuration::from_mins(5);
/// Cells of a name in the header.
const NAME: usize = 24;

/// The job as the screen names it. Texts are clean already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCard {
    /// Name of the job.
    pub name: String,
    /// The tenant, short: `contoso`.
    pub source: Shown,
    /// The tenant, long: `contoso.example`.
    pub source_long: Shown,
    /// The app, short: `flock`.
    pub target: Shown,
    /// The app, long: host and path.
    pub target_long: Shown,
    /// The environment: `PROD`, `test`, `sandbox`.
    pub environment: Shown,
    /// Whether that is the real thing.
    pub production: bool,
    /// Whether this is the sandbox: it opens in write mode.
    pub sandbox: bool,
    /// The configuration file, if there is one.
    pub config_file: Option<String>,
    /// Where the data is.
    pub data_dir: String,
    /// Names of all jobs.
    pub jobs: Vec<String>,
    /// How a command names this job and its folders: `--job`, `--config`, `--data-dir` where they are needed. Each
    /// is an argument as it is; [`super::command`] quotes.
    pub flags: Vec<String>,
}

impl JobCard {
    /// Which one of several jobs this is: `job 1 of 4`.
    pub fn place(&self) -> Option<Shown> {
        let at = self.jobs.iter().position(|name| *name == self.name)?;
        (self.jobs.len() > 1).then(|| show(&format!("job {} of {}", at + 1, self.jobs.len())))
    }
}

/// Whether the console may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// The default for a real job.
    ReadOnly,
    /// The sandbox.
    Open,
    /// Unlocked for one thing, until then.
    Unlocked {
        /// What for.
        subject: Subject,
        /// Until when.
        until: Timestamp,
    },
}

/// Who runs the job.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Runner {
    /// Not known yet.
    #[default]
    Starting,
    /// This process.
    Here,
    /// Another process: this one watches.
    Elsewhere {
        /// Its command.
        command: Shown,
        /// Its process id.
        pid: u32,
        /// Its host.
        host: Shown,
    },
    /// Nobody: the job cannot be run, for this reason.
    Trouble(Shown),
}

/// What every page may know.
pub struct Shared {
    /// Now. The only clock there is.
    pub now: Timestamp,
    /// When the console opened.
    pub opened: Timestamp,
    /// For times of day.
    pub zone: TimeZone,
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// Colours and glyphs.
    pub look: Look,
    /// Terminal facts for people: colours, name of the theme.
    pub colours: &'static str,
    /// The job.
    pub job: JobCard,
    /// How it stands; `None` until the first answer.
    pub standing: Option<Standing>,
    /// Who runs it.
    pub runner: Runner,
    /// Whether writing is unlocked.
    pub write: WriteMode,
    /// Why the configuration file on disk cannot be used; the job goes on as it was.
    pub broken: Option<Shown>,
    /// A person chosen for previews, across views.
    pub chosen: Option<Object>,
    /// The view that `esc` goes back to, after something was followed.
    pub back_to: Option<super::page::PageId>,
    /// Screen state kept with the job, as it was when the console opened.
    pub remembered: std::collections::HashMap<String, String>,
    tickets: u64,
}

impl Shared {
    /// The beginning.
    pub fn new(now: Timestamp, zone: TimeZone, width: u16, height: u16, look: Look, job: JobCard) -> Self {
        let write = if job.sandbox { WriteMode::Open } else { WriteMode::ReadOnly };
        Self {
            now,
            opened: now,
            zone,
            width,
            height,
            look,
            colours: "16",
            job,
            standing: None,
            runner: Runner::Starting,
            write,
            broken: None,
            chosen: None,
            back_to: None,
            remembered: std::collections::HashMap::new(),
            tickets: 0,
        }
    }

    /// A fresh ticket for a request.
    pub fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// Whether this may be written now.
    ///
    /// # Errors
    /// Why not.
    pub fn may_write(&self, what: &Subject) -> Result<(), Reason> {
        match &self.write {
            WriteMode::Open => Ok(()),
            WriteMode::Unlocked { subject, until } if *until > self.now => {
                if subject == what || *subject == Subject::Job { Ok(()) } else { Err("unlocked for another") }
            }
            WriteMode::Unlocked { .. } | WriteMode::ReadOnly => Err("write off"),
        }
    }

    /// Unlocks writing for a while.
    pub fn unlock(&mut self, subject: Subject) {
        self.write = WriteMode::Unlocked { subject, until: self.now + UNLOCKED };
    }

    /// Locks writing again if it was unlocked for a plan other than the one with this fingerprint, for any plan if
    /// there is none. Whether it was.
    pub fn lock_plan_unless(&mut self, fingerprint: Option<&str>) -> bool {
        let WriteMode::Unlocked { subject: Subject::Plan(unlocked), .. } = &self.write else { return false };
        if fingerprint == Some(unlocked.as_str()) {
            return false;
        }
        self.write = WriteMode::ReadOnly;
        true
    }

    /// What stands top right: `read-only`, `write`, `WRITE grace.hopper 4:31`; and whether it is a warning.
    pub fn write_words(&self) -> (Shown, bool) {
        match &self.write {
            WriteMode::Open => (show("write"), false),
            WriteMode::Unlocked { subject, until } if *until > self.now => {
                let left = until.duration_since(self.now).as_secs();
                let what = match subject {
                    Subject::Object(object) => {
                        let name = object.name.split('@').next().unwrap_or_default();
                        end(show(name).as_str(), NAME, &self.look.glyphs)
                    }
                    Subject::Plan(_) => "plan".into(),
                    Subject::Job => "job".into(),
                };
                (show(&format!("WRITE {what} {}:{:02}", left / 60, left % 60)), true)
            }
            WriteMode::Unlocked { .. } | WriteMode::ReadOnly => (show("read-only"), false),
        }
    }

    /// Seconds since an instant, never negative.
    pub fn seconds_since(&self, at: Timestamp) -> u64 {
        u64::try_from(self.now.duration_since(at).as_secs()).unwrap_or(0)
    }
}
