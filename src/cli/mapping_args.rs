//! The command line of `heeler mapping …`.

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// `heeler mapping …`
#[derive(Debug, Subcommand)]
pub enum MappingCommand {
    /// Show them as tables
    Show {
        /// A version instead of the mapping in force
        #[arg(value_name = "VERSION")]
        number: Option<i64>,
    },
    /// Print them as a schema file in Graph shape
    Export {
        /// A version instead of the mapping in force
        #[arg(value_name = "VERSION")]
        number: Option<i64>,
    },
    /// Change what fills an attribute of the app, and when
    Set {
        /// Attribute of the app, such as title or emails[type eq "work"].value
        #[arg(value_name = "TARGET")]
        target: String,
        /// An attribute in brackets, a text in double quotes, or an expression
        #[arg(value_name = "SOURCE", allow_hyphen_values = true, conflicts_with = "no_source")]
        source: Option<String>,
        /// When it applies.
        #[command(flatten)]
        rule: RuleArgs,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Map another attribute of the app
    Add {
        /// Attribute of the app: a SCIM path, in a URN of its own as well
        #[arg(value_name = "TARGET")]
        target: String,
        /// An attribute in brackets, a text in double quotes, or an expression
        #[arg(value_name = "SOURCE", allow_hyphen_values = true, conflicts_with = "no_source")]
        source: Option<String>,
        /// What it is.
        #[command(flatten)]
        attribute: AttributeArgs,
        /// When it applies.
        #[command(flatten)]
        rule: RuleArgs,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// No longer map an attribute of the app; the app keeps what it has
    Remove {
        /// Attribute of the app
        #[arg(value_name = "TARGET")]
        target: String,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Change who is in scope
    Filter {
        /// How.
        #[command(subcommand)]
        command: FilterCommand,
    },
    /// Set what may be done in the app: create, update, delete
    Actions {
        /// All of them that are on
        #[arg(value_name = "ACTION", value_delimiter = ',', required = true)]
        actions: Vec<Action>,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Switch the mapping on
    Enable {
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Switch the mapping off
    Disable {
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Replace everything by a schema file, as Graph, the portal or `export` writes it
    Import {
        /// The file; - for standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Back to the preset: mappings and scoping filters
    Reset {
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// List the versions that were saved: who, when, why
    History,
    /// Show what differs between two versions or files [default: the last two versions]
    Diff {
        /// A version, `current`, or a file
        #[arg(value_name = "FROM")]
        from: Option<String>,
        /// A version, `current`, or a file [default: the mapping in force]
        #[arg(value_name = "TO")]
        to: Option<String>,
    },
    /// Put an earlier version in force again, as a new version
    Rollback {
        /// The version
        #[arg(value_name = "VERSION")]
        number: i64,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Show what the mapping, or a mapping file, gives for a person; or what a file would change for everybody
    Preview {
        /// A mapping file instead of the mapping in force
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
        /// For this user of the local store: id, userPrincipalName, mail or exact display name
        #[arg(long, value_name = "USER")]
        user: Option<String>,
    },
    /// Check what the mapping has to give for some people; exit code 1 when it gives something else
    #[command(after_help = TEST_HELP)]
    Test {
        /// The tests: TOML, or JSON of the same form
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Test this mapping file instead of the mapping in force
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        mapping: Option<PathBuf>,
    },
}

const TEST_HELP: &str = r#"[[test]]
user = "ada@contoso.com"                      # somebody of the local store, or
# attributes = { givenName = "Ada", mail = "ada@contoso.com" }
in_scope = true
expect = { userName = "ada@contoso.com", active = true }
absent = ["title"]                            # no value flows
errors = { nickName = "OUT_OF_RANGE" }        # the rule fails with this code"#;

/// `heeler mapping filter …`
#[derive(Debug, Subcommand)]
pub enum FilterCommand {
    /// Replace the filter
    Set {
        /// JSON in Graph's or the short form, or a file with it
        #[arg(value_name = "JSON|FILE")]
        filter: String,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Add conditions: another way to be in scope, or more conditions to one that is there
    Add {
        /// Such as 'department EQUALS Sales' or 'mail IS NOT NULL'; all must hold
        #[arg(value_name = "CONDITION", required = true)]
        clauses: Vec<String>,
        /// Add them to this group, counted from 1 [default: a new one]
        #[arg(long, value_name = "N")]
        group: Option<usize>,
        /// Title of the group
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Remove a group, or one condition of it
    Remove {
        /// The group, counted from 1
        #[arg(value_name = "GROUP")]
        group: usize,
        /// The condition in it, counted from 1 [default: the whole group]
        #[arg(value_name = "CONDITION")]
        clause: Option<usize>,
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
    /// Remove the filter: everybody who is assigned belongs
    Clear {
        /// How it is saved.
        #[command(flatten)]
        save: SaveArgs,
    },
}

/// Which mapping.
#[derive(Clone, Debug, Default, Args)]
pub struct ObjectArgs {
    /// The mapping of groups instead of that of users
    #[arg(long)]
    pub groups: bool,
}

/// How a change is saved.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Saving")]
pub struct SaveArgs {
    /// Which mapping.
    #[command(flatten)]
    pub of: ObjectArgs,
    /// Why, for the history
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Save without asking
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Show what changes and what it costs, and save nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
}

/// When an attribute mapping applies.
#[derive(Clone, Debug, Default, Args)]
pub struct RuleArgs {
    /// Nothing fills it: the app's value is left alone, but for the default on create
    #[arg(long)]
    pub no_source: bool,
    /// The value on create when there is none
    #[arg(long, value_name = "TEXT", conflicts_with = "no_default")]
    pub default: Option<String>,
    /// No default
    #[arg(long)]
    pub no_default: bool,
    /// When it applies
    #[arg(long, value_name = "WHEN")]
    pub apply: Option<Applies>,
    /// Find existing accounts by it: 1 is tried first, 0 is not at all
    #[arg(long = "match", value_name = "N")]
    pub matching: Option<u32>,
}

/// What a new attribute is.
#[derive(Clone, Debug, Default, Args)]
pub struct AttributeArgs {
    /// Its type, where the schema does not have it yet
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<AttributeKind>,
    /// It holds several values
    #[arg(long, requires = "kind")]
    pub multivalued: bool,
    /// Letter case matters
    #[arg(long, requires = "kind")]
    pub case_exact: bool,
    /// A create fails without it
    #[arg(long, requires = "kind")]
    pub required: bool,
    /// An attribute that the directory has and the schema does not know, such as extension_APPID_NAME
    #[arg(long, value_name = "NAME")]
    pub directory: Vec<String>,
}

/// When an attribute mapping applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Applies {
    /// On create and update.
    Always,
    /// Only on create.
    Create,
    /// Only while the app has no value.
    Empty,
    /// Values are added and never taken away.
    AddValues,
}

/// What may be done in the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Action {
    /// Accounts are created.
    Create,
    /// Accounts are updated, and so turned off and on.
    Update,
    /// Accounts are deleted.
    Delete,
}

/// Types of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AttributeKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
    /// The id of another object.
    Reference,
    /// Base64 text.
    Binary,
    /// ISO 8601 text.
    #[value(name = "datetime")]
    DateTime,
}
