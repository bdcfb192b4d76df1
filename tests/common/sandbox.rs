//! `heeler sandbox serve` in a process of its own, and what a tester does with it.

use super::http::{self, Answer};
use super::{Requests, home, text};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

/// A running sandbox; it dies with this value.
pub struct Sandbox {
    child: Child,
    /// The ready line.
    pub ready: Value,
    token: OnceLock<String>,
    folder: tempfile::TempDir,
}

impl Sandbox {
    /// Starts `heeler sandbox serve --listen 127.0.0.1:0` with further arguments and waits for its ready line.
    pub fn serve(args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (child, ready) = run(folder.path(), "127.0.0.1:0", args);
        Self { child, ready, token: OnceLock::new(), folder }
    }

    /// As [`Sandbox::serve`], but what it holds outlives the process, which can go [`Sandbox::away`].
    pub fn kept(args: &[&str]) -> Self {
        Self::serve(&[args, &["--data-dir", "kept"]].concat())
    }

    /// Ends the process of a [`Sandbox::kept`]: nobody listens at its address any more.
    pub fn away(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // It saves what it holds first.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        self.child.wait().expect("wait");
    }

    /// Starts it again, at the same address and with what it held.
    pub fn back(&mut self) {
        let control = self.get("control");
        let address = control.split("//").nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
        let (child, ready) = run(self.folder.path(), address, &["--data-dir", "kept"]);
        assert_eq!(ready["scim"], self.ready["scim"]);
        (self.child, self.ready, self.token) = (child, ready, OnceLock::new());
    }

    /// A text of the ready line.
    pub fn get(&self, member: &str) -> &str {
        text(&self.ready, member)
    }

    /// Ends the process at once, as a crash of the app would.
    pub fn kill(mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    // --- Graph ---------------------------------------------------------------------------------------------------

    /// A bearer token for Graph, by client secret.
    pub fn graph_token(&self) -> &str {
        self.token.get_or_init(|| {
            let url = format!("{}/{}/oauth2/v2.0/token", self.get("authority"), self.get("tenant_id"));
            let answer = http::form(
                &url,
                &[
                    ("grant_type", "client_credentials"),
                    ("client_id", self.get("client_id")),
                    ("client_secret", self.get("client_secret")),
                    ("scope", "https://graph.microsoft.com/.default"),
                ],
            );
            text(&answer.ok().json(), "access_token").to_owned()
        })
    }

    /// One Graph request; `path` begins with a slash, or is an absolute link that Graph gave.
    pub fn graph(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.get("graph")) };
        http::send(method, &url, Some(self.graph_token()), body)
    }

    /// All pages of a Graph list.
    pub fn graph_list(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(link) = next {
            let page = self.graph("GET", &link, None).ok().json();
            all.extend(page["value"].as_array().unwrap_or_else(|| panic!("no value in {page}")).iter().cloned());
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        all
    }

    /// Changes properties of a user.
    pub fn patch_user(&self, id: &str, properties: &Value) {
        self.graph("PATCH", &format!("/users/{id}"), Some(properties)).ok();
    }

    /// Makes an enabled user and returns the id.
    pub fn create_user(&self, given: &str, surname: &str) -> String {
        let domain = self.domain();
        let nickname = format!("{given}.{surname}").to_lowercase();
        let body = json!({
            "accountEnabled": true, "displayName": format!("{given} {surname}"), "givenName": given, "surname": surname,
            "mailNickname": nickname, "userPrincipalName": format!("{nickname}@{domain}"),
            "mail": format!("{nickname}@{domain}"), "jobTitle": "Shepherd",
            "passwordProfile": {"forceChangePasswordNextSignIn": true, "password": "Correct-Horse-7"},
        });
        text(&self.graph("POST", "/users", Some(&body)).ok().json(), "id").to_owned()
    }

    /// The default domain of the tenant.
    pub fn domain(&self) -> String {
        let organization = self.graph_list("/organization");
        let domains = organization[0]["verifiedDomains"].as_array().expect("verifiedDomains");
        let default = domains.iter().find(|d| d["isDefault"] == true).unwrap_or(&domains[0]);
        text(default, "name").to_owned()
    }

    /// Moves a user to the recycle bin.
    pub fn delete_user(&self, id: &str) {
        self.graph("DELETE", &format!("/users/{id}"), None).ok();
    }

    /// Takes a user out of the recycle bin.
    pub fn restore_user(&self, id: &str) {
        self.graph("POST", &format!("/directory/deletedItems/{id}/restore"), None).ok();
    }

    /// Deletes a user of the recycle bin for good.
    pub fn purge_user(&self, id: &str) {
        self.graph("DELETE", &format!("/directory/deletedItems/{id}"), None).ok();
    }

    /// Makes a security group and returns the id.
    pub fn create_group(&self, name: &str) -> String {
        let body = json!({"displayName": name, "mailEnabled": false, "securityEnabled": true, "groupTypes": [],
            "mailNickname": name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "")});
        text(&self.graph("POST", "/groups", Some(&body)).ok().json(), "id").to_owned()
    }

    /// Adds a direct member.
    pub fn add_member(&self, group: &str, member: &str) {
        let body = json!({"@odata.id": format!("{}/directoryObjects/{member}", self.get("graph"))});
        self.graph("POST", &format!("/groups/{group}/members/$ref"), Some(&body)).ok();
    }

    /// Ends a direct membership.
    pub fn remove_member(&self, group: &str, member: &str) {
        self.graph("DELETE", &format!("/groups/{group}/members/{member}/$ref"), None).ok();
    }

    /// Every assignment of the app.
    pub fn assignments(&self) -> Vec<Value> {
        self.graph_list(&format!("/servicePrincipals/{}/appRoleAssignedTo?$top=999", self.get("service_principal_id")))
    }

    /// The first enabled role for users and groups.
    pub fn role(&self) -> String {
        let sp = self.graph("GET", &format!("/servicePrincipals/{}", self.get("service_principal_id")), None).ok();
        let sp = sp.json();
        let roles = sp["appRoles"].as_array().expect("appRoles");
        let usable = |r: &&Value| {
            r["isEnabled"] == true
                && r["allowedMemberTypes"].as_array().is_some_and(|a| a.iter().any(|t| t == "User"))
                && r["displayName"] != "msiam_access"
        };
        text(roles.iter().find(usable).unwrap_or_else(|| panic!("no enabled role in {sp}")), "id").to_owned()
    }

    /// Assigns a user or group with the first enabled role.
    pub fn assign(&self, principal: &str) -> String {
        let sp = self.get("service_principal_id");
        let body = json!({"principalId": principal, "resourceId": sp, "appRoleId": self.role()});
        let answer = self.graph("POST", &format!("/servicePrincipals/{sp}/appRoleAssignedTo"), Some(&body)).ok();
        text(&answer.json(), "id").to_owned()
    }

    /// Ends every direct assignment of a user or group.
    pub fn unassign(&self, principal: &str) {
        let sp = self.get("service_principal_id");
        for assignment in self.assignments().iter().filter(|a| a["principalId"] == principal) {
            let id = text(assignment, "id");
            self.graph("DELETE", &format!("/servicePrincipals/{sp}/appRoleAssignedTo/{id}"), None).ok();
        }
    }

    // --- the app -------------------------------------------------------------------------------------------------

    /// One SCIM request with the right token; `path` begins with a slash.
    pub fn scim(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        http::send(method, &format!("{}{path}", self.get("scim")), Some(self.get("scim_token")), body)
    }

    /// Every resource of one endpoint (`Users` or `Groups`), by plain paging.
    pub fn app(&self, endpoint: &str) -> Vec<Value> {
        scim_list(self.get("scim"), self.get("scim_token"), endpoint)
    }

    /// The account that carries this `externalId`, if there is one; a panic if there are several.
    pub fn account(&self, external_id: &str) -> Option<Value> {
        let mut found: Vec<Value> = self.app("Users").into_iter().filter(|u| u["externalId"] == external_id).collect();
        assert!(found.len() <= 1, "several accounts carry {external_id}: {found:?}");
        found.pop()
    }

    // --- control -------------------------------------------------------------------------------------------------

    /// How many requests came in since the last reset of the counters.
    pub fn requests(&self) -> Requests {
        Requests::parse(&http::send("GET", &format!("{}/requests", self.get("control")), None, None).ok().json())
    }

    /// Replaces the faults.
    pub fn faults(&self, faults: &Value) {
        http::send("PUT", &format!("{}/faults", self.get("control")), None, Some(faults)).ok();
    }

    /// No more faults.
    pub fn no_faults(&self) {
        self.faults(&super::faults::none());
    }
}

/// A process in a folder, at an address, with its ready line.
fn run(folder: &Path, address: &str, args: &[&str]) -> (Child, Value) {
    let mut command = home::binary(folder);
    command.args(["sandbox", "serve", "--listen", address]).args(args);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("heeler starts");
    let (line, lines) = mpsc::channel();
    let stdout = child.stdout.take().expect("stdout");
    std::thread::spawn(move || {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Reads on after the first line, so that the sandbox never blocks on a full pipe.
            let _ = line.send(text);
        }
    });
    let errors = home::drain(child.stderr.take().expect("stderr"));
    let first = lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| {
        let _ = child.kill();
        panic!("the sandbox printed no ready line; stderr: {}", errors.wait())
    });
    let ready = serde_json::from_str(&first).unwrap_or_else(|e| panic!("ready line {first:?}: {e}"));
    (child, ready)
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every resource of one SCIM endpoint. Stops on an empty page or one without a new id: real servers wrap around,
/// and some report fewer `totalResults` than they hold.
pub fn scim_list(base: &str, token: &str, endpoint: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    loop {
        let url = format!("{}/{endpoint}?startIndex={}&count=100", base.trim_end_matches('/'), all.len() + 1);
        let page = http::get_patiently(&url, token).ok().json();
        let fresh: Vec<Value> = page["Resources"]
            .as_array()
            .map(|r| r.iter().filter(|v| seen.insert(text(v, "id").to_owned())).cloned().collect())
            .unwrap_or_default();
        if fresh.is_empty() {
            return all;
        }
        all.extend(fresh);
    }
}
