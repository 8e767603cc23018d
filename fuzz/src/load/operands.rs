//! Operands of instructions: made anew, changed (registers, constants, labels and all other indices,
//! mostly to ones that exist), or moved with the code that they point to.

use crate::random::Random;
use rata_bytecode::for_each_op;
use rata_bytecode::module::{Function, Module};
use rata_bytecode::operand::*;
use rata_bytecode::ops::Op;

/// What operands refer to.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub enum Table {
    Consts,
    Functions,
    Sets,
    Imports,
    Natives,
    Globals,
    Types,
}

/// How many there are of what operands refer to.
pub struct Sizes {
    pub registers: usize,
    pub code: usize,
    pub consts: usize,
    pub functions: usize,
    pub sets: usize,
    pub imports: usize,
    pub natives: usize,
    pub globals: usize,
    pub types: usize,
}

/// The sizes for a function of a module.
pub fn sizes(module: &Module, f: &Function) -> Sizes {
    Sizes {
        registers: f.registers as usize,
        code: f.code.len(),
        consts: module.consts.len(),
        functions: module.functions.len(),
        sets: module.fn_sets.len(),
        imports: module.imports.len(),
        natives: module.natives.len(),
        globals: module.globals.len(),
        types: module.types.len(),
    }
}

impl Sizes {
    /// The size of a table.
    pub fn of(&self, table: Table) -> usize {
        match table {
            Table::Consts => self.consts,
            Table::Functions => self.functions,
            Table::Sets => self.sets,
            Table::Imports => self.imports,
            Table::Natives => self.natives,
            Table::Globals => self.globals,
            Table::Types => self.types,
        }
    }
}

/// Where new operands come from.
pub trait Source {
    fn random(&mut self) -> &mut Random;
    /// A register to write.
    fn def(&mut self) -> Reg;
    /// A register to read.
    fn usable(&mut self) -> Reg;
    fn label(&mut self) -> Label;
    fn size(&self, of: Table) -> usize;
}

/// Changes operands, one in `odds`.
pub struct Twister<'r> {
    pub random: &'r mut Random,
    pub sizes: Sizes,
    pub odds: usize,
}

impl Twister<'_> {
    fn hits(&mut self) -> bool {
        let odds = self.odds;
        self.random.one_in(odds)
    }

    /// An index into something of this size; now and then just past it.
    fn index(&mut self, size: usize) -> u32 {
        if self.random.one_in(60) {
            return (size + self.random.below(3)) as u32;
        }
        self.random.below(size) as u32
    }

    fn register(&mut self) -> Reg {
        let registers = self.sizes.registers;
        self.index(registers) as Reg
    }
}

/// An operand that can be changed.
trait Twist {
    fn twist(&mut self, t: &mut Twister<'_>);
    /// Instructions from `from` on have moved by `by`.
    fn shift(&mut self, _from: u32, _by: i32) {}
}

/// An operand that can be made.
pub trait Make {
    fn make(source: &mut dyn Source) -> Self;
}

macro_rules! indices {
    ($($ty:ident $size:ident $table:ident),* $(,)?) => { $(
        impl Twist for $ty {
            fn twist(&mut self, t: &mut Twister<'_>) {
                if t.hits() {
                    let size = t.sizes.$size;
                    self.0 = t.index(size);
                }
            }
        }
        impl Make for $ty {
            fn make(source: &mut dyn Source) -> Self {
                let size = source.size(Table::$table);
                $ty(source.random().below(size) as u32)
            }
        }
    )* };
}

indices! {
    ConstId consts Consts, FnId functions Functions, FnSetId sets Sets, ImportId imports Imports,
    NativeId natives Natives, GlobalId globals Globals, TypeId types Types,
}

impl Twist for Label {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            let size = t.sizes.code;
            self.0 = t.index(size);
        }
    }

    fn shift(&mut self, from: u32, by: i32) {
        if self.0 >= from {
            self.0 = self.0.saturating_add_signed(by);
        }
    }
}

impl Make for Label {
    fn make(source: &mut dyn Source) -> Self {
        source.label()
    }
}

impl Make for Def {
    fn make(source: &mut dyn Source) -> Self {
        Def(source.def())
    }
}

impl Make for Use {
    fn make(source: &mut dyn Source) -> Self {
        Use(source.usable())
    }
}

impl Make for Uses {
    fn make(source: &mut dyn Source) -> Self {
        let count = source.random().small(5);
        Uses((0..count).map(|_| source.usable()).collect())
    }
}

impl Make for Count {
    fn make(source: &mut dyn Source) -> Self {
        Count(source.random().small(5) as u32)
    }
}

impl Make for Imm {
    fn make(source: &mut dyn Source) -> Self {
        Imm(some_int(source.random()))
    }
}

impl Make for Cases {
    fn make(source: &mut dyn Source) -> Self {
        let count = source.random().small(4);
        Cases((0..count).map(|_| (ConstId::make(source), source.label())).collect())
    }
}

fn some_int(random: &mut Random) -> i32 {
    match random.below(4) {
        0 => random.next() as i32,
        1 => *random.of(&[&i32::MIN, &i32::MAX, &0, &-1]),
        _ => random.below(7) as i32 - 3,
    }
}

impl Twist for Def {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            self.0 = t.register();
        }
    }
}

impl Twist for Use {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            self.0 = t.register();
        }
    }
}

impl Twist for Uses {
    fn twist(&mut self, t: &mut Twister<'_>) {
        for register in &mut self.0 {
            if t.hits() {
                *register = t.register();
            }
        }
        if t.hits() && t.random.one_in(3) {
            let mut registers = self.0.to_vec();
            if t.random.one_in(2) {
                registers.pop();
            } else {
                let register = t.register();
                registers.push(register);
            }
            self.0 = registers.into();
        }
    }
}

impl Twist for Count {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            self.0 = match t.random.below(8) {
                0 => t.random.next() as u32,
                _ => t.random.below(5) as u32,
            };
        }
    }
}

impl Twist for Imm {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            self.0 = some_int(t.random);
        }
    }
}

impl Twist for Cases {
    fn twist(&mut self, t: &mut Twister<'_>) {
        for (k, label) in &mut self.0 {
            k.twist(t);
            label.twist(t);
        }
    }

    fn shift(&mut self, from: u32, by: i32) {
        self.0.iter_mut().for_each(|(_, label)| label.shift(from, by));
    }
}

macro_rules! choices {
    ($($ty:ident { $($name:ident),* $(,)? })*) => { $(
        impl Make for $ty {
            fn make(source: &mut dyn Source) -> Self {
                let all = [$($ty::$name),*];
                all[source.random().below(all.len())]
            }
        }
        impl Twist for $ty {
            fn twist(&mut self, t: &mut Twister<'_>) {
                if t.hits() {
                    let all = [$($ty::$name),*];
                    *self = all[t.random.below(all.len())];
                }
            }
        }
    )* };
}

choices! {
    Arith { Add, Sub, Mul, Div, IntDiv, Mod, Pow }
    Cmp { Eq, Ne, Lt, Le, Gt, Ge }
    Failure { CaseClause, FunctionClause, Match, AssertCompare, Assert, UndefinedFunction, Argument }
}

/// Some instruction.
pub fn make(source: &mut dyn Source) -> Op {
    let at = source.random().below(MAKERS.len());
    MAKERS[at](source)
}

macro_rules! define_twist {
    ($( $(#[$doc:meta])* $code:literal $name:ident { $($field:ident : $ty:ty),* } $mnemonic:literal ),* $(,)?) => {
        /// Changes some operands of an instruction.
        pub fn twist(op: &mut Op, t: &mut Twister<'_>) {
            match op { $( Op::$name { $($field),* } => { $( $field.twist(t); )* let _ = &t; } )* }
        }

        /// Moves the labels among an instruction's operands that are not before `from`.
        pub fn shift(op: &mut Op, from: u32, by: i32) {
            match op { $( Op::$name { $($field),* } => { $( $field.shift(from, by); )* } )* }
        }

        /// One for each kind of instruction.
        const MAKERS: &[fn(&mut dyn Source) -> Op] = &[
            $( |_source| Op::$name { $( $field: <$ty>::make(_source) ),* } ),*
        ];
    };
}
for_each_op!(define_twist);

/// How many kinds of instruction there are.
#[cfg(test)]
pub const KINDS: usize = MAKERS.len();
