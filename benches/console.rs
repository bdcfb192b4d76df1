//! `cargo bench --bench console`: what the console costs on the wire and how fast it answers, at 80x24 and 160x45.
//!
//! The built binary runs in a terminal of its own (a PTY); bytes are what it writes, times are from a key written to the
//! first byte read, on this machine and without a network. Nothing is asserted here: the budgets that fail are tests.
//!
//! `cargo bench --bench console -- keys log load store` runs only the parts that are named.
//!
//! - `HEELER_BENCH_USERS` (10000): size of the tenant for the cycle under which keys are typed
//! - `HEELER_BENCH_PEOPLE` (200000), `HEELER_BENCH_ENTRIES` (1000000): size of the large store

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_macros, dead_code)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/console/pty.rs"]
mod pty;
#[path = "../tests/console/watch.rs"]
mod watch;

use common::{Home, Sandbox, Setup};
use heeler::model::log::{ErrorInformation, Identity, Initiator, StatusInfo, System};
use heeler::model::{LogEntry, LogStatus, UserChange};
use heeler::store::{Store, log, mirror};
use pty::{Start, Term};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 45)];

fn main() {
    // Anything but `cargo bench` only wants to know that this builds.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |part: &str| named.is_empty() || named.iter().any(|n| n == part);
    for (columns, rows) in SIZES {
        println!("\n{columns}x{rows}");
        if wanted("keys") {
            small(columns, rows);
        }
        if wanted("log") {
            lines(columns, rows);
        }
    }
    if wanted("load") {
        loaded();
    }
    if wanted("store") {
        large();
    }
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn row(what: &str, value: &str) {
    println!("  {what:<44}{value:>28}");
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// Median and 99th percentile.
fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    format!("{} median, {} p99", ms(at(0.5)), ms(at(0.99)))
}

/// From a key to the first byte that it makes the console send.
fn answer(term: &mut Term, key: &str) -> Duration {
    term.quiet();
    let mark = term.mark();
    let began = Instant::now();
    term.raw(key.as_bytes());
    term.wait_more(mark);
    began.elapsed()
}

/// Seconds of processor time that a process has used.
fn cpu(term: &Term) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", term.pid().as_raw_nonzero())).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let field = |n: usize| rest.split_whitespace().nth(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    (field(11) + field(12)) / 100.0
}

/// Resident memory now and at its peak, in MB.
fn memory(term: &Term) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", term.pid().as_raw_nonzero())).unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    format!("{} MB, {} MB at its peak", of("VmRSS"), of("VmHWM"))
}

/// The sandbox at rest: what single keys cost.
fn small(columns: u16, rows: u16) {
    let mut term = Start::resting().size(columns, rows).start();
    term.ready();
    let first = term.since(term.start());
    row("first byte after the start", &ms(term.first_byte().unwrap_or_default()));
    row("first paint until quiet", &format!("{} B in {} frames", first.len(), first.frames()));
    for (what, keys) in [
        ("to the directory", "2"),
        ("cursor", "j"),
        ("half a page", "ctrl-d"),
        ("scroll by one", "j"),
        ("open the filter", "/"),
        ("type a letter", "a"),
        ("type another", "n"),
    ] {
        let burst = term.burst(keys);
        row(what, &format!("{} B in {} frames", burst.len(), burst.frames()));
    }
    term.keys("esc esc");
    for (what, keys) in [("to the mapping", "3"), ("to the log", "4"), ("to the overview", "1")] {
        let burst = term.burst(keys);
        row(what, &format!("{} B in {} frames", burst.len(), burst.frames()));
    }
    term.burst("2");
    let times = (0..60).map(|i| answer(&mut term, if i % 12 < 6 { "j" } else { "k" })).collect();
    row("key to first byte, idle", &spread(times));
    term.quiet_for(Duration::from_secs(2));
    let (mark, used, began) = (term.mark(), cpu(&term), Instant::now());
    term.let_pass(Duration::from_secs(10));
    let seconds = began.elapsed().as_secs_f64();
    row("idle, job off", &format!("{:.1} B/s", term.since(mark).len() as f64 / seconds));
    row("idle, processor", &format!("{:.2} %", (cpu(&term) - used) / seconds * 100.0));
}

/// An entry like those of a cycle.
fn entry(n: usize, at: jiff::Timestamp) -> LogEntry {
    let failed = n.is_multiple_of(10);
    let error = failed.then(|| ErrorInformation {
        error_code: "InvalidDomain".into(),
        reason: format!("The domain `d{}.example` is not verified for this team", n % 7),
        additional_details: Some("400 invalidValue".into()),
        error_category: "failure".into(),
        recommended_action: Some("Verify the domain in the app, or change the value in the directory.".into()),
    });
    let id = uuid::Uuid::now_v7().to_string();
    LogEntry {
        activity_date_time: at.to_string(),
        tenant_id: "t".into(),
        job_id: "main".into(),
        cycle_id: format!("cycle {}", n / 5000),
        change_id: id.clone(),
        id,
        provisioning_action: if n.is_multiple_of(3) { "create" } else { "update" }.into(),
        duration_in_milliseconds: 12,
        provisioning_status_info: StatusInfo {
            status: if failed { LogStatus::Failure } else { LogStatus::Success },
            error_information: error,
        },
        provisioning_steps: Vec::new(),
        modified_properties: Vec::new(),
        service_principal: Identity::default(),
        source_system: System::default(),
        target_system: System::default(),
        source_identity: Identity {
            id: format!("user {}", n % 200_000),
            display_name: format!("person.{}@contoso.example", n % 200_000),
            identity_type: Some("User".into()),
            ..Identity::default()
        },
        target_identity: Identity::default(),
        initiated_by: Initiator::default(),
    }
}

/// The log while lines come in.
fn lines(columns: u16, rows: u16) {
    let sandbox = Sandbox::serve(&["--users", "20", "--groups", "2"]);
    let home = Setup::of(&sandbox).line("enabled = false").home();
    home.run(&["sync"]);
    let store = Store::open(&Store::file_of(&home.data, "main").unwrap()).unwrap();
    let mut term = Start::configured(&home).size(columns, rows).start();
    term.ready();
    term.keys("4");
    term.quiet_for(Duration::from_secs(1));
    for (rate, seconds) in [(1_usize, 30_u64), (1000, 5)] {
        let (mark, began) = (term.mark(), Instant::now());
        let mut written = 0;
        while began.elapsed() < Duration::from_secs(seconds) {
            let due = (began.elapsed().as_secs_f64() * rate as f64) as usize + 1;
            let from = written;
            written = due;
            store
                .write_blocking(move |c| {
                    for n in from..due {
                        log::append(c, &entry(n, jiff::Timestamp::now()))?;
                    }
                    Ok(())
                })
                .unwrap();
            std::thread::sleep(Duration::from_millis(if rate == 1 { 1000 } else { 10 }));
        }
        let burst = term.since(mark);
        let bytes = burst.len() as f64 / began.elapsed().as_secs_f64();
        row(&format!("log at {rate} lines a second"), &format!("{bytes:.0} B/s in {} frames", burst.frames()));
        if std::env::var_os("HEELER_BENCH_FRAMES").is_some() {
            for frame in burst.each() {
                println!("{:6} {}", frame.len(), frame.escape_ascii());
            }
        }
    }
}

/// Keys while a large initial cycle runs in the same process.
fn loaded() {
    let users = number("HEELER_BENCH_USERS", 10_000);
    println!("\nwhile this process provisions a tenant of {users} users, 80x24");
    let sandbox = Sandbox::serve(&["--users", &users.to_string(), "--groups", "50"]);
    let home = Setup::of(&sandbox).line("enabled = true").home();
    let mut term = Start::configured(&home).start();
    term.wait_for("running");
    term.keys("2");
    // A list long enough for the cursor to move in: where it cannot, a key has nothing to draw.
    let cursor = |screen: &vt100::Screen| screen.rows(0, 3).position(|start| start.contains('›'));
    let full = |screen: &vt100::Screen| screen.rows(0, 20).skip(6).take(15).all(|row| !row.trim().is_empty());
    term.wait_until("a page of people", |screen| cursor(screen).is_some() && full(screen));
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < 400 && began.elapsed() < Duration::from_secs(60) {
        let before = term.screen(cursor);
        let pressed = Instant::now();
        term.raw(if times.len() % 20 < 10 { b"j" } else { b"k" });
        // Other things are drawn meanwhile: what counts is that the cursor is elsewhere.
        term.wait_until("the cursor moved", |screen| cursor(screen) != before);
        times.push(pressed.elapsed());
        term.let_pass(Duration::from_millis(40));
        if times.len() % 20 == 0 && !term.row(0).contains("running") {
            break;
        }
    }
    row(&format!("key to the cursor moved, {} keys", times.len()), &spread(times));
    term.keys("1");
    term.quiet();
    let (mark, began) = (term.mark(), Instant::now());
    term.let_pass(Duration::from_secs(5));
    let rate = term.since(mark).len() as f64 / began.elapsed().as_secs_f64();
    row(
        "overview while it runs",
        &format!("{rate:.0} B/s, {}", if term.row(0).contains("running") { "running" } else { "ended" }),
    );
}

/// A store of a large tenant with a long log.
fn large() {
    let (people, entries) = (number("HEELER_BENCH_PEOPLE", 200_000), number("HEELER_BENCH_ENTRIES", 1_000_000));
    println!("\n{people} people and {entries} log entries in the store");
    let sandbox = Sandbox::serve(&["--users", "20", "--groups", "2"]);
    let home = Setup::of(&sandbox).line("enabled = false").home();
    home.run(&["sync"]);
    fill(&home, people, entries);
    for (columns, rows) in SIZES {
        println!(" {columns}x{rows}");
        let mut term = Start::configured(&home).size(columns, rows).start();
        term.wait_for("Needs attention");
        row("overview with its numbers", &ms(term.begin().elapsed()));
        row("first byte after the start", &ms(term.first_byte().unwrap_or_default()));
        term.quiet_for(Duration::from_millis(500));
        let began = Instant::now();
        term.keys("2");
        term.wait_for("person.");
        row("directory with people", &ms(began.elapsed()));
        // Where it was left the last time is not where it begins here.
        term.keys("g g");
        term.wait_for("ada");
        term.quiet_for(Duration::from_millis(300));
        let times = (0..20).map(|_| answer(&mut term, "\x04")).collect();
        row("page down", &spread(times));
        let began = Instant::now();
        term.keys("G");
        term.wait_for(&format!("person.{:06}", people - 1));
        row("to the last of them", &ms(began.elapsed()));
        term.keys("/");
        let began = Instant::now();
        term.raw(b"person.12");
        // The filter itself shows what was typed; a row shows more.
        term.wait_for("person.120000");
        row("search, nine letters in one go until the rows", &ms(began.elapsed()));
        term.quiet_for(Duration::from_millis(300));
        let began = Instant::now();
        term.raw(b"3");
        term.wait_for("person.123000");
        row("search, one more letter", &ms(began.elapsed()));
        term.keys("esc esc");
        let began = Instant::now();
        term.keys("4");
        term.wait_for("Events");
        row("log with causes", &ms(began.elapsed()));
        term.quiet_for(Duration::from_millis(300));
        term.keys("tab");
        let times = (0..20).map(|_| answer(&mut term, "\x04")).collect();
        row("page down in the log", &spread(times));
        row("memory", &memory(&term));
    }
}

/// People and entries, stored as a cycle stores them.
fn fill(home: &Home, people: usize, entries: usize) {
    let store = Store::open(&Store::file_of(&home.data, "main").unwrap()).unwrap();
    for from in (0..people).step_by(5000) {
        let to = (from + 5000).min(people);
        store
            .write_blocking(move |c| {
                for n in from..to {
                    let properties = json!({
                        "displayName": format!("person.{n:06}"),
                        "userPrincipalName": format!("person.{n:06}@contoso.example"),
                        "accountEnabled": true,
                        "department": format!("Department {}", n % 40),
                    });
                    let Value::Object(properties) = properties else { unreachable!() };
                    let change = UserChange { id: format!("user {n}"), properties, ..UserChange::default() };
                    mirror::apply_user(c, &change, 1)?;
                }
                Ok(())
            })
            .unwrap();
    }
    // Spread over the last day, as the log of a busy tenant is.
    let day = jiff::SignedDuration::from_hours(24).as_millis() as i64;
    let begin = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    for from in (0..entries).step_by(10_000) {
        let to = (from + 10_000).min(entries);
        store
            .write_blocking(move |c| {
                for n in from..to {
                    let at = jiff::SignedDuration::from_millis(day / entries as i64 * n as i64);
                    log::append(c, &entry(n, begin + at))?;
                }
                Ok(())
            })
            .unwrap();
    }
}
