//! Theme files: good ones, and what is said about bad ones.

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The message about a theme file, with the folder left out.
fn message(text: &str) -> String {
    let folder = folder(&[("mine.toml", text)]);
    let error = load("mine", Some(folder.path())).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_compiled_in_themes_say_everything_in_the_order_of_the_tokens() {
    for (name, text) in BUILT_IN {
        let layer = parse(text).unwrap_or_else(|problems| panic!("{name}: {}", problems[0].what));
        assert!(layer.inherit.is_none(), "{name}");
        for (token, style) in Token::ALL.into_iter().zip(layer.styles) {
            assert!(style.is_some(), "{name} has no `{}`", token.as_str());
        }
        let order: Vec<&str> =
            text.lines().filter_map(|line| line.split_once(" = {")).map(|(token, _)| token.trim_matches('"')).collect();
        assert_eq!(order, Token::ALL.map(Token::as_str), "{name}");
        assert_eq!(built_in(name).unwrap(), load(name, None).unwrap().0);
    }
}

#[test]
fn the_readme_lists_every_token_colour_and_attribute() {
    let readme = include_str!("../../../themes/README.md");
    let rows: Vec<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(word, _)| word).collect();
    for token in Token::ALL {
        assert!(rows.contains(&token.as_str()), "{}", token.as_str());
    }
    for (theme, _) in BUILT_IN {
        assert!(rows.contains(&theme), "{theme}");
    }
    let (examples, _) = readme.split_once("## Tokens").unwrap();
    for (word, _) in ATTRIBUTES {
        assert!(examples.contains(&format!("`{word}`")), "{word}");
    }
    for (word, _) in COLOURS.iter().filter(|(word, _)| !word.starts_with("bright-")) {
        assert!(examples.contains(&format!("`\"{word}\"`")), "{word}");
    }
    let (_, example) = readme.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert!(parse(example).is_ok(), "the example is wrong");
}

#[test]
fn a_file_says_what_is_different_and_inherits_the_rest() {
    let folder = folder(&[
        ("mine.toml", "warn = { fg = \"bright-magenta\", italic = true, bold = false }\n"),
        ("night.toml", "inherit = \"dusk\"\nmuted = { fg = \"#0102ff\" }\n\"select.away\" = {}\n"),
        ("later.toml", "inherit = \"night\"\ntext = { fg = \"default\" }\n"),
    ]);
    let (mine, file) = load("mine", Some(folder.path())).unwrap();
    assert_eq!(file.unwrap(), folder.path().join("mine.toml"));
    assert_eq!(mine.of(Token::Warn), Style::new().fg(Color::LightMagenta).add_modifier(Modifier::ITALIC));
    assert_eq!(mine.of(Token::Fail), default_styles().of(Token::Fail));

    let (later, _) = load("later", Some(folder.path())).unwrap();
    assert_eq!(later.of(Token::Text), Style::new().fg(Color::Reset));
    assert_eq!(later.of(Token::Muted), Style::new().fg(Color::Rgb(1, 2, 255)));
    assert_eq!(later.of(Token::SelectAway), Style::new());
    assert_eq!(later.of(Token::Float), built_in("dusk").unwrap().of(Token::Float));
}

#[test]
fn a_file_may_take_the_place_of_a_compiled_in_theme_and_inherit_from_it() {
    let folder = folder(&[("dusk.toml", "inherit = \"dusk\"\ntext = {}\n")]);
    let (dusk, file) = load("dusk", Some(folder.path())).unwrap();
    assert!(file.is_some());
    assert_eq!(dusk.of(Token::Text), Style::new());
    assert_eq!(dusk.of(Token::Warn), built_in("dusk").unwrap().of(Token::Warn));
}

#[test]
fn select_away_may_be_written_as_a_table_of_its_own() {
    for text in ["[select]\nreversed = true\n[select.away]\nitalic = true\n", "[select.away]\nitalic = true\n"] {
        let Ok(layer) = parse(text) else { panic!("{text}") };
        let away = layer.styles[Token::SelectAway as usize];
        assert_eq!(away, Some(Style::new().add_modifier(Modifier::ITALIC)), "{text}");
        let select = layer.styles[Token::Select as usize];
        let own = text.contains("reversed").then(|| Style::new().add_modifier(Modifier::REVERSED));
        assert_eq!(select, own, "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let tokens = "expected text, muted, strong, accent, rule, select, select.away, mark, match, ok, change, add, \
                  remove, fail, warn, stale, prod, write, input or float";
    let colours = COLOUR_ADVICE;
    for (text, expected) in [
        ("wran = {}", "line 1, column 1: unknown token `wran`, did you mean `warn`?".to_owned()),
        ("# ü\n  inhert = \"dusk\"", "line 2, column 3: unknown token `inhert`, did you mean `inherit`?".to_owned()),
        ("\nbutton = {}", format!("line 2, column 1: unknown token `button`, {tokens}")),
        (
            "warn = \"yellow\"",
            "line 1, column 8: `warn` is not a table, expected warn = { fg = \"yellow\", bold = true } or warn = {}"
                .to_owned(),
        ),
        (
            "warn = { blod = true }",
            "line 1, column 10: unknown attribute `blod` of `warn`, did you mean `bold`?".to_owned(),
        ),
        (
            "warn = { blink = true }",
            "line 1, column 10: unknown attribute `blink` of `warn`, expected fg, bg, bold, dim, italic, underlined or \
             reversed"
                .to_owned(),
        ),
        (
            "warn = { bold = 1 }",
            "line 1, column 17: `bold` of `warn` is not a yes or no, expected true or false".to_owned(),
        ),
        (
            "warn = { bg = \"red\" }",
            "line 1, column 10: `warn` may not have a background, only select, float, prod and write may".to_owned(),
        ),
        (
            "ok = { fg = \"gren\" }",
            "line 1, column 13: unknown colour \"gren\", did you mean \"green\"?".to_owned(),
        ),
        ("ok = { fg = \"teal\" }", format!("line 1, column 13: unknown colour \"teal\", {colours}")),
        ("ok = { fg = \"white\" }", format!("line 1, column 13: \"white\" cannot be seen in every palette, {colours}")),
        ("ok = { fg = 7 }", format!("line 1, column 13: a colour is text in quotes, {colours}")),
        (
            "ok = { fg = \"#12345\" }",
            "line 1, column 13: \"#12345\" is not a colour, expected # and six hexadecimal digits".to_owned(),
        ),
        (
            "ok = { fg = \"#+12345\" }",
            "line 1, column 13: \"#+12345\" is not a colour, expected # and six hexadecimal digits".to_owned(),
        ),
        (
            "inherit = 1",
            "line 1, column 11: `inherit` is not text, expected the name of a theme in quotes".to_owned(),
        ),
        (
            "inherit = \"dsk\"",
            "line 1, column 11: there is no theme `dsk` to inherit from, did you mean `dusk`?".to_owned(),
        ),
        (
            "inherit = \"mine\"",
            "line 1, column 11: `mine` inherits from this theme itself, inherit from a theme that does not"
                .to_owned(),
        ),
        (
            "wran = {}\nok = { fg = \"gren\", bg = \"red\" }",
            "line 1, column 1: unknown token `wran`, did you mean `warn`? (and 2 more places)".to_owned(),
        ),
        (
            "ok = {}\nwran = {}\nwrt = {}",
            "line 2, column 1: unknown token `wran`, did you mean `warn`? (and 1 more place)".to_owned(),
        ),
    ] {
        assert_eq!(message(text), format!("mine.toml {expected}"), "{text}");
    }
}

#[test]
fn what_is_not_toml_is_said_with_its_place() {
    let broken = message("text = {}\nwarn = { fg = \"yellow\"\n");
    assert!(broken.starts_with("mine.toml line "), "{broken}");
    assert!(broken.contains(": this is not TOML: "), "{broken}");
    assert!(broken.ends_with("expected lines such as warn = { fg = \"yellow\", bold = true }"), "{broken}");
    assert!(!broken.contains('\n'), "{broken}");

    let unquoted = message("select = { reversed = true }\nselect.away = { bold = true }\n");
    assert!(unquoted.starts_with("mine.toml line 2, column 1: this is not TOML: "), "{unquoted}");
    assert!(unquoted.ends_with("write \"select.away\" in quotes"), "{unquoted}");
}

#[test]
fn files_that_inherit_in_a_circle_are_refused() {
    let folder = folder(&[("a.toml", "inherit = \"b\"\n"), ("b.toml", "text = {}\ninherit = \"a\"\n")]);
    let error = load("a", Some(folder.path())).unwrap_err().to_string();
    assert!(error.contains("b.toml line 2, column 11: `a` inherits from this theme itself"), "{error}");
}

#[test]
fn a_name_never_leads_out_of_the_folder() {
    let outer = folder(&[("secret.toml", "text = {}\n")]);
    let inner = outer.path().join("themes");
    std::fs::create_dir(&inner).unwrap();
    for name in ["../secret", "", "..", "a/b", "."] {
        let error = load(name, Some(&inner)).unwrap_err();
        assert!(matches!(error, ThemeError::Unknown { .. }), "{name}: {error}");
    }
}

#[test]
fn files_that_cannot_be_themes_are_refused() {
    let folder = folder(&[("huge.toml", &"#".repeat(70_000))]);
    std::fs::write(folder.path().join("bytes.toml"), b"text = {}\n# \xff\n").unwrap();
    std::fs::create_dir(folder.path().join("dir.toml")).unwrap();
    let said = |name: &str| load(name, Some(folder.path())).unwrap_err().to_string();
    assert!(said("huge").ends_with("huge.toml is larger than 64 KiB; that is not a theme"), "{}", said("huge"));
    let expected = "bytes.toml line 2, column 3: this is not UTF-8 text, save the file as UTF-8";
    assert!(said("bytes").ends_with(expected), "{}", said("bytes"));
    assert!(said("dir").starts_with("cannot read the theme "), "{}", said("dir"));
    assert_eq!(names(Some(folder.path())), ["bytes", "default", "dir", "dusk", "huge", "mono", "paper"]);
    assert_eq!(names(None), ["default", "dusk", "mono", "paper"]);
    assert_eq!(said("dusky"), "there is no theme `dusky`, did you mean `dusk`?");
    assert_eq!(
        said("solarized"),
        "there is no theme `solarized`, expected bytes, default, dir, dusk, huge, mono or paper"
    );
}
