use super::*;
use crate::model::*;
pub(super) fn failure(_: &str, _: &str, _: &[&str]) -> LogEntry {
    unimplemented!()
}
