//! Settings: read, checked, saved together or not at all.

use super::*;
use crate::config::{ConfigError, Profile, Scope, check, example};
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const TOKEN: &str = "hunter22-hunter22";

/// A configuration file and a folder for secrets.
struct Home {
    dir: tempfile::TempDir,
}

fn env(name: &str) -> Option<OsString> {
    (name == "ENTRA_SECRET" || name == "FLOCK_TOKEN").then(|| "s3cr3t-s3cr3t".into())
}

impl Home {
    fn new(text: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(home.config(), text).unwrap();
        home
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    fn secrets(&self) -> PathBuf {
        self.dir.path().join("data/secrets")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.config()).unwrap()
    }

    fn open(&self) -> Opened {
        Opened::read(&self.config(), "flock", &env).unwrap()
    }

    fn token(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.secrets().join(name)).ok()
    }

    /// Saves what was typed into a form that is opened now.
    fn save(&self, typed: &[(Field, &str)], token: Option<&str>) -> Result<Saved, ConfigError> {
        save(self, &self.open(), typed, token, true)
    }
}

fn save(
    home: &Home,
    opened: &Opened,
    typed: &[(Field, &str)],
    token: Option<&str>,
    agreed: bool,
) -> Result<Saved, ConfigError> {
    let mut wanted = opened.settings().clone();
    for (field, text) in typed {
        wanted.set(*field, *text);
    }
    let token = token.map(|token| Secret::new(token.to_owned()));
    opened.save(&wanted, token.as_ref(), &home.secrets(), agreed)
}

fn fields(saved: &Saved) -> Vec<Field> {
    match saved {
        Saved::Written { changes } => changes.iter().map(|change| change.field).collect(),
        Saved::Ask { note } => panic!("asks: {note}"),
    }
}

#[test]
fn settings_are_the_texts_of_a_job() {
    let home = Home::new(example());
    let settings = home.open().settings().clone();
    let texts: Vec<(&str, &str)> = Field::ALL.map(|field| (field.key(), settings.get(field))).to_vec();
    assert_eq!(
        texts,
        [
            ("enabled", "off"),
            ("interval", "40m"),
            ("environment", ""),
            ("scope", "assigned"),
            ("exclude_default_access", "on"),
            ("groups", "off"),
            ("deletion_threshold", "500"),
            ("skip_out_of_scope_deletions", "off"),
            ("app.tenant_url", "https://api.flock.com/v2/scim"),
            ("app.secret_token", "not set: file flock"),
        ]
    );
    fs::create_dir(home.dir.path().join("secrets")).unwrap();
    fs::write(home.dir.path().join("secrets/flock"), TOKEN).unwrap();
    assert_eq!(home.open().settings().get(Field::SecretToken), "file flock");
    for (reference, place) in [
        ("{ env = \"FLOCK_TOKEN\" }", "environment FLOCK_TOKEN"),
        ("{ env = \"NOTHING\" }", "not set: environment NOTHING"),
        ("{ command = [\"pass\", \"show\"] }", "command pass"),
    ] {
        let home = Home::new(&example().replace("{ file = \"secrets/flock\" }", reference));
        assert_eq!(home.open().settings().get(Field::SecretToken), place);
    }
}

#[test]
fn wrong_input_is_explained_in_one_sentence() {
    let shape = "write it like \"40m\", \"20s\" or \"1h30m\", from 5s to 7d";
    let number = "expected a whole number, 0 or more; empty means no limit";
    let word = "expected one word like \"test\", of at most 24 letters, digits, - _ .; empty means production";
    let token = "a token is one line of printable characters without spaces or accents";
    for (field, text, expected) in [
        (Field::Interval, "", shape),
        (Field::Interval, "soon", shape),
        (Field::Interval, "40", shape),
        (Field::Interval, "4s", "the shortest interval is 5s"),
        (Field::Interval, "8d", "the longest interval is 7d: then Entra forgets where we were"),
        (Field::DeletionThreshold, "-1", number),
        (Field::DeletionThreshold, "many", number),
        (Field::DeletionThreshold, "9223372036854775808", number),
        (Field::TenantUrl, "", "this address has no scheme: it starts with https://"),
        (Field::TenantUrl, "api.flock.com", "this address has no scheme: it starts with https://"),
        (Field::TenantUrl, "ftp://a.example", "this address has no https scheme: it starts with https://"),
        (
            Field::TenantUrl,
            "http://a.example",
            "this address is not https: use https://; plain http is for loopback only",
        ),
        (Field::TenantUrl, "https://a.example/#b", "this address has a fragment: leave out `#` and what follows"),
        (
            Field::TenantUrl,
            "https://ada:hunter22@a.example",
            "this address has a user name or password in it: credentials belong in a secret",
        ),
        (Field::Environment, "two words", word),
        (Field::Environment, "a-very-long-word-indeed-x-y", word),
        (Field::Scope, "everyone", "expected assigned or all"),
        (Field::Groups, "yes", "expected on or off"),
        (Field::SecretToken, "two words", token),
        (Field::SecretToken, "grüße", token),
        (Field::SecretToken, "one\ntwo", token),
        (Field::SecretToken, &"x".repeat(70_000), "a token has at most 64 KiB"),
    ] {
        assert_eq!(check_field(field, text), Err(expected.to_owned()), "{field}: {text:.40}");
    }
    for (field, text) in [
        (Field::Interval, " 1h30m "),
        (Field::DeletionThreshold, ""),
        (Field::DeletionThreshold, "0"),
        (Field::TenantUrl, "http://127.0.0.1:8080/scim"),
        (Field::Environment, ""),
        (Field::Environment, "test-2"),
        (Field::SecretToken, ""),
        (Field::SecretToken, " abc\r\n"),
    ] {
        assert_eq!(check_field(field, text), Ok(()), "{field}: {text:?}");
    }
    assert_eq!(token_of(" abc\r\n").unwrap().unwrap().expose(), "abc");
    assert!(token_of(" \n").unwrap().is_none());
}

/// What the form accepts the file accepts, and the other way round.
#[test]
fn the_form_and_the_file_judge_alike() {
    let judged = |field: Field, text: &str| {
        let toml = match field {
            Field::DeletionThreshold => text.to_owned(),
            Field::Enabled | Field::Groups => (text == "on").to_string(),
            _ => toml_edit::Value::from(text).to_string(),
        };
        let line = |key: &str| format!("{} = {toml}", key.rsplit('.').next().unwrap());
        let key = field.key();
        let own = key.rsplit('.').next().unwrap();
        let lines = example().lines().filter(|line| !line.starts_with(own)).map(|before| match before {
            "[jobs.flock]" if !key.contains('.') => format!("{before}\n{}", line(key)),
            "[jobs.flock.app]" if key.contains('.') => format!("{before}\n{}", line(key)),
            _ => before.to_owned(),
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        Profile::parse(&text, Path::new("/etc/config.toml")).is_ok()
    };
    for (field, texts) in [
        (Field::Interval, &["40m", "4s", "5s", "7d", "7d1s", "1h1h", "soon", "1.5h"][..]),
        (Field::DeletionThreshold, &["0", "1", "9223372036854775807", "9223372036854775808", "-1"]),
        (
            Field::TenantUrl,
            &["https://a.example", "http://localhost:1", "http://a.example", "a", "https://u@a.b", "x:y"],
        ),
        (Field::Environment, &["test", "a b", "…", "1234567890123456789012345", "a_b-c.d"]),
        (Field::Scope, &["all", "assigned", "none", "All"]),
    ] {
        for text in texts {
            assert_eq!(check_field(field, text).is_ok(), judged(field, text), "{field}: {text}");
        }
    }
}

#[test]
fn everything_changes_in_one_step_and_comments_stay() {
    let home = Home::new(example());
    let typed = [
        (Field::Enabled, "on"),
        (Field::Scope, "all"),
        (Field::ExcludeDefaultAccess, "off"),
        (Field::Groups, "on"),
        (Field::Interval, "1h30m"),
        (Field::DeletionThreshold, ""),
        (Field::SkipOutOfScopeDeletions, "on"),
        (Field::TenantUrl, "https://scim.example"),
        (Field::Environment, "test"),
    ];
    let saved = home.save(&typed, Some(TOKEN)).unwrap();
    assert_eq!(fields(&saved).len(), 10);
    let mut expected = example()
        .replace("\nenabled = false", "\nenabled = true")
        .replace("scope = \"assigned\"", "scope = \"all\"")
        .replace("exclude_default_access = true", "exclude_default_access = false")
        .replace("\ngroups = false", "\ngroups = true")
        .replace("interval = \"40m\"", "interval = \"1h30m\"")
        .replace("\ndeletion_threshold = 500", "\n# deletion_threshold = 500")
        .replace("skip_out_of_scope_deletions = false", "skip_out_of_scope_deletions = true")
        .replace("https://api.flock.com/v2/scim", "https://scim.example")
        .replace("# environment = \"test\"\n", "# environment = \"test\"\nenvironment = \"test\"\n");
    let path = home.secrets().join("flock");
    expected = expected.replace("{ file = \"secrets/flock\" }", &format!("{{ file = {:?} }}", path.to_str().unwrap()));
    assert_eq!(home.text(), expected);
    assert_eq!(home.token("flock").as_deref(), Some(TOKEN));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let profile = Profile::load(&home.config()).unwrap();
    assert_eq!(check(&profile, &env)[0].problems, []);
    let opened = home.open();
    assert_eq!(opened.settings().get(Field::SecretToken), "file flock");
    assert_eq!((profile.jobs[0].scope, profile.jobs[0].interval), (Scope::All, Duration::from_secs(5400)));

    // Saved again as it is, nothing is written; the same in other words is the same.
    let saved = home.save(&[(Field::Interval, "90m"), (Field::TenantUrl, "https://scim.example/")], None).unwrap();
    assert_eq!((fields(&saved), home.text()), (vec![], expected));
}

#[test]
fn a_default_is_written_when_it_was_chosen() {
    let text =
        example().replace("\ninterval = \"40m\"\n", "\ninterval = \"20m\"\n").replace("\ngroups = false\n", "\n");
    let home = Home::new(&text);
    home.save(&[(Field::Interval, "40m"), (Field::Groups, "on")], None).unwrap();
    home.save(&[(Field::Groups, "off")], None).unwrap();
    assert!(home.text().contains("\ninterval = \"40m\"\n") && home.text().contains("\ngroups = false\n"));
}

#[test]
fn a_wrong_value_is_refused_by_name_and_nothing_is_saved() {
    let home = Home::new(example());
    let error = home.save(&[(Field::Groups, "on"), (Field::Interval, "soon")], Some(TOKEN)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "interval: write it like \"40m\", \"20s\" or \"1h30m\", from 5s to 7d\nnothing is saved"
    );
    assert_eq!((home.text().as_str(), home.token("flock")), (example(), None));
}

#[test]
fn what_somebody_else_changed_is_told_and_kept() {
    let home = Home::new(example());
    let opened = home.open();
    let typed = [(Field::Groups, "on")];
    for (theirs, what) in [
        (example().replace("\ninterval = \"40m\"", "\ninterval = \"20m\""), "interval from 40m to 20m"),
        (example().replace("\ndeletion_threshold", "\n# x"), "deletion threshold from 500 to no limit"),
        (example().replacen("Heeler's", "My", 1), "line 1 is the first that differs"),
        (example().replace("enabled = ", "enabld = "), "it says something wrong now; line 7 is the first that differs"),
        (example().replace("jobs.flock", "jobs.other"), "the job flock is gone"),
    ] {
        fs::write(home.config(), &theirs).unwrap();
        let error = save(&home, &opened, &typed, Some(TOKEN), true).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{} was changed meanwhile: {what}\nnothing is saved; look at what is there now, then save again",
                home.config().display()
            )
        );
        assert_eq!((home.text(), home.token("flock")), (theirs, None));
    }
}

#[test]
fn a_token_from_elsewhere_moves_only_after_asking() {
    let reference = "{ file = \"secrets/flock\" }";
    for (before, said) in [
        ("{ env = \"FLOCK_TOKEN\" }", "The variable FLOCK_TOKEN is not asked any more."),
        ("{ command = [\"pass\", \"show\"] }", "The command `pass` is not asked any more."),
        ("{ file = \"/etc/token\" }", "/etc/token stays as it is."),
    ] {
        let text = example().replace(reference, before);
        let home = Home::new(&text);
        let opened = home.open();
        let kept = home.secrets().join("flock");
        let note = format!("The new token is kept in {}, and the configuration refers to that. {said}", kept.display());
        assert_eq!(opened.token_note(&home.secrets()), Some(note.clone()));
        let asked = save(&home, &opened, &[(Field::Groups, "on")], Some(TOKEN), false).unwrap();
        assert_eq!(asked, Saved::Ask { note });
        assert_eq!((home.text(), home.token("flock")), (text.clone(), None));
        let saved = save(&home, &opened, &[(Field::Groups, "on")], Some(TOKEN), true).unwrap();
        assert_eq!(fields(&saved), [Field::Groups, Field::SecretToken]);
        let refers = format!("{{ file = {:?} }}", kept.to_str().unwrap());
        assert_eq!(home.text(), text.replace(before, &refers).replace("\ngroups = false", "\ngroups = true"));
        assert_eq!(home.token("flock").as_deref(), Some(TOKEN));
        // From now on there is nothing to ask: the file is ours, and only the token changes.
        let text = home.text();
        let saved = save(&home, &home.open(), &[], Some("another-token"), false).unwrap();
        assert_eq!((fields(&saved), home.text()), (vec![Field::SecretToken], text));
        assert_eq!(home.token("flock").as_deref(), Some("another-token"));
    }
}

#[test]
fn a_secret_that_others_refer_to_is_not_overwritten() {
    let home = Home::new("");
    let shared = format!("{{ file = {:?} }}", home.secrets().join("flock").to_str().unwrap());
    let text = example()
        .replace("{ file = \"secrets/flock\" }", "{ env = \"FLOCK_TOKEN\" }")
        .replace("{ env = \"ENTRA_SECRET\" }", &shared);
    fs::write(home.config(), text).unwrap();
    home.save(&[], Some(TOKEN)).unwrap();
    assert_eq!((home.token("flock"), home.token("flock-2").as_deref()), (None, Some(TOKEN)));
    assert_eq!(home.open().settings().get(Field::SecretToken), "file flock-2");
}

#[test]
fn when_one_file_cannot_be_written_the_other_is_not_changed() {
    // The folder of secrets is no folder: the configuration stays.
    let home = Home::new(example());
    fs::create_dir(home.dir.path().join("data")).unwrap();
    fs::write(home.secrets(), "").unwrap();
    assert!(matches!(home.save(&[(Field::Groups, "on")], Some(TOKEN)), Err(ConfigError::Keep(_))));
    assert_eq!(home.text(), example());

    // Somebody is faster between the look and the write: the token that was there comes back.
    let home = Home::new(example());
    home.save(&[], Some("before-before")).unwrap();
    let opened = home.open();
    let theirs = format!("{}# theirs\n", home.text());
    fs::write(home.config(), &theirs).unwrap();
    let mut wanted = opened.settings().clone();
    wanted.set(Field::Groups, "on");
    let error = opened.commit_as_if_unmoved(&wanted, &Secret::new(TOKEN.into()), &home.secrets()).unwrap_err();
    assert!(matches!(&error, ConfigError::Moved { .. }), "{error}");
    assert_eq!((home.text(), home.token("flock").as_deref()), (theirs, Some("before-before")));
    assert_eq!(fs::read_dir(home.secrets()).unwrap().count(), 1, "nothing temporary is left");
    assert_eq!(fs::read_dir(home.dir.path()).unwrap().count(), 2, "nothing temporary is left");
}

#[test]
fn a_folder_that_cannot_be_written_changes_nothing() {
    if rustix::process::geteuid().is_root() {
        return; // nothing is closed to the superuser
    }
    let home = Home::new(example());
    home.save(&[], Some("before-before")).unwrap();
    let text = home.text();
    fs::set_permissions(home.dir.path(), Permissions::from_mode(0o500)).unwrap();
    let saved = home.save(&[(Field::Groups, "on")], Some(TOKEN));
    fs::set_permissions(home.dir.path(), Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(saved, Err(ConfigError::Unwritable { .. })), "{saved:?}");
    assert_eq!((home.text(), home.token("flock").as_deref()), (text, Some("before-before")));
}

#[test]
fn the_token_is_in_nothing_that_is_printed() {
    let home = Home::new(&format!("# {TOKEN}\n{}", example()));
    let opened = home.open();
    let saved = save(&home, &opened, &[], Some(TOKEN), true).unwrap();
    fs::write(home.config(), format!("# {TOKEN} x\n{}", example())).unwrap();
    let moved = save(&home, &opened, &[], Some(TOKEN), true).unwrap_err();
    let refused = check_field(Field::SecretToken, &format!("{TOKEN} x")).unwrap_err();
    let wrong = check_field(Field::TenantUrl, &format!("https://a:{TOKEN}@a.example")).unwrap_err();
    for said in [
        format!("{opened:?} {saved:?} {moved:?} {moved} {refused} {wrong}"),
        format!("{:?} {:?}", opened.settings(), token_of(TOKEN)),
    ] {
        assert!(!said.contains("hunter22"), "{said}");
    }
}

#[test]
fn the_sandbox_keeps_its_settings_as_texts() {
    let config = Profile::parse(example(), Path::new("/etc/config.toml")).unwrap().jobs.remove(0);
    let with = |kept: &Kept| {
        let mut config = config.clone();
        kept.apply(&mut config);
        config
    };
    let settings = |kept: &Kept| Settings::of(&with(kept)).of_sandbox();
    let kept = Kept::default();
    let opened = settings(&kept);
    let mut wanted = opened.clone();
    wanted.set(Field::Interval, " 1m ");
    wanted.set(Field::DeletionThreshold, "");
    wanted.set(Field::Enabled, "on");
    let (after, changes) = kept.save(&opened, &opened, &wanted).unwrap();
    assert_eq!(
        words::list(&changes),
        "provisioning from off to on, interval from 40m to 1m, deletion threshold from 500 to no limit"
    );
    let json = serde_json::to_string(&after).unwrap();
    assert_eq!(json, r#"{"deletion_threshold":"","interval":"1m"}"#);
    let read: Kept = serde_json::from_str(&json).unwrap();
    let config = with(&read);
    assert_eq!((config.interval, config.deletion_threshold, config.enabled), (Duration::from_secs(60), None, false));

    // Somebody else was faster.
    let error = after.save(&opened, &settings(&after), &wanted).unwrap_err();
    assert_eq!(
        error.to_string().lines().next().unwrap(),
        "the settings were changed meanwhile: interval from 40m to 1m, deletion threshold from 500 to no limit"
    );
    // What the sandbox decides itself, and what is wrong.
    for (field, text, expected) in [
        (
            Field::TenantUrl,
            "https://b.example",
            "tenant URL: it cannot be changed here: the sandbox's app listens where there is room",
        ),
        (
            Field::Environment,
            "live",
            "environment: it cannot be changed here: the header says so, lest anybody take it for the real thing",
        ),
        (Field::Interval, "1s", "interval: the shortest interval is 5s"),
    ] {
        let mut wanted = opened.clone();
        wanted.set(field, text);
        let error = kept.save(&opened, &opened, &wanted).unwrap_err();
        assert_eq!(error.to_string(), format!("{expected}\nnothing is saved"));
    }
    // What another version wrote leaves the rest in force.
    let odd: Kept = serde_json::from_str(r#"{"interval":"often","groups":"on","colour":"red"}"#).unwrap();
    assert_eq!((with(&odd).interval, with(&odd).groups), (Duration::from_secs(2400), true));
}

#[test]
fn what_on_does_is_told_in_numbers() {
    let counts = |created, updated, held| crate::model::Counts { created, updated, held, ..Default::default() };
    let said = |counts| words::on_does(Some(&counts), |n| n.to_string());
    assert_eq!(said(counts(12, 83, 0)), "A cycle begins at once. It would create 12, update 83.");
    assert_eq!(said(counts(0, 0, 0)), "A cycle begins at once. It would change nothing.");
    assert_eq!(
        said(counts(1, 0, 600)),
        "A cycle begins at once. It would create 1; 600 wait for you to release or reject them."
    );
    assert!(words::on_does(None, |n| n.to_string()).contains("5 Plan"));
}

#[test]
fn what_a_change_costs_depends_on_what_is_kept() {
    let home = Home::new(&example().replace("scope = \"assigned\"", "scope = \"all\""));
    let mut wanted = home.open().settings().clone();
    wanted.set(Field::Scope, "assigned");
    let cost = |wanted: &Settings| {
        let changes = home.open().settings().changes(wanted);
        changes.iter().find_map(|change| words::cost(change, wanted)).unwrap()
    };
    assert!(cost(&wanted).contains("disables their accounts"));
    wanted.set(Field::SkipOutOfScopeDeletions, "on");
    assert!(cost(&wanted).contains("stay as they are"));
}
