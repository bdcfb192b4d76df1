//! Read the directory through Microsoft Graph into the mirror, and certify what was read to the end.

use super::{CycleScope, Job, SyncError};
use crate::graph::{DeltaReader, DeltaStart, GraphError};
use crate::model::{
    Assignment, Certificate, Collection, CycleKind, GroupChange, Member, MemberKind, ObjectType, Removed, UserChange,
};
use crate::store::{mirror, watermarks};
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
        let reader = job.store.reader()?;
        (watermarks::get(&reader, Collection::Users)?, watermarks::get(&reader, Collection::Groups)?)
    };
    let kind = if users_at.is_none() || groups_at.is_none() { CycleKind::Initial } else { CycleKind::Incremental };
    let mut read = Read::new(kind);
    read_assignments(job, cycle_id, &mut read).await?;
    read_users(job, cycle_id, users_at, &mut read).await?;
    job.stopped()?;
    read_groups(job, cycle_id, groups_at, &mut read).await?;
    Ok(read)
}

/// Assignments have no delta query: the list is read whole each time, all pages or nothing.
async fn read_assignments(job: &Job, cycle_id: &str, read: &mut Read) -> Result<(), SyncError> {
    let principal = match job.graph.service_principal(&job.settings.service_principal_id).await {
        Ok(principal) => principal,
        Err(error) => return failed(read, Collection::Assignments, error),
    };
    match job.graph.assignments(&job.settings.service_principal_id).await {
        Ok((assignments, pages)) => {
            let objects = assignments.len() as u64;
            let (before, changed) = job
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
                    Ok((known.len() as u64, changed))
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
                before,
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

async fn read_users(job: &Job, cycle_id: &str, at: Option<String>, read: &mut Read) -> Result<(), SyncError> {
    let mut full = at.is_none();
    let mut start = at.map_or_else(|| DeltaStart::Full { select: job.user_properties() }, DeltaStart::Link);
    // One round, and one more from the start when the watermark has expired (E5.20, fault 35).
    loop {
        let round = if full {
            job.store.write(|c| mirror::begin_full_round(c, Collection::Users)).await?
        } else {
            mirror::INCREMENTAL
        };
        let before = mirror::counts(&*job.store.reader()?)?.0;
        let mut reader = job.graph.users_delta(start)?;
        match drain_users(job, &mut reader, round, read).await {
            Ok(objects) => {
                if full {
                    settle_missing_users(job, round, read).await?;
                }
                finish(read, &reader, Collection::Users, cycle_id, objects, full, before);
                return Ok(());
            }
            Err(SyncError::Directory(GraphError::Resync { .. })) if !full => {
                full = true;
                read.kind = CycleKind::Initial;
                start = DeltaStart::Full { select: job.user_properties() };
            }
            Err(SyncError::Directory(error)) => return failed(read, Collection::Users, error),
            Err(other) => return Err(other),
        }
    }
}

async fn drain_users(
    job: &Job,
    reader: &mut DeltaReader<UserChange>,
    round: i64,
    read: &mut Read,
) -> Result<u64, SyncError> {
    let mut objects = 0;
    while let Some(page) = reader.next_page().await? {
        job.stopped()?;
        objects += page.iter().filter(|u| u.removed.is_none()).count() as u64;
        read.touched.extend(page.iter().map(|u| u.id.clone()));
        job.progress(format!("reading users: {}", read.touched.len()));
        job.store
            .write(move |c| {
                for change in &page {
                    mirror::apply_user(c, change, round)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(objects)
}

/// After a full round, whoever was not named is gone: to the recycle bin if it lists them, otherwise for good.
/// If the recycle bin cannot be read, nobody is marked, and the users collection gets no certificate.
async fn settle_missing_users(job: &Job, round: i64, read: &mut Read) -> Result<(), SyncError> {
    let missing = mirror::missing_users(&*job.store.reader()?, round)?;
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

async fn read_groups(job: &Job, cycle_id: &str, at: Option<String>, read: &mut Read) -> Result<(), SyncError> {
    let mut full = at.is_none();
    let mut start = at.map_or_else(|| DeltaStart::Full { select: job.group_properties() }, DeltaStart::Link);
    loop {
        let round = if full {
            job.store.write(|c| mirror::begin_full_round(c, Collection::Groups)).await?
        } else {
            mirror::INCREMENTAL
        };
        let before = mirror::counts(&*job.store.reader()?)?.1;
        let mut reader = job.graph.groups_delta(start)?;
        match drain_groups(job, &mut reader, round, read).await {
            Ok(objects) => {
                if full {
                    job.store
                        .write(move |c| {
                            for id in mirror::missing_groups(c, round)? {
                                mirror::mark_removed(c, ObjectType::Group, &id, Removed::Hard)?;
                            }
                            mirror::drop_members_not_seen(c, round)?;
                            Ok(())
                        })
                        .await?;
                }
                finish(read, &reader, Collection::Groups, cycle_id, objects, full, before);
                return Ok(());
            }
            Err(SyncError::Directory(GraphError::Resync { .. })) if !full => {
                full = true;
                read.kind = CycleKind::Initial;
                start = DeltaStart::Full { select: job.group_properties() };
            }
            Err(SyncError::Directory(error)) => return failed(read, Collection::Groups, error),
            Err(other) => return Err(other),
        }
    }
}

async fn drain_groups(
    job: &Job,
    reader: &mut DeltaReader<GroupChange>,
    round: i64,
    read: &mut Read,
) -> Result<u64, SyncError> {
    // A large group comes in several entries (fault 40), so objects are counted by id.
    let mut seen = HashSet::new();
    while let Some(page) = reader.next_page().await? {
        job.stopped()?;
        seen.extend(page.iter().filter(|g| g.removed.is_none()).map(|g| g.id.clone()));
        for change in &page {
            read.touched.insert(change.id.clone());
            // A membership is a change of the member's entitlement as well (E5.1).
            read.touched.extend(change.added.iter().map(|m| m.id.clone()).chain(change.dropped.iter().cloned()));
        }
        job.progress(format!("reading groups: {}", seen.len()));
        job.store
            .write(move |c| {
                for change in &page {
                    mirror::apply_group(c, change, round)?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(seen.len() as u64)
}

fn finish<T>(
    read: &mut Read,
    reader: &DeltaReader<T>,
    collection: Collection,
    cycle_id: &str,
    objects: u64,
    full: bool,
    before: u64,
) {
    read.pages += reader.pages();
    match reader.delta_link() {
        Some(link) => {
            read.watermarks.insert(collection, link.to_owned());
            read.certificates.push(Certificate {
                collection,
                cycle_id: cycle_id.to_owned(),
                pages: reader.pages(),
                objects,
                full,
                before,
            });
        }
        None => read.failures.push((collection, "the last page carried no delta link".into())),
    }
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
            before: objects,
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
