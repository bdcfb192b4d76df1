//! What a configuration says, after it was checked.

use super::{ConfigError, Env, SecretError, SecretRef, problem::Report, read};
use crate::model::Secret;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// A configuration is a page or two; more than this is some other file.
const LARGEST_FILE: u64 = 1024 * 1024;

/// A configuration file: the jobs it describes, in the order of the file.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The file, absolute.
    pub path: PathBuf,
    /// The jobs, in file order; names are unique.
    pub jobs: Vec<JobConfig>,
}

/// One job: a directory, an app, who is in scope, when it runs.
#[derive(Clone, Debug)]
pub struct JobConfig {
    /// The name after `jobs.`: letters, digits, `-`, `_`, at most 64; safe as a file name.
    pub name: String,
    /// Provisioning status: whether `heeler run` runs the job.
    pub enabled: bool,
    /// The target.
    pub app: AppConfig,
    /// The source.
    pub directory: DirectoryConfig,
    /// Who is provisioned.
    pub scope: Scope,
    /// Whether people who are assigned with Default Access only are left out (E3.9).
    pub exclude_default_access: bool,
    /// Whether group objects and their members are provisioned (E8.17: off by default).
    pub groups: bool,
    /// A schema file in Graph shape, absolute; `None` means the preset's own.
    pub mapping: Option<PathBuf>,
    /// The version of the mapping that was saved last; the configuration file never says one.
    pub saved_mapping: Option<SavedMapping>,
    /// Time between the starts of two cycles (E5.11: 40 minutes).
    pub interval: Duration,
    /// Removals per cycle above which they are held (E11.4); `None` means off.
    pub deletion_threshold: Option<u64>,
    /// Leave accounts alone when people fall out of scope.
    pub skip_out_of_scope_deletions: bool,
    /// The word in the header; `None` means production.
    pub environment: Option<String>,
    /// Folder of the configuration file: relative paths in it and `command` secrets start here.
    pub base_dir: PathBuf,
}

/// The app: a SCIM 2.0 service.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// Which schema and mappings are the default.
    pub preset: Preset,
    /// The Tenant URL (E2.1): https, or http on loopback; no credentials in it.
    pub tenant_url: Url,
    /// Where the Secret Token (E2.1) is.
    pub secret_token: SecretRef,
    /// Extra certificate authority, PEM, absolute.
    pub ca_file: Option<PathBuf>,
}

/// The directory: an Entra tenant behind Microsoft Graph.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// GUID or a domain of the tenant.
    pub tenant_id: String,
    /// Application (client) id of the app registration Heeler signs in as, a GUID.
    pub client_id: String,
    /// How Heeler signs in.
    pub sign_in: SignIn,
    /// Object id of the enterprise application whose assignments define the scope, a GUID.
    pub service_principal_id: String,
    /// Extra certificate authority, PEM, absolute.
    pub ca_file: Option<PathBuf>,
    /// Where tokens come from, without the tenant.
    pub authority: Url,
    /// Microsoft Graph, with the version.
    pub graph: Url,
}

/// How Heeler signs in to the directory.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// `client_secret`.
    ClientSecret(SecretRef),
    /// `client_certificate`: a PEM with certificate and private key.
    ClientCertificate(SecretRef),
    /// `federated_token_file`: a file with a token of somebody Entra trusts, absolute; read anew at each sign-in,
    /// because whoever writes it renews it.
    FederatedTokenFile(PathBuf),
}

/// Who is provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Users and groups assigned to the app.
    Assigned,
    /// Every user and group of the directory.
    All,
}

/// A schema with mappings that Heeler brings along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Flock (E15.21).
    Flock,
    /// Any SCIM 2.0 app (E15.22).
    Scim,
}

/// A mapping that was saved in the job's database and is in force instead of the preset.
#[derive(Clone, PartialEq, Eq)]
pub struct SavedMapping {
    /// Its version.
    pub version: i64,
    /// The schema as JSON text.
    pub schema: std::sync::Arc<str>,
}

/// The version says it all: what was saved never changes.
impl std::fmt::Debug for SavedMapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "version {}", self.version)
    }
}

impl Scope {
    /// `assigned` or `all`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::All => "all",
        }
    }
}

impl Preset {
    /// `flock` or `scim`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flock => "flock",
            Self::Scim => "scim",
        }
    }
}

impl Profile {
    /// Reads and checks a configuration file. No secret is read and nothing is contacted.
    ///
    /// # Errors
    /// A file that cannot be read, or that says something wrong: then the message shows up to three places.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let unreadable = |source| ConfigError::Unreadable { path: path.clone(), source };
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(unreadable)?;
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(ConfigError::TooLarge { path });
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
            ConfigError::NotUtf8 { path: path.clone(), line }
        })?;
        Self::parse(&text, &path)
    }

    /// Checks the text of a configuration file. The path gives relative paths their start and messages their place.
    ///
    /// # Errors
    /// Text that is not TOML, or says something wrong.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        match read::profile(text, path) {
            Ok(profile) => Ok(profile),
            Err(problems) => Err(ConfigError::Invalid(Box::new(Report::new(path, text, &problems)))),
        }
    }

    /// The job of that name.
    pub fn job(&self, name: &str) -> Option<&JobConfig> {
        self.jobs.iter().find(|job| job.name == name)
    }

    /// The job whose name is closest to a misspelt one, if any is close.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        super::problem::nearest(name, self.jobs.iter().map(|job| job.name.as_str()))
    }
}

impl JobConfig {
    /// Something that is different when the job has to be made anew: when the configuration says something else, when
    /// another mapping was saved, or when a mapping file or secret file it refers to was replaced. No secret is read.
    pub fn fingerprint(&self) -> String {
        let sign_in = match &self.directory.sign_in {
            SignIn::ClientSecret(reference) | SignIn::ClientCertificate(reference) => reference.stamp(&self.base_dir),
            // Read anew at each sign-in.
            SignIn::FederatedTokenFile(_) => None,
        };
        let mapping = self.mapping.as_deref().and_then(super::secret::stamp);
        format!("{self:?} {:?} {sign_in:?} {mapping:?}", self.app.secret_token.stamp(&self.base_dir))
    }
}

impl AppConfig {
    /// Reads the Secret Token.
    ///
    /// # Errors
    /// See [`SecretRef::read`]; also a token with a line break or another character that no header can carry.
    pub fn read_token(&self, base_dir: &Path, env: Env<'_>) -> Result<Secret, SecretError> {
        self.secret_token.read_word(base_dir, env)
    }
}
