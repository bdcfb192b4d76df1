//! Where things are: the configuration file, the data folder, the secrets.

use super::ConfigError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How environment variables are looked up. A function, so that tests bring their own environment.
pub type Env<'a> = &'a (dyn Fn(&str) -> Option<OsString> + Sync);

/// The environment of this process.
pub fn process_env(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The places Heeler reads and writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The configuration file: one that was named (it exists), or the default one if it exists. `None` means that
    /// there is no configuration, and the sandbox stands in for it.
    pub config_file: Option<PathBuf>,
    /// Where the default configuration file would be: what advice names when there is none.
    pub default_config_file: PathBuf,
    /// Databases and state: one database file per job.
    pub data_dir: PathBuf,
    /// What `heeler secret set` keeps: a folder inside the data folder, 0700.
    pub secrets_dir: PathBuf,
}

impl Folders {
    /// Finds the folders: `--config FILE`, else `$HEELER_CONFIG`, else `$XDG_CONFIG_HOME/heeler/config.toml`;
    /// `--data-dir DIR`, else `$XDG_DATA_HOME/heeler`. Nothing is created. Relative paths are made absolute.
    ///
    /// # Errors
    /// A configuration file that was named but is not there; no home folder to derive a default from.
    pub fn locate(config_flag: Option<PathBuf>, data_flag: Option<PathBuf>, env: Env<'_>) -> Result<Self, ConfigError> {
        let variable = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let named = match config_flag {
            Some(path) => Some((path, "--config")),
            None => variable("HEELER_CONFIG").map(|path| (path, "$HEELER_CONFIG")),
        };
        let default_config_file = base(env, "XDG_CONFIG_HOME", ".config").map(|dir| dir.join("heeler/config.toml"));
        let (config_file, default_config_file) = match named {
            Some((path, by)) => {
                let path = absolute(&path);
                if !path.exists() {
                    return Err(ConfigError::Missing { path, by });
                }
                (Some(path.clone()), default_config_file.unwrap_or(path))
            }
            None => {
                let path = default_config_file.ok_or(ConfigError::NoHome { flag: "--config" })?;
                // A default file that is there but cannot be read must not turn into the sandbox in silence.
                let there = path.symlink_metadata().is_ok();
                (there.then(|| path.clone()), path)
            }
        };
        let data_dir = match data_flag {
            Some(dir) => absolute(&dir),
            None => base(env, "XDG_DATA_HOME", ".local/share")
                .map(|dir| dir.join("heeler"))
                .ok_or(ConfigError::NoHome { flag: "--data-dir" })?,
        };
        let secrets_dir = data_dir.join("secrets");
        Ok(Self { config_file, default_config_file, data_dir, secrets_dir })
    }
}

/// An XDG base folder. The specification says that a relative path in the variable is to be ignored.
fn base(env: Env<'_>, variable: &str, below_home: &str) -> Option<PathBuf> {
    env(variable).map(PathBuf::from).filter(|path| path.is_absolute()).or_else(|| Some(home(env)?.join(below_home)))
}

/// The home folder: `$HOME`, else what the system knows about the user.
pub(super) fn home(env: Env<'_>) -> Option<PathBuf> {
    env("HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(|| etcetera::home_dir().ok())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> + Sync {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
    }

    #[test]
    fn defaults_follow_xdg() {
        let folders = Folders::locate(None, None, &env(&[("HOME", "/nowhere")])).unwrap();
        assert_eq!(folders.config_file, None);
        assert_eq!(folders.default_config_file, Path::new("/nowhere/.config/heeler/config.toml"));
        assert_eq!(folders.data_dir, Path::new("/nowhere/.local/share/heeler"));
        assert_eq!(folders.secrets_dir, Path::new("/nowhere/.local/share/heeler/secrets"));

        let pairs = &[("HOME", "/nowhere"), ("XDG_CONFIG_HOME", "/etc/c"), ("XDG_DATA_HOME", "not/absolute")];
        let folders = Folders::locate(None, None, &env(pairs)).unwrap();
        assert_eq!(folders.default_config_file, Path::new("/etc/c/heeler/config.toml"));
        assert_eq!(folders.data_dir, Path::new("/nowhere/.local/share/heeler"));
    }

    #[test]
    fn the_flag_beats_the_variable_and_a_named_file_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("mine.toml");
        std::fs::write(&file, "").unwrap();
        let other = env(&[("HOME", "/nowhere"), ("HEELER_CONFIG", "/nowhere/other.toml")]);
        let folders = Folders::locate(Some(file.clone()), Some("/data".into()), &other).unwrap();
        assert_eq!(folders.config_file, Some(file));
        assert_eq!(folders.data_dir, Path::new("/data"));

        let error = Folders::locate(None, None, &other).unwrap_err();
        assert!(matches!(&error, ConfigError::Missing { by: "$HEELER_CONFIG", .. }), "{error}");
    }

    #[test]
    fn an_empty_variable_is_no_variable() {
        let folders = Folders::locate(None, None, &env(&[("HOME", "/nowhere"), ("HEELER_CONFIG", "")])).unwrap();
        assert_eq!(folders.config_file, None);
    }
}
