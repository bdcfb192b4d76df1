//! Which theme and which glyphs: what the person, the configuration and the environment say, in that order.

use super::{Glyphs, Look, Styles, Token, theme};
use crate::config::Env;
use ratatui::style::{Color, Style};
use std::path::Path;

/// Who asked for which theme, and where themes may be found besides the compiled-in ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes<'a> {
    /// `--theme NAME`.
    pub flag: Option<&'a str>,
    /// The theme that the configuration names.
    pub config: Option<&'a str>,
    /// The folder of the person's own themes: `themes` beside the configuration file.
    pub folder: Option<&'a Path>,
}

/// Chooses how the console looks.
///
/// The theme is what `--theme` says, else `$HEELER_THEME`, else the configuration; else `mono` when `$NO_COLOR` is
/// there and not empty, else `default`. A theme that cannot be used is replaced by that last choice. Where the terminal
/// cannot do truecolour (`$COLORTERM` is neither `truecolor` nor `24bit`), each token that names an `#rrggbb` colour
/// looks as in `default`.
///
/// The glyphs are Unicode; they are ASCII when `$HEELER_GLYPHS` says `ascii`, or when the locale (`$LC_ALL`,
/// `$LC_CTYPE`, `$LANG`, the first that is set) is not UTF-8. Where no locale is set at all they stay Unicode.
///
/// The message says in one line what was wrong and what is used instead. It may quote a file: `text::show` cleans it.
pub fn choose(wishes: &Wishes<'_>, env: Env<'_>) -> (Look, Option<String>) {
    let variable = |name: &str| env(name).filter(|value| !value.is_empty()).map(|v| v.to_string_lossy().into_owned());
    let mut messages = Vec::new();
    let glyphs = glyphs(&variable, &mut messages);

    let folder = wishes.folder.map(Path::to_owned);
    let unasked = if variable("NO_COLOR").is_some() { theme::MONO } else { theme::DEFAULT };
    let plain = || Look { folder: folder.clone(), ..Look::built_in(unasked, glyphs.clone()).unwrap_or_default() };
    let wish = wishes.flag.map(str::to_owned).or_else(|| variable("HEELER_THEME"));
    let Some(wish) = wish.or_else(|| wishes.config.map(str::to_owned)) else { return (plain(), join(&messages)) };

    let look = match theme::load(&wish, wishes.folder) {
        Ok((styles, file)) => {
            let truecolour = variable("COLORTERM").is_some_and(|value| matches!(value.as_str(), "truecolor" | "24bit"));
            let styles = if truecolour { styles } else { sixteen(styles, &wish, &mut messages) };
            Look { theme: wish, styles, glyphs, file, folder }
        }
        Err(error) => {
            messages.push(format!("{error}; the theme {unasked} is used"));
            plain()
        }
    };
    (look, join(&messages))
}

fn join(messages: &[String]) -> Option<String> {
    (!messages.is_empty()).then(|| messages.join(" · "))
}

/// The styles for a terminal of sixteen colours. There is no nearest colour to a grey among twelve bright ones, so a
/// token that needs truecolour is taken from the theme that was made for such terminals.
fn sixteen(mut styles: Styles, theme: &str, messages: &mut Vec<String>) -> Styles {
    let plain = theme::default_styles();
    let mut replaced = 0;
    for token in Token::ALL {
        if needs_truecolour(&styles.of(token)) {
            styles.0[token as usize] = plain.of(token);
            replaced += 1;
        }
    }
    if replaced > 0 {
        let colours = if replaced == 1 { "a colour" } else { "colours" };
        messages.push(format!(
            "theme {theme} has {colours} that this terminal may not show ($COLORTERM does not say truecolor); \
             {} taken from the theme {}",
            if replaced == 1 { "it is" } else { "those are" },
            theme::DEFAULT
        ));
    }
    styles
}

fn needs_truecolour(style: &Style) -> bool {
    [style.fg, style.bg].into_iter().any(|colour| matches!(colour, Some(Color::Rgb(..))))
}

fn glyphs(variable: &dyn Fn(&str) -> Option<String>, messages: &mut Vec<String>) -> Glyphs {
    match variable("HEELER_GLYPHS").as_deref() {
        Some("ascii") => return Glyphs::ascii(),
        Some("unicode") => return Glyphs::unicode(),
        Some(other) => messages.push(format!("$HEELER_GLYPHS is `{other}`, expected ascii or unicode; it is ignored")),
        None => {}
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    if locale.is_none_or(|locale| is_utf8(&locale)) { Glyphs::unicode() } else { Glyphs::ascii() }
}

/// Whether a locale such as `de_DE.UTF-8@euro` has UTF-8 for its character set.
fn is_utf8(locale: &str) -> bool {
    let set = locale.split_once('.').map_or("", |(_, rest)| rest.split('@').next().unwrap_or(rest));
    set.eq_ignore_ascii_case("utf-8") || set.eq_ignore_ascii_case("utf8")
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
