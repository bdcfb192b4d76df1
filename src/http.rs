//! One client for everything remote: trust, limits, Retry-After, pacing.
