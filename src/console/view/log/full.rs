//! An entry on a page of its own, with everything that the log keeps of it.

use super::detail::{advice_of, step_name};
use super::lines::{Line, Lines};
use super::phrase;
use super::query::Detail;
use crate::console::shared::Shared;
use crate::console::style::Token;
use crate::console::words;
use crate::text::json_pretty;

/// No text is cut here.
const WHOLE: usize = usize::MAX;

/// Rows for the lines in a page of this height.
pub(super) fn rows(height: u16) -> u16 {
    height.saturating_sub(3)
}

/// Everything about an entry. The time is local, as everywhere, with UTC beside it; what is stored has UTC alone.
pub(super) fn lines(detail: &Detail, shared: &Shared, width: u16) -> Vec<Line> {
    let entry = &detail.entry;
    let glyphs = &shared.look.glyphs;
    let info = &entry.provisioning_status_info;
    let mut lines = Lines::new(width);
    let label = |lines: &mut Lines, label: &'static str, text: &str| {
        if !text.is_empty() {
            lines.labelled(3, label, 17, text, Token::Text, WHOLE);
        }
    };
    if let Some(error) = &info.error_information {
        section(&mut lines, "What happened");
        label(&mut lines, "code", &error.error_code);
        label(&mut lines, "reason", &error.reason);
        label(&mut lines, "app said", error.additional_details.as_deref().unwrap_or_default());
        label(&mut lines, "advice", advice_of(error).unwrap_or_default());
    }
    if !entry.provisioning_steps.is_empty() {
        section(&mut lines, "Steps");
        for step in &entry.provisioning_steps {
            let (mark, token) = phrase::mark(step.status, glyphs);
            lines.row(3, 3, &[(mark, token), (step_name(&step.provisioning_step_type), Token::Text)]);
            lines.text(7, &step.description, Token::Muted, WHOLE);
            for (name, value) in &step.details {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                lines.text(9, &format!("{name}: {value}"), Token::Muted, WHOLE);
            }
        }
    }
    if !entry.modified_properties.is_empty() {
        section(&mut lines, "Changes");
        for property in &entry.modified_properties {
            lines.text(3, &property.display_name, Token::Text, WHOLE);
            if let Some(old) = &property.old_value {
                lines.labelled(5, glyphs.remove, 7, old, Token::Remove, WHOLE);
            }
            if let Some(new) = &property.new_value {
                lines.labelled(5, glyphs.add, 7, new, Token::Add, WHOLE);
            }
        }
    }
    section(&mut lines, "Who and where");
    label(&mut lines, "time", &phrase::instant(detail.event.line.at, &shared.zone));
    label(&mut lines, "took", &words::latency(entry.duration_in_milliseconds));
    let kind = entry.source_identity.identity_type.as_deref().unwrap_or_default();
    label(&mut lines, "type", kind);
    label(&mut lines, "name", &entry.source_identity.display_name);
    label(&mut lines, "user", detail.event.principal.as_deref().unwrap_or_default());
    label(&mut lines, "directory id", &entry.source_identity.id);
    label(&mut lines, "app id", &entry.target_identity.id);
    label(&mut lines, "app", &entry.target_system.id);
    label(&mut lines, "by", &entry.initiated_by.display_name);
    label(&mut lines, "cycle", &entry.cycle_id);
    label(&mut lines, "change", &entry.change_id);
    label(&mut lines, "entry", &entry.id);
    if let Ok(json) = json_pretty(entry) {
        section(&mut lines, "As stored");
        for line in json.as_str().lines() {
            let indent = u16::try_from(line.len() - line.trim_start().len()).unwrap_or(0);
            lines.text(3 + indent, line.trim_start(), Token::Muted, WHOLE);
        }
    }
    lines.done()
}

fn section(lines: &mut Lines, title: &'static str) {
    lines.blank();
    lines.row(1, 0, &[(title, Token::Strong)]);
}
