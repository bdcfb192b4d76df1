//! Runs jobs: who may run one (the lease), when (the schedule), and what others ask for (command rows).
//!
//! An engine is called only by the task that holds the job's lease. Everybody else, the console and the commands
//! included, writes a command row and watches the store.

mod app;
mod assemble;
mod connection;
mod lease;
mod quarantine;
mod requests;
mod runner;
mod schedule;
mod stop;
mod versions;

pub use app::{InApp, read_app};
pub use assemble::{
    AssembleError, Assembly, assemble, base_schema_of, clients_of, rules_from, rules_of, schema_of, scope_rules,
    settings_of,
};
pub use connection::{ConnectionNews, ConnectionStep, ConnectionTest, test_connection, test_connection_with};
pub use lease::{LEASE_MS, Lease, LeaseError, holder};
pub use quarantine::{GIVE_UP_DAYS, Standing};
pub use requests::{Answer, Ask, Asked, answer, ask, do_it};
pub use runner::{
    Engine, Held, RunError, cycle_json, exit_of, held_count, quarantine_of, restart, starts_anew, unread,
};
pub use schedule::{Stop, Wish, next_cycle, serve};
pub use versions::{Change, SaveError, base_of, notice, save, saved as saved_mapping};
