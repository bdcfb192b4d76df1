//! The lines of the details: one rule, what it gives, why it is in trouble, and the mapping as a whole.

use super::sheet::{Gives, RuleRow, Scope, Sheet};
use super::words::{cells, exact, pretty, prose, short_path};
use super::{Blame, Row};
use crate::console::shared::Shared;
use crate::console::style::{Glyphs, Token};
use crate::console::words::{count, day_or_clock};
use crate::mapping::{ClauseVerdict, Verdict};
use crate::model::ObjectType;
use crate::text::{Policy, Shown, show, show_with};
use serde_json::Value;

/// Pieces of one line: column, text, meaning.
#[derive(Clone, Debug, Default)]
pub(super) struct Line(pub(super) Vec<(u16, Shown, Token)>);

impl Line {
    pub(super) fn of(x: u16, text: &str, token: Token) -> Self {
        Self::default().and(x, show(text), token)
    }

    pub(super) fn and(mut self, x: u16, text: Shown, token: Token) -> Self {
        self.0.push((x, text, token));
        self
    }
}

/// Where labels begin.
const LABEL: u16 = 3;
/// Where what they name begins.
const TEXT: u16 = 17;
/// The same where the mapping as a whole is told.
const WHOLE: u16 = 14;
/// The same in the preview, whose labels are short.
const VALUE: u16 = 12;

/// A label, and text behind it on as many lines as it needs.
fn labelled(label: &str, at: u16, text: &str, token: Token, width: u16) -> Vec<Line> {
    let lines = prose(text, usize::from(width.saturating_sub(at + 1)).max(8));
    let line = |(i, text): (usize, Shown)| {
        let line = if i == 0 { Line::of(LABEL, label, Token::Muted) } else { Line::default() };
        line.and(at, text, token)
    };
    lines.into_iter().enumerate().map(line).collect()
}

/// The rule itself.
pub(super) fn rule(rule: &RuleRow, width: u16) -> Vec<Line> {
    let short = short_path(&rule.target);
    let number = rule.number.to_string();
    let name = show_with(&short, Policy::Detail);
    let mut lines =
        vec![Line::of(3_u16.saturating_sub(cells(&number)), &number, Token::Muted).and(5, name, Token::Strong)];
    if short != rule.target {
        let whole = prose(&rule.target, usize::from(width.saturating_sub(6)).max(8));
        lines.extend(whole.into_iter().map(|line| Line::default().and(5, line, Token::Text)));
    }
    lines.push(Line::default());
    let (label, text) = match (rule.function, rule.source.as_str()) {
        (true, text) => ("expression", text),
        (false, "") => ("no source: the default only", ""),
        (false, text) if text.starts_with('"') => ("constant", text),
        (false, text) => ("attribute", text),
    };
    lines.push(Line::of(LABEL, label, Token::Muted));
    if !text.is_empty() {
        let room = usize::from(width.saturating_sub(LABEL + 1));
        lines.extend(pretty(text, room).into_iter().map(|line| Line::default().and(LABEL, line, Token::Text)));
    }
    lines.push(Line::default());
    lines.extend(labelled("applies", TEXT, rule.applies, Token::Text, width));
    lines.extend(labelled("if empty", TEXT, rule.if_empty.as_str(), Token::Text, width));
    let matching = if rule.matching > 0 { format!("yes, number {}", rule.matching) } else { "no".to_owned() };
    lines.extend(labelled("matching", TEXT, &matching, Token::Text, width));
    lines.extend(labelled("app takes", TEXT, rule.holds.as_str(), Token::Text, width));
    lines
}

/// What it gives for the person.
pub(super) fn preview(sheet: &Sheet, rule: &RuleRow, blamed: bool, glyphs: &Glyphs, width: u16) -> Vec<Line> {
    let kind = match sheet.object_type {
        ObjectType::User => "u choose user",
        ObjectType::Group => "u choose group",
    };
    let mut title = Line::of(1, "Preview", Token::Strong);
    let at = width.saturating_sub(cells(kind) + 2);
    if at > 12 {
        title = title.and(at, show(kind), Token::Muted);
    }
    let mut lines = vec![title, Line::default()];
    match &sheet.person {
        None => {
            lines.extend(
                prose("Nobody is here to try it on: no cycle has read the directory yet.", usize::from(width) - 5)
                    .into_iter()
                    .map(|line| Line::default().and(LABEL, line, Token::Muted)),
            );
            return lines;
        }
        Some(person) => {
            let name = show_with(&person.object.name, Policy::Detail);
            lines.push(Line::default().and(LABEL, name, Token::Text));
        }
    }
    let names = rule.reads.iter().map(|(name, _)| cells(name.as_str())).max().unwrap_or(0).min(20);
    let at = if rule.reads.len() > 1 { VALUE + names + 2 } else { VALUE };
    for (i, (name, value)) in rule.reads.iter().enumerate() {
        let mut read = labelled(if i == 0 { "read" } else { "" }, at, value.as_str(), value_token(value), width);
        if let Some(first) = read.first_mut().filter(|_| rule.reads.len() > 1) {
            first
                .0
                .insert(1, (VALUE, show_with(&crate::text::truncate(name.as_str(), 20), Policy::Detail), Token::Muted));
        }
        lines.append(&mut read);
    }
    let mut write = labelled("write", VALUE, rule.gives.exact().as_str(), gives_token(&rule.gives), width);
    if let Some(first) = write.first_mut().filter(|_| blamed) {
        first.0.push((width.saturating_sub(11), show(&format!("{} refused", glyphs.warn)), Token::Warn));
    }
    lines.append(&mut write);
    match &rule.gives {
        Gives::Default(_) => lines.extend(labelled("", VALUE, "the default, on create only", Token::Muted, width)),
        Gives::Problem { message, .. } => lines.extend(labelled("", VALUE, message, Token::Fail, width)),
        _ => {}
    }
    if let Some(given) = &rule.given {
        let mut before = labelled("given", VALUE, given.value.as_str(), value_token(&given.value), width);
        let (words, token) = if given.same { ("same", Token::Muted) } else { ("differs", Token::Change) };
        let behind = before.last().and_then(|l| l.0.last()).map_or(0, |(x, text, _)| x + cells(text.as_str()));
        let at = width.saturating_sub(cells(words) + 2);
        match before.last_mut() {
            Some(last) if behind + 1 < at => last.0.push((at, show(words), token)),
            _ => before.push(Line::of(VALUE, words, token)),
        }
        lines.append(&mut before);
    }
    if let Some(instead) = sheet.person.as_ref().and_then(|person| person.instead.as_ref()) {
        lines.extend(labelled("but", VALUE, instead.as_str(), Token::Warn, width));
    }
    lines
}

fn value_token(value: &Shown) -> Token {
    if value.as_str() == "nothing" { Token::Muted } else { Token::Text }
}

pub(super) fn gives_token(gives: &Gives) -> Token {
    match gives {
        Gives::Value(_) | Gives::Reference(_) => Token::Text,
        Gives::Problem { .. } => Token::Fail,
        Gives::Nobody | Gives::Nothing | Gives::Ignored | Gives::Default(_) => Token::Muted,
    }
}

/// Recent failures and warnings of a rule; empty when all is well.
pub(super) fn why(shared: &Shared, rule: &RuleRow, blames: &[&Blame], width: u16) -> Vec<Line> {
    if blames.is_empty() && rule.warnings.is_empty() {
        return Vec::new();
    }
    let room = usize::from(width.saturating_sub(5)).max(8);
    let mut lines = vec![Line::of(1, "Why", Token::Strong)];
    let text = |lines: &mut Vec<Line>, words: &str, token: Token| {
        lines.extend(prose(words, room).into_iter().map(|line| Line::default().and(LABEL, line, token)));
    };
    for blame in blames {
        lines.push(Line::default());
        text(&mut lines, &blame_words(shared, blame), Token::Warn);
        text(&mut lines, &blame.said, Token::Text);
        text(&mut lines, &format!("for example {}", blame.cause.example), Token::Muted);
    }
    for warning in &rule.warnings {
        lines.push(Line::default());
        text(&mut lines, warning.as_str(), Token::Warn);
    }
    lines
}

/// `47 failures in 24 h, 09:14–14:02`.
pub(super) fn blame_words(shared: &Shared, blame: &Blame) -> String {
    let n = blame.cause.count;
    let failures = if n == 1 { "1 failure".to_owned() } else { format!("{} failures", count(n)) };
    let at = |at: jiff::Timestamp| day_or_clock(at, shared.now, &shared.zone);
    let (first, last) = (at(blame.cause.first), at(blame.cause.last));
    if first == last { format!("{failures} in 24 h, {last}") } else { format!("{failures} in 24 h, {first}–{last}") }
}

/// Who belongs, with a title of its own.
pub(super) fn belongs(sheet: &Sheet, glyphs: &Glyphs, width: u16) -> Vec<Line> {
    let mut lines = vec![Line::of(1, "Scope", Token::Strong), Line::default()];
    lines.extend(scope(sheet, glyphs, VALUE, width));
    lines
}

/// The mapping as a whole.
pub(super) fn whole(sheet: &Sheet, glyphs: &Glyphs, width: u16, about: Option<Row>) -> Vec<Line> {
    let all = about.is_none();
    let title = match about {
        Some(Row::Actions) => Line::of(1, "Actions", Token::Strong),
        Some(Row::Matching) => Line::of(1, "Matching", Token::Strong),
        Some(Row::Scope) => Line::of(1, "Scope", Token::Strong),
        Some(Row::Rule(_)) | None => Line::of(1, "Mapping", Token::Strong).and(10, sheet.from.clone(), Token::Muted),
    };
    let mut lines = vec![title];
    lines.push(Line::default());
    if all || about == Some(Row::Actions) {
        if !sheet.name.as_str().is_empty() {
            lines.extend(labelled("name", WHOLE, sheet.name.as_str(), Token::Text, width));
        }
        let may = if sheet.may.is_empty() { "nothing".to_owned() } else { sheet.may.join(", ") };
        lines.extend(labelled("may", WHOLE, &may, Token::Text, width));
        if sheet.off {
            lines.extend(labelled("off", WHOLE, "the job provisions no groups", Token::Muted, width));
        }
        if sheet.ignored {
            lines.extend(labelled("result", WHOLE, "this one is left alone by the mapping", Token::Warn, width));
        }
        if let Some(person) = &sheet.person {
            let linked = match &person.target {
                Some(id) => format!("linked to {id}"),
                None => "not linked".to_owned(),
            };
            lines.extend(labelled("link", WHOLE, &linked, Token::Text, width));
        }
        for warning in &sheet.warnings {
            lines.extend(labelled(glyphs.warn, WHOLE, warning.as_str(), Token::Warn, width));
        }
    }
    if all || about == Some(Row::Matching) {
        for (i, (target, value)) in sheet.matching.iter().enumerate() {
            let label = if i == 0 { "matching" } else { "" };
            let words = format!("{}  {}", i + 1, short_path(target));
            lines.extend(labelled(label, WHOLE, &words, Token::Text, width));
            if let Some(value) = value {
                lines.extend(labelled("", WHOLE + 3, value.as_str(), Token::Muted, width));
            }
        }
    }
    if about == Some(Row::Scope) {
        lines.extend(scope(sheet, glyphs, WHOLE, width));
    }
    lines
}

fn scope(sheet: &Sheet, glyphs: &Glyphs, at: u16, width: u16) -> Vec<Line> {
    let out = sheet.person.as_ref().and_then(|person| person.out.as_ref());
    let out = out.map(|out| labelled("person", at, &format!("out of scope: {out}"), Token::Warn, width));
    let Some(scope) = &sheet.scope else {
        let mut lines = out.unwrap_or_default();
        let words = "no filter: everybody in scope of the job belongs";
        lines.extend(labelled("filter", at, words, Token::Text, width));
        return lines;
    };
    // A filter that says no says why, clause by clause.
    let mut lines = out.filter(|_| sheet.filter_says_yes()).unwrap_or_default();
    let mut before = None;
    for clause in &scope.verdict.clauses {
        let label = match before {
            None => "filter",
            Some(group) if group == clause.group => "  and",
            Some(_) => "or",
        };
        before = Some(clause.group);
        let mut wanted = labelled(label, at, &clause_words(clause), Token::Text, width);
        if let Some(first) = wanted.first_mut().filter(|_| scope.asked) {
            let (mark, token) = if clause.holds { (glyphs.ok, Token::Text) } else { (glyphs.fail, Token::Warn) };
            first.0.push((at - 2, show(mark), token));
        }
        lines.append(&mut wanted);
        if scope.asked {
            let actual = format!("is {}", exact(&clause.actual));
            lines.extend(labelled("", at, &actual, Token::Muted, width));
        }
    }
    let (words, token) = verdict(scope);
    lines.extend(labelled("verdict", at, words, token, width));
    lines
}

/// What the filter says of the person.
pub(super) fn verdict(scope: &Scope) -> (&'static str, Token) {
    match &scope.verdict {
        _ if !scope.asked => ("nobody to ask about", Token::Muted),
        v if !v.considered => ("left out: not considered at all", Token::Warn),
        v if v.in_scope => ("in scope", Token::Text),
        _ => ("filtered out", Token::Warn),
    }
}

/// `department NOT EQUALS Contractor`.
pub(super) fn clause_words(clause: &ClauseVerdict) -> String {
    let value = match &clause.value {
        Value::Null => String::new(),
        Value::String(text) => format!(" \"{text}\""),
        Value::Array(values) => {
            let all: Vec<String> = values.iter().map(|v| format!("\"{}\"", v.as_str().unwrap_or_default())).collect();
            format!(" {}", all.join(", "))
        }
        other => format!(" {other}"),
    };
    format!("{} {}{value}", clause.attribute, clause.operator)
}

/// The whole filter on one line: `a and b or c`.
pub(super) fn filter_text(verdict: &Verdict) -> String {
    let mut text = String::new();
    let mut before = None;
    for clause in &verdict.clauses {
        match before {
            None => {}
            Some(group) if group == clause.group => text.push_str(" and "),
            Some(_) => text.push_str(" or "),
        }
        before = Some(clause.group);
        text.push_str(&clause_words(clause));
    }
    text
}
