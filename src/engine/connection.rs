//! Test connection: the directory, then the app, step by step, each with its time (E2).

use crate::graph::GraphClient;
use crate::model::{ObjectType, Organization, ServicePrincipal, Side, SideState};
use crate::scim::client::{ScimClient, ScimError};
use crate::scim::filter::Filter;
use crate::store::{Store, StoreError};
use crate::sync::Settings;
use crate::sync::health::{Attempt, Fault, Watched};
use crate::sync::project::Rules;
use serde::Serialize;
use std::time::{Duration, Instant};

/// News from a running connection test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionNews {
    /// A step began.
    Began {
        /// Which side it asks.
        side: Side,
        /// What is tried.
        name: &'static str,
    },
    /// It ended.
    Ended(ConnectionStep),
}

/// One step of a connection test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionStep {
    /// Which side was asked.
    #[serde(skip)]
    pub side: Side,
    /// What was tried.
    pub name: String,
    /// Whether it worked.
    pub ok: bool,
    /// Milliseconds.
    pub ms: u64,
    /// What was found, or what went wrong and what to check. Untrusted.
    pub message: String,
}

/// A connection test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConnectionTest {
    /// Whether every step worked.
    pub ok: bool,
    /// The steps, in order; it stops at the first that fails on each side.
    pub steps: Vec<ConnectionStep>,
    /// The tenant, when it was read.
    #[serde(skip)]
    pub organization: Option<Organization>,
    /// The app in the tenant, when it was read.
    #[serde(skip)]
    pub service_principal: Option<ServicePrincipal>,
    /// What stopped the directory's steps, for its health.
    #[serde(skip)]
    pub directory_fault: Option<Fault>,
    /// What stopped the app's steps, for its health.
    #[serde(skip)]
    pub app_fault: Option<Fault>,
}

impl ConnectionTest {
    /// Writes down how both sides are doing. `watched` was made before the test.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn note(&self, watched: &Watched, store: &Store) -> Result<(), StoreError> {
        let attempt = |fault: &Option<Fault>| fault.clone().map_or(Attempt::Worked, Attempt::Failed);
        watched.conclude(store, attempt(&self.directory_fault), attempt(&self.app_fault), None).await
    }

    /// What went wrong on a side first, as its state and the words of the step.
    fn fault(steps: &[ConnectionStep], side: Side, state: Option<SideState>) -> Option<Fault> {
        let step = steps.iter().find(|s| s.side == side && !s.ok)?;
        Some(Fault { state: state.unwrap_or(SideState::Refused), words: format!("{}: {}", step.name, step.message) })
    }
}

struct Steps<'a> {
    steps: Vec<ConnectionStep>,
    side: Side,
    /// What the first error of the directory and of the app says about it.
    found: (Option<SideState>, Option<SideState>),
    news: &'a mut (dyn FnMut(ConnectionNews) + Send),
}

impl Steps<'_> {
    /// A step begins.
    fn begin(&mut self, name: &'static str) -> Instant {
        (self.news)(ConnectionNews::Began { side: self.side, name });
        Instant::now()
    }

    /// What an error of this side says about its state; the first counts.
    fn seen(&mut self, state: Option<SideState>) {
        let found = if self.side == Side::Directory { &mut self.found.0 } else { &mut self.found.1 };
        *found = found.or(state);
    }

    /// Records a step; the value of a step that worked is passed on.
    fn note<T>(&mut self, name: &str, began: Instant, result: Result<(T, String), String>) -> Option<T> {
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (value, ok, message) = match result {
            Ok((value, message)) => (Some(value), true, message),
            Err(message) => (None, false, message),
        };
        let step = ConnectionStep { side: self.side, name: name.to_owned(), ok, ms, message };
        (self.news)(ConnectionNews::Ended(step.clone()));
        self.steps.push(step);
        value
    }
}

/// Longest wait for the answer to one step: a person watches.
const PATIENCE: Duration = Duration::from_secs(30);

/// The answer of a step, or that there was none in time. A test does not repeat what a cycle would.
async fn in_time<T, E: std::fmt::Display>(answer: impl Future<Output = Result<T, E>>, who: &str) -> Result<T, Late<E>> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Late::Error(error)),
        Err(_) => Err(Late::Silence(format!(
            "{who} did not answer within {} s; check host, port, firewall and proxy",
            PATIENCE.as_secs()
        ))),
    }
}

/// Why a step has no answer.
enum Late<E> {
    Error(E),
    Silence(String),
}

impl<E: std::fmt::Display> std::fmt::Display for Late<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Silence(words) => f.write_str(words),
        }
    }
}

/// What the answer of a step says about the state of its side, if it is an error.
fn state_of<T, E>(answer: &Result<T, Late<E>>, fault: impl Fn(&E) -> Option<Fault>) -> Option<SideState> {
    match answer {
        Ok(_) => None,
        Err(Late::Silence(_)) => Some(SideState::Offline),
        Err(Late::Error(error)) => fault(error).map(|fault| fault.state),
    }
}

/// Tests both sides. Nothing is written anywhere.
pub async fn test_connection(
    graph: &GraphClient,
    scim: &ScimClient,
    settings: &Settings,
    rules: &Rules,
) -> ConnectionTest {
    test_connection_with(graph, scim, settings, rules, |_| {}).await
}

/// As [`test_connection`]; every step is told when it begins and when it ends. `news` must not block.
pub async fn test_connection_with(
    graph: &GraphClient,
    scim: &ScimClient,
    settings: &Settings,
    rules: &Rules,
    mut news: impl FnMut(ConnectionNews) + Send,
) -> ConnectionTest {
    let mut steps = Steps { steps: Vec::new(), side: Side::Directory, found: (None, None), news: &mut news };
    let (organization, service_principal) = test_directory(graph, settings, &mut steps).await;
    steps.side = Side::App;
    test_app(scim, settings, rules, &mut steps).await;
    let Steps { steps, found, .. } = steps;
    ConnectionTest {
        ok: steps.iter().all(|s| s.ok),
        directory_fault: ConnectionTest::fault(&steps, Side::Directory, found.0),
        app_fault: ConnectionTest::fault(&steps, Side::App, found.1),
        steps,
        organization,
        service_principal,
    }
}

async fn test_directory(
    graph: &GraphClient,
    settings: &Settings,
    steps: &mut Steps<'_>,
) -> (Option<Organization>, Option<ServicePrincipal>) {
    let began = steps.begin("sign in to the directory");
    let signed_in = in_time(graph.sign_in(), "the sign-in service").await;
    steps.seen(state_of(&signed_in, Fault::of_directory));
    let result = signed_in
        .map(|until| ((), format!("signed in; the token is good until {until:.0}")))
        .map_err(|e| e.to_string());
    if steps.note("sign in to the directory", began, result).is_none() {
        return (None, None);
    }
    let began = steps.begin("read the tenant");
    let organization = match in_time(graph.organization(), "Microsoft Graph").await {
        Ok(found) => {
            let domain = found.default_domain.clone().unwrap_or_default();
            // E11 of the tenant: a domain name in the configuration cannot be compared with an id.
            let named_by_id = uuid::Uuid::parse_str(&settings.tenant_id).is_ok();
            if named_by_id && !found.id.eq_ignore_ascii_case(&settings.tenant_id) {
                Err(format!("signed in to the tenant {}, but tenant_id says {}", found.id, settings.tenant_id))
            } else {
                let words = format!("{} ({domain})", found.display_name);
                Ok((Some(found), words))
            }
        }
        // Organization.Read.All is a convenience; without it everything else still works.
        Err(Late::Error(crate::graph::GraphError::Forbidden { permission, .. })) => {
            Ok((None, format!("not readable without {permission}; going on without it")))
        }
        Err(error) => Err(error.to_string()),
    };
    let organization = steps.note("read the tenant", began, organization).flatten();
    let began = steps.begin("find the app in the tenant");
    let principal = in_time(graph.service_principal(&settings.service_principal_id), "Microsoft Graph").await;
    steps.seen(state_of(&principal, Fault::of_directory));
    let result = principal
        .map(|p| {
            let words = format!("{}, {} roles", p.display_name, p.roles.len());
            (p, words)
        })
        .map_err(|e| format!("{e}; check service_principal_id: it is the object id of the enterprise application"));
    let Some(service_principal) = steps.note("find the app in the tenant", began, result) else {
        return (organization, None);
    };
    let began = steps.begin("read who is assigned");
    let assignments = in_time(graph.assignments(&settings.service_principal_id), "Microsoft Graph").await;
    steps.seen(state_of(&assignments, Fault::of_directory));
    let result =
        assignments.map(|(list, _)| ((), format!("{} users and groups", list.len()))).map_err(|e| e.to_string());
    steps.note("read who is assigned", began, result);
    (organization, Some(service_principal))
}

async fn test_app(scim: &ScimClient, settings: &Settings, rules: &Rules, steps: &mut Steps<'_>) {
    let began = steps.begin("use the tenant URL");
    let host = scim.base().host_str().unwrap_or_default().to_owned();
    let staging = host.split(['.', '-']).any(|part| part.eq_ignore_ascii_case("staging"));
    let words = if staging {
        format!("{} (warning: {host} looks like a staging host; the production one may be meant)", scim.base())
    } else {
        scim.base().to_string()
    };
    steps.note("use the tenant URL", began, Ok(((), words)));
    // E2.6: a user that cannot exist.
    let nobody = uuid::Uuid::new_v4().to_string();
    let attribute = rules.users.matching().first().map_or("userName", |i| rules.users.target(*i));
    let began = steps.begin("ask the app for a user");
    let filter = Filter::eq(attribute, &nobody);
    let found = in_time(scim.query(ObjectType::User, &filter), "the app").await;
    steps.seen(state_of(&found, Fault::of_app));
    if steps.note("ask the app for a user", began, judged(found, "users", settings)).is_none() {
        return;
    }
    if settings.groups {
        // E2.7 and A1: only when groups are provisioned.
        let attribute = rules.groups.matching().first().map_or("displayName", |i| rules.groups.target(*i));
        let began = steps.begin("ask the app for a group");
        let filter = Filter::eq(attribute, &nobody);
        let found = in_time(scim.query(ObjectType::Group, &filter), "the app").await;
        steps.seen(state_of(&found, Fault::of_app));
        steps.note("ask the app for a group", began, judged(found, "groups", settings));
    }
}

/// E2.8 to E2.10: exactly an empty list is success.
fn judged(
    found: Result<Vec<serde_json::Value>, Late<ScimError>>,
    what: &str,
    settings: &Settings,
) -> Result<((), String), String> {
    match found {
        Ok(list) if list.is_empty() => Ok(((), "the app answers, and knows no such one, as it should".into())),
        Ok(list) => Err(format!(
            "the app answered a filter for a random id with {} {what}: it ignores filters, so matching cannot be trusted",
            list.len()
        )),
        Err(Late::Error(error)) => Err(format!("{error}{}", what_to_check(&error, settings))),
        Err(silence @ Late::Silence(_)) => Err(silence.to_string()),
    }
}

fn what_to_check(error: &ScimError, settings: &Settings) -> String {
    let flock = settings.app_name == "Flock";
    match error {
        ScimError::Unauthorized { .. } if flock => {
            "; check the secret token: in Flock it is the API Token on the page Auth and Provisioning, and its account needs admin rights".into()
        }
        ScimError::Unauthorized { .. } => "; check the secret token, and that its account may manage users".into(),
        ScimError::Refused { status: 403, .. } if flock => {
            "; check that the Flock account behind the token has admin rights".into()
        }
        ScimError::Refused { status: 403, .. } => "; check that the account behind the token may manage users".into(),
        ScimError::Refused { status: 404, .. } => {
            "; check the tenant URL: nobody found must be answered with 200 and an empty list".into()
        }
        ScimError::NotScim { .. } => "; check that the tenant URL is that of the SCIM service".into(),
        _ => String::new(),
    }
}
