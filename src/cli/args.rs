//! The command line: every command and flag, with its help.

pub use super::mapping_args::*;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::net::SocketAddr;
use std::path::PathBuf;

/// User provisioning from Microsoft Entra ID into Flock, or into any other SCIM 2.0 app.
#[derive(Debug, Parser)]
#[command(
    name = "heeler",
    version,
    about,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Without a command: the console; where there is no terminal, the status of the configured jobs. Without a configuration: a sandbox, that is an \
                  Entra tenant and a Flock app on this machine, with the job `sandbox` running.\n\n\
                  Exit codes: 0 done · 1 some objects failed · 2 usage, configuration, secret, unknown or ambiguous \
                  name · 3 connection, TLS or sign-in · 4 held by a guard, or another process holds the job · \
                  5 local storage · 130/143 interrupted."
)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Work on this job (needed only when there are several)
    #[arg(long, global = true, value_name = "NAME")]
    pub job: Option<String>,
    /// Read this configuration [default: $HEELER_CONFIG, else $XDG_CONFIG_HOME/heeler/config.toml]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Keep databases and state here [default: $XDG_DATA_HOME/heeler]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
    /// Print data as JSON: one object, or one per line for lists
    #[arg(long, global = true)]
    pub json: bool,
    /// Print plain lines, as if the output were no terminal
    #[arg(long, global = true)]
    pub plain: bool,
    /// Colours of the console: default, mono, dusk, paper, or a theme of your own [default: $HEELER_THEME]
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the steps of the tutorial as a checklist: what is done, and the command for what is next
    Setup,
    /// An Entra tenant and a SCIM app on this machine, to try things out
    Sandbox {
        /// What to do with it.
        #[command(subcommand)]
        command: SandboxCommand,
    },
    /// Test the connection to the directory and the app, step by step
    Test,
    /// Show the status of the jobs
    Status,
    /// Turn provisioning on, after testing the connection
    Start,
    /// Turn provisioning off
    Stop,
    /// Show what a cycle would do; release or reject what a guard holds back
    Plan {
        /// What to do with held operations.
        #[command(subcommand)]
        command: Option<PlanCommand>,
    },
    /// Run one cycle now, whether the job is on or off
    Sync {
        /// Evaluate everybody, not only what changed
        #[arg(long)]
        initial: bool,
    },
    /// Run all jobs that are on, until stopped
    Run,
    /// Restart provisioning: the next cycle is an initial one, and quarantine ends
    Restart {
        /// Forget retries and what is known about the app as well
        #[arg(long)]
        full: bool,
    },
    /// Provision one user or group now
    Provision {
        /// Id, userPrincipalName, mail or exact display name
        #[arg(value_name = "USER|GROUP")]
        object: String,
        /// Show what would happen and send nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Assign a user or group to the app
    Assign {
        /// Id, userPrincipalName, mail or exact display name
        #[arg(value_name = "USER|GROUP")]
        object: String,
        /// The app role [default: the only one that is enabled]
        #[arg(long)]
        role: Option<String>,
    },
    /// Take the assignment of a user or group away
    Unassign {
        /// Id, userPrincipalName, mail or exact display name
        #[arg(value_name = "USER|GROUP")]
        object: String,
        /// Only the assignment with this app role [default: all]
        #[arg(long)]
        role: Option<String>,
    },
    /// List users, from the local store
    Users {
        /// Part of a name, userPrincipalName or mail
        #[arg(value_name = "SEARCH")]
        search: Option<String>,
    },
    /// List groups, from the local store
    Groups {
        /// Part of a name
        #[arg(value_name = "SEARCH")]
        search: Option<String>,
    },
    /// Say why a user is in scope or not, whom they match, and what would change; sends nothing
    Explain {
        /// Id, userPrincipalName, mail or exact display name
        #[arg(value_name = "USER")]
        user: String,
    },
    /// Evaluate an expression of the mapping language
    #[command(after_help = EVAL_HELP)]
    Eval(EvalArgs),
    /// Say whom a scoping filter lets in: one JSON object per line of standard input
    #[command(after_help = SCOPE_HELP)]
    Scope,
    /// Show the provisioning log
    Log {
        /// Keep printing what is added, until interrupted
        #[arg(long, short = 'f')]
        follow: bool,
        /// Only entries with this status
        #[arg(long, value_name = "S")]
        status: Option<StatusFilter>,
        /// Only entries since a point in time (2026-11-23, 2026-11-23T08:00Z) or for a length of time (2h, 7d)
        #[arg(long, value_name = "T")]
        since: Option<String>,
        /// Only entries that mention this text
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// Show, change, compare and test attribute mappings, matching and scoping filters
    Mapping {
        /// What to do with them.
        #[command(subcommand)]
        command: MappingCommand,
    },
    /// List every key of the console
    Keys,
    /// Keep secrets outside the configuration
    Secret {
        /// What to do with them.
        #[command(subcommand)]
        command: SecretCommand,
    },
    /// Check the configuration, or print an example
    Config {
        /// What to do with it.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `heeler eval …`
#[derive(Clone, Debug, Args)]
pub struct EvalArgs {
    /// The expression; without one, every line of standard input is answered
    #[arg(value_name = "EXPRESSION", allow_hyphen_values = true)]
    pub expression: Option<String>,
    /// For this user of the local store: id, userPrincipalName, mail or exact display name
    #[arg(long, value_name = "USER", requires = "expression", conflicts_with_all = ["all", "set"])]
    pub user: Option<String>,
    /// For everybody in the local store: which values there are, and how often
    #[arg(long, requires = "expression", conflicts_with = "set")]
    pub all: bool,
    /// An attribute by hand: NAME=TEXT, or NAME:=JSON for lists and null
    #[arg(long, value_name = "NAME=TEXT", requires = "expression")]
    pub set: Vec<String>,
    /// What Now() is [default: now]
    #[arg(long, value_name = "DATE", requires = "expression")]
    pub now: Option<String>,
    /// Dialect: app, cloudsync or connect [default: app]
    #[arg(long, value_name = "NAME", requires = "expression")]
    pub profile: Option<String>,
}

const EVAL_HELP: &str = r#"Without an expression, one JSON object per line is read and answered with one line:
  {"expression": "ToUpper([mail])", "attributes": {"mail": "a@b"}}   →   {"value": "A@B"}
A value is a text, a list of texts or null; otherwise {"flow": "IgnoreAttributeFlow"} or
{"error": {"code", "message", "start", "end"}}. Optional: "now", "existing" (values in the app, for
SelectUniqueValue), "type" (string, number, bool, datetime), "profile", "defaultDomain"."#;

const SCOPE_HELP: &str = r#"Each line is {"filter": …, "attributes": …}, the filter in Graph's form or in the short one:
  {"groups": [{"clauses": [{"attribute": "department", "operator": "EQUALS", "value": "Sales"}]}]}
The answer is {"in_scope": true, "clauses": [{"group", "attribute", "operator", "value", "actual", "holds"}]}."#;

/// `heeler sandbox …`
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Run the sandbox alone, until stopped; prints one line of JSON when it is ready
    Serve(SandboxServe),
    /// Forget the state of the sandbox in the data folder: tenant, app, and the store of the job
    Reset,
}

/// `heeler sandbox serve …`
#[derive(Clone, Debug, Args)]
pub struct SandboxServe {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Serve https with a certificate authority of its own
    #[arg(long)]
    pub tls: bool,
    /// People in the tenant
    #[arg(long, value_name = "N", default_value_t = 250)]
    pub users: u32,
    /// Groups in the tenant
    #[arg(long, value_name = "N", default_value_t = 18)]
    pub groups: u32,
    /// Seed: the same one makes the same tenant
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Changes a minute: joiners, movers, leavers
    #[arg(long, value_name = "PER_MINUTE", default_value_t = 0.0, value_parser = life)]
    pub life: f64,
    /// Faults to inject, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub faults: Option<PathBuf>,
}

fn life(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=60_000.0).contains(&rate) { Ok(rate) } else { Err("expected 0 to 60000".to_owned()) }
}

/// `heeler plan …`
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Let held operations happen in the next cycle
    Release {
        /// Ids of held operations [default: all]
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
    /// Drop held operations
    Reject {
        /// Ids of held operations [default: all]
        #[arg(value_name = "ID")]
        ids: Vec<String>,
    },
}

/// `heeler secret …`
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Ask for a secret without echo (or read it from a pipe) and keep it in a file that only you can read
    Set {
        /// Name of the secret
        name: String,
    },
}

/// `heeler config …`
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Read the configuration, every secret and every file it names
    Check,
    /// Print a complete, commented configuration
    Example,
}

/// Status of a log entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFilter {
    /// It worked.
    Success,
    /// It did not.
    Failure,
    /// Nothing was to be done.
    Skipped,
    /// It worked, with something to look at.
    Warning,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_form_of_the_contract_parses() {
        for line in [
            "heeler",
            "heeler --job flock --config c.toml --data-dir d --json status",
            "heeler status --job flock --config c.toml --data-dir d --json",
            "heeler setup",
            "heeler sandbox serve --listen 127.0.0.1:8080 --tls --users 20 --groups 2 --seed 7 --life 6 --faults f.json --data-dir d",
            "heeler sandbox reset",
            "heeler test",
            "heeler start",
            "heeler stop",
            "heeler plan",
            "heeler plan --json",
            "heeler plan release 1 2",
            "heeler plan reject",
            "heeler sync --initial --json",
            "heeler run",
            "heeler restart --full",
            "heeler provision ada@contoso.com --dry-run",
            "heeler assign Sales --role User",
            "heeler unassign Sales",
            "heeler users",
            "heeler groups sal",
            "heeler explain ada",
            "heeler log --follow --status failure --since 2h --search ada",
            "heeler mapping show",
            "heeler mapping export",
            "heeler eval",
            "heeler eval [mail] --user ada",
            "heeler eval [mail] --all --json",
            "heeler eval [mail] --set mail=x --now 2026-01-01 --profile cloudsync",
            "heeler scope",
            "heeler secret set flock",
            "heeler config check",
            "heeler config example",
            "heeler keys",
            "heeler --theme mono",
            "heeler completions bash",
        ] {
            Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["heeler sync --full", "heeler log --status bad", "heeler secret", "heeler sandbox serve --life -1"]
        {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
