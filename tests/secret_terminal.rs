//! `heeler secret set` on a terminal: nothing is echoed, and whatever ends the question, the terminal echoes again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

/// A question that is being asked on a terminal of its own.
struct Asking {
    home: tempfile::TempDir,
    keyboard: File,
    terminal: OwnedFd,
    child: Child,
    messages: BufReader<std::process::ChildStderr>,
}

impl Asking {
    /// Starts the command and waits for its question.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let terminal = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_heeler"))
            .args(["secret", "set", "flock"])
            .env_clear()
            .env("HOME", home.path())
            .stdin(terminal.try_clone().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        let mut question = String::new();
        messages.read_line(&mut question).unwrap();
        assert!(question.contains("secret for `flock`"), "{question}");
        Self { home, keyboard: File::from(master), terminal, child, messages }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn kept(&self) -> Option<String> {
        fs::read_to_string(self.home.path().join(".local/share/heeler/secrets/flock")).ok()
    }

    /// Waits for the end: the exit code, and everything that was printed.
    fn end(&mut self) -> (i32, String) {
        let code = self.child.wait().unwrap().code().unwrap();
        let mut said = String::new();
        self.messages.read_to_string(&mut said).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        (code, said)
    }
}

#[test]
fn what_is_typed_is_kept_and_not_echoed() {
    let mut asking = Asking::new();
    assert!(!asking.echoes());
    asking.keyboard.write_all(b"hunter2hunter2\n").unwrap();
    let (code, said) = asking.end();
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(asking.kept().as_deref(), Some("hunter2hunter2"));
    assert!(asking.echoes());
    // What the terminal itself showed: the line end alone.
    let mut shown = [0_u8; 256];
    let length = asking.keyboard.read(&mut shown).unwrap();
    assert_eq!(String::from_utf8_lossy(&shown[..length]), "\r\n");
}

#[test]
fn a_signal_leaves_a_terminal_that_echoes() {
    for (signal, expected) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 143)] {
        let mut asking = Asking::new();
        assert!(!asking.echoes());
        asking.keyboard.write_all(b"hunter2").unwrap();
        kill_process(Pid::from_child(&asking.child), signal).unwrap();
        let (code, said) = asking.end();
        assert_eq!(code, expected, "{said}");
        assert!(said.contains("no secret was kept or changed") && !said.contains("hunter2"), "{said}");
        assert!(asking.echoes());
        assert_eq!(asking.kept(), None);
    }
}
