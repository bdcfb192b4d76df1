//! The calls to Microsoft Graph that provisioning needs.

use super::delta::Pager;
use super::error::{GraphError, SignInError};
use super::parse::{self, Odd};
use super::settings::GraphSettings;
use super::token::Tokens;
use crate::http::{
    HttpClient, HttpError, HttpSettings, Limiter, LimiterSettings, Method, Request, Response, Vitals, add_query,
};
use crate::model::{Assignment, GroupChange, Member, MemberKind, Organization, ServicePrincipal, UserChange};
use jiff::Timestamp;
use reqwest::header::HeaderName;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

const READ_USERS: &str = "User.Read.All";
const READ_GROUPS: &str = "GroupMember.Read.All";
const READ_APPS: &str = "Application.Read.All";
const ASSIGN: &str = "AppRoleAssignment.ReadWrite.All";

/// Microsoft Graph for one tenant. Cheap to clone; clones share tokens, limiter and counters.
#[derive(Clone, Debug)]
pub struct GraphClient {
    http: HttpClient,
    limiter: Limiter,
    graph: Url,
    tokens: Arc<Tokens>,
    cancel: CancellationToken,
}

impl GraphClient {
    /// Sets the client up; nothing is sent.
    ///
    /// # Errors
    /// [`GraphError::Settings`] or [`GraphError::SignIn`] for settings or a credential that cannot work.
    pub fn new(settings: GraphSettings) -> Result<Self, GraphError> {
        let settings_error = |e: HttpError| GraphError::Settings(e.to_string());
        // Two clients, each bound to its own origin: neither the secret nor the token can reach the other service.
        let mut sign_in = HttpSettings::new(vec![settings.authority.clone()]);
        sign_in.ca_file.clone_from(&settings.ca_file);
        let mut http = HttpSettings::new(vec![settings.graph.clone()]);
        http.ca_file.clone_from(&settings.ca_file);
        let tokens = Tokens::new(&settings, HttpClient::new(sign_in).map_err(settings_error)?)?;
        let http = HttpClient::new(http).map_err(settings_error)?;
        let limiter = LimiterSettings { attempts: 4, backoff: settings.backoff, ..LimiterSettings::default() };
        Ok(Self {
            http,
            limiter: Limiter::new(limiter),
            graph: settings.graph,
            tokens: Arc::new(tokens),
            cancel: CancellationToken::new(),
        })
    }

    /// The same client, stopped by this token.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// Requests sent to Graph so far, repetitions included; those for tokens are not counted.
    pub fn requests(&self) -> u64 {
        self.http.requests()
    }

    /// How Graph answered lately; sign-in apart.
    pub fn vitals(&self) -> Vitals {
        self.http.vitals()
    }

    /// Signs in, or finds that it is signed in, and says until when.
    ///
    /// # Errors
    /// [`GraphError::SignIn`].
    pub async fn sign_in(&self) -> Result<Timestamp, GraphError> {
        Ok(self.token(None).await?.expires)
    }

    /// The tenant (graph 11).
    ///
    /// # Errors
    /// [`GraphError::Forbidden`] when no permission for it was granted; that is no reason to stop.
    pub async fn organization(&self) -> Result<Organization, GraphError> {
        let url = self.url(["organization"], &[("$select", "id,displayName,verifiedDomains")])?;
        let pager = Pager::new(self.clone(), "organization", "Organization.Read.All", url);
        let (mut list, _) = pager.all(parse::organization).await?;
        if list.is_empty() {
            return Err(GraphError::NotGraph { what: "GET organization".into(), reason: "no organization came" });
        }
        Ok(list.swap_remove(0))
    }

    /// A service principal by object id, with its roles.
    ///
    /// # Errors
    /// [`GraphError::NotFound`] when there is none.
    pub async fn service_principal(&self, id: &str) -> Result<ServicePrincipal, GraphError> {
        let url = self.url(["servicePrincipals", id], &[("$select", "id,appId,displayName,appRoles")])?;
        self.one(url, "servicePrincipals/{id}", READ_APPS, parse::service_principal).await
    }

    /// All assignments of an app and the pages they came on: everything or an error (graph 4.3).
    ///
    /// # Errors
    /// The error of the first page that failed.
    pub async fn assignments(&self, service_principal: &str) -> Result<(Vec<Assignment>, u64), GraphError> {
        let url = self.url(["servicePrincipals", service_principal, "appRoleAssignedTo"], &[("$top", "999")])?;
        Pager::new(self.clone(), "appRoleAssignedTo", READ_APPS, url).all(parse::assignment).await
    }

    /// Assigns a user or group to an app with a role.
    ///
    /// # Errors
    /// [`GraphError::Refused`] for instance when the assignment exists.
    pub async fn assign(&self, service_principal: &str, principal: &str, role: &str) -> Result<Assignment, GraphError> {
        let url = self.url(["servicePrincipals", service_principal, "appRoleAssignedTo"], &[])?;
        let body = json!({"principalId": principal, "resourceId": service_principal, "appRoleId": role});
        let body = serde_json::to_vec(&body).map_err(|e| GraphError::Settings(e.to_string()))?;
        let request = Request::new(Method::POST, url, "appRoleAssignedTo").body("application/json", body);
        let response = self.send(request, ASSIGN, false).await?;
        let what = response.place.to_string();
        let value = response.json().map_err(GraphError::Http)?;
        parse::assignment(value).map_err(|reason| GraphError::NotGraph { what, reason })
    }

    /// Takes an assignment away; one that is gone already is fine.
    ///
    /// # Errors
    /// [`GraphError::Forbidden`] without the permission to assign.
    pub async fn unassign(&self, service_principal: &str, assignment: &str) -> Result<(), GraphError> {
        let url = self.url(["servicePrincipals", service_principal, "appRoleAssignedTo", assignment], &[])?;
        match self.send(Request::new(Method::DELETE, url, "appRoleAssignedTo/{id}"), ASSIGN, false).await {
            Ok(_) | Err(GraphError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A user by object id or user principal name, with the manager; `None` when there is none.
    ///
    /// # Errors
    /// What Graph said, or why nothing came.
    pub async fn user(&self, id_or_name: &str, select: &[String]) -> Result<Option<UserChange>, GraphError> {
        let select = selection(select, &["manager"]);
        let mut query = vec![("$expand", "manager($select=id)")];
        if !select.is_empty() {
            query.push(("$select", &select));
        }
        // A name that begins with `$` would be taken for a function.
        let url = if id_or_name.starts_with('$') {
            self.url([&*format!("users('{}')", id_or_name.replace('\'', "''"))], &query)?
        } else {
            self.url(["users", id_or_name], &query)?
        };
        self.maybe(self.one(url, "users/{id}", READ_USERS, |value| parse::user(value, true)).await)
    }

    /// A group by object id, without members; `None` when there is none.
    ///
    /// # Errors
    /// What Graph said, or why nothing came.
    pub async fn group(&self, id: &str, select: &[String]) -> Result<Option<GroupChange>, GraphError> {
        let select = selection(select, &["members"]);
        let query: &[(&str, &str)] = if select.is_empty() { &[] } else { &[("$select", &select)] };
        let url = self.url(["groups", id], query)?;
        self.maybe(self.one(url, "groups/{id}", READ_GROUPS, parse::group).await)
    }

    /// The direct members of a group, all of them.
    ///
    /// # Errors
    /// [`GraphError::NotFound`] when there is no such group.
    pub async fn group_members(&self, id: &str) -> Result<Vec<Member>, GraphError> {
        let url = self.url(["groups", id, "members"], &[("$select", "id"), ("$top", "999")])?;
        let pager = Pager::new(self.clone(), "groups/{id}/members", READ_GROUPS, url);
        Ok(pager.all(parse::member).await?.0)
    }

    /// Ids of the groups a user is a direct member of.
    ///
    /// # Errors
    /// [`GraphError::NotFound`] when there is no such user.
    pub async fn member_of(&self, user: &str) -> Result<Vec<String>, GraphError> {
        let url = self.url(["users", user, "memberOf"], &[("$select", "id"), ("$top", "999")])?;
        let pager = Pager::new(self.clone(), "users/{id}/memberOf", READ_GROUPS, url);
        let (list, _) = pager.all(parse::member).await?;
        Ok(list.into_iter().filter(|m| m.kind == MemberKind::Group).map(|m| m.id).collect())
    }

    /// Ids of the users in the recycle bin (graph 2.4).
    ///
    /// # Errors
    /// The error of the first page that failed.
    pub async fn deleted_users(&self) -> Result<Vec<String>, GraphError> {
        let path = ["directory", "deletedItems", "microsoft.graph.user"];
        let url = self.url(path, &[("$select", "id"), ("$top", "999")])?;
        let pager = Pager::new(self.clone(), "directory/deletedItems", READ_USERS, url);
        Ok(pager.all(parse::only_id).await?.0)
    }

    /// Users whose user principal name or mail is the text, or whose display name or user principal name begins with
    /// it; at most a hundred.
    ///
    /// # Errors
    /// What Graph said, or why nothing came.
    pub async fn find_users(&self, text: &str, select: &[String]) -> Result<Vec<UserChange>, GraphError> {
        let quoted = text.replace('\'', "''");
        let filter = format!(
            "userPrincipalName eq '{quoted}' or mail eq '{quoted}' or startswith(displayName,'{quoted}') or \
             startswith(userPrincipalName,'{quoted}')"
        );
        self.find("users", READ_USERS, &filter, &selection(select, &["manager"]), |value| parse::user(value, false))
            .await
    }

    /// Groups whose mail is the text or whose display name begins with it; at most a hundred.
    ///
    /// # Errors
    /// What Graph said, or why nothing came.
    pub async fn find_groups(&self, text: &str, select: &[String]) -> Result<Vec<GroupChange>, GraphError> {
        let quoted = text.replace('\'', "''");
        let filter = format!("mail eq '{quoted}' or startswith(displayName,'{quoted}')");
        self.find("groups", READ_GROUPS, &filter, &selection(select, &["members"]), parse::group).await
    }

    async fn find<T>(
        &self,
        what: &'static str,
        permission: &'static str,
        filter: &str,
        select: &str,
        parse: impl Fn(Value) -> Result<T, Odd>,
    ) -> Result<Vec<T>, GraphError> {
        let mut query = vec![("$filter", filter), ("$top", "100")];
        if !select.is_empty() {
            query.push(("$select", select));
        }
        let mut pager = Pager::new(self.clone(), what, permission, self.url([what], &query)?);
        let items = match pager.next().await {
            // Whether a property is indexed is the service's secret: when it wants the advanced form, it gets it.
            Err(GraphError::Refused { status: 400, code, .. }) if code == "Request_UnsupportedQuery" => {
                query.push(("$count", "true"));
                Pager::new(self.clone(), what, permission, self.url([what], &query)?).advanced().next().await?
            }
            other => other?,
        };
        items
            .unwrap_or_default()
            .into_iter()
            .map(parse)
            .collect::<Result<_, Odd>>()
            .map_err(|reason| GraphError::NotGraph { what: format!("GET {what}"), reason })
    }

    async fn one<T>(
        &self,
        url: Url,
        class: &'static str,
        permission: &'static str,
        parse: impl Fn(Value) -> Result<T, Odd>,
    ) -> Result<T, GraphError> {
        let what = crate::http::Place::new("GET", &url).to_string();
        let value = self.get(url, class, permission, false, false).await?;
        parse(value).map_err(|reason| GraphError::NotGraph { what, reason })
    }

    fn maybe<T>(&self, result: Result<T, GraphError>) -> Result<Option<T>, GraphError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(GraphError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn get(
        &self,
        url: Url,
        class: &'static str,
        permission: &'static str,
        delta: bool,
        advanced: bool,
    ) -> Result<Value, GraphError> {
        let mut request = Request::new(Method::GET, url, class).patient();
        if advanced {
            request = request.header(HeaderName::from_static("consistencylevel"), "eventual");
        }
        let response = self.send(request, permission, delta).await?;
        response.json().map_err(GraphError::Http)
    }

    /// Sends with a token; a token that is refused is replaced once.
    async fn send(&self, request: Request, permission: &'static str, delta: bool) -> Result<Response, GraphError> {
        let id = uuid::Uuid::new_v4().to_string();
        let request = request.accept("application/json").header(HeaderName::from_static("client-request-id"), &id);
        let mut token = self.token(None).await?;
        let mut result =
            self.limiter.send(&self.http, &request.clone().bearer(token.secret.clone()), &self.cancel).await;
        if result.as_ref().is_err_and(|e| e.status() == Some(401)) {
            token = self.token(Some(&token.secret)).await?;
            result = self.limiter.send(&self.http, &request.bearer(token.secret.clone()), &self.cancel).await;
        }
        result.map_err(|error| GraphError::sort(error, permission, delta))
    }

    async fn token(&self, refused: Option<&crate::model::Secret>) -> Result<super::token::Token, GraphError> {
        self.tokens.get(&self.limiter, &self.cancel, refused).await.map_err(|error| match error {
            SignInError::Http(HttpError::Cancelled { .. }) => GraphError::Cancelled,
            other => GraphError::SignIn(other),
        })
    }

    /// Appends percent-encoded segments and a query to the root of Graph.
    pub(super) fn url<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a str>,
        query: &[(&str, &str)],
    ) -> Result<Url, GraphError> {
        let mut url = self.graph.clone();
        {
            let mut path = url
                .path_segments_mut()
                .map_err(|()| GraphError::Settings("the graph URL cannot have a path; check graph".into()))?;
            path.pop_if_empty();
            for segment in segments {
                if matches!(segment, "" | "." | "..") {
                    return Err(GraphError::Settings("an id is empty or no id; check the configuration".into()));
                }
                path.push(segment);
            }
        }
        add_query(&mut url, query.iter().copied());
        Ok(url)
    }
}

/// `$select` without navigation properties, always with `id`; empty when nothing is asked for.
fn selection(select: &[String], navigation: &[&str]) -> String {
    let mut names: Vec<&str> = select.iter().map(String::as_str).filter(|n| !navigation.contains(n)).collect();
    if !names.is_empty() && !names.contains(&"id") {
        names.insert(0, "id");
    }
    names.join(",")
}
