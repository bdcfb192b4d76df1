//! Actions that work everywhere.

use super::{AGAIN, State};
use crate::console::action::Action;
use crate::console::desk::Request;
use crate::console::effect::Effect;
use crate::console::page::confirm::Confirm;
use crate::console::page::{self, PageId, Reason, Subject};
use crate::console::shared::{Runner, WriteMode};
use crate::console::standing::Mood;
use crate::text::show;

impl State {
    pub(super) fn enabled_everywhere(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::Provision if self.top().object().is_none() => Err("needs a user or group"),
            // What it needs from both sides is told before it is tried; `r` tries whether they are back.
            Action::Provision | Action::Assign if self.shared.mood() == Mood::Offline => Err("offline"),
            Action::Copy if self.top().copies(&self.shared).is_empty() => Err("nothing to copy here"),
            Action::Export if !self.top().can_export() => Err("nothing to export here"),
            Action::Unlock if self.shared.write == WriteMode::Open => Err("the sandbox is open for writing"),
            Action::Sync | Action::Restart => {
                self.shared.may_write(&Subject::Job)?;
                if matches!(self.shared.runner, Runner::Trouble(_)) { Err("the job cannot run") } else { Ok(()) }
            }
            Action::StopCycle if self.shared.mood() != Mood::Running => Err("no cycle is running"),
            Action::Jobs if self.shared.job.jobs.len() < 2 => Err("there is one job"),
            _ => Ok(()),
        }
    }

    pub(super) fn act_everywhere(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Overview => vec![Effect::Turn(PageId::Overview)],
            Action::Directory => vec![Effect::Turn(PageId::Directory)],
            Action::Mapping => vec![Effect::Turn(PageId::Mapping)],
            Action::Log => vec![Effect::Turn(PageId::Log)],
            Action::Plan => vec![Effect::Turn(PageId::Plan)],
            Action::Back => self.back(),
            Action::Quit if !self.layers.is_empty() => vec![Effect::Close],
            Action::Quit => self.quit(),
            Action::Interrupt => self.interrupt(),
            Action::Redraw => vec![Effect::Redraw],
            Action::Suspend => vec![Effect::Suspend],
            Action::Copy => {
                let items = self.top().copies(&self.shared);
                vec![Effect::Open(Box::new(page::copy_menu::CopyMenu::new(items)))]
            }
            Action::CopyPage => vec![Effect::Copy { what: "page", text: self.page_text() }],
            Action::Export => self.top().export(&self.shared).map(Effect::Export).into_iter().collect(),
            Action::Provision => match self.top().object() {
                Some(object) => vec![Effect::Open(Box::new(page::provision::Provision::new(object)))],
                None => Vec::new(),
            },
            Action::Assign => vec![Effect::Open(Box::new(page::assign::Assign::new(self.top().object())))],
            Action::Test => vec![Effect::Open(Box::new(page::test::Test::default()))],
            Action::Settings => vec![Effect::Open(Box::new(page::settings::Settings::default()))],
            Action::Connect => vec![Effect::Open(Box::new(page::connect::Connect::default()))],
            Action::Jobs => vec![Effect::Open(Box::new(page::jobs::Jobs::new(&self.shared)))],
            Action::Messages => {
                let messages = self.messages.iter().rev().cloned().collect();
                vec![Effect::Open(Box::new(page::messages::Messages::new(messages)))]
            }
            Action::Palette => vec![Effect::Open(Box::new(page::palette::Palette::commands(self.choices())))],
            Action::Help => vec![Effect::Open(Box::new(page::palette::Palette::keys(self.choices())))],
            Action::Unlock => vec![Effect::Open(Box::new(page::unlock::Unlock::new(self.top().subject())))],
            Action::Sync => self.confirm_sync(),
            Action::Restart => self.confirm_restart(),
            Action::StopCycle => {
                let ticket = self.shared.ticket();
                vec![Effect::say("stopping the cycle"), Effect::Desk(PageId::Frame, ticket, Request::StopCycle)]
            }
            Action::Debug => {
                self.debug = match self.debug {
                    None => Some(show("")),
                    Some(_) => None,
                };
                Vec::new()
            }
            // Answered by pages.
            _ => Vec::new(),
        }
    }

    fn back(&mut self) -> Vec<Effect> {
        let (page, shared) = self.top_mut();
        match page.back(shared) {
            Some(effects) => effects,
            None if !self.layers.is_empty() => vec![Effect::Close],
            None => self.trail.pop().map(|before| self.arrive(before, None)).unwrap_or_default(),
        }
    }

    /// Goes to a view because it was asked for by its key: nothing is followed, and nothing leads back.
    pub(super) fn turn_to(&mut self, view: PageId) -> Vec<Effect> {
        let effects = self.go(view, None);
        self.trail.clear();
        self.shared.back_to = None;
        effects
    }

    /// Quitting asks only if this process is in the middle of a cycle.
    fn quit(&mut self) -> Vec<Effect> {
        if self.shared.mood() != Mood::Running || self.shared.runner != Runner::Here {
            return vec![Effect::Leave];
        }
        let lines = vec![
            show("A cycle is running in this process."),
            show(
                "It stops cleanly: requests under way are finished and written down, and the next start goes on from there.",
            ),
        ];
        vec![Effect::Open(Box::new(
            Confirm::new(None, "quit", lines, "quit", Box::new(|_| vec![Effect::Leave]))
                .staying("stay", "esc  stay here"),
        ))]
    }

    /// `ctrl-c` cancels what can be cancelled; a second one leaves whatever is open.
    fn interrupt(&mut self) -> Vec<Effect> {
        if self.interrupted.is_some_and(|at| self.shared.now <= at + AGAIN) {
            return vec![Effect::Leave];
        }
        self.interrupted = Some(self.shared.now);
        let mut effects = if self.layers.is_empty() { Vec::new() } else { vec![Effect::Close] };
        effects.push(Effect::say("ctrl-c again leaves the console"));
        effects
    }

    fn confirm_sync(&mut self) -> Vec<Effect> {
        let lines = vec![
            show("A cycle reads what changed in the directory and writes it to the app now."),
            show("5 Plan shows what it would do. Guards stay in force."),
        ];
        let then = Box::new(|shared: &mut crate::console::shared::Shared| {
            let ticket = shared.ticket();
            vec![Effect::say("a cycle was asked for"), Effect::Desk(PageId::Frame, ticket, Request::Sync)]
        });
        let title = format!("run a cycle: {}", self.shared.job.name);
        vec![Effect::Open(Box::new(Confirm::new(Some(Subject::Job), &title, lines, "run it", then)))]
    }

    fn confirm_restart(&mut self) -> Vec<Effect> {
        let lines = vec![
            show(
                "Quarantine ends, waiting retries are tried again, and the next cycle is an initial one: everybody is evaluated, only differences are written.",
            ),
            show("Links are kept. `heeler restart --full` forgets them as well."),
        ];
        let then = Box::new(|shared: &mut crate::console::shared::Shared| {
            let ticket = shared.ticket();
            vec![
                Effect::say("restart was asked for"),
                Effect::Desk(PageId::Frame, ticket, Request::Restart { full: false }),
            ]
        });
        let title = format!("restart {}", self.shared.job.name);
        vec![Effect::Open(Box::new(Confirm::new(Some(Subject::Job), &title, lines, "restart", then)))]
    }
}
