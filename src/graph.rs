//! Microsoft Graph: sign-in, paging, delta queries, assignments.
