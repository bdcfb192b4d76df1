//! The engine of one job: holds the lease, runs cycles, keeps quarantine and audit.

use super::assemble::{AssembleError, Assembly, assemble};
use super::lease::Lease;
use super::quarantine::{self, Standing};
use super::schedule::next_cycle;
use super::stop::Stopping;
use super::versions::SaveError;
use crate::config::{Env, JobConfig};
use crate::model::{Collection, CycleState, ObjectType, OperationState, Quarantine};
use crate::store::{Store, StoreError, audit, cycles, job as job_table, links, operations, retries, watermarks};
use crate::sync::cycle::{self, CycleReport, CycleRequest};
use crate::sync::health::Watched;
use crate::sync::{CycleScope, EventSink, Job};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Keys of the job's own table.
const MAPPING: &str = "mapping_fingerprint";
const BELONGS_TENANT: &str = "belongs_tenant";
const BELONGS_APP: &str = "belongs_app";
const RESTART: &str = "restart";

/// Why a job could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot run as configured.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the last report left something for a person to decide.
pub type Held = u64;

/// The engine of one job, with the lease in hand.
pub struct Engine {
    /// The job as it can run.
    pub job: Job,
    lease: Lease,
    fingerprint: String,
    interval: Duration,
}

impl Engine {
    /// Makes the job runnable, with the lease in hand. `cancel` stops what runs.
    ///
    /// # Errors
    /// See [`RunError`]; nothing was sent, and the lease is given back.
    pub async fn open(
        config: &JobConfig,
        env: Env<'_>,
        store: &Store,
        lease: Lease,
        cancel: CancellationToken,
        events: Option<EventSink>,
    ) -> Result<Self, RunError> {
        let initiator = std::env::var("USER").ok().filter(|u| !u.is_empty());
        let assembly = Assembly { store: store.clone(), cancel, initiator, events };
        // A secret command may take its time: other tasks go on meanwhile.
        let (job, fingerprint) = match tokio::task::block_in_place(|| assemble(config, env, assembly)) {
            Ok(assembled) => assembled,
            Err(error) => {
                lease.give_back().await?;
                return Err(error.into());
            }
        };
        let engine = Self { job, lease, fingerprint, interval: config.interval };
        match engine.take_up(config).await {
            Ok(()) => Ok(engine),
            Err(error) => {
                engine.close().await?;
                Err(error)
            }
        }
    }

    /// Makes the job anew after its configuration changed; the lease stays.
    ///
    /// # Errors
    /// See [`RunError`]; the job then stays as it was.
    pub async fn reload(&mut self, config: &JobConfig, env: Env<'_>) -> Result<(), RunError> {
        let assembly = Assembly {
            store: self.job.store.clone(),
            cancel: self.job.cancel.clone(),
            initiator: self.job.initiator.clone(),
            events: self.job.events.clone(),
        };
        let (job, fingerprint) = tokio::task::block_in_place(|| assemble(config, env, assembly))?;
        let before = (std::mem::replace(&mut self.job, job), std::mem::replace(&mut self.fingerprint, fingerprint));
        if let Err(error) = self.take_up(config).await {
            (self.job, self.fingerprint) = before;
            return Err(error);
        }
        self.interval = config.interval;
        Ok(())
    }

    /// The fencing number of the lease.
    pub fn fence(&self) -> i64 {
        self.lease.fence()
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn close(self) -> Result<(), StoreError> {
        self.lease.give_back().await
    }

    /// Checks whose links these are, and keeps a mapping file that was changed as a version.
    async fn take_up(&self, config: &JobConfig) -> Result<(), RunError> {
        self.belongs(config).await?;
        match super::versions::notice(config, &self.job.store).await {
            Ok(()) => Ok(()),
            Err(SaveError::Store(error)) => Err(error.into()),
            Err(SaveError::Assemble(error)) => Err(error.into()),
            // Nothing is written to the file.
            Err(SaveError::Moved { .. } | SaveError::File { .. }) => Ok(()),
        }
    }

    /// Links are pairs of ids of one tenant and one app: with another tenant or app they would name strangers.
    async fn belongs(&self, config: &JobConfig) -> Result<(), RunError> {
        let tenant = config.directory.tenant_id.clone();
        // A service on this machine may come back on another port; anywhere else the host decides.
        let app = if crate::http::is_loopback(&config.app.tenant_url) {
            format!("loopback{}", config.app.tenant_url.path().trim_end_matches('/'))
        } else {
            config.app.tenant_url.host_str().unwrap_or_default().to_owned()
        };
        let graph = config.directory.graph.clone();
        let name = self.job.name.clone();
        let found = self
            .job
            .store
            .write(move |c| {
                if links::count(c, ObjectType::User)? + links::count(c, ObjectType::Group)? > 0 {
                    for (key, now, what) in [(BELONGS_TENANT, &tenant, "tenant"), (BELONGS_APP, &app, "app")] {
                        if let Some(before) = job_table::get(c, key)?.filter(|before| before != now) {
                            return Ok(Some((what, before)));
                        }
                    }
                }
                job_table::set(c, BELONGS_TENANT, &tenant)?;
                job_table::set(c, BELONGS_APP, &app)?;
                rebase(c, &graph)?;
                Ok(None)
            })
            .await?;
        match found {
            None => Ok(()),
            Some((what, before)) => Err(AssembleError::Elsewhere { job: name, what, before }.into()),
        }
    }

    /// Runs one cycle, or a part of one, or its dry run.
    ///
    /// # Errors
    /// When the store cannot be used; every other fault is in the report.
    pub async fn cycle(&self, initial: bool, scope: CycleScope, dry_run: bool) -> Result<CycleReport, StoreError> {
        self.run(CycleRequest { initial, scope, dry_run, ..CycleRequest::default() }).await
    }

    /// Runs whatever is asked for. [`Ask::Stop`](super::Ask::Stop) ends it, and so does the engine's own token.
    ///
    /// # Errors
    /// As [`Engine::cycle`].
    pub async fn run(&self, mut request: CycleRequest) -> Result<CycleReport, StoreError> {
        let everyone = request.scope == CycleScope::Everyone;
        request.initial = everyone && (request.initial || self.starts_anew()?);
        let cancel = self.job.cancel.child_token();
        let job = self.job.with_cancel(&cancel);
        let watched = Watched::of(&job);
        let stopping = Stopping::watch(&self.job.store, self.fence(), cancel);
        let report = cycle::run(&job, &request).await;
        stopping.end(report.as_ref().ok().map(|r| &r.cycle)).await?;
        let report = report?;
        if everyone && !request.dry_run && !report.partial && report.moved.is_none() {
            self.conclude(&report).await?;
        }
        self.note_health(&watched, &report).await?;
        Ok(report)
    }

    /// Writes down how both sides are doing after a cycle.
    async fn note_health(&self, watched: &Watched, report: &CycleReport) -> Result<(), StoreError> {
        let next = next_cycle(&self.job.store, self.interval)?;
        watched.after(&self.job.store, report, Some(next)).await
    }

    fn starts_anew(&self) -> Result<bool, StoreError> {
        starts_anew(&self.job, &self.fingerprint)
    }

    async fn conclude(&self, report: &CycleReport) -> Result<(), StoreError> {
        let now = jiff::Timestamp::now();
        let (before, standing, failed_in_a_row) = {
            let reader = self.job.store.reader()?;
            let (failures, reference_failures) = retries::count(&reader)?;
            let processed = links::count(&reader, ObjectType::User)? + links::count(&reader, ObjectType::Group)?;
            let recent = cycles::list(&reader, quarantine::PATIENCE, None)?;
            let failed = recent.iter().take_while(|c| c.state == CycleState::Failed).count();
            (job_table::quarantine(&reader)?, Standing { failures, reference_failures, processed }, failed)
        };
        let after = quarantine::after_cycle(
            before.as_ref(),
            &report.cycle,
            report.fatal.as_ref(),
            report.too_many,
            standing,
            failed_in_a_row,
            now,
        );
        let came_to_end = report.cycle.state == CycleState::Succeeded && report.unread.is_empty();
        let fingerprint = self.fingerprint.clone();
        self.job
            .store
            .write(move |c| {
                if came_to_end {
                    job_table::set(c, MAPPING, &fingerprint)?;
                    job_table::remove(c, RESTART)?;
                }
                let changed = before.as_ref().map(|q| &q.reason) != after.as_ref().map(|q| &q.reason);
                if changed {
                    let details = after.as_ref().map_or(json!({"lifted": true}), |q| json!(q));
                    audit::append(c, "Heeler", "Quarantine", &details)?;
                }
                job_table::set_quarantine(c, after.as_ref())
            })
            .await
    }

    /// Restart provisioning: watermark, retries and quarantine go, so that the next cycle is an initial one. With
    /// `full` the links go as well (E5.22).
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn restart(&self, full: bool) -> Result<(), StoreError> {
        restart(&self.job.store, full, self.job.initiator.clone()).await
    }
}

/// Whether the next cycle is an initial one: a restart was asked for, or the mapping changed and needs more of the
/// directory than was read (E5.20). Entra starts anew at every change of a mapping (E15.11). Here a cycle computes
/// everybody's values over the mirror in any case and asks the app about those that differ from the ledger, so that
/// a change costs what it changes (section 16, row 14); only properties that nobody read make the directory be read
/// again. `fingerprint` is what [`assemble`] gave beside the job; a plan that is made beside the engine starts like
/// the cycle it foretells.
///
/// # Errors
/// When the store cannot be read.
pub fn starts_anew(job: &Job, fingerprint: &str) -> Result<bool, StoreError> {
    let reader = job.store.reader()?;
    if job_table::get(&reader, RESTART)?.is_some() {
        return Ok(true);
    }
    match job_table::get(&reader, MAPPING)? {
        None => Ok(true),
        Some(before) if before == fingerprint => Ok(false),
        Some(_) => Ok(!unread(&reader, &job.user_properties(), &job.group_properties())?.is_empty()),
    }
}

/// Graph properties that a mapping needs and the stored delta links do not read.
///
/// # Errors
/// When the store cannot be read.
pub fn unread(c: &Connection, users: &[String], groups: &[String]) -> Result<Vec<String>, StoreError> {
    let mut missing = Vec::new();
    for (collection, needed) in [(Collection::Users, users), (Collection::Groups, groups)] {
        let read = watermarks::selected(c, collection)?.unwrap_or_default();
        missing.extend(needed.iter().filter(|property| !read.contains(property)).cloned());
    }
    Ok(missing)
}

/// See [`Engine::restart`]; for the case that the job cannot be assembled because its links belong elsewhere.
///
/// # Errors
/// When the store cannot be written.
pub async fn restart(store: &Store, full: bool, by: Option<String>) -> Result<(), StoreError> {
    store
        .write(move |c| {
            watermarks::clear_all(c)?;
            retries::clear(c)?;
            job_table::set_quarantine(c, None)?;
            job_table::set(c, RESTART, "1")?;
            if full {
                links::clear_all(c)?;
                crate::store::mirror::clear(c)?;
                job_table::remove(c, BELONGS_TENANT)?;
                job_table::remove(c, BELONGS_APP)?;
            }
            let who = by.unwrap_or_else(|| "Heeler".into());
            audit::append(c, &who, "Enable/restart provisioning configuration", &json!({ "full": full }))?;
            Ok(())
        })
        .await
}

/// Delta links are absolute. A directory on this machine may have come back on another port: its links move along.
fn rebase(c: &rusqlite::Connection, graph: &url::Url) -> Result<(), StoreError> {
    use crate::model::Collection;
    if !crate::http::is_loopback(graph) {
        return Ok(());
    }
    for collection in [Collection::Users, Collection::Groups] {
        let Some(link) = watermarks::get(c, collection)? else { continue };
        let Ok(mut moved) = url::Url::parse(&link) else { continue };
        if crate::http::is_loopback(&moved)
            && moved.origin() != graph.origin()
            && moved.set_port(graph.port()).is_ok()
            && moved.set_host(graph.host_str()).is_ok()
        {
            watermarks::put(c, collection, moved.as_str())?;
        }
    }
    Ok(())
}

/// The object that `sync --json` prints.
pub fn cycle_json(job: &str, report: &CycleReport) -> Value {
    let cycle = &report.cycle;
    let mut object = json!({
        "job": job,
        "cycle_id": cycle.id,
        "kind": cycle.kind,
        "state": cycle.state,
        "counts": cycle.counts,
        "app_requests": cycle.app_requests,
        "duration_ms": cycle.duration_ms,
    });
    if let (Some(error), Some(map)) = (&cycle.error, object.as_object_mut()) {
        map.insert("error".into(), Value::from(error.clone()));
    }
    object
}

/// The exit code of a cycle: 130 stopped, 4 held or no longer what was approved, 3 a fault of connection or sign-in or a directory that was not read
/// to the end, 1 some objects failed, 0 done.
pub fn exit_of(report: &CycleReport) -> i32 {
    match report.cycle.state {
        _ if report.moved.is_some() => 4,
        CycleState::Stopped => 130,
        CycleState::Failed if report.fatal.is_some() => 3,
        CycleState::Running | CycleState::Succeeded | CycleState::Failed => {
            if report.cycle.counts.held > 0 {
                4
            } else if !report.unread.is_empty() {
                3
            } else if report.cycle.counts.failed > 0 {
                1
            } else {
                0
            }
        }
    }
}

/// What waits for a person.
///
/// # Errors
/// When the store cannot be read.
pub fn held_count(store: &Store) -> Result<Held, StoreError> {
    store.read(|c| Ok(operations::by_state(c, &[OperationState::Held])?.len() as u64))
}

/// The quarantine of a job.
///
/// # Errors
/// When the store cannot be read.
pub fn quarantine_of(store: &Store) -> Result<Option<Quarantine>, StoreError> {
    store.read(job_table::quarantine)
}
