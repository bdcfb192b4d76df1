//! How the console names a job.

use super::super::access::Access;
use super::super::{Ctx, SANDBOX_JOB};
use crate::config::{JobConfig, Preset};
use crate::console::shared::JobCard;
use crate::store::job as job_table;
use crate::text::{Shown, show};

/// The card of a job, with what the store knows about its tenant.
pub(super) fn of(ctx: &Ctx, access: &Access, config: &JobConfig) -> JobCard {
    let sandbox = access.is_sandbox();
    let organization = access.store.read(job_table::organization).ok().flatten();
    let domain = organization.and_then(|o| o.default_domain);
    let source = domain.unwrap_or_else(|| config.directory.tenant_id.clone());
    let host = config.app.tenant_url.host_str().unwrap_or_default();
    let target = match config.app.preset {
        Preset::Flock => "flock".to_owned(),
        // `api.example.com` is known as `example`.
        Preset::Scim => {
            let labels: Vec<&str> = host.split('.').collect();
            let named = labels.len() > 1 && host.parse::<std::net::IpAddr>().is_err();
            if named { labels[labels.len() - 2].to_owned() } else { host.to_owned() }
        }
    };
    let path = config.app.tenant_url.path().trim_end_matches('/');
    // Two apps on one host differ in it.
    let port = config.app.tenant_url.port().map_or_else(String::new, |port| format!(":{port}"));
    let environment = &config.environment;
    JobCard {
        name: access.name.clone(),
        source: if sandbox { show("sandbox") } else { first_label(&source) },
        source_long: if sandbox { show("a tenant on this machine") } else { show(&source) },
        target: show(&target),
        target_long: if sandbox { show("an app on this machine") } else { show(&format!("{host}{port}{path}")) },
        environment: show(environment.as_deref().unwrap_or("PROD")),
        production: environment.is_none(),
        sandbox,
        config_file: ctx.profile.as_ref().map(|p| p.path.display().to_string()),
        data_dir: ctx.folders.data_dir.display().to_string(),
        jobs: match &ctx.profile {
            Some(profile) => profile.jobs.iter().map(|job| job.name.clone()).collect(),
            None => vec![SANDBOX_JOB.to_owned()],
        },
        flags: flags(ctx, access),
    }
}

/// A tenant in a few letters: the first label of its domain, the first block of its id.
fn first_label(tenant: &str) -> Shown {
    let first = tenant.split(['.', '-']).next().unwrap_or(tenant);
    show(first)
}

/// How a command names this job: only what it would not find by itself.
fn flags(ctx: &Ctx, access: &Access) -> Vec<String> {
    let mut flags = Vec::new();
    if let Some(profile) = &ctx.profile {
        if profile.path != ctx.folders.default_config_file {
            flags.extend(["--config".to_owned(), profile.path.display().to_string()]);
        }
        if profile.jobs.len() > 1 {
            flags.extend(["--job".to_owned(), access.name.clone()]);
        }
    }
    if ctx.data_dir_given {
        flags.extend(["--data-dir".to_owned(), ctx.folders.data_dir.display().to_string()]);
    }
    flags
}
