//! Questions to the store. They run on the reader threads; of one slot only the newest counts.

use super::page::assign::find as assign;
use super::page::{PageId, choose};
use super::standing::Standing;
use super::view;
use crate::config::JobConfig;
use crate::model::Organization;
use crate::store::StoreError;
use crate::sync::project::{Rules, ScopeRules};
use jiff::Timestamp;
use rusqlite::Connection;
use std::path::PathBuf;

/// What a query may know about the job beside its database. Made anew when the configuration changes.
pub struct Facts {
    /// The configuration as the job runs with it.
    pub config: JobConfig,
    /// Mappings, compiled.
    pub rules: Rules,
    /// Scope.
    pub scope: ScopeRules,
    /// The database file.
    pub database: PathBuf,
}

/// What a query runs with.
pub struct Sources<'a> {
    /// The job's database, read-only.
    pub c: &'a Connection,
    /// The job.
    pub facts: &'a Facts,
    /// The tenant, as last read.
    pub organization: Option<Organization>,
    /// Now.
    pub now: Timestamp,
}

/// A question. Pages have their own kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// What the header says.
    Standing,
    /// Of view 1.
    Overview(view::overview::Query),
    /// Of view 2 and of assigning.
    Directory(PageId, view::directory::Query),
    /// Of assigning.
    Assign(assign::Query),
    /// Of view 3.
    Mapping(view::mapping::Query),
    /// Of view 4.
    Log(view::log::Query),
    /// Of view 5.
    Plan(view::plan::Query),
    /// Of the person chooser.
    Choose(choose::Query),
}

/// Its answer.
#[derive(Debug)]
pub enum Answer {
    /// What the header says.
    Standing(Box<Standing>),
    /// Of view 1.
    Overview(view::overview::Answer),
    /// Of view 2.
    Directory(view::directory::Answer),
    /// Of assigning.
    Assign(assign::Answer),
    /// Of view 3.
    Mapping(view::mapping::Answer),
    /// Of view 4.
    Log(view::log::Answer),
    /// Of view 5.
    Plan(view::plan::Answer),
    /// Of the person chooser.
    Choose(choose::Answer),
}

/// Where an answer belongs; a newer query of the same slot replaces an older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub PageId, pub u8);

impl Query {
    /// Its slot.
    pub fn slot(&self) -> Slot {
        match self {
            Self::Standing => Slot(PageId::Frame, 0),
            Self::Overview(q) => Slot(PageId::Overview, q.slot()),
            Self::Directory(page, q) => Slot(*page, q.slot()),
            Self::Assign(q) => Slot(PageId::Assign, q.slot()),
            Self::Mapping(q) => Slot(PageId::Mapping, q.slot()),
            Self::Log(q) => Slot(PageId::Log, q.slot()),
            Self::Plan(q) => Slot(PageId::Plan, q.slot()),
            Self::Choose(_) => Slot(PageId::Choose, 0),
        }
    }

    /// Whether it looks at everybody: it is read beside the others, so that no page waits for it.
    pub fn is_long(&self) -> bool {
        match self {
            Self::Overview(q) => *q == view::overview::Query::Scope,
            Self::Directory(_, q) => matches!(q, view::directory::Query::Export(..)),
            Self::Log(q) => matches!(q, view::log::Query::Export(_)),
            Self::Plan(q) => matches!(q, view::plan::Query::Build(_)),
            Self::Standing | Self::Assign(_) | Self::Mapping(_) | Self::Choose(_) => false,
        }
    }

    /// Whether its answer is of use although `newer` was asked in its slot: the same, because the store changed.
    pub fn serves(&self, newer: &Self) -> bool {
        match (self, newer) {
            (Self::Log(one), Self::Log(other)) => one.serves(other),
            _ => self == newer,
        }
    }

    /// Asks the store.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run(&self, sources: &Sources<'_>) -> Result<Answer, StoreError> {
        Ok(match self {
            Self::Standing => Answer::Standing(Box::new(Standing::read(sources)?)),
            Self::Overview(q) => Answer::Overview(view::overview::run(q, sources)?),
            Self::Directory(_, q) => Answer::Directory(view::directory::run(q, sources)?),
            Self::Assign(q) => Answer::Assign(assign::run(q, sources)?),
            Self::Mapping(q) => Answer::Mapping(view::mapping::run(q, sources)?),
            Self::Log(q) => Answer::Log(view::log::run(q, sources)?),
            Self::Plan(q) => Answer::Plan(view::plan::run(q, sources)?),
            Self::Choose(q) => Answer::Choose(choose::run(q, sources)?),
        })
    }
}
