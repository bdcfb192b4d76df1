#![allow(clippy::disallowed_methods, reason = "frames are made by hand here")]

use super::*;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier, Style};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use vt100::{Parser, Screen as Seen};

/// A terminal that shows what it takes, and takes only as much as it is allowed to.
#[derive(Clone)]
struct Link {
    state: Rc<RefCell<LinkState>>,
}

struct LinkState {
    parser: Parser,
    held: Vec<u8>,
    writes: Vec<Vec<u8>>,
    /// How many bytes the next writes take; everything when there is no limit.
    room: VecDeque<usize>,
}

impl LinkState {
    /// vt100 does not print U+FFFD, which terminals do: another character stands for it.
    fn show(&mut self, byte: u8) {
        self.held.push(byte);
        match self.held.as_slice() {
            [0xef] | [0xef, 0xbf] => return,
            [0xef, 0xbf, 0xbd] => self.parser.process("¿".as_bytes()),
            held => self.parser.process(held),
        }
        self.held.clear();
    }
}

impl Link {
    fn new(size: Size) -> Self {
        let parser = Parser::new(size.height.try_into().unwrap(), size.width.try_into().unwrap(), 0);
        Self {
            state: Rc::new(RefCell::new(LinkState {
                parser,
                held: Vec::new(),
                writes: Vec::new(),
                room: VecDeque::new(),
            })),
        }
    }

    fn room(&self, bytes: &[usize]) {
        self.state.borrow_mut().room.extend(bytes);
    }

    fn writes(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.state.borrow_mut().writes)
    }

    fn last(&self) -> Vec<u8> {
        self.writes().pop().unwrap_or_default()
    }

    fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(self.state.borrow().parser.screen())
    }
}

impl Output for Link {
    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.borrow_mut();
        let room = state.room.pop_front().unwrap_or(usize::MAX).min(bytes.len());
        if room > 0 {
            for byte in &bytes[..room] {
                state.show(*byte);
            }
            state.writes.push(bytes[..room].to_vec());
        }
        Ok(room)
    }
}

const SIZE: Size = Size { width: 20, height: 5 };

fn screen() -> (Screen<Link>, Link) {
    let link = Link::new(SIZE);
    (Screen::on(link.clone(), SIZE).unwrap(), link)
}

fn hidden(x: u16, y: u16) -> Cursor {
    Cursor { at: Position { x, y }, shown: false }
}

fn text(buffer: &mut Buffer, x: u16, y: u16, text: &str) {
    buffer.set_string(x, y, text, Style::new());
}

#[test]
fn a_frame_is_one_write_inside_a_synchronized_update() {
    let (mut screen, link) = screen();
    let drawn = screen.draw(|b| {
        text(b, 1, 1, "Ada");
        text(b, 1, 3, "Grace");
        hidden(1, 3)
    });
    assert_eq!(drawn.unwrap(), Drawn::Sent);
    let writes = link.writes();
    assert_eq!(writes.len(), 1);
    let sent = String::from_utf8(writes[0].clone()).unwrap();
    assert_eq!(sent, "\x1b[?2026h\x1b[m\x1b[2J\x1b[2;2HAda\x1b[4;2HGrace\x1b[4;2H\x1b[?25l\x1b[?2026l");
    let figures = screen.figures();
    assert_eq!((figures.frames, figures.writes, figures.dropped), (1, 1, 0));
    assert_eq!((figures.bytes, figures.last), (sent.len() as u64, sent.len()));
}

#[test]
fn nothing_changed_is_nothing_written() {
    let (mut screen, link) = screen();
    let paint = |b: &mut Buffer| {
        text(b, 1, 1, "Ada");
        // Colour on a blank, and attributes that one does not see there, are no change.
        b.set_string(5, 1, "   ", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        hidden(1, 1)
    };
    screen.draw(paint).unwrap();
    link.writes();
    assert_eq!(screen.draw(paint).unwrap(), Drawn::Unchanged);
    let plain = screen.draw(|b| {
        text(b, 1, 1, "Ada");
        hidden(1, 1)
    });
    assert_eq!(plain.unwrap(), Drawn::Unchanged);
    assert_eq!(link.writes(), Vec::<Vec<u8>>::new());
    assert_eq!(screen.figures().frames, 1);
}

#[test]
fn the_left_of_two_panes_is_erased_not_overwritten() {
    let size = Size { width: 40, height: 3 };
    let link = Link::new(size);
    let mut screen = Screen::on(link.clone(), size).unwrap();
    let mut draw = |left: &str| {
        let paint = |b: &mut Buffer| {
            text(b, 1, 1, left);
            text(b, 30, 1, "│ right");
            hidden(0, 0)
        };
        screen.draw(paint).unwrap();
        link.last()
    };
    draw("Ada Lovelace, countess of n");
    assert_eq!(draw("").escape_ascii().to_string(), r"\x1b[?2026h\x1b[2;28H\x1b[1K\x1b[H\x1b[?2026l");
    link.seen(|s| assert_eq!(s.contents_between(1, 0, 1, 40).trim_end(), format!("{:30}│ right", "")));
}

#[test]
fn two_digits_cost_a_few_bytes() {
    let (mut screen, link) = screen();
    let mut age = |seconds: u32| {
        let label = Style::new().add_modifier(Modifier::DIM);
        let drawn = screen.draw(|b| {
            b.set_string(10, 0, format!("{seconds} s"), label);
            text(b, 1, 2, "Ada");
            hidden(1, 2)
        });
        assert_eq!(drawn.unwrap(), Drawn::Sent);
        String::from_utf8(link.last()).unwrap()
    };
    age(12);
    assert_eq!(age(47), "\x1b[?2026h\x1b[1;11H\x1b[2m47\x1b[m\x1b[3;2H\x1b[?2026l");
    assert!(age(58).len() <= 45);
}

#[test]
fn the_cursor_alone_is_a_small_frame() {
    let (mut screen, link) = screen();
    let mut draw = |cursor: Cursor| {
        screen.draw(|_| cursor).unwrap();
        String::from_utf8(link.last()).unwrap()
    };
    draw(hidden(0, 0));
    assert_eq!(draw(hidden(3, 2)), "\x1b[?2026h\x1b[3;4H\x1b[?2026l");
    assert_eq!(draw(Cursor { shown: true, ..hidden(3, 2) }), "\x1b[?2026h\x1b[?25h\x1b[?2026l");
    assert_eq!(draw(Cursor { shown: true, ..hidden(3, 2) }), "");
    assert_eq!(draw(hidden(3, 2)), "\x1b[?2026h\x1b[?25l\x1b[?2026l");
    // Outside the screen is its edge.
    draw(hidden(99, 99));
    assert_eq!(link.seen(Seen::cursor_position), (4, 19));
}

#[test]
fn attributes_and_colours_are_said_once() {
    let (mut screen, link) = screen();
    let red = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
    screen
        .draw(|b| {
            b.set_string(0, 0, "ab", red);
            b.set_string(2, 0, "cd", red.add_modifier(Modifier::REVERSED));
            b.set_string(4, 0, "ef", Style::new().bg(Color::Rgb(1, 2, 3)));
            b.set_string(6, 0, "gh", Style::new().fg(Color::Indexed(99)).bg(Color::LightBlue));
            hidden(0, 0)
        })
        .unwrap();
    let sent = String::from_utf8(link.last()).unwrap();
    let expected = "\x1b[H\x1b[1;31mab\x1b[7mcd\x1b[;48;2;1;2;3mef\x1b[38;5;99;104mgh\x1b[m";
    assert!(sent.contains(expected), "{sent:?}");
    link.seen(|s| {
        let cell = |x| s.cell(0, x).unwrap();
        assert!(cell(0).bold() && !cell(0).inverse() && cell(2).inverse() && !cell(4).bold());
        assert_eq!(cell(1).fgcolor(), vt100::Color::Idx(1));
        assert_eq!(cell(4).bgcolor(), vt100::Color::Rgb(1, 2, 3));
        assert_eq!(cell(7).fgcolor(), vt100::Color::Idx(99));
        assert_eq!(cell(8).bgcolor(), vt100::Color::Default);
    });
}

#[test]
fn blanks_between_words_cost_nothing_more() {
    let (mut screen, link) = screen();
    let muted = Style::new().fg(Color::Red).add_modifier(Modifier::DIM);
    screen
        .draw(|b| {
            b.set_string(0, 0, "a b c", muted);
            b.set_string(5, 0, " d", Style::new());
            b.set_string(0, 1, "a b", muted.add_modifier(Modifier::UNDERLINED));
            hidden(0, 0)
        })
        .unwrap();
    let sent = String::from_utf8(link.last()).unwrap();
    assert!(sent.contains("\x1b[H\x1b[2;31ma b c \x1b[md\x1b[2H\x1b[2;4;31ma b\x1b[m"), "{sent:?}");
}

#[test]
fn a_row_that_becomes_shorter_is_erased_not_overwritten() {
    let (mut screen, link) = screen();
    for (name, expected) in [("a-very-long-name", None), ("a", Some("\x1b[?2026ha\x1b[K\x1b[2;2H\x1b[?2026l"))] {
        screen
            .draw(|b| {
                text(b, 1, 1, name);
                hidden(1, 1)
            })
            .unwrap();
        let sent = link.last();
        if let Some(expected) = expected {
            assert_eq!(String::from_utf8(sent).unwrap(), expected);
        }
    }
    assert_eq!(link.seen(|s| s.contents().trim().to_owned()), "a");
}

#[test]
fn a_stalled_terminal_gets_the_latest_frame_and_never_half_of_two() {
    let (mut screen, link) = screen();
    let mut draw = |name: &str| {
        screen
            .draw(|b| {
                text(b, 1, 1, name);
                hidden(1, 1)
            })
            .unwrap()
    };
    assert_eq!(draw("first"), Drawn::Sent);
    // Nothing is taken: dropped, and the difference is still right afterwards.
    link.room(&[0]);
    assert_eq!(draw("second"), Drawn::Stalled);
    assert_eq!(draw("third"), Drawn::Sent);
    assert_eq!(link.seen(|s| s.contents().trim().to_owned()), "third");
    // Half of it is taken: the other half comes before anything else.
    link.room(&[10, 0, 5, 0]);
    assert_eq!(draw("fourth"), Drawn::Sent);
    assert_eq!(draw("fifth"), Drawn::Stalled);
    assert_eq!(draw("sixth"), Drawn::Stalled);
    assert_eq!(draw("seventh"), Drawn::Stalled);
    assert_eq!(draw("eighth"), Drawn::Sent);
    assert_eq!(link.seen(|s| s.contents().trim().to_owned()), "eighth");
    assert_eq!(screen.figures().dropped, 4);
    assert!(screen.patience() < std::time::Duration::from_millis(100));
}

#[test]
fn nothing_unclean_gets_past_the_last_boundary() {
    let (mut screen, link) = screen();
    for (x, symbol) in ["\x1b]0;title\x07", "\x1b[31m", "\u{202e}", "\r\n", "\u{9b}", "", "\u{200b}", "A\u{200d}B"]
        .into_iter()
        .enumerate()
    {
        let drawn = screen.draw(|b| {
            b.cell_mut((u16::try_from(x).unwrap(), 0)).unwrap().set_symbol(symbol);
            hidden(0, 0)
        });
        assert_eq!(drawn.unwrap(), Drawn::Sent, "{symbol:?}");
        let sent = String::from_utf8(link.last()).unwrap();
        let ours = sent.replace("\x1b[?2026h", "").replace("\x1b[?2026l", "").replace("\x1b[?25l", "");
        let ours = ours.replace("\x1b[m\x1b[2J", "");
        assert!(!ours.contains("title") && !ours.contains("31m") && !ours.contains('\u{202e}'), "{ours:?}");
        assert!(!ours.chars().any(|c| c.is_control() && c != '\x1b'), "{ours:?}");
    }
}

#[test]
fn copying_is_on_request_and_limited() {
    let (mut screen, link) = screen();
    assert!(screen.copy("Ada \x1b]0;x\x07").unwrap());
    assert_eq!(link.last(), b"\x1b]52;c;QWRhIBtdMDt4Bw==\x07");
    assert!(!screen.copy(&"x".repeat(COPY_LIMIT + 1)).unwrap());
    link.room(&[0]);
    assert!(!screen.copy("Ada").unwrap());
    assert_eq!(link.writes(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_screen_that_was_left_draws_nothing() {
    let (mut screen, link) = screen();
    screen.leave();
    screen.leave();
    assert_eq!(screen.draw(|_| panic!("drawn")).unwrap(), Drawn::Stalled);
    assert_eq!(link.writes(), Vec::<Vec<u8>>::new());
}

#[test]
fn a_resize_paints_everything_at_the_new_size() {
    let (mut screen, link) = screen();
    screen.draw(|_| hidden(0, 0)).unwrap();
    link.writes();
    for size in [Size { width: 30, height: 8 }, Size { width: 1, height: 1 }, SIZE] {
        screen.resize(size);
        screen
            .draw(|b| {
                assert_eq!(b.area.as_size(), size);
                hidden(0, 0)
            })
            .unwrap();
        assert!(String::from_utf8(link.last()).unwrap().contains("\x1b[2J"));
    }
}

// --- the terminal shows what was meant ---------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Step {
    Draw { texts: Vec<(u16, u16, usize, usize)>, cursor: (u16, u16, bool) },
    Redraw,
    Stall(Vec<usize>),
}

const TEXTS: [&str; 16] = [
    "a",
    "ab",
    "Ada Lovelace",
    "日",
    "日本語",
    "ＡＢ",
    "é",
    "e\u{301}x",
    "✓≠…│",
    "   ",
    "한글 a",
    "👩",
    "👩\u{200d}👩\u{200d}👧",
    "a日b本c",
    "Ada Lovelace, countess of numbers",
    "日本語日本語日本語日本語",
];

fn style(n: usize) -> Style {
    [
        Style::new(),
        Style::new().add_modifier(Modifier::REVERSED),
        Style::new().add_modifier(Modifier::DIM),
        Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Style::new().bg(Color::Rgb(10, 20, 30)).fg(Color::Indexed(200)),
        Style::new().add_modifier(Modifier::UNDERLINED),
    ][n % 6]
}

fn step() -> impl Strategy<Value = Step> {
    let texts = prop::collection::vec((0..SIZE.width, 0..SIZE.height, 0..TEXTS.len(), 0..6_usize), 0..8);
    prop_oneof![
        8 => (texts, (0..SIZE.width, 0..SIZE.height, any::<bool>()))
            .prop_map(|(texts, cursor)| Step::Draw { texts, cursor }),
        1 => Just(Step::Redraw),
        3 => prop::collection::vec(0_usize..60, 1..4).prop_map(Step::Stall),
    ]
}

fn paint(buffer: &mut Buffer, texts: &[(u16, u16, usize, usize)], (x, y, shown): (u16, u16, bool)) -> Cursor {
    for (x, y, text, look) in texts {
        buffer.set_string(*x, *y, TEXTS[*text], style(*look));
    }
    Cursor { at: Position { x, y }, shown }
}

/// Every cell as one can see it.
fn picture(link: &Link) -> Vec<String> {
    link.seen(|s| {
        let mut cells = Vec::new();
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let c = s.cell(y, x).unwrap();
                let text = if c.has_contents() { c.contents() } else { " " };
                let look = if text == " " && !c.inverse() && !c.underline() {
                    format!("{:?}", c.bgcolor())
                } else {
                    let attributes = (c.bold(), c.dim(), c.italic(), c.underline(), c.inverse());
                    format!("{:?} {:?} {attributes:?}", c.fgcolor(), c.bgcolor())
                };
                let text = if c.is_wide_continuation() { "" } else { text };
                cells.push(format!("{x},{y} {text} {}", if c.is_wide_continuation() { String::new() } else { look }));
            }
        }
        cells.push(format!("{:?} {}", s.cursor_position(), s.hide_cursor()));
        cells
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// After any frames, with any stalls, the terminal shows what a fresh one shows of the last frame.
    #[test]
    fn differences_add_up(steps in prop::collection::vec(step(), 1..24), last in step()) {
        let (mut screen, link) = screen();
        let mut latest = (Vec::new(), (0, 0, false));
        for step in steps.into_iter().chain([last]) {
            match step {
                Step::Draw { texts, cursor } => {
                    latest = (texts, cursor);
                    screen.draw(|b| paint(b, &latest.0, latest.1)).unwrap();
                }
                Step::Redraw => screen.redraw(),
                Step::Stall(room) => link.room(&room),
            }
        }
        while screen.draw(|b| paint(b, &latest.0, latest.1)).unwrap() != Drawn::Unchanged {}
        let (mut fresh, whole) = self::screen();
        fresh.draw(|b| paint(b, &latest.0, latest.1)).unwrap();
        prop_assert_eq!(picture(&link), picture(&whole));
    }
}
