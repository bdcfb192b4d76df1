//! The loop: events in, one frame out, effects done. The task that runs it owns the terminal and never waits for
//! anything but events.

use super::desk::{Desk, News, Ticket};
use super::effect::{Effect, Tone};
use super::event::Event;
use super::page::Export;
use super::query::{Facts, Slot};
use super::reader::Reader;
use super::shared::{JobCard, Shared};
use super::state::State;
use super::style::{Look, Wishes, choose};
use super::terminal::{COPY_LIMIT, Cursor, Drawn, Input, Inputs, Screen};
use super::words;
use crate::config::{Env, process_env};
use crate::store::{Store, remembered};
use crate::text::{Shown, show};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

/// Shortest time between two frames: at most 30 a second. What a key does is shown at once, unless a key was answered
/// that recently: it does not wait because something else was drawn before it.
const FRAME: Duration = Duration::from_millis(33);
/// The first frame waits so long for the first answers of the store, so that it does not show an empty page.
const FIRST: Duration = Duration::from_millis(80);

/// What the console opens with.
pub struct Opening {
    /// The job's database.
    pub store: Store,
    /// What queries may know about the job.
    pub facts: Arc<Facts>,
    /// The job as the screen names it.
    pub card: JobCard,
    /// Colours and glyphs.
    pub look: Look,
    /// Folder of the person's own themes.
    pub themes: Option<PathBuf>,
    /// What was found wrong on the way here.
    pub troubles: Vec<Shown>,
    /// Whoever does what needs the engine or the network.
    pub desk: Arc<dyn Desk>,
    /// Where events from outside are sent.
    pub sender: UnboundedSender<Event>,
    /// Where they arrive.
    pub events: UnboundedReceiver<Event>,
}

/// How the console was left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// The person quit.
    Quit,
    /// A signal, or the terminal is gone.
    Ended,
    /// To open another job.
    Job(String),
}

/// What the loop works with, beside the state.
struct World<'a> {
    screen: &'a mut Screen,
    reader: Reader,
    store: Store,
    desk: Arc<dyn Desk>,
    sender: UnboundedSender<Event>,
    themes: Option<PathBuf>,
    requests: Requests,
    /// Questions of the first page that are not answered yet.
    first: BTreeSet<Slot>,
    left: Option<Left>,
}

/// Runs the console on a screen until it is left.
///
/// # Errors
/// When the terminal cannot be written any more.
pub async fn run(opening: Opening, screen: &mut Screen, inputs: &mut Inputs) -> io::Result<Left> {
    let Opening { store, facts, card, look, themes, troubles, desk, sender, mut events } = opening;
    let size = screen.size();
    let zone = TimeZone::system();
    let mut shared = Shared::new(Timestamp::now(), zone, size.width, size.height, look, card);
    // Best effort: the screen can do without its memory.
    shared.remembered = store.read(remembered::all).unwrap_or_default().into_iter().collect();
    let mut state = State::new(shared);
    let reader = Reader::start(&store, facts, sender.clone())?;
    let mut world = World {
        screen,
        reader,
        store,
        desk,
        sender,
        themes,
        requests: Requests::default(),
        first: BTreeSet::new(),
        left: None,
    };
    let opened = state.open();
    for effect in &opened {
        if let Effect::Query(query) = effect {
            world.first.insert(query.slot());
        }
    }
    world.perform(&mut state, opened);
    for trouble in troubles {
        world.take(&mut state, Event::Trouble(trouble));
    }
    let began = Instant::now();
    let (mut dirty, mut last) = (true, None::<Instant>);
    // A key waits for its frame, and when the last one got one.
    let (mut pressed, mut answered) = (false, None::<Instant>);
    let mut stalled = None;
    loop {
        if let Some(left) = world.left.take() {
            world.end();
            return Ok(left);
        }
        let now = Instant::now();
        let held = !world.first.is_empty() && now < began + FIRST;
        let before = if pressed { answered } else { last };
        let due = before.map_or(now, |at| at + FRAME).max(stalled.unwrap_or(now));
        if dirty && !held && now >= due {
            stalled = None;
            match world.draw(&mut state)? {
                Drawn::Sent => {
                    if pressed {
                        answered = Some(now);
                    }
                    (dirty, pressed, last) = (false, false, Some(now));
                }
                Drawn::Unchanged => (dirty, pressed) = (false, false),
                Drawn::Stalled => stalled = Some(now + world.screen.patience()),
            }
        }
        let frame = dirty.then(|| if held { began + FIRST } else { due.max(stalled.unwrap_or(due)) });
        let tick = state.next_tick().map(|at| now + until(at));
        let wake = [frame, tick].into_iter().flatten().min();
        let event = tokio::select! {
            biased;
            input = inputs.next() => Came::Input(input),
            Some(event) = events.recv() => Came::Event(Box::new(event)),
            () = sleep(wake) => Came::Event(Box::new(Event::Clock)),
        };
        pressed |= matches!(event, Came::Input(_));
        dirty |= world.came(&mut state, event);
        // Everything that is there is taken in before one frame is drawn.
        while world.left.is_none() {
            if let Some(input) = inputs.ready() {
                pressed = true;
                dirty |= world.came(&mut state, Came::Input(input));
            } else if let Ok(event) = events.try_recv() {
                dirty |= world.came(&mut state, Came::Event(Box::new(event)));
            } else {
                break;
            }
        }
    }
}

/// What is under way at the desk, and how to take it back.
#[derive(Default)]
struct Requests(HashMap<Ticket, CancellationToken>);

impl Requests {
    fn begin(&mut self, ticket: Ticket) -> CancellationToken {
        let cancel = CancellationToken::new();
        self.0.insert(ticket, cancel.clone());
        cancel
    }

    fn cancel(&mut self, ticket: Ticket) {
        if let Some(cancel) = self.0.remove(&ticket) {
            cancel.cancel();
        }
    }

    /// What came to its end cannot be taken back any more.
    fn heard(&mut self, event: &Event) {
        if let Event::Desk(ticket, News::Done(_)) = event {
            self.0.remove(ticket);
        }
    }

    fn cancel_all(&mut self) {
        for (_, cancel) in self.0.drain() {
            cancel.cancel();
        }
    }
}

enum Came {
    Input(Input),
    Event(Box<Event>),
}

fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO)
}

async fn sleep(until: Option<Instant>) {
    match until {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl World<'_> {
    /// Takes in what came; whether the screen may look different now. What the state does not know of (another size,
    /// the screen taken back) always may.
    fn came(&mut self, state: &mut State, came: Came) -> bool {
        let own = matches!(came, Came::Input(Input::Resize(..) | Input::Suspend | Input::Resumed));
        match came {
            Came::Input(Input::Key(key)) => self.take(state, Event::Key(key)),
            Came::Input(Input::Paste(text)) => self.take(state, Event::Paste(text)),
            Came::Input(Input::Resize(width, height)) => {
                self.screen.resize(ratatui::layout::Size { width, height });
                self.take(state, Event::Resize(width, height));
            }
            Came::Input(Input::Suspend) => self.suspend(state),
            Came::Input(Input::Resumed) => self.screen.resume(),
            Came::Input(Input::Panicked(line)) => self.take(state, Event::Worker(line)),
            Came::Input(Input::Leave | Input::Gone) => self.left = Some(Left::Ended),
            Came::Event(event) => match *event {
                Event::Facts(facts) => {
                    self.reader.set_facts(facts);
                    self.take(state, Event::Changed);
                }
                event => {
                    if let Event::Answer(slot, _) = &event {
                        self.first.remove(slot);
                    }
                    self.requests.heard(&event);
                    self.take(state, event);
                }
            },
        }
        state.take_touched() || own
    }

    fn take(&mut self, state: &mut State, event: Event) {
        let effects = state.update(Timestamp::now(), event);
        self.perform(state, effects);
    }

    fn perform(&mut self, state: &mut State, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Query(query) => self.reader.ask(query),
                Effect::Desk(_, ticket, request) => self.request(ticket, request),
                Effect::Cancel(ticket) => self.requests.cancel(ticket),
                Effect::Copy { what, text } => self.copy(state, what, &text),
                Effect::Export(export) => self.export(state, export),
                Effect::Remember(key, value) => {
                    let (store, values) = (self.store.clone(), [(key.to_owned(), value)].into());
                    // A store that cannot be written is no reason to say anything about the screen's memory.
                    tokio::spawn(async move { remembered::keep(&store, values).await.ok() });
                }
                Effect::Theme(name) => self.theme(state, &name),
                Effect::Job(name) => self.left = Some(Left::Job(name)),
                Effect::Redraw => self.screen.redraw(),
                Effect::Suspend => self.suspend(state),
                Effect::Leave => self.left = Some(Left::Quit),
                // The state has carried these out itself.
                Effect::Open(_)
                | Effect::Close
                | Effect::Go(..)
                | Effect::Turn(_)
                | Effect::Say(..)
                | Effect::Act(_)
                | Effect::Anyway(_) => {}
            }
        }
    }

    fn request(&mut self, ticket: Ticket, request: super::desk::Request) {
        let cancel = self.requests.begin(ticket);
        let (desk, sender) = (Arc::clone(&self.desk), self.sender.clone());
        let telling = sender.clone();
        let tell: super::desk::Tell = Arc::new(move |news| drop(telling.send(Event::Desk(ticket, news))));
        let task = tokio::spawn(desk.ask(request, tell, cancel));
        tokio::spawn(async move {
            let done = match task.await {
                Ok(done) => done,
                Err(error) => Err(super::desk::Trouble {
                    what: show(&format!("it ended unexpectedly: {error}")),
                    advice: vec![show("nothing else is affected; try it again")],
                }),
            };
            drop(sender.send(Event::Desk(ticket, News::Done(done))));
        });
    }

    fn copy(&mut self, state: &mut State, what: &str, text: &str) {
        let said = match self.screen.copy(text) {
            Ok(true) => {
                let characters = words::count(text.chars().count() as u64);
                Event::Said(Tone::Plain, show(&format!("copied the {what}, {characters} characters")))
            }
            Ok(false) if text.len() > COPY_LIMIT => {
                Event::Said(Tone::Warn, show(&format!("the {what} is too long for a clipboard: x writes a file")))
            }
            Ok(false) => Event::Said(Tone::Warn, show("the terminal takes nothing now: nothing was copied")),
            Err(error) => Event::Said(Tone::Fail, show(&format!("nothing was copied: {error}"))),
        };
        self.take(state, said);
    }

    /// Writes an export into the working folder, never over a file that is there.
    fn export(&mut self, state: &mut State, export: Export) {
        let job = state.shared.job.name.clone();
        let at = state.shared.now.to_zoned_datetime(state.shared.zone.clone()).strftime("%Y%m%d-%H%M%S").to_string();
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let name = format!("heeler-{job}-{}-{at}.{}", export.name, export.extension);
            let path = std::env::current_dir().unwrap_or_default().join(name);
            let written = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .and_then(|mut file| file.write_all(export.text.as_bytes()));
            let said = match written {
                Ok(()) => Event::Said(Tone::Plain, show(&format!("wrote {}", path.display()))),
                Err(error) => Event::Said(Tone::Fail, show(&format!("could not write {}: {error}", path.display()))),
            };
            drop(sender.send(said));
        });
    }

    fn theme(&mut self, state: &mut State, name: &str) {
        let wishes = Wishes { flag: Some(name), config: None, folder: self.themes.as_deref() };
        let env: Env<'_> = &process_env;
        let (look, trouble) = choose(&wishes, env);
        state.shared.look = look;
        self.screen.redraw();
        if let Some(trouble) = trouble {
            self.take(state, Event::Trouble(show(&trouble)));
        }
    }

    fn suspend(&mut self, state: &mut State) {
        if !self.screen.suspend().unwrap_or(false) {
            self.take(state, Event::Said(Tone::Plain, show("nobody could continue this process: not suspended")));
        }
    }

    fn draw(&mut self, state: &mut State) -> io::Result<Drawn> {
        let began = Instant::now();
        let drawn = self.screen.draw(|buffer| {
            if state.debug.is_some() {
                super::fault("drawing");
            }
            let cursor = state.draw(buffer);
            Cursor { at: cursor.at.unwrap_or_default(), shown: cursor.shown }
        })?;
        if state.debug.is_some() && drawn == Drawn::Sent {
            let figures = self.screen.figures();
            let took = began.elapsed().as_micros();
            state.debug = Some(show(&format!(
                "{took} µs · {} B · frame {} · {} B · {} writes · {} dropped",
                figures.last, figures.frames, figures.bytes, figures.writes, figures.dropped
            )));
        }
        Ok(drawn)
    }

    /// Whatever is under way for a page is taken back.
    fn end(&mut self) {
        self.requests.cancel_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::desk::Reply;

    #[test]
    fn what_has_ended_is_not_kept() {
        let mut requests = Requests::default();
        let (first, second) = (requests.begin(Ticket(1)), requests.begin(Ticket(2)));
        requests.heard(&Event::Desk(Ticket(1), News::Progress(show("half of it"))));
        assert_eq!(requests.0.len(), 2);
        requests.heard(&Event::Desk(Ticket(1), News::Done(Ok(Reply::Done(show("done"))))));
        assert_eq!(requests.0.len(), 1);
        requests.cancel(Ticket(1));
        requests.cancel_all();
        assert!(!first.is_cancelled() && second.is_cancelled());
    }
}
