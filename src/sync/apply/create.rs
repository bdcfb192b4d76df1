//! POST: never twice for anybody, and not given up because of one attribute.

use super::blame::{self, Blame};
use super::{Applying, Outcome};
use crate::model::{Link, ObjectType, OperationState, Origin};
use crate::scim::client::ScimError;
use crate::scim::path::AttrPath;
use crate::store::{links, mirror};
use crate::sync::journal::Trouble;
use crate::sync::plan::{self, Planned, Request, Seen, Work};
use crate::sync::{matching, observe, verify};
use serde_json::{Value, json};
use std::time::Duration;

/// How often an object is looked for after an answer was lost, and how long between: replicas lag.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_millis(700),
    Duration::from_millis(1500),
    Duration::from_millis(2500),
];

/// Rounds of leaving out what the app names, before only the minimum is sent.
const ROUNDS: usize = 3;
/// Members that a group is born with where an app insists on some.
const FIRST_MEMBERS: usize = 50;

/// What is sent for one object, and what of it was given up.
struct Draft {
    values: Vec<(usize, Value)>,
    /// Attributes that are not in the POST, with the app's reason.
    left_out: Vec<(usize, String)>,
    /// What is added because the app insists on it: path and value.
    extras: Vec<(AttrPath, Value)>,
    /// Directory ids of the members the group is born with.
    members: Vec<String>,
    /// Elements of lists without `type` and `primary`.
    plain: bool,
}

/// What a POST came to.
enum Posted {
    Made(Value),
    Found(Value, Origin),
    No(ScimError),
}

impl Applying<'_> {
    /// Makes a resource. Never twice: after an unknown outcome the app is searched first, after a conflict as well.
    pub(super) async fn create(&self, work: &mut Work) -> Outcome {
        let object_type = work.operation.object_type;
        if !matches!(work.request, Request::Create(_)) {
            return Outcome::failed("InternalError", "a create without a body".into(), None);
        }
        if self.unknown.contains(&work.subject.source_id) {
            match self.look(work).await {
                Ok(Some(found)) => return self.take_over(work, found, Origin::Created).await,
                Ok(None) => {}
                Err(error) => return Outcome::of(error),
            }
        }
        if object_type == ObjectType::User
            && let Some(words) = self.learned.is_full()
        {
            let reason = format!("not tried: the app has no room for more people; it said: {words}");
            return Outcome::failed("LicenseLimitExceeded", reason, None);
        }
        let mut draft = self.draft(work);
        match self.post(work, &draft).await {
            Posted::Made(answer) => self.created(work, &answer, &draft).await,
            Posted::Found(found, origin) => self.take_over(work, found, origin).await,
            Posted::No(error) => {
                if error.code() == "LicenseLimitExceeded" {
                    self.learned.full(error.detail());
                }
                match self.without(work, &mut draft, error).await {
                    Posted::Made(answer) => self.created(work, &answer, &draft).await,
                    Posted::Found(found, origin) => self.take_over(work, found, origin).await,
                    Posted::No(error) => Outcome::of(error),
                }
            }
        }
    }

    /// Everything that is wanted, without what this app refused every time so far.
    fn draft(&self, work: &Work) -> Draft {
        let object_type = work.operation.object_type;
        let rules = self.rules_of(object_type);
        let all = work.subject.values.iter().chain(&work.subject.defaults).cloned();
        let mut draft = Draft {
            values: Vec::new(),
            left_out: Vec::new(),
            extras: Vec::new(),
            members: Vec::new(),
            plain: self.learned.plain(),
        };
        for (rule, value) in all {
            match self.learned.hopeless(object_type, rules.target(rule)) {
                Some(why) if !rules.matching().contains(&rule) => draft.left_out.push((rule, why)),
                _ => draft.values.push((rule, value)),
            }
        }
        draft
    }

    fn body(&self, work: &Work, draft: &Draft) -> Value {
        let object_type = work.operation.object_type;
        let rules = self.rules_of(object_type);
        let (mut body, _) = plan::create_body(&draft.values, rules, object_type);
        for (path, value) in &draft.extras {
            crate::scim::resource::set(&mut body, path, value.clone());
        }
        if draft.plain {
            for list in body.as_object_mut().into_iter().flat_map(|b| b.values_mut()).filter_map(Value::as_array_mut) {
                for element in list.iter_mut().filter_map(Value::as_object_mut) {
                    element.retain(|key, _| key != "type" && key != "primary");
                }
            }
        }
        if !draft.members.is_empty() {
            body["members"] = Value::Array(self.member_values(&draft.members));
        }
        body
    }

    async fn post(&self, work: &Work, draft: &Draft) -> Posted {
        let object_type = work.operation.object_type;
        match self.job.scim.create(object_type, &self.body(work, draft)).await {
            Ok(answer) => Posted::Made(answer),
            Err(error) if error.outcome_unknown() => match self.look(work).await {
                Ok(Some(found)) => Posted::Found(found, Origin::Created),
                Ok(None) | Err(_) => Posted::No(error),
            },
            Err(error) if error.conflict() => match self.holder(work).await {
                Ok(Some(found)) => Posted::Found(found, Origin::Adopted),
                Err(other) if other.systemic() => Posted::No(other),
                Ok(None) | Err(_) => Posted::No(error),
            },
            Err(error) => Posted::No(error),
        }
    }

    /// The app refused the whole: finds a part that it takes. First without what its words name, then without what
    /// its schemas do not know, then with the least there is.
    async fn without(&self, work: &Work, draft: &mut Draft, first: ScimError) -> Posted {
        let object_type = work.operation.object_type;
        let rules = self.rules_of(object_type);
        let optional = |rule: &usize| !rules.matching().contains(rule);
        let mut error = first;
        for _ in 0..ROUNDS {
            if !searchable(&error) {
                return Posted::No(error);
            }
            let mut blamed = blame::blame(error.detail(), &draft.values, rules);
            let completed = self.complete(work, draft, &blamed);
            if blamed.rules.is_empty() && !completed {
                let schemas = self.learned.schemas(&self.job.scim, object_type).await;
                blamed.rules = schemas.map(|s| blame::undeclared(&s, &draft.values, rules)).unwrap_or_default();
            }
            // The key itself is refused: nothing can be left out.
            let named = !blamed.rules.is_empty();
            blamed.rules.retain(optional);
            if blamed.rules.is_empty() && !completed {
                if named {
                    return Posted::No(error);
                }
                break;
            }
            // A failure of the app's own may have happened after the effect.
            if error.status().is_some_and(|s| s >= 500)
                && let Ok(Some(found)) = self.locate_once(work).await
            {
                return Posted::Found(found, Origin::Created);
            }
            match self.trials(work, draft, &blamed, &error).await {
                Posted::No(next) => error = next,
                done => {
                    self.learned.searched(true);
                    return done;
                }
            }
        }
        if !searchable(&error) || error.status().is_some_and(|s| s >= 500) || !self.learned.worth_searching() {
            return Posted::No(error);
        }
        let why = error.to_string();
        let keep = |rule: &usize| {
            !optional(rule)
                || ["active", "displayName", "userName"].iter().any(|t| rules.target(*rule).eq_ignore_ascii_case(t))
        };
        let rest: Vec<usize> = draft.values.iter().map(|(r, _)| *r).filter(|r| !keep(r)).collect();
        if rest.is_empty() {
            return Posted::No(error);
        }
        draft.drop_rules(&rest, &why);
        let posted = self.post(work, draft).await;
        self.learned.searched(!matches!(posted, Posted::No(_)));
        match posted {
            // What the app said about the whole says more than what it says about the rest.
            Posted::No(last) if searchable(&last) => Posted::No(error),
            other => other,
        }
    }

    /// Sends the draft without the blamed rules: one of them if that is enough, else all.
    async fn trials(&self, work: &Work, draft: &mut Draft, blamed: &Blame, error: &ScimError) -> Posted {
        let object_type = work.operation.object_type;
        let rules = self.rules_of(object_type);
        let why = error.to_string();
        if blamed.labels && !draft.plain {
            draft.plain = true;
            match self.post(work, draft).await {
                Posted::No(next) if searchable(&next) && same_words(&next, error) => draft.plain = false,
                Posted::No(next) => return Posted::No(next),
                done => {
                    self.learned.set_plain();
                    return done;
                }
            }
        }
        if (2..=3).contains(&blamed.rules.len()) {
            for rule in blamed.rules.iter().rev() {
                let mut trial = draft.copy();
                trial.drop_rules(&[*rule], &why);
                match self.post(work, &trial).await {
                    Posted::No(next) if searchable(&next) => {
                        let left = blame::blame(next.detail(), &trial.values, rules);
                        let others = !left.rules.is_empty() && left.rules.iter().all(|r| !blamed.rules.contains(r));
                        if others {
                            // This fault is gone; another one is left.
                            self.learned.refused(object_type, rules.target(*rule), &why);
                            *draft = trial;
                            return Posted::No(next);
                        }
                    }
                    Posted::No(next) => return Posted::No(next),
                    done => {
                        self.learned.refused(object_type, rules.target(*rule), &why);
                        *draft = trial;
                        return done;
                    }
                }
            }
        }
        draft.drop_rules(&blamed.rules, &why);
        if let [only] = blamed.rules[..] {
            self.learned.refused(object_type, rules.target(only), &why);
        }
        self.post(work, draft).await
    }

    /// Adds what the app insists on and the mapping does not carry, where it follows from what is there.
    fn complete(&self, work: &Work, draft: &mut Draft, blamed: &Blame) -> bool {
        let rules = self.rules_of(work.operation.object_type);
        let before = (draft.extras.len(), draft.members.len());
        match work.operation.object_type {
            ObjectType::User if blamed.missing.contains("formatted") && draft.extras.is_empty() => {
                let text = |t: &str| {
                    draft
                        .values
                        .iter()
                        .find(|(r, _)| rules.target(*r).eq_ignore_ascii_case(t))
                        .and_then(|(_, v)| v.as_str())
                };
                let name = text("displayName").map_or_else(|| work.subject.name.clone(), str::to_owned);
                let path = AttrPath { sub: Some("formatted".into()), ..AttrPath::of("name") };
                draft.extras.push((path, json!(name)));
            }
            ObjectType::Group
                if draft.members.is_empty() && blamed.missing.iter().any(|w| w == "members" || w == "member") =>
            {
                draft.members = self.first_members(&work.subject.source_id);
            }
            _ => {}
        }
        before != (draft.extras.len(), draft.members.len())
    }

    /// Directory ids of members of a group that have an account.
    fn first_members(&self, group: &str) -> Vec<String> {
        let found = (|| {
            let reader = self.job.store.reader()?;
            let mut ids = Vec::new();
            for member in mirror::members(&reader, group)? {
                if links::get(&reader, ObjectType::User, &member.id)?.is_some_and(|l| l.managed && !l.broken) {
                    ids.push(member.id);
                }
                if ids.len() == FIRST_MEMBERS {
                    break;
                }
            }
            Ok::<_, crate::store::StoreError>(ids)
        })();
        found.unwrap_or_default()
    }

    fn member_values(&self, members: &[String]) -> Vec<Value> {
        let Ok(reader) = self.job.store.reader() else { return Vec::new() };
        members
            .iter()
            .filter_map(|id| links::get(&reader, ObjectType::User, id).ok().flatten())
            .map(|link| json!({ "value": link.target_id, "$ref": self.job.scim.user_url(&link.target_id) }))
            .collect()
    }

    /// Who holds the name that the app says is taken.
    async fn holder(&self, work: &Work) -> Result<Option<Value>, ScimError> {
        let object_type = work.operation.object_type;
        if !self.learned.worth_listing() {
            return self.locate_once(work).await;
        }
        let found = observe::locate(self.job, object_type, &work.subject, self.rules_of(object_type)).await?;
        self.learned.listed(found.is_some());
        Ok(found)
    }

    /// Searches for an object whose create may have happened, patiently.
    async fn look(&self, work: &Work) -> Result<Option<Value>, ScimError> {
        let object_type = work.operation.object_type;
        for pause in LOOKS {
            tokio::time::sleep(pause).await;
            let found = self.locate_once(work).await?;
            if found.is_some() || self.job.cancel.is_cancelled() {
                return Ok(found);
            }
        }
        observe::locate(self.job, object_type, &work.subject, self.rules_of(object_type)).await
    }

    async fn locate_once(&self, work: &Work) -> Result<Option<Value>, ScimError> {
        let object_type = work.operation.object_type;
        observe::locate_by_filter(self.job, object_type, &work.subject, self.rules_of(object_type)).await
    }

    async fn created(&self, work: &mut Work, answer: &Value, draft: &Draft) -> Outcome {
        let object_type = work.operation.object_type;
        let Some(id) = answer.get("id").and_then(Value::as_str).map(str::to_owned) else {
            return Outcome::unknown("the app said yes without an id");
        };
        // A create that answers with an account that belongs to somebody else (seen on case variants).
        if let Some(outcome) = self.collides(object_type, &id, &work.subject.source_id) {
            return outcome;
        }
        let rules = self.rules_of(object_type);
        let shown = if matching::shows_key(answer, &work.subject, rules) {
            Some(answer.clone())
        } else {
            self.job.scim.get(object_type, &id, false).await.ok().flatten()
        };
        if shown.is_some_and(|shown| matching::is_stranger(&shown, &work.subject, rules)) {
            let reason =
                format!("the app answered with the resource {id}, which is somebody else; nothing was written to it");
            return Outcome::failed("Conflict", reason, None);
        }
        for (rule, _) in &draft.values {
            self.learned.taken(object_type, rules.target(*rule));
        }
        let mut refused: Vec<(String, String)> = Vec::new();
        let mut answer = Some(answer.clone());
        for (rule, why) in &draft.left_out {
            let target = rules.target(*rule);
            let value = work.subject.values.iter().chain(&work.subject.defaults).find(|(r, _)| r == rule);
            let known = self.learned.hopeless(object_type, target).is_some() || draft.left_out.len() == 1;
            let Some((_, value)) = value.filter(|_| !known) else {
                refused.push((target.to_owned(), why.clone()));
                continue;
            };
            match self.send_one(object_type, &id, *rule, value, None).await {
                Ok(shown) => {
                    self.learned.taken(object_type, target);
                    answer = shown.or(answer);
                }
                Err(error) if error.refused() => {
                    self.learned.refused(object_type, target, &error.to_string());
                    refused.push((target.to_owned(), error.to_string()));
                }
                Err(error) => refused.push((target.to_owned(), error.to_string())),
            }
        }
        let changes: Vec<_> = work
            .operation
            .changes
            .iter()
            .filter(|c| !refused.iter().any(|(t, _)| *t == c.attribute))
            .cloned()
            .collect();
        let proof = self.prove(object_type, &id, &changes, answer.as_ref()).await;
        let proof = proof.unwrap_or(verify::Proof::Claimed);
        let mut outcome = super::write::proven(proof, "POST");
        super::write::report_refused(&mut outcome, &refused);
        if let Some(link) = &mut work.link_after {
            link.target_id.clone_from(&id);
            outcome.link = Some(link.clone());
        }
        outcome.members = draft.members.iter().map(|m| (work.subject.source_id.clone(), m.clone(), true)).collect();
        outcome.target_id = Some(id);
        outcome
    }

    /// The outcome for a resource that belongs to another directory object already.
    pub(super) fn collides(&self, object_type: ObjectType, id: &str, source_id: &str) -> Option<Outcome> {
        let stranger = self.owner(object_type, id).is_some_and(|owner| owner != source_id);
        if !stranger && self.learned.claim(object_type, id, source_id) {
            return None;
        }
        Some(Outcome::failed(
            "DuplicateSourceEntries",
            format!("the app answered with the resource {id}, which belongs to another directory object"),
            None,
        ))
    }

    /// The resource exists already: record the link, and write what differs.
    async fn take_over(&self, work: &mut Work, found: Value, origin: Origin) -> Outcome {
        let object_type = work.operation.object_type;
        let id = found.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(outcome) = self.collides(object_type, &id, &work.subject.source_id) {
            return outcome;
        }
        let now = self.job.now();
        let rules = self.rules_of(object_type);
        let planned = plan::plan(work.subject.clone(), Seen::One(Box::new(found)), rules, self.cycle_id, &now);
        let mut outcome = match planned {
            Planned::Work(mut next) => {
                let outcome = self.patch(&mut next).await;
                work.operation.changes.clone_from(&next.operation.changes);
                outcome
            }
            Planned::Note(note) => {
                let mut outcome = Outcome::done(OperationState::Verified);
                outcome.link = note.link_after;
                outcome
            }
            Planned::Nothing => Outcome::done(OperationState::Verified),
        };
        if let Some(link) = &mut outcome.link {
            *link = Link { origin, ..link.clone() };
        }
        outcome.target_id = outcome.target_id.or(Some(id));
        outcome.adopted = origin == Origin::Adopted;
        outcome
    }
}

impl Draft {
    fn copy(&self) -> Self {
        Self {
            values: self.values.clone(),
            left_out: self.left_out.clone(),
            extras: self.extras.clone(),
            members: self.members.clone(),
            plain: self.plain,
        }
    }

    fn drop_rules(&mut self, rules: &[usize], why: &str) {
        self.values.retain(|(rule, _)| !rules.contains(rule));
        self.left_out.extend(rules.iter().map(|rule| (*rule, why.to_owned())));
    }
}

/// Whether less of an object may pass where all of it did not.
fn searchable(error: &ScimError) -> bool {
    let status = matches!(error.status(), Some(400 | 403 | 422 | 500 | 501));
    status
        && !error.conflict()
        && !matches!(error.code(), "LicenseLimitExceeded" | "InsufficientRights" | "InvalidDomain")
}

fn same_words(a: &ScimError, b: &ScimError) -> bool {
    a.detail() == b.detail()
}

/// The warning for attributes that the app did not take.
pub(super) fn refusal(refused: &[(String, String)]) -> Option<Trouble> {
    let (_, why) = refused.first()?;
    let names: Vec<&str> = refused.iter().map(|(target, _)| target.as_str()).collect();
    Some(Trouble {
        code: "SchemaAttributeNotFound".into(),
        reason: format!("this app does not take {}: {why}", names.join(", ")),
        details: None,
    })
}
