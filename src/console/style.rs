//! How the console looks: tokens of meaning, the themes that dress them, and the glyphs.
//!
//! Views name what a thing *is* ([`Token::Warn`], [`Glyphs::drift`]), never how it looks. A theme is data: a TOML file
//! that gives tokens their colours and attributes. Every state is a mark and a word before it is a colour, so that a
//! theme without any colour loses nothing.

mod choose;
#[cfg(test)]
mod contrast;
mod glyphs;
mod theme;

pub use choose::{Wishes, choose};
pub use glyphs::{Corners, Glyphs};
pub use theme::{ThemeError, names};

use ratatui::style::Style;
use std::path::PathBuf;

/// What a piece of the screen means. A theme says how each of these looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// Values.
    Text,
    /// Labels, units, ages, values that are equal.
    Muted,
    /// Titles, names that have focus.
    Strong,
    /// The focus bar, the current tab, keys in hints.
    Accent,
    /// Hairlines.
    Rule,
    /// The selected row of the pane that has focus.
    Select,
    /// The selected row of another pane; it also has the mark [`Glyphs::selected`].
    SelectAway,
    /// Rows that a person marked.
    Mark,
    /// The letters that a search hit.
    Match,
    /// All is well, and only where that is news.
    Ok,
    /// Drift, update.
    Change,
    /// Create.
    Add,
    /// Disable, orphan.
    Remove,
    /// Failed, refused.
    Fail,
    /// Will fail, slow, quarantined.
    Warn,
    /// Past its freshness limit. The age stands beside it in words.
    Stale,
    /// The word for a production environment, written in capitals.
    Prod,
    /// Unlocked write mode, written in capitals.
    Write,
    /// Text that is being typed.
    Input,
    /// The ground of palette and dialogs; they also have a border.
    Float,
}

impl Token {
    /// Every token, in the order of the theme files.
    pub const ALL: [Self; 20] = [
        Self::Text,
        Self::Muted,
        Self::Strong,
        Self::Accent,
        Self::Rule,
        Self::Select,
        Self::SelectAway,
        Self::Mark,
        Self::Match,
        Self::Ok,
        Self::Change,
        Self::Add,
        Self::Remove,
        Self::Fail,
        Self::Warn,
        Self::Stale,
        Self::Prod,
        Self::Write,
        Self::Input,
        Self::Float,
    ];

    /// The name in theme files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Muted => "muted",
            Self::Strong => "strong",
            Self::Accent => "accent",
            Self::Rule => "rule",
            Self::Select => "select",
            Self::SelectAway => "select.away",
            Self::Mark => "mark",
            Self::Match => "match",
            Self::Ok => "ok",
            Self::Change => "change",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Stale => "stale",
            Self::Prod => "prod",
            Self::Write => "write",
            Self::Input => "input",
            Self::Float => "float",
        }
    }

    /// Whether a theme may give this token a background. All others are drawn on whatever is below them.
    pub const fn may_have_background(self) -> bool {
        matches!(self, Self::Select | Self::Float | Self::Prod | Self::Write)
    }
}

/// The style of every token. What a style leaves open is taken from what is drawn below it, so that styles can be laid
/// over each other ([`Style::patch`]): a selected row keeps the colours of its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Styles([Style; Token::ALL.len()]);

impl Styles {
    /// The style of one token.
    pub fn of(&self, token: Token) -> Style {
        self.0[token as usize]
    }
}

/// How the console looks: what [`choose`] decided.
#[derive(Clone, Debug)]
pub struct Look {
    /// Name of the theme.
    pub theme: String,
    /// Its styles.
    pub styles: Styles,
    /// The characters to draw with.
    pub glyphs: Glyphs,
    /// The file the theme was read from; `None` for those that are compiled in.
    pub file: Option<PathBuf>,
    /// The folder of the person's own themes, for [`names`] and for choosing again.
    pub folder: Option<PathBuf>,
}

impl Look {
    /// A look of a theme that is compiled in (`default`, `mono`, `dusk`, `paper`), if there is one of that name.
    pub fn built_in(theme: &str, glyphs: Glyphs) -> Option<Self> {
        Some(Self { theme: theme.to_owned(), styles: theme::built_in(theme)?, glyphs, file: None, folder: None })
    }

    /// The style of one token.
    pub fn style(&self, token: Token) -> Style {
        self.styles.of(token)
    }
}

impl Default for Look {
    /// The theme `default` (the sixteen colours of the terminal) and Unicode glyphs.
    fn default() -> Self {
        Self {
            theme: theme::DEFAULT.to_owned(),
            styles: theme::default_styles(),
            glyphs: Glyphs::unicode(),
            file: None,
            folder: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_listed_in_the_order_of_their_numbers_and_named_apart() {
        for (number, token) in Token::ALL.into_iter().enumerate() {
            assert_eq!(token as usize, number, "{}", token.as_str());
        }
        let mut names: Vec<&str> = Token::ALL.iter().map(|token| token.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Token::ALL.len());
    }
}
