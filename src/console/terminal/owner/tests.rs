use super::*;
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::os::fd::OwnedFd;
use std::sync::mpsc;

/// Both ends of a terminal.
fn terminal() -> (OwnedFd, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    (master, rustix::fs::open(&name, flags, Mode::empty()).unwrap())
}

fn read(master: &OwnedFd) -> String {
    let mut bytes = [0; 4096];
    let length = rustix::io::read(master, &mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

/// One test, because there is one terminal per process.
#[test]
fn a_panic_gives_the_terminal_back_only_on_the_thread_that_draws() {
    let (master, slave) = terminal();
    let cooked = tcgetattr(&slave).unwrap();
    let (told, lines) = mpsc::channel();
    let drawing = std::thread::spawn(move || {
        let tty = Tty::of(slave.try_clone().unwrap());
        own(&tty, None).unwrap();
        assert_eq!(read(&master), String::from_utf8(ENTER.to_vec()).unwrap());
        let modes = || tcgetattr(&slave).unwrap().local_modes;
        assert!(!modes().intersects(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG));

        catch_panics(move |line| drop(told.send(line)));
        std::thread::spawn(|| panic!("a \x1b]0;bad\x07 row")).join().unwrap_err();
        let line = lines.recv().unwrap();
        assert!(line.as_str().starts_with("a part of heeler failed and was stopped: a ␛]0;bad␇ row ("), "{line}");
        assert!(!modes().contains(LocalModes::ECHO));

        torn(true);
        std::panic::catch_unwind(|| panic!("the drawing failed")).unwrap_err();
        assert_eq!(modes(), cooked.local_modes);
        let sent = read(&master);
        assert!(sent.starts_with("\x18"), "{sent:?}");
        assert!(sent.ends_with("\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l"), "{sent:?}");
        restore();
        assert!(lines.try_recv().is_err());
    });
    drawing.join().unwrap();
}

#[test]
fn a_report_of_a_panic_is_clean() {
    let payload: Box<dyn Any + Send> = Box::new(String::from("x"));
    assert_eq!(message(payload.as_ref()), "x");
    let payload: Box<dyn Any + Send> = Box::new(5);
    assert_eq!(message(payload.as_ref()), "without a message");
}
