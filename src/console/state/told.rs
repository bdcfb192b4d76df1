//! How a write ended that no page waits for: always said, in one line.

use crate::config::settings::{Saved, words};
use crate::console::desk::{Reply, Trouble, outcome};
use crate::console::effect::{Effect, Tone};
use crate::text::{Shown, show};

/// The line, with what has to be said behind it when it worked, and before it when it did not.
pub(super) fn end(done: Result<Reply, Trouble>, beside: (&'static str, &'static str)) -> Effect {
    let (tone, text) = match done {
        Ok(Reply::Done(words)) => (Tone::Plain, words.to_string()),
        Ok(Reply::Answer(answer)) => match outcome(&answer) {
            Ok(words) => (Tone::Plain, words),
            Err(words) => (Tone::Fail, words),
        },
        Ok(Reply::Saved(Saved::Written { changes })) if changes.is_empty() => {
            (Tone::Plain, "nothing had to be saved".to_owned())
        }
        Ok(Reply::Saved(Saved::Written { changes })) => (Tone::Plain, format!("saved: {}", words::list(&changes))),
        Ok(Reply::Saved(Saved::Ask { note })) => {
            (Tone::Warn, format!("nothing was saved, there is a question first: {note} o opens the settings"))
        }
        // No write is answered so.
        Ok(Reply::Test(_) | Reply::Plan(_) | Reply::Assignments(..) | Reply::App(_) | Reply::Settings(_)) => {
            (Tone::Plain, "it came to its end".to_owned())
        }
        Err(trouble) => {
            let advice: Vec<&str> = trouble.advice.iter().map(Shown::as_str).collect();
            let advice = if advice.is_empty() { String::new() } else { format!(": {}", advice.join("; ")) };
            let first = if beside.1.is_empty() { String::new() } else { format!("{}: ", beside.1) };
            return Effect::fail(&format!("{first}{}{advice}", trouble.what));
        }
    };
    let worked = tone == Tone::Plain && !beside.0.is_empty();
    Effect::Say(tone, if worked { show(&format!("{text}; {}", beside.0)) } else { show(&text) })
}
