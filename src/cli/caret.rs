//! The picture of a mistake in an expression: its line, a caret, what to do.

use super::{CliError, Exit};
use crate::expression::ExpressionError;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Columns of the picture.
const WIDTH: usize = 100;

/// An error of an expression as a command tells it; `place` says where the expression comes from, if that is a place.
pub(super) fn error(text: &str, error: &ExpressionError, place: Option<&str>) -> CliError {
    CliError::new(Exit::Usage, picture(text, error, place))
}

/// Several lines: what is wrong, the line with the place underlined, and what to do beside it.
pub(super) fn picture(text: &str, error: &ExpressionError, place: Option<&str>) -> String {
    // What is wrong stands above, what to do beside the caret.
    let (what, advice) = error.message.split_once("; ").unwrap_or((&error.message, ""));
    let mark = AnnotationKind::Primary.span(one_line(text, error.span.start, error.span.end));
    let mark = if advice.is_empty() { mark } else { mark.label(advice) };
    let snippet = Snippet::source(text).annotation(mark);
    let snippet = match place {
        Some(place) => snippet.path(place),
        None => snippet,
    };
    let code = format!("{what} ({})", error.code);
    let group = Level::ERROR.primary_title(code.as_str()).element(snippet);
    let picture = Renderer::plain().term_width(WIDTH).render(&[group]);
    // The command line puts `error: ` in front of every message.
    picture.strip_prefix("error: ").unwrap_or(&picture).to_owned()
}

/// The part of a span that is on its first line; never empty where there is a character, never inside one.
fn one_line(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(start);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = floor(end).clamp(start, line_end);
    match text[start..line_end].chars().next() {
        Some(c) if end == start => start..start + c.len_utf8(),
        _ => start..end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Expression;

    #[test]
    fn a_caret_stands_under_the_name() {
        let text = "Replac([mail], \"a\", , , \"b\")";
        let error = Expression::parse(text).unwrap_err();
        let lines: Vec<String> = picture(text, &error, None).lines().map(|line| line.trim_end().to_owned()).collect();
        assert_eq!(
            lines,
            [
                "there is no function Replac (UNKNOWN_FUNCTION)",
                "  |",
                "1 | Replac([mail], \"a\", , , \"b\")",
                "  | ^^^^^^ did you mean Replace?",
            ]
        );
    }
}
