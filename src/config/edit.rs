//! Changing a configuration file without disturbing it: every byte that is not part of the change stays.

mod place;

use super::{ConfigError, Profile};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use toml_edit::Value;

/// One change of a job.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// A key (`interval`, `app.tenant_url`) gets a value. One that is not there is added beside its neighbours.
    Set(&'static str, Value),
    /// A key goes. Its line stays as a comment, with what stands around it.
    Unset(&'static str),
    /// A reference to a secret becomes one to a file.
    Refer(&'static str, PathBuf),
}

impl Edit {
    /// The key, below the job.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Set(key, _) | Self::Unset(key) | Self::Refer(key, _) => key,
        }
    }
}

/// Turns a job on or off in the file.
///
/// # Errors
/// A file that cannot be read or written, that is wrong already, or would be wrong afterwards; a job it does not have.
pub fn set_enabled(path: &Path, job: &str, enabled: bool) -> Result<(), ConfigError> {
    change(path, job, &[Edit::Set("enabled", enabled.into())])
}

/// Makes all changes of a job and replaces the file in one step. The result is checked first: a file that would not
/// load is never written.
fn change(path: &Path, job: &str, edits: &[Edit]) -> Result<(), ConfigError> {
    let profile = Profile::load(path)?;
    if profile.job(job).is_none() {
        return Err(ConfigError::NoSuchJob { path: profile.path, job: job.to_owned() });
    }
    let path = profile.path;
    let before = text_of(&path)?;
    let text = changed(&before, &path, job, edits)?;
    Profile::parse(&text, &path)?;
    match stage(&path, &text).and_then(|staged| staged.commit(&before)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(ConfigError::Moved { path, what: "its text is another one by now".to_owned() }),
        Err(source) => Err(ConfigError::Unwritable { path, source }),
    }
}

/// The text of a file that was loaded a moment ago.
pub(super) fn text_of(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

/// The text with the changes made, not yet checked.
pub(super) fn changed(text: &str, path: &Path, job: &str, edits: &[Edit]) -> Result<String, ConfigError> {
    let mut text = text.to_owned();
    for edit in edits {
        text = place::changed(&text, job, edit).ok_or_else(|| stubborn(path, job, edit.key()))?;
    }
    Ok(text)
}

/// A change that a person has to make.
pub(super) fn stubborn(path: &Path, job: &str, key: &str) -> ConfigError {
    ConfigError::Stubborn { path: path.to_owned(), job: job.to_owned(), key: key.to_owned() }
}

/// A new text of a file, written beside it.
pub(super) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

/// Writes a text beside the file it is to replace. A link stays a link; the permissions stay.
pub(super) fn stage(path: &Path, text: &str) -> io::Result<Staged> {
    let path = fs::canonicalize(path)?;
    let folder = path.parent().ok_or_else(|| io::Error::other("the path has no folder"))?;
    let mut file = tempfile::Builder::new().prefix(".heeler-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    Ok(Staged { file, path })
}

impl Staged {
    /// Moves the new text into its place, unless the old one is not `before` any more: then `false`, and nothing is
    /// changed.
    pub(super) fn commit(self, before: &str) -> io::Result<bool> {
        if fs::read(&self.path)? != before.as_bytes() {
            return Ok(false);
        }
        self.file.persist(&self.path).map_err(|error| error.error)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    const TEXT: &str = r#"# our jobs

[jobs.flock] # the sales people
# turn me on when ready
enabled   = false    # provisioning status
app = { preset = "flock", tenant_url = "https://api.flock.com/v2/scim", secret_token = { env = "T" } } # app
scope = "assigned"

[jobs.flock.directory]
tenant_id = "contoso.onmicrosoft.com"
client_id = "11111111-1111-1111-1111-111111111111" # ours
client_secret = { env = "ENTRA_SECRET" }
service_principal_id = "22222222-2222-2222-2222-222222222222"

# the end
"#;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn comments_order_and_spacing_stay() {
        let (_dir, path) = file(TEXT);
        set_enabled(&path, "flock", true).unwrap();
        let expected = TEXT.replace("enabled   = false    #", "enabled   = true    #");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        change(&path, "flock", &[Edit::Set("app.tenant_url", "https://scim.example/v2".into())]).unwrap();
        let expected = expected.replace("https://api.flock.com/v2/scim", "https://scim.example/v2");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        let id = "33333333-3333-3333-3333-333333333333".into();
        change(&path, "flock", &[Edit::Set("directory.client_id", id)]).unwrap();
        let expected = expected.replace("11111111-1111-1111-1111-111111111111", "33333333-3333-3333-3333-333333333333");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn a_key_that_was_not_there_joins_its_table() {
        let text = TEXT.replace("enabled   = false    # provisioning status\n", "");
        let (_dir, path) = file(&text);
        set_enabled(&path, "flock", true).unwrap();
        let expected = text.replace("scope = \"assigned\"\n", "scope = \"assigned\"\nenabled = true\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        assert!(Profile::load(&path).unwrap().jobs[0].enabled);
    }

    #[test]
    fn line_ends_permissions_and_links_stay() {
        let text = format!("\u{feff}{}", TEXT.replace('\n', "\r\n"));
        let (dir, path) = file(&text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let link = dir.path().join("link.toml");
        symlink(&path, &link).unwrap();
        set_enabled(&link, "flock", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text.replace("= false", "= true"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing temporary is left");
    }

    #[test]
    fn a_change_that_would_not_load_is_not_written() {
        let (_dir, path) = file(TEXT);
        let soon = [Edit::Set("interval", "soon".into())];
        assert!(matches!(change(&path, "flock", &soon), Err(ConfigError::Invalid(_))));
        assert!(matches!(set_enabled(&path, "flok", true), Err(ConfigError::NoSuchJob { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    }
}
