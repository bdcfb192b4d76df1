//! The terminal: entering and leaving it, one write per frame, input on a thread of its own.
//!
//! [`Screen`] owns the terminal and is the only writer; [`Inputs`] is the only reader. Neither asks the terminal
//! anything, so nothing that arrives can be an answer: whatever looks like one is swallowed.
//!
//! A frame is the difference between what was sent last and what is wanted now, in one write, inside a synchronized
//! update. Only what was really handed to the terminal counts as sent, so a frame that a slow link could not take is
//! simply dropped, and the next one is right again.
//!
//! How a loop uses it, on the thread that draws:
//!
//! ```text
//! let mut screen = Screen::enter()?;
//! let mut inputs = Inputs::of(&screen.switch(), stop)?;
//! loop {
//!     match inputs.next().await {
//!         Input::Resize(width, height) => screen.resize(Size { width, height }),
//!         Input::Suspend => screen.suspend()?,         // and for the ctrl-z key
//!         Input::Resumed => screen.resume(),
//!         Input::Leave | Input::Gone => break,
//!         other => update the state; take what else is inputs.ready() before drawing
//!     }
//!     if screen.draw(|buffer| paint(&state, buffer))? == Drawn::Stalled {
//!         draw again after screen.patience()
//!     }
//! }
//! screen.leave();
//! ```

mod decode;
mod input;
mod output;
mod owner;
mod paint;
mod place;
mod screen;

pub use input::{Input, InputSource, Inputs, Keyboard, Switch};
pub use output::{Output, Tty};
pub use owner::{catch_panics, restore};
pub use screen::{COPY_LIMIT, Cursor, Drawn, Figures, Screen};

#[cfg(test)]
mod tests;
