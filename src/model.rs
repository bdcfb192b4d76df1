//! The nouns that several rooms use, and nothing else.

pub mod cycle;
pub mod directory;
pub mod health;
pub mod link;
pub mod log;
pub mod operation;
mod secret;

pub use cycle::{Counts, Cycle, CycleKind, CycleState, Quarantine};
pub use directory::{
    AppRole, Assignment, Certificate, Collection, DirectoryGroup, DirectoryUser, GroupChange, Member, MemberKind,
    ObjectType, Organization, Removed, ServicePrincipal, UserChange,
};
pub use health::{Health, Side, SideHealth, SideState};
pub use link::{Link, Origin, Retry};
pub use log::{LogEntry, LogStatus};
pub use operation::{Change, Operation, OperationState, Verb};
pub use secret::Secret;
