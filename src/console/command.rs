//! A command of ours as one line for a shell: every argument quoted where it must be, none that could do something
//! else. Ids and names in it are chosen by others.

use super::shared::Shared;
use crate::text::needs_cleaning;

/// The arguments as one line for a POSIX shell; `None` if one of them has control or invisible characters in it: such
/// a line would not be what it looks like.
pub fn line<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut line = String::new();
    for argument in arguments {
        if needs_cleaning(argument) {
            return None;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&quoted(argument));
    }
    Some(line)
}

/// `heeler` with these arguments, on the job that is open. `None` as for [`line()`].
pub fn of_job(shared: &Shared, arguments: &[&str]) -> Option<String> {
    let flags = shared.job.flags.iter().map(String::as_str);
    line(std::iter::once("heeler").chain(arguments.iter().copied()).chain(flags))
}

/// Text of others as an argument that stands alone; `None` if it would be taken for an option.
pub fn operand(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.starts_with('-')).then_some(text)
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    // Some shells look for a command behind a `=` that begins a word.
    if !argument.is_empty() && !argument.starts_with('=') && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::testing::shared;

    #[test]
    fn arguments_stay_what_they_are() {
        assert_eq!(line(["heeler", "a.b@c.example", "--dry-run"]).as_deref(), Some("heeler a.b@c.example --dry-run"));
        assert_eq!(line(["a", "O'Neil; rm -rf $(x) `y`"]).as_deref(), Some("a 'O'\\''Neil; rm -rf $(x) `y`'"));
        assert_eq!(line(["a", ""]).as_deref(), Some("a ''"));
        assert_eq!(line(["=ls", "--role=x"]).as_deref(), Some("'=ls' --role=x"));
        for evil in ["a\nb", "a\u{1b}[0m", "a\u{202e}b", "a\u{200b}b", "a\rb", "\u{9b}31m"] {
            assert_eq!(line(["heeler", evil]), None, "{evil:?}");
        }
    }

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        let meant = ["it's", "a b", "$HOME", "\\", "\"q\"", "*", "é", "--x", "~"];
        let text = line(meant).unwrap();
        let output = std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {text}")]).output().unwrap();
        let back: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().lines().collect();
        assert_eq!(back, meant);
    }

    #[test]
    fn the_flags_of_a_job_are_arguments_too() {
        let mut known = shared(80, 24, "default");
        known.job.flags = vec!["--config".into(), "/a b/$(x).toml".into()];
        assert_eq!(of_job(&known, &["test"]).as_deref(), Some("heeler test --config '/a b/$(x).toml'"));
        known.job.flags = vec!["--config".into(), "a\nb".into()];
        assert_eq!(of_job(&known, &["test"]), None);
        assert_eq!((operand("-rf"), operand(""), operand("u1")), (None, None, Some("u1")));
    }
}
