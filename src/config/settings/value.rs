//! From the text of a setting to its value, and back; into the configuration, and into TOML.

use super::super::interval::{LONGEST, SHORTEST, WrongInterval, interval};
use super::super::{JobConfig, Scope, format_interval, rules};
use super::{Field, interval_text, place_of};
use std::time::Duration;
use toml_edit::Value as Toml;
use url::Url;

/// A setting, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Switch(bool),
    Scope(Scope),
    Interval(Duration),
    Threshold(Option<u64>),
    Url(Url),
    Environment(Option<String>),
}

impl Value {
    /// Understands a text, by the rules of the file. Spaces around it do not count.
    pub(super) fn read(field: Field, text: &str) -> Result<Self, String> {
        let text = text.trim();
        match field {
            Field::Enabled | Field::ExcludeDefaultAccess | Field::Groups | Field::SkipOutOfScopeDeletions => match text
            {
                "on" => Ok(Self::Switch(true)),
                "off" => Ok(Self::Switch(false)),
                _ => Err("expected on or off".to_owned()),
            },
            Field::Scope => rules::SCOPES
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, scope)| Self::Scope(*scope))
                .ok_or_else(|| "expected assigned or all".to_owned()),
            Field::Interval => interval(text).map(Self::Interval).map_err(|wrong| match wrong {
                WrongInterval::Shape => {
                    let (least, most) = (format_interval(SHORTEST), format_interval(LONGEST));
                    format!("{wrong}, from {least} to {most}")
                }
                WrongInterval::Short | WrongInterval::Long => wrong.to_string(),
            }),
            Field::DeletionThreshold if text.is_empty() => Ok(Self::Threshold(None)),
            Field::DeletionThreshold => rules::count(text, 10)
                .map(|number| Self::Threshold(Some(number)))
                .ok_or_else(|| "expected a whole number, 0 or more; empty means no limit".to_owned()),
            Field::TenantUrl => rules::address(text)
                .map(Self::Url)
                .map_err(|wrong| format!("this address {}: {}", wrong.what, wrong.advice)),
            Field::Environment if text.is_empty() => Ok(Self::Environment(None)),
            Field::Environment if rules::is_environment(text) => Ok(Self::Environment(Some(text.to_owned()))),
            Field::Environment => {
                Err("expected one word like \"test\", of at most 24 letters, digits, - _ .; empty means production"
                    .to_owned())
            }
            Field::SecretToken => Err("a token is stored apart".to_owned()),
        }
    }

    /// The text of a setting of a job.
    pub(super) fn text_of(field: Field, config: &JobConfig) -> String {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        match field {
            Field::Enabled => switch(config.enabled),
            Field::Scope => config.scope.as_str().to_owned(),
            Field::ExcludeDefaultAccess => switch(config.exclude_default_access),
            Field::Groups => switch(config.groups),
            Field::Interval => interval_text(config),
            Field::DeletionThreshold => config.deletion_threshold.map(|n| n.to_string()).unwrap_or_default(),
            Field::SkipOutOfScopeDeletions => switch(config.skip_out_of_scope_deletions),
            Field::TenantUrl => config.app.tenant_url.as_str().to_owned(),
            Field::SecretToken => place_of(&config.app.secret_token),
            Field::Environment => config.environment.clone().unwrap_or_default(),
        }
    }

    /// Puts the value into a configuration.
    pub(super) fn apply(self, field: Field, config: &mut JobConfig) {
        match (field, self) {
            (Field::Enabled, Self::Switch(on)) => config.enabled = on,
            (Field::ExcludeDefaultAccess, Self::Switch(on)) => config.exclude_default_access = on,
            (Field::Groups, Self::Switch(on)) => config.groups = on,
            (Field::SkipOutOfScopeDeletions, Self::Switch(on)) => config.skip_out_of_scope_deletions = on,
            (Field::Scope, Self::Scope(scope)) => config.scope = scope,
            (Field::Interval, Self::Interval(interval)) => config.interval = interval,
            (Field::DeletionThreshold, Self::Threshold(limit)) => config.deletion_threshold = limit,
            (Field::TenantUrl, Self::Url(url)) => config.app.tenant_url = url,
            (Field::Environment, Self::Environment(word)) => config.environment = word,
            // `read` makes no other pairs.
            _ => {}
        }
    }

    /// How the value stands in the file when it was given as `text`; `None`: the key has to go.
    pub(super) fn toml(&self, text: &str) -> Option<Toml> {
        match self {
            Self::Switch(on) => Some((*on).into()),
            Self::Scope(scope) => Some(scope.as_str().into()),
            Self::Interval(interval) => Some(format_interval(*interval).into()),
            Self::Threshold(limit) => limit.and_then(|n| i64::try_from(n).ok()).map(Toml::from),
            // A parsed address may have grown a slash: people meant what they wrote.
            Self::Url(_) => Some(text.trim().into()),
            Self::Environment(word) => word.as_deref().map(Toml::from),
        }
    }
}
