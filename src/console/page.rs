//! Pages: the five views, and what stacks above them (steppers, forms, palette, dialogs).
//!
//! A page is state, `update` (its event methods, which return effects and do no I/O) and `draw` (pure). The frame
//! ([`super::state`]) routes events: keys to the page on top, answers to the page that asked.

use super::action::Action;
use super::canvas::Canvas;
use super::desk::{News, Ticket};
use super::effect::Effect;
use super::query::Answer;
use super::shared::Shared;
use crate::model::ObjectType;
use crate::text::Shown;
use crossterm::event::KeyEvent;
use jiff::Timestamp;

/// Which page: answers and news find their way by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PageId {
    /// The frame itself: header and chrome.
    Frame,
    /// View 1.
    Overview,
    /// View 2.
    Directory,
    /// View 3.
    Mapping,
    /// View 4.
    Log,
    /// View 5.
    Plan,
    /// The stepper.
    Provision,
    /// Assigning.
    Assign,
    /// Connection test.
    Test,
    /// The first-run page.
    Connect,
    /// Settings.
    Settings,
    /// Palette and help.
    Palette,
    /// A confirmation.
    Confirm,
    /// Unlocking.
    Unlock,
    /// The copy menu.
    CopyMenu,
    /// The list of jobs.
    Jobs,
    /// Messages.
    Messages,
    /// Choosing a person.
    Choose,
}

/// How a page takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Below the tabs, alone. Views and steppers.
    Full,
    /// A box that floats above what is below it; it asks for at most so many columns and rows, borders included.
    Float {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
}

/// Why an action is off here, in words that stand behind it in the palette: "needs a user", "write off", "offline".
pub type Reason = &'static str;

/// A user or group that something is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// User or group.
    pub object_type: ObjectType,
    /// Directory object id.
    pub id: String,
    /// User principal name, or the group's name; untrusted.
    pub name: String,
}

/// Where a page is asked to go when it is opened from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Focus {
    /// This user or group (directory, mapping preview).
    Object(Object),
    /// The log's causes: the one with this code and normalised reason.
    Cause {
        /// Error code.
        code: String,
        /// Reason as [`crate::store::log::Cause`] has it.
        reason: String,
    },
    /// The log: entries about one object.
    EntriesOf(Object),
    /// The log: entries of one cycle, by its id.
    Cycle(String),
    /// The mapping rule that writes this attribute path.
    Rule(String),
    /// The list, filtered by this text.
    Filter(String),
}

/// What may be written while writing is unlocked, and what `W` unlocks from a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One user or group: provisioning it, and its roles.
    Object(Object),
    /// The plan with this fingerprint: applying it, and deciding about what it holds.
    Plan(String),
    /// All of the job: its settings, assignments and cycles, every plan and everybody.
    Job,
}

/// Something that `y` offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyItem {
    /// What it is: "id", "value", "row", "command".
    pub what: &'static str,
    /// The raw text: what is copied is what the model has, never what the screen shows.
    pub text: String,
}

/// A view written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// First part of the file name: `users`, `log`, `plan`, `rules`.
    pub name: &'static str,
    /// `csv`, `json`, `md` or `txt`.
    pub extension: &'static str,
    /// Its text.
    pub text: String,
}

/// One page. Methods get [`Shared`] (time, job, standing, write mode) and return effects.
pub trait Page: Send {
    /// Which page it is.
    fn id(&self) -> PageId;

    /// How it takes its place.
    fn kind(&self) -> Kind {
        Kind::Full
    }

    /// The actions that it answers itself, besides those that are answered everywhere. The order is that of the hint
    /// line, most useful first.
    fn actions(&self) -> &'static [Action];

    /// Whether an action of [`Page::actions`] can be done now, or why not.
    ///
    /// # Errors
    /// The reason.
    fn enabled(&self, _shared: &Shared, _action: Action) -> Result<(), Reason> {
        Ok(())
    }

    /// What the hint line names, with a word of its own for each where the registry's does not fit. The frame adds
    /// palette and help and leaves out what does not fit in the width.
    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)>;

    /// It becomes visible: ask for what it needs.
    fn opened(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// The store changed: ask again for what is shown. Called at most twice a second, and only while it is visible.
    fn changed(&mut self, shared: &mut Shared) -> Vec<Effect> {
        self.opened(shared)
    }

    /// It was asked to show something in particular.
    fn focus(&mut self, _shared: &mut Shared, _focus: Focus) -> Vec<Effect> {
        Vec::new()
    }

    /// An action that it answers, was enabled, and is meant for it.
    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect>;

    /// Whether typed text goes to an input of it: then single letters are text, not actions. `esc`, `enter`, `tab`
    /// and control keys arrive at [`Page::key`] too.
    fn typing(&self) -> bool {
        false
    }

    /// A key while [`Page::typing`].
    fn key(&mut self, _shared: &mut Shared, _key: KeyEvent) -> Vec<Effect> {
        Vec::new()
    }

    /// Pasted text, one line, cleaned of line breaks: for the input that has the focus. Never an action.
    fn paste(&mut self, _shared: &mut Shared, _text: &str) -> Vec<Effect> {
        Vec::new()
    }

    /// `esc` when nothing else consumes it: clear the filter, leave the zoom … `None` means: nothing to go back
    /// from, the frame closes the layer.
    fn back(&mut self, _shared: &mut Shared) -> Option<Vec<Effect>> {
        None
    }

    /// What would be lost if it were closed now, in words: `2 changes are not saved`. The frame asks before it closes
    /// it, by whatever key.
    fn unsaved(&self) -> Option<String> {
        None
    }

    /// The selection has rested for a moment: now is the time to ask for details of it. Also called when
    /// [`Page::settles_at`] has come.
    fn settled(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// When [`Page::settled`] is to be called although no key was pressed. It has to move this on, or end it.
    fn settles_at(&self) -> Option<Timestamp> {
        None
    }

    /// The store's answer to a query of this page.
    fn answer(&mut self, _shared: &mut Shared, _answer: Answer) -> Vec<Effect> {
        Vec::new()
    }

    /// A query of this page failed.
    fn failed(&mut self, _shared: &mut Shared, _why: Shown) -> Vec<Effect> {
        Vec::new()
    }

    /// News of a request that this page made.
    fn news(&mut self, _shared: &mut Shared, _ticket: Ticket, _news: News) -> Vec<Effect> {
        Vec::new()
    }

    /// Whether it waits for the end of this request, one that writes, and will tell how it ended. The frame tells the
    /// end of any other: nothing that was written, or was not, goes unsaid.
    fn waits_for(&self, _ticket: Ticket) -> bool {
        false
    }

    /// A write that was asked for by a page like this one, and that it does not wait for, has ended: what it shows may
    /// be old.
    fn overtaken(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// Draws itself. The canvas is the page's place: below the tabs to above the hint line, or the inside of its box.
    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>);

    /// When what is drawn changes by time alone, if it does: an age, a countdown, a spinner.
    fn changes_at(&self, _shared: &Shared) -> Option<Timestamp> {
        None
    }

    /// The object that is selected: what `p`, `a` and `W` are about.
    fn object(&self) -> Option<Object> {
        None
    }

    /// What `W` unlocks from here.
    fn subject(&self) -> Subject {
        self.object().map_or(Subject::Job, Subject::Object)
    }

    /// What `y` offers, most useful first.
    fn copies(&self, _shared: &Shared) -> Vec<CopyItem> {
        Vec::new()
    }

    /// Whether there is something for `x`. Asked whenever a list of actions opens: it must cost nothing.
    fn can_export(&self) -> bool {
        false
    }

    /// What `x` writes to a file, where [`Page::can_export`]; made when it is asked for.
    fn export(&self, _shared: &Shared) -> Option<Export> {
        None
    }
}

pub mod assign;
pub mod choose;
pub mod confirm;
pub mod connect;
pub mod copy_menu;
pub mod jobs;
pub mod menu;
pub mod messages;
pub mod palette;
pub mod pending;
mod prose;
pub mod provision;
pub mod settings;
pub mod test;
pub mod unlock;
