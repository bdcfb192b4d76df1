//! How the two sides of a job are doing, as last seen.

use serde::{Deserialize, Serialize};

/// The directory or the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The source, with its sign-in service.
    Directory,
    /// The target.
    App,
}

impl Side {
    /// `directory` or `app`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::App => "app",
        }
    }
}

/// What can be said of a side in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SideState {
    /// It answers.
    Ready,
    /// It answers, but late, or not every time.
    Slow,
    /// It asks us to send less.
    Throttled,
    /// It answers, and says no to everything: sign-in, rights, wrong address.
    Refused,
    /// It does not answer, or only that it is out of order.
    Offline,
}

impl SideState {
    /// `ready`, `slow`, `throttled`, `refused` or `offline`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Slow => "slow",
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::Offline => "offline",
        }
    }

    /// Whether work with this side goes on.
    pub fn usable(self) -> bool {
        matches!(self, Self::Ready | Self::Slow | Self::Throttled)
    }
}

/// How one side is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideHealth {
    /// In one word.
    pub state: SideState,
    /// When this was found, RFC 3339 UTC.
    pub at: String,
    /// When it last answered anything, RFC 3339 UTC.
    pub last_contact: Option<String>,
    /// Half of the last answers came within this many milliseconds.
    pub median_ms: Option<u64>,
    /// 19 of 20 of the last answers came within this many milliseconds.
    pub p95_ms: Option<u64>,
    /// Requests that [`SideHealth::timeouts`] and [`SideHealth::throttled`] are counted over: the last twenty at most.
    pub recent: u32,
    /// How many of them were not answered in time.
    pub timeouts: u32,
    /// How many of them were refused because we sent too much.
    pub throttled: u32,
    /// The pause it asked for ends then, RFC 3339 UTC.
    pub wait_until: Option<String>,
    /// Not [`SideState::Ready`] since then, RFC 3339 UTC.
    pub since: Option<String>,
    /// What is wrong, in words; untrusted.
    pub error: Option<String>,
    /// Attempts in a row that failed: cycles and tests, not single requests.
    pub failed_attempts: u32,
    /// When it is tried again by itself, RFC 3339 UTC.
    pub next_attempt: Option<String>,
}

/// Both sides; `None` for one that was never tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The source.
    pub directory: Option<SideHealth>,
    /// The target.
    pub app: Option<SideHealth>,
}

impl Health {
    /// One of the two.
    pub fn of(&self, side: Side) -> Option<&SideHealth> {
        match side {
            Side::Directory => self.directory.as_ref(),
            Side::App => self.app.as_ref(),
        }
    }
}
