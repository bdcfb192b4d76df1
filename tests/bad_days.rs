//! Bad days: servers that lie, vanish or never stop; a database that is newer, damaged or read-only; a second
//! process; Ctrl-C. Each gets a clear message and its exit code, and nothing is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::fake::Fake;
use common::proxy::Proxy;
use common::{Home, Sandbox, Setup, faults, text, wait_until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// A sandbox for the tests that only look at it. It lives as long as one of them holds it: a static would never be
/// dropped, and its process would outlive this one.
fn shared() -> Arc<Sandbox> {
    static SHARED: Mutex<Weak<Sandbox>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let sandbox = Arc::new(Sandbox::serve(&["--users", "12", "--seed", "2"]));
        *shared = Arc::downgrade(&sandbox);
        sandbox
    })
}

/// `heeler test` with another app must fail with this code and say these words.
fn app_must_fail(tenant_url: &str, code: i32, words: &[&str]) -> common::Run {
    let sandbox = shared();
    let home = Setup::of(&sandbox).app(tenant_url, "a-token-that-nobody-knows").home();
    home.run(&["test"]).code(code).says(words)
}

// --- the way to the app ------------------------------------------------------------------------------------------

#[test]
fn a_tenant_url_must_be_https() {
    app_must_fail("http://api.example.com/scim", 2, &["https"]);
    app_must_fail("api.example.com/scim", 2, &["https"]);
    app_must_fail("ftp://api.example.com/scim", 2, &["https"]);
    app_must_fail("", 2, &["tenant"]);
}

#[test]
fn an_answer_in_html_is_not_an_app() {
    let fake = Fake::answering(200, "text/html", "<!doctype html><title>Sign in</title>");
    app_must_fail(&fake.base, 3, &["html|web page"]);
}

#[test]
fn a_wrong_token_is_named_as_such() {
    let sandbox = shared();
    let run = app_must_fail(sandbox.get("scim"), 3, &["token", "401|unauthorized"]);
    assert!(!format!("{run:?}").contains("a-token-that-nobody-knows"), "the token was printed: {run:?}");
    let home = Setup::of(&sandbox).app(sandbox.get("scim"), "a-token-that-nobody-knows").home();
    home.run(&["sync"]).code(3).says(&["token"]);
}

#[test]
fn a_wrong_client_secret_is_named_as_such() {
    let sandbox = shared();
    let home = Setup::of(&sandbox).client_secret("a-secret-that-nobody-knows").home();
    let run = home.run(&["test"]).code(3).says(&["secret"]);
    assert!(!format!("{run:?}").contains("a-secret-that-nobody-knows"), "the secret was printed: {run:?}");
    let steps = home.run(&["test", "--json"]).code(3).json();
    assert_eq!(steps["ok"], false, "{steps}");
    assert!(steps["steps"].as_array().unwrap().iter().any(|s| s["ok"] == false), "{steps}");
}

#[test]
fn a_certificate_must_be_trusted() {
    let sandbox = Sandbox::serve(&["--users", "6", "--tls"]);
    assert!(sandbox.get("scim").starts_with("https://"));
    Setup::of(&sandbox).home().run(&["test"]).ok();
    Setup::of(&sandbox).without_ca().home().run(&["test"]).code(3).says(&["certificate"]);
}

#[test]
fn a_refused_connection_and_an_unknown_host_are_told_apart() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    app_must_fail(&format!("http://127.0.0.1:{port}/scim"), 3, &["refused", &port.to_string()]);
    app_must_fail("https://flock.invalid/v2/scim", 3, &["flock.invalid", "resolve|dns|not known|no such host|name"]);
}

#[test]
fn an_app_that_never_answers_runs_into_the_time_limit() {
    let fake = Fake::start(|_, _| std::thread::sleep(Duration::from_secs(110)));
    app_must_fail(&fake.base, 3, &["time|answer"]);
}

#[test]
fn a_body_that_is_cut_off_is_not_believed() {
    let fake = Fake::start(|stream, _| {
        let body =
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;
        let length = body.len() + 500;
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: {length}\r\n\r\n");
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    });
    app_must_fail(&fake.base, 3, &["cut|incomplete|closed|end|truncated|body"]);
}

#[test]
fn a_body_of_a_gigabyte_is_not_swallowed() {
    static SENT: AtomicU64 = AtomicU64::new(0);
    let fake = Fake::start(|stream, _| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nConnection: close\r\n\r\n{\"Resources\":[\"",
        );
        let block = vec![b'x'; 1 << 20];
        for _ in 0..1024 {
            if stream.write_all(&block).is_err() {
                return;
            }
            SENT.fetch_add(1, Ordering::Relaxed);
        }
    });
    app_must_fail(&fake.base, 3, &["large|big|limit|mib|mb|bytes"]);
    let sent = SENT.load(Ordering::Relaxed);
    assert!(sent < 256, "{sent} MiB were read before it was too much");
}

#[test]
fn json_ten_thousand_deep_is_refused() {
    let fake = Fake::start(|stream, _| {
        let body = format!("{{\"Resources\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    });
    app_must_fail(&fake.base, 3, &["deep|nest"]);
}

#[test]
fn a_filter_that_finds_everybody_is_not_believed() {
    let sandbox = shared();
    let scim = Proxy::intercepting(
        sandbox.get("scim"),
        Box::new(|method, path, _| {
            let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 1,
                "startIndex": 1, "itemsPerPage": 1, "Resources": [{"id": "1", "userName": "somebody@example.com"}]});
            (method == "GET" && path.contains("filter=")).then(|| (200, "application/scim+json", body.to_string()))
        }),
    );
    let home = Setup::of(&sandbox).app(&scim.base, sandbox.get("scim_token")).home();
    home.run(&["test"]).code(3).says(&["filter"]);
}

#[test]
fn credentials_do_not_follow_a_redirect_or_a_link_to_another_origin() {
    let sandbox = shared();
    let trap = Fake::answering(200, "application/scim+json", r#"{"value":[],"Resources":[],"totalResults":0}"#);
    let elsewhere = trap.base.clone();
    let door = Fake::start(move |stream, _| {
        let _ = write!(stream, "HTTP/1.1 302 Found\r\nLocation: {elsewhere}/Users\r\nContent-Length: 0\r\n\r\n");
    });
    app_must_fail(&door.base, 3, &["redirect|moved|302"]);

    let elsewhere = trap.base.clone();
    let graph = Proxy::intercepting(
        sandbox.get("graph").trim_end_matches("/v1.0"),
        Box::new(move |_, path, _| {
            let page = json!({"value": [], "@odata.nextLink": format!("{elsewhere}/v1.0/users/delta?$skiptoken=1")});
            path.contains("/users").then(|| (200, "application/json", page.to_string()))
        }),
    );
    let home = Setup::of(&sandbox).graph(&format!("{}/v1.0", graph.base)).home();
    let run = home.run(&["sync"]);
    assert!([3, 4].contains(&run.code), "{run:?}");
    let told: Vec<String> = trap.heads().into_iter().filter(|h| h.to_lowercase().contains("authorization:")).collect();
    assert!(told.is_empty(), "a token went to another origin: {told:?}");
}

#[test]
fn a_directory_that_pages_for_ever_ends_with_a_message() {
    let sandbox = shared();
    let graph = Proxy::intercepting(
        sandbox.get("graph").trim_end_matches("/v1.0"),
        Box::new(|_, path, own| {
            let page = json!({"value": [], "@odata.nextLink": format!("{own}/v1.0/users/delta?$skiptoken=again")});
            path.contains("/users/delta").then(|| (200, "application/json", page.to_string()))
        }),
    );
    let home = Setup::of(&sandbox).graph(&format!("{}/v1.0", graph.base)).home();
    let run = home.run(&["sync"]).says(&["page|loop|link"]);
    assert!([3, 4].contains(&run.code), "{run:?}");
}

#[test]
fn an_app_that_pages_for_ever_ends_with_a_message() {
    static PAGES: AtomicU64 = AtomicU64::new(0);
    let sandbox = Sandbox::serve(&["--users", "60", "--seed", "8"]);
    let scim = Proxy::intercepting(
        sandbox.get("scim"),
        Box::new(|method, path, _| {
            if method != "GET" || !path.contains("/Users") || path.contains("filter=") {
                return None;
            }
            let page = PAGES.fetch_add(1, Ordering::Relaxed);
            let resources: Vec<Value> = (0..100)
                .map(|n| json!({"id": format!("{page}-{n}"), "userName": format!("endless-{page}-{n}@example.com")}))
                .collect();
            let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 1_000_000_000,
                "startIndex": 1, "itemsPerPage": 100, "Resources": resources});
            Some((200, "application/scim+json", body.to_string()))
        }),
    );
    let home = Setup::of(&sandbox).app(&scim.base, sandbox.get("scim_token")).line("scope = \"all\"").home();
    let run = home.run(&["sync"]);
    // It may give up, or ask for each person instead of listing; it may not read on for ever, nor match a stranger.
    assert!([0, 1, 3].contains(&run.code), "{run:?}");
    assert!(PAGES.load(Ordering::Relaxed) < 100_000, "{run:?}");
    assert!(!run.stderr.contains("panicked"), "{run:?}");
}

/// I12: what is secret is in no file, no output and no argument list.
#[test]
fn secrets_reach_neither_the_store_nor_the_output() {
    let sandbox = Sandbox::serve(&["--users", "10", "--seed", "6"]);
    let home = Setup::of(&sandbox).home();
    let mut output = String::new();
    for args in [&["test"][..], &["sync", "--json"], &["log", "--json"], &["status", "--json"], &["config", "check"]] {
        let run = home.run(args).ok();
        output.push_str(&run.stdout);
        output.push_str(&run.stderr);
    }
    // Access tokens are different each time, but they all begin with the same header.
    let access_token = sandbox.graph_token().split('.').next().expect("a token");
    assert!(access_token.len() > 10);
    for secret in [sandbox.get("scim_token"), sandbox.get("client_secret"), access_token] {
        assert!(!output.contains(secret), "a secret was printed");
        for file in home.files() {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "a secret is in {}", file.display());
        }
    }
}

// --- names -------------------------------------------------------------------------------------------------------

#[test]
fn unknown_and_ambiguous_names_are_usage_errors() {
    let sandbox = Sandbox::serve(&["--users", "8", "--seed", "14"]);
    let home = Setup::of(&sandbox).home();
    let twins: Vec<String> = ["one", "two"]
        .iter()
        .map(|n| {
            let id = sandbox.create_user("Twin", n);
            sandbox.patch_user(&id, &json!({"displayName": "Twin Doe"}));
            id
        })
        .collect();
    home.run(&["--job", "nobody", "sync"]).code(2).says(&["nobody", "main"]);
    home.run(&["provision", "nobody@nowhere.example"]).code(2).says(&["nobody@nowhere.example"]);
    let run = home.run(&["provision", "Twin Doe"]).code(2);
    for id in &twins {
        let name =
            text(&sandbox.graph("GET", &format!("/users/{id}"), None).ok().json(), "userPrincipalName").to_owned();
        assert!(run.stderr.contains(&name) || run.stderr.contains(id), "the list does not name {name}: {run:?}");
    }
    assert!(sandbox.app("Users").is_empty());
    home.run(&["no-such-command"]).code(2);
    home.run(&["sync", "--no-such-flag"]).code(2);
}

// --- the store ---------------------------------------------------------------------------------------------------

/// The database of the job `main`.
fn database(home: &Home) -> std::path::PathBuf {
    let found = home.databases();
    found
        .iter()
        .find(|p| p.to_string_lossy().contains("main"))
        .or_else(|| found.first())
        .unwrap_or_else(|| panic!("no database in {}", home.data.display()))
        .clone()
}

#[test]
fn a_database_from_a_newer_heeler_is_left_alone() {
    let sandbox = shared();
    let home = Setup::of(&sandbox).home();
    home.run(&["plan"]).ok();
    let path = database(&home);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 9999).unwrap();
    connection.close().unwrap();
    let before = std::fs::read(&path).unwrap();
    for args in [&["sync"][..], &["plan"], &["log"]] {
        home.run(args).code(5).says(&["newer"]);
    }
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
}

#[test]
fn a_damaged_database_is_reported_and_kept() {
    let sandbox = shared();
    let home = Setup::of(&sandbox).home();
    home.run(&["plan"]).ok();
    let path = database(&home);
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{side}", path.display()));
    }
    let mut bytes = std::fs::read(&path).unwrap();
    for byte in bytes.iter_mut().skip(100) {
        *byte ^= 0x5a;
    }
    std::fs::write(&path, &bytes).unwrap();
    home.run(&["sync"]).code(5).says(&["damaged|malformed|corrupt", path.file_name().unwrap().to_str().unwrap()]);
    assert!(path.exists(), "a damaged database was thrown away");
    std::fs::write(&path, b"this is no database at all, but somebody put it here ".repeat(40)).unwrap();
    home.run(&["sync"]).code(5);
}

#[test]
fn a_folder_that_cannot_be_written_is_a_storage_error() {
    let sandbox = shared();
    let home = Setup::of(&sandbox).home();
    std::fs::write(&home.data, "a file where the folder should be").unwrap();
    home.run(&["sync"]).code(5).says(&[home.data.to_str().unwrap()]);

    use std::os::unix::fs::PermissionsExt;
    let home = Setup::of(&sandbox).home();
    std::fs::create_dir(&home.data).unwrap();
    std::fs::set_permissions(&home.data, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(home.data.join("probe"), "").is_ok() {
        // Permissions do not bind this user (root): take a folder where nobody can make a file.
        let _ = std::fs::remove_file(home.data.join("probe"));
        let mut bare = common::home::binary(home.folder.path());
        bare.args(["sync", "--data-dir", "/proc/self", "--config"]).arg(&home.config);
        let output = bare.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{output:?}");
    } else {
        home.run(&["sync"]).code(5).says(&[home.data.to_str().unwrap()]);
    }
}

/// The disk fills up in the middle of a cycle. A limit on the size of files has the same effect on SQLite.
#[test]
fn a_full_disk_loses_nothing_and_duplicates_nobody() {
    let sandbox = Sandbox::serve(&["--users", "150", "--seed", "31"]);
    let home = Setup::of(&sandbox).line("scope = \"all\"").home();
    let limited = |kib: u32| {
        let mut command = std::process::Command::new("bash");
        let heeler = home.command(&["sync"]);
        command.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\"")).arg("bash");
        command.arg(heeler.get_program()).args(heeler.get_args());
        command.envs(heeler.get_envs().filter_map(|(k, v)| Some((k, v?)))).stdin(Stdio::null());
        command.output().unwrap()
    };
    let mut full = 0;
    for kib in [256, 512, 1024] {
        let output = limited(kib);
        let code = output.status.code();
        assert!(code == Some(5) || code == Some(0), "{kib} KiB: {output:?}");
        full += u32::from(code == Some(5));
    }
    assert!(full > 0, "the limit was never reached");
    home.run(&["sync"]).ok();
    let accounts = sandbox.app("Users").len() as u64;
    assert!(accounts > 100);
    assert_eq!(sandbox.requests().count("scim", "POST", "/Users"), accounts, "somebody was posted twice");
}

// --- other processes and signals ---------------------------------------------------------------------------------

#[test]
fn a_second_process_on_the_same_job_watches_and_asks() {
    let sandbox = Sandbox::serve(&["--users", "15", "--seed", "12"]);
    let home = Setup::of(&sandbox).line("interval = \"60m\"").home();
    let mut holder = home.start(&["run"]);
    wait_until("the first cycle", || {
        assert!(holder.alive(), "heeler run ended by itself");
        home.run(&["status", "--json"]).stdout.contains("succeeded") || !sandbox.app("Users").is_empty()
    });
    let pid = holder.child.id().to_string();
    home.run(&["run"]).code(4).says(&[&pid]);
    let id = sandbox.create_user("Second", "Process");
    sandbox.assign(&id);
    let cycle = home.run(&["sync", "--json"]).ok().json();
    assert_eq!(cycle["job"], "main", "{cycle}");
    assert!(sandbox.account(&id).is_some(), "the holder did not run the cycle that was asked for");
    for args in [&["status"][..], &["users"], &["log"], &["plan"]] {
        home.run(args).ok();
    }
    assert!(holder.alive());
    holder.signal(Signal::TERM);
    let run = holder.finish().code(143);
    assert!(run.elapsed < Duration::from_secs(110), "{run:?}");
}

#[test]
fn a_signal_stops_a_cycle_at_once_and_says_what_is_done_and_what_is_not() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let sandbox = Sandbox::serve(&["--users", "120", "--seed", "40"]);
        let home = Setup::of(&sandbox).line("scope = \"all\"").home();
        sandbox.faults(&faults::rules(&[faults::latency("scim", "POST", "/Users", 400)]));
        let mut running = home.start(&["sync"]);
        wait_until("some people", || {
            assert!(running.alive(), "the cycle ended early");
            sandbox.requests().count("scim", "POST", "/Users") > 5
        });
        let begin = std::time::Instant::now();
        running.signal(signal);
        let run = running.finish().code(code).says(&["done", "not done", "unknown"]);
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(3), "stopping took {took:?}");
        assert!(!run.stderr.contains("panicked"), "{run:?}");
        sandbox.no_faults();
        let made = sandbox.app("Users").len();
        home.run(&["sync"]).ok();
        let accounts = sandbox.app("Users");
        assert!(accounts.len() > made, "the first run was over already");
        assert_eq!(
            sandbox.requests().count("scim", "POST", "/Users"),
            accounts.len() as u64,
            "somebody was posted twice"
        );
    }
}

/// The app goes away in the middle, and comes back.
#[test]
fn an_app_that_refuses_for_a_while_is_waited_for() {
    let sandbox = Sandbox::serve(&["--users", "25", "--seed", "17"]);
    let home = Setup::of(&sandbox).line("scope = \"all\"").home();
    sandbox.faults(&faults::rules(&[faults::throttled("scim", "POST", "/Users", 3)]));
    let cycle = home.run(&["sync", "--json"]).ok().json();
    assert_eq!(cycle["counts"]["failed"], 0, "{cycle}");
    let accounts = sandbox.app("Users").len() as u64;
    assert_eq!(cycle["counts"]["created"], accounts, "{cycle}");
}

#[test]
fn many_processes_open_a_new_database_at_once() {
    for _ in 0..6 {
        let home = Home::empty();
        let running: Vec<_> = (0..6).map(|_| home.start(&["status"])).collect();
        for process in running {
            process.finish().ok();
        }
    }
}
