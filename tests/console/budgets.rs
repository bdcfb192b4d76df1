//! What interactions cost on a wire. Above these figures a slow link is felt; each failure prints the whole table.

use super::pty::{Burst, Start, Term};
use std::time::Duration;

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
