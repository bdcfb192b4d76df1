//! A home of its own for every test: a configuration, secrets and a data folder in a temporary place; and the built
//! binary, run with a time limit and an empty environment.

use super::Sandbox;
use serde_json::Value;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest run of one command; far above what any of them needs.
const LIMIT: Duration = Duration::from_secs(120);

/// The built binary with an environment in which only `folder` exists.
pub fn binary(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heeler"));
    command.env_clear().current_dir(folder);
    for name in ["PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_DATA_HOME", folder.join("share"));
    command.env("XDG_STATE_HOME", folder.join("state")).env("XDG_CACHE_HOME", folder.join("cache"));
    command
}

/// A pipe that somebody reads to its end.
pub struct Drained(mpsc::Receiver<String>);

impl Drained {
    /// Everything that came, once the writer has closed its end (at most a few seconds later).
    pub fn wait(&self) -> String {
        self.0.recv_timeout(Duration::from_secs(10)).unwrap_or_default()
    }
}

/// Reads a pipe to its end in the background.
pub fn drain(mut pipe: impl Read + Send + 'static) -> Drained {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    Drained(receiver)
}

/// Waits until a condition holds.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < LIMIT, "{what} did not happen within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a finished command left.
#[derive(Clone, Debug)]
pub struct Run {
    pub args: String,
    /// Exit code; 128 + signal when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Run {
    /// The run itself if it ended with this code, otherwise a panic that shows it.
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "heeler {}\nstdout: {}\nstderr: {}", self.args, self.stdout, self.stderr);
        self
    }

    /// As [`Run::code`] with 0.
    pub fn ok(self) -> Self {
        self.code(0)
    }

    /// stdout as one JSON object.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("heeler {}: {e}\nstdout: {}\nstderr: {}", self.args, self.stdout, self.stderr))
    }

    /// stdout as one JSON object per line.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("heeler {}: {e} in line {l:?}", self.args)))
            .collect()
    }

    /// stderr (or stdout) names every one of these words, in any case; the message is for people, its wording is free.
    pub fn says(self, words: &[&str]) -> Self {
        let all = format!("{}\n{}", self.stderr, self.stdout).to_lowercase();
        for word in words {
            assert!(
                word.split('|').any(|w| all.contains(&w.to_lowercase())),
                "heeler {} does not say {word:?}\nstdout: {}\nstderr: {}",
                self.args,
                self.stdout,
                self.stderr
            );
        }
        assert!(!all.contains("panicked at"), "heeler {} panicked: {}", self.args, self.stderr);
        self
    }
}

/// A command that is still running; it dies with this value.
pub struct Running {
    pub child: Child,
    args: String,
    begin: Instant,
    stdout: Drained,
    stderr: Drained,
}

impl Running {
    /// Whether the process is still there.
    pub fn alive(&mut self) -> bool {
        self.child.try_wait().expect("try_wait").is_none()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("signal");
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Run {
        use std::os::unix::process::ExitStatusExt;
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("try_wait") {
                break status;
            }
            if begin.elapsed() > LIMIT {
                let _ = self.child.kill();
                panic!(
                    "heeler {} still runs after {LIMIT:?}\nstdout: {}\nstderr: {}",
                    self.args,
                    self.stdout.wait(),
                    self.stderr.wait()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Run {
            args: std::mem::take(&mut self.args),
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            stdout: self.stdout.wait(),
            stderr: self.stderr.wait(),
            elapsed: self.begin.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What goes into a configuration with one job, `main`.
#[derive(Clone, Debug)]
pub struct Setup {
    preset: String,
    tenant_url: String,
    scim_token: String,
    app_ca: Option<String>,
    authority: String,
    graph: String,
    tenant_id: String,
    client_id: String,
    client_secret: String,
    service_principal_id: String,
    directory_ca: Option<String>,
    sign_in: Option<String>,
    files: Vec<(String, String)>,
    lines: Vec<String>,
}

impl Setup {
    /// The preset `flock` between the two halves of a sandbox.
    pub fn of(sandbox: &Sandbox) -> Self {
        let get = |member: &str| sandbox.get(member).to_owned();
        let ca = sandbox.ready["ca"].as_str().map(str::to_owned);
        Self {
            preset: "flock".into(),
            tenant_url: get("scim"),
            scim_token: get("scim_token"),
            app_ca: ca.clone(),
            authority: get("authority"),
            graph: get("graph"),
            tenant_id: get("tenant_id"),
            client_id: get("client_id"),
            client_secret: get("client_secret"),
            service_principal_id: get("service_principal_id"),
            directory_ca: ca,
            sign_in: None,
            files: Vec::new(),
            lines: vec!["enabled = true".into(), "environment = \"test\"".into()],
        }
    }

    /// Another preset.
    pub fn preset(mut self, preset: &str) -> Self {
        self.preset = preset.into();
        self
    }

    /// Another app.
    pub fn app(mut self, tenant_url: &str, token: &str) -> Self {
        self.tenant_url = tenant_url.into();
        self.scim_token = token.into();
        self.app_ca = None;
        self
    }

    /// Another Graph root (a fake one in the test, say).
    pub fn graph(mut self, graph: &str) -> Self {
        self.graph = graph.into();
        self
    }

    /// Another client secret.
    pub fn client_secret(mut self, secret: &str) -> Self {
        self.client_secret = secret.into();
        self
    }

    /// Another way to sign in than the client secret: the line of the configuration, and the file it names, which
    /// lies beside the configuration.
    pub fn sign_in(mut self, line: &str, file: &str, content: &str) -> Self {
        self.sign_in = Some(line.into());
        self.files.push((file.into(), content.into()));
        self
    }

    /// Forgets the sandbox's certificate authority.
    pub fn without_ca(mut self) -> Self {
        self.app_ca = None;
        self.directory_ca = None;
        self
    }

    /// One more `key = value` line of the job; replaces an earlier one with the same key.
    pub fn line(mut self, line: &str) -> Self {
        let key = |l: &str| l.split('=').next().unwrap_or_default().trim().to_owned();
        self.lines.retain(|l| key(l) != key(line));
        self.lines.push(line.into());
        self
    }

    /// Writes everything into a new temporary home.
    pub fn home(&self) -> Home {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home { config: folder.path().join("heeler.toml"), data: folder.path().join("data"), folder };
        home.write(self);
        home
    }
}

/// A configuration and a data folder in a temporary place.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub config: PathBuf,
    pub data: PathBuf,
}

impl Home {
    /// A home without any configuration.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { config: folder.path().join("heeler.toml"), data: folder.path().join("data"), folder }
    }

    /// Writes (or rewrites) the configuration and its secrets.
    pub fn write(&self, setup: &Setup) {
        let secret = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).expect("a secret file");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
            path.display().to_string()
        };
        let token = secret("scim-token", &setup.scim_token);
        let client_secret = secret("client-secret", &setup.client_secret);
        for (name, content) in &setup.files {
            secret(name, content);
        }
        let with_secret = format!("client_secret = {{ file = {client_secret:?} }}");
        let sign_in = setup.sign_in.as_ref().unwrap_or(&with_secret);
        let ca = |ca: &Option<String>| ca.as_ref().map(|p| format!(", ca_file = {p:?}")).unwrap_or_default();
        let config = format!(
            "[jobs.main]\n{lines}\napp = {{ preset = {preset:?}, tenant_url = {url:?}, secret_token = {{ file = {token:?} }}{app_ca} }}\n\
             directory = {{ tenant_id = {tenant:?}, client_id = {client:?}, {sign_in}, \
             service_principal_id = {sp:?}, authority = {authority:?}, graph = {graph:?}{graph_ca} }}\n",
            lines = setup.lines.join("\n"),
            preset = setup.preset,
            url = setup.tenant_url,
            app_ca = ca(&setup.app_ca),
            tenant = setup.tenant_id,
            client = setup.client_id,
            sp = setup.service_principal_id,
            authority = setup.authority,
            graph = setup.graph,
            graph_ca = ca(&setup.directory_ca),
        );
        std::fs::write(&self.config, config).expect("a configuration");
    }

    /// A command with this home's folders, not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = binary(self.folder.path());
        command.args(args).arg("--data-dir").arg(&self.data);
        if self.config.exists() {
            command.arg("--config").arg(&self.config);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Starts a command.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("heeler starts");
        Running {
            args: args.join(" "),
            begin: Instant::now(),
            stdout: drain(child.stdout.take().expect("stdout")),
            stderr: drain(child.stderr.take().expect("stderr")),
            child,
        }
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Run {
        self.start(args).finish()
    }

    /// `sync --json` that must end with 0.
    pub fn sync(&self) -> Value {
        self.run(&["sync", "--json"]).ok().json()
    }

    /// The log of one cycle, oldest first or newest first as Heeler likes.
    pub fn log(&self, cycle: &Value) -> Vec<Value> {
        let id = super::text(cycle, "cycle_id");
        self.run(&["log", "--json"]).ok().lines().into_iter().filter(|e| e["cycleId"] == id).collect()
    }

    /// What the log of one cycle says about one directory object, as `action/status`, in order.
    pub fn entries(&self, cycle: &Value, source_id: &str) -> Vec<String> {
        self.log(cycle)
            .iter()
            .filter(|e| e["sourceIdentity"]["id"] == source_id)
            .map(|e| {
                format!(
                    "{}/{}",
                    super::text(e, "provisioningAction"),
                    super::text(&e["provisioningStatusInfo"], "status")
                )
            })
            .collect()
    }

    /// Every file of the data folder.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.is_file() {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.data, &mut found);
        found
    }

    /// The database files of the data folder.
    pub fn databases(&self) -> Vec<PathBuf> {
        let is_database = |p: &PathBuf| std::fs::read(p).is_ok_and(|b| b.starts_with(b"SQLite format 3\0"));
        self.files().into_iter().filter(is_database).collect()
    }
}
