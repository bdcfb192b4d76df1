//! From what a person typed to one user or group: id, then userPrincipalName, mail, exact display name.

use super::{CliError, Exit};
use crate::graph::{GraphClient, GraphError};
use crate::model::{ObjectType, Removed};
use crate::store::mirror::{find, group, search_groups, search_users, user};
use crate::store::{Store, StoreError, fold};
use crate::text::{Align, Table};
use rusqlite::Connection;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Users and groups.
pub(crate) const ANY: &[ObjectType] = &[ObjectType::User, ObjectType::Group];

/// How many objects a message lists at most.
const LISTED: usize = 20;

/// An object that fits what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// User or group.
    pub(crate) object_type: ObjectType,
    /// Directory object id.
    pub(crate) id: String,
    /// Display name, else userPrincipalName, else id; untrusted text.
    pub(crate) name: String,
    /// A group has none; untrusted text.
    pub(crate) user_principal_name: Option<String>,
}

/// Finds one object in the store, for commands that only show something: an exact name first, else whatever the
/// search finds, if that is one.
///
/// # Errors
/// Exit 2 when nothing fits, or several do (then the message lists them); exit 5 when the store cannot be read.
pub(crate) fn resolve(store: &Store, types: &[ObjectType], text: &str) -> Result<Named, CliError> {
    let (exact, near) = store.read(|c| {
        Ok((exactly(c, types, text)?.into_iter().map(|(_, named)| named).collect::<Vec<_>>(), similar(c, types, text)?))
    })?;
    match one_of(exact, text)? {
        Some(named) => Ok(named),
        None => one_of(near, text)?.ok_or_else(|| unknown(types, text, &[])),
    }
}

/// An exact name of a live object in the store, for commands that change something; `None` when the directory has to
/// be asked.
///
/// # Errors
/// Exit 2 when several fit (then the message lists them); exit 5 when the store cannot be read.
pub(crate) fn resolve_known(store: &Store, types: &[ObjectType], text: &str) -> Result<Option<Named>, CliError> {
    let known = store.read(|c| exactly(c, types, text))?;
    one_of(known.into_iter().filter(|(rank, _)| !rank.removed).map(|(_, named)| named).collect(), text)
}

/// Finds one object for a command that changes something: the name must fit exactly, in the store, or else in the
/// directory itself. A name that is merely similar is offered, never taken.
///
/// # Errors
/// Those of [`resolve`]; exit 3 when the directory has to be asked and cannot be.
pub(crate) async fn resolve_online(
    store: &Store,
    graph: &GraphClient,
    types: &[ObjectType],
    text: &str,
) -> Result<Named, CliError> {
    let known = store.read(|c| exactly(c, types, text))?;
    // Somebody who is gone in the store may be back under the same name.
    let live = known.iter().any(|(rank, _)| !rank.removed);
    if live && let Some(named) = one_of(known.iter().map(|(_, named)| named.clone()).collect(), text)? {
        return Ok(named);
    }
    if let Some(named) = one_of(ask(graph, types, text).await?, text)? {
        return Ok(named);
    }
    match one_of(known.into_iter().map(|(_, named)| named).collect(), text)? {
        Some(named) => Ok(named),
        None => Err(unknown(types, text, &store.read(|c| similar(c, types, text))?)),
    }
}

/// The order in which names count; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    removed: bool,
    level: u8,
}

/// What fits exactly at the best level at which anything fits, users and groups alike.
fn exactly(c: &Connection, types: &[ObjectType], text: &str) -> Result<Vec<(Rank, Named)>, StoreError> {
    let mut fits = Vec::new();
    for &object_type in types {
        for found in find(c, object_type, text)? {
            let (removed, properties) = match object_type {
                ObjectType::User => user(c, &found.id)?.map(|u| (u.removed, u.properties)),
                ObjectType::Group => group(c, &found.id)?.map(|g| (g.removed, g.properties)),
            }
            .unwrap_or_default();
            let level = level(&found.id, &properties, text).unwrap_or(u8::MAX);
            let named =
                Named { object_type, id: found.id, name: found.name, user_principal_name: found.user_principal_name };
            fits.push((Rank { removed: removed.is_some(), level }, named));
        }
    }
    let best = fits.iter().map(|(rank, _)| *rank).min();
    fits.retain(|(rank, _)| Some(*rank) == best);
    Ok(fits)
}

/// At which level a text is this object's name: 0 id, 1 userPrincipalName, 2 mail, 3 display name.
fn level(id: &str, properties: &Map<String, Value>, text: &str) -> Option<u8> {
    let wanted = text.trim().to_lowercase();
    if id.to_lowercase() == wanted {
        return Some(0);
    }
    let is = |name: &str| {
        properties.get(name).and_then(Value::as_str).is_some_and(|value| value.trim().to_lowercase() == wanted)
    };
    (1..).zip(["userPrincipalName", "mail", "displayName"]).find(|(_, name)| is(name)).map(|(level, _)| level)
}

/// What the search finds, the nearest only: a sign-in name before the `@`, else whole words of the name, else
/// anything.
fn similar(c: &Connection, types: &[ObjectType], text: &str) -> Result<Vec<Named>, StoreError> {
    if fold(text).is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for &object_type in types {
        match object_type {
            ObjectType::User => found.extend(search_users(c, text, LISTED + 1, None)?.into_iter().map(|row| {
                let gone = row.user.removed == Some(Removed::Hard);
                let user_principal_name = row.user.text("userPrincipalName").map(str::to_owned);
                (gone, Named { object_type, name: row.user.name().to_owned(), id: row.user.id, user_principal_name })
            })),
            ObjectType::Group => found.extend(search_groups(c, text, LISTED + 1, None)?.into_iter().map(|row| {
                let gone = row.group.removed.is_some();
                let name = row.group.name().to_owned();
                (gone, Named { object_type, name, id: row.group.id, user_principal_name: None })
            })),
        }
    }
    let wanted = fold(text);
    let words: Vec<&str> = wanted.split(' ').collect();
    let nearness = |named: &Named| {
        let local = named.user_principal_name.as_deref().and_then(|upn| upn.split('@').next()).map(fold);
        let name = fold(&named.name);
        if local.as_ref() == Some(&wanted) {
            0
        } else if words.iter().all(|word| name.split(' ').any(|part| part == *word)) {
            1
        } else {
            2
        }
    };
    let best = found.iter().map(|(gone, named)| (*gone, nearness(named))).min();
    Ok(found
        .into_iter()
        .filter(|(gone, named)| Some((*gone, nearness(named))) == best)
        .map(|(_, named)| named)
        .collect())
}

/// Asks the directory, and keeps what fits exactly at the best level.
async fn ask(graph: &GraphClient, types: &[ObjectType], text: &str) -> Result<Vec<Named>, GraphError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let select: Vec<String> =
        ["id", "displayName", "userPrincipalName", "mail"].iter().map(|name| (*name).to_owned()).collect();
    let group_select: Vec<String> = ["id", "displayName", "mail"].iter().map(|name| (*name).to_owned()).collect();
    let by_id = Uuid::try_parse(text).is_ok();
    let mut fits: Vec<(u8, Named)> = Vec::new();
    for &object_type in types {
        let objects: Vec<(String, Map<String, Value>)> = match (object_type, by_id) {
            (ObjectType::User, true) => {
                graph.user(text, &select).await?.into_iter().map(|u| (u.id, u.properties)).collect()
            }
            (ObjectType::User, false) => {
                graph.find_users(text, &select).await?.into_iter().map(|u| (u.id, u.properties)).collect()
            }
            (ObjectType::Group, true) => {
                graph.group(text, &group_select).await?.into_iter().map(|g| (g.id, g.properties)).collect()
            }
            (ObjectType::Group, false) => {
                graph.find_groups(text, &group_select).await?.into_iter().map(|g| (g.id, g.properties)).collect()
            }
        };
        for (id, properties) in objects {
            let Some(level) = level(&id, &properties, text) else { continue };
            let get = |name: &str| {
                properties.get(name).and_then(Value::as_str).filter(|value| !value.is_empty()).map(str::to_owned)
            };
            let user_principal_name = get("userPrincipalName").filter(|_| object_type == ObjectType::User);
            let name = get("displayName").or_else(|| user_principal_name.clone()).unwrap_or_else(|| id.clone());
            fits.push((level, Named { object_type, id, name, user_principal_name }));
        }
    }
    let best = fits.iter().map(|(level, _)| *level).min();
    Ok(fits.into_iter().filter(|(level, _)| Some(*level) == best).map(|(_, named)| named).collect())
}

/// The only one, nobody, or exit 2 with the list.
fn one_of(mut fits: Vec<Named>, text: &str) -> Result<Option<Named>, CliError> {
    if fits.len() > 1 {
        let count = if fits.len() > LISTED { format!("more than {LISTED}") } else { fits.len().to_string() };
        let mut error = CliError::new(Exit::Usage, format!("`{text}` fits {count}; name one by its id"));
        error.context = list(&fits);
        return Err(error);
    }
    Ok(fits.pop())
}

fn unknown(types: &[ObjectType], text: &str, near: &[Named]) -> CliError {
    let what = match types {
        [ObjectType::User] => "no user has",
        [ObjectType::Group] => "no group has",
        _ => "no user or group has",
    };
    let names = if types.contains(&ObjectType::User) {
        "id, userPrincipalName, mail or display name"
    } else {
        "id, mail or display name"
    };
    let mut error = CliError::new(Exit::Usage, format!("{what} the {names} `{text}`"));
    if near.is_empty() {
        error.advise("`heeler users SEARCH` and `heeler groups SEARCH` find people and groups by a part of the name")
    } else {
        error.context.push("did you mean".into());
        error.context.extend(list(near));
        error
    }
}

/// Type, name, userPrincipalName and id in columns.
fn list(named: &[Named]) -> Vec<String> {
    let mut table = Table::new()
        .column("", Align::Left, 0)
        .column("", Align::Left, 32)
        .column("", Align::Left, 48)
        .column("", Align::Left, 0);
    for one in named.iter().take(LISTED) {
        let upn = one.user_principal_name.as_deref().unwrap_or("");
        let object_type = match one.object_type {
            ObjectType::User => "user",
            ObjectType::Group => "group",
        };
        table.row([object_type, &one.name, upn, &one.id]);
    }
    let mut lines: Vec<String> = table.lines().iter().map(ToString::to_string).collect();
    if named.len() > LISTED {
        lines.push("…".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GroupChange, UserChange};
    use crate::store::mirror::{INCREMENTAL, apply_group, apply_user, mark_removed};
    use serde_json::json;

    fn properties(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn store(dir: &tempfile::TempDir) -> Store {
        let store = Store::open(&dir.path().join("job.db")).unwrap();
        store
            .write_blocking(|c| {
                for (id, name, upn, mail) in [
                    ("u1", "Ada Lovelace", "ada@x.example", "ada.lovelace@x.example"),
                    ("u2", "Adam Canada", "adam@x.example", "adam@x.example"),
                    ("u3", "Ben Ray", "ben@x.example", "sales@x.example"),
                    ("u4", "Ben Ray", "ben2@x.example", "ben2@x.example"),
                    ("u5", "Zoë Müller", "zoe@x.example", "zoe@x.example"),
                ] {
                    let properties =
                        properties(&json!({ "displayName": name, "userPrincipalName": upn, "mail": mail }));
                    let change = UserChange { id: id.into(), properties, ..UserChange::default() };
                    apply_user(c, &change, INCREMENTAL)?;
                }
                for (id, name) in [("g1", "Sales"), ("g2", "ada@x.example")] {
                    let properties = properties(&json!({ "displayName": name, "mail": null }));
                    apply_group(c, &GroupChange { id: id.into(), properties, ..GroupChange::default() }, INCREMENTAL)?;
                }
                Ok(())
            })
            .unwrap();
        store
    }

    #[test]
    fn the_better_level_wins_over_types() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        let id = |types, text: &str| resolve(&store, types, text).map(|named| named.id);
        assert_eq!(id(ANY, "U1").unwrap(), "u1");
        // A group is called like the sign-in name of a user: the sign-in name counts first.
        assert_eq!(id(ANY, "ADA@x.example").unwrap(), "u1");
        assert_eq!(id(&[ObjectType::Group], "ada@x.example").unwrap(), "g2");
        assert_eq!(id(ANY, "Sales").unwrap(), "g1");
        assert_eq!(id(ANY, "sales@x.example").unwrap(), "u3");
    }

    #[test]
    fn a_part_of_the_name_is_enough_if_it_means_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        let id = |text: &str| resolve(&store, &[ObjectType::User], text).map(|named| named.id);
        assert_eq!(id("ada").unwrap(), "u1", "the sign-in name, although Adam Canada is found as well");
        assert_eq!(id("lovelace").unwrap(), "u1");
        assert_eq!(id("muller").unwrap(), "u5");
        let error = id("ben ray").unwrap_err();
        assert_eq!(error.exit, Exit::Usage);
        assert_eq!(
            error.to_string(),
            "error: `ben ray` fits 2; name one by its id\n  user  Ben Ray  ben@x.example   u3\n  user  Ben Ray  ben2@x.example  u4"
        );
        let error = id("nobody").unwrap_err();
        assert!(error.message.contains("no user has") && error.message.contains("`nobody`"), "{error}");
        assert!(id("  ").is_err());
    }

    #[test]
    fn who_is_there_comes_before_who_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir);
        store.write_blocking(|c| mark_removed(c, ObjectType::User, "u3", Removed::Soft)).unwrap();
        assert_eq!(resolve(&store, ANY, "Ben Ray").unwrap().id, "u4");
        assert_eq!(resolve(&store, ANY, "ben@x.example").unwrap().id, "u3");
    }
}
