//! What interactions cost on a wire. Above these figures a slow link is felt; each failure prints the whole table.

use super::common::{Sandbox, Setup, faults};
use super::pty::{Burst, Start, Term};
use heeler::store::log;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// One interaction, what it cost, and what it may cost.
struct Cost {
    what: String,
    bytes: usize,
    most: usize,
}

struct Table {
    size: (u16, u16),
    costs: Vec<Cost>,
}

impl Table {
    fn add(&mut self, what: &str, bytes: usize, most: (usize, usize)) {
        let most = if self.size.0 < 120 { most.0 } else { most.1 };
        self.costs.push(Cost { what: what.to_owned(), bytes, most });
    }

    fn check(&self) {
        let mut text = format!("at {}x{}\n", self.size.0, self.size.1);
        for cost in &self.costs {
            let over = if cost.bytes > cost.most { "  TOO MUCH" } else { "" };
            text.push_str(&format!("  {:<44}{:>7} B of {:>5}{over}\n", cost.what, cost.bytes, cost.most));
        }
        assert!(self.costs.iter().all(|c| c.bytes <= c.most), "{text}");
    }
}

const PAINT: (usize, usize) = (4096, 9216);
const MOVE: (usize, usize) = (250, 300);
const TYPE: (usize, usize) = (150, 150);
const SCROLL: (usize, usize) = (900, 2560);
/// A title, a selected row in each pane, and the line of hints: each pane has its own keys.
const FOCUS: (usize, usize) = (400, 550);
const MESSAGE: (usize, usize) = (250, 350);

/// The largest of several frames.
fn largest(burst: &Burst) -> usize {
    burst.each().iter().map(Vec::len).max().unwrap_or(0)
}

/// What the first frame after a key costs. `there` and `back` undo each other, so it is tried twice: an age that changes
/// in the same moment is not the key's fault.
fn first_frame(term: &mut Term, there: &str, back: &str) -> usize {
    let mut once = |keys: &str| {
        let cost = term.burst(keys).each().first().map_or(0, Vec::len);
        // What belongs to the new row is asked for and drawn later: that is another frame.
        term.quiet_for(Duration::from_millis(200));
        cost
    };
    let first = once(there);
    once(back);
    first.min(once(there))
}

fn interactions(columns: u16, rows: u16) {
    let mut term = Start::resting().size(columns, rows).start();
    term.ready();
    let mut table = Table { size: (columns, rows), costs: Vec::new() };
    table.add("first paint, everything until it is quiet", term.since(term.start()).len(), PAINT);
    for view in ["2 Directory", "3 Mapping", "4 Log", "5 Plan", "1 Overview"] {
        let burst = term.burst(&view[..1]);
        table.add(&format!("switch to {view}"), largest(&burst), PAINT);
    }
    for (view, name) in [("1", "Overview"), ("2", "Directory"), ("3", "Mapping"), ("4", "Log")] {
        term.view(view);
        let cost = first_frame(&mut term, "j", "k");
        table.add(&format!("{name}: cursor down"), cost, MOVE);
    }
    term.view("2");
    term.key("G");
    term.quiet_for(Duration::from_millis(300));
    term.keys("g g");
    term.quiet_for(Duration::from_millis(300));
    for _ in 0..rows {
        term.key("j");
    }
    term.quiet_for(Duration::from_millis(300));
    let burst = term.burst("j");
    table.add("Directory: scroll by one", burst.each().first().map_or(0, Vec::len), SCROLL);
    term.quiet_for(Duration::from_millis(200));
    let cost = first_frame(&mut term, "tab", "tab");
    table.add("Directory: focus", cost, FOCUS);
    term.key("tab");
    // A pane that fills the page shows all of it anew.
    let burst = term.burst("z");
    table.add("Directory: zoom", largest(&burst), PAINT);
    term.burst("z");
    term.keys(":");
    term.quiet_for(Duration::from_millis(200));
    let burst = term.burst("~");
    table.add("palette: a key that finds other actions", largest(&burst), SCROLL);
    term.key("esc");
    term.quiet_for(Duration::from_millis(200));
    term.key("/");
    term.quiet_for(Duration::from_millis(200));
    // A key that finds other people costs what they cost; one that changes nothing but the input costs little.
    let burst = term.burst("e");
    table.add("Directory: a filter that finds others", largest(&burst), PAINT);
    term.types("zzz");
    term.quiet_for(Duration::from_millis(400));
    for key in ["z", "backspace"] {
        let burst = term.burst(key);
        table.add(&format!("Directory: typing, {key}"), burst.each().first().map_or(0, Vec::len), TYPE);
        term.quiet_for(Duration::from_millis(200));
    }
    term.keys("esc esc");
    term.quiet_for(Duration::from_millis(200));
    let burst = term.burst("ctrl-c");
    table.add("a message", largest(&burst), MESSAGE);
    table.check();
    term.nothing_odd();
}

#[test]
fn interactions_at_80x24() {
    interactions(80, 24);
}

#[test]
fn interactions_at_160x45() {
    interactions(160, 45);
}

#[test]
fn idle_with_the_job_off_is_silence() {
    let mut term = Start::resting().start();
    term.ready();
    for view in ["1", "2", "3", "4", "5"] {
        term.view(view);
        if view == "5" {
            // Entering it makes a plan.
            term.wait_for("nothing written");
            term.quiet_for(Duration::from_millis(200));
        }
        // An age on the screen may have changed in between, but not twice.
        let mark = term.mark();
        term.let_pass(Duration::from_secs(1));
        let idle = term.since(mark);
        assert!(idle.frames() <= 1 && idle.len() <= 90, "view {view}: {}", idle.spelled());
    }
}

#[test]
fn idle_between_cycles_is_a_few_bytes() {
    // The larger screen shows everything that the smaller one does, and more.
    let mut term = Start::fresh().size(160, 45).start();
    term.wait_for("1 Overview");
    term.wait_for("live");
    term.quiet_for(Duration::from_millis(900));
    let seconds = 4;
    let mark = term.mark();
    term.let_pass(Duration::from_secs(seconds));
    let idle = term.since(mark);
    let most = 60 * usize::try_from(seconds).unwrap();
    assert!(idle.len() <= most, "{} B in {seconds} s: {}", idle.len(), idle.spelled());
    term.keys("ctrl-c ctrl-c");
    assert_eq!(term.exit(), 0);
}

/// Writes entries like those that are there into a log, so many a second for so long; says how many.
fn fill(database: PathBuf, a_second: u32, time: Duration) -> u32 {
    let mut store = rusqlite::Connection::open(database).unwrap();
    store.busy_timeout(Duration::from_secs(10)).unwrap();
    // Different people in turn: rows that look the same cost nothing.
    let mut entries = log::query(&store, &log::LogQuery::default()).unwrap().into_iter().map(|row| row.entry).cycle();
    let (begin, mut written) = (Instant::now(), 0);
    while begin.elapsed() < time {
        let due = (begin.elapsed().as_secs_f64() * f64::from(a_second)) as u32;
        let transaction = store.transaction().unwrap();
        while written < due {
            let mut entry = entries.next().expect("a log of one cycle");
            entry.id = uuid::Uuid::now_v7().to_string();
            entry.activity_date_time = jiff::Timestamp::now().to_string();
            log::append(&transaction, &entry).unwrap();
            written += 1;
        }
        transaction.commit().unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    written
}

/// Bytes a second while a log of all events is followed that gets so many lines a second, after `before` and over
/// `time`.
fn following(columns: u16, rows: u16, a_second: u32, before: Duration, time: Duration) -> f64 {
    let start = Start::resting().size(columns, rows);
    let database = start.home().join("share/heeler/jobs/sandbox.db");
    let mut term = start.start();
    term.ready();
    term.view("4");
    // The events, all of them: at first only those of the chosen cause are shown.
    term.keys("tab esc");
    term.wait_for("following");
    term.quiet_for(Duration::from_millis(400));
    if !before.is_zero() {
        fill(database.clone(), a_second, before);
    }
    let (mark, begin) = (term.mark(), Instant::now());
    let written = fill(database, a_second, time);
    let seconds = begin.elapsed().as_secs_f64();
    let sent = term.since(mark);
    assert!(f64::from(written) > f64::from(a_second) * seconds / 2.0 - 1.0, "{written} in {seconds:.1} s");
    assert!(sent.frames() >= 3, "nothing is followed\n{}", term.dump());
    term.nothing_odd();
    sent.len() as f64 / seconds
}

#[test]
fn following_a_line_a_second_costs_little_at_80x24() {
    let rate = following(80, 24, 1, Duration::from_secs(3), Duration::from_secs(22));
    assert!(rate <= 250.0, "{rate:.0} B/s");
}

#[test]
fn following_a_line_a_second_costs_little_at_160x45() {
    let rate = following(160, 45, 1, Duration::from_secs(3), Duration::from_secs(22));
    assert!(rate <= 250.0, "{rate:.0} B/s");
}

#[test]
fn following_a_thousand_lines_a_second_costs_no_more_than_frames() {
    // However many lines there are, a frame shows the latest, thirty times a second at most.
    for (columns, rows, most) in [(80, 24, 25_000.0), (160, 45, 50_000.0)] {
        let rate = following(columns, rows, 1000, Duration::ZERO, Duration::from_secs(4));
        assert!(rate <= most, "{columns}x{rows}: {rate:.0} B/s");
    }
}

#[test]
fn a_cycle_that_runs_costs_little() {
    for (columns, rows) in [(80, 24), (160, 45)] {
        // Where every create hangs nothing moves but ages and times: the budget of an idle console. Where people are
        // made the counts move as well, once a second, and each costs its digits and the way to them.
        for (hangs, most) in [(60_000, 60.0), (500, 250.0)] {
            let sandbox = Sandbox::serve(&["--users", "250"]);
            sandbox.faults(&faults::rules(&[faults::latency("scim", "POST", "/Users", hangs)]));
            let home = Setup::of(&sandbox).line("scope = \"all\"").home();
            let mut term = Start::configured(&home).size(columns, rows).start();
            term.ready();
            term.wait_for("running");
            term.let_pass(Duration::from_millis(1500));
            let seconds = 4.0;
            let mark = term.mark();
            term.let_pass(Duration::from_secs_f64(seconds));
            let sent = term.since(mark);
            let rate = sent.len() as f64 / seconds;
            let what = format!("{columns}x{rows}, {hangs} ms: {rate:.0} B/s in {} frames", sent.frames());
            assert!(term.contents().contains("running"), "{}", term.dump());
            assert!(rate <= most, "{what}: {}\n{}", sent.spelled(), term.dump());
            term.keys("ctrl-c ctrl-c");
        }
    }
}

/// `1234 µs · 56 B · frame 7 · 890 B · 7 writes · 0 dropped`
fn figures(term: &Term) -> (u64, u64, u64) {
    let line = term.contents().lines().find(|l| l.contains(" writes · ")).expect("figures").to_owned();
    let number = |before: &str, after: &str| {
        let rest = line.split(before).nth(1).expect("a figure");
        rest.split(after).next().expect("a figure").trim().parse().expect("a number")
    };
    let dropped = line.split(" writes · ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let writes = line.split(" writes · ").next().and_then(|rest| rest.rsplit(' ').next());
    (number("frame ", " ·"), writes.unwrap().parse().unwrap(), dropped.unwrap().parse().unwrap())
}

#[test]
fn a_frame_is_one_write() {
    let mut term = Start::resting().size(160, 45).start();
    term.ready();
    term.key(":");
    term.types("debug");
    // The figures of a frame are known when it was sent: the next one shows them.
    term.keys("enter 2");
    term.wait_for(" writes · ");
    for keys in ["2 j j j G", "3 j j", "4 j", "5", "1", ":", "esc", "?", "esc", "ctrl-l"] {
        term.keys(keys);
        term.quiet();
    }
    let (frames, writes, dropped) = figures(&term);
    assert!(frames > 10, "{frames} frames\n{}", term.dump());
    assert_eq!((writes, dropped), (frames, 0), "{}", term.dump());
    let sent = term.since(term.start());
    assert_eq!(sent.bytes.windows(8).filter(|w| w == b"\x1b[?2026l").count(), sent.frames());
}

#[test]
fn frames_are_capped_however_fast_one_types() {
    let mut term = Start::resting().start();
    term.ready();
    term.view("2");
    let mark = term.mark();
    let begin = std::time::Instant::now();
    for _ in 0..40 {
        term.raw(b"jjjjjjjjkkkkkkkk");
        term.let_pass(Duration::from_millis(10));
    }
    let seconds = begin.elapsed().as_secs_f64();
    term.quiet();
    let most = (seconds * 31.0).ceil() as usize + 2;
    let frames = term.since(mark).frames();
    assert!(frames <= most, "{frames} frames in {seconds:.2} s");
}
