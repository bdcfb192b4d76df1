//! `heeler setup`

use super::access::Access;
use super::{CliError, Ctx, Exit, Outcome, listing};
use crate::config::{JobConfig, Preset, Scope, SecretRef, SignIn, process_env, read_federated_token};
use crate::engine;
use crate::model::{Collection, LogStatus, ObjectType};
use crate::store::log::LogQuery;
use crate::store::{Store, StoreError, audit, cycles, job as job_table, links, log, mirror, watermarks};
use crate::text::{out_json, out_line, pad_end, show, width};
use rusqlite::Connection;
use serde::Serialize;

/// Fingerprint of the mappings that somebody looked at.
const MAPPING_SEEN: &str = "mapping seen";

/// What an assignment by command is called in the audit trail.
pub(super) const ASSIGNED: &str = "Add app role assignment";

/// Where Flock shows what the configuration needs, as its tutorial says.
const FLOCK_TOKEN: &str = "Flock shows the token under Auth and Provisioning, as API Token (you need to be its admin)";
const FLOCK_URL: &str = "the tutorial prints the tenant URL https://api.flock-staging.com/v2/scim: that is a staging \
                         host, so ask Flock which one is yours";

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum StepState {
    Done,
    Open,
    /// Nothing on this machine tells.
    Unknown,
}

/// One step of the tutorial. Its JSON is one line of `setup --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Step {
    /// A short name that stays.
    step: &'static str,
    /// For people.
    title: &'static str,
    state: StepState,
    /// The command that does it.
    command: String,
    /// What to know, if there is anything.
    hint: Option<String>,
}

impl Step {
    fn new(step: &'static str, title: &'static str, done: bool, command: impl Into<String>) -> Self {
        let state = if done { StepState::Done } else { StepState::Open };
        Self { step, title, state, command: command.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Instead of open: nobody can tell.
    fn unless_done(mut self) -> Self {
        if self.state == StepState::Open {
            self.state = StepState::Unknown;
        }
        self
    }
}

/// Prints the tutorial's steps with their state and the command for each. With `--json` one object per step: `step`,
/// `title`, `state` (`done`, `open` or `unknown`), `command` and `hint`.
pub(super) fn run(ctx: &Ctx) -> Outcome {
    let (heading, steps) = match &ctx.profile {
        None => ("no job is configured yet".to_owned(), unconfigured(ctx)),
        Some(profile) => {
            let access = Access::open_to_read(ctx)?;
            let file = profile.path.display().to_string();
            (format!("job {}", access.name), configured(&access, &file)?)
        }
    };
    if ctx.json {
        steps.iter().try_for_each(out_json)?;
    } else {
        print(&heading, &steps)?;
        if ctx.profile.is_none() {
            out_line(&show(""))?;
            listing::wrapped(
                "to look around first: `heeler` alone starts a sandbox, and every command works on it",
                0,
            )?;
        }
    }
    Ok(Exit::Done)
}

/// The steps while there is no configuration: all of them are open.
fn unconfigured(ctx: &Ctx) -> Vec<Step> {
    let file = ctx.folders.default_config_file.display();
    vec![
        Step::new("configuration", "describe directory and app", false, format!("heeler config example > {file}"))
            .hint(format!("then put your values in, and `heeler config check`; {FLOCK_URL}")),
        Step::new("secrets", "keep the secrets", false, "heeler secret set NAME").hint(FLOCK_TOKEN),
        Step::new("connection", "test the connection", false, "heeler test"),
        Step::new("mappings", "look at the mappings", false, "heeler mapping show"),
        Step::new("assign", "assign one user", false, "heeler assign USER"),
        Step::new("provision", "provision that user", false, "heeler provision USER"),
        Step::new("plan", "look at the plan of everybody else", false, "heeler plan"),
        Step::new("start", "turn the job on", false, "heeler start"),
        Step::new("cycle", "run the first cycle, and watch", false, "heeler run"),
    ]
}

/// What the store knows about the steps.
struct Traces {
    connected: bool,
    mapping_seen: Option<String>,
    assigned: bool,
    provisioned: bool,
    cycled: bool,
}

impl Traces {
    fn read(c: &Connection) -> Result<Self, StoreError> {
        let success = LogQuery { status: Some(LogStatus::Success), limit: 1, ..LogQuery::default() };
        let read_once = watermarks::get(c, Collection::Users)?.is_some();
        Ok(Self {
            connected: job_table::service_principal(c)?.is_some() || read_once,
            mapping_seen: job_table::get(c, MAPPING_SEEN)?,
            assigned: !mirror::assignments(c)?.is_empty()
                || audit::list(c, 1_000, None)?.iter().any(|entry| entry.what == ASSIGNED),
            provisioned: links::count(c, ObjectType::User)? > 0 && !log::query(c, &success)?.is_empty(),
            cycled: read_once && cycles::latest(c)?.is_some(),
        })
    }
}

fn configured(access: &Access, file: &str) -> Result<Vec<Step>, CliError> {
    let config = access.config()?;
    let traces = access.store.read(Traces::read)?;
    let (_, fingerprint) = engine::rules_of(&config)?;
    let job = format!("--job {}", access.name);
    let assign = Step::new("assign", "assign one user", traces.assigned, format!("heeler assign USER {job}"));
    let mut connection = Step::new("connection", "test the connection", traces.connected, format!("heeler test {job}"));
    let host = config.app.tenant_url.host_str().unwrap_or_default();
    if host.split(['.', '-']).any(|part| part.eq_ignore_ascii_case("staging")) {
        connection = connection.hint(format!(
            "{host} is a staging host, as the tutorial prints it: ask the app's people which one is yours"
        ));
    }
    Ok(vec![
        Step::new("configuration", "describe directory and app", true, "heeler config check").hint(file),
        secrets(&config),
        connection,
        Step::new(
            "mappings",
            "look at the mappings",
            traces.mapping_seen.as_deref() == Some(&fingerprint),
            format!("heeler mapping show {job}"),
        ),
        match config.scope {
            Scope::Assigned => assign,
            Scope::All => Step { state: StepState::Done, ..assign }.hint("not needed: scope is \"all\""),
        },
        Step::new("provision", "provision that user", traces.provisioned, format!("heeler provision USER {job}")),
        // Looking leaves no trace; after the first cycle the question is moot.
        Step::new("plan", "look at the plan of everybody else", traces.cycled, format!("heeler plan {job}"))
            .unless_done(),
        Step::new("start", "turn the job on", access.enabled()?, format!("heeler start {job}")),
        Step::new("cycle", "run the first cycle, and watch", traces.cycled, "heeler run")
            .hint(format!("`heeler log --follow {job}` shows each person")),
    ])
}

/// Whether the secrets can be read. Commands that print one are not run: whether they work, `config check` tells.
fn secrets(config: &JobConfig) -> Step {
    let step = Step::new("secrets", "keep the secrets", true, "heeler secret set NAME");
    let mut references = vec![("app.secret_token", &config.app.secret_token)];
    let mut problem = None;
    match &config.directory.sign_in {
        SignIn::ClientSecret(reference) => references.push(("directory.client_secret", reference)),
        SignIn::ClientCertificate(reference) => references.push(("directory.client_certificate", reference)),
        SignIn::FederatedTokenFile(path) => {
            problem = read_federated_token(path).err().map(|error| ("directory.federated_token_file", error));
        }
    }
    let mut by_command = false;
    for (key, reference) in references {
        if matches!(reference, SecretRef::Command(_)) {
            by_command = true;
        } else if let Err(error) = reference.read(&config.base_dir, &process_env) {
            problem.get_or_insert((key, error));
        }
    }
    match problem {
        Some((key, error)) => {
            let mut hint = format!("{key}: {}", error.to_string().lines().collect::<Vec<_>>().join("; "));
            if key == "app.secret_token" && config.app.preset == Preset::Flock {
                hint = format!("{hint}; {FLOCK_TOKEN}");
            }
            Step { state: StepState::Open, ..step }.hint(hint)
        }
        None if by_command => Step { state: StepState::Unknown, command: "heeler config check".into(), ..step }
            .hint("a program prints a secret: it was not run here"),
        None => step,
    }
}

/// Notes that somebody looked at the mappings. A store that cannot be written keeps nobody from looking.
pub(super) fn mappings_seen(store: &Store, fingerprint: String) {
    let _ = store.write_blocking(move |c| job_table::set(c, MAPPING_SEEN, &fingerprint));
}

fn print(heading: &str, steps: &[Step]) -> Result<(), CliError> {
    let done = steps.iter().filter(|step| step.state == StepState::Done).count();
    out_line(&show(&format!("{heading}  {done} of {} steps done", steps.len())))?;
    out_line(&show(""))?;
    let next = steps.iter().position(|step| step.state == StepState::Open);
    let titles = steps.iter().map(|step| width(step.title)).max().unwrap_or(0);
    for (number, step) in steps.iter().enumerate() {
        let (mark, word) = match step.state {
            StepState::Done => ("✓", "done"),
            StepState::Open if Some(number) == next => ("›", "next"),
            StepState::Open => ("·", "open"),
            StepState::Unknown => ("?", "unknown"),
        };
        let line = format!("  {mark} {word:<7}  {}  {}", pad_end(step.title, titles), step.command);
        listing::wrapped(&line, 13)?;
        if let Some(hint) = &step.hint {
            for part in hint.split("; ") {
                listing::wrapped(&format!("             {part}"), 15)?;
            }
        }
    }
    Ok(())
}
