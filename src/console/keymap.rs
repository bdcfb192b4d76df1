//! From keys to actions.

use super::action::{Action, Entry, REGISTRY};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The name of a key as the registry writes it: `j`, `G`, `ctrl-d`, `enter`, `pagedown`, `backtab`, `space`. `None` for keys that
/// have no name there.
pub fn name(key: KeyEvent) -> Option<String> {
    let base = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        // With caps lock and control some terminals send upper case.
        KeyCode::Char(c) if key.modifiers.contains(KeyModifiers::CONTROL) => c.to_ascii_lowercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "enter".into(),
        KeyCode::Esc => "esc".into(),
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => "backtab".into(),
        KeyCode::Tab => "tab".into(),
        KeyCode::BackTab => "backtab".into(),
        KeyCode::Up => "up".into(),
        KeyCode::Down => "down".into(),
        KeyCode::Left => "left".into(),
        KeyCode::Right => "right".into(),
        KeyCode::PageUp => "pageup".into(),
        KeyCode::PageDown => "pagedown".into(),
        KeyCode::Home => "home".into(),
        KeyCode::End => "end".into(),
        KeyCode::Backspace => "backspace".into(),
        KeyCode::Delete => "delete".into(),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    Some(if key.modifiers.contains(KeyModifiers::CONTROL) { format!("ctrl-{base}") } else { base })
}

/// What keys typed so far mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// These actions; the first one that is answered here is meant.
    Actions(Vec<Action>),
    /// The beginning of a chord; these would complete it.
    Begun(Vec<(&'static str, Action)>),
    /// Nothing.
    Nothing,
}

/// Looks up keys: `typed` are the names of a chord so far, the last one included.
pub fn lookup(typed: &[String]) -> Meaning {
    let text = typed.join(" ");
    let meant: Vec<Action> = entries(|k| k == text).map(|(_, e)| e.action).collect();
    if !meant.is_empty() {
        return Meaning::Actions(meant);
    }
    let begun: Vec<(&'static str, Action)> =
        entries(|k| k.strip_prefix(text.as_str()).is_some_and(|rest| rest.starts_with(' ')))
            .map(|(k, e)| (&k[text.len() + 1..], e.action))
            .collect();
    if begun.is_empty() { Meaning::Nothing } else { Meaning::Begun(begun) }
}

fn entries(fits: impl Fn(&str) -> bool) -> impl Iterator<Item = (&'static str, &'static Entry)> {
    REGISTRY.iter().flat_map(|e| e.keys.iter().map(move |k| (*k, e))).filter(move |(k, _)| fits(k))
}

/// How a key is written on the screen.
pub fn shown(key: &'static str) -> &'static str {
    match key {
        "backtab" => "S-tab",
        "pagedown" => "PgDn",
        "pageup" => "PgUp",
        "home" => "Home",
        "end" => "End",
        "up" => "↑",
        "down" => "↓",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> String {
        name(KeyEvent::new(code, modifiers)).unwrap_or_default()
    }

    #[test]
    fn keys_have_the_names_of_the_registry() {
        assert_eq!(key(KeyCode::Char('G'), KeyModifiers::SHIFT), "G");
        assert_eq!(key(KeyCode::Char('D'), KeyModifiers::CONTROL), "ctrl-d");
        assert_eq!(key(KeyCode::Tab, KeyModifiers::SHIFT), "backtab");
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE), "space");
        assert_eq!(key(KeyCode::Char('q'), KeyModifiers::ALT), "");
    }

    #[test]
    fn chords_begin_and_end() {
        let typed = |keys: &[&str]| lookup(&keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>());
        assert_eq!(typed(&["g"]), Meaning::Begun(vec![("g", Action::Top)]));
        assert_eq!(typed(&["g", "g"]), Meaning::Actions(vec![Action::Top]));
        assert_eq!(typed(&["g", "x"]), Meaning::Nothing);
        assert_eq!(typed(&["u"]), Meaning::Actions(vec![Action::Kind, Action::ChoosePerson]));
    }

    #[test]
    fn every_key_of_the_registry_can_be_typed() {
        for entry in REGISTRY {
            for keys in entry.keys {
                let typed: Vec<String> = keys.split(' ').map(str::to_owned).collect();
                assert!(matches!(lookup(&typed), Meaning::Actions(a) if a.contains(&entry.action)), "{keys}");
            }
        }
    }
}
