//! Faults the sandbox injects on purpose.
//!
//! The JSON below is what `--faults FILE` reads and what `GET`/`PUT {control}/faults` carry. Every member may be
//! left out; an unknown one is refused. `PUT` replaces the whole and starts all counters again.
//!
//! ```json
//! {
//!   "seed": 7,
//!   "rules": [
//!     { "service": "scim",  "method": "POST", "path": "/Users", "at": [3, 7], "drop": "after" },
//!     { "service": "scim",  "rate": 0.02, "status": 503, "retry_after": 2, "retry_after_style": "date" },
//!     { "service": "graph", "path": "/users/delta", "from": 2, "count": 1, "gone": "resync" },
//!     { "service": "graph", "latency_ms": 40, "jitter_ms": 20 }
//!   ],
//!   "throttle": { "units": 500, "seconds": 10 },
//!   "token_lifetime_s": 3600,
//!   "app": { "stale_reads_ms": 2000, "licence_limit": 100, "poisoned": ["bob@x.example"], "rejected_domains": ["y.example"] }
//! }
//! ```
//!
//! **Which requests a rule is for.** `service`: `graph`, `token` or `scim`. `method`: `GET` and so on. `path`: the
//! path within the service, without the query (`/users/delta`, `/Users/42`); it also covers what is below it, and a
//! `*` stands for any text. Each may be left out, which means all. Every rule numbers the requests that fit it,
//! from 1.
//!
//! **When it strikes.** `at`: these numbers. `from` (default 1), `every` (default 1), `count` (default: no end): from
//! that number on, each n-th one, so often. `rate`: this share of them, chosen by the seed and the number: the same
//! seed strikes the same numbers. Several of them: all must agree. None: always.
//!
//! **What happens.** `latency_ms` and `jitter_ms` (up to so much more) delay the request and go with everything
//! else. Of the rest a rule has one:
//!
//! | member | effect |
//! |---|---|
//! | `status` | answers this status without doing anything. `body`: `auto` (the service's own shape, the default), `html`, `text`, `empty`. `retry_after`: seconds; `retry_after_style`: `seconds` (default), `date`, `x-header` (`X-Retry-After`). `headers`: further headers, verbatim |
//! | `drop` | closes the connection without an answer: `before` anything is done, or `after` the work was done |
//! | `truncate` | does the work, then cuts the body after this share (0.5: half); `Content-Length` is that of the whole |
//! | `html` | `true`: 200 with a login page |
//! | `empty` | `true`: does the work, then answers its status with an empty body |
//! | `redirect` | 307 to this URL |
//! | `huge` | 200 with a JSON body of so many bytes |
//! | `nested` | 200 with JSON nested so deep |
//! | `loop` | `true`: does the work; `@odata.nextLink` points to the page itself |
//! | `gone` | for Graph requests with a delta or skip token: `resync` (410 with `Location`) or `sync_state` (400 `syncStateNotFound`) |
//!
//! The first rule that strikes with an effect wins; delays of all rules that strike add up.
//!
//! `throttle`: Graph's resource units per so many seconds; beyond it 429 with `Retry-After`.
//! `token_lifetime_s`: how long tokens live. `app`: faults inside the app.

mod effect;

use super::app::AppFaults;
use super::directory::{POISONED, REFUSED_DOMAIN};
use super::graph::Gone;
pub(super) use effect::{after, before};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The services of the sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// The token endpoint.
    Token,
    /// The SCIM app.
    Scim,
}

/// The form of an error body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyStyle {
    /// As the service itself reports errors.
    #[default]
    Auto,
    /// A page, as proxies send.
    Html,
    /// A line of text.
    Text,
    /// Nothing.
    Empty,
}

/// The form of `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryStyle {
    /// A number.
    #[default]
    Seconds,
    /// An HTTP date.
    Date,
    /// `X-Retry-After` with a number.
    XHeader,
}

/// When a connection is closed without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Drop {
    /// Before anything is done.
    Before,
    /// After the work was done.
    After,
}

/// One rule. See the module's page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Which service; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Which method; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Which paths; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Strikes these requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<u64>,
    /// Strikes from this request on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Strikes so many requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Strikes each n-th request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Strikes this share of requests, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Delay in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Up to so many milliseconds more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u64>,
    /// Answers this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The form of the body with `status`.
    pub body: BodyStyle,
    /// Seconds of `Retry-After`; may be nonsense on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<i64>,
    /// The form of `Retry-After`.
    pub retry_after_style: RetryStyle,
    /// Further headers of the answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Closes the connection without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<Drop>,
    /// Cuts the body after this share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate: Option<f64>,
    /// Answers a login page.
    pub html: bool,
    /// Empties the body.
    pub empty: bool,
    /// Redirects to this URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Answers a body of so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub huge: Option<u64>,
    /// Answers JSON nested so deep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested: Option<usize>,
    /// Makes the nextLink point to its own page.
    #[serde(rename = "loop")]
    pub looped: bool,
    /// Refuses delta and skip tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
}

/// Graph's throttling by resource units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Units in a window.
    pub units: u64,
    /// The length of a window.
    pub seconds: u64,
}

/// All faults. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Seeds what is struck by rate, and the jitter.
    pub seed: u64,
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// Throttling of Graph; none without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// How long tokens live, in seconds; 3600 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_lifetime_s: Option<u64>,
    /// Faults inside the app.
    pub app: AppFaults,
}

impl Faults {
    /// What the sandbox of a bare `heeler` does on purpose, so that there is something to look at: one assigned
    /// person always fails, and the app refuses the guests of one partner.
    pub fn demonstration() -> Self {
        let app = AppFaults {
            poisoned: vec![POISONED.to_owned()],
            rejected_domains: vec![REFUSED_DOMAIN.to_owned()],
            ..AppFaults::default()
        };
        Self { app, ..Self::default() }
    }

    /// Checks what the types do not: shares between 0 and 1, statuses that exist. Says which rule is wrong.
    pub fn check(&self) -> Result<(), String> {
        for (n, rule) in self.rules.iter().enumerate() {
            let share = |value: Option<f64>| value.is_none_or(|v| (0.0..=1.0).contains(&v));
            if !share(rule.rate) || !share(rule.truncate) {
                return Err(format!("rules[{n}]: rate and truncate are shares between 0 and 1"));
            }
            if rule.status.is_some_and(|status| !(200..=599).contains(&status)) {
                return Err(format!("rules[{n}]: status must be between 200 and 599"));
            }
            if rule.every == Some(0) {
                return Err(format!("rules[{n}]: every must be at least 1"));
            }
        }
        Ok(())
    }
}

impl Rule {
    fn covers(&self, service: Service, method: &str, path: &str) -> bool {
        self.service.is_none_or(|s| s == service)
            && self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|pattern| covers(pattern, path))
    }

    fn strikes(&self, number: u64, dice: f64) -> bool {
        let from = self.from.unwrap_or(1);
        let every = self.every.unwrap_or(1).max(1);
        (self.at.is_empty() || self.at.contains(&number))
            && number >= from
            && (number - from).is_multiple_of(every)
            && self.count.is_none_or(|count| (number - from) / every < count)
            && self.rate.is_none_or(|rate| dice < rate)
    }

    fn acts(&self) -> bool {
        self.status.is_some()
            || self.drop.is_some()
            || self.truncate.is_some()
            || self.html
            || self.empty
            || self.redirect.is_some()
            || self.huge.is_some()
            || self.nested.is_some()
            || self.looped
            || self.gone.is_some()
    }
}

/// Whether a pattern covers a path: `*` is any text, and what lies below a path belongs to it.
fn covers(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut star = false;
    for piece in pieces {
        star = true;
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.is_empty() || rest.starts_with('/') || pattern.ends_with('/') || star && pattern.ends_with('*')
}

/// What befalls one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate {
    /// How long it waits first.
    pub delay: Duration,
    /// The rule that strikes.
    pub rule: Option<Rule>,
}

/// The faults in force, with their counters.
#[derive(Debug, Default)]
pub(super) struct Board {
    faults: Faults,
    seen: Vec<u64>,
    window: Option<(Instant, u64)>,
}

impl Board {
    pub(super) fn new(faults: Faults) -> Self {
        let seen = vec![0; faults.rules.len()];
        Self { faults, seen, window: None }
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Starts all counters again.
    pub(super) fn restart(&mut self) {
        *self = Self::new(std::mem::take(&mut self.faults));
    }

    /// Numbers a request and says what befalls it.
    pub(super) fn fate(&mut self, service: Service, method: &str, path: &str) -> Fate {
        let mut fate = Fate::default();
        for (index, (rule, seen)) in self.faults.rules.iter().zip(&mut self.seen).enumerate() {
            if !rule.covers(service, method, path) {
                continue;
            }
            *seen += 1;
            let salt = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seen.wrapping_mul(0xD1B5_4A32_D192_ED03);
            let mut dice = fastrand::Rng::with_seed(self.faults.seed ^ salt);
            if !rule.strikes(*seen, dice.f64()) {
                continue;
            }
            let jitter = rule.jitter_ms.map_or(0, |most| dice.u64(..=most));
            fate.delay += Duration::from_millis(rule.latency_ms.unwrap_or(0) + jitter);
            if fate.rule.is_none() && rule.acts() {
                fate.rule = Some(rule.clone());
            }
        }
        fate
    }

    /// Books resource units; `Err` holds the seconds to wait. `Ok` holds the share of the limit in use.
    pub(super) fn book(&mut self, units: u64) -> Result<f64, u64> {
        let Some(limit) = self.faults.throttle else { return Ok(0.0) };
        let length = Duration::from_secs(limit.seconds.max(1));
        let now = Instant::now();
        let (start, used) = match self.window {
            Some((start, used)) if now.duration_since(start) < length => (start, used),
            _ => (now, 0),
        };
        // Usage keeps counting while a caller is throttled.
        let used = used.saturating_add(units);
        self.window = Some((start, used));
        if used > limit.units {
            let left = length.saturating_sub(now.duration_since(start));
            return Err(left.as_secs() + u64::from(left.subsec_nanos() > 0));
        }
        #[allow(clippy::cast_precision_loss)] // a share for a header with one decimal
        Ok(used as f64 / limit.units.max(1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(json: &str) -> Board {
        let faults: Faults = serde_json::from_str(json).unwrap();
        faults.check().unwrap();
        Board::new(faults)
    }

    #[test]
    fn patterns_cover_paths_and_what_is_below() {
        for (pattern, path, expected) in [
            ("/Users", "/Users", true),
            ("/Users", "/Users/42", true),
            ("/Users", "/UsersX", false),
            ("/Users/", "/Users/42", true),
            ("/Users/*", "/Users/42", true),
            ("/Users/*", "/Users", false),
            ("/groups/*/members", "/groups/7/members", true),
            ("/groups/*/members", "/groups/7/owners", false),
            ("*delta*", "/users/delta()", true),
        ] {
            assert_eq!(covers(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn rules_strike_by_number_and_rate() {
        let mut board = board(
            r#"{"rules":[{"service":"scim","method":"POST","path":"/Users","at":[2],"drop":"after"},
            {"service":"graph","from":2,"every":2,"count":2,"status":503}]}"#,
        );
        let scim: Vec<bool> = (0..3).map(|_| board.fate(Service::Scim, "POST", "/Users").rule.is_some()).collect();
        assert_eq!(scim, [false, true, false]);
        let graph: Vec<bool> = (0..7).map(|_| board.fate(Service::Graph, "GET", "/users").rule.is_some()).collect();
        assert_eq!(graph, [false, true, false, true, false, false, false]);
        assert!(board.fate(Service::Scim, "GET", "/Users").rule.is_none());
    }

    #[test]
    fn a_rate_is_kept_and_repeats_with_its_seed() {
        let run = |seed: u64| -> Vec<bool> {
            let mut board = board(&format!(r#"{{"seed":{seed},"rules":[{{"rate":0.25,"status":500}}]}}"#));
            (0..2000).map(|_| board.fate(Service::Graph, "GET", "/x").rule.is_some()).collect()
        };
        let first = run(1);
        let struck = first.iter().filter(|hit| **hit).count();
        assert!((400..600).contains(&struck), "{struck}");
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
    }

    #[test]
    fn a_window_of_units_runs_full() {
        let mut board = board(r#"{"throttle":{"units":3,"seconds":10}}"#);
        assert!(board.book(2).is_ok());
        assert!(board.book(1).is_ok());
        let wait = board.book(1).unwrap_err();
        assert!((1..=10).contains(&wait));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(serde_json::from_str::<Faults>(r#"{"rulez":[]}"#).is_err());
        for text in [r#"{"rules":[{"rate":2}]}"#, r#"{"rules":[{"status":99}]}"#, r#"{"rules":[{"every":0}]}"#] {
            assert!(serde_json::from_str::<Faults>(text).unwrap().check().is_err(), "{text}");
        }
    }
}
