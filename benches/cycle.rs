//! `cargo bench --bench cycle`: cycles of a large tenant, beside a bare client that sends the same requests.
//!
//! The sandbox, Heeler and the bare client are processes of their own, so that time and memory are those of one
//! program. Rounds alternate and each begins with a fresh app. Processor time and memory are read from `/proc` and
//! stay empty where there is none.
//!
//! - `HEELER_BENCH_USERS` (10000), `HEELER_BENCH_GROUPS` (50), `HEELER_BENCH_ROUNDS` (3)
//! - `HEELER_BENCH_LATENCY_MS` (10): one more round with an app that takes so long for each write; 0 leaves it out
//! - `HEELER_BENCH_APP_BASE`, `HEELER_BENCH_APP_TOKEN`: one initial cycle of a tenant of 2,000 (or
//!   `HEELER_BENCH_USERS`) into this SCIM server instead, which ought to be empty

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_macros)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::proxy::Proxy;
use common::{Home, Requests, Sandbox, Setup, faults, text};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Requests at once: what Heeler allows itself.
const CONCURRENCY: usize = 16;
/// People changed before the incremental cycle.
const CHANGES: usize = 10;
/// Carries the recipe of the bare client to the process that plays it.
const BARE: &str = "HEELER_BENCH_BARE";

fn main() {
    if let Ok(recipe) = std::env::var(BARE) {
        return bare(&std::fs::read_to_string(recipe).expect("a recipe"));
    }
    // Anything but `cargo bench` only wants to know that this builds.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let groups = number("HEELER_BENCH_GROUPS", 50);
    if let (Ok(base), Ok(token)) = (std::env::var("HEELER_BENCH_APP_BASE"), std::env::var("HEELER_BENCH_APP_TOKEN")) {
        return foreign(number("HEELER_BENCH_USERS", 2000), groups, &base, &token);
    }
    let tenant = Tenant { users: number("HEELER_BENCH_USERS", 10_000), groups };
    let rounds = number("HEELER_BENCH_ROUNDS", 3);
    println!("tenant of {} users and {} groups, {CONCURRENCY} requests at once", tenant.users, tenant.groups);

    let recipe = Recipe::record(&tenant);
    let last = compare(&tenant, &recipe, rounds, 0);
    let latency = number("HEELER_BENCH_LATENCY_MS", 10);
    if latency > 0 {
        // An app that takes its time, as every app does that is not on this machine.
        println!("the same, each write taking {latency} ms in the app");
        compare(&tenant, &recipe, 1, latency as u64);
    }
    if let Some((sandbox, home)) = last {
        repeated(&sandbox, &home);
    }
    dry(&tenant);
}

/// Rounds of initial cycles, ours and the bare client's in turn. Returns where the last of ours went.
fn compare(tenant: &Tenant, recipe: &Recipe, rounds: usize, latency: u64) -> Option<(Sandbox, Home)> {
    let serve = || {
        let sandbox = tenant.serve();
        if latency > 0 {
            sandbox.faults(&faults::rules(&[faults::latency("scim", "POST", "/Users", latency)]));
        }
        sandbox
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut last = None;
    for round in 1..=rounds {
        let sandbox = serve();
        let home = setup(&sandbox).home();
        let usage = measure(home.command(&["sync", "--initial", "--json"]), true);
        let heeler = Side::new(usage, &sandbox.requests());
        drop(last.take());
        last = Some((sandbox, home));
        heeler.print(&format!("heeler {round}"));
        ours.push(heeler);

        let sandbox = serve();
        let bare = Side::new(recipe.play(&sandbox), &sandbox.requests());
        bare.print(&format!("bare   {round}"));
        theirs.push(bare);
    }
    let speed = |sides: &[Side]| median(sides.iter().map(Side::speed).collect());
    println!("users per second, median: heeler {:.0}, bare {:.0}", speed(&ours), speed(&theirs));
    println!("ratio heeler / bare, median of rounds: {:.2}", median(ratios(&ours, &theirs)));
    last
}

/// What a cycle does that has little to do.
fn repeated(sandbox: &Sandbox, home: &Home) {
    let before = sandbox.requests();
    let usage = measure(home.command(&["sync", "--json"]), true);
    usage.print("no change", &sandbox.requests().since(&before));

    let people = sandbox.app("Users");
    let change = people.iter().filter(|p| p["active"] == true).take(CHANGES);
    let changed = change
        .enumerate()
        .map(|(i, p)| {
            let property = if i % 2 == 0 { "surname" } else { "givenName" };
            sandbox.patch_user(text(p, "externalId"), &json!({property: format!("Changed {i}")}));
        })
        .count();
    let before = sandbox.requests();
    let usage = measure(home.command(&["sync", "--json"]), true);
    usage.print(&format!("{changed} changes"), &sandbox.requests().since(&before));
}

/// A plan for everybody.
fn dry(tenant: &Tenant) {
    let sandbox = tenant.serve();
    let home = setup(&sandbox).home();
    let usage = measure(home.command(&["plan", "--json"]), false);
    let planned = usage.stdout.lines().count();
    usage.print(&format!("plan of {planned}"), &sandbox.requests());
}

/// An initial cycle into a server that somebody runs.
fn foreign(users: usize, groups: usize, base: &str, token: &str) {
    let sandbox = Tenant { users, groups }.serve();
    let home = setup(&sandbox).preset("scim").app(base, token).home();
    let usage = measure(home.command(&["sync", "--initial", "--json"]), false);
    let cycle: Value = serde_json::from_str(&usage.stdout).expect("one JSON object");
    println!("{cycle}");
    let created = cycle["counts"]["created"].as_f64().unwrap_or(0.0);
    println!(
        "created {created}: {:.0} users/s, {} CPU ms/user, {} requests, peak {} MB",
        created / usage.wall.as_secs_f64(),
        show(usage.cpu.map(|c| c.as_secs_f64() * 1000.0 / created)),
        cycle["app_requests"],
        show(usage.peak_mb),
    );
}

struct Tenant {
    users: usize,
    groups: usize,
}

impl Tenant {
    fn serve(&self) -> Sandbox {
        Sandbox::serve(&["--users", &self.users.to_string(), "--groups", &self.groups.to_string(), "--seed", "7"])
    }
}

fn setup(sandbox: &Sandbox) -> Setup {
    Setup::of(sandbox).line("scope = \"all\"")
}

/// One initial cycle, of either side.
struct Side {
    usage: Usage,
    created: f64,
    requests: Requests,
}

impl Side {
    fn new(usage: Usage, requests: &Requests) -> Self {
        let created = requests.count("scim", "POST", "/Users") as f64;
        Self { usage, created, requests: requests.clone() }
    }

    fn speed(&self) -> f64 {
        self.created / self.usage.wall.as_secs_f64()
    }

    fn print(&self, name: &str) {
        self.usage.print(name, &self.requests);
        println!(
            "{:14}   {:.0} created, {:.0} users/s, {:.3} requests/user, {} CPU ms/user",
            "",
            self.created,
            self.speed(),
            (self.requests.app() + self.requests.count("graph", "", "")) as f64 / self.created,
            show(self.usage.cpu.map(|c| c.as_secs_f64() * 1000.0 / self.created)),
        );
    }
}

fn ratios(ours: &[Side], theirs: &[Side]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(a, b)| a.speed() / b.speed()).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn show(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{v:.2}"))
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |v| v.parse().unwrap_or_else(|_| panic!("{name} is no number: {v:?}")))
}

/// What a process took.
struct Usage {
    wall: Duration,
    cpu: Option<Duration>,
    peak_mb: Option<f64>,
    stdout: String,
}

impl Usage {
    fn print(&self, name: &str, requests: &Requests) {
        println!(
            "{name:14} {:7.2} s wall, {} s CPU, peak {} MB, requests: graph {}, app {} (writes {})",
            self.wall.as_secs_f64(),
            show(self.cpu.map(|c| c.as_secs_f64())),
            show(self.peak_mb),
            requests.count("graph", "", ""),
            requests.app(),
            requests.app_writes(),
        );
    }
}

/// Runs a process to its end and watches what it takes.
fn measure(mut command: Command, must_succeed: bool) -> Usage {
    let folder = tempfile::tempdir().expect("a folder");
    // Into files: a full pipe would stop the clock's subject.
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let file = |path| std::fs::File::create(path).expect("a file");
    command.stdin(Stdio::null()).stdout(file(&out)).stderr(file(&err));
    let begin = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let (mut peak_mb, mut cpu) = (None, None);
    let wall = loop {
        let (state, used) = stat(&child);
        cpu = used.or(cpu);
        peak_mb = peak(&child).or(peak_mb);
        // An ended process still shows its processor time until somebody waits for it.
        if state == Some('Z') || (state.is_none() && child.try_wait().expect("try_wait").is_some()) {
            break begin.elapsed();
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    let status = child.wait().expect("wait");
    let stdout = std::fs::read_to_string(&out).expect("stdout");
    let stderr = std::fs::read_to_string(&err).expect("stderr");
    assert!(status.success() || !must_succeed, "{status}\nstdout: {stdout}\nstderr: {stderr}");
    Usage { wall, cpu, peak_mb, stdout }
}

/// State and processor time of a child.
fn stat(child: &Child) -> (Option<char>, Option<Duration>) {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", child.id())) else { return (None, None) };
    let Some((_, rest)) = stat.rsplit_once(") ") else { return (None, None) };
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    // A hundred ticks a second: the unit of this file on every Linux.
    let cpu = Duration::from_millis((ticks(11) + ticks(12)) * 10);
    (fields.first().and_then(|f| f.chars().next()), Some(cpu))
}

/// Most memory a child ever held, in MB.
fn peak(child: &Child) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<f64>().ok().map(|kb| kb / 1024.0)
}

// --- the bare client -------------------------------------------------------------------------------------------------

/// The requests of an initial cycle, recorded once from Heeler itself.
struct Recipe {
    /// First pages on Graph: paths with their query.
    graph: Vec<String>,
    /// Questions to the app.
    app: Vec<String>,
    /// Bodies of the accounts.
    bodies: Vec<String>,
}

impl Recipe {
    fn record(tenant: &Tenant) -> Self {
        let sandbox = tenant.serve();
        let (directory, graph) = listen(sandbox.get("graph"));
        let (target, app) = listen(sandbox.get("scim"));
        let home = setup(&sandbox).graph(&directory.base).app(&target.base, sandbox.get("scim_token")).home();
        measure(home.command(&["sync", "--initial", "--json"]), true);
        let first = |path: &String| !path.contains("skiptoken") && !path.contains("deltatoken");
        let paths = |list: &Mutex<Vec<String>>| list.lock().expect("the list").clone();
        Self {
            graph: paths(&graph).into_iter().filter(first).collect(),
            app: paths(&app),
            bodies: target.seen().into_iter().filter(|s| s.method == "POST").map(|s| s.body).collect(),
        }
    }

    /// Sends the same in a process of its own.
    fn play(&self, sandbox: &Sandbox) -> Usage {
        let own = |member: &str| sandbox.get(member).to_owned();
        let recipe = json!({
            "token_url": format!("{}/{}/oauth2/v2.0/token", own("authority"), own("tenant_id")),
            "client_id": own("client_id"), "client_secret": own("client_secret"),
            "graph": own("graph"), "scim": own("scim"), "scim_token": own("scim_token"),
            "graph_paths": self.graph, "app_paths": self.app, "bodies": self.bodies,
        });
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), recipe.to_string()).expect("the recipe");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env(BARE, file.path());
        measure(command, true)
    }
}

type Paths = Arc<Mutex<Vec<String>>>;

/// A proxy that notes the GETs with their queries.
fn listen(target: &str) -> (Proxy, Paths) {
    let paths = Paths::default();
    let noted = Arc::clone(&paths);
    let note = move |method: &str, path: &str, _: &str| {
        if method == "GET" {
            noted.lock().expect("the list").push(path.to_owned());
        }
        None
    };
    (Proxy::intercepting(target, Box::new(note)), paths)
}

/// The least a program can do: the pages of the directory, the questions to the app, one POST per person.
fn bare(recipe: &str) {
    let recipe: Value = serde_json::from_str(recipe).expect("a recipe");
    let list = |member: &str| -> Vec<String> {
        let items = recipe[member].as_array().expect("a list");
        items.iter().map(|i| i.as_str().expect("a text").to_owned()).collect()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let sent: Result<(), reqwest::Error> = runtime.block_on(async {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", text(&recipe, "client_id")),
            ("client_secret", text(&recipe, "client_secret")),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer: Value = http.post(text(&recipe, "token_url")).form(&form).send().await?.json().await?;
        let token = text(&answer, "access_token");
        for path in list("graph_paths") {
            let mut next = Some(format!("{}{path}", text(&recipe, "graph")));
            while let Some(url) = next {
                let page: Value = http.get(url).bearer_auth(token).send().await?.json().await?;
                next = page["@odata.nextLink"].as_str().map(str::to_owned);
            }
        }
        let (scim, token) = (text(&recipe, "scim"), text(&recipe, "scim_token"));
        for path in list("app_paths") {
            http.get(format!("{scim}{path}")).bearer_auth(token).send().await?.bytes().await?;
        }
        stream::iter(list("bodies"))
            .map(|body| {
                let request = http.post(format!("{scim}/Users")).bearer_auth(token);
                let request = request.header("content-type", "application/scim+json").body(body);
                async move { request.send().await?.error_for_status()?.bytes().await.map(drop) }
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect::<()>()
            .await
    });
    sent.expect("the bare client");
}
