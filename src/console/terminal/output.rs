//! Where the bytes of a frame go, without ever waiting for them to be taken.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Columns and rows of the terminal behind standard output, if it tells.
pub(super) fn size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Takes the bytes of frames.
pub trait Output {
    /// Hands bytes over and says how many were taken; 0 means that nothing can be taken right now. Never waits.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// The terminal behind standard output.
///
/// It is opened anew where possible: the flag that makes writes return instead of wait belongs to the open file, and
/// the one that the shell gave is shared with everything else that runs in this terminal.
#[derive(Debug)]
pub struct Tty {
    fd: OwnedFd,
    /// The file is shared: it must not be switched to non-blocking, so each write asks first.
    shared: bool,
}

impl Tty {
    /// Opens the terminal behind standard output.
    ///
    /// # Errors
    /// When standard output is no terminal.
    pub fn open() -> io::Result<Self> {
        let stdout = io::stdout();
        if !rustix::termios::isatty(&stdout) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not a terminal"));
        }
        let own = rustix::termios::ttyname(&stdout, Vec::new()).and_then(|name| {
            let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            rustix::fs::open(&name, flags, Mode::empty())
        });
        match own {
            Ok(fd) => Ok(Self { fd, shared: false }),
            // After `su` the terminal may belong to somebody else.
            Err(_) => Ok(Self { fd: stdout.as_fd().try_clone_to_owned()?, shared: true }),
        }
    }

    #[cfg(test)]
    pub(super) fn of(fd: OwnedFd) -> Self {
        Self { fd, shared: true }
    }

    /// Another handle of the same open file.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, shared: self.shared })
    }

    /// Sends everything, waiting for at most `patience`; what a terminal that is gone or stalled does not take is
    /// nobody's loss.
    pub(super) fn send_patiently(&mut self, mut bytes: &[u8], patience: Duration) {
        let begin = Instant::now();
        while !bytes.is_empty() && begin.elapsed() < patience {
            match self.send(bytes) {
                Ok(0) => {
                    let _ = writable(self.fd.as_fd(), Duration::from_millis(20));
                }
                Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
                Err(_) => return,
            }
        }
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Output for Tty {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            if self.shared && !writable(self.fd.as_fd(), Duration::ZERO)? {
                return Ok(0);
            }
            match rustix::io::write(&self.fd, bytes) {
                Ok(taken) => return Ok(taken),
                Err(Errno::INTR) => {}
                Err(error) if error == Errno::AGAIN || error == Errno::WOULDBLOCK => return Ok(0),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Keeps everything: for tests and benches.
impl Output for Vec<u8> {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

fn writable(fd: BorrowedFd<'_>, patience: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    match poll(&mut fds, Some(&patience)) {
        Ok(0) | Err(Errno::INTR) => Ok(false),
        Ok(_) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
