//! Who decides about theme and glyphs.

use super::*;
use std::ffi::OsString;

const TRUECOLOUR: (&str, &str) = ("COLORTERM", "truecolor");

fn chosen(wishes: &Wishes<'_>, pairs: &[(&str, &str)]) -> (Look, Option<String>) {
    choose(wishes, &|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
}

#[test]
fn the_flag_then_the_variable_then_the_configuration_then_no_color_decide() {
    let asked = |flag, config, variable: &str, no_color: &str| {
        let wishes = Wishes { flag, config, folder: None };
        let (look, message) =
            chosen(&wishes, &[TRUECOLOUR, ("HEELER_THEME", variable), ("NO_COLOR", no_color), ("LANG", "C.UTF-8")]);
        assert_eq!(message, None);
        look.theme
    };
    assert_eq!(asked(Some("dusk"), Some("default"), "paper", "1"), "dusk");
    assert_eq!(asked(None, Some("default"), "paper", "1"), "paper");
    assert_eq!(asked(None, Some("dusk"), "", "1"), "dusk");
    assert_eq!(asked(None, None, "", "1"), "mono");
    // An empty NO_COLOR says nothing (no-color.org).
    assert_eq!(asked(None, None, "", ""), "default");
}

#[test]
fn nothing_set_is_the_default_look() {
    let (look, message) = chosen(&Wishes::default(), &[]);
    assert_eq!((look.theme.as_str(), message), ("default", None));
    assert_eq!(look.styles, Look::default().styles);
    assert_eq!(look.glyphs, Glyphs::unicode());
}

#[test]
fn a_theme_that_cannot_be_used_is_replaced_and_named() {
    let wishes = Wishes { flag: Some("duks"), ..Wishes::default() };
    let (look, message) = chosen(&wishes, &[]);
    assert_eq!(look.styles, Look::default().styles);
    assert_eq!(look.theme, "default");
    let said = message.unwrap();
    assert_eq!(said, "there is no theme `duks`, did you mean `dusk`?; the theme default is used");
    // Who wants no colour does not get it by a slip of the finger.
    let (look, message) = chosen(&wishes, &[("NO_COLOR", "1")]);
    assert_eq!(look.theme, "mono");
    assert!(message.unwrap().ends_with("; the theme mono is used"));
}

#[test]
fn a_theme_of_ones_own_is_read_from_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "ok = { fg = \"blue\" }\n").unwrap();
    let wishes = Wishes { config: Some("mine"), folder: Some(folder.path()), ..Wishes::default() };
    let (look, message) = chosen(&wishes, &[]);
    assert_eq!((look.theme.as_str(), look.file.as_deref(), message), ("mine", Some(file.as_path()), None));
    assert_eq!(look.style(Token::Ok).fg, Some(Color::Blue));

    std::fs::write(&file, "ok = { fg = \"blu\" }\n").unwrap();
    let (look, message) = chosen(&wishes, &[]);
    assert_eq!(look.theme, "default");
    let expected = format!(
        "{} line 1, column 13: unknown colour \"blu\", did you mean \"blue\"?; the theme default is used",
        file.display()
    );
    assert_eq!(message.unwrap(), expected);
}

#[test]
fn a_file_cannot_bring_colour_back_where_none_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mono.toml"), "ok = { fg = \"blue\" }\n").unwrap();
    let wishes = Wishes { folder: Some(folder.path()), ..Wishes::default() };
    let (look, message) = chosen(&wishes, &[("NO_COLOR", "1")]);
    assert_eq!((look.file, message), (None, None));
    assert_eq!(look.styles.of(Token::Ok).fg, None);
}

#[test]
fn without_truecolour_tokens_that_need_it_look_as_in_default() {
    let wishes = Wishes { flag: Some("dusk"), ..Wishes::default() };
    for enough in ["truecolor", "24bit"] {
        let (look, message) = chosen(&wishes, &[("COLORTERM", enough)]);
        assert_eq!(look.style(Token::Text).fg, Some(Color::Rgb(0xd6, 0xd8, 0xde)));
        assert_eq!(message, None);
    }
    for little in ["", "yes"] {
        let (look, message) = chosen(&wishes, &[("COLORTERM", little)]);
        assert_eq!(look.theme, "dusk");
        for token in Token::ALL {
            assert_eq!(look.style(token), Look::default().style(token), "{}", token.as_str());
        }
        assert_eq!(
            message.unwrap(),
            "theme dusk has colours that this terminal may not show ($COLORTERM does not say truecolor); those are \
             taken from the theme default"
        );
    }
    // What a theme says in the terminal's own colours stays.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), "ok = { fg = \"blue\" }\nfail = { fg = \"#ff0000\" }\n").unwrap();
    let wishes = Wishes { flag: Some("mine"), folder: Some(folder.path()), ..Wishes::default() };
    let (look, message) = chosen(&wishes, &[]);
    assert_eq!(look.style(Token::Ok).fg, Some(Color::Blue));
    assert_eq!(look.style(Token::Fail), Look::default().style(Token::Fail));
    assert!(message.unwrap().contains("has a colour that"));
}

#[test]
fn the_locale_decides_about_glyphs_unless_somebody_does() {
    let ascii = |pairs: &[(&str, &str)]| {
        let (look, message) = chosen(&Wishes::default(), pairs);
        assert_eq!(message, None);
        look.glyphs.is_ascii()
    };
    for utf8 in ["de_DE.UTF-8", "C.utf8", "en_GB.utf-8@euro"] {
        assert!(!ascii(&[("LANG", utf8)]), "{utf8}");
    }
    for other in ["C", "POSIX", "de_DE.ISO-8859-1", "de_DE", "ja_JP.eucJP", "utf8"] {
        assert!(ascii(&[("LANG", other)]), "{other}");
    }
    // The first that is set and not empty.
    assert!(ascii(&[("LC_ALL", "C"), ("LC_CTYPE", "C.UTF-8"), ("LANG", "C.UTF-8")]));
    assert!(ascii(&[("LC_ALL", ""), ("LC_CTYPE", "C"), ("LANG", "C.UTF-8")]));
    assert!(!ascii(&[("LC_CTYPE", "C.UTF-8"), ("LANG", "C")]));
    // Nothing is set in many containers, behind terminals that all speak UTF-8.
    assert!(!ascii(&[]));
    assert!(ascii(&[("HEELER_GLYPHS", "ascii"), ("LANG", "C.UTF-8")]));
    assert!(!ascii(&[("HEELER_GLYPHS", "unicode"), ("LANG", "C")]));
}

#[test]
fn several_messages_stand_on_one_line() {
    let wishes = Wishes { flag: Some("nope"), ..Wishes::default() };
    let (look, message) = chosen(&wishes, &[("HEELER_GLYPHS", "emoji")]);
    assert_eq!(look.glyphs, Glyphs::unicode());
    assert_eq!(
        message.unwrap(),
        "$HEELER_GLYPHS is `emoji`, expected ascii or unicode; it is ignored · there is no theme `nope`, expected \
         default, dusk, mono or paper; the theme default is used"
    );
}
