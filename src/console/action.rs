//! The one registry of actions. Keys, palette, hint line and help are made from it, and nothing else produces them.

/// What a person can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Open view 1.
    Overview,
    /// Open view 2.
    Directory,
    /// Open view 3.
    Mapping,
    /// Open view 4.
    Log,
    /// Open view 5.
    Plan,
    /// Focus the next pane.
    NextPane,
    /// Focus the pane before.
    PreviousPane,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// The first row.
    Top,
    /// The last row.
    Bottom,
    /// Open or follow what is selected.
    Open,
    /// Back, close, cancel.
    Back,
    /// Mark the selected row.
    Mark,
    /// Mark from the last mark to here.
    MarkRange,
    /// Sort by the next column.
    Sort,
    /// Reverse the order.
    SortReverse,
    /// More of it: columns, or the raw request.
    Columns,
    /// Next match or change.
    Next,
    /// Match or change before.
    Previous,
    /// Follow the log, or let it stand.
    Follow,
    /// Users or groups.
    Kind,
    /// Open the mapping rule behind it.
    OpenRule,
    /// Back to the step before.
    StepBack,
    /// Leave the attribute out of this write.
    SkipAttribute,
    /// Choose a person, for previews.
    ChoosePerson,
    /// Filter.
    Filter,
    /// Read this anew.
    Refresh,
    /// Zoom the pane.
    Zoom,
    /// Copy something of this page.
    Copy,
    /// Copy the page as text.
    CopyPage,
    /// Write the view to a file.
    Export,
    /// Provision one object, step by step.
    Provision,
    /// Assign somebody to the app.
    Assign,
    /// Test the connection.
    Test,
    /// The job's settings.
    Settings,
    /// Unlock writing.
    Unlock,
    /// Apply what is shown.
    Apply,
    /// Restart the job.
    Restart,
    /// Run a cycle now.
    Sync,
    /// Stop the running cycle.
    StopCycle,
    /// Let a held operation happen.
    Release,
    /// Drop a held operation.
    Reject,
    /// The page that says how to connect a real tenant.
    Connect,
    /// Choose another job.
    Jobs,
    /// Messages that were shown.
    Messages,
    /// The command palette.
    Palette,
    /// The keys.
    Help,
    /// Paint everything anew.
    Redraw,
    /// Frame times and bytes.
    Debug,
    /// Back to the shell for a while.
    Suspend,
    /// Close this layer, then the console.
    Quit,
    /// Cancel; twice leaves.
    Interrupt,
}

/// How help groups actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Views.
    Views,
    /// Moving about.
    Moving,
    /// Looking closer.
    Looking,
    /// Taking along.
    Taking,
    /// Doing something.
    Doing,
    /// The console itself.
    Console,
}

impl Group {
    /// Title in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Views => "Views",
            Self::Moving => "Moving",
            Self::Looking => "Looking",
            Self::Taking => "Taking along",
            Self::Doing => "Doing",
            Self::Console => "Console",
        }
    }
}

/// One entry of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The action.
    pub action: Action,
    /// Name in the palette; also what a configuration would call it.
    pub title: &'static str,
    /// One word or two for the hint line.
    pub hint: &'static str,
    /// Keys as [`super::keymap::name`] writes them, the first one is shown; none means palette only.
    pub keys: &'static [&'static str],
    /// Where help lists it.
    pub group: Group,
    /// Answered by the console itself wherever one is; others need a page that answers them.
    pub everywhere: bool,
}

const fn on(
    action: Action,
    keys: &'static [&'static str],
    hint: &'static str,
    title: &'static str,
    group: Group,
) -> Entry {
    Entry { action, title, hint, keys, group, everywhere: true }
}

const fn at(
    action: Action,
    keys: &'static [&'static str],
    hint: &'static str,
    title: &'static str,
    group: Group,
) -> Entry {
    Entry { action, title, hint, keys, group, everywhere: false }
}

use Group::{Console, Doing, Looking, Moving, Taking, Views};

/// Every action, in the order of help.
pub const REGISTRY: &[Entry] = &[
    on(Action::Overview, &["1"], "overview", "overview", Views),
    on(Action::Directory, &["2"], "directory", "directory: users and groups", Views),
    on(Action::Mapping, &["3"], "mapping", "mapping: rules and preview", Views),
    on(Action::Log, &["4"], "log", "log: causes and events", Views),
    on(Action::Plan, &["5"], "plan", "plan: what the next cycle would do", Views),
    at(Action::Down, &["j", "down"], "down", "move down", Moving),
    at(Action::Up, &["k", "up"], "up", "move up", Moving),
    at(Action::HalfDown, &["ctrl-d", "pagedown"], "half page", "half a page down", Moving),
    at(Action::HalfUp, &["ctrl-u", "pageup"], "half page", "half a page up", Moving),
    at(Action::Top, &["g g", "home"], "top", "go to the first row", Moving),
    at(Action::Bottom, &["G", "end"], "end", "go to the last row", Moving),
    at(Action::NextPane, &["tab"], "next pane", "next pane", Moving),
    at(Action::PreviousPane, &["backtab"], "previous pane", "previous pane", Moving),
    at(Action::Open, &["enter"], "open", "open, follow", Moving),
    on(Action::Back, &["esc"], "back", "back, close, clear", Moving),
    at(Action::Filter, &["/"], "filter", "filter", Looking),
    at(Action::Kind, &["u"], "users/groups", "users or groups", Looking),
    at(Action::ChoosePerson, &["u"], "choose user", "choose the preview user", Looking),
    at(Action::Sort, &["s"], "sort", "sort by the next column", Looking),
    at(Action::SortReverse, &["S"], "reverse", "reverse the order", Looking),
    at(Action::Columns, &["v"], "more", "columns, raw request", Looking),
    at(Action::Next, &["n"], "next", "next match or change", Looking),
    at(Action::Previous, &["N"], "previous", "previous match or change", Looking),
    at(Action::Follow, &["f"], "follow", "follow the log or pause", Looking),
    at(Action::OpenRule, &["m"], "mapping", "open the mapping rule", Looking),
    at(Action::Mark, &["space"], "mark", "mark the row", Looking),
    at(Action::MarkRange, &["V"], "mark range", "mark a range", Looking),
    at(Action::Zoom, &["z"], "zoom", "zoom the pane", Looking),
    at(Action::Refresh, &["r"], "refresh", "read this anew", Looking),
    on(Action::Copy, &["y"], "copy", "copy…", Taking),
    on(Action::CopyPage, &["Y"], "copy page", "copy the page as text", Taking),
    on(Action::Export, &["x"], "export", "export this view to a file", Taking),
    on(Action::Provision, &["p"], "provision", "provision one, step by step", Doing),
    on(Action::Assign, &["a"], "assign", "assign a person or group", Doing),
    on(Action::Test, &["t"], "test", "test the connection", Doing),
    on(Action::Settings, &["o"], "settings", "settings of the job", Doing),
    at(Action::StepBack, &["b"], "back", "previous step", Doing),
    at(Action::SkipAttribute, &["-"], "skip attribute", "leave the attribute out of this write", Doing),
    on(Action::Unlock, &["W"], "unlock write", "unlock writing…", Doing),
    at(Action::Apply, &["A"], "apply…", "apply what is shown…", Doing),
    at(Action::Release, &[], "release", "release the held operation…", Doing),
    at(Action::Reject, &[], "reject", "reject the held operation…", Doing),
    on(Action::Sync, &[], "run a cycle", "run a cycle now…", Doing),
    on(Action::StopCycle, &[], "stop", "stop the running cycle", Doing),
    on(Action::Restart, &["R"], "restart…", "restart the job…", Doing),
    on(Action::Palette, &[":"], "command", "command palette", Console),
    on(Action::Help, &["?"], "help", "help: every key", Console),
    on(Action::Jobs, &[], "jobs", "choose another job", Console),
    on(Action::Connect, &[], "connect", "connect: a tenant of your own", Console),
    on(Action::Messages, &[], "messages", "messages", Console),
    on(Action::Redraw, &["ctrl-l"], "redraw", "paint everything anew", Console),
    on(Action::Debug, &[], "debug", "debug: frame times and bytes", Console),
    on(Action::Suspend, &["ctrl-z"], "suspend", "suspend, as any program", Console),
    on(Action::Quit, &["q"], "quit", "close, quit", Console),
    on(Action::Interrupt, &["ctrl-c"], "cancel", "cancel; twice quits", Console),
];

impl Action {
    /// Its entry.
    pub fn entry(self) -> &'static Entry {
        // Every action is in the registry: a test goes through all of them.
        REGISTRY.iter().find(|e| e.action == self).unwrap_or(&REGISTRY[0])
    }

    /// The key that is shown for it, empty without one.
    pub fn key(self) -> &'static str {
        self.entry().keys.first().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_action_is_registered_once() {
        let mut seen = HashMap::new();
        for entry in REGISTRY {
            *seen.entry(entry.action).or_insert(0) += 1;
        }
        assert!(seen.values().all(|n| *n == 1), "{seen:?}");
        // The last variant: a new one has to be put before it or the test has to know.
        assert_eq!(seen.len(), Action::Interrupt as usize + 1);
    }

    #[test]
    fn no_lower_case_key_writes_and_no_control_key_does() {
        for action in [Action::Unlock, Action::Apply, Action::Restart] {
            assert!(action.key().chars().all(|c| c.is_ascii_uppercase()), "{action:?}");
        }
        for entry in REGISTRY.iter().filter(|e| e.keys.iter().any(|k| k.starts_with("ctrl"))) {
            assert_ne!(entry.group, Group::Doing, "{entry:?}");
        }
    }

    #[test]
    fn a_key_means_one_thing_unless_two_pages_share_it() {
        let mut keys: HashMap<&str, Vec<Action>> = HashMap::new();
        for entry in REGISTRY {
            for key in entry.keys {
                keys.entry(key).or_default().push(entry.action);
            }
        }
        let shared: Vec<_> = keys.into_iter().filter(|(_, actions)| actions.len() > 1).collect();
        // `u` is users/groups in the directory and the preview user in the mapping; no page answers both.
        assert_eq!(shared, [("u", vec![Action::Kind, Action::ChoosePerson])]);
    }
}
