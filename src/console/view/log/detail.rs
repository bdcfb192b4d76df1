//! Everything about one entry, in the lines beside or below the list.

use super::lines::{Line, Lines};
use super::phrase;
use super::query::Detail;
use crate::console::shared::Shared;
use crate::console::style::{Glyphs, Token};
use crate::console::words;
use crate::model::LogStatus;
use crate::model::log::{ErrorInformation, ModifiedProperty};
use crate::store::log::CauseRow;
use crate::text::{Policy, show, show_with};
use jiff::Timestamp;

/// Changes that are listed before the rest is counted.
const CHANGES: usize = 6;
/// Cells of an attribute's path.
const PATH: usize = 28;
/// Lines of one text before it is cut: the open entry has all of it.
const TEXT: usize = 4;

/// What the lines of a detail are made of.
pub(super) struct About<'a> {
    /// The detail.
    pub detail: &'a Detail,
    /// Its cause, with how many entries have it.
    pub cause: Option<&'a CauseRow>,
    /// Time, zone, look.
    pub shared: &'a Shared,
}

impl About<'_> {
    fn status(&self) -> LogStatus {
        self.detail.entry.provisioning_status_info.status
    }

    fn when(&self, at: Timestamp) -> String {
        phrase::when(at, self.shared.now, &self.shared.zone)
    }

    /// `attempt 3, next 14:42`, or what happened since.
    pub(super) fn attempt(&self) -> Option<String> {
        if let Some(later) = &self.detail.later {
            let (mark, _) = phrase::mark(later.status, &self.shared.look.glyphs);
            return Some(format!("since then: {mark} {} {}", phrase::action(later), self.when(later.at)));
        }
        let retry = self.detail.retry.as_ref()?;
        let due = retry.next_attempt.parse::<Timestamp>().ok().filter(|at| *at > self.shared.now);
        let cycle = self.shared.standing.as_ref().and_then(|standing| standing.next);
        // A retry waits for the first cycle after its time.
        let next = match (due.max(cycle), cycle) {
            (Some(at), Some(_)) => format!("next {}", self.when(at)),
            (Some(at), None) => format!("next after {}", self.when(at)),
            (None, _) => "next in the next cycle".to_owned(),
        };
        Some(format!("attempt {}, {next}", words::count(u64::from(retry.attempts))))
    }

    /// The change the entry is about.
    fn concerned(&self) -> Option<&ModifiedProperty> {
        let path = self.detail.event.line.attribute.as_deref()?;
        self.detail.entry.modified_properties.iter().find(|property| property.display_name == path)
    }

    /// The app's or our own words about what went wrong.
    fn said(&self) -> Option<&str> {
        let error = self.detail.entry.provisioning_status_info.error_information.as_ref()?;
        let said = phrase::said_in(&error.reason);
        Some(if said.is_empty() { error.error_code.as_str() } else { said })
    }

    /// Method and path of what was sent, if anything was.
    pub(super) fn sent(&self) -> Option<String> {
        let entry = &self.detail.entry;
        let details = entry.provisioning_status_info.error_information.as_ref();
        let details = details.and_then(|error| error.additional_details.as_deref()).unwrap_or_default();
        if let Some((method, path)) = phrase::request_in(details, &entry.target_system.id) {
            return Some(format!("{method} {path}"));
        }
        // What was not sent has no step of the kind.
        entry.provisioning_steps.iter().find(|step| step.name.starts_with("EntryExport"))?;
        let answered = self.got().is_some();
        if !answered && self.status() != LogStatus::Success && self.status() != LogStatus::Warning {
            return None;
        }
        let kind = if entry.source_identity.identity_type.as_deref() == Some("Group") { "Groups" } else { "Users" };
        let id = &entry.target_identity.id;
        Some(match entry.provisioning_action.as_str() {
            "create" => format!("POST /{kind}"),
            "delete" => format!("DELETE /{kind}/{id}"),
            _ => format!("PATCH /{kind}/{id}"),
        })
    }

    /// What came back.
    pub(super) fn got(&self) -> Option<String> {
        let entry = &self.detail.entry;
        match (&entry.provisioning_status_info.error_information, self.status()) {
            (Some(error), _) => phrase::answer_in(&error.reason).map(str::to_owned),
            (None, LogStatus::Success) => {
                let step = entry.provisioning_steps.iter().rev().find(|step| step.name.starts_with("EntryExport"))?;
                let (_, words) = step.description.split_once("; ").or_else(|| step.description.split_once(", and "))?;
                Some(match words {
                    "the app says yes" => "accepted".to_owned(),
                    "a read proves it" => "accepted, proved by a read".to_owned(),
                    "a read proves that it is gone" => "accepted, a read proves that it is gone".to_owned(),
                    other => other.to_owned(),
                })
            }
            _ => None,
        }
    }

    fn took(&self) -> String {
        match self.detail.entry.duration_in_milliseconds {
            0 => String::new(),
            ms => format!("in {}", words::latency(ms)),
        }
    }

    /// `same cause as 46 others`.
    pub(super) fn others(&self) -> Option<String> {
        let others = self.cause?.count.saturating_sub(1);
        (others > 0)
            .then(|| if others == 1 { "1 other".to_owned() } else { format!("{} others", words::count(others)) })
    }

    /// Line by line what changed, with the first `most` changes; new values stand in one column.
    fn changes(&self, lines: &mut Lines, x: u16, most: usize) {
        let glyphs = &self.shared.look.glyphs;
        let properties = &self.detail.entry.modified_properties;
        let shown = || properties.iter().take(most);
        let widest = shown().map(|p| show(&phrase::short_path(&p.display_name)).width()).max().unwrap_or(0);
        let at = x + u16::try_from(widest.min(PATH)).unwrap_or(0) + 3;
        for property in shown() {
            let path = phrase::path_in(&phrase::short_path(&property.display_name), PATH, glyphs).to_string();
            let new = property.new_value.as_deref().unwrap_or(glyphs.none);
            let room = lines.room(at);
            lines.row(x, 0, &[(&path, Token::Muted)]);
            match &property.old_value {
                Some(old) => {
                    // Neither hides the other: what one does not need is the other's.
                    let both = room.saturating_sub(show(glyphs.arrow).width() + 2);
                    let (before, after) = (show(old).width(), show(new).width());
                    let for_old = before.min((both / 2).max(both.saturating_sub(after)));
                    let old = value_in(old, for_old, glyphs);
                    let new = value_in(new, both.saturating_sub(for_old), glyphs);
                    lines.beside(at, 1, &[(&old, Token::Muted), (glyphs.arrow, Token::Muted), (&new, Token::Text)]);
                }
                None => lines.beside(at, 1, &[(&value_in(new, room, glyphs), Token::Text)]),
            }
        }
        if properties.len() > most {
            let rest = format!("{} more", properties.len() - most);
            lines.row(x, 0, &[(&rest, Token::Muted)]);
        }
    }

    /// The few lines below the list.
    pub(super) fn below(&self, width: u16, rows: u16) -> Vec<Line> {
        let event = &self.detail.event;
        let dot = self.shared.look.glyphs.dot;
        let rows = usize::from(rows);
        let mut lines = Lines::new(width);
        let at = self.when(event.line.at);
        let attempt = self.attempt().unwrap_or_default();
        let mut head = vec![(event.short_name(), Token::Strong)];
        for piece in [phrase::action(&event.line), at.as_str(), attempt.as_str()] {
            if !piece.is_empty() {
                head.extend([(dot, Token::Muted), (piece, Token::Text)]);
            }
        }
        lines.row(1, 1, &head);
        let room = rows.saturating_sub(3).max(1);
        match (self.said(), self.concerned()) {
            (Some(said), Some(property)) => {
                // The whole path where the words still fit behind it.
                let path = &property.display_name;
                let whole = show(&format!("{path}: {said}")).width() <= usize::from(width.saturating_sub(4)) * room;
                let path =
                    if whole { path.clone() } else { phrase::path_in(path, 15, &self.shared.look.glyphs).to_string() };
                lines.text(3, &format!("{path}: {said}"), Token::Text, room);
            }
            (Some(said), None) => lines.text(3, said, Token::Text, room),
            (None, _) => {
                let room = if self.detail.entry.modified_properties.len() > room { room - 1 } else { room };
                self.changes(&mut lines, 3, room.max(1));
            }
        }
        let (sent, got) = (self.sent(), self.got());
        let mut exchange: Vec<(&str, Token)> = Vec::new();
        let took = self.took();
        if let Some(sent) = &sent {
            exchange.extend([("sent", Token::Muted), (sent.as_str(), Token::Text)]);
        }
        if let Some(got) = &got {
            if !exchange.is_empty() {
                exchange.push((dot, Token::Muted));
            }
            exchange.extend([("got", Token::Muted), (got.as_str(), self.got_token()), (took.as_str(), Token::Text)]);
        }
        if !exchange.is_empty() {
            lines.row(3, 1, &exchange);
        }
        let error = self.detail.entry.provisioning_status_info.error_information.as_ref();
        if let (Some(others), Some(_)) = (self.others(), event.line.attribute.as_deref()) {
            let arrow = self.shared.look.glyphs.arrow;
            let same = format!("same rule as {others} {arrow} fix the mapping once");
            lines.row(3, 6, &[(&same, Token::Text), ("m", Token::Accent)]);
        } else if let Some(advice) = error.and_then(advice_of) {
            lines.text(3, advice, Token::Muted, rows.saturating_sub(lines.len()).max(1));
        }
        let mut lines = lines.done();
        lines.truncate(rows);
        lines
    }

    fn got_token(&self) -> Token {
        match self.status() {
            LogStatus::Failure => Token::Fail,
            LogStatus::Warning => Token::Warn,
            _ => Token::Text,
        }
    }

    /// The lines beside the list, without the title.
    pub(super) fn beside(&self, width: u16) -> Vec<Line> {
        let entry = &self.detail.entry;
        let event = &self.detail.event;
        let error = entry.provisioning_status_info.error_information.as_ref();
        let mut lines = Lines::new(width);
        if let Some(attempt) = self.attempt() {
            lines.text(4, &attempt, Token::Text, 2);
            lines.blank();
        }
        let concerned = self.concerned();
        if let Some(said) = self.said() {
            if let Some(property) = concerned {
                lines.text(4, &property.display_name, Token::Text, 2);
            }
            lines.text(4, said, Token::Text, TEXT);
            lines.blank();
        }
        if let Some(sent) = self.sent() {
            lines.labelled(4, "sent", 14, &sent, Token::Text, 2);
        }
        if let Some(got) = self.got() {
            let (took, token) = (self.took(), self.got_token());
            if token == Token::Text {
                lines.labelled(4, "got", 14, &format!("{got} {took}"), token, 2);
            } else {
                lines.row(4, 0, &[("got", Token::Muted)]);
                lines.beside(14, 1, &[(&got, token), (&took, Token::Text)]);
            }
        }
        lines.labelled(4, "change", 14, &entry.change_id, Token::Text, 1);
        let began = self.detail.cycle.as_ref().and_then(|cycle| cycle.started_at.parse::<Timestamp>().ok());
        let cycle = match (&self.detail.cycle, began) {
            (Some(cycle), Some(at)) => format!("{} of {}", cycle.kind.as_str(), self.when(at)),
            _ => entry.cycle_id.clone(),
        };
        lines.labelled(4, "cycle", 14, &cycle, Token::Text, 1);
        if let Some(advice) = error.and_then(advice_of) {
            lines.labelled(4, "advice", 14, advice, Token::Text, TEXT);
        }
        lines.blank();
        self.body(&mut lines, concerned);
        self.same_cause(&mut lines);
        if !entry.provisioning_steps.is_empty() {
            lines.blank();
            lines.row(2, 0, &[("Steps", Token::Text)]);
            lines.blank();
            for step in &entry.provisioning_steps {
                let (mark, token) = phrase::mark(step.status, &self.shared.look.glyphs);
                lines.row(4, 3, &[(mark, token), (step_name(&step.provisioning_step_type), Token::Text)]);
                if step.status != LogStatus::Success || event.line.status == LogStatus::Success {
                    lines.text(8, &step.description, Token::Muted, 2);
                }
            }
        }
        lines.done()
    }

    /// What was sent and what came back, as far as the log keeps it: values of secrets never get here.
    fn body(&self, lines: &mut Lines, concerned: Option<&ModifiedProperty>) {
        let entry = &self.detail.entry;
        let glyphs = &self.shared.look.glyphs;
        let others = entry.modified_properties.len();
        if others > 0 {
            let sent = if self.sent().is_some() { "body sent" } else { "not sent" };
            lines.row(4, 0, &[(sent, Token::Muted)]);
            lines.at_end("v full", Token::Muted);
        }
        match concerned {
            Some(property) if others <= 1 || self.status() == LogStatus::Failure => {
                lines.labelled(6, "path", 14, &property.display_name, Token::Text, 2);
                if let Some(old) = &property.old_value {
                    lines.labelled(6, "was", 14, &format!("\"{old}\""), Token::Muted, 2);
                }
                let value =
                    property.new_value.as_ref().map_or_else(|| glyphs.none.to_owned(), |new| format!("\"{new}\""));
                lines.labelled(6, "value", 14, &value, Token::Text, TEXT);
                if others > 1 {
                    let rest = others - 1;
                    let rest = format!("and {rest} more {}", if rest == 1 { "attribute" } else { "attributes" });
                    lines.row(6, 0, &[(&rest, Token::Muted)]);
                }
            }
            _ => self.changes(lines, 6, CHANGES),
        }
        lines.blank();
        let error = entry.provisioning_status_info.error_information.as_ref();
        if let Some(error) = error.filter(|error| phrase::answer_in(&error.reason).is_some()) {
            lines.row(4, 0, &[("body received", Token::Muted)]);
            lines.labelled(6, "detail", 14, phrase::said_in(&error.reason), Token::Text, TEXT);
            lines.labelled(6, "code", 14, &error.error_code, Token::Text, 1);
            lines.blank();
        }
    }

    fn same_cause(&self, lines: &mut Lines) {
        let event = &self.detail.event;
        let failed = matches!(self.status(), LogStatus::Failure | LogStatus::Warning);
        if !failed {
            return;
        }
        let rule = event.line.attribute.is_some();
        let title = match (self.others(), rule) {
            (Some(others), true) => format!("Same cause: {others}, one mapping rule"),
            (Some(others), false) => format!("Same cause: {others}"),
            (None, _) => "Nobody else has this cause".to_owned(),
        };
        lines.row(2, 0, &[(&title, Token::Text)]);
        lines.blank();
        if rule {
            lines.row(4, 3, &[("m", Token::Accent), ("open the rule, with this user as preview", Token::Text)]);
        }
        let provision = format!("provision {}, dry run", event.short_name());
        lines.row(4, 3, &[("p", Token::Accent), (&provision, Token::Text)]);
    }
}

/// A value in so many cells: addresses keep their domain, prose its beginning.
fn value_in(value: &str, cells: usize, glyphs: &Glyphs) -> String {
    let clean = show_with(value, Policy::Detail);
    if clean.as_str().contains('@') {
        words::middle(clean.as_str(), cells, glyphs)
    } else {
        words::end(clean.as_str(), cells, glyphs)
    }
}

/// What to do, if there is anything to do.
pub(super) fn advice_of(error: &ErrorInformation) -> Option<&str> {
    error.recommended_action.as_deref().filter(|advice| !matches!(advice.trim(), "" | "Nothing."))
}

/// The kind of a step in our words.
pub(super) fn step_name(kind: &str) -> &str {
    match kind {
        "import" => "read from the directory",
        "scoping" => "scope",
        "matching" => "match",
        "processing" => "decide",
        "referenceResolution" => "references",
        "export" => "write",
        other => other,
    }
}
