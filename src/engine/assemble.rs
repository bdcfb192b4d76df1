//! From a job of the configuration to a job that can run: secrets read, mappings compiled, clients made.

use crate::config::{Env, JobConfig, Preset, Scope, SecretError, SignIn};
use crate::graph::{Credential, GraphClient, GraphError, GraphSettings};
use crate::mapping::{MappingError, Preset as MappingPreset, Schema};
use crate::model::ObjectType;
use crate::scim::client::{ScimClient, ScimError, ScimSettings};
use crate::scim::filter::FilterError;
use crate::store::{Store, StoreError, job as job_table};
use crate::sync::project::{ObjectRules, Rules, ScopeRules};
use crate::sync::scope::ScopeSetting;
use crate::sync::{EventSink, Job, Settings};
use std::path::PathBuf;
use tokio_util::sync::CancellationToken;

/// Operations that are under way at once; the limiter of the app adapts below this.
const CONCURRENCY: usize = 16;

/// Why a job cannot run as configured.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A secret cannot be read.
    #[error("{what}: {error}")]
    Secret {
        /// Which one.
        what: &'static str,
        /// Why.
        error: SecretError,
    },
    /// The mapping file cannot be read.
    #[error("cannot read the mapping {}: {error}", path.display())]
    MappingFile {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The mapping says something wrong.
    #[error("{place}: {error}")]
    Mapping {
        /// File or preset.
        place: String,
        /// What is wrong.
        error: MappingError,
    },
    /// A target attribute is no SCIM path.
    #[error("{place}: a target attribute is not a SCIM attribute path: {error}")]
    Target {
        /// File or preset.
        place: String,
        /// What is wrong.
        error: FilterError,
    },
    /// The mapping has no rules for users.
    #[error("{place}: the schema maps no users; add a mapping from User to User")]
    NoUsers {
        /// File or preset.
        place: String,
    },
    /// The Graph client cannot be made.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The SCIM client cannot be made.
    #[error(transparent)]
    Scim(#[from] ScimError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database belongs to something else.
    #[error(
        "the database of job `{job}` belongs to another {what} ({before}); give the job a new name, or forget its links with `heeler restart --full --job {job}`"
    )]
    Elsewhere {
        /// The job.
        job: String,
        /// `tenant` or `app`.
        what: &'static str,
        /// What it belongs to.
        before: String,
    },
}

/// What assembling needs beside the configuration.
pub struct Assembly {
    /// The job's database.
    pub store: Store,
    /// Set to stop what is running.
    pub cancel: CancellationToken,
    /// Who asked, if a person did.
    pub initiator: Option<String>,
    /// Where news goes.
    pub events: Option<EventSink>,
}

/// The schema of a job: its mapping file, or what was saved last, or the preset's; with its name.
///
/// # Errors
/// When the file cannot be read or says something wrong.
pub fn schema_of(config: &JobConfig) -> Result<(Schema, String), AssembleError> {
    if let Some(saved) = config.saved_mapping.as_ref().filter(|_| config.mapping.is_none()) {
        let place = format!("version {}", saved.version);
        return Schema::from_json(&saved.schema)
            .map(|schema| (schema, place.clone()))
            .map_err(|error| AssembleError::Mapping { place, error });
    }
    base_schema_of(config)
}

/// The schema that a job starts from, whatever was saved since: its mapping file, or the preset's.
///
/// # Errors
/// When the file cannot be read or says something wrong.
pub fn base_schema_of(config: &JobConfig) -> Result<(Schema, String), AssembleError> {
    match &config.mapping {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| AssembleError::MappingFile { path: path.clone(), error })?;
            let place = path.display().to_string();
            Schema::from_json(&text)
                .map(|schema| (schema, place.clone()))
                .map_err(|error| AssembleError::Mapping { place, error })
        }
        None => {
            let preset = match config.app.preset {
                Preset::Flock => MappingPreset::Flock,
                Preset::Scim => MappingPreset::Scim,
            };
            let place = format!("preset {}", config.app.preset.as_str());
            Schema::preset(preset)
                .map(|schema| (schema, place.clone()))
                .map_err(|error| AssembleError::Mapping { place, error })
        }
    }
}

/// The compiled rules of a job, and the fingerprint that starts an initial cycle when it changes (E5.20).
///
/// # Errors
/// When the mapping cannot be read or compiled.
pub fn rules_of(config: &JobConfig) -> Result<(Rules, String), AssembleError> {
    let (schema, place) = schema_of(config)?;
    rules_from(&schema, &place, config)
}

/// As [`rules_of`], from a schema that the job does not have yet; `place` names it in errors.
///
/// # Errors
/// When the mapping cannot be compiled.
pub fn rules_from(schema: &Schema, place: &str, config: &JobConfig) -> Result<(Rules, String), AssembleError> {
    let place = place.to_owned();
    let compile = |object_type| {
        schema.compile(object_type).map_err(|error| AssembleError::Mapping { place: place.clone(), error })
    };
    let target = |error| AssembleError::Target { place: place.clone(), error };
    let users = compile(ObjectType::User)?.ok_or_else(|| AssembleError::NoUsers { place: place.clone() })?;
    let groups = match compile(ObjectType::Group)? {
        Some(groups) => groups,
        // A schema without groups: the preset's rules read what is there, and nothing is provisioned by them.
        None => Schema::preset(MappingPreset::Scim)
            .and_then(|s| s.compile(ObjectType::Group))
            .map_err(|error| AssembleError::Mapping { place: place.clone(), error })?
            .ok_or_else(|| AssembleError::NoUsers { place: place.clone() })?,
    };
    let fingerprint = format!("{}/{}/{}", users.fingerprint(), groups.fingerprint(), config.groups);
    let rules =
        Rules { users: ObjectRules::new(users).map_err(target)?, groups: ObjectRules::new(groups).map_err(target)? };
    Ok((rules, fingerprint))
}

/// The scope settings of a job.
pub fn scope_rules(config: &JobConfig) -> ScopeRules {
    ScopeRules {
        setting: match config.scope {
            Scope::Assigned => ScopeSetting::Assigned,
            Scope::All => ScopeSetting::All,
        },
        exclude_default_access: config.exclude_default_access,
        skip_out_of_scope: config.skip_out_of_scope_deletions,
    }
}

/// The settings of a job.
pub fn settings_of(config: &JobConfig) -> Settings {
    let app_name = match config.app.preset {
        Preset::Flock => "Flock".to_owned(),
        Preset::Scim => config.app.tenant_url.host_str().unwrap_or("the app").to_owned(),
    };
    Settings {
        tenant_id: config.directory.tenant_id.clone(),
        tenant_url: config.app.tenant_url.to_string(),
        app_name,
        service_principal_id: config.directory.service_principal_id.clone(),
        scope: scope_rules(config),
        groups: config.groups,
        deletion_threshold: config.deletion_threshold,
        concurrency: CONCURRENCY,
        default_domain: None,
    }
}

/// Clients of the directory and the app, secrets read. Blocks while a secret command runs.
///
/// # Errors
/// When a secret cannot be read or a client cannot be made.
pub fn clients_of(config: &JobConfig, env: Env<'_>) -> Result<(GraphClient, ScimClient), AssembleError> {
    let base = config.base_dir.as_path();
    let secret = |what| move |error| AssembleError::Secret { what, error };
    let directory = &config.directory;
    let credential = match &directory.sign_in {
        SignIn::ClientSecret(reference) => {
            Credential::Secret(reference.read(base, env).map_err(secret("directory.client_secret"))?)
        }
        SignIn::ClientCertificate(reference) => {
            Credential::Certificate { pem: reference.read(base, env).map_err(secret("directory.client_certificate"))? }
        }
        SignIn::FederatedTokenFile(path) => Credential::FederatedTokenFile(path.clone()),
    };
    let mut settings = GraphSettings::new(
        directory.authority.clone(),
        directory.graph.clone(),
        directory.tenant_id.clone(),
        directory.client_id.clone(),
        credential,
    );
    settings.ca_file.clone_from(&directory.ca_file);
    let token = config.app.read_token(base, env).map_err(secret("app.secret_token"))?;
    let mut app = ScimSettings::new(config.app.tenant_url.as_str(), token);
    app.ca_file.clone_from(&config.app.ca_file);
    app.concurrency = CONCURRENCY;
    Ok((GraphClient::new(settings)?, ScimClient::new(app)?))
}

/// Makes a job that can run, and its mapping's fingerprint.
///
/// # Errors
/// Everything that keeps the job from running as configured; nothing was sent.
pub fn assemble(config: &JobConfig, env: Env<'_>, assembly: Assembly) -> Result<(Job, String), AssembleError> {
    let (rules, fingerprint) = rules_of(config)?;
    let (graph, scim) = clients_of(config, env)?;
    let mut settings = settings_of(config);
    let organization = assembly.store.read(job_table::organization)?;
    settings.default_domain = organization.and_then(|o| o.default_domain);
    let job = Job {
        name: config.name.clone(),
        settings,
        rules,
        graph: graph.with_cancel(assembly.cancel.clone()),
        scim: scim.with_cancel(assembly.cancel.clone()),
        store: assembly.store,
        cancel: assembly.cancel,
        initiator: assembly.initiator,
        events: assembly.events,
        pulse: std::sync::Arc::default(),
    };
    Ok((job, fingerprint))
}
