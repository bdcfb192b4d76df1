//! Theme files: a token, its colours, its attributes; what a file leaves out it inherits.

use super::{Styles, Token};
use ratatui::style::{Color, Modifier, Style};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// The theme that others inherit from unless they say otherwise.
pub(super) const DEFAULT: &str = "default";
/// The theme without colours.
pub(super) const MONO: &str = "mono";
/// The themes that are compiled in.
pub(super) const BUILT_IN: [(&str, &str); 4] = [
    (DEFAULT, include_str!("../../../themes/default.toml")),
    ("dusk", include_str!("../../../themes/dusk.toml")),
    (MONO, include_str!("../../../themes/mono.toml")),
    ("paper", include_str!("../../../themes/paper.toml")),
];

/// A theme is twenty lines; more than this is some other file.
const LARGEST_FILE: u64 = 64 * 1024;
const INHERIT: &str = "inherit";
/// `[select.away]` and `select.away = …` alone are tables inside a table in TOML.
const AWAY: &str = "away";
const ATTRIBUTES: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];
/// The colours of the terminal's palette that are visible in every palette, besides its own foreground.
pub(super) const COLOURS: [(&str, Color); 13] = [
    ("default", Color::Reset),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
];
/// The others: colours 0, 7, 8 and 15, under the names people give them.
const INVISIBLE: [&str; 10] = [
    "black",
    "white",
    "gray",
    "grey",
    "dark-gray",
    "dark-grey",
    "bright-black",
    "bright-white",
    "light-gray",
    "light-grey",
];
const COLOUR_ADVICE: &str =
    "expected #rrggbb, default, red, green, yellow, blue, magenta, cyan or bright-red to bright-cyan";

/// Why a theme cannot be used. The text may hold pieces of a file: it is not clean before `text::show`.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// Nothing of that name is compiled in or in the folder.
    #[error("there is no theme `{name}`, {advice}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// Which are there.
        advice: String,
    },
    /// The file is there and cannot be read.
    #[error("cannot read the theme {}: {source}; make it readable for this user", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Larger than any theme.
    #[error("{} is larger than 64 KiB; that is not a theme", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file says something that means nothing here.
    #[error("{file} line {line}, column {column}: {what}, {advice}{}", more(*others))]
    Invalid {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        what: String,
        /// What was expected.
        advice: String,
        /// How many more places of the file are wrong.
        others: usize,
    },
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and 1 more place)".to_owned(),
        others => format!(" (and {others} more places)"),
    }
}

/// One file: what it says about each token, and whose theme it takes the rest from.
struct Layer {
    inherit: Option<(String, Range<usize>)>,
    styles: [Option<Style>; Token::ALL.len()],
}

struct Problem {
    at: usize,
    what: String,
    advice: String,
}

/// The styles of a compiled-in theme.
pub(super) fn built_in(name: &str) -> Option<Styles> {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    // A test reads every one of them: none is missing a token or has an error.
    let layer = parse(text).ok()?;
    Some(Styles(layer.styles.map(Option::unwrap_or_default)))
}

/// The styles of the theme `default`.
pub(super) fn default_styles() -> Styles {
    built_in(DEFAULT).unwrap_or(Styles([Style::new(); Token::ALL.len()]))
}

/// Loads a theme by name: from the folder if it has a file of that name, else a compiled-in one. Tells the file too.
pub(super) fn load(name: &str, folder: Option<&Path>) -> Result<(Styles, Option<PathBuf>), ThemeError> {
    load_below(name, folder, &mut Vec::new())
}

/// `above` are the themes that led here by inheriting.
fn load_below(
    name: &str,
    folder: Option<&Path>,
    above: &mut Vec<String>,
) -> Result<(Styles, Option<PathBuf>), ThemeError> {
    // A theme that inherits its own name means the compiled-in one that it takes the place of.
    let file = if above.iter().any(|other| other == name) { None } else { file_of(name, folder) };
    let Some(path) = file else {
        let unknown = || ThemeError::Unknown { name: name.to_owned(), advice: instead(name, folder) };
        return built_in(name).map(|styles| (styles, None)).ok_or_else(unknown);
    };
    let text = read(&path)?;
    let invalid = |problems: &[Problem]| report(&path, &text, problems);
    let layer = parse(&text).map_err(|problems| invalid(&problems))?;
    let base = match &layer.inherit {
        None => default_styles(),
        Some((parent, at)) => {
            above.push(name.to_owned());
            match load_below(parent, folder, above) {
                Ok((styles, _)) => styles,
                Err(ThemeError::Unknown { advice, .. }) => {
                    let round = above.iter().any(|other| other == parent);
                    let (what, advice) = if round {
                        let what = format!("`{parent}` inherits from this theme itself");
                        (what, "inherit from a theme that does not".to_owned())
                    } else {
                        (format!("there is no theme `{parent}` to inherit from"), advice)
                    };
                    return Err(invalid(&[Problem { at: at.start, what, advice }]));
                }
                Err(error) => return Err(error),
            }
        }
    };
    let mut styles = base;
    for (style, own) in styles.0.iter_mut().zip(layer.styles) {
        *style = own.unwrap_or(*style);
    }
    Ok((styles, Some(path)))
}

/// The file of a theme, if the folder has one. A name that could lead out of the folder has none.
fn file_of(name: &str, folder: Option<&Path>) -> Option<PathBuf> {
    let path = folder.filter(|_| is_plain(name))?.join(format!("{name}.toml"));
    path.symlink_metadata().is_ok().then_some(path)
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

fn read(path: &Path) -> Result<String, ThemeError> {
    let unreadable = |source| ThemeError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(ThemeError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        let what = "this is not UTF-8 text".to_owned();
        report(path, &text, &[Problem { at: good, what, advice: "save the file as UTF-8".to_owned() }])
    })
}

/// Names of the themes that can be asked for: those that are compiled in and those of the folder, sorted.
pub fn names(folder: Option<&Path>) -> Vec<String> {
    let mut all: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    let files = folder.and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
    all.extend(files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned())));
    all.retain(|name| is_plain(name));
    all.sort();
    all.dedup();
    all
}

/// What is there instead of a theme that is not.
fn instead(wanted: &str, folder: Option<&Path>) -> String {
    let all = names(folder);
    let nearest = nearest(wanted, all.iter().map(String::as_str));
    nearest.map_or_else(|| format!("expected {}", one_of(&all)), |meant| format!("did you mean `{meant}`?"))
}

fn report(path: &Path, text: &str, problems: &[Problem]) -> ThemeError {
    let first = problems.iter().min_by_key(|problem| problem.at);
    let mut at = first.map_or(0, |problem| problem.at).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ThemeError::Invalid {
        file: path.display().to_string(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        what: first.map(|problem| problem.what.clone()).unwrap_or_default(),
        advice: first.map(|problem| problem.advice.clone()).unwrap_or_default(),
        others: problems.len().saturating_sub(1),
    }
}

/// Reads the text of a theme, or says everything that is wrong with it.
fn parse(text: &str) -> Result<Layer, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        // What follows a broken line is guesswork: report its first mistake alone.
        let at = error.span().map_or(0, |span| span.start);
        let line = text[..at.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
        let advice = if text.get(line..).is_some_and(|line| line.trim_start().starts_with("select.")) {
            "write \"select.away\" in quotes"
        } else {
            "expected lines such as warn = { fg = \"yellow\", bold = true }"
        };
        let what = format!("this is not TOML: {}", error.message().lines().next().unwrap_or_default());
        return Err(vec![Problem { at, what, advice: advice.to_owned() }]);
    }
    let mut layer = Layer { inherit: None, styles: [None; Token::ALL.len()] };
    let mut problems = Vec::new();
    for (key, value) in document.get_ref() {
        let name = key.get_ref().as_ref();
        if name == INHERIT {
            match value.get_ref() {
                DeValue::String(parent) => layer.inherit = Some((parent.to_string(), value.span())),
                _ => problem(
                    &mut problems,
                    &value.span(),
                    "`inherit` is not text",
                    "expected the name of a theme in quotes",
                ),
            }
        } else {
            token(name, &key.span(), value.get_ref(), &value.span(), &mut layer, &mut problems);
        }
    }
    if problems.is_empty() { Ok(layer) } else { Err(problems) }
}

fn problem(problems: &mut Vec<Problem>, at: &Range<usize>, what: impl Into<String>, advice: impl Into<String>) {
    problems.push(Problem { at: at.start, what: what.into(), advice: advice.into() });
}

fn token(
    name: &str,
    at: &Range<usize>,
    value: &DeValue<'_>,
    value_at: &Range<usize>,
    layer: &mut Layer,
    problems: &mut Vec<Problem>,
) {
    let Some(token) = Token::ALL.into_iter().find(|token| token.as_str() == name) else {
        let known = Token::ALL.map(Token::as_str);
        let advice = nearest(name, known.into_iter().chain([INHERIT]))
            .map_or_else(|| format!("expected {}", one_of(&known)), |meant| format!("did you mean `{meant}`?"));
        return problem(problems, at, format!("unknown token `{name}`"), advice);
    };
    let DeValue::Table(table) = value else {
        let advice = format!("expected {name} = {{ fg = \"yellow\", bold = true }} or {name} = {{}}");
        return problem(problems, value_at, format!("`{name}` is not a table"), advice);
    };
    let mut style = Style::new();
    for (key, value) in table {
        let (word, at) = (key.get_ref().as_ref(), key.span());
        match word {
            "fg" => style.fg = colour(value.get_ref(), &value.span(), problems),
            "bg" if token.may_have_background() => style.bg = colour(value.get_ref(), &value.span(), problems),
            "bg" => {
                let what = format!("`{name}` may not have a background");
                problem(problems, &at, what, "only select, float, prod and write may");
            }
            AWAY if token == Token::Select => {
                self::token(Token::SelectAway.as_str(), &at, value.get_ref(), &value.span(), layer, problems);
            }
            _ => {
                let Some((_, modifier)) = ATTRIBUTES.iter().find(|(attribute, _)| *attribute == word) else {
                    let known: Vec<&str> = ["fg", "bg"].into_iter().chain(ATTRIBUTES.map(|(word, _)| word)).collect();
                    let advice = nearest(word, known.iter().copied()).map_or_else(
                        || format!("expected {}", one_of(&known)),
                        |meant| format!("did you mean `{meant}`?"),
                    );
                    problem(problems, &at, format!("unknown attribute `{word}` of `{name}`"), advice);
                    continue;
                };
                match value.get_ref() {
                    DeValue::Boolean(true) => style = style.add_modifier(*modifier),
                    DeValue::Boolean(false) => {}
                    _ => {
                        let what = format!("`{word}` of `{name}` is not a yes or no");
                        problem(problems, &value.span(), what, "expected true or false");
                    }
                }
            }
        }
    }
    // A table that holds nothing but `away` says nothing about the selected row itself.
    let only_away = token == Token::Select && table.len() == 1 && table.contains_key(AWAY);
    if !only_away {
        layer.styles[token as usize] = Some(style);
    }
}

/// A colour by its name in the terminal's palette, or as `#rrggbb`.
fn colour(value: &DeValue<'_>, at: &Range<usize>, problems: &mut Vec<Problem>) -> Option<Color> {
    let DeValue::String(text) = value else {
        problem(problems, at, "a colour is text in quotes", COLOUR_ADVICE);
        return None;
    };
    let word = text.as_ref();
    if let Some((_, colour)) = COLOURS.iter().find(|(name, _)| *name == word) {
        return Some(*colour);
    }
    if let Some(hex) = word.strip_prefix('#') {
        if hex.len() == 6
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
            && let Ok(rgb) = u32::from_str_radix(hex, 16)
        {
            return Some(Color::from_u32(rgb));
        }
        problem(problems, at, format!("\"{word}\" is not a colour"), "expected # and six hexadecimal digits");
        return None;
    }
    if INVISIBLE.contains(&word) {
        let what = format!("\"{word}\" cannot be seen in every palette");
        problem(problems, at, what, COLOUR_ADVICE);
        return None;
    }
    let advice = nearest(word, COLOURS.iter().map(|(name, _)| *name));
    let advice = advice.map_or_else(|| COLOUR_ADVICE.to_owned(), |meant| format!("did you mean \"{meant}\"?"));
    problem(problems, at, format!("unknown colour \"{word}\""), advice);
    None
}

fn one_of<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} or {}", most.join(", "), last.as_ref())
        }
    }
}

/// The candidate that a misspelt word was meant to be, if one is close.
fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('_', "-");
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
