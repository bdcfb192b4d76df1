//! The page that says what is connected, and how to connect a tenant of one's own. It writes nothing: every step is a
//! command that can be copied, or a page of the console.

use super::{CopyItem, Page, PageId, prose};
use crate::console::action::Action;
use crate::console::canvas::Canvas;
use crate::console::effect::Effect;
use crate::console::list::{List, Step};
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::text::{Shown, show};

/// Columns of the key or number, of the title and of what belongs to it.
const KEY: u16 = 3;
const TITLE: u16 = 7;
const BEHIND: u16 = 33;
/// Columns of what we have.
const HAVE: u16 = 15;
const HAVE_MORE: u16 = 56;

/// What a line does when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// A command for a shell: it is copied.
    Command(&'static str),
    /// Something the console does.
    Act(Action),
}

/// One line.
#[derive(Clone, Copy, Debug)]
struct Line {
    key: &'static str,
    title: &'static str,
    behind: &'static str,
    does: Does,
}

const fn command(key: &'static str, title: &'static str, command: &'static str) -> Line {
    Line { key, title, behind: command, does: Does::Command(command) }
}

/// From nothing to a job of one's own.
const STEPS: [Line; 4] = [
    command("1", "Write a configuration", "heeler config example > heeler.toml"),
    command("2", "Keep the secret token", "heeler secret set flock"),
    command("3", "See whether it is right", "heeler config check --config heeler.toml"),
    command("4", "Open it", "heeler --config heeler.toml"),
];

/// What the console does by itself.
const HERE: [Line; 3] = [
    Line { key: "t", title: "Test the connection", behind: "step by step", does: Does::Act(Action::Test) },
    Line {
        key: "o",
        title: "Settings of the job",
        behind: "scope, interval, token",
        does: Does::Act(Action::Settings),
    },
    Line { key: "5", title: "Plan", behind: "what the next cycle would do", does: Does::Act(Action::Plan) },
];

/// The page.
#[derive(Default)]
pub struct Connect {
    selected: usize,
}

impl Connect {
    /// The lines, in their order: with a job of one's own the console's pages come first.
    fn lines(shared: &Shared) -> Vec<Line> {
        if shared.job.sandbox {
            STEPS.into_iter().chain(HERE).collect()
        } else {
            HERE.into_iter().chain(STEPS).collect()
        }
    }

    fn current(&self, shared: &Shared) -> Option<Line> {
        Self::lines(shared).get(self.selected).copied()
    }

    fn sections(shared: &Shared) -> [(&'static str, usize); 2] {
        let own = "Another tenant, in a shell";
        if shared.job.sandbox {
            [("A tenant of your own, in a shell", STEPS.len()), ("Look around first", HERE.len())]
        } else {
            [("This job", HERE.len()), (own, STEPS.len())]
        }
    }
}

impl Page for Connect {
    fn id(&self) -> PageId {
        PageId::Connect
    }

    fn actions(&self) -> &'static [Action] {
        super::menu::MOVES
    }

    fn hints(&self, shared: &Shared) -> Vec<(Action, &'static str)> {
        let open = match self.current(shared).map(|line| line.does) {
            Some(Does::Command(_)) => "copy the command",
            _ => "open",
        };
        vec![(Action::Open, open), (Action::Test, "test"), (Action::Settings, "settings"), (Action::Back, "leave")]
    }

    fn changed(&mut self, _shared: &mut Shared) -> Vec<Effect> {
        Vec::new()
    }

    fn act(&mut self, shared: &mut Shared, action: Action) -> Vec<Effect> {
        if let Some(step) = super::menu::step(action) {
            let mut list = List { rows: Self::lines(shared), selected: self.selected, ..List::default() };
            // There is one page of lines: half of it is a section.
            list.go(if let Step::Half(n) = step { Step::Rows(n * 3) } else { step });
            self.selected = list.selected;
            return Vec::new();
        }
        match self.current(shared).map(|line| line.does) {
            Some(Does::Command(text)) => vec![Effect::Copy { what: "command", text: text.to_owned() }],
            Some(Does::Act(action)) => vec![Effect::Act(action)],
            None => Vec::new(),
        }
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>) {
        let w = canvas.width();
        let job = &shared.job;
        canvas.put(1, 0, "Connect", Token::Strong);
        let what = if job.sandbox {
            "Nothing of yours is connected. This is the sandbox: a made-up tenant and app on this machine.".to_owned()
        } else {
            format!("{} {} {}", job.source_long, canvas.look.glyphs.arrow, job.target_long)
        };
        let mut y = prose::put(canvas, 3, 1, &what, Token::Text);
        let lines = Self::lines(shared);
        let mut lines = lines.iter().enumerate();
        for (title, n) in Self::sections(shared) {
            y += 1;
            canvas.title(0, y, title, false);
            y += 1;
            for (i, line) in lines.by_ref().take(n) {
                canvas.put(KEY, y, line.key, Token::Accent);
                canvas.put_in(TITLE, y, BEHIND - TITLE - 1, line.title, Token::Text);
                canvas.put_in(BEHIND, y, w.saturating_sub(BEHIND + 1), line.behind, Token::Muted);
                if i == self.selected {
                    canvas.select(1, y, w.saturating_sub(2), true);
                }
                y += 1;
            }
        }
        y += 1;
        canvas.title(0, y, "What there is", false);
        y += 1;
        for (label, what, more) in have(shared) {
            canvas.put(KEY, y, label, Token::Muted);
            let more_at = HAVE_MORE.min(w.saturating_sub(1));
            canvas.put_in(HAVE, y, more_at.saturating_sub(HAVE + 2), what, Token::Text);
            canvas.put_in(more_at, y, w.saturating_sub(more_at + 1), more, Token::Muted);
            y += 1;
        }
    }

    fn copies(&self, shared: &Shared) -> Vec<CopyItem> {
        let mut items = Vec::new();
        if let Some(Does::Command(text)) = self.current(shared).map(|line| line.does) {
            items.push(CopyItem { what: "command", text: text.to_owned() });
        }
        if let Some(file) = &shared.job.config_file {
            items.push(CopyItem { what: "configuration", text: file.clone() });
        }
        items.push(CopyItem { what: "data folder", text: shared.job.data_dir.clone() });
        items
    }
}

/// What there is on this machine: what, where, and what to know about it. Long paths lose their middle.
fn have(shared: &Shared) -> Vec<(&'static str, Shown, Shown)> {
    let job = &shared.job;
    let room = usize::from(HAVE_MORE - HAVE - 2);
    let path = |path: &str| show(&words::middle(show(path).as_str(), room, &shared.look.glyphs));
    let config = match &job.config_file {
        Some(file) => {
            let jobs = match job.jobs.len() {
                1 => "1 job".to_owned(),
                n => format!("{} jobs", words::count(n as u64)),
            };
            (path(file), show(&jobs))
        }
        None => (show("none yet"), show("the sandbox stands in")),
    };
    let read = match &shared.standing {
        Some(standing) if standing.users + standing.groups > 0 => {
            format!("{} users, {} groups", words::count(standing.users), words::count(standing.groups))
        }
        _ => "nothing read yet".to_owned(),
    };
    vec![
        ("config", config.0, config.1),
        ("data", path(&job.data_dir), show(&read)),
        ("colours", show(&format!("{}, theme {}", shared.colours, shared.look.theme)), show(":theme changes it")),
    ]
}

#[cfg(test)]
mod tests;
