//! Changes to the operands of instructions: registers, constants, labels and all other indices, mostly
//! to ones that exist.

use crate::random::Random;
use rata_bytecode::for_each_op;
use rata_bytecode::operand::*;
use rata_bytecode::ops::Op;

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
}

macro_rules! indices {
    ($($ty:ident $size:ident),* $(,)?) => { $(
        impl Twist for $ty {
            fn twist(&mut self, t: &mut Twister<'_>) {
                if t.hits() {
                    let size = t.sizes.$size;
                    self.0 = t.index(size);
                }
            }
        }
    )* };
}

indices! {
    Label code, ConstId consts, FnId functions, FnSetId sets, ImportId imports,
    NativeId natives, GlobalId globals, TypeId types,
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
            self.0 = match t.random.below(4) {
                0 => t.random.next() as i32,
                1 => *t.random.of(&[&i32::MIN, &i32::MAX, &0, &-1]),
                _ => t.random.below(7) as i32 - 3,
            };
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
}

impl Twist for Arith {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            use Arith::*;
            *self = [Add, Sub, Mul, Div, IntDiv, Mod, Pow][t.random.below(7)];
        }
    }
}

impl Twist for Cmp {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            use Cmp::*;
            *self = [Eq, Ne, Lt, Le, Gt, Ge][t.random.below(6)];
        }
    }
}

impl Twist for Failure {
    fn twist(&mut self, t: &mut Twister<'_>) {
        if t.hits() {
            use Failure::*;
            *self = [CaseClause, FunctionClause, Match, AssertCompare, Assert, Argument]
                [t.random.below(6)];
        }
    }
}

macro_rules! define_twist {
    ($( $(#[$doc:meta])* $code:literal $name:ident { $($field:ident : $ty:ty),* } $mnemonic:literal ),* $(,)?) => {
        /// Changes some operands of an instruction.
        pub fn twist(op: &mut Op, t: &mut Twister<'_>) {
            match op { $( Op::$name { $($field),* } => { $( $field.twist(t); )* let _ = &t; } )* }
        }
    };
}
for_each_op!(define_twist);
