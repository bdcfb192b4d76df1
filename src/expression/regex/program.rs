//! Tree to instructions. Counted repeats are counters, so a program is never longer than a few times its pattern.

use super::set::Set;
use super::syntax::{Anchor, Node};

/// One instruction. `back` matches to the left, as everything in a look-behind does in .NET.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Unit {
        unit: u16,
        back: bool,
    },
    Set {
        set: usize,
        back: bool,
    },
    /// One set, repeated.
    Run {
        set: usize,
        least: u32,
        most: u32,
        lazy: bool,
        back: bool,
    },
    Anchor(Anchor),
    /// The next instruction first, then `other`.
    Split {
        other: usize,
    },
    /// `other` first, then the next instruction.
    SplitAway {
        other: usize,
    },
    Jump(usize),
    /// The position into a slot.
    Store(usize),
    /// From the position in `from` to here is the capture of a group.
    Capture {
        group: usize,
        from: usize,
    },
    /// Before a repeat: iterations so far, and where the last one began.
    Enter {
        count: usize,
        mark: usize,
        /// Where the check stands, if no iteration is needed.
        check: Option<usize>,
    },
    /// After an iteration.
    Again {
        body: usize,
        count: usize,
        mark: usize,
        least: u32,
        most: u32,
        lazy: bool,
    },
    Backreference {
        group: usize,
        ignore_case: bool,
        back: bool,
    },
    /// The number of ways back into a slot.
    Hold(usize),
    /// Gives up the ways back since `Hold`.
    Cut(usize),
    /// As `Cut`, and back to the position of a `Store`.
    Return {
        held: usize,
        place: usize,
    },
    /// As `Cut`, and fails.
    Fail(usize),
    IfGroup {
        group: usize,
        otherwise: usize,
    },
}

/// A program; running off its end is a match.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) sets: Vec<Set>,
    /// Start and end of every group, then what loops and groups remember.
    pub(super) slots: usize,
    /// Whether a match begins at the start of the text or nowhere.
    pub(super) is_anchored: bool,
}

impl Program {
    pub(super) fn new(node: &Node, sets: Vec<Set>, groups: usize) -> Self {
        let mut compiler = Compiler { ops: Vec::new(), sets, slots: groups * 2 };
        compiler.node(node, false);
        let is_anchored = match node {
            Node::Anchor(anchor) => *anchor == Anchor::Start,
            Node::Sequence(nodes) => nodes.first() == Some(&Node::Anchor(Anchor::Start)),
            _ => false,
        };
        Self { ops: compiler.ops, sets: compiler.sets, slots: compiler.slots, is_anchored }
    }
}

struct Compiler {
    ops: Vec<Op>,
    sets: Vec<Set>,
    slots: usize,
}

impl Compiler {
    fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    /// A place for an instruction that needs to know where the ones after it end.
    fn later(&mut self) -> usize {
        self.ops.push(Op::Jump(0));
        self.ops.len() - 1
    }

    fn set_op(&mut self, at: usize, op: Op) {
        if let Some(place) = self.ops.get_mut(at) {
            *place = op;
        }
    }

    fn node(&mut self, node: &Node, back: bool) {
        match node {
            Node::Empty => {}
            Node::Unit(unit) => self.ops.push(Op::Unit { unit: *unit, back }),
            Node::Set(set) => self.ops.push(Op::Set { set: *set, back }),
            Node::Anchor(anchor) => self.ops.push(Op::Anchor(*anchor)),
            Node::Sequence(nodes) if back => nodes.iter().rev().for_each(|node| self.node(node, back)),
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node, back)),
            Node::Either(nodes) => self.either(nodes, back),
            Node::Repeat { node, least, most, lazy } => self.repeat(node, (*least, *most), *lazy, back),
            Node::Group(group, node) => {
                let from = self.slot();
                self.ops.push(Op::Store(from));
                self.node(node, back);
                self.ops.push(Op::Capture { group: *group, from });
            }
            Node::Backreference { slot, ignore_case } => {
                self.ops.push(Op::Backreference { group: *slot, ignore_case: *ignore_case, back });
            }
            Node::Look { behind, negative, node } => self.look(node, *behind, *negative),
            Node::Atomic(node) => {
                let held = self.slot();
                self.ops.push(Op::Hold(held));
                self.node(node, back);
                self.ops.push(Op::Cut(held));
            }
            Node::IfGroup { slot, yes, no } => {
                let check = self.later();
                self.node(yes, back);
                let end = self.later();
                self.set_op(check, Op::IfGroup { group: *slot, otherwise: self.ops.len() });
                self.node(no, back);
                self.set_op(end, Op::Jump(self.ops.len()));
            }
            Node::IfMatch { test, yes, no } => {
                let (held, place) = (self.slot(), self.slot());
                self.ops.extend([Op::Hold(held), Op::Store(place)]);
                let split = self.later();
                self.node(test, back);
                self.ops.push(Op::Return { held, place });
                self.node(yes, back);
                let end = self.later();
                self.set_op(split, Op::Split { other: self.ops.len() });
                self.node(no, back);
                self.set_op(end, Op::Jump(self.ops.len()));
            }
        }
    }

    fn either(&mut self, nodes: &[Node], back: bool) {
        let mut ends = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.node(node, back);
            } else {
                let split = self.later();
                self.node(node, back);
                ends.push(self.later());
                self.set_op(split, Op::Split { other: self.ops.len() });
            }
        }
        for end in ends {
            self.set_op(end, Op::Jump(self.ops.len()));
        }
    }

    fn look(&mut self, node: &Node, behind: bool, negative: bool) {
        let held = self.slot();
        self.ops.push(Op::Hold(held));
        if negative {
            let split = self.later();
            self.node(node, behind);
            self.ops.push(Op::Fail(held));
            self.set_op(split, Op::Split { other: self.ops.len() });
        } else {
            let place = self.slot();
            self.ops.push(Op::Store(place));
            self.node(node, behind);
            self.ops.push(Op::Return { held, place });
        }
    }

    fn repeat(&mut self, node: &Node, (least, most): (u32, u32), lazy: bool, back: bool) {
        let single = match node {
            Node::Set(set) => Some(*set),
            Node::Unit(unit) => {
                self.sets.push(Set::new(vec![(*unit, *unit)]));
                Some(self.sets.len() - 1)
            }
            _ => None,
        };
        if let Some(set) = single {
            self.ops.push(Op::Run { set, least, most, lazy, back });
        } else if (least, most) == (0, 1) {
            let split = self.later();
            self.node(node, back);
            let other = self.ops.len();
            self.set_op(split, if lazy { Op::SplitAway { other } } else { Op::Split { other } });
        } else {
            let (count, mark) = (self.slot(), self.slot());
            let enter = self.later();
            let body = self.ops.len();
            self.node(node, back);
            let check = (least == 0).then_some(self.ops.len());
            self.ops.push(Op::Again { body, count, mark, least, most, lazy });
            self.set_op(enter, Op::Enter { count, mark, check });
        }
    }
}
