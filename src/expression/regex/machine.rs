//! Runs a program over a text, a step at a time.
//!
//! A match goes back as the engine of .NET does: first way first, and after an empty iteration a repeat ends. Every
//! step is counted and the memory is bounded, so that no pattern and no text make it run on.

use super::case;
use super::category;
use super::program::{Op, Program};
use super::syntax::Anchor;

/// Ways back, and changes to undo, that may be kept at once.
const MAX_KEPT: usize = 1 << 20;

/// Nothing in a slot.
const NONE: u32 = u32::MAX;

/// The match takes too many steps, or too much memory.
#[derive(Debug)]
pub(super) struct GaveUp;

/// A way back.
#[derive(Clone, Copy)]
struct Way {
    op: usize,
    at: usize,
    /// How many changes there were.
    undo: usize,
    retry: Retry,
}

#[derive(Clone, Copy)]
enum Retry {
    Once,
    /// A greedy run: gives one unit back each time, down to a position.
    Shorter(usize),
    /// A lazy run: takes one more each time, so many at most.
    Longer(u32),
    /// A lazy repeat: goes round once more.
    Round,
}

pub(super) struct Machine<'a> {
    program: &'a Program,
    text: &'a [u16],
    slots: Vec<u32>,
    ways: Vec<Way>,
    /// Slot and what it held.
    changes: Vec<(usize, u32)>,
    steps: usize,
    /// Where `\G` holds.
    origin: usize,
}

impl<'a> Machine<'a> {
    /// The text has fewer than `u32::MAX` units.
    pub(super) fn new(program: &'a Program, text: &'a [u16], steps: usize) -> Self {
        let slots = vec![NONE; program.slots];
        Self { program, text, slots, ways: Vec::new(), changes: Vec::new(), steps, origin: 0 }
    }

    /// The range of a group in the last match.
    pub(super) fn group(&self, slot: usize) -> Option<(usize, usize)> {
        let (start, end) = (*self.slots.get(slot * 2)?, *self.slots.get(slot * 2 + 1)?);
        if start == NONE || end == NONE { None } else { Some((start as usize, end as usize)) }
    }

    /// Ways back and changes that are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.ways.len().max(self.changes.len())
    }

    /// Finds the first match from a position on. `origin` is where the match before this one ended.
    pub(super) fn find(&mut self, origin: usize, from: usize) -> Result<Option<(usize, usize)>, GaveUp> {
        self.origin = origin;
        self.ways.clear();
        self.undo(0);
        for start in from..=self.text.len() {
            if start > 0 && self.program.is_anchored {
                break;
            }
            if let Some(end) = self.attempt(start)? {
                self.put(0, start);
                self.put(1, end);
                return Ok(Some((start, end)));
            }
        }
        Ok(None)
    }

    fn get(&self, slot: usize) -> u32 {
        self.slots.get(slot).copied().unwrap_or(NONE)
    }

    fn put(&mut self, slot: usize, value: usize) {
        if let Some(place) = self.slots.get_mut(slot) {
            self.changes.push((slot, *place));
            *place = u32::try_from(value).unwrap_or(NONE);
        }
    }

    /// Takes changes back until so many are left.
    fn undo(&mut self, left: usize) {
        while self.changes.len() > left {
            if let Some((slot, value)) = self.changes.pop()
                && let Some(place) = self.slots.get_mut(slot)
            {
                *place = value;
            }
        }
    }

    fn spend(&mut self, steps: usize) -> Result<(), GaveUp> {
        self.steps = self.steps.checked_sub(steps).ok_or(GaveUp)?;
        if self.ways.len() > MAX_KEPT || self.changes.len() > MAX_KEPT { Err(GaveUp) } else { Ok(()) }
    }

    fn keep(&mut self, op: usize, at: usize, retry: Retry) {
        self.ways.push(Way { op, at, undo: self.changes.len(), retry });
    }

    /// The unit to match, and the position behind it.
    fn next(&self, at: usize, back: bool) -> Option<(u16, usize)> {
        let (index, after) = if back { (at.checked_sub(1)?, at - 1) } else { (at, at + 1) };
        Some((*self.text.get(index)?, after))
    }

    fn in_set(&self, set: usize, unit: u16) -> bool {
        self.program.sets.get(set).is_some_and(|set| set.contains(unit))
    }

    /// Whether a match begins here, and where it ends.
    fn attempt(&mut self, start: usize) -> Result<Option<usize>, GaveUp> {
        let (mut op, mut at) = (0, start);
        loop {
            self.spend(1)?;
            let program = self.program;
            let next = match program.ops.get(op) {
                None => return Ok(Some(at)),
                Some(instruction) => self.step(instruction, op, at)?,
            };
            match next {
                Some(next) => (op, at) = next,
                None => match self.go_back()? {
                    Some(next) => (op, at) = next,
                    None => return Ok(None),
                },
            }
        }
    }

    /// The next way back. Without one everything is as it was before the attempt.
    fn go_back(&mut self) -> Result<Option<(usize, usize)>, GaveUp> {
        loop {
            let way = self.ways.pop();
            self.undo(way.map_or(0, |way| way.undo));
            let Some(Way { op, at, retry, .. }) = way else { return Ok(None) };
            match retry {
                Retry::Once => return Ok(Some((op, at))),
                Retry::Shorter(least) => {
                    if at != least {
                        self.keep(op, if at > least { at - 1 } else { at + 1 }, retry);
                    }
                    return Ok(Some((op, at)));
                }
                Retry::Round => {
                    let program = self.program;
                    let Some(Op::Again { body, count, mark, .. }) = program.ops.get(op) else { continue };
                    return Ok(Some((self.round(*body, *count, *mark, at), at)));
                }
                Retry::Longer(left) => {
                    self.spend(1)?;
                    let Some(Op::Run { set, back, .. }) = self.program.ops.get(op) else { continue };
                    if let Some((unit, after)) = self.next(at, *back)
                        && self.in_set(*set, unit)
                    {
                        if left > 1 {
                            self.keep(op, after, Retry::Longer(left - 1));
                        }
                        return Ok(Some((op + 1, after)));
                    }
                }
            }
        }
    }

    /// Does one instruction: the next one and the position, or a failure.
    fn step(&mut self, instruction: &Op, op: usize, at: usize) -> Result<Option<(usize, usize)>, GaveUp> {
        let on = op + 1;
        Ok(match *instruction {
            Op::Unit { unit, back } => self.next(at, back).filter(|(found, _)| *found == unit).map(|(_, at)| (on, at)),
            Op::Set { set, back } => {
                self.next(at, back).filter(|(found, _)| self.in_set(set, *found)).map(|(_, at)| (on, at))
            }
            Op::Run { set, least, most, lazy, back } => return self.run(op, at, (set, back), (least, most), lazy),
            Op::Anchor(anchor) => self.holds(anchor, at).then_some((on, at)),
            Op::Split { other } => {
                self.keep(other, at, Retry::Once);
                Some((on, at))
            }
            Op::SplitAway { other } => {
                self.keep(on, at, Retry::Once);
                Some((other, at))
            }
            Op::Jump(to) => Some((to, at)),
            Op::Store(slot) => {
                self.put(slot, at);
                Some((on, at))
            }
            Op::Capture { group, from } => {
                let from = self.get(from) as usize;
                self.put(group * 2, from.min(at));
                self.put(group * 2 + 1, from.max(at));
                Some((on, at))
            }
            Op::Enter { count, mark, check } => {
                self.put(count, usize::from(check.is_none()));
                self.put(mark, if check.is_none() { at } else { NONE as usize });
                Some((check.unwrap_or(on), at))
            }
            Op::Again { body, count, mark, least, most, lazy } => {
                let (done, was_empty) = (self.get(count), self.get(mark) as usize == at);
                let may_end = done >= least;
                if done < most && !(was_empty && may_end) {
                    if may_end && lazy {
                        self.keep(op, at, Retry::Round);
                        return Ok(Some((on, at)));
                    }
                    if may_end {
                        self.keep(on, at, Retry::Once);
                    }
                    Some((self.round(body, count, mark, at), at))
                } else {
                    Some((on, at))
                }
            }
            Op::Backreference { group, ignore_case, back } => {
                let Some((start, end)) = self.group(group) else { return Ok(None) };
                self.spend(end - start)?;
                let length = end - start;
                let range = if back { at.checked_sub(length).map(|from| (from, at)) } else { Some((at, at + length)) };
                let there = range.and_then(|(from, to)| self.text.get(from..to));
                let same = |a: u16, b: u16| a == b || (ignore_case && case::lower(a) == case::lower(b));
                let known = self.text.get(start..end).unwrap_or_default();
                let equal = there.is_some_and(|there| there.iter().zip(known).all(|(a, b)| same(*a, *b)));
                equal.then_some((on, if back { at.saturating_sub(length) } else { at + length }))
            }
            Op::Hold(slot) => {
                self.put(slot, self.ways.len());
                Some((on, at))
            }
            Op::Cut(slot) => {
                self.ways.truncate(self.get(slot) as usize);
                Some((on, at))
            }
            Op::Return { held, place } => {
                self.ways.truncate(self.get(held) as usize);
                Some((on, self.get(place) as usize))
            }
            Op::Fail(slot) => {
                self.ways.truncate(self.get(slot) as usize);
                None
            }
            Op::IfGroup { group, otherwise } => Some((if self.group(group).is_some() { on } else { otherwise }, at)),
        })
    }

    /// Begins an iteration.
    fn round(&mut self, body: usize, count: usize, mark: usize, at: usize) -> usize {
        let done = self.get(count) as usize;
        self.put(count, done + 1);
        self.put(mark, at);
        body
    }

    /// One set, repeated.
    fn run(
        &mut self,
        op: usize,
        at: usize,
        (set, back): (usize, bool),
        (least, most): (u32, u32),
        lazy: bool,
    ) -> Result<Option<(usize, usize)>, GaveUp> {
        let (mut here, mut shortest) = (at, at);
        let mut count = 0;
        while count < if lazy { least } else { most } {
            match self.next(here, back) {
                Some((unit, after)) if self.in_set(set, unit) => here = after,
                _ => break,
            }
            count += 1;
            if count == least {
                shortest = here;
            }
        }
        self.spend(count as usize)?;
        if count < least {
            return Ok(None);
        }
        if lazy && most > least {
            self.keep(op, here, Retry::Longer(most - least));
        } else if !lazy && here != shortest {
            self.keep(op + 1, if here > shortest { here - 1 } else { here + 1 }, Retry::Shorter(shortest));
        }
        Ok(Some((op + 1, here)))
    }

    fn holds(&self, anchor: Anchor, at: usize) -> bool {
        let line_feed = Some(&u16::from(b'\n'));
        let before = at.checked_sub(1).and_then(|index| self.text.get(index));
        let after = self.text.get(at);
        let is_word = |unit: Option<&u16>| unit.is_some_and(|unit| category::is_word(*unit));
        match anchor {
            Anchor::Start => at == 0,
            Anchor::End => after.is_none(),
            Anchor::EndOrLineFeed => after.is_none() || (after == line_feed && at + 1 == self.text.len()),
            Anchor::LineStart => before.is_none() || before == line_feed,
            Anchor::LineEnd => after.is_none() || after == line_feed,
            Anchor::Origin => at == self.origin,
            Anchor::Boundary => is_word(before) != is_word(after),
            Anchor::NoBoundary => is_word(before) == is_word(after),
        }
    }
}
