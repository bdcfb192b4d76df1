//! What a caller may conclude from an error of Graph.

use super::GraphError;
use crate::http::HttpError;

impl GraphError {
    /// Whether every other request would fail the same way: no sign-in, no permission, no connection. Anything else
    /// spoils one collection, not the cycle.
    pub fn systemic(&self) -> bool {
        match self {
            Self::SignIn(_)
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::NotGraph { .. }
            | Self::Cancelled
            | Self::Settings(_) => true,
            Self::Http(error) => {
                !matches!(error, HttpError::Status(_) | HttpError::Lost { .. } | HttpError::Paused { .. })
            }
            Self::NotFound { .. } | Self::Refused { .. } | Self::Resync { .. } | Self::Endless { .. } => false,
        }
    }
}
