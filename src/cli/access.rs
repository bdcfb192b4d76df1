//! How a command reaches a job: its configuration, its database, and the sandbox where that is the job.

use super::{Chosen, CliError, Ctx, Exit, SANDBOX_JOB};
use crate::config::settings::Kept;
use crate::config::{AppConfig, DirectoryConfig, JobConfig, Preset, Scope, SecretRef, SignIn, process_env};
use crate::engine::{self, AssembleError, ConnectionNews, ConnectionTest, RunError};
use crate::graph::{GraphClient, GraphError, SignInError};
use crate::model::Secret;
use crate::sandbox::{self, Ready, Sandbox, SandboxError, SandboxOptions, faults::Faults};
use crate::scim::client::{ScimClient, ScimError};
use crate::store::{Store, StoreError, job as job_table};
use crate::sync::SyncError;
use crate::sync::health::Watched;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Life events per minute in the sandbox of a bare `heeler`.
const LIFE_PER_MINUTE: f64 = 6.0;

/// Interval of the sandbox's job.
const SANDBOX_INTERVAL: Duration = Duration::from_secs(20);

/// Key under which a process tells where its sandbox listens.
const ORIGIN: &str = "sandbox_origin";

/// A job as a command sees it.
pub(crate) struct Access {
    /// Name of the job.
    pub(crate) name: String,
    /// Its database.
    pub(crate) store: Store,
    chosen: Chosen,
    sandbox_dir: PathBuf,
}

impl Access {
    /// The job to work on, with its database opened (and made, if it is new).
    pub(crate) fn open(ctx: &Ctx) -> Result<Self, CliError> {
        Self::of(ctx, ctx.job()?)
    }

    /// The same for commands that only read: a folder that cannot be written is no obstacle.
    pub(crate) fn open_to_read(ctx: &Ctx) -> Result<Self, CliError> {
        Self::to_read(ctx, ctx.job()?)
    }

    /// The same for a job that was chosen already.
    pub(crate) fn to_read(ctx: &Ctx, chosen: Chosen) -> Result<Self, CliError> {
        match Self::of(ctx, chosen.clone()) {
            Err(error) if error.exit == Exit::Storage => {
                let name = chosen.name().to_owned();
                let path = Store::file_of(&ctx.folders.data_dir, &name)?;
                // The first error says more than the second.
                let store = Store::open_read_only(&path).map_err(|_| error)?;
                Ok(Self { name, store, chosen, sandbox_dir: ctx.folders.data_dir.join("sandbox") })
            }
            other => other,
        }
    }

    /// The job as somebody chose it, with its database opened for writing.
    pub(crate) fn of(ctx: &Ctx, chosen: Chosen) -> Result<Self, CliError> {
        let name = chosen.name().to_owned();
        let path = Store::file_of(&ctx.folders.data_dir, &name)?;
        let store = Store::open(&path)?;
        Ok(Self { name, store, chosen, sandbox_dir: ctx.folders.data_dir.join("sandbox") })
    }

    /// The same job with another configuration, if there is one.
    pub(crate) fn with(&self, config: Option<JobConfig>) -> Self {
        let chosen = match config {
            Some(config) => Chosen::Configured(Box::new(config)),
            None => self.chosen.clone(),
        };
        Self { name: self.name.clone(), store: self.store.clone(), chosen, sandbox_dir: self.sandbox_dir.clone() }
    }

    /// Whether the job is the sandbox's.
    pub(crate) fn is_sandbox(&self) -> bool {
        matches!(self.chosen, Chosen::Sandbox)
    }

    /// The configuration as far as it is known without anything running: enough for mappings and scope.
    pub(crate) fn config(&self) -> Result<JobConfig, CliError> {
        match &self.chosen {
            Chosen::Configured(config) => self.with_saved_mapping((**config).clone()),
            Chosen::Sandbox => self.sandbox_config(&self.placeholder()),
        }
    }

    /// A configuration with the mapping that was saved last, where that is in force.
    pub(crate) fn with_saved_mapping(&self, mut config: JobConfig) -> Result<JobConfig, CliError> {
        config.saved_mapping = self.store.read(|c| engine::saved_mapping(c, &config))?;
        Ok(config)
    }

    /// Whether provisioning is on.
    pub(crate) fn enabled(&self) -> Result<bool, CliError> {
        match &self.chosen {
            Chosen::Configured(config) => Ok(config.enabled),
            // The sandbox's job is on unless somebody turned it off.
            Chosen::Sandbox => {
                Ok(self.store.read(|c| job_table::get(c, job_table::ENABLED))?.as_deref() != Some("false"))
            }
        }
    }

    /// What the sandbox's job would be with the settings that are stored now, when this is what it is; `None` when
    /// they cannot be read.
    pub(crate) fn settled(&self, running: &JobConfig) -> Option<JobConfig> {
        let kept = self.kept().ok()?;
        let mut config = running.clone();
        kept.apply(&mut config);
        config.enabled = self.enabled().ok()?;
        self.with_saved_mapping(config).ok()
    }

    /// What somebody changed of the sandbox's settings.
    pub(crate) fn kept(&self) -> Result<Kept, CliError> {
        Ok(self.store.read(|c| job_table::get_json(c, job_table::SETTINGS))?.unwrap_or_default())
    }

    fn sandbox_config(&self, ready: &Ready) -> Result<JobConfig, CliError> {
        let mut config = sandbox_config(ready, self.enabled()?)?;
        self.kept()?.apply(&mut config);
        self.with_saved_mapping(config)
    }

    /// Addresses of a sandbox that nobody runs.
    fn placeholder(&self) -> Ready {
        Ready {
            authority: "http://127.0.0.1".into(),
            graph: "http://127.0.0.1/v1.0".into(),
            tenant_id: "sandbox.invalid".into(),
            client_id: String::new(),
            client_secret: String::new(),
            service_principal_id: String::new(),
            scim: "http://127.0.0.1/scim/v2".into(),
            scim_token: String::new(),
            ca: None,
            control: String::new(),
        }
    }

    /// The configuration with everything behind it running. The sandbox of the job is started here, unless another
    /// process runs it. Only the holder of the lease may start it.
    pub(crate) async fn online(&self, live: bool) -> Result<Online, CliError> {
        if let Chosen::Configured(config) = &self.chosen {
            let config = self.with_saved_mapping((**config).clone())?;
            return Ok(Online { config, sandbox: None, store: self.store.clone() });
        }
        let sandbox = sandbox::start(SandboxOptions {
            life_per_minute: if live { LIFE_PER_MINUTE } else { 0.0 },
            faults: Faults::demonstration(),
            data_dir: Some(self.sandbox_dir.clone()),
            ..SandboxOptions::default()
        })
        .await?;
        let origin = sandbox.ready().authority.clone();
        self.store.write(move |c| job_table::set(c, ORIGIN, &origin)).await?;
        let config = self.sandbox_config(sandbox.ready())?;
        Ok(Online { config, sandbox: Some(sandbox), store: self.store.clone() })
    }

    /// The same beside a process that holds the job: its sandbox is used, none is started.
    pub(crate) fn beside(&self) -> Result<Online, CliError> {
        let config = match &self.chosen {
            Chosen::Configured(config) => self.with_saved_mapping((**config).clone())?,
            Chosen::Sandbox => {
                let origin = self.store.read(|c| job_table::get(c, ORIGIN))?;
                let ready = match origin {
                    Some(origin) => sandbox::attach(&self.sandbox_dir, &origin)?,
                    None => None,
                };
                let ready = ready.ok_or_else(|| {
                    CliError::new(Exit::Held, "another process holds the sandbox, and it is not ready yet")
                        .advise("try again in a moment")
                })?;
                self.sandbox_config(&ready)?
            }
        };
        Ok(Online { config, sandbox: None, store: self.store.clone() })
    }

    /// Everything running, whoever runs it: for commands that read the directory or the app without the lease.
    pub(crate) async fn reach(&self) -> Result<Online, CliError> {
        if self.is_sandbox() && engine::holder(&self.store)?.is_some() {
            self.beside()
        } else {
            self.online(false).await
        }
    }
}

/// A configuration with whatever had to be started for it.
pub(crate) struct Online {
    /// The job.
    pub(crate) config: JobConfig,
    /// The sandbox, when this process runs it.
    pub(crate) sandbox: Option<Sandbox>,
    store: Store,
}

impl Online {
    /// Clients of the directory and the app.
    pub(crate) fn clients(&self) -> Result<(GraphClient, ScimClient), CliError> {
        Ok(tokio::task::block_in_place(|| engine::clients_of(&self.config, &process_env))?)
    }

    /// Tests the connection, and remembers names that were read for screens and logs.
    pub(crate) async fn test(&self) -> Result<ConnectionTest, CliError> {
        self.test_with(|_| {}).await
    }

    /// The same, telling each step as it begins and ends.
    pub(crate) async fn test_with(&self, news: impl FnMut(ConnectionNews) + Send) -> Result<ConnectionTest, CliError> {
        let (graph, scim) = self.clients()?;
        let (rules, _) = engine::rules_of(&self.config)?;
        let settings = engine::settings_of(&self.config);
        let watched = Watched::new(&graph, &scim);
        let test = engine::test_connection_with(&graph, &scim, &settings, &rules, news).await;
        test.note(&watched, &self.store).await?;
        let (organization, principal) = (test.organization.clone(), test.service_principal.clone());
        self.store
            .write(move |c| {
                if let Some(organization) = &organization {
                    job_table::set_organization(c, organization)?;
                }
                if let Some(principal) = &principal {
                    job_table::set_service_principal(c, principal)?;
                }
                Ok(())
            })
            .await?;
        Ok(test)
    }

    /// Ends what this process started, state saved.
    pub(crate) async fn close(self) -> Result<(), CliError> {
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await?;
        }
        Ok(())
    }
}

fn sandbox_config(ready: &Ready, enabled: bool) -> Result<JobConfig, CliError> {
    let url = |text: &str| {
        Url::parse(text).map_err(|e| CliError::new(Exit::Usage, format!("the sandbox has no usable address: {e}")))
    };
    let given = |text: &str| SecretRef::Given(Secret::new(text.to_owned()));
    Ok(JobConfig {
        name: SANDBOX_JOB.to_owned(),
        enabled,
        app: AppConfig {
            preset: Preset::Flock,
            tenant_url: url(&ready.scim)?,
            secret_token: given(&ready.scim_token),
            ca_file: None,
        },
        directory: DirectoryConfig {
            tenant_id: ready.tenant_id.clone(),
            client_id: ready.client_id.clone(),
            sign_in: SignIn::ClientSecret(given(&ready.client_secret)),
            service_principal_id: ready.service_principal_id.clone(),
            ca_file: None,
            authority: url(&ready.authority)?,
            graph: url(&ready.graph)?,
        },
        scope: Scope::Assigned,
        exclude_default_access: true,
        groups: false,
        mapping: None,
        saved_mapping: None,
        interval: SANDBOX_INTERVAL,
        deletion_threshold: None,
        skip_out_of_scope_deletions: false,
        environment: Some("test".to_owned()),
        base_dir: PathBuf::new(),
    })
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::LeaseLost { .. } => Exit::Held,
            StoreError::JobName { .. } => Exit::Usage,
            _ => Exit::Storage,
        };
        Self::from_lines(exit, &error.to_string())
    }
}

impl From<SandboxError> for CliError {
    fn from(error: SandboxError) -> Self {
        let exit = match &error {
            SandboxError::Listen { .. } | SandboxError::Faults(_) => Exit::Usage,
            SandboxError::Keep(_) | SandboxError::App(_) => Exit::Storage,
            SandboxError::Tls(_) | SandboxError::Server(_) => Exit::Connection,
        };
        Self::from_lines(exit, &error.to_string())
    }
}

impl From<AssembleError> for CliError {
    fn from(error: AssembleError) -> Self {
        match error {
            AssembleError::Store(error) => error.into(),
            AssembleError::Graph(error) => error.into(),
            AssembleError::Scim(error) => error.into(),
            other => Self::from_lines(Exit::Usage, &other.to_string()),
        }
    }
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Assemble(error) => error.into(),
            RunError::Store(error) => error.into(),
        }
    }
}

impl From<GraphError> for CliError {
    fn from(error: GraphError) -> Self {
        // A credential that cannot be used is a matter of configuration, whoever notices it.
        let ours = matches!(error, GraphError::Settings(_) | GraphError::SignIn(SignInError::Credential(_)));
        Self::from_lines(if ours { Exit::Usage } else { Exit::Connection }, &error.to_string())
    }
}

impl From<ScimError> for CliError {
    fn from(error: ScimError) -> Self {
        let exit = if matches!(error, ScimError::Settings(_)) { Exit::Usage } else { Exit::Connection };
        Self::from_lines(exit, &error.to_string())
    }
}

impl From<SyncError> for CliError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Directory(error) => error.into(),
            SyncError::App(error) => error.into(),
            SyncError::Store(error) => error.into(),
            SyncError::AppFails(_) => Self::from_lines(Exit::Connection, &error.to_string()),
            SyncError::Moved(_) => Self::from_lines(Exit::Held, &error.to_string()),
            SyncError::Stopped => Self::new(Exit::Interrupted, ""),
        }
    }
}
