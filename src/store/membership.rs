//! Members and assignments of a few objects at a time, by index: for screens, which show one group or a few hundred
//! people of a directory of any size.

use super::StoreError;
use crate::model::{Assignment, Member, MemberKind};
use rusqlite::{Connection, Row, params};

/// Both sides of a group: its direct members in the directory, and the members we put into the app's group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// In the directory.
    pub directory: u64,
    /// Put in by us.
    pub applied: u64,
}

fn read_assignment(row: &Row<'_>) -> rusqlite::Result<Assignment> {
    Ok(Assignment {
        id: row.get(0)?,
        principal_id: row.get(1)?,
        principal_kind: MemberKind::parse(row.get_ref(2)?.as_str()?),
        principal_name: row.get(3)?,
        role_id: row.get(4)?,
    })
}

const REACHING: &str = "SELECT a.id, a.principal_id, a.principal_kind, a.principal_name, a.role_id
       FROM members INDEXED BY members_member CROSS JOIN assignments AS a INDEXED BY assignments_principal
       ON a.principal_id = members.group_id WHERE members.member_id = ?1";
const OF: &str = "SELECT id, principal_id, principal_kind, principal_name, role_id
       FROM assignments INDEXED BY assignments_principal WHERE principal_id = ?1";

/// The assignments of groups of which an object is a direct member. Whether such a group entitles anybody is not
/// decided here.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn assignments_through_groups(c: &Connection, member_id: &str) -> Result<Vec<Assignment>, StoreError> {
    let mut statement = c.prepare_cached(REACHING)?;
    let found = statement.query_map([member_id], read_assignment)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// The assignments that name an object itself.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn assignments_of(c: &Connection, principal_id: &str) -> Result<Vec<Assignment>, StoreError> {
    let mut statement = c.prepare_cached(OF)?;
    let found = statement.query_map([principal_id], read_assignment)?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Who is meant by [`entitled`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Everybody, assigned or not (E3.1).
    pub everybody: bool,
    /// Whether Default Access alone entitles nobody (E3.9).
    pub exclude_default_access: bool,
}

/// Users that are there and switched on and, unless everybody is meant, assigned: themselves or as direct members of a
/// group that is there and security enabled (E3.2 to E3.4). `?1`: everybody, `?2`: the role that does not count.
const ENTITLED: &str = "FROM users WHERE removed IS NULL
       AND coalesce(json_extract(properties, '$.accountEnabled'), 1)
       AND (?1 OR id IN (
         SELECT principal_id FROM assignments WHERE principal_kind = 'User' AND role_id <> ?2
         UNION SELECT members.member_id FROM assignments AS a
           JOIN groups ON groups.id = a.principal_id AND groups.removed IS NULL
             AND coalesce(json_extract(groups.properties, '$.securityEnabled'), 1)
           JOIN members ON members.group_id = groups.id AND members.kind = 'User'
           WHERE a.principal_kind = 'Group' AND a.role_id <> ?2))";

impl People {
    /// The role that entitles nobody.
    fn without(self) -> &'static str {
        if self.exclude_default_access { crate::model::directory::DEFAULT_ACCESS } else { "" }
    }
}

/// How many people are entitled, whatever a scoping filter says. Looks at every one of them.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count_entitled(c: &Connection, people: People) -> Result<u64, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT count(*) {ENTITLED}"))?;
    Ok(statement.query_row(params![people.everybody, people.without()], |row| row.get(0))?)
}

/// The ids of these people.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn entitled(c: &Connection, people: People) -> Result<Vec<String>, StoreError> {
    let mut statement = c.prepare_cached(&format!("SELECT id {ENTITLED}"))?;
    let found = statement.query_map(params![people.everybody, people.without()], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// How many direct members of any kind a group has in the directory.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn count(c: &Connection, group_id: &str) -> Result<u64, StoreError> {
    let mut statement = c.prepare_cached("SELECT count(*) FROM members WHERE group_id = ?1")?;
    Ok(statement.query_row([group_id], |row| row.get(0))?)
}

/// How many members a group has on both sides.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn sides(c: &Connection, group_id: &str) -> Result<Sides, StoreError> {
    let mut statement = c.prepare_cached("SELECT count(*) FROM applied_members WHERE group_id = ?1")?;
    let applied = statement.query_row([group_id], |row| row.get(0))?;
    Ok(Sides { directory: count(c, group_id)?, applied })
}

/// Some members of a group, and whether we put them into the app's group: those that we did not come first.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn some_members(c: &Connection, group_id: &str, limit: usize) -> Result<Vec<(Member, bool)>, StoreError> {
    const APPLIED: &str =
        "EXISTS (SELECT 1 FROM applied_members AS a WHERE a.group_id = ?1 AND a.member_id = members.member_id)";
    let read = |not: &str, limit: usize| -> Result<Vec<(Member, bool)>, StoreError> {
        let sql = format!("SELECT member_id, kind FROM members WHERE group_id = ?1 AND {not}{APPLIED} LIMIT ?2");
        let mut statement = c.prepare_cached(&sql)?;
        let found = statement.query_map(params![group_id, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            let kind = MemberKind::parse(row.get_ref(1)?.as_str()?);
            Ok((Member { id: row.get(0)?, kind }, not.is_empty()))
        })?;
        Ok(found.collect::<Result<_, _>>()?)
    };
    let mut members = read("NOT ", limit)?;
    members.extend(read("", limit - members.len())?);
    Ok(members)
}

/// Members that we put into the app's group and that the directory's group no longer has, by id.
///
/// # Errors
/// [`StoreError::Sql`].
pub fn surplus(c: &Connection, group_id: &str, limit: usize) -> Result<Vec<String>, StoreError> {
    let mut statement = c.prepare_cached(
        "SELECT member_id FROM applied_members AS a WHERE group_id = ?1
         AND NOT EXISTS (SELECT 1 FROM members AS m WHERE m.group_id = ?1 AND m.member_id = a.member_id) LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(params![group_id, limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GroupChange;
    use crate::store::testing::{memory, uses_index};
    use crate::store::{links, mirror};

    fn assigned(id: &str, principal: &str, kind: MemberKind) -> Assignment {
        Assignment {
            id: id.into(),
            principal_id: principal.into(),
            principal_kind: kind,
            principal_name: principal.into(),
            role_id: "r".into(),
        }
    }

    #[test]
    fn assignments_are_found_from_the_person() {
        let c = memory();
        let members = ["ada", "bob"].map(|id| Member { id: id.into(), kind: MemberKind::User });
        let group =
            |id: &str, added: &[Member]| GroupChange { id: id.into(), added: added.into(), ..Default::default() };
        mirror::apply_group(&c, &group("g", &members), mirror::INCREMENTAL).unwrap();
        mirror::apply_group(&c, &group("h", &members[..1]), mirror::INCREMENTAL).unwrap();
        let all = [assigned("1", "g", MemberKind::Group), assigned("2", "bob", MemberKind::User)];
        mirror::replace_assignments(&c, &all).unwrap();
        assert_eq!(assignments_through_groups(&c, "ada").unwrap(), all[..1]);
        assert_eq!(assignments_of(&c, "bob").unwrap(), all[1..]);
        assert!(assignments_of(&c, "ada").unwrap().is_empty());
        uses_index(&c, REACHING);
        uses_index(&c, OF);
    }

    #[test]
    fn both_sides_of_a_group() {
        let c = memory();
        let added = ["a", "b", "c"].map(|id| Member { id: id.into(), kind: MemberKind::User }).to_vec();
        mirror::apply_group(&c, &GroupChange { id: "g".into(), added, ..Default::default() }, mirror::INCREMENTAL)
            .unwrap();
        links::add_applied_members(&c, "g", &["a", "x"]).unwrap();
        assert_eq!(sides(&c, "g").unwrap(), Sides { directory: 3, applied: 2 });
        let ids =
            |n| some_members(&c, "g", n).unwrap().into_iter().map(|(m, in_app)| (m.id, in_app)).collect::<Vec<_>>();
        assert_eq!(ids(9), [("b".to_owned(), false), ("c".to_owned(), false), ("a".to_owned(), true)]);
        assert_eq!(ids(1), [("b".to_owned(), false)]);
        assert_eq!(surplus(&c, "g", 9).unwrap(), ["x"]);
    }
}
