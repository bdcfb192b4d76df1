//! Pasting into a line that somebody types.

use tui_input::Input;

/// Most bytes of a line that was pasted into.
pub const MOST: usize = 64 * 1024;

/// Puts text where the cursor is, and the cursor behind it. What is longer than a line may be is left out at its end.
pub fn paste(input: &mut Input, text: &str) {
    let value = input.value();
    let at = value.char_indices().nth(input.cursor()).map_or(value.len(), |(at, _)| at);
    let room = MOST.saturating_sub(value.len());
    let text = &text[..text.floor_char_boundary(room)];
    let cursor = input.cursor().min(value.chars().count()) + text.chars().count();
    let line = format!("{}{text}{}", &value[..at], &value[at..]);
    *input = Input::new(line).with_cursor(cursor);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_to_the_cursor() {
        let mut input = Input::new("grün".into()).with_cursor(3);
        paste(&mut input, "ßé");
        assert_eq!((input.value(), input.cursor()), ("grüßén", 5));
        paste(&mut input, "");
        assert_eq!((input.value(), input.cursor()), ("grüßén", 5));
    }

    #[test]
    fn a_line_has_an_end() {
        let mut input = Input::new("x".into()).with_cursor(0);
        paste(&mut input, &"ü".repeat(MOST));
        // No half letters: one byte is left.
        assert_eq!(input.value().len(), MOST - 1);
        assert!(input.value().ends_with('x'));
        paste(&mut input, "yy");
        assert_eq!(input.value().len(), MOST);
    }
}
