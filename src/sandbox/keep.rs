//! State on disk: one file, written whole beside the old one and put in its place.

use super::directory::Directory;
use super::world::{Doors, World};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Raised when the file changes so that older ones cannot be read.
const FORMAT: u32 = 1;
/// How often it is looked whether there is something to save.
const PULSE: Duration = Duration::from_millis(200);

/// What is in the file.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub format: u32,
    pub recipe: (u64, usize, usize),
    pub client_secret: String,
    pub scim_token: String,
    pub directory: Directory,
    pub doors: Doors,
    pub app: Value,
}

/// Why the state could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The folder or file cannot be used.
    #[error("cannot use {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} is not the state of a sandbox, or is damaged ({reason}); delete it to start again from the seed")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of a newer version.
    #[error("{path} was written by a newer Heeler; use that one, or delete the file to start again from the seed")]
    Newer {
        /// The file.
        path: PathBuf,
    },
}

fn file(folder: &Path) -> PathBuf {
    folder.join("sandbox.json")
}

/// Reads the state, if there is one.
pub(super) fn load(folder: &Path) -> Result<Option<Kept>, KeepError> {
    let path = file(folder);
    std::fs::create_dir_all(folder).map_err(|source| KeepError::Io { path: folder.to_owned(), source })?;
    let reader = match std::fs::File::open(&path) {
        Ok(open) => BufReader::new(open),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeepError::Io { path, source }),
    };
    let kept: Result<Kept, _> = serde_json::from_reader(reader);
    match kept {
        Ok(kept) if kept.format > FORMAT => Err(KeepError::Newer { path }),
        Ok(mut kept) => {
            kept.directory.index();
            Ok(Some(kept))
        }
        Err(error) => Err(KeepError::Damaged { path, reason: error.to_string() }),
    }
}

/// What the file is made of, beside the world.
#[derive(Clone)]
pub(super) struct Keeper {
    pub folder: PathBuf,
    pub scim_token: String,
}

impl Keeper {
    /// Writes the state. Atomic: a reader finds the old file or the new one.
    pub(super) fn save(&self, world: &World) -> Result<(), KeepError> {
        let path = file(&self.folder);
        let failed = |source| KeepError::Io { path: path.clone(), source };
        let kept = Kept {
            format: FORMAT,
            recipe: world.recipe,
            client_secret: world.client_secret.clone(),
            scim_token: self.scim_token.clone(),
            directory: world.directory().clone(),
            doors: world.doors().clone(),
            app: world.app.snapshot(),
        };
        // Temporary files are open to their owner only: the state holds the secrets of the sandbox.
        let temporary = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        let mut out = BufWriter::new(temporary);
        serde_json::to_writer(&mut out, &kept).map_err(|error| failed(error.into()))?;
        out.flush().map_err(failed)?;
        let temporary = out.into_inner().map_err(|error| failed(error.into_error()))?;
        temporary.as_file().sync_data().map_err(failed)?;
        temporary.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Saves after changes until the task is aborted. A large state is saved less often, so that saving takes a
    /// small share of the time.
    pub(super) async fn watch(self, world: Arc<World>) {
        let mut saved = world.generation();
        let mut pause = PULSE;
        loop {
            tokio::time::sleep(pause).await;
            pause = PULSE;
            let now = world.generation();
            if now == saved {
                continue;
            }
            let (keeper, held) = (self.clone(), Arc::clone(&world));
            let start = Instant::now();
            // What fails here fails again at shutdown, where it is reported.
            if let Ok(Ok(())) = tokio::task::spawn_blocking(move || keeper.save(&held)).await {
                saved = now;
            }
            pause = PULSE.max(start.elapsed() * 15);
        }
    }
}
