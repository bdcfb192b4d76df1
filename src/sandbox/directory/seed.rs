//! The tenant of a seed. Everything below depends on the three numbers given and on nothing else: dates are counted
//! from a fixed day, ids come from the seeded generator.

use super::names::{CULTURES, Culture, DEPARTMENTS, GROUPS, Name, PROJECTS, Role};
use super::{DEFAULT_ACCESS, Directory, Entry, Grant, Identity, Kind, Membership};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// The domain of the tenant's people.
pub const DOMAIN: &str = "meadowlark.example";
/// The tenant's first domain, under which guests are filed.
pub const INITIAL_DOMAIN: &str = "meadowlark.onmicrosoft.example";
/// The user principal name of the person whom examples look for: enabled, and assigned directly.
pub const ADA: &str = "ada@meadowlark.example";
/// The user principal name of an assigned person whose name makes weak apps stumble; the demonstration poisons him.
pub const POISONED: &str = "robert.tables@meadowlark.example";
/// The domain of some guests, which the demonstration has the app refuse.
pub const REFUSED_DOMAIN: &str = "heron.example";

/// Every twentieth person is a guest.
const GUEST_EVERY: usize = 20;
const GUEST_DOMAINS: &[&str] = &["curlew.example", REFUSED_DOMAIN, "plover.example"];

/// An id of the seeded generator, in the form of a random GUID.
pub(crate) fn guid(rng: &mut fastrand::Rng) -> Uuid {
    uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid()
}

fn pick<'a, T>(rng: &mut fastrand::Rng, items: &'a [T], fallback: &'a T) -> &'a T {
    if items.is_empty() { fallback } else { items.get(rng.usize(..items.len())).unwrap_or(fallback) }
}

/// A person to be: names, address part, place.
pub(crate) struct Person {
    pub given: Name,
    pub family: Name,
    culture: &'static Culture,
}

impl Person {
    /// Somebody the generator makes up.
    pub(crate) fn random(rng: &mut fastrand::Rng) -> Self {
        let culture = CULTURES.get(rng.usize(..CULTURES.len())).unwrap_or(&CULTURES[0]);
        let given = *pick(rng, culture.given, &("Kim", "kim"));
        let family = *pick(rng, culture.family, &("Lee", "lee"));
        Self { given, family, culture }
    }

    /// `ada.lovelace`
    pub(crate) fn address(&self) -> String {
        format!("{}.{}", self.given.1, self.family.1)
    }

    /// The display name, in the order of the culture.
    pub(crate) fn display(&self) -> String {
        if self.culture.family_first {
            format!("{} {}", self.family.0, self.given.0)
        } else {
            format!("{} {}", self.given.0, self.family.0)
        }
    }

    /// The properties of a member of staff. `number` makes the employee id and the phones.
    pub(crate) fn properties(&self, rng: &mut fastrand::Rng, number: usize, local: &str) -> Map<String, Value> {
        let (department, title) = job(rng, false);
        let (code, country, city, language) = self.culture.place;
        let mut map = Map::new();
        let mut put = |name: &str, value: Value| map.insert(name.to_owned(), value);
        put("accountEnabled", json!(true));
        put("displayName", json!(self.display()));
        put("givenName", json!(self.given.0));
        put("surname", json!(self.family.0));
        put("userPrincipalName", json!(format!("{local}@{DOMAIN}")));
        put("mail", json!(format!("{local}@{DOMAIN}")));
        put("mailNickname", json!(local));
        put("proxyAddresses", json!([format!("SMTP:{local}@{DOMAIN}"), format!("smtp:{local}@{INITIAL_DOMAIN}")]));
        put("userType", json!("Member"));
        put("jobTitle", json!(title));
        put("department", json!(department));
        put("companyName", json!("Meadowlark Logistics"));
        put("employeeId", json!(format!("M{number:06}")));
        put("employeeType", json!(if number.is_multiple_of(9) { "Contractor" } else { "Employee" }));
        put("businessPhones", json!([format!("+44 113 496 {:04}", number % 10_000)]));
        if !number.is_multiple_of(3) {
            put("mobilePhone", json!(format!("+44 7700 9{:05}", number % 100_000)));
        }
        put("officeLocation", json!(format!("Hall {}/{}", 1 + number % 7, 100 + number % 40)));
        if number.is_multiple_of(2) {
            put("streetAddress", json!(format!("{} Quay Street", 1 + number % 180)));
            put("postalCode", json!(format!("{:05}", 10_000 + number * 7 % 80_000)));
        }
        put("city", json!(city));
        put("country", json!(country));
        put("usageLocation", json!(code));
        put("preferredLanguage", json!(language));
        put("createdDateTime", json!(day(number)));
        map
    }
}

/// A department and a title in it; leads have the first one.
pub(crate) fn job(rng: &mut fastrand::Rng, lead: bool) -> (&'static str, &'static str) {
    let (department, titles) = DEPARTMENTS.get(rng.usize(..DEPARTMENTS.len())).copied().unwrap_or(("Operations", &[]));
    let titles = if lead { titles.get(..1) } else { titles.get(1..) }.unwrap_or_default();
    (department, *pick(rng, titles, &"Specialist"))
}

/// A moment of 2024 or 2025 for the n-th object.
fn day(number: usize) -> String {
    let n = number % 600;
    format!("{}-{:02}-{:02}T{:02}:{:02}:00Z", 2024 + n / 300, 1 + n % 300 / 25, 1 + n % 25, 7 + n % 11, n % 60)
}

/// `name`, or `name2`, `name3`… until nobody has it.
pub(crate) fn free(taken: impl Fn(&str) -> bool, name: &str) -> String {
    let mut local = name.to_owned();
    let mut n = 1;
    while taken(&local) {
        n += 1;
        local = format!("{name}{n}");
    }
    local
}

pub(super) fn directory(seed: u64, users: usize, groups: usize) -> Directory {
    let mut rng = fastrand::Rng::with_seed(seed ^ 0x4865_656c_6572);
    let identity = Identity {
        tenant_id: guid(&mut rng),
        tenant_name: "Meadowlark Logistics".into(),
        client_id: guid(&mut rng),
        client_principal: guid(&mut rng),
        flock: guid(&mut rng),
        flock_app: guid(&mut rng),
    };
    let roles = roles(&mut rng);
    let mut directory = Directory {
        identity,
        users: BTreeMap::new(),
        groups: BTreeMap::new(),
        devices: BTreeMap::new(),
        deleted: BTreeMap::new(),
        grants: BTreeMap::new(),
        roles,
        version: 1,
        epoch: 1,
        life_events: 0,
        log: Vec::new(),
        log_floor: 0,
        by_upn: HashMap::new(),
    };
    let order = people(&mut directory, &mut rng, users);
    managers(&mut directory, &mut rng, &order);
    let list = make_groups(&mut directory, &mut rng, groups, &order);
    assignments(&mut directory, &mut rng, &order, &list);
    directory
}

fn roles(rng: &mut fastrand::Rng) -> Vec<Value> {
    let mut role = |name: &str, value: Option<&str>, about: &str| {
        json!({
            "allowedMemberTypes": ["User"], "displayName": name, "id": guid(rng).to_string(), "isEnabled": true,
            "description": about, "value": value, "origin": "Application",
        })
    };
    vec![
        role("User", None, "User"),
        role("msiam_access", None, "msiam_access"),
        role("Flock Member", Some("Flock.Member"), "Chats in channels"),
        role("Flock Admin", Some("Flock.Admin"), "Manages channels and people"),
    ]
}

fn people(directory: &mut Directory, rng: &mut fastrand::Rng, count: usize) -> Vec<Uuid> {
    let english = CULTURES.first();
    let mut order = Vec::with_capacity(count);
    let mut suffixes: HashMap<String, usize> = HashMap::new();
    for number in 0..count {
        let mut person = Person::random(rng);
        if let (0 | 1, Some(culture)) = (number, english) {
            person.culture = culture;
            (person.given, person.family) = if number == 0 {
                (("Ada", "ada"), ("Lovelace", "lovelace"))
            } else {
                (("Robert", "robert"), ("Tables", "tables"))
            };
        }
        let address = if number == 0 { "ada".to_owned() } else { person.address() };
        // A counter per name instead of trying one number after the other: a tenant of 100,000 has many namesakes.
        let seen = suffixes.entry(address.clone()).or_insert(0);
        *seen += 1;
        let start = if *seen == 1 { address } else { format!("{address}{seen}") };
        let local = free(|l| directory.by_upn.contains_key(&format!("{l}@{DOMAIN}")), &start);
        let mut map = person.properties(rng, number, &local);
        quirks(&mut map, number, &local);
        let id = guid(rng);
        let upn = map.get("userPrincipalName").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        directory.by_upn.insert(upn, id);
        directory.users.insert(id, Entry { properties: map, appeared: 1, ..Entry::default() });
        order.push(id);
    }
    order
}

/// What makes some people of the tenant awkward.
fn quirks(map: &mut Map<String, Value>, number: usize, local: &str) {
    match number {
        0 => {
            map.insert("mail".into(), json!(format!("ada.lovelace@{DOMAIN}")));
            map.insert("proxyAddresses".into(), json!([format!("SMTP:ada.lovelace@{DOMAIN}")]));
            return;
        }
        1 => {
            map.insert("displayName".into(), json!("Robert'); DROP TABLE Users;--"));
            return;
        }
        // Two people with one nickname.
        2 | 3 => {
            map.insert("mailNickname".into(), json!("dispatch"));
        }
        // Clears the screen, sets the window title, and turns the text around, on a terminal that lets it.
        4 => {
            let name = map.get("displayName").and_then(Value::as_str).unwrap_or_default();
            let hostile = format!("{name}\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\r");
            map.insert("displayName".into(), json!(hostile));
        }
        _ => {}
    }
    if number % GUEST_EVERY == 7 {
        let domain = GUEST_DOMAINS.get(number / GUEST_EVERY % GUEST_DOMAINS.len()).unwrap_or(&REFUSED_DOMAIN);
        let upn = format!("{local}_{domain}#EXT#@{INITIAL_DOMAIN}");
        map.insert("userPrincipalName".into(), json!(upn));
        map.insert("mailNickname".into(), json!(format!("{local}_{domain}#EXT#")));
        map.insert("mail".into(), json!(format!("{local}@{domain}")));
        map.insert("proxyAddresses".into(), json!([format!("SMTP:{local}@{domain}")]));
        map.insert("userType".into(), json!("Guest"));
        map.insert("externalUserState".into(), json!("Accepted"));
        map.insert("creationType".into(), json!("Invitation"));
        for name in ["employeeId", "employeeType", "officeLocation", "companyName", "streetAddress", "postalCode"] {
            map.shift_remove(name);
        }
    }
    if number % 23 == 11 {
        map.shift_remove("mail");
        map.shift_remove("proxyAddresses");
    }
    if number % 25 == 12 {
        map.insert("accountEnabled".into(), json!(false));
    }
    if number % 31 == 5 {
        map.insert("onPremisesExtensionAttributes".into(), json!({ "extensionAttribute1": format!("CC{number:04}") }));
    }
}

/// Chains: everybody reports to somebody who was hired earlier; the first one to nobody, and some to nobody either.
fn managers(directory: &mut Directory, rng: &mut fastrand::Rng, order: &[Uuid]) {
    for (number, id) in order.iter().enumerate() {
        let nobody = number == 0 || number % GUEST_EVERY == 7 || number % 17 == 9;
        let manager = if nobody { None } else { order.get(rng.usize(..number) / 6) };
        if let (Some(manager), Some(entry)) = (manager, directory.users.get_mut(id)) {
            entry.manager = Some(*manager);
        }
    }
}

fn members(ids: impl Iterator<Item = Uuid>, kind: Kind) -> BTreeMap<Uuid, Membership> {
    ids.map(|id| (id, Membership { kind, since: 1 })).collect()
}

fn make_groups(directory: &mut Directory, rng: &mut fastrand::Rng, count: usize, order: &[Uuid]) -> Vec<(Role, Uuid)> {
    let mut list: Vec<(Role, Uuid)> = Vec::with_capacity(count);
    for number in 0..count {
        let named = GROUPS.get(number);
        let role = named.map_or(Role::Department(number % DEPARTMENTS.len()), |group| group.2);
        let project = PROJECTS.get(number % PROJECTS.len()).copied().unwrap_or("Kestrel");
        let name = named.map_or_else(|| format!("Project {project} {number}"), |group| group.0.to_owned());
        let about = named.map_or("A project", |group| group.1);
        let unified = matches!(role, Role::Nested | Role::Dynamic | Role::Guests) || number % 5 == 4;
        let mut types: Vec<&str> = if unified { vec!["Unified"] } else { Vec::new() };
        let nickname: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let mut map = Map::new();
        map.insert("displayName".into(), json!(name));
        if !about.is_empty() {
            map.insert("description".into(), json!(about));
        }
        if role == Role::Dynamic {
            types.push("DynamicMembership");
            map.insert("membershipRule".into(), json!("(user.userType -eq \"Member\")"));
            map.insert("membershipRuleProcessingState".into(), json!("On"));
        }
        map.insert("groupTypes".into(), json!(types));
        map.insert("mailEnabled".into(), json!(unified));
        map.insert("mailNickname".into(), json!(nickname));
        if unified {
            map.insert("mail".into(), json!(format!("{nickname}@{DOMAIN}")));
            map.insert("proxyAddresses".into(), json!([format!("SMTP:{nickname}@{DOMAIN}")]));
            map.insert("visibility".into(), json!("Public"));
        }
        map.insert("securityEnabled".into(), json!(!unified || role == Role::Dynamic));
        map.insert("createdDateTime".into(), json!(day(number)));
        let id = guid(rng);
        let people = membership(directory, rng, role, named.is_some(), order);
        let mut entry = Entry { properties: map, appeared: 1, ..Entry::default() };
        entry.members = members(people.into_iter(), Kind::User);
        if role == Role::Devices {
            let devices: Vec<Uuid> = (0..5).map(|n| device(directory, rng, n)).collect();
            entry.members.extend(members(devices.into_iter(), Kind::Device));
        }
        directory.groups.insert(id, entry);
        list.push((role, id));
    }
    let of = |role: Role| list.iter().find(|(r, _)| *r == role).map(|(_, id)| *id);
    if let (Some(outer), Some(inner)) = (of(Role::Nesting), of(Role::Nested))
        && let Some(entry) = directory.groups.get_mut(&outer)
    {
        entry.members.insert(inner, Membership { kind: Kind::Group, since: 1 });
    }
    list
}

fn device(directory: &mut Directory, rng: &mut fastrand::Rng, number: usize) -> Uuid {
    let id = guid(rng);
    let map = json!({
        "displayName": format!("SCANNER-{:03}", number + 1), "deviceId": guid(rng).to_string(),
        "operatingSystem": "Android", "operatingSystemVersion": "13", "accountEnabled": true,
    });
    let properties = map.as_object().cloned().unwrap_or_default();
    directory.devices.insert(id, Entry { properties, appeared: 1, ..Entry::default() });
    id
}

fn membership(directory: &Directory, rng: &mut fastrand::Rng, role: Role, named: bool, order: &[Uuid]) -> Vec<Uuid> {
    let user = |id: &Uuid| directory.users.get(id);
    let guest = |id: &Uuid| user(id).is_some_and(|u| u.text("userType") == Some("Guest"));
    match role {
        Role::Flock => order.iter().enumerate().skip(4).filter(|(n, _)| n % 5 < 3).map(|(_, id)| *id).collect(),
        Role::Admins => order.iter().step_by(41).take(12).copied().collect(),
        Role::Nesting => order.iter().skip(2).step_by(29).take(15).copied().collect(),
        Role::Nested => order.iter().skip(3).step_by(37).take(8).copied().collect(),
        Role::Dynamic => order.iter().filter(|id| !guest(id)).copied().collect(),
        Role::Empty => Vec::new(),
        Role::Devices => order.iter().skip(5).step_by(50).take(2).copied().collect(),
        Role::Guests => order.iter().filter(|id| guest(id)).copied().collect(),
        Role::Legacy => order.iter().skip(9).step_by(35).take(6).copied().collect(),
        Role::Department(n) if named => {
            let name = DEPARTMENTS.get(n).map(|d| d.0);
            order.iter().filter(|id| user(id).is_some_and(|u| u.text("department") == name)).copied().collect()
        }
        Role::Department(_) => {
            let size = rng.usize(0..40).min(order.len());
            (0..size).filter_map(|_| order.get(rng.usize(..order.len())).copied()).collect()
        }
    }
}

fn assignments(directory: &mut Directory, rng: &mut fastrand::Rng, order: &[Uuid], groups: &[(Role, Uuid)]) {
    let role = |name: &str| {
        let found = directory.roles.iter().find(|role| role["displayName"] == name);
        found.and_then(|role| Uuid::try_parse(role["id"].as_str()?).ok()).unwrap_or(DEFAULT_ACCESS)
    };
    let (user, member, admin) = (role("User"), role("Flock Member"), role("Flock Admin"));
    let mut wanted: Vec<(Uuid, Kind, Uuid)> = Vec::new();
    for (kind, id) in groups {
        match kind {
            Role::Flock => wanted.push((*id, Kind::Group, user)),
            Role::Admins => wanted.push((*id, Kind::Group, admin)),
            Role::Nesting => wanted.push((*id, Kind::Group, member)),
            Role::Legacy => wanted.push((*id, Kind::Group, DEFAULT_ACCESS)),
            _ => {}
        }
    }
    for (number, id) in order.iter().enumerate() {
        match number {
            0 | 1 => wanted.push((*id, Kind::User, member)),
            // Assigned before the app declared roles.
            33 | 73 | 113 => wanted.push((*id, Kind::User, DEFAULT_ACCESS)),
            _ if number % 5 == 3 || number < 4 => {
                wanted.push((*id, Kind::User, if number.is_multiple_of(2) { member } else { user }));
            }
            _ => {}
        }
    }
    for (number, (principal, kind, role)) in wanted.into_iter().enumerate() {
        let created = format!("2025-03-{:02}T09:{:02}:05.1182903Z", 1 + number % 28, number % 60);
        directory.grants.insert(guid(rng), Grant { principal, kind, role, created });
    }
}
