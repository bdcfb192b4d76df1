//! A form on a job of the configuration file: opened, changed, saved in one step or not at all.

use super::super::edit::{self, Edit};
use super::super::{ConfigError, Env, JobConfig, Profile, SecretRef, SignIn, keep};
use super::value::Value;
use super::{Change, Field, Settings, words};
use crate::model::Secret;
use std::fmt;
use std::path::{Path, PathBuf};

/// A job's settings as they were when somebody began to look at them, with the text they came from.
#[derive(Clone)]
pub struct Opened {
    path: PathBuf,
    job: String,
    text: String,
    config: JobConfig,
    settings: Settings,
}

/// What came of saving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Written.
    Written {
        /// What was changed; a new token is a change of [`Field::SecretToken`] that names places.
        changes: Vec<Change>,
    },
    /// Nothing is written yet: a person should agree to this first, then it is saved again with `agreed`.
    Ask {
        /// What will happen, in one or two sentences.
        note: String,
    },
}

/// Where a new token goes.
struct Place {
    /// The file.
    path: PathBuf,
    /// Its name in the folder of secrets.
    name: String,
    /// What a person should know first.
    note: Option<String>,
    /// Whether the configuration refers to it already.
    referred: bool,
}

impl Opened {
    /// Opens a form on a job. No secret is read.
    ///
    /// # Errors
    /// A file that cannot be read or says something wrong; a job that it does not have.
    pub fn read(path: &Path, job: &str, env: Env<'_>) -> Result<Self, ConfigError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // Loading says what is wrong with a file that is too large or no text.
        Profile::load(&path)?;
        let text = edit::text_of(&path)?;
        Self::parse(text, path, job, env)
    }

    fn parse(text: String, path: PathBuf, job: &str, env: Env<'_>) -> Result<Self, ConfigError> {
        let profile = Profile::parse(&text, &path)?;
        let Some(config) = profile.job(job).cloned() else {
            return Err(ConfigError::NoSuchJob { path, job: job.to_owned() });
        };
        let settings = Settings::of(&config).look(&config, env);
        Ok(Self { path, job: job.to_owned(), text, config, settings })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings as they were.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The configuration as it was.
    pub fn config(&self) -> &JobConfig {
        &self.config
    }

    /// What storing a new token changes beside the token: a form shows it, and asks. `None`: nothing to ask.
    pub fn token_note(&self, secrets_dir: &Path) -> Option<String> {
        self.place(secrets_dir).note
    }

    /// Saves what is different in `wanted`, and a new token if one was given: every changed key in one replacement of
    /// the file, comments, order and spacing kept; the token in a file that only the user can read, to which the
    /// configuration then refers. Either both are saved or nothing is.
    ///
    /// # Errors
    /// [`ConfigError::Field`] for a value that the file may not have, [`ConfigError::Moved`] when somebody else
    /// changed the file since the form was opened, [`ConfigError::Keep`] and [`ConfigError::Unwritable`] for what the
    /// system refused. Nothing is changed then.
    pub fn save(
        &self,
        wanted: &Settings,
        token: Option<&Secret>,
        secrets_dir: &Path,
        agreed: bool,
    ) -> Result<Saved, ConfigError> {
        let mut changes = self.settings.changes(wanted);
        let (mut edits, mut expected) = self.edits(&changes)?;
        self.unmoved()?;
        let place = self.place(secrets_dir);
        if token.is_some() {
            if let (Some(note), false) = (&place.note, agreed) {
                return Ok(Saved::Ask { note: note.clone() });
            }
            if !place.referred {
                edits.push(Edit::Refer(Field::SecretToken.key(), place.path.clone()));
                expected.app.secret_token = SecretRef::File(place.path.clone());
            }
            let to = super::place_of(&SecretRef::File(place.path.clone()));
            let from = self.settings.get(Field::SecretToken).to_owned();
            changes.push(Change { field: Field::SecretToken, from, to });
        }
        let text = edit::changed(&self.text, &self.path, &self.job, &edits)?;
        self.verify(&text, &expected, &edits)?;
        self.commit(&text, token, secrets_dir, &place)?;
        Ok(Saved::Written { changes })
    }

    /// The changes of the file, and what the job will then be.
    fn edits(&self, changes: &[Change]) -> Result<(Vec<Edit>, JobConfig), ConfigError> {
        let mut expected = self.config.clone();
        let mut edits = Vec::new();
        for Change { field, to, .. } in changes {
            let value = Value::read(*field, to).map_err(|message| ConfigError::Field { field: *field, message })?;
            edits.push(value.toml(to).map_or(Edit::Unset(field.key()), |toml| Edit::Set(field.key(), toml)));
            value.apply(*field, &mut expected);
        }
        Ok((edits, expected))
    }

    /// Both files at once: each is written beside its place first, so that only two renames are left, and the first
    /// is taken back when the second fails.
    fn commit(&self, text: &str, token: Option<&Secret>, secrets_dir: &Path, place: &Place) -> Result<(), ConfigError> {
        let unwritable = |source| ConfigError::Unwritable { path: self.path.clone(), source };
        let file = (text != self.text).then(|| edit::stage(&self.path, text)).transpose().map_err(unwritable)?;
        let kept = match token {
            Some(token) => Some(keep::stage(secrets_dir, &place.name, token)?.commit_for_now()?),
            None => None,
        };
        let moved = match file.map_or(Ok(true), |file| file.commit(&self.text)) {
            Ok(true) => return Ok(()),
            Ok(false) => self.unmoved().err(),
            Err(source) => Some(unwritable(source)),
        };
        if let Some(kept) = kept {
            kept.undo()?;
        }
        moved.map_or(Ok(()), Err)
    }

    /// Refuses to go on when the file is another one than it was.
    fn unmoved(&self) -> Result<(), ConfigError> {
        let text = edit::text_of(&self.path)?;
        if text == self.text {
            return Ok(());
        }
        Err(ConfigError::Moved { path: self.path.clone(), what: self.difference(text) })
    }

    /// What somebody else changed, in words: settings of this job, else the first line. Never what a line says.
    fn difference(&self, text: String) -> String {
        let line = 1 + self.text.lines().zip(text.lines()).take_while(|(before, now)| before == now).count();
        let now = Self::parse(text, self.path.clone(), &self.job, &|_| None);
        let changes = now.map(|now| Settings::of(&self.config).changes(&Settings::of(&now.config)));
        match changes {
            Ok(changes) if !changes.is_empty() => words::list(&changes),
            Ok(_) => format!("line {line} is the first that differs"),
            Err(ConfigError::NoSuchJob { .. }) => format!("the job {} is gone", self.job),
            Err(_) => format!("it says something wrong now; line {line} is the first that differs"),
        }
    }

    /// The new text must mean exactly what was asked for: nothing else of this job, and nothing of another, may have
    /// changed with it.
    fn verify(&self, text: &str, expected: &JobConfig, edits: &[Edit]) -> Result<(), ConfigError> {
        let key = edits.first().map_or("", Edit::key);
        let stubborn = || edit::stubborn(&self.path, &self.job, key);
        let before = Profile::parse(&self.text, &self.path)?;
        let after = Profile::parse(text, &self.path).map_err(|_| stubborn())?;
        let meant = before.jobs.iter().map(|job| if job.name == self.job { expected } else { job });
        if format!("{:?}", after.jobs) == format!("{:?}", meant.collect::<Vec<_>>()) { Ok(()) } else { Err(stubborn()) }
    }

    /// Where a new token goes: to where the old one is, if that is a file in the folder of secrets and nobody else
    /// refers to it; otherwise to one named after the job.
    fn place(&self, secrets_dir: &Path) -> Place {
        let used = self.references();
        let shared = |path: &Path| used.iter().filter(|other| *other == path).count();
        let old = match &self.config.app.secret_token {
            SecretRef::File(path) => Some(self.config.base_dir.join(path)),
            _ => None,
        };
        if let Some(path) = &old
            && path.parent() == Some(secrets_dir)
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
            && keep::check_name(name).is_ok()
            && shared(path) == 1
        {
            return Place { path: path.clone(), name: name.to_owned(), note: None, referred: true };
        }
        let names = std::iter::once(self.job.clone()).chain((2..).map(|n| {
            let ending = format!("-{n}");
            let room = 64 - ending.len();
            format!("{}{ending}", self.job.get(..room).unwrap_or(&self.job))
        }));
        let free = |name: &String| shared(&secrets_dir.join(name)) == 0;
        let name = names.take(used.len() + 1).find(free).unwrap_or_else(|| self.job.clone());
        let path = secrets_dir.join(&name);
        let goes = format!("The new token is kept in {}, and the configuration refers to that", path.display());
        let note = match &self.config.app.secret_token {
            SecretRef::Env(name) => format!("{goes}. The variable {name} is not asked any more."),
            SecretRef::Command(argv) => {
                let program = argv.first().map_or("", String::as_str);
                format!("{goes}. The command `{program}` is not asked any more.")
            }
            SecretRef::File(old) => format!("{goes}. {} stays as it is.", old.display()),
            SecretRef::Given(_) => format!("{goes}."),
        };
        Place { path, name, note: Some(note), referred: false }
    }

    /// Every secret file that the configuration refers to, as often as it does.
    fn references(&self) -> Vec<PathBuf> {
        let Ok(profile) = Profile::parse(&self.text, &self.path) else { return Vec::new() };
        let mut files = Vec::new();
        for job in &profile.jobs {
            let sign_in = match &job.directory.sign_in {
                SignIn::ClientSecret(reference) | SignIn::ClientCertificate(reference) => Some(reference),
                SignIn::FederatedTokenFile(_) => None,
            };
            for reference in std::iter::once(&job.app.secret_token).chain(sign_in) {
                if let SecretRef::File(path) = reference {
                    files.push(job.base_dir.join(path));
                }
            }
        }
        files
    }
}

#[cfg(test)]
impl Opened {
    /// The end of [`Opened::save`], as if nobody had been seen to change the file.
    pub(super) fn commit_as_if_unmoved(
        &self,
        wanted: &Settings,
        token: &Secret,
        secrets_dir: &Path,
    ) -> Result<(), ConfigError> {
        let (edits, _) = self.edits(&self.settings.changes(wanted))?;
        let text = edit::changed(&self.text, &self.path, &self.job, &edits)?;
        self.commit(&text, Some(token), secrets_dir, &self.place(secrets_dir))
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Comments of a file may hold anything: the text stays out.
        f.debug_struct("Opened").field("path", &self.path).field("job", &self.job).finish_non_exhaustive()
    }
}
