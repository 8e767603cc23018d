//! Constants are loaded where they are used: right before the first use, anew in every block and
//! after every call. Loading costs next to nothing, while a constant that waits in a
//! register makes every frame on the stack larger.

use super::cfg;
use crate::ir::{Function, Inst, Op, Val, Vals};
use rata_bytecode::operand::ConstId;

/// Runs the pass.
pub(crate) fn run(f: &mut Function) {
    let order = cfg::order(f);
    let mut known: Vec<Option<ConstId>> = vec![None; f.vals as usize];
    for &block in &order {
        for inst in &f.blocks[block.index()].insts {
            if let Op::Const(k) = inst.op {
                known[inst.d.index()] = Some(k);
            }
        }
    }
    let mut loaded = Loaded { known, place: Vec::new(), used: Vec::new(), now: 0 };
    loaded.place.resize(loaded.known.len(), (0, Val::NONE));
    loaded.used.resize(loaded.known.len(), false);
    for &block in &order {
        loaded.now += 1;
        let mut insts = Vec::with_capacity(f.blocks[block.index()].insts.len());
        for inst in std::mem::take(&mut f.blocks[block.index()].insts) {
            if matches!(inst.op, Op::Const(_)) {
                continue;
            }
            loaded.load(f, inst.args, inst.at, &mut insts);
            insts.push(inst);
            if is_call(inst.op) {
                loaded.now += 1;
            }
        }
        let term = f.blocks[block.index()].term;
        loaded.load(f, term.args, term.at, &mut insts);
        f.blocks[block.index()].insts = insts;
    }
}

/// Which constants are in a register here.
struct Loaded {
    /// By value (of those there were before): the constant that it is.
    known: Vec<Option<ConstId>>,
    /// By value: when it was loaded last, and the value that stands for it since.
    place: Vec<(u32, Val)>,
    /// By value: whether the value itself was defined again.
    used: Vec<bool>,
    /// Changes when nothing that was loaded counts any more.
    now: u32,
}

impl Loaded {
    /// Loads the constants among `args`.
    fn load(&mut self, f: &mut Function, args: Vals, at: u32, insts: &mut Vec<Inst>) {
        for i in 0..args.len() {
            let val = f.vals(args)[i];
            let Some(Some(k)) = self.known.get(val.index()).copied() else { continue };
            let (when, mut current) = self.place[val.index()];
            if when != self.now {
                let again = std::mem::replace(&mut self.used[val.index()], true);
                current = if again { f.val() } else { val };
                self.place[val.index()] = (self.now, current);
                insts.push(Inst { op: Op::Const(k), d: current, args: Vals::EMPTY, at });
            }
            f.vals_mut(args)[i] = current;
        }
    }
}

fn is_call(op: Op) -> bool {
    matches!(
        op,
        Op::Call(_)
            | Op::CallImport(_)
            | Op::CallValue
            | Op::CallField(_)
            | Op::CallNamed { .. }
            | Op::CallNative(_)
            | Op::Global(_)
            | Op::Member(_)
    )
}
