//! From the bytes of a terminal to keys and pastes.
//!
//! Every sequence of ECMA-48 is recognized as one, known or not, so an answer to a question that nobody asked, a mouse
//! that nobody turned on or a key that nobody knows never becomes letters: letters are commands here. What does not
//! come to its end is given up after a while, and a paste is never a command, whatever is in it.

mod keys;

use super::input::Input;
use crossterm::event::{KeyCode, KeyModifiers};
use std::time::{Duration, Instant};

/// Most bytes of one paste.
const PASTE_LIMIT: usize = 64 * 1024;
/// After so long an escape alone was the key.
const ESCAPE: Duration = Duration::from_millis(40);
/// After so long a sequence or a paste without an end is given up.
const GIVE_UP: Duration = Duration::from_secs(2);
/// So long after a paste, and until it is quiet for as long, keys are not keys: they are what was pasted behind a
/// forged end of the paste.
const QUIET: Duration = Duration::from_millis(80);
/// So many different characters in one read were not typed: a paste in a terminal that does not mark pastes.
const BURST: usize = 5;
/// Longest control sequence that is kept.
const SEQUENCE_LIMIT: usize = 64;
const PASTE_END: &[u8] = b"\x1b[201~";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum State {
    #[default]
    Ground,
    /// An escape.
    Escape,
    /// `ESC O`, for one more byte.
    Single,
    /// `ESC [` and what follows.
    Control,
    /// `ESC ]`, `ESC P` and the like: text up to a terminator, which is thrown away.
    Text,
    /// An escape inside such a text.
    TextEscape,
    /// So many bytes belong to an old mouse report.
    Mouse(u8),
    /// Between the brackets of a paste.
    Paste,
}

/// Decodes the bytes of one terminal. It has no clock: the caller says what time it is.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
    /// The bytes of an unfinished character, sequence or paste.
    held: Vec<u8>,
    /// When bytes came last.
    last: Option<Instant>,
    /// Keys are ignored until then.
    quiet: Option<Instant>,
    /// A paste without marks goes on until then, and is so long up to now.
    pasting: Option<(Instant, usize)>,
    /// An escape was taken for the key at this time.
    escaped: Option<Instant>,
}

impl Decoder {
    /// When [`Decoder::expire`] is due, if something is unfinished.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let last = self.last?;
        match self.state {
            State::Ground if self.held.is_empty() => None,
            State::Escape => Some(last + ESCAPE),
            // `ESC ]` and the like may be alt with that key.
            State::Text if self.held.len() == 1 => Some(last + ESCAPE),
            _ => Some(last + GIVE_UP),
        }
    }

    /// Gives up what is unfinished, if its time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Input> {
        let mut out = Vec::new();
        if self.deadline().is_none_or(|at| now < at) {
            return out;
        }
        match self.state {
            State::Escape => {
                self.escaped = Some(now);
                self.key(&mut out, now, KeyCode::Esc, KeyModifiers::NONE);
            }
            State::Text if self.held.len() == 1 => {
                let c = self.held.first().copied().map_or(' ', char::from);
                self.character(&mut out, now, c, KeyModifiers::ALT);
            }
            State::Paste => self.paste(&mut out, now),
            _ => {}
        }
        self.reset();
        out
    }

    fn reset(&mut self) {
        self.state = State::Ground;
        self.held.clear();
    }

    /// Takes the bytes of one read.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant) -> Vec<Input> {
        let mut out = Vec::new();
        let pause = self.last.map(|last| now.saturating_duration_since(last));
        self.last = Some(now);
        if self.state == State::Ground && self.held.is_empty() {
            if self.unmarked_paste(bytes, now, &mut out) {
                return out;
            }
            let late = self.escaped.take().is_some_and(|at| now.saturating_duration_since(at) < GIVE_UP / 4);
            if late && matches!(bytes, [b'[' | b'O', _, ..]) {
                // The rest of a sequence whose escape came alone: a slow link.
                self.state = State::Escape;
            }
        }
        // Somebody at the keyboard wants out of a paste that does not end.
        if self.state == State::Paste && bytes == [0x03] && pause.is_some_and(|p| p >= QUIET) {
            self.reset();
            self.key(&mut out, now, KeyCode::Char('c'), KeyModifiers::CONTROL);
            return out;
        }
        for byte in bytes {
            self.byte(*byte, now, &mut out);
        }
        out
    }

    /// Takes a read that nobody can have typed, or what follows such a one without a pause. What was pasted behind the
    /// end of a marked paste is ignored instead.
    fn unmarked_paste(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Input>) -> bool {
        let pasting = self.pasting.is_some_and(|(until, _)| now < until);
        let Some(text) = plain(bytes).filter(|text| pasting || is_burst(text)) else { return false };
        if !pasting && self.is_quiet(now) {
            self.quiet = Some(now + QUIET);
            return true;
        }
        let before = self.pasting.filter(|_| pasting).map_or(0, |(_, length)| length);
        if before + text.len() <= PASTE_LIMIT {
            out.push(Input::Paste(text));
        }
        self.pasting = Some((now + QUIET, before + bytes.len()));
        true
    }

    fn byte(&mut self, byte: u8, now: Instant, out: &mut Vec<Input>) {
        match self.state {
            State::Ground => self.ground(byte, now, out),
            State::Escape => self.escape(byte, now, out),
            State::Single => {
                self.reset();
                if let Some((code, modifiers)) = keys::single(byte) {
                    self.key(out, now, code, modifiers);
                }
            }
            State::Control => self.control(byte, now, out),
            State::Text => match byte {
                0x07 => self.reset(),
                0x1b => self.state = State::TextEscape,
                0x18 | 0x1a => self.reset(),
                0x03 => {
                    self.reset();
                    self.ground(byte, now, out);
                }
                // Only whether there is more than the introducer counts.
                _ if self.held.len() < 2 => self.held.push(byte),
                _ => {}
            },
            State::TextEscape => {
                self.reset();
                if byte != b'\\' {
                    // No terminator: another sequence begins here.
                    self.escape(byte, now, out);
                }
            }
            State::Mouse(left) => {
                if left > 1 {
                    self.state = State::Mouse(left - 1);
                } else {
                    self.reset();
                }
            }
            State::Paste => {
                self.held.push(byte);
                if self.held.ends_with(PASTE_END) {
                    self.held.truncate(self.held.len() - PASTE_END.len());
                    self.paste(out, now);
                    self.reset();
                } else if self.held.len() > PASTE_LIMIT + PASTE_END.len() {
                    // What is too much is forgotten, but its end is still waited for.
                    self.held.remove(PASTE_LIMIT);
                }
            }
        }
    }

    fn ground(&mut self, byte: u8, now: Instant, out: &mut Vec<Input>) {
        if !self.held.is_empty() || byte >= 0x80 {
            return self.unicode(byte, now, out);
        }
        match byte {
            0x1b => self.state = State::Escape,
            0x20..=0x7e => self.character(out, now, char::from(byte), KeyModifiers::NONE),
            _ => {
                let (code, modifiers) = keys::c0(byte);
                self.key(out, now, code, modifiers);
            }
        }
    }

    /// A byte of a character of several bytes. What is no UTF-8 is no key.
    fn unicode(&mut self, byte: u8, now: Instant, out: &mut Vec<Input>) {
        self.held.push(byte);
        match std::str::from_utf8(&self.held) {
            Ok(text) => {
                let c = text.chars().next();
                self.held.clear();
                // C1 controls and other invisible things are nothing that a keyboard sends.
                if let Some(c) = c.filter(|c| !c.is_control()) {
                    self.character(out, now, c, KeyModifiers::NONE);
                }
            }
            Err(error) if error.error_len().is_some() => {
                let again = self.held.len() > 1;
                self.held.clear();
                if again {
                    self.ground(byte, now, out);
                }
            }
            Err(_) => {}
        }
    }

    fn escape(&mut self, byte: u8, now: Instant, out: &mut Vec<Input>) {
        self.reset();
        match byte {
            b'[' => self.state = State::Control,
            b'O' => self.state = State::Single,
            b']' | b'P' | b'X' | b'^' | b'_' => {
                self.state = State::Text;
                self.held.push(byte);
            }
            0x1b => {
                self.key(out, now, KeyCode::Esc, KeyModifiers::NONE);
                self.state = State::Escape;
            }
            0x20..=0x7e => self.character(out, now, char::from(byte), KeyModifiers::ALT),
            0x80.. => {
                // Alt with a character of several bytes: there is no such command.
                self.key(out, now, KeyCode::Esc, KeyModifiers::NONE);
                self.ground(byte, now, out);
            }
            _ => {
                let (code, modifiers) = keys::c0(byte);
                self.key(out, now, code, modifiers | KeyModifiers::ALT);
            }
        }
    }

    fn control(&mut self, byte: u8, now: Instant, out: &mut Vec<Input>) {
        match byte {
            0x20..=0x3f => {
                if self.held.len() < SEQUENCE_LIMIT {
                    self.held.push(byte);
                }
            }
            // The Linux console: ESC [ [ A is F1.
            b'[' if self.held.is_empty() => self.held.push(byte),
            0x40..=0x7e => {
                let parameters = std::mem::take(&mut self.held);
                self.state = State::Ground;
                match (parameters.as_slice(), byte) {
                    (b"200", b'~') => self.state = State::Paste,
                    (b"", b'M') => self.state = State::Mouse(3),
                    _ => {
                        if let Some((code, modifiers)) = keys::control(&parameters, byte) {
                            self.key(out, now, code, modifiers);
                        }
                    }
                }
            }
            0x1b => {
                self.reset();
                self.state = State::Escape;
            }
            // A control character ends the sequence and is itself: ctrl-c always works.
            _ => {
                self.reset();
                self.ground(byte, now, out);
            }
        }
    }

    fn paste(&mut self, out: &mut Vec<Input>, now: Instant) {
        let held = std::mem::take(&mut self.held);
        let text = String::from_utf8_lossy(held.get(..PASTE_LIMIT.min(held.len())).unwrap_or_default());
        // The cut may have gone through a character.
        let text = if held.len() > PASTE_LIMIT { text.trim_end_matches('\u{fffd}') } else { &text };
        if !self.is_quiet(now) && !text.is_empty() {
            out.push(Input::Paste(text.to_owned()));
        }
        self.quiet = Some(now + QUIET);
    }

    fn is_quiet(&self, now: Instant) -> bool {
        self.quiet.is_some_and(|until| now < until)
    }

    fn character(&mut self, out: &mut Vec<Input>, now: Instant, c: char, modifiers: KeyModifiers) {
        let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
        self.key(out, now, KeyCode::Char(c), modifiers | shift);
    }

    fn key(&mut self, out: &mut Vec<Input>, now: Instant, code: KeyCode, modifiers: KeyModifiers) {
        if self.is_quiet(now) {
            self.quiet = Some(now + QUIET);
        } else {
            out.push(Input::Key(crossterm::event::KeyEvent::new(code, modifiers)));
        }
    }
}

/// The text of a read that holds nothing but text and line ends.
fn plain(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let other = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
    (!text.chars().any(other)).then(|| text.into_owned())
}

/// Several different characters at once were not typed. A key that is held down over a slow link comes in bursts as
/// well, but of one character.
fn is_burst(text: &str) -> bool {
    let mut different: Vec<char> = text.chars().collect();
    let long = different.len() >= BURST;
    different.sort_unstable();
    different.dedup();
    long && different.len() > 2
}

#[cfg(test)]
mod tests;
