//! Configurations that load, and every way in which one does not.

use super::*;
use crate::config::ConfigError;

const GOOD: &str = r#"
[jobs.zulu]
app = { preset = "flock", tenant_url = "https://api.flock-staging.com/v2/scim/", secret_token = { file = "tok" } }
[jobs.zulu.directory]
tenant_id = "AAAAAAAA-0000-0000-0000-000000000000"
client_id = "11111111-1111-1111-1111-111111111111"
client_secret = { env = "ENTRA_SECRET" }
service_principal_id = "22222222-2222-2222-2222-222222222222"

[jobs.alpha]
enabled = true
scope = "all"
groups = true
mapping = "maps/schema.json"
interval = "1h30m"
deletion_threshold = 0
skip_out_of_scope_deletions = true
environment = "test"
[jobs.alpha.app]
tenant_url = "http://127.0.0.1:8080/scim?aadOptscim062020"
secret_token = { command = ["pass", "show", "x"] }
ca_file = "/etc/ca.pem"
[jobs.alpha.directory]
tenant_id = "contoso.onmicrosoft.com"
client_id = "11111111-1111-1111-1111-111111111111"
federated_token_file = "token"
service_principal_id = "22222222-2222-2222-2222-222222222222"
authority = "http://localhost:9/authority"
graph = "http://[::1]:9/v1.0"
"#;

fn load(text: &str) -> Result<Profile, ConfigError> {
    Profile::parse(text, Path::new("/etc/heeler/config.toml"))
}

fn message(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

/// The good text with one piece replaced, and what is then said about it.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    message(&GOOD.replacen(from, to, 1))
}

#[test]
fn jobs_come_in_the_order_of_the_file_with_defaults_filled_in() {
    let profile = load(GOOD).unwrap();
    let [zulu, alpha] = profile.jobs.as_slice() else { panic!("two jobs") };
    assert_eq!((zulu.name.as_str(), alpha.name.as_str()), ("zulu", "alpha"));
    assert!(!zulu.enabled && !zulu.groups && !zulu.skip_out_of_scope_deletions);
    assert!(zulu.exclude_default_access, "the flock preset leaves Default Access out");
    assert_eq!((zulu.scope, zulu.interval), (Scope::Assigned, Duration::from_secs(2400)));
    assert_eq!((zulu.deletion_threshold, &zulu.mapping, &zulu.environment), (None, &None, &None));
    assert!(matches!(&zulu.app.secret_token, SecretRef::File(path) if path == Path::new("/etc/heeler/tok")));
    assert_eq!(zulu.directory.tenant_id, "aaaaaaaa-0000-0000-0000-000000000000");
    assert_eq!(zulu.directory.authority.as_str(), "https://login.microsoftonline.com/");
    assert_eq!(zulu.directory.graph.as_str(), "https://graph.microsoft.com/v1.0");

    assert!(alpha.enabled && alpha.groups && alpha.skip_out_of_scope_deletions && !alpha.exclude_default_access);
    assert_eq!((alpha.scope, alpha.app.preset), (Scope::All, Preset::Scim));
    assert_eq!(alpha.interval, Duration::from_secs(5400));
    assert_eq!(alpha.deletion_threshold, Some(0));
    assert_eq!(alpha.mapping.as_deref(), Some(Path::new("/etc/heeler/maps/schema.json")));
    assert_eq!(alpha.app.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert!(matches!(&alpha.app.secret_token, SecretRef::Command(argv) if argv == &["pass", "show", "x"]));
    assert!(
        matches!(&alpha.directory.sign_in, SignIn::FederatedTokenFile(path) if path == Path::new("/etc/heeler/token"))
    );
}

#[test]
fn dotted_and_inline_spellings_mean_the_same() {
    let text = r#"
jobs.a.app.tenant_url = "https://a.example/scim"
jobs.a.app.secret_token.env = "A"
jobs."a".directory = { tenant_id = "a.example", client_id = "11111111-1111-1111-1111-111111111111", client_certificate.file = "c.pem", service_principal_id = "22222222-2222-2222-2222-222222222222" }
"#;
    assert!(matches!(load(text).unwrap().jobs[0].directory.sign_in, SignIn::ClientCertificate(_)));
    assert!(load("").unwrap().jobs.is_empty());
}

#[test]
fn an_unknown_key_gets_place_caret_and_the_nearest_key() {
    insta::assert_snapshot!(changed("interval = \"1h30m\"", "intervall = \"1h30m\""), @r#"
    unknown key `intervall` in jobs.alpha
      --> /etc/heeler/config.toml:15:1
       |
    15 | intervall = "1h30m"
       | ^^^^^^^^^ did you mean `interval`?
    "#);
    assert!(changed("groups = true", "secret_token = 1").contains("it belongs to `app.secret_token`"));
    assert!(changed("ca_file =", "colour =").contains("valid keys: preset, tenant_url, secret_token, ca_file"));
    assert!(message("job.a = {}").contains("did you mean `jobs`?"));
    assert!(changed("{ env = \"ENTRA_SECRET\" }", "{ evn = \"ENTRA_SECRET\" }").contains("did you mean `env`?"));
}

#[test]
fn a_wrong_type_or_value_says_what_was_expected() {
    for (from, to, expected) in [
        ("enabled = true", "enabled = \"true\"", "`enabled` in jobs.alpha is text"),
        ("enabled = true", "enabled = 1", "expected true or false"),
        ("scope = \"all\"", "scope = \"asigned\"", "did you mean \"assigned\"?"),
        ("scope = \"all\"", "scope = \"everyone\"", "expected \"assigned\" or \"all\""),
        ("deletion_threshold = 0", "deletion_threshold = -1", "expected 0 or more"),
        ("deletion_threshold = 0", "deletion_threshold = 1.5", "a number with a fraction"),
        ("interval = \"1h30m\"", "interval = 40", "`interval` in jobs.alpha has no unit"),
        ("interval = \"1h30m\"", "interval = \"1s\"", "the shortest interval is 5s"),
        ("environment = \"test\"", "environment = \"two words\"", "is not a word"),
        ("mapping = \"maps/schema.json\"", "mapping = \"~/schema.json\"", "`~` is not expanded"),
        ("tenant_id = \"contoso.onmicrosoft.com\"", "tenant_id = \"common\"", "names no tenant"),
        ("client_id = \"1", "client_id = \"{1", "`client_id` in jobs.zulu.directory is no GUID"),
        ("[\"pass\", \"show\", \"x\"]", "\"pass show x\"", "no shell reads it"),
        ("[\"pass\", \"show\", \"x\"]", "[]", "names no program"),
        ("{ env = \"ENTRA_SECRET\" }", "{}", "refers to nothing"),
        ("{ env = \"ENTRA_SECRET\" }", "{ env = \"A\", file = \"b\" }", "has both `env` and `file`"),
        (
            "client_secret = {",
            "client_certificate = { file = \"c\" }\nclient_secret = {",
            "keep exactly one way to sign in",
        ),
        ("client_secret = { env = \"ENTRA_SECRET\" }", "", "has no `client_secret`"),
        ("service_principal_id", "# service_principal_id", "jobs.zulu.directory has no `service_principal_id`"),
        ("[jobs.alpha]", "[jobs.\"../alpha\"]", "cannot be the name of a job"),
        ("[jobs.alpha]", "[jobs]\nx = 1\n[jobs.alpha]", "the job `x` is a whole number"),
        ("enabled = true", "enabled = true\nenabled = true", "duplicate key"),
    ] {
        let said = changed(from, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn an_address_is_https_with_a_scheme_and_without_credentials() {
    let url = "https://api.flock-staging.com/v2/scim/";
    for (to, expected) in [
        ("http://api.flock.com/v2/scim", "`tenant_url` in jobs.zulu.app is not https"),
        ("api.flock.com/v2/scim", "has no scheme"),
        ("localhost:8080/scim", "has no https scheme"),
        ("ftp://api.flock.com", "has no https scheme"),
        ("https://", "is no address"),
        ("https://api.flock.com/#x", "has a fragment"),
        ("http://127.0.0.1.evil.example/scim", "is not https"),
        ("http://localhost.evil.example/scim", "is not https"),
    ] {
        let said = changed(url, to);
        assert!(said.contains(expected), "{to}: {said}");
    }
    let said = changed(url, "https://ada:hunter22@api.flock.com/");
    assert!(said.contains("has a user name or password in it") && !said.contains("hunter22"), "{said}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_shown() {
    let said = changed("{ env = \"ENTRA_SECRET\" }", "\"hunter22\"");
    insta::assert_snapshot!(said, @r#"
    `client_secret` in jobs.zulu.directory is a secret in the file itself
     --> /etc/heeler/config.toml:7:17
      |
    7 | client_secret = "********"
      |                 ^^^^^^^^^^ move it out and refer to it: { env = "NAME" }, { file = "PATH" } or { command = ["PROGRAM"] }
    "#);
    // Nor when something else on its line is wrong, nor under a misspelt key, nor when the file is no TOML at all.
    for (from, to) in [
        ("preset = \"flock\"", "pre = 1"),
        ("secret_token = { file = \"tok\" } }", "secret_tokn = \"hunter22\" }"),
        ("secret_token = { file = \"tok\" } }", "secret_token = { value = \"hunter22\" } }"),
        ("secret_token = { file = \"tok\" } }", "secret_token = [\"hunter22\"] }"),
        ("secret_token = { file = \"tok\" } }", "secret_token = \"hunter22"),
        ("secret_token = { file = \"tok\" } }", "secret_token = \"\"\"\nhunter22"),
        ("secret_token = { file = \"tok\" } }", "Secret-Token = hunter22 }"),
    ] {
        let said = message(&GOOD.replacen("{ file = \"tok\" }", "\"hunter22\"", 1).replacen(from, to, 1));
        assert!(!said.contains("hunter22"), "{said}");
        let said = changed(from, to);
        assert!(!said.contains("hunter22"), "{said}");
    }
}

#[test]
fn many_mistakes_fit_one_screen() {
    let text: String = (0..500).map(|n| format!("key{n} = 1\n")).collect();
    let said = message(&text);
    assert!(said.lines().count() <= 24, "{said}");
    assert!(said.ends_with("and 497 more places in this file"), "{said}");
}

#[test]
fn broken_toml_shows_the_place() {
    let said = message("[jobs.a]\nenabled = tru\n");
    assert!(said.contains("this is not TOML") && said.contains("config.toml:2:11"), "{said}");
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let text = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(message(&text).lines().count() <= 24);
}
