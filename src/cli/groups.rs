//! `heeler groups [SEARCH]`

use super::listing::{self, State};
use super::{Ctx, Exit, Outcome, access::Access};
use crate::model::ObjectType;
use crate::store::mirror::{GroupRow, search_groups};
use crate::text::{Align, Table, out_json};
use serde_json::{Value, json};

/// Lists groups by name: name, how many direct members, and the state in the app.
///
/// With `--json`, one object per group: `id`, the properties under their Graph names, `@removed` as Graph writes it,
/// `memberCount` (direct members of any kind), and `provisioningState`, `targetId` and `provisioningErrorCode` as
/// for users.
pub(super) fn run(ctx: &Ctx, search: Option<&str>) -> Outcome {
    let access = Access::open_to_read(ctx)?;
    let text = search.unwrap_or_default();
    let mut table = Table::new()
        .column("", Align::Left, 0)
        .column("name", Align::Left, 48)
        .kept()
        .column("members", Align::Right, 0)
        .column("in the app", Align::Left, 0);
    let mut count = 0_usize;
    let reader = access.store.reader()?;
    let mut after = None;
    loop {
        let rows = search_groups(&reader, text, listing::PAGE, after.as_ref())?;
        let Some(last) = rows.last() else { break };
        after = Some(last.cursor.clone());
        count += rows.len();
        for row in &rows {
            if ctx.json {
                out_json(&object(row))?;
            } else {
                let state = state(row);
                let words = state.words(row.retry_code.as_deref(), row.group.removed);
                table.row([state.mark(), row.group.name(), &row.members.to_string(), &words]);
            }
        }
        if rows.len() < listing::PAGE {
            break;
        }
    }
    if count == 0 {
        listing::nothing(&access, ObjectType::Group, search)?;
    } else if !ctx.json {
        listing::print(&table)?;
    }
    Ok(Exit::Done)
}

fn state(row: &GroupRow) -> State {
    State::of(ObjectType::Group, row.link.as_ref(), row.retry_code.is_some())
}

fn object(row: &GroupRow) -> Value {
    let members = ("memberCount".to_owned(), json!(row.members));
    listing::object(
        &row.group.id,
        row.group.properties.iter().map(|(name, value)| (name.clone(), value.clone())).chain([members]),
        row.group.removed,
        state(row),
        row.link.as_ref(),
        row.retry_code.as_deref(),
    )
}
