use super::*;
use crossterm::event::KeyEvent;
use proptest::prelude::*;

/// A keyboard whose clock is turned by hand.
struct Typist {
    decoder: Decoder,
    now: Instant,
}

impl Typist {
    fn new() -> Self {
        Self { decoder: Decoder::default(), now: Instant::now() }
    }

    fn types(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.decoder.feed(bytes, self.now)
    }

    /// Lets time pass, as the thread does: nothing is given up before it is due.
    fn waits(&mut self, millis: u64) -> Vec<Input> {
        let until = self.now + Duration::from_millis(millis);
        let mut out = Vec::new();
        while let Some(due) = self.decoder.deadline().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            out.extend(self.decoder.expire(self.now));
        }
        self.now = until;
        out
    }

    /// Types, then waits long enough for everything to be decided.
    fn all(&mut self, bytes: &[u8]) -> Vec<Input> {
        let mut out = self.types(bytes);
        out.extend(self.waits(3000));
        out
    }
}

fn key(code: KeyCode) -> Input {
    with(code, KeyModifiers::NONE)
}

fn with(code: KeyCode, modifiers: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, modifiers))
}

fn letter(c: char) -> Input {
    key(KeyCode::Char(c))
}

fn ctrl(c: char) -> Input {
    with(KeyCode::Char(c), KeyModifiers::CONTROL)
}

fn paste(text: &str) -> Input {
    Input::Paste(text.into())
}

#[test]
fn keys_are_what_terminals_send() {
    let shift = KeyModifiers::SHIFT;
    for (bytes, expected) in [
        (b"j".as_slice(), letter('j')),
        (b"A", with(KeyCode::Char('A'), shift)),
        ("ü".as_bytes(), letter('ü')),
        ("日".as_bytes(), letter('日')),
        (b" ", letter(' ')),
        (b"\r", key(KeyCode::Enter)),
        (b"\n", ctrl('j')),
        (b"\t", key(KeyCode::Tab)),
        (b"\x7f", key(KeyCode::Backspace)),
        (b"\x03", ctrl('c')),
        (b"\x1a", ctrl('z')),
        (b"\x0c", ctrl('l')),
        (b"\x1b", key(KeyCode::Esc)),
        (b"\x1b[A", key(KeyCode::Up)),
        (b"\x1bOB", key(KeyCode::Down)),
        (b"\x1b[1;5C", with(KeyCode::Right, KeyModifiers::CONTROL)),
        (b"\x1b[H", key(KeyCode::Home)),
        (b"\x1b[4~", key(KeyCode::End)),
        (b"\x1b[5~", key(KeyCode::PageUp)),
        (b"\x1b[6;2~", with(KeyCode::PageDown, shift)),
        (b"\x1b[3~", key(KeyCode::Delete)),
        (b"\x1b[Z", with(KeyCode::BackTab, shift)),
        (b"\x1bOP", key(KeyCode::F(1))),
        (b"\x1b[[A", key(KeyCode::F(1))),
        (b"\x1b[15~", key(KeyCode::F(5))),
        (b"\x1b[24~", key(KeyCode::F(12))),
        (b"\x1bx", with(KeyCode::Char('x'), KeyModifiers::ALT)),
        (b"\x1bP", with(KeyCode::Char('P'), KeyModifiers::ALT | shift)),
        (b"\x1b[99;5u", ctrl('c')),
        (b"\x1b[97:65;2u", with(KeyCode::Char('A'), shift)),
        (b"\x1b[27u", key(KeyCode::Esc)),
        (b"\x1b[106;1:2u", letter('j')),
    ] {
        assert_eq!(Typist::new().all(bytes), [expected], "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn what_is_no_key_is_nothing() {
    for bytes in [
        // Answers to questions that were never asked.
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07".as_slice(),
        b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
        b"\x1b[?2026;2$y",
        b"\x1b[?997;1n",
        b"\x1b[?62;22c",
        b"\x1b[24;80R",
        b"\x1bP>|XTerm(390)\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b^private\x1b\\",
        b"\x1b[8;24;80t",
        b"\x1b]lA title with q and A in it\x1b\\",
        // Mice, focus, releases, keys that nobody knows.
        b"\x1b[M !!",
        b"\x1b[M\x20A\x41",
        b"\x1b[<0;0;0M",
        b"\x1b[<35;10;10m",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[106;1:3u",
        b"\x1b[57442u",
        b"\x1b[99~",
        b"\x1b[1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8;9A",
        b"\x1b[4294967296A",
        // No UTF-8, C1, an overlong slash, a surrogate.
        b"\xff",
        b"\x9b",
        b"\xc2\x9b",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xe2\x82",
        // Unfinished.
        b"\x1b[",
        b"\x1b[1;",
        b"\x1bO",
        b"\x1b]0;A",
        b"\x1b[M!",
    ] {
        let mut typist = Typist::new();
        assert_eq!(typist.all(bytes), [], "{:?}", String::from_utf8_lossy(bytes));
        assert_eq!(typist.all(b"q"), [letter('q')], "after {:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn sequences_may_come_in_pieces() {
    for bytes in [b"\x1b[1;5A".as_slice(), b"\x1bOA", b"\x1b[200~drop\r\x1b[201~", "日".as_bytes(), b"\x1b]0;x\x1b\\"]
    {
        let whole = Typist::new().all(bytes);
        for cut in 1..bytes.len() {
            let mut typist = Typist::new();
            let mut pieces = typist.types(&bytes[..cut]);
            pieces.extend(typist.waits(30));
            pieces.extend(typist.all(&bytes[cut..]));
            assert_eq!(pieces, whole, "{:?} cut at {cut}", String::from_utf8_lossy(bytes));
        }
    }
    // The escape alone was taken for the key already; what follows is still no letter.
    let mut typist = Typist::new();
    typist.types(b"\x1b");
    assert_eq!(typist.waits(120), [key(KeyCode::Esc)]);
    assert_eq!(typist.all(b"[A"), [key(KeyCode::Up)]);
    // A person who presses esc and then the bracket means both.
    typist.types(b"\x1b");
    typist.waits(120);
    assert_eq!(typist.all(b"["), [letter('[')]);
}

#[test]
fn escape_does_not_wait_long_and_two_are_two() {
    let mut typist = Typist::new();
    assert_eq!(typist.types(b"\x1b"), []);
    assert_eq!(typist.waits(40), [key(KeyCode::Esc)]);
    assert_eq!(typist.types(b"\x1b\x1b"), [key(KeyCode::Esc)]);
    assert_eq!(typist.waits(40), [key(KeyCode::Esc)]);
    assert_eq!(typist.types(b"\x1b\x1b[A"), [key(KeyCode::Esc), key(KeyCode::Up)]);
}

#[test]
fn ctrl_c_gets_through_whatever_is_unfinished() {
    for begun in [b"\x1b[".as_slice(), b"\x1b[1;2", b"\x1b]0;title", b"\x1bPq", b"\xe2\x82"] {
        let mut typist = Typist::new();
        typist.types(begun);
        typist.waits(500);
        assert_eq!(typist.all(b"\x03"), [ctrl('c')], "{begun:?}");
    }
    let mut typist = Typist::new();
    assert_eq!(typist.types(b"\x1b[200~drop"), []);
    typist.waits(100);
    assert_eq!(typist.types(b"\x03"), [ctrl('c')]);
    // The same byte in the middle of what is pasted is text.
    assert_eq!(typist.all(b"\x1b[200~a\x03b\x1b[201~"), [paste("a\u{3}b")]);
}

#[test]
fn a_paste_is_text_whatever_is_in_it() {
    let mut typist = Typist::new();
    assert_eq!(typist.types(b"\x1b[200~drop table\r\nA\x1b[A\x1b[201~"), [paste("drop table\r\nA\x1b[A")]);
    typist.waits(100);
    assert_eq!(typist.types(b"\x1b[200~\x1b[201~"), []);
    typist.waits(100);
    // A forged end: what follows is ignored until it is quiet.
    assert_eq!(typist.types(b"\x1b[200~ab\x1b[201~Ay\r\x1b[201~"), [paste("ab")]);
    assert_eq!(typist.waits(60), []);
    assert_eq!(typist.types(b"A"), []);
    assert_eq!(typist.types(b"\x1b[200~second\x1b[201~"), []);
    typist.waits(100);
    assert_eq!(typist.types(b"j"), [letter('j')]);
    // No end: given up after two quiet seconds, as the text it is.
    assert_eq!(typist.types(b"\x1b[200~without end"), []);
    assert_eq!(typist.waits(1900), []);
    assert_eq!(typist.waits(200), [paste("without end")]);
    typist.waits(100);
    assert_eq!(typist.types(b"j"), [letter('j')]);
}

#[test]
fn a_large_paste_is_cut_and_its_end_still_found() {
    let mut typist = Typist::new();
    let mut bytes = b"\x1b[200~".to_vec();
    bytes.extend("aé".repeat(PASTE_LIMIT).into_bytes());
    bytes.extend(PASTE_END);
    let mut out = Vec::new();
    for piece in bytes.chunks(4096) {
        out.extend(typist.types(piece));
    }
    let [Input::Paste(text)] = out.as_slice() else { panic!("{} inputs", out.len()) };
    assert!(text.len() <= PASTE_LIMIT && text.len() > PASTE_LIMIT - 4, "{}", text.len());
    assert!(!text.contains('\u{fffd}'));
    typist.waits(100);
    assert_eq!(typist.types(b"j"), [letter('j')]);
}

#[test]
fn what_nobody_can_type_so_fast_was_pasted() {
    let mut typist = Typist::new();
    assert_eq!(typist.types(b"drop\r"), [paste("drop\r")]);
    // It goes on without a pause, however short the pieces are.
    assert_eq!(typist.types(b"A"), [paste("A")]);
    typist.waits(100);
    assert_eq!(typist.types(b"A"), [with(KeyCode::Char('A'), KeyModifiers::SHIFT)]);
    // A held key, a few fast keys, and cursor keys over a slow link are keys.
    assert_eq!(typist.types(b"jjjjjjjj").len(), 8);
    assert_eq!(typist.types(b"2jj\r").len(), 4);
    assert_eq!(
        typist.types(b"\x1b[A\x1b[B\x1b[A\x1b[B"),
        [KeyCode::Up, KeyCode::Down, KeyCode::Up, KeyCode::Down].map(key)
    );
    // No more of it than of any paste.
    typist.waits(100);
    let mut length = 0;
    for _ in 0..64 {
        for input in typist.types(&b"0123456789abcdef".repeat(256)) {
            let Input::Paste(text) = input else { panic!("{input:?}") };
            length += text.len();
        }
    }
    assert_eq!(length, PASTE_LIMIT);
}

proptest! {
    /// Whatever comes, nothing panics, nothing is held for ever, and the next key is a key again.
    #[test]
    fn any_bytes_are_survived(pieces in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..40), 0_u64..3000), 0..30)) {
        let mut typist = Typist::new();
        for (bytes, pause) in pieces {
            typist.types(&bytes);
            typist.waits(pause);
        }
        typist.waits(5000);
        prop_assert_eq!(typist.decoder.deadline(), None);
        prop_assert_eq!(typist.types(b"q"), [letter('q')]);
    }

    /// Between the brackets of a paste nothing is a key, and nothing behind a forged end is.
    #[test]
    fn no_paste_presses_a_key(text in "\\PC{0,40}", inner in any::<bool>(), cut in 0_usize..200) {
        let mut bytes = b"\x1b[200~".to_vec();
        bytes.extend(text.bytes());
        if inner {
            bytes.extend(b"\x1b[201~W\rA1\r");
        }
        bytes.extend(PASTE_END);
        let cut = cut.min(bytes.len());
        let mut typist = Typist::new();
        let mut out = typist.types(&bytes[..cut]);
        out.extend(typist.types(&bytes[cut..]));
        let keys = out.iter().filter(|input| matches!(input, Input::Key(_))).count();
        prop_assert_eq!(keys, 0, "{:?}", out);
    }
}
