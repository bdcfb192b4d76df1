//! The screen: what is drawn, and what of it the terminal has.

use super::input::Switch;
use super::output::{Output, Tty};
use super::owner;
use super::paint::Painter;
use base64::Engine as _;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use rustix::termios::Termios;
use std::io;
use std::marker::PhantomData;
use std::time::Duration;

/// Most bytes that are put on the terminal's clipboard at once: what terminals accept in one sequence.
pub const COPY_LIMIT: usize = 74_994;

/// How soon to draw again after a frame that the terminal could not take.
const STALLED: Duration = Duration::from_millis(40);
/// How soon to look again whether the terminal is ours again.
const AWAY: Duration = Duration::from_millis(500);

/// Where the terminal's cursor is after a frame. It is put there also when it is hidden: screen readers and input
/// methods follow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The cell, from the upper left corner.
    pub at: Position,
    /// Whether one sees it: in inputs only.
    pub shown: bool,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Handed to the terminal.
    Sent,
    /// Nothing had changed, nothing was written.
    Unchanged,
    /// The terminal takes nothing now: the frame was dropped. Draw again after [`Screen::patience`].
    Stalled,
}

/// What went to the terminal so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames that were sent.
    pub frames: u64,
    /// Bytes of all frames.
    pub bytes: u64,
    /// Writes that took bytes: as many as frames, unless the terminal stalled.
    pub writes: u64,
    /// Frames that were dropped.
    pub dropped: u64,
    /// Bytes of the last frame.
    pub last: usize,
}

/// The only writer of the terminal. It stays on the thread that made it: a panic there gives the terminal back.
#[derive(Debug)]
pub struct Screen<O: Output = Tty> {
    output: O,
    painter: Painter,
    next: Buffer,
    /// What the terminal has not taken yet of a frame that it began to take.
    rest: Vec<u8>,
    figures: Figures,
    lifecycle: Lifecycle<O>,
    here: PhantomData<*const ()>,
}

/// The ways in and out, for outputs that are terminals.
#[derive(Debug)]
struct Lifecycle<O> {
    state: Presence,
    /// Terminal settings of before the first entering.
    before: Option<Termios>,
    switch: Switch,
    enter: fn(&O, Option<&Termios>) -> io::Result<Option<Termios>>,
    foreground: fn(&O) -> bool,
    size: fn(&O) -> Option<Size>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// The terminal is ours.
    Here,
    /// A shell has it; it is taken again when it is ours again.
    Away,
    /// Given back for good.
    Left,
}

impl Screen<Tty> {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor, no mouse, no queries.
    ///
    /// # Errors
    /// When standard output is no terminal, or its settings cannot be changed.
    pub fn enter() -> io::Result<Self> {
        let tty = Tty::open()?;
        let size = size_of(&tty).unwrap_or(Size { width: 80, height: 24 });
        let before = owner::own(&tty, None)?;
        let lifecycle = Lifecycle {
            state: Presence::Here,
            before: Some(before),
            switch: Switch::new()?,
            enter: |tty, before| owner::own(tty, before).map(Some),
            foreground: |tty| owner::in_foreground(tty),
            size: size_of,
        };
        Ok(Self::new(tty, size, lifecycle))
    }
}

fn size_of(tty: &Tty) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(tty).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size { width: size.ws_col, height: size.ws_row })
}

impl<O: Output> Screen<O> {
    /// A screen on anything that takes bytes; it changes no terminal.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn on(output: O, size: Size) -> io::Result<Self> {
        let lifecycle = Lifecycle {
            state: Presence::Here,
            before: None,
            switch: Switch::new()?,
            enter: |_, _| Ok(None),
            foreground: |_| true,
            size: |_| None,
        };
        Ok(Self::new(output, size, lifecycle))
    }

    fn new(output: O, size: Size, lifecycle: Lifecycle<O>) -> Self {
        Self {
            output,
            painter: Painter::default(),
            next: Buffer::empty(Rect::new(0, 0, size.width, size.height)),
            rest: Vec::new(),
            figures: Figures::default(),
            lifecycle,
            here: PhantomData,
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> Size {
        self.next.area.as_size()
    }

    /// What went to the terminal so far.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    /// How soon to draw again after [`Drawn::Stalled`].
    pub fn patience(&self) -> Duration {
        if self.lifecycle.state == Presence::Here { STALLED } else { AWAY }
    }

    /// Turns reading off while the terminal is not ours; for [`super::Inputs`].
    pub fn switch(&self) -> Switch {
        self.lifecycle.switch.clone()
    }

    /// The terminal has another size now, or had one in between; the next frame paints everything.
    pub fn resize(&mut self, size: Size) {
        self.next = Buffer::empty(Rect::new(0, 0, size.width, size.height));
        self.painter.forget();
    }

    /// Where the bytes go.
    pub fn output(&mut self) -> &mut O {
        &mut self.output
    }

    /// Somebody else wrote to the terminal; the next frame paints everything (ctrl-l).
    pub fn redraw(&mut self) {
        self.painter.forget();
    }

    /// Draws one frame: `paint` gets an empty buffer of the screen's size and says where the cursor is. It is not
    /// called when the terminal can take nothing.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> Cursor) -> io::Result<Drawn> {
        if !self.present()? || !self.settle()? {
            self.figures.dropped += 1;
            return Ok(Drawn::Stalled);
        }
        self.next.reset();
        let cursor = paint(&mut self.next);
        let Some(frame) = self.painter.frame(&self.next, cursor) else { return Ok(Drawn::Unchanged) };
        let taken = self.output.send(&frame.bytes)?;
        if taken == 0 {
            self.figures.dropped += 1;
            return Ok(Drawn::Stalled);
        }
        self.rest.extend_from_slice(frame.bytes.get(taken..).unwrap_or_default());
        owner::torn(!self.rest.is_empty());
        self.figures.frames += 1;
        self.figures.writes += 1;
        self.figures.bytes += frame.bytes.len() as u64;
        self.figures.last = frame.bytes.len();
        let area = self.next.area;
        let mut old = self.painter.sent(&frame, std::mem::take(&mut self.next));
        old.resize(area);
        self.next = old;
        Ok(Drawn::Sent)
    }

    /// Puts text on the clipboard of the terminal (OSC 52), on the other side of any SSH link. `false`, and nothing
    /// happened, when it is longer than [`COPY_LIMIT`] or the terminal takes nothing now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<bool> {
        if text.len() > COPY_LIMIT || !self.present()? || !self.settle()? {
            return Ok(false);
        }
        let sequence = format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text));
        let taken = self.output.send(sequence.as_bytes())?;
        if taken == 0 {
            return Ok(false);
        }
        self.rest.extend_from_slice(sequence.as_bytes().get(taken..).unwrap_or_default());
        owner::torn(!self.rest.is_empty());
        Ok(true)
    }

    /// Sends what is left of a frame that the terminal began to take. `false` when it still does not take all of it.
    fn settle(&mut self) -> io::Result<bool> {
        if self.rest.is_empty() {
            return Ok(true);
        }
        let taken = self.output.send(&self.rest)?;
        if taken > 0 {
            self.figures.writes += 1;
            self.rest.drain(..taken.min(self.rest.len()));
        }
        owner::torn(!self.rest.is_empty());
        Ok(self.rest.is_empty())
    }

    /// Whether the terminal is ours; takes it again when a shell has given it back.
    fn present(&mut self) -> io::Result<bool> {
        match self.lifecycle.state {
            Presence::Here => Ok(true),
            Presence::Left => Ok(false),
            Presence::Away if !(self.lifecycle.foreground)(&self.output) => Ok(false),
            Presence::Away => {
                (self.lifecycle.enter)(&self.output, self.lifecycle.before.as_ref())?;
                self.lifecycle.state = Presence::Here;
                self.rest.clear();
                self.redraw();
                if let Some(size) = (self.lifecycle.size)(&self.output) {
                    self.resize(size);
                }
                self.lifecycle.switch.on();
                Ok(true)
            }
        }
    }

    /// Gives the terminal back and stops the process, as ctrl-z does in any program; comes back when it is continued.
    /// The next frame takes the terminal again, as soon as it is ours. `false` when nobody could continue the process:
    /// then nothing happened.
    ///
    /// # Errors
    /// When the process cannot be stopped.
    pub fn suspend(&mut self) -> io::Result<bool> {
        if self.lifecycle.state != Presence::Here || !owner::somebody_continues() {
            return Ok(false);
        }
        self.hand_back();
        self.lifecycle.state = Presence::Away;
        owner::stop()?;
        Ok(true)
    }

    /// The process was stopped and continued by somebody else: takes the terminal again and paints everything, or
    /// stays away when it runs in the background now.
    pub fn resume(&mut self) {
        if self.lifecycle.state == Presence::Here {
            self.lifecycle.switch.off();
            self.lifecycle.state = Presence::Away;
        }
    }

    /// Gives the terminal back for good. Calling it again does nothing.
    pub fn leave(&mut self) {
        if self.lifecycle.state == Presence::Left {
            return;
        }
        if self.lifecycle.state == Presence::Here {
            self.hand_back();
        }
        self.lifecycle.state = Presence::Left;
        if self.lifecycle.before.is_some() {
            owner::ignore_panics();
        }
    }

    fn hand_back(&mut self) {
        self.lifecycle.switch.off();
        if self.lifecycle.before.is_some() {
            owner::restore();
        }
        self.rest.clear();
    }
}

impl<O: Output> Drop for Screen<O> {
    fn drop(&mut self) {
        self.leave();
    }
}
