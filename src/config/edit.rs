//! Changing a configuration file without disturbing it: comments, order and formatting stay.

use super::{ConfigError, Profile};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// Turns a job on or off in the file.
///
/// # Errors
/// As [`set`].
pub fn set_enabled(path: &Path, job: &str, enabled: bool) -> Result<(), ConfigError> {
    set(path, job, "enabled", enabled.into())
}

/// Sets one key of a job (`interval`, `app.tenant_url`) and replaces the file in one step. The result is checked
/// first: a file that would not load is never written.
///
/// # Errors
/// A file that cannot be read or written, that is wrong already, or would be wrong afterwards; a job it does not have.
pub fn set(path: &Path, job: &str, key: &str, value: Value) -> Result<(), ConfigError> {
    let profile = Profile::load(path)?;
    if profile.job(job).is_none() {
        return Err(ConfigError::NoSuchJob { path: profile.path, job: job.to_owned() });
    }
    let path = profile.path;
    let text = fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
    let text = changed(&text, job, key, value)
        .ok_or_else(|| ConfigError::NoSuchJob { path: path.clone(), job: job.to_owned() })?;
    Profile::parse(&text, &path)?;
    replace(&path, &text).map_err(|source| ConfigError::Unwritable { path, source })
}

/// The text with one key of one job changed; `None` when the way there is no table.
fn changed(text: &str, job: &str, key: &str, value: Value) -> Option<String> {
    const MARK: &str = "\u{feff}";
    // The editor writes plain line feeds and no mark: bring both back as they were.
    let marked = text.starts_with(MARK);
    let crlf = text.contains("\r\n");
    let mut document: DocumentMut = text.trim_start_matches(MARK).replace("\r\n", "\n").parse().ok()?;
    let mut table: &mut dyn TableLike =
        document.get_mut("jobs")?.as_table_like_mut()?.get_mut(job)?.as_table_like_mut()?;
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop()?;
    for part in parts {
        table = table.get_mut(part)?.as_table_like_mut()?;
    }
    put(table, last, value);
    let mut text = document.to_string();
    if crlf {
        text = text.replace('\n', "\r\n");
    }
    if marked {
        text.insert_str(0, MARK);
    }
    Some(text)
}

/// Puts a value in the place of another and leaves what stands around it: the space before, the comment behind.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(item) => *item = Item::Value(value),
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Writes a file beside the old one and moves it into its place. A link stays a link; the permissions stay.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let folder = path.parent().ok_or_else(|| io::Error::other("the path has no folder"))?;
    let mut file = tempfile::Builder::new().prefix(".heeler-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
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
        set(&path, "flock", "app.tenant_url", "https://scim.example/v2".into()).unwrap();
        let expected = expected.replace("https://api.flock.com/v2/scim", "https://scim.example/v2");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        set(&path, "flock", "directory.client_id", "33333333-3333-3333-3333-333333333333".into()).unwrap();
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
        assert!(matches!(set(&path, "flock", "interval", "soon".into()), Err(ConfigError::Invalid(_))));
        assert!(matches!(set_enabled(&path, "flok", true), Err(ConfigError::NoSuchJob { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
    }
}
