//! Looking behind a configuration that loads: are the secrets there, are the files there?

use super::{Env, JobConfig, Profile, SignIn, secret::read_federated_token};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Certificate bundles and schemas are smaller.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// What came of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The job.
    pub job: String,
    /// What is wrong: the key, and the message with its advice. Empty means that all is well.
    pub problems: Vec<(String, String)>,
}

/// Reads every secret and looks at every file that the jobs name, save the mapping: whether that can be used, only who
/// compiles it can tell. Nothing is contacted; secrets are dropped at once.
/// May block for as long as the commands behind secrets take.
pub fn check(profile: &Profile, env: Env<'_>) -> Vec<Finding> {
    profile.jobs.iter().map(|job| Finding { job: job.name.clone(), problems: problems(job, env) }).collect()
}

fn problems(job: &JobConfig, env: Env<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut note = |key: &str, result: Result<(), String>| {
        if let Err(message) = result {
            found.push((key.to_owned(), message));
        }
    };
    let base = job.base_dir.as_path();
    note("app.secret_token", job.app.read_token(base, env).map(drop).map_err(|error| error.to_string()));
    note("app.ca_file", job.app.ca_file.as_deref().map_or(Ok(()), certificates));
    match &job.directory.sign_in {
        SignIn::ClientSecret(reference) => {
            note("directory.client_secret", reference.read(base, env).map(drop).map_err(|error| error.to_string()));
        }
        SignIn::ClientCertificate(reference) => {
            let pem = reference.read(base, env).map_err(|error| error.to_string());
            let result = pem.and_then(|pem| certificate_with_key(pem.expose(), &reference.to_string()));
            note("directory.client_certificate", result);
        }
        SignIn::FederatedTokenFile(path) => {
            let token = read_federated_token(path).map(drop).map_err(|error| error.to_string());
            note("directory.federated_token_file", token);
        }
    }
    note("directory.ca_file", job.directory.ca_file.as_deref().map_or(Ok(()), certificates));
    found
}

fn text_of(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}\ncorrect the path", path.display());
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(LARGEST_FILE).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn certificates(path: &Path) -> Result<(), String> {
    if text_of(path)?.contains("-----BEGIN CERTIFICATE-----") {
        Ok(())
    } else {
        Err(format!("{} holds no certificate in PEM form", path.display()))
    }
}

fn certificate_with_key(pem: &str, reference: &str) -> Result<(), String> {
    let both = pem.contains("-----BEGIN CERTIFICATE-----") && pem.contains("PRIVATE KEY-----");
    if both {
        Ok(())
    } else {
        Err(format!(
            "{reference} must hold a certificate and its private key, both in PEM form\nput one after the other"
        ))
    }
}
