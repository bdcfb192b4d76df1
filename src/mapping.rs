//! Schema, attribute mappings, scoping filters, matching rules, presets.
//!
//! A [`Schema`] is the synchronization schema of Microsoft Graph: what the two systems contain and what flows where.
//! It is read and written without losing a member. [`Schema::compile`] makes a [`CompiledMapping`] of the part about
//! users or groups, once per cycle; [`CompiledMapping::project`] then says, for each object, what the app should get.
//!
//! Everything here is pure: no clock, no network, no database.

mod attribute;
mod compile;
mod diff;
mod edit;
mod error;
mod extension;
mod filter;
mod fingerprint;
mod near;
mod numbers;
mod operator;
mod project;
mod reader;
mod schema;
mod source;

pub use attribute::{AttributeDefinition, AttributeType, DirectoryDefinition, Mutability, ObjectDefinition};
pub use compile::{CompiledMapping, Flow, Rule, RuleSource};
pub use diff::{Aspect, Change, Part};
pub use edit::{Edit, NewAttribute, NewClause, NewSource, Settings, Side};
pub use error::{Issue, MappingError, Severity};
pub use filter::{ClauseVerdict, ScopingFilter, Verdict};
pub use operator::Operator;
pub use project::{Problem, Projection};
pub use schema::{
    AttributeMapping, FlowBehavior, FlowType, MappingSource, ObjectMapping, Preset, Schema, SourceKind,
    SynchronizationRule,
};
pub use source::{SourceObject, graph_object, graph_properties, group_properties};
