//! Who owns the terminal, and how it is given back whatever happens.
//!
//! What must be undone is kept in one place of the process, so that whoever has to can undo it: the screen when it is
//! dropped, the panic hook, the second ctrl-c. Giving back happens once, whoever comes first.

use super::output::Tty;
use super::place;
use crate::text::{self, Policy, Shown, show, show_with};
use rustix::process::Signal;
use rustix::termios::{OptionalActions, QueueSelector, Termios};
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write as _;
use std::io;
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{ThreadId, current};
use std::time::Duration;

/// Alternate screen, nothing on it, no cursor, pastes between brackets, no mouse, no question.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[m\x1b[2J";
/// Ends a synchronized update, plain letters, pastes as they come, the cursor, the screen of before: in this order.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// Ends an escape sequence that was cut in the middle.
const CANCEL: &[u8] = b"\x18";
/// How long a stalled terminal is waited for when it is given back.
const PATIENCE: Duration = Duration::from_millis(250);

struct Owned {
    tty: Tty,
    before: Termios,
}

static OWNED: Mutex<Option<Owned>> = Mutex::new(None);
/// Part of a frame was taken, the rest was not: the terminal may wait for the end of a sequence.
static TORN: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether part of a frame is on its way.
pub(super) fn torn(is: bool) {
    TORN.store(is, Ordering::Relaxed);
}

/// Raw mode and the alternate screen. `before` is what to go back to; without it the settings of now.
pub(super) fn own(tty: &Tty, before: Option<&Termios>) -> io::Result<Termios> {
    let mut owned = lock(&OWNED);
    let now = rustix::termios::tcgetattr(tty)?;
    let before = before.cloned().unwrap_or_else(|| now.clone());
    let mut raw = now;
    raw.make_raw();
    rustix::termios::tcsetattr(tty, OptionalActions::Now, &raw)?;
    let mut out = tty.try_clone()?;
    *owned = Some(Owned { tty: tty.try_clone()?, before: before.clone() });
    out.send_patiently(ENTER, PATIENCE);
    torn(false);
    Ok(before)
}

/// Gives the terminal back as it was found: once, from any thread, also when nothing was taken.
///
/// What was typed and not read yet is thrown away: the rest of a paste must not become commands of a shell.
pub fn restore() {
    let Some(Owned { mut tty, before }) = lock(&OWNED).take() else { return };
    if !in_foreground(&tty) {
        // A shell has the terminal. Touching it from behind would stop the process.
        return;
    }
    if TORN.swap(false, Ordering::Relaxed) {
        tty.send_patiently(CANCEL, PATIENCE);
    }
    // Before a person can see that the shell is back, and type for it.
    let _ = rustix::termios::tcflush(&tty, QueueSelector::IFlush);
    tty.send_patiently(LEAVE, PATIENCE);
    let _ = rustix::termios::tcsetattr(&tty, OptionalActions::Now, &before);
}

/// Whether the terminal listens to this process's group. One that does not control this session always does, and so
/// does one whose group cannot be named from here.
pub(super) fn in_foreground(tty: impl AsFd) -> bool {
    let Ok(group) = rustix::termios::tcgetpgrp(tty) else { return true };
    place::own().is_none_or(|own| own.group == group.as_raw_nonzero().get())
}

/// Stops this process and its group, as ctrl-z does in any program, and comes back when they are continued.
pub(super) fn stop() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(Signal::STOP)?)
}

/// Whether a process of this session, but of another group, is an ancestor: a shell with job control. Without one a
/// stopped process would sleep for ever.
pub(super) fn somebody_continues() -> bool {
    place::own().is_some_and(|own| place::somebody_else_above(own, place::of))
}

type Tell = Box<dyn Fn(Shown) + Send + Sync>;

struct Watch {
    /// The thread that draws.
    thread: ThreadId,
    tell: Tell,
}

static WATCH: Mutex<Option<Arc<Watch>>> = Mutex::new(None);

/// From now on a panic of the calling thread, which draws, gives the terminal back before it says anything; one of
/// another thread is told to `tell` in one line instead of being printed over the screen. Leaving the screen ends it.
pub fn catch_panics(tell: impl Fn(Shown) + Send + Sync + 'static) {
    static HOOK: Once = Once::new();
    *lock(&WATCH) = Some(Arc::new(Watch { thread: current().id(), tell: Box::new(tell) }));
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // Not locked while anything is printed or told.
            let watch = lock(&WATCH).clone();
            match watch {
                None => previous(info),
                Some(watch) if watch.thread == current().id() => {
                    ignore_panics();
                    restore();
                    text::err_line(&report(info));
                }
                Some(watch) => (watch.tell)(line(info)),
            }
        }));
    });
}

/// Panics are printed again as they were before [`catch_panics`].
pub(super) fn ignore_panics() {
    lock(&WATCH).take();
}

fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// A panic elsewhere, for the console.
fn line(info: &PanicHookInfo<'_>) -> Shown {
    let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
    show(&format!("a part of heeler failed and was stopped: {}{place}", message(info.payload())))
}

/// A panic of the thread that draws, for a terminal that was given back.
fn report(info: &PanicHookInfo<'_>) -> Shown {
    let mut text = format!("heeler ended by a fault of its own: {}\n", message(info.payload()));
    if let Some(location) = info.location() {
        let _ = writeln!(text, "  at {}:{}", location.file(), location.line());
    }
    text.push_str("  The job's database is intact; `heeler` continues where it was. Please report this fault.");
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        let _ = write!(text, "\n{trace}");
    }
    show_with(&text, Policy::Lines)
}

#[cfg(test)]
mod tests;
