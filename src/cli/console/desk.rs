//! What the console asks for that needs the engine, the network or the configuration file.

use super::super::access::{Access, Online};
use super::super::signals::Signals;
use super::super::{CliError, Ctx, Exit, hand, plan, report::Detail, setup, test};
use super::follow::Known;
use crate::config::process_env;
use crate::config::settings::{Kept, Opened, Saved, Settings};
use crate::console::desk::{Desk, Form, News, Reply, Request, Tell, Trouble};
use crate::engine::{self, Ask, Assembly, assemble};
use crate::graph::GraphError;
use crate::model::{ObjectType, Secret};
use crate::store::{Store, audit, job as job_table, mirror};
use crate::sync::cycle::{self, CycleRequest};
use crate::sync::health::Watched;
use crate::text::show;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Shortest time between two words of how far a dry run is: more would only pile up.
const PACE: Duration = Duration::from_millis(100);
/// How long requests that write are waited for when the console is left: an assignment is made, and its note in the
/// audit is not.
const BRIEF: Duration = Duration::from_secs(5);
/// How long a request waits for the job to be in somebody's hands, as it is a moment after the console opened.
const TAKEN: Duration = Duration::from_secs(5);

/// The desk of one job.
pub(super) struct JobDesk {
    access: Arc<Access>,
    profile: Option<PathBuf>,
    secrets_dir: PathBuf,
    signals: Signals,
    requests: Requests,
    known: Known,
}

/// Requests that are under way, of all jobs that the console had open.
#[derive(Clone, Default)]
pub(super) struct Requests {
    tracker: TaskTracker,
    left: CancellationToken,
}

impl Requests {
    /// What only reads is given up, before there is nothing left to run it. What writes goes on to its end, however the
    /// console is left, if that comes soon.
    pub(super) async fn end(&self) {
        self.left.cancel();
        self.tracker.close();
        // What takes longer is cut, as it would be by a lost machine: the next cycle finds out.
        drop(tokio::time::timeout(BRIEF, self.tracker.wait()).await);
    }
}

impl JobDesk {
    pub(super) fn new(
        ctx: &Ctx,
        access: &Arc<Access>,
        profile: Option<PathBuf>,
        signals: &Signals,
        requests: &Requests,
        known: &Known,
    ) -> Self {
        Self {
            requests: requests.clone(),
            known: known.clone(),
            access: Arc::clone(access),
            profile,
            secrets_dir: ctx.folders.secrets_dir.clone(),
            signals: signals.clone(),
        }
    }

    fn store(&self) -> &Store {
        &self.access.store
    }

    /// The job as its configuration says now.
    fn fresh(&self) -> Access {
        let config = self.known.now(self.profile.as_deref(), &self.access.name);
        self.access.with(config)
    }

    /// Directory and app in reach, beside whoever runs the job.
    async fn reach(&self) -> Result<Online, CliError> {
        if self.access.is_sandbox() {
            self.taken().await?;
        }
        self.fresh().beside()
    }

    /// Waits until somebody has the job; after a while it is nobody.
    async fn taken(&self) -> Result<bool, CliError> {
        let end = tokio::time::Instant::now() + TAKEN;
        loop {
            if engine::holder(self.store())?.is_some() {
                return Ok(true);
            }
            if tokio::time::Instant::now() >= end {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks whoever has the job, this process or another; without anybody it is done here.
    async fn carry_out(&self, ask: Ask, cancel: &CancellationToken) -> Result<Reply, CliError> {
        self.taken().await?;
        let signals = self.signals.with_cancel(cancel.clone());
        // Another name than the keeper's: a holder of the same name and process would be taken for this one, and the
        // job would be taken out of its own hands.
        let answer = hand::carry_out(&self.fresh(), &ask, "heeler desk", &signals, Detail::Quiet).await?;
        Ok(Reply::Answer(answer))
    }

    async fn do_it(&self, request: Request, tell: Tell, cancel: CancellationToken) -> Result<Reply, CliError> {
        match request {
            Request::Test => {
                let online = self.reach().await?;
                let tested = online.test_with(move |news| tell(News::Step(news))).await;
                online.close().await?;
                Ok(Reply::Test(tested?))
            }
            Request::Plan => self.plan(tell, cancel).await,
            Request::Apply { fingerprint, only } => self.carry_out(Ask::Apply { fingerprint, only }, &cancel).await,
            Request::Provision { object_type, id, dry_run, skip } => {
                self.carry_out(Ask::Provision { object_type, id, dry_run, skip }, &cancel).await
            }
            Request::Sync => self.carry_out(Ask::Sync { initial: false }, &cancel).await,
            Request::StopCycle => self.carry_out(Ask::Stop, &cancel).await,
            Request::Restart { full } => self.carry_out(Ask::Restart { full }, &cancel).await,
            Request::Assignments => {
                let online = self.reach().await?;
                let (graph, _) = online.clients()?;
                let principal = graph.service_principal(&online.config.directory.service_principal_id).await?;
                let (assignments, _) = graph.assignments(&principal.id).await?;
                let keep = principal.clone();
                self.store().write(move |c| job_table::set_service_principal(c, &keep)).await?;
                Ok(Reply::Assignments(principal, assignments))
            }
            Request::Assign { object_type, id, role } => self.assign(object_type, id, role).await,
            Request::Unassign { assignment } => self.unassign(assignment).await,
            Request::ReadApp { object_type, id } => self.read_app(object_type, &id).await,
            Request::Decide { ids, release } => {
                let store = self.store().clone();
                let decided = plan::decide_ids(&store, ids, release)?;
                let words = match (decided.len(), release) {
                    (1, true) => "released: it happens in the next cycle".to_owned(),
                    (n, true) => format!("released {n}: they happen in the next cycle"),
                    (1, false) => "rejected: it will not happen".to_owned(),
                    (n, false) => format!("rejected {n}: they will not happen"),
                };
                Ok(Reply::Done(show(&words)))
            }
            Request::Settings => Ok(Reply::Settings(Box::new(self.form()?))),
            Request::Save { form, wanted, token, agreed, turns_on_next: _ } => {
                self.save(&form, &wanted, token, agreed).await
            }
        }
    }

    /// A dry run beside whoever runs the job: the same stages, cut before anything is written to the app.
    async fn plan(&self, tell: Tell, cancel: CancellationToken) -> Result<Reply, CliError> {
        let online = self.reach().await?;
        let (latest, words) = watch::channel(String::new());
        let events: crate::sync::EventSink = Arc::new(move |event| {
            if let crate::sync::CycleEvent::Progress(progress) = event {
                latest.send_replace(progress.words);
            }
        });
        let assembly = Assembly { store: self.store().clone(), cancel, initiator: None, events: Some(events) };
        let (job, mapping) = tokio::task::block_in_place(|| assemble(&online.config, &process_env, assembly))?;
        let initial = crate::engine::starts_anew(&job, &mapping)?;
        let request = CycleRequest { initial, dry_run: true, ..CycleRequest::default() };
        let watched = Watched::of(&job);
        let mut report = tokio::select! {
            report = cycle::run(&job, &request) => report?,
            never = told(words, &tell) => match never {},
        };
        watched.after(self.store(), &report, None).await?;
        online.close().await?;
        if let Some(fatal) = report.fatal.take() {
            return Err(fatal.into());
        }
        report.operations = plan::with_held_ids(self.store(), report.operations)?;
        Ok(Reply::Plan(Box::new(report)))
    }

    async fn assign(&self, object_type: ObjectType, id: String, role: String) -> Result<Reply, CliError> {
        let online = self.reach().await?;
        let (graph, _) = online.clients()?;
        let principal = graph.service_principal(&online.config.directory.service_principal_id).await?;
        let named = self.name_of(object_type, &id)?;
        let role_name = role_name(&principal.roles, &role);
        let words = match graph.assign(&principal.id, &id, &role).await {
            Ok(_) => {
                let details = json!({
                    "principalId": id,
                    "principalType": object_type,
                    "principalDisplayName": named,
                    "resourceId": principal.id,
                    "appRoleId": role,
                    "appRole": role_name,
                });
                self.note(setup::ASSIGNED, details).await?;
                format!("assigned {named} to {} as {role_name}", principal.display_name)
            }
            Err(GraphError::Refused { message, .. }) if message.contains("already exists") => {
                format!("{named} is assigned to {} as {role_name} already", principal.display_name)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Reply::Done(show(&words)))
    }

    async fn unassign(&self, assignment: String) -> Result<Reply, CliError> {
        let online = self.reach().await?;
        let (graph, _) = online.clients()?;
        let principal = graph.service_principal(&online.config.directory.service_principal_id).await?;
        let (held, _) = graph.assignments(&principal.id).await?;
        let Some(gone) = held.into_iter().find(|a| a.id == assignment) else {
            return Ok(Reply::Done(show("that assignment is gone already")));
        };
        graph.unassign(&principal.id, &assignment).await?;
        let role_name = role_name(&principal.roles, &gone.role_id);
        let details = json!({
            "principalId": gone.principal_id,
            "principalDisplayName": gone.principal_name,
            "resourceId": principal.id,
            "appRoleId": gone.role_id,
            "appRole": role_name,
        });
        self.note("Remove app role assignment", details).await?;
        let words = format!("took {role_name} of {} away from {}", principal.display_name, gone.principal_name);
        Ok(Reply::Done(show(&words)))
    }

    async fn read_app(&self, object_type: ObjectType, id: &str) -> Result<Reply, CliError> {
        let online = self.reach().await?;
        let (_, scim) = online.clients()?;
        let (rules, _) = engine::rules_of(&online.config)?;
        let scope = engine::scope_rules(&online.config);
        let explanation = {
            let reader = self.store().reader()?;
            let organization = job_table::organization(&reader)?;
            let context = crate::expression::Context::preview(jiff::Timestamp::now())
                .with_default_domain(organization.and_then(|o| o.default_domain));
            crate::sync::explain::explain(&reader, object_type, id, &rules, scope, &context)?
        };
        let Some(explanation) = explanation else { return Ok(Reply::App(None)) };
        let found = engine::read_app(&scim, rules.of(object_type), &explanation.subject).await?;
        Ok(Reply::App(found.map(Box::new)))
    }

    fn name_of(&self, object_type: ObjectType, id: &str) -> Result<String, CliError> {
        let reader = self.store().reader()?;
        let name = match object_type {
            ObjectType::User => mirror::user(&reader, id)?.map(|user| user.name().to_owned()),
            ObjectType::Group => mirror::group(&reader, id)?.map(|group| group.name().to_owned()),
        };
        Ok(name.unwrap_or_else(|| id.to_owned()))
    }

    async fn note(&self, what: &'static str, details: serde_json::Value) -> Result<(), CliError> {
        let who = who();
        self.store().write(move |c| audit::append(c, &who, what, &details)).await?;
        Ok(())
    }

    fn form(&self) -> Result<Form, CliError> {
        match &self.profile {
            Some(path) => {
                let opened = Opened::read(path, &self.access.name, &process_env)?;
                let token_note = opened.token_note(&self.secrets_dir);
                Ok(Form { settings: opened.settings().clone(), opened: Some(opened), token_note })
            }
            None => {
                let settings = Settings::of(&self.access.config()?).of_sandbox();
                Ok(Form { settings, opened: None, token_note: None })
            }
        }
    }

    async fn save(
        &self,
        form: &Form,
        wanted: &Settings,
        token: Option<Secret>,
        agreed: bool,
    ) -> Result<Reply, CliError> {
        let saved = match &form.opened {
            Some(opened) => {
                // Turning the job on needs a connection that works (E2.11).
                if turns_on(&form.settings, wanted) && token.is_none() {
                    self.tested().await?;
                }
                opened.save(wanted, token.as_ref(), &self.secrets_dir, agreed)?
            }
            None => self.save_sandbox(form, wanted).await?,
        };
        if let Saved::Written { changes } = &saved {
            let said: Vec<_> = changes
                .iter()
                .map(|change| json!({ "setting": change.field.key(), "from": change.from, "to": change.to }))
                .collect();
            if !said.is_empty() {
                self.note(
                    "Update provisioning setting or credentials",
                    json!({ "job": self.access.name, "changes": said }),
                )
                .await?;
            }
        }
        Ok(Reply::Saved(saved))
    }

    async fn tested(&self) -> Result<(), CliError> {
        let online = self.reach().await?;
        let tested = online.test().await;
        online.close().await?;
        let tested = tested?;
        match tested.steps.iter().find(|step| !step.ok) {
            None => Ok(()),
            Some(step) => Err(test::failed(&self.access.name, &step.name, &step.message)),
        }
    }

    async fn save_sandbox(&self, form: &Form, wanted: &Settings) -> Result<Saved, CliError> {
        let now = Settings::of(&self.access.config()?).of_sandbox();
        let kept: Kept = self.store().read(|c| job_table::get_json(c, job_table::SETTINGS))?.unwrap_or_default();
        let (kept, changes) = kept
            .save(&form.settings, &now, wanted)
            .map_err(|error| CliError::from_lines(Exit::Usage, &error.to_string()))?;
        let enabled = wanted.get(crate::config::settings::Field::Enabled).to_owned();
        self.store()
            .write(move |c| {
                job_table::set_json(c, job_table::SETTINGS, &kept)?;
                job_table::set(c, job_table::ENABLED, if enabled == "on" { "true" } else { "false" })
            })
            .await?;
        Ok(Saved::Written { changes })
    }
}

/// Tells the latest words again and again, and never ends.
async fn told(mut words: watch::Receiver<String>, tell: &Tell) -> Infallible {
    while words.changed().await.is_ok() {
        let latest = show(&words.borrow_and_update());
        tell(News::Progress(latest));
        tokio::time::sleep(PACE).await;
    }
    std::future::pending().await
}

fn turns_on(before: &Settings, wanted: &Settings) -> bool {
    let field = crate::config::settings::Field::Enabled;
    before.get(field) != wanted.get(field) && wanted.get(field) == "on"
}

fn role_name(roles: &[crate::model::AppRole], id: &str) -> String {
    let role = roles.iter().find(|role| role.id == id);
    role.map_or_else(|| "Default Access".to_owned(), |role| role.display_name.clone())
}

fn who() -> String {
    std::env::var("USER").ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "unknown".into())
}

impl Desk for JobDesk {
    fn ask(
        self: Arc<Self>,
        request: Request,
        tell: Tell,
        cancel: CancellationToken,
    ) -> BoxFuture<'static, Result<Reply, Trouble>> {
        // From now on, not from when it is first polled.
        let (running, writes, left) = (self.requests.tracker.token(), request.writes(), self.requests.left.clone());
        Box::pin(async move {
            let done = self.do_it(request, tell, cancel);
            let done = tokio::select! {
                done = done => done.map_err(|error| trouble(&error)),
                () = left.cancelled(), if !writes => Err(Trouble { what: show("the console was left"), advice: Vec::new() }),
            };
            drop(running);
            done
        })
    }
}

/// An error as the console shows it.
fn trouble(error: &CliError) -> Trouble {
    let text = error.to_string();
    let mut lines = text.lines().map(|line| line.trim().trim_start_matches("error: "));
    Trouble { what: show(lines.next().unwrap_or("it did not work")), advice: lines.map(show).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[tokio::test]
    async fn of_much_progress_little_is_told_and_the_latest() {
        let (latest, words) = watch::channel(String::new());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        let tell: Tell = Arc::new(move |news| match news {
            News::Progress(words) => hearing.lock().unwrap().push(words.to_string()),
            _ => panic!("only progress is told"),
        });
        let run = async {
            for n in 0..1000 {
                latest.send_replace(format!("{n} of 1000"));
                if n % 100 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::time::sleep(PACE * 2).await;
        };
        tokio::select! {
            () = run => {}
            never = told(words, &tell) => match never {},
        }
        let heard = heard.lock().unwrap();
        assert!(heard.len() <= 3, "{heard:?}");
        assert_eq!(heard.last().map(String::as_str), Some("999 of 1000"));
    }

    #[tokio::test]
    async fn what_writes_is_waited_for() {
        let (writing, noted) = (Requests::default(), Arc::new(Mutex::new(false)));
        let (token, note) = (writing.tracker.token(), Arc::clone(&noted));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            *note.lock().unwrap() = true;
            drop(token);
        });
        writing.end().await;
        assert!(*noted.lock().unwrap());
    }
}
