//! What a caller may do after a refusal.

use super::ScimError;

impl ScimError {
    /// The write may have been done: look at the app before anything else.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::NoId { .. })
    }

    /// Another resource has the value already; some apps say so with 500 or without a `scimType`.
    pub fn conflict(&self) -> bool {
        self.status() == Some(409) || self.code() == "Conflict"
    }

    /// The resource is not there.
    pub fn not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// The app read the request and did not like it: another form, or less of it, may pass. Several apps answer 500 or
    /// 501 to forms that they do not know.
    pub fn refused(&self) -> bool {
        matches!(self.status(), Some(400 | 403 | 404 | 405 | 409 | 413 | 422 | 500 | 501))
    }

    /// The app has no such method at all.
    pub fn unsupported(&self) -> bool {
        matches!(self.status(), Some(405 | 501))
    }

    /// The request was too large: send less of it.
    pub fn too_much(&self) -> bool {
        if self.status() == Some(413) {
            return true;
        }
        let detail = self.detail().to_ascii_lowercase();
        self.status() == Some(400) && (detail.contains("too many") || detail.contains("too large"))
    }
}
