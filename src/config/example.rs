//! A configuration to start from.

/// The text that `heeler config example` prints: complete, commented, and loadable as it is.
pub fn example() -> &'static str {
    include_str!("example.toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Preset, Profile, Scope, SecretRef, SignIn};
    use std::path::Path;
    use std::time::Duration;

    #[test]
    fn the_example_loads_and_says_what_its_comments_say() {
        let profile = Profile::parse(example(), Path::new("/etc/heeler/config.toml")).unwrap();
        let [job] = profile.jobs.as_slice() else { panic!("one job") };
        assert_eq!(job.name, "flock");
        assert!(!job.enabled);
        assert_eq!(job.app.preset, Preset::Flock);
        assert_eq!(job.app.tenant_url.as_str(), "https://api.flock.com/v2/scim");
        assert!(matches!(&job.app.secret_token, SecretRef::File(path) if path.is_absolute()));
        assert!(matches!(&job.directory.sign_in, SignIn::ClientSecret(SecretRef::Env(name)) if name == "ENTRA_SECRET"));
        assert_eq!(job.scope, Scope::Assigned);
        assert_eq!(job.interval, Duration::from_secs(2400));
        assert_eq!(job.deletion_threshold, Some(500));
    }

    #[test]
    fn every_line_that_is_commented_out_loads_too() {
        // `# key = value` lines are settings; other comments start with a capital letter or have no equals sign.
        let all: String = example()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .filter(|line| !line.starts_with("client_secret"))
            .filter(|line| !line.starts_with("federated_token_file"))
            .collect();
        let profile = Profile::parse(&all, Path::new("/etc/heeler/config.toml")).unwrap();
        assert!(matches!(&profile.jobs[0].directory.sign_in, SignIn::ClientCertificate(_)));
        assert_eq!(profile.jobs[0].mapping.as_deref(), Some(Path::new("/etc/heeler/schema.json")));
        assert_eq!(profile.jobs[0].environment.as_deref(), Some("test"));
    }
}
