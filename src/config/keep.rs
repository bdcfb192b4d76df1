//! Keeping a secret in Heeler's own folder.

use super::SecretRef;
use crate::model::Secret;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

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
    check_name(name)?;
    let path = secrets_dir.join(name);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| KeepError::Io { path, source }
    };
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
    file.persist(&path).map_err(|error| KeepError::Io { path: path.clone(), source: error.error })?;
    Ok(SecretRef::File(path))
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
    fn a_name_never_leaves_the_folder() {
        for name in ["", "..", ".hidden", "a/b", "a b", "-x", "ü", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        check_name("flock-token.2").unwrap();
    }
}
