//! Writing executed instructions: words, jump distances and info words of one function.
//!
//! In: instructions one by one, as `specialise.rs` chooses them. Out: the code with all distances
//! filled in. Labels are instructions of the file; their word offsets are known when all are written.
//!
//! Who jumps back goes by way of a safepoint behind the function's last instruction, so no code runs
//! for ever without charging reductions.

use std::collections::BTreeMap;

use rata_bytecode::operand::{FnId, Label, Reg};

use super::exec::Ex;

/// A switch's cases, by the bits of the word or by text; distances from the switch.
pub(crate) struct SwitchTable {
    /// Immediates, ascending.
    pub(crate) words: Vec<(u64, i32)>,
    /// Strings and ints beyond small ones.
    pub(crate) boxed: Vec<(crate::value::Word, i32)>,
    pub(crate) default: i32,
}

/// Cases before distances are known.
pub(crate) struct SwitchPlan {
    pub(crate) words: Vec<(u64, Label)>,
    pub(crate) boxed: Vec<(crate::value::Word, Label)>,
    pub(crate) default: Label,
}

/// Where a distance has to be filled in.
enum Place {
    /// Fields b and c of the instruction's first word.
    Fields,
    /// The low half of this word.
    Low(usize),
}

struct Fixup {
    /// The instruction that jumps.
    start: usize,
    place: Place,
    to: Label,
}

/// The code written so far.
pub(crate) struct Emitter {
    pub(crate) words: Vec<u64>,
    /// Word offset of each file instruction, and of the end.
    pub(crate) starts: Vec<u32>,
    /// Labels that are jumped back to, and the info word of what is live there.
    back: BTreeMap<u32, u64>,
    /// Where the safepoints on the way to those are.
    safepoints: BTreeMap<u32, u32>,
    fixups: Vec<Fixup>,
    switches: Vec<(usize, usize, SwitchPlan)>,
    /// Calls of functions of the module, to be completed when all have their code.
    pub(crate) calls: Vec<CallSite>,
}

/// A call that holds what is known about its callee only when that has its code.
pub(crate) struct CallSite {
    /// Where the instruction is.
    pub(crate) at: usize,
    /// Where the address of the callee's entry goes.
    pub(crate) entry: usize,
    pub(crate) callee: FnId,
    /// Words of the frame besides registers; none if a is something else.
    pub(crate) frame: Option<u16>,
}

impl Emitter {
    /// Begins with the info word of function entry.
    pub(crate) fn new(entry_info: u64, back: BTreeMap<u32, u64>) -> Emitter {
        Emitter {
            words: vec![entry_info],
            starts: vec![],
            back,
            safepoints: BTreeMap::new(),
            fixups: vec![],
            switches: vec![],
            calls: vec![],
        }
    }

    /// The next file instruction begins here.
    pub(crate) fn begin(&mut self) {
        self.starts.push(self.words.len() as u32);
    }

    /// The next file instruction is the second half of the one just written. Nothing leads there,
    /// but lines are looked up by it: what goes on after the first word belongs to the second.
    pub(crate) fn begin_within(&mut self) {
        self.starts.extend(self.starts.last().map(|start| start + 1));
    }

    /// An instruction's first word.
    pub(crate) fn op(&mut self, ex: Ex, a: u16, b: u16, c: u16) {
        let word = ex as u64 | (a as u64) << 16 | (b as u64) << 32 | (c as u64) << 48;
        self.words.push(word);
    }

    /// An extension word.
    pub(crate) fn ext(&mut self, word: u64) {
        self.words.push(word);
    }

    /// The words of an `args` instruction but its extension words.
    pub(crate) fn args(&mut self, ex: Ex, args: &[Reg]) {
        let get = |i: usize| args.get(i).copied().unwrap_or(0);
        self.op(ex, args.len() as u16, get(0), get(1));
        for chunk in args.get(2..).unwrap_or(&[]).chunks(4) {
            let mut word = 0;
            for (i, &reg) in chunk.iter().enumerate() {
                word |= (reg as u64) << (16 * i);
            }
            self.words.push(word);
        }
    }

    /// The words of a call with exactly these arguments, up to the callee's entry.
    pub(crate) fn exact(
        &mut self,
        ex: Ex,
        args: &[Reg],
        function: Option<u64>,
        callee: FnId,
        frame: Option<u16>,
    ) {
        let at = self.words.len();
        self.args(ex, args);
        self.words[at] &= !0xffff_0000;
        self.words.extend(function);
        self.calls.push(CallSite { at, entry: self.words.len(), callee, frame });
        self.ext(0);
    }

    /// The words of a call whose argument is calculated from b and c, up to the callee's entry.
    pub(crate) fn call_known(&mut self, ex: Ex, [b, c]: [u16; 2], function: u64, callee: FnId) {
        let at = self.words.len();
        self.op(ex, 0, b, c);
        self.ext(function);
        self.calls.push(CallSite { at, entry: self.words.len(), callee, frame: Some(3) });
        self.ext(0);
    }

    /// A `rel` instruction.
    pub(crate) fn rel(&mut self, ex: Ex, a: u16, to: Label) {
        let start = self.words.len();
        self.fixups.push(Fixup { start, place: Place::Fields, to });
        self.op(ex, a, 0, 0);
    }

    /// An instruction whose first extension word is a distance (and a count in the high half).
    pub(crate) fn jump(&mut self, ex: Ex, [a, b, c]: [u16; 3], to: Label, count: u32) {
        let start = self.words.len();
        self.fixups.push(Fixup { start, place: Place::Low(start + 1), to });
        self.op(ex, a, b, c);
        self.ext((count as u64) << 32);
    }

    /// A switch.
    pub(crate) fn switch(&mut self, a: u16, plan: SwitchPlan) {
        let start = self.words.len();
        self.op(Ex::Switch, a, 0, 0);
        self.ext(0);
        self.switches.push((start, start + 1, plan));
    }

    /// Fills in all distances.
    pub(crate) fn finish(&mut self) {
        self.starts.push(self.words.len() as u32);
        for (label, info) in std::mem::take(&mut self.back) {
            self.safepoints.insert(label, self.words.len() as u32);
            self.rel(Ex::JumpBack, 0, Label(label));
            self.ext(info);
            self.rel(Ex::Jump, 0, Label(label));
        }
        let body = self.starts[self.starts.len() - 1] as usize;
        for fixup in std::mem::take(&mut self.fixups) {
            // The safepoints themselves, behind the body, jump straight.
            let distance = match fixup.start < body {
                true => self.distance(fixup.start, fixup.to),
                false => self.starts[fixup.to.0 as usize] as i32 - fixup.start as i32,
            };
            let distance = distance as u32 as u64;
            match fixup.place {
                Place::Fields => self.words[fixup.start] |= distance << 32,
                Place::Low(at) => self.words[at] |= distance,
            }
        }
        for (start, at, plan) in std::mem::take(&mut self.switches) {
            let mut words: Vec<(u64, i32)> =
                plan.words.iter().map(|&(w, to)| (w, self.distance(start, to))).collect();
            words.sort_by_key(|&(w, _)| w);
            let boxed = plan.boxed.iter().map(|&(w, to)| (w, self.distance(start, to))).collect();
            let default = self.distance(start, plan.default);
            let table = Box::leak(Box::new(SwitchTable { words, boxed, default }));
            self.words[at] = std::ptr::from_ref(table) as u64;
        }
    }

    /// Where to go for a label: back only by way of a safepoint.
    pub(crate) fn target(&self, from: usize, to: Label) -> u32 {
        let start = self.starts[to.0 as usize];
        match self.safepoints.get(&to.0) {
            Some(&safepoint) if start as usize <= from => safepoint,
            _ => start,
        }
    }

    fn distance(&self, start: usize, to: Label) -> i32 {
        self.target(start, to) as i32 - start as i32
    }
}
