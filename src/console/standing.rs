//! How the job stands: what the header says in one word and one number.

use super::query::Sources;
use super::shared::{Runner, Shared};
use super::style::Token;
use super::words;
use crate::engine::LEASE_MS;
use crate::model::{
    Collection, Cycle, CycleState, Health, ObjectType, OperationState, Quarantine, Side, SideHealth, SideState,
};
use crate::store::cycles::Progress;
use crate::store::{StoreError, cycles, job, lease, links, mirror, operations, retries, watermarks};
use crate::text::{Shown, show};
use jiff::Timestamp;
use std::time::Duration;

/// What another process found more than so many seconds ago is old.
const LONG_AGO: u64 = 300;

/// How the job stands, read from its store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Provisioning status: on or off.
    pub enabled: bool,
    /// Whether anybody holds the lease.
    pub held_by: Option<(String, u32, String)>,
    /// The last cycle.
    pub cycle: Option<Cycle>,
    /// How far it is, while it runs.
    pub progress: Option<Progress>,
    /// The quarantine.
    pub quarantine: Option<Quarantine>,
    /// Users in the mirror.
    pub users: u64,
    /// Groups in the mirror.
    pub groups: u64,
    /// Linked users.
    pub linked: u64,
    /// Failed objects that wait.
    pub waiting: u64,
    /// Operations that a guard keeps back.
    pub held: u64,
    /// When the directory was last read to the end.
    pub read_at: Option<Timestamp>,
    /// Failed cycles in a row, the first of them began then.
    pub failing: Option<Failing>,
    /// When the next cycle comes, while somebody runs the job.
    pub next: Option<Timestamp>,
    /// How the two sides are doing.
    pub health: Health,
    /// Time between the starts of two cycles.
    pub interval: Duration,
}

/// Cycles that could not come to their end, in a row up to now.
#[derive(Clone, Debug, PartialEq)]
pub struct Failing {
    /// How many.
    pub attempts: u64,
    /// When the first of them began.
    pub since: Timestamp,
    /// What the last one said; untrusted.
    pub error: String,
}

/// The one word of the header.
#[derive(Clone, Debug, PartialEq)]
pub enum Mood {
    /// Nothing is known yet.
    Reading,
    /// No cycle ever began.
    NotRun,
    /// A cycle is under way.
    Running,
    /// All is well.
    Live,
    /// All was well when it was last looked at, which is long ago.
    Old,
    /// On in the configuration, but nobody runs it.
    Idle,
    /// Provisioning is off.
    Off,
    /// A side does not answer.
    Offline,
    /// Cycles do not come to their end, though both sides answer.
    Failing,
    /// It works, badly.
    Degraded,
    /// It fails too much or cannot connect.
    Quarantined,
}

impl Standing {
    /// Reads it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read(sources: &Sources<'_>) -> Result<Self, StoreError> {
        let c = sources.c;
        let enabled = sources.facts.config.enabled;
        let now_ms = sources.now.as_millisecond();
        let holder = lease::holder(c, now_ms, LEASE_MS)?;
        let recent = cycles::list(c, 50, None)?;
        let cycle = recent.first().cloned();
        let progress = match &cycle {
            Some(cycle) if cycle.state == CycleState::Running => cycles::progress(c, &cycle.id)?,
            _ => None,
        };
        let (users, groups) = mirror::counts(c)?;
        let (failures, references) = retries::count(c)?;
        let quarantine = job::quarantine(c)?;
        let ended: Vec<&Cycle> = recent.iter().filter(|c| c.state != CycleState::Running).collect();
        let failed: Vec<&&Cycle> = ended.iter().take_while(|c| c.state == CycleState::Failed).collect();
        let failing = failed.last().zip(failed.first()).and_then(|(first, last)| {
            Some(Failing {
                attempts: failed.len() as u64,
                since: first.started_at.parse().ok()?,
                error: last.error.clone().unwrap_or_default(),
            })
        });
        // Provisioning one person reads nobody else: only what moved the watermarks makes the mirror fresh.
        let users_read = watermarks::stored_at(c, Collection::Users)?;
        let groups_read = watermarks::stored_at(c, Collection::Groups)?.filter(|_| users_read.is_some());
        let moved = [users_read, groups_read].into_iter().flatten().filter_map(|at| at.parse::<Timestamp>().ok()).min();
        // A plan, and a cycle that the app stopped, read as much.
        let read = job::get(c, job::READ_AT)?.and_then(|at| at.parse::<Timestamp>().ok());
        let read_at = moved.max(read);
        let next = match (&cycle, &holder) {
            (Some(cycle), Some(_)) if enabled && cycle.state != CycleState::Running => {
                let due = cycle.started_at.parse::<Timestamp>().ok().map(|at| at + sources.facts.config.interval);
                let attempt = quarantine.as_ref().and_then(|q| q.next_attempt.parse::<Timestamp>().ok());
                due.max(attempt)
            }
            _ => None,
        };
        Ok(Self {
            enabled,
            held_by: holder.map(|h| (h.command, h.pid, h.host)),
            cycle,
            progress,
            quarantine,
            users,
            groups,
            linked: links::count(c, ObjectType::User)?,
            waiting: failures + references,
            held: operations::count(c, OperationState::Held)?,
            read_at,
            failing,
            next,
            health: job::health(c)?,
            interval: sources.facts.config.interval,
        })
    }
}

impl Standing {
    /// The side that is in trouble, the worse one first.
    pub fn troubled(&self) -> Option<(Side, &SideHealth)> {
        self.worst(|state| state != SideState::Offline)
            .or_else(|| self.worst(SideState::usable))
            .or_else(|| self.worst(|state| state == SideState::Ready))
    }

    /// Whether a side does not answer. A job that is in quarantine for that reason is offline first of all.
    fn offline(&self) -> bool {
        let silent = self.worst(|state| state != SideState::Offline).is_some();
        silent && self.quarantine.as_ref().is_none_or(|quarantine| quarantine.reason == NO_CONNECTION)
    }

    /// The first side whose state is not fine.
    pub fn worst(&self, fine: impl Fn(SideState) -> bool) -> Option<(Side, &SideHealth)> {
        [Side::Directory, Side::App].into_iter().find_map(|side| {
            let health = self.health.of(side)?;
            (!fine(health.state)).then_some((side, health))
        })
    }
}

/// The code of a quarantine that cycles which could not come to their end led to (E10.10).
pub const NO_CONNECTION: &str = "EncounteredQuarantineException";

impl Standing {
    /// How many seconds what was found counts as fresh: until the next cycle had time to look again.
    pub fn fresh_for(&self) -> u64 {
        (self.interval.as_secs() * 3 / 2).max(LONG_AGO)
    }
}

impl Shared {
    /// When the sides were last tried, if that is too long ago to say anything about now: before this console opened,
    /// by a process that is gone, or longer ago than cycles are apart.
    pub fn untried(&self) -> Option<Timestamp> {
        let standing = self.standing.as_ref()?;
        let sides = [&standing.health.directory, &standing.health.app].into_iter().flatten();
        let tried = sides.filter_map(|side| side.at.parse::<Timestamp>().ok()).max()?;
        let ago = self.seconds_since(tried);
        let watched = matches!(self.runner, Runner::Elsewhere { .. });
        let before = !watched && tried < self.opened && ago > LONG_AGO;
        (before || ago > standing.fresh_for()).then_some(tried)
    }

    /// The one word of the header.
    pub fn mood(&self) -> Mood {
        let Some(standing) = &self.standing else { return Mood::Reading };
        let running = standing.cycle.as_ref().is_some_and(|c| c.state == CycleState::Running);
        if standing.offline() {
            Mood::Offline
        } else if standing.quarantine.is_some() {
            Mood::Quarantined
        } else if running && standing.held_by.is_some() {
            Mood::Running
        } else if standing.cycle.is_none() {
            Mood::NotRun
        } else if standing.failing.is_some() || standing.worst(SideState::usable).is_some() {
            Mood::Failing
        } else if !standing.enabled {
            Mood::Off
        } else if standing.held_by.is_none() && self.runner != Runner::Here {
            Mood::Idle
        } else if self.untried().is_some() {
            Mood::Old
        } else if standing.worst(|state| state == SideState::Ready).is_some() {
            Mood::Degraded
        } else {
            Mood::Live
        }
    }

    /// What stands in the header: the word, its number, and how it is meant.
    pub fn mood_words(&self) -> (Shown, Token) {
        let age = self.standing.as_ref().and_then(|s| s.read_at).map(|at| words::age(self.seconds_since(at)));
        let behind = |word: &str| match &age {
            Some(age) => show(&format!("{word} · {age}")),
            None => show(word),
        };
        match self.mood() {
            Mood::Reading => (show("reading…"), Token::Muted),
            // `now` is no age of something that was not done.
            Mood::NotRun if age.as_deref() == Some("now") => (show("not run yet"), Token::Muted),
            Mood::NotRun => (behind("not run yet"), Token::Muted),
            Mood::Live => (behind("live"), Token::Text),
            Mood::Old => (behind("old"), Token::Stale),
            Mood::Idle => (behind("not running"), Token::Stale),
            Mood::Off => (behind("off"), Token::Stale),
            // How far it is stands where there is room for what is counted: every phase has its own end.
            Mood::Running => (behind("running"), Token::Text),
            Mood::Offline => {
                let cache = age.map_or_else(|| "nothing read yet".to_owned(), |age| format!("cache {age}"));
                (show(&format!("offline · {cache}")), Token::Warn)
            }
            Mood::Failing => {
                let attempts = self.standing.as_ref().and_then(|s| s.failing.as_ref()).map_or(0, |f| f.attempts);
                let words = match attempts {
                    0 => "failing".to_owned(),
                    1 => "failing · 1 cycle".to_owned(),
                    n => format!("failing · {} cycles", words::count(n)),
                };
                (show(&words), Token::Fail)
            }
            Mood::Degraded => {
                let worst = self.standing.as_ref().and_then(|s| s.worst(|state| state == SideState::Ready));
                let words = worst.map_or_else(
                    || "degraded".to_owned(),
                    |(side, health)| {
                        let side = match side {
                            Side::Directory => "source",
                            Side::App => "target",
                        };
                        let state = health.state.as_str();
                        match health.p95_ms.filter(|_| health.state == SideState::Slow) {
                            Some(ms) => format!("degraded · {side} {state} {}.{} s", ms / 1000, ms % 1000 / 100),
                            None => format!("degraded · {side} {state}"),
                        }
                    },
                );
                (show(&words), Token::Warn)
            }
            Mood::Quarantined => {
                let since = self
                    .standing
                    .as_ref()
                    .and_then(|s| s.quarantine.as_ref()?.series_began.parse::<Timestamp>().ok())
                    .map(|at| words::age(self.seconds_since(at)));
                let words = since.map_or_else(|| "quarantined".to_owned(), |since| format!("quarantined · {since}"));
                (show(&words), Token::Fail)
            }
        }
    }
}
