//! Whether the compiled-in themes can be read: contrast by the formula of WCAG 2, and colours as people see them whose
//! eyes have no green (deuteranopia) or no red (protanopia) receptors.

use super::{Glyphs, Styles, Token, theme};
use ratatui::style::{Color, Modifier, Style};

/// Least contrast of text in `dusk` and in `paper`.
const DARK_FLOOR: f64 = 4.9;
const LIGHT_FLOOR: f64 = 5.0;
/// Grounds that terminals have, besides the theme's own.
const DARK_GROUNDS: [u32; 2] = [0x0016_181d, 0x0028_2c34];
const LIGHT_GROUNDS: [u32; 2] = [0x00ff_ffff, 0x00fd_f6e3];
/// Least distance in CIELAB at which two colours of words are told apart at a glance.
const APART: f64 = 20.0;

/// What eyes without one receptor see, on linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
const DEUTERANOPIA: [[f64; 3]; 3] =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];
const PROTANOPIA: [[f64; 3]; 3] =
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];

fn styles(theme: &str) -> Styles {
    theme::built_in(theme).unwrap()
}

fn linear(colour: Color) -> [f64; 3] {
    let Color::Rgb(r, g, b) = colour else { panic!("{colour:?} has no certain look") };
    [r, g, b].map(|channel| {
        let share = f64::from(channel) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    })
}

fn luminance(colour: Color) -> f64 {
    let [r, g, b] = linear(colour);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

fn seen_as(colour: Color, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
    let from = linear(colour);
    eyes.map(|row| row.iter().zip(from).map(|(weight, channel)| weight * channel).sum::<f64>().clamp(0.0, 1.0))
}

/// CIELAB, white point D65.
fn lab([r, g, b]: [f64; 3]) -> [f64; 3] {
    let bend = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = bend((0.412_456 * r + 0.357_576 * g + 0.180_438 * b) / 0.950_47);
    let y = bend(0.212_673 * r + 0.715_152 * g + 0.072_175 * b);
    let z = bend((0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(one: Color, other: Color, eyes: &[[f64; 3]; 3]) -> f64 {
    let (one, other) = (lab(seen_as(one, eyes)), lab(seen_as(other, eyes)));
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The colours that words and marks are written in. Hairlines are decoration.
fn words(styles: &Styles) -> Vec<(Token, Color)> {
    let words = Token::ALL.into_iter().filter(|token| *token != Token::Rule);
    words.filter_map(|token| Some((token, styles.of(token).fg?))).collect()
}

#[test]
fn the_formulas_give_known_values() {
    let (black, white) = (Color::from_u32(0), Color::from_u32(0x00ff_ffff));
    assert!((contrast(black, white) - 21.0).abs() < 1e-9);
    // The darkest grey that passes 4.5:1 on white, a value everybody's tool shows.
    assert!((contrast(Color::from_u32(0x0076_7676), white) - 4.54).abs() < 0.005);
    assert!((lab(linear(white))[0] - 100.0).abs() < 0.01);
    // Without green receptors pure red and a dark olive come close; red and blue stay far apart.
    let (red, olive, blue) = (Color::from_u32(0x00ff_0000), Color::from_u32(0x0070_6000), Color::from_u32(0x0000_00ff));
    assert!(distance(red, olive, &DEUTERANOPIA) < distance(red, blue, &DEUTERANOPIA) / 2.0);
}

#[test]
fn words_can_be_read_on_every_ground() {
    for (theme, floor, grounds) in [("dusk", DARK_FLOOR, DARK_GROUNDS), ("paper", LIGHT_FLOOR, LIGHT_GROUNDS)] {
        let styles = styles(theme);
        let own = [Token::Select, Token::Float].map(|token| styles.of(token).bg.unwrap());
        let words = words(&styles);
        assert!(words.len() >= 14, "{theme} colours only {} tokens", words.len());
        for ground in grounds.map(Color::from_u32).into_iter().chain(own) {
            for (token, colour) in &words {
                let found = contrast(*colour, ground);
                assert!(found >= floor, "{theme}: {} on {ground}: {found:.2}, at least {floor}", token.as_str());
            }
        }
    }
}

/// The mark that stands before a row or value of this state.
fn mark(token: Token, glyphs: &Glyphs) -> &'static str {
    match token {
        Token::Ok => glyphs.ok,
        Token::Change => glyphs.change,
        Token::Add => glyphs.add,
        Token::Remove => glyphs.remove,
        Token::Fail => glyphs.fail,
        Token::Warn => glyphs.warn,
        other => panic!("{} has no mark", other.as_str()),
    }
}

#[test]
fn states_differ_from_plain_words_for_every_eye() {
    let states = [Token::Change, Token::Remove, Token::Fail, Token::Warn, Token::Ok, Token::Add];
    let plain = [(Token::Text, Token::Accent), (Token::Text, Token::Muted)];
    let pairs = states.map(|state| (Token::Text, state)).into_iter().chain(plain);
    // What is good and what needs a look are told apart by colour alone.
    let pairs = pairs.chain([(Token::Ok, Token::Warn), (Token::Ok, Token::Change), (Token::Add, Token::Change)]);
    for (one, other) in pairs {
        for theme in ["dusk", "paper"] {
            let styles = styles(theme);
            for (name, eyes) in [("deuteranopia", DEUTERANOPIA), ("protanopia", PROTANOPIA)] {
                let found = distance(styles.of(one).fg.unwrap(), styles.of(other).fg.unwrap(), &eyes);
                let pair = format!("{} and {}", one.as_str(), other.as_str());
                assert!(found >= APART, "{theme}: {pair} are {found:.1} apart with {name}, at least {APART}");
            }
        }
    }
}

#[test]
fn states_that_look_alike_to_some_eyes_have_different_marks() {
    let states = [Token::Ok, Token::Change, Token::Add, Token::Remove, Token::Fail, Token::Warn];
    let mut alike = 0;
    for theme in ["default", "dusk", "mono", "paper"] {
        let styles = styles(theme);
        for (at, one) in states.into_iter().enumerate() {
            for other in states.into_iter().skip(at + 1) {
                let apart = match (styles.of(one).fg, styles.of(other).fg) {
                    (Some(a @ Color::Rgb(..)), Some(b @ Color::Rgb(..))) => distance(a, b, &DEUTERANOPIA) >= APART,
                    // What a palette makes of its colours is not known.
                    _ => false,
                };
                if apart {
                    continue;
                }
                alike += 1;
                for glyphs in [Glyphs::unicode(), Glyphs::ascii()] {
                    let pair = format!("{} and {}", one.as_str(), other.as_str());
                    assert_ne!(mark(one, &glyphs), mark(other, &glyphs), "{theme}: {pair} differ in nothing");
                }
            }
        }
    }
    assert!(alike > 0, "the simulation finds no red and green alike, so it does not work");
}

#[test]
fn colours_that_some_palette_hides_are_in_no_theme() {
    let hidden = [
        Color::Black,
        Color::White,
        Color::Gray,
        Color::DarkGray,
        Color::Indexed(0),
        Color::Indexed(7),
        Color::Indexed(8),
        Color::Indexed(15),
    ];
    for (theme, _) in theme::BUILT_IN {
        for token in Token::ALL {
            let Style { fg, bg, .. } = styles(theme).of(token);
            for colour in [fg, bg].into_iter().flatten() {
                assert!(!hidden.contains(&colour), "{theme}: {} is {colour}", token.as_str());
            }
        }
    }
}

#[test]
fn only_four_tokens_have_a_ground_of_their_own_and_none_blinks() {
    for (theme, _) in theme::BUILT_IN {
        for token in Token::ALL {
            let style = styles(theme).of(token);
            assert!(style.bg.is_none() || token.may_have_background(), "{theme}: {}", token.as_str());
            assert!(!style.add_modifier.intersects(Modifier::SLOW_BLINK | Modifier::RAPID_BLINK | Modifier::HIDDEN));
        }
    }
}

#[test]
fn mono_has_no_colour_and_still_shows_what_matters() {
    let mono = styles("mono");
    for token in Token::ALL {
        let style = mono.of(token);
        assert_eq!((style.fg, style.bg, style.underline_color), (None, None, None), "{}", token.as_str());
    }
    let shown = |token: Token| mono.of(token).add_modifier;
    assert_eq!(shown(Token::Select), Modifier::REVERSED);
    assert_eq!(shown(Token::Prod), Modifier::REVERSED);
    assert_eq!(shown(Token::Write), Modifier::REVERSED);
    for token in [Token::SelectAway, Token::Fail, Token::Warn, Token::Accent, Token::Strong] {
        assert_eq!(shown(token), Modifier::BOLD, "{}", token.as_str());
    }
}

#[test]
fn default_keeps_to_the_palette_of_the_terminal() {
    let default = styles("default");
    for token in Token::ALL {
        let Style { fg, bg, .. } = default.of(token);
        assert_eq!(bg, None, "{}", token.as_str());
        assert!(!matches!(fg, Some(Color::Rgb(..) | Color::Indexed(_))), "{}", token.as_str());
    }
    assert_eq!(default.of(Token::Accent).fg, Some(Color::Cyan));
    assert_eq!(default.of(Token::Select).add_modifier, Modifier::REVERSED);
}
