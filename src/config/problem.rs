//! What is wrong with a configuration, and how it is shown: the line, a caret, the nearest key.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// More places than this do not fit one screen; the rest is counted.
const MOST_SHOWN: usize = 3;
/// Columns of the picture.
const WIDTH: usize = 100;

/// Why there is no usable configuration. The first line of a message says what happened, the following ones where
/// and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was named is not there.
    #[error(
        "there is no configuration file {}\nit was named by {by}\n`heeler config example` prints one to start from",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// What named it: `--config` or `$HEELER_CONFIG`.
        by: &'static str,
    },
    /// Neither `$HOME` nor the XDG variables say where things belong.
    #[error(
        "no home folder is known, so there is no default place for Heeler's files\nset $HOME, or name the place with {flag}"
    )]
    NoHome {
        /// The flag that helps.
        flag: &'static str,
    },
    /// The file is there and cannot be read.
    #[error("cannot read the configuration file {}: {source}\nmake it readable for this user", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Larger than any configuration.
    #[error("{} is larger than 1 MiB\nthat is not a Heeler configuration: check the path", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not text.
    #[error("{} is not UTF-8 text\nline {line} has the first wrong byte: save the file as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// The text is not TOML, or says something that means nothing here.
    #[error("{0}")]
    Invalid(Box<Report>),
    /// A command wanted to change a job that the file does not have.
    #[error("{} has no job `{job}`\n`heeler config check` lists its jobs", path.display())]
    NoSuchJob {
        /// The file.
        path: PathBuf,
        /// The name.
        job: String,
    },
    /// The changed file could not be written; the old one is untouched.
    #[error("cannot write {}: {source}\nthe file is unchanged; make its folder writable", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is another one than the form was opened on. What was typed is not lost: it is still in the form.
    #[error("{} was changed meanwhile: {what}\nnothing is saved; look at what is there now, then save again", path.display())]
    Moved {
        /// The file.
        path: PathBuf,
        /// What is different, in words.
        what: String,
    },
    /// A key stands in a way that no small change can handle.
    #[error("cannot change `{key}` of {job} in {} without disturbing what stands around it\nnothing is changed; change it in an editor", path.display())]
    Stubborn {
        /// The file.
        path: PathBuf,
        /// The job.
        job: String,
        /// The key.
        key: String,
    },
    /// A value that the file may not have.
    #[error("{field}: {message}\nnothing is saved")]
    Field {
        /// The setting.
        field: super::settings::Field,
        /// What is wrong, and what is accepted.
        message: String,
    },
    /// The new token could not be kept.
    #[error(transparent)]
    Keep(#[from] super::KeepError),
}

/// One thing wrong at one place.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// Bytes of the text.
    pub(super) span: Range<usize>,
    /// What is wrong.
    pub(super) what: String,
    /// What to do, short: it stands beside the caret.
    pub(super) advice: String,
}

/// Everything wrong with a text, and what of it must not be shown.
#[derive(Debug, Default)]
pub(super) struct Problems {
    /// What is wrong.
    pub(super) list: Vec<Problem>,
    /// Bytes that may be secrets: shown as stars.
    pub(super) hidden: Vec<Range<usize>>,
}

/// The picture of what is wrong with a file: at most one screen.
#[derive(Clone, Debug)]
pub struct Report(String);

impl Report {
    pub(super) fn new(path: &Path, text: &str, problems: &Problems) -> Self {
        let mut sorted: Vec<&Problem> = problems.list.iter().collect();
        sorted.sort_by_key(|problem| problem.span.start);
        let text = with_stars(text, &problems.hidden);
        let place = path.display().to_string();
        let renderer = Renderer::plain().term_width(WIDTH);
        let mut picture = String::new();
        for problem in sorted.iter().take(MOST_SHOWN) {
            let span = one_line(&text, &problem.span);
            let mark = AnnotationKind::Primary.span(span).label(problem.advice.as_str());
            let snippet = Snippet::source(text.as_str()).path(place.as_str()).annotation(mark);
            let group = Level::ERROR.primary_title(problem.what.as_str()).element(snippet);
            if !picture.is_empty() {
                picture.push('\n');
            }
            picture.push_str(&renderer.render(&[group]));
        }
        match sorted.len().saturating_sub(MOST_SHOWN) {
            0 => {}
            1 => picture.push_str("\nand 1 more place in this file"),
            more => picture.push_str(&format!("\nand {more} more places in this file")),
        }
        Self(picture)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The command line puts `error: ` in front of every message.
        f.write_str(self.0.strip_prefix("error: ").unwrap_or(&self.0))
    }
}

/// The part of a span that is on its first line, at least one character wide where there is one.
fn one_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let mut end = span.end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end == start {
        end += text[start..line_end].chars().next().map_or(0, char::len_utf8);
    }
    start..end
}

/// The text with every character of some spans replaced by a star, so that lines and columns stay what they are.
fn with_stars(text: &str, hidden: &[Range<usize>]) -> String {
    text.char_indices()
        .map(|(at, c)| {
            let quiet = hidden.iter().any(|span| span.contains(&at));
            if quiet && !matches!(c, '\n' | '\r' | '"' | '\'') { '*' } else { c }
        })
        .collect()
}

/// The candidate closest to a misspelt word, if one is close enough to be meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('-', "_");
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= most || (word.len() >= 4 && (candidate.contains(&word) || word.contains(candidate)))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let keys = ["enabled", "interval", "tenant_url", "tenant_id"];
        assert_eq!(nearest("intervall", keys), Some("interval"));
        assert_eq!(nearest("tenant-url", keys), Some("tenant_url"));
        assert_eq!(nearest("tenantid", keys), Some("tenant_id"));
        assert_eq!(nearest("colour", keys), None);
    }

    #[test]
    fn stars_keep_lines_and_columns() {
        let text = "a = \"grüße\"\nb";
        assert_eq!(with_stars(text, std::slice::from_ref(&(4..13))), "a = \"*****\"\nb");
    }

    #[test]
    fn a_span_never_leaves_its_line_nor_splits_a_character() {
        assert_eq!(one_line("ab\ncd", &(1..5)), 1..2);
        assert_eq!(one_line("é", &(1..1)), 0..2);
        assert_eq!(one_line("ab", &(2..9)), 2..2);
        assert_eq!(one_line("", &(0..0)), 0..0);
    }
}
