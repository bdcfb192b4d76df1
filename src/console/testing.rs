//! A console without a terminal: keys in, screen out.

use super::action::Action;
use super::canvas::CursorAt;
use super::effect::Effect;
use super::event::Event;
use super::page::{Page, PageId};
use super::query::{Answer, Facts, Slot, Sources};
use super::shared::{JobCard, Runner, Shared};
use super::standing::Standing;
use super::state::State;
use super::style::{Glyphs, Look, Token};
use crate::text::show;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Tuesday, 24 November 2026, 14:06:20 UTC: the time of every test.
pub(crate) fn noon() -> Timestamp {
    "2026-11-24T14:06:20Z".parse().unwrap()
}

/// The job of the mock-ups: contoso → flock, production.
pub(crate) fn card() -> JobCard {
    JobCard {
        name: "nightly-users".into(),
        source: show("contoso"),
        source_long: show("contoso.example"),
        target: show("flock"),
        target_long: show("flock.example/v2/scim"),
        environment: show("PROD"),
        production: true,
        sandbox: false,
        config_file: Some("config.toml".into()),
        data_dir: "heeler".into(),
        jobs: vec!["nightly-users".into()],
        flags: Vec::new(),
    }
}

/// What pages know in tests, at a size, in a theme.
pub(crate) fn shared(width: u16, height: u16, theme: &str) -> Shared {
    let look = Look::built_in(theme, Glyphs::unicode()).unwrap();
    let mut shared = Shared::new(noon(), TimeZone::UTC, width, height, look, card());
    shared.runner = Runner::Here;
    shared
}

/// A console whose world is the test: effects are collected, answers are given by hand or from a store.
pub(crate) struct Console {
    /// The state.
    pub(crate) state: State,
    /// Effects that nobody has looked at.
    pub(crate) effects: Vec<Effect>,
    /// The time.
    pub(crate) now: Timestamp,
    /// Where queries are answered from, if the test has a store.
    pub(crate) source: Option<(crate::store::Store, std::sync::Arc<Facts>)>,
}

impl Console {
    /// At a size, in the default theme.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        Self::with(shared(width, height, "default"))
    }

    /// With what pages know made by the test.
    pub(crate) fn with(shared: Shared) -> Self {
        let now = shared.now;
        let mut console = Self { state: State::new(shared), effects: Vec::new(), now, source: None };
        let effects = console.state.open();
        console.effects.extend(effects);
        console
    }

    /// Answers queries from a store from now on, those that wait included.
    pub(crate) fn on_store(mut self, store: crate::store::Store, facts: Facts) -> Self {
        self.source = Some((store, std::sync::Arc::new(facts)));
        self.answer_all();
        self
    }

    /// An event.
    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        let effects = self.state.update(self.now, event);
        self.effects.extend(effects);
        self.answer_all();
        self
    }

    /// Asks the store everything that was asked for, in order, until nothing is asked any more.
    fn answer_all(&mut self) {
        let Some((store, facts)) = self.source.clone() else { return };
        loop {
            let at = self.effects.iter().position(|e| matches!(e, Effect::Query(_)));
            let Some(at) = at else { return };
            let Effect::Query(query) = self.effects.remove(at) else { return };
            let reader = store.reader().unwrap();
            let organization = crate::store::job::organization(&reader).unwrap();
            let sources = Sources { c: &reader, facts: &facts, organization, now: self.now };
            let answer = query.run(&sources).map_err(|e| show(&e.to_string()));
            let effects = self.state.update(self.now, Event::Answer(query.slot(), answer));
            self.effects.extend(effects);
        }
    }

    /// Puts a page on top, as an effect of the page below would.
    pub(crate) fn open(&mut self, page: Box<dyn Page>) -> &mut Self {
        let effects = self.state.run(vec![Effect::Open(page)]);
        self.effects.extend(effects);
        self.answer_all();
        self
    }

    /// The store's answer to a page, by hand.
    pub(crate) fn answer(&mut self, page: PageId, answer: Answer) -> &mut Self {
        self.event(Event::Answer(Slot(page, 0), Ok(answer)))
    }

    /// How the job stands, by hand.
    pub(crate) fn standing(&mut self, standing: Standing) -> &mut Self {
        self.event(Event::Answer(Slot(PageId::Frame, 0), Ok(Answer::Standing(Box::new(standing)))))
    }

    /// Keys by name, separated by blanks: `j j enter`, `: f o l`, `ctrl-d`. `"…"` types text letter by letter.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys.trim_start();
        while !rest.is_empty() {
            if let Some((text, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
                for c in text.chars() {
                    self.event(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
                }
                rest = after.trim_start();
            } else {
                let (key, after) = rest.split_once(' ').unwrap_or((rest, ""));
                self.event(Event::Key(named(key)));
                rest = after.trim_start();
            }
        }
        self
    }

    /// Time passes, and the state is told whenever it asked to be.
    pub(crate) fn wait(&mut self, seconds: f64) -> &mut Self {
        let end = self.now + SignedDuration::try_from_secs_f64(seconds).unwrap();
        while let Some(at) = self.state.next_tick().filter(|at| *at <= end) {
            self.now = at.max(self.now + SignedDuration::from_millis(1)).min(end);
            self.event(Event::Clock);
            if self.now >= end {
                break;
            }
        }
        self.now = end;
        self.event(Event::Clock)
    }

    /// Goes to a view as another page would send one there.
    pub(crate) fn go(&mut self, page: PageId, focus: super::page::Focus) -> &mut Self {
        let effects = self.state.carry_out(Effect::Go(page, Some(focus)));
        self.effects.extend(effects);
        self.answer_all();
        self
    }

    /// Takes the effects so far.
    pub(crate) fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The buffer as drawn now, and the cursor.
    pub(crate) fn buffer(&self) -> (Buffer, CursorAt) {
        let area = Rect::new(0, 0, self.state.shared.width, self.state.shared.height);
        let mut buffer = Buffer::empty(area);
        let cursor = self.state.draw(&mut buffer);
        (buffer, cursor)
    }

    /// The screen as text.
    pub(crate) fn screen(&self) -> String {
        super::state::text_of(&self.buffer().0)
    }

    /// The screen as a picture for snapshots: the text, and below each line that has any, a line that names the style
    /// of every cell with a letter (`r` reversed, `b` bold, `d` dim, `u` underlined, and capital letters for
    /// colours: `R`ed, `G`reen, `Y`ellow, `M`agenta, `C`yan; the strongest one wins).
    pub(crate) fn picture(&self) -> String {
        let (buffer, _) = self.buffer();
        picture(&buffer)
    }
}

/// See [`Console::picture`].
pub(crate) fn picture(buffer: &Buffer) -> String {
    use ratatui::style::{Color, Modifier};
    let text = super::state::text_of(buffer);
    let mut out = String::new();
    for (y, line) in text.lines().enumerate() {
        out.push_str(line);
        out.push('\n');
        let mut styles = String::new();
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, u16::try_from(y).unwrap())];
            let letter = if cell.modifier.contains(Modifier::REVERSED) {
                'r'
            } else {
                match cell.fg {
                    Color::Red => 'R',
                    Color::Green => 'G',
                    Color::Yellow => 'Y',
                    Color::Magenta => 'M',
                    Color::Cyan => 'C',
                    _ if cell.modifier.contains(Modifier::BOLD) => 'b',
                    _ if cell.modifier.contains(Modifier::UNDERLINED) => 'u',
                    _ if cell.modifier.contains(Modifier::DIM) && cell.symbol() != " " => 'd',
                    _ => ' ',
                }
            };
            styles.push(letter);
        }
        let styles = styles.trim_end();
        if !styles.is_empty() {
            out.push_str(styles);
            out.push_str("\u{2190}\n");
        }
    }
    out
}

/// A key by its name in the registry.
pub(crate) fn named(name: &str) -> KeyEvent {
    let (control, base) = match name.strip_prefix("ctrl-") {
        Some(rest) => (true, rest),
        None => (false, name),
    };
    let code = match base {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "backspace" => KeyCode::Backspace,
        "space" => KeyCode::Char(' '),
        one if one.chars().count() == 1 => KeyCode::Char(one.chars().next().unwrap()),
        other => panic!("no key is called {other}"),
    };
    KeyEvent::new(code, if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
}

/// Draws one page alone, without the frame.
pub(crate) fn draw_page(page: &dyn Page, shared: &Shared, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let mut cursor = CursorAt::default();
    let area = buffer.area;
    let mut canvas = super::canvas::Canvas::new(&mut buffer, area, &shared.look, &mut cursor);
    page.draw(shared, &mut canvas);
    super::state::text_of(&buffer)
}

/// Sizes of screens for pages that must not fall over: the smallest, those around every step of the layout, large ones.
pub(crate) fn sizes() -> impl Iterator<Item = (u16, u16)> {
    const WIDTHS: [u16; 20] = [1, 2, 3, 5, 9, 14, 20, 31, 34, 36, 47, 59, 60, 72, 80, 81, 119, 120, 160, 220];
    const HEIGHTS: [u16; 14] = [1, 2, 3, 4, 5, 7, 9, 12, 13, 16, 20, 24, 45, 60];
    WIDTHS.into_iter().flat_map(|width| HEIGHTS.into_iter().map(move |height| (width, height)))
}

/// Every token has a style in every theme that comes along; keeps the helper above honest.
#[test]
fn letters_tell_styles_apart() {
    let mut console = Console::new(80, 24);
    console.keys(":");
    let picture = console.picture();
    assert!(picture.contains('r'), "{picture}");
    assert!(console.screen().contains(Action::Overview.entry().title));
    assert_eq!(Token::ALL.len(), 20);
}
