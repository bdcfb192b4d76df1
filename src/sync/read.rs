//! Read the directory through Microsoft Graph into the mirror, and certify what was read to the end.

use super::progress::Progress;
use super::{CycleScope, Job, SyncError};
use crate::graph::{DeltaReader, DeltaStart, GraphError};
use crate::model::{
    Assignment, Certificate, Collection, CycleKind, GroupChange, Member, MemberKind, ObjectType, Removed, UserChange,
};
use crate::store::{StoreError, mirror, watermarks};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// What came of reading.
#[derive(Debug)]
pub struct Read {
    /// Initial when there was no usable watermark.
    pub kind: CycleKind,
    /// Proof per collection.
    pub certificates: Vec<Certificate>,
    /// Why a collection was not read to the end.
    pub failures: Vec<(Collection, String)>,
    /// Directory ids that were named in this round; on an initial cycle everybody is touched.
    pub touched: HashSet<String>,
    /// Delta links to store with the last effect they cover.
    pub watermarks: BTreeMap<Collection, String>,
    /// Directory pages read.
    pub pages: u64,
}

impl Read {
    fn new(kind: CycleKind) -> Self {
        Self {
            kind,
            certificates: Vec::new(),
            failures: Vec::new(),
            touched: HashSet::new(),
            watermarks: BTreeMap::new(),
            pages: 0,
        }
    }
}

/// Reads what the cycle is about. Users and groups that cannot be read to the end leave a failure behind instead of
/// a certificate: creates and updates may go on, removals will be held.
///
/// # Errors
/// When the tenant cannot be reached or refuses the sign-in, when nothing at all could be read, or when the store
/// cannot be written.
pub async fn read(job: &Job, cycle_id: &str, initial: bool, scope: &CycleScope) -> Result<Read, SyncError> {
    match scope {
        CycleScope::Everyone => read_everyone(job, cycle_id, initial).await,
        CycleScope::Objects(objects) => read_objects(job, cycle_id, objects).await,
    }
}

async fn read_everyone(job: &Job, cycle_id: &str, initial: bool) -> Result<Read, SyncError> {
    let (users_at, groups_at) = if initial {
        (None, None)
    } else {
        job.store.read(|c| Ok((watermarks::get(c, Collection::Users)?, watermarks::get(c, Collection::Groups)?)))?
    };
    let kind = if users_at.is_none() || groups_at.is_none() { CycleKind::Initial } else { CycleKind::Incremental };
    let mut read = Read::new(kind);
    read_assignments(job, cycle_id, &mut read).await?;
    read_delta::<Users>(job, cycle_id, users_at, &mut read).await?;
    job.stopped()?;
    read_delta::<Groups>(job, cycle_id, groups_at, &mut read).await?;
    doubt_the_empty(job, &mut read).await?;
    Ok(read)
}

/// How many there were when there last were any.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Baseline {
    users: u64,
    groups: u64,
    assignments: u64,
    /// Members of assigned groups.
    members: u64,
}

const BASELINE: &str = "baseline";

/// An empty answer is read without a fault and may still be one: a permission that was taken away, a filter in
/// between (fault 32). Where there were several, none at all is marked, until there are some again.
async fn doubt_the_empty(job: &Job, read: &mut Read) -> Result<(), SyncError> {
    let (now, mut baseline) = job.store.read(|c| {
        let (users, groups) = mirror::counts(c)?;
        let assignments = mirror::assignments(c)?;
        let assigned: Vec<String> = assignments
            .iter()
            .filter(|a| a.principal_kind == MemberKind::Group)
            .map(|a| a.principal_id.clone())
            .collect();
        let members = mirror::all_memberships_of_groups(c, &assigned)?.len() as u64;
        let now = Baseline { users, groups, assignments: assignments.len() as u64, members };
        Ok((now, crate::store::job::get_json::<Baseline>(c, BASELINE)?.unwrap_or_default()))
    })?;
    let checks = [
        (Collection::Users, "users", now.users, &mut baseline.users),
        (Collection::Groups, "groups", now.groups, &mut baseline.groups),
        (Collection::Groups, "members of assigned groups", now.members, &mut baseline.members),
        (Collection::Assignments, "assignments", now.assignments, &mut baseline.assignments),
    ];
    for (collection, what, now, before) in checks {
        if now > 0 {
            *before = now;
        } else if *before >= 2
            && let Some(certificate) = read.certificates.iter_mut().find(|c| c.collection == collection)
        {
            certificate.vanished =
                Some(format!("the directory now answers with no {what} at all; before there were {before}"));
        }
    }
    let read_at = read.failures.is_empty().then(|| job.now());
    job.store
        .write(move |c| {
            crate::store::job::set_json(c, BASELINE, &baseline)?;
            // The mirror is as fresh as this, whatever becomes of what follows.
            read_at.map_or(Ok(()), |at| crate::store::job::set(c, crate::store::job::READ_AT, &at))
        })
        .await?;
    Ok(())
}

/// Assignments have no delta query: the list is read whole each time, all pages or nothing.
async fn read_assignments(job: &Job, cycle_id: &str, read: &mut Read) -> Result<(), SyncError> {
    job.turn("reading assignments", None);
    let principal = match job.graph.service_principal(&job.settings.service_principal_id).await {
        Ok(principal) => principal,
        Err(error) => return failed(read, Collection::Assignments, error),
    };
    match job.graph.assignments(&job.settings.service_principal_id).await {
        Ok((assignments, pages)) => {
            let objects = assignments.len() as u64;
            let changed = job
                .store
                .write(move |c| {
                    let known = mirror::assignments(c)?;
                    let mut changed = Vec::new();
                    for assignment in symmetric_difference(&known, &assignments) {
                        // Whoever gains or loses an assignment is touched, through a group as well.
                        if assignment.principal_kind == MemberKind::Group {
                            changed.extend(mirror::members(c, &assignment.principal_id)?.into_iter().map(|m| m.id));
                        }
                        changed.push(assignment.principal_id.clone());
                    }
                    mirror::replace_assignments(c, &assignments)?;
                    crate::store::job::set_service_principal(c, &principal)?;
                    Ok(changed)
                })
                .await?;
            read.touched.extend(changed);
            read.pages += pages;
            read.certificates.push(Certificate {
                collection: Collection::Assignments,
                cycle_id: cycle_id.to_owned(),
                pages,
                objects,
                full: true,
                vanished: None,
            });
            Ok(())
        }
        Err(error) => failed(read, Collection::Assignments, error),
    }
}

/// Assignments that are on one side only.
fn symmetric_difference<'a>(a: &'a [Assignment], b: &'a [Assignment]) -> Vec<&'a Assignment> {
    let key = |x: &Assignment| (x.principal_id.clone(), x.role_id.clone());
    let keys = |list: &[Assignment]| list.iter().map(key).collect::<HashSet<_>>();
    let (in_a, in_b) = (keys(a), keys(b));
    a.iter().filter(|x| !in_b.contains(&key(x))).chain(b.iter().filter(|x| !in_a.contains(&key(x)))).collect()
}

/// A failed read is a missing certificate, unless nobody could be read at all (sign-in, connection).
fn failed(read: &mut Read, collection: Collection, error: GraphError) -> Result<(), SyncError> {
    if error.systemic() {
        return Err(error.into());
    }
    read.failures.push((collection, error.to_string()));
    Ok(())
}

/// A collection that is read by delta query.
trait Delta {
    /// One entry of a page.
    type Change: Send + 'static;

    /// Its name.
    const COLLECTION: Collection;

    /// What is done while it is read.
    const PHASE: &'static str;

    /// How many the mirror has.
    fn known(c: &Connection) -> Result<u64, StoreError>;

    /// Properties to read.
    fn select(job: &Job) -> Vec<String>;

    /// Starts to read.
    fn reader(job: &Job, start: DeltaStart) -> Result<DeltaReader<Self::Change>, GraphError>;

    /// Id and whether the object is there.
    fn object(change: &Self::Change) -> (&str, bool);

    /// Further objects that the entry is a change of.
    fn also(_change: &Self::Change) -> Vec<String> {
        Vec::new()
    }

    /// Writes an entry into the mirror.
    fn apply(c: &Connection, change: &Self::Change, round: i64) -> Result<(), StoreError>;

    /// After a full round: whoever was not named is gone.
    fn settle(job: &Job, round: i64, read: &mut Read) -> impl Future<Output = Result<(), SyncError>> + Send;
}

struct Users;

impl Delta for Users {
    type Change = UserChange;

    const COLLECTION: Collection = Collection::Users;

    const PHASE: &'static str = "reading users";

    fn known(c: &Connection) -> Result<u64, StoreError> {
        Ok(mirror::counts(c)?.0)
    }

    fn select(job: &Job) -> Vec<String> {
        job.user_properties()
    }

    fn reader(job: &Job, start: DeltaStart) -> Result<DeltaReader<UserChange>, GraphError> {
        job.graph.users_delta(start)
    }

    fn object(change: &UserChange) -> (&str, bool) {
        (&change.id, change.removed.is_none())
    }

    fn apply(c: &Connection, change: &UserChange, round: i64) -> Result<(), StoreError> {
        mirror::apply_user(c, change, round)
    }

    /// Whoever is missing is in the recycle bin if that lists them, otherwise gone for good. If the recycle bin
    /// cannot be read, nobody is marked, and the users get no certificate.
    async fn settle(job: &Job, round: i64, read: &mut Read) -> Result<(), SyncError> {
        let missing = job.store.read(|c| mirror::missing_users(c, round))?;
        if missing.is_empty() {
            return Ok(());
        }
        let bin: HashSet<String> = job.graph.deleted_users().await?.into_iter().collect();
        read.touched.extend(missing.iter().cloned());
        job.store
            .write(move |c| {
                for id in &missing {
                    let removed = if bin.contains(id) { Removed::Soft } else { Removed::Hard };
                    mirror::mark_removed(c, ObjectType::User, id, removed)?;
                }
                Ok(())
            })
            .await?;
        Ok(())
    }
}

struct Groups;

impl Delta for Groups {
    type Change = GroupChange;

    const COLLECTION: Collection = Collection::Groups;

    const PHASE: &'static str = "reading groups";

    fn known(c: &Connection) -> Result<u64, StoreError> {
        Ok(mirror::counts(c)?.1)
    }

    fn select(job: &Job) -> Vec<String> {
        job.group_properties()
    }

    fn reader(job: &Job, start: DeltaStart) -> Result<DeltaReader<GroupChange>, GraphError> {
        job.graph.groups_delta(start)
    }

    fn object(change: &GroupChange) -> (&str, bool) {
        (&change.id, change.removed.is_none())
    }

    /// A membership is a change of the member's entitlement as well (E5.1).
    fn also(change: &GroupChange) -> Vec<String> {
        change.added.iter().map(|m| m.id.clone()).chain(change.dropped.iter().cloned()).collect()
    }

    fn apply(c: &Connection, change: &GroupChange, round: i64) -> Result<(), StoreError> {
        mirror::apply_group(c, change, round)
    }

    async fn settle(job: &Job, round: i64, _read: &mut Read) -> Result<(), SyncError> {
        job.store
            .write(move |c| {
                for id in mirror::missing_groups(c, round)? {
                    mirror::mark_removed(c, ObjectType::Group, &id, Removed::Hard)?;
                }
                mirror::drop_members_not_seen(c, round).map(drop)
            })
            .await?;
        Ok(())
    }
}

/// Reads a collection from a watermark, or whole; whole as well when the watermark has expired (fault 35).
async fn read_delta<D: Delta>(job: &Job, cycle_id: &str, at: Option<String>, read: &mut Read) -> Result<(), SyncError> {
    let whole = || DeltaStart::Full { select: D::select(job) };
    let mut full = at.is_none();
    let mut start = at.map_or_else(whole, DeltaStart::Link);
    loop {
        let round = if full {
            job.store.write(|c| mirror::begin_full_round(c, D::COLLECTION)).await?
        } else {
            mirror::INCREMENTAL
        };
        match drain::<D>(job, start, full, round, read).await {
            Ok(drained) => {
                read.pages += drained.pages;
                read.watermarks.insert(D::COLLECTION, drained.link);
                read.certificates.push(Certificate {
                    collection: D::COLLECTION,
                    cycle_id: cycle_id.to_owned(),
                    pages: drained.pages,
                    objects: drained.objects,
                    full,
                    vanished: None,
                });
                return Ok(());
            }
            Err(SyncError::Directory(GraphError::Resync { .. })) if !full => {
                full = true;
                read.kind = CycleKind::Initial;
                start = whole();
            }
            Err(SyncError::Directory(error)) => return failed(read, D::COLLECTION, error),
            Err(other) => return Err(other),
        }
    }
}

/// A round that was read to the end.
struct Drained {
    objects: u64,
    pages: u64,
    link: String,
}

async fn drain<D: Delta>(
    job: &Job,
    start: DeltaStart,
    full: bool,
    round: i64,
    read: &mut Read,
) -> Result<Drained, SyncError> {
    let mut reader = D::reader(job, start)?;
    // A whole round reads about as many as the last one found; how many have changed nobody knows beforehand.
    let about = if full { Some(job.store.read(D::known)?).filter(|n| *n > 0) } else { None };
    let say = |done: usize| {
        let words = format!("{}: {done}", D::PHASE);
        job.progress(Progress { words, phase: D::PHASE, done: done as u64, total: about });
    };
    job.turn(D::PHASE, about);
    // An object may come in several entries (fault 40), so objects are counted by id.
    let mut seen = HashSet::new();
    while let Some(page) = reader.next_page().await? {
        job.stopped()?;
        for change in &page {
            let (id, there) = D::object(change);
            if there {
                seen.insert(id.to_owned());
            }
            read.touched.insert(id.to_owned());
            read.touched.extend(D::also(change));
        }
        say(seen.len());
        job.store.write(move |c| page.iter().try_for_each(|change| D::apply(c, change, round))).await?;
    }
    if full {
        D::settle(job, round, read).await?;
    }
    let link = reader.delta_link().map(str::to_owned).ok_or_else(|| GraphError::NotGraph {
        what: format!("{}/delta", D::COLLECTION.as_str()),
        reason: "the last page carries no delta link",
    })?;
    Ok(Drained { objects: seen.len() as u64, pages: reader.pages(), link })
}

/// Reads single objects for provision on demand (E12), with the assignments. What is read is complete for these
/// objects, so the certificates hold for them. No watermark moves.
async fn read_objects(job: &Job, cycle_id: &str, objects: &[(ObjectType, String)]) -> Result<Read, SyncError> {
    let mut read = Read::new(CycleKind::Incremental);
    read_assignments(job, cycle_id, &mut read).await?;
    let mut users = 0;
    let mut groups = 0;
    for (object_type, id) in objects {
        read.touched.insert(id.clone());
        match object_type {
            ObjectType::User => {
                users += 1;
                read_user(job, id).await?;
            }
            ObjectType::Group => {
                groups += 1;
                read_group(job, id).await?;
            }
        }
    }
    for (collection, objects) in [(Collection::Users, users), (Collection::Groups, groups)] {
        read.certificates.push(Certificate {
            collection,
            cycle_id: cycle_id.to_owned(),
            pages: 1,
            objects,
            full: false,
            vanished: None,
        });
    }
    Ok(read)
}

async fn read_user(job: &Job, id: &str) -> Result<(), SyncError> {
    let assigned: Vec<String> = mirror::assignments(&*job.store.reader()?)?
        .into_iter()
        .filter(|a| a.principal_kind == MemberKind::Group)
        .map(|a| a.principal_id)
        .collect();
    let Some(change) = job.graph.user(id, &job.user_properties()).await? else {
        let removed =
            if job.graph.deleted_users().await?.iter().any(|d| d == id) { Removed::Soft } else { Removed::Hard };
        let id = id.to_owned();
        job.store.write(move |c| mirror::mark_removed(c, ObjectType::User, &id, removed)).await?;
        return Ok(());
    };
    // The direct groups of the user correct the memberships on which the assignment may rest.
    let direct: HashSet<String> = job.graph.member_of(&change.id).await?.into_iter().collect();
    let mut unknown = Vec::new();
    {
        let reader = job.store.reader()?;
        for group in &assigned {
            if mirror::group(&reader, group)?.is_none() {
                unknown.push(group.clone());
            }
        }
    }
    let mut fetched = Vec::new();
    for group in unknown {
        fetched.extend(job.graph.group(&group, &job.group_properties()).await?);
    }
    job.store
        .write(move |c| {
            mirror::apply_user(c, &change, mirror::INCREMENTAL)?;
            for group in &fetched {
                mirror::apply_group(c, group, mirror::INCREMENTAL)?;
            }
            let member = Member { id: change.id.clone(), kind: MemberKind::User };
            for group in assigned {
                let Some(known) = mirror::group(c, &group)? else { continue };
                let mut edit = GroupChange { id: group, removed: known.removed, ..GroupChange::default() };
                if direct.contains(&edit.id) {
                    edit.added.push(member.clone());
                } else {
                    edit.dropped.push(change.id.clone());
                }
                mirror::apply_group(c, &edit, mirror::INCREMENTAL)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

async fn read_group(job: &Job, id: &str) -> Result<(), SyncError> {
    let Some(mut change) = job.graph.group(id, &job.group_properties()).await? else {
        let id = id.to_owned();
        job.store.write(move |c| mirror::mark_removed(c, ObjectType::Group, &id, Removed::Hard)).await?;
        return Ok(());
    };
    let members = job.graph.group_members(&change.id).await?;
    let present: HashSet<&str> = members.iter().map(|m| m.id.as_str()).collect();
    let known = mirror::members(&*job.store.reader()?, &change.id)?;
    change.dropped = known.into_iter().filter(|m| !present.contains(m.id.as_str())).map(|m| m.id).collect();
    change.added = members;
    job.store.write(move |c| mirror::apply_group(c, &change, mirror::INCREMENTAL)).await?;
    Ok(())
}
