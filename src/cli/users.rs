//! `heeler users [SEARCH]`

use super::listing::{self, State};
use super::{CliError, Ctx, Exit, Outcome, access::Access};
use crate::model::ObjectType;
use crate::store::mirror::{UserRow, search_users};
use crate::text::{Align, Table, out_json};
use serde_json::{Value, json};

/// Lists users by name: name, userPrincipalName, and the state in the app.
///
/// With `--json`, one object per user: `id`, the properties under their Graph names, `manager` and `@removed` as
/// Graph writes them, and `provisioningState` (see [`State`]), `targetId` (the id in the app, or null) and
/// `provisioningErrorCode` (of the failure that it waits on, or null).
pub(super) fn run(ctx: &Ctx, search: Option<&str>) -> Outcome {
    let access = Access::open_to_read(ctx)?;
    let text = search.unwrap_or_default();
    let mut table = Table::new()
        .column("", Align::Left, 0)
        .column("name", Align::Left, 40)
        .kept()
        .column("userPrincipalName", Align::Left, 64)
        .column("in the app", Align::Left, 0);
    let mut count = 0_usize;
    let reader = access.store.reader()?;
    let mut after = None;
    loop {
        let rows = search_users(&reader, text, listing::PAGE, after.as_ref())?;
        let Some(last) = rows.last() else { break };
        after = Some(last.cursor.clone());
        count += rows.len();
        for row in &rows {
            if ctx.json {
                out_json(&object(row))?;
            } else {
                let state = state(row);
                let upn = row.user.text("userPrincipalName").unwrap_or_default();
                let words = state.words(row.retry_code.as_deref(), row.user.removed);
                table.row([state.mark(), row.user.name(), upn, &words]);
            }
        }
        if rows.len() < listing::PAGE {
            break;
        }
    }
    if count == 0 {
        listing::nothing(&access, ObjectType::User, search)?;
    } else if !ctx.json {
        listing::print(&table)?;
    }
    Ok::<_, CliError>(Exit::Done)
}

fn state(row: &UserRow) -> State {
    State::of(ObjectType::User, row.link.as_ref(), row.retry_code.is_some())
}

fn object(row: &UserRow) -> Value {
    let manager = row.user.manager.as_ref().map(|id| ("manager".to_owned(), json!({ "id": id })));
    listing::object(
        &row.user.id,
        row.user.properties.iter().map(|(name, value)| (name.clone(), value.clone())).chain(manager),
        row.user.removed,
        state(row),
        row.link.as_ref(),
        row.retry_code.as_deref(),
    )
}
