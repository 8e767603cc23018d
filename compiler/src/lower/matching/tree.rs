//! Rows → decision graph.

use foldhash::HashMap;
use rata_bytecode::module::Const;
use rata_bytecode::operand::ConstId;

use super::relate::{Known, when_failed, when_passed};
use super::rows::row_size;
use super::{Ask, NIL, NO_NODE, Node, Occ, Row, Scratch};
use crate::lower::{Lowerer, guard};

/// How many tests of a row are looked through for one of an occurrence. A test further along is
/// only made later than it could be.
const WINDOW: usize = 64;
/// How many tests of the first row, and rows, are looked at to choose the next test.
const CANDIDATES: usize = 8;
const VOTERS: usize = 64;
/// From how many constants on a switch is used.
const SWITCH: usize = 3;

/// An edge whose end is not built yet.
#[derive(Clone, Copy)]
enum Slot {
    Start,
    Yes(u32),
    No(u32),
    Rest(u32),
    Case(u32),
    Default(u32),
}

struct Builder<'l, 'r, 'a, 'd> {
    l: &'l mut Lowerer<'a, 'd>,
    s: &'l mut Scratch<'a>,
    rows: &'r [Row<'a>],
    tasks: Vec<(Vec<u32>, Slot)>,
    start: u32,
    /// Where control goes when no row matches: 0, or the tree for the rows that follow.
    otherwise: u32,
    /// Nodes (guards count by their size) and row visits that may still be spent.
    nodes_left: usize,
    work_left: usize,
}

/// Builds the graph for the rows `first`; gives the node to start at.
///
/// A tree for many rows may be much larger than they are: a row that does not look where others do
/// is in every branch. Where that gets out of hand, the rows are halved, and the tree for the
/// first half goes on with that for the second where it would fail: some tests are made twice then,
/// but size and time stay in proportion to the patterns.
pub(super) fn build<'a>(
    l: &mut Lowerer<'a, '_>,
    s: &mut Scratch<'a>,
    rows: &[Row<'a>],
    first: &[u32],
) -> u32 {
    s.nodes.push(Node::Fail);
    let (tasks, start, otherwise) = (Vec::new(), 0, 0);
    let (nodes_left, work_left) = (0, 0);
    let mut b = Builder { l, s, rows, tasks, start, otherwise, nodes_left, work_left };
    let sizes: Vec<usize> = rows.iter().map(row_size).collect();
    let mut parts = vec![first];
    while let Some(part) = parts.pop() {
        b.otherwise = match part {
            _ if b.tree(part, &sizes) => b.start,
            _ if part.len() <= FEW_ROWS => b.sequence(part, b.otherwise),
            _ => {
                let (above, below) = part.split_at(part.len() / 2);
                parts.push(above);
                parts.push(below);
                continue;
            }
        };
    }
    b.otherwise
}

/// So few rows are tried one by one rather than halved.
const FEW_ROWS: usize = 4;

impl<'a> Builder<'_, '_, 'a, '_> {
    /// Builds the tree for some rows, whose clauses have those sizes; false (and nothing built) when
    /// it would grow too large.
    fn tree(&mut self, first: &[u32], sizes: &[usize]) -> bool {
        let size: usize = first.iter().map(|row| sizes[self.clause(*row)]).sum();
        let share = first.len() * 500_000 / sizes.len().max(1);
        (self.nodes_left, self.work_left) = (64 + 4 * size, share + 64 * size);
        let (nodes, cases) = (self.s.nodes.len(), self.s.cases.len());
        let leaves = self.s.leaves.clone();
        self.share(self.otherwise);
        if self.grow(first) {
            return true;
        }
        self.tasks.clear();
        self.s.nodes.truncate(nodes);
        self.s.cases.truncate(cases);
        self.s.leaves = leaves;
        false
    }

    /// The clause of a row.
    fn clause(&self, row: u32) -> usize {
        self.s.rows[row as usize].clause as usize
    }

    /// Notes that several edges may lead to a node.
    fn share(&mut self, node: u32) {
        if node != 0 {
            let len = self.s.shared.len().max(node as usize + 1);
            self.s.shared.resize(len, false);
            self.s.shared[node as usize] = true;
        }
    }

    fn grow(&mut self, first: &[u32]) -> bool {
        self.tasks.push((first.to_vec(), Slot::Start));
        while let Some((rows, slot)) = self.tasks.pop() {
            if self.work_left < rows.len() || self.nodes_left == 0 {
                return false;
            }
            self.work_left -= rows.len();
            self.nodes_left -= 1;
            let node = self.step(rows);
            self.fill(slot, node);
        }
        true
    }

    fn fill(&mut self, slot: Slot, node: u32) {
        match slot {
            Slot::Start => self.start = node,
            Slot::Case(at) => self.s.cases[at as usize].1 = node,
            Slot::Yes(at) | Slot::No(at) | Slot::Rest(at) | Slot::Default(at) => {
                match (&mut self.s.nodes[at as usize], slot) {
                    (Node::Test { yes, .. }, Slot::Yes(_)) => *yes = node,
                    (Node::Test { no, .. }, Slot::No(_)) => *no = node,
                    (Node::Leaf { rest, .. }, _) => *rest = node,
                    (Node::Switch { default, .. }, _) => *default = node,
                    _ => unreachable!("slots name the edges of their node"),
                }
            }
        }
    }

    fn add(&mut self, node: Node<'a>) -> u32 {
        self.s.nodes.push(node);
        self.s.nodes.len() as u32 - 1
    }

    /// The node for what is left of `rows`; its edges become tasks.
    fn step(&mut self, mut rows: Vec<u32>) -> u32 {
        let Some(&row) = rows.first() else { return self.otherwise };
        let rest = self.s.rows[row as usize];
        if rest.tests == NIL {
            self.s.leaves[rest.clause as usize] += 1;
            let guard = self.rows[rest.clause as usize].guard;
            self.nodes_left = self.nodes_left.saturating_sub(guard.map_or(0, guard::size));
            let node = self.add(Node::Leaf { row, rest: NO_NODE });
            if !self.is_final(row) {
                rows.remove(0);
                self.tasks.push((rows, Slot::Rest(node)));
            }
            return node;
        }
        let (occ, ask) = self.choose(&rows);
        if let Some(constants) = self.constants(&rows, occ, &ask) {
            return self.switch(&rows, occ, constants);
        }
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        let (mut yes_open, mut no_open) = (true, true);
        for &row in &rows {
            let (passed, failed) = self.specialise(row, occ, &ask);
            if let Some(row) = passed
                && yes_open
            {
                yes.push(row);
                yes_open = !self.is_final(row);
            }
            if failed && no_open {
                no.push(row);
                no_open = !self.is_final(row);
            }
        }
        let node = self.add(Node::Test { occ, ask, row, yes: NO_NODE, no: NO_NODE });
        self.tasks.push((no, Slot::No(node)));
        self.tasks.push((yes, Slot::Yes(node)));
        node
    }

    /// Whether the row takes whatever comes: nothing after it is ever tried.
    fn is_final(&self, row: u32) -> bool {
        let rest = &self.s.rows[row as usize];
        rest.tests == NIL && rest.sames == NIL && self.rows[rest.clause as usize].guard.is_none()
    }

    fn tests(&self, row: u32) -> impl Iterator<Item = (Occ, Ask<'a>)> + '_ {
        let mut link = self.s.rows[row as usize].tests;
        std::iter::from_fn(move || {
            let &(occ, ask, next) = self.s.tests.get(link as usize)?;
            link = next;
            Some((occ, ask))
        })
    }

    /// The test to make first: of the first row, where most rows look.
    fn choose(&self, rows: &[u32]) -> (Occ, Ask<'a>) {
        let looks = |row: u32, occ: Occ| self.tests(row).take(WINDOW).any(|(o, _)| o == occ);
        let mut best = None;
        for (at, (occ, ask)) in self.tests(rows[0]).take(CANDIDATES).enumerate() {
            if rows.len() == 1 {
                return (occ, ask);
            }
            // the variable in a computed key may be bound by a test to the left
            if at > 0 && matches!(ask, Ask::KeyAt(..)) {
                break;
            }
            let votes = rows.iter().take(VOTERS).filter(|&&row| looks(row, occ)).count();
            if best.is_none_or(|(most, _)| votes > most) {
                best = Some((votes, (occ, ask)));
            }
        }
        let (_, (occ, ask)) = best.expect("the first row has a test");
        if let Ask::Vector([]) = ask {
            // of `[]` and `[h | t]` the second is asked first: that is the common case of a loop
            let longer = rows[1..].iter().take(VOTERS).find_map(|&row| {
                self.tests(row)
                    .take(WINDOW)
                    .find(|(o, ask)| *o == occ && matches!(ask, Ask::Longer([_], _)))
            });
            return longer.unwrap_or((occ, ask));
        }
        (occ, ask)
    }

    /// What becomes of a row when the test passed (nothing if it cannot match), and whether it is
    /// still there, as it is, when the test failed.
    fn specialise(&mut self, row: u32, occ: Occ, asked: &Ask<'a>) -> (Option<u32>, bool) {
        let consts = &self.l.out.pools.consts;
        let (mut passes, mut fails, mut last) = (true, true, 0);
        for (at, (o, ask)) in self.tests(row).take(WINDOW).enumerate() {
            if o == occ {
                match when_passed(asked, &ask, consts) {
                    Known::Yes => last = at + 1,
                    Known::No => passes = false,
                    Known::Open => {}
                }
                fails &= when_failed(asked, &ask, consts) != Known::No;
            }
        }
        if !passes {
            return (None, fails);
        }
        if last == 0 {
            return (Some(row), fails);
        }
        let mut rest = self.s.rows[row as usize];
        let mut tests = Vec::new();
        for _ in 0..last {
            let (o, ask, next) = self.s.tests[rest.tests as usize];
            rest.tests = next;
            let consts = &self.l.out.pools.consts;
            if o == occ && when_passed(asked, &ask, consts) == Known::Yes {
                self.l.expand(self.s, &mut rest, &mut tests, o, &ask);
            } else {
                tests.push((o, ask));
            }
        }
        rest.tests = self.s.push_tests(&tests, rest.tests);
        self.s.rows.push(rest);
        (Some(self.s.rows.len() as u32 - 1), fails)
    }

    /// The constants that rows compare `occ` with, in order, if they are enough for a switch.
    fn constants(&self, rows: &[u32], occ: Occ, ask: &Ask<'a>) -> Option<Vec<ConstId>> {
        let switchable = |ask: &Ask<'a>| match ask {
            Ask::Const(k) => match self.l.out.pools.consts.get(*k) {
                Const::Int(_)
                | Const::Symbol(_)
                | Const::Str(_)
                | Const::Bool(_)
                | Const::Nil
                | Const::Module(_) => Some(*k),
                _ => None,
            },
            _ => None,
        };
        switchable(ask)?;
        let mut seen = HashMap::default();
        let mut constants = Vec::new();
        for &row in rows {
            let at_occ = self.tests(row).take(WINDOW).filter(|(o, _)| *o == occ);
            for k in at_occ.filter_map(|(_, ask)| switchable(&ask)) {
                if seen.insert(k.0, ()).is_none() {
                    constants.push(k);
                }
            }
        }
        (constants.len() >= SWITCH).then_some(constants)
    }

    fn switch(&mut self, rows: &[u32], occ: Occ, constants: Vec<ConstId>) -> u32 {
        let index: HashMap<u32, usize> =
            constants.iter().enumerate().map(|(at, k)| (k.0, at)).collect();
        // one list per constant, and the default's
        let mut lists: Vec<(Vec<u32>, bool)> = vec![(Vec::new(), true); constants.len() + 1];
        for &row in rows {
            let compared =
                self.tests(row).take(WINDOW).filter(|(o, _)| *o == occ).find_map(|(_, ask)| {
                    match ask {
                        Ask::Const(k) => index.get(&k.0).copied(),
                        _ => None,
                    }
                });
            if let Some(at) = compared {
                let (row, _) = self.specialise(row, occ, &Ask::Const(constants[at]));
                self.extend(&mut lists[at], row);
                continue;
            }
            self.work_left = self.work_left.saturating_sub(constants.len());
            let asks = self.tests(row).take(WINDOW).any(|(o, _)| o == occ);
            for (at, list) in lists.iter_mut().enumerate() {
                let row = match constants.get(at) {
                    Some(&k) if asks => self.specialise(row, occ, &Ask::Const(k)).0,
                    _ => Some(row),
                };
                self.extend(list, row);
            }
            if self.work_left == 0 {
                break; // given up by `tree`
            }
        }
        let (start, len) = (self.s.cases.len() as u32, constants.len() as u32);
        self.s.cases.extend(constants.iter().map(|&k| (k, NO_NODE)));
        let node = self.add(Node::Switch { occ, start, len, default: NO_NODE });
        let (default, _) = lists.pop().unwrap_or_default();
        self.tasks.push((default, Slot::Default(node)));
        for (at, (list, _)) in (start..start + len).zip(lists).rev() {
            self.tasks.push((list, Slot::Case(at)));
        }
        node
    }

    /// Adds a row to a list unless one in it takes whatever comes.
    fn extend(&self, (list, open): &mut (Vec<u32>, bool), row: Option<u32>) {
        if let Some(row) = row
            && *open
        {
            list.push(row);
            *open = !self.is_final(row);
        }
    }

    /// The clauses one by one, and then `next`: linear in the size of the patterns.
    fn sequence(&mut self, rows: &[u32], mut next: u32) -> u32 {
        for &row in rows.iter().rev() {
            self.share(next);
            next = self.chain(row, next);
        }
        next
    }

    /// The tests of one row; where one fails, `next`.
    fn chain(&mut self, mut row: u32, next: u32) -> u32 {
        let (mut start, mut slot) = (NO_NODE, None);
        loop {
            let rest = self.s.rows[row as usize];
            let node = if rest.tests == NIL {
                self.s.leaves[rest.clause as usize] += 1;
                let rest = if self.is_final(row) { NO_NODE } else { next };
                self.add(Node::Leaf { row, rest })
            } else {
                let (occ, ask, tail) = self.s.tests[rest.tests as usize];
                let node = self.add(Node::Test { occ, ask, row, yes: NO_NODE, no: next });
                let (mut rest, mut tests) = (rest, Vec::new());
                self.l.expand(self.s, &mut rest, &mut tests, occ, &ask);
                rest.tests = self.s.push_tests(&tests, tail);
                self.s.rows.push(rest);
                row = self.s.rows.len() as u32 - 1;
                node
            };
            match slot {
                None => start = node,
                Some(slot) => self.fill(slot, node),
            }
            if matches!(self.s.nodes[node as usize], Node::Leaf { .. }) {
                return start;
            }
            slot = Some(Slot::Yes(node));
        }
    }
}
