//! Which process runs the engine of the job: one row with a heartbeat and a fencing number that only grows.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

/// A process that runs, or wants to run, the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// Tells this process from a later one with the same pid, and this machine from one of the same name: boot,
    /// process namespace and start time. Empty where the system does not tell.
    pub start_id: String,
    /// Its command line, without secrets, for people.
    pub command: String,
}

impl Holder {
    /// This process.
    pub fn current(command: &str) -> Self {
        let pid = std::process::id();
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { pid, host, start_id: start_id(pid).unwrap_or_default(), command: command.to_owned() }
    }

    /// Whether the process is certainly gone. A process of another machine, another boot or another namespace is
    /// never judged by its pid; its heartbeat decides.
    fn is_dead(&self) -> bool {
        let Some((place, _)) = self.start_id.rsplit_once(' ') else { return false };
        if Some(place) != machine().as_deref() || self.host != Self::current("").host {
            return false;
        }
        !Path::new(&format!("/proc/{}", self.pid)).exists() || start_id(self.pid).is_some_and(|id| id != self.start_id)
    }
}

/// Boot and process namespace, where Linux tells them.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// Machine and the time the process was started.
fn start_id(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name is in brackets and may hold anything; the fields behind it are plain. `starttime` is the 22nd.
    let (_, fields) = stat.rsplit_once(')')?;
    let started = fields.split_whitespace().nth(19)?;
    Some(format!("{} {started}", machine()?))
}

/// Answer to [`acquire`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The job is ours; every later step shows this number.
    Acquired {
        /// Fencing number: higher than any before.
        fence: i64,
    },
    /// Somebody else runs it.
    HeldBy(Holder),
}

/// Takes the lease if it is free, given back, stale (no heartbeat for `ttl_ms`, or one from a clock that far ahead),
/// or held by a process of this machine that is gone.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn acquire(c: &Connection, holder: &Holder, now_ms: i64, ttl_ms: i64) -> Result<Lease, StoreError> {
    let before = row(c)?;
    if let Some((state, other)) = &before {
        let fresh = state.held && now_ms.abs_diff(state.heartbeat_ms) <= ttl_ms.unsigned_abs();
        if fresh && other != holder && !other.is_dead() {
            return Ok(Lease::HeldBy(other.clone()));
        }
    }
    let fence = before.map_or(0, |(state, _)| state.fence) + 1;
    c.prepare_cached(
        "INSERT OR REPLACE INTO lease (one, fence, held, pid, host, start_id, command, acquired_ms, heartbeat_ms)
         VALUES (1, ?1, 1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?
    .execute(params![fence, holder.pid, holder.host, holder.start_id, holder.command, now_ms])?;
    Ok(Lease::Acquired { fence })
}

/// Shows that the process lives.
///
/// # Errors
/// [`StoreError::LeaseLost`] if another process has taken over.
pub fn heartbeat(c: &Connection, fence: i64, now_ms: i64) -> Result<(), StoreError> {
    let mut statement = c.prepare_cached("UPDATE lease SET heartbeat_ms = ?2 WHERE fence = ?1 AND held = 1")?;
    if statement.execute([fence, now_ms])? == 0 { Err(StoreError::LeaseLost { fence }) } else { Ok(()) }
}

/// Whether the number still is the valid one. Put it at the beginning of a transaction whose writes must not happen
/// after a takeover.
///
/// # Errors
/// [`StoreError::LeaseLost`] if another process has taken over.
pub fn check(c: &Connection, fence: i64) -> Result<(), StoreError> {
    match row(c)? {
        Some((state, _)) if state.held && state.fence == fence => Ok(()),
        _ => Err(StoreError::LeaseLost { fence }),
    }
}

/// Gives the lease back. Nothing happens if it was lost already.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn release(c: &Connection, fence: i64) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE lease SET held = 0 WHERE fence = ?1")?.execute([fence])?;
    Ok(())
}

/// Who runs the job now, by the rules of [`acquire`].
///
/// # Errors
/// [`StoreError::Sql`].
pub fn holder(c: &Connection, now_ms: i64, ttl_ms: i64) -> Result<Option<Holder>, StoreError> {
    Ok(row(c)?
        .filter(|(state, other)| {
            state.held && now_ms.abs_diff(state.heartbeat_ms) <= ttl_ms.unsigned_abs() && !other.is_dead()
        })
        .map(|(_, other)| other))
}

struct State {
    fence: i64,
    held: bool,
    heartbeat_ms: i64,
}

fn row(c: &Connection) -> Result<Option<(State, Holder)>, StoreError> {
    let mut statement =
        c.prepare_cached("SELECT fence, held, heartbeat_ms, pid, host, start_id, command FROM lease WHERE one = 1")?;
    let found = statement.query_row([], |row| {
        let state = State { fence: row.get(0)?, held: row.get(1)?, heartbeat_ms: row.get(2)? };
        Ok((state, Holder { pid: row.get(3)?, host: row.get(4)?, start_id: row.get(5)?, command: row.get(6)? }))
    });
    Ok(found.optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::memory;

    const TTL: i64 = 10_000;

    fn stranger() -> Holder {
        Holder { pid: 7, host: "elsewhere".into(), start_id: "boot ns 1".into(), command: "heeler run".into() }
    }

    fn fence(lease: Lease) -> i64 {
        match lease {
            Lease::Acquired { fence } => fence,
            Lease::HeldBy(holder) => panic!("held by {holder:?}"),
        }
    }

    #[test]
    fn one_holder_at_a_time() {
        let c = memory();
        let us = Holder::current("heeler run");
        assert_eq!(holder(&c, 0, TTL).unwrap(), None);
        let first = fence(acquire(&c, &stranger(), 0, TTL).unwrap());
        assert_eq!(acquire(&c, &us, TTL, TTL).unwrap(), Lease::HeldBy(stranger()));
        heartbeat(&c, first, TTL).unwrap();
        assert_eq!(acquire(&c, &us, TTL + 1, TTL).unwrap(), Lease::HeldBy(stranger()));
        assert_eq!(holder(&c, TTL + 1, TTL).unwrap(), Some(stranger()));
        release(&c, first).unwrap();
        assert_eq!(holder(&c, TTL + 1, TTL).unwrap(), None);
        assert!(fence(acquire(&c, &us, TTL + 1, TTL).unwrap()) > first);
    }

    #[test]
    fn a_stale_lease_is_taken_over_and_the_old_holder_is_fenced_out() {
        let c = memory();
        let us = Holder::current("heeler sync");
        let old = fence(acquire(&c, &stranger(), 0, TTL).unwrap());
        let new = fence(acquire(&c, &us, TTL + 1, TTL).unwrap());
        assert!(new > old);
        assert!(matches!(heartbeat(&c, old, TTL + 2), Err(StoreError::LeaseLost { .. })));
        assert!(matches!(check(&c, old), Err(StoreError::LeaseLost { .. })));
        check(&c, new).unwrap();
        // Giving back what one no longer has must not free it.
        release(&c, old).unwrap();
        check(&c, new).unwrap();
        release(&c, new).unwrap();
        assert!(heartbeat(&c, new, TTL + 3).is_err());
    }

    #[test]
    fn a_heartbeat_from_far_ahead_does_not_hold_for_ever() {
        let c = memory();
        acquire(&c, &stranger(), 86_400_000, TTL).unwrap();
        assert!(matches!(acquire(&c, &Holder::current(""), 0, TTL).unwrap(), Lease::Acquired { .. }));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_dead_process_of_this_machine_does_not_hold() {
        let c = memory();
        let us = Holder::current("heeler run");
        assert!(!us.is_dead());
        // Same pid, started at another time: a later process got the number.
        let (place, _) = us.start_id.rsplit_once(' ').unwrap();
        let reused = Holder { start_id: format!("{place} 1"), ..us.clone() };
        assert!(reused.is_dead());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = start_id(child.id()).unwrap();
        let other = Holder { pid: child.id(), start_id: id, ..us.clone() };
        acquire(&c, &other, 0, TTL).unwrap();
        assert_eq!(acquire(&c, &us, 1, TTL).unwrap(), Lease::HeldBy(other.clone()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(other.is_dead());
        assert!(matches!(acquire(&c, &us, 1, TTL).unwrap(), Lease::Acquired { .. }));
        // The same pid on another machine says nothing.
        assert!(!Holder { host: "elsewhere".into(), ..other.clone() }.is_dead());
        assert!(!Holder { start_id: String::new(), ..other }.is_dead());
    }
}
