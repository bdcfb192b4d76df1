//! What every command gets: folders, flags, the configuration, the chosen job.

use super::args::Global;
use super::{CliError, Exit};
use crate::config::{Folders, JobConfig, Profile};

/// Name of the job that stands in when there is no configuration.
pub const SANDBOX_JOB: &str = "sandbox";

/// What every command gets.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Where things are.
    pub folders: Folders,
    /// Whether `--data-dir` was given: `sandbox serve` keeps its state only then.
    pub data_dir_given: bool,
    /// Print data as JSON.
    pub json: bool,
    /// Print plain lines even on a terminal.
    pub plain: bool,
    /// `--theme`.
    pub theme: Option<String>,
    /// `--job`.
    pub job: Option<String>,
    /// The configuration; `None` means the sandbox.
    pub profile: Option<Profile>,
}

/// The job a command works on.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// The implicit job of the sandbox: there is no configuration.
    Sandbox,
    /// A job of the configuration.
    Configured(Box<JobConfig>),
}

impl Chosen {
    /// The name of the job.
    pub fn name(&self) -> &str {
        match self {
            Self::Sandbox => SANDBOX_JOB,
            Self::Configured(job) => &job.name,
        }
    }
}

impl Ctx {
    /// Reads the configuration, if there is one.
    ///
    /// # Errors
    /// A configuration that says something wrong.
    pub fn load(folders: Folders, global: Global) -> Result<Self, CliError> {
        let profile = folders.config_file.as_deref().map(Profile::load).transpose()?;
        let data_dir_given = global.data_dir.is_some();
        Ok(Self {
            folders,
            data_dir_given,
            json: global.json,
            plain: global.plain,
            theme: global.theme,
            job: global.job,
            profile,
        })
    }

    /// The job to work on: `--job`, or the only one there is. Without a configuration it is the sandbox.
    ///
    /// # Errors
    /// Several jobs and none named, or a name that no job has: both exit 2 and list the names.
    pub fn job(&self) -> Result<Chosen, CliError> {
        let Some(profile) = &self.profile else { return self.sandbox() };
        let configured = |job: &JobConfig| Ok(Chosen::Configured(Box::new(job.clone())));
        let names = || profile.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>().join(", ");
        let file = profile.path.display();
        match (&self.job, profile.jobs.as_slice()) {
            (_, []) => Err(CliError::new(Exit::Usage, format!("{file} has no job"))
                .advise("`heeler config example` prints one to start from")),
            (None, [only]) => configured(only),
            (None, _) => Err(CliError::new(Exit::Usage, "which job? there are several")
                .advise(format!("name one with --job: {}", names()))),
            (Some(name), _) => match (profile.job(name), profile.nearest(name)) {
                (Some(job), _) => configured(job),
                (None, Some(near)) => Err(CliError::new(Exit::Usage, format!("there is no job `{name}` in {file}"))
                    .advise(format!("did you mean `{near}`? jobs: {}", names()))),
                (None, None) => Err(CliError::new(Exit::Usage, format!("there is no job `{name}` in {file}"))
                    .advise(format!("jobs: {}", names()))),
            },
        }
    }

    fn sandbox(&self) -> Result<Chosen, CliError> {
        match self.job.as_deref() {
            None | Some(SANDBOX_JOB) => Ok(Chosen::Sandbox),
            Some(name) => Err(CliError::new(Exit::Usage, format!("there is no job `{name}`"))
                .advise("there is no configuration, so the only job is `sandbox`")
                .advise(format!(
                    "`heeler config example` prints one for {}",
                    self.folders.default_config_file.display()
                ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn ctx(names: Option<&[&str]>, job: Option<&str>) -> Ctx {
        let jobs: String = names
            .unwrap_or_default()
            .iter()
            .map(|name| {
                format!(
                    r#"
[jobs.{name}]
app = {{ tenant_url = "https://a.example", secret_token = {{ env = "A" }} }}
[jobs.{name}.directory]
tenant_id = "a.example"
client_id = "11111111-1111-1111-1111-111111111111"
client_secret = {{ env = "B" }}
service_principal_id = "22222222-2222-2222-2222-222222222222"
"#
                )
            })
            .collect();
        let folders = Folders {
            config_file: None,
            default_config_file: "/c/config.toml".into(),
            data_dir: "/d".into(),
            secrets_dir: "/d/secrets".into(),
        };
        let profile = names.map(|_| Profile::parse(&jobs, Path::new("/c/config.toml")).unwrap());
        Ctx {
            folders,
            data_dir_given: false,
            json: false,
            plain: false,
            theme: None,
            job: job.map(str::to_owned),
            profile,
        }
    }

    fn refused(names: Option<&[&str]>, job: Option<&str>) -> String {
        let error = ctx(names, job).job().unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
        error.to_string()
    }

    #[test]
    fn the_only_job_needs_no_name() {
        assert_eq!(ctx(Some(&["flock"]), None).job().unwrap().name(), "flock");
        assert_eq!(ctx(Some(&["b", "a"]), Some("a")).job().unwrap().name(), "a");
    }

    #[test]
    fn several_jobs_need_one() {
        assert_eq!(
            refused(Some(&["b", "a"]), None),
            "error: which job? there are several\n  name one with --job: b, a"
        );
    }

    #[test]
    fn an_unknown_job_gets_the_nearest_name() {
        assert_eq!(
            refused(Some(&["flock", "other"]), Some("flokc")),
            "error: there is no job `flokc` in /c/config.toml\n  did you mean `flock`? jobs: flock, other"
        );
        assert!(refused(Some(&["flock"]), Some("zzzzzz")).ends_with("\n  jobs: flock"));
        assert!(refused(Some(&[]), None).contains("/c/config.toml has no job"));
    }

    #[test]
    fn without_a_configuration_the_job_is_the_sandbox() {
        assert!(matches!(ctx(None, None).job().unwrap(), Chosen::Sandbox));
        assert_eq!(ctx(None, Some("sandbox")).job().unwrap().name(), "sandbox");
        assert!(refused(None, Some("flock")).contains("the only job is `sandbox`"));
    }
}
