//! What fits on one page: the job at a glance, in one consistent look at the database.

use super::{StoreError, commands, cycles, job, lease, log, mirror, operations, retries, search, watermarks};
use crate::model::{
    Collection, Cycle, CycleState, ObjectType, OperationState, Organization, Quarantine, ServicePrincipal,
};
use jiff::Timestamp;
use rusqlite::Connection;

/// What an overview is made from, besides the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The present.
    pub now: Timestamp,
    /// How long a lease lives without a heartbeat, in milliseconds.
    pub lease_ttl_ms: i64,
    /// How many of the last cycles are wanted.
    pub cycles: usize,
    /// Hours of failures and causes, ending with the present one.
    pub hours: u16,
}

/// The job at a glance. Counts are those of the moment; instants are RFC 3339 UTC.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Whether the job was enabled when last seen; `None` before that.
    pub enabled: Option<bool>,
    /// The tenant, once it was read.
    pub organization: Option<Organization>,
    /// The app in the tenant, once it was read.
    pub service_principal: Option<ServicePrincipal>,
    /// The quarantine the job is in.
    pub quarantine: Option<Quarantine>,
    /// The last cycles, newest first, the running one included.
    pub cycles: Vec<Cycle>,
    /// How far the running cycle is.
    pub progress: Option<cycles::Progress>,
    /// Users of the directory.
    pub users: u64,
    /// Groups of the directory.
    pub groups: u64,
    /// Users that a list without filter has: [`Overview::users`] and those removed ones that are still shown.
    pub listed_users: u64,
    /// Groups that a list without filter has.
    pub listed_groups: u64,
    /// Users with a link.
    pub linked_users: u64,
    /// Groups with a link.
    pub linked_groups: u64,
    /// Objects that failed and wait.
    pub retries: u64,
    /// References (manager, members) that failed and wait.
    pub reference_retries: u64,
    /// Operations that wait for a person.
    pub held: u64,
    /// Commands that wait or run.
    pub commands: Vec<commands::Command>,
    /// Size of the database in bytes, what waits in its WAL included.
    pub bytes: u64,
    /// Entries of the log.
    pub log_entries: u64,
    /// The newest entry of the log; 0 while there is none.
    pub last_log: i64,
    /// When users, groups and assignments were last read completely or up to date.
    pub read_at: [Option<String>; 3],
    /// Who runs the job now.
    pub holder: Option<lease::Holder>,
    /// What fails, and how often.
    pub causes: log::Causes,
    /// Who waits for a retry, by what failed last.
    pub waiting: log::Waiting,
    /// Failures of each hour, oldest first.
    pub failures: Vec<u64>,
}

impl Overview {
    /// The cycle that is under way.
    pub fn running(&self) -> Option<&Cycle> {
        self.cycles.first().filter(|cycle| cycle.state == CycleState::Running)
    }

    /// The cycle that ended last, among the ones that were asked for.
    pub fn ended(&self) -> Option<&Cycle> {
        self.cycles.iter().find(|cycle| cycle.state != CycleState::Running)
    }

    /// When the oldest of the collections was read; `None` while the users never were. Assignments have no delta and
    /// thus no watermark: every cycle reads them anew.
    pub fn directory_read_at(&self) -> Option<Timestamp> {
        let [users, groups, assignments] = &self.read_at;
        users.as_ref()?;
        [users, groups, assignments].into_iter().flatten().filter_map(|at| at.parse::<Timestamp>().ok()).min()
    }
}

/// Reads all of it in one transaction, so that the numbers fit each other. Costs the same for small and large jobs.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn read(c: &Connection, scope: Scope) -> Result<Overview, StoreError> {
    let tx = c.unchecked_transaction()?;
    let overview = read_now(&tx, scope)?;
    tx.commit()?;
    Ok(overview)
}

fn read_now(c: &Connection, scope: Scope) -> Result<Overview, StoreError> {
    let (users, groups) = mirror::counts(c)?;
    let cycles = cycles::list(c, scope.cycles.max(1), None)?;
    let running = cycles.first().filter(|cycle| cycle.state == CycleState::Running);
    let (retries, reference_retries) = retries::count(c)?;
    let pragma = |sql: &str| -> Result<u64, StoreError> { Ok(c.prepare_cached(sql)?.query_row([], |row| row.get(0))?) };
    Ok(Overview {
        enabled: job::get(c, job::ENABLED)?.map(|text| text == "true"),
        organization: job::organization(c)?,
        service_principal: job::service_principal(c)?,
        quarantine: job::quarantine(c)?,
        progress: running.map(|cycle| cycles::progress(c, &cycle.id)).transpose()?.flatten(),
        users,
        groups,
        listed_users: search::total(c, ObjectType::User)?,
        listed_groups: search::total(c, ObjectType::Group)?,
        linked_users: super::links::count(c, ObjectType::User)?,
        linked_groups: super::links::count(c, ObjectType::Group)?,
        retries,
        reference_retries,
        held: operations::count(c, OperationState::Held)?,
        commands: commands::open(c)?,
        bytes: pragma("PRAGMA page_count")? * pragma("PRAGMA page_size")?,
        log_entries: log::count(c, &log::LogFilter::default(), 0)?.n,
        last_log: log::last_id(c)?,
        read_at: [
            watermarks::stored_at(c, Collection::Users)?,
            watermarks::stored_at(c, Collection::Groups)?,
            watermarks::stored_at(c, Collection::Assignments)?,
        ],
        holder: lease::holder(c, scope.now.as_millisecond(), scope.lease_ttl_ms)?,
        causes: log::cause_table(c, scope.now, scope.hours)?,
        waiting: log::waiting(c, scope.now, scope.hours)?,
        failures: log::failures_per_hour(c, scope.now, scope.hours)?,
        cycles,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Counts, CycleKind, LogStatus, UserChange};
    use crate::store::testing::{entry, memory};

    #[test]
    fn the_job_at_a_glance() {
        let c = memory();
        let now: Timestamp = "2026-11-01T00:10:00Z".parse().unwrap();
        let scope = Scope { now, lease_ttl_ms: 10_000, cycles: 2, hours: 24 };
        let empty = read(&c, scope).unwrap();
        assert_eq!((empty.users, empty.enabled, empty.running(), empty.directory_read_at()), (0, None, None, None));
        assert_eq!((empty.failures.len(), empty.last_log, empty.bytes > 0), (24, 0, true));

        let cycle = |id: &str, state| Cycle {
            id: id.into(),
            kind: CycleKind::Initial,
            state,
            started_at: "2026-11-01T00:00:00Z".into(),
            ended_at: None,
            duration_ms: 0,
            counts: Counts::default(),
            app_requests: 0,
            error: None,
        };
        for (id, state) in [("a", CycleState::Succeeded), ("b", CycleState::Failed), ("c", CycleState::Running)] {
            cycles::start(&c, &cycle(id, state)).unwrap();
        }
        cycles::update(&c, "c", &Counts::default(), 3, "reading users", 1204, Some(4200)).unwrap();
        for id in ["ada", "bob"] {
            let change = UserChange { id: id.into(), ..UserChange::default() };
            mirror::apply_user(&c, &change, mirror::INCREMENTAL).unwrap();
        }
        mirror::mark_removed(&c, ObjectType::User, "bob", crate::model::Removed::Soft).unwrap();
        for collection in [Collection::Users, Collection::Groups, Collection::Assignments] {
            watermarks::put(&c, collection, "https://graph").unwrap();
        }
        job::set(&c, job::ENABLED, "true").unwrap();
        log::append(&c, &entry(1, "c", LogStatus::Failure, Some(("Timeout", "no answer")))).unwrap();
        let seen = read(&c, scope).unwrap();
        assert_eq!((seen.users, seen.listed_users, seen.enabled), (1, 2, Some(true)));
        assert_eq!(seen.cycles.len(), 2);
        assert_eq!(seen.running().unwrap().id, "c");
        assert_eq!(seen.ended().unwrap().id, "b");
        let progress = seen.progress.clone().unwrap();
        assert_eq!((progress.phase.as_str(), progress.done, progress.total), ("reading users", 1204, Some(4200)));
        assert_eq!((seen.log_entries, seen.last_log, seen.causes.failures, seen.failures[23]), (1, 1, 1, 1));
        assert!(seen.directory_read_at().is_some());
    }
}
