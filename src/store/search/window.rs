//! Windows of the directory: filtered, in an order that an index carries, both directions.
//!
//! Two ways to find the rows. If one of the conditions has few objects (an index tells), these are
//! sorted. Otherwise many fit, and walking along the index of the order meets the next few hundred soon.

use super::super::window::{Anchor, Counted, Window, cut};
use super::super::{StoreError, links, membership};
use super::conditions::Conditions;
use super::{Cursor, GroupRow, Tail, UserRow, collect, table};
use crate::model::ObjectType;
use crate::store::mirror::{read_group, read_user};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

/// The order of a list of the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// By name: of users the one they sign in with, which is what lists show; of groups the display name.
    #[default]
    Name,
    /// By department, then by name. Groups have none and are sorted by name.
    Department,
}

impl Sort {
    /// Every order, the usual one first.
    pub const ALL: [Self; 2] = [Self::Name, Self::Department];

    /// `name` or `department`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Department => "department",
        }
    }

    /// The inverse of [`Sort::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == text)
    }

    /// The orders of a list.
    pub fn of(object_type: ObjectType) -> &'static [Self] {
        match object_type {
            ObjectType::User => &Self::ALL,
            ObjectType::Group => &[Self::Name],
        }
    }
}

/// Which users or groups a list shows, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryQuery {
    /// What was typed: words that must all occur, `-word`, and `field:value` with
    /// [`super::USER_FIELDS`] or [`super::GROUP_FIELDS`]. Words mean what they mean to [`super::search_users`].
    pub text: String,
    /// The order.
    pub sort: Sort,
    /// Last first.
    pub reverse: bool,
}

/// A window of the users that fit. Purged ones are left out unless the job still has a link to them.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn window_users(
    c: &Connection,
    query: &DirectoryQuery,
    anchor: &Anchor<Cursor>,
    limit: usize,
) -> Result<Window<UserRow>, StoreError> {
    let plan = Plan::of(c, ObjectType::User, query)?;
    plan.window(c, user_row, |row| row.cursor.clone(), |row| &row.user.id, anchor, limit)
}

/// [`window_users`] for groups.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn window_groups(
    c: &Connection,
    query: &DirectoryQuery,
    anchor: &Anchor<Cursor>,
    limit: usize,
) -> Result<Window<GroupRow>, StoreError> {
    let plan = Plan::of(c, ObjectType::Group, query)?;
    plan.window(c, |row| group_row(c, row), |row| row.cursor.clone(), |row| &row.group.id, anchor, limit)
}

fn user_row(row: &Row<'_>) -> Result<UserRow, StoreError> {
    let tail = Tail::read(row, 4)?;
    Ok(UserRow { user: read_user(row)?, link: tail.link, retry_code: tail.retry_code, cursor: tail.cursor })
}

fn group_row(c: &Connection, row: &Row<'_>) -> Result<GroupRow, StoreError> {
    let tail = Tail::read(row, 3)?;
    let group = read_group(row)?;
    let members = membership::count(c, &group.id)?;
    Ok(GroupRow { group, members, link: tail.link, retry_code: tail.retry_code, cursor: tail.cursor })
}

/// Those of these users that a list without a filter has, in the order of a query whose text does not matter.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn some_users(c: &Connection, order: &DirectoryQuery, ids: &[&str]) -> Result<Vec<UserRow>, StoreError> {
    let (sql, values) = Plan::unfiltered(c, ObjectType::User, order)?.some(ids);
    collect(c, &sql, values, user_row)
}

/// [`some_users`] for groups.
///
/// # Errors
/// [`StoreError::Sql`] or [`StoreError::Value`].
pub fn some_groups(c: &Connection, order: &DirectoryQuery, ids: &[&str]) -> Result<Vec<GroupRow>, StoreError> {
    let (sql, values) = Plan::unfiltered(c, ObjectType::Group, order)?.some(ids);
    collect(c, &sql, values, |row| group_row(c, row))
}

/// How many users fit, counted up to `most`.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count_users(c: &Connection, query: &DirectoryQuery, most: u64) -> Result<Counted, StoreError> {
    Plan::of(c, ObjectType::User, query)?.count(c, most)
}

/// How many groups fit, counted up to `most`.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count_groups(c: &Connection, query: &DirectoryQuery, most: u64) -> Result<Counted, StoreError> {
    Plan::of(c, ObjectType::Group, query)?.count(c, most)
}

/// How many objects a list without a filter has. Counted as they come and go: it costs the same for any number.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn total(c: &Connection, object_type: ObjectType) -> Result<u64, StoreError> {
    let mut statement = c.prepare_cached("SELECT listed FROM mirror_counts WHERE object_type = ?1")?;
    Ok(statement.query_row([object_type.as_str()], |row| row.get(0))?)
}

/// The statement of a query.
struct Plan {
    object_type: ObjectType,
    table: &'static str,
    columns: &'static str,
    sort: Sort,
    reverse: bool,
    conditions: Conditions,
}

impl Plan {
    fn of(c: &Connection, object_type: ObjectType, query: &DirectoryQuery) -> Result<Self, StoreError> {
        let (table, columns) = table(object_type);
        let sort = if object_type == ObjectType::User { query.sort } else { Sort::Name };
        let conditions = Conditions::of(c, object_type, &query.text)?;
        Ok(Self { object_type, table, columns, sort, reverse: query.reverse, conditions })
    }

    fn unfiltered(c: &Connection, object_type: ObjectType, order: &DirectoryQuery) -> Result<Self, StoreError> {
        Self::of(c, object_type, &DirectoryQuery { text: String::new(), ..order.clone() })
    }

    /// The column that names are sorted by.
    fn name(&self) -> &'static str {
        match self.object_type {
            ObjectType::User => "user_key",
            ObjectType::Group => "name_key",
        }
    }

    /// The columns of the order, the last of which makes places unique, and the index that carries it.
    fn keys(&self) -> (&'static [&'static str], &'static str) {
        match (self.sort, self.object_type) {
            (Sort::Department, _) => (&["department_key", "user_key", "pk"], "users_department"),
            (Sort::Name, ObjectType::User) => (&["user_key", "pk"], "users_user"),
            (Sort::Name, ObjectType::Group) => (&["name_key", "pk"], "groups_name"),
        }
    }

    fn lead(&self) -> String {
        match self.sort {
            Sort::Name => "''".to_owned(),
            Sort::Department => format!("{}.department_key", self.table),
        }
    }

    fn walk(&self, from: Option<(&Cursor, bool)>, backwards: bool, limit: usize) -> (String, Vec<Sql>) {
        let (table, (keys, index)) = (self.table, self.keys());
        let mut values = self.conditions.values.clone();
        let down = backwards != self.reverse;
        let place = from.map_or_else(String::new, |(cursor, inclusive)| {
            let first = values.len() + 1;
            if self.sort == Sort::Department {
                values.push(cursor.lead.clone().into());
            }
            values.push(cursor.name_key.clone().into());
            values.push(cursor.pk.into());
            let marks: Vec<String> = (first..=values.len()).map(|n| format!("?{n}")).collect();
            let than = if down { "<" } else { ">" };
            let equal = if inclusive { "=" } else { "" };
            format!(" AND ({}) {than}{equal} ({})", self.qualified(keys, "").join(", "), marks.join(", "))
        });
        let direction = if down { " DESC" } else { "" };
        values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let last = values.len();
        let inner = match &self.conditions.driver {
            Some(driver) if self.conditions.few => format!(
                "SELECT pk FROM {table} WHERE {table}.{} IN ({}) AND {}{place} ORDER BY {} LIMIT ?{last}",
                driver.column,
                driver.rows,
                self.conditions.sql,
                // A unary plus: sorted, not read along the index.
                self.qualified(keys, "+").iter().map(|k| format!("{k}{direction}")).collect::<Vec<_>>().join(", "),
            ),
            _ => format!(
                "SELECT pk FROM {table} INDEXED BY {index} WHERE {}{place} ORDER BY {} LIMIT ?{last}",
                self.conditions.sql,
                self.qualified(keys, "").iter().map(|k| format!("{k}{direction}")).collect::<Vec<_>>().join(", "),
            ),
        };
        (self.rows(&format!("{table}.pk IN ({inner})"), direction), values)
    }

    /// The statement of the rows of which a condition is true.
    fn rows(&self, condition: &str, direction: &str) -> String {
        let (table, (keys, _)) = (self.table, self.keys());
        let link_columns =
            links::COLUMNS.split(", ").map(|name| format!("links.{name}")).collect::<Vec<_>>().join(", ");
        format!(
            "SELECT {}, {table}.{}, {table}.pk, {}, retries.code, {link_columns} FROM {table}
             LEFT JOIN links ON links.object_type = ?1 AND links.source_id = {table}.id
             LEFT JOIN retries ON retries.object_type = ?1 AND retries.source_id = {table}.id
             WHERE {condition} ORDER BY {}",
            self.columns,
            self.name(),
            self.lead(),
            self.qualified(keys, "+").iter().map(|k| format!("{k}{direction}")).collect::<Vec<_>>().join(", "),
        )
    }

    /// The rows of these objects, each looked up.
    fn some(&self, ids: &[&str]) -> (String, Vec<Sql>) {
        let mut values = self.conditions.values.clone();
        values.push(serde_json::Value::from(ids).to_string().into());
        let condition = format!(
            "{} AND {}.id IN (SELECT value FROM json_each(?{}))",
            self.conditions.sql,
            self.table,
            values.len()
        );
        (self.rows(&condition, if self.reverse { " DESC" } else { "" }), values)
    }

    fn window<T>(
        &self,
        c: &Connection,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
        place: impl Fn(&T) -> Cursor,
        id_of: impl Fn(&T) -> &String,
        anchor: &Anchor<Cursor>,
        limit: usize,
    ) -> Result<Window<T>, StoreError> {
        let walk = |from: Option<(&Cursor, bool)>, backwards: bool, limit: usize| {
            let (sql, values) = self.walk(from, backwards, limit);
            collect(c, &sql, values, &mut read)
        };
        let (anchor, id) = match anchor {
            Anchor::Start => (Anchor::Start, None),
            Anchor::End => (Anchor::End, None),
            Anchor::After(place) => (Anchor::After(place.clone()), None),
            Anchor::Before(place) => (Anchor::Before(place.clone()), None),
            Anchor::At(id) => (self.place_of(c, id)?.map_or(Anchor::Start, Anchor::At), Some(id)),
        };
        cut(walk, place, |row| Some(id_of(row)) == id, &anchor, limit)
    }

    /// Where an object is, or would be if it fitted.
    fn place_of(&self, c: &Connection, id: &str) -> Result<Option<Cursor>, StoreError> {
        let sql = format!("SELECT {}, {}, pk FROM {} WHERE id = ?1", self.lead(), self.name(), self.table);
        let read = |row: &Row<'_>| Ok(Cursor { lead: row.get(0)?, name_key: row.get(1)?, pk: row.get(2)? });
        Ok(c.prepare_cached(&sql)?.query_row([id], read).optional()?)
    }

    fn qualified(&self, keys: &[&str], plus: &str) -> Vec<String> {
        keys.iter().map(|key| format!("{plus}{}.{key}", self.table)).collect()
    }

    fn count(&self, c: &Connection, most: u64) -> Result<Counted, StoreError> {
        let table = self.table;
        if !self.conditions.restricted {
            return total(c, self.object_type).map(Counted::exactly);
        }
        let mut values = self.conditions.values.clone();
        values.push(i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX).into());
        // The driver's rows one after the other, so that counting can end early.
        let from = match &self.conditions.driver {
            Some(driver) => format!(
                "(SELECT DISTINCT key FROM ({})) AS found CROSS JOIN {table} ON {table}.{} = found.key",
                driver.rows, driver.column
            ),
            None => table.to_owned(),
        };
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {from} WHERE {} LIMIT ?{})",
            self.conditions.sql,
            values.len()
        );
        let n = c.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        Ok(Counted::up_to(n, most))
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
