//! The configuration and the secrets, as a person at the command line meets them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use assert_cmd::Command;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

const GOOD: &str = r#"# our jobs
[jobs.flock]
app = { preset = "flock", tenant_url = "https://api.flock.com/v2/scim", secret_token = { file = "token" } }
[jobs.flock.directory]
tenant_id = "contoso.onmicrosoft.com"
client_id = "11111111-1111-1111-1111-111111111111"
client_secret = { env = "ENTRA_SECRET" }
service_principal_id = "22222222-2222-2222-2222-222222222222"
"#;

/// A home of its own for each test.
struct Home(tempfile::TempDir);

/// What a command left behind: exit code, standard output, standard error, with the folder called `HOME`.
type Said = (i32, String, String);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// With `config.toml` and a private file `token`.
    fn with(config: &str) -> Self {
        let home = Self::new();
        fs::write(home.path("config.toml"), config).unwrap();
        home.token("hunter2hunter2\n", 0o600);
        home
    }

    fn token(&self, text: &str, mode: u32) {
        let path = self.path("token");
        let _ = fs::remove_file(&path);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_heeler"));
        command.args(line.split_whitespace()).env_clear().env("HOME", self.0.path()).current_dir(self.0.path());
        command.timeout(Duration::from_secs(60));
        command
    }

    fn said(&self, command: &mut Command) -> Said {
        let output = command.output().unwrap();
        let real = fs::canonicalize(self.0.path()).unwrap();
        let text = |bytes| {
            let text = String::from_utf8(bytes).unwrap();
            text.replace(real.to_str().unwrap(), "HOME").replace(self.0.path().to_str().unwrap(), "HOME")
        };
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Runs a line with the client secret in the environment.
    fn run(&self, line: &str) -> Said {
        self.said(self.command(line).env("ENTRA_SECRET", "s3cr3t-s3cr3t"))
    }
}

#[test]
fn a_good_configuration_is_ok() {
    let home = Home::with(GOOD);
    assert_eq!(home.run("config check --config config.toml"), (0, "flock: OK\n".into(), String::new()));
    let json = home.run("config check --config config.toml --json");
    assert_eq!(json, (0, "{\"job\":\"flock\",\"ok\":true,\"problems\":[],\"notes\":[]}\n".into(), String::new()));
}

#[test]
fn the_configuration_is_found_by_variable_and_by_default() {
    let home = Home::with(GOOD);
    let (code, out, _) =
        home.said(home.command("config check").env("ENTRA_SECRET", "x").env("HEELER_CONFIG", "config.toml"));
    assert_eq!((code, out.as_str()), (0, "flock: OK\n"));
    fs::create_dir_all(home.path(".config/heeler")).unwrap();
    fs::write(home.path(".config/heeler/config.toml"), GOOD.replace("\"token\"", "\"../../token\"")).unwrap();
    assert_eq!(home.run("config check").0, 0);
}

#[test]
fn an_unknown_key_is_shown_with_a_caret_and_the_nearest_key() {
    let home = Home::with(&GOOD.replace("tenant_id", "tenantid"));
    let (code, out, err) = home.run("config check --config config.toml");
    assert_eq!((code, out.as_str()), (2, ""));
    insta::assert_snapshot!(err, @r#"
    error: jobs.flock.directory has no `tenant_id`
     --> HOME/config.toml:4:13
      |
    4 | [jobs.flock.directory]
      |             ^^^^^^^^^ add tenant_id = "00000000-0000-0000-0000-000000000000"
    error: unknown key `tenantid` in jobs.flock.directory
     --> HOME/config.toml:5:1
      |
    5 | tenantid = "contoso.onmicrosoft.com"
      | ^^^^^^^^ did you mean `tenant_id`?
      `heeler config example` shows every key
    "#);
}

#[test]
fn a_wrong_type_is_shown_with_a_caret() {
    let home = Home::with(&GOOD.replace("[jobs.flock]\n", "[jobs.flock]\ngroups = \"yes\"\n"));
    let (code, _, err) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    insta::assert_snapshot!(err, @r#"
    error: `groups` in jobs.flock is text
     --> HOME/config.toml:3:10
      |
    3 | groups = "yes"
      |          ^^^^^ expected true or false
      `heeler config example` shows every key
    "#);
}

#[test]
fn any_command_refuses_a_wrong_configuration() {
    let home = Home::with("[jobs.flock]\ncolour = 1\n");
    for line in ["status", "plan", "sync", "run", "test", "users", ""] {
        let (code, out, err) = home.run(&format!("{line} --config config.toml"));
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.contains("unknown key `colour`") && err.contains("config.toml:2:1"), "{line}: {err}");
    }
}

#[test]
fn a_secret_in_plain_text_is_refused_and_not_repeated() {
    let home = Home::with(&GOOD.replace("{ file = \"token\" }", "\"hunter2hunter2\""));
    let (code, out, err) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    assert!(err.contains("`secret_token` in jobs.flock.app is a secret in the file itself"), "{err}");
    assert!(err.contains("config.toml:3:88"), "{err}");
    assert!(!format!("{out}{err}").contains("hunter2"), "{err}");
}

#[test]
fn a_tenant_url_without_https_is_refused() {
    let home = Home::with(&GOOD.replace("https://api", "http://api"));
    let (code, _, err) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    assert!(err.contains("`tenant_url` in jobs.flock.app is not https") && err.contains("loopback"), "{err}");
    let home = Home::with(&GOOD.replace("https://api", "api"));
    let (code, _, err) = home.run("config check --config config.toml");
    assert!(code == 2 && err.contains("has no scheme") && err.contains("it starts with https://"), "{err}");
}

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    let home = Home::with(GOOD);
    home.token("hunter2hunter2", 0o640);
    let (code, out, err) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    insta::assert_snapshot!(out, @r"
    flock: app.secret_token: others can read or write the secret file HOME/token (mode 0640)
      run: chmod 600 HOME/token
    ");
    assert_eq!(err, "error: 1 problem in HOME/config.toml\n");
}

#[test]
fn missing_and_empty_secrets_are_named() {
    let home = Home::with(GOOD);
    home.token("\n", 0o600);
    let (code, out, _) = home.said(&mut home.command("config check --config config.toml"));
    assert_eq!(code, 2);
    insta::assert_snapshot!(out, @r"
    flock: app.secret_token: the secret from the file HOME/token is empty
    flock: directory.client_secret: the environment variable ENTRA_SECRET is not set
      set it to the secret, or refer to a file or command
    ");
    fs::remove_file(home.path("token")).unwrap();
    let (code, out, _) = home.run("config check --config config.toml --json");
    assert_eq!(code, 2);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(found["problems"][0]["key"], "app.secret_token");
    assert!(found["problems"][0]["message"].as_str().unwrap().contains("there is no secret file HOME/token"), "{out}");
}

#[test]
fn missing_files_and_files_of_another_kind_are_found() {
    let extra = "[jobs.flock]\nmapping = \"schema.json\"\n";
    let home = Home::with(&GOOD.replace("[jobs.flock]\n", extra).replace("service", "ca_file = \"token\"\nservice"));
    let (code, out, _) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    assert!(out.contains("flock: directory.ca_file: HOME/token holds no certificate in PEM form"), "{out}");
    assert!(out.contains("flock: mapping: cannot read the mapping HOME/schema.json"), "{out}");
    assert!(!out.contains("hunter2"), "{out}");
    fs::write(home.path("schema.json"), "[1]").unwrap();
    assert!(home.run("config check --config config.toml").1.contains("flock: mapping: HOME/schema.json: "));
}

#[test]
fn a_mapping_that_a_cycle_refuses_is_not_ok() {
    let home = Home::with(&GOOD.replace("[jobs.flock]\n", "[jobs.flock]\nmapping = \"schema.json\"\n"));
    let (_, preset, _) = home.said(&mut home.command("mapping export"));
    fs::write(home.path("schema.json"), &preset).unwrap();
    assert_eq!(home.run("config check --config config.toml").0, 0);
    let mut wrong: serde_json::Value = serde_json::from_str(&preset).unwrap();
    let source = wrong.pointer_mut("/synchronizationRules/0/objectMappings/0/attributeMappings/0/source").unwrap();
    *source = serde_json::json!({ "type": "Function", "expression": "Join(" });
    for text in ["{}".to_owned(), r#"{ "synchronizationRules": [] }"#.to_owned(), wrong.to_string()] {
        fs::write(home.path("schema.json"), &text).unwrap();
        let (code, out, _) = home.run("config check --config config.toml --json");
        assert_eq!(code, 2, "{text}: {out}");
        let found: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&found["ok"], &found["problems"][0]["key"]), (&false.into(), &"mapping".into()), "{out}");
        assert!(found["problems"][0]["message"].as_str().unwrap().contains("HOME/schema.json"), "{out}");
    }
    fs::write(home.path("schema.json"), "{\n  nonsense").unwrap();
    let (code, out, _) = home.run("config check --config config.toml");
    assert_eq!((code, out.matches("line 2").count(), out.matches("column").count()), (2, 1, 1), "{out}");
}

#[test]
fn a_broken_configuration_is_json_for_scripts_too() {
    let home = Home::with("[jobs.flock\n");
    let (code, out, err) = home.run("config check --config config.toml --json");
    assert_eq!((code, out.lines().count()), (2, 1), "{out}");
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&found["ok"], &found["problems"][0]["key"]), (&false.into(), &serde_json::Value::Null));
    assert!(found["problems"][0]["message"].as_str().unwrap().contains("is not TOML"), "{out}");
    assert!(err.contains("config.toml:1:"), "{err}");
}

#[test]
fn a_configuration_that_is_not_there_is_an_error_when_named() {
    let home = Home::new();
    let (code, out, err) = home.run("status --config gone.toml");
    assert_eq!((code, out.as_str()), (2, ""));
    insta::assert_snapshot!(err, @r"
    error: there is no configuration file HOME/gone.toml
      it was named by --config
      `heeler config example` prints one to start from
    ");
    let (code, _, err) = home.said(home.command("status").env("HEELER_CONFIG", "gone.toml"));
    assert!(code == 2 && err.contains("it was named by $HEELER_CONFIG"), "{err}");
}

#[test]
fn without_a_configuration_there_is_nothing_to_check() {
    let home = Home::new();
    let (code, _, err) = home.run("config check");
    assert_eq!(code, 2);
    assert!(err.contains("HOME/.config/heeler/config.toml is not there"), "{err}");
}

#[test]
fn files_that_are_no_configuration_are_refused() {
    let home = Home::new();
    fs::write(home.path("binary.toml"), b"a = 1\n\xff\n").unwrap();
    fs::write(home.path("large.toml"), "#".repeat(2 << 20)).unwrap();
    for (name, expected) in
        [("binary.toml", "line 2"), ("large.toml", "larger than 1 MiB"), (".", "cannot read the configuration")]
    {
        let (code, _, err) = home.run(&format!("config check --config {name}"));
        assert!(code == 2 && err.contains(expected), "{name}: {err}");
    }
}

#[test]
fn a_hostile_configuration_cannot_reach_the_terminal() {
    let home = Home::with("# \u{1b}]0;owned\u{7}\n\"\u{202e}yek\" = \"\u{9b}31m\"\n");
    let (code, _, err) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    assert!(!err.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{err:?}");
}

#[test]
fn an_unknown_job_gets_the_nearest_name_and_the_list() {
    let two = format!("{GOOD}{}", GOOD.replace("jobs.flock", "jobs.other"));
    let home = Home::with(&two);
    let (code, _, err) = home.run("config check --config config.toml --job flok");
    assert_eq!(code, 2);
    insta::assert_snapshot!(err, @r"
    error: there is no job `flok` in HOME/config.toml
      did you mean `flock`? jobs: flock, other
    ");
    let (code, out, _) = home.run("config check --config config.toml --job other");
    assert_eq!((code, out.as_str()), (0, "other: OK\n"));
    assert_eq!(home.run("config check --config config.toml").1, "flock: OK\nother: OK\n");
}

#[test]
fn a_wrong_command_line_exits_2_and_help_exits_0() {
    let home = Home::new();
    let (code, out, err) = home.run("snyc");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("sync"), "{err}");
    let (code, out, _) = home.run("sandbox serve --help");
    assert!(code == 0 && out.contains("--faults <FILE>"), "{out}");
    assert_eq!(home.run("--version").0, 0);
}

#[test]
fn the_example_is_a_configuration() {
    let home = Home::new();
    let (code, out, err) = home.run("config example");
    assert_eq!((code, err.as_str()), (0, ""));
    fs::write(home.path("config.toml"), out).unwrap();
    let (code, out, _) = home.run("config check --config config.toml");
    assert_eq!(code, 2);
    // Nothing but the secret that nobody has kept yet.
    assert_eq!(out.lines().filter(|line| line.starts_with("flock:")).count(), 1, "{out}");
    assert!(out.contains("there is no secret file HOME/secrets/flock"), "{out}");
}

#[test]
fn a_secret_from_a_pipe_is_kept_and_can_be_referred_to() {
    let home = Home::new();
    let (code, out, err) = home.said(home.command("secret set flock --data-dir data").write_stdin("hunter2hunter2\n"));
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(out, @r#"
    kept in HOME/data/secrets/flock, readable by you alone; refer to it in the configuration:
    { file = "HOME/data/secrets/flock" }
    "#);
    let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data/secrets"), mode("data/secrets/flock")), (0o700, 0o600));
    assert_eq!(fs::read_to_string(home.path("data/secrets/flock")).unwrap(), "hunter2hunter2");
    fs::write(home.path("config.toml"), GOOD.replace("\"token\"", "\"data/secrets/flock\"")).unwrap();
    assert_eq!(home.run("config check --config config.toml").1, "flock: OK\n");
}

#[test]
fn nothing_given_keeps_what_was_there() {
    let home = Home::new();
    home.said(home.command("secret set flock").write_stdin("first"));
    let (code, _, err) = home.said(home.command("secret set flock").write_stdin("\n"));
    assert!(code == 2 && err.contains("nothing was given for the secret `flock`"), "{err}");
    assert_eq!(fs::read_to_string(home.path(".local/share/heeler/secrets/flock")).unwrap(), "first");
    let (code, _, err) = home.said(home.command("secret set ../flock").write_stdin("x"));
    assert!(code == 2 && err.contains("cannot be the name of a secret"), "{err}");
}

#[test]
fn a_folder_that_cannot_be_written_is_a_storage_error() {
    let home = Home::new();
    fs::write(home.path("data"), "a file where the folder should be").unwrap();
    let (code, _, err) = home.said(home.command("secret set flock --data-dir data").write_stdin("hunter2hunter2"));
    assert!(code == 5 && err.contains("cannot keep the secret in HOME/data/secrets"), "{err}");
    assert!(!err.contains("hunter2"), "{err}");
}

#[test]
fn a_reader_that_stops_reading_is_no_error() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut heeler = std::process::Command::new(env!("CARGO_BIN_EXE_heeler"));
    heeler.args(["completions", "bash"]).env("HOME", home.0.path()).stdout(writer);
    let output = heeler.stderr(std::process::Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn completions_are_scripts_that_a_shell_accepts() {
    let home = Home::new();
    let (code, out, _) = home.run("completions bash");
    assert_eq!(code, 0);
    let mut bash = Command::new("bash");
    bash.arg("-n").write_stdin(out).assert().success();
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = home.run(&format!("completions {shell}"));
        assert!(code == 0 && out.contains("heeler") && out.contains("provision"), "{shell}");
    }
}
