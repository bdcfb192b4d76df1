//! From the text of a configuration file to a [`Profile`], or to everything that is wrong with it.

use super::parse_interval;
use super::problem::Problems;
use super::profile::{AppConfig, DirectoryConfig, JobConfig, Preset, Profile, Scope, SignIn};
use super::rules;
use super::secret::SecretRef;
use super::toml_table::{Kind, Span, Table, type_of};
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::{DeTable, DeValue};
use url::Url;

const TOP: Kind = Kind { prefix: "", keys: &["jobs"] };
/// Keys of a job, in the order of the example: a key that is added to a file finds its place by it.
pub(super) const JOB: Kind = Kind {
    prefix: "",
    keys: &[
        "enabled",
        "app",
        "directory",
        "scope",
        "exclude_default_access",
        "groups",
        "mapping",
        "interval",
        "deletion_threshold",
        "skip_out_of_scope_deletions",
        "environment",
    ],
};
const APP: Kind = Kind { prefix: "app.", keys: &["preset", "tenant_url", "secret_token", "ca_file"] };
const DIRECTORY: Kind = Kind {
    prefix: "directory.",
    keys: &[
        "tenant_id",
        "client_id",
        "client_secret",
        "client_certificate",
        "federated_token_file",
        "service_principal_id",
        "ca_file",
        "authority",
        "graph",
    ],
};
const SECRET: Kind = Kind { prefix: "", keys: &["env", "file", "command"] };

const DEFAULT_AUTHORITY: &str = "https://login.microsoftonline.com";
const DEFAULT_GRAPH: &str = "https://graph.microsoft.com/v1.0";
const DEFAULT_INTERVAL: Duration = Duration::from_secs(40 * 60);
/// Longest name of a job: it becomes a file name with an ending.
const LONGEST_NAME: usize = 64;
const GUID_EXAMPLE: &str = "\"00000000-0000-0000-0000-000000000000\"";
const SECRET_EXAMPLE: &str = "{ env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\"] }";

/// Reads and checks a configuration.
pub(super) fn profile(text: &str, path: &Path) -> Result<Profile, Problems> {
    let mut problems = Problems::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What follows a broken line is guesswork: report the syntax alone.
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            problems.add(&span, format!("this is not TOML: {}", error.message()), "here");
        }
        hide_by_sight(text, &mut problems);
        return Err(problems);
    }
    hide_secrets(document.get_ref(), false, &mut problems);
    let base_dir = path.parent().unwrap_or(Path::new("/")).to_owned();
    let top = Table::open("the configuration", 0..0, document.get_ref(), TOP, &[], &mut problems);
    let mut jobs: Vec<(usize, Option<JobConfig>)> = Vec::new();
    if let Some((table, _)) = top.table("jobs", &mut problems) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            job_name(name, &key.span(), &mut problems);
            let DeValue::Table(inner) = value.get_ref() else {
                let what = format!("the job `{name}` is {}", type_of(value.get_ref()));
                problems.add(&value.span(), what, format!("expected a table: [jobs.{name}]"));
                continue;
            };
            jobs.push((key.span().start, job(name, key.span(), inner, &base_dir, &mut problems)));
        }
    }
    if problems.list.is_empty() {
        // The parser sorts by name; people meant the order they wrote.
        jobs.sort_by_key(|(start, _)| *start);
        Ok(Profile { path: path.to_owned(), jobs: jobs.into_iter().filter_map(|(_, job)| job).collect() })
    } else {
        Err(problems)
    }
}

fn job_name(name: &str, span: &Span, problems: &mut Problems) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if !starts || !name.chars().all(plain) || name.len() > LONGEST_NAME {
        let advice = "use letters, digits, `-`, `_`; start with a letter or digit; at most 64";
        problems.add(span, format!("`{name}` cannot be the name of a job"), advice);
    }
}

fn job(name: &str, at: Span, table: &DeTable<'_>, base_dir: &Path, problems: &mut Problems) -> Option<JobConfig> {
    let job = Table::open(format!("jobs.{name}"), at, table, JOB, &[APP, DIRECTORY], problems);
    let app = app(&job, base_dir, problems);
    let directory = directory(&job, base_dir, problems);
    let enabled = job.boolean("enabled", false, problems);
    let scope = job.choice("scope", Scope::Assigned, &rules::SCOPES, problems);
    let flock = app.as_ref().is_some_and(|app| app.preset == Preset::Flock);
    let exclude_default_access = job.boolean("exclude_default_access", flock, problems);
    let groups = job.boolean("groups", false, problems);
    let mapping = file(&job, "mapping", base_dir, problems);
    let interval = interval(&job, problems);
    let deletion_threshold = job.count("deletion_threshold", problems);
    let skip_out_of_scope_deletions = job.boolean("skip_out_of_scope_deletions", false, problems);
    let environment = environment(&job, problems);
    Some(JobConfig {
        name: name.to_owned(),
        enabled,
        app: app?,
        directory: directory?,
        scope,
        exclude_default_access,
        groups,
        mapping,
        saved_mapping: None,
        interval,
        deletion_threshold,
        skip_out_of_scope_deletions,
        environment,
        base_dir: base_dir.to_owned(),
    })
}

fn app(job: &Table<'_, '_>, base_dir: &Path, problems: &mut Problems) -> Option<AppConfig> {
    let Some((table, at)) = job.table("app", problems) else {
        if job.value("app").is_none() {
            job.missing("app", "{ preset = \"flock\", tenant_url = \"https://…\", secret_token = … }", problems);
        }
        return None;
    };
    let app = Table::open(format!("{}.app", job.name), at, table, APP, &[JOB, DIRECTORY], problems);
    let presets = [("flock", Preset::Flock), ("scim", Preset::Scim)];
    let preset = app.choice("preset", Preset::Scim, &presets, problems);
    let ca_file = file(&app, "ca_file", base_dir, problems);
    let tenant_url = address(&app, "tenant_url", None, problems);
    let secret_token = secret(&app, "secret_token", base_dir, problems);
    if app.value("secret_token").is_none() {
        app.missing("secret_token", SECRET_EXAMPLE, problems);
    }
    Some(AppConfig { preset, tenant_url: tenant_url?, secret_token: secret_token?, ca_file })
}

fn directory(job: &Table<'_, '_>, base_dir: &Path, problems: &mut Problems) -> Option<DirectoryConfig> {
    let Some((table, at)) = job.table("directory", problems) else {
        if job.value("directory").is_none() {
            job.missing("directory", "{ tenant_id = \"…\", client_id = \"…\", client_secret = … }", problems);
        }
        return None;
    };
    let directory = Table::open(format!("{}.directory", job.name), at, table, DIRECTORY, &[JOB, APP], problems);
    let tenant_id = tenant(&directory, problems);
    let client_id = guid(&directory, "client_id", problems);
    let sign_in = sign_in(&directory, base_dir, problems);
    let service_principal_id = guid(&directory, "service_principal_id", problems);
    let ca_file = file(&directory, "ca_file", base_dir, problems);
    let authority = address(&directory, "authority", Some(DEFAULT_AUTHORITY), problems);
    let graph = address(&directory, "graph", Some(DEFAULT_GRAPH), problems);
    Some(DirectoryConfig {
        tenant_id: tenant_id?,
        client_id: client_id?,
        sign_in: sign_in?,
        service_principal_id: service_principal_id?,
        ca_file,
        authority: authority?,
        graph: graph?,
    })
}

fn sign_in(directory: &Table<'_, '_>, base_dir: &Path, problems: &mut Problems) -> Option<SignIn> {
    const WAYS: [&str; 3] = ["client_secret", "client_certificate", "federated_token_file"];
    let given: Vec<&str> = WAYS.into_iter().filter(|key| directory.value(key).is_some()).collect();
    match given.as_slice() {
        [] => {
            directory.missing("client_secret", SECRET_EXAMPLE, problems);
            None
        }
        ["client_secret"] => secret(directory, "client_secret", base_dir, problems).map(SignIn::ClientSecret),
        ["client_certificate"] => {
            secret(directory, "client_certificate", base_dir, problems).map(SignIn::ClientCertificate)
        }
        [_] => file(directory, "federated_token_file", base_dir, problems).map(SignIn::FederatedTokenFile),
        [first, second, ..] => {
            let span = directory.key_span(second).unwrap_or(directory.at.clone());
            let what = format!("{} has both `{first}` and `{second}`", directory.name);
            problems.add(&span, what, "keep exactly one way to sign in");
            None
        }
    }
}

fn secret(table: &Table<'_, '_>, key: &str, base_dir: &Path, problems: &mut Problems) -> Option<SecretRef> {
    let (value, span) = table.value(key)?;
    let inner = match value {
        DeValue::Table(inner) => inner,
        DeValue::String(_) => {
            let what = format!("`{key}` in {} is a secret in the file itself", table.name);
            problems.add(&span, what, format!("move it out and refer to it: {SECRET_EXAMPLE}"));
            return None;
        }
        other => {
            table.wrong_type(key, SECRET_EXAMPLE, other, &span, problems);
            return None;
        }
    };
    let at = table.key_span(key).unwrap_or(span);
    let inner = Table::open(format!("{}.{key}", table.name), at, inner, SECRET, &[], problems);
    let given: Vec<&str> = SECRET.keys.iter().copied().filter(|key| inner.value(key).is_some()).collect();
    match given.as_slice() {
        ["env"] => {
            let (name, span) = inner.string("env", problems)?;
            let named = !name.is_empty() && !name.contains(['=', '\0', ' ']);
            if !named {
                problems.add(
                    &span,
                    format!("`env` in {} is no name of a variable", inner.name),
                    "like \"ENTRA_SECRET\"",
                );
            }
            named.then(|| SecretRef::Env(name.to_owned()))
        }
        ["file"] => file(&inner, "file", base_dir, problems).map(SecretRef::File),
        [_] => command(&inner, problems).map(SecretRef::Command),
        [] => {
            problems.add(&inner.at, format!("{} refers to nothing", inner.name), format!("write {SECRET_EXAMPLE}"));
            None
        }
        [first, second, ..] => {
            let span = inner.key_span(second).unwrap_or(inner.at.clone());
            problems.add(&span, format!("{} has both `{first}` and `{second}`", inner.name), "keep one");
            None
        }
    }
}

fn command(table: &Table<'_, '_>, problems: &mut Problems) -> Option<Vec<String>> {
    const SHAPE: &str = "a list: [\"pass\", \"show\", \"flock\"]; no shell reads it";
    let (value, span) = table.value("command")?;
    let DeValue::Array(words) = value else {
        table.wrong_type("command", SHAPE, value, &span, problems);
        return None;
    };
    let mut argv = Vec::new();
    for word in words {
        let DeValue::String(text) = word.get_ref() else {
            table.wrong_type("command", "text in quotes", word.get_ref(), &word.span(), problems);
            return None;
        };
        argv.push(text.as_ref().to_owned());
    }
    if argv.first().is_none_or(String::is_empty) {
        problems.add(&span, format!("`command` in {} names no program", table.name), format!("expected {SHAPE}"));
        return None;
    }
    Some(argv)
}

/// A path; relative ones start in the folder of the configuration file.
fn file(table: &Table<'_, '_>, key: &str, base_dir: &Path, problems: &mut Problems) -> Option<PathBuf> {
    let (text, span) = table.string(key, problems)?;
    let advice = if text.is_empty() || text.contains('\0') {
        "expected a path"
    } else if text == "~" || text.starts_with("~/") {
        "`~` is not expanded: write the whole path, or one relative to this file"
    } else {
        return Some(base_dir.join(text));
    };
    problems.add(&span, format!("`{key}` in {} is no usable path", table.name), advice);
    None
}

/// An address of a service: https, or http on loopback; a host; no credentials, no fragment.
fn address(table: &Table<'_, '_>, key: &str, default: Option<&str>, problems: &mut Problems) -> Option<Url> {
    let (text, span) = match (table.string(key, problems), default) {
        (Some(found), _) => found,
        (None, Some(default)) if table.value(key).is_none() => (default, 0..0),
        (None, _) => {
            if table.value(key).is_none() {
                table.missing(key, "\"https://…\"", problems);
            }
            return None;
        }
    };
    rules::address(text)
        .map_err(|wrong| {
            if wrong.hide {
                problems.hidden.push(span.clone());
            }
            problems.add(&span, format!("`{key}` in {} {}", table.name, wrong.what), wrong.advice);
        })
        .ok()
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn guid(table: &Table<'_, '_>, key: &str, problems: &mut Problems) -> Option<String> {
    let Some((text, span)) = table.string(key, problems) else {
        if table.value(key).is_none() {
            table.missing(key, GUID_EXAMPLE, problems);
        }
        return None;
    };
    if !is_guid(text) {
        let advice = "expected 8-4-4-4-12 hexadecimal digits";
        problems.add(&span, format!("`{key}` in {} is no GUID", table.name), advice);
        return None;
    }
    Some(text.to_lowercase())
}

fn tenant(table: &Table<'_, '_>, problems: &mut Problems) -> Option<String> {
    let Some((text, span)) = table.string("tenant_id", problems) else {
        if table.value("tenant_id").is_none() {
            table.missing("tenant_id", GUID_EXAMPLE, problems);
        }
        return None;
    };
    let label = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let domain = text.contains('.') && text.split('.').all(label);
    if !is_guid(text) && !domain {
        let advice = "expected a GUID, or a domain like contoso.onmicrosoft.com";
        problems.add(&span, format!("`tenant_id` in {} names no tenant", table.name), advice);
        return None;
    }
    Some(text.to_lowercase())
}

fn interval(job: &Table<'_, '_>, problems: &mut Problems) -> Duration {
    if let Some((DeValue::Integer(_), span)) = job.value("interval") {
        problems.add(&span, format!("`interval` in {} has no unit", job.name), "write it like \"40m\" or \"20s\"");
        return DEFAULT_INTERVAL;
    }
    let Some((text, span)) = job.string("interval", problems) else { return DEFAULT_INTERVAL };
    parse_interval(text).unwrap_or_else(|advice| {
        problems.add(&span, format!("`interval` in {} is no usable length of time", job.name), advice);
        DEFAULT_INTERVAL
    })
}

fn environment(job: &Table<'_, '_>, problems: &mut Problems) -> Option<String> {
    let (text, span) = job.string("environment", problems)?;
    if !rules::is_environment(text) {
        let advice = "one word like \"test\"; leave the key out for production";
        problems.add(&span, format!("`environment` in {} is not a word", job.name), advice);
        return None;
    }
    Some(text.to_owned())
}

/// Words in a key that promise a secret as its value.
const TELLTALE: [&str; 8] = ["secret", "token", "password", "passwd", "certificate", "credential", "api_key", "bearer"];

fn tells(key: &str) -> bool {
    let key = key.to_lowercase();
    key != "federated_token_file" && TELLTALE.iter().any(|word| key.contains(word))
}

/// Notes the place of every text that may be a secret, so that no picture of its line shows it: also under a
/// misspelt key, and also when something else on the line is wrong.
fn hide_secrets(table: &DeTable<'_>, inside: bool, problems: &mut Problems) {
    for (key, value) in table {
        let key = key.get_ref().as_ref();
        let reference = inside && SECRET.keys.contains(&key);
        match value.get_ref() {
            DeValue::Table(inner) => hide_secrets(inner, tells(key), problems),
            DeValue::Array(_) if (tells(key) || inside) && !reference => problems.hidden.push(value.span()),
            DeValue::String(_) if (tells(key) || inside) && !reference => problems.hidden.push(value.span()),
            DeValue::String(text) if text.contains('@') && text.contains("://") => problems.hidden.push(value.span()),
            _ => {}
        }
    }
}

/// As [`hide_secrets`], for a text that is no TOML: line by line, rather too much than too little. A line without
/// `=` may continue a text that began above.
fn hide_by_sight(text: &str, problems: &mut Problems) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let head = line.trim_start();
        match line.find('=') {
            None if !head.starts_with(['[', '#', ']', '}']) => problems.hidden.push(start..end),
            None => {}
            Some(_) => {
                let lower = line.to_lowercase();
                let told = TELLTALE.iter().filter_map(|word| lower.find(word)).min();
                let url = line.contains('@') && line.contains("://");
                if let Some(at) = told.or(url.then_some(0)) {
                    let from = line.get(at..).and_then(|rest| rest.find('=')).map_or(at, |equals| at + equals + 1);
                    let blanks = line.get(from..).map_or(0, |rest| rest.len() - rest.trim_start().len());
                    problems.hidden.push(start + from + blanks..end);
                }
            }
        }
        start = end;
    }
}

#[cfg(test)]
mod tests;
