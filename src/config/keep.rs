//! Keeping a secret in Heeler's own folder.

use super::SecretRef;
use crate::model::Secret;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

const LONGEST_NAME: usize = 64;

/// Why a secret was not kept. What was there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The name cannot be a file name, or would leave the folder.
    #[error(
        "`{name}` cannot be the name of a secret\nuse letters, digits, `-`, `_`, `.`; start with a letter or digit; at most 64"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The folder is somebody else's, or a link to somewhere.
    #[error("{} is not a folder of your own\nmove it away, or name another place with --data-dir", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot keep the secret in {}: {source}\nmake the folder writable, or name another with --data-dir", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Checks the name of a secret: it becomes a file name.
///
/// # Errors
/// When it cannot be one.
pub fn check_name(name: &str) -> Result<(), KeepError> {
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if starts && plain && name.len() <= LONGEST_NAME { Ok(()) } else { Err(KeepError::Name { name: name.to_owned() }) }
}

/// Keeps a secret as `NAME` in the folder: a file of mode 0600 in a folder of mode 0700, replaced in one step.
/// Returns the reference to put into the configuration.
///
/// # Errors
/// A name that cannot be one, a folder that is not the user's, a full disk.
pub fn keep(secrets_dir: &Path, name: &str, secret: &Secret) -> Result<SecretRef, KeepError> {
    stage(secrets_dir, name, secret)?.commit().map(Kept::reference)
}

/// A secret that is written, but not yet in its place.
pub(super) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

/// A secret in its place, with the way back.
pub(super) struct Kept {
    path: PathBuf,
    before: Option<TempPath>,
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeepError {
    let path = path.to_owned();
    move |source| KeepError::Io { path, source }
}

/// Writes a secret beside its place. What was there is untouched.
pub(super) fn stage(secrets_dir: &Path, name: &str, secret: &Secret) -> Result<Staged, KeepError> {
    check_name(name)?;
    let path = secrets_dir.join(name);
    DirBuilder::new().recursive(true).mode(0o700).create(secrets_dir).map_err(failed(secrets_dir))?;
    let folder = fs::symlink_metadata(secrets_dir).map_err(failed(secrets_dir))?;
    if !folder.is_dir() || folder.uid() != rustix::process::geteuid().as_raw() {
        return Err(KeepError::Folder { path: secrets_dir.to_owned() });
    }
    if folder.mode() & 0o077 != 0 {
        fs::set_permissions(secrets_dir, Permissions::from_mode(0o700)).map_err(failed(secrets_dir))?;
    }
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(secrets_dir)
        .map_err(failed(secrets_dir))?;
    file.write_all(secret.expose().as_bytes()).map_err(failed(&path))?;
    file.as_file().sync_all().map_err(failed(&path))?;
    Ok(Staged { file, path })
}

impl Staged {
    /// Puts the secret into its place.
    pub(super) fn commit(self) -> Result<Kept, KeepError> {
        self.file
            .persist(&self.path)
            .map_err(|error| KeepError::Io { path: self.path.clone(), source: error.error })?;
        Ok(Kept { path: self.path, before: None })
    }

    /// As [`Staged::commit`], but what was there before can come back until the answer is dropped.
    pub(super) fn commit_for_now(self) -> Result<Kept, KeepError> {
        let before = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => {
                // A second name for the old file; dropping it takes the name away again.
                let folder = self.path.parent().unwrap_or(Path::new("."));
                let spare = tempfile::Builder::new()
                    .prefix(".old-")
                    .make_in(folder, |name| fs::hard_link(&self.path, name))
                    .map_err(failed(&self.path))?;
                Some(spare.into_temp_path())
            }
        };
        Ok(Kept { before, ..self.commit()? })
    }
}

impl Kept {
    /// How to refer to it.
    pub(super) fn reference(self) -> SecretRef {
        SecretRef::File(self.path)
    }

    /// Brings back what was there before [`Staged::commit_for_now`].
    pub(super) fn undo(self) -> Result<(), KeepError> {
        match self.before {
            Some(before) => before
                .persist(&self.path)
                .map_err(|error| KeepError::Io { path: self.path.clone(), source: error.error }),
            None => fs::remove_file(&self.path).map_err(failed(&self.path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_secret_is_closed_to_others_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data/secrets");
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        keep(&folder, "flock", &Secret::new("first".into())).unwrap();
        let reference = keep(&folder, "flock", &Secret::new("second".into())).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(folder.join("flock")).unwrap().mode() & 0o777, 0o600);
        assert_eq!(reference.read(Path::new("/"), &|_| None).unwrap().expose(), "second");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing temporary is left");
    }

    #[test]
    fn what_was_there_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("secrets");
        let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
        keep(&folder, "flock", &Secret::new("first".into())).unwrap();
        let kept = stage(&folder, "flock", &Secret::new("second".into())).unwrap().commit_for_now().unwrap();
        assert_eq!(text("flock").as_deref(), Some("second"));
        kept.undo().unwrap();
        assert_eq!(text("flock").as_deref(), Some("first"));
        stage(&folder, "other", &Secret::new("new".into())).unwrap().commit_for_now().unwrap().undo().unwrap();
        assert_eq!(text("other"), None);
        drop(stage(&folder, "flock", &Secret::new("third".into())).unwrap().commit_for_now().unwrap());
        assert_eq!(text("flock").as_deref(), Some("third"));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_name_never_leaves_the_folder() {
        for name in ["", "..", ".hidden", "a/b", "a b", "-x", "ü", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        check_name("flock-token.2").unwrap();
    }
}
