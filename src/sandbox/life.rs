//! Life in the tenant: people join, move, change their names, leave, are deleted and purged, and groups change.
//!
//! The n-th event of a seed is the same whenever it happens; it works on the directory as it then is.

use super::directory::{ADA, DOMAIN, Directory, Kind, job, person};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Somebody was hired.
    Joiner,
    /// Somebody changed department, title or manager.
    Mover,
    /// Somebody changed their name.
    Rename,
    /// An account was disabled.
    Leaver,
    /// A disabled account was enabled again.
    Return,
    /// An account went to the recycle bin.
    Deleted,
    /// An account left the recycle bin for good.
    Purged,
    /// Somebody came into a group.
    Joined,
    /// Somebody left a group.
    Left,
    /// The die fell on something that this directory has no example of.
    Nothing,
}

/// Lets one event happen.
pub fn event(directory: &mut Directory, seed: u64) -> Event {
    directory.life_events += 1;
    let number = directory.life_events;
    let mut rng = fastrand::Rng::with_seed(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number);
    let rng = &mut rng;
    let happened = match rng.u8(..100) {
        0..=19 => joiner(directory, rng),
        20..=44 => mover(directory, rng),
        45..=54 => rename(directory, rng),
        55..=66 => leaver(directory, rng),
        67..=69 => comeback(directory, rng),
        70..=77 => deletion(directory, rng),
        78..=80 => purge(directory, rng),
        81..=91 => join_group(directory, rng),
        _ => leave_group(directory, rng),
    };
    happened.unwrap_or(Event::Nothing)
}

/// A user that fits, sought from a random place in the order of ids.
fn some_user(
    directory: &Directory,
    rng: &mut fastrand::Rng,
    fits: impl Fn(&super::directory::Entry) -> bool,
) -> Option<Uuid> {
    let from = person::guid(rng);
    let users = directory.users.range(from..).chain(directory.users.range(..from));
    users.take(500).find(|(_, user)| user.text("userPrincipalName") != Some(ADA) && fits(user)).map(|(id, _)| *id)
}

/// A group whose members are set by hand, and which is worth changing.
fn some_group(directory: &Directory, rng: &mut fastrand::Rng) -> Option<Uuid> {
    let rule = |entry: &super::directory::Entry| entry.properties.contains_key("membershipRule");
    let groups: Vec<Uuid> =
        directory.groups.iter().filter(|(_, g)| !rule(g) && !g.members.is_empty()).map(|(id, _)| *id).collect();
    rng.choice(groups)
}

fn staff(user: &super::directory::Entry) -> bool {
    user.enabled() && user.text("userType") == Some("Member")
}

/// Dynamic groups follow their rule: members of staff are in.
fn follow_rule(directory: &mut Directory, user: Uuid) {
    let ruled = |entry: &super::directory::Entry| entry.properties.contains_key("membershipRule");
    let groups: Vec<Uuid> = directory.groups.iter().filter(|(_, g)| ruled(g)).map(|(id, _)| *id).collect();
    for group in groups {
        let _already_in = directory.add_member(group, user);
    }
}

fn joiner(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let person = person::Person::random(rng);
    let local = person::free(|local| directory.user_key(&format!("{local}@{DOMAIN}")).is_some(), &person.address());
    let number = directory.users.len() + directory.deleted.len() + 1;
    let mut map = person.properties(rng, number, &local);
    map.shift_remove("createdDateTime");
    map.insert("passwordProfile".into(), json!({}));
    let id = directory.create_as(Kind::User, person::guid(rng), map).ok()?;
    if let Some(manager) = some_user(directory, rng, staff).filter(|manager| *manager != id) {
        directory.set_manager(id, Some(manager)).ok()?;
    }
    follow_rule(directory, id);
    // Most newcomers get Flock, most of them through a group.
    let grants: Vec<(Uuid, Uuid)> = directory
        .grants
        .values()
        .filter(|g| g.kind == Kind::Group && !g.role.is_nil())
        .map(|g| (g.principal, g.role))
        .collect();
    match rng.u8(..10) {
        0..=5 => {
            if let Some((group, _)) = rng.choice(grants) {
                directory.add_member(group, id).ok()?;
            }
        }
        6 | 7 => {
            let role = rng.choice(directory.enabled_roles())?;
            directory.assign(id, role).ok()?;
        }
        _ => {}
    }
    Some(Event::Joiner)
}

fn patch(directory: &mut Directory, id: Uuid, changes: &Value) -> Option<()> {
    let map: Map<String, Value> = changes.as_object()?.clone();
    directory.update(Kind::User, id, map).ok()
}

fn mover(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let id = some_user(directory, rng, staff)?;
    let lead = rng.u8(..8) == 0;
    let (department, title) = job(rng, lead);
    patch(directory, id, &json!({ "department": department, "jobTitle": title }))?;
    // A chain of managers must stay one: nobody may come to stand above themselves.
    let manager = some_user(directory, rng, staff)?;
    let mut above = Some(manager);
    let mut steps = 0;
    while let Some(boss) = above {
        if boss == id || steps > 100 {
            return Some(Event::Mover);
        }
        steps += 1;
        above = directory.users.get(&boss).and_then(|user| user.manager);
    }
    directory.set_manager(id, Some(manager)).ok()?;
    Some(Event::Mover)
}

fn rename(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let id = some_user(directory, rng, |user| staff(user) && user.text("mail").is_some())?;
    let other = person::Person::random(rng);
    let given = directory.users.get(&id)?.text("givenName").unwrap_or_default().to_owned();
    let old = directory.users.get(&id)?.text("userPrincipalName").unwrap_or_default().to_owned();
    let first = old.split(['.', '@']).next().unwrap_or("new").to_owned();
    let wish = format!("{first}.{}", other.family.1);
    let local = person::free(|local| directory.user_key(&format!("{local}@{DOMAIN}")).is_some(), &wish);
    let address = format!("{local}@{DOMAIN}");
    let changes = json!({
        "surname": other.family.0, "displayName": format!("{given} {}", other.family.0),
        "userPrincipalName": address, "mail": address,
        "proxyAddresses": [format!("SMTP:{address}"), format!("smtp:{old}")],
    });
    patch(directory, id, &changes)?;
    Some(Event::Rename)
}

fn leaver(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    // A company does not shrink to nothing while somebody looks away.
    if directory.users.values().filter(|user| user.enabled()).take(20).count() < 20 {
        return None;
    }
    let id = some_user(directory, rng, staff)?;
    patch(directory, id, &json!({ "accountEnabled": false }))?;
    Some(Event::Leaver)
}

fn comeback(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let id = some_user(directory, rng, |user| !user.enabled())?;
    patch(directory, id, &json!({ "accountEnabled": true }))?;
    Some(Event::Return)
}

fn deletion(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let id = some_user(directory, rng, |user| !user.enabled())?;
    directory.delete(Kind::User, id).ok()?;
    Some(Event::Deleted)
}

fn purge(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let ids: Vec<Uuid> = directory.deleted.keys().copied().collect();
    directory.purge(rng.choice(ids)?).ok()?;
    Some(Event::Purged)
}

fn join_group(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let group = some_group(directory, rng)?;
    let user = some_user(directory, rng, staff)?;
    directory.add_member(group, user).ok()?;
    Some(Event::Joined)
}

fn leave_group(directory: &mut Directory, rng: &mut fastrand::Rng) -> Option<Event> {
    let group = some_group(directory, rng)?;
    let users = directory.groups.get(&group)?.members.iter().filter(|(_, m)| m.kind == Kind::User);
    let ada = directory.user_key(ADA);
    let users: Vec<Uuid> = users.map(|(id, _)| *id).filter(|id| Some(*id) != ada).collect();
    directory.remove_member(group, rng.choice(users)?).ok()?;
    Some(Event::Left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_long_life_keeps_the_tenant_plausible() {
        let mut directory = Directory::seeded(3, 120, 18);
        let mut twin = Directory::seeded(3, 120, 18);
        let events: BTreeSet<Event> = (0..1500).map(|_| event(&mut directory, 3)).collect();
        for _ in 0..1500 {
            event(&mut twin, 3);
        }
        assert!(directory.users.keys().eq(twin.users.keys()), "the same seed led another way");
        for kind in [
            Event::Joiner,
            Event::Mover,
            Event::Rename,
            Event::Leaver,
            Event::Return,
            Event::Deleted,
            Event::Purged,
            Event::Joined,
            Event::Left,
        ] {
            assert!(events.contains(&kind), "{kind:?} never happened");
        }
        let ada = directory.user_key(ADA).unwrap();
        assert!(directory.users[&ada].enabled());
        let names: BTreeSet<&str> = directory.users.values().filter_map(|u| u.text("userPrincipalName")).collect();
        assert_eq!(names.len(), directory.users.len(), "two people share a user principal name");
        for group in directory.groups.values() {
            assert!(group.members.keys().all(|id| directory.find(*id).is_some()), "a member that is not there");
        }
        for user in directory.users.values() {
            assert!(user.manager.is_none_or(|id| directory.users.contains_key(&id)), "a manager that is not there");
        }
        assert!(directory.grants.values().all(|grant| directory.find(grant.principal).is_some()));
    }
}
