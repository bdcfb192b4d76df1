//! Regular expressions as .NET reads them, with no option set.
//!
//! ```text
//! pattern ─▶ parse ─▶ tree ─▶ program ─▶ machine (text) ─▶ matches
//! ```
//!
//! Entra runs patterns on .NET, whose flavour differs from every other one: text is UTF-16, look-behinds have any
//! length and match to the left, a repeat ends after an empty iteration, `$` also stands before a final line feed.
//! So the patterns are read and run here. Balancing groups are refused, and so is what versions of .NET read
//! differently where it looks like a mistake (`[:alpha:]`, `\p{Lu}` under `(?i)`).
//!
//! Every step of a match is counted, so that no pattern runs on: an engine that counts only how often it goes back can
//! still be made to look ahead for ever.

mod case;
mod category;
mod machine;
mod parse;
mod program;
mod replacement;
mod set;
mod syntax;

use super::eval::MAX_RESULT;
use machine::{GaveUp, Machine};
use program::Program;
use replacement::Piece;
use std::sync::Arc;
use syntax::Groups;

/// Longest pattern, in UTF-16 units. An expression is no longer either.
const MAX_PATTERN: usize = super::MAX_CHARACTERS;

/// Longest text a pattern is run over, in UTF-16 units.
const MAX_TEXT: usize = MAX_RESULT;

/// Steps that one call may take, whatever the text, and more for every unit of it.
const STEPS: usize = 2_000_000;
const STEPS_PER_UNIT: usize = 32;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The pattern or the replacement text is wrong, or there is no such group.
    Broken,
    /// The pattern went back and forth over the text for too long.
    GaveUp,
    /// The result is too long.
    TooLong,
}

/// What is wrong with a pattern, or with its use on a text. The message may quote the pattern: it is untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What kind of fault.
    pub fault: Fault,
    /// What is wrong.
    pub message: String,
    /// Where in the pattern, in bytes, if the fault has a place.
    pub offset: Option<usize>,
}

impl PatternError {
    fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), offset: None }
    }
}

impl From<GaveUp> for PatternError {
    fn from(_: GaveUp) -> Self {
        Self::new(Fault::GaveUp, "the pattern tries too many ways to match this text; it was given up")
    }
}

/// A pattern that can be run. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Pattern {
    program: Arc<Program>,
    groups: Arc<Groups>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// A pattern that .NET refuses, that has balancing groups, or that is longer or nests deeper than the limits.
    pub fn compile(text: &str) -> Result<Self, PatternError> {
        let units: Vec<u16> = text.encode_utf16().take(MAX_PATTERN + 1).collect();
        if units.len() > MAX_PATTERN {
            return Err(PatternError::new(
                Fault::Broken,
                format!("the pattern is longer than {MAX_PATTERN} characters"),
            ));
        }
        match parse::parse(&units) {
            Ok(parsed) => {
                let program = Program::new(&parsed.node, parsed.sets, parsed.groups.count());
                Ok(Self { program: Arc::new(program), groups: Arc::new(parsed.groups) })
            }
            Err(refusal) => {
                let mut units = 0;
                let place = text.char_indices().find(|(_, letter)| {
                    units += letter.len_utf16();
                    units > refusal.at
                });
                let offset = Some(place.map_or(text.len(), |(at, _)| at));
                Err(PatternError { fault: Fault::Broken, message: refusal.message, offset })
            }
        }
    }

    /// Whether the pattern matches anywhere in the text.
    ///
    /// # Errors
    ///
    /// The match was given up, so that nothing is known.
    pub fn is_match(&self, text: &str) -> Result<bool, PatternError> {
        let units = units(text)?;
        Ok(self.machine(&units).find(0, 0)?.is_some())
    }

    /// Replaces every match, as `Regex.Replace` of .NET: `$1`, `${name}`, `$&` and the other references stand for
    /// parts of the text, and a reference to no group stays as it is written.
    ///
    /// # Errors
    ///
    /// The match was given up, the result is too long, or a group number in the replacement text is too large.
    pub fn replace(&self, text: &str, replacement: &str) -> Result<String, PatternError> {
        let pieces = replacement::read(replacement, &self.groups)
            .map_err(|message| PatternError::new(Fault::Broken, message))?;
        let text = units(text)?;
        let mut result = Vec::with_capacity(text.len());
        let mut done = 0;
        let mut parts = STEPS;
        self.each_match(&text, |machine, (start, end)| {
            parts = parts.checked_sub(pieces.len()).ok_or(GaveUp)?;
            extend(&mut result, text.get(done..start))?;
            done = end;
            for piece in &pieces {
                let part = match piece {
                    Piece::Text(units) => Some(units.as_slice()),
                    Piece::Group(slot) => machine.group(*slot).and_then(|(from, to)| text.get(from..to)),
                    Piece::Before => text.get(..start),
                    Piece::Behind => text.get(end..),
                    Piece::Whole => Some(text.as_slice()),
                };
                extend(&mut result, part)?;
            }
            Ok(true)
        })?;
        extend(&mut result, text.get(done..))?;
        Ok(String::from_utf16_lossy(&result))
    }

    /// Replaces, in every match, what a group captured by a text that is taken literally. A match in which the group
    /// captured nothing stays as it is.
    ///
    /// # Errors
    ///
    /// There is no such group, the match was given up, or the result is too long.
    pub fn replace_group(&self, text: &str, group: &str, literal: &str) -> Result<String, PatternError> {
        let slot = self.slot(group)?;
        let text = units(text)?;
        let literal: Vec<u16> = literal.encode_utf16().collect();
        let mut result = Vec::with_capacity(text.len());
        let mut done = 0;
        self.each_match(&text, |machine, _| {
            // A look-around can capture outside its match, and so the same part twice.
            if let Some((start, end)) = machine.group(slot)
                && start >= done
            {
                extend(&mut result, text.get(done..start))?;
                extend(&mut result, Some(&literal))?;
                done = end;
            }
            Ok(true)
        })?;
        extend(&mut result, text.get(done..))?;
        Ok(String::from_utf16_lossy(&result))
    }

    /// What a group captured in the first match, empty if it captured nothing; `None` without a match.
    ///
    /// # Errors
    ///
    /// There is no such group, or the match was given up.
    pub fn first_group(&self, text: &str, group: &str) -> Result<Option<String>, PatternError> {
        let slot = self.slot(group)?;
        let text = units(text)?;
        let mut found = None;
        self.each_match(&text, |machine, _| {
            let part = machine.group(slot).and_then(|(start, end)| text.get(start..end));
            found = Some(String::from_utf16_lossy(part.unwrap_or_default()));
            Ok(false)
        })?;
        Ok(found)
    }

    /// Whether there is a group of that name, or of the number that the text is. Group 0 is the whole match.
    pub fn has_group(&self, group: &str) -> bool {
        self.groups.find(group).is_some()
    }

    fn slot(&self, group: &str) -> Result<usize, PatternError> {
        let missing = || PatternError::new(Fault::Broken, format!("the pattern has no group `{group}`"));
        self.groups.find(group).ok_or_else(missing)
    }

    fn machine<'a>(&'a self, text: &'a [u16]) -> Machine<'a> {
        Machine::new(&self.program, text, STEPS + STEPS_PER_UNIT * text.len())
    }

    /// Runs over the matches from the left for as long as `visit` says true. The steps are shared by all of them.
    /// After an empty match the search goes on one unit further; an empty match right behind another match counts.
    fn each_match(
        &self,
        text: &[u16],
        mut visit: impl FnMut(&Machine<'_>, (usize, usize)) -> Result<bool, PatternError>,
    ) -> Result<(), PatternError> {
        let mut machine = self.machine(text);
        let (mut origin, mut from) = (0, 0);
        while from <= text.len() {
            let Some((start, end)) = machine.find(origin, from)? else { break };
            if !visit(&machine, (start, end))? {
                break;
            }
            origin = end;
            from = end + usize::from(start == end);
        }
        Ok(())
    }
}

fn units(text: &str) -> Result<Vec<u16>, PatternError> {
    let units: Vec<u16> = text.encode_utf16().take(MAX_TEXT + 1).collect();
    if units.len() > MAX_TEXT {
        return Err(PatternError::new(Fault::TooLong, format!("the text is longer than {MAX_TEXT} characters")));
    }
    Ok(units)
}

/// Adds a part. A unit is a byte of the result at least.
fn extend(result: &mut Vec<u16>, part: Option<&[u16]>) -> Result<(), PatternError> {
    result.extend_from_slice(part.unwrap_or_default());
    if result.len() > MAX_RESULT {
        return Err(PatternError::new(Fault::TooLong, format!("the result is longer than {MAX_RESULT} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
