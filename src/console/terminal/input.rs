//! Reading the keyboard, on a thread of its own.

use super::decode::Decoder;
use super::output::size;
use super::owner;
use crate::text::Shown;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Most inputs that wait to be taken; further ones are dropped. Nobody types that far ahead.
const AHEAD: usize = 4096;
/// How long a ctrl-c may stay unanswered before another one ends the process.
const UNANSWERED: Duration = Duration::from_secs(2);
/// How soon to look again whether the terminal is ours again.
const BACKGROUND: Duration = Duration::from_millis(200);

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed (or repeated; never released).
    Key(KeyEvent),
    /// Text was pasted: as it came, at most 64 KiB. It is never a command.
    Paste(String),
    /// The terminal has so many columns and rows now.
    Resize(u16, u16),
    /// Somebody sent SIGTSTP: call [`super::Screen::suspend`].
    Suspend,
    /// The process was continued: call [`super::Screen::resume`] and draw.
    Resumed,
    /// Another thread panicked; one line about it.
    Panicked(Shown),
    /// Leave now: a signal said so.
    Leave,
    /// The terminal is gone: leave now.
    Gone,
}

/// Where keys and pastes come from.
pub trait InputSource: Send {
    /// Waits for input. `None` when there will be no more.
    fn next(&mut self) -> Option<Vec<Input>>;
}

// --- the switch --------------------------------------------------------------------------------------------------

#[derive(Debug, Default)]
struct Reading {
    off: bool,
    /// The reader waits at the switch.
    idle: bool,
    /// A reader exists at all.
    begun: bool,
}

/// Turns reading off while the terminal belongs to somebody else, so that nothing of theirs is read away.
#[derive(Clone, Debug)]
pub struct Switch {
    state: Arc<(Mutex<Reading>, Condvar)>,
    wake: Arc<(OwnedFd, OwnedFd)>,
}

impl Switch {
    /// A switch that is on.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn new() -> io::Result<Self> {
        let wake = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Self { state: Arc::default(), wake: Arc::new(wake) })
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when nothing is read any more.
    pub fn off(&self) {
        let mut state = self.lock();
        state.off = true;
        // A full pipe wakes as well.
        let _ = rustix::io::write(&self.wake.1, b"!");
        let waiting = |s: &mut Reading| s.begun && !s.idle;
        drop(self.state.1.wait_timeout_while(state, Duration::from_millis(250), waiting));
    }

    /// Reading goes on.
    pub fn on(&self) {
        self.lock().off = false;
        self.state.1.notify_all();
    }

    /// Waits while the switch is off; `true` when it had to.
    fn pass(&self) -> bool {
        let mut state = self.lock();
        state.begun = true;
        if !state.off {
            return false;
        }
        state.idle = true;
        self.state.1.notify_all();
        let mut state = self.state.1.wait_while(state, |s| s.off).unwrap_or_else(PoisonError::into_inner);
        state.idle = false;
        true
    }

    fn calm(&self) {
        let mut drop = [0_u8; 64];
        while rustix::io::read(&self.wake.0, &mut drop).is_ok_and(|n| n > 0) {}
    }
}

// --- the keyboard ------------------------------------------------------------------------------------------------

/// The keyboard of the terminal: standard input, or the controlling terminal when that is something else.
#[derive(Debug)]
pub struct Keyboard {
    fd: OwnedFd,
    switch: Switch,
    decoder: Decoder,
}

impl Keyboard {
    /// Opens it. The terminal must be in raw mode.
    ///
    /// # Errors
    /// When there is no terminal to read from.
    pub fn open(switch: Switch) -> io::Result<Self> {
        let stdin = io::stdin();
        let fd = if rustix::termios::isatty(&stdin) {
            stdin.as_fd().try_clone_to_owned()?
        } else {
            rustix::fs::open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?
        };
        Ok(Self::on(fd, switch))
    }

    fn on(fd: OwnedFd, switch: Switch) -> Self {
        Self { fd, switch, decoder: Decoder::default() }
    }

    /// Waits until there are bytes (`true`), the switch was thrown, or the time is over.
    fn wait(&self, patience: Option<Duration>) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN), PollFd::new(&self.switch.wake.0, PollFlags::IN)];
        let patience = patience.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
        match poll(&mut fds, patience.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let [tty, wake] = fds.map(|fd| !fd.revents().is_empty());
        if wake {
            self.switch.calm();
        }
        Ok(tty && !wake)
    }
}

impl InputSource for Keyboard {
    fn next(&mut self) -> Option<Vec<Input>> {
        let mut bytes = [0_u8; 4096];
        loop {
            if self.switch.pass() {
                self.decoder = Decoder::default();
            }
            let patience = self.decoder.deadline().map(|at| at.saturating_duration_since(Instant::now()));
            let ready = self.wait(patience).ok()?;
            let inputs = if !ready {
                self.decoder.expire(Instant::now())
            } else if owner::in_foreground(&self.fd) {
                match rustix::io::read(&self.fd, &mut bytes) {
                    Ok(0) => return None,
                    Ok(read) => self.decoder.feed(bytes.get(..read)?, Instant::now()),
                    Err(Errno::INTR | Errno::AGAIN) => continue,
                    Err(_) => return None,
                }
            } else {
                // What is typed now is for the shell; reading it would stop the process.
                std::thread::sleep(BACKGROUND);
                continue;
            };
            if !inputs.is_empty() {
                return Some(inputs);
            }
        }
    }
}

// --- the stream --------------------------------------------------------------------------------------------------

/// Everything that comes in from the terminal and the system, in one stream.
#[derive(Debug)]
pub struct Inputs {
    from: mpsc::Receiver<Input>,
    taken: Arc<AtomicUsize>,
    resized: Option<Signal>,
    suspended: Option<Signal>,
    continued: Option<Signal>,
    stop: CancellationToken,
    left: bool,
}

impl Inputs {
    /// Starts to read the keyboard of a screen's terminal, and to listen to the signals that are about it. `stop` is
    /// the token of those that end the process. From now on panics of other threads come in here as well; the calling
    /// thread must be the one that draws.
    ///
    /// # Errors
    /// When there is no terminal to read from.
    pub fn of(switch: &Switch, stop: CancellationToken) -> io::Result<Self> {
        let keyboard = Keyboard::open(switch.clone())?;
        let (inputs, sink) = Self::from(keyboard, stop)?;
        owner::catch_panics(move |line| drop(sink.try_send(Input::Panicked(line))));
        Ok(inputs)
    }

    /// Reads from any source. Also gives what else may come in through.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn from(
        source: impl InputSource + 'static,
        stop: CancellationToken,
    ) -> io::Result<(Self, mpsc::Sender<Input>)> {
        let (sink, from) = mpsc::channel(AHEAD);
        let taken = Arc::new(AtomicUsize::new(0));
        let (to, seen) = (sink.clone(), taken.clone());
        std::thread::Builder::new().name("keyboard".into()).spawn(move || read(source, &to, &seen))?;
        let inputs = Self {
            from,
            taken,
            // Where signals cannot be watched the console works without them.
            resized: signal(SignalKind::window_change()).ok(),
            suspended: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw())).ok(),
            continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok(),
            stop,
            left: false,
        };
        Ok((inputs, sink))
    }

    /// Waits for the next input. Of several resizes only the last is told.
    pub async fn next(&mut self) -> Input {
        loop {
            let input = tokio::select! {
                biased;
                () = self.stop.cancelled(), if !self.left => {
                    self.left = true;
                    Some(Input::Leave)
                }
                () = came(&mut self.suspended) => Some(Input::Suspend),
                () = came(&mut self.continued) => Some(Input::Resumed),
                () = came(&mut self.resized) => size().map(|(columns, rows)| Input::Resize(columns, rows)),
                input = self.from.recv() => {
                    self.taken.fetch_add(1, Ordering::Relaxed);
                    Some(input.unwrap_or(Input::Gone))
                }
            };
            if let Some(input) = input {
                return input;
            }
        }
    }

    /// A key or paste that is there already, without waiting: to handle what is there before a frame is drawn.
    pub fn ready(&mut self) -> Option<Input> {
        let input = self.from.try_recv().ok()?;
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(input)
    }
}

async fn came(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// The thread. A ctrl-c that nobody answers is a console that hangs: the next one ends the process, as it does in
/// programs that leave ctrl-c to the terminal.
fn read(mut source: impl InputSource, to: &mpsc::Sender<Input>, taken: &AtomicUsize) {
    let mut waiting: Option<(Instant, usize)> = None;
    while let Some(inputs) = source.next() {
        for input in inputs {
            let before = taken.load(Ordering::Relaxed);
            if is_ctrl_c(&input) {
                match waiting {
                    Some((since, then)) if then == before && since.elapsed() >= UNANSWERED => {
                        owner::restore();
                        std::process::exit(130);
                    }
                    Some((_, then)) if then == before => {}
                    _ => waiting = Some((Instant::now(), before)),
                }
            }
            if let Err(mpsc::error::TrySendError::Closed(_)) = to.try_send(input) {
                return;
            }
        }
    }
    // Waits for room if it must: this one may not be lost.
    let _ = to.blocking_send(Input::Gone);
}

fn is_ctrl_c(input: &Input) -> bool {
    matches!(input, Input::Key(KeyEvent { code: KeyCode::Char('c'), modifiers: KeyModifiers::CONTROL, .. }))
}

#[cfg(test)]
mod tests;
