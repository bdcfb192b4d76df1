//! Runs jobs: lease, schedule, command rows.
