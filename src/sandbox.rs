//! The embedded tenant: a Graph endpoint, a token endpoint and a SCIM app on loopback, with faults on demand.
//!
//! ```text
//! request ─▶ listen (plain or TLS) ─▶ gate (count, faults) ─▶ app      /scim/v2
//!                                                          ├▶ graph    /v1.0
//!                                                          ├▶ token    /{tenant}/oauth2/v2.0/token
//!                                                          └▶ control  /control
//! ```
//!
//! All of it on one origin. The state is in [`directory`], behind one lock; [`life`] changes it from within.

pub mod app;
pub mod control;
pub mod directory;
pub mod faults;
mod gate;
pub mod graph;
mod keep;
pub mod life;
mod listen;
pub mod token;
mod trust;
mod world;

use app::App;
use axum::Router;
use directory::Directory;
use faults::Faults;
pub use keep::KeepError;
use keep::Keeper;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use world::{Doors, Parts, World};

/// How a sandbox is made.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// Where it listens; port 0 means a free one.
    pub listen: SocketAddr,
    /// Whether it speaks https, with a certificate of its own authority.
    pub tls: bool,
    /// How many users the directory starts with.
    pub users: usize,
    /// How many groups the directory starts with.
    pub groups: usize,
    /// What the directory, the secrets and life are made from.
    pub seed: u64,
    /// Life events per minute; 0 for none.
    pub life_per_minute: f64,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Where the state is kept; memory only without it.
    pub data_dir: Option<PathBuf>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            users: 250,
            groups: 18,
            seed: 1,
            life_per_minute: 0.0,
            faults: Faults::default(),
            data_dir: None,
        }
    }
}

/// Why a sandbox did not start, or could not keep its state.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address cannot be used.
    #[error("cannot listen on {address}: {source}; choose another port with --listen")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The state on disk.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The state of the app does not fit.
    #[error("the app's part of the kept state cannot be used ({0}); delete the sandbox's data to start again")]
    App(String),
    /// A certificate could not be made.
    #[error("cannot make a certificate for https: {0}")]
    Tls(String),
    /// The faults make no sense.
    #[error("the faults cannot be used: {0}")]
    Faults(String),
    /// The server stopped by itself.
    #[error("the sandbox stopped: {0}")]
    Server(String),
}

/// Where everything is: the line that `heeler sandbox serve` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// The sign-in origin, without the tenant.
    pub authority: String,
    /// The Graph root, ending in `/v1.0`.
    pub graph: String,
    /// The tenant.
    pub tenant_id: String,
    /// The app to sign in as.
    pub client_id: String,
    /// Its secret. Worth nothing outside of this sandbox.
    pub client_secret: String,
    /// The service principal of the Flock app.
    pub service_principal_id: String,
    /// The tenant URL of the SCIM app.
    pub scim: String,
    /// Its bearer token.
    pub scim_token: String,
    /// The PEM file of the authority that signed the certificate, with TLS.
    pub ca: Option<PathBuf>,
    /// The control endpoints.
    pub control: String,
}

/// A running sandbox. Dropping it stops it without a last save; [`Sandbox::shutdown`] saves first.
pub struct Sandbox {
    ready: Ready,
    world: Arc<World>,
    keeper: Option<Keeper>,
    tasks: Vec<JoinHandle<()>>,
    server: JoinHandle<std::io::Result<()>>,
    stop: CancellationToken,
    /// Holds the folder of the CA file while the sandbox runs without a data folder.
    _folder: Option<tempfile::TempDir>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("authority", &self.ready.authority).finish_non_exhaustive()
    }
}

/// A secret that the seed decides, in the alphabet of Entra's own.
fn secret(seed: u64, salt: u64, prefix: &str) -> String {
    let mut rng = fastrand::Rng::with_seed(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ salt);
    let tail: String = std::iter::repeat_with(|| rng.alphanumeric()).take(36).collect();
    format!("{prefix}{tail}")
}

/// The address under which a listener is reached from this machine: "every address" is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())) } else { address }
}

/// The sandbox that another process runs from a data folder, at an origin that it has told: the secrets are in the
/// folder, never in a database.
///
/// # Errors
/// When the state on disk cannot be read. `None` if there is none.
pub fn attach(folder: &std::path::Path, origin: &str) -> Result<Option<Ready>, SandboxError> {
    Ok(keep::load(folder)?.map(|kept| {
        let identity = kept.directory.identity;
        Ready {
            authority: origin.to_owned(),
            graph: format!("{origin}/v1.0"),
            tenant_id: identity.tenant_id.to_string(),
            client_id: identity.client_id.to_string(),
            client_secret: kept.client_secret,
            service_principal_id: identity.flock.to_string(),
            scim: format!("{origin}/scim/v2"),
            scim_token: kept.scim_token,
            ca: None,
            control: format!("{origin}/control"),
        }
    }))
}

/// Starts a sandbox: binds, spawns its tasks, and returns when it answers.
///
/// # Errors
/// When the address is taken, the state on disk cannot be read, or the faults make no sense.
pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    options.faults.check().map_err(SandboxError::Faults)?;
    let kept = match &options.data_dir {
        Some(folder) => {
            let folder = folder.clone();
            let read = tokio::task::spawn_blocking(move || keep::load(&folder)).await;
            read.map_err(|error| SandboxError::Server(error.to_string()))??
        }
        None => None,
    };
    let failed = |source| SandboxError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let origin = format!("{}://{}", if options.tls { "https" } else { "http" }, reachable(address));

    let (seed, users, groups) = (options.seed, options.users, options.groups);
    let parts = match kept {
        Some(kept) => {
            let app = App::new(kept.scim_token.clone());
            app.restore(kept.app).map_err(|error| SandboxError::App(error.to_string()))?;
            (kept.recipe, kept.client_secret, kept.scim_token, kept.directory, kept.doors, app)
        }
        None => {
            let made = tokio::task::spawn_blocking(move || Directory::seeded(seed, users, groups)).await;
            let directory = made.map_err(|error| SandboxError::Server(error.to_string()))?;
            let scim_token = secret(seed, 2, "flock-");
            let app = App::new(scim_token.clone());
            ((seed, users, groups), secret(seed, 1, "sbx~"), scim_token, directory, Doors::default(), app)
        }
    };
    let (recipe, client_secret, scim_token, directory, doors, app) = parts;
    app.set_base(format!("{origin}/scim/v2"));

    let (acceptor, ca, folder) = if options.tls {
        let made = trust::make(address.ip(), options.data_dir.as_deref()).map_err(SandboxError::Tls)?;
        (Some(made.acceptor), Some(made.ca), made.folder)
    } else {
        (None, None, None)
    };
    let identity = directory.identity.clone();
    let world = Arc::new(World::new(Parts {
        origin: origin.clone(),
        recipe,
        client_secret: client_secret.clone(),
        app: Arc::clone(&app),
        directory,
        doors,
        faults: options.faults,
    }));
    let ready = Ready {
        authority: origin.clone(),
        graph: format!("{origin}/v1.0"),
        tenant_id: identity.tenant_id.to_string(),
        client_id: identity.client_id.to_string(),
        client_secret,
        service_principal_id: identity.flock.to_string(),
        scim: format!("{origin}/scim/v2"),
        scim_token: scim_token.clone(),
        ca,
        control: format!("{origin}/control"),
    };

    let router = Router::<Arc<World>>::new()
        .fallback(gate::rest)
        .with_state(Arc::clone(&world))
        .nest("/scim/v2", app.router())
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&world), gate::gate));
    let door = listen::Door::new(listener, acceptor).map_err(failed)?;
    let stop = CancellationToken::new();
    let service = router.into_make_service_with_connect_info::<listen::Line>();
    let serve = axum::serve(door, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(async move { serve.await });

    let keeper = options.data_dir.map(|folder| Keeper { folder, scim_token });
    let mut tasks = Vec::new();
    if let Some(keeper) = &keeper {
        let (first, held) = (keeper.clone(), Arc::clone(&world));
        let saved = tokio::task::spawn_blocking(move || first.save(&held)).await;
        saved.map_err(|error| SandboxError::Server(error.to_string()))??;
        tasks.push(tokio::spawn(keeper.clone().watch(Arc::clone(&world))));
    }
    if options.life_per_minute > 0.0 && options.life_per_minute.is_finite() {
        let pause = Duration::from_secs_f64((60.0 / options.life_per_minute).clamp(0.001, 86_400.0));
        tasks.push(tokio::spawn(live(Arc::clone(&world), pause)));
    }
    Ok(Sandbox { ready, world, keeper, tasks, server, stop, _folder: folder })
}

async fn live(world: Arc<World>, pause: Duration) {
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        life::event(&mut world.directory(), world.recipe.0);
    }
}

impl Sandbox {
    /// Where everything is.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Lets so many life events happen now.
    pub fn live(&self, events: u64) {
        let mut directory = self.world.directory();
        for _ in 0..events {
            life::event(&mut directory, self.world.recipe.0);
        }
    }

    /// State back to the seed, counts to zero.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Stops, and saves the state when there is a data folder. Requests under way get two seconds to end.
    ///
    /// # Errors
    /// When the state cannot be saved.
    pub async fn shutdown(mut self) -> Result<(), SandboxError> {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            task.abort();
        }
        let ended = tokio::time::timeout(Duration::from_secs(2), &mut self.server).await;
        if ended.is_err() {
            self.server.abort();
        }
        if let Some(keeper) = self.keeper.take() {
            let world = Arc::clone(&self.world);
            let saved = tokio::task::spawn_blocking(move || keeper.save(&world)).await;
            saved.map_err(|error| SandboxError::Server(error.to_string()))??;
        }
        Ok(())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
