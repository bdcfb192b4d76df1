//! Where in a text a change belongs. The reader tells the bytes of every key and value; the change touches those, and
//! a key that has to be added gets a line of its own beside its neighbours.

use super::Edit;
use crate::config::read::JOB;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The text after one change; `None` when no small change does it.
pub(super) fn changed(text: &str, job: &str, edit: &Edit) -> Option<String> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return None;
    }
    let jobs = Node::child(text, document.get_ref(), "jobs")?;
    let job = Node::child(text, jobs.table()?, job)?;
    let (owner, key) = match edit.key().rsplit_once('.') {
        Some((table, key)) => (Node::child(text, job.table()?, table)?, key),
        None => (job, edit.key()),
    };
    let there = Node::child(text, owner.table()?, key);
    match (edit, there) {
        (Edit::Set(_, value), Some(node)) => node.replaced(&value.to_string()),
        (Edit::Set(_, value), None) => owner.added(key, &value.to_string()),
        (Edit::Unset(_), Some(node)) => owner.removed(&node, key),
        (Edit::Unset(_), None) => Some(text.to_owned()),
        (Edit::Refer(_, path), Some(node)) => node.referred(path),
        (Edit::Refer(..), None) => None,
    }
}

/// A key with its value, and their bytes.
#[derive(Clone)]
struct Node<'a, 'i> {
    text: &'a str,
    key: Range<usize>,
    span: Range<usize>,
    value: &'a DeValue<'i>,
}

/// How a value stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A value behind an equals sign, also a table in braces.
    Value,
    /// A table with a header of its own.
    Header,
    /// A table that is there because dotted keys or deeper headers go through it.
    Implied,
}

impl<'a, 'i> Node<'a, 'i> {
    fn child(text: &'a str, table: &'a DeTable<'i>, name: &str) -> Option<Self> {
        Self::children(text, table).find(|(key, _)| *key == name).map(|(_, node)| node)
    }

    fn children(text: &'a str, table: &'a DeTable<'i>) -> impl Iterator<Item = (&'a str, Self)> {
        table.iter().map(move |(key, value)| {
            (key.get_ref().as_ref(), Self { text, key: key.span(), span: value.span(), value: value.get_ref() })
        })
    }

    fn table(&self) -> Option<&'a DeTable<'i>> {
        match self.value {
            DeValue::Table(table) => Some(table),
            _ => None,
        }
    }

    fn form(&self) -> Form {
        let first = self.text[self.span.clone()].chars().next();
        match (self.value, first) {
            (DeValue::Table(_), Some('[')) => Form::Header,
            (DeValue::Table(_), Some('{')) => Form::Value,
            (DeValue::Table(_), _) => Form::Implied,
            _ => Form::Value,
        }
    }

    /// Whether the key begins a line `key = value` or `key.deeper = value`, in which case a neighbour can follow it.
    fn is_statement(&self) -> bool {
        self.form() != Form::Header && !self.text[line_start(self.text, self.key.start)..].trim_start().starts_with('[')
    }

    /// Where the last of its values ends.
    fn end(&self) -> usize {
        match self.table() {
            Some(table) if self.form() == Form::Implied => Self::children(self.text, table)
                .filter(|(_, node)| node.is_statement())
                .map(|(_, node)| node.end())
                .fold(self.key.end, usize::max),
            _ => self.span.end,
        }
    }

    fn replaced(&self, value: &str) -> Option<String> {
        (self.form() == Form::Value).then(|| spliced(self.text, self.span.clone(), value))
    }

    /// The only key of a reference becomes `file`, with the path as its value.
    fn referred(&self, path: &Path) -> Option<String> {
        let mut inner = Self::children(self.text, self.table()?);
        let (Some((_, kind)), None) = (inner.next(), inner.next()) else { return None };
        let text = kind.replaced(&toml_edit::Value::from(path.to_str()?).to_string())?;
        Some(spliced(&text, kind.key, "file"))
    }

    /// The text with a key added to this table.
    fn added(&self, key: &str, value: &str) -> Option<String> {
        let children: Vec<(&str, Self)> = Self::children(self.text, self.table()?).collect();
        let line = format!("{key} = {value}");
        if self.form() == Form::Value {
            let last = children.iter().map(|(_, node)| node.end()).max()?;
            return Some(spliced(self.text, last..last, &format!(", {line}")));
        }
        if let Some(comment) = self.commented_out(&children, key) {
            let indent = indent_of(&self.text[comment.clone()]);
            return Some(self.with_line(comment.end, &format!("{indent}{line}")));
        }
        if let Some(neighbour) = neighbour(&children, key) {
            let before = &self.text[line_start(self.text, neighbour.key.start)..neighbour.key.start];
            return Some(self.with_line(line_end(self.text, neighbour.end()), &format!("{before}{line}")));
        }
        if self.form() == Form::Header {
            return Some(self.with_line(line_end(self.text, self.span.end), &line));
        }
        // Nothing but deeper headers: the table gets a header of its own in front of them.
        let first = children.iter().filter(|(_, node)| node.form() == Form::Header).map(|(_, node)| node.span.start);
        let first = first.min()?;
        let header = &self.text[first..];
        let path = header.get(..header.find(']')?)?.trim_start_matches('[');
        let mut path: Vec<&str> = path.split('.').collect();
        path.pop();
        let feed = feed_of(self.text);
        let lines = format!("[{}]{feed}{line}{feed}{feed}", path.join(".").trim());
        Some(spliced(self.text, first..first, &lines))
    }

    /// A line in which the key stands as a comment, in the part of the text that belongs to this table.
    fn commented_out(&self, children: &[(&str, Self)], key: &str) -> Option<Range<usize>> {
        if self.form() != Form::Header {
            return None;
        }
        let mut at = line_end(self.text, self.span.end);
        while at < self.text.len() {
            let end = line_end(self.text, at);
            let line = self.text[at..end].trim();
            let inside = children.iter().find(|(_, node)| node.form() == Form::Value && node.span.contains(&at));
            if let Some((_, node)) = inside {
                at = line_end(self.text, node.span.end);
                continue;
            }
            if line.starts_with('[') {
                return None;
            }
            if is_comment_of(line, key) {
                return Some(at..end);
            }
            at = end;
        }
        None
    }

    /// The text with one line more.
    fn with_line(&self, at: usize, line: &str) -> String {
        let feed = feed_of(self.text);
        let lines = if self.text[..at].ends_with('\n') { format!("{line}{feed}") } else { format!("{feed}{line}") };
        spliced(self.text, at..at, &lines)
    }

    /// The text without one of this table's keys.
    fn removed(&self, node: &Self, key: &str) -> Option<String> {
        if self.form() == Form::Value {
            return without_entry(self.text, node.key.start..node.end());
        }
        let lines = line_start(self.text, node.key.start)..line_end(self.text, node.end());
        let before = self.text[..lines.start].trim_end_matches(['\r', '\n']);
        let above = before[line_start(before, before.len())..].trim();
        let behind = self.text[node.end()..lines.end].trim();
        if is_comment_of(above, key) && behind.is_empty() {
            return Some(spliced(self.text, lines, ""));
        }
        let quiet: String = self.text[lines.clone()]
            .split_inclusive('\n')
            .map(|line| {
                let indent = indent_of(line);
                format!("{indent}# {}", &line[indent.len()..])
            })
            .collect();
        Some(spliced(self.text, lines, &quiet))
    }
}

/// The neighbour behind which a key belongs: the nearest of those that come before it in the order of the example,
/// else the last one. Plain values come before tables of dotted keys.
fn neighbour<'n, 'a, 'i>(children: &'n [(&str, Node<'a, 'i>)], key: &str) -> Option<&'n Node<'a, 'i>> {
    let rank = |name: &str| JOB.keys.iter().position(|known| *known == name);
    let own = rank(key);
    let plain = |node: &&(&str, Node<'a, 'i>)| node.1.is_statement() && node.1.table().is_none();
    let earlier = children.iter().filter(plain).filter(|(name, _)| rank(name) < own).max_by_key(|(name, _)| rank(name));
    let last = || children.iter().filter(|(_, node)| node.is_statement()).max_by_key(|(_, node)| node.end());
    earlier.or_else(last).map(|(_, node)| node)
}

/// A table in braces without one of its entries, and without the comma that goes with it.
fn without_entry(text: &str, entry: Range<usize>) -> Option<String> {
    let before = text[..entry.start].trim_end();
    let after = &text[entry.end..];
    if before.ends_with(',') {
        return Some(spliced(text, before.len() - 1..entry.end, ""));
    }
    let rest = after.trim_start();
    let rest = rest.strip_prefix(',').map_or(rest, str::trim_start);
    Some(spliced(text, entry.start..text.len() - rest.len(), ""))
}

/// Whether a line is a setting of this key that is commented out.
fn is_comment_of(line: &str, key: &str) -> bool {
    let Some(rest) = line.strip_prefix('#') else { return false };
    rest.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
}

fn spliced(text: &str, range: Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..range.start], &text[range.end..])
}

/// How this text ends its lines.
fn feed_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn line_start(text: &str, at: usize) -> usize {
    const MARK: &str = "\u{feff}";
    let start = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
    if start == 0 && text.starts_with(MARK) { MARK.len().min(at) } else { start }
}

/// Where the line ends, behind its line feed.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |feed| at + feed + 1)
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

#[cfg(test)]
mod tests;
