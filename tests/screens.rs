//! Every page on what a real cycle left behind: at every size, from keys typed at random, and within the budgets of
//! bytes that a slow link needs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Home, Sandbox, Setup, faults};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use heeler::config::Profile;
use heeler::config::settings::Settings;
use heeler::console::action::REGISTRY;
use heeler::console::desk::{Form, News, Reply, Request, Trouble};
use heeler::console::effect::Effect;
use heeler::console::event::Event;
use heeler::console::page::PageId;
use heeler::console::query::{Facts, Sources};
use heeler::console::shared::{JobCard, Runner, Shared};
use heeler::console::state::{LEAST, State, text_of};
use heeler::console::style::{Glyphs, Look};
use heeler::console::terminal::{Cursor, Drawn, Output, Screen};
use heeler::engine;
use heeler::store::{Store, job};
use heeler::text::{show, width};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use std::io;
use std::sync::OnceLock;

/// A job with some failures, as a cycle left it.
struct World {
    store: Store,
    facts: Facts,
    _home: Home,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let sandbox = Sandbox::serve(&["--users", "150", "--groups", "10", "--seed", "5"]);
        let home = Setup::of(&sandbox).home();
        sandbox.faults(&faults::licence_limit(60));
        home.run(&["sync"]);
        sandbox.no_faults();
        let config = Profile::load(&home.config).unwrap().job("main").unwrap().clone();
        let (rules, _) = engine::rules_of(&config).unwrap();
        let scope = engine::scope_rules(&config);
        let database = Store::file_of(&home.data, "main").unwrap();
        let store = Store::open(&database).unwrap();
        World { store, facts: Facts { config, rules, scope, database }, _home: home }
    })
}

/// What there is of the network here: what the store remembers of it, and nothing else.
fn desk(request: &Request) -> Result<Reply, Trouble> {
    let world = world();
    let reader = world.store.reader().unwrap();
    match request {
        Request::Assignments => {
            let principal = job::service_principal(&reader).unwrap().expect("the cycle read it");
            Ok(Reply::Assignments(principal, Vec::new()))
        }
        Request::Settings => {
            let settings = Settings::of(&world.facts.config);
            Ok(Reply::Settings(Box::new(Form { settings, opened: None, token_note: None })))
        }
        _ => Err(Trouble { what: show("nobody answers here"), advice: vec![show("try it with a network")] }),
    }
}

/// A console on that store, without a terminal.
struct Console {
    state: State,
    now: Timestamp,
}

impl Console {
    fn new(width: u16, height: u16, theme: &str, glyphs: Glyphs) -> Self {
        let now = Timestamp::now();
        let card = JobCard {
            name: "main".into(),
            source: show("contoso"),
            source_long: show("contoso.example"),
            target: show("flock"),
            target_long: show("flock.example/v2/scim"),
            environment: show("PROD"),
            production: true,
            sandbox: false,
            config_file: None,
            data_dir: "data".into(),
            jobs: vec!["main".into(), "other".into()],
            flags: Vec::new(),
        };
        let look = Look::built_in(theme, glyphs).unwrap();
        let mut shared = Shared::new(now, TimeZone::UTC, width, height, look, card);
        shared.runner = Runner::Here;
        let mut console = Self { state: State::new(shared), now };
        let effects = console.state.open();
        console.answer(effects);
        console.wait(300);
        console
    }

    /// Asks the store what was asked for, until nothing is asked any more.
    fn answer(&mut self, effects: Vec<Effect>) {
        let mut queue: std::collections::VecDeque<Effect> = effects.into();
        while let Some(effect) = queue.pop_front() {
            let world = world();
            let event = match effect {
                Effect::Query(query) => {
                    let reader = world.store.reader().unwrap();
                    let organization = job::organization(&reader).unwrap();
                    let sources = Sources { c: &reader, facts: &world.facts, organization, now: self.now };
                    let answer = query.run(&sources).map_err(|e| show(&e.to_string()));
                    Event::Answer(query.slot(), answer)
                }
                Effect::Desk(_, ticket, request) => Event::Desk(ticket, News::Done(desk(&request))),
                _ => continue,
            };
            queue.extend(self.state.update(self.now, event));
        }
    }

    fn event(&mut self, event: Event) {
        let effects = self.state.update(self.now, event);
        self.answer(effects);
    }

    fn key(&mut self, code: KeyCode) {
        self.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }

    fn type_in(&mut self, text: &str) {
        for c in text.chars() {
            self.key(KeyCode::Char(c));
        }
    }

    /// Time passes.
    fn wait(&mut self, ms: i64) {
        let end = self.now + SignedDuration::from_millis(ms);
        while let Some(at) = self.state.next_tick().filter(|at| *at <= end) {
            self.now = at.max(self.now + SignedDuration::from_millis(1)).min(end);
            self.event(Event::Clock);
            if self.now >= end {
                break;
            }
        }
        self.now = end;
        self.event(Event::Clock);
    }

    fn draw(&self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.state.shared.width, self.state.shared.height));
        self.state.draw(&mut buffer);
        buffer
    }
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let codes: Vec<KeyEvent> = REGISTRY
        .iter()
        .flat_map(|e| e.keys)
        .flat_map(|k| k.split(' '))
        .filter_map(|k| {
            let control = k.starts_with("ctrl-");
            let code = match k.trim_start_matches("ctrl-") {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "backtab" => KeyCode::BackTab,
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "pageup" => KeyCode::PageUp,
                "pagedown" => KeyCode::PageDown,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                "space" => KeyCode::Char(' '),
                one => KeyCode::Char(one.chars().next()?),
            };
            Some(KeyEvent::new(code, if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE }))
        })
        .collect();
    prop_oneof![
        8 => prop::sample::select(codes),
        1 => any::<char>().prop_map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is typed at whatever size, nothing panics, nothing is drawn outside, no control character is drawn.
    #[test]
    fn any_keys_at_any_size(
        keys in prop::collection::vec(key(), 0..40),
        sizes in prop::collection::vec((1u16..=220, 1u16..=60), 1..4),
        ascii in any::<bool>(),
    ) {
        let glyphs = if ascii { Glyphs::ascii() } else { Glyphs::unicode() };
        let (width, height) = sizes[0];
        let mut console = Console::new(width, height, "default", glyphs);
        for (i, key) in keys.into_iter().enumerate() {
            console.event(Event::Key(key));
            if i % 5 == 0 {
                let (width, height) = sizes[(i / 5) % sizes.len()];
                console.event(Event::Resize(width, height));
                console.wait(150);
            }
            let buffer = console.draw();
            for cell in buffer.content() {
                prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
            }
        }
    }
}

/// A picture at a size: header or the words that say what is needed, nothing that is no text, nothing cut in half.
fn fits(buffer: &Buffer, what: &str) {
    let area = buffer.area;
    let place = format!("{what} at {}x{}", area.width, area.height);
    for (at, cell) in buffer.content().iter().enumerate() {
        let symbol = cell.symbol();
        assert!(!symbol.chars().any(char::is_control), "{symbol:?} is drawn in {place}");
        let column = at % usize::from(area.width);
        assert!(column + width(symbol) <= usize::from(area.width), "{symbol:?} is cut off in {place}");
    }
    let text = text_of(buffer);
    if area.width >= LEAST.0 && area.height >= LEAST.1 {
        let first = text.lines().next().and_then(|line| line.split_whitespace().next());
        assert_eq!(first, Some("heeler"), "{place}\n{text}");
        return;
    }
    let words = format!("{}×{} needed, {}×{} here", LEAST.0, LEAST.1, area.width, area.height);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let [line] = lines.as_slice() else { panic!("{} lines in {place}\n{text}", lines.len()) };
    assert!(words.starts_with(line.trim_end_matches('…')), "{line:?} in {place}");
}

#[test]
fn every_view_at_every_size() {
    use PageId::*;
    // Keys to each page and layer, and to what they hold that looks otherwise: zoomed, in the other pane, being typed.
    let pages: [(&str, PageId); 33] = [
        ("1", Overview),
        ("1jjz", Overview),
        ("2", Directory),
        ("2u", Directory),
        ("2z", Directory),
        ("2\r", Directory),
        ("2/e", Directory),
        ("3", Mapping),
        ("3\t", Mapping),
        ("3z", Mapping),
        ("4", Log),
        ("4\t\r", Log),
        ("4z", Log),
        ("5", Plan),
        (":", Palette),
        (":zoom", Palette),
        ("?", Palette),
        ("2p", Provision),
        ("2a", Assign),
        ("a/e", Assign),
        ("t", Test),
        ("o", Settings),
        ("ojj\r", Settings),
        ("W", Unlock),
        ("2W", Unlock),
        ("Wxyz\r", Unlock),
        ("3u", Choose),
        ("2y", CopyMenu),
        ("W\tmai\rR", Confirm),
        ("W\tmai\r:run a cycle\r", Confirm),
        (":connect\r", Connect),
        (":jobs\r", Jobs),
        ("tx:messages\r", Messages),
    ];
    let mut open = std::collections::BTreeSet::new();
    for (keys, page, first) in pages.iter().zip(0..).map(|((keys, page), n)| (*keys, *page, n)) {
        let mut console = Console::new(120, 40, "mono", Glyphs::unicode());
        for c in keys.chars() {
            match c {
                '\r' => console.key(KeyCode::Enter),
                '\t' => console.key(KeyCode::Tab),
                c => console.key(KeyCode::Char(c)),
            }
        }
        console.wait(300);
        assert_eq!(console.state.top().id(), page, "after {keys:?}\n{}", text_of(&console.draw()));
        open.insert(page);
        // Where a layout changes, for every page; of all other sizes each page has its own share.
        let widths =
            (1 + first % 31..=220).step_by(31).chain([1, 59, 60, 79, 80, 99, 100, 119, 120, 149, 150, 160, 220]);
        for width in widths {
            for height in (1 + first % 13..=60).step_by(13).chain([1, 15, 16, 23, 24, 45, 60]) {
                console.event(Event::Resize(width, height));
                fits(&console.draw(), keys);
            }
        }
    }
    // All but the frame, which has no page of its own.
    assert_eq!(open.len(), PageId::Choose as usize);
}

/// Collects what a terminal would get.
#[derive(Clone, Default)]
struct Tap(std::rc::Rc<std::cell::RefCell<(usize, usize)>>);

impl Output for Tap {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.0.borrow_mut();
        seen.0 += bytes.len();
        seen.1 += 1;
        Ok(bytes.len())
    }
}

struct Wire {
    console: Console,
    screen: Screen<Tap>,
    tap: Tap,
}

impl Wire {
    fn new(width: u16, height: u16) -> Self {
        let tap = Tap::default();
        let screen = Screen::on(tap.clone(), Size { width, height }).unwrap();
        Self { console: Console::new(width, height, "default", Glyphs::unicode()), screen, tap }
    }

    /// Draws, and gives bytes and writes of the frame.
    fn frame(&mut self) -> usize {
        let (bytes, writes) = *self.tap.0.borrow();
        let drawn = self
            .screen
            .draw(|buffer| {
                let cursor = self.console.state.draw(buffer);
                Cursor { at: cursor.at.unwrap_or_default(), shown: cursor.shown }
            })
            .unwrap();
        let (now, written) = *self.tap.0.borrow();
        assert_eq!(written - writes, usize::from(drawn == Drawn::Sent), "one write per frame, none without a change");
        now - bytes
    }

    fn after(&mut self, keys: &str) -> usize {
        self.console.type_in(keys);
        self.frame()
    }

    /// Details, ages and whatever else comes when the selection has rested.
    fn rest(&mut self) -> usize {
        self.console.wait(400);
        self.frame()
    }
}

/// Fails with a table when something costs more than its budget.
fn within(what: &str, budgets: &[(&str, usize, usize)]) {
    let table: Vec<String> =
        budgets.iter().map(|(name, bytes, most)| format!("{name:<28}{bytes:>7} B of {most}")).collect();
    let over = budgets.iter().any(|(_, bytes, most)| bytes > most);
    assert!(!over, "{what}\n{}", table.join("\n"));
}

#[test]
fn bytes_stay_within_their_budgets() {
    for (width, height, first, cursor, typing, scroll, focus) in
        // Focus moves a title, a selected row in each of two panes and the hints.
        [(80, 24, 4000, 250, 150, 900, 400), (160, 45, 9000, 300, 150, 2500, 550)]
    {
        let mut budgets = Vec::new();
        let mut wire = Wire::new(width, height);
        budgets.push(("first paint", wire.frame(), first));
        assert_eq!(wire.frame(), 0, "nothing changed, nothing is written");
        for (name, key) in [
            ("view switch to directory", "2"),
            ("view switch to mapping", "3"),
            ("view switch to log", "4"),
            ("view switch to plan", "5"),
            ("view switch to overview", "1"),
        ] {
            let mut bytes = wire.after(key);
            bytes += wire.rest();
            budgets.push((name, bytes, first));
        }
        wire.after("2");
        wire.rest();
        budgets.push(("cursor in the directory", wire.after("j"), cursor));
        wire.rest();
        for _ in 0..height {
            wire.after("j");
        }
        wire.rest();
        budgets.push(("scroll in the directory", wire.after("j"), scroll));
        wire.rest();
        wire.console.type_in("/");
        wire.frame();
        // What the filter leaves is another list; the typed letter itself is what is counted.
        wire.after("zzzzz");
        wire.rest();
        budgets.push(("typing in the filter", wire.after("q"), typing));
        wire.console.key(KeyCode::Esc);
        wire.rest();
        budgets.push((
            "focus change",
            {
                wire.console.key(KeyCode::Tab);
                wire.frame()
            },
            focus,
        ));
        wire.after("4");
        wire.rest();
        wire.console.key(KeyCode::Tab);
        wire.frame();
        budgets.push(("cursor in the log", wire.after("j"), cursor));
        wire.after("3");
        wire.rest();
        budgets.push(("cursor in the mapping", wire.after("j"), cursor));
        budgets.push((
            "message",
            {
                wire.rest();
                wire.console.event(Event::Trouble(show("something to say")));
                wire.frame()
            },
            focus,
        ));
        within(&format!("{width}x{height}"), &budgets);
    }
}
