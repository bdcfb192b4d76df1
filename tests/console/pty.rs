//! A terminal with the console in it: types keys, waits for what the screen shows, counts bytes and frames.
//!
//! Every wait has a deadline and shows the screen when it is missed. Keys are typed one by one, each when the program
//! has taken the one before: several at once are a paste.

use super::common::Home;
use super::watch::Watch;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::tcgetattr;
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use vt100::{Parser, Screen};

/// How long anything may take on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);
/// Cells that ages and counted times may change within a moment.
pub const AGES: usize = 10;
/// No bytes for so long means that the screen is done.
const QUIET: Duration = Duration::from_millis(60);

/// A program that is to be started in a terminal.
pub struct Start {
    command: CommandBuilder,
    size: (u16, u16),
    home: Option<tempfile::TempDir>,
    slow: Option<u32>,
}

impl Start {
    fn program(program: &str, home: &Path) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.cwd(home);
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")]
        {
            command.env(name, value);
        }
        command.env("HOME", home);
        // As `common::home::binary` has it: the same folders.
        for (name, folder) in [("CONFIG", "config"), ("DATA", "share"), ("STATE", "state"), ("CACHE", "cache")] {
            command.env(format!("XDG_{name}_HOME"), home.join(folder));
        }
        command
    }

    /// The console on the sandbox, after one cycle, with its job off: nothing moves.
    pub fn resting() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        copy(resting_data().path(), home.path());
        let command = Self::program(env!("CARGO_BIN_EXE_heeler"), home.path());
        Self { command, size: (80, 24), home: Some(home), slow: None }
    }

    /// Its home, where it has one of its own.
    pub fn home(&self) -> PathBuf {
        self.home.as_ref().expect("a home of its own").path().to_owned()
    }

    /// Only the home, to be used with [`Start::at`].
    pub fn keep(self) -> tempfile::TempDir {
        self.home.expect("a home of its own")
    }

    /// The console in a home that outlives it.
    pub fn at(home: &tempfile::TempDir) -> Self {
        let command = Self::program(env!("CARGO_BIN_EXE_heeler"), home.path());
        Self { command, size: (80, 24), home: None, slow: None }
    }

    /// The console on a sandbox that nobody has opened yet.
    pub fn fresh() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let command = Self::program(env!("CARGO_BIN_EXE_heeler"), home.path());
        Self { command, size: (80, 24), home: Some(home), slow: None }
    }

    /// The console on the configuration of a home that outlives it.
    pub fn configured(home: &Home) -> Self {
        let mut command = Self::program(env!("CARGO_BIN_EXE_heeler"), home.folder.path());
        command.arg("--config");
        command.arg(&home.config);
        command.arg("--data-dir");
        command.arg(&home.data);
        Self { command, size: (80, 24), home: None, slow: None }
    }

    /// A shell with job control, to start the console from.
    pub fn shell() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        copy(resting_data().path(), home.path());
        let mut command = Self::program("/bin/sh", home.path());
        command.arg("-i");
        command.env("PS1", "$ ");
        command.env("heeler", env!("CARGO_BIN_EXE_heeler"));
        Self { command, size: (80, 24), home: Some(home), slow: None }
    }

    /// One more argument.
    pub fn arg(mut self, arg: &str) -> Self {
        self.command.arg(arg);
        self
    }

    /// A variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// No such variable.
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Columns and rows.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        self.size = (columns, rows);
        self
    }

    /// A link that carries so many bytes a second.
    pub fn slow(mut self, bytes_per_second: u32) -> Self {
        self.slow = Some(bytes_per_second);
        self
    }

    /// Starts it.
    pub fn start(self) -> Term {
        let (columns, rows) = self.size;
        let pair = native_pty_system().openpty(pty_size(columns, rows)).expect("a terminal");
        let name = pair.master.tty_name().expect("its name");
        let slave = File::options().read(true).write(true).open(&name).expect("the terminal");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let parser =
            Parser::new_with_callbacks(rows.try_into().unwrap(), columns.try_into().unwrap(), 0, Watch::default());
        let seen = Arc::new((Mutex::new(Seen::new(parser)), Condvar::new()));
        let before = settings(&slave);
        let child = pair.slave.spawn_command(self.command).expect("the program starts");
        drop(pair.slave);
        let (to, slow) = (Arc::clone(&seen), self.slow);
        std::thread::spawn(move || {
            let mut bytes = vec![0; slow.map_or(65536, |_| 1024)];
            loop {
                drop(to.1.wait_while(lock(&to.0), |seen| seen.paused));
                let Ok(length @ 1..) = reader.read(&mut bytes) else { break };
                if let Some(rate) = slow {
                    std::thread::sleep(Duration::from_secs_f64(length as f64 / f64::from(rate)));
                }
                let mut seen = lock(&to.0);
                seen.take(&bytes[..length]);
                to.1.notify_all();
                if seen.closing {
                    break;
                }
            }
            drop(reader);
            lock(&to.0).closed = true;
            to.1.notify_all();
        });
        Term { line: Some((pair.master, writer)), slave, before, child, seen, _home: self.home }
    }
}

/// All settings of a terminal, in words that can be compared.
fn settings(terminal: &File) -> String {
    format!("{:?}", tcgetattr(terminal).expect("settings"))
}

fn pty_size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// A home whose sandbox had one cycle and is switched off; made once.
fn resting_data() -> &'static tempfile::TempDir {
    static HOME: OnceLock<tempfile::TempDir> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = tempfile::tempdir().expect("a folder");
        for args in [["--json"].as_slice(), &["stop"]] {
            let mut command = super::common::home::binary(home.path());
            let done = command.args(args).output().expect("heeler runs");
            assert!(done.status.success(), "heeler {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
        home
    })
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir_all(&target).expect("a folder");
            std::fs::set_permissions(&target, entry.metadata().expect("metadata").permissions()).expect("permissions");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// What the terminal has got.
struct Seen {
    parser: Parser<Watch>,
    /// The beginning of a character that is not complete.
    held: Vec<u8>,
    all: Vec<u8>,
    /// When the program was about to start.
    begin: Instant,
    first: Option<Instant>,
    last: Instant,
    paused: bool,
    /// The window is being closed: the reader ends at the next bytes.
    closing: bool,
    closed: bool,
}

impl Seen {
    fn new(parser: Parser<Watch>) -> Self {
        let now = Instant::now();
        Self {
            parser,
            held: Vec::new(),
            all: Vec::new(),
            begin: now,
            first: None,
            last: now,
            paused: false,
            closing: false,
            closed: false,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.last = Instant::now();
        self.first.get_or_insert(self.last);
        self.all.extend_from_slice(bytes);
        for byte in bytes {
            // vt100 does not print U+FFFD, which terminals do: another character of one cell stands for it.
            self.held.push(*byte);
            match self.held.as_slice() {
                [0xef] | [0xef, 0xbf] => continue,
                [0xef, 0xbf, 0xbd] => self.parser.process("¿".as_bytes()),
                held => self.parser.process(held),
            }
            self.held.clear();
        }
    }
}

/// A point in what was sent.
#[derive(Clone, Copy, Debug)]
pub struct Mark(usize);

/// What was sent since a mark.
#[derive(Clone, Debug)]
pub struct Burst {
    /// Everything.
    pub bytes: Vec<u8>,
}

impl Burst {
    /// How many bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many frames.
    pub fn frames(&self) -> usize {
        self.bytes.windows(8).filter(|w| w == b"\x1b[?2026h").count()
    }

    /// The frames, each whole; what lies between them belongs to the one before.
    pub fn each(&self) -> Vec<Vec<u8>> {
        let begin = b"\x1b[?2026h";
        let starts: Vec<usize> = (0..self.bytes.len()).filter(|at| self.bytes[*at..].starts_with(begin)).collect();
        let ends = starts.iter().skip(1).copied().chain([self.bytes.len()]);
        starts.iter().zip(ends).map(|(from, to)| self.bytes[*from..to].to_vec()).collect()
    }

    /// As text, escapes spelled out.
    pub fn spelled(&self) -> String {
        String::from_utf8_lossy(&self.bytes).replace('\x1b', "␛")
    }
}

/// A terminal with a program in it; both end with this value.
pub struct Term {
    /// Until the window is closed.
    line: Option<(Box<dyn MasterPty + Send>, Box<dyn Write + Send>)>,
    slave: File,
    /// Its settings before the program was started.
    before: String,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    _home: Option<tempfile::TempDir>,
}

impl Term {
    /// When the program was started.
    #[allow(dead_code, reason = "the bench asks")]
    pub fn begin(&self) -> Instant {
        self.seen().begin
    }

    /// When the first byte came, from the start on.
    #[allow(dead_code, reason = "the bench asks")]
    pub fn first_byte(&self) -> Option<Duration> {
        let seen = self.seen();
        Some(seen.first?.duration_since(seen.begin))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen.0)
    }

    // --- keys ----------------------------------------------------------------------------------------------------

    /// Writes bytes as they are, at once.
    pub fn raw(&mut self, bytes: &[u8]) {
        let (_, writer) = self.line.as_mut().expect("a window");
        writer.write_all(bytes).expect("the terminal takes keys");
        writer.flush().expect("the terminal takes keys");
    }

    /// Presses one key and waits until the program has taken it.
    pub fn key(&mut self, key: &str) {
        let bytes = bytes_of(key);
        self.raw(&bytes);
        // The system hands keys over a moment later; nobody types faster either.
        std::thread::sleep(Duration::from_millis(4));
        let begin = Instant::now();
        while rustix::io::ioctl_fionread(&self.slave).is_ok_and(|waiting| waiting > 0) {
            assert!(begin.elapsed() < LIMIT, "nobody reads the key {key:?}\n{}", self.dump());
            std::thread::sleep(Duration::from_millis(1));
        }
        if key == "esc" {
            // An escape is a key when nothing follows it for a while.
            std::thread::sleep(Duration::from_millis(60));
        }
    }

    /// Presses keys, named as in `j G ctrl-d enter pagedown`.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.key(key);
        }
    }

    /// Types text, one key after the other.
    pub fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.key(&c.to_string());
        }
    }

    /// Opens a view, `1` to `5`, and waits until its tab is the current one and the screen is quiet.
    pub fn view(&mut self, number: &str) {
        self.key(number);
        let title = format!("{number} ");
        self.wait_until(&format!("view {number} is open"), |screen| {
            let columns = screen.size().1.get();
            let tabs = screen.rows(0, columns).nth(1).unwrap_or_default();
            let column = tabs.find(&title).and_then(|at| u16::try_from(at).ok());
            let rule = column.and_then(|x| screen.cell(2, x)).map(vt100::Cell::contents);
            matches!(rule, Some("━" | "="))
        });
        self.quiet_for(Duration::from_millis(200));
    }

    /// Unlocks writing for what is on the screen, named like this.
    pub fn unlock(&mut self, name: &str) {
        self.key("W");
        self.wait_for("unlock writing");
        let letters: String = name.chars().take(3).collect();
        self.types(&letters);
        self.key("enter");
        self.wait_gone("unlock writing ");
        self.wait_for("WRITE");
    }

    /// Says yes to a confirmation whose yes is called so.
    pub fn confirm(&mut self, yes: &str) {
        self.wait_for(yes);
        // A key that was held down confirms nothing.
        std::thread::sleep(Duration::from_millis(600));
        self.keys("tab enter");
    }

    // --- waiting -------------------------------------------------------------------------------------------------

    /// Waits until the screen shows this text.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("the screen shows {text:?}"), |screen| screen.contents().contains(text));
    }

    /// Waits until the screen shows this text no more.
    pub fn wait_gone(&self, text: &str) {
        self.wait_until(&format!("{text:?} is gone"), |screen| !screen.contents().contains(text));
    }

    /// Waits until something holds for the screen.
    pub fn wait_until(&self, what: &str, holds: impl Fn(&Screen) -> bool) {
        self.wait_seen(what, |seen| holds(seen.parser.screen()));
    }

    fn wait_seen(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let begin = Instant::now();
        let mut seen = self.seen();
        while !holds(&seen) {
            let left = LIMIT.saturating_sub(begin.elapsed());
            let over = left.is_zero() || seen.closed;
            let dump = if over { dump(&seen) } else { String::new() };
            assert!(!over, "it did not happen that {what}\n{dump}");
            // Some conditions depend on time alone.
            let waited = self.seen.1.wait_timeout(seen, left.min(Duration::from_millis(20)));
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until something was sent since a mark.
    pub fn wait_more(&self, mark: Mark) {
        self.wait_seen("something is drawn", |seen| seen.all.len() > mark.0);
    }

    /// Waits until nothing was sent for a moment.
    pub fn quiet(&self) {
        self.quiet_for(QUIET);
    }

    /// Waits until nothing was sent for so long.
    pub fn quiet_for(&self, quiet: Duration) {
        let asked = Instant::now();
        self.wait_seen("the screen is quiet", |seen| seen.last.max(asked).elapsed() >= quiet);
    }

    /// Lets time pass, while the terminal goes on.
    pub fn let_pass(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// Waits for the console's first page and for the screen to be quiet.
    pub fn ready(&self) -> &Self {
        self.wait_for("1 Overview");
        self.quiet_for(Duration::from_millis(250));
        self
    }

    /// Waits until the program has ended: its exit code, 128 + signal when a signal ended it.
    pub fn exit(&mut self) -> u32 {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the program can be waited for") {
                if self.line.is_some() {
                    self.quiet();
                }
                return status.exit_code();
            }
            assert!(begin.elapsed() < LIMIT, "the program does not end\n{}", self.dump());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the program still runs.
    pub fn alive(&mut self) -> bool {
        self.child.try_wait().expect("the program can be waited for").is_none()
    }

    // --- looking -------------------------------------------------------------------------------------------------

    /// Looks at the screen.
    pub fn screen<T>(&self, look: impl FnOnce(&Screen) -> T) -> T {
        look(self.seen().parser.screen())
    }

    /// The text of the screen.
    pub fn contents(&self) -> String {
        self.screen(Screen::contents)
    }

    /// One row of the screen, from 0.
    pub fn row(&self, row: usize) -> String {
        let columns = self.screen(|s| s.size().1.get());
        self.screen(|s| s.rows(0, columns).nth(row)).unwrap_or_default()
    }

    /// Every cell with its attributes, for comparing: what differs is what one sees.
    pub fn picture(&self) -> Vec<String> {
        self.screen(|s| {
            let (rows, columns) = s.size();
            let cell = |(y, x): (u16, u16)| {
                let c = s.cell(y, x).expect("a cell");
                let look = (c.bold(), c.dim(), c.underline(), c.inverse(), c.fgcolor(), c.bgcolor());
                let blank = c.contents().trim().is_empty() && !c.underline() && !c.inverse();
                if blank { format!("{:?}", c.bgcolor()) } else { format!("{} {look:?}", c.contents()) }
            };
            (0..rows.get()).flat_map(|y| (0..columns.get()).map(move |x| (y, x))).map(cell).collect()
        })
    }

    /// How many cells look different than they did then. A few may: ages change.
    pub fn differs(&self, then: &[String]) -> usize {
        then.iter().zip(self.picture()).filter(|(a, b)| *a != b).count()
    }

    /// Paints everything anew and says how many cells look different then: damage.
    ///
    /// Between the two pictures time goes on, and `read now` becomes `read 5 s ago`, which moves the rest of its row. A
    /// row whose text changed and that holds an age says nothing about damage.
    pub fn damage(&mut self) -> usize {
        let (rows, before) = (self.rows(), self.picture());
        let mark = self.mark();
        self.key("ctrl-l");
        self.wait_more(mark);
        self.quiet_for(Duration::from_millis(200));
        let (rows_after, after) = (self.rows(), self.picture());
        let columns = before.len() / rows.len();
        let aged = |y: usize| rows[y] != rows_after[y] && (holds_age(y, &rows[y]) || holds_age(y, &rows_after[y]));
        let differ = |i: &usize| before[*i] != after[*i] && !aged(*i / columns);
        (0..before.len()).filter(differ).count()
    }

    /// The text of every row.
    fn rows(&self) -> Vec<String> {
        self.screen(|s| s.rows(0, s.size().1.get()).collect())
    }

    /// What the terminal was told beside text.
    pub fn watch(&self) -> Watch {
        self.seen().parser.callbacks().clone()
    }

    /// Nothing but text, moves and colours was sent.
    pub fn nothing_odd(&self) {
        let heard = self.watch().heard;
        assert!(heard.is_empty(), "{heard:?}\n{}", self.dump());
    }

    /// Before everything.
    #[allow(clippy::unused_self)]
    pub fn start(&self) -> Mark {
        Mark(0)
    }

    /// Here.
    pub fn mark(&self) -> Mark {
        Mark(self.seen().all.len())
    }

    /// What was sent since.
    pub fn since(&self, mark: Mark) -> Burst {
        Burst { bytes: self.seen().all[mark.0..].to_vec() }
    }

    /// What keys make the program send until it is quiet.
    pub fn burst(&mut self, keys: &str) -> Burst {
        self.quiet();
        let mark = self.mark();
        self.keys(keys);
        self.wait_more(mark);
        self.quiet();
        self.since(mark)
    }

    /// The screen, framed, and the last bytes: for messages.
    pub fn dump(&self) -> String {
        dump(&self.seen())
    }

    // --- the world around ----------------------------------------------------------------------------------------

    /// Makes the terminal larger or smaller.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen().parser.set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
        let (master, _) = self.line.as_ref().expect("a window");
        master.resize(pty_size(columns, rows)).expect("a new size");
    }

    /// Closes the window: the terminal is gone.
    pub fn close(&mut self) {
        self.seen().closing = true;
        self.raw(b"\x0c");
        self.wait_until_closed();
        self.line = None;
    }

    fn wait_until_closed(&self) {
        let begin = Instant::now();
        while !self.seen().closed {
            assert!(begin.elapsed() < LIMIT, "nothing was drawn after ctrl-l\n{}", self.dump());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The terminal takes nothing any more, like a link that stalls; or goes on.
    pub fn stall(&self, stalled: bool) {
        self.seen().paused = stalled;
        self.seen.1.notify_all();
    }

    /// Process id of the program.
    pub fn pid(&self) -> Pid {
        self.child.process_id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)).expect("a process id")
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("a signal");
    }

    /// Whether the terminal is as it was found: every mode, every special key, every speed.
    pub fn cooked(&self) -> bool {
        settings(&self.slave) == self.before
    }

    /// The terminal was given back: cooked, first screen, cursor, plain pastes, no mouse.
    pub fn given_back(&self) {
        assert_eq!(settings(&self.slave), self.before, "the terminal is not set as it was");
        self.screen(|s| {
            assert!(!s.alternate_screen(), "the alternate screen is still there");
            assert!(!s.hide_cursor(), "the cursor is still hidden");
            assert!(!s.bracketed_paste(), "pastes are still in brackets");
            assert_eq!(s.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
    }
}

impl Drop for Term {
    fn drop(&mut self) {
        self.stall(false);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a row says how old something is; the first one does always.
fn holds_age(row: usize, text: &str) -> bool {
    row == 0 || [" ago", " now", "since ", "Next try"].iter().any(|words| text.contains(words))
}

/// A test that failed while it held the lock is reported once, not twice.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dump(seen: &Seen) -> String {
    let screen = seen.parser.screen();
    let columns = usize::from(screen.size().1.get());
    let mut text = format!("┌{}┐\n", "─".repeat(columns));
    for row in screen.rows(0, screen.size().1.get()) {
        text.push_str(&format!("│{row}\n"));
    }
    let tail = &seen.all[seen.all.len().saturating_sub(300)..];
    text.push_str(&format!("└{}┘\nlast bytes: {}", "─".repeat(columns), tail.escape_ascii()));
    text
}

fn bytes_of(key: &str) -> Vec<u8> {
    static NAMES: OnceLock<HashMap<&str, &[u8]>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let names: [(&str, &[u8]); 15] = [
            ("enter", b"\r"),
            ("esc", b"\x1b"),
            ("tab", b"\t"),
            ("backtab", b"\x1b[Z"),
            ("space", b" "),
            ("backspace", b"\x7f"),
            ("up", b"\x1b[A"),
            ("down", b"\x1b[B"),
            ("left", b"\x1b[D"),
            ("right", b"\x1b[C"),
            ("home", b"\x1b[H"),
            ("end", b"\x1b[F"),
            ("pageup", b"\x1b[5~"),
            ("pagedown", b"\x1b[6~"),
            ("delete", b"\x1b[3~"),
        ];
        names.into()
    });
    if let Some(bytes) = names.get(key) {
        return bytes.to_vec();
    }
    match key.strip_prefix("ctrl-").map(str::as_bytes) {
        Some([c @ b'a'..=b'z']) => vec![c - b'a' + 1],
        _ => key.as_bytes().to_vec(),
    }
}
