//! What the view asks the store, and what comes back.

use super::detail::{self, Detail};
use super::export::{self, Exported};
use super::rows::{self, Row};
use crate::console::page::Object;
use crate::console::query::Sources;
use crate::model::ObjectType;
use crate::store::StoreError;
use crate::store::search::{self, Cursor, DirectoryQuery};
use crate::store::window::{Anchor, Counted, Window};

/// Rows that are read at once.
const WINDOW: usize = 300;
/// Objects that fit are counted up to here.
const COUNTED: u64 = 10_000;

/// What the view asks the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// A window of the list.
    Rows {
        /// Users or groups.
        object_type: ObjectType,
        /// Which, in which order.
        query: DirectoryQuery,
        /// Where.
        anchor: Anchor<Cursor>,
    },
    /// How many fit, and how many there are.
    Count(ObjectType, DirectoryQuery),
    /// One object from both sides.
    Detail(ObjectType, String),
    /// The list as CSV, or those of these ids.
    Export(ObjectType, DirectoryQuery, Option<Vec<Object>>),
}

impl Query {
    /// Of one slot only the newest query counts.
    pub fn slot(&self) -> u8 {
        match self {
            Self::Rows { .. } => 0,
            Self::Count(..) => 1,
            Self::Detail(..) => 2,
            Self::Export(..) => 3,
        }
    }
}

/// What the store answers.
#[derive(Debug)]
pub enum Answer {
    /// A window of the list, to what was asked.
    Rows(Box<Query>, Window<Row>),
    /// How many fit, and how many there are, to what was asked.
    Count(Box<Query>, Counted, u64),
    /// One object from both sides; `None` if the directory does not have it any more.
    Detail(String, Option<Box<Detail>>),
    /// The list as CSV.
    Export(Exported),
}

/// Asks the store; runs on the reader thread.
///
/// # Errors
/// When it cannot be read.
pub fn run(query: &Query, sources: &Sources<'_>) -> Result<Answer, StoreError> {
    let c = sources.c;
    Ok(match query {
        Query::Rows { object_type, query: wanted, anchor } => {
            Answer::Rows(Box::new(query.clone()), rows::read(sources, *object_type, wanted, anchor, WINDOW)?)
        }
        Query::Count(kind, wanted) => {
            let fitting = match kind {
                ObjectType::User => search::count_users(c, wanted, COUNTED)?,
                ObjectType::Group => search::count_groups(c, wanted, COUNTED)?,
            };
            Answer::Count(Box::new(query.clone()), fitting, search::total(c, *kind)?)
        }
        Query::Detail(kind, id) => Answer::Detail(id.clone(), detail::read(sources, *kind, id)?.map(Box::new)),
        Query::Export(kind, wanted, marked) => Answer::Export(export::read(sources, *kind, wanted, marked.as_deref())?),
    })
}
