use super::*;
use rustix::pipe::pipe;
use std::sync::mpsc as std_mpsc;

fn key(c: char) -> Input {
    Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
}

/// A keyboard at the end of a pipe, read by a thread of its own.
struct Typed {
    switch: Switch,
    to: OwnedFd,
    from: OwnedFd,
    inputs: std_mpsc::Receiver<Option<Vec<Input>>>,
}

fn typed() -> Typed {
    let (from, to) = pipe().unwrap();
    let switch = Switch::new().unwrap();
    let mut keyboard = Keyboard::on(from.try_clone().unwrap(), switch.clone());
    let (send, inputs) = std_mpsc::channel();
    std::thread::spawn(move || {
        loop {
            let next = keyboard.next();
            let gone = next.is_none();
            if send.send(next).is_err() || gone {
                return;
            }
        }
    });
    Typed { switch, to, from, inputs }
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn the_keyboard_reads_until_the_terminal_is_gone() {
    let typed = typed();
    rustix::io::write(&typed.to, b"j").unwrap();
    assert_eq!(typed.inputs.recv_timeout(SOON).unwrap(), Some(vec![key('j')]));
    // Nothing follows an escape: the thread wakes up by itself.
    rustix::io::write(&typed.to, b"\x1b").unwrap();
    let escape = Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE));
    assert_eq!(typed.inputs.recv_timeout(SOON).unwrap(), Some(vec![escape]));
    drop(typed.to);
    assert_eq!(typed.inputs.recv_timeout(SOON).unwrap(), None);
}

#[test]
fn nothing_is_read_while_the_switch_is_off() {
    let typed = typed();
    rustix::io::write(&typed.to, b"j").unwrap();
    assert_eq!(typed.inputs.recv_timeout(SOON).unwrap(), Some(vec![key('j')]));
    // A sequence that was begun before is forgotten.
    rustix::io::write(&typed.to, b"\x1b[").unwrap();
    typed.switch.off();
    rustix::io::write(&typed.to, b"ls\n").unwrap();
    // The shell gets it.
    let mut bytes = [0_u8; 16];
    let length = rustix::io::read(&typed.from, &mut bytes).unwrap();
    assert!(bytes[..length].ends_with(b"ls\n"), "{:?}", &bytes[..length]);
    typed.switch.on();
    rustix::io::write(&typed.to, b"A").unwrap();
    let capital = Input::Key(KeyEvent::new(KeyCode::Char('A'), KeyModifiers::SHIFT));
    assert_eq!(typed.inputs.recv_timeout(SOON).unwrap(), Some(vec![capital]));
}

/// A source that gives what a test sends.
struct Script(std_mpsc::Receiver<Input>);

impl InputSource for Script {
    fn next(&mut self) -> Option<Vec<Input>> {
        self.0.recv().ok().map(|input| vec![input])
    }
}

#[tokio::test]
async fn inputs_come_in_order_and_end_when_the_terminal_is_gone() {
    let (send, script) = std_mpsc::channel();
    let (mut inputs, extra) = Inputs::from(Script(script), CancellationToken::new()).unwrap();
    for c in ['a', 'b', 'c'] {
        send.send(key(c)).unwrap();
    }
    assert_eq!(inputs.next().await, key('a'));
    assert_eq!(inputs.next().await, key('b'));
    assert_eq!(inputs.next().await, key('c'));
    assert_eq!(inputs.ready(), None);
    extra.send(Input::Panicked(crate::text::show("x"))).await.unwrap();
    assert_eq!(inputs.next().await, Input::Panicked(crate::text::show("x")));
    drop(send);
    assert_eq!(inputs.next().await, Input::Gone);
}

#[tokio::test]
async fn a_signal_to_leave_comes_first_and_once() {
    let (send, script) = std_mpsc::channel();
    let stop = CancellationToken::new();
    let (mut inputs, _extra) = Inputs::from(Script(script), stop.clone()).unwrap();
    send.send(key('a')).unwrap();
    stop.cancel();
    assert_eq!(inputs.next().await, Input::Leave);
    assert_eq!(inputs.next().await, key('a'));
}

#[tokio::test]
async fn keys_that_nobody_takes_do_not_pile_up() {
    let (send, script) = std_mpsc::sync_channel(0);
    let (mut inputs, _extra) = Inputs::from(Script(script), CancellationToken::new()).unwrap();
    // Each is handed over only when the one before was dealt with.
    for _ in 0..2 * AHEAD {
        send.send(key('j')).unwrap();
    }
    drop(send);
    for _ in 0..AHEAD {
        assert_eq!(inputs.ready(), Some(key('j')));
    }
    // The end is not lost.
    while inputs.next().await != Input::Gone {}
}
