//! The frame's state and its `update`: events in, effects out; no I/O.
//!
//! Keys go to the page on top. What it does not answer is answered here, where an action works everywhere.

mod dispatch;
mod draw;
mod leaving;
mod time;
mod told;

pub use draw::text_of;

use super::action::{Action, REGISTRY};
use super::desk::{News, Ticket};
use super::effect::{Effect, Tone};
use super::event::Event;
use super::input_line;
use super::keymap::{self, Meaning};
use super::page::{Focus, Kind, Page, PageId, Reason};
use super::query::{Answer, Query};
use super::shared::{Shared, WriteMode};
use super::standing::Mood;
use super::{view, words};
use crate::text::{Shown, show};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, VecDeque};

/// How long a message stays at the bottom.
const MESSAGE: SignedDuration = SignedDuration::from_secs(6);
/// How long the selection must rest before details are asked for.
const SETTLE: SignedDuration = SignedDuration::from_millis(120);
/// Shortest time between two readings of what is shown.
const REFRESH: SignedDuration = SignedDuration::from_millis(300);
/// The same while a cycle runs: it changes the store all the time, and nobody reads faster.
const REFRESH_RUNNING: SignedDuration = SignedDuration::from_secs(1);
/// How long `ctrl-c` waits for the second one.
const AGAIN: SignedDuration = SignedDuration::from_secs(2);
/// Messages that are kept.
const KEPT: usize = 200;
/// Below this the page says so and nothing else.
pub const LEAST: (u16, u16) = (60, 16);

/// One line at the bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When it was said.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Tone,
    /// The line.
    pub text: Shown,
}

/// Everything that is on the screen.
pub struct State {
    /// What every page may know.
    pub shared: Shared,
    views: Vec<Box<dyn Page>>,
    current: usize,
    /// The views that were left by following something: `esc` goes back to them.
    trail: Vec<usize>,
    layers: Vec<Box<dyn Page>>,
    typed: Vec<String>,
    message: Option<Message>,
    messages: VecDeque<Message>,
    interrupted: Option<Timestamp>,
    settle_at: Option<Timestamp>,
    refreshed: Timestamp,
    refresh_at: Option<Timestamp>,
    /// Something happened that may be seen.
    touched: bool,
    requests: HashMap<Ticket, PageId>,
    /// Those of them that write, with what has to be said beside their end.
    writes: HashMap<Ticket, (&'static str, &'static str)>,
    /// Frame times and bytes, drawn when the person asks for them.
    pub debug: Option<Shown>,
}

impl State {
    /// The five views, the first one open.
    pub fn new(shared: Shared) -> Self {
        let refreshed = shared.now;
        Self {
            shared,
            views: vec![
                Box::new(view::overview::Overview::default()),
                Box::new(view::directory::Directory::default()),
                Box::new(view::mapping::Mapping::default()),
                Box::new(view::log::Log::default()),
                Box::new(view::plan::Plan::default()),
            ],
            current: 0,
            trail: Vec::new(),
            layers: Vec::new(),
            typed: Vec::new(),
            message: None,
            messages: VecDeque::new(),
            interrupted: None,
            settle_at: None,
            refreshed,
            refresh_at: None,
            touched: true,
            requests: HashMap::new(),
            writes: HashMap::new(),
            debug: None,
        }
    }

    /// What the opening screen asks for.
    pub fn open(&mut self) -> Vec<Effect> {
        let mut effects = vec![Effect::Query(Query::Standing)];
        effects.extend(self.views[self.current].opened(&mut self.shared));
        self.settle_at = Some(self.shared.now + SETTLE);
        self.run(effects)
    }

    /// The page on top.
    pub fn top(&self) -> &dyn Page {
        self.layers.last().map_or(self.views[self.current].as_ref(), AsRef::as_ref)
    }

    fn top_mut(&mut self) -> (&mut Box<dyn Page>, &mut Shared) {
        let page = match self.layers.last_mut() {
            Some(page) => page,
            None => &mut self.views[self.current],
        };
        (page, &mut self.shared)
    }

    /// Whether the screen may look different since this was asked last.
    pub fn take_touched(&mut self) -> bool {
        std::mem::take(&mut self.touched)
    }

    /// The view below all layers.
    pub fn view(&self) -> PageId {
        self.views[self.current].id()
    }

    /// Messages that were shown, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    fn page_mut(&mut self, id: PageId) -> Option<(&mut Box<dyn Page>, &mut Shared)> {
        let page = self.layers.iter_mut().rev().chain(self.views.iter_mut()).find(|p| p.id() == id)?;
        Some((page, &mut self.shared))
    }

    /// Takes an event in at an instant; returns what the world has to do.
    pub fn update(&mut self, now: Timestamp, event: Event) -> Vec<Effect> {
        // That the store changed is not to be seen before it was read, unless the time has brought something by now.
        // Until then the time stands still as well: a countdown would never come to its next second otherwise.
        if !matches!(event, Event::Changed) || self.next_tick().is_some_and(|at| at <= now) {
            self.shared.now = now;
            self.touched = true;
        }
        let effects = match event {
            Event::Key(key) => self.key(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize(width, height) => {
                (self.shared.width, self.shared.height) = (width, height);
                Vec::new()
            }
            Event::Clock => Vec::new(),
            Event::Changed => {
                let pause = if self.shared.mood() == Mood::Running { REFRESH_RUNNING } else { REFRESH };
                self.refresh_at.get_or_insert((self.refreshed + pause).max(now));
                Vec::new()
            }
            Event::Answer(slot, answer) => self.answered(slot.0, answer),
            Event::Desk(ticket, news) => self.news(ticket, news),
            Event::Runner(runner) => {
                self.shared.runner = runner;
                vec![Effect::Query(Query::Standing)]
            }
            Event::Card(card) => {
                self.shared.job = *card;
                vec![Effect::Query(Query::Standing)]
            }
            Event::Facts(_) => Vec::new(),
            Event::Config(broken) => {
                let said = match &broken {
                    Some(why) => Effect::Say(Tone::Warn, why.clone()),
                    None => Effect::say("the configuration can be read again"),
                };
                self.shared.broken = broken;
                vec![said]
            }
            Event::Said(tone, text) => vec![Effect::Say(tone, text)],
            Event::Worker(what) => {
                vec![Effect::Say(Tone::Fail, show(&format!("a worker failed: {what}; the console goes on")))]
            }
            Event::Trouble(what) => vec![Effect::Say(Tone::Warn, what)],
        };
        let mut out = self.run(effects);
        let due = self.due(now);
        out.extend(self.run(due));
        out
    }

    fn answered(&mut self, id: PageId, answer: Result<Answer, Shown>) -> Vec<Effect> {
        match answer {
            Ok(Answer::Standing(standing)) => {
                self.shared.standing = Some(*standing);
                Vec::new()
            }
            Ok(answer) => {
                let Some((page, shared)) = self.page_mut(id) else { return Vec::new() };
                page.answer(shared, answer)
            }
            Err(why) => match self.page_mut(id) {
                Some((page, shared)) => page.failed(shared, why),
                None => vec![Effect::Say(Tone::Fail, why)],
            },
        }
    }

    fn news(&mut self, ticket: Ticket, news: News) -> Vec<Effect> {
        let id = match &news {
            News::Done(_) => self.requests.remove(&ticket),
            _ => self.requests.get(&ticket).copied(),
        };
        let Some(id) = id else { return Vec::new() };
        let News::Done(done) = news else {
            let Some((page, shared)) = self.page_mut(id) else { return Vec::new() };
            return page.news(shared, ticket, news);
        };
        let beside = self.writes.remove(&ticket);
        let page = self.page_mut(id);
        match (page, beside) {
            (Some((page, shared)), beside) if beside.is_none() || page.waits_for(ticket) => {
                page.news(shared, ticket, News::Done(done))
            }
            (page, Some(beside)) => {
                let mut effects = vec![told::end(done, beside)];
                if let Some((page, shared)) = page {
                    effects.extend(page.overtaken(shared));
                }
                effects
            }
            (_, None) => Vec::new(),
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        // A paste is never a command: line breaks become blanks, and outside of an input it is offered as a filter.
        let line: String = text.chars().take(input_line::MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if !self.top().typing() {
            if !self.top().actions().contains(&Action::Filter) {
                return vec![Effect::say("pasted text is used in filters and fields only")];
            }
            if let Err(reason) = self.enabled(Action::Filter) {
                return vec![Effect::say(&format!("{}: {reason}", Action::Filter.entry().title))];
            }
            let (page, shared) = self.top_mut();
            let mut effects = page.act(shared, Action::Filter);
            if page.typing() {
                effects.extend(page.paste(shared, line.trim()));
            }
            return effects;
        }
        let (page, shared) = self.top_mut();
        page.paste(shared, &line)
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        self.settle_at = Some(self.shared.now + SETTLE);
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return self.do_action(Action::Interrupt);
        }
        self.interrupted = None;
        let global = control && matches!(key.code, KeyCode::Char('l' | 'z'));
        if !global {
            // Whoever presses a key has read it; the hints are needed again. It is kept in the messages.
            self.message = None;
        }
        if self.top().typing() && !global {
            self.typed.clear();
            let (page, shared) = self.top_mut();
            return page.key(shared, key);
        }
        let Some(name) = keymap::name(key) else {
            self.typed.clear();
            return Vec::new();
        };
        self.typed.push(name);
        match keymap::lookup(&self.typed) {
            Meaning::Begun(_) => Vec::new(),
            Meaning::Actions(actions) => {
                self.typed.clear();
                let meant = actions.iter().find(|a| self.answers(**a)).or(actions.first()).copied();
                meant.map(|action| self.do_action(action)).unwrap_or_default()
            }
            Meaning::Nothing => {
                // The key that broke a chord may mean something by itself.
                let last = self.typed.pop().unwrap_or_default();
                let began = !self.typed.is_empty();
                self.typed.clear();
                match keymap::lookup(&[last]) {
                    Meaning::Actions(actions) if began => {
                        let meant = actions.iter().find(|a| self.answers(**a)).or(actions.first()).copied();
                        meant.map(|action| self.do_action(action)).unwrap_or_default()
                    }
                    _ => Vec::new(),
                }
            }
        }
    }

    /// Whether the page on top or the frame answers an action here at all.
    fn answers(&self, action: Action) -> bool {
        self.top().actions().contains(&action) || (action.entry().everywhere && !self.floating(action))
    }

    /// A box that floats takes every key but those that leave it.
    fn floating(&self, action: Action) -> bool {
        let leaving =
            matches!(action, Action::Back | Action::Quit | Action::Interrupt | Action::Redraw | Action::Suspend);
        matches!(self.top().kind(), Kind::Float { .. }) && !leaving
    }

    /// Whether an action can be done now, or why not: for the palette and for the answer to its key.
    ///
    /// # Errors
    /// The reason.
    pub fn enabled(&self, action: Action) -> Result<(), Reason> {
        let top = self.top();
        if top.actions().contains(&action) {
            return top.enabled(&self.shared, action);
        }
        if !action.entry().everywhere || self.floating(action) {
            return Err("not on this page");
        }
        self.enabled_everywhere(action)
    }

    /// Every action with whether it can be done now; those that can come first.
    pub fn choices(&self) -> Vec<(Action, Result<(), Reason>)> {
        let mut all: Vec<_> = REGISTRY.iter().map(|e| (e.action, self.enabled(e.action))).collect();
        all.sort_by_key(|(_, enabled)| enabled.is_err());
        all
    }

    fn do_action(&mut self, action: Action) -> Vec<Effect> {
        if action != Action::Interrupt
            && let Err(reason) = self.enabled(action)
        {
            let title = action.entry().title.trim_end_matches('…');
            return vec![Effect::say(&format!("{title}: {reason}"))];
        }
        if self.top().actions().contains(&action) {
            let (page, shared) = self.top_mut();
            return page.act(shared, action);
        }
        self.act_everywhere(action)
    }

    /// What a page would ask for, asked for by a test.
    #[cfg(test)]
    pub(crate) fn carry_out(&mut self, effect: Effect) -> Vec<Effect> {
        self.run(vec![effect])
    }

    /// Carries out what concerns the state itself, and returns the rest.
    pub(super) fn run(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut queue: VecDeque<Effect> = effects.into();
        let mut out = Vec::new();
        while let Some(effect) = queue.pop_front() {
            let effect = match effect {
                Effect::Anyway(effect) => *effect,
                effect => self.ask_first(effect).unwrap_or_else(|effect| effect),
            };
            let more = match effect {
                Effect::Open(page) => self.push(page),
                Effect::Close => self.pop(),
                Effect::Go(view, focus) => self.go(view, focus),
                Effect::Turn(view) => self.turn_to(view),
                Effect::Act(action) => self.do_action(action),
                Effect::Say(tone, text) => {
                    self.say(tone, text);
                    Vec::new()
                }
                Effect::Desk(page, ticket, request) => {
                    self.requests.insert(ticket, page);
                    if request.writes() {
                        self.writes.insert(ticket, request.beside());
                    }
                    out.push(Effect::Desk(page, ticket, request));
                    Vec::new()
                }
                Effect::Cancel(ticket) => {
                    // How a write ended is told although it was taken back.
                    if !self.writes.contains_key(&ticket) {
                        self.requests.remove(&ticket);
                    }
                    out.push(Effect::Cancel(ticket));
                    Vec::new()
                }
                other => {
                    out.push(other);
                    Vec::new()
                }
            };
            for effect in more.into_iter().rev() {
                queue.push_front(effect);
            }
        }
        out
    }

    fn say(&mut self, tone: Tone, text: Shown) {
        let message = Message { at: self.shared.now, tone, text };
        self.messages.push_back(message.clone());
        if self.messages.len() > KEPT {
            self.messages.pop_front();
        }
        self.message = Some(message);
    }

    fn push(&mut self, mut page: Box<dyn Page>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some((_, same)) = self.open_at(page.as_ref()) {
            let left = self.closed_by(page.as_ref());
            while self.layers.len() > left {
                effects.extend(self.pop());
            }
            if same {
                return effects;
            }
        }
        effects.extend(page.opened(&mut self.shared));
        self.layers.push(page);
        self.settle_at = Some(self.shared.now + SETTLE);
        effects
    }

    fn pop(&mut self) -> Vec<Effect> {
        let Some(gone) = self.layers.pop() else { return Vec::new() };
        let mut effects: Vec<Effect> = Vec::new();
        // What a page that is gone asked for is of no use, unless it writes: that goes on, and its end is told.
        let orphans: Vec<Ticket> =
            self.requests.iter().filter(|(_, page)| **page == gone.id()).map(|(ticket, _)| *ticket).collect();
        let orphans: Vec<Ticket> = orphans.into_iter().filter(|ticket| !self.writes.contains_key(ticket)).collect();
        for ticket in orphans {
            effects.push(Effect::Cancel(ticket));
        }
        let (page, shared) = self.top_mut();
        effects.extend(page.changed(shared));
        effects
    }

    fn go(&mut self, view: PageId, focus: Option<Focus>) -> Vec<Effect> {
        let mut effects = Vec::new();
        while !self.layers.is_empty() {
            effects.extend(self.pop());
        }
        let Some(index) = self.views.iter().position(|v| v.id() == view) else { return effects };
        if index != self.current {
            // Where one has been already, the way ends: there are no rounds.
            let been = self.trail.iter().position(|before| *before == index);
            self.trail.push(self.current);
            self.trail.truncate(been.unwrap_or(self.trail.len()));
        }
        effects.extend(self.arrive(index, focus));
        effects
    }

    /// Shows a view.
    fn arrive(&mut self, index: usize, focus: Option<Focus>) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.current = index;
        self.shared.back_to = self.trail.last().map(|before| self.views[*before].id());
        self.settle_at = Some(self.shared.now + SETTLE);
        effects.extend(self.views[index].opened(&mut self.shared));
        if let Some(focus) = focus {
            effects.extend(self.views[index].focus(&mut self.shared, focus));
        }
        effects
    }
}

#[cfg(test)]
mod tests;
