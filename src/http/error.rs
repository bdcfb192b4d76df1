//! What can go wrong on the wire, sorted by what a caller can do about it.

use std::fmt;
use std::time::Duration;
use thiserror::Error;
use url::Url;

/// Method, origin and path of a request. The query is left out: filters hold names and addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// The place of a request.
    pub fn new(method: &str, url: &Url) -> Self {
        Self(format!("{method} {}{}", origin(url), url.path()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Scheme, host and port, for messages.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Why a request never left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreached {
    /// The name has no address.
    Dns,
    /// Nobody listens there.
    Refused,
    /// The connection was not made in time.
    Timeout,
    /// The certificate is signed by an authority that this machine does not trust.
    Untrusted,
    /// The certificate is past its end, or not valid yet.
    Expired,
    /// The certificate is for another host.
    WrongHost,
    /// TLS failed otherwise; the text is the library's reason.
    Tls(String),
    /// A proxy refused to connect us.
    Proxy(String),
    /// Anything else, with the reason.
    Other(String),
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns => f.write_str("the host name could not be resolved; check the spelling of the host and DNS"),
            Self::Refused => f.write_str("the connection was refused; check host and port, and that the service runs"),
            Self::Timeout => f.write_str("no connection in time; check host, port, firewall and proxy"),
            Self::Untrusted => f.write_str(
                "its certificate is not signed by an authority this machine trusts; if that is intended, name the \
                 authority's certificate as ca_file",
            ),
            Self::Expired => f.write_str(
                "its certificate is expired or not valid yet; have it renewed, or check the clock of this machine",
            ),
            Self::WrongHost => f.write_str("its certificate is for another host; check the host in the URL"),
            Self::Tls(reason) => write!(f, "TLS failed ({reason}); check that the service speaks TLS 1.2 or newer"),
            Self::Proxy(reason) => write!(
                f,
                "the proxy did not connect ({reason}); check HTTPS_PROXY, its user and password, and NO_PROXY"
            ),
            Self::Other(reason) => write!(f, "no connection ({reason}); check the network and try again"),
        }
    }
}

/// How an answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// No answer in time.
    Timeout,
    /// The connection broke before or in the head of the answer.
    Reset,
    /// The body ended early.
    Truncated,
    /// We were told to stop while the request was on its way.
    Stopped,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "no answer in time",
            Self::Reset => "the connection broke before an answer came",
            Self::Truncated => "the answer was cut off",
            Self::Stopped => "stopped before the answer came",
        })
    }
}

/// An answer that is not a 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusError {
    /// What was asked.
    pub place: Place,
    /// HTTP status.
    pub status: u16,
    /// How long the server wants us to wait.
    pub retry_after: Option<Duration>,
    /// The first 64 KiB of the body; untrusted.
    pub body: Vec<u8>,
    /// `Content-Type`, lower case.
    pub content_type: String,
}

/// What to do about a status that says the same everywhere.
fn next_step(status: u16) -> &'static str {
    match status {
        407 => "; the proxy wants a user and a password: put them into HTTPS_PROXY",
        429 => "; it takes no more requests for now: if that stays, lower the concurrency",
        500..=599 => "; it has trouble of its own: if that stays, ask its operator",
        _ => "",
    }
}

/// Why a request failed. The variant says what a caller may conclude.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// Certainly not processed: it never left.
    #[error("{place}: {why}")]
    Unsent {
        /// What was asked.
        place: Place,
        /// Why it did not leave.
        why: Unreached,
    },
    /// It may have been processed: the outcome is unknown until somebody looks.
    #[error("{place}: {why}; the outcome is unknown")]
    Lost {
        /// What was asked.
        place: Place,
        /// How the answer was lost.
        why: Loss,
    },
    /// The server answered with another status than 2xx.
    #[error("{}: the server answered {}{}", .0.place, .0.status, next_step(.0.status))]
    Status(Box<StatusError>),
    /// The server asked for a pause that is longer than we wait; nothing was sent.
    #[error("{place}: the server wants no such requests for another {} s; try again then", .wait.as_secs())]
    Paused {
        /// What was asked.
        place: Place,
        /// What is left of the pause.
        wait: Duration,
    },
    /// A web page instead of data.
    #[error(
        "{place}: a web page came back instead of data; check the URL, and whether a proxy or a login page is in between"
    )]
    Html {
        /// What was asked.
        place: Place,
    },
    /// The body is not JSON.
    #[error("{place}: the answer is not usable JSON ({reason}); check that the URL is that of the API")]
    NotJson {
        /// What was asked.
        place: Place,
        /// What is wrong; never quotes the body.
        reason: String,
    },
    /// The body is larger than the limit.
    #[error("{place}: the answer is larger than {limit} bytes and was refused")]
    TooLarge {
        /// What was asked.
        place: Place,
        /// The limit in bytes.
        limit: usize,
    },
    /// The JSON is nested deeper than the limit.
    #[error("{place}: the answer is JSON nested deeper than {limit} levels and was refused")]
    TooDeep {
        /// What was asked.
        place: Place,
        /// The limit.
        limit: usize,
    },
    /// A redirect that is not followed.
    #[error("{place}: the service has moved to {to}; put the new address into the configuration if you trust it")]
    Moved {
        /// What was asked.
        place: Place,
        /// Origin and path of the new address.
        to: String,
    },
    /// The URL is at an origin that the settings do not name: nothing was sent, least of all a credential.
    #[error("{place}: refused to follow a link to another server than the configured one")]
    OtherOrigin {
        /// What would have been asked.
        place: Place,
    },
    /// Plain http to a host that is not this machine.
    #[error("{place}: refused to send credentials without encryption; use https")]
    Insecure {
        /// What would have been asked.
        place: Place,
    },
    /// Stopped before it left.
    #[error("{place}: stopped before it was sent")]
    Cancelled {
        /// What would have been asked.
        place: Place,
    },
    /// The client cannot be built or the request cannot be expressed.
    #[error("{0}")]
    Settings(String),
}

impl HttpError {
    /// The HTTP status, if the server answered with an error status.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(e) => Some(e.status),
            _ => None,
        }
    }

    /// Whether the request certainly had no effect.
    pub fn unsent(&self) -> bool {
        !matches!(
            self,
            Self::Lost { .. }
                | Self::Status(_)
                | Self::Html { .. }
                | Self::NotJson { .. }
                | Self::TooLarge { .. }
                | Self::TooDeep { .. }
                | Self::Moved { .. }
        )
    }
}
