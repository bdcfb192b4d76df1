//! Read the app: one listing, or a question per object, whichever is fewer requests. Decides nothing.

use super::matching::{self, key};
use super::plan::Seen;
use super::progress::Progress;
use super::project::{ObjectRules, Subject};
use super::scope::Course;
use super::{Job, SyncError};
use crate::model::ObjectType;
use crate::scim::client::ScimError;
use crate::scim::filter::Filter;
use crate::scim::resource;
use crate::store::{links, mirror};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

/// Below this many questions a listing is not even considered.
const FEW: usize = 3;

/// So many questions in a row without one answer: the app fails for everybody, not for single people.
const SILENCE: usize = 10;

/// What has to be known about one object.
enum Need<'a> {
    /// Nothing: the ledger is enough.
    Nothing,
    /// The resource with this id.
    ById(&'a str),
    /// Whatever fits the matching attributes.
    Match,
}

fn need(subject: &Subject) -> Need<'_> {
    if subject.course != Course::Provision || subject.problem.is_some() {
        return Need::Nothing;
    }
    match &subject.link {
        Some(link) if !link.broken => Need::ById(&link.target_id),
        _ => Need::Match,
    }
}

/// Looks at the app for every subject that needs it. The answer has an entry per subject that was asked about.
///
/// # Errors
/// When the app cannot be reached, refuses the token, or does not speak SCIM at all.
pub async fn observe(
    job: &Job,
    object_type: ObjectType,
    subjects: &[Subject],
    rules: &ObjectRules,
) -> Result<HashMap<String, Seen>, SyncError> {
    let mut seen = HashMap::new();
    let mut open: Vec<&Subject> = Vec::new();
    let shared = shared_values(subjects, rules);
    for subject in subjects {
        match need(subject) {
            Need::Nothing => {}
            Need::Match if shared.contains_key(&subject.source_id) => {
                seen.insert(subject.source_id.clone(), Seen::SharedValue(shared[&subject.source_id].clone()));
            }
            Need::Match | Need::ById(_) => open.push(subject),
        }
    }
    if open.is_empty() {
        return Ok(seen);
    }
    let words = format!("looking at {} {} in the app", open.len(), plural(object_type));
    job.progress(Progress { words, phase: looking(object_type), done: 0, total: Some(open.len() as u64) });
    let listing =
        if open.len() > FEW { list(job, object_type, &open, rules, false).await? } else { Listing::default() };
    let mut rest = Vec::new();
    let asked = open.len();
    for subject in open {
        match listing.answer(subject, rules) {
            Some(found) => {
                seen.insert(subject.source_id.clone(), found);
            }
            None => rest.push(subject),
        }
    }
    if listing.listed > 0 && !rest.is_empty() {
        let words = format!("looking at {} {} in the app", rest.len(), plural(object_type));
        let done = (asked - rest.len()) as u64;
        job.progress(Progress { words, phase: looking(object_type), done, total: Some(asked as u64) });
    }
    let mut doubtful = Vec::new();
    // Indices instead of references: the compiler cannot prove the latter `Send` for every lifetime.
    let rest = &rest;
    // Once a filter was seen not to work, nobody else is asked with one.
    let deaf = &AtomicBool::new(false);
    let mut answers = stream::iter(0..rest.len())
        .map(|i| async move { (i, ask(job, object_type, rest[i], rules, deaf).await) })
        .buffer_unordered(job.settings.concurrency);
    let (mut answered, mut silent) = (0, 0);
    while let Some((i, answer)) = answers.next().await {
        let subject = rest[i];
        job.stopped()?;
        job.pulse.step();
        match answer? {
            Answer::Failed(error) => {
                silent += 1;
                if answered == 0 && silent >= SILENCE {
                    return Err(error.into());
                }
                let (code, reason) = (error.code().to_owned(), error.to_string());
                seen.insert(subject.source_id.clone(), Seen::Failed { code, reason });
            }
            Answer::Seen(found) => {
                answered += 1;
                seen.insert(subject.source_id.clone(), found);
            }
            Answer::FilterUseless => {
                deaf.store(true, Ordering::Relaxed);
                doubtful.push(subject);
            }
        }
    }
    drop(answers);
    if !doubtful.is_empty() {
        // The app answers a filter with everybody, or refuses it: only a listing tells who is there.
        let listing = list(job, object_type, &doubtful, rules, true).await?;
        // Neither filters nor a listing: this is not a SCIM service that could be worked with (E10.10).
        if answered == 0
            && listing.listed == 0
            && let Some(error) = listing.broken
        {
            return Err(error.into());
        }
        for subject in doubtful {
            let found = match (listing.answer(subject, rules), &listing.broken) {
                (Some(found), _) => found,
                (None, Some(error)) => {
                    Seen::Failed { code: error.code().to_owned(), reason: format!("the app cannot be listed: {error}") }
                }
                // It came to its end, though the app had promised more.
                (None, None) => Seen::Absent,
            };
            seen.insert(subject.source_id.clone(), found);
        }
    }
    refuse_taken(job, object_type, subjects, &mut seen)?;
    Ok(seen)
}

/// The phase in which single objects are asked about.
fn looking(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "looking at people in the app",
        ObjectType::Group => "looking at groups in the app",
    }
}

fn plural(object_type: ObjectType) -> &'static str {
    match object_type {
        ObjectType::User => "people",
        ObjectType::Group => "groups",
    }
}

/// Unlinked subjects that share a matching value with another one (E6.11).
fn shared_values(subjects: &[Subject], rules: &ObjectRules) -> HashMap<String, String> {
    let mut holders: HashMap<(usize, String), Vec<&Subject>> = HashMap::new();
    for subject in subjects.iter().filter(|s| s.course == Course::Provision) {
        for (rule, value) in &subject.matching {
            holders.entry((*rule, key(value, rules.rule(*rule).case_exact))).or_default().push(subject);
        }
    }
    let mut shared = HashMap::new();
    for ((_, value), holders) in holders {
        if holders.len() > 1 {
            for subject in holders.into_iter().filter(|s| matches!(need(s), Need::Match)) {
                shared.insert(subject.source_id.clone(), value.clone());
            }
        }
    }
    shared
}

/// A resource that already belongs to another directory object is never matched again.
fn refuse_taken(
    job: &Job,
    object_type: ObjectType,
    subjects: &[Subject],
    seen: &mut HashMap<String, Seen>,
) -> Result<(), SyncError> {
    let reader = job.store.reader()?;
    let mut claimed: HashMap<String, String> = HashMap::new();
    // Whoever is deleted in this cycle frees the account's values for somebody new: deletes come before creates.
    let going: HashSet<&str> =
        subjects.iter().filter(|s| s.course == Course::Delete).map(|s| s.source_id.as_str()).collect();
    for subject in subjects {
        let Some(Seen::One(found)) = seen.get(&subject.source_id) else { continue };
        if !matches!(need(subject), Need::Match) {
            continue;
        }
        let Some(id) = found.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
        let owner = links::by_target(&reader, object_type, &id)?
            .map(|link| link.source_id)
            .filter(|owner| *owner != subject.source_id)
            .or_else(|| claimed.get(&id).cloned());
        if owner.as_deref().is_some_and(|o| going.contains(o)) {
            seen.insert(subject.source_id.clone(), Seen::Absent);
        } else if let Some(owner) = owner {
            let name = match object_type {
                ObjectType::User => mirror::user(&reader, &owner)?.map(|u| u.name().to_owned()),
                ObjectType::Group => mirror::group(&reader, &owner)?.map(|g| g.name().to_owned()),
            };
            seen.insert(subject.source_id.clone(), Seen::Taken(name.unwrap_or(owner)));
        } else {
            claimed.insert(id, subject.source_id.clone());
        }
    }
    Ok(())
}

/// What one listing showed, reduced to what somebody asked about.
#[derive(Default)]
struct Listing {
    /// Whether every page was read and the count fits.
    complete: bool,
    /// Why it could not be read to its end: code and reason.
    broken: Option<ScimError>,
    /// Resources that were shown, wanted or not.
    listed: u64,
    resources: Vec<Value>,
    by_id: HashMap<String, usize>,
    by_value: HashMap<(usize, String), Vec<usize>>,
}

impl Listing {
    fn answer(&self, subject: &Subject, rules: &ObjectRules) -> Option<Seen> {
        match need(subject) {
            Need::Nothing => None,
            Need::ById(id) => self.by_id.get(id).map(|i| Seen::One(Box::new(self.resources[*i].clone()))),
            Need::Match => {
                let found = matching::match_subject(subject, rules, |rule, value| {
                    self.by_value
                        .get(&(rule, key(value, rules.rule(rule).case_exact)))
                        .map(|hits| hits.iter().map(|i| self.resources[*i].clone()).collect())
                        .unwrap_or_default()
                });
                (found != Seen::Absent || self.complete).then_some(found)
            }
        }
    }
}

/// Lists the app if that is fewer requests than asking one by one. Whatever was listed before the decision counts.
async fn list(
    job: &Job,
    object_type: ObjectType,
    open: &[&Subject],
    rules: &ObjectRules,
    always: bool,
) -> Result<Listing, SyncError> {
    let mut wanted_ids: HashSet<&str> = HashSet::new();
    let mut wanted_values: HashSet<(usize, String)> = HashSet::new();
    for subject in open {
        match need(subject) {
            Need::ById(id) => {
                wanted_ids.insert(id);
            }
            Need::Match => wanted_values
                .extend(subject.matching.iter().map(|(rule, value)| (*rule, key(value, rules.rule(*rule).case_exact)))),
            Need::Nothing => {}
        }
    }
    let mut listing = Listing::default();
    let mut pages = job.scim.list(object_type, false, &[]);
    loop {
        job.stopped()?;
        let page = match pages.next_page().await {
            Ok(Some(page)) => page,
            Ok(None) => {
                listing.complete = pages.total().is_none_or(|total| listing.listed >= total);
                return Ok(listing);
            }
            Err(error) if error.systemic() => return Err(error.into()),
            // An app that cannot list can still be asked.
            Err(error) => {
                listing.broken = Some(error);
                return Ok(listing);
            }
        };
        let length = page.len();
        listing.listed += length as u64;
        for found in page {
            keep(&mut listing, found, &wanted_ids, &wanted_values, rules);
        }
        let phase = match object_type {
            ObjectType::User => "listing people in the app",
            ObjectType::Group => "listing groups in the app",
        };
        let words = format!("{phase}: {}", listing.listed);
        job.progress(Progress { words, phase, done: listing.listed, total: pages.total() });
        let left = pages.total().unwrap_or(0).saturating_sub(listing.listed).div_ceil(length.max(1) as u64);
        if !always && left > open.len() as u64 {
            return Ok(listing);
        }
    }
}

fn keep(
    listing: &mut Listing,
    found: Value,
    wanted_ids: &HashSet<&str>,
    wanted_values: &HashSet<(usize, String)>,
    rules: &ObjectRules,
) {
    let index = listing.resources.len();
    let mut wanted = false;
    if let Some(id) = found.get("id").and_then(Value::as_str)
        && wanted_ids.contains(id)
    {
        listing.by_id.insert(id.to_owned(), index);
        wanted = true;
    }
    for rule in rules.matching() {
        let Some(value) = resource::get(&found, &rules.paths[*rule]) else { continue };
        let texts: Vec<String> = match value {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
            other => vec![other.to_string()],
        };
        for text in texts {
            let key = (*rule, key(&text, rules.rule(*rule).case_exact));
            if wanted_values.contains(&key) {
                listing.by_value.entry(key).or_default().push(index);
                wanted = true;
            }
        }
    }
    if wanted {
        listing.resources.push(found);
    }
}

enum Answer {
    Failed(ScimError),
    Seen(Seen),
    /// The filter was ignored or refused.
    FilterUseless,
}

/// Asks about one object. Only faults that concern everybody are errors.
async fn ask(
    job: &Job,
    object_type: ObjectType,
    subject: &Subject,
    rules: &ObjectRules,
    deaf: &AtomicBool,
) -> Result<Answer, SyncError> {
    let outcome = match need(subject) {
        Need::Nothing => Ok(Answer::Seen(Seen::Unasked)),
        Need::ById(id) => job
            .scim
            .get(object_type, id, false)
            .await
            .map(|found| Answer::Seen(found.map_or(Seen::Gone, |f| Seen::One(Box::new(f))))),
        Need::Match if deaf.load(Ordering::Relaxed) => Ok(Answer::FilterUseless),
        Need::Match => ask_match(job, object_type, subject, rules).await,
    };
    match outcome {
        Ok(answer) => Ok(answer),
        Err(error) if error.systemic() => Err(error.into()),
        Err(error) => Ok(Answer::Failed(error)),
    }
}

async fn ask_match(
    job: &Job,
    object_type: ObjectType,
    subject: &Subject,
    rules: &ObjectRules,
) -> Result<Answer, ScimError> {
    for (rule, value) in &subject.matching {
        let filter = Filter::eq(rules.target(*rule), value);
        let found = match job.scim.query(object_type, &filter).await {
            Ok(found) => found,
            Err(error) if error.refused() => return Ok(Answer::FilterUseless),
            Err(error) => return Err(error),
        };
        let strangers = !found.is_empty();
        let fitting: Vec<Value> = found.into_iter().filter(|f| matching::carries(f, *rule, value, rules)).collect();
        match matching::choose(fitting) {
            Some(seen) => return Ok(Answer::Seen(seen)),
            None if strangers => return Ok(Answer::FilterUseless),
            None => {}
        }
    }
    Ok(Answer::Seen(Seen::Absent))
}

/// Looks one object up again after an answer was lost or a conflict was reported: by the matching attributes, by
/// `externalId` if that is the directory id itself, and at last among everybody, since filters miss what differs in
/// case, or do not work at all. An account that only shares some other value is somebody else.
///
/// # Errors
/// As the client.
pub async fn locate(
    job: &Job,
    object_type: ObjectType,
    subject: &Subject,
    rules: &ObjectRules,
) -> Result<Option<Value>, ScimError> {
    if let Some(found) = locate_by_filter(job, object_type, subject, rules).await? {
        return Ok(Some(found));
    }
    let mut pages = job.scim.list(object_type, false, &[]);
    let mut found = Vec::new();
    while let Some(page) = pages.next_page().await? {
        found.extend(page.into_iter().filter(|candidate| matching::is_subject(candidate, subject, rules)));
    }
    Ok(match matching::choose(found) {
        Some(Seen::One(found)) => Some(*found),
        _ => None,
    })
}

/// As [`locate`], without reading everybody: filters that fail count as misses.
///
/// # Errors
/// As the client.
pub async fn locate_by_filter(
    job: &Job,
    object_type: ObjectType,
    subject: &Subject,
    rules: &ObjectRules,
) -> Result<Option<Value>, ScimError> {
    let external = subject.values.iter().find(|(i, v)| matching::is_anchor(*i, v, subject, rules));
    let keys = subject
        .matching
        .iter()
        .map(|(rule, value)| (*rule, value.clone()))
        .chain(external.and_then(|(i, v)| v.as_str().map(|v| (*i, v.to_owned()))));
    for (rule, value) in keys {
        let found = match job.scim.query(object_type, &Filter::eq(rules.target(rule), &value)).await {
            Ok(found) => found,
            Err(error) if error.refused() => continue,
            Err(error) => return Err(error),
        };
        let fitting = found.into_iter().filter(|f| matching::is_subject(f, subject, rules)).collect();
        if let Some(Seen::One(found)) = matching::choose(fitting) {
            return Ok(Some(*found));
        }
    }
    Ok(None)
}
